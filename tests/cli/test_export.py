"""`heimdallr export`: objects of a case folder, as a person asks for them."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pydicom
import pytest
from dicom_series import SeriesOnDisk
from object_cases import folder_of
from typer.testing import CliRunner

from heimdallr.cli.app import app
from heimdallr.config import load_settings
from heimdallr.domain.errors import ObjectError
from heimdallr.imaging.volume import LabelMap, load_volume
from heimdallr.preparation.prepare import PreparedStudy, prepare
from heimdallr.publishing.dicom.kinds import DicomObject
from heimdallr.store.layout import data_folders

if TYPE_CHECKING:
    from pathlib import Path

    from typer.testing import Result

SERIES = SeriesOnDisk()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A case folder with a liver, and ``in/`` with its images beside the folder of cases."""
    folder = tmp_path_factory.mktemp("made")
    SERIES.write(folder / "in")
    prepared = next(prepare(folder / "in", folder / "work"))
    assert isinstance(prepared, PreparedStudy)
    volume = load_volume(prepared.volume_path)
    labels = LabelMap((volume.data > 90).astype("u1") * 5, volume.affine, {5: "liver"})
    return folder_of(prepared, labels, folder / "output")


@pytest.fixture
def case(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The case in the data folder of this test; what is written goes beside it."""
    monkeypatch.setenv("HEIMDALLR_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    copy = data_folders(load_settings()).output / made.name
    shutil.copytree(made, copy)
    return copy


def export(*arguments: str) -> Result:
    """What the command does."""
    return CliRunner().invoke(app, ["export", *arguments])


def test_a_case_is_named_by_its_id_or_its_folder(case: Path, tmp_path: Path) -> None:
    """Both lead to the same object, in a folder that is called after the case."""
    by_id = export(case.name, "--seg")
    assert by_id.exit_code == 0, by_id.output
    target = tmp_path / f"{case.name}-dicom" / "seg-total.dcm"
    assert f"seg\t{target}\n" == by_id.stdout
    first = target.read_bytes()
    by_folder = export(str(case), "--seg", "--to", str(tmp_path / "there"), "--json")
    assert json.loads(by_folder.stdout) == [
        {"kind": DicomObject.SEG.value, "path": str(tmp_path / "there" / "seg-total.dcm")}
    ]
    assert (tmp_path / "there" / "seg-total.dcm").read_bytes() == first


def test_a_folder_that_cannot_be_made_is_a_wrong_command_line(case: Path, tmp_path: Path) -> None:
    """It is named, and what to do is said."""
    (tmp_path / "file").touch()
    refused = export(case.name, "--seg", "--to", str(tmp_path / "file" / "x"))
    assert refused.exit_code == 2
    assert "--to" in refused.output


def test_kind_of_segmentation_and_structures_are_asked_for(case: Path, tmp_path: Path) -> None:
    """A LABELMAP of the liver."""
    assert export(case.name, "--seg", "--labelmap", "--structures", "liver").exit_code == 0
    made = pydicom.dcmread(tmp_path / f"{case.name}-dicom" / "seg-total.dcm")
    assert made.SegmentationType == "LABELMAP"
    assert [one.SegmentLabel for one in made.SegmentSequence] == ["Background", "Liver"]


def test_nothing_is_written_into_a_case_folder(case: Path) -> None:
    """It is whole as it was published."""
    before = sorted(case.rglob("*"))
    for target in (case, case / "dicom"):
        assert export(case.name, "--seg", "--to", str(target)).exit_code == 2
    assert sorted(case.rglob("*")) == before


def test_an_unknown_case_is_a_wrong_command_line(case: Path) -> None:
    """As an unknown path is."""
    assert case.exists()
    result = export("NobodyX_20260201_1", "--seg")
    assert result.exit_code == 2
    assert "no such case folder" in result.output


def test_an_old_case_finds_its_images_where_they_were_received(case: Path, made: Path) -> None:
    """Or where --source says; without either it says what to do."""
    whole = export(case.name, "--seg", "--to", "whole")
    assert whole.exit_code == 0
    (case / "source.json").unlink()
    lost = export(case.name, "--seg", "--to", "lost")
    assert isinstance(lost.exception, ObjectError)
    assert "--source" in str(lost.exception)
    images = made.parents[1] / "in"
    assert export(case.name, "--seg", "--to", "named", "--source", str(images)).exit_code == 0
    received = data_folders(load_settings()).study(SERIES.study_uid)
    shutil.copytree(images, received)
    assert export(case.name, "--seg", "--to", "found").exit_code == 0
    files = [case.parents[2] / name / "seg-total.dcm" for name in ("whole", "named", "found")]
    assert len({file.read_bytes() for file in files}) == 1


def test_masks_that_retention_removed_are_missed(case: Path) -> None:
    """Not an empty object."""
    shutil.rmtree(case / "labels")
    result = export(case.name, "--seg")
    assert isinstance(result.exception, ObjectError)
    assert "no label maps" in str(result.exception)
