"""Every route of the service × everybody who might call it.

The table below says, route by route, who may. A route that is not in it fails the test, and so
does a line without a route: whoever adds a route decides here, in the open, who gets in.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from access_site import Clock, Site
from sqlalchemy import make_url, select

from heimdallr.config import Settings
from heimdallr.store.database import Database
from heimdallr.store.layout import data_folders
from heimdallr.store.migrate import upgrade
from heimdallr.store.models import Role, User
from heimdallr.store.people import accounts, sessions, tokens
from heimdallr.web.access import Permission, guarded_routes
from heimdallr.web.app import create_app

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PUBLIC = "public"
SIGNED_IN = "signed in"

MATRIX: dict[str, str] = {
    "GET /": PUBLIC,
    "GET /studies/{study_id}": PUBLIC,
    "GET /studies/{study_id}/report": PUBLIC,
    "GET /explorer": PUBLIC,
    "GET /rules": PUBLIC,
    "GET /system": PUBLIC,
    "GET /destinations": PUBLIC,
    "GET /access": PUBLIC,
    "GET /welcome": PUBLIC,
    "GET /help": PUBLIC,
    "GET /assets/{name}": PUBLIC,
    "GET /docs": PUBLIC,
    "GET /docs/{name}": PUBLIC,
    "GET /openapi.json": PUBLIC,
    "GET /healthz": PUBLIC,
    "GET /readyz": PUBLIC,
    "POST /api/v1/session": PUBLIC,
    "GET /api/v1/session": SIGNED_IN,
    "DELETE /api/v1/session": SIGNED_IN,
    "POST /api/v1/session/password": SIGNED_IN,
    "GET /metrics": "metrics",
    "POST /upload": "upload",
    "GET /api/patients": "read",
    "GET /api/patients/{case_id}/results": "read",
    "GET /api/patients/{case_id}/metadata": "read",
    "GET /api/patients/{case_id}/nifti": "read",
    "GET /api/patients/{case_id}/download/{folder}": "read",
    "GET /api/patients/{case_id}/images/{filename}": "read",
    "GET /api/v1/studies": "read",
    "GET /api/v1/studies/{study_id}": "read",
    "GET /api/v1/studies/{study_id}/events": "read",
    "GET /api/v1/studies/{study_id}/history": "read",
    "GET /api/v1/studies/{study_id}/volume": "read",
    "GET /api/v1/studies/{study_id}/masks/{folder}": "read",
    "GET /api/v1/studies/{study_id}/masks/{folder}/{structure}": "read",
    "GET /api/v1/studies/{study_id}/images/{filename}": "read",
    "GET /api/v1/studies/{study_id}/archive": "read",
    "GET /api/v1/studies/{study_id}/report.pdf": "read",
    "GET /api/v1/studies/{study_id}/viewer": "read",
    "GET /api/v1/studies/{study_id}/viewer/volume.nii": "read",
    "GET /api/v1/studies/{study_id}/viewer/preview.nii": "read",
    "GET /api/v1/studies/{study_id}/viewer/labels/{folder}.nii": "read",
    "PUT /api/v1/studies/{study_id}/read": "operate",
    "GET /api/v1/worklist/options": "read",
    "GET /api/v1/worklist/counts": "read",
    "POST /api/v1/studies/commands": "read",
    "POST /api/v1/studies/{study_id}/start": "operate",
    "POST /api/v1/studies/{study_id}/cancel": "operate",
    "POST /api/v1/studies/{study_id}/patients": "operate",
    "POST /api/v1/studies/{study_id}/retry": "operate",
    "POST /api/v1/studies/{study_id}/reprocess": "operate",
    "PUT /api/v1/studies/{study_id}/priority": "operate",
    "GET /api/v1/studies/{study_id}/body-size": "read",
    "PUT /api/v1/studies/{study_id}/body-size": "operate",
    "GET /api/v1/studies/{study_id}/corrections": "read",
    "POST /api/v1/studies/{study_id}/corrections": "operate",
    "POST /api/v1/studies/{study_id}/corrections/level": "operate",
    "POST /api/v1/studies/{study_id}/corrections/rejections": "operate",
    "POST /api/v1/studies/{study_id}/corrections/restore": "operate",
    "POST /api/v1/studies/{study_id}/corrections/proposals": "operate",
    "PUT /api/v1/studies/{study_id}/editing": "operate",
    "DELETE /api/v1/studies/{study_id}/editing": "operate",
    "PUT /api/v1/studies/{study_id}/verification": "operate",
    "GET /api/v1/agreement": "read",
    "POST /api/v1/studies/{study_id}/corrections/{number}/accept": "operate",
    "POST /api/v1/studies/{study_id}/corrections/{number}/decline": "operate",
    "GET /api/v1/studies/{study_id}/corrections/{number}": "read",
    "GET /api/v1/studies/{study_id}/corrections/{number}/difference": "read",
    "GET /api/v1/studies/{study_id}/versions/{version}/results": "read",
    "GET /api/v1/studies/{study_id}/versions/{version}/changes": "read",
    "GET /api/v1/studies/{study_id}/versions/{version}/difference": "read",
    "GET /api/v1/studies/{study_id}/versions/{version}/labels/{folder}.nii": "read",
    "PUT /api/v1/studies/{study_id}/flag": "operate",
    "POST /api/v1/studies/{study_id}/findings/{finding_id}/acknowledge": "operate",
    "GET /api/v1/measurements": "read",
    "GET /api/v1/measurements.csv": "read",
    "GET /api/v1/measurements/summary": "read",
    "GET /api/v1/measurements/pairs": "read",
    "GET /api/v1/measurements/names": "read",
    "GET /api/v1/measurements/catalogue": "read",
    "GET /api/v1/measurements/limits": "read",
    "GET /api/v1/rules": "read",
    "GET /api/v1/changes": "read",
    "GET /api/v1/events": "read",
    "GET /api/v1/queue": "read",
    "GET /api/v1/quarantine": "read",
    "GET /api/v1/peers": "read",
    "GET /api/v1/system": "read",
    "GET /api/v1/workers": "read",
    "GET /api/v1/deliveries": "read",
    "GET /api/v1/deliveries/summary": "read",
    "GET /api/v1/studies/{study_id}/deliveries": "read",
    "POST /api/v1/studies/{study_id}/deliveries": "operate",
    "POST /api/v1/deliveries/{delivery_id}/resend": "operate",
    "POST /api/v1/deliveries/{delivery_id}/cancel": "operate",
    "GET /api/v1/destinations": "admin",
    "POST /api/v1/destinations": "admin",
    "PUT /api/v1/destinations/{name}": "admin",
    "DELETE /api/v1/destinations/{name}": "admin",
    "POST /api/v1/destinations/{name}/test": "admin",
    "GET /api/v1/delivery-rules": "admin",
    "POST /api/v1/delivery-rules": "admin",
    "PUT /api/v1/delivery-rules/{name}": "admin",
    "DELETE /api/v1/delivery-rules/{name}": "admin",
    "GET /api/v1/settings": "admin",
    "GET /api/v1/users": "admin",
    "POST /api/v1/users": "admin",
    "PATCH /api/v1/users/{name}": "admin",
    "POST /api/v1/users/{name}/password": "admin",
    "GET /api/v1/tokens": "admin",
    "POST /api/v1/tokens": "admin",
    "DELETE /api/v1/studies/{study_id}": "admin",
    "DELETE /api/v1/tokens/{name}": "admin",
    "GET /api/v1/audit": "admin",
}

FILES = (
    "/api/patients/{case_id}/nifti",
    "/api/patients/{case_id}/images/{filename}",
    "/api/v1/studies/{study_id}/volume",
    "/api/v1/studies/{study_id}/masks/{folder}/{structure}",
    "/api/v1/studies/{study_id}/images/{filename}",
    "/api/v1/studies/{study_id}/viewer/volume.nii",
    "/api/v1/studies/{study_id}/viewer/preview.nii",
    "/api/v1/studies/{study_id}/viewer/labels/{folder}.nii",
)
MATRIX |= {f"HEAD {path}": MATRIX[f"GET {path}"] for path in FILES}

READING = {"GET", "HEAD"}
EVERYTHING = {"metrics", "read", "upload", "operate", "admin"}
CALLERS: dict[str, set[str] | None] = {
    "stranger": None,
    "viewer": {"metrics", "read", SIGNED_IN},
    "operator": {"metrics", "read", "upload", "operate", SIGNED_IN},
    "admin": EVERYTHING | {SIGNED_IN},
    "admin with a one-time password": {SIGNED_IN},
    "disabled admin": None,
    "admin whose session has expired": None,
    "admin whose session was opened in the future": None,
    "admin without a CSRF token": None,
    "token upload": {"upload", SIGNED_IN},
    "token read": {"metrics", "read", SIGNED_IN},
    "token metrics": {"metrics", SIGNED_IN},
    "token operate": {"metrics", "read", "operate", SIGNED_IN},
    "token upload read": {"metrics", "read", "upload", SIGNED_IN},
    "token admin": EVERYTHING | {SIGNED_IN},
    "expired token admin": None,
    "future token admin": None,
    "revoked token admin": None,
    "made-up token": None,
}
"""Who calls → what they are granted; None: as good as a stranger."""

USERS_ONLY = {"POST /api/v1/session/password"}
"""Signed in, and with a password of one's own: not for programs."""


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The whole application, with the users and the database of a fresh installation."""
    folder: Path = tmp_path_factory.mktemp("service")
    database = Database(make_url(f"sqlite:///{folder / 'heimdallr.db'}"))
    upgrade(database)
    clock = Clock()
    settings = Settings(data_dir=folder, disk_reserve_gb=0)
    data_folders(settings).create()
    app = create_app(settings, database, now=clock)
    site = Site(app, database, clock)
    with database.write() as session:
        for name, role in (("viewer", Role.VIEWER), ("operator", Role.OPERATOR)):
            session.add(User(name=name, role=role, password_hash="none", created_at=clock()))  # noqa: S106
        for name in ("admin", "new", "gone"):
            session.add(
                User(
                    name=name, role=Role.ADMIN, password_hash="none", created_at=clock(),  # noqa: S106
                    must_change_password=name == "new",
                )
            )  # fmt: skip
    yield site
    database.close()


@dataclass(frozen=True)
class Caller:
    """The headers of somebody's request."""

    headers: dict[str, str]


