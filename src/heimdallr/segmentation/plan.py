"""Which tasks a case gets, and running them in order.

CT: the body, ``total``, then tissue by the best route there is, then every network of another
collection that is installed, then the tasks of :data:`ORGAN_TASKS` whose organ the label map shows.
MR: ``total_mr``, and tissue where its licensed network is there. Whatever is not run is listed with
its reason: a reader must be able to tell "looked, found nothing" from "never looked".
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np

from heimdallr.domain.errors import WeightsError
from heimdallr.domain.statements import Statement
from heimdallr.segmentation import tasks as task_table
from heimdallr.segmentation.anatomy import spine, tissue
from heimdallr.segmentation.anatomy.body import TASK as BODY
from heimdallr.segmentation.anatomy.body import body_of
from heimdallr.segmentation.networks import blast_ct

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from heimdallr.domain.study import Modality
    from heimdallr.imaging.volume import LabelMap, Volume
    from heimdallr.segmentation.engine import Engine
    from heimdallr.segmentation.networks.weights import WeightsStore
    from heimdallr.segmentation.result import Segmentation, WeightsOrigin
    from heimdallr.segmentation.tasks import Task

Resolution = Literal["fast", "full"]
TissueRoute = Literal["licensed", "body_regions", "compartments", "bundled"]

BLEED = "cerebral_bleed"


@dataclass(frozen=True, slots=True)
class InView:
    """What the whole-body label map has to show before a task is run.

    Attributes:
        organ: what is said to be missing, by its class name without side and level.
        structures: counted together.
        needed_cm3: from so much on the task is run.
    """

    organ: str
    structures: tuple[str, ...]
    needed_cm3: float


BRAIN = InView("brain", ("brain",), 100.0)
"""Less is an artefact or the margin of a neck scan.

Chosen, not measured: 8 % of an adult's brain. Half of it would look for bleeds in neck CTs that
show the skull base; twice it would pass over a newborn's head that is only partly in view.
"""

WHOLE_BRAIN = InView("brain", ("brain",), 400.0)
"""Ventricles are measured in whole heads only.

