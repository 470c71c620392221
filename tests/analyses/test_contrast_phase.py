"""Contrast phase, against TotalSegmentator's own script and on phantoms."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from analysis_bodies import Body, head, segmentation, trunk
from totalsegmentator.bin.totalseg_get_phase import get_ct_contrast_phase, pi_time_to_phase
from totalsegmentator.map_to_binary import class_map
from totalsegmentator.statistics import get_basic_statistics

from heimdallr.analyses import contrast_phase
from heimdallr.analyses.case import Case
from heimdallr.analyses.contrast_phase import (
    FEATURES,
    PhasePrediction,
    doubt_about,
    predict_phase,
)
from heimdallr.domain.measurement import Measurement, Status
from heimdallr.domain.statements import Statement
from heimdallr.domain.study import Patient, Series, Spectral
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
    assert (ours.seconds, ours.fine) == (theirs["pi_time"], theirs["phase"])
    assert ours.spread_s == theirs["stddev"]
    assert (ours.earliest_s, ours.latest_s) == (theirs["pi_time_min"], theirs["pi_time_max"])


def test_classes_begin_where_totalsegmentators_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """At every tenth of a second."""

    class _Regressor:
        def predict(self, _features: object) -> list[float]:
            return [seconds]

    monkeypatch.setattr(contrast_phase, "_regressors", lambda: (_Regressor(),))
    for seconds in np.arange(-50, 1500) / 10:
        assert predict_phase({}).fine == pi_time_to_phase(seconds)[0]


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
    assert found["contrast_phase"].parameters["rule"] == "excretion at equilibrium"
    assert found["contrast_phase_spread_s"].status is Status.MEASURED


def test_a_delayed_ct_has_no_time_after_injection() -> None:
    """The regressors answer with one of a phase that it is not, and may disagree by any amount."""
    found = phase(with_bright_pelvis(enhanced(150, 100, 95), 600).case())
    seconds = found["contrast_phase_seconds"]
    assert (seconds.value, seconds.status) == (None, Status.NOT_ASSESSABLE)
    assert seconds.why == Statement("phase_later_than_regressors_know")


@pytest.mark.parametrize(
    ("x_mm", "story"),
    [((50,), "a stone in one kidney of a portal venous scan"),
     ((88, -88), "ribs along both kidneys, touching them, not labelled")],
)  # fmt: skip
def test_what_is_bright_near_a_kidney_need_not_be_excreted(
    x_mm: tuple[int, ...], story: str
) -> None:
    """Excreted contrast stays with the kidney, and is on both sides."""
    body = enhanced(150, 140, 130)
    for x in x_mm:
        is_rib = abs(x) > 80
        spot = body.box((x, -18, -24), (6, 12, 150 if is_rib else 24))
        body.image[spot] = 800
        if is_rib:
            body.labels["total"][spot] = 0
    assert phase(body.case())["contrast_phase"].value != "delayed", story


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
    assert found["contrast_phase"].why == found["contrast_phase_fine"].why, "and no other class"


def test_too_little_in_view_is_not_assessable() -> None:
    """A head without the neck vessels' task has one of the twenty structures."""
    found = phase(head().case())
    assert {one.status for one in found.values()} == {Status.NOT_ASSESSABLE}


def test_mr_has_no_phase() -> None:
    """The regressors read Hounsfield units."""
    body = Body((90, 90, 90), modality="MR")
    body.mark(body.box((0, 0, 0), (30, 30, 30)), "liver")
    assert {one.status for one in phase(body.case()).values()} == {Status.NOT_APPLICABLE}


def vessels(**median_hu: int) -> Case:
    """Boxes of 8 cm3 with one attenuation each, named after structures."""
    body = Body((240, 90, 60))
    for n, (name, hu) in enumerate(median_hu.items()):
        body.paint(body.box((-105 + 26 * n, 0, 0), (20, 20, 20)), hu, name)
    return body.case()


NATIVE = {"aorta": 45, "inferior_vena_cava": 42, "portal_vein_and_splenic_vein": 44, "heart": 42}


@pytest.mark.parametrize(
    ("case", "story"),
    [
        (vessels(iliac_artery_left=350, iliac_artery_right=350, urinary_bladder=5),
         "a pelvis with nothing but bright arteries is not native"),
        (vessels(iliac_artery_left=250, iliac_artery_right=250, iliac_vena_left=60,
                 iliac_vena_right=60, urinary_bladder=5), "dark veins beside them are not venous"),
        (vessels(aorta=150, inferior_vena_cava=140, heart=145),
         "veins as bright as the aorta are not arterial"),
        (vessels(**NATIVE, liver=105), "a liver full of amiodarone is not arterial"),
    ],
)  # fmt: skip
def test_a_class_that_the_blood_contradicts_is_not_published(case: Case, story: str) -> None:
    """Nor the time; the spread stays, and the reason says what was seen."""
    found = phase(case)
    told = found["contrast_phase"]
    assert told.status is Status.NOT_ASSESSABLE, story
    assert told.reason
    assert found["contrast_phase_fine"].status is Status.NOT_ASSESSABLE
    assert found["contrast_phase_seconds"].status is Status.NOT_ASSESSABLE
    assert found["contrast_phase_spread_s"].status is Status.MEASURED


