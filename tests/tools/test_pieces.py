"""Single organs in small volumes: their geometry is the one they were asked for."""

import nibabel
import numpy as np
import pytest
from pieces.drawing import Grid, Piece, rotation
from pieces.solids import box, ellipsoid, less, placed


@pytest.mark.parametrize("turn_deg", [(0.0, 0.0, 0.0), (20.0, -10.0, 5.0)])
@pytest.mark.parametrize("flipped", [(), (0,), (1, 2)])
@pytest.mark.parametrize("spacing_mm", [(1.0, 1.0, 1.0), (0.8, 0.8, 5.0)])
def test_a_ball_keeps_volume_and_place_on_any_grid(
    turn_deg: tuple[float, float, float],
    flipped: tuple[int, ...],
    spacing_mm: tuple[float, float, float],
) -> None:
    """Turned, flipped, with thick slices: what is drawn is drawn in the patient's millimetres."""
    piece = Piece(Grid((60.0, 60.0, 60.0), spacing_mm, turn_deg, flipped))
    share = piece.draw(ellipsoid((5.0, -4.0, 3.0), (15.0, 15.0, 15.0)), 40.0, "liver")
    affine = piece.grid.affine
    volume_mm3 = float(share.sum()) * abs(np.linalg.det(affine[:3, :3]))
    assert volume_mm3 == pytest.approx(4 / 3 * np.pi * 15**3, rel=0.01)
    weights = share.ravel() / share.sum()
    centre = weights @ nibabel.affines.apply_affine(
        affine, np.indices(share.shape).reshape(3, -1).T
    )
    assert centre == pytest.approx([5.0, -4.0, 3.0], abs=0.15)
    assert piece.names == {1: "liver"}


@pytest.mark.parametrize("centre_mm", [(5.0, -4.0, 3.0), (28.0, 0.0, 0.0), (200.0, 0.0, 0.0)])
def test_thick_solids_are_drawn_alike_from_their_borders(
    centre_mm: tuple[float, float, float],
) -> None:
    """In the middle of the volume, cut by its edge, beyond it; and a shell of 4 mm."""
    grid = Grid((60.0, 60.0, 60.0), (1.0, 1.0, 3.0), (20.0, -10.0, 5.0))
    outer, inner = (ellipsoid((0.0, 0.0, 0.0), (r, r, r + 4.0)) for r in (15.0, 11.0))
    shell = placed(less(outer, inner), centre_mm, rotation((0.0, 40.0, 0.0)))
    slow, fast = Piece(grid).share(shell), Piece(grid, thick=True).share(shell)
    assert np.abs(slow - fast).max() < 0.05  # a point on the border may be rounded either way


def test_a_solid_is_put_elsewhere_and_turned() -> None:
    """Its own x comes to lie along the first row."""
    rod = placed(box((-10, -1, -1), (10, 1, 1)), (5, 0, 0), [[0, 0, 1], [0, 1, 0], [-1, 0, 0]])
    inside = rod(*np.array([[5.0, 0.0, 9.0], [5.0, 0.0, 11.0], [9.0, 0.0, 0.0]], np.float32).T)
    assert inside.tolist() == [True, False, False]


def test_a_voxel_partly_full_has_part_of_the_contrast() -> None:
    """Of three voxels in a row the middle one is cut, two of its three points being inside."""
    piece = Piece(Grid((9.0, 9.0, 9.0), (3.0, 3.0, 3.0)), background_hu=0.0)
    piece.draw(box((-9.0, -9.0, -9.0), (0.01, 9.0, 9.0)), 90.0)
    assert piece.hu[:, 1, 1] == pytest.approx([90.0, 60.0, 0.0], abs=0.1)


def test_a_sharp_kernel_is_noisier_and_overshoots() -> None:
    """As a lung or bone kernel is, beside an edge."""
    piece = Piece(Grid((60.0, 60.0, 10.0)), background_hu=0.0)
    piece.draw(box((-15.0, -15.0, -9.0), (15.0, 15.0, 9.0)), 100.0)
    rng = np.random.default_rng(1)
    soft, sharp = piece.image(rng), piece.image(rng, kernel="sharp")
    assert np.std(sharp[:10]) > 2 * np.std(soft[:10])
    quiet = piece.image(rng, noise_hu=0.0, kernel="sharp")
    assert quiet.max() > 105