Chosen, not measured: a newborn's brain. Half of it would segment ventricles in scans of the
posterior fossa, twice it would pass over infants.
"""

LUNGS = InView(
    "lung",
    (
        *("lung_upper_lobe_left", "lung_lower_lobe_left"),
        *("lung_upper_lobe_right", "lung_middle_lobe_right", "lung_lower_lobe_right"),
    ),
    300.0,
)
"""Chosen, not measured: the bases in a CT of the abdomen, where nodules are found as well. Half of
it would run two networks for slivers above the diaphragm, twice it would pass over those bases.
"""

SPINE = InView("vertebrae", spine.COLUMN, 50.0)
"""Chosen, not measured: about one lumbar vertebra."""

HEART = InView("heart", ("heart",), 200.0)
"""Chosen, not measured: a third of an adult's. Half of it is the heart's lower wall in a CT of the
abdomen, twice it would pass over small hearts."""

ORGAN_TASKS: Mapping[str, InView] = {
    "lung_nodules": LUNGS,
    "pleural_pericard_effusion": LUNGS,
    "vertebrae_body": SPINE,
    "coronary_arteries": HEART,
    "ventricle_parts": WHOLE_BRAIN,
    BLEED: BRAIN,
}
"""TotalSegmentator's tasks of one organ that a CT gets where their weights are installed → what has
to be in view. Other collections' networks that look near the brain need what a bleed needs."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What will be run.

    Attributes:
        anatomy: the whole-body task.
        tissue_route: how tissue is segmented; None: not at all.
        tissue_tasks: tasks the route runs, in order.
        besides: tasks of one organ and other people's networks, run if the anatomy shows what they
            need (:func:`needed_in_view`).
        skipped: TotalSegmentator task name → why it is not run.
    """

    anatomy: Task
    tissue_route: TissueRoute | None
    tissue_tasks: tuple[Task, ...]
    besides: tuple[Task, ...]
    skipped: Mapping[str, Statement]


@dataclass(frozen=True, slots=True)
class CaseSegmentations:
    """A case's segmentations.

    Attributes:
        done: TotalSegmentator task name → result.
        skipped: TotalSegmentator task name → why it was not run.
    """

    done: dict[str, Segmentation] = field(default_factory=dict)
    skipped: dict[str, Statement] = field(default_factory=dict)


def runs_for(
    modality: Modality, resolution: Resolution, store: WeightsStore, *, licensed: bool
) -> Plan:
    """The tasks for one case.

    Args:
        modality: CT or MR.
        resolution: fast (3 mm) or full (1.5 mm); the other one serves when only it is installed.
        store: says which weights are there.
        licensed: whether a TotalSegmentator licence number is configured.

    Raises:
        WeightsError: not even the whole-body task has weights.
    """
    anatomy = best_variant("total" if modality == "CT" else "total_mr", resolution, store)
    skipped: dict[str, Statement] = {}
    if modality == "MR":
        route, tasks = _mr_tissue(store, licensed=licensed, skipped=skipped)
        return Plan(anatomy, route, tasks, besides=(), skipped=skipped)
    route, tasks = _ct_tissue(resolution, store, licensed=licensed)
    if route is None:
        skipped["tissue_types"] = Statement("no_tissue_weights")
    others = _of_collections(store, skipped)
    of_organs = _of_organs(store, licensed=licensed, skipped=skipped)
    return Plan(anatomy, route, tasks, (*others, *of_organs), skipped)


def best_variant(family: str, resolution: Resolution, store: WeightsStore) -> Task:
    """The family's networks to use: official before bundled, then the resolution asked for.

    Raises:
        WeightsError: none is installed.
    """
    order = ("full", "fast", "fastest") if resolution == "full" else ("fast", "full", "fastest")
    candidates = {task.variant: task for task in task_table.variants(family)}
    ranked = [candidates[variant] for variant in order if variant in candidates]
    for bundled in (False, True):
        for task in ranked:
            if store.has(task) and (_origin(task, store) == "bundled") == bundled:
                return task
    store.locate(ranked[0])
    msg = f"no weights of {family} are installed"
    raise WeightsError(msg)


def segment_case(
    engine: Engine,
    volume: Volume,
    modality: Modality,
    *,
    resolution: Resolution = "fast",
    progress: Callable[[float, str], None] = lambda _share, _text: None,
) -> CaseSegmentations:
    """Plan a case's tasks and run them.

    Args:
        engine: the resident engine.
        volume: the image, HU for CT.
        modality: CT or MR.
        resolution: of the whole-body task.
        progress: called with a share from 0 to 1 and what is being done.

    Raises:
        WeightsError: no weights for the whole-body task, or a file is damaged.
        SegmentationError: a network could not be run.
    """
    plan = runs_for(modality, resolution, engine.store, licensed=engine.licensed)
    result = CaseSegmentations(skipped=dict(plan.skipped))
    runs = 1 + len(plan.tissue_tasks) + len(plan.besides)
    steps = iter(_parts(progress, runs))

    parts: dict[str, Segmentation] = {}
    body = body_of(volume) if modality == "CT" else None
    inside = None if body is None else body.label_map.data

    def run(task: Task) -> Segmentation:
        return engine.segment(task.name, volume, progress=next(steps), context=parts, body=inside)

    besides: dict[str, Segmentation] = {}
    with engine.one_case():
        anatomy = run(plan.anatomy)
        result.done[plan.anatomy.family] = parts[plan.anatomy.family] = anatomy
        for task in plan.tissue_tasks:
            parts[task.family] = run(task)
        seen_cm3 = volumes_cm3(anatomy.label_map) if plan.besides else {}
        for task in plan.besides:
            if absent := not_in_view(task, seen_cm3):
                result.skipped[task.family] = absent
            else:
                besides[task.family] = run(task)
    if plan.tissue_route is not None:
        family, tissues = _tissue(plan, volume, {**parts, **besides})
        result.done[family] = tissues
    result.done.update(besides)
    if plan.tissue_route == "bundled" and inside is not None:
        drawn = result.done["tissue_types"].label_map.data
        np.multiply(drawn, inside, out=drawn)
    if body is None:
        result.skipped[BODY] = Statement("body_needs_attenuation")
    else:
        result.done[BODY] = body
    progress(1.0, "segmented")
    return result


def _tissue(
    plan: Plan, volume: Volume, parts: Mapping[str, Segmentation]
) -> tuple[str, Segmentation]:
    """The tissues by the plan's route, and the task they are published as."""
    if plan.tissue_route == "licensed":
        family = plan.tissue_tasks[0].family
        return family, parts[family]
    if plan.tissue_route == "body_regions":
        tissues = tissue.from_body_regions(volume, parts[tissue.BODY_REGIONS])
    elif plan.tissue_route == "compartments":
        tissues = tissue.from_compartments(volume, parts)
    else:
        tissues = tissue.from_bundled(volume, parts["tissue_types"], parts["total"])
    return "tissue_types", tissues


def nothing_segmented(reason: Statement) -> CaseSegmentations:
    """What there is of a CT that no network can read: every task is skipped, with the reason."""
    tasks = ("total", "tissue_types", *ORGAN_TASKS, BODY)
    return CaseSegmentations(skipped=dict.fromkeys(tasks, reason))


