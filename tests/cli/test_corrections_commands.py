"""`heimdallr corrections`, as it is typed."""

from __future__ import annotations

import json
import stat
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np
import pytest
from migrated_database import migrated_database
from object_cases import trunk_folder
from publishing_cases import ENDED, trunk_arrays
from sqlalchemy import select
from store_cases import NOW, add_study
from typer.testing import CliRunner

from heimdallr.cli.app import app
from heimdallr.config import Settings, load_settings
from heimdallr.corrections.difference import Difference, between, labels_version
from heimdallr.corrections.recompute import apply_correction
from heimdallr.corrections.wanted import Wanted
from heimdallr.domain.errors import HeimdallrError
from heimdallr.imaging.volume import load_volume, save_nifti
from heimdallr.publishing.correction_records import CorrectionRecord
from heimdallr.publishing.schema import read_identity, read_results
from heimdallr.store.corrections import CorrectionState, corrections_of, keep_correction
from heimdallr.store.layout import data_folders
from heimdallr.store.models import AuditEntry, Study, StudyState
from heimdallr.store.results import index_results

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from heimdallr.store.database import Database

LIVER = 5


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Settings:
    """The settings of every command of the test."""
    monkeypatch.setenv("HEIMDALLR_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("COLUMNS", "200")
    return load_settings()


@pytest.fixture
def opened(settings: Settings) -> Iterator[Database]:
    """The configured database with its tables, and all folders."""
    data_folders(settings).create()
    database = migrated_database(settings)
    yield database
    database.close()


@pytest.fixture
def case(opened: Database, settings: Settings, tmp_path: Path) -> Path:
    """The trunk as a study with results."""
    made = trunk_folder(tmp_path / "made")
    folder = data_folders(settings).output / made.name
    made.rename(folder)
    results, identity = read_results(folder), read_identity(folder)
    with opened.write() as session:
        study = add_study(session, state=StudyState.DONE, case_id=folder.name, revision=1)
        index_results(session, study, results, identity, folder, NOW)
    return folder


def run(*arguments: str, code: int = 0) -> str:
    """What a command prints, and the error it ends with."""
    result = CliRunner().invoke(app, ["corrections", *arguments])
    assert result.exit_code == code, result.output
    error = result.exception
    return result.output + (str(error) if isinstance(error, HeimdallrError) else "")


def without_lower_half() -> tuple[np.ndarray, np.ndarray]:
    """The organs, and the same without the lower half of the liver."""
    organs = trunk_arrays()[1]
    after = organs.copy()
    middle = int(np.median(np.argwhere(organs == LIVER)[:, 2]))
    after[:, :, :middle][after[:, :, :middle] == LIVER] = 0
    return organs, after


def test_a_mask_is_handed_in_as_a_proposal_and_listed(
    case: Path, opened: Database, tmp_path: Path
) -> None:
    """By case ID or number; it changes nothing, and is in the audit trail without a name."""
    _, after = without_lower_half()
    affine = load_volume(case / "volume.nii.gz").affine
    save_nifti(tmp_path / "liver.nii.gz", (after == LIVER).astype(np.uint8), affine)
    save_nifti(tmp_path / "tumour.nii.gz", (after == LIVER).astype(np.uint8), affine)
    before = labels_version(case)
    files = [str(tmp_path / name) for name in ("liver.nii.gz", "tumour.nii.gz")]
    said = run("import", case.name, *files)
    assert "proposal 1 of study 1: liver" in said
    assert "not recognised, and left out: tumour" in said
    assert labels_version(case) == before
    with opened.read() as session:
        (row,) = corrections_of(session, 1)
        assert (row.state, row.origin, row.base) == (CorrectionState.PROPOSED, "nifti", before)
        entry = session.scalars(select(AuditEntry)).one()
        assert (entry.action, entry.object) == ("study.propose", "study 1")
    assert "proposed" in run("list", "1")
    (listed,) = json.loads(run("list", case.name, "--json"))
    assert (listed["number"], listed["state"], listed["origin"]) == (1, "proposed", "nifti")
    assert "no case of this ID" in run("list", "nobody", code=1)
    assert "shows what the label maps show" in run("import", case.name, str(
        case / "labels" / "total.nii.gz"), code=1)  # fmt: skip


def test_training_data_is_of_what_was_applied(
    case: Path, opened: Database, settings: Settings, tmp_path: Path
) -> None:
    """Not of what waits, nor of results no row knows; the pseudonyms' key is its owner's alone."""
    before, after = without_lower_half()
    difference = Difference(before.shape, {"total": between("total", before, after)})
    told = CorrectionRecord(
        number=1, kind="voxels", by="maria", at=ENDED, base=labels_version(case)
    )
    with opened.write() as session:
        keep_correction(session, 1, told, CorrectionState.PROPOSED, difference=difference.pack())
    assert "no case was exported" in run("export", str(tmp_path / "none"), code=1)
    apply_correction(case, Wanted(told, difference), 1, clock=lambda: ENDED + timedelta(hours=1))
    with opened.write() as session:
        (row,) = corrections_of(session, 1)
        row.state = CorrectionState.APPLIED
    assert "no case was exported" in run("export", str(tmp_path / "0"), "--with-faces", code=1)
    with opened.write() as session:
        study = session.get_one(Study, 1)
        index_results(session, study, read_results(case), read_identity(case), case, NOW)
    for name in ("one", "two"):
        assert "total: 1 cases" in run("export", str(tmp_path / name), "--with-faces")
    first, second = (
        sorted(path.name for path in (tmp_path / name).rglob("*.nii.gz")) for name in ("one", "two")
    )
    assert first == second
    key = data_folders(settings).state / "training.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert "no case was exported" in run("export", str(tmp_path / "3"), "--verified", code=1)
    assert "there already" in run("export", str(tmp_path / "one"), code=1)
    with opened.read() as session:
        details = [one.details for one in session.scalars(select(AuditEntry))]
    assert details == ["0 pairs", "0 pairs", "1 pairs", "1 pairs", "0 pairs"]
