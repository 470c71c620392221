"""Height and weight from a record that is asked over FHIR: the certain ones, in our units."""

from __future__ import annotations

import json
import threading
from datetime import date, datetime, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
from pydantic import SecretStr
from waiting import free_port

from heimdallr.config import Settings
from heimdallr.delivery.destinations import FhirServer
from heimdallr.domain.body_size import BodySize
from heimdallr.domain.errors import ArchiveError
from heimdallr.domain.statements import Statement
from heimdallr.retrieval.body_size_lookup import look_up

if TYPE_CHECKING:
    from collections.abc import Iterator

HEIGHT, WEIGHT = "8302-2", "29463-7"
STUDY_DATE = date(2026, 2, 1)
NOW = datetime(2026, 2, 1, 12, tzinfo=timezone.utc)


class Record:
    """A FHIR server that answers every search with what it is told to.

    Attributes:
        observations: of its answer.
        status: of its answer.
        asked: the last search's parameters.
        authorization: the last request's header.
    """

    def __init__(self) -> None:
        self.observations: list[dict[str, Any]] = []
        self.body: bytes | None = None
        self.status = 200
        self.asked: dict[str, list[str]] = {}
        self.authorization = ""
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())

    @property
    def peer(self) -> FhirServer:
        """Its address."""
        return FhirServer(url=f"http://127.0.0.1:{self.server.server_port}/fhir")

    def _handler(record) -> type[BaseHTTPRequestHandler]:  # noqa: N805 - self is the handler
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                record.asked = parse_qs(urlsplit(self.path).query)
                record.authorization = self.headers.get("Authorization", "")
                entries = [{"resource": one} for one in record.observations]
                bundle = {"resourceType": "Bundle", "type": "searchset", "entry": entries}
                body = json.dumps(bundle).encode() if record.body is None else record.body
                self.send_response(record.status)
                self.send_header("Content-Type", "application/fhir+json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_arguments: object) -> None:
                """Say nothing."""

        return Handler


@pytest.fixture(scope="module")
def running() -> Iterator[Record]:
    """One record for all."""
    record = Record()
    thread = threading.Thread(target=record.server.serve_forever, daemon=True)
    thread.start()
    yield record
    record.server.shutdown()
    record.server.server_close()
    thread.join(10)


@pytest.fixture
def record(running: Record) -> Record:
    """It has nothing."""
    running.observations, running.status, running.body = [], 200, None
    return running


def observed(
    loinc: str, value: object, unit: str, day: str = "2026-01-30T08:00:00Z", **more: object
) -> dict[str, Any]:
    """An Observation of the vital signs profile; ``more`` replaces its elements."""
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": loinc}]},
        "subject": {"reference": "Patient/7"},
        "effectiveDateTime": day,
        "valueQuantity": {
            "value": value, "unit": unit, "system": "http://unitsofmeasure.org", "code": unit,
        },
    } | more  # fmt: skip


def found(record: Record, patient_id: str = "P-77", system: str = "") -> BodySize | Statement:
    """What the look-up says."""
    return look_up(
        record.peer,
        SecretStr("secret"),
        Settings.model_validate({}),
        patient_id,
        STUDY_DATE,
        system=system,
        now=lambda: NOW,
    )


@pytest.mark.parametrize(
    ("height", "weight", "size"),
    [
        ((168, "cm"), (71.5, "kg"), (1.68, 71.5)),
        ((1.68, "m"), (3450, "g"), (1.68, 3.45)),
        ((66, "[in_i]"), (150, "[lb_av]"), (1.6764, 68.0389)),
    ],
)
def test_units_become_ours(
    record: Record,
    height: tuple[float, str],
    weight: tuple[float, str],
    size: tuple[float, float],
) -> None:
    """Metres and kilograms, whatever the record counts in."""
    record.observations = [observed(HEIGHT, *height), observed(WEIGHT, *weight)]
    assert found(record) == BodySize(*size, "fhir", "127.0.0.1", NOW)


