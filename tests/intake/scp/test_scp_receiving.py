"""Studies from real senders arrive as they were sent, on both data paths."""

from __future__ import annotations

import subprocess
import threading
import time
from io import BytesIO
from typing import TYPE_CHECKING

import pytest
from pydicom import dcmread
from pydicom.filereader import read_file_meta_info
from pydicom.uid import (
    JPEG2000,
    DeflatedExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLSLossless,
    JPEGLSNearLossless,
    RLELossless,
)
from pynetdicom import AE
from scp_peers import (
    CT,
    EXPLICIT_LE,
    VERIFICATION,
    RawPeer,
    data_set_of,
    kept,
    p_data,
    program,
    store_command,
    write_series,
)
from waiting import wait_for

from heimdallr.intake.spool import read_origin

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from heimdallr.intake.scp.server import Scp

PRIVATE = "1.3.12.2.1107.5.9.1"


def _run(name: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [program(name), *map(str, arguments)], capture_output=True, text=True, check=False
    )


def _send(scp: Scp, *files: Path, options: tuple[str, ...] = ()) -> None:
    done = _run("storescu", "-aec", "HEIMDALLR", *options, "127.0.0.1", str(scp.port), *files)
    assert done.returncode == 0, done.stderr


def test_echo_is_answered(start_scp: Callable[..., Scp], spool: Path) -> None:
    """C-ECHO succeeds, several times over one association, and leaves nothing."""
    scp = start_scp()
    done = _run("echoscu", "-aec", "HEIMDALLR", "--repeat", "5", "127.0.0.1", str(scp.port))
    assert done.returncode == 0, done.stderr
    assert not list(spool.iterdir())


def test_the_largest_proposal_of_dcmtk_is_accepted(start_scp: Callable[..., Scp]) -> None:
    """128 presentation contexts with 38 transfer syntaxes each: 120 kB."""
    scp = start_scp()
    proposal = ("--propose-pc", "128", "--propose-ts", "38")
    done = _run("echoscu", *proposal, "-aec", "HEIMDALLR", "127.0.0.1", str(scp.port))
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(("contexts", "syntaxes"), [(120, 20), (120, 30), (128, 60)])
def test_a_large_proposal_is_negotiated(
    start_scp: Callable[..., Scp], spool: Path, contexts: int, syntaxes: int, tmp_path: Path
) -> None:
    """Some senders propose everything they know for everything; an image follows."""
    scp = start_scp()
    (file,) = write_series(tmp_path / "sent", 1)
    image = dcmread(file)
    scu = AE(ae_title="EVERYTHING")
    rest = [f"1.2.840.10008.1.2.4.{number}" for number in range(200, 200 + syntaxes - 1)]
    for number in range(contexts - 1):
        scu.add_requested_context(f"1.2.840.10008.5.1.4.1.1.{number + 500}", [*rest, EXPLICIT_LE])
    scu.add_requested_context(CT, [*rest, EXPLICIT_LE])
    association = scu.associate("127.0.0.1", scp.port, ae_title="HEIMDALLR")
    assert association.is_established
    assert len(association.accepted_contexts) == contexts
    assert association.send_c_store(image).Status == 0
    association.release()
    assert len(kept(spool)) == 1


def test_a_series_arrives_bit_for_bit(
    start_scp: Callable[..., Scp],
    spool: Path,
    tmp_path: Path,
) -> None:
    """What dcmsend sends is in the spool, in one batch that says who sent it."""
    scp = start_scp(stat_ae_titles="URGENT")
    files = write_series(tmp_path / "sent", 12)
    done = _run(
        "dcmsend", "-aet", "URGENT", "-aec", "HEIMDALLR", "127.0.0.1", str(scp.port), *files
    )
    assert done.returncode == 0, done.stderr
    (batch,) = spool.iterdir()
    wait_for((batch / "released").exists)
    received = kept(spool)
    for file in files:
        uid = str(dcmread(file, stop_before_pixels=True).SOPInstanceUID)
        assert data_set_of(received[uid]) == data_set_of(file)
    origin = read_origin(batch)
    assert origin is not None
    assert (origin.calling_ae, origin.called_ae, origin.address) == (
        "URGENT", "HEIMDALLR", "127.0.0.1",
    )  # fmt: skip
    assert origin.stat


