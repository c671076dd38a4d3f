"""The database: whole or not at all, lifetimes instead of copies, stable ids, careful opening."""

import json
import sqlite3
import tempfile
from collections import Counter
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scraper.errors import StoreError
from scraper.known import Known
from scraper.model import FACT_TYPES, Compared, Fact, Figure, ListedRow, Problem, Reading, ReleaseRef
from scraper.store import ask, compare, events, history, releases, rows, seen
from scraper.store.database import VERSION, Database

AT = "2025-06-05T12:00:00Z"
SOURCE_ROW = {"source_id": "s", "publisher": "P", "title": "T", "url": "https://p.test/", "reader": "table"}


@pytest.fixture
def db(tmp_path: Path):
    with Database.open(tmp_path / "detainers.db") as one:
        one.insert("source", SOURCE_ROW)
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


def table(counts: dict[str, str]) -> tuple[ListedRow, ...]:
    return tuple(
        ListedRow(cells=json.dumps({"place": p, "n": n}), row_key=json.dumps([p]), row_no=i)
        for i, (p, n) in enumerate(counts.items())
    )


def record(db: Database, counts: dict[str, str], **changes: Any) -> history.Recorded:
    """Record a reading that states these counts (or `reading`), as the pipeline does."""
    at = changes.pop("at", AT)
    reading = changes.pop("reading", None) or Reading(title="T", facts=table(counts))
    given = {"source_id": "s", "ref": ReleaseRef(key="https://p.test/", url="https://p.test/", title="T")}
    given |= {"cumulative": False, "caused_by": "publisher", "reader_version": "1"} | changes
    target = history.target(db, given["source_id"], given["ref"], given["cumulative"])
    known = Known(rows.known(db, target.stream), remake=given["caused_by"] == "reader")
    facts = [(known.was_known, fact) for fact in known.untaken(reading.facts)]
    compared = Compared(
        reading=replace(reading, facts=()),
        content_hash=known.content_hash(reading.title, reading.paragraphs),
        rows=known.rows(),
        figures=known.figures,
        gone=known.gone(),
    )
    entry = history.Entry(
        publisher="P",
        target=target,
        compared=compared,
        facts=lambda: facts,
        capture_id=capture(db, str(sorted(counts.items())), at),
        seen_at=at,
        reader="table",
        **given,
    )
    return history.record(db, entry)


def test_a_first_edition_is_new_once(db: Database) -> None:
    assert record(db, {"A": "1"}).kind == "new"
    assert record(db, {"A": "1"}).kind is None
    assert len(db.rows("SELECT * FROM events")) == 1


def test_only_changed_rows_are_stored_again(db: Database) -> None:
    record(db, {"A": "1", "B": "2", "C": "3"})
    done = record(db, {"A": "1", "B": "9", "C": "3"}, at="2025-06-06T12:00:00Z")
    assert done.kind == "revised"
    assert len(db.rows("SELECT * FROM listed_row")) == 4
    assert len(db.rows("SELECT * FROM listed_rows WHERE last_edition IS NULL")) == 3
    (change,) = db.rows("SELECT * FROM changes")
    assert (change["column_name"], change["before"], change["after"]) == ("n", "2", "9")


def test_there_and_back_again_is_two_revisions(db: Database) -> None:
    kinds = [record(db, {"A": n}, at=f"2025-06-0{day}T00:00:00Z").kind for day, n in enumerate(["1", "2", "1"], 1)]
    assert kinds == ["new", "revised", "revised"]
    assert len({row["event_id"] for row in db.rows("SELECT event_id FROM event")}) == 3


def test_our_own_better_reader_is_never_a_revision(db: Database) -> None:
    record(db, {"A": "1"})
    done = record(db, {"A": "1", "B": "2"}, reader_version="2", caused_by="reader")
    assert done.kind is None
    assert len(db.rows("SELECT * FROM edition")) == 1
    assert [row["caused_by"] for row in db.rows("SELECT caused_by, event_id FROM changes")] == ["reader"]
    assert len(db.rows("SELECT * FROM events")) == 1


def test_a_new_alias_places_old_rows_without_telling_anyone(db: Database) -> None:
    record(db, {"A": "1", "B": "2"})
    first, second = table({"A": "1", "B": "2"})
    again = Reading(title="T", facts=(replace(first, place_id="17031"), second))
    assert record(db, {}, reading=again, reader_version="2", caused_by="reader").kind is None
    assert [row["place_id"] for row in db.rows("SELECT place_id FROM listed_row ORDER BY row_no")] == ["17031", None]
    assert len(db.rows("SELECT * FROM event")) == 1
    assert db.rows("SELECT * FROM change") == []


