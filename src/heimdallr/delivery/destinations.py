"""What is known of a destination: one type per kind of peer, as the database and the API keep it.

Secrets (a password, a bearer token, the key of a signature) are kept apart and never shown.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

_AE_TITLE = r"^[!-\[\]-~]([ -\[\]-~]{0,14}[!-\[\]-~])?$"
_URL = r"^https?://[^\s/?#@]+(/[^\s?#]*)?$"
"""No user and password in it: they would be shown wherever the address is."""

_URI = r"^((https?|urn):[^\s|]+)?$"

Port = Annotated[int, Field(ge=1, le=65535)]
Host = Annotated[str, Field(pattern=r"^[A-Za-z0-9._:-]{1,253}$")]


class _Peer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _WebPeer(_Peer):
    url: str = Field(pattern=_URL, max_length=500)
    user: str = Field("", max_length=128)
    """With it the secret is its password; without, a bearer token."""
    ca: Path | None = None
    """PEM authorities to believe beside the system's."""


class DicomNode(_Peer):
    """An archive that takes C-STORE."""

    kind: Literal["dicom"] = "dicom"
    ae_title: str = Field(pattern=_AE_TITLE)
    host: Host
    port: Port = 104
    calling_ae: str = Field("", pattern=f"{_AE_TITLE}|^$")
    """Empty: the AE title of our own listener, to which storage commitment is answered."""
    tls: bool = False
    ca: Path | None = None
    commitment: bool = False
    """Ask it to say that it keeps what it took (PS3.4 annex J); it answers to our listener."""
    segmentation: Literal["binary", "labelmap"] = "binary"
    structures: Literal["usual", "all"] = "usual"
    captures: Literal["multi_frame", "single_frame"] = "multi_frame"


class DicomWeb(_WebPeer):
    """An archive that takes STOW-RS."""

    kind: Literal["dicomweb"] = "dicomweb"
    segmentation: Literal["binary", "labelmap"] = "binary"
    structures: Literal["usual", "all"] = "usual"
    captures: Literal["multi_frame", "single_frame"] = "multi_frame"


class FhirServer(_WebPeer):
    """A FHIR R4 server that takes a transaction bundle."""

    kind: Literal["fhir"] = "fhir"
    patient_system: str = Field("", pattern=_URI, max_length=500)
    """Under which it knows PatientID (``Identifier.system``); empty: the header's issuer."""
    accession_system: str = Field("", pattern=_URI, max_length=500)
    """Under which it knows accession numbers; empty: a system of ours."""
    with_report: bool = False
    """The report of one page goes along as PDF (``DiagnosticReport.presentedForm``)."""


class Hl7Listener(_Peer):
    """An HL7 v2 interface engine that takes ORU^R01 over MLLP."""

    kind: Literal["hl7"] = "hl7"
    host: Host
    port: Port = 2575
    tls: bool = False
    ca: Path | None = None
    receiving_application: str = Field("", max_length=180)
    receiving_facility: str = Field("", max_length=180)
    sending_facility: str = Field("", max_length=180)
    assigning_authority: str = Field("", max_length=199)
    """Who gives PatientID where the header names no issuer: a name, or an OID."""
    character_set: Literal["UNICODE UTF-8", "8859/1", "ASCII"] = "UNICODE UTF-8"
    with_report: bool = False
    """The report of one page goes along as PDF (an OBX of type ED)."""


class Webhook(_WebPeer):
    """An address that is told when a case is complete or has failed; the secret signs the body."""

    kind: Literal["webhook"] = "webhook"


class Folder(_Peer):
    """A folder of this machine, or a share that is mounted here."""

    kind: Literal["folder"] = "folder"
    path: Path


Peer = Annotated[
    DicomNode | DicomWeb | FhirServer | Hl7Listener | Webhook | Folder, Field(discriminator="kind")
]
PEER: TypeAdapter[Peer] = TypeAdapter(Peer)
"""Reads and writes any of them."""
