"""Every measurement arrives as it was made, or with the reason why it was not."""

from __future__ import annotations

import shutil
from datetime import datetime, timezone
from typing import TYPE_CHECKING

import highdicom as hd
import pytest
from dicom_validators import errors_of
from measured_cases import measured_trunk, results_of, retold
from message_cases import identity, measured
from message_cases import results as message_results
from object_cases import HEADER, trunk_source
from object_checks import IODS, output_of
from pydicom import dcmread

from heimdallr.analyses.registry import ANALYSES
from heimdallr.domain.statements import LANGUAGES
from heimdallr.domain.verification import Verification
from heimdallr.publishing.correction_records import CorrectionRecord, StructureChange
from heimdallr.publishing.dicom.kinds import DicomObject, EarlierValue, ObjectOptions
from heimdallr.publishing.dicom.measurement_codes import UNITS
from heimdallr.publishing.dicom.objects import write_objects
from heimdallr.publishing.dicom.sr_items import Beside
from heimdallr.publishing.dicom.sr_items import measured as sr_measured
from heimdallr.publishing.judgements import judgements
from heimdallr.publishing.palette import display_name
from heimdallr.publishing.report.rows import reason_text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pydicom.dataset import Dataset

    from heimdallr.domain.statements import Language

EARLIER = (
    EarlierValue("liver_vol_cm3", 420.4, "cm3", "20250803"),
    EarlierValue("liver_vol_cm3", 399.0, "cm3", "20240101"),
    EarlierValue("contrast_phase_seconds", 55.0, "s", "20250803"),
)
BINARY = ObjectOptions()


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The trunk, measured."""
    return measured_trunk(tmp_path_factory.mktemp("case"))


@pytest.fixture(scope="module")
def report(case: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its report in English."""
    return _write(case, tmp_path_factory.mktemp("report"))


def _write(case: Path, target: Path, options: ObjectOptions = BINARY) -> Path:
    (one,) = write_objects(
        case, [DicomObject.SR], target, options, source=trunk_source(), earlier=EARLIER
    )
    return one.path


def _items(item: Dataset) -> Iterator[Dataset]:
    yield item
    for child in item.get("ContentSequence", ()):
        yield from _items(child)


def _tracked(report: Path) -> dict[str, list[Dataset]]:
    """Tracking identifier → the items that carry it."""
    found: dict[str, list[Dataset]] = {}
    for item in _items(dcmread(report)):
        for child in item.get("ContentSequence", ()):
            if _name(child) == "112039":
                found.setdefault(str(child.TextValue), []).append(item)
    return found


def _name(item: Dataset) -> str:
    names = item.get("ConceptNameCodeSequence")
    return str(names[0].get("CodeValue", names[0].get("LongCodeValue", ""))) if names else ""


def _texts_named(item: Dataset, code: str) -> list[str]:
    return [str(one.TextValue) for one in _items(item) if _name(one) == code]


def _texts(item: Dataset) -> list[str]:
    return [str(one.TextValue) for one in _items(item) if "TextValue" in one]


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_validator_finds_an_error(case: Path, tmp_path: Path, language: Language) -> None:
    """With references to segments, and without."""
    assert errors_of(_write(case, tmp_path, ObjectOptions(language=language)), IODS["sr"]) == []
    labelmap = ObjectOptions(language=language, segmentation="labelmap")
    assert errors_of(_write(case, tmp_path / "labelmap", labelmap), IODS["sr"]) == []


def test_every_value_is_that_of_the_results(case: Path, report: Path) -> None:
    """Number for number, with its unit; categories as codes; in both directions."""
    tracked = _tracked(report)
    for one in results_of(case).measurements:
        items = tracked.pop(one.name)
        if isinstance(one.value, int | float):
            items = [item for item in items if item.ValueType == "NUM"]
            (value,) = items[0].MeasuredValueSequence
            assert float(value.get("FloatingPointValue", value.NumericValue)) == one.value
            unit = value.MeasurementUnitsCodeSequence[0].CodeValue
            assert unit == {"HU": "[hnsf'U]", "": "1"}.get(one.unit, one.unit)
        else:
            assert not any("MeasuredValueSequence" in item for item in items), one.name
    assert all(item.ValueType == "CONTAINER" for items in tracked.values() for item in items)


