"""Which plane a place of the patient lies on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from heimdallr.imaging.patient_axes import LPS_RAS, plane_normal

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from heimdallr.domain.source_images import SourceImages, SourcePlane
    from heimdallr.publishing.schema import Point


def nearest(
    positions_lps_mm: npt.ArrayLike, orientation: Sequence[float], position_ras_mm: Point
) -> int:
    """Number of the plane that a point lies on, or that is nearest to it.

    Args:
        positions_lps_mm: (N, 3) of the parallel planes.
        orientation: (6,) cosines of their rows and columns.
        position_ras_mm: the point.
    """
    offsets = np.asarray(position_ras_mm) @ LPS_RAS - np.asarray(positions_lps_mm)
    normal = plane_normal(*np.reshape(orientation, (2, 3)))
    return int(np.argmin(np.abs(offsets @ normal)))


def nearest_plane(source: SourceImages, position_ras_mm: Point) -> SourcePlane:
    """The source plane that a point lies on, or that is nearest to it."""
    positions = [plane.position_lps_mm for plane in source.planes]
    return source.planes[nearest(positions, source.planes[0].orientation, position_ras_mm)]
