"""`python -m benchmarks.workbook`: detainer records of 396,306 rows x 65 columns, from the publisher into the store.

A first release, a second one under a new name in which one row in a hundred differs in one cell, and a poll in which
nothing changed; beside them the least it can cost, a reading of the file through python-calamine alone.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks import results, workbook_inputs
from benchmarks.measure import Cost, serving
from benchmarks.size import HERE, OUT, SOURCE, STORED, Desk, child, is_met, must, ran
from benchmarks.workbook_inputs import DECLINED, NOTICE

ROWS: Final = 396_306
CPU, MAIN_MB = 90, 250
TITLE: Final = "A workbook of 396,306 rows × 65 columns, 1 % changed"
FLOOR = "floor: python-calamine reads the workbook, nothing else"
FIRST = "`check`, the first release: every row stored and counted"
SECOND = "`check`, the second release: stored, 1 % of the rows differ, counted"
UNCHANGED = "`check`, nothing changed (304)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What each step cost, by its name, and by how many bytes the database grew."""

    costs: dict[str, Cost]
    growth: dict[str, int]
    size: int
    """Bytes of the first workbook."""


def measure(rows: int) -> Measured:
    """Measure each step once; ends the program where what came into the store is not what was published."""
    OUT.mkdir(exist_ok=True)
    first, second, counts = workbook_inputs.made(OUT, rows)
    costs = {FLOOR: _told(ran(child("workbook", str(first))), rows)}
    growth: dict[str, int] = {}
    with tempfile.TemporaryDirectory(dir=OUT, prefix="workbook-") as name:
        folder = Path(name)
        with serving([sys.executable, str(HERE / "size_server.py"), name]) as base:
            desk = Desk(folder=folder, config=_config(folder, base), rows=rows)
            ran(desk.us("health"), 1)  # nothing is well yet; afterwards its modules are compiled
            listed: list[str] = []
            for step, path in ((FIRST, first), (SECOND, second)):
                file = f"detainers_FY26_{'ab'[len(listed)]}.xlsx"
                (folder / file).hardlink_to(path)
                listed.append(f'<li><a href="{file}">Detainers, FY 2026</a></li>')
                (folder / "index.html").write_text(f"<title>Data</title><main><ul>{''.join(listed)}</ul></main>")
                costs[step], growth[step] = _check(desk, step)
            _stored(desk, counts)
            costs[UNCHANGED], growth[UNCHANGED] = _check(desk, UNCHANGED)
    return Measured(costs=costs, growth=growth, size=first.stat().st_size)


def _config(folder: Path, base: str) -> Path:
    described = {
        "contact": "benchmark@example.org",
        "storage": {name: f"{folder}/{where}" for name, where in STORED.items()},
        "fetch": {"per_host_per_second": None, "allow_private": [base.removeprefix("http://")], "timeout_seconds": 300},
        "parse": {"timeout_seconds": 3600},
        "alerts": {
            "smtp": None,
            "operator": [],
            "audiences": {"newsroom": {"to": ["desk@example.org"], "digest": "immediate"}},
        },
        "sources": [
            {
                "id": SOURCE,
                "reader": "detainer_records",
                "publisher": "Benchmark",
                "url": f"{base}/index.html",
                "every": "1d",
                "allow_hosts": [base.removeprefix("http://")],
            }
        ],
    }
    path = folder / "config.yaml"
    path.write_text(json.dumps(described, indent=1))  # which is YAML too
    return path


def _check(desk: Desk, step: str) -> tuple[Cost, int]:
    """Let the product look, and see that it tells what is true of this step; return also how much was stored."""
    before = desk.state() if step != FIRST else None
    cost = ran(desk.us("check"), apart=True)
    after = desk.state()
    _say(step, cost)
    if before is None:
        must(after.changes == 0 and after.last == "ok", f"the first release left {after}\n{cost.output[-2000:]}")
        return cost, after.size
    events, changes = after.events - before.events, after.changes - before.changes
    wanted = (1, workbook_inputs.changed(desk.rows)) if step == SECOND else (0, 0)
    told = f"{events} events and {changes} changes instead of {wanted}"
    must((events, changes) == wanted, f"{told}: {cost.output[-2000:]}")
    if step == SECOND:
        kinds = desk.ask("SELECT kind FROM event WHERE source_id = ? ORDER BY rowid", SOURCE)
        must(kinds == ["baseline", "new"], f"the events are {kinds}")
    return cost, after.size - before.size


