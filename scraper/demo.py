"""`detainer-watch demo`: a small invented publisher on loopback publishes, revises, corrects and withdraws."""

import hashlib
import json
import os
import shutil
import socket
import sqlite3
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final, NamedTuple

from scraper import config, demo_files, pipeline, publish
from scraper.errors import DetainerWatchError
from scraper.settings import Settings
from scraper.terms import EVENT_WORDS

Say = Callable[[str], None]
_MARK: Final = "# Written by `detainer-watch demo`; made anew at each run.\n"
_MOST_NAMED: Final = 5
_CORRECTION: Final = "Correction: an earlier version of this notice said 101. The number of declined detainers is 110."
_CONFIG: Final = """\
contact: demo@example.org
storage: {{database: db/detainers.db, deliveries: db/deliveries.db, archive: db/archive, outbox: outbox}}
fetch: {{per_host_per_second: null, allow_private: ["{host}"]}}
web: {{host: 127.0.0.1, port: {port}, public_url: "http://127.0.0.1:{port}"}}
alerts:
  smtp: null                            # each mail becomes a file in outbox/
  operator: [operator@example.org]
  audiences:
    newsroom: {{to: [newsroom@example.org], events: [new, revised, corrected, withdrawn, restored]}}
sources:
  - {{id: notices, reader: page, url: "http://{host}/notices", follow: ".notice a", {common}, title: Notices,
     confirm: {{withdrawn_rounds: 1}}}}
  - {{id: bulletins, reader: feed, url: "http://{host}/bulletins.xml", {common}, title: Bulletins}}
  - {{id: counties, reader: table, url: "http://{host}/counties", select: "table#counties", {common},
     title: "Declined detainers by county (HTML)", key: [jurisdiction], columns: {{jurisdiction: Jurisdiction,
     declined: {{header: Declined, type: integer, measure: detainer_declined, unit: detainers}},
     notice: {{header: Insufficient notice, type: integer, measure: insufficient_notice, unit: detainers}}}}}}
  - {{id: quarters, reader: table, url: "http://{host}/quarters.csv", {common}, title: "Declined by quarter (CSV)",
     confirm: {{failed_rounds: 1}}, key: [jurisdiction, quarter],
     columns: {{jurisdiction: Jurisdiction, quarter: Quarter,
     declined: {{header: Declined, type: integer, measure: detainer_declined, unit: detainers}}}}}}
  - {{id: facilities, reader: table, url: "http://{host}/facilities.xlsx", select: Facilities, {common},
     title: "Declined by facility (XLSX)", key: [facility], columns: {{facility: Facility, jurisdiction: Jurisdiction,
     declined: {{header: Declined, type: integer, measure: detainer_declined, unit: detainers}}}}}}
  - {{id: annual, reader: table, url: "http://{host}/annual.pdf", {common}, title: "Annual report 2024 (PDF)",
     key: [jurisdiction], columns: {{jurisdiction: Jurisdiction,
     issued: {{header: Issued, type: integer, measure: detainer_issued, unit: detainers}},
     declined: {{header: Declined, type: integer, measure: detainer_declined, unit: detainers}}}}}}
"""


