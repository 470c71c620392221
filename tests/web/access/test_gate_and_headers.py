"""The gate: host names, proxies, access control switched off, headers on whatever is answered."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import anyio
import pytest
from access_site import HOST, Browser, Site, sample_app
from sqlalchemy import select, text
from structlog.testing import capture_logs

from heimdallr.config import Settings
from heimdallr.domain.errors import ConfigurationError
from heimdallr.store.models import Event, Role
from heimdallr.web.access import install, unguarded
from heimdallr.web.access.headers import ALWAYS, DATA_POLICY, DOCS_POLICY, dashboard_policy
from heimdallr.web.access.installation import UnguardedRouteError

if TYPE_CHECKING:
    from collections.abc import Callable

    from httpx2 import Response

    from heimdallr.store.database import Database

LOOPBACK = "127.0.0.1"


# Host names


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1", 200),
        ("127.0.0.1:8001", 200),
        ("localhost", 200),
        ("LocalHost.:8001", 200),
        ("[::1]:8001", 200),
        (socket.gethostname(), 200),
        ("evil.example", 400),
        ("127.0.0.1.evil.example", 400),
        ("localhost.evil.example", 400),
        ("evil.example:8001@127.0.0.1", 200),  # user information; the host is ours
        ("127.0.0.1@evil.example", 400),
        ("192.0.2.1", 400),
        ("[half", 400),
        ("", 400),
    ],
)
def test_only_own_names_are_answered(site: Site, host: str, status: int) -> None:
    """DNS rebinding: a stranger's name that resolves to this server gets nothing, not even /."""
    answer = site.browser().get("/healthz", headers={"Host": host})
    assert answer.status_code == status
    if status == 400:
        assert answer.json()["code"] == "unknown_host"


def test_address_the_connection_came_to_is_a_name(site: Site) -> None:
    """By its own address the server is reached on every interface, without configuration."""
    assert site.browser(host="192.0.2.7").get("/healthz").status_code == 200


def test_configured_names(guarded: Callable[..., Site], sqlite: Database) -> None:
    """Names and whole domains can be allowed."""
    site = guarded(sqlite, allowed_hosts=("Heimdallr.example.org", "*.lab.example.org"))
    for host, status in (
        ("heimdallr.example.org", 200),
        ("a.b.lab.example.org:443", 200),
        ("lab.example.org", 400),
        ("evillab.example.org", 400),
        ("example.org", 400),
    ):
        answer = site.browser().get("/healthz", headers={"Host": host})
        assert answer.status_code == status, host


def test_two_hosts_are_none(site: Site) -> None:
    """A proxy and the server could each believe another one of two Host headers."""
    answer = site.browser().get("/healthz", headers=[("Host", HOST), ("Host", "evil.example")])
    assert answer.status_code == 400


# Proxies


def test_forwarded_headers_of_a_stranger_are_ignored(site: Site) -> None:
    """Nobody chooses the address under which their failures are counted."""
    site.add_user("anna")
    for number in range(6):
        answer = site.browser("203.0.113.9").client.post(
            "/api/v1/session",
            json={"name": "anna", "password": "not the password"},
            headers={"X-Forwarded-For": f"10.0.0.{number}", "X-Forwarded-Proto": "https"},
        )
    assert answer.status_code == 429
    assert {entry.address for entry in site.trail("session")} == {"203.0.113.9"}
    assert "strict-transport-security" not in answer.headers


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP"])
def test_a_proxy_that_is_not_trusted_is_told_once(site: Site, header: str) -> None:
    """Everybody behind it shares one address, and one limit of failures: somebody should know."""
    for path in ("/api/read", "/healthz", "/healthz"):
        site.browser("10.9.9.9").get(path, headers={header: "192.0.2.9"})
    site.browser("10.8.8.8").get("/healthz", headers={header: "192.0.2.9"})
    with site.database.read() as session:
        (event,) = session.scalars(select(Event)).all()
    assert event.kind == "proxy_untrusted"
    assert "10.9.9.9" in event.message
    assert "HEIMDALLR_TRUSTED_PROXIES" in event.message


def test_a_proxy_that_is_trusted_is_no_news(guarded: Callable[..., Site], sqlite: Database) -> None:
    """Nor are requests that come straight."""
    site = guarded(sqlite, trusted_proxies=("10.0.0.0/30",))
    site.browser("10.0.0.1").get("/healthz", headers={"X-Forwarded-For": "192.0.2.9"})
    site.browser("192.0.2.9").get("/healthz")
    with site.database.read() as session:
        assert session.scalars(select(Event)).all() == []


