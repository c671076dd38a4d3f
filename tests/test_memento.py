"""The Memento protocol: lists of versions in every form that RFC 7089 allows, and what is no stored page."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scraper.fetch import Fetcher
from scraper.memento import Unavailable, WebArchive, parse_links
from scraper.settings import Fetch
from scraper.store.database import Database
from scraper.store.seen import Hosts
from tests.publisher import Publisher

URL = "https://www.example.org/list?page=1,2&x=%3C"
LINK = "application/link-format"


@pytest.fixture
def archive(publisher: Publisher, tmp_path: Path) -> Iterator[WebArchive]:
    settings = Fetch(
        contact="a@example.org",
        per_host_per_second=None,
        retries=0,
        allow_private=(publisher.host_port,),
        timeout_seconds=2,
    )
    with Database.open(tmp_path / "x.db") as db, Fetcher(settings, Hosts(db), now=lambda: datetime.now(UTC)) as fetcher:
        yield WebArchive(f"{publisher.base}/web", fetcher.get)


def memento(day: int, rel: str = "memento") -> str:
    return f'<http://x/web/202501{day:02}000000/{URL}>; rel="{rel}"; datetime="Wed, {day:02} Jan 2025 00:00:00 GMT"'


def test_versions_of_all_pages_come_oldest_first_and_once(publisher: Publisher, archive: WebArchive) -> None:
    first = [
        f'<{URL}>; rel="original"',
        memento(9, "last memento"),
        memento(2),
        '</web/two>; rel="timemap"; type="application/link-format"',
    ]
    publisher.put(f"/web/timemap/link/{URL}", ",\n ".join(first), LINK)
    second = [memento(2), memento(1, "first memento"), f"<{publisher.base}/web/timemap/link/{URL}>; rel=timemap"]
    publisher.put("/web/two", " , ".join(second) + ",\n", LINK)
    found = archive.versions(URL)
    assert [one.at for one in found] == [f"2025-01-0{day}T00:00:00Z" for day in (1, 2, 9)]
    assert found[0].raw == f"{publisher.base}/web/20250101000000id_/{URL}"
    assert publisher.paths().count("/web/two") == 1


def test_nothing_archived_is_no_versions_and_a_missing_page_is_not_the_end(
    publisher: Publisher, archive: WebArchive
) -> None:
    assert archive.versions(URL) == ()
    publisher.put(f"/web/timemap/link/{URL}", "", LINK)
    assert archive.versions(URL) == ()
    publisher.put(f"/web/timemap/link/{URL}", memento(1) + ', </web/two>; rel="timemap"', LINK)
    with pytest.raises(Unavailable, match="cannot be had: answered 404 Not Found"):
        archive.versions(URL)


def test_an_endless_list_ends(publisher: Publisher, archive: WebArchive) -> None:
    for page in range(200):
        path = f"/web/{page}" if page else f"/web/timemap/link/{URL}"
        publisher.put(path, f'</web/{page + 1}>; rel="timemap"', LINK)
    with pytest.raises(Unavailable, match="endless") as caught:
        archive.versions(URL)
    assert not caught.value.passing
    assert len(publisher.paths()) < 110


def test_another_host_is_never_asked_on_the_word_of_a_list(publisher: Publisher, archive: WebArchive) -> None:
    publisher.put(f"/web/timemap/link/{URL}", '<http://127.0.0.1:9/web/two>; rel="timemap"', LINK)
    with pytest.raises(Unavailable, match="not asked"):
        archive.versions(URL)


@pytest.mark.parametrize(
    "body", ["<html>busy</html>", memento(1)[:-1], memento(1) + ", <http", memento(1) + " rest", "<a>; rel="]
)
def test_what_is_cut_or_no_list_is_refused(body: str) -> None:
    with pytest.raises(Unavailable, match="cut or damaged"):
        list(parse_links(body, URL))


@given(st.text(alphabet='<>;,="\n ab', max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    found = []
    with suppress(Unavailable):
        found.extend(target for target, _ in parse_links(text, URL))
    assert all(f"<{target}>" in text for target in found)


def test_a_stored_page_has_the_archives_date_and_the_publishers_type(publisher: Publisher, archive: WebArchive) -> None:
    wanted = archive.memento(URL, "2025-01-01T00:00:00Z")
    headers = {
        "Memento-Datetime": "Thu, 02 Jan 2025 03:04:05 GMT",
        "X-Archive-Orig-Content-Type": "text/csv; charset=UTF-16",
    }
    publisher.put(f"/web/20250101000000id_/{URL}", b"a,b", "application/octet-stream", headers=headers)
    stored = archive.raw(wanted)
    assert (stored.at, stored.status, stored.data) == ("2025-01-02T03:04:05Z", 200, b"a,b")
    assert (stored.media_type, stored.charset) == ("text/csv", "utf-16")
    publisher.put(f"/web/20250101000000id_/{URL}", b"gone", status=410, headers=headers)
    assert (archive.raw(wanted).status, archive.raw(wanted).data) == (410, b"")


@pytest.mark.parametrize(
    ("status", "memento_datetime", "passing"),
    [
        (200, False, False),
        (404, False, False),
        (403, False, False),
        (500, False, True),
        (429, False, True),
        (403, True, False),
        (503, True, False),
    ],
)
def test_what_is_no_stored_page_is_told_apart(
    publisher: Publisher, archive: WebArchive, status: int, memento_datetime: bool, passing: bool
) -> None:
    headers = {"Memento-Datetime": "Thu, 02 Jan 2025 03:04:05 GMT"} if memento_datetime else {}
    publisher.put(f"/web/20250101000000id_/{URL}", b"The archive says hello", status=status, headers=headers)
    with pytest.raises(Unavailable) as caught:
        archive.raw(archive.memento(URL, "2025-01-01T00:00:00Z"))
    assert caught.value.passing is passing
