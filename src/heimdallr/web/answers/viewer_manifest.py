"""The viewer's manifest of a case, put together from its folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

import nibabel as nib
import numpy as np
from pydantic import ValidationError

from heimdallr.domain.errors import ConversionError
from heimdallr.domain.statements import Statement
from heimdallr.domain.study import PixelValues
from heimdallr.imaging.volume import native_grid, stored_type
from heimdallr.publishing.case_file import MASK_FOLDERS, names_of_tasks
from heimdallr.publishing.groups import GROUPS, group
from heimdallr.publishing.palette import colour
from heimdallr.publishing.publish import VOLUME_NAME
from heimdallr.publishing.schema import LABELS_FOLDER, PREVIEW_NAME, coded, read_labels
from heimdallr.publishing.targets import (
    Grid,
    Places,
    canonical,
    decided_at,
    finding_target,
    measurement_targets,
)
from heimdallr.store.upkeep.applied_corrections import numbers_in, read_record
from heimdallr.web.answers.files import mask_folders
from heimdallr.web.schemas.viewer import (
    AbsentStructure,
    ImageFile,
    LabelMapOut,
    TargetOut,
    Targets,
    ViewerManifest,
    WindowOut,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from heimdallr.publishing.schema import Labels, Results, StructureRecord
    from heimdallr.publishing.targets import Target
    from heimdallr.store.models import FindingRow
    from heimdallr.web.answers.cases import CaseFolder

HEADER_BYTES = 352

WINDOWS = (
    WindowOut(name="soft_tissue", level=40, width=400),
    WindowOut(name="liver", level=60, width=160),
    WindowOut(name="lung", level=-600, width=1500),
    WindowOut(name="bone", level=400, width=1800),
    WindowOut(name="brain", level=40, width=80),
    WindowOut(name="bleed", level=80, width=200),
)
"""What radiologists are used to; the first one begins, on a head the brain's does."""
_TRUNK = frozenset({"thorax", "abdomen", "pelvis"})


def manifest_of(case: CaseFolder, findings: Sequence[FindingRow]) -> ViewerManifest:
    """What a viewer has to know of a case.

    Args:
        case: its folder; without volume or label maps (an older folder, or retention) the manifest
            says why they are missing.
        findings: as they are in the database, where they have their numbers.

    Raises:
        Problem: 404 where the results are gone, 500 where they are damaged.
    """
    results = case.results()
    base = f"/api/v1/studies/{case.study.id}/viewer"
    volume, volume_reason = _volume(case.path / VOLUME_NAME, f"{base}/volume.nii")
    preview, _ = _volume(case.path / PREVIEW_NAME, f"{base}/preview.nii")
    labels, labels_reason = _labels(case.path)
    places = _places(case.path / VOLUME_NAME, volume, labels)
    return ViewerManifest(
        study_id=case.study.id,
        created_at=results.provenance.created_at,
        modality=results.modality,
        series_instance_uid=results.provenance.series_instance_uid,
        volume=volume,
        volume_reason=volume_reason.text if volume_reason else "",
        volume_reason_coded=coded(volume_reason) if volume_reason else None,
        preview=preview,
        labels=None if labels is None else list(_label_maps(case.path, base, labels)),
        labels_reason=labels_reason.text if labels_reason else "",
        labels_reason_coded=coded(labels_reason) if labels_reason else None,
        groups=list(GROUPS),
        windows=_windows(results),
        targets=_targets(results, findings, places),
    )


def _volume(path: Path, url: str) -> tuple[ImageFile | None, Statement | None]:
    """An image as the manifest tells of it, or why it is not there."""
    try:
        size = path.stat().st_size
        grid, datatype = native_grid(path), stored_type(path)
    except FileNotFoundError:
        return None, Statement("volume_removed")
    except ConversionError:
        return None, Statement("volume_unreadable")
    seen = canonical(grid)
    across, along, up = (float(mm) for mm in np.linalg.norm(seen.affine[:3, :3], axis=0))
    rows = [(float(a), float(b), float(c), float(d)) for a, b, c, d in seen.affine]
    image = ImageFile(
        url=url,
        shape=seen.shape,
        spacing_mm=(across, along, up),
        affine=tuple(rows),
        orientation="".join(nib.aff2axcodes(grid.affine)),
        datatype=datatype.name,
        gzip_bytes=size,
        plain_bytes=HEADER_BYTES + int(np.prod(seen.shape)) * datatype.itemsize,
    )
    return image, None


