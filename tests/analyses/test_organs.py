"""Organ volumetry, organ density and the structure inventory."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import numpy as np
import pytest
from analysis_bodies import Body, head, trunk

from heimdallr.analyses import organ_density, organ_volumetry, structures
from heimdallr.domain.measurement import Measurement, Status
from heimdallr.domain.study import Patient, Series

if TYPE_CHECKING:
    from heimdallr.analyses.case import Case


def named(measurements: tuple[Measurement, ...]) -> dict[str, Measurement]:
    """Measurements by name."""
    return {one.name: one for one in measurements}


def test_volumes_of_ellipsoids() -> None:
    """An ellipsoid of half axes a, b, c has 4/3 pi a b c."""
    found = named(organ_volumetry.measure(trunk((2.0, 2.0, 2.0)).case()))
    assert found["liver_vol_cm3"].value == pytest.approx(
        4 / 3 * math.pi * 39 * 42 * 60 / 1000, 0.01
    )
    assert found["spleen_vol_cm3"].value == pytest.approx(
        4 / 3 * math.pi * 27 * 30 * 42 / 1000, 0.01
    )
    assert found["liver_vol_cm3"].flat


def test_a_cut_organ_has_no_volume() -> None:
    """The liver reaches the upper edge: no volume, the seen part as a parameter."""
    body = trunk()
    body.paint(body.box((66, 6, 120), (30, 30, 90)), 60, "liver")
    liver = named(organ_volumetry.measure(body.case()))["liver_vol_cm3"]
    assert liver.status is Status.NOT_ASSESSABLE
    assert liver.reason == "truncated at superior edge (17 % of its largest section)"
    assert isinstance(liver.parameters["segmented_cm3"], float)


def test_what_the_round_field_of_view_cuts_has_no_volume() -> None:
    """The circle halves the kidney and spares the pancreas; a wider one spares both."""
    body = trunk()
    body.see_within(60)
    volumes = named((*organ_volumetry.measure(body.case()), *structures.measure(body.case())))
    kidney = volumes["kidney_right_vol_cm3"]
    assert kidney.status is Status.NOT_ASSESSABLE
    assert kidney.why is not None
    assert kidney.why.code == "truncated"
    assert "truncated at field-of-view edge" in str(kidney.reason)
    assert "na borda do campo de visão" in kidney.why.in_language("pt")
    assert volumes["pancreas_vol_cm3"].status is Status.MEASURED
    wide = trunk()
    wide.see_within(100)
    assert named(organ_volumetry.measure(wide.case()))["kidney_right_vol_cm3"].status is (
        Status.MEASURED
    )


def test_an_absent_organ_is_not_zero() -> None:
    """A spleen that is not there is not assessable, and the reason does not guess why."""
    body = trunk()
    body.labels["total"][body.labels["total"] == 1] = 0
    spleen = named(organ_volumetry.measure(body.case()))["spleen_vol_cm3"]
    assert spleen.value is None
    assert (spleen.status, spleen.reason) == (
        Status.NOT_ASSESSABLE,
        "no spleen segmented in this volume",
    )


def test_what_measures_like_air_is_no_liver() -> None:
    """A network that sees a liver in a phantom's air yields no liver volume and no density."""
    body = trunk()
    body.paint(body.labels["total"] == 5, -988, "liver")
    case = body.case()
    for found, name in (
        (organ_volumetry.measure(case), "liver_vol_cm3"),
        (organ_density.measure(case), "liver_hu_mean"),
    ):
        liver = named(found)[name]
        assert liver.status is Status.NOT_ASSESSABLE
        assert liver.reason == "what is labelled liver measures -988 HU: mislabelled"


def test_a_fragment_is_no_organ() -> None:
    """One cubic centimetre called spleen is not a spleen of one cubic centimetre."""
    body = trunk()
    body.labels["total"][body.labels["total"] == 1] = 0
    body.mark(body.box((-66, 0, 90), (10, 10, 10)), "spleen")
    spleen = named(organ_volumetry.measure(body.case()))["spleen_vol_cm3"]
    assert spleen.status is Status.NOT_ASSESSABLE
    assert "fragment" in spleen.reason


