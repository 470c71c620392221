"""Corrected cases as training data: pairs of image and labels as nnU-Net reads them.

One dataset per task: ``imagesTr/NAME_0000.nii.gz``, ``labelsTr/NAME.nii.gz``, ``dataset.json``, and
``manifest.json``, which says of each case what persons changed, what made the rest, and under which
licences. Only NIfTI, whose header holds geometry and nothing else: no UIDs, no dates, no words.
Names are keyed pseudonyms. What a person does not believe is no background either: it gets the
label ``ignore``.
"""

from __future__ import annotations

import json
import shutil
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

import heimdallr
from heimdallr.corrections.training_cases import TakenCase, read_candidate
from heimdallr.corrections.versions import label_map_of, version_in
from heimdallr.domain.errors import CorrectionError, PublishingError
from heimdallr.files import fresh_folder, sha256_of, sync_folder, whole_file
from heimdallr.imaging.volume import LabelMap, native_grid
from heimdallr.publishing.case_file import MASK_FOLDERS
from heimdallr.publishing.masks import write_label_map
from heimdallr.publishing.publish import VOLUME_NAME
from heimdallr.publishing.schema import read_labels

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    import numpy.typing as npt

    from heimdallr.corrections.training_cases import Candidate, Choice, LeftOut
    from heimdallr.publishing.schema import SegmentationRecord

IGNORE = "ignore"
"""nnU-Net's name of the label that training does not look at."""

