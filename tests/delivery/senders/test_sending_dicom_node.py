"""C-STORE: each object has its own answer; a peer that misbehaves costs a try, not the object."""

from __future__ import annotations

import subprocess
import time
from contextlib import contextmanager
from io import BytesIO
from shutil import which
from threading import Event as Flag
from typing import TYPE_CHECKING

import pytest
from fake_archives import Archive, answering, clogged, deaf, hanging_up, rejecting, silent, uid_in
from pydicom import dcmread
from pynetdicom.events import EVT_REQUESTED
from sent_objects import (
    CAPTURE,
    EXPLICIT,
    LABEL_MAP,
    PDF,
    RLE,
    SEG,
    SINGLE_CAPTURE,
    SR,
    SR_3D,
    uid_of,
    write_object,
    write_objects,
)
from waiting import free_port, wait_for_port

from heimdallr.delivery.destinations import DicomNode
from heimdallr.delivery.senders.dicom_node import DicomNodeSender
from heimdallr.delivery.senders.own_node import OwnNode, Patience
from heimdallr.delivery.senders.proposals import Object, by_association
from heimdallr.delivery.sending import Answer, Fate, Item

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from certificates import Pair
    from orthanc import Orthanc
    from pynetdicom.events import Event, EventType

OWN = OwnNode("HEIMDALLR", patience=Patience(connect_s=20, answer_s=20, store_s=20))
HURRIED = OwnNode("HEIMDALLR", patience=Patience(connect_s=1, answer_s=0.5, store_s=0.5))
IMPLICIT = "1.2.840.10008.1.2"
ALL = [(SEG, [EXPLICIT]), (SR, [EXPLICIT]), (CAPTURE, [EXPLICIT]), (PDF, [EXPLICIT])]


def send(node: DicomNode, items: list[Item], own: OwnNode = OWN) -> dict[str, Answer]:
    """Key → answer, in the order in which they came."""
    return dict(DicomNodeSender(node, own).send(items))


def code(answer: Answer) -> str:
    """Of the reason."""
    assert answer.why is not None
    return answer.why.code


def test_everything_arrives_in_its_order_on_one_association(tmp_path: Path) -> None:
    """The most urgent goes first."""
    archive = Archive()
    items = write_objects(tmp_path)[::-1]
    with archive.running(ALL) as node:
        found = send(node, items)
    assert list(found) == [item.key for item in items]
    assert set(found.values()) == {Answer(Fate.SENT)}
    assert [uid for _, _, uid in archive.stored] == [item.sop_instance_uid for item in items]
    assert archive.associations == 1


def test_a_label_map_goes_as_it_is_or_not_at_all(tmp_path: Path) -> None:
    """Its SOP class is unknown to pynetdicom; compressed, it is never converted."""
    item = write_object(tmp_path / "1.dcm", LABEL_MAP, 1, syntax=RLE)
    archive = Archive()
    with archive.running([(LABEL_MAP, [RLE])]) as node:
        assert send(node, [item]) == {"1": Answer(Fate.SENT)}
    assert archive.stored == [(LABEL_MAP, RLE, uid_of(1))]
    with Archive().running([(LABEL_MAP, [EXPLICIT, IMPLICIT])]) as node:
        refused = send(node, [item])["1"]
    assert refused.fate is Fate.REFUSED
    assert refused.why is not None
    assert "Label Map Segmentation Storage (RLE Lossless)" in refused.why.text


def test_an_archive_that_knows_implicit_vr_only(tmp_path: Path) -> None:
    """What is not compressed is written anew for it."""
    archive = Archive()
    with archive.running([(SR, [IMPLICIT])]) as node:
        found = send(node, [write_object(tmp_path / "1.dcm", SR, 1)])
    assert found == {"1": Answer(Fate.SENT)}
    assert archive.stored == [(SR, IMPLICIT, uid_of(1))]


