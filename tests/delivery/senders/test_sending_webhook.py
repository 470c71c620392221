"""Webhooks: who gets one can check where it is from, and knows what it has had before."""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime, timezone
from typing import TYPE_CHECKING

import pytest
from fake_web import FakeWeb, Request, Told

from heimdallr.delivery.destinations import Webhook
from heimdallr.delivery.senders.own_node import OwnNode, Patience
from heimdallr.delivery.senders.webhook import WebhookSender
from heimdallr.delivery.sending import Answer, Fate, Item

if TYPE_CHECKING:
    from pathlib import Path

OWN = OwnNode("HEIMDALLR", patience=Patience(connect_s=5, answer_s=5, store_s=20))
BODY = '{"event": "case.completed", "text": "fígado"}'.encode()
NOW = datetime(2026, 11, 29, 12, tzinfo=timezone.utc)


@pytest.fixture
def item(tmp_path: Path) -> Item:
    """An event."""
    path = tmp_path / "event.json"
    path.write_bytes(BODY)
    return Item("17", path, "application/json")


def send(url: str, item: Item, secret: str = "s3cret") -> Answer:  # noqa: S107 - of a test
    """The answer."""
    ((_, answer),) = WebhookSender(Webhook(url=url), secret, OWN, lambda: NOW).send([item])
    return answer


def is_ours(request: Request, secret: str, now: float) -> bool:
    """What a receiver checks; ``docs/integration.md`` shows the same lines."""
    timestamp = request.headers["x-heimdallr-timestamp"]
    signed = timestamp.encode() + b"." + request.body
    expected = "sha256=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    is_recent = abs(now - int(timestamp)) < 300
    return is_recent and hmac.compare_digest(expected, request.headers["x-heimdallr-signature"])


def test_a_receiver_can_check_what_it_gets(item: Item) -> None:
    """Body and time are signed; an old one, another body, another secret are found out."""
    web = FakeWeb()
    with web.running() as url:
        assert send(f"{url}/hooks", item) == Answer(Fate.SENT)
    (asked,) = web.asked
    assert (asked.method, asked.path, asked.body) == ("POST", "/hooks", BODY)
    assert asked.headers["content-type"] == "application/json"
    assert is_ours(asked, "s3cret", NOW.timestamp())
    assert not is_ours(asked, "other", NOW.timestamp())
    assert not is_ours(asked, "s3cret", NOW.timestamp() + 900)
    changed = Request(asked.method, asked.path, asked.headers, BODY + b" ")
    assert not is_ours(changed, "s3cret", NOW.timestamp())


def test_the_same_again_has_the_same_number(item: Item) -> None:
    """So that a receiver that answered, unheard, does nothing twice; another event has another."""
    web = FakeWeb()
    with web.running() as url:
        send(url, item)
        send(url, item)
        item.path.write_bytes(b"{}")
        send(url, item)
    one, again, other = (asked.headers["x-heimdallr-delivery"] for asked in web.asked)
    assert one == again != other


def test_without_a_secret_nothing_is_signed(item: Item) -> None:
    """Rather than with an empty one."""
    web = FakeWeb()
    with web.running() as url:
        send(url, item, "")
    assert "x-heimdallr-signature" not in web.asked[0].headers
    assert "authorization" not in web.asked[0].headers


@pytest.mark.parametrize(
    ("status", "fate"),
    [
        (201, Fate.SENT),
        (204, Fate.SENT),
        (302, Fate.REFUSED),
        (400, Fate.REFUSED),
        (401, Fate.REFUSED),
        (408, Fate.LATER),
        (409, Fate.REFUSED),
        (410, Fate.REFUSED),
        (425, Fate.LATER),
        (429, Fate.LATER),
        (500, Fate.LATER),
        (503, Fate.LATER),
    ],
)
def test_answers(item: Item, status: int, fate: Fate) -> None:
    """What may pass is tried again, the rest is told to a person."""
    told = Told(status, b"rule 7", "text/plain", {"Retry-After": "9", "Location": "/elsewhere"})
    web = FakeWeb(lambda _request: told)
    with web.running() as url:
        answer = send(url, item)
    assert answer.fate is fate
    assert len(web.asked) == 1
    if fate is Fate.LATER:
        assert answer.not_before_s == 9
        assert answer.why is not None
        assert "it said “rule 7”" in answer.why.text


def test_nobody_listens_or_the_file_is_gone(item: Item) -> None:
    """It is tried again."""
    with FakeWeb().running() as url:
        item.path.rename(item.path.with_suffix(".away"))
        assert send(url, item).fate is Fate.LATER
        item.path.with_suffix(".away").rename(item.path)
    answer = send(url, item)
    assert answer.fate is Fate.LATER
    assert answer.why is not None
    assert answer.why.code == "nobody_listens"


def test_trying_out_a_destination() -> None:
    """Only the address is asked, nothing is delivered; a missing secret is said."""

    def test(url: str, secret: str) -> list[tuple[str, bool | None]]:
        sender = WebhookSender(Webhook(url=url), secret, OWN)
        return [(check.name, check.ok) for check in sender.test()]

    for status, is_reachable in ((200, True), (405, True), (404, False), (403, False)):
        web = FakeWeb(lambda _request, status=status: Told(status))  # type: ignore[misc]
        with web.running() as url:
            assert test(url, "s3cret") == [("reachable", is_reachable), ("signature", True)]
            assert test(url, "")[1] == ("signature", None)
        assert {asked.method for asked in web.asked} == {"HEAD"}
    assert test(url, "") == [("reachable", False)]
