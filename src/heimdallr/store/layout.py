"""The data folder: which folder holds what.

::

    data/
      incoming/                 received DICOM, kept until retention says otherwise
        <study key>/<instance key>.dcm
        .spool/<batch>/         durable, not yet recorded in the database
        .uploads/               ZIPs on their way in
      quarantine/<batch>/       received, but no usable DICOM instance; visible, never deleted alone
      input/<case>.r<n>/        a revision being worked on: snapshot of its files, stage outputs
      output/<case>/            case folders: the results
      failed/<case>.r<n>/       input of a revision that failed, with its error and log
      outbox/<delivery>/        objects made of cases, until every destination has them
      sent/                     studies handed over to another server
      state/                    databases, locks, secrets: the key of training data's pseudonyms
        commitments/            what archives say they keep of what was sent to them
      weights/  cache/          networks; what may be deleted at any time

Keys are made of a safe alphabet (:data:`SAFE_KEY`) before they become a path.
"""

from __future__ import annotations

import errno
import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from heimdallr.domain.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from heimdallr.config import Settings

SAFE_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")
"""What a study or instance key may look like; no separator, no leading dot."""


@dataclass(frozen=True, slots=True)
class DataFolders:
    """Where everything is; built by :func:`data_folders`, created by :meth:`create`."""

    root: Path
    incoming: Path
    quarantine: Path
    input: Path
    output: Path
    failed: Path
    sent: Path
    state: Path

    @property
    def spool(self) -> Path:
        """Batches of received files that the database does not know yet."""
        return self.incoming / ".spool"

    @property
    def uploads(self) -> Path:
        """ZIP files being received."""
        return self.incoming / ".uploads"

    @property
    def commitments(self) -> Path:
        """Reports of storage commitment, from the listener to the deliverer."""
        return self.state / "commitments"

    @property
    def outbox(self) -> Path:
        """Objects that are to be sent; nothing in its names tells of a patient."""
        return self.root / "outbox"

    def delivery(self, study_id: int, destination_id: int, digest: str) -> Path:
        """What one destination is to get of a study's results."""
        return self.outbox / f"study-{study_id}-d{destination_id}-{_safe(digest[:16])}"

    def all(self) -> tuple[Path, ...]:
        """Every folder that settings name or imply, the data folder first."""
        return (
            self.root, self.incoming, self.quarantine, self.input, self.output, self.failed,
            self.sent, self.state,
        )  # fmt: skip

    def study(self, key: str) -> Path:
        """Folder of a study's received instances.

        Raises:
            ValueError: the key is not made of the safe alphabet.
        """
        return self.incoming / _safe(key)

    def instance(self, study_key: str, instance_key: str) -> Path:
        """File of a received instance.

        Raises:
            ValueError: a key is not made of the safe alphabet.
        """
        return self.study(study_key) / f"{_safe(instance_key)}.dcm"

    def revision(self, case_id: str, revision: int) -> Path:
        """Work folder of one revision of a case."""
        return self.input / f"{_safe(case_id)}.r{revision}"

    def failure(self, case_id: str, revision: int) -> Path:
        """Where the input of a failed revision is kept."""
        return self.failed / f"{_safe(case_id)}.r{revision}"

    def create(self) -> None:
        """Make every folder that is not there; only the owner may enter them.

        Raises:
            OSError: a folder cannot be made.
        """
        for folder in (*self.all(), self.spool, self.uploads, self.outbox, self.commitments):
            folder.mkdir(mode=0o750, parents=True, exist_ok=True)


def data_folders(settings: Settings) -> DataFolders:
    """The folders these settings name."""
    root = settings.data_dir.absolute()
    return DataFolders(
        root=root,
        incoming=settings.incoming_dir or root / "incoming",
        quarantine=root / "quarantine",
        input=root / "input",
        output=root / "output",
        failed=settings.failed_dir or root / "failed",
        sent=settings.sent_dir or root / "sent",
        state=settings.state_dir or root / "state",
    )


def made_folders(settings: Settings) -> DataFolders:
    """The folders of a service that starts, made where they are missing.

    Raises:
        ConfigurationError: one cannot be made.
    """
    folders = data_folders(settings)
    try:
        folders.create()
    except OSError as error:
        msg = f"the data folder cannot be made: {error.strerror}"
        raise ConfigurationError(msg, remedy="see HEIMDALLR_DATA_DIR") from None
    return folders


def writable_folders(settings: Settings) -> DataFolders:
    """The same of a service that cannot even wait without writing.

    A disk that is full, or that only images or results are on, is waited for later on.

    Raises:
        ConfigurationError: the data folder or the state folder cannot be made or written.
    """
    folders = made_folders(settings)
    for folder in (folders.root, folders.state):
        if not os.access(folder, os.W_OK | os.X_OK):
            is_read_only = os.statvfs(folder).f_flag & os.ST_RDONLY
            reason = os.strerror(errno.EROFS if is_read_only else errno.EACCES)
            msg = f"the data folder cannot be written: {reason}"
            raise ConfigurationError(msg, remedy="see HEIMDALLR_DATA_DIR, and `heimdallr doctor`")
    return folders


def revisions(folder: Path, case_id: str) -> Iterator[tuple[Path, int]]:
    """The folders ``<case>.r<n>`` of one case, with their ``n``."""
    pattern = re.compile(rf"{re.escape(case_id)}\.r(\d+)")
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if match := pattern.fullmatch(path.name):
            yield path, int(match[1])


def _safe(key: str) -> str:
    if not SAFE_KEY.fullmatch(key) or ".." in key:
        msg = "a key that becomes a path holds letters, digits, dots, underscores and hyphens"
        raise ValueError(msg)
    return key
