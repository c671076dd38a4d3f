"""What a check of one source works with: given as an argument, so that a replay or a test brings its own."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from scraper.archive import Archive
from scraper.fetch import Fetched
from scraper.ids import content_id
from scraper.parsing import Parser
from scraper.places import Gazetteer
from scraper.settings import Source
from scraper.store.database import Database
from scraper.terms import FetchOutcome


class Get(Protocol):
    """Fetches one address; never raises for anything a publisher does."""

    def __call__(
        self, url: str, *, allow_hosts: Sequence[str], etag: str | None = None, last_modified: str | None = None
    ) -> Fetched:
        """Fetch `url`, conditionally if validators are given."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """Everything with a side effect, and the clock."""

    get: Get
    db: Database
    archive: Archive
    parser: Parser
    gazetteer: Gazetteer
    now: Callable[[], datetime]
    code: str
    """Digest of the code and reference data that readings depend on."""
    via: str = "live"
    accept: bool = False
    """A person has looked: what shrank is what the publisher states now."""
    going: Callable[[str, str, int], None] = lambda source_id, doing, rows: None
    """Told on the way through a long table: the source, "read" or "stored", and how many rows more."""
    newest_archived: Callable[[Source, str], Fetched] | None = None
    """Asks the web archive for the newest version of an address (see `archived.newest`); None: not at hand."""

    def at(self) -> str:
        """Return the present time as stored."""
        return stamp(self.now())


def answer(url: str, outcome: FetchOutcome, at: str, **found: Any) -> Fetched:
    """Return an answer that no request was made for: recorded, archived or bundled; `found` fills what is known."""
    nothing: dict[str, Any] = dict.fromkeys(("status", "body", "media_type", "charset", "etag", "last_modified"))
    empty = {"final_url": url, "headers": {}, "reason": "", "ms": 0, "requests": 0}
    return Fetched(**(nothing | empty | {"url": url, "outcome": outcome, "started_at": at} | found))


def stamp(when: datetime) -> str:
    """Return a time as UTC ISO-8601 with Z, to the second."""
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def utc_now() -> datetime:
    """Return the present time."""
    return datetime.now(UTC)


def reader_version(tools: Tools, source: Source) -> str:
    """Return what a reading of this source depends on besides the bytes: code, reference data and options."""
    return content_id(tools.code, source.reader, source.options)[:12]
