"""Each tool that edits, clicked: it changes the voxels it says, and undo brings them back."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from editable_study import EditableStudy, drawn_abdomen, editable_study, label_voxels
from editing_page import changes, choice, crosshair, edit, loaded, stranger
from playwright.sync_api import Page, expect
from scipy import ndimage

from heimdallr.corrections.difference import Difference, apply
from heimdallr.web.api.pages import STATIC

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Browser

pytestmark = pytest.mark.slow

Voxels = np.ndarray[Any, Any]
VOXEL_MM = 4.0
REACH_MM = 5.0
"""How far a structure grows, as long as nobody chooses otherwise."""
SPLEEN, KIDNEY_RIGHT, KIDNEY_LEFT, LIVER = 1, 2, 3, 5
NOTHING = "Nothing changed yet"
KEEPS_WHAT_IS_SAVED = """
(() => {
  const real = window.fetch;
  window.fetch = async (request, more) => {
    const isSaving = request.method === "POST" && request.url.endsWith("/corrections");
    if (!isSaving) return real(request, more);
    const bytes = new Uint8Array(await request.clone().arrayBuffer());
    window.saved = btoa(String.fromCharCode(...bytes));
    const problem = { status: 507, code: "disk_low", detail: "the disk is full" };
    const headers = { "Content-Type": "application/problem+json" };
    return new Response(JSON.stringify(problem), { status: 507, headers });
  };
})();
"""
"""What is saved stays in the page, and is refused: no test here changes the study."""


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EditableStudy]:
    """An abdomen of 4 mm, which stays as it is."""
    if not (STATIC / "index.html").is_file():
        pytest.skip("the dashboard is not built: run `make`")
    folder: Path = tmp_path_factory.mktemp("tools")
    with editable_study(folder, drawn_abdomen(VOXEL_MM)) as made:
        yield made


@pytest.fixture
def page(chromium: Browser, study: EditableStudy) -> Iterator[Page]:
    """A page of somebody who may edit."""
    with stranger(chromium, study.url) as made:
        made.add_init_script(KEEPS_WHAT_IS_SAVED)
        yield made


def saved(page: Page) -> bytes:
    """What would be saved now; it is refused, in words, and the edits stay."""
    page.keyboard.press("Control+s")
    page.get_by_role("dialog", name="Save…").get_by_role("button", name="Save").click()
    refused = page.get_by_role("dialog", name="Save…").get_by_role("alert")
    expect(refused).to_contain_text("The server's disk is full")
    expect(refused).to_contain_text("Your edits are still here, and kept in this browser")
    page.keyboard.press("Escape")
    page.locator("canvas").focus()
    return base64.b64decode(str(page.evaluate("window.saved")))


def edited(
    page: Page, study: EditableStudy, do: Callable[[], None], name: str = "total"
) -> tuple[Voxels, Voxels]:
    """A label map before and after something is done, twice: in between it was undone."""
    page.locator("canvas").focus()
    do()
    expect(changes(page)).not_to_have_text(NOTHING)
    first = saved(page)
    while changes(page).text_content() != NOTHING:
        page.keyboard.press("Control+z")
    do()
    expect(changes(page)).not_to_have_text(NOTHING)
    assert saved(page) == first, "undo did not bring the voxels back, or it did something else"
    before = label_voxels(study, name)
    difference = Difference.read(first)
    assert set(difference.maps) == {name}
    return before, apply(before, difference.maps[name])


def whole(page: Page, what: str) -> Callable[[], None]:
    """Clicks what is done to a whole structure."""

    def do() -> None:
        page.get_by_role("button", name="Whole structure").click()
        page.get_by_role("menuitem", name=what).click()
        expect(page.get_by_test_id("edit-hint")).not_to_contain_text("Esc stops it")

    return do


def test_between_slices_that_were_painted_the_shape_is_filled_in(
    page: Page, study: EditableStudy
) -> None:
    """Two discs four slices apart become a cylinder, and no voxel beyond it changes."""
    edit(page, study, "Liver")
    choice(page).fill("Prostate")
    page.get_by_role("option", name="Prostate").click()
    slices: list[int] = []

    def do() -> None:
        for _ in range(2):
            page.keyboard.press("Enter")
            slices.append(int(str(page.get_by_role("slider", name="Slice").input_value())) - 1)
            for _ in range(4):
                page.keyboard.press(".")
        for _ in range(8):
            page.keyboard.press(",")
        whole(page, "Fill between the 2 slices painted")()
        page.locator("canvas").focus()

    before, after = edited(page, study, do)
    lowest, highest = min(slices), max(slices)
    assert highest - lowest == 4
    (label,) = set(np.unique(after[before != after]))
    assert not (before == label).any()
    filled = after == label
    assert set(np.nonzero(filled)[2]) == set(range(lowest, highest + 1))
    assert all((filled[:, :, k] == filled[:, :, lowest]).all() for k in range(lowest, highest + 1))


def test_a_structure_grows_to_what_is_near_and_like_it(page: Page, study: EditableStudy) -> None:
    """A hole in it is filled from its border on, with its own values and no farther than it may."""
    edit(page, study, "Spleen")
    for key in ("e", "j", *"]]]]]"):
        page.keyboard.press(key)
    page.keyboard.press("Enter")
    with_hole = apply(label_voxels(study, "total"), Difference.read(saved(page)).maps["total"])
    page.keyboard.press("Control+z")

    def do() -> None:
        page.locator("canvas").focus()
        page.keyboard.press("Enter")
        whole(page, "Grow to what the image shows")()

    before, after = edited(page, study, do)
    won = (with_hole != SPLEEN) & (after == SPLEEN)
    assert won.any()
    assert (before[won] == SPLEEN).all()
    assert (after[with_hole == SPLEEN] == SPLEEN).all()
    away = ndimage.distance_transform_edt(with_hole != SPLEEN, sampling=VOXEL_MM)
    assert away[won].max() <= REACH_MM
    assert (before != after).any(), "a hole of 30 mm is not filled at once"


def test_left_and_right_change_places(page: Page, study: EditableStudy) -> None:
    """Every voxel of one kidney is the other's, and nothing else is touched."""
    edit(page, study, "Left kidney")
    before, after = edited(page, study, whole(page, "Swap left and right"))
    names = {KIDNEY_LEFT: KIDNEY_RIGHT, KIDNEY_RIGHT: KIDNEY_LEFT}
    expected = before.copy()
    for was, now in names.items():
        expected[before == was] = now
    assert (after == expected).all()


