"""One address: ask for it, keep what it served, and say whether there is something to read."""

from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Final

from scraper.documents import kinds
from scraper.fetch import Fetched
from scraper.model import Document
from scraper.pipeline.archived import original
from scraper.pipeline.tools import Tools
from scraper.settings import Source
from scraper.store import seen
from scraper.terms import FetchOutcome

_LOGGED_HEADERS = ("etag", "last-modified", "content-type", "content-length", "date", "retry-after", "server")


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """What came back from an address."""

    url: str
    final_url: str
    """Where it was answered, after redirects; not the archive's address for it."""
    at: str
    outcome: FetchOutcome
    reason: str
    status: int | None
    capture_id: int | None
    """The newest bytes this address served, by whichever visit."""
    read_capture: int | None
    """The bytes last read well."""
    read_version: str
    held: tuple[int | None, str]
    """The bytes whose reading was last held back, and the version of the reader."""
    unchanged: int
    """Answers in a row without new bytes."""

    def unread(self, version: str) -> bool:
        """Are there bytes that this version of the reader has neither read well nor held back?"""
        known = ((self.read_capture, self.read_version), self.held)
        return self.capture_id is not None and (self.capture_id, version) not in known

    @property
    def good(self) -> bool:
        """Did the address answer with content, new or as before?"""
        return self.outcome in ("ok", "not_modified")


def visit(tools: Tools, source: Source, url: str, round_id: int | None) -> Visit:
    """Fetch `url` as the source allows, archive new bytes before anything reads them, record the attempt."""
    state = seen.page(tools.db, source.id, url)
    blind = (state.unchanged + 1) % source.unconditional_every == 0
    fetched = tools.get(
        url,
        allow_hosts=source.allow_hosts,
        etag=None if blind else state.etag,
        last_modified=None if blind else state.last_modified,
    )
    capture_id = state.capture_id
    if fetched.outcome == "ok":
        capture_id = _keep(tools, source, url, fetched, state)
        unchanged = state.unchanged + 1 if capture_id == state.capture_id else 0
        state = replace(
            state,
            etag=fetched.etag,
            last_modified=fetched.last_modified,
            capture_id=capture_id,
            unchanged=unchanged,
            gone=0,
        )
    elif fetched.outcome == "not_modified":
        state = replace(state, unchanged=state.unchanged + 1, gone=0)
    elif fetched.outcome == "gone":
        state = replace(state, etag=None, last_modified=None, gone=state.gone + 1)
    seen.keep_page(tools.db, source.id, url, state, fetched.started_at)
    seen.fetched(tools.db, round_id, _row(source, fetched), capture_id if fetched.outcome == "ok" else None)
    return Visit(
        url=url,
        final_url=_served_at(fetched.final_url, tools.via),
        at=fetched.started_at,
        outcome=fetched.outcome,
        reason=fetched.reason,
        status=fetched.status,
        capture_id=capture_id,
        read_capture=state.read_capture,
        read_version=state.read_version,
        held=(state.held_capture, state.held_version),
        unchanged=state.unchanged,
    )


LIGHT: Final = 4 * 1024 * 1024
"""Bytes of a document that may be in the memory of the daemon."""


def document(tools: Tools, capture_id: int) -> Document:
    """Return archived bytes as a document, a large one without its bytes in memory.

    ArchiveError when they are missing or altered.
    """
    row = seen.capture_row(tools.db, capture_id)
    large = row["bytes"] > LIGHT
    return Document(
        url=row["url"],
        data=b"" if large else tools.archive.read(row["sha256"]),
        media_type=row["media_type"],
        charset=row["charset"],
        captured_at=row["captured_at"],
        sha256=row["sha256"],
        content=tools.archive.content(row["sha256"]) if large else None,
        base_url=_served_at(row["final_url"] or "", row["via"]),
    )


def _served_at(address: str, via: str) -> str:
    return original(address) if via == "archive" else address


def _keep(tools: Tools, source: Source, url: str, fetched: Fetched, state: seen.PageState) -> int:
    body = fetched.body or b""
    digest = sha256(body).hexdigest()
    if state.capture_id is not None and digest == state.sha256:
        return state.capture_id
    tools.archive.keep(body)
    return seen.capture(
        tools.db,
        source_id=source.id,
        url=url,
        sha256=digest,
        at=fetched.started_at,
        media_type=kinds.media_type(body, fetched.media_type),
        charset=fetched.charset,
        size=len(body),
        via=tools.via,
    )


def _row(source: Source, fetched: Fetched) -> seen.FetchRow:
    return seen.FetchRow(
        source_id=source.id,
        url=fetched.url,
        final_url=fetched.final_url,
        started_at=fetched.started_at,
        ms=fetched.ms,
        outcome=fetched.outcome,
        status=fetched.status,
        bytes=len(fetched.body) if fetched.body is not None else None,
        reason=fetched.reason,
        headers={name: fetched.headers[name] for name in _LOGGED_HEADERS if name in fetched.headers},
    )
