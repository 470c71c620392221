"""The last stage: everything known about a case becomes its folder.

Masks are compressed in the background while the overlays are drawn. The JSON files come last, so
that they tell the whole story, and the folder takes its place only when all of it is on the disk.
"""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from heimdallr.domain.source_images import SOURCE_FILE
from heimdallr.domain.statements import Statement
from heimdallr.files import same_file, same_tree, whole_file
from heimdallr.imaging.volume import native_grid
from heimdallr.publishing import identity, label_maps, results
from heimdallr.publishing.case_file import CASE_FILE, MASK_FOLDERS, case_json
from heimdallr.publishing.case_folder import case_folder
from heimdallr.publishing.correction_records import CORRECTIONS_FOLDER
from heimdallr.publishing.masks import write_masks, write_volume
from heimdallr.publishing.overlays import (
    aorta,
    bleed,
    coronary,
    emphysema,
    l3,
    nodules,
    overview,
    spine,
    stones,
    ventricles,
)
from heimdallr.publishing.preview import write_preview
from heimdallr.publishing.schema import (
    IDENTITY_FILE,
    LABELS_FILE,
    LABELS_FOLDER,
    PREVIEW_NAME,
    RESULTS_FILE,
)
from heimdallr.publishing.source_file import source_json
from heimdallr.publishing.verification_file import VERIFICATION_FILE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from heimdallr.analyses.case import Case
    from heimdallr.analyses.rules.findings import Conclusions
    from heimdallr.domain.measurement import Measurement
    from heimdallr.preparation.prepare import PreparedStudy
    from heimdallr.publishing.overlays.canvas import Canvas
    from heimdallr.publishing.overlays.sheet import Drawing

VOLUME_NAME = "volume.nii.gz"
"""The converted image. No case ID in its name: files leave their folder, and it holds a surname."""

_DRAWN_AT_A_TIME = 2
"""Pictures: each takes tens of megabytes, and masks are packed beside them."""

DRAWINGS: Mapping[str, Drawing] = {
    "L3_overlay": l3.draw,
    "spine_overlay": spine.draw,
    "bleed_overlay": bleed.draw,
    "ventricles_overlay": ventricles.draw,
    "nodules_overlay": nodules.draw,
    "kidney_stones_overlay": stones.draw,
    "coronary_calcium_overlay": coronary.draw,
    "emphysema_overlay": emphysema.draw,
    "aorta_overlay": aorta.draw,
    "coronal_overview": overview.draw,
}
"""Kind of picture → function that draws those that apply to a case, by file name."""


@dataclass(frozen=True, slots=True)
class Publication:
    """What is published of a case.

    Attributes:
        prepared: study, series, selection, conversion, and the converted volume's file.
        case: image and segmentations, on that volume's voxels.
        measurements: of all analyses.
        conclusions: what the rules made of them.
        started_at: when processing began, with its time zone.
        stages_s: seconds the stages before this one took.
    """

    prepared: PreparedStudy
    case: Case
    measurements: Sequence[Measurement]
    conclusions: Conclusions
    started_at: datetime
    stages_s: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PublishedCase:
    """A case's folder, in its place.

    Attributes:
        folder: the folder.
        masks: task → structures that have a mask.
        overlays: file names of the pictures.
        notices: what every reader has to be told.
    """

    folder: Path
    masks: Mapping[str, tuple[str, ...]]
    overlays: tuple[str, ...]
    notices: tuple[str, ...]


