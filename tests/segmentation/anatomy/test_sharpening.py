"""Borders go where the image has them; what the network is sure of stays."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import permutations
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from scipy import ndimage
from tiny_networks import install_tiny, noisy_body, tiny_plans

from heimdallr.imaging.volume import Volume
from heimdallr.segmentation.anatomy import sharpening
from heimdallr.segmentation.anatomy.sharpening import Prior, sharpened
from heimdallr.segmentation.engine import Engine, _of_vertebrae
from heimdallr.segmentation.networks.labelling import labels_from_planes, prior_from_planes
from heimdallr.segmentation.networks.network import load_network
from heimdallr.segmentation.networks.preprocessing import prepare
from heimdallr.segmentation.networks.sliding_window import predict_planes
from heimdallr.segmentation.networks.torch_predictor import TorchPredictor
from heimdallr.segmentation.networks.weights import BUNDLED_MARKER, WeightsStore
from heimdallr.segmentation.tasks import task

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from heimdallr.imaging.volume import Array
    from heimdallr.segmentation.result import Segmentation

FACTOR = 3
"""Voxels of 2 mm in one of the network's of 6 mm."""

NAMES = {1: "liver", 2: "spleen", 3: "stomach"}

SHAPE = (60, 54, 48)
ORGAN = (slice(13, 35), slice(16, 38), slice(11, 37))
NEIGHBOUR = (slice(35, 50), slice(16, 38), slice(11, 37))
FAT_HU, ORGAN_HU, NEIGHBOUR_HU = -100.0, 110.0, 180.0


def truth() -> Array:
    """Two organs that touch, in fat."""
    labels = np.zeros(SHAPE, np.uint8)
    labels[ORGAN] = 1
    labels[NEIGHBOUR] = 2
    return labels


def ct(labels: Array, rng: np.random.Generator, spacing_mm: float = 2.0) -> Volume:
    """A noisy CT of the organs."""
    hu = np.array([FAT_HU, ORGAN_HU, NEIGHBOUR_HU])[labels] + rng.normal(0, 20, labels.shape)
    return Volume(hu.astype(np.int16), np.diag([spacing_mm] * 3 + [1.0]))


