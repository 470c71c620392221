"""Which images are one series: mostly those that share a SeriesInstanceUID.

Anonymisers and converters break the UID both ways: they give all images of a study one, or every
few images one of their own. What else makes a series is the same for all of its images (PS3.3
C.7.3.1): its number, its description, the position of the patient, the frame of reference. So
images of one UID are taken apart where these differ, and images that came alone, or parts whose
images are numbered through, are put together where they agree. A fact that differs from image to
image numbers images, and tells nothing.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from heimdallr.domain.statements import Statement
from heimdallr.domain.study import MODALITIES

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence

    from heimdallr.preparation.instances import Instance

FEW_IMAGES = 4
"""A UID with fewer images may be one of a series that was scattered; four slices are a volume."""


@dataclass(frozen=True, slots=True)
class SeriesImages:
    """The images of one series.

    Attributes:
        key: SeriesInstanceUID, or what stands for it; unique within the study.
        instances: in the order given.
        notices: how it differs from what the UIDs say.
    """

    key: str
    instances: Sequence[Instance]
    notices: tuple[Statement, ...] = ()


def series_of(by_uid: Mapping[str, Sequence[Instance]]) -> list[SeriesImages]:
    """The series of a study, in a fixed order.

    Args:
        by_uid: SeriesInstanceUID, or what stands for it → its images.
    """
    apart = [one for key in sorted(by_uid) for one in _taken_apart(key, by_uid[key])]
    return list(_put_together(apart))


def _number(instance: Instance) -> str:
    number = instance.series_number
    return "" if number is None else str(number)


_TELLING: Mapping[str, Callable[[Instance], str]] = {
    "SeriesNumber": _number,
    "SeriesDescription": lambda one: one.text("SeriesDescription"),
    "PatientPosition": lambda one: one.text("PatientPosition"),
    "FrameOfReferenceUID": lambda one: one.text("FrameOfReferenceUID"),
}
"""Attribute → what an image says of it; what one series cannot have two of."""


def _taken_apart(key: str, images: Sequence[Instance]) -> Iterator[SeriesImages]:
    """The series that share one UID; what an image leaves out agrees with most others."""
    telling = [name for name in _TELLING if _tells(map(_TELLING[name], images))]
    usual = {name: _most_common(map(_TELLING[name], images)) for name in telling}
    groups: dict[tuple[str, ...], list[Instance]] = defaultdict(list)
    for one in images:
        groups[tuple(_TELLING[name](one) or usual[name] for name in telling)].append(one)
    if len(groups) == 1:
        yield SeriesImages(key, images)
        return
    said = Statement("series_share_uid", {"series": len(groups), "attributes": tuple(telling)})
    for number, facts in enumerate(sorted(groups), start=1):
        yield SeriesImages(f"{key}/{number}", groups[facts], (said,))


def _tells(values: Iterable[str]) -> bool:
    """Whether a fact takes images apart, and does not merely number them."""
    known = [value for value in values if value]
    return len(set(known)) > 1 and 2 * len(set(known)) <= len(known)


def _most_common(values: Iterable[str]) -> str:
    counted = Counter(value for value in values if value)
    return min(counted, key=lambda value: (-counted[value], value))


def _put_together(series: Sequence[SeriesImages]) -> Iterator[SeriesImages]:
    """Series as they are, and those whose images came with several UIDs as one."""
    scattered: dict[Hashable, list[SeriesImages]] = defaultdict(list)
    for one in series:
        if one.instances[0].modality in MODALITIES:
            scattered[_shared(one.instances[0])].append(one)
        else:
            yield one
    for parts in scattered.values():
        if _numbered_on(parts):
            yield _joined(parts)
            continue
        few = [one for one in parts if len(one.instances) < FEW_IMAGES]
        yield from (one for one in parts if len(one.instances) >= FEW_IMAGES)
        if len(few) >= FEW_IMAGES and not _several_frames_of_reference(few):
            yield _joined(few)
        else:
            yield from few


def _numbered_on(parts: Sequence[SeriesImages]) -> bool:
    """Whether images are numbered through all parts: no number twice, and not many left out.

    Series that merely share number and description number their images from 1 each.
    """
    numbers = [image.instance_number for part in parts for image in part.instances]
    known = {number for number in numbers if number is not None}
    return (
        len(parts) > 1
        and len(known) == len(numbers) > (max(known) - min(known)) / 2
        and not _several_frames_of_reference(parts)
    )


def _several_frames_of_reference(parts: Sequence[SeriesImages]) -> bool:
    return _tells(image.text("FrameOfReferenceUID") for part in parts for image in part.instances)


def _joined(parts: Sequence[SeriesImages]) -> SeriesImages:
    images = [image for part in parts for image in part.instances]
    said = Statement("series_put_together", {"images": len(images), "uids": len(parts)})
    return SeriesImages(parts[0].key, images, (said,))


def _shared(instance: Instance) -> Hashable:
    """What all images of a series say; its UID where they say neither number nor description."""
    number, description = instance.series_number, instance.text("SeriesDescription")
    texts = ("ProtocolName", "PatientPosition", "Manufacturer")
    return (
        instance.series_uid if number is None and not description else (number, description),
        instance.modality,
        instance.sop_class_uid,
        (instance.rows, instance.columns),
        *map(instance.text, texts),
    )
