"""How often a host may be asked, and until when it asked to be left alone."""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

from scraper.fetch.answer import Failed, HostMemory

LONGEST_REST: Final = timedelta(hours=24)
LONGEST_DELAY: Final = 60.0
"""Seconds of Crawl-delay that are honoured."""


class Pace:
    """Shared by all threads. Hosts are named by authority."""

    def __init__(
        self,
        per_second: float | None,
        memory: HostMemory,
        memory_lock: threading.Lock,
        stop: threading.Event,
        now: Callable[[], datetime],
    ) -> None:
        self._interval = 1 / per_second if per_second else 0.0
        self._memory = memory
        self._memory_lock = memory_lock
        self._stop = stop
        self._now = now
        self._lock = threading.Lock()
        self._delays: dict[str, float] = {}
        self._next: dict[str, float] = {}
        self._rests: dict[str, datetime | None] = {}

    def slow_down(self, host: str, seconds: float | None) -> None:
        """Honour a Crawl-delay; None takes it back."""
        self._delays[host] = min(seconds or 0.0, LONGEST_DELAY)

    def wait(self, host: str) -> float:
        """Wait for this host's next free place and return the seconds waited; raise `Failed` when stopped."""
        interval = max(self._interval, self._delays.get(host, 0.0))
        if not interval:
            return 0.0
        with self._lock:
            arrived = time.monotonic()
            start = max(arrived, self._next.get(host, 0.0))
            self._next[host] = start + interval
        if self._stop.wait(start - arrived):
            raise Failed("stopped")
        return time.monotonic() - arrived

    def resting(self, host: str) -> str | None:
        """Return until when `host` asked to be left alone, if that is in the future."""
        try:
            until = self._rests[host]
        except KeyError:
            until = self._recall(host)
        if until is None:
            return None
        # Farther off than any answer could have asked for: the clock has jumped back.
        return iso(until) if timedelta(0) < until - self._now() <= LONGEST_REST else None

    def rest(self, host: str, retry_after: str) -> bool:
        """Store a Retry-After header (seconds or HTTP date, at most 24 h); tell whether it could be read."""
        now = self._now()
        until = _retry_time(retry_after, now)
        if until is None:
            return False
        if until > now:
            # Whole seconds, rounded up: never early.
            until = min(until + timedelta(microseconds=-until.microsecond % 1_000_000), now + LONGEST_REST)
            with self._memory_lock:
                self._rests[host] = until
                self._memory.set_not_before(host, iso(until))
        return True

    def _recall(self, host: str) -> datetime | None:
        with self._memory_lock:
            self._rests[host] = until = parsed(self._memory.not_before(host))
        return until


def iso(moment: datetime) -> str:
    """Return UTC, ISO-8601 with Z, whole seconds."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


def parsed(text: str | None) -> datetime | None:
    """Return the time that `iso` wrote; None for what is not a time."""
    try:
        moment = datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
    return moment if moment is None or moment.tzinfo else moment.replace(tzinfo=UTC)


def _retry_time(header: str, now: datetime) -> datetime | None:
    text = header.strip()
    if text.isascii() and text.isdigit():
        return now + timedelta(seconds=min(int(text[:12]), LONGEST_REST.total_seconds()))
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError, IndexError):
        return None
    return min(moment if moment.tzinfo else moment.replace(tzinfo=UTC), now + LONGEST_REST)
