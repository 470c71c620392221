"""What a person says of a case against the networks: this vertebra is L3, this is no liver.

What is measured follows it, so it stands on the ground floor. Changed voxels need no word here:
they are in the label maps.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from heimdallr.domain.statements import Statement

RejectedKind = Literal["structure", "measurement", "finding"]
RejectionReason = Literal[
    "wrong_structure",
    "wrong_extent",
    "wrong_level",
    "artefact",
    "not_clinically_relevant",
    "other",
]
REJECTED = "rejected_by_person"
"""Code of the reason of a measurement, or a finding, that a person rejects."""


@dataclass(frozen=True, slots=True)
class LevelStatement:
    """A vertebra's true level; the vertebrae beside it move by as many.

    Attributes:
        vertebra: structure as the labels call it, ``vertebrae_L2``.
        is_: structure that it is, ``vertebrae_L3``; the same one where a person confirms it.
    """

    vertebra: str
    is_: str


@dataclass(frozen=True, slots=True)
class Rejection:
    """Something a person does not believe.

    Attributes:
        kind: what it is.
        name: of the structure, the measurement or the finding (its code).
        reason: why.
    """

    kind: RejectedKind
    name: str
    reason: RejectionReason

    @property
    def why(self) -> Statement:
        """What is said in place of what is not believed."""
        if self.kind == "structure":
            about = {"structure": self.name, "rejection": self.reason}
            return Statement("structure_rejected_by_person", about)
        return Statement(REJECTED, {"rejection": self.reason})
