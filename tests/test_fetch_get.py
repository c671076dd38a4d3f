"""What `Fetcher.get` makes of every kind of answer, asked of a real server on loopback."""

import gzip
import threading
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from scraper import __version__, settings
from scraper.fetch import Fetched, Fetcher
from tests.publisher import Publisher, Reply, serving

START = datetime(2026, 3, 4, 12, 0, 0, tzinfo=UTC)


class Memory:
    """What a store remembers about hosts; outlives a fetcher."""

    def __init__(self) -> None:
        self.rests: dict[str, str] = {}
        self.texts: dict[str, tuple[str, str]] = {}

    def not_before(self, host: str) -> str | None:
        return self.rests.get(host)

    def set_not_before(self, host: str, when: str) -> None:
        self.rests[host] = when

    def robots(self, host: str) -> tuple[str, str] | None:
        return self.texts.get(host)

    def set_robots(self, host: str, text: str, at: str) -> None:
        self.texts[host] = (text, at)


class Clock:
    """The wall clock of a test, put forward by hand."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **span: float) -> None:
        self.now += timedelta(**span)


@contextmanager
def fetching(
    *private: str, memory: Memory | None = None, clock: Clock | None = None, **options: Any
) -> Iterator[Fetcher]:
    """A fetcher that may reach the `private` "host:port" pairs, without rate limit and robots.txt unless asked for."""
    seams = {name: options.pop(name) for name in ("resolve", "ssl_context") if name in options}
    manners: dict[str, Any] = {"per_host_per_second": None, "respect_robots": False, "timeout_seconds": 20, **options}
    fetch = settings.Fetch(contact="data-desk@example.org", allow_private=private, **manners)
    with Fetcher(fetch, memory or Memory(), now=clock or Clock(), backoff=0.001, **seams) as fetcher:
        yield fetcher
        fetcher.stop()


def ask(publisher: Publisher, path: str = "/", **options: Any) -> Fetched:
    """One get of `path`, by a fetcher of its own."""
    validators = {name: options.pop(name) for name in ("etag", "last_modified") if name in options}
    with fetching(publisher.host_port, **options) as fetcher:
        return fetcher.get(publisher.base + path, allow_hosts=[publisher.host_port], **validators)


def wire(*pieces: bytes) -> Callable[[BaseHTTPRequestHandler], None]:
    """Write `pieces` as they are, then hang up."""

    def speak(handler: BaseHTTPRequestHandler) -> None:
        for piece in pieces:
            handler.wfile.write(piece)
        handler.close_connection = True

    return speak


def test_a_page_comes_with_its_bytes_and_the_headers_that_matter(publisher: Publisher) -> None:
    publisher.put(
        "/a",
        "<p>1</p>",
        'text/HTML; Charset="UTF-8"',
        headers={"Last-Modified": "Wed, 04 Mar 2026 10:00:00 GMT", "X-Other": "left out"},
    )
    got = ask(publisher, "/a#part")
    assert (got.outcome, got.status, got.body, got.reason, got.requests) == ("ok", 200, b"<p>1</p>", "", 1)
    assert (got.media_type, got.charset) == ("text/html", "utf-8")
    assert got.etag is not None
    assert got.last_modified == "Wed, 04 Mar 2026 10:00:00 GMT"
    assert (got.url, got.final_url) == (f"{publisher.base}/a#part", f"{publisher.base}/a#part")
    assert (got.started_at, got.headers["content-length"]) == ("2026-03-04T12:00:00Z", "8")
    assert "x-other" not in got.headers


def test_requests_say_who_asks_and_what_is_known_already(publisher: Publisher) -> None:
    """N15"""
    publisher.put("/a", "x", headers={"Set-Cookie": "session=1; Path=/"})
    with fetching(publisher.host_port) as fetcher:
        for _ in range(2):
            fetcher.get(f"{publisher.base}/a", allow_hosts=["127.0.0.1"], etag='W/"1"', last_modified="yesterday")
    for request in publisher.requests:
        assert request.headers["user-agent"] == f"DetainerWatch/{__version__} (+data-desk@example.org)"
        assert request.headers["accept-encoding"] == "gzip, deflate"
        assert request.headers["if-none-match"] == 'W/"1"'
        assert request.headers["if-modified-since"] == "yesterday"
        assert "cookie" not in request.headers


def test_a_304_is_believed_only_when_something_was_known(publisher: Publisher) -> None:
    """N7"""
    publisher.put("/a", "x")
    first = ask(publisher, "/a")
    again = ask(publisher, "/a", etag=first.etag)
    assert (again.outcome, again.status, again.body, again.reason) == ("not_modified", 304, None, "")
    publisher.pages["/a"] = Reply(status=304)
    unasked = ask(publisher, "/a")
    assert (unasked.outcome, unasked.status) == ("failed", 304)
    assert "304" in unasked.reason


@pytest.mark.parametrize(
    ("status", "outcome", "requests"),
    [
        (401, "blocked", 1), (403, "blocked", 1), (429, "blocked", 1), (451, "blocked", 1), (404, "gone", 1),
        (410, "gone", 1), (400, "failed", 1), (418, "failed", 1), (500, "failed", 3), (502, "failed", 3),
        (503, "failed", 1), (504, "failed", 3), (599, "failed", 1), (202, "failed", 1), (204, "failed", 1),
        (206, "failed", 1), (300, "failed", 1), (302, "failed", 1),
    ],
)  # fmt: skip
def test_every_status_has_its_outcome(publisher: Publisher, status: int, outcome: str, requests: int) -> None:
    """N8, N10"""
    publisher.put("/a", "<p>a page</p>" if status not in (204, 304) else "", status=status)
    got = ask(publisher, "/a")
    assert (got.outcome, got.status, got.body, got.requests) == (outcome, status, None, requests)
    assert got.reason.startswith(f"answered {status}")


@pytest.mark.parametrize(
    ("body", "outcome", "reason"),
    [
        ("", "failed", "empty body"),
        ("<title>Access Denied</title>", "blocked", "page says 'Access Denied'"),
        ("<title>Just a moment...</title>", "blocked", "page says 'Just a moment...'"),
        ("<title>Site maintenance</title>", "blocked", "page says 'Site maintenance'"),
        ("<form><input type=password></form>", "blocked", "page asks for a password"),
    ],
)
def test_a_wall_with_status_200_is_no_page(publisher: Publisher, body: str, outcome: str, reason: str) -> None:
    """N9"""
    publisher.put("/a", body)
    got = ask(publisher, "/a")
    assert (got.outcome, got.reason, got.body) == (outcome, reason, None)


def test_what_passes_is_tried_again_and_what_does_not_is_not(publisher: Publisher) -> None:
    page = Reply(body=b"<p>1</p>")

    def cut_once(handler: BaseHTTPRequestHandler) -> None:
        publisher.pages["/a"] = page
        wire(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")(handler)

    publisher.pages["/a"] = Reply(raw=cut_once)
    got = ask(publisher, "/a")
    assert (got.outcome, got.body, got.requests) == ("ok", b"<p>1</p>", 2)
    publisher.pages["/a"] = Reply(raw=cut_once)
    assert ask(publisher, "/a", retries=0).requests == 1


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"


@pytest.mark.parametrize(
    "pieces",
    [
        [b""],
        [b"garbage\r\n\r\n\0\0"],
        [b"HTTP/1.1 200 OK\r\n"],
        [HEAD + b"Content-Length: 100\r\n\r\n", b"half"],
        [HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"],
        [HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n0\r\n\r\n"],
        [HEAD + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello"],
        [HEAD + b"Content-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello"],
        [HEAD + b"Content-Encoding: gzip\r\nContent-Length: 20\r\n\r\n" + gzip.compress(b"x" * 99, mtime=0)[:20]],
        [HEAD + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\nhello"],
        [HEAD + b"Content-Length: \xb2\r\n\r\nhello"],
        [b"HTTP/1.1 9999 Odd\r\n\r\nhello"],
        [HEAD + b"Content-Encoding: br\r\nContent-Length: 5\r\n\r\nhello"],
        [HEAD + b"X: " + b"a" * 200_000 + b"\r\nContent-Length: 5\r\n\r\nhello"],
        [HEAD + b"X: a\r\n" * 40_000 + b"Content-Length: 5\r\n\r\nhello"],
        [HEAD + b"\0: a\r\nContent-Length: 5\r\n\r\nhello"],
        [b"HTTP/1.1 100 Continue\r\n\r\n" * 100_000],
    ],
)
def test_an_answer_that_is_cut_or_garbled_is_a_failure_without_a_body(
    publisher: Publisher, pieces: list[bytes]
) -> None:
    """N3, N8"""
    publisher.pages["/a"] = Reply(raw=wire(*pieces))
    got = ask(publisher, "/a", max_body_mb=1)
    assert (got.outcome, got.body) == ("failed", None)
    assert got.reason.isprintable()
    assert got.reason


@pytest.mark.parametrize(
    ("coding", "packed"), [("gzip", gzip.compress(b"page" * 9, mtime=0)), ("deflate", zlib.compress(b"page" * 9))]
)
def test_packed_bodies_are_unpacked(publisher: Publisher, coding: str, packed: bytes) -> None:
    publisher.put("/a", packed, headers={"Content-Encoding": coding})
    assert ask(publisher, "/a").body == b"page" * 9


def test_bodies_beyond_the_limit_are_cut_off_on_the_wire(publisher: Publisher) -> None:
    """N13: announced, endless, packed, and an endless body nobody wants."""
    sent: list[int] = []

    def endless(head: bytes) -> Callable[[BaseHTTPRequestHandler], None]:
        def speak(handler: BaseHTTPRequestHandler) -> None:
            handler.close_connection = True
            handler.wfile.write(head)
            try:
                while sum(sent) < 200_000_000:
                    handler.wfile.write(bytes(100_000))
                    sent.append(100_000)
            except OSError:
                return

        return speak

    publisher.pages["/announced"] = Reply(raw=wire(HEAD + b"Content-Length: 5000000000\r\n\r\n"))
    publisher.pages["/endless"] = Reply(raw=endless(HEAD + b"\r\n"))
    publisher.put("/bomb", gzip.compress(bytes(50_000_000)), headers={"Content-Encoding": "gzip"})
    for path in ("/announced", "/endless", "/bomb"):
        got = ask(publisher, path, max_body_mb=0.5)
        assert (got.outcome, got.reason, got.body) == ("failed", "the body is larger than 0.5 MB", None)
    publisher.pages["/refused"] = Reply(raw=endless(b"HTTP/1.1 403 No\r\n\r\n"))
    assert ask(publisher, "/refused", max_body_mb=0.5).outcome == "blocked"
    assert sum(sent) < 50_000_000


def test_strangers_headers_are_cleaned_and_only_clean_validators_are_kept(publisher: Publisher) -> None:
    headers = {"Last-Modified": "\xe9", "ETag": f'"{"e" * 600}"'}
    publisher.put("/a", "x", "a\x85b\xadc" + "d" * 900, headers=headers, conditional=False)
    got = ask(publisher, "/a")
    assert (got.outcome, got.etag, got.last_modified) == ("ok", None, None)
    assert got.headers["content-type"] == "abc" + "d" * 497
    sent = ask(publisher, "/a", etag="\r\nX-Injected: 1", last_modified="\xe9")
    assert sent.outcome == "ok"
    assert not {"if-none-match", "if-modified-since", "x-injected"} & set(publisher.requests[-1].headers)


def test_a_proxy_in_the_environment_is_not_used(publisher: Publisher, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(Publisher()) as canary:
        monkeypatch.setenv("HTTP_PROXY", canary.base)
        monkeypatch.setenv("ALL_PROXY", canary.base)
        publisher.put("/a", "x")
        assert ask(publisher, "/a").outcome == "ok"
        assert canary.requests == []


def test_many_threads_share_one_fetcher(publisher: Publisher) -> None:
    for number in range(40):
        publisher.put(f"/{number}", f"page {number}")
    with fetching(publisher.host_port, respect_robots=True) as fetcher, ThreadPoolExecutor(8) as threads:
        urls = [f"{publisher.base}/{number}" for number in range(40)] * 5
        answers = list(threads.map(lambda url: fetcher.get(url, allow_hosts=["127.0.0.1"]), urls))
    assert [got.body for got in answers] == [f"page {number}".encode() for number in range(40)] * 5
    assert publisher.paths().count("/robots.txt") == 1


def test_a_stopped_fetcher_asks_nothing_more(publisher: Publisher) -> None:
    publisher.put("/a", "x")
    with fetching(publisher.host_port) as fetcher:
        assert fetcher.get(f"{publisher.base}/a", allow_hosts=["127.0.0.1"]).outcome == "ok"
        fetcher.stop()
        got = fetcher.get(f"{publisher.base}/a", allow_hosts=["127.0.0.1"])
    assert (got.outcome, got.reason) == ("failed", "stopped")
    assert publisher.paths() == ["/a"]


def test_stopping_ends_a_fetch_that_hangs(publisher: Publisher) -> None:
    """P3"""
    asked, over = threading.Event(), threading.Event()

    def hang(handler: BaseHTTPRequestHandler) -> None:
        asked.set()
        over.wait()
        handler.close_connection = True

    publisher.pages["/a"] = Reply(raw=hang)
    with fetching(publisher.host_port, timeout_seconds=600) as fetcher, ThreadPoolExecutor(1) as threads:
        pending = threads.submit(fetcher.get, f"{publisher.base}/a", allow_hosts=["127.0.0.1"])
        assert asked.wait(60)
        fetcher.stop()
        got = pending.result(timeout=60)
        over.set()
    assert (got.outcome, got.reason) == ("failed", "stopped")