def test_what_was_not_measured_carries_its_reason_and_no_number(case: Path, report: Path) -> None:
    """A qualifier of CID 42 where the value would stand, the reason below it; never a zero."""
    tracked = _tracked(report)
    qualifiers = {
        "not_applicable": "114007",
        "not_assessable": "114011",
        "failed": "114006",
    }
    missing = [one for one in results_of(case).measurements if one.value is None]
    assert len(missing) > 10
    for one in missing:
        items = [item for item in tracked[one.name] if item.ValueType == "CODE"]
        assert items[0].ConceptCodeSequence[0].CodeValue == qualifiers[one.status]
        assert reason_text(one, "en") in _texts(items[0])


def test_a_value_stands_beside_its_limit_and_its_earlier_value(report: Path) -> None:
    """Limit, source and flag; the latest earlier value and its date, also of a missing one."""
    tracked = _tracked(report)
    (muscle,) = [one for one in tracked["SMI_cm2_m2"] if one.ValueType == "NUM"]
    told = {_name(one): one for one in _items(muscle)}
    assert told["385524004"].MeasuredValueSequence[0].NumericValue == 34.4
    assert told["121402"].ConceptCodeSequence[0].CodeValue == "371880002"
    assert told["121408"].TextValue.startswith("Derstine 2018")
    for name, value in (("liver_vol_cm3", 420.4), ("contrast_phase_seconds", 55.0)):
        (item,) = [one for one in tracked[name] if one.ValueType in {"NUM", "CODE"}]
        earlier = next(one for one in _items(item) if _name(one) == "earlier_value")
        assert earlier.MeasuredValueSequence[0].NumericValue == value
        assert earlier.ContentSequence[0].Date == "20250803"


@pytest.mark.parametrize(("phase", "told"), [("venous", True), (None, False)])
def test_an_earlier_attenuation_names_its_contrast_phase(phase: str | None, *, told: bool) -> None:
    """Without it the difference would pass for the organ's."""
    liver = measured("liver_hu_eroded_mean", 40.0, "HU")
    earlier = EarlierValue(liver.name, 95.0, "HU", "20250803", phase)
    said = str(sr_measured(liver, 40.0, Beside(earlier=earlier), "en"), "utf-8", "replace")
    assert "20250803" in said
    assert ("ontrast phase: venous" in said) is told


def test_a_threshold_is_no_normal_range() -> None:
    """Of one that no healthy people gave, the report says so in words alone."""
    stone = measured("kidney_stones_right_diameter_mm", 12.0, "mm")
    judgement = judgements(message_results((stone,)), identity())[stone.name]
    said = str(sr_measured(stone, 12.0, Beside(judgement), "en"), "utf-8", "replace")
    assert "Abnormally High" in said
    assert "limit ≤ 10 mm: Assimos 2016, J Urol 196:1161" in said.replace("\xa0", " ")
    assert "Normal Range" not in said


def test_findings_tell_weight_evidence_and_source(case: Path, report: Path) -> None:
    """And the notices come first."""
    tracked = _tracked(report)
    (notices,) = tracked["notices"]
    assert "bundled weights — not for clinical use" in _texts(notices)
    findings = results_of(case).findings
    assert findings
    for one in findings:
        (group,) = tracked[f"finding {one.code} {one.structure}"]
        codes = [item.ConceptCodeSequence[0] for item in _items(group) if item.ValueType == "CODE"]
        assert {"386134007"} <= {str(code.get("CodeValue")) for code in codes}
        texts = _texts(group)
        assert one.title in texts
        assert one.reference in texts
        assert any(text.startswith("Skeletal muscle index at L3") for text in texts)


def test_tissues_of_one_compartment_are_told_apart(report: Path) -> None:
    """Fat between muscles lies in the muscle's compartment: its site says which of both it is."""
    tracked = _tracked(report)
    sites = {}
    for name in ("skeletal_muscle_area_L3_cm2", "intermuscular_fat_area_L3_cm2"):
        (item,) = [one for one in tracked[name] if one.ValueType in {"NUM", "CODE"}]
        found = [one for one in _items(item) if _name(one) == "363698007"]
        sites[name] = [str(one.ConceptCodeSequence[0].CodeMeaning) for one in found]
    assert sites["skeletal_muscle_area_L3_cm2"] == []
    assert len(sites["intermuscular_fat_area_L3_cm2"]) == 1


