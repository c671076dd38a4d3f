"""Words with their boxes, lines of words, and tables found from the white space between them.

Coordinates are PDF points with the page turned upright: x grows to the right, y upwards.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from scraper.documents.pdf_rules import Box, Rule
from scraper.documents.values import fold

Interval = tuple[float, float]
Rows = tuple[tuple[str, ...], ...]

HYPHEN: Final = "\x02"
"""What PDFium gives for a hyphen at the end of a line."""
_SAME_LINE: Final = 0.4
_WIDE: Final = 0.8
_RIVER: Final = 0.5
_FARTHEST: Final = 3.2
_CLOSEST: Final = 0.75
_ROW_GAP: Final = 1.25
"""Fractions of the letter size: baselines of one line, a gap between cells of one line, white space between columns,
the largest distance of lines in a table, the smallest; and how much farther rows stand apart than lines."""


_BULLET: Final = re.compile(r"|[^\w\s]{1,2}|o|\(?[0-9a-zA-Z]{1,4}[.)]")


@dataclass(frozen=True, slots=True)
class Word:
    """Letters without white space between them; `glued`: no white space before it either, only a gap."""

    text: str
    left: float
    right: float
    base: float
    size: float
    glued: bool

    @property
    def middle(self) -> float:
        """Its horizontal centre."""
        return (self.left + self.right) / 2

    @property
    def height(self) -> float:
        """The vertical centre of its small letters."""
        return self.base + self.size * 0.25


@dataclass(frozen=True, slots=True)
class Line:
    """Words on one baseline from left to right."""

    words: tuple[Word, ...]

    @property
    def base(self) -> float:
        """The baseline of its largest letters."""
        return max(self.words, key=lambda word: word.size).base

    @property
    def size(self) -> float:
        """The size of its largest letters."""
        return max(word.size for word in self.words)

    @property
    def left(self) -> float:
        """Where it begins."""
        return self.words[0].left

    @property
    def right(self) -> float:
        """Where it ends."""
        return max(word.right for word in self.words)

    def segments(self) -> int:
        """Return how many parts stand apart by more than a space."""
        return 1 + sum(after.left - before.right > _WIDE * self.size for before, after in pairwise(self.words))


@dataclass(frozen=True, slots=True)
class WordTable:
    """A table found from words: its lines, its columns (left and right of their text) and its rows of cells."""

    lines: tuple[Line, ...]
    columns: tuple[Interval, ...]
    rows: Rows

    @property
    def box(self) -> Box:
        """The box around its letters."""
        first, last = self.lines[0], self.lines[-1]
        return (self.columns[0][0], last.base - 0.25 * last.size, self.columns[-1][1], first.base + first.size)


def lines(words: Iterable[Word]) -> list[Line]:
    """Return the words as lines from top to bottom; raised footnote marks stay in their line."""
    found: list[list[Word]] = []
    for word in sorted(words, key=lambda each: (-each.base, each.left)):
        if found and found[-1][0].base - word.base <= _SAME_LINE * max(word.size, found[-1][0].size):
            found[-1].append(word)
        else:
            found.append([word])
    return [Line(tuple(sorted(each, key=lambda word: word.left))) for each in found]


def text(within: Iterable[Line]) -> str:
    """Return lines as one folded text; a word divided at the end of a line keeps its hyphen and is one word."""
    parts: list[str] = []
    for line in within:
        for place, word in enumerate(line.words):
            parts.append("" if word.glued and place else " ")
            parts.append(word.text)
    return unhyphenated("".join(parts))


def unhyphenated(raw: str) -> str:
    """Return text with PDFium's mark for a hyphen at a line's end as the hyphen it is."""
    return fold(raw).replace("\ufffe", HYPHEN).replace(f"{HYPHEN} ", "-").replace(HYPHEN, "-")


def columns(within: Sequence[Line], known: Iterable[Interval] = (), least: float | None = None) -> tuple[Interval, ...]:
    """Return the x-intervals that hold letters where white space runs through all the lines between them.

    `known` are the columns of lines before, `least` the width of the white space (default: by the smallest letters).
    """
    least = least or _RIVER * min(line.size for line in within)
    found: list[Interval] = []
    for left, right in sorted([*known, *((word.left, word.right) for line in within for word in line.words)]):
        if found and left - found[-1][1] < least:
            found[-1] = (found[-1][0], max(found[-1][1], right))
        else:
            found.append((left, right))
    return tuple(found)


def tables(page: Sequence[Line], rules: Sequence[Rule]) -> list[WordTable]:
    """Return the tables among the lines of a page; `rules` are its horizontal rules, which may part rows.

    A table is at least three lines (two between rules) in which the same columns stand apart. One whose rows or
    columns cannot be told for certain is left out: whoever expects it misses it, which is better than wrong rows.
    """
    found: list[WordTable] = []
    at = 0
    while at < len(page):
        run = _run(page, at)
        if run is None or _hides_columns(page, at, run):
            at += 1
            continue
        above = _row_begun_above(page, at, run, rules)
        at += len(run.lines)
        if above is None or (len(run.lines) - len(run.spanning) < 3 and not _between(run.lines, rules)):
            continue
        run = _Run((*above, *run.lines), run.columns, frozenset(at + len(above) for at in run.spanning), run.doubtful)
        rows = None if run.doubtful else _all_rows(run, rules)
        if rows and len(rows) > 1 and not _is_list(rows):
            found.append(WordTable(run.lines, run.columns, rows))
    return found


@dataclass(frozen=True, slots=True)
class _Run:
    """Lines that keep their columns apart; `spanning` are those, by place, that run across as a group's heading."""

    lines: tuple[Line, ...]
    columns: tuple[Interval, ...]
    spanning: frozenset[int]
    doubtful: bool
    """A line runs across the columns that is no heading: the white space does not tell its cells."""


