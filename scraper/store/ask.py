"""Questions to the history: notices for alerts, the trail of a number, a table as of a date, the state of things."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

from scraper.model import (
    FACT_TYPES,
    Agreement,
    Archived,
    DetainerRecord,
    Event,
    Fact,
    ListedRow,
    Notice,
    Policy,
    Stated,
)
from scraper.store.database import Database, Row
from scraper.store.events import changes_of_event

_ROWS = (Policy, Agreement, ListedRow, DetainerRecord)
"""Fact types that are rows of a published table (figures and cases are counted apart)."""
_HEADLINE = 12
"""Figures a notice carries at most: those without a place first, then the largest."""


def event_ids(db: Database) -> list[str]:
    """Return the ids of all events in the order in which they happened."""
    return [row["event_id"] for row in db.rows("SELECT event_id FROM event ORDER BY seen_at, rowid")]


def newest_event(db: Database) -> int:
    """Return a number that grows with every event: the same number, nothing new."""
    row = db.one("SELECT coalesce(max(rowid), 0) AS n FROM event")
    return int(row["n"]) if row else 0


def notice(db: Database, event_id: str) -> Notice | None:
    """Return an event with all that a mail about it needs, or None if there is no such event."""
    row = db.one(
        "SELECT e.*, s.publisher AS source_publisher, s.title AS source_title, r.publisher, r.title AS release_title, "
        "r.url AS release_url, r.published, r.period_start, r.period_end FROM event e JOIN source s USING (source_id) "
        "LEFT JOIN release r ON r.release_id = e.release_id WHERE e.event_id = ?",
        event_id,
    )
    if row is None:
        return None
    event = Event(**{f.name: row[f.name] for f in fields(Event)})
    if row["release_id"] is None:
        return Notice(event=event, publisher=row["source_publisher"], source_title=row["source_title"])
    changes = changes_of_event(db, event_id)
    places = {change.place_id for change in changes} | _places(db, row["reading_id"])
    return Notice(
        event=event,
        publisher=row["publisher"],
        source_title=row["source_title"],
        release_title=row["release_title"],
        release_url=row["release_url"],
        published=row["published"],
        period_start=row["period_start"],
        period_end=row["period_end"],
        announced=_announced(db, row["reading_id"]),
        changes=changes,
        figures=_figures(db, row["reading_id"]),
        case_accounts=_count(db, "case_account", row["reading_id"]),
        rows=sum(_count(db, kind.TABLE, row["reading_id"]) for kind in _ROWS),
        after=_archived(db, row["reading_id"]),
        before=_archived(db, row["before_reading"]),
        place_ids=tuple(sorted(place for place in places if place)),
    )


def notices(db: Database, ids: Sequence[str]) -> dict[str, Notice]:
    """Return the notices of several events, in the order asked for."""
    found = ((event_id, notice(db, event_id)) for event_id in ids)
    return {event_id: one for event_id, one in found if one is not None}


_AS_PRINTED = ", ".join(
    f"json_extract(f.locator, '$.{part}')" for part in ("page", "sheet", "table", "row", "paragraph")
)
_ORDER = {"listed_row": "f.row_no, f.row_id", "detainer_record": "f.row_id"}
"""How rows are printed; by their place in the document where a table has no order of its own."""
_READINGS = "(SELECT m.reading_id FROM reading n JOIN reading m ON m.stream = n.stream AND m.seq {} n.seq WHERE n.reading_id = :reading)"
_STREAM = "(SELECT stream FROM reading WHERE reading_id = :reading)"


def _alive(table: str, what: str) -> str:
    """Return the query for `what` of the rows `f` that a reading stated, current or not."""
    asked = f"SELECT {what} FROM {table} f LEFT JOIN place p ON p.place_id = f.place_id WHERE f.stream = {_STREAM} AND f.first_reading IN {_READINGS.format('<=')}"
    return f"{asked} AND (f.last_reading IS NULL OR f.last_reading IN {_READINGS.format('>=')})"


def _places(db: Database, reading_id: int | None) -> set[str]:
    """Return the places that a reading speaks of; of the current one without going through its rows."""
    current = db.one("SELECT 1 FROM reading WHERE reading_id = ? AND state = 'current'", reading_id) is not None
    found: set[str] = set()
    for kind in FACT_TYPES:
        sql = spoken_of(kind) if current else _alive(kind.TABLE, "DISTINCT f.place_id")
        found |= {row[0] for row in db.rows(sql, {"reading": reading_id}) if row[0]}
    return found


def spoken_of(kind: type[Fact]) -> str:
    """Return the query for the places that rows of a stream name now: one look into an index for each place."""
    here = f"f.place_id = p.place_id AND f.stream = {_STREAM} AND f.last_reading IS NULL"
    return f"SELECT p.place_id FROM place p WHERE EXISTS (SELECT 1 FROM {kind.TABLE} f WHERE {here})"


def _count(db: Database, table: str, reading_id: int | None) -> int:
    by_then = f"FROM {table} f WHERE f.stream = {_STREAM} AND f.first_reading IN {_READINGS.format('<=')} AND f.last_reading IS"
    row = db.one(
        f"SELECT (SELECT count(*) {by_then} NULL) + (SELECT count(*) {by_then} NOT NULL AND f.last_reading IN {_READINGS.format('>=')})",
        {"reading": reading_id},
    )
    return int(row[0]) if row else 0


def _figures(db: Database, reading_id: int | None) -> tuple[Stated, ...]:
    rows = db.rows(
        _alive("figure", "f.*, coalesce(nullif(f.place_quoted, ''), p.name, '') AS place")
        + f" ORDER BY f.place_quoted <> '', f.measure IS NULL, f.value DESC LIMIT {_HEADLINE}",
        {"reading": reading_id},
    )
    return tuple(
        Stated(
            measure=row["measure"],
            unit=row["unit"],
            bound=row["bound"],
            value=row["value"],
            value_quoted=row["value_quoted"],
            place=row["place"],
            label=row["label_quoted"],
            place_id=row["place_id"],
        )
        for row in rows
    )


def _announced(db: Database, reading_id: int | None) -> str:
    row = db.one("SELECT announced FROM edition JOIN reading USING (edition_id) WHERE reading_id = ?", reading_id)
    return row["announced"] if row else ""


def _archived(db: Database, reading_id: int | None) -> Archived | None:
    row = db.one(
        "SELECT c.sha256, c.captured_at, c.url FROM reading r JOIN edition e USING (edition_id) JOIN capture c USING (capture_id) "
        "WHERE r.reading_id = ?",
        reading_id,
    )
    return Archived(sha256=row["sha256"], captured_at=row["captured_at"], url=row["url"]) if row else None


@dataclass(frozen=True, slots=True, kw_only=True)
class AsOf:
    """A table as a source published it at some time."""

    seen_at: str
    title: str
    url: str
    sha256: str
    table: str
    count: int
    """Rows of the table then."""
    rows: tuple[dict[str, Any], ...]
    """The first of them, as many as were asked for, in the order in which they are printed."""


def as_of(db: Database, source_id: str, when: str, limit: int | None = None) -> list[AsOf]:
    """Return every table of a source as published at `when` (a date means the end of that day), with all rows or some."""
    until = when if "T" in when else f"{when}T23:59:59Z"
    streams = db.rows(
        "SELECT n.stream, max(n.seq) AS seq FROM reading n JOIN edition e USING (edition_id) "
        "WHERE e.source_id = ? AND n.seen_at <= ? GROUP BY n.stream",
        source_id,
        until,
    )
    found = []
    for stream in streams:
        reading = db.one(
            "SELECT n.reading_id, n.seen_at, n.title, c.url, c.sha256 FROM reading n JOIN edition USING (edition_id) "
            "JOIN capture c USING (capture_id) WHERE n.stream = ? AND n.seq = ?",
            stream["stream"],
            stream["seq"],
        )
        if reading is not None:
            found += _tables(db, reading, limit)
    return found


def _tables(db: Database, reading: Row, limit: int | None) -> list[AsOf]:
    tables = []
    for kind in FACT_TYPES:
        count = _count(db, kind.TABLE, reading["reading_id"])
        if count:
            tables.append(
                AsOf(
                    seen_at=reading["seen_at"],
                    title=reading["title"],
                    url=reading["url"],
                    sha256=reading["sha256"],
                    table=kind.TABLE,
                    count=count,
                    rows=_printed(db, kind, reading["reading_id"], limit),
                )
            )
    return tables


def _printed(db: Database, kind: type[Fact], reading_id: int, limit: int | None) -> tuple[dict[str, Any], ...]:
    names = [f.name for f in fields(kind) if f.name not in ("locator", "place_id", "figures")]
    order = _ORDER.get(kind.TABLE, _AS_PRINTED)
    sql = f"{_alive(kind.TABLE, 'f.*')} ORDER BY {order} LIMIT :limit"
    found = db.rows(sql, {"reading": reading_id, "limit": -1 if limit is None else limit})
    return tuple(json.loads(row["cells"]) if "cells" in names else {name: row[name] for name in names} for row in found)


def trail(db: Database, figure_id: int) -> dict[str, Any] | None:
    """Return the way from a number back to the archived document: figure, release, reading, edition, capture, fetch."""
    figure = db.one("SELECT * FROM current_figures WHERE figure_id = ?", figure_id) or db.one(
        "SELECT f.row_id AS figure_id, f.*, r.title AS release_title, r.publisher, r.url FROM figure f JOIN release r USING (release_id) "
        "WHERE f.row_id = ?",
        figure_id,
    )
    if figure is None:
        return None
    steps = db.one(
        "SELECT n.reading_id, n.seq AS reading_no, n.reader, n.reader_version, e.edition_id, e.seq AS edition_no, e.seen_at, "
        "c.capture_id, c.sha256, c.captured_at, c.media_type, c.bytes, c.via, c.url AS document_url FROM figure f "
        "JOIN reading n ON n.reading_id = f.first_reading JOIN edition e USING (edition_id) JOIN capture c USING (capture_id) WHERE f.row_id = ?",
        figure_id,
    )
    fetch = steps and db.one("SELECT * FROM fetch WHERE capture_id = ? ORDER BY fetch_id LIMIT 1", steps["capture_id"])
    return {"figure": dict(figure), "steps": dict(steps) if steps else {}, "fetch": dict(fetch) if fetch else {}}


def health(db: Database) -> list[Row]:
    """Return the state of every watched source."""
    return db.rows("SELECT * FROM source_health ORDER BY source_id")


def open_problems(db: Database) -> list[Row]:
    """Return the problems that are open now."""
    return db.rows("SELECT * FROM problem WHERE closed_at IS NULL ORDER BY source_id, first_seen_at")
