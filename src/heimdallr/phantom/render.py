"""Turn a phantom's materials into images: CT numbers with blur and noise, MR signal, projections.

CT follows the chain of a real scanner as far as a measurement can tell: the slice profile averages
the material's CT numbers over the slice's thickness, the kernel's modulation transfer function
blurs (or sharpens) in plane, and noise is added whose power spectrum is the kernel's and whose
size grows with the body's diameter and shrinks with slice thickness. Means within an organ stay at
the set CT number. See Kak & Slaney, *Principles of Computerized Tomographic Imaging* (1988), ch. 5
(noise and its spectrum), and AAPM Report 204/220 (water-equivalent diameter).

MR follows Gudbjartsson & Patz, MRM 1995 (Rician noise of magnitude images) and a smooth receive
field.

Images are made slice by slice and every slice has its own random stream, so memory stays small,
order does not matter, and one seed gives one image.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from scipy import fft

from heimdallr.phantom.materials import Material, ct_numbers, liver_hu_native

if TYPE_CHECKING:
    from heimdallr.phantom.materials import ContrastPhase
    from heimdallr.phantom.patient import Patient
    from heimdallr.phantom.stack import Stack

Array = npt.NDArray[Any]
Image = npt.NDArray[np.float32]
CtSlices = Callable[[int], npt.NDArray[np.int16]]
"""Slice index → (rows, columns) int16 CT numbers."""

AIR_HU = -1000.0
FLOOR_HU = -1024
"""Lowest value written; also what stands outside the circular field of view."""
CEILING_HU = 3071
REFERENCE_THICKNESS_MM = 5.0
REFERENCE_DIAMETER_MM = 300.0


@dataclass(frozen=True, slots=True)
class Kernel:
    """A CT reconstruction kernel.

    Attributes:
        name: ConvolutionKernel (0018,1210) as the header names it.
        sigma_mm: standard deviation of the point spread function, in plane.
        edge: how much edges are lifted; 0 for soft tissue kernels.
        noise_hu: noise of a 5 mm slice through 300 mm of water, standard deviation.
        noise_peak_per_mm: spatial frequency at which the noise power spectrum is highest.
    """

    name: str
    sigma_mm: float
    edge: float
    noise_hu: float
    noise_peak_per_mm: float


SOFT = Kernel("B30f", sigma_mm=0.75, edge=0.0, noise_hu=9.0, noise_peak_per_mm=0.20)
LUNG = Kernel("B70f", sigma_mm=0.45, edge=0.7, noise_hu=30.0, noise_peak_per_mm=0.45)
BONE = Kernel("B60f", sigma_mm=0.50, edge=0.5, noise_hu=24.0, noise_peak_per_mm=0.40)
HEAD_SOFT = Kernel("H31s", sigma_mm=0.65, edge=0.0, noise_hu=5.0, noise_peak_per_mm=0.22)
HEAD_BONE = Kernel("H60s", sigma_mm=0.40, edge=0.6, noise_hu=20.0, noise_peak_per_mm=0.50)


def patient_ct_numbers(patient: Patient, phase: ContrastPhase) -> npt.NDArray[np.float32]:
    """Mean CT numbers of one patient's materials, shape `(len(MATERIALS),)`, HU.

    Liver fat lowers the liver by the same amount in every phase; trabecular bone follows the
    patient's marrow density, and takes up contrast medium on top.
    """
    native, hu = ct_numbers("native"), ct_numbers(phase)
    hu[Material.LIVER] += liver_hu_native(patient.liver_fat_fraction) - native[Material.LIVER]
    hu[Material.TRABECULAR_BONE] += (patient.marrow_density - 1) * native[Material.TRABECULAR_BONE]
    return hu


class CtRenderer:
    """Makes the images of one CT series.

    Args:
        material: (I, J, K) material numbers of the phantom.
        hu: (materials,) CT number of each material, HU.
        stack: which slices to show.
        kernel: reconstruction kernel.
        seed: what the noise is drawn from; each slice adds its own number.
    """

    def __init__(
        self,
        material: Array,
        hu: npt.NDArray[np.float32],
        stack: Stack,
        kernel: Kernel,
        seed: tuple[int, ...],
    ) -> None:
        self._material, self._hu, self._stack = material, hu.astype(np.float32), stack
        self._kernel, self._seed = kernel, seed
        frequency = _frequencies(stack)
        self._transfer = _transfer(frequency, kernel)
        self._texture = _noise_amplitude(frequency, kernel)
        self._breadth = np.exp(-2 * (np.pi * 40.0 * frequency) ** 2).astype(np.float32)
        self._inside = _field_of_view(stack.matrix)

    def noise_free(self, index: int) -> Image:
        """Slice `index` blurred but without noise, (rows, columns) float32, HU."""
        return self._filtered(self._ideal(index), self._transfer)

    def slice_hu(self, index: int) -> npt.NDArray[np.int16]:
        """Slice `index` as a scanner would give it, (rows, columns) int16, HU."""
        ideal = self._ideal(index)
        image = self._filtered(ideal, self._transfer)
        image += self._noise(ideal, index)
        image[~self._inside] = FLOOR_HU
        return np.asarray(np.rint(np.clip(image, FLOOR_HU, CEILING_HU)), dtype=np.int16)

    def _ideal(self, index: int) -> Image:
        first, weights = self._stack.weights(index, self._material.shape[2])
        image = np.zeros((self._stack.matrix, self._stack.matrix), dtype=np.float32)
        for k, weight in enumerate(weights, start=first):
            image += weight * self._hu[self._stack.plane(self._material, k)]
        return image

    def _filtered(self, image: Image, transfer: Image) -> Image:
        # Padding is air: the transform wraps round, and shifting by air makes the border 0.
        spectrum = fft.rfft2(image - AIR_HU)
        spectrum *= transfer
        return np.asarray(fft.irfft2(spectrum, s=image.shape) + AIR_HU, dtype=np.float32)

    def _noise(self, ideal: Image, index: int) -> Image:
        random = np.random.default_rng((*self._seed, index))
        white = random.standard_normal(ideal.shape, dtype=np.float32)
        spectrum = fft.rfft2(white)
        spectrum *= self._texture
        noise = fft.irfft2(spectrum, s=ideal.shape)
        # Noise is largest where the rays have crossed most tissue: amid the body.
        water = np.maximum(self._filtered(ideal, self._breadth) - AIR_HU, 0) / -AIR_HU
        amid = 0.5 + 0.5 * water / max(float(water.max()), 1e-3)
        return np.asarray(noise * (self._noise_hu(ideal) * amid), dtype=np.float32)

    def _noise_hu(self, ideal: Image) -> float:
        """Noise amid this slice: Beer-Lambert over its diameter, half undone by tube current."""
        row, column = self._stack.pixel_spacing_mm
        water_mm2 = float(np.maximum(ideal - AIR_HU, 0).sum()) / -AIR_HU * row * column
        diameter = 2 * np.sqrt(water_mm2 / np.pi)
        attenuation = np.exp(0.25 * 0.019 * (diameter - REFERENCE_DIAMETER_MM))
        thickness = np.sqrt(REFERENCE_THICKNESS_MM / self._stack.thickness_mm)
        return float(self._kernel.noise_hu * attenuation * thickness)


@dataclass(frozen=True, slots=True)
class MrAppearance:
    """How an MR sequence shows the signals it is given.

    Attributes:
        sigma_mm: in-plane point spread function, standard deviation.
        gain: stored value of a signal of 1.
        noise: standard deviation of the noise in each channel, as a share of a signal of 1.
        shading: largest deviation of the receive field from 1.
    """

    sigma_mm: float = 0.9
    gain: float = 900.0
    noise: float = 0.02
    shading: float = 0.25


class MrRenderer:
    """Makes the images of one MR series.

    Args:
        material: (I, J, K) material numbers of the phantom.
        signal: (materials,) relative signal of each material.
        stack: which slices to show.
        appearance: blur, gain, noise and shading of the sequence.
        seed: what shading and noise are drawn from.
    """

    def __init__(
        self,
        material: Array,
        signal: npt.NDArray[np.float32],
        stack: Stack,
        appearance: MrAppearance,
        seed: tuple[int, ...],
    ) -> None:
        self._material, self._signal, self._stack = material, signal.astype(np.float32), stack
        self._appearance, self._seed = appearance, seed
        gauss = -2 * (np.pi * appearance.sigma_mm * _frequencies(stack)) ** 2
        self._transfer = np.exp(gauss).astype(np.float32)
        self._shape = np.random.default_rng((*seed, 1_000_003)).uniform(-1, 1, size=6)

    def slice_signal(self, index: int) -> npt.NDArray[np.uint16]:
        """Slice `index`, (rows, columns) uint16, arbitrary signal."""
        first, weights = self._stack.weights(index, self._material.shape[2])
        image = np.zeros((self._stack.matrix, self._stack.matrix), dtype=np.float32)
        for k, weight in enumerate(weights, start=first):
            image += weight * self._signal[self._stack.plane(self._material, k)]
        spectrum = fft.rfft2(image)
        spectrum *= self._transfer
        image = fft.irfft2(spectrum, s=image.shape) * self._receive_field(index)
        random = np.random.default_rng((*self._seed, index))
        real, imaginary = random.standard_normal((2, *image.shape)) * self._appearance.noise
        magnitude = np.hypot(image + real, imaginary) * self._appearance.gain
        return np.asarray(np.rint(np.clip(magnitude, 0, 4095)), dtype=np.uint16)

    def _receive_field(self, index: int) -> Image:
        """Quadratic polynomial over the stack, within 1 ± shading."""
        axis = np.linspace(-1, 1, self._stack.matrix, dtype=np.float32)
        y, x = axis[:, None], axis[None, :]
        z = 2 * index / max(self._stack.slices - 1, 1) - 1
        a = self._shape
        field = a[0] * x + a[1] * y + a[2] * z + a[3] * x * x + a[4] * y * y + a[5] * x * y
        spread = float(np.abs(a).sum())
        return np.asarray(1 + self._appearance.shading * field / spread, dtype=np.float32)


def radiograph(material: Array, hu: npt.NDArray[np.float32], axis: int) -> npt.NDArray[np.int16]:
    """Project a phantom along one axis, as a scout view shows it.

    Args:
        material: (I, J, K) material numbers.
        hu: (materials,) CT number of each material.
        axis: 1 for a frontal, 0 for a lateral view.

    Returns:
        (rows from superior, columns) int16 line mean of attenuation, scaled to the range of CT
        numbers; columns run to the patient's left (frontal) or to posterior (lateral).
    """
    attenuation = np.maximum(hu + 1000.0, 0).astype(np.float32) / 1000.0
    lines = np.zeros((material.shape[1 - axis], material.shape[2]), dtype=np.float32)
    for k in range(material.shape[2]):
        lines[:, k] = attenuation[material[:, :, k]].sum(axis=axis)
    lines /= max(float(np.quantile(lines, 0.999)), 1e-6)
    view = np.clip(lines[::-1, ::-1].T * 1500.0 - 1000.0, FLOOR_HU, CEILING_HU)
    return np.asarray(np.rint(view), dtype=np.int16)


def slab_maximum(renderer: CtRenderer, stack: Stack, depth: int) -> CtSlices:
    """Make slices that show the greatest value within their thickness (MIP).

    Args:
        renderer: renders one slice for every slice of the phantom.
        stack: the slabs.
        depth: slices of the phantom.

    Returns:
        Slice index → (rows, columns) int16, HU.
    """
    # Neighbouring slabs overlap; what lies further back is not asked for again.
    thin = lru_cache(maxsize=32)(renderer.slice_hu)

    def slab(index: int) -> npt.NDArray[np.int16]:
        first, weights = stack.weights(index, depth)
        return np.asarray(np.max([thin(first + k) for k in range(len(weights))], axis=0))

    return slab


def _frequencies(stack: Stack) -> Image:
    """(rows, columns // 2 + 1) spatial frequency of each term of the real transform, 1/mm."""
    row, column = stack.pixel_spacing_mm
    v = fft.fftfreq(stack.matrix, row)[:, None]
    u = fft.rfftfreq(stack.matrix, column)[None, :]
    return np.hypot(u, v).astype(np.float32)


def _transfer(frequency: Image, kernel: Kernel) -> Image:
    """Modulation transfer: Gaussian, lifted at middle frequencies for sharp kernels; 1 at 0."""
    gauss = np.exp(-2 * (np.pi * kernel.sigma_mm * frequency) ** 2)
    lift = 1 + kernel.edge * (1 - np.exp(-2 * (np.pi * 1.2 * frequency) ** 2))
    return np.asarray(gauss * lift, dtype=np.float32)


def _noise_amplitude(frequency: Image, kernel: Kernel) -> Image:
    """Square root of the noise power spectrum, scaled so that filtered white noise has SD 1.

    Filtered back projection leaves noise that rises with frequency until the kernel cuts it off.
    """
    ratio = frequency / kernel.noise_peak_per_mm
    power = (ratio + 0.05) * np.exp(-0.5 * ratio**2)
    # The half plane of a real transform holds most terms once; they count twice in the whole.
    count = np.full(frequency.shape[1], 2.0)
    count[0] = 1.0
    count[-1] = 1.0
    mean = float((power * count).sum()) / (frequency.shape[0] * float(count.sum()))
    return np.asarray(np.sqrt(power / mean), dtype=np.float32)


def _field_of_view(matrix: int) -> npt.NDArray[np.bool_]:
    """(matrix, matrix) True within the circle the scanner reconstructs."""
    axis = np.arange(matrix) - (matrix - 1) / 2
    return np.asarray(np.hypot(axis[:, None], axis[None, :]) <= matrix / 2)
