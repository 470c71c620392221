"""STOW-RS: what an archive's answer says of an instance, and what it does not say is asked for."""

from __future__ import annotations

import json
import threading
from io import BytesIO
from typing import TYPE_CHECKING

import pytest
from fake_web import FakeWeb, Request, Told
from orthanc import PASSWORD, USER
from pydicom import dcmread
from sent_objects import LABEL_MAP, RLE, SR, uid_of, write_object, write_objects

from heimdallr.delivery.destinations import DicomWeb
from heimdallr.delivery.senders.dicomweb import DicomWebSender
from heimdallr.delivery.senders.own_node import OwnNode, Patience
from heimdallr.delivery.sending import Answer, Fate, Item

if TYPE_CHECKING:
    from pathlib import Path

    from certificates import Pair
    from orthanc import Orthanc

OWN = OwnNode("HEIMDALLR", patience=Patience(connect_s=5, answer_s=5, store_s=20))
HURRIED = OwnNode("HEIMDALLR", patience=Patience(connect_s=1, answer_s=0.5, store_s=0.5))
FAILED, STORED = "00081198", "00081199"
REASONS = {"warning": "00081196", "failure": "00081197"}


def send(
    url: str, items: list[Item], token: str = "", own: OwnNode = OWN, **archive: object
) -> dict[str, Answer]:
    """Key → answer, in the order in which they came."""
    peer = DicomWeb.model_validate({"url": url, **archive})
    return dict(DicomWebSender(peer, token, own).send(items))


def code(answer: Answer) -> str:
    """Of the reason."""
    assert answer.why is not None
    return answer.why.code


def says(sequence: str, number: int, **reason: int) -> bytes:
    """The body of a STOW-RS answer about one instance."""
    one: dict[str, object] = {"00081155": {"vr": "UI", "Value": [uid_of(number)]}}
    one |= {REASONS[name]: {"vr": "US", "Value": [value]} for name, value in reason.items()}
    return json.dumps({sequence: {"vr": "SQ", "Value": [one]}}).encode()


@pytest.fixture
def item(tmp_path: Path) -> Item:
    """One object."""
    return write_object(tmp_path / "1.dcm", SR, 1)


def archive_that(status: int, body: bytes, *, found: bool = False) -> FakeWeb:
    """Answers so to STOW-RS, and to QIDO-RS whether it has the instance."""

    def answer(request: Request) -> Told:
        if request.method == "POST":
            return Told(status, body, "application/dicom+json")
        itself = [{"00080018": {"vr": "UI", "Value": [uid_of(1)]}}]
        return Told(200, json.dumps(itself if found else []).encode(), "application/dicom+json")

    return FakeWeb(answer)


def test_the_object_goes_as_it_is(item: Item) -> None:
    """One part, of a known length, with the token of the destination."""
    web = archive_that(200, says(STORED, 1))
    with web.running() as url:
        assert send(f"{url}/dicom-web/", [item], "a-token") == {"1": Answer(Fate.SENT)}
    (asked,) = web.asked
    assert (asked.method, asked.path) == ("POST", "/dicom-web/studies")
    assert asked.headers["authorization"] == "Bearer a-token"
    assert "transfer-encoding" not in asked.headers
    kind, _, boundary = asked.headers["content-type"].rpartition("; boundary=")
    assert kind == 'multipart/related; type="application/dicom"'
    head, _, rest = asked.body.partition(b"\r\n\r\n")
    assert head == f"--{boundary}\r\nContent-Type: application/dicom".encode()
    assert rest == item.path.read_bytes() + f"\r\n--{boundary}--\r\n".encode()


@pytest.mark.parametrize(
    ("status", "body", "found", "fate", "reason"),
    [
        (202, says(STORED, 1, warning=0xB000), False, Fate.SENT, "stored_with_warning"),
        (409, says(FAILED, 1, failure=0xA900), False, Fate.REFUSED, "archive_refuses_object"),
        (409, says(FAILED, 1, failure=0xA700), False, Fate.LATER, "archive_cannot_store_now"),
        (409, says(FAILED, 1), False, Fate.LATER, "archive_cannot_store_now"),
        (409, says(FAILED, 7), True, Fate.SENT, ""),
        (409, b"{}", False, Fate.REFUSED, "web_refused"),
        (400, b'{"Details": "not DICOM"}', False, Fate.REFUSED, "web_refused"),
        (400, b"", True, Fate.SENT, ""),
        (200, b"<html>welcome</html>", False, Fate.LATER, "stored_but_not_found"),
        (200, b"[[[[", True, Fate.SENT, ""),
        (401, b"", False, Fate.REFUSED, "web_sign_in_refused"),
        (403, b"", False, Fate.REFUSED, "web_sign_in_refused"),
        (404, b"", False, Fate.REFUSED, "web_address_wrong"),
        (413, b"", False, Fate.REFUSED, "web_refused"),
        (415, b"", False, Fate.REFUSED, "web_refused"),
        (429, b"", False, Fate.LATER, "web_failed"),
        (500, b"", False, Fate.LATER, "web_failed"),
        (503, b'{"message": "backup until six"}', False, Fate.LATER, "web_failed"),
    ],
)  # fmt: skip
def test_answers(
    item: Item, status: int, body: bytes, *, found: bool, fate: Fate, reason: str
) -> None:
    """Of the instance where the archive names it, of its status where it does not."""
    with archive_that(status, body, found=found).running() as url:
        answer = send(url, [item])["1"]
    assert answer.fate is fate
    assert (answer.why.code if answer.why else "") == reason
    assert answer.may_have_arrived is (status == 500 or reason == "stored_but_not_found")
    if b"backup" in body:
        assert answer.why is not None
        assert "backup until six" in answer.why.text


