"""The fetcher: one question at a time per thread, many threads, one answer for whatever the publisher does."""

import random
import ssl
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import TracebackType
from typing import Final, Self

import httpcore
import httpx
from protego import Protego

from scraper import __version__, settings
from scraper.fetch.answer import Broken, Ended, Failed, Fetched, HostMemory
from scraper.fetch.body import read_body
from scraper.fetch.pace import Pace, iso
from scraper.fetch.policy import Refused, Target, check, parse, shown
from scraper.fetch.robots import AGENT, MAX_BYTES, Robots
from scraper.fetch.verdict import REDIRECTS, TRANSIENT, answered, content_type, judge, kept_headers, validator
from scraper.fetch.wire import Budget, Resolve, Transport, Wire
from scraper.terms import FetchOutcome

MAX_REDIRECTS: Final = 5
_DRAIN: Final = 64 * 1024
"""Bytes of an unwanted body that are read so that its connection can be used again."""


@dataclass(slots=True, kw_only=True)
class _Trip:
    """One fetch under way, and how far it has come."""

    url: str
    allow_hosts: Sequence[str]
    validators: dict[str, str]
    limit: int
    budget: Budget
    asks_robots: bool
    target: Target | None = None
    location: str | None = None
    requests: int = 0
    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    resting: bool = False


