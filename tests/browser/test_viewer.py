"""The viewer: it draws, follows window, slice and structures, and tells what is in the volume."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, Any

import nibabel as nib
import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect
from study_page import study_of
from waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt
    from playwright.sync_api import FloatRect, Route

    from heimdallr.cli.demonstration.system import DemoSystem

    Picture = npt.NDArray[np.int16]

pytestmark = pytest.mark.draws

_LOADED_MS = 120_000
_SEEN = 4.0
"""Mean change of a pixel (0 to 255) that nobody overlooks, over where the change is."""


@pytest.fixture
def trunk(system: DemoSystem) -> int:
    """Number of the trunk CT."""
    return study_of(system, "CT TRUNK")


@pytest.fixture
def head(system: DemoSystem) -> int:
    """Number of the head CT with a haemorrhage."""
    return study_of(system, "CT HEAD")


def test_it_draws_and_follows_window_and_slice(page: Page, trunk: int) -> None:
    """Pixels are there, and change with the window and with the slice."""
    _open(page, trunk)
    first = _drawn(page)
    assert len(np.unique(first)) > 50, "a CT has many greys"
    page.keyboard.press("2")  # the second preset
    expect(_window(page)).not_to_have_text("L 40 W 400")
    windowed = _changed(page, first)
    slider = page.get_by_role("slider", name="Slice")
    before = slider.input_value()
    _canvas(page).focus()
    page.keyboard.press("PageUp")
    expect(slider).to_have_value(str(int(before) + 10))
    scrolled = _changed(page, windowed)
    _canvas(page).hover()
    page.mouse.wheel(0, 120)
    expect(slider).not_to_have_value(str(int(before) + 10))
    _changed(page, scrolled)


def test_dragging_with_the_right_button_windows(page: Page, trunk: int) -> None:
    """Across is the width, down is the level; the numbers say so."""
    _open(page, trunk)
    first = _drawn(page)
    expect(_window(page)).to_have_text("L 40 W 400")
    box = _box(page)
    page.mouse.move(box["x"] + 200, box["y"] + 200)
    page.mouse.down(button="right")
    page.mouse.move(box["x"] + 300, box["y"] + 260, steps=4)
    page.mouse.up(button="right")
    level, width = (
        int(number.replace(",", "")) for number in re.findall(r"[-\d,]+", _text(_window(page)))
    )
    assert level > 40
    assert width > 400
    _changed(page, first)


def test_structures_come_and_go(page: Page, trunk: int) -> None:
    """One structure, all of them by a key, and outlines instead of areas change the pixels."""
    _open(page, trunk)
    page.get_by_role("button", name="None", exact=True).click()
    page.get_by_role("searchbox", name="Search structures").fill("liver")
    page.get_by_role("button", name="Go to Liver").click()
    expect(page.get_by_text(re.compile(r"^1 of \d+ shown$"))).to_be_visible()
    # It lights up for a moment: still when two pictures are alike.
    shown = _still(page)
    assert _coloured(shown) > 500
    page.get_by_role("checkbox", name="Liver", exact=True).uncheck()
    hidden = _changed(page, shown)
    assert _coloured(hidden) < _coloured(shown) / 4
    page.get_by_role("checkbox", name="Liver", exact=True).check()
    again = _changed(page, hidden)
    _canvas(page).focus()
    page.keyboard.press("m")
    off = _changed(page, again)
    assert _coloured(off) < _coloured(shown) / 4
    page.keyboard.press("m")
    on = _changed(page, off)
    page.keyboard.press("o")
    outlined = _changed(page, on)
    assert 0 < _coloured(outlined) < _coloured(on)


def test_what_is_not_believed_stands_apart(page: Page, trunk: int) -> None:
    """A spleen that is doubted: hidden, below all others, with the reason, shown when asked for."""
    reason = {"code": "unsure", "parameters": {"structure": "spleen", "confidence": 0.41}}

    def doubted(route: Route) -> None:
        answer = route.fetch()
        manifest = answer.json()
        _structure(manifest, "spleen").update(doubts=["unsure"], doubts_coded=[reason])
        route.fulfill(response=answer, json=manifest)

    page.route(re.compile(r"/viewer$"), doubted)
    _open(page, trunk)
    branch = page.get_by_role("group", name="Not believed")
    expect(branch).to_contain_text("unsure of the spleen (confidence 0.41)")
    spleen = branch.get_by_role("checkbox", name="Spleen", exact=True)
    expect(spleen).not_to_be_checked()
    page.get_by_role("button", name="All", exact=True).click()
    expect(spleen).not_to_be_checked()
    expect(page.get_by_role("group", name="Organs").get_by_text("Spleen")).to_have_count(0)
    spleen.check()
    expect(spleen).to_be_checked()


def test_values_and_structures_are_those_of_the_volume(page: Page, trunk: int) -> None:
    """What stands below the images is what the files say, at the crosshair and at the pointer."""
    _open(page, trunk)
    manifest = _manifest(page, trunk)
    volume = _image(page, manifest["volume"]["url"])
    page.get_by_role("searchbox", name="Search structures").fill("liver")
    page.get_by_role("button", name="Go to Liver").click()
    liver = _structure(manifest, "liver")
    expect(page.get_by_test_id("structures")).to_contain_text("Liver")
    assert _said_value(page) == _stored(volume, liver["position_ras_mm"])

    box = _box(page)
    page.mouse.move(box["x"] + box["width"] * 0.42, box["y"] + box["height"] * 0.47)
    crosshair = liver["position_ras_mm"]
    wait_for(lambda: _said_place(page) != pytest.approx(crosshair, abs=0.06))
    near = _said_place(page)
    around = {
        _stored(volume, [near[0] + x, near[1] + y, near[2]])
        for x in (-0.06, 0.0, 0.06)
        for y in (-0.06, 0.0, 0.06)
    }
    assert _said_value(page) in around


def test_a_number_leads_to_its_slice(page: Page, trunk: int) -> None:
    """A click on a measurement goes to its slice and shows its structure, twice if need be."""
    _open(page, trunk)
    manifest = _manifest(page, trunk)
    name, target = next(
        (name, target)
        for name, target in manifest["targets"]["measurements"].items()
        if "L3" in name and target["shown"][0]["structure"] == "skeletal_muscle"
    )
    jump = page.locator(f'[data-jump="{name}"]').first
    before = _drawn(page)
    jump.click()
    slider = page.get_by_role("slider", name="Slice")
    expect(slider).to_have_value(str(target["slice_index"] + 1))
    expect(page.get_by_role("checkbox", name="Skeletal muscle")).to_be_checked()
    _changed(page, before)
    _canvas(page).focus()
    page.keyboard.press("PageDown")
    expect(slider).not_to_have_value(str(target["slice_index"] + 1))
    jump.click()
    expect(slider).to_have_value(str(target["slice_index"] + 1))


def test_every_layout_draws(open_page: Callable[..., Page], trunk: int) -> None:
    """Planes, 3-D and all of them at once, by their keys; none looks like the one before."""
    page = open_page(viewport={"width": 1100, "height": 800})
    _open(page, trunk)
    before = _drawn(page)
    _canvas(page).focus()
    for key, name in (
        ("c", "Coronal"),
        ("s", "Sagittal"),
        ("v", "3-D"),
        ("q", "All planes"),
        ("a", "Axial"),
    ):
        page.keyboard.press(key)
        pressed = page.get_by_role("button", name=name, exact=True)
        expect(pressed).to_have_attribute("aria-pressed", "true")
        before = _changed(page, before)
        assert before.max() > 100, f"{name} is black"


def test_a_distance_is_measured_in_mm(page: Page, trunk: int) -> None:
    """A line drawn with the ruler stays until it is removed."""
    _open(page, trunk)
    coloured = _drawn(page)
    page.get_by_role("button", name="None", exact=True).click()
    _changed(page, coloured)
    page.get_by_role("button", name="Measure a distance").click()
    first = _still(page)
    box = _box(page)
    page.mouse.move(box["x"] + 150, box["y"] + 200)
    page.mouse.down()
    page.mouse.move(box["x"] + 350, box["y"] + 240, steps=4)
    page.mouse.up()
    remove = page.get_by_role("button", name="Remove the distances")
    expect(remove).to_be_visible()
    measured = _changed(page, first)
    remove.click()
    expect(remove).to_have_count(0)
    _changed(page, measured)


def test_the_head_opens_at_its_bleed(page: Page, head: int) -> None:
    """Nobody has to look for what is urgent: window, slice and mask are there without a click."""
    _open(page, head)
    expect(_window(page)).to_have_text("L 40 W 80")
    (target,) = _manifest(page, head)["targets"]["findings"].values()
    slider = page.get_by_role("slider", name="Slice")
    assert abs(target["slice_index"] + 1 - int(str(slider.get_attribute("max"))) / 2) > 5
    expect(slider).to_have_value(str(target["slice_index"] + 1))
    expect(page.get_by_test_id("structures")).to_contain_text(
        re.compile("h(a)?emorrhage", re.IGNORECASE)
    )
    expect(page.get_by_role("checkbox", name="Findings")).to_be_checked()
    expect(page.get_by_role("checkbox", name="Brain", exact=True)).not_to_be_checked()
    opened = page.locator("[data-finding]").filter(has_text="The images opened here")
    expect(opened).to_have_count(1)
    bleed = _still(page)
    assert _coloured(bleed) > 500
    _canvas(page).focus()
    page.keyboard.press("m")
    assert _coloured(_changed(page, bleed)) < _coloured(bleed) / 4

    page.locator('[data-jump="subcutaneous_fat_scanned_vol_cm3"]').first.click()
    expect(opened).to_have_count(0)
    page.get_by_role("button", name="Show in the viewer").click()
    expect(slider).to_have_value(str(target["slice_index"] + 1))


def test_the_volume_takes_the_place_of_its_preview(page: Page, trunk: int) -> None:
    """Until it has arrived, values are the preview's and say so; place and slice stay."""
    manifest = _manifest(page, trunk)
    volume = _image(page, manifest["volume"]["url"])
    preview = _coarser(volume)
    held: list[Route] = []
    address = f"/api/v1/studies/{trunk}/viewer"

    def hold(route: Route) -> None:
        held.append(route)

    told = manifest | {
        "preview": manifest["volume"] | {"url": f"{address}/x.nii", "plain_bytes": len(preview)}
    }
    page.route(re.compile(rf"{address}$"), lambda route: route.fulfill(json=told))
    page.route(re.compile(rf"{address}/x\.nii"), lambda route: route.fulfill(body=preview))
    page.route(re.compile(re.escape(manifest["volume"]["url"])), hold)
    page.goto(f"/studies/{trunk}")
    footer = page.get_by_text("preview", exact=True)
    expect(page.get_by_test_id("value")).to_be_visible(timeout=_LOADED_MS)
    expect(footer).to_be_visible()
    expect(page.locator('[data-stage="volume"]')).to_be_visible(timeout=_LOADED_MS)
    coarse = _still(page)
    wait_for(lambda: _picture(page).size > 0 and len(held) > 0)  # both let events come
    place = _said_place(page)
    held[0].continue_()
    expect(footer).to_have_count(0, timeout=_LOADED_MS)
    assert _said_place(page) == place
    assert _said_value(page) == _stored(volume, place)
    _changed(page, coarse)


