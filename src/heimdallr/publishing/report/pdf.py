"""The report of one page as PDF/A-2b, tagged for readers who listen (PDF/UA-1).

Set by typst (https://typst.app). The texts go to it as data beside the template, never as markup,
so that a name such as ``#panic`` is printed as it stands. The same case gives the same bytes: the
document's date is that of its results.

A page with three pictures takes 0.2 s.
"""

from __future__ import annotations

import json
import re
from contextlib import suppress
from dataclasses import asdict
from datetime import timezone
from importlib import resources
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import fontpkg_source_sans_3
import typst
from PIL import Image

from heimdallr.domain.errors import PublishingError
from heimdallr.files import whole_file
from heimdallr.publishing.report.content import read_content

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from heimdallr.domain.statements import Language
    from heimdallr.domain.verification import Verification
    from heimdallr.publishing.dicom.kinds import EarlierValue
    from heimdallr.publishing.report.content import Content, Picture

FONTS = ("Source Sans 3", "Libertinus Serif")
"""The first lies in a package of its own, the second in typst, which has Hebrew."""
STANDARDS: list[typst.PDFStandard] = ["a-2b", "ua-1"]

PICTURE_PIXELS = (1240, 880)
"""Room for a picture. Chosen: 300 to the inch on half a page; half of it shows on paper, twice of
it doubles the file."""

Json = Any
"""What JSON can hold."""

UNSHOWN = "\N{REPLACEMENT CHARACTER}"
_ALWAYS_SHOWN_BELOW = 0x180
"""Latin letters of Western and Central Europe: all fonts have them."""
_SIGNS = "–—·↓↑≥≤…±−\N{NO-BREAK SPACE}\N{RIGHT SINGLE QUOTATION MARK}"
"""What our own words have beyond them."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]+")
_WORDS = (
    "findings",
    "measurements",
    "measurement",
    "value",
    "reference",
    "earlier",
    "no_reference",
    "signed_by",
    "signed_on",
    "disclaimer",
)


def write_pdf(
    case_folder: Path,
    path: Path,
    language: Language,
    earlier: Iterable[EarlierValue] = (),
    verification: Verification | None = None,
) -> None:
    """Write the report of a case (:func:`read_content`); the file appears whole.

    Raises:
        OSError: the folder cannot be read, or the file not written.
        ValueError: the folder is damaged; the text quotes its files.
        PublishingError: the page could not be set.
    """
    content = pdf_bytes(read_content(case_folder, language, earlier, verification))
    with whole_file(path) as file:
        file.write(content)


def pdf_bytes(content: Content) -> bytes:
    """The report as a PDF.

    A letter that our fonts lack is taken from the machine's; where those lack it as well,
    :data:`UNSHOWN` stands for it. PDF/A forbids an empty box.

    Raises:
        PublishingError: it could not be set.
    """
    with TemporaryDirectory() as name:
        folder = Path(name)
        template = resources.files("heimdallr.publishing.report") / "sheet.typ"
        (folder / "sheet.typ").write_bytes(template.read_bytes())
        said = _texts(_data(content, folder), _without_controls)
        for data, own_fonts in ((said, True), (said, False), (_texts(said, _shown), True)):
            (folder / "report.json").write_text(json.dumps(data), "utf-8")
            with suppress(typst.TypstError):  # it quotes the text that it could not show
                return _compiled(folder, content, own_fonts=own_fonts)
    msg = "the report could not be set"
    raise PublishingError(msg, remedy="report this as a fault of the program")


def _compiled(folder: Path, content: Content, *, own_fonts: bool) -> bytes:
    fonts = Path(fontpkg_source_sans_3.__file__).parent / "files"
    return typst.compile(
        folder / "sheet.typ",
        root=folder,
        font_paths=[fonts],
        ignore_system_fonts=own_fonts,
        format="pdf",
        pdf_standards=STANDARDS,
        timestamp=int(content.created_at.timestamp()),
    )


def _data(content: Content, folder: Path) -> dict[str, Json]:
    """What the template reads; the pictures are laid beside it."""
    instant = content.created_at.astimezone(timezone.utc)
    parts = ("year", "month", "day", "hour", "minute", "second")
    return {
        "title": content.word("heading"),
        "language": content.language,
        "fonts": FONTS,
        "words": {key: content.word(key) for key in _WORDS},
        "institution": content.institution,
        "notices": content.notices,
        "facts": [asdict(one) for one in content.facts],
        "findings": [asdict(one) for one in content.findings],
        "silence": content.silence,
        "rows": [asdict(one) for one in content.rows],
        "remarks": content.remarks,
        "pictures": [_picture(one, folder) for one in content.pictures],
        "made_with": content.made_with,
        "measured_at": content.measured_at,
        "verified": content.verified,
        "created_at": {part: getattr(instant, part) for part in parts},
    }


def _picture(picture: Picture, folder: Path) -> dict[str, str | float]:
    """Put a picture beside the template, no larger than paper shows it.

    Raises:
        PublishingError: it cannot be read.
    """
    try:
        with Image.open(picture.file) as image:
            image.thumbnail(PICTURE_PIXELS, Image.Resampling.LANCZOS)
            image.save(folder / picture.file.name, compress_level=1)  # typst compresses it again
            aspect = image.width / image.height
    except (OSError, SyntaxError, ValueError) as error:  # what Pillow raises for damaged files
        msg = "a picture of the case is damaged"
        raise PublishingError(msg, remedy="process the study again") from error
    return {"file": picture.file.name, "caption": picture.caption, "aspect": aspect}


def _texts(data: Json, change: Callable[[str], str]) -> Json:
    """The same data with every text in it changed."""
    if isinstance(data, str):
        return change(data)
    if isinstance(data, list | tuple):
        return [_texts(one, change) for one in data]
    if isinstance(data, dict):
        return {key: _texts(one, change) for key, one in data.items()}
    return data


def _without_controls(text: str) -> str:
    return _CONTROL.sub(" ", text)


def _shown(text: str) -> str:
    return "".join(
        one if ord(one) < _ALWAYS_SHOWN_BELOW or one in _SIGNS else UNSHOWN for one in text
    )
