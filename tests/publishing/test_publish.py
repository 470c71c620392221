"""A published case is one complete folder."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import nibabel as nib
import numpy as np
import pytest
from object_cases import trunk_source
from publishing_cases import (
    CASE_ID,
    ENDED,
    PREPARED,
    STARTED,
    TISSUE_NAMES,
    TRUNK_AFFINE,
    TRUNK_NAMES,
    stored,
    trunk_arrays,
    trunk_case,
)
from totalsegmentator.map_to_binary import class_map

from heimdallr.analyses.registry import run_all
from heimdallr.analyses.rules.findings import Conclusions, find
from heimdallr.domain.errors import PublishingError
from heimdallr.domain.statements import Statement
from heimdallr.imaging.volume import LabelMap, Volume, load_label_map, load_volume
from heimdallr.publishing import preview
from heimdallr.publishing import publish as module
from heimdallr.publishing.publish import Publication, publish
from heimdallr.publishing.schema import Identity, Results, read_labels
from heimdallr.publishing.source_file import read_source
from heimdallr.publishing.verification_file import VERIFICATION_FILE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from heimdallr.segmentation.result import WeightsOrigin

LAS = np.array([[0, -1], [1, 1], [2, 1]])
"""How dcm2niix stores an axial CT."""


def _publication(folder: Path, origin: WeightsOrigin = "bundled") -> Publication:
    hu, organs, tissues = trunk_arrays()
    path = stored(folder / "converted.nii", hu, TRUNK_AFFINE, LAS)
    case = trunk_case(
        load_volume(path),
        LabelMap(organs, TRUNK_AFFINE, TRUNK_NAMES),
        LabelMap(tissues, TRUNK_AFFINE, TISSUE_NAMES),
        origin,
    )
    measurements = run_all(case)
    prepared = replace(PREPARED, volume_path=path)
    stages_s = {"prepare": 1.0, "segment": 2.0, "analyze": 3.0}
    return Publication(prepared, case, measurements, find(case, measurements), STARTED, stages_s)


def test_the_folder_is_the_founding_documents(tmp_path: Path) -> None:
    """Golden: every file of the case, and nothing beside it."""
    published = publish(tmp_path / "output", _publication(tmp_path), lambda: ENDED)
    assert published.folder == tmp_path / "output" / CASE_ID
    files = {str(path.relative_to(published.folder)) for path in published.folder.rglob("*.*")}
    assert files == {
        "id.json",
        "resultados.json",
        "case.json",
        "volume.nii.gz",
        "L3_overlay.png",
        "coronal_overview.png",
        *(f"total/{name}.nii.gz" for name in TRUNK_NAMES.values()),
        *(f"tissue_types/{name}.nii.gz" for name in TISSUE_NAMES.values()),
        "labels/total.nii.gz",
        "labels/tissue_types.nii.gz",
        "labels/labels.json",
    }
    assert [path.name for path in (tmp_path / "output").iterdir()] == [CASE_ID]
    assert published.overlays == ("L3_overlay.png", "coronal_overview.png")
    assert published.notices == ("bundled weights — not for clinical use",)


def test_the_images_it_was_made_of_are_kept(tmp_path: Path) -> None:
    """In ``source.json``, so that objects for a PACS can be made at any time."""
    publication = _publication(tmp_path)
    prepared = replace(publication.prepared, source=trunk_source())
    published = publish(tmp_path, replace(publication, prepared=prepared), lambda: ENDED)
    assert read_source(published.folder) == trunk_source()


def test_every_file_is_on_the_disk_before_the_last_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is newer is asked for last of all: only the rename is left, however many masks."""
    told: list[str] = []
    sync = os.fsync

    def syncing(descriptor: int) -> None:
        told.append("sync")
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", syncing)
    publication = _publication(tmp_path)
    publish(tmp_path / "out", publication, lambda: ENDED, last_word=lambda: told.append("word"))
    assert told[told.index("word") :] == ["word", "sync"]


