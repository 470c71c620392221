"""A height that becomes known later gives the results it would have given from the beginning."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest
from publishing_cases import (
    ENDED,
    PREPARED,
    STARTED,
    STUDY,
    TISSUE_NAMES,
    TRUNK_AFFINE,
    TRUNK_NAMES,
    stored,
    trunk_arrays,
    trunk_case,
)
from test_publish import LAS

from heimdallr.analyses.registry import run_all
from heimdallr.analyses.rules.findings import find
from heimdallr.domain.body_size import BodySize
from heimdallr.domain.errors import PublishingError
from heimdallr.imaging.volume import LabelMap, load_volume
from heimdallr.publishing.body_size import recompute, size_in
from heimdallr.publishing.overlays.l3 import FILE_NAME
from heimdallr.publishing.publish import Publication, publish
from heimdallr.publishing.schema import IDENTITY_FILE, RESULTS_FILE, read_identity, read_results

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from heimdallr.domain.study import Patient
    from heimdallr.publishing.schema import Results

NOW = datetime(2026, 2, 2, 9, 30, tzinfo=timezone.utc)
LATER = ENDED + timedelta(days=1)
SIZE = BodySize(2.1, 60.0, "entered", "maria", NOW)
"""So tall that any muscle is little."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Patient, str], Path]:
    """Publishes the trunk for a patient; its folder."""

    def publish_for(patient: Patient, name: str) -> Path:
        folder = tmp_path_factory.mktemp(name)
        hu, organs, tissues = trunk_arrays()
        path = stored(folder / "converted.nii", hu, TRUNK_AFFINE, LAS)
        case = trunk_case(
            load_volume(path),
            LabelMap(organs, TRUNK_AFFINE, TRUNK_NAMES),
            LabelMap(tissues, TRUNK_AFFINE, TISSUE_NAMES),
            "bundled",
        )
        case = replace(case, patient=patient)
        measured = run_all(case)
        study = replace(STUDY, patient=patient)
        prepared = replace(PREPARED, study=study, volume_path=path)
        publication = Publication(
            prepared, case, measured, find(case, measured), STARTED, {"prepare": 1.0}
        )
        return publish(folder / "output", publication, lambda: ENDED).folder

    return publish_for


@pytest.fixture(scope="module")
def unknown(made: Callable[[Patient, str], Path]) -> Path:
    """A case whose header tells neither height nor weight."""
    return made(replace(STUDY.patient, height_m=None, weight_kg=None), "unknown")


def test_it_is_as_if_the_header_had_said_it(
    made: Callable[[Patient, str], Path], unknown: Path
) -> None:
    """Measurements, findings, and the picture to the last pixel; then back to what was."""
    before, picture = read_results(unknown), (unknown / FILE_NAME).read_bytes()
    volume = (unknown / "volume.nii.gz").stat().st_ino
    results, identity = recompute(unknown, SIZE, lambda: LATER)
    known = made(replace(STUDY.patient, height_m=2.1, weight_kg=60.0), "known")
    told = read_results(known)
    assert results.measurements == told.measurements
    index = next(one for one in told.measurements if one.name == "liver_vol_per_bsa_ml_m2")
    assert index.value is not None
    assert results.findings == told.findings
    assert results.findings != before.findings
    assert read_results(unknown) == results
    assert (unknown / FILE_NAME).read_bytes() == (known / FILE_NAME).read_bytes() != picture
    assert (unknown / "volume.nii.gz").stat().st_ino == volume, "no image was written again"
    assert (identity.height_m, identity.weight_kg) == (2.1, 60.0)
    assert size_in(read_identity(unknown)) == SIZE
    assert results.provenance.created_at == LATER
    back, identity = recompute(unknown, None, lambda: ENDED)
    assert back == before
    assert (unknown / FILE_NAME).read_bytes() == picture
    assert identity.body_size is None
    assert identity.height_m is None


def test_what_is_not_entered_stays_what_the_header_says(
    made: Callable[[Patient, str], Path],
) -> None:
    """A weight alone; the header's height is not lost when another is entered."""
    case = made(replace(STUDY.patient, height_m=1.62), "half")
    _, identity = recompute(case, replace(SIZE, height_m=None), lambda: LATER)
    assert (identity.height_m, identity.weight_kg) == (1.62, 60.0)
    _, identity = recompute(case, SIZE, lambda: LATER)
    assert identity.body_size is not None
    assert identity.body_size.header_height_m == 1.62
    _, identity = recompute(case, None, lambda: LATER)
    assert (identity.height_m, identity.weight_kg) == (1.62, None)


def files_of(case: Path) -> dict[str, int]:
    """Every file of a case, and which one it is."""
    return {str(one.relative_to(case)): one.stat().st_ino for one in case.rglob("*.*")}


def test_a_folder_that_follows_already_is_left_alone(unknown: Path) -> None:
    """Doing the same again writes nothing; a kill before the rename leaves the older one."""
    recompute(unknown, SIZE, lambda: LATER)
    before = files_of(unknown)
    recompute(unknown, SIZE, lambda: LATER + timedelta(days=1))
    assert files_of(unknown) == before

    def killed() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        recompute(unknown, None, lambda: LATER, last_word=killed)
    assert files_of(unknown) == before
    recompute(unknown, None, lambda: LATER)


def without_area(results: Results) -> Results:
    """The same, where neither muscle area nor liver volume could be measured."""
    absent = {"value": None, "status": "not_assessable", "reason": "little of it"}
    rest = [
        one.model_copy(update=absent) if one.name in ("SMA_cm2", "liver_vol_cm3") else one
        for one in results.measurements
    ]
    return results.model_copy(update={"measurements": rest})


def test_without_an_area_or_a_volume_there_is_no_index(
    made: Callable[[Patient, str], Path],
) -> None:
    """The reason stays what it was; nothing is made up."""
    case = made(replace(STUDY.patient, height_m=None), "no area")
    changed = without_area(read_results(case))
    (case / RESULTS_FILE).write_text(changed.model_dump_json())
    results, _ = recompute(case, SIZE, lambda: LATER)
    assert results.measurements == changed.measurements


def test_a_picture_that_cannot_be_redrawn_is_gone_and_said_to_be(
    made: Callable[[Patient, str], Path],
) -> None:
    """It would show an index that does not hold any more."""
    case = made(replace(STUDY.patient, height_m=None), "picture")
    (case / FILE_NAME).write_bytes(b"no picture")
    results, _ = recompute(case, SIZE, lambda: LATER)
    assert not (case / FILE_NAME).exists()
    assert any("L3 overlay" in one or "L3_overlay" in one for one in results.notices)


def test_a_damaged_folder_is_not_touched(made: Callable[[Patient, str], Path]) -> None:
    """Its text is not repeated."""
    case = made(STUDY.patient, "damaged")
    (case / IDENTITY_FILE).write_text('{"PatientName": "SECRET"')
    with pytest.raises(PublishingError, match="cannot be read") as refused:
        recompute(case, SIZE, lambda: LATER)
    assert "SECRET" not in str(refused.value)


@pytest.mark.parametrize(("height_m", "weight_kg"), [(170.0, None), (None, 70_000), (None, None)])
def test_other_units_are_refused(height_m: float | None, weight_kg: float | None) -> None:
    """Centimetres, grams, nothing at all."""
    with pytest.raises(ValueError, match=r"lies between|neither"):
        BodySize(height_m, weight_kg, "fhir", "server", NOW)
