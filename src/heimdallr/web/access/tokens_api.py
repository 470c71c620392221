"""API tokens, for administrators: ``/api/v1/tokens``."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, Field

from heimdallr.domain.errors import AccountError
from heimdallr.store.people import tokens
from heimdallr.web.access.gate import Access
from heimdallr.web.access.guard import Administrator
from heimdallr.web.access.refusals import REFUSALS
from heimdallr.web.access.trail import audit, entry
from heimdallr.web.http.problems import Problem, responses

router = APIRouter(prefix="/api/v1/tokens", tags=["access"], responses=REFUSALS)
Scope = Literal["upload", "read", "operate", "metrics", "admin"]


class TokenView(BaseModel):
    """A token, without its secret."""

    name: str = Field(examples=["ris"])
    state: tokens.TokenState = Field(
        description="future: made under a wrong clock, and refused as revoked ones are"
    )
    scopes: list[Scope]
    created_at: datetime
    created_by: str
    expires_at: datetime | None
    last_used_at: datetime | None = Field(description="to about five minutes")
    revoked_at: datetime | None


class Tokens(BaseModel):
    """Every token, the newest first."""

    tokens: list[TokenView]


class NewToken(BaseModel):
    """A token to be made."""

    name: Annotated[str, Field(min_length=1, max_length=64, examples=["ris"])]
    scopes: Annotated[list[Scope], Field(min_length=1, max_length=5, examples=[["upload", "read"]])]
    days: Annotated[float | None, Field(gt=0, le=3660, description="none: for ever")] = None


class TokenSecret(BaseModel):
    """A new token; the secret is shown this once."""

    secret: str = Field(examples=["hdl_Vq0…"], description="for `Authorization: Bearer …`")
    token: TokenView


@router.get("", response_model=Tokens)
def list_tokens(request: Request, who: Administrator) -> Tokens:
    """Every token, those that no longer work too."""
    audit(request, who, "token.list")
    access: Access = request.app.state.access
    with access.database.read() as session:
        return Tokens(tokens=[_view(access, token) for token in tokens.tokens(session)])


@router.post("", status_code=201, response_model=TokenSecret, responses=responses(409, 422))
def create_token(request: Request, who: Administrator, new: NewToken) -> TokenSecret:
    """Make a token for a program."""
    access: Access = request.app.state.access
    try:
        secret, token = tokens.create_token(
            access.database,
            new.name,
            new.scopes,
            access.now(),
            created_by=who.name,
            lasts=None if new.days is None else timedelta(days=new.days),
        )
    except AccountError as error:
        raise Problem(409, str(error)) from None
    details = f"scopes {' '.join(sorted(token.scopes))}"
    audit(request, who, "token.create", f"token:{token.name}", details=details)
    return TokenSecret(secret=secret, token=_view(access, token))


@router.delete("/{name}", response_model=TokenView, responses=responses(404, 422))
def revoke_token(
    request: Request,
    who: Administrator,
    name: Annotated[str, Path(max_length=64, pattern=r"^[A-Za-z0-9._@-]+$")],
) -> TokenView:
    """Make a token worthless, at once and for good."""
    access: Access = request.app.state.access
    try:
        with access.database.write() as session:
            token = tokens.revoke_token(session, name, access.now())
            session.add(entry(request, who, "token.revoke", f"token:{token.name}"))
    except AccountError:
        raise Problem(404, "there is no such token") from None
    return _view(access, token)


def _view(access: Access, token: tokens.Token) -> TokenView:
    copied = {name: getattr(token, name) for name in TokenView.model_fields if name != "state"}
    return TokenView.model_validate(copied | {"state": token.state(access.now())})
