"""Single image planes: where they lie, and what their headers tell about them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from heimdallr.preparation.geometry import along_normal

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Sequence

    from heimdallr.preparation.geometry import Floats
    from heimdallr.preparation.instances import Frame, Instance, Triple


class Image(NamedTuple):
    """One image plane with the instance it is part of."""

    instance: Instance
    frame: Frame

    def told(self, keyword: str) -> str:
        """What its header says under a keyword, empty where it says nothing.

        ``file`` stands for the file of a multi-frame object: each may be one time point.
        """
        if keyword == "file":
            return "" if self.frame.index is None else str(self.frame.path)
        if keyword == "ImageType":
            return "/".join(self.frame.image_type)
        if keyword == "SliceThickness":
            thickness = self.frame.slice_thickness
            return "" if thickness is None else f"{thickness:.1f}"
        if keyword == "InstanceNumber":
            number = self.instance.instance_number
            return "" if number is None else str(number)
        if keyword == "TransferSyntaxUID":
            return self.frame.transfer_syntax_uid
        return dict(self.frame.when).get(keyword) or self.instance.text(keyword)


def grouped(images: Iterable[Image], key: Callable[[Image], Hashable]) -> list[list[Image]]:
    """Images with the same key together, in the order in which keys appear first."""
    groups: dict[Hashable, list[Image]] = {}
    for image in images:
        groups.setdefault(key(image), []).append(image)
    return list(groups.values())


def positions_mm(images: Iterable[Image]) -> list[Triple]:
    """ImagePositionPatient of those that have one, LPS mm."""
    return [image.frame.position for image in images if image.frame.position is not None]


def depths_mm(images: Sequence[Image]) -> Floats | None:
    """(N,) distance of parallel images along their normal; ``None`` where headers do not tell."""
    positions = positions_mm(images)
    orientation = images[0].frame.orientation
    if orientation is None or len(positions) < len(images):
        return None
    try:
        return along_normal(positions, orientation)
    except ValueError:
        return None
