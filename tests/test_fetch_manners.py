"""How the fetcher treats its hosts: rate, Retry-After and robots.txt (N11, N15)."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from email.utils import format_datetime

import pytest

from scraper.fetch import Fetched, Fetcher
from tests.publisher import Publisher
from tests.test_fetch_get import START, Clock, Memory, ask, fetching


def get(fetcher: Fetcher, publisher: Publisher, path: str = "/a") -> Fetched:
    return fetcher.get(publisher.base + path, allow_hosts=["127.0.0.1"])


# --- Retry-After


@pytest.mark.parametrize(
    ("header", "until"),
    [
        ("120", "2026-03-04T12:02:00Z"),
        ("Wed, 04 Mar 2026 12:05:00 GMT", "2026-03-04T12:05:00Z"),
        ("99999999999999999999", "2026-03-05T12:00:00Z"),
        ("Fri, 01 Jan 2100 00:00:00 GMT", "2026-03-05T12:00:00Z"),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
def test_a_host_that_asks_for_rest_gets_it_also_after_a_restart(
    publisher: Publisher, status: int, header: str, until: str
) -> None:
    """N11"""
    memory, clock = Memory(), Clock()
    publisher.put("/a", "slow down", status=status, headers={"Retry-After": header})
    with fetching(publisher.host_port, memory=memory, clock=clock) as fetcher:
        first = get(fetcher, publisher)
        assert (first.outcome, first.status, first.requests) == ("blocked", status, 1)
        publisher.put("/a", "<p>1</p>")
        second = get(fetcher, publisher)
        assert (second.outcome, second.status, second.requests) == ("blocked", None, 0)
        assert second.reason == f"{publisher.host_port} asked us to wait until {until}"
        assert fetcher.resting(f"{publisher.base}/other") == until
    with fetching(publisher.host_port, memory=memory, clock=clock, respect_robots=True) as restarted:
        assert get(restarted, publisher).requests == 0
        assert publisher.paths() == ["/a"]
        clock.forward(hours=24, seconds=1)
        assert get(restarted, publisher).outcome == "ok"
        assert restarted.resting(publisher.base) is None


@pytest.mark.parametrize("header", ["0", "Wed, 04 Mar 2026 11:00:00 GMT", "soon", "-5", "1.5", "", "²"])
def test_a_retry_after_that_says_nothing_about_the_future_rests_nobody(publisher: Publisher, header: str) -> None:
    publisher.put("/a", "x", status=429, headers={"Retry-After": header})
    memory = Memory()
    assert ask(publisher, "/a", memory=memory).outcome == "blocked"
    assert memory.rests == {}


def test_a_clock_that_jumped_back_does_not_rest_a_host_for_days(publisher: Publisher) -> None:
    """T1"""
    memory = Memory()
    publisher.put("/a", "<p>1</p>")
    for stored in ("2026-03-20T00:00:00Z", "not a time"):
        memory.set_not_before(publisher.host_port, stored)
        assert ask(publisher, "/a", memory=memory).outcome == "ok"


def test_resting_answers_for_any_text() -> None:
    with fetching() as fetcher:
        assert fetcher.resting("https://www.ice.gov/") is None
        assert fetcher.resting("no address") is None


def test_retry_after_counts_in_the_hosts_own_time_zone_words(publisher: Publisher) -> None:
    clock = Clock()
    publisher.put("/a", "x", status=503, headers={"Retry-After": format_datetime(START.replace(hour=13))})
    with fetching(publisher.host_port, clock=clock) as fetcher:
        assert get(fetcher, publisher).outcome == "blocked"
        assert fetcher.resting(publisher.base) == "2026-03-04T13:00:00Z"


# --- rate


def test_threads_share_one_rate_for_a_host_and_waiting_costs_no_time_limit(publisher: Publisher) -> None:
    publisher.put("/a", "x")
    began = time.monotonic()
    with (
        fetching(publisher.host_port, per_host_per_second=2, timeout_seconds=3.0) as fetcher,
        ThreadPoolExecutor(8) as threads,
    ):
        answers = list(threads.map(lambda _: get(fetcher, publisher), range(9)))
    assert {got.outcome for got in answers} == {"ok"}
    assert publisher.requests[-1].at - began > 8 / 2 - 0.05


def test_retries_and_redirects_keep_the_rate_too(publisher: Publisher) -> None:
    publisher.put("/a", "", status=302, headers={"Location": "/b"})
    publisher.put("/b", "", status=500)
    began = time.monotonic()
    assert ask(publisher, "/a", per_host_per_second=4).requests == 4
    assert publisher.requests[-1].at - began > 3 / 4 - 0.05


def test_stopping_ends_the_wait_for_the_rate(publisher: Publisher) -> None:
    """P3"""
    publisher.put("/a", "x")
    with fetching(publisher.host_port, per_host_per_second=0.001) as fetcher, ThreadPoolExecutor(2) as threads:
        assert get(fetcher, publisher).outcome == "ok"
        pending = [threads.submit(get, fetcher, publisher) for _ in range(2)]
        fetcher.stop()
        assert {one.result(timeout=60).reason for one in pending} == {"stopped"}
    assert len(publisher.requests) == 1


# --- robots.txt


def test_what_robots_txt_does_not_allow_is_not_asked(publisher: Publisher) -> None:
    """N15: the rules for our own name count, also behind a redirect."""
    publisher.put(
        "/robots.txt", "User-agent: *\nDisallow: /\nUser-agent: DetainerWatch\nDisallow: /private", "text/plain"
    )
    publisher.put("/a", "x")
    publisher.put("/r", "", status=302, headers={"Location": "/private/b"})
    with fetching(publisher.host_port, respect_robots=True) as fetcher:
        assert get(fetcher, publisher).outcome == "ok"
        for path in ("/private/b", "/r"):
            got = get(fetcher, publisher, path)
            assert got.outcome == "blocked"
            assert got.reason == f"robots.txt of {publisher.host_port} does not allow {publisher.base}/private/b"
    assert publisher.paths() == ["/robots.txt", "/a", "/r"]


def test_robots_txt_is_asked_once_a_day_across_restarts(publisher: Publisher) -> None:
    memory, clock = Memory(), Clock()
    publisher.put("/robots.txt", "User-agent: *\nDisallow: /no", "text/plain")
    publisher.put("/a", "x")
    for hours, asked in ((0, 1), (23, 1), (2, 2)):
        clock.forward(hours=hours)
        with fetching(publisher.host_port, memory=memory, clock=clock, respect_robots=True) as fetcher:
            assert [get(fetcher, publisher).outcome for _ in range(2)] == ["ok", "ok"]
        assert publisher.paths().count("/robots.txt") == asked
    assert memory.texts[publisher.host_port] == ("User-agent: *\nDisallow: /no", "2026-03-05T13:00:00Z")


@pytest.mark.parametrize("status", [404, 410, 403, 400])
def test_a_host_without_robots_txt_allows_everything(publisher: Publisher, status: int) -> None:
    publisher.put("/robots.txt", "no", status=status)
    publisher.put("/a", "x")
    got = ask(publisher, "/a", respect_robots=True)
    assert (got.outcome, got.requests) == ("ok", 1)


@pytest.mark.parametrize("body", ["", "\ufeffUser-agent: *\nAllow: /", "<html>not found</html>", "\0\0junk" * 1000])
def test_an_odd_robots_txt_that_forbids_nothing_allows_everything(publisher: Publisher, body: str) -> None:
    publisher.put("/robots.txt", body, "text/plain")
    publisher.put("/a", "x")
    assert ask(publisher, "/a", respect_robots=True).outcome == "ok"


def test_a_robots_txt_that_cannot_be_read_stops_the_fetch_before_the_page(publisher: Publisher) -> None:
    publisher.put("/a", "x")
    publisher.put("/robots.txt", "", status=500)
    got = ask(publisher, "/a", respect_robots=True)
    assert (got.outcome, got.status, got.requests) == ("failed", None, 0)
    expected = f"robots.txt of {publisher.host_port} cannot be read: answered 500 Internal Server Error"
    assert got.reason == expected
    publisher.put("/robots.txt", "<title>Access Denied</title>")
    assert ask(publisher, "/a", respect_robots=True).outcome == "blocked"
    publisher.put("/robots.txt", "", status=429, headers={"Retry-After": "60"})
    memory = Memory()
    assert ask(publisher, "/a", memory=memory, respect_robots=True).outcome == "blocked"
    assert memory.rests == {publisher.host_port: "2026-03-04T12:01:00Z"}
    assert "/a" not in publisher.paths()


@pytest.mark.parametrize("status", [500, 403, 302])
def test_an_older_copy_counts_while_robots_txt_cannot_be_read(publisher: Publisher, status: int) -> None:
    memory = Memory()
    memory.set_robots(publisher.host_port, "User-agent: *\nDisallow: /no", "2026-01-01T00:00:00Z")
    publisher.put("/robots.txt", "", status=status, headers={"Location": "http://elsewhere.test/robots.txt"})
    publisher.put("/a", "x")
    publisher.put("/no", "x")
    with fetching(publisher.host_port, memory=memory, respect_robots=True) as fetcher:
        assert [get(fetcher, publisher, path).outcome for path in ("/a", "/no")] == ["ok", "blocked"]
    publisher.put("/robots.txt", "", status=404)
    assert ask(publisher, "/no", memory=Memory(), respect_robots=True).outcome == "ok"


def test_threads_that_wait_for_the_same_robots_txt_share_its_failure(publisher: Publisher) -> None:
    both, release = threading.Barrier(2), threading.Event()

    def resolve(host: str, port: int) -> list[str]:
        release.wait(60)
        raise OSError("no such name")

    def ask_page(fetcher: Fetcher) -> Fetched:
        both.wait(60)
        return fetcher.get("https://www.ice.gov/", allow_hosts=["www.ice.gov"])

    with fetching(resolve=resolve, respect_robots=True, retries=0) as fetcher, ThreadPoolExecutor(2) as threads:
        pending = [threads.submit(ask_page, fetcher) for _ in range(2)]
        release.set()
        answers = [one.result(timeout=60) for one in pending]
    assert {got.reason for got in answers} == {"cannot resolve www.ice.gov"}


def test_a_crawl_delay_slows_the_host_down(publisher: Publisher) -> None:
    publisher.put("/robots.txt", "User-agent: *\nCrawl-delay: 0.4", "text/plain")
    publisher.put("/a", "x")
    began = time.monotonic()
    with fetching(publisher.host_port, respect_robots=True) as fetcher:
        for _ in range(3):
            get(fetcher, publisher)
    assert publisher.requests[-1].at - began > 2 * 0.4 - 0.05


def test_no_robots_txt_is_asked_for_when_it_is_not_to_be_respected(publisher: Publisher) -> None:
    publisher.put("/robots.txt", "User-agent: *\nDisallow: /", "text/plain")
    publisher.put("/a", "x")
    assert ask(publisher, "/a", respect_robots=False).outcome == "ok"
    assert publisher.paths() == ["/a"]
