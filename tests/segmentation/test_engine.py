"""The resident engine: loads once, reports progress, respects licences and crops."""

from __future__ import annotations

import weakref
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from tiny_networks import install_tiny, noisy_body, tiny_plans

from heimdallr.domain.errors import LicenceError, SegmentationError, WeightsError
from heimdallr.imaging.volume import LabelMap, Volume
from heimdallr.segmentation import engine as engine_module
from heimdallr.segmentation.engine import Engine
from heimdallr.segmentation.networks import preparations
from heimdallr.segmentation.networks.installation import install
from heimdallr.segmentation.networks.labelling import labels_from_planes
from heimdallr.segmentation.networks.predictors import load_predictors
from heimdallr.segmentation.networks.torch_predictor import TorchPredictor
from heimdallr.segmentation.networks.weights import BUNDLED_MARKER, WeightsStore
from heimdallr.segmentation.result import Segmentation, SegmentationProvenance
from heimdallr.segmentation.tasks import task

if TYPE_CHECKING:
    from pathlib import Path

    from heimdallr.segmentation.networks.plans import Plans
    from heimdallr.segmentation.networks.sliding_window import PatchPredictor
    from heimdallr.segmentation.networks.weights import Weights

VOLUME = noisy_body((24, 22, 26))


def make_engine(
    tmp_path: Path, licence: str | None = None, *, crop_to_body: bool = False
) -> Engine:
    """An engine on PyTorch over the weights below ``tmp_path`` and nothing else."""
    store = WeightsStore(
        tmp_path, totalsegmentator_dir=tmp_path / "none", bundled_dir=tmp_path / "none"
    )
    return Engine(
        store,
        device="cpu",
        backend="torch",
        threads=1,
        licence=licence,
        crop_to_body=crop_to_body,
    )


def total_with(**boxes: tuple[slice, slice, slice]) -> Segmentation:
    """A made-up ``total`` label map with structures as boxes."""
    found = task("total")
    labels = np.zeros(VOLUME.shape, np.uint8)
    label_map = LabelMap(labels, VOLUME.affine, found.names)
    for name, box in boxes.items():
        labels[box] = label_map.number(name)
    provenance = SegmentationProvenance("total", "test", "cpu", (), "official", (), 3.0, 0.0)
    return Segmentation(label_map, provenance)


def test_networks_are_loaded_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second case reuses the first one's network and gives the same labels."""
    install_tiny(tmp_path, task("total_fast"))
    loads: list[str] = []

    def counting(
        weights: Weights,
        *arguments: Any,  # noqa: ANN401 - handed on
        **options: Any,  # noqa: ANN401
    ) -> tuple[Plans, tuple[PatchPredictor, ...]]:
        loads.append(weights.dataset)
        return load_predictors(weights, *arguments, **options)

    monkeypatch.setattr(engine_module, "load_predictors", counting)
    engine = make_engine(tmp_path)
    first, second = (engine.segment("total_fast", VOLUME) for _ in range(2))
    assert loads == ["Dataset297_TotalSegmentator_total_3mm_1559subj"]
    np.testing.assert_array_equal(first.label_map.data, second.label_map.data)


def test_weights_that_were_replaced_are_loaded_anew(tmp_path: Path) -> None:
    """An engine lives for weeks: labels and the checksum beside them are of the same network."""
    for name, seed in (("old", 0), ("new", 5)):
        install_tiny(tmp_path / name, task("total_fast"), seed=seed)
    install(tmp_path / "old", tmp_path / "weights")
    engine = make_engine(tmp_path / "weights")
    before = engine.segment("total_fast", VOLUME)
    install(tmp_path / "new", tmp_path / "weights")
    after = engine.segment("total_fast", VOLUME)
    for made, folder in ((before, "old"), (after, "new")):
        own = make_engine(tmp_path / folder).segment("total_fast", VOLUME)
        np.testing.assert_array_equal(made.label_map.data, own.label_map.data)
        assert made.provenance.weights_sha256 == own.provenance.weights_sha256
    assert (before.label_map.data != after.label_map.data).any()


