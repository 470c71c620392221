"""Days as DICOM writes them."""

from __future__ import annotations

import re
from datetime import date


def calendar_date(text: str | None) -> date | None:
    """The day of a DA value (PS3.5 section 6.2), ``YYYYMMDD``; ``None`` when it is none.

    Eight digits, no fewer: ``2026111`` may be the first of November or the eleventh of January.
    """
    if text is None or not re.fullmatch(r"[0-9]{8}", text):
        return None
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return None
