"""The mask of a vessel on voxels of one size, and the way through its middle.

The mask is brought to voxels of about 2 mm that hold the share covered. Between the two voxels
farthest apart within a connected piece the cheapest way is looked for, where a step costs its
length over the squared distance from the wall; so it keeps to the middle.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components, dijkstra
from scipy.spatial import cKDTree

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from heimdallr.imaging.field_of_view import FieldOfView
    from heimdallr.imaging.morphology import Box, Mask
    from heimdallr.imaging.slabs import Slab
    from heimdallr.imaging.volume import Affine, Array, Volume

FINE_MM, COARSE_MM = 2.0, 3.5
"""Voxels the sections are taken from are at most the first, those the way is looked for on about
the second, unless the image's own are larger. Chosen for speed: the whole aorta of a CT of
512 x 512 x 600 voxels takes 0.25 s so; half of both would take eight times as long."""

COVERED = 0.5
"""A place belongs to the vessel where at least so much of it is covered."""
BLUR = 0.75
"""The mask is blurred by a Gaussian of so many of its voxels' mean side, which takes its steps off.

Measured on the phantoms of ``tools/pieces/aorta.py`` at 3 mm (November 2026): at 0.5
diameters are 0.8 mm too large in the mean, at 0.75 0.4 mm, at 1.0 0.2 mm, and the peak of an
aneurysm is cut by 2 mm."""
EDGE_VOXELS = 1.5
"""A border nearer to an edge of the image than this is no wall but the edge."""
SMALLEST_PIECE_MM3 = 1000.0
"""Of a mask; smaller ones have no line. Chosen: five voxels of 6 mm."""
HALF = 0.5
"""A voxel reaches half its size beyond its centre."""
FEWEST_PLACES = 3
"""A line needs a beginning, a middle and an end."""


@dataclass(frozen=True, slots=True)
class VesselMask:
    """A mask as the share of each voxel that it covers.

    Attributes:
        share: (I, J, K) float32, 0 … 1, blurred.
        affine: (4, 4) its voxel index → RAS mm.
        blur_mm: Gaussian sigma it was blurred by.
        shape: voxels of the image.
        walls: planes in the image's own voxels where the image ends: axis and index.
        field: what its slices show.
        pixel_mm: mean pixel size of the image.
        to_image: (4, 4) RAS mm → voxel index of the image.
    """

    share: Array
    affine: Affine
    blur_mm: float
    shape: tuple[int, int, int]
    walls: tuple[tuple[int, float], ...]
    field: FieldOfView
    pixel_mm: float
    to_image: Affine

    def at(self, points_mm: Affine) -> Array:
        """(…) covered share at (…, 3) points; 0 beyond the mask's box."""
        ijk = _through(np.asarray(np.linalg.inv(self.affine), np.float64), points_mm)
        axes = np.moveaxis(ijk, -1, 0)
        return np.asarray(ndimage.map_coordinates(self.share, axes, order=1, output=np.float32))

    def at_edge(self, points_mm: Affine) -> Mask:
        """(…) whether points lie on an edge of the image."""
        ijk = _through(self.to_image, points_mm)
        near = [np.abs(ijk[..., axis] - index) < EDGE_VOXELS for axis, index in self.walls]
        near.append(self._inwards_mm(ijk) < EDGE_VOXELS * self.pixel_mm)
        return np.asarray(np.any(near, axis=0))

    def in_image(self, points_mm: Affine) -> Mask:
        """(…) whether points lie in the image."""
        ijk = _through(self.to_image, points_mm)
        in_array = ((ijk > -HALF) & (ijk < np.array(self.shape) - HALF)).all(axis=-1)
        return np.asarray(in_array & (self._inwards_mm(ijk) > 0))

    def _inwards_mm(self, ijk: Affine) -> Array:
        return self.field.depth_mm(ijk[..., 0], ijk[..., 1])


def vessel_mask(
    mask: Mask, box: Box, image: Volume, gaps: Sequence[Slab], field: FieldOfView
) -> VesselMask:
    """A mask on voxels of at most 2 mm, where the image has such.

    Args:
        mask: (I, J, K) boolean, the part of the image in ``box``.
        box: where in the image that is.
        image: whose grid it is on.
        gaps: slices of it that show nothing; a vessel that reaches them is cut there.
        field: what its slices show.
    """
    affine, shape = image.affine, image.shape
    spacing = np.asarray(np.linalg.norm(affine[:3, :3], axis=0))
    factors = np.maximum((FINE_MM / spacing + 1e-6).astype(int), 1)
    padded = np.pad(_block_means(mask, factors), 2)
    first = np.array([side.start for side in box]) + (factors - 1) / 2 - 2 * factors
    to_ras = affine.copy()
    to_ras[:3, :3] = affine[:3, :3] * factors
    to_ras[:3, 3] = affine[:3, :3] @ first + affine[:3, 3]
    blur_mm = BLUR * float(np.prod(spacing * factors) ** (1 / 3))
    share = ndimage.gaussian_filter(padded, blur_mm / (spacing * factors), truncate=3.0)
    walls = [(axis, edge) for axis in range(3) for edge in (-HALF, shape[axis] - HALF)]
    walls += [(gap.axis, edge) for gap in gaps for edge in (gap.start - HALF, gap.stop - HALF)]
    pixel_mm = float(spacing[:2].mean())
    to_image = np.asarray(np.linalg.inv(affine), np.float64)
    return VesselMask(share, to_ras, blur_mm, shape, tuple(walls), field, pixel_mm, to_image)


