"""Labels of a coarse network at the image's own resolution.

A network of 6 mm voxels knows which organ lies where, but not to the millimetre where it ends; the
image shows that. Both are put together as Bayes' rule has it: the network's probabilities, no
sharper than the network sees, are the prior of every voxel; the likelihood is how often each
structure has the voxel's attenuation *in this very patient*, read off where the network is sure.
A kidney's rim against fat, an enhancing kidney against the liver, bone against muscle: all fall
into place, at any contrast phase, without a number about any organ.

Only the structures the network found are given out, and nothing changes where it is certain. The
image is worked through in blocks: few structures compete within one, and none does in most.

The figures below were chosen in November 2026 on eight phantom trunks and four heads that nothing
is scored on, with an eye on one real CT. Little hangs on them: see ``docs/bundled-weights.md``.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage, sparse
from threadpoolctl import threadpool_limits

from heimdallr.segmentation.anatomy.tidying import without_strays

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from heimdallr.imaging.volume import Array, Volume

FAMILIES = frozenset({"total", "tissue_types", "total_mr"})
"""Tasks whose coarse networks are sharpened. The bleed's is fine, and its volume calibrated."""

BRIGHT_HU, DARK_HU = 1000.0, -500.0
"""Where :func:`on_one_scale` puts the brightest tissue of an MR, and no signal."""

ALIKE = (
    ("vertebrae_", "sacrum"),
    ("lung_",),
    ("gluteus_", "autochthon_", "iliopsoas_"),
)
"""Beginnings of names of structures made of the same tissue, and so are left and right ones. They
share one attenuation: where one ends and the next begins, the network alone can tell."""

PLACE_VOXELS = 2 / 3
"""How well a network knows a place (Gaussian sigma): a voxel's width is 1.5 of these.

4 mm for voxels of 6 mm; 3 and 5 mm moved the mean Dice by 0.015 at most.
"""

TRUST = 2.0
"""Weight of place against attenuation: neighbouring voxels' noise is not independent evidence.

1 and 3 cost 0.01 to 0.02 of mean Dice.
"""

SURE = 3.0
"""Voxels count towards their structure's attenuation with this power of their probability.

Chosen, not measured: half a vote at a probability of 0.8, hardly any at 0.4.
"""

NEAR_VOXELS = 4
"""Attenuation is learnt this near (in voxels of the network) to another structure: around the
body there is only air, but that is not what borders on an organ. 2 and 8 moved the mean Dice by
0.015 at most."""

SMOOTHING_MM = 0.7
"""Noise is averaged over this (Gaussian sigma) before a voxel is judged. 0.4 and 1 mm moved the
mean Dice by 0.015 at most."""

LOWEST_HU, HIGHEST_HU, STEP_HU = -1024.0, 1600.0, 5.0
SPREAD_HU = 8.0
"""Attenuations are counted in steps and blurred by this (Gaussian sigma): few voxels must do, and
brain is still told from the fluid around it. 5 and 25 moved the mean Dice by 0.015 at most."""

SURPRISE = 1.5e-4
"""No step of attenuation is rarer than this: calcium, a clip, a cyst may be in any organ.

Chosen, not measured: a thirteenth of an even share of all steps. It also says how much place can be
overruled by attenuation, and so how many structures have to be looked at.
"""

_BINS = int((HIGHEST_HU - LOWEST_HU) / STEP_HU) + 1
_BLOCK = 10
"""Edge of a block in voxels of the network: chosen for speed. 6 and 15 take a quarter longer."""
_SMALLEST = 1e-6
_REACH_SIGMAS = 2.5
"""Where Gaussian weights are cut off: 1 % of them lies beyond."""


@dataclass(frozen=True, slots=True)
class Prior:
    """What a network says, on its own coarse grid.

    Attributes:
        probabilities: (C, X, Y, Z) float32 along the image's axes.
        labels: (C,) uint8 label number of each channel.
        shape: voxels of the image the network was given; it spans the same region as the image
            that is to be labelled, first and last voxel centres coinciding.
        box: half-open bounds of the part of that image which the coarse grid covers.
    """

    probabilities: Array
    labels: Array
    shape: tuple[int, ...]
    box: tuple[slice, ...]

    def found_in(self, names: Mapping[int, str], voxel_mm3: float) -> Found:
        """Which structures win somewhere, and where.

        Args:
            names: label number → structure.
            voxel_mm3: volume of a coarse voxel.
        """
        chosen = self.labels[_likeliest(self.probabilities)[0]]
        return Found(self, names, chosen, without_strays(chosen, names, voxel_mm3))

    def positions(self, axis: int, size: int) -> Array:
        """(size,) place of an image's voxels along an axis, in coarse voxels."""
        seen, part = self.shape[axis], self.box[axis]
        coarse = self.probabilities.shape[axis + 1]
        index = np.arange(size) * ((seen - 1) / (size - 1) if size > 1 else 1.0)
        # voxels' edges coincide, as in nnU-Net's resampling
        place = (index - part.start + 0.5) * coarse / (part.stop - part.start) - 0.5
        return np.asarray(np.clip(place, 0, coarse - 1))

    def covered(self, axis: int, size: int) -> slice:
        """An image's voxels along an axis that lie within the box."""
        seen, part = self.shape[axis], self.box[axis]
        index = np.arange(size) * ((seen - 1) / (size - 1) if size > 1 else 1.0)
        inside = np.flatnonzero((index >= part.start - 0.5) & (index < part.stop - 0.5))
        return slice(int(inside[0]), int(inside[-1]) + 1) if inside.size else slice(0, 0)