def _callers(site: Site) -> dict[str, Caller]:
    """Everybody, with credentials made for one request."""
    made = {"stranger": Caller({}), "made-up token": Caller(_bearer(tokens.PREFIX + "x" * 43))}
    # The first: by its clock all others have expired.
    ahead = timedelta(days=-365)
    made["admin whose session was opened in the future"] = _session(site, "admin", age=ahead)
    for caller, user in (
        ("viewer", "viewer"), ("operator", "operator"), ("admin", "admin"),
        ("admin with a one-time password", "new"), ("admin without a CSRF token", "admin"),
    ):  # fmt: skip
        made[caller] = _session(site, user, csrf="without" not in caller)
    made["disabled admin"] = _session(site, "gone")
    with site.database.write() as session:
        accounts.set_disabled(session, "gone", disabled=True)
        accounts.set_disabled(session, "gone", disabled=False)
    with site.database.write() as session:
        session.scalars(select(User).where(User.name == "gone")).one().disabled = True
    made["admin whose session has expired"] = _session(site, "admin", age=timedelta(hours=12))
    return made


def _session(site: Site, name: str, *, csrf: bool = True, age: timedelta = timedelta()) -> Caller:
    with site.database.write() as session:
        user = session.scalars(select(User).where(User.name == name)).one()
        new = sessions.open_session(session, user, site.clock() - age, timedelta(hours=12))
    headers = {"cookie": f"heimdallr_session={new.cookie}"}
    return Caller(headers | ({"x-csrf-token": new.csrf_token} if csrf else {}))


