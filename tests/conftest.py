"""What tests share: the folder of real data, and fresh random numbers."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

TEST_DATA = Path(
    os.environ.get("HEIMDALLR_TEST_DATA", Path(__file__).parents[2] / "shared" / "data")
)
"""Real and hostile DICOM, kept outside the repository."""


@pytest.fixture
def rng() -> np.random.Generator:
    """A generator that gives the same numbers in every run."""
    return np.random.default_rng(20260201)


@pytest.fixture(scope="session")
def real_set(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Unpack one set of the real data by name; skips, naming it, where it is absent."""
    unpacked: dict[str, Path] = {}

    def unpack(name: str) -> Path:
        archive = TEST_DATA / f"{name}.zip"
        if not archive.exists():
            pytest.skip(f"the data set {name} is not at {TEST_DATA}")
        if name not in unpacked:
            folder = tmp_path_factory.mktemp(name)
            with zipfile.ZipFile(archive) as content:
                content.extractall(folder)
            unpacked[name] = folder / name if (folder / name).is_dir() else folder
        return unpacked[name]

    return unpack
