"""Segmentations lie where their structures lie, on every kind of source, for every reader."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Literal

import highdicom
import numpy as np
import numpy.typing as npt
import pydicom
import pytest
from dicom_series import SeriesOnDisk, body_hu, enhanced_mr
from dicom_validators import errors_of
from foreign_objects import around_the_body
from object_cases import folder_of
from pydicom.sr.codedict import codes

from heimdallr.domain.errors import ObjectError, PublishingError
from heimdallr.domain.identity import OWN_UID_ROOT
from heimdallr.imaging.patient_axes import LPS_RAS
from heimdallr.imaging.volume import LabelMap, Volume, load_volume
from heimdallr.preparation.prepare import PreparedStudy, RefusedStudy, prepare
from heimdallr.publishing.correction_records import CorrectionRecord, StructureChange
from heimdallr.publishing.dicom.case_content import read_case
from heimdallr.publishing.dicom.kinds import DicomObject, ObjectOptions
from heimdallr.publishing.dicom.label_planes import source_planes
from heimdallr.publishing.dicom.objects import write_objects, write_objects_of
from heimdallr.publishing.dicom.segmentation_reader import (
    SegmentationImage,
    read_segmentation,
)
from heimdallr.publishing.results import results_json
from heimdallr.publishing.schema import RESULTS_FILE, read_results

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from heimdallr.publishing.correction_records import CorrectionKind
    from heimdallr.publishing.dicom.written import WrittenObject

ORGAN, BONE = 5, 27
NAMES = {ORGAN: "liver", BONE: "vertebrae_L4"}
BOTH = ObjectOptions(structures=tuple(NAMES.values()))
LABEL_MAPS = replace(BOTH, segmentation="labelmap")
CENTROID_MM = 0.1
SEG, SEG_REGULAR = DicomObject.SEG, DicomObject.SEG_REGULAR

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


def labels_at(points_lps_mm: npt.NDArray[np.float64]) -> npt.NDArray[np.uint8]:
    """Labels of the body of :mod:`dicom_series` at (…, 3) points."""
    x, y, z = np.moveaxis(points_lps_mm, -1, 0)
    hu = body_hu(points_lps_mm) - (0.2 * x + 0.1 * y + 0.3 * z)
    return np.select([np.isclose(hu, 110.0), np.isclose(hu, 700.0)], [ORGAN, BONE], 0).astype(
        np.uint8
    )


def labelled(volume: Volume) -> LabelMap:
    """The body's labels on the voxels of a volume."""
    index = np.moveaxis(np.indices(volume.shape), 0, -1)
    return LabelMap(labels_at(volume.voxel_to_world(index) @ LPS_RAS), volume.affine, NAMES)


def labelled_by_value(volume: Volume) -> LabelMap:
    """Labels that follow from the values of the voxels: images tell them, wherever they lie."""
    return LabelMap(by_value(np.asarray(volume.data)), volume.affine, NAMES)


def by_value(values: npt.NDArray[np.generic]) -> npt.NDArray[np.uint8]:
    """A label for what is bright, another for what is very bright."""
    rank = values.astype(np.float64)
    low, high = np.quantile(rank, [0.7, 0.97])
    return np.select([rank > high, rank > low], [BONE, ORGAN], 0).astype(np.uint8)


@dataclass(frozen=True)
class Made:
    """A case and the objects made of it."""

    images: Path
    prepared: PreparedStudy
    labels: LabelMap
    folder: Path
    written: list[WrittenObject]

    def read(self, kind: DicomObject = SEG) -> SegmentationImage:
        """The object of a kind, read again."""
        return read_segmentation(self.path(kind))

    def path(self, kind: DicomObject = SEG) -> Path:
        """Its file."""
        return next(one.path for one in self.written if one.kind is kind)


def made_of(
    images: Path,
    tmp_path: Path,
    options: ObjectOptions = BOTH,
    *,
    label: Callable[[Volume], LabelMap] = labelled,
) -> Made:
    """Prepare images, label their volume, make a case folder and objects of it."""
    studies = prepare(images, tmp_path / "work")
    prepared = next(one for one in studies if isinstance(one, PreparedStudy))
    labels = label(load_volume(prepared.volume_path))
    task = "total" if prepared.study.modality == "CT" else "total_mr"
    folder = folder_of(prepared, labels, tmp_path / "cases", task)
    written = write_objects(folder, [SEG, SEG_REGULAR], tmp_path / "objects", options)
    return Made(images, prepared, labels, folder, written)


