"""Archives that misbehave: pynetdicom SCPs and bare sockets, on free ports of this machine."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pydicom.dataset import Dataset
from pynetdicom import AE, evt
from pynetdicom.sop_class import (  # type: ignore[attr-defined]  # made at import
    StorageCommitmentPushModel,
    Verification,
)

from heimdallr.delivery.destinations import DicomNode

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator

    from pynetdicom.events import Event

Contexts = list[tuple[str, list[str]]]


@dataclass
class Archive:
    """An SCP that answers as it is told.

    Attributes:
        status: of every C-STORE, or made of the request.
        comment: (0000,0902) beside a status that is no success.
        stored: what came: SOP class, transfer syntax, SOP instance UID.
        action: what N-ACTION is answered with.
    """

    status: int | Callable[[Event], int] = 0x0000
    comment: str = ""
    action: Callable[[Event], tuple[int, None]] = lambda _event: (0x0000, None)
    stored: list[tuple[str, str, str]] = field(default_factory=list)
    associations: int = 0

    def store(self, event: Event) -> Dataset:
        """Answer a C-STORE."""
        request: Any = event.request
        told = Dataset()
        told.Status = self.status(event) if callable(self.status) else self.status
        if told.Status and self.comment:
            told.ErrorComment = self.comment
        self.stored.append(
            (
                str(request.AffectedSOPClassUID),
                str(event.context.transfer_syntax),
                str(request.AffectedSOPInstanceUID),
            )
        )
        return told

    def requested(self, _event: Event) -> None:
        """Count an association."""
        self.associations += 1

    @contextmanager
    def running(
        self,
        contexts: Contexts,
        *,
        secured: ssl.SSLContext | None = None,
        **node: Any,  # noqa: ANN401 - of a destination
    ) -> Iterator[DicomNode]:
        """Listen, and accept these SOP classes in these transfer syntaxes."""
        entity = AE("ARCHIVE")
        entity.add_supported_context(Verification)
        entity.add_supported_context(StorageCommitmentPushModel)
        for sop_class, syntaxes in contexts:
            entity.add_supported_context(sop_class, syntaxes)
        handlers: list[Any] = [
            (evt.EVT_C_STORE, self.store),
            (evt.EVT_REQUESTED, self.requested),
            (evt.EVT_N_ACTION, self.action),
        ]
        server: Any = entity.start_server(
            ("127.0.0.1", 0), block=False, evt_handlers=handlers, ssl_context=secured
        )
        port = server.socket.getsockname()[1]
        try:
            yield DicomNode(ae_title="ARCHIVE", host="127.0.0.1", port=port, **node)
        finally:
            server.shutdown()


def uid_in(event: Event) -> str:
    """SOP instance UID of a C-STORE."""
    request: Any = event.request
    return str(request.AffectedSOPInstanceUID)


@contextmanager
def answering(answer: Callable[[socket.socket], None], **node: Any) -> Iterator[DicomNode]:  # noqa: ANN401 - of a destination
    """A bare socket that does with every connection as it is told."""
    listener = socket.create_server(("127.0.0.1", 0))
    done = threading.Event()
    open_ones: list[socket.socket] = []

    def serve() -> None:
        while not done.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            open_ones.append(connection)
            threading.Thread(target=answer, args=(connection,), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield DicomNode(
            ae_title="ARCHIVE", host="127.0.0.1", port=listener.getsockname()[1], **node
        )
    finally:
        done.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for one in open_ones:
            one.close()


def rejecting(result: int, source: int, reason: int) -> Callable[[socket.socket], None]:
    """Reject the association with these (PS3.8 table 9-21)."""

    def answer(connection: socket.socket) -> None:
        connection.recv(1 << 16)
        connection.sendall(bytes((3, 0, 0, 0, 0, 4, 0, result, source, reason)))
        connection.recv(1)

    return answer


def silent(connection: socket.socket) -> None:
    """Take everything and say nothing."""
    with connection:
        while connection.recv(1 << 16):
            pass


def deaf(connection: socket.socket) -> None:
    """Not even read."""
    threading.Event().wait(30)
    connection.close()


def hanging_up(connection: socket.socket) -> None:
    """Close at once."""
    connection.close()


@contextmanager
def clogged(node: DicomNode, most_bytes: int) -> Iterator[DicomNode]:
    """The way to an archive, on which no more than so many bytes arrive."""
    over = threading.Event()

    def carry(connection: socket.socket) -> None:
        with socket.create_connection((node.host, node.port)) as archive:
            back = threading.Thread(target=_pour, args=(archive, connection, 1 << 40), daemon=True)
            back.start()
            _pour(connection, archive, most_bytes)
            over.wait()
            archive.shutdown(socket.SHUT_RDWR)  # else the archive reads, and lives, for ever

    with answering(carry) as way:
        try:
            yield way
        finally:
            over.set()


def _pour(source: socket.socket, target: socket.socket, most_bytes: int) -> None:
    with suppress(OSError):
        while most_bytes > 0 and (piece := source.recv(1 << 14)):
            target.sendall(piece)
            most_bytes -= len(piece)
