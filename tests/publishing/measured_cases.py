"""Case folders with measurements and findings, for what is made of them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from publishing_cases import (
    ENDED,
    PREPARED,
    STARTED,
    TISSUE_NAMES,
    TRUNK_AFFINE,
    TRUNK_NAMES,
    trunk_arrays,
    trunk_case,
)

from heimdallr.analyses.registry import run_all
from heimdallr.analyses.rules.findings import find
from heimdallr.imaging.volume import LabelMap, Volume, save_nifti
from heimdallr.publishing.publish import Publication, publish
from heimdallr.publishing.schema import IDENTITY_FILE, RESULTS_FILE, read_identity, read_results

if TYPE_CHECKING:
    from pathlib import Path

    from heimdallr.imaging.volume import Array
    from heimdallr.publishing.schema import Identity, Results
    from heimdallr.segmentation.result import WeightsOrigin


def measured_trunk(output: Path, origin: WeightsOrigin = "bundled") -> Path:
    """The trunk as a case folder with all its measurements and findings."""
    return measured_body(output, *trunk_arrays(), origin=origin)


def measured_body(
    output: Path, hu: Array, organs: Array, tissues: Array, *, origin: WeightsOrigin = "bundled"
) -> Path:
    """The same of another body on the trunk's voxels."""
    output.mkdir(parents=True, exist_ok=True)
    volume = output / "volume.nii"
    save_nifti(volume, hu, TRUNK_AFFINE)
    case = trunk_case(
        Volume(hu, TRUNK_AFFINE),
        LabelMap(organs, TRUNK_AFFINE, TRUNK_NAMES),
        LabelMap(tissues, TRUNK_AFFINE, TISSUE_NAMES),
        origin,
    )
    measurements = run_all(case)
    publication = Publication(
        replace(PREPARED, volume_path=volume),
        case,
        measurements,
        find(case, measurements),
        STARTED,
    )
    return publish(output / "cases", publication, lambda: ENDED).folder


def retold(folder: Path, *, results: Results | None = None, **identity: object) -> Path:
    """The folder, saying something else."""
    if identity:
        told: Identity = read_identity(folder).model_copy(update=identity)
        (folder / IDENTITY_FILE).write_text(told.model_dump_json())
    if results is not None:
        (folder / RESULTS_FILE).write_text(results.model_dump_json())
    return folder


def results_of(folder: Path) -> Results:
    """What the folder says now."""
    return read_results(folder)
