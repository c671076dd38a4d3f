"""One round over 1,000 pages of which 50 changed: ours, urlwatch, and the least it can cost."""

import json
import socket
import sqlite3
import statistics
import subprocess
import sys
import time
import urllib.error
import urllib.request
import venv
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measure import Cost, post, rss_mb, run, running
from benchmarks.server import PAGES

HERE = Path(__file__).parent
OUT = HERE / "out"
CHANGED = 50
URLWATCH = "urlwatch==2.29"
TELLING = ("new", "revised", "corrected", "withdrawn", "restored")


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One measured run."""

    cost: Cost
    requests: int
    not_modified: int
    found: int
    invented: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """A program that watches the pages: its command, and the addresses it says have changed."""

    name: str
    command: Sequence[str]
    changed: Callable[[Cost], set[str]]
    codes: tuple[int, ...] = (0,)


def rounds(contender: Contender, base: str, times: int) -> list[Round]:
    """Make a baseline, then measure `times` rounds, 50 other pages changed before each."""
    log = OUT / f"{contender.name.split()[0]}.log"
    first = run(contender.command, log)
    contender.changed(first)
    _must(contender, first)
    measured = []
    for seed in range(times):
        truth = {base + path for path in json.loads(post(f"{base}/_change?pages={CHANGED}&seed={seed}"))}
        post(f"{base}/_count")
        cost = run(contender.command, log)
        _must(contender, cost)
        counted = json.loads(post(f"{base}/_count"))
        told = contender.changed(cost)
        found, invented = len(told & truth), len(told - truth)
        measured.append(Round(cost=cost, found=found, invented=invented, **counted))
        print(f"  {contender.name}: {cost.cpu:.2f} CPU s, {cost.wall:.2f} s, {cost.rss_mb:.0f} MB, {found} found")
    return measured


def _must(contender: Contender, cost: Cost) -> None:
    if cost.code not in contender.codes:
        raise SystemExit(f"{contender.name} ended with code {cost.code}:\n{cost.output[-3000:]}")


def floor(base: str, folder: Path) -> Contender:
    """A bare httpx loop."""
    command = [sys.executable, str(HERE / "floor.py"), base, str(PAGES), str(folder / "floor.json")]
    return Contender(
        name="floor (httpx loop, 8 threads)",
        command=command,
        changed=lambda cost: {base + path for path in json.loads(cost.output.splitlines()[-1])},
    )


def urlwatch(base: str, folder: Path) -> Contender:
    """urlwatch in an environment of its own, made on first use."""
    home = OUT / "urlwatch-venv"
    program = home / "bin" / "urlwatch"
    if not program.exists():
        venv.create(home, with_pip=True)
        subprocess.run([home / "bin" / "pip", "install", "-qq", URLWATCH], check=True)
    jobs = "".join(
        f"name: page {number}\nurl: {base}/page/{number}\nfilter: [html2text]\n---\n" for number in range(PAGES)
    )
    (folder / "urls.yaml").write_text(jobs.removesuffix("---\n"))
    (folder / "urlwatch.yaml").write_text("report:\n  stdout: {enabled: true, color: false}\n")
    (folder / "hooks.py").write_text("")
    names = {"--urls": "urls.yaml", "--config": "urlwatch.yaml", "--hooks": "hooks.py", "--cache": "urlwatch.db"}
    command = [str(program), *(part for flag, name in names.items() for part in (flag, str(folder / name)))]
    return Contender(name="urlwatch 2.29", command=command, changed=lambda cost: _told_by_urlwatch(cost.output, base))


def _told_by_urlwatch(output: str, base: str) -> set[str]:
    marks = ("CHANGED: ", "ERROR: ")
    lines = {line.split(": ", 1)[1] for line in output.splitlines() if line.startswith(marks)}
    return {f"{base}/page/{line.split(' ( ')[0].removeprefix('page ')}" for line in lines}


def ours(base: str, folder: Path, pages: int = PAGES) -> Contender:
    """`detainer-watch check` with one source for each page."""
    config = write_config(base, folder, pages)
    seen: set[str] = set()

    def changed(_: Cost) -> set[str]:
        with sqlite3.connect(folder / "detainers.db") as database:
            marks = ", ".join("?" * len(TELLING))
            rows = database.execute(f"SELECT event_id, url FROM events WHERE kind IN ({marks})", TELLING).fetchall()
        database.close()
        fresh = {url for event_id, url in rows if event_id not in seen}
        seen.update(event_id for event_id, _ in rows)
        return fresh

    command = [str(Path(sys.executable).parent / "detainer-watch"), "check", "--config", str(config)]
    return Contender(name="detainer-watch", command=command, changed=changed)


def write_config(base: str, folder: Path, pages: int, port: int = 8001) -> Path:
    """Write a config.yaml of `pages` sources into `folder` and return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    host = base.removeprefix("http://")
    fetch = f"{{per_host_per_second: null, respect_robots: true, allow_private: ['{host}']}}"
    parts = [
        "contact: benchmark@example.org\n",
        f"storage: {{database: {folder}/detainers.db, deliveries: {folder}/deliveries.db, archive: {folder}/archive,"
        f" outbox: {folder}/outbox}}\n",
        f"fetch: {fetch}\nweb: {{host: 127.0.0.1, port: {port}, public_url: 'http://127.0.0.1:{port}'}}\n",
        "alerts: {smtp: null, operator: [], audiences: {newsroom: {to: [desk@example.org], digest: daily}}}\n",
        "sources:\n",
    ]
    for number in range(pages):
        parts.append(
            f"  - {{id: page-{number:04}, reader: page, publisher: Benchmark, title: 'Page {number}', every: 1d,"
            f" url: '{base}/page/{number}'}}\n"
        )
    path = folder / "config.yaml"
    path.write_text("".join(parts))
    return path