def test_both_files_are_valid_and_agree(tmp_path: Path) -> None:
    """The JSON files pass their schema; identity and results name the same case and times."""
    published = publish(tmp_path, _publication(tmp_path), lambda: ENDED)
    identity = Identity.model_validate_json((published.folder / "id.json").read_text())
    results = Results.model_validate_json((published.folder / "resultados.json").read_text())
    assert identity.case_id == results.case_id == CASE_ID
    assert identity.pipeline.end_time - identity.pipeline.start_time == timedelta(seconds=150)
    assert list(identity.pipeline.stages_s) == ["prepare", "segment", "analyze", "publish"]
    assert results.flat["slice_L3"] == 38
    assert results.notices == list(published.notices)


def test_masks_lie_on_the_published_volume(tmp_path: Path) -> None:
    """Same shape and affine, and the liver's mask covers the liver's voxels in the image."""
    folder = publish(tmp_path, _publication(tmp_path), lambda: ENDED).folder
    volume = nib.load(folder / "volume.nii.gz")
    assert nib.aff2axcodes(volume.affine) == ("L", "A", "S")
    liver = nib.load(folder / "total" / "liver.nii.gz")
    assert np.allclose(liver.affine, volume.affine)
    mask = np.asanyarray(liver.dataobj) == 1
    assert mask.sum() == (trunk_arrays()[1] == 5).sum()
    assert set(np.unique(np.asanyarray(volume.dataobj)[mask])) == {60}


def test_label_maps_say_what_the_masks_say(tmp_path: Path) -> None:
    """Every structure of `labels.json` has its mask's voxels, on the published volume."""
    publication = _publication(tmp_path)
    folder = publish(tmp_path, publication, lambda: ENDED).folder
    labels = read_labels(folder)
    volume = nib.load(folder / "volume.nii.gz")
    assert [one.name for one in labels.maps] == ["total", "tissue_types"]
    assert labels.shape == publication.case.image.shape
    assert np.allclose(labels.affine, publication.case.image.affine)
    for one in labels.maps:
        numbers = nib.load(folder / "labels" / f"{one.name}.nii.gz")
        assert np.allclose(numbers.affine, volume.affine)
        masks = {path.name.removesuffix(".nii.gz") for path in (folder / one.name).iterdir()}
        assert {structure.structure for structure in one.structures} == masks
        for structure in one.structures:
            mask = nib.load(folder / one.name / f"{structure.structure}.nii.gz")
            inside = np.asanyarray(numbers.dataobj) == structure.label
            assert np.array_equal(inside, np.asanyarray(mask.dataobj) == 1)
            assert structure.voxels == int(inside.sum())


