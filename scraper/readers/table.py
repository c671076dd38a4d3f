"""Tables that a user describes in config.yaml: HTML, CSV, XLSX or PDF, columns found by header, never by position.

A table of any size is read row by row. A row that is known by its hash is neither checked nor made again: what it
states is a function of its cells and of our code, and was right when it was stored.
"""

import json
import re
from array import array
from collections import Counter, defaultdict
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice
from operator import itemgetter
from typing import Any, Final

from scraper.documents import delimited, html, kinds
from scraper.errors import DocumentError, LayoutChanged, Unreadable
from scraper.known import BETWEEN, Known, collected, line_hash, line_start
from scraper.model import (
    Column,
    Document,
    Fact,
    Figure,
    ListedRow,
    Locator,
    Options,
    Problem,
    Reading,
    ReleaseRef,
    Table,
)
from scraper.readers import columns as headers
from scraper.readers import page
from scraper.readers.columns import HEADER_WITHIN, Grid, Header, Row, joined
from scraper.readers.page import discover as discover
from scraper.readers.shape import (
    TYPES,
    Shape,
    bad_cells,
    identifier,
    is_note,
    is_total,
    key_cell,
    shape_of,
    total_label,
    words_of,
)
from scraper.terms import SeriesKind

__all__ = [
    "HEADER_WITHIN",
    "SERIES_KIND",
    "STREAMED",
    "Row",
    "discover",
    "grids",
    "is_total",
    "joined",
    "read",
    "stream",
    "tables_of",
]

SERIES_KIND: SeriesKind = "periodic"
STREAMED: Final = (*kinds.DELIMITED, "text/plain", kinds.XLSX)
MOST_PROBLEMS: Final = 50
_MOST_KEYS: Final = 10_000
"""Keys that stand more than once of which the rows are looked at."""


@dataclass(slots=True, kw_only=True)
class _Seen:
    """What was met on the way through the rows."""

    listed: int = 0
    notes: dict[str, None] = field(default_factory=dict)
    bad: list[Problem] = field(default_factory=list)
    totals: dict[tuple[int, int], tuple[Row, str]] = field(default_factory=dict)
    """Number of the table and of the row -> a TOTAL row and its words."""
    beyond: dict[int, None] = field(default_factory=dict)
    """Columns beyond the last header in which something stands."""
    keys: "array[int]" = field(default_factory=lambda: array("q"))
    """Hash of the key of each listed row."""


def read(document: Document, ref: ReleaseRef, options: Options) -> Reading:
    """Return the table as a whole: its rows, then the figures read off them and its totals."""
    facts, reading = collected(stream(document, ref, options, Known()))
    derived = [figure for fact in facts if isinstance(fact, ListedRow) for figure in fact.figures]
    rows = [replace(fact, figures=()) if isinstance(fact, ListedRow) else fact for fact in facts]
    listed = [row for row in rows if isinstance(row, ListedRow)]
    return replace(reading, facts=(*listed, *derived, *rows[len(listed) :]))


def stream(document: Document, ref: ReleaseRef, options: Options, known: Known) -> Generator[Fact, None, Reading]:
    """Yield the rows of the table, each with its figures, then the figures of its totals.

    `select` among the options is a CSS selector, a sheet name or a page range. `LayoutChanged` where a configured
    header is missing, doubled, or has no rows.
    """
    several = grids(document, options.select)
    columns = options.columns or headers.own(several)
    parts, problems = headers.found(several, columns, headless=document.media_type == kinds.PDF)
    shape, seen = shape_of(columns, options.key), _Seen()
    for number, (grid, header) in enumerate(parts):
        yield from _rows(number, grid, header, shape, known, seen)
    if not seen.listed:
        raise LayoutChanged(f"{ref.url} has the header of the table but no rows under it.")
    totals = [figure for row, label in seen.totals.values() for figure in _figures(row, label, shape)]
    yield from known.untaken(totals)
    problems += [headers.without_header(position) for position in seen.beyond]
    problems += [Problem(code="unread_row", text=text) for text in seen.notes]
    problems += [*seen.bad, *_same_keys(parts, shape, seen), *_totals_that_differ(parts, shape, seen)]
    return Reading(title=page.titled(document), published=ref.published, problems=tuple(problems))