def test_several_studies_over_several_associations(
    start_scp: Callable[..., Scp], spool: Path, tmp_path: Path
) -> None:
    """Four senders at a time, each with images of four studies: nothing is lost or swapped."""
    scp = start_scp()
    studies = [write_series(tmp_path / f"study{n}", 8) for n in range(4)]
    mixed = [image for images in zip(*studies, strict=True) for image in images]
    sender = program("storescu")
    senders = [
        subprocess.Popen(
            [sender, "-aec", "HEIMDALLR", "127.0.0.1", str(scp.port), *map(str, mixed[n::4])]
        )
        for n in range(4)
    ]
    assert [one.wait(timeout=60) for one in senders] == [0] * 4
    received = kept(spool)
    assert len(received) == 32
    assert len(list(spool.iterdir())) == 4
    for file in mixed:
        uid = str(dcmread(file, stop_before_pixels=True).SOPInstanceUID)
        assert data_set_of(received[uid]) == data_set_of(file)


def _compressed(source: Path, target: Path, kind: str) -> Path:
    """One image in another transfer syntax, made by DCMTK or pydicom."""
    tools = {
        "jpeg-lossless": ["dcmcjpeg"],
        "jpeg-ls": ["dcmcjpls"],
        "rle": ["dcmcrle"],
        "deflated": ["dcmconv", "+td"],
        "big-endian": ["dcmconv", "+tb"],
        "implicit": ["dcmconv", "+ti"],
    }
    if kind in tools:
        done = _run(*tools[kind], source, target)
        assert done.returncode == 0, done.stderr
        return target
    dataset = dcmread(source)
    dataset.compress(JPEG2000Lossless, generate_instance_uid=False)
    dataset.save_as(target)
    return target


@pytest.mark.parametrize(
    "case",
    [
        ("jpeg-lossless", "-xs", "1.2.840.10008.1.2.4.70"),
        ("jpeg-ls", "-xt", str(JPEGLSLossless)),
        ("jpeg-2000", "-xv", str(JPEG2000Lossless)),
        ("rle", "-xr", str(RLELossless)),
        ("deflated", "-xd", str(DeflatedExplicitVRLittleEndian)),
        ("big-endian", "-xb", "1.2.840.10008.1.2.2"),
        ("implicit", "-xi", "1.2.840.10008.1.2"),
    ],
    ids=lambda case: case[0],
)
def test_transfer_syntaxes_are_kept(
    start_scp: Callable[..., Scp],
    spool: Path,
    tmp_path: Path,
    case: tuple[str, str, str],
) -> None:
    """Compressed stays compressed: pixels and syntax are the sender's, to the last bit."""
    scp, (kind, option, syntax) = start_scp(), case
    (plain,) = write_series(tmp_path / "plain", 1)
    sent = _compressed(plain, tmp_path / "sent.dcm", kind)
    _send(scp, sent, options=(option, "-R"))
    (received,) = kept(spool).values()
    before, after = dcmread(sent), dcmread(received)
    assert after.file_meta.TransferSyntaxUID == before.file_meta.TransferSyntaxUID == syntax
    assert after.PixelData == before.PixelData
    assert (after.pixel_array == dcmread(plain).pixel_array).all()
    assert {e.tag for e in after} == {e.tag for e in before}


@pytest.mark.parametrize("syntax", [JPEG2000, JPEGLSNearLossless])
def test_any_bytes_are_kept_as_they_are(
    start_scp: Callable[..., Scp], spool: Path, syntax: str
) -> None:
    """The listener looks into no data set: reading it is the recorder's, elsewhere."""
    scp = start_scp()
    noise = bytes(range(256)) * 300
    with RawPeer(scp, contexts={5: (CT, [syntax])}) as peer:
        assert peer.associate() == 2
        assert peer.store("1.2.3", noise, context_id=5) == 0
        assert peer.release() == 6
    (received,) = kept(spool).values()
    assert data_set_of(received) == noise
    assert read_file_meta_info(received).TransferSyntaxUID == syntax


def test_private_and_future_classes_are_taken(start_scp: Callable[..., Scp], spool: Path) -> None:
    """A manufacturer's own SOP class is stored like any other."""
    scp = start_scp()
    future = "1.2.840.10008.5.1.4.1.1.2.77"
    contexts = {1: (PRIVATE, [EXPLICIT_LE]), 3: (future, [EXPLICIT_LE])}
    with RawPeer(scp, contexts=contexts) as peer:
        assert peer.associate() == 2
        assert peer.store("1.2.3", b"\0" * 100, sop_class=PRIVATE) == 0
        assert peer.store("1.2.4", b"\0" * 100, sop_class=future, context_id=3) == 0
        assert peer.release() == 6
    assert set(kept(spool)) == {"1.2.3", "1.2.4"}


