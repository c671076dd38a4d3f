"""Record-level detainer data, as obtained from ICE under the Freedom of Information Act: one row is one detainer.

Every row is kept with all its columns. How many detainers were declined, or ended for insufficient notice, is counted
from the rows, by state, facility, month and offence; these figures are ours, and say so.
"""

import calendar
import json
import re
from collections import Counter
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import islice
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from scraper.documents import html, kinds, urls, values
from scraper.errors import LayoutChanged
from scraper.known import Known, collected, record_hash
from scraper.model import (
    DetainerRecord,
    Discovery,
    Document,
    Fact,
    Figure,
    Locator,
    Options,
    Problem,
    Reading,
    ReleaseRef,
)
from scraper.readers import columns as headers
from scraper.readers import page, table
from scraper.readers.columns import HEADER_WITHIN, Grid
from scraper.terms import Measure, SeriesKind

SERIES_KIND: SeriesKind = "cumulative"
STREAMED: Final = table.STREAMED
_FILE: Final = re.compile(r"detainer.*\.(?:xlsx?|csv)$", re.IGNORECASE)
_YEAR: Final = re.compile(r"(?<![a-z0-9])FY[ _-]?(?:20)?([0-9]{2})(?![0-9])", re.IGNORECASE)

_RENAMED: Final[Mapping[str, str]] = {
    "prepare_date": "detainer_prepare_date",
    "date": "detainer_prepare_date",
    "detention_facility": "detainer_facility",
    "detainer_detention_facility": "detainer_facility",
    "detention_facility_code": "detainer_facility_code",
    "det_facility": "detainer_facility",
    "detainer_prepared_criminality": "detainer_criminality",
    "detainer_prep_threat_level": "detainer_threat_level",
    "lift_reason": "detainer_lift_reason",
    "state": "facility_state",
    "city": "facility_city",
    "most_serious_conviction_charge": "most_serious_conviction_msc_charge",
    "unique_identifier": "anonymized_identifier",
    "unique_id": "anonymized_identifier",
}
"""Names of columns in other releases -> the name here; every other column keeps the name it is published under."""
_NEEDED: Final = ("detainer_prepare_date", "detainer_lift_reason", "facility_state", "detainer_facility")
_IDENTITY: Final = ("anonymized_identifier", "detainer_prepare_date", "detainer_facility")
_REASONS: Final[Mapping[str, Measure | None]] = {
    "detainer declined by lea": "detainer_declined",
    "insufficient notice to ice": "insufficient_notice",
    **dict.fromkeys(
        (
            "", "booked into detention", "case closed", "duplicate", "early release",
            "ice temporary resource constraint", "no longer in state, local, or federal custody",
            "not amenable to removal",
            "noncitizen not amenable to removal", "judicial review", "prosecutorial discretion",
            "superseding - new form issued", "usc or presumptive claim to us citizenship", "lifted", "transferred",
            "alien not subject to deportation", "united states citizen interviewed", "lifted - lack of funds", "died",
            "lifted - lack of space",
        )
    ),
}  # fmt: skip
"""Why ICE closed a detainer, as recorded -> what it counts as here; blank is open or unrecorded, not honoured."""
_NOTE: Final = "Counted by Detainer Watch from the rows of this release; not a figure that the publisher states."
_MOST_PROBLEMS: Final = 20
_json: Final = json.JSONEncoder(ensure_ascii=False).encode


@dataclass(slots=True, kw_only=True)
class _Seen:
    """What was met on the way through the rows."""

    rows: int = 0
    counts: Counter[tuple[Measure, str, str, str]] = field(default_factory=Counter)
    """(measure, what it is counted by, state, value) -> rows."""
    first: str = "9999"
    last: str = ""
    reasons: Counter[str] = field(default_factory=Counter)
    """Lift reasons that are not known."""
    undated: int = 0
    beyond: dict[int, None] = field(default_factory=dict)