def _run(page: Sequence[Line], start: int) -> _Run | None:
    if page[start].segments() < 2:
        return None
    spanning, doubtful, end, kept, least = set[int](), False, start + 1, 1, _RIVER * page[start].size
    known = columns(page[start:end], (), least)
    while end < len(page) and not _far(page[end - 1], page[end]):
        now = columns(page[end : end + 1], known, least)
        if len(now) < 2 or (len(now) < len(known) and kept > 1):
            if kept < 2 or not _goes_on(page, end, known, least):
                break
            heads = page[end].segments() == 1 and page[end].left <= known[0][0] + page[end].size
            doubtful = doubtful or not heads
            spanning.add(end - start)
        else:
            kept, known = kept + 1, now
        end += 1
    return _Run(tuple(page[start:end]), known, frozenset(spanning), doubtful) if kept > 1 else None


def _row_begun_above(page: Sequence[Line], at: int, run: _Run, rules: Sequence[Rule]) -> Sequence[Line] | None:
    """Return the lines above the run that belong to its first row: they stand in its columns, below a rule.

    None where such lines stand there without a rule to tell.
    """
    start, least = at, _RIVER * page[at].size
    tops = [y for y in _separators(run.lines, rules) if y > page[at].base]
    while start and len(columns([page[start - 1]], run.columns, least)) == len(run.columns):
        if tops and page[start - 1].base > tops[-1]:
            break
        if _far(page[start - 1], page[start]):
            break
        start -= 1
    if tops and (start == 0 or page[start - 1].base > tops[-1]):
        return page[start:at]
    if start == at or page[at - 1].base - page[at].base > page[at].size * 1.5 or page[at - 1].left < run.columns[1][0]:
        return ()
    return None


def _is_list(rows: Rows) -> bool:
    """Tell whether the rows are the items of a list, with its bullets or numbers as first column."""
    return len(rows[0]) == 2 and all(_BULLET.fullmatch(row[0]) for row in rows)


def _far(before: Line, after: Line) -> bool:
    return before.base - after.base > _FARTHEST * max(before.size, after.size)


def _goes_on(page: Sequence[Line], crossing: int, known: Sequence[Interval], least: float) -> bool:
    """Tell whether the line after the crossing one has the table's columns again."""
    if crossing + 1 >= len(page) or _far(page[crossing], page[crossing + 1]):
        return False
    after = page[crossing + 1]
    return after.segments() > 1 and len(columns([after], known, least)) == len(known)


def _hides_columns(page: Sequence[Line], at: int, run: _Run) -> bool:
    """Tell whether a title or spanning header on the first lines hides columns that the lines below have."""
    later = (_run(page, start) for start in range(at + 1, min(at + 4, at + len(run.lines) - 1)))
    return any(other and len(other.columns) > len(run.columns) for other in later)


def _between(run: Sequence[Line], rules: Sequence[Rule]) -> bool:
    """Tell whether rules stand above and below the lines."""
    top, bottom, room = run[0].base, run[-1].base, 2.5 * run[0].size
    heights = _separators(run, rules)
    return any(top < y < top + room for y in heights) and any(bottom - room < y < bottom for y in heights)


