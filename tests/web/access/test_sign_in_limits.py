"""How often one may fail to sign in: attackers stop, others do not notice."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from access_site import PASSWORD, Site
from sqlalchemy import func, select

from heimdallr.store.models import LoginFailure, Role, User
from heimdallr.store.people import accounts, passwords, sign_in
from heimdallr.store.people.sign_in import Attempt, Refusal, Welcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from heimdallr.store.database import Database

LASTS = timedelta(hours=12)


@pytest.fixture
def door(guarded: Callable[..., Site], database: Database) -> Site:
    """A site with the user anna, on each kind of database."""
    site = guarded(database)
    site.add_user("anna")
    return site


def _fail(site: Site, times: int, name: str = "anna", address: str = "203.0.113.9") -> list[object]:
    return [
        sign_in.sign_in(site.database, Attempt(name, "wrong", address), site.clock(), LASTS)
        for _ in range(times)
    ]


def _try(site: Site, address: str, name: str = "anna") -> object:
    return sign_in.sign_in(site.database, Attempt(name, PASSWORD, address), site.clock(), LASTS)


def test_five_failures_and_a_quarter_of_an_hour(door: Site) -> None:
    """After five, not even the right password is looked at, until the window has passed."""
    assert _fail(door, 5) == [Refusal()] * 5
    assert _try(door, "203.0.113.9") == Refusal(timedelta(minutes=15))
    door.clock.forward(minutes=14, seconds=59)
    assert _try(door, "203.0.113.9") == Refusal(timedelta(seconds=1))
    door.clock.forward(seconds=1)
    assert isinstance(_try(door, "203.0.113.9"), Welcome)


def test_refused_attempts_do_not_prolong_the_wait(door: Site) -> None:
    """Hammering on neither helps nor writes."""
    _fail(door, 5)
    door.clock.forward(minutes=10)
    _fail(door, 50)
    with door.database.read() as session:
        assert session.scalar(select(func.count()).select_from(LoginFailure)) == 5
    door.clock.forward(minutes=5)
    assert isinstance(_try(door, "203.0.113.9"), Welcome)


def test_success_forgives(door: Site) -> None:
    """Who gets it right at the fifth try starts from nothing."""
    for _ in range(3):
        _fail(door, 4, address="10.1.2.3")
        assert isinstance(_try(door, "10.1.2.3"), Welcome)


def test_attacker_shuts_out_nobody_else(door: Site) -> None:
    """One address that fails for ever does not keep anna out at another one."""
    _fail(door, 60)
    assert isinstance(_try(door, "10.1.2.3"), Welcome)


def test_one_address_many_names(door: Site) -> None:
    """Spraying a password over many names ends at the thirtieth, for names that nobody has too."""
    outcomes = [_fail(door, 1, f"user{number}")[0] for number in range(31)]
    assert outcomes[:30] == [Refusal()] * 30
    assert outcomes[30] == Refusal(timedelta(minutes=15))


def test_one_name_many_addresses(door: Site) -> None:
    """A botnet has fifty tries; whoever signed in from their own address before still can."""
    assert isinstance(_try(door, "10.1.2.3"), Welcome)
    for number in range(50):
        _fail(door, 1, address=f"203.0.113.{number}")
    assert _try(door, "198.51.100.1") == Refusal(timedelta(minutes=15))
    assert isinstance(_try(door, "10.1.2.3"), Welcome)
    door.clock.forward(days=31)
    for number in range(50):
        _fail(door, 1, address=f"203.0.113.{number}")
    assert isinstance(_try(door, "10.1.2.3"), Refusal)  # known for thirty days only


def test_many_at_a_time_are_not_worth_more(door: Site) -> None:
    """Attempts are counted before the password is looked at, whichever process looks."""
    outcomes: list[object] = []
    gate = threading.Barrier(12)

    def attempt() -> None:
        gate.wait()
        outcomes.extend(_fail(door, 1))

    threads = [threading.Thread(target=attempt) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(outcomes) == 12
    assert outcomes.count(Refusal()) == 5


def test_new_password_lifts_the_limit(door: Site) -> None:
    """An administrator helps at once, however many failures there were."""
    _fail(door, 5, address="10.1.2.3")
    accounts.set_password(door.database, "anna", PASSWORD, door.clock(), must_change_password=False)
    assert isinstance(_try(door, "10.1.2.3"), Welcome)


def test_old_failures_are_removed(door: Site) -> None:
    """The table does not grow for ever."""
    _fail(door, 5)
    door.clock.forward(days=2)
    _fail(door, 1)
    with door.database.read() as session:
        assert session.scalar(select(func.count()).select_from(LoginFailure)) == 1


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2:aaaa::1", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("unix", "unix"),
        ("", ""),
    ],
)
def test_networks(address: str, network: str) -> None:
    """An IPv6 host has 2⁶⁴ addresses to itself; they count as one."""
    assert sign_in.network_of(address) == network


# No enumeration of users


def test_unknown_and_known_names_look_alike(site: Site) -> None:
    """A wrong password, no such user, a disabled user: one answer, and one amount of work."""
    site.add_user("anna")
    site.add_user("gone")
    with site.database.write() as session:
        accounts.set_disabled(session, "gone", disabled=True)
    cases = [("anna", "not the password"), ("nobody", PASSWORD), ("gone", PASSWORD), ("A B", "x")]
    answers = [site.browser().sign_in(*case) for case in cases]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.text for answer in answers}) == 1
    assert len({tuple(answer.headers) for answer in answers}) == 1
    for name in ("anna", "nobody"):
        codes = [site.browser("10.7.7.7").sign_in(name, "x").status_code for _ in range(6)]
        assert codes == [401] * 5 + [429]


def test_password_is_computed_for_nobody_too(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that nobody has costs an Argon2 computation with the same parameters."""
    site.add_user("anna")
    verified: list[str] = []
    real = passwords._HASHER

    class Counting:
        def verify(self, kept: str, password: str) -> bool:
            verified.append(kept.rsplit("$", 2)[0])
            return real.verify(kept, password)

        def __getattr__(self, name: str) -> object:
            return getattr(real, name)

    monkeypatch.setattr(passwords, "_HASHER", Counting())
    for name in ("anna", "nobody", "not a name!"):
        site.browser().sign_in(name, "not the password")
    assert len(verified) == 3
    assert len(set(verified)) == 1


