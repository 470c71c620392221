"""Which pictures a correction makes out of date.

A picture shows what some analyses measured, on the structures that these read. It is drawn again
when one of them could have seen the change, and that is enough: it may come out as it was.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from heimdallr.domain.statements import Statement
from heimdallr.publishing.publish import DRAWINGS

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from heimdallr.publishing.schema import Results

NOT_DRAWN = "picture_not_drawn"

SHOWN: Mapping[str, tuple[str, ...]] = {
    "L3_overlay": ("sarcopenia_l3",),
    "spine_overlay": ("vertebral_fracture", "bone_density"),
    "bleed_overlay": ("cerebral_haemorrhage",),
    "ventricles_overlay": ("ventricles",),
    "nodules_overlay": ("lung_nodules",),
    "kidney_stones_overlay": ("kidney_stones",),
    "coronary_calcium_overlay": ("coronary_calcium",),
    "emphysema_overlay": ("emphysema",),
    "aorta_overlay": ("aortic_diameters",),
    "coronal_overview": ("structures", "organ_volumetry"),
}
"""Kind of picture → the analyses whose numbers and structures it shows; all of ``DRAWINGS``."""


def is_of(kind: str, file_name: str) -> bool:
    """Whether a file is a picture of a kind: some kinds have several."""
    stem, _, suffix = file_name.rpartition(".")
    return suffix == "png" and (stem == kind or stem.startswith(f"{kind}_"))


def outdated(run_again: Collection[str], *, notices_changed: bool) -> tuple[str, ...]:
    """Kinds of pictures that have to be drawn again.

    Args:
        run_again: analyses that could see the change.
        notices_changed: whether what every reader has to be told is something else now: it stands
            at the foot of every picture.
    """
    return tuple(
        kind for kind in DRAWINGS if notices_changed or not set(SHOWN[kind]).isdisjoint(run_again)
    )


def earlier_failures(results: Results, kinds: Collection[str]) -> list[Statement]:
    """What could not be drawn before, of other kinds than these."""
    said = [one for one in results.notices_coded if one.code == NOT_DRAWN]
    return [
        Statement(NOT_DRAWN, {"file": file, "error": str(one.parameters.get("error"))})
        for one in said
        if (file := str(one.parameters.get("file"))) not in kinds
    ]
