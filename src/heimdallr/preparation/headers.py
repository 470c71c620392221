"""Scanning headers: which studies and series a heap of files holds.

The result depends on what the files say, never on their names or order.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from heimdallr.domain.identity import is_own_object
from heimdallr.domain.statements import Statement
from heimdallr.domain.study import MODALITIES
from heimdallr.preparation.case_id import short_hash
from heimdallr.preparation.duplicates import sharing_uids, without_duplicates
from heimdallr.preparation.instances import Instance, instance_of
from heimdallr.preparation.patient_facts import dicom_date, patient_of
from heimdallr.preparation.persons import Named, Person, person_of, persons
from heimdallr.preparation.reading import (
    SkippedFileError,
    SkipReason,
    read_image,
    tolerant_pydicom,
)
from heimdallr.preparation.series_identity import series_of
from heimdallr.preparation.stacks import SeriesCandidate, candidates_of, infer_native

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from heimdallr.domain.study import Patient

SCAN_THREADS = 4
"""Threads that read headers: they overlap waiting for the disk, not computing."""


@dataclass(frozen=True, slots=True)
class ScannedStudy:
    """One study as its headers describe it, before anything is chosen.

    Attributes:
        key: StudyInstanceUID, or a surrogate of other header facts where that is empty; followed by
            a digest of the patient where images of several have the same.
        study_instance_uid: as the header gives it, empty when it does not.
        patient: the first that is told; that of a series is :meth:`patient_of`.
        modalities: modalities present, sorted.
        candidates: every stack of every series, in a fixed order.
        instances: all of them, those that tell most first.
        notices: what every reader of its results has to be told.
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
    instances: tuple[Instance, ...]
    notices: tuple[Statement, ...] = ()

    def patient_of(self, measured: SeriesCandidate) -> Patient:
        """Whose images a series holds.

        What the series itself leaves out, other images tell that name the same person.
        """
        paths = {frame.path for frame in measured.frames}
        own = [one for one in self.instances if one.path in paths]
        people = persons(Named.of(one.text) for one in self.instances)
        owner = person_of(Named.of(partial(_first_told, own)), people)
        others = [
            one
            for one in self.instances
            if owner is not None and one.path not in paths and owner.fits(Named.of(one.text))
        ]
        return patient_of(partial(_first_told, [*own, *others]), self.study_date)


@dataclass(frozen=True, slots=True)
class Scan:
    """What a heap of files holds.

    Attributes:
        studies: in the order of date, accession number and key.
        skipped: how many files took no part, by reason.
    """

    studies: tuple[ScannedStudy, ...]
    skipped: Mapping[str, int]


def scan(files: Iterable[Path], *, threads: int = SCAN_THREADS, keep_apart: bool = True) -> Scan:
    """Read the headers of many files and sort them into studies, series and stacks.

    No file can fail the scan: what cannot be read is counted under its reason.

    Args:
        files: in any order.
        threads: how many headers are read at a time.
        keep_apart: make a study of each patient that images of one StudyInstanceUID name;
            otherwise somebody has said before that they are one.
    """
    skipped: Counter[str] = Counter()
    with tolerant_pydicom(), ThreadPoolExecutor(threads) as pool:
        read = [one for one in pool.map(_read, sorted(files)) if _kept(one, skipped)]
        found = sorted((one for one in read if isinstance(one, Instance)), key=_order)
        kept, copies = without_duplicates(found, lambda one: (study_key(one), series_key(one)))
    if copies:
        skipped[SkipReason.DUPLICATE.value] += copies
    heaps: dict[str, list[Instance]] = defaultdict(list)
    for instance in kept:
        heaps[study_key(instance)].append(instance)
    sharing = sharing_uids(kept, study_key)
    studies: list[ScannedStudy] = []
    for key, heap in heaps.items():
        notices = [Statement("shared_uids", {"count": sharing[key]})] if sharing.get(key) else []
        parts = list(_by_person(key, heap))
        if len(parts) > 1 and keep_apart:
            notices.append(Statement("several_patients", {"count": len(parts)}))
        elif len(parts) > 1:
            notices.append(Statement("patients_taken_as_one", {"count": len(parts)}))
            parts = [(key, heap)]
        studies.extend(_study(name, part, notices) for name, part in parts)
    studies.sort(key=lambda one: (one.study_date or "", one.accession_number, one.key))
    return Scan(tuple(studies), dict(sorted(skipped.items())))


def _read(path: Path) -> Instance | SkipReason:
    try:
        header, is_whole = read_image(path)
        return instance_of(path, header, is_whole=is_whole)
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
        (instance.study_uid, instance.series_uid, *sorted(instance.texts.items())),
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


def _by_person(key: str, heap: Sequence[Instance]) -> Iterator[tuple[str, list[Instance]]]:
    """The images of one study, apart by the patient they name.

    Those that name nobody go with their series where that is one patient's, else they are
    nobody's. Our own objects repeat what a study said of its patient once, and decide nothing.
    """
    named = {one.path: Named.of(one.text) for one in heap}
    decide = [named[one.path] for one in heap if not _is_own(one)]
    people = persons(decide)
    if len(people) < 2:  # noqa: PLR2004 - one patient, or nothing but our own objects
        yield key, list(heap)
        return
    owners = {one: person_of(one, people) for one in set(named.values())}
    of_series: dict[str, set[Person]] = defaultdict(set)
    for one in heap:
        if owner := owners[named[one.path]]:
            of_series[series_key(one)].add(owner)
    parts: dict[Named, list[Instance]] = defaultdict(list)
    for one in heap:
        owner = owners[named[one.path]]
        if owner is None and len(of_series[series_key(one)]) == 1:
            (owner,) = of_series[series_key(one)]
        parts[owner.headers[0] if owner else Named()].append(one)
    for header, part in parts.items():
        yield f"{key}-{header.digest}", part


def _is_own(instance: Instance) -> bool:
    return is_own_object(
        instance.text("Manufacturer"), instance.series_uid, instance.sop_instance_uid
    )


def _study(key: str, heap: Sequence[Instance], notices: Sequence[Statement]) -> ScannedStudy:
    instances = sorted(heap, key=_telling_order)
    series: dict[str, list[Instance]] = defaultdict(list)
    for one in heap:
        series[series_key(one)].append(one)
    told = partial(_first_told, instances)
    study_date = dicom_date(told("StudyDate"))
    found = [
        candidate
        for one in series_of(series)
        for candidate in candidates_of(one.key, one.instances, one.notices)
    ]
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
        instances=tuple(instances),
        notices=tuple(notices),
    )


def _telling_order(instance: Instance) -> tuple[object, ...]:
    """CT and MR images first: reports and screens often leave a patient's size and weight out."""
    return (instance.modality not in MODALITIES, *_order(instance))


def _first_told(instances: Sequence[Instance], keyword: str) -> str:
    """The first text that is not empty; what one image leaves out another may say."""
    return next((text for one in instances if (text := one.text(keyword))), "")
