"""Whatever Heimdallr says has its words in both languages, and every word is said somewhere.

The sources are read as syntax trees, so that a reason no test has ever caused is found as well.
"""

from __future__ import annotations

import ast
import json
from collections import defaultdict
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, get_args

import pytest
from fluent.syntax import FluentParser
from fluent.syntax import ast as fluent
from fluent.syntax.visitor import Visitor

import heimdallr
from heimdallr.analyses.rules.rule_table import packaged_rules
from heimdallr.domain import statements
from heimdallr.domain.corrections import RejectionReason
from heimdallr.domain.statements import LANGUAGES, Language, Statement, Value, structure_name
from heimdallr.publishing.schema import coded

SOURCES = Path(heimdallr.__file__).parent
WORDS = SOURCES / "domain" / "words"
SAYING = {"Statement", "unassessable", "inapplicable"}
"""What is called with a code and its parameters."""

HANDING_ON = {"declared_outputs.py", "schema.py", "stored_measurements.py", "titles.py"}
"""Modules that make statements of codes they are given."""

SAMPLES: dict[str, Value] = {
    "task": "total",
    "level": "L3",
    "upper": "L2",
    "lower": "L3",
    "kernel": "B30f",
    "maker": "Siemens",
    "modality": "US",
    "number": "7",
    "by": "user:anna",
    "at": "2026-02-01 10:15 UTC",
    "file": "overlay.png",
    "error": "OSError",
    "package": "blast-ct",
    "collection": "BOA",
    "licence": "Apache-2.0",
    "credit": "Haubold 2023",
    "status": "0112",
    "sex": "M",
    "norm": "Tonnesen 2024",
    "unit": "meter",
    "name": "Cirrhosis",
    "names": ("Segment 1", "GTV"),
    "format": "NIfTI",
    "month": "2024-03",
    "title": Statement("finding_splenomegaly", {"volume_cm3": 420.0}),
    "structure": "kidney_left",
    "structures": ("kidney_left", "liver"),
    "region": "abdomen",
    "edge": "superior",
    "edges": ("inferior", "superior"),
    "attribute": "AcquisitionNumber",
    "attributes": ("ConvolutionKernel", "PixelSpacing"),
    "analysis": "sarcopenia_l3",
    "reason": Statement("not_requested"),
    "series": Statement("series_number", {"number": "7"}),
    "this": Statement("series_is_mr_map"),
    "best": Statement("series_is_anatomical"),
    "phase": "venous",
    "landmark": "iliac_crest",
    "rejection": "artefact",
    "landmarks": ("iliac_crest", "kidneys"),
    "plane": "coronal",
    "kernel_class": "bone",
    "source": Statement("kernel_by_description"),
    "address": "PACS@10.1.2.3:104",
    "calling_ae": "HEIMDALLR",
    "said": Statement("peer_said", {"words": "no space left"}),
    "sop_class": "Segmentation Storage",
    "sop_classes": ("Segmentation Storage", "Encapsulated PDF Storage"),
    "words": "no space left",
    "ae_title": "PACS",
    "port": "11112",
    "service": "Study Root Query/Retrieve Information Model - MOVE",
}
"""A value for each parameter that is no number."""

NUMBERS = (1, 12.3, -1234.565)
"""For every other: one of a thing, a fraction, and what is grouped and lies between two digits."""

FURTHER = (
    *(
        Statement("finding_truncated_coverage", {"structures": organs})
        for organs in (("liver",), ("kidney_right", "kidney_left", "spleen"))
    ),
    *(
        Statement("not_segmented", {"structure": structure})
        for structure in (
            "lung_upper_lobe_left", "rib_left_7", "vertebrae_L3", "something_new", "constructor"
        )
    ),
    *(
        Statement("region_not_covered", {"region": region})
        for region in ("extremities", "constructor")
    ),
    *(
        Statement("series_of_kernel", {"kernel_class": name, "source": Statement("kernel_unnamed")})
        for name in ("soft", "standard", "lung", "unknown")
    ),
    Statement("series_not_axial", {"plane": "sagittal"}),
    Statement(
        "preferred_series_not_converted",
        {"series": Statement("series_number", {"number": "7"}), "others": 0},
    ),
    Statement("truncated", {"edges": ("left",), "count": 1, "percent": 99.5}),
    Statement("other_sex", {"structure": "prostate", "sex": "F"}),
    *(Statement("rejected_by_person", {"rejection": why}) for why in get_args(RejectionReason)),
    Statement("other_unit", {"unit": "micron"}),
    Statement("task_not_run", {"task": "total", "reason": Statement("a_reason_of_tomorrow")}),
    *(
        Statement("series_of_other_quantity", {"spectral": name})
        for name in ("iodine", "effective_atomic_number", "electron_density", "other")
    ),
    *(Statement("norm_group_adults", {"sex": sex}) for sex in ("F", "O")),
    Statement("lossy_compression", {"method": "unknown"}),
    Statement("lossy_compression_ratio", {"method": "JPEG 2000", "ratio": 30.0}),
    Statement("phase_contradicted", {"phase": "native", "structure": "aorta", "median_hu": 150.4}),
)  # fmt: skip
"""Names, lists and choices that the samples leave out."""