def _bearer(secret: str) -> dict[str, str]:
    return {"authorization": f"Bearer {secret}"}


@pytest.fixture(scope="module")
def programs(service: Site) -> dict[str, Caller]:
    """Tokens of every kind; they last for the whole test."""
    made = {}
    for number, caller in enumerate(name for name in CALLERS if "token " in name):
        scopes = caller.split("token ")[1].split()
        lasts = timedelta(seconds=-1) if "expired" in caller else None
        name = f"program{number}"
        made_at = service.clock() + timedelta(days=365 if "future" in caller else 0)
        secret, _ = tokens.create_token(
            service.database, name, scopes, made_at, created_by="test", lasts=lasts
        )
        if "revoked" in caller:
            with service.database.write() as session:
                tokens.revoke_token(session, name, service.clock())
        made[caller] = Caller(_bearer(secret))
    return made


def _ask(site: Site, method: str, template: str, caller: Caller) -> tuple[int, str]:
    """Status and problem code of one request; an answer that never ends is left at its start."""
    path = re.sub(r"\{[^}]*\}", "7", template)
    body = b"" if method == "GET" else b"{}"
    headers = {"host": "127.0.0.1", "content-type": "application/json", **caller.headers}
    scope: dict[str, Any] = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method,
        "path": path, "raw_path": path.encode(), "query_string": b"", "root_path": "",
        "scheme": "http", "server": ("127.0.0.1", 80), "client": ("10.1.2.3", 50000),
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }  # fmt: skip
    status, problem = 0, b""

    async def exchange() -> None:
        async def receive() -> dict[str, object]:
            if not sent:
                sent.append(body)
                return {"type": "http.request", "body": body, "more_body": False}
            await anyio.sleep_forever()
            raise AssertionError

        async def send(message: dict[str, Any]) -> None:
            nonlocal status, problem
            if message["type"] == "http.response.start":
                status = message["status"]
                if dict(message["headers"])[b"content-type"] != b"application/problem+json":
                    group.cancel_scope.cancel()
            elif not group.cancel_scope.cancel_called:
                problem += message["body"]

        sent: list[bytes] = []
        async with anyio.create_task_group() as group:
            await site.app(scope, receive, send)  # type: ignore[arg-type]

    anyio.run(exchange)
    return status, json.loads(problem)["code"] if problem else ""


