"""What a correction changed is looked at; others propose it, or make it at the same time."""

from __future__ import annotations

import re
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from editable_study import (
    PASSWORD,
    EditableStudy,
    drawn_abdomen,
    editable_study,
    label_voxels,
    pixels_of,
)
from editing_page import bar, changes, edit, loaded, stranger, stroke
from foreign_objects import Drawn, write_segmentation
from playwright.sync_api import Page, expect
from scipy import ndimage

from heimdallr.publishing.schema import read_results
from heimdallr.web.api.pages import STATIC

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Locator

pytestmark = pytest.mark.slow

SPLEEN, LIVER = 1, 5
VOXEL_CM3 = 0.064
SAVED_MS = 300_000.0
"""A correction is computed in a process that has to start first, on a machine that is busy."""
NEXT_SIGN_MS = 40_000.0
"""Who edits is told every twenty seconds."""


@pytest.fixture
def built() -> None:
    """The dashboard is there."""
    if not (STATIC / "index.html").is_file():
        pytest.skip("the dashboard is not built: run `make`")


@pytest.fixture
def shared(built: None, tmp_path: Path) -> Iterator[EditableStudy]:
    """An abdomen that two people may edit."""
    del built
    with editable_study(tmp_path, drawn_abdomen(4), people=("anna", "bruno")) as made:
        yield made


@pytest.fixture
def scanned(built: None, tmp_path: Path) -> Iterator[EditableStudy]:
    """An abdomen with its DICOM images, that anybody may edit."""
    del built
    with editable_study(tmp_path, drawn_abdomen(4), has_images=True) as made:
        yield made


def edits_of(page: Page, study: EditableStudy, structure: str) -> str:
    """Somebody erases a part of a structure; what the page says of it."""
    edit(page, study, structure)
    page.keyboard.press("e")
    stroke(page)
    expect(changes(page)).to_contain_text(f"{structure} −")
    return str(changes(page).text_content())


def save(page: Page) -> Locator:
    """Somebody saves; the dialog."""
    page.keyboard.press("Control+s")
    dialog = page.get_by_role("dialog", name="Save…")
    dialog.get_by_role("button", name="Save", exact=True).click()
    return dialog


def test_two_people_edit_and_nothing_of_either_is_lost(
    chromium: Browser, shared: EditableStudy
) -> None:
    """Each is told of the other; who saves second puts their edits on top of the first one's."""
    before = label_voxels(shared, "total")
    with ExitStack() as windows:
        anna, bruno = (windows.enter_context(stranger(chromium, shared.url)) for _ in range(2))
        for page, name in ((anna, "anna"), (bruno, "bruno")):
            form = {"name": name, "password": PASSWORD}
            assert page.request.post("/api/v1/session", data=form).ok
        edits_of(anna, shared, "Liver")
        kept = edits_of(bruno, shared, "Spleen")
        expect(bar(bruno)).to_contain_text("anna edits this case too", timeout=NEXT_SIGN_MS)
        expect(bar(anna)).to_contain_text("bruno edits this case too", timeout=NEXT_SIGN_MS)

        save(anna)
        expect(bar(anna)).to_have_count(0, timeout=SAVED_MS)
        first = label_voxels(shared, "total")
        assert set(np.unique(before[before != first])) == {LIVER}

        refused = save(bruno).get_by_role("alert")
        expect(refused).to_contain_text("Correction 1 was saved by anna on")
        expect(refused).to_contain_text("kept in this browser")
        assert (label_voxels(shared, "total") == first).all()
        refused.get_by_role("button", name="Load that version").click()
        expect(refused).to_have_count(0, timeout=SAVED_MS)
        loaded(bruno)
        expect(changes(bruno)).to_have_text(kept)
        bruno.locator("canvas").focus()
        save(bruno)
        expect(bar(bruno)).to_have_count(0, timeout=SAVED_MS)
    both = label_voxels(shared, "total")
    assert (both[before != first] == 0).all()
    changed = both != first
    assert changed.any()
    assert set(np.unique(first[changed])) == {SPLEEN}


def proposed(study: EditableStudy, path: Path, mask: np.ndarray[Any, Any]) -> Path:
    """A spleen as another tool writes it."""
    return write_segmentation(study, path, [Drawn("spleen", pixels_of(mask))])


def item(page: Page, number: int) -> Locator:
    """A correction in the list below the images."""
    return page.locator(f'[data-correction="{number}"]')


def spleen_cm3(study: EditableStudy) -> float:
    """Its volume as it is measured now."""
    rows = read_results(study.folder).measurements
    return float(next(one.value for one in rows if one.name == "spleen_vol_cm3"))  # type: ignore[arg-type]


