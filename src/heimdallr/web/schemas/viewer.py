"""What a viewer in a browser has to know of a study before it loads the first voxel.

One frame for all indices: the volume's voxels in RAS+ order, counted from 0 at its left, posterior,
inferior corner. Positions in mm are scanner coordinates, NIfTI's RAS world.
"""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime, Field

from heimdallr.domain.study import Modality
from heimdallr.publishing.groups import Group
from heimdallr.publishing.schema import CodedStatement, Index, Point, StructureRecord
from heimdallr.web.schemas.common import Schema

_URL = "/api/v1/studies/17/viewer"


class ImageFile(Schema):
    """An image to load: NIfTI-1, gzip being the content coding."""

    url: str = Field(examples=[f"{_URL}/volume.nii"])
    shape: Index = Field(
        examples=[(512, 512, 600)], description="voxels along right, anterior, superior"
    )
    spacing_mm: Point = Field(examples=[(0.7, 0.7, 1.0)])
    affine: tuple[tuple[float, float, float, float], ...] = Field(
        description="4 × 4: voxel index in RAS+ order → RAS mm"
    )
    orientation: str = Field(
        examples=["LAS"], description="where the axes of the file itself point to"
    )
    datatype: str = Field(examples=["int16"])
    gzip_bytes: int = Field(description="on their way")
    plain_bytes: int = Field(description="unpacked")


class AbsentStructure(Schema):
    """A structure that a task knows and has not found: a person may paint it."""

    label: int = Field(ge=1, le=255, examples=[6])
    structure: str = Field(examples=["stomach"])
    colour: tuple[int, int, int] = Field(examples=[(206, 140, 90)])
    group: Group = Field(examples=["organs"])


class LabelMapOut(Schema):
    """A label map on the voxels of the volume, uint8, and the structures in it."""

    name: str = Field(examples=["total"])
    task: str = Field(examples=["total"])
    url: str | None = Field(
        examples=[f"{_URL}/labels/total.nii"],
        description="null: no structure has a voxel, and there is no file; every voxel is 0",
    )
    gzip_bytes: int = Field(description="on their way; 0 without a file")
    plain_bytes: int = Field(description="unpacked, also where there is no file")
    corrected: bool = Field(description="persons changed it: earlier versions may be others")
    structures: list[StructureRecord]
    absent: list[AbsentStructure] = Field(
        description="the others its task knows; none of a folder that cannot be corrected"
    )


class WindowOut(Schema):
    """A display window."""

    name: Literal["soft_tissue", "lung", "bone", "brain", "bleed", "liver"]
    level: float = Field(examples=[40])
    width: float = Field(examples=[400])


class ShownOut(Schema):
    """A structure to show, by its label in a label map."""

    map: str = Field(examples=["tissue_types"])
    label: int = Field(examples=[3])
    structure: str = Field(examples=["skeletal_muscle"])


class TargetOut(Schema):
    """A place to jump to."""

    structure: str | None = Field(examples=["skeletal_muscle"])
    slice_index: int = Field(description="axial slice, RAS+, 0 = most inferior", examples=[212])
    position_ijk: Index = Field(description="voxel of the volume in RAS+ order")
    position_ras_mm: Point = Field(description="the same place in scanner coordinates")
    shown: list[ShownOut] = Field(description="what to show there; what it is about comes first")


class Targets(Schema):
    """Where the numbers are; what has no place is not listed."""

    measurements: dict[str, TargetOut] = Field(description="name of the measurement → its place")
    findings: dict[int, TargetOut] = Field(description="number of the finding → its place")


class ViewerManifest(Schema):
    """What there is to view, and where."""

    study_id: int = Field(examples=[17])
    created_at: AwareDatetime = Field(description="when these results were made")
    modality: Modality
    series_instance_uid: str = Field(
        description="the series that was measured: another has other voxels, also on the same grid",
        examples=["1.2.840.113619.2.55.3.17"],
    )
    volume: ImageFile | None
    volume_reason: str = Field(description="why there is no volume; empty when there is one")
    volume_reason_coded: CodedStatement | None
    preview: ImageFile | None = Field(
        description="a large volume on fewer voxels, to be shown first; null when it is not large"
    )
    labels: list[LabelMapOut] | None
    labels_reason: str = Field(description="why there are no label maps; empty when there are")
    labels_reason_coded: CodedStatement | None
    groups: list[Group] = Field(description="groups of structures in their order")
    windows: list[WindowOut] = Field(
        description="in HU, the one to begin with first; none where values have no unit, as of MR"
    )
    targets: Targets
