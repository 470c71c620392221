"""A worker's side of the object store: a run's images come from it, its results go into it.

Used where ``HEIMDALLR_OBJECT_STORE`` is set, whether this worker sees the data folder or not. The
other side is :mod:`heimdallr.workflow.exchange`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

from heimdallr.domain.errors import ObjectLostError, ObjectStoreError
from heimdallr.store import stored_folders
from heimdallr.store.objects import folder_files

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sqlalchemy.orm import Session

    from heimdallr.store.objects import ObjectStore
    from heimdallr.workflow.assignment import Assignment


_T = TypeVar("_T")
_ON_THEIR_WAY = "the images are on their way through the object store"


class Write(Protocol):
    """Does a transaction, as soon as the database takes it."""

    def __call__(self, transaction: Callable[[Session], _T]) -> _T:
        """Do it; it is fit to be done twice."""


class ObjectExchange:
    """Fetches and hands in.

    Args:
        store: the object store.
        write: how transactions are done.
    """

    def __init__(self, store: ObjectStore, write: Write) -> None:
        self._store, self._write = store, write

    def fetch_originals(self, of: Assignment, into: Path) -> None:
        """Fetch the images of a run, just those the database knows of.

        Raises:
            ObjectStoreError: they are not there yet, are put anew, or cannot be had now.
            OSError: they cannot be written.
        """
        manifest = self._manifest_of(of)
        try:
            self._store.fetch(of.study_id, manifest, into)
        except ObjectLostError:
            self._write(lambda session: stored_folders.mark_lost(session, of.study_id, manifest))
            raise ObjectStoreError(_ON_THEIR_WAY) from None

    def hand_in(self, of: Assignment, case: Path, note: Callable[[Session], object]) -> None:
        """Put a case folder into the store, and say so.

        Args:
            of: the run.
            case: the folder.
            note: what else is written in the same transaction.

        Raises:
            ObjectStoreError: the store cannot be reached, or refuses.
        """
        study_id, run = of.study_id, of.workflow_id
        anew = self._write(lambda session: stored_folders.announce(session, study_id, run))
        manifest = self._store.put(study_id, folder_files(case), anew=anew)

        def settle(session: Session) -> None:
            note(session)
            stored_folders.settle(session, study_id, manifest, workflow_id=run)

        self._write(settle)

    def is_handed_in(self, of: Assignment) -> bool:
        """Whether the run's results are in the store, put by this worker or one before it."""
        return self._write(
            lambda session: bool(
                (row := stored_folders.stored(session, of.study_id, of.workflow_id))
                and row.manifest
            )
        )

    def _manifest_of(self, of: Assignment) -> str:
        row = self._write(lambda session: stored_folders.stored(session, of.study_id))
        if row is None or not row.manifest or row.content != of.content:
            raise ObjectStoreError(_ON_THEIR_WAY)
        return row.manifest