def test_weights_replaced_while_they_run_are_not_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The network that is loaded goes on to the end of its task, and is the one that is named."""
    for name, seed in (("old", 0), ("new", 5)):
        install_tiny(tmp_path / name, task("total_fast"), seed=seed)
    install(tmp_path / "old", tmp_path / "weights")
    engine = make_engine(tmp_path / "weights")
    (old,) = engine.store.locate(task("total_fast"))
    checksum = engine.store.sha256(old)

    def replacing(*arguments: Any) -> Any:  # noqa: ANN401 - handed on
        install(tmp_path / "new", tmp_path / "weights")
        return labels_from_planes(*arguments)

    monkeypatch.setattr(engine_module, "labels_from_planes", replacing)
    made = engine.segment("total_fast", VOLUME)
    assert made.provenance.weights_sha256 == (checksum,)


def counted(monkeypatch: pytest.MonkeyPatch, module: object, name: str) -> list[tuple[object, ...]]:
    """The arguments a function of a module is called with from now on."""
    calls: list[tuple[object, ...]] = []
    original = getattr(module, name)

    def counting(*arguments: object) -> object:
        calls.append(arguments)
        return original(*arguments)

    monkeypatch.setattr(module, name, counting)
    return calls


def test_networks_that_want_the_same_share_a_preparation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Five networks of one task, and another task of the same plans; not one of other plans."""
    small = tiny_plans((3.0, 3.0, 3.0), features=(4, 4))
    install_tiny(tmp_path, task("total"), small)
    install_tiny(tmp_path, task("body"), small)
    install_tiny(tmp_path, task("total_mr"), tiny_plans((3.5, 3.0, 3.0), features=(4, 4)))
    engine = make_engine(tmp_path)
    alone = {name: engine.segment(name, VOLUME).label_map.data for name in ("body", "total_mr")}
    resampled = counted(monkeypatch, preparations, "to_spacing")
    prepared = counted(monkeypatch, preparations, "prepare")
    with engine.one_case():
        engine.segment("total", VOLUME)
        assert (len(resampled), len(prepared)) == (1, 1)
        together = engine.segment("body", VOLUME).label_map.data
        assert (len(resampled), len(prepared)) == (1, 1)
        np.testing.assert_array_equal(together, alone["body"])
        together = engine.segment("total_mr", VOLUME).label_map.data
        assert (len(resampled), len(prepared)) == (1, 2)
        np.testing.assert_array_equal(together, alone["total_mr"])


def test_an_mr_in_fractions_is_segmented_as_one_in_whole_numbers(tmp_path: Path) -> None:
    """Signal has no unit; of attenuation the same numbers would be another patient."""
    install_tiny(tmp_path, task("total_mr"), tiny_plans((3.0, 3.0, 3.0), features=(4, 4)))
    engine = make_engine(tmp_path)
    positive = VOLUME.data.astype(np.float32) + 1024
    usual = engine.segment("total_mr", replace(VOLUME, data=positive)).label_map.data
    fractions = replace(VOLUME, data=positive / np.float32(positive.max()))
    found = engine.segment("total_mr", fractions).label_map.data
    assert len(np.unique(usual)) > 1
    assert np.mean(found == usual) > 0.9  # fractions are cut off at other places


