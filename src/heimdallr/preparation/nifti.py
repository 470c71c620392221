"""Makes a study of a NIfTI file, which has no header to say whose it is.

NIfTI-1 places voxels in up to two ways, the qform and the sform, each with a code that says whether
it is to be believed (https://nifti.nimh.nih.gov, ``nifti1.h``, "orientation and location in
space"). Where both are given they must show the same patient. Where none is, nobody knows how the
patient lies: the volume is measured, but not what is called left or right.
"""

from __future__ import annotations

import shutil
import zlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import nibabel as nib
import numpy as np
from nibabel.filebasedimages import ImageFileError
from nibabel.orientations import io_orientation
from nibabel.spatialimages import HeaderDataError

from heimdallr.domain.errors import ConversionError, UnsupportedStudyError
from heimdallr.domain.statements import Statement
from heimdallr.domain.study import Modality, Patient, Selection, Series, SeriesVerdict, Study
from heimdallr.files import sha256_of
from heimdallr.preparation.case_id import case_id
from heimdallr.preparation.notices import notices_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

BELOW_SIGNAL_HU = -500
"""A CT shows air below this; MR signal is not negative by as much. Half-way from air
to water."""

AIR_HU = -1000
"""What stands for voxels of a CT that hold no number: they lie outside the field of view."""

MIN_SLICES = 4
"""Fewer voxels along an axis are no volume."""

SAME_VOXEL_VOLUME = 0.01
"""Fraction by which the voxel volumes of qform and sform may differ: what rounding does."""

SAME_PLACE_MM = 0.01
"""Forms that put no corner farther apart than this are the same."""

SPACING_MM = (0.01, 50.0)
"""Between these lies the spacing of any image of a patient; else the unit is another one."""

_UNREADABLE = (
    OSError, EOFError, zlib.error, ImageFileError, HeaderDataError, ValueError, OverflowError,
    MemoryError,
)  # fmt: skip
"""What nibabel raises for a file that is cut, damaged, or promises more than there is."""

_UNITS = {1: "meter", 2: "mm", 3: "micron"}
_MM_OF_UNIT = {"meter": 1000.0, "mm": 1.0, "micron": 0.001, "unknown": 1.0}


@dataclass(frozen=True, slots=True)
class _Placement:
    """Where the voxels of a file are.

    Attributes:
        affine_ras: (4, 4) voxel index → RAS mm.
        known: the file says so; else its axes are taken as NIfTI's oldest convention has them.
        as_written: every reader finds it in the file.
        notices: what was not taken as it stands.
    """

    affine_ras: Floats
    known: bool
    as_written: bool
    notices: tuple[Statement, ...]


def study_of_nifti(
    path: Path, target: Path, *, modality: Modality | None, taken: Callable[[str], bool]
) -> tuple[Study, Selection, tuple[Statement, ...]]:
    """Copy a NIfTI file to ``target`` and describe it as a study of an unknown patient.

    The copy is the file, byte by byte, unless it has voxels without a number, another unit than
    the millimetre, or two forms that differ in what does not matter here; then it is mended.

    Args:
        path: ``.nii`` or ``.nii.gz``; left as it is.
        target: the copy to appear.
        modality: CT or MR; guessed from the voxels when ``None``.
        taken: whether another study owns a case ID.

    Returns:
        the study, its only series, and what every reader has to be told.

    Raises:
        ConversionError: the file is no 3-D NIfTI image, or contradicts itself about its place.
        UnsupportedStudyError: its modality is not stated and cannot be told.
    """
    try:
        image = nib.load(path)
        _refuse_no_volume(image)
        placement, values = _placement(image), np.asanyarray(image.dataobj)
    except _UNREADABLE as error:
        msg = f"the file is not a readable NIfTI image ({type(error).__name__})"
        raise ConversionError(msg, remedy="write it anew, or send it again") from error
    finite = np.isfinite(values) if values.dtype.kind == "f" else np.True_
    if not np.any(finite):
        msg = "no voxel of the NIfTI file holds a number"
        raise ConversionError(msg)
    numbers = values if np.all(finite) else values[finite]
    modality = modality or modality_of(numbers)
    # Hounsfield units by convention; a body without one voxel below water is in other units.
    rescaled = modality == "MR" or float(numbers.min()) < 0
    series = replace(_series(modality, values.shape, placement), rescaled=rescaled)
    notices = (*notices_of(series), *placement.notices)
    target.parent.mkdir(parents=True, exist_ok=True)
    if not np.all(finite):
        percent = 100 * (1 - float(np.mean(finite)))
        notices += (Statement("voxels_without_number", {"percent": round(percent, 2)}),)
        values = np.where(finite, values, AIR_HU if modality == "CT" else numbers.min())
    if placement.as_written and np.all(finite):
        shutil.copyfile(path, target)
    else:
        _write(target, values, placement)
    study = Study(
        case_id=case_id("", None, "", sha256_of(path), taken=taken),
        study_instance_uid="",
        patient=Patient(),
        modality=modality,
    )
    chosen = SeriesVerdict(series, 1, (Statement("series_of_nifti"),))
    return study, Selection((chosen,)), notices


def modality_of(values: npt.NDArray[Any]) -> Modality:
    """CT, when the voxels are whole numbers that reach the HU of air.

    Args:
        values: finite numbers of any shape.

    Raises:
        UnsupportedStudyError: they do not, which says nothing: the modality must be stated.
    """
    if float(values.min()) <= BELOW_SIGNAL_HU and (
        np.issubdtype(values.dtype, np.integer) or bool((values == np.rint(values)).all())
    ):
        return "CT"
    msg = "a NIfTI file does not say whether it is CT or MR, and its values do not tell"
    raise UnsupportedStudyError(msg, remedy="state the modality (--modality CT or MR)")


