"""Every class of every task has its codes, and no code was made up."""

from __future__ import annotations

import ast
import csv
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pydicom.sr._concepts_dict import concepts

import heimdallr
from heimdallr.publishing.dicom.codes import (
    _SIDES,
    PRIVATE_SCHEME,
    _side_of,
    _table,
    codes_of,
    private_code,
)
from heimdallr.segmentation.tasks import all_tasks

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

CLASSES = sorted({name for task in all_tasks().values() for name in task.names.values()})


def test_every_class_of_every_task_has_a_row() -> None:
    """A newer TotalSegmentator brings new classes: somebody has to look their codes up."""
    decided = {*_table().coded, *_table().not_coded}
    assert not [name for name in CLASSES if _side_of(name)[1] not in decided]


def test_every_snomed_code_is_known_to_dicom_or_totalsegmentator() -> None:
    """Looked up where codes are published, never remembered."""
    meanings: Mapping[str, Mapping[str, object]] = concepts["SCT"]  # type: ignore[assignment]
    known = {value for by_value in meanings.values() for value in by_value}
    table = resources.files("totalsegmentator").joinpath(
        "resources/totalsegmentator_snomed_mapping.csv"
    )
    for row in csv.reader(table.read_text("utf-8").splitlines()):
        known.update(row)
    rows = _table().coded.values()
    pairs = [*_table().categories.values(), *(row.type for row in rows)]
    pairs += [row.region for row in rows if row.region is not None]
    assert not {*(value for value, _ in pairs), *(code.value for code in _SIDES.values())} - known


def _dicom_codes() -> Iterator[tuple[str, str]]:
    """Value and meaning of every code of DICOM's own scheme that stands in our source."""
    for file in sorted(Path(heimdallr.__file__).parent.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            said = [*getattr(node, "args", ())] if isinstance(node, ast.Call) else []
            said = [*node.elts] if isinstance(node, ast.Tuple) else said
            texts = [str(one.value) for one in said if isinstance(one, ast.Constant)]
            names = {getattr(one, "id", getattr(one, "attr", "")) for one in said}
            texts = [text for text in texts if text != "DCM"] if "DCM" in {*texts, *names} else []
            if len(said) == 3 and len(texts) == 2:
                yield texts[0], texts[1]


def test_every_code_of_dicom_means_what_dicom_says() -> None:
    """A number mistyped is another concept, and no reader notices."""
    meanings: Mapping[str, Mapping[str, tuple[str, object]]] = concepts["DCM"]  # type: ignore[assignment]
    known = {
        value: meaning.casefold()
        for by_value in meanings.values()
        for value, (meaning, _) in by_value.items()
    }
    ours = list(_dicom_codes())
    assert {"123110", "110180", "112031", "113733"} <= {value for value, _ in ours}
    assert not [one for one in ours if known.get(one[0]) != one[1].casefold()]


def test_left_and_right_are_two_things() -> None:
    """Both kidneys have one code; the side tells them apart."""
    left, right = codes_of("kidney_left"), codes_of("kidney_right")
    assert left.type == right.type
    assert (left.side and left.side.meaning, right.side and right.side.meaning) == ("Left", "Right")
    assert codes_of("left_maxillary_sinus").side == left.side
    assert codes_of("rib_left_7").side == left.side


def test_a_side_that_belongs_to_the_name_is_no_modifier() -> None:
    """The left ventricle is not the left one of two ventricles."""
    codes = codes_of("heart_ventricle_left")
    assert (codes.type.meaning, codes.side) == ("Left ventricle of heart", None)
    assert codes_of("left_ventricular_outflow_tract").side is None


@pytest.mark.parametrize(
    ("one", "other"),
    [("kidney", "liver"), ("gluteus_medius", "gluteus_minimus"), ("rib_1", "rib_2")],
)
def test_different_structures_have_different_codes(one: str, other: str) -> None:
    """Also where names are alike."""
    assert codes_of(f"{one}_left").type != codes_of(f"{other}_left").type


def test_the_subclavian_arteries_are_not_both_the_right_one() -> None:
    """TotalSegmentator's own table says so (29700009)."""
    assert codes_of("subclavian_artery_left").type.value == "36765005"


def test_what_has_no_code_says_what_it_is_in_a_private_one() -> None:
    """With the class name in words; two of them never share a code."""
    codes = codes_of("psoas_major_left")
    assert codes.type.scheme_designator == PRIVATE_SCHEME
    assert (codes.type.meaning, codes.side and codes.side.meaning) == ("Psoas major", "Left")
    private = {
        codes_of(name).type.value: codes_of(name).type.meaning
        for name in CLASSES
        if codes_of(name).type.scheme_designator == PRIVATE_SCHEME
    }
    assert len(set(private.values())) == len(private)


def test_a_lesion_names_the_organ_it_lies_in() -> None:
    """A nodule may lie anywhere."""
    codes = codes_of("lung_nodules")
    assert codes.region is not None
    assert codes.region.value == "39607008"
    assert codes.category.meaning == "Morphologically Altered Structure"


def test_a_class_nobody_knows_is_no_error() -> None:
    """An old case may hold a class of a network that is no longer there."""
    assert codes_of("philtrum").type == private_code("philtrum")
