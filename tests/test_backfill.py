"""The past from a web archive: a real one (pywb) over captures made by ourselves, and hostile ones on loopback."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from scraper.errors import DetainerWatchError, StoreError
from scraper.pipeline.backfill import backfill, plan
from scraper.pipeline.replay import replay
from scraper.store import ask
from scraper.store.database import Database
from tests.commands import run, running, until
from tests.desk import Desk
from tests.publisher import Publisher, Reply
from tests.test_corpus_rounds import LISTS, XLSX, put_workbook, stored_rows, workbook_rows, workbooks
from tests.wayback import Page, archive_of

__all__ = ["workbooks"]
HTML = "text/html"


def quiet(words: str, done: int, known: int) -> None:
    assert words
    assert done <= known


def with_archive(desk: Desk, base: str, host_port: str, *sources: dict[str, object]) -> Desk:
    desk.top["archive"] = {"base": base}
    desk.top["fetch"]["allow_private"] = [desk.publisher.host_port, host_port]
    desk.watch(*sources)
    return desk


def captures_of(publisher: Publisher, workbooks: list[Path], delay: int) -> list[Page]:
    """Each workbook and the index that lists it, captured `delay` seconds before."""
    pages: list[Page] = []
    for path in workbooks:
        put_workbook(publisher, path)
        at = datetime.strptime(path.name.split("__")[0], "%Y%m%d_%H%M%S")
        name = f"/doclib/about/offices/ero/287g/{path.name.split('__')[1]}"
        index = publisher.base + LISTS["path"], f"{at - timedelta(seconds=delay):%Y-%m-%dT%H:%M:%SZ}"
        pages.append((*index, publisher.pages[LISTS["path"]].body, HTML, 200))
        pages.append((publisher.base + name, f"{at:%Y-%m-%dT%H:%M:%SZ}", path.read_bytes(), XLSX, 200))
    return pages


@pytest.mark.parametrize("delay", [0, 7])
def test_fifteen_lists_from_a_web_archive_give_the_history_that_live_checks_give(
    tmp_path: Path, publisher: Publisher, workbooks: list[Path], delay: int
) -> None:
    (tmp_path / "live").mkdir()
    live = Desk(tmp_path / "live", publisher, LISTS)
    for path in workbooks:
        put_workbook(publisher, path)
        live.check()
    pages = captures_of(publisher, workbooks, delay)
    with archive_of(tmp_path / "archive", pages) as wayback:
        desk = with_archive(Desk(tmp_path, publisher), wayback.base, wayback.host_port, LISTS)
        asked = len(publisher.paths())
        done = backfill(desk.settings, "ice-287g", "", quiet)
        assert (done.captures, done.problems) == (30, ())
        assert len(publisher.paths()) == asked, "the publisher itself was asked"
        assert len(wayback.versions_asked()) == len(set(wayback.versions_asked())) == 30
    assert desk.kinds() == live.kinds()
    with Database.reading(desk.settings.storage.database) as db:
        for url, at, _, kind, _ in pages:
            if kind == XLSX:
                (table,) = ask.as_of(db, "ice-287g", at)
                path = next(p for p in workbooks if p.name.startswith(re.sub(r"[-:Z]", "", at).replace("T", "_")))
                assert stored_rows(list(table.rows)) == workbook_rows(path), (url, at)
    assert {row["via"] for row in desk.ask("SELECT via FROM capture WHERE source_id = 'ice-287g'")} == {"archive"}
    told = {row["seen_at"] for row in desk.ask("SELECT seen_at FROM event WHERE source_id = 'ice-287g'")}
    assert told <= {at for _, at, *_ in pages}, "events carry the archive's dates"
    addresses = {row["final_url"] for row in desk.ask("SELECT final_url FROM fetch WHERE capture_id IS NOT NULL")}
    assert f"{wayback.base}20250519024922id_/{pages[1][0]}" in addresses
    assert not desk.check().failed, desk.health()
    assert desk.kinds() == live.kinds(), "the present, which the archive held already, is no news"
    assert not desk.mails()


NOTICES = {
    "id": "notices",
    "reader": "page",
    "path": "/notices",
    "follow": "a.notice",
    "confirm": {"withdrawn_rounds": 2},
}
DAYS = [f"2024-03-{day:02}T12:00:00Z" for day in range(1, 9)]


def history_of(path: Path) -> list[tuple[object, ...]]:
    with Database.reading(path) as db:
        found = db.rows(
            "SELECT seen_at, kind, title, release_id, summary FROM event WHERE source_id = 'notices' ORDER BY 1, 2"
        )
        found += db.rows("SELECT url, captured_at, sha256, via FROM capture WHERE source_id = 'notices' ORDER BY 1, 2")
    return [tuple(row) for row in found]


def index(*names: str) -> bytes:
    links = "".join(f'<p><a class="notice" href="/notices/{name}">Notice {name}</a></p>' for name in names)
    return f"<html><title>Notices</title><body><main>{links}</main></body></html>".encode()


def notice(name: str, words: str) -> bytes:
    text = f"<h1>Notice {name}</h1><p>{words}</p>" + "<p>Told to everybody, in full.</p>" * 3
    return f"<html><title>Notice {name}</title><body><main>{text}</main></body></html>".encode()


def eight_days(base: str, later: str = "00Z") -> list[Page]:
    """A is there, is revised, is withdrawn; B comes; documents are captured with the index or seconds later."""
    a, b = f"{base}/notices/a", f"{base}/notices/b"
    pages: list[Page] = [
        (f"{base}/notices", at, index("a", "b") if at > DAYS[2] else index("a"), HTML, 200) for at in DAYS
    ]
    pages += [(a, at, notice("a", "There are 4 of them."), HTML, 200) for at in DAYS[:2]]
    pages += [(a, at, notice("a", "There are 5 of them."), HTML, 200) for at in DAYS[2:5]]
    pages += [(a, at, b"gone", HTML, 404) for at in DAYS[5:]]
    pages += [(b, at, notice("b", "There are 9 of them."), HTML, 200) for at in DAYS[3:5]]
    return [(url, at if url.endswith("notices") else at[:-3] + later, *rest) for url, at, *rest in pages]  # type: ignore[misc]


@pytest.fixture
def desk(tmp_path: Path, publisher: Publisher) -> Desk:
    return Desk(tmp_path, publisher, NOTICES)


def test_revisions_withdrawals_and_dates_come_from_the_archive_and_since_and_dry_run_hold(
    desk: Desk, tmp_path: Path, publisher: Publisher
) -> None:
    with archive_of(tmp_path / "archive", eight_days(publisher.base)) as wayback:
        with_archive(desk, wayback.base, wayback.host_port, NOTICES)
        planned = {one.url: one for one in plan(desk.settings, "notices", "", quiet)}
        assert {url.rsplit("/", 1)[-1]: one.versions for url, one in planned.items()} == {"notices": 8, "a": 8, "b": 2}
        assert (planned[f"{publisher.base}/notices"].first, planned[f"{publisher.base}/notices"].last) == (
            DAYS[0],
            DAYS[-1],
        )
        assert not (tmp_path / "db").exists(), "a dry run keeps nothing"
        shown = run("backfill", "notices", "--dry-run", "--since", "2024-03-04", cwd=tmp_path)
        assert f"{publisher.base}/notices/a\t5\t{DAYS[3]}\t{DAYS[-1]}" in shown.stdout, shown.stderr
        done = run("backfill", "notices", cwd=tmp_path)
        assert (done.returncode, "18 versions read" in done.stdout) == (0, True), done.stderr
        assert not publisher.requests, "the publisher itself was asked"
        events = [
            tuple(row) for row in desk.ask("SELECT kind, seen_at FROM event WHERE source_id = 'notices' ORDER BY rowid")
        ]
        assert events == [
            ("baseline", DAYS[0]), ("revised", DAYS[2]), ("new", DAYS[3]), ("withdrawn", DAYS[6])
        ]  # fmt: skip
        again = run("backfill", "notices", cwd=tmp_path)
        assert (again.returncode, desk.kinds()) == (0, [kind for kind, _ in events]), again.stderr
        assert len(wayback.versions_asked()) == 18 + 2, "two were asked for by the dry runs, the others once"
    assert not (tmp_path / "db" / "outbox").exists()


def test_documents_archived_seconds_after_the_index_that_lists_them_raise_nothing_else(
    desk: Desk, tmp_path: Path, publisher: Publisher
) -> None:
    with archive_of(tmp_path / "archive", eight_days(publisher.base, "09Z")) as wayback:
        with_archive(desk, wayback.base, wayback.host_port, NOTICES)
        assert backfill(desk.settings, "notices", "", quiet).problems == ()
    events = desk.ask("SELECT kind, seen_at, title FROM event WHERE source_id = 'notices' ORDER BY rowid")
    assert [(row["kind"], row["seen_at"][8:], row["title"]) for row in events] == [
        ("baseline", "01T12:00:00Z", "notices"),
        ("revised", "03T12:00:09Z", "Notice a"),
        ("new", "04T12:00:09Z", "Notice b"),
        ("withdrawn", "07T12:00:00Z", "Notice a"),
    ]
    assert desk.health()["notices"][0] == "ok"


def test_the_past_is_refused_behind_live_history_with_words_on_what_to_do(desk: Desk, publisher: Publisher) -> None:
    publisher.put("/notices", index("a"))
    publisher.put("/notices/a", notice("a", "There are 4 of them."))
    desk.check()
    with pytest.raises(StoreError, match="Name a new file under storage: database:"):
        backfill(desk.settings, "notices", "", quiet)


class FakeArchive:
    """An archive on the publisher's own server that can be made to misbehave."""

    def __init__(self, publisher: Publisher) -> None:
        self.publisher = publisher
        self.base = f"{publisher.base}/web/"

    def timemap(self, url: str, times: list[str]) -> Reply:
        links = [
            f'<{url}>; rel="original"',
            f'<{self.base}timemap/link/{url}>; rel="self"; type="application/link-format"',
        ]
        for at in times:
            when = f"{datetime.fromisoformat(at):%a, %d %b %Y %H:%M:%S GMT}"
            links.append(f'<{self.base}{digits(at)}/{url}>; rel="memento"; datetime="{when}"')
        return self.publisher.put(f"/web/timemap/link/{url}", ",\n".join(links), "application/link-format")

    def version(self, url: str, at: str, body: bytes, status: int = 200) -> Reply:
        when = {"Memento-Datetime": f"{datetime.fromisoformat(at):%a, %d %b %Y %H:%M:%S GMT}"}
        return self.publisher.put(f"/web/{digits(at)}id_/{url}", body, status=status, headers=when)

    def asked(self) -> list[str]:
        return [path for path in self.publisher.paths() if "id_/" in path]


