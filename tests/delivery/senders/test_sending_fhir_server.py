"""A FHIR server that executes transactions, and servers that refuse, stall and vanish."""

from __future__ import annotations

import json
import threading
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import pytest
from fake_web import FakeWeb, Request, Told
from fhir_records import running_record
from message_cases import CT, case_folder, identity, results, source

from heimdallr.delivery.destinations import FhirServer
from heimdallr.delivery.messages.fhir_bundle import MEDIA_TYPE, write_fhir_bundle
from heimdallr.delivery.messages.reported_case import read_case, reported_names
from heimdallr.delivery.senders.fhir_server import FhirServerSender
from heimdallr.delivery.senders.own_node import OwnNode, Patience
from heimdallr.delivery.sending import Answer, Fate, Item
from heimdallr.domain.verification import Verification

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

OWN = OwnNode("HEIMDALLR", patience=Patience(connect_s=2.0, answer_s=0.5, store_s=2.0))


def fhir(post: Told, report: str | None = None, *, wait: threading.Event | None = None) -> FakeWeb:
    """A server that answers so to a transaction, and has a report of this status already."""
    resource = {"resourceType": "DiagnosticReport", "status": report}
    entry = [{"resource": resource}] if report else []
    found = {"resourceType": "Bundle", "type": "searchset", "entry": entry}

    def answer(request: Request) -> Told:
        if request.method == "GET":
            return Told(200, json.dumps(found).encode(), MEDIA_TYPE)
        if wait:
            wait.wait(10)
        return post

    return FakeWeb(answer)


@pytest.fixture
def bundle(tmp_path: Path) -> Item:
    """The bundle of a case."""
    path = tmp_path / "bundle.json"
    write_fhir_bundle(read_case(case_folder(tmp_path / "case", images=source())), path)
    return Item("1", path, MEDIA_TYPE)


def sent(url: str, *items: Item, user: str = "", key: str = "") -> dict[str, Answer]:
    """What a sender says of items."""
    return dict(FhirServerSender(FhirServer(url=url, user=user), key, OWN).send(items))


def outcome(text: str) -> str:
    """An OperationOutcome that says so."""
    issue = [
        {"severity": "information", "code": "informational", "diagnostics": "by the way"},
        {"severity": "error", "code": "processing", "diagnostics": text},
    ]
    return json.dumps({"resourceType": "OperationOutcome", "issue": issue})


def test_a_case_arrives_once_and_a_revision_replaces_it(tmp_path: Path, bundle: Item) -> None:
    """A server that executes conditional creates and updates: nothing is doubled, ever."""
    with running_record() as server:
        for _ in range(3):
            assert sent(server.base_url, bundle)["1"] == Answer(Fate.SENT)
        counts = server.store.counts()
        assert counts["Observation"] == len(CT) + 1
        assert {
            kind: count for kind, count in counts.items() if kind != "Observation"
        } == dict.fromkeys(
            ("Patient", "ImagingStudy", "Device", "DiagnosticReport", "Provenance"), 1
        )
        path = tmp_path / "revision.json"
        folder = case_folder(tmp_path / "revision", results(CT[1:], ()), images=source())
        write_fhir_bundle(read_case(folder, unsaid=reported_names(results())), path)
        assert sent(server.base_url, Item("2", path, MEDIA_TYPE))["2"] == Answer(Fate.SENT)
        observations = server.store.all("Observation")
        assert len(observations) == len(CT) + 1
        gone = [one for one in observations if one["status"] == "entered-in-error"]
        assert len(gone) == 2
        report = server.store.all("DiagnosticReport")[0]
        assert len(report["result"]) == len(CT) - 1
        assert all(one["reference"].startswith("Observation/") for one in report["result"])
        assert server.store.counts()["Provenance"] == 2


@pytest.mark.parametrize("is_ours", [True, False])
def test_a_study_that_is_another_patients_now_takes_its_study_along(
    tmp_path: Path, *, is_ours: bool
) -> None:
    """What an earlier bundle made of it; another system's ImagingStudy is that one's to correct."""
    with running_record() as server:
        for patient_id in ("P-77", "P-78"):
            folder = case_folder(tmp_path / patient_id, who=identity(patient_id=patient_id))
            path = tmp_path / f"{patient_id}.json"
            write_fhir_bundle(read_case(folder), path)
            assert sent(server.base_url, Item("1", path, MEDIA_TYPE))["1"] == Answer(Fate.SENT)
            if not is_ours:
                (versions,) = server.store.data["ImagingStudy"].values()
                versions[-1]["meta"]["tag"] = []
        numbers = {
            one["identifier"][0]["value"]: f"Patient/{one['id']}"
            for one in server.store.all("Patient")
        }
        (study,) = server.store.all("ImagingStudy")
        expected = numbers["P-78" if is_ours else "P-77"]
        assert study["subject"]["reference"] == expected
        for kind in ("Observation", "DiagnosticReport"):
            found = {one["subject"]["reference"] for one in server.store.all(kind)}
            assert found == {numbers["P-78"]}


