"""Editing in the viewer: a stroke, a reload in the middle, keys alone, a narrow screen, saving."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pytest
from editable_study import (
    EditableStudy,
    bleeding_head,
    drawn_abdomen,
    editable_study,
    label_voxels,
)
from editing_page import bar, changes, choice, edit, loaded, stranger, stroke
from playwright.sync_api import Page, expect

from heimdallr.web.api.pages import STATIC

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser

_SAVED_MS = 120_000
MUSCLE = 3
PIXEL_CM2 = 0.16
"""Of 4 mm."""


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EditableStudy]:
    """An abdomen of 4 mm, which every test here edits; only the last one saves."""
    if not (STATIC / "index.html").is_file():
        pytest.skip("the dashboard is not built: run `make`")
    folder: Path = tmp_path_factory.mktemp("editing")
    with editable_study(folder, drawn_abdomen(4)) as made:
        yield made


@pytest.fixture
def page(chromium: Browser, study: EditableStudy) -> Iterator[Page]:
    """A page of somebody who may edit, in a browser that knows nothing yet."""
    with stranger(chromium, study.url) as made:
        yield made


def test_a_stroke_erases_and_is_undone(page: Page, study: EditableStudy) -> None:
    """The liver loses voxels under the eraser; undo brings every one of them back."""
    edit(page, study, "Liver")
    page.keyboard.press("e")
    stroke(page)
    expect(changes(page)).to_have_text(re.compile(r"^Liver −\d+\.\d cm³$"))
    page.keyboard.press("Control+z")
    expect(changes(page)).to_have_text("Nothing changed yet")
    page.keyboard.press("Control+Shift+Z")
    expect(changes(page)).to_have_text(re.compile("^Liver −"))
    page.get_by_role("button", name="Stop editing").click()
    page.get_by_role("button", name="Discard them").click()
    expect(bar(page)).to_have_count(0)


def test_a_reload_offers_what_was_not_saved(page: Page, study: EditableStudy) -> None:
    """Whoever comes back finds the edits, to the same amount; or throws them away for good."""
    edit(page, study, "Liver")
    page.keyboard.press("e")
    stroke(page)
    expect(changes(page)).to_contain_text("Liver −")
    expect(page.locator("[data-kept=true]")).to_have_count(1)
    lost = str(changes(page).text_content())
    page.reload()
    loaded(page)
    offer = page.get_by_role("alert").filter(has_text="unsaved edits")
    expect(offer).to_contain_text("liver")
    offer.get_by_role("button", name="Go on").click()
    expect(changes(page)).to_have_text(lost)
    page.reload()
    loaded(page)
    offer.get_by_role("button", name="Discard").click()
    expect(offer).to_have_count(0)
    page.reload()
    loaded(page)
    expect(offer).to_have_count(0)


def test_keys_alone_are_enough(page: Page, study: EditableStudy) -> None:
    """Choose, move, paint, undo: nobody needs a mouse."""
    page.goto(f"/studies/{study.number}")
    loaded(page)
    begin = page.get_by_role("button", name="Edit", exact=True)
    begin.focus()
    page.keyboard.press("Enter")
    choice(page).focus()
    page.keyboard.type("Liver")
    page.keyboard.press("Enter")
    page.locator("canvas").focus()
    position = str(page.get_by_test_id("position").text_content())
    page.keyboard.press("Shift+ArrowLeft")
    expect(page.get_by_test_id("position")).not_to_have_text(position)
    page.keyboard.press("]")
    expect(page.get_by_test_id("brush-size")).to_have_text("12.5 mm")
    page.keyboard.press("Enter")
    expect(changes(page)).to_contain_text("Liver +")
    page.keyboard.press("Control+z")
    expect(changes(page)).to_have_text("Nothing changed yet")


def test_a_structure_of_the_list_is_edited_at_once(page: Page, study: EditableStudy) -> None:
    """Its menu begins editing with it."""
    page.goto(f"/studies/{study.number}")
    loaded(page)
    page.get_by_role("searchbox", name="Search structures").fill("spleen")
    page.get_by_role("button", name="More about Spleen").click()
    page.get_by_role("menuitem", name="Edit this").click()
    expect(choice(page)).to_have_value("Spleen")


def test_a_narrow_screen_says_why_not(page: Page, study: EditableStudy) -> None:
    """A telephone shows; it does not edit."""
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"/studies/{study.number}")
    loaded(page)
    # It is told to be disabled, and yet says why when it is pressed.
    page.get_by_role("button", name="Edit", exact=True).click(force=True)
    expect(page.get_by_text("Editing needs a wider screen")).to_be_visible()
    expect(bar(page)).to_have_count(0)


def test_a_leak_at_l3_is_erased_and_the_area_falls_by_it(page: Page, study: EditableStudy) -> None:
    """The new version has the voxels, the number falls by their area, both numbers are seen."""
    before, area_cm2 = label_voxels(study, "tissue_types"), _measured(study, "SMA_cm2")
    page.goto(f"/studies/{study.number}")
    loaded(page)
    page.get_by_role("button", name="Skeletal muscle area at L3 (SMA)").first.click()
    page.get_by_role("searchbox", name="Search structures").fill("skeletal")
    page.get_by_role("button", name="More about Skeletal muscle").click()
    page.get_by_role("menuitem", name="Edit this").click()
    expect(choice(page)).to_have_value("Skeletal muscle")
    page.locator("canvas").focus()
    page.keyboard.press("e")
    stroke(page, below=60)  # the back's muscle, behind the vertebra that the number leads to
    position = str(page.get_by_test_id("position").text_content())
    page.keyboard.press("Control+s")
    page.get_by_label("Comment").fill("rim")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(bar(page)).to_have_count(0, timeout=_SAVED_MS)
    loaded(page)
    page.get_by_role("banner").hover()  # away from the images: the place is the crosshair's
    expect(page.get_by_test_id("position")).to_have_text(position)
    after = label_voxels(study, "tissue_types")
    changed = before != after
    assert changed.any()
    assert np.all(before[changed] == MUSCLE)
    assert np.all(after[changed] == 0)
    told = study.service.client.get(f"/api/v1/studies/{study.number}/corrections").json()
    (correction,) = told["corrections"]
    assert (correction["state"], correction["comment"]) == ("applied", "rim")
    assert correction["structures"][0]["voxels_removed"] == np.count_nonzero(changed)
    erased_cm2 = np.count_nonzero(changed[:, :, int(_measured(study, "slice_L3"))]) * PIXEL_CM2
    assert erased_cm2 > 0
    assert _measured(study, "SMA_cm2") == pytest.approx(area_cm2 - erased_cm2, abs=0.006)
    row = page.locator('[data-measurement="SMA_cm2"]')
    expect(row.locator("[data-corrected]")).to_contain_text(f"{area_cm2:.1f} cm²")
    expect(page.get_by_role("alert").filter(has_text="unsaved edits")).to_have_count(0)


@pytest.mark.slow
def test_a_bleed_that_the_network_missed_is_painted(
    chromium: Browser, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Chosen among what was not found, painted, measured and found; the way back takes it away."""
    made = editable_study(tmp_path_factory.mktemp("head"), bleeding_head(3, found=False))
    with made as study, stranger(chromium, study.url) as page:
        finding = page.locator("[data-finding]")
        page.goto(f"/studies/{study.number}")
        loaded(page)
        expect(finding).to_have_count(0)
        page.get_by_role("button", name="Edit", exact=True).click()
        choice(page).fill("bleed")
        group = page.get_by_role("group").filter(has_text="Not found by the network, or erased")
        group.get_by_role("option", name="Intracerebral haemorrhage").click()
        page.locator("canvas").focus()
        page.keyboard.press("j")
        stroke(page)
        expect(changes(page)).to_contain_text("Intracerebral haemorrhage +")
        page.keyboard.press("Control+z")
        expect(changes(page)).to_have_text("Nothing changed yet")
        page.keyboard.press("Control+Shift+Z")
        page.keyboard.press("Control+s")
        page.get_by_role("button", name="Save", exact=True).click()
        expect(bar(page)).to_have_count(0, timeout=_SAVED_MS)
        loaded(page)
        painted = np.count_nonzero(label_voxels(study, "bleed"))
        assert _measured(study, "hemorrhage_vol_cm3") == pytest.approx(painted * 27 / 1000)
        expect(finding).to_contain_text("haemorrhage")
        page.get_by_role("tab", name="Corrections").click()
        page.get_by_role("button", name="Back to this version").click()
        page.get_by_role("dialog").get_by_role("button", name="Go back").click()
        expect(finding).to_have_count(0, timeout=_SAVED_MS)
        assert not (study.folder / "bleed").exists()
        # What was painted is still seen in the version that had it.
        latest = page.locator("[data-correction]").first
        latest.get_by_role("button", name="Compare in the viewer").click()
        page.get_by_role("group", name="Side").get_by_role("button", name="Before").click()
        expect(page.locator("[data-compare=before]")).to_be_visible()
        expect(page.get_by_test_id("structures")).to_contain_text("Intracerebral haemorrhage")


def _measured(study: EditableStudy, name: str) -> float:
    answer = study.service.client.get(f"/api/v1/studies/{study.number}").json()
    rows = answer["results"]["measurements"]
    return float(next(one["value"] for one in rows if one["name"] == name))
