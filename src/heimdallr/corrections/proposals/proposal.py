"""Files of other tools as a proposal: what would change in a case's label maps, and what is said.

DICOM segmentations, radiotherapy structure sets, NIfTI masks and label maps. A structure that is
recognised becomes what was drawn; what nobody knows is listed and changes nothing.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import pydicom

from heimdallr.corrections.changed_maps import changes_by
from heimdallr.corrections.difference import Difference, between
from heimdallr.corrections.proposals.images_of_case import images_of
from heimdallr.corrections.proposals.matching import Known, match
from heimdallr.corrections.proposals.nifti_files import drawn_in_nifti, is_nifti
from heimdallr.corrections.proposals.painting import Canvas
from heimdallr.corrections.proposals.segmentation_objects import drawn_in_segmentation
from heimdallr.corrections.proposals.structure_sets import drawn_in_structure_set
from heimdallr.corrections.versions import present_map
from heimdallr.domain.drawn_objects import SEGMENTATIONS, STRUCTURE_SETS
from heimdallr.domain.errors import CorrectionError
from heimdallr.domain.statements import Statement
from heimdallr.preparation.reading import tolerant_pydicom
from heimdallr.publishing.case_file import MASK_FOLDERS, read_case_record
from heimdallr.publishing.dicom.segmentation_reader import UNREADABLE
from heimdallr.publishing.schema import read_labels

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from heimdallr.corrections.difference import Runs
    from heimdallr.corrections.proposals.drawn import Drawn
    from heimdallr.corrections.proposals.painting import Outcome
    from heimdallr.publishing.correction_records import StructureChange
    from heimdallr.publishing.schema import Labels

Origin = Literal["dicom_seg", "rtstruct", "nifti"]

MOST_NAMED = 20
"""Structures that a note lists by name. Chosen: a person reads no more."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """What files of other tools come to.

    Attributes:
        difference: the voxels that would change, as against the label maps of now.
        structures: what that would do to each structure, those that lose voxels included.
        matched: structures of the case that they name, each once.
        unknown: what they call structures that were not recognised.
        notes: what a person has to know of it.
        origin: kind of the files.
    """

    difference: Difference
    structures: tuple[StructureChange, ...]
    matched: tuple[str, ...]
    unknown: tuple[str, ...]
    notes: tuple[Statement, ...]
    origin: Origin


@dataclass(frozen=True, slots=True)
class _Case:
    """What a case folder says of its label maps.

    Attributes:
        folder: the folder.
        names: label map → the names of its numbers, of every one its task knows.
        tasks: label map → its task.
        labels: ``labels.json``.
    """

    folder: Path
    names: Mapping[str, dict[int, str]]
    tasks: Mapping[str, str]
    labels: Labels


def proposal_from(folder: Path, files: Sequence[Path]) -> Proposal:
    """Read files of other tools, all of one kind, against a case.

    Args:
        folder: the case folder; nothing is written into it.
        files: DICOM segmentations, or structure sets, or NIfTI files named after structures with
            tables of names.

    Raises:
        CorrectionError: they cannot be read, do not fit the case, or change nothing.
        PublishingError: the label maps of the case cannot be read.
    """
    with tolerant_pydicom():
        return _proposal(_case(folder), files)


def _proposal(case: _Case, files: Sequence[Path]) -> Proposal:
    origin, drawn = _drawn(case, files)
    known = _known(case)
    taken: dict[str, list[tuple[Known, Drawn]]] = defaultdict(list)
    unknown: list[str] = []
    seen: set[str] = set()
    for one in drawn:
        meant = match(one, known)
        if meant is None or meant.structure in seen:
            unknown.append(one.name)
        else:
            seen.add(meant.structure)
            taken[meant.map_name].append((meant, one))
    if not taken:
        raise CorrectionError(Statement("proposal_knows_nothing", {"count": len(unknown)}))
    notes = [Statement("proposal_unknown", {"names": _listed(unknown)})] if unknown else []
    maps, changes = {}, []
    for name, structures in taken.items():
        canvas = Canvas(present_map(case.folder, name))
        outcomes = [(one, canvas.draw(one.label, pixels)) for one, pixels in structures]
        notes += _said(outcomes)
        runs = between(name, canvas.before, canvas.finish())
        if len(runs):
            maps[name] = runs
            changes += _changes(case, name, runs)
    if not maps:
        raise CorrectionError(Statement("proposal_changes_nothing"))
    return Proposal(
        difference=Difference(case.labels.shape, maps),
        structures=tuple(changes),
        matched=tuple(sorted(seen)),
        unknown=tuple(unknown),
        notes=tuple(notes),
        origin=origin,
    )


def _drawn(case: _Case, files: Sequence[Path]) -> tuple[Origin, list[Drawn]]:
    """The structures of all files, which are of one kind."""
    by_kind: dict[str, list[Path]] = defaultdict(list)
    for path in files:
        by_kind[_kind(path)].append(path)
    names = by_kind.pop("json", [])
    if len(by_kind) != 1:
        raise CorrectionError(Statement("proposal_of_mixed_files"))
    ((kind, paths),) = by_kind.items()
    if kind == "nifti":
        return "nifti", drawn_in_nifti(paths, names, case.names)
    images = images_of(case.folder)
    if kind == "rtstruct":
        return "rtstruct", [one for path in paths for one in drawn_in_structure_set(path, images)]
    return "dicom_seg", [one for path in paths for one in drawn_in_segmentation(path, images)]


def _kind(path: Path) -> str:
    if is_nifti(path):
        return "nifti"
    if path.name.endswith(".json"):
        return "json"
    try:
        sop_class = str(pydicom.dcmread(path, specific_tags=["SOPClassUID"]).get("SOPClassUID"))
    except (*UNREADABLE, OSError):
        raise CorrectionError(Statement("proposal_of_unknown_kind")) from None
    if sop_class in SEGMENTATIONS:
        return "dicom_seg"
    if sop_class in STRUCTURE_SETS:
        return "rtstruct"
    raise CorrectionError(Statement("proposal_of_unknown_kind"))


def _case(folder: Path) -> _Case:
    try:
        tasks, labels = read_case_record(folder).tasks, read_labels(folder)
    except FileNotFoundError:
        raise CorrectionError(Statement("correction_of_old_folder")) from None
    except (OSError, ValueError):
        raise CorrectionError(Statement("case_folder_damaged")) from None
    maps = {MASK_FOLDERS.get(task, task): task for task in tasks}
    return _Case(folder, {name: tasks[task].names for name, task in maps.items()}, maps, labels)


def _known(case: _Case) -> list[Known]:
    present = {(one.name, item.label) for one in case.labels.maps for item in one.structures}
    return [
        Known(name, number, structure, (name, number) in present)
        for name, names in case.names.items()
        for number, structure in names.items()
    ]


def _changes(case: _Case, name: str, runs: Runs) -> list[StructureChange]:
    voxels = {
        one.label: one.voxels
        for record in case.labels.maps
        if record.name == name
        for one in record.structures
    }
    voxel_cm3 = abs(float(np.linalg.det(np.array(case.labels.affine)[:3, :3]))) / 1000
    return changes_by(runs, case.tasks[name], case.names[name], voxels, voxel_cm3)


def _said(outcomes: Sequence[tuple[Known, Outcome]]) -> list[Statement]:
    """Notes of what was not taken as a whole."""
    empty = tuple(one.structure for one, outcome in outcomes if outcome.empty)
    outside = tuple(one.structure for one, outcome in outcomes if outcome.outside)
    one_plane = tuple(one.structure for one, outcome in outcomes if outcome.one_plane)
    said = []
    if empty:
        said.append(Statement("proposal_empty", {"structures": empty}))
    if outside:
        said.append(Statement("proposal_outside", {"structures": outside}))
    if one_plane:
        said.append(Statement("proposal_on_one_plane", {"structures": one_plane}))
    return said


def _listed(names: Sequence[str]) -> tuple[str, ...]:
    more = ("…",) if len(names) > MOST_NAMED else ()
    return (*names[:MOST_NAMED], *more)
