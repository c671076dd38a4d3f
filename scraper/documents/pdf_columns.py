"""Tables found from words and the white space between them; horizontal rules may part their rows."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

from scraper.documents.pdf_rules import Box, Rule
from scraper.documents.pdf_words import SPACE_BETWEEN_COLUMNS, Interval, Line, columns, text

Rows = tuple[tuple[str, ...], ...]

_FARTHEST: Final = 3.2
_CLOSEST: Final = 0.75
_ROW_GAP: Final = 1.25
"""The largest and smallest distance of lines in a table, as fractions of the letter size; and how much farther rows
stand apart than the lines of a row."""
_NUMBER: Final = re.compile(r"[0-9][0-9,.]*%?")
_BULLET: Final = re.compile(r"|[^\w\s]{1,2}|o|\(?[0-9a-zA-Z]{1,4}[.)]")


@dataclass(frozen=True, slots=True)
class WordTable:
    """A table found from words: its lines, its columns (left and right of their text) and its rows of cells."""

    lines: tuple[Line, ...]
    columns: tuple[Interval, ...]
    rows: Rows | None
    """None: what belongs to which row, or column, cannot be told for certain."""
    sound: bool
    """False: so short that it is a table only as a part of another."""

    @property
    def box(self) -> Box:
        """The box around its letters."""
        first, last = self.lines[0], self.lines[-1]
        return (self.columns[0][0], last.base - 0.25 * last.size, self.columns[-1][1], first.base + first.size)


def tables(page: Sequence[Line], rules: Sequence[Rule], going_on: tuple[Interval, ...] = ()) -> list[WordTable]:
    """Return the tables among the lines of a page; `rules` are its horizontal rules, which may part rows.

    A table is at least three lines (two between rules) in which the same columns stand apart. `going_on` are the
    columns of a table at the foot of the page before, which the first lines may continue.
    """
    found: list[WordTable] = []
    at = 0
    while at < len(page):
        run = _run(page, at, () if at else going_on) or _run(page, at)
        if run is None or (not run.continues and _hides_columns(page, at, run)):
            at += 1
            continue
        above = _row_begun_above(page, at, run, rules)
        at += len(run.lines)
        plain = len(run.lines) - len(run.spanning)
        run = replace(
            run,
            lines=(*(above or ()), *run.lines),
            spanning=frozenset(place + len(above or ()) for place in run.spanning),
        )
        rows = None if run.doubtful or above is None else _all_rows(run, rules)
        if rows is None or not _is_list(rows):
            sound = (plain >= 3 or _between(run.lines, rules)) and (rows is None or len(rows) > 1)
            found.append(WordTable(run.lines, run.columns, rows, sound))
    return found


@dataclass(frozen=True, slots=True)
class _Run:
    """Lines that keep their columns apart; `spanning` are those, by place, that run across as a group's heading."""

    lines: tuple[Line, ...]
    columns: tuple[Interval, ...]
    spanning: frozenset[int]
    doubtful: bool
    """A line runs across the columns that is no heading: the white space does not tell its cells."""
    continues: bool


def _run(page: Sequence[Line], start: int, going_on: tuple[Interval, ...] = ()) -> _Run | None:
    """Return the run that begins at `start`: with a line of several cells, or one that fits into known columns."""
    least = SPACE_BETWEEN_COLUMNS * page[start].size
    known = columns(page[start : start + 1], going_on, least)
    if going_on:
        # A first cell alone may be a heading below the table, unless the rest of its row follows closely.
        close = [line for line in page[start : start + 2] if page[start].base - line.base <= _ROW_GAP * line.size]
        if len(known) != len(going_on) or not any(clipped(close, place) for place in going_on[1:]):
            return None
    elif page[start].segments() < 2:
        return None
    spanning, doubtful, end, kept = set[int](), False, start + 1, 2 if going_on else 1
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
    if kept < 2:
        return None
    return _Run(tuple(page[start:end]), known, frozenset(spanning), doubtful, bool(going_on))


