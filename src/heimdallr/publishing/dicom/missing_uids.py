"""UIDs for images that came without them.

Anonymisers and converters leave UIDs empty, or write what is none. Nothing can be referred to
without one, so that each gets a UID below our root that follows from what its header says, and a
notice says so: no archive will find the images under it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pydicom.uid import CTImageStorage, MRImageStorage

from heimdallr.domain.statements import Statement
from heimdallr.publishing.dicom.datasets import is_uid
from heimdallr.publishing.dicom.uids import own_uid

if TYPE_CHECKING:
    from collections.abc import Mapping

    from heimdallr.domain.source_images import SourceImages, SourcePlane

STUDY, SERIES, FRAME_OF_REFERENCE = "0020000D", "0020000E", "00200052"
_MODALITY = "00080060"
_TELLING = {
    STUDY: ("00100020", "00100010", "00100030", "00080020", "00080030", "00080050"),
    SERIES: (STUDY, "00200011", "0008103E"),
    FRAME_OF_REFERENCE: (STUDY, SERIES),
}
"""UID → what tells one study, series, frame of reference from another: a patient's number, name
and birth date, the study's date, time and accession number; a series' number and description."""


def completed(source: SourceImages) -> tuple[SourceImages, tuple[Statement, ...]]:
    """The source with a UID wherever there was none, and what has to be told of that."""
    header = dict(source.header)
    for tag, telling in _TELLING.items():
        if not is_uid(uid_in(header, tag)):
            facts = (str(header.get(one, {}).get("Value", "")) for one in telling)
            header[tag] = {"vr": "UI", "Value": [own_uid("missing", tag, *facts)]}
    planes = tuple(_named(plane, header) for plane in source.planes)
    whole = replace(source, header=header, planes=planes)
    nameless = sum(not one.sop_instance_uid for one in source.planes)
    lost = nameless or not all(is_uid(uid_in(source.header, tag)) for tag in (STUDY, SERIES))
    notices = (Statement("source_uids_missing", {"images": nameless}),) if lost else ()
    return whole, notices


def study_instance_uid(source: SourceImages) -> str:
    """StudyInstanceUID (0020,000D); empty when the header leaves it empty."""
    return uid_in(source.header, STUDY)


def uid_in(header: Mapping[str, dict[str, Any]], tag: str) -> str:
    """A UID of a header in the DICOM JSON model; empty when it is not there."""
    values = header.get(tag, {}).get("Value") or [""]
    return str(values[0] or "")


def _named(plane: SourcePlane, header: Mapping[str, dict[str, Any]]) -> SourcePlane:
    """A plane whose instance has class and UID."""
    sop_class = plane.sop_class_uid
    if not sop_class:
        is_mr = uid_in(header, _MODALITY) == "MR"
        sop_class = str(MRImageStorage if is_mr else CTImageStorage)
    uid = plane.sop_instance_uid
    if not uid:
        # The frames of one instance share it; single images are told by their place.
        place = "" if plane.frame is not None else str(plane.position_lps_mm)
        uid = own_uid("missing", "instance", uid_in(header, SERIES), place)
    return replace(plane, sop_class_uid=sop_class, sop_instance_uid=uid)
