"""Whose study it is and on which order, as other systems know both: out of the source's header.

Both are told by the DICOM header of the measured images, which a case keeps in ``source.json``
(:mod:`heimdallr.domain.source_images`). Folders of earlier versions have none; then ``id.json``
says what it knows, and the numbers of the order stay missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from heimdallr.delivery.messages.concepts import Concept

if TYPE_CHECKING:
    from heimdallr.domain.source_images import SourceImages
    from heimdallr.publishing.schema import Identity

Header = Mapping[str, Mapping[str, Any]]
"""The DICOM JSON model (PS3.18 F.2): tag → ``{"vr": …, "Value": […]}``."""

PN_PARTS = 5


@dataclass(frozen=True, slots=True)
class PersonName:
    """A name (PS3.5 6.2.1); each group is written with ``^`` between its parts.

    Attributes:
        alphabetic: in Latin letters, or whatever the header writes first.
        ideographic: in Chinese characters, say.
        phonetic: in kana or hangul, say.
    """

    alphabetic: str = ""
    ideographic: str = ""
    phonetic: str = ""

    @property
    def groups(self) -> dict[str, tuple[str, str, str, str, str]]:
        """``A``, ``I``, ``P`` → family, given, middle, prefix, suffix; the groups there are."""
        written = {"A": self.alphabetic, "I": self.ideographic, "P": self.phonetic}
        return {code: _parts(group) for code, group in written.items() if group.strip("^= ")}


def _parts(group: str) -> tuple[str, str, str, str, str]:
    parts = [part.strip() for part in group.split("^")][:PN_PARTS]
    family, given, middle, prefix, suffix = parts + [""] * (PN_PARTS - len(parts))
    return family, given, middle, prefix, suffix


@dataclass(frozen=True, slots=True)
class Order:
    """Patient and order, as the header tells them; what it does not tell is empty.

    Attributes:
        patient_name: in all its groups.
        patient_id: PatientID.
        issuer: who gave that number: IssuerOfPatientID, a name or an OID.
        accession_number: AccessionNumber.
        placer: number of whoever ordered (0040,2016).
        filler: number of whoever carries it out (0040,2017).
        requested_procedure: RequestedProcedureID (0040,1001).
        visit: AdmissionID (0038,0010).
        referring: ReferringPhysicianName.
        procedure: ProcedureCodeSequence, its first item.
        timezone: TimezoneOffsetFromUTC (0008,0201), ``-0300``.
    """

    patient_name: PersonName
    patient_id: str
    issuer: str = ""
    accession_number: str = ""
    placer: str = ""
    filler: str = ""
    requested_procedure: str = ""
    visit: str = ""
    referring: PersonName = PersonName()
    procedure: Concept | None = None
    timezone: str = ""


def read_order(identity: Identity, source: SourceImages | None) -> Order:
    """The order of a case; ``identity`` counts where the folder has no header.

    What a person corrected stands in ``identity``; it therefore goes before the header for the
    patient's number, name and the accession number.
    """
    header: Header = source.header if source else {}
    name = _name(header, "00100010")
    known = {name.alphabetic.strip("^ "), name.ideographic.strip("^ "), name.phonetic.strip("^ ")}
    if identity.patient_name.strip("^ ") not in known:
        name = PersonName(identity.patient_name)
    request = next(iter(_items(header, "00400275")), {})
    return Order(
        patient_name=name,
        patient_id=identity.patient_id.strip(),
        issuer=_issuer(header),
        accession_number=identity.accession_number.strip(),
        placer=_text(header, "00402016") or _text(request, "00402016"),
        filler=_text(header, "00402017") or _text(request, "00402017"),
        requested_procedure=_text(header, "00401001") or _text(request, "00401001"),
        visit=_text(header, "00380010"),
        referring=_name(header, "00080090"),
        procedure=_code(header, "00081032") or _code(request, "00321064"),
        timezone=_text(header, "00080201"),
    )


def _issuer(header: Header) -> str:
    """The universal entity of the qualifiers (0010,0024) where it is an OID, else the issuer."""
    for qualifiers in _items(header, "00100024"):
        if _text(qualifiers, "00400033") == "ISO" and (oid := _text(qualifiers, "00400032")):
            return oid
    return _text(header, "00100021")


def _first(header: Header, tag: str) -> object:
    values = header.get(tag, {}).get("Value") or [None]
    return values[0]


def _text(header: Header, tag: str) -> str:
    value = _first(header, tag)
    return str(value).strip() if isinstance(value, str | int | float) else ""


def _name(header: Header, tag: str) -> PersonName:
    value = _first(header, tag)
    if not isinstance(value, dict):
        return PersonName()
    groups = (value.get(group) for group in ("Alphabetic", "Ideographic", "Phonetic"))
    return PersonName(*(group if isinstance(group, str) else "" for group in groups))


def _items(header: Header, tag: str) -> list[Header]:
    values = header.get(tag, {}).get("Value") or []
    return [item for item in values if isinstance(item, dict)]


def _code(header: Header, tag: str) -> Concept | None:
    for item in _items(header, tag):
        value, scheme = _text(item, "00080100"), _text(item, "00080102")
        if value and scheme:
            return Concept(value, _text(item, "00080104"), scheme)
    return None