def _row_begun_above(page: Sequence[Line], at: int, run: _Run, rules: Sequence[Rule]) -> Sequence[Line] | None:
    """Return the lines above the run that belong to its first row: they stand in its columns, below a rule.

    None where such lines stand there without a rule to tell.
    """
    start, least = at, SPACE_BETWEEN_COLUMNS * page[at].size
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
    room = 2.5 * run[0].size
    above = any(run[0].base < y < run[0].base + room for y in _separators(run, rules))
    return above and _ends_with_rule(run, rules)


def _ends_with_rule(run: Sequence[Line], rules: Sequence[Rule]) -> bool:
    room = 2.5 * run[-1].size
    return any(run[-1].base - room < y < run[-1].base for y in _separators(run, rules))


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
        rows = _rows(part, run.columns, rules, continues=run.continues or bool(found)) if part else ()
        if rows is None:
            return None
        found.extend(rows)
        part = []
        if line is not None:
            found.append((text([line]),) + ("",) * (len(run.columns) - 1))
    return tuple(found)


def _rows(run: Sequence[Line], places: tuple[Interval, ...], rules: Sequence[Rule], *, continues: bool) -> Rows | None:
    bands = _bands(run, _separators(run, rules))
    crowded = [sum(_filled(line, places) == len(places) for line in band) >= 2 for band in bands]
    one_row_each = len(bands) >= 3 and sum(crowded) * 2 < len(bands)
    ruled = len(bands) > 1 or _ends_with_rule(run, rules)
    groups: list[list[Line]] = []
    for number, band in enumerate(bands):
        header = number == 0 and len(bands) > 1 and not continues
        if one_row_each or header or (ruled and _is_one_row(band, places)):
            groups.append(band)
            continue
        parts = _by_distance(band, places) or _by_first_column(band, places)
        if parts is None:
            return None
        groups.extend(parts)
    return tuple(tuple(text(clipped(group, place)) for place in places) for group in groups)


def _is_one_row(band: Sequence[Line], places: Sequence[Interval]) -> bool:
    """Tell whether the lines may be one row: each column on consecutive lines, none begun where there was room."""
    levels = [[band[0]]]
    for before, line in pairwise(band):
        if before.base - line.base < _CLOSEST * line.size:  # centred cells with an even and an odd number of lines
            levels[-1].append(line)
        else:
            levels.append([line])
    filled = [[bool(clipped(level, place)) for level in levels] for place in places]
    full = [all(line) for line in zip(*filled, strict=True)]
    pieces = (sum(after and not before for before, after in pairwise([False, *column])) for column in filled)
    return sum(full) < 2 and (full[0] or not full[-1]) and max(pieces) == 1 and not breaks(band, places)


def breaks(band: Sequence[Line], places: Sequence[Interval]) -> int:
    """Return how many lines are no continuation: a word had room on the line before, or number stands under number."""
    return sum(any(_begins(before, after, place) for place in places) for before, after in pairwise(band))


def _begins(before: Line, after: Line, place: Interval) -> bool:
    above, below = clipped([before], place), clipped([after], place)
    if not (above and below):
        return False
    return had_room(above, after, place) or all(_NUMBER.fullmatch(text(cell)) for cell in (above, below))


def _bands(run: Sequence[Line], separators: Sequence[float]) -> list[list[Line]]:
    bands: list[list[Line]] = [[]]
    rest = list(separators)
    for line in run:
        while rest and rest[0] > line.base:
            rest.pop(0)
            bands.append([])
        bands[-1].append(line)
    return [band for band in bands if band]


def clipped(group: Sequence[Line], place: Interval) -> list[Line]:
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
        filled = [place for place in places if clipped([line], place)]
        room = any(had_room(groups[-1], line, place) for place in filled)
        if len(filled) == len(places) or (len(filled) > 1 and filled[0] == places[0] and room):
            groups.append([line])
        elif len(filled) == 1 and filled[0] != places[0] and not room:
            groups[-1].append(line)
        else:
            return None
    return groups


def had_room(row: Sequence[Line], line: Line, place: Interval) -> bool:
    """Tell whether the first word of the line's cell would have fitted behind the last word of the row's cell.

    What runs on to the next line has no room on its own: so such a line is no continuation.
    """
    above, below = clipped(row, place), clipped([line], place)
    if not above:
        return True
    word = below[0].words[0]
    return above[-1].right - above[-1].left + word.size * 0.4 + word.right - word.left <= place[1] - place[0]
