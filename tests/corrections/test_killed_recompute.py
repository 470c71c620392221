"""A correction that dies at any file operation leaves the folder as it was, or as it is to be."""

from __future__ import annotations

import os
import shutil
import sys
from typing import TYPE_CHECKING

import pytest
from corrected_cases import draw, drawn, files_of, made, smaller_liver

from heimdallr.corrections.difference import labels_version
from heimdallr.publishing.case_folder import clean_leftovers

if TYPE_CHECKING:
    from pathlib import Path

CHANGING = frozenset({"open", "os.mkdir", "os.link", "os.rename", "os.remove", "os.rmdir"})
"""Audit events of what changes files, or may."""
KILLED = 9


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The trunk."""
    return made(tmp_path_factory.mktemp("trunk"))


def killed_at(case: Path, place: int) -> int:
    """Correct a case in a process that dies at its so many-th operation in the output folder.

    Returns:
        the operations it came to; it died where that is ``place``.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        _correct_and_die(case, place, writing)
    os.close(writing)
    os.waitpid(child, 0)
    with os.fdopen(reading, "rb") as pipe:
        return len(pipe.read())


def _correct_and_die(case: Path, place: int, writing: int) -> None:
    """In the child: never returns."""
    here, seen = str(case.parent), 0

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal seen
        if event not in CHANGING or not any(str(one).startswith(here) for one in arguments[:2]):
            return
        seen += 1
        os.write(writing, b".")
        if seen == place:
            os._exit(KILLED)

    sys.addaudithook(watch)
    try:
        organs, after = smaller_liver()
        draw(case, drawn("total", organs, after))
    finally:
        os._exit(0)


def test_a_killed_correction_is_whole_or_absent(case: Path, tmp_path: Path) -> None:
    """At some operations on the way, and at each of the last ones; the next attempt ends well."""
    folder = shutil.copytree(case, tmp_path / "output" / case.name)
    before = files_of(folder)
    last = killed_at(shutil.copytree(case, tmp_path / "whole" / case.name), 0)
    whole = files_of(tmp_path / "whole" / case.name)
    base = labels_version(tmp_path / "whole" / case.name)
    assert last > 60

    outcomes = set()
    for place in sorted({*range(1, last, last // 4), *range(last - 3, last + 1)}):
        if files_of(folder) != before:
            shutil.rmtree(folder)
            shutil.copytree(case, folder)
        assert killed_at(folder, place) == place
        found = files_of(folder)
        assert found in (before, whole), place
        outcomes.add(labels_version(folder) == base)
        clean_leftovers(folder.parent)
        assert [one.name for one in folder.parent.iterdir()] == [folder.name]

    assert outcomes == {True, False}, "some die before the folder takes its place, some behind"
