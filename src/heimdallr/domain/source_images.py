"""The DICOM images a volume was made of: what an object that refers to them has to know.

A case keeps them as ``source.json``, which names the patient, so that segmentations and reports can
be made of its folder at any time, whether or not the images themselves are still kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Point = tuple[float, float, float]
Cosines = tuple[float, float, float, float, float, float]

SOURCE_FILE = "source.json"


@dataclass(frozen=True, slots=True)
class SourcePlane:
    """One image plane: a single-frame instance, or one frame of a multi-frame one.

    Attributes:
        sop_class_uid: of its instance.
        sop_instance_uid: of its instance; empty where the header leaves it empty.
        frame: its number in the instance, from 1; ``None`` for a single-frame instance.
        position_lps_mm: ImagePositionPatient.
        orientation: ImageOrientationPatient.
        series_instance_uid: of its series; empty where it is that of the header.
    """

    sop_class_uid: str
    sop_instance_uid: str
    frame: int | None
    position_lps_mm: Point
    orientation: Cosines
    series_instance_uid: str = ""


@dataclass(frozen=True, slots=True)
class SourceImages:
    """The planes of the measured stack, and what their headers say of patient, study and series.

    Attributes:
        header: patient, study, order, series and frame of reference attributes of the first image,
            in the DICOM JSON model (PS3.18 annex F): tag → ``{"vr": …, "Value": […]}``, names in
            all their groups.
        rows: of each plane.
        columns: of each plane.
        pixel_spacing_mm: between rows, between columns.
        slice_thickness_mm: SliceThickness, ``None`` where it is not told.
        planes: in order along the normal.
    """

    header: dict[str, dict[str, Any]]
    rows: int
    columns: int
    pixel_spacing_mm: tuple[float, float]
    slice_thickness_mm: float | None
    planes: tuple[SourcePlane, ...]