def _labels(folder: Path) -> tuple[Labels | None, Statement | None]:
    """``labels.json``, or why there are no label maps."""
    try:
        return read_labels(folder), None
    except FileNotFoundError:
        if mask_folders(folder):
            return None, Statement("labels_not_made")
        return None, Statement("masks_removed")
    except (OSError, ValidationError):
        return None, Statement("labels_unreadable")


def _label_maps(folder: Path, base: str, labels: Labels) -> Iterable[LabelMapOut]:
    """Those that have a file, then those of tasks that found nothing."""
    names = _names(folder)
    corrected = _corrected_tasks(folder, [*names, *(one.task for one in labels.maps)])
    plain_bytes = HEADER_BYTES + int(np.prod(labels.shape))
    for one in labels.maps:
        path = folder / LABELS_FOLDER / f"{one.name}.nii.gz"
        if path.is_file():
            yield LabelMapOut(
                name=one.name,
                task=one.task,
                url=f"{base}/labels/{one.name}.nii",
                gzip_bytes=path.stat().st_size,
                plain_bytes=plain_bytes,
                corrected=one.task in corrected,
                structures=one.structures,
                absent=_absent(names.get(one.task, {}), one.structures),
            )
    there = {one.task for one in labels.maps}
    for task, known in names.items():
        if task not in there:
            yield LabelMapOut(
                name=MASK_FOLDERS.get(task, task),
                task=task,
                url=None,
                gzip_bytes=0,
                plain_bytes=plain_bytes,
                corrected=task in corrected,
                structures=[],
                absent=_absent(known, []),
            )


def _absent(names: Mapping[int, str], found: Sequence[StructureRecord]) -> list[AbsentStructure]:
    """What a task knows and has not found, by label."""
    there = {one.label for one in found}
    return [
        AbsentStructure(label=label, structure=name, colour=colour(name), group=group(name))
        for label, name in sorted(names.items())
        if label not in there
    ]


def _corrected_tasks(folder: Path, known: Iterable[str]) -> set[str]:
    """Tasks whose label maps a correction kept here has changed; all, where that cannot be read."""
    try:
        records = [read_record(folder, number) for number in numbers_in(folder)]
    except (OSError, ValueError):
        return set(known)
    return {change.task for record in records for change in record.structures}


def _names(folder: Path) -> dict[str, dict[int, str]]:
    """Task → label number → structure; empty where an earlier version made the folder."""
    try:
        return names_of_tasks(folder)
    except (OSError, ValueError):
        return {}


def _places(path: Path, volume: ImageFile | None, labels: Labels | None) -> Places | None:
    if labels is not None:
        return Places(Grid(labels.shape, np.array(labels.affine)), labels.maps)
    return None if volume is None else Places(canonical(native_grid(path)))


def _windows(results: Results) -> list[WindowOut]:
    if results.modality != "CT" or results.provenance.pixel_values is PixelValues.UNKNOWN:
        return []
    regions = results.flat.get("body_regions")
    is_head = isinstance(regions, list) and "head" in regions and not _TRUNK & {*regions}
    begins = "brain" if is_head else "soft_tissue"
    return sorted(WINDOWS, key=lambda window: window.name != begins)


def _targets(results: Results, findings: Sequence[FindingRow], places: Places | None) -> Targets:
    if places is None:
        return Targets(measurements={}, findings={})
    measured = measurement_targets(results.measurements, places)
    found = {
        one.id: finding_target(
            one.structure, one.slice_index, places, decided_at(one.evidence, measured)
        )
        for one in findings
    }
    return Targets(
        measurements={name: _out(target) for name, target in measured.items()},
        findings={number: _out(target) for number, target in found.items() if target},
    )


def _out(target: Target) -> TargetOut:
    return TargetOut.model_validate(target)
