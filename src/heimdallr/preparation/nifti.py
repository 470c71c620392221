"""Makes a study of a NIfTI file, which has no header to say whose it is."""

from __future__ import annotations

import hashlib
import shutil
from typing import TYPE_CHECKING

import numpy as np

from heimdallr.domain.errors import UnsupportedStudyError
from heimdallr.domain.statements import Statement
from heimdallr.domain.study import Modality, Patient, Selection, Series, SeriesVerdict, Study
from heimdallr.imaging.volume import Volume, load_volume
from heimdallr.preparation.case_id import case_id

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

AIR_HU = -500
"""A CT shows air below this; MR signal is not negative by as much. Half-way from air to water."""


def study_of_nifti(
    path: Path, target: Path, *, modality: Modality | None, taken: Callable[[str], bool]
) -> tuple[Study, Selection]:
    """Copy a NIfTI file to ``target`` and describe it as a study of an unknown patient.

    Args:
        path: ``.nii`` or ``.nii.gz``; left as it is.
        target: the copy to appear.
        modality: CT or MR; guessed from the voxels when ``None``.
        taken: whether another study owns a case ID.

    Raises:
        ConversionError: the file is no 3-D NIfTI image.
        UnsupportedStudyError: its modality is not stated and cannot be told.
    """
    volume = load_volume(path)
    if modality is None:
        modality = modality_of(volume)
    key = _content_hash(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(path, target)
    study = Study(
        case_id=case_id("", None, "", key, taken=taken),
        study_instance_uid="",
        patient=Patient(),
        modality=modality,
    )
    across, along, between = (float(mm) for mm in volume.spacing_mm)
    columns, rows, slices = volume.shape
    series = Series(
        series_instance_uid="",
        modality=modality,
        instances=slices,
        rows=rows,
        columns=columns,
        pixel_spacing_mm=(along, across),
        spacing_mm=between,
        coverage_mm=slices * between,
    )
    return study, Selection((SeriesVerdict(series, 1, (Statement("series_of_nifti"),)),))


def modality_of(volume: Volume) -> Modality:
    """CT, when the voxels are whole numbers that reach the HU of air.

    Raises:
        UnsupportedStudyError: they do not, which says nothing: the modality must be stated.
    """
    data = volume.data
    if float(data.min()) <= AIR_HU and (
        np.issubdtype(data.dtype, np.integer) or bool((data == np.rint(data)).all())
    ):
        return "CT"
    msg = "a NIfTI file does not say whether it is CT or MR, and its values do not tell"
    raise UnsupportedStudyError(msg, remedy="state the modality (--modality CT or MR)")


def _content_hash(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(2**20):
            digest.update(chunk)
    return digest.hexdigest()
