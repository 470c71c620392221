"""What peers must not do: refused with a reason, while others are served."""

from __future__ import annotations

import os
import socket
import struct
import subprocess
import threading
import time
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING

import pytest
from pydicom.uid import generate_uid
from scp_peers import (
    CT,
    EXPLICIT_LE,
    VERIFICATION,
    RawPeer,
    kept,
    p_data,
    program,
    store_command,
)
from waiting import peak_memory_mb, wait_for

from heimdallr.intake.scp.commands import MISMATCH, OUT_OF_RESOURCES, SUCCESS
from heimdallr.intake.scp.upper_layer import LONGEST_ASSOCIATION_PDU

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from heimdallr.intake.scp.presence import Sighting
    from heimdallr.intake.scp.server import Scp

ACCEPTED, REJECTED, ABORTED, CLOSED = 2, 3, 7, 0


def _echoes(scp: Scp) -> bool:
    """Whether a legitimate client is served, quickly."""
    done = subprocess.run(
        [program("echoscu"), "-to", "5", "-ta", "5", "-td", "5", "-aec", "HEIMDALLR", "127.0.0.1",
         str(scp.port)],
        capture_output=True, check=False, timeout=30,
    )  # fmt: skip
    return done.returncode == 0


def _seen(scp: Scp, ae_title: str = "RAWPEER", address: str = "127.0.0.1") -> Sighting:
    return scp.presence._seen[ae_title, address]


def _is_ended(peer: RawPeer) -> bool:
    """Whether the listener hangs up, after an A-ABORT or without."""
    peer.socket.settimeout(15)
    while True:
        kind, _ = peer.receive()
        if kind == CLOSED:
            return True


# Who calls ------------------------------------------------------------------------------------


def test_wrong_titles_are_rejected_with_their_reason(start_scp: Callable[..., Scp]) -> None:
    """PS3.8 table 9-21: called title not recognised 7, calling 3; permanent, by the user."""
    scp = start_scp(called_ae="enforce", calling_ae="enforce", calling_ae_titles="CT1")
    for called, calling, reason in (("OTHER", "CT1", 7), ("HEIMDALLR", "CT2", 3)):
        with RawPeer(scp, called=called, calling=calling) as peer:
            peer.send(peer.request())
            assert peer.receive() == (REJECTED, bytes((0, 1, 1, reason)))
        assert "AE title" in _seen(scp, calling).rejection
    with RawPeer(scp, calling="CT1") as peer:
        assert peer.associate() == ACCEPTED


def test_titles_with_control_characters_are_rejected(start_scp: Callable[..., Scp]) -> None:
    """They end in no log, no file and no database."""
    scp = start_scp()
    with RawPeer(scp, calling="EVIL\n[info]") as peer:
        assert peer.associate() == REJECTED
    assert list(scp.presence._seen) == [("", "127.0.0.1")]


def test_an_address_that_is_not_named_is_not_listened_to(start_scp: Callable[..., Scp]) -> None:
    """It is hung up on before it can say a word."""
    scp = start_scp(dicom_peers="127.0.0.1")
    with RawPeer(scp, source="127.0.0.2") as stranger:
        with suppress(ConnectionError):
            stranger.send(stranger.request())
        assert stranger.receive()[0] == CLOSED
    with RawPeer(scp) as peer:
        assert peer.associate() == ACCEPTED
    assert _seen(scp, "", "127.0.0.2").rejection == "its address may not connect"


# What they send -------------------------------------------------------------------------------


@pytest.mark.parametrize("uid", ["../../evil", "/etc/passwd", "1.2.3/../4", "a.b.c"])
def test_a_uid_that_is_a_path_is_refused(
    start_scp: Callable[..., Scp], spool: Path, uid: str
) -> None:
    """0xA900, the association goes on, and no file appears anywhere."""
    scp = start_scp()
    with RawPeer(scp) as peer:
        assert peer.associate() == ACCEPTED
        assert peer.store(uid, b"\0" * 50_000) == MISMATCH
        assert peer.store("1.2.3", b"\0" * 100) == SUCCESS
        assert peer.release() == 6
    assert set(kept(spool)) == {"1.2.3"}
    assert {path.name for path in spool.parent.iterdir()} <= {"spool"}