def test_a_refused_presentation_context_ends_the_try_with_its_name(tmp_path: Path) -> None:
    """The others are sent; trying again would not help."""
    items = write_objects(tmp_path)
    with Archive().running(ALL[1:]) as node:
        found = send(node, items)
    assert found["1"].fate is Fate.REFUSED
    assert found["1"].why is not None
    assert "Segmentation Storage" in found["1"].why.text
    assert [found[key].fate for key in "234"] == [Fate.SENT] * 3
    with Archive().running([]) as node:
        assert {code(one) for one in send(node, items).values()} == {"sop_class_not_accepted"}


@pytest.mark.parametrize(
    ("status", "fate", "reason"),
    [
        (0xB000, Fate.SENT, "stored_with_warning"),
        (0xB007, Fate.SENT, "stored_with_warning"),
        (0xA700, Fate.LATER, "archive_cannot_store_now"),
        (0x0110, Fate.LATER, "archive_cannot_store_now"),
        (0xA900, Fate.REFUSED, "archive_refuses_object"),
        (0xC000, Fate.REFUSED, "archive_refuses_object"),
        (0x0122, Fate.REFUSED, "archive_refuses_object"),
        (0x0124, Fate.REFUSED, "archive_refuses_object"),
        (0x0111, Fate.SENT, "stored_before"),
    ],
)
def test_statuses(tmp_path: Path, status: int, fate: Fate, reason: str) -> None:
    """With the archive's own words, for each object its own."""

    def first_only(event: Event) -> int:
        return status if uid_in(event) == uid_of(1) else 0

    with Archive(first_only, "Rule 7 of the archive").running(ALL) as node:
        found = send(node, write_objects(tmp_path)[:2])
    assert found["1"].fate is fate
    assert found["2"] == Answer(Fate.SENT)
    assert code(found["1"]) == reason
    if reason != "stored_before":
        assert f"0x{status:04X}" in found["1"].why.text  # type: ignore[union-attr]
        assert "Rule 7 of the archive" in found["1"].why.text  # type: ignore[union-attr]


def test_words_of_a_peer_that_tell_of_a_patient_are_withheld(tmp_path: Path) -> None:
    """They would stand in the database, on pages and in logs."""
    with Archive(0xC001, "Patient Name: DOE^JANE is not 17").running(ALL) as node:
        answer = send(node, write_objects(tmp_path)[:1])["1"]
    assert answer.why is not None
    assert "DOE" not in answer.why.text


@pytest.mark.parametrize(
    ("verdict", "fate", "reason"),
    [
        ((1, 1, 3), Fate.REFUSED, "calling_ae_unknown"),
        ((1, 1, 7), Fate.REFUSED, "called_ae_unknown"),
        ((1, 1, 1), Fate.REFUSED, "association_rejected"),
        ((2, 1, 1), Fate.LATER, "association_limit"),
        ((2, 3, 1), Fate.LATER, "association_limit"),
        ((1, 3, 2), Fate.LATER, "association_limit"),
    ],
)
def test_rejected_associations(
    tmp_path: Path, verdict: tuple[int, int, int], fate: Fate, reason: str
) -> None:
    """AE titles are mended by a person, too many associations by waiting."""
    with answering(rejecting(*verdict)) as node:
        found = send(node, write_objects(tmp_path))
    assert {one.fate for one in found.values()} == {fate}
    assert {code(one) for one in found.values()} == {reason}
    assert len(found) == 4


