"""Which image a place of the patient lies on, and what a label map has on an image."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from heimdallr.domain.source_images import SourceImages, SourcePlane
    from heimdallr.imaging.volume import LabelMap
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


def labels_on_plane(
    source: SourceImages, plane: SourcePlane, label_map: LabelMap
) -> npt.NDArray[np.int64]:
    """(rows, columns) label at the centre of every pixel of an image; 0 beyond the label map.

    PS3.3 C.7.6.2.1.1: the row direction is that of growing column indices.
    """
    between_rows, between_columns = source.pixel_spacing_mm
    along_row, along_column = np.reshape(plane.orientation, (2, 3))
    rows, columns = np.indices((source.rows, source.columns))
    position = (
        np.array(plane.position_lps_mm)
        + columns[..., None] * between_columns * along_row
        + rows[..., None] * between_rows * along_column
    ) * LPS_OF_RAS
    inverse = np.linalg.inv(label_map.affine)
    index = np.rint(position @ inverse[:3, :3].T + inverse[:3, 3]).astype(np.int64)
    shape = np.array(label_map.data.shape)
    there = ((index >= 0) & (index < shape)).all(axis=-1)
    labels = np.zeros((source.rows, source.columns), np.int64)
    labels[there] = label_map.data[tuple(index[there].T)]
    return labels
