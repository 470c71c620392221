"""BLAST-CT's network gives what its makers' own program gives."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import httpx
import nibabel as nib
import numpy as np
import pytest
import torch
from tiny_networks import install_tiny_blast, noisy_body

from heimdallr.domain.errors import WeightsError
from heimdallr.domain.statements import Statement
from heimdallr.imaging.volume import LabelMap, Volume
from heimdallr.segmentation import plan
from heimdallr.segmentation.engine import Engine
from heimdallr.segmentation.networks import blast_ct
from heimdallr.segmentation.networks.installation import download, install, verify
from heimdallr.segmentation.networks.weights import Weights, WeightsStore
from heimdallr.segmentation.result import Segmentation, SegmentationProvenance
from heimdallr.segmentation.tasks import task

EVERYWHERE = (slice(None), slice(None), slice(None))


def store(folder: Path) -> WeightsStore:
    """A store over one folder."""
    return WeightsStore(
        folder, totalsegmentator_dir=folder / "none", bundled_dir=folder / "bundled"
    )


def checkpoint(folder: Path, content: bytes = b"no checkpoint") -> Path:
    """A file where BLAST-CT's checkpoints lie."""
    folder.mkdir(parents=True)
    (folder / "model_1.torch_model").write_bytes(content)
    return folder


def without_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a machine where only Heimdallr is installed."""
    monkeypatch.setattr(blast_ct, "find_spec", lambda _name: None)


def test_checkpoints_are_installed_from_a_folder(tmp_path: Path) -> None:
    """From the package's cache folder or from the checkpoints' own; nothing else comes along."""
    folder = checkpoint(tmp_path / "cache" / "saved_models")
    (folder / "readme.txt").write_text("no weights")
    for source in (folder, folder.parent):
        assert install(source, tmp_path / "weights") == ("BLAST-CT",)
    (weights,) = store(tmp_path / "weights").locate(task("blast_ct"))
    assert weights.origin == "other"
    assert [path.name for path in weights.folder.iterdir()] == ["model_1.torch_model"]


def test_a_checkpoint_is_fetched_on_request(tmp_path: Path) -> None:
    """From the address the package itself has; its makers run one model unless told otherwise."""
    asked = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return httpx.Response(200, content=b"weights")

    client = httpx.Client(transport=httpx.MockTransport(answer))
    assert download(task("blast_ct"), tmp_path, client=client) == ("BLAST-CT",)
    assert [url.rpartition("/")[2] for url in asked] == ["model_1.torch_model"]
    assert (tmp_path / "BLAST-CT/saved_models/model_1.torch_model").read_bytes() == b"weights"


def test_without_the_package_the_weights_say_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Verifying names what to install; a case is not lost, its task is skipped with the reason."""
    without_the_package(monkeypatch)
    install(checkpoint(tmp_path / "made"), tmp_path / "weights")
    found = store(tmp_path / "weights")
    with pytest.raises(WeightsError, match="package blast-ct, which is not installed") as caught:
        verify(found.locate(task("blast_ct"))[0])
    assert "heimdallr[blast]" in str(caught.value.remedy)
    skipped: dict[str, Statement] = {}
    assert plan._of_collections(found, skipped) == ()
    assert skipped == {"blast_ct": Statement("package_not_installed", {"package": "blast-ct"})}


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Weights:
    """Random weights of the network with fewer channels; its context and patches are the same."""
    assets = pytest.importorskip("blast_ct.assets", reason="the extra 'blast' is not installed")
    settings = json.loads(Path(assets.get_config_path()).read_text())
    settings["model"]["DeepMedic"] = {"feature_maps": [4] * 8, "fully_connected": [8, 8]}
    (tmp_path / "config.json").write_text(json.dumps(settings))
    monkeypatch.setattr(assets, "get_config_path", lambda: str(tmp_path / "config.json"))
    install_tiny_blast(tmp_path / "made", count=2)
    install(tmp_path / "made", tmp_path / "weights")
    return store(tmp_path / "weights").locate(task("blast_ct"))[0]


def head() -> Volume:
    """A small image with the greys of a head, of unequal voxels.

    Whole millimetres, and halves and quarters between: nothing depends on how a tie is rounded.
    """
    body = noisy_body((20, 10, 12), spacing_mm=(2.0, 2.0, 4.0))
    return Volume((body.data / 4 + 20).astype(np.int16), body.affine)