def test_every_route_is_in_the_table(service: Site) -> None:
    """No route is forgotten, no line is left over, and each guard demands what the table says."""
    found = {}
    for route in guarded_routes(service.app):
        rule = SIGNED_IN if route.rule and route.rule.permission is None else PUBLIC
        if route.rule and route.rule.permission:
            rule = route.rule.permission.value
        found[f"{route.method} {route.path}"] = rule
    assert found == MATRIX


def test_every_permission_is_known(service: Site) -> None:
    """The table speaks of the permissions there are."""
    del service
    assert {one.value for one in Permission} == EVERYTHING
    assert set(MATRIX.values()) == EVERYTHING | {PUBLIC, SIGNED_IN}


@pytest.mark.parametrize("route", MATRIX)
def test_who_gets_in(service: Site, programs: dict[str, Caller], route: str) -> None:
    """Strangers get 401, those without the permission 403, the others past the guard."""
    method, path = route.split(" ")
    needed = MATRIX[route]
    callers = _callers(service) | programs
    assert callers.keys() == CALLERS.keys()
    for name, caller in callers.items():
        status, code = _ask(service, method, path, caller)
        granted = CALLERS[name]
        assert status != 500, name
        if needed == PUBLIC:
            assert status not in {401, 403}, name
        elif name == "admin without a CSRF token":
            assert (status, code) == (403, "csrf") if method not in READING else status != 403, name
        elif granted is None:
            assert (status, code) == (401, "unauthenticated"), name
        elif needed not in granted:
            expected = "password_change" if "one-time" in name else "forbidden"
            assert (status, code) == (403, expected), name
        elif route in USERS_ONLY and "token" in name:
            assert (status, code) in {(403, "forbidden"), (422, "invalid")}, name
        else:
            assert status not in {401, 403}, (name, code)


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "TRACE", "PROPFIND", "CONNECT"])
def test_no_other_method_opens_anything(service: Site, method: str) -> None:
    """A stranger gets nothing by asking differently."""
    for path in {route.split(" ")[1] for route, needed in MATRIX.items() if needed != PUBLIC}:
        assert _ask(service, method, path, Caller({}))[0] in {401, 403}, path
