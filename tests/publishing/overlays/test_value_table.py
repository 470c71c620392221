"""The table of values leaves nothing out and names nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from measured_cases import measured_trunk, results_of

from heimdallr.domain.statements import LANGUAGES
from heimdallr.domain.terms import measurement_name, quantity_text
from heimdallr.publishing.dicom.kinds import EarlierValue
from heimdallr.publishing.overlays.canvas import Canvas
from heimdallr.publishing.overlays.value_table import SIZE, value_table
from heimdallr.publishing.report.rows import latest
from heimdallr.publishing.report.table_rows import other_sections
from heimdallr.publishing.schema import read_identity

if TYPE_CHECKING:
    from pathlib import Path

    from heimdallr.domain.statements import Language

EARLIER = (EarlierValue("liver_vol_cm3", 420.4, "cm3", "20250803"),)


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The trunk, measured."""
    return measured_trunk(tmp_path_factory.mktemp("case"))


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every text that is set, while it is set."""
    texts: list[str] = []
    setting = Canvas.text

    def note(canvas: Canvas, position: tuple[float, float], text: str, *others: object,
             **more: object) -> int:  # fmt: skip
        texts.append(text.replace("\N{NO-BREAK SPACE}", " "))
        return setting(canvas, position, text, *others, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(Canvas, "text", note)
    return texts


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_value_is_on_a_sheet(case: Path, written: list[str], language: Language) -> None:
    """With its unit; limits and earlier values too; what every reader has to know first."""
    results, identity = results_of(case), read_identity(case)
    sheets = value_table(results, identity, language, EARLIER)
    assert all((sheet.width, sheet.height) == SIZE for sheet in sheets)
    text = " ".join(written)
    for one in results.measurements:
        if isinstance(one.value, float) and not one.name.endswith("_std"):
            told = quantity_text(one.value, one.unit, language).replace("\N{NO-BREAK SPACE}", " ")
            assert told in text, one.name
    words = {
        "en": ("Bundled weights", "Low skeletal muscle mass", "≥ 34.4 cm²", "420 cm³, 3 Aug 2025"),
        "pt": ("Pesos incluídos", "Massa muscular", "≥ 34,4 cm²", "420 cm³, 3 de ago. de 2025"),
    }[language]
    assert all(one in text for one in words)


def test_nobody_is_named(case: Path, written: list[str]) -> None:
    """Pictures are copied into talks and mails."""
    value_table(results_of(case), read_identity(case), "en", EARLIER)
    text = " ".join(written).lower()
    assert not any(one in text for one in ("silva", "maria", "p-77", "123456", "1960"))


def test_a_reason_that_all_share_is_told_once(case: Path) -> None:
    """Eleven numbers of a bleed without a head are one line."""
    results = results_of(case)
    sections = other_sections(results.measurements, set(), latest(EARLIER), "en")
    (bleed,) = [one for one in sections if one.title == "Intracerebral haemorrhage"]
    assert [line.name for line in bleed.lines] == ["Measurements: 11"]
    assert "head" in bleed.lines[0].told


def test_structures_have_one_line_each(case: Path) -> None:
    """Volume, attenuation and its spread side by side."""
    sections = other_sections(results_of(case).measurements, set(), {}, "en")
    lines = {line.name: line.told for one in sections for line in one.lines}
    assert lines["Vertebra L3"].count("HU") == 2
    assert "±" in lines["Vertebra L3"]
    assert measurement_name("skeletal_muscle_scanned_vol_cm3", "en") in lines
