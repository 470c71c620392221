"""What other tools drew lies where they drew it, is what they call it, and nothing is guessed."""

from __future__ import annotations

import json
import shutil
import subprocess
import sysconfig
import weakref
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import nibabel as nib
import numpy as np
import pydicom
import pytest
from dicom_series import SAGITTAL, SeriesOnDisk
from foreign_objects import (
    AS_DRAWN,
    AS_FOUND,
    KIDNEY_LEFT,
    L4,
    LIVER,
    NAMES,
    ORIENTATIONS,
    SPLEEN,
    Drawn,
    ForeignCase,
    case_of,
    write_segmentation,
    write_structure_set,
)
from pydicom.sr.codedict import codes
from pydicom.uid import generate_uid

from heimdallr.corrections.proposals import drawn, nifti_files
from heimdallr.corrections.proposals.images_of_case import images_of
from heimdallr.corrections.proposals.painting import Canvas
from heimdallr.corrections.proposals.plane_stack import PlaneStack
from heimdallr.corrections.proposals.proposal import Proposal, proposal_from
from heimdallr.domain.errors import CorrectionError
from heimdallr.imaging.volume import LabelMap, load_label_map, save_nifti
from heimdallr.publishing.dicom.kinds import DicomObject, ObjectOptions
from heimdallr.publishing.dicom.objects import write_objects

if TYPE_CHECKING:
    import numpy.typing as npt

CENTROID_MM = 0.1
SEG, SEG_REGULAR = DicomObject.SEG, DicomObject.SEG_REGULAR
FINE = {"matrix": (220, 240), "pixel_mm": (0.6, 0.65)}
TILTED = SeriesOnDisk(shear_mm=0.2, **FINE)  # type: ignore[arg-type]
IRREGULAR = {
    "tilted": TILTED,
    "tilted the other way": replace(TILTED, shear_mm=-0.2),
    "uneven": SeriesOnDisk(depths_mm=(0, 2, 4, 6, 8, 10, 12, 15, 18, 21, 24, 27, 30, 33, 36, 39)),
    "slices missing": SeriesOnDisk(depths_mm=(0, 3, 6, 9, 12, 15, 24, 27, 30, 33, 36, 39, 42)),
}


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> ForeignCase:
    """An ordinary axial CT."""
    return case_of(SeriesOnDisk(), tmp_path_factory.mktemp("case"))


@pytest.fixture(scope="module")
def tilted(tmp_path_factory: pytest.TempPathFactory) -> ForeignCase:
    """A CT whose volume was resampled, for its gantry was tilted."""
    return case_of(TILTED, tmp_path_factory.mktemp("tilted"))


def refusal(case: ForeignCase, *files: Path) -> str:
    """Why files are no proposal."""
    with pytest.raises(CorrectionError) as refused:
        proposal_from(case.folder, files)
    return refused.value.why.code


def notes(proposal: Proposal) -> dict[str, object]:
    """What is said of a proposal."""
    return {one.code: next(iter(one.parameters.values())) for one in proposal.notes}


@pytest.mark.parametrize("orientation", ORIENTATIONS, ids=str)
def test_a_segmentation_by_highdicom_lies_where_it_was_drawn(
    orientation: tuple[float, ...], tmp_path: Path
) -> None:
    """However the patient lies and whatever side planes are seen from, voxel by voxel."""
    case = case_of(SeriesOnDisk(orientation=orientation), tmp_path)
    masks = AS_DRAWN(case.pixels_lps_mm())
    path = write_segmentation(case, tmp_path / "seg", [Drawn("A", masks, codes.SCT.Liver)])
    proposal = proposal_from(case.folder, [path])
    after = case.after(proposal)
    expected = AS_DRAWN(case.points_lps_mm())
    assert (proposal.origin, proposal.matched, proposal.notes) == ("dicom_seg", ("liver",), ())
    assert np.array_equal(after == LIVER, expected)
    others = np.asarray(case.labels.data) == L4
    assert np.array_equal(after == L4, others & ~expected)


