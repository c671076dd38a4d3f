"""The pages of a PDF once it is closed: their lines, what is printed on every page, and the grids drawn on them.

What stands within drawn rules is read by the boxes of the cells and by the words in them; both must find the same.
"""

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from scraper.documents import pdf_columns, pdf_words
from scraper.documents.pdf_columns import Rows
from scraper.documents.pdf_page import Page, opened, page
from scraper.documents.pdf_rules import Box, Grid, Rule, grids
from scraper.documents.pdf_words import Interval, Line, Word
from scraper.errors import LayoutChanged, Unreadable

_MARGIN: Final = 60.0
"""Points at the top and bottom of a page in which page numbers and running titles stand."""
_PAGE_NUMBER: Final = re.compile(
    r"[-–—|\s]*(?:page\s*)?[0-9]{1,4}(?:\s*(?:of|/)\s*[0-9]{1,4})?[-–—|\s]*", re.IGNORECASE
)
_INSET: Final = 1.0
_CROWD: Final = 3
"""Lines or rows that must agree before they tell against the rules."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """What is kept of a page once it is closed: its lines with running titles, and its grids with their texts."""

    number: int
    box: Box
    rotation: int
    lines: tuple[Line, ...]
    ruled: tuple[tuple[Grid, Rows], ...]
    across: tuple[Rule, ...]


def sheets(data: bytes, wanted: tuple[int, ...] | None = None, *, ruled: bool = True) -> list[Sheet]:
    """Return the pages of a PDF, or the `wanted` ones (from 1); without `ruled` grids are not looked for.

    `Unreadable` for a scan, `LayoutChanged` for a page that does not exist or two readings of a cell that differ.
    """
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
                found.append(Sheet(number, one.box, one.rotation, lines, read, one.across))
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


def running_titles(every: Sequence[Sheet], *, tabled: bool = True) -> set[tuple[int, Line]]:
    """Return, with their page, the page numbers and the lines that repeat in the margins of pages.

    `tabled`: a line in parts may be the header of a table that goes on, and is none of them.
    """
    margins = [
        (sheet.number, line, re.sub(r"[0-9]+", "0", pdf_words.text([line])))
        for sheet in every
        for line in sheet.lines
        if (sheet.box[3] - line.base < _MARGIN or line.base - sheet.box[1] < _MARGIN)
        and not any(grid.holds(word.middle, word.height) for grid, _ in sheet.ruled for word in line.words)
    ]
    repeats = Counter(text for _, _, text in margins)
    return {
        (number, line)
        for number, line, text in margins
        if _PAGE_NUMBER.fullmatch(pdf_words.text([line]))
        or (repeats[text] > 1 and not (tabled and line.segments() > 1))
    }
