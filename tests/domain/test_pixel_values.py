"""What the pixels of a CT series are: Hounsfield units only where the header says so."""

from __future__ import annotations

from typing import Any

import pytest

from heimdallr.domain.study import PixelValues, Series, Spectral

ATTENUATION, VIRTUAL, OTHER, UNKNOWN = PixelValues


@pytest.mark.parametrize(
    ("facts", "values", "known"),
    [
        ({}, ATTENUATION, True),
        ({"rescale_type": "HU"}, ATTENUATION, True),
        ({"rescale_type": " hounsfield units"}, ATTENUATION, True),
        ({"rescaled": False}, UNKNOWN, False),
        ({"rescaled": False, "rescale_type": "HU"}, UNKNOWN, False),
        ({"rescale_type": "US"}, UNKNOWN, False),
        ({"rescale_type": "SOMETHING"}, UNKNOWN, False),
        ({"rescale_type": "HU_MOD"}, VIRTUAL, True),
        ({"spectral": Spectral.NON_CONTRAST, "rescale_type": "HU"}, VIRTUAL, True),
        ({"spectral": Spectral.NON_CONTRAST, "rescaled": False}, UNKNOWN, False),
        ({"spectral": Spectral.MONOENERGETIC, "energy_kev": 40.0}, VIRTUAL, True),
        ({"spectral": Spectral.MONOENERGETIC, "energy_kev": 70.0}, ATTENUATION, True),
        ({"spectral": Spectral.MONOENERGETIC}, VIRTUAL, True),
        ({"spectral": Spectral.IODINE, "rescale_type": "HU"}, OTHER, False),
        ({"rescale_type": "Z_EFF"}, OTHER, False),
        ({"rescale_type": "MGML", "spectral": Spectral.NON_CONTRAST}, OTHER, False),
    ],
)
def test_rescale_and_energies_tell(
    facts: dict[str, Any],
    values: PixelValues,
    known: bool,  # noqa: FBT001 - a table of cases
) -> None:
    """Slope and intercept, their unit, and what was computed."""
    series = Series("1.2.3", "CT", **facts)
    assert (series.pixel_values, series.attenuation_known) == (values, known)


def test_mr_signal_is_never_attenuation() -> None:
    """Whatever its rescale tags say."""
    assert not Series("1.2.3", "MR", rescale_type="HU").attenuation_known
