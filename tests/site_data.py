"""A small neutral example in the published database, written by plain SQL: what the site is tested with."""

import sqlite3
from dataclasses import dataclass
from pathlib import Path

from scraper.archive import Archive
from scraper.model import Options
from scraper.settings import Alerts, Confirm, Expect, Fetch, Settings, Smtp, Source, Storage, Web
from scraper.store.database import Database

NASTY = "<script>alert(1)</script><img src=x onerror=alert(2)> {{7*7}} ' OR 1=1 --"
WEEKLY = "https://www.example.org/reports/2017/week-1.pdf"
PAGE = b"<!doctype html><title>Week</title><script>alert('archived')</script><p>206 detainers</p>"


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """Names that tests ask for."""

    settings: Settings
    first: str
    second: str
    figure: int
    earlier: int


def settings(folder: Path, port: int = 8001, smtp: Smtp | None = None) -> Settings:
    """Settings as the configuration would give them."""
    return Settings(
        path=folder / "config.yaml",
        sha256="0" * 64,
        storage=Storage(
            database=folder / "detainers.db",
            deliveries=folder / "deliveries.db",
            archive=folder / "archive",
            outbox=folder / "outbox",
        ),
        fetch=Fetch(contact="desk@example.org"),
        web=Web(host="127.0.0.1", port=port, public_url=f"http://127.0.0.1:{port}"),
        alerts=Alerts(smtp=smtp, sender="watch@example.org", operator=("ops@example.org",)),
        ping_url=None,
        sources=(_source(),),
    )


def _source() -> Source:
    options = Options(
        source_id="weekly", url="https://www.example.org/reports", publisher="Example Agency", title="Weekly report"
    )
    return Source(
        id="weekly",
        reader="page",
        options=options,
        every_seconds=3600.0,
        cron=None,
        jitter_seconds=0.0,
        allow_hosts=(),
        expect=Expect(),
        confirm=Confirm(),
    )


def create(path: Path) -> sqlite3.Connection:
    """Return a connection to a new database as the product makes it."""
    Database.open(path).close()
    return sqlite3.connect(path)


def insert(connection: sqlite3.Connection, table: str, **values: object) -> None:
    """Insert one row."""
    names = ", ".join(values)
    marks = ", ".join("?" for _ in values)
    connection.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", tuple(values.values()))


def figure(
    connection: sqlite3.Connection, row_id: int, stream: str, release_id: str, reading: int, **values: object
) -> None:
    """Insert one figure; what is not given is blank."""
    blank = dict.fromkeys(("place_quoted", "state_quoted", "facility_quoted", "label_quoted", "quote", "note"), "")
    row = {
        "row_id": row_id,
        "release_id": release_id,
        "source_id": "weekly",
        "stream": stream,
        "row_hash": row_id.to_bytes(16, "big"),
        "first_reading": reading,
        "locator": '{"page": 2, "row": 4, "table": 1, "column": "Declined"}',
        "measure": "detainer_declined",
        "unit": "detainers",
        "bound": "exact",
        "derived": 0,
        **blank,
        **values,
    }
    insert(connection, "figure", **{"value_quoted": str(row.get("value", "")), **row})


def fill(folder: Path, port: int = 8001, smtp: Smtp | None = None) -> Example:
    """Make the database and the archive under `folder` and return the names in them."""
    made = settings(folder, port, smtp)
    connection = create(made.storage.database)
    archive = Archive(made.storage.archive)
    archive.folder.mkdir(parents=True, exist_ok=True)
    first, second = archive.keep(PAGE), archive.keep(PAGE.replace(b"206", b"207"))
    with connection:
        _sources(connection)
        _captures(connection, first, second)
        _release(connection)
        _others(connection)
        _happened(connection)
    connection.close()
    return Example(settings=made, first=first, second=second, figure=11, earlier=10)


def _sources(c: sqlite3.Connection) -> None:
    for source_id, title, state, problem in (
        ("weekly", "Weekly report", "ok", ""),
        ("posts", "Posts", "waiting", ""),
        ("newsroom", "Newsroom", "blocked", "The publisher refused with HTTP 403."),
        ("nasty", NASTY, "ok", ""),
    ):
        publisher = "Example Agency" if source_id == "weekly" else "Example Institute"
        insert(
            c,
            "source",
            source_id=source_id,
            publisher=publisher,
            title=title,
            url=f"https://www.example.org/{source_id}",
            reader="page",
            state=state,
            problem=problem,
            every="every 1h",
            rounds=3,
            last_checked_at="2026-11-23T04:00:00Z",
            last_ok_at=None if state == "waiting" else "2026-11-23T04:00:00Z",
            next_due_at="2099-01-01T05:00:00Z",
        )
    for row in (
        ("06085", "county", "Santa Clara County", "CA"),
        ("17031", "county", "Cook County", "IL"),
        ("06", "state", "California", "CA"),
    ):
        insert(c, "place", place_id=row[0], fips=row[0], kind=row[1], name=row[2], state=row[3])


