"""Moves received files to their lasting place; a kill at any instant loses none.

A file keeps its name in the spool until the database has committed: its place is a second name
(a hard link) for the same bytes. So after a kill there is either no row, and the spool still has
the file; or a row and the file in its place, and the spool's name is one too many. Every step may
be done again.
"""

from __future__ import annotations

import errno
import os
import shutil
from typing import TYPE_CHECKING

from heimdallr.files import sync_folder, whole_file
from heimdallr.intake.parsing import data_set_digest

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

REPLACED = ".replaced"
"""Folder within a study's, for instances that newer content took the place of."""

_NO_LINKS = {errno.EXDEV, errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK}


def place(source: Path, target: Path) -> None:
    """Let ``target`` be the content of ``source``; what was there before is kept aside.

    The names are durable after :func:`sync_folders` of the target's folder.

    Args:
        source: a durable file; it stays.
        target: its place; the folder is made.

    Raises:
        OSError: the disk is full or cannot be written, or the source is gone.
    """
    _make_folder(target.parent)
    if not target.exists():
        try:
            _second_name(source, target)
        except FileExistsError:  # somebody else was quicker
            pass
        else:
            return
    if target.samefile(source):
        return
    old = data_set_digest(target)
    if old == data_set_digest(source):
        return
    aside = target.parent / REPLACED / f"{target.stem}.{old[:16]}{target.suffix}"
    _make_folder(aside.parent)
    if not aside.exists():
        _second_name(target, aside)
        sync_folder(aside.parent)
    new = target.with_name(f".placing-{target.name}")
    new.unlink(missing_ok=True)
    _second_name(source, new)
    new.replace(target)


def sync_folders(targets: Iterable[Path]) -> None:
    """Bring the names of placed files to the disk."""
    for folder in {target.parent for target in targets}:
        sync_folder(folder)


def _make_folder(folder: Path) -> None:
    if not folder.is_dir():
        folder.mkdir(mode=0o750, parents=True, exist_ok=True)
        sync_folder(folder.parent)


def _second_name(source: Path, name: Path) -> None:
    try:
        os.link(source, name)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        with source.open("rb") as original, whole_file(name) as copy:
            shutil.copyfileobj(original, copy, 2**20)
