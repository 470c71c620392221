"""Interface engines: two that others wrote, and some that refuse, stall, lie and hang up."""

from __future__ import annotations

import socket
import ssl
import subprocess
import threading
import time
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from message_cases import case_folder, identity, source
from waiting import free_port

from heimdallr.delivery.destinations import Hl7Listener
from heimdallr.delivery.messages.hl7_result import MEDIA_TYPE, Hl7Options, write_hl7_result
from heimdallr.delivery.messages.reported_case import read_case
from heimdallr.delivery.senders.hl7_mllp import Hl7ListenerSender
from heimdallr.delivery.senders.own_node import OwnNode, Patience
from heimdallr.delivery.sending import Answer, Fate, Item
from heimdallr.hl7v2.mllp import FrameReader, framed
from heimdallr.hl7v2.syntax import read

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from certificates import Pair

    from heimdallr.hl7v2.character_sets import CharacterSet

OWN = OwnNode("HEIMDALLR", patience=Patience(connect_s=2.0, store_s=5.0))
HASTY = OwnNode("HEIMDALLR", patience=Patience(connect_s=2.0, store_s=0.3))
FRONTEND = Path(__file__).parents[3] / "frontend"


def result(folder: Path, key: str = "1", character_set: CharacterSet = "UNICODE UTF-8") -> Item:
    """The message of a case."""
    folder.mkdir(exist_ok=True)
    path = folder / f"{key}.hl7"
    options = Hl7Options(character_set=character_set, sending_facility=key)
    case = read_case(case_folder(folder / "case", who=identity(), images=source()))
    write_hl7_result(case, path, options)
    return Item(key, path, MEDIA_TYPE)


def ack(message: bytes, code: str = "AA", *further: str, answers: str | None = None) -> bytes:
    """An answer to a message, with further segments."""
    control_id = read(message).header.text(10) if answers is None else answers
    lines = ["MSH|^~\\&|RIS|||HEIMDALLR|20260201||ACK^R01^ACK|9|P|2.5.1"]
    return "\r".join([*lines, f"MSA|{code}|{control_id}", *further, ""]).encode()