def test_trail_does_not_repeat_what_was_typed_as_a_name(site: Site) -> None:
    """People type their password into the name field; it is kept nowhere."""
    site.browser().sign_in("my secret password", "x")
    site.browser().sign_in("anna-with-a-typo", "x")
    assert [(entry.actor, entry.outcome) for entry in site.trail()] == [("unknown", "refused")] * 2
    with site.database.read() as session:
        names = session.scalars(select(LoginFailure.name)).all()
    assert not any("secret" in name or "typo" in name for name in names)


@pytest.mark.parametrize(
    "body",
    [
        b'{"name":"a\\ud800","password":"x"}',
        b'{"name":"anna","password":"\\ud800"}',
        b'{"name":"anna\\u0000","password":"x"}',
        b'{"name":"","password":"x"}',
        b'{"name":"anna","password":""}',
        b'{"name":["anna"],"password":"x"}',
        b'{"name":"anna","password":"' + b"x" * 300 + b'"}',
        b"\xff",
        b"",
    ],
)
def test_odd_input(site: Site, body: bytes) -> None:
    """Whatever is sent, the answer is a refusal, and never repeats the password."""
    answer = site.browser().client.post(
        "/api/v1/session", content=body, headers={"Content-Type": "application/json"}
    )
    assert answer.status_code in {400, 401, 422}
    assert "xxx" not in answer.text


# The first start


def test_first_administrator_is_made_once(guarded: Callable[..., Site], database: Database) -> None:
    """However many services start at once, one of them gets the password, and it works."""
    site = guarded(database)
    gate = threading.Barrier(8)
    given: list[str | None] = []

    def start() -> None:
        gate.wait()
        given.append(accounts.ensure_administrator(database, site.clock()))

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (password,) = filter(None, given)
    assert len(given) == 8
    assert accounts.ensure_administrator(database, site.clock()) is None
    with database.read() as session:
        (user,) = session.scalars(select(User)).all()
    assert (user.name, user.role, user.must_change_password) == ("admin", Role.ADMIN, True)
    assert password not in user.password_hash
    answer = site.browser().sign_in("admin", password)
    assert answer.json()["must_change_password"] is True


def test_no_administrator_where_there_are_users(site: Site) -> None:
    """Who has made a user by hand gets no second way in."""
    site.add_user("anna", Role.ADMIN)
    assert accounts.ensure_administrator(site.database, site.clock()) is None


def test_one_time_passwords_differ_and_are_good() -> None:
    """A hundred bits each, easy to read, accepted by our own rule."""
    given = {passwords.one_time() for _ in range(50)}
    assert len(given) == 50
    for password in given:
        passwords.check(password, "admin")
        assert not set("l0o1I") & set(password)
