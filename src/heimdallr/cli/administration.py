"""What the commands for administrators share: the database, and their lines in the audit trail.

Whoever may read the data folder may do this; the trail names their login.
"""

from __future__ import annotations

import getpass
import os
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from heimdallr.clock import utc_now
from heimdallr.config import load_settings
from heimdallr.domain.errors import ConfigurationError
from heimdallr.files import keep_others_out
from heimdallr.store.database import open_database
from heimdallr.store.migrate import upgrade
from heimdallr.store.models import AuditEntry

if TYPE_CHECKING:
    from collections.abc import Iterator

    from heimdallr.store.database import Database


@contextmanager
def opened_database() -> Iterator[Database]:
    """The configured database, its tables made.

    Raises:
        ConfigurationError: root would leave files that the service cannot write.
        StorageError: it cannot be used.
    """
    keep_others_out()
    database = open_database(load_settings())
    try:
        refuse_root(database)
        upgrade(database)
        yield database
    finally:
        database.close()


def refuse_root(database: Database) -> None:
    """Refuse root on a user's SQLite database: files root makes beside it shut the service out.

    Raises:
        ConfigurationError: that would happen.
    """
    name = database.url.database
    if not database.is_sqlite or not name or os.geteuid() != 0:
        return
    nearest = next(path for path in (Path(name), *Path(name).parents) if path.exists())
    if owner := nearest.stat().st_uid:
        msg = f"the database belongs to user number {owner}, and this is root"
        raise ConfigurationError(msg, remedy="run it as that user, with sudo -u")


def record(database: Database, action: str, name: str, details: str = "") -> None:
    """Write what was done here into the audit trail."""
    with database.write() as session:
        session.add(
            AuditEntry(
                at=utc_now(),
                actor=f"shell:{login()}"[:80],
                action=action,
                object=name[:160],
                details=details[:500],
            )
        )


def login() -> str:
    """The operating system's name of who types."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a service without an entry in the password file
        return "unknown"


def day(moment: datetime | None) -> str:
    """A moment as a person reads it in a table, in local time."""
    return f"{moment.astimezone():%Y-%m-%d %H:%M}" if moment else ""