def test_a_class_that_is_not_its_contexts_is_refused(
    start_scp: Callable[..., Scp], spool: Path
) -> None:
    """An MR image over the CT context is 0xA900."""
    scp = start_scp()
    with RawPeer(scp) as peer:
        assert peer.associate() == ACCEPTED
        assert peer.store("1.2.3", b"data", sop_class="1.2.840.10008.5.1.4.1.1.4") == MISMATCH
    assert not kept(spool)


def test_a_context_that_was_not_accepted_ends_the_association(
    start_scp: Callable[..., Scp], spool: Path
) -> None:
    """There is no transfer syntax it could be read with."""
    scp = start_scp()
    with RawPeer(scp) as peer:
        assert peer.associate() == ACCEPTED
        with suppress(ConnectionError):
            for control, content in ((3, store_command("1.2.3")), (2, b"data")):
                peer.send(p_data(99, control, content))
        assert _is_ended(peer)
    assert not kept(spool)


@pytest.mark.parametrize("length", [0xFFFFFFFF, 1 << 30, LONGEST_ASSOCIATION_PDU + 1])
def test_an_endless_association_request_is_not_buffered(
    start_scp: Callable[..., Scp], length: int
) -> None:
    """A length beyond any proposal is refused when it is announced, before it is waited for."""
    scp = start_scp()
    before = peak_memory_mb()
    with RawPeer(scp) as peer:
        peer.send(struct.pack(">BxI", 1, length))
        with suppress(ConnectionError):
            for _ in range(50):
                peer.send(b"\0" * (1 << 20))
        assert _is_ended(peer)
    assert peak_memory_mb() - before < 20
    with RawPeer(scp) as peer:
        assert peer.associate() == ACCEPTED


def test_whose_request_was_too_long_is_told(start_scp: Callable[..., Scp]) -> None:
    """Its AE title stands at the start of it: somebody has to find the machine."""
    scp = start_scp()
    with RawPeer(scp) as peer:
        request = peer.request()
        peer.send(struct.pack(">BxI", 1, 600_000) + request[6:])
        assert _is_ended(peer)
    wait_for(lambda: ("RAWPEER", "127.0.0.1") in scp.presence._seen)
    assert "600000 bytes" in _seen(scp).rejection


@pytest.mark.parametrize("kind", [1, 2, 4, 5, 7])
def test_an_endless_pdu_is_not_buffered(start_scp: Callable[..., Scp], kind: int) -> None:
    """Whatever the type: what is longer than agreed ends the association at once."""
    scp = start_scp()
    before = peak_memory_mb()
    with RawPeer(scp) as peer:
        assert peer.associate() == ACCEPTED
        peer.send(struct.pack(">BxI", kind, 0xFFFFFFFF))
        with suppress(ConnectionError):
            for _ in range(50):
                peer.send(b"\0" * (1 << 20))
        assert _is_ended(peer)
    assert peak_memory_mb() - before < 20


def test_an_endless_object_is_given_up(start_scp: Callable[..., Scp], spool: Path) -> None:
    """At its largest size the association is aborted, and nothing of it stays."""
    scp = start_scp(max_object_gb=0.01)
    with RawPeer(scp) as peer:
        assert peer.associate() == ACCEPTED
        peer.send(p_data(1, 3, store_command("1.2.3")))
        sent = 0
        with suppress(ConnectionError):
            while sent < 1 << 28:
                peer.send(p_data(1, 0, b"\0" * 100_000))
                sent += 100_000
        assert sent < 1 << 27
        assert _is_ended(peer)
    wait_for(lambda: scp._places.taken == 0)
    assert not list(spool.glob("*/*.part"))
    assert not kept(spool)
    wait_for(lambda: _seen(scp).rejection == "an object larger than any may be")


