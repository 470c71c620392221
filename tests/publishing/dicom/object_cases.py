"""Case folders to make objects of, and the images they stand for."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from publishing_cases import ENDED, PREPARED, STARTED, TRUNK_AFFINE, TRUNK_SHAPE, trunk

from heimdallr.domain.source_images import SourceImages, SourcePlane
from heimdallr.imaging.volume import save_nifti
from heimdallr.publishing.publish import Publication, publish

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from typing import Any

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
    publication = Publication(replace(PREPARED, volume_path=volume), case, [], [], STARTED)
    return publish(output / "cases", publication, lambda: ENDED).folder