def needed_in_view(task: Task) -> InView | None:
    """What the anatomy has to show for a task; ``None``: it looks everywhere."""
    if task.collection is not None:
        return None if task.crop is None else BRAIN
    return ORGAN_TASKS.get(task.family)


def not_in_view(task: Task, seen_cm3: Mapping[str, float]) -> Statement | None:
    """Why a task makes no sense on this image; ``None`` when what it looks at is there.

    Args:
        task: of one organ, or of another collection.
        seen_cm3: as of :func:`volumes_cm3`.
    """
    needed = needed_in_view(task)
    if needed is None:
        return None
    found_cm3 = sum(seen_cm3.get(structure, 0.0) for structure in needed.structures)
    if found_cm3 >= needed.needed_cm3:
        return None
    return Statement(
        "not_in_view",
        {"structure": needed.organ, "seen_cm3": found_cm3, "needed_cm3": needed.needed_cm3},
    )


def volumes_cm3(anatomy: LabelMap) -> dict[str, float]:
    """Structure → its volume, from every other line of every other plane: good to a few percent.

    0.15 s on a 512×512×600 CT, without a copy of the label map.
    """
    data = anatomy.data if anatomy.data.flags.c_contiguous else anatomy.data.T
    counts = np.zeros(256, np.int64)
    for plane in data[::2]:
        counts += np.bincount(plane[::2].ravel(), minlength=256)
    voxel_cm3 = 4 * anatomy.voxel_volume_mm3 / 1000
    return {name: float(counts[n]) * voxel_cm3 for n, name in anatomy.names.items() if counts[n]}


def _ct_tissue(
    resolution: Resolution, store: WeightsStore, *, licensed: bool
) -> tuple[TissueRoute | None, tuple[Task, ...]]:
    """The licensed network, else BOA's, else open official ones', else the bundled one."""
    network = task_table.task("tissue_types")
    origin = _origin(network, store)
    if origin is not None and origin != "bundled" and licensed:
        return "licensed", (network,)
    if store.has(task_table.task(tissue.BODY_REGIONS)):
        return "body_regions", ()
    cavities = task_table.task("trunk_cavities")
    bodies = [task for task in task_table.variants("body") if store.has(task)]
    if store.has(cavities) and bodies and _has_official_total(store):
        body = best_variant("body", resolution, store)
        walls = task_table.task("abdominal_muscles")
        tasks = (body, cavities, walls) if store.has(walls) else (body, cavities)
        return "compartments", tasks
    if origin == "bundled":
        return "bundled", (network,)
    return None, ()


def _mr_tissue(
    store: WeightsStore, *, licensed: bool, skipped: dict[str, Statement]
) -> tuple[TissueRoute | None, tuple[Task, ...]]:
    network = task_table.task("tissue_types_mr")
    if not store.has(network):
        skipped[network.family] = Statement("weights_not_installed", {"task": network.family})
    elif not licensed and _origin(network, store) != "bundled":
        skipped[network.family] = Statement("licence_needed")
    else:
        return "licensed", (network,)
    return None, ()


def _of_organs(
    store: WeightsStore, *, licensed: bool, skipped: dict[str, Statement]
) -> tuple[Task, ...]:
    """Tasks of one organ that can be run; why not, where they cannot."""
    found = []
    for name in ORGAN_TASKS:
        task = task_table.task(name)
        if not store.has(task):
            skipped[name] = Statement("weights_not_installed", {"task": name})
        elif task.licence_required and not licensed and _origin(task, store) != "bundled":
            skipped[name] = Statement("licence_needed")
        else:
            found.append(task)
    return tuple(found)


def _of_collections(store: WeightsStore, skipped: dict[str, Statement]) -> tuple[Task, ...]:
    """Installed networks of other collections; who installs them wants them run."""
    found = []
    for task in task_table.tasks_of_collections():
        if not store.has(task):
            continue
        if task.models[0].framework == "blast_ct" and not blast_ct.is_installed():
            skipped[task.family] = Statement("package_not_installed", {"package": "blast-ct"})
        else:
            found.append(task)
    return tuple(found)


def _has_official_total(store: WeightsStore) -> bool:
    return any(
        _origin(task, store) not in (None, "bundled") for task in task_table.variants("total")
    )


def _origin(task: Task, store: WeightsStore) -> WeightsOrigin | None:
    """Whose weights serve a task; None when there are none."""
    return store.locate(task)[0].origin if store.has(task) else None


def _parts(progress: Callable[[float, str], None], runs: int) -> list[Callable[[float, str], None]]:
    """One progress callback per run, each reporting its equal share of the whole."""

    def part(number: int) -> Callable[[float, str], None]:
        return lambda share, text: progress((number + share) / runs, text)

    return [part(number) for number in range(runs)]
