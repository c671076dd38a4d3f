"""The inside of an XLSX file before a library unfolds it: sizes, spread, document types, error cells."""

import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from copy import copy
from typing import Final
from xml.etree import ElementTree

from scraper.errors import Unreadable

Errors = dict[int, dict[int, str]]
"""Sheet row from 1 -> column from 0 -> "#N/A"."""

MOST_BYTES: Final = 4 * 1024**3
LARGE_PART: Final = 64 * 1024**2
MOST_RATIO: Final = 100
MOST_CELLS: Final = 250_000_000
_CHUNK: Final = 1024**2
_OVERLAP: Final = 32 * 1024
_ROW: Final = re.compile(rb' r="([0-9]{1,7})"')
_COLUMN: Final = re.compile(rb' r="([A-Z]{2,3})')
_FILLED_COLUMN: Final = re.compile(rb' r="([A-Z]{1,3})[0-9]{1,7}"[^>]*(?<!/)>')
_ERROR: Final = re.compile(
    rb"<(?:\w+:)?c\s(?=[^>]*\bt=\"e\")[^>]*?\br=\"([A-Z]{1,3})([0-9]{1,7})\"[^>]*(?<!/)>"
    rb"(?:(?!</(?:\w+:)?c>).)*?<(?:\w+:)?v>(#[^<]{1,20})</",
    re.DOTALL,
)
TYPED: Final = "The workbook declares a document type, which no workbook may."
MAIN: Final = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
DAMAGED: Final = (zipfile.BadZipFile, zlib.error, EOFError, ValueError, KeyError, NotImplementedError, OSError)
"""What unpacking a file that is cut or no archive raises."""
_LINK: Final = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"


def checked(data: bytes) -> dict[str, Errors]:
    """Return the error cells of each sheet by its name; `Unreadable` where the file is cut, encrypted or a trap.

    Each part is unpacked in small pieces and measured, whatever the archive says of its size.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = archive.infolist()
            refuse_traps(parts)
            scans = {part.filename: _scan(archive, part) for part in parts if not part.is_dir()}
            return {name: scans[path] for name, (path, _) in sheets(archive).items() if path in scans}
    except DAMAGED:
        raise Unreadable("The workbook is damaged or cut: its archive cannot be unpacked.") from None
    except (ElementTree.ParseError, RuntimeError):
        raise Unreadable("The workbook is damaged: its list of sheets cannot be read.") from None


def refuse_traps(parts: list[zipfile.ZipInfo]) -> None:
    """Raise `Unreadable` for an archive that is encrypted or would unpack to far more than it is."""
    if any(part.flag_bits & 1 for part in parts):
        raise Unreadable("The workbook is encrypted and needs a password.")
    if sum(part.file_size for part in parts) > MOST_BYTES:
        raise Unreadable(f"The workbook would unpack to more than {MOST_BYTES // 1024**2:,} MiB.")
    steep = [part for part in parts if part.file_size > MOST_RATIO * part.compress_size]
    if sum(part.file_size for part in steep) > LARGE_PART:
        raise Unreadable(f"The workbook's part {steep[0].filename} unpacks to over {MOST_RATIO} times its size.")
    for part in parts:
        if part.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise NotImplementedError


def _scan(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> Errors:
    """Unpack one part to measure it; return its error cells."""
    rows, columns = 0, set[bytes]()
    errors: Errors = {}
    for number, piece in enumerate(_overlapping(archive, part)):
        if number == 0 and part.filename.endswith((".xml", ".rels")) and b"<!DOCTYPE" in piece:
            raise Unreadable(TYPED)
        if "worksheets/" in part.filename:
            rows = max(rows, max(map(int, _ROW.findall(piece)), default=0))
            columns.update(_COLUMN.findall(piece))
            for column, row, error in _ERROR.findall(piece) if b't="e"' in piece else ():
                errors.setdefault(int(row), {})[index(column)] = error.decode("utf-8", "replace")
    if rows * _width(columns) > MOST_CELLS:
        filled = {column for piece in _overlapping(archive, part) for column in _FILLED_COLUMN.findall(piece)}
        if rows * _width(filled) > MOST_CELLS:
            raise Unreadable(f"A sheet of the workbook spreads over {rows:,} rows and {_width(filled):,} columns.")
    return errors


def _width(columns: set[bytes]) -> int:
    return max(map(index, columns), default=25) + 1


def _overlapping(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> Iterator[bytes]:
    """Yield the part in pieces, each with the end of the one before, so that no cell is cut in all of them."""
    unbounded = copy(part)  # `zipfile` would stop at the size that the archive claims
    unbounded.file_size = MOST_BYTES
    size, tail = 0, b""
    with archive.open(unbounded) as stream:
        while piece := stream.read(_CHUNK):
            size += len(piece)
            if size > part.file_size:
                raise Unreadable("The workbook is damaged: a part is larger than its archive says.")
            yield tail + piece
            tail = (tail + piece)[-_OVERLAP:]


def sheets(archive: zipfile.ZipFile) -> dict[str, tuple[str, bool]]:
    """Return the path of each sheet's part, and whether it is visible, by the sheet's name."""
    if "xl/workbook.xml" not in archive.namelist():
        return {}
    targets = {link.get("Id"): link.get("Target", "") for link in tree(archive, "xl/_rels/workbook.xml.rels")}
    book = tree(archive, "xl/workbook.xml")
    found: dict[str, tuple[str, bool]] = {}
    for sheet in book.iter(f"{MAIN}sheet"):
        target = targets.get(sheet.get(_LINK), "")
        path = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
        found[sheet.get("name", "")] = path, sheet.get("state", "visible") == "visible"
    return found


def tree(archive: zipfile.ZipFile, name: str) -> ElementTree.Element:
    """Return a part of the workbook that is small in all honest ones; `Unreadable` where it unfolds or is large."""
    if archive.getinfo(name).file_size > LARGE_PART:
        raise Unreadable(f"The workbook's part {name} is too large to be one.")
    text = archive.read(name)
    if b"<!DOCTYPE" in text:
        raise Unreadable(TYPED)
    return ElementTree.fromstring(text)  # noqa: S314  no document type: checked


def index(letters: bytes) -> int:
    """Return the place of a column from 0 by its letters."""
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number - 1
