"""Cutting a series into stacks that can each be one volume."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pydicom
import pytest
from dicom_series import SAGITTAL, SeriesOnDisk, enhanced_mr
from pydicom.dataset import Dataset
from pydicom.uid import EnhancedCTImageStorage

from heimdallr.domain.identity import OWN_UID_ROOT
from heimdallr.preparation.headers import scan
from heimdallr.preparation.usability import obstacles

if TYPE_CHECKING:
    from pathlib import Path

    from heimdallr.preparation.stacks import SeriesCandidate

SIX = tuple(5.0 * k for k in range(6))
UID = "1.2.826.0.1.3680043.2.1125.1.5"


def _candidates(folder: Path) -> tuple[SeriesCandidate, ...]:
    (study,) = scan(folder.rglob("*.dcm")).studies
    return study.candidates


def test_frames_are_in_order_of_depth(tmp_path: Path) -> None:
    """Whatever the instance numbers say."""
    SeriesOnDisk(depths_mm=(10.0, 0.0, 5.0, 15.0)).write(tmp_path)
    (one,) = _candidates(tmp_path)
    assert [frame.position and frame.position[2] for frame in one.frames] == [-24, -19, -14, -9]


def test_time_points_become_stacks_of_their_own(tmp_path: Path) -> None:
    """Two passes over the same places, told apart by AcquisitionNumber."""
    passes = [1] * 6 + [2] * 6
    SeriesOnDisk(depths_mm=SIX * 2, per_slice={"AcquisitionNumber": passes}).write(tmp_path)
    first, second = _candidates(tmp_path)
    assert [len(first.frames), len(second.frames)] == [6, 6]
    assert first.time_points == second.time_points == 2
    assert (first.name, second.name) == ("series 5 (stack 1 of 2)", "series 5 (stack 2 of 2)")


def test_repeats_nothing_tells_apart_stay_one_stack(tmp_path: Path) -> None:
    """Selection then refuses them; nothing is chosen at random."""
    for n, window in enumerate(("1", "2")):
        series = SeriesOnDisk(depths_mm=SIX, rescale=(1.0, -1024.0 - n))
        for k, image in enumerate(series.images()):
            image.SOPInstanceUID = f"{UID}.{window}.{k}"
            image.file_meta.MediaStorageSOPInstanceUID = image.SOPInstanceUID
            image.save_as(tmp_path / f"{window}-{k}.dcm", enforce_file_format=True)
    (one,) = _candidates(tmp_path)
    assert one.geometry is not None
    assert one.geometry.repeats == 6
    (said,) = obstacles(one, 4)
    assert said.text == (
        "12 images at 6 places are no single volume, and nothing in their headers tells them apart"
    )


def test_echoes_and_kinds_of_mr_images_are_separate(tmp_path: Path) -> None:
    """Water and fat of one Dixon series."""
    kinds: list[object] = [["DERIVED", "PRIMARY", kind] for kind in ("WATER", "FAT")]
    SeriesOnDisk(
        depths_mm=SIX * 2, modality="MR",
        per_slice={"ImageType": [kinds[0]] * 6 + [kinds[1]] * 6},
    ).write(tmp_path)  # fmt: skip
    assert sorted(one.series.image_type[2] for one in _candidates(tmp_path)) == ["FAT", "WATER"]


def test_slices_of_different_flavour_stay_together_in_ct(tmp_path: Path) -> None:
    """GE marks summed slices ADD within one head series."""
    kinds: list[object] = [["ORIGINAL", "PRIMARY", "AXIAL", "ADD"]] * 3
    kinds += [["ORIGINAL", "PRIMARY", "AXIAL"]] * 3
    SeriesOnDisk(depths_mm=SIX, per_slice={"ImageType": kinds}).write(tmp_path)
    (one,) = _candidates(tmp_path)
    assert len(one.frames) == 6


def test_pixel_sizes_that_rounding_made_differ_are_one(tmp_path: Path) -> None:
    """0.9765 mm lies at the edge between two numbers of three decimals; 0.98 is another size."""
    sizes = [["0.9765", "0.9765"], ["0.97649", "0.97649"]] * 3
    SeriesOnDisk(depths_mm=SIX, per_slice={"PixelSpacing": sizes}).write(tmp_path / "rounded")
    (one,) = _candidates(tmp_path / "rounded")
    assert len(one.frames) == 6
    sizes[5] = ["0.98", "0.98"]
    SeriesOnDisk(depths_mm=SIX, per_slice={"PixelSpacing": sizes}).write(tmp_path / "other")
    one, other = _candidates(tmp_path / "other")
    assert (len(one.frames), len(other.frames)) == (5, 1)
    assert "they differ in pixel size" in other.notices[0].text


def test_two_views_of_a_localizer_are_two_stacks(tmp_path: Path) -> None:
    """Different orientations make no volume."""
    SeriesOnDisk(depths_mm=(0.0,)).write(tmp_path / "a")
    SeriesOnDisk(
        depths_mm=(7.0,), orientation=SAGITTAL, tags={"SOPInstanceUID": UID + ".77"}
    ).write(tmp_path / "b")
    assert len(_candidates(tmp_path)) == 2


def test_kinds_of_frames_of_an_enhanced_object_are_separate(tmp_path: Path) -> None:
    """Magnitude and phase in one file, interleaved."""
    enhanced_mr(tmp_path)
    first, second = _candidates(tmp_path)
    assert {first.series.image_type[3], second.series.image_type[3]} == {"M", "PHASE MAP"}
    assert [frame.index for frame in first.frames] in ([*range(0, 16, 2)], [*range(1, 16, 2)])
    assert {frame.of for frame in first.frames} == {16}


def test_a_series_without_agent_beside_one_with_is_native(tmp_path: Path) -> None:
    """The tag means something only where the scanner fills it."""
    SeriesOnDisk(series_uid=UID + "1", number=1).write(tmp_path / "1")
    (alone,) = _candidates(tmp_path)
    assert alone.series.phase_hint is None
    SeriesOnDisk(series_uid=UID + "2", number=2, tags={"ContrastBolusAgent": "IOPAMIDOL"}).write(
        tmp_path / "2"
    )
    hints = {one.series.number: one.series.phase_hint for one in _candidates(tmp_path)}
    assert hints == {1: "native", 2: None}


def test_a_tag_that_says_none_is_no_agent(tmp_path: Path) -> None:
    """It tells native series from others as an empty one does: beside it nothing is inferred."""
    for number, agent in enumerate(("NÃO", ""), start=1):
        SeriesOnDisk(
            series_uid=f"{UID}{number}",
            number=number,
            tags={"SpecificCharacterSet": "ISO_IR 100", "ContrastBolusAgent": agent},
        ).write(tmp_path / str(number))
    assert [one.series.phase_hint for one in _candidates(tmp_path)] == [None, None]


def test_our_own_objects_are_recognised(tmp_path: Path) -> None:
    """By maker or by the root of the UID."""
    SeriesOnDisk(series_uid=OWN_UID_ROOT + "5", number=1).write(tmp_path / "1")
    SeriesOnDisk(series_uid=UID + "2", number=2, tags={"Manufacturer": "Heimdallr"}).write(
        tmp_path / "2"
    )
    SeriesOnDisk(series_uid=UID + "3", number=3).write(tmp_path / "3")
    own = {one.series.number: one.own_object for one in _candidates(tmp_path)}
    assert own == {1: True, 2: True, 3: False}


def test_a_stack_is_rescaled_only_when_each_of_its_images_is(tmp_path: Path) -> None:
    """One image without a slope, and nobody knows what the volume's numbers are."""
    paths = SeriesOnDisk().write(tmp_path)
    (whole,) = _candidates(tmp_path)
    assert whole.series.attenuation_known
    dataset = pydicom.dcmread(paths[5])
    del dataset.RescaleSlope
    dataset.save_as(paths[5])
    (one,) = _candidates(tmp_path)
    assert not one.series.attenuation_known
    assert [notice.code for notice in one.notices] == ["attenuation_unknown"]


