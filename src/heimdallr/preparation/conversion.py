"""From the chosen stack of images to one NIfTI volume whose geometry has been checked.

dcm2niix converts; this module gives it the chosen images and nothing else, tells its outputs
apart, and believes none of them before :mod:`heimdallr.preparation.agreement` does. Evenly
spaced slices keep their voxels and get the affine of the images themselves. Where slices are
unevenly spaced or the gantry was tilted, dcm2niix writes a plain volume with a wrong geometry and
a resampled one (``_Eq``, ``_Tilt``) beside it: the check refuses the former. Where it refuses the
latter too, or there is none, the slices are resampled here.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import nibabel as nib
import numpy as np
from pydicom import uid as uids

from heimdallr.domain.errors import ConversionError, MachineFaultError
from heimdallr.preparation import converter
from heimdallr.preparation.agreement import (
    NATIVE,
    Source,
    checked,
    same_image,
    source_of,
    stored_volume,
)
from heimdallr.preparation.converter import (
    dcm2niix_version,
    is_equidistant,
    is_tilt_corrected,
)
from heimdallr.preparation.disk_space import ensure_room
from heimdallr.preparation.encoding import states_syntax
from heimdallr.preparation.resampling import resample
from heimdallr.preparation.rewriting import rewrite

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt

    from heimdallr.preparation.instances import Frame
    from heimdallr.preparation.stacks import SeriesCandidate

__all__ = ["Conversion", "convert", "dcm2niix_version"]

DIRECT = NATIVE | {
    uids.RLELossless, uids.JPEGBaseline8Bit, uids.JPEGLossless, uids.JPEGLosslessSV1,
    uids.JPEGLSLossless, uids.JPEGLSNearLossless, uids.JPEG2000Lossless, uids.JPEG2000,
}  # fmt: skip
"""What this build of dcm2niix decodes itself; anything else is decompressed for it."""

# Texts dcm2niix leaves in a NIfTI-1 header: acquisition time, comments. (offset, length)
_HEADER_TEXTS = ((14, 18), (148, 80), (228, 24), (328, 16))


@dataclass(frozen=True, slots=True)
class Conversion:
    """A converted volume and how it came about.

    Attributes:
        path: the NIfTI file.
        converter: program and version.
        return_code: dcm2niix's exit code.
        tilt_corrected: the gantry tilt was undone by resampling.
        equidistant: unevenly spaced slices were interpolated to equal spacing.
        rewritten: the images were decoded and copied before conversion.
        placement_error_mm: how far slices lie from where DICOM has them; ``None`` when resampled.
        warnings: what dcm2niix warned of.
        resampled_by: which program resampled: ``dcm2niix`` or ``heimdallr``; ``None`` if none.
    """

    path: Path
    converter: str
    return_code: int
    tilt_corrected: bool
    equidistant: bool
    rewritten: bool
    placement_error_mm: float | None
    warnings: tuple[str, ...]
    resampled_by: Literal["dcm2niix", "heimdallr"] | None = None

    @property
    def resampled(self) -> bool:
        """Whether voxels were interpolated rather than taken over."""
        return self.tilt_corrected or self.equidistant


@dataclass(frozen=True, slots=True)
class _Chosen:
    """The output that agrees with the images."""

    path: Path
    tilt_corrected: bool = False
    equidistant: bool = False
    resampled_by: Literal["dcm2niix", "heimdallr"] | None = None
    placement_error_mm: float | None = None


def convert(
    candidate: SeriesCandidate,
    target: Path,
    work_dir: Path,
    *,
    timeout_s: float = converter.TIMEOUT_S,
) -> Conversion:
    """Convert one stack into a NIfTI file.

    The original images are tried first; copies decoded by pydicom are the second way, and the
    first for what dcm2niix cannot read or cannot separate.

    Args:
        candidate: a stack that series selection found usable.
        target: the ``.nii`` file to appear, whole or not at all.
        work_dir: folder for temporary files.
        timeout_s: wall-clock limit of each child process.

    Raises:
        ConversionError: no output agrees with the images.
        DiskLowError: there is no room for the volume; nothing is wrong with the images.
        MachineFaultError: something else of the machine; nothing is known of the images.
        ConverterMissingError: dcm2niix cannot be started.
    """
    with for_want_of_room(candidate, work_dir):
        return _convert_either_way(candidate, target, work_dir, timeout_s)


@contextmanager
def for_want_of_room(candidate: SeriesCandidate, work_dir: Path) -> Iterator[None]:
    """Around what writes a stack's images anew: a failure is the disk's, where there is no room.

    Raises:
        DiskLowError: it failed, and there is no room for the volume.
    """
    try:
        yield
    except (ConversionError, MachineFaultError):
        ensure_room(work_dir, _room_bytes(candidate))
        raise


def _room_bytes(candidate: SeriesCandidate) -> int:
    """What a conversion may take: the volume twice, with up to four bytes a voxel."""
    series = candidate.series
    return 8 * (series.rows or 0) * (series.columns or 0) * len(candidate.frames) + 2**20


def _convert_either_way(
    candidate: SeriesCandidate, target: Path, work_dir: Path, timeout_s: float
) -> Conversion:
    with tempfile.TemporaryDirectory(prefix="converting-", dir=work_dir) as name:
        room = Path(name)
        source = source_of(candidate, room / "compared", timeout_s)
        first_error: ConversionError | MachineFaultError | None = None
        if _dcm2niix_reads(candidate):
            links = _link(candidate.frames, room / "images")
            try:
                return _convert(source, links, target, room / "out", timeout_s, rewritten=False)
            except (ConversionError, MachineFaultError) as error:
                first_error = error
        copies = _fresh(room / "copies")
        try:
            rewrite(candidate.frames, candidate.series.modality, copies,
                    manufacturer=candidate.series.manufacturer, timeout_s=timeout_s)  # fmt: skip
            return _convert(source, copies, target, room / "again", timeout_s, rewritten=True)
        except ConversionError as error:
            # Where the machine ended the first way, that the second one fails tells too little.
            raise (first_error or error) from error


def _convert(
    source: Source, images: Path, target: Path, out: Path, timeout_s: float, *, rewritten: bool
) -> Conversion:
    run = converter.run(images, _fresh(out), timeout_s=timeout_s)
    if run.return_code not in converter.CAN_BE_WHOLE or not run.outputs:
        msg = f"dcm2niix gave no volume of {source.candidate.name}: {run.meaning}"
        raise ConversionError(msg, remedy="send the series again, or choose another one")
    chosen = _choose(source, run.outputs)
    _clear_texts(chosen.path)
    target.parent.mkdir(parents=True, exist_ok=True)
    _move(chosen.path, target)
    return Conversion(
        path=target,
        converter=f"dcm2niix {converter.sidecar_version(out)}",
        return_code=run.return_code,
        tilt_corrected=chosen.tilt_corrected,
        equidistant=chosen.equidistant,
        rewritten=rewritten,
        placement_error_mm=chosen.placement_error_mm,
        warnings=run.warnings,
        resampled_by=chosen.resampled_by,
    )


def _choose(source: Source, outputs: Sequence[Path]) -> _Chosen:
    """The output that agrees with the images: a plain one if any does, else a resampled one."""
    plain = [path for path in outputs if not is_tilt_corrected(path) and not is_equidistant(path)]
    resampled = sorted(set(outputs) - set(plain), key=_corrections, reverse=True)
    complaints = ["tilted or unevenly spaced slices make no grid"]
    for path in plain if source.is_grid else ():
        check = checked(source, path, resampled=False)
        if not check.complaint:
            _write_header(path, check.affine_ras)
            return _Chosen(path, placement_error_mm=check.error_mm)
        complaints.append(check.complaint)
    for path in resampled:
        check = checked(source, path, resampled=True)
        if not check.complaint:
            return _Chosen(path, is_tilt_corrected(path), is_equidistant(path), "dcm2niix")
        complaints.append(check.complaint)
    geometry = source.candidate.geometry
    if geometry is not None and not source.is_grid:
        for path in plain:
            ours = _resampled_here(source, path)
            if ours is not None and not checked(source, ours, resampled=True).complaint:
                return _Chosen(ours, geometry.tilted, geometry.uneven, "heimdallr")
    msg = f"no volume of {source.candidate.name} agrees with its images: {complaints[-1]}"
    raise ConversionError(msg, remedy="look at the series' geometry; choose another series")


def _resampled_here(source: Source, path: Path) -> Path | None:
    """Our own correction of a plain output whose voxels, but not whose affine, are right.

    dcm2niix keeps DICOM's columns, turns its rows round, and orders slices along the normal or
    against it; the compared images tell which.

    Returns:
        the file beside ``path``; ``None`` when the voxels are not those of the images.
    """
    rows, columns = source.matrix
    image = nib.load(path)
    if image.shape != (columns, rows, len(source.candidate.frames)):
        return None
    volume = stored_volume(image, image.shape)
    slices = volume.stored[:, ::-1, :]
    first, last = source.planes[0].values.T, source.planes[-1].values.T
    ends = [volume.values(np.s_[:, ::-1, k : k + 1])[..., 0] for k in (0, image.shape[2] - 1)]
    if not same_image(ends[0], first) or not same_image(ends[1], last):
        slices = slices[..., ::-1]
        if not same_image(ends[1], first) or not same_image(ends[0], last):
            return None
    made = resample(slices, source.candidate.frames)
    ours = path.with_name(f"{path.stem}_ours.nii")
    nib.save(nib.Nifti1Image(made.data, made.affine_ras), ours)
    _write_header(ours, made.affine_ras, (volume.slope, volume.inter))
    return ours


def _corrections(path: Path) -> tuple[int, str]:
    return is_tilt_corrected(path) + is_equidistant(path), path.name


def _write_header(
    path: Path,
    affine_ras: npt.NDArray[np.float64],
    scale: tuple[float, float] | None = None,
) -> None:
    """Give a NIfTI-1 file another affine, in both its forms, and another scale; voxels stay."""
    with path.open("r+b") as file:
        header = nib.Nifti1Header.from_fileobj(file)
        header.set_qform(affine_ras, code="scanner")
        header.set_sform(affine_ras, code="scanner")
        if scale is not None:
            header["scl_slope"], header["scl_inter"] = scale
        file.seek(0)
        header.write_to(file)


def _dcm2niix_reads(candidate: SeriesCandidate) -> bool:
    """Whether dcm2niix can take the files as they are: whole files, in a syntax it decodes."""
    taken: dict[Path, int] = {}
    for frame in candidate.frames:
        taken[frame.path] = taken.get(frame.path, 0) + 1
    syntaxes = {frame.path: frame.transfer_syntax_uid for frame in candidate.frames}
    whole = all(taken[frame.path] == frame.of for frame in candidate.frames)
    return (
        whole
        and DIRECT.issuperset(syntaxes.values())
        and all(states_syntax(path, syntaxes[path]) for path in taken)
    )


def _link(frames: Sequence[Frame], folder: Path) -> Path:
    """A folder of links to exactly these images, under names that say nothing."""
    _fresh(folder)
    for number, path in enumerate(dict.fromkeys(frame.path for frame in frames), start=1):
        (folder / f"{number:06d}.dcm").symlink_to(path.absolute())
    return folder


def _fresh(folder: Path) -> Path:
    folder.mkdir()
    return folder


def _clear_texts(path: Path) -> None:
    """Empty the text fields of a NIfTI-1 header."""
    with path.open("r+b") as file:
        for offset, length in _HEADER_TEXTS:
            file.seek(offset)
            file.write(bytes(length))


def _move(path: Path, target: Path) -> None:
    """Put a file in place in one step, also across file systems."""
    aside = target.with_name(f".{target.name}.part")
    shutil.move(path, aside)
    with aside.open("rb") as file:
        os.fsync(file.fileno())
    aside.replace(target)
