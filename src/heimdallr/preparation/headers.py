"""Scanning headers: which studies and series a heap of files holds.

The result depends on what the files say, never on their names or order.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Literal

from heimdallr.domain.study import MODALITIES, Patient
from heimdallr.preparation.case_id import alphabetic_name, short_hash
from heimdallr.preparation.instances import Instance, instance_of
from heimdallr.preparation.reading import (
    SkippedFileError,
    SkipReason,
    read_header,
    tolerant_pydicom,
)
from heimdallr.preparation.stacks import SeriesCandidate, candidates_of, infer_native

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

SCAN_THREADS = 4
"""Threads that read headers: they overlap waiting for the disk, not computing."""

PLAUSIBLE_HEIGHT_M = (0.3, 2.5)
PLAUSIBLE_WEIGHT_KG = (0.3, 500.0)
PLAUSIBLE_AGE_YEARS = (0.0, 130.0)
"""Chosen so that every person fits and another unit does not: 170 (cm), 70,000 (g)."""


@dataclass(frozen=True, slots=True)
class ScannedStudy:
    """One study as its headers describe it, before anything is chosen.

    Attributes:
        key: StudyInstanceUID, or a surrogate of other header facts where that is empty.
        study_instance_uid: as the header gives it, empty when it does not.
        modalities: modalities present, sorted.
        candidates: every stack of every series, in a fixed order.
    """

    key: str
    study_instance_uid: str
    patient: Patient
    study_date: str | None
    study_time: str | None
    accession_number: str
    description: str
    institution: str
    modalities: tuple[str, ...]
    candidates: tuple[SeriesCandidate, ...]


@dataclass(frozen=True, slots=True)
class Scan:
    """What a heap of files holds.

    Attributes:
        studies: in the order of date, accession number and key.
        skipped: how many files took no part, by reason.
    """

    studies: tuple[ScannedStudy, ...]
    skipped: Mapping[str, int]


def scan(files: Iterable[Path], *, threads: int = SCAN_THREADS) -> Scan:
    """Read the headers of many files and sort them into studies, series and stacks.

    No file can fail the scan: what cannot be read is counted under its reason.
    """
    skipped: Counter[str] = Counter()
    seen: set[tuple[str, str]] = set()
    studies: dict[str, dict[str, list[Instance]]] = defaultdict(lambda: defaultdict(list))
    with tolerant_pydicom(), ThreadPoolExecutor(threads) as pool:
        read = [one for one in pool.map(_read, sorted(files)) if _kept(one, skipped)]
    for instance in sorted((one for one in read if isinstance(one, Instance)), key=_order):
        identity = (instance.sop_instance_uid, instance.sop_class_uid)
        if instance.sop_instance_uid and identity in seen:
            skipped[SkipReason.DUPLICATE.value] += 1
            continue
        seen.add(identity)
        studies[study_key(instance)][series_key(instance)].append(instance)
    found = [_study(key, series) for key, series in studies.items()]
    found.sort(key=lambda one: (one.study_date or "", one.accession_number, one.key))
    return Scan(tuple(found), dict(sorted(skipped.items())))


def _read(path: Path) -> Instance | SkipReason:
    try:
        return instance_of(path, read_header(path))
    except SkippedFileError as skip:
        return skip.reason
    except Exception:  # noqa: BLE001 - the edge: one file must not fail a study; counted
        return SkipReason.DAMAGED


def _kept(read: Instance | SkipReason, skipped: Counter[str]) -> bool:
    if isinstance(read, SkipReason):
        skipped[read.value] += 1
        return False
    return True


def _order(instance: Instance) -> tuple[object, ...]:
    """A total order by content; the path only parts instances that say the same."""
    number = instance.instance_number
    first = instance.frames[0]
    return (
        instance.sop_instance_uid,
        number is None,
        number or 0,
        first.position or (),
        instance.transfer_syntax_uid,
        str(instance.path),
    )


def study_key(instance: Instance) -> str:
    """StudyInstanceUID; where it is empty, what the images of one visit share."""
    if instance.study_uid:
        return instance.study_uid
    shared = ("PatientID", "PatientName", "PatientBirthDate", "StudyDate", "StudyTime",
              "AccessionNumber")  # fmt: skip
    return "study-" + short_hash("|".join(instance.text(keyword) for keyword in shared))


def series_key(instance: Instance) -> str:
    """SeriesInstanceUID; where it is empty, what the images of one reconstruction share."""
    if instance.series_uid:
        return instance.series_uid
    shared = ("SeriesDescription", "ProtocolName", "ConvolutionKernel", "FrameOfReferenceUID")
    facts = [instance.modality, str(instance.series_number), str(instance.image_type)]
    return "series-" + short_hash("|".join([*facts, *map(instance.text, shared)]))


def _study(key: str, series: Mapping[str, Sequence[Instance]]) -> ScannedStudy:
    instances = sorted((one for group in series.values() for one in group), key=_telling_order)
    told = partial(_first_told, instances)
    study_date = dicom_date(told("StudyDate"))
    found = [one for name in sorted(series) for one in candidates_of(name, series[name])]
    return ScannedStudy(
        key=key,
        study_instance_uid=instances[0].study_uid,
        patient=patient_of(told, study_date),
        study_date=study_date,
        study_time=told("StudyTime") or None,
        accession_number=told("AccessionNumber"),
        description=told("StudyDescription"),
        institution=told("InstitutionName"),
        modalities=tuple(sorted({one.modality for one in instances})),
        candidates=infer_native(found),
    )


def _telling_order(instance: Instance) -> tuple[object, ...]:
    """CT and MR images first: reports and screens often leave a patient's size and weight out."""
    return (instance.modality not in MODALITIES, *_order(instance))


