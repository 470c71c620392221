"""Display colours as DICOM has them: CIELab of the profile connection space (PS3.3 C.10.7.1.1)."""

from __future__ import annotations

import numpy as np

_SRGB_TO_XYZ_D50 = np.array(
    [
        [0.4360747, 0.3850649, 0.1430804],
        [0.2225045, 0.7168786, 0.0606169],
        [0.0139322, 0.0971045, 0.7141733],
    ]
)
"""sRGB primaries adapted to D50 by Bradford's method (IEC 61966-2-1; ICC.1 annex E)."""
_WHITE_D50 = _SRGB_TO_XYZ_D50.sum(axis=1)
_KNEE = (6 / 29) ** 3


def cielab(rgb: tuple[int, int, int]) -> list[int]:
    """RGB (sRGB, 0–255) → L*, a*, b* scaled as RecommendedDisplayCIELabValue."""
    share = np.asarray(rgb) / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)  # noqa: PLR2004 - sRGB
    relative = (_SRGB_TO_XYZ_D50 @ linear) / _WHITE_D50
    x, y, z = np.where(relative > _KNEE, np.cbrt(relative), relative / (3 * (6 / 29) ** 2) + 4 / 29)
    lightness, a, b = 116 * y - 16, 500 * (x - y), 200 * (y - z)
    scaled = (lightness / 100, (a + 128) / 255, (b + 128) / 255)
    return [round(float(np.clip(one, 0, 1)) * 65535) for one in scaled]
