"""Recording what a document states: editions, readings, row lifetimes and events, each in one transaction."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

from scraper import checks, diff
from scraper.ids import number_id
from scraper.model import FACT_TYPES, Change, Fact, Locator, Reading, ReleaseRef
from scraper.store import events, releases
from scraper.store.database import Database, Row
from scraper.terms import CausedBy, EventKind

_STORED = {kind: tuple(f.name for f in fields(kind) if f.name != "locator") for kind in FACT_TYPES}
_LIFE = ("row_id", "release_id", "source_id", "stream", "row_hash", "first_reading", "last_reading", "locator")
_LATELY = 6
"""Readings of a stream among which versions are known again: caches are few, and turn quickly."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One reading of one release, ready to be recorded."""

    source_id: str
    publisher: str
    ref: ReleaseRef
    reading: Reading
    capture_id: int
    seen_at: str
    reader: str
    reader_version: str
    cumulative: bool
    quiet: bool = False
    """Part of a baseline, or of a past brought in later: stored in full, announced to nobody."""
    caused_by: CausedBy = "publisher"

    @property
    def release_id(self) -> str:
        """The id under which a release first met through this entry is known."""
        return releases.new_id(self.source_id, self.ref.key)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """What recording did."""

    release_id: str
    kind: EventKind | None
    changes: tuple[Change, ...] = ()


def stream_of(source_id: str, release_id: str, cumulative: bool) -> str:
    """Name what a reading is compared within: the whole series, or the release alone."""
    return source_id if cumulative else f"{source_id}/{release_id}"


def current(db: Database, stream: str) -> Row | None:
    """Return the current reading of a stream, with the release it belongs to."""
    return db.one(
        "SELECT r.*, e.release_id, e.capture_id, e.seq AS edition_seq FROM reading r JOIN edition e USING (edition_id) "
        "WHERE r.stream = ? AND r.state = 'current' ORDER BY r.seq DESC LIMIT 1",
        stream,
    )


def record(db: Database, entry: Entry) -> Recorded:
    """Store an entry completely or not at all and return what happened; the same content again is nothing."""
    with db.atomic():
        release = releases.enter(db, entry.source_id, entry.publisher, entry.ref, entry.seen_at)
        release_id = release["release_id"]
        stream = stream_of(entry.source_id, release_id, entry.cumulative)
        head = current(db, stream)
        restored = release["status"] == "withdrawn"
        if head and head["release_id"] != release_id and _has_edition(db, release_id, entry.source_id):
            if entry.caused_by == "reader":
                return Recorded(release_id=release_id, kind=None)  # a past list; only the newest is read anew
            stream = f"{stream}/{release_id}"  # an older list of a cumulative series: its own side history
            head = current(db, stream)
        if entry.caused_by == "reader":
            _place_again(db, entry, stream)
        digest = diff.content_hash(entry.reading)
        if head and head["release_id"] == release_id and head["content_hash"] == digest:
            return _unchanged(db, entry, release, head, restored)
        reading_id = _add_reading(db, entry, release_id, stream, head, digest)
        changes = _replace_rows(db, entry, release_id, stream, reading_id, compare=head is not None)
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
        releases.read(db, release_id, entry.ref, entry.reading, entry.seen_at)
        if kind == "corrected":
            _announced(db, reading_id, diff.announcement(changes))
        return Recorded(release_id=release_id, kind=None if entry.quiet else kind, changes=changes)


def _unchanged(db: Database, entry: Entry, release: Row, head: Row, restored: bool) -> Recorded:
    if entry.caused_by == "reader" and head["reader_version"] != entry.reader_version:
        db.write("UPDATE reading SET reader_version = ? WHERE reading_id = ?", entry.reader_version, head["reading_id"])
    kind: EventKind | None = None
    if restored:
        kind = "restored"
        events.record_release(db, kind=kind, release_id=release["release_id"], at=entry.seen_at)
    releases.read(db, release["release_id"], entry.ref, entry.reading, entry.seen_at)
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
    head = current(db, stream_of(source_id, release_id, cumulative))
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


def _place_again(db: Database, entry: Entry, stream: str) -> None:
    """Our reference of places may know more now: rows that state the same get their place without being told anew."""
    for fact in entry.reading.facts:
        db.write(
            f"UPDATE {fact.TABLE} SET place_id = ? WHERE stream = ? AND row_hash = ? AND last_reading IS NULL AND place_id IS NOT ?",
            fact.place_id,
            stream,
            diff.fact_hash(fact),
            fact.place_id,
        )


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
            "title": entry.reading.title,
            "text": "\n".join(entry.reading.paragraphs),
            "rows": checks.size(entry.reading).rows,
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


