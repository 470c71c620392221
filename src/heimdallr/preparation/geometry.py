"""Where the slices of a stack lie, and whether they make a volume.

Everything is in DICOM's patient frame (LPS, millimetres; PS3.3 C.7.6.2.1.1). Distances between
slices are measured along the slice normal from ImagePositionPatient; SliceThickness and
SpacingBetweenSlices are what somebody typed and are not used.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from heimdallr.imaging.patient_axes import plane_normal

if TYPE_CHECKING:
    from collections.abc import Sequence

Floats = npt.NDArray[np.float64]
PlaneName = Literal["axial", "coronal", "sagittal"]

SAME_POSITION_MM = 0.06
"""Two slices closer than this lie at one position.

Chosen, not measured: a copy whose position was rounded to one decimal lies up to 0.05 mm off, the
slices of the finest scanners lie 0.2 mm apart. Half of it would make such a copy a slice of its
own; twice it would join slices that were rounded towards one another.
"""

MIN_PLACEMENT_TOLERANCE_MM = 0.1
PLACEMENT_TOLERANCE = 0.1
"""A slice may lie off by this fraction of the slice spacing, and by 0.1 mm in any case.

Scanners write positions to one decimal, or as rounded binary numbers: what lies within this is
rounding. Everything that asks where a slice lies asks with this tolerance and no other.

Chosen, not measured: positions rounded to 0.1 mm stay below both; a slice in its neighbour's place
is off by ten times the first.
"""

TILT_DEGREES = 0.5
"""A stack whose slices shift sideways by more than this angle is tilted (gantry or shear).

Chosen, not measured: gantries are tilted by whole degrees or so. Half a degree shifts slices that
are 300 mm apart by 2.6 mm.
"""

SPLIT_FACTOR = 3.0
SPLIT_MM = 50.0
"""A gap wider than both is the border between two blocks, each a volume of its own.

Chosen, not measured: eight lost slices of a head make 40 mm, and both its parts have to be looked
at; nothing is measured in between. At 25 mm half a head would be left out for five lost slices;
100 mm of nothing within one volume would only cost time.
"""

MISSING_SLICE = 1.5
"""A distance wider than what is usual there by this factor lacks a slice: half of one, rounded.

Chosen, not measured. With 1.25 uneven tables would lack slices that never were; 2 would pass over a
slice that is missing between two that lie too near.
"""

NEIGHBOURS = 5
"""How many distances to either side say what is usual at a place; spacing may change in a head.

