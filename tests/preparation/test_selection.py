"""Which series is measured, and why: one rule decides, and it is written down."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heimdallr.domain.statements import Statement
from heimdallr.domain.study import KernelClass, Series, Spectral
from heimdallr.preparation.geometry import StackGeometry
from heimdallr.preparation.selection import Preferences, rank, select
from heimdallr.preparation.stacks import SeriesCandidate
from heimdallr.preparation.usability import no_anatomy

if TYPE_CHECKING:
    import random

EVEN = StackGeometry(100, 0, "axial", 0.0, 0.0, 4.0, 4.0, 400.0)
CT = Series(
    series_instance_uid="1.2.3", modality="CT", number=1,
    image_type=("ORIGINAL", "PRIMARY", "AXIAL"), sop_class_uid="1.2.840.10008.5.1.4.1.1.2",
    instances=100, rows=512, columns=512,
    pixel_spacing_mm=(0.8, 0.8), kernel_class=KernelClass.SOFT, slice_thickness_mm=3.0,
    spacing_mm=4.0, coverage_mm=400.0,
)  # fmt: skip


def ct(  # any field of Series
    number: int,
    geometry: StackGeometry | None = EVEN,
    **facts: Any,  # noqa: ANN401
) -> SeriesCandidate:
    """An ordinary CT series but for the given facts."""
    series = replace(CT, number=number, series_instance_uid=f"1.2.3.{number}", **facts)
    return SeriesCandidate(series, f"1.2.3.{number}#1", geometry, ())


def mr(number: int, **facts: Any) -> SeriesCandidate:  # noqa: ANN401 - any field of Series
    """An ordinary MR series but for the given facts."""
    return ct(
        number,
        EVEN,
        **{
            "modality": "MR",
            "sop_class_uid": "1.2.840.10008.5.1.4.1.1.4",
            "image_type": ("ORIGINAL", "PRIMARY", "M", "ND"),
            **facts,
        },
    )


def chosen(*candidates: SeriesCandidate, preferences: Preferences | None = None) -> int | None:
    """Number of the chosen series."""
    verdict = select(candidates, preferences).chosen
    return verdict.series.number if verdict else None


def reasons(candidate: SeriesCandidate) -> str:
    """Why a lone series is refused."""
    (verdict,) = select([candidate]).verdicts
    assert verdict.rank is None
    return "; ".join(one.text for one in verdict.reasons)


@pytest.mark.parametrize(
    "facts",
    [
        {"spectral": Spectral.NON_CONTRAST},
        {"spectral": Spectral.MONOENERGETIC, "energy_kev": 40.0},
        {"spectral": Spectral.MONOENERGETIC},
        {"rescale_type": "HU_MOD"},
        {"rescaled": False},
        {"rescale_type": "US"},
    ],
)
def test_what_is_no_usual_attenuation_comes_after_all_that_is(facts: dict[str, Any]) -> None:
    """However little a conventional series covers; alone it is used."""
    unusual = ct(1, phase_hint="native", **facts)
    assert chosen(unusual, ct(2, coverage_mm=40.0, kernel_class=KernelClass.BONE)) == 2
    assert chosen(unusual) == 1


def test_images_of_unknown_scale_come_after_virtual_ones() -> None:
    """A virtual image has Hounsfield units at least."""
    assert chosen(ct(1, rescaled=False), ct(2, spectral=Spectral.NON_CONTRAST)) == 2


def test_a_monoenergetic_image_of_70_kev_is_as_good_as_a_scanned_one_of_the_same_phase() -> None:
    """Where both are there, the scanned one is taken."""
    mono: dict[str, Any] = {"spectral": Spectral.MONOENERGETIC, "energy_kev": 70.0}
    assert chosen(ct(1, **mono), ct(2, slice_thickness_mm=5.0)) == 2
    assert chosen(ct(1, **mono), ct(2, coverage_mm=200.0)) == 1


def test_coverage_beats_everything_after_it() -> None:
    """A thin partial native series does not beat the whole abdomen in a portal phase."""
    whole = ct(1, phase_hint="venous", slice_thickness_mm=5.0)
    part = ct(2, coverage_mm=120.0, phase_hint="native", slice_thickness_mm=1.0, instances=400)
    assert chosen(whole, part) == 1


def test_a_few_millimetres_of_coverage_do_not_decide() -> None:
    """398 mm and 402 mm show the same body: the phase decides."""
    assert chosen(ct(1, coverage_mm=402.0), ct(2, coverage_mm=398.0, phase_hint="native")) == 2


@pytest.mark.parametrize(
    ("better", "worse"),
    [("native", "venous"), ("venous", "arterial"), ("arterial", "delayed"), ("delayed", None)],
)
def test_phases_in_order(better: str, worse: str | None) -> None:
    """Native, portal venous, arterial, delayed, unknown; before kernel and thickness."""
    soft = ct(1, phase_hint=worse, kernel_class=KernelClass.SOFT)
    sharp = ct(2, phase_hint=better, kernel_class=KernelClass.BONE)
    assert chosen(soft, sharp) == 2


def test_the_order_of_phases_is_configurable_by_region() -> None:
    """A liver centre may want the portal phase in the abdomen only."""
    preferences = Preferences(phase_order_by_region={"abdomen": ("venous", "native")})
    pair = (
        ct(1, phase_hint="native", body_part="ABDOMEN"),
        ct(2, phase_hint="venous", body_part="ABDOMEN"),
    )
    assert chosen(*pair) == 1
    assert chosen(*pair, preferences=preferences) == 2
    head = (ct(1, phase_hint="native", body_part="HEAD"), ct(2, phase_hint="venous"))
    assert chosen(*head, preferences=preferences) == 1


def test_kernels_in_order() -> None:
    """Soft, standard, unknown, lung, bone — before thickness."""
    order = (KernelClass.SOFT, KernelClass.STANDARD, KernelClass.UNKNOWN, KernelClass.LUNG)
    for better, worse in zip(order, (*order[1:], KernelClass.BONE), strict=True):
        thick = ct(1, kernel_class=better, slice_thickness_mm=5.0)
        assert chosen(ct(2, kernel_class=worse, slice_thickness_mm=1.0), thick) == 1


def test_thickness_near_one_to_three_millimetres_then_more_slices() -> None:
    """5 mm loses to 3 mm, 0.6 mm to 1 mm; between 1 and 3 mm the number of slices decides."""
    assert chosen(ct(1, slice_thickness_mm=5.0), ct(2, slice_thickness_mm=3.0)) == 2
    assert chosen(ct(1, slice_thickness_mm=0.5), ct(2, slice_thickness_mm=1.0)) == 2
    thin = ct(2, slice_thickness_mm=1.0, instances=300)
    assert chosen(ct(1, slice_thickness_mm=3.0), thin) == 2


def test_equal_series_are_told_apart_by_number_and_uid() -> None:
    """A tie is broken the same way every time; a blank number comes last."""
    assert chosen(ct(7), ct(3)) == 3
    blank = replace(ct(1), series=replace(CT, number=None, series_instance_uid="1.1"))
    assert chosen(blank, ct(9)) == 9


@pytest.mark.parametrize(
    ("candidate", "reason"),
    [
        (ct(1, image_type=("ORIGINAL", "PRIMARY", "LOCALIZER")), "localizer"),
        (ct(1, description="Topogram 0.6"), "localizer"),
        (ct(1, image_type=("DERIVED", "SECONDARY", "MIP")), "projection"),
        (ct(1, description="MIP thick cor"), "projection"),
        (ct(1, image_type=("DERIVED", "SECONDARY", "DOSE_INFO")), "dose"),
        (ct(1, sop_class_uid="1.2.840.10008.5.1.4.1.1.7"), "secondary capture"),
        (ct(1, image_type=("DERIVED", "PRIMARY", "PERFUSION", "RCBF")), "derived map"),
        (ct(1, spectral=Spectral.IODINE), "iodine, not attenuation"),
        (ct(1, spectral=Spectral.ELECTRON_DENSITY), "electron density, not attenuation"),
        (ct(1, rescale_type="Z_EFF"), "another quantity, not attenuation"),
        (ct(1, rescale_type="MGML"), "another quantity, not attenuation"),
        (ct(1, modality="PT"), "modality PT"),
        (ct(1, modality=""), "modality unknown"),
        (ct(1, None), "no image position"),
        (ct(1, replace(EVEN, slices=3)), "3 slices"),
        (ct(1, replace(EVEN, slices=1, repeats=3)), "4 images at 1 place"),
        (ct(1, replace(EVEN, plane="coronal")), "coronal reformat"),
        (ct(1, replace(EVEN, obliquity_deg=40.0)), "oblique reformat"),
        (ct(1, pixel_spacing_mm=None), "no pixel spacing"),
        (ct(1, rows=16, columns=16), "too small"),
        (replace(ct(1), samples_per_pixel=3), "colour"),
        (replace(ct(1), own_object=True), "Heimdallr"),
    ],
)
def test_what_is_no_volume_is_refused_with_its_reason(
    candidate: SeriesCandidate, reason: str
) -> None:
    """Filters come first; nothing that follows can bring such a series back."""
    assert reason in reasons(candidate)
    assert chosen(candidate, ct(2, coverage_mm=40.0, kernel_class=KernelClass.BONE)) == 2


@pytest.mark.parametrize(
    "facts",
    [
        {"description": "LOW DOSE CHEST"},
        {"image_type": ("DERIVED", "SECONDARY", "AXIAL", "MPR")},
        {"image_type": ("ORIGINAL", "SECONDARY", "AXIAL")},
        {"image_type": ("DERIVED", "SECONDARY", "REFORMATTED", "AVERAGE")},
        {"image_type": ()},
    ],
)
def test_what_only_looks_suspicious_is_used(facts: dict[str, Any]) -> None:
    """Low dose is no dose report, an axial reformat is a volume."""
    assert chosen(ct(1, **facts)) == 1


def test_mr_puts_maps_subtractions_and_localizers_last() -> None:
    """However many slices they have; a dynamic series stands between."""
    anatomical = mr(1, instances=20, description="T2 HASTE")
    dynamic = replace(mr(2, instances=90, description="VIBE portal venous phase"), time_points=4)
    diffusion = mr(3, instances=90, description="ep2d_diff_b800")
    subtraction = mr(4, instances=90, image_type=("DERIVED", "PRIMARY", "SUB", "M"))
    localizer = mr(5, instances=90, description="localizer")
    order = [
        verdict.series.number
        for verdict in select([localizer, subtraction, diffusion, dynamic, anatomical]).verdicts
    ]
    assert order == [1, 2, 3, 4, 5]


def test_mr_prefers_extent_then_slices() -> None:
    """A coronal series' extent lies within its slices."""
    short = mr(1, instances=60, coverage_mm=120.0)
    coronal = ct(
        2, replace(EVEN, plane="coronal"), modality="MR", sop_class_uid=short.series.sop_class_uid,
        image_type=("ORIGINAL", "PRIMARY", "M"), coverage_mm=150.0, pixel_spacing_mm=(1.5, 1.5),
        rows=256, columns=256, instances=30,
    )  # fmt: skip
    assert chosen(short, coronal) == 2
    assert chosen(short, mr(3, coverage_mm=118.0, instances=80)) == 3


