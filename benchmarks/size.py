"""`python -m benchmarks.size`: a table of 1,000,000 rows of which 1 % changed, against its predecessor in the store.

The floor, csv-diff and ours run one after another in every measured round, each in a process of its own, on files that
are made for the round and deleted after it.
"""

import argparse
import contextlib
import json
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import venv
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from benchmarks import results, size_inputs
from benchmarks.measure import Cost, run, serving
from benchmarks.size_server import TABLE

HERE: Final = Path(__file__).parent
OUT: Final = HERE / "out"
ROWS: Final = 1_000_000
CSV_DIFF: Final = "csv-diff==1.2"
TITLE: Final = "A table of 1,000,000 rows, 1 % changed"
FIRST: Final = 100
SOURCE: Final = "big"
STORED: Final = {"database": "detainers.db", "deliveries": "deliveries.db", "archive": "archive", "outbox": "outbox"}

BARE = "floor, bare: csv.reader and blake2b of each row"
FOLDED = "floor, as the product must: white space folded in each cell"
DICTIONARY = "a plain hash dictionary: that floor, and a dict of the predecessor's hashes"
PEER = f"csv-diff {CSV_DIFF.partition('==')[2]}, on both files"
CHANGED = "`detainer-watch check`, 1 % changed"
UNCHANGED = "`detainer-watch check`, nothing changed (304)"
READING = "our reading alone: the archived file against the known hashes"
BASELINE = "`detainer-watch check`, the first: every row stored"
NOW = f"`asof` now, `--first {FIRST}`"
THEN = f"`asof` at the first round, `--first {FIRST}`"
DIFF = "`diff` of the last two rounds"
COMPARED: Final = (BARE, FOLDED, DICTIONARY, PEER, READING, CHANGED)
"""What does the work that the floor is the least of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What the database of the product holds at a moment."""

    size: int
    events: int
    changes: int
    captures: int
    last: str
    """What came of the last fetch of the table."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """All that was measured; `growth` and `small` are bytes of database for 1 % and 0.1 % changed."""

    costs: dict[str, list[Cost]]
    database: int
    growth: float
    small: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """A folder with a published table and the product that watches it."""

    folder: Path
    config: Path
    rows: int

    def us(self, *words: str) -> list[str]:
        return [str(Path(sys.executable).parent / "detainer-watch"), *words, "--config", str(self.config)]

    def publish(self, changes: int, seed: int) -> tuple[Path, Path]:
        """Put a successor of the table in its place; return the predecessor, and the table."""
        table, before, after = (self.folder / name for name in (TABLE, "before.csv", "after.csv"))
        size_inputs.succeed(table, after, self.rows, changes, seed)
        table.replace(before)
        after.replace(table)
        return before, table

    def state(self) -> State:
        counts = [self.ask(f"SELECT count(*) FROM {name}")[0] for name in ("event", "change", "capture")]
        (last,) = self.ask("SELECT outcome FROM fetch WHERE source_id = ? ORDER BY fetch_id DESC LIMIT 1", SOURCE)
        size = sum(file.stat().st_size for file in self.folder.glob("detainers.db*"))
        return State(size=size, events=counts[0], changes=counts[1], captures=counts[2], last=last)

    def ask(self, sql: str, *values: str) -> list[Any]:
        """Return the first column of what the database answers."""
        with contextlib.closing(sqlite3.connect(f"file:{self.folder}/detainers.db?mode=ro", uri=True)) as db:
            return [row[0] for row in db.execute(sql, values)]


def measure(rows: int, times: int, *, peer: bool) -> Measured:
    """Measure everything `times` times; ends the program where what was found is not what was changed."""
    OUT.mkdir(exist_ok=True)
    kept = _first_table(rows)
    program = _csv_diff() if peer else None
    costs: dict[str, list[Cost]] = defaultdict(list)
    with tempfile.TemporaryDirectory(dir=OUT, prefix="size-") as name:
        folder = Path(name)
        shutil.copyfile(kept, folder / TABLE)
        with serving([sys.executable, str(HERE / "size_server.py"), name]) as base:
            desk = Desk(folder=folder, config=_config(folder, base), rows=rows)
            ran(desk.us("health"), 1)  # nothing is well yet; afterwards its modules are compiled
            costs[BASELINE].append(ran(desk.us("check")))
            first = desk.state()
            must(first.changes == 0 and first.last == "ok", f"the baseline is {first}")
            growth = []
            for seed in range(times):
                growth.append(_round(desk, seed, program, costs))
            _questions(desk, times, costs)
            small = _change(desk, rows // 1000, times, costs=None)
    return Measured(costs=costs, database=first.size, growth=statistics.median(growth), small=small)


def _first_table(rows: int) -> Path:
    path = OUT / f"table-{rows}.csv"
    if not path.exists():
        print(f"Making a table of {rows:,} rows ...")
        size_inputs.write(path.with_suffix(".part"), rows)
        path.with_suffix(".part").replace(path)
    return path


def _csv_diff() -> Path:
    """csv-diff in an environment of its own, made on first use."""
    home = OUT / "csv-diff-venv"
    program = home / "bin" / "csv-diff"
    if not program.exists():
        venv.create(home, with_pip=True)
        subprocess.run([home / "bin" / "pip", "install", "-qq", CSV_DIFF], check=True)
    return program


def child(*words: str) -> list[str]:
    return [sys.executable, str(HERE / "size_child.py"), *words]


def _config(folder: Path, base: str) -> Path:
    host = base.removeprefix("http://")
    columns = {name: {"header": name, "type": "integer"} if name == "count" else name for name in size_inputs.COLUMNS}
    described = {
        "contact": "benchmark@example.org",
        "storage": {name: f"{folder}/{where}" for name, where in STORED.items()},
        "fetch": {"per_host_per_second": None, "allow_private": [host], "timeout_seconds": 300},
        "alerts": {
            "smtp": None,
            "operator": [],
            "audiences": {"newsroom": {"to": ["desk@example.org"], "digest": "immediate"}},
        },
        "sources": [
            {
                "id": SOURCE,
                "reader": "table",
                "publisher": "Benchmark",
                "url": f"{base}/{TABLE}",
                "every": "1d",
                "key": [size_inputs.KEY],
                "columns": columns,
            }
        ],
    }
    path = folder / "config.yaml"
    path.write_text(json.dumps(described, indent=1))  # which is YAML too
    return path


def _round(desk: Desk, seed: int, program: Path | None, costs: dict[str, list[Cost]]) -> int:
    """Change 1 % of the rows and measure everything on it; return by how many bytes our database grew."""
    growth = _change(desk, desk.rows // 100, seed, costs=costs)
    table, before = str(desk.folder / TABLE), str(desk.folder / "before.csv")
    hashes, packed = str(desk.folder / "hashes"), str(desk.folder / "packed")
    costs[READING].append(_told(ran(child("read", packed)), desk))
    _unchanged(desk, costs)
    costs[BARE].append(ran(child("bare", table)))
    costs[FOLDED].append(ran(child("folded", table)))
    ran(child("hashes", before, hashes))
    costs[DICTIONARY].append(_told(ran(child("dictionary", table, hashes)), desk))
    if program:
        cost = ran([str(program), before, table, f"--key={size_inputs.KEY}"])
        must(cost.output.startswith(f"{desk.rows // 100} rows changed"), f"csv-diff says {cost.output[:300]}")
        costs[PEER].append(cost)
    for name, each in costs.items():
        print(f"  {name}: {each[-1].cpu:.2f} CPU s, {each[-1].wall:.2f} s, {each[-1].rss_mb:.0f} MB", flush=True)
    return growth


def _change(desk: Desk, changes: int, seed: int, *, costs: dict[str, list[Cost]] | None) -> int:
    """Let the product see a table with so many rows changed: one event, and every change told."""
    before = desk.state()
    desk.publish(changes, seed)
    ran(child("pack", str(desk.config), str(desk.folder / TABLE), str(desk.folder / "packed")))
    cost = ran(desk.us("check"))
    after = desk.state()
    must(after.events - before.events == 1, f"{after.events - before.events} events instead of 1\n{cost.output}")
    must(after.changes - before.changes == changes, f"{after.changes - before.changes} changes instead of {changes}")
    if costs is not None:
        costs[CHANGED].append(cost)
    return after.size - before.size


def _unchanged(desk: Desk, costs: dict[str, list[Cost]]) -> None:
    """Let the product ask again, with its archive out of reach: what is not needed is not read."""
    before = desk.state()
    archive, away = desk.folder / "archive", desk.folder / "archive-away"
    archive.rename(away)
    cost = ran(desk.us("check"))
    with contextlib.suppress(FileNotFoundError):
        archive.rmdir()
    away.rename(archive)
    after = desk.state()
    same = (after.events, after.changes, after.captures) == (before.events, before.changes, before.captures)
    must(same and after.last == "not_modified", f"an unchanged table left {after} of {before}")
    costs[UNCHANGED].append(cost)


def _questions(desk: Desk, times: int, costs: dict[str, list[Cost]]) -> None:
    (release,) = desk.ask("SELECT release_id FROM release WHERE source_id = ?", SOURCE)
    moments = desk.ask("SELECT seen_at FROM edition WHERE release_id = ? ORDER BY seq", release)
    for _ in range(times):
        for name, at in ((NOW, moments[-1]), (THEN, moments[0])):
            cost = ran(desk.us("asof", at, SOURCE, "--first", str(FIRST)))
            must(f"{desk.rows:,} rows" in cost.output, cost.output[:300])
            must(len(cost.output.splitlines()) == min(FIRST, desk.rows) + 2, cost.output[:300])
            costs[name].append(cost)
        cost = ran(desk.us("diff", release, "--from", moments[-2], "--to", moments[-1]))
        must(f"{desk.rows // 100:,} rows changed" in cost.output, cost.output[-300:])
        costs[DIFF].append(cost)


def _told(cost: Cost, desk: Desk) -> Cost:
    """Every changed row is one that has come and one that is gone."""
    changes = desk.rows // 100
    found = json.loads(cost.output)
    must(found == {"come": changes, "gone": changes}, f"{found} instead of {changes}")
    return cost


def ran(command: Sequence[str], code: int = 0, *, apart: bool = False) -> Cost:
    cost = run(command, OUT / "size.log", apart=apart)
    must(cost.code == code, f"{' '.join(command)} ended with code {cost.code}:\n{cost.output[-3000:]}")
    return cost


def must(true: bool, text: str) -> None:
    if not true:
        raise SystemExit(f"The benchmark stops: {text}")


def report(found: Measured, rows: int, times: int) -> str:
    """Return the section of RESULTS.md: two tables, and which aim is met."""
    order = (BARE, FOLDED, DICTIONARY, PEER, READING, CHANGED, UNCHANGED, BASELINE, NOW, THEN, DIFF)
    lines = [_line(name, found.costs) for name in order if name in found.costs]
    changes = rows // 100
    return f"""{results.when()}

