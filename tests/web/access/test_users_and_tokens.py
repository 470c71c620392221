"""Managing users and tokens, and reading the audit trail, over the API."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from heimdallr.domain.errors import AccountError
from heimdallr.store.models import ApiToken, Role
from heimdallr.store.people import accounts, tokens

if TYPE_CHECKING:
    from collections.abc import Callable

    from access_site import Browser, Site

    from heimdallr.store.database import Database


@pytest.fixture
def root(site: Site) -> Browser:
    """An administrator's browser."""
    return site.signed_in("root", Role.ADMIN)


def test_a_users_first_day(site: Site, root: Browser) -> None:
    """Made by an administrator, who sees the one-time password once; then anna's own."""
    made = root.send("POST", "/api/v1/users", json={"name": "Anna", "role": "viewer"})
    assert made.status_code == 201
    assert made.json()["name"] == "anna"
    anna = site.browser()
    assert anna.sign_in("anna", made.json()["password"]).json()["must_change_password"]
    change = {"present": made.json()["password"], "new": "a password of her own"}
    assert anna.send("POST", "/api/v1/session/password", json=change).status_code == 204
    listed = root.get("/api/v1/users").json()["users"]
    assert [user["name"] for user in listed] == ["anna", "root"]
    assert "password" not in str(listed[0]).replace("must_change_password", "")
    assert (
        anna.send("POST", "/api/v1/users", json={"name": "b", "role": "admin"}).status_code == 403
    )


def test_forgotten_password(site: Site, root: Browser) -> None:
    """A new one-time password; whoever was signed in with the old one is out."""
    anna = site.signed_in("anna")
    answer = root.send("POST", "/api/v1/users/ANNA/password")
    assert anna.get("/api/read").status_code == 401
    assert anna.sign_in("anna").status_code == 401
    assert anna.sign_in("anna", answer.json()["password"]).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/api/v1/users", {"name": "root", "role": "viewer"}, 409),
        ("POST", "/api/v1/users", {"name": "../etc", "role": "viewer"}, 409),
        ("POST", "/api/v1/users", {"name": "a\u0000b", "role": "viewer"}, 409),
        ("POST", "/api/v1/users", {"name": "anna", "role": "owner"}, 422),
        ("PATCH", "/api/v1/users/nobody", {"disabled": True}, 404),
        ("PATCH", "/api/v1/users/a%00b", {"disabled": True}, 422),
        ("PATCH", "/api/v1/users/root", {"disabled": True}, 409),
        ("PATCH", "/api/v1/users/root", {"role": "viewer"}, 409),
        ("POST", "/api/v1/users/nobody/password", None, 404),
        ("POST", "/api/v1/tokens", {"name": "x", "scopes": []}, 422),
        ("POST", "/api/v1/tokens", {"name": "x", "scopes": ["everything"]}, 422),
        ("POST", "/api/v1/tokens", {"name": "a b", "scopes": ["read"]}, 409),
        ("POST", "/api/v1/tokens", {"name": "x", "scopes": ["read"], "days": -1}, 422),
        ("POST", "/api/v1/tokens", {"name": "x", "scopes": ["read"], "days": 1e300}, 422),
        ("DELETE", "/api/v1/tokens/nobody", None, 404),
    ],
)
def test_what_cannot_be_done(
    root: Browser, method: str, path: str, body: object, status: int
) -> None:
    """Refused as a problem; above all nobody can take the last administrator away."""
    answer = root.send(method, path, json=body)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert root.get("/api/v1/users").status_code == 200