def test_empty_fragments_for_ever_are_an_object_too(start_scp: Callable[..., Scp]) -> None:
    """A peer cannot stay by sending nothing, quickly."""
    scp = start_scp(association_hours=1 / 3600)
    with RawPeer(scp) as peer:
        assert peer.associate() == ACCEPTED
        peer.send(p_data(1, 3, store_command("1.2.3")))
        with suppress(ConnectionError):
            for _ in range(100_000):
                peer.send(p_data(1, 0, b"") * 100)
        assert _is_ended(peer)


@pytest.mark.parametrize(
    "pdu",
    [
        b"\x04\0\0\0\0\0",
        b"\x04\0\0\0\0\x03abc",
        b"\x04\0\0\0\0\x06\0\0\0\0\x01\x03",
        b"\x04\0\0\0\0\x06\xff\xff\xff\xff\x01\x03",
        p_data(1, 2, b"a data set without a command"),
        p_data(1, 3, b"no command set at all"),
        b"\x09\0\0\0\0\x04what",
    ],
    ids=["empty", "short", "no-id", "too-long", "no-command", "noise", "unknown-type"],
)
def test_nonsense_ends_the_association(start_scp: Callable[..., Scp], pdu: bytes) -> None:
    """And only it."""
    scp = start_scp()
    with RawPeer(scp) as peer:
        assert peer.associate() == ACCEPTED
        peer.send(pdu)
        assert _is_ended(peer)
    with RawPeer(scp) as peer:
        assert peer.associate() == ACCEPTED


@pytest.mark.parametrize("data_path", ["direct"], indirect=True)
def test_a_second_message_within_a_data_set_ends_the_association(
    start_scp: Callable[..., Scp], spool: Path
) -> None:
    """Two objects in one is neither; pynetdicom takes the second command for part of the first."""
    scp = start_scp()
    with RawPeer(scp) as peer:
        assert peer.associate() == ACCEPTED
        peer.send(p_data(1, 3, store_command("1.2.3")))
        peer.send(p_data(1, 0, b"half"))
        peer.send(p_data(1, 3, store_command("1.2.4")))
        assert _is_ended(peer)
    assert not kept(spool)


# How they leave -------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["drop", "abort", "release"])
def test_what_is_cut_short_leaves_nothing(
    start_scp: Callable[..., Scp],
    spool: Path,
    way: str,
) -> None:
    """The connection is dropped, aborted or released mid data set: what was whole stays."""
    scp = start_scp()
    with RawPeer(scp) as peer:
        assert peer.associate() == ACCEPTED
        assert peer.store("1.2.3", b"\0" * 100_000) == SUCCESS
        peer.send(p_data(1, 3, store_command("1.2.4")))
        for _ in range(5):
            peer.send(p_data(1, 0, b"\0" * 16_000))
        if way == "abort":
            peer.abort()
        elif way == "release":
            peer.release()
    wait_for(lambda: scp._places.taken == 0)
    (batch,) = spool.iterdir()
    assert set(kept(spool)) == {"1.2.3"}
    assert not list(batch.glob("*.part"))
    assert (batch / ("released" if way == "release" else "aborted")).exists()


@pytest.mark.parametrize("where", ["nothing", "request", "between", "command", "data"])
def test_a_peer_that_stalls_is_given_up(
    start_scp: Callable[..., Scp],
    spool: Path,
    where: str,
) -> None:
    """Before, within and between messages; each has its own patience."""
    scp = start_scp(acse_timeout=0.6, network_timeout=0.6, dimse_timeout=0.6)
    with RawPeer(scp) as peer:
        if where == "request":
            peer.send(peer.request()[:40])
        elif where != "nothing":
            assert peer.associate() == ACCEPTED
        if where in {"command", "data"}:
            peer.send(p_data(1, 3, store_command("1.2.3"))[: 20 if where == "command" else None])
        if where == "data":
            peer.send(p_data(1, 0, b"\0" * 100)[:50])
        began = time.monotonic()
        assert _is_ended(peer)
        assert time.monotonic() - began < 8
    wait_for(lambda: scp._places.taken == 0)
    assert not list(spool.glob("*/*.part"))


