"""A value that a person corrected says so wherever it goes: FHIR, HL7, DICOM SR, report, table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from message_cases import CT, case_folder, results
from test_fhir_bundle import bundle, observation
from test_hl7_result import message, observed

from heimdallr.publishing.dicom.sr_items import Beside, categories, measured
from heimdallr.publishing.report.rows import row
from heimdallr.publishing.report.table_rows import other_sections
from heimdallr.publishing.schema import read_results

if TYPE_CHECKING:
    from pathlib import Path

NAME, OTHER = "spleen_vol_cm3", "kidney_right_vol_cm3"
ENGLISH, PORTUGUESE = "corrected by a person", "corrigido por uma pessoa"
CORRECTED = results(
    tuple(
        one.model_copy(update={"corrected": one.name == NAME})
        for one in CT
        if one.name in {NAME, OTHER}
    )
)


def test_messages_say_it_beside_the_value_and_not_beside_others(tmp_path: Path) -> None:
    """An annotation of the Observation, an NTE behind the OBX."""
    told = bundle(tmp_path / "fhir", content=CORRECTED)
    notes = {
        name: [one["text"] for one in observation(told, name).get("note", [])]
        for name in (NAME, OTHER)
    }
    assert PORTUGUESE in notes[NAME] or ENGLISH in notes[NAME]
    assert not {PORTUGUESE, ENGLISH}.intersection(notes[OTHER])

    found = message(tmp_path / "hl7", content=CORRECTED)
    assert {PORTUGUESE, ENGLISH}.intersection(observed(found, NAME)[1])
    assert not {PORTUGUESE, ENGLISH}.intersection(observed(found, OTHER)[1])


def test_report_table_and_structured_report_say_it_in_both_languages(tmp_path: Path) -> None:
    """In brackets behind the value; as a comment below the number or the category."""
    own, other = (
        next(
            one
            for one in read_results(case_folder(tmp_path, CORRECTED)).measurements
            if one.name == name
        )
        for name in (NAME, OTHER)
    )
    assert row(own, None, (), None, "en").value.endswith(f"cm³ ({ENGLISH})")
    assert row(own, None, (), None, "pt").value.endswith(f"cm³ ({PORTUGUESE})")
    assert "(" not in row(other, None, (), None, "en").value
    ((line, *_),) = (section.lines for section in other_sections([own], set(), {}, "en"))
    assert line.told.endswith(f"({ENGLISH})")
    assert isinstance(own.value, float)
    assert ENGLISH in str(measured(own, own.value, Beside(), "en"))
    assert ENGLISH not in str(measured(other, own.value, Beside(), "en"))
    phase = own.model_copy(update={"name": "contrast_phase", "value": "native", "unit": ""})
    (category,) = categories(phase, "pt")
    assert PORTUGUESE in str(category)


def test_where_there_is_no_value_the_reason_speaks(tmp_path: Path) -> None:
    """A rejected one is not called corrected as well."""
    gone = {"value": None, "status": "not_assessable", "reason": "a person rejects it"}
    content = results((CT[0].model_copy(update={"corrected": True, **gone}),))
    (own,) = read_results(case_folder(tmp_path, content)).measurements
    assert ENGLISH not in row(own, None, (), None, "en").reason
