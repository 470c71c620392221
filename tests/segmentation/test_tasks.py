"""The task table says what TotalSegmentator's configuration says."""

from __future__ import annotations

import pytest
from totalsegmentator.map_tasks_config import TASK_CONFIGS
from totalsegmentator.map_to_binary import class_map
from totalsegmentator.registry import TASKS, requires_license

from heimdallr.domain.errors import SegmentationError
from heimdallr.segmentation.tasks import all_tasks, download_url, task, variants


def test_every_selectable_task_is_in_the_table() -> None:
    """Nothing TotalSegmentator offers is forgotten, apart from its author's experiments."""
    families = {entry.family for entry in all_tasks().values() if entry.collection is None}
    assert families == (set(TASKS) | {"total_v3"}) - {"test", "total_highres_test"}


@pytest.mark.parametrize(
    "entry",
    [entry for entry in all_tasks().values() if entry.collection is None],
    ids=lambda entry: entry.name,
)
def test_numbers_are_totalsegmentators(entry: object) -> None:
    """Dataset numbers, classes and licences are read, not retyped."""
    found = task(getattr(entry, "name"))  # noqa: B009 - pytest hands objects
    raw = TASK_CONFIGS[found.family]
    mode = {"full": "default", "fast": "fast", "fastest": "fastest"}[found.variant]
    settings = raw.get("sub_modes", {mode: raw})[mode]
    numbers = settings["task_id"]
    assert [m.dataset_id for m in found.models] == (
        numbers if isinstance(numbers, list) else [numbers]
    )
    assert dict(found.names) == class_map[found.family]
    assert found.licence_required == requires_license(found.family)


@pytest.mark.parametrize("name", ["total", "total_v3", "total_mr", "headneck_muscles"])
def test_parts_cover_every_class_once(name: str) -> None:
    """The networks of a split task together produce each of its labels exactly once."""
    found = task(name)
    produced = sorted(number for model in found.models for number in model.label_numbers.values())
    assert produced == sorted(found.names)


def test_crops_follow_the_rules_of_its_command_line() -> None:
    """The margin is 20 mm unless a task of its own finds the crop; ``robust`` takes 3 mm."""
    bleed, lungs, teeth = (task(n).crop for n in ("cerebral_bleed", "lung_vessels", "teeth"))
    assert bleed is not None
    assert lungs is not None
    assert teeth is not None
    assert (bleed.structures, bleed.task) == (("brain",), "total_fastest")
    assert bleed.margin_mm == (20.0, 20.0, 20.0)
    assert lungs.task == "total_fast"
    assert (teeth.task, teeth.margin_mm) == ("craniofacial_structures", (10.0, 10.0, 10.0))
    walls = task("abdominal_muscles").crop
    assert walls is not None
    assert walls.task == "body_fast"


def test_variants_and_addresses() -> None:
    """Variants come from full to coarse; open weights have an address, licensed ones have none."""
    assert [entry.name for entry in variants("total")] == ["total", "total_fast", "total_fastest"]
    assert download_url(task("total_fast").models[0]) == (
        "https://github.com/wasserth/TotalSegmentator/releases/download/v2.0.0-weights/"
        "Dataset297_TotalSegmentator_total_3mm_1559subj.zip"
    )
    assert download_url(task("tissue_types").models[0]) is None


def test_an_unknown_task_is_named() -> None:
    """The error lists what there is."""
    with pytest.raises(SegmentationError, match=r"no segmentation task named 'totl'.*total_fast"):
        task("totl")