def test_a_trickle_is_given_up(start_scp: Callable[..., Scp]) -> None:
    """A byte now and then: each is in time, the whole is not."""
    scp = start_scp(acse_timeout=1, network_timeout=1)
    for established in (False, True):
        with RawPeer(scp) as peer:
            if established:
                assert peer.associate() == ACCEPTED
            stream = p_data(1, 3, store_command("1.2.3")) if established else peer.request()
            began = time.monotonic()
            with suppress(ConnectionError):
                for byte in stream:
                    peer.send(bytes((byte,)))
                    time.sleep(0.1)
                    if time.monotonic() - began > 8:
                        break
            assert time.monotonic() - began < 8
            assert _is_ended(peer)


def test_an_association_does_not_last_for_ever(start_scp: Callable[..., Scp]) -> None:
    """However busy it keeps itself."""
    scp = start_scp(association_hours=1 / 3600)
    with RawPeer(scp) as peer:
        assert peer.associate() == ACCEPTED
        with suppress(ConnectionError, AssertionError):
            for number in range(1000):
                peer.store(f"1.2.{number}", b"\0" * 100)
                time.sleep(0.02)
        assert _is_ended(peer)
    wait_for(lambda: _seen(scp).rejection == "the association lasted too long")


# How many -------------------------------------------------------------------------------------


def test_two_hundred_idle_connections(start_scp: Callable[..., Scp]) -> None:
    """They cost their owner nothing, and nobody else anything."""
    scp = start_scp(dicom_peers="127.0.0.0/8")
    with ExitStack() as stack:
        for number in range(200):
            stack.enter_context(RawPeer(scp, source=f"127.0.0.{2 + number % 4}"))
        began = time.monotonic()
        assert _echoes(scp)
        assert time.monotonic() - began < 5
        assert len(scp._waiting.everyone()) <= 128
        for _ in range(200):  # from the client's own address, too
            stack.enter_context(RawPeer(scp))
        assert _echoes(scp)


def test_two_hundred_associations(start_scp: Callable[..., Scp]) -> None:
    """Those beyond the limits hear *temporary congestion* at once; another address is served."""
    scp = start_scp(dicom_peers="127.0.0.0/8")
    answers = []
    with ExitStack() as stack:
        began = time.monotonic()
        for _ in range(200):
            peer = stack.enter_context(RawPeer(scp, source="127.0.0.2"))
            peer.send(peer.request())
            answers.append(peer.receive())
        assert time.monotonic() - began < 30
        assert [kind for kind, _ in answers].count(ACCEPTED) == 32
        rejections = [content for kind, content in answers if kind == REJECTED]
        assert rejections == [bytes((0, 2, 3, 1))] * 168
        assert _echoes(scp)
        used = time.process_time()
        time.sleep(1)
        assert time.process_time() - used < 0.5, "idle associations keep the processor busy"


def test_no_address_takes_every_place(start_scp: Callable[..., Scp]) -> None:
    """Nor do all together take more than there are; a place given back is free again."""
    scp = start_scp(dicom_peers="127.0.0.0/8", max_associations=3, max_associations_per_peer=2)
    with ExitStack() as stack:
        for source, answer in (("127.0.0.2", ACCEPTED), ("127.0.0.2", ACCEPTED),
                               ("127.0.0.2", REJECTED), ("127.0.0.3", ACCEPTED),
                               ("127.0.0.4", REJECTED)):  # fmt: skip
            peer = stack.enter_context(RawPeer(scp, source=source))
            assert peer.associate() == answer
    deadline = time.monotonic() + 60
    while scp._places.taken and time.monotonic() < deadline:
        time.sleep(0.05)
    with RawPeer(scp, source="127.0.0.4") as peer:
        assert peer.associate() == ACCEPTED


