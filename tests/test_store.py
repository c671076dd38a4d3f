"""The database: whole or not at all, lifetimes instead of copies, stable ids, careful opening."""

import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from scraper.errors import StoreError
from scraper.model import Figure, ListedRow, Problem, Reading, ReleaseRef
from scraper.store import ask, events, history, releases, seen
from scraper.store.database import VERSION, Database

AT = "2025-06-05T12:00:00Z"


@pytest.fixture
def db(tmp_path: Path):
    with Database.open(tmp_path / "detainers.db") as one:
        one.insert(
            "source", {"source_id": "s", "publisher": "P", "title": "T", "url": "https://p.test/", "reader": "table"}
        )
        yield one


def capture(db: Database, sha: str, at: str = AT) -> int:
    return seen.capture(
        db,
        source_id="s",
        url="https://p.test/",
        sha256=sha,
        at=at,
        media_type="text/html",
        charset=None,
        size=1,
        via="live",
    )


def entry(db: Database, counts: dict[str, str], **changes: object) -> history.Entry:
    at = str(changes.pop("at", AT))
    facts = tuple(
        ListedRow(cells=json.dumps({"place": p, "n": n}), row_key=json.dumps([p]), row_no=i)
        for i, (p, n) in enumerate(counts.items())
    )
    values = {
        "source_id": "s",
        "publisher": "P",
        "ref": ReleaseRef(key="https://p.test/", url="https://p.test/", title="T"),
        "reading": Reading(title="T", facts=facts),
        "capture_id": capture(db, str(sorted(counts.items())), at),
        "seen_at": at,
        "reader": "table",
        "reader_version": "1",
        "cumulative": False,
    }
    return history.Entry(**(values | changes))  # type: ignore[arg-type]


def test_a_first_edition_is_new_once(db: Database) -> None:
    assert history.record(db, entry(db, {"A": "1"})).kind == "new"
    assert history.record(db, entry(db, {"A": "1"})).kind is None
    assert len(db.rows("SELECT * FROM events")) == 1


def test_only_changed_rows_are_stored_again(db: Database) -> None:
    history.record(db, entry(db, {"A": "1", "B": "2", "C": "3"}))
    done = history.record(db, entry(db, {"A": "1", "B": "9", "C": "3"}, at="2025-06-06T12:00:00Z"))
    assert done.kind == "revised"
    assert len(db.rows("SELECT * FROM listed_row")) == 4
    assert len(db.rows("SELECT * FROM listed_rows WHERE last_edition IS NULL")) == 3
    (change,) = db.rows("SELECT * FROM changes")
    assert (change["column_name"], change["before"], change["after"]) == ("n", "2", "9")


def test_there_and_back_again_is_two_revisions(db: Database) -> None:
    kinds = [
        history.record(db, entry(db, {"A": n}, at=f"2025-06-0{day}T00:00:00Z")).kind
        for day, n in enumerate(["1", "2", "1"], 1)
    ]
    assert kinds == ["new", "revised", "revised"]
    assert len({row["event_id"] for row in db.rows("SELECT event_id FROM event")}) == 3


def test_our_own_better_reader_is_never_a_revision(db: Database) -> None:
    history.record(db, entry(db, {"A": "1"}))
    done = history.record(db, entry(db, {"A": "1", "B": "2"}, reader_version="2", caused_by="reader"))
    assert done.kind is None
    assert len(db.rows("SELECT * FROM edition")) == 1
    assert [row["caused_by"] for row in db.rows("SELECT caused_by, event_id FROM changes")] == ["reader"]
    assert len(db.rows("SELECT * FROM events")) == 1


def test_a_new_alias_places_old_rows_without_telling_anyone(db: Database) -> None:
    first = entry(db, {"A": "1", "B": "2"})
    history.record(db, first)
    placed = tuple(replace(fact, place_id="17031") for fact in first.reading.facts[:1]) + first.reading.facts[1:]
    again = replace(first, reading=replace(first.reading, facts=placed), reader_version="2", caused_by="reader")
    assert history.record(db, again).kind is None
    assert [row["place_id"] for row in db.rows("SELECT place_id FROM listed_row ORDER BY row_no")] == ["17031", None]
    assert len(db.rows("SELECT * FROM event")) == 1
    assert db.rows("SELECT * FROM change") == []


def test_a_table_as_of_a_date_is_what_was_published_then(db: Database) -> None:
    for day, counts in (("01", {"A": "1", "B": "2"}), ("03", {"A": "1"}), ("05", {"A": "7", "B": "2"})):
        history.record(db, entry(db, counts, at=f"2025-06-{day}T10:00:00Z"))
    read = {
        day: {r["place"]: r["n"] for r in ask.as_of(db, "s", f"2025-06-{day}")[0].rows}
        for day in ("01", "02", "04", "09")
    }
    assert read == {
        "01": {"A": "1", "B": "2"},
        "02": {"A": "1", "B": "2"},
        "04": {"A": "1"},
        "09": {"A": "7", "B": "2"},
    }
    assert ask.as_of(db, "s", "2025-05-31") == []


