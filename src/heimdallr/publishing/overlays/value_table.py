"""All values of a case as sheets, for an archive that shows neither segmentations nor reports.

The same dark sheets as the other pictures. First what every reader has to be told, findings and the
key values with limit and earlier value; then every other value, or why there is none. Nothing names
the patient.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from heimdallr.domain.terms import capitalised, report_word
from heimdallr.publishing.overlays.canvas import INK, MUTED, NOTICE
from heimdallr.publishing.overlays.sheet import FOOTER, HEADER, MARGIN, new_sheet, wrapped
from heimdallr.publishing.report.content import findings_text, key_rows
from heimdallr.publishing.report.evidence import evidence_of
from heimdallr.publishing.report.rows import latest, notices_text
from heimdallr.publishing.report.table_rows import other_sections

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from heimdallr.domain.statements import Language
    from heimdallr.publishing.dicom.kinds import EarlierValue
    from heimdallr.publishing.overlays.canvas import Canvas
    from heimdallr.publishing.palette import RGB
    from heimdallr.publishing.report.rows import Row
    from heimdallr.publishing.report.table_rows import Section
    from heimdallr.publishing.schema import Identity, Results

SIZE = (1640, 1120)
TOP, BOTTOM = HEADER + 30, SIZE[1] - FOOTER - 24
WIDTH = SIZE[0] - 2 * MARGIN
GUTTER = 48
HALF = (WIDTH - GUTTER) // 2
NAME = 320
"""Width of a name in one of two columns."""
TEXT, SMALL, TITLE = 20, 17, 24
LINE, SMALL_LINE = 30, 24
COLUMNS = (0, 600, 900, 1280)
"""Where name, value, limit and earlier value of a key row begin."""
SEVERITIES: dict[str, RGB] = {"critical": (255, 92, 92), "significant": NOTICE, "note": MUTED}


@dataclass(frozen=True, slots=True)
class _Block:
    """Something that is not torn apart: its height, and how it is drawn at a place."""

    height: int
    draw: Callable[[Canvas, int, int], None]


def value_table(
    results: Results,
    identity: Identity,
    language: Language,
    earlier: Iterable[EarlierValue] = (),
) -> list[Canvas]:
    """The sheets, as many as it takes."""
    before = tuple(earlier)
    rows, remarks = key_rows(results, identity, before, language)
    told = {one.key for one in rows}
    others = other_sections(results.measurements, told, latest(before), language)
    pages = [
        *_pages([*_notices(results, language), *_findings(results, language),
                 *_key(rows, remarks, language)], 1),
        *_pages([block for section in others for block in _section(section)], 2),
    ]  # fmt: skip
    return [_sheet(results, identity, page, (n, len(pages)), language) for n, page in
            enumerate(pages, start=1)]  # fmt: skip


def _sheet(
    results: Results,
    identity: Identity,
    page: Sequence[tuple[int, int, _Block]],
    place: tuple[int, int],
    language: Language,
) -> Canvas:
    number, count = place
    series = identity.selected_series.number
    page_of, of_pages = report_word("page", language).lower(), report_word("of_pages", language)
    facts = [
        results.modality,
        *([f"{report_word('series', language).lower()} {series}"] if series else []),
        f"{page_of} {number} {of_pages} {count}",
        report_word("not_for_clinical_use", language),
    ]
    # All notices stand on the first sheet; on every one, the first of them.
    notices = notices_text(results, language)[:1]
    canvas = new_sheet(SIZE, report_word("table_heading", language), facts, notices)
    for x, y, block in page:
        block.draw(canvas, x, y)
    return canvas


def _pages(blocks: Sequence[_Block], columns: int) -> list[list[tuple[int, int, _Block]]]:
    """Blocks laid into columns from top to bottom, page after page."""
    pages: list[list[tuple[int, int, _Block]]] = []
    column, y = columns, TOP
    for block in blocks:
        if column == columns or y + block.height > BOTTOM:
            column, y = column + 1, TOP
            if column >= columns:
                pages.append([])
                column = 0
        pages[-1].append((MARGIN + column * (HALF + GUTTER), y, block))
        y += block.height
    return pages


def _heading(title: str) -> _Block:
    return _Block(46, lambda canvas, x, y: _drop(canvas.text((x, y + 32), title, TITLE)))


def _drop(_width: int) -> None:
    """The width of a text is of no use here."""


def _paragraph(text: str, width: int, size: int = TEXT, colour: RGB = INK) -> _Block:
    step = LINE if size == TEXT else SMALL_LINE
    lines = wrapped(text, size, width)

    def draw(canvas: Canvas, x: int, y: int) -> None:
        for n, line in enumerate(lines, start=1):
            canvas.text((x, y + n * step - 8), line, size, colour)

    return _Block(len(lines) * step, draw)


def _notices(results: Results, language: Language) -> Iterator[_Block]:
    told = notices_text(results, language)
    if told:
        yield _heading(report_word("notices", language))
        for one in told:
            yield _paragraph(capitalised(one), WIDTH, colour=NOTICE)


def _findings(results: Results, language: Language) -> Iterator[_Block]:
    yield _heading(report_word("findings", language))
    if not results.findings:
        yield _paragraph(report_word("no_findings", language), WIDTH)
    for one, line in zip(results.findings, findings_text(results, language), strict=True):
        title = f"{line.title}  ·  {line.severity_word.upper()}"
        yield _paragraph(title, WIDTH, colour=SEVERITIES[line.severity])
        evidence = "  ·  ".join(evidence_of(one.evidence, language))
        for text in (evidence, line.source, *line.caveats):
            if text:
                yield _paragraph(text, WIDTH, SMALL, MUTED)


def _key(rows: Sequence[Row], remarks: Sequence[str], language: Language) -> Iterator[_Block]:
    yield _heading(report_word("measurements", language))
    titles = ("measurement", "value", "reference", "earlier")
    yield _cells([report_word(one, language) for one in titles], SMALL, MUTED)
    for one in rows:
        yield _key_row(one)
    for text in (report_word("no_reference", language), *remarks):
        yield _paragraph(text, WIDTH, SMALL, MUTED)


def _key_row(one: Row) -> _Block:
    if one.reason:
        name = _cells([one.name], TEXT, INK)
        reason = _paragraph(one.reason, WIDTH - COLUMNS[1], TEXT, MUTED)

        def draw(canvas: Canvas, x: int, y: int) -> None:
            name.draw(canvas, x, y)
            reason.draw(canvas, x + COLUMNS[1], y)

        return _Block(max(name.height, reason.height), draw)
    value = f"{one.value}  {one.flag}".strip()
    limit = f"{one.limit}  {one.source}".strip() or "—"
    return _cells([one.name, value, limit, one.earlier or "—"], TEXT, NOTICE if one.flag else INK)


def _cells(texts: Sequence[str], size: int, colour: RGB) -> _Block:
    def draw(canvas: Canvas, x: int, y: int) -> None:
        for column, text in zip(COLUMNS, texts, strict=False):
            canvas.text((x + column, y + LINE - 8), text, size, colour)
        canvas.rule(x, x + WIDTH, y + LINE)

    return _Block(LINE + 2, draw)


def _section(section: Section) -> Iterator[_Block]:
    yield _heading(section.title)
    for line in section.lines:
        name = _paragraph(line.name, NAME - 20)
        told = _paragraph(line.told, HALF - NAME, colour=INK if line.is_value else MUTED)
        yield _beside(name, told)


def _beside(name: _Block, told: _Block) -> _Block:
    height = max(name.height, told.height)

    def draw(canvas: Canvas, x: int, y: int) -> None:
        name.draw(canvas, x, y)
        told.draw(canvas, x + NAME, y)
        canvas.rule(x, x + HALF, y + height)

    return _Block(height + 2, draw)
