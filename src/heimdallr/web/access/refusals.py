"""Refusals of access control, 401 and 403, worded alike for every account."""

from __future__ import annotations

from heimdallr.web.http.problems import Problem, responses

REFUSALS = responses(401, 403)
"""For ``responses=`` of a router whose routes demand a permission."""
CHALLENGE = {"WWW-Authenticate": 'Bearer realm="heimdallr"'}


def unauthenticated() -> Problem:
    """401: the caller is not known."""
    return Problem(401, "sign in, or send an API token", headers=CHALLENGE)