@pytest.mark.parametrize(
    "tags",
    [{"RescaleSlope": None}, {"RescaleIntercept": None}, {"RescaleSlope": 0.0},
     {"RescaleType": "US"}],
)  # fmt: skip
def test_a_scale_that_is_missing_empty_or_zero_is_none(
    tmp_path: Path, tags: dict[str, object]
) -> None:
    """Nothing is assumed in its place."""
    SeriesOnDisk(tags=tags).write(tmp_path)
    (one,) = _candidates(tmp_path)
    assert not one.series.attenuation_known


def test_results_of_several_energies_in_one_series_are_stacks_of_their_own(tmp_path: Path) -> None:
    """Effective atomic numbers among Hounsfield units, told by RescaleType; 40 and 70 keV."""
    SeriesOnDisk(
        depths_mm=SIX * 2, per_slice={"RescaleType": ["HU"] * 6 + ["Z_EFF"] * 6}
    ).write(tmp_path / "units")  # fmt: skip
    units = [one.series.pixel_values.value for one in _candidates(tmp_path / "units")]
    assert sorted(units) == ["attenuation", "other"]
    SeriesOnDisk(
        depths_mm=SIX * 2,
        tags={"ImageType": ["DERIVED", "SECONDARY", "AXIAL", "VMI"]},
        per_slice={"MonoenergeticEnergyEquivalent": [40.0] * 6 + [70.0] * 6},
    ).write(tmp_path / "energies")
    energies = [one.series.energy_kev for one in _candidates(tmp_path / "energies")]
    assert sorted(one for one in energies if one) == [40.0, 70.0]


