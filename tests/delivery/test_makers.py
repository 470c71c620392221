"""Messages as each destination wants them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from message_cases import STUDY_UID, case_folder, identity

from heimdallr.delivery.destinations import FhirServer, Folder, Hl7Listener, Peer
from heimdallr.delivery.makers import MAKERS
from heimdallr.delivery.making import Order, StudyFacts
from heimdallr.domain.errors import UnsendableError
from heimdallr.hl7v2.syntax import read
from heimdallr.store.models import StudyState

if TYPE_CHECKING:
    from pathlib import Path

    from heimdallr.delivery.kinds import Kind
    from heimdallr.publishing.schema import Identity


def order(folder: Path, kind: Kind, peer: Peer, who: Identity | None = None) -> Order:
    """A message of a case for a destination."""
    (folder / "made").mkdir()
    return Order(
        kind=kind,
        case=case_folder(folder / "case", who=who),
        folder=folder / "made",
        peer=peer,
        language="pt",
        study=StudyFacts(1, STUDY_UID, "123456", 1, StudyState.DONE, "", ()),
        results_digest="0" * 64,
    )


def test_a_bundle_names_patients_as_the_server_does(tmp_path: Path) -> None:
    """The system of its own numbers; words in the destination's language."""
    server = FhirServer(url="https://record/fhir", patient_system="http://hospital.example/mrn")
    made = MAKERS["fhir"](order(tmp_path, "fhir", server))
    assert [one.media_type for one in made] == ["application/fhir+json"]
    bundle = json.loads(made[0].path.read_bytes())
    patient = bundle["entry"][0]["resource"]
    assert patient["identifier"][0]["system"] == "http://hospital.example/mrn"
    assert bundle["entry"][3]["resource"]["code"]["text"] == "Fígado, volume"


def test_a_message_is_addressed_to_its_receiver(tmp_path: Path) -> None:
    """Application, facilities, who gives PatientID, the character set."""
    engine = Hl7Listener(
        host="10.1.2.3",
        receiving_application="RIS",
        receiving_facility="HOSPITAL",
        sending_facility="RADIOLOGY",
        assigning_authority="MRN",
        character_set="8859/1",
    )
    made = MAKERS["hl7"](order(tmp_path, "hl7", engine))
    assert [one.media_type for one in made] == ["x-application/hl7-v2+er7"]
    message = read(made[0].path.read_bytes())
    told = [message.header.text(field) for field in (4, 5, 6, 18)]
    assert told == ["RADIOLOGY", "RIS", "HOSPITAL", "8859/1"]
    patient = message.first("PID")
    assert patient is not None
    assert patient.text(3, 4) == "MRN"


@pytest.mark.parametrize("kind", ["fhir", "hl7"])
def test_what_names_no_patient_is_not_made(tmp_path: Path, kind: Kind) -> None:
    """For a folder neither."""
    nobody = order(tmp_path, kind, Folder(path=tmp_path), identity(patient_id=""))
    with pytest.raises(UnsendableError):
        MAKERS[kind](nobody)