def _captures(c: sqlite3.Connection, first: str, second: str) -> None:
    insert(c, "round", round_id=1, started_at="2017-03-20T12:00:00Z", code_version="1.0", config_sha256="0" * 64)
    for number, sha256, at in (
        (1, first, "2017-03-20T12:00:01Z"),
        (2, second, "2017-04-10T12:00:01Z"),
        (3, "a" * 64, "2017-05-01T00:00:00Z"),
    ):
        insert(
            c,
            "capture",
            capture_id=number,
            source_id="weekly",
            url=WEEKLY,
            sha256=sha256,
            captured_at=at,
            media_type="text/html",
            charset="utf-8",
            bytes=len(PAGE),
        )
        insert(
            c,
            "fetch",
            fetch_id=number,
            round_id=1,
            source_id="weekly",
            url=WEEKLY,
            final_url=WEEKLY,
            started_at=at,
            ms=120,
            outcome="ok",
            status=200,
            bytes=len(PAGE),
            headers='{"etag": "\\"x\\"", "content-type": "text/html"}',
            capture_id=number,
        )
    insert(
        c,
        "fetch",
        fetch_id=4,
        round_id=1,
        source_id="newsroom",
        url="https://www.example.org/newsroom",
        final_url="",
        ms=30,
        started_at="2026-11-23T04:00:00Z",
        outcome="blocked",
        status=403,
        bytes=10,
        reason="HTTP 403",
    )


def _release(c: sqlite3.Connection) -> None:
    insert(
        c,
        "release",
        release_id=WEEKLY,
        source_id="weekly",
        key=WEEKLY,
        publisher="Example Agency",
        title="Weekly report, 28 Jan – 3 Feb 2017",
        url=WEEKLY,
        published="2017-03-20",
        series="weekly",
        period_start="2017-01-28",
        period_end="2017-02-03",
        first_seen_at="2017-03-20T12:00:00Z",
        last_seen_at="2026-11-23T04:00:00Z",
    )
    for seq, at, announced in ((1, "2017-03-20T12:00:01Z", ""), (2, "2017-04-10T12:00:01Z", "Updated on 10 April.")):
        insert(
            c,
            "edition",
            edition_id=seq,
            release_id=WEEKLY,
            source_id="weekly",
            seq=seq,
            capture_id=seq,
            seen_at=at,
            announced=announced,
        )
        insert(
            c,
            "reading",
            reading_id=seq,
            edition_id=seq,
            stream="weekly/1",
            seq=seq,
            seen_at=at,
            reader="page",
            reader_version="1",
            content_hash=str(seq),
            rows=4,
            state="past" if seq == 1 else "current",
        )
    quote = "Nationwide, 206 detainers were declined."
    figure(c, 10, "weekly/1", WEEKLY, 1, value=206, last_reading=1, quote=quote)
    figure(
        c,
        11,
        "weekly/1",
        WEEKLY,
        2,
        value=13207,
        value_quoted="13,207",
        quote="Nationwide, 13,207 detainers were declined.",
    )
    figure(
        c,
        12,
        "weekly/1",
        WEEKLY,
        1,
        value=0,
        place_quoted="Santa Clara County",
        state_quoted="CA",
        place_id="06085",
        unit="detainers",
    )
    figure(
        c,
        13,
        "weekly/1",
        WEEKLY,
        1,
        value=25000,
        bound="at_least",
        measure="people_declined",
        unit="people",
        label_quoted="since 2014",
    )
    figure(
        c,
        14,
        "weekly/1",
        WEEKLY,
        1,
        value=None,
        value_quoted="",
        place_quoted="Cook County",
        state_quoted="IL",
        place_id="17031",
    )
    insert(
        c,
        "case_account",
        row_id=20,
        release_id=WEEKLY,
        source_id="weekly",
        stream="weekly/1",
        row_hash=b"0" * 16,
        first_reading=1,
        locator='{"paragraph": 3}',
        position=1,
        agency_quoted="County Sheriff",
        place_quoted="Santa Clara County",
        state_quoted="CA",
        citizenship_quoted="not given",
        age=34,
        arrested_on="2017-01",
        detainer_on="2017-01-30",
        dates_inferred="arrested_on",
        charges_quoted="Burglary",
        disposition="charged",
        followed_quoted="",
        quote="An account as the report tells it.",
        place_id="06085",
    )
    insert(
        c,
        "correction",
        row_id=30,
        release_id=WEEKLY,
        source_id="weekly",
        stream="weekly/1",
        row_hash=b"1" * 16,
        first_reading=2,
        locator="{}",
        corrects_key="weekly 2017-01-28..2017-02-03",
        place_quoted="Santa Clara County",
        state_quoted="CA",
        quote="Two detainers went to a similarly named place.",
        note="",
        published="2017-04-10",
        place_id="06085",
    )


