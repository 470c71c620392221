"""Query and retrieve by DICOMweb: QIDO-RS and WADO-RS (PS3.18 sections 10.6 and 10.4).

httpx, not dicomweb-client: that holds a study in memory whole. What comes is taken apart while it
comes and goes through the listener's own door into the spool.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import httpx

from heimdallr.clock import utc_now
from heimdallr.domain.errors import ArchiveError
from heimdallr.domain.statements import Statement
from heimdallr.intake.scp.storing import Limits, Reception
from heimdallr.intake.spool import Origin
from heimdallr.preparation.patient_facts import dicom_date
from heimdallr.retrieval.archive import MOST_STUDIES, FoundStudy, Retrieved, each_once
from heimdallr.retrieval.multipart import MultipartError, boundary_of, take_apart
from heimdallr.retrieval.part10 import ArrivingFile
from heimdallr.retrieval.web_client import check, not_answered, open_client

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from pydantic import SecretStr

    from heimdallr.config import Settings
    from heimdallr.delivery.destinations import DicomWeb
    from heimdallr.retrieval.archive import Query

PAGE = 500
_NO_CONTENT = 204
_SILENT_S = 300.0
"""An archive may pack a study before it sends its first byte. Chosen, not measured: half of it may
end a retrieval that would have come, twice keeps the next one waiting for ten minutes."""
_ALL_SYNTAXES = 'multipart/related; type="application/dicom"; transfer-syntax=*'
"""As it is kept: nothing has to be transcoded (PS3.18 section 8.7.3.5.2)."""

_STUDY, _ACCESSION, _DATE, _MODALITIES = "0020000D", "00080050", "00080020", "00080061"
_PATIENT_ID, _ISSUER, _NAME, _BIRTH = "00100020", "00100021", "00100010", "00100030"
_CLASSES, _INSTANCES = "00080062", "00201208"
_WANTED = f"{_MODALITIES},{_ISSUER},{_BIRTH},{_CLASSES},{_INSTANCES}"


class WebArchive:
    """Asks one archive by DICOMweb.

    Args:
        peer: the archive.
        secret: password or bearer token; ``None`` where none is needed.
        settings: our AE title, limits and time limits.
        spool: where what comes goes.
    """

    def __init__(
        self, peer: DicomWeb, secret: SecretStr | None, settings: Settings, spool: Path
    ) -> None:
        self._peer, self._secret, self._settings, self._spool = peer, secret, settings, spool

    def find(self, query: Query) -> Sequence[FoundStudy]:
        """See :class:`~heimdallr.retrieval.archive.Archive`."""
        with self._client() as client:
            found = [
                one
                for modality in query.modalities or ("",)
                for one in _search(client, _parameters(query, modality))
            ]
        return each_once(found, query)

    def fetch(self, study: FoundStudy) -> Retrieved:
        """See :class:`~heimdallr.retrieval.archive.Archive`."""
        reception = Reception(self._spool, self._origin(), Limits.of(self._settings))
        files: list[ArrivingFile] = []

        def begin() -> ArrivingFile:
            files.append(ArrivingFile(reception))
            return files[-1]

        released = False
        try:
            with self._client() as client:
                _retrieve(client, study.study_instance_uid, begin)
            released = True
        finally:
            batch = reception.folder
            reception.end(released=released)
        kept = sum(one.kept for one in files)
        failed = max(len(files), study.instances or 0) - kept
        why = None
        if failed:
            counts = {"failed": failed, "count": kept + failed}
            why = Statement("archive_sent_in_part", counts)
        return Retrieved(kept, failed, 0, why, (batch,) if batch else ())

    def _client(self) -> httpx.Client:
        return open_client(self._peer, self._secret, self._settings, silent_s=_SILENT_S)

    def _origin(self) -> Origin:
        return Origin(
            source="dicom",
            began_at=utc_now(),
            called_ae=self._settings.ae_title,
            address=httpx.URL(self._peer.url).host[:64],
            pid=os.getpid(),
        )


def _search(client: httpx.Client, parameters: Mapping[str, str]) -> Iterator[FoundStudy]:
    for offset in range(0, MOST_STUDIES, PAGE):
        paging = {"limit": str(PAGE), "offset": str(offset)}
        rows = _asked(client, {**parameters, **paging})
        yield from map(_study, rows)
        if len(rows) < PAGE:
            return
    raise ArchiveError(Statement("archive_too_many", {"limit": MOST_STUDIES}))


def _asked(client: httpx.Client, parameters: Mapping[str, str]) -> list[dict[str, Any]]:
    try:
        answer = client.get(
            "/studies", params=parameters, headers={"Accept": "application/dicom+json"}
        )
        if answer.status_code == _NO_CONTENT:
            return []
        check(answer)
        rows = answer.json()
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise not_answered(error, str(client.base_url)) from None
    except ValueError:
        raise ArchiveError(Statement("archive_answer_unreadable")) from None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ArchiveError(Statement("archive_answer_unreadable"))
    return rows


def _retrieve(client: httpx.Client, uid: str, begin: Callable[[], ArrivingFile]) -> None:
    try:
        with client.stream("GET", f"/studies/{uid}", headers={"Accept": _ALL_SYNTAXES}) as answer:
            check(answer)
            boundary = boundary_of(answer.headers.get("Content-Type", ""))
            take_apart(answer.iter_bytes(), boundary, begin)
    except httpx.HTTPError as error:
        raise not_answered(error, str(client.base_url)) from None
    except MultipartError:
        raise ArchiveError(Statement("archive_answer_unreadable"), again=True) from None


def _parameters(query: Query, modality: str) -> dict[str, str]:
    asked = {
        "StudyInstanceUID": query.study_instance_uid,
        "AccessionNumber": query.accession_number,
        "PatientID": query.patient_id,
        "StudyDate": query.study_date,
        "ModalitiesInStudy": modality,
    }
    return {name: value for name, value in asked.items() if value} | {"includefield": _WANTED}


def _study(row: Mapping[str, Any]) -> FoundStudy:
    """A row in the DICOM JSON model (PS3.18 annex F); what cannot be read counts as not said."""

    def words(tag: str) -> tuple[str, ...]:
        element = row.get(tag)
        values = element.get("Value") if isinstance(element, dict) else None
        told = (_text(one) for one in values) if isinstance(values, list) else ()
        return tuple(one for one in told if one)

    def text(tag: str) -> str:
        return next(iter(words(tag)), "")

    count = text(_INSTANCES)
    return FoundStudy(
        study_instance_uid=text(_STUDY),
        accession_number=text(_ACCESSION),
        study_date=dicom_date(text(_DATE)) or "",
        modalities=words(_MODALITIES),
        patient_id=text(_PATIENT_ID),
        issuer=text(_ISSUER),
        patient_name=text(_NAME),
        birth_date=dicom_date(text(_BIRTH)) or "",
        sop_classes=words(_CLASSES),
        instances=int(count) if count.isdigit() else None,
    )


def _text(value: object) -> str:
    """One value; a person's name with all its groups."""
    if isinstance(value, dict):
        groups = [str(value.get(one) or "") for one in ("Alphabetic", "Ideographic", "Phonetic")]
        return "=".join(groups).rstrip("=").strip()
    return "" if value is None else str(value).strip()
