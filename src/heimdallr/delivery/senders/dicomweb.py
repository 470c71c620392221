"""An archive that takes STOW-RS (PS3.18 section 10.5), and is asked by QIDO-RS (section 10.6).

One instance a request: so every instance has an answer of its own, also from archives that answer
409 to all because of one, or 400 although they have stored what was good. An answer that does not
name the instance is not believed: the archive is asked for it.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import replace
from typing import TYPE_CHECKING

from heimdallr.delivery.senders.dicom_status import PROCESSING_FAILURE, SUCCESS, answer_to
from heimdallr.delivery.senders.web import NoAnswerError, web_peer
from heimdallr.delivery.sending import Answer, Check, Fate
from heimdallr.domain.statements import Statement

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from heimdallr.delivery.destinations import DicomWeb
    from heimdallr.delivery.senders.own_node import OwnNode
    from heimdallr.delivery.senders.web import Reply, WebPeer
    from heimdallr.delivery.sending import Item

_JSON = "application/dicom+json"
_PIECE = 1 << 18
_ASKED_AFTER = {200, 202, 400, 409}
"""Answers that may be given although the instance was stored."""
_ITSELF = "00080018"
_FAILURES, _STORED = "00081198", "00081199"
_INSTANCE, _FAILURE_REASON, _WARNING_REASON = "00081155", "00081197", "00081196"
"""Tags of FailedSOPSequence, ReferencedSOPSequence, and of what is in their items."""


class DicomWebSender:
    """Sends to one archive; see :class:`heimdallr.delivery.sending.Sender`.

    Args:
        archive: where it is.
        token: bearer token, or the password of ``archive.user``.
        own: our side.
    """

    def __init__(self, archive: DicomWeb, token: str, own: OwnNode) -> None:
        self._archive, self._token, self._own = archive, token, own

    def send(self, items: Sequence[Item]) -> Iterator[tuple[str, Answer]]:
        """Send items, most urgent first; key and answer of each, as soon as it is known."""
        try:
            with web_peer(self._archive, self._token, self._own.patience) as web:
                for item in items:
                    yield item.key, _store(web, item)
        except NoAnswerError as error:
            yield from ((item.key, error.answer) for item in items)

    def test(self) -> Sequence[Check]:
        """Ask for a study, and whether instances may be stored."""
        try:
            with web_peer(self._archive, self._token, self._own.patience) as web:
                reply = web.exchange("GET", "/studies?limit=1", headers={"Accept": _JSON})
                reachable = web.reachable(reply)
                if not reachable.ok:
                    return [reachable]
                return [reachable, _qido(reply)]
        except NoAnswerError as error:
            told = error.answer.why or Statement("qido_not_understood")
            return [Check("reachable", ok=False, told=told)]


def _qido(reply: Reply) -> Check:
    """Whether a list of studies came: of a page that greets people, none does."""
    if reply.status == 204 or isinstance(_read_json(reply), list):  # noqa: PLR2004 - no study
        return Check("qido", ok=True, told=Statement("qido_answered"))
    return Check("qido", ok=False, told=Statement("qido_not_understood"))


def _store(web: WebPeer, item: Item) -> Answer:
    boundary = secrets.token_hex(16)
    head = f"--{boundary}\r\nContent-Type: application/dicom\r\n\r\n".encode()
    tail = f"\r\n--{boundary}--\r\n".encode()
    try:
        size = item.path.stat().st_size
        length = len(head) + size + len(tail)
        reply = web.exchange(
            "POST",
            "/studies",
            headers={
                "Accept": _JSON,
                "Content-Length": str(length),
                "Content-Type": f'multipart/related; type="application/dicom"; boundary={boundary}',
            },
            content=_parts(head, item.path, tail),
            size_bytes=length,
        )
        return _judged(web, item, reply)
    except NoAnswerError as error:
        return error.answer
    except OSError:
        return Answer(Fate.LATER, Statement("own_file_unreadable"))


def _parts(head: bytes, path: Path, tail: bytes) -> Iterator[bytes]:
    yield head
    with path.open("rb") as stream:
        while piece := stream.read(_PIECE):
            yield piece
    yield tail


def _judged(web: WebPeer, item: Item, reply: Reply) -> Answer:
    answer = named_in(_read_json(reply), item.sop_instance_uid)
    if answer is not None:
        return answer
    if reply.status in _ASKED_AFTER:
        try:
            is_there = _has(web, item.sop_instance_uid)
        except NoAnswerError as error:
            return replace(error.answer, may_have_arrived=True)
        if is_there:
            return Answer(Fate.SENT)
        if reply.is_success:
            return Answer(Fate.LATER, Statement("stored_but_not_found"), may_have_arrived=True)
    return web.judge(reply)


def named_in(told: object, sop_instance_uid: str) -> Answer | None:
    """What the body of a STOW-RS answer says of an instance; ``None``: nothing.

    Args:
        told: Store Instances Response Module (PS3.18 table I.2-1) in the DICOM JSON model.
        sop_instance_uid: of the instance.
    """
    for sequence, reason in ((_FAILURES, _FAILURE_REASON), (_STORED, _WARNING_REASON)):
        for one in _items(told, sequence):
            if _value(one, _INSTANCE) != sop_instance_uid:
                continue
            status = _value(one, reason)
            if isinstance(status, int):
                return answer_to(status)
            return answer_to(PROCESSING_FAILURE if sequence == _FAILURES else SUCCESS)
    return None


def _has(web: WebPeer, sop_instance_uid: str) -> bool:
    """Whether the archive finds the instance (QIDO-RS).

    Raises:
        NoAnswerError: it cannot be asked.
    """
    query = f"/instances?SOPInstanceUID={sop_instance_uid}&limit=1"
    reply = web.exchange("GET", query, headers={"Accept": _JSON})
    found = _read_json(reply) if reply.is_success else None
    return isinstance(found, list) and any(
        _value(one, _ITSELF) == sop_instance_uid for one in found
    )


def _read_json(reply: Reply) -> object:
    """The body of an answer; ``None`` where it is no JSON."""
    try:
        told: object = json.loads(reply.body) if reply.media_type.endswith("json") else None
    except (ValueError, RecursionError):
        return None
    return told


def _items(told: object, tag: str) -> list[object]:
    """The items of a sequence, in the DICOM JSON model (PS3.18 annex F)."""
    element = told.get(tag) if isinstance(told, dict) else None
    items = element.get("Value") if isinstance(element, dict) else None
    return items if isinstance(items, list) else []


def _value(item: object, tag: str) -> object:
    """The first value of an element; ``None`` where there is none."""
    values = _items(item, tag)
    return values[0] if values else None
