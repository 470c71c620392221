"""The images of cases that were published before cases kept what they were made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from heimdallr.domain.source_images import SOURCE_FILE
from heimdallr.preparation.source_images import source_of
from heimdallr.publishing.schema import read_identity

if TYPE_CHECKING:
    from pathlib import Path

    from heimdallr.domain.source_images import SourceImages


def source_of_old_case(case: Path, images: Path | None) -> SourceImages | None:
    """What an old case was made of, found by the scan that found it then.

    Args:
        case: the case folder.
        images: where the study's DICOM files may be: a folder, or a file.

    Returns:
        ``None`` of a case that tells its images itself, and where nothing tells them.
    """
    if images is None or (case / SOURCE_FILE).exists():
        return None
    try:
        identity = read_identity(case)
    except (OSError, ValueError):
        return None  # it is said when the whole folder is read
    files = [path for path in images.rglob("*") if path.is_file()] if images.is_dir() else [images]
    return source_of(files, identity.selected_series.series_instance_uid)
