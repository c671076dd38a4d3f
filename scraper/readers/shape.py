"""What the columns of a configured table are for, and what a row of it is: a row, a note, a total."""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from scraper.documents import values
from scraper.errors import LayoutChanged
from scraper.model import Column, Problem
from scraper.readers.columns import Row

LONGEST_CELL: Final = 100_000
_MARKS: Final = "]*#"
"""What a footnote mark ends with in plain ASCII; an empty cell seems to hold one, and is none the slower for it."""
_ROLES: Final = {
    "place_quoted": ("jurisdiction", "place", "location", "county", "parish", "city", "area"),
    "facility_quoted": ("facility", "jail", "prison", "detention facility", "facility name"),
    "state_quoted": ("state", "state code"),
}
_TOTAL: Final = re.compile(r"((sub|grand|national|overall)[ -]?)?totals?(\W.*)?|.*\Wtotals?\W*")
TYPES: Final[Mapping[str, tuple[str, Callable[[str], float | int | str | None]]]] = {
    "integer": ("a whole number", values.integer),
    "number": ("a number", values.number),
    "percent": ("a percentage", values.percent),
    "money": ("an amount in dollars", values.money),
    "date": ("a date", lambda text: values.date(text) or values.month_year(text)),
    "text": ("a text of readable length", lambda text: text if len(text) <= LONGEST_CELL else None),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What each column is for."""

    columns: Sequence[Column]
    names: Sequence[str]
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


def shape_of(columns: Sequence[Column], key: Sequence[str]) -> Shape:
    """Return what columns are for by their types and names; `key` names those that identify a row."""
    names = [column.name for column in columns]
    texts = tuple(column.name for column in columns if column.type == "text")
    unknown = next((name for name in key if name not in names), None)
    if unknown:
        raise LayoutChanged(f'The key names a column "{unknown}" that the table does not have.')
    called = {values.key(name).replace("_", " "): name for name in reversed(names)}
    roles = {role: called[one] for role, words in _ROLES.items() for one in reversed(words) if one in called}
    return Shape(columns=columns, names=names, texts=texts, key=tuple(key) or texts or names, roles=roles)


def is_note(row: Row, columns: Sequence[Column]) -> bool:
    """A line of text that spans the table, such as its source: the same words in every column, typed ones included."""
    typed = [column for column in columns if column.type != "text"]
    if not typed or len(columns) == 1 or len(set(row.cells.values())) > 1:
        return False
    return bool(words_of(row)) and not any(is_typed(words_of(row), column) for column in typed)


def words_of(row: Row) -> str:
    """Return the first cell of a row: all that a note says."""
    return next(iter(row.cells.values()))


def is_typed(cell: str, column: Column) -> bool:
    """Is a cell what its column is said to hold?"""
    return TYPES[column.type][1](cell) is not None


def bad_cells(row: Row, columns: Sequence[Column]) -> Iterator[Problem]:
    """Yield a problem for each cell that is not what its column is said to hold."""
    for column in columns:
        cell = row.cells[column.name]
        if cell and not is_typed(cell, column):
            where = f'Column "{column.header}", row {row.locator.row}'
            text = f'{where}: "{cell[:60]}" is not {TYPES[column.type][0]}.'
            yield Problem(code="bad_cell", text=text, holds_back=True, locator=row.locator.text())


def is_total(words: str) -> bool:
    """Are these the words of a TOTAL row?"""
    return "total" in words.casefold() and _TOTAL.fullmatch(values.key(words)) is not None


def total_label(row: Row, shape: Shape) -> str:
    """Return the words of a TOTAL row, "" for any other: they are its first text, and a whole number stands beside."""
    words = next((row.cells[name] for name in shape.texts if row.cells[name]), "")
    if not is_total(words):
        return ""
    return words if any(shape.count(row, column) is not None for column in shape.columns) else ""


def key_cell(cell: str) -> str:
    """The form under which rows are recognised: no footnote marks, NFC, no invisible characters (C10)."""
    if cell.isascii() and cell[-1:] not in _MARKS:
        return cell
    bare = values.unfootnoted(cell)
    return unicodedata.normalize("NFC", "".join(char for char in bare if unicodedata.category(char) != "Cf"))


def identifier(shape: Shape) -> Callable[[Sequence[str]], str | tuple[str, ...]]:
    """Return a function from the cells of a row to what its key columns identify it by."""
    places = [shape.names.index(name) for name in shape.key]
    only = places[0]

    def one(cells: Sequence[str]) -> str:
        cell = cells[only]
        return cell if cell.isascii() and cell[-1:] not in _MARKS else key_cell(cell)

    if len(places) == 1:
        return one
    return lambda cells: tuple([key_cell(cells[place]) for place in places])