def start_and_idle(base: str, folder: Path, pages: int) -> tuple[float, float]:
    """Seconds from `up` to the first page answered, and MB the daemon holds once its round at start is over."""
    port = _free_port()
    config = write_config(base, folder, pages, port)
    program = str(Path(sys.executable).parent / "detainer-watch")
    started = time.monotonic()
    log = OUT / f"up-{pages}.log"
    with running([program, "up", "--config", str(config)], log) as daemon:
        first_page = _wait(lambda: _answers(f"http://127.0.0.1:{port}/"), daemon, log) - started
        _wait(lambda: _checked(folder / "detainers.db") == pages, daemon, log)
        _wait(lambda: _quiet(daemon.pid), daemon, log)
        return first_page, rss_mb(daemon.pid)


def _wait(condition: Callable[[], bool], child: "subprocess.Popen[bytes]", log: Path) -> float:
    until = time.monotonic() + 180
    while not condition():
        if child.poll() is not None or time.monotonic() > until:
            raise SystemExit(f"`up` did not get there:\n{log.read_text()[-3000:]}")
        time.sleep(0.05)
    return time.monotonic()


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _checked(database: Path) -> int:
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    try:
        return int(
            connection.execute(
                "SELECT count(*) FROM source_health WHERE state = 'ok' AND source_id LIKE 'page-%'"
            ).fetchone()[0]
        )
    except sqlite3.Error:
        return 0
    finally:
        connection.close()


def _quiet(pid: int) -> bool:
    """Say whether the process used no more than 2 % of a processor for a second."""
    before = _ticks(pid)
    time.sleep(1)
    return _ticks(pid) - before <= 2


def _ticks(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return int(fields[11]) + int(fields[12])


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as one:
        return int(one.getsockname()[1])


def median(values: Sequence[float]) -> float:
    return statistics.median(values)


def server_command(pages: int = PAGES) -> list[str]:
    return [sys.executable, str(HERE / "server.py"), str(pages)]