def test_a_segmentation_on_tilted_images_lies_where_it_was_drawn(
    tilted: ForeignCase, tmp_path: Path
) -> None:
    """The voxels are not the pixels; the middle of the structure stays where it was drawn."""
    masks = AS_DRAWN(tilted.pixels_lps_mm())
    path = write_segmentation(tilted, tmp_path / "seg", [Drawn("liver", masks)])
    after = tilted.after(proposal_from(tilted.folder, [path]))
    drawn = AS_DRAWN(tilted.points_lps_mm())
    off = tilted.centroid_ras_mm(after == LIVER) - tilted.centroid_ras_mm(drawn)
    assert np.abs(off).max() < CENTROID_MM
    assert (after == LIVER).sum() == pytest.approx(drawn.sum(), rel=0.02)


@pytest.mark.parametrize("name", IRREGULAR)
def test_what_nobody_changed_changes_nothing(name: str, tmp_path: Path) -> None:
    """Our own object, as a tool that changed nothing in it would send it; on any planes."""
    case = case_of(IRREGULAR[name], tmp_path)
    options = ObjectOptions(structures=("liver", "vertebrae_L4"))
    for kind in (SEG, SEG_REGULAR):
        for written in write_objects(case.folder, [kind], tmp_path / kind.value, options):
            assert refusal(case, written.path) == "proposal_changes_nothing"


def test_only_what_was_changed_on_tilted_images_changes(
    tilted: ForeignCase, tmp_path: Path
) -> None:
    """A lobe painted on: the other side of the organ stays as it was, to the voxel."""
    pixels = tilted.pixels_lps_mm()
    stack = images_of(tilted.folder).stack
    shown = stack.sample(np.asarray(tilted.labels.data), tilted.labels.affine) == LIVER
    masks = shown | ((np.abs(pixels - (40, 10, 2)) < 6).all(axis=-1))
    path = write_segmentation(tilted, tmp_path / "seg", [Drawn("liver", masks)])
    after = tilted.after(proposal_from(tilted.folder, [path]))
    changed = after != np.asarray(tilted.labels.data)
    x = tilted.points_lps_mm()[..., 0]
    assert changed.any()
    assert (x[changed] > 30).all()


@pytest.mark.parametrize("kind", ["BINARY", "FRACTIONAL", "LABELMAP"])
def test_every_type_of_segmentation_is_read(kind: str, case: ForeignCase, tmp_path: Path) -> None:
    """FRACTIONAL from one half on: below that, a pixel belongs to nothing."""
    pixels = case.pixels_lps_mm()
    masks = AS_DRAWN(pixels).astype(np.float32)
    if kind == "FRACTIONAL":
        masks = np.where(masks > 0, 0.6, np.where(AS_FOUND(pixels), 0.4, 0.0))
    path = write_segmentation(case, tmp_path / "seg", [Drawn("liver", masks)], kind)
    after = case.after(proposal_from(case.folder, [path]))
    assert np.array_equal(after == LIVER, AS_DRAWN(case.points_lps_mm()))


def test_what_was_drawn_wins_and_what_is_left_belongs_to_nothing(
    case: ForeignCase, tmp_path: Path
) -> None:
    """Voxels that a structure leaves are not given to a neighbour."""
    points = case.points_lps_mm()
    over = points[..., 0] > 20
    pixels = case.pixels_lps_mm()
    spleen = AS_FOUND(pixels) & (pixels[..., 0] > 20)
    liver = AS_FOUND(pixels) & (pixels[..., 0] < 10)
    segments = [Drawn("spleen", spleen), Drawn("liver", liver)]
    path = write_segmentation(case, tmp_path / "seg", segments)
    after = case.after(proposal_from(case.folder, [path]))
    found = np.asarray(case.labels.data) == LIVER
    assert np.array_equal(after == SPLEEN, found & over)
    assert np.array_equal(after == LIVER, found & (points[..., 0] < 10))
    between = found & ~over & (points[..., 0] >= 10)
    assert between.any()
    assert not after[between].any()


def assert_one_slice_of_liver(case: ForeignCase, proposal: Proposal) -> None:
    """A hundred pixels on one slice, which is said; the other slices of the liver stay."""
    assert notes(proposal) == {"proposal_on_one_plane": ("liver",)}
    after, before = case.after(proposal), np.asarray(case.labels.data)
    (changed,) = np.unique(np.argwhere(after != before)[:, 2])
    assert (after[:, :, changed] == LIVER).sum() == 100
    assert (before == LIVER).any(axis=(0, 1)).sum() > 3