class Office:
    """The invented publisher: what it has published, changed while it is being served."""

    def __init__(self) -> None:
        self.pages: dict[str, tuple[str, bytes]] = {}
        self.base = ""
        self.notices = list(demo_files.NOTICES)
        self.bulletins = list(demo_files.BULLETINS)
        self.counties = dict(demo_files.COUNTIES)

    def open(self, base: str) -> None:
        """Publish everything that stands before the first round."""
        self.base = base
        self.put("/robots.txt", "text/plain", b"User-agent: *\nAllow: /\n")
        self.put("/", "text/html; charset=utf-8", demo_files.page(demo_files.PUBLISHER, "<p>See the notices.</p>"))
        for notice in self.notices:
            self.put_notice(notice)
        self.put_lists()
        self.put_tables()

    def put(self, path: str, media_type: str, body: bytes) -> None:
        """Publish `body` at `path`, or replace what stands there."""
        self.pages[path] = media_type, body

    def put_notice(self, notice: demo_files.Notice) -> None:
        """Publish a notice without listing it."""
        self.put(f"/notices/{notice.slug}", "text/html; charset=utf-8", demo_files.article(notice))

    def put_lists(self) -> None:
        """Publish index, feed and bulletins."""
        self.put("/notices", "text/html; charset=utf-8", demo_files.index(self.notices))
        self.put("/bulletins.xml", "application/rss+xml", demo_files.feed(self.bulletins, self.base))
        for one in self.bulletins:
            self.put(f"/bulletins/{one.slug}", "text/html; charset=utf-8", demo_files.article(one))

    def put_tables(self) -> None:
        """Publish the four tables as the counts stand."""
        counts = self.counties
        quarters = [("Jurisdiction", "Quarter", "Declined")]
        quarters += [(name, f"2025 Q{q}", str(n // 2 + q)) for q in (1, 2) for name, (n, _) in counts.items()]
        facilities: list[tuple[str | int, ...]] = [("Facility", "Jurisdiction", "Declined")]
        facilities += [(f"{name} Main Jail", name, n) for name, (n, _) in counts.items()]
        annual: list[tuple[str | int, ...]] = [("Jurisdiction", "Issued", "Declined")]
        annual += [(name, n * 3, n) for name, (n, _) in counts.items()]
        self.put("/counties", "text/html; charset=utf-8", demo_files.html_table(counts))
        self.put("/quarters.csv", "text/csv; charset=utf-8", demo_files.csv_table(quarters))
        self.put("/facilities.xlsx", demo_files.XLSX, demo_files.xlsx_table("Facilities", facilities))
        self.put("/annual.pdf", "application/pdf", demo_files.pdf_table("Annual report 2024", annual))


class Step(NamedTuple):
    """One round of the demonstration: what the publisher does before it."""

    title: str
    told: str
    act: Callable[[Office], None]


def _nothing(_: Office) -> None:
    pass


def _publish(office: Office) -> None:
    office.notices.append(demo_files.SECOND_QUARTER)
    office.bulletins.append(demo_files.SECOND_BULLETIN)
    office.put_notice(demo_files.SECOND_QUARTER)
    office.put_lists()


def _revise(office: Office) -> None:
    changed = office.counties | {"Placeholder County": (47, 6)}
    office.put("/counties", "text/html; charset=utf-8", demo_files.html_table(changed))


def _update(office: Office) -> None:
    office.counties |= {"Placeholder County": (47, 6), "Ipsum County": (5, 0)}
    office.put_tables()


def _correct(office: Office) -> None:
    first, numbers = demo_files.SECOND_QUARTER.paragraphs
    paragraphs = (first, numbers.replace("101", "110"), _CORRECTION)
    office.put_notice(demo_files.SECOND_QUARTER._replace(paragraphs=paragraphs))


def _withdraw(office: Office) -> None:
    del office.pages["/notices/policy"]


def _restore(office: Office) -> None:
    office.put_notice(demo_files.NOTICES[1])


def _break(office: Office) -> None:
    office.put("/quarters.csv", "text/html; charset=utf-8", demo_files.page("Access denied", "<p>Access denied</p>"))


STEPS: Final = (
    Step(
        "First look",
        "Everything listed is read and kept. What is already there is no news: one message each.",
        _nothing,
    ),
    Step(
        "A new release", "The publisher posts the notice of the second quarter, and a bulletin in its feed.", _publish
    ),
    Step("A silent revision", "In the HTML table one cell becomes 47 where 41 stood. Nothing announces it.", _revise),
    Step(
        "New rows", "All four tables get a row; CSV, workbook and PDF now also say 47 or what follows from it.", _update
    ),
    Step("A correction", "The notice of the second quarter now says 110 where it said 101, and says so.", _correct),
    Step("A withdrawal", "The notice on the policy is taken down: its address answers 404.", _withdraw),
    Step("It comes back", "The same notice is put back as it was.", _restore),
    Step("A bad hour", "The CSV answers with a page that says Access denied. That is no news about the table.", _break),
    Step("It is over", "The CSV is served again, unchanged.", Office.put_tables),
    Step("Nothing happens", "The publisher does nothing at all.", _nothing),
)


def run(folder: Path, port: int | None, keep_serving: bool, say: Say) -> None:
    """Play the demonstration into `folder`, telling each step with `say`; serve the site at its end.

    `port` is the site's; None takes a free one. With `keep_serving` it serves until Ctrl-C, else it returns.
    Raises DetainerWatchError when `folder` holds anything that is not an earlier demonstration.
    """
    _clear(folder)
    try:
        with _serving(Office()) as office:
            settings = _settings(folder, office, port or _free_port())
            say(f"{demo_files.PUBLISHER} is open at {office.base}. {demo_files.INVENTED}")
            for number, step in enumerate(STEPS, 1):
                _play(number, step, office, settings, say)
            _farewell(settings, say)
            if keep_serving:
                _serve_site(settings, say)
    except KeyboardInterrupt:
        say("Stopped.")


def _clear(folder: Path) -> None:
    written = folder / "config.yaml"
    if folder.exists() and any(folder.iterdir()):
        if not written.is_file() or not written.read_text("utf-8", "replace").startswith(_MARK):
            raise DetainerWatchError(f"{folder} is not empty and holds no earlier demonstration; name another folder.")
        for name in ("db", "outbox"):
            shutil.rmtree(folder / name, ignore_errors=True)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        written.write_text(_MARK)
    except OSError as error:
        raise DetainerWatchError(f"{folder} cannot be written: {error.strerror}.") from error


def _settings(folder: Path, office: Office, port: int) -> Settings:
    common = f'publisher: "{demo_files.PUBLISHER}", every: 1h'
    path = folder.absolute() / "config.yaml"
    path.write_text(_MARK + _CONFIG.format(host=office.base.removeprefix("http://"), port=port, common=common))
    return config.load(path, os.environ)


def _play(number: int, step: Step, office: Office, settings: Settings, say: Say) -> None:
    before = _events(settings), set(_mails(settings))
    step.act(office)
    pipeline.check(settings)
    say(f"\n{number} of {len(STEPS)} · {step.title}\n  {step.told}")
    fresh = [event for event in _events(settings) if event not in before[0]]
    for event_id, kind, title, summary in fresh:
        say(f"  {EVENT_WORDS[kind]}: {title}" + (f" ({summary})" if summary else ""))
        for change in _changes(settings, event_id):
            say(f"      {change}")
    mails = [path for path in _mails(settings) if path not in before[1]]
    say(f"  Mails written: {len(mails)}." if fresh else "  Nothing to tell; no mail.")
    for path in mails[:_MOST_NAMED]:
        say(f"      {path.relative_to(settings.path.parent)}")
    if len(mails) > _MOST_NAMED:
        say(f"      and {len(mails) - _MOST_NAMED} more")


def _query(settings: Settings, sql: str, *values: str) -> list[tuple[str, ...]]:
    if not settings.storage.database.exists():
        return []
    with closing(sqlite3.connect(f"{settings.storage.database.as_uri()}?mode=ro", uri=True)) as database:
        return database.execute(sql, values).fetchall()


def _events(settings: Settings) -> list[tuple[str, ...]]:
    return _query(settings, "SELECT event_id, kind, title, summary FROM events WHERE source_id != 'history'")


def _changes(settings: Settings, event_id: str) -> Iterator[str]:
    sql = "SELECT label, column_name, before, after FROM changes WHERE event_id = ?"
    for label, column, before, after in _query(settings, sql, event_id):
        if before is None or after is None:
            whole = after or before or ""
            words = ", ".join(f"{k} {v}" for k, v in json.loads(whole).items()) if whole.startswith("{") else whole
            yield f"{label}, {'added' if before is None else 'removed'}: {words}"
        else:
            yield f"{label}, {column}: {before} → {after}"


def _mails(settings: Settings) -> list[Path]:
    return sorted(settings.storage.outbox.glob("*.eml"))


def _farewell(settings: Settings, say: Say) -> None:
    folder = settings.path.parent
    say(
        f"\nWhat to look at\n  {settings.storage.outbox}: {len(_mails(settings))} mails, each as .eml (mail program)"
        f" and .html (browser)\n  {settings.storage.archive}: every file as it was served, named by its sha256\n"
        f"  {settings.path}: the configuration that made this, a start for your own\n"
        f"  detainer-watch status --config {folder / 'config.yaml'}"
    )


def _serve_site(settings: Settings, say: Say) -> None:
    command = publish.command(settings)
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, env=publish.environment(settings)) as site:  # noqa: S603
        try:
            while site.poll() is None and not _listens(settings.web.port):
                time.sleep(0.1)
            if site.poll() is None:
                say(f"  {settings.web.public_url} shows the tables until you press Ctrl-C")
            site.wait()
        finally:
            site.terminate()
    raise DetainerWatchError(f"The site ended by itself with code {site.returncode}; what it printed stands above.")


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as one:
        return int(one.getsockname()[1])


@contextmanager
def _serving(office: Office) -> Iterator[Office]:
    """Serve the publisher on a free loopback port for the length of the block."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            media_type, body = office.pages.get(self.path, ("text/plain", b"not found"))
            etag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
            known = self.path in office.pages
            same = known and self.headers.get("If-None-Match") == etag
            self.send_response(304 if same else 200 if known else 404)
            self.send_header("ETag", etag)
            if not same:
                self.send_header("Content-Type", media_type)
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if not same:
                self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        office.open(f"http://127.0.0.1:{server.server_address[1]}")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield office
        finally:
            server.shutdown()
            thread.join()