def test_volumes_refer_to_the_segment_that_was_measured(case: Path, tmp_path: Path) -> None:
    """Its UID and number are those of the BINARY segmentation that is written beside it.

    A segment that is one slice of a tissue is none to refer a volume to.
    """
    written = write_objects(
        case, [DicomObject.SEG, DicomObject.SR], tmp_path, source=trunk_source(), earlier=EARLIER
    )
    segments = {
        (str(dataset.SOPInstanceUID), int(one.SegmentNumber)): str(one.SegmentLabel)
        for dataset in map(dcmread, (one.path for one in written if one.kind is DicomObject.SEG))
        for one in dataset.SegmentSequence
        if "at L3 only" not in one.SegmentDescription
    }
    report = hd.sr.srread(written[-1].path)
    groups = report.content.get_volumetric_roi_measurement_groups()
    assert len(groups) >= 5
    for group in groups:
        (_, structure, *_) = group.tracking_identifier.split(" ")
        segment = next(one for one in _items(group[0]) if _name(one) == "121191")
        (reference,) = segment.ReferencedSOPSequence
        key = (reference.ReferencedSOPInstanceUID, reference.ReferencedSegmentNumber)
        assert segments[key] == display_name(structure)
    evidence = report.CurrentRequestedProcedureEvidenceSequence[0].ReferencedSeriesSequence
    uids = {
        one.ReferencedSOPInstanceUID for series in evidence for one in series.ReferencedSOPSequence
    }
    assert {uid for uid, _ in segments} <= uids


def test_no_segment_of_a_label_map_is_referred_to(case: Path, tmp_path: Path) -> None:
    """Validators and DCMTK refuse that."""
    path = _write(case, tmp_path, ObjectOptions(segmentation="labelmap"))
    assert not any(_name(one) == "121191" for one in _items(dcmread(path)))


def test_highdicom_reads_every_group(case: Path, report: Path) -> None:
    """Another reader than ours sees the same numbers."""
    content = hd.sr.srread(report).content
    groups = [
        *content.get_volumetric_roi_measurement_groups(),
        *content.get_image_measurement_groups(),
    ]
    read = {
        next(iter(_texts_named(measurement[0], "112039"))): measurement.value
        for group in groups
        for measurement in group.get_measurements()
    }
    expected = {
        one.name: one.value
        for one in results_of(case).measurements
        if isinstance(one.value, int | float)
    }
    assert read == expected
    assert all(group.get_qualitative_evaluations() is not None for group in groups)


def test_dcmtk_reads_it(report: Path, tmp_path: Path) -> None:
    """As a tree and as a page."""
    assert "Imaging Measurement Report" in output_of("dsrdump", report)
    page = tmp_path / "report.html"
    output_of("dsr2html", report, page)
    assert "not assessable" in page.read_text(errors="replace")


def test_a_verified_report_names_who_verified_it(case: Path, report: Path, tmp_path: Path) -> None:
    """Another object than the preliminary one, which it may take the place of."""
    plain = dcmread(report)
    assert (plain.VerificationFlag, plain.PreliminaryFlag) == ("UNVERIFIED", "PRELIMINARY")
    assert "VerifyingObserverSequence" not in plain
    at = datetime(2026, 2, 2, 8, 30, tzinfo=timezone.utc)
    before = (plain.SeriesInstanceUID, plain.SOPClassUID, plain.SOPInstanceUID)
    for name, told in (("ana", "ana"), ("", "not told")):
        options = ObjectOptions(replaces=(before,), verification=Verification(name, at))
        path = _write(case, tmp_path / told, options)
        assert errors_of(path, IODS["sr"]) == []
        found = dcmread(path)
        assert (found.VerificationFlag, found.PreliminaryFlag) == ("VERIFIED", "FINAL")
        (who,) = found.VerifyingObserverSequence
        assert (who.VerifyingObserverName, who.VerificationDateTime) == (
            told,
            "20260202083000+0000",
        )
        assert who.VerifyingOrganization
        assert found.SOPInstanceUID != plain.SOPInstanceUID


