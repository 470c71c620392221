"""Which structures leave the house, and how they are shown and referred to."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from highdicom.color import CIELabColor
from measured_cases import measured_trunk
from object_cases import trunk_folder, trunk_source
from pydicom import dcmread

from heimdallr.domain.errors import ObjectError
from heimdallr.publishing.dicom.case_content import CaseFolderContent, read_case
from heimdallr.publishing.dicom.chosen_structures import TISSUES, USUAL, chosen_maps
from heimdallr.publishing.dicom.colours import cielab
from heimdallr.publishing.dicom.kinds import DicomObject, ObjectOptions
from heimdallr.publishing.dicom.objects import write_objects_of
from heimdallr.publishing.dicom.references import referenced_series
from heimdallr.publishing.dicom.segmentation import segmentation_objects
from heimdallr.publishing.palette import COLOURS
from heimdallr.segmentation.tasks import all_tasks

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from heimdallr.publishing.dicom.kinds import Structures
    from heimdallr.publishing.schema import Labels, StructureRecord


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> CaseFolderContent:
    """The trunk: organs, vertebrae and tissues."""
    return read_case(trunk_folder(tmp_path_factory.mktemp("case")), trunk_source())


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> CaseFolderContent:
    """The trunk with its muscle measured at L3."""
    return read_case(measured_trunk(tmp_path_factory.mktemp("measured")), trunk_source())


def names(content: CaseFolderContent, wanted: Structures = "usual") -> list[str]:
    """What is chosen, map by map."""
    return [one.structure for made in chosen_maps(content, wanted) for one in made.structures]


def changed(
    labels: Labels | None, change: Callable[[StructureRecord], StructureRecord]
) -> Labels | None:
    """``labels.json`` with every structure changed."""
    assert labels is not None
    maps = [
        record.model_copy(update={"structures": [change(one) for one in record.structures]})
        for record in labels.maps
    ]
    return labels.model_copy(update={"maps": maps})


def test_usual_structures_exist() -> None:
    """Each is a class of a task, by the name that task gives it."""
    known = {name for task in all_tasks().values() for name in task.names.values()}
    assert not {name for usual in (*USUAL.values(), TISSUES) for name in usual} - known


def test_segments_are_in_label_order_without_gaps(content: CaseFolderContent) -> None:
    """BINARY has segments 1, 2, 3 …; LABELMAP keeps the numbers of the classes."""
    binary = segmentation_objects(content, ObjectOptions())[0]
    label_map = segmentation_objects(content, ObjectOptions(segmentation="labelmap"))[0]
    assert [binary.segment_number(name) for name in ("spleen", "liver", "vertebrae_L3")] == [
        1,
        4,
        5,
    ]
    assert label_map.segment_number("liver") == 5
    assert binary.segment_number("pancreas") is None
    assert binary.sop_instance_uid != label_map.sop_instance_uid


def test_what_is_doubted_stays_unless_it_is_asked_for(content: CaseFolderContent) -> None:
    """A reader of a PACS has no footnote beside a mask."""

    def doubt(one: StructureRecord) -> StructureRecord:
        doubts = ["only 2 cm³"] if one.structure == "liver" else []
        return one.model_copy(update={"doubts": doubts})

    doubted = replace(content, labels=changed(content.labels, doubt))
    assert set(names(content)) - set(names(doubted)) == {"liver"}
    assert names(doubted, ("liver",)) == ["liver"]


def test_what_is_good_for_finding_a_place_only_stays(content: CaseFolderContent) -> None:
    """Bundled networks find more than they segment well."""
    made = [
        one.model_copy(update={"located_only": ["spleen"]})
        for one in content.results.provenance.segmentations
    ]
    provenance = content.results.provenance.model_copy(update={"segmentations": made})
    results = content.results.model_copy(update={"provenance": provenance})
    assert set(names(content)) - set(names(replace(content, results=results))) == {"spleen"}


def test_findings_go_and_unusual_structures_stay(content: CaseFolderContent) -> None:
    """A bleed is what somebody has to see."""

    def rename(one: StructureRecord) -> StructureRecord:
        new = {"liver": "intracerebral_hemorrhage", "spleen": "skull"}.get(one.structure)
        return one.model_copy(update={"structure": new or one.structure})

    other = replace(content, labels=changed(content.labels, rename))
    assert "intracerebral_hemorrhage" in names(other)
    assert "skull" not in names(other)


def test_tissue_is_taken_where_muscle_was_measured(measured: CaseFolderContent) -> None:
    """It fills every slice; its figures come from one. Whoever asks for it gets all of it."""
    organs, tissues = chosen_maps(measured)
    (slice_of_l3,) = [o.value for o in measured.results.measurements if o.name == "slice_L3"]
    assert {one.structure for one in tissues.structures} <= TISSUES
    assert organs.only is None
    assert tissues.only is not None
    assert tissues.only.slice_index == slice_of_l3
    (asked,) = chosen_maps(measured, ("skeletal_muscle",))
    assert asked.only is None


def test_tissue_stays_where_no_muscle_was_measured(content: CaseFolderContent) -> None:
    """There is no slice to look at."""
    assert not TISSUES & set(names(content))
    assert TISSUES & set(names(content, "all"))


def test_everything_is_all_that_nothing_is_held_against(content: CaseFolderContent) -> None:
    """For an archive that is to have it all."""

    def doubt(one: StructureRecord) -> StructureRecord:
        doubts = ["only 2 cm³"] if one.structure == "liver" else []
        return one.model_copy(update={"doubts": doubts})

    doubted = replace(content, labels=changed(content.labels, doubt))
    assert "vertebrae_L5" in names(doubted, "all")
    assert set(names(content, "all")) - set(names(doubted, "all")) == {"liver"}


@pytest.mark.parametrize("kind", [DicomObject.SEG, DicomObject.SEG_REGULAR])
def test_the_slice_that_is_written_is_the_measured_one(
    measured: CaseFolderContent, tmp_path: Path, kind: DicomObject
) -> None:
    """One frame of each tissue, at the height of the slice, as large as the measured area."""
    made_even = measured.identity.conversion
    assert made_even is not None
    resampled = made_even.model_copy(update={"equidistant": kind is DicomObject.SEG_REGULAR})
    identity = measured.identity.model_copy(update={"conversion": resampled})
    written = write_objects_of(replace(measured, identity=identity), [kind], tmp_path)
    (tissue,) = [dcmread(one.path) for one in written if "tissue" in one.path.name]
    assert tissue.NumberOfFrames == len(tissue.SegmentSequence) > 2
    assert "at L3 only" in tissue.SeriesDescription
    values = {one.name: one.value for one in measured.results.measurements}
    heights = {
        float(frame.PlanePositionSequence[0].ImagePositionPatient[2])
        for frame in tissue.PerFrameFunctionalGroupsSequence
    }
    assert heights == {900.0 + 5.0 * int(values["slice_L3"] or 0)}
    muscle = int(tissue.pixel_array[-1].sum()) * 0.16
    assert muscle == pytest.approx(values["SMA_cm2"], rel=0.02)


def test_without_masks_there_is_nothing_to_choose(content: CaseFolderContent) -> None:
    """Retention takes them first."""
    with pytest.raises(ObjectError, match="no label maps"):
        chosen_maps(replace(content, labels=None))


@pytest.mark.parametrize("name", ["liver", "aorta", "rib", "spinal_cord", "intermuscular_fat"])
def test_colours_are_those_highdicom_computes(name: str) -> None:
    """Within two percent: it keeps the white of sRGB, which DICOM replaces by D50."""
    theirs = CIELabColor.from_rgb(*COLOURS[name]).value
    assert cielab(COLOURS[name]) == pytest.approx(theirs, abs=65535 // 50)


def test_images_of_several_series_are_referred_to_by_their_own() -> None:
    """A volume may be put together of series with a UID each."""
    source = trunk_source()
    planes = [
        replace(plane, series_instance_uid="1.2.3.5" if k % 2 else "")
        for k, plane in enumerate(source.planes)
    ]
    first, second = referenced_series(replace(source, planes=tuple(planes)))
    assert (first.SeriesInstanceUID, second.SeriesInstanceUID) == ("1.2.3.4", "1.2.3.5")
    assert len(first.ReferencedInstanceSequence) == len(second.ReferencedInstanceSequence) == 36


def test_frames_of_one_instance_are_one_reference() -> None:
    """An enhanced object is referred to once."""
    source = trunk_source()
    planes = [
        replace(plane, sop_instance_uid="1.2.3.4.1", frame=k + 1)
        for k, plane in enumerate(source.planes)
    ]
    (series,) = referenced_series(replace(source, planes=tuple(planes)))
    assert len(series.ReferencedInstanceSequence) == 1
