"""API tokens: keys of programs, each with what it may do and until when.

A token is shown once, when it is made; the database holds its SHA-256.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Literal

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from heimdallr.domain.errors import AccountError
from heimdallr.store.clock import is_after
from heimdallr.store.models import ApiToken
from heimdallr.store.people.sessions import digest

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from sqlalchemy.orm import Session

    from heimdallr.store.database import Database

PREFIX = "hdl_"
"""So that a secret scanner, or a person, recognises a token that lies about."""
SCOPES = ("upload", "read", "operate", "metrics", "admin")
TokenState = Literal["valid", "revoked", "expired", "future"]
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")
_USED_EVERY = timedelta(minutes=5)
"""How exactly the last use is remembered."""


@dataclass(frozen=True, slots=True)
class Token:
    """A token, without its secret."""

    id: int
    name: str
    scopes: frozenset[str]
    created_at: datetime
    created_by: str
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None

    def state(self, now: datetime) -> TokenState:
        """Whether it opens anything, and if not, why; ``future``: made under a wrong clock."""
        if self.revoked_at is not None:
            return "revoked"
        if self.expires_at is not None and now >= self.expires_at:
            return "expired"
        return "future" if is_after(self.created_at, now) else "valid"


def tokens(session: Session) -> list[Token]:
    """Every token, the newest first, those that no longer work too."""
    return [_token(row) for row in session.scalars(select(ApiToken).order_by(ApiToken.id.desc()))]


def create_token(
    database: Database,
    name: str,
    scopes: Iterable[str],
    now: datetime,
    *,
    created_by: str,
    lasts: timedelta | None = None,
) -> tuple[str, Token]:
    """Make a token.

    Returns:
        Its secret, which exists nowhere else, and what is kept of it.

    Raises:
        AccountError: the name is taken or no name, or a scope is unknown, or there is none.
    """
    wanted = frozenset(scopes)
    if not _NAME.fullmatch(name):
        msg = "a token's name has 1 to 64 letters, digits and ._@-, a letter or digit first"
        raise AccountError(msg)
    if not wanted or wanted - set(SCOPES):
        msg = f"a token has one or more of the scopes {', '.join(SCOPES)}"
        raise AccountError(msg)
    secret = PREFIX + secrets.token_urlsafe(32)
    row = ApiToken(
        name=name,
        token_hash=digest(secret),
        scopes=f",{','.join(scope for scope in SCOPES if scope in wanted)},",
        created_at=now,
        created_by=created_by[:64],
        expires_at=None if lasts is None else now + lasts,
    )
    try:
        with database.write() as session:
            session.add(row)
            session.flush()
            return secret, _token(row)
    except IntegrityError:
        msg = f"there is, or was, a token {name} already"
        raise AccountError(msg) from None


def find_token(database: Database, secret: str, now: datetime) -> Token | None:
    """The valid token with this secret."""
    if not secret.startswith(PREFIX):
        return None
    with database.read() as session:
        row = session.scalar(select(ApiToken).where(ApiToken.token_hash == digest(secret)))
        token = _token(row) if row else None
    if token is None or token.state(now) != "valid":
        return None
    used = token.last_used_at
    if used is None or now - used >= _USED_EVERY or is_after(used, now):
        with database.write() as session:
            session.execute(
                update(ApiToken).where(ApiToken.id == token.id).values(last_used_at=now)
            )
    return token


def revoke_token(session: Session, name: str, now: datetime) -> Token:
    """Make a token worthless, at once and for good; its name stays taken.

    Raises:
        AccountError: there is no such token.
    """
    row = session.scalar(select(ApiToken).where(ApiToken.name == name).with_for_update())
    if row is None:
        msg = f"there is no token {name}"
        raise AccountError(msg, remedy="see `heimdallr token list`")
    row.revoked_at = row.revoked_at or now
    return _token(row)


def _token(row: ApiToken) -> Token:
    return Token(
        id=row.id,
        name=row.name,
        scopes=frozenset(filter(None, row.scopes.split(","))),
        created_at=row.created_at,
        created_by=row.created_by,
        expires_at=row.expires_at,
        last_used_at=row.last_used_at,
        revoked_at=row.revoked_at,
    )
