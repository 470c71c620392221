"""The folder of a corrected case: what changed is written, all else are the same files.

A file that a correction does not touch is a hard link to that of the folder before; the folder
takes no more room on the disk than what is new in it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from heimdallr.corrections.pictures import is_of
from heimdallr.corrections.versions import (
    AFTER_FILE,
    BEFORE_FILE,
    DIFFERENCE_FILE,
    folder_of,
)
from heimdallr.files import WRITING_PREFIX, same_file, whole_file
from heimdallr.imaging.volume import native_grid
from heimdallr.publishing.case_file import MASK_FOLDERS
from heimdallr.publishing.correction_records import CORRECTION_FILE, CORRECTIONS_FOLDER
from heimdallr.publishing.kept_correction import KeptCorrection
from heimdallr.publishing.label_maps import describe_structures
from heimdallr.publishing.masks import rewrite_masks
from heimdallr.publishing.publish import VOLUME_NAME
from heimdallr.publishing.schema import (
    LABELS_FILE,
    LABELS_FOLDER,
    RESULTS_FILE,
    LabelMapRecord,
    Labels,
    StructureRecord,
    coded,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from pathlib import Path

    from heimdallr.analyses.case import Case
    from heimdallr.corrections.changed_maps import ChangedMap
    from heimdallr.corrections.difference import Difference
    from heimdallr.domain.statements import Statement
    from heimdallr.publishing.correction_records import CorrectionRecord

SUFFIX = ".nii.gz"


def link_unchanged(
    folder: Path,
    old: Path,
    maps: Mapping[str, ChangedMap],
    written: Collection[str],
    kinds: Collection[str],
) -> None:
    """All files of a case folder that a correction leaves as they are.

    Args:
        folder: empty.
        old: the case folder as it is.
        maps: label maps that change.
        written: names of files on top that are written anew.
        kinds: pictures that are drawn anew.
    """
    own = (old / name for name in written)
    gone = {old / LABELS_FOLDER / LABELS_FILE, *_files_of(old, maps), *own}
    for source in sorted(old.rglob("*")):
        target = folder / source.relative_to(old)
        on_top = source.parent == old
        if source.is_dir():
            target.mkdir()
        elif source in gone or source.name.startswith(WRITING_PREFIX):
            continue
        elif not (on_top and any(is_of(kind, source.name) for kind in kinds)):
            same_file(source, target)


def described(case: Case, labels: Labels, maps: Mapping[str, ChangedMap]) -> Labels:
    """``labels.json`` of a corrected case.

    Args:
        case: corrected.
        labels: as it was.
        maps: those that changed.
    """
    known = {one.name: one.structures for one in labels.maps}
    found = []
    for task in case.segmentations:
        name, doubts = MASK_FOLDERS.get(task, task), case.doubts(task)
        structures = {one.label: one for one in known.get(name, [])}
        if name in maps:
            changed = maps[name]
            new = describe_structures(changed.label_map, changed.boxes, doubts)
            kept = {label: one for label, one in structures.items() if label not in changed.boxes}
            structures = kept | new
        records = [_with_doubts(structures[label], doubts) for label in sorted(structures)]
        if records:
            found.append(LabelMapRecord(name=name, task=task, structures=records))
    return labels.model_copy(update={"maps": found})


def write_maps(folder: Path, old: Path, labels: Labels, maps: Mapping[str, ChangedMap]) -> None:
    """The changed label maps with the masks of the structures that changed in them.

    Args:
        folder: of the corrected case.
        old: the case folder as it is.
        labels: of the corrected case.
        maps: those that changed.
    """
    grid = native_grid(old / VOLUME_NAME)
    there = {one.name: one.structures for one in labels.maps}
    for name, changed in maps.items():
        masks, structures = folder / name, there.get(name, [])
        if not structures:
            if masks.exists() and not any(masks.iterdir()):
                masks.rmdir()
            continue
        masks.mkdir(exist_ok=True)
        rewrite_masks(
            masks,
            changed.label_map,
            grid,
            {one.label: _box(one) for one in structures if one.label in changed.boxes},
            together=folder / LABELS_FOLDER / f"{name}{SUFFIX}",
        )


def keep_correction(
    folder: Path,
    old: Path,
    record: CorrectionRecord,
    notes: Sequence[Statement],
    difference: Difference | None,
) -> None:
    """What was done, and the results before and after it; the latter are written already."""
    (folder / CORRECTIONS_FOLDER).mkdir(exist_ok=True)
    own = folder_of(folder, record.number)
    own.mkdir()
    kept = KeptCorrection.of(record, [coded(one) for one in notes])
    write(own / CORRECTION_FILE, kept.model_dump_json(indent=2) + "\n")
    if difference is not None:
        with whole_file(own / DIFFERENCE_FILE) as file:
            file.write(difference.pack())
    same_file(old / RESULTS_FILE, own / BEFORE_FILE)
    same_file(folder / RESULTS_FILE, own / AFTER_FILE)


def write(path: Path, text: str) -> None:
    """A file of JSON."""
    with whole_file(path) as file:
        file.write(text.encode())


def _files_of(old: Path, maps: Mapping[str, ChangedMap]) -> Iterator[Path]:
    """The label maps that change, and the masks of the structures that change in them."""
    for name, changed in maps.items():
        yield old / LABELS_FOLDER / f"{name}{SUFFIX}"
        for label in changed.boxes:
            yield old / name / f"{changed.label_map.names[label]}{SUFFIX}"


def _with_doubts(
    one: StructureRecord, doubts: Mapping[str, Sequence[Statement]]
) -> StructureRecord:
    own = doubts.get(one.structure, ())
    return one.model_copy(
        update={"doubts": [why.text for why in own], "doubts_coded": [coded(why) for why in own]}
    )


def _box(one: StructureRecord) -> tuple[slice, slice, slice]:
    """The tightest box, so that a mask is the very file that publishing writes."""
    (i, j, k), (a, b, c) = one.bbox_min_ijk, one.bbox_max_ijk
    return slice(i, a + 1), slice(j, b + 1), slice(k, c + 1)