def test_a_preparation_is_of_one_volume_and_ends_with_its_case(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another image of the same shape is prepared anew; afterwards nothing of either is kept."""
    install_tiny(tmp_path, task("total_fast"))
    engine = make_engine(tmp_path)
    prepared = counted(monkeypatch, preparations, "prepare")
    first, second = (Volume(VOLUME.data.copy(), VOLUME.affine) for _ in range(2))
    with engine.one_case():
        for volume in (first, first, second):
            engine.segment("total_fast", volume)
        assert len(prepared) == 2
        engine.segment("total_fast", Volume(second.data, second.affine * [[1.1], [1], [1], [1]]))
        assert len(prepared) == 3
    prepared.clear()
    engine.segment("total_fast", second)
    assert len(prepared) == 1
    kept = [weakref.ref(one.data) for one in (first, second)]
    prepared.clear()
    del first, second, volume
    assert [one() for one in kept] == [None, None]


def test_a_stack_thinner_than_a_voxel_of_the_network_is_segmented(tmp_path: Path) -> None:
    """Four slices of half a millimetre, a network of 6 mm: a label map, not an error."""
    wanted = task("total_fast")
    install_tiny(tmp_path, wanted, plans=tiny_plans((6.0, 6.0, 6.0)))
    thin = noisy_body((24, 22, 4), (1.5, 1.5, 0.5))
    found = make_engine(tmp_path).segment("total_fast", thin)
    assert found.label_map.shape == thin.shape


def test_networks_of_one_task_do_not_keep_their_memory_all_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each of five rests before the next one runs; a single one keeps it for the next case."""
    small = tiny_plans((3.0, 3.0, 3.0), features=(4, 4))
    install_tiny(tmp_path, task("total"), small)
    install_tiny(tmp_path, task("total_fast"), small)
    engine = make_engine(tmp_path)
    rested = counted(monkeypatch, TorchPredictor, "rest")
    engine.segment("total_fast", VOLUME)
    assert not rested
    engine.segment("total", VOLUME)
    assert len({id(predictor) for (predictor,) in rested}) == 5


def test_provenance_names_weights_and_what_they_are(tmp_path: Path) -> None:
    """Dataset, checksum, origin, the network's own voxel size, engine and device."""
    install_tiny(tmp_path, task("total_fast"), tiny_plans((6.0, 6.0, 6.0)))
    engine = make_engine(tmp_path)
    provenance = engine.segment("total_fast", VOLUME).provenance
    weights = engine.store.locate(task("total_fast"))[0]
    assert provenance.task == "total"
    assert provenance.weights == (weights.dataset,)
    assert provenance.weights_sha256 == (engine.store.sha256(weights),)
    assert (provenance.weights_origin, provenance.spacing_mm) == ("official", 6.0)
    assert provenance.engine.startswith("heimdallr-torch")
    assert provenance.seconds > 0


def test_progress_rises_from_0_to_1(tmp_path: Path) -> None:
    """Every patch moves it on, and it ends at 1."""
    install_tiny(tmp_path, task("total_mr"), tiny_plans((3.0, 3.0, 3.0), features=(4, 4)))
    seen: list[tuple[float, str]] = []
    make_engine(tmp_path).segment(
        "total_mr", VOLUME, progress=lambda share, text: seen.append((share, text))
    )
    shares = [share for share, _ in seen]
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0.0, 1.0)
    assert len(shares) > 4
    assert "total_mr: network 2 of 2" in {text for _, text in seen}


def test_a_licensed_task_needs_a_licence(tmp_path: Path) -> None:
    """Official weights without a number are refused; the number itself is kept nowhere."""
    folder = install_tiny(tmp_path, task("tissue_types"), tiny_plans((6.0, 6.0, 6.0)))[0]
    with pytest.raises(LicenceError, match="TOTALSEGMENTATOR_LICENSE"):
        make_engine(tmp_path).segment("tissue_types", VOLUME)
    licensed = make_engine(tmp_path, licence="aca_SECRETNUMBER")
    licensed.segment("tissue_types", VOLUME)
    assert "SECRETNUMBER" not in repr(vars(licensed))
    (folder.parent / BUNDLED_MARKER).write_text("{}")
    made = make_engine(tmp_path).segment("tissue_types", VOLUME)
    assert made.provenance.weights_origin == "bundled"


def test_a_crop_is_taken_from_an_earlier_segmentation(tmp_path: Path) -> None:
    """No second network runs, and nothing is labelled outside the region and its margin."""
    bleed = task("cerebral_bleed")
    favoured = ("intracerebral_hemorrhage",)
    install_tiny(tmp_path, bleed, tiny_plans((3.0, 3.0, 3.0)), favoured=favoured)
    brain = (slice(8, 13), slice(9, 12), slice(16, 20))
    engine = make_engine(tmp_path)
    labels = engine.segment(
        "cerebral_bleed", VOLUME, context={"total": total_with(brain=brain)}
    ).label_map.data
    inside = np.zeros(labels.shape, bool)
    inside[3:18, 5:16, 12:24] = True  # 20 mm are 5, 4 and 4 voxels
    assert labels.any()
    assert not labels[~inside].any()


