"""How often people correct what the networks drew."""

from __future__ import annotations

from pydantic import Field

from heimdallr.web.schemas.common import Schema


class StructureAgreement(Schema):
    """How a structure's outline fares with people, over all studies as they are now."""

    task: str = Field(examples=["total"])
    structure: str = Field(examples=["liver"])
    studies: int = Field(
        description="in which its volume was measured, or people corrected or rejected it",
        examples=[120],
    )
    corrected: int = Field(description="of those: people changed its outline", examples=[9])
    rejected: int = Field(description="of those: it is not believed", examples=[1])
    dice_studies: int = Field(
        description="corrected ones whose Dice is known: the networks had drawn something, and no "
        "earlier version corrected it several times",
        examples=[8],
    )
    dice_median: float | None = Field(
        description="networks against people; null: of no study", examples=[0.97]
    )
    dice_worst: float | None = Field(examples=[0.81])
    volume_difference_percent_median: float | None = Field(
        description="people's volume against the networks'", examples=[-1.4]
    )
    readers: int = Field(description="people who corrected it", examples=[3])
    between_readers_studies: int = Field(
        description="in which one person changed in one step what another had left", examples=[2]
    )
    between_readers_dice_median: float | None = Field(
        description="of what they left; null: of no study", examples=[0.98]
    )
