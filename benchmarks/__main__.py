"""`python -m benchmarks`: measure rounds, large tables and every reader on this machine; write RESULTS.md."""

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

from benchmarks import readers, results, size, workbook
from benchmarks import round as one_round
from benchmarks.measure import serving
from benchmarks.server import LATENCY, PAGES, SIZE

WHO = {"floor": one_round.floor, "urlwatch": one_round.urlwatch, "ours": one_round.ours}
TITLE = "One round over 1,000 pages"
PARTS = ("round", "size", "readers", "workbook")


def main() -> None:
    """Run what was asked for; write a section of the results only when everything in it ran."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--part", choices=PARTS, help="measure this part alone (default: all)")
    parser.add_argument("--only", choices=WHO, action="append", help="of the round, these alone; writes no RESULTS.md")
    parser.add_argument("--times", type=int, default=3, help="measured rounds; medians are written (default 3)")
    asked = parser.parse_args()
    one_round.OUT.mkdir(exist_ok=True)
    parts = [asked.part] if asked.part else ["round"] if asked.only else PARTS
    if "round" in parts:
        _round(asked.only, asked.times)
    if "size" in parts:
        size.main(["--times", str(asked.times)])
    if "readers" in parts:
        readers.main(["--times", str(asked.times), "--without-workbook"])
    if "workbook" in parts:
        workbook.main([])


def _round(only: list[str] | None, times: int) -> None:
    lines = []
    with tempfile.TemporaryDirectory() as name:
        for who in only or WHO:
            folder = Path(name) / who
            folder.mkdir()
            with serving(one_round.server_command()) as base:
                contender = WHO[who](base, folder)
                lines.append(_line(contender.name, one_round.rounds(contender, base, times)))
        if not only:
            with serving(one_round.server_command()) as base:
                starts = {n: one_round.start_and_idle(base, Path(name) / f"up-{n}", n) for n in (20, PAGES)}
            _write(lines, starts, times)
    print("\n".join(lines))


def _line(name: str, rounds: list[one_round.Round]) -> str:
    def middle(values: list[float], digits: int) -> str:
        return f"{one_round.median(values):,.{digits}f}"

    return (
        f"| {name} | {middle([one.cost.cpu for one in rounds], 2)} | {middle([one.cost.wall for one in rounds], 2)} "
        f"| {middle([one.cost.rss_mb for one in rounds], 0)} | {middle([one.requests for one in rounds], 0)} "
        f"| {middle([one.not_modified for one in rounds], 0)} "
        f"| {min(one.found for one in rounds)} of {one_round.CHANGED} | {max(one.invented for one in rounds)} |"
    )


def _write(lines: list[str], starts: dict[int, tuple[float, float]], times: int) -> None:
    text = f"""{results.when()}

One round over {PAGES:,} loopback pages of {SIZE // 1024} KB, each answered after {LATENCY * 1000:.0f} ms.
{one_round.CHANGED} pages changed since the round before, the others can answer 304; rate limit lifted. Each program ran
as its user starts it (a new process), after a baseline round that is not counted. Medians of {times}; of changes found
the worst, of changes invented the most.
CPU is user + system time of the process and its children, memory the peak of its largest process.

| program | CPU s | wall s | peak MB | requests | of them 304 | changes found | invented |
|---|--:|--:|--:|--:|--:|--:|--:|
{chr(10).join(lines)}

| `detainer-watch up` | from start to first page, s | idle daemon after its round, MB (without Datasette) |
|---|--:|--:|
{chr(10).join(f"| {pages:,} sources | {first:.2f} | {idle:.0f} |" for pages, (first, idle) in starts.items())}

{results.machine("detainer-watch", "httpx", "datasette")}
"""
    results.write(TITLE, text)
    print(text)


if __name__ == "__main__":
    if shutil.which("git") is None:
        sys.exit("git is needed to say which version was measured.")
    main()
