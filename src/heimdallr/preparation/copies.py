"""Images that a series holds twice: the same pixels at the same place under another UID."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from heimdallr.preparation.duplicates import pixel_digest
from heimdallr.preparation.reading import SkippedFileError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from heimdallr.preparation.image_planes import Image

SAMPLES = 5
"""Places whose images are compared first; where none holds a copy, no other file is read.

Chosen, not measured: a series of thousands of images at few places is read header by header only.
"""


def without_copies(images: Sequence[Image], places: Iterable[int]) -> list[int]:
    """Indices of the images that are no copy of an earlier one.

    Args:
        images: of one kind, in an order that does not depend on the names of files.
        places: where each of them lies, counted along the normal.
    """
    at_place: dict[int, list[int]] = defaultdict(list)
    for n, (image, place) in enumerate(zip(images, places, strict=True)):
        if image.frame.index is None:  # frames of one file are no copies of it
            at_place[place].append(n)
    doubled = [there for there in at_place.values() if len(there) > 1]
    digests = _Digests(images)
    if not any(digests.repeated(there) for there in doubled[:: max(len(doubled) // SAMPLES, 1)]):
        return list(range(len(images)))
    copies = {n for there in doubled for n in digests.repeated(there)}
    return [n for n in range(len(images)) if n not in copies]


class _Digests:
    """Digests of pixels, each file read once."""

    def __init__(self, images: Sequence[Image]) -> None:
        self._images = images
        self._known: dict[int, str] = {}

    def repeated(self, indices: Sequence[int]) -> list[int]:
        """Those of some images whose pixels an earlier one of them has."""
        for n in indices:
            if n not in self._known:
                self._known[n] = _digest(self._images[n].frame.path)
        values = [self._known[n] for n in indices]
        return [n for k, n in enumerate(indices) if values[k] in values[:k]]


def _digest(path: Path) -> str:
    """Of a file's pixels; the path where they cannot be read, which is like no other."""
    try:
        return pixel_digest(path)
    except (SkippedFileError, OSError):
        return str(path)
