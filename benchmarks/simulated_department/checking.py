"""Whether everything that was acknowledged is there, was measured, and exists once."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING

from pydicom import dcmread
from sqlalchemy import select

from heimdallr.store.layout import data_folders
from heimdallr.store.models import ACTIVE_STATES, Instance, Quarantined, Run, Study, StudyState
from simulated_department.sending import digest_of

if TYPE_CHECKING:
    from pathlib import Path

    from simulated_department.sending import Sent
    from simulated_department.services import Department


def wrong(whole: Department, sent: Sent) -> list[str]:
    """Every way in which what is there differs from what was sent; empty: none."""
    folders = data_folders(whole.settings)
    with whole.database.read() as session:
        studies = {one.study_instance_uid: one for one in session.scalars(select(Study))}
        runs = session.scalars(select(Run)).all()
        rows = Counter(session.scalars(select(Instance.study_fk)))
        quarantined = len(session.scalars(select(Quarantined.id)).all())
    found = [f"{len(sent.digests.keys() - studies.keys())} studies were lost"]
    found += [f"{len(studies.keys() - sent.digests.keys())} studies were never sent"]
    states = Counter(one.state.value for one in studies.values())
    found += [f"{count} studies are {state}" for state, count in states.items() if state != "done"]
    done = Counter((one.study_fk, one.revision) for one in runs if one.state is StudyState.DONE)
    found += [f"{sum(count > 1 for count in done.values())} revisions were done more than once"]
    lost = doubled = unread = 0
    for uid, digests in sent.digests.items():
        study = studies.get(uid)
        if study is None:
            continue
        files = {one.stem: one for one in (folders.incoming / uid).glob("*.dcm")}
        lost += sum(
            sop not in files or digest_of(dcmread(files[sop])) != digest
            for sop, digest in digests.items()
        )
        # What was stored when its sender gave up, before it was thanked, is there rightly.
        known = files.keys() if uid in sent.given_up else digests.keys()
        doubled += len(files.keys() - known) + max(rows[study.id] - len(known), 0)
        unread += _measured(folders.output / (study.case_id or "-")) != known
        found += [f"the newest revision of {uid} is not done"] * (
            not done[study.id, study.revision]
        )
    unfinished = (*ACTIVE_STATES, StudyState.QUEUED)
    found += [f"{sum(one.state in unfinished for one in runs)} runs are not over"]
    found += [f"{lost} images were lost or changed", f"{doubled} images are there twice"]
    found += [f"{unread} case folders are not made of the images that were sent"]
    cases = {one.case_id for one in studies.values()}
    found += [f"{_others(folders.output, cases)} folders in output/ belong to no study"]
    found += [f"{_others(one, set())} entries are left in {one.name}/" for one in (
        folders.input, folders.failed, folders.spool,
    )]  # fmt: skip
    found += [f"{quarantined} files are in quarantine"]
    return [one for one in found if not one.startswith("0 ")]


def _measured(case: Path) -> set[str]:
    """SOPInstanceUIDs that a case folder says it was made of."""
    try:
        source = json.loads((case / "source.json").read_bytes())
    except FileNotFoundError:
        return set()
    return {plane["sop_instance_uid"] for plane in source["planes"]}


def _others(folder: Path, known: set[str | None]) -> int:
    return sum(one.name not in known for one in folder.iterdir()) if folder.is_dir() else 0
