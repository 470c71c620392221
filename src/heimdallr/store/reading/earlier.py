"""What each measurement of a study was the last time it was made of the same patient."""

from __future__ import annotations

from typing import TYPE_CHECKING

from heimdallr.analyses.ventricles import SHIFT
from heimdallr.publishing.dicom.kinds import EarlierValue
from heimdallr.store.reading.history import history

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from heimdallr.store.models import Study

_LOOKED_AT = 20
"""Earlier studies that are looked at, the newest; few patients have more within a lifetime."""


def earlier_values(session: Session, study: Study) -> tuple[EarlierValue, ...]:
    """Of each measurement the value of the newest earlier study that can be compared.

    That is one of the same modality, where both or neither were measured with bundled weights. Of
    attenuation the newest at the same contrast phase where there is one. Nothing where the patient
    is not certain, or where a study date is missing.
    """
    told = history(session, study, limit=_LOOKED_AT)
    phase = next((one.contrast_phase for one in told.studies if one.current), None)
    found: dict[str, EarlierValue] = {}
    for one in told.studies:  # by date: the newest is the last to be written
        date = one.study_date
        is_earlier = date and study.study_date and date < study.study_date
        if not is_earlier or not date or one.not_compared is not None:
            continue
        for name, value in one.values.items():
            in_hu = told.units[name] == "HU"
            is_other = in_hu and phase is not None and one.contrast_phase != phase
            if is_other and name in found and found[name].contrast_phase == phase:
                continue
            at = one.contrast_phase if in_hu else None
            side = one.shift_side if name == SHIFT.name else None
            found[name] = EarlierValue(name, value, told.units[name], date, at, side)
    return tuple(found[name] for name in sorted(found))
