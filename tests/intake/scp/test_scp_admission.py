"""How many connections and associations there are at a time."""

from __future__ import annotations

from heimdallr.intake.scp.admission import Places, WaitingRoom


def test_the_oldest_gives_way() -> None:
    """A full waiting room takes in the new one: whoever means it asks at once."""
    gone: list[str] = []
    room: WaitingRoom[str] = WaitingRoom(3, 3, gone.append)
    for number in range(5):
        room.enter(f"c{number}", f"10.0.0.{number}")
    assert gone == ["c0", "c1"]
    assert room.everyone() == ["c2", "c3", "c4"]


def test_an_address_is_at_its_own_expense() -> None:
    """One that opens many connections loses its own, not another's."""
    gone: list[str] = []
    room: WaitingRoom[str] = WaitingRoom(10, 2, gone.append)
    room.enter("good", "10.0.0.1")
    for number in range(6):
        room.enter(f"bad{number}", "10.0.0.2")
    assert gone == ["bad0", "bad1", "bad2", "bad3"]
    room.leave("good")
    room.leave("good")
    assert room.everyone() == ["bad4", "bad5"]


def test_places_are_limited_altogether_and_for_each_address() -> None:
    """No address takes every place; one that is given back can be taken again."""
    places = Places(3, 2)
    assert places.take("a")
    assert places.take("a")
    assert not places.take("a")
    assert places.take("b")
    assert not places.take("c")
    places.give_back("a")
    assert places.take("c")
    assert places.taken == 3
