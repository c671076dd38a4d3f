"""What each page shows, read inside one snapshot of the database.

Plain functions: a connection and a question in, a dict out. None means that there is no such thing (404);
`BadRequest` carries a sentence about the question (400).
"""

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime
from itertools import groupby
from typing import Any, Final

from datasette.utils import escape_fts
from datasette.utils.asgi import BadRequest

from scraper.model import FACT_TYPES
from scraper.publish import queries as sql
from scraper.publish import show
from scraper.publish.words import CAVEATS, EXAMPLES, LICENCE, describe
from scraper.terms import EVENT_KINDS

Row = dict[str, Any]

FIRST_ROWS: Final = 100
ASOF_ROWS: Final = 1000
EVENTS_PER_PAGE: Final = 25
_HOUSEKEEPING: Final = {
    "locator",
    "figures",
    "place_id",
    "derived",
    "row_key",
    "record_key",
    "cells",
    "position",
    "row_no",
}
_COLUMNS: Final = {
    fact.TABLE: [field.name for field in fields(fact) if field.name not in _HOUSEKEEPING] for fact in FACT_TYPES
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What a reader asked for: the id in the path (decoded) and the query string."""

    id: str = ""
    args: Mapping[str, str]
    now: datetime


def rows(conn: sqlite3.Connection, query: str, **values: object) -> list[Row]:
    """Return the rows of a query as dicts, without hashes (bytes)."""
    cursor = conn.execute(query, values)
    names = [column[0] for column in cursor.description]
    return [
        {name: value for name, value in zip(names, row, strict=True) if not isinstance(value, bytes)} for row in cursor
    ]


def one(conn: sqlite3.Connection, query: str, **values: object) -> Row | None:
    """Return the first row, if any."""
    return next(iter(rows(conn, query, **values)), None)


def home(conn: sqlite3.Connection, ask: Ask) -> Row:
    """Return sources with their state, events (filtered by ?publisher= and ?kind=), and the releases of record."""
    kind, publisher = ask.args.get("kind", ""), ask.args.get("publisher", "")
    page = _page(ask)
    events = rows(
        conn, sql.EVENTS, kind=kind, publisher=publisher, limit=EVENTS_PER_PAGE + 1, offset=(page - 1) * EVENTS_PER_PAGE
    )
    history = rows(conn, sql.HISTORY)
    headlines = rows(conn, sql.HEADLINES, ids=json.dumps([release["release_id"] for release in history]))
    figures = {key: list(group) for key, group in groupby(headlines, key=lambda figure: figure["release_id"])}
    for release in history:
        release["figures"] = figures.get(release["release_id"], [])
    return {
        "sources": _sources(conn, ask.now),
        "events": events[:EVENTS_PER_PAGE],
        "more": len(events) > EVENTS_PER_PAGE,
        "page": page,
        "kind": kind,
        "publisher": publisher,
        "kinds": EVENT_KINDS,
        "publishers": [row["publisher"] for row in rows(conn, sql.PUBLISHERS)],
        "history": sorted(
            history, key=lambda release: release["period_end"] or release["published"] or "", reverse=True
        ),
    }


def _page(ask: Ask) -> int:
    text = ask.args.get("page", "1")
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:5]) <= 1000):
        raise BadRequest("page= is a number from 1 to 1000.")
    return int(text[:5])


def _sources(conn: sqlite3.Connection, now: datetime) -> list[Row]:
    found = rows(conn, sql.SOURCES)
    for source in found:
        source["overdue"] = _overdue(source, now)
    return found


def _overdue(source: Row, now: datetime) -> bool:
    """Whether four intervals went by without the check that was due: the watcher may have stopped."""
    due, checked = _time(source["next_due_at"]), _time(source["last_checked_at"])
    return due is not None and checked is not None and now - due > max(4 * (due - checked), due - due)


def _time(text: str | None) -> datetime | None:
    try:
        return datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(UTC) if text else None
    except ValueError:
        return None


def release(conn: sqlite3.Connection, ask: Ask) -> Row | None:
    """Return all about one release: what its newest reading states, editions, changes, corrections, problems."""
    found = one(conn, sql.RELEASE, id=ask.id)
    if not found:
        return None
    editions = rows(conn, sql.EDITIONS, id=ask.id)
    readings = rows(conn, sql.READINGS, id=ask.id)
    for edition in editions:
        edition["readings"] = [row for row in readings if row["edition_id"] == edition["edition_id"]]
    streams = rows(conn, sql.RELEASE_STREAMS, id=ask.id)
    tables = [part for stream in streams for part in stated(conn, stream, FIRST_ROWS) if part["name"] != "correction"]
    corrections = rows(conn, sql.CORRECTIONS, id=ask.id)
    for row in (row for part in tables if part["name"] in ("figure", "case_account") for row in part["rows"]):
        row["corrections"] = [one for one in corrections if one["place_quoted"] and _touches(one, row)]
    return {
        "release": found,
        "editions": editions,
        "tables": tables,
        "changes": _by_event(rows(conn, sql.CHANGES, id=ask.id)),
        "events": rows(conn, sql.RELEASE_EVENTS, id=ask.id),
        "corrections": corrections,
        "problems": rows(conn, sql.RELEASE_PROBLEMS, id=ask.id),
        "citation": show.cite(found, editions[0] if editions else None),
    }


def stated(conn: sqlite3.Connection, stream: Row, limit: int) -> list[Row]:
    """Return what the reading `seq` of a stream states: per table its name, count, first rows and columns in use."""
    tables = []
    for name in sql.FACTS:
        read, count = (sql.ROWS_NOW, sql.COUNT_NOW) if stream["newest"] else (sql.ROWS_THEN, sql.COUNT_THEN)
        about = {"stream": stream["stream"], "seq": stream["seq"]}
        found = rows(conn, read.format(table=name, order=sql.ORDER[name]), limit=limit, **about)
        if found:
            total = len(found)
            if total == limit:
                total = rows(conn, count.format(table=name), **about)[0]["n"]
            tables.append(table(name, found) | about | {"total": total, "newest": bool(stream["newest"])})
    return tables


def table(name: str, found: list[Row]) -> Row:
    """Return rows of a fact table with the columns that hold anything; JSON cells become columns of their own."""
    shown = [column for column in _COLUMNS[name] if any(row[column] not in (None, "") for row in found)]
    for row in found:
        row["cells"] = show.cells(row.get("cells"))
        shown += [column for column in row["cells"] if column not in shown]
    return {"name": name, "columns": shown, "rows": found}


def _by_event(changes: list[Row]) -> list[Row]:
    groups = groupby(changes, key=lambda change: (change["event_id"], change["reading_id"]))
    return [{**(group := list(members))[0], "changes": group} for _, members in groups]


def figure(conn: sqlite3.Connection, ask: Ask) -> Row | None:
    """Return the trail of one number, from the value to the archived bytes, and its other values."""
    if not (ask.id.isascii() and ask.id.isdigit() and len(ask.id) < 19):
        return None
    found = one(conn, sql.FIGURE, id=int(ask.id))
    if not found:
        return None
    fetch = one(conn, sql.FETCH, id=found["capture_id"])
    cited = {**found, "title": found["release_title"], "url": found["release_url"]}
    return {
        "figure": found,
        "fetch": fetch,
        "headers": show.cells(fetch["headers"]) if fetch else {},
        "versions": rows(conn, sql.FIGURE_VERSIONS, id=int(ask.id)),
        "corrections": [row for row in rows(conn, sql.CORRECTIONS, id=found["release_id"]) if _touches(row, found)],
        "citation": show.cite(cited, found),
    }


def _touches(correction: Row, row: Row) -> bool:
    """Does a correction of a release speak of this row? Counties of one name in two states are two places."""
    place, state = correction["place_quoted"], correction["state_quoted"]
    here = not place or (place, state) == (row.get("place_quoted"), row.get("state_quoted"))
    here = here or (correction["place_id"] is not None and correction["place_id"] == row.get("place_id"))
    return here and correction["measure"] in (None, row.get("measure", correction["measure"]))


def place(conn: sqlite3.Connection, ask: Ask) -> Row | None:
    """Return every current fact about a place, table by table, publisher by publisher; nothing is summed."""
    found = one(conn, sql.PLACE, id=ask.id)
    if not found:
        return None
    tables = []
    for name in sql.FACTS:
        if name == "detainer_record":
            continue
        query = sql.PLACE_ROWS.format(table=name, period=sql.PLACE_PERIOD.get(name, "r.period_end, r.published"))
        facts = rows(conn, query, id=ask.id, limit=200)
        tables += [
            {**table(name, list(members)), "publisher": publisher}
            for publisher, members in groupby(facts, key=lambda row: row["publisher"])
        ]
    corrections = [part for part in tables if part["name"] == "correction"]
    return {
        "place": found,
        "tables": [part for part in tables if part["name"] != "correction"],
        "corrections": [row for part in corrections for row in part["rows"]],
        "events": rows(conn, sql.PLACE_EVENTS, id=ask.id),
    }


def sources(conn: sqlite3.Connection, ask: Ask) -> Row:
    """Return every watched source with open problems and its last 20 requests."""
    found = _sources(conn, ask.now)
    for source in found:
        source["problems"] = rows(conn, sql.SOURCE_PROBLEMS, id=source["source_id"])
        source["fetches"] = rows(conn, sql.FETCHES, id=source["source_id"])
    return {"sources": found}


def data(conn: sqlite3.Connection, ask: Ask) -> Row:
    """Return the tables and views that exist, explained, with caveats and example queries."""
    words = describe()
    kinds = {row["name"]: row["type"] for row in rows(conn, sql.TABLES)}
    tables = [{"name": name, "kind": kinds[name], "columns": words[name]} for name in words if name in kinds]
    return {"tables": tables, "caveats": CAVEATS, "licence": LICENCE, "examples": EXAMPLES}


def asof(conn: sqlite3.Connection, ask: Ask) -> Row:
    """Return what a source stated at the end of ?date= (UTC); without a date and a source, only the form."""
    wanted, source_id = ask.args.get("date", ""), ask.args.get("source", "")
    answer: Row = {"date": wanted, "source_id": source_id, "names": rows(conn, sql.SOURCE_NAMES), "streams": []}
    if not (wanted and source_id):
        return answer | {"source": None}
    try:
        wanted = date.fromisoformat(wanted).isoformat()
    except ValueError:
        raise BadRequest("date= is a day written YYYY-MM-DD, such as 2026-04-01.") from None
    source = one(conn, sql.SOURCE, id=source_id)
    if not source:
        raise BadRequest("source= is not the identifier of a source; the page /sources lists them.")
    streams = rows(conn, sql.ASOF_STREAMS, source=source_id, date=wanted)
    left = ASOF_ROWS
    for stream in streams:
        stream["tables"] = stated(conn, stream, left) if left > 0 else []
        left -= sum(len(part["rows"]) for part in stream["tables"])
    return answer | {"source": source, "streams": streams, "limit": ASOF_ROWS, "full": left <= 0}


def search(conn: sqlite3.Connection, ask: Ask) -> Row:
    """Return places, releases, case accounts and policies that hold the words of ?q=."""
    q = show.plain(ask.args.get("q", "")).strip()[:200]
    found: Row = {"q": q, "places": [], "releases": [], "cases": [], "policies": []}
    if not q:
        return found
    like = "%" + q.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    found["places"] = rows(conn, sql.SEARCH_PLACES, q=q, like=like)
    match = escape_fts(q)
    if not match or not one(conn, sql.SEARCHABLE):
        return found | {"releases": rows(conn, sql.SEARCH_PLAIN, like=like)}
    return found | {
        "releases": rows(conn, sql.SEARCH_RELEASES, match=match),
        "cases": rows(conn, sql.SEARCH_CASES, match=match),
        "policies": rows(conn, sql.SEARCH_POLICIES, match=match),
    }


def feed(conn: sqlite3.Connection, ask: Ask) -> Row:
    """Return the newest 100 events."""
    return {"events": rows(conn, sql.EVENTS, kind="", publisher="", limit=100, offset=0)}


def health(conn: sqlite3.Connection, ask: Ask) -> Row:
    """Return whether all watched sources are well or waiting, and those that are not, with the reason."""
    found = _sources(conn, ask.now)
    names = ("source_id", "state", "problem", "last_ok_at", "next_due_at")
    bad = [{name: row[name] for name in names} for row in found if row["state"] not in ("ok", "waiting")]
    overdue = [row["source_id"] for row in found if row["overdue"]]
    return {"ok": not bad, "sources": len(found), "problems": bad, "overdue": overdue}
