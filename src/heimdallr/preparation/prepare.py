"""An input in, prepared studies out: open, scan, select, convert.

A study that cannot be prepared does not fail the others: it comes out as a
:class:`RefusedStudy` with its reason. Only an input in which there is no study at all raises.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from heimdallr.domain.errors import (
    ConversionError,
    HeimdallrError,
    NoDicomError,
    UnsupportedStudyError,
)
from heimdallr.domain.statements import Statement
from heimdallr.domain.study import (
    MODALITIES,
    Modality,
    Patient,
    Selection,
    Series,
    SeriesVerdict,
    Study,
    Unseen,
)
from heimdallr.preparation.alternation import alternates, halves, may_alternate
from heimdallr.preparation.archive import ArchiveLimits, InputKind, OpenedInput, open_input
from heimdallr.preparation.blanking import blank
from heimdallr.preparation.case_id import case_id
from heimdallr.preparation.conversion import Conversion, convert, for_want_of_room
from heimdallr.preparation.headers import Scan, ScannedStudy, scan
from heimdallr.preparation.nifti import study_of_nifti
from heimdallr.preparation.reading import SkipReason
from heimdallr.preparation.selection import Preferences, rank, select, verdicts
from heimdallr.preparation.series_identity import FEW_IMAGES
from heimdallr.preparation.source_images import source_images
from heimdallr.preparation.usability import no_anatomy

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from heimdallr.domain.source_images import SourceImages
    from heimdallr.preparation.stacks import SeriesCandidate

_REASONS_SHOWN = 4
_LOST_IMAGES = (
    SkipReason.EMPTY, SkipReason.UNREADABLE, SkipReason.DAMAGED, SkipReason.TOO_LARGE,
    SkipReason.NO_IMAGE_FACTS,
)  # fmt: skip
"""Why a file was passed over that may have been an image of the patient."""

Taken = Callable[[str, str], bool]
"""Asked with a case ID and a StudyInstanceUID: does a study of another UID own that ID?"""


@dataclass(frozen=True, slots=True)
class PreparedStudy:
    """A study that has become a volume.

    Attributes:
        series: the chosen series.
        selection: every series with its verdict.
        volume_path: the NIfTI file in the work folder, on the scanner's own grid.
        conversion: how it was converted; ``None`` for a NIfTI input.
        skipped: files of the input that took no part, by reason.
        notices: what every reader of its results has to be told.
        unseen: parts of the patient that the series shows or should show, and the volume does not.
        source_files: the DICOM files the volume was made of; those of a ZIP exist only until
            the next study is asked for.
        source: what objects that refer to those images have to know; ``None`` for a NIfTI input.
    """

    study: Study
    series: Series
    selection: Selection
    volume_path: Path
    conversion: Conversion | None = None
    skipped: Mapping[str, int] = field(default_factory=dict)
    notices: tuple[Statement, ...] = ()
    unseen: tuple[Unseen, ...] = ()
    source_files: tuple[Path, ...] = ()
    source: SourceImages | None = None


@dataclass(frozen=True, slots=True)
class RefusedStudy:
    """A study that cannot be measured, with everything known about it and the reason."""

    case_id: str
    study_instance_uid: str
    patient: Patient
    study_date: str | None
    accession_number: str
    modalities: tuple[str, ...]
    selection: Selection
    error: HeimdallrError
    skipped: Mapping[str, int] = field(default_factory=dict)
    notices: tuple[Statement, ...] = ()


def prepare(
    input_path: Path,
    work_dir: Path,
    preferences: Preferences | None = None,
    *,
    taken: Taken = lambda _name, _uid: False,
    modality: Modality | None = None,
    limits: ArchiveLimits | None = None,
) -> Iterator[PreparedStudy | RefusedStudy]:
    """Prepare every study of an input, one at a time.

    Args:
        input_path: folder, ZIP, DICOM file or NIfTI file; never changed.
        work_dir: volumes appear in numbered folders below it, temporary files too.
        preferences: for series selection.
        taken: whether a study of another UID owns a case ID already.
        modality: of a NIfTI file, which does not say it itself.
        limits: how much a ZIP may hold.

    Yields:
        each study in the order of date, accession number and UID.

    Raises:
        UnsafeArchiveError: the ZIP is refused.
        NoDicomError: the input holds no readable DICOM instance.
        ConversionError: a NIfTI input is no 3-D image.
        MachineFaultError: see :func:`prepare_study`, also for what else the machine may do.
        UnsupportedStudyError: a NIfTI input's modality is neither stated nor to be told.
    """
    work_dir.mkdir(parents=True, exist_ok=True)
    with open_input(input_path, work_dir, limits) as opened:
        if opened.kind is InputKind.NIFTI:
            yield _prepare_nifti(opened.files[0], work_dir, modality, taken)
        else:
            yield from _prepare_dicom(opened, work_dir, preferences or Preferences(), taken)


def explain(
    input_path: Path, work_dir: Path, preferences: Preferences | None = None
) -> Iterator[tuple[str, Selection]]:
    """Case ID and verdict on every series of every study, without converting anything.

    A series that only turns out to be unusable when it is converted is still ranked here.

    Args:
        input_path: folder, ZIP or DICOM file; of a NIfTI file there is nothing to choose.
        work_dir: for the members of a ZIP.
        preferences: for series selection.

    Raises:
        UnsafeArchiveError: the ZIP is refused.
        NoDicomError: the input holds no readable DICOM instance.
        UnsupportedStudyError: the input is a NIfTI file.
    """
    work_dir.mkdir(parents=True, exist_ok=True)
    with open_input(input_path, work_dir) as opened:
        if opened.kind is InputKind.NIFTI:
            msg = "a NIfTI file is one volume; there is no series to choose"
            raise UnsupportedStudyError(msg)
        for name, scanned in _named(_scan(opened), lambda _name, _uid: False):
            yield name, select(scanned.candidates, preferences)


def _prepare_nifti(
    path: Path, work_dir: Path, modality: Modality | None, taken: Taken
) -> PreparedStudy:
    suffix = ".nii.gz" if path.name.lower().endswith(".gz") else ".nii"
    target = work_dir / "study-001" / f"volume{suffix}"
    study, selection, notices = study_of_nifti(
        path, target, modality=modality, taken=lambda one: taken(one, "")
    )
    series = selection.verdicts[0].series
    return PreparedStudy(study, series, selection, target, notices=notices)


def _prepare_dicom(
    opened: OpenedInput, work_dir: Path, preferences: Preferences, taken: Taken
) -> Iterator[PreparedStudy | RefusedStudy]:
    found = _scan(opened)
    for number, (name, scanned) in enumerate(_named(found, taken), start=1):
        target = work_dir / f"study-{number:03d}" / "volume.nii"
        prepared = prepare_study(scanned, name, target, preferences)
        if isinstance(prepared, PreparedStudy):
            prepared = replace(prepared, notices=(*prepared.notices, *unread(found)))
        yield replace(prepared, skipped=found.skipped)


def unread(found: Scan, unusable: int = 0, unfetched: int = 0) -> Iterator[Statement]:
    """Images that may be missing in a volume: their files could not be read, or did not come.

    Args:
        found: what the files hold.
        unusable: how many were put aside before.
        unfetched: how many an archive has and did not send.
    """
    if files := unusable + sum(found.skipped.get(reason.value, 0) for reason in _LOST_IMAGES):
        yield Statement("files_unread", {"files": files})
    if unfetched:
        yield Statement("images_unfetched", {"images": unfetched})


def _scan(opened: OpenedInput) -> Scan:
    found = scan(opened.files)
    if not found.studies:
        counts = ", ".join(f"{count} × {reason}" for reason, count in found.skipped.items())
        msg = f"no readable DICOM instance in {len(opened.files)} files ({counts or 'none at all'})"
        raise NoDicomError(msg, remedy="hand in the folder or ZIP that holds the images")
    return found


def _named(found: Scan, taken: Taken) -> Iterator[tuple[str, ScannedStudy]]:
    """Every study of an input with its case ID."""
    given: set[str] = set()
    for scanned in found.studies:
        name = case_id(
            scanned.patient.name,
            scanned.study_date,
            scanned.accession_number,
            scanned.key,
            taken=partial(_is_taken, given, taken, scanned.study_instance_uid),
        )
        given.add(name)
        yield name, scanned


def _is_taken(given: set[str], taken: Taken, uid: str, name: str) -> bool:
    return name in given or taken(name, uid)


def prepare_study(
    scanned: ScannedStudy, name: str, target: Path, preferences: Preferences
) -> PreparedStudy | RefusedStudy:
    """Choose a series of one study and convert it.

    A series that cannot be converted is refused with its reason, and the next one is tried; what
    the machine is to blame for says nothing of a series, and is raised.

    Args:
        scanned: the study.
        name: its case ID.
        target: the NIfTI file to appear.
        preferences: for series selection.

    Raises:
        DiskLowError: there is no room for the volume.
        MachineFaultError: something else of the machine kept a series from being converted.
        ConverterMissingError: dcm2niix cannot be started.
    """
    refused: dict[str, Statement] = {}
    preferred: list[SeriesCandidate] = []
    error: HeimdallrError | None = None
    candidates = scanned.candidates
    target.parent.mkdir(parents=True, exist_ok=True)
    while True:
        ranked = rank(candidates, preferences, refused)
        best, verdict = ranked[0]
        if verdict.rank is None:
            error = error or _why_unsupported(scanned, ranked)
            return _refuse(scanned, name, verdicts(ranked), error)
        try:
            if passes := _passes_between(best, target.parent):
                candidates = tuple(one for one in candidates if one is not best) + passes
                continue
            conversion = convert(best, target, target.parent)
        except ConversionError as failure:
            error = error or failure
            refused[best.key] = Statement("series_not_converted", {"error": str(failure)})
            preferred.append(best)
            continue
        made = _prepared(scanned, name, best, verdicts(ranked), conversion)
        return replace(made, notices=(*made.notices, *_second_choice(preferred)))


def _second_choice(preferred: Sequence[SeriesCandidate]) -> Iterator[Statement]:
    """That other series came first, which could not be converted."""
    if preferred:
        first, *others = preferred
        yield Statement(
            "preferred_series_not_converted", {"series": first.called, "others": len(others)}
        )


def _passes_between(candidate: SeriesCandidate, work_dir: Path) -> tuple[SeriesCandidate, ...]:
    """The passes of a stack that only its pixels tell apart; none where it is one."""
    if not may_alternate(candidate):
        return ()
    with (
        for_want_of_room(candidate, work_dir),
        tempfile.TemporaryDirectory(prefix="comparing-", dir=work_dir) as room,
    ):
        return halves(candidate) if alternates(candidate, Path(room) / "decoded") else ()


def _prepared(
    scanned: ScannedStudy,
    name: str,
    best: SeriesCandidate,
    selection: Selection,
    conversion: Conversion,
) -> PreparedStudy:
    study = Study(
        case_id=name,
        study_instance_uid=scanned.study_instance_uid,
        patient=scanned.patient_of(best),
        modality="CT" if best.series.modality == "CT" else "MR",
        accession_number=scanned.accession_number,
        study_date=scanned.study_date,
        study_time=scanned.study_time,
        description=scanned.description,
        institution=scanned.institution,
    )
    blank(conversion.path, best.unseen)
    files = tuple(dict.fromkeys(frame.path for frame in best.frames))
    return PreparedStudy(
        study,
        best.series,
        selection,
        conversion.path,
        conversion,
        notices=(*scanned.notices, *best.notices, *no_anatomy(best)),
        unseen=best.unseen,
        source_files=files,
        source=source_images(best, scanned.instances),
    )


def _refuse(
    scanned: ScannedStudy, name: str, selection: Selection, error: HeimdallrError
) -> RefusedStudy:
    return RefusedStudy(
        case_id=name,
        study_instance_uid=scanned.study_instance_uid,
        patient=scanned.patient,
        study_date=scanned.study_date,
        accession_number=scanned.accession_number,
        modalities=scanned.modalities,
        selection=selection,
        error=error,
        notices=scanned.notices,
    )


def _why_unsupported(
    scanned: ScannedStudy, ranked: Sequence[tuple[SeriesCandidate, SeriesVerdict]]
) -> UnsupportedStudyError:
    """Name the modality where that is the reason, else what is wrong with each series."""
    if all(one.own_object for one in scanned.candidates):
        msg = "the study holds only objects Heimdallr wrote itself"
        return UnsupportedStudyError(msg, remedy="nothing to do; results are not processed again")
    if not set(MODALITIES).intersection(scanned.modalities):
        names = ", ".join(one or "unknown" for one in scanned.modalities)
        msg = f"modality {names} is not supported; only CT and MR volumes are"
        return UnsupportedStudyError(msg, remedy="send the study's CT or MR series")
    images = [one for one in scanned.candidates if one.series.modality in MODALITIES]
    alone = len({one.series.series_instance_uid for one in images if one.series.instances == 1})
    if alone >= FEW_IMAGES and 2 * alone > len(images):
        msg = f"{alone} images carry a SeriesInstanceUID each; nothing tells which belong together"
        return UnsupportedStudyError(msg, remedy="send the series as the scanner made it")
    told = [
        f"{candidate.name}: {verdict.reasons[0].text}"
        for candidate, verdict in ranked
        if candidate.series.modality in MODALITIES
    ]
    more = len(told) - _REASONS_SHOWN
    shown = "; ".join(told[:_REASONS_SHOWN]) + (f"; and {more} more" if more > 0 else "")
    return UnsupportedStudyError(f"no series is a usable volume ({shown})")
