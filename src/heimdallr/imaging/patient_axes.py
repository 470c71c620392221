"""The two frames a patient's places are told in, and the planes of images in them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

LPS_RAS = np.diag([-1.0, -1.0, 1.0])
"""``points @ LPS_RAS`` takes (…, 3) points or directions from one frame to the other, either way.

DICOM counts towards left and posterior (PS3.3 C.7.6.2.1.1), NIfTI towards right and anterior. A
matrix, not three factors: a factor of −1 makes zeros negative, and decimal strings of DICOM would
show it.
"""


def plane_normal(along_rows: npt.ArrayLike, down_columns: npt.ArrayLike) -> Floats:
    """(3,) unit vector across a plane.

    Args:
        along_rows: (3,) direction in which column numbers grow, of any length; first three of
            ImageOrientationPatient.
        down_columns: (3,) direction in which row numbers grow; the last three.
    """
    rows, columns = (np.asarray(one, np.float64) for one in (along_rows, down_columns))
    normal = np.cross(rows, columns)
    return np.asarray(normal / np.linalg.norm(normal))
