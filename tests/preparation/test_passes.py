"""Parallel images that show the same part of the body several times, and those that do not."""

from __future__ import annotations

from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from heimdallr.preparation.image_planes import Image, depths_mm
from heimdallr.preparation.instances import Frame, Instance
from heimdallr.preparation.passes import Pass, Telling, passes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

SPACING_MM = 5.0
_files = count()


def image(
    z_mm: float,
    number: int | None = None,
    *,
    modality: str = "CT",
    thickness_mm: float | None = 5.0,
    **when: object,
) -> Image:
    """An axial image at a height; keywords are what its header says of when it was made."""
    path = Path(f"/absent/{next(_files)}")
    told = tuple((keyword, str(value)) for keyword, value in when.items())
    frame = Frame(
        path=path,
        index=None,
        of=1,
        transfer_syntax_uid="",
        position=(0.0, 0.0, z_mm),
        orientation=(1, 0, 0, 0, 1, 0),
        pixel_spacing=(0.7, 0.7),
        slice_thickness=thickness_mm,
        rescale=None,
        rescale_type="",
        energy_kev=None,
        image_type=("ORIGINAL", "PRIMARY", "AXIAL"),
        echo_time=None,
        kernel="B30f",
        when=told,
    )
    instance = Instance(
        path=path,
        sop_instance_uid="",
        sop_class_uid="",
        transfer_syntax_uid="",
        study_uid="",
        series_uid="",
        modality=modality,
        rows=512,
        columns=512,
        samples_per_pixel=1,
        frames_declared=1,
        series_number=3,
        instance_number=number,
        image_type=(),
        texts={},
        frames=(frame,),
    )
    return Image(instance, frame)


def heights(slices: int, *, start: float = 0.0, step: float = SPACING_MM) -> list[float]:
    """Evenly spaced heights in mm."""
    return [start + step * n for n in range(slices)]


def apart(images: Sequence[Image]) -> list[Pass]:
    """Passes, whatever the order of the images."""
    shuffled = [images[i] for i in np.random.default_rng(5).permutation(len(images))]
    depths = depths_mm(shuffled)
    assert depths is not None
    return passes(shuffled, depths)


def at(one: Pass) -> list[float]:
    """Heights of a pass in mm, ascending."""
    return sorted(image.frame.position[2] for image in one.images if image.frame.position)


def twenty(start: float, first: int, **when: object) -> list[Image]:
    """Twenty images, numbered from the first."""
    return [image(z, first + n, **when) for n, z in enumerate(heights(20, start=start))]  # type: ignore[arg-type]


@pytest.mark.parametrize("offset_mm", [0.0, 2.5, 1.1], ids=["the same", "half", "odd"])
@pytest.mark.parametrize(
    "attribute",
    [
        "AcquisitionNumber",
        "TemporalPositionIdentifier",
        "NominalPercentageOfCardiacPhase",
        "NominalPercentageOfRespiratoryPhase",
        "NominalCardiacTriggerDelayTime",
        "TriggerTime",
        "KVP",
        "DiffusionBValue",
        "AcquisitionTime",
    ],
)
def test_two_passes_at_the_same_places_or_between(attribute: str, offset_mm: float) -> None:
    """They are taken apart, whichever attribute tells, and not interleaved into one volume."""
    first, second = twenty(0, 1, **{attribute: 80}), twenty(offset_mm, 1, **{attribute: 140})
    one, other = apart(first + second)
    assert at(one) == heights(20)
    assert at(other) == heights(20, start=offset_mm)
    value = "" if attribute == "AcquisitionTime" else "140"
    assert other.tellings == (Telling(attribute, value, (2, 2), 20),)
    assert other.alike == 2


@pytest.mark.parametrize("offset_mm", [0.0, 2.5])
def test_passes_that_only_their_numbers_tell_apart(offset_mm: float) -> None:
    """Numbered one after the other; nothing else differs."""
    found = apart(twenty(0, 1) + twenty(offset_mm, 21))
    assert [at(one) for one in found] == [heights(20), heights(20, start=offset_mm)]
    assert found[1].tellings == (Telling("InstanceNumber", "", (2, 2), 20),)


def test_passes_numbered_in_turns() -> None:
    """Image 1 and 2 at the first place, 3 and 4 at the second."""
    found = apart([image(z, 2 * n + k) for n, z in enumerate(heights(20)) for k in (1, 2)])
    assert [at(one) for one in found] == [heights(20), heights(20)]
    assert {image.instance.instance_number for image in found[0].images} == set(range(1, 40, 2))


def test_passes_with_a_time_for_each_image() -> None:
    """Each image has its own second; the second pass begins again at the top."""
    images = twenty(0, 1) + twenty(2.5, 1)
    timed = [
        image(one.frame.position[2], AcquisitionTime=90000 + n)
        for n, one in enumerate(images)
        if one.frame.position
    ]
    assert [at(one) for one in apart(timed)] == [heights(20), heights(20, start=2.5)]


