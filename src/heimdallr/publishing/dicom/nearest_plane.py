"""Which image a place of the patient lies on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from heimdallr.domain.source_images import SourceImages, SourcePlane
    from heimdallr.publishing.schema import Point

LPS_OF_RAS = np.array([-1.0, -1.0, 1.0])


def nearest_plane(source: SourceImages, position_ras_mm: Point) -> SourcePlane:
    """The source plane that a point lies on, or that is nearest to it."""
    position = LPS_OF_RAS * position_ras_mm

    def distance_mm(plane: SourcePlane) -> float:
        row, column = np.reshape(plane.orientation, (2, 3))
        normal = np.cross(row, column)
        return abs(float((position - plane.position_lps_mm) @ normal))

    return min(source.planes, key=distance_mm)
