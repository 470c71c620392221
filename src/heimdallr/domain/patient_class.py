"""Where a patient is cared for: HL7's patient class (PV1-2, table 0004), in words.

No attribute of a CT or MR image has it. Archives that keep it (dcm4chee) write PV1-2 of the order
into Route of Admissions (0038,0016), which is free text otherwise: ``ER``, ``normal``.
"""

from __future__ import annotations

from typing import Literal

KnownClass = Literal[
    "emergency", "inpatient", "outpatient", "preadmit", "recurring", "obstetrics", "commercial"
]
PatientClass = Literal[
    "emergency", "inpatient", "outpatient", "preadmit", "recurring", "obstetrics", "commercial",
    "unknown",
]  # fmt: skip

UNKNOWN: PatientClass = "unknown"
"""Nobody has said one. It is no class: only who asks for it gets it."""

CLASSES: dict[str, KnownClass] = {
    "E": "emergency",
    "I": "inpatient",
    "O": "outpatient",
    "P": "preadmit",
    "R": "recurring",
    "B": "obstetrics",
    "C": "commercial",
}
"""Codes of table 0004 that say a class."""

SAYING_NOTHING = frozenset({"", "N", "U"})
"""Empty, not applicable, unknown: what was known before holds."""