def test_a_head_has_no_liver_volume() -> None:
    """Outside the covered region a liver volume makes no sense."""
    liver = named(organ_volumetry.measure(head().case()))["liver_vol_cm3"]
    assert liver.status is Status.NOT_APPLICABLE


def test_density_statistics(rng: np.random.Generator) -> None:
    """Mean, population standard deviation and median are numpy's over the mask."""
    body = trunk()
    body.image = (body.image + rng.normal(0, 12, body.image.shape)).astype(np.int16)
    values = body.image[body.labels["total"] == 5].astype(float)
    found = named(organ_density.measure(body.case()))
    assert found["liver_hu_mean"].value == pytest.approx(values.mean(), abs=0.005)
    assert found["liver_hu_std"].value == pytest.approx(values.std(), abs=0.005)
    assert found["liver_hu_median"].value == np.median(values)
    assert found["liver_hu_mean"].parameters["kvp"] == 120.0


def test_the_eroded_mean_ignores_a_misplaced_rim() -> None:
    """One voxel of fat inside the contour lowers the mean, not the eroded mean."""
    body = Body((180, 90, 90), (1.5, 1.5, 1.5))
    for x, name in ((-54, "liver"), (0, "spleen"), (54, "kidney_left")):
        body.paint(body.ellipsoid((x, 0, 0), (24, 24, 24)), -100, name)
        body.image[body.ellipsoid((x, 0, 0), (22.5, 22.5, 22.5))] = 60
    found = named(organ_density.measure(body.case()))
    mean, eroded = found["liver_hu_mean"].value, found["liver_hu_eroded_mean"].value
    assert isinstance(mean, float)
    assert mean < 40
    assert eroded == 60


def test_a_thin_organ_has_no_core() -> None:
    """What is left after erosion must be at least 1 cm3."""
    body = Body((120, 120, 120))
    for name in ("liver", "spleen", "kidney_right"):
        x = {"liver": -42.0, "spleen": 0.0, "kidney_right": 42.0}[name]
        body.paint(body.box((x, 0, 0), (6, 90, 90)), 40, name)
    found = named(organ_density.measure(body.case()))
    assert found["liver_hu_mean"].value == 40
    assert found["liver_hu_eroded_mean"].status is Status.NOT_ASSESSABLE


def test_mr_has_volumes_and_no_hounsfield_units() -> None:
    """MR: the volume is measured, densities do not apply, the inventory has no HU."""
    body = Body((180, 180, 180), modality="MR")
    for x, name in ((-54, "liver"), (0, "spleen"), (54, "kidney_left")):
        body.paint(body.ellipsoid((x, 0, 0), (24, 24, 24)), 400, name)
    body.paint(body.box((0, 60, 0), (30, 30, 30)), 300, "colon")
    case = body.case()
    assert named(organ_volumetry.measure(case))["liver_vol_cm3"].status is Status.MEASURED
    assert {one.status for one in organ_density.measure(case)} == {Status.NOT_APPLICABLE}
    assert set(named(structures.measure(case))) == {"structures_segmented", "colon_vol_cm3"}


def test_the_inventory_lists_what_is_there() -> None:
    """Every structure but the four organs, cut ones without a volume but with attenuation."""
    body = trunk()
    body.paint(body.box((0, 100, 0), (30, 30, 400)), 20, "colon")
    found = named(structures.measure(body.case()))
    assert found["structures_segmented"].value == 16
    assert "liver_vol_cm3" not in found
    assert found["colon_vol_cm3"].reason == (
        "truncated at inferior and superior edges (100 % of its largest section)"
    )
    assert found["colon_hu_mean"].value == 20
    assert found["colon_hu_mean"].parameters["truncated_at"] == "inferior,superior"
    assert found["vertebrae_L3_hu_median"].value == 300
    assert "heart_vol_cm3" not in found


