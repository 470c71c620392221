"""Users: who may sign in, with which role.

Names are folded to lower case. Users are disabled, never deleted: the audit trail names them.
Whatever takes a password hashes it before its transaction begins; hashing is slow by design.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import delete, exists, select
from sqlalchemy.exc import IntegrityError

from heimdallr.domain.errors import AccountError, WrongPasswordError
from heimdallr.store.clock import is_after
from heimdallr.store.models import LoginFailure, Role, User, WebSession
from heimdallr.store.people import passwords

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from heimdallr.store.database import Database

FIRST_ADMINISTRATOR = "admin"
_NAME = re.compile(r"[a-z0-9][a-z0-9._@-]{0,63}")


@dataclass(frozen=True, slots=True)
class Account:
    """A user, without anything secret.

    Attributes:
        one_time_until: until when a one-time password opens anything; None: it is their own.
    """

    id: int
    name: str
    role: Role
    disabled: bool
    must_change_password: bool
    one_time_until: datetime | None
    created_at: datetime
    last_login_at: datetime | None


def folded(name: str) -> str:
    """The one spelling of a user's name.

    Raises:
        AccountError: it is no name.
    """
    plain = name.strip().lower()
    if not _NAME.fullmatch(plain):
        msg = "a user name has 1 to 64 letters a-z, digits and ._@-, a letter or digit first"
        raise AccountError(msg)
    return plain


def name_key(name: str) -> str:
    """What stands for a name among failed sign-ins; people type passwords into that field."""
    return hashlib.sha256(name.strip().lower().encode()).hexdigest()


def one_time_until(user: User) -> datetime | None:
    """Until when a user's one-time password opens anything; None: the password is their own."""
    if not user.must_change_password:
        return None
    return (user.password_set_at or user.created_at) + passwords.ONE_TIME_FOR


def is_expired(user: User, now: datetime) -> bool:
    """Whether a user's one-time password no longer opens anything."""
    until = one_time_until(user)
    return until is not None and (now >= until or is_after(until - passwords.ONE_TIME_FOR, now))


def account_of(user: User) -> Account:
    """A row without its secrets."""
    return Account(
        id=user.id,
        name=user.name,
        role=user.role,
        disabled=user.disabled,
        must_change_password=user.must_change_password,
        one_time_until=one_time_until(user),
        created_at=user.created_at,
        last_login_at=user.last_login_at,
    )


def accounts(session: Session) -> list[Account]:
    """Every user, by name."""
    return [account_of(user) for user in session.scalars(select(User).order_by(User.name))]


def ensure_administrator(database: Database, now: datetime) -> str | None:
    """Create the first administrator where there is no user yet.

    Several processes may ask at once: one of them creates it.

    Returns:
        Its one-time password, which exists nowhere else, to the one that created it; to others
        None.
    """
    with database.read() as session:
        if session.scalar(select(exists(select(User.id)))):
            return None
    password = passwords.one_time()
    kept = passwords.hashed(password)
    try:
        with database.write() as session:
            if session.scalar(select(exists(select(User.id)))):
                return None
            session.add(
                User(
                    name=FIRST_ADMINISTRATOR,
                    password_hash=kept,
                    role=Role.ADMIN,
                    must_change_password=True,
                    password_set_at=now,
                    created_at=now,
                )
            )
    except IntegrityError:  # another process was first
        return None
    return password


def add_user(
    database: Database,
    name: str,
    role: Role,
    password: str,
    now: datetime,
    *,
    must_change_password: bool,
) -> Account:
    """Create a user.

    Raises:
        AccountError: the name is taken or no name, or the password is weak.
    """
    name = folded(name)
    passwords.check(password, name)
    user = User(
        name=name,
        password_hash=passwords.hashed(password),
        role=role,
        must_change_password=must_change_password,
        password_set_at=now,
        created_at=now,
    )
    try:
        with database.write() as session:
            session.add(user)
            session.flush()
            return account_of(user)
    except IntegrityError:
        msg = f"there is a user {name} already"
        raise AccountError(msg) from None


def set_password(
    database: Database,
    name: str,
    password: str,
    now: datetime,
    *,
    must_change_password: bool,
    keep_session: int | None = None,
) -> None:
    """Give a user a new password; their sessions end, all but ``keep_session``.

    Failures to sign in are forgotten: whoever has just been given a password may use it.

    Raises:
        AccountError: there is no such user, or the password is weak.
    """
    name = folded(name)
    passwords.check(password, name)
    kept = passwords.hashed(password)
    with database.write() as session:
        user = _locked(session, name)
        user.password_hash = kept
        user.must_change_password = must_change_password
        user.password_set_at = now
        end_sessions(session, user.id, keep=keep_session)
        session.execute(delete(LoginFailure).where(LoginFailure.name == name_key(name)))


def change_password(
    database: Database,
    name: str,
    old: str,
    new: str,
    now: datetime,
    *,
    keep_session: int | None = None,
) -> None:
    """Let a user change their own password; their other sessions end.

    Raises:
        WrongPasswordError: the old password is wrong.
        AccountError: the new one is weak or the same.
    """
    with database.read() as session:
        kept = session.scalar(select(User.password_hash).where(User.name == name))
    if not passwords.matches(old, kept):
        msg = "the present password is wrong"
        raise WrongPasswordError(msg)
    if passwords.matches(new, kept):
        msg = "the new password is the old one"
        raise AccountError(msg)
    set_password(database, name, new, now, must_change_password=False, keep_session=keep_session)


def set_role(session: Session, name: str, role: Role) -> Account:
    """Give a user another role; it counts from their next request on.

    Raises:
        AccountError: there is no such user, or nobody would be left to administer.
    """
    administrators = _lock_administrators(session)
    user = _locked(session, folded(name))
    if role is not Role.ADMIN:
        _keep_one(administrators, user)
    user.role = role
    return account_of(user)


def set_disabled(session: Session, name: str, *, disabled: bool) -> Account:
    """Shut a user out, ending their sessions at once, or let them in again.

    Raises:
        AccountError: there is no such user, or nobody would be left to administer.
    """
    administrators = _lock_administrators(session)
    user = _locked(session, folded(name))
    if disabled:
        _keep_one(administrators, user)
        end_sessions(session, user.id)
    user.disabled = disabled
    return account_of(user)


def end_sessions(session: Session, user_id: int, *, keep: int | None = None) -> None:
    """Sign a user out everywhere, but for the session ``keep``."""
    session.execute(
        delete(WebSession).where(WebSession.user_fk == user_id, WebSession.id != (keep or 0))
    )


def _locked(session: Session, name: str) -> User:
    user = session.scalar(select(User).where(User.name == name).with_for_update())
    if user is None:
        msg = f"there is no user {name}"
        raise AccountError(msg, remedy="see `heimdallr user list`")
    return user


def _lock_administrators(session: Session) -> Sequence[User]:
    """Everybody who may administer, so that two cannot shut each other out at the same time.

    Comes before any other lock on a user and takes them in one order; two at once would wait for
    each other for ever otherwise.
    """
    return session.scalars(
        select(User)
        .where(User.role == Role.ADMIN, User.disabled.is_(False))
        .order_by(User.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()


def _keep_one(administrators: Sequence[User], user: User) -> None:
    if list(administrators) == [user]:
        msg = f"{user.name} is the only administrator"
        raise AccountError(msg, remedy="make somebody else an administrator first")