def digits(at: str) -> str:
    return re.sub(r"\D", "", at)


@pytest.fixture
def fake(desk: Desk, publisher: Publisher) -> FakeArchive:
    """Holds four versions of an index that lists one notice, and two of the notice."""
    fake = FakeArchive(publisher)
    url = f"{publisher.base}/notices"
    fake.timemap(url, DAYS[:4])
    fake.timemap(f"{url}/a", DAYS[:2])
    for at in DAYS[:4]:
        fake.version(url, at, index("a"))
    for number, at in enumerate(DAYS[:2]):
        fake.version(f"{url}/a", at, notice("a", f"There are {number} of them."))
    with_archive(desk, fake.base, publisher.host_port, NOTICES)
    return fake


def answers(publisher: Publisher, path: str, *replies: Reply) -> None:
    """Let an address answer with these first, then as before."""
    usual, waiting = publisher.pages[path], list(replies)

    def raw(handler: object) -> None:
        reply = waiting.pop(0) if waiting else usual
        handler.send_response(reply.status)  # type: ignore[attr-defined]
        for name, value in (reply.headers | {"Content-Length": str(len(reply.body))}).items():
            handler.send_header(name, value)  # type: ignore[attr-defined]
        handler.end_headers()  # type: ignore[attr-defined]
        handler.wfile.write(reply.body)  # type: ignore[attr-defined]

    publisher.pages[path] = Reply(raw=raw)


