"""Cases made of aortas of known diameters (:mod:`pieces.aorta`)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import piece_case

from heimdallr.imaging.volume import Volume

if TYPE_CHECKING:
    from pieces.drawing import Piece

    from heimdallr.analyses.case import Case

ABDOMEN_MM, CHEST_MM = (150.0, 110.0, 258.0), (130.0, 170.0, 300.0)
"""Fields of view that hold an abdominal and a thoracic aorta."""


def case_of(piece: Piece, *, without: tuple[str, ...] = (), cut: slice = slice(None)) -> Case:
    """The case of a phantom, of which some labels are dropped and only some slices are kept."""
    case = piece_case.case_of(piece, np.random.default_rng(1), phase=None, levels=None)
    made = case.segmentations["total"]
    dropped = [number for number, name in piece.names.items() if name in without]
    labels = np.where(np.isin(made.label_map.data, dropped), 0, made.label_map.data)
    affine = case.image.affine.copy()
    affine[:3, 3] += affine[:3, 2] * (cut.start or 0)
    label_map = replace(made.label_map, data=labels[:, :, cut], affine=affine)
    return replace(
        case,
        image=Volume(case.image.data[:, :, cut], affine),
        segmentations={"total": replace(made, label_map=label_map)},
    )
