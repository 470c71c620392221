"""Query and retrieve by DIMSE: C-FIND, C-MOVE and C-GET (PS3.4 annex C, Study Root).

C-MOVE has the archive send to our listener, under its AE title: the archive has to know it.
C-GET brings the images over the association that asks for them, and goes through the same door as
the listener's own (:class:`heimdallr.intake.scp.storing.Reception`): whole, durable, bounded.
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pynetdicom import evt
from pynetdicom.presentation import build_context, build_role
from pynetdicom.sop_class import (  # type: ignore[attr-defined]  # made at import
    StudyRootQueryRetrieveInformationModelFind,
    StudyRootQueryRetrieveInformationModelGet,
    StudyRootQueryRetrieveInformationModelMove,
)

from heimdallr.clock import utc_now
from heimdallr.domain.errors import ArchiveError
from heimdallr.domain.statements import Statement
from heimdallr.intake.scp.commands import MISMATCH, OUT_OF_RESOURCES
from heimdallr.intake.scp.contexts import TRANSFER_SYNTAXES
from heimdallr.intake.scp.fault import PeerFault
from heimdallr.intake.scp.storing import Header, Limits, Reception
from heimdallr.intake.spool import Origin
from heimdallr.preparation.patient_facts import dicom_date
from heimdallr.preparation.reading import tolerant_pydicom
from heimdallr.retrieval.archive import MOST_STUDIES, FoundStudy, Retrieved, each_once
from heimdallr.retrieval.association import associated
from heimdallr.retrieval.storage_classes import offers

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from pynetdicom.association import Association
    from pynetdicom.dimse_primitives import C_STORE
    from pynetdicom.events import Event

    from heimdallr.config import Settings
    from heimdallr.delivery.destinations import DicomNode
    from heimdallr.retrieval.archive import Query

SUCCESS = 0x0000
PENDING = (0xFF00, 0xFF01)
PARTLY_FAILED = 0xB000
"""Sub-operations are complete, one or more of them failed (PS3.4 table C.4-2)."""
NO_SUCH_DESTINATION = 0xA801
UNABLE_TO_PROCESS = 0xC000
"""The first of a range; Orthanc 1.10 answers it to a C-MOVE whose destination it does not know."""
UNABLE_TO_PERFORM = 0xA702
"""No sub-operation could be performed; DCMTK's archive counts them as failed."""
OUT_OF_RESOURCES_OF_ARCHIVE = (0xA700, 0xA701, UNABLE_TO_PERFORM)

