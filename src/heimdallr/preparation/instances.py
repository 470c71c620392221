"""What one DICOM instance says, as plain values: its study, its series, its image planes."""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, cast

from pydicom.datadict import dictionary_has_tag, dictionary_VR
from pydicom.dataelem import RawDataElement
from pydicom.tag import BaseTag, Tag

from heimdallr.preparation.character_sets import TEXT_VRS, decoded
from heimdallr.preparation.reading import SkippedFileError, SkipReason

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from pydicom.dataset import Dataset, FileDataset

Triple = tuple[float, float, float]

_MAX_TEXT = 256  # what one header text may bring into memory and into id.json

_MAX_CONVERTED = 4096
_converted: dict[tuple[object, ...], tuple[str, ...]] = {}
"""Images of one series say mostly the same; what one of them said is not converted again."""

# What pydicom and Python raise when a value does not have the form its VR promises.
BAD_VALUE = (
    AttributeError, ArithmeticError, EOFError, LookupError, NotImplementedError, OSError,
    RecursionError, TypeError, ValueError, struct.error,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Frame:
    """One image plane: a single-frame instance, or one frame of a multi-frame one.

    Attributes:
        index: frame number from 0 in its file; ``None`` for a single-frame instance.
        of: frames its file has.
        transfer_syntax_uid: of its file, as that is encoded.
        position: ImagePositionPatient, LPS mm.
        orientation: ImageOrientationPatient, six cosines.
        rescale: RescaleSlope and RescaleIntercept; ``None`` unless both are there and the slope is
            not zero.
        rescale_type: RescaleType (0028,1054).
        energy_kev: MonoenergeticEnergyEquivalent (0018,937C).
        image_type: ImageType, or FrameType of an enhanced object.
        when: values that tell time points, b-values and acquisitions apart, by keyword.
    """

    path: Path
    index: int | None
    of: int
    transfer_syntax_uid: str
    position: Triple | None
    orientation: tuple[float, ...] | None
    pixel_spacing: tuple[float, float] | None
    slice_thickness: float | None
    rescale: tuple[float, float] | None
    rescale_type: str
    energy_kev: float | None
    image_type: tuple[str, ...]
    echo_time: float | None
    kernel: str
    when: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Instance:
    """One file: the header facts of its study and series, and its image planes.

    Attributes:
        texts: header texts by keyword, stripped; empty when absent.
        frames_declared: NumberOfFrames, 1 when absent.
        is_whole: whether the file ends where its pixel data do, and not before.
    """

    path: Path
    sop_instance_uid: str
    sop_class_uid: str
    transfer_syntax_uid: str
    study_uid: str
    series_uid: str
    modality: str
    rows: int | None
    columns: int | None
    samples_per_pixel: int
    frames_declared: int
    series_number: int | None
    instance_number: int | None
    image_type: tuple[str, ...]
    texts: dict[str, str]
    frames: tuple[Frame, ...]
    is_whole: bool = True

    def text(self, keyword: str) -> str:
        """A header text, empty when the header does not give it."""
        return self.texts.get(keyword, "")


TEXTS = (
    "AccessionNumber", "BodyPartExamined", "CardiacSynchronizationTechnique",
    "ContrastBolusAgent", "ConvolutionKernel",
    "EchoTime", "FrameOfReferenceUID", "InstitutionName", "InversionTime", "KVP",
    "LossyImageCompression", "LossyImageCompressionMethod", "LossyImageCompressionRatio",
    "MRAcquisitionType", "MagneticFieldStrength", "Manufacturer", "PatientAge",
    "PatientBirthDate", "PatientID", "PatientName", "PatientPosition", "PatientSex", "PatientSize",
    "PatientWeight", "PhotometricInterpretation", "ProtocolName", "RepetitionTime", "ScanOptions",
    "ScanningSequence", "SequenceName", "SequenceVariant", "SeriesDescription", "SeriesTime",
    "StudyDate", "StudyDescription", "StudyTime",
)  # fmt: skip

WHEN = (
    "TemporalPositionIdentifier", "NominalPercentageOfCardiacPhase",
    "NominalPercentageOfRespiratoryPhase", "NominalCardiacTriggerDelayTime",
    "NominalRespiratoryTriggerDelayTime", "DiffusionBValue", "KVP", "AcquisitionNumber",
    "TriggerTime", "AcquisitionTime", "ContentTime",
)  # fmt: skip
"""What may differ between images of one series that lie at one place, and is no property of it."""

_ENHANCED_WHEN = (
    ("TemporalPositionIdentifier", "FrameContentSequence", "TemporalPositionIndex"),
    ("NominalPercentageOfCardiacPhase", "CardiacSynchronizationSequence",
     "NominalPercentageOfCardiacPhase"),
    ("NominalPercentageOfRespiratoryPhase", "RespiratorySynchronizationSequence",
     "NominalPercentageOfRespiratoryPhase"),
    ("NominalCardiacTriggerDelayTime", "CardiacSynchronizationSequence",
     "NominalCardiacTriggerDelayTime"),
    ("NominalRespiratoryTriggerDelayTime", "RespiratorySynchronizationSequence",
     "NominalRespiratoryTriggerDelayTime"),
    ("DiffusionBValue", "MRDiffusionSequence", "DiffusionBValue"),
    ("KVP", "CTXRayDetailsSequence", "KVP"),
    ("AcquisitionNumber", "FrameContentSequence", "FrameAcquisitionNumber"),
)  # fmt: skip


def instance_of(path: Path, header: FileDataset, *, is_whole: bool = True) -> Instance:
    """The facts of one header.

    Args:
        path: its file.
        header: what was read of it.
        is_whole: whether the pixel data are all there.

    Raises:
        SkippedFileError: the header has neither SOP class nor modality, so it describes nothing.
    """
    meta = header.file_meta
    sop_class = text_of(header, "SOPClassUID") or text_of(meta, "MediaStorageSOPClassUID")
    modality = text_of(header, "Modality").upper()
    if not sop_class and not modality:
        raise SkippedFileError(SkipReason.NO_IMAGE_FACTS)
    image_type = values_of(header, "ImageType")
    texts = {keyword: text_of(header, keyword) for keyword in TEXTS if _tag(keyword) in header}
    if agents := _coded_agents(header):
        texts["ContrastBolusAgent"] = texts.get("ContrastBolusAgent") or agents
    return Instance(
        path=path,
        sop_instance_uid=text_of(header, "SOPInstanceUID"),
        sop_class_uid=sop_class,
        transfer_syntax_uid=text_of(meta, "TransferSyntaxUID"),
        study_uid=text_of(header, "StudyInstanceUID"),
        series_uid=text_of(header, "SeriesInstanceUID"),
        modality=modality,
        rows=integer_of(header, "Rows"),
        columns=integer_of(header, "Columns"),
        samples_per_pixel=integer_of(header, "SamplesPerPixel") or 1,
        frames_declared=integer_of(header, "NumberOfFrames") or 1,
        series_number=integer_of(header, "SeriesNumber"),
        instance_number=integer_of(header, "InstanceNumber"),
        image_type=image_type,
        texts=texts,
        frames=tuple(_frames(path, header, image_type)),
        is_whole=is_whole,
    )


def _coded_agents(header: Dataset) -> str:
    """Contrast agents as enhanced images name them, by code (PS3.3 C.7.6.4b)."""
    agents = _sequence(header, "ContrastBolusAgentSequence")
    return "/".join(filter(None, (text_of(one, "CodeMeaning") for one in agents)))[:_MAX_TEXT]


def text_of(dataset: Dataset, keyword: str) -> str:
    """An element as text, several values joined by ``/``; empty when absent or malformed."""
    return "/".join(values_of(dataset, keyword))[:_MAX_TEXT]


def values_of(dataset: Dataset, keyword: str) -> tuple[str, ...]:
    """An element's values as stripped texts; none when absent or malformed."""
    try:
        tag = _tag(keyword)
        element = dataset.get_item(tag)
        if element is None:
            return ()
        encoded = _encoded(keyword, element, dataset)
        known = _converted.get(encoded) if encoded is not None else None
        if known is None:
            shown = shown_text(element, dataset)
            known = _texts(dataset[tag].value if shown is None else shown.split("\\"))
            if encoded is not None:
                _remember(encoded, known)
    except BAD_VALUE:
        return ()
    return known


def _encoded(keyword: str, element: object, dataset: Dataset) -> tuple[object, ...] | None:
    """Everything that decides what an element's bytes mean, where that can be remembered.

    Nothing that is asked for here has a VR that depends on other elements.
    """
    if not isinstance(element, RawDataElement) or len(element.value or b"") > _MAX_TEXT:
        return None
    return (
        keyword,
        element.VR,
        element.value,
        element.is_implicit_VR,
        element.is_little_endian,
        _declared_sets(dataset),
    )


def shown_text(element: object, dataset: Dataset) -> str | None:
    """A text whose bytes show that they are not in the character set that is declared."""
    if not isinstance(element, RawDataElement) or not element.value:
        return None
    vr = element.VR or (dictionary_VR(element.tag) if dictionary_has_tag(element.tag) else "")
    return decoded(element.value, _declared_sets(dataset)) if vr in TEXT_VRS else None


def _declared_sets(dataset: Dataset) -> tuple[str, ...]:
    character_set = dataset.original_character_set
    return (character_set,) if isinstance(character_set, str) else tuple(character_set)


def _remember(encoded: tuple[object, ...], texts: tuple[str, ...]) -> None:
    if len(_converted) >= _MAX_CONVERTED:
        _converted.clear()
    _converted[encoded] = texts


def _texts(value: object) -> tuple[str, ...]:
    if value is None or value == "":
        return ()
    is_many = isinstance(value, (list, tuple)) or _multi(value)
    many = cast("Iterable[object]", value) if is_many else (value,)
    return tuple(str(one).replace("\0", " ").strip()[:_MAX_TEXT] for one in many)


@cache
def _tag(keyword: str) -> BaseTag:
    return Tag(keyword)


def numbers_of(dataset: Dataset, keyword: str, count: int) -> tuple[float, ...] | None:
    """An element as exactly ``count`` finite numbers, else ``None``."""
    try:
        numbers = tuple(float(value) for value in values_of(dataset, keyword))
    except ValueError:
        return None
    return numbers if len(numbers) == count and all(map(math.isfinite, numbers)) else None


def number_of(dataset: Dataset, keyword: str) -> float | None:
    """An element's single finite number, else ``None``."""
    numbers = numbers_of(dataset, keyword, 1)
    return numbers[0] if numbers else None


def number_in(text: str) -> float | None:
    """The number that a text is; ``None`` when it is none."""
    try:
        return float(text)
    except ValueError:
        return None


def integer_of(dataset: Dataset, keyword: str) -> int | None:
    """An element's single whole number, else ``None``."""
    number = number_of(dataset, keyword)
    return int(number) if number is not None and number == int(number) else None


def _multi(value: object) -> bool:
    return type(value).__name__ in {"MultiValue", "ConstrainedList"}


def _frames(path: Path, header: Dataset, image_type: tuple[str, ...]) -> Iterator[Frame]:
    items = _sequence(header, "PerFrameFunctionalGroupsSequence")
    if not items:
        yield _frame((path, None, 1), (header,), header, image_type, _when(header))
        return
    shared = tuple(_sequence(header, "SharedFunctionalGroupsSequence")[:1])
    for index, item in enumerate(items):
        groups = (item, *shared)
        levels = tuple(_macros(groups))
        own = next(
            (kind for level in levels if (kind := values_of(level, "FrameType"))), image_type
        )
        yield _frame((path, index, len(items)), levels, header, own, _enhanced_when(groups))


def _frame(
    where: tuple[Path, int | None, int],
    levels: tuple[Dataset, ...],
    header: Dataset,
    image_type: tuple[str, ...],
    when: tuple[tuple[str, str], ...],
) -> Frame:
    """Collect a plane from the data sets its attributes may stand in, the nearest first.

    Some multi-frame objects give rescale values, kernel and echo once, outside the functional
    groups; the place of a plane is taken from nowhere else.
    """

    def numbers(keyword: str, count: int, *beyond: Dataset) -> tuple[float, ...] | None:
        found = (numbers_of(level, keyword, count) for level in (*levels, *beyond))
        return next((value for value in found if value is not None), None)

    position, spacing = numbers("ImagePositionPatient", 3), numbers("PixelSpacing", 2)
    slope, intercept = numbers("RescaleSlope", 1, header), numbers("RescaleIntercept", 1, header)
    thickness = numbers("SliceThickness", 1)
    echo = numbers("EffectiveEchoTime", 1) or numbers("EchoTime", 1, header)
    energy = numbers("MonoenergeticEnergyEquivalent", 1, *_multi_energy(header), header)
    kernels = (text_of(level, "ConvolutionKernel") for level in (*levels, header))
    units = (text_of(level, "RescaleType") for level in (*levels, header))
    return Frame(
        path=where[0],
        index=where[1],
        of=where[2],
        transfer_syntax_uid=text_of(header.file_meta, "TransferSyntaxUID"),
        position=(position[0], position[1], position[2]) if position else None,
        orientation=numbers("ImageOrientationPatient", 6),
        pixel_spacing=(spacing[0], spacing[1]) if spacing else None,
        slice_thickness=thickness[0] if thickness else None,
        rescale=(slope[0], intercept[0]) if slope and intercept and slope[0] else None,
        rescale_type=next((unit for unit in units if unit), ""),
        energy_kev=energy[0] if energy else None,
        image_type=image_type,
        echo_time=echo[0] if echo else None,
        kernel=next((kernel for kernel in kernels if kernel), ""),
        when=when,
    )


_MACROS = (
    "PlanePositionSequence", "PlaneOrientationSequence", "PixelMeasuresSequence",
    "PixelValueTransformationSequence", "CTImageFrameTypeSequence", "MRImageFrameTypeSequence",
    "CTReconstructionSequence", "MREchoSequence", "MultienergyCTProcessingSequence",
    "MultienergyCTCharacteristicsSequence",
)  # fmt: skip


def _macros(groups: tuple[Dataset, ...]) -> Iterator[Dataset]:
    for group in groups:
        for keyword in _MACROS:
            yield from _sequence(group, keyword)[:1]


def _multi_energy(header: Dataset) -> Iterator[Dataset]:
    """What a single-frame image says of its energies."""
    for keyword in ("MultienergyCTProcessingSequence", "MultienergyCTCharacteristicsSequence"):
        yield from _sequence(header, keyword)[:1]


def _when(header: Dataset) -> tuple[tuple[str, str], ...]:
    return tuple((keyword, text) for keyword in WHEN if (text := text_of(header, keyword)))


def _enhanced_when(groups: tuple[Dataset, ...]) -> tuple[tuple[str, str], ...]:
    found: dict[str, str] = {}
    for keyword, sequence, attribute in _ENHANCED_WHEN:
        for group in groups:
            told = (text_of(item, attribute) for item in _sequence(group, sequence))
            # Of two X-ray sources there are two voltages.
            if text := "/".join(dict.fromkeys(filter(None, told))):
                found.setdefault(keyword, text)
    return tuple((keyword, found[keyword]) for keyword in WHEN if keyword in found)


def _sequence(dataset: Dataset, keyword: str) -> list[Dataset]:
    try:
        element = dataset.get(_tag(keyword))
        return list(element.value or ()) if element is not None else []
    except BAD_VALUE:
        return []
