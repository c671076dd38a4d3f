"""CSV and its relatives as one table of text cells."""

import csv
import io
import re
from collections import Counter
from typing import Final

from scraper.documents import html
from scraper.documents.values import fold
from scraper.errors import Unreadable
from scraper.model import Locator, Table

LONGEST_CELL: Final = 1_000_000
MOST_CELLS: Final = 50_000_000
DELIMITERS: Final = ",;\t|"
_SAMPLE_ROWS: Final = 50
_CONTROL: Final = re.compile(r"[\x01-\x08\x0e-\x19\x1b-\x1f\x7f]")


def tables(data: bytes, charset: str | None) -> tuple[Table, ...]:
    """Return the one table of a delimited file, every cell as text ("02473" stays) with white space folded.

    Short rows are padded to the longest; empty rows and empty columns at the end are left out. Row numbers count
    records from 1, empty ones included. `Unreadable` where it is empty, binary, or not quoted as it should be.
    """
    text = decode(data, charset)
    csv.field_size_limit(LONGEST_CELL)
    numbers, rows, width = [], [], 0
    for number, cells in enumerate(_records(text, delimiter(text)), start=1):
        row = [fold(cell) for cell in cells]
        while row and not row[-1]:
            row.pop()
        if not row:
            continue
        numbers.append(number)
        rows.append(row)
        width = max(width, len(row))
        if width * len(rows) > MOST_CELLS:
            raise Unreadable(f"The file has more than {MOST_CELLS:,} cells.")
    if not rows:
        raise Unreadable("The file has no cells.")
    padded = tuple(tuple(row) + ("",) * (width - len(row)) for row in rows)
    return (Table(rows=padded, row_numbers=tuple(numbers), locator=Locator(table=1)),)


def decode(data: bytes, charset: str | None) -> str:
    """Return the text: by byte-order mark, else as UTF-8, else as `charset` says, else as Windows-1252.

    Valid UTF-8 is read as UTF-8 whatever the label says, and a wrong UTF-8 label does not stop Windows-1252.
    """
    if not data.strip(b"\0 \t\r\n\xef\xbb\xbf"):
        raise Unreadable("The file is empty.")
    mark = html.marked(data)
    text = html.decoded(data, mark or "utf-8")
    if not mark and (text is None or ("\0" in text and "utf-16" in (charset or "").lower())):
        text = html.decoded(data, charset) or html.decoded(data, "cp1252")
    if text is None:
        raise Unreadable("The file is neither UTF-8 nor Windows-1252 text.")
    if "\0" in text:
        raise Unreadable("The file contains NUL bytes; it is not text.")
    if len(_CONTROL.findall(text, 0, 100_000)) * 200 > min(len(text), 100_000):
        raise Unreadable("The file is binary; it is not text.")
    return text


def delimiter(text: str) -> str:
    """Return the one of `DELIMITERS` that gives the most cells in rows of the same width; a comma if none does."""
    scores = {each: _score(text, each) for each in DELIMITERS}
    return max(DELIMITERS, key=scores.__getitem__)


def is_tabular(text: str) -> bool:
    """Tell whether the first rows of `text`, at least two, split into the same number of cells, at least two."""
    widths = _widths(text, delimiter(text))
    return len(widths) >= 2 and len(set(widths)) == 1 and widths[0] >= 2


def _records(text: str, separator: str) -> list[list[str]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        return list(reader)
    except csv.Error as error:
        if "field limit" in str(error):
            raise Unreadable(f"Line {reader.line_num} has a cell of more than {LONGEST_CELL:,} characters.") from None
        raise Unreadable(f"Line {reader.line_num} is not properly delimited ({error}).") from None


def _widths(text: str, separator: str) -> list[int]:
    """Return the number of cells of the first rows that hold something; a broken quote ends the sample."""
    widths: list[int] = []
    reader = csv.reader(io.StringIO(text[:200_000], newline=""), delimiter=separator)
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                widths.append(len(row))
            if len(widths) == _SAMPLE_ROWS:
                return widths
    except csv.Error:
        return widths
    return widths if len(text) <= 200_000 else widths[:-1]


def _score(text: str, separator: str) -> int:
    counts = Counter(width for width in _widths(text, separator) if width > 1)
    return max((count * (width - 1) for width, count in counts.items()), default=0)
