"""Columns found by the words of their headers, never by position: which row is the header, and what stands where."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice, zip_longest
from typing import Final, NoReturn

from scraper.documents import delimited, values
from scraper.errors import LayoutChanged
from scraper.model import Column, Locator, Problem, Table

HEADER_WITHIN: Final = 30
"""Rows in which the header is looked for."""
_SAMPLE: Final = 1000
"""Rows of a large file by which it is judged which of its columns are in use."""
Record = tuple[int, Sequence[str]]
"""Number of a row in its document, and its cells as they stand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row under the header: configured name -> cell as published."""

    cells: dict[str, str]
    locator: Locator


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """A table of any size: its first rows at hand, all of its records to go through, as often as needed."""

    head: Sequence[Sequence[str]]
    """The first rows that hold something, cells folded."""
    skip: Sequence[int]
    """For each of them how many records there are up to and with it."""
    used: Sequence[bool]
    """Which columns hold something below the first row, as far as was looked."""
    records: Callable[[], Iterator[Record]]
    locator: Locator
    pages: Mapping[int, int]
    """Number of a row -> page of a PDF."""
    raw: delimited.Records | None = None
    """The file whose cells are not folded; None: they are."""

    def at(self, number: int) -> Locator:
        """Where a row stands."""
        return replace(self.locator, row=number, page=self.pages.get(number, self.locator.page))


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """The row with the most headers, and the column under each."""

    row: int
    positions: Mapping[str, int]
    doubled: str | None = None


def of_table(table: Table) -> Grid:
    """Return a table that is in memory as a grid."""
    return Grid(
        head=table.rows,
        skip=range(1, len(table.rows) + 1),
        used=[any(cells) for cells in zip(*table.rows, strict=True)],
        records=lambda: iter(zip(table.row_numbers, table.rows, strict=True)),
        locator=table.locator,
        pages=dict(zip(table.row_numbers, table.page_numbers, strict=True)) if table.page_numbers else {},
    )


def of_records(records: Callable[[], Iterator[Record]], locator: Locator, raw: delimited.Records | None = None) -> Grid:
    """Return a table of any size as a grid; `raw` is the file that its cells come from as they stand."""
    sample = enumerate(islice(records(), _SAMPLE), start=1)
    held = [(place, [values.fold(cell) for cell in cells]) for place, (_, cells) in sample if any(cells)]
    width = max((len(cells) for _, cells in held), default=0)
    head = [(*cells, *[""] * (width - len(cells))) for _, cells in held]
    return Grid(
        head=head,
        skip=[place for place, _ in held],
        used=[any(cells) for cells in zip_longest(*head, fillvalue="")],
        records=records,
        locator=locator,
        pages={},
        raw=raw,
    )


def joined(
    tables: Sequence[Table], columns: Sequence[Column], headless: bool = False
) -> tuple[list[Row], list[Problem]]:
    """Return the rows of tables in memory under the configured headers, in order, and what was left unread."""
    parts, problems = found([of_table(table) for table in tables], columns, headless)
    rows: list[Row] = []
    for grid, header in parts:
        first = grid.head[header.row]
        for number, cells in islice(grid.records(), grid.skip[header.row], None):
            row = {name: cells[position] for name, position in header.positions.items()}
            if any(row.values()) and any(cells[p] != first[p] for p in header.positions.values()):
                rows.append(Row(cells=row, locator=grid.at(number)))
    return rows, problems


def found(
    grids: Sequence[Grid], columns: Sequence[Column], headless: bool = False
) -> tuple[list[tuple[Grid, Header]], list[Problem]]:
    """Return the tables that have all configured headers, and what was left unread.

    `headless`: the tables are parts of one (a PDF), so one of the same width without a header may be its second half.
    `LayoutChanged` where no table has all headers, or one of them twice.
    """
    problems: list[Problem] = []
    every = [(grid, _header(grid, columns)) for grid in grids]
    whole = [(grid, header) for grid, header in every if len(header.positions) == len(columns)]
    if not whole:
        _explain(*max(every, key=lambda pair: len(pair[1].positions)), columns)
    widths = {len(grid.head[0]) for grid, _ in whole}
    for grid, header in every:
        if len(header.positions) == len(columns):
            problems += _unread_columns(grid, header)
        elif header.positions or (headless and len(grid.head[0]) in widths):
            problems.append(_unread_table(grid, header))
    return whole, list(dict.fromkeys(problems))


def own(grids: Sequence[Grid]) -> tuple[Column, ...]:
    """Without configured columns, the first row of which every cell in use has words is the header."""
    for grid in grids:
        for row in grid.head[:HEADER_WITHIN]:
            names = [cell for cell, kept in zip(row, grid.used, strict=True) if kept]
            if len(names) > 1 and all(name and re.search(r"[^\W\d_]", name) for name in names):
                return tuple(Column(name=name, header=name.replace("|", " ")) for name in names)
    raise LayoutChanged("No row of the table has a header over every column.")


def _key(text: str) -> str:
    return values.key(values.unfootnoted(text.replace("|", " ")))


def _header(grid: Grid, columns: Sequence[Column]) -> Header:
    """Find the row with the most configured headers; where all are there, none may stand over two columns."""
    alternatives = {column: dict.fromkeys(filter(None, map(_key, column.header.split("|")))) for column in columns}
    best = Header(row=0, positions={})
    for number, row in enumerate(grid.head[:HEADER_WITHIN]):
        there: dict[str, list[int]] = defaultdict(list)
        for position, cell in enumerate(row):
            there[_key(cell)].append(position)
        at = {column.header: [p for one in alternatives[column] for p in there.get(one, ())] for column in columns}
        positions = {column.name: at[column.header][0] for column in columns if at[column.header]}
        doubled = next((header for header, where in at.items() if len(where) > 1), None)
        if (len(positions), doubled is None) > (len(best.positions), best.doubled is None):
            best = Header(row=number, positions=positions, doubled=doubled)
    if best.doubled is not None and len(best.positions) == len(columns):
        raise LayoutChanged(f'The header "{best.doubled}" stands over more than one column, so neither is certain.')
    return best


def _explain(grid: Grid, best: Header, columns: Sequence[Column]) -> NoReturn:
    missing = ", ".join(f'"{column.header}"' for column in columns if column.name not in best.positions)
    there = ", ".join(f'"{cell[:60]}"' for cell in grid.head[best.row] if cell) if grid.head else "nothing"
    raise LayoutChanged(f"The table has no column headed {missing}; its headers are {there}.")


def _unread_columns(grid: Grid, header: Header) -> Iterator[Problem]:
    for position, name in enumerate(grid.head[header.row]):
        if position in header.positions.values():
            continue
        if name:
            yield Problem(code="unread_column", text=f'The column "{name}" is not named in the configuration.')
        elif any(row[position] for row in grid.head[header.row + 1 :]):
            yield without_header(position)


def without_header(position: int) -> Problem:
    """Name a column, from 0, that nobody named."""
    return Problem(code="unread_column", text=f"Column {position + 1} holds text but has no header.")


def _unread_table(grid: Grid, header: Header) -> Problem:
    """A table that may be a part of ours must not vanish in silence; without a header it may be its second half."""
    has = "not all" if header.positions else "none"
    text = f"A table of {len(grid.head)} rows was left unread: it has {has} of the headers."
    return Problem(code="unread_table", text=text, holds_back=not header.positions, locator=grid.locator.text())
