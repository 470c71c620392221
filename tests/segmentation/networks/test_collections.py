"""Other people's networks are installed under their names, and only as they were published."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import httpx
import pytest
from tiny_networks import as_trained, install_tiny, noisy_body, tiny_plans
from totalsegmentator.map_to_binary import class_map

from heimdallr.domain.errors import WeightsError
from heimdallr.segmentation.engine import Engine
from heimdallr.segmentation.network_collections import networks_not_run, published_networks
from heimdallr.segmentation.networks.installation import download, install, verify
from heimdallr.segmentation.networks.weights import WeightsStore
from heimdallr.segmentation.tasks import task, tasks_of_collections

if TYPE_CHECKING:
    from pathlib import Path

NNUNET = [entry for entry in tasks_of_collections() if entry.models[0].framework == "nnunet"]


def released(folder: Path, name: str) -> Path:
    """The dataset folder of a task with random weights, as its makers release it."""
    trained = as_trained(task(name))
    install_tiny(folder, trained, tiny_plans((6.0, 6.0, 6.0), features=(4, 4)))
    return folder / trained.models[0].dataset


def store(folder: Path) -> WeightsStore:
    """A store over one folder."""
    return WeightsStore(
        folder, totalsegmentator_dir=folder / "none", bundled_dir=folder / "bundled"
    )


def test_every_class_has_one_number_and_one_name() -> None:
    """Numbers run from 1 without a gap, as nnU-Net's do; no name stands twice in a table."""
    for network in published_networks():
        assert list(network.our_names) == list(range(1, len(network.our_names) + 1)), network.task
        assert len(set(network.our_names.values())) == len(network.our_names), network.task
        assert len(set(network.their_names.values())) == len(network.their_names), network.task


def test_structures_that_totalsegmentator_has_carry_its_name() -> None:
    """One structure is one row in every table: MOOSE's ``bladder`` is ``urinary_bladder``."""
    known = set(class_map["total"].values()) | set(class_map["appendicular_bones"].values())
    known |= set(class_map["heartchambers_highres"].values())
    bases = known | {name.rpartition("_")[0] for name in known}
    strange = {
        name
        for network in published_networks()
        if network.collection.name == "MOOSE" and network.task != "moose_body"
        for name in network.our_names.values()
        if name not in known and name.rpartition("_")[0] not in bases
    }
    assert strange == set()


@pytest.mark.parametrize("entry", NNUNET, ids=lambda entry: entry.name)
def test_a_dataset_folder_is_installed_and_verified(entry: object, tmp_path: Path) -> None:
    """From the folder itself; its origin is *other*, its checksums are recorded."""
    name = str(getattr(entry, "name"))  # noqa: B009 - pytest hands objects
    folder = released(tmp_path / "made", name)
    assert install(folder, tmp_path / "weights") == (folder.name,)
    (weights,) = store(tmp_path / "weights").locate(task(name))
    assert weights.origin == "other"
    assert verify(weights).recorded


def test_a_folder_of_datasets_and_a_zip_are_installed(tmp_path: Path) -> None:
    """What else lies beside them stays where it is."""
    released(tmp_path / "made", "boa_body_regions")
    released(tmp_path / "made", "boa_body_parts")
    (tmp_path / "made" / "notes.txt").write_text("no weights")
    names = ("Dataset542_BCA_inference", "Dataset543_BCA_body_parts")
    assert install(tmp_path / "made", tmp_path / "weights") == names
    assert {f.name for f in (tmp_path / "weights").iterdir()} == set(names)
    shutil.make_archive(str(tmp_path / "release"), "zip", tmp_path / "made")
    assert install(tmp_path / "release.zip", tmp_path / "others") == names


def test_numbers_of_two_collections_are_told_apart(tmp_path: Path) -> None:
    """MOOSE's 777 and 778 are not TotalSegmentator's networks of the head's muscles."""
    theirs = task("head_muscles")
    configuration = theirs.models[0].configuration
    plans = tiny_plans((6.0, 6.0, 6.0), features=(4, 4), configuration=configuration)
    install_tiny(tmp_path, theirs, plans)
    (tmp_path / theirs.models[0].dataset).rename(tmp_path / "Dataset777_Fat")
    assert not store(tmp_path).has(theirs)
    (tmp_path / "Dataset777_Fat").rename(tmp_path / "Dataset777_trained_here")
    assert store(tmp_path).locate(theirs)[0].origin == "other"


def test_a_wrong_folder_is_named(tmp_path: Path) -> None:
    """The error says what would have been taken."""
    (tmp_path / "pictures").mkdir()
    with pytest.raises(WeightsError, match=r"holds no nnU-Net dataset folder.*BLAST-CT") as caught:
        install(tmp_path / "pictures", tmp_path / "weights")
    assert "as its makers release it" in str(caught.value.remedy)


