"""Which presentation contexts objects need, and how they share associations (PS3.8 section 7.1.1).

A context pairs a SOP class with a transfer syntax, and an association has 128 at most. What is not
compressed is also proposed in Implicit VR, the one syntax that every archive has; what is
compressed goes as it is or not at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydicom.filereader import read_file_meta_info
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian
from pynetdicom.presentation import build_context

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pynetdicom.association import Association
    from pynetdicom.presentation import PresentationContext

    from heimdallr.delivery.sending import Item

MOST_CONTEXTS = 128
"""Of one association: their IDs are the odd numbers of a byte (PS3.8 section 9.3.2.2)."""


@dataclass(frozen=True, slots=True)
class Object:
    """An item, and how its file is encoded.

    Attributes:
        item: what is to be sent.
        sop_class_uid: of its file.
        sop_instance_uid: of its file.
        transfer_syntax_uid: of its file.
        size_bytes: of its file.
    """

    item: Item
    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    size_bytes: int

    @classmethod
    def of(cls, item: Item) -> Object:
        """Read the meta information of an item's file.

        Raises:
            OSError: it cannot be read.
            pydicom.errors.InvalidDicomError: it is no DICOM file.
            AttributeError: its meta information is not complete.
        """
        meta = read_file_meta_info(item.path)
        return cls(
            item=item,
            sop_class_uid=str(meta.MediaStorageSOPClassUID),
            sop_instance_uid=str(meta.MediaStorageSOPInstanceUID),
            transfer_syntax_uid=str(meta.TransferSyntaxUID),
            size_bytes=item.path.stat().st_size,
        )

    @property
    def contexts(self) -> tuple[tuple[str, str], ...]:
        """SOP class and transfer syntax of every context it may go in, best first."""
        syntaxes = [self.transfer_syntax_uid]
        if self.transfer_syntax_uid == ExplicitVRLittleEndian:
            syntaxes.append(str(ImplicitVRLittleEndian))
        return tuple((self.sop_class_uid, syntax) for syntax in syntaxes)

    def is_taken_as_it_is(self, association: Association) -> bool:
        """Whether the peer accepts it in its own transfer syntax."""
        return self.contexts[0] in accepted(association)

    def is_taken(self, association: Association) -> bool:
        """Whether the peer accepts it at all."""
        return not accepted(association).isdisjoint(self.contexts)


def accepted(association: Association) -> set[tuple[str, str]]:
    """SOP class and transfer syntax of every context that was accepted."""
    return {
        (str(context.abstract_syntax), str(context.transfer_syntax[0]))
        for context in association.accepted_contexts
    }


def by_association(objects: Sequence[Object]) -> Iterator[tuple[Object, ...]]:
    """Objects in their order, as many at a time as one association has contexts for."""
    batch: list[Object] = []
    wanted: set[tuple[str, str]] = set()
    for one in objects:
        if batch and len(wanted | set(one.contexts)) > MOST_CONTEXTS:
            yield tuple(batch)
            batch, wanted = [], set()
        batch.append(one)
        wanted.update(one.contexts)
    if batch:
        yield tuple(batch)


def contexts_of(objects: Sequence[Object]) -> list[PresentationContext]:
    """The contexts to propose for these objects."""
    wanted = dict.fromkeys(context for one in objects for context in one.contexts)
    return [build_context(sop_class, syntax) for sop_class, syntax in wanted]