def test_two_administrators_cannot_remove_each_other(
    guarded: Callable[..., Site], database: Database
) -> None:
    """At the same instant, one of them stays."""
    site = guarded(database)
    for name in ("ann", "ben"):
        site.add_user(name, Role.ADMIN)
    gate = threading.Barrier(2)
    refused: list[str] = []

    def demote(name: str) -> None:
        gate.wait()
        try:
            with database.write() as session:
                accounts.set_role(session, name, Role.VIEWER)
        except AccountError:
            refused.append(name)

    threads = [threading.Thread(target=demote, args=(name,)) for name in ("ann", "ben")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.read() as session:
        roles = [account.role for account in accounts.accounts(session)]
    assert len(refused) == 1
    assert roles.count(Role.ADMIN) == 1


def test_a_tokens_life(guarded: Callable[..., Site], database: Database) -> None:
    """Made, shown once, used, seen to be used, revoked."""
    site = guarded(database)
    root = site.signed_in("root", Role.ADMIN)
    made = root.send(
        "POST", "/api/v1/tokens", json={"name": "ris", "scopes": ["read", "upload"], "days": 1}
    ).json()
    secret = made["secret"]
    assert secret.startswith("hdl_")
    assert len(secret) >= 47
    program = site.browser("10.0.0.8").client
    headers = {"Authorization": f"Bearer {secret}"}
    assert program.get("/api/read", headers=headers).json() == "token:ris"
    (listed,) = root.get("/api/v1/tokens").json()["tokens"]
    assert listed["created_by"] == "root"
    assert listed["last_used_at"] is not None
    assert secret not in str(listed)
    with database.read() as session:
        assert secret not in vars(session.scalars(select(ApiToken)).one()).values()
    assert root.send("DELETE", "/api/v1/tokens/ris").json()["revoked_at"] is not None
    assert program.get("/api/read", headers=headers).status_code == 401
    again = root.send("POST", "/api/v1/tokens", json={"name": "ris", "scopes": ["read"]})
    assert again.status_code == 409  # the trail speaks of one `ris` only


def test_token_expires(site: Site) -> None:
    """It works until its last second."""
    headers = site.token("ris", "read", lasts=timedelta(days=1))
    program = site.browser().client
    site.clock.forward(days=1, seconds=-1)
    assert program.get("/api/read", headers=headers).status_code == 200
    site.clock.forward(seconds=1)
    assert program.get("/api/read", headers=headers).status_code == 401


def test_last_use_is_not_written_every_time(site: Site) -> None:
    """A busy program costs one write in five minutes."""
    headers = site.token("ris", "read")
    program = site.browser().client

    def used() -> object:
        with site.database.read() as session:
            return tokens.tokens(session)[0].last_used_at

    program.get("/api/read", headers=headers)
    first = used()
    site.clock.forward(minutes=4)
    program.get("/api/read", headers=headers)
    assert used() == first
    site.clock.forward(minutes=2)
    program.get("/api/read", headers=headers)
    assert used() != first


def test_token_cannot_change_a_password(site: Site) -> None:
    """It has none, and no session to end."""
    headers = site.token("ris", "admin")
    body = {"present": "x", "new": "another good password"}
    program = site.browser().client
    assert program.post("/api/v1/session/password", json=body, headers=headers).status_code == 403
    who = program.get("/api/v1/session", headers=headers).json()
    assert (who["kind"], who["role"], who["csrf_token"]) == ("token", None, None)


# The audit trail


def test_trail_tells_who_did_what(site: Site, root: Browser) -> None:
    """Sign-ins, failures, refusals and changes are there, with names and addresses."""
    root.send("POST", "/api/v1/users", json={"name": "anna", "role": "operator"})
    root.send("PATCH", "/api/v1/users/anna", json={"role": "viewer", "disabled": True})
    root.send("POST", "/api/v1/tokens", json={"name": "ris", "scopes": ["read"]})
    site.browser("10.6.6.6").sign_in("root", "not the password")
    site.browser("10.8.8.8").client.delete("/api/study", headers=site.token("pacs", "read"))
    told = [
        (entry.actor, entry.address, entry.action, entry.object, entry.outcome, entry.details)
        for entry in site.trail()
    ]
    assert told == [
        ("user:root", "10.1.2.3", "session.sign_in", "", "ok", ""),
        ("user:root", "10.1.2.3", "user.create", "user:anna", "ok", "role operator"),
        ("user:root", "10.1.2.3", "user.change", "user:anna", "ok", "role viewer, shut out"),
        ("user:root", "10.1.2.3", "token.create", "token:ris", "ok", "scopes read"),
        ("user:root", "10.6.6.6", "session.sign_in", "", "refused", ""),
        ("token:pacs", "10.8.8.8", "access", "", "refused", "DELETE /api/study"),
    ]


def test_trail_is_read_in_pages(site: Site, root: Browser) -> None:
    """The newest first, every entry once, although reading adds entries."""
    for number in range(7):
        site.browser(f"10.0.0.{number}").sign_in("root", "not the password")
    seen: list[int] = []
    before = ""
    while True:
        page = root.get(f"/api/v1/audit?limit=3&outcome=refused{before}").json()
        seen += [entry["id"] for entry in page["entries"]]
        if page["next"] is None:
            break
        before = f"&before={page['next']}"
    assert len(seen) == len(set(seen)) == 7
    assert seen == sorted(seen, reverse=True)


def test_trail_is_filtered(site: Site, root: Browser) -> None:
    """By actor, by action or its family, by object, by time."""
    start = site.clock()
    site.clock.forward(hours=1)
    root.send("POST", "/api/v1/users", json={"name": "anna", "role": "operator"})
    root.send("POST", "/api/v1/users/anna/password")

    def actions(**wanted: str) -> list[str]:
        answer = root.get("/api/v1/audit", params=wanted)
        assert answer.status_code == 200, answer.text
        return [entry["action"] for entry in answer.json()["entries"]]

    assert actions(object="user:anna") == ["user.password", "user.create"]
    assert actions(action="user") == ["user.password", "user.create"]
    assert actions(action="user.create") == ["user.create"]
    assert actions(action="use") == []
    assert actions(action="%") == []
    assert actions(actor="user:anna") == []
    later = (start + timedelta(minutes=1)).isoformat()
    assert actions(until=later) == ["session.sign_in"]
    assert "session.sign_in" not in actions(since=later)


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=1001", "before=0", "before=99999999999999999999", "since=yesterday",
     "since=2026-02-01T00:00:00", "since=0001-01-01T00:00:00%2B14:00", "actor=a%00b", "sort=at"],
)  # fmt: skip
def test_odd_questions_to_the_trail(root: Browser, query: str) -> None:
    """Refused as invalid, not answered by a fault."""
    assert root.get(f"/api/v1/audit?{query}").status_code == 422
