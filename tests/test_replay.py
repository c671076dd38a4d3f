"""A replay into an empty database gives the same rows and events, whatever happened in between."""

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scraper.pipeline.replay import replay
from scraper.store.database import Database
from tests.commands import run
from tests.desk import Desk
from tests.publisher import Publisher, Reply, serving
from tests.test_pipeline import NEWS, ROWS, TABLE, article, listing, publish, table

SAME = {
    "release": "release_id, title, url, status, told, missing, first_seen_at, last_seen_at",
    "edition": "edition_id, release_id, seq, seen_at, announced",
    "reading": "reading_id, edition_id, stream, seq, seen_at, content_hash, text, rows, state, damped",
    "figure": "row_id, release_id, first_reading, last_reading, value, place_id, locator",
    "listed_row": "row_id, release_id, first_reading, last_reading, cells, place_id",
    "case_account": "row_id, release_id, quote",
    "correction": "row_id, release_id, quote, place_quoted",
    "event": "event_id, seen_at, kind, release_id, reading_id, title, summary",
    "change": "change_id, event_id, reading_id, column_name, before, after, caused_by",
    "problem": "problem_id, url, topic, code, text, first_seen_at, closed_at",
    "source": "source_id, state, problem, failures, told_state, baseline_at, last_checked_at, last_ok_at",
}


def everything(path: Path) -> dict[str, list[tuple[object, ...]]]:
    with Database.reading(path) as db:
        return {t: sorted(map(tuple, db.rows(f"SELECT {c} FROM {t}")), key=repr) for t, c in SAME.items()}


def same_after_replay(desk: Desk) -> None:
    target = desk.folder / "again" / "detainers.db"
    target.parent.mkdir()
    replay(desk.settings, target)
    old, new = everything(desk.settings.storage.database), everything(target)
    for name in SAME:
        assert new[name] == old[name], name


def step(kind: int, publisher: Publisher) -> Callable[[], None]:
    counts = [(a, b, str(kind)) for a, b, _ in ROWS]
    return {
        0: lambda: None,
        1: lambda: publisher.put("/table", table(counts)) and None,
        2: lambda: publisher.put("/table", table(ROWS)) and None,
        3: lambda: publisher.put("/r/a", article("a", f"Declined detainers: {kind}.")) and None,
        4: lambda: publisher.pages.pop("/r/a", None) and None,
        5: lambda: publisher.put("/list", listing("c", "a", "b")) and publisher.put("/r/c", article("c")) and None,
        6: lambda: publisher.pages.update({"/list": Reply(b"no", 503)}),
        7: lambda: publisher.put("/list", listing("a", "b")) and None,
        8: lambda: publisher.put("/table", "<html><body>nothing</body></html>") and None,
        9: lambda: publisher.put("/r/b", article("b", "Correction: declined detainers: 9.")) and None,
    }[kind]


@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.lists(st.integers(0, 9), max_size=3), min_size=1, max_size=5))
def test_replay_equals_any_interleaving_of_rounds(rounds: list[list[int]]) -> None:
    with serving(Publisher()) as publisher, TemporaryDirectory() as folder:
        publish(publisher)
        desk = Desk(Path(folder), publisher, NEWS, TABLE)
        desk.check()
        for kinds in rounds:
            for kind in kinds:
                step(kind, publisher)()
            desk.check()
        same_after_replay(desk)


def test_the_command_rebuilds_and_sends_nothing(tmp_path: Path, publisher: Publisher) -> None:
    publisher.put("/list", listing("a"))
    publisher.put("/r/a", article("a"))
    desk = Desk(tmp_path, publisher, NEWS)
    run("check", cwd=tmp_path)
    mails, asked = len(desk.mails()), len(publisher.paths())
    done = run("replay", "again.db", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (len(desk.mails()), len(publisher.paths())) == (mails, asked)
    assert everything(tmp_path / "again.db") == everything(desk.settings.storage.database)
    assert run("replay", "again.db", cwd=tmp_path).returncode == 1
