"""NIfTI files of other tools: masks named after structures, and label maps with their names.

A label map's names stand in a JSON table of the same name (of any, where there is one file each):
``{"1": "liver"}``, ``{"liver": 1}``, or nnU-Net's ``dataset.json``. One that is named as a label
map of the case (``total.nii.gz``) has the case's own numbers. Of many files, one at a time is in
memory.
"""

from __future__ import annotations

import json
import math
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from heimdallr.corrections.proposals.drawn import Drawn
from heimdallr.corrections.proposals.plane_stack import PlaneStack
from heimdallr.domain.errors import ConversionError, CorrectionError
from heimdallr.domain.statements import Statement
from heimdallr.imaging.patient_axes import plane_normal
from heimdallr.imaging.volume import LabelMap, load_label_map, native_grid
from heimdallr.preparation.folded_words import without_accents

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    import numpy.typing as npt

    from heimdallr.corrections.proposals.drawn import Masks

Names = dict[int, str]

MOST_VOXELS = 1 << 28
"""Of a file: 1000 slices of 512². Numbers with a scale become eight bytes each."""
_LARGEST_TABLE_BYTES = 1 << 20
_ENDINGS = (".nii.gz", ".nii")


def is_nifti(path: Path) -> bool:
    """Whether a file's name says so."""
    return path.name.endswith(_ENDINGS)


def drawn_in_nifti(
    files: Sequence[Path], tables: Sequence[Path], own: Mapping[str, Names]
) -> list[Drawn]:
    """The structures of NIfTI files.

    Args:
        files: masks and label maps.
        tables: JSON files with names.
        own: label maps of the case, with the names of their numbers.

    Raises:
        CorrectionError: one cannot be read, or holds several labels and nothing names them.
    """
    named = {without_accents(one.name.removesuffix(".json")): _table(one) for one in tables}
    only = next(iter(named.values())) if len(named) == len(files) == 1 else None
    drawn: list[Drawn] = []
    opened = _Opened()
    for path in files:
        stem = next(path.name.removesuffix(end) for end in _ENDINGS if path.name.endswith(end))
        names = named.get(without_accents(stem)) or own.get(stem) or only
        drawn += _structures(opened, path, stem, names)
    return drawn


class _Opened:
    """Files as label maps; the last one that was asked for is kept, and no other."""

    def __init__(self) -> None:
        self._path: Path | None = None
        self._labels: LabelMap | None = None

    def __call__(self, path: Path) -> LabelMap:
        """A file's labels; raises as :func:`drawn_in_nifti`."""
        if self._labels is None or self._path != path:
            self._labels = None  # before the next one comes
            self._path, self._labels = path, _loaded(path)
        return self._labels


def _structures(opened: _Opened, path: Path, stem: str, names: Names | None) -> Iterator[Drawn]:
    """A label map's structures, one by one; a mask's only one, by the name of its file."""
    labels = opened(path)
    held = [int(one) for one in np.unique(labels.data) if one]
    stack = _stack(labels)
    if names is None and len(held) > 1:
        raise CorrectionError(Statement("proposal_labels_without_names", {"labels": len(held)}))
    if names is None:
        yield Drawn((stem,), stack, partial(_pixels, opened, path, None))
        return
    for number, name in names.items():
        if number in held:
            yield Drawn((name,), stack, partial(_pixels, opened, path, number))


def _pixels(opened: _Opened, path: Path, number: int | None) -> tuple[npt.NDArray[np.intp], Masks]:
    """Slices, and (slices, rows along A, columns along R) what has a label, or any."""
    planes = opened(path).data.transpose(2, 1, 0)
    return np.arange(len(planes)), planes > 0 if number is None else planes == number


def _stack(labels: LabelMap) -> PlaneStack:
    """The slices of a volume in RAS+ order; columns along R, rows along A."""
    affine, slices = labels.affine, labels.shape[2]
    across, down, step = affine[:3, :3].T
    gap = abs(float(plane_normal(across, down) @ step))
    origins = affine[:3, 3] + np.arange(slices)[:, None] * step
    return PlaneStack(origins, down, across, labels.shape[1], labels.shape[0], gap / 2)


def _loaded(path: Path) -> LabelMap:
    try:
        if math.prod(native_grid(path).shape) > MOST_VOXELS:
            raise CorrectionError(Statement("proposal_too_large"))
        return load_label_map(path, {})
    except (ConversionError, OSError, EOFError, ValueError):
        raise CorrectionError(Statement("proposal_unreadable", {"format": "NIfTI"})) from None


def _table(path: Path) -> Names:
    """A table's names by number, whichever of the two is the key; the background left out."""
    try:
        if path.stat().st_size > _LARGEST_TABLE_BYTES:
            raise CorrectionError(Statement("proposal_too_large"))
        told = json.loads(path.read_text("utf-8"))
        told = told.get("labels", told)
        pairs = [
            (int(key), str(value)) if str(key).isdecimal() else (int(value), str(key))
            for key, value in told.items()
        ]
    except (AttributeError, OSError, RecursionError, TypeError, ValueError):
        raise CorrectionError(Statement("proposal_unreadable", {"format": "JSON"})) from None
    return {number: name for number, name in pairs if number}
