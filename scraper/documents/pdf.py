"""PDFs as text and tables.

Tables are read in two ways: from the rules drawn on the page, cell by cell, and from the words and the white space
between them. Where there are rules in both directions both ways must find the same letters in the same cells; where
there are not, the words alone decide, with horizontal rules as row ends.
"""

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

from scraper.documents import pdf_columns, pdf_flow, pdf_words
from scraper.documents.pdf_columns import Rows, WordTable
from scraper.documents.pdf_flow import Passage
from scraper.documents.pdf_page import Page, opened, page, upright_to_page
from scraper.documents.pdf_rules import NEAR, Box, Grid, Rule, grids
from scraper.documents.pdf_words import Interval, Line, Word
from scraper.documents.values import fold
from scraper.errors import LayoutChanged, Unreadable
from scraper.model import Locator, Table

_MARGIN: Final = 60.0
"""Points at the top and bottom of a page in which page numbers and running titles stand."""
_PAGE_NUMBER: Final = re.compile(
    r"[-–—|\s]*(?:page\s*)?[0-9]{1,4}(?:\s*(?:of|/)\s*[0-9]{1,4})?[-–—|\s]*", re.IGNORECASE
)
_NO_TITLE: Final = re.compile(
    r"(?:microsoft word|untitled|powerpoint)\b.*|.*\.(?:docx?|pdf|xlsx?|pptx?|indd)", re.IGNORECASE
)
_INSET: Final = 1.0
_NARROW: Final = 6.0
_CROWD: Final = 3
"""Lines or rows that must agree before they tell against the rules."""


@dataclass(frozen=True, slots=True)
class _Part:
    """The part of a table that stands on one page."""

    page: int
    rows: Rows | None
    """None: they cannot be told for certain."""
    sound: bool
    """False: too short to be a table of its own."""
    columns: tuple[Interval, ...]
    ruled: bool
    box: Box
    closed: tuple[bool, bool]
    """A rule ends it at its top, at its bottom."""
    first: bool = False
    last: bool = False
    """Nothing but running titles above it, or below it."""
    near: bool = False
    """Nothing stands between it and the part above it on its page."""


@dataclass(frozen=True, slots=True)
class _Sheet:
    """What is kept of a page once it is closed: its lines with running titles, and its grids with their texts."""

    number: int
    box: Box
    rotation: int
    lines: tuple[Line, ...]
    ruled: tuple[tuple[Grid, Rows], ...]
    across: tuple[Rule, ...]


def tables(data: bytes, pages: tuple[int, ...] | None = None) -> tuple[Table, ...]:
    """Return the tables of a PDF, or of its `pages` (from 1), in order; a table that runs over pages is one table.

    Cells are text with white space folded; a cell over several places stands in each of them. `page_numbers` gives
    each row's page, the locator the first page, the place of the table on it, and the box of its first part.
    `Unreadable` where the file is no readable PDF, is encrypted, cut, or a scan; `LayoutChanged` where the two ways
    of reading disagree or a page of `pages` does not exist.
    """
    return tuple(table for table, _ in _found(_sheets(data, pages))[0])


def flow(data: bytes, heading: re.Pattern[str]) -> tuple[Table | Passage, ...]:
    """Return tables and the passages between them (a line that `heading` matches begins one) in reading order, without
    running titles; raises as `tables` does. What cannot be told to be a table for certain is text."""
    sheets = _sheets(data, None)
    found, titles = _found(sheets)
    lines = {
        sheet.number: pdf_flow.outside(
            [line for line in sheet.lines if (sheet.number, line) not in titles],
            [(part.box, part.ruled) for _, parts in found for part in parts if part.page == sheet.number],
        )
        for sheet in sheets
    }
    return pdf_flow.flow(lines, {(parts[0].page, parts[0].box[3]): table for table, parts in found}, heading)


