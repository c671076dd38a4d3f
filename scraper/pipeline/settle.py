"""After a check: the state of the source, its baseline, what the operator is told, and when it is due again."""

import random
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from typing import Final

from scraper import config
from scraper.pipeline.outcome import Checked, Trouble
from scraper.pipeline.tools import Tools, stamp
from scraper.settings import Source
from scraper.store import events, seen
from scraper.store.database import Row
from scraper.terms import EventKind, SourceState

_TOLD_AS: Final[dict[SourceState, EventKind]] = {
    "blocked": "source_blocked",
    "failing": "source_failing",
    "layout_changed": "layout_changed",
    "silent": "source_silent",
}
_SOONER: Final = timedelta(minutes=5)
_NEWS = ("new", "revised", "corrected", "withdrawn", "restored")


def settle(tools: Tools, source: Source, checked: Checked) -> None:
    """Record how a check went; the operator hears once when a bad spell begins and once when it ends."""
    row = seen.source_row(tools.db, source.id)
    now = checked.at
    trouble = checked.trouble or _silence(source, row, checked, tools.now())
    failures = row["failures"] + 1 if checked.trouble else 0
    told = row["told_state"]
    first = row["baseline_at"] is None and checked.index_good
    quiet = not first and not trouble and not told  # nothing to tell: the row can wait for the next commit
    with nullcontext() if quiet else tools.db.atomic():
        if first:
            _baseline(tools, source, now)
        if trouble and not told and (failures >= source.confirm.failed_rounds or trouble.state == "silent"):
            told = _TOLD_AS[trouble.state]
            events.record_source(tools.db, kind=told, source_id=source.id, at=now, summary=trouble.words)
        elif not trouble and told:
            told = ""
            words = "the last check went well again"
            events.record_source(tools.db, kind="source_recovered", source_id=source.id, at=now, summary=words)
        news = now if any(kind in _NEWS for kind in checked.told) else row["last_new_at"]
        tools.db.soon(
            "UPDATE source SET state = ?, problem = ?, failures = ?, told_state = ?, rounds = rounds + 1, "
            "last_checked_at = ?, last_ok_at = ?, last_new_at = ?, next_due_at = ? WHERE source_id = ?",
            trouble.state if trouble else "ok",
            trouble.words if trouble else checked.note,
            failures,
            told,
            now,
            row["last_ok_at"] if checked.trouble else now,
            now if first else news,
            stamp(next_due(source, tools.now(), failures)),
            source.id,
        )


def next_due(source: Source, after: datetime, failures: int = 0) -> datetime:
    """Return when a source is due again: its interval or cron line in UTC, with jitter against marching in step.

    A source that is not well is asked again sooner, after 5 minutes, then 10, 20, … up to its interval.
    """
    jitter = timedelta(seconds=random.uniform(0, source.jitter_seconds))  # noqa: S311
    if source.cron:
        fire = config.cron_trigger(source.cron).get_next_fire_time(None, after.astimezone(UTC))
        due = (fire or after + timedelta(days=1)).astimezone(UTC)
    else:
        due = after + timedelta(seconds=source.every_seconds or 3600)
    if failures:
        due = min(due, after + _SOONER * 2 ** min(failures - 1, 10))
    return due + jitter


def _baseline(tools: Tools, source: Source, now: str) -> None:
    """The first good round: everything listed is on record, told as one message."""
    row = tools.db.one("SELECT count(*) AS n FROM release WHERE source_id = ?", source.id)
    count = row["n"] if row else 0
    words = f"{count:,} release{'' if count == 1 else 's'} on record"
    tools.db.write("UPDATE source SET baseline_at = ? WHERE source_id = ?", now, source.id)
    events.record_source(tools.db, kind="baseline", source_id=source.id, at=now, summary=words)


def _silence(source: Source, row: Row, checked: Checked, now: datetime) -> Trouble | None:
    days = source.confirm.quiet_days
    if days is None or row["last_new_at"] is None or any(kind in _NEWS for kind in checked.told):
        return None
    since = datetime.fromisoformat(row["last_new_at"])
    if now - since < timedelta(days=days):
        return None
    return Trouble(state="silent", words=f"nothing new since {row['last_new_at'][:10]}, longer than {days} days")
