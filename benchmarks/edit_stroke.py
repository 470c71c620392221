"""How soon a stroke of the brush is seen: a large CT, Chromium drawing on the processor.

::

    python benchmarks/edit_stroke.py [--repeat 40]

The synthetic trunk, measured, then brought to 512×512×600 voxels, as in ``dashboard.py``. A hand
goes down on the liver and moves; each time is one movement, from the event to the frame that shows
it, and so has everything in it: voxels, the part of the texture that changed, the slice drawn anew.
Where no graphics card is, the processor draws, and so these figures are the worst there are.
"""

from __future__ import annotations

import argparse
import statistics
from typing import TYPE_CHECKING

from dashboard import enlarge, measured_trunk, new_reader

from heimdallr.imaging.volume import load_label_map, load_volume
from heimdallr.publishing.label_maps import describe, describe_map
from heimdallr.publishing.publish import VOLUME_NAME
from heimdallr.publishing.schema import LABELS_FILE, LABELS_FOLDER, read_labels

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from playwright.sync_api import Page

BAR_MS = 50
_PATIENCE_MS = 240_000

# In the page: movements one by one, each from the event to the end of the frame it is seen in.
_MOVEMENTS = """async ({repeat, x, y}) => {
    const canvas = document.querySelector("canvas");
    const box = canvas.getBoundingClientRect();
    const send = (kind, at) => canvas.dispatchEvent(new PointerEvent(kind, {
        bubbles: true, pointerId: 1, pointerType: "mouse", button: 0,
        clientX: box.left + x + at, clientY: box.top + y + at / 3,
    }));
    canvas.setPointerCapture = () => undefined; // there is no real pointer
    const gl = canvas.getContext("webgl2");
    // What was asked for is drawn in the frame's own callbacks; then the pixels are waited for.
    const shown = () => new Promise((done) => requestAnimationFrame(() => setTimeout(() => {
        gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, new Uint8Array(4));
        done();
    })));
    const measured = async (act) => {
        const times = [];
        for (let n = 1; n <= repeat; n++) {
            const start = performance.now();
            act(n);
            await shown();
            times.push(performance.now() - start);
        }
        return times;
    };
    const idle = await measured(() => undefined);
    send("pointerdown", 0);
    await shown();
    const moved = await measured((n) => send("pointermove", 2 * n));
    send("pointerup", 2 * repeat);
    return [moved, idle];
}"""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeat", type=int, default=40)
    options = parser.parse_args()
    with (
        measured_trunk(enlarge_all) as (system, chromium, number),
        new_reader(chromium, system) as page,
    ):
        page.goto(f"/studies/{number}", wait_until="commit")
        for plane, key in (("axial", "a"), ("coronal", "c"), ("sagittal", "s")):
            for ball in (False, True):
                line(plane, *strokes(page, key, options.repeat, ball=ball), ball=ball)


def enlarge_all(case: Path) -> None:
    """Bring a case to the shape of a large CT, its label maps and what is told of them too."""
    before = read_labels(case)
    enlarge(case)
    maps = []
    for one in before.maps:
        names = {structure.label: structure.structure for structure in one.structures}
        found = load_label_map(case / LABELS_FOLDER / f"{one.name}.nii.gz", names)
        maps.append(describe_map(one.name, one.task, found))
    told = describe(load_volume(case / VOLUME_NAME), maps)
    (case / LABELS_FOLDER / LABELS_FILE).write_text(told.model_dump_json())


def strokes(page: Page, key: str, repeat: int, *, ball: bool) -> tuple[list[float], list[float]]:
    """Milliseconds of each movement of a stroke over the liver, and of frames without one."""
    page.wait_for_selector("[data-testid=value]", timeout=_PATIENCE_MS)
    page.wait_for_selector("[data-stage]", state="detached", timeout=_PATIENCE_MS)
    if page.get_by_role("toolbar", name="Edit the structures").count() == 0:
        page.get_by_role("searchbox", name="Search structures").fill("liver")
        page.get_by_role("button", name="Go to Liver").click()
        page.get_by_role("button", name="More about Liver").click()
        page.get_by_role("menuitem", name="Edit this").click()
        page.keyboard.press("e")
    page.locator("canvas").focus()
    page.keyboard.press(key)
    shape = page.get_by_role("button", name="Brush is a ball")
    if (shape.count() > 0) != ball:
        page.keyboard.press("j")
    page.wait_for_timeout(2000)
    spot = page.locator("svg circle[cx]").first
    at = {axis: float(str(spot.get_attribute(f"c{axis}"))) for axis in ("x", "y")}
    moved, idle = page.evaluate(_MOVEMENTS, {"repeat": repeat, **at})
    page.keyboard.press("Control+z")
    return moved, idle


def line(plane: str, times: Sequence[float], idle: Sequence[float], *, ball: bool) -> None:
    """Print a line."""
    ordered = sorted(times)
    late = ordered[int(0.95 * (len(ordered) - 1))]
    what = f"stroke, {plane}, {'ball' if ball else 'disc'} of 10 mm"
    middle = statistics.median(times)
    rest = f"an idle frame {statistics.median(idle):.1f} ms; aim < {BAR_MS}"
    print(f"{what:36} median {middle:5.1f} ms, 95 % {late:5.1f} ms; {rest}", flush=True)


if __name__ == "__main__":
    main()
