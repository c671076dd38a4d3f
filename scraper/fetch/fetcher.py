"""The fetcher: one question at a time per thread, many threads, one answer for whatever the publisher does."""

import random
import ssl
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Self, cast

import httpx

from scraper import __version__, settings
from scraper.fetch.answer import (
    Broken,
    Ended,
    Failed,
    Fetched,
    HostMemory,
    answered,
    content_type,
    judge,
    kept_headers,
    validator,
)
from scraper.fetch.body import read_body
from scraper.fetch.hosts import AGENT, Hosts, iso
from scraper.fetch.policy import Refused, Target, check, parse, shown
from scraper.fetch.wire import Budget, Resolve, Transport, Wire

MAX_REDIRECTS: Final = 5
_REDIRECTS: Final = frozenset((301, 302, 303, 307, 308))
_TRANSIENT: Final = frozenset((500, 502, 504))
_ROBOTS_BYTES: Final = 1_000_000
_DRAIN: Final = 64 * 1024
"""Bytes of an unwanted body that are read so that its connection can be used again."""


@dataclass(slots=True)
class _Trip:
    """One fetch under way, and how far it has come."""

    final_url: str
    allow_hosts: Sequence[str]
    budget: Budget
    validators: Mapping[str, str] = field(default_factory=dict)
    asks_robots: bool = False
    requests: int = 0
    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    location: str | None = None


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
        self._hosts = Hosts(settings.per_host_per_second, memory, self._stop, now)
        self._wire = Wire(settings.allow_private, resolve)
        verify = ssl_context or httpx.create_ssl_context(trust_env=False)
        self._transport = Transport(self._wire, verify, settings.concurrency)
        self._headers = {
            "User-Agent": f"{AGENT}/{__version__} (+{settings.contact})",
            "Accept": "text/html,application/xhtml+xml,*/*;q=0.8",
            "Accept-Encoding": "gzip, deflate",
            "Connection": "keep-alive",
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._transport.close()

    def stop(self) -> None:
        """End running fetches at once and let no new one begin; callable from any thread, for good."""
        self._stop.set()

    def resting(self, url: str) -> str | None:
        """Return the time until which the host of `url` asked to be left alone, if that is in the future."""
        try:
            return self._hosts.resting(parse(url).authority)
        except Refused:
            return None

    def get(
        self, url: str, *, allow_hosts: Sequence[str], etag: str | None = None, last_modified: str | None = None
    ) -> Fetched:
        """Return what `url` answers; whatever a publisher does is an outcome, never an exception."""
        started_at, clock = iso(self._now()), time.monotonic()
        sent = {"If-None-Match": validator(etag), "If-Modified-Since": validator(last_modified)}
        validators = {name: value for name, value in sent.items() if value}
        budget = self._budget(int(self._settings.max_body_mb * 1_000_000))
        trip = _Trip(url, allow_hosts, budget, validators, asks_robots=self._settings.respect_robots)
        body, reason = b"", ""
        try:
            body = self._follow(trip, url)
            outcome = judge(trip.status, trip.headers, body, conditional=bool(validators))
        except Ended as problem:
            outcome, reason = problem.outcome, str(problem)
        media_type, charset = content_type(trip.headers)
        return Fetched(
            url=url,
            final_url=trip.final_url,
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

    def _budget(self, limit: int) -> Budget:
        return Budget(self._settings.timeout_seconds, limit, self._stop)

    def _follow(self, trip: _Trip, url: str) -> bytes:
        """Return the body of the last answer after at most five redirects, each checked like the first URL."""
        target = None
        for hop in range(MAX_REDIRECTS + 1):
            try:
                target = check(url, trip.allow_hosts, before=target)
            except Refused as problem:
                raise Failed(f"{'redirects to' if hop else 'not asked:'} {problem}") from None
            trip.final_url = target.url if hop else url
            self._permit(trip, target)
            body = self._ask(trip, target)
            if trip.status not in _REDIRECTS:
                return body
            if trip.location is None:
                raise Failed(f"{answered(trip.status)} without saying where to")
            url = trip.location
        raise Failed(f"redirects more than {MAX_REDIRECTS} times")

    def _permit(self, trip: _Trip, target: Target) -> None:
        """Raise `Ended` unless the host may be asked now and its robots.txt allows the address."""
        self._not_resting(target)
        if trip.asks_robots:
            clock = time.monotonic()
            rules = self._hosts.rules(target.authority, lambda: self._read_robots(target, trip.allow_hosts))
            trip.budget.extend(time.monotonic() - clock)
            if not rules.can_fetch(target.url, AGENT):
                raise Ended("blocked", f"robots.txt of {target.authority} does not allow {shown(target.url)}")

    def _read_robots(self, target: Target, allow_hosts: Sequence[str]) -> str | None:
        url = f"{target.scheme}://{target.authority}/robots.txt"
        trip = _Trip(url, allow_hosts, self._budget(_ROBOTS_BYTES))
        try:
            body = self._follow(trip, url)
            if trip.status != 200 or body:
                judge(trip.status, trip.headers, body, conditional=False)
        except Ended as problem:
            if trip.status is None:  # the host itself is out of reach: say just that
                raise
            if trip.status in (404, 410):
                return ""
            if trip.status in _REDIRECTS or (trip.status in range(400, 500) and trip.status != 429):
                return None
            raise Ended(problem.outcome, f"robots.txt of {target.authority} cannot be read: {problem}") from None
        return body.decode("utf-8", "replace").removeprefix("\ufeff").replace("\0", "")

    def _not_resting(self, target: Target) -> None:
        if until := self._hosts.resting(target.authority):
            raise Ended("blocked", f"{target.authority} asked us to wait until {until}")

    def _ask(self, trip: _Trip, target: Target) -> bytes:
        """Return the body of one URL's answer; tries again what may pass, as long as the budget lasts."""
        attempt = 0
        while True:
            trip.budget.extend(self._hosts.wait(target.authority))
            self._not_resting(target)
            try:
                return self._exchange(trip, target)
            except Broken:
                pause = self._backoff * 2**attempt * random.uniform(0.5, 1.5)  # noqa: S311
                if attempt == self._settings.retries or pause >= trip.budget.left():
                    raise
            self._stop.wait(pause)
            attempt += 1

    def _exchange(self, trip: _Trip, target: Target) -> bytes:
        """Send one request; fill `trip` from the answer's head and return its complete decoded body."""
        self._wire.current.budget = trip.budget
        trip.budget.next_request()
        trip.requests += 1
        trip.status, trip.headers = None, {}
        headers = [("Host", target.authority), *self._headers.items(), *trip.validators.items()]
        address = httpx.URL(scheme=target.scheme, host=target.host, port=target.port)
        request = httpx.Request("GET", address, headers=headers, extensions={"target": target.path.encode()})
        try:
            with closing(self._transport.handle_request(request)) as answer:
                head = answer.headers.raw
                trip.status, trip.headers = answer.status_code, kept_headers(head)
                trip.location = next((_text(v) for name, v in head if name.lower() == b"location"), None)
                return self._receive(trip, target, answer)
        except (httpx.ProtocolError, httpx.NetworkError) as error:
            raise Broken(f"the answer was cut or is not HTTP: {shown(str(error))}") from None

    def _receive(self, trip: _Trip, target: Target, answer: httpx.Response) -> bytes:
        pieces = iter(cast(httpx.SyncByteStream, answer.stream))  # as they come: we decode with a cap
        if trip.status == 200:
            length, limit = trip.headers.get("content-length", ""), trip.budget.limit
            if length.isdecimal() and int(length) > limit:
                raise Failed(f"the body is larger than {limit / 1e6:,.3g} MB")
            encoding = trip.headers.get("content-encoding", "")
            return read_body(pieces, encoding, limit, trip.budget.left)
        drained = 0
        for piece in pieces:
            drained += len(piece)
            if drained > _DRAIN:
                break
        if trip.status in _TRANSIENT:
            raise Broken(answered(trip.status))
        if trip.status in (429, 503) and self._hosts.rest(target.authority, trip.headers.get("retry-after", "")):
            raise Ended("blocked", answered(trip.status))
        return b""


def _text(value: bytes) -> str:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("latin-1")