def test_one_slice_is_taken_for_that_slice(case: ForeignCase, tmp_path: Path) -> None:
    """Our own objects show muscle on the slice of L3 alone; whoever edits one means that slice."""
    masks = np.zeros(case.pixels_lps_mm().shape[:-1], bool)
    masks[5, 10:20, 10:20] = True
    path = write_segmentation(case, tmp_path / "seg", [Drawn("liver", masks)])
    proposal = proposal_from(case.folder, [path])
    assert_one_slice_of_liver(case, proposal)


@pytest.mark.parametrize("kind", ["seg", "rtstruct"])
def test_one_slice_beside_the_images_is_taken_for_that_slice(
    kind: str, case: ForeignCase, tmp_path: Path
) -> None:
    """On a plane that is none of the case's: all other slices stay as they are."""
    pixels = case.pixels_lps_mm()
    z = float(pixels[5, 0, 0, 2]) + 0.6
    if kind == "seg":
        masks = np.zeros(pixels.shape[:-1], bool)
        masks[5, 10:20, 10:20] = True
        path = write_segmentation(case, tmp_path / "seg", [Drawn("liver", masks)])
        moved = pydicom.dcmread(path)
        (frame,) = moved.PerFrameFunctionalGroupsSequence
        frame.PlanePositionSequence[0].ImagePositionPatient[2] = z
        moved.save_as(path)
    else:
        (x0, y0), (x1, y1) = pixels[5, 10, 10, :2] - 0.1, pixels[5, 19, 19, :2] + 0.1
        outline = np.array([[x0, y0, z], [x1, y0, z], [x1, y1, z], [x0, y1, z]])
        path = write_structure_set(case, tmp_path / "rs", {"liver": [outline]})
    proposal = proposal_from(case.folder, [path])
    assert_one_slice_of_liver(case, proposal)


def test_one_slice_outside_the_volume_changes_nothing(case: ForeignCase, tmp_path: Path) -> None:
    """Far from the patient: it is no slice of this structure."""
    outline = ellipses(case)[3] + (0, 0, 500)
    path = write_structure_set(case, tmp_path / "rs", {"liver": [outline]})
    assert refusal(case, path) == "proposal_changes_nothing"


def test_what_is_not_known_is_listed(case: ForeignCase, tmp_path: Path) -> None:
    """And so is what names nothing for certain; empty segments change nothing."""
    masks = AS_DRAWN(case.pixels_lps_mm())
    segments = [
        Drawn("Segment 1", masks),
        Drawn("Kidney", masks),
        Drawn("spleen", masks, codes.SCT.Liver),
        Drawn("Leber", masks, codes.SCT.Liver),
        Drawn("liver again", masks, codes.SCT.Liver),
    ]
    path = write_segmentation(case, tmp_path / "seg", segments)
    proposal = proposal_from(case.folder, [path])
    assert proposal.matched == ("liver",)
    assert proposal.unknown == ("Segment 1", "Kidney", "spleen", "liver again")
    assert notes(proposal) == {"proposal_unknown": proposal.unknown}
    path = write_segmentation(case, tmp_path / "none", [Drawn("lesion", masks)])
    assert refusal(case, path) == "proposal_knows_nothing"


def test_a_lesion_is_no_organ_whatever_it_is_called(case: ForeignCase, tmp_path: Path) -> None:
    """Target lesions are called L1, L2 …; the code says what they are, by type or by category."""
    masks = AS_DRAWN(case.pixels_lps_mm())
    whole = write_segmentation(
        case,
        tmp_path / "seg",
        [Drawn("L4", masks, codes.SCT.Neoplasm), Drawn("Spleen", masks), Drawn("Liver", masks)],
    )
    altered = pydicom.dcmread(whole)
    category = altered.SegmentSequence[1].SegmentedPropertyCategoryCodeSequence[0]
    category.CodeValue, category.CodeMeaning = "49755003", "Morphologically Altered Structure"
    altered.save_as(whole)
    proposal = proposal_from(case.folder, [whole])
    assert (proposal.matched, proposal.unknown) == (("liver",), ("L4", "Spleen"))


