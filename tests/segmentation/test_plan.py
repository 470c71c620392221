"""The plan of a case: the best weights there are, and a reason for whatever is not run."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import numpy as np
import pytest
from tiny_networks import as_trained, install_tiny, noisy_body, tiny_plans

from heimdallr.domain.errors import WeightsError
from heimdallr.domain.statements import Statement, structure_name
from heimdallr.imaging.volume import LabelMap
from heimdallr.segmentation import plan as plan_module
from heimdallr.segmentation.anatomy import tissue
from heimdallr.segmentation.engine import Engine
from heimdallr.segmentation.networks.weights import WeightsStore
from heimdallr.segmentation.plan import (
    needed_in_view,
    not_in_view,
    runs_for,
    segment_case,
    volumes_cm3,
)
from heimdallr.segmentation.tasks import CROP_MARGIN_MM, task

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from heimdallr.imaging.volume import Volume
    from heimdallr.segmentation.result import Segmentation


@pytest.fixture
def store(tmp_path: Path) -> WeightsStore:
    """A store over an official and a bundled folder, both empty."""
    (tmp_path / "official").mkdir()
    (tmp_path / "bundled").mkdir()
    return WeightsStore(
        tmp_path / "official",
        totalsegmentator_dir=tmp_path / "none",
        bundled_dir=tmp_path / "bundled",
    )


def put(folder: Path, *names: str) -> None:
    """Install tiny weights of some tasks."""
    for name in names:
        if task(name).collection is not None:
            install_tiny(folder, as_trained(task(name)), tiny_plans((12.0,) * 3, features=(4, 4)))
            continue
        configuration = task(name).models[0].configuration
        plans = tiny_plans((12.0, 12.0, 12.0), features=(4, 4), configuration=configuration)
        install_tiny(folder, task(name), plans)


def test_without_weights_the_case_cannot_start(store: WeightsStore) -> None:
    """The error says how to get them."""
    with pytest.raises(WeightsError, match="heimdallr weights download total_fast"):
        runs_for("CT", "fast", store, licensed=False)


def test_official_weights_beat_the_resolution_asked_for(
    store: WeightsStore, tmp_path: Path
) -> None:
    """Full official networks are run rather than fast bundled ones."""
    put(tmp_path / "bundled", "total_fast")
    assert runs_for("CT", "full", store, licensed=False).anatomy.name == "total_fast"
    put(tmp_path / "official", "total")
    assert runs_for("CT", "fast", store, licensed=False).anatomy.name == "total"
    put(tmp_path / "official", "total_fast")
    assert runs_for("CT", "fast", store, licensed=False).anatomy.name == "total_fast"
    assert runs_for("CT", "full", store, licensed=False).anatomy.name == "total"


def test_tissue_takes_the_best_route(store: WeightsStore, tmp_path: Path) -> None:
    """Licensed, BOA's, open compartments, then bundled; nothing is a reason, not a zero."""
    put(tmp_path / "bundled", "total_fast")
    plan = runs_for("CT", "fast", store, licensed=False)
    assert plan.tissue_route is None
    assert "no weights" in plan.skipped["tissue_types"].text
    put(tmp_path / "bundled", "tissue_types")
    assert runs_for("CT", "fast", store, licensed=True).tissue_route == "bundled"
    put(tmp_path / "official", "total_fast", "trunk_cavities", "body_fast")
    plan = runs_for("CT", "fast", store, licensed=True)
    assert plan.tissue_route == "compartments"
    assert [entry.name for entry in plan.tissue_tasks] == ["body_fast", "trunk_cavities"]
    put(tmp_path / "official", "boa_body_regions")
    assert runs_for("CT", "fast", store, licensed=True).tissue_route == "body_regions"
    put(tmp_path / "official", "tissue_types")
    assert runs_for("CT", "fast", store, licensed=False).tissue_route == "body_regions"
    assert runs_for("CT", "fast", store, licensed=True).tissue_route == "licensed"


def test_mr_has_no_tissue_without_its_licence(store: WeightsStore, tmp_path: Path) -> None:
    """The reason tells weights from licence."""
    put(tmp_path / "official", "total_mr_fast")
    assert (
        "not installed"
        in runs_for("MR", "fast", store, licensed=True).skipped["tissue_types_mr"].text
    )
    put(tmp_path / "official", "tissue_types_mr")
    assert (
        "licence" in runs_for("MR", "fast", store, licensed=False).skipped["tissue_types_mr"].text
    )
    plan = runs_for("MR", "fast", store, licensed=True)
    assert (plan.tissue_route, plan.besides) == ("licensed", ())


