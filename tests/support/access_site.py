"""A guarded application to knock at: `site` on SQLite, `guarded` to put one around a database.

Its routes stand for the API's: one for each permission, one public. Passwords are hashed with
small parameters, so that a test does not spend its time there.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
from argon2 import PasswordHasher
from fastapi import FastAPI, Response
from fastapi.testclient import TestClient
from migrated_database import write_migrated
from sqlalchemy import make_url, select

from heimdallr.config import Settings
from heimdallr.store.database import Database
from heimdallr.store.models import AuditEntry, Role
from heimdallr.store.people import accounts, passwords, tokens
from heimdallr.web.access import (
    Administrator,
    MetricsReader,
    Operator,
    Reader,
    Uploader,
    install,
)
from heimdallr.web.http import problems

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from httpx2 import Response as Answer

HOST = "127.0.0.1"
PASSWORD = "correct horse battery"  # noqa: S105 - of made-up users
QUICK = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)


@dataclass
class Clock:
    """A clock that stands still until it is moved."""

    time: datetime = field(default=datetime(2026, 2, 1, 8, 0, tzinfo=timezone.utc))

    def __call__(self) -> datetime:
        """The time."""
        return self.time

    def forward(self, **amount: float) -> None:
        """Move on by ``timedelta(**amount)``."""
        self.time += timedelta(**amount)


@dataclass
class Browser:
    """A client at one address, with a cookie jar, that repeats the CSRF token it was given."""

    client: TestClient
    csrf: str = ""

    def get(self, path: str, **more: Any) -> Answer:  # noqa: ANN401 - what httpx takes
        """Look at something."""
        return self.client.get(path, **more)

    def send(self, method: str, path: str, **more: Any) -> Answer:  # noqa: ANN401
        """Change something, as our own page does."""
        headers = {"X-CSRF-Token": self.csrf, **more.pop("headers", {})}
        return self.client.request(method, path, headers=headers, **more)

    def sign_in(self, name: str, password: str = PASSWORD) -> Answer:
        """Give name and password."""
        answer = self.client.post("/api/v1/session", json={"name": name, "password": password})
        if answer.status_code == 200:
            self.csrf = answer.json()["csrf_token"]
        return answer


@dataclass
class Site:
    """An application behind access control, its database and its clock."""

    app: FastAPI
    database: Database
    clock: Clock

    def browser(self, address: str = "10.1.2.3", scheme: str = "http", host: str = HOST) -> Browser:
        """Somebody's browser that has not signed in."""
        return Browser(
            TestClient(
                self.app,
                base_url=f"{scheme}://{host}",
                client=(address, 50000),
                follow_redirects=False,
            )
        )

    def add_user(self, name: str, role: Role = Role.VIEWER) -> None:
        """A user with the usual password."""
        accounts.add_user(
            self.database, name, role, PASSWORD, self.clock(), must_change_password=False
        )

    def signed_in(self, name: str, role: Role = Role.VIEWER, **where: str) -> Browser:
        """A new user's browser, signed in."""
        self.add_user(name, role)
        browser = self.browser(**where)
        assert browser.sign_in(name).status_code == 200
        return browser

    def token(self, name: str, *scopes: str, lasts: timedelta | None = None) -> dict[str, str]:
        """The headers of a program with a new token."""
        secret, _ = tokens.create_token(
            self.database, name, scopes, self.clock(), created_by="test", lasts=lasts
        )
        return {"Authorization": f"Bearer {secret}"}

    def trail(self, action: str = "") -> list[AuditEntry]:
        """The audit trail, oldest first."""
        query = select(AuditEntry).order_by(AuditEntry.id)
        with self.database.read() as session:
            return list(session.scalars(query.where(AuditEntry.action.startswith(action))))


def sample_app() -> FastAPI:
    """Routes that stand for the API's."""
    app = FastAPI(docs_url=None, redoc_url=None)
    problems.install(app)

    @app.get("/healthz")
    def healthz() -> str:
        return "ok"

    @app.get("/")
    def dashboard() -> Response:
        return Response("<!doctype html>", media_type="text/html")

    @app.get("/api/read")
    def read(who: Reader) -> str:
        return who.actor

    @app.post("/upload")
    def upload(who: Uploader) -> str:
        return who.actor

    @app.post("/api/operate")
    def operate(who: Operator) -> str:
        return who.actor

    @app.delete("/api/study")
    def delete(who: Administrator) -> str:
        return who.actor

    @app.get("/metrics")
    def metrics(who: MetricsReader) -> str:
        return who.actor

    @app.get("/api/broken")
    def broken(_who: Reader) -> str:
        msg = "SILVA^MARIA"
        raise RuntimeError(msg)

    return app


@pytest.fixture
def quick_passwords(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Hash with small parameters."""
    monkeypatch.setattr(passwords, "_HASHER", QUICK)
    passwords._nobodys.cache_clear()
    yield
    passwords._nobodys.cache_clear()


@pytest.fixture
def guarded(quick_passwords: None) -> Callable[..., Site]:
    """Put access control around sample routes and a database, with these settings."""
    del quick_passwords

    def make(database: Database, app: FastAPI | None = None, **settings: Any) -> Site:  # noqa: ANN401
        clock = Clock()
        app = app or sample_app()
        install(app, Settings(**settings), database, clock)
        return Site(app, database, clock)

    return make


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[Database]:
    """A database with all tables, on SQLite."""
    path = tmp_path / "heimdallr.db"
    write_migrated(path)
    database = Database(make_url(f"sqlite:///{path}"))
    yield database
    database.close()


@pytest.fixture
def site(guarded: Callable[..., Site], sqlite: Database) -> Site:
    """The sample routes behind access control, on SQLite, with the settings as they are."""
    return guarded(sqlite)