def test_two_fingers_enlarge(open_page: Callable[..., Page], head: int) -> None:
    """What is between them grows and stays there; a reset brings everything back."""
    page = open_page(has_touch=True)
    _open(page, head)
    before = _still(page)
    box = _box(page)
    middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    fingers = page.context.new_cdp_session(page)

    def touch(kind: str, *apart: float) -> None:
        points = [
            {"x": middle[0] + side * distance, "y": middle[1], "id": number}
            for distance in apart
            for number, side in enumerate((-1, 1))
        ]
        fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    touch("touchStart", 60)
    for apart in (70, 80, 90, 100, 110, 120):
        touch("touchMove", apart)
    touch("touchEnd")
    near = _changed(page, before)
    assert _coloured(near) > 2 * _coloured(before), "twice as long is four times the area"
    _canvas(page).focus()
    page.keyboard.press("r")
    _changed(page, near)


def test_the_whole_screen(page: Page, head: int) -> None:
    """The viewer fills it, with its tools, and leaves it again."""
    _open(page, head)
    viewer = page.get_by_role("group", name="Viewer")
    page.get_by_role("button", name="Full screen").click()
    page.wait_for_function("() => document.fullscreenElement !== null")
    box = viewer.bounding_box()
    room = page.evaluate("[innerWidth, innerHeight]")
    assert box
    assert [box["width"], box["height"]] == pytest.approx(room, abs=1)
    assert _still(page).max() > 100
    page.get_by_role("button", name=re.compile("^Window: level")).click()
    preset = page.get_by_role("button", name=re.compile("^Bone(?! density)"))
    expect(preset).to_be_visible()  # not hidden behind
    page.keyboard.press("Escape")
    _canvas(page).focus()
    page.keyboard.press("f")
    page.wait_for_function("() => document.fullscreenElement === null")