def test_what_is_irradiated_is_no_organ(case: ForeignCase, tmp_path: Path) -> None:
    """A target volume that is called as the organ it lies in; organs at risk are organs."""
    outlines = {"Liver": ellipses(case), "Spleen": ellipses(case)}
    path = write_structure_set(case, tmp_path / "rs", outlines)
    planned = pydicom.dcmread(path)
    planned.RTROIObservationsSequence = []
    for number, kind in enumerate(("GTV", "ORGAN"), start=1):
        observed = pydicom.Dataset()
        observed.ReferencedROINumber, observed.RTROIInterpretedType = number, kind
        planned.RTROIObservationsSequence.append(observed)
    planned.save_as(path)
    proposal = proposal_from(case.folder, [path])
    assert (proposal.matched, proposal.unknown) == (("spleen",), ("Liver",))


def test_objects_that_do_not_belong_here_are_refused(case: ForeignCase, tmp_path: Path) -> None:
    """Another study, other coordinates, images, text: each with its reason."""
    segment = [Drawn("liver", AS_DRAWN(case.pixels_lps_mm()))]
    other = write_segmentation(case, tmp_path / "1", segment, StudyInstanceUID=generate_uid())
    assert refusal(case, other) == "proposal_of_other_study"
    other = write_segmentation(case, tmp_path / "2", segment, FrameOfReferenceUID=generate_uid())
    assert refusal(case, other) == "proposal_of_other_frame_of_reference"
    assert refusal(case, next(case.images.iterdir())) == "proposal_of_unknown_kind"
    (tmp_path / "text").write_text("no DICOM")
    assert refusal(case, tmp_path / "text") == "proposal_of_unknown_kind"
    whole = write_segmentation(case, tmp_path / "3", segment)
    (tmp_path / "cut").write_bytes(whole.read_bytes()[:-900])
    assert refusal(case, tmp_path / "cut") == "proposal_unreadable"
    nifti = tmp_path / "liver.nii.gz"
    nifti.write_bytes(b"none")
    assert refusal(case, whole, nifti) == "proposal_of_mixed_files"
    assert refusal(case, nifti) == "proposal_unreadable"


