"""An object that was written, as whoever sends it needs to know it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from heimdallr.publishing.dicom.kinds import DicomObject


@dataclass(frozen=True, slots=True)
class WrittenObject:
    """One file.

    Attributes:
        kind: of object.
        path: the file; its name says nothing of the patient.
        sop_class_uid: of the object.
        sop_instance_uid: of the object.
        series_instance_uid: of its series.
    """

    kind: DicomObject
    path: Path
    sop_class_uid: str
    sop_instance_uid: str
    series_instance_uid: str