{rows:,} rows × {len(size_inputs.COLUMNS)} columns of CSV, of which three in ten hold two spaces in a cell.
Before each measured round another {changes:,} rows changed in one cell. Medians of {times} (of the first round one).
CPU is user + system time of the process and its children, memory the peak of its largest process (less than the
benchmark itself takes cannot be told), each from start to end.
Every round made exactly 1 event and {changes:,} changes; the poll answered 304 ran with its archive out of reach.

| what | CPU s | wall s | peak MB | CPU, of the bare floor | of the folding floor |
|---|--:|--:|--:|--:|--:|
{chr(10).join(lines)}

{chr(10).join(_verdicts(found, rows))}

{results.machine("detainer-watch", "isal")} csv-diff is {CSV_DIFF.partition("==")[2]}.
"""


def _line(name: str, costs: dict[str, list[Cost]]) -> str:
    cpu, wall, rss = (_median(costs[name], what) for what in ("cpu", "wall", "rss_mb"))
    ratios = [f"{cpu / _median(costs[floor], 'cpu'):.2f}" if name in COMPARED else "" for floor in (BARE, FOLDED)]
    return f"| {name} | {cpu:.2f} | {wall:.2f} | {rss:.0f} | {' | '.join(ratios)} |"


def _median(costs: Sequence[Cost], what: str) -> float:
    return float(statistics.median(getattr(cost, what) for cost in costs))


def _verdicts(found: Measured, rows: int) -> Iterator[str]:
    """Say of every aim whether it is met."""

    def cost(name: str, what: str = "cpu") -> float:
        return _median(found.costs[name], what)

    bare, folded = cost(BARE), cost(FOLDED)
    change = cost(CHANGED) - cost(UNCHANGED)
    for name, cpu in (
        ("the reading alone", cost(READING)),
        ("what the change cost (the round less one without a change)", change),
        ("the whole round", cost(CHANGED)),
    ):
        yield (
            f"- CPU under twice the floor, {name}: {cpu:.2f} s, {cpu / bare:.2f} times the bare floor"
            f" ({is_met(cpu < 2 * bare)}), {cpu / folded:.2f} times the folding one ({is_met(cpu < 2 * folded)})."
        )
    most = max(one.rss_mb for one in found.costs[CHANGED])
    yield f"- Memory under 250 MB: {is_met(most < 250)}; at most {most:.0f} MB in a measured round."
    changes, few = rows // 100, rows // 1000
    per_row, per_change = found.database / rows, found.growth / changes
    yield (
        f"- Growth in proportion to the change (at most four times what a stored row takes):"
        f" {is_met(per_change < 4 * per_row)};\n  {found.growth / 1e6:.1f} MB for {changes:,} changed rows,"
        f" {per_change:,.0f} bytes each, beside {found.database / 1e6:.0f} MB for all rows, {per_row:,.0f} bytes each."
        f"\n  A tenth of the change took {found.small / 1e6:.1f} MB, {found.small / few:,.0f} bytes for each row."
    )
    yield (
        f"- A poll in which nothing changed parses nothing: met; it cannot read its archive and takes"
        f" {cost(UNCHANGED):.2f} CPU s."
    )
    slowest = max(one.wall for name in (NOW, THEN) for one in found.costs[name])
    yield f"- `asof` under 1 s: {is_met(slowest < 1)}; at most {slowest:.2f} s."


def is_met(met: bool) -> str:
    return "met" if met else "not met"


def main(words: Sequence[str] | None = None) -> None:
    """Measure and print; at full size, write the section of RESULTS.md."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.size", description=__doc__)
    parser.add_argument("--times", type=int, default=3, help="measured rounds; medians are written (default 3)")
    parser.add_argument("--rows", type=int, default=ROWS, help="a smaller table, for trying; writes no RESULTS.md")
    parser.add_argument("--without-peer", action="store_true", help="leave csv-diff out; writes no RESULTS.md")
    asked = parser.parse_args(words)
    if asked.rows < 1000 or asked.rows > 9_999_999:
        parser.error("--rows must lie between 1,000 and 9,999,999")
    text = report(measure(asked.rows, asked.times, peer=not asked.without_peer), asked.rows, asked.times)
    print(text)
    if asked.rows == ROWS and not asked.without_peer:
        results.write(TITLE, text)


if __name__ == "__main__":
    main()
