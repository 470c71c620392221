"""What ``labels/labels.json`` says of the structures: number, name, colour, group, and where.

A viewer reads one label map with colours instead of a hundred masks, and jumps to a structure
without reading a voxel: each has a position *inside* it, on the slice that shows most of it.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from heimdallr.imaging.statistics import extents, sections_in, sections_of
from heimdallr.publishing.groups import group
from heimdallr.publishing.palette import colour, display_name
from heimdallr.publishing.schema import (
    Index,
    LabelMapRecord,
    Labels,
    Point,
    StructureRecord,
    coded,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from heimdallr.domain.statements import Statement
    from heimdallr.imaging.statistics import Extent
    from heimdallr.imaging.volume import LabelMap, Volume

_DECIMALS = 3
"""Of positions in mm and of fractional voxel indices."""


def describe(image: Volume, maps: Iterable[LabelMapRecord]) -> Labels:
    """``labels.json`` of the label maps of an image."""
    rows = [(float(a), float(b), float(c), float(d)) for a, b, c, d in image.affine]
    return Labels(shape=image.shape, affine=tuple(rows), maps=list(maps))


def describe_map(
    name: str,
    task: str,
    label_map: LabelMap,
    doubts: Mapping[str, Sequence[Statement]] = MappingProxyType({}),
) -> LabelMapRecord:
    """The structures of a label map that have a voxel, in label order.

    Args:
        name: what the published map is called.
        task: the task that made it.
        label_map: (I, J, K) labels, RAS+.
        doubts: structure → why it is not believed; those that are may be left out.
    """
    sections = sections_of(label_map.data)
    structures = [
        _structure(label_map, number, extent, int(np.argmax(sections[2][number])), doubts)
        for number, extent in extents(sections).items()
    ]
    return LabelMapRecord(name=name, task=task, structures=structures)


def describe_structures(
    label_map: LabelMap,
    boxes: Mapping[int, tuple[slice, slice, slice]],
    doubts: Mapping[str, Sequence[Statement]] = MappingProxyType({}),
) -> dict[int, StructureRecord]:
    """Some structures of a label map, by label; those without a voxel are absent.

    Args:
        label_map: (I, J, K) labels, RAS+.
        boxes: label → a box that holds all of its voxels.
        doubts: structure → why it is not believed.
    """
    found = {}
    for number, box in boxes.items():
        sections = sections_in(label_map.data[box] == number, box, label_map.shape)
        for extent in extents([along[None] for along in sections]).values():
            largest = int(np.argmax(sections[2]))
            found[number] = _structure(label_map, number, extent, largest, doubts)
    return found


def _structure(
    label_map: LabelMap,
    number: int,
    extent: Extent,
    largest_slice: int,
    doubts: Mapping[str, Sequence[Statement]],
) -> StructureRecord:
    voxels, centroid, low, high = extent
    structure = label_map.names[number]
    position = _position_inside(label_map, number, extent, largest_slice)
    return StructureRecord(
        label=number,
        structure=structure,
        name=display_name(structure),
        colour=colour(structure),
        group=group(structure),
        voxels=voxels,
        bbox_min_ijk=low,
        bbox_max_ijk=high,
        centroid_ijk=_rounded(centroid),
        centroid_ras_mm=_rounded(label_map.voxel_to_world(centroid)),
        largest_slice=largest_slice,
        position_ijk=position,
        position_ras_mm=_rounded(label_map.voxel_to_world(position)),
        doubts=[one.text for one in doubts.get(structure, ())],
        doubts_coded=[coded(one) for one in doubts.get(structure, ())],
    )


def _position_inside(label_map: LabelMap, number: int, extent: Extent, k: int) -> Index:
    """The structure's voxel on slice ``k`` that is nearest to the middle of its voxels there.

    The middle itself may lie outside: of a rib, of the colon, of muscle around a trunk.
    """
    _, _, (i, j, _), (i_high, j_high, _) = extent
    plane = label_map.data[i : i_high + 1, j : j_high + 1, k] == number
    pixels = np.argwhere(plane)
    offsets_mm = (pixels - pixels.mean(axis=0)) @ label_map.affine[:3, :2].T
    nearest = pixels[int(np.argmin((offsets_mm**2).sum(axis=1)))]
    return i + int(nearest[0]), j + int(nearest[1]), k


def _rounded(position: Iterable[float]) -> Point:
    x, y, z = (round(float(along), _DECIMALS) for along in position)
    return x, y, z