@contextmanager
def engine(answer: Callable[[socket.socket, bytes], None]) -> Iterator[Hl7Listener]:
    """An engine on loopback that does as told with each message; connections one by one."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            with connection:
                messages = FrameReader(connection, 2**24)
                try:
                    while (message := messages.next(5.0)) is not None:
                        answer(connection, message)
                except OSError:
                    continue

    threading.Thread(target=serve, daemon=True).start()
    with closing(listening):
        yield Hl7Listener(host="127.0.0.1", port=listening.getsockname()[1])
        listening.shutdown(socket.SHUT_RDWR)  # or the thread would take one more


def sent(peer: Hl7Listener, *items: Item, own: OwnNode = OWN) -> dict[str, Answer]:
    """What a sender says of items."""
    return dict(Hl7ListenerSender(peer, own).send(items))


ERROR = "ERR||PID^1^3|204^Unknown key identifier^HL70357|E||||no such patient"
WARNING = "ERR|||103^Table value not found^HL70357|W||||PV1-2"


@pytest.mark.parametrize(
    ("code", "further", "fate", "why"),
    [
        ("AA", [], Fate.SENT, None),
        ("CA", [], Fate.SENT, None),
        ("AA", [WARNING], Fate.SENT, "accepted_with_warnings"),
        ("AA", [WARNING, ERROR], Fate.REFUSED, "accepted_with_errors"),
        ("AE", [ERROR], Fate.REFUSED, "message_refused"),
        ("AR", [], Fate.REFUSED, "message_refused"),
        ("CE", [], Fate.REFUSED, "message_refused"),
        ("??", [], Fate.REFUSED, "unknown_answer"),
    ],
)
def test_what_an_answer_means(
    tmp_path: Path, code: str, further: list[str], fate: Fate, why: str | None
) -> None:
    """AA is not understood: what stands in ERR counts, and is shown."""
    with engine(lambda peer, message: peer.sendall(framed(ack(message, code, *further)))) as peer:
        found = sent(peer, result(tmp_path))["1"]
    assert (found.fate, found.why.code if found.why else None) == (fate, why)
    assert found.may_have_arrived is (why in {"accepted_with_errors", "unknown_answer"})
    if ERROR in further:
        assert found.why is not None
        assert "no such patient" in found.why.text


SAID = "Paciente não encontrado"


@pytest.mark.parametrize("code", ["AA", "AE"])
@pytest.mark.parametrize(
    "careless",
    [
        lambda whole: framed(whole + f"NTE|1||{SAID}\r".encode()),
        lambda whole: framed(whole + f"NTE|1||{SAID}\r".encode("latin-1")),
        lambda whole: framed(whole.replace(b"|2.5.1", b"|2.5.1||||||ISO_IR 100")),
        lambda whole: framed(b"\xef\xbb\xbf" + whole),
        lambda whole: framed(b"\n" + whole + b"end of answer\r"),
        lambda whole: framed(whole)[:-1],
    ],
    ids=["UTF-8", "Latin-1", "no table has it", "byte order mark", "no segment", "FS alone"],
)
def test_a_careless_answer_is_one(
    tmp_path: Path, code: str, careless: Callable[[bytes], bytes]
) -> None:
    """A message that was taken does not go out again for days, a refusal is seen at once."""
    with engine(lambda peer, message: peer.sendall(careless(ack(message, code)))) as peer:
        found = sent(peer, result(tmp_path), own=HASTY)["1"]
    assert found.fate is (Fate.SENT if code == "AA" else Fate.REFUSED)


def test_words_of_an_answer_are_read_in_the_character_set_they_are_in(tmp_path: Path) -> None:
    """Most engines declare none."""
    for codec in ("utf-8", "latin-1"):
        told = f"ERR|||204|E||||{SAID}"

        def answer(
            peer: socket.socket, message: bytes, codec: str = codec, told: str = told
        ) -> None:
            peer.sendall(framed(ack(message, "AE", told).decode().encode(codec)))

        with engine(answer) as peer:
            why = sent(peer, result(tmp_path / codec), own=HASTY)["1"].why
        assert why is not None
        assert SAID in why.text


def test_an_answer_may_come_in_pieces(tmp_path: Path) -> None:
    """A byte at a time, after the answer to something else."""

    def answer(peer: socket.socket, message: bytes) -> None:
        peer.sendall(framed(ack(message, "AA", answers="another")))
        for byte in framed(ack(message)):
            peer.sendall(bytes([byte]))

    items = [result(tmp_path, "1"), result(tmp_path, "2")]
    with engine(answer) as peer:
        assert sent(peer, *items) == {"1": Answer(Fate.SENT), "2": Answer(Fate.SENT)}


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (lambda peer, message: None, "web_not_answered"),  # noqa: ARG005
        (lambda peer, message: peer.sendall(framed(ack(message))[:-2]), "web_not_answered"),
        (lambda peer, message: peer.shutdown(socket.SHUT_RDWR), "peer_hung_up"),  # noqa: ARG005
        (lambda peer, message: peer.sendall(b"HTTP/1.1 400 Bad Request\r\n"), "no_hl7_answer"),  # noqa: ARG005
        (lambda peer, message: peer.sendall(framed(b"what?")), "no_hl7_answer"),  # noqa: ARG005
        (
            lambda peer, message: peer.sendall(framed(ack(message, "AA", answers="another"))),
            "answer_to_another_message",
        ),
    ],
)
def test_no_answer_is_no_refusal(
    tmp_path: Path, answer: Callable[[socket.socket, bytes], None], why: str
) -> None:
    """Later, and what comes behind was not tried."""
    items = [result(tmp_path, "1"), result(tmp_path, "2")]
    with engine(answer) as peer:
        found = sent(peer, *items, own=HASTY)
    assert list(found) == ["1"]
    assert found["1"].why is not None
    assert (found["1"].fate, found["1"].why.code) == (Fate.LATER, why)
    assert found["1"].may_have_arrived


def test_a_refusal_does_not_hold_up_the_next(tmp_path: Path) -> None:
    """One connection; each message has its own answer."""
    codes = iter(("AE", "AA"))
    with engine(lambda peer, message: peer.sendall(framed(ack(message, next(codes))))) as peer:
        found = sent(peer, result(tmp_path, "1"), result(tmp_path, "2"))
    assert [one.fate for one in found.values()] == [Fate.REFUSED, Fate.SENT]


def test_what_is_no_message_is_not_sent(tmp_path: Path) -> None:
    """A damaged file ends there; the reason quotes nothing of it."""
    path = tmp_path / "x.hl7"
    path.write_bytes(b"PID|1||SILVA")
    got = []
    with engine(lambda _, message: got.append(message)) as peer:
        found = sent(peer, Item("1", path, MEDIA_TYPE))["1"]
    assert (found.fate, got) == (Fate.REFUSED, [])
    assert "SILVA" not in str(found)


def test_a_message_that_is_taken_away_does_not_go(tmp_path: Path) -> None:
    """It waits; whoever took it away says what becomes of it."""
    got = []
    with engine(lambda _, message: got.append(message)) as peer:
        found = sent(peer, Item("1", tmp_path / "gone.hl7", MEDIA_TYPE))["1"]
    assert (found.fate, got) == (Fate.LATER, [])


def test_a_test_sends_nothing() -> None:
    """It connects; that an answer shows only with a message is said."""
    got = []
    with engine(lambda _, message: got.append(message)) as peer:
        checks = Hl7ListenerSender(peer, OWN).test()
    assert [(one.name, one.ok) for one in checks] == [("reachable", True), ("ack", None)]
    assert not got
    assert [one.ok for one in Hl7ListenerSender(peer, OWN).test()] == [False]


def test_tls_believes_only_whom_it_is_told_to(tmp_path: Path, pair: Pair) -> None:
    """A certificate of an authority nobody named is refused before a byte is sent."""
    context = pair.server()
    listening = socket.create_server(("127.0.0.1", 0))

    def answer(plain: socket.socket) -> None:
        with suppress(ssl.SSLError), context.wrap_socket(plain, server_side=True) as peer:
            message = FrameReader(peer, 2**20).next(5.0)
            if message:
                peer.sendall(framed(ack(message)))

    def serve() -> None:
        with suppress(OSError):
            while True:
                answer(listening.accept()[0])

    threading.Thread(target=serve, daemon=True).start()
    item = result(tmp_path)
    port = listening.getsockname()[1]
    with closing(listening):
        known = Hl7Listener(host="127.0.0.1", port=port, tls=True, ca=pair.certificate)
        assert sent(known, item) == {"1": Answer(Fate.SENT)}
        unknown = sent(Hl7Listener(host="127.0.0.1", port=port, tls=True), item)["1"]
        assert unknown.why is not None
        assert (unknown.fate, unknown.why.code) == (Fate.LATER, "peer_not_trusted")
        lost = Hl7Listener(host="127.0.0.1", port=port, tls=True, ca=tmp_path / "nowhere.pem")
        no_file = sent(lost, item)["1"]
        assert no_file.why is not None
        assert (no_file.fate, no_file.why.code) == (Fate.LATER, "certificate_unusable")


@pytest.mark.parametrize("character_set", ["UNICODE UTF-8", "8859/1"])
def test_a_bridge_to_fhir_understands_it(tmp_path: Path, character_set: CharacterSet) -> None:
    """hl7v2-fhir-bridge: it refuses bytes that are not MSH-18's, empty PID-3, empty OBR-25."""
    mllp, bridge, config = (
        pytest.importorskip(f"v2fhir.{name}", reason="hl7v2-fhir-bridge is not installed")
        for name in ("mllp", "bridge", "config")
    )
    service = bridge.Bridge(config.Config(out_dir=str(tmp_path / "bundles")))
    server = mllp.ServerThread(
        mllp.MLLPServer(mllp.bridge_handler(service), "127.0.0.1", 0)
    ).start()
    try:
        peer = Hl7Listener(host="127.0.0.1", port=server.port)
        item = result(tmp_path, character_set=character_set)
        for _ in range(2):
            assert sent(peer, item)["1"].fate is Fate.SENT
        made = list((tmp_path / "bundles").iterdir())
        assert len(made) == 1, "a retry is known by its MSH-10"
        text = made[0].read_text("utf-8")
        assert "MARIA JOSÉ" in text
        assert "FI-1" in text

        path = tmp_path / "wrong.hl7"
        path.write_bytes(item.path.read_bytes().replace(b"P-77", b""))
        refused = sent(peer, Item("2", path, MEDIA_TYPE))["2"]
        assert refused.fate is Fate.REFUSED
        assert refused.why is not None
        assert "PID-3" in refused.why.text
    finally:
        server.stop()


@pytest.mark.skipif(
    not (FRONTEND / "node_modules" / "simple-hl7").is_dir(),
    reason="npm's simple-hl7 is not installed (make setup)",
)
def test_simple_hl7_takes_it(tmp_path: Path) -> None:
    """An engine that answers AA to everything, and tells what it read."""
    port = free_port()
    item = result(tmp_path)
    program = subprocess.Popen(
        [
            FRONTEND / "with-node",
            *("node", Path(__file__).with_name("simple_hl7_peer.js"), FRONTEND, str(port)),
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert program.stdout is not None
        assert program.stdout.readline() == "ready\n"
        peer = Hl7Listener(host="127.0.0.1", port=port)
        deadline = time.monotonic() + 10
        while (found := sent(peer, item))["1"].fate is Fate.LATER and time.monotonic() < deadline:
            time.sleep(0.05)  # it says so before it listens
        assert found == {"1": Answer(Fate.SENT)}
        message = read(item.path.read_bytes())
        expected = f"got {message.header.text(10)} {len(message.segments) - 1}\n"
        assert program.stdout.readline() == expected
    finally:
        program.terminate()
        program.wait(10)
        if program.stdout:
            program.stdout.close()
