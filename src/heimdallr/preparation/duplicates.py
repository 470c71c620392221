"""One image twice, or two images under one SOPInstanceUID.

A UID is to be unique in the world (PS3.5 chapter 9), and is not: exports number their images from 1
in every series, anonymisers give all images one UID, archives copy a study and keep the UIDs of its
images. So a UID alone makes no duplicate. A duplicate is the same instance of the same series with
the same pixels; anything else is another image.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from itertools import islice
from typing import TYPE_CHECKING

from pydicom.uid import DeflatedExplicitVRLittleEndian

from heimdallr.preparation.persons import MOST_PERSONS, Named, same_person
from heimdallr.preparation.reading import SkippedFileError, read_open

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
    from pathlib import Path

    from heimdallr.preparation.instances import Instance

_PIECE = 2**20
_LOOKED_AT = ("TransferSyntaxUID",)


def without_duplicates(
    instances: Sequence[Instance], group: Callable[[Instance], Hashable]
) -> tuple[list[Instance], int]:
    """Leave out what is there already; of several copies the first is kept.

    Args:
        instances: in an order that does not depend on the names of files.
        group: the study and series an instance belongs to.

    Returns:
        what remains, and how many were left out.
    """

    def identity(one: Instance) -> Hashable:
        return group(one), one.sop_instance_uid, one.sop_class_uid

    often = Counter(map(identity, instances))
    copies: dict[Hashable, _Copies] = defaultdict(_Copies)
    kept = [
        one
        for one in instances
        if not one.sop_instance_uid
        or often[identity(one)] == 1
        or copies[identity(one), _place(one)].take(one)
    ]
    return kept, len(instances) - len(kept)


def sharing_uids(
    instances: Iterable[Instance], study: Callable[[Instance], str]
) -> Mapping[str, int]:
    """Study → how many of its images carry the UID of another image, of whichever study."""
    owners: dict[str, list[str]] = defaultdict(list)
    for one in instances:
        if one.sop_instance_uid:
            owners[one.sop_instance_uid].append(study(one))
    return Counter(key for keys in owners.values() if len(keys) > 1 for key in keys)


class _Copies:
    """Images of one UID that lie at one place of one series.

    In another transfer syntax pixels are not compared: an archive that compresses an image leaves
    its UID, its number and its place.
    """

    def __init__(self) -> None:
        self._known: dict[Named, dict[str, set[str]]] = {}

    def take(self, one: Instance) -> bool:
        """Add an image unless it is there; whether it was added."""
        named, syntax = Named.of(one.text), one.transfer_syntax_uid
        try:
            pixels = pixel_digest(one.path)
        except (SkippedFileError, OSError):
            return True  # whoever reads it next will say why that cannot be
        for other, by_syntax in islice(self._known.items(), MOST_PERSONS):
            there = pixels in by_syntax.get(syntax, ()) or by_syntax.keys() - {syntax}
            if there and same_person(named, other):
                return False
        self._known.setdefault(named, {}).setdefault(syntax, set()).add(pixels)
        return True


def pixel_digest(path: Path) -> str:
    """SHA-256 of a file's encoded pixel data; of the whole file where they cannot be told apart.

    Raises:
        SkippedFileError: it is no readable DICOM file.
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        header = read_open(file, path.stat().st_size, _LOOKED_AT)
        syntax = header.file_meta.get("TransferSyntaxUID", "")
        start = file.tell()
        value = _value_of_pixels(file.read(12))
        if value is None or syntax == DeflatedExplicitVRLittleEndian:
            start, value = 0, 0
        file.seek(start + value)
        digest = hashlib.sha256()
        while piece := file.read(_PIECE):
            digest.update(piece)
    return digest.hexdigest()


def _value_of_pixels(head: bytes) -> int | None:
    """How far the value lies behind the start of a pixel data element; ``None``: it is none."""
    if head[:2] not in {b"\xe0\x7f", b"\x7f\xe0"}:
        return None
    return 12 if head[4:6].isalpha() else 8


def _place(instance: Instance) -> tuple[object, ...]:
    frames = instance.frames
    return (
        instance.instance_number,
        (instance.rows, instance.columns, instance.frames_declared),
        tuple((frame.position, frame.orientation, frame.image_type) for frame in frames),
    )
