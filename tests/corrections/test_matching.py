"""What other tools call structures, in whatever words and codes."""

from __future__ import annotations

import json
import unicodedata
from typing import TYPE_CHECKING

import numpy as np
import pytest
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code

from heimdallr.corrections.proposals.matching import by_code, by_name
from heimdallr.corrections.proposals.nifti_files import drawn_in_nifti
from heimdallr.imaging.volume import save_nifti
from heimdallr.publishing.dicom.segmentation_reader import SegmentCodes

if TYPE_CHECKING:
    from pathlib import Path

STRUCTURES = (
    "liver", "spleen", "kidney_left", "kidney_right", "vertebrae_L3", "vertebrae_T12", "rib_left_4",
    "lung_upper_lobe_left", "gluteus_maximus_right", "esophagus", "skeletal_muscle", "torso_fat",
    "heart", "heart_atrium_left", "aorta", "iliac_vena_left",
)  # fmt: skip
LEFT, RIGHT = Code("7771000", "SCT", "Left"), Code("24028007", "SCT", "Right")


@pytest.mark.parametrize(
    ("name", "structure"),
    [
        ("liver", "liver"), ("Liver", "liver"), ("LIVER ", "liver"), ("Fígado", "liver"),
        ("figado", "liver"), ("Left Kidney", "kidney_left"), ("kidney_left", "kidney_left"),
        ("Kidney, left", "kidney_left"), ("KidneyL", "kidney_left"), ("Kidney R", "kidney_right"),
        ("rim esquerdo", "kidney_left"), ("Rim direito", "kidney_right"), ("L3", "vertebrae_L3"),
        ("Vertebra L3", "vertebrae_L3"), ("vértebra L3", "vertebrae_L3"), ("T12", "vertebrae_T12"),
        ("Left 4th rib", "rib_left_4"), ("4ª costela esquerda", "rib_left_4"),
        ("upper lobe of the left lung", "lung_upper_lobe_left"), ("Oesophagus", "esophagus"),
        ("esôfago", "esophagus"), ("Glúteo máximo direito", "gluteus_maximus_right"),
        ("fi\N{COMBINING ACUTE ACCENT}gado", "liver"),
        ("GlúteoMáximoDireito", "gluteus_maximus_right"),
        ("Visceral fat", "torso_fat"), ("Heart", "heart"), ("Left iliac vein", "iliac_vena_left"),
    ],
)  # fmt: skip
def test_a_name_in_any_usual_form_is_known(name: str, structure: str) -> None:
    """Case, accents, order, plural, side, English and Portuguese."""
    assert by_name([name], STRUCTURES) == {structure}


@pytest.mark.parametrize(
    "name", ["", "Segment 1", "Kidney", "Left", "L", "liver lesion", "GTV", "7"]
)
def test_a_name_that_says_something_else_is_not(name: str) -> None:
    """No side, no structure, more than the structure."""
    assert not by_name([name], STRUCTURES)


def test_the_first_name_that_says_something_counts() -> None:
    """A tracking ID of another program, a label, the meaning of a code."""
    assert by_name(["1.2.3", "Spleen", "Liver"], STRUCTURES) == {"spleen"}


def test_a_table_belongs_to_the_file_of_its_name_however_accents_are_written(
    tmp_path: Path,
) -> None:
    """One system writes a letter and its accent as two signs, another one as one."""
    one_sign, two_signs = (unicodedata.normalize(form, "ó") for form in ("NFC", "NFD"))
    images = [tmp_path / f"{number}{sign}.nii" for number, sign in ((1, one_sign), (2, two_signs))]
    tables = [tmp_path / f"{number}{sign}.json" for number, sign in ((1, two_signs), (2, one_sign))]
    for image, table, name in zip(images, tables, ("liver", "spleen"), strict=True):
        save_nifti(image, np.ones((4, 4, 4), np.uint8), np.eye(4))
        table.write_text(json.dumps({"1": name}))
    assert [one.names for one in drawn_in_nifti(images, tables, {})] == [("liver",), ("spleen",)]


def test_a_code_is_known_in_old_terms_too_and_with_its_side() -> None:
    """SNOMED RT as Slicer wrote it for years; both sides where none is told."""
    assert by_code(SegmentCodes(codes.SCT.Liver), STRUCTURES) == {"liver"}
    assert by_code(SegmentCodes(Code("T-62000", "SRT", "Liver")), STRUCTURES) == {"liver"}
    kidney = codes.SCT.Kidney
    assert by_code(SegmentCodes(kidney, LEFT), STRUCTURES) == {"kidney_left"}
    assert by_code(SegmentCodes(kidney, RIGHT), STRUCTURES) == {"kidney_right"}
    assert by_code(SegmentCodes(kidney), STRUCTURES) == {"kidney_left", "kidney_right"}
    assert not by_code(SegmentCodes(codes.SCT.Tissue), STRUCTURES)
    assert not by_code(SegmentCodes(), STRUCTURES)