def grids(document: Document, select: str | None) -> list[Grid]:
    """Return the document's tables; a delimited file of any size, and a large workbook, row by row."""
    if document.media_type in kinds.DELIMITED or document.media_type == "text/plain":
        records = delimited.Records(document)
        several = [headers.of_records(lambda: iter(records), Locator(table=1), records)]
    elif document.media_type == kinds.XLSX and document.content is not None:
        from scraper.documents import sheet_rows  # only the process that reads a workbook carries it

        book = sheet_rows.Workbook(document.file())
        several = [headers.of_records(partial(book.rows, name), Locator(sheet=name)) for name in book.names(select)]
    else:
        several = [headers.of_table(table) for table in tables_of(document.loaded(), select)]
    filled = [grid for grid in several if grid.head]
    if not filled:
        raise Unreadable("The file has no cells.")
    return filled


def tables_of(document: Document, select: str | None) -> Sequence[Table]:
    """Return the tables of a document in memory that hold something; `select` as for `stream`."""
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
    filled = [table for table in found if table.rows]
    if not filled:
        where = f' in "{select}"' if select else ""
        raise LayoutChanged(f"No table was found{where} at {document.url}.")
    return filled


def _pages(select: str | None) -> tuple[int, ...] | None:
    match = re.fullmatch(r"(\d{1,4})(?:[-–](\d{1,4}))?", "".join((select or "").split()))
    chosen = tuple(range(int(match[1]), int(match[2] or match[1]) + 1)) if match else ()
    if select and not chosen:
        raise DocumentError(f'"{select}" under select is not a page range such as 2-5.')
    return chosen or None


def _rows(part: int, grid: Grid, header: Header, shape: Shape, known: Known, seen: _Seen) -> Iterator[ListedRow]:
    """Yield the rows below the header that are wanted, without empty rows, repeated headers, notes and totals."""
    start, key_of, keys, take = line_start(shape.names), identifier(shape), seen.keys, known.take
    first = BETWEEN.join(grid.head[header.row][header.positions[name]] for name in shape.names)
    for number, line, cells in _lines(grid, header, shape, seen):
        digest = line_hash(start, line)
        if take(digest):
            seen.listed += 1
        elif line == first or not any(cells):
            continue
        else:
            row = Row(cells=dict(zip(shape.names, cells, strict=True)), locator=grid.at(number))
            if _is_aside(part, number, row, shape, seen):
                continue
            seen.listed += 1
            fact = _listed(row, seen.listed, shape)
            known.meet(digest)
            known.figures += len(fact.figures)
            yield fact
        keys.append(hash(key_of(cells)))


def _lines(grid: Grid, header: Header, shape: Shape, seen: _Seen) -> Iterator[tuple[int, str, Sequence[str]]]:
    """Yield the number of each record below the header and its configured cells, folded, joined and apart."""
    positions = [header.positions[name] for name in shape.names]
    width, raw = len(grid.head[header.row]), grid.raw
    pick = itemgetter(*positions) if len(positions) > 1 else lambda cells: (cells[positions[0]],)
    as_is = positions == list(range(width))
    for number, record in islice(grid.records(), grid.skip[header.row], None):
        if len(record) != width:
            seen.beyond.update((place, None) for place in range(width, len(record)) if record[place].strip())
            record = [*record[:width], *[""] * (width - len(record))]
        cells = record if as_is else pick(record)
        line = BETWEEN.join(cells)
        if raw is not None and (raw.odd or not delimited.is_folded(line, BETWEEN)):
            line = delimited.folded(line, BETWEEN)
            cells = line.split(BETWEEN)
        yield number, line, cells


def _is_aside(part: int, number: int, row: Row, shape: Shape, seen: _Seen) -> bool:
    """Is this a line of text or a TOTAL row, and no row of the table? Notes it, and bad cells of any but the first."""
    if is_note(row, shape.columns):
        seen.notes[f'A line of text in the table was left unread: "{words_of(row)[:200]}"'] = None
        return True
    seen.bad += islice(bad_cells(row, shape.columns), MOST_PROBLEMS - len(seen.bad))
    if label := total_label(row, shape):
        seen.totals[part, number] = row, label
    return bool(label)