_STUDY_KEYS = (
    "StudyInstanceUID", "AccessionNumber", "StudyDate", "ModalitiesInStudy", "PatientID",
    "IssuerOfPatientID", "PatientName", "PatientBirthDate", "SOPClassesInStudy",
    "NumberOfStudyRelatedInstances",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Progress:
    """Sub-operations as the last response counted them; no status: the archive has gone silent."""

    completed: int = 0
    failed: int = 0
    warning: int = 0
    status: int | None = None

    def after(self, response: Dataset) -> _Progress:
        """As a further response has it; a count it leaves out stays."""
        counts = {
            "completed": response.get("NumberOfCompletedSuboperations"),
            "failed": response.get("NumberOfFailedSuboperations"),
            "warning": response.get("NumberOfWarningSuboperations"),
        }
        known = {name: int(count) for name, count in counts.items() if count is not None}
        return replace(self, **known, status=response.get("Status"))


class DicomArchive:
    """Asks one archive by DIMSE.

    Args:
        node: the archive.
        settings: our AE title, limits and time limits.
        spool: where what C-GET brings goes.
        get: retrieve with C-GET; otherwise with C-MOVE to our listener.
    """

    def __init__(self, node: DicomNode, settings: Settings, spool: Path, *, get: bool) -> None:
        self._node, self._settings, self._spool, self._get = node, settings, spool, get

    def find(self, query: Query) -> Sequence[FoundStudy]:
        """See :class:`~heimdallr.retrieval.archive.Archive`.

        Each modality is asked for alone: archives differ in what they make of a list.
        """
        context = build_context(StudyRootQueryRetrieveInformationModelFind)
        found: list[FoundStudy] = []
        with associated(self._node, self._settings, [context]) as association, tolerant_pydicom():
            for modality in query.modalities or ("",):
                found += _ask(association, _find_keys(query, modality))
        return each_once(found, query)

    def fetch(self, study: FoundStudy) -> Retrieved:
        """See :class:`~heimdallr.retrieval.archive.Archive`."""
        if not self._get:
            return self._move(study)
        first, *others = offers(study.sop_classes)
        result = self._get_offered(study, first)
        for classes in others:
            if not result.failed:
                break
            with suppress(ArchiveError):  # what came is here; the others count as failed
                result = _together(result, self._get_offered(study, classes))
        return result

    def _move(self, study: FoundStudy) -> Retrieved:
        model = StudyRootQueryRetrieveInformationModelMove
        progress, own = _Progress(), self._settings.ae_title
        with associated(self._node, self._settings, [build_context(model)]) as association:
            for response, _ in association.send_c_move(_retrieve_keys(study), own, model):
                progress = progress.after(response)
        unable = {NO_SUCH_DESTINATION, UNABLE_TO_PROCESS, UNABLE_TO_PERFORM}
        if progress.status in unable and not progress.completed:
            about = {"ae_title": own, "port": str(self._settings.dicom_port)}
            raise ArchiveError(
                Statement("archive_cannot_send_to_us", about),
                again=progress.status != NO_SUCH_DESTINATION,
            )
        return _result(progress, None)

    def _get_offered(self, study: FoundStudy, classes: Sequence[str]) -> Retrieved:
        model = StudyRootQueryRetrieveInformationModelGet
        reception = Reception(self._spool, self._origin(), Limits.of(self._settings))
        storage = [build_context(one, list(TRANSFER_SYNTAXES)) for one in classes]
        progress, released = _Progress(), False
        try:
            with associated(
                self._node,
                self._settings,
                [build_context(model), *storage],
                roles=[build_role(one, scp_role=True) for one in classes],
                handlers=[(evt.EVT_C_STORE, _take, [reception])],
            ) as association:
                for response, _ in association.send_c_get(_retrieve_keys(study), model):
                    progress = progress.after(response)
            released = True
        finally:
            batch = reception.folder
            reception.end(released=released)
        return _result(progress, batch)

    def _origin(self) -> Origin:
        return Origin(
            source="dicom",
            began_at=utc_now(),
            calling_ae=self._node.ae_title,
            called_ae=self._settings.ae_title,
            address=self._node.host,
            pid=os.getpid(),
        )


def _ask(association: Association, keys: Dataset) -> Iterator[FoundStudy]:
    answers = association.send_c_find(keys, StudyRootQueryRetrieveInformationModelFind)
    count = 0
    for response, identifier in answers:
        status = response.get("Status")
        if status in PENDING:
            count += 1
            if count > MOST_STUDIES:
                raise ArchiveError(Statement("archive_too_many", {"limit": MOST_STUDIES}))
            if identifier is not None:
                yield _study(identifier)
        elif status != SUCCESS:
            raise _refusal(status)


def _take(event: Event, reception: Reception) -> int:
    """Keep an instance that a C-GET brings; returns its C-STORE status."""
    request = cast("C_STORE", event.request)
    data_set = request.DataSet
    if data_set is None:
        return MISMATCH
    arrival = reception.begin(
        Header(
            str(request.AffectedSOPClassUID),
            str(request.AffectedSOPInstanceUID),
            str(event.context.transfer_syntax),
        )
    )
    try:
        arrival.write(data_set.getbuffer())
    except PeerFault:
        arrival.discard()
        return OUT_OF_RESOURCES
    return arrival.finish()


def _find_keys(query: Query, modality: str) -> Dataset:
    keys = Dataset()
    for keyword in _STUDY_KEYS:
        setattr(keys, keyword, None)
    keys.QueryRetrieveLevel = "STUDY"
    keys.StudyInstanceUID = query.study_instance_uid
    keys.AccessionNumber = query.accession_number
    keys.PatientID = query.patient_id
    keys.StudyDate = query.study_date
    keys.ModalitiesInStudy = modality
    if not (query.accession_number + query.patient_id).isascii():
        keys.SpecificCharacterSet = "ISO_IR 192"
    return keys


def _retrieve_keys(study: FoundStudy) -> Dataset:
    keys = Dataset()
    keys.QueryRetrieveLevel = "STUDY"
    keys.StudyInstanceUID = study.study_instance_uid
    return keys


def _study(identifier: Dataset) -> FoundStudy:
    """An answer; what cannot be read in it counts as not said."""

    def words(keyword: str) -> tuple[str, ...]:
        try:
            value = identifier.get(keyword)
        except (ValueError, TypeError, LookupError):
            return ()
        many = value if isinstance(value, MultiValue) else [value]
        told = (str(one).strip(" \0") for one in many if one is not None)
        return tuple(one for one in told if one)

    def text(keyword: str) -> str:
        return next(iter(words(keyword)), "")

    count = text("NumberOfStudyRelatedInstances")
    return FoundStudy(
        study_instance_uid=text("StudyInstanceUID"),
        accession_number=text("AccessionNumber"),
        study_date=dicom_date(text("StudyDate")) or "",
        modalities=words("ModalitiesInStudy"),
        patient_id=text("PatientID"),
        issuer=text("IssuerOfPatientID"),
        patient_name=text("PatientName"),
        birth_date=dicom_date(text("PatientBirthDate")) or "",
        sop_classes=words("SOPClassesInStudy"),
        instances=int(count) if count.isdigit() else None,
    )


def _result(progress: _Progress, batch: Path | None) -> Retrieved:
    """What the last response says.

    Raises:
        ArchiveError: it is a refusal, or there is none.
    """
    told = {SUCCESS, PARTLY_FAILED, *([UNABLE_TO_PERFORM] if progress.failed else [])}
    if progress.status not in told:
        raise _refusal(progress.status)
    done, is_part = progress.completed + progress.warning, progress.status == PARTLY_FAILED
    return Retrieved(
        progress.completed,
        progress.failed,
        progress.warning,
        _in_part(done, progress.failed) if progress.failed or is_part else None,
        (batch,) if batch else (),
    )


def _together(before: Retrieved, then: Retrieved) -> Retrieved:
    """Of two associations that offered different classes: what each took, the other one did not."""
    failed = max(before.failed - then.arrived, 0)
    done = before.arrived + then.arrived
    return Retrieved(
        before.completed + then.completed,
        failed,
        before.warning + then.warning,
        _in_part(done, failed) if failed else None,
        before.batches + then.batches,
    )


def _in_part(done: int, failed: int) -> Statement:
    return Statement("archive_sent_in_part", {"failed": failed, "count": done + failed})


def _refusal(status: int | None) -> ArchiveError:
    if status is None:
        return ArchiveError(Statement("archive_gone"), again=True)
    said = {"status": f"0x{status:04X}"}
    if status in OUT_OF_RESOURCES_OF_ARCHIVE:
        return ArchiveError(Statement("archive_busy", said), again=True)
    return ArchiveError(Statement("archive_refuses", said))
