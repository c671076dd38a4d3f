"""What passes between the rooms: frozen values, no behaviour beyond their own shape.

Times are UTC ISO-8601 text with Z ("2026-11-23T04:00:00Z"); dates are "YYYY-MM-DD", months "YYYY-MM".
A publisher's own words sit in fields that end in `_quoted`, `quote` or are documented as quoted.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from scraper.terms import Bound, CausedBy, EventKind, SeriesKind

JsonObject = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Locator:
    """Where in a document something stands; every field optional, counted from 1 as a person counts."""

    page: int | None = None
    sheet: str | None = None
    table: int | None = None
    row: int | None = None
    column: str | None = None
    paragraph: int | None = None
    selector: str | None = None
    box: tuple[float, float, float, float] | None = None
    """Left, bottom, right, top in PDF points of the page."""

    def text(self) -> str:
        """Canonical JSON without the empty fields, as stored in every `locator` column."""
        values = {name: getattr(self, name) for name in self.__slots__ if getattr(self, name) is not None}
        return json.dumps(values, ensure_ascii=False, sort_keys=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table as it stands in a document, before anyone knows which row is the header.

    `rows` are cells as text with white space folded; every row has the same length. `row_numbers` gives, for
    each row, its number in the document (sheet row, or place in the table) from 1. Numbers keep the text a
    person sees ("02473", "13,025"); an integer held by a spreadsheet as float 206.0 reads "206".
    """

    rows: tuple[tuple[str, ...], ...]
    row_numbers: tuple[int, ...]
    locator: Locator
    page_numbers: tuple[int, ...] = ()
    """For a PDF: the page of each row (a table may run over pages); else empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """Archived bytes about to be read."""

    url: str
    data: bytes
    media_type: str
    """Type by magic bytes first, header second: text/html, application/pdf, text/csv, application/rss+xml, …"""
    charset: str | None
    captured_at: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseRef:
    """One release as an index lists it, or as a document describes itself."""

    key: str
    """Stable within the source: the canonical URL, or the period for a periodic report whose address moves."""
    url: str
    title: str
    published: str | None = None
    series: str | None = None
    period_start: str | None = None
    period_end: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One number a release states. Identity: what is counted, where, over which period, by which label."""

    TABLE: ClassVar[str] = "figure"
    IDENTITY: ClassVar[tuple[str, ...]] = (
        "measure", "unit", "place_quoted", "facility_quoted", "label_quoted", "period_start", "period_end",
    )  # fmt: skip
    measure: str | None
    """A `terms.Measure`, or None for a mention whose measure is not certain."""
    unit: str | None
    bound: Bound = "exact"
    value: float | int | None
    value_quoted: str
    place_quoted: str = ""
    state_quoted: str = ""
    facility_quoted: str = ""
    label_quoted: str = ""
    """What else tells this number apart: the row label, offence class, or our own short label in reference data."""
    period_start: str | None = None
    period_end: str | None = None
    quote: str = ""
    note: str = ""
    """Our own neutral remark, e.g. that two figures of a release cannot share a denominator."""
    derived: bool = False
    """Read off a row that is itself stored as `listed_row`: kept in step, but its change is told once, by the row."""
    locator: Locator = field(default_factory=Locator)
    place_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseAccount:
    """One account of a case as a release tells it. There is no field for a person's name, by design."""

    TABLE: ClassVar[str] = "case_account"
    IDENTITY: ClassVar[tuple[str, ...]] = ("agency_quoted", "place_quoted", "citizenship_quoted", "arrested_on")
    position: int
    """Its place among the accounts of the release, from 1."""
    agency_quoted: str = ""
    place_quoted: str = ""
    state_quoted: str = ""
    citizenship_quoted: str = ""
    age: int | None = None
    arrested_on: str | None = None
    detainer_on: str | None = None
    released_on: str | None = None
    rearrested_on: str | None = None
    """Dates with their precision: "2018-01" is a month."""
    dates_inferred: str = ""
    """Names of the date fields whose year was taken from the document's own date, comma-separated."""
    charges_quoted: str = ""
    disposition: str = "unstated"
    followed_quoted: str = ""
    quote: str = ""
    locator: Locator = field(default_factory=Locator)
    place_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """One row of a table of policies that limit or allow cooperation with detainers."""

    TABLE: ClassVar[str] = "policy"
    IDENTITY: ClassVar[tuple[str, ...]] = ("jurisdiction_quoted", "policy_quoted")
    jurisdiction_quoted: str
    state_quoted: str = ""
    aor_quoted: str = ""
    enacted_quoted: str = ""
    enacted_on: str | None = None
    policy_quoted: str = ""
    criteria_quoted: str = ""
    designation_quoted: str = ""
    locator: Locator = field(default_factory=Locator)
    place_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """One row of ICE's lists of 287(g) agreements, cells as published with white space folded."""

    TABLE: ClassVar[str] = "agreement_287g"
    IDENTITY: ClassVar[tuple[str, ...]] = ("state_quoted", "agency_quoted", "type_quoted")
    state_quoted: str
    agency_quoted: str
    type_quoted: str = ""
    county_quoted: str = ""
    support_type_quoted: str = ""
    signed_quoted: str = ""
    signed_on: str | None = None
    moa_quoted: str = ""
    addendum_quoted: str = ""
    locator: Locator = field(default_factory=Locator)
    place_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedRow:
    """One row of a table that a user described in config.yaml."""

    TABLE: ClassVar[str] = "listed_row"
    IDENTITY: ClassVar[tuple[str, ...]] = ("row_key",)
    cells: str
    """JSON object: configured column name -> cell as published (text), in configured order."""
    row_key: str
    """JSON array of the identity columns' values."""
    row_no: int
    place_quoted: str = ""
    state_quoted: str = ""
    locator: Locator = field(default_factory=Locator)
    place_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DetainerRecord:
    """One line of the record-level detainer data; all columns kept in `cells`."""

    TABLE: ClassVar[str] = "detainer_record"
    IDENTITY: ClassVar[tuple[str, ...]] = ("record_key",)
    record_key: str
    cells: str
    prepared_on: str | None = None
    lift_reason_quoted: str = ""
    facility_quoted: str = ""
    state_quoted: str = ""
    locator: Locator = field(default_factory=Locator)
    place_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """A publisher's announced correction; it may correct another release than the one it is printed in."""

    TABLE: ClassVar[str] = "correction"
    IDENTITY: ClassVar[tuple[str, ...]] = ("corrects_key", "place_quoted", "quote")
    corrects_key: str
    """Series and period of the corrected release ("ice-ddor 2017-01-28..2017-02-03"), or its URL."""
    place_quoted: str = ""
    state_quoted: str = ""
    measure: str | None = None
    quote: str = ""
    note: str = ""
    published: str | None = None
    locator: Locator = field(default_factory=Locator)
    place_id: str | None = None


