"""How soon the dashboard is there: the worklist with 100,000 studies, and a large CT in the viewer.

::

    python benchmarks/dashboard.py [--studies 100000] [--repeat 5]

`heimdallr up` as it is, Debian's Chromium on the same machine. Every visit is one of a new reader
(nothing cached); the browser itself is running. Where no graphics card is, the processor draws, and
so the viewer's figures are the worst there are.

- *worklist*: from the address to a row that has been ticked, ready for the next input;
- *viewer*: from the address, or from the click on the study in the worklist, to a picture with the
  value under the crosshair, and to the whole volume in the place of its preview.

The large CT is the synthetic trunk, measured, its volume and label maps then brought to 512×512×600
voxels with noise.
"""

from __future__ import annotations

import argparse
import gzip
import shutil
import statistics
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import nibabel as nib
import numpy as np
from filled_database import fill
from playwright.sync_api import Browser, sync_playwright

from heimdallr.cli.demonstration.system import USER, DemoSystem, running_system
from heimdallr.config import load_settings
from heimdallr.imaging.volume import load_volume
from heimdallr.phantom.studies import write_demo_studies
from heimdallr.publishing.preview import write_preview
from heimdallr.store.database import open_database

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from playwright.sync_api import Page

WORKLIST_BAR_S, VIEWER_BAR_S = 1.5, 3.0
SHAPE = (512, 512, 600)
_FIRST = 1000
"""Number of the first study that is only a row: beyond those of the measured one and its series."""
_PROCESSED_S = 400.0
_PATIENCE_MS = 120_000
_GRAPHICS = ("--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist")
_QUIET = ("--disable-background-networking", "--disable-component-update", "--no-first-run")

# In the page: when the first row was ticked and that was drawn.
_TICKED = """() => new Promise((done) => {
    const box = document.querySelector("[data-study] input[type=checkbox]");
    box.click();
    const look = () => requestAnimationFrame(() => setTimeout(() => {
        const now = document.querySelector("[data-study] input[type=checkbox]");
        now.checked ? done(performance.now()) : look();
    }));
    look();
})"""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--studies", type=int, default=100_000)
    parser.add_argument("--repeat", type=int, default=5)
    options = parser.parse_args()
    with measured_trunk(enlarge) as (system, chromium, number):
        repeat = range(options.repeat)
        say("from its address", [visit_study(chromium, system, number) for _ in repeat])
        say("from the worklist", [open_from_list(chromium, system) for _ in repeat])
        database = open_database(system.settings)
        fill(database, options.studies, first=_FIRST)
        database.close()
        lists = [visit_worklist(chromium, system) for _ in repeat]
        line(f"worklist, {options.studies} studies, interactive", lists, WORKLIST_BAR_S)


@contextmanager
def measured_trunk(change: Callable[[Path], None]) -> Iterator[tuple[DemoSystem, Browser, int]]:
    """A running system that has measured the synthetic trunk, a browser, the study's number.

    Args:
        change: what is done to its case folder.
    """
    with tempfile.TemporaryDirectory(prefix="heimdallr-bench-") as name:
        work = Path(name)
        trunk = next(one for one in write_demo_studies(work, 7) if one.kind == "trunk_ct")
        with running_system(work / "data", load_settings()) as system, browser() as chromium:
            system.send(trunk.dicom)
            seen = system.follow_all(1, lambda _seen: None, _PROCESSED_S)
            (study,) = seen.values()
            change(system.settings.data_dir / "output" / str(study.case_id))
            yield system, chromium, system.client.get("/api/v1/studies").json()["studies"][0]["id"]


def say(how: str, pictures: list[tuple[float, float]]) -> None:
    """Print both lines of the viewer."""
    first_s, whole_s = zip(*pictures, strict=True)
    line(f"large CT {how}, first picture", first_s, VIEWER_BAR_S)
    line(f"large CT {how}, whole volume", whole_s)