@pytest.mark.parametrize(
    ("fine", "spread_s", "median_hu", "code"),
    [
        ("native", 10.1, {"aorta": 40.0}, "phase_regressors_disagree"),
        ("native", 1.0, {"aorta": 40.0, "iliac_artery_left": 101.0}, "phase_contradicted"),
        ("native", 1.0, {"pulmonary_vein": 140.0}, "phase_contradicted"),
        ("arterial_late", 1.0, {"aorta": 70.0, "inferior_vena_cava": 45.0}, "phase_contradicted"),
        ("portal_venous", 1.0, {"aorta": 50.0, "inferior_vena_cava": 45.0}, "phase_contradicted"),
        ("arterial_late", 1.0, {"aorta": 150.0, "inferior_vena_cava": 140.0},
         "phase_contradicted_by_veins"),
        ("portal_venous", 1.0, {"aorta": 250.0, "inferior_vena_cava": 60.0},
         "phase_contradicted_by_veins"),
        ("native", 1.0, {"aorta": 60.0, "inferior_vena_cava": 55.0}, None),
        ("native", 1.0, {"liver": 60.0}, None),
        ("arterial_late", 9.9, {"aorta": 300.0, "inferior_vena_cava": 60.0}, None),
        ("arterial_early", 1.0, {"aorta": 300.0}, None),
        ("portal_venous", 1.0, {"aorta": 150.0, "inferior_vena_cava": 130.0}, None),
        # What is drawn as iliac artery may be bone: the aorta is asked first.
        ("portal_venous", 1.0,
         {"aorta": 173.0, "iliac_artery_right": 347.0, "inferior_vena_cava": 142.0}, None),
    ],
)  # fmt: skip
def test_what_speaks_against_the_regressors(
    fine: str, spread_s: float, median_hu: dict[str, float], code: str | None
) -> None:
    """Their own disagreement, and blood."""
    prediction = PhasePrediction(fine, 5.0, spread_s, 0.0, 10.0)
    doubt = doubt_about(prediction, median_hu)
    assert (doubt.why.code if doubt else None) == code


@pytest.mark.parametrize(
    ("agent", "named"), [("OMNIPAQUE 350", True), ("", False), ("NÃO", False), (None, False)]
)
def test_an_empty_tag_names_no_contrast_agent(
    agent: str | None,
    named: bool,  # noqa: FBT001
) -> None:
    """Native CTs have it, and it is empty."""
    case = vessels(**NATIVE)
    found = phase(replace(case, series=replace(case.series, contrast_agent=agent)))
    assert found["contrast_phase"].parameters["contrast_agent_in_header"] is named


def test_the_phase_is_not_read_off_what_is_not_believed() -> None:
    """A plastic skull's "liver" of -996 HU, and what its own network doubts."""
    sure = vessels(aorta=45, inferior_vena_cava=42, heart=44)
    assert phase(sure)["contrast_phase"].value == "native"
    plastic = vessels(liver=-996, brain=94, aorta=45, colon=-984)
    assert phase(plastic)["contrast_phase"].why == Statement(
        "too_few_structures_for_phase", {"seen": 2, "known": 20, "needed": 3}
    )
    total = sure.segmentations["total"]
    doubted = replace(total.provenance, confidence={"aorta": 0.4, "heart": 0.5})
    case = replace(sure, segmentations={"total": replace(total, provenance=doubted)})
    assert phase(case)["contrast_phase"].status is Status.NOT_ASSESSABLE


def test_a_structure_that_is_only_located_is_asked() -> None:
    """Portal vein and iliac arteries of bundled weights: there, if not well enough to measure."""
    case = vessels(aorta=45, inferior_vena_cava=42, portal_vein_and_splenic_vein=44)
    total = case.segmentations["total"]
    located = replace(total.provenance, located_only=("portal_vein_and_splenic_vein",))
    found = phase(replace(case, segmentations={"total": replace(total, provenance=located)}))
    assert found["contrast_phase"].value == "native"


def test_the_time_says_how_far_another_class_is() -> None:
    """The only probability that can be had is none at all."""
    found = phase(vessels(**NATIVE))
    seconds = found["contrast_phase_seconds"]
    assert isinstance(seconds.value, float)
    assert seconds.parameters["margin_s"] == pytest.approx(10 - seconds.value, abs=0.01)
    assert "contrast_phase_probability" not in found


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({"rescaled": False}, "attenuation_unknown"),
        ({"spectral": Spectral.NON_CONTRAST}, "virtual_image_shows_no_phase"),
        ({"spectral": Spectral.MONOENERGETIC, "energy_kev": 40.0}, "virtual_image_shows_no_phase"),
        ({"spectral": Spectral.MONOENERGETIC, "energy_kev": 70.0}, None),
    ],
)
def test_only_attenuation_as_it_was_scanned_shows_a_phase(
    facts: dict[str, Any], code: str | None
) -> None:
    """Iodine is twice as bright at 40 keV, and gone from a virtual non-contrast image."""
    case = vessels(**NATIVE)
    found = phase(replace(case, series=replace(case.series, **facts)))["contrast_phase"]
    assert (found.why.code if found.why else None) == code