def test_labels_equal_those_of_its_own_program(small: Weights, tmp_path: Path) -> None:
    """Its data set, its patches, its network and its way back, through files as it has them."""
    datasets = pytest.importorskip("blast_ct.nifti.datasets")
    savers = pytest.importorskip("blast_ct.nifti.savers")
    transformation = pytest.importorskip("blast_ct.nifti.transformation")
    sitk = pytest.importorskip("SimpleITK")
    volume, network = head(), blast_ct.load_network(small)
    # axes towards left and posterior, as scanners store them: its reorientation has nothing to do
    lps = volume.affine @ np.diag([-1, -1, 1, 1])
    lps[:3, 3] = (volume.affine @ [volume.shape[0] - 1, volume.shape[1] - 1, 0, 1])[:3]
    nib.save(nib.Nifti1Image(volume.data[::-1, ::-1], lps), tmp_path / "image.nii.gz")
    (tmp_path / "data.csv").write_text(f"id,image\nhead,{tmp_path / 'image.nii.gz'}\n")
    low, high = network.window_hu
    dataset = datasets.FullImageToOverlappingPatchesNiftiDataset(
        network.patch,
        network.answered,
        str(tmp_path / "data.csv"),
        ["image"],
        transformation=[transformation.IntensityWindowNormalization(low, high)],
        resolution=[1.0, 1.0, 1.0],
    )
    answers = []
    with torch.inference_mode():
        for one in dataset:
            image = one["image"][None]
            probability = sum(module(image)[0].softmax(1) for module in network.modules)
            answers.append(torch.as_tensor(probability).argmax(1)[0].numpy())
    shape, centres = dataset.image_mapping[0]
    theirs = savers.reconstruct_image(answers, shape, centres, network.answered)
    original = sitk.ReadImage(str(tmp_path / "image.nii.gz"))
    savers.save_image(theirs, original, str(tmp_path / "labels.nii.gz"), [1.0, 1.0, 1.0])
    expected = np.asarray(nib.load(tmp_path / "labels.nii.gz").dataobj)[::-1, ::-1]
    found = blast_ct.segment(network, volume, EVERYWHERE, "cpu", lambda _share: None)
    assert len(np.unique(expected)) > 2
    # SimpleITK steps through the image in floats and cuts: 2 % of the greys are 1 HU lower there
    assert np.mean(found == expected) >= 0.99


def test_nothing_is_labelled_outside_the_region(small: Weights) -> None:
    """Inside it the labels are those of the whole image; patches far away are not run."""
    volume, network = head(), blast_ct.load_network(small)
    whole = blast_ct.segment(network, volume, EVERYWHERE, "cpu", lambda _share: None)
    box = (slice(12, 19), slice(2, 8), slice(0, 6))
    shares: list[float] = []
    part = blast_ct.segment(network, volume, box, "cpu", shares.append)
    assert np.array_equal(part[box], whole[box])
    part[box] = 0
    assert not part.any()
    assert shares[-1] == 1.0
    assert len(shares) < 4  # of 2 × 1 × 2 patches


def test_the_engine_looks_near_the_brain(small: Weights) -> None:
    """Blood of four kinds around the brain the anatomy has found, with its credit."""
    volume = head()
    engine = Engine(store(small.folder.parents[1]), device="cpu", backend="torch", threads=1)
    anatomy = np.zeros(volume.shape, np.uint8)
    anatomy[9:12, 4:6, 2:4] = 90
    provenance = SegmentationProvenance("total", "none", "cpu", (), "other", (), 3.0, 0.0)
    brain = Segmentation(LabelMap(anatomy, volume.affine, {90: "brain"}), provenance)
    made = engine.segment("blast_ct", volume, context={"total": brain})
    assert made.label_map.data.any()
    assert not made.label_map.data[:, :, 9:].any()  # more than 20 mm above it
    assert made.label_map.names[2] == "extra_axial_hemorrhage"
    assert made.provenance.spacing_mm == 1.0
    assert made.provenance.collections[0].name == "BLAST-CT"


def test_the_engine_loads_replaced_checkpoints_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those that were installed once more as they are, it has already."""
    loaded: list[Weights] = []
    monkeypatch.setattr(blast_ct, "load_network", loaded.append)
    engine = Engine(store(tmp_path / "weights"), device="cpu", backend="torch", threads=1)
    for number, content in enumerate((b"first", b"first", b"second")):
        install(checkpoint(tmp_path / str(number), content), tmp_path / "weights")
        engine.load("blast_ct")
    assert len(loaded) == 2
    assert engine._checksum(loaded[0]) == hashlib.sha256(b"second").hexdigest()


@pytest.mark.parametrize("content", [b"no checkpoint", b""])
def test_a_damaged_checkpoint_is_named(small: Weights, content: bytes) -> None:
    """What is no checkpoint of this network is refused before anything is run."""
    small.checkpoints[0].write_bytes(content)
    with pytest.raises(WeightsError, match=r"model_1\.torch_model is no checkpoint of BLAST-CT"):
        blast_ct.load_network(small)
