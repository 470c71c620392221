"""Every structure stands in one branch of the tree, and no branch names what does not exist."""

from __future__ import annotations

import itertools

import pytest
from totalsegmentator.map_to_binary import class_map

from heimdallr.publishing.groups import GROUPS, MEMBERS, base_name, group
from heimdallr.publishing.palette import COLOURS
from heimdallr.segmentation.anatomy.body import BODY
from heimdallr.segmentation.plan import ORGAN_TASKS
from heimdallr.segmentation.tasks import tasks_of_collections

TASKS = ("total", "total_mr", "tissue_types", "tissue_types_mr", *ORGAN_TASKS)
STRUCTURES = (
    {BODY}
    | {name for task in TASKS for name in class_map[task].values()}
    | {name for task in tasks_of_collections() for name in task.names.values()}
)


def test_every_structure_has_a_group() -> None:
    """No structure of a published task ends among the others."""
    assert {name for name in STRUCTURES if group(name) == "other"} == set()


def test_every_entry_is_a_structure() -> None:
    """The table lists each base name once, and none that no task has."""
    listed = list(itertools.chain.from_iterable(MEMBERS.values()))
    assert len(listed) == len(set(listed))
    assert set(listed) == {base_name(name) for name in STRUCTURES}
    assert tuple(MEMBERS) == GROUPS


def test_what_has_a_group_has_a_colour() -> None:
    """The two tables speak of the same names."""
    assert {base_name(name) for name in STRUCTURES} <= COLOURS.keys()


@pytest.mark.parametrize(
    ("structure", "expected"),
    [
        ("liver", "organs"),
        ("kidney_cyst_left", "organs"),
        ("lung_upper_lobe_right", "lungs"),
        ("iliac_vena_left", "vessels"),
        ("atrial_appendage_left", "heart"),
        ("spinal_cord", "nervous_system"),
        ("vertebrae_T12", "vertebrae"),
        ("vertebrae", "vertebrae"),
        ("rib_left_11", "ribs"),
        ("hip_right", "bones"),
        ("autochthon_left", "muscles"),
        ("torso_fat", "tissue"),
        ("intracerebral_hemorrhage", "findings"),
        ("third_ventricle", "nervous_system"),
        ("pleural_effusion", "findings"),
        ("eye_left", "other"),
    ],
)
def test_structures_stand_where_a_radiologist_looks(structure: str, expected: str) -> None:
    """One of each kind."""
    assert group(structure) == expected