def discover(document: Document, options: Options) -> Discovery:
    """Return each file of detainer records that the page links to, or the file itself."""
    if document.media_type not in kinds.PAGES:
        return Discovery(refs=(_ref(document.url, options),), itself=True)
    links = html.links(html.parse(document), document.base, options.follow)
    wanted = [link for link in links if options.follow or _FILE.search(unquote(urlsplit(link.url).path))]
    if not wanted:
        raise LayoutChanged(f"No file of detainer records is linked on {document.url}.")
    return page.listed([_ref(link.href, options) for link in wanted], options)


def read(document: Document, ref: ReleaseRef, options: Options) -> Reading:
    """Return the records as a whole; for files that fit into memory."""
    facts, reading = collected(stream(document, ref, options, Known()))
    return replace(reading, facts=tuple(facts))


def stream(document: Document, ref: ReleaseRef, options: Options, known: Known) -> Generator[Fact, None, Reading]:
    """Yield each record, then the figures counted from all of them.

    `LayoutChanged` where no sheet has the columns that tell a record.
    """
    grids = table.grids(document, options.select)
    found = [(grid, _header(grid)) for grid in grids]
    whole = [(grid, row) for grid, row in found if row is not None]
    if not whole:
        raise LayoutChanged(f"No table of {ref.url} has columns for {', '.join(_NEEDED)}.")
    seen = _Seen()
    for grid, row in whole:
        yield from _records(grid, row, known, seen)
    if not seen.rows:
        raise LayoutChanged(f"{ref.url} has the header of the records but no rows under it.")
    yield from known.untaken(_figures(seen))
    unread = [grid.locator for grid, row in found if row is None]
    return Reading(
        title=ref.title,
        published=ref.published,
        period_start=seen.first if seen.last else None,
        period_end=seen.last or None,
        problems=tuple(_problems(seen, unread)),
    )


def _ref(url: str, options: Options) -> ReleaseRef:
    """A release restates one fiscal year, or several, where its name says which: each are a series of their own."""
    name = unquote(urlsplit(url).path).rpartition("/")[2]
    series = "-".join(dict.fromkeys(f"FY20{year}" for year in _YEAR.findall(name))) or None
    title = f"Detainer records, {series or 'all years'} ({name})"
    return ReleaseRef(key=urls.canonical(url) or url, url=url, title=title, series=series)


@lru_cache(maxsize=20_000)
def _day(text: str) -> str:
    return values.date(text) or ""


def _name(header: str) -> str:
    plain = re.sub(r"[^a-z0-9]+", "_", values.key(header)).strip("_")
    return _RENAMED.get(plain, plain)


def _header(grid: Grid) -> int | None:
    """Return the row, among the first, that names every needed column; each name may stand once only."""
    for place, row in enumerate(grid.head[:HEADER_WITHIN]):
        names = Counter(_name(cell) for cell in row if cell)
        if all(names[name] for name in _NEEDED):
            doubled = [name for name, times in names.items() if times > 1]
            if doubled:
                raise LayoutChanged(f'The column "{doubled[0]}" stands more than once, so neither is certain.')
            return place
    return None


def _records(grid: Grid, header: int, known: Known, seen: _Seen) -> Iterator[DetainerRecord]:
    heads = list(grid.head[header])
    names = [_name(cell) for cell in heads]
    order = sorted((name, place) for place, name in enumerate(names) if name)  # where a column stands says nothing
    places = [place for _, place in order]
    marks = [f"{name}\x01" for name, _ in order]
    needed = [names.index(name) for name in (*_NEEDED[1:], _NEEDED[0])]
    offence = names.index(_OFFENCE) if _OFFENCE in names else None
    nameless = [place for place, name in enumerate(names) if not name]
    for number, row in islice(grid.records(), grid.skip[header], None):
        cells = row if grid.raw is None else [values.fold(cell) for cell in row]
        if len(cells) != len(names):
            seen.beyond.update((place, None) for place in range(len(names), len(cells)) if cells[place])
            cells = [*cells, *[""] * (len(names) - len(cells))]
        seen.beyond.update((place, None) for place in nameless if cells[place])
        stated = [mark + cell for mark, place in zip(marks, places, strict=True) if (cell := cells[place])]
        if not stated or list(cells[: len(names)]) == heads:
            continue
        reason, state, facility, prepared = (cells[place] for place in needed)
        _count(seen, reason, state, facility, _day(prepared), cells[offence] if offence is not None else "")
        digest = record_hash(stated)
        if not known.take(digest):
            known.meet(digest)
            yield _record(dict(mark_cell.split("\x01", 1) for mark_cell in stated), grid.at(number))