def _separators(run: Sequence[Line], rules: Sequence[Rule]) -> list[float]:
    """Return the heights of the rules that run through most of the table's width, from top to bottom."""
    left, right = min(line.left for line in run), max(line.right for line in run)
    wide = (rule.at for rule in rules if min(rule.end, right) - max(rule.start, left) >= 0.8 * (right - left))
    return sorted(wide, reverse=True)


def _all_rows(run: _Run, rules: Sequence[Rule]) -> Rows | None:
    """Return the rows of the run: a spanning line is a row whose text stands in the first column."""
    found: list[tuple[str, ...]] = []
    part: list[Line] = []
    for place, line in enumerate([*run.lines, None]):
        if line is not None and place not in run.spanning:
            part.append(line)
            continue
        rows = _rows(part, run.columns, rules) if part else ()
        if rows is None:
            return None
        found.extend(rows)
        part = []
        if line is not None:
            found.append((text([line]),) + ("",) * (len(run.columns) - 1))
    return tuple(found)


def _rows(run: Sequence[Line], places: tuple[Interval, ...], rules: Sequence[Rule]) -> Rows | None:
    bands = _bands(run, _separators(run, rules))
    crowded = [sum(_filled(line, places) == len(places) for line in band) >= 2 for band in bands]
    one_row_each = len(bands) >= 3 and sum(crowded) * 2 < len(bands)
    groups: list[list[Line]] = []
    for number, band in enumerate(bands):
        if one_row_each or (len(bands) > 1 and (number == 0 or not crowded[number])):
            groups.append(band)
            continue
        parts = _by_distance(band, places) or _by_first_column(band, places)
        if parts is None:
            return None
        groups.extend(parts)
    return tuple(tuple(text(_clipped(group, place)) for place in places) for group in groups)


def _bands(run: Sequence[Line], separators: Sequence[float]) -> list[list[Line]]:
    bands: list[list[Line]] = [[]]
    rest = list(separators)
    for line in run:
        while rest and rest[0] > line.base:
            rest.pop(0)
            bands.append([])
        bands[-1].append(line)
    return [band for band in bands if band]


def _clipped(group: Sequence[Line], place: Interval) -> list[Line]:
    """Return the part of the lines that stands in one column."""
    inside = ([word for word in line.words if place[0] <= word.middle <= place[1]] for line in group)
    return [Line(tuple(words)) for words in inside if words]


def _filled(line: Line, places: Sequence[Interval]) -> int:
    return sum(any(left <= word.middle <= right for word in line.words) for left, right in places)


def _by_distance(band: Sequence[Line], places: Sequence[Interval]) -> list[list[Line]] | None:
    """Return rows where lines of a row stand closer than rows, or None where the distances do not tell."""
    gaps = [before.base - after.base for before, after in pairwise(band)]
    if not gaps:
        return [list(band)]
    limit = _ROW_GAP * min(gaps)
    groups = [[band[0]]]
    for gap, line in zip(gaps, band[1:], strict=True):
        if gap > limit:
            groups.append([line])
        else:
            groups[-1].append(line)
    crowded = any(sum(_filled(line, places) == len(places) for line in group) >= 2 for group in groups)
    uneven = max(gaps) > limit
    return groups if uneven and not crowded and min(gaps) >= _CLOSEST * band[0].size else None


def _by_first_column(band: Sequence[Line], places: Sequence[Interval]) -> list[list[Line]] | None:
    """Return rows of evenly spaced lines; None where a line may as well begin a row as continue one.

    A line that fills all columns begins a row, and so does one that fills the first and another where a word would
    have found room on the line before. A line that fills one column other than the first continues the row above,
    if its first word had no room there.
    """
    groups = [[band[0]]]
    for before, line in pairwise(band):
        if before.base - line.base < _CLOSEST * line.size:
            return None
        filled = [place for place in places if _clipped([line], place)]
        room = any(_had_room(groups[-1], line, place) for place in filled)
        if len(filled) == len(places) or (len(filled) > 1 and filled[0] == places[0] and room):
            groups.append([line])
        elif len(filled) == 1 and filled[0] != places[0] and not room:
            groups[-1].append(line)
        else:
            return None
    return groups


def _had_room(row: Sequence[Line], line: Line, place: Interval) -> bool:
    """Tell whether the first word of the line's cell would have fitted behind the last word of the row's cell.

    What runs on to the next line has no room on its own: so such a line is no continuation.
    """
    above, below = _clipped(row, place), _clipped([line], place)
    if not above:
        return True
    word = below[0].words[0]
    return above[-1].right - above[-1].left + word.size * 0.4 + word.right - word.left <= place[1] - place[0]