@dataclass(frozen=True, slots=True)
class Found:
    """The structures that win in some coarse voxel of a prior.

    Attributes:
        prior: all the network says.
        names: label number → structure.
        chosen: (X, Y, Z) the likeliest label of every coarse voxel.
        kept: the same without pieces too small to belong to their structure.
    """

    prior: Prior
    names: Mapping[int, str]
    chosen: Array
    kept: Array

    @property
    def _voxels(self) -> Array:
        """(256,) coarse voxels kept of each label."""
        return np.bincount(self.kept.ravel(order="K"), minlength=256)

    def confidence(self) -> dict[str, float]:
        """How sure the network is of each structure it found, 0 to 1.

        The Dice the network itself expects: for a structure chosen in *n* voxels, ``2 · Σ p over
        these / (n + Σ p over all)``. It falls where the network hesitates within a structure, and
        where it suspects more of it elsewhere.
        """
        counts, sure = self._voxels, {}
        for shares, label in zip(self.prior.probabilities, self.prior.labels, strict=True):
            if label in self.names and counts[label]:
                inside = float(shares[self.kept == label].sum(dtype=np.float64))
                total = float(counts[label] + shares.sum(dtype=np.float64))
                sure[self.names[label]] = round(2 * inside / total, 3)
        return sure

    def their_prior(self) -> Prior:
        """Only the structures found; none is likely where a piece of it was too small to keep."""
        channels = np.flatnonzero(self._voxels[self.prior.labels])
        labels = self.prior.labels[channels]
        probabilities = np.empty_like(self.prior.probabilities[: len(channels)])  # the same layout
        for own, channel in zip(probabilities, channels, strict=True):
            own[...] = self.prior.probabilities[channel]
        strays = self.chosen != self.kept
        for channel in np.flatnonzero(np.isin(labels, self.chosen[strays])):
            label = labels[channel]
            for at in np.argwhere(strays & (self.chosen == label)):
                around = tuple(slice(max(one - 1, 0), one + 2) for one in at)
                probabilities[channel][around][self.kept[around] != label] = 0
        return replace(self.prior, probabilities=probabilities, labels=labels)


def sharpened(prior: Prior, names: Mapping[int, str], image: Volume, *, threads: int = 0) -> Array:
    """The label map on the image's grid.

    Args:
        prior: probabilities of the structures in question.
        names: label number → structure.
        image: CT, HU; or MR :func:`on_one_scale`.
        threads: at work; 0: one per processor.

    Returns:
        (I, J, K) uint8.
    """
    labels = np.zeros(image.shape, np.uint8, order="F")
    covered = tuple(prior.covered(axis, size) for axis, size in enumerate(image.shape))
    if any(part.start == part.stop for part in covered):
        return labels
    axes = [_Axis(prior, image, axis, part) for axis, part in enumerate(covered)]
    tissues = [tissue_of(names.get(int(label), "")) for label in prior.labels]
    work = _Sharpening(prior, tissues, image.data, axes)
    # a block's matrices are small: a thread a block, not several threads a matrix
    workers = ThreadPoolExecutor(threads or os.cpu_count() or 1)
    with workers as pool, threadpool_limits(1, user_api="blas"):
        blocks = product(*(axis.blocks() for axis in axes))
        for voxels, found in pool.map(work.block, blocks):
            labels[voxels] = found
    return labels


def on_one_scale(image: Volume) -> Volume:
    """An MR whose signal lies where attenuations do: it has no unit, and any scale.

    What is brighter than the mean is tissue; of that the 99th percentile is brightest, for vessels
    and fluid may be far brighter than all else. Signal that changes across the field makes each
    structure's values spread, and so leaves more to the network.

    Args:
        image: MR, any signal.
    """
    signal = image.data.astype(np.float32)
    tissue = signal[signal > signal.mean()]
    bright = float(np.percentile(tissue, 99)) if tissue.size else 1.0
    return replace(image, data=signal * ((BRIGHT_HU - DARK_HU) / bright) + DARK_HU)


