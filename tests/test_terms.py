"""The dashboard's words: nothing that the pipeline says is without a name in both languages."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

from totalsegmentator.map_to_binary import class_map

import heimdallr
from heimdallr import analyses
from heimdallr.analyses.anatomy.axial_tissue import TISSUES
from heimdallr.analyses.body_regions import CT_REGIONS, MR_REGIONS
from heimdallr.analyses.registry import ANALYSES
from heimdallr.analyses.rules.findings import REMARKS
from heimdallr.analyses.rules.rule_table import packaged_rules
from heimdallr.analyses.tissue_composition import DEPOTS
from heimdallr.imaging.field_of_view import FIELD_OF_VIEW
from heimdallr.imaging.statistics import FACES, GAP
from heimdallr.intake.pixels import Fault
from heimdallr.preparation.reading import SkipReason
from heimdallr.publishing.groups import base_name
from heimdallr.segmentation.anatomy.body import BODY
from heimdallr.segmentation.plan import ORGAN_TASKS
from heimdallr.segmentation.tasks import tasks_of_collections

TERMS = Path(heimdallr.__file__).parent / "domain" / "words"
TASKS = ("total", "total_mr", "tissue_types", "tissue_4_types", *ORGAN_TASKS)
"""Every class of these has a name of its own."""


def _table(name: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = json.loads((TERMS / name).read_text())
    return found


def test_every_structure_has_a_name_and_every_name_a_structure() -> None:
    """Classes without side and level are the keys; published tissues count as classes."""
    classes = {base_name(name) for task in TASKS for name in class_map[task].values()}
    others = {base_name(name) for task in tasks_of_collections() for name in task.names.values()}
    assert set(_table("structures.json")) == classes | others | {*TISSUES, *DEPOTS, BODY}


def test_names_of_structures_have_a_portuguese_gender() -> None:
    """The side agrees with it: rim esquerdo, glândula adrenal esquerda."""
    for entry in _table("structures.json").values():
        english, portuguese, gender = entry
        assert english
        assert portuguese
        assert gender in {"m", "f"}


def test_every_measurement_has_a_label_and_every_label_a_measurement() -> None:
    """`<structure>` in a label's name stands for any; both directions."""
    outputs = {output.name for analysis in ANALYSES.values() for output in analysis.OUTPUTS}
    labels = _table("measurements.json")
    patterns = {name: re.compile(re.sub(r"<\w+>", r".+", re.escape(name))) for name in labels}
    unnamed = {
        output for output in outputs if not any(one.fullmatch(output) for one in patterns.values())
    }
    assert not unnamed
    unused = {
        name
        for name, pattern in patterns.items()
        if not any(pattern.fullmatch(output) for output in outputs)
    }
    assert not unused


def test_a_label_holds_the_places_of_its_name() -> None:
    """Otherwise two measurements would read alike."""
    for name, (english, portuguese) in _table("measurements.json").items():
        places = sorted(re.findall(r"<\w+>", name))
        assert sorted(re.findall(r"<\w+>", english)) == places
        assert sorted(re.findall(r"<\w+>", portuguese)) == places


def test_every_rule_has_a_name_for_its_finding() -> None:
    """Without any value, for filters; and no name is left of a rule that went."""
    words = json.loads((TERMS / "words.json").read_text())
    codes = {rule.code for rule in packaged_rules()} | {remark.__name__ for remark in REMARKS}
    assert set(words["findings"]) == codes


def test_every_edge_has_a_name() -> None:
    """With the gender of *borda*; the side of a bleed has another."""
    words = json.loads((TERMS / "words.json").read_text())
    assert set(words["edges"]) == {GAP, FIELD_OF_VIEW, *(edge for axis in FACES for edge in axis)}


def test_every_reason_to_leave_a_file_is_said_in_both_languages() -> None:
    """These take no parameters: their English text is their key, in files and in the API."""
    words = json.loads((TERMS / "words.json").read_text())
    assert set(words["files"]) == {reason.value for reason in (*SkipReason, *Fault)}
    assert all(english == key for key, (english, _) in words["files"].items())


def test_every_analysis_and_region_has_a_title() -> None:
    """And no title is left of one that went."""
    words = json.loads((TERMS / "words.json").read_text())
    assert set(words["analyses"]) == set(ANALYSES)
    assert set(words["regions"]) == {region.name for region in (*CT_REGIONS, *MR_REGIONS)}


def test_every_parameter_of_a_measurement_has_a_name() -> None:
    """The study page lists them under "how it was measured"; read off the sources."""
    given = {
        keyword.arg
        for path in Path(analyses.__file__).parent.rglob("*.py")
        for call in ast.walk(ast.parse(path.read_text()))
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute)
        if call.func.attr in {"measured", "absent"}
        for keyword in call.keywords
    }
    words = json.loads((TERMS / "words.json").read_text())
    unnamed = given - {None, "structure"} - set(words["evidence"])
    assert not unnamed, f"add to `evidence` in domain/words/words.json: {unnamed}"
