"""DICOM objects that say what structures are where in a study: no images, but a person's hand.

A segmentation or a structure set of another tool is kept with its study and becomes a proposal; it
is no new content that a study would have to be worked on again for.
"""

from __future__ import annotations

from heimdallr.domain.identity import OWN_UID_ROOT

SEGMENTATIONS = frozenset({"1.2.840.10008.5.1.4.1.1.66.4", "1.2.840.10008.5.1.4.1.1.66.7"})
"""Segmentation Storage and Label Map Segmentation Storage."""
STRUCTURE_SETS = frozenset({"1.2.840.10008.5.1.4.1.1.481.3"})
"""RT Structure Set Storage."""
DRAWN_CLASSES = SEGMENTATIONS | STRUCTURE_SETS


def is_proposal(sop_class_uid: str, sop_instance_uid: str) -> bool:
    """Whether an object was drawn by another tool.

    An edited copy of ours may keep our name as its manufacturer. But whatever differs has another
    SOPInstanceUID (PS3.3 section C.12.1.1), and no other tool makes one below our root.
    """
    return sop_class_uid in DRAWN_CLASSES and not sop_instance_uid.startswith(OWN_UID_ROOT)
