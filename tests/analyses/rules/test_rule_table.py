"""The table of rules, and what a department may change in it."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from analysis_bodies import ADULT, trunk
from hand_made_outputs import output

from heimdallr.analyses.declared_outputs import unassessable
from heimdallr.analyses.rules.findings import SITE_CAVEAT, Conclusions, Told, find
from heimdallr.analyses.rules.references import references_for
from heimdallr.analyses.rules.rule_table import RuleTable, packaged_rules, read_rules
from heimdallr.analyses.rules.severity import Severity
from heimdallr.domain.errors import RulesError
from heimdallr.domain.study import Patient

if TYPE_CHECKING:
    from pathlib import Path

    from heimdallr.domain.measurement import Measurement

CASE = replace(trunk((6.0, 6.0, 6.0)).case(), patient=ADULT)
SPLEEN = output("spleen_vol_cm3", "cm3")
LARGER = {"splenomegaly": {"limits": [{"measurement": "spleen_vol_cm3", "above": 350.0,
    "severity": "note", "source": "Our own 2026"}]}}  # fmt: skip
CIRRHOSIS = {"cirrhosis": {"name": "Small liver", "structure": "liver", "limits": [
    {"measurement": "liver_vol_cm3", "at_most": 900.0, "severity": "significant"}
]}}  # fmt: skip


def concluded(changes: dict[str, Any], *measurements: Measurement) -> Conclusions:
    """What a changed table makes of measurements."""
    return find(CASE, measurements, RuleTable(changes))


def test_a_department_changes_a_limit() -> None:
    """Its limit decides, is quoted, and the finding says whose rule it is."""
    assert concluded(LARGER, SPLEEN.measured(350.0)).findings == ()
    (found,) = concluded(LARGER, SPLEEN.measured(350.1)).findings
    assert (found.severity, found.reference) == (Severity.NOTE, "Our own 2026")
    assert found.evidence == {"spleen_vol_cm3": 350.1, "limit_our_2026": 350.0}
    assert found.caveats == (SITE_CAVEAT,)
    assert "Enlarged spleen" in found.title


def test_a_department_changes_one_field_and_keeps_the_others() -> None:
    """Switched off, the rule is not asked, and is not listed as asked."""
    table = RuleTable({"splenomegaly": {"enabled": False}})
    assert concluded({"splenomegaly": {"enabled": False}}, SPLEEN.measured(900.0)).findings == ()
    assert "splenomegaly" not in {rule.code for rule in table}
    assert table.rules[2].limits == packaged_rules().rules[2].limits


def test_a_department_makes_a_rule_of_its_own() -> None:
    """Named in its own words; the value is at hand in every language."""
    (found,) = concluded(CIRRHOSIS, output("liver_vol_cm3", "cm3").measured(900.0)).findings
    assert found.code == "cirrhosis"
    assert found.title == "Small liver: 900 cm³ (this department's rule)"
    assert found.said.in_language("pt").startswith("Small liver: 900")
    (found,) = concluded(CIRRHOSIS, output("liver_vol_cm3", "cm3").measured(612.345)).findings
    assert found.title.startswith("Small liver: 612 cm³")
    assert found.evidence["liver_vol_cm3"] == 612.345


def test_limits_shown_beside_numbers_are_the_departments() -> None:
    """One table for findings and for the references of the page, the report and messages."""
    limits = references_for(
        Told(
            patient=Patient(), usual_attenuation=True, kvp=None, measurements={}, middle_slices={}
        ),
        RuleTable(LARGER),
    )
    assert [one.high for one in limits["spleen_vol_cm3"]] == [350.0]


def test_silence_is_told_from_not_having_looked() -> None:
    """Within the limit; not measured, and why; no limit for such a patient."""
    cut = SPLEEN.absent(unassessable("truncated", edges=("superior",), count=1, percent=42.0))
    asked = {
        "within": concluded({}, SPLEEN.measured(200.0)),
        "cut": concluded({}, cut),
        "never": concluded({}),
    }
    outcomes = {
        name: next(one for one in made.outcomes if one.code == "splenomegaly")
        for name, made in asked.items()
    }
    assert outcomes["within"].why_not is None
    assert outcomes["cut"].why_not == cut.why
    assert outcomes["never"].why_not is not None
    child = replace(CASE, patient=Patient(age_years=9.0))
    made = find(child, [SPLEEN.measured(900.0)])
    (of_child,) = [one for one in made.outcomes if one.code == "splenomegaly"]
    assert of_child.finding is None
    assert of_child.why_not is not None
    assert of_child.why_not.code == "no_limit_holds"


def test_of_bands_the_farthest_that_is_crossed_decides() -> None:
    """30, 40 and 55: the severity of 55 at 60, of 30 at 35."""
    bands: list[dict[str, Any]] = [
        {
            "measurement": "liver_vol_cm3",
            "at_least": bound,
            "severity": how,
            "source": "A 2001",
        }
        for bound, how in ((30.0, "note"), (40.0, "significant"), (50.0, "significant"))
    ]
    table = {"bands": {"name": "Bands", "limits": bands}}
    liver = output("liver_vol_cm3", "cm3")
    at = {v: concluded(table, liver.measured(v)).findings for v in (29.9, 30.0, 45.0, 50.0)}
    assert at[29.9] == ()
    assert at[30.0][0].severity is Severity.NOTE
    assert at[45.0][0].evidence["limit_a_2001"] == 40.0
    assert at[50.0][0].evidence["limit_a_2001"] == 50.0


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[splenomegaly\n", "not TOML"),
        ("splenomegaly = 3\n", "no table of fields"),
        ("[mine]\n[[mine.limits]]\nmeasurement='SMA_cm2'\nbelow=3\nseverity='note'\n", "no name"),
        ("[splenomegaly]\nlimit = 3\n", "limit: Extra inputs"),
        ("[splenomegaly]\nlimits = []\n", "limits: "),
        ("[[splenomegaly.limits]]\nmeasurement='spleen_vol'\nabove=3\nseverity='note'\n",
         "is spleen_vol_cm3 meant"),
        ("[[splenomegaly.limits]]\nmeasurement='spleen_vol_cm3'\nabove=3\nbelow=2\nseverity='note'\n",
         "exactly one of"),
        ("[[splenomegaly.limits]]\nmeasurement='spleen_vol_cm3'\nabove=3\nseverity='bad'\n",
         "limits.1.severity"),
        ("[splenomegaly]\ncode = 'x'\n", "is called code"),
        (("[[splenomegaly.limits]]\nmeasurement='spleen_vol_cm3'\nabove=3\nseverity='note'"
         "\nonly_with=['liver_fat']\n"), "is liver_fat_percent meant"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_file_is_said(tmp_path: Path, text: str, complaint: str) -> None:
    """Rule, field and what to do; never half of a file."""
    file = tmp_path / "rules.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(RulesError, match=complaint) as raised:
        read_rules(file)
    assert raised.value.remedy


def limited(limit: str, head: str = 'name = "Mine"', code: str = "mine") -> str:
    """A department's rule of the liver's volume."""
    return (
        f"[{code}]\n{head}\n[[{code}.limits]]\nmeasurement = 'liver_vol_cm3'\n"
        f"severity = 'note'\n{limit}\n"
    )


@pytest.mark.parametrize(
    "text",
    [
        limited("below = nan"),
        limited("at_least = -inf"),
        limited("above = true"),
        limited("above = '9'"),
        limited("below = 1" + "0" * 5000),
        limited("below = 900.0\nage_from = nan"),
        limited("below = 900.0\nkvp = [130, 110]"),
        limited("below = 900.0\nbmi_from = 30.0\nbmi_below = 20.0"),
        limited("among = ['alert']"),
        limited("below = 900.0", 'name = "  "'),
        limited("below = 900.0", r'name = "two\nlines"'),
        limited("below = 900.0", r'name = "a\u0000b"'),
        limited("below = 900.0", r'name = "a\u202Eb"'),
        limited("below = 900.0\nsource = 'x" + "x" * 500 + "'"),
        limited("below = 900.0", 'name = "Mine"\nstructure = "' + "x" * 65 + '"'),
        limited("below = 900.0", code="truncated_coverage"),
        limited("below = 900.0", code="x" * 64),
        limited("below = 900.0", code='"é"'),
        limited("below = 900.0") * 2,
        "x = " + "[" * 20_000 + "]" * 20_000,
        "# " + "x" * 2_000_000,
    ],
    ids=lambda text: text[:60].replace("\n", " "),
)
def test_a_rule_that_could_never_be_right_is_none(tmp_path: Path, text: str) -> None:
    """It is said when the file is read, not by the silence of every case, or by its end."""
    file = tmp_path / "rules.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(RulesError) as raised:
        read_rules(file)
    assert raised.value.remedy
    assert len(str(raised.value)) < 600


def test_what_is_no_file_is_not_read(tmp_path: Path) -> None:
    """Nor waited for."""
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe"):
        with pytest.raises(RulesError, match="no file"):
            read_rules(path)


def test_a_file_of_a_windows_editor(tmp_path: Path) -> None:
    """With a byte order mark and its line ends; a whole number is a limit, too."""
    file = tmp_path / "rules.toml"
    file.write_bytes(limited("below = 900").replace("\n", "\r\n").encode("utf-8-sig"))
    assert read_rules(file).rules[-1].limits[0].below == 900.0


def test_without_a_file_the_package_rules(tmp_path: Path) -> None:
    """And a file that is no text says so."""
    assert read_rules(tmp_path / "rules.toml") is packaged_rules()
    binary = tmp_path / "binary.toml"
    binary.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(RulesError, match="cannot be read"):
        read_rules(binary)