def _found(sheets: Sequence[_Sheet]) -> tuple[list[tuple[Table, list[_Part]]], set[tuple[int, Line]]]:
    """Return each table with its parts, and the running titles."""
    titles = _running_titles(sheets)
    joined: list[list[_Part]] = []
    for sheet in sheets:
        for part in _parts(sheet, titles, joined[-1][-1] if joined else None):
            if joined and _continues(joined[-1][-1], part):
                joined[-1].append(part)
            else:
                joined.append([part])
    rotations = {sheet.number: sheet.rotation for sheet in sheets}
    certain = _certain(joined)
    first_pages = [group[0].page for group in certain]
    found = [
        (_table(group, first_pages[:at].count(group[0].page) + 1, rotations[group[0].page]), group)
        for at, group in enumerate(certain)
    ]
    return found, titles


def pages(data: bytes) -> tuple[str, ...]:
    """Return the text of each page, line by line from top to bottom; `Unreadable` as for `tables`."""
    return tuple(
        "\n".join(pdf_words.text([line]) for line in sheet.lines) for sheet in _sheets(data, None, ruled=False)
    )


def lines(data: bytes) -> tuple[tuple[int, Line], ...]:
    """Return each line with its page, without page numbers and running titles; `Unreadable` as for `tables`."""
    sheets = _sheets(data, None, ruled=False)
    titles = _running_titles(sheets)
    return tuple((sheet.number, line) for sheet in sheets for line in sheet.lines if (sheet.number, line) not in titles)


def title(data: bytes) -> str:
    """Return the title that the PDF states, else the first line of its first page with text."""
    with opened(data) as document:
        stated = fold(document.get_metadata_value("Title").replace("\0", ""))
    if stated and not _NO_TITLE.fullmatch(stated):
        return stated
    return next((text.partition("\n")[0] for text in pages(data) if text), "")


def _sheets(data: bytes, wanted: tuple[int, ...] | None, *, ruled: bool = True) -> list[_Sheet]:
    found, scanned = [], False
    with opened(data) as document:
        count = len(document)
        for number in wanted or range(1, count + 1):
            if not 1 <= number <= count:
                raise LayoutChanged(f"The PDF has {count} pages; there is no page {number}.")
            with page(document, number) as one:
                scanned = scanned or one.has_images
                drawn = grids(one.across, one.along) if ruled else []
                read = tuple((grid, _ruled_rows(one, grid)) for grid in drawn)
                lines = tuple(pdf_words.lines(one.words))
                found.append(_Sheet(number, one.box, one.rotation, lines, read, one.across))
    if not any(sheet.lines for sheet in found):
        raise Unreadable("The PDF is a scan: images without text." if scanned else "The PDF has no text.")
    return found


def _ruled_rows(one: Page, grid: Grid) -> Rows:
    """Return the texts of the grid's cells, read by their boxes and checked against the words that stand in them."""
    words: dict[Box, list[Word]] = {}
    heights = [-y for y in grid.ys]
    for word in one.words:
        if grid.holds(word.middle, word.height):
            row = min(bisect_right(heights, -word.height), len(heights) - 1) - 1
            column = min(bisect_right(grid.xs, word.middle), len(grid.xs) - 1) - 1
            words.setdefault(grid.cells[row][column], []).append(word)
    texts: dict[Box, str] = {}
    for cell in {cell for row in grid.cells for cell in row}:
        lines = pdf_words.lines(words.get(cell, ()))
        by_box, by_words = one.text_in(_inset(cell)), pdf_words.text(lines)
        if _letters(by_box) != _letters(by_words):
            _disagree(one.number, f'"{_short(by_box)}" within the rules, "{_short(by_words)}" by its words')
        texts[cell] = by_words
    _check_columns(one.number, grid, words)
    _check_rows(one.number, grid, words)
    return tuple(tuple(texts[cell] for cell in row) for row in grid.cells)


