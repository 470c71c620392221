"""The principal, a user or a token, and what they may do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Literal

from heimdallr.store.models import Role


class Permission(str, Enum):
    """What a route demands; a role or a token's scopes grant a set of these."""

    METRICS = "metrics"
    """Counts and gauges of the service; nothing about a patient."""
    READ = "read"
    """See and download studies, results, measurements."""
    UPLOAD = "upload"
    """Hand in studies."""
    OPERATE = "operate"
    """Start, cancel, retry, prioritise, acknowledge, send results to a destination."""
    ADMIN = "admin"
    """Delete studies; users, tokens, destinations and rules, the audit trail."""


ROLE_PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.VIEWER: frozenset({Permission.METRICS, Permission.READ}),
    Role.OPERATOR: frozenset(set(Permission) - {Permission.ADMIN}),
    Role.ADMIN: frozenset(Permission),
}

SCOPE_PERMISSIONS: dict[str, frozenset[Permission]] = {
    "metrics": frozenset({Permission.METRICS}),
    "upload": frozenset({Permission.UPLOAD}),
    "read": frozenset({Permission.METRICS, Permission.READ}),
    # A command is answered with the study as it is then.
    "operate": frozenset({Permission.METRICS, Permission.READ, Permission.OPERATE}),
    "admin": frozenset(Permission),
}
"""What each scope of an API token grants; several scopes grant their union."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Who makes a request.

    Attributes:
        name: the user's or the token's name; empty where access control is off.
        kind: a person who signed in, a program with a token, or anyone where it is off.
        permissions: what the role or the scopes grant.
        role: of a user.
        scopes: of a token.
        session_id: row of the browser session.
        must_change_password: nothing else is allowed until the password is changed.
    """

    name: str
    kind: Literal["user", "token", "anonymous-off"]
    permissions: frozenset[Permission]
    role: Role | None = None
    scopes: frozenset[str] = frozenset()
    session_id: int | None = None
    must_change_password: bool = False

    @property
    def actor(self) -> str:
        """How events and the audit trail name them: ``user:anna``, ``token:ris``, ``open``."""
        return "open" if self.kind == "anonymous-off" else f"{self.kind}:{self.name}"

    def may(self, permission: Permission) -> bool:
        """Whether they are allowed this now."""
        return permission in self.permissions and not self.must_change_password


def of_user(name: str, role: Role, session_id: int, *, must_change_password: bool) -> Principal:
    """A person who has signed in."""
    return Principal(
        name=name,
        kind="user",
        permissions=ROLE_PERMISSIONS[role],
        role=role,
        session_id=session_id,
        must_change_password=must_change_password,
    )


def of_token(name: str, scopes: frozenset[str]) -> Principal:
    """A program; a scope that nobody knows grants nothing."""
    granted = (SCOPE_PERMISSIONS.get(scope, frozenset()) for scope in scopes)
    return Principal(
        name=name,
        kind="token",
        permissions=frozenset().union(*granted),
        scopes=scopes,
    )


ANYONE = Principal(name="", kind="anonymous-off", permissions=frozenset(Permission))
"""Whoever sits at this machine, where access control is off."""
