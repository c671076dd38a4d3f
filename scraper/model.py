"""What passes between the rooms: frozen values, no behaviour beyond their own shape.

Times are UTC ISO-8601 text with Z ("2026-11-23T04:00:00Z"); dates are "YYYY-MM-DD", months "YYYY-MM".
A publisher's own words sit in fields that end in `_quoted`, `quote` or are documented as quoted.
"""

import io
from dataclasses import dataclass, replace
from typing import BinaryIO, Literal, Protocol

from scraper.facts import (
    FACT_TYPES,
    OURS,
    UNCOMPARED,
    Agreement,
    CaseAccount,
    Correction,
    DetainerRecord,
    Fact,
    Figure,
    ListedRow,
    Locator,
    Policy,
)
from scraper.terms import Bound, CausedBy, EventKind, SeriesKind

__all__ = [  # facts are part of the model: one door for the rooms above
    "FACT_TYPES", "OURS", "UNCOMPARED", "Agreement", "Archived", "CaseAccount", "Change", "Column", "Compared",
    "Content", "Correction", "DetainerRecord", "Discovery", "Document", "Event", "Fact", "Figure", "ListedRow",
    "Locator", "Notice", "Options", "Policy", "Problem", "Reading", "ReleaseRef", "Stated", "Table",
]  # fmt: skip


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


class Content(Protocol):
    """Archived bytes that need not be in memory at once."""

    def read(self) -> bytes:
        """Return all of them."""

    def open(self) -> BinaryIO:
        """Return them as a stream from the start; what was altered since it was archived raises at its end."""

    def file(self) -> BinaryIO:
        """Return them as a file in which one can go back and forth."""


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
    content: Content | None = None
    """Where a large document can be had, whose `data` are empty until it is `loaded`."""
    base_url: str = ""
    """Where it was answered, if a redirect led elsewhere than to `url`."""

    def loaded(self) -> "Document":
        """Return the document with its bytes in memory."""
        return self if self.content is None else replace(self, data=self.content.read(), content=None)

    def open(self) -> BinaryIO:
        """Return the bytes as a stream, from memory or from the archive."""
        return io.BytesIO(self.data) if self.content is None else self.content.open()

    def file(self) -> BinaryIO:
        """Return the bytes as a file in which one can go back and forth."""
        return io.BytesIO(self.data) if self.content is None else self.content.file()

    @property
    def base(self) -> str:
        """The address from which relative links start."""
        return self.base_url or self.url


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
    publisher: str | None = None
    """Who published it, where that is not the source's own publisher (the history of record)."""
    citation: str = ""
    """Where our own record of it comes from (the history of record)."""


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
class Compared:
    """A reading measured against the rows that its stream states already; its facts came one by one, apart."""

    reading: Reading
    """Without its facts."""
    content_hash: str
    """Equal for readings that state the same, in whatever order or bytes."""
    rows: int
    """Facts stated, known ones included; those derived from others are not counted."""
    figures: int
    """Figures among the facts that were not known, those derived from rows included."""
    gone: bytes
    """Hashes, 16 bytes each, of the rows that are no longer stated."""


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
    rows: int = 1
    """How many rows it stands for: more than one only where there are too many to tell each."""


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
