"""What was asked and what came back: rounds, sources, fetches, captures, and what the next request must know."""

import json
from collections.abc import Iterable
from dataclasses import dataclass

from scraper.settings import Source
from scraper.store.database import Database, Row


@dataclass(frozen=True, slots=True, kw_only=True)
class PageState:
    """What the last good answer of an address left behind."""

    etag: str | None
    last_modified: str | None
    capture_id: int | None
    sha256: str | None
    unchanged: int
    """Answers in a row without new bytes."""
    gone: int
    read_capture: int | None
    """The capture last read well and recorded; a crash in between leaves it behind `capture_id`."""
    read_version: str
    held_capture: int | None
    """The capture whose reading was last held back, or could not be read."""
    held_version: str


UNSEEN = PageState(
    etag=None,
    last_modified=None,
    capture_id=None,
    sha256=None,
    unchanged=0,
    gone=0,
    read_capture=None,
    read_version="",
    held_capture=None,
    held_version="",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchRow:
    """One attempt, as recorded."""

    source_id: str
    url: str
    final_url: str
    started_at: str
    ms: int
    outcome: str
    status: int | None
    bytes: int | None
    reason: str
    headers: dict[str, str]


class Hosts:
    """What hosts asked of us (Retry-After, robots.txt); survives restarts. Implements `fetch.HostMemory`."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def not_before(self, host: str) -> str | None:
        """Return the time before which `host` must not be asked."""
        row = self._db.one("SELECT not_before FROM host WHERE host = ?", host)
        return row["not_before"] if row else None

    def set_not_before(self, host: str, when: str) -> None:
        """Remember, at once and for good, until when `host` wants to be left alone."""
        self._db.write(
            "INSERT INTO host (host, not_before) VALUES (?, ?) ON CONFLICT DO UPDATE SET not_before = excluded.not_before",
            host,
            when,
        )

    def robots(self, host: str) -> tuple[str, str] | None:
        """Return the robots.txt last read of `host` and when."""
        row = self._db.one("SELECT robots, robots_at FROM host WHERE host = ? AND robots IS NOT NULL", host)
        return (row["robots"], row["robots_at"]) if row else None

    def set_robots(self, host: str, text: str, at: str) -> None:
        """Remember the robots.txt of `host`."""
        self._db.soon(
            "INSERT INTO host (host, robots, robots_at) VALUES (?, ?, ?) "
            "ON CONFLICT DO UPDATE SET robots = excluded.robots, robots_at = excluded.robots_at",
            host,
            text,
            at,
        )


def start_round(db: Database, at: str, version: str, config_sha256: str, sources: int, accepted: bool = False) -> int:
    """Open a round and return its id."""
    return db.soon(
        "INSERT INTO round (started_at, code_version, config_sha256, sources, accepted) VALUES (?, ?, ?, ?, ?)",
        at,
        version,
        config_sha256,
        sources,
        int(accepted),
    )


def end_round(db: Database, round_id: int, at: str, failed: int) -> None:
    """Close a round and commit."""
    db.soon("UPDATE round SET ended_at = ?, failed = ? WHERE round_id = ?", at, failed, round_id)
    db.flush()


def know_sources(db: Database, sources: Iterable[Source]) -> None:
    """Bring the source table in step with the configuration; a source that left it stays, marked unwatched."""
    wanted = {source.id: source for source in sources}
    known = {row["source_id"]: row for row in db.rows("SELECT * FROM source")}
    stale = [source for source in wanted.values() if _block(known.get(source.id)) != _wanted(source)]
    left = [name for name, row in known.items() if row["watched"] and name not in wanted]
    if not stale and not left:
        return
    with db.atomic():
        for source in stale:
            db.write(
                "INSERT INTO source (source_id, publisher, title, url, reader, every) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE "
                "SET publisher = excluded.publisher, title = excluded.title, url = excluded.url, reader = excluded.reader, "
                "every = excluded.every, watched = 1",
                source.id,
                *_wanted(source)[:5],
            )
        for name in left:
            db.write("UPDATE source SET watched = 0 WHERE source_id = ?", name)


def _wanted(source: Source) -> tuple[str | int, ...]:
    options = source.options
    return (options.publisher, options.title, options.url, source.reader, source.schedule_words, 1)


def _block(row: Row | None) -> tuple[str | int, ...] | None:
    return (
        None
        if row is None
        else tuple(row[name] for name in ("publisher", "title", "url", "reader", "every", "watched"))
    )


def source_row(db: Database, source_id: str) -> Row:
    """Return the row of a known source."""
    row = db.one("SELECT * FROM source WHERE source_id = ?", source_id)
    if row is None:
        raise LookupError(source_id)
    return row


def page(db: Database, source_id: str, url: str) -> PageState:
    """Return what is known of an address."""
    row = db.one(
        "SELECT p.*, c.sha256 FROM page p LEFT JOIN capture c USING (capture_id) WHERE p.source_id = ? AND p.url = ?",
        source_id,
        url,
    )
    if row is None:
        return UNSEEN
    return PageState(**{name: row[name] for name in PageState.__slots__})


def answered_at(db: Database, source_id: str, url: str) -> str:
    """Return when an address last said what it states, or that it states nothing; "" when it never did."""
    row = db.one(
        "SELECT max(started_at) AS at FROM fetch WHERE source_id = ? AND url = ? AND outcome IN ('ok', 'not_modified', 'gone')",
        source_id,
        url,
    )
    return (row["at"] if row else None) or ""


def newest_edition(db: Database, source_id: str) -> str:
    """Return when the newest edition of a source was seen; "" when there is none."""
    row = db.one("SELECT max(seen_at) AS at FROM edition WHERE source_id = ?", source_id)
    return (row["at"] if row else None) or ""


def keep_page(db: Database, source_id: str, url: str, state: PageState, at: str) -> None:
    """Remember what the next request to an address must know (not what was read: that is `was_read`)."""
    db.soon(
        "INSERT INTO page (source_id, url, etag, last_modified, capture_id, checked_at, unchanged, gone) VALUES (?, ?, ?, ?, ?, ?, ?, ?) "
        "ON CONFLICT DO UPDATE SET etag = excluded.etag, last_modified = excluded.last_modified, capture_id = excluded.capture_id, "
        "checked_at = excluded.checked_at, unchanged = excluded.unchanged, gone = excluded.gone",
        source_id,
        url,
        state.etag,
        state.last_modified,
        state.capture_id,
        at,
        state.unchanged,
        state.gone,
    )


def was_read(db: Database, source_id: str, url: str, capture_id: int, version: str, *, held: bool = False) -> None:
    """Note that this version of the reader has read a capture well, or to a result that was held back."""
    what = "held" if held else "read"
    db.soon(
        f"UPDATE page SET {what}_capture = ?, {what}_version = ? WHERE source_id = ? AND url = ?",
        capture_id,
        version,
        source_id,
        url,
    )


def capture(
    db: Database,
    *,
    source_id: str,
    url: str,
    sha256: str,
    at: str,
    media_type: str,
    charset: str | None,
    size: int,
    via: str,
) -> int:
    """Record that an address served these bytes; the same bytes again in a row are the same capture."""
    last = db.one(
        "SELECT capture_id, sha256 FROM capture WHERE source_id = ? AND url = ? ORDER BY capture_id DESC LIMIT 1",
        source_id,
        url,
    )
    if last and last["sha256"] == sha256:
        return int(last["capture_id"])
    return db.soon(
        "INSERT INTO capture (source_id, url, sha256, captured_at, media_type, charset, bytes, via) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        source_id,
        url,
        sha256,
        at,
        media_type,
        charset,
        size,
        via,
    )


def capture_row(db: Database, capture_id: int) -> Row:
    """Return one capture, with the address at which it was first answered."""
    row = db.one(
        "SELECT c.*, (SELECT f.final_url FROM fetch f WHERE f.url = c.url AND f.capture_id = c.capture_id ORDER BY f.fetch_id LIMIT 1) "
        "AS final_url FROM capture c WHERE c.capture_id = ?",
        capture_id,
    )
    if row is None:
        raise LookupError(capture_id)
    return row


def fetched(db: Database, round_id: int | None, row: FetchRow, capture_id: int | None) -> None:
    """Record one attempt, whatever its outcome."""
    db.soon(
        "INSERT INTO fetch (round_id, source_id, url, final_url, started_at, ms, outcome, status, bytes, reason, headers, capture_id) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        round_id,
        row.source_id,
        row.url,
        row.final_url,
        row.started_at,
        row.ms,
        row.outcome,
        row.status,
        row.bytes,
        row.reason,
        json.dumps(row.headers) if row.headers else "{}",
        capture_id,
    )
