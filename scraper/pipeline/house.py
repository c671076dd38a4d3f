"""Everything open at once: the lock, the database, the archive, the fetcher; and the rounds run with them."""

import fcntl
import logging
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from scraper import __version__, alerts
from scraper.archive import Archive
from scraper.errors import DetainerWatchError, StoreError
from scraper.fetch import Fetched, Fetcher
from scraper.model import Notice
from scraper.parsing import Parser
from scraper.pipeline import archived, reference
from scraper.pipeline.outcome import Checked, Trouble
from scraper.pipeline.settle import settle
from scraper.pipeline.source import check_source
from scraper.pipeline.tools import Get, Tools, stamp, utc_now
from scraper.settings import Settings, Source, Storage
from scraper.store import ask, places, seen
from scraper.store.database import Database

log = logging.getLogger("detainer_watch")
Progress = Callable[[Checked], None]
_PAST = "SELECT 1 FROM note_to_self WHERE name = 'past'"
"""Is there a past of which nobody shall be told, left by a process that was killed?"""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundReport:
    """How a round went."""

    checked: tuple[Checked, ...]
    sent: int
    """Mails delivered."""
    waiting: int
    """Deliveries that will be tried again."""
    mail_problem: str

    @property
    def failed(self) -> tuple[Checked, ...]:
        """The sources whose check was not good."""
        return tuple(one for one in self.checked if one.trouble)


class House:
    """Opens all that a round needs, once; a context manager used by `check` and by the daemon alike."""

    def __init__(
        self,
        settings: Settings,
        *,
        now: Callable[[], datetime] = utc_now,
        get: Get | None = None,
        via: str = "live",
        bundled: bool = True,
    ) -> None:
        """Open everything; `bundled` False leaves out the history of record (a replay brings its own)."""
        self.settings = settings
        self.sources = settings.sources
        self._now = now
        self._planned_to: int | None = None
        self._stack = ExitStack()
        try:
            self._open(get, via)
            if bundled:
                self._history_of_record()
        except BaseException:
            self._stack.close()
            raise

    def _open(self, get: Get | None, via: str) -> None:
        storage = self.settings.storage
        self._stack.enter_context(_Lock(storage.database))
        self.db = self._stack.enter_context(Database.open(storage.database))
        archive = Archive(storage.archive)
        archive.tidy()
        self.fetcher = self._stack.enter_context(Fetcher(self.settings.fetch, seen.Hosts(self.db), now=self._now))
        self.parser = self._stack.enter_context(
            Parser(memory_mb=self.settings.parse_memory_mb, seconds=self.settings.parse_seconds)
        )
        mail_forgotten = not storage.deliveries.exists()
        alerts.Outbox(storage.deliveries).close()  # a damaged or newer file is told at the start
        own = self.settings.own_aliases
        code = reference.code_digest(own)
        self.tools = Tools(
            get=get or self.fetcher.get,
            db=self.db,
            archive=archive,
            parser=self.parser,
            gazetteer=reference.gazetteer(own),
            now=self._now,
            code=code,
            via=via,
            newest_archived=None if get else self._newest_archived(),
        )
        places.mirror(self.db, code, lambda: reference.place_rows(own))
        seen.know_sources(self.db, (reference.HISTORY, *self.sources))
        if mail_forgotten or self.db.one(_PAST):  # lost or left out of a restore: what happened before was told before
            self.forget_mail()

    def _newest_archived(self) -> Callable[[Source, str], Fetched]:
        return archived.newest(self.settings.web_archive, self.fetcher.get, lambda: stamp(self._now()))

    def __enter__(self) -> "House":
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _history_of_record(self) -> None:
        """Read the bundled history through the same pipeline as every other source; nobody is mailed about it."""
        tools = reference.tools_for_history(self.tools)
        checked = check_source(tools, reference.HISTORY, None)
        settle(tools, reference.HISTORY, checked)
        self.db.flush()
        if checked.trouble:
            raise StoreError(f"The bundled history of record cannot be read: {checked.trouble.words}")

    def round(self, sources: Sequence[Source], progress: Progress | None = None) -> tuple[Checked, ...]:
        """Check `sources` side by side, whether due or not, and return how each went, in the order given."""
        began = self.tools.at()
        round_id = seen.start_round(self.db, began, __version__, self.settings.sha256, len(sources), self.tools.accept)
        self.db.flush()
        done: dict[str, Checked] = {}
        with ThreadPoolExecutor(max(1, min(self.settings.fetch.concurrency, len(sources)))) as pool:
            running = [pool.submit(self.check, source, round_id) for source in sources]
            for future in as_completed(running):
                one = future.result()
                done[one.source_id] = one
                if progress:
                    progress(one)
        failed = sum(one.trouble is not None for one in done.values())
        seen.end_round(self.db, round_id, self.tools.at(), failed)
        self.parser.rest()
        return tuple(done[source.id] for source in sources)

    def check(self, source: Source, round_id: int | None) -> Checked:
        """Check one source; a fault of ours in it is recorded as its problem and stops no other source."""
        try:
            checked = check_source(self.tools, source, round_id)
        except DetainerWatchError as error:
            checked = self._failed(source, str(error))
        except Exception as error:
            log.exception("unexpected fault while checking %s", source.id)
            checked = self._failed(
                source, f"an unexpected fault of our own ({type(error).__name__}); the log has the details"
            )
        settle(self.tools, source, checked)
        return checked

    def _failed(self, source: Source, words: str) -> Checked:
        trouble = Trouble(state="failing", words=words)
        return Checked(source_id=source.id, baseline=False, at=self.tools.at(), trouble=trouble)

    def deliver(self) -> alerts.Report:
        """Plan deliveries for events that have none yet, and send what is due."""
        self.db.flush()
        now = self._now()
        with alerts.Outbox(self.settings.storage.deliveries) as outbox:
            newest = ask.newest_event(self.db)
            if newest != self._planned_to:
                planned = outbox.planned()
                fresh = [event_id for event_id in ask.event_ids(self.db) if event_id not in planned]
                told = ask.notices(self.db, fresh)
                outbox.plan(told.values(), self.settings, now, self.tools.gazetteer.matches)
                self._planned_to = newest
            else:
                told = {}

            def notices(ids: Sequence[str]) -> dict[str, Notice]:
                asked = told | ask.notices(self.db, [event_id for event_id in ids if event_id not in told])
                return {event_id: asked[event_id] for event_id in ids if event_id in asked}

            return alerts.deliver(outbox, notices, self.settings, now)

    def forget_mail(self) -> None:
        """Let every event recorded so far be told to nobody: for a past that is brought in."""
        self.db.flush()
        nobody = replace(self.settings, alerts=replace(self.settings.alerts, operator=(), audiences=()))
        with alerts.Outbox(self.settings.storage.deliveries) as outbox:
            outbox.plan(ask.notices(self.db, ask.event_ids(self.db)).values(), nobody, self._now(), _nowhere)
        self.db.write("DELETE FROM note_to_self WHERE name = 'past'")

    @contextmanager
    def telling_nobody(self) -> Iterator[None]:
        """What is recorded in this block is told to nobody, also when the process is killed within it."""
        self.db.write("INSERT OR REPLACE INTO note_to_self (name, value) VALUES ('past', ?)", self.tools.at())
        yield
        self.forget_mail()

    def run(self, sources: Sequence[Source], progress: Progress | None = None) -> RoundReport:
        """Run one round and deliver what it brought."""
        checked = self.round(sources, progress)
        report = self.deliver()
        for one in checked:
            log.info("checked", extra={"data": as_log(one)})
        with alerts.Outbox(self.settings.storage.deliveries) as outbox:
            waiting = outbox.pending()
        return RoundReport(checked=checked, sent=report.sent, waiting=waiting, mail_problem=report.problem)

    def due(self) -> list[Source]:
        """Return the sources whose time has come, by the database; one never checked is due."""
        now = stamp(self._now())
        rows = {
            row["source_id"]: row for row in self.db.rows("SELECT source_id, next_due_at, last_checked_at FROM source")
        }
        return [source for source in self.sources if _is_due(rows[source.id], now)]


