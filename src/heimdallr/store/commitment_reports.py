"""What archives say they keep: reports of storage commitment, from the listener to the deliverer.

An archive answers a request for storage commitment (PS3.4 annex J) later and on an association of
its own, so it is the listener that hears it. It knows no database: it leaves each report as a file
of ``state/commitments``, named by the transaction, before it says that it has understood.

::

    deliverer: expect(uid) ─▶ N-ACTION ─▶ archive ─▶ N-EVENT-REPORT ─▶ listener: keep(report)
    deliverer: read(uid), forget(uid)

Only reports that are waited for are kept. So nobody fills the disk with them, and only whoever was
asked can answer, for transaction UIDs are random.
"""

from __future__ import annotations

import re
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import TypeAdapter, ValidationError

from heimdallr.files import sync_folder, whole_file

if TYPE_CHECKING:
    from pathlib import Path

    from pydicom.dataset import Dataset

MOST_INSTANCES = 10_000
"""Instances of one report; ours ask for a dozen."""

UNEXPLAINED = 0x0110
"""Processing failure: the reason of an instance that comes without one."""

_UID = re.compile(r"[0-9][0-9.]{0,63}")
_EXPECTED, _REPORT = ".expected", ".json"
_LONGEST_WAIT_S = 30 * 86400.0
"""Chosen: archives that answer at all do so within a day; then nobody waits any more."""


@dataclass(frozen=True, slots=True)
class CommitmentReport:
    """What an archive says of the instances of one request.

    Attributes:
        transaction_uid: of the request.
        kept: SOP instance UIDs it keeps.
        lost: SOP instance UIDs it does not keep, with FailureReason (0008,1197).
    """

    transaction_uid: str
    kept: tuple[str, ...]
    lost: tuple[tuple[str, int], ...]


def report_of(information: Dataset) -> CommitmentReport | None:
    """The report in an event's information; ``None`` for one that is none (PS3.4 table J.3-2)."""
    transaction_uid = str(information.get("TransactionUID", ""))
    kept = list(information.get("ReferencedSOPSequence") or ())
    lost = list(information.get("FailedSOPSequence") or ())
    instances = [str(one.get("ReferencedSOPInstanceUID", "")) for one in (*kept, *lost)]
    if not all(map(_UID.fullmatch, (transaction_uid, *instances))):
        return None
    if len(instances) > MOST_INSTANCES:
        return None
    reasons = [int(one.get("FailureReason") or UNEXPLAINED) for one in lost]
    return CommitmentReport(
        transaction_uid=transaction_uid,
        kept=tuple(instances[: len(kept)]),
        lost=tuple(zip(instances[len(kept) :], reasons, strict=True)),
    )


_FILE = TypeAdapter(CommitmentReport)


class CommitmentReports:
    """The reports that are waited for, and those that have come.

    Args:
        folder: where they lie; must be there.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def expect(self, transaction_uid: str) -> None:
        """Wait for the report of a transaction; to be called before the archive is asked.

        Raises:
            ValueError: it is no UID.
            OSError: the folder cannot be written.
        """
        self._drop_old()
        self._named(transaction_uid, _EXPECTED).touch()
        sync_folder(self._folder)

    def is_expected(self, transaction_uid: str) -> bool:
        """Whether the report of this transaction is waited for."""
        return (
            _UID.fullmatch(transaction_uid) is not None
            and self._named(transaction_uid, _EXPECTED).exists()
        )

    def keep(self, report: CommitmentReport) -> None:
        """Keep a report, durably; one that comes again replaces the first.

        Raises:
            ValueError: its transaction is named by no UID.
            OSError: the folder cannot be written.
        """
        with whole_file(self._named(report.transaction_uid, _REPORT)) as stream:
            stream.write(_FILE.dump_json(report))
        sync_folder(self._folder)

    def read(self, transaction_uid: str) -> CommitmentReport | None:
        """The report of a transaction; ``None`` while there is none.

        Raises:
            ValueError: it is no UID.
            OSError: the folder cannot be read.
        """
        try:
            return _FILE.validate_json(self._named(transaction_uid, _REPORT).read_bytes())
        except (FileNotFoundError, ValidationError):
            return None

    def forget(self, transaction_uid: str) -> None:
        """Wait no longer, and drop what has come.

        Raises:
            ValueError: it is no UID.
        """
        for kind in (_EXPECTED, _REPORT):
            self._named(transaction_uid, kind).unlink(missing_ok=True)

    def _named(self, transaction_uid: str, kind: str) -> Path:
        if not _UID.fullmatch(transaction_uid):
            msg = "a transaction is named by a UID"
            raise ValueError(msg)
        return self._folder / f"{transaction_uid}{kind}"

    def _drop_old(self) -> None:
        oldest = time.time() - _LONGEST_WAIT_S
        for path in self._folder.iterdir():
            with suppress(FileNotFoundError):
                if path.stat().st_mtime < oldest:
                    path.unlink()
