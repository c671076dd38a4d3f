"""The table of jurisdictions with policies on detainers behind the map of the Center for Immigration Studies."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from scraper.documents import values
from scraper.errors import LayoutChanged
from scraper.model import Column, Document, Options, Policy, Problem, Reading, ReleaseRef
from scraper.readers import page, states, table
from scraper.readers.page import discover as discover
from scraper.terms import SeriesKind

SERIES_KIND: SeriesKind = "cumulative"
_COLUMNS: Final = (
    Column(name="jurisdiction_quoted", header="Location"),
    Column(name="enacted_quoted", header="Date Enacted"),
    Column(name="policy_quoted", header="Policy"),
    Column(name="criteria_quoted", header="Criteria for Honoring Detainer"),
    Column(name="designation_quoted", header="Designation"),
)
_DIGITS: Final = re.compile(r"[0-9/.-]+(?:T.*)?")
_LETTERS: Final = re.compile(r"^(?![A-Za-z]{3}[ -]\d\d$).*[^\W\d_]{2}")
_LONGEST_DATE: Final = 24
"""A longer text under the date stands in a wrong column, and so does a month under the location."""


def read(document: Document, ref: ReleaseRef, options: Options) -> Reading:
    """Return one Policy per row, cells as published; `LayoutChanged` where a column is missing or there are no rows.

    "Sep-14" is a month and a year. Where the column gives months, a date in digits is what a spreadsheet made of one
    ("2015-08-14" of "Aug-14"): it is kept as quoted, flagged, and taken for no date.
    """
    rows, problems = table.joined(table.tables_of(document, options.select), _COLUMNS)
    if not rows:
        raise LayoutChanged(f"{document.url} has the header of the table but no rows under it.")
    monthly = 2 * sum(values.month_year(row.cells["enacted_quoted"]) is not None for row in rows) > len(rows)
    facts = tuple(
        Policy(
            **row.cells,
            state_quoted=states.split(row.cells["jurisdiction_quoted"])[1],
            enacted_on=_enacted(row.cells["enacted_quoted"], monthly),
            locator=row.locator,
        )
        for row in rows
    )
    return Reading(
        title=page.titled(document),
        published=ref.published,
        facts=facts,
        problems=(*problems, *_doubts(facts, monthly), *_repeated(facts)),
    )


def _enacted(cell: str, monthly: bool) -> str | None:
    if month := values.month_year(cell):
        return month
    return None if monthly and _DIGITS.fullmatch(cell) else values.date(cell)


def _doubts(facts: Sequence[Policy], monthly: bool) -> Iterator[Problem]:
    for fact in facts:
        who, where = f"Row {fact.locator.row} ({fact.jurisdiction_quoted})", fact.locator.text()
        if fact.enacted_quoted and fact.enacted_on is None:
            mangled = monthly and values.date(fact.enacted_quoted)
            why = "looks like a month and a year that a spreadsheet took for a day" if mangled else "is not a date"
            text = f'{who}: "{fact.enacted_quoted[:60]}" {why}; it is kept as published.'
            shifted = len(fact.enacted_quoted) > _LONGEST_DATE
            yield Problem(code="bad_date", text=text, holds_back=shifted, locator=where)
        if not (_LETTERS.search(fact.jurisdiction_quoted) and fact.policy_quoted and fact.criteria_quoted):
            shifted = not _LETTERS.search(fact.jurisdiction_quoted)
            text = f"{who}: the row lacks a location, policy or criteria."
            yield Problem(code="incomplete_row", text=text, holds_back=shifted, locator=where)


def _repeated(facts: Sequence[Policy]) -> Iterator[Problem]:
    """Tell of rows that state the same word for word; both are kept."""
    cells = Counter((f.jurisdiction_quoted, f.enacted_quoted, f.policy_quoted, f.criteria_quoted) for f in facts)
    for (location, *_), count in cells.items():
        if count > 1:
            text = f"{location} stands {count} times in the table with the same policy; all are kept."
            yield Problem(code="repeated_row", text=text)