def publish(
    output: Path,
    publication: Publication,
    clock: Callable[[], datetime],
    *,
    threads: int | None = None,
    last_word: Callable[[], None] = lambda: None,
) -> PublishedCase:
    """Write the folder of a case; an older one of the same case is replaced whole.

    A picture that cannot be drawn does not cost the case its numbers: it is missing, and a notice
    in ``resultados.json`` says so.

    Args:
        output: folder of all cases.
        publication: what to publish.
        clock: gives the time with its zone.
        threads: how many masks are compressed at a time; one per processor by default.
        last_word: called when all is on the disk and only the rename is left; when it raises, an
            older folder is untouched.

    Raises:
        PublishingError: the folder could not be written; an older one is untouched.
    """
    begun = time.monotonic()
    case, case_id = publication.case, publication.prepared.study.case_id
    notices = [one.text for one in results.notices(case)]
    with (
        case_folder(output, case_id, last_word=last_word) as folder,
        ThreadPoolExecutor(1) as background,
    ):
        writing = background.submit(_write_images, folder, publication, threads)
        pictures, failures = draw(DRAWINGS, case, publication.measurements, notices)
        for name, canvas in pictures.items():
            canvas.save(folder / name)
        masks = writing.result()
        keep_words_of_persons(output / case_id, folder)

        found = results.build_results(
            case_id,
            case,
            publication.measurements,
            publication.conclusions,
            clock(),
            failures=failures,
        )
        _write_text(folder / RESULTS_FILE, results.results_json(found))
        stages_s = {**publication.stages_s, "publish": time.monotonic() - begun}
        processing = identity.Processing(publication.started_at, clock(), stages_s)
        who = identity.build_identity(publication.prepared, publication.measurements, processing)
        _write_text(folder / IDENTITY_FILE, identity.identity_json(who))
        _write_text(folder / CASE_FILE, case_json(case))
        if publication.prepared.source is not None:
            _write_text(folder / SOURCE_FILE, source_json(publication.prepared.source))
    return PublishedCase(output / case_id, masks, tuple(pictures), tuple(found.notices))


def keep_words_of_persons(case: Path, folder: Path) -> None:
    """What persons said of an older folder goes along into the one that replaces it."""
    if (kept := case / CORRECTIONS_FOLDER).is_dir():
        same_tree(kept, folder / CORRECTIONS_FOLDER)
    with suppress(FileNotFoundError):  # nobody has verified anything, or it is just taken back
        same_file(case / VERIFICATION_FILE, folder / VERIFICATION_FILE)


def _write_images(
    folder: Path, publication: Publication, threads: int | None
) -> dict[str, tuple[str, ...]]:
    """The volume, its preview, and all masks and label maps, in the volume's own grid."""
    source, case = publication.prepared.volume_path, publication.case
    grid = native_grid(source)
    labels = folder / LABELS_FOLDER
    labels.mkdir()
    masks, maps = {}, []
    for task, segmentation in case.segmentations.items():
        name = MASK_FOLDERS.get(task, task)
        # In memory as in the file, or every pass over an axial slice reads the whole map.
        data = np.asfortranarray(segmentation.label_map.data)
        label_map = replace(segmentation.label_map, data=data)
        (folder / name).mkdir(exist_ok=True)
        masks[task] = write_masks(
            folder / name, label_map, grid, together=labels / f"{name}.nii.gz", threads=threads
        )
        if masks[task]:
            maps.append(label_maps.describe_map(name, task, label_map, case.doubts(task)))
        if not any((folder / name).iterdir()):
            (folder / name).rmdir()
    found = label_maps.describe(case.image, maps)
    _write_text(labels / LABELS_FILE, found.model_dump_json() + "\n")
    with ThreadPoolExecutor(threads or os.cpu_count()) as pool:
        write_preview(folder / PREVIEW_NAME, case.image, pool)
    write_volume(folder / VOLUME_NAME, source, threads=threads)
    return masks


def draw(
    kinds: Iterable[str],
    case: Case,
    measurements: Iterable[Measurement],
    notices: Sequence[str],
) -> tuple[dict[str, Canvas], list[Statement]]:
    """Pictures by file name, and a notice for each kind that could not be drawn.

    Args:
        kinds: of :data:`DRAWINGS`.
        case: what is shown.
        measurements: its numbers.
        notices: what every reader has to be told.
    """
    by_name = {one.name: one for one in measurements}
    pictures: dict[str, Canvas] = {}
    failures: list[Statement] = []
    with ThreadPoolExecutor(_DRAWN_AT_A_TIME) as pool:
        for drawn in pool.map(lambda kind: _draw_kind(kind, case, by_name, notices), kinds):
            if isinstance(drawn, Statement):
                failures.append(drawn)
            else:
                pictures |= drawn
    return pictures, failures


def _draw_kind(
    kind: str, case: Case, measurements: Mapping[str, Measurement], notices: Sequence[str]
) -> Mapping[str, Canvas] | Statement:
    """The pictures of a kind, or the notice that they could not be drawn."""
    try:
        return DRAWINGS[kind](case, measurements, notices)
    except Exception as error:  # noqa: BLE001 - the edge of a stage: recorded, not hidden
        return Statement("picture_not_drawn", {"file": kind, "error": type(error).__name__})


def _write_text(path: Path, text: str) -> None:
    with whole_file(path) as file:
        file.write(text.encode())
