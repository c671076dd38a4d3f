"""What a fetch hands back, how it ends early, and what an answer means: pure rules on status, headers and body."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http.client import responses
from typing import Final, Protocol

from scraper.fetch.challenge import wall
from scraper.terms import FetchOutcome

_OUTCOMES: Final[dict[int, FetchOutcome]] = {
    **dict.fromkeys((404, 410), "gone"),
    **dict.fromkeys((401, 403, 429, 451), "blocked"),
}
"""Of statuses that are no page; all others are "failed"."""
_KEPT: Final = frozenset(
    ("etag", "last-modified", "content-type", "date", "retry-after", "server", "content-length", "content-encoding")
) | {"memento-datetime", "x-archive-orig-content-type"}
_MAX_VALUE: Final = 500


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


def judge(status: int | None, headers: Mapping[str, str], body: bytes, *, conditional: bool) -> FetchOutcome:
    """Return "ok" for a page and "not_modified" for an honest 304; raise `Ended` for everything else.

    `conditional` tells whether validators were sent.
    """
    if status == 200:
        if not body:
            raise Failed("empty body")
        if found := wall(body, content_type(headers)[0]):
            raise Ended("blocked", found)
        return "ok"
    if status == 304:
        if not conditional:
            raise Failed("answered 304 Not Modified, though nothing was known to compare with")
        return "not_modified"
    raise Ended(_OUTCOMES.get(status or 0, "failed"), answered(status))


def answered(status: int | None) -> str:
    """Return "answered 403 Forbidden": our phrase, not the server's."""
    return f"answered {status} {responses.get(status or 0, '')}".rstrip()


def kept_headers(raw: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Return the headers that matter: the first of each name, printable, at most 500 characters."""
    kept: dict[str, str] = {}
    for name, value in raw:
        if (key := name.decode("latin-1").lower()) in _KEPT:
            kept.setdefault(key, "".join(filter(str.isprintable, value.decode("latin-1")))[:_MAX_VALUE])
    return kept


def content_type(headers: Mapping[str, str]) -> tuple[str | None, str | None]:
    """Return media type and charset of the Content-Type header, in lower case; None for what it does not say."""
    media_type, *parameters = headers.get("content-type", "").lower().split(";")
    values = (value.partition("=") for value in parameters)
    charset = next((value.strip(" \t\"'") for name, _, value in values if name.strip() == "charset"), "")
    return media_type.strip() or None, charset or None


def validator(text: str | None) -> str | None:
    """Return an ETag or date that can be sent back exactly as it came; None for any other."""
    fit = text and len(text) < _MAX_VALUE and text.isascii() and text.isprintable() and text == text.strip()
    return text if fit else None
