"""Runs for years: checks each source when it is due, delivers, keeps Datasette alive, and ends within seconds."""

import logging
import os
import subprocess
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from scraper import health, publish
from scraper.pipeline import House
from scraper.pipeline.house import as_log
from scraper.settings import Settings, Source

log = logging.getLogger("detainer_watch")
_JUMP = 5.0
"""Seconds by which the wall clock must leave the monotonic one to count as moved."""
_PING_EVERY = 60.0


class Watcher:
    """Checks sources on schedule. Due-ness lives in the database; the scheduler only wakes us at the next due time."""

    def __init__(self, house: House, stop: threading.Event) -> None:
        self._house = house
        self._stop = stop
        self._deliveries = threading.Lock()
        self._pinged = 0.0
        self._scheduler = BackgroundScheduler(
            timezone=UTC,
            executors={"default": ThreadPoolExecutor(house.settings.fetch.concurrency + 1)},
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
        )

    def start(self) -> None:
        """Begin with a round over everything that is due."""
        due = {source.id for source in self._house.due()}
        for source in self._house.sources:
            self._wake(source, datetime.now(UTC) if source.id in due else self._due_at(source))
        retry = self._house.settings.alerts.retry.first_seconds or 60.0
        self._scheduler.add_job(self.deliver, "interval", seconds=max(5.0, min(retry, 60.0)), id="deliver")
        self._scheduler.start()

    def end(self) -> None:
        """Stop fetches under way and wait for what is being recorded."""
        self._stop.set()
        self._house.fetcher.stop()
        self._scheduler.shutdown(wait=True)

    def clock_moved(self) -> None:
        """After a jump of the wall clock: no source waits longer than its own interval from now."""
        now = datetime.now(UTC)
        for source in self._house.sources:
            job = self._scheduler.get_job(source.id)
            patience = timedelta(seconds=source.every_seconds or 3600.0)
            if job is not None and job.next_run_time > now + patience:
                self._wake(source, now)

    def deliver(self) -> None:
        """Send what is due, unless someone is at it."""
        if self._stop.is_set() or not self._deliveries.acquire(blocking=False):
            return
        try:
            report = self._house.deliver()
            if report.problem:
                log.warning("mail", extra={"data": {"problem": report.problem}})
        except Exception:
            log.exception("deliveries could not be made; they are kept and tried again")
        finally:
            self._deliveries.release()

    def _wake(self, source: Source, when: datetime) -> None:
        self._scheduler.add_job(self._check, "date", run_date=when, args=[source], id=source.id, replace_existing=True)

    def _due_at(self, source: Source) -> datetime:
        row = self._house.db.one("SELECT next_due_at FROM source WHERE source_id = ?", source.id)
        return datetime.fromisoformat(row["next_due_at"]) if row and row["next_due_at"] else datetime.now(UTC)

    def _check(self, source: Source) -> None:
        if self._stop.is_set():
            return
        try:
            checked = self._house.round([source])[0]
            log.info("checked", extra={"data": as_log(checked)})
            self.deliver()
            if not checked.trouble:
                self._ping()
        except Exception:
            log.exception("the check of %s could not be recorded; it is tried again", source.id)
            self._again(source, datetime.now(UTC) + timedelta(seconds=min(60.0, source.every_seconds or 60.0)))
        else:
            self._again(source, self._due_at(source))

    def _again(self, source: Source, when: datetime) -> None:
        if not self._stop.is_set():
            self._wake(source, when)

    def _ping(self) -> None:
        url = self._house.settings.ping_url
        if url and time.monotonic() - self._pinged > _PING_EVERY:
            self._pinged = time.monotonic()
            problem = health.ping(url)
            if problem:
                log.warning("ping", extra={"data": {"problem": problem}})


class Site:
    """Datasette as a child process, started again when it dies."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._process: subprocess.Popen[bytes] | None = None
        self._began = 0.0
        self._pause = 0.25
        self._not_before = 0.0

    def keep_alive(self) -> None:
        """Start the process if it is not running; each quick death doubles the wait before the next start."""
        if self._process is not None and self._process.poll() is None:
            return
        now = time.monotonic()
        if self._process is not None:
            log.warning("site", extra={"data": {"problem": f"Datasette ended with code {self._process.returncode}"}})
            self._pause = 0.5 if now - self._began > 60 else min(self._pause * 2, 30.0)
            self._process, self._not_before = None, now + self._pause
        if now >= self._not_before:
            self._began = now
            self._process = subprocess.Popen(publish.command(self._settings), env=self._environment())  # noqa: S603

    def _environment(self) -> dict[str, str]:
        """Our environment without the mail password: the site has no use for it."""
        smtp = self._settings.alerts.smtp
        secret = smtp.password if smtp else ""
        inherited = {name: value for name, value in os.environ.items() if not secret or value != secret}
        return inherited | publish.environment(self._settings)

    def end(self) -> None:
        """Ask the process to end, and see that it does."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.terminate()
        try:
            self._process.wait(4)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def run(settings: Settings, stop: threading.Event, *, serve: bool, say: Callable[[str], None] = lambda _: None) -> None:
    """Watch (and serve, if asked) until `stop` is set; returns within seconds of it."""
    with House(settings) as house:
        watcher = Watcher(house, stop)
        site = Site(settings) if serve else None
        if site:
            site.keep_alive()
            say(f"The site: {settings.web.public_url}")
        watcher.start()
        say(f"Watching {len(house.sources)} sources. Stop with Ctrl-C.")
        offset = time.time() - time.monotonic()
        try:
            while not stop.wait(0.5):
                if site:
                    site.keep_alive()
                drift = time.time() - time.monotonic() - offset
                if abs(drift) > _JUMP:
                    offset += drift
                    watcher.clock_moved()
        finally:
            watcher.end()
            if site:
                site.end()
