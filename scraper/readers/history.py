"""The history of record: releases from before this watch, curated as CSV files and served as one JSON bundle."""

import csv
import io
import json
import re
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Final, get_args

from scraper.documents import values
from scraper.errors import DocumentError
from scraper.model import (
    CaseAccount,
    Correction,
    Discovery,
    Document,
    Fact,
    Figure,
    Locator,
    Options,
    Reading,
    ReleaseRef,
)
from scraper.terms import MEASURES, UNITS, Bound, SeriesKind

SERIES_KIND: SeriesKind = "periodic"
FILES: Final = ("releases.csv", "figures.csv", "cases.csv", "corrections.csv")
_KINDS: Final[Mapping[str, tuple[type[Fact], tuple[str, ...], Mapping[str, Any]]]] = {
    "figures.csv": (Figure, ("bound",), {"measure": None, "unit": None, "value": None, "value_quoted": ""}),
    "cases.csv": (CaseAccount, ("position",), {}),
    "corrections.csv": (Correction, ("corrects_key",), {}),
}
"""File -> the facts it holds, the columns that must be filled in, those that must be there with what empty means."""
_DATES: Final = re.compile(r"published|period_(?:start|end)|(?:arrested|detainer|released|rearrested)_on")


def _word(known: Container[str]) -> tuple[Callable[[str], Any], str]:
    return lambda text: text if text in known else None, "a word the product knows"


_COLUMNS: Final[Mapping[str, tuple[Callable[[str], Any], str]]] = {
    "measure": _word(MEASURES),
    "unit": _word(UNITS),
    "bound": _word(get_args(Bound)),
    "value": (values.number, "a number"),
    "position": (values.integer, "a whole number"),
    "age": (values.integer, "a whole number"),
}
"""Column -> how its text is read, and what the text must be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """One line of a file; `where` is "figures.csv, line 7" for error messages."""

    where: str
    cells: Mapping[str, str]

    def wrong(self, name: str, wanted: str) -> DocumentError:
        return DocumentError(f'{self.where}: "{self.cells.get(name, "")}" under {name} is not {wanted}.')


def bundle(files: Mapping[str, str]) -> bytes:
    """Return the files (name -> CSV text) as one JSON document; equal files give equal bytes."""
    return json.dumps(dict(sorted(files.items())), ensure_ascii=False, indent=0).encode("utf-8")


def discover(document: Document, options: Options) -> Discovery:
    """Return one reference per release; the bundle itself is the document of each."""
    refs = tuple(_ref(row) for row in _rows(_files(document), "releases.csv"))
    keys = [ref.key for ref in refs]
    doubled = next((key for key in keys if keys.count(key) > 1), None)
    if doubled:
        raise DocumentError(f'releases.csv names the key "{doubled}" twice.')
    return Discovery(refs=refs, itself=True)


def read(document: Document, ref: ReleaseRef, options: Options) -> Reading:
    """Return what one release states; `DocumentError` names file and line of a row that cannot be used."""
    files = _files(document)
    releases = {row.cells["key"]: row.cells for row in _rows(files, "releases.csv")}
    if ref.key not in releases:
        raise DocumentError(f'releases.csv has no release with the key "{ref.key}".')
    cells = releases[ref.key]
    return Reading(
        title=cells["title"],
        published=cells["published"] or None,
        period_start=cells["period_start"] or None,
        period_end=cells["period_end"] or None,
        paragraphs=tuple(text for text in (f"Published by {cells['publisher']}.", cells["citation"]) if text),
        facts=tuple(fact for name in _KINDS for fact in _facts(files, name, ref.key, releases)),
    )


def _files(document: Document) -> Mapping[str, str]:
    try:
        files = json.loads(document.data)
    except ValueError as error:
        raise DocumentError(f"The history of record is not a JSON document: {error}.") from error
    missing = [name for name in FILES if not isinstance(files, dict) or not isinstance(files.get(name), str)]
    if missing:
        raise DocumentError(f"The history of record lacks {', '.join(missing)}.")
    return {name: files[name] for name in FILES}


def _rows(files: Mapping[str, str], name: str) -> Iterator[_Row]:
    lines = csv.DictReader(io.StringIO(files[name], newline=""), restkey="", restval="")
    for cells in lines:
        row = _Row(where=f"{name}, line {lines.line_num}", cells=cells)
        if "" in cells:
            raise DocumentError(f"{row.where}: there are more cells than columns.")
        for column, text in cells.items():
            if text and _DATES.fullmatch(column) and values.date(text) != text:
                raise row.wrong(column, "a date such as 2017-01-28 or 2017-02")
        yield row


def _ref(row: _Row) -> ReleaseRef:
    wanted = [field.name for field in fields(ReleaseRef) if field.name in row.cells]
    for name in ("key", "title", "url", "publisher"):
        if not row.cells.get(name):
            raise row.wrong(name, "filled in")
    return ReleaseRef(**{name: row.cells[name] for name in wanted if row.cells[name]})


def _facts(files: Mapping[str, str], name: str, key: str, releases: Container[str]) -> Iterator[Fact]:
    kind, filled, there = _KINDS[name]
    for number, row in enumerate(_rows(files, name), start=1):
        if row.cells.get("key") not in releases:
            raise row.wrong("key", "a release of releases.csv")
        if row.cells["key"] == key:
            yield kind(**_taken(row, kind, filled, there), locator=Locator(sheet=name, row=number + 1))


def _taken(row: _Row, kind: type[Fact], filled: Sequence[str], there: Mapping[str, Any]) -> dict[str, Any]:
    """Return the row's cells as fields of `kind`, empty ones left to their defaults; a citation joins the note."""
    names = {field.name for field in fields(kind)}
    taken = dict(there)
    for name, text in row.cells.items():
        if name not in names | {"key", "citation"}:
            raise DocumentError(f'{row.where}: the column "{name}" is not known.')
        if name in names and text:
            read_as, meaning = _COLUMNS.get(name, (str, ""))
            taken[name] = read_as(text)
            if taken[name] is None:
                raise row.wrong(name, meaning)
    for name in (*filled, *there):
        if name not in taken or name not in row.cells:
            raise row.wrong(name, _COLUMNS.get(name, (str, "filled in"))[1])
    if "note" in names:
        taken["note"] = " ".join(text for text in map(row.cells.get, ("note", "citation")) if text)
    return taken