@dataclass(frozen=True, slots=True)
class Way:
    """The way through the middle of a connected piece of a mask, from end to end.

    Attributes:
        places_mm: (n, 3) RAS, voxel by voxel.
        radii_mm: (n,) distance from the wall.
        volume_mm3: of the piece.
    """

    places_mm: Affine
    radii_mm: Affine
    volume_mm3: float


def ways_through(mask: VesselMask) -> Iterator[Way]:
    """The way through every piece, the largest first."""
    spacing = np.linalg.norm(mask.affine[:3, :3], axis=0)
    strides = np.maximum(np.rint(COARSE_MM / spacing).astype(int), 1)
    inside = mask.share[tuple(slice(None, None, by) for by in strides)] >= COVERED
    affine = mask.affine.copy()
    affine[:3, :3] = affine[:3, :3] * strides
    nodes = _through(affine, np.argwhere(inside))
    if not len(nodes):
        return
    radii = _distance_from_wall(mask, inside, nodes, affine)
    starts, ends, lengths = _neighbours(inside, affine)
    size = (len(nodes), len(nodes))
    plain = csr_array((lengths, (starts, ends)), size)
    costly = csr_array(
        (lengths / np.minimum(radii[starts], radii[ends]) ** 2, (starts, ends)), size
    )
    _, piece = connected_components(plain, directed=False)
    volumes = np.bincount(piece) * abs(float(np.linalg.det(affine[:3, :3])))
    for number in np.argsort(-volumes):
        if volumes[number] < SMALLEST_PIECE_MM3:
            return
        one = _farthest(plain, int(np.flatnonzero(piece == number)[0]))
        path = _path(costly, one, _farthest(plain, one))
        if len(path) >= FEWEST_PLACES:
            yield Way(nodes[path], radii[path], float(volumes[number]))


def _through(affine: Affine, points: Array) -> Affine:
    return np.asarray(points @ affine[:3, :3].T + affine[:3, 3])


def _block_means(mask: Mask, factors: Array) -> Array:
    """(I, J, K) share of each block of voxels that a mask covers."""
    padded = np.pad(mask, [(0, -n % f) for n, f in zip(mask.shape, factors, strict=True)])
    blocks = np.zeros([n // f for n, f in zip(padded.shape, factors, strict=True)], np.uint16)
    for start in product(*(range(f) for f in factors)):
        blocks += padded[tuple(slice(s, None, f) for s, f in zip(start, factors, strict=True))]
    return blocks.astype(np.float32) / np.float32(np.prod(factors))


def _distance_from_wall(mask: VesselMask, inside: Mask, nodes: Affine, affine: Affine) -> Affine:
    """(n,) distance of every voxel inside from the wall; an edge of the image is no wall."""
    shell = _through(affine, np.argwhere(ndimage.binary_dilation(inside) & ~inside))
    shell = shell[mask.in_image(shell)]
    if not len(shell):
        return np.ones(len(nodes))
    distance, _ = cKDTree(shell).query(nodes)
    return np.asarray(distance)


def _neighbours(inside: Mask, affine: Affine) -> tuple[Array, Array, Affine]:
    """Neighbouring voxels of a mask: number of one and the other, and their distance."""
    number = np.full(inside.shape, -1)
    number[inside] = np.arange(int(inside.sum()))
    starts, ends, lengths = [], [], []
    for offset in product((-1, 0, 1), repeat=3):
        if offset <= (0, 0, 0):
            continue
        sides = list(zip(offset, inside.shape, strict=True))
        here = number[tuple(slice(max(-by, 0), n - max(by, 0)) for by, n in sides)]
        there = number[tuple(slice(max(by, 0), n - max(-by, 0)) for by, n in sides)]
        both = (here >= 0) & (there >= 0)
        starts.append(here[both])
        ends.append(there[both])
        length = float(np.linalg.norm(affine[:3, :3] @ np.array(offset)))
        lengths.append(np.full(int(both.sum()), length))
    return np.concatenate(starts), np.concatenate(ends), np.concatenate(lengths)


def _farthest(graph: csr_array, start: int) -> int:
    """The node of the same piece that is farthest from one."""
    reached = np.asarray(dijkstra(graph, directed=False, indices=[start]))[0]
    return int(np.argmax(np.where(np.isfinite(reached), reached, -1.0)))


def _path(graph: csr_array, start: int, stop: int) -> list[int]:
    """The cheapest path, from its end to its beginning."""
    _, before = dijkstra(graph, directed=False, indices=[start], return_predecessors=True)
    path = [stop]
    while path[-1] != start:
        path.append(int(before[0, path[-1]]))
    return path
