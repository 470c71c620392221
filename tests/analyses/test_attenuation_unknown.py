"""A CT whose header does not say what its pixels are: no number that needs Hounsfield units."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from analysis_bodies import head, trunk

from heimdallr.analyses.registry import run_all
from heimdallr.analyses.rules.findings import find
from heimdallr.domain.measurement import Measurement, Status
from heimdallr.domain.study import Spectral

if TYPE_CHECKING:
    from heimdallr.analyses.case import Case

NEED_ATTENUATION = (
    "contrast_phase",
    "organ_density",
    "tissue_composition",
    "sarcopenia_l3",
    "cerebral_haemorrhage",
)


def _unscaled(case: Case) -> Case:
    return replace(case, series=replace(case.series, rescaled=False))


@pytest.mark.parametrize("body", [trunk, head])
def test_nothing_that_needs_attenuation_is_measured(body: object) -> None:
    """Each such measurement says why; there is no finding on it either."""
    assert callable(body)
    case = _unscaled(body().case())
    assert not case.attenuation_known
    measurements = run_all(case)
    in_hu = [one for one in measurements if one.unit == "HU"]
    told = [one for one in measurements if one.analysis in NEED_ATTENUATION]
    assert in_hu
    assert {one.analysis for one in told} == set(NEED_ATTENUATION)
    for one in (*in_hu, *told):
        assert (one.status, _code(one)) == (Status.NOT_ASSESSABLE, "attenuation_unknown"), one.name
    assert not [
        one.code for one in find(case, measurements).findings if "truncated" not in one.code
    ]


def test_what_needs_none_is_measured_all_the_same() -> None:
    """Where somebody brings a segmentation, an organ has its volume, whatever its brightness."""
    case = _unscaled(trunk().case())
    case = replace(case, image=replace(case.image, data=case.image.data + 1024))
    found = {one.name: one for one in run_all(case)}
    assert found["liver_vol_cm3"].status is Status.MEASURED


def test_numbers_of_a_virtual_image_name_it() -> None:
    """Beside each density, as kernel and tube voltage are."""
    case = trunk().case()
    series = replace(case.series, spectral=Spectral.MONOENERGETIC, energy_kev=40.0)
    found = {one.name: one for one in run_all(replace(case, series=series))}
    parameters = found["liver_hu_mean"].parameters
    assert (parameters["computed_as"], parameters["energy_kev"]) == ("monoenergetic", 40.0)


def _code(measurement: Measurement) -> str | None:
    return measurement.why.code if measurement.why else None