def tissue_of(structure: str) -> str:
    """What a structure is made of: the same text for structures that are alike."""
    for alike in ALIKE:
        if structure.startswith(alike):
            return alike[0]
    return structure.replace("_left", "").replace("_right", "")


@dataclass(frozen=True, slots=True)
class _Stretch:
    """A block's part of an axis: its voxels, and what brings coarse and fine values there.

    Attributes:
        voxels: of the image.
        coarse: coarse voxels that are averaged to ``blurred`` ones.
        blur: (n, coarse) Gaussian weights.
        spread: (voxels, n) linear weights.
        around: voxels of the image that are averaged to the block's.
        smooth: (voxels, around) Gaussian weights.
    """

    voxels: slice
    coarse: slice
    blur: Array
    spread: Array
    around: slice
    smooth: Array


class _Axis:
    """One axis of the two grids."""

    def __init__(self, prior: Prior, image: Volume, axis: int, covered: slice) -> None:
        self.size = image.shape[axis]
        self.coarse = prior.probabilities.shape[axis + 1]
        self.positions = prior.positions(axis, self.size)
        self.covered = covered
        self.smoothing = SMOOTHING_MM / float(image.spacing_mm[axis])

    def blocks(self) -> list[_Stretch]:
        """The axis cut into stretches of the same number of coarse voxels."""
        below = np.floor(self.positions[self.covered]).astype(int)
        stretches = []
        for start in range(0, self.coarse, _BLOCK):
            stop = min(start + _BLOCK + 1, self.coarse)
            first, last = np.searchsorted(below, (start, start + _BLOCK)) + self.covered.start
            if first == last:
                continue
            voxels = slice(int(first), int(last))
            coarse, blur = _within(np.arange(start, stop), self.coarse, PLACE_VOXELS)
            around, smooth = _within(np.arange(first, last), self.size, self.smoothing)
            spread = _linear(self.positions[voxels] - start, stop - start)
            stretches.append(_Stretch(voxels, coarse, blur, spread, around, smooth))
        return stretches

    def samples(self) -> Array:
        """Voxels of which two lie in each coarse voxel, or all where they are fewer."""
        size = self.covered.stop - self.covered.start
        count = min(size, 2 * self.coarse)
        places = (np.arange(count) + 0.5) * size / count - 0.5
        return np.asarray(np.unique(np.rint(places).astype(np.intp)) + self.covered.start)


class _Sharpening:
    """Bayes' rule, block by block."""

    def __init__(self, prior: Prior, tissues: list[str], image: Array, axes: list[_Axis]) -> None:
        self._prior = prior
        self._image = image
        self._likelihoods = _log_likelihoods(prior, tissues, image, axes)
        margin = float(self._likelihoods.max() - self._likelihoods.min())
        self._too_unlikely = np.exp(-margin / TRUST)  # no attenuation can make up for this

    def block(self, parts: tuple[_Stretch, _Stretch, _Stretch]) -> tuple[tuple[slice, ...], Array]:
        """A block's voxels and their labels."""
        labels = self._prior.labels
        voxels = tuple(part.voxels for part in parts)
        here = self._prior.probabilities[(slice(None), *(part.coarse for part in parts))]
        channels = np.flatnonzero(here.max(axis=(1, 2, 3)) > self._too_unlikely / 4)
        if len(channels) > 1:
            prior = _separable(here[channels], [part.blur for part in parts])
            relative = prior / np.maximum(prior.max(axis=0), _SMALLEST)
            rivals = relative.max(axis=(1, 2, 3)) > self._too_unlikely
            channels, prior = channels[rivals], prior[rivals]
        if len(channels) == 1:
            return voxels, labels[channels[0]]
        log_prior = TRUST * np.log(np.maximum(prior, _SMALLEST))
        scores = _separable(log_prior, [part.spread for part in parts])
        image = self._image[tuple(part.around for part in parts)].astype(np.float32)
        bins = _bins(_separable(image[None], [part.smooth for part in parts])[0])
        best = scores[0] + self._likelihoods[channels[0]][bins]
        found = np.full(best.shape, labels[channels[0]], np.uint8)
        for channel, place in zip(channels[1:], scores[1:], strict=True):
            score = place + self._likelihoods[channel][bins]
            better = score > best
            np.copyto(best, score, where=better)
            found[better] = labels[channel]
        return voxels, found


