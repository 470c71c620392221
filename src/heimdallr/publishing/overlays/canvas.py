"""The sheet a picture is laid out on: typography, letters, scale bar, legend, notice.

Text is set in Source Sans 3, which comes as a package, so that a picture looks the same on every
machine.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import fontpkg_source_sans_3
from PIL import Image, ImageDraw, ImageFont

from heimdallr.files import whole_file

if TYPE_CHECKING:
    from collections.abc import Sequence

    from heimdallr.publishing.overlays.picture import Picture
    from heimdallr.publishing.palette import RGB

Anchor = Literal["left", "middle", "right"]
Box = tuple[int, int, int, int]
ANCHORS: dict[Anchor, str] = {"left": "ls", "middle": "ms", "right": "rs"}
"""Points of the baseline, as Pillow calls them."""

BACKGROUND: RGB = (11, 13, 17)
PANEL: RGB = (0, 0, 0)
INK: RGB = (236, 239, 243)
MUTED: RGB = (150, 158, 170)
FAINT: RGB = (52, 58, 68)
NOTICE: RGB = (255, 179, 64)
LETTER: RGB = (255, 214, 122)

LEGEND_LINE, LEGEND_SIZE, SMALLEST_SIZE = 37, 21, 15
NOTICE_SIZE = 23
SCALE_BARS_CM = (1, 2, 5, 10, 20)


_FONT_FILE = Path(fontpkg_source_sans_3.__file__).parent / "files" / "SourceSans3[wght].ttf"
_PNG_LEVEL = 4
"""Packed in half the time of the usual 6, and 6 % larger."""
_ENLARGED = 1.08
"""Source Sans draws small letters smaller than most fonts of its size. Chosen by eye."""


@lru_cache(maxsize=32)
def _font(size: int) -> ImageFont.FreeTypeFont:
    font = ImageFont.truetype(_FONT_FILE, size * _ENLARGED)
    font.set_variation_by_axes([400])
    return font


class Canvas:
    """A dark sheet to lay pictures and text on."""

    def __init__(self, width: int, height: int) -> None:
        self.image = Image.new("RGB", (width, height), BACKGROUND)
        self._draw = ImageDraw.Draw(self.image)

    @classmethod
    def opened(cls, path: Path) -> Canvas:
        """A sheet that was saved.

        Raises:
            OSError: it cannot be read, or is no picture.
        """
        with Image.open(path) as saved:
            canvas = cls(*saved.size)
            canvas.image.paste(saved)
        return canvas

    def clear(self, box: Box) -> None:
        """Make a part of the sheet empty again."""
        self._draw.rectangle(box, fill=BACKGROUND)

    @property
    def width(self) -> int:
        """Pixels in a row."""
        return self.image.width

    @property
    def height(self) -> int:
        """Rows."""
        return self.image.height

    def text(
        self,
        position: tuple[float, float],
        text: str,
        size: int,
        colour: RGB = INK,
        *,
        anchor: Anchor = "left",
        halo: bool = False,
    ) -> int:
        """Set one line of text; returns its width.

        Args:
            position: left, middle or right end (see ``anchor``) of the baseline.
            text: what is said.
            size: of the font in pixels.
            colour: of the letters.
            anchor: which point of the line ``position`` gives.
            halo: put a dark rim around the letters, for text over an image.
        """
        rim = max(2, size // 10) if halo else 0
        self._draw.text(
            position,
            text,
            colour,
            _font(size),
            anchor=ANCHORS[anchor],
            stroke_width=rim,
            stroke_fill=PANEL,
        )
        return round(text_width(text, size))

    def picture(self, picture: Picture, frame: Box) -> Box:
        """Put a picture in the middle of a frame with its letters and scale bar.

        Returns:
            The box the picture takes.
        """
        left, top, right, bottom = frame
        self._draw.rectangle((left, top, right - 1, bottom - 1), fill=PANEL)
        x = left + (right - left - picture.width) // 2
        y = top + (bottom - top - picture.height) // 2
        self.image.paste(picture.to_image(), (x, y))
        self._letters(picture, frame)
        self._scale_bar(picture, frame)
        return x, y, x + picture.width, y + picture.height

    def legend(
        self, position: tuple[int, int], entries: Sequence[tuple[RGB, str, str]], width: int
    ) -> int:
        """List colours with names and values; returns the y below the last line."""
        x, y = position
        for colour, name, value in entries:
            self._draw.rounded_rectangle((x, y - 15, x + 15, y), 4, fill=colour)
            size, room = LEGEND_SIZE, width - 28 - 14 - text_width(value, LEGEND_SIZE)
            while size > SMALLEST_SIZE and text_width(name, size) > room:
                size -= 1
            self.text((x + 28, y), name, size)
            measured = any(character.isdigit() for character in value)
            self.text(
                (x + width, y), value, LEGEND_SIZE, INK if measured else MUTED, anchor="right"
            )
            y += LEGEND_LINE
        return y

    def rule(self, x0: int, x1: int, y: int) -> None:
        """A hairline."""
        self._draw.line((x0, y, x1, y), fill=FAINT, width=1)

    def line(self, points: Sequence[tuple[float, float]], colour: RGB, width: int = 2) -> None:
        """A straight line through points."""
        self._draw.line(points, fill=colour, width=width)

    def ring(self, centre: tuple[float, float], radius: float, colour: RGB, width: int = 2) -> None:
        """A circle around a place."""
        x, y = centre
        box = (x - radius, y - radius, x + radius, y + radius)
        self._draw.ellipse(box, outline=colour, width=width)

    def notice(self, text: str) -> None:
        """A ribbon over the whole foot of the sheet that nobody overlooks."""
        top = self.height - 40
        self._draw.rectangle((0, top, self.width, self.height), fill=NOTICE)
        self.text((self.width / 2, top + 28), text, NOTICE_SIZE, (24, 18, 6), anchor="middle")

    def save(self, path: Path) -> None:
        """Write the sheet as PNG, whole or not at all."""
        with whole_file(path) as file:
            self.image.save(file, format="PNG", compress_level=_PNG_LEVEL)

    def _letters(self, picture: Picture, frame: Box) -> None:
        left, top, right, bottom = frame
        middle_x, middle_y = (left + right) / 2, (top + bottom) / 2 + 9
        letters = picture.plane.letters
        places: dict[str, tuple[tuple[float, float], Anchor]] = {
            letters["left"]: ((left + 14, middle_y), "left"),
            letters["right"]: ((right - 14, middle_y), "right"),
            letters["top"]: ((middle_x, top + 32), "middle"),
            letters["bottom"]: ((middle_x, bottom - 14), "middle"),
        }
        for letter, (place, anchor) in places.items():
            self.text(place, letter, 27, LETTER, anchor=anchor, halo=True)

    def _scale_bar(self, picture: Picture, frame: Box) -> None:
        limit = (frame[2] - frame[0]) * 0.32
        fitting = [cm for cm in SCALE_BARS_CM if cm * 10 * picture.pixels_per_mm <= limit]
        length_cm = fitting[-1] if fitting else SCALE_BARS_CM[0]
        length = length_cm * 10 * picture.pixels_per_mm
        right, y = frame[2] - 22, frame[3] - 24
        for grow, colour in ((1, PANEL), (0, INK)):
            self._draw.rectangle(
                (right - length - grow, y - grow, right + grow, y + 3 + grow), fill=colour
            )
            for x in (right - length, right - 2):
                self._draw.rectangle(
                    (x - grow, y - 6 - grow, x + 2 + grow, y + 3 + grow), fill=colour
                )
        self.text((right - length / 2, y - 12), f"{length_cm} cm", 19, anchor="middle", halo=True)


def legend_height(entries: int) -> int:
    """Pixels that a legend of so many lines takes."""
    return entries * LEGEND_LINE


@lru_cache(maxsize=4096)
def text_width(text: str, size: int) -> float:
    """Pixels a line of text takes."""
    return _font(size).getlength(text)
