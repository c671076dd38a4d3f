"""Tables that count detainers by state, facility or charge, whatever their columns are called and however they stand.

Every number becomes a figure or a problem. Totals are no places; they are compared with the rows.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from scraper.documents import values
from scraper.model import Figure, Problem, Table
from scraper.readers import shape as totals
from scraper.readers import states
from scraper.readers.count_columns import BLANK, Role, Shape, count, shape_of, speaks_of_detainers

_NATION: Final = re.compile(
    r"nationwide|national|united states|u\.s\.|all (?:states|facilities|jails|jurisdictions|counties|charges|crimes)"
)
_REST: Final = re.compile(
    r"(?:all )?others?(?:\W.*)?|unknown|unspecified|not (?:stated|recorded|available|known)|blank"
)
_NOTE: Final = re.compile(r"(?:sources?|notes?|data|\*+|†)\b.*|\*.*", re.IGNORECASE)
_LONG: Final = 60
_MOST_PROBLEMS: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What tables state; `read` are the rows that are read in full, so that their text need not be watched as well."""

    figures: tuple[Figure, ...] = ()
    problems: tuple[Problem, ...] = ()
    read: tuple[tuple[str, ...], ...] = ()


def tables(found: Sequence[Table], about: Sequence[str]) -> Counted:
    """Return the figures of all tables; `about` are the words above each. A table without a meaning is a problem."""
    each = [_table(table, words) for table, words in zip(found, about, strict=True)]
    figures = tuple(figure for one in each for figure in one.figures)
    problems = [problem for one in each for problem in one.problems] + list(_same_key(figures))
    return Counted(figures=figures, problems=tuple(problems), read=tuple(row for one in each for row in one.read))


def _table(table: Table, about: str) -> Counted:
    if len(table.rows) < 2 or len(table.rows[0]) < 2:
        return Counted()
    shape = shape_of(table, about)
    if why := _refusal(shape):
        doubt = bool(shape.names or shape.counts) and any(number for _, number in shape.unread)
        held = bool(shape.doubled) or (doubt and _is_ours(table, about))
        return Counted(problems=(_unread_table(table, why, held),))
    figures: list[Figure] = []
    problems = list(_unread_columns(table, shape))
    added, state = _Sums(), ""
    for index in range(shape.header + 1, len(table.rows)):
        row = table.rows[index]
        if not any(row) or row == table.rows[shape.header]:
            continue
        if (heading := _state_of_rows(row, shape)) is not None:
            state = heading
            continue
        numbers, doubts = _numbers(table, index, shape)
        problems += doubts
        if numbers and not doubts:
            total = _total_words(row, shape)
            problems += added.differing(table, index, shape, numbers) if total else added.add(row, shape, numbers)
            made = _figures(table, index, shape, numbers, total, state)
            figures += made
            problems += _unknown_state(table, index, made)
    problems += [*_uncertain(table, shape), *_row_sums(table, shape)]
    whole = not shape.unread and not any(problem.code in ("unread_row", "bad_cell") for problem in problems)
    read = table.rows[shape.header :] if whole else ()
    return Counted(figures=tuple(figures), problems=_listed(table, problems), read=read)


def _listed(table: Table, problems: Sequence[Problem]) -> tuple[Problem, ...]:
    """Return the problems of a table, those that hold back first, and how many more there are than are listed."""
    ordered = sorted(problems, key=lambda problem: not problem.holds_back)
    shown, more = ordered[:_MOST_PROBLEMS], len(ordered) - _MOST_PROBLEMS
    if more > 0:
        text = f"{more} further problems of this table are not listed."
        shown.append(Problem(code="more_problems", text=text, locator=table.locator.text()))
    return tuple(shown)


def _state_of_rows(row: Sequence[str], shape: Shape) -> str | None:
    """Return the state that stands alone in a row, as a heading over the facilities or places below it."""
    alone = {cell for cell in row if cell}
    only = alone.pop() if len(alone) == 1 else ""
    return only if "state_quoted" not in shape.names and states.code(only) else None


