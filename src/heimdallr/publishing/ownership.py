"""Whether a case folder belongs to a study.

Asked from two sides. A study that is given a name must not take a folder it does not own for
certain: what cannot be read may be another's results. A study that is deleted takes along what
bears its name unless another's name stands in it: what cannot be read would otherwise remain.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from heimdallr.publishing.schema import read_identity

if TYPE_CHECKING:
    from pathlib import Path


def may_take(folder: Path, study_instance_uid: str) -> bool:
    """Whether a study may have its results in this folder: it is free, or certainly its own."""
    owner = _owner(folder)
    return owner == study_instance_uid if owner is not None else not folder.exists()


def is_anothers(folder: Path, study_instance_uid: str) -> bool:
    """Whether a case folder says that it belongs to a study of another UID."""
    owner = _owner(folder)
    return bool(owner and study_instance_uid and owner != study_instance_uid)


def _owner(folder: Path) -> str | None:
    """The StudyInstanceUID in a case folder; ``None`` where it does not say, or is not there."""
    try:
        return read_identity(folder).study_instance_uid
    except (OSError, ValueError):
        return None
