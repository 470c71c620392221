"""UIDs that follow from what an object is made of.

An object made again of the same results is the same object and has the same UIDs; one of changed
results is another object. Archives count on both: they take a known SOPInstanceUID for a repetition
and keep what they have.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydicom.uid import generate_uid

from heimdallr.domain.identity import OWN_UID_ROOT

if TYPE_CHECKING:
    from heimdallr.publishing.dicom.kinds import DicomObject

FORM = "2"
"""Raised when the same results are written differently: what differs must not share a UID."""


@dataclass(frozen=True, slots=True)
class ObjectUids:
    """The UIDs of the objects of one revision of a case.

    Attributes:
        study_instance_uid: of the study.
        digest: of everything the objects are made of, see :func:`revision_digest`.
    """

    study_instance_uid: str
    digest: str

    def instance(self, kind: DicomObject, *place: str) -> str:
        """SOPInstanceUID of an object.

        Args:
            kind: of object.
            place: all that tells it from others of its kind and may change its content: the group
                of structures, the language, how pixels are encoded …
        """
        return self.of("instance", kind.value, *place)

    def series(self, kind: DicomObject, *place: str) -> str:
        """SeriesInstanceUID of the objects of a kind (and place) of this revision."""
        return self.of("series", kind.value, *place)

    def of(self, *parts: str) -> str:
        """UID of whatever else these parts name within the revision."""
        return own_uid(self.study_instance_uid, self.digest, FORM, *parts)


def own_uid(*parts: str) -> str:
    """The UID of what these parts name: below our root, always the same one."""
    return str(generate_uid(prefix=OWN_UID_ROOT, entropy_srcs=["\0".join(parts)]))


def revision_digest(*contents: bytes) -> str:
    """A digest of the files that a revision of a case consists of."""
    digest = hashlib.sha256()
    for content in contents:
        digest.update(len(content).to_bytes(8, "big"))
        digest.update(content)
    return digest.hexdigest()