def _said(case: Case, **said: object) -> Case:
    """The same case with more in the provenance of its whole-body map."""
    total = case.segmentations["total"]
    provenance = replace(total.provenance, weights_origin="bundled", **said)  # type: ignore[arg-type]
    return replace(case, segmentations={"total": replace(total, provenance=provenance)})


def test_a_doubtful_organ_is_not_measured() -> None:
    """Volume and density say why; a sure one is measured and tells how sure the network is."""
    case = _said(trunk().case(), confidence={"liver": 0.41, "spleen": 0.9})
    found = named(organ_volumetry.measure(case) + organ_density.measure(case))
    for name in ("liver_vol_cm3", "liver_hu_mean", "liver_hu_eroded_mean"):
        assert found[name].status is Status.NOT_ASSESSABLE
        assert found[name].reason == (
            "the bundled networks are unsure of the liver (confidence 0.41)"
        )
    assert found["spleen_vol_cm3"].parameters["confidence"] == 0.9
    assert found["kidney_left_vol_cm3"].status is Status.MEASURED
    assert "confidence" not in found["kidney_left_vol_cm3"].parameters


def test_the_inventory_tells_what_bundled_weights_cannot() -> None:
    """Left out, only located, and doubtful this time: no number, and the reason."""
    case = trunk().case()
    others = [name for name in case.statistics if name not in organ_volumetry.ORGANS]
    known = structures.measure(case)[0].parameters["structures_known"]
    case = _said(
        case,
        left_out=("kidney_cyst_left",),
        located_only=(others[0],),
        confidence={others[1]: 0.3, others[2]: 0.8},
    )
    found = named(structures.measure(case))
    assert isinstance(known, int)
    assert found["structures_segmented"].parameters["structures_known"] == known - 1
    assert found["kidney_cyst_left_vol_cm3"].reason == (
        "the bundled weights do not segment the left kidney cyst"
    )
    for name, why in ((others[0], "well enough"), (others[1], "unsure")):
        for suffix in ("vol_cm3", "hu_mean", "hu_std", "hu_median"):
            assert found[f"{name}_{suffix}"].status is Status.NOT_ASSESSABLE
            assert why in found[f"{name}_{suffix}"].reason
    assert found[f"{others[2]}_hu_mean"].parameters["confidence"] == 0.8


def test_an_organ_the_weights_do_not_know_says_so() -> None:
    """Not in the label map, because these weights never put it there."""
    body = trunk()
    body.labels["total"][body.case().anatomy.mask("spleen")] = 0
    found = named(organ_volumetry.measure(_said(body.case(), left_out=("spleen",))))
    assert found["spleen_vol_cm3"].reason == "the bundled weights do not segment the spleen"


def test_where_sides_are_unknown_nothing_is_called_left_or_right() -> None:
    """A NIfTI file without orientation codes: the kidneys have no volume, the liver has one."""
    series = Series("", "CT", sides_known=False)
    found = named(organ_volumetry.measure(trunk().case(series=series)))
    assert found["liver_vol_cm3"].status is Status.MEASURED
    for side in ("left", "right"):
        kidney = found[f"kidney_{side}_vol_cm3"]
        assert kidney.status is Status.NOT_ASSESSABLE
        assert "which side is left" in kidney.reason


@pytest.mark.parametrize(
    ("sex", "status"),
    [
        ("M", Status.MEASURED),
        ("F", Status.NOT_ASSESSABLE),
        ("O", Status.MEASURED),
        (None, Status.MEASURED),
    ],
)
def test_a_structure_of_the_other_sex_is_mislabelled(
    sex: Literal["M", "F", "O"] | None, status: Status
) -> None:
    """A prostate in a woman; where the sex is not recorded, it is believed."""
    body = trunk()
    body.paint(body.box((0, 60, -130), (20, 20, 20)), 40, "prostate")
    found = named(structures.measure(body.case(patient=Patient(sex=sex))))
    for name in ("prostate_vol_cm3", "prostate_hu_mean"):
        assert found[name].status is status
        assert (status is Status.MEASURED) != ("mislabelled" in found[name].reason)