def test_trusted_proxy_is_seen_through(guarded: Callable[..., Site], sqlite: Database) -> None:
    """Behind a trusted proxy the client's address and TLS are those that the proxy names."""
    site = guarded(sqlite, trusted_proxies=("10.0.0.0/30", "::1"))
    site.add_user("anna")
    answer = site.browser("10.0.0.1").client.post(
        "/api/v1/session",
        json={"name": "anna", "password": "correct horse battery"},
        headers={"X-Forwarded-For": "6.6.6.6, 198.51.100.7", "X-Forwarded-Proto": "https"},
    )
    assert "__Host-heimdallr_session" in answer.headers["set-cookie"]
    assert "strict-transport-security" in answer.headers
    assert site.trail("session")[-1].address == "198.51.100.7"  # what was put before is a claim


# Access control off


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.8.8.8"])
def test_off_on_loopback(guarded: Callable[..., Site], sqlite: Database, host: str) -> None:
    """On this machine alone, for a demonstration, everybody may do everything."""
    site = guarded(sqlite, auth="off", server_host=host)
    browser = site.browser(LOOPBACK)
    assert browser.get("/api/read").json() == "open"
    assert browser.send("DELETE", "/api/study").json() == "open"
    assert browser.get("/api/v1/session").json()["kind"] == "anonymous-off"
    assert browser.sign_in("anna").status_code == 409


@pytest.mark.parametrize(
    "settings",
    [
        {"auth": "off", "server_host": "0.0.0.0"},  # noqa: S104 - it is refused
        {"auth": "off", "server_host": "::"},
        {"auth": "off", "server_host": "192.0.2.1"},
        {"auth": "off", "server_host": "heimdallr.example.org"},
        {"auth": "off", "trusted_proxies": ("127.0.0.1",)},
        {"trusted_proxies": ("*",)},
        {"trusted_proxies": ("10.0.0.1/8",)},
        {"allowed_hosts": ("*",)},
        {"allowed_hosts": ("https://heimdallr.example.org",)},
    ],
)
def test_configurations_that_leave_a_door_open(
    guarded: Callable[..., Site], sqlite: Database, settings: dict[str, object]
) -> None:
    """The service does not start with them, and says what to do."""
    with pytest.raises(ConfigurationError) as caught:
        guarded(sqlite, **settings)
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("address", "headers"),
    [
        (LOOPBACK, {"Host": "evil.example"}),  # DNS rebinding
        (LOOPBACK, {"Host": socket.gethostname()}),
        ("192.0.2.9", {}),
        (LOOPBACK, {"X-Forwarded-For": "192.0.2.9"}),  # somebody's proxy on this machine
        (LOOPBACK, {"Forwarded": "for=192.0.2.9"}),
        (LOOPBACK, {"Sec-Fetch-Site": "cross-site"}),  # a page of the internet, in a local browser
        (LOOPBACK, {"Origin": "http://localhost:3000"}),
    ],
)
def test_off_is_for_this_machine_alone(
    guarded: Callable[..., Site], sqlite: Database, address: str, headers: dict[str, str]
) -> None:
    """Rebinding, proxies and other sites' pages find the door shut although there is no lock."""
    site = guarded(sqlite, auth="off")
    answer = site.browser(address).client.post("/api/operate", headers=headers)
    assert answer.status_code in {400, 403}
    assert site.browser(address).get("/api/read", headers=headers).status_code in {400, 403}


# Before the body is read, before there is a route


def test_body_of_a_stranger_is_not_read(site: Site) -> None:
    """A stranger's upload is refused at its first byte."""
    received = 0

    async def exchange() -> int:
        async def receive() -> dict[str, object]:
            nonlocal received
            received += 1
            return {"type": "http.request", "body": b"x" * 65536, "more_body": True}

        status = 0

        async def send(message: dict[str, object]) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = int(str(message["status"]))

        scope = {
            "type": "http", "http_version": "1.1", "method": "POST", "path": "/upload",
            "raw_path": b"/upload", "query_string": b"", "scheme": "http", "root_path": "",
            "headers": [(b"host", b"127.0.0.1")], "server": ("127.0.0.1", 80),
            "client": ("10.1.2.3", 5), "app": site.app,
        }  # fmt: skip
        await site.app(scope, receive, send)  # type: ignore[arg-type]
        return status

    assert anyio.run(exchange) == 401
    assert received == 0


def test_database_that_cannot_be_asked(site: Site) -> None:
    """Without the database nobody gets in, and the answer says to come again."""
    anna = site.signed_in("anna")
    with site.database.write() as session:
        session.execute(text("ALTER TABLE sessions RENAME TO elsewhere"))
    answer = anna.get("/api/read")
    assert answer.status_code == 503
    assert "retry-after" in answer.headers
    assert site.browser().get("/healthz").status_code == 200