def test_it_is_asked_as_the_standard_says(record: Record) -> None:
    """By identifier, escaped, and by code; the secret is a bearer token."""
    found(record, "P,7|7", "urn:oid:1.2")
    assert record.asked["patient.identifier"] == ["urn:oid:1.2|P\\,7\\|7"]
    assert record.asked["code"] == [f"http://loinc.org|{HEIGHT},http://loinc.org|{WEIGHT}"]
    assert record.authorization == "Bearer secret"


def test_the_nearest_to_the_study_counts(record: Record) -> None:
    """Before or after it; what is a year away is another person's size, so to speak."""
    record.observations = [
        observed(WEIGHT, 90, "kg", "2026-06-01"),
        observed(WEIGHT, 71, "kg", "2026-02-20"),
        observed(WEIGHT, 75, "kg", "2025-12-01"),
        observed(HEIGHT, 100, "cm", "2024-01-01"),
    ]
    assert found(record) == BodySize(None, 71.0, "fhir", "127.0.0.1", NOW)


@pytest.mark.parametrize(
    "doubtful",
    [
        observed(HEIGHT, 168, "cm", status="preliminary"),
        observed(HEIGHT, 168, "cm", status="entered-in-error"),
        observed(HEIGHT, 168, "cm", day="2026"),
        observed(HEIGHT, 168, "cm", valueQuantity={"value": 168, "unit": "cm"}),
        observed(HEIGHT, 168, "kg"),
        observed(HEIGHT, 168, "m"),
        observed(HEIGHT, "168", "cm"),
        observed(HEIGHT, True, "m"),  # noqa: FBT003 - JSON's
        observed(
            HEIGHT, 0, "",
            valueQuantity={
                "value": 200, "comparator": "<", "system": "http://unitsofmeasure.org",
                "code": "cm",
            },
        ),
        observed("3137-7", 168, "cm"),
        observed(HEIGHT, 168, "cm", code={"coding": [{"system": "local", "code": HEIGHT}]}),
        observed(HEIGHT, 168, "cm", valueQuantity=None, dataAbsentReason={"text": "refused"}),
        observed(HEIGHT, 168, "cm", subject=None),
    ],
)  # fmt: skip
def test_what_is_not_certain_is_not_taken(record: Record, doubtful: dict[str, Any]) -> None:
    """Preliminary, without a day, in no unit or a wrong one, below something, another code."""
    record.observations = [doubtful]
    assert found(record) == Statement("record_has_no_body_size", {"days": 365})


def test_two_patients_of_one_number_are_told(record: Record) -> None:
    """Of two houses that share a record; nothing is taken."""
    other = {"reference": "Patient/8"}
    record.observations = [
        observed(HEIGHT, 168, "cm"),
        observed(WEIGHT, 70, "kg", subject=other),
    ]
    assert found(record) == Statement("record_names_several_patients")
    same = {"reference": "http://127.0.0.1/fhir/Patient/7/_history/2"}
    record.observations[1] = observed(WEIGHT, 70, "kg", subject=same)
    assert isinstance(found(record), BodySize)


@pytest.mark.parametrize(
    ("status", "body", "code", "again"),
    [
        (401, b"", "archive_wants_another_secret", False),
        (404, b"P-77", "archive_refuses", False),
        (503, b"", "archive_refuses", True),
        (200, b"<html>", "archive_answer_unreadable", False),
        (200, b'{"entry": 7}', "archive_answer_unreadable", False),
        (200, b"[]", "archive_answer_unreadable", False),
    ],
)
def test_a_record_that_does_not_answer_says_why(
    record: Record, status: int, body: bytes, code: str, *, again: bool
) -> None:
    """And nothing of the patient."""
    record.status, record.body = status, body
    with pytest.raises(ArchiveError) as refused:
        found(record)
    assert (refused.value.why.code, refused.value.again) == (code, again)
    assert "P-77" not in str(refused.value)


def test_a_record_that_is_not_there_says_why() -> None:
    """The address without the question, in which the patient's number stands."""
    away = FhirServer(url=f"http://127.0.0.1:{free_port()}/fhir")
    with pytest.raises(ArchiveError) as refused:
        look_up(away, None, Settings.model_validate({}), "P-77", STUDY_DATE)
    assert (refused.value.why.code, refused.value.again) == ("nobody_listens", True)
    assert away.url in str(refused.value)
    assert "P-77" not in str(refused.value)