@pytest.mark.parametrize(
    ("studies", "patients", "is_replaced"),
    [
        ([("ours", "Patient/7")], ["8"], True),
        ([("ours", "https://record/fhir/Patient/7/_history/2")], [], True),
        ([("ours", "https://record/fhir/Patient/8/_history/2")], ["8"], False),
        ([("ours", "")], ["8"], False),
        ([("ours", "Patient/7")], None, False),
        ([("theirs", "Patient/7")], ["8"], False),
        ([("ours", "Patient/7"), ("theirs", "Patient/7")], ["8"], False),
        ([], ["8"], False),
    ],
)
def test_a_study_is_replaced_where_it_is_ours_and_another_patients(
    bundle: Item,
    studies: list[tuple[str, str]],
    patients: list[str] | None,
    *,
    is_replaced: bool,
) -> None:
    """Nobody found by our identifier is somebody else too; a server that does not say leaves it."""
    whole = bundle.path.read_bytes()
    (system,) = {
        tag["system"]
        for entry in json.loads(whole)["entry"]
        if entry["resource"]["resourceType"] == "ImagingStudy"
        for tag in entry["resource"]["meta"]["tag"]
    }
    there = [
        {
            "resourceType": "ImagingStudy",
            "meta": {"tag": [{"system": system if whose == "ours" else "urn:else", "code": "1"}]},
            "subject": {"reference": reference},
        }
        for whose, reference in studies
    ]
    people = [{"resourceType": "Patient", "id": one} for one in patients or ()]

    def answer(request: Request) -> Told:
        if request.method == "POST":
            return Told(200, taken(bundle, 1000), MEDIA_TYPE)
        if "/Patient?" in request.path and patients is None:
            return Told(403, b"", MEDIA_TYPE)
        found = people if "/Patient?" in request.path else there
        return Told(200, searchset(*found), MEDIA_TYPE)

    server = FakeWeb(answer)
    with server.running() as url:
        assert sent(url, bundle)["1"] == Answer(Fate.SENT)
    (posted,) = (one.body for one in server.asked if one.method == "POST")
    created = b'"request":{"method":"POST","url":"ImagingStudy","ifNoneExist":"'
    replaced = b'"request":{"method":"PUT","url":"ImagingStudy?'
    assert whole.count(created) == 1
    assert posted == (whole.replace(created, replaced) if is_replaced else whole)


PARTLY = json.dumps(
    {
        "resourceType": "Bundle",
        "type": "transaction-response",
        "entry": [{"response": {"status": "201"}}, {"response": {"status": "422 No"}}],
    }
)


UNTOLD = json.dumps({"resourceType": "Bundle", "type": "transaction-response"})

NULLS = json.dumps(
    {
        "resourceType": "OperationOutcome",
        "issue": [
            None,
            {"severity": "error", "details": {"text": "status is missing"}, "diagnostics": None},
        ],
    }
)


@pytest.mark.parametrize(
    ("answer", "fate", "code"),
    [
        ((409, outcome("version conflict")), Fate.LATER, "web_failed"),
        ((412, outcome("2 matches")), Fate.REFUSED, "fhir_several_match"),
        ((422, outcome("status is missing")), Fate.REFUSED, "web_refused"),
        ((409, ""), Fate.LATER, "web_failed"),
        ((412, "<html>no</html>"), Fate.REFUSED, "fhir_several_match"),
        ((422, NULLS), Fate.REFUSED, "web_refused"),
        ((400, "not even JSON"), Fate.REFUSED, "web_refused"),
        ((401, outcome("who are you")), Fate.REFUSED, "web_sign_in_refused"),
        ((404, outcome("nothing")), Fate.REFUSED, "web_address_wrong"),
        ((302, ""), Fate.REFUSED, "web_redirected"),
        ((429, ""), Fate.LATER, "web_failed"),
        ((503, outcome("maintenance")), Fate.LATER, "web_failed"),
        ((504, ""), Fate.LATER, "web_failed"),
        ((200, "<html>sign in</html>"), Fate.REFUSED, "no_fhir_server"),
        ((200, "{}"), Fate.REFUSED, "no_fhir_server"),
        ((200, PARTLY), Fate.REFUSED, "transaction_in_part"),
        ((200, UNTOLD), Fate.REFUSED, "transaction_untold"),
    ],
)
def test_what_an_answer_means(bundle: Item, answer: tuple[int, str], fate: Fate, code: str) -> None:
    """Whether trying again may help, and what to do where it does not."""
    status, body = answer
    headers = {"Location": "http://elsewhere.invalid/"} if status == 302 else {}
    with fhir(Told(status, body.encode(), MEDIA_TYPE, headers)).running() as url:
        found = sent(url, bundle)["1"]
    assert found.why is not None
    assert (found.fate, found.why.code) == (fate, code)
    assert found.may_have_arrived is (status in {200, 504})
    if status == 422:
        assert "status is missing" in found.why.text
        assert "by the way" not in found.why.text