def test_networks_may_be_run_on_the_patient_only(tmp_path: Path) -> None:
    """As on an image of that box; nothing is labelled outside, and the provenance says so."""
    install_tiny(tmp_path, task("total_fast"), favoured=("liver",))
    body = np.zeros(VOLUME.shape, np.uint8)
    body[9:13, 8:14, 10:14] = 1
    box = (slice(9, 13), slice(8, 14), slice(10, 14))  # the margin of 3 mm is less than a voxel
    moved = VOLUME.affine.copy()
    moved[:3, 3] = (VOLUME.affine @ [9, 8, 10, 1])[:3]
    part = Volume(VOLUME.data[box], moved)
    engine = make_engine(tmp_path, crop_to_body=True)
    made = engine.segment("total_fast", VOLUME, body=body)
    alone = engine.segment("total_fast", part).label_map.data
    assert made.provenance.cropped_to_body
    assert alone.any()
    np.testing.assert_array_equal(made.label_map.data[box], alone)
    assert np.count_nonzero(made.label_map.data) == np.count_nonzero(alone)


@pytest.mark.parametrize("why", ["not asked for", "nobody is seen", "bundled"])
def test_otherwise_networks_see_the_whole_image(tmp_path: Path, why: str) -> None:
    """Not asked to crop; no patient to crop to; or bundled networks, which see everything."""
    (folder,) = install_tiny(tmp_path, task("total_fast"), favoured=("liver",))
    if why == "bundled":
        (folder.parent / BUNDLED_MARKER).write_text("{}")
    body = np.zeros(VOLUME.shape, np.uint8)
    if why != "nobody is seen":
        body[9:13, 8:14, 10:14] = 1
    whole = make_engine(tmp_path).segment("total_fast", VOLUME, body=body)
    made = make_engine(tmp_path, crop_to_body=why != "not asked for").segment(
        "total_fast", VOLUME, body=body
    )
    assert not made.provenance.cropped_to_body
    np.testing.assert_array_equal(made.label_map.data, whole.label_map.data)


def test_an_empty_crop_gives_an_empty_segmentation(tmp_path: Path) -> None:
    """No brain, no bleed: the task ran and found nothing, without loading its network."""
    install_tiny(tmp_path, task("cerebral_bleed"))
    engine = make_engine(tmp_path)
    made = engine.segment("cerebral_bleed", VOLUME, context={"total": total_with()})
    assert not made.label_map.data.any()
    assert made.label_map.shape == VOLUME.shape


def test_the_crop_falls_back_to_the_familys_other_network(tmp_path: Path) -> None:
    """Where the 6 mm network is missing, the 3 mm one finds the region."""
    install_tiny(tmp_path, task("cerebral_bleed"), tiny_plans((3.0, 3.0, 3.0)))
    with pytest.raises(WeightsError, match="total_fastest"):
        make_engine(tmp_path).segment("cerebral_bleed", VOLUME)
    install_tiny(tmp_path, task("total_fast"), favoured=("brain",))
    made = make_engine(tmp_path).segment("cerebral_bleed", VOLUME)
    assert made.label_map.shape == VOLUME.shape


def test_refined_vertebrae_run_their_second_network(tmp_path: Path) -> None:
    """``vertebrae_pp_refined`` keeps labels inside the vertebral bodies only."""
    plans = tiny_plans((6.0, 6.0, 6.0))
    install_tiny(tmp_path, task("vertebrae_pp"), plans, favoured=("vertebrae_L1",))
    bodies = task("vertebrae_body")
    install_tiny(tmp_path, bodies, plans, seed=3, favoured=(bodies.names[1],))
    engine = make_engine(tmp_path)
    refined = engine.segment("vertebrae_pp_refined", VOLUME).label_map.data
    inside = engine.segment("vertebrae_body", VOLUME).label_map.data == 1
    assert refined.any()
    assert not refined[~inside].any()


def test_running_out_of_memory_is_a_segmentation_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A device's failure names the network and what to do."""
    install_tiny(tmp_path, task("total_fast"))
    engine = make_engine(tmp_path)

    def failing(*_arguments: object) -> None:
        msg = "CUDA out of memory"
        raise RuntimeError(msg)

    monkeypatch.setattr(engine_module, "labels_from_planes", failing)
    with pytest.raises(SegmentationError, match=r"Dataset297.*check the free memory"):
        engine.segment("total_fast", VOLUME)
