"""CSV and its relatives as one table of text cells."""

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import chain
from typing import BinaryIO, Final

from scraper.documents import html
from scraper.documents.values import fold
from scraper.errors import Unreadable
from scraper.model import Document, Locator, Table

LONGEST_CELL: Final = 1_000_000
LONGEST_LINE: Final = 16_000_000
MOST_CELLS: Final = 50_000_000
DELIMITERS: Final = ",;\t|"
_SAMPLE_ROWS: Final = 50
_SAMPLE: Final = 200_000
_BLOCK: Final = 1 << 18
_NO_TEXT: Final = "The file is neither UTF-8 nor Windows-1252 text."
_NUL: Final = "The file contains NUL bytes; it is not text."
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


class Records:
    """The records of a delimited file of any size, cells as they stand; may be gone through several times.

    `Unreadable` as for `tables`, at once or where the file turns out to be so.
    """

    def __init__(self, document: Document, block: int = _BLOCK) -> None:
        self._document, self._block = document, block
        self._text = decode(document.data, document.charset) if document.content is None else None
        self._separator = delimiter(self._text or self._sample())
        self._given = 0
        self.odd = False
        """Whether the text around the record given last holds white space other than blanks and line ends."""

    def __iter__(self) -> Iterator[tuple[int, list[str]]]:
        """Yield the number of each record from 1, empty ones included, and its cells."""
        csv.field_size_limit(LONGEST_CELL)
        reader = csv.reader(chain.from_iterable(self._lines()), delimiter=self._separator, strict=True)
        try:
            for self._given, cells in enumerate(reader, start=1):
                yield self._given, cells
        except csv.Error as error:
            raise _misquoted(reader.line_num, error) from None

    def _lines(self) -> Iterator[io.StringIO]:
        """Yield whole lines, some thousand at a time; a record may begin in one and end in a later one."""
        rest, before, given = "", False, -1
        for block in self._decoded() if self._text is None else (self._text,):
            text = rest + block if rest else block
            cut = max(text.rfind("\n"), text.rfind("\r", 0, -1)) + 1  # a \n may follow the last \r
            now = any(map(text.__contains__, _ODD))
            self.odd = now or before or (self.odd and self._given == given)
            before, given, rest = now, self._given, text[cut:]
            _refuse_endless(rest)
            yield io.StringIO(text[:cut] if rest else text, newline="")
        yield io.StringIO(rest, newline="")

    def _sample(self) -> str:
        """Return what the file begins with, as much as tells its delimiter."""
        text = ""
        for block in self._decoded():
            text += block
            if len(text) > _SAMPLE:
                break
        _refuse_binary(text)
        return text

    def _decoded(self) -> Iterator[str]:
        """Decode a large file piece by piece: by its mark, else as UTF-8, else from there on as it is labelled.

        What comes after letters that were UTF-8 must be UTF-8, or nothing of the file is certain.
        """
        with self._document.open() as stream:
            block, ended, plain = _filled(stream, self._block), False, True
            mark = html.marked(block) or _wide(block, self._document.charset)
            decoder = codecs.getincrementaldecoder(mark or "utf-8")()
            while not ended:
                pending, ended = decoder.getstate()[0], len(block) < self._block
                try:
                    text = decoder.decode(block, ended)
                except UnicodeDecodeError:
                    labels = (self._document.charset or "", "cp1252") if plain and not mark else ()
                    decoder, text = _labelled(pending + block, labels, ended)
                plain = plain and text.isascii()
                if "\0" in text:
                    raise Unreadable(_NUL)
                yield text
                block = b"" if ended else _filled(stream, self._block)


def _filled(stream: BinaryIO, size: int) -> bytes:
    """Read as much as was asked for, though the stream may give less at a time; less is the end."""
    block = stream.read(size)
    while len(block) < size and (more := stream.read(size - len(block))):
        block += more
    return block


def _wide(block: bytes, label: str | None) -> str | None:
    """Return the label of a file that is UTF-16 without a mark."""
    is_wide = "utf-16" in (label or "").lower() and b"\0" in block and html.decoded(b"ab", label) is not None
    return label if is_wide else None


def _labelled(data: bytes, labels: Sequence[str], ended: bool) -> tuple[codecs.IncrementalDecoder, str]:
    for label in labels:
        if "utf" not in label.lower() and html.decoded(b"ab", label) is not None:
            decoder = codecs.getincrementaldecoder(html.encoding(label))()
            with suppress(UnicodeDecodeError):
                return decoder, decoder.decode(data, ended)
    raise Unreadable(_NO_TEXT)


_ODD: Final = "\t\x0b\x0c\x1c\x1d\x1e\x1f\x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(
    map(chr, range(0x2000, 0x200B))
)
"""All white space but blanks and line ends."""


def is_folded(line: str, separator: str) -> bool:
    """Are the cells of this line, joined by a separator, as `fold` leaves them? For text without odd white space."""
    if "  " in line or "\n" in line or "\r" in line or line[:1] == " " or line[-1:] == " ":
        return False
    return " " + separator not in line and separator + " " not in line


def folded(line: str, separator: str) -> str:
    """Return cells joined by a separator, which is no white space, with each cell as `fold` leaves it."""
    return fold(line).replace(" " + separator, separator).replace(separator + " ", separator)


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
        raise Unreadable(_NO_TEXT)
    if "\0" in text:
        raise Unreadable(_NUL)
    _refuse_binary(text)
    return text


def _refuse_binary(text: str) -> None:
    if len(_CONTROL.findall(text, 0, 100_000)) * 200 > min(len(text), 100_000):
        raise Unreadable("The file is binary; it is not text.")


def delimiter(text: str) -> str:
    """Return the one of `DELIMITERS` that gives the most cells in rows of the same width; a comma if none does."""
    scores = {each: _score(text, each) for each in DELIMITERS}
    return max(DELIMITERS, key=scores.__getitem__)


def is_tabular(text: str) -> bool:
    """Tell whether the first rows of `text`, at least two, split into the same number of cells, at least two."""
    widths = _widths(text, delimiter(text))
    return len(widths) >= 2 and len(set(widths)) == 1 and widths[0] >= 2


def _refuse_endless(line: str) -> None:
    if len(line) > LONGEST_LINE:
        raise Unreadable(f"The file has a line of more than {LONGEST_LINE:,} characters.")


def _records(text: str, separator: str) -> list[list[str]]:
    if len(text) > LONGEST_LINE:
        _refuse_endless(max(text.split("\n"), key=len))
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        return list(reader)
    except csv.Error as error:
        raise _misquoted(reader.line_num, error) from None


def _misquoted(line: int, error: csv.Error) -> Unreadable:
    if "field limit" in str(error):
        return Unreadable(f"Line {line} has a cell of more than {LONGEST_CELL:,} characters.")
    return Unreadable(f"Line {line} is not properly delimited ({error}).")


def _widths(text: str, separator: str) -> list[int]:
    """Return the number of cells of the first rows that hold something; a broken quote ends the sample."""
    widths: list[int] = []
    reader = csv.reader(io.StringIO(text[:_SAMPLE], newline=""), delimiter=separator)
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                widths.append(len(row))
            if len(widths) == _SAMPLE_ROWS:
                return widths
    except csv.Error:
        return widths
    return widths if len(text) <= _SAMPLE else widths[:-1]


def _score(text: str, separator: str) -> int:
    counts = Counter(width for width in _widths(text, separator) if width > 1)
    return max((count * (width - 1) for width, count in counts.items()), default=0)
