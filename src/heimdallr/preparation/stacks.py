"""From the instances of one series to stacks of parallel slices, each a candidate for a volume.

A series is what the scanner's operator called a series. It may hold two localizer views, water and
fat images, two echoes, five time points, or the same slices as single files and once more as one
multi-frame object. It is cut where images cannot belong to one volume: different matrix, pixel
size, orientation, kind of image, echo (:mod:`~heimdallr.preparation.image_kinds`), or the same
part of the body once more (:mod:`~heimdallr.preparation.passes`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from heimdallr.domain.identity import is_own_object
from heimdallr.domain.statements import Statement
from heimdallr.domain.study import Series
from heimdallr.preparation.coverage import Coverage, coverage_of
from heimdallr.preparation.geometry import blocks, stack_geometry
from heimdallr.preparation.image_kinds import (
    differences,
    is_localizer,
    kinds_of,
    same_orientation,
)
from heimdallr.preparation.image_planes import Image, depths_mm, positions_mm
from heimdallr.preparation.instances import number_in
from heimdallr.preparation.kernels import NO_SOURCE, KernelReading, classify_kernel
from heimdallr.preparation.lossy import lossy_compression
from heimdallr.preparation.notices import notices_of
from heimdallr.preparation.passes import Pass, Telling, passes
from heimdallr.preparation.phases import agent_given, phase_from_words, says_enhanced
from heimdallr.preparation.spectral import read_spectral

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from heimdallr.domain.study import Unseen
    from heimdallr.preparation.geometry import StackGeometry
    from heimdallr.preparation.instances import Frame, Instance

_GATED = {"PROSPECTIVE", "RETROSPECTIVE", "PACED"}
"""Of CardiacSynchronizationTechnique (0018,9037), PS3.3 C.7.6.18.1.1.1; ``REALTIME`` is none."""
_IN_CYCLE = {
    "NominalPercentageOfCardiacPhase", "NominalCardiacTriggerDelayTime", "TriggerTime",
}  # fmt: skip
"""When in the cardiac cycle an image was made; a 0 stands in headers of scans without gating."""


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
        cut_short: its files end before their pixel data do.
        unseen: parts of the patient that the series shows or should show, and this stack does not.
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
    cut_short: bool = False
    unseen: tuple[Unseen, ...] = ()
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


@dataclass(frozen=True, slots=True)
class _Stack:
    """Images of one volume to be.

    Attributes:
        images: in order along the normal, where headers tell it.
        of: the pass they are a part of.
        kind: all images of their kind and orientation.
    """

    images: Sequence[Image]
    of: Pass
    kind: Sequence[Image]


def candidates_of(
    series_key: str, instances: Sequence[Instance], notices: Sequence[Statement] = ()
) -> tuple[SeriesCandidate, ...]:
    """Cut one series into stacks.

    Args:
        series_key: SeriesInstanceUID, or what stands for it.
        instances: its instances, in an order that does not depend on files' order.
        notices: what has to be told of each of its stacks.
    """
    kinds = kinds_of(Image(instance, frame) for instance in instances for frame in instance.frames)
    # Of series that were taken apart or put together, numbers tell less.
    known = (one.instance_number for one in instances if not notices)
    numbers = {number for number in known if number is not None}
    stacks = sorted((stack for kind in kinds for stack in _by_place(kind)), key=_stack_order)
    found = []
    for number, stack in enumerate(stacks, start=1):
        coverage = _coverage(stack, kinds, numbers)
        candidate = _candidate(f"{series_key}#{number}", stack, (number, len(stacks)))
        left_out = (*notices, *_left_out(stack, kinds, numbers), *coverage.notices)
        told = (*candidate.notices, *left_out)
        found.append(replace(candidate, unseen=coverage.unseen, notices=told))
    return tuple(found)


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


def _by_place(kind: Sequence[Image]) -> list[_Stack]:
    """Cut images of one kind and orientation into passes, and those at wide gaps."""
    depths = depths_mm(kind)
    if depths is None:
        return [_Stack(kind, Pass(tuple(kind)), kind)]
    stacks: list[_Stack] = []
    for one in passes(kind, depths):
        depths_then = depths_mm(one.images)
        parts = blocks(depths_then) if depths_then is not None else []
        stacks.extend(_Stack([one.images[i] for i in part], one, kind) for part in parts)
    return stacks


def _coverage(
    stack: _Stack, kinds: Sequence[Sequence[Image]], numbers: Collection[int]
) -> Coverage:
    """What a stack does not show of its series; nothing of what is no volume."""
    lead = stack.images[0]
    places = {image.frame.position for image in stack.images}
    if depths_mm(stack.images) is None or len(places) < max(len(stack.images), 2):
        return Coverage()
    parallel = [
        image
        for kind in kinds
        if same_orientation(kind[0], lead)
        and kind[0].instance.modality == lead.instance.modality
        and is_localizer(kind[0]) == is_localizer(lead)
        for image in kind
    ]
    return coverage_of(stack.images, parallel, numbers)


def _left_out(
    stack: _Stack, kinds: Sequence[Sequence[Image]], numbers: Collection[int]
) -> Iterator[Statement]:
    """What of the series is not in a stack because it shows the same, or something else."""
    if stack.of.copies:
        yield Statement("images_copied", {"images": stack.of.copies})
    if stack.of.doubled:
        yield Statement("images_doubled", {"images": stack.of.doubled})
    yield from map(_said_pass, stack.of.tellings)
    lead = stack.kind[0].instance
    others = [
        kind
        for kind in kinds
        if kind is not stack.kind and kind[0].instance.modality == lead.modality
    ]
    if cut := sum(len(kind) for kind in others if lead.is_whole > kind[0].instance.is_whole):
        yield Statement("images_cut_short", {"images": cut})
    others = [kind for kind in others if lead.is_whole <= kind[0].instance.is_whole]
    if others:
        images = sum(map(len, others))
        attributes = differences(stack.kind, others)
        yield Statement("images_of_other_kind", {"images": images, "attributes": attributes})
    first = min(numbers, default=1)
    # Some scanners number the images of a whole study: then the first number is a large one.
    if 1 < first <= len(numbers):
        yield Statement("numbered_late", {"first": first, "images": first - 1})


def _said_pass(told: Telling) -> Statement:
    number, passes_over_body = told.number
    if not told.value:
        return Statement(
            "one_pass",
            {
                "number": number,
                "passes": passes_over_body,
                "images": told.others,
                "attribute": told.attribute,
            },
        )
    return Statement(
        "one_pass_of_value",
        {
            "number": number,
            "passes": passes_over_body,
            "images": told.others,
            "attribute": told.attribute,
            "value": told.value,
        },
    )


def _stack_order(stack: _Stack) -> tuple[object, ...]:
    """Orders stacks of a series: large ones first, then by place; names of files play no part."""
    first = min(stack.images, key=lambda image: (image.frame.position or (), image.frame.when))
    return (
        -len(stack.images),
        tuple(one.number for one in stack.of.tellings),
        first.frame.position or (),
        first.frame.image_type,
        first.frame.echo_time or 0.0,
        first.frame.when,
        first.instance.sop_class_uid,
        first.instance.sop_instance_uid,
    )


def _candidate(key: str, stack: _Stack, part: tuple[int, int]) -> SeriesCandidate:
    images, geometry = stack.images, None
    if depths_mm(images) is not None:
        geometry = stack_geometry(positions_mm(images), images[0].frame.orientation or ())
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
        time_points=stack.of.alike,
        kernel_source=reading.source,
        samples_per_pixel=lead.instance.samples_per_pixel,
        own_object=is_own_object(
            manufacturer, lead.instance.series_uid, lead.instance.sop_instance_uid
        ),
        cut_short=not lead.instance.is_whole,
        notices=notices_of(series),
    )


def _lead_order(instance: Instance) -> tuple[object, ...]:
    number = instance.instance_number
    return (number is None, number or 0, instance.sop_instance_uid, str(instance.path))


def _series(
    images: Sequence[Image],
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
        kvp=_kvp(images),
        contrast_agent=instance.texts.get("ContrastBolusAgent"),
        gated=is_ct and _is_gated(images),
        phase_hint=phase_from_words(description, protocol) if is_ct and not spectral else None,
        acquisition=_acquisition(lead) if instance.modality == "MR" else (),
        rescaled=all(image.frame.rescale is not None for image in images),
        rescale_type=frame.rescale_type,
        spectral=spectral and spectral.kind,
        energy_kev=spectral and spectral.energy_kev,
        lossy=lossy_compression([image.instance for image in images]),
    )


def _kvp(images: Sequence[Image]) -> float | None:
    """The tube voltage in kV; ``None`` where images or X-ray sources differ in it."""
    told = (dict(i.frame.when).get("KVP") or i.instance.text("KVP") for i in images)
    voltages = {number_in(text) for text in dict.fromkeys(told) if text}
    return voltages.pop() if len(voltages) == 1 else None


def _is_gated(images: Sequence[Image]) -> bool:
    """Whether a header tells of gating by an electrocardiogram."""
    return any(
        image.instance.text("CardiacSynchronizationTechnique").upper() in _GATED
        or any((number_in(text) or 0.0) > 0 for name, text in image.frame.when if name in _IN_CYCLE)
        for image in images
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
