"""The history of record: releases from before this watch, curated as CSV files and served as one JSON bundle."""

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
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
_DATES: Final = (
    "published",
    "period_start",
    "period_end",
    "arrested_on",
    "detainer_on",
    "released_on",
    "rearrested_on",
)
_BOUNDS: Final = frozenset(get_args(Bound))


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
    release = next((row for row in _rows(files, "releases.csv") if row.cells["key"] == ref.key), None)
    if release is None:
        raise DocumentError(f'releases.csv has no release with the key "{ref.key}".')
    facts = [fact for name in FILES[1:] for fact in _facts(files, name, ref.key)]
    cells = release.cells
    return Reading(
        title=cells["title"],
        published=cells["published"] or None,
        period_start=cells["period_start"] or None,
        period_end=cells["period_end"] or None,
        paragraphs=tuple(text for text in (f"Published by {cells['publisher']}.", cells["citation"]) if text),
        facts=tuple(facts),
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
        for column in _DATES:
            if cells.get(column) and values.date(cells[column]) != cells[column]:
                raise row.wrong(column, "a date such as 2017-01-28 or 2017-02")
        yield row


def _ref(row: _Row) -> ReleaseRef:
    wanted = [field.name for field in fields(ReleaseRef) if field.name in row.cells]
    for name in ("key", "title", "url", "publisher"):
        if not row.cells.get(name):
            raise row.wrong(name, "filled in")
    return ReleaseRef(**{name: row.cells[name] or None for name in wanted})  # type: ignore[arg-type]


def _facts(files: Mapping[str, str], name: str, key: str) -> Iterator[Fact]:
    known = {row.cells["key"] for row in _rows(files, "releases.csv")}
    make = _MAKERS[name]
    for number, row in enumerate(_rows(files, name), start=1):
        if row.cells.get("key") not in known:
            raise row.wrong("key", "a release of releases.csv")
        if row.cells["key"] == key:
            yield replace(make(row), locator=Locator(sheet=name, row=number + 1))


def _taken(kind: type[Fact], row: _Row, **own: Any) -> dict[str, Any]:
    """Return the row's cells that are fields of `kind`, empty ones left to their defaults; `own` wins."""
    names = {field.name for field in fields(kind)}
    unknown = next((name for name in row.cells if name not in names | {"key", "citation"}), None)
    if unknown:
        raise DocumentError(f'{row.where}: the column "{unknown}" is not known.')
    return {name: text for name, text in row.cells.items() if name in names and text} | own


def _figure(row: _Row) -> Figure:
    cells = row.cells
    unit = cells.get("unit") or None
    for name, allowed in (("measure", MEASURES | {""}), ("unit", UNITS | {""}), ("bound", _BOUNDS)):
        if cells.get(name) not in allowed:
            raise row.wrong(name, "a word the product knows")
    value = values.number(cells["value"]) if cells.get("value") else None
    if value is None and cells.get("value"):
        raise row.wrong("value", "a number")
    note = " ".join(text for text in (cells.get("note", ""), cells.get("citation", "")) if text)
    own = {"measure": cells["measure"] or None, "unit": unit, "value": value, "note": note}
    return Figure(**_taken(Figure, row, **own, value_quoted=cells.get("value_quoted", "")))


def _case(row: _Row) -> CaseAccount:
    own: dict[str, Any] = {}
    for name in ("position", "age"):
        if row.cells.get(name):
            own[name] = values.integer(row.cells[name])
            if own[name] is None:
                raise row.wrong(name, "a whole number")
    if "position" not in own:
        raise row.wrong("position", "a whole number")
    return CaseAccount(**_taken(CaseAccount, row, **own))


def _correction(row: _Row) -> Correction:
    if row.cells.get("measure") and row.cells["measure"] not in MEASURES:
        raise row.wrong("measure", "a word the product knows")
    if not row.cells.get("corrects_key"):
        raise row.wrong("corrects_key", "filled in")
    note = " ".join(text for text in (row.cells.get("note", ""), row.cells.get("citation", "")) if text)
    return Correction(**_taken(Correction, row, note=note))


_MAKERS: Final[Mapping[str, Callable[[_Row], Fact]]] = {
    "figures.csv": _figure,
    "cases.csv": _case,
    "corrections.csv": _correction,
}
