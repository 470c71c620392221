"""A row of slices of a case with everything outlined, for ``docs/bundled-weights.md``.

    python tools/train/panels.py CASE_FOLDER PICTURE.jpg

From the left: the coronal and the sagittal slice through the most vertebrae (of a head: through
the most brain), the axial slice with the most liver (brain), and muscle and fat at L3 where it was
segmented. Vertebrae take turns in colour and carry their names.
"""

from __future__ import annotations

import argparse
import json
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw

from heimdallr.imaging.volume import load_label_map, load_volume
from heimdallr.publishing.overlays.picture import BRAIN, SOFT_TISSUE, Picture
from heimdallr.publishing.overlays.plane import sample_image, sample_labels, slice_plane
from heimdallr.publishing.palette import colour

if TYPE_CHECKING:
    from heimdallr.imaging.volume import LabelMap, Volume
    from heimdallr.publishing.overlays.picture import Window
    from heimdallr.publishing.overlays.plane import View

_HEIGHT, _WIDEST = 420, 640
_TURNS = ((96, 190, 232), (244, 166, 74), (132, 204, 112))
_FILL, _LINE = 0.3, 1.2


def draw(case: Path) -> Image.Image:
    """The row of slices of a published case."""
    volume = load_volume(case / "volume.nii.gz")
    maps = {}
    for one in json.loads((case / "labels" / "labels.json").read_text())["maps"]:
        names = {found["label"]: found["structure"] for found in one["structures"]}
        maps[one["name"]] = load_label_map(case / "labels" / f"{one['name']}.nii.gz", names)
    total = next(found for name, found in maps.items() if name.startswith("total"))
    is_head = not any(name.startswith("vertebrae_L") for name in total.names.values())
    window = BRAIN if is_head else SOFT_TISSUE
    column, organ = ("brain", "brain") if is_head else ("vertebrae_", "liver")
    pictures = [
        _picture(volume, total, "coronal", _fullest(total, column, 1), window),
        _picture(volume, total, "sagittal", _fullest(total, column, 0), window),
        _picture(volume, total, "axial", _fullest(total, organ, 2), window),
    ]
    if "tissue_types" in maps and not is_head:
        level = _fullest(total, "vertebrae_L3", 2)
        pictures.append(_picture(volume, maps["tissue_types"], "axial", level, window))
    row = Image.new("RGB", (sum(one.width for one in pictures), _HEIGHT))
    left = 0
    for one in pictures:
        row.paste(one, (left, (_HEIGHT - one.height) // 2))
        left += one.width
    return row


def _fullest(labels: LabelMap, prefix: str, axis: int) -> int:
    """The slice along an axis with the most of the structures whose names begin with the prefix."""
    numbers = [n for n, name in labels.names.items() if name.startswith(prefix)]
    others = tuple(one for one in range(3) if one != axis)
    return int(np.isin(labels.data, numbers).sum(axis=others).argmax())


def _picture(
    volume: Volume, labels: LabelMap, view: View, index: int, window: Window
) -> Image.Image:
    plane = slice_plane(volume, view, index)
    grey = window.grey(sample_image(volume, plane, outside=-1000.0))
    picture = Picture(grey, plane, (_WIDEST, _HEIGHT))
    there = sample_labels(labels, plane)
    turns = cycle(_TURNS)
    words = []
    for number, name in labels.names.items():
        mask = there == number
        if not mask.any():
            continue
        is_level = name.startswith("vertebrae_")
        paint = next(turns) if is_level else colour(name)
        picture.paint(mask, paint, fill=_FILL, line=_LINE)
        if is_level:
            rows, columns = np.nonzero(mask)
            x = (columns.min() - 0.5) * picture.width / plane.width
            y = np.median(rows) * picture.height / plane.height
            words.append(((x, y), name.split("_")[1], paint))
    image = picture.to_image()
    pen = ImageDraw.Draw(image)
    for place, word, paint in words:
        pen.text(place, word, fill=paint, anchor="rm", stroke_width=1, stroke_fill=(0, 0, 0))
    return image


def main() -> None:
    """Draw one case."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("case", type=Path)
    parser.add_argument("picture", type=Path)
    arguments = parser.parse_args()
    draw(arguments.case).save(arguments.picture, quality=85)


if __name__ == "__main__":
    main()
