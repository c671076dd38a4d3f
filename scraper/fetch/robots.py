"""robots.txt: read once a day for each host, kept across restarts. The rules: docs/decisions/0002-robots.md."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from protego import Protego

from scraper.fetch.answer import Ended, HostMemory
from scraper.fetch.pace import iso, parsed

AGENT: Final = "DetainerWatch"
MAX_BYTES: Final = 1_000_000
_FRESH: Final = timedelta(hours=24)
_STALE: Final = timedelta(minutes=10)
"""How long an outdated copy serves before robots.txt is asked for again, while it cannot be read."""


@dataclass(slots=True)
class _Slot:
    lock: threading.Lock = field(default_factory=threading.Lock)
    rules: tuple[Protego, datetime, datetime] | None = None
    """The rules, and the times between which they hold."""
    failed: tuple[float, Ended] | None = None
    """When the last reading failed, by the monotonic clock."""


class Robots:
    """Shared by all threads; one of them reads, the others wait for what it got."""

    def __init__(self, memory: HostMemory, memory_lock: threading.Lock, now: Callable[[], datetime]) -> None:
        self._memory = memory
        self._memory_lock = memory_lock
        self._now = now
        self._lock = threading.Lock()
        self._slots: dict[str, _Slot] = {}

    def rules(self, host: str, read: Callable[[], str | None]) -> Protego:
        """Return the rules of `host`.

        `read` asks the host: it returns the text ("" where there is none) or None where the host refuses to show one,
        and raises `Ended` where it cannot be read; that is raised here too unless an older copy exists.
        """
        slot = self._slots.get(host) or self._slot(host)
        if (rules := self._held(slot)) is not None:
            return rules
        asked = time.monotonic()
        with slot.lock:
            if (rules := self._held(slot)) is not None:
                return rules
            if slot.failed and slot.failed[0] >= asked:
                raise Ended(slot.failed[1].outcome, str(slot.failed[1]))
            return self._renew(host, slot, read)

    def _renew(self, host: str, slot: _Slot, read: Callable[[], str | None]) -> Protego:
        with self._memory_lock:
            stored = self._memory.robots(host)
        fetched_at = parsed(stored[1]) if stored else None
        if stored and fetched_at and fetched_at <= self._now() < fetched_at + _FRESH:
            return self._keep(slot, stored[0], fetched_at + _FRESH)
        try:
            text = read()
        except Ended as problem:
            if stored is None:
                slot.failed = time.monotonic(), problem
                raise
            return self._keep(slot, stored[0], self._now() + _STALE)
        if text is None:
            text = stored[0] if stored else ""
        with self._memory_lock:
            self._memory.set_robots(host, text, iso(self._now()))
        return self._keep(slot, text, self._now() + _FRESH)

    def _keep(self, slot: _Slot, text: str, until: datetime) -> Protego:
        rules = Protego.parse(text)
        slot.rules = rules, until - _FRESH, until
        return rules

    def _held(self, slot: _Slot) -> Protego | None:
        if slot.rules is None:
            return None
        rules, since, until = slot.rules
        return rules if since <= self._now() < until else None

    def _slot(self, host: str) -> _Slot:
        with self._lock:
            return self._slots.setdefault(host, _Slot())