@pytest.mark.parametrize(("matrix", "pixel_mm"), [(64, 6.25), (128, 3.1)])
def test_a_coarse_scout_is_no_match_for_an_image(matrix: int, pixel_mm: float) -> None:
    """It says nowhere that it is one, and covers more."""
    scout = mr(
        1, coverage_mm=480.0, rows=matrix, columns=matrix, pixel_spacing_mm=(pixel_mm, pixel_mm)
    )
    survey = mr(2, coverage_mm=480.0, spacing_mm=20.0)
    image = mr(3, coverage_mm=240.0, instances=30, description="T2 TSE")
    assert chosen(scout, image) == 3
    assert chosen(survey, image) == 3


def _dixon(*kinds: str) -> list[SeriesCandidate]:
    return [
        mr(number, image_type=("ORIGINAL", "PRIMARY", "DIXON", kind))
        for number, kind in enumerate(kinds, start=1)
    ]


@pytest.mark.parametrize(
    "kinds",
    [
        ("FAT_FRACTION", "FAT", "OPP_PHASE", "WATER", "IN_PHASE"),
        ("FAT_FRACTION", "FAT", "OUT_PHASE", "WATER", "IN_PHASE"),
        ("FF", "F", "OP", "W", "IP"),
        ("FAT FRACTION", "FAT ONLY", "OPPOSED_PHASE", "WATER ONLY", "INPHASE"),
    ],
)
def test_dixon_images_in_order(kinds: tuple[str, ...]) -> None:
    """In-phase, water, opposed, fat, fraction: the last in the list first."""
    order = [verdict.series.number for verdict in select(_dixon(*kinds)).verdicts]
    assert order == [5, 4, 3, 2, 1]