def test_pynetdicom_as_sender(start_scp: Callable[..., Scp], spool: Path, tmp_path: Path) -> None:
    """C-ECHO between C-STOREs over one association; each is answered in turn."""
    scp = start_scp()
    files = write_series(tmp_path / "sent", 4)
    sender = AE("SENDER")
    sender.add_requested_context(CT, EXPLICIT_LE)
    sender.add_requested_context(VERIFICATION)
    association = sender.associate("127.0.0.1", scp.port, ae_title="HEIMDALLR")
    assert association.is_established
    for file in files:
        assert association.send_c_store(dcmread(file)).Status == 0
        assert association.send_c_echo().Status == 0
    association.release()
    assert len(kept(spool)) == 4


def test_a_slow_sender_is_waited_for(start_scp: Callable[..., Scp], spool: Path) -> None:
    """Small pieces with pauses between them, in PDUs of many values: all of it arrives."""
    scp = start_scp()
    data_set = bytes(range(256)) * 8
    with RawPeer(scp) as peer:
        assert peer.associate() == 2
        command = p_data(1, 3, store_command("1.2.3"))
        stream = command[:7], command[7:]
        for piece in stream:
            peer.send(piece)
            time.sleep(0.15)
        values = b"".join(
            p_data(1, 2 if at + 64 >= len(data_set) else 0, data_set[at : at + 64])[6:]
            for at in range(0, len(data_set), 64)
        )
        pdu = b"\x04\0" + len(values).to_bytes(4, "big") + values
        for at in range(0, len(pdu), 500):
            peer.send(pdu[at : at + 500])
            time.sleep(0.05)
        assert peer.status() == 0
        assert peer.release() == 6
    (received,) = kept(spool).values()
    assert data_set_of(received) == data_set


def test_command_and_data_in_one_pdu(start_scp: Callable[..., Scp], spool: Path) -> None:
    """Fragments may share a PDU, and a command set may be cut in two (PS3.8 annex E)."""
    scp = start_scp()
    command, data_set = store_command("1.2.3"), b"abcd" * 100
    with RawPeer(scp) as peer:
        assert peer.associate() == 2
        values = b"".join(
            p_data(1, control, content)[6:]
            for control, content in (
                (1, command[:20]), (3, command[20:]), (0, data_set[:90]), (2, data_set[90:]),
            )
        )  # fmt: skip
        peer.send(b"\x04\0" + len(values).to_bytes(4, "big") + values)
        assert peer.status() == 0
        for control, content in ((1, command[:20]), (3, command[20:]), (2, data_set)):
            peer.send(p_data(1, control, content))
        assert peer.status() == 0
        echo = BytesIO()
        for element, value in ((0x0002, VERIFICATION.encode() + b"\0"), (0x0100, b"\x30\0"),
                               (0x0110, b"\x09\0"), (0x0800, b"\x01\x01")):  # fmt: skip
            echo.write(b"\0\0" + element.to_bytes(2, "little"))
            echo.write(len(value).to_bytes(4, "little") + value)
        whole = b"\0\0\0\0\x04\0\0\0" + len(echo.getvalue()).to_bytes(4, "little")
        whole += echo.getvalue()
        peer.send(p_data(3, 1, whole[:10]))
        peer.send(p_data(3, 3, whole[10:]))
        assert peer.status() == 0
        assert peer.release() == 6
    assert len(list(spool.glob("*/*.dcm"))) == 2


@pytest.mark.parametrize("data_path", ["direct"], indirect=True)
def test_nagle_senders_are_not_kept_waiting(start_scp: Callable[..., Scp], tmp_path: Path) -> None:
    """Each delayed acknowledgement would cost 40 ms; 60 images take less than half of that."""
    scp = start_scp(receive_sync=False)
    files = write_series(tmp_path / "sent", 60, size=256)
    began = time.monotonic()
    _send(scp, *files)
    assert time.monotonic() - began < 60 * 0.04


def test_stopping_lets_an_object_arrive(start_scp: Callable[..., Scp], spool: Path) -> None:
    """What is on its way is kept and answered; then the association is ended."""
    scp = start_scp()
    with RawPeer(scp) as peer:
        assert peer.associate() == 2
        assert peer.store("1.2.3", b"a" * 100) == 0
        peer.send(p_data(1, 3, store_command("1.2.4")))
        peer.send(p_data(1, 0, b"b" * 100))
        time.sleep(0.3)
        stopping = threading.Thread(target=scp.stop, kwargs={"grace_s": 5.0})
        stopping.start()
        time.sleep(0.3)
        peer.send(p_data(1, 2, b"b" * 100))
        kind, _ = peer.receive()
        stopping.join(timeout=10)
        assert not stopping.is_alive()
    assert kind == 4
    assert set(kept(spool)) == {"1.2.3", "1.2.4"}
    (batch,) = spool.iterdir()
    assert (batch / "aborted").exists()
    assert not list(batch.glob("*.part"))
