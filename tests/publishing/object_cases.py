"""Case folders to make objects of, and the images they stand for."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from publishing_cases import (
    ENDED,
    PREPARED,
    STARTED,
    TRUNK_AFFINE,
    TRUNK_SHAPE,
    segmentation,
    trunk,
)

from heimdallr.analyses.case import Case
from heimdallr.analyses.rules.findings import Conclusions
from heimdallr.domain.source_images import SOURCE_FILE, SourceImages, SourcePlane
from heimdallr.imaging.volume import Volume, native_grid, save_nifti
from heimdallr.publishing import identity, label_maps
from heimdallr.publishing.case_file import CASE_FILE, MASK_FOLDERS, case_json
from heimdallr.publishing.publish import Publication, publish
from heimdallr.publishing.results import build_results, results_json
from heimdallr.publishing.schema import IDENTITY_FILE, LABELS_FILE, LABELS_FOLDER, RESULTS_FILE
from heimdallr.publishing.source_file import source_json

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from typing import Any

    from heimdallr.imaging.volume import LabelMap
    from heimdallr.preparation.prepare import PreparedStudy

CT_IMAGE = "1.2.840.10008.5.1.4.1.1.2"
HEADER: Mapping[str, dict[str, Any]] = {
    "00080020": {"vr": "DA", "Value": ["20260201"]},
    "00080030": {"vr": "TM", "Value": ["101112"]},
    "00080050": {"vr": "SH", "Value": ["123456"]},
    "00080060": {"vr": "CS", "Value": ["CT"]},
    "00080070": {"vr": "LO", "Value": ["SIEMENS"]},
    "00080090": {"vr": "PN", "Value": [{"Alphabetic": "ROE^JANE"}]},
    "00100010": {"vr": "PN", "Value": [{"Alphabetic": "SILVA^MARIA JOSÉ", "Ideographic": "山田"}]},
    "00100020": {"vr": "LO", "Value": ["P-77"]},
    "00100030": {"vr": "DA", "Value": ["19600102"]},
    "00100040": {"vr": "CS", "Value": ["F"]},
    "0020000D": {"vr": "UI", "Value": ["1.2.3"]},
    "0020000E": {"vr": "UI", "Value": ["1.2.3.4"]},
    "00200010": {"vr": "SH", "Value": ["S1"]},
    "00200052": {"vr": "UI", "Value": ["1.2.3.9"]},
}


def trunk_source(header: Mapping[str, dict[str, Any]] = HEADER) -> SourceImages:
    """The axial images the trunk of the publishing tests would have been made of."""
    columns, rows, slices = TRUNK_SHAPE
    spacing = np.diag(TRUNK_AFFINE)
    left, anterior = -TRUNK_AFFINE[0, 3], -(TRUNK_AFFINE[1, 3] + (rows - 1) * spacing[1])
    first_x = left - (columns - 1) * spacing[0]
    planes = tuple(
        SourcePlane(
            sop_class_uid=CT_IMAGE,
            sop_instance_uid=f"1.2.3.4.{k + 1}",
            frame=None,
            position_lps_mm=(first_x, anterior, TRUNK_AFFINE[2, 3] + k * spacing[2]),
            orientation=(1.0, 0.0, 0.0, 0.0, 1.0, 0.0),
        )
        for k in range(slices)
    )
    return SourceImages(dict(header), rows, columns, (4.0, 4.0), 5.0, planes)


def trunk_folder(output: Path) -> Path:
    """The trunk as a published case folder, without ``source.json``."""
    case = trunk()
    output.mkdir(parents=True, exist_ok=True)
    volume = output / "volume.nii"
    save_nifti(volume, case.image.data, case.image.affine)
    publication = Publication(
        replace(PREPARED, volume_path=volume), case, [], Conclusions(), STARTED
    )
    return publish(output / "cases", publication, lambda: ENDED).folder


def folder_of(prepared: PreparedStudy, labels: LabelMap, output: Path, task: str = "total") -> Path:
    """A case folder of a prepared study, as much of it as objects are made of.

    Args:
        prepared: with its volume still there.
        labels: on the voxels of that volume, RAS+.
        output: folder to make it in.
        task: what made the labels.
    """
    folder = output / prepared.study.case_id
    (folder / LABELS_FOLDER).mkdir(parents=True)
    image = Volume(labels.data, labels.affine)
    made = {task: segmentation(labels, task)}
    modality = prepared.study.modality
    case = Case(modality, image, prepared.study.patient, prepared.series, made)
    grid = native_grid(prepared.volume_path)
    name = MASK_FOLDERS.get(task, task)
    save_nifti(folder / LABELS_FOLDER / f"{name}.nii.gz", labels.data, labels.affine, like=grid)
    described = label_maps.describe(image, [label_maps.describe_map(name, task, labels)])
    (folder / LABELS_FOLDER / LABELS_FILE).write_text(described.model_dump_json())
    results = build_results(folder.name, case, [], Conclusions(), ENDED)
    (folder / RESULTS_FILE).write_text(results_json(results))
    (folder / CASE_FILE).write_text(case_json(case))
    who = identity.build_identity(prepared, [], identity.Processing(STARTED, ENDED, {}))
    (folder / IDENTITY_FILE).write_text(identity.identity_json(who))
    if prepared.source is not None:
        (folder / SOURCE_FILE).write_text(source_json(prepared.source))
    return folder
