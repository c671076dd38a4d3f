"""PDFs as text and tables.

Tables are read in two ways: from the rules drawn on the page, cell by cell, and from the words and the white space
between them. Where there are rules in both directions both ways must find the same letters in the same cells; where
there are not, the words alone decide, with horizontal rules as row ends.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise, zip_longest
from typing import Final

from scraper.documents import pdf_columns, pdf_text, pdf_words
from scraper.documents.pdf_columns import Rows, WordTable
from scraper.documents.pdf_page import opened, upright_to_page
from scraper.documents.pdf_rules import NEAR, Box, Grid, Rule
from scraper.documents.pdf_sheets import Sheet, running_titles, sheets
from scraper.documents.pdf_text import Passage
from scraper.documents.pdf_words import Interval, Line
from scraper.documents.values import fold
from scraper.errors import LayoutChanged
from scraper.model import Locator, Table

_NO_TITLE: Final = re.compile(
    r"(?:microsoft word|untitled|powerpoint)\b.*|.*\.(?:docx?|pdf|xlsx?|pptx?|indd)", re.IGNORECASE
)
_NARROW: Final = 6.0


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


def tables(data: bytes, pages: tuple[int, ...] | None = None) -> tuple[Table, ...]:
    """Return the tables of a PDF, or of its `pages` (from 1), in order; a table that runs over pages is one table.

    Cells are text with white space folded; a cell over several places stands in each of them. `page_numbers` gives
    each row's page, the locator the first page, the place of the table on it, and the box of its first part.
    `Unreadable` where the file is no readable PDF, is encrypted, cut, or a scan; `LayoutChanged` where the two ways
    of reading disagree or a page of `pages` does not exist.
    """
    return tuple(table for table, _ in _found(sheets(data, pages))[0])


def flow(data: bytes, heading: re.Pattern[str]) -> tuple[Table | Passage, ...]:
    """Return tables and the passages between them (a line that `heading` matches begins one) in reading order, without
    running titles; raises as `tables` does. What cannot be told to be a table for certain is text."""
    every = sheets(data)
    found, titles = _found(every)
    between: list[Table] = []
    stretches: list[list[tuple[int, Line]]] = [[]]
    for sheet in every:
        boxes = [(part.box, part.ruled) for _, parts in found for part in parts if part.page == sheet.number]
        lines = _outside([line for line in sheet.lines if (sheet.number, line) not in titles], boxes)
        begun = ((parts[0].box[3], table) for table, parts in found if parts[0].page == sheet.number)
        for top, table in sorted(begun, key=lambda one: -one[0]):
            stretches[-1] += [(sheet.number, line) for line in lines if line.base >= top]
            lines = [line for line in lines if line.base < top]
            between.append(table)
            stretches.append([])
        stretches[-1] += [(sheet.number, line) for line in lines]
    told: list[Table | Passage] = []
    for text, table in zip_longest(pdf_text.passages(stretches, heading=heading), between):
        told += [*text, *([table] if table else [])]
    return tuple(told)


def pages(data: bytes) -> tuple[str, ...]:
    """Return the text of each page, line by line from top to bottom; `Unreadable` as for `tables`."""
    return tuple("\n".join(pdf_words.text([line]) for line in sheet.lines) for sheet in sheets(data, ruled=False))


def paragraphs(data: bytes, *, parted: bool = False) -> tuple[Passage, ...]:
    """Return the text as paragraphs, without page numbers and running titles; `Unreadable` as for `tables`.

    `parted`: a line in which white space stands as between columns is one of its own, its parts joined by " | ".
    """
    every = sheets(data, ruled=False)
    titles = running_titles(every, tabled=False)
    lines = [(sheet.number, line) for sheet in every for line in sheet.lines if (sheet.number, line) not in titles]
    return tuple(pdf_text.passages([lines], parted=parted)[0])


def title(data: bytes) -> str:
    """Return the title that the PDF states, else the first line of its first page with text."""
    with opened(data) as document:
        stated = fold(document.get_metadata_value("Title").replace("\0", ""))
    if stated and not _NO_TITLE.fullmatch(stated):
        return stated
    return next((text.partition("\n")[0] for text in pages(data) if text), "")


def _outside(lines: Sequence[Line], boxes: Sequence[tuple[Box, bool]]) -> list[Line]:
    """Return the lines without the words that stand in one of the boxes (its whole height where it has no rules)."""

    def free(x: float, y: float) -> bool:
        return not any(box[1] <= y <= box[3] and (not ruled or box[0] <= x <= box[2]) for box, ruled in boxes)

    kept = ([word for word in line.words if free(word.middle, word.height)] for line in lines)
    return [Line(tuple(words)) for words in kept if words]


def _found(every: Sequence[Sheet]) -> tuple[list[tuple[Table, list[_Part]]], set[tuple[int, Line]]]:
    """Return each table with its parts, and the running titles."""
    titles = running_titles(every)
    joined: list[list[_Part]] = []
    for sheet in every:
        for part in _parts(sheet, titles, joined[-1][-1] if joined else None):
            if joined and _continues(joined[-1][-1], part):
                joined[-1].append(part)
            else:
                joined.append([part])
    rotations = {sheet.number: sheet.rotation for sheet in every}
    certain = _certain(joined)
    first_pages = [group[0].page for group in certain]
    found = [
        (_table(group, first_pages[:at].count(group[0].page) + 1, rotations[group[0].page]), group)
        for at, group in enumerate(certain)
    ]
    return found, titles


def _parts(sheet: Sheet, titles: set[tuple[int, Line]], before: _Part | None) -> list[_Part]:
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


def _ruled_part(sheet: Sheet, grid: Grid, rows: Rows) -> _Part:
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


def _word_part(sheet: Sheet, table: WordTable, rules: Sequence[Rule]) -> _Part:
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