class _Sums:
    """The sums of the rows, of all and of those since the last total."""

    def __init__(self) -> None:
        self.every: Counter[int] = Counter()
        self.since: Counter[int] = Counter()
        self.gaps: set[int] = set()

    def add(self, row: Sequence[str], shape: Shape, numbers: Mapping[int, int | float]) -> tuple[Problem, ...]:
        """Add a row; no problem can come of that."""
        self.gaps.update(column.at for column in shape.counts if not row[column.at])
        whole = {at: value for at, value in numbers.items() if isinstance(value, int)}
        self.every.update(whole)
        self.since.update(whole)
        return ()

    def differing(
        self, table: Table, index: int, shape: Shape, numbers: Mapping[int, int | float]
    ) -> tuple[Problem, ...]:
        """Compare a row of totals with the rows above it.

        Where a number may stand in a wrong column (an empty cell; two columns that differ by as much) it holds back.
        """
        columns = [column for column in shape.counts if column.at in numbers and column.unit != "percent"]
        apart = {one.at: numbers[one.at] - self.every[one.at] for one in columns}
        found = []
        for column in columns:
            stated, at = numbers[column.at], column.at
            if stated in (self.every[at], self.since[at]):
                continue
            text = (
                f'{_at(table, index)}: the total under "{column.header}" is {stated:,}, '
                f"but the rows add up to {self.every[at]:,}."
            )
            moved = at in self.gaps or -apart[at] in apart.values()
            found.append(_problem("total_differs", text, table, index, holds_back=moved))
        self.since.clear()
        return tuple(found)


def _refusal(shape: Shape) -> str:
    if shape.doubled:
        return f'the header "{shape.doubled}" stands over more than one column'
    if not shape.counts:
        return "no column of counts is certain"
    return "" if shape.names else "no column names states, places, facilities or charges"


def _is_ours(table: Table, about: str) -> bool:
    words = " ".join((about, *(cell for row in table.rows[:2] for cell in row)))
    return speaks_of_detainers(words)


def _numbers(table: Table, index: int, shape: Shape) -> tuple[dict[int, int | float], list[Problem]]:
    """Return the numbers of a row by column; a row that is no row of counts is a problem."""
    row = table.rows[index]
    filled = [cell for cell in row if cell]
    if len(set(filled)) == 1:
        note = bool(row[0]) and (all(row) or len(row[0]) > _LONG or _NOTE.fullmatch(row[0]) is not None)
        return {}, [_unread_row(table, index, holds_back=not note)]
    found: dict[int, int | float] = {}
    bad: list[Problem] = []
    for column in shape.counts:
        cell = row[column.at]
        if cell.lower() in BLANK:
            continue
        value = _share(cell, column.header) if column.unit == "percent" else count(cell)
        if value is None:
            text = f'{_at(table, index)}: "{cell[:60]}" under "{column.header}" is no count.'
            bad.append(_problem("bad_cell", text, table, index, holds_back=True))
        else:
            found[column.at] = value
    names = [row[at] for at in shape.names.values() if row[at]]
    if not names or not all(re.search(r"[^\W\d_]", name) for name in names):
        bad.append(_unread_row(table, index, holds_back=True))
    elif not found and not bad:
        bad.append(_unread_row(table, index, holds_back=not any(row[column.at] for column in shape.counts)))
    return found, bad


def _share(cell: str, header: str) -> int | float | None:
    share = values.percent(cell)
    return values.number(cell) if share is None and "%" in header and not cell.startswith("-") else share


def is_total(words: str) -> bool:
    """Do these words name a row of totals?"""
    bare = values.unfootnoted(words)
    return totals.is_total(bare) or _NATION.fullmatch(values.key(bare)) is not None


def _total_words(row: Sequence[str], shape: Shape) -> str:
    words = next((row[at] for at in sorted(shape.names.values()) if row[at]), "")
    return words if is_total(words) else ""


def _figures(
    table: Table, index: int, shape: Shape, numbers: Mapping[int, int | float], total: str, state: str
) -> list[Figure]:
    row = table.rows[index]
    own = {"label_quoted": total} if total else _names({role: row[at] for role, at in shape.names.items()})
    if state and not total and not own.get("state_quoted"):
        own["state_quoted"] = state
    label = own.pop("label_quoted", "")
    page = table.page_numbers[index] if table.page_numbers else table.locator.page
    return [
        Figure(
            measure=column.measure,
            unit=column.unit,
            value=numbers[column.at],
            value_quoted=row[column.at],
            label_quoted="; ".join(filter(None, (label, column.header if column.labelled else ""))),
            period_start=column.period[0],
            period_end=column.period[1],
            locator=replace(table.locator, row=table.row_numbers[index], page=page, column=column.header),
            **own,
        )
        for column in shape.counts
        if column.at in numbers
    ]


