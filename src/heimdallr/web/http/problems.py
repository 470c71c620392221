"""Errors as the API tells them: RFC 9457 *problem details*, everywhere and nothing else.

``code`` is for programs, ``detail`` for people. Neither repeats what the client sent: a search
text may be a patient's name, and answers end up in other people's logs.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import structlog
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException

from heimdallr.domain.errors import (
    DiskLowError,
    HeimdallrError,
    StateConflictError,
    StorageError,
)
from heimdallr.publishing.schema import CodedStatement

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fastapi import FastAPI, Request

MEDIA_TYPE = "application/problem+json"
Answers = dict[int | str, dict[str, Any]]
"""Status code → its OpenAPI entry."""
_log = structlog.get_logger()

_CODES = {
    400: "bad_request", 401: "unauthenticated", 403: "forbidden", 404: "not_found",
    405: "method_not_allowed", 408: "too_slow", 409: "conflict", 410: "gone",
    413: "too_large", 416: "range_not_satisfiable", 422: "invalid", 428: "base_missing",
    429: "too_many_requests",
    500: "internal", 503: "unavailable", 507: "disk_low",
}  # fmt: skip


class InvalidField(BaseModel):
    """One thing that is wrong with a request."""

    location: str = Field(description="where: `query.limit`, `body.note`")
    detail: str = Field(description="what is wrong with it")


class ProblemBody(BaseModel):
    """What went wrong (RFC 9457)."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": "about:blank",
                    "title": "Conflict",
                    "status": 409,
                    "code": "not_finished",
                    "detail": "the study is segmenting; there are no results yet",
                }
            ]
        }
    )
    type: str = Field("about:blank", description="the problem is what its status code says")
    title: str = Field(description="the status code in words")
    status: int = Field(description="the status code")
    code: str = Field(description="for programs; stable")
    detail: str = Field(description="for people: what happened, and what to do")
    errors: list[InvalidField] | None = Field(None, description="of an invalid request")
    why: CodedStatement | None = Field(
        None, description="`detail` as a statement, to be said in the reader's language"
    )


class Problem(Exception):  # noqa: N818 - RFC 9457's own word
    """An answer that is an error.

    Args:
        status: HTTP status code.
        detail: what happened and what to do; no patient data, nothing the client sent.
        code: for programs; by default the status code's own.
        headers: to be sent along (``Retry-After``).
        why: ``detail`` as a statement, where it is one.
    """

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        code: str = "",
        headers: Mapping[str, str] | None = None,
        why: CodedStatement | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.code = code or _CODES.get(status, "error")
        self.headers = headers
        self.why = why


def problem_response(
    status: int,
    detail: str,
    *,
    code: str = "",
    headers: Mapping[str, str] | None = None,
    errors: list[InvalidField] | None = None,
    why: CodedStatement | None = None,
) -> JSONResponse:
    """The answer itself."""
    body = ProblemBody(
        title=HTTPStatus(status).phrase,
        status=status,
        code=code or _CODES.get(status, "error"),
        detail=detail,
        errors=errors,
        why=why,
    )
    return JSONResponse(
        body.model_dump(exclude_none=True),
        status,
        headers=dict(headers or {}),
        media_type=MEDIA_TYPE,
    )


def responses(*statuses: int) -> Answers:
    """The OpenAPI entries of the errors an endpoint may answer with, beside the common ones."""
    return {
        status: {
            "description": HTTPStatus(status).phrase,
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemBody"}}},
        }
        for status in statuses
    }


def from_error(error: Exception) -> JSONResponse:
    """The answer to an error, foreseen as a :class:`Problem` or not."""
    problem = as_problem(error)
    return problem_response(
        problem.status,
        problem.detail,
        code=problem.code,
        headers=problem.headers,
        why=problem.why,
    )


def as_problem(error: Exception) -> Problem:
    """What an error is to whoever asked; one of ours is logged."""
    problem = error if isinstance(error, Problem) else _known(error)
    if problem is not None:
        return problem
    log_error("request_failed", error)
    detail = "this is a fault of Heimdallr's; its log says more"
    return Problem(500, str(error) if isinstance(error, HeimdallrError) else detail)


def _known(error: Exception) -> Problem | None:
    if isinstance(error, StateConflictError):
        return Problem(409, str(error))
    if isinstance(error, DiskLowError):
        return Problem(507, str(error))
    if isinstance(error, StorageError | DBAPIError | PoolTimeoutError):
        log_error("storage_unusable", error)
        detail = "the database or the data folder cannot be used now; try again in a moment"
        return Problem(503, detail, code="storage", headers={"Retry-After": "5"})
    return None


def log_error(event: str, error: BaseException) -> None:
    """Record which error came from where; logging leaves its text out."""
    _log.error(event, exc_info=error)


def install(app: FastAPI) -> None:
    """Make every error of ``app`` a problem."""

    @app.exception_handler(RequestValidationError)
    async def _invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        errors = [
            InvalidField(location=".".join(map(str, one["loc"])), detail=str(one["msg"]))
            for one in error.errors()
        ]
        return problem_response(422, "the request does not fit the API", errors=errors[:20])

    @app.exception_handler(HTTPException)
    async def _http(_: Request, error: HTTPException) -> JSONResponse:
        detail = error.detail if isinstance(error.detail, str) else ""
        return problem_response(
            error.status_code, detail or HTTPStatus(error.status_code).phrase, headers=error.headers
        )

    @app.exception_handler(Problem)
    @app.exception_handler(HeimdallrError)
    @app.exception_handler(DBAPIError)
    @app.exception_handler(PoolTimeoutError)
    async def _known(_: Request, error: Exception) -> JSONResponse:
        return from_error(error)
