"""What analyses declare to read is all that they read, and after any change that is enough.

Two ways to be caught out: everything that an analysis does not declare is made something else, and
its measurements have to stay; and after edits as people make them, what was run again together
with what was taken over has to be what running everything gives.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from analysis_bodies import Body, head, trunk
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage
from whole_case import whole_case

from heimdallr.analyses import body_regions
from heimdallr.analyses.belief import Judgement
from heimdallr.analyses.case import Case
from heimdallr.analyses.registry import ANALYSES, run_all, run_changed
from heimdallr.analyses.vertebral_levels import LevelCheck
from heimdallr.domain.corrections import LevelStatement
from heimdallr.domain.measurement import Measurement, Status
from heimdallr.domain.statements import Statement
from heimdallr.domain.study import Patient

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from heimdallr.analyses.changed_inputs import Change
    from heimdallr.analyses.declared_inputs import Reads
    from heimdallr.domain.corrections import RejectionReason

Array = np.ndarray[Any, Any]
NOBODY = Patient(sex="F", age_years=11.0, height_m=0.9, weight_kg=20.0)
REFUSED = Judgement((Statement("unsure", {"structure": "liver", "confidence": 0.1}),))
NAMELESS = LevelCheck(Statement("few_whole_vertebrae", {"count": 0}), ())


@cache
def measured(which: str) -> tuple[Case, tuple[Measurement, ...]]:
    """A case with all its measurements."""
    case = CASES[which]()
    return case, run_all(case)


def a_trunk() -> Case:
    """At 6 mm, for speed."""
    return trunk((6.0, 6.0, 6.0), arms_at_mm=195).case()


def a_head() -> Case:
    """With a bleed on either side."""
    bleeds = [((30.0, 8.0, 4.0), (18.0, 12.0, 14.0)), ((-30.0, 8.0, 4.0), (9.0, 9.0, 9.0))]
    return head((4.0, 4.0, 4.0), bleeds=bleeds).case()


def an_mr() -> Case:
    """Organs without attenuation."""
    body = Body((300, 240, 300), (6.0, 6.0, 6.0), modality="MR")
    for name, x in (("liver", 60), ("spleen", -60), ("kidney_right", 10)):
        body.paint(body.ellipsoid((x, 0, 0), (30, 40, 50)), 300, name)
    return body.case()


CASES: dict[str, Callable[[], Case]] = {
    "whole": whole_case,
    "trunk": a_trunk,
    "head": a_head,
    "mr": an_mr,
}


def relabelled(case: Case, task: str, data: Array) -> Case:
    """The case with another label map of a task; nothing is worked out of it yet."""
    made = case.segmentations[task]
    label_map = replace(made.label_map, data=np.asfortranarray(data))
    return replace(
        case, segmentations={**case.segmentations, task: replace(made, label_map=label_map)}
    )


# Everything that is not declared


@dataclass(frozen=True)
class Spoilt:
    """A case in which some of what analyses may read is something else."""

    case: Case
    facts: tuple[Measurement, ...]


def spoilt(case: Case, facts: Iterable[Measurement], reads: Reads, *, declared: bool) -> Spoilt:
    """The case with all that is declared made something else, or all that is not.

    Args:
        case: a case.
        facts: what earlier analyses measured.
        reads: what one declares.
        declared: which of both.
    """

    def spoil(is_declared: bool) -> bool:  # noqa: FBT001 - read as a sentence
        return is_declared is declared

    bad = case
    for task in case.segmentations:
        if task != case.anatomy_task and spoil(reads.every_task or task in reads.tasks):
            bad = relabelled(bad, task, _other_labels(case, task))
    changed = [
        number
        for number, name in case.anatomy.names.items()
        if spoil(reads.whole_map or name in reads.structures)
    ]
    bad = relabelled(bad, case.anatomy_task, _bitten(case.anatomy.data, changed))
    bad = replace(bad, patient=NOBODY if spoil(reads.patient) else case.patient, facts={})
    bad.worked_out.levels = NAMELESS if spoil(reads.levels) else case.levels
    held = set(case.anatomy.names.values() if reads.whole_map else reads.structures)
    bad.worked_out.judgements = {
        name: REFUSED if spoil(name in held) else one for name, one in case.judgements.items()
    }
    told = tuple(one if not spoil(one.name in reads.facts) else _unknown(one) for one in facts)
    return Spoilt(bad, told)


def _other_labels(case: Case, task: str) -> Array:
    """Noise of a task's labels."""
    names, rng = case.segmentations[task].label_map.names, np.random.default_rng(7)
    coarse = rng.choice([0, *names], size=tuple(n // 7 + 1 for n in case.image.shape))
    fine = coarse.repeat(7, 0).repeat(7, 1).repeat(7, 2).astype(np.uint8)
    i, j, k = case.image.shape
    return np.asarray(fine[:i, :j, :k])


def _bitten(labels: Array, numbers: list[int]) -> Array:
    """Of each of these labels the lower quarter goes, the upper one becomes the next one's."""
    data = labels.copy()
    boxes = dict(enumerate(ndimage.find_objects(labels), start=1))
    there = [number for number in numbers if boxes.get(number) is not None]
    for number, following in zip(there, there[1:] + there[:1], strict=True):
        low, high = data[boxes[number]], labels[boxes[number]] == number
        height = max(high.shape[2] // 4, 1)
        low[:, :, :height][high[:, :, :height]] = 0
        low[:, :, -height:][high[:, :, -height:]] = following
    return data


def _unknown(one: Measurement) -> Measurement:
    """Nothing was measured."""
    why = Statement("analysis_broke", {"analysis": one.analysis, "error": "X"})
    return replace(one, value=None, status=Status.FAILED, why=why, parameters={})


def measured_by(name: str, spoiled: Spoilt) -> tuple[Measurement, ...]:
    """What one analysis makes of a case."""
    found = ANALYSES[name].measure(spoiled.case.with_facts(spoiled.facts))
    return tuple(replace(one, analysis=name) for one in found)


def cover(monkeypatch: pytest.MonkeyPatch, case: Case | None) -> None:
    """Let the regions in view be those of a case, whatever is said of structures; or none."""
    regions, count = body_regions.CT_REGIONS, body_regions._counting
    counting = {one.name: () if case is None else count(case, one) for one in regions}
    monkeypatch.setattr(body_regions, "_counting", lambda _, region: counting[region.name])
    monkeypatch.setattr(Case, "shows_a_patient", case is not None)


def before(name: str, measurements: Iterable[Measurement]) -> tuple[Measurement, ...]:
    """What earlier analyses than this one measured."""
    earlier = list(ANALYSES)[: list(ANALYSES).index(name)]
    return tuple(one for one in measurements if one.analysis in earlier)


@pytest.mark.parametrize("name", ANALYSES)
def test_nothing_else_is_read(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Structures, tasks, levels, patient and facts that are not declared change no measurement."""
    case, measurements = measured("whole")
    own = tuple(one for one in measurements if one.analysis == name)
    reads = ANALYSES[name].READS
    bad = spoilt(case, before(name, measurements), reads, declared=False)
    if name != "body_regions":
        cover(monkeypatch, case if reads.coverage else None)
    assert own
    assert measured_by(name, bad) == own


@pytest.mark.parametrize("name", ANALYSES)
def test_what_is_declared_is_read(name: str) -> None:
    """The same test is able to fail: when what is declared is another, so are measurements."""
    case, measurements = measured("whole")
    own = tuple(one for one in measurements if one.analysis == name)
    bad = spoilt(case, before(name, measurements), ANALYSES[name].READS, declared=True)
    assert measured_by(name, bad) != own


@pytest.mark.parametrize("name", ANALYSES)
def test_what_is_declared_exists(name: str) -> None:
    """No structure of a misspelt name, no fact that nobody measures."""
    reads = ANALYSES[name].READS
    known = {one for which in CASES for one in measured(which)[0].anatomy.names.values()}
    assert set(reads.structures) <= known
    assert set(reads.facts) <= {one.name for one in before(name, measured("whole")[1])}


# Edits as people make them


def erased(case: Case, structure: str) -> tuple[Case, set[Change]]:
    """All of a structure."""
    data = np.where(case.anatomy.mask(structure), 0, case.anatomy.data)
    return relabelled(case, case.anatomy_task, data), {(case.anatomy_task, structure)}


def grown(case: Case, structure: str, *, task: str = "", by: int = 1) -> tuple[Case, set[Change]]:
    """A structure that takes some voxels from its neighbours, or loses its rim (``by`` < 0)."""
    task = task or case.anatomy_task
    labels = case.segmentations[task].label_map
    mask, data = labels.mask(structure), labels.data.copy()
    if by > 0:
        taken = ndimage.binary_dilation(mask, iterations=by) & ~mask
        taken[taken.shape[0] // 2 :: 2] = False
        touched = {labels.names[n] for n in np.unique(data[taken]).tolist() if n}
        data[taken] = labels.number(structure)
    else:
        touched = set()
        data[mask & ~ndimage.binary_erosion(mask, iterations=-by)] = 0
    return relabelled(case, task, data), {(task, name) for name in {structure, *touched}}


def renamed(case: Case, by: int) -> tuple[Case, set[Change]]:
    """The column moved by some levels, as a person's word does it; what falls off is nameless."""
    names = [f"vertebrae_{level}" for level in ("T10", "T11", "T12", "L1", "L2", "L3", "L4", "L5")]
    number = {name: n for n, name in case.anatomy.names.items() if name in names}
    data = case.anatomy.data.copy()
    for place, name in enumerate(names):
        new = names[place + by] if 0 <= place + by < len(names) else None
        data[case.anatomy.data == number[name]] = number[new] if new else 0
    changed = relabelled(case, case.anatomy_task, data)
    said = LevelStatement(names[0], names[max(by, 0)])
    return replace(changed, said_level=said), {(case.anatomy_task, name) for name in names}


def rejected(case: Case, reasons: Mapping[str, RejectionReason]) -> tuple[Case, set[Change]]:
    """Structures that a person does not believe."""
    return replace(case, rejected={**case.rejected, **reasons}), set()


def assert_same(which: str, edited: Case, changed: set[Change]) -> frozenset[str]:
    """What is run again and taken over is what running everything gives; what was run."""
    earlier, measurements = measured(which)
    found, run = run_changed(edited, earlier, measurements, changed)
    expected = run_all(replace(edited))
    assert [one.name for one in found] == [one.name for one in expected]
    for one, other in zip(found, expected, strict=True):
        assert one == other
    return run


WHOLE_EDITS: dict[str, Callable[[Case], tuple[Case, set[Change]]]] = {
    "muscle leaks": lambda case: grown(case, "skeletal_muscle", task="tissue_types", by=-1),
    "liver grows into its neighbours": lambda case: grown(case, "liver"),
    "liver loses its rim": lambda case: grown(case, "liver", by=-1),
    "aorta erased": lambda case: erased(case, "aorta"),
    "column moved": lambda case: renamed(case, 1),
    "nodule and heart rejected": lambda case: rejected(
        case, {"lung_nodules": "artefact", "heart": "wrong_structure"}
    ),
    "body shrinks": lambda case: grown(case, "body", task="body", by=-2),
}


SOME = ("liver grows into its neighbours", "column moved")
"""Of those, as many as every run has time for: all analyses run twice."""


@pytest.mark.parametrize(
    "edit",
    [one if one in SOME else pytest.param(one, marks=pytest.mark.slow) for one in WHOLE_EDITS],
)
def test_edits_of_a_whole_patient(edit: str) -> None:
    """Every analysis has something to measure here."""
    assert_same("whole", *WHOLE_EDITS[edit](measured("whole")[0]))


@pytest.mark.parametrize(
    ("edit", "run", "not_run"),
    [
        ("muscle leaks", {"tissue_composition", "sarcopenia_l3"}, {"structures", "kidney_stones"}),
        ("liver loses its rim", {"organ_volumetry"}, {"ventricles", "lung_nodules", "emphysema"}),
        ("nodule and heart rejected", {"lung_nodules", "body_regions"}, {"ventricles"}),
    ],
)
def test_what_is_not_concerned_is_not_run(edit: str, run: set[str], not_run: set[str]) -> None:
    """That is what it is for."""
    earlier, measurements = measured("whole")
    edited, changed = WHOLE_EDITS[edit](earlier)
    _, ran = run_changed(edited, earlier, measurements, changed)
    assert ran >= run
    assert ran.isdisjoint(not_run)


def test_nothing_changed_nothing_runs() -> None:
    """Everything is taken over, and nothing is worked out anew."""
    earlier, measurements = measured("whole")
    same = replace(earlier)
    found, run = run_changed(same, earlier, measurements, ())
    assert (found, run) == (measurements, frozenset())
    assert same.worked_out.judgements is earlier.worked_out.judgements


def test_what_was_asked_for_again_or_is_missing_is_run() -> None:
    """A measurement that a person had rejected has no value in the file."""
    earlier, measurements = measured("trunk")
    without = [one for one in measurements if one.name != "liver_vol_cm3"]
    found, run = run_changed(replace(earlier), earlier, without, (), again=["organ_size"])
    assert found == measurements
    assert run == {"organ_volumetry", "organ_size"}


SMALL = ("trunk", "head", "mr")


@st.composite
def edits(draw: st.DrawFn) -> tuple[str, Case, set[Change]]:
    """One to three edits of a small case, of whichever map."""
    which = draw(st.sampled_from(SMALL))
    case, changed = measured(which)[0], set[tuple[str, str]]()
    for _ in range(draw(st.integers(1, 3))):
        task = draw(st.sampled_from(sorted(case.segmentations)))
        labels = case.segmentations[task].label_map
        there = [labels.names[n] for n in np.unique(labels.data).tolist() if n]
        if not there:
            continue
        structure = draw(st.sampled_from(there))
        kind = draw(st.sampled_from(("grow", "shrink", "box", "reject", "swap")))
        if kind in {"grow", "shrink"}:
            case, more = grown(case, structure, task=task, by=1 if kind == "grow" else -1)
        elif kind == "reject":
            case, more = rejected(case, {structure: "other"})
        else:
            other = draw(st.sampled_from(there)) if kind == "swap" else None
            case, more = _boxed(case, task, structure, other, draw(st.integers(0, 2)))
        changed |= more
    return which, case, changed


def _boxed(
    case: Case, task: str, structure: str, other: str | None, axis: int
) -> tuple[Case, set[Change]]:
    """Half of a structure becomes another, or nothing."""
    labels = case.segmentations[task].label_map
    mask, data = labels.mask(structure), labels.data.copy()
    along = np.flatnonzero(mask.any(axis=tuple({0, 1, 2} - {axis})))
    if not len(along):
        return case, set()
    half = [slice(None)] * 3
    half[axis] = slice(int(along[len(along) // 2]), None)
    upper = np.zeros_like(mask)
    upper[tuple(half)] = True
    data[mask & upper] = 0 if other is None else labels.number(other)
    return relabelled(case, task, data), {(task, structure), (task, other or structure)}


@settings(max_examples=25, deadline=None)
@given(edited=edits())
def test_any_edits_of_small_cases(edited: tuple[str, Case, set[Change]]) -> None:
    """Grown, shrunk, halved, relabelled, rejected, in any order and number."""
    assert_same(*edited)


@pytest.mark.parametrize("level", ["L3", "L2"])
def test_a_persons_word_alone(level: str) -> None:
    """No voxel changes; what rests on levels does."""
    said = LevelStatement("vertebrae_L3", f"vertebrae_{level}")
    run = assert_same("trunk", replace(measured("trunk")[0], said_level=said), set())
    assert {"level_naming", "sarcopenia_l3"} <= run
    assert "organ_volumetry" not in run


def test_another_height_concerns_the_indices() -> None:
    """What the patient measures."""
    taller = replace(measured("trunk")[0].patient, height_m=1.9)
    run = assert_same("trunk", replace(measured("trunk")[0], patient=taller), set())
    assert {"organ_size", "sarcopenia_l3"} <= run
    assert "organ_density" not in run
