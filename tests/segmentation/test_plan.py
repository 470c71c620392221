"""The plan of a case: the best weights there are, and a reason for whatever is not run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from tiny_networks import as_trained, install_tiny, noisy_body, tiny_plans

from heimdallr.domain.errors import WeightsError
from heimdallr.domain.statements import Statement
from heimdallr.imaging.volume import LabelMap
from heimdallr.segmentation import plan as plan_module
from heimdallr.segmentation.anatomy import tissue
from heimdallr.segmentation.engine import Engine
from heimdallr.segmentation.networks.weights import WeightsStore
from heimdallr.segmentation.plan import no_brain_reason, runs_for, segment_case
from heimdallr.segmentation.tasks import task

if TYPE_CHECKING:
    from pathlib import Path


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
    assert (plan.tissue_route, plan.look_for_bleed) == ("licensed", False)


@pytest.mark.parametrize(("side", "absent"), [(0, True), (4, True), (5, False)])
def test_a_head_is_in_view_from_100_cm3_of_brain(side: int, *, absent: bool) -> None:
    """A few stray voxels are no head."""
    labels = np.zeros((8, 8, 8), np.uint8)
    names = {90: "brain"}
    labels[:side, :side, :side] = 90
    anatomy = LabelMap(labels, np.diag([10.0, 10.0, 10.0, 1.0]), names)
    assert bool(no_brain_reason(anatomy)) == absent


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
    monkeypatch.setattr(plan_module, "BRAIN_CM3", 0.0)
    put(tmp_path / "bundled", "total_fast", "cerebral_bleed")
    made = segment_case(engine_over(store), noisy_body((20, 18, 16)), "CT")
    assert "cerebral_bleed" in made.done
    assert made.skipped == {"tissue_types": Statement("no_tissue_weights")}


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
