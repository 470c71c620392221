"""Analyses on the synthetic patients, given their true labels: truth must come out again."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Literal

import numpy as np
import pytest
from analysis_bodies import segmentation

from heimdallr.analyses.case import Case
from heimdallr.analyses.registry import run_all
from heimdallr.domain.study import Patient, Series
from heimdallr.imaging.volume import Volume
from heimdallr.phantom.anatomy import Phantom, build
from heimdallr.phantom.patient import Lesion, sample_patient
from heimdallr.phantom.render import patient_ct_numbers

if TYPE_CHECKING:
    from heimdallr.domain.measurement import Measurement
    from heimdallr.phantom.materials import ContrastPhase
    from heimdallr.phantom.patient import Arms

ABDOMEN_MM = (-170.0, 190.0)
SEED = 5


@cache
def abdomen(arms: Arms) -> Phantom:
    """One patient's abdomen at 4 mm, L3 in its middle."""
    patient = replace(sample_patient(np.random.default_rng(SEED)), arms=arms)
    return build(patient, spacing_mm=4, seed=SEED, z_range_mm=ABDOMEN_MM, measure_lesions=False)


def measure(phantom: Phantom, phase: ContrastPhase = "native") -> dict[str, Measurement]:
    """All measurements of a noise-free CT of a phantom under its true labels."""
    numbers = patient_ct_numbers(phantom.truth.patient, phase)
    image = numbers[phantom.material].round().astype(np.int16)
    maps = {
        "total": phantom.total,
        "tissue_types": phantom.tissue,
        "cerebral_bleed": phantom.bleed.astype(np.uint8),
    }
    case = Case(
        modality="CT",
        image=Volume(image, phantom.affine),
        patient=Patient(),
        series=Series("1.2.3", "CT"),
        segmentations={
            task: segmentation(labels, phantom.affine, task) for task, labels in maps.items()
        },
    )
    return {one.name: one for one in run_all(case)}


@pytest.mark.parametrize(
    ("phase", "published"),
    [
        ("native", "native"),
        ("arterial", "arterial"),
        ("portal_venous", "venous"),
        ("delayed", "delayed"),
    ],
)
def test_the_contrast_phase_of_a_phantom(phase: ContrastPhase, published: str) -> None:
    """TotalSegmentator's regressors and the delayed rule name the phase that was rendered."""
    assert measure(abdomen("absent"), phase)["contrast_phase"].value == published


def test_the_l3_slice_of_a_phantom() -> None:
    """Through the true centre of the L3 body, to one slice."""
    phantom = abdomen("absent")
    k = measure(phantom)["slice_L3"].value
    assert isinstance(k, int)
    height_mm = phantom.affine[2, 3] + k * phantom.affine[2, 2]
    assert height_mm == pytest.approx(phantom.truth.vertebra_centres_mm["L3"][2], abs=4)


def test_arms_beside_a_phantom_change_nothing() -> None:
    """The same patient with the arms down and without: muscle and fat at L3 agree."""
    down, absent = measure(abdomen("down")), measure(abdomen("absent"))
    for name in ("SMA_cm2", "subcutaneous_fat_area_L3_cm2", "visceral_fat_area_L3_cm2"):
        assert down[name].value == pytest.approx(absent[name].value, rel=0.02), name


@pytest.mark.parametrize("side", ["left", "right"])
def test_a_phantoms_bleed(side: Literal["left", "right"]) -> None:
    """True volume and side of an intracerebral bleed."""
    bleed = Lesion("intracerebral_bleed", size_mm=22.0, side=side)
    patient = sample_patient(np.random.default_rng(SEED), region="head")
    phantom = build(replace(patient, lesions=(bleed,)), spacing_mm=2.5, seed=SEED)
    found = measure(phantom)
    assert found["hemorrhage_side"].value == side
    assert found["hemorrhage_vol_cm3"].value == pytest.approx(phantom.truth.bleed_cm3, rel=0.03)
