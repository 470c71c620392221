"""A study through the house with other people's networks installed: random weights, real layout."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path

import pytest
from tiny_networks import as_trained, install_tiny, install_tiny_blast, tiny_plans

from heimdallr.config import Settings
from heimdallr.phantom.studies import write_head_ct
from heimdallr.segmentation.networks.installation import install
from heimdallr.segmentation.tasks import task
from heimdallr.workflow.process import process_paths

NNUNET = ("boa_body_regions", "boa_body_parts", "moose_lungs")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A data folder with BOA's and one of MOOSE's networks, beside the bundled ones."""
    settings = Settings(data_dir=tmp_path / "data")
    for name in NNUNET:
        install_tiny(tmp_path / "made", as_trained(task(name)), tiny_plans((8.0, 8.0, 8.0)))
    install(tmp_path / "made", settings.weights_folder)
    return settings


def processed(tmp_path: Path, settings: Settings) -> Path:
    """The case folder of a small head CT."""
    head = write_head_ct(tmp_path, 3, matrix=80, pixel_mm=2.8, thin_mm=4.0, thick_mm=8.0)
    output = tmp_path / "out"
    (outcome,) = process_paths([head.dicom], output, settings, lambda *_: None)
    assert outcome.state == "done", outcome.error
    assert outcome.folder is not None
    return outcome.folder


def test_numbers_come_with_licence_and_credit(tmp_path: Path, settings: Settings) -> None:
    """Masks under our names, a route of its own, numbers by task, and whom to credit."""
    folder = processed(tmp_path, settings)
    results = json.loads((folder / "resultados.json").read_text())
    made = {one["task"]: one for one in results["provenance"]["segmentations"]}
    assert {*NNUNET, "tissue_types by boa_body_regions and HU windows"} <= set(made)
    for name in NNUNET:
        assert made[name]["weights_origin"] == "other"
    assert made["moose_lungs"]["collections"] == [
        {
            "name": "MOOSE",
            "licence": "CC-BY-4.0",
            "credit": "Shiyam Sundar 2022, J Nucl Med, doi:10.2967/jnumed.122.264063",
            "home": "https://github.com/ENHANCE-PET/MOOSE",
        }
    ]
    assert made["total"]["collections"] == []
    told = [one["parameters"] for one in results["notices_coded"]]
    assert {one["collection"] for one in told if "credit" in one} == {"BOA", "MOOSE"}
    assert list((folder / "boa_body_regions").glob("*.nii.gz"))
    assert (folder / "labels" / "moose_lungs.nii.gz").is_file()
    by_name = {one["name"]: one for one in results["measurements"]}
    routes = {
        one["parameters"]["route"] for one in by_name.values() if "route" in one["parameters"]
    }
    assert routes == {"tissue_types by boa_body_regions and HU windows"}
    assert {"epicardial_fat_vol_cm3", "mediastinal_fat_vol_cm3"} <= set(by_name)
    assert any(name.endswith("_by_moose_lungs") for name in by_name)
    for one in by_name.values():
        assert (one["status"] == "measured") == (one["value"] is not None)


@pytest.mark.slow
@pytest.mark.skipif(find_spec("blast_ct") is None, reason="the extra 'blast' is not installed")
def test_blood_of_four_kinds_on_a_head(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """BLAST-CT looks near the brain; each of its lesions has a number or a reason."""
    from blast_ct import assets  # noqa: PLC0415 - an extra

    config = json.loads(Path(assets.get_config_path()).read_text())
    config["model"]["DeepMedic"] = {"feature_maps": [2] * 8, "fully_connected": [4, 4]}
    (tmp_path / "config.json").write_text(json.dumps(config))
    monkeypatch.setattr(assets, "get_config_path", lambda: str(tmp_path / "config.json"))
    install_tiny_blast(tmp_path / "blast")
    install(tmp_path / "blast", settings.weights_folder)
    results = json.loads((processed(tmp_path, settings) / "resultados.json").read_text())
    measured = results["measurements"]
    lesions = [one for one in measured if one["name"].endswith("_vol_cm3_by_blast_ct")]
    assert len(lesions) == 4
    for one in lesions:
        assert (one["value"] is None) == bool(one["reason"])
    assert "BLAST-CT" in " ".join(results["notices"])