def line(what: str, seconds: Sequence[float], bar_s: float | None = None) -> None:
    """Print a line."""
    bar = "" if bar_s is None else f"; aim < {bar_s:.1f}"
    each = " ".join(f"{one:.2f}" for one in seconds)
    print(f"{what:44} median {statistics.median(seconds):5.2f} s ({each}{bar})", flush=True)


@contextmanager
def browser() -> Iterator[Browser]:
    """Debian's Chromium, drawing on the processor."""
    program = shutil.which("chromium")
    if program is None:
        message = "chromium is not installed"
        raise SystemExit(message)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=program, args=[*_GRAPHICS, *_QUIET], chromium_sandbox=False
        )
        yield chromium
        chromium.close()


def enlarge(case: Path) -> None:
    """Bring the images of a case to the shape of a large CT."""
    volume = case / "volume.nii.gz"
    _resample(volume, noise_hu=12)
    for labels in sorted((case / "labels").glob("*.nii.gz")):
        _resample(labels, noise_hu=0)
    with ThreadPoolExecutor(2) as pool:
        write_preview(case / "preview.nii.gz", load_volume(volume), pool)


def _resample(path: Path, noise_hu: int) -> None:
    image = nib.load(path)
    voxels = np.asanyarray(image.dataobj).astype(np.int16 if noise_hu else np.uint8)
    scale = [old / new for old, new in zip(voxels.shape, SHAPE, strict=True)]
    nearest = [(np.arange(new) * by).astype(int) for new, by in zip(SHAPE, scale, strict=True)]
    large = voxels[np.ix_(*nearest)]
    if noise_hu:
        rng = np.random.default_rng(1)
        for k in range(SHAPE[2]):
            large[:, :, k] += rng.normal(0, noise_hu, SHAPE[:2]).astype(np.int16)
    result = nib.Nifti1Image(large, image.affine @ np.diag([*scale, 1.0]))
    path.write_bytes(gzip.compress(result.to_bytes(), compresslevel=1))


@contextmanager
def new_reader(chromium: Browser, system: DemoSystem) -> Iterator[Page]:
    """A page of somebody who has signed in and looked at nothing."""
    context = chromium.new_context(base_url=system.url, viewport={"width": 1440, "height": 900})
    answer = context.request.post(
        "/api/v1/session", data={"name": USER, "password": system.password}
    )
    if not answer.ok:
        raise SystemExit(answer.text())
    yield context.new_page()
    context.close()


def visit_worklist(chromium: Browser, system: DemoSystem) -> float:
    """Seconds from the address to a ticked row."""
    with new_reader(chromium, system) as page:
        page.goto("/", wait_until="commit")
        page.wait_for_selector("[data-study] input[type=checkbox]", timeout=_PATIENCE_MS)
        milliseconds: float = page.evaluate(_TICKED)
    return milliseconds / 1000


def visit_study(chromium: Browser, system: DemoSystem, number: int) -> tuple[float, float]:
    """Seconds from the address to the first picture, and to the whole volume."""
    with new_reader(chromium, system) as page:
        start = time.perf_counter()
        page.goto(f"/studies/{number}", wait_until="commit")
        return _pictures(page, start)


def open_from_list(chromium: Browser, system: DemoSystem) -> tuple[float, float]:
    """The same from the click on the study in the worklist."""
    with new_reader(chromium, system) as page:
        page.goto("/")
        link = page.locator("[data-study] a").first
        link.wait_for(timeout=_PATIENCE_MS)
        page.wait_for_load_state("networkidle")
        start = time.perf_counter()
        link.click()
        return _pictures(page, start)


def _pictures(page: Page, start: float) -> tuple[float, float]:
    page.wait_for_selector("[data-testid=value]", timeout=_PATIENCE_MS)
    first_s = time.perf_counter() - start
    page.wait_for_selector("[data-stage]", state="detached", timeout=_PATIENCE_MS)
    return first_s, time.perf_counter() - start


if __name__ == "__main__":
    main()