def test_a_rejection_that_comes_before_we_look_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The library finds its connection closed, and takes it for one that never stood."""

    def late(_association: object, event: EventType, _attributes: object) -> None:
        if event is EVT_REQUESTED:
            time.sleep(0.3)

    monkeypatch.setattr("pynetdicom.acse.evt.trigger", late)
    with answering(rejecting(1, 1, 3)) as node:
        found = send(node, write_objects(tmp_path)[:1])
    assert [code(one) for one in found.values()] == ["calling_ae_unknown"]


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [(silent, "association_not_answered"), (hanging_up, "association_not_answered")],
)
def test_a_peer_that_does_not_associate(
    tmp_path: Path, behaviour: Callable[[socket.socket], None], reason: str
) -> None:
    """Everything waits for another time."""
    with answering(behaviour) as node:
        found = send(node, write_objects(tmp_path), HURRIED)
    assert {(one.fate, code(one)) for one in found.values()} == {(Fate.LATER, reason)}


def test_nobody_listens(tmp_path: Path) -> None:
    """Nor at a name that nobody has."""
    port = free_port()
    items = write_objects(tmp_path)[:1]
    node = DicomNode(ae_title="ARCHIVE", host="127.0.0.1", port=port)
    found = send(node, items)["1"]
    assert (code(found), found.may_have_arrived) == ("nobody_listens", False)
    nowhere = DicomNode(ae_title="ARCHIVE", host="archive.invalid", port=port)
    assert code(send(nowhere, items)["1"]) == "peer_name_unknown"


def test_an_archive_that_stalls_while_storing(tmp_path: Path) -> None:
    """The object in hand waits, the others were not tried; the archive is not waited for long."""
    over = Flag()

    def stall(_event: Event) -> int:
        over.wait(30)
        return 0

    with Archive(stall).running(ALL) as node:
        found = send(node, write_objects(tmp_path), HURRIED)
        over.set()
    assert list(found) == ["1"]
    assert (found["1"].fate, code(found["1"])) == (Fate.LATER, "store_not_answered")
    assert found["1"].may_have_arrived


def test_an_archive_that_aborts(tmp_path: Path) -> None:
    """The object in hand waits; what came before is sent, what comes after was not tried."""

    def abort(event: Event) -> int:
        if uid_in(event) == uid_of(2):
            event.assoc.abort()
        return 0

    with Archive(abort).running(ALL) as node:
        found = send(node, write_objects(tmp_path))
    assert list(found) == ["1", "2"]
    assert found["1"].fate is Fate.SENT
    assert (found["2"].fate, code(found["2"])) == (Fate.LATER, "association_broken_off")
    assert found["2"].may_have_arrived


def test_an_archive_that_does_not_read(tmp_path: Path) -> None:
    """A full socket is given up too."""
    with answering(deaf) as node:
        found = send(node, write_objects(tmp_path)[:1], HURRIED)
    assert found["1"].fate is Fate.LATER


def test_a_transfer_that_stops_in_the_middle(tmp_path: Path) -> None:
    """It is given up when nothing moves, long before the time that the whole might take."""
    items = [
        write_object(tmp_path / "1.dcm", PDF, 1, size=20_000_000),
        write_object(tmp_path / "2.dcm", PDF, 2),
    ]
    archive = Archive()
    with archive.running(ALL) as node, clogged(node, 1_000_000) as way:
        found = send(way, items, HURRIED)
    assert list(found) == ["1"]
    assert (found["1"].fate, code(found["1"])) == (Fate.LATER, "association_broken_off")
    assert not archive.stored


def test_more_contexts_than_an_association_has(tmp_path: Path) -> None:
    """They go on several, in their order."""
    kinds = [f"1.2.840.10008.5.1.4.1.1.500.{number}" for number in range(1, 101)]
    items = [
        write_object(tmp_path / f"{number}.dcm", kind, number)
        for number, kind in enumerate(kinds, 1)
    ]
    assert [len(batch) for batch in by_association([Object.of(item) for item in items])] == [64, 36]
    archive = Archive()
    with archive.running([(SR, [EXPLICIT])]) as node:
        report = write_object(tmp_path / "report.dcm", SR, 101)
        found = send(node, [*items, report])
    assert list(found) == [*(item.key for item in items), "101"]
    assert {one.fate for one in found.values()} == {Fate.REFUSED, Fate.SENT}
    assert found["101"].fate is Fate.SENT
    assert archive.associations == 2


def test_files_of_ours_that_cannot_be_sent(tmp_path: Path) -> None:
    """They keep nobody else from being sent."""
    good = write_objects(tmp_path)[0]
    bad = tmp_path / "bad.dcm"
    bad.write_bytes(b"no DICOM at all" * 20)
    items = [
        Item("gone", tmp_path / "gone.dcm", "application/dicom", SEG, uid_of(8)),
        Item("bad", bad, "application/dicom", SEG, uid_of(9)),
        good,
    ]
    with Archive().running(ALL) as node:
        found = send(node, items)
    assert (found["gone"].fate, code(found["gone"])) == (Fate.LATER, "own_file_unreadable")
    assert (found["bad"].fate, code(found["bad"])) == (Fate.REFUSED, "own_file_is_no_dicom")
    assert found["1"].fate is Fate.SENT


def test_what_is_taken_away_before_its_turn_does_not_go(tmp_path: Path) -> None:
    """Results that are withdrawn while their objects are sent: one has gone, the others stay."""
    archive, items = Archive(), write_objects(tmp_path)
    with archive.running(ALL) as node:
        answers = DicomNodeSender(node, OWN).send(items)
        found = dict([next(answers)])
        for item in items:
            item.path.unlink()
        found |= answers
    assert [one.fate for one in found.values()] == [Fate.SENT, *[Fate.LATER] * 3]
    assert [uid for _, _, uid in archive.stored] == [items[0].sop_instance_uid]


def test_tls(tmp_path: Path, pair: Pair) -> None:
    """An authority of its own is trusted where the destination names it; nobody else's is."""
    items = write_objects(tmp_path)
    with Archive().running(ALL, secured=pair.server(), tls=True, ca=pair.certificate) as node:
        assert {one.fate for one in send(node, items).values()} == {Fate.SENT}
        stranger = send(node.model_copy(update={"ca": None}), items)
        assert {(one.fate, code(one)) for one in stranger.values()} == {
            (Fate.LATER, "peer_not_trusted")
        }
        nowhere = send(node.model_copy(update={"ca": tmp_path / "nowhere.pem"}), items)
        assert {code(one) for one in nowhere.values()} == {"certificate_unusable"}
    with Archive().running(ALL, tls=True) as node:
        assert {code(one) for one in send(node, items).values()} <= {"no_tls", "peer_unreachable"}


