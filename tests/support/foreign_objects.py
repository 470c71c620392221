"""A case of DICOM images, and what other tools make of it: segmentations, structure sets, NIfTI."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

import highdicom
import numpy as np
import numpy.typing as npt
import pydicom
from object_cases import folder_of
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sr.codedict import codes
from pydicom.uid import ExplicitVRLittleEndian, RTStructureSetStorage, generate_uid

from heimdallr.imaging.patient_axes import LPS_RAS
from heimdallr.imaging.volume import LabelMap, load_label_map, load_volume
from heimdallr.preparation.prepare import PreparedStudy, prepare

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from dicom_series import SeriesOnDisk
    from pydicom.sr.coding import Code

    from heimdallr.corrections.proposals.proposal import Proposal

Masks = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

LIVER, SPLEEN, KIDNEY_RIGHT, KIDNEY_LEFT, L4 = 5, 1, 2, 3, 28
NAMES = {
    SPLEEN: "spleen",
    KIDNEY_RIGHT: "kidney_right",
    KIDNEY_LEFT: "kidney_left",
    LIVER: "liver",
    L4: "vertebrae_L4",
}

ORIENTATIONS = [
    tuple(float(one) for one in (*row, *column))
    for row, column in (
        ((1, 0, 0), (0, 1, 0)), ((1, 0, 0), (0, -1, 0)),
        ((-1, 0, 0), (0, 1, 0)), ((-1, 0, 0), (0, -1, 0)),
        ((0, 1, 0), (1, 0, 0)), ((0, 1, 0), (-1, 0, 0)),
        ((0, -1, 0), (1, 0, 0)), ((0, -1, 0), (-1, 0, 0)),
    )
]  # fmt: skip
"""Axial planes: supine and prone, head and feet first, lying on either side, shown from either."""


def ellipsoid(centre_lps_mm: Sequence[float], radii_mm: Sequence[float]) -> Callable[..., Masks]:
    """What lies in an ellipsoid, of (…, 3) points LPS mm."""

    def inside(points: Floats) -> Masks:
        return np.asarray(((((points - centre_lps_mm) / radii_mm) ** 2).sum(axis=-1)) < 1)

    return inside


AS_FOUND = ellipsoid((25, 10, 2), (20, 15, 14))
"""The liver as the networks drew it."""
AS_DRAWN = ellipsoid((21, 13, 4), (17, 21, 12))
"""The liver as a person draws it with another tool."""
VERTEBRA = ellipsoid((-10, -25, 0), (12, 9, 14))


def around_the_body(series: SeriesOnDisk) -> SeriesOnDisk:
    """The series moved so that the middle of its middle image lies near the origin."""
    middle = series.positions_mm()[len(series.depths_mm) // 2]
    cosines = np.asarray(series.orientation)
    half = (
        cosines[:3] * series.pixel_mm[1] * (series.matrix[1] - 1)
        + cosines[3:] * series.pixel_mm[0] * (series.matrix[0] - 1)
    ) / 2
    x, y, z = np.round(np.asarray(series.origin_mm) - middle - half + (2.0, -3.0, 1.0), 3)
    return replace(series, origin_mm=(float(x), float(y), float(z)))


@dataclass(frozen=True)
class ForeignCase:
    """A case, and the images it was made of.

    Attributes:
        series: the images.
        images: their folder.
        folder: the case folder.
        labels: what the networks found.
    """

    series: SeriesOnDisk
    images: Path
    folder: Path
    labels: LabelMap

    def points_lps_mm(self) -> Floats:
        """(I, J, K, 3) centres of the voxels."""
        index = np.moveaxis(np.indices(self.labels.shape), 0, -1)
        return self.labels.voxel_to_world(index) @ LPS_RAS

    def pixels_lps_mm(self) -> Floats:
        """(N, rows, columns, 3) centres of the pixels."""
        series = self.series
        cosines = np.asarray(series.orientation)
        rows, columns = np.indices(series.matrix).astype(float)
        inside = (
            columns[..., None] * cosines[:3] * series.pixel_mm[1]
            + rows[..., None] * cosines[3:] * series.pixel_mm[0]
        )
        return np.asarray(series.positions_mm()[:, None, None] + inside)

    def after(self, proposal: Proposal) -> npt.NDArray[np.uint8]:
        """(I, J, K) the label map with a proposal in it, by hand."""
        before = np.asarray(self.labels.data, np.uint8).ravel(order="F")
        after = before.copy()
        runs = proposal.difference.maps["total"]
        for start, length, was, now in zip(
            runs.starts, runs.lengths, runs.before, runs.after, strict=True
        ):
            assert (before[start : start + length] == was).all()
            after[start : start + length] = now
        return after.reshape(self.labels.shape, order="F")

    def centroid_ras_mm(self, mask: Masks) -> Floats:
        """(3,) the middle of a mask."""
        return np.asarray(self.labels.voxel_to_world(np.argwhere(mask)).mean(axis=0))


def case_of(series: SeriesOnDisk, tmp_path: Path) -> ForeignCase:
    """A case of a series, its labels those of :data:`AS_FOUND` and of a vertebra."""
    series = around_the_body(series)
    series.write(tmp_path / "in")
    studies = prepare(tmp_path / "in", tmp_path / "work")
    prepared = next(one for one in studies if isinstance(one, PreparedStudy))
    volume = load_volume(prepared.volume_path)
    index = np.moveaxis(np.indices(volume.shape), 0, -1)
    points = volume.voxel_to_world(index) @ LPS_RAS
    data = np.select([AS_FOUND(points), VERTEBRA(points)], [LIVER, L4], 0).astype(np.uint8)
    labels = LabelMap(data, volume.affine, NAMES)
    folder = folder_of(prepared, labels, tmp_path / "cases")
    stored = load_label_map(folder / "labels" / "total.nii.gz", NAMES)
    assert np.array_equal(stored.data, data)
    return ForeignCase(series, tmp_path / "in", folder, labels)


@dataclass(frozen=True)
class Drawn:
    """A segment of another tool.

    Attributes:
        label: SegmentLabel.
        masks: (N, rows, columns), 0 or 1, or shares of one.
        code: SegmentedPropertyType; by default one that says nothing.
        tracking_id: TrackingID.
    """

    label: str
    masks: npt.NDArray[np.generic]
    code: Code = codes.SCT.Tissue
    tracking_id: str | None = None


class OfImages(Protocol):
    """What was made of DICOM images that are there."""

    @property
    def images(self) -> Path:
        """Their folder."""


def write_segmentation(
    case: OfImages,
    path: Path,
    segments: Sequence[Drawn],
    kind: str = "BINARY",
    **changes: object,
) -> Path:
    """A segmentation as highdicom writes it, on the images themselves."""
    stack = [pydicom.dcmread(one) for one in sorted(case.images.iterdir())]
    for image in stack:
        image.PatientBirthDate = image.PatientSex = image.StudyID = ""
        image.ReferringPhysicianName = ""
    pixels = np.stack([one.masks for one in segments], axis=-1)
    if kind == "FRACTIONAL":
        pixels = pixels.astype(np.float32)
    elif kind == "LABELMAP":
        numbers = np.arange(1, len(segments) + 1)
        pixels = (pixels.astype(np.uint8) * numbers).max(axis=-1).astype(np.uint8)
    else:
        pixels = pixels.astype(np.uint8)
    made = highdicom.seg.Segmentation(
        source_images=stack,
        pixel_array=pixels,
        segmentation_type=kind,
        segment_descriptions=[
            highdicom.seg.SegmentDescription(
                segment_number=number,
                segment_label=one.label,
                segmented_property_category=codes.SCT.AnatomicalStructure,
                segmented_property_type=one.code,
                algorithm_type="MANUAL",
                tracking_id=one.tracking_id,
                tracking_uid=highdicom.UID() if one.tracking_id else None,
            )
            for number, one in enumerate(segments, start=1)
        ],
        series_instance_uid=highdicom.UID(),
        series_number=700,
        sop_instance_uid=highdicom.UID(),
        instance_number=1,
        manufacturer="Somebody",
        manufacturer_model_name="Viewer",
        software_versions="1",
        device_serial_number="1",
    )
    for keyword, value in changes.items():
        setattr(made, keyword, value)
    made.save_as(path)
    return path


def write_structure_set(
    case: ForeignCase, path: Path, outlines: Mapping[str, Sequence[Floats]], **changes: object
) -> Path:
    """A structure set of (P, 3) outlines, LPS mm."""
    first = pydicom.dcmread(next(case.images.iterdir()))
    one = Dataset()
    one.SOPClassUID, one.SOPInstanceUID = RTStructureSetStorage, generate_uid()
    for keyword in ("StudyInstanceUID", "PatientID", "PatientName", "FrameOfReferenceUID"):
        setattr(one, keyword, first[keyword].value)
    one.SeriesInstanceUID, one.Modality, one.Manufacturer = generate_uid(), "RTSTRUCT", "Planner"
    one.StructureSetROISequence, one.ROIContourSequence = [], []
    for number, (name, contours) in enumerate(outlines.items(), start=1):
        region, drawn = Dataset(), Dataset()
        region.ROINumber, region.ROIName = number, name
        region.ReferencedFrameOfReferenceUID = first.FrameOfReferenceUID
        drawn.ReferencedROINumber, drawn.ContourSequence = number, []
        for points in contours:
            contour = Dataset()
            contour.ContourGeometricType = "CLOSED_PLANAR"
            contour.NumberOfContourPoints = len(points)
            contour.ContourData = [f"{value:.2f}" for value in points.ravel()]
            drawn.ContourSequence.append(contour)
        one.StructureSetROISequence.append(region)
        one.ROIContourSequence.append(drawn)
    for keyword, value in changes.items():
        setattr(one, keyword, value)
    one.file_meta = FileMetaDataset()
    one.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    one.file_meta.MediaStorageSOPClassUID = one.SOPClassUID
    one.file_meta.MediaStorageSOPInstanceUID = one.SOPInstanceUID
    pydicom.dcmwrite(path, one, enforce_file_format=True)
    return path