LICENCE = (
    "Images and labels of patients: whoever passes them on needs a right to do so. Labels that no "
    "person changed were made by the networks that are named here, under their licences."
)


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written.

    Attributes:
        cases: pairs of image and labels, by task.
        left_out: cases that were not, by reason.
    """

    cases: Mapping[str, int]
    left_out: Mapping[LeftOut, int]


@dataclass
class _Taken:
    cases: list[TakenCase] = field(default_factory=list)
    left_out: Counter[LeftOut] = field(default_factory=Counter)


def export_training_data(
    candidates: Iterable[Candidate], target: Path, secret: bytes, choice: Choice
) -> Exported:
    """Write every corrected case that is chosen; the folder appears whole or not at all.

    Args:
        candidates: cases; those that no person drew on are left out.
        target: folder to make.
        secret: what pseudonyms are keyed with; the same one gives the same names.
        choice: what is taken of them.

    Raises:
        PublishingError: the folder is there already, or cannot be written.
    """
    if target.exists():
        msg = "the folder for the training data is there already"
        raise PublishingError(msg, remedy="name one that is to be made")
    taken = _taken(candidates, secret, choice)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = fresh_folder(target.parent, f".{target.name}.partial-")
        try:
            counts = _write(taken, partial, choice)
            partial.rename(target)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
        sync_folder(target.parent)
    except OSError as error:
        msg = f"the training data cannot be written: {error.strerror}"
        raise PublishingError(msg, remedy="check the folder's rights and space") from None
    return Exported(counts, taken.left_out)


def _taken(candidates: Iterable[Candidate], secret: bytes, choice: Choice) -> _Taken:
    taken = _Taken()
    for one in candidates:
        read = read_candidate(one, secret, choice)
        if isinstance(read, TakenCase):
            taken.cases.append(read)
        else:
            taken.left_out[read] += 1
    return taken


def _write(taken: _Taken, folder: Path, choice: Choice) -> dict[str, int]:
    by_task: dict[str, list[TakenCase]] = defaultdict(list)
    for one in taken.cases:
        for task in one.changed:
            by_task[task].append(one)
    counts = {}
    for task, cases in by_task.items():
        written = _write_task(taken, folder / task, task, cases, choice)
        if written:
            counts[task] = written
    _write_json(folder / "manifest.json", {
        "software": "Heimdallr",
        "version": heimdallr.__version__,
        "licence": LICENCE,
        "datasets": counts,
        "left_out": dict(taken.left_out),
    })  # fmt: skip
    return counts


def _write_task(
    taken: _Taken, folder: Path, task: str, cases: Sequence[TakenCase], choice: Choice
) -> int:
    """A dataset; how many cases it has."""
    labels = _labels(task, cases, choice)
    for name in ("imagesTr", "labelsTr"):
        (folder / name).mkdir(parents=True)
    told = []
    for one in cases:
        written = _written(folder, task, one, labels)
        if isinstance(written, dict):
            told.append(written)
        else:
            taken.left_out[written] += 1
    if not told:
        shutil.rmtree(folder)
        return 0
    _write_json(folder / "dataset.json", {
        "channel_names": {"0": cases[0].results.modality},
        "labels": labels,
        "numTraining": len(told),
        "file_ending": ".nii.gz",
        "name": task,
        "licence": LICENCE,
    })  # fmt: skip
    _write_json(folder / "manifest.json", {"task": task, "licence": LICENCE, "cases": told})
    return len(told)


def _labels(task: str, cases: Sequence[TakenCase], choice: Choice) -> dict[str, int]:
    """Structure → number, consecutive as nnU-Net wants them; ``ignore`` last where it is used."""
    numbered = sorted({
        (number, name) for one in cases for number, name in one.record.tasks[task].names.items()
    })  # fmt: skip
    names = dict.fromkeys(
        name for _, name in numbered if not choice.structures or name in choice.structures
    )
    labels = {"background": 0} | {name: place for place, name in enumerate(names, start=1)}
    if any(set(one.record.rejected) & set(names) for one in cases):
        labels[IGNORE] = len(labels)
    return labels


def _written(
    folder: Path, task: str, case: TakenCase, labels: Mapping[str, int]
) -> dict[str, Any] | LeftOut:
    """What the manifest says of a pair that was written, or why nothing of it is there."""
    try:
        told = _write_case(folder, task, case, labels)
        if case.folder.stat().st_ino == case.inode:
            return told
        why: LeftOut = "changed_meanwhile"
    except (CorrectionError, PublishingError):
        why = "not_readable"
    for path in folder.glob(f"*Tr/{case.name}*"):
        path.unlink()
    return why


def _write_case(
    folder: Path, task: str, case: TakenCase, labels: Mapping[str, int]
) -> dict[str, Any]:
    """A pair of image and labels, and what the manifest says of it."""
    image = folder / "imagesTr" / f"{case.name}_0000.nii.gz"
    target = folder / "labelsTr" / f"{case.name}.nii.gz"
    names = case.record.tasks[task].names
    map_name, versions = MASK_FOLDERS.get(task, task), (0, version_in(case.results))
    before, after = (np.asarray(label_map_of(case.folder, one, map_name).data) for one in versions)
    shutil.copyfile(case.folder / VOLUME_NAME, image)
    grid = native_grid(image)
    table = np.zeros(256, np.uint8)
    for number, name in names.items():
        table[number] = labels.get(IGNORE if name in case.record.rejected else name, 0)
    affine = np.array(read_labels(case.folder).affine)
    numbered = LabelMap(table[after], affine, {number: name for name, number in labels.items()})
    write_label_map(target, numbered, grid)
    return {
        "name": case.name,
        "image_sha256": sha256_of(image),
        "labels_sha256": sha256_of(target),
        "verified": case.verified,
        "corrected": [
            _told(name, before == number, after == number)
            for number, name in sorted(names.items())
            if name in case.changed[task] and name in labels
        ],
        "rejected": sorted(set(case.record.rejected) & labels.keys()),
        "made_by": [_made_by(one) for one in case.results.provenance.segmentations
                    if one.task == task],
        "version": case.results.provenance.version,
    }  # fmt: skip


def _told(name: str, before: npt.NDArray[np.bool_], after: npt.NDArray[np.bool_]) -> dict[str, Any]:
    """What persons did to a structure, as against the networks."""
    both, found, left = (int(one.sum()) for one in (before & after, before, after))
    return {
        "structure": name,
        "voxels_added": int((after & ~before).sum()),
        "voxels_removed": int((before & ~after).sum()),
        "dice": 2 * both / (found + left) if found else None,
    }


def _made_by(record: SegmentationRecord) -> dict[str, Any]:
    return {
        "engine": record.engine,
        "weights": [one.model_dump() for one in record.weights],
        "weights_origin": record.weights_origin,
        "licences": {one.name: one.licence for one in record.collections},
    }


def _write_json(path: Path, content: Mapping[str, object]) -> None:
    with whole_file(path) as file:
        file.write((json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode())