@pytest.mark.parametrize(
    ("name", "needed_cm3"),
    [
        *(("cerebral_bleed", 100), ("blast_ct", 100), ("ventricle_parts", 400)),
        *(("lung_nodules", 300), ("pleural_pericard_effusion", 300)),
        *(("vertebrae_body", 50), ("coronary_arteries", 200)),
    ],
)
def test_an_organ_is_in_view_from_so_much_of_it(name: str, needed_cm3: int) -> None:
    """A few stray voxels are no head; what is missing, and how much was seen, is said."""
    needed = needed_in_view(task(name))
    assert needed is not None
    half = needed_cm3 // 2  # cm³ of each of two structures, where it has as many
    structures = (needed.structures * 2)[:2]
    enough = dict.fromkeys(structures, float(half if len(set(structures)) > 1 else needed_cm3))
    assert not_in_view(task(name), enough) is None
    little = {structure: cm3 - 1 for structure, cm3 in enough.items()}
    absent = not_in_view(task(name), little)
    assert absent is not None
    assert f"of at least {needed_cm3} cm³" in absent.text
    assert f"no {structure_name(needed.organ, 'en')} in view" in absent.text
    assert not_in_view(task(name), {}) is not None


def test_what_looks_everywhere_needs_nothing_in_view() -> None:
    """A collection's network of the whole body."""
    assert not_in_view(task("moose_organs"), {}) is None


@pytest.mark.parametrize("order", ["C", "F"])
def test_volumes_are_counted_in_either_order_of_voxels(order: Literal["C", "F"]) -> None:
    """Label maps come from networks and from files."""
    labels = np.zeros((4, 5, 6), np.uint8, order=order)
    labels[1:3, 2:4, 1:5] = 90
    anatomy = LabelMap(labels, np.diag([10.0, 10.0, 5.0, 1.0]), {90: "brain", 91: "skull"})
    assert volumes_cm3(anatomy) == {"brain": pytest.approx(8.0)}


def test_tasks_of_one_organ_say_what_they_lack(store: WeightsStore, tmp_path: Path) -> None:
    """Weights first, then the licence; what has both is planned for every CT, for no MR."""
    put(tmp_path / "bundled", "total_fast", "total_mr_fast")
    plan = runs_for("CT", "fast", store, licensed=True)
    assert plan.besides == ()
    for name in plan_module.ORGAN_TASKS:
        assert plan.skipped[name] == Statement("weights_not_installed", {"task": name})
    put(tmp_path / "official", *plan_module.ORGAN_TASKS)
    plan = runs_for("CT", "fast", store, licensed=False)
    assert plan.skipped["coronary_arteries"] == Statement("licence_needed")
    assert [one.name for one in plan.besides] == [
        *("lung_nodules", "pleural_pericard_effusion", "vertebrae_body"),
        *("ventricle_parts", "cerebral_bleed"),
    ]
    everything = runs_for("CT", "fast", store, licensed=True)
    assert [one.name for one in everything.besides] == list(plan_module.ORGAN_TASKS)
    assert runs_for("MR", "fast", store, licensed=True).besides == ()


BLOCK = np.array((8, 8, 7)), np.array((11, 11, 10))
"""Voxels of an organ in view, from and to."""


def _with_a_block_of(
    organ: str, segment: Callable[..., Segmentation]
) -> Callable[..., Segmentation]:
    """The engine, its whole-body map with one organ drawn in: random weights draw none."""

    def drawn(engine: Engine, name: str, volume: Volume, **rest: object) -> Segmentation:
        made: Segmentation = segment(engine, name, volume, **rest)
        if not name.startswith("total"):
            return made
        data = np.zeros_like(made.label_map.data)
        block = tuple(slice(low, high) for low, high in zip(*BLOCK, strict=True))
        data[block] = made.label_map.number(organ)
        return replace(made, label_map=replace(made.label_map, data=data))

    return drawn


def engine_over(store: WeightsStore) -> Engine:
    """A PyTorch engine."""
    return Engine(store, device="cpu", backend="torch", threads=1)


