"""How access control says no; the wording is the same for every account."""

from __future__ import annotations

from heimdallr.web.problems import Problem, responses

REFUSALS = responses(401, 403)
"""For ``responses=`` of a router whose routes demand a permission."""


def unauthenticated(
    detail: str = "sign in, or send an API token", *, code: str = "unauthenticated"
) -> Problem:
    """401: nobody knows who asks."""
    return Problem(401, detail, code=code, headers={"WWW-Authenticate": 'Bearer realm="heimdallr"'})


def forbidden(detail: str, *, code: str = "forbidden") -> Problem:
    """403: known, but not allowed."""
    return Problem(403, detail, code=code)
