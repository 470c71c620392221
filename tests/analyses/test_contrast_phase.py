"""Contrast phase, against TotalSegmentator's own script and on phantoms."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from analysis_bodies import Body, head, segmentation, trunk
from totalsegmentator.bin.totalseg_get_phase import get_ct_contrast_phase
from totalsegmentator.map_to_binary import class_map
from totalsegmentator.statistics import get_basic_statistics

from heimdallr.analyses import contrast_phase
from heimdallr.analyses.case import Case
from heimdallr.analyses.contrast_phase import COARSE, FEATURES, predict_phase
from heimdallr.domain.measurement import Measurement, Status
from heimdallr.domain.study import Patient, Series
from heimdallr.imaging.volume import load_label_map, load_volume

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import nibabel as nib

pytestmark = [
    # TotalSegmentator's script leaves the file open and xgboost remarks on its age.
    pytest.mark.filterwarnings("ignore:.*serialized model:UserWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


def phase(case: Case) -> dict[str, Measurement]:
    """Measurements by name."""
    return {one.name: one for one in contrast_phase.measure(case)}


def their_answer(stats: dict[str, dict[str, float]]) -> dict[str, float | str]:
    """What TotalSegmentator's script says about statistics; it runs no network then."""
    import nibabel as nib  # noqa: PLC0415 - untyped, used here only

    image: nib.Nifti1Image = nib.Nifti1Image(np.zeros((2, 2, 2), np.int16), np.eye(4))
    steps = list(get_ct_contrast_phase(image, existing_stats=stats, quiet=True))
    result: dict[str, float | str] = steps[-1]["result"]
    return result


def test_the_real_ct_equals_totalsegmentators_script(real_set: Callable[[str], Path]) -> None:
    """Same CT, same label map: their statistics and script, our statistics and call."""
    folder = real_set("ct_totalsegmentator_example")
    image = load_volume(folder / "example_ct.nii.gz")
    labels = load_label_map(folder / "example_seg_fast_force_split.nii.gz", class_map["total"])
    stats = get_basic_statistics(
        labels.data,
        folder / "example_ct.nii.gz",
        quiet=True,
        exclude_masks_at_border=False,
        metric="median",
    )
    theirs = their_answer(stats)
    found = phase(
        Case(
            "CT",
            image,
            Patient(),
            Series("1.2.3", "CT"),
            {"total": segmentation(labels.data, image.affine, "total")},
        )
    )
    assert found["contrast_phase_seconds"].value == theirs["pi_time"]
    assert found["contrast_phase_fine"].value == theirs["phase"]
    assert found["contrast_phase_probability"].value == theirs["probability"]
    assert found["contrast_phase_spread_s"].value == theirs["stddev"]


@pytest.mark.parametrize("seed", range(8))
def test_random_medians_equal_totalsegmentators_script(seed: int) -> None:
    """Any medians, some structures absent: the same seconds, class and spread."""
    rng = np.random.default_rng(seed)
    present = [name for name in FEATURES[:16] if rng.random() < 0.8]
    medians = {name: float(rng.integers(-20, 350)) for name in present}
    stats = {name: {"volume": 0.0, "intensity": medians.get(name, 0.0)} for name in FEATURES[:16]}
    theirs = their_answer(stats)
    ours = predict_phase(medians)
    assert (ours.seconds, ours.fine, ours.probability) == (
        theirs["pi_time"],
        theirs["phase"],
        theirs["probability"],
    )
    assert ours.spread_s == theirs["stddev"]
    assert (ours.earliest_s, ours.latest_s) == (theirs["pi_time_min"], theirs["pi_time_max"])


def enhanced(kidney_hu: int, aorta_hu: int, vein_hu: int) -> Body:
    """The trunk with other attenuation in kidneys and vessels."""
    body = trunk()
    numbers = {name: number for number, name in class_map["total"].items()}
    for name, hu in (
        ("kidney_right", kidney_hu),
        ("kidney_left", kidney_hu),
        ("aorta", aorta_hu),
        ("inferior_vena_cava", vein_hu),
    ):
        body.image[body.labels["total"] == numbers[name]] = hu
    return body


def with_bright_pelvis(body: Body, hu: int) -> Body:
    """A renal pelvis of 2 x 1.7 cm3 beside each kidney, not labelled by any network."""
    for x in (33, -33):
        spot = body.box((x, -18, -24), (12, 12, 12)) & (body.labels["total"] == 0)
        body.image[spot] = hu
    return body


def test_excretion_at_equilibrium_is_delayed() -> None:
    """Aorta 100, vena cava 95, kidneys 150, renal pelvis 600 HU."""
    found = phase(with_bright_pelvis(enhanced(150, 100, 95), 600).case())
    assert found["contrast_phase"].value == "delayed"
    assert found["contrast_phase_fine"].value == "delayed"
    assert found["contrast_phase_fine"].parameters["regressors_say"] != "delayed"
    assert found["contrast_phase_probability"].value == 0.7
    assert found["contrast_phase"].parameters["rule"] == "excretion at equilibrium"


def test_contrast_in_the_bladder_is_delayed() -> None:
    """The pelvis has emptied, the bladder is bright."""
    body = enhanced(150, 100, 95)
    body.paint(body.ellipsoid((0, 30, -130), (30, 24, 18)), 500, "urinary_bladder")
    assert phase(body.case())["contrast_phase"].value == "delayed"


@pytest.mark.parametrize(
    ("kidney", "aorta", "vein", "story"),
    [
        (34, 45, 45, "a stone or stent on a native scan"),
        (150, 320, 100, "an arterial scan after an earlier injection"),
        (40, 100, 95, "kidneys that do not take up contrast"),
    ],
)
def test_bright_spots_alone_are_not_delayed(kidney: int, aorta: int, vein: int, story: str) -> None:
    """Without equilibrium and enhanced kidneys a bright pelvis proves nothing."""
    found = phase(with_bright_pelvis(enhanced(kidney, aorta, vein), 900).case())
    assert found["contrast_phase"].value != "delayed", story


def test_equilibrium_without_excretion_is_not_delayed() -> None:
    """Late portal venous: equal vessels, but nothing excreted yet."""
    found = phase(enhanced(150, 120, 115).case())
    assert found["contrast_phase"].value != "delayed"
    assert found["contrast_phase"].value == COARSE[str(found["contrast_phase_fine"].value)]


def test_too_little_in_view_is_not_assessable() -> None:
    """A head without the neck vessels' task has one of the twenty structures."""
    found = phase(head().case())
    assert {one.status for one in found.values()} == {Status.NOT_ASSESSABLE}


def test_mr_has_no_phase() -> None:
    """The regressors read Hounsfield units."""
    body = Body((90, 90, 90), modality="MR")
    body.mark(body.box((0, 0, 0), (30, 30, 30)), "liver")
    assert {one.status for one in phase(body.case()).values()} == {Status.NOT_APPLICABLE}
