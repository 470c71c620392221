"""The engine's label maps equal those of TotalSegmentator itself, on the same weights."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from nibabel.orientations import apply_orientation, axcodes2ornt
from tiny_networks import install_tiny, noisy_body, tiny_plans

from heimdallr.imaging.volume import load_label_map, load_volume, save_nifti
from heimdallr.segmentation.engine import Engine
from heimdallr.segmentation.networks.weights import WeightsStore
from heimdallr.segmentation.tasks import task

if TYPE_CHECKING:
    from collections.abc import Callable

    from heimdallr.imaging.volume import Array

PEER = Path(__file__).with_name("run_totalsegmentator.py")

CASES = {
    # our task: TotalSegmentator's arguments
    "total_fast": {"task": "total", "fast": True},
    "total": {"task": "total"},
    "cerebral_bleed": {"task": "cerebral_bleed"},
    "body_fast": {"task": "body", "fast": True},
    "total_mr_fast": {"task": "total_mr", "fast": True},
    "pleural_pericard_effusion": {"task": "pleural_pericard_effusion"},
}

LUNGS = ("lung_upper_lobe_left", "lung_lower_lobe_left", "lung_upper_lobe_right")


@pytest.fixture(scope="module")
def peer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an image, weights, and what TotalSegmentator makes of them."""
    folder = tmp_path_factory.mktemp("peer")
    weights = folder / "weights"
    install_tiny(weights, task("total_fast"), seed=1)
    # as the bundled networks: coarser plans than the task's spacing
    install_tiny(weights, task("total_mr_fast"), tiny_plans((6.0, 6.0, 6.0)), seed=2)
    install_tiny(weights, task("total_fastest"), seed=3, favoured=("brain", *LUNGS))
    install_tiny(weights, task("total"), tiny_plans((3.0, 3.0, 3.0), features=(4, 4)), seed=4)
    install_tiny(weights, task("body_fast"), seed=10)
    # anisotropic: nnU-Net interpolates slices and planes apart
    anisotropic = tiny_plans((9.0, 2.5, 2.5))
    bleed = ("intracerebral_hemorrhage",)
    install_tiny(weights, task("cerebral_bleed"), anisotropic, seed=11, favoured=bleed)
    effusion = task("pleural_pericard_effusion")
    install_tiny(weights, effusion, tiny_plans((5.0, 3.0, 3.0)), seed=13)
    volume = noisy_body()
    # stored as scanners do, not in RAS order
    stored = apply_orientation(volume.data, axcodes2ornt("LPS"))
    affine = volume.affine @ np.diag([-1.0, -1.0, 1.0, 1.0])
    affine[:3, 3] = volume.voxel_to_world((volume.shape[0] - 1, volume.shape[1] - 1, 0))
    image = folder / "image.nii.gz"
    save_nifti(image, stored, affine)
    home = folder / "home"
    home.mkdir()
    settings = {
        "totalseg_id": "test",
        "send_usage_stats": False,
        "prediction_counter": 0,
        "statistics_disclaimer_shown": True,
    }
    (home / "config.json").write_text(json.dumps(settings))
    jobs = [
        {"image": str(image), "output": str(folder / f"{name}.nii.gz"), "arguments": arguments}
        for name, arguments in CASES.items()
    ]
    (folder / "jobs.json").write_text(json.dumps(jobs))
    environment = {
        **os.environ,
        "TOTALSEG_HOME_DIR": str(home),
        "TOTALSEG_WEIGHTS_PATH": str(weights),
        "OMP_NUM_THREADS": "1",
    }
    done = subprocess.run(
        [sys.executable, str(PEER), str(folder / "jobs.json")],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return folder


def theirs(peer: Path, name: str) -> Array:
    """TotalSegmentator's label map in RAS+ order."""
    return load_label_map(peer / f"{name}.nii.gz", task(name).names).data


@pytest.mark.parametrize("name", CASES)
def test_label_map_equals_totalsegmentators(peer: Path, name: str) -> None:
    """At least 99.9 % of the voxels agree, whatever the task's geometry is."""
    store = WeightsStore(peer / "weights")
    engine = Engine(store, device="cpu", backend="torch", threads=1)
    ours = engine.segment(name, load_volume(peer / "image.nii.gz")).label_map.data
    expected = theirs(peer, name)
    assert ours.shape == expected.shape
    assert len(np.unique(expected)) > 1, "a label map without labels proves nothing"
    agreement = float(np.mean(ours == expected))
    assert agreement >= 0.999


@pytest.mark.parametrize(("precision", "least"), [("f32", 0.999), ("bf16", 0.99)])
def test_openvino_equals_the_reference_on_trained_weights(
    real_set: Callable[[str], Path], precision: str, least: float
) -> None:
    """On a real CT the fast backend labels voxels as the reference does."""
    image = next(real_set("ct_totalsegmentator_example").rglob("example_ct_sm.nii.gz"))
    volume, store = load_volume(image), WeightsStore(None)
    fast = Engine(store, device="cpu", backend="openvino", precision=precision, threads=1)
    reference = Engine(store, device="cpu", backend="torch", threads=1)
    ours = fast.segment("total_fast", volume).label_map.data
    expected = reference.segment("total_fast", volume).label_map.data
    assert len(np.unique(expected)) > 5
    assert float(np.mean(ours == expected)) >= least
