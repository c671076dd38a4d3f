"""A past that was brought in is replayed as it was read, at whatever seconds its documents were captured."""

from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scraper.pipeline.backfill import backfill
from scraper.pipeline.past import bring_in
from tests.desk import Desk
from tests.publisher import Publisher, serving
from tests.test_backfill import DAYS, HTML, FakeArchive, digits, index, notice, with_archive
from tests.test_replay import same_after_replay
from tests.wayback import Page, write_warc

NOTICES = {
    "id": "notices",
    "reader": "page",
    "path": "/notices",
    "follow": "a.notice",
    "confirm": {"withdrawn_rounds": 2},
}


def shifted(at: str, seconds: int) -> str:
    return f"{datetime.fromisoformat(at) + timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%SZ}"


def versions(base: str, seconds: int) -> list[Page]:
    """Several versions of each document between two of the index; the second is captured before it is listed."""
    pages: list[Page] = [
        (f"{base}/notices", at, index("a", "b") if at > DAYS[2] else index("a"), HTML, 200) for at in DAYS
    ]
    for day, at in enumerate(DAYS):
        for nth in range(3):
            later = shifted(at, seconds + nth * 600)
            gone = day in (5, 6) and nth
            body = b"gone" if gone else notice("a", f"There are {day * 10 + nth} of them.")
            pages.append((f"{base}/notices/a", later, body, HTML, 404 if gone else 200))
            pages.append((f"{base}/notices/b", later, notice("b", f"There are {day * 7 + nth} of them."), HTML, 200))
    return pages


def bring(desk: Desk, pages: list[Page]) -> None:
    folder = desk.folder / "elsewhere"
    folder.mkdir()
    bring_in(desk.settings, "notices", write_warc(folder, pages))


@pytest.mark.parametrize("seconds", [-3600, -7, 0, 1, 9, 240])
def test_a_past_is_replayed_alike_whenever_its_documents_were_captured(
    tmp_path: Path, publisher: Publisher, seconds: int
) -> None:
    desk = Desk(tmp_path, publisher, NOTICES)
    bring(desk, versions(publisher.base, seconds))
    assert {"baseline", "new", "revised"} <= set(desk.kinds())
    same_after_replay(desk)


def test_each_version_of_a_document_is_told_at_its_own_time(tmp_path: Path, publisher: Publisher) -> None:
    base = publisher.base
    pages: list[Page] = [(f"{base}/notices", DAYS[0], index("a"), HTML, 200)]
    times = [shifted(DAYS[0], 60 * nth) for nth in range(4)]
    pages += [(f"{base}/notices/a", at, notice("a", f"There are {nth}."), HTML, 200) for nth, at in enumerate(times)]
    desk = Desk(tmp_path, publisher, NOTICES)
    bring(desk, pages)
    events = [
        tuple(row) for row in desk.ask("SELECT kind, seen_at FROM event WHERE source_id = 'notices' ORDER BY rowid")
    ]
    assert events == [("baseline", DAYS[0]), *[("revised", at) for at in times[1:]]]
    assert desk.ask("SELECT last_checked_at AS at FROM source WHERE source_id = 'notices'")[0]["at"] == times[-1]
    same_after_replay(desk)


def test_live_rounds_after_a_past_are_replayed_behind_it(tmp_path: Path, publisher: Publisher) -> None:
    desk = Desk(tmp_path, publisher, NOTICES)
    bring(desk, versions(publisher.base, 9))
    publisher.put("/notices", index("a", "b"))
    publisher.put("/notices/a", notice("a", "There are 4 of them."))
    publisher.put("/notices/b", notice("b", "There are 5 of them."))
    for _ in range(2):
        assert not desk.check().failed, desk.health()
    same_after_replay(desk)


CAPTURES = st.lists(
    st.tuples(st.sampled_from(["", "a", "b"]), st.integers(0, 6), st.integers(0, 3), st.booleans()),
    min_size=1,
    max_size=12,
)


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(CAPTURES)
def test_any_past_is_replayed_alike(captures: list[tuple[str, int, int, bool]]) -> None:
    """Name ("" is the index), minute, what it says, and whether it is there."""
    with serving(Publisher()) as publisher, TemporaryDirectory() as folder:
        pages: dict[tuple[str, str], Page] = {}
        for name, minute, says, there in captures:
            url, at = f"{publisher.base}/notices" + (f"/{name}" if name else ""), shifted(DAYS[0], 60 * minute)
            listed = [["a"], ["b"], ["a", "b"], ["b", "a"]][says]
            body = index(*listed) if not name else notice(name, f"There are {says} of them.")
            there = there or not name
            pages[url, at] = (url, at, body if there else b"gone", HTML, 200 if there else 404)
        desk = Desk(Path(folder), publisher, NOTICES)
        bring(desk, list(pages.values()))
        same_after_replay(desk)


def test_relative_links_of_an_archived_index_start_where_the_publisher_answered(
    tmp_path: Path, publisher: Publisher
) -> None:
    """Not at the archive's address, nor at the one that was asked for."""
    fake, asked, answered = FakeArchive(publisher), f"{publisher.base}/notices", f"{publisher.base}/2024/notices"
    desk = with_archive(Desk(tmp_path, publisher, NOTICES), fake.base, publisher.host_port, NOTICES)
    fake.timemap(asked, DAYS[:2])
    fake.timemap(f"{publisher.base}/2024/notices/a", DAYS[:2])
    for number, at in enumerate(DAYS[:2]):
        hop = {"Location": f"{fake.base}{digits(at)}id_/{answered}"}
        publisher.put(f"/web/{digits(at)}id_/{asked}", "moved", status=302, headers=hop)
        fake.version(answered, at, index("a").replace(b"/notices/a", b"notices/a"))
        fake.version(f"{answered}/a", at, notice("a", f"There are {number} of them."))
    assert backfill(desk.settings, "notices", "", lambda *_: None).problems == ()
    assert desk.kinds() == ["baseline", "revised"]
    (release,) = desk.ask("SELECT url FROM release WHERE source_id = 'notices'")
    assert release["url"] == f"{answered}/a"
    same_after_replay(desk)
