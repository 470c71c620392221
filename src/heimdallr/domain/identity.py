"""How objects written by Heimdallr are told from studies sent to it.

A result that is sent to a PACS may come back with the study; it must not be processed as an image.
Whatever writes DICOM here uses these two values, and the intake and preparation look for them.
"""

from __future__ import annotations

OWN_MANUFACTURER = "Heimdallr"
"""Manufacturer (0008,0070) of every object this system writes."""

OWN_UID_ROOT = "2.25.18802023698782318668824052527915833977."
"""Prefix of every UID this system generates: an arc below a UUID-derived OID (ITU-T X.667)."""


def is_own_object(manufacturer: str, *uids: str) -> bool:
    """Whether a header's manufacturer or one of its UIDs says that Heimdallr wrote the object."""
    return manufacturer.strip().casefold() == OWN_MANUFACTURER.casefold() or any(
        uid.startswith(OWN_UID_ROOT) for uid in uids
    )
