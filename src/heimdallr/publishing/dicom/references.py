"""References from an object to the images it was made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydicom.dataset import Dataset

from heimdallr.publishing.dicom.datasets import put
from heimdallr.publishing.dicom.missing_uids import SERIES, uid_in

if TYPE_CHECKING:
    from heimdallr.domain.source_images import SourceImages


def referenced_series(source: SourceImages) -> list[Dataset]:
    """Referenced Series Sequence (Common Instance Reference module, PS3.3 C.12.2)."""
    by_series: dict[str, dict[str, str]] = {}
    for plane in source.planes:
        series = plane.series_instance_uid or uid_in(source.header, SERIES)
        by_series.setdefault(series, {})[plane.sop_instance_uid] = plane.sop_class_uid
    items = []
    for series, instances in by_series.items():
        item = Dataset()
        put(item, "SeriesInstanceUID", "UI", series)
        item.ReferencedInstanceSequence = [instance_item(*pair) for pair in instances.items()]
        items.append(item)
    return items


def instance_item(sop_instance_uid: str, sop_class_uid: str) -> Dataset:
    """SOP Instance Reference macro (PS3.3 section 10.8)."""
    item = Dataset()
    put(item, "ReferencedSOPClassUID", "UI", sop_class_uid)
    put(item, "ReferencedSOPInstanceUID", "UI", sop_instance_uid)
    return item
