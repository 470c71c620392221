"""A clock that was years ahead and has been set right: nobody is shut out, and nothing lasts."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from access_site import PASSWORD, Site
from sqlalchemy import func, select

from heimdallr.store.clock import SKEW
from heimdallr.store.models import AuditEntry, LoginFailure, Role
from heimdallr.store.people import accounts, sign_in
from heimdallr.store.people.passwords import ONE_TIME_FOR
from heimdallr.store.people.sign_in import Attempt, Refusal, Welcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from heimdallr.store.database import Database

LASTS = timedelta(hours=12)
AHEAD = timedelta(days=3 * 365)
HERE = "203.0.113.9"


@pytest.fixture
def door(guarded: Callable[..., Site], database: Database) -> Site:
    """A site with the user anna, on each kind of database."""
    site = guarded(database)
    site.add_user("anna")
    return site


def _sign_in(site: Site, password: str = PASSWORD) -> Refusal | Welcome:
    return sign_in.sign_in(site.database, Attempt("anna", password, HERE), site.clock(), LASTS)


def test_failures_of_a_time_to_come_keep_nobody_waiting(door: Site) -> None:
    """They are forgotten with the next attempt."""
    door.clock.forward(days=AHEAD.days)
    for _ in range(5):
        _sign_in(door, "wrong")
    assert _sign_in(door) == Refusal(timedelta(minutes=15))
    door.clock.forward(days=-AHEAD.days)
    assert _sign_in(door, "wrong") == Refusal()
    with door.database.read() as session:
        assert session.scalar(select(func.count()).select_from(LoginFailure)) == 1
    assert isinstance(_sign_in(door), Welcome)


def test_clocks_a_little_apart_count_together_and_no_wait_is_longer_than_usual(
    door: Site,
) -> None:
    """Two web servers whose clocks differ by seconds let nobody try twice as often."""
    door.clock.forward(seconds=SKEW.total_seconds())
    for _ in range(5):
        _sign_in(door, "wrong")
    door.clock.forward(seconds=-SKEW.total_seconds())
    assert _sign_in(door) == Refusal(timedelta(minutes=15))


def test_a_sign_in_of_a_time_to_come_makes_no_address_known(door: Site) -> None:
    """Else whoever signed in then is spared the limits for years."""
    with door.database.write() as session:
        session.add(
            AuditEntry(
                at=door.clock() + AHEAD, actor="user:anna", action=sign_in.ACTION, address=HERE
            )
        )
        now = door.clock()
        assert not sign_in._known(session, Attempt("anna", PASSWORD, HERE), now)
        assert sign_in._known(session, Attempt("anna", PASSWORD, HERE), now + AHEAD)


@pytest.mark.parametrize("what", ["opened", "seen"])
def test_sessions_of_a_time_to_come_open_nothing(site: Site, what: str) -> None:
    """Whether they began then or were used then; one signs in again."""
    if what == "seen":
        anna = site.signed_in("anna")
        site.clock.forward(hours=2)
        assert anna.get("/api/read").status_code == 200
        site.clock.forward(hours=-1)
    else:
        site.clock.forward(days=AHEAD.days)
        anna = site.signed_in("anna")
        assert anna.get("/api/read").status_code == 200
        site.clock.forward(days=-AHEAD.days)
    assert anna.get("/api/read").status_code == 401
    assert anna.sign_in("anna").status_code == 200
    assert anna.get("/api/read").status_code == 200


def test_tokens_of_a_time_to_come_open_nothing_and_say_so(site: Site) -> None:
    """An administrator sees why in the list; one that is older works on, and is seen used."""
    old = site.token("old", "read")
    site.clock.forward(days=AHEAD.days)
    new, ends = site.token("new", "read"), site.token("ends", "read", lasts=timedelta(days=90))
    for headers in (old, new, ends):
        assert site.browser().get("/api/read", headers=headers).status_code == 200
    site.clock.forward(days=-AHEAD.days)
    answers = [site.browser().get("/api/read", headers=one) for one in (old, new, ends)]
    assert [one.status_code for one in answers] == [200, 401, 401]
    listed = site.signed_in("root", Role.ADMIN).get("/api/v1/tokens").json()["tokens"]
    assert {one["name"]: one["state"] for one in listed} == {
        "old": "valid", "new": "future", "ends": "future"
    }  # fmt: skip
    used = next(one["last_used_at"] for one in listed if one["name"] == "old")
    assert used == site.clock().isoformat().replace("+00:00", "Z")


def test_a_one_time_password_expires_and_says_why(site: Site) -> None:
    """To who knows it; another one helps, and one's own does not expire."""
    root = site.signed_in("root", Role.ADMIN)
    made = root.send("POST", "/api/v1/users", json={"name": "anna", "role": "viewer"}).json()
    until = root.get("/api/v1/users").json()["users"][0]["one_time_until"]
    assert until == (site.clock() + ONE_TIME_FOR).isoformat().replace("+00:00", "Z")
    site.clock.forward(days=7)
    anna = site.browser()
    refused = anna.sign_in("anna", made["password"])
    assert (refused.status_code, refused.json()["code"]) == (401, "password_expired")
    assert "7 days" in refused.json()["detail"]
    assert "administrator" in refused.json()["detail"]
    assert anna.sign_in("anna", "wrong").json()["code"] == "wrong_credentials"
    assert [(one.outcome, one.details) for one in site.trail("session.sign_in")][-2:] == [
        ("refused", "the one-time password has expired"), ("refused", ""),
    ]  # fmt: skip
    root = site.browser()
    assert root.sign_in("root").status_code == 200
    again = root.send("POST", "/api/v1/users/anna/password").json()["password"]
    assert anna.sign_in("anna", again).status_code == 200
    change = {"present": again, "new": "a password of her own"}
    assert anna.send("POST", "/api/v1/session/password", json=change).status_code == 204
    site.clock.forward(days=3650)
    assert anna.sign_in("anna", "a password of her own").status_code == 200


def test_a_one_time_password_of_a_time_to_come_has_expired(site: Site) -> None:
    """It would last for years otherwise, the first administrator's too."""
    password = accounts.ensure_administrator(site.database, site.clock() + AHEAD)
    assert password is not None
    refused = site.browser().sign_in("admin", password)
    assert refused.json()["code"] == "password_expired"