def coarse(labels: Array, channels: int = 3, *, factor: int = FACTOR) -> Prior:
    """What a network might say of them: unsure at borders, which it sees 2 mm too far right."""
    moved = np.roll(labels, 1, axis=0)
    planes = [ndimage.gaussian_filter((moved == n).astype(np.float32), 1) for n in range(channels)]
    size = tuple(length // factor for length in labels.shape)
    blocks = np.stack(planes).reshape(channels, *(n for length in size for n in (length, factor)))
    probabilities = blocks.mean(axis=(2, 4, 6))
    probabilities /= probabilities.sum(axis=0)
    whole = tuple(slice(0, length) for length in labels.shape)
    return Prior(probabilities, np.arange(channels, dtype=np.uint8), labels.shape, whole)


def repeated(prior: Prior) -> Array:
    """The coarse labels on the fine grid."""
    labels = prior.found_in(NAMES, 216).chosen
    for axis in range(3):
        labels = labels.repeat(FACTOR, axis=axis)
    return labels


def wrong(found: Array, labels: Array) -> float:
    """Wrong voxels as a share of the organs."""
    return float(np.count_nonzero(found != labels) / np.count_nonzero(labels))


def test_borders_go_where_the_image_has_them(rng: np.random.Generator) -> None:
    """Against fat and against the neighbour; the coarse labels are wrong in a fifth or more."""
    labels = truth()
    prior = coarse(labels)
    assert wrong(repeated(prior), labels) > 0.15
    assert wrong(sharpened(prior, NAMES, ct(labels, rng)), labels) < 0.01


def test_no_number_about_any_organ(rng: np.random.Generator) -> None:
    """The same body 300 HU denser, or with the contrasts turned round, is labelled as well."""
    labels = truth()
    volume = ct(labels, rng)
    for data in (volume.data + 300, 80 - volume.data):
        assert wrong(sharpened(coarse(labels), NAMES, Volume(data, volume.affine)), labels) < 0.01


@pytest.mark.parametrize("scale", [0.002, 1.0, 90.0])
def test_an_mr_is_read_on_any_scale(rng: np.random.Generator, scale: float) -> None:
    """Bright fat, an organ, a brighter one beside it, and a vessel far brighter than all."""
    labels = truth()
    signal = np.array([400.0, 180.0, 290.0])[labels] + rng.normal(0, 15, SHAPE)
    signal[:10] = np.abs(rng.normal(0, 5, (10, *SHAPE[1:])))  # air
    signal[20:22, 30:32, 20:22] = 3000
    image = Volume(signal * scale, np.diag([2.0, 2.0, 2.0, 1.0]))
    found = sharpened(coarse(labels), NAMES, sharpening.on_one_scale(image))
    assert wrong(found, labels) < 0.01


def test_an_mr_without_signal_stays_the_networks() -> None:
    """Nothing but zeros is no reason to fail."""
    labels = truth()
    image = Volume(np.zeros(SHAPE, np.int16), np.diag([2.0, 2.0, 2.0, 1.0]))
    found = sharpened(coarse(labels), NAMES, sharpening.on_one_scale(image))
    assert wrong(found, labels) < 0.25


def test_no_contrast_leaves_the_network_alone(rng: np.random.Generator) -> None:
    """Where all measures alike, borders stay where the network has them, to half its voxel."""
    labels = truth()
    image = Volume(rng.normal(40, 20, SHAPE).astype(np.int16), np.diag([2.0, 2.0, 2.0, 1.0]))
    found = sharpened(coarse(labels), NAMES, image)
    moved = np.roll(labels, 1, axis=0)
    for organ in (1, 2):
        deep = ndimage.binary_erosion(moved == organ, iterations=2)
        near = ndimage.binary_dilation(moved == organ, iterations=2)
        assert (found[deep] == organ).all()
        assert not (found[~near] == organ).any()


def test_what_is_certain_stays(rng: np.random.Generator) -> None:
    """A cyst deep in the organ measures like nothing in it and is the organ's all the same."""
    labels = truth()
    volume = ct(labels, rng)
    volume.data[22:27, 25:30, 22:27] = 5
    assert (sharpened(coarse(labels), NAMES, volume)[22:27, 25:30, 22:27] == 1).all()


def test_the_network_parts_what_is_alike(rng: np.random.Generator) -> None:
    """Two vertebrae, one of them denser: their border is the network's, their hulls the image's."""
    labels = truth()
    names = {1: "vertebrae_L2", 2: "vertebrae_L3"}
    found = sharpened(coarse(labels), names, ct(labels, rng))
    moved = labels.copy()
    moved[35] = np.where(labels[35] == 2, 1, labels[35])  # 2 mm too far right
    assert wrong(found > 0, labels > 0) < 0.01
    assert wrong(found, moved) < 0.01


def test_nothing_appears_that_the_network_did_not_find(rng: np.random.Generator) -> None:
    """An organ that wins nowhere is not given out, though its attenuation fits better."""
    labels = truth()
    prior = coarse(labels, channels=4)
    prior.probabilities[3] = 0.4 * prior.probabilities[2]
    prior.probabilities[2] *= 0.6
    found = sharpened(prior.found_in(NAMES, 216).their_prior(), NAMES, ct(labels, rng))
    assert set(np.unique(found)) == {0, 1, 2}


def test_threads_do_not_change_a_label(rng: np.random.Generator) -> None:
    """Whatever order a network's probabilities have in memory, and however often it is tried."""
    labels = truth()
    prior, image = coarse(labels), ct(labels, rng)
    turned = np.ascontiguousarray(prior.probabilities.transpose(0, 3, 2, 1)).transpose(0, 3, 2, 1)
    alone = sharpened(prior, NAMES, image, threads=1)
    for _ in range(5):
        together = sharpened(replace(prior, probabilities=turned), NAMES, image, threads=4)
        assert np.array_equal(together, alone)


def test_a_stray_does_not_come_back(rng: np.random.Generator) -> None:
    """A second, small piece of the organ is not found again, though it measures like the organ."""
    labels = truth()
    with_stray = labels.copy()
    with_stray[52:58, 44:50, 40:46] = 1
    prior = coarse(with_stray).found_in(NAMES, 216).their_prior()
    found = sharpened(prior, NAMES, ct(with_stray, rng))
    assert not found[50:, 42:, 38:].any()
    assert wrong(found[:, :40], labels[:, :40]) < 0.01


def test_flipping_and_turning_change_nothing(rng: np.random.Generator) -> None:
    """The same result along every axis and in every order of axes, but for ties."""
    labels = truth()
    prior, volume = coarse(labels), ct(labels, rng)
    straight = sharpened(prior, NAMES, volume)
    for axis in range(3):
        flipped = Prior(np.flip(prior.probabilities, axis + 1), *_rest(prior))
        found = sharpened(flipped, NAMES, Volume(np.flip(volume.data, axis), volume.affine))
        assert wrong(np.flip(found, axis), straight) < 1e-3
    for order in permutations(range(3)):
        size = tuple(SHAPE[axis] for axis in order)
        turned = Prior(
            prior.probabilities.transpose(0, *(axis + 1 for axis in order)),
            prior.labels,
            size,
            tuple(slice(0, length) for length in size),
        )
        found = sharpened(turned, NAMES, Volume(volume.data.transpose(order), volume.affine))
        assert wrong(found.transpose(np.argsort(order)), straight) < 1e-3


def _rest(prior: Prior) -> tuple[Array, tuple[int, ...], tuple[slice, ...]]:
    return prior.labels, prior.shape, prior.box


def test_blocks_and_threads_change_nothing(
    rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However the image is cut into blocks, and however many threads work on it."""
    labels = truth()
    prior, volume = coarse(labels), ct(labels, rng)
    expected = sharpened(prior, NAMES, volume, threads=1)
    assert np.array_equal(sharpened(prior, NAMES, volume, threads=3), expected)
    for block in (2, 100):
        monkeypatch.setattr(sharpening, "_BLOCK", block)
        assert wrong(sharpened(prior, NAMES, volume), expected) < 1e-3


def test_a_finer_image_gives_the_same_body(rng: np.random.Generator) -> None:
    """Voxels of 1 mm instead of 2 mm: borders are where they should be, to a voxel."""
    labels = truth()
    prior = coarse(labels)
    index = np.ix_(*(np.rint(np.linspace(0, size - 1, 2 * size - 1)).astype(int) for size in SHAPE))
    fine = labels[index]
    found = sharpened(prior, NAMES, ct(fine, rng, spacing_mm=1.0))
    border = ndimage.maximum_filter(fine, 3) != ndimage.minimum_filter(fine, 3)
    assert wrong(np.where(border, fine, found), fine) < 0.005


def test_outside_the_networks_field_is_nothing(rng: np.random.Generator) -> None:
    """Labels are given inside the box only, at the right place."""
    labels = truth()
    inner = coarse(labels)
    larger = tuple(size + 12 for size in SHAPE)
    box = tuple(slice(6, 6 + size) for size in SHAPE)
    prior = Prior(inner.probabilities, inner.labels, larger, box)
    expected = np.pad(labels, 6)
    found = sharpened(prior, NAMES, ct(expected, rng))
    assert wrong(found, expected) < 0.01
    assert not np.delete(found, range(6, 66), axis=0).any()


def test_a_prior_is_what_the_labels_are_made_from(tmp_path: Path) -> None:
    """On the network's own grid the likeliest labels are nnU-Net's, whatever the plans' axes."""
    plans = tiny_plans((3.0, 3.0, 3.0))
    plans["transpose_forward"], plans["transpose_backward"] = [2, 0, 1], [1, 2, 0]
    wanted = task("total_fast")
    install_tiny(tmp_path, wanted, plans, favoured=("liver", "spleen"))
    network = load_network(store(tmp_path).locate(wanted)[0])
    body = noisy_body((36, 30, 26), (3.0, 3.0, 3.0))
    body.data[:4] = 0  # cropped off by nnU-Net
    prepared = prepare(body.data, body.affine, network.plans)
    predictor = TorchPredictor(network.plans, network.modules[0], torch.device("cpu"))
    blocks = [predict_planes(prepared.data, predictor, 0.5) for _ in range(2)]
    labels = labels_from_planes(blocks[0], prepared, network.plans, predictor.arithmetic)
    prior = prior_from_planes(blocks[1], prepared, network.plans, predictor.arithmetic)
    assert prior.shape == body.shape
    assert len(np.unique(labels)) > 1
    assert np.mean(prior.found_in({}, 216).chosen == labels[prior.box]) > 0.999
    assert np.allclose(prior.probabilities.sum(axis=0), 1, atol=1e-5)


def store(folder: Path) -> WeightsStore:
    """The weights below a folder and no others."""
    return WeightsStore(folder, totalsegmentator_dir=folder / "none", bundled_dir=folder / "none")


@pytest.mark.parametrize("name", ["total_fast", "total_mr_fast"])
def test_only_bundled_weights_are_sharpened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Official weights' labels are TotalSegmentator's to the voxel: nothing is done to them."""
    seen: list[Prior] = []

    def watched(prior: Prior, names: Mapping[int, str], image: Volume, *, threads: int) -> Array:
        seen.append(prior)
        return sharpened(prior, names, image, threads=threads)

    monkeypatch.setattr(sharpening, "sharpened", watched)
    wanted = task(name)
    favoured = ("liver", "spleen")
    folder = install_tiny(tmp_path, wanted, tiny_plans((6.0, 6.0, 6.0)), favoured=favoured)[0]
    body = noisy_body((40, 36, 30))
    engine = Engine(store(tmp_path), device="cpu", backend="torch", threads=1)
    engine.segment(name, body)
    assert not seen
    (folder.parent / BUNDLED_MARKER).write_text("{}")
    engine = Engine(store(tmp_path), device="cpu", backend="torch", threads=1)
    found = engine.segment(name, body).label_map
    assert len(seen) == 1
    assert found.shape == body.shape
    assert set(np.unique(found.data)) <= {0, *seen[0].labels.tolist()}


def test_what_bundled_weights_are_not_good_for_is_left_out(tmp_path: Path) -> None:
    """A class their marker does not list leaves a gap: no neighbour takes its place."""
    favoured = ("liver", "spleen")
    plans = tiny_plans((6.0, 6.0, 6.0))
    folder = install_tiny(tmp_path, task("total_fast"), plans, favoured=favoured)[0]
    body = noisy_body((40, 36, 30))

    def segmented(marker: str) -> Segmentation:
        (folder.parent / BUNDLED_MARKER).write_text(marker)
        engine = Engine(store(tmp_path), device="cpu", backend="torch", threads=1)
        return engine.segment("total_fast", body)

    whole = segmented("{}")
    assert set(whole.provenance.confidence) == {
        whole.label_map.names[int(n)] for n in np.unique(whole.label_map.data) if n
    }
    assert not whole.provenance.left_out
    structure = min(whole.provenance.confidence)
    others = [name for name in whole.label_map.names.values() if name != structure]
    fewer = segmented(json.dumps({"classes": others, "located_only": others[:1]}))
    gone = whole.label_map.mask(structure)
    assert gone.any()
    assert np.array_equal(fewer.label_map.data, np.where(gone, 0, whole.label_map.data))
    assert fewer.provenance.left_out == (structure,)
    assert fewer.provenance.located_only == (others[0],)
    assert structure not in fewer.provenance.confidence


def test_confidence_is_the_dice_the_network_expects() -> None:
    """Certain: 1. Half sure within, or suspecting as much elsewhere: less. Not found: not told."""
    probabilities = np.zeros((4, 12, 6, 6), np.float32)
    probabilities[1, :3] = 1.0
    probabilities[2, 3:6] = 0.6
    probabilities[3, 6:9] = 0.4  # never the likeliest
    probabilities[0] = 1 - probabilities[1:].sum(axis=0)
    whole = (slice(0, 12), slice(0, 6), slice(0, 6))
    prior = Prior(probabilities, np.arange(4, dtype=np.uint8), (12, 6, 6), whole)
    sure = prior.found_in(NAMES, 216).confidence()
    assert sure == {"liver": 1.0, "spleen": 0.75}
    probabilities[1, 9:] = 0.4
    probabilities[0, 9:] = 0.6
    assert prior.found_in(NAMES, 216).confidence()["liver"] == round(2 / 2.4, 3)


def test_a_vertebra_counted_anew_is_as_sure_as_what_it_is_made_of() -> None:
    """Confidences are the labels'; the vertebra that gets another name takes them along."""
    total = task("total_fast")
    number = {name: n for n, name in total.names.items()}
    l1, t12, t11 = (number[f"vertebrae_{level}"] for level in ("L1", "T12", "T11"))
    guessed = np.repeat(np.array([l1, l1, l1, t12, number["liver"]], np.uint8), 10)
    counted = np.repeat(np.array([l1, t12, t12, t11, number["liver"]], np.uint8), 10)
    counted[10:13] = l1
    guessed[23:30] = 0
    sure = {"vertebrae_L1": 0.8, "vertebrae_T12": 0.6, "liver": 0.9}
    moved = {"vertebrae_T12": 0.8, "vertebrae_T11": 0.6}
    assert _of_vertebrae(sure, guessed, counted, total) == {**sure, **moved}
