"""A drawn piece as a case, for the quality trials and for tests: the labels are the phantom's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from nibabel.orientations import apply_orientation, inv_ornt_aff, io_orientation

from heimdallr.analyses.case import Case
from heimdallr.analyses.contrast_phase import PHASE
from heimdallr.analyses.vertebral_levels import LevelCheck
from heimdallr.domain.study import KernelClass, Patient, Series
from heimdallr.imaging.volume import LabelMap, Volume
from heimdallr.segmentation.result import Segmentation, SegmentationProvenance

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt
    from pieces.drawing import Kernel, Marks, Piece

ADULT = Patient(sex="M", age_years=60.0, height_m=1.75, weight_kg=80.0)
SERIES = Series("1.2.3", "CT", kvp=120.0, kernel="B30f", kernel_class=KernelClass.SOFT)
LEVELS = LevelCheck(None, (), ("last_rib",))
"""Vertebrae are what they are called, although no rib or sacrum is drawn."""


def case_of(
    piece: Piece,
    rng: np.random.Generator,
    *,
    marks: Mapping[str, Marks] | None = None,
    noise_hu: float = 10.0,
    kernel: Kernel = "soft",
    phase: str | None = "native",
    series: Series = SERIES,
    patient: Patient = ADULT,
    levels: LevelCheck | None = LEVELS,
) -> Case:
    """The piece as scanned, in RAS+ order, whatever way its grid is flipped and turned.

    Args:
        piece: what was drawn; its labels are those of the task ``total``.
        rng: source of the noise.
        marks: further task → its labels.
        noise_hu: standard deviation of the noise under the soft kernel.
        kernel: of the reconstruction.
        phase: contrast phase that earlier analyses found; ``None``: they found none.
        series: what the headers say.
        patient: whose it is.
        levels: what is known of the vertebrae's names; ``None``: what their labels tell.
    """
    maps: dict[str, Marks] = {"total": piece, **(marks or {})}
    order = io_orientation(piece.grid.affine)
    affine = piece.grid.affine @ inv_ornt_aff(order, piece.grid.shape)

    def upright(data: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
        return np.asfortranarray(apply_orientation(data, order))

    image = Volume(upright(piece.image(rng, noise_hu=noise_hu, kernel=kernel)), affine)
    segmentations = {
        task: Segmentation(
            LabelMap(upright(drawn.labels), affine, dict(drawn.names)),
            SegmentationProvenance(task, "none", "cpu", (), "official", (), 3.0, 0.0),
        )
        for task, drawn in maps.items()
    }
    case = Case("CT", image, patient, series, segmentations)
    if levels is not None:
        case.worked_out.levels = levels
    return case if phase is None else case.with_facts([PHASE.measured(phase)])
