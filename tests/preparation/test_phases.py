"""What descriptions in several languages tell about the contrast phase."""

from __future__ import annotations

import pytest

from heimdallr.preparation.phases import agent_given, phase_from_words, says_enhanced


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
    ],
)  # fmt: skip
def test_phase_words(description: str, phase: str | None) -> None:
    """Whole words only; silence stays silence."""
    assert phase_from_words(description) == phase


@pytest.mark.parametrize(
    ("agent", "given"), [("OMNIPAQUE 350", True), ("APPLIED", True), ("", False), ("None", False),
                         ("NO", False), (None, False)]
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