def expected_masks(series: SeriesOnDisk, label: int) -> dict[str, npt.NDArray[np.bool_]]:
    """SOPInstanceUID → where the body has a label on that image."""
    cosines = np.asarray(series.orientation)
    rows, columns = np.indices(series.matrix).astype(float)
    inside = (
        columns[..., None] * cosines[:3] * series.pixel_mm[1]
        + rows[..., None] * cosines[3:] * series.pixel_mm[0]
    )
    return {
        f"{series.series_uid}.{k + 1}": labels_at(position + inside) == label
        for k, position in enumerate(series.positions_mm())
    }


def masks_of(image: SegmentationImage, structure: str) -> Mapping[str, npt.NDArray[np.bool_]]:
    """SOPInstanceUID → mask of a structure on that image."""
    segment = next(one for one in image.segments if one.structure == structure)
    uids = [plane.sop_instance_uid for plane in segment.planes]
    assert len(set(uids)) == len(uids)
    return dict(zip(uids, segment.masks, strict=True))


def centroid(
    masks: Mapping[str, npt.NDArray[np.bool_]], series: SeriesOnDisk
) -> npt.NDArray[np.float64]:
    """(3,) LPS mm of masks on the images of a series."""
    cosines, points = np.asarray(series.orientation), []
    for uid, mask in masks.items():
        row, column = np.nonzero(mask)
        points.append(
            series.positions_mm()[int(uid.rsplit(".", 1)[1]) - 1]
            + column[:, None] * cosines[:3] * series.pixel_mm[1]
            + row[:, None] * cosines[3:] * series.pixel_mm[0]
        )
    return np.asarray(np.concatenate(points).mean(axis=0))


def centroid_of(image: SegmentationImage, structure: str) -> npt.NDArray[np.float64]:
    """(3,) LPS mm of a segment's pixels, where the object itself says they lie."""
    segment = next(one for one in image.segments if one.structure == structure)
    frame, row, column = np.nonzero(segment.masks)
    cosines = np.asarray(image.orientation)
    between_rows, between_columns = image.pixel_spacing_mm
    positions = np.array([plane.position_lps_mm for plane in segment.planes])
    points = (
        positions[frame]
        + column[:, None] * cosines[:3] * between_columns
        + row[:, None] * cosines[3:] * between_rows
    )
    return np.asarray(points.mean(axis=0))


@pytest.mark.parametrize("orientation", ORIENTATIONS, ids=str)
def test_every_pixel_returns_to_its_image(orientation: tuple[float, ...], tmp_path: Path) -> None:
    """However the patient lies and whatever side planes are seen from, pixel by pixel."""
    series = around_the_body(SeriesOnDisk(orientation=orientation))
    series.write(tmp_path / "in")
    made = made_of(tmp_path / "in", tmp_path)
    image = made.read()
    for label, name in NAMES.items():
        expected = {uid: mask for uid, mask in expected_masks(series, label).items() if mask.any()}
        found = masks_of(image, name)
        assert found.keys() == expected.keys()
        assert all(np.array_equal(found[uid], expected[uid]) for uid in expected)
        at = centroid_of(image, name)
        assert np.allclose(at, centroid(expected, series), atol=CENTROID_MM)
    assert not [one for one in made.written if one.kind is SEG_REGULAR]


IRREGULAR = {
    "tilted": SeriesOnDisk(shear_mm=0.2),
    "tilted the other way": SeriesOnDisk(shear_mm=-0.2),
    "uneven": SeriesOnDisk(depths_mm=(0, 2, 4, 6, 8, 10, 12, 15, 18, 21, 24, 27, 30, 33, 36, 39)),
    "slices missing": SeriesOnDisk(depths_mm=(0, 3, 6, 9, 12, 15, 24, 27, 30, 33, 36, 39, 42)),
}


