"""Browser sessions: opened at sign-in, found by their cookie, ended by time or by people.

A session ends ``session_hours`` after the sign-in, or after half of that without a request. The
cookie's value is 256 random bits; the database holds its SHA-256, which opens nothing.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import delete, select, update
from sqlalchemy.orm import joinedload

from heimdallr.store.clock import is_after
from heimdallr.store.models import User, WebSession

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from heimdallr.store.database import Database
    from heimdallr.store.models import Role

_SEEN_EVERY = timedelta(minutes=1)
"""How exactly the last request is remembered: not every request is worth a write."""


@dataclass(frozen=True, slots=True)
class NewSession:
    """What the browser gets, once."""

    cookie: str
    csrf_token: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class SignedInUser:
    """Whom a cookie belongs to."""

    session_id: int
    csrf_token: str
    expires_at: datetime
    name: str
    role: Role
    must_change_password: bool


def digest(secret: str) -> str:
    """How a random secret is kept; 256 random bits need no salt and no slow hash."""
    return hashlib.sha256(secret.encode()).hexdigest()


def open_session(
    session: Session, user: User, now: datetime, lasts: timedelta, *, instead_of: str | None = None
) -> NewSession:
    """Sign a user in, with a value nobody has seen before.

    Args:
        session: the transaction.
        user: who; enabled, and their password checked.
        now: the time.
        lasts: how long at most.
        instead_of: the cookie that came with the request; that session ends.
    """
    session.execute(delete(WebSession).where(WebSession.expires_at <= now))
    if instead_of:
        end_session(session, instead_of)
    new = NewSession(secrets.token_urlsafe(32), secrets.token_urlsafe(32), now + lasts)
    session.add(
        WebSession(
            token_hash=digest(new.cookie),
            csrf_token=new.csrf_token,
            user_fk=user.id,
            created_at=now,
            last_seen_at=now,
            expires_at=new.expires_at,
        )
    )
    return new


def find_session(
    database: Database, cookie: str, now: datetime, lasts: timedelta, *, seen: bool = True
) -> SignedInUser | None:
    """Whom a cookie belongs to; None when it is unknown, too old, or its user disabled.

    None also when its session was opened or seen after ``now``: the clock was wrong then.

    Args:
        database: where sessions are kept.
        cookie: the value that came.
        now: the time.
        lasts: how long a session lasts at most; half of it when idle.
        seen: whether this request is a sign of life, and keeps the session from idling.
    """
    with database.read() as session:
        row = session.scalar(
            select(WebSession)
            .options(joinedload(WebSession.user))
            .where(WebSession.token_hash == digest(cookie))
        )
        if row is None or row.user.disabled:
            return None
        if now >= min(row.expires_at, row.created_at + lasts, row.last_seen_at + lasts / 2):
            return None
        if is_after(max(row.created_at, row.last_seen_at), now):
            return None
    if seen and now - row.last_seen_at >= _SEEN_EVERY:
        with database.write() as session:
            session.execute(
                update(WebSession).where(WebSession.id == row.id).values(last_seen_at=now)
            )
    return SignedInUser(
        session_id=row.id,
        csrf_token=row.csrf_token,
        expires_at=row.expires_at,
        name=row.user.name,
        role=row.user.role,
        must_change_password=row.user.must_change_password,
    )


def end_session(session: Session, cookie: str) -> None:
    """Sign out."""
    session.execute(delete(WebSession).where(WebSession.token_hash == digest(cookie)))
