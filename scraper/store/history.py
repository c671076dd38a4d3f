"""Recording what a document states: editions, readings, row lifetimes and events, each in one transaction."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Final

from scraper import diff
from scraper.ids import number_id
from scraper.known import HASH_BYTES
from scraper.model import Change, Compared, Fact, ReleaseRef
from scraper.store import events, releases, rows
from scraper.store.database import Database, Row
from scraper.terms import CausedBy, EventKind

_LATELY: Final = 6
"""Readings of a stream among which versions are known again: caches are few, and turn quickly."""
_MANY: Final = 50_000
_MOST_TOLD: Final = 100_000
"""Rows, ended and begun, above which a change is told by their number alone; each row keeps its lifetime."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What a reading of a release is compared with."""

    release_id: str
    stream: str
    head: Row | None
    """The current reading of the stream, with the release it belongs to."""
    aside: bool
    """It is an older list of a cumulative series: its own side history."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One reading of one release, ready to be recorded."""

    source_id: str
    publisher: str
    ref: ReleaseRef
    target: Target
    compared: Compared
    facts: Callable[[], Iterable[tuple[bool, Fact]]]
    """Goes through the facts that are not known, or all with whether they are, placed; as often as needed."""
    capture_id: int
    seen_at: str
    reader: str
    reader_version: str
    cumulative: bool
    quiet: bool = False
    """Part of a baseline, or of a past brought in later: stored in full, announced to nobody."""
    caused_by: CausedBy = "publisher"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """What recording did."""

    release_id: str
    kind: EventKind | None
    changes: tuple[Change, ...] = ()


def stream_of(source_id: str, release_id: str, cumulative: bool, series: str | None = None) -> str:
    """Name what a reading is compared within: the whole series, or the release alone."""
    if not cumulative:
        return f"{source_id}/{release_id}"
    return f"{source_id}/{series}" if series else source_id


def current(db: Database, stream: str) -> Row | None:
    """Return the current reading of a stream, with the release it belongs to."""
    return db.one(
        "SELECT r.*, e.release_id, e.capture_id, e.seq AS edition_seq FROM reading r JOIN edition e USING (edition_id) "
        "WHERE r.stream = ? AND r.state = 'current' ORDER BY r.seq DESC LIMIT 1",
        stream,
    )


def target(db: Database, source_id: str, ref: ReleaseRef, cumulative: bool) -> Target:
    """Return what a reading of this reference is compared with, whether the release is known yet or not."""
    row = releases.find(db, source_id, ref)
    release_id = row["release_id"] if row else releases.new_id(source_id, ref.key)
    stream = stream_of(source_id, release_id, cumulative, ref.series)
    head = current(db, stream)
    aside = bool(head and head["release_id"] != release_id and _has_edition(db, release_id, source_id))
    if aside:
        stream = f"{stream}/{release_id}"
        head = current(db, stream)
    return Target(release_id=release_id, stream=stream, head=head, aside=aside)


def record(db: Database, entry: Entry) -> Recorded:
    """Store an entry completely or not at all and return what happened; the same content again is nothing."""
    with db.atomic():
        release = releases.enter(db, entry.source_id, entry.publisher, entry.ref, entry.seen_at)
        release_id, stream, head = release["release_id"], entry.target.stream, entry.target.head
        restored = release["status"] == "withdrawn"
        by_us = entry.caused_by == "reader"
        if entry.target.aside and by_us:
            return Recorded(release_id=release_id, kind=None)  # a past list; only the newest is read anew
        ours = by_us and rows.refresh(db, stream, entry.facts)
        digest = entry.compared.content_hash
        if head and head["release_id"] == release_id and head["content_hash"] == digest and not ours:
            return _unchanged(db, entry, release, head, restored)
        reading_id = _add_reading(db, entry, release_id, stream, head, digest)
        batch = rows.Batch(
            source_id=entry.source_id,
            release_id=release_id,
            stream=stream,
            reading_id=reading_id,
            before=head["reading_id"] if head else None,
        )
        moved = _moved(entry.compared, head)
        with db.roomy() if moved > _MANY else nullcontext():
            changes = rows.replace(db, batch, entry.compared.gone, entry.facts, tell=moved <= _MOST_TOLD)
        changes += _text_changes(entry, release, head)
        kind = _kind(entry, release, head, changes, restored)
        if kind == "revised" and head and _alternates(db, stream, head, digest):
            db.write("UPDATE reading SET damped = 1 WHERE reading_id = ?", reading_id)
            kind = None
        events.record_reading(
            db,
            kind=None if entry.quiet else kind,
            source_id=entry.source_id,
            release_id=release_id,
            reading_id=reading_id,
            before=head["reading_id"] if head else None,
            changes=changes,
            caused_by=entry.caused_by,
            at=entry.seen_at,
        )
        releases.read(db, release_id, entry.ref, entry.compared.reading, entry.seen_at)
        if kind == "corrected":
            _announced(db, reading_id, diff.announcement(changes))
        return Recorded(release_id=release_id, kind=None if entry.quiet else kind, changes=changes)


def _moved(compared: Compared, head: Row | None) -> int:
    """How many rows end and begin."""
    ended = len(compared.gone) // HASH_BYTES
    return ended + max(0, compared.rows - (head["rows"] - ended if head else 0))


