"""Weights are found where TotalSegmentator puts them, and their origin is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tiny_networks import install_tiny, install_tiny_model

from heimdallr.domain.errors import WeightsError
from heimdallr.files import sha256_of
from heimdallr.segmentation.networks import weights as weights_module
from heimdallr.segmentation.networks.weights import BUNDLED_MARKER, WeightsStore
from heimdallr.segmentation.tasks import task

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def store(tmp_path: Path) -> WeightsStore:
    """A store over three empty folders."""
    for name in ("mine", "totalsegmentator", "bundled"):
        (tmp_path / name).mkdir()
    return WeightsStore(
        tmp_path / "mine",
        tmp_path / "cache",
        totalsegmentator_dir=tmp_path / "totalsegmentator",
        bundled_dir=tmp_path / "bundled",
    )


def test_official_weights_come_before_bundled_ones(store: WeightsStore, tmp_path: Path) -> None:
    """The configured folder is searched first, then TotalSegmentator's, then the package's."""
    total = task("total_fast")
    install_tiny(tmp_path / "bundled", total)
    assert store.locate(total)[0].origin == "bundled"
    install_tiny(tmp_path / "totalsegmentator", total)
    assert store.locate(total)[0].origin == "official"
    assert "totalsegmentator" in str(store.locate(total)[0].folder)
    install_tiny(tmp_path / "mine", total)
    assert "mine" in str(store.locate(total)[0].folder)


def test_a_name_left_empty_is_not_the_present_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An empty TOTALSEG_WEIGHTS_PATH names no folder; TotalSegmentator's usual one is looked in."""
    monkeypatch.setenv("TOTALSEG_WEIGHTS_PATH", "")
    monkeypatch.setenv("TOTALSEG_HOME_DIR", str(tmp_path / "home"))
    installed = tmp_path / "home" / "nnunet" / "results"
    installed.mkdir(parents=True)
    install_tiny(installed, task("total_fast"))
    (tmp_path / "bundled").mkdir()
    store = WeightsStore(tmp_path / "mine", tmp_path / "cache", bundled_dir=tmp_path / "bundled")
    assert store.locate(task("total_fast"))[0].folder.is_relative_to(installed)


def test_a_marked_copy_of_bundled_weights_stays_bundled(
    store: WeightsStore, tmp_path: Path
) -> None:
    """Copying them into the weights folder does not make them official."""
    folder = install_tiny(tmp_path / "mine", task("total_fast"))[0]
    (folder.parent / BUNDLED_MARKER).write_text("{}")
    assert store.locate(task("total_fast"))[0].origin == "bundled"


def test_a_sites_own_training_is_other(store: WeightsStore, tmp_path: Path) -> None:
    """Weights under the number of a task but with another trainer are nobody's release."""
    folder = install_tiny(tmp_path / "mine", task("total_fast"))[0]
    folder.rename(folder.with_name("nnUNetTrainer_Own__nnUNetPlans__3d_fullres"))
    assert store.locate(task("total_fast"))[0].origin == "other"


def test_a_task_of_five_networks_needs_all_five(store: WeightsStore, tmp_path: Path) -> None:
    """Four of five is missing one, and the error says which and what to do."""
    total = task("total")
    for model in total.models[:4]:
        install_tiny_model(tmp_path / "mine", model, total)
    with pytest.raises(WeightsError, match=r"Dataset295.*heimdallr weights download total"):
        store.locate(total)
    assert not store.has(total)
    row = next(row for row in store.overview() if row.task == "total")
    assert (row.state, len(row.missing)) == ("missing", 1)


def test_every_fold_asked_for_must_be_there(store: WeightsStore, tmp_path: Path) -> None:
    """``pleural_pericard_effusion`` averages whatever folds there are; others need theirs."""
    effusion = task("pleural_pericard_effusion")
    install_tiny(tmp_path / "mine", effusion)
    assert len(store.locate(effusion)[0].checkpoints) == 2
    folder = install_tiny(tmp_path / "mine", task("total_fast"))[0]
    (folder / "fold_0" / "checkpoint_final.pth").unlink()
    assert not store.has(task("total_fast"))


def test_checksums_are_computed_once(
    store: WeightsStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second store reads them from the cache; a changed file is hashed anew."""
    install_tiny(tmp_path / "mine", task("total_fast"))
    found = store.locate(task("total_fast"))[0]
    expected = sha256_of(found.checkpoints[0])
    assert store.sha256(found) == expected
    hashed: list[Path] = []

    def counting(path: Path) -> str:
        hashed.append(path)
        return sha256_of(path)

    monkeypatch.setattr(weights_module, "sha256_of", counting)
    again = WeightsStore(tmp_path / "mine", tmp_path / "cache", bundled_dir=tmp_path / "bundled")
    assert again.sha256(found) == expected
    assert hashed == []
    found.checkpoints[0].write_bytes(b"other")
    assert again.sha256(found) != expected
    assert hashed == [found.checkpoints[0]]


@pytest.mark.parametrize("text", ["{}", "no json", '{"classes": 3}'])
def test_a_marker_that_says_nothing_leaves_nothing_out(
    store: WeightsStore, tmp_path: Path, text: str
) -> None:
    """What cannot be read limits nothing; what is listed is told."""
    folder = install_tiny(tmp_path / "mine", task("total_fast"))[0]
    (folder.parent / BUNDLED_MARKER).write_text(text)
    found = store.locate(task("total_fast"))[0]
    assert (found.classes, found.located_only) == (None, frozenset())
    (folder.parent / BUNDLED_MARKER).write_text('{"classes": ["liver"], "located_only": ["liver"]}')
    assert (found.classes, found.located_only) == (frozenset({"liver"}), frozenset({"liver"}))