def test_tls_with_our_certificate(tmp_path: Path, pair: Pair) -> None:
    """An archive may want to know who calls."""
    items = write_objects(tmp_path)
    known = OwnNode("HEIMDALLR", pair.certificate, pair.key, patience=OWN.patience)
    with Archive().running(
        ALL, secured=pair.server(client=True), tls=True, ca=pair.certificate
    ) as node:
        assert {one.fate for one in send(node, items, known).values()} == {Fate.SENT}
        unknown = send(node, items[:1], HURRIED)
        assert (unknown["1"].fate, code(unknown["1"])) == (
            Fate.LATER,
            "association_not_answered_tls",
        )


def test_trying_out_asks_for_single_pictures_as_they_are_sent() -> None:
    """One by one they are not compressed: an archive that takes that takes everything."""
    ours = [(SEG, [EXPLICIT]), (SR_3D, [EXPLICIT]), (PDF, [EXPLICIT])]
    for syntax, is_taken in ((EXPLICIT, True), (RLE, False)):
        archive = Archive()
        with archive.running([*ours, (SINGLE_CAPTURE, [syntax])], captures="single_frame") as node:
            *_, contexts = DicomNodeSender(node, OWN).test()
        assert contexts.ok is is_taken


def test_trying_out_a_destination() -> None:
    """It says what answers, and what of our objects would be refused; nothing is left there."""
    archive = Archive()
    multi_frame = (CAPTURE, [RLE])
    ours = [(SEG, [EXPLICIT]), (SR_3D, [EXPLICIT]), (PDF, [EXPLICIT]), multi_frame]
    with archive.running(ours, commitment=True) as node:
        checks = DicomNodeSender(node, OWN).test()
    assert [(check.name, check.ok) for check in checks] == [
        ("reachable", True),
        ("c_echo", True),
        ("presentation_contexts", True),
        ("commitment", True),
    ]
    with archive.running(ours[1:]) as node:
        *_, contexts = DicomNodeSender(node, OWN).test()
    assert (contexts.name, contexts.ok) == ("presentation_contexts", False)
    assert "Segmentation Storage (Explicit VR Little Endian)" in contexts.told.text
    assert not archive.stored
    with answering(rejecting(1, 1, 7)) as node:
        (refused,) = DicomNodeSender(node, OWN).test()
    assert (refused.ok, refused.told.code) == (False, "called_ae_unknown")


