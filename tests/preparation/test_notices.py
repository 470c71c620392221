"""What is said of a series whose numbers are not those of an ordinary scan."""

from __future__ import annotations

from typing import Any

import pytest

from heimdallr.domain.study import KernelClass, LossyCompression, Series, Spectral
from heimdallr.preparation.notices import notices_of


@pytest.mark.parametrize(
    ("facts", "codes"),
    [
        ({}, ()),
        ({"rescaled": False}, ("attenuation_unknown",)),
        ({"spectral": Spectral.NON_CONTRAST}, ("virtual_non_contrast_image",)),
        ({"spectral": Spectral.MONOENERGETIC, "energy_kev": 40.0}, ("monoenergetic_image",)),
        ({"spectral": Spectral.MONOENERGETIC, "energy_kev": 70.0}, ("monoenergetic_image",)),
        ({"spectral": Spectral.MONOENERGETIC}, ("virtual_image",)),
        ({"rescale_type": "HU_MOD"}, ("virtual_image",)),
        ({"kernel_class": KernelClass.LUNG}, ("lung_kernel",)),
        ({"kernel_class": KernelClass.BONE, "lossy": LossyCompression("JPEG", 10.0)},
         ("bone_kernel", "lossy_compression_ratio")),
        ({"lossy": LossyCompression("JPEG")}, ("lossy_compression",)),
        ({"lossy": LossyCompression("HTJ2K", certain=False)}, ("perhaps_lossy_compression",)),
    ],
)  # fmt: skip
def test_what_readers_are_told(facts: dict[str, Any], codes: tuple[str, ...]) -> None:
    """What the pixels are comes first, then how they were altered."""
    assert tuple(one.code for one in notices_of(Series("1.2.3", "CT", **facts))) == codes


def test_mr_is_told_of_its_compression_only() -> None:
    """Kernel and Hounsfield units are CT's."""
    series = Series("1.2.3", "MR", rescaled=False, lossy=LossyCompression("JPEG"))
    assert [one.code for one in notices_of(series)] == ["lossy_compression"]
