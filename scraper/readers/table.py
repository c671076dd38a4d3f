"""Tables that a user describes in config.yaml: HTML, CSV, XLSX or PDF, columns found by header, never by position."""

import json
import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, Final, NoReturn

from scraper.documents import delimited, html, kinds, values
from scraper.errors import DocumentError, LayoutChanged, Unreadable
from scraper.model import Column, Document, Figure, ListedRow, Locator, Options, Problem, Reading, ReleaseRef, Table
from scraper.readers import page
from scraper.readers.page import discover as discover
from scraper.terms import SeriesKind

SERIES_KIND: SeriesKind = "periodic"
HEADER_WITHIN: Final = 30
"""Rows in which the header is looked for."""
LONGEST_CELL: Final = 100_000
MOST_PROBLEMS: Final = 50

_ROLES: Final = {
    "place_quoted": ("jurisdiction", "place", "location", "county", "parish", "city", "area"),
    "facility_quoted": ("facility", "jail", "prison", "detention facility", "facility name"),
    "state_quoted": ("state", "state code"),
}
_json: Final = json.JSONEncoder(ensure_ascii=False).encode
_TOTAL: Final = re.compile(r"((sub|grand|national|overall)[ -]?)?totals?(\W.*)?|.*\Wtotals?\W*")
_TYPES: Final[Mapping[str, tuple[str, Callable[[str], float | int | str | None]]]] = {
    "integer": ("a whole number", values.integer),
    "number": ("a number", values.number),
    "percent": ("a percentage", values.percent),
    "money": ("an amount in dollars", values.money),
    "date": ("a date", lambda text: values.date(text) or values.month_year(text)),
    "text": ("a text of readable length", lambda text: text if len(text) <= LONGEST_CELL else None),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row under the header: configured name -> cell as published."""

    cells: dict[str, str]
    locator: Locator


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shape:
    """What each column is for."""

    columns: Sequence[Column]
    texts: Sequence[str]
    key: Sequence[str]
    roles: Mapping[str, str]
    """Field of a fact -> name of the column that holds this kind of place, where there is one."""

    def places(self, row: Row) -> dict[str, Any]:
        """Return the quoted places of a row under the names of a fact's fields."""
        return {field: values.unfootnoted(row.cells[name]) for field, name in self.roles.items()}

    def count(self, row: Row, column: Column) -> int | None:
        """The whole number in a cell; where the user named no types, a text column may hold one too."""
        typed = len(self.texts) < len(self.columns)
        return values.integer(row.cells[column.name]) if column.type == "integer" or not typed else None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Header:
    row: int
    positions: Mapping[str, int]
    doubled: str | None = None


def read(document: Document, ref: ReleaseRef, options: Options) -> Reading:
    """Return the rows of the table; `LayoutChanged` where a configured header is missing, doubled, or has no rows."""
    tables = tables_of(document, options.select)
    columns = options.columns or _own_columns(tables)
    found, problems = joined(tables, columns, headless=document.media_type == kinds.PDF)
    shape = _shape(columns, options.key)
    notes = [row for row in found if _is_note(row, columns)]
    rows = [row for row in found if not _is_note(row, columns)] if notes else found
    told = [(row, _total_label(row, shape)) for row in rows]
    listed = [row for row, label in told if not label]
    if not listed:
        raise LayoutChanged(f"{ref.url} has the header of the table but no rows under it.")
    facts = [_listed(row, number, shape) for number, row in enumerate(listed, start=1)]
    unread = dict.fromkeys(f'A line of text in the table was left unread: "{_words(row)[:200]}"' for row in notes)
    problems += [Problem(code="unread_row", text=text) for text in unread]
    problems += [*_bad_cells(rows, columns), *_same_keys(facts), *_totals_that_differ(told, shape)]
    totals_last = sorted(told, key=lambda one: bool(one[1]))
    figures = [figure for row, label in totals_last for figure in _figures(row, label, shape)]
    return Reading(
        title=page.titled(document), published=ref.published, facts=(*facts, *figures), problems=tuple(problems)
    )


def tables_of(document: Document, select: str | None) -> Sequence[Table]:
    """Return the document's tables; `select` is a CSS selector, a sheet name or a page range."""
    match document.media_type:
        case kind if kind in kinds.PAGES:
            found: Sequence[Table] | None = html.tables(html.parse(document), select)
        case kinds.PDF:
            from scraper.documents import pdf  # only the process that reads a PDF carries the library

            found = pdf.tables(document.data, pages=_pages(select))
        case "text/plain":
            found = delimited.tables(document.data, document.charset)
        case _:
            found = page.grids(document, select)
    if found is None:
        raise Unreadable(f"{document.url} is of type {document.media_type}, not an HTML, CSV, XLSX or PDF table.")
    if not any(table.rows for table in found):
        where = f' in "{select}"' if select else ""
        raise LayoutChanged(f"No table was found{where} at {document.url}.")
    return found


def _pages(select: str | None) -> tuple[int, ...] | None:
    match = re.fullmatch(r"(\d{1,4})(?:[-–](\d{1,4}))?", "".join((select or "").split()))
    chosen = tuple(range(int(match[1]), int(match[2] or match[1]) + 1)) if match else ()
    if select and not chosen:
        raise DocumentError(f'"{select}" under select is not a page range such as 2-5.')
    return chosen or None


def joined(
    tables: Sequence[Table], columns: Sequence[Column], headless: bool = False
) -> tuple[list[Row], list[Problem]]:
    """Return the rows of all tables under the configured headers, in order, and what was left unread.

    `headless`: the tables are parts of one (a PDF), so one of the same width without a header may be its second half.
    `LayoutChanged` where no table has all headers, or one of them twice.
    """
    rows: list[Row] = []
    problems: list[Problem] = []
    found = [(table, _header(table, columns)) for table in tables]
    whole = [len(header.positions) == len(columns) for _, header in found]
    if not any(whole):
        _explain(*max(found, key=lambda pair: len(pair[1].positions)), columns)
    widths = {len(table.rows[0]) for (table, _), full in zip(found, whole, strict=True) if full}
    for (table, header), full in zip(found, whole, strict=True):
        if full:
            rows += _body(table, header, columns)
            problems += _unread_columns(table, header)
        elif header.positions or (headless and len(table.rows[0]) in widths):
            problems.append(_unread_table(table, header))
    return rows, list(dict.fromkeys(problems))


def _key(text: str) -> str:
    return values.key(values.unfootnoted(text.replace("|", " ")))


def _own_columns(tables: Sequence[Table]) -> tuple[Column, ...]:
    """Without configured columns, the first row of which every cell in use has words is the header."""
    for table in tables:
        used = [any(cells) for cells in zip(*table.rows, strict=True)]
        for row in table.rows[:HEADER_WITHIN]:
            names = [cell for cell, kept in zip(row, used, strict=True) if kept]
            if len(names) > 1 and all(name and re.search(r"[^\W\d_]", name) for name in names):
                return tuple(Column(name=name, header=name.replace("|", " ")) for name in names)
    raise LayoutChanged("No row of the table has a header over every column.")


def _header(table: Table, columns: Sequence[Column]) -> _Header:
    """Find the row with the most configured headers; where all are there, none may stand over two columns."""
    alternatives = {column: dict.fromkeys(filter(None, map(_key, column.header.split("|")))) for column in columns}
    best = _Header(row=0, positions={})
    for number, row in enumerate(table.rows[:HEADER_WITHIN]):
        found: dict[str, list[int]] = defaultdict(list)
        for position, cell in enumerate(row):
            found[_key(cell)].append(position)
        at = {column.header: [p for one in alternatives[column] for p in found.get(one, ())] for column in columns}
        positions = {column.name: at[column.header][0] for column in columns if at[column.header]}
        doubled = next((header for header, where in at.items() if len(where) > 1), None)
        if (len(positions), doubled is None) > (len(best.positions), best.doubled is None):
            best = _Header(row=number, positions=positions, doubled=doubled)
    if best.doubled is not None and len(best.positions) == len(columns):
        raise LayoutChanged(f'The header "{best.doubled}" stands over more than one column, so neither is certain.')
    return best


def _explain(table: Table, best: _Header, columns: Sequence[Column]) -> NoReturn:
    missing = ", ".join(f'"{column.header}"' for column in columns if column.name not in best.positions)
    there = ", ".join(f'"{cell[:60]}"' for cell in table.rows[best.row] if cell) if table.rows else "nothing"
    raise LayoutChanged(f"The table has no column headed {missing}; its headers are {there}.")


def _body(table: Table, header: _Header, columns: Sequence[Column]) -> Iterator[Row]:
    """Yield the rows below the header without empty rows and repeated headers."""
    first = table.rows[header.row]
    for index in range(header.row + 1, len(table.rows)):
        row = table.rows[index]
        cells = {column.name: row[header.positions[column.name]] for column in columns}
        if not any(cells.values()) or all(row[p] == first[p] for p in header.positions.values()):
            continue
        on_page = table.page_numbers[index] if table.page_numbers else table.locator.page
        yield Row(cells=cells, locator=replace(table.locator, row=table.row_numbers[index], page=on_page))


def _is_note(row: Row, columns: Sequence[Column]) -> bool:
    """A line of text that spans the table, such as its source: the same words in every column, typed ones included."""
    typed = [column for column in columns if column.type != "text"]
    if not typed or len(columns) == 1 or len(set(row.cells.values())) > 1:
        return False
    return bool(_words(row)) and not any(_is_typed(_words(row), column) for column in typed)


def _words(row: Row) -> str:
    return next(iter(row.cells.values()))


def _is_typed(cell: str, column: Column) -> bool:
    return _TYPES[column.type][1](cell) is not None


def _unread_columns(table: Table, header: _Header) -> Iterator[Problem]:
    for position, name in enumerate(table.rows[header.row]):
        if position in header.positions.values():
            continue
        if name:
            yield Problem(code="unread_column", text=f'The column "{name}" is not named in the configuration.')
        elif any(row[position] for row in table.rows[header.row + 1 :]):
            yield Problem(code="unread_column", text=f"Column {position + 1} holds text but has no header.")


def _unread_table(table: Table, header: _Header) -> Problem:
    """A table that may be a part of ours must not vanish in silence; without a header it may be its second half."""
    has = "not all" if header.positions else "none"
    text = f"A table of {len(table.rows)} rows was left unread: it has {has} of the headers."
    return Problem(code="unread_table", text=text, holds_back=not header.positions, locator=table.locator.text())


def _bad_cells(rows: Sequence[Row], columns: Sequence[Column]) -> Iterator[Problem]:
    every = ((row, column) for row in rows for column in columns)
    bad = (pair for pair in every if (cell := pair[0].cells[pair[1].name]) and not _is_typed(cell, pair[1]))
    for row, column in islice(bad, MOST_PROBLEMS):
        where = f'Column "{column.header}", row {row.locator.row}'
        text = f'{where}: "{row.cells[column.name][:60]}" is not {_TYPES[column.type][0]}.'
        yield Problem(code="bad_cell", text=text, holds_back=True, locator=row.locator.text())


def _shape(columns: Sequence[Column], key: Sequence[str]) -> _Shape:
    names = [column.name for column in columns]
    texts = tuple(column.name for column in columns if column.type == "text")
    unknown = next((name for name in key if name not in names), None)
    if unknown:
        raise LayoutChanged(f'The key names a column "{unknown}" that the table does not have.')
    called = {values.key(name).replace("_", " "): name for name in reversed(names)}
    roles = {role: called[one] for role, words in _ROLES.items() for one in reversed(words) if one in called}
    return _Shape(columns=columns, texts=texts, key=tuple(key) or texts or names, roles=roles)


def _key_cell(cell: str) -> str:
    """The form under which rows are recognised: no footnote marks, NFC, no invisible characters (C10)."""
    bare = values.unfootnoted(cell)
    if bare.isascii():
        return bare
    return unicodedata.normalize("NFC", "".join(char for char in bare if unicodedata.category(char) != "Cf"))


def _listed(row: Row, number: int, shape: _Shape) -> ListedRow:
    places = shape.places(row)
    return ListedRow(
        cells=_json(row.cells),
        row_key=_json([_key_cell(row.cells[name]) for name in shape.key]),
        row_no=number,
        place_quoted=places.get("place_quoted", ""),
        state_quoted=places.get("state_quoted", ""),
        locator=row.locator,
    )


def _same_keys(facts: Sequence[ListedRow]) -> list[Problem]:
    by_key: dict[str, set[str]] = defaultdict(set)
    for fact in facts:
        by_key[fact.row_key].add(fact.cells)
    return [
        Problem(code="same_key", text=f"{len(cells)} different rows share the key {key[:200]}; all are kept.")
        for key, cells in by_key.items()
        if len(cells) > 1
    ][:MOST_PROBLEMS]


def _figures(row: Row, total: str, shape: _Shape) -> Iterator[Figure]:
    """Yield a derived figure for every column with a measure, of a total one for every column that counts.

    What else identifies the row is its figures' label.
    """
    for column in shape.columns:
        cell = row.cells[column.name]
        value = shape.count(row, column) if total else _TYPES[column.type][1](cell) if column.measure else None
        if not isinstance(value, int | float):
            continue
        if total:
            own: dict[str, Any] = {"label_quoted": total if column.measure else f"{total}: {column.header}"}
        else:
            rest = (row.cells[name] for name in shape.key if name not in shape.roles.values())
            own = shape.places(row) | {"label_quoted": "; ".join(filter(None, rest)), "derived": True}
        yield Figure(
            measure=column.measure,
            unit=column.unit or ("percent" if column.type == "percent" else None),
            value=value,
            value_quoted=cell,
            locator=replace(row.locator, column=column.header),
            **own,
        )


def _total_label(row: Row, shape: _Shape) -> str:
    """Return the words of a TOTAL row, "" for any other: they are its first text, and a whole number stands beside."""
    words = next((row.cells[name] for name in shape.texts if row.cells[name]), "")
    if "total" not in words.casefold() or not _TOTAL.fullmatch(values.key(words)):
        return ""
    return words if any(shape.count(row, column) is not None for column in shape.columns) else ""


def _totals_that_differ(told: Sequence[tuple[Row, str]], shape: _Shape) -> Iterator[Problem]:
    """Compare each total with the sum of all rows and with the sum of the rows since the total before it."""
    for column in shape.columns if any(label for _, label in told) else ():
        own = [(row, label, shape.count(row, column)) for row, label in told]
        every = sum(value or 0 for _, label, value in own if not label)
        since = 0
        for row, label, value in own:
            if label and value is not None and value not in (every, since):
                text = f'"{label}" states {value:,} under "{column.header}", but the rows add up to {every:,}.'
                yield Problem(code="total_differs", text=text, locator=row.locator.text())
            since = 0 if label else since + (value or 0)