Fact = Figure | CaseAccount | Policy | Agreement | ListedRow | DetainerRecord | Correction
UNCOMPARED = frozenset({"locator", "place_id", "row_no", "position"})
"""Fields that are no content of the publisher's: where a row stands, and what we resolved."""
FACT_TYPES: tuple[type[Fact], ...] = (Figure, CaseAccount, Policy, Agreement, ListedRow, DetainerRecord, Correction)


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Something a person should look at. `code` is a short stable word, `text` the sentence shown."""

    code: str
    text: str
    holds_back: bool = False
    """True: the reading must not become current."""
    locator: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Our parse of one document: all it states, and what was left unread."""

    title: str = ""
    published: str | None = None
    modified: str | None = None
    period_start: str | None = None
    period_end: str | None = None
    paragraphs: tuple[str, ...] = ()
    """The document's own text without navigation, clocks and counters; what the text diff compares."""
    facts: tuple[Fact, ...] = ()
    problems: tuple[Problem, ...] = ()
    """Leftover columns, sections, rows or numbers, and anything the reader doubts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Discovery:
    """What an index lists now."""

    refs: tuple[ReleaseRef, ...]
    next_urls: tuple[str, ...] = ()
    """Further index pages to read in this round."""
    problems: tuple[Problem, ...] = ()
    itself: bool = False
    """True: the index page is the one release (a page or table watched in place); no document is fetched."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One difference between two readings. `column` None: the whole row was added or removed."""

    table: str
    kind: Literal["added", "removed", "changed"]
    row_id: int | None
    column: str | None
    before: str | None
    after: str | None
    label: str
    """The row in a person's words, e.g. "Cook County, IL": its identity values."""
    place_id: str | None = None
    caused_by: CausedBy = "publisher"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened to a release or a source; the id is a hash of its content."""

    event_id: str
    seen_at: str
    kind: EventKind
    source_id: str
    release_id: str | None
    title: str
    url: str
    summary: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a user's table: where to find it and what it holds."""

    name: str
    header: str
    type: Literal["text", "integer", "date", "percent", "money", "number"] = "text"
    measure: str | None = None
    unit: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The part of a source's block that its reader may see; the config room fills it."""

    source_id: str
    url: str
    publisher: str
    title: str
    series: str | None = None
    series_kind: SeriesKind | None = None
    """None: the reader's own default."""
    select: str | None = None
    follow: str | None = None
    item: str | None = None
    """CSS selector of one item on an index page."""
    next_page: str | None = None
    """CSS selector of the link to the next index page."""
    max_pages: int = 1
    ignore: tuple[str, ...] = ()
    """CSS selectors of parts that are no content."""
    columns: tuple[Column, ...] = ()
    key: tuple[str, ...] = ()
    """Names of the columns that identify a row."""
    allow_hosts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """A figure as an alert or page shows it: words, not ids."""

    measure: str | None
    unit: str | None
    bound: Bound
    value: float | int | None
    value_quoted: str
    place: str
    label: str
    place_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Archived:
    """One archived copy of a document."""

    sha256: str
    captured_at: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """An event with all that a mail about it needs; built by the store, rendered by `render`."""

    event: Event
    publisher: str
    source_title: str
    release_title: str = ""
    release_url: str = ""
    published: str | None = None
    period_start: str | None = None
    period_end: str | None = None
    announced: str = ""
    """The publisher's own words where it announced the change; empty: it did not."""
    changes: tuple[Change, ...] = ()
    figures: tuple[Stated, ...] = ()
    case_accounts: int = 0
    rows: int = 0
    """Rows stated by the release now."""
    after: Archived | None = None
    before: Archived | None = None
    place_ids: tuple[str, ...] = ()
    """Every place that the release or its changed rows speak of."""
