"""An archive that takes C-STORE: sending, and trying out whether it would (PS3.4 annex B).

Every object has its own answer, from its own status. What the peer does not accept at all (no
presentation context) ends with the SOP class named, for trying again cannot help.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from pydicom import dcmread
from pydicom.errors import InvalidDicomError
from pydicom.uid import UID, ExplicitVRLittleEndian, RLELossless
from pynetdicom import _config
from pynetdicom.presentation import build_context
from pynetdicom.sop_class import (  # type: ignore[attr-defined]  # made at import
    Comprehensive3DSRStorage,
    EncapsulatedPDFStorage,
    MultiFrameTrueColorSecondaryCaptureImageStorage,
    SecondaryCaptureImageStorage,
    SegmentationStorage,
    StorageCommitmentPushModel,
    Verification,
)

from heimdallr.delivery.senders.association import (
    NoAssociationError,
    NoContextAcceptedError,
    address_of,
    association,
)
from heimdallr.delivery.senders.commitment import ask
from heimdallr.delivery.senders.dicom_status import answer_to
from heimdallr.delivery.senders.proposals import Object, accepted, by_association, contexts_of
from heimdallr.delivery.sending import Answer, Check, Fate
from heimdallr.domain.statements import Statement

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pydicom.dataset import Dataset
    from pynetdicom.association import Association

    from heimdallr.delivery.destinations import DicomNode
    from heimdallr.delivery.senders.own_node import OwnNode
    from heimdallr.delivery.sending import Item

LABEL_MAP_SEGMENTATION_STORAGE = UID("1.2.840.10008.5.1.4.1.1.66.7")
"""PS3.4 table B.5-1 since 2024d; pynetdicom 3.0.4 does not name it."""

# Files are sent as they lie on the disk, without being read into data sets.
_config.STORE_SEND_CHUNKED_DATASET = True


class DicomNodeSender:
    """Sends to one archive; see :class:`heimdallr.delivery.sending.Sender`.

    Args:
        node: the archive.
        own: our side.
    """

    def __init__(self, node: DicomNode, own: OwnNode) -> None:
        self._node, self._own = node, own

    def send(self, items: Sequence[Item]) -> Iterator[tuple[str, Answer]]:
        """Send items, most urgent first; key and answer of each, as soon as it is known."""
        objects: list[Object] = []
        for item in items:
            found = _looked_at(item)
            if isinstance(found, Object):
                objects.append(found)
            else:
                yield item.key, found
        for batch in by_association(objects):
            yield from self._send_together(batch)

    def request_commitment(
        self, items: Sequence[Item], transaction_uid: str
    ) -> Iterator[tuple[str, Answer]]:
        """Ask the archive whether it keeps what it has taken; see :func:`commitment.ask`."""
        return ask(self._node, self._own, items, transaction_uid)

    def test(self) -> Sequence[Check]:
        """Call the archive, greet it, and look what it would accept."""
        wanted = self._wanted()
        contexts = [build_context(Verification)]
        contexts += [build_context(sop_class, syntax) for sop_class, syntax in wanted]
        if self._node.commitment:
            contexts.append(build_context(StorageCommitmentPushModel))
        address = address_of(self._node)
        try:
            with association(self._node, self._own, contexts) as made:
                answers = Statement("peer_answers", {"address": address})
                reachable = Check("reachable", ok=True, told=answers)
                return [reachable, *self._checks(made, wanted)]
        except NoAssociationError as error:
            return [Check("reachable", ok=False, told=error.why)]
        except NoContextAcceptedError:
            refused = Statement("nothing_accepted", {"address": address})
            return [Check("presentation_contexts", ok=False, told=refused)]

    def _wanted(self) -> list[tuple[UID, UID]]:
        """SOP class and transfer syntax of what this destination is sent."""
        is_label_map = self._node.segmentation == "labelmap"
        is_multi_frame = self._node.captures == "multi_frame"
        return [
            (LABEL_MAP_SEGMENTATION_STORAGE, RLELossless)
            if is_label_map
            else (SegmentationStorage, ExplicitVRLittleEndian),
            (Comprehensive3DSRStorage, ExplicitVRLittleEndian),
            (MultiFrameTrueColorSecondaryCaptureImageStorage, RLELossless)
            if is_multi_frame
            else (SecondaryCaptureImageStorage, ExplicitVRLittleEndian),
            (EncapsulatedPDFStorage, ExplicitVRLittleEndian),
        ]

    def _checks(self, made: Association, wanted: list[tuple[UID, UID]]) -> Iterator[Check]:
        classes = {sop_class for sop_class, _ in accepted(made)}
        if Verification in classes:
            status = made.send_c_echo().get("Status")
            said = "no answer" if status is None else f"0x{status:04X}"
            yield Check("c_echo", ok=status == 0, told=Statement("echo_answered", {"status": said}))
        else:
            yield Check("c_echo", ok=None, told=Statement("echo_not_accepted"))
        refused = [named(*pair) for pair in wanted if tuple(map(str, pair)) not in accepted(made)]
        told = Statement("contexts_accepted")
        if refused:
            told = Statement("contexts_refused", {"sop_classes": tuple(refused)})
        yield Check("presentation_contexts", ok=not refused, told=told)
        if self._node.commitment:
            is_offered = StorageCommitmentPushModel in classes
            yield Check("commitment", ok=is_offered, told=_commitment(offered=is_offered))

    def _send_together(self, objects: Sequence[Object]) -> Iterator[tuple[str, Answer]]:
        """Send what fits one association."""
        try:
            with association(self._node, self._own, contexts_of(objects)) as made:
                for one in objects:
                    yield one.item.key, self._send(made, one)
        except _BrokenOffError as error:
            yield error.key, error.answer
        except NoAssociationError as error:
            yield from ((one.item.key, error.answer) for one in objects)
        except NoContextAcceptedError:
            yield from ((one.item.key, _not_accepted(one)) for one in objects)

    def _send(self, made: Association, one: Object) -> Answer:
        if not one.is_taken(made):
            return _not_accepted(one)
        limit_s = self._own.patience.to_store_s(one.size_bytes)
        made.dimse_timeout = limit_s
        began = time.monotonic()
        try:
            if one.is_taken_as_it_is(made):
                status = made.send_c_store(one.item.path)
            else:  # in Implicit VR, for which it has to be read
                status = made.send_c_store(dcmread(one.item.path))
        except OSError:
            return Answer(Fate.LATER, Statement("own_file_unreadable"))
        except RuntimeError:  # it ended before anything was sent
            raise self._broken_off(one, waited_s=None, limit_s=limit_s) from None
        if "Status" not in status:
            raise self._broken_off(one, waited_s=time.monotonic() - began, limit_s=limit_s)
        return answer_to(int(status.Status), _comment(status))

    def _broken_off(
        self, one: Object, *, waited_s: float | None, limit_s: float
    ) -> _BrokenOffError:
        """The association ended; ``waited_s``: for an answer, ``None``: nothing had been sent."""
        address = address_of(self._node)
        why = Statement("association_broken_off", {"address": address})
        if waited_s is not None and waited_s >= limit_s:
            why = Statement("store_not_answered", {"address": address, "seconds": round(limit_s)})
        answer = Answer(Fate.LATER, why, may_have_arrived=waited_s is not None)
        return _BrokenOffError(one.item.key, answer)


class _BrokenOffError(Exception):
    """The association ended with an object in hand; those after it are not tried."""

    def __init__(self, key: str, answer: Answer) -> None:
        super().__init__(key)
        self.key, self.answer = key, answer


def named(sop_class_uid: str, transfer_syntax_uid: str) -> str:
    """SOP class and transfer syntax as a person knows them."""
    name = UID(sop_class_uid).name
    if sop_class_uid == LABEL_MAP_SEGMENTATION_STORAGE:
        name = "Label Map Segmentation Storage"
    return f"{name} ({UID(transfer_syntax_uid).name})"


def _commitment(*, offered: bool) -> Statement:
    return Statement("commitment_offered") if offered else Statement("commitment_not_offered")


def _looked_at(item: Item) -> Object | Answer:
    try:
        return Object.of(item)
    except OSError:
        return Answer(Fate.LATER, Statement("own_file_unreadable"))
    except (InvalidDicomError, AttributeError):
        return Answer(Fate.REFUSED, Statement("own_file_is_no_dicom"))


def _not_accepted(one: Object) -> Answer:
    sop_class = named(one.sop_class_uid, one.transfer_syntax_uid)
    return Answer(Fate.REFUSED, Statement("sop_class_not_accepted", {"sop_class": sop_class}))


def _comment(status: Dataset) -> str:
    return str(status.get("ErrorComment") or "")