def test_a_cumulative_list_under_a_new_name_tells_only_its_differences(db: Database) -> None:
    def ref(name: str) -> ReleaseRef:
        return ReleaseRef(key=name, url=f"https://p.test/{name}", title=name)

    history.record(db, entry(db, {"A": "1", "B": "2"}, cumulative=True, ref=ref("one")))
    second = history.record(db, entry(db, {"A": "1", "B": "3"}, cumulative=True, ref=ref("two"), reading=None or entry(
        db, {"A": "1", "B": "3"}).reading, at="2025-06-06T00:00:00Z"))  # fmt: skip
    third = history.record(
        db, entry(db, {"A": "1", "B": "3"}, cumulative=True, ref=ref("three"), at="2025-06-07T00:00:00Z")
    )
    assert (second.kind, len(second.changes)) == ("new", 1)
    assert third.kind == "republished"
    assert len(db.rows("SELECT * FROM listed_row")) == 3


def test_a_release_of_the_history_of_record_becomes_the_publishers_own(db: Database) -> None:
    db.insert(
        "source",
        {"source_id": "history", "publisher": "H", "title": "H", "url": "https://h.invalid/", "reader": "history"},
    )
    period = {"series": "weekly", "period_start": "2017-01-28", "period_end": "2017-02-03"}
    old = ReleaseRef(key="week-1", url="https://h.invalid/1", title="Week", **period)
    facts = (Figure(measure="detainer_declined", unit="detainers", value=206, value_quoted="206"),)
    held = entry(db, {}, source_id="history", ref=old, quiet=True, reading=Reading(title="Week", facts=facts))
    first = history.record(db, held)
    live = ReleaseRef(key="https://p.test/w1.pdf", url="https://p.test/w1.pdf", title="Week 1", **period)
    second = history.record(db, entry(db, {"A": "1"}, ref=live))
    assert first.release_id == second.release_id
    assert len(db.rows("SELECT * FROM release")) == 1
    assert db.rows("SELECT value FROM current_figures")[0]["value"] == 206


def test_a_withdrawn_release_that_returns_is_restored_not_new(db: Database) -> None:
    done = history.record(db, entry(db, {"A": "1"}))
    events.record_release(db, kind="withdrawn", release_id=done.release_id, at=AT)
    again = history.record(db, entry(db, {"A": "1"}))
    assert again.kind == "restored"
    assert [row["kind"] for row in db.rows("SELECT kind FROM event ORDER BY rowid")] == ["new", "withdrawn", "restored"]


def test_a_fault_in_the_middle_leaves_nothing_behind(db: Database) -> None:
    bad = Reading(title="T", facts=(Figure(measure=None, unit=None, value=1, value_quoted=None),))  # type: ignore[arg-type]
    with pytest.raises(sqlite3.IntegrityError):
        history.record(db, entry(db, {}, reading=bad))
    assert [len(db.rows(f"SELECT * FROM {t}")) for t in ("release", "edition", "reading", "figure", "event")] == [0] * 5


def test_problems_open_once_and_close_when_gone(db: Database) -> None:
    about = events.About(source_id="s", url="https://p.test/", topic="document")
    for _ in range(2):
        events.problems(db, about, [Problem(code="x", text="y", holds_back=True)], AT)
    assert len(ask.open_problems(db)) == 1
    assert events.open_problems(db, "s") == {("https://p.test/", "document"): "y"}
    events.problems(db, about, [], AT)
    assert ask.open_problems(db) == []


def test_release_ids_are_readable_and_stable() -> None:
    one = releases.new_id("ice-news", "https://www.ice.gov/news/releases/Some-Title")
    assert one == releases.new_id("ice-news", "https://www.ice.gov/news/releases/Some-Title")
    assert one.startswith("ice-news-some-title-")


def test_s7_a_database_from_the_future_is_refused_untouched(tmp_path: Path) -> None:
    path = tmp_path / "d.db"
    Database.open(path).close()
    with closing(sqlite3.connect(path)) as raw:
        raw.execute(f"PRAGMA user_version = {VERSION + 1}")
    before = path.read_bytes()
    with pytest.raises(StoreError, match="newer version"):
        Database.open(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("offset", [0, 100, 8192])
def test_s4_a_damaged_database_is_refused_and_kept(tmp_path: Path, offset: int) -> None:
    path = tmp_path / "d.db"
    Database.open(path).close()
    data = bytearray(path.read_bytes())
    data[offset : offset + 3000] = b"\xff" * 3000
    path.write_bytes(data)
    with pytest.raises(StoreError, match=r"damaged|not made by"):
        Database.open(path)
    assert path.read_bytes() == bytes(data)


def test_a_foreign_sqlite_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "d.db"
    with closing(sqlite3.connect(path)) as raw:
        raw.execute("CREATE TABLE mine (a)")
    with pytest.raises(StoreError, match="not made by Detainer Watch"):
        Database.open(path)


def test_cheap_rows_wait_for_the_next_commit_and_are_there_after_close(tmp_path: Path) -> None:
    path = tmp_path / "d.db"
    with Database.open(path) as db:
        seen.start_round(db, AT, "1", "x", 0)
    with Database.reading(path) as db:
        assert len(db.rows("SELECT * FROM round")) == 1
        assert db.integrity() == []