def test_a_line_cuts_a_structure_through_all_slices(page: Page, study: EditableStudy) -> None:
    """What lies on the side that was clicked goes; what lies on the other stays as it was."""
    edit(page, study, "Liver")
    page.keyboard.press("l")
    x, y = crosshair(page)

    def do() -> None:
        page.mouse.click(x, y - 40)
        page.mouse.click(x, y + 40)
        page.mouse.click(x - 60, y)

    before, after = edited(page, study, do)
    gone = before != after
    assert (before[gone] == LIVER).all()
    assert (after[gone] == 0).all()
    # The picture's left is the patient's right.
    assert np.nonzero(gone)[0].min() > np.nonzero(after == LIVER)[0].max()
    assert len(set(np.nonzero(gone)[2])) > 10


def test_only_what_lies_in_a_box_stays(page: Page, study: EditableStudy) -> None:
    """On all slices; a corner and its opposite are enough."""
    edit(page, study, "Liver")
    page.keyboard.press("n")
    x, y = crosshair(page)

    def do() -> None:
        page.mouse.move(x - 50, y - 30)
        page.mouse.down()
        page.mouse.move(x + 20, y + 30, steps=4)
        page.mouse.up()

    before, after = edited(page, study, do)
    gone = before != after
    assert (before[gone] == LIVER).all()
    assert (after[gone] == 0).all()
    kept = np.nonzero(after == LIVER)
    box = tuple(slice(one.min(), one.max() + 1) for one in kept)[:2]
    assert (after[box] == before[box]).all()
    assert len(set(kept[2])) > 10


def test_a_piece_is_given_to_another_structure(page: Page, study: EditableStudy) -> None:
    """Where pieces become the spleen, a click on a kidney makes it one, and only what it holds."""
    edit(page, study, "Left kidney")
    page.get_by_role("button", name="Options").click()
    into = page.get_by_role("combobox", name="Pieces and cut-off parts become")
    into.fill("Spleen")
    page.get_by_role("option", name="Spleen", exact=True).click()
    page.keyboard.press("Escape")
    expect(into).to_have_count(0)  # while it fades it lies over the images
    page.locator("canvas").focus()
    page.keyboard.press("k")
    x, y = crosshair(page)
    before, after = edited(page, study, lambda: page.mouse.click(x, y))
    pieces, _ = ndimage.label(before == KIDNEY_LEFT)
    changed = before != after
    (piece,) = np.unique(pieces[changed])
    assert (changed == (pieces == piece)).all()
    assert (after[changed] == SPLEEN).all()


def test_what_could_not_be_saved_is_there_after_a_reload(page: Page, study: EditableStudy) -> None:
    """Whatever a save was refused for, not one edit is lost by it."""
    edit(page, study, "Liver")
    page.keyboard.press("e")
    page.keyboard.press("Enter")
    expect(changes(page)).to_contain_text("Liver −")
    lost = str(changes(page).text_content())
    saved(page)
    page.reload()
    loaded(page)
    page.get_by_role("alert").filter(has_text="unsaved edits").get_by_role(
        "button", name="Go on"
    ).click()
    expect(changes(page)).to_have_text(lost)
