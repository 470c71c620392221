"""What a person wants of a case, what holds of it, and whether the two fit."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from heimdallr.corrections.difference import Difference
from heimdallr.corrections.renaming import is_named_by_level, levels_moved
from heimdallr.corrections.versions import version_in
from heimdallr.domain.errors import CorrectionError
from heimdallr.domain.statements import Statement
from heimdallr.preparation.nifti import SAME_PLACE_MM
from heimdallr.publishing.case_file import names_of_tasks
from heimdallr.publishing.correction_records import MadeOnRecord, StandingRejection
from heimdallr.publishing.schema import read_identity, read_labels, read_results

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from heimdallr.domain.corrections import LevelStatement, RejectionReason
    from heimdallr.publishing.correction_records import CorrectionRecord, RejectionRecord
    from heimdallr.publishing.schema import Labels, Results

Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Wanted:
    """A correction that is to be applied.

    Attributes:
        record: what is to be done, by whom and on which label maps; what it does to structures is
            found out when it is applied.
        difference: changed voxels, of the kind ``voxels``.
        onto_present: they were changed on other label maps of the same volume: the labels they
            have now are put onto the present ones, whatever is there.
        notes: what is to be told of it already, by whoever read it from another tool's file.
    """

    record: CorrectionRecord
    difference: Difference | None = None
    onto_present: bool = False
    notes: tuple[Statement, ...] = ()

    @classmethod
    def of(
        cls,
        record: CorrectionRecord,
        packed: bytes | None,
        *,
        onto_present: bool = False,
        notes: tuple[Statement, ...] = (),
    ) -> Wanted:
        """The same, with the difference as it came over the wire.

        Raises:
            CorrectionError: that is no difference.
        """
        difference = None if packed is None else Difference.read(packed)
        return cls(record, difference, onto_present, notes)


@dataclass(frozen=True, slots=True)
class Standing:
    """What holds of a case by persons' word.

    Attributes:
        corrections: those that are in its numbers, in order.
        rejections: what is not believed.
    """

    corrections: tuple[CorrectionRecord, ...] = ()
    rejections: tuple[StandingRejection, ...] = ()

    @property
    def level(self) -> LevelStatement | None:
        """What was last said of the vertebrae."""
        levels = [one.level for one in self.corrections if one.level is not None]
        return levels[-1].said if levels else None

    @property
    def levels_moved(self) -> int:
        """By how many levels the column was moved, towards the feet."""
        return sum(levels_moved(one.level.said) for one in self.corrections if one.level)

    @property
    def structures(self) -> Mapping[str, RejectionReason]:
        """Structure → why it is not believed."""
        return {one.name: one.reason for one in self.rejections if one.kind == "structure"}

    def of_kind(self, kind: str) -> Mapping[str, RejectionRecord]:
        """Name → rejection, of the measurements or of the findings."""
        return {one.name: one for one in self.rejections if one.kind == kind}

    def after(self, record: CorrectionRecord, renamed: Mapping[str, str | None]) -> Standing:
        """What holds after one more correction.

        Args:
            record: the correction.
            renamed: structure → its new name, ``None`` where it has none, of a renamed column.
        """
        own = [*record.reject, *record.restore_rejections]
        gone = {(one.kind, one.name) for one in own}
        kept = [_renamed(one, renamed) for one in self.rejections if _key(one) not in gone]
        new = [
            StandingRejection(**one.model_dump(), by=record.by, at=record.at)
            for one in record.reject
        ]
        return Standing(
            (*self.corrections, record), (*(one for one in kept if one is not None), *new)
        )


def standing_in(results: Results) -> Standing:
    """What holds of results."""
    told = results.provenance
    return Standing(tuple(told.corrections), tuple(told.rejections))


def made_on(case: Path) -> MadeOnRecord:
    """What voxels that are changed now are changed on.

    Args:
        case: the folder.

    Raises:
        OSError: it cannot be read.
        ValueError: it is damaged; the text quotes the file.
    """
    labels = read_labels(case)
    return MadeOnRecord(
        series=read_identity(case).selected_series.series_instance_uid,
        levels_moved=standing_in(read_results(case)).levels_moved,
        shape=labels.shape,
        affine=labels.affine,
        names={task: _token(names) for task, names in names_of_tasks(case).items()},
    )


def check_made_on(record: CorrectionRecord, present: MadeOnRecord) -> None:
    """Refuse voxels that would lie on other anatomy, or bear another structure's name.

    Raises:
        CorrectionError: they were changed on another series, another grid, under other names of
            the labels, or at other levels.
    """
    then = record.made_on
    if record.kind != "voxels" or then is None:
        return
    if then.series != present.series:
        raise CorrectionError(Statement("correction_of_other_series"))
    if not _same_grid(then, present):
        raise CorrectionError(Statement("correction_of_other_grid"))
    tasks = {one.task for one in record.structures} or then.names or ()
    if then.names is not None and any(
        then.names.get(one) != (present.names or {}).get(one) for one in tasks
    ):
        raise CorrectionError(Statement("correction_of_other_labels"))
    touched = [one.structure for one in record.structures]
    if then.levels_moved != present.levels_moved and (
        not touched or any(map(is_named_by_level, touched))
    ):
        raise CorrectionError(Statement("correction_of_other_levels"))


def _same_grid(one: MadeOnRecord, other: MadeOnRecord) -> bool:
    """Whether each voxel of two volumes lies where the other's does; so where nobody noted it."""
    if one.shape is None or one.affine is None or other.affine is None:
        return True
    corners = np.array([(*corner, 1) for corner in product(*((0, n - 1) for n in one.shape))])
    moved_mm = (corners @ (np.array(one.affine) - np.array(other.affine)).T)[:, :3]
    return one.shape == other.shape and bool((np.abs(moved_mm) <= SAME_PLACE_MM).all())