def counted(n: str, **changes: Any) -> ListedRow:
    (row,) = table({"A": n})
    figure = Figure(measure="detainer_declined", unit="detainers", value=int(n), value_quoted=n, derived=True)
    return replace(row, figures=(replace(figure, **changes),))


def current_figures(db: Database) -> list[tuple[Any, ...]]:
    joined = "figure f JOIN listed_row r ON r.row_id = f.of_row"
    sql = f"SELECT f.value, f.unit, r.cells FROM {joined} WHERE f.last_reading IS NULL"
    return [tuple(row) for row in db.rows(sql)]


def test_a_figure_read_off_a_row_lives_and_dies_with_it_and_is_told_once(db: Database) -> None:
    record(db, {}, reading=Reading(title="T", facts=(counted("1"),)))
    done = record(db, {}, reading=Reading(title="T", facts=(counted("2"),)), at="2025-06-06T12:00:00Z")
    assert [(change.table, change.before, change.after) for change in done.changes] == [("listed_row", "1", "2")]
    assert current_figures(db) == [(2, "detainers", '{"place": "A", "n": "2"}')]
    assert len(db.rows("SELECT * FROM figure")) == 2


def test_what_we_read_off_a_row_may_change_while_the_row_does_not(db: Database) -> None:
    record(db, {}, reading=Reading(title="T", facts=(counted("1"),)))
    anew = Reading(title="T", facts=(counted("1", unit="people", place_id="17031"),))
    done = record(db, {}, reading=anew, caused_by="reader", reader_version="2")
    assert (done.kind, done.changes) == (None, ())
    assert current_figures(db) == [(1, "people", '{"place": "A", "n": "1"}')]
    assert len(db.rows("SELECT * FROM listed_row")) == 1


def test_of_equal_rows_one_may_go(db: Database) -> None:
    (row,) = table({"A": "1"})
    record(db, {}, reading=Reading(title="T", facts=(row, row, row)))
    done = record(db, {}, reading=Reading(title="T", facts=(row, row)), at="2025-06-06T12:00:00Z")
    assert [change.kind for change in done.changes] == ["removed"]
    assert len(db.rows("SELECT * FROM listed_rows WHERE last_edition IS NULL")) == 2


def test_a_table_as_of_a_date_is_what_was_published_then(db: Database) -> None:
    for day, counts in (("01", {"A": "1", "B": "2"}), ("03", {"A": "1"}), ("05", {"A": "7", "B": "2"})):
        record(db, counts, at=f"2025-06-{day}T10:00:00Z")
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

    record(db, {"A": "1", "B": "2"}, cumulative=True, ref=ref("one"))
    changed = {"A": "1", "B": "3"}
    second = record(db, changed, cumulative=True, ref=ref("two"), at="2025-06-06T00:00:00Z")
    third = record(db, changed, cumulative=True, ref=ref("three"), at="2025-06-07T00:00:00Z")
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
    held = Reading(title="Week", facts=facts)
    first = record(db, {}, source_id="history", ref=old, quiet=True, reading=held)
    live = ReleaseRef(key="https://p.test/w1.pdf", url="https://p.test/w1.pdf", title="Week 1", **period)
    second = record(db, {"A": "1"}, ref=live)
    assert first.release_id == second.release_id
    assert len(db.rows("SELECT * FROM release")) == 1
    assert db.rows("SELECT value FROM current_figures")[0]["value"] == 206


def test_a_withdrawn_release_that_returns_is_restored_not_new(db: Database) -> None:
    done = record(db, {"A": "1"})
    events.record_release(db, kind="withdrawn", release_id=done.release_id, at=AT)
    again = record(db, {"A": "1"})
    assert again.kind == "restored"
    assert [row["kind"] for row in db.rows("SELECT kind FROM event ORDER BY rowid")] == ["new", "withdrawn", "restored"]


def test_a_fault_in_the_middle_leaves_nothing_behind(db: Database) -> None:
    bad = Reading(title="T", facts=(Figure(measure=None, unit=None, value=1, value_quoted=None),))  # type: ignore[arg-type]
    with pytest.raises(sqlite3.IntegrityError):
        record(db, {}, reading=bad)
    assert [len(db.rows(f"SELECT * FROM {t}")) for t in ("release", "edition", "reading", "figure", "event")] == [0] * 5


