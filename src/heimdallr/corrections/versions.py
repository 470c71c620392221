"""Every version of a case: which there are, what they said, how their label maps looked.

Version 0 is what the networks made; version *n* is what correction number *n* led to. The folder
holds the present one whole, and of each correction the results before and after and the difference:
going back from correction to correction leads to any earlier version. Corrections made before the
networks processed the study again are not on that way; they belong to no version any more.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from heimdallr.corrections.difference import Difference, apply, composed
from heimdallr.domain.errors import CorrectionError, PublishingError
from heimdallr.domain.statements import Statement
from heimdallr.imaging.volume import LabelMap, load_label_map, native_grid
from heimdallr.publishing.case_file import MASK_FOLDERS, read_case_record
from heimdallr.publishing.correction_records import CORRECTIONS_FOLDER
from heimdallr.publishing.masks import write_label_map
from heimdallr.publishing.publish import VOLUME_NAME
from heimdallr.publishing.schema import LABELS_FOLDER, Results, read_labels, read_results

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from heimdallr.publishing.schema import CodedStatement, MeasurementRecord, Scalar

DIFFERENCE_FILE, BEFORE_FILE, AFTER_FILE = "difference.gz", "before.json", "after.json"
AGAIN = "process the study again"


@dataclass(frozen=True, slots=True)
class MeasurementDifference:
    """A measurement that reads otherwise in two results; ``None``: one of them has no such one."""

    name: str
    unit: str
    before: Scalar
    after: Scalar
    status_before: str | None
    status_after: str | None
    reason_before_coded: CodedStatement | None
    reason_after_coded: CodedStatement | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """What differs between two results of a case.

    Attributes:
        measurements: those whose value, status or reason differ, in the order of the later.
        findings_gone: codes that only the earlier has.
        findings_new: codes that only the later has.
    """

    measurements: tuple[MeasurementDifference, ...]
    findings_gone: tuple[str, ...]
    findings_new: tuple[str, ...]


def folder_of(case: Path, number: int) -> Path:
    """Where a case folder keeps a correction."""
    return case / CORRECTIONS_FOLDER / f"{number:04d}"


def version_in(results: Results) -> int:
    """Which version results are; 0 as the networks made them."""
    return max((one.number for one in results.provenance.corrections), default=0)


def versions(case: Path) -> tuple[int, ...]:
    """The versions there are, 0 first and the present one last; raises as :func:`results_of`."""
    return tuple(sorted(number for number, _ in _backwards(case)))


def results_of(case: Path, version: int) -> Results:
    """``resultados.json`` of a version.

    Raises:
        CorrectionError: there is no such version.
        PublishingError: the folder cannot be read.
    """
    for number, results in _backwards(case):
        if number == version:
            return results
    raise _unknown(version)


def differences_back_to(case: Path, version: int) -> list[Difference]:
    """What leads from the present label maps to those of a version, step by step.

    Raises:
        CorrectionError, PublishingError: as :func:`results_of`.
    """
    found: list[Difference] = []
    for number, _ in _backwards(case):
        if number == version:
            return found
        path = folder_of(case, number) / DIFFERENCE_FILE
        if path.exists():
            found.append(Difference.read(path.read_bytes()).reversed)
    raise _unknown(version)


def difference_since(case: Path, version: int) -> Difference | None:
    """All that leads from a version's label maps to the present ones, as one difference.

    Returns:
        ``None`` where no voxel is another.

    Raises:
        CorrectionError, PublishingError: as :func:`results_of`.
    """
    steps = [one.reversed for one in reversed(differences_back_to(case, version))]
    names = dict.fromkeys(name for one in steps for name in one.maps)
    maps = {name: composed([one.maps[name] for one in steps if name in one.maps]) for name in names}
    maps = {name: runs for name, runs in maps.items() if len(runs)}
    return Difference(steps[0].shape, maps) if maps else None


def label_map_of(case: Path, version: int, map_name: str) -> LabelMap:
    """A label map as it was in a version.

    Args:
        case: the folder.
        version: one of :func:`versions`.
        map_name: as in ``labels.json``.

    Raises:
        CorrectionError: there is no such version or map.
        PublishingError: label maps are not kept any more, or cannot be read.
    """
    back = differences_back_to(case, version)
    found = present_map(case, map_name)
    for one in back:
        if map_name in one.maps:
            found = replace(found, data=apply(found.data, one.maps[map_name]))
    return found


def write_label_map_of(case: Path, version: int, map_name: str, target: Path) -> None:
    """Write a version's label map as the folder's own are written; raises as the above."""
    write_label_map(target, label_map_of(case, version, map_name), native_grid(case / VOLUME_NAME))


def compare(before: Results, after: Results) -> Comparison:
    """Which numbers and findings differ between two results of a case."""
    old = {one.name: one for one in before.measurements}
    new = {one.name: one for one in after.measurements}
    names = dict.fromkeys((*new, *old))
    gone, there = ([one.code for one in results.findings] for results in (before, after))
    return Comparison(
        measurements=tuple(
            _difference(old.get(name), new.get(name))
            for name in names
            if reads(old.get(name)) != reads(new.get(name))
        ),
        findings_gone=tuple(code for code in dict.fromkeys(gone) if code not in there),
        findings_new=tuple(code for code in dict.fromkeys(there) if code not in gone),
    )


def reads(one: MeasurementRecord | None) -> tuple[object, ...] | None:
    """What counts as another number: its value, its status, its reason."""
    return None if one is None else (one.value, one.status, one.reason_coded or one.reason)


def _difference(
    old: MeasurementRecord | None, new: MeasurementRecord | None
) -> MeasurementDifference:
    known = new or old
    assert known is not None  # noqa: S101 - it is in one of them
    return MeasurementDifference(
        name=known.name,
        unit=known.unit,
        before=None if old is None else old.value,
        after=None if new is None else new.value,
        status_before=None if old is None else old.status,
        status_after=None if new is None else new.status,
        reason_before_coded=None if old is None else old.reason_coded,
        reason_after_coded=None if new is None else new.reason_coded,
    )


def _backwards(case: Path) -> Iterator[tuple[int, Results]]:
    """Version and its results, from the present one to 0."""
    try:
        results = read_results(case)
        while number := version_in(results):
            yield number, results
            before = folder_of(case, number) / BEFORE_FILE
            results = Results.model_validate_json(before.read_bytes())
    except (OSError, ValueError) as error:
        # The error's own text quotes the file.
        msg = f"the case folder cannot be read ({type(error).__name__})"
        raise PublishingError(msg, remedy=AGAIN) from None
    yield 0, results


def present_map(case: Path, map_name: str) -> LabelMap:
    """A label map as it is, with the names of every structure its task knows.

    Of a task that found nothing there is no file; its map is empty. Raises as :func:`label_map_of`.
    """
    try:
        tasks = read_case_record(case).tasks
        labels = read_labels(case)
    except (OSError, ValueError) as error:
        msg = f"the label maps cannot be read ({type(error).__name__})"
        raise PublishingError(msg, remedy=AGAIN) from None
    names = {MASK_FOLDERS.get(task, task): one.names for task, one in tasks.items()}
    if map_name not in names:
        raise CorrectionError(Statement("difference_of_unknown_map", {"name": map_name}))
    if map_name in {one.name for one in labels.maps}:
        path = case / LABELS_FOLDER / f"{map_name}.nii.gz"
        return load_label_map(path, names[map_name])
    affine = np.array(labels.affine)
    return LabelMap(np.zeros(labels.shape, np.uint8, order="F"), affine, names[map_name])


def _unknown(version: int) -> CorrectionError:
    return CorrectionError(Statement("no_such_version", {"version": version}))