_json: Final = json.JSONEncoder(ensure_ascii=False).encode


def _row_key(row: Row, shape: Shape) -> str:
    return _json([key_cell(row.cells[name]) for name in shape.key])


def _listed(row: Row, number: int, shape: Shape) -> ListedRow:
    places = shape.places(row)
    return ListedRow(
        cells=_json(row.cells),
        row_key=_row_key(row, shape),
        row_no=number,
        place_quoted=places.get("place_quoted", ""),
        state_quoted=places.get("state_quoted", ""),
        locator=row.locator,
        figures=tuple(_figures(row, "", shape)),
    )


def _same_keys(parts: Sequence[tuple[Grid, Header]], shape: Shape, seen: _Seen) -> list[Problem]:
    """Name the keys that different rows share; equal rows are not different."""
    if set(shape.key) == set(shape.names) or _distinct(seen.keys) == len(seen.keys):
        return []
    repeated = islice((key for key, times in Counter(seen.keys).items() if times > 1), _MOST_KEYS)
    lines: dict[int, set[tuple[str, ...]]] = {key: set() for key in repeated}
    words: dict[int, str] = {}
    key_of = identifier(shape)
    for row, label in _all_rows(parts, shape, seen):
        cells = tuple(row.cells.values())
        if not label and (key := hash(key_of(cells))) in lines:
            lines[key].add(cells)
            words.setdefault(key, _row_key(row, shape))
    return [
        Problem(code="same_key", text=f"{len(lines[key])} different rows share the key {text[:200]}; all are kept.")
        for key, text in words.items()
        if len(lines[key]) > 1
    ][:MOST_PROBLEMS]


def _distinct(keys: "array[int]") -> int:
    """Count different keys, half of them at a time: a set of all would be the most memory that reading takes."""
    return sum(len({key for key in keys if key & 1 == part}) for part in range(2))


def _figures(row: Row, total: str, shape: Shape) -> Iterator[Figure]:
    """Yield a derived figure for every column with a measure, of a total one for every column that counts.

    What else identifies the row is its figures' label.
    """
    for column in shape.columns:
        cell = row.cells[column.name]
        value = shape.count(row, column) if total else TYPES[column.type][1](cell) if column.measure else None
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


def _totals_that_differ(parts: Sequence[tuple[Grid, Header]], shape: Shape, seen: _Seen) -> Iterator[Problem]:
    """Compare each total with the sum of all rows and with the sum of the rows since the total before it."""
    if not seen.totals:
        return
    every: dict[str, int] = defaultdict(int)
    since: dict[str, int] = defaultdict(int)
    stated: list[tuple[Row, str, Column, int, int]] = []
    for row, label in _all_rows(parts, shape, seen):
        for column in shape.columns:
            value = shape.count(row, column)
            if label and value is not None:
                stated.append((row, label, column, value, since[column.name]))
            elif not label:
                every[column.name] += value or 0
                since[column.name] += value or 0
        if label:
            since.clear()
    for row, label, column, value, before in stated:
        if value not in (every[column.name], before):
            text = f'"{label}" states {value:,} under "{column.header}", but the rows add up to {every[column.name]:,}.'
            yield Problem(code="total_differs", text=text, locator=row.locator.text())


def _all_rows(parts: Sequence[tuple[Grid, Header]], shape: Shape, seen: _Seen) -> Iterator[tuple[Row, str]]:
    """Go through the table once more: each row, with the words of a TOTAL."""
    for part, (grid, header) in enumerate(parts):
        for number, _, cells in _lines(grid, header, shape, seen):
            if (part, number) in seen.totals:
                yield seen.totals[part, number]
            elif any(cells):
                row = Row(cells=dict(zip(shape.names, cells, strict=True)), locator=grid.locator)
                if not is_note(row, shape.columns):
                    yield row, ""
