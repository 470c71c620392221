"""Passwords: what a good one is, and how one is kept.

Kept with Argon2id (RFC 9106). Each computation takes 64 MiB for some 50 ms, by design: callers
bound how many run at a time.
"""

from __future__ import annotations

import secrets
import unicodedata
from datetime import timedelta
from functools import lru_cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from heimdallr.domain.errors import AccountError

MIN_LENGTH = 12
MAX_LENGTH = 256
_MIN_DIFFERENT = 6
"""Different characters; `aaaaaaaaaaaa` and `121212121212` are no passwords."""
_MIN_BESIDE_A_NAME = 8
"""Characters that are left when the user's name is taken out."""
ONE_TIME_FOR = timedelta(days=7)
"""How long a one-time password opens anything: it was said, written or mailed to somebody."""
_ONE_TIME_LENGTH = 20
_READABLE = "abcdefghijkmnpqrstuvwxyz23456789"
"""Without l, o, 0 and 1: a one-time password is read off a screen."""

_HASHER = PasswordHasher()
"""The library's parameters: RFC 9106's second recommendation (64 MiB, 3 passes, 4 lanes)."""


def check(password: str, user_name: str) -> None:
    """Refuse a password that would be guessed.

    Raises:
        AccountError: it is too short, too long, too uniform, or made of the user's name.
    """
    if complaint := _complaint(_normal(password).casefold(), user_name.casefold()):
        raise AccountError(complaint)


def _complaint(plain: str, user_name: str) -> str:
    if len(plain) < MIN_LENGTH:
        return f"a password has at least {MIN_LENGTH} characters"
    if len(plain) > MAX_LENGTH:
        return f"a password has at most {MAX_LENGTH} characters"
    if len(set(plain)) < _MIN_DIFFERENT:
        return f"a password has at least {_MIN_DIFFERENT} different characters"
    for word in (user_name, "heimdallr"):
        if word in plain and len(plain.replace(word, "")) < _MIN_BESIDE_A_NAME:
            return "a password is more than a name with something added"
    return ""


def hashed(password: str) -> str:
    """The Argon2id string to be kept."""
    return _HASHER.hash(_encoded(password))


def matches(password: str, kept: str | None) -> bool:
    """Whether a password is the kept one; takes as long where there is none (``kept`` None)."""
    try:
        _HASHER.verify(kept or _nobodys(), _encoded(password))
    except (VerificationError, InvalidHashError):
        return False
    return kept is not None


def is_outdated(kept: str) -> bool:
    """Whether the parameters have changed since, so that it should be hashed anew."""
    return _HASHER.check_needs_rehash(kept)


def one_time() -> str:
    """A password to be changed at the first sign-in: 100 random bits, in groups of five."""
    letters = "".join(secrets.choice(_READABLE) for _ in range(_ONE_TIME_LENGTH))
    return "-".join(letters[start : start + 5] for start in range(0, _ONE_TIME_LENGTH, 5))


@lru_cache(maxsize=1)
def _nobodys() -> str:
    """A hash that nothing matches, to spend the same time on a name that nobody has."""
    return _HASHER.hash(secrets.token_urlsafe())


def _normal(password: str) -> str:
    """One spelling for what looks the same on every keyboard (NIST SP 800-63B, 5.1.1.2)."""
    return unicodedata.normalize("NFKC", password)


def _encoded(password: str) -> bytes:
    """What is hashed; JSON can carry half a surrogate pair, which UTF-8 proper cannot."""
    return _normal(password).encode("utf-8", "surrogatepass")
