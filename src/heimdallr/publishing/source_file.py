"""``source.json``: the images a case was made of, kept so that objects can refer to them later.

It names the patient in full, as ``id.json`` does: an object for the archive carries the name in
every group, the issuer of the patient's number, the order's numbers. Absent where a NIfTI file was
handed in, and in folders of earlier versions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import TypeAdapter

from heimdallr.domain.source_images import SOURCE_FILE, SourceImages

if TYPE_CHECKING:
    from pathlib import Path

_SOURCE: TypeAdapter[SourceImages] = TypeAdapter(SourceImages)


def source_json(source: SourceImages) -> str:
    """The file's text, strict JSON."""
    return _SOURCE.dump_json(source).decode() + "\n"


def read_source(case_folder: Path) -> SourceImages | None:
    """``source.json`` of a case folder; ``None`` where there is none.

    Raises:
        OSError: it cannot be read.
        pydantic.ValidationError: it is damaged; a ValueError whose text quotes the file.
    """
    try:
        return _SOURCE.validate_json((case_folder / SOURCE_FILE).read_bytes())
    except FileNotFoundError:
        return None