def test_images_that_nothing_tells_apart_stay_one() -> None:
    """Selection then refuses them; nothing is chosen at random."""
    (one,) = apart(twenty(0, 1) + twenty(0, 1))
    assert len(one.images) == 40


def test_two_acquisitions_that_meet_are_one_pass() -> None:
    """Chest and abdomen, the second begins where the first ends."""
    (one,) = apart(
        twenty(0, 1, AcquisitionNumber=2, AcquisitionTime=90000)
        + twenty(100, 21, AcquisitionNumber=3, AcquisitionTime=90010)
    )
    assert (at(one), one.doubled) == (heights(40), 0)


@pytest.mark.parametrize("shared", [1, 2, 3])
def test_slices_where_acquisitions_meet_are_taken_once(shared: int) -> None:
    """The border lies in both: half the body is not lost for it."""
    below = twenty(0, 1, AcquisitionNumber=2, AcquisitionTime=90000)
    above = twenty(100 - 5 * shared, 21, AcquisitionNumber=3, AcquisitionTime=90010)
    (one,) = apart(below + above)
    assert (at(one), one.doubled) == (heights(40 - shared), shared)
    assert one.tellings == ()


def test_acquisitions_that_overlap_widely_stay_apart() -> None:
    """Ten slices scanned again, perhaps in another breath and phase: two passes."""
    found = apart(twenty(0, 1, AcquisitionNumber=2) + twenty(50, 21, AcquisitionNumber=3))
    assert [at(one) for one in found] == [heights(20), heights(20, start=50)]


def test_what_follows_the_second_pass_belongs_to_it() -> None:
    """Chest and abdomen arterial, then abdomen and pelvis portal venous in two acquisitions."""
    arterial = twenty(0, 1, AcquisitionNumber=2)
    portal = twenty(40, 21, AcquisitionNumber=3) + twenty(140, 41, AcquisitionNumber=4)
    found = apart(arterial + portal)
    assert [at(one) for one in found] == [heights(20), heights(40, start=40)]


def test_a_table_that_goes_to_and_fro_makes_passes() -> None:
    """Perfusion of two positions in turns, and cine of one position after the other."""
    shuttle = [
        image(z, AcquisitionNumber=1 + 2 * time + place)
        for time in range(3)
        for place in (0, 1)
        for z in heights(8, start=40.0 * place)
    ]
    cine = [
        image(z, AcquisitionNumber=1 + 3 * place + time)
        for time in range(3)
        for place in (0, 1)
        for z in heights(8, start=40.0 * place)
    ]
    for images in (shuttle, cine):
        assert [at(one) for one in apart(images)] == [heights(16)] * 3