def _log_likelihoods(prior: Prior, tissues: list[str], image: Array, axes: list[_Axis]) -> Array:
    """(C, bins) logarithm of how often each structure has each attenuation in this image."""
    samples = [axis.samples() for axis in axes]
    smooth = _at(
        image,
        [_gaussian(at, one.size, one.smoothing) for one, at in zip(axes, samples, strict=True)],
    )
    winner, highest = _likeliest(prior.probabilities)
    border = ndimage.maximum_filter(winner, 3) != ndimage.minimum_filter(winner, 3)
    near = ndimage.maximum_filter(border, 2 * NEAR_VOXELS + 1) | ~border.any()
    weights = np.where(near, highest**SURE, 0)
    nearest = np.ix_(
        *(np.rint(axis.positions[at]).astype(int) for axis, at in zip(axes, samples, strict=True))
    )
    kinds, kind_of = np.unique(tissues, return_inverse=True)
    place = kind_of[winner][nearest] * _BINS + _bins(smooth)
    counts = np.bincount(place.ravel(), weights[nearest].ravel(), minlength=len(kinds) * _BINS)
    counts = ndimage.gaussian_filter1d(counts.reshape(len(kinds), _BINS), SPREAD_HU / STEP_HU)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), _SMALLEST)
    return np.asarray(np.log(shares + SURPRISE), np.float32)[kind_of]


def _likeliest(probabilities: Array) -> tuple[Array, Array]:
    """(X, Y, Z) channel with the highest probability, the first of equals, and that probability.

    A pass per channel: NumPy's ``argmax`` along the first axis takes ten times as long.
    """
    channel = np.zeros_like(probabilities[0], np.intp)
    highest = probabilities[0].copy(order="K")
    for number, shares in enumerate(probabilities[1:], start=1):
        channel[shares > highest] = number
        np.maximum(highest, shares, out=highest)
    return channel, highest


def _at(image: Array, weights: list[Array]) -> Array:
    """An image averaged along each axis, plane by plane.

    Args:
        image: (I, J, K).
        weights: (i, I), (j, J) and (k, K) float32.

    Returns:
        (i, j, k) float32.
    """
    first, second = (sparse.csr_array(matrix) for matrix in weights[:2])
    third = weights[2]
    planes = np.zeros((len(weights[0]), len(weights[1]), third.shape[1]), np.float32)
    for k in np.flatnonzero(third.any(axis=0)):
        # the axis that lies together in memory last: there is little left to be turned
        turned = (second @ image[:, :, k].T.astype(np.float32)).T
        planes[:, :, k] = first @ np.ascontiguousarray(turned)
    return np.asarray(planes @ third.T)


def _bins(image_hu: Array) -> Array:
    clipped = np.clip(image_hu, LOWEST_HU, HIGHEST_HU)
    return np.asarray((clipped - LOWEST_HU) * (1 / STEP_HU)).astype(np.intp)


def _separable(data: Array, matrices: Iterable[Array]) -> Array:
    """(C, i, j, k) → (C, I, J, K): a matrix for each of the last three axes."""
    first, second, third = matrices
    # In order in memory: of what is not, NumPy 2.4.6 gives wrong products now and then while other
    # threads are at work (in 10 of 100 label maps some voxels were another structure's).
    data = np.ascontiguousarray(data)
    planes = second @ (data @ third.T)
    lines = planes.reshape(*planes.shape[:2], -1)
    return np.asarray((first @ lines).reshape(len(data), len(first), *planes.shape[2:]))


def _gaussian(places: Array, size: int, sigma: float) -> Array:
    """(places, size) float32 weights that average an axis around some voxels; edges repeat."""
    reach = max(1, int(np.ceil(_REACH_SIGMAS * sigma)))
    offsets = np.arange(-reach, reach + 1)
    weights = np.exp(-0.5 * (offsets / sigma) ** 2)
    matrix = np.zeros((len(places), size), np.float32)
    columns = np.clip(places[:, None] + offsets, 0, size - 1)
    np.add.at(matrix, (np.arange(len(places))[:, None], columns), weights / weights.sum())
    return matrix


def _within(places: Array, size: int, sigma: float) -> tuple[slice, Array]:
    """The voxels that are averaged around some, and their part of :func:`_gaussian`."""
    matrix = _gaussian(places, size, sigma)
    used = np.flatnonzero(matrix.any(axis=0))
    source = slice(int(used[0]), int(used[-1]) + 1)
    return source, matrix[:, source]


def _linear(places: Array, size: int) -> Array:
    """(places, size) weights of linear interpolation."""
    rows = np.arange(len(places))
    below = np.clip(np.floor(places).astype(int), 0, size - 1)
    share = (places - below).astype(np.float32)
    matrix = np.zeros((len(places), size), np.float32)
    np.add.at(matrix, (rows, below), 1 - share)
    np.add.at(matrix, (rows, np.minimum(below + 1, size - 1)), share)
    return matrix
