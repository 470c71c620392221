"""`/api/v1/changes` on a real socket: what a browser that follows gets to know."""

from __future__ import annotations

import json
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from web_service import served

from heimdallr.store.models import StudyState
from heimdallr.store.work import lifecycle
from heimdallr.web import change_feed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from web_service import Service


@dataclass
class Event:
    """One server-sent event."""

    kind: str
    data: Any
    number: str


class Stream:
    """A stream that is being read."""

    def __init__(self, response: httpx.Response) -> None:
        self._lines = response.iter_lines()

    def next(self) -> Event:
        """The next event; comments are passed over."""
        kind = data = number = ""
        for line in self._lines:
            field, _, value = line.partition(": ")
            kind = value if field == "event" else kind
            data = value if field == "data" else data
            number = value if field == "id" else number
            if not line and kind:
                return Event(kind, json.loads(data), number)
        pytest.fail("the stream ended")

    def until(self, kind: str) -> Event:
        """The next event of a kind."""
        while (event := self.next()).kind != kind:
            pass
        return event

    def rest(self) -> list[str]:
        """What comes until the end."""
        return list(self._lines)


@contextmanager
def following(address: str, **headers: str) -> Iterator[Stream]:
    """Follow the changes, as a browser does."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    url = f"{address}/api/v1/changes"
    with httpx.stream("GET", url, headers=names, timeout=60) as response:
        assert response.status_code == 200, response.read()
        assert response.headers["content-type"].startswith("text/event-stream")
        yield Stream(response)


def urgent(service: Service, number: int) -> None:
    """Change something of a study."""
    with service.database.write() as session:
        lifecycle.set_priority(session, number, 1, service.app.state.heimdallr.now(), "test")


def test_a_change_is_told_at_once(service: Service, address: str) -> None:
    """The row as it is now, within a second or two."""
    number = service.add("1.9", StudyState.QUEUED)
    with following(address) as stream:
        ready = stream.until("ready")
        assert ready.number
        urgent(service, number)
        begun = time.monotonic()
        event = stream.until("study")
        assert time.monotonic() - begun < 5
        assert (event.data["id"], event.data["stat"]) == (number, True)
        assert event.number != ready.number


def test_a_deletion_is_told(service: Service, address: str) -> None:
    """The row disappears from every open worklist."""
    number = service.add("1.9", StudyState.DONE)
    with following(address) as stream:
        stream.until("ready")
        assert httpx.delete(f"{address}/api/v1/studies/{number}").status_code == 200
        assert stream.until("removed").data == {"id": number}


def test_nothing_is_missed_between_two_connections(service: Service, address: str) -> None:
    """A browser that comes back says what it saw last."""
    number = service.add("1.9", StudyState.QUEUED)
    with following(address) as stream:
        last = stream.until("ready").number
    urgent(service, number)
    other = service.add("1.8", StudyState.RECEIVING)
    with following(address, Last_Event_ID=last) as stream:
        told = {stream.until("study").data["id"], stream.until("study").data["id"]}
        assert told == {number, other}
        assert stream.until("ready").number != last


def test_several_follow_at_once(service: Service, address: str) -> None:
    """Everybody is told."""
    number = service.add("1.9", StudyState.QUEUED)
    with following(address) as one, following(address) as two:
        one.until("ready")
        two.until("ready")
        urgent(service, number)
        assert one.until("study").data["id"] == two.until("study").data["id"] == number
    figures = service.client.get("/metrics").text
    assert "heimdallr_followers" in figures


def test_too_many_changes_are_not_replayed(
    service: Service, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a long absence the page is loaded anew."""
    monkeypatch.setattr("heimdallr.store.changes.MOST", 2)
    with following(address) as stream:
        last = stream.until("ready").number
    for study in range(4):
        service.add(f"1.{study}", StudyState.QUEUED)
    with following(address, Last_Event_ID=last) as stream:
        assert stream.next().kind == "reset"


def test_too_many_followers(
    service: Service, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One more than allowed is told to ask now and then."""
    del service
    monkeypatch.setattr(change_feed, "MAX_FOLLOWERS", 1)
    with following(address) as stream:
        stream.until("ready")
        refused = httpx.get(f"{address}/api/v1/changes")
        assert refused.status_code == 503
        assert refused.headers["retry-after"] == "30"


def test_a_quiet_stream_is_kept_alive(
    service: Service, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A comment now and then, and an end after its time."""
    del service
    monkeypatch.setattr(change_feed, "HEARTBEAT_S", 0.2)
    monkeypatch.setattr(change_feed, "LIFETIME_S", 1.0)
    with following(address) as stream:
        assert ": still here" in stream.rest()


def test_a_malformed_number_is_refused(service: Service) -> None:
    """Nobody but us makes them."""
    answer = service.client.get("/api/v1/changes", headers={"Last-Event-ID": "1; DROP"})
    assert answer.status_code == 422


def test_the_service_stops_although_somebody_follows(service: Service) -> None:
    """A stream without an end does not hold the service."""
    begun = time.monotonic()
    with served(service) as address, following(address) as stream:
        stream.until("ready")
        begun = time.monotonic()
        service.app.state.heimdallr.stopping.set()
        stream.rest()
    assert time.monotonic() - begun < 8