Chosen, not measured: with 2 a few lost slices in a row would be usual themselves.
"""


class Gap(NamedTuple):
    """Slices that are missing between two.

    Attributes:
        low_mm: where the slice before them ends, along the normal.
        high_mm: where the slice behind them begins; before that end where slices overlap.
        missing: how many have room there.
    """

    low_mm: float
    high_mm: float
    missing: int


@dataclass(frozen=True, slots=True)
class StackGeometry:
    """The geometry of parallel slices.

    Attributes:
        slices: distinct positions along the normal.
        repeats: slices that lie where another one lies already.
        plane: the anatomical plane the slices are nearest to.
        obliquity_deg: angle between the normal and that plane's axis.
        tilt_deg: angle between the normal and the line from the first to the last slice.
        spacing_mm: distance of neighbouring slices along the normal: of an even stack what leads
            from its first slice to its last, of an uneven one the median.
        largest_gap_mm: largest distance of neighbouring slices.
        coverage_mm: first to last slice along the normal, plus one spacing.
        uneven: a slice lies farther than the placement tolerance from where equal steps between
            the first and the last one put it.
    """

    slices: int
    repeats: int
    plane: PlaneName
    obliquity_deg: float
    tilt_deg: float
    spacing_mm: float | None
    largest_gap_mm: float | None
    coverage_mm: float | None
    uneven: bool = False

    @property
    def tilted(self) -> bool:
        """Whether the slices are sheared against their normal, as with a tilted gantry.

        A short stack whose rounded positions lean has no slice off its place for it.
        """
        if self.spacing_mm is None or self.coverage_mm is None:
            return False
        depth_mm = self.coverage_mm - self.spacing_mm
        sideways_mm = depth_mm * float(np.tan(np.radians(self.tilt_deg)))
        return self.tilt_deg > TILT_DEGREES and sideways_mm > placement_tolerance_mm(
            self.spacing_mm
        )


def placement_tolerance_mm(spacing_mm: float) -> float:
    """How far a slice may lie from the place it is given, for slices this far apart."""
    return max(MIN_PLACEMENT_TOLERANCE_MM, PLACEMENT_TOLERANCE * spacing_mm)


def slice_normal(orientation: npt.ArrayLike) -> Floats:
    """(3,) unit normal of ImageOrientationPatient's row and column cosines, (6,) LPS.

    Raises:
        ValueError: the cosines are no two perpendicular unit vectors (tolerance 1e-2, chosen: files
            that give two decimals pass, and half a degree moves a corner by less than 3 mm).
    """
    cosines = np.asarray(orientation, dtype=np.float64)
    row, column = cosines[:3], cosines[3:]
    lengths = np.linalg.norm(row), np.linalg.norm(column)
    if not np.isfinite(cosines).all() or not np.allclose(lengths, 1.0, atol=1e-2):
        msg = "the orientation holds no unit vectors"
        raise ValueError(msg)
    if abs(float(row @ column)) > 1e-2:  # noqa: PLR2004 - about half a degree
        msg = "the orientation's rows and columns are not perpendicular"
        raise ValueError(msg)
    return plane_normal(row, column)


def along_normal(positions: npt.ArrayLike, orientation: npt.ArrayLike) -> Floats:
    """(N,) distance of each slice from the origin along the normal, in mm.

    Args:
        positions: (N, 3) ImagePositionPatient, LPS mm.
        orientation: (6,) ImageOrientationPatient.
    """
    return np.asarray(np.asarray(positions, dtype=np.float64) @ slice_normal(orientation))


def stack_geometry(positions: npt.ArrayLike, orientation: npt.ArrayLike) -> StackGeometry:
    """Measure a stack of parallel slices.

    Args:
        positions: (N, 3) ImagePositionPatient, LPS mm, in any order; N ≥ 1.
        orientation: (6,) ImageOrientationPatient they share.

    Raises:
        ValueError: the orientation is no pair of perpendicular unit vectors.
    """
    points = np.asarray(positions, dtype=np.float64)
    normal = slice_normal(orientation)
    depth = points @ normal
    order = np.argsort(depth, kind="stable")
    gaps = np.diff(depth[order])
    distinct = gaps[gaps > SAME_POSITION_MM]
    axis = int(np.argmax(np.abs(normal)))
    planes: tuple[PlaneName, ...] = ("sagittal", "coronal", "axial")
    spacing, uneven = _spacing_mm(distinct)
    return StackGeometry(
        slices=int(distinct.size) + 1,
        repeats=len(points) - int(distinct.size) - 1,
        plane=planes[axis],
        obliquity_deg=_angle_deg(normal, np.eye(3)[axis]),
        tilt_deg=_angle_deg(points[order[-1]] - points[order[0]], normal) if spacing else 0.0,
        spacing_mm=spacing,
        largest_gap_mm=float(distinct.max()) if distinct.size else None,
        coverage_mm=float(depth.max() - depth.min()) + spacing if spacing is not None else None,
        uneven=uneven,
    )


def _spacing_mm(gaps: Floats) -> tuple[float | None, bool]:
    """The spacing that (N - 1,) distances of neighbours make, and whether they are uneven.

    Single distances do not tell: rounded to one decimal, slices 0.625 mm apart lie 0.6 or 0.7 mm
    apart, and those that grow by a hundredth each are even to the eye and far off in the end.
    """
    if not gaps.size:
        return None, False
    median, mean = float(np.median(gaps)), float(gaps.mean())
    off = float(np.abs(np.cumsum(gaps) - mean * np.arange(1, gaps.size + 1)).max())
    uneven = off > placement_tolerance_mm(median)
    return median if uneven else mean, uneven


def blocks(depth: Floats) -> list[npt.NDArray[np.intp]]:
    """Cut slices into contiguous blocks where a wide gap separates them.

    What lies on both sides of such a gap are two parts of a body, each a volume of its own.

    Args:
        depth: (N,) distances along the normal.

    Returns:
        index arrays into ``depth``, each sorted by depth, in order of depth.
    """
    order = np.argsort(depth, kind="stable")
    gaps = np.diff(depth[order])
    distinct = gaps[gaps > SAME_POSITION_MM]
    if distinct.size < 2:  # noqa: PLR2004 - one gap has no median to compare with
        return [order]
    limit = max(SPLIT_FACTOR * float(np.median(distinct)), SPLIT_MM)
    return np.split(order, np.flatnonzero(gaps > limit) + 1)


def gaps_between(
    depths: Floats, thickness_mm: Sequence[float | None], lacking: Sequence[int] = ()
) -> list[Gap]:
    """Where slices are missing in a stack.

    A distance is judged by those around it and by the thickness of the slices it lies between: the
    base of a skull may be scanned more finely than the rest, thick slices reach farther. Where the
    numbering of the images leaves some out, thickness is not asked: thick slices may overlap.

    Args:
        depths: (N,) distances along the normal in mm, ascending.
        thickness_mm: SliceThickness of each slice.
        lacking: (N - 1,) image numbers that are missing between neighbours; empty: not known.
    """
    steps = np.diff(depths)
    slots = 1 + np.asarray(lacking or np.zeros(len(steps)))
    found = []
    for n, step in enumerate(steps):
        around = (steps / slots)[max(n - NEIGHBOURS, 0) : n + NEIGHBOURS + 1]
        thick = [mm for mm in thickness_mm[n : n + 2] if mm is not None]
        reach = max(float(np.median(around)), sum(thick) / len(thick) if thick else 0.0)
        usual = float(np.median(around)) if slots[n] > 1 else reach
        if usual and step > MISSING_SLICE * usual:
            low, high = float(depths[n]) + reach / 2, float(depths[n + 1]) - reach / 2
            found.append(Gap(low, high, max(round(float(step) / usual) - 1, 1)))
    return found


def _angle_deg(vector: Floats, axis: Floats) -> float:
    """Angle between two lines (not directions) in degrees."""
    cosine = abs(float(vector @ axis)) / float(np.linalg.norm(vector) * np.linalg.norm(axis))
    return float(np.degrees(np.arccos(min(cosine, 1.0))))
