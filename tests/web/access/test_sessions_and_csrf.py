"""Signing in, staying signed in, signing out; and what another site's page cannot do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
import pytest
from access_site import PASSWORD, Site
from sqlalchemy import select
from starlette.requests import Request

from heimdallr.store.models import Role, User, WebSession
from heimdallr.store.people import accounts, passwords
from heimdallr.web.access import Permission, gate

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable
    from http.cookies import Morsel

    from httpx2 import Response

    from heimdallr.store.database import Database


def _cookie(answer: Response) -> Morsel[str]:
    from http.cookies import SimpleCookie  # noqa: PLC0415

    (morsel,) = SimpleCookie(answer.headers["set-cookie"]).values()
    return morsel


def test_sign_in_works_on_every_database(guarded: Callable[..., Site], database: Database) -> None:
    """Name and password in, a session out that opens what the role may see; then it is over."""
    site = guarded(database)
    anna = site.signed_in("anna", Role.OPERATOR)
    who = anna.get("/api/v1/session").json()
    assert (who["name"], who["role"], who["csrf_token"]) == ("anna", "operator", anna.csrf)
    assert anna.get("/api/read").json() == "user:anna"
    assert anna.send("POST", "/api/operate").json() == "user:anna"
    assert anna.send("DELETE", "/api/v1/session").status_code == 204
    assert anna.get("/api/read").status_code == 401


def test_name_is_folded_and_password_normalised(site: Site) -> None:
    """Capitals in a name, and two ways to type one letter in a password, make no difference."""
    accounts.add_user(
        site.database, "Zoe", Role.VIEWER, "café noir à Zürich", site.clock(),
        must_change_password=False,
    )  # fmt: skip
    decomposed = "cafe\u0301 noir a\u0300 Zu\u0308rich"
    assert site.browser().sign_in(" ZOE ", decomposed).status_code == 200


def test_cookie_of_plain_http(site: Site) -> None:
    """Scripts cannot read the cookie, other sites cannot send it."""
    site.add_user("anna")
    cookie = _cookie(site.browser().sign_in("anna"))
    assert cookie.key == "heimdallr_session"
    assert cookie["httponly"]
    assert cookie["samesite"] == "strict"
    assert cookie["path"] == "/"
    assert not cookie["domain"]
    assert not cookie["secure"]


def test_cookie_under_tls(site: Site) -> None:
    """Under TLS the cookie is bound to this host and never travels in the clear."""
    site.add_user("anna")
    anna = site.browser(scheme="https")
    cookie = _cookie(anna.sign_in("anna"))
    assert cookie.key == "__Host-heimdallr_session"
    assert cookie["secure"]
    assert not cookie["domain"]
    assert anna.get("/api/read").status_code == 200
    planted = site.browser(scheme="https")  # a neighbour in the domain may set a plain name
    planted.client.cookies.set("heimdallr_session", cookie.value)
    assert planted.get("/api/read").status_code == 401


def test_database_opens_nothing(site: Site) -> None:
    """Neither passwords nor cookies can be had from the database."""
    site.add_user("anna")
    cookie = _cookie(site.browser().sign_in("anna")).value
    with site.database.read() as session:
        user = session.scalars(select(User)).one()
        row = session.scalars(select(WebSession)).one()
    assert user.password_hash.startswith("$argon2id$")
    assert cookie not in vars(row).values()
    assert len(cookie) >= 43  # 256 bits
    thief = site.browser()
    thief.client.cookies.set("heimdallr_session", row.token_hash)
    assert thief.get("/api/read").status_code == 401


def test_planted_cookie_is_not_taken_over(site: Site) -> None:
    """Session fixation: a value known before the sign-in is worth nothing after it."""
    site.add_user("anna")
    anna = site.browser()
    anna.client.cookies.set("heimdallr_session", "known-to-somebody-else")
    fresh = _cookie(anna.sign_in("anna")).value
    assert fresh != "known-to-somebody-else"
    other = site.browser()
    other.client.cookies.set("heimdallr_session", "known-to-somebody-else")
    assert other.get("/api/read").status_code == 401


def test_signing_in_again_ends_the_session_before(site: Site) -> None:
    """The value changes with every sign-in, and the one before is over."""
    site.add_user("anna")
    anna = site.browser()
    first = _cookie(anna.sign_in("anna")).value
    second = _cookie(anna.sign_in("anna")).value
    assert first != second
    old = site.browser()
    old.client.cookies.set("heimdallr_session", first)
    assert old.get("/api/read").status_code == 401
    assert anna.get("/api/read").status_code == 200


def test_session_ends_when_idle(site: Site) -> None:
    """Half of the twelve hours without a request, and it is over."""
    anna = site.signed_in("anna")
    site.clock.forward(hours=5.9)
    assert anna.get("/api/read").status_code == 200
    site.clock.forward(hours=5.9)
    assert anna.get("/api/read").status_code == 200
    idle = site.signed_in("bob")
    site.clock.forward(hours=6)
    assert idle.get("/api/read").status_code == 401


def test_session_ends_at_the_latest(site: Site) -> None:
    """However busy, a session does not outlast its twelve hours."""
    anna = site.signed_in("anna")
    for _ in range(11):
        site.clock.forward(hours=1)
        assert anna.get("/api/read").status_code == 200
    site.clock.forward(hours=1)
    assert anna.get("/api/read").status_code == 401


def test_page_that_refreshes_itself_idles_too(site: Site) -> None:
    """Automatic requests, marked as such, do not keep a forgotten screen signed in."""
    anna = site.signed_in("anna")
    for _ in range(3):
        site.clock.forward(hours=1.9)
        anna.get("/api/read", headers={"X-Background": "1"})
        anna.get("/api/read", headers={"Accept": "text/event-stream"})
    site.clock.forward(hours=0.4)
    assert anna.get("/api/read").status_code == 401


def test_streams_end_with_the_session(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Live changes stop for who signed out, was shut out or whose token was revoked."""
    monkeypatch.setattr(gate, "CHECK_EVERY_S", 0.0)
    anna = site.signed_in("anna")
    cookie = anna.client.cookies["heimdallr_session"].encode()
    scope = {
        "type": "http", "method": "GET", "path": "/changes", "scheme": "http", "app": site.app,
        "query_string": b"", "headers": [(b"cookie", b"heimdallr_session=" + cookie)],
    }  # fmt: skip
    closed = []

    async def changes() -> AsyncGenerator[bytes, None]:
        try:
            for number in range(10):
                if number == 3:
                    with site.database.write() as session:
                        accounts.set_disabled(session, "anna", disabled=True)
                yield b"%d" % number
        finally:
            closed.append(True)

    async def follow() -> list[bytes]:
        stream = gate.while_allowed(Request(scope), Permission.READ, changes())
        return [part async for part in stream]

    assert anyio.run(follow) == [b"0", b"1", b"2"]
    assert closed