def _names(cells: Mapping[Role, str]) -> dict[str, Any]:
    """Return the names of a row as fields of a figure; a state behind a place or facility is its state."""
    own: dict[str, Any] = {role: values.unfootnoted(cell) for role, cell in cells.items()}
    label = [own.pop("label_quoted", "")]
    for role in ("facility_quoted", "place_quoted"):
        if own.get(role) and not own.get("state_quoted"):
            own[role], own["state_quoted"] = states.split(own[role])
        if states.code(own.get(role, "")) and not own.get("state_quoted"):
            own["state_quoted"], own[role] = own[role], ""
    if _REST.fullmatch(values.key(own.get("state_quoted", ""))):
        label.insert(0, own.pop("state_quoted"))
    return {**own, "label_quoted": "; ".join(filter(None, label))}


def _unknown_state(table: Table, index: int, made: Sequence[Figure]) -> Iterator[Problem]:
    state = made[0].state_quoted if made else ""
    if state and states.code(state) is None:
        text = f'{_at(table, index)}: "{state}" is not the name of a state; it is kept as published.'
        yield _problem("unknown_state", text, table, index)


def _uncertain(table: Table, shape: Shape) -> Iterator[Problem]:
    headers = ", ".join(f'"{column.header}"' for column in shape.counts if column.measure is None)
    if headers:
        text = f"What is counted under {headers} is not certain; the numbers are kept without a measure."
        yield _problem("measure_uncertain", text, table, shape.header)


def _row_sums(table: Table, shape: Shape) -> Iterator[Problem]:
    """Check declined + insufficient notice = total in each row: if not, a number may stand in a wrong column."""
    by = {column.measure: column.at for column in shape.counts if column.unit == "detainers"}
    total = by.get("declined_or_insufficient_notice")
    parts = [by.get("detainer_declined"), by.get("insufficient_notice")]
    if total is None or None in parts:
        return
    wrong, rows = [], 0
    for index in range(shape.header + 1, len(table.rows)):
        row = table.rows[index]
        stated, own = count(row[total]), [count(row[at]) for at in parts if at is not None]
        rows += stated is not None
        if stated is not None and stated != sum(value or 0 for value in own):
            wrong.append((index, None in own or any((value or 0) > stated for value in own)))
    for index, sure in wrong:
        text = f"{_at(table, index)}: declined and insufficient notice do not add up to the total of the row."
        yield _problem("row_total_differs", text, table, index, holds_back=sure or 2 * len(wrong) > rows)


def _same_key(figures: Sequence[Figure]) -> Iterator[Problem]:
    by_key: dict[tuple[object, ...], set[object]] = defaultdict(set)
    for figure in figures:
        by_key[tuple(getattr(figure, name) for name in Figure.IDENTITY)].add(figure.value)
    for key, found in by_key.items():
        if len(found) > 1:
            who = ", ".join(str(part) for part in key[2:6] if part) or "the whole"
            yield Problem(code="same_key", text=f"{len(found)} different numbers are given for {who}; all are kept.")


def _at(table: Table, index: int) -> str:
    return f"Row {table.row_numbers[index]} of table {table.locator.table or table.locator.sheet or 1}"


def _problem(code: str, text: str, table: Table, index: int, holds_back: bool = False) -> Problem:
    where = replace(table.locator, row=table.row_numbers[index])
    return Problem(code=code, text=text, holds_back=holds_back, locator=where.text())


def _unread_row(table: Table, index: int, holds_back: bool) -> Problem:
    words = " | ".join(dict.fromkeys(filter(None, table.rows[index])))
    return _problem("unread_row", f'{_at(table, index)} was left unread: "{words[:160]}".', table, index, holds_back)


def _unread_columns(table: Table, shape: Shape) -> Iterator[Problem]:
    """A column of numbers that stands where a part of the total should may be that part under a new name."""
    measures = {column.measure for column in shape.counts}
    lost = any(column.whole and column.measure is None for column in shape.counts) and bool(
        measures & {"detainer_declined", "insufficient_notice"}
    )
    for name, number in shape.unread:
        text = f'The column "{name[:60]}" was left unread.'
        yield Problem(code="unread_column", text=text, holds_back=lost and number, locator=table.locator.text())


def _unread_table(table: Table, why: str, holds_back: bool) -> Problem:
    first = " | ".join(dict.fromkeys(filter(None, table.rows[0])))
    text = f'A table of {len(table.rows)} rows was left unread: {why}; its first row is "{first[:120]}".'
    return Problem(code="unread_table", text=text, holds_back=holds_back, locator=table.locator.text())