class Fetcher:
    """Fetches politely and safely; a context manager whose `get` many threads may call at once.

    `resolve` and `ssl_context` are the seams of tests; `backoff` is the first pause between tries, in seconds.
    """

    def __init__(
        self,
        settings: settings.Fetch,
        memory: HostMemory,
        *,
        now: Callable[[], datetime],
        resolve: Resolve | None = None,
        ssl_context: ssl.SSLContext | None = None,
        backoff: float = 0.5,
    ) -> None:
        self._settings = settings
        self._now = now
        self._backoff = backoff
        self._stop = threading.Event()
        memory_lock = threading.Lock()
        self._pace = Pace(settings.per_host_per_second, memory, memory_lock, self._stop, now)
        self._robots = Robots(memory, memory_lock, now)
        self._wire = Wire(settings.allow_private, resolve, self._stop)
        self._client = httpx.Client(
            transport=Transport(
                self._wire, ssl_context or httpx.create_ssl_context(trust_env=False), settings.concurrency
            ),
            headers={
                "User-Agent": f"{AGENT}/{__version__} (+{settings.contact})",
                "Accept": "text/html,application/xhtml+xml,*/*;q=0.8",
                "Accept-Encoding": "gzip, deflate",
            },
            follow_redirects=False,
            trust_env=False,
            timeout=None,  # noqa: S113  # the budget bounds every read
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._client.close()

    def stop(self) -> None:
        """End running fetches at once and let no new one begin; callable from any thread, for good."""
        self._stop.set()
        self._wire.cut()

    def resting(self, url: str) -> str | None:
        """Return the time until which the host of `url` asked to be left alone, if that is in the future."""
        try:
            return self._pace.resting(parse(url).authority)
        except Refused:
            return None

    def get(
        self, url: str, *, allow_hosts: Sequence[str], etag: str | None = None, last_modified: str | None = None
    ) -> Fetched:
        """Return what `url` answers; whatever a publisher does is an outcome, never an exception."""
        started_at, clock = iso(self._now()), time.monotonic()
        sent = {"If-None-Match": validator(etag), "If-Modified-Since": validator(last_modified)}
        validators = {name: value for name, value in sent.items() if value}
        limit = int(self._settings.max_body_mb * 1_000_000)
        trip = self._trip(url, allow_hosts, validators, limit, asks_robots=self._settings.respect_robots)
        outcome: FetchOutcome
        body, reason = b"", ""
        try:
            body = self._follow(trip)
            page = judge(trip.status or 0, trip.headers, body, conditional=bool(validators), resting=trip.resting)
            outcome = "ok" if page else "not_modified"
        except Ended as problem:
            outcome, reason = problem.outcome, str(problem)
        media_type, charset = content_type(trip.headers)
        return Fetched(
            url=url,
            final_url=trip.target.url if trip.location is not None and trip.target else url,
            outcome=outcome,
            status=trip.status,
            headers=trip.headers,
            body=body if outcome == "ok" else None,
            media_type=media_type,
            charset=charset,
            etag=validator(trip.headers.get("etag")),
            last_modified=validator(trip.headers.get("last-modified")),
            reason=reason,
            started_at=started_at,
            ms=round((time.monotonic() - clock) * 1000),
            requests=trip.requests,
        )

    def _trip(
        self, url: str, allow_hosts: Sequence[str], validators: dict[str, str], limit: int, *, asks_robots: bool
    ) -> _Trip:
        budget = Budget(self._settings.timeout_seconds, limit, self._stop)
        return _Trip(
            url=url,
            allow_hosts=allow_hosts,
            validators=validators,
            limit=limit,
            budget=budget,
            asks_robots=asks_robots,
        )

    def _follow(self, trip: _Trip) -> bytes:
        """Return the body of the last answer after at most five redirects, each checked like the first URL."""
        try:
            target = check(trip.url, trip.allow_hosts)
        except Refused as problem:
            raise Failed(f"not asked: {problem}") from None
        for _ in range(MAX_REDIRECTS + 1):
            trip.target = target
            self._permit(trip, target)
            body = self._ask(trip, target)
            if trip.status not in REDIRECTS:
                return body
            if trip.location is None:
                raise Failed(f"{answered(trip.status)} without saying where to")
            try:
                target = check(trip.location, trip.allow_hosts, before=target)
            except Refused as problem:
                raise Failed(f"redirects to {problem}") from None
        raise Failed(f"redirects more than {MAX_REDIRECTS} times")

    def _permit(self, trip: _Trip, target: Target) -> None:
        """Raise `Ended` unless the host may be asked now and its robots.txt allows the address."""
        self._not_resting(target)
        if not trip.asks_robots:
            return
        clock = time.monotonic()
        try:
            rules = self._robots.rules(target.authority, lambda: self._read_robots(target, trip.allow_hosts))
        except Ended as problem:
            if not str(problem).startswith("answered"):  # the host itself is out of reach: say just that
                raise
            raise Ended(problem.outcome, f"robots.txt of {target.authority} cannot be read: {problem}") from None
        trip.budget.extend(time.monotonic() - clock)
        self._obey(rules, target)

    def _obey(self, rules: Protego, target: Target) -> None:
        if not rules.can_fetch(target.url, AGENT):
            raise Ended("blocked", f"robots.txt of {target.authority} does not allow {shown(target.url)}")
        self._pace.slow_down(target.authority, rules.crawl_delay(AGENT))

    def _read_robots(self, target: Target, allow_hosts: Sequence[str]) -> str | None:
        url = f"{target.scheme}://{target.authority}/robots.txt"
        trip = self._trip(url, allow_hosts, {}, MAX_BYTES, asks_robots=False)
        try:
            body = self._follow(trip)
            if trip.status != 200 or body:
                judge(trip.status or 0, trip.headers, body, conditional=False, resting=trip.resting)
        except Ended:
            if trip.status in (404, 410):
                return ""
            if trip.status in REDIRECTS or (trip.status in range(400, 500) and trip.status != 429):
                return None
            raise
        return body.decode("utf-8", "replace").removeprefix("\ufeff").replace("\0", "")

    def _not_resting(self, target: Target) -> None:
        if until := self._pace.resting(target.authority):
            raise Ended("blocked", f"{target.authority} asked us to wait until {until}")

    def _ask(self, trip: _Trip, target: Target) -> bytes:
        """Return the body of one URL's answer; tries again what may pass, as long as the budget lasts."""
        for attempt in range(self._settings.retries + 1):
            last = attempt == self._settings.retries
            trip.budget.extend(self._pace.wait(target.authority))
            self._not_resting(target)
            try:
                body = self._exchange(trip, target)
                if trip.status not in TRANSIENT:
                    break
            except Broken:
                if last or not self._pause(trip.budget, attempt):
                    raise
                continue
            if last or not self._pause(trip.budget, attempt):
                break
        if trip.status in (429, 503) and (retry_after := trip.headers.get("retry-after")):
            trip.resting = self._pace.rest(target.authority, retry_after)
        return body

    def _pause(self, budget: Budget, attempt: int) -> bool:
        """Sleep before the next try; False when the budget does not reach that far."""
        seconds = self._backoff * 2**attempt * random.uniform(0.5, 1.5)  # noqa: S311
        if seconds >= budget.left():
            return False
        self._stop.wait(seconds)
        return True

    def _exchange(self, trip: _Trip, target: Target) -> bytes:
        """Send one request; fill `trip` from the answer's head and return its complete decoded body."""
        self._wire.budget = trip.budget
        trip.budget.next_request()
        trip.requests += 1
        trip.status, trip.headers = None, {}
        try:
            request = self._client.build_request("GET", target.url, headers=trip.validators)
            if (request.url.host, request.url.port or target.port) != (target.host, target.port):
                raise Failed(f"not asked: what is not a URL: {shown(target.url)}")
            answer = self._client.send(request, stream=True)
            try:
                return self._receive(trip, answer)
            finally:
                answer.close()
        except (httpx.HTTPError, httpx.InvalidURL, httpcore.LocalProtocolError) as error:
            raise Failed(f"the request cannot be written: {shown(str(error))}") from None
        except (httpcore.ProtocolError, httpcore.NetworkError) as error:
            raise Broken(f"the answer was cut or is not HTTP: {shown(str(error))}") from None

    def _receive(self, trip: _Trip, answer: httpx.Response) -> bytes:
        trip.headers = kept_headers(answer.headers.raw)
        trip.status = answer.status_code
        if trip.status in REDIRECTS:
            trip.location = _text(answer.extensions["location"])
        if trip.status == 200:
            length = trip.headers.get("content-length", "")
            if length.isdecimal() and int(length) > trip.limit:
                raise Failed(f"the body is larger than {trip.limit / 1e6:,.3g} MB")
            encoding = trip.headers.get("content-encoding", "")
            return read_body(answer.iter_raw(), encoding, trip.limit, trip.budget.left)
        drained = 0
        for piece in answer.iter_raw():
            drained += len(piece)
            if drained > _DRAIN:
                break
        return b""


def _text(value: bytes | None) -> str | None:
    if value is None:
        return None
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("latin-1")
