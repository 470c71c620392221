"""What the report says is what the dashboard's page says."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from measured_cases import measured_trunk, results_of, retold

import heimdallr
from heimdallr.analyses.rules.rule_table import packaged_rules
from heimdallr.domain.statements import LANGUAGES, Language
from heimdallr.domain.verification import Verification
from heimdallr.publishing.dicom.kinds import EarlierValue
from heimdallr.publishing.publish import DRAWINGS
from heimdallr.publishing.report.content import (
    KEY,
    KNOWN_PICTURES,
    PICTURE_OF,
    PICTURES,
    read_content,
)
from heimdallr.publishing.report.evidence import evidence_text
from heimdallr.publishing.report.rows import earlier_text

ROOT = Path(heimdallr.__file__).parents[2]
WORDS = Path(heimdallr.__file__).parent / "domain" / "words" / "report.json"


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The trunk, measured."""
    return measured_trunk(tmp_path_factory.mktemp("case"))


def test_key_rows_are_those_of_the_page() -> None:
    """The same analyses in the same order, the same measurements of each."""
    page = (ROOT / "frontend/src/pages/report/keyRows.ts").read_text("utf-8")
    table = page.split("= {")[1].split("};")[0]
    patterns = dict(re.findall(r"(\w+): \[\s*/(.+?)/,?\s*\]", table))
    assert list(patterns) == list(KEY)
    names = {
        *("SMA_cm2", "SMI_cm2_m2", "muscle_HU_mean", "muscle_HU_std", "liver_vol_cm3"),
        *("liver_hu_eroded_mean", "aorta_hu_eroded_mean", "visceral_fat_area_L3_cm2"),
        *("visceral_fat_area_L4_cm2", "contrast_phase", "contrast_phase_fine", "body_regions"),
        *("hemorrhage_vol_cm3", "hemorrhage_side", "hemorrhage_alert", "hemorrhage_abc2_cm3"),
    }
    for analysis, pattern in patterns.items():
        ours = {name for name in names if re.fullmatch(KEY[analysis], name)}
        theirs = {name for name in names if re.search(pattern, name)}
        assert ours == theirs, analysis


def test_pictures_are_those_of_the_page() -> None:
    """The usual ones, and those of findings; each finding and each picture is known."""
    page = (ROOT / "frontend/src/pages/report/reportPictures.ts").read_text("utf-8")
    usual, of_findings = page.split("const PICTURE_OF")
    assert re.findall(r'"(\w+\.png)"', usual) == list(PICTURES)
    assert dict(re.findall(r'(\w+): "(\w+\.png)"', of_findings)) == PICTURE_OF
    assert {rule.code for rule in packaged_rules()} >= set(PICTURE_OF)
    known = {f"{name}.png" for name in KNOWN_PICTURES}
    assert known >= {*PICTURES, *PICTURE_OF.values()}


def test_every_word_stands_in_both_languages() -> None:
    """And none is left of one that went."""
    words = json.loads(WORDS.read_text("utf-8"))
    assert all(len(pair) == len(LANGUAGES) and all(pair) for pair in words.values())
    assert {name for name in words if name.startswith("picture_")} == {
        f"picture_{name}" for name in KNOWN_PICTURES
    }
    assert all(any(name.startswith(kind) for name in KNOWN_PICTURES) for kind in DRAWINGS)


def test_the_latest_earlier_value_stands_beside_a_value(case: Path) -> None:
    """Of several; a measurement that was not made has its earlier value too."""
    earlier = (
        EarlierValue("contrast_phase", 1.0, "", "20250101"),
        EarlierValue("liver_vol_cm3", 399.0, "cm3", "20240101"),
        EarlierValue("liver_vol_cm3", 420.4, "cm3", "20250803"),
    )
    rows = {one.key: one for one in read_content(case, "en", earlier).rows}
    assert rows["liver_vol_cm3"].earlier.endswith("3 Aug 2025")
    assert rows["contrast_phase"].reason.startswith("not assessable")
    assert rows["contrast_phase"].earlier.endswith("1 Jan 2025")
    liver = EarlierValue("liver_hu_eroded_mean", 95.0, "HU", "20250803", "venous")
    assert earlier_text(liver, "en").endswith("HU, 3 Aug 2025, venous")
    assert rows["SMI_cm2_m2"].flag == "↓ low"
    assert rows["SMI_cm2_m2"].source == "Derstine 2018"


@pytest.mark.parametrize(
    ("by", "language", "told"),
    [
        (None, "en", "No person has verified these results"),
        (None, "pt", "Nenhuma pessoa verificou estes resultados"),
        ("ana", "en", "Results verified by ana, 2 Feb 2026, 05:30 -03:00"),
        ("", "pt", "Resultados verificados em 2 de fev. de 2026, 05:30 -03:00"),
    ],
)
def test_it_says_whether_a_person_has_verified(
    case: Path, by: str | None, language: Language, told: str
) -> None:
    """In the zone of the results; without a name where nobody has an account."""
    at = datetime(2026, 2, 2, 8, 30, tzinfo=timezone.utc)
    said = None if by is None else Verification(by, at)
    content = read_content(case, language, verification=said)
    zone = timezone(timedelta(hours=-3))
    content = replace(content, created_at=content.created_at.astimezone(zone))
    assert content.verified == told


@pytest.mark.parametrize(
    ("years", "told"),
    [(66.4, "66 years"), (1.5, "18 months"), (1 / 12, "1 month"), (0.01, "4 days")],
)
def test_an_age_is_told_in_the_unit_that_says_something(
    case: Path, tmp_path: Path, years: float, told: str
) -> None:
    """Years from two on, months, and days of a newborn."""
    for name in ("resultados.json", "id.json"):
        (tmp_path / name).write_bytes((case / name).read_bytes())
    retold(tmp_path, age_years=years)
    facts = [one.value for one in read_content(tmp_path, "en").facts]
    assert f"female, {told}" in facts


def test_results_older_than_codes_are_told_in_their_own_words(case: Path, tmp_path: Path) -> None:
    """Their texts are English; better than nothing at all."""
    for name in ("resultados.json", "id.json"):
        (tmp_path / name).write_bytes((case / name).read_bytes())
    results = results_of(tmp_path)
    measurements = [one.model_copy(update={"reason_coded": None}) for one in results.measurements]
    findings = [
        one.model_copy(update={"title_coded": None, "caveats_coded": []})
        for one in results.findings
    ]
    told = results.model_copy(
        update={"measurements": measurements, "findings": findings, "notices_coded": []}
    )
    retold(tmp_path, results=told)
    content = read_content(tmp_path, "pt")
    assert content.notices == ("Bundled weights — not for clinical use",)
    assert content.findings[0].title == "Low skeletal muscle mass at L3"


@pytest.mark.parametrize(
    ("name", "value", "language", "told"),
    [
        ("SMA_cm2", 87.68, "en", "Skeletal muscle area at L3 (SMA): 87.7 cm²"),
        ("limit_prado_2008", 38.5, "pt", "Limite (Prado 2008): 38,50"),
        ("liver_cm3", 1523.2, "en", "Liver: 1,523 cm³"),
        ("kvp", 120, "en", "Tube voltage: 120 kV"),
        ("liver_vol_cm3", "inferior,left", "en", "Liver, volume: inferior, left"),
        ("core_cm3", None, "en", "Volume left: —"),
    ],
)
def test_evidence_has_names_and_units(
    name: str, value: float | str | None, language: Language, told: str
) -> None:
    """Measurements, limits, structures; edges where something was cut off."""
    assert evidence_text(name, value, language).replace("\N{NO-BREAK SPACE}", " ") == told