def test_a_picture_is_saved_under_the_study_number(page: Page, trunk: int) -> None:
    """Nothing of the patient is in its name; below the images stands what must be said."""
    _open(page, trunk)
    box = _box(page)
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save as a picture").click()
    assert re.fullmatch(rf"study-{trunk}-axial-\d+\.png", saved.value.suggested_filename)
    with Image.open(saved.value.path()) as picture:
        assert picture.height > box["height"], "room for the notices"
        below = np.asarray(picture.convert("RGB"))[int(box["height"]) :].astype(int)
    amber = (below[..., 0] > 200) & (below[..., 2] < 120)
    assert amber.sum() > 50, "the notice is burnt in"


def test_dropped_files_are_not_opened(page: Page, trunk: int) -> None:
    """The images stay the study's, whatever is dropped on them."""
    _open(page, trunk)
    before = _still(page)
    _canvas(page).evaluate(
        """canvas => {
            const files = new DataTransfer();
            files.items.add(new File(["no image"], "other.nii"));
            canvas.dispatchEvent(
                new DragEvent("drop", { dataTransfer: files, bubbles: true, cancelable: true }));
        }"""
    )
    assert np.array_equal(before, _still(page))


def test_without_webgl_it_says_what_to_do(open_page: Callable[..., Page], trunk: int) -> None:
    """Numbers stay readable where images cannot be drawn."""
    page = open_page()
    page.add_init_script("HTMLCanvasElement.prototype.getContext = () => null")
    page.goto(f"/studies/{trunk}")
    expect(page.get_by_text("The viewer needs WebGL 2")).to_be_visible()