def test_an_incomplete_fold_is_refused(tmp_path: Path) -> None:
    """A copy that was broken off would quietly average fewer folds."""
    folder = released(tmp_path / "made", "boa_body_regions")
    next(folder.rglob("fold_1/checkpoint_final.pth")).unlink()
    with pytest.raises(WeightsError, match="fold_1 of Dataset542_BCA_inference lacks") as caught:
        install(folder, tmp_path / "weights")
    assert "copy the whole folder again" in str(caught.value.remedy)
    assert list((tmp_path / "weights").iterdir()) == []


def test_an_unknown_dataset_is_refused(tmp_path: Path) -> None:
    """Nothing would ever run it."""
    folder = released(tmp_path / "made", "boa_body_regions")
    renamed = folder.rename(folder.with_name("Dataset199_mine"))
    with pytest.raises(WeightsError, match="no task runs Dataset199_mine") as caught:
        install(renamed, tmp_path / "weights")
    assert "weights list --all" in str(caught.value.remedy)


@pytest.mark.parametrize("name", networks_not_run())
def test_networks_without_a_class_table_are_refused_with_the_reason(
    name: str, tmp_path: Path
) -> None:
    """A collection's networks that are not run are told from files nobody knows."""
    folder = released(tmp_path / "made", "moose_body")
    with pytest.raises(WeightsError, match=f"{name} is .*nothing here would run it"):
        install(folder.rename(folder.with_name(name)), tmp_path / "weights")


@pytest.mark.parametrize("change", ["moved", "fewer"])
def test_other_class_numbers_are_refused(tmp_path: Path, change: str) -> None:
    """A later release may number its classes anew: no liver is to be called a spleen."""
    folder = released(tmp_path / "made", "moose_organs")
    file = next(folder.rglob("dataset.json"))
    dataset = json.loads(file.read_text())
    labels = dataset["labels"]
    if change == "moved":
        labels["liver"], labels["spleen"] = labels["spleen"], labels["liver"]
    else:
        del labels["trachea"]
    file.write_text(json.dumps(dataset))
    with pytest.raises(WeightsError, match="are not those of the release that is known"):
        install(folder, tmp_path / "weights")
    shutil.copytree(folder, tmp_path / "by_hand" / folder.name)
    engine = Engine(store(tmp_path / "by_hand"), device="cpu", backend="torch", threads=1)
    with pytest.raises(WeightsError, match="are not those of the release that is known"):
        engine.segment("moose_organs", noisy_body((12, 12, 12)))


def test_another_spelling_is_the_same_class(tmp_path: Path) -> None:
    """MOOSE's own tables write ``vertebra_L3`` and ``vertebrae_L3``."""
    folder = released(tmp_path / "made", "moose_vertebrae")
    file = next(folder.rglob("dataset.json"))
    file.write_text(file.read_text().replace("vertebra_", "vertebrae_"))
    assert install(folder, tmp_path / "weights") == ("Dataset111_Vertebrae",)


def test_the_result_names_whom_to_credit(tmp_path: Path) -> None:
    """Structures have our names; the provenance has the collection, its licence and paper."""
    install(released(tmp_path / "made", "moose_organs"), tmp_path / "weights")
    engine = Engine(store(tmp_path / "weights"), device="cpu", backend="torch", threads=1)
    made = engine.segment("moose_organs", noisy_body((20, 18, 16)))
    assert made.label_map.names[3] == "urinary_bladder"
    assert made.label_map.data.any()
    (collection,) = made.provenance.collections
    assert (collection.name, collection.licence) == ("MOOSE", "CC-BY-4.0")
    assert made.provenance.weights_origin == "other"


def test_slices_of_boa_are_5_mm_and_pixels_stay(tmp_path: Path) -> None:
    """The image is resampled along the body only; the labels come back on its own grid."""
    install(released(tmp_path / "made", "boa_body_regions"), tmp_path / "weights")
    engine = Engine(store(tmp_path / "weights"), device="cpu", backend="torch", threads=1)
    volume = noisy_body((20, 18, 40), spacing_mm=(3.9, 4.2, 1.5))
    made = engine.segment("boa_body_regions", volume)
    assert made.label_map.shape == volume.shape
    assert made.label_map.data.any()


def test_a_download_asks_the_makers(tmp_path: Path) -> None:
    """The address is the one in the table."""
    folder = released(tmp_path / "made", "boa_body_regions")
    shutil.make_archive(str(tmp_path / "release"), "zip", folder.parent)
    asked = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return httpx.Response(200, content=(tmp_path / "release.zip").read_bytes())

    client = httpx.Client(transport=httpx.MockTransport(answer))
    done = download(task("boa_body_regions"), tmp_path / "weights", client=client)
    assert done == ("Dataset542_BCA_inference",)
    assert asked == [task("boa_body_regions").models[0].published.address]  # type: ignore[union-attr]