@pytest.mark.parametrize("name", IRREGULAR)
def test_planes_that_make_no_grid_get_their_own_pixels(name: str, tmp_path: Path) -> None:
    """The volume was resampled: each pixel has the nearest voxel's label, its centroid stays."""
    coarse = IRREGULAR[name]
    fine = replace(coarse, matrix=(220, 240), pixel_mm=(0.6, 0.65))
    series = around_the_body(fine)
    series.write(tmp_path / "in")
    made = made_of(tmp_path / "in", tmp_path)
    image = made.read()
    for label, structure in NAMES.items():
        expected = {uid: mask for uid, mask in expected_masks(series, label).items() if mask.any()}
        found = masks_of(image, structure)
        assert set(expected) >= set(found)
        shared = {uid: expected[uid] for uid in found}
        assert np.allclose(centroid(found, series), centroid(shared, series), atol=CENTROID_MM)
    regular = made.read(SEG_REGULAR)
    voxels = np.argwhere(np.asarray(made.labels.data) == ORGAN)
    middle = made.labels.voxel_to_world(voxels).mean(axis=0) @ LPS_RAS
    assert np.allclose(centroid_of(regular, "liver"), middle, atol=CENTROID_MM)
    assert errors_of(made.path(), "Segmentation") == []
    assert errors_of(made.path(SEG_REGULAR), "Segmentation") == []


def test_frames_of_an_enhanced_object_are_named(tmp_path: Path) -> None:
    """One instance: the frame says which of its images a mask belongs to."""
    enhanced_mr(tmp_path / "in")
    made = made_of(tmp_path / "in", tmp_path, label=labelled_by_value)
    planes = made.read().segments[0].planes
    assert {plane.frame for plane in planes} <= {1, 3, 5, 7, 9, 11, 13, 15}
    assert len({plane.frame for plane in planes}) == len(planes)
    assert errors_of(made.path(), "Segmentation") == []


@pytest.mark.parametrize(
    ("name", "within"),
    [
        ("ct_abdomen_tcga_lihc_A10W", ""),
        ("ct_head_ge_tilt_varspacing", ""),
        ("ct_enhanced_multiframe", ""),
        ("ct_totalsegmentator_example", "dicom"),
        ("mr_enhanced", ""),
    ],
)
def test_real_images_get_valid_objects(
    name: str, within: str, real_set: Callable[[str], Path], tmp_path: Path
) -> None:
    """Both builds of dciodvfy find nothing; masks are the bright pixels of the very images."""
    made = made_of(real_set(name) / within, tmp_path, label=labelled_by_value)
    assert errors_of(made.path(), "Segmentation") == []
    segments = made.read().segments
    total = sum(int(segment.masks.sum()) for segment in segments)
    voxels = int((np.asarray(made.labels.data) > 0).sum())
    if made.prepared.conversion is not None and made.prepared.conversion.resampled:
        assert errors_of(made.path(SEG_REGULAR), "Segmentation") == []
    else:
        assert total == voxels
    if name == "ct_totalsegmentator_example":  # whose UIDs are empty
        assert pydicom.dcmread(made.path()).StudyInstanceUID.startswith(OWN_UID_ROOT)


