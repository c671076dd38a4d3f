"""Releases: which are known, under which id, and what a source's index says of them now."""

import re

from scraper.ids import content_id
from scraper.model import Reading, ReleaseRef
from scraper.store.database import Database, Row


def new_id(source_id: str, key: str) -> str:
    """Return a readable, stable id: source, last words of the key, and a few digits of a hash."""
    tail = re.sub(r"[^a-z0-9]+", "-", key.lower().rstrip("/").rsplit("/", 1)[-1]).strip("-")[:60].strip("-")
    return "-".join(part for part in (source_id, tail, content_id(source_id, key)[:6]) if part)


def find(db: Database, source_id: str, ref: ReleaseRef) -> Row | None:
    """Return the release a reference means: by key, else by series and period (as the history of record holds it)."""
    row = db.one("SELECT * FROM release WHERE source_id = ? AND key = ?", source_id, ref.key)
    if row is None and ref.series and ref.period_start and ref.period_end:
        row = db.one(
            "SELECT * FROM release WHERE series = ? AND period_start = ? AND period_end = ?",
            ref.series,
            ref.period_start,
            ref.period_end,
        )
    return row


def enter(db: Database, source_id: str, publisher: str, ref: ReleaseRef, at: str) -> Row:
    """Return the release of a reference, known or made now; one that only the history of record held changes hands."""
    row = find(db, source_id, ref)
    if row is None:
        db.insert(
            "release",
            {
                "release_id": new_id(source_id, ref.key),
                "source_id": source_id,
                "key": ref.key,
                "publisher": ref.publisher or publisher,
                "title": ref.title,
                "listed_title": ref.title,
                "url": ref.url,
                "published": ref.published,
                "series": ref.series,
                "period_start": ref.period_start,
                "period_end": ref.period_end,
                "citation": ref.citation,
                "first_seen_at": at,
                "last_seen_at": at,
            },
        )
    elif row["source_id"] == "history" != source_id:
        db.write(
            "UPDATE release SET source_id = ?, key = ?, url = ?, publisher = ?, listed_title = ? WHERE release_id = ?",
            source_id,
            ref.key,
            ref.url,
            publisher,
            ref.title,
            row["release_id"],
        )
    found = find(db, source_id, ref)
    if found is None:
        raise LookupError(ref.key)
    return found


def read(db: Database, release_id: str, ref: ReleaseRef, reading: Reading, at: str) -> None:
    """Note that a release was read well: it is there, and this is its title and period."""
    db.write(
        "UPDATE release SET title = ?, published = coalesce(?, ?, published), period_start = coalesce(?, period_start), "
        "period_end = coalesce(?, period_end), status = CASE status WHEN 'withdrawn' THEN 'listed' ELSE status END, missing = 0, "
        "told = 1, last_seen_at = ? WHERE release_id = ?",
        reading.title or ref.title,
        reading.published,
        ref.published,
        reading.period_start or ref.period_start,
        reading.period_end or ref.period_end,
        at,
        release_id,
    )


def seen_again(db: Database, release_id: str, at: str) -> None:
    """Note that a release's document answered as before."""
    db.soon("UPDATE release SET missing = 0, last_seen_at = ? WHERE release_id = ?", at, release_id)


def missing(db: Database, release_id: str) -> int:
    """Count one more round in which the document answered 404 or 410; return how many in a row."""
    with db.atomic():
        db.write("UPDATE release SET missing = missing + 1 WHERE release_id = ?", release_id)
        row = db.one("SELECT missing FROM release WHERE release_id = ?", release_id)
        return int(row["missing"]) if row else 0


def unlisted(db: Database, release_id: str, rounds: int) -> int:
    """Remember in how many good rounds in a row the index left a release out; listed again is 0. Returns `rounds`."""
    db.soon("UPDATE release SET unlisted = ? WHERE release_id = ?", rounds, release_id)
    if not rounds:
        db.soon("UPDATE release SET status = 'listed' WHERE release_id = ? AND status = 'delisted'", release_id)
    return rounds


def moved(db: Database, release_id: str, url: str) -> None:
    """Note that a release is published at another address now."""
    db.soon("UPDATE release SET url = ? WHERE release_id = ?", url, release_id)


def listed_as(db: Database, release_id: str, title: str) -> None:
    """Remember the title the index gives."""
    db.soon("UPDATE release SET listed_title = ? WHERE release_id = ?", title, release_id)


def on_record(db: Database, source_id: str, publisher: str, ref: ReleaseRef, at: str) -> None:
    """Enter a release that a baseline found listed, though its document could not be had: it is not news later."""
    with db.atomic():
        told(db, enter(db, source_id, publisher, ref, at)["release_id"])


def told(db: Database, release_id: str) -> None:
    """Mark a release as announced, so that it never is again."""
    db.write("UPDATE release SET told = 1 WHERE release_id = ?", release_id)


def of_source(db: Database, source_id: str) -> list[Row]:
    """Return the releases of a source, each with when its document was last asked; longest unasked first."""
    return db.rows(
        "SELECT r.*, p.checked_at, (SELECT count(*) FROM edition e WHERE e.release_id = r.release_id AND e.source_id = r.source_id) AS editions "
        "FROM release r LEFT JOIN page p ON p.source_id = r.source_id AND p.url = r.url WHERE r.source_id = ? "
        "ORDER BY coalesce(p.checked_at, ''), r.first_seen_at, r.release_id",
        source_id,
    )