def _unchanged(db: Database, entry: Entry, release: Row, head: Row, restored: bool) -> Recorded:
    if entry.caused_by == "reader" and head["reader_version"] != entry.reader_version:
        db.write("UPDATE reading SET reader_version = ? WHERE reading_id = ?", entry.reader_version, head["reading_id"])
    kind: EventKind | None = None
    if restored:
        kind = "restored"
        events.record_release(db, kind=kind, release_id=release["release_id"], at=entry.seen_at)
    releases.read(db, release["release_id"], entry.ref, entry.compared.reading, entry.seen_at)
    return Recorded(release_id=release["release_id"], kind=kind)


def _alternates(db: Database, stream: str, head: Row, digest: str) -> bool:
    """Is this a further turn between versions that were all here lately, as A, B, A and now B? Then caches disagree."""
    rows = db.rows(
        "SELECT content_hash FROM reading WHERE stream = ? AND seq < ? ORDER BY seq DESC LIMIT ?",
        stream,
        head["seq"],
        _LATELY,
    )
    return {digest, head["content_hash"]} <= {row["content_hash"] for row in rows}


def tell_settled(db: Database, source_id: str, release_id: str, cumulative: bool, at: str) -> Recorded | None:
    """One of two alternating versions has stayed: tell it, unless it is the one told last."""
    release = db.one("SELECT series FROM release WHERE release_id = ?", release_id)
    series = release["series"] if release else None
    head = current(db, stream_of(source_id, release_id, cumulative, series))
    if head is None or not head["damped"]:
        return None
    told = db.one(
        "SELECT content_hash FROM reading WHERE stream = ? AND NOT damped ORDER BY seq DESC LIMIT 1", head["stream"]
    )
    with db.atomic():
        db.write("UPDATE reading SET damped = 0 WHERE reading_id = ?", head["reading_id"])
        if told and told["content_hash"] == head["content_hash"]:
            return None
        changes = events.changes_of(db, head["reading_id"])
        db.write("DELETE FROM change WHERE reading_id = ?", head["reading_id"])
        before = db.one("SELECT reading_id FROM reading WHERE stream = ? AND seq = ?", head["stream"], head["seq"] - 1)
        events.record_reading(
            db,
            kind="revised",
            source_id=source_id,
            release_id=release_id,
            reading_id=head["reading_id"],
            before=before["reading_id"] if before else None,
            changes=changes,
            caused_by="publisher",
            at=at,
        )
    return Recorded(release_id=release_id, kind="revised", changes=changes)


def _announced(db: Database, reading_id: int, words: str) -> None:
    edition = "SELECT edition_id FROM reading WHERE reading_id = ?"
    db.write(f"UPDATE edition SET announced = ? WHERE edition_id = ({edition})", words, reading_id)


def _has_edition(db: Database, release_id: str, source_id: str) -> bool:
    return db.one("SELECT 1 FROM edition WHERE release_id = ? AND source_id = ?", release_id, source_id) is not None


def _kind(entry: Entry, release: Row, head: Row | None, changes: Sequence[Change], restored: bool) -> EventKind | None:
    if entry.caused_by == "reader":
        return None
    if restored:
        return "restored"
    if head is None:
        return None if release["told"] else "new"
    if head["release_id"] != release["release_id"]:
        return "new" if changes else "republished"
    if not changes:
        return None
    return "corrected" if diff.announcement(changes) else "revised"


def _add_reading(db: Database, entry: Entry, release_id: str, stream: str, head: Row | None, digest: str) -> int:
    edition_id = head["edition_id"] if head and entry.caused_by == "reader" else _add_edition(db, entry, release_id)
    seq = (head["seq"] + 1) if head else 1
    reading_id = number_id("reading", stream, seq)
    db.write("UPDATE reading SET state = 'past' WHERE stream = ? AND state = 'current'", stream)
    db.insert(
        "reading",
        {
            "reading_id": reading_id,
            "edition_id": edition_id,
            "stream": stream,
            "seq": seq,
            "seen_at": head["seen_at"] if head and entry.caused_by == "reader" else entry.seen_at,
            "reader": entry.reader,
            "reader_version": entry.reader_version,
            "content_hash": digest,
            "title": entry.compared.reading.title,
            "text": "\n".join(entry.compared.reading.paragraphs),
            "rows": entry.compared.rows,
        },
    )
    return reading_id


def _add_edition(db: Database, entry: Entry, release_id: str) -> int:
    last = db.one(
        "SELECT max(seq) AS seq FROM edition WHERE release_id = ? AND source_id = ?", release_id, entry.source_id
    )
    seq = (last["seq"] or 0) + 1 if last else 1
    edition_id = number_id("edition", release_id, entry.source_id, seq)
    db.insert(
        "edition",
        {
            "edition_id": edition_id,
            "release_id": release_id,
            "source_id": entry.source_id,
            "seq": seq,
            "capture_id": entry.capture_id,
            "seen_at": entry.seen_at,
        },
    )
    return edition_id


def _text_changes(entry: Entry, release: Row, head: Row | None) -> tuple[Change, ...]:
    if head is None or (entry.cumulative and head["release_id"] != release["release_id"]):
        return ()
    reading = entry.compared.reading
    changed = diff.text_changes(paragraphs(head), reading.paragraphs)
    return diff.title_change(head["title"], reading.title) + changed


def paragraphs(reading: Row) -> list[str]:
    """Return the paragraphs of a stored reading."""
    return reading["text"].split("\n") if reading["text"] else []
