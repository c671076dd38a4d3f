"""Spreadsheets (XLSX, XLS) as tables of text cells, one per sheet."""

import datetime
import io
from collections.abc import Callable
from typing import Final

from python_calamine import CalamineError, CalamineWorkbook, PasswordError, SheetTypeEnum, SheetVisibleEnum

from scraper.documents import sheet_parts
from scraper.documents.values import fold
from scraper.errors import LayoutChanged, Unreadable
from scraper.model import Locator, Table

Cell = str | float | int | bool | datetime.date | datetime.time | datetime.timedelta
_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_LARGEST_EXACT: Final = 1e15
_ENCRYPTED: Final = "The workbook is encrypted and needs a password."


def tables(data: bytes, sheet: str | None = None) -> tuple[Table, ...]:
    """Return one table per visible sheet that holds something, or only the one named `sheet`, even if hidden.

    Cells are text with white space folded: 206.0 is "206", a date "2025-05-16" (with "T03:04:00" unless midnight), a
    truth value "TRUE", an error "#N/A". Rows and columns that are empty at the edges are cut, empty rows between are
    left out; `row_numbers` are the sheet's own. `Unreadable` where the workbook cannot be read or would unfold to far
    more than it is; `LayoutChanged` where `sheet` is not in it.
    """
    errors = _checked(data)
    try:
        with CalamineWorkbook.from_filelike(io.BytesIO(data)) as book:
            names = _chosen(book, sheet)
            found = [_table(book, name, errors.get(name, {})) for name in names]
    except (PasswordError, CalamineError, OSError, ValueError) as error:
        reason = _ENCRYPTED if isinstance(error, PasswordError) else f"The workbook is damaged or cut ({error})."
        raise Unreadable(reason) from None
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # calamine's panics derive from BaseException and have no module
            raise
        raise Unreadable("The workbook is damaged: the library that reads it gave up on it.") from None
    filled = tuple(table for table in found if table.rows)
    if not filled:
        raise Unreadable("The workbook has no visible sheet that holds anything.")
    return filled


def _checked(data: bytes) -> dict[str, sheet_parts.Errors]:
    """Refuse what is no workbook or a trap; return the error cells of each sheet, which calamine gives as empty."""
    if not data:
        raise Unreadable("The workbook is empty.")
    if data.startswith(b"PK"):
        return sheet_parts.checked(data)
    if not data.startswith(_OLE):
        raise Unreadable("The file is not a workbook.")
    if "EncryptedPackage".encode("utf-16-le") in data:
        raise Unreadable(_ENCRYPTED)
    return {}


def _chosen(book: CalamineWorkbook, wanted: str | None) -> list[str]:
    sheets = [each for each in book.sheets_metadata if each.typ == SheetTypeEnum.WorkSheet]
    if wanted is None:
        return [each.name for each in sheets if each.visible == SheetVisibleEnum.Visible]
    named = [each.name for each in sheets if fold(each.name).casefold() == fold(wanted).casefold()]
    if not named:
        raise LayoutChanged(f'No sheet is named "{wanted}"; there are: {", ".join(each.name for each in sheets)}.')
    return named


def _table(book: CalamineWorkbook, name: str, errors: sheet_parts.Errors) -> Table:
    sheet = book.get_sheet_by_name(name)
    write = _writer()
    first_column = sheet.start[1] if sheet.start else 0
    numbers, rows, width = [], [], 0
    for number, values in enumerate(sheet.iter_rows(), start=1):
        row = [write(value) for value in values]
        for column, error in errors.get(number, {}).items():
            _put(row, column - first_column, error)
        used = max((place for place, cell in enumerate(row, start=1) if cell), default=0)
        if used:
            width = max(width, used)
            numbers.append(number)
            rows.append(row)
    padded = tuple(tuple(row[:width]) + ("",) * (width - len(row)) for row in rows)
    return Table(rows=padded, row_numbers=tuple(numbers), locator=Locator(sheet=name))


def _put(row: list[str], place: int, text: str) -> None:
    if place >= 0:
        row.extend([""] * (place + 1 - len(row)))
        row[place] = row[place] or text


def _writer() -> Callable[[Cell], str]:
    """Return a function from cell to text that gives equal texts as one object: a large sheet repeats itself."""
    texts: dict[str | float, str] = {}

    def write(value: Cell) -> str:
        if isinstance(value, str | float):
            return texts.get(value) or texts.setdefault(value, as_text(value))
        return as_text(value)

    return write


def as_text(value: Cell) -> str:
    """Return a cell as the text that a person sees."""
    if isinstance(value, str):
        return fold(value)
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < _LARGEST_EXACT else repr(value)
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, datetime.datetime):
        whole = (value + datetime.timedelta(microseconds=500_000)).replace(microsecond=0)
        return whole.date().isoformat() if whole.time() == datetime.time() else whole.isoformat()
    if isinstance(value, datetime.timedelta):
        seconds = round(value.total_seconds())
        return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    return str(value)
