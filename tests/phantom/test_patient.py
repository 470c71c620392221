"""Sampled patients: repeatable and within human bounds."""

from __future__ import annotations

import numpy as np
import pytest

from heimdallr.phantom.patient import sample_patient


def test_the_same_seed_is_the_same_patient() -> None:
    """Sampling is deterministic; the next seed is somebody else."""
    first = sample_patient(np.random.default_rng(4), lesions=True)
    again = sample_patient(np.random.default_rng(4), lesions=True)
    other = sample_patient(np.random.default_rng(5), lesions=True)
    assert first == again
    assert first != other


def test_patients_differ_as_adults_do() -> None:
    """Both sexes, statures and body mass indices over the adult range."""
    people = [sample_patient(np.random.default_rng(i)) for i in range(300)]
    assert {p.sex for p in people} == {"male", "female"}
    assert {p.arms for p in people} == {"up", "down", "absent"}
    bmi = np.array([p.bmi for p in people])
    assert bmi.min() >= 17.0
    assert bmi.max() <= 42.0
    assert bmi.max() - bmi.min() > 15.0
    height = np.array([p.height_mm for p in people])
    assert 1450 <= height.min() < 1600
    assert 1850 < height.max() <= 2000
    assert not any(p.lesions for p in people)


@pytest.mark.parametrize(("region", "absent"), [("trunk", "intracerebral_bleed"), ("head", "cyst")])
def test_lesions_fit_the_region(region: str, absent: str) -> None:
    """No bleed in a trunk, no kidney cyst in a head."""
    kinds = {
        lesion.kind
        for i in range(60)
        for lesion in sample_patient(
            np.random.default_rng(i),
            region=region,  # type: ignore[arg-type]
            lesions=True,
        ).lesions
    }
    assert kinds
    assert not any(absent in kind for kind in kinds)
