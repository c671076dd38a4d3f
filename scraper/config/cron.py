"""Crontab lines as APScheduler triggers, with crontab's own meaning of weekdays and of day-or-weekday."""

import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.combining import OrTrigger
from apscheduler.triggers.cron import CronTrigger

_DAYS: Final = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_NUMBERS: Final = {name: n for n, name in enumerate(_DAYS)} | {str(n): n for n in range(8)}
_DAY: Final = f"({'|'.join(_NUMBERS)})"
_ITEM: Final = re.compile(rf"(?:(\*)|{_DAY}-{_DAY})(?:/([1-9][0-9]*))?|{_DAY}")


def cron_trigger(text: str, jitter: float | None = None) -> BaseTrigger:
    """Return a trigger in UTC for five crontab fields: minute, hour, day, month, weekday (0 and 7 are Sunday).

    When day and weekday are both restricted either is enough, as in crontab. `jitter` is in seconds.
    APScheduler's own `from_crontab` counts weekdays from Monday and wants both. Raises ValueError.
    """
    fields = text.split()
    if len(fields) != 5:
        raise ValueError(f"has {len(fields)} fields; write five: minute hour day month weekday")
    both = not fields[2].startswith("*") and not fields[4].startswith("*")
    masks = [{"day_of_week": "*"}, {"day": "*"}] if both else [{}]
    fields[4] = _weekdays(fields[4])
    named = dict(zip(("minute", "hour", "day", "month", "day_of_week"), fields, strict=True))
    try:
        triggers = [CronTrigger(**(named | mask), timezone=UTC, jitter=jitter) for mask in masks]
    except TypeError as error:
        raise ValueError(str(error)) from None
    return OrTrigger(triggers) if both else triggers[0]


@lru_cache(maxsize=256)
def check(text: str) -> None:
    """Raise ValueError unless `text` is a crontab line that comes true at some time."""
    start = datetime(2024, 1, 1, tzinfo=UTC)
    if cron_trigger(text).get_next_fire_time(None, start) is None:
        raise ValueError("never comes true; check day and month")


def _weekdays(text: str) -> str:
    """Return crontab weekdays as a list of names; APScheduler's own numbers begin on Monday."""
    if text == "*":
        return text
    days = sorted({day for item in text.lower().split(",") for day in _days(item)})
    return ",".join(_DAYS[day] for day in days)


def _days(item: str) -> list[int]:
    match = _ITEM.fullmatch(item)
    if match is None:
        raise ValueError(f"weekday {item!r} is not 0-7 or sun-sat, * or a range such as 1-5, or these with a step: */2")
    star, first, last, step, only = match.groups()
    low, high = (0, 6) if star else (_NUMBERS[first or only], _NUMBERS[last or only])
    high = 7 if low > high == 0 else high
    if low > high:
        raise ValueError(f"weekday {item!r}: the range runs backwards; write two ranges")
    return [day % 7 for day in range(low, high + 1, int(step or 1))]