def test_orthanc_takes_everything(orthanc: Orthanc, tmp_path: Path) -> None:
    """Bit for bit, label maps too."""
    items = [*write_objects(tmp_path), write_object(tmp_path / "5.dcm", LABEL_MAP, 5, syntax=RLE)]
    node = DicomNode(ae_title=orthanc.ae_title, host=orthanc.host, port=orthanc.dicom_port)
    assert {one.fate for one in send(node, items).values()} == {Fate.SENT}
    assert orthanc.instances() == {item.sop_instance_uid for item in items}
    for item in items:
        kept = dcmread(BytesIO(orthanc.file_of(item.sop_instance_uid)))
        assert kept == dcmread(item.path)
    assert all(check.ok for check in DicomNodeSender(node, OWN).test())


def test_orthanc_keeps_the_old_content_of_a_known_uid(orthanc: Orthanc, tmp_path: Path) -> None:
    """And says success: so a revision never has the UIDs of what it replaces."""
    node = DicomNode(ae_title=orthanc.ae_title, host=orthanc.host, port=orthanc.dicom_port)
    old = write_object(tmp_path / "old.dcm", SR, 1, comment="old")
    new = write_object(tmp_path / "new.dcm", SR, 1, comment="new")
    assert send(node, [old])["1"] == send(node, [new])["1"] == Answer(Fate.SENT)
    kept = dcmread(BytesIO(orthanc.file_of(uid_of(1))))
    assert kept.ContentDescription == "old"


def test_dcmtk_takes_what_it_knows(tmp_path: Path) -> None:
    """Its storescp, which knows no label maps, and one that refuses every association."""
    program = which("storescp")
    if program is None:
        pytest.skip("storescp is not installed (Debian: dcmtk)")
    items = [*write_objects(tmp_path), write_object(tmp_path / "5.dcm", LABEL_MAP, 5, syntax=RLE)]
    folder = tmp_path / "taken"
    folder.mkdir()
    with storescp(program, "--output-directory", str(folder), "--aetitle", "ARCHIVE") as node:
        found = send(node, items)
        assert [found[key].fate for key in "1234"] == [Fate.SENT] * 4
        assert (found["5"].fate, code(found["5"])) == (Fate.REFUSED, "sop_class_not_accepted")
    assert {str(dcmread(path).SOPInstanceUID) for path in folder.iterdir()} == {
        uid_of(number) for number in range(1, 5)
    }
    with storescp(program, "--refuse") as node:
        refused = send(node, items[:1])["1"]
    assert (refused.fate, code(refused)) == (Fate.REFUSED, "association_rejected")


@contextmanager
def storescp(program: str, *options: str) -> Iterator[DicomNode]:
    """DCMTK's archive, on a free port."""
    port = free_port()
    process = subprocess.Popen([program, *options, str(port)], stderr=subprocess.DEVNULL)
    try:
        wait_for_port(port)
        yield DicomNode(ae_title="ARCHIVE", host="127.0.0.1", port=port)
    finally:
        process.terminate()
        process.wait(10)
