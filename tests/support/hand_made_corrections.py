"""Corrected case folders made by hand: what rows and locks are tested with, without a network.

The liver shrinks by a cubic centimetre with each correction of voxels.
"""

from __future__ import annotations

import gzip
import json
import shutil
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from store_cases import NOW, add_study, make_identity, make_results, write_case, write_viewer_files

import heimdallr
from heimdallr.corrections.difference import labels_version
from heimdallr.domain.errors import OtherBaseError
from heimdallr.domain.statements import Statement
from heimdallr.publishing.case_file import CASE_FILE
from heimdallr.publishing.case_folder import case_folder
from heimdallr.publishing.correction_records import (
    CORRECTION_FILE,
    CORRECTIONS_FOLDER,
    CorrectionRecord,
)
from heimdallr.publishing.kept_correction import KeptCorrection
from heimdallr.publishing.results import results_json
from heimdallr.publishing.schema import LABELS_FOLDER, RESULTS_FILE, Results, coded, read_results
from heimdallr.store.models import StudyState
from heimdallr.store.results import index_results
from heimdallr.store.upkeep.case_builder import Correct, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from heimdallr.publishing.schema import Identity
    from heimdallr.store.database import Database
    from heimdallr.store.layout import DataFolders
    from heimdallr.store.upkeep.case_builder import Job

ANNA, MARIA = "user:anna", "user:maria"


@dataclass
class HandMade:
    """Builds corrected folders, in this process.

    Attributes:
        before_last_word: what happens while a folder is being built.
        after_rename: what happens when it has taken its place.
        built: numbers of the corrections it was asked for.
    """

    before_last_word: Callable[[], None] = lambda: None
    after_rename: Callable[[], None] = lambda: None
    built: list[int] = field(default_factory=list)

    def __call__(self, job: Job, last_word: Callable[[], None]) -> Outcome:
        """Let a folder follow a correction."""
        assert isinstance(job, Correct)
        self.built.append(job.record.number)
        if not job.onto_present and job.record.base != labels_version(job.case):
            raise OtherBaseError(Statement("correction_of_other_base"))

        def asked() -> None:
            self.before_last_word()
            last_word()

        with case_folder(job.case.parent, job.case.name, last_word=asked) as folder:
            shutil.copytree(job.case, folder, dirs_exist_ok=True)
            _fill(folder, job)
        self.after_rename()
        return Outcome()

    def close(self) -> None:
        """Nothing is to be ended."""


def add_case(
    database: Database, folders: DataFolders, identity: Identity | None = None
) -> tuple[int, Path]:
    """A study that can be corrected, and its case folder."""
    results, identity = make_results(), identity or make_identity()
    folder = write_case(folders.output, results, identity)
    write_viewer_files(folder)
    told = {"version": heimdallr.__version__, "tasks": {"total": {"names": {"5": "liver"}}}}
    (folder / CASE_FILE).write_text(json.dumps(told))
    with database.write() as session:
        study = add_study(
            session,
            identity.study_instance_uid,
            state=StudyState.DONE,
            case_id=folder.name,
            revision=1,
            digest="d",
        )
        index_results(session, study, results, identity, folder, NOW)
        return study.id, folder


def drawn(base: str, **facts: object) -> CorrectionRecord:
    """A correction of voxels by Anna."""
    told = {"number": 1, "kind": "voxels", "by": ANNA, "at": NOW, "base": base, "comment": "leak"}
    return CorrectionRecord.model_validate(told | facts)


def processed_anew(folder: Path, results: Results | None = None) -> None:
    """The networks publish other label maps; the corrections go along."""
    with case_folder(folder.parent, folder.name) as fresh:
        shutil.copytree(folder, fresh, dirs_exist_ok=True)
        (fresh / LABELS_FOLDER / "total.nii.gz").write_bytes(gzip.compress(b"anew" * 100))
        (fresh / RESULTS_FILE).write_text(results_json(results or make_results()))


def _fill(folder: Path, job: Correct) -> None:
    before = read_results(folder)
    after = _after(before, job.record)
    place = folder / CORRECTIONS_FOLDER / f"{job.record.number:04d}"
    place.mkdir(parents=True)
    (place / "before.json").write_text(results_json(before))
    (place / "after.json").write_text(results_json(after))
    kept = KeptCorrection.of(job.record, [coded(one) for one in job.notes])
    (place / CORRECTION_FILE).write_text(kept.model_dump_json())
    if job.difference is not None:
        (place / "difference.gz").write_bytes(job.difference)
        labels = folder / LABELS_FOLDER / "total.nii.gz"
        labels.write_bytes(labels.read_bytes() + job.difference)
    (folder / RESULTS_FILE).write_text(results_json(after))


def _after(before: Results, record: CorrectionRecord) -> Results:
    measurements = [
        one.model_copy(update={"value": one.value - 1.0, "corrected": True})
        if one.name == "liver_vol_cm3" and isinstance(one.value, float)
        else one
        for one in before.measurements
    ]
    provenance = before.provenance.model_copy(
        update={
            "created_at": before.provenance.created_at + timedelta(seconds=1),
            "corrections": [*before.provenance.corrections, record],
        }
    )
    return before.model_copy(update={"measurements": measurements, "provenance": provenance})
