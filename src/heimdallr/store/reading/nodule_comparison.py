"""The lung nodules of a study, each beside itself in the patient's last CT before.

Where a nodule lies stands in the case folders only: its voxel among the measurements'
parameters, the boxes of the lobes in ``labels.json``. Folders that are gone compare nothing.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from sqlalchemy import select

from heimdallr.analyses.lung_nodules import COUNT, LISTED, LOBE, VOLUME
from heimdallr.analyses.rules.nodule_growth import (
    Growth,
    NotPaired,
    PlacedNodule,
    PlacedNodules,
    earlier_of,
    growth_of,
)
from heimdallr.domain.measurement import Status
from heimdallr.publishing.schema import read_labels, read_results
from heimdallr.store.models import MeasurementRow, Study
from heimdallr.store.reading.history import history

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from sqlalchemy.orm import Session

    from heimdallr.publishing.schema import Labels, MeasurementRecord, StructureRecord

_LOOKED_AT = 20
_ANATOMY = "total"


@dataclass(frozen=True, slots=True)
class ComparedNodule:
    """A nodule of a study, and what is known of it from the one before.

    Attributes:
        nodule: as it is now.
        earlier: as it was; ``None`` where it is not found there for certain.
        why_not: the reason.
        growth: what became of its volume.
    """

    nodule: PlacedNodule
    earlier: PlacedNodule | None
    why_not: NotPaired | None
    growth: Growth | None


@dataclass(frozen=True, slots=True)
class NoduleComparison:
    """The nodules of a study against those of an earlier one.

    Attributes:
        study_id: the earlier study.
        study_date: its date, ``YYYYMMDD``.
        nodules: those of the study that could be placed, the largest first.
    """

    study_id: int
    study_date: str
    nodules: tuple[ComparedNodule, ...]


def compare_nodules(session: Session, study: Study, output: Path) -> NoduleComparison | None:
    """The nodules of a study against the last CT before it that shows where they lie.

    That is the newest in which nodules were looked for and which has a lobe with a nodule of now
    wholly in view: bases of the lungs above an abdomen say nothing of an upper lobe. Where none
    has, it is the newest that can be read.

    Args:
        session: the transaction.
        study: its row.
        output: folder of all cases.

    Returns:
        ``None``: no nodule can be placed here, or there is nothing earlier to compare with.
    """
    if not study.study_date or not _has_nodules(session, study):
        return None
    now = placed_nodules(output, study)
    if now is None or not now.nodules:
        return None
    told = history(session, study, names=[COUNT.name], limit=_LOOKED_AT).studies
    lobes = {one.lobe for one in now.nodules}
    found: NoduleComparison | None = None
    for one in reversed(told):
        date = one.study_date
        if one.modality != "CT" or not one.values or not date or date >= study.study_date:
            continue
        before = placed_nodules(output, session.get_one(Study, one.study_id))
        if before is None or (found is not None and not lobes & before.lobes):
            continue
        compared = (_compared(each, now, before, study.study_date, date) for each in now.nodules)
        found = NoduleComparison(one.study_id, date, tuple(compared))
        if lobes & before.lobes:
            break
    return found


def placed_nodules(output: Path, study: Study) -> PlacedNodules | None:
    """The nodules of a study; ``None`` where its folder cannot be read."""
    if not study.case_id:
        return None
    folder = output / study.case_id
    with suppress(OSError, ValueError):
        measured = {one.name: one for one in read_results(folder).measurements}
        boxes = _whole_boxes(read_labels(folder))
        return _placed_nodules(measured, boxes)
    return None


def _placed_nodules(
    measured: Mapping[str, MeasurementRecord],
    boxes: Mapping[str, tuple[StructureRecord, np.ndarray]],
) -> PlacedNodules:
    count = measured.get(COUNT.name)
    lobe_of = {
        number: str(one.value)
        for number in range(1, LISTED + 1)
        if (one := measured.get(LOBE.of(n=str(number)).name)) is not None
    }
    found = {number: _placed(number, measured, boxes) for number in lobe_of}
    all_listed = count is not None and count.value == len(lobe_of)
    unplaced = {lobe for number, lobe in lobe_of.items() if found[number] is None}
    smaller = count.parameters.get("micronodules") if count is not None else None
    return PlacedNodules(
        tuple(one for one in found.values() if one is not None),
        frozenset(boxes),
        frozenset(boxes) - unplaced if all_listed else frozenset(),
        smaller if isinstance(smaller, int) else 0,
    )


def _has_nodules(session: Session, study: Study) -> bool:
    wanted = MeasurementRow.name == VOLUME.of(n="1").name
    query = select(MeasurementRow.id).where(MeasurementRow.study_fk == study.id, wanted)
    return session.scalar(query.limit(1)) is not None


def _compared(
    nodule: PlacedNodule,
    now: PlacedNodules,
    before: PlacedNodules,
    study_date: str,
    earlier_date: str,
) -> ComparedNodule:
    earlier = earlier_of(nodule, now, before)
    if not isinstance(earlier, PlacedNodule):
        return ComparedNodule(nodule, None, earlier, None)
    growth = growth_of(
        nodule.volume_mm3,
        study_date,
        earlier_mm3=earlier.volume_mm3,
        earlier_date=earlier_date,
    )
    return ComparedNodule(nodule, earlier, None, growth)


def _whole_boxes(labels: Labels) -> dict[str, tuple[StructureRecord, np.ndarray]]:
    """Lobe → its record and the edges of a voxel in mm; lobes that the image cuts are left out."""
    edges_mm = np.linalg.norm(np.array(labels.affine)[:3, :3], axis=0)
    last = [count - 1 for count in labels.shape]
    return {
        one.structure: (one, edges_mm)
        for each in labels.maps
        if each.name == _ANATOMY
        for one in each.structures
        if all(low > 0 for low in one.bbox_min_ijk)
        and all(high < end for high, end in zip(one.bbox_max_ijk, last, strict=True))
    }


def _placed(
    number: int,
    measured: Mapping[str, MeasurementRecord],
    boxes: Mapping[str, tuple[StructureRecord, np.ndarray]],
) -> PlacedNodule | None:
    volume, where = (measured.get(one.of(n=str(number)).name) for one in (VOLUME, LOBE))
    if volume is None or where is None or volume.status != Status.MEASURED.value:
        return None
    lobe, at, voxel = str(where.value), boxes.get(str(where.value)), volume.parameters.get("voxel")
    if at is None or not isinstance(volume.value, int | float) or not isinstance(voxel, str):
        return None
    record, edges_mm = at
    low, high = np.array(record.bbox_min_ijk), np.array(record.bbox_max_ijk) + 1
    x, y, z = (np.array(voxel.split(), dtype=float) + 0.5 - low) / (high - low)
    wide, deep, tall = (high - low) * edges_mm
    return PlacedNodule(
        number,
        lobe,
        (float(x), float(y), float(z)),
        (float(wide), float(deep), float(tall)),
        float(volume.value),
    )
