"""``docs/case-folder.md`` tells everything a reader of the folder meets."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pydantic import BaseModel

from heimdallr.domain.source_images import SOURCE_FILE, SourceImages, SourcePlane
from heimdallr.publishing import case_file, publish, schema
from heimdallr.publishing.case_file import CaseRecord, TaskRecord, WorkedOutRecord
from heimdallr.publishing.groups import GROUPS
from heimdallr.publishing.overlays import aorta, bleed, l3, overview

if TYPE_CHECKING:
    from collections.abc import Iterable

PAGE = (Path(__file__).parents[2] / "docs" / "case-folder.md").read_text("utf-8")
MODELS = [
    model
    for model in vars(schema).values()
    if isinstance(model, type)
    and issubclass(model, BaseModel)
    and model.__module__ == schema.__name__
]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_key_is_described(model: type[BaseModel]) -> None:
    """No key of any JSON file without its line."""
    keys = [field.alias or name for name, field in model.model_fields.items()]
    _all_described(keys, "the table of its file")


@pytest.mark.parametrize("kind", [SourceImages, SourcePlane])
def test_every_key_of_the_source_is_described(kind: type) -> None:
    """``source.json`` is made of these two."""
    _all_described((one.name for one in fields(kind)), "source.json")


@pytest.mark.parametrize("kind", [CaseRecord, TaskRecord, WorkedOutRecord])
def test_every_key_of_the_case_is_described(kind: type) -> None:
    """``case.json`` is made of these."""
    _all_described((one.name for one in fields(kind)), "case.json")


def test_every_group_is_described() -> None:
    """The branches of the structure tree."""
    _all_described(GROUPS, "Label maps and preview")


def test_every_file_is_listed() -> None:
    """Pictures, mask folders and the image."""
    kind, _, _ = bleed.FILE_NAME.partition("{")
    files = (
        SOURCE_FILE,
        case_file.CASE_FILE,
        publish.VOLUME_NAME,
        schema.PREVIEW_NAME,
        f"{schema.LABELS_FOLDER}/{schema.LABELS_FILE}",
    )
    folders = [f"{folder}/" for folder in case_file.MASK_FOLDERS.values()]
    listed = (aorta.FILE_NAME, l3.FILE_NAME, overview.FILE_NAME, kind, *files, *folders)
    missing = [name for name in listed if name not in PAGE]
    assert not missing, f"docs/case-folder.md: the list of files lacks {missing}"


def _all_described(names: Iterable[str], section: str) -> None:
    missing = [name for name in names if f"`{name}`" not in PAGE]
    assert not missing, f"docs/case-folder.md, {section}: describe {missing}"
