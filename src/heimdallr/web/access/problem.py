"""Refusals as ``application/problem+json`` (RFC 9457)."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from fastapi import HTTPException
from fastapi.responses import JSONResponse
from pydantic import BaseModel

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fastapi import Request


class Problem(BaseModel):
    """What went wrong with a request (RFC 9457)."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str = ""


REFUSALS: dict[int | str, dict[str, Any]] = {
    status: {
        "model": Problem,
        "description": description,
        "content": {"application/problem+json": {}},
    }
    for status, description in (
        (401, "no valid session or token"),
        (403, "not allowed to this user or token, or the CSRF token is missing"),
    )
}
"""For ``responses=`` of a router whose routes demand a permission."""


class AccessError(HTTPException):
    """A request that is refused before it reaches the service.

    Args:
        status: HTTP status.
        detail: what is wrong and what to do, one sentence, the same for every account.
        code: last part of the problem's type; empty: the status says all.
        headers: further headers of the answer.
    """

    def __init__(
        self, status: int, detail: str, *, code: str = "", headers: Mapping[str, str] | None = None
    ) -> None:
        challenge = {"WWW-Authenticate": 'Bearer realm="heimdallr"'} if status == 401 else {}  # noqa: PLR2004
        super().__init__(status, detail, headers={**challenge, **(headers or {})})
        self.code = code


def answer(error: AccessError) -> JSONResponse:
    """The response that says so."""
    return JSONResponse(
        {
            "type": f"urn:heimdallr:problem:{error.code}" if error.code else "about:blank",
            "title": HTTPStatus(error.status_code).phrase,
            "status": error.status_code,
            "detail": error.detail,
        },
        status_code=error.status_code,
        headers=dict(error.headers or {}),
        media_type="application/problem+json",
    )


async def handle(_request: Request, error: Exception) -> JSONResponse:
    """Exception handler of :class:`AccessError`."""
    if not isinstance(error, AccessError):
        raise error
    return answer(error)
