"""What is true of a phantom study, for comparison with what is measured.

Two truths stand side by side. *Continuous* values are counted on the phantom's own fine grid: the
anatomy itself. *Series grid* values are counted after the labels are cut to the slices of the
series that should be measured: what a perfect segmentation of that series would give. CT numbers
are given as *set* (mean over the voxels of the materials' values) and as *rendered* (blur and
partial volume included, noise left out).
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from heimdallr.imaging.statistics import cuts
from heimdallr.phantom.labels import TISSUE, TOTAL

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from heimdallr.phantom.anatomy import Phantom
    from heimdallr.phantom.stack import Stack

MUSCLE_WINDOW_HU = (-29, 150)
"""Attenuation of skeletal muscle (Alberta protocol), both ends included."""
FLAT_MM = 10.0
"""How far about the L3 centroid the muscle area's range is taken, to each side."""


@dataclass(frozen=True, slots=True)
class StructureTruth:
    """One structure of task `total`.

    Attributes:
        volume_cm3: on the phantom's own grid, within the phantom.
        series_volume_cm3: on the grid of the series to be measured.
        truncated_at: faces of the series' volume that cut the structure.
        centroid_ras_mm: on the grid of the series.
        hu_set: mean of the materials' CT numbers; None for MR.
        hu_rendered: mean of the series' noise-free image within the structure; None for MR.
    """

    volume_cm3: float
    series_volume_cm3: float
    truncated_at: tuple[str, ...]
    centroid_ras_mm: tuple[float, float, float]
    hu_set: float | None
    hu_rendered: float | None


@dataclass(frozen=True, slots=True)
class MuscleTruth:
    """Skeletal muscle in the slice through the centroid of L3.

    Attributes:
        slice_index: index along the superior axis of the converted series, from 0 at the bottom.
        centroid_z_mm: height of the centroid of L3, RAS mm.
        sma_cm2: muscle area in that slice, all muscle.
        sma_window_cm2: the part of it within -29 to 150 HU in the noise-free image.
        sma_range_cm2: least and greatest `sma_cm2` within 10 mm above and below.
        hu_set: CT number of muscle.
        hu_rendered: mean of the noise-free image over `sma_window_cm2`.
    """

    slice_index: int
    centroid_z_mm: float
    sma_cm2: float
    sma_window_cm2: float
    sma_range_cm2: tuple[float, float]
    hu_set: float
    hu_rendered: float


@dataclass(frozen=True, slots=True)
class SeriesTruth:
    """One series of the study.

    Attributes:
        contrast_phase: native, arterial, portal_venous or delayed; None where it has none.
        selected: whether series selection must choose it, and `reason` why or why not.
    """

    number: int
    series_instance_uid: str
    description: str
    contrast_phase: str | None
    kernel: str
    slices: int
    spacing_mm: float | None
    thickness_mm: float | None
    selected: bool
    reason: str


@dataclass(frozen=True, slots=True)
class RegionTruth:
    """Body regions: wholly shown, shown in part (either answer is right), not shown."""

    covered: tuple[str, ...]
    partly: tuple[str, ...]
    absent: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PatientTruth:
    """The header's facts about the patient, and what the body was made of."""

    name: str
    patient_id: str
    sex: str
    age_years: int
    height_m: float
    weight_kg: float
    liver_fat_fraction: float


@dataclass(frozen=True, slots=True)
class StudyTruth:
    """Everything known about one phantom study; `truth.json`."""

    kind: str
    seed: int
    modality: str
    study_instance_uid: str
    accession_number: str
    study_date: str
    contrast_phase: str | None
    patient: PatientTruth
    regions: RegionTruth
    series: tuple[SeriesTruth, ...]
    structures: Mapping[str, StructureTruth]
    tissue_volumes_cm3: Mapping[str, float]
    l3: MuscleTruth | None
    bleed_volume_cm3: float
    bleed_series_volume_cm3: float
    lesions: tuple[Mapping[str, Any], ...]
    synthetic: bool = True

    def save(self, path: Path) -> None:
        """Write the truth as JSON."""
        path.write_text(json.dumps(dataclasses.asdict(self), indent=2, sort_keys=True) + "\n")


@dataclass(frozen=True, slots=True)
class SeriesLabels:
    """Truth labels on the grid of a series, RAS+ order, and its noise-free image.

    Attributes:
        total: (I, J, K) numbers of task `total`.
        tissue: (I, J, K) numbers of task `tissue_types`.
        bleed: (I, J, K) 1 where there is haemorrhage.
        affine: (4, 4) voxel index → RAS mm.
        image: k → (I, J) noise-free CT numbers; None for MR.
    """

    total: npt.NDArray[np.uint8]
    tissue: npt.NDArray[np.uint8]
    bleed: npt.NDArray[np.uint8]
    affine: npt.NDArray[np.float64]
    image: Callable[[int], npt.NDArray[np.float32]] | None

    @property
    def voxel_cm3(self) -> float:
        """Volume of one voxel."""
        return float(abs(np.linalg.det(self.affine[:3, :3]))) / 1000