def _open(page: Page, study: int) -> None:
    page.goto(f"/studies/{study}")
    expect(page.get_by_test_id("value")).to_be_visible(timeout=_LOADED_MS)
    expect(page.locator("[data-stage]")).to_have_count(0, timeout=_LOADED_MS)


def _canvas(page: Page) -> Any:  # noqa: ANN401 - Playwright's own types are as loose
    return page.locator("canvas")


def _box(page: Page) -> FloatRect:
    box: FloatRect | None = _canvas(page).bounding_box()
    assert box
    return box


def _window(page: Page) -> Any:  # noqa: ANN401
    return page.get_by_role("button", name=re.compile("^Window: level"))


def _text(locator: Any) -> str:  # noqa: ANN401
    return str(locator.text_content())


def _picture(page: Page) -> Picture:
    shot = page.screenshot(clip=_box(page), timeout=_LOADED_MS)
    with Image.open(io.BytesIO(shot)) as picture:
        return np.asarray(picture.convert("RGB")).astype(np.int16)


def _drawn(page: Page) -> Picture:
    wait_for(lambda: _picture(page).max() > 100)
    return _picture(page)


def _still(page: Page) -> Picture:
    """The picture when nothing blinks any more."""
    page.wait_for_function("() => !document.querySelector('[data-flashing]')")
    seen = [_drawn(page)]

    def stays() -> bool:
        seen.append(_picture(page))
        return np.array_equal(seen[-2], seen[-1])

    wait_for(stays)
    return seen[-1]


def _changed(page: Page, before: Picture) -> Picture:
    """The picture, as soon as it is another one."""

    def differs() -> bool:
        now = _picture(page)
        assert now.shape == before.shape, "the images keep their place"
        difference = np.abs(now - before).max(axis=2)
        return bool((difference > _SEEN).mean() > 1e-3)

    wait_for(differs)
    return _picture(page)


def _coloured(picture: Picture) -> int:
    """Pixels that are not grey, and not of the crosshair's blue."""
    red, green, blue = picture[..., 0], picture[..., 1], picture[..., 2]
    return int(((np.abs(red - green) > 12) & (red > blue)).sum())


def _manifest(page: Page, study: int) -> dict[str, Any]:
    return dict(page.request.get(f"/api/v1/studies/{study}/viewer").json())


def _image(page: Page, url: str) -> nib.Nifti1Image:
    return nib.Nifti1Image.from_bytes(page.request.get(url).body())


def _coarser(image: nib.Nifti1Image) -> bytes:
    """The same field of view on every other voxel, as a file."""
    voxels = np.asarray(image.dataobj)[::2, ::2, ::2]
    scale = [doubled / size for doubled, size in zip(image.shape, voxels.shape, strict=True)]
    affine = image.affine @ np.diag([*scale, 1.0])
    affine[:3, 3] = image.affine[:3] @ [*((one - 1) / 2 for one in scale), 1.0]
    return bytes(nib.Nifti1Image(voxels.astype(np.int16), affine).to_bytes())


def _structure(manifest: dict[str, Any], name: str) -> dict[str, Any]:
    structures = (one for labels in manifest["labels"] for one in labels["structures"])
    return next(one for one in structures if one["structure"] == name)


def _stored(image: nib.Nifti1Image, position: list[float]) -> int:
    index = np.linalg.inv(image.affine) @ [*position, 1.0]
    i, j, k = np.rint(index[:3]).astype(int)
    return round(float(image.dataobj[i, j, k]))


def _said_value(page: Page) -> int:
    text = _text(page.get_by_test_id("value"))
    return int(text.removesuffix(" HU").replace(",", ""))


def _said_place(page: Page) -> list[float]:
    found = re.findall(r"([RLAPSI]) ([\d,.]+)", _text(page.get_by_test_id("position")))
    return [(-1 if side in "LPI" else 1) * float(mm.replace(",", "")) for side, mm in found]
