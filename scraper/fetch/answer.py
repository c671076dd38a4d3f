"""What a fetch hands back, what it remembers about hosts, and how it ends early."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from scraper.terms import FetchOutcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """One answered question: always returned, whatever the publisher did."""

    url: str
    """As asked."""
    final_url: str
    """After redirects; equals `url` when there were none."""
    outcome: FetchOutcome
    status: int | None
    """Of the last answer; None when there was none."""
    headers: Mapping[str, str]
    """A few that matter, lower-case names, control characters removed, each at most 500 characters."""
    body: bytes | None
    """Complete decoded bytes; only for `ok`."""
    media_type: str | None
    charset: str | None
    """Both from the Content-Type header alone, in lower case."""
    etag: str | None
    last_modified: str | None
    reason: str
    """Words for a person; "" for `ok` and `not_modified`."""
    started_at: str
    """UTC, ISO-8601 with Z."""
    ms: int
    """Whole duration, waiting for the rate limit included."""
    requests: int
    """Requests for this URL that went on the wire, redirects and retries included, robots.txt not."""


class HostMemory(Protocol):
    """What must survive a restart, by authority ("www.ice.gov", "host:8080"). Calls come one at a time.

    Times are UTC, ISO-8601 with Z.
    """

    def not_before(self, host: str) -> str | None:
        """Return the time until which `host` asked to be left alone."""

    def set_not_before(self, host: str, when: str) -> None:
        """Remember it."""

    def robots(self, host: str) -> tuple[str, str] | None:
        """Return the text of the last robots.txt that was read, and when it was fetched."""

    def set_robots(self, host: str, text: str, at: str) -> None:
        """Remember it."""


class Ended(Exception):
    """A fetch is over without a page: carries the outcome; the text is the reason."""

    def __init__(self, outcome: FetchOutcome, reason: str) -> None:
        super().__init__(reason)
        self.outcome: FetchOutcome = outcome


class Failed(Ended):
    """Ended as `failed`."""

    def __init__(self, reason: str) -> None:
        super().__init__("failed", reason)


class Broken(Failed):
    """The connection failed in a way that may pass: worth another try."""