def test_disabling_and_roles_count_at_once(site: Site) -> None:
    """Who is shut out is out with the next request; who gets another role has it."""
    site.add_user("root", Role.ADMIN)
    anna = site.signed_in("anna", Role.OPERATOR)
    with site.database.write() as session:
        accounts.set_role(session, "anna", Role.VIEWER)
    assert anna.send("POST", "/api/operate").status_code == 403
    with site.database.write() as session:
        accounts.set_disabled(session, "anna", disabled=True)
    assert anna.get("/api/read").status_code == 401
    assert site.browser().sign_in("anna").status_code == 401
    with site.database.write() as session:
        accounts.set_disabled(session, "anna", disabled=False)
    assert anna.get("/api/read").status_code == 401  # the old session stays over
    assert anna.sign_in("anna").status_code == 200


def test_changing_the_password_ends_the_other_sessions(site: Site) -> None:
    """The browser that changes it stays signed in, every other one is out."""
    anna = site.signed_in("anna")
    elsewhere = site.browser("10.9.9.9")
    elsewhere.sign_in("anna")
    change = {"present": PASSWORD, "new": "another good password"}
    assert anna.send("POST", "/api/v1/session/password", json=change).status_code == 204
    assert anna.get("/api/read").status_code == 200
    assert elsewhere.get("/api/read").status_code == 401
    assert site.browser().sign_in("anna").status_code == 401
    assert site.browser().sign_in("anna", "another good password").status_code == 200


@pytest.mark.parametrize(
    ("present", "new", "word"),
    [
        ("not the password", "another good password", "wrong"),
        (PASSWORD, PASSWORD, "old"),
        (PASSWORD, "short", "12"),
        (PASSWORD, "annaannaanna1234", "name"),
        (PASSWORD, "121212121212", "different"),
        (PASSWORD, "Heimdallr2026!", "name"),
    ],
)
def test_bad_password_changes(site: Site, present: str, new: str, word: str) -> None:
    """A wrong present password and a weak new one are refused, and nothing changes."""
    anna = site.signed_in("anna")
    change = {"present": present, "new": new}
    answer = anna.send("POST", "/api/v1/session/password", json=change)
    assert answer.status_code == 422
    assert word in answer.json()["detail"]
    assert new not in answer.text
    assert site.browser().sign_in("anna").status_code == 200


