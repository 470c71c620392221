"""Left and posterior become right and anterior, and back; what lies across a plane."""

from __future__ import annotations

import numpy as np

from heimdallr.imaging.patient_axes import LPS_RAS, plane_normal


def test_there_and_back_leaves_a_point_where_it_was() -> None:
    """One matrix for both ways; zeros stay positive, as decimal strings are to show them."""
    points = np.array([[12.5, -40.0, 7.0], [0.0, 0.0, -3.0]])
    turned = points @ LPS_RAS
    assert turned.tolist() == [[-12.5, 40.0, 7.0], [0.0, 0.0, -3.0]]
    assert not np.signbit(turned[1, :2]).any()
    assert (turned @ LPS_RAS).tolist() == points.tolist()


def test_an_axial_image_faces_the_head_in_both_frames() -> None:
    """Columns to the left, rows to the back, whatever the spacing is."""
    left, back = np.array([0.7, 0.0, 0.0]), np.array([0.0, 0.9, 0.0])
    assert plane_normal(left, back).tolist() == [0.0, 0.0, 1.0]
    assert plane_normal(left @ LPS_RAS, back @ LPS_RAS).tolist() == [0.0, 0.0, 1.0]
