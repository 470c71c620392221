"""What tests share: real data, inputs that went wrong, random numbers, a body to check by hand."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pytest
import structlog
from made_once import made_once

from heimdallr.phantom.materials import Material
from heimdallr.phantom.studies import write_demo_studies

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytest_plugins = ("postgresql", "access_site")  # tests/support

TEST_DATA = Path(
    os.environ.get("HEIMDALLR_TEST_DATA", Path(__file__).parents[2] / "shared" / "data")
)
"""Real and hostile DICOM, kept outside the repository."""

TEST_CASES = Path(os.environ.get("HEIMDALLR_TEST_CASES", TEST_DATA.parent / "cases"))
"""Scripts, each of which writes one input that went wrong, out of the phantoms of seed 11."""

PHANTOM_SEED = 11


LONG = ("system", "workflow", "cli", "segmentation")
"""Folders whose tests wait for programs: begun first, so that nobody waits for them in the end."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes long comes first; a browser last: it keeps an event loop of its process."""

    def place(item: pytest.Item) -> int:
        folder = item.path.relative_to(Path(__file__).parent).parts[0]
        return 2 if folder == "browser" else 0 if folder in LONG else 1

    items.sort(key=place)


@pytest.fixture(autouse=True)
def log_as_before() -> Iterator[None]:
    """A command writes its log to an output that is closed when its test ends."""
    yield
    structlog.reset_defaults()


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


@pytest.fixture(scope="session")
def cases() -> Path:
    """The folder of scripts that write inputs that went wrong; skips where it is absent."""
    if not TEST_CASES.is_dir():
        pytest.skip(f"the inputs that went wrong are not at {TEST_CASES}")
    return TEST_CASES


@pytest.fixture(scope="session")
def phantom_studies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What ``heimdallr phantom DIR --seed 11`` writes: once, however many processes run tests.

    It takes a minute; ``HEIMDALLR_TEST_PHANTOM`` may name a folder that holds it already.
    """
    if ready := os.environ.get("HEIMDALLR_TEST_PHANTOM"):
        return Path(ready)

    def write(folder: Path) -> None:
        write_demo_studies(folder, PHANTOM_SEED)

    return made_once(tmp_path_factory, "phantom", write)


@pytest.fixture(scope="session")
def case_input(
    cases: Path, phantom_studies: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., Path]:
    """Write an input that went wrong, by its script's name and variant; its folder, to be read."""
    written: dict[tuple[str, ...], Path] = {}

    def write(name: str, *variant: str) -> Path:
        asked = (name, *variant)
        if asked not in written:
            folder = tmp_path_factory.mktemp(name)
            script = cases / f"{name}.py"
            command = [sys.executable, str(script), str(phantom_studies), str(folder), *variant]
            subprocess.run(command, check=True, timeout=300)
            written[asked] = folder
        return written[asked]

    return write


@dataclass(frozen=True)
class SimpleBody:
    """Material numbers (I, J, K) in RAS+ order and their affine."""

    material: npt.NDArray[Any]
    affine: npt.NDArray[np.float64]


@pytest.fixture(scope="session")
def simple_body() -> SimpleBody:
    """A cylinder of muscle with a liver ball on the right and a bone rod behind."""
    spacing = np.array([2.0, 2.0, 2.5])
    shape = (100, 80, 40)
    centre = (np.array(shape) - 1) / 2
    i, j, k = np.meshgrid(*map(np.arange, shape), indexing="ij")
    x, y, z = (spacing[a] * (grid - centre[a]) for a, grid in enumerate((i, j, k)))
    material = np.zeros(shape, dtype=np.uint8)
    material[(x / 90) ** 2 + (y / 70) ** 2 <= 1] = Material.SUBCUTANEOUS_FAT
    material[(x / 75) ** 2 + (y / 58) ** 2 <= 1] = Material.MUSCLE
    material[(x - 35) ** 2 + (y - 5) ** 2 + (z - 5) ** 2 <= 30**2] = Material.LIVER
    material[x**2 + (y + 40) ** 2 <= 9**2] = Material.CORTICAL_BONE
    affine = np.diag([*spacing, 1.0])
    affine[:3, 3] = (-120.0, -90.0, 400.0)
    return SimpleBody(material, affine)