def test_present_password_cannot_be_guessed(site: Site) -> None:
    """Whoever finds an open screen has five tries, not thousands."""
    anna = site.signed_in("anna")
    change = {"present": "not the password", "new": "another good password"}
    send = [anna.send("POST", "/api/v1/session/password", json=change) for _ in range(6)]
    assert [answer.status_code for answer in send] == [422] * 5 + [429]


def test_a_new_password_that_is_refused_is_no_failure_to_sign_in(site: Site) -> None:
    """Whoever knows the present one may look for a good one as often as it takes."""
    anna = site.signed_in("anna")
    for new in ("short", PASSWORD, "121212121212") * 2:
        change = {"present": PASSWORD, "new": new}
        assert anna.send("POST", "/api/v1/session/password", json=change).status_code == 422
    assert site.browser().sign_in("anna").status_code == 200


def test_password_must_be_changed_first(site: Site) -> None:
    """With a one-time password nothing is open but changing it, who am I, and the way out."""
    accounts.add_user(
        site.database, "anna", Role.ADMIN, PASSWORD, site.clock(), must_change_password=True
    )
    anna = site.browser()
    assert anna.sign_in("anna").json()["must_change_password"] is True
    for method, path in (("GET", "/api/read"), ("DELETE", "/api/study"), ("GET", "/api/v1/users")):
        answer = anna.send(method, path)
        assert (answer.status_code, answer.json()["code"]) == (403, "password_change")
    assert anna.get("/api/v1/session").status_code == 200
    change = {"present": PASSWORD, "new": "another good password"}
    assert anna.send("POST", "/api/v1/session/password", json=change).status_code == 204
    assert anna.get("/api/read").status_code == 200


def test_hash_is_renewed_when_parameters_change(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sign-in after an upgrade of the parameters leaves a stronger hash behind."""
    from argon2 import PasswordHasher  # noqa: PLC0415

    def kept() -> str:
        with site.database.read() as session:
            return session.scalars(select(User.password_hash)).one()

    site.add_user("anna")
    before = kept()
    stronger = PasswordHasher(time_cost=2, memory_cost=64, parallelism=1)
    monkeypatch.setattr(passwords, "_HASHER", stronger)
    assert site.browser().sign_in("anna").status_code == 200
    assert "t=1" in before
    assert "t=2" in kept()
    assert site.browser().sign_in("anna").status_code == 200


# Cross-site request forgery


def test_changes_need_the_csrf_token(site: Site) -> None:
    """The cookie alone, which a browser sends by itself, changes nothing."""
    anna, bob = site.signed_in("anna", Role.OPERATOR), site.signed_in("bob", Role.OPERATOR)
    for given in ({}, {"X-CSRF-Token": ""}, {"X-CSRF-Token": bob.csrf}, {"X-CSRF-Token": "é"}):
        headers = [(name.encode(), value.encode()) for name, value in given.items()]
        answer = anna.client.post("/api/operate", headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "csrf")
    assert anna.send("POST", "/api/operate").status_code == 200
    assert anna.get("/api/read").status_code == 200  # reading needs none


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "http://127.0.0.1"}, 200),
        ({"Origin": "http://127.0.0.1:80"}, 200),
        ({"Origin": "http://127.0.0.1:8080"}, 403),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "http://127.0.0.1.evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://[half"}, 403),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "none"}, 200),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({}, 200),
    ],
)
def test_only_own_pages_change_things(site: Site, headers: dict[str, str], status: int) -> None:
    """A browser says which page asks; a stranger's is refused even with the right token."""
    anna = site.signed_in("anna", Role.OPERATOR)
    answer = anna.send("POST", "/api/operate", headers=headers)
    assert answer.status_code == status
    if status == 403:
        assert answer.json()["code"] == "cross_site"


def test_no_sign_in_from_elsewhere(site: Site) -> None:
    """Login CSRF: another site cannot sign a browser in under its own account."""
    site.add_user("mallory")
    answer = site.browser().client.post(
        "/api/v1/session",
        json={"name": "mallory", "password": PASSWORD},
        headers={"Origin": "http://evil.example"},
    )
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


def test_tokens_need_no_csrf_token(site: Site) -> None:
    """A program sends its token and nothing else; a cookie beside it does not matter."""
    headers = site.token("ris", "upload")
    assert site.browser().client.post("/upload", headers=headers).json() == "token:ris"
    anna = site.signed_in("anna", Role.OPERATOR)
    assert anna.client.post("/upload", headers=headers).json() == "token:ris"


def test_bad_token_is_not_saved_by_a_cookie(site: Site) -> None:
    """An Authorization header decides alone: a wrong one is refused, whoever is signed in."""
    anna = site.signed_in("anna")
    for value in ("Bearer hdl_wrong", "Bearer", "Basic YW5uYTphbm5h", ""):
        assert anna.get("/api/read", headers={"Authorization": value}).status_code == 401