def test_unknown_paths_look_like_known_ones(site: Site) -> None:
    """Who is not signed in does not learn which addresses exist."""
    browser = site.browser()
    answers = {path: browser.get(path) for path in ("/api/read", "/api/nothing", "/x", "/.env")}
    assert {answer.status_code for answer in answers.values()} == {401}
    assert len({answer.text for answer in answers.values()}) == 1
    assert site.signed_in("anna").get("/api/nothing").status_code == 404


def test_forgotten_route_keeps_the_service_from_starting(sqlite: Database) -> None:
    """A route that demands nothing is a fault that shows at once."""
    app = sample_app()

    @app.get("/api/forgotten")
    def forgotten() -> str:
        return "everything"

    assert unguarded(app) == ["GET /api/forgotten"]
    with pytest.raises(UnguardedRouteError, match="GET /api/forgotten"):
        install(app, Settings(), sqlite)


# Headers


def _answers(site: Site) -> dict[str, Response]:
    """One answer of every kind."""
    anna = site.signed_in("anna", Role.ADMIN)
    stranger = site.browser()
    return {
        "page": stranger.get("/"),
        "health": stranger.get("/healthz"),
        "docs": stranger.get("/docs"),
        "program": stranger.get("/docs/docs.js"),
        "no such part": stranger.get("/docs/other"),
        "openapi": stranger.get("/openapi.json"),
        "refused": stranger.get("/api/read"),
        "wrong host": stranger.get("/", headers={"Host": "evil.example"}),
        "sign-in": stranger.sign_in("anna"),
        "bad sign-in": stranger.sign_in("anna", "not the password"),
        "invalid": stranger.client.post("/api/v1/session", content=b"{"),
        "read": anna.get("/api/read"),
        "forged": anna.client.delete("/api/study"),
        "missing": anna.get("/api/nothing"),
        "method": anna.get("/upload"),
        "broken": anna.get("/api/broken"),
        "audit": anna.get("/api/v1/audit"),
        "trace": anna.client.request("TRACE", "/"),
    }


def test_headers_on_everything(site: Site) -> None:
    """Pages, data, refusals, faults: every answer carries the same protection."""
    statuses = set()
    for kind, answer in _answers(site).items():
        statuses.add(answer.status_code)
        for name, value in ALWAYS.items():
            assert answer.headers[name] == value, (kind, name)
        policy = answer.headers["content-security-policy"]
        assert "frame-ancestors 'none'" in policy, kind
        assert policy.startswith("default-src 'none'"), kind
        assert "unsafe-inline" not in policy, kind
        assert "unsafe-eval" not in policy.replace("'wasm-unsafe-eval'", ""), kind
        assert "http" not in policy, kind
        assert answer.headers["cache-control"] == "no-store", kind
        assert "strict-transport-security" not in answer.headers
        assert "server" not in answer.headers
        if answer.status_code >= 400:
            assert answer.headers["content-type"] == "application/problem+json", kind
    assert {200, 400, 401, 403, 404, 405, 422, 500} <= statuses


def test_policies(site: Site) -> None:
    """A page may run its own program; data may run nothing."""
    answers = _answers(site)
    policies = {kind: answer.headers["content-security-policy"] for kind, answer in answers.items()}
    assert policies["page"] == dashboard_policy()
    assert policies["docs"] == policies["program"] == DOCS_POLICY
    assert policies["read"] == policies["broken"] == policies["openapi"] == DATA_POLICY


def test_error_text_stays_inside(site: Site) -> None:
    """An error may quote a patient's name; the answer does not, and no error gets past the gate.

    What gets past it would be printed by the web server, text and all.
    """
    with capture_logs() as events:
        answer = site.signed_in("anna").get("/api/broken")  # the client would raise what gets past
    assert answer.status_code == 500
    assert "SILVA" not in answer.text
    assert [type(event["exc_info"]).__name__ for event in events] == ["RuntimeError"]


def test_tls_is_remembered(site: Site) -> None:
    """Under TLS browsers are told to stay there."""
    answer = site.browser(scheme="https").get("/healthz")
    assert answer.headers["strict-transport-security"] == "max-age=31536000"


def test_docs_load_nothing_from_elsewhere(site: Site) -> None:
    """The API's page works where there is no way to the internet, and under its own policy."""
    browser: Browser = site.browser()
    for path in ("/docs", "/docs/docs.js", "/docs/docs.css"):
        answer = browser.get(path)
        assert answer.status_code == 200
        assert "http:" not in answer.text
        assert "https:" not in answer.text
        assert "<style" not in answer.text
        assert " style=" not in answer.text
    page = browser.get("/docs").text
    assert page.count("<script") == 1
    assert '<script src="/docs/docs.js" defer></script>' in page
    described = browser.get("/openapi.json").json()
    assert described["paths"]["/api/read"]["get"]["security"] == [{"token": []}, {"session": []}]
    assert set(described["components"]["securitySchemes"]) == {"token", "session"}
