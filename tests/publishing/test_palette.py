"""Every structure has a colour and a readable name."""

from __future__ import annotations

import pytest
from totalsegmentator.map_to_binary import class_map

from heimdallr.publishing.palette import COLOURS, colour, display_name
from heimdallr.segmentation.plan import ORGAN_TASKS

TASKS = ("total", "total_mr", "tissue_types", *ORGAN_TASKS)
NEIGHBOURS = (
    ("liver", "gallbladder"),
    ("liver", "kidney_right"),
    ("liver", "stomach"),
    ("spleen", "kidney_left"),
    ("spleen", "stomach"),
    ("aorta", "inferior_vena_cava"),
    ("iliac_artery_left", "iliac_vena_left"),
    ("pancreas", "duodenum"),
    ("skeletal_muscle", "subcutaneous_fat"),
    ("skeletal_muscle", "intermuscular_fat"),
    ("subcutaneous_fat", "torso_fat"),
    ("lung_nodules", "lung_upper_lobe_left"),
    ("pleural_effusion", "lung_lower_lobe_left"),
    ("ventricle_frontal_horn_left", "ventricle_body_left"),
    ("ventricle_trigone_left", "ventricle_occipital_horn_left"),
    ("ventricle_trigone_left", "ventricle_temporal_horn_left"),
)


@pytest.mark.parametrize("task", TASKS)
def test_the_published_tasks_are_in_the_table(task: str) -> None:
    """No structure of a task that is always run gets a makeshift colour."""
    for structure in class_map[task].values():
        assert colour(structure) in COLOURS.values(), structure


@pytest.mark.parametrize(("one", "other"), NEIGHBOURS)
def test_neighbours_are_told_apart(one: str, other: str) -> None:
    """Structures that touch differ clearly in at least one channel."""
    assert max(abs(a - b) for a, b in zip(colour(one), colour(other), strict=True)) >= 36


def test_sides_and_levels_share_a_colour() -> None:
    """Left and right, and the vertebrae among themselves."""
    assert colour("kidney_left") == colour("kidney_right")
    assert colour("lung_upper_lobe_left") == colour("lung_upper_lobe_right")
    assert colour("vertebrae_L3") == colour("vertebrae_T1")
    assert colour("rib_left_7") == colour("rib_right_1")


def test_an_unknown_structure_keeps_its_colour() -> None:
    """A task the table does not know: some colour, the same each time, on both sides."""
    assert colour("eye_left") == colour("eye_right")
    assert colour("eye_left") != colour("optic_nerve_left")


@pytest.mark.parametrize(
    ("structure", "name"),
    [
        ("kidney_left", "Left kidney"),
        ("vertebrae_L3", "Vertebra L3"),
        ("rib_right_11", "Right rib 11"),
        ("autochthon_right", "Right paraspinal muscle"),
        ("torso_fat", "Visceral fat"),
        ("urinary_bladder", "Urinary bladder"),
        ("lung_upper_lobe_left", "Left lung, upper lobe"),
    ],
)
def test_names_read_as_people_say_them(structure: str, name: str) -> None:
    """TotalSegmentator's class names as text for a picture."""
    assert display_name(structure) == name
