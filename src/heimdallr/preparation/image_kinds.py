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

_ATTRIBUTES = (
    "SOPClassUID", "Modality", "Rows", "PixelSpacing", "ImageType", "RescaleType", "EchoTime",
    "ConvolutionKernel", "ImagePositionPatient", "PixelData",
)  # fmt: skip
_ORIENTATION = "ImageOrientationPatient"


def kinds_of(images: Iterable[Image]) -> list[list[Image]]:
    """Images of one kind and one orientation together."""
    return [aligned for kind in grouped(images, _kind) for aligned in _by_orientation(kind)]


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
        found.add(_ORIENTATION)
    return tuple(sorted(found))


def same_orientation(one: Image, other: Image) -> bool:
    """Whether the direction cosines of two images agree; comparing beats rounding at its edges."""
    cosines, known = one.frame.orientation, other.frame.orientation
    return cosines == known or (
        known is not None
        and cosines is not None
        and max(abs(a - b) for a, b in zip(known, cosines, strict=True)) < SAME_ORIENTATION
    )


def is_localizer(image: Image) -> bool:
    """Whether its ImageType says so."""
    return "LOCALIZER" in image.frame.image_type


def _kind(image: Image) -> tuple[Hashable, ...]:
    """What images of one volume share, orientation and time aside; as the attributes above."""
    instance, frame = image
    spacing = frame.pixel_spacing and tuple(round(value, 3) for value in frame.pixel_spacing)
    is_mr = instance.modality == "MR"
    return (
        instance.sop_class_uid,
        instance.modality,
        (instance.rows, instance.columns, instance.samples_per_pixel),
        spacing,
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


def _by_orientation(images: Iterable[Image]) -> list[list[Image]]:
    groups: list[list[Image]] = []
    for image in images:
        for members in groups:
            if same_orientation(image, members[0]):
                members.append(image)
                break
        else:
            groups.append([image])
    return groups
