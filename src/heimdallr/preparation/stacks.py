"""From the instances of one series to stacks of parallel slices, each a candidate for a volume.

A series is what the scanner's operator called a series. It may hold two localizer views, water and
fat images, two echoes, five time points, or the same slices as single files and once more as one
multi-frame object. It is cut where images cannot belong to one volume: different matrix, pixel
size, orientation, kind of image, echo, or the same place at another time.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from heimdallr.domain.identity import is_own_object
from heimdallr.domain.statements import Statement
from heimdallr.domain.study import Series
from heimdallr.preparation.geometry import StackGeometry, along_normal, blocks, stack_geometry
from heimdallr.preparation.instances import WHEN, Frame, Instance, Triple
from heimdallr.preparation.kernels import NO_SOURCE, KernelReading, classify_kernel
from heimdallr.preparation.lossy import lossy_compression
from heimdallr.preparation.notices import notices_of
from heimdallr.preparation.phases import agent_given, phase_from_words, says_enhanced
from heimdallr.preparation.spectral import read_spectral

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Sequence


SAME_ORIENTATION = 1e-2
"""Largest difference of a direction cosine within one stack (about half a degree).

Chosen, not measured: headers that round to two decimals pass. Half of it would cut their stacks in
two; twice it would join slices that are a degree askew.
"""


class Image(NamedTuple):
    """One image plane with the instance it is part of."""

    instance: Instance
    frame: Frame


@dataclass(frozen=True, slots=True)
class SeriesCandidate:
    """One stack of images that series selection judges as a whole.

    Attributes:
        key: unique within the study, the same whatever the files' names or order.
        geometry: where its slices lie; ``None`` when the headers do not tell.
        frames: its planes in order along the slice normal (as found where there is no geometry).
        part: number of this stack in its series, from 1, and how many there are.
        time_points: stacks of the series that lie at this stack's place, itself included.
        kernel_source: where the kernel's class was read.
        samples_per_pixel: 3 for colour, which no CT or MR image is.
        own_object: Heimdallr wrote it.
        notices: what every reader of what is measured on it has to be told.
    """

    series: Series
    key: str
    geometry: StackGeometry | None
    frames: tuple[Frame, ...]
    part: tuple[int, int] = (1, 1)
    time_points: int = 1
    kernel_source: Statement = NO_SOURCE
    samples_per_pixel: int = 1
    own_object: bool = False
    notices: tuple[Statement, ...] = ()

    @property
    def called(self) -> Statement:
        """How reasons call it; carries no description, which may name a person."""
        number = self.series.number
        called = (
            Statement("series_without_number")
            if number is None
            else Statement("series_number", {"number": str(number)})
        )
        part, parts = self.part
        if parts == 1:
            return called
        return Statement("series_stack", {"series": called, "part": part, "parts": parts})

    @property
    def name(self) -> str:
        """How errors call it."""
        return self.called.text


def candidates_of(series_key: str, instances: Sequence[Instance]) -> tuple[SeriesCandidate, ...]:
    """Cut one series into stacks.

    Args:
        series_key: SeriesInstanceUID, or what stands for it.
        instances: its instances, in an order that does not depend on files' order.
    """
    images = [Image(instance, frame) for instance in instances for frame in instance.frames]
    stacks: list[tuple[list[Image], int]] = []
    for group in _groups(images, _kind):
        for aligned in _by_orientation(group):
            stacks.extend(_by_place(aligned))
    stacks.sort(key=lambda stack: _stack_order(stack[0]))
    return tuple(
        _candidate(f"{series_key}#{number}", stack, (number, len(stacks)), times)
        for number, (stack, times) in enumerate(stacks, start=1)
    )


def infer_native(candidates: Sequence[SeriesCandidate]) -> tuple[SeriesCandidate, ...]:
    """Call CT series native that name no contrast agent where their sisters name one.

    A scanner that fills ContrastBolusAgent does so for each series it was given in; only beside
    such a series does an empty tag mean something.
    """
    fillers = {
        one.series.manufacturer
        for one in candidates
        if one.series.modality == "CT" and agent_given(one.series.contrast_agent)
    }
    return tuple(
        replace(one, series=replace(one.series, phase_hint="native"))
        if one.series.modality == "CT"
        and one.series.phase_hint is None
        and one.series.spectral is None
        and one.series.manufacturer in fillers
        and not agent_given(one.series.contrast_agent)
        and not says_enhanced(one.series.description, one.series.protocol)
        else one
        for one in candidates
    )


def _kind(image: Image) -> Hashable:
    """What images of one volume share, orientation and time aside."""
    instance, frame = image
    spacing = frame.pixel_spacing and tuple(round(value, 3) for value in frame.pixel_spacing)
    is_mr = instance.modality == "MR"
    return (
        instance.sop_class_uid,
        instance.modality,
        (instance.rows, instance.columns, instance.samples_per_pixel),
        spacing,
        frame.image_type if is_mr else _ct_kind(frame),
        round(frame.echo_time, 2) if is_mr and frame.echo_time is not None else None,
        frame.kernel,
        frame.position is None or frame.orientation is None,
    )


def _ct_kind(frame: Frame) -> Hashable:
    """Scanned images, localizers, and each result of several energies are different kinds."""
    return (
        frame.image_type[:1],
        "LOCALIZER" in frame.image_type,
        frame.rescale_type.upper() or "HU",
        read_spectral(frame.image_type, "", frame.energy_kev),
    )


def _groups(images: Iterable[Image], key: Callable[[Image], Hashable]) -> list[list[Image]]:
    grouped: dict[Hashable, list[Image]] = defaultdict(list)
    for image in images:
        grouped[key(image)].append(image)
    return list(grouped.values())


def _by_orientation(images: list[Image]) -> list[list[Image]]:
    """Group images whose direction cosines agree; comparing beats rounding at its edges."""
    groups: list[tuple[tuple[float, ...] | None, list[Image]]] = []
    for image in images:
        cosines = image.frame.orientation
        for known, members in groups:
            if known == cosines or (
                known is not None
                and cosines is not None
                and max(abs(a - b) for a, b in zip(known, cosines, strict=True)) < SAME_ORIENTATION
            ):
                members.append(image)
                break
        else:
            groups.append((cosines, [image]))
    return [members for _, members in groups]


def _by_place(images: list[Image]) -> list[tuple[list[Image], int]]:
    """Cut parallel images into time points, and those at wide gaps; with the number of times."""
    depth = _depth(images)
    if depth is None:
        return [(images, 1)]
    times = _time_points(images, depth)
    stacks: list[tuple[list[Image], int]] = []
    for images_then in times:
        depth_then = _depth(images_then)
        if depth_then is not None:
            parts = blocks(depth_then)
            stacks.extend(([images_then[i] for i in part], len(times)) for part in parts)
    return stacks


def _time_points(images: list[Image], depth: np.ndarray) -> list[list[Image]]:
    """Images at the same places, told apart by the first attribute that does so completely."""
    places = Counter(np.round(depth, 2).tolist())
    multiplicity = max(places.values())
    if multiplicity == 1 or len(places) == 1:
        return [images]
    for keyword in ("file", *WHEN):
        groups = _groups(images, partial(_moment, keyword))
        if len(groups) == multiplicity and all(_places_differ(group) for group in groups):
            return groups
    return [images]


def _moment(keyword: str, image: Image) -> str:
    if keyword == "file":  # each file of a multi-frame series may be one time point
        return "" if image.frame.index is None else str(image.frame.path)
    return dict(image.frame.when).get(keyword, "")


def _places_differ(images: list[Image]) -> bool:
    depth = _depth(images)
    return depth is not None and len(set(np.round(depth, 2).tolist())) == len(images)


def _depth(images: list[Image]) -> np.ndarray | None:
    positions = _positions(images)
    orientation = images[0].frame.orientation
    if orientation is None or len(positions) < len(images):
        return None
    try:
        return along_normal(positions, orientation)
    except ValueError:
        return None


def _positions(images: list[Image]) -> list[Triple]:
    return [image.frame.position for image in images if image.frame.position is not None]


def _stack_order(images: list[Image]) -> tuple[object, ...]:
    """Orders stacks of a series: large ones first, then by place; names of files play no part."""
    first = min(images, key=lambda image: (image.frame.position or (), image.frame.when))
    return (
        -len(images),
        first.frame.position or (),
        first.frame.image_type,
        first.frame.echo_time or 0.0,
        first.frame.when,
        first.instance.sop_class_uid,
        first.instance.sop_instance_uid,
    )


def _candidate(
    key: str, images: list[Image], part: tuple[int, int], time_points: int
) -> SeriesCandidate:
    depth, geometry = _depth(images), None
    if depth is not None:
        images = [images[i] for i in np.argsort(depth, kind="stable")]
        geometry = stack_geometry(_positions(images), images[0].frame.orientation or ())
    lead = min(images, key=lambda image: _lead_order(image.instance))
    kernel = lead.frame.kernel or lead.instance.text("ConvolutionKernel")
    manufacturer = lead.instance.text("Manufacturer")
    words = (lead.instance.text(keyword) for keyword in ("SeriesDescription", "ProtocolName"))
    reading = classify_kernel(kernel, manufacturer, *words)
    series = _series(images, lead, kernel, reading, geometry)
    return SeriesCandidate(
        series=series,
        key=key,
        geometry=geometry,
        frames=tuple(image.frame for image in images),
        part=part,
        time_points=time_points,
        kernel_source=reading.source,
        samples_per_pixel=lead.instance.samples_per_pixel,
        own_object=is_own_object(
            manufacturer, lead.instance.series_uid, lead.instance.sop_instance_uid
        ),
        notices=notices_of(series),
    )


def _lead_order(instance: Instance) -> tuple[object, ...]:
    number = instance.instance_number
    return (number is None, number or 0, instance.sop_instance_uid, str(instance.path))


def _series(
    images: list[Image],
    lead: Image,
    kernel: str,
    reading: KernelReading,
    geometry: StackGeometry | None,
) -> Series:
    instance, frame = lead
    is_ct = instance.modality == "CT"
    description, protocol = instance.text("SeriesDescription"), instance.text("ProtocolName")
    spectral = read_spectral(frame.image_type, description, frame.energy_kev) if is_ct else None
    return Series(
        series_instance_uid=instance.series_uid,
        modality=instance.modality,
        number=instance.series_number,
        description=description,
        protocol=protocol,
        body_part=instance.text("BodyPartExamined"),
        manufacturer=instance.text("Manufacturer"),
        image_type=frame.image_type,
        sop_class_uid=instance.sop_class_uid,
        transfer_syntax_uid=instance.transfer_syntax_uid,
        instances=len(images)
        if frame.position
        else sum(i.instance.frames_declared for i in images),
        rows=instance.rows,
        columns=instance.columns,
        pixel_spacing_mm=frame.pixel_spacing,
        kernel=kernel,
        kernel_class=reading.kernel_class if is_ct else Series("", "").kernel_class,
        slice_thickness_mm=frame.slice_thickness,
        spacing_mm=geometry.spacing_mm if geometry else None,
        coverage_mm=geometry.coverage_mm if geometry else None,
        kvp=_number(instance.text("KVP")),
        contrast_agent=instance.texts.get("ContrastBolusAgent"),
        phase_hint=phase_from_words(description, protocol) if is_ct and not spectral else None,
        acquisition=_acquisition(lead) if instance.modality == "MR" else (),
        rescaled=all(image.frame.rescale is not None for image in images),
        rescale_type=frame.rescale_type,
        spectral=spectral and spectral.kind,
        energy_kev=spectral and spectral.energy_kev,
        lossy=lossy_compression([image.instance for image in images]),
    )


def _acquisition(lead: Image) -> tuple[tuple[str, str], ...]:
    keywords = (
        "ScanningSequence", "SequenceVariant", "SequenceName", "ScanOptions", "MRAcquisitionType",
        "RepetitionTime", "EchoTime", "InversionTime", "MagneticFieldStrength",
    )  # fmt: skip
    facts = [(keyword, lead.instance.text(keyword)) for keyword in keywords]
    if lead.frame.echo_time is not None and not lead.instance.text("EchoTime"):
        facts.append(("EchoTime", f"{lead.frame.echo_time:g}"))
    b_value = dict(lead.frame.when).get("DiffusionBValue", "")
    return tuple(
        (keyword, text) for keyword, text in (*facts, ("DiffusionBValue", b_value)) if text
    )


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
