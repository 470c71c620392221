"""A case read back from its folder, as the analyses were given it.

Everything a correction needs is in the folder: no image is converted and nothing is segmented
again. What :func:`~heimdallr.analyses.registry.run_all` makes of it are the numbers that were
published.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

import heimdallr
from heimdallr.analyses.case import Case, WorkedOut
from heimdallr.analyses.registry import ANALYSES
from heimdallr.domain.errors import ConversionError, PublishingError
from heimdallr.imaging.volume import LabelMap, load_label_map, load_volume
from heimdallr.publishing.case_file import CASE_FILE, MASK_FOLDERS, read_case_record
from heimdallr.publishing.gzip_stream import expand
from heimdallr.publishing.judgements import patient_of
from heimdallr.publishing.publish import VOLUME_NAME
from heimdallr.publishing.schema import LABELS_FOLDER, read_identity, read_labels
from heimdallr.publishing.stored_measurements import stored_measurement
from heimdallr.segmentation.result import Segmentation

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from heimdallr.domain.measurement import Measurement
    from heimdallr.imaging.volume import Volume
    from heimdallr.publishing.case_file import CaseRecord, TaskRecord
    from heimdallr.publishing.schema import Results

AGAIN = "process the study again"


def stored_case(folder: Path, *, threads: int | None = None) -> Case:
    """The case of a folder: what was measured, on the same voxels.

    Of the patient it knows what measurements depend on: sex, age, height and weight as they hold.

    Args:
        folder: of a case.
        threads: how many pieces of a file are expanded at a time; one per processor by default.

    Raises:
        PublishingError: it was processed by an earlier version, or a file is missing or damaged.
    """
    try:
        record, identity = read_case_record(folder), read_identity(folder)
        maps = {one.task for one in read_labels(folder).maps}
    except FileNotFoundError as error:
        raise _gone(Path(error.filename).name) from None
    except (OSError, ValueError) as error:
        msg = "the case folder"
        raise _damaged(msg, error) from None
    with ThreadPoolExecutor(threads or os.cpu_count()) as pool:
        image = _image(folder, pool)
        made = {
            task: Segmentation(
                _label_map(folder, task, of, image, pool) if task in maps else _empty(image, of),
                of.provenance,
            )
            for task, of in record.tasks.items()
        }
    case = Case(
        modality=identity.modality,
        image=image,
        patient=patient_of(identity),
        series=record.series,
        segmentations=made,
        skipped_tasks=record.skipped_tasks,
        notices=record.notices,
        unseen=record.unseen,
        said_level=record.said_level,
        rejected=record.rejected,
    )
    return case.knowing(_worked_out(record))


def measurements_of(results: Results) -> tuple[Measurement, ...]:
    """The measurements of ``resultados.json``, in its order, as the analyses made them."""
    flat = {
        output.name for analysis in ANALYSES.values() for output in analysis.OUTPUTS if output.flat
    }
    return tuple(stored_measurement(one, flat=one.name in flat) for one in results.measurements)


def _worked_out(record: CaseRecord) -> WorkedOut:
    """What this version had worked out; another may think otherwise."""
    known = record.worked_out
    if record.version != heimdallr.__version__:
        return WorkedOut()
    return WorkedOut(known.statistics, known.judgements, known.levels)


def _image(folder: Path, pool: Executor) -> Volume:
    path = folder / VOLUME_NAME
    try:
        return load_volume(path, _plain(path, pool))
    except (ConversionError, OSError) as error:
        raise _damaged(path.name, error) from None


def _empty(image: Volume, record: TaskRecord) -> LabelMap:
    """Of a task that found nothing: it has no file."""
    data = np.zeros(image.shape, np.uint8, order="F")
    return LabelMap(data, image.affine, record.names)


def _label_map(
    folder: Path, task: str, record: TaskRecord, image: Volume, pool: Executor
) -> LabelMap:
    """What a task found, on the image's voxels."""
    path = folder / LABELS_FOLDER / f"{MASK_FOLDERS.get(task, task)}.nii.gz"
    try:
        found = load_label_map(path, record.names, _plain(path, pool))
    except (ConversionError, OSError) as error:
        raise _damaged(path.name, error) from None
    if found.shape != image.shape:
        msg = f"{path.name} is not on the voxels of {VOLUME_NAME}"
        raise PublishingError(msg, remedy=AGAIN)
    # A header rounds an affine; the map is on the image's own voxels.
    return replace(found, affine=image.affine)


def _gone(name: str) -> PublishingError:
    """Why a file of a case is not there."""
    if name == CASE_FILE:
        msg = "the study was processed by an earlier version, which did not keep what was measured"
        return PublishingError(msg, remedy=AGAIN)
    msg = f"{name} is not there: the time that images or masks are kept for is over"
    return PublishingError(msg, remedy=AGAIN)


def _damaged(what: str, error: Exception) -> PublishingError:
    """Why something cannot be read; the error's own text may quote it."""
    return PublishingError(f"{what} cannot be read ({type(error).__name__})", remedy=AGAIN)


def _plain(path: Path, pool: Executor) -> bytes:
    try:
        return expand(path.read_bytes(), pool)
    except FileNotFoundError:
        raise _gone(path.name) from None
    except (OSError, EOFError) as error:
        raise _damaged(path.name, error) from None
