"""A phantom on the table: one object that turns series descriptions into written series.

A scan remembers what it wrote, so that the truth of the study can list every series and what
series selection should make of it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from heimdallr.imaging.patient_axes import LPS_RAS
from heimdallr.phantom.dicom import (
    ContrastBolus,
    Plane,
    SeriesHeader,
    write_ct_stack,
    write_mr_stack,
    write_plane,
)
from heimdallr.phantom.materials import Material, ct_numbers, mr_signals
from heimdallr.phantom.render import (
    CtRenderer,
    Kernel,
    MrAppearance,
    MrRenderer,
    patient_ct_numbers,
    radiograph,
    slab_maximum,
)
from heimdallr.phantom.stack import Stack, stack_over
from heimdallr.phantom.truth import SeriesTruth

if TYPE_CHECKING:
    from pathlib import Path

    from heimdallr.phantom.anatomy import Phantom
    from heimdallr.phantom.dicom import StudyHeader
    from heimdallr.phantom.materials import ContrastPhase, MrWeighting


@dataclass(frozen=True, slots=True)
class CtSeries:
    """One CT series to be written.

    Attributes:
        header: number, description, time and so on.
        phase: contrast phase.
        kernel: reconstruction kernel.
        spacing_mm: distance between slices; the thickness as well unless `thickness_mm` is set.
        extent_mm: lower and upper edge, RAS mm; the whole phantom when None.
        reason: why series selection takes it or passes it over.
        selected: whether it must be selected.
        mip: whether each slice shows the maximum over its thickness instead of the mean.
    """

    header: SeriesHeader
    phase: ContrastPhase
    kernel: Kernel
    spacing_mm: float
    reason: str
    thickness_mm: float | None = None
    extent_mm: tuple[float, float] | None = None
    selected: bool = False
    mip: bool = False


@dataclass(frozen=True, slots=True)
class MrSeries:
    """One MR series to be written.

    Attributes:
        header: number, description, technique and so on.
        weighting: T1 or T2.
        spacing_mm: distance between slices.
        reason: why series selection takes it or passes it over.
        echo_times_ms: several echoes repeat every position within the one series.
        opposed: which of the echoes shows fat and water against each other.
        thickness_mm: slice thickness; the spacing where None.
        selected: whether it must be selected.
    """

    header: SeriesHeader
    weighting: MrWeighting
    spacing_mm: float
    reason: str
    echo_times_ms: tuple[float, ...] = ()
    opposed: tuple[bool, ...] = ()
    thickness_mm: float | None = None
    selected: bool = False


@dataclass(slots=True)
class Scan:
    """A phantom, its study header and where its files go.

    Attributes:
        phantom: the body.
        study: header of the study.
        folder: study folder for DICOM.
        matrix: rows and columns of every image.
        written: truth of the series written so far.
    """

    phantom: Phantom
    study: StudyHeader
    folder: Path
    matrix: int
    written: list[SeriesTruth] = field(default_factory=list)

    def stack(
        self,
        spacing_mm: float,
        thickness_mm: float | None = None,
        extent_mm: tuple[float, float] | None = None,
    ) -> Stack:
        """Lay a stack over the phantom, between two heights (RAS mm) or over all of it."""
        affine, shape = self.phantom.affine, self.phantom.total.shape
        extent_k = None
        if extent_mm is not None:
            origin, dz = affine[2, 3], float(np.linalg.norm(affine[:3, 2]))
            lower, upper = ((height - origin) / dz for height in sorted(extent_mm))
            extent_k = (max(lower, -0.5), min(upper, shape[2] - 0.5))
        return stack_over(
            affine,
            shape,
            matrix=self.matrix,
            spacing_mm=spacing_mm,
            thickness_mm=thickness_mm,
            extent_k=extent_k,
        )

    def ct_numbers(self, phase: ContrastPhase) -> npt.NDArray[np.float32]:
        """Mean CT numbers of this patient's materials."""
        return patient_ct_numbers(self.phantom.truth.patient, phase)

    def ct_renderer(self, stack: Stack, series: CtSeries) -> CtRenderer:
        """Make the renderer of a series; noise depends on seed and series number."""
        return CtRenderer(
            self.phantom.material,
            self.ct_numbers(series.phase),
            stack,
            series.kernel,
            (self.study.seed, series.header.number),
        )

    def write_ct(self, series: CtSeries) -> Stack:
        """Write a CT series; returns its grid."""
        stack = self.stack(series.spacing_mm, series.thickness_mm, series.extent_mm)
        header = replace(
            series.header,
            kernel=series.kernel.name,
            contrast=None if series.phase == "native" else ContrastBolus(),
        )
        if series.mip:
            depth = self.phantom.material.shape[2]
            step = float(stack.phantom_spacing_mm[2])
            each = replace(stack, first_k=0.0, spacing_mm=step, thickness_mm=step, slices=depth)
            slice_hu = slab_maximum(self.ct_renderer(each, series), stack, depth)
        else:
            slice_hu = self.ct_renderer(stack, series).slice_hu
        write_ct_stack(self.folder, self.study, header, stack, slice_hu)
        self._record(header, series.phase, stack, series.reason, selected=series.selected)
        return stack

    def write_scout(self, header: SeriesHeader, reason: str) -> None:
        """Write a CT localizer seen from the front."""
        view = radiograph(self.phantom.material, ct_numbers("native"), axis=1)
        plane = self._plane(1, self.phantom.material.shape[1] // 2)
        write_plane(self.folder, self.study, header, plane, view)
        self._record(header, None, None, reason)

    def write_three_planes(self, header: SeriesHeader, reason: str) -> None:
        """Write an MR localizer: three sagittal, three coronal and three axial images."""
        signal = np.rint(mr_signals("t2") * 800).astype(np.uint16)
        instance = 0
        for axis in range(3):
            size = self.phantom.material.shape[axis]
            for index in (size // 3, size // 2, 2 * size // 3):
                instance += 1
                pixels = signal[self.phantom.material.take(index, axis=axis)]
                pixels = np.ascontiguousarray(pixels[::-1, ::-1].T)
                plane = self._plane(axis, index)
                write_plane(self.folder, self.study, header, plane, pixels, instance=instance)
        self._record(header, None, None, reason, slices=instance)

    def _plane(self, axis: int, index: int) -> Plane:
        """Plane of the phantom at `index` along `axis`, columns leftwards or backwards."""
        across, down = ((1, 2), (0, 2), (0, 1))[axis]
        affine, shape = self.phantom.affine, self.phantom.material.shape
        spacing = np.linalg.norm(affine[:3, :3], axis=0)
        directions = LPS_RAS @ (affine[:3, :3] / spacing)
        corner = np.zeros(3)
        corner[[axis, across, down]] = index, shape[across] - 1, shape[down] - 1
        x, y, z = LPS_RAS @ (affine[:3, :3] @ corner + affine[:3, 3])
        return Plane(
            orientation_lps=tuple(map(float, (*-directions[:, across], *-directions[:, down]))),
            position_lps_mm=(float(x), float(y), float(z)),
            pixel_spacing_mm=(float(spacing[down]), float(spacing[across])),
        )

    def write_mr(self, series: MrSeries) -> Stack:
        """Write an MR series, echo after echo; returns its grid."""
        stack = self.stack(series.spacing_mm, series.thickness_mm)
        patient = self.phantom.truth.patient
        first_instance = 1
        for echo, opposed in enumerate(series.opposed or (False,), start=1):
            signal = mr_signals(series.weighting)
            if opposed:
                signal[Material.LIVER] *= 1 - 2 * patient.liver_fat_fraction
            renderer = MrRenderer(
                self.phantom.material,
                signal,
                stack,
                MrAppearance(),
                (self.study.seed, series.header.number, echo),
            )
            header = series.header
            if series.echo_times_ms:
                time = series.echo_times_ms[echo - 1]
                technique = (*header.technique, ("EchoTime", time), ("EchoNumbers", str(echo)))
                header = replace(header, technique=technique)
            write_mr_stack(
                self.folder,
                self.study,
                header,
                stack,
                renderer.slice_signal,
                first_instance=first_instance,
            )
            first_instance += stack.slices
        self._record(series.header, None, stack, series.reason, selected=series.selected)
        return stack

    def record_other(self, header: SeriesHeader, reason: str) -> None:
        """List a series that holds no stack, such as a dose report."""
        self._record(header, None, None, reason)

    def _record(
        self,
        header: SeriesHeader,
        phase: str | None,
        stack: Stack | None,
        reason: str,
        *,
        selected: bool = False,
        slices: int = 1,
    ) -> None:
        self.written.append(
            SeriesTruth(
                number=header.number,
                series_instance_uid=self.study.uid("series", header.number),
                description=header.description,
                contrast_phase=phase,
                kernel=header.kernel,
                slices=stack.slices if stack is not None else slices,
                spacing_mm=stack.spacing_mm if stack is not None else None,
                thickness_mm=stack.thickness_mm if stack is not None else None,
                selected=selected,
                reason=reason,
            )
        )