def test_an_archive_without_any_version_is_told_in_words(desk: Desk, fake: FakeArchive) -> None:
    fake.publisher.pages.clear()
    with pytest.raises(DetainerWatchError, match="The web archive has no version of"):
        backfill(desk.settings, "notices", "", quiet)
    assert not desk.kinds()


def test_a_short_rest_is_kept_and_a_long_one_ends_the_run_without_losing_what_was_kept(
    desk: Desk, fake: FakeArchive
) -> None:
    url = f"{fake.publisher.base}/notices"
    answers(fake.publisher, f"/web/{digits(DAYS[1])}id_/{url}", Reply(status=429, headers={"Retry-After": "1"}))
    answers(fake.publisher, f"/web/{digits(DAYS[3])}id_/{url}", Reply(status=429, headers={"Retry-After": "40000"}))
    with pytest.raises(DetainerWatchError, match=r"asks to be left alone until .* run the same command again"):
        backfill(desk.settings, "notices", "", quiet)
    asked = [request for request in fake.publisher.requests if "id_/" in request.path]
    assert [digits(DAYS[n]) for n in (0, 1, 1, 2, 3)] == [request.path[5:19] for request in asked]
    assert asked[2].at - asked[1].at >= 0.9
    assert not desk.kinds(), "nothing is read before all of it is there"
    with pytest.raises(DetainerWatchError, match="asks to be left alone"):
        backfill(desk.settings, "notices", "", quiet)
    assert len(fake.asked()) == 5, "not asked again before that time"


