"""Which corrected cases may become training data, and what is different in them.

A face can be drawn from a head CT, so that heads are left out unless they are asked for; and so are
series whose header says that text is burned into the pixels.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from heimdallr.corrections.versions import difference_since
from heimdallr.domain.errors import CorrectionError, PublishingError
from heimdallr.publishing.case_file import MASK_FOLDERS, read_case_record
from heimdallr.publishing.dicom.missing_uids import uid_in
from heimdallr.publishing.publish import VOLUME_NAME
from heimdallr.publishing.schema import Identity, Results, read_identity, read_labels, read_results
from heimdallr.publishing.source_file import read_source

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

    from heimdallr.publishing.case_file import CaseRecord

LeftOut = Literal[
    "earlier", "not_drawn", "a_face", "burned_in", "not_readable", "changed_meanwhile"
]

_FACES = frozenset({"brain", "skull", "face", "eyeball_left", "eyeball_right"})
"""Structures beside which a face is."""
_BURNED_IN = "00280301"
"""BurnedInAnnotation."""
_NAME_LENGTH = 16
"""Hexadecimal digits of a pseudonym: enough for no two of a million cases to share one."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A case that may be exported.

    Attributes:
        folder: its case folder.
        verified: a person has verified the results there are.
        results_at: when those were made; ``None`` where that was not noted. A folder that holds
            others is left out: nobody has said anything of them yet.
    """

    folder: Path
    verified: bool
    results_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """Which cases and structures are taken.

    Attributes:
        since: only cases whose latest correction is not older.
        structures: only these, and only cases in which one of them was corrected; all if empty.
        with_faces: heads too.
    """

    since: datetime | None = None
    structures: frozenset[str] = frozenset()
    with_faces: bool = False


@dataclass(frozen=True, slots=True)
class TakenCase:
    """A candidate that is taken, as it was read.

    Attributes:
        changed: task → structures that persons changed.
    """

    folder: Path
    inode: int
    name: str
    verified: bool
    results: Results
    record: CaseRecord
    changed: Mapping[str, frozenset[str]]


def pseudonym(secret: bytes, identity: Identity) -> str:
    """What a case is called outside: always the same, and no way back without the secret."""
    told = f"{identity.study_instance_uid}\0{identity.case_id}".encode()
    return "case_" + hmac.new(secret, told, hashlib.sha256).hexdigest()[:_NAME_LENGTH]


def read_candidate(candidate: Candidate, secret: bytes, choice: Choice) -> TakenCase | LeftOut:
    """A candidate that is chosen, or why it is not."""
    try:
        return _read(candidate, secret, choice)
    except (CorrectionError, PublishingError, OSError, ValueError):
        return "not_readable"


def _read(candidate: Candidate, secret: bytes, choice: Choice) -> TakenCase | LeftOut:
    folder = candidate.folder
    inode = folder.stat().st_ino
    results, record = read_results(folder), read_case_record(folder)
    if candidate.results_at not in {None, results.provenance.created_at}:
        return "changed_meanwhile"
    if (why := _why_not(folder, results, choice)) is not None:
        return why
    changed = {
        task: names
        for task, names in _changed(folder, record).items()
        if names and (not choice.structures or names & choice.structures)
    }
    if not changed:
        return "not_drawn"
    name = pseudonym(secret, read_identity(folder))
    return TakenCase(folder, inode, name, candidate.verified, results, record, changed)


def _why_not(folder: Path, results: Results, choice: Choice) -> LeftOut | None:
    corrections = results.provenance.corrections
    if not corrections:
        return "not_drawn"
    if choice.since is not None and max(one.at for one in corrections) < choice.since:
        return "earlier"
    if not (folder / VOLUME_NAME).is_file():
        return "not_readable"
    if not choice.with_faces and _may_show_a_face(folder, results):
        return "a_face"
    source = read_source(folder)
    if source is not None and uid_in(source.header, _BURNED_IN).strip().upper() == "YES":
        return "burned_in"
    return None


def _may_show_a_face(folder: Path, results: Results) -> bool:
    """Whether a head is in the picture, or nothing says that there is none."""
    regions = results.flat.get("body_regions")
    if not isinstance(regions, list) or "head" in regions:
        return True
    shown = {one.structure for record in read_labels(folder).maps for one in record.structures}
    return bool(shown & _FACES)


def _changed(folder: Path, record: CaseRecord) -> dict[str, frozenset[str]]:
    """Task → structures that differ from what the networks made, as they are now."""
    since = difference_since(folder, 0)
    maps = {} if since is None else since.maps
    found = {}
    for task, one in record.tasks.items():
        if runs := maps.get(MASK_FOLDERS.get(task, task)):
            numbers = np.union1d(runs.before, runs.after)
            found[task] = frozenset(one.names[int(number)] for number in numbers if number)
    return found
