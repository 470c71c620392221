"""``docs/case-folder.md`` tells everything a reader of the folder meets."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import BaseModel

from heimdallr.publishing import publish, schema
from heimdallr.publishing.groups import GROUPS
from heimdallr.publishing.overlays import bleed, l3, overview

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
    for name, field in model.model_fields.items():
        assert f"`{field.alias or name}`" in PAGE


def test_every_group_is_described() -> None:
    """The branches of the structure tree."""
    for group in GROUPS:
        assert f"`{group}`" in PAGE


def test_every_file_is_listed() -> None:
    """Pictures, mask folders and the image."""
    kind, _, _ = bleed.FILE_NAME.partition("{")
    files = (
        publish.VOLUME_NAME,
        schema.PREVIEW_NAME,
        f"{schema.LABELS_FOLDER}/{schema.LABELS_FILE}",
    )
    for name in (l3.FILE_NAME, overview.FILE_NAME, kind, *files):
        assert name in PAGE
    for folder in publish.MASK_FOLDERS.values():
        assert f"{folder}/" in PAGE