def _replace_rows(
    db: Database, entry: Entry, release_id: str, stream: str, reading_id: int, *, compare: bool
) -> tuple[Change, ...]:
    """End the rows that are gone, start those that have come, leave the rest untouched; tell the difference."""
    by_type: dict[type[Fact], list[Fact]] = defaultdict(list)
    for fact in entry.reading.facts:
        by_type[type(fact)].append(fact)
    told: list[Change] = []
    for kind in FACT_TYPES:
        facts = by_type.get(kind, [])
        stored = db.rows(f"SELECT row_id, row_hash FROM {kind.TABLE} WHERE stream = ? AND last_reading IS NULL", stream)
        if not facts and not stored:
            continue
        hashes = [diff.fact_hash(fact) for fact in facts]
        matched = diff.match(((row["row_id"], row["row_hash"]) for row in stored), hashes)
        gone = [(row_id, load(db, kind, row_id)) for row_id in matched.gone] if compare else []
        _end(db, kind, matched.gone, reading_id, stream)
        come = [(_row_id(stream, kind, hashes, index, reading_id), facts[index]) for index in matched.come]
        _start(db, kind, entry.source_id, release_id, stream, reading_id, come)
        if compare:
            told += [c for c in diff.row_changes(gone, come) if not is_derived(c, gone, come)]
    return tuple(told)


def is_derived(change: Change, gone: Sequence[tuple[int, Fact]], come: Sequence[tuple[int, Fact]]) -> bool:
    """Is it of a figure read off a stored table row? Then the row tells the change, once."""
    if change.table != "figure":
        return False
    return any(row_id == change.row_id and getattr(fact, "derived", False) for row_id, fact in (*gone, *come))


def _row_id(stream: str, kind: type[Fact], hashes: Sequence[bytes], index: int, reading_id: int) -> int:
    return number_id(stream, kind.TABLE, hashes[index].hex(), reading_id, index)


def _end(db: Database, kind: type[Fact], row_ids: Sequence[int], reading_id: int, stream: str) -> None:
    """Close rows with the reading before this one: the last that still stated them."""
    last = db.one(
        "SELECT reading_id FROM reading WHERE stream = ? AND reading_id <> ? ORDER BY seq DESC LIMIT 1",
        stream,
        reading_id,
    )
    for row_id in row_ids:
        db.write(f"UPDATE {kind.TABLE} SET last_reading = ? WHERE row_id = ?", last and last["reading_id"], row_id)


def _start(
    db: Database,
    kind: type[Fact],
    source_id: str,
    release_id: str,
    stream: str,
    reading_id: int,
    come: Sequence[tuple[int, Fact]],
) -> None:
    columns = _STORED[kind]
    rows = []
    for row_id, fact in come:
        life = (row_id, release_id, source_id, stream, diff.fact_hash(fact), reading_id, None, fact.locator.text())
        rows.append((*life, *(_stored(getattr(fact, name)) for name in columns)))
    rows.sort()  # by row id: inserts run along the tree
    db.insert_all(kind.TABLE, (*_LIFE, *columns), rows)


def _stored(value: Any) -> Any:
    return int(value) if isinstance(value, bool) else value


def load(db: Database, kind: type[Fact], row_id: int) -> Fact:
    """Return a stored row as the fact it was."""
    row = db.one(f"SELECT * FROM {kind.TABLE} WHERE row_id = ?", row_id)
    if row is None:
        raise LookupError(row_id)
    values = {name: row[name] for name in _STORED[kind]}
    if "derived" in values:
        values["derived"] = bool(values["derived"])
    return kind(**values, locator=Locator())


def _text_changes(entry: Entry, release: Row, head: Row | None) -> tuple[Change, ...]:
    if head is None or (entry.cumulative and head["release_id"] != release["release_id"]):
        return ()
    changed = diff.text_changes(paragraphs(head), entry.reading.paragraphs)
    return diff.title_change(head["title"], entry.reading.title) + changed


def paragraphs(reading: Row) -> list[str]:
    """Return the paragraphs of a stored reading."""
    return reading["text"].split("\n") if reading["text"] else []
