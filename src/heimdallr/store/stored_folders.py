"""What lies in the object store: the images a run needs, the results a worker hands in.

A row is written before the first object and goes after the last one, so that whatever is in the
store has a row, and what a row speaks of is owed to be removed, also when its study is gone. The
data folder stays the authority: nothing in the store is the only copy of anything.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from sqlalchemy import String, UniqueConstraint, select
from sqlalchemy.orm import Mapped, mapped_column

from heimdallr.store.base import Base
from heimdallr.store.columns import words

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


class Stored(str, Enum):
    """What a folder in the store holds."""

    ORIGINALS = "originals"
    RESULTS = "results"


Base.registry.update_type_annotation_map({Stored: words(Stored)})


class StoredFolderRow(Base):
    """A folder in the object store.

    Attributes:
        study_id: no foreign key: objects of a study that was deleted are still to be removed.
        workflow_id: of the run whose results they are; empty for originals.
        content: fingerprint of the images; empty for results.
        manifest: its digest once all of it is there, else empty.
        lost: an object is missing or damaged; all are to be put anew.
    """

    __tablename__ = "stored_folders"
    __table_args__ = (UniqueConstraint("study_id", "kind", "workflow_id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    study_id: Mapped[int]
    kind: Mapped[Stored]
    workflow_id: Mapped[str] = mapped_column(String(64), default="")
    content: Mapped[str] = mapped_column(String(64), default="")
    manifest: Mapped[str] = mapped_column(String(64), default="")
    lost: Mapped[bool] = mapped_column(default=False)


def stored(session: Session, study_id: int, workflow_id: str = "") -> StoredFolderRow | None:
    """The row of a run's results, or of a study's originals."""
    kind = Stored.RESULTS if workflow_id else Stored.ORIGINALS
    return session.scalars(
        select(StoredFolderRow).where(
            StoredFolderRow.study_id == study_id,
            StoredFolderRow.kind == kind,
            StoredFolderRow.workflow_id == workflow_id,
        )
    ).one_or_none()


def announce(session: Session, study_id: int, workflow_id: str = "") -> bool:
    """Something is about to be put; the row says that nothing of it is there yet.

    Returns:
        Whether all is to be put anew, because something was lost.
    """
    row = stored(session, study_id, workflow_id)
    if row is None:
        kind = Stored.RESULTS if workflow_id else Stored.ORIGINALS
        session.add(StoredFolderRow(study_id=study_id, kind=kind, workflow_id=workflow_id))
        return False
    row.manifest = ""
    return row.lost


def settle(
    session: Session, study_id: int, manifest: str, *, workflow_id: str = "", content: str = ""
) -> None:
    """All of it is there; the row is made where somebody has removed it meanwhile."""
    announce(session, study_id, workflow_id)
    session.flush()
    row = stored(session, study_id, workflow_id)
    if row is not None:
        row.manifest, row.content, row.lost = manifest, content, False


def mark_lost(session: Session, study_id: int, manifest: str, workflow_id: str = "") -> None:
    """Something of a folder is missing or damaged, unless it has been put anew meanwhile."""
    row = stored(session, study_id, workflow_id)
    if row is not None and row.manifest == manifest:
        row.manifest, row.lost = "", True