def test_a_server_that_sends_every_resource_back(bundle: Item) -> None:
    """``Prefer: return=minimal`` is a wish. A device has a type that is no word."""
    resources: list[object] = [
        {"resourceType": "Device", "type": {"text": "software"}, "status": "active"},
        {"resourceType": "ImagingStudy", "status": "available", "issue": "1", "entry": "2"},
        None,
    ]
    resources *= len(json.loads(bundle.path.read_bytes())["entry"])
    entry = [{"response": {"status": "201 Created"}, "resource": one} for one in resources]
    told = {"resourceType": "Bundle", "type": "transaction-response", "entry": entry}
    with fhir(Told(200, json.dumps(told).encode(), MEDIA_TYPE)).running() as url:
        assert sent(url, bundle)["1"] == Answer(Fate.SENT)


def searchset(*resources: Mapping[str, object]) -> bytes:
    """What a server found."""
    entry = [{"resource": one} for one in resources]
    return json.dumps({"resourceType": "Bundle", "type": "searchset", "entry": entry}).encode()


def taken(bundle: Item, size: int) -> bytes:
    """A server's word that it took a bundle, with resources that have so many bytes together."""
    count = len(json.loads(bundle.path.read_bytes())["entry"])
    resource = {"resourceType": "Observation", "note": "x" * (size // count)}
    entry = [{"response": {"status": "201 Created"}, "resource": resource}] * count
    told = {"resourceType": "Bundle", "type": "transaction-response", "entry": entry}
    return json.dumps(told).encode()


def test_long_answers_are_read_to_their_end(bundle: Item) -> None:
    """A report that is there with its PDF, and a server that sends back all of a large case."""
    pdf = {"contentType": "application/pdf", "data": "x" * 1_500_000}
    report = {"resourceType": "DiagnosticReport", "presentedForm": [pdf], "status": "preliminary"}
    there, done = searchset(report), taken(bundle, 2_000_000)

    def answer(request: Request) -> Told:
        return Told(200, there if request.method == "GET" else done, MEDIA_TYPE)

    with FakeWeb(answer).running() as url:
        assert sent(url, bundle)["1"] == Answer(Fate.SENT)


def test_a_signed_report_with_its_pdf_is_known_as_signed(bundle: Item) -> None:
    """Its status stands behind its pages."""
    pdf = {"contentType": "application/pdf", "data": "x" * 1_500_000}
    report = {"resourceType": "DiagnosticReport", "presentedForm": [pdf], "status": "final"}
    with FakeWeb(lambda _: Told(200, searchset(report), MEDIA_TYPE)).running() as url:
        found = sent(url, bundle)["1"]
    assert found.why is not None
    assert found.why.code == "report_signed_already"


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_answer_without_end_is_no_wrong_address(
    bundle: Item, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is known of what was sent: it is sent again, as the same."""
    size = bundle.path.stat().st_size
    monkeypatch.setattr("heimdallr.delivery.senders.fhir_server._LONGEST_ANSWER", 1000)

    def answer(request: Request) -> Told:
        body = taken(bundle, 5 * size) if request.method == method else searchset()
        return Told(200, body, MEDIA_TYPE)

    with FakeWeb(answer).running() as url:
        found = sent(url, bundle)["1"]
    assert found.why is not None
    assert (found.fate, found.why.code) == (Fate.LATER, "web_answer_too_long")


def test_a_report_that_somebody_signed_stays(bundle: Item) -> None:
    """It is asked for before anything is sent."""
    server = fhir(Told(), "final")
    with server.running() as url:
        found = sent(url, bundle)["1"]
    assert found.why is not None
    assert (found.fate, found.why.code) == (Fate.REFUSED, "report_signed_already")
    assert [one.method for one in server.asked] == ["GET"]


VERIFIED = Verification("ana", datetime(2026, 2, 2, 8, 30, tzinfo=timezone.utc))


def verified(folder: Path, number: int, **facts: Any) -> tuple[Item, str]:  # noqa: ANN401
    """A bundle of results that a person has verified, and what names them."""
    facts.setdefault("verification", VERIFIED)
    case = read_case(case_folder(folder / str(number), results(CT[:number])), **facts)
    path = folder / f"{number}.json"
    write_fhir_bundle(case, path)
    return Item(str(number), path, MEDIA_TYPE), case.digest


def test_a_report_that_was_verified_here_is_corrected_and_nobody_elses(tmp_path: Path) -> None:
    """Sent again it stays; a correction that a person verified replaces it, other results do not.

    Nor does the correction, once somebody there has amended the report.
    """
    with running_record() as server:
        first, digest = verified(tmp_path, 1)
        for _ in range(2):
            assert sent(server.base_url, first)["1"] == Answer(Fate.SENT)
        assert server.store.all("DiagnosticReport")[0]["status"] == "final"
        stranger, _ = verified(tmp_path, 3, corrects=("0" * 64,))
        unsigned, _ = verified(tmp_path, 4, verification=None, corrects=(digest,))
        for one in (stranger, unsigned):
            assert sent(server.base_url, one)[one.key].fate is Fate.REFUSED
        second, digest = verified(tmp_path, 2, corrects=(digest,))
        assert sent(server.base_url, second)["2"] == Answer(Fate.SENT)
        report = server.store.all("DiagnosticReport")[0]
        assert (report["status"], len(report["result"])) == ("corrected", 3)
        third, _ = verified(tmp_path, 5, corrects=(digest,))
        (versions,) = server.store.data["DiagnosticReport"].values()
        versions[-1]["status"] = "amended"
        why = sent(server.base_url, third)["5"].why
        assert why is not None
        assert (why.code, why.parameters) == ("report_signed_already", {"status": "amended"})


def test_a_server_that_stalls_holds_nobody_for_ever(bundle: Item) -> None:
    """Later; what comes behind was not tried."""
    released = threading.Event()
    with fhir(Told(), wait=released).running() as url:
        found = sent(url, bundle, Item("2", bundle.path, MEDIA_TYPE))
        released.set()
    assert [key for key, one in found.items() if one.fate is Fate.LATER] == ["1"]
    assert found["1"].may_have_arrived
    assert "2" not in found


def test_nobody_there(bundle: Item) -> None:
    """A port that nobody listens on."""
    with fhir(Told()).running() as url:
        pass
    found = sent(url, bundle)["1"]
    assert found.why is not None
    assert (found.fate, found.why.code) == (Fate.LATER, "nobody_listens")
    assert not found.may_have_arrived


def test_a_server_that_fails_before_a_bundle_goes_has_none(bundle: Item) -> None:
    """It was asked for the report only."""
    with FakeWeb(lambda _: Told(504, b"", MEDIA_TYPE)).running() as url:
        found = sent(url, bundle)["1"]
    assert (found.fate, found.may_have_arrived) == (Fate.LATER, False)


def test_a_bundle_that_is_taken_away_does_not_go(bundle: Item) -> None:
    """It waits; whoever took it away says what becomes of it."""
    bundle.path.unlink()
    server = fhir(Told())
    with server.running() as url:
        found = sent(url, bundle)["1"]
    assert (found.fate, server.asked) == (Fate.LATER, [])


def test_secrets_go_to_the_server(bundle: Item) -> None:
    """A bearer token, or a user and a password."""
    server = fhir(Told())
    with server.running() as url:
        sent(url, bundle, key="t0ken")
        sent(url, bundle, key="pass", user="heimdallr")
    told = [one.headers["authorization"].split()[0] for one in server.asked]
    assert told == ["Bearer"] * 3 + ["Basic"] * 3


def test_a_test_leaves_nothing_there() -> None:
    """It reads the capability statement; a server that is none is told from one that is."""
    with running_record() as server:
        checks = FhirServerSender(FhirServer(url=server.base_url), "", OWN).test()
        assert [(one.name, one.ok) for one in checks] == [
            ("reachable", True),
            ("metadata", True),
            ("transaction", None),
        ]
        assert server.store.counts() == {}
    with fhir(Told()).running() as url:
        checks = FhirServerSender(FhirServer(url=url), "", OWN).test()
        assert [(one.name, one.ok) for one in checks] == [("reachable", True), ("metadata", False)]
    assert [one.ok for one in FhirServerSender(FhirServer(url=url), "", OWN).test()] == [False]
