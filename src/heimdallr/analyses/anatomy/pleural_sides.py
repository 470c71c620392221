"""On which side of the chest something lies: against the spine, at its own height."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cc3d
import numpy as np

if TYPE_CHECKING:
    from heimdallr.analyses.case import Case
    from heimdallr.imaging.morphology import Box, Mask
    from heimdallr.imaging.volume import Affine

ONE_SIDED = 0.90
"""Chosen, not measured: fluid behind the aorta reaches over the midline. At 0.95 such a piece would
be cut in two, at 0.80 the smaller of two effusions that touch would be lost in the larger."""


def right_sided(case: Case, box: Box, fluid: Mask) -> Mask | None:
    """Which voxels are on the right: piece by piece, voxel by voxel in pieces on both sides.

    Args:
        case: image and whole-body map.
        box: of the mask, in the volume.
        fluid: its voxels.

    Returns:
        (I, J, K) mask; ``None``: neither vertebrae nor both lungs tell where the middle is.
    """
    corner = np.array([side.start for side in box])
    pieces, count = cc3d.connected_components(fluid, connectivity=26, return_N=True)
    every_other = pieces[::2, ::2, ::2]
    sampled = np.argwhere(every_other)
    right = _right_of_the_middle(case, case.image.voxel_to_world(2 * sampled + corner))
    if right is None:
        return None
    owner = every_other[tuple(sampled.T)]
    seen = np.bincount(owner, minlength=count + 1)
    share = np.bincount(owner, weights=right, minlength=count + 1) / np.maximum(seen, 1)
    one_sided = (np.maximum(share, 1 - share) >= ONE_SIDED) & (seen > 0)
    side = np.asarray((share > 1 / 2)[pieces] & fluid)
    both = np.argwhere(fluid & ~one_sided[pieces])
    if len(both):
        side[tuple(both.T)] = _right_of_the_middle(case, case.image.voxel_to_world(both + corner))
    return side


def _right_of_the_middle(case: Case, points_mm: Affine) -> Mask | None:
    """Whether (N, 3) points lie on the right of the line through the vertebrae."""
    left, right, column = (
        [
            case.image.voxel_to_world(case.statistics[name].centroid_ijk)
            for name, one in case.judgements.items()
            if one.is_believed and name.startswith(kind) and name.endswith(end)
        ]
        for kind, end in (("lung_", "_left"), ("lung_", "_right"), ("vertebrae_", ""))
    )
    rightward = np.array([1.0, 0.0])
    if left and right:
        across = np.mean(right, axis=0) - np.mean(left, axis=0)
        rightward = across[:2] / np.linalg.norm(across[:2])
    elif not column:
        return None
    line = np.array(sorted(column, key=lambda centre: float(centre[2])))
    if not column:
        line = (np.mean(left, axis=0) + np.mean(right, axis=0))[None] / 2
    middle_mm = [np.interp(points_mm[:, 2], line[:, 2], line[:, axis]) for axis in (0, 1)]
    return np.asarray((points_mm[:, :2] - np.column_stack(middle_mm)) @ rightward > 0)