def _series(modality: Modality, shape: tuple[int, ...], placement: _Placement) -> Series:
    order = np.argsort(io_orientation(placement.affine_ras)[:, 0])
    spacing = np.linalg.norm(placement.affine_ras[:3, :3], axis=0)[order]
    across, along, between = (float(mm) for mm in spacing)
    columns, rows, slices = (shape[int(axis)] for axis in order)
    return Series(
        series_instance_uid="",
        modality=modality,
        instances=slices,
        rows=rows,
        columns=columns,
        pixel_spacing_mm=(along, across),
        spacing_mm=between,
        coverage_mm=slices * between,
        sides_known=placement.known,
    )


def _write(target: Path, values: npt.NDArray[Any], placement: _Placement) -> None:
    """Write a mended copy: numbers everywhere, millimetres, one place in both forms."""
    if values.dtype.kind == "f":
        values = values.astype(np.float32)
    mended = nib.Nifti1Image(values, placement.affine_ras, dtype=values.dtype)
    mended.header.set_xyzt_units("mm")
    code = "scanner" if placement.known else "unknown"
    mended.set_qform(placement.affine_ras, code)
    mended.set_sform(placement.affine_ras, code)
    nib.save(mended, target)


def _refuse_no_volume(image: object) -> None:
    if not isinstance(image, nib.Nifti1Image):
        msg = "the file is not a NIfTI file"
        raise ConversionError(msg)
    axes = sum(count > 1 for count in image.shape[3:]) + min(len(image.shape), 3)
    if axes != 3:  # noqa: PLR2004 - one volume
        msg = f"the NIfTI file has {axes} axes; one volume has three"
        raise ConversionError(msg, remedy="hand in one volume, not a time series or a slice")
    if min(image.shape[:3]) < MIN_SLICES:
        msg = f"the NIfTI file holds {min(image.shape[:3])} slices, too few for a volume"
        raise ConversionError(msg, remedy="hand in the whole volume")
    if image.get_data_dtype().kind not in "iuf":
        msg = "the NIfTI file holds colours or complex numbers"
        raise ConversionError(msg, remedy="hand in the image as grey values")


def _placement(image: nib.Nifti1Image) -> _Placement:
    """Where a file says that its voxels are.

    Raises:
        ConversionError: its two forms show the patient differently, or no patient is that size.
    """
    unit = _UNITS.get(int(image.header["xyzt_units"]) & 7, "unknown")
    scale = np.diag([*[_MM_OF_UNIT[unit]] * 3, 1.0])
    forms = [form for form in (image.get_sform(coded=True), image.get_qform(coded=True)) if form[1]]
    affines = [scale @ np.asarray(form[0], dtype=np.float64) for form in forms]
    affine = affines[0] if affines else scale @ np.asarray(image.affine, dtype=np.float64)
    _refuse_no_patient(affine)
    in_mm = unit in ("mm", "unknown")
    notices = [] if in_mm else [Statement("other_unit", {"unit": unit})]
    same = True
    if len(affines) > 1:
        _refuse_contradiction(affines[0], affines[1])
        same = _apart_mm(affines[0], affines[1], image.shape) <= SAME_PLACE_MM
    if not affines:
        notices.append(Statement("sides_unknown"))
    return _Placement(affine, bool(affines), same and in_mm, tuple(notices))


def _refuse_no_patient(affine: Floats) -> None:
    spacing = np.linalg.norm(affine[:3, :3], axis=0)
    if not np.isfinite(affine).all() or abs(np.linalg.det(affine[:3, :3])) < 1e-9:  # noqa: PLR2004
        msg = "the affine of the NIfTI file is singular"
        raise ConversionError(msg, remedy="the file's geometry is damaged; convert it anew")
    if spacing.min() < SPACING_MM[0] or spacing.max() > SPACING_MM[1]:
        msg = f"voxels of {' × '.join(f'{mm:.3g}' for mm in spacing)} mm are no patient's"
        raise ConversionError(msg, remedy="correct the unit in the file's header, or its affine")


def _refuse_contradiction(sform: Floats, qform: Floats) -> None:
    """A shift or a small turn changes nothing that is measured; all else does."""
    volumes = [abs(np.linalg.det(form[:3, :3])) for form in (sform, qform)]
    what = ""
    if np.sign(np.linalg.det(sform[:3, :3])) != np.sign(np.linalg.det(qform[:3, :3])):
        what = "one is the mirror image of the other"
    elif not np.array_equal(io_orientation(sform), io_orientation(qform)):
        what = "the patient lies another way"
    elif abs(volumes[0] / volumes[1] - 1) > SAME_VOXEL_VOLUME:
        what = "voxels have another size"
    if what:
        msg = f"the NIfTI file contradicts itself: of its sform and its qform, {what}"
        raise ConversionError(msg, remedy="keep the form that is right, and set the other's code 0")


def _apart_mm(one: Floats, other: Floats, shape: tuple[int, ...]) -> float:
    """How far apart two affines put the corners of a volume, at most."""
    ends = [(0, count - 1) for count in shape[:3]]
    corners = np.array([[i, j, k, 1] for i in ends[0] for j in ends[1] for k in ends[2]])
    return float(np.linalg.norm(corners @ (one - other).T, axis=1).max())
