"""Large XLSX sheets row by row: the text of a few rows is in memory at a time, not the sheet.

`sheet` reads a workbook through a library that unfolds all of it (2 GB for 400,000 rows of 65 columns). Here the XML of
a sheet is cut into rows as it is unpacked. Cells written as all common programs write them are taken by one pattern;
a row that holds anything else goes through an XML parser. Both give the same text as `sheet`.
"""

import datetime
import html
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import BinaryIO, Final
from xml.etree import ElementTree

from scraper.documents import sheet_parts
from scraper.documents.sheet import as_text
from scraper.documents.values import fold
from scraper.errors import LayoutChanged, Unreadable

Record = tuple[int, list[str]]
"""Number of a row in its sheet, from 1, and its cells, folded."""

_CHUNK: Final = 1 << 18
_LONGEST_ROW: Final = 1 << 26
_MOST_COLUMNS: Final = 16_384
_TEXT: Final = re.compile(rb"<(?:\w+:)?t(?:\s[^>]*)?>([^<]*)</(?:\w+:)?t>")
_RUBY: Final = re.compile(rb"<(?:\w+:)?rPh[\s>].*?</(?:\w+:)?rPh>", re.DOTALL)
_ESCAPED: Final = re.compile(r"_x([0-9A-Fa-f]{4})_")
_NUMBER: Final = re.compile(rb'\sr="([0-9]{1,7})"')
_DATE_IDS: Final = frozenset((*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)))
_LITERAL: Final = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?!h+\]|m+\]|s+\])[^\]]*\]', re.IGNORECASE)
_SPAN: Final = re.compile(r"\[(?:h+|m+|s+)\]", re.IGNORECASE)
_EPOCH: Final = {False: datetime.datetime(1899, 12, 30), True: datetime.datetime(1904, 1, 1)}  # noqa: DTZ001  no zone


class Workbook:
    """An XLSX file whose sheets can be gone through row by row. `Unreadable` where it is damaged or a trap."""

    def __init__(self, file: BinaryIO) -> None:
        try:
            self._archive = zipfile.ZipFile(file)
            sheet_parts.refuse_traps(self._archive.infolist())
            self._sheets = sheet_parts.sheets(self._archive)
            self._shared = _shared_strings(self._archive)
            dates, spans, late = _styles(self._archive)
        except (*sheet_parts.DAMAGED, ElementTree.ParseError, RuntimeError):
            raise Unreadable("The workbook is damaged or cut: its archive cannot be unpacked.") from None
        self._number = _numbers(dates, spans, late)

    def names(self, wanted: str | None = None) -> list[str]:
        """Return the visible sheets, or the one wanted, even if hidden; `LayoutChanged` where it is not there."""
        if wanted is None:
            return [name for name, (_, visible) in self._sheets.items() if visible]
        named = [name for name in self._sheets if fold(name).casefold() == fold(wanted).casefold()]
        if not named:
            raise LayoutChanged(f'No sheet is named "{wanted}"; there are: {", ".join(self._sheets)}.')
        return named

    def rows(self, name: str) -> Iterator[Record]:
        """Yield the rows of a sheet that hold something."""
        try:
            with self._archive.open(self._sheets[name][0]) as stream:
                yield from self._rows(stream)
        except (*sheet_parts.DAMAGED, IndexError, ElementTree.ParseError):
            raise Unreadable(f'The sheet "{name}" is damaged or cut.') from None

    def _rows(self, stream: Iterable[bytes]) -> Iterator[Record]:
        number, usual, cell = 0, b"<c ", _cell(b"")
        for piece, prefix in _pieces(stream, b"row"):
            if prefix and usual == b"<c ":
                usual, cell = b"<" + prefix + b"c ", _cell(prefix)
            start = piece.rfind(b"<" + prefix + b"row")
            end = piece.find(b">", start)
            stated = _NUMBER.search(piece, start, end)
            number = int(stated[1]) if stated else number + 1
            found = cell.findall(piece, end)
            cells = self._cells(found) if len(found) == piece.count(usual, end) else self._odd(piece[end + 1 :], prefix)
            if any(cells):
                yield number, cells

    def _cells(self, found: Sequence[tuple[bytes, bytes, bytes, bytes]]) -> list[str]:
        """Take the cells of a row that are written in the common way."""
        shared, number, cells = self._shared, self._number, [""] * len(found)
        for letters, style, kind, value in found:
            if not value:
                continue
            if kind == b"s":
                text = shared[int(value)]
            elif not kind or kind == b"n":
                text = number(value, style)
            else:
                text = _other(kind, value)
            place = _column(letters)
            if place >= len(cells):
                cells += [""] * (place + 1 - len(cells))
            cells[place] = text
        return cells

    def _odd(self, row: bytes, prefix: bytes) -> list[str]:
        """Take any other row through an XML parser: text in place, formulas, cells that do not say where they are."""
        name = prefix.rstrip(b":")
        space = b"xmlns" + (b":" + name if name else b"") + b'="s"'
        tree = ElementTree.fromstring(b"<r " + space + b">" + row + b"</r>")  # noqa: S314  can hold no document type
        found: list[tuple[bytes, bytes, bytes, bytes]] = []
        texts: dict[int, str] = {}
        place = -1
        for each in tree.iter("{s}c"):
            letters = re.match(r"[A-Z]+", each.get("r", ""))
            place = _column(letters[0].encode()) if letters else place + 1
            if each.get("t") == "inlineStr":
                texts[place] = fold(_unescaped("".join(part.text or "" for part in each.iter("{s}t"))))
                continue
            value = (each.findtext("{s}v") or "").encode()
            found.append((_letters(place), each.get("s", "").encode(), each.get("t", "").encode(), value))
        cells = self._cells(found)
        for place, text in texts.items():
            cells += [""] * (place + 1 - len(cells))
            cells[place] = text
        return cells