@pytest.mark.parametrize("cut", [0.3, 0.6, 0.95])
def test_a_cut_list_of_versions_is_never_taken_for_the_whole(desk: Desk, fake: FakeArchive, cut: float) -> None:
    path = f"/web/timemap/link/{fake.publisher.base}/notices/a"
    body = fake.publisher.pages[path].body
    answers(fake.publisher, path, Reply(body=body[: int(len(body) * cut)]))
    with pytest.raises(DetainerWatchError, match="cut or damaged"):
        backfill(desk.settings, "notices", "", quiet)
    assert not desk.kinds()
    assert backfill(desk.settings, "notices", "", quiet).captures == 6
    assert desk.kinds() == ["baseline", "revised"]
    assert len(fake.asked()) == 6


def test_pages_of_the_archive_itself_and_failed_versions_never_become_history(desk: Desk, fake: FakeArchive) -> None:
    url = f"{fake.publisher.base}/notices"
    fake.publisher.put(f"/web/{digits(DAYS[1])}id_/{url}", "<html>The archive is down for maintenance</html>")
    fake.publisher.put(f"/web/{digits(DAYS[2])}id_/{url}", "not here", status=404)
    fake.version(url, DAYS[3], b"Access denied", status=403)
    done = backfill(desk.settings, "notices", "", quiet)
    assert (done.captures, len(done.problems)) == (3, 3)
    assert desk.kinds() == ["baseline", "revised"]


def test_an_archive_that_never_answers_ends_the_run_and_one_bad_version_only_delays_it(
    desk: Desk, fake: FakeArchive
) -> None:
    url = f"{fake.publisher.base}/notices"
    for at in DAYS[:3]:
        answers(fake.publisher, f"/web/{digits(at)}id_/{url}", *[Reply(status=500)] * (9 if at == DAYS[2] else 1))
    with pytest.raises(DetainerWatchError, match=r"does not answer as it should.* run the same command again"):
        backfill(desk.settings, "notices", "", quiet)
    assert len(fake.asked()) == 3
    for _ in range(3):
        with pytest.raises(DetainerWatchError, match="did not give everything yet"):
            backfill(desk.settings, "notices", "", quiet)
    done = backfill(desk.settings, "notices", "", quiet)
    assert (done.captures, desk.kinds()) == (5, ["baseline", "revised"])


def test_a_backfill_killed_while_it_fetches_goes_on_and_asks_for_nothing_twice(desk: Desk, fake: FakeArchive) -> None:
    path = f"/web/{digits(DAYS[0])}id_/{fake.publisher.base}/notices/a"
    usual = fake.publisher.pages[path]
    fake.publisher.pages[path] = Reply(raw=lambda handler: handler.rfile.read(1) and None)
    with running("backfill", "notices", cwd=desk.folder) as process:
        until(lambda: path in fake.publisher.paths(), "the version is asked for")
        process.kill()
    fake.publisher.pages[path] = usual
    done = run("backfill", "notices", cwd=desk.folder)
    assert (done.returncode, desk.kinds()) == (0, ["baseline", "revised"]), done.stderr
    assert sorted(fake.asked()) == sorted([*set(fake.asked()), path]), "only the one under way is asked for again"


def test_a_backfill_killed_while_it_reads_goes_on_there_and_nobody_is_mailed(desk: Desk, fake: FakeArchive) -> None:
    from scraper.pipeline import past
    from scraper.warc import WarcPage

    def pages() -> object:
        url = f"{fake.publisher.base}/notices"
        for at, where, body in (
            (DAYS[0], url, index("a")),
            (DAYS[0], f"{url}/a", notice("a", "There are 0 of them.")),
            (DAYS[1], f"{url}/a", notice("a", "There are 1 of them.")),
            (DAYS[2], url, index("a")),
        ):
            page = WarcPage(url=where, captured_at=at, status=200, media_type=HTML, charset=None, headers=(), data=body)
            yield page, where
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        past.read_in_order(desk.settings, desk.settings.sources[0], pages(), via="archive", known_until="")  # type: ignore[arg-type]
    assert desk.kinds() == ["baseline", "revised"]
    desk.check()  # the publisher is out of reach, and the run before died before it could say that nobody is told
    assert not desk.mails()
    done = backfill(desk.settings, "notices", "", quiet)
    assert (done.captures, desk.kinds()) == (4, ["baseline", "revised"])
    desk.check()
    assert not desk.mails()


