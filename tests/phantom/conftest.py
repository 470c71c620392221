"""A body simple enough to check by hand, for tests of images and DICOM."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from heimdallr.phantom.materials import Material


@dataclass(frozen=True)
class SimpleBody:
    """Material numbers (I, J, K) in RAS+ order and their affine."""

    material: npt.NDArray[Any]
    affine: npt.NDArray[np.float64]


@pytest.fixture(scope="session")
def simple_body() -> SimpleBody:
    """A cylinder of muscle with a liver ball on the right and a bone rod behind."""
    spacing = np.array([2.0, 2.0, 2.5])
    shape = (100, 80, 40)
    centre = (np.array(shape) - 1) / 2
    i, j, k = np.meshgrid(*map(np.arange, shape), indexing="ij")
    x, y, z = (spacing[a] * (grid - centre[a]) for a, grid in enumerate((i, j, k)))
    material = np.zeros(shape, dtype=np.uint8)
    material[(x / 90) ** 2 + (y / 70) ** 2 <= 1] = Material.SUBCUTANEOUS_FAT
    material[(x / 75) ** 2 + (y / 58) ** 2 <= 1] = Material.MUSCLE
    material[(x - 35) ** 2 + (y - 5) ** 2 + (z - 5) ** 2 <= 30**2] = Material.LIVER
    material[x**2 + (y + 40) ** 2 <= 9**2] = Material.CORTICAL_BONE
    affine = np.diag([*spacing, 1.0])
    affine[:3, 3] = (-120.0, -90.0, 400.0)
    return SimpleBody(material, affine)
