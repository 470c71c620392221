"""Rendered images keep the set values and behave like a scanner's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy import ndimage

from heimdallr.phantom.materials import Material, ct_numbers, mr_signals
from heimdallr.phantom.patient import Patient
from heimdallr.phantom.render import (
    FLOOR_HU,
    LUNG,
    SOFT,
    CtRenderer,
    MrAppearance,
    MrRenderer,
    patient_ct_numbers,
    radiograph,
)
from heimdallr.phantom.stack import Stack, stack_over

if TYPE_CHECKING:
    from conftest import SimpleBody

    from heimdallr.phantom.render import Kernel


def _stack(body: SimpleBody, spacing_mm: float = 5.0) -> Stack:
    return stack_over(body.affine, body.material.shape, matrix=110, spacing_mm=spacing_mm)


def _renderer(body: SimpleBody, stack: Stack, kernel: Kernel = SOFT, seed: int = 1) -> CtRenderer:
    return CtRenderer(body.material, ct_numbers("native"), stack, kernel, (seed, 2))


def _core(stack: Stack, body: SimpleBody, index: int, material: Material) -> np.ndarray:
    """Pixels well inside a material."""
    first, weights = stack.weights(index, body.material.shape[2])
    planes = [stack.plane(body.material, first + k) == material for k in range(len(weights))]
    return np.asarray(ndimage.binary_erosion(np.logical_and.reduce(planes), iterations=3))


@pytest.mark.parametrize("kernel", [SOFT, LUNG])
def test_organ_means_stay_at_the_set_ct_number(simple_body: SimpleBody, kernel: Kernel) -> None:
    """Neither blur nor noise moves the mean of a homogeneous organ."""
    stack = _stack(simple_body)
    renderer = _renderer(simple_body, stack, kernel)
    for material, expected in ((Material.LIVER, 57.0), (Material.MUSCLE, 52.0)):
        core = _core(stack, simple_body, 10, material)
        assert core.sum() > 100
        assert renderer.slice_hu(10)[core].mean() == pytest.approx(expected, abs=1.5)
        assert renderer.noise_free(10)[core].mean() == pytest.approx(expected, abs=1.0)


def test_a_slice_between_two_tissues_shows_their_mean() -> None:
    """Partial volume along z: half water-like stone, half fat."""
    material = np.full((40, 40, 4), Material.MUSCLE, dtype=np.uint8)
    material[:, :, 2:] = Material.SUBCUTANEOUS_FAT
    affine = np.diag([2.0, 2.0, 2.5, 1.0])
    stack = Stack(affine, 40, (0, 0), first_k=1.5, spacing_mm=5.0, thickness_mm=5.0, slices=1)
    renderer = CtRenderer(material, ct_numbers("native"), stack, SOFT, (1,))
    assert renderer.noise_free(0)[20, 20] == pytest.approx((52 - 105) / 2, abs=0.1)


def test_noise_grows_with_sharpness_and_thinness(simple_body: SimpleBody) -> None:
    """A lung kernel is noisier than a soft one; a 2.5 mm slice √2 noisier than 5 mm."""
    noise = {}
    for kernel, spacing, index in ((SOFT, 5.0, 4), (LUNG, 5.0, 4), (SOFT, 2.5, 8)):
        stack = _stack(simple_body, spacing)
        renderer = _renderer(simple_body, stack, kernel)
        core = _core(stack, simple_body, index, Material.MUSCLE)
        noise[kernel.name, spacing] = float(
            (renderer.slice_hu(index) - renderer.noise_free(index))[core].std()
        )
    assert 2.0 < noise["B30f", 5.0] < 12.0
    assert noise["B70f", 5.0] > 2 * noise["B30f", 5.0]
    assert noise["B30f", 2.5] / noise["B30f", 5.0] == pytest.approx(np.sqrt(2), rel=0.15)


def test_sharp_kernels_have_steeper_edges(simple_body: SimpleBody) -> None:
    """The bone's edge climbs faster with the lung kernel."""
    stack = _stack(simple_body)
    steepest = {
        kernel.name: np.abs(
            np.diff(_renderer(simple_body, stack, kernel).noise_free(10), axis=1)
        ).max()
        for kernel in (SOFT, LUNG)
    }
    assert steepest["B70f"] > 1.1 * steepest["B30f"]


def test_one_seed_gives_one_image(simple_body: SimpleBody) -> None:
    """Noise depends on seed and slice, not on the order slices are asked for."""
    stack = _stack(simple_body)
    one, same, other = (_renderer(simple_body, stack, seed=seed) for seed in (1, 1, 2))
    last = one.slice_hu(12)
    same.slice_hu(3)
    np.testing.assert_array_equal(last, same.slice_hu(12))
    assert (last != other.slice_hu(12)).mean() > 0.5


def test_outside_the_field_of_view_stands_the_floor(simple_body: SimpleBody) -> None:
    """The reconstruction is a circle; its corners hold the lowest value."""
    image = _renderer(simple_body, _stack(simple_body)).slice_hu(5)
    assert image[0, 0] == image[-1, -1] == FLOOR_HU
    assert image.dtype == np.int16


def test_liver_fat_and_marrow_density_are_the_patients() -> None:
    """20 % liver fat takes 21 HU from 62; half the marrow density halves trabecular bone."""
    patient = Patient(liver_fat_fraction=0.2, marrow_density=0.5)
    native = patient_ct_numbers(patient, "native")
    assert native[Material.LIVER] == pytest.approx(62 - 21.2, abs=0.01)
    assert native[Material.TRABECULAR_BONE] == pytest.approx(90, abs=0.01)
    portal = patient_ct_numbers(patient, "portal_venous")
    gain = ct_numbers("portal_venous") - ct_numbers("native")
    np.testing.assert_allclose(portal - native, gain, atol=1e-4)


def test_mr_contrast_shading_and_rician_floor(simple_body: SimpleBody) -> None:
    """Fat is bright on T1, air is noise of a positive mean, and the field is not flat."""
    stack = _stack(simple_body)
    renderer = MrRenderer(simple_body.material, mr_signals("t1"), stack, MrAppearance(), (3, 1))
    image = renderer.slice_signal(4)
    fat = _core(stack, simple_body, 4, Material.SUBCUTANEOUS_FAT)
    muscle = _core(stack, simple_body, 4, Material.MUSCLE)
    assert image[fat].mean() > 2 * image[muscle].mean()
    corner = image[:8, :8].astype(float)
    # Rayleigh: mean = σ √(π/2), σ = 0.02 × 900.
    assert corner.mean() == pytest.approx(18 * np.sqrt(np.pi / 2), rel=0.2)
    halves = image[:, :55][muscle[:, :55]].mean(), image[:, 55:][muscle[:, 55:]].mean()
    assert abs(halves[0] / halves[1] - 1) > 0.005


def test_a_radiograph_looks_through_the_body(simple_body: SimpleBody) -> None:
    """Frontal view: head up, the bone in the midline is the densest column."""
    view = radiograph(simple_body.material, ct_numbers("native"), axis=1)
    assert view.shape == (40, 100)
    assert abs(int(view[2].argmax()) - 50) < 6
    assert view[:, 0].max() == pytest.approx(-1000, abs=1)
