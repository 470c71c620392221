"""``correction.json``: a correction, and what the person who made it was told of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from heimdallr.publishing.correction_records import CorrectionRecord
from heimdallr.publishing.schema import CodedStatement  # noqa: TC001 - pydantic reads it

if TYPE_CHECKING:
    from collections.abc import Sequence


class KeptCorrection(CorrectionRecord):
    """A correction as its folder keeps it; results say the same without the notes."""

    notes: list[CodedStatement] = Field(default_factory=list)
    """A suspected transitional vertebra, say, or what a reader of another tool's file did not
    know; empty in older ones."""

    @classmethod
    def of(cls, record: CorrectionRecord, notes: Sequence[CodedStatement]) -> KeptCorrection:
        """A correction with its notes."""
        return cls.model_validate({**record.model_dump(), "notes": notes})

    @property
    def record(self) -> CorrectionRecord:
        """The correction without them."""
        return CorrectionRecord.model_validate(self.model_dump(exclude={"notes"}))