def labels_on(
    phantom: Phantom,
    stack: Stack,
    noise_free: Callable[[int], npt.NDArray[np.float32]] | None = None,
) -> SeriesLabels:
    """Cut a phantom's labels to a series.

    Args:
        phantom: the phantom.
        stack: the series' grid.
        noise_free: slice index → (rows, columns) image as DICOM stores it; None for MR.
    """
    image = None
    if noise_free is not None:
        rendered = noise_free

        def image(k: int) -> npt.NDArray[np.float32]:
            return rendered(k).T[::-1, ::-1]

    return SeriesLabels(
        total=stack.nearest(phantom.total),
        tissue=stack.nearest(phantom.tissue),
        bleed=stack.nearest(phantom.bleed.astype(np.uint8)),
        affine=stack.series_affine,
        image=image,
    )


def structure_truths(
    phantom: Phantom, labels: SeriesLabels, hu: npt.NDArray[np.float32] | None
) -> dict[str, StructureTruth]:
    """Describe every structure present in the series.

    Args:
        phantom: the phantom.
        labels: its labels on the series' grid.
        hu: (materials,) CT numbers in the series' phase; None for MR.
    """
    size = max(TOTAL.values()) + 1
    fine = np.bincount(phantom.total.ravel(), minlength=size)
    coarse = np.bincount(labels.total.ravel(), minlength=size)
    fine_cm3 = float(abs(np.linalg.det(phantom.affine[:3, :3]))) / 1000
    set_sum = np.zeros(size)
    if hu is not None:
        for k in range(phantom.total.shape[2]):
            values = hu[phantom.material[:, :, k]].astype(np.float64)
            set_sum += np.bincount(
                phantom.total[:, :, k].ravel(), weights=values.ravel(), minlength=size
            )
    rendered_sum = np.zeros(size)
    if labels.image is not None:
        for k in range(labels.total.shape[2]):
            rendered_sum += np.bincount(
                labels.total[:, :, k].ravel(), weights=labels.image(k).ravel(), minlength=size
            )
    profiles = _profiles(labels.total, size)
    found = {}
    for name, number in TOTAL.items():
        if not coarse[number]:
            continue
        along = [profile[number] for profile in profiles]
        index = [float(p @ np.arange(len(p)) / p.sum()) for p in along]
        x, y, z = labels.affine[:3, :3] @ index + labels.affine[:3, 3]
        found[name] = StructureTruth(
            volume_cm3=round(float(fine[number]) * fine_cm3, 4),
            series_volume_cm3=round(float(coarse[number]) * labels.voxel_cm3, 4),
            truncated_at=tuple(cuts(along)),
            centroid_ras_mm=(round(float(x), 2), round(float(y), 2), round(float(z), 2)),
            hu_set=None if hu is None else round(float(set_sum[number] / fine[number]), 2),
            hu_rendered=(
                None
                if labels.image is None
                else round(float(rendered_sum[number] / coarse[number]), 2)
            ),
        )
    return found


def tissue_volumes_cm3(labels: SeriesLabels) -> dict[str, float]:
    """Volumes of the tissue classes on the series' grid."""
    count = np.bincount(labels.tissue.ravel(), minlength=max(TISSUE.values()) + 1)
    return {name: round(float(count[n]) * labels.voxel_cm3, 3) for name, n in TISSUE.items()}


def muscle_truth(labels: SeriesLabels, hu_set: float) -> MuscleTruth | None:
    """Muscle at L3, or None when the series does not show all of L3.

    Args:
        labels: truth on the series' grid.
        hu_set: CT number of muscle in the series' phase.
    """
    if labels.image is None:
        return None
    profile = _profiles(labels.total, max(TOTAL.values()) + 1)[2][TOTAL["vertebrae_L3"]]
    if not profile.any() or profile[0] or profile[-1]:
        return None
    centroid = float(profile @ np.arange(len(profile)) / profile.sum())
    index = round(centroid)
    column_i, column_j, column_k = labels.affine[:3, :3].T
    pixel_cm2 = float(np.linalg.norm(np.cross(column_i, column_j))) / 100
    muscle = labels.tissue == TISSUE["skeletal_muscle"]
    reach = int(FLAT_MM / float(np.linalg.norm(column_k)))
    near = muscle[:, :, max(index - reach, 0) : index + reach + 1].sum(axis=(0, 1)) * pixel_cm2
    image = labels.image(index)
    low, high = MUSCLE_WINDOW_HU
    inside = muscle[:, :, index] & (image >= low) & (image <= high)
    i, j = ((axis - 1) / 2 for axis in labels.total.shape[:2])
    z = labels.affine[2, :3] @ [i, j, centroid] + labels.affine[2, 3]
    return MuscleTruth(
        slice_index=index,
        centroid_z_mm=round(float(z), 2),
        sma_cm2=round(float(muscle[:, :, index].sum()) * pixel_cm2, 3),
        sma_window_cm2=round(float(inside.sum()) * pixel_cm2, 3),
        sma_range_cm2=(round(float(near.min()), 3), round(float(near.max()), 3)),
        hu_set=round(hu_set, 2),
        hu_rendered=round(float(image[inside].mean()), 2),
    )


def _profiles(total: npt.NDArray[np.uint8], size: int) -> list[npt.NDArray[np.int64]]:
    """For each axis the (labels, extent) voxel counts of every label in every plane."""
    found = []
    for axis in range(3):
        planes = np.moveaxis(total, axis, 0)
        counts = [np.bincount(plane.ravel(), minlength=size) for plane in planes]
        found.append(np.stack(counts, axis=1))
    return found