@pytest.mark.parametrize("kind", FACT_TYPES, ids=lambda kind: kind.TABLE)
def test_what_is_asked_of_every_event_goes_through_no_table_as_a_whole(db: Database, kind: type[Fact]) -> None:
    """400,000 records once made a mail take a quarter of an hour."""
    stream = "(SELECT stream FROM reading WHERE reading_id = 1)"
    asked = (ask.spoken_of(kind), f"SELECT row_hash FROM {kind.TABLE} WHERE stream = {stream} AND last_reading IS NULL")
    for sql in asked:
        plan = [row["detail"] for row in db.rows(f"EXPLAIN QUERY PLAN {sql}", {"reading": 1})]
        assert not [step for step in plan if step.startswith(("SCAN f", f"SCAN {kind.TABLE}"))], plan


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


def with_figures(counts: list[tuple[str, str]], unit: str = "detainers") -> tuple[ListedRow, ...]:
    return tuple(
        ListedRow(
            cells=json.dumps({"place": place, "n": count}),
            row_key=json.dumps([place]),
            row_no=number,
            figures=(
                Figure(measure="detainer_declined", unit=unit, value=int(count), value_quoted=count, derived=True),
            ),
        )
        for number, (place, count) in enumerate(counts, start=1)
    )


COUNTED = st.lists(st.tuples(st.sampled_from("ABC"), st.sampled_from(["1", "2"])), max_size=6)


@settings(max_examples=15, deadline=None)
@given(COUNTED, COUNTED)
def test_the_figures_of_what_is_still_stated_are_counted_though_equal_rows_repeat(
    before: list[tuple[str, str]], after: list[tuple[str, str]]
) -> None:
    with tempfile.TemporaryDirectory() as folder, Database.open(Path(folder) / "d.db") as db:
        db.insert("source", SOURCE_ROW)
        record(db, {}, reading=Reading(title="T", facts=with_figures(before)))
        stream = db.rows("SELECT stream FROM reading")[0]["stream"]
        known = Known(rows.known(db, stream))
        for _ in known.untaken(with_figures(after)):
            pass
        still = Counter(before) & Counter(after)
        assert rows.figures_read_off(db, stream, known.gone()) == still.total()


@settings(max_examples=15, deadline=None)
@given(COUNTED, COUNTED, COUNTED)
def test_what_was_stated_at_any_time_is_what_was_read_then_and_differs_by_what_changed(
    first: list[tuple[str, str]], second: list[tuple[str, str]], third: list[tuple[str, str]]
) -> None:
    """Lifetimes, the table as of a day and the difference of two days agree with the versions themselves."""
    versions = (first, second, third)
    with tempfile.TemporaryDirectory() as folder, Database.open(Path(folder) / "d.db") as db:
        db.insert("source", SOURCE_ROW)
        for day, counts in enumerate(versions, start=1):
            record(db, {}, reading=Reading(title="T", facts=with_figures(counts)), at=f"2025-06-0{day}T10:00:00Z")
        for day, counts in enumerate(versions, start=1):
            tables = {one.table: one for one in ask.as_of(db, "s", f"2025-06-0{day}")}
            for name in ("listed_row", "figure"):
                assert (tables[name].count if name in tables else 0) == len(counts)
            found = [(row["place"], row["n"]) for row in tables["listed_row"].rows] if counts else []
            assert Counter(found) == Counter(counts)
            if counts:
                few = {one.table: one for one in ask.as_of(db, "s", f"2025-06-0{day}", limit=1)}["listed_row"]
                assert (few.count, few.rows) == (len(counts), tables["listed_row"].rows[:1])
        release = db.rows("SELECT release_id FROM release")[0]["release_id"]
        for since, until in ((1, 2), (1, 3), (2, 3)):
            gone = Counter(versions[since - 1]) - Counter(versions[until - 1])
            come = Counter(versions[until - 1]) - Counter(versions[since - 1])
            told = compare.between(db, release, f"2025-06-0{since}", f"2025-06-0{until}")
            kinds = Counter(change.kind for change in told)
            assert kinds["removed"] + kinds["changed"] == gone.total()
            assert kinds["added"] + kinds["changed"] == come.total()
            assert {change.table for change in told} <= {"listed_row"}


