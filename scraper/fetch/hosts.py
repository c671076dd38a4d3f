"""How each host wants to be treated: its rate, the rest it asked for, and its robots.txt.

The rules on robots.txt: docs/decisions/0002-robots.md.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

from protego import Protego

from scraper.fetch.answer import Ended, Failed, HostMemory

AGENT: Final = "DetainerWatch"
LONGEST_DELAY: Final = 60.0
"""Seconds of Crawl-delay that are honoured."""
_DAY: Final = timedelta(hours=24)
"""How long robots.txt holds, and the longest rest that is granted."""
_STALE: Final = timedelta(minutes=10)
"""How long an outdated copy serves before robots.txt is asked for again, while it cannot be read."""
_NEVER: Final = datetime.min.replace(tzinfo=UTC)


@dataclass(slots=True)
class _Host:
    rests_until: datetime
    free_at: float = 0.0
    """When it may be asked next, by the monotonic clock."""
    delay: float = 0.0
    reading: threading.Lock = field(default_factory=threading.Lock)
    rules: Protego = field(default_factory=lambda: Protego.parse(""))
    rules_until: datetime = _NEVER
    failed: tuple[float, Ended] | None = None
    """When the last reading of robots.txt failed, by the monotonic clock."""


class Hosts:
    """Shared by all threads. Hosts are named by authority."""

    def __init__(
        self, per_second: float | None, memory: HostMemory, stop: threading.Event, now: Callable[[], datetime]
    ) -> None:
        self._interval = 1 / per_second if per_second else 0.0
        self._memory = memory
        self._stop = stop
        self._now = now
        self._lock = threading.Lock()
        self._hosts: dict[str, _Host] = {}

    def wait(self, name: str) -> float:
        """Wait for this host's next free place and return the seconds waited; raise `Failed` when stopped."""
        host = self._host(name)
        interval = max(self._interval, host.delay)
        if not interval:
            return 0.0
        with self._lock:
            arrived = time.monotonic()
            start = max(arrived, host.free_at)
            host.free_at = start + interval
        if self._stop.wait(start - arrived):
            raise Failed("stopped")
        return time.monotonic() - arrived

    def resting(self, name: str) -> str | None:
        """Return until when this host asked to be left alone, if that is in the future."""
        until = self._host(name).rests_until
        return iso(until) if self._is_ahead(until) else None

    def rest(self, name: str, retry_after: str) -> bool:
        """Store a Retry-After header (seconds or HTTP date, at most 24 h); tell whether it could be read."""
        now, text = self._now(), retry_after.strip()
        try:
            if text.isascii() and text.isdigit():
                until = now + timedelta(seconds=min(int(text), _DAY.total_seconds()))
            else:
                until = parsedate_to_datetime(text)
        except (ValueError, OverflowError, IndexError):
            return False
        until = until if until.tzinfo else until.replace(tzinfo=UTC)
        if until > now:
            until += timedelta(microseconds=-until.microsecond % 1_000_000)  # whole seconds, rounded up: never early
            until = self._host(name).rests_until = min(until, now + _DAY)
            with self._lock:
                self._memory.set_not_before(name, iso(until))
        return True

    def rules(self, name: str, read: Callable[[], str | None]) -> Protego:
        """Return the rules of this host's robots.txt; one thread reads it, the others wait for what it got.

        `read` asks the host: it returns the text ("" where there is none) or None where the host refuses to show one,
        and raises `Ended` where it cannot be read; that is raised here too unless an older copy exists.
        """
        host = self._host(name)
        if self._is_ahead(host.rules_until):
            return host.rules
        asked = time.monotonic()
        with host.reading:
            if not self._is_ahead(host.rules_until):
                if host.failed and host.failed[0] >= asked:
                    raise Ended(host.failed[1].outcome, str(host.failed[1]))
                self._renew(name, host, read)
            return host.rules

    def _renew(self, name: str, host: _Host, read: Callable[[], str | None]) -> None:
        with self._lock:
            old, at = self._memory.robots(name) or (None, None)
        text, until = old or "", _parsed(at) + _DAY
        if old is None or not self._is_ahead(until):
            try:
                answer = read()
                text, until = text if answer is None else answer, self._now() + _DAY
                with self._lock:
                    self._memory.set_robots(name, text, iso(self._now()))
            except Ended as problem:
                if old is None:
                    host.failed = time.monotonic(), problem
                    raise
                until = self._now() + _STALE
        host.rules = Protego.parse(text)
        host.delay = min(host.rules.crawl_delay(AGENT) or 0.0, LONGEST_DELAY)
        host.rules_until = until

    def _host(self, name: str) -> _Host:
        with self._lock:
            if name not in self._hosts:
                self._hosts[name] = _Host(_parsed(self._memory.not_before(name)))
            return self._hosts[name]

    def _is_ahead(self, until: datetime) -> bool:
        """Tell whether that time is to come; farther off than any was set means that the clock has jumped back."""
        return timedelta(0) < until - self._now() <= _DAY


def iso(moment: datetime) -> str:
    """Return UTC, ISO-8601 with Z, whole seconds."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _parsed(text: str | None) -> datetime:
    """Return the time that `iso` wrote; long ago for what is not a time."""
    try:
        return datetime.strptime(text or "", "%Y-%m-%dT%H:%M:%S%z")
    except ValueError:
        return _NEVER