def _nowhere(place_id: str, wanted: str) -> bool:
    return False


def _is_due(row: Any, now: str) -> bool:
    """Due when its time has come, or when the clock was set back behind the last check."""
    return row["next_due_at"] is None or row["next_due_at"] <= now or (row["last_checked_at"] or "") > now


def as_log(checked: Checked) -> dict[str, Any]:
    """Return the one log line of a source in a round."""
    return {
        "source": checked.source_id,
        "outcome": checked.trouble.state if checked.trouble else "ok",
        "problem": checked.trouble.words if checked.trouble else "",
        "listed": checked.listed,
        "fetched": checked.fetched,
        "events": checked.told,
        "changes": checked.changes,
        "baseline": checked.baseline,
    }


def copy_database(path: Path, target: Path) -> None:
    """Write a consistent copy of a SQLite file that others may be writing."""
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=30)) as connection:
        connection.execute("VACUUM INTO ?", (str(target),))


def dry_run(
    settings: Settings,
    *,
    only: Iterable[str] = (),
    progress: Progress | None = None,
    going: Callable[[str, str, int], None] | None = None,
    accept: bool = False,
) -> RoundReport:
    """Run a round on a copy that is thrown away: says what would be recorded; keeps and sends nothing."""
    beside = settings.storage.database.parent
    beside.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="dry-run-", dir=beside) as folder:  # beside the archive: hard links reach it
        scratch = Path(folder)
        storage = Storage(
            database=scratch / "detainers.db",
            deliveries=scratch / "deliveries.db",
            archive=scratch / "archive",
            outbox=scratch / "outbox",
        )
        if settings.storage.database.exists():
            copy_database(settings.storage.database, storage.database)
        if settings.storage.archive.is_dir():
            shutil.copytree(settings.storage.archive, storage.archive, copy_function=os.link)
        quiet = replace(
            settings, storage=storage, alerts=replace(settings.alerts, operator=(), audiences=(), smtp=None)
        )
        return check(quiet, only=only, progress=progress, going=going, accept=accept)


def check(
    settings: Settings,
    *,
    only: Iterable[str] = (),
    progress: Progress | None = None,
    going: Callable[[str, str, int], None] | None = None,
    accept: bool = False,
) -> RoundReport:
    """Run one round now over every source, or those named, due or not, and deliver what it brought.

    `going` is told of each part of a long table that was read or stored (see `Tools`).
    `accept`: a person has looked, and readings that were held back for having shrunk count.
    """
    wanted = set(only)
    with House(settings) as house:
        sources = [source for source in settings.sources if not wanted or source.id in wanted]
        house.tools = replace(house.tools, accept=accept, going=going or house.tools.going)
        return house.run(sources, progress)


class _Lock:
    """One writer: an advisory lock on a file beside the database, freed by the system when the process ends."""

    def __init__(self, database: Path) -> None:
        self._path = database.with_name(database.name + ".lock")
        self._fd = -1

    def __enter__(self) -> "_Lock":
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise StoreError(f"{self._path.parent}: cannot be written: {error.strerror}.") from error
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(self._fd)
            raise StoreError(
                f"Another Detainer Watch is already at work on {self._path.with_suffix('')}; stop it first."
            ) from error
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._fd)
