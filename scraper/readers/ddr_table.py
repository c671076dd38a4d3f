"""Case accounts that a report prints as a table: columns by header words, dates with their precision."""

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

from scraper.documents import html, kinds, values
from scraper.errors import LayoutChanged
from scraper.model import CaseAccount, Column, Document, Options, Problem, Table
from scraper.readers import accounts, table
from scraper.readers.people import unnamed

_HEADERS: Final = {
    "agency_quoted": "Agency|Law Enforcement Agency|LEA|Arresting Agency|Agency Name|Law Enforcement Agency (LEA)",
    "place_quoted": "Jurisdiction|County|Location|City|Place|City/County|County/City",
    "state_quoted": "State",
    "citizenship_quoted": "Citizenship|Nationality|Country of Citizenship|Citizenship Country",
    "age": "Age",
    "arrested_on": "Arrest Date|Date of Arrest|Date Arrested|Arrested|Initial Arrest|Initial Arrest Date|Arrest",
    "detainer_on": "Detainer Issued|Date Detainer Issued|Detainer Issued Date|Detainer Date|Detainer",
    "declined_on": "Detainer Declined|Date Detainer Declined|Detainer Declined Date|Date Declined|Declined",
    "released_on": "Released|Release Date|Date Released|Date of Release",
    "rearrested_on": "Re-arrest|Re-arrested|Rearrest|Rearrested|Re-arrest Date|Rearrest Date|Date of Re-arrest|"
    "Subsequent Arrest|Subsequent Arrest Date",
    "charges_quoted": "Charges|Charge|Offense|Offenses|Notable Criminal Activity|Criminal Activity|Initial Charges|"
    "Arrest Charges",
    "followed_quoted": "Outcome|Subsequent Activity|Re-arrest Charges|Rearrest Charges|Subsequent Charges",
}
"""Field of a case account -> the headers it may stand under. A column of names has no field and is left unread."""
_FEWEST: Final = 3
"""Headers that make a table one of cases; one of them names the agency or place, one a date."""


def read(document: Document, options: Options) -> tuple[list[CaseAccount], list[Problem], frozenset[str]]:
    """Return the cases of all tables, what was left unread, and the tables' words (to know their rows in the text)."""
    try:
        tables = _tables(document, options)
    except LayoutChanged as error:  # the paragraphs may still be read, but a table among them was not
        return [], [Problem(code="table_unread", text=f"A table was left unread: {error}")], frozenset()
    columns = max((_columns(one) for one in tables), key=len, default=[])
    names = {column.name for column in columns}
    dated = any(name.endswith("_on") for name in names)
    if len(columns) < _FEWEST or not dated or not names & {"agency_quoted", "place_quoted"}:
        return [], [], frozenset()
    rows, problems = table.joined(tables, columns, headless=document.media_type == kinds.PDF)
    cases = [_case(row, position) for position, row in enumerate(rows, start=1)]
    problems += [problem for row in rows for problem in _doubts(row)]
    return (
        cases,
        problems,
        frozenset(word for one in tables for row in one.rows for cell in row for word in words(cell)),
    )


def words(text: str) -> list[str]:
    """Return the words of a text without what stands between them."""
    return re.findall(r"\w+", text)


def _tables(document: Document, options: Options) -> Sequence[Table]:
    if document.media_type == kinds.PDF:
        from scraper.documents import pdf  # only the process that reads a PDF carries the library

        return pdf.tables(document.data)
    return html.tables(html.parse(document), options.select)


def _columns(found_in: Table) -> list[Column]:
    """Return the columns of the row with the most known headers; a header that may be two fields is neither."""
    found: list[list[Column]] = [[]]
    for row in found_in.rows[: table.HEADER_WITHIN]:
        here = {values.key(cell) for cell in row if cell}
        fits = {
            name: [text for text in texts.split("|") if values.key(text) in here] for name, texts in _HEADERS.items()
        }
        found.append([Column(name=name, header="|".join(texts)) for name, texts in fits.items() if texts])
    return max(found, key=len)


def _case(row: table.Row, position: int) -> CaseAccount:
    told = {name: cell for name, cell in row.cells.items() if cell}
    whole = " | ".join(told.values())
    stated: dict[str, Any] = {
        name: unnamed(cell, whole) if name.endswith("_quoted") else _value(name, cell) for name, cell in told.items()
    }
    how = accounts.disposition([row.cells.get("charges_quoted", "")])
    return CaseAccount(position=position, quote=unnamed(whole), disposition=how, locator=row.locator, **stated)


def _value(name: str, cell: str) -> str | int | None:
    return values.integer(cell) if name == "age" else values.date(cell) or values.month_year(cell)


def _doubts(row: table.Row) -> Iterator[Problem]:
    for name, cell in row.cells.items():
        if cell and not name.endswith("_quoted") and _value(name, cell) is None:
            text = (
                f'Row {row.locator.row}: "{unnamed(cell)[:60]}" is no date or age that is certain and was left unread.'
            )
            yield Problem(code="bad_cell", text=text, locator=row.locator.text())
    if not row.cells.get("agency_quoted") and not row.cells.get("place_quoted"):
        text = f"Row {row.locator.row} names neither agency nor place."
        yield Problem(code="incomplete_row", text=text, locator=row.locator.text())
