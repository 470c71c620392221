"""Whose case folder is this? When it is named, and when it is deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from store_cases import make_identity

from heimdallr.publishing.identity import identity_json
from heimdallr.publishing.ownership import is_anothers, may_take

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A case folder."""
    (tmp_path / "CASE").mkdir()
    (tmp_path / "CASE" / "id.json").write_text(identity_json(make_identity()))
    return tmp_path / "CASE"


def test_a_study_takes_its_own_folder_again(folder: Path) -> None:
    """Its results are replaced; of no other study may they take the place."""
    own = make_identity().study_instance_uid
    assert own
    assert may_take(folder, own)
    assert not is_anothers(folder, own)
    assert not may_take(folder, "2.25.4711")
    assert is_anothers(folder, "2.25.4711")


def test_a_folder_that_is_not_there_is_free(tmp_path: Path) -> None:
    """And nobody's."""
    assert may_take(tmp_path / "CASE", "2.25.4711")
    assert not is_anothers(tmp_path / "CASE", "2.25.4711")


@pytest.mark.parametrize("content", [None, "", "[]", '{"StudyInstanceUID"', "{}"])
def test_a_damaged_folder_is_not_taken_but_goes_with_its_study(
    folder: Path, content: str | None
) -> None:
    """It may hold another's results, so it is not written over; nor does it outlive a deletion."""
    (folder / "id.json").unlink()
    if content is not None:
        (folder / "id.json").write_text(content)
    assert not may_take(folder, "2.25.4711")
    assert not is_anothers(folder, "2.25.4711")