def test_many_changes_at_once_end_and_begin_the_same_rows_as_few(db: Database) -> None:
    """Told by their number; every lifetime is the same."""
    before = with_figures([("A", "1"), ("A", "1"), ("B", "2"), ("C", "1")])
    after = with_figures([("A", "1"), ("B", "1"), ("D", "2")])
    lives, told = [], []
    for tell in (True, False):
        with tempfile.TemporaryDirectory() as folder, Database.open(Path(folder) / "d.db") as one:
            one.insert("source", SOURCE_ROW)
            record(one, {}, reading=Reading(title="T", facts=before))
            head = one.rows("SELECT * FROM reading")[0]
            release = one.rows("SELECT * FROM release")[0]["release_id"]
            known = Known(rows.known(one, head["stream"]))
            facts = [(False, fact) for fact in known.untaken(after)]
            new = {name: head[name] for name in head.keys()} | {"reading_id": 7, "seq": 2}  # noqa: SIM118
            one.insert("reading", new)
            batch = rows.Batch(
                source_id="s", release_id=release, stream=head["stream"], reading_id=7, before=head["reading_id"]
            )
            told.append(rows.replace(one, batch, known.gone(), lambda facts=facts: facts, tell=tell))
            life = "SELECT row_hash, first_reading = 7, last_reading FROM {} ORDER BY 1, 2, 3"
            lives.append([tuple(row) for name in ("listed_row", "figure") for row in one.rows(life.format(name))])
            assert one.integrity() == []
    assert lives[0] == lives[1]
    assert [(change.table, change.kind, change.rows) for change in told[1]] == [
        ("listed_row", "removed", 3), ("listed_row", "added", 2)]  # fmt: skip
    assert sorted((change.kind, change.column, change.label) for change in told[0]) == [
        ("added", None, "D"), ("changed", "n", "B"), ("removed", None, "A"), ("removed", None, "C")]  # fmt: skip


def test_our_part_of_known_rows_is_brought_up_to_date_and_no_more_is_written(db: Database) -> None:
    """A stream is read anew for other figures, not for other places; equal rows each keep their own figures."""
    facts = with_figures([("A", "1"), ("A", "1"), ("B", "2")])
    record(db, {}, reading=Reading(title="T", facts=facts))
    stream = db.rows("SELECT stream FROM reading")[0]["stream"]
    placed = [(True, replace(fact, place_id=None, state_quoted="IL")) for fact in facts]
    assert rows.refresh(db, stream, lambda: placed) is False
    assert {row["state_quoted"] for row in db.rows("SELECT * FROM listed_row")} == {"IL"}
    people = [(True, fact) for fact in with_figures([("A", "1"), ("A", "1"), ("B", "2")], unit="people")]
    assert rows.refresh(db, stream, lambda: people) is True
    reading = Reading(title="T", facts=tuple(fact for _, fact in people))
    assert record(db, {}, reading=reading, caused_by="reader", reader_version="2").kind is None
    units = "SELECT unit, count(*), count(DISTINCT of_row) FROM figure WHERE last_reading IS NULL GROUP BY unit"
    assert [tuple(row) for row in db.rows(units)] == [("people", 3, 3)]
    assert db.rows("SELECT count(*) FROM listed_row")[0][0] == 3
    assert rows.refresh(db, stream, lambda: people) is False


def test_a_difference_is_told_for_a_list_whose_older_version_was_read_again(db: Database) -> None:
    """The side history of an older list begins later than the list."""
    given = {"cumulative": True, "source_id": "s"}
    refs = [ReleaseRef(key=f"https://p.test/{n}", url=f"https://p.test/{n}", title="T") for n in "ab"]
    record(db, {"A": "1"}, ref=refs[0], at="2025-06-01T10:00:00Z", **given)
    record(db, {"A": "2"}, ref=refs[1], at="2025-06-02T10:00:00Z", **given)
    record(db, {"A": "7"}, ref=refs[0], at="2025-06-05T10:00:00Z", **given)
    release = db.rows("SELECT release_id FROM release ORDER BY rowid")[0]["release_id"]
    (change,) = compare.between(db, release, "2025-06-01", "2025-06-02")
    assert (change.before, change.after) == ("1", "2")
    with pytest.raises(LookupError):
        compare.between(db, release, "2025-05-01", "2025-06-02")
    with pytest.raises(LookupError):
        compare.between(db, "no-such-release", "2025-06-01", "2025-06-02")