def test_a_trunk_case_skips_the_head_task(store: WeightsStore, tmp_path: Path) -> None:
    """Anatomy and tissue are done, the bleed task says why it was not."""
    put(tmp_path / "bundled", "total_fast", "tissue_types", "cerebral_bleed")
    shares: list[float] = []
    made = segment_case(
        engine_over(store),
        noisy_body((20, 18, 16)),
        "CT",
        progress=lambda share, _text: shares.append(share),
    )
    assert set(made.done) == {"total", "tissue_types", "body"}
    assert "no brain in view" in made.skipped["cerebral_bleed"].text
    assert made.done["tissue_types"].provenance.task == tissue.BUNDLED_ROUTE
    body = made.done["body"]
    assert body.provenance.weights_origin == "none"
    for task_name in ("total", "tissue_types"):
        assert not made.done[task_name].label_map.data[body.label_map.data == 0].any()
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


def test_a_head_case_looks_for_a_bleed(
    store: WeightsStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a brain in view the bleed task runs inside it."""
    anything = replace(plan_module.BRAIN, needed_cm3=0.0)
    monkeypatch.setattr(plan_module, "ORGAN_TASKS", {"cerebral_bleed": anything})
    put(tmp_path / "bundled", "total_fast", "cerebral_bleed")
    made = segment_case(engine_over(store), noisy_body((20, 18, 16)), "CT")
    assert "cerebral_bleed" in made.done
    assert made.skipped == {"tissue_types": Statement("no_tissue_weights")}


@pytest.mark.parametrize(
    ("name", "trainer"),
    [
        ("lung_nodules", "nnUNetTrainer_MOSAIC_1k_QuarterLR_NoMirroring"),
        ("ventricle_parts", "nnUNetTrainerNoMirroring"),
    ],
)
def test_an_organs_task_runs_beside_the_bundled_networks(
    store: WeightsStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, trainer: str
) -> None:
    """Random weights where its release lies, at its own spacing, inside the organ's box.

    The organ comes from the bundled whole-body map; no other network is run to find it.
    """
    put(tmp_path / "bundled", "total_fast")
    one = task(name)
    small = {name: replace(plan_module.ORGAN_TASKS[name], needed_cm3=1.0)}
    monkeypatch.setattr(plan_module, "ORGAN_TASKS", small)
    favoured = tuple(one.names.values())
    (folder,) = install_tiny(tmp_path / "official", one, favoured=favoured)
    assert folder.name == f"{trainer}__nnUNetPlans__3d_fullres"
    organ = one.crop.structures[0] if one.crop else ""
    monkeypatch.setattr(Engine, "segment", _with_a_block_of(organ, Engine.segment))
    made = segment_case(engine_over(store), noisy_body((20, 18, 16)), "CT")
    found = made.done[name]
    assert (found.provenance.weights_origin, found.provenance.weights) == (
        "official",
        (one.models[0].dataset,),
    )
    assert made.done["total"].provenance.weights_origin == "bundled"
    drawn = np.argwhere(found.label_map.data)
    assert len(drawn)
    reach = np.ceil(np.array(CROP_MARGIN_MM) / found.label_map.spacing_mm)
    assert (drawn >= BLOCK[0] - reach).all()
    assert (drawn < BLOCK[1] + reach).all()


def test_open_compartments_end_as_tissue_types(store: WeightsStore, tmp_path: Path) -> None:
    """Helper tasks of the route are not published as results of their own."""
    put(tmp_path / "official", "total_fast", "trunk_cavities", "body_fast", "abdominal_muscles")
    made = segment_case(engine_over(store), noisy_body((20, 18, 16)), "CT")
    assert set(made.done) == {"total", "tissue_types", "body"}
    assert made.done["tissue_types"].provenance.task == tissue.COMPARTMENT_ROUTE


def test_networks_of_other_collections_are_run_besides(store: WeightsStore, tmp_path: Path) -> None:
    """BOA's regions are published, and make the tissues; both say whose networks they are."""
    put(tmp_path / "bundled", "total_fast")
    put(tmp_path / "official", "boa_body_regions", "boa_body_parts", "moose_lungs")
    made = segment_case(engine_over(store), noisy_body((20, 18, 16)), "CT")
    assert list(made.done) == [
        *("total", "tissue_types", "boa_body_regions", "boa_body_parts", "moose_lungs", "body")
    ]
    tissues = made.done["tissue_types"].provenance
    assert tissues.task == tissue.BODY_REGIONS_ROUTE
    assert [one.name for one in tissues.collections] == ["BOA"]
    assert made.done["total"].provenance.collections == ()
