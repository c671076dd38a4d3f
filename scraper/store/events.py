"""Events, changes and problems: what happened, recorded once under an id made from its content."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from scraper import diff
from scraper.ids import content_id
from scraper.model import Change, Problem
from scraper.store.database import Database, Row
from scraper.terms import CausedBy, EventKind


def record_reading(
    db: Database,
    *,
    kind: EventKind | None,
    source_id: str,
    release_id: str,
    reading_id: int,
    before: int | None,
    changes: Sequence[Change],
    caused_by: CausedBy,
    at: str,
) -> None:
    """Record what a reading changed, with its event if there is one to tell."""
    event_id = content_id("event", kind, release_id, reading_id) if kind else None
    if kind:
        row = db.one("SELECT title, url FROM release WHERE release_id = ?", release_id)
        title = db.one("SELECT title FROM reading WHERE reading_id = ?", reading_id)
        words = diff.summary(changes) or _WORDS.get(kind, "")
        name = (title["title"] if title else "") or (row["title"] if row else release_id)
        url = row["url"] if row else ""
        _insert(db, str(event_id), at, kind, source_id, name, url, words, release_id, reading_id, before)
    _record_changes(db, event_id, release_id, reading_id, changes, caused_by)


def _record_changes(
    db: Database, event_id: str | None, release_id: str, reading_id: int, changes: Sequence[Change], caused_by: CausedBy
) -> None:
    rows = [
        (
            content_id("change", reading_id, position),
            event_id,
            release_id,
            reading_id,
            position,
            change.table,
            change.kind,
            change.row_id,
            change.column,
            change.before,
            change.after,
            change.label,
            change.place_id,
            caused_by,
        )
        for position, change in enumerate(changes)
    ]
    columns = (
        "change_id", "event_id", "release_id", "reading_id", "position", "table_name", "kind", "row_id", "column_name",
        "before", "after", "label", "place_id", "caused_by",
    )  # fmt: skip
    db.insert_all("change", columns, rows, ignore=True)


def changes_of_event(db: Database, event_id: str) -> tuple[Change, ...]:
    """Return the changes an event tells, in order."""
    return _as_changes(db.rows("SELECT * FROM change WHERE event_id = ? ORDER BY position", event_id))


def changes_of(db: Database, reading_id: int) -> tuple[Change, ...]:
    """Return the changes a reading brought, told or not, in order."""
    return _as_changes(db.rows("SELECT * FROM change WHERE reading_id = ? ORDER BY position", reading_id))


def _as_changes(rows: Sequence[Row]) -> tuple[Change, ...]:
    return tuple(
        Change(
            table=row["table_name"],
            kind=row["kind"],
            row_id=row["row_id"],
            column=row["column_name"],
            before=row["before"],
            after=row["after"],
            label=row["label"],
            place_id=row["place_id"],
            caused_by=row["caused_by"],
        )
        for row in rows
    )


_WORDS: dict[str, str] = {
    "new": "a new release",
    "withdrawn": "the document is no longer served at its address",
    "restored": "the document is served again",
    "delisted": "the index no longer lists it; the document still answers",
    "republished": "the same content under a new address",
}


def record_release(db: Database, *, kind: EventKind, release_id: str, at: str, summary: str = "") -> None:
    """Record an event of a release as a whole; the n-th of its kind has its own id."""
    row = db.one("SELECT title, url, source_id FROM release WHERE release_id = ?", release_id)
    if row is None:
        raise LookupError(release_id)
    reading = db.one(
        "SELECT r.reading_id FROM reading r JOIN edition e USING (edition_id) WHERE e.release_id = ? ORDER BY r.seen_at DESC, r.seq DESC LIMIT 1",
        release_id,
    )
    nth = _count(db, kind, "release_id", release_id)
    with db.atomic():
        _insert(
            db,
            content_id("event", kind, release_id, "n", nth),
            at,
            kind,
            row["source_id"],
            row["title"],
            row["url"],
            summary or _WORDS.get(kind, ""),
            release_id,
            reading["reading_id"] if reading else None,
        )
        if kind in ("withdrawn", "restored", "delisted"):
            status = "listed" if kind == "restored" else kind
            db.write("UPDATE release SET status = ? WHERE release_id = ?", status, release_id)


def title_told(db: Database, release_id: str, before: str, after: str, at: str) -> bool:
    """Has the same edit of a title been told within the day before `at`? Then servers disagree about it."""
    sql = (
        "SELECT 1 FROM change JOIN event USING (event_id) WHERE change.release_id = ? AND table_name = 'release' "
        "AND before = ? AND after = ? AND seen_at > strftime('%Y-%m-%dT%H:%M:%SZ', ?, '-1 day')"
    )
    return db.one(sql, release_id, before, after, at) is not None


def record_title(db: Database, release_id: str, before: str, after: str, at: str) -> None:
    """Record that the index gives a release another title while its document stayed the same."""
    row = db.one("SELECT title, url, source_id FROM release WHERE release_id = ?", release_id)
    reading = db.one(
        "SELECT r.reading_id FROM reading r JOIN edition e USING (edition_id) WHERE e.release_id = ? ORDER BY r.seen_at DESC, r.seq DESC LIMIT 1",
        release_id,
    )
    if row is None or reading is None:
        return
    event_id = content_id("event", "title", release_id, before, after, _count(db, "revised", "release_id", release_id))
    with db.atomic():
        _insert(
            db,
            event_id,
            at,
            "revised",
            row["source_id"],
            after,
            row["url"],
            "1 title changed",
            release_id,
            reading["reading_id"],
        )
        db.insert(
            "change",
            {
                "change_id": content_id("change", event_id),
                "event_id": event_id,
                "release_id": release_id,
                "reading_id": reading["reading_id"],
                "position": 0,
                "table_name": "release",
                "kind": "changed",
                "column_name": "title",
                "before": before,
                "after": after,
                "label": "title on the index page",
            },
            ignore=True,
        )
        db.write("UPDATE release SET listed_title = ? WHERE release_id = ?", after, release_id)


def record_source(db: Database, *, kind: EventKind, source_id: str, at: str, summary: str) -> None:
    """Record an event of a source as a whole."""
    row = db.one("SELECT title, url FROM source WHERE source_id = ?", source_id)
    if row is None:
        raise LookupError(source_id)
    event_id = content_id("event", kind, source_id, "n", _count(db, kind, "source_id", source_id))
    _insert(db, event_id, at, kind, source_id, row["title"], row["url"], summary, None, None)


def _count(db: Database, kind: str, column: str, value: str) -> int:
    row = db.one(f"SELECT count(*) AS n FROM event WHERE kind = ? AND {column} = ?", kind, value)
    return int(row["n"]) if row else 0


def _insert(
    db: Database,
    event_id: str,
    at: str,
    kind: str,
    source_id: str,
    title: str,
    url: str,
    summary: str,
    release_id: str | None,
    reading_id: int | None,
    before: int | None = None,
) -> None:
    db.insert(
        "event",
        {
            "event_id": event_id,
            "seen_at": at,
            "kind": kind,
            "source_id": source_id,
            "release_id": release_id,
            "reading_id": reading_id,
            "before_reading": before,
            "title": title,
            "url": url,
            "summary": summary,
        },
        ignore=True,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What a problem is about: an address of a source, and whether fetching it, its list or its content is at fault."""

    source_id: str
    url: str
    topic: Literal["fetch", "index", "document"]
    release_id: str | None = None