@pytest.fixture(scope="module")
def regular(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """An ordinary CT whose matrix fills no whole bytes, and its segmentation."""
    folder = tmp_path_factory.mktemp("regular")
    series = around_the_body(SeriesOnDisk(matrix=(45, 49), pixel_mm=(3.0, 3.0)))
    series.write(folder / "in")
    return made_of(folder / "in", folder)


def test_highdicom_reads_the_same(regular: Made) -> None:
    """The reader most programs use: names, numbers, pixels; frames of odd size have no gaps."""
    theirs = highdicom.seg.segread(str(regular.path()))
    ours = regular.read()
    assert list(theirs.segment_numbers) == [1, 2]
    for segment in ours.segments:
        pixels = theirs.get_pixels_by_source_instance(
            [plane.sop_instance_uid for plane in segment.planes],
            segment_numbers=[segment.number],
        )
        assert np.array_equal(pixels[..., 0] > 0, segment.masks)
    codes = theirs.SegmentSequence[0].SegmentedPropertyTypeCodeSequence[0]
    assert (codes.CodeValue, codes.CodingSchemeDesignator) == ("10200004", "SCT")


@pytest.mark.parametrize("kind", ["binary", "labelmap"])
def test_frames_are_those_highdicom_writes(
    regular: Made, kind: Literal["binary", "labelmap"], tmp_path: Path
) -> None:
    """Same pixel data, same functional groups, in the same order."""
    (written,) = write_objects(regular.folder, [SEG], tmp_path, replace(BOTH, segmentation=kind))
    ours = pydicom.dcmread(written.path)
    by_uid = {one.SOPInstanceUID: one for one in map(pydicom.dcmread, regular.images.iterdir())}
    source = regular.prepared.source
    assert source is not None
    stack = [by_uid[plane.sop_instance_uid] for plane in source.planes]
    for image in stack:
        image.PatientBirthDate = image.PatientSex = image.StudyID = ""
        image.ReferringPhysicianName = ""
    pixels = source_planes(regular.labels, source, resampled=False).pixels[::-1]
    if kind == "binary":
        pixels = np.select([pixels == ORGAN, pixels == BONE], [1, 2], 0).astype(np.uint8)
    algorithm = highdicom.AlgorithmIdentificationSequence(
        name="test", version="0", family=codes.DCM.ArtificialIntelligence
    )
    made = highdicom.seg.Segmentation(
        source_images=stack,
        pixel_array=pixels,
        segmentation_type=kind.upper(),
        segment_descriptions=[
            highdicom.seg.SegmentDescription(
                segment_number=number,
                segment_label=str(number),
                segmented_property_category=codes.SCT.Organ,
                segmented_property_type=codes.SCT.Liver,
                algorithm_type="AUTOMATIC",
                algorithm_identification=algorithm,
            )
            for number in ((1, 2) if kind == "binary" else NAMES)
        ],
        series_instance_uid=highdicom.UID(),
        series_number=1,
        sop_instance_uid=highdicom.UID(),
        instance_number=1,
        manufacturer="test",
        manufacturer_model_name="test",
        software_versions="0",
        device_serial_number="0",
    )
    made.save_as(tmp_path / "theirs.dcm")
    theirs = pydicom.dcmread(tmp_path / "theirs.dcm")
    assert ours.SharedFunctionalGroupsSequence == theirs.SharedFunctionalGroupsSequence
    assert ours.PerFrameFunctionalGroupsSequence == theirs.PerFrameFunctionalGroupsSequence
    assert np.array_equal(ours.pixel_array, theirs.pixel_array)


def test_a_label_map_object_says_the_same_in_less(regular: Made, tmp_path: Path) -> None:
    """LABELMAP keeps the numbers of the classes; Debian's dciodvfy does not know it."""
    (written,) = write_objects(regular.folder, [SEG], tmp_path, LABEL_MAPS)
    assert errors_of(written.path, "Segmentation", "PyPI") == []
    image = read_segmentation(written.path)
    assert [one.number for one in image.segments] == [ORGAN, BONE]
    for mine, theirs in zip(image.segments, regular.read().segments, strict=True):
        assert mine.structure == theirs.structure
        assert np.array_equal(mine.masks, theirs.masks)
        assert [one.sop_instance_uid for one in mine.planes] == [
            one.sop_instance_uid for one in theirs.planes
        ]


def _corrected(number: int, kind: CorrectionKind, **volumes_before_cm3: float) -> CorrectionRecord:
    """A correction of these structures."""
    changes = [
        StructureChange(
            task="total",
            structure=structure,
            voxels_added=9,
            voxels_removed=0,
            dice=0.9 if before else None,
            volume_before_cm3=before,
            volume_after_cm3=before + 1,
        )
        for structure, before in volumes_before_cm3.items()
    ]
    at = datetime(2026, 2, 2, 8, 30, tzinfo=timezone.utc)
    return CorrectionRecord(
        number=number, kind=kind, by="user:ana", at=at, base="0" * 32, structures=changes
    )


REDRAWN = _corrected(1, "voxels", liver=1200.0)
PAINTED = _corrected(2, "voxels", vertebrae_L4=0.0)


@pytest.mark.parametrize(
    ("corrections", "types"),
    [
        ([], ["AUTOMATIC", "AUTOMATIC"]),
        ([REDRAWN], ["SEMIAUTOMATIC", "AUTOMATIC"]),
        ([REDRAWN, PAINTED], ["SEMIAUTOMATIC", "MANUAL"]),
        ([PAINTED, _corrected(3, "voxels", vertebrae_L4=1.0)], ["AUTOMATIC", "MANUAL"]),
        ([_corrected(1, "levels", vertebrae_L4=0.0)], ["AUTOMATIC", "SEMIAUTOMATIC"]),
        ([PAINTED, _corrected(3, "levels", vertebrae_L4=1.0)], ["AUTOMATIC", "SEMIAUTOMATIC"]),
        ([_corrected(3, "restore", liver=1201.0, vertebrae_L4=1.0)], ["AUTOMATIC", "AUTOMATIC"]),
    ],
)
def test_a_persons_outline_is_not_called_the_networks(
    regular: Made, tmp_path: Path, corrections: list[CorrectionRecord], types: list[str]
) -> None:
    """Redrawn, or under another level's name: in part; painted where there was nothing: alone.

    After the way back to the networks' version it is theirs again.
    """
    folder = tmp_path / regular.folder.name
    shutil.copytree(regular.folder, folder)
    results = read_results(folder)
    told = results.provenance.model_copy(update={"corrections": corrections})
    text = results_json(results.model_copy(update={"provenance": told}))
    (folder / RESULTS_FILE).write_text(text)
    (one,) = write_objects(folder, [SEG], tmp_path / "objects", BOTH)
    assert errors_of(one.path, "Segmentation") == []
    segments = pydicom.dcmread(one.path).SegmentSequence
    assert [segment.SegmentAlgorithmType for segment in segments] == types
    for segment in segments:
        is_networks = segment.SegmentAlgorithmType == "AUTOMATIC"
        assert segment.SegmentDescription.endswith("corrected by a person") is not is_networks
        by_network = segment.SegmentAlgorithmType != "MANUAL"
        assert ("SegmentAlgorithmName" in segment) is by_network
        assert ("SegmentationAlgorithmIdentificationSequence" in segment) is by_network


def test_made_again_it_is_the_same_file(regular: Made, tmp_path: Path) -> None:
    """Byte for byte: an archive that has it may believe that it has it."""
    (again,) = write_objects(regular.folder, [SEG], tmp_path, BOTH)
    assert again.path.read_bytes() == regular.path().read_bytes()


def test_other_structures_are_another_object(regular: Made, tmp_path: Path) -> None:
    """Nothing that differs shares a UID."""
    (one,) = write_objects(regular.folder, [SEG], tmp_path, ObjectOptions(structures=("liver",)))
    (before,) = (one for one in regular.written if one.kind is SEG)
    assert one.sop_instance_uid != before.sop_instance_uid


def test_it_comes_back_and_starts_nothing(regular: Made, tmp_path: Path) -> None:
    """Sent to a PACS and forwarded to us again, it is known as our own."""
    outcome = next(prepare(regular.path(), tmp_path))
    assert isinstance(outcome, RefusedStudy)
    assert "only objects Heimdallr wrote itself" in str(outcome.error)


def test_what_was_not_segmented_is_not_made_up(regular: Made, tmp_path: Path) -> None:
    """A structure that is asked for and not there is an error, not an empty segment."""
    with pytest.raises(ObjectError, match="not segmented in this case: spleen"):
        write_objects(regular.folder, [SEG], tmp_path, ObjectOptions(structures=("spleen",)))


def test_a_case_that_is_published_anew_meanwhile_gives_nothing(
    regular: Made, tmp_path: Path
) -> None:
    """Numbers of one revision and masks of another would be mixed."""
    folder = tmp_path / regular.folder.name
    shutil.copytree(regular.folder, folder)
    content = read_case(folder)
    shutil.copytree(regular.folder, tmp_path / "revision")
    shutil.rmtree(folder)
    (tmp_path / "revision").rename(folder)
    with pytest.raises(PublishingError, match="published anew"):
        write_objects_of(content, [SEG], tmp_path / "objects", BOTH)
    assert not list((tmp_path / "objects").iterdir())


def test_images_of_another_stack_are_refused(regular: Made, tmp_path: Path) -> None:
    """Masks on the wrong images would be worse than none."""
    source = regular.prepared.source
    assert source is not None
    (regular.folder / "source.json").rename(tmp_path / "source.json")
    try:
        for wrong in (
            replace(source, planes=source.planes[1:]),
            replace(source, planes=tuple(
                replace(one, position_lps_mm=(one.position_lps_mm[0] + 9, 0.0, 0.0))
                for one in source.planes
            )),
        ):  # fmt: skip
            with pytest.raises(ObjectError, match="not those this case was made of"):
                write_objects(regular.folder, [SEG], tmp_path, BOTH, source=wrong)
    finally:
        (tmp_path / "source.json").rename(regular.folder / "source.json")


def test_a_file_that_is_no_segmentation_is_refused(tmp_path: Path) -> None:
    """Without quoting what is in it."""
    SeriesOnDisk().write(tmp_path)
    with pytest.raises(ObjectError, match="no segmentation object"):
        read_segmentation(tmp_path / "image000.dcm")
