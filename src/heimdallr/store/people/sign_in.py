"""Signing in, and how often one may fail at it.

Failures are counted in the database, so that every web process counts the same ones. One attacker
must neither try on nor shut others out:

* one name from one address: 5 failures in a quarter of an hour;
* one address altogether: 30, whatever the names (an IPv6 address counts as its /64 network);
* one name altogether: 50, from however many addresses.

The last two do not stop somebody who has signed in under that name from that address in the last
30 days. A name that nobody has is treated in every respect, time included, like one that exists.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from ipaddress import IPv4Address, IPv6Network, ip_address
from typing import TYPE_CHECKING

from sqlalchemy import delete, exists, func, select

from heimdallr.domain.errors import AccountError
from heimdallr.store.clock import SKEW
from heimdallr.store.models import AuditEntry, LoginFailure, User
from heimdallr.store.people import passwords
from heimdallr.store.people.accounts import Account, account_of, folded, is_expired, name_key
from heimdallr.store.people.sessions import NewSession, open_session

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

    from heimdallr.store.database import Database

WINDOW = timedelta(minutes=15)
PER_NAME_AND_ADDRESS = 5
PER_ADDRESS = 30
PER_NAME = 50
_KNOWN_FOR = timedelta(days=30)
_KEPT_FOR = timedelta(days=1)
_LOCK = 0x48454D53
"""Key of the advisory lock under which attempts are counted one by one."""
_EXPIRED = "the one-time password has expired"
ACTION = "session.sign_in"
"""What the audit trail calls a sign-in."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt to sign in.

    Attributes:
        address: of the client, proxies seen through.
        instead_of: the session cookie that came along.
    """

    name: str
    password: str
    address: str
    instead_of: str | None = None


@dataclass(frozen=True, slots=True)
class Welcome:
    """A sign-in that succeeded."""

    user: Account
    session: NewSession


@dataclass(frozen=True, slots=True)
class Refusal:
    """A sign-in that failed; with ``wait``, no password is checked for so long.

    Attributes:
        expired: the password was right, but for one time only, and that was too long ago.
    """

    wait: timedelta | None = None
    expired: bool = False


def sign_in(
    database: Database, attempt: Attempt, now: datetime, lasts: timedelta
) -> Welcome | Refusal:
    """Try to sign in; both outcomes are in the audit trail afterwards."""
    if wait := admit(database, attempt, now):
        return Refusal(wait)
    with database.read() as session:
        user = _user(session, attempt.name)
    right = passwords.matches(attempt.password, user.password_hash if user else None)
    if user is None or not right or user.disabled:
        with database.write() as session:
            session.add(_entry(attempt.address, user, "refused", now))
        return Refusal()
    if is_expired(user, now):
        with database.write() as session:
            session.add(_entry(attempt.address, user, "refused", now, _EXPIRED))
        return Refusal(expired=True)
    return _welcome(database, attempt, user, now, lasts)


def admit(database: Database, attempt: Attempt, now: datetime) -> timedelta | None:
    """Whether a password may be looked at now; counts the attempt as a failure until it is not.

    So many at a time are not worth more than one after the other.

    Returns:
        How long to wait; None: it may, and :func:`forgive` it if it is the right one.
    """
    with database.read() as session:  # whoever must wait anyway does not cost a write
        wait = _wait(session, attempt, now)
    if wait is None:
        with database.write() as session:
            if not database.is_sqlite:  # where a writer is alone anyway
                session.execute(select(func.pg_advisory_xact_lock(_LOCK)))
            wait = _wait(session, attempt, now)
            if wait is None:
                _count(session, attempt, now)
    return wait


def forgive(session: Session, attempt: Attempt) -> None:
    """Forget earlier failures of this name from this address, after the right password."""
    session.execute(
        delete(LoginFailure).where(
            LoginFailure.name == name_key(attempt.name),
            LoginFailure.address == network_of(attempt.address),
        )
    )


def _welcome(
    database: Database, attempt: Attempt, user: User, now: datetime, lasts: timedelta
) -> Welcome | Refusal:
    anew = passwords.is_outdated(user.password_hash)
    kept = passwords.hashed(attempt.password) if anew else user.password_hash
    with database.write() as session:
        current = session.get(User, user.id, with_for_update=True)
        if current is None or current.disabled or current.password_hash != user.password_hash:
            return Refusal()  # it was changed, or they were shut out, while we were computing
        current.password_hash = kept
        current.last_login_at = now
        forgive(session, attempt)
        session.add(_entry(attempt.address, user, "ok", now))
        new = open_session(session, current, now, lasts, instead_of=attempt.instead_of)
    return Welcome(account_of(current), new)


def network_of(address: str) -> str:
    """What counts as one address: an IPv4 address, or the /64 that an IPv6 host is free to use."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return address[:64]
    if isinstance(parsed, IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped:
        return str(parsed.ipv4_mapped)
    return str(IPv6Network((int(parsed), 64), strict=False))


def _user(session: Session, name: str) -> User | None:
    try:
        return session.scalar(select(User).where(User.name == folded(name)))
    except AccountError:
        return None


def _count(session: Session, attempt: Attempt, now: datetime) -> None:
    """Count the attempt as a failure until it turns out not to be one."""
    kept = LoginFailure.at.between(now - _KEPT_FOR, now + _KEPT_FOR)
    session.execute(delete(LoginFailure).where(~kept))
    session.add(
        LoginFailure(at=now, name=name_key(attempt.name), address=network_of(attempt.address))
    )


def _wait(session: Session, attempt: Attempt, now: datetime) -> timedelta | None:
    """How long nothing is looked at; None: it will be."""
    by_name = LoginFailure.name == name_key(attempt.name)
    by_network = LoginFailure.address == network_of(attempt.address)
    waits = [_until_fewer(session, now, PER_NAME_AND_ADDRESS, by_name, by_network)]
    if not _known(session, attempt, now):
        waits.append(_until_fewer(session, now, PER_ADDRESS, by_network))
        waits.append(_until_fewer(session, now, PER_NAME, by_name))
    return max(filter(None, waits), default=None)


def _until_fewer(
    session: Session, now: datetime, limit: int, *which: ColumnElement[bool]
) -> timedelta | None:
    """Time until fewer than ``limit`` of these failures lie within the window."""
    at = session.scalar(
        select(LoginFailure.at)
        .where(LoginFailure.at > now - WINDOW, LoginFailure.at <= now + SKEW, *which)
        .order_by(LoginFailure.at.desc())
        .offset(limit - 1)
        .limit(1)
    )
    return None if at is None else min(at + WINDOW - now, WINDOW)


def _known(session: Session, attempt: Attempt, now: datetime) -> bool:
    """Whether this name has been signed in from this address of late."""
    user = _user(session, attempt.name)
    if user is None:
        return False
    known = exists().where(
        AuditEntry.actor == f"user:{user.name}",
        AuditEntry.action == ACTION,
        AuditEntry.outcome == "ok",
        AuditEntry.address == attempt.address[:64],
        AuditEntry.at.between(now - _KNOWN_FOR, now + SKEW),
    )
    return bool(session.scalar(select(known)))


def _entry(
    address: str, user: User | None, outcome: str, now: datetime, details: str = ""
) -> AuditEntry:
    """A line of the audit trail; a name that nobody has is not repeated, it may be a password."""
    return AuditEntry(
        at=now,
        actor=f"user:{user.name}" if user else "unknown",
        address=address[:64],
        action=ACTION,
        outcome=outcome,
        details=details,
    )