SOON = [f"{datetime.now(UTC) + timedelta(hours=1, seconds=n):%Y-%m-%dT%H:%M:%SZ}" for n in (0, 5)]
"""Later than any live answer in these tests."""
BLOCKED = NOTICES | {"archive_when_blocked": True, "confirm": {"failed_rounds": 1}}


def test_a_blocked_round_reads_the_newest_archived_version_and_says_so(
    desk: Desk, tmp_path: Path, publisher: Publisher
) -> None:
    url = f"{publisher.base}/notices"
    publisher.put("/notices", index("a"))
    publisher.put("/notices/a", notice("a", "There are 4 of them."))
    old: list[Page] = [(url, DAYS[0], index("a", "z"), HTML, 200), (f"{url}/z", DAYS[0], notice("z", "9."), HTML, 200)]
    new = [(url, SOON[0], index("a", "b"), HTML, 200)]
    new += [(f"{url}/b", SOON[1], notice("b", "There are 9 of them."), HTML, 200)]
    new += [(f"{url}/a", SOON[1], b"gone", HTML, 404)]
    with archive_of(tmp_path / "old", old) as wayback:
        with_archive(desk, wayback.base, wayback.host_port, BLOCKED)
        desk.check()
        publisher.put("/notices", "no", status=403)
        publisher.put("/notices/a", "no", status=403)
        desk.check()
        state, problem = desk.health()["notices"]
        assert state == "blocked"
        words = f"its newest version, of {DAYS[0]}, is not newer than what is held"
        assert problem == f"answered 403 Forbidden; the web archive has nothing to read instead: {words}"
        assert desk.kinds() == ["baseline", "source_blocked"], "an older version raises nothing"
    with archive_of(tmp_path / "new", old + new) as wayback:
        with_archive(desk, wayback.base, wayback.host_port, BLOCKED)
        for _ in range(4):
            desk.check()
            assert desk.health()["notices"][0] == "blocked"
        words = desk.ask("SELECT text FROM problem WHERE url = ? AND closed_at IS NULL", url)[0]["text"]
        assert "answered 403 Forbidden; " in words
    assert desk.kinds() == ["baseline", "source_blocked", "new"]
    (edition,) = desk.ask("SELECT * FROM edition JOIN capture USING (capture_id) WHERE via = 'archive'")
    assert (edition["url"], edition["seen_at"]) == (f"{url}/b", SOON[1])
    assert desk.subjects()["New"] == 1
    publisher.put("/notices", index("a", "b"))
    publisher.put("/notices/a", notice("a", "There are 4 of them."))
    publisher.put("/notices/b", notice("b", "There are 9 of them."))
    assert not desk.check().failed, desk.health()
    assert desk.kinds() == ["baseline", "source_blocked", "new", "source_recovered"]
    replay(desk.settings, tmp_path / "again.db")
    assert history_of(tmp_path / "again.db") == history_of(desk.settings.storage.database)


def test_a_blocked_list_takes_no_archived_workbook_older_than_what_it_holds(
    tmp_path: Path, publisher: Publisher, workbooks: list[Path]
) -> None:
    lists = LISTS | {"archive_when_blocked": True}
    put_workbook(publisher, workbooks[-1])
    index_page = publisher.base + LISTS["path"]
    pages: list[Page] = []
    desk = Desk(tmp_path, publisher, lists)
    desk.check()
    put_workbook(publisher, workbooks[0])
    page = publisher.pages[LISTS["path"]].body
    name = f"/doclib/about/offices/ero/287g/{workbooks[0].name.split('__')[1]}"
    pages.append((index_page, SOON[0], page, HTML, 200))
    pages.append((publisher.base + name, "2025-05-19T02:49:22Z", workbooks[0].read_bytes(), XLSX, 200))
    publisher.put(LISTS["path"], "no", status=403)
    with archive_of(tmp_path / "archive", pages) as wayback:
        with_archive(desk, wayback.base, wayback.host_port, lists)
        desk.check()
    assert desk.kinds() == ["baseline"]
    assert "read instead from the web archive: " in desk.health()["ice-287g"][1]
    assert "its archived version is older than what is held" in desk.health()["ice-287g"][1]


def test_a_blocked_source_is_as_blocked_as_before_when_the_archive_is_out_of_reach(
    desk: Desk, fake: FakeArchive
) -> None:
    fake.publisher.put("/notices", "no", status=403)
    desk.watch(BLOCKED)
    desk.check()
    assert desk.health()["notices"][0] == "blocked"
    assert "the web archive has nothing to read instead: " in desk.health()["notices"][1]
    assert desk.kinds() == ["source_blocked"]