SPOKEN = Path(__file__).with_name("spoken_statements.json")
"""What these samples are in words; the dashboard's test renders the same."""


@dataclass
class Said:
    """Where a code is said, and with what."""

    places: list[str] = field(default_factory=list)
    parameters: set[str] = field(default_factory=set)
    open: bool = False
    """Whether parameters are handed on from elsewhere (``**``)."""
    lends: bool = False
    """Whether the words may leave some of them out."""


@cache
def said() -> dict[str, Said]:
    """Every code in the sources."""
    found: dict[str, Said] = defaultdict(Said)
    for path in sorted(SOURCES.rglob("*.py")):
        if path.name in HANDING_ON:
            continue
        tree = ast.parse(path.read_text())
        constants = _constants(tree)
        for call in ast.walk(tree):
            if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.args):
                continue
            if call.func.id in SAYING:
                place = f"{path.relative_to(SOURCES)}:{call.lineno}"
                _note(found[_code(call.args[0], constants, place)], call, place)
    for rule in packaged_rules():
        for limit in rule.limits:
            one = found[limit.title or f"finding_{rule.code}"]
            one.places.append(f"rule {rule.code}")
            one.parameters.update(rule.values)
            one.lends = True
    return dict(found)


def _constants(tree: ast.Module) -> dict[str, object]:
    return {
        target.id: node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def _code(node: ast.expr, constants: dict[str, object], place: str) -> str:
    code = constants.get(node.id) if isinstance(node, ast.Name) else getattr(node, "value", None)
    assert isinstance(code, str), f"{place}: write the code out, so that it can be found"
    return code


def _note(one: Said, call: ast.Call, place: str) -> None:
    one.places.append(place)
    given = call.args[1] if len(call.args) > 1 else None
    if isinstance(given, ast.Dict):
        keys = [key.value for key in given.keys if isinstance(key, ast.Constant)]
        one.parameters.update(map(str, keys))
    names = [keyword.arg for keyword in call.keywords]
    one.parameters.update(name for name in names if name is not None)
    one.open |= None in names or not (given is None or isinstance(given, ast.Dict))


class _Variables(Visitor):
    def __init__(self) -> None:
        self.names: set[str] = set()

    def visit_VariableReference(self, node: fluent.VariableReference) -> None:  # noqa: N802
        self.names.add(node.id.name)


@cache
def messages(language: Language) -> dict[str, set[str]]:
    """Message → parameters its words use."""
    resource = FluentParser().parse((WORDS / f"{language}.ftl").read_text())
    broken = [one.content for one in resource.body if isinstance(one, fluent.Junk)]
    assert not broken, f"{language}.ftl: {broken}"
    found: dict[str, set[str]] = {}
    for one in resource.body:
        if isinstance(one, fluent.Message):
            assert one.id.name not in found, f"{language}.ftl says {one.id.name} twice"
            variables = _Variables()
            variables.visit(one)
            found[one.id.name] = variables.names
    return found


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_code_has_its_words_and_all_words_a_code(language: Language) -> None:
    """In each language; what is missing is named with the place that says it."""
    missing = {code: one.places for code, one in said().items() if code not in messages(language)}
    assert not missing, f"add these messages to domain/words/{language}.ftl: {missing}"
    unused = set(messages(language)) - set(said())
    assert not unused, f"nothing says these any more; remove them from {language}.ftl: {unused}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_message_is_the_same_by_itself_as_in_its_table(language: Language) -> None:
    """Messages are parsed one by one, as they are said: each has all that is its own."""
    table = FluentParser().parse((WORDS / f"{language}.ftl").read_text("utf-8"))
    whole = [one for one in table.body if isinstance(one, fluent.Message)]
    by_code = statements._messages(language)
    assert [one.id.name for one in whole] == list(by_code)
    for one in whole:
        (alone,) = FluentParser().parse(by_code[one.id.name]).body
        assert alone.equals(one, ignored_fields=["span", "comment"]), one.id.name


@pytest.mark.parametrize("language", LANGUAGES)
def test_words_use_what_they_are_given(language: Language) -> None:
    """A parameter without a place is lost on the reader; a place without a value shows its name."""
    wrong = {
        code: f"given {sorted(one.parameters)}, used {sorted(messages(language)[code])}"
        for code, one in said().items()
        if messages(language)[code] != one.parameters
        and not one.open
        and not (one.lends and messages(language)[code] <= one.parameters)
    }
    assert not wrong, f"{language}.ftl: {wrong}"


def samples(code: str) -> list[Statement]:
    """A message with each number, or once where it takes none."""
    names = sorted(messages("en")[code])
    made = [
        Statement(code, {name: SAMPLES.get(name, number) for name in names}) for number in NUMBERS
    ]
    return made if set(names) - set(SAMPLES) else made[:1]


def in_words(statement: Statement) -> dict[str, Any]:
    """A statement as it is published, and what it is in each language."""
    words = {language: statement.in_language(language) for language in LANGUAGES}
    return coded(statement).model_dump() | words


@pytest.mark.parametrize("code", sorted(messages("en")))
def test_every_statement_reads_well_in_both_languages(code: str) -> None:
    """Nothing is left unfilled, and nothing stays English in Portuguese."""
    for statement in samples(code):
        english, portuguese = (statement.in_language(one) for one in LANGUAGES)
        for text in (english, portuguese):
            assert "{" not in text
            assert "_" not in text
            assert "$" not in text
        assert english != portuguese


def all_in_words() -> list[dict[str, Any]]:
    """Every sample of every message, and what else there is to be said."""
    every = [statement for code in sorted(messages("en")) for statement in samples(code)]
    return [in_words(statement) for statement in (*every, *FURTHER)]


def test_the_dashboard_says_the_same() -> None:
    """Its own code speaks from the same words; both are held to one list of texts."""
    known = json.loads(SPOKEN.read_text(encoding="utf-8"))
    again = "python tests/domain/test_statements.py"
    assert all_in_words() == known, f"{again} writes them anew; look them through"


def test_numbers_and_names_are_written_as_each_language_does() -> None:
    """1,25 in Portuguese, 1.25 in English; the side agrees with the gender of the organ."""
    fragment = Statement("fragment", {"structure": "kidney_left", "volume_cm3": 1.25})
    assert fragment.text == (
        "only 1.25 cm³ of left kidney segmented: a fragment, not the structure"
    )
    assert fragment.in_language("pt") == (
        "apenas 1,25 cm³ segmentados (rim esquerdo): um fragmento, não a estrutura"
    )


def test_a_statement_may_hold_another() -> None:
    """The reason of a task that was not run, inside the reason of a measurement."""
    reason = Statement("weights_not_installed", {"task": "cerebral_bleed"})
    outer = Statement("task_not_run", {"task": "cerebral_bleed", "reason": reason})
    assert outer.text == (
        "task cerebral_bleed was not run: the weights of cerebral_bleed are not installed"
    )


def test_an_unknown_code_is_shown_rather_than_nothing() -> None:
    """As of a case folder that a newer Heimdallr has written."""
    assert Statement("a_reason_of_tomorrow").in_language("pt") == "a reason of tomorrow"


@pytest.mark.parametrize(
    ("structure", "english", "portuguese"),
    [
        ("liver", "liver", "fígado"),
        ("kidney_left", "left kidney", "rim esquerdo"),
        ("adrenal_gland_right", "right adrenal gland", "glândula adrenal direita"),
        ("lung_upper_lobe_left", "left lung, upper lobe", "lobo superior do pulmão esquerdo"),
        ("vertebrae_L3", "vertebra L3", "vértebra L3"),
        ("rib_left_7", "left rib 7", "7ª costela esquerda"),
        ("something_new_left", "something new left", "something new left"),
    ],
)
def test_structures_are_called_as_people_say(structure: str, english: str, portuguese: str) -> None:
    """The same names as the dashboard's (``frontend/src/terms/terms.test.ts``)."""
    assert structure_name(structure, "en") == english
    assert structure_name(structure, "pt") == portuguese


if __name__ == "__main__":
    text = json.dumps(all_in_words(), indent=1, ensure_ascii=False)
    SPOKEN.write_text(text + "\n", encoding="utf-8")
