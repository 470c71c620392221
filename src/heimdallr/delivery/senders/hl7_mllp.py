"""Sends HL7 messages over MLLP and reads what is answered to each.

One connection, one message at a time, each with its answer. What an answer means:

* AA or CA without an ERR of severity E or F: taken. **With one, refused**: an application may
  accept a message and say in ERR that it could do nothing with it.
* AE, AR, CE, CR: refused, with the peer's reason; a person decides, nothing is sent again blindly.
* no answer, or one to another message: later. The message goes out again as it is, under the same
  MSH-10, by which a receiver knows it.
"""

from __future__ import annotations

import socket
import time
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

from heimdallr.delivery.senders.connection_failures import failure_of, no_connection
from heimdallr.delivery.senders.own_node import CertificateError
from heimdallr.delivery.senders.words_of_peers import said
from heimdallr.delivery.sending import Answer, Check, Fate
from heimdallr.domain.statements import Statement
from heimdallr.hl7v2.acknowledgement import read_acknowledgement
from heimdallr.hl7v2.mllp import FrameFault, FrameReader, framed
from heimdallr.hl7v2.syntax import SyntaxFault, read, read_answer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from heimdallr.delivery.destinations import Hl7Listener
    from heimdallr.delivery.senders.own_node import OwnNode
    from heimdallr.delivery.sending import Item
    from heimdallr.hl7v2.acknowledgement import Acknowledgement

_LARGEST_ANSWER = 2**20


class Hl7ListenerSender:
    """Sends to one interface engine; see :class:`heimdallr.delivery.sending.Sender`.

    MLLP knows no secret; over TLS each side shows its certificate.

    Args:
        listener: where it is.
        own: our side.
    """

    def __init__(self, listener: Hl7Listener, own: OwnNode) -> None:
        self._listener, self._own = listener, own
        self._address = f"{listener.host}:{listener.port}"

    def send(self, items: Sequence[Item]) -> Iterator[tuple[str, Answer]]:
        """Send each message and wait for its answer; the first that must wait ends it."""
        if not items:
            return
        connection = self._connected()
        if isinstance(connection, Statement):
            yield items[0].key, Answer(Fate.LATER, connection)
            return
        with closing(connection):
            answers = FrameReader(connection, _LARGEST_ANSWER)
            for item in items:
                answer = self._sent(connection, answers, item)
                yield item.key, answer
                if answer.fate is Fate.LATER:
                    return

    def test(self) -> Sequence[Check]:
        """Connect, with TLS where it is set; no more can be tried without leaving a message."""
        connection = self._connected()
        if isinstance(connection, Statement):
            return [Check("reachable", ok=False, told=connection)]
        connection.close()
        return [
            Check("reachable", ok=True, told=Statement("peer_answers", {"address": self._address})),
            Check("ack", ok=None, told=Statement("ack_only_by_sending")),
        ]

    def _connected(self) -> socket.socket | Statement:
        """A connection, over TLS where it is set; or why there is none."""
        engine, own = self._listener, self._own
        try:
            context = own.context_for(engine.ca) if engine.tls else None
            address = (engine.host, engine.port)
            connection = socket.create_connection(address, own.patience.connect_s)
            if context is None:
                return connection
            try:
                return context.wrap_socket(connection, server_hostname=engine.host)
            except BaseException:
                connection.close()
                raise
        except CertificateError as error:
            return error.why
        except OSError as error:
            return failure_of(error, self._address)

    def _sent(self, connection: socket.socket, answers: FrameReader, item: Item) -> Answer:
        try:
            content = item.path.read_bytes()
            control_id = read(content).header.text(10)
            frame = framed(content)
        except OSError:
            return Answer(Fate.LATER, Statement("own_file_unreadable"))
        except ValueError:  # its text may quote the message
            return Answer(Fate.REFUSED, Statement("own_file_is_no_message"))
        answer = self._exchanged(connection, answers, frame, control_id)
        return replace(answer, may_have_arrived=True) if answer.fate is Fate.LATER else answer

    def _exchanged(
        self, connection: socket.socket, answers: FrameReader, frame: bytes, control_id: str
    ) -> Answer:
        """What is answered to a message; where it must wait, nobody knows whether it came."""
        try:
            connection.settimeout(self._own.patience.store_s)
            connection.sendall(frame)
            return self._answer(answers, control_id)
        except TimeoutError:
            limit_s = round(self._own.patience.store_s)
            return Answer(
                Fate.LATER,
                Statement("web_not_answered", {"address": self._address, "seconds": limit_s}),
            )
        except OSError as error:
            return no_connection(error, self._address)
        except (FrameFault, SyntaxFault):
            return Answer(Fate.LATER, Statement("no_hl7_answer", {"address": self._address}))

    def _answer(self, answers: FrameReader, control_id: str) -> Answer:
        """The answer to this message; those to others are passed over until time is up."""
        deadline = time.monotonic() + self._own.patience.store_s
        another = False
        while True:
            try:
                message = answers.next(max(deadline - time.monotonic(), 0.0))
            except TimeoutError:
                if not another:
                    raise
                message = None
            if message is None:
                if another:
                    return Answer(Fate.LATER, Statement("answer_to_another_message"))
                return Answer(Fate.LATER, Statement("peer_hung_up", {"address": self._address}))
            answer = read_acknowledgement(read_answer(message))
            if answer is not None and answer.control_id == control_id:
                return _meaning(answer)
            another = True


def _meaning(answer: Acknowledgement) -> Answer:
    words = said(answer.words)
    if answer.verdict == "accepted":
        if answer.has_errors:
            told = Statement("accepted_with_errors", {"said": words})
            return Answer(Fate.REFUSED, told, may_have_arrived=True)
        if answer.complaints:
            return Answer(Fate.SENT, Statement("accepted_with_warnings", {"said": words}))
        return Answer(Fate.SENT)
    if answer.verdict is None:
        unknown = Statement("unknown_answer", {"code": answer.code[:8]})
        return Answer(Fate.REFUSED, unknown, may_have_arrived=True)
    return Answer(Fate.REFUSED, Statement("message_refused", {"code": answer.code, "said": words}))
