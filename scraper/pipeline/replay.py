"""Rebuild an empty database from the archive: the same answers, in the same order, at the same times, read again."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path

from scraper.archive import Archive
from scraper.errors import ConfigError, StoreError
from scraper.fetch import Fetched
from scraper.pipeline import past
from scraper.pipeline.house import House
from scraper.pipeline.reference import HISTORY
from scraper.pipeline.settle import settle
from scraper.pipeline.source import check_source
from scraper.pipeline.tools import Tools, answer, stamp
from scraper.settings import Settings, Source
from scraper.store import ask
from scraper.store.database import Database, Row
from scraper.warc import WarcPage

_ANSWERS = (
    "SELECT f.*, c.sha256, c.media_type, c.charset, c.via, r.accepted, "
    "r.code_version LIKE '%, of the past' AS past, r.sources AS whole "
    "FROM fetch f LEFT JOIN capture c USING (capture_id) LEFT JOIN round r USING (round_id) "
    "ORDER BY coalesce(f.round_id, 0), f.source_id, f.fetch_id"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """What a replay made."""

    checks: int
    events: int


class Recording:
    """Answers requests as they were answered then, each recorded answer once and in order."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._rows: list[Row] = []
        self._now = datetime.now(UTC)

    def now(self) -> datetime:
        """Return the time of the answer given last."""
        return self._now

    def load(self, rows: Sequence[Row]) -> None:
        """Take the answers of one check of one source."""
        self._rows = list(rows)

    def get(
        self, url: str, *, allow_hosts: Sequence[str], etag: str | None = None, last_modified: str | None = None
    ) -> Fetched:
        """Return the recorded answer; an address that was not asked then is "failed", which is never news."""
        row = next((row for row in self._rows if row["url"] == url), None)
        if row is None:
            return answer(url, "failed", stamp(self._now), reason="was not asked in this round")
        self._rows.remove(row)
        self._now = datetime.fromisoformat(row["started_at"])
        headers = json.loads(row["headers"])
        return answer(
            url,
            row["outcome"],
            row["started_at"],
            reason=row["reason"],
            final_url=row["final_url"],
            status=row["status"],
            headers=headers,
            body=self._archive.read(row["sha256"]) if row["outcome"] == "ok" else None,
            media_type=row["media_type"],
            charset=row["charset"],
            etag=headers.get("etag"),
            last_modified=headers.get("last-modified"),
            ms=row["ms"],
        )

    def left(self) -> bool:
        """Has an answer not been asked for yet?"""
        return bool(self._rows)

    def archived(self, source: Source, url: str) -> Fetched:
        """Return what the web archive answered in the place of the publisher."""
        return self.get(url, allow_hosts=source.allow_hosts)


def replay(settings: Settings, target: Path) -> Replayed:
    """Read every recorded answer again into a new database at `target`; nobody is mailed.

    Raises StoreError when `target` exists, ConfigError when the record names a source the configuration has not.
    """
    if target.exists():
        raise StoreError(f"{target} exists; name a new file, nothing is overwritten.")
    recording = Recording(Archive(settings.storage.archive))
    storage = replace(settings.storage, database=target, deliveries=target.with_name(f"{target.stem}-deliveries.db"))
    with Database.reading(settings.storage.database) as db:
        known = {source.id: source for source in (HISTORY, *settings.sources)}
        checks = list(_checks(db, known, settings))
        with House(replace(settings, storage=storage), now=recording.now, get=recording.get, bundled=False) as house:
            for source, rows in checks:
                recording.load(rows)
                house.tools = replace(
                    house.tools,
                    via=next((row["via"] for row in rows if row["via"]), "live"),
                    newest_archived=recording.archived,
                    accept=bool(rows[0]["accepted"]),
                )
                _repeat(house.tools, source, rows, recording)
            house.forget_mail()
            events = len(ask.event_ids(house.db))
    return Replayed(checks=len(checks), events=events)


def _repeat(tools: Tools, source: Source, rows: Sequence[Row], recording: Recording) -> None:
    """Make a check once more, live or of the past, as the round of its answers was made."""
    if not rows[0]["past"]:
        settle(tools, source, check_source(tools, source, None))
        return
    last, calm = rows[-1], past.calmly(source)
    page = WarcPage(
        url=last["url"],
        captured_at=last["started_at"],
        status=last["status"] or 0,
        media_type=last["media_type"],
        charset=last["charset"],
        headers=(),
        data=tools.archive.read(last["sha256"]) if last["outcome"] == "ok" else b"",
    )
    again = rows[0]["url"] == source.options.url
    taken = past.Taken(page=page, whole=bool(rows[0]["whole"]), again=again, round_id=None)
    checked = past.absorb(tools, calm, taken, lambda _: not recording.left())
    checked.trouble = None
    settle(tools, calm, checked)


def _checks(db: Database, known: dict[str, Source], settings: Settings) -> Iterator[tuple[Source, list[Row]]]:
    """Yield the answers of each check of a source, in the order in which the checks were made."""
    for (_, source_id), rows in groupby(db.rows(_ANSWERS), key=lambda row: (row["round_id"], row["source_id"])):
        if source_id not in known:
            raise ConfigError(f'{settings.path}: the record holds answers of "{source_id}", which is no source here.')
        source, answers = known[source_id], list(rows)
        index = [n for n, row in enumerate(answers) if row["url"] == source.options.url] or [0]
        if answers[0]["round_id"] is not None:
            yield source, answers
            continue
        for start, end in zip(index, [*index[1:], len(answers)], strict=True):  # outside rounds: one check per index
            yield source, answers[start:end]
