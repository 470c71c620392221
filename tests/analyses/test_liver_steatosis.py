"""Liver steatosis: known fat, and every gate at its border."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from analysis_bodies import Body, trunk

from heimdallr.analyses import liver_steatosis, organ_density
from heimdallr.analyses.contrast_phase import FINE, PHASE
from heimdallr.analyses.declared_outputs import unassessable
from heimdallr.domain.measurement import Measurement, Status
from heimdallr.domain.study import Series, Spectral
from heimdallr.preparation.mr_contrast import is_fat_fraction

CT = Series("1.2.3", "CT", kvp=120.0, kernel="B30f")
FRACTION = Series(
    "1.2.3", "MR", image_type=("DERIVED", "PRIMARY", "DIXON", "FAT_FRACTION"), rescale_type="%"
)
COARSE = {"native": "native", "portal_venous": "venous", "arterial_late": "arterial"}


@cache
def body(liver_hu: int) -> Body:
    """A trunk with such a liver; the spleen has 50 HU."""
    made = trunk()
    made.image[made.labels["total"] == 5] = liver_hu
    return made


def found(
    liver_hu: int = 60, phase: str | None = "native", series: Series = CT, made: Body | None = None
) -> dict[str, Measurement]:
    """What is said of a liver's fat, after densities and a contrast phase."""
    case = (made or body(liver_hu)).case(series=series)
    case = case.with_facts(organ_density.measure(case))
    doubt = unassessable("virtual_image_shows_no_phase")
    phases = (
        (PHASE.absent(doubt), FINE.absent(doubt))
        if phase is None
        else (PHASE.measured(COARSE[phase]), FINE.measured(phase))
    )
    return {one.name: one for one in liver_steatosis.measure(case.with_facts(phases))}


def test_unenhanced_fat() -> None:
    """38.2 - 0.58 · 23 = 24.9 %; less than half as bright as the spleen."""
    fatty = found(23)
    assert fatty["liver_fat_percent"].value == 24.9
    assert fatty["liver_to_spleen_hu_ratio"].value == 0.46
    assert fatty["liver_fat_percent"].parameters["kvp"] == 120.0
    assert fatty["liver_portal_venous_hu_class"].status is Status.NOT_APPLICABLE


@pytest.mark.parametrize(("hu", "percent"), [(65, 0.5), (66, 0.0), (90, 0.0), (-3, 39.9)])
def test_fat_is_never_below_zero(hu: int, percent: float) -> None:
    """A liver with iron, or none, has no negative fat."""
    assert found(hu)["liver_fat_percent"].value == percent


@pytest.mark.parametrize(
    ("hu", "named"),
    [(79, "below 80 HU"), (80, "80 to 90 HU"), (89, "80 to 90 HU"), (90, "90 HU and more")],
)
def test_portal_venous_gives_a_class_and_no_number(hu: int, named: str) -> None:
    """At its borders; what holds for unenhanced CT says so."""
    enhanced = found(hu, "portal_venous")
    assert enhanced["liver_portal_venous_hu_class"].value == named
    for name in ("liver_to_spleen_hu_ratio", "liver_fat_percent"):
        assert enhanced[name].status is Status.NOT_APPLICABLE
        assert enhanced[name].reason == "unenhanced CT is needed; the phase is venous"


def test_another_phase_gives_nothing() -> None:
    """Arterial: neither; unknown: not assessable."""
    assert {one.value for one in found(60, "arterial_late").values()} == {None}
    unknown = found(60, None)
    assert (
        unknown["liver_fat_percent"].reason == "it is not known whether contrast medium was given"
    )
    assert unknown["liver_portal_venous_hu_class"].status is Status.NOT_ASSESSABLE


@pytest.mark.parametrize(
    ("kvp", "ratio", "fat"),
    [
        (109.9, False, False),
        (110.0, True, False),
        (114.9, True, False),
        (115.0, True, True),
        (125.0, True, True),
        (125.1, True, False),
        (130.0, True, False),
        (130.1, False, False),
        (None, False, False),
    ],
)
def test_tube_voltages(kvp: float | None, ratio: bool, fat: bool) -> None:  # noqa: FBT001
    """Both ranges at their ends; an unknown voltage is none."""
    at = found(series=replace(CT, kvp=kvp))
    assert (at["liver_to_spleen_hu_ratio"].value is not None) is ratio
    assert (at["liver_fat_percent"].value is not None) is fat
    assert (at["liver_portal_venous_hu_class"].value is not None) is False


