"""Is all well? One judgement for the `health` command, the container's probe and the dead-man's ping."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import httpx

from scraper.settings import Source

_OVERDUE = 4
"""A source not checked for this many intervals means that the daemon is not running."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """The judgement: `ok`, and a sentence for each thing that is not well."""

    ok: bool
    complaints: tuple[str, ...]


def judge(sources: Sequence[Source], rows: Mapping[str, Mapping[str, Any]], now: datetime) -> Health:
    """Judge the state of every configured source; `rows` are those of the `source` table by id."""
    complaints = []
    for source in sources:
        row = rows.get(source.id)
        if row is None or row["last_checked_at"] is None:
            continue  # not checked yet: waiting is well
        if row["failures"] >= source.confirm.failed_rounds:
            complaints.append(f"{source.id}: {row['state']} for {row['failures']} rounds: {row['problem']}")
        elif _overdue(source, datetime.fromisoformat(row["last_checked_at"]), now):
            complaints.append(f"{source.id}: not checked since {row['last_checked_at']}; is the daemon running?")
    return Health(ok=not complaints, complaints=tuple(complaints))


def _overdue(source: Source, checked: datetime, now: datetime) -> bool:
    if source.every_seconds is None:
        return False
    patience = timedelta(seconds=source.every_seconds * _OVERDUE + source.jitter_seconds, minutes=5)
    return now - checked > patience


def ping(url: str) -> str:
    """Tell an outside dead-man's switch that a round went well; return what went wrong, "" if nothing."""
    try:
        httpx.get(url, timeout=10, follow_redirects=True).raise_for_status()
    except httpx.HTTPError as error:
        return f"the ping address did not answer well: {type(error).__name__}"
    return ""
