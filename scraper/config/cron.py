"""Crontab lines as APScheduler triggers, with crontab's own meaning of weekdays and of day-or-weekday."""

import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.combining import OrTrigger
from apscheduler.triggers.cron import CronTrigger

_DAYS: Final = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_ITEM: Final = re.compile(r"(?:(\*)|(\w+)(?:-(\w+))?)(?:/(\d+))?")


def cron_trigger(text: str, jitter: float | None = None) -> BaseTrigger:
    """Return a trigger in UTC for five crontab fields: minute, hour, day, month, weekday (0 and 7 are Sunday).

    When day and weekday are both restricted either is enough, as in crontab. `jitter` is in seconds.
    APScheduler's own `from_crontab` counts weekdays from Monday and wants both. Raises ValueError.
    """
    fields = text.split()
    if len(fields) != 5:
        raise ValueError(f"has {len(fields)} fields; write five: minute hour day month weekday")
    minute, hour, day, month, weekday = fields
    both = not day.startswith("*") and not weekday.startswith("*")
    pairs = [(day, "*"), ("*", weekday)] if both else [(day, weekday)]
    triggers = [_trigger(minute, hour, one, month, _weekdays(other), jitter) for one, other in pairs]
    return triggers[0] if len(triggers) == 1 else OrTrigger(triggers)


@lru_cache(maxsize=256)
def check(text: str) -> None:
    """Raise ValueError unless `text` is a crontab line that comes true at some time."""
    start = datetime(2024, 1, 1, tzinfo=UTC)
    if cron_trigger(text).get_next_fire_time(None, start) is None:
        raise ValueError("never comes true; check day and month")


def _trigger(minute: str, hour: str, day: str, month: str, weekday: str, jitter: float | None) -> CronTrigger:
    try:
        return CronTrigger(
            minute=minute, hour=hour, day=day, month=month, day_of_week=weekday, timezone=UTC, jitter=jitter
        )
    except (ValueError, TypeError) as error:
        raise ValueError(str(error)) from None


def _weekdays(text: str) -> str:
    """Return crontab weekdays as a list of names; APScheduler's own numbers begin on Monday."""
    if text == "*":
        return text
    days = sorted({day for item in text.lower().split(",") for day in _days(item)})
    return ",".join(_DAYS[day] for day in days)


def _days(item: str) -> list[int]:
    match = _ITEM.fullmatch(item)
    if match is None:
        raise ValueError(f"weekday {item!r} is not 0-7, sun-sat, a range, a list or a step")
    star, first, last, step = match.groups()
    if step is not None and ((star is None and last is None) or int(step) == 0):
        raise ValueError(f"weekday {item!r}: a step needs * or a range before it and must not be 0")
    low, high = (0, 6) if star else (_day(first), _day(last or first))
    high = 7 if low > high == 0 else high
    if low > high:
        raise ValueError(f"weekday {item!r}: the range runs backwards; write two ranges")
    return [day % 7 for day in range(low, high + 1, int(step or 1))]


def _day(word: str) -> int:
    if word in _DAYS:
        return _DAYS.index(word)
    if word.isdecimal() and word.isascii() and int(word) <= 7:
        return int(word)
    raise ValueError(f"weekday {word!r} is not 0-7 or sun-sat")