def _others(c: sqlite3.Connection) -> None:
    insert(
        c,
        "release",
        release_id="nasty:1",
        source_id="nasty",
        key="n",
        publisher=NASTY,
        title=NASTY,
        url="javascript:alert(3)",
        first_seen_at="2026-11-23T04:00:00Z",
        last_seen_at="2026-11-23T04:00:00Z",
        citation="Example Institute, 2026.",
    )
    insert(
        c,
        "edition",
        edition_id=3,
        release_id="nasty:1",
        source_id="nasty",
        seq=1,
        capture_id=3,
        seen_at="2026-11-23T04:00:00Z",
        announced=NASTY,
    )
    insert(
        c,
        "reading",
        reading_id=3,
        edition_id=3,
        stream="nasty",
        seq=1,
        seen_at="2026-11-23T04:00:00Z",
        reader="table",
        reader_version="1",
        content_hash="3",
        rows=2,
    )
    figure(
        c,
        15,
        "nasty",
        "nasty:1",
        3,
        value=9,
        bound="about",
        unit="percent",
        measure=None,
        label_quoted=NASTY,
        quote=NASTY,
        note=NASTY,
        place_quoted=NASTY,
        place_id="06085",
        locator=f'{{"selector": "{NASTY}"}}',
    )
    insert(
        c,
        "listed_row",
        row_id=40,
        release_id="nasty:1",
        source_id="nasty",
        stream="nasty",
        row_hash=b"2" * 16,
        first_reading=3,
        row_no=1,
        locator="{}",
        cells='{"<script>alert(4)</script>": "javascript:alert(5)", "Link": "https://www.example.org/x", "Empty": ""}',
        row_key='["a"]',
        place_quoted=NASTY,
        state_quoted="",
        place_id="06085",
    )
    insert(
        c,
        "problem",
        problem_id="p1",
        source_id="nasty",
        release_id="nasty:1",
        code="unread_column",
        text=f"A column was not read: {NASTY}",
        first_seen_at="2026-11-23T04:00:00Z",
        last_seen_at="2026-11-23T04:00:00Z",
    )


def _happened(c: sqlite3.Connection) -> None:
    for event_id, at, kind, source, release, before, reading, title in (
        ("e1", "2017-03-20T12:00:01Z", "new", "weekly", WEEKLY, None, 1, "Weekly report, 28 Jan – 3 Feb 2017"),
        ("e2", "2017-04-10T12:00:01Z", "revised", "weekly", WEEKLY, 1, 2, "Weekly report, 28 Jan – 3 Feb 2017"),
        ("e3", "2026-11-23T04:00:00Z", "new", "nasty", "nasty:1", None, 3, NASTY),
        ("e4", "2026-11-23T04:00:01Z", "source_blocked", "newsroom", None, None, None, "Newsroom"),
    ):
        insert(
            c,
            "event",
            event_id=event_id,
            seen_at=at,
            kind=kind,
            source_id=source,
            release_id=release,
            before_reading=before,
            reading_id=reading,
            title=title,
            url="https://www.example.org/",
            summary=f"{title} ({kind}).",
        )
    for number, label, before, after, cause in (
        (1, "detainers declined", "206", "13207", "publisher"),
        (2, NASTY, NASTY, "", "publisher"),
        (3, "a place", "", "Cook", "reader"),
    ):
        insert(
            c,
            "change",
            change_id=f"c{number}",
            event_id="e2" if cause == "publisher" else None,
            release_id=WEEKLY,
            reading_id=2,
            position=number,
            table_name="figure",
            kind="changed",
            row_id=11,
            column_name="value",
            before=before,
            after=after,
            label=label,
            place_id="06085",
            caused_by=cause,
        )