def problems(db: Database, about: About, found: Sequence[Problem], at: str) -> None:
    """Open or keep open the problems found, and close those about the same thing that are no longer there."""
    key = (about.source_id, about.url, about.topic)
    ids = {content_id("problem", *key, p.code, p.text, p.locator): p for p in found}
    rows = db.rows(
        "SELECT problem_id FROM problem WHERE source_id = ? AND url = ? AND topic = ? AND closed_at IS NULL", *key
    )
    stale = [row["problem_id"] for row in rows if row["problem_id"] not in ids]
    if not ids and not stale:
        return
    with db.atomic():
        for problem_id in stale:
            db.write("UPDATE problem SET closed_at = ? WHERE problem_id = ?", at, problem_id)
        for problem_id, problem in ids.items():
            db.write(
                "INSERT INTO problem (problem_id, source_id, release_id, url, topic, code, text, locator, held_back, first_seen_at, last_seen_at) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET last_seen_at = excluded.last_seen_at, closed_at = NULL",
                problem_id,
                about.source_id,
                about.release_id,
                about.url,
                about.topic,
                problem.code,
                problem.text,
                problem.locator,
                int(problem.holds_back),
                at,
                at,
            )


def open_problems(db: Database, source_id: str) -> dict[tuple[str, str], str]:
    """Return the open problems of a source: (address, topic) -> the text of one that holds back, or ""."""
    rows = db.rows(
        "SELECT url, topic, text, held_back FROM problem WHERE source_id = ? AND closed_at IS NULL ORDER BY held_back",
        source_id,
    )
    return {(row["url"], row["topic"]): row["text"] if row["held_back"] else "" for row in rows}
