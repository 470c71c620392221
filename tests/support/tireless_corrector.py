"""A person who corrects one study again and again, until somebody kills the process.

``tireless_corrector.py DATA_DIR DATABASE_URL STUDY``; each number is printed when it is kept.
"""

from __future__ import annotations

import sys
from pathlib import Path

from hand_made_corrections import drawn
from sqlalchemy import make_url
from store_cases import CASE_ID, NOW

from heimdallr.config import Settings
from heimdallr.corrections.difference import labels_version
from heimdallr.store.database import Database
from heimdallr.store.layout import data_folders
from heimdallr.store.upkeep.applying import apply_pending
from heimdallr.store.upkeep.case_builder import CaseBuilder
from heimdallr.store.upkeep.correcting import save

BUILDER = (sys.executable, str(Path(__file__).with_name("hand_made_builder.py")))


def correct(folder: Path, url: str, study: int) -> None:
    """Save and apply, without end."""
    database, folders = Database(make_url(url)), data_folders(Settings(data_dir=folder))
    build = CaseBuilder(BUILDER)
    while True:
        record = drawn(labels_version(folders.output / CASE_ID))
        number = save(database, folders, study, record, b"changed voxels")
        print(number, flush=True)  # noqa: T201 - what whoever kills it has to find again
        apply_pending(database, folders, study, number, build, NOW)


if __name__ == "__main__":
    correct(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
