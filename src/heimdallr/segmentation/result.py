"""What a segmentation task hands to the analyses."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - provenance is validated at run time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from heimdallr.segmentation.network_collections import Collection  # noqa: TC001 - likewise

if TYPE_CHECKING:
    from heimdallr.imaging.volume import LabelMap

WeightsOrigin = Literal["official", "bundled", "other", "none"]
"""Whose weights: TotalSegmentator's release, this project's own, others' (a site's, or those of a
collection, :mod:`heimdallr.segmentation.network_collections`), or made without any."""


@dataclass(frozen=True, slots=True)
class SegmentationProvenance:
    """Which software and weights made a label map.

    Attributes:
        task: TotalSegmentator task name, ``total`` say.
        engine: engine and version, ``heimdallr-openvino 0.1.0`` say.
        device: ``cpu``, ``cuda:0`` …
        weights: dataset folder names, in the order they were run.
        weights_origin: ``bundled`` marks every result as not for clinical use.
        weights_sha256: one checksum per folder, of its checkpoint file.
        spacing_mm: voxel size the networks worked at.
        seconds: wall time.
        confidence: structure → how sure the network is of it, 0 to 1: see
            :meth:`~heimdallr.segmentation.anatomy.sharpening.Prior.confidence`.
            Empty where it is not known, as for official weights.
        left_out: structures of the task that these weights do not segment.
        located_only: structures they find, for what is read off their place, but not well enough
            to measure.
        collections: other people's networks that had a part in it; each is to be credited.
        cropped_to_body: the networks saw the box around the patient, not the whole image.
    """

    task: str
    engine: str
    device: str
    weights: tuple[str, ...]
    weights_origin: WeightsOrigin
    weights_sha256: tuple[str, ...]
    spacing_mm: float
    seconds: float
    confidence: Mapping[str, float] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()
    located_only: tuple[str, ...] = ()
    collections: tuple[Collection, ...] = ()
    cropped_to_body: bool = False


@dataclass(frozen=True, slots=True)
class Segmentation:
    """A task's label map on the image's own (RAS+) grid, and where it came from."""

    label_map: LabelMap
    provenance: SegmentationProvenance
