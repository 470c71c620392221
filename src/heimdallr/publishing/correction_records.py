"""What a case folder says of a person's corrections, as types.

A *correction* is one saved act of a person on a case: voxels of label maps, the level of a
vertebra, what is not believed, or the way back to an earlier version. The records say what was
done, not how a label map looks: that is in the difference beside them (``docs/corrections.md``).
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, Field

from heimdallr.domain.corrections import LevelStatement, RejectedKind, Rejection, RejectionReason
from heimdallr.publishing.strict_record import STRICT

CORRECTIONS_FOLDER = "corrections"
"""Folder of the corrections: one folder of four digits each."""
CORRECTION_FILE = "correction.json"

CorrectionKind = Literal["voxels", "levels", "rejections", "restore"]
Origin = Literal["viewer", "api", "dicom_seg", "rtstruct", "nifti", "offered_again"]
"""Where a correction comes from: drawn here, told by a program, or by another tool's file."""

Base = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
"""Token of the label maps that a correction was made on."""


Shape = Annotated[tuple[int, ...], Field(min_length=3, max_length=3)]
_Four = Field(min_length=4, max_length=4)
Affine = Annotated[tuple[Annotated[tuple[float, ...], _Four], ...], _Four]


class _Record(BaseModel):
    model_config = STRICT


class StructureChange(_Record):
    """What a correction did to one structure."""

    task: str
    structure: str
    voxels_added: int
    voxels_removed: int
    dice: float | None
    """Of before and after; ``None`` where there was nothing before: no outline to differ from."""
    volume_before_cm3: float
    volume_after_cm3: float
    dice_with_networks: float | None = None
    """Of what the networks made and after, whatever lies between; ``None``: they had drawn nothing,
    or it is not known."""


class RejectionRecord(_Record):
    """Something that a person does not believe, and why."""

    kind: RejectedKind
    name: Annotated[str, Field(min_length=1, max_length=200)]
    reason: RejectionReason

    @property
    def said(self) -> Rejection:
        """The same as the analyses know it."""
        return Rejection(self.kind, self.name, self.reason)


class StandingRejection(RejectionRecord):
    """A rejection that holds, and whose it is."""

    by: str
    at: AwareDatetime


class LevelRecord(_Record):
    """A vertebra's true level: structures as the labels call them, ``vertebrae_L2``."""

    vertebra: str
    is_: Annotated[str, Field(alias="is")]

    @property
    def said(self) -> LevelStatement:
        """The same as the analyses know it."""
        return LevelStatement(self.vertebra, self.is_)


class MadeOnRecord(_Record):
    """What voxels were changed on, as far as later label maps may be otherwise."""

    series: str
    """SeriesInstanceUID of the volume."""
    levels_moved: int
    """By how many levels persons had moved the column, towards the feet."""
    shape: Shape | None = None
    """Voxels of the volume along R, A, S; ``None``, as what follows: not written down then."""
    affine: Affine | None = None
    """Index → RAS mm."""
    names: dict[str, str] | None = None
    """Task → token of its label map's table: numbers and the structures they stand for."""


class CorrectionRecord(_Record):
    """One correction: who, when, on what, and what it did.

    ``base`` names the label maps it was made on, ``restores_version`` the version that a
    ``restore`` went back to.
    """

    number: Annotated[int, Field(ge=1)]
    kind: CorrectionKind
    by: str
    at: AwareDatetime
    base: Base
    comment: str = ""
    origin: Origin = "viewer"
    structures: list[StructureChange] = []
    level: LevelRecord | None = None
    reject: list[RejectionRecord] = []
    restore_rejections: list[RejectionRecord] = []
    restores_version: Annotated[int, Field(ge=0)] | None = None
    made_on: MadeOnRecord | None = None
    """``None``: nobody had it written down then."""