_OFFENCE: Final = "most_serious_conviction_msc_charge"


def _record(cells: dict[str, str], locator: Locator) -> DetainerRecord:
    return DetainerRecord(
        record_key=_json([cells.get(name, "") for name in _IDENTITY]) if cells.get(_IDENTITY[0]) else "",
        cells=_json(cells),
        prepared_on=values.date(cells.get("detainer_prepare_date", "")),
        lift_reason_quoted=cells.get("detainer_lift_reason", ""),
        facility_quoted=cells.get("detainer_facility", ""),
        state_quoted=cells.get("facility_state", ""),
        locator=locator,
    )


def _count(seen: _Seen, reason: str, state: str, facility: str, day: str, offence: str) -> None:
    seen.rows += 1
    if day:
        seen.first, seen.last = min(seen.first, day), max(seen.last, day)
    else:
        seen.undated += 1
    key = reason.lower()
    measure = _REASONS.get(key)
    if measure is None:
        seen.reasons[reason] += key not in _REASONS
    else:
        seen.counts[measure, "all", "", ""] += 1
        seen.counts[measure, "state", state, ""] += 1
        seen.counts[measure, "facility", state, facility] += 1
        seen.counts[measure, "month", "", day[:7]] += 1
        seen.counts[measure, "offence", "", offence] += 1


def _figures(seen: _Seen) -> Iterator[Figure]:
    """Yield what was counted: in all, by state, facility, month and offence; blank ones are told as such."""
    for (measure, by, state, what), count in sorted(seen.counts.items()):
        told: dict[str, Any] = {"period_start": seen.first, "period_end": seen.last} if seen.last else {}
        if state:
            told |= {"state_quoted": state}
        if by != "all":
            told |= _counted_by(by, state if by == "state" else what)
        yield Figure(
            measure=measure, unit="detainers", value=count, value_quoted=str(count), note=_NOTE, derived=True, **told
        )


def _counted_by(by: str, what: str) -> dict[str, str]:
    if not what:
        return {"label_quoted": f"no {by} recorded"}
    if by == "month":
        return _month(what)
    names = {"facility": {"facility_quoted": what}, "offence": {"label_quoted": f"most serious conviction: {what}"}}
    return names.get(by, {})


def _month(month: str) -> dict[str, str]:
    year, number = int(month[:4]), int(month[5:])
    return {"period_start": f"{month}-01", "period_end": f"{month}-{calendar.monthrange(year, number)[1]:02}"}


def _problems(seen: _Seen, unread: Sequence[Locator]) -> Iterator[Problem]:
    for locator in unread:
        text = "A table was left unread: it does not have the columns of detainer records."
        yield Problem(code="unread_table", text=text, locator=locator.text())
    for place in seen.beyond:
        yield headers.without_header(place)
    if seen.undated:
        yield Problem(code="bad_date", text=f"{seen.undated:,} rows have no date that can be read; they are kept.")
    for reason, times in (+seen.reasons).most_common(_MOST_PROBLEMS):
        text = f'{times:,} rows have the lift reason "{reason[:120]}", which is not known; they are not counted.'
        yield Problem(code="unknown_word", text=text)
