"""``verification.json``: who verified the results of a case; absent where nobody has.

The database decides what is sent (:mod:`heimdallr.store.upkeep.kept_verifications`); this is read
when it was lost. A folder whose results have been replaced since says so by their time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import AwareDatetime, BaseModel, Field

from heimdallr.files import sync_folder, whole_file
from heimdallr.publishing.strict_record import STRICT

if TYPE_CHECKING:
    from pathlib import Path

VERIFICATION_FILE = "verification.json"


class VerificationRecord(BaseModel):
    """The latest word of a person on a case's results.

    ``by`` is as the audit trail names them, ``user:anna``; ``results_created_at`` is ``created_at``
    of the results they verified. The comment is in their own words and may be patient data.
    """

    model_config = STRICT

    by: Annotated[str, Field(min_length=1, max_length=80)]
    at: AwareDatetime
    comment: Annotated[str, Field(max_length=2000)] = ""
    results_created_at: AwareDatetime


def read_verification(case_folder: Path) -> VerificationRecord | None:
    """``verification.json`` of a case folder; ``None`` where there is none.

    Raises:
        OSError: it cannot be read.
        pydantic.ValidationError: it is damaged; a ValueError whose text quotes the file.
    """
    try:
        content = (case_folder / VERIFICATION_FILE).read_bytes()
    except FileNotFoundError:
        return None
    return VerificationRecord.model_validate_json(content)


def write_verification(case_folder: Path, record: VerificationRecord | None) -> None:
    """Write it, whole and on the disk, or take it away; nothing where it says the same already.

    Raises:
        OSError: the folder cannot be written; it is as it was.
    """
    path = case_folder / VERIFICATION_FILE
    if record is None:
        if path.exists():
            path.unlink()
            sync_folder(case_folder)
        return
    content = (record.model_dump_json(indent=2) + "\n").encode()
    if path.exists() and path.read_bytes() == content:
        return
    with whole_file(path) as file:
        file.write(content)
    sync_folder(case_folder)
