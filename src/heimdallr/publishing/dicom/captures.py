"""Pictures as secondary captures, for an archive that shows neither segmentations nor reports.

All pictures as the frames of one object (Multi-frame True Color Secondary Capture, PS3.3 A.8.5,
RLE: a third to a tenth of the size), or each as an object of one series (Secondary Capture, A.8.1,
uncompressed: for archives that show the first frame only). Nothing in them names the patient.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image
from pydicom.tag import Tag
from pydicom.uid import (
    ExplicitVRLittleEndian,
    MultiFrameTrueColorSecondaryCaptureImageStorage,
    RLELossless,
    SecondaryCaptureImageStorage,
)

from heimdallr.domain.terms import report_word
from heimdallr.publishing.dicom.header import NOT_FOR_CLINICAL_USE, new_object
from heimdallr.publishing.dicom.kinds import SERIES_NUMBERS, DicomObject
from heimdallr.publishing.overlays.canvas import BACKGROUND
from heimdallr.publishing.overlays.value_table import value_table
from heimdallr.publishing.report.content import picture_caption

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import numpy.typing as npt
    from pydicom.dataset import Dataset

    from heimdallr.publishing.dicom.case_content import CaseFolderContent
    from heimdallr.publishing.dicom.kinds import EarlierValue, ObjectOptions

    Pixels = npt.NDArray[np.uint8]

PAGE_NUMBER_VECTOR = Tag("PageNumberVector")


@dataclass(frozen=True, slots=True)
class Capture:
    """A picture.

    Attributes:
        pixels: (rows, columns, 3) RGB.
        caption: what it shows.
    """

    pixels: Pixels
    caption: str


def captures(content: CaseFolderContent, options: ObjectOptions) -> Iterator[Dataset]:
    """The pictures of a case; nothing where it has none.

    Raises:
        OSError: one cannot be read.
    """
    found = []
    for path in sorted(content.folder.glob("*.png")):
        with Image.open(path) as image:
            pixels = np.asarray(image.convert("RGB"))
        found.append(Capture(pixels, picture_caption(path.name, options.language)))
    description = "Heimdallr pictures"
    yield from _objects(content, DicomObject.CAPTURES, options, found, description)


def table(
    content: CaseFolderContent, options: ObjectOptions, earlier: Sequence[EarlierValue] = ()
) -> Iterator[Dataset]:
    """All values of a case as pictures."""
    sheets = value_table(content.results, content.identity, options.language, earlier)
    caption = report_word("table_heading", options.language)
    pictures = [Capture(np.asarray(sheet.image), caption) for sheet in sheets]
    place = [str(one) for one in earlier]
    description = "Heimdallr values"
    yield from _objects(content, DicomObject.TABLE, options, pictures, description, place=place)


def _objects(
    content: CaseFolderContent,
    kind: DicomObject,
    options: ObjectOptions,
    pictures: Sequence[Capture],
    description: str,
    *,
    place: Iterable[str] = (),
) -> Iterator[Dataset]:
    if not pictures:
        return
    where = (options.captures, options.language, *place)
    if options.captures == "multi_frame":
        yield _multi_frame(content, kind, pictures, description, where)
        return
    for number, picture in enumerate(pictures, start=1):
        new = _new(content, kind, SecondaryCaptureImageStorage, description, where, instance=number)
        new.ImageComments = picture.caption
        _put_pixels(new, picture.pixels)
        yield new


def _multi_frame(
    content: CaseFolderContent,
    kind: DicomObject,
    pictures: Sequence[Capture],
    description: str,
    where: tuple[str, ...],
) -> Dataset:
    """Pictures of all sizes as frames of one: the sheets' background around the smaller ones."""
    sop_class = MultiFrameTrueColorSecondaryCaptureImageStorage
    new = _new(content, kind, sop_class, description, where)
    rows, columns = (max(one.pixels.shape[axis] for one in pictures) for axis in (0, 1))
    frames = np.empty((len(pictures), rows, columns, 3), np.uint8)
    frames[:] = BACKGROUND
    for frame, picture in zip(frames, pictures, strict=True):
        height, width, _ = picture.pixels.shape
        top, left = (rows - height) // 2, (columns - width) // 2
        frame[top : top + height, left : left + width] = picture.pixels
    new.NumberOfFrames = len(pictures)
    if len(pictures) > 1:  # of one alone neither may be there (C.8.6.4, C.8.6.5)
        new.FrameIncrementPointer = PAGE_NUMBER_VECTOR
        new.PageNumberVector = list(range(1, len(pictures) + 1))
    new.ImageComments = "; ".join(dict.fromkeys(one.caption for one in pictures))
    _put_pixels(new, frames)
    new.compress(RLELossless, generate_instance_uid=False)
    return new


def _new(
    content: CaseFolderContent,
    kind: DicomObject,
    sop_class_uid: str,
    description: str,
    where: tuple[str, ...],
    *,
    instance: int = 1,
) -> Dataset:
    """Everything but the pixels (PS3.3 C.8.6.1, C.8.6.2, C.8.6.3)."""
    new = new_object(
        content,
        sop_class_uid=sop_class_uid,
        sop_instance_uid=content.uids.instance(kind, *where, str(instance)),
        series_instance_uid=content.uids.series(kind, *where),
        modality="OT",
        series_number=SERIES_NUMBERS[kind],
        series_description=description,
        instance_number=instance,
        transfer_syntax_uid=ExplicitVRLittleEndian,
    )
    new.ConversionType = "WSD"
    new.SecondaryCaptureDeviceManufacturer = new.Manufacturer
    new.SecondaryCaptureDeviceManufacturerModelName = new.ManufacturerModelName
    new.SecondaryCaptureDeviceSoftwareVersions = new.SoftwareVersions
    # Laterality (Type 2C) may be empty where no body part is named; it must be absent beside an
    # unpaired one, and tell the side of a paired one, which nobody knows here.
    new.pop("BodyPartExamined", None)
    new.Laterality = ""
    new.PatientOrientation = ""
    new.ImageType = ["DERIVED", "SECONDARY"]
    new.DerivationDescription = f"Drawn from the measured images, {NOT_FOR_CLINICAL_USE}"
    new.BurnedInAnnotation = "NO"
    new.RecognizableVisualFeatures = "NO"
    return new


def _put_pixels(new: Dataset, pixels: Pixels) -> None:
    new.SamplesPerPixel, new.PhotometricInterpretation, new.PlanarConfiguration = 3, "RGB", 0
    new.Rows, new.Columns = pixels.shape[-3:-1]
    new.BitsAllocated, new.BitsStored, new.HighBit, new.PixelRepresentation = 8, 8, 7, 0
    content = pixels.tobytes()
    new.PixelData = content + b"\0" * (len(content) % 2)
    new["PixelData"].VR = "OB"