def test_a_large_volume_gets_a_preview(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It shows the same patient in the same place."""
    monkeypatch.setattr(preview, "LARGE_VOXELS", 100_000)
    monkeypatch.setattr(preview, "PREVIEW_VOXELS", 60_000)
    publication = _publication(tmp_path)
    folder = publish(tmp_path, publication, lambda: ENDED).folder
    small, image = load_volume(folder / "preview.nii.gz"), publication.case.image
    assert small.shape == (44, 32, 36)
    centre = np.array([20, 15, 30])
    there = image.world_to_voxel(small.voxel_to_world(centre))
    assert np.allclose(there, 2 * centre + 0.5)
    assert np.array_equal(small.data[20, 15, 30], np.rint(image.data[40:42, 30:32, 60:62].mean()))


def test_official_weights_need_no_notice(tmp_path: Path) -> None:
    """Nothing is announced where there is nothing to announce."""
    assert publish(tmp_path, _publication(tmp_path, "official"), lambda: ENDED).notices == ()


def test_what_preparation_has_to_tell_stands_in_the_results(tmp_path: Path) -> None:
    """After the notice of the weights; the worklist, the report and `process` read it there."""
    publication = _publication(tmp_path)
    told = replace(publication.case, notices=(Statement("age_unknown"),))
    published = publish(tmp_path, replace(publication, case=told), lambda: ENDED)
    written = json.loads((published.folder / "resultados.json").read_text())
    assert [one["code"] for one in written["notices_coded"]] == ["bundled_weights", "age_unknown"]
    assert written["notices"] == list(published.notices)
    assert published.notices[1].startswith("the patient's age is not known")


def test_a_picture_that_breaks_does_not_cost_the_numbers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The case is published without it, and says so."""

    def broken(*_: object) -> dict[str, object]:
        msg = "SILVA^MARIA"  # an error's text might quote a header: it must not be published
        raise RuntimeError(msg)

    monkeypatch.setitem(module.DRAWINGS, "L3_overlay", broken)  # type: ignore[arg-type]
    folder = publish(tmp_path, _publication(tmp_path), lambda: ENDED).folder
    text = (folder / "resultados.json").read_text()
    assert "L3_overlay could not be drawn: RuntimeError" in json.loads(text)["notices"]
    assert "MARIA" not in text
    assert not (folder / "L3_overlay.png").exists()
    assert (folder / "coronal_overview.png").exists()


def test_masks_that_do_not_fit_the_volume_end_the_stage(tmp_path: Path) -> None:
    """A label map of another grid: an error, no folder, and the older one as it was."""
    good = _publication(tmp_path)
    publish(tmp_path / "output", good, lambda: ENDED)
    before = (tmp_path / "output" / CASE_ID / "id.json").read_bytes()
    other = tmp_path / "other.nii"
    nib.save(nib.Nifti1Image(np.zeros((9, 9, 9), np.int16), np.eye(4)), other)
    bad = replace(good, prepared=replace(good.prepared, volume_path=other))
    with pytest.raises(PublishingError):
        publish(tmp_path / "output", bad, lambda: ENDED)
    assert [path.name for path in (tmp_path / "output").iterdir()] == [CASE_ID]
    assert (tmp_path / "output" / CASE_ID / "id.json").read_bytes() == before


def test_publishing_again_replaces_the_folder(tmp_path: Path) -> None:
    """The second run's folder has nothing of the first but what persons have said."""
    publication = _publication(tmp_path)
    first = publish(tmp_path / "output", publication, lambda: ENDED).folder
    (first / "stale.png").touch()
    (first / VERIFICATION_FILE).write_text("{}")
    publish(tmp_path / "output", publication, lambda: ENDED + timedelta(hours=1))
    assert not (first / "stale.png").exists()
    assert (first / VERIFICATION_FILE).read_text() == "{}"
    assert "11:02:30" in (first / "id.json").read_text()


def test_a_real_ct_with_its_reference_labels(
    tmp_path: Path, real_set: Callable[[str], Path]
) -> None:
    """The example CT and its 61 structures: a mask for each, voxel for voxel."""
    folder = real_set("ct_totalsegmentator_example")
    source = folder / "example_ct.nii.gz"
    labels = load_label_map(folder / "example_seg_fast_force_split.nii.gz", class_map["total"])
    image = load_volume(source)
    case = trunk_case(
        Volume(image.data, image.affine),
        labels,
        LabelMap(np.zeros(image.shape, np.uint8), image.affine, TISSUE_NAMES),
    )
    publication = Publication(
        replace(PREPARED, volume_path=source), case, (), Conclusions(), STARTED
    )
    published = publish(tmp_path, publication, lambda: ENDED)
    present = [int(number) for number in np.unique(labels.data) if number]
    assert published.masks["total"] == tuple(labels.names[number] for number in present)
    assert published.masks["tissue_types"] == ()
    assert not (published.folder / "tissue_types").exists()
    assert not (published.folder / "labels" / "tissue_types.nii.gz").exists()
    together = nib.load(published.folder / "labels" / "total.nii.gz")
    reference = nib.load(folder / "example_seg_fast_force_split.nii.gz")
    assert np.array_equal(np.asanyarray(together.dataobj), np.asanyarray(reference.dataobj))
    for number in present[::7]:
        mask = nib.load(published.folder / "total" / f"{labels.names[number]}.nii.gz")
        assert int(np.asanyarray(mask.dataobj).sum()) == int((labels.data == number).sum())
    volume, given = nib.load(published.folder / "volume.nii.gz"), nib.load(source)
    assert np.array_equal(np.asanyarray(volume.dataobj), np.asanyarray(given.dataobj))
    assert np.array_equal(volume.affine, given.affine)