@pytest.mark.parametrize("where", ["shared", "frame", "header", "nowhere"])
def test_an_enhanced_ct_has_its_scale_in_functional_groups(tmp_path: Path, where: str) -> None:
    """Shared or per frame (PS3.3 C.7.6.16.2.9); some objects give it outside of them."""
    path = enhanced_mr(tmp_path, kinds=("M",))
    whole = pydicom.dcmread(path)
    whole.Modality, whole.SOPClassUID = "CT", EnhancedCTImageStorage
    scale = Dataset()
    scale.RescaleSlope, scale.RescaleIntercept, scale.RescaleType = 1.0, -1024.0, "HU"
    group = Dataset()
    group.PixelValueTransformationSequence = [scale]
    if where == "shared":
        whole.SharedFunctionalGroupsSequence = [group]
    elif where == "frame":
        for frame in whole.PerFrameFunctionalGroupsSequence:
            frame.PixelValueTransformationSequence = [scale]
    elif where == "header":
        whole.RescaleSlope, whole.RescaleIntercept = 1.0, -1024.0
    pydicom.dcmwrite(path, whole)
    (one,) = _candidates(tmp_path)
    assert one.series.attenuation_known is (where != "nowhere")


def _enhanced_ct(folder: Path, *voltages: tuple[float, ...]) -> pydicom.FileDataset:
    """An enhanced CT whose frames were made at these voltages, one for each X-ray source."""
    path = enhanced_mr(folder, kinds=("M",), slices=6)
    whole = pydicom.dcmread(path)
    whole.Modality, whole.SOPClassUID = "CT", EnhancedCTImageStorage
    for place, frame in enumerate(whole.PerFrameFunctionalGroupsSequence):
        frame.CTXRayDetailsSequence = [Dataset() for _ in voltages[place % len(voltages)]]
        for source, kvp in zip(
            frame.CTXRayDetailsSequence, voltages[place % len(voltages)], strict=True
        ):
            source.KVP = kvp
    return whole


@pytest.mark.parametrize(
    ("voltages", "kvp"),
    [(((120.0,),), 120.0), (((100.0,), (140.0,)), None), (((80.0, 140.0),), None)],
    ids=["one", "frames differ", "two sources"],
)
def test_an_enhanced_ct_tells_its_tube_voltage_in_functional_groups(
    tmp_path: Path, voltages: tuple[tuple[float, ...], ...], kvp: float | None
) -> None:
    """As CT X-Ray Details (PS3.3 C.8.15.3.9); of several none is the volume's."""
    whole = _enhanced_ct(tmp_path, *voltages)
    pydicom.dcmwrite(tmp_path / "enhanced.dcm", whole)
    assert {one.series.kvp for one in _candidates(tmp_path)} == {kvp}


def test_an_enhanced_ct_names_its_contrast_agent_by_code(tmp_path: Path) -> None:
    """Beside a sister that names one it is not taken for native."""
    SeriesOnDisk(series_uid=UID + "2", number=2, tags={"ContrastBolusAgent": "IOPAMIDOL"}).write(
        tmp_path / "sister"
    )
    whole = _enhanced_ct(tmp_path / "enhanced", (120.0,))
    agent = Dataset()
    agent.CodeValue, agent.CodingSchemeDesignator = "109219003", "SCT"
    agent.CodeMeaning = "Iohexol"
    whole.ContrastBolusAgentSequence = [agent]
    pydicom.dcmwrite(tmp_path / "enhanced" / "enhanced.dcm", whole)
    (one,) = [each for each in _candidates(tmp_path) if each.series.kvp == 120.0]
    assert (one.series.contrast_agent, one.series.phase_hint) == ("Iohexol", None)


@pytest.mark.parametrize(
    ("tags", "gated"),
    [
        ({"TriggerTime": 612.0}, True),
        ({"NominalPercentageOfCardiacPhase": 75.0}, True),
        ({"NominalCardiacTriggerDelayTime": 350.0}, True),
        ({"CardiacSynchronizationTechnique": "PROSPECTIVE"}, True),
        ({"CardiacSynchronizationTechnique": "NONE", "TriggerTime": 0.0}, False),
        ({"CardiacSynchronizationTechnique": "REALTIME"}, False),
        ({}, False),
    ],
)
def test_gating_is_what_the_header_tells_of(
    tmp_path: Path, tags: dict[str, object], *, gated: bool
) -> None:
    """A time within the cardiac cycle, or the name of a technique; zeros stand in any header."""
    SeriesOnDisk(tags=tags).write(tmp_path)
    (one,) = _candidates(tmp_path)
    assert one.series.gated is gated


def test_frames_of_an_enhanced_ct_tell_of_gating(tmp_path: Path) -> None:
    """In Cardiac Synchronization (PS3.3 C.7.6.16.2.7), frame by frame."""
    whole = _enhanced_ct(tmp_path, (120.0,))
    for frame in whole.PerFrameFunctionalGroupsSequence:
        cycle = Dataset()
        cycle.NominalPercentageOfCardiacPhase = 75.0
        frame.CardiacSynchronizationSequence = [cycle]
    pydicom.dcmwrite(tmp_path / "enhanced.dcm", whole)
    assert all(one.series.gated for one in _candidates(tmp_path))