def test_step_and_shoot_is_one_pass() -> None:
    """Every rotation is an acquisition of its own."""
    (one,) = apart(
        [
            image(z, n + 1, AcquisitionNumber=1 + n // 2, AcquisitionTime=90000 + n // 2)
            for n, z in enumerate(heights(40))
        ]
    )
    assert at(one) == heights(40)


@pytest.mark.parametrize("attribute", ["AcquisitionNumber", "AcquisitionTime", "InstanceNumber"])
def test_mr_slices_acquired_in_turns_are_one_volume(attribute: str) -> None:
    """The odd ones first, then the even ones, which fill the gaps."""
    order = [*range(0, 30, 2), *range(1, 30, 2)]
    (one,) = apart(
        [
            image(
                5.5 * place,
                turn if attribute == "InstanceNumber" else None,
                modality="MR",
                **({} if attribute == "InstanceNumber" else {attribute: turn // 15}),
            )
            for turn, place in enumerate(order)
        ]
    )
    assert len(one.images) == 30


def test_mr_passes_that_need_no_other_stay_apart() -> None:
    """Each has its own slices side by side."""
    found = apart(
        [
            image(z + 2.5 * time, modality="MR", AcquisitionNumber=1 + time)
            for time in (0, 1)
            for z in heights(20)
        ]
    )
    assert len(found) == 2


def test_a_few_slices_scanned_again_are_left_out() -> None:
    """By their own acquisition, or where nothing tells the better one: the first of each place."""
    usual = twenty(0, 1, AcquisitionNumber=1)
    told = apart(usual + [image(z, 21, AcquisitionNumber=2) for z in heights(2, start=40)])
    assert [len(one.images) for one in told] == [20, 2]
    assert told[0].alike == 1
    (one,) = apart([*usual, image(45.0, 30, AcquisitionNumber=1)])
    assert (at(one), one.doubled) == (heights(20), 1)
    assert 30 not in {image.instance.instance_number for image in one.images}


@pytest.mark.parametrize("attribute", ["ContrastBolusAgent", "AcquisitionNumber", "KVP"])
def test_images_whose_headers_leave_something_out_stay_in_their_pass(attribute: str) -> None:
    """Three of them do not say what all others say; without them the pass would have gaps."""
    (one,) = apart(
        [
            image(z, n) if n in {7, 8, 20} else image(z, n, **{attribute: 2})  # type: ignore[arg-type]
            for n, z in enumerate(heights(40))
        ]
    )
    assert at(one) == heights(40)


def test_slices_scanned_later_into_a_gap_belong_to_the_pass() -> None:
    """The patient had moved; three slices were scanned again and took the others' places."""
    first = [
        image(z, n, AcquisitionNumber=1) for n, z in enumerate(heights(40)) if n not in {9, 10}
    ]
    (one,) = apart([*first, *(image(z, 50, AcquisitionNumber=2) for z in (45.0, 50.0))])
    assert at(one) == heights(40)


def test_a_part_that_was_scanned_last_and_fills_a_gap_belongs_to_the_pass() -> None:
    """Five of its slices follow one another, and nothing but their numbers tells them apart."""
    numbers = [n + 100 if 9 <= n < 14 else n for n in range(1, 41)]
    (one,) = apart([image(z, number) for z, number in zip(heights(40), numbers, strict=True)])
    assert at(one) == heights(40)


def test_two_stray_images_between_the_slices_of_a_pass_are_left_out() -> None:
    """Of an acquisition of their own; the pass needs them nowhere."""
    first = [image(z, n, AcquisitionNumber=1) for n, z in enumerate(heights(40))]
    found = apart([*first, *(image(z, 50, AcquisitionNumber=2) for z in (47.0, 52.0))])
    assert [len(one.images) for one in found] == [40, 2]


def test_a_thick_and_a_thin_reconstruction() -> None:
    """Both over the same range, in one series."""
    thin = [image(z, n, thickness_mm=1.0) for n, z in enumerate(heights(100, step=1.0))]
    thick = [image(z, 200 + n, thickness_mm=5.0) for n, z in enumerate(heights(20))]
    assert [len(one.images) for one in apart(thick + thin)] == [100, 20]


def test_a_head_with_a_finer_base_is_one_pass() -> None:
    """Thin slices of the posterior fossa below thick ones of the rest."""
    base = [image(z, n, thickness_mm=2.5) for n, z in enumerate(heights(12, step=2.5))]
    rest = [image(30 + 5 + z, 12 + n, thickness_mm=7.0) for n, z in enumerate(heights(12, step=7))]
    (one,) = apart(base + rest)
    assert len(one.images) == 24


def test_directions_of_diffusion_do_not_cost_the_images_without() -> None:
    """Once at each place with b = 0, three times with b = 1000: nothing tells these apart."""
    found = apart(
        [
            image(z, 1, modality="MR", DiffusionBValue=b)
            for b in (0, 1000, 1000, 1000)
            for z in heights(20)
        ]
    )
    assert [len(one.images) for one in found] == [20, 60]


def _swapped(images: list[Image]) -> list[Image]:
    order = [1, 0, *range(2, 38), 39, 38]
    return [images[i] for i in order]


def _at_random(images: list[Image]) -> list[Image]:
    return [images[i] for i in np.random.default_rng(3).permutation(len(images))]


@pytest.mark.parametrize("disorder", [_swapped, _at_random], ids=["swapped", "random"])
@pytest.mark.parametrize("attribute", ["InstanceNumber", "ContentTime", "AcquisitionNumber"])
def test_numbers_without_order_tell_nothing(
    attribute: str, disorder: Callable[[list[Image]], Iterable[Image]]
) -> None:
    """One pass whose images are numbered out of order stays whole."""
    places = disorder([image(z) for z in heights(40)])
    (one,) = apart(
        [
            image(where.frame.position[2], n)
            if attribute == "InstanceNumber"
            else image(where.frame.position[2], **{attribute: n})  # type: ignore[arg-type]
            for n, where in enumerate(places)
            if where.frame.position
        ]
    )
    assert at(one) == heights(40)


def test_two_things_that_differ_are_told_one_after_the_other() -> None:
    """Two phases of the heart with two tube voltages each."""
    found = apart(
        [
            image(z, NominalPercentageOfCardiacPhase=phase, KVP=kvp)
            for phase in (35, 75)
            for kvp in (80, 140)
            for z in heights(20)
        ]
    )
    assert [len(one.images) for one in found] == [20] * 4
    assert [tuple(told.value for told in one.tellings) for one in found] == [
        ("35", "80"), ("35", "140"), ("75", "80"), ("75", "140"),
    ]  # fmt: skip
    assert {one.alike for one in found} == {4}