# The disk -------------------------------------------------------------------------------------


def test_below_the_reserve_senders_are_told(start_scp: Callable[..., Scp], spool: Path) -> None:
    """0xA700 for each object, the association goes on, and the dashboard hears of it."""
    scp = start_scp(disk_reserve_gb=100_000)
    with RawPeer(scp) as peer:
        assert peer.associate() == ACCEPTED
        assert peer.store("1.2.3", b"\0" * 50_000) == OUT_OF_RESOURCES
        assert peer.store("1.2.4", b"\0" * 50_000) == OUT_OF_RESOURCES
        assert peer.release() == 6
    assert not list(spool.iterdir())
    assert "disk" in _seen(scp).rejection


def test_a_full_disk_is_said_and_passes(start_scp: Callable[..., Scp], small_disk: Path) -> None:
    """An object that does not fit is 0xA700; when there is room again, the same one is kept."""
    scp = start_scp(folder=small_disk)
    object_ = os.urandom(1_000_000)
    with RawPeer(scp) as peer:
        assert peer.associate() == ACCEPTED
        statuses = [peer.store(f"1.2.{number}", object_) for number in range(4)]
        assert statuses[:2] == [SUCCESS, SUCCESS]
        assert statuses[3] == OUT_OF_RESOURCES
        assert len(kept(small_disk)) == statuses.count(SUCCESS)
        assert not list(small_disk.glob("*/*.part"))
        for path in kept(small_disk).values():
            path.unlink()
        assert peer.store("1.2.3", object_) == SUCCESS
        assert peer.release() == 6


def test_a_folder_that_cannot_be_written_is_said(
    start_scp: Callable[..., Scp], small_disk: Path
) -> None:
    """A file system that became read-only loses nothing: senders keep what they have."""
    scp = start_scp(folder=small_disk)
    subprocess.run([program("mount"), "-o", "remount,ro", small_disk], check=True)
    with RawPeer(scp) as peer:
        assert peer.associate() == ACCEPTED
        assert peer.store("1.2.3", b"\0" * 100) == OUT_OF_RESOURCES
        subprocess.run([program("mount"), "-o", "remount,rw", small_disk], check=True)
        assert peer.store("1.2.3", b"\0" * 100) == SUCCESS
        assert peer.release() == 6


# All at once ----------------------------------------------------------------------------------


def test_good_senders_among_bad_ones(start_scp: Callable[..., Scp], spool: Path) -> None:
    """While others send noise, stall and drop, every image of a good sender is kept."""
    scp = start_scp(dicom_peers="127.0.0.0/8", network_timeout=2)
    over = threading.Event()

    def misbehave(number: int) -> None:
        while not over.is_set():
            with suppress(OSError), RawPeer(scp, source=f"127.0.0.{number}") as bad:
                if number % 2:
                    bad.send(os.urandom(5000))
                elif bad.associate() == ACCEPTED:
                    bad.send(p_data(1, 3, store_command("6.6.6")))
                    bad.send(p_data(1, 0, os.urandom(9000)))
                bad.socket.shutdown(socket.SHUT_WR)

    crowd = [threading.Thread(target=misbehave, args=(n,)) for n in range(2, 8)]
    for one in crowd:
        one.start()
    uids = [str(generate_uid()) for _ in range(20)]
    contexts = {1: (CT, [EXPLICIT_LE]), 3: (VERIFICATION, [EXPLICIT_LE])}
    try:
        with RawPeer(scp, contexts=contexts) as peer:
            assert peer.associate() == ACCEPTED
            for uid in uids:
                assert peer.store(uid, os.urandom(60_000)) == SUCCESS
            assert peer.release() == 6
    finally:
        over.set()
        for one in crowd:
            one.join(timeout=20)
    assert set(kept(spool)) == set(uids)
