"""Holding one output of a converter against the images it was made of.

Every slice is held against its place, three of them against their values as well, with the measures
of :mod:`heimdallr.preparation.verification`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import nibabel as nib
import numpy as np
from nibabel.filebasedimages import ImageFileError
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from heimdallr.domain.errors import ConversionError, MachineFaultError
from heimdallr.preparation import verification
from heimdallr.preparation.encoding import states_syntax
from heimdallr.preparation.geometry import placement_tolerance_mm
from heimdallr.preparation.reading import tolerant_pydicom
from heimdallr.preparation.rewriting import is_of_the_system, rewrite, values_of, values_of_copy

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    import numpy.typing as npt

    from heimdallr.domain.study import Series
    from heimdallr.preparation.instances import Frame
    from heimdallr.preparation.stacks import SeriesCandidate

NATIVE = frozenset({ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian})
"""Transfer syntaxes whose pixels are plain numbers: read here without any decoder."""


@dataclass(frozen=True, slots=True)
class Source:
    """The images of a stack, as they are compared with a converter's output.

    Attributes:
        matrix: rows and columns.
        planes: the first, the middle and the last image with their values.
    """

    candidate: SeriesCandidate
    matrix: tuple[int, int]
    planes: tuple[verification.SourcePlane, ...]

    @property
    def is_grid(self) -> bool:
        """Whether the slices lie as the voxels of one rectangular grid do."""
        geometry = self.candidate.geometry
        return geometry is not None and not geometry.tilted and not geometry.uneven


@dataclass(frozen=True, slots=True)
class Check:
    """What the check of one output found.

    Attributes:
        error_mm: how far slices lie from where the images have them.
        complaint: what is wrong with it; empty when nothing is.
        affine_ras: (4, 4) where its voxels are: the images' own affine, unless it was resampled.
    """

    error_mm: float
    complaint: str
    affine_ras: npt.NDArray[np.float64]


def source_of(candidate: SeriesCandidate, folder: Path, timeout_s: float) -> Source:
    """Decode the first, the middle and the last image of a stack.

    Args:
        candidate: the stack.
        folder: to be made, for copies of what is not decoded here.
        timeout_s: wall-clock limit of the process that decodes.

    Raises:
        ConversionError: an image cannot be decoded, or has not the size its header gives.
        MachineFaultError: the machine cannot read them.
    """
    frames, series = candidate.frames, candidate.series
    some = [frames[i] for i in sorted({0, len(frames) // 2, len(frames) - 1})]
    values = decoded(candidate, some, folder, timeout_s)
    planes = tuple(map(verification.SourcePlane, some, values))
    return Source(candidate, (series.rows or 0, series.columns or 0), planes)


def decoded(
    candidate: SeriesCandidate, frames: Sequence[Frame], folder: Path, timeout_s: float
) -> list[npt.NDArray[np.float64]]:
    """The (rows, columns) values of some images of a stack, HU for CT.

    Args:
        candidate: the stack.
        frames: some of its planes.
        folder: to be made, for copies of what is not decoded here.
        timeout_s: wall-clock limit of the process that decodes.

    Raises:
        ConversionError: an image cannot be decoded, or has not the size its header gives.
        MachineFaultError: the machine cannot read them.
    """
    series = candidate.series
    read: list[Callable[[], npt.NDArray[np.float64]]]
    if all(
        one.transfer_syntax_uid in NATIVE and states_syntax(one.path, one.transfer_syntax_uid)
        for one in frames
    ):
        read = [partial(values_of, frame) for frame in frames]
    else:
        folder.mkdir()
        copies = rewrite(frames, series.modality, folder, timeout_s=timeout_s)
        read = [partial(values_of_copy, path) for path in copies]
    images = []
    with tolerant_pydicom():
        for values_there in read:
            try:
                values = values_there()
            except Exception as error:  # the edge to pydicom's decoders
                _ensure_readable(f"the images of {candidate.name}", error)
                msg = f"the pixel data of {candidate.name} cannot be read"
                raise ConversionError(msg, remedy="send the series again") from error
            if values.shape != (series.rows, series.columns):
                msg = f"the pixel data of {candidate.name} do not have the size the header gives"
                raise ConversionError(msg)
            images.append(values)
    return images


def _ensure_readable(what: str, error: Exception) -> None:
    """Nothing, where it is a file's own fault that it could not be read.

    Raises:
        MachineFaultError: it is the machine's.
    """
    if isinstance(error, MemoryError) or is_of_the_system(error):
        msg = f"{what} could not be read: {getattr(error, 'strerror', None) or 'no memory is left'}"
        raise MachineFaultError(msg, remedy="look at the disks and the memory") from error


def checked(source: Source, path: Path, *, resampled: bool) -> Check:
    """Hold one output against the images.

    Args:
        source: the images.
        path: the NIfTI file.
        resampled: whether its voxels were interpolated between slices.

    Raises:
        MachineFaultError: the machine cannot read it.
    """
    try:
        image = nib.load(path)
        shape = _spatial(image.shape)
        if shape is None or image.get_data_dtype().fields is not None:
            return _refused(f"it has {len(image.shape)} axes or colours")
        affine = np.asarray(image.affine, dtype=np.float64)
        volume = stored_volume(image, shape)
    except (OSError, ImageFileError, ValueError) as error:
        _ensure_readable("a converted volume", error)
        return _refused(f"it cannot be read ({type(error).__name__})")
    if abs(np.linalg.det(affine[:3, :3])) < 1e-9:  # noqa: PLR2004 - singular
        return _refused("its affine is singular")
    frames, spacing_mm = source.candidate.frames, source.candidate.series.spacing_mm or 0.0
    if not resampled:
        own = verification.own_affine_ras(affine, shape, frames, source.matrix)
        if own is None:
            return _refused("its axes are not those of the images")
        affine = own
    measure = verification.extent_error_mm if resampled else verification.placement_error_mm
    error_mm = measure(affine, shape, frames, source.matrix)
    allowed_mm = placement_tolerance_mm(spacing_mm) + (spacing_mm if resampled else 0)
    complaint = f"slices lie {error_mm:.1f} mm from where the images have them"
    if error_mm <= allowed_mm:
        complaint = verification.disagreement(
            volume,
            affine,
            source.planes,
            tolerance_mm=allowed_mm,
            resampled=resampled,
            same_value=_same_value(source.candidate.series, resampled=resampled),
        )
    return Check(error_mm, complaint, affine)


def _same_value(series: Series, *, resampled: bool) -> float | None:
    """By how much values that are a quantity may be off; ``None`` of other MR images."""
    if series.modality == "CT":
        return verification.RESAMPLED_DIFFERENCE_HU if resampled else verification.SAME_VALUE_HU
    if series.percent_per_unit is None:
        return None
    percent = (
        verification.RESAMPLED_DIFFERENCE_PERCENT if resampled else verification.SAME_VALUE_PERCENT
    )
    return percent / series.percent_per_unit


def _refused(complaint: str) -> Check:
    return Check(float("inf"), complaint, np.eye(4))


def same_image(voxels: npt.NDArray[np.generic], theirs: npt.NDArray[np.float64]) -> bool:
    """Whether a slice of the volume is one of the images, up to a scale in MR."""
    ours = np.asarray(voxels, dtype=np.float64)
    if ours.std() < verification.UNIFORM or theirs.std() < verification.UNIFORM:
        return bool(np.allclose(ours, theirs, atol=1.0))
    return float(np.corrcoef(ours.ravel(), theirs.ravel())[0, 1]) > verification.SAME_IMAGE


def stored_volume(image: nib.Nifti1Image, shape: tuple[int, int, int]) -> verification.StoredVolume:
    """The voxels of a file as they are stored: mapped, so that only what is looked at is read.

    Raises:
        ValueError: the file is shorter than its header says.
    """
    stored = image.dataobj
    return verification.StoredVolume(
        np.asanyarray(stored.get_unscaled()).reshape(shape), stored.slope, stored.inter
    )


def _spatial(shape: tuple[int, ...]) -> tuple[int, int, int] | None:
    """The three axes of one volume; ``None`` for a slice or a time series."""
    while len(shape) > 3 and shape[-1] == 1:  # noqa: PLR2004 - one time point
        shape = shape[:-1]
    return (shape[0], shape[1], shape[2]) if len(shape) == 3 and min(shape) > 1 else None  # noqa: PLR2004