def _say(step: str, cost: Cost) -> None:
    print(
        f"  {step}: {cost.cpu:.2f} CPU s, {cost.wall:.2f} s,"
        f" {cost.main_mb:.0f} MB, reading process {cost.child_mb:.0f} MB",
        flush=True,
    )


def _stored(desk: Desk, counts: dict[str, int]) -> None:
    """Every row is stored, and counted as what it is."""
    (rows,) = desk.ask("SELECT count(*) FROM detainer_record WHERE last_reading IS NULL AND source_id = ?", SOURCE)
    must(rows == desk.rows, f"{rows} rows are stored instead of {desk.rows}")
    counted = "FROM figure WHERE last_reading IS NULL AND source_id = ? AND measure = ?"
    for measure, count in (("detainer_declined", counts[DECLINED]), ("insufficient_notice", counts[NOTICE])):
        (stated,) = desk.ask(f"SELECT max(value) {counted}", SOURCE, measure)
        (by_state,) = desk.ask(
            f"SELECT sum(value) {counted} AND state_quoted <> '' AND facility_quoted = ''", SOURCE, measure
        )
        must((stated, by_state) == (count, count), f"{measure}: {stated}, by state {by_state}, instead of {count}")


def _told(cost: Cost, rows: int) -> Cost:
    found = json.loads(cost.output)["rows"]
    must(found in (rows + 6, rows + 7), f"python-calamine found {found} rows")
    return cost


def report(found: Measured, rows: int) -> str:
    """Return the section of RESULTS.md: a table, and which aim is met."""
    lines = [_line(name, cost, found) for name, cost in found.costs.items()]
    changes = workbook_inputs.changed(rows)
    return f"""{results.when()}

{rows:,} rows × {len(workbook_inputs.COLUMNS)} columns of XLSX ({found.size / 1e6:.0f} MB), made from a seed and
deleted afterwards, with six rows above the header. The second release stands beside the first
under another name and differs in one cell of {changes:,} rows.
Each step was measured once. CPU is user + system time of all processes; memory is the peak of the main process, and of
the process that reads (the whole of it, not only what it takes above an idle one).
The second release made exactly 1 `new` event and {changes:,} changes; all rows are stored, and what is counted from
them is what was published, in all and by state. The poll that was answered 304 made no event and no change.

| what | CPU s | wall s | main process, MB | reading process, MB | database grew by, MB |
|---|--:|--:|--:|--:|--:|
{chr(10).join(lines)}

{chr(10).join(_verdicts(found))}

{results.machine("detainer-watch", "python-calamine")}
"""


def _line(name: str, cost: Cost, found: Measured) -> str:
    if name == FLOOR:
        return f"| {name} | {cost.cpu:.2f} | {cost.wall:.2f} | {cost.rss_mb:.0f} |  |  |"
    child = f"{cost.child_mb:.0f}" if cost.child_mb else ""
    grew = f"{found.growth[name] / 1e6:.1f}"
    return f"| {name} | {cost.cpu:.2f} | {cost.wall:.2f} | {cost.main_mb:.0f} | {child} | {grew} |"


def _verdicts(found: Measured) -> Iterator[str]:
    for name in (FIRST, SECOND):
        cost = found.costs[name]
        yield (
            f"- {name}: under {CPU} CPU s {is_met(cost.cpu < CPU)} ({cost.cpu:.1f} s,"
            f" {cost.cpu / found.costs[FLOOR].cpu:.1f} times the floor); the main process under {MAIN_MB} MB"
            f" {is_met(cost.main_mb < MAIN_MB)} ({cost.main_mb:.0f} MB)."
        )


def main(words: Sequence[str] | None = None) -> None:
    """Measure and print; at full size, write the section of RESULTS.md."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.workbook", description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS, help="a smaller workbook, for trying; writes no RESULTS.md")
    parser.add_argument("--keep", action="store_true", help="keep the workbooks (120 MB each) for the next time")
    asked = parser.parse_args(words)
    try:
        text = report(measure(asked.rows), asked.rows)
    finally:
        if not asked.keep:
            for path in OUT.glob(f"records-{asked.rows}*"):
                path.unlink()
    print(text)
    if asked.rows == ROWS:
        results.write(TITLE, text)


if __name__ == "__main__":
    main()