def _pieces(stream: Iterable[bytes], tag: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Cut XML at the end of each `tag`, and yield what came before it, with the prefix of its names."""
    read: Callable[[int], bytes] = stream.read  # type: ignore[attr-defined]
    rest = read(_CHUNK)
    if b"<!DOCTYPE" in rest[:4096]:
        raise Unreadable(sheet_parts.DOCUMENT_TYPE)
    root = re.search(rb"<(\w+:)?(?:worksheet|sst)[\s>]", rest[:4096])
    prefix = (root[1] or b"") if root else b""
    end = b"</" + prefix + tag + b">"
    while rest:
        *whole, rest = rest.split(end)
        for piece in whole:
            yield piece, prefix
        chunk = read(_CHUNK)
        if not chunk:
            return
        if len(rest) > _LONGEST_ROW:
            raise Unreadable("A row of the workbook is too long to be one.")
        rest += chunk


def _cell(prefix: bytes) -> re.Pattern[bytes]:
    """A cell as all common programs write it: column, style, type, value."""
    c, v = b"<" + prefix + b"c", prefix + b"v"
    return re.compile(
        c + rb' r="([A-Z]{1,3})[0-9]{1,7}"(?: s="([0-9]+)")?(?: t="([a-z]+)")?(?:/>|>(?:<' + v + rb">([^<]*)</" + v
        + rb">)?</" + prefix + rb"c>)"
    )  # fmt: skip


@lru_cache(maxsize=2 * _MOST_COLUMNS)
def _column(letters: bytes) -> int:
    place = sheet_parts.index(letters)
    if place >= _MOST_COLUMNS:
        raise Unreadable("The workbook has a column beyond the last that a sheet can have.")
    return place


def _letters(place: int) -> bytes:
    found, place = b"", place + 1
    while place:
        place, letter = divmod(place - 1, 26)
        found = bytes([65 + letter]) + found
    return found


def _other(kind: bytes, value: bytes) -> str:
    text = value.decode("utf-8", "replace")
    if kind == b"b":
        return "FALSE" if text in ("0", "false") else "TRUE"
    if kind == b"d":
        return text.removesuffix("Z").removesuffix("T00:00:00")
    return fold(_unescaped(html.unescape(text)))


def _unescaped(text: str) -> str:
    return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text) if "_x" in text else text


def _shared_strings(archive: zipfile.ZipFile) -> list[str]:
    """Return the texts that cells refer to by number; equal ones are one object."""
    if "xl/sharedStrings.xml" not in archive.namelist():
        return []
    found: list[str] = []
    with archive.open("xl/sharedStrings.xml") as stream:
        for piece, _ in _pieces(stream, b"si"):
            parts = _TEXT.findall(_RUBY.sub(b"", piece) if b"rPh" in piece else piece)
            text = b"".join(parts).decode("utf-8", "replace")
            found.append(fold(_unescaped(html.unescape(text) if "&" in text else text)))
    return found


def _styles(archive: zipfile.ZipFile) -> tuple[frozenset[bytes], frozenset[bytes], bool]:
    """Return the cell styles that show a number as a date, those that show it as a span of time, and the 1904 flag."""
    names = archive.namelist()
    book = sheet_parts.tree(archive, "xl/workbook.xml")
    flag = book.find(f"{sheet_parts.MAIN}workbookPr")
    late = flag is not None and flag.get("date1904", "0") in ("1", "true")
    if "xl/styles.xml" not in names:
        return frozenset(), frozenset(), late
    tree = sheet_parts.tree(archive, "xl/styles.xml")
    main = sheet_parts.MAIN
    codes = {each.get("numFmtId"): each.get("formatCode", "") for each in tree.iter(f"{main}numFmt")}
    dates, spans = set(), set()
    for place, style in enumerate(tree.findall(f"{main}cellXfs/{main}xf")):
        known = style.get("numFmtId", "0")
        code = _LITERAL.sub("", codes.get(known, "")).split(";")[0].lower()
        shown = known in codes and "general" not in code and re.search("[dmyhs]", code)
        if known == "46" or _SPAN.search(code):
            spans.add(str(place).encode())
        elif shown or (known not in codes and known.isdecimal() and int(known) in _DATE_IDS):
            dates.add(str(place).encode())
    return frozenset(dates), frozenset(spans), late


def _numbers(dates: frozenset[bytes], spans: frozenset[bytes], late: bool) -> Callable[[bytes, bytes], str]:
    """Return a function from a number and the style it is shown in to its text; a large sheet repeats itself."""
    plain: dict[bytes, str] = {}

    def write(value: bytes, style: bytes) -> str:
        if style in dates or style in spans:
            return moment(value, style in spans)
        if (text := plain.get(value)) is None:
            if len(plain) > 100_000:
                plain.clear()
            text = plain[value] = as_text(float(value)) if _is_number(value) else value.decode("utf-8", "replace")
        return text

    @lru_cache(maxsize=100_000)
    def moment(value: bytes, is_span: bool) -> str:
        if not _is_number(value) or not 0 <= float(value) < 2_958_466:
            return value.decode("utf-8", "replace")
        days = float(value)
        if is_span:
            return as_text(datetime.timedelta(days=days))
        if days < 60 and not late:
            days += days >= 1  # in Excel 1900 has a 29 February
        when = _EPOCH[late] + datetime.timedelta(milliseconds=round(days * 86_400_000))
        return as_text(when if days >= 1 else when.time().replace(microsecond=0))

    return write


def _is_number(value: bytes) -> bool:
    try:
        float(value)
    except ValueError:
        return False
    return True