def test_virtual_images_are_not_judged() -> None:
    """50 keV, and a virtual unenhanced image; at 70 keV tissues look as at 120 kV."""
    for kind, kev in ((Spectral.MONOENERGETIC, 50.0), (Spectral.NON_CONTRAST, None)):
        virtual = found(series=replace(CT, spectral=kind, energy_kev=kev))
        assert virtual["liver_fat_percent"].reason.startswith("the scanner computed")
    usual = found(series=replace(CT, spectral=Spectral.MONOENERGETIC, energy_kev=70.0))
    assert usual["liver_fat_percent"].value is not None


def test_a_sliver_of_liver_is_not_judged() -> None:
    """100 cm³ over 30 mm are wanted, each of them; a cut liver has an attenuation all the same."""
    little = trunk()
    little.labels["total"][little.labels["total"] == 5] = 0
    little.mark(little.box((66, 6, 84), (60, 60, 27)), "liver")
    assert found(made=little)["liver_fat_percent"].reason == (
        "only 86 cm³ of liver over 24 mm in view; at least 100 cm³ and 30 mm are needed"
    )
    flat = trunk()
    flat.labels["total"][flat.labels["total"] == 5] = 0
    flat.mark(flat.box((66, 6, 84), (90, 60, 27)), "liver")
    assert found(made=flat)["liver_fat_percent"].reason.startswith(
        "only 130 cm³ of liver over 24 mm"
    )
    flat.mark(flat.box((66, 6, 84), (90, 60, 30)), "liver")
    assert found(made=flat)["liver_fat_percent"].value is not None


def test_without_a_spleen_there_is_still_fat() -> None:
    """The ratio says what is missing."""
    made = trunk()
    made.labels["total"][made.labels["total"] == 1] = 0
    alone = found(made=made)
    assert alone["liver_to_spleen_hu_ratio"].reason == "no spleen segmented in this volume"
    assert alone["liver_fat_percent"].value == 3.4


def mr(series: Series, values: np.ndarray | float, radius_mm: float = 40.0) -> Measurement:
    """The fat fraction of an MR series."""
    made = Body((120, 120, 120), modality="MR")
    liver = made.ellipsoid((0, 0, 0), (radius_mm, radius_mm, radius_mm))
    made.mark(liver, "liver")
    made.image = np.where(liver, values, 0).astype(np.float32)
    case = made.case(series=series)
    return {one.name: one for one in liver_steatosis.measure(case)}["liver_pdff_percent"]


@pytest.mark.parametrize(
    ("unit", "value", "percent"), [("%", 18.3, 18.3), ("PCT", 18.3, 18.3), ("permille", 183, 18.3)]
)
def test_a_map_in_percent_or_per_mille(unit: str, value: float, percent: float) -> None:
    """Where the header names the unit; which one stands beside the value."""
    one = mr(replace(FRACTION, rescale_type=unit), value)
    assert (one.value, one.parameters["read_as"]) == (percent, unit.upper())


@pytest.mark.parametrize("unit", ["", "US", "normalized"])
def test_a_map_of_unknown_scale_is_refused(unit: str) -> None:
    """18 may be percent or per mille: a liver full of fat or none."""
    one = mr(replace(FRACTION, rescale_type=unit), 18.3)
    assert one.status is Status.NOT_ASSESSABLE
    assert one.reason == (
        "the header of the fat fraction map does not say whether its values are percent"
    )


def test_a_map_beyond_its_scale_is_refused() -> None:
    """Per mille under the name of percent."""
    assert mr(FRACTION, 100.0).value == 100.0
    assert mr(FRACTION, 101.0).reason.startswith("the fat fraction map is not on the scale")
    assert mr(FRACTION, -11.0).value is None
    assert mr(FRACTION, -10.0).value is not None


def test_other_mr_series_have_no_fat_fraction() -> None:
    """Not applicable; neither is anything in Hounsfield units."""
    assert mr(Series("1.2.3", "MR"), 300.0).status is Status.NOT_APPLICABLE
    assert mr(FRACTION, 10.0, radius_mm=20.0).reason.startswith("only 33 cm³ of liver")


@pytest.mark.parametrize(
    ("series", "is_one"),
    [
        (FRACTION, True),
        (replace(FRACTION, image_type=("DERIVED", "PRIMARY", "DIXON", "WATER_FRACTION")), False),
        (replace(FRACTION, image_type=("DERIVED", "PRIMARY", "M", "FF")), True),
        (replace(FRACTION, image_type=("DERIVED", "PRIMARY", "M", "WF")), False),
        (replace(FRACTION, image_type=(), description="LIVER PDFF"), True),
        (replace(FRACTION, image_type=(), description="LIVER T1"), False),
        (replace(FRACTION, image_type=("ORIGINAL", "PRIMARY", "DIXON", "FAT")), False),
    ],
)
def test_which_series_is_a_fat_fraction(series: Series, is_one: bool) -> None:  # noqa: FBT001
    """A fraction of water is none, and neither is an image of fat."""
    assert is_fat_fraction(series) is is_one