@pytest.mark.parametrize("kind", ["seg", "rtstruct"])
def test_damaged_objects_end_in_a_reason(
    kind: str,
    case: ForeignCase,
    tmp_path: Path,
    rng: np.random.Generator,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Cut or with wrong bytes anywhere: a proposal or a refusal, and nothing quoted in a log."""
    if kind == "seg":
        masks = AS_DRAWN(case.pixels_lps_mm())
        whole = write_segmentation(case, tmp_path / "whole", [Drawn("liver", masks)]).read_bytes()
    else:
        outlines = {"liver": ellipses(case)}
        whole = write_structure_set(case, tmp_path / "whole", outlines).read_bytes()
    for number in range(40):
        damaged = np.frombuffer(whole, np.uint8).copy()
        damaged[rng.integers(132, len(whole), 1 + number % 5)] = rng.integers(0, 256)
        content = damaged.tobytes()[: None if number % 2 else int(rng.integers(132, len(whole)))]
        (tmp_path / "damaged").write_bytes(content)
        with suppress(CorrectionError):
            proposal_from(case.folder, [tmp_path / "damaged"])
    assert not caplog.records


def test_a_case_that_cannot_tell_is_not_guessed_at(case: ForeignCase, tmp_path: Path) -> None:
    """A folder of an earlier version, and one made of a NIfTI file."""
    path = write_segmentation(
        case, tmp_path / "seg", [Drawn("liver", AS_DRAWN(case.pixels_lps_mm()))]
    )
    folder = tmp_path / case.folder.name
    shutil.copytree(case.folder, folder)
    (folder / "source.json").unlink()
    assert refusal(replace(case, folder=folder), path) == "proposal_without_images"
    (folder / "case.json").unlink()
    assert refusal(replace(case, folder=folder), path) == "correction_of_old_folder"


META = {
    "ContentCreatorName": "Somebody",
    "SeriesDescription": "Segmentation",
    "SeriesNumber": "300",
    "InstanceNumber": "1",
    "segmentAttributes": [[{
        "labelID": 1,
        "SegmentLabel": "Left Kidney",
        "SegmentAlgorithmType": "MANUAL",
        "SegmentedPropertyCategoryCodeSequence": {
            "CodeValue": "123037004", "CodingSchemeDesignator": "SCT",
            "CodeMeaning": "Anatomical Structure",
        },
        "SegmentedPropertyTypeCodeSequence": {
            "CodeValue": "64033007", "CodingSchemeDesignator": "SCT", "CodeMeaning": "Kidney",
        },
        "SegmentedPropertyTypeModifierCodeSequence": {
            "CodeValue": "7771000", "CodingSchemeDesignator": "SCT", "CodeMeaning": "Left",
        },
    }]],
}  # fmt: skip


@pytest.mark.parametrize("orientation", ORIENTATIONS[::3], ids=str)
def test_a_segmentation_by_dcmqi_lies_where_it_was_drawn(
    orientation: tuple[float, ...], tmp_path: Path
) -> None:
    """The library that 3D Slicer writes with: a structure the networks had not found."""
    program = Path(sysconfig.get_path("scripts")) / "itkimage2segimage"
    case = case_of(SeriesOnDisk(orientation=orientation), tmp_path)
    drawn = AS_DRAWN(case.points_lps_mm())
    save_nifti(tmp_path / "drawn.nii.gz", drawn.astype(np.uint8), case.labels.affine)
    (tmp_path / "meta.json").write_text(json.dumps(META))
    command = [
        str(program), "--inputImageList", str(tmp_path / "drawn.nii.gz"),
        "--inputDICOMDirectory", str(case.images), "--inputMetadata", str(tmp_path / "meta.json"),
        "--outputDICOM", str(tmp_path / "seg"), "--skip",
    ]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    proposal = proposal_from(case.folder, [tmp_path / "seg"])
    after = case.after(proposal)
    assert proposal.matched == ("kidney_left",)
    off = case.centroid_ras_mm(after == KIDNEY_LEFT) - case.centroid_ras_mm(drawn)
    assert np.abs(off).max() < CENTROID_MM
    assert (after == KIDNEY_LEFT).sum() == drawn.sum()


def ellipses(case: ForeignCase, share: float = 1.0) -> list[npt.NDArray[np.float64]]:
    """Outlines of :data:`AS_DRAWN` on the images of an axial series, LPS mm."""
    angle = np.linspace(0, 2 * np.pi, 200, endpoint=False)
    outlines = []
    for position in case.series.positions_mm():
        height = (position[2] - 4) / 12
        if abs(height) < 1:
            size = share * np.sqrt(1 - height**2)
            x, y = 21 + 17 * size * np.cos(angle), 13 + 21 * size * np.sin(angle)
            outlines.append(np.stack([x, y, np.full_like(x, position[2])], axis=-1))
    return outlines


@pytest.mark.parametrize("orientation", ORIENTATIONS, ids=str)
def test_a_structure_set_lies_where_it_was_drawn(
    orientation: tuple[float, ...], tmp_path: Path
) -> None:
    """Outlines are filled on the images they lie on, whichever way these are turned."""
    case = case_of(SeriesOnDisk(orientation=orientation), tmp_path)
    path = write_structure_set(case, tmp_path / "rs", {"Fígado": ellipses(case)})
    proposal = proposal_from(case.folder, [path])
    after, expected = case.after(proposal), AS_DRAWN(case.points_lps_mm())
    assert (proposal.origin, proposal.matched) == ("rtstruct", ("liver",))
    off = case.centroid_ras_mm(after == LIVER) - case.centroid_ras_mm(expected)
    assert np.abs(off).max() < CENTROID_MM
    assert ((after == LIVER) != expected).sum() <= 0.02 * expected.sum()


def test_a_hole_is_a_second_outline_or_a_keyhole(case: ForeignCase, tmp_path: Path) -> None:
    """Both ways in which structure sets have holes, and both the same."""
    outer, inner = ellipses(case), ellipses(case, 0.5)
    nested = write_structure_set(case, tmp_path / "1", {"liver": [*outer, *inner]})
    bridged = [
        np.concatenate([one, one[:1], other[:1], other[::-1]])
        for one, other in zip(outer, inner, strict=True)
    ]
    keyhole = write_structure_set(case, tmp_path / "2", {"liver": bridged})
    by_nesting, by_bridge = (
        case.after(proposal_from(case.folder, [one])) == LIVER for one in (nested, keyhole)
    )
    whole = AS_DRAWN(case.points_lps_mm()).sum()
    assert by_nesting.sum() == pytest.approx(0.75 * whole, rel=0.05)
    assert (by_nesting != by_bridge).sum() <= len(outer)


def test_outlines_between_the_images_are_read(case: ForeignCase, tmp_path: Path) -> None:
    """Drawn on thinner slices of another reconstruction: planes of their own."""
    angle = np.linspace(0, 2 * np.pi, 200, endpoint=False)
    outlines = []
    for z in np.arange(-7.3, 15.5, 1.0):
        size = np.sqrt(max(1 - ((z - 4) / 12) ** 2, 0.01))
        x, y = 21 + 17 * size * np.cos(angle), 13 + 21 * size * np.sin(angle)
        outlines.append(np.stack([x, y, np.full_like(x, z)], axis=-1))
    path = write_structure_set(case, tmp_path / "rs", {"liver": outlines})
    after, expected = case.after(proposal_from(case.folder, [path])), AS_DRAWN(case.points_lps_mm())
    assert ((after == LIVER) != expected).sum() <= 0.08 * expected.sum()


def test_structure_sets_that_do_not_belong_here_are_refused(
    case: ForeignCase, tmp_path: Path
) -> None:
    """Another study, outlines across the images."""
    other = write_structure_set(
        case, tmp_path / "1", {"liver": ellipses(case)}, StudyInstanceUID=generate_uid()
    )
    assert refusal(case, other) == "proposal_of_other_study"
    upright = [one[:, [2, 0, 1]] for one in ellipses(case)]
    across = write_structure_set(case, tmp_path / "2", {"liver": upright})
    assert refusal(case, across) == "proposal_outlines_not_parallel"


def test_nifti_masks_are_named_after_structures(case: ForeignCase, tmp_path: Path) -> None:
    """In any order of axes, one file or several."""
    drawn = AS_DRAWN(case.points_lps_mm())
    affine = case.labels.affine
    flipped = affine @ np.diag([-1, 1, 1, 1])
    flipped[:3, 3] = (affine @ (drawn.shape[0] - 1, 0, 0, 1))[:3]
    nib.save(nib.Nifti1Image(drawn[::-1].astype(np.uint8), flipped), tmp_path / "Liver.nii.gz")
    save_nifti(tmp_path / "kidney_left.nii", (~drawn & AS_FOUND(case.points_lps_mm())).astype(
        np.uint8), affine)  # fmt: skip
    files = [tmp_path / "Liver.nii.gz", tmp_path / "kidney_left.nii"]
    proposal = proposal_from(case.folder, files)
    after = case.after(proposal)
    assert (proposal.origin, proposal.matched) == ("nifti", ("kidney_left", "liver"))
    assert np.array_equal(after == LIVER, drawn)
    assert np.array_equal(after == KIDNEY_LEFT, ~drawn & AS_FOUND(case.points_lps_mm()))


def test_of_many_nifti_files_one_is_in_memory(
    case: ForeignCase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Someone may hand in a hundred masks."""
    alive: list[weakref.ref[object]] = []
    most = 0

    def watched(path: Path, names: dict[int, str]) -> LabelMap:
        nonlocal most
        most = max(most, 1 + sum(one() is not None for one in alive))
        labels = load_label_map(path, names)
        alive.append(weakref.ref(labels.data))
        return labels

    monkeypatch.setattr(nifti_files, "load_label_map", watched)
    files = [tmp_path / f"{name}.nii.gz" for name in ("liver", "spleen", "kidney_left")]
    for i, path in enumerate(files):
        mask = np.zeros(case.labels.shape, np.uint8)
        mask[i * 3 : i * 3 + 2, :4, :4] = 1
        save_nifti(path, mask, case.labels.affine)
    assert len(proposal_from(case.folder, files).matched) == 3
    assert most == 1


def test_planes_that_are_too_many_are_refused_before_they_take_memory(case: ForeignCase) -> None:
    """What a file says of its size is looked at first."""

    def never() -> NoReturn:
        pytest.fail("pixels were made")

    origins = np.arange(2**11)[:, None] * [0.0, 0.0, 1.0]
    down, across = np.array([0.0, 1.0, 0.0]), np.array([1.0, 0.0, 0.0])
    stack = PlaneStack(origins, down, across, rows=2**10, columns=2**10, reach_mm=0.5)
    with pytest.raises(CorrectionError) as refused:
        Canvas(case.labels).draw(LIVER, drawn.Drawn(("liver",), stack, never))
    assert refused.value.why.code == "proposal_too_large"


@pytest.mark.parametrize(
    "table", [{"1": "liver"}, {"liver": 1}, {"labels": {"background": 0, "liver": 1}}]
)
def test_a_nifti_label_map_comes_with_its_names(
    table: dict[str, object], case: ForeignCase, tmp_path: Path
) -> None:
    """Any of the usual tables; without one, only what has the case's own numbers is read."""
    drawn = AS_DRAWN(case.points_lps_mm())
    other = ~drawn & AS_FOUND(case.points_lps_mm())
    labels = np.select([drawn, other], [1, 7], 0).astype(np.uint8)
    save_nifti(tmp_path / "map.nii.gz", labels, case.labels.affine)
    assert refusal(case, tmp_path / "map.nii.gz") == "proposal_labels_without_names"
    (tmp_path / "map.json").write_text(json.dumps(table))
    proposal = proposal_from(case.folder, [tmp_path / "map.nii.gz", tmp_path / "map.json"])
    assert np.array_equal(case.after(proposal) == LIVER, drawn)
    own = np.where(drawn, LIVER, np.where(np.asarray(case.labels.data) == L4, L4, 0))
    save_nifti(tmp_path / "total.nii.gz", own.astype(np.uint8), case.labels.affine)
    proposal = proposal_from(case.folder, [tmp_path / "total.nii.gz"])
    assert proposal.matched == tuple(sorted((NAMES[LIVER], NAMES[L4])))
    assert np.array_equal(case.after(proposal) == LIVER, drawn)


def test_a_coarser_grid_changes_what_was_changed(case: ForeignCase, tmp_path: Path) -> None:
    """Drawn on every second voxel: a part that is taken away is gone, the rest as fine as it was.

    And what lies nowhere near the patient takes nothing away.
    """
    coarse = case.labels.affine @ np.diag([2, 2, 1, 1])
    points, found = case.points_lps_mm(), np.asarray(case.labels.data) == LIVER
    kept = (found & (points[..., 0] < 20))[::2, ::2]
    save_nifti(tmp_path / "liver.nii.gz", kept.astype(np.uint8), coarse)
    after = case.after(proposal_from(case.folder, [tmp_path / "liver.nii.gz"])) == LIVER
    far, gone = points[..., 0] < 8, points[..., 0] > 27
    assert np.array_equal(after[far], found[far])
    assert found[gone].any()
    assert not after[gone].any()
    coarse[:3, 3] += 1000
    save_nifti(tmp_path / "liver.nii.gz", kept.astype(np.uint8), coarse)
    assert refusal(case, tmp_path / "liver.nii.gz") == "proposal_changes_nothing"


def test_sagittal_images_are_images_too(tmp_path: Path) -> None:
    """Nothing here knows which way is up."""
    depths = tuple(3.0 * k for k in range(24))
    case = case_of(SeriesOnDisk(orientation=SAGITTAL, modality="MR", depths_mm=depths), tmp_path)
    masks = AS_DRAWN(case.pixels_lps_mm())
    path = write_segmentation(case, tmp_path / "seg", [Drawn("liver", masks)])
    after = case.after(proposal_from(case.folder, [path]))
    assert np.array_equal(after == LIVER, AS_DRAWN(case.points_lps_mm()))