def test_what_another_tool_proposes_is_looked_at_and_decided_on(
    chromium: Browser, scanned: EditableStudy, tmp_path: Path
) -> None:
    """Seen on the images before anything changes; accepted, the numbers follow; or declined."""
    before = label_voxels(scanned, "total")
    spleen = before == SPLEEN
    larger = ndimage.binary_dilation(spleen)
    larger[: int(np.nonzero(spleen)[0].mean())] = False
    won, lost = (larger & ~spleen), (spleen & ~larger)
    file = proposed(scanned, tmp_path / "spleen.dcm", larger)
    with stranger(chromium, scanned.url) as page:
        page.goto(f"/studies/{scanned.number}")
        loaded(page)
        page.get_by_role("tab", name="Corrections").click()
        page.locator("input[type=file]").set_input_files(file)
        expect(item(page, 1)).to_contain_text("proposed", timeout=SAVED_MS)
        expect(item(page, 1)).to_contain_text("from a DICOM segmentation")

        item(page, 1).get_by_role("button", name="Compare in the viewer").click()
        compared = page.get_by_role("toolbar", name="Compare before and after")
        expect(page.locator('[data-compare="after"]')).to_be_visible()
        row = compared.get_by_role("row").filter(has_text="Spleen")
        new = int((won & (before == 0)).sum())
        expect(row).to_contain_text(f"−{lost.sum():,} · {lost.sum() * VOXEL_CM3:.1f} cm³")
        expect(row).to_contain_text(f"+{new:,}")
        slices = np.flatnonzero((won | lost).any(axis=(0, 1)))
        here = page.get_by_test_id("compare-here")
        fullest = (won | lost).sum(axis=(0, 1)).max()
        expect(here).to_have_text(
            f"{fullest} voxels differ here · {len(slices)} of {before.shape[2]} slices differ"
        )
        _sides_and_slices(page, slices)
        assert (label_voxels(scanned, "total") == before).all()

        compared.get_by_role("button", name="Accept").click()
        numbers = page.locator('[data-change="spleen_vol_cm3"]').first
        expect(numbers).to_contain_text("cm³", timeout=SAVED_MS)
        after = label_voxels(scanned, "total")
        assert ((after == SPLEEN) == larger).all()
        volume = larger.sum() * VOXEL_CM3
        assert spleen_cm3(scanned) == pytest.approx(volume, rel=0.01)
        sign = "+" if volume > spleen.sum() * VOXEL_CM3 else "−"
        expect(numbers).to_contain_text(re.compile(rf"{round(volume)}.*{re.escape(sign)}"))
        page.get_by_role("button", name="Back to the results of now").click()
        expect(compared).to_have_count(0)

        page.locator("input[type=file]").set_input_files(
            proposed(scanned, tmp_path / "again.dcm", spleen)
        )
        expect(item(page, 2)).to_contain_text("proposed", timeout=SAVED_MS)
        item(page, 2).get_by_role("button", name="Decline").click()
        expect(item(page, 2)).to_contain_text("declined")
        expect(item(page, 2).get_by_role("button", name="Compare")).to_have_count(0)
        networks = page.locator('[data-version="0"]')
        networks.get_by_role("button", name="Compare with now").click()
        expect(compared).to_contain_text("The networks")
        expect(compared.get_by_role("row").filter(has_text="Spleen")).to_contain_text(f"+{new:,}")
        numbers = page.locator('[data-changes="0"] [data-change="spleen_vol_cm3"]')
        expect(numbers).to_contain_text(re.compile(rf"{round(volume)}.*{re.escape(sign)}"))
    assert ((label_voxels(scanned, "total") == SPLEEN) == larger).all()


def _sides_and_slices(page: Page, slices: np.ndarray[Any, Any]) -> None:
    """With keys alone: both sides of the voxel at the crosshair, and the slices that differ."""
    page.get_by_role("banner").hover()  # away from the images: the place is the crosshair's
    structures, slider = page.get_by_test_id("structures"), page.get_by_role("slider", name="Slice")
    after = str(structures.text_content())
    page.keyboard.press("b")
    expect(page.locator('[data-compare="before"]')).to_be_visible()
    expect(structures).not_to_have_text(after)
    assert ("Spleen" in after) != ("Spleen" in str(structures.text_content()))
    page.keyboard.press("b")
    expect(structures).to_have_text(after)
    marked = page.get_by_role("button", name="Differences", exact=True)
    page.keyboard.press("h")
    expect(marked).to_have_attribute("aria-pressed", "false")
    page.keyboard.press("h")
    expect(marked).to_have_attribute("aria-pressed", "true")
    page.locator("canvas").focus()
    page.keyboard.press("End")
    for at in slices[:3]:
        page.keyboard.press(".")
        expect(slider).to_have_value(str(at + 1))
    page.keyboard.press(",")
    expect(slider).to_have_value(str(slices[1] + 1))
    page.keyboard.press("l")
    expect(structures).to_have_text(after)
