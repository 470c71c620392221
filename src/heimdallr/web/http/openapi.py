"""The API's description (OpenAPI): what FastAPI cannot know by itself."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from fastapi.openapi.utils import get_openapi

from heimdallr.web.http.problems import MEDIA_TYPE, InvalidField, ProblemBody, responses

if TYPE_CHECKING:
    from fastapi import FastAPI

DESCRIPTION = """\
Studies in, measurements out.

Send an API token (`Authorization: Bearer …`), or sign in at `/api/v1/session` and send the
cookie, with `X-CSRF-Token` in requests that change something. Every error is a problem
(RFC 9457, `application/problem+json`): `code` is for programs, `detail` for people.
Times have a zone; missing is `null`, never 0.
"""

TAGS = [
    {"name": "upload", "description": "Handing studies in over HTTP."},
    {"name": "patients", "description": "The founding document's endpoints, by case ID or number."},
    {"name": "worklist", "description": "Every study ever received, and live changes."},
    {"name": "studies", "description": "One study and its files, by its number."},
    {"name": "viewer", "description": "The images of a study as a viewer in a browser wants them."},
    {"name": "commands", "description": "What people ask for."},
    {"name": "corrections", "description": "A person's hand on label maps; earlier versions."},
    {"name": "findings", "description": "What a person should know, and who has seen it."},
    {"name": "measurements", "description": "Numbers across studies."},
    {"name": "deliveries", "description": "What was sent to other systems, and what is to be."},
    {"name": "destinations", "description": "Where results go, and by which rules."},
    {"name": "system", "description": "Queue, peers, quarantine, events, versions."},
    {"name": "access", "description": "Signing in, users, tokens, the audit trail."},
    {"name": "health", "description": "For supervisors and Prometheus."},
]

_METHODS = {"get", "put", "post", "delete", "patch"}


def install(app: FastAPI) -> None:
    """Describe errors as the problems they are."""

    def describe() -> dict[str, Any]:
        if app.openapi_schema is None:
            schema = get_openapi(
                title=app.title,
                version=app.version,
                description=app.description,
                routes=app.routes,
                tags=app.openapi_tags,
            )
            _add_problems(schema)
            app.openapi_schema = schema
        return app.openapi_schema

    app.openapi = describe  # type: ignore[method-assign]


def _add_problems(schema: dict[str, Any]) -> None:
    components = schema.setdefault("components", {}).setdefault("schemas", {})
    for model in (ProblemBody, InvalidField):
        described = model.model_json_schema(ref_template="#/components/schemas/{model}")
        described.pop("$defs", None)
        components[model.__name__] = described
    for name in ("HTTPValidationError", "ValidationError"):
        components.pop(name, None)
    for path in schema["paths"].values():
        for method, operation in path.items():
            if method in _METHODS:
                _describe_errors(operation)


def _describe_errors(operation: dict[str, Any]) -> None:
    answers: dict[str, Any] = operation["responses"]
    answers.pop("422", None)
    common = [400]
    if "parameters" in operation or "requestBody" in operation:
        common.append(422)
    if operation.get("security"):
        common += [401, 403]
    if "requestBody" in operation:
        common += [408, 413, 403]
    common += [503]
    for status, answer in responses(*common).items():
        answers.setdefault(str(status), answer)
    operation["responses"] = dict(sorted(answers.items()))
    for status, answer in operation["responses"].items():
        answer.setdefault("description", HTTPStatus(int(status)).phrase)
        if int(status) >= HTTPStatus.BAD_REQUEST and "content" not in answer:
            answer["content"] = {MEDIA_TYPE: {"schema": _REFERENCE}}


_REFERENCE = {"$ref": "#/components/schemas/ProblemBody"}
