"""What other tools' objects have to fit: the study, its frame of reference, and its planes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from heimdallr.corrections.proposals.plane_stack import PlaneStack
from heimdallr.domain.errors import CorrectionError
from heimdallr.domain.statements import Statement
from heimdallr.imaging.patient_axes import LPS_RAS, plane_normal
from heimdallr.publishing.dicom.missing_uids import (
    FRAME_OF_REFERENCE,
    completed,
    study_instance_uid,
    uid_in,
)
from heimdallr.publishing.source_file import read_source

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy.typing as npt

    from heimdallr.corrections.proposals.plane_stack import Floats
    from heimdallr.domain.source_images import SourceImages

ON_PLANE_MM = 0.05
"""How far a frame may lie from an image it was drawn on: decimal strings are rounded."""
_TURNED = 1e-3
"""Likewise of direction cosines and spacings."""


@dataclass(frozen=True)
class CaseImages:
    """The images that a case was made of.

    Attributes:
        source: as ``source.json`` has them, every UID filled.
    """

    source: SourceImages

    def check(self, study_uid: str, frame_of_reference_uid: str) -> None:
        """Refuse what was drawn on another study, or in other coordinates.

        Raises:
            CorrectionError: it was.
        """
        if study_uid != study_instance_uid(self.source):
            raise CorrectionError(Statement("proposal_of_other_study"))
        if frame_of_reference_uid != uid_in(self.source.header, FRAME_OF_REFERENCE):
            raise CorrectionError(Statement("proposal_of_other_frame_of_reference"))

    @cached_property
    def stack(self) -> PlaneStack:
        """Their planes."""
        source = self.source
        positions = np.array([plane.position_lps_mm for plane in source.planes])
        return stack_of(
            positions,
            source.planes[0].orientation,
            source.pixel_spacing_mm,
            (source.rows, source.columns),
            source.slice_thickness_mm,
            widest=True,
        )

    def places(
        self,
        positions_lps_mm: Floats,
        orientation: Sequence[float],
        spacing_mm: tuple[float, float],
        shape: tuple[int, int],
    ) -> npt.NDArray[np.intp] | None:
        """The planes of :attr:`stack` that frames lie on, pixel on pixel.

        Args:
            positions_lps_mm: (N, 3) centre of the first pixel of each frame.
            orientation: cosines of their rows and columns.
            spacing_mm: between rows, between columns.
            shape: rows, columns.

        Returns:
            (N,) numbers; ``None`` where one lies on none of them.
        """
        source = self.source
        alike = (
            shape == (source.rows, source.columns)
            and np.allclose(orientation, source.planes[0].orientation, atol=_TURNED)
            and np.allclose(spacing_mm, source.pixel_spacing_mm, rtol=_TURNED)
        )
        if not alike:
            return None
        origins = positions_lps_mm @ LPS_RAS
        nearest = self.stack.nearest(origins)
        off = np.abs(self.stack.origins_mm[nearest] - origins).max(initial=0.0)
        return nearest if off <= ON_PLANE_MM else None


def images_of(folder: Path) -> CaseImages:
    """The images of a case folder.

    Raises:
        CorrectionError: it does not tell them: it was made of a NIfTI file, or by an old version.
    """
    try:
        source = read_source(folder)
    except (OSError, ValueError):
        raise CorrectionError(Statement("case_folder_damaged")) from None
    if source is None:
        raise CorrectionError(Statement("proposal_without_images"))
    return CaseImages(completed(source)[0])


def stack_of(
    positions_lps_mm: Floats,
    orientation: Sequence[float],
    spacing_mm: tuple[float, float],
    shape: tuple[int, int],
    told_mm: float | None,
    *,
    widest: bool = False,
) -> PlaneStack:
    """Planes at some positions, each once, in ascending order.

    Args:
        positions_lps_mm: (N, 3) centre of the first pixel of each.
        orientation: cosines of rows and columns.
        spacing_mm: between rows, between columns.
        shape: rows, columns.
        told_mm: what is said of the distance between planes.
        widest: gaps are a part of the stack, as slices that a series lacks. Otherwise they are
            planes that were left out, and the smallest gap is the usual one.
    """
    cosines = np.reshape(np.asarray(orientation, dtype=np.float64), (2, 3)) @ LPS_RAS
    across, down = cosines[0] * spacing_mm[1], cosines[1] * spacing_mm[0]
    origins = positions_lps_mm @ LPS_RAS
    depths = origins @ plane_normal(across, down)
    order = np.argsort(depths, kind="stable")
    new = np.diff(depths[order], prepend=-np.inf) > ON_PLANE_MM
    origins, gaps = origins[order][new], np.diff(depths[order][new])
    told = told_mm or min(spacing_mm)
    if widest:
        gap = float(gaps.max()) if gaps.size else told
    else:
        gap = min(float(gaps.min()), told_mm or np.inf) if gaps.size else told
    return PlaneStack(origins, down, across, shape[0], shape[1], gap / 2)
