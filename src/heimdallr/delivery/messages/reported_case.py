"""A case as both messages report it: results, limits, patient and order, read from its folder."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

from heimdallr.delivery.messages.order import Order, read_order
from heimdallr.domain.errors import UnsendableError
from heimdallr.domain.identity import OWN_UID_ROOT
from heimdallr.domain.statements import Statement
from heimdallr.publishing.dicom.missing_uids import completed, study_instance_uid
from heimdallr.publishing.judgements import judgements
from heimdallr.publishing.schema import RESULTS_FILE, read_identity, read_results
from heimdallr.publishing.source_file import read_source
from heimdallr.publishing.standings import standings

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from heimdallr.analyses.rules.norms import Standing
    from heimdallr.domain.source_images import SourceImages
    from heimdallr.domain.verification import Verification
    from heimdallr.publishing.judgements import Judgement
    from heimdallr.publishing.schema import Identity, Results

_PLACES = {"cm3": 3, "cm2": 2, "cm2/m2": 2, "HU": 2, "mm": 1, "mm3": 1, "mL": 1, "s": 2, "%": 1}
"""Unit → decimal places the analyses round to. JSON numbers forget trailing zeros, which are
significant in FHIR (datatypes, decimal) and to whoever reads how exact a value is."""
_NAMES = uuid.uuid5(uuid.NAMESPACE_OID, OWN_UID_ROOT)


@dataclass(frozen=True, slots=True)
class ReportedCase:
    """What is reported of a case.

    Attributes:
        identity: ``id.json``.
        results: ``resultados.json``.
        order: patient and order, as other systems know them.
        study_key: what names the study in every identifier: its UID, or the one that objects made
            of it refer to; without a source, a name that follows from what is known and tells
            nothing of it.
        judgements: measurement → its published limits, where there are any.
        standings: measurement → where it stands by published norms.
        digest: SHA-256 of ``resultados.json``, and of who verified it: other results, other
            messages.
        unsaid: what an earlier revision reported by name, and this one does not as a finding or a
            measurement: it is taken back.
        verification: who verified the results; ``None``: nobody, and all of it is preliminary.
        corrects: digests of what the same system was told of the study before, as verified.
    """

    identity: Identity
    results: Results
    order: Order
    study_key: str
    judgements: dict[str, Judgement]
    standings: dict[str, tuple[Standing, ...]]
    digest: str
    unsaid: tuple[str, ...] = ()
    verification: Verification | None = None
    corrects: tuple[str, ...] = ()

    @property
    def status(self) -> Literal["preliminary", "final", "corrected"]:
        """How far a reader may rely on it, in FHIR's words."""
        if self.verification is None:
            return "preliminary"
        return "corrected" if self.corrects else "final"

    @property
    def said_at(self) -> datetime:
        """When it became what it is: of results that were verified, when they were."""
        return self.verification.at if self.verification else self.results.provenance.created_at

    def name_for(self, *parts: str) -> uuid.UUID:
        """The same UUID for the same thing of the same results, another for any other."""
        return uuid.uuid5(_NAMES, "\x00".join((self.study_key, self.digest, *parts)))

    @property
    def corrected_names(self) -> list[uuid.UUID]:
        """What the verified results were called that these correct."""
        return [replace(self, digest=one).name for one in self.corrects]

    @property
    def said(self) -> tuple[str, ...]:
        """What it reports by name."""
        return reported_names(self.results)

    @property
    def name(self) -> uuid.UUID:
        """What these results are called, whatever is made of them."""
        return self.name_for("results")


def read_case(
    case_folder: Path,
    *,
    unsaid: tuple[str, ...] = (),
    verification: Verification | None = None,
    corrects: tuple[str, ...] = (),
) -> ReportedCase:
    """The case of a folder.

    Args:
        case_folder: as ``publishing`` writes it.
        unsaid: names that an earlier revision reported; those of :func:`reported_names` that are
            reported again are left out here.
        verification: who verified the results of the folder.
        corrects: digests of what the receiver was told of the study before, as verified.

    Raises:
        UnsendableError: the folder cannot be read, or says no PatientID.
    """
    try:
        identity, results = read_identity(case_folder), read_results(case_folder)
        source = read_source(case_folder)
        digest = hashlib.sha256((case_folder / RESULTS_FILE).read_bytes()).hexdigest()
    except (OSError, ValueError):
        # Their texts quote the file.
        raise UnsendableError(Statement("case_folder_unreadable")) from None
    order = read_order(identity, source)
    if not order.patient_id:
        raise UnsendableError(Statement("message_without_patient_id"))
    again = set(reported_names(results))
    return ReportedCase(
        identity=identity,
        results=results,
        order=order,
        study_key=_study_key(identity, results, source),
        judgements=judgements(results, identity),
        standings=standings(results, identity),
        digest=digest if verification is None else verification.digest_of(digest),
        unsaid=tuple(name for name in unsaid if name not in again),
        verification=verification,
        corrects=corrects,
    )


def _study_key(identity: Identity, results: Results, source: SourceImages | None) -> str:
    if identity.study_instance_uid:
        return identity.study_instance_uid
    if source is not None:
        return study_instance_uid(completed(source)[0])
    facts = (
        identity.patient_id,
        identity.accession_number,
        identity.study_date or "",
        results.provenance.series_instance_uid,
    )
    return str(uuid.uuid5(_NAMES, "\x00".join(facts)))


def reported_names(results: Results) -> tuple[str, ...]:
    """What results report by name: measurements, and findings with ``finding_`` before them."""
    measurements = (one.name for one in results.measurements)
    return (*measurements, *(finding_name(one.code) for one in results.findings))


def finding_name(code: str) -> str:
    """What a finding is reported as, among the measurements."""
    return f"finding_{code}"


def published_number(value: float, unit: str) -> Decimal:
    """A value as exact as it was rounded: 1432.5 cm³ is 1432.500; a whole number stays one."""
    number = Decimal(repr(value))
    places = _PLACES.get(unit)
    if isinstance(value, int) or places is None:
        return number
    exponent = number.as_tuple().exponent
    exact = isinstance(exponent, int) and -exponent <= places
    return number.quantize(Decimal(1).scaleb(-places)) if exact else number