def _check_columns(number: int, grid: Grid, words: dict[Box, list[Word]]) -> None:
    """Refuse a column in which the words of most rows stand in two columns: a rule is missing between them."""
    for place, edges in enumerate(pairwise(grid.xs)):
        cells = {row[place] for row in grid.cells if (row[place][0], row[place][2]) == edges}
        lines = [line for cell in cells for line in pdf_words.lines(words.get(cell, ()))]
        apart = [line for line in lines if line.segments() > 1]
        if len(apart) >= _CROWD and len(apart) >= 0.8 * len(lines) and len(pdf_words.columns(lines)) > 1:
            _disagree(number, f'"{_short(pdf_words.text(apart[:1]))}" stands in two columns, the rules draw one')


def _check_rows(number: int, grid: Grid, words: dict[Box, list[Word]]) -> None:
    """Refuse a row in which every column has the same three or more lines, and no line had to be broken."""
    for row in grid.cells:
        filled = {cell: pdf_words.lines(words[cell]) for cell in dict.fromkeys(row) if words.get(cell)}
        together = pdf_words.lines(word for cell in filled for word in words[cell])
        if len(filled) < 2 or len(together) < _CROWD or any(len(lines) != len(together) for lines in filled.values()):
            continue
        places = [_without_padding(cell, lines) for cell, lines in filled.items()]
        if pdf_columns.breaks(together, places) == len(together) - 1:
            _disagree(number, f"{len(together)} rows by the words, one by the rules")


def _without_padding(cell: Box, lines: Sequence[Line]) -> Interval:
    padding = min(min(line.left - cell[0], cell[2] - line.right) for line in lines)
    return (cell[0] + padding, cell[2] - padding)


def _disagree(number: int, how: str) -> None:
    raise LayoutChanged(f"Page {number}: two ways of reading the table disagree: {how}.")


def _letters(text: str) -> Counter[str]:
    return Counter(letter for letter in pdf_words.plain(text) if not letter.isspace() and letter not in "\0\ufffd")


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}…"


def _inset(cell: Box) -> Box:
    left, bottom, right, top = cell
    return (left + _INSET, bottom + _INSET, right - _INSET, top - _INSET)


def _running_titles(sheets: Sequence[_Sheet]) -> set[tuple[int, Line]]:
    """Return, with their page, the page numbers and the lines that repeat in the margins of pages."""
    margins = [
        (sheet.number, line, re.sub(r"[0-9]+", "0", pdf_words.text([line])))
        for sheet in sheets
        for line in sheet.lines
        if (sheet.box[3] - line.base < _MARGIN or line.base - sheet.box[1] < _MARGIN)
        and not any(grid.holds(word.middle, word.height) for grid, _ in sheet.ruled for word in line.words)
    ]
    repeats = Counter(text for _, _, text in margins)
    return {
        (number, line)
        for number, line, text in margins
        if _PAGE_NUMBER.fullmatch(pdf_words.text([line])) or (repeats[text] > 1 and line.segments() == 1)
    }


def _parts(sheet: _Sheet, titles: set[tuple[int, Line]], before: _Part | None) -> list[_Part]:
    lines = [line for line in sheet.lines if (sheet.number, line) not in titles]
    outside = pdf_words.lines(
        word
        for line in lines
        for word in line.words
        if not any(grid.holds(word.middle, word.height) for grid, _ in sheet.ruled)
    )
    rules = [rule for rule in sheet.across if not any(grid.holds(rule.start, rule.at) for grid, _ in sheet.ruled)]
    going_on = before and before.last and not before.ruled and before.page == sheet.number - 1
    columns = before.columns if before and going_on else ()
    found = [part for grid, rows in sheet.ruled if (part := _ruled_part(sheet, grid, rows)).rows]
    found += [_word_part(sheet, table, rules) for table in pdf_columns.tables(outside, rules, columns)]
    found.sort(key=lambda part: (-part.box[3], part.box[0]))
    return [
        replace(
            part,
            first=not any(line.base > part.box[3] for line in lines),
            last=not any(line.base < part.box[1] for line in lines),
            near=above is not None and not any(part.box[3] < line.base < above.box[1] for line in lines),
        )
        for above, part in zip([None, *found], found, strict=False)
    ]