def test_dixon_images_are_told_by_their_description_where_image_type_is_silent() -> None:
    """GE writes what it is before the name, Siemens after it."""
    for names in (
        ("FatFrac: IDEAL", "FAT: LAVA-Flex", "OutPhase: LAVA-Flex", "WATER: LAVA-Flex",
         "InPhase: LAVA-Flex"),
        ("t1_dixon_tra_FF", "t1_dixon_tra_F", "t1_dixon_tra_opp", "t1_dixon_tra_W",
         "t1_dixon_tra_in"),
    ):  # fmt: skip
        series = [mr(number, description=name) for number, name in enumerate(names, start=1)]
        assert [one.series.number for one in select(series).verdicts] == [5, 4, 3, 2, 1]


@pytest.mark.parametrize(
    "description", ["T1 fat sat", "t2_tse_fs_tra", "VIBE fat suppressed", "T2 STIR", "portal phase"]
)
def test_fat_suppression_is_no_fat_image(description: str) -> None:
    """Only a Dixon series is one of fat alone."""
    assert chosen(mr(1, description=description), *_dixon("FAT")) == 1
    assert chosen(mr(3, description="T1", instances=20), mr(2, description=description)) == 2


def test_an_ordinary_image_and_an_in_phase_one_are_equals() -> None:
    """The number of slices decides between them, as between any two."""
    (in_phase,) = _dixon("IN_PHASE")
    assert chosen(in_phase, mr(2, instances=30, description="T2 HASTE")) == 1
    assert chosen(in_phase, mr(2, instances=300, description="T1 VIBE")) == 2


