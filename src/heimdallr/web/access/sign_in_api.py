"""Signing in and out, who am I, another password: ``/api/v1/session``."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING, Annotated, Literal

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field, SecretStr

from heimdallr.domain.errors import AccountError, WrongPasswordError
from heimdallr.store.models import Role
from heimdallr.store.people import accounts
from heimdallr.store.people.passwords import MAX_LENGTH, ONE_TIME_FOR
from heimdallr.store.people.sessions import end_session
from heimdallr.store.people.sign_in import Attempt, Refusal, admit, forgive, sign_in
from heimdallr.web.access.gate import Access, cookie_name, identify, session_cookie
from heimdallr.web.access.guard import SignedIn
from heimdallr.web.access.principal import Permission, Principal, of_user
from heimdallr.web.access.refusals import CHALLENGE, REFUSALS
from heimdallr.web.access.trail import audit, client_address
from heimdallr.web.http.problems import Problem, responses

if TYPE_CHECKING:
    from datetime import timedelta

    from heimdallr.store.people.sessions import NewSession

router = APIRouter(prefix="/api/v1/session", tags=["access"])

AT_A_TIME = 2
"""Passwords computed at a time, 64 MiB each."""
WAITING = 32
"""Sign-ins that may wait for that."""
_computing = CapacityLimiter(AT_A_TIME)
Password = Annotated[SecretStr, Field(min_length=1, max_length=MAX_LENGTH)]


class Credentials(BaseModel):
    """Who wants to sign in."""

    name: Annotated[str, Field(min_length=1, max_length=256, examples=["anna"])]
    password: Annotated[Password, Field(examples=["correct horse battery"])]


class PasswordChange(BaseModel):
    """Another password for whoever is signed in."""

    present: Annotated[Password, Field(examples=["correct horse battery"])]
    new: Annotated[
        Password,
        Field(description="at least 12 characters", examples=["staple of the northern sea"]),
    ]


class WhoAmI(BaseModel):
    """Whoever makes the request, and what they may do."""

    name: str = Field(examples=["anna"])
    kind: Literal["user", "token", "anonymous-off"]
    role: Role | None = Field(description="of a user")
    permissions: list[Permission]
    must_change_password: bool = Field(description="nothing else is allowed before")
    csrf_token: str | None = Field(
        description="of a session: the value of X-CSRF-Token in requests that change something"
    )


@router.post("", response_model=WhoAmI, responses=responses(401, 403, 409, 429, 503))
async def start_session(request: Request, response: Response, credentials: Credentials) -> WhoAmI:
    """Sign in with a name and a password; the answer sets the session cookie."""
    access: Access = request.app.state.access
    if access.settings.auth == "off":
        raise Problem(409, "access control is off; there is nothing to sign in to")
    if _computing.statistics().tasks_waiting >= WAITING:
        detail = "too many are signing in at this moment"
        raise Problem(503, detail, headers={"Retry-After": "5"})
    attempt = Attempt(
        name=credentials.name,
        password=credentials.password.get_secret_value(),
        address=client_address(request),
        instead_of=session_cookie(request) or None,
    )
    outcome = await to_thread.run_sync(
        sign_in, access.database, attempt, access.now(), access.lasts, limiter=_computing
    )
    if isinstance(outcome, Refusal):
        raise _refused(outcome)
    _set_cookie(request, response, access, outcome.session)
    user = outcome.user
    principal = of_user(user.name, user.role, 0, must_change_password=user.must_change_password)
    return _who(principal, outcome.session.csrf_token)


@router.get("", response_model=WhoAmI, responses=REFUSALS)
def who_am_i(request: Request, who: SignedIn) -> WhoAmI:
    """Who makes this request; a page that was loaded anew gets its CSRF token here."""
    if who.kind != "user":
        return _who(who, None)
    caller = identify(request, request.app.state.access, seen=False)
    return _who(who, caller.csrf_token if caller else None)


@router.delete("", status_code=204, responses=REFUSALS)
def end(request: Request, response: Response, who: SignedIn) -> None:
    """Sign out; the session is over at once."""
    access: Access = request.app.state.access
    audit(request, who, "session.sign_out")
    with access.database.write() as session:
        end_session(session, session_cookie(request))
    secure = request.scope["scheme"] == "https"
    response.delete_cookie(cookie_name(request), secure=secure, httponly=True, samesite="strict")
    response.headers["Clear-Site-Data"] = '"cache", "storage"'


@router.post("/password", status_code=204, responses=REFUSALS | responses(422, 429))
async def change_password(request: Request, who: SignedIn, change: PasswordChange) -> None:
    """Change one's own password; every other session of the user ends."""
    if who.kind != "user":
        raise Problem(403, "only somebody who signed in with a password can change it")
    await to_thread.run_sync(_change, request, who, change, limiter=_computing)


def _change(request: Request, who: Principal, change: PasswordChange) -> None:
    access: Access = request.app.state.access
    present = change.present.get_secret_value()
    attempt = Attempt(name=who.name, password=present, address=client_address(request))
    if wait := admit(access.database, attempt, access.now()):
        raise _too_many(wait)
    try:
        accounts.change_password(
            access.database,
            who.name,
            present,
            change.new.get_secret_value(),
            access.now(),
            keep_session=who.session_id,
        )
    except AccountError as error:
        if not isinstance(error, WrongPasswordError):
            with access.database.write() as session:
                forgive(session, attempt)
        audit(request, who, "user.password", f"user:{who.name}", "refused")
        raise Problem(422, str(error), code="password") from None
    audit(request, who, "user.password", f"user:{who.name}")


def _refused(refusal: Refusal) -> Problem:
    if refusal.wait is not None:
        return _too_many(refusal.wait)
    if refusal.expired:
        detail = (
            f"this one-time password is no longer valid after {ONE_TIME_FOR.days} days; "
            "ask an administrator for another one"
        )
        return Problem(401, detail, code="password_expired", headers=CHALLENGE)
    detail = "the name or the password is wrong"
    return Problem(401, detail, code="wrong_credentials", headers=CHALLENGE)


def _too_many(wait: timedelta) -> Problem:
    seconds = max(1, ceil(wait.total_seconds()))
    detail = f"too many failures with this name or from this address; {ceil(seconds / 60)} min left"
    return Problem(429, detail, headers={"Retry-After": str(seconds)})


def _set_cookie(request: Request, response: Response, access: Access, session: NewSession) -> None:
    """For this host alone, out of reach of scripts, never sent along from another site."""
    response.set_cookie(
        cookie_name(request),
        session.cookie,
        max_age=int(access.lasts.total_seconds()),
        path="/",
        secure=request.scope["scheme"] == "https",
        httponly=True,
        samesite="strict",
    )


def _who(principal: Principal, csrf_token: str | None) -> WhoAmI:
    return WhoAmI(
        name=principal.name,
        kind=principal.kind,
        role=principal.role,
        permissions=[one for one in Permission if one in principal.permissions],
        must_change_password=principal.must_change_password,
        csrf_token=csrf_token,
    )