def _ruled_part(sheet: _Sheet, grid: Grid, rows: Rows) -> _Part:
    """Return the part without the empty rows, and without the empty narrow columns between double rules."""
    keep = [
        place
        for place, (left, right) in enumerate(pairwise(grid.xs))
        if right - left > _NARROW or any(row[place] for row in rows)
    ]
    return _Part(
        page=sheet.number,
        rows=tuple(tuple(row[place] for place in keep) for row in rows if any(row)) if len(keep) > 1 else (),
        sound=True,
        columns=tuple((grid.xs[place], grid.xs[place + 1]) for place in keep),
        ruled=True,
        box=grid.box,
        closed=grid.closed,
    )


def _word_part(sheet: _Sheet, table: WordTable, rules: Sequence[Rule]) -> _Part:
    box = table.box
    ends = [rule.at for rule in rules if rule.end - rule.start >= 0.8 * (box[2] - box[0])]
    room = table.lines[0].size * 2
    parted = sum(box[1] < y < box[3] for y in ends) >= 2
    closed = (any(0 <= y - box[3] <= room for y in ends), any(0 <= box[1] - y <= room for y in ends))
    return _Part(
        page=sheet.number,
        rows=table.rows,
        sound=table.sound,
        columns=table.columns,
        ruled=False,
        box=box,
        closed=closed if parted else (True, True),
    )


def _continues(before: _Part, part: _Part) -> bool:
    """Tell whether a part goes on with the one before, in the same columns: at the top of the next page, or, where
    only white space tells them, right below it."""
    follows = part.page == before.page + 1 and before.last and part.first
    below = part.page == before.page and part.near and not part.ruled
    if not (follows or below) or part.ruled != before.ruled or len(part.columns) != len(before.columns):
        return False
    pairs = list(zip(before.columns, part.columns, strict=True))
    apart = all(max(a[1], b[1]) < min(c[0], d[0]) for (a, b), (c, d) in pairwise(pairs))
    return all(_same_column(one, other, part.ruled) for one, other in pairs) and (part.ruled or apart)


def _certain(groups: Sequence[Sequence[_Part]]) -> list[list[_Part]]:
    """Return the groups that are tables; `LayoutChanged` where part of a table cannot be told for certain.

    What as a whole cannot be told is left out: whoever expects it misses it, which is better than wrong rows.
    """
    found = []
    for group in groups:
        doubtful = [part for part in group if part.rows is None]
        if not any(part.sound and part.rows for part in group):
            continue
        if doubtful:
            raise LayoutChanged(f"Page {doubtful[0].page}: the rows of a table cannot be told apart for certain.")
        found.append(list(group))
    return found


def _same_column(one: Interval, other: Interval, ruled: bool) -> bool:
    if ruled:
        return abs(one[0] - other[0]) <= NEAR and abs(one[1] - other[1]) <= NEAR
    return one[0] <= other[1] and other[0] <= one[1]


def _table(parts: Sequence[_Part], place: int, rotation: int) -> Table:
    rows: list[tuple[str, ...]] = []
    numbers: list[int] = []
    for before, part in pairwise([None, *parts]):
        assert part is not None
        fresh = list(part.rows or ())
        if before is not None:
            if fresh[0] == rows[0]:
                del fresh[0]
            open_break = not (before.closed[1] and part.closed[0]) if part.ruled else not before.closed[1]
            if fresh and not fresh[0][0] and open_break:
                rows[-1] = tuple(fold(f"{above} {below}") for above, below in zip(rows[-1], fresh.pop(0), strict=True))
        rows.extend(fresh)
        numbers.extend([part.page] * len(fresh))
    first = parts[0]
    return Table(
        rows=tuple(rows),
        row_numbers=tuple(range(1, len(rows) + 1)),
        locator=Locator(page=first.page, table=place, box=upright_to_page(first.box, rotation)),
        page_numbers=tuple(numbers),
    )
