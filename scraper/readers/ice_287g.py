"""ICE's lists of 287(g) agreements: each workbook restates the whole list; cells stay as published."""

import re
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Final

from scraper.documents import html, kinds, urls, values
from scraper.errors import LayoutChanged, Unreadable
from scraper.model import Agreement, Column, Discovery, Document, Options, Problem, Reading, ReleaseRef
from scraper.readers import page, table
from scraper.terms import SeriesKind

SERIES_KIND: SeriesKind = "cumulative"
_FILE: Final = re.compile(r"participating[-_ ]*agenc.*\.xlsx?$", re.IGNORECASE)
_DATED: Final = re.compile(r"(?<!\d)(\d{2})[-_]?(\d{2})[-_]?(\d{4})(?!\d)")
_HEADERS: Final = ("STATE", "LAW ENFORCEMENT AGENCY", "TYPE", "COUNTY", "SUPPORT TYPE", "SIGNED")
_MAYBE: Final = ("MOA", "ADDENDUM")
_NAMES: Final = {"LAW ENFORCEMENT AGENCY": "agency_quoted"}


def discover(document: Document, options: Options) -> Discovery:
    """Return each workbook of participating agencies that the page links to, or the workbook itself."""
    if document.media_type in kinds.WORKBOOKS:
        return Discovery(refs=(_ref(document.url),), itself=True)
    links = html.links(html.parse(document), document.base)
    refs = [_ref(link.href) for link in links if _is_list(link.url)]
    if not refs:
        raise LayoutChanged(f"No workbook of participating agencies is linked on {document.url}.")
    return page.listed(refs, options)


def read(document: Document, ref: ReleaseRef, options: Options) -> Reading:
    """Return one Agreement per row; `LayoutChanged` where a column is missing or no row stands under the header."""
    if document.media_type not in kinds.WORKBOOKS:
        raise Unreadable(f"{document.url} is no workbook but {document.media_type}.")
    from scraper.documents import sheet  # only the process that reads a workbook carries the library

    sheets = sheet.tables(document.data)
    present = {values.key(cell) for one in sheets for row in one.rows[: table.HEADER_WITHIN] for cell in row}
    headers = (*_HEADERS, *(header for header in _MAYBE if values.key(header) in present))
    rows, problems = table.joined(sheets, [_column(header) for header in headers])
    if not rows:
        raise LayoutChanged(f"{document.url} has the header of the list but no rows under it.")
    facts = tuple(
        Agreement(**row.cells, signed_on=values.date(row.cells["signed_quoted"]), locator=row.locator) for row in rows
    )
    return Reading(published=ref.published, facts=facts, problems=(*problems, *_doubts(facts)))


def _is_list(url: str) -> bool:
    return bool(_FILE.search(urls.file_name(url))) and "pending" not in urls.file_name(url).lower()


def _ref(url: str) -> ReleaseRef:
    day = _published(urls.file_name(url))
    title = "287(g) participating agencies" + (f", list of {day}" if day else "")
    return ReleaseRef(key=urls.canonical(url) or url, url=url, title=title, published=day)


def _published(name: str) -> str | None:
    """Return the day in a file name: participatingAgencies06042025am.xlsx is of 2025-06-04."""
    found = _DATED.search(name)
    try:
        return date(int(found[3]), int(found[1]), int(found[2])).isoformat() if found else None
    except ValueError:
        return None


def _column(header: str) -> Column:
    return Column(name=_NAMES.get(header) or f"{header.lower().replace(' ', '_')}_quoted", header=header)


def _doubts(facts: Sequence[Agreement]) -> Iterator[Problem]:
    for fact in facts:
        who = f"Row {fact.locator.row} ({fact.agency_quoted}, {fact.state_quoted})"
        if fact.signed_quoted and fact.signed_on is None:
            text = f'{who}: "{fact.signed_quoted}" under SIGNED is not a date; it is kept as published.'
            yield Problem(code="bad_date", text=text, locator=fact.locator.text())
        if not (fact.state_quoted and fact.agency_quoted):
            text = f"{who}: the row names no {'agency' if fact.state_quoted else 'state'}."
            yield Problem(code="incomplete_row", text=text, locator=fact.locator.text())
