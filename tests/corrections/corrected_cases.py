"""Case folders of the trunk, to be corrected, and corrections of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

import numpy as np
from publishing_cases import (
    ENDED,
    PREPARED,
    STARTED,
    TISSUE_NAMES,
    TRUNK_AFFINE,
    TRUNK_NAMES,
    stored,
    trunk_arrays,
    trunk_case,
)
from test_publish import LAS

from heimdallr.analyses.registry import run_all
from heimdallr.analyses.rules.findings import find
from heimdallr.corrections.difference import Difference, between, labels_version
from heimdallr.corrections.recompute import Applied, apply_correction
from heimdallr.corrections.wanted import Wanted
from heimdallr.imaging.volume import LabelMap, load_volume
from heimdallr.publishing.correction_records import (
    CorrectionKind,
    CorrectionRecord,
    LevelRecord,
    RejectionRecord,
)
from heimdallr.publishing.publish import Publication, publish

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from heimdallr.analyses.case import Case
    from heimdallr.imaging.volume import Array

NOW = datetime(2026, 2, 3, 8, 0, tzinfo=timezone.utc)
LATER = ENDED + timedelta(days=1)
LIVER, MUSCLE, TORSO_FAT = 5, 3, 2


def trunk_of(folder: Path, hu: Array, organs: Array, tissues: Array) -> tuple[Path, Case]:
    """The converted volume, stored as scanners' files are, and the case."""
    folder.mkdir(parents=True, exist_ok=True)
    path = stored(folder / "converted.nii", hu, TRUNK_AFFINE, LAS)
    case = trunk_case(
        load_volume(path),
        LabelMap(organs, TRUNK_AFFINE, TRUNK_NAMES),
        LabelMap(tissues, TRUNK_AFFINE, TISSUE_NAMES),
        "bundled",
    )
    return path, case


def published(folder: Path, path: Path, case: Case) -> Path:
    """The folder of a case, as the networks' results are published."""
    measured = run_all(case)
    prepared = replace(PREPARED, volume_path=path)
    publication = Publication(prepared, case, measured, find(case, measured), STARTED)
    return publish(folder / "output", publication, lambda: ENDED).folder


def made(
    folder: Path, change: Callable[[Array, Array, Array], None] = lambda _h, _o, _t: None
) -> Path:
    """The trunk as a case folder, with something else about HU, organs or tissues."""
    hu, organs, tissues = (one.copy() for one in trunk_arrays())
    change(hu, organs, tissues)
    return published(folder, *trunk_of(folder, hu, organs, tissues))


def drawn(name: str, before: Array, after: Array) -> Difference:
    """What a person drew on one label map."""
    return Difference(before.shape, {name: between(name, before, after)})


def record(case: Path, kind: CorrectionKind, **said: object) -> CorrectionRecord:
    """A correction on a case folder as it is now."""
    facts = {"number": 1, "kind": kind, "by": "maria", "at": NOW, "base": labels_version(case)}
    return CorrectionRecord.model_validate(facts | said)


def draw(case: Path, difference: Difference, number: int = 1) -> Applied:
    """Apply changed voxels."""
    wanted = Wanted(record(case, "voxels"), difference)
    return apply_correction(case, wanted, number, clock=lambda: LATER)


def say_level(case: Path, vertebra: str, is_: str, number: int = 1) -> Applied:
    """Apply a vertebra's true level."""
    wanted = Wanted(record(case, "levels", level=LevelRecord(vertebra=vertebra, is_=is_)))
    return apply_correction(case, wanted, number, clock=lambda: LATER)


def reject(
    case: Path,
    number: int = 1,
    *,
    no: Sequence[RejectionRecord] = (),
    yes: Sequence[RejectionRecord] = (),
) -> Applied:
    """Apply what is not believed, or is again."""
    told = record(case, "rejections", reject=list(no), restore_rejections=list(yes))
    return apply_correction(case, Wanted(told), number, clock=lambda: LATER)


def restore(case: Path, version: int, number: int) -> Applied:
    """Go back to a version."""
    wanted = Wanted(record(case, "restore", restores_version=version))
    return apply_correction(case, wanted, number, clock=lambda: LATER)


def files_of(case: Path) -> dict[str, bytes]:
    """Every file of a folder."""
    return {
        str(one.relative_to(case)): one.read_bytes() for one in case.rglob("*") if one.is_file()
    }


def smaller_liver() -> tuple[Array, Array]:
    """The organs, and the same with the lower half of the liver gone."""
    organs = trunk_arrays()[1]
    after = organs.copy()
    low = np.argwhere(organs == LIVER)[:, 2]
    middle = int(np.median(low))
    after[:, :, :middle][after[:, :, :middle] == LIVER] = 0
    return organs, after
