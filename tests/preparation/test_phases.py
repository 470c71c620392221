"""What descriptions in several languages tell about the contrast phase."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from heimdallr.preparation.headers import scan
from heimdallr.preparation.phases import agent_given, phase_from_words, says_enhanced
from heimdallr.preparation.selection import select

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.mark.parametrize(
    ("description", "phase"),
    [
        ("Abdome sem contraste", "native"), ("ABD S/C", "native"), ("Nativ 3.0", "native"),
        ("Abdomen w/o contrast", "native"), ("5/5mm Plain", "native"), ("TC simples", "native"),
        ("pre-contrast", "native"), ("Head C- 5.0", "native"), ("ohne KM", "native"),
        ("Arterial 1.5", "arterial"), ("FASE ARTERIAL", "arterial"), ("late arterial", "arterial"),
        ("Thorax art. Phase", "arterial"), ("CTA Aorta", "arterial"),
        ("Portal venous 3mm", "venous"), ("Fase venosa", "venous"), ("portalvenös", "venous"),
        ("angio venosa", "venous"), ("FASE PORTAL", "venous"),
        ("Fase tardia", "delayed"), ("EXCRETORA", "delayed"), ("Delayed 10 min", "delayed"),
        ("Spätphase", "delayed"), ("temps tardif", "delayed"),
        ("Abdomen 3.0 Br40", None), ("150cc OMNIPAQUE", None), ("com contraste", None),
        ("Lateral", None), ("start", None),
        ("PRE 5.0", "native"), ("ABD PRE", "native"), ("PRE B30f", "native"), ("PRE OP", None),
        ("PRE TAVI 1.0", None), ("NCCT", "native"), ("TNC", "native"), ("non-enhanced", "native"),
        ("S/ IODO", "native"), ("ohne Jod", "native"), ("com iodo", None),
        ("W/WO CONTRAST", None), ("ABD W/O + W CONTRAST", None), ("C-/C+", None),
        ("with and without contrast", None), ("com e sem contraste", None),
        ("sem contraste e com contraste", None), ("C/S CONTRASTE", None),
        ("con y sin contraste", None), ("ohne und mit KM", None), ("nativ + KM", None),
        ("sans et avec injection", None), ("senza e con contrasto", None),
    ],
)  # fmt: skip
def test_phase_words(description: str, phase: str | None) -> None:
    """Whole words only; silence stays silence."""
    assert phase_from_words(description) == phase


@pytest.mark.parametrize(
    ("agent", "given"), [("OMNIPAQUE 350", True), ("APPLIED", True), ("", False), ("None", False),
                         ("NO", False), (None, False), ("NÃO", False), ("N/A", False),
                         ("SEM CONTRASTE", False), ("S/C", False), ("No contrast", False),
                         ("Nenhum", False), ("-", False), ("CONTRASTE", True), ("IV", True)]
)  # fmt: skip
def test_a_contrast_agent_is_only_one_when_it_names_something(
    agent: str | None,
    given: bool,  # noqa: FBT001 - a table of cases
) -> None:
    """Scanners write "None" into the tag."""
    assert agent_given(agent) is given


def test_enhanced_without_a_phase() -> None:
    """Contrast is known, its phase is not."""
    assert says_enhanced("TC com contraste")
    assert says_enhanced("Chest C+")
    assert not says_enhanced("Chest C-")
    assert says_enhanced("C/ IODO")
    assert says_enhanced("POST 5.0")
    assert not says_enhanced("non enhanced")
    assert not says_enhanced("W/WO CONTRAST")


@pytest.mark.parametrize(
    ("description", "protocol", "phase"),
    [
        ("PORTAL VENOUS 5.0", "ABDOMEN W/O CONTRAST", "venous"),
        ("PORTAL VENOUS 5.0", "ABDOMEN W/WO CONTRAST", "venous"),
        ("C/ CONTRASTE 5.0", "ABDOME SEM CONTRASTE", None),
        ("Abd 5.0", "ABDOME SEM CONTRASTE", "native"),
        ("Abd 5.0", "LIVER ART PORTAL DELAYED", None),
        ("Abd 5.0", "LIVER ARTERIAL", "arterial"),
    ],
)
def test_the_series_own_words_outvote_the_protocol(
    description: str, protocol: str, phase: str | None
) -> None:
    """The protocol is the whole study's: of several phases it names none."""
    assert phase_from_words(description, protocol) == phase


def test_each_series_of_a_with_and_without_study_has_its_own_phase(
    case_input: Callable[..., Path],
) -> None:
    """The portal series is venous, the one called PRE is native; no contrast tag is filled."""
    (study,) = scan(case_input("w_wo_contrast").iterdir()).studies
    phases = {one.series.description: one.series.phase_hint for one in study.candidates}
    assert phases == {"PORTAL VENOUS 5.0": "venous", "PRE 5.0": "native"}
    chosen = select(study.candidates).chosen
    assert chosen is not None
    assert chosen.series.description == "PRE 5.0"
