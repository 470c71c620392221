"""Kidney stones: how many, how large, how bright, on which side.

**Formulas.** Looked at is the kidney with its hilum: its mask, closed by a ball of 12 mm, without
what carries another organ's label. Each piece there of at least 3 voxels (joined over faces, edges
and corners) of at least 130 HU is a stone, if its brightest voxel stands 5 standard deviations of
the kidney's own noise above the kidney. A piece that lies mostly outside, or goes on for 2 cm (a
rib, a calcified renal artery on its way to the aorta) is none.

* ``…_diameter_mm``: greatest distance between any two points of the largest stone's surface, in
  3-D (Feret). The surface lies where the attenuation, interpolated between voxels, falls to half
  way between stone and kidney, so that the diameter does not grow with the voxels: at 130 HU, a
  stone of 1000 HU is drawn wherever a tenth of a voxel is stone, one to two voxels too wide.
* ``…_vol_mm3``: all stones of the side; voxels above that half, times the voxel volume. The volume
  at 130 HU, which the literature often gives, is the parameter ``volume_at_130_hu_mm3``.
* ``…_peak_hu``: the brightest voxel of the side's stones.

**Gate.** Unenhanced CT as it was scanned, slices of at most 3 mm, a whole and believed kidney.
With contrast medium *not applicable*: excreted, it looks like stone; a bright bladder (median above
100 HU) says that it is there even where blood is clear. A bright piece that runs out of the kidney
(a stent) makes the side *not assessable*. **A kidney that was looked at and shows no stone has 0 of
them**; its diameter, volume and attenuation are then *not applicable*.

**How to read it.** Stones below some 2 mm vanish in partial volume, and of what lies below the
ureteropelvic junction nothing is seen. Calcium in the wall of a cyst, in a tumour or in an artery
of the sinus counts as stone: the picture shows each. Diameters of 10 mm and more are where shock
wave lithotripsy begins to fail in the lower pole (Assimos 2016, J Urol 196:1161). Attenuation
depends on the tube voltage and, in small stones, on their size.

**How sure.** Phantoms with two stones of 3 to 14 mm in 10 HU of noise (``tools/quality``): all are
counted; the diameter is off by 0.1 mm on slices of 1 mm (at most 0.3), by 0.5 of 3 mm (at most 2.0;
a stone smaller than a slice by as much as the slice is thick), the volume too small by 7 mm³ (at
most 18, on slices of 3 mm 54). A sharp kernel leaves size and count as they are and raises the peak
by 230 HU (at most 380). In the example CT of TotalSegmentator (3 mm) it finds five stones; all five
are seen by eye, and so is one of a single voxel that it does not count.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cc3d
import numpy as np
from scipy import ndimage

from heimdallr.analyses.acquisition import ACQUISITION, acquisition
from heimdallr.analyses.anatomy.calcified_lesions import (
    CALCIUM_HU,
    coarse,
    fine,
    noise_hu,
    without_what_reaches_out,
)
from heimdallr.analyses.declared_inputs import Reads
from heimdallr.analyses.declared_outputs import (
    Absence,
    Output,
    all_absent,
    inapplicable,
    unassessable,
)
from heimdallr.analyses.organ_volumetry import SMALLEST_ORGAN_CM3
from heimdallr.analyses.presence import believed, structure_or_absence, truncation
from heimdallr.analyses.scan_gates import native_absence, scanned_absence, spacing_absence
from heimdallr.imaging.morphology import (
    box_around,
    dilated,
    eroded,
    label_boxes,
    largest_diameter_mm,
)

if TYPE_CHECKING:
    from heimdallr.analyses.case import Case
    from heimdallr.domain.measurement import Measurement, Scalar
    from heimdallr.imaging.morphology import Box, Mask
    from heimdallr.imaging.statistics import StructureStatistics
    from heimdallr.imaging.volume import Affine, Array

KIDNEYS = ("kidney_right", "kidney_left")
FEWEST_VOXELS = 3
THICKEST_SLICE_MM = 3.0
"""As the founding definition has them; with 1 voxel noise would count, with 5 mm stones are
lost."""

HILUM_MM = 12.0
"""Radius of the ball that closes the mask over its hilum. Chosen, not measured: the sinus opens 2
to 3 cm wide. 6 mm would leave the renal pelvis out, 24 mm reach the psoas and the great vessels."""

ROOM_MM = 8.0
"""Seen around the closed kidney, to tell what reaches out. Chosen: more than a rib is thick."""

NOISE_TIMES = 5.0
"""By so many standard deviations a stone's peak exceeds the kidney. Chosen: of the million voxels
of a thin-sliced kidney, less than one does so by chance; up to 20 HU of noise 130 HU are enough. At
2.5 noise would be counted, at 10 a stone of 200 HU be lost in 17 HU of noise."""

CORE_MM = 3.0
"""Rim left out where kidney and noise are measured, as in organ density."""

EXCRETED_HU = 100.0
"""Median of a bladder above which it holds contrast medium. Chosen: urine has 0 to 20 HU, blood in
it 70; excreted contrast several hundred."""

_NEIGHBOURS = np.ones((3, 3, 3), bool)
HALF, BRIGHT_PERCENTILE = 0.5, 75.0
"""A stone's own attenuation is the 75th percentile of its voxels above 130 HU: the rest is its rim.
Chosen: the median lies in the rim of small stones, the maximum is a grain of large ones."""


def _outputs(kidney: str) -> tuple[Output, Output, Output, Output]:
    side = kidney.removeprefix("kidney_")
    return (
        Output(f"kidney_stones_{side}", "", f"stones in the {side} kidney and its hilum"),
        Output(f"kidney_stones_{side}_diameter_mm", "mm", "largest diameter of the largest stone"),
        Output(f"kidney_stones_{side}_vol_mm3", "mm3", f"volume of all stones, {side}"),
        Output(f"kidney_stones_{side}_peak_hu", "HU", f"brightest voxel of the stones, {side}"),
    )


OUTPUTS = tuple(output for kidney in KIDNEYS for output in _outputs(kidney))
READS = Reads(whole_map=True, coverage=True, facts=ACQUISITION)
"""Of the whole map: the hilum is where no other organ is."""


@dataclass(frozen=True, slots=True)
class Stone:
    """One stone.

    Attributes:
        ijk: its voxel nearest to its middle, in the volume.
        diameter_mm: greatest distance of its surface's points.
        volume_mm3: above half of its attenuation.
        volume_at_130_hu_mm3: of all its voxels.
        peak_hu: of its brightest voxel.
        in_hilum: whether most of it lies outside the kidney's own mask.
    """

    ijk: tuple[int, int, int]
    diameter_mm: float
    volume_mm3: float
    volume_at_130_hu_mm3: float
    peak_hu: float
    in_hilum: bool


def measure(case: Case) -> tuple[Measurement, ...]:
    """Count, largest diameter, volume and peak of each side."""
    if absence := scanned_absence(case):
        return all_absent(OUTPUTS, absence)
    return tuple(measurement for kidney in KIDNEYS for measurement in _side(case, kidney))


def unfit(case: Case) -> Absence | None:
    """Why stones cannot be looked for in this CT."""
    absence = native_absence(case) or spacing_absence(case, THICKEST_SLICE_MM)
    if absence or "urinary_bladder" not in believed(case):
        return absence
    bladder_hu = case.statistics["urinary_bladder"].median
    if bladder_hu > EXCRETED_HU:
        return unassessable("contrast_in_bladder", median_hu=bladder_hu)
    return None


def _side(case: Case, kidney: str) -> tuple[Measurement, ...]:
    outputs = _outputs(kidney)
    found = structure_or_absence(case, kidney, region="abdomen", at_least_cm3=SMALLEST_ORGAN_CM3)
    if isinstance(found, Absence):
        return tuple(output.absent(found, structure=kidney) for output in outputs)
    stones = unfit(case) or stones_of(case, kidney, found)
    if isinstance(stones, Absence):
        return tuple(output.absent(stones, structure=kidney) for output in outputs)
    if cut := truncation(found):
        seen = len(stones)
        return tuple(o.absent(cut, structure=kidney, stones_seen=seen) for o in outputs)
    count, diameter, volume, peak = outputs
    known: dict[str, Scalar] = {"threshold_hu": CALCIUM_HU, **acquisition(case)}
    if not stones:
        none = inapplicable("no_stone", structure=kidney)
        return (
            count.measured(0, structure=kidney, **known),
            *(output.absent(none, structure=kidney) for output in outputs[1:]),
        )
    largest = max(stones, key=lambda one: (one.diameter_mm, one.volume_mm3, one.ijk))
    brightest = max(stones, key=lambda one: (one.peak_hu, one.ijk))
    return (
        count.measured(
            len(stones),
            structure=kidney,
            largest_mm=round(largest.diameter_mm, 1),
            **_place(largest),
            **known,
        ),
        diameter.measured(
            round(largest.diameter_mm, 1),
            structure=kidney,
            in_hilum=largest.in_hilum,
            **_place(largest),
        ),
        volume.measured(
            round(sum(one.volume_mm3 for one in stones), 1),
            structure=kidney,
            volume_at_130_hu_mm3=round(sum(one.volume_at_130_hu_mm3 for one in stones), 1),
            **_place(largest),
        ),
        peak.measured(round(brightest.peak_hu), structure=kidney, **_place(brightest), **known),
    )


def _place(stone: Stone) -> dict[str, Scalar]:
    """Where a viewer is to jump."""
    return {"slice_index": stone.ijk[2], "voxel": " ".join(map(str, stone.ijk))}


def stones_of(case: Case, kidney: str, found: StructureStatistics) -> tuple[Stone, ...] | Absence:
    """The stones of one kidney, the largest first, or why they cannot be told.

    Args:
        case: an unenhanced CT.
        kidney: class name.
        found: its statistics.
    """
    affine = case.image.affine
    box = box_around(found, case.image.shape, affine, HILUM_MM + ROOM_MM)
    hu, labels = case.image.data[box], case.anatomy.data[box]
    own = labels == case.anatomy.number(kidney)
    level_hu, spread_hu = _level_and_noise(hu, own, affine)
    territory = _with_hilum(own, affine) & _free(case, labels, kidney)
    bright = territory & (hu >= CALCIUM_HU)
    kept = bright & without_what_reaches_out(hu, territory, to_the_border=True)
    if int((bright & own & ~kept).sum()) >= FEWEST_VOXELS:
        return unassessable("bright_piece_leaves_kidney", structure=kidney)
    pieces = cc3d.connected_components(kept, connectivity=26)
    least_hu = level_hu + NOISE_TIMES * spread_hu
    around = _Around(hu, pieces, own, level_hu, affine, box)
    stones = [
        _stone(around, number, place)
        for number, place in label_boxes(pieces).items()
        if _counts(hu[place][pieces[place] == number], least_hu)
    ]
    return tuple(sorted(stones, key=lambda one: (-one.diameter_mm, one.ijk)))


def _level_and_noise(hu: Array, own: Mask, affine: Affine) -> tuple[float, float]:
    """Attenuation of the kidney without its rim, and its noise."""
    thinned, thinned_affine, (i, j, k) = coarse(own, affine)
    core = eroded(thinned, thinned_affine, CORE_MM)
    values = hu[::i, ::j, ::k][core if core.any() else thinned]
    return noise_hu(values)


def _with_hilum(own: Mask, affine: Affine) -> Mask:
    """The mask, closed over its hilum."""
    thinned, thinned_affine, steps = coarse(own, affine)
    closed = eroded(dilated(thinned, thinned_affine, HILUM_MM), thinned_affine, HILUM_MM)
    return own | fine(closed, steps, own.shape)


def _free(case: Case, labels: Array, kidney: str) -> Mask:
    """Where no other organ is: kidney, its cysts, and what has no label."""
    names = (kidney, kidney.replace("kidney_", "kidney_cyst_"))
    own = [number for number, name in case.anatomy.names.items() if name in names]
    return np.asarray(np.isin(labels, [0, *own]))


def _counts(values: Array, least_hu: float) -> bool:
    return len(values) >= FEWEST_VOXELS and float(values.max()) >= least_hu


@dataclass(frozen=True, slots=True)
class _Around:
    """What the stones of a kidney lie in: arrays of one box of the volume."""

    hu: Array
    pieces: Array
    own: Mask
    level_hu: float
    affine: Affine
    box: Box


def _stone(around: _Around, number: int, place: tuple[slice, ...]) -> Stone:
    """One piece, measured with a voxel of what surrounds it."""
    wide = tuple(
        slice(max(side.start - 2, 0), min(side.stop + 2, length))
        for side, length in zip(place, around.hu.shape, strict=True)
    )
    hu = around.hu[wide].astype(np.float32)
    piece = around.pieces[wide] == number
    own_hu = np.percentile(hu[piece], BRIGHT_PERCENTILE)
    half_hu = around.level_hu + HALF * (float(own_hu) - around.level_hu)
    # What is no neighbour of the piece may be as bright: a rib, the next stone.
    near = ndimage.binary_dilation(piece, _NEIGHBOURS)
    alone = np.where(near, hu, np.minimum(hu, around.level_hu))
    voxel_mm3 = float(abs(np.linalg.det(around.affine[:3, :3])))
    inside = np.argwhere(piece)
    middle = np.linalg.norm((inside - inside.mean(axis=0)) @ around.affine[:3, :3].T, axis=1)
    i, j, k = (
        int(index) + side.start + corner.start
        for index, side, corner in zip(inside[middle.argmin()], wide, around.box, strict=True)
    )
    return Stone(
        ijk=(i, j, k),
        diameter_mm=largest_diameter_mm(surface_mm(alone, half_hu, around.affine))[0],
        volume_mm3=int((alone >= half_hu).sum()) * voxel_mm3,
        volume_at_130_hu_mm3=int(piece.sum()) * voxel_mm3,
        peak_hu=float(hu[piece].max()),
        in_hilum=bool(2 * (piece & around.own[wide]).sum() < piece.sum()),
    )


def surface_mm(hu: Array, level_hu: float, affine: Affine) -> Affine:
    """(N, 3) points where the attenuation, linear between voxel centres, crosses a level.

    Args:
        hu: (I, J, K) of a thing that is brighter than the level, with what surrounds it.
        level_hu: attenuation of the surface.
        affine: (4, 4) voxel index → mm; only its axes matter.
    """
    points = []
    for axis in range(3):
        ahead = np.moveaxis(hu, axis, 0).astype(np.float64)
        low, high = ahead[:-1], ahead[1:]
        crossed = (low >= level_hu) != (high >= level_hu)
        index = np.argwhere(crossed).astype(np.float64)
        index[:, 0] += ((level_hu - low) / np.where(crossed, high - low, 1.0))[crossed]
        order = [axis, *(other for other in range(3) if other != axis)]
        points.append(index[:, np.argsort(order)])
    return np.asarray(np.concatenate(points) @ affine[:3, :3].T)
