"""What was measured in other studies of the same patient.

Two studies are one patient's when PatientID and issuer say so (``studies.patient_fk``), and nothing
speaks against it: a study whose images name different patients, another sex, or a name and birth
date that are somebody else's (:mod:`heimdallr.preparation.persons`). Hospitals give IDs like ``0``
to whoever has none; a stranger's trend is worse than none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from sqlalchemy import select

from heimdallr.analyses.lung_nodules import RANKED
from heimdallr.analyses.rules.findings import BUNDLED_CAVEAT
from heimdallr.analyses.ventricles import SHIFT_SIDE
from heimdallr.preparation.persons import Named, same_person
from heimdallr.store.models import MeasurementRow, Study, StudyState
from heimdallr.store.reading.search import search_words

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from sqlalchemy.orm import Session

    from heimdallr.store.columns import Json

Doubt = Literal["no_patient_id", "mixed_patients"]
NotCompared = Literal["other_modality", "bundled_weights", "other_weights"]

LOOKED_AT = 200
"""Studies of one patient that are looked at, the newest; far more than anybody has."""
_MEASURED = "measured"
_PHASE = "contrast_phase"


@dataclass(frozen=True, slots=True)
class Examined:
    """A study of the patient, and its numbers.

    Attributes:
        current: the study that was asked about.
        same_name: it names the patient in the same words.
        not_compared: why a difference to the study that was asked about need not be the patient's:
            another modality; measured with bundled weights, and that study was not; or the
            reverse. ``None`` where it is.
        contrast_phase: as measured; ``None`` where it was not.
        shift_side: to which the midline is shifted, likewise.
        values: name → number; only what was measured.
    """

    study_id: int
    current: bool
    study_date: str | None
    study_time: str | None
    description: str
    modality: str
    same_name: bool
    not_compared: NotCompared | None
    contrast_phase: str | None
    shift_side: str | None
    notices: tuple[str, ...]
    notices_coded: Json
    values: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class History:
    """The numbers of a patient's studies.

    Attributes:
        doubt: why the patient is not certain, and nothing but the study itself is told.
        studies: by study date, those without one first.
        units: name → unit.
        left_out: studies of the same PatientID that are probably somebody else's.
        further: studies beyond the limit.
    """

    doubt: Doubt | None
    studies: tuple[Examined, ...]
    units: Mapping[str, str]
    left_out: int
    further: int


def history(session: Session, study: Study, *, names: Collection[str] = (), limit: int) -> History:
    """What was measured in a study, and in the other studies of its patient.

    Args:
        session: the transaction.
        study: its row.
        names: measurements wanted; all when empty.
        limit: how many other studies at most; the newest ones.
    """
    doubt = _doubt(study)
    known = [] if doubt else _others(session, study)
    others = [other for other in known if _may_be_one_person(study, other)]
    told = sorted([study, *others[:limit]], key=_when)
    numbers, units = _numbers(session, told, names)
    words = _words(session, told)
    return History(
        doubt=doubt,
        studies=tuple(
            Examined(
                study_id=one.id,
                current=one.id == study.id,
                study_date=one.study_date,
                study_time=one.study_time,
                description=one.description,
                modality=one.modality,
                same_name=_name_words(one) == _name_words(study),
                not_compared=_not_compared(study, one),
                contrast_phase=words.get((one.id, _PHASE)),
                shift_side=words.get((one.id, SHIFT_SIDE.name)),
                notices=tuple(one.notices),
                notices_coded=one.notices_coded,
                values=numbers.get(one.id, {}),
            )
            for one in told
        ),
        units=units,
        left_out=len(known) - len(others),
        further=max(len(others) - limit, 0),
    )


def _doubt(study: Study) -> Doubt | None:
    if not study.patient_id or study.patient_fk is None:
        return "no_patient_id"
    return "mixed_patients" if study.patients > 1 else None


def _others(session: Session, study: Study) -> Sequence[Study]:
    """Other studies of the same PatientID and issuer that have results, the newest first."""
    return session.scalars(
        select(Study)
        .where(
            Study.patient_fk == study.patient_fk,
            Study.id != study.id,
            Study.has_results.is_(True),
            Study.state != StudyState.DELETING,
        )
        .order_by(Study.sort_date.desc(), Study.id.desc())
        .limit(LOOKED_AT)
    ).all()


def _may_be_one_person(study: Study, other: Study) -> bool:
    if other.patients > 1:
        return False
    if study.sex in ("M", "F") and other.sex in ("M", "F") and study.sex != other.sex:
        return False
    one, two = (
        Named(row.patient_id, row.patient_name, row.birth_date or "") for row in (study, other)
    )
    return same_person(one, two)


def _not_compared(study: Study, other: Study) -> NotCompared | None:
    if other.modality != study.modality:
        return "other_modality"
    one, two = (BUNDLED_CAVEAT.text in row.notices for row in (study, other))
    if one == two:
        return None
    return "bundled_weights" if two else "other_weights"


def _name_words(study: Study) -> frozenset[str]:
    return frozenset(search_words(study.patient_name))


def _when(study: Study) -> tuple[int, str, int]:
    return study.sort_date, study.study_time or "", study.id


def _numbers(
    session: Session, studies: Iterable[Study], names: Collection[str]
) -> tuple[dict[int, dict[str, float]], dict[str, str]]:
    """Study → name → number, and name → unit; of one name all have one unit.

    A rank within a study, the third largest nodule, is nobody else's in another one.
    """
    query = (
        select(MeasurementRow)
        .where(
            MeasurementRow.study_fk.in_([one.id for one in studies]),
            MeasurementRow.status == _MEASURED,
            MeasurementRow.value.is_not(None),
        )
        .order_by(MeasurementRow.id.desc())
    )
    if names:
        query = query.where(MeasurementRow.name.in_(names))
    numbers: dict[int, dict[str, float]] = {}
    units: dict[str, str] = {}
    for row in session.scalars(query):
        if RANKED.fullmatch(row.name):
            continue
        if row.value is not None and units.setdefault(row.name, row.unit) == row.unit:
            numbers.setdefault(row.study_fk, {})[row.name] = row.value
    return numbers, dict(sorted(units.items()))


def _words(session: Session, studies: Iterable[Study]) -> dict[tuple[int, str], str]:
    """Study and name → the category that says how numbers of it are to be compared."""
    query = select(MeasurementRow.study_fk, MeasurementRow.name, MeasurementRow.text).where(
        MeasurementRow.study_fk.in_([one.id for one in studies]),
        MeasurementRow.name.in_([_PHASE, SHIFT_SIDE.name]),
        MeasurementRow.text.is_not(None),
    )
    return {(number, name): text for number, name, text in session.execute(query).all() if text}