@pytest.mark.parametrize(
    "kind", ["PHASE", "PHASE MAP", "P", "R2_STAR_MAP", "R2STAR", "T1 MAP", "B0_MAP"]
)
def test_a_phase_map_stays_a_map(kind: str) -> None:
    """Even among Dixon images."""
    fat, phase = _dixon("FAT", kind)
    assert chosen(phase, fat) == 1


def test_what_is_measured_for_want_of_anatomy_is_told() -> None:
    """A study of fat images, maps or a localizer alone."""
    (fat, fraction, phase, water) = _dixon("FAT", "FAT_FRACTION", "PHASE", "WATER")
    told = [no_anatomy(one) for one in (fat, fraction, phase, mr(1, description="scout"))]
    assert [one.code for notices in told for one in notices] == [
        "measured_on_fat_image", "measured_on_map", "measured_on_map", "measured_on_localizer",
    ]  # fmt: skip
    assert no_anatomy(water) == no_anatomy(ct(1, description="scout")) == ()


def test_a_usable_ct_is_preferred_to_mr() -> None:
    """And the MR series says so."""
    verdicts = select([mr(1), ct(2)]).verdicts
    assert [(one.series.number, one.rank) for one in verdicts] == [(2, 1), (1, 2)]
    assert verdicts[1].reasons[0].code == "series_after_ct"


