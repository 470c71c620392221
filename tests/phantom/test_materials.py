"""The table of materials: complete and physically ordered."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from heimdallr.phantom.labels import TISSUE, TISSUE_OF_MATERIAL
from heimdallr.phantom.materials import (
    MATERIALS,
    Material,
    ct_numbers,
    liver_hu_native,
    mr_signals,
)

if TYPE_CHECKING:
    from heimdallr.phantom.materials import ContrastPhase, MrWeighting


@pytest.mark.parametrize("phase", ["native", "arterial", "portal_venous", "delayed"])
def test_ct_numbers_rise_from_air_over_fat_and_muscle_to_bone(phase: ContrastPhase) -> None:
    """Air < lung < fat < muscle < bone in every phase."""
    hu = ct_numbers(phase)
    order = [
        Material.AIR,
        Material.LUNG,
        Material.SUBCUTANEOUS_FAT,
        Material.MUSCLE,
        Material.CORTICAL_BONE,
    ]
    assert len(hu) == len(MATERIALS)
    assert np.all(np.diff(hu[order]) > 0)


def test_phases_enhance_what_they_should() -> None:
    """Aorta peaks in the arterial phase, liver in the portal phase, urine in the delayed phase."""
    hu = np.stack([ct_numbers(p) for p in ("native", "arterial", "portal_venous", "delayed")])
    assert hu[:, Material.BLOOD_AORTA].argmax() == 1
    assert hu[:, Material.LIVER].argmax() == 2
    assert hu[:, Material.URINE].argmax() == 3
    assert np.ptp(hu[:, Material.BLEED]) == 0


@pytest.mark.parametrize("weighting", ["t1", "t2"])
def test_mr_signals_are_shares_of_the_brightest(weighting: MrWeighting) -> None:
    """Signals lie between 0 and 1; air gives none."""
    signal = mr_signals(weighting)
    assert signal.min() == signal[Material.AIR] == 0.0
    assert signal.max() == 1.0


def test_fat_darkens_the_liver() -> None:
    """A third of fat brings a liver below 40 HU, the steatosis threshold."""
    assert liver_hu_native(0.0) == pytest.approx(62.0)
    assert liver_hu_native(0.30) < 40.0 < liver_hu_native(0.05)


def test_three_materials_are_the_three_tissues() -> None:
    """Fat under the skin, fat inside the trunk and muscle, nothing else."""
    pairs = {
        "subcutaneous_fat": Material.SUBCUTANEOUS_FAT,
        "torso_fat": Material.VISCERAL_FAT,
        "skeletal_muscle": Material.MUSCLE,
    }
    for name, material in pairs.items():
        assert TISSUE_OF_MATERIAL[material] == TISSUE[name]
    assert np.count_nonzero(TISSUE_OF_MATERIAL) == 3
