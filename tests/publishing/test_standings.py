"""Where a published case's numbers stand, by what its folder says of patient and images."""

from __future__ import annotations

import pytest
from store_cases import make_identity, make_results, measurement

from heimdallr.domain.study import PixelValues
from heimdallr.publishing.standings import standings

WOMAN = make_identity().model_copy(update={"sex": "F", "age_years": 60.0})
BY_ATTENUATION = (
    measurement("SMA_cm2", 60.0, unit="cm2"),
    measurement("SMI_cm2_m2", 30.0, unit="cm2/m2"),
    measurement("visceral_fat_area_L3_cm2", 140.0, unit="cm2"),
    measurement("muscle_HU_mean", 20.0, unit="HU"),
)
BY_SHAPE = (
    measurement("spleen_vol_cm3", 400.0, unit="cm3"),
    measurement("kidney_left_length_mm", 60.0, unit="mm"),
)


@pytest.mark.parametrize(
    "pixel_values", [PixelValues.ATTENUATION, PixelValues.VIRTUAL, PixelValues.UNKNOWN]
)
def test_virtual_images_stand_beside_no_norm_of_attenuation(pixel_values: PixelValues) -> None:
    """Fixed windows of HU take other tissue there; organs keep their size."""
    phase = measurement("contrast_phase", "native")
    made = make_results(measurements=(*BY_ATTENUATION, *BY_SHAPE, phase))
    told = {"pixel_values": pixel_values}
    made = made.model_copy(update={"provenance": made.provenance.model_copy(update=told)})

    found = standings(made, WOMAN)

    assert {one.name for one in (*BY_ATTENUATION, *BY_SHAPE)} == set(found)
    for one in BY_SHAPE:
        assert all(norm.group for norm in found[one.name])
    for one in BY_ATTENUATION:
        codes = {norm.said.code for norm in found[one.name]}
        if pixel_values is PixelValues.ATTENUATION:
            assert all(norm.group for norm in found[one.name])
        else:
            assert codes == {"norm_is_of_usual_attenuation"}
            assert not any(norm.group or norm.z for norm in found[one.name])