def test_the_deciding_rule_is_the_reason() -> None:
    """Chosen: every fact. Passed over: the first rule that differs, with both values."""
    best, other = select([ct(1), ct(2, kernel_class=KernelClass.BONE)]).verdicts
    assert best.reasons[0].text == "covers 400 mm"
    assert len(best.reasons) == 5
    (reason,) = other.reasons
    assert reason.text == (
        "passed over for series 1: bone kernel (no source names it)"
        " against soft kernel (no source names it)"
    )
    assert reason.in_language("pt") == (
        "preterida pela série 1: kernel ósseo (nenhuma fonte o informa)"
        " contra kernel de partes moles (nenhuma fonte o informa)"
    )


def test_a_series_refused_later_keeps_its_reason() -> None:
    """Conversion may find out what headers do not tell; the next series moves up."""
    failed = Statement("series_not_converted", {"error": "no volume"})
    ranked = rank([ct(1), ct(2)], Preferences(), {"1.2.3.1#1": failed})
    assert [(one.series.number, verdict.rank) for one, verdict in ranked] == [(2, 1), (1, None)]
    assert ranked[1][1].reasons == (failed,)


def test_no_usable_series_means_none_chosen() -> None:
    """An empty study as well."""
    assert select([]).chosen is None
    assert select([ct(1, modality="US")]).chosen is None


CANDIDATES = st.lists(
    st.builds(
        lambda number, modality, coverage, phase, kernel, thickness, slices, plane, parts: replace(
            ct(
                number,
                replace(EVEN, plane=plane, slices=slices),
                modality=modality, coverage_mm=coverage, phase_hint=phase, kernel_class=kernel,
                slice_thickness_mm=thickness, instances=slices,
                sop_class_uid=f"1.2.840.10008.5.1.4.1.1.{2 if modality == 'CT' else 4}",
            ),
            part=(1, parts),
        ),
        st.integers(0, 6),
        st.sampled_from(["CT", "MR", "US"]),
        st.sampled_from([40.0, 380.0, 400.0]),
        st.sampled_from([None, "native", "venous"]),
        st.sampled_from(list(KernelClass)),
        st.sampled_from([None, 0.6, 1.0, 5.0]),
        st.sampled_from([2, 40, 100]),
        st.sampled_from(["axial", "coronal"]),
        st.integers(1, 2),
    ),
    max_size=8,
    unique_by=lambda one: one.key,
)  # fmt: skip


@given(CANDIDATES, st.randoms(use_true_random=False))
def test_the_order_of_the_input_plays_no_part(
    candidates: list[SeriesCandidate], shuffle: random.Random
) -> None:
    """Any permutation gives the same verdicts in the same order."""
    before = select(candidates)
    shuffle.shuffle(candidates)
    assert select(candidates) == before


@given(CANDIDATES)
def test_every_series_gets_one_verdict_with_a_reason(candidates: list[SeriesCandidate]) -> None:
    """Ranks count from one without gaps, and nobody is left without words."""
    verdicts = select(candidates).verdicts
    ranks = [one.rank for one in verdicts if one.rank is not None]
    assert len(verdicts) == len(candidates)
    assert ranks == list(range(1, len(ranks) + 1))
    assert all(one.reasons for one in verdicts)
    assert [one.rank for one in verdicts[len(ranks) :]] == [None] * (len(verdicts) - len(ranks))
