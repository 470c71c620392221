"""Images of one series that cannot belong to one volume: of another kind or orientation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from heimdallr.preparation.image_planes import Image, grouped
from heimdallr.preparation.spectral import read_spectral

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Sequence

SAME_ORIENTATION = 1e-2
"""Largest difference of a direction cosine within one stack (about half a degree).

Chosen, not measured: headers that round to two decimals pass. Half of it would cut their stacks in
two; twice it would join slices that are a degree askew.
"""

SAME_PIXEL_MM = 1e-3
"""Largest difference of the pixel size within one stack.

Chosen, not measured: headers that round to three decimals pass. Over 512 pixels it makes half a
millimetre; half of it would cut stacks in two that are rounded both ways, twice it would make a
millimetre.
"""

_ATTRIBUTES = (
    "SOPClassUID", "Modality", "Rows", "ImageType", "RescaleType", "EchoTime",
    "ConvolutionKernel", "ImagePositionPatient", "PixelData",
)  # fmt: skip


def kinds_of(images: Iterable[Image]) -> list[list[Image]]:
    """Images of one kind, one pixel size and one orientation together."""
    return [alike for kind in grouped(images, _kind) for alike in _by_plane(kind)]


def differences(kind: Sequence[Image], others: Iterable[Sequence[Image]]) -> tuple[str, ...]:
    """The attributes in which other kinds differ from one, by keyword."""
    this = kind[0]
    found = {
        name
        for other in others
        for name, here, there in zip(_ATTRIBUTES, _kind(this), _kind(other[0]), strict=True)
        if here != there
    }
    if any(not same_orientation(this, other[0]) for other in others):
        found.add("ImageOrientationPatient")
    if any(not _same_pixel_size(this, other[0]) for other in others):
        found.add("PixelSpacing")
    return tuple(sorted(found))


def same_orientation(one: Image, other: Image) -> bool:
    """Whether the direction cosines of two images agree; comparing beats rounding at its edges."""
    return _agree(one.frame.orientation, other.frame.orientation, SAME_ORIENTATION)


def _same_pixel_size(one: Image, other: Image) -> bool:
    return _agree(one.frame.pixel_spacing, other.frame.pixel_spacing, SAME_PIXEL_MM)


def _agree(
    one: tuple[float, ...] | None, other: tuple[float, ...] | None, tolerance: float
) -> bool:
    return one == other or (
        one is not None
        and other is not None
        and max(abs(a - b) for a, b in zip(one, other, strict=True)) < tolerance
    )


def is_localizer(image: Image) -> bool:
    """Whether its ImageType says so."""
    return "LOCALIZER" in image.frame.image_type


def _kind(image: Image) -> tuple[Hashable, ...]:
    """What images of one volume share, plane and time aside; as the attributes above."""
    instance, frame = image
    is_mr = instance.modality == "MR"
    return (
        instance.sop_class_uid,
        instance.modality,
        (instance.rows, instance.columns, instance.samples_per_pixel),
        frame.image_type if is_mr else _ct_kind(image),
        "" if is_mr else frame.rescale_type.upper() or "HU",
        round(frame.echo_time, 2) if is_mr and frame.echo_time is not None else None,
        frame.kernel,
        frame.position is None or frame.orientation is None,
        instance.is_whole,
    )


def _ct_kind(image: Image) -> Hashable:
    """Scanned images, localizers, and each result of several energies are different kinds."""
    kinds = image.frame.image_type
    return kinds[:1], is_localizer(image), read_spectral(kinds, "", image.frame.energy_kev)


def _by_plane(images: Iterable[Image]) -> list[list[Image]]:
    groups: list[list[Image]] = []
    for image in images:
        for members in groups:
            if same_orientation(image, members[0]) and _same_pixel_size(image, members[0]):
                members.append(image)
                break
        else:
            groups.append([image])
    return groups
