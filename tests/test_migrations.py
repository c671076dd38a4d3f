"""A database of an earlier version is brought up to date whole, with a copy beside it, or stays as it is."""

import json
import sqlite3
from contextlib import closing
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from scraper.errors import StoreError
from scraper.known import fact_hash
from scraper.model import Fact, Figure, ListedRow, Reading
from scraper.store import ask
from scraper.store.database import VERSION, Database
from tests.test_store import record

AT = "2025-06-05T12:00:00Z"
COUNTS = {"A": "1", "B": "2", "C": "3"}


def listed(place: str, count: str) -> ListedRow:
    return ListedRow(cells=json.dumps({"place": place, "n": count}), row_key=json.dumps([place]), row_no=1)


def derived(place: str, count: str) -> Figure:
    return Figure(
        measure="detainer_declined", unit="detainers", value=int(count), value_quoted=count, place_quoted=place,
        derived=True,
    )  # fmt: skip


def fact_row(number: int, fact: Fact, last: int | None, **values: Any) -> dict[str, Any]:
    life = {"row_id": number, "release_id": "s-x", "source_id": "s", "stream": "s/s-x", "row_hash": fact_hash(fact)}
    return life | {"first_reading": 1, "last_reading": last, "locator": '{"row": 2}'} | values


def rows_of_version_1() -> dict[str, list[dict[str, Any]]]:
    read = {"stream": "s/s-x", "reader": "table", "reader_version": "0", "content_hash": "old", "title": "T"}
    tables: dict[str, list[dict[str, Any]]] = {
        "source": [{"source_id": "s", "publisher": "P", "title": "T", "url": "https://p.test/", "reader": "table"}],
        "round": [{"round_id": 1, "started_at": AT, "code_version": "1", "config_sha256": "0"}],
        "capture": [
            {"capture_id": n, "source_id": "s", "url": "https://p.test/", "sha256": f"{n:064}", "captured_at": AT,
             "media_type": "text/csv", "bytes": 9}
            for n in (1, 2)
        ],
        "release": [
            {"release_id": "s-x", "source_id": "s", "key": "https://p.test/", "publisher": "P", "title": "T", "told": 1,
             "url": "https://p.test/", "first_seen_at": AT, "last_seen_at": AT}
        ],
        "edition": [
            {"edition_id": n, "release_id": "s-x", "source_id": "s", "seq": n, "capture_id": n, "seen_at": AT}
            for n in (1, 2)
        ],
        "reading": [
            read | {"reading_id": n, "edition_id": n, "seq": n, "rows": rows, "state": state, "seen_at": at}
            for n, rows, state, at in ((1, 4, "past", "2025-06-01T00:00:00Z"), (2, 3, "current", AT))
        ],
        "event": [
            {"event_id": "e", "seen_at": AT, "kind": "revised", "source_id": "s", "release_id": "s-x", "reading_id": 2,
             "before_reading": 1, "title": "T", "url": "https://p.test/", "summary": "1 row removed"}
        ],
    }  # fmt: skip
    tables["listed_row"], tables["figure"] = [], []
    for number, (place, count) in enumerate({**COUNTS, "D": "4"}.items(), start=1):
        row, figure = listed(place, count), derived(place, count)
        last = 1 if place == "D" else None
        words = {"cells": row.cells, "row_key": row.row_key, "row_no": number, "place_quoted": "", "state_quoted": ""}
        tables["listed_row"].append(fact_row(number, row, last, **words))
        empty = dict.fromkeys(("state_quoted", "facility_quoted", "label_quoted", "quote", "note"), "")
        said = {"measure": figure.measure, "unit": figure.unit, "bound": "exact", "value": figure.value}
        more = {"value_quoted": count, "place_quoted": place, "derived": 1}
        tables["figure"].append(fact_row(number, figure, last, **empty, **said, **more))
    return tables


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A database as the first version made it."""
    file = tmp_path / "detainers.db"
    with closing(sqlite3.connect(file)) as raw:
        script = resources.files("scraper.store").joinpath("schema.sql").read_text("utf-8")
        raw.executescript(f"BEGIN;\n{script}\nCOMMIT;")
        for table, rows in rows_of_version_1().items():
            for row in rows:
                marks = ", ".join("?" * len(row))
                raw.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", tuple(row.values()))
        raw.execute("PRAGMA user_version = 1")
        raw.commit()
    return file


def content(file: Path) -> dict[str, list[dict[str, Any]]]:
    """Every row of every table that the first version filled."""
    with closing(sqlite3.connect(file)) as raw:
        raw.row_factory = sqlite3.Row
        return {name: [dict(row) for row in raw.execute(f"SELECT * FROM {name}")] for name in rows_of_version_1()}


def test_questions_to_an_older_database_say_how_to_bring_it_up_to_date(path: Path) -> None:
    before = path.read_bytes()
    with pytest.raises(StoreError, match=f"schema 1, this version reads {VERSION}; run the daemon once to upgrade"):
        Database.reading(path)
    assert path.read_bytes() == before


def test_an_older_database_is_brought_up_to_date_with_nothing_lost_and_a_copy_beside_it(path: Path) -> None:
    before = content(path)
    with Database.open(path) as db:
        assert db.one("PRAGMA user_version")[0] == VERSION  # type: ignore[index]
        assert db.integrity() == []
        assert db.one("SELECT count(*) FROM release_fts WHERE release_fts MATCH 'T'")[0] == 1  # type: ignore[index]
    after = content(path)
    for table, rows in before.items():
        assert [{name: row[name] for name in old} for row, old in zip(after[table], rows, strict=True)] == rows
    copy = path.with_name(f"detainers.db.before-v{VERSION}")
    assert content(copy) == before
    with closing(sqlite3.connect(copy)) as raw:
        assert raw.execute("PRAGMA user_version").fetchone() == (1,)
    copy.unlink()
    Database.open(path).close()
    assert not copy.exists(), "only a database that is brought up to date is copied"


def test_the_schema_of_an_older_database_ends_as_that_of_a_new_one(path: Path, tmp_path: Path) -> None:
    def schema(file: Path) -> list[tuple[str, ...]]:
        with closing(sqlite3.connect(file)) as raw:
            names = "SELECT type, name, tbl_name FROM sqlite_master ORDER BY 1, 2"
            columns = [tuple(raw.execute(f"SELECT group_concat(name) FROM pragma_table_info('{name}')")) for name in
                       ("figure", "case_account", "listed_row", "detainer_record")]  # fmt: skip
            return [*raw.execute(names), *[tuple(column[0]) for column in columns]]

    Database.open(path).close()
    Database.open(tmp_path / "new.db").close()
    assert schema(path) == schema(tmp_path / "new.db")


def test_what_an_older_version_stored_is_the_same_content_when_it_is_read_anew(path: Path) -> None:
    """Figures stood beside their rows then, and hang on them now: our own change, told to nobody."""
    rows = tuple(
        ListedRow(cells=row.cells, row_key=row.row_key, row_no=n, figures=(derived(place, count),))
        for n, (place, count) in enumerate(COUNTS.items(), start=1)
        for row in [listed(place, count)]
    )
    with Database.open(path) as db:
        ref_key = {"reading": Reading(title="T", facts=rows), "caused_by": "reader", "reader_version": "9"}
        done = record(db, COUNTS, **ref_key)
        assert (done.release_id, done.kind) == ("s-x", None)
        alive = db.rows("SELECT value, of_row FROM figure WHERE last_reading IS NULL ORDER BY value")
        assert [tuple(row) for row in alive] == [(1, 1), (2, 2), (3, 3)]
        kept = db.rows("SELECT row_id, first_reading FROM listed_row WHERE last_reading IS NULL ORDER BY row_id")
        assert [tuple(row) for row in kept] == [(1, 1), (2, 1), (3, 1)]
        assert db.one("SELECT count(*) FROM event")[0] == 1  # type: ignore[index]
        (then,) = [one for one in ask.as_of(db, "s", "2025-06-02") if one.table == "listed_row"]
        assert [row["place"] for row in then.rows] == ["A", "B", "C", "D"]
        assert record(db, {"A": "1", "B": "2"}, at="2025-06-09T00:00:00Z").kind == "revised"
        assert db.integrity() == []


def test_a_migration_that_fails_leaves_the_database_as_it_was(path: Path) -> None:
    with closing(sqlite3.connect(path)) as raw:
        raw.execute("DROP INDEX listed_row_place")
        raw.commit()
    before = content(path)
    with pytest.raises(StoreError, match="left as it is"):
        Database.open(path)
    assert content(path) == before
    with closing(sqlite3.connect(path)) as raw:
        assert raw.execute("PRAGMA user_version").fetchone() == (1,)
        assert raw.execute("SELECT count(*) FROM pragma_table_info('figure') WHERE name = 'of_row'").fetchone() == (0,)