def _first_told(instances: Sequence[Instance], keyword: str) -> str:
    """The first text that is not empty; what one image leaves out another may say."""
    return next((text for one in instances if (text := one.text(keyword))), "")


def patient_of(told: Callable[[str], str], study_date: str | None) -> Patient:
    """The person that header texts tell of; what cannot be true is left out."""
    birth_date = dicom_date(told("PatientBirthDate"))
    sexes: dict[str, Literal["M", "F", "O"]] = {"M": "M", "F": "F", "O": "O"}
    age = _age_of_text(told("PatientAge"))
    if age is None:
        age = _age_between(birth_date, study_date)
    return Patient(
        name=alphabetic_name(told("PatientName")),
        patient_id=told("PatientID"),
        birth_date=birth_date,
        sex=sexes.get(told("PatientSex").upper()),
        age_years=_plausible(age, PLAUSIBLE_AGE_YEARS),
        height_m=_plausible(_number(told("PatientSize")), PLAUSIBLE_HEIGHT_M),
        weight_kg=_plausible(_number(told("PatientWeight")), PLAUSIBLE_WEIGHT_KG),
    )


def dicom_date(text: str) -> str | None:
    """``YYYYMMDD`` of a DA value, the old ``YYYY.MM.DD`` included; ``None`` when it is no day."""
    digits = re.sub(r"[.\-]", "", text)
    return digits if _day(digits) else None


def _day(text: str | None) -> date | None:
    if text is None or not re.fullmatch(r"[0-9]{8}", text):
        return None
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return None


def _age_of_text(text: str) -> float | None:
    """Years of an AS value (PS3.5 6.2): ``045Y``, ``018M``, ``003W``, ``010D``."""
    match = re.fullmatch(r"([0-9]{1,3})([YMWD])", text.upper())
    years = {"Y": 1.0, "M": 1 / 12, "W": 7 / 365.25, "D": 1 / 365.25}
    return int(match[1]) * years[match[2]] if match else None


def _age_between(birth_date: str | None, study_date: str | None) -> float | None:
    born, seen = _day(birth_date), _day(study_date)
    return round((seen - born).days / 365.25, 2) if born and seen else None


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _plausible(value: float | None, bounds: tuple[float, float]) -> float | None:
    """The value, if it can be true; zero stands for "not entered" in these tags."""
    return value if value is not None and bounds[0] < value <= bounds[1] else None