def _token(names: Mapping[int, str]) -> str:
    """What names a table of labels: equal where number by number the names are."""
    table = "\n".join(f"{number} {names[number]}" for number in sorted(names))
    return hashlib.sha256(table.encode()).hexdigest()[:16]


def check(wanted: Wanted, results: Results, labels: Labels) -> None:
    """Refuse what says nothing, or speaks of what the case does not have.

    Raises:
        CorrectionError: why.
    """
    record = wanted.record
    if (record.kind == "voxels") != (wanted.difference is not None):
        raise CorrectionError(Statement("correction_changes_nothing"))
    if (record.kind == "levels") != (record.level is not None):
        raise CorrectionError(Statement("correction_changes_nothing"))
    if record.kind == "restore" and record.restores_version in {None, version_in(results)}:
        raise CorrectionError(Statement("correction_changes_nothing"))
    if record.kind == "rejections":
        _check_rejections(record, results, labels)


def _check_rejections(record: CorrectionRecord, results: Results, labels: Labels) -> None:
    if not record.reject and not record.restore_rejections:
        raise CorrectionError(Statement("correction_changes_nothing"))
    standing = {_key(one) for one in results.provenance.rejections}
    known = standing.union(
        (("structure", own.structure) for one in labels.maps for own in one.structures),
        (("measurement", one.name) for one in results.measurements),
        (("finding", one.code) for one in results.findings),
    )
    for one in record.reject:
        if _key(one) not in known:
            raise CorrectionError(Statement("nothing_to_reject", {"name": one.name}))
    for one in record.restore_rejections:
        if _key(one) not in standing:
            raise CorrectionError(Statement("not_rejected", {"name": one.name}))


def _renamed(one: StandingRejection, renamed: Mapping[str, str | None]) -> StandingRejection | None:
    """A rejection of a vertebra goes with its voxels."""
    if one.kind != "structure" or one.name not in renamed:
        return one
    name = renamed[one.name]
    return None if name is None else one.model_copy(update={"name": name})


def _key(one: RejectionRecord) -> Key:
    return one.kind, one.name
