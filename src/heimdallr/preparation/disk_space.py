"""Tells a full disk from a failed conversion.

Converters do not: without room they fail as they do on a bad image.
"""

from __future__ import annotations

import os
import tempfile
from typing import TYPE_CHECKING

from heimdallr.domain.errors import DiskLowError

if TYPE_CHECKING:
    from pathlib import Path


def ensure_room(folder: Path, size_bytes: int) -> None:
    """Make sure that a file of this size could be written to a folder.

    Args:
        folder: where.
        size_bytes: how much; set aside for a moment, so that quotas are asked as well.

    Raises:
        DiskLowError: it could not.
    """
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            if hasattr(os, "posix_fallocate"):
                os.posix_fallocate(file.fileno(), 0, size_bytes)
    except OSError as error:
        msg = f"there is no room for a volume of {size_bytes / 1e6:.0f} MB ({error.strerror})"
        raise DiskLowError(msg, remedy="free space on the disk of the work folder") from error
