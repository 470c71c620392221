"""Users, for administrators: ``/api/v1/users``.

No administrator ever chooses, or sees twice, somebody else's password: a new user gets a one-time
password, which must be changed at the first sign-in.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, ConfigDict, Field

from heimdallr.domain.errors import AccountError
from heimdallr.store.models import Role
from heimdallr.store.people import accounts, passwords
from heimdallr.web.access.gate import Access
from heimdallr.web.access.guard import Administrator
from heimdallr.web.access.refusals import REFUSALS
from heimdallr.web.access.trail import audit, entry
from heimdallr.web.http.problems import Problem, responses

router = APIRouter(prefix="/api/v1/users", tags=["access"], responses=REFUSALS)
Name = Annotated[str, Path(max_length=64, pattern=r"^[A-Za-z0-9._@-]+$", examples=["anna"])]


class UserView(BaseModel):
    """A user."""

    model_config = ConfigDict(from_attributes=True)
    name: str = Field(examples=["anna"])
    role: Role
    disabled: bool = Field(description="shut out")
    must_change_password: bool
    one_time_until: datetime | None = Field(
        description="until when a one-time password works; null: the password is their own"
    )
    created_at: datetime
    last_login_at: datetime | None


class Users(BaseModel):
    """Every user, by name."""

    users: list[UserView]


class NewUser(BaseModel):
    """A user to be made."""

    name: Annotated[str, Field(min_length=1, max_length=64, examples=["anna"])]
    role: Role


class UserChange(BaseModel):
    """What is to be different about a user; what is left out stays."""

    role: Role | None = Field(None, examples=["operator"])
    disabled: bool | None = Field(None, examples=[False])


class OneTimePassword(BaseModel):
    """A password that is shown once and must be changed at a sign-in within 7 days."""

    name: str = Field(examples=["anna"])
    password: str = Field(examples=["abcde-fghij-kmnpq-rstuv"])


@router.get("", response_model=Users)
def list_users(request: Request, who: Administrator) -> Users:
    """Every user, those who are shut out too."""
    audit(request, who, "user.list")
    access: Access = request.app.state.access
    with access.database.read() as session:
        return Users(users=[UserView.model_validate(one) for one in accounts.accounts(session)])


@router.post("", status_code=201, response_model=OneTimePassword, responses=responses(409, 422))
def create_user(request: Request, who: Administrator, new: NewUser) -> OneTimePassword:
    """Make a user; the answer holds their one-time password."""
    access: Access = request.app.state.access
    password = passwords.one_time()
    try:
        account = accounts.add_user(
            access.database, new.name, new.role, password, access.now(), must_change_password=True
        )
    except AccountError as error:
        raise Problem(409, str(error)) from None
    audit(request, who, "user.create", f"user:{account.name}", details=f"role {new.role.value}")
    return OneTimePassword(name=account.name, password=password)


@router.patch("/{name}", response_model=UserView, responses=responses(404, 409, 422))
def change_user(request: Request, who: Administrator, name: Name, change: UserChange) -> UserView:
    """Give a user another role, shut them out, or let them in again."""
    access: Access = request.app.state.access
    words = [f"role {change.role.value}"] if change.role else []
    if change.disabled is not None:
        words.append("shut out" if change.disabled else "let in")
    with access.database.write() as session:
        account = _existing(accounts.accounts(session), name)
        try:
            if change.role is not None:
                account = accounts.set_role(session, account.name, change.role)
            if change.disabled is not None:
                account = accounts.set_disabled(session, account.name, disabled=change.disabled)
        except AccountError as error:
            raise Problem(409, str(error)) from None
        details = ", ".join(words)
        session.add(entry(request, who, "user.change", f"user:{account.name}", details=details))
    return UserView.model_validate(account)


@router.post("/{name}/password", response_model=OneTimePassword, responses=responses(404, 422))
def reset_password(request: Request, who: Administrator, name: Name) -> OneTimePassword:
    """Give a user a one-time password; their sessions end and the rate limit is lifted."""
    access: Access = request.app.state.access
    with access.database.read() as session:
        account = _existing(accounts.accounts(session), name)
    password = passwords.one_time()
    accounts.set_password(
        access.database, account.name, password, access.now(), must_change_password=True
    )
    audit(request, who, "user.password", f"user:{account.name}", details="one-time password")
    return OneTimePassword(name=account.name, password=password)


def _existing(everybody: list[accounts.Account], name: str) -> accounts.Account:
    for account in everybody:
        if account.name == name.lower():
            return account
    raise Problem(404, "there is no such user")