def test_an_archive_that_wants_to_be_left_alone(item: Item) -> None:
    """Retry-After is handed on."""
    told = Told(503, headers={"Retry-After": "120"})
    with FakeWeb(lambda _request: told).running() as url:
        answer = send(url, [item])["1"]
    assert (answer.fate, answer.not_before_s) == (Fate.LATER, 120)


def test_nothing_is_sent_where_nobody_asked_for(item: Item) -> None:
    """A redirect, to another host or the same, is told and not followed."""
    other = FakeWeb()
    with other.running() as elsewhere:
        told = Told(307, headers={"Location": f"{elsewhere}/studies"})
        with FakeWeb(lambda _request: told).running() as url:
            answer = send(url, [item], "a-token")["1"]
    assert (answer.fate, code(answer)) == (Fate.REFUSED, "web_redirected")
    assert not other.asked


def test_peers_that_cannot_be_reached_or_do_not_answer(item: Item) -> None:
    """All wait for another time."""
    web = FakeWeb()
    with web.running() as url:
        pass
    assert code(send(url, [item])["1"]) == "nobody_listens"
    assert code(send("http://archive.invalid", [item])["1"]) == "peer_name_unknown"
    over = threading.Event()

    def stall(_request: Request) -> Told:
        over.wait(30)
        return Told()

    with FakeWeb(stall).running() as url:
        answer = send(url, [item], own=HURRIED)["1"]
        over.set()
    assert (answer.fate, code(answer)) == (Fate.LATER, "web_not_answered")


def test_only_whom_the_destination_trusts(item: Item, pair: Pair, tmp_path: Path) -> None:
    """A certificate by an authority that it names; without, none that the system does not know."""
    web = archive_that(200, says(STORED, 1))
    with web.running(pair.server()) as url:
        assert send(url, [item], ca=pair.certificate)["1"].fate is Fate.SENT
        assert code(send(url, [item])["1"]) == "peer_not_trusted"
        assert code(send(url, [item], ca=tmp_path / "nowhere")["1"]) == "certificate_unusable"
    assert len(web.asked) == 1


def test_a_file_that_is_gone(tmp_path: Path) -> None:
    """The others are sent."""
    gone = Item("gone", tmp_path / "gone.dcm", "application/dicom", SR, uid_of(9))
    good = write_object(tmp_path / "1.dcm", SR, 1)
    with archive_that(200, says(STORED, 1)).running() as url:
        found = send(url, [gone, good])
    assert code(found["gone"]) == "own_file_unreadable"
    assert found["1"].fate is Fate.SENT


def test_orthanc_takes_everything(orthanc: Orthanc, tmp_path: Path) -> None:
    """Bit for bit, with user and password; without, it says who may not."""
    items = [
        *write_objects(tmp_path),
        write_object(tmp_path / "5.dcm", LABEL_MAP, 5, syntax=RLE),
        write_object(tmp_path / "6.dcm", SR, 6, size=3_000_000),
    ]
    found = send(orthanc.dicomweb_url, items, PASSWORD, user=USER)
    assert {one.fate for one in found.values()} == {Fate.SENT}
    assert orthanc.instances() == {item.sop_instance_uid for item in items}
    for item in items:
        kept = dcmread(BytesIO(orthanc.file_of(item.sop_instance_uid)))
        assert kept == dcmread(item.path)
    refused = send(orthanc.dicomweb_url, items[:1])["1"]
    assert (refused.fate, code(refused)) == (Fate.REFUSED, "web_sign_in_refused")


def test_orthanc_refuses_what_is_no_dicom(orthanc: Orthanc, tmp_path: Path) -> None:
    """And what is sent beside it arrives."""
    bad = tmp_path / "bad.dcm"
    bad.write_bytes(b"no DICOM at all" * 20)
    items = [
        Item("bad", bad, "application/dicom", SR, uid_of(9)),
        write_object(tmp_path / "1.dcm", SR, 1),
    ]
    found = send(orthanc.dicomweb_url, items, PASSWORD, user=USER)
    assert found["bad"].fate is Fate.REFUSED
    assert found["1"].fate is Fate.SENT
    assert orthanc.instances() == {uid_of(1)}


def test_trying_out_a_destination(orthanc: Orthanc) -> None:
    """Whether QIDO-RS is spoken there, and we are let in."""

    def test(url: str, token: str = PASSWORD) -> list[tuple[str, bool | None]]:
        sender = DicomWebSender(DicomWeb(url=url, user=USER), token, OWN)
        return [(check.name, check.ok) for check in sender.test()]

    assert test(orthanc.dicomweb_url) == [("reachable", True), ("qido", True)]
    assert test(orthanc.dicomweb_url, "wrong") == [("reachable", False)]
    assert test(f"{orthanc.url}/app") == [("reachable", False)]
    with FakeWeb(lambda _request: Told(200, b"<html>", "text/html")).running() as url:
        assert test(url) == [("reachable", True), ("qido", False)]
    assert test(url) == [("reachable", False)]
