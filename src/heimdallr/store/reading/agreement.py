"""How often, and how far, people differ from the networks, and from one another.

Counted from corrections that hold: a study's networks' version against what the people have made of
it. Where several corrections touched a structure in one study, its volume before the first and
after the last are compared; its Dice with the networks' is in the last one's record, and is left
out where they had not found the structure, or an earlier version of the program wrote the record.
Ways back to an earlier version are no corrections: what they undid holds no more.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from heimdallr.publishing.correction_records import CorrectionRecord
from heimdallr.store.corrections import CorrectionRow, CorrectionState
from heimdallr.store.models import MeasurementRow, Study

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from sqlalchemy.orm import Session

    from heimdallr.publishing.correction_records import StructureChange

Key = tuple[str, str]
"""Task and structure."""
_VOLUMES = ("_vol_cm3", "_scanned_vol_cm3", "_ml")
"""How the measurement of a structure's volume is called, after the structure's own name."""
_CALLED = {"intracerebral_hemorrhage": "hemorrhage", "torso_fat": "visceral_fat"}
"""Structures whose volume bears another name."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """How a structure's outline fares with people.

    Attributes:
        task: whose label map it is in.
        structure: its class there.
        studies: in which its volume was measured, or people corrected or rejected it.
        corrected: of those, the ones in which people changed its voxels.
        rejected: of those, the ones in which it is not believed.
        dice_studies: corrected ones whose Dice is known.
        dice_median, dice_worst: networks against people, of these.
        volume_difference_percent_median: people's volume against the networks', with its sign.
        readers: people who corrected it.
        between_readers_studies: in which one changed in one step what another had left.
        between_readers_dice_median: of what they left, of these.
    """

    task: str
    structure: str
    studies: int
    corrected: int
    rejected: int
    dice_studies: int
    dice_median: float | None
    dice_worst: float | None
    volume_difference_percent_median: float | None
    readers: int
    between_readers_studies: int
    between_readers_dice_median: float | None


@dataclass(slots=True)
class _Hands:
    """People's hands on one structure, study by study."""

    changes: dict[int, list[tuple[str, StructureChange]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    rejected: set[int] = field(default_factory=set)


def agreement(session: Session) -> list[Agreement]:
    """Every structure that somebody has corrected or rejected, the most often corrected first."""
    rows = session.execute(
        select(CorrectionRow.study_fk, Study.modality, CorrectionRow.record)
        .join(Study, Study.id == CorrectionRow.study_fk)
        .where(CorrectionRow.state == CorrectionState.APPLIED, CorrectionRow.kind != "restore")
        .order_by(CorrectionRow.study_fk, CorrectionRow.number)
    )
    stories: dict[tuple[int, str], list[CorrectionRecord]] = defaultdict(list)
    for study_id, modality, told in rows:
        stories[study_id, modality].append(CorrectionRecord.model_validate(told))
    hands: dict[Key, _Hands] = defaultdict(_Hands)
    for (study_id, modality), story in stories.items():
        for record in story:
            for change in record.structures:
                by_key = hands[change.task, change.structure]
                by_key.changes[study_id].append((record.by, change))
        for structure in _rejected(story):
            hands[_task_of(structure, story, modality), structure].rejected.add(study_id)
    found = [_told(session, key, one) for key, one in hands.items()]
    return sorted(found, key=lambda one: (-one.corrected, -one.rejected, one.structure, one.task))


def _told(session: Session, key: Key, hands: _Hands) -> Agreement:
    task, structure = key
    chains = [[change for _, change in steps] for steps in hands.changes.values()]
    dice = [one for chain in chains if (one := _dice(chain)) is not None]
    volumes = [one for chain in chains if (one := _volume_difference(chain)) is not None]
    between = [one for steps in hands.changes.values() for one in _between(steps)]
    touched = hands.changes.keys() | hands.rejected
    return Agreement(
        task=task,
        structure=structure,
        studies=_measured(session, structure, _modality(task), touched) + len(touched),
        corrected=len(chains),
        rejected=len(hands.rejected),
        dice_studies=len(dice),
        dice_median=median(dice) if dice else None,
        dice_worst=min(dice, default=None),
        volume_difference_percent_median=median(volumes) if volumes else None,
        readers=len({by for steps in hands.changes.values() for by, _ in steps}),
        between_readers_studies=len(between),
        between_readers_dice_median=median(between) if between else None,
    )


def _dice(chain: Sequence[StructureChange]) -> float | None:
    """Of what the networks made and what people have left."""
    last = chain[-1]
    if last.dice_with_networks is None and len(chain) == 1:
        return last.dice
    return last.dice_with_networks


def _volume_difference(chain: Sequence[StructureChange]) -> float | None:
    """In percent of what the networks saw; ``None`` where they saw nothing."""
    before, after = chain[0].volume_before_cm3, chain[-1].volume_after_cm3
    return 100 * (after - before) / before if before > 0 else None


def _between(steps: Sequence[tuple[str, StructureChange]]) -> list[float]:
    """Dice of what two people left in a study, where the last one needed a single step for it."""
    if len(steps) < 2 or steps[-1][0] == steps[-2][0]:  # noqa: PLR2004 - two people
        return []
    dice = steps[-1][1].dice
    return [] if dice is None else [dice]


def _rejected(story: Iterable[CorrectionRecord]) -> set[str]:
    """Structures of a study that are not believed at present."""
    found: set[str] = set()
    for record in story:
        found |= {one.name for one in record.reject if one.kind == "structure"}
        found -= {one.name for one in record.restore_rejections if one.kind == "structure"}
    return found


def _task_of(structure: str, story: Iterable[CorrectionRecord], modality: str) -> str:
    """Whose a rejected structure is: a rejection names none, another correction may."""
    changes = (change for record in story for change in record.structures)
    usual = "total_mr" if modality == "MR" else "total"
    return next((one.task for one in changes if one.structure == structure), usual)


def _modality(task: str) -> str:
    return "MR" if task.endswith("_mr") else "CT"


def _measured(session: Session, structure: str, modality: str, besides: Collection[int]) -> int:
    """In how many other studies its volume was measured; answered by an index."""
    called = _CALLED.get(structure, structure)
    query = (
        select(func.count(MeasurementRow.study_fk.distinct()))
        .join(Study, Study.id == MeasurementRow.study_fk)
        .where(
            MeasurementRow.name.in_([f"{called}{suffix}" for suffix in _VOLUMES]),
            MeasurementRow.status == "measured",
            MeasurementRow.study_fk.not_in(besides),
            Study.modality == modality,
        )
    )
    return session.scalar(query) or 0