@pytest.mark.parametrize("task", ["total", "total_mr"])
def test_a_group_tells_whose_its_outline_is(case: Path, tmp_path: Path, task: str) -> None:
    """The networks' by name, also where their label map has another name than the task."""
    folder = tmp_path / "case"
    shutil.copytree(case, folder)
    labels = (folder / "labels/labels.json").read_text()
    (folder / "labels/labels.json").write_text(labels.replace('"task":"total"', f'"task":"{task}"'))
    results = results_of(folder)
    at = datetime(2026, 2, 2, 8, 30, tzinfo=timezone.utc)
    changes = [
        StructureChange(
            task=task,
            structure=structure,
            voxels_added=9,
            voxels_removed=0,
            dice=None,
            volume_before_cm3=before,
            volume_after_cm3=before + 1,
        )
        for structure, before in (("liver", 900.0), ("spleen", 0.0))
    ]
    drawn = CorrectionRecord(
        number=1, kind="voxels", by="user:ana", at=at, base="0" * 32, structures=changes
    )
    records = [
        one.model_copy(update={"task": task}) if one.task == "total" else one
        for one in results.provenance.segmentations
    ]
    told = results.provenance.model_copy(update={"corrections": [drawn], "segmentations": records})
    retold(folder, results=results.model_copy(update={"provenance": told}))
    path = _write(folder, tmp_path / "out")
    assert errors_of(path, IODS["sr"]) == []
    tracked = _tracked(path)
    for structure, networks, corrected in (
        ("liver", [f"heimdallr {task}"], True),
        ("spleen", [], True),
        ("kidney_left", [f"heimdallr {task}"], False),
    ):
        (group,) = tracked[f"organ_volumetry {structure} total"]
        assert _texts_named(group, "111001") == networks
        below = [str(one.get("TextValue", "")) for one in group.ContentSequence]
        assert ("corrected by a person" in below) is corrected


def test_made_again_it_is_the_same_object(case: Path, report: Path, tmp_path: Path) -> None:
    """Byte for byte; with other earlier values it is another one."""
    assert _write(case, tmp_path).read_bytes() == report.read_bytes()
    (other,) = write_objects(case, [DicomObject.SR], tmp_path, source=trunk_source())
    assert other.sop_instance_uid != dcmread(report).SOPInstanceUID


def test_every_unit_has_a_code() -> None:
    """Of every number that any analysis declares; UCUM has no `HU`."""
    units = {output.unit for analysis in ANALYSES.values() for output in analysis.OUTPUTS}
    assert units <= set(UNITS)
    assert all(code.scheme_designator == "UCUM" for code in UNITS.values())


def test_it_names_the_order_it_answers(case: Path, tmp_path: Path) -> None:
    """Accession, placer and filler numbers, as far as the images tell them."""
    header = {
        **HEADER,
        "00402016": {"vr": "LO", "Value": ["PLACER-1"]},
        "00402017": {"vr": "LO", "Value": ["FILLER-2"]},
        "00400275": {"vr": "SQ", "Value": [{"00401001": {"vr": "SH", "Value": ["RP-3"]}}]},
    }
    (one,) = write_objects(case, [DicomObject.SR], tmp_path, source=trunk_source(header))
    assert errors_of(one.path, IODS["sr"]) == []
    (request,) = dcmread(one.path).ReferencedRequestSequence
    assert request.AccessionNumber == "123456"
    assert request.PlacerOrderNumberImagingServiceRequest == "PLACER-1"
    assert request.FillerOrderNumberImagingServiceRequest == "FILLER-2"
    assert request.RequestedProcedureID == "RP-3"


def test_it_stays_small(report: Path) -> None:
    """No image library; a study of 600 images has no larger one."""
    assert report.stat().st_size < 200_000


def test_an_mr_study_has_its_report(case: Path, tmp_path: Path) -> None:
    """Another procedure, the same report; the folder lost its masks to retention."""
    header = {**HEADER, "00080060": {"vr": "CS", "Value": ["MR"]}}
    folder = _without_masks(case, tmp_path / "case")
    told = results_of(folder).model_copy(update={"modality": "MR"})
    retold(folder, results=told)
    (one,) = write_objects(folder, [DicomObject.SR], tmp_path / "out", source=trunk_source(header))
    assert errors_of(one.path, IODS["sr"]) == []
    procedures = [item for item in _items(dcmread(one.path)) if _name(item) == "121058"]
    assert procedures[0].ConceptCodeSequence[0].CodeValue == "113091000"


def _without_masks(case: Path, copy: Path) -> Path:
    copy.mkdir()
    for name in ("resultados.json", "id.json"):
        (copy / name).write_bytes((case / name).read_bytes())
    return copy
