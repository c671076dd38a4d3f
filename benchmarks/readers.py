"""`python -m benchmarks.readers`: how right every reader is and what it costs, beside pdfplumber on the same PDFs.

Documents with known rows (`reader_cases`) are read; a row counts as found if all of its cells are. pdfplumber gives the
cells of tables and no more: it is measured on PDFs with tables, its headers are matched by their names, and dates,
groups and bullets are put into the form of the truth where that can be done without reading anything else.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import measure, results
from benchmarks.size import HERE, OUT, is_met

if TYPE_CHECKING:
    from benchmarks.reader_cases import Case

PEER = "pdfplumber==0.11.7"
TITLE = "Readers: right rows and cells, beside pdfplumber"
PAGES, ROWS = 35, 206
CPU, MORE_MB = 0.8, 60
Row = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """Of one or more readings: true rows, rows found, exact ones; and cells."""

    documents: int = 1
    held: tuple[str, ...] = ()
    """Why documents were held back."""
    wanted: int
    found: int
    exact: int
    cells: int
    exact_cells: int

    def __add__(self, other: "Score") -> "Score":
        return Score(**{name: getattr(self, name) + getattr(other, name) for name in self.__slots__})

    def line(self) -> str:
        """Return recall, precision, exact cells and what was held back, as cells of a table."""
        precision = f"{self.exact / self.found:.1%}" if self.found else "none found"
        reasons = "; ".join(f"{text} ({times})" for text, times in Counter(self.held).items())
        numbers = f"{self.exact / self.wanted:.1%} | {precision} | {self.exact_cells / self.cells:.1%}"
        return f"{self.documents} | {self.wanted:,} | {numbers} | {len(self.held)} | {reasons}"


def score(wanted: Sequence[Row], got: Sequence[Row], held: str = "") -> Score:
    """Compare rows; a reading that is held back has found none and told nothing wrong."""
    got = [] if held else got
    return Score(
        held=(held,) if held else (),
        wanted=len(wanted),
        found=len(got),
        exact=sum((Counter(wanted) & Counter(got)).values()),
        cells=sum(map(len, wanted)),
        exact_cells=_equal_cells(wanted, got),
    )


def _equal_cells(wanted: Sequence[Row], got: Sequence[Row]) -> int:
    """Count the equal cells of rows in their order; between rows that agree, row stands against row."""
    equal = 0
    for _, start, end, first, last in SequenceMatcher(None, wanted, got, autojunk=False).get_opcodes():
        for one, other in zip(wanted[start:end], got[first:last], strict=False):
            equal += sum(a == b for a, b in zip(one, other, strict=False))
    return equal


def ours(case: "Case") -> Score:
    """Score what our reader says."""
    from scraper import readers
    from scraper.errors import DocumentError
    from scraper.model import Document

    document = Document(
        url=case.ref.url,
        data=case.data,
        media_type=case.media_type,
        charset="utf-8",
        captured_at="2026-11-01T00:00:00Z",
        sha256="",
    )
    try:
        reading = readers.read(case.reader, document, case.ref, case.options)
    except DocumentError as error:
        return score(case.rows, [], str(error))
    held = next((one.text for one in reading.problems if one.holds_back), "")
    return score(case.rows, case.told(reading.facts), held)


def peer() -> tuple[list[str] | None, str]:
    """pdfplumber in an environment of its own, made on first use; None and the reason where that fails."""
    home = OUT / "pdfplumber-venv"
    python = home / "bin" / "python"
    try:
        asked = "import pdfplumber; print(pdfplumber.__version__)"
        there = subprocess.run([python, "-c", asked], capture_output=True, text=True, check=False).stdout.strip()
        if there != PEER.partition("==")[2]:
            raise FileNotFoundError
    except FileNotFoundError:
        try:
            venv.create(home, with_pip=True, clear=True)
            subprocess.run([python, "-m", "pip", "install", "-qq", PEER], check=True, capture_output=True, text=True)
        except (OSError, subprocess.CalledProcessError) as error:
            lines = (getattr(error, "stderr", "") or str(error)).strip().splitlines()
            told = next((line for line in reversed(lines) if line.startswith("ERROR")), lines[-1])
            return None, f"{PEER} could not be installed, so it is not measured: {told}"
    return [str(python), str(HERE / "plumber.py")], ""


def plumbed(command: Sequence[str], cases: Sequence["Case"]) -> Iterator[tuple["Case", Score]]:
    """Score what pdfplumber gives of every case that has tables."""
    with tempfile.TemporaryDirectory() as name:
        paths = [Path(name) / f"{number}.pdf" for number in range(len(cases))]
        for case, path in zip(cases, paths, strict=True):
            path.write_bytes(case.data)
        cost = measure.run([*command, *map(str, paths)], OUT / "plumber.log")
    answers = [json.loads(line)["tables"] for line in cost.output.splitlines() if line.startswith("{")]
    for case, tables in zip(cases, answers, strict=True):
        assert case.tabled is not None
        yield case, score(case.printed, case.tabled(tables))


def child(path: str) -> None:
    """Read one weekly report in this process and print what that cost above the loaded process."""
    from scraper.model import Document, Options, ReleaseRef
    from scraper.readers import ice_ddor

    data, url = Path(path).read_bytes(), "https://www.ice.gov/doclib/ddor/ddor2017_02-11to02-17.pdf"
    document = Document(
        url=url, data=data, media_type="application/pdf", charset=None, captured_at="2017-04-01T00:00:00Z", sha256=""
    )
    options = Options(source_id="ice-ddor", url=url, publisher="ICE", title="Weekly report")
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew: a child inherits that of its parent
    idle = measure.peak_mb()
    started = time.process_time()
    reading = ice_ddor.read(document, ReleaseRef(key=url, url=url, title="Week"), options)
    cpu = time.process_time() - started
    print(json.dumps({"cpu": cpu, "more_mb": measure.peak_mb() - idle, "facts": len(reading.facts)}))


def long_report() -> tuple["Case", int]:
    """A report of at least 35 pages, as long as the first one of 2017 (206 rows)."""
    import pypdfium2

    from benchmarks.reader_cases import weekly_case
    from tests import ddor_reports

    for policies in range(172, 400, 4):
        case = weekly_case(ddor_reports.made(rows=ROWS, policies=policies), ddor_reports.LAYOUTS[0])
        if (pages := len(pypdfium2.PdfDocument(case.data))) >= PAGES:
            return case, pages
    raise AssertionError("no report became long enough")


def long_cost(command: Sequence[str] | None, times: int) -> tuple[int, dict[str, dict[str, float]]]:
    """Return the pages of the long report, and what it cost each program: medians of `times` processes."""
    case, pages = long_report()
    own = [sys.executable, "-m", "benchmarks.readers", "--child"]
    found = {}
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "report.pdf"
        path.write_bytes(case.data)
        for who, words in (("detainer-watch", own), ("pdfplumber", command)):
            if words:
                runs = [json.loads(measure.run([*words, str(path)], OUT / "long.log").output) for _ in range(times)]
                found[who] = {what: statistics.median(run[what] for run in runs) for what in ("cpu", "more_mb")}
    return pages, found


def scored(cases: Sequence["Case"], command: Sequence[str] | None) -> dict[tuple[str, str, str], Score]:
    """Return the score of each reader, layout and program; documents of one layout are summed up."""
    found: dict[tuple[str, str, str], Score] = {}
    told = [(case, "detainer-watch", ours(case)) for case in cases]
    if command:
        tabled = [case for case in cases if case.tabled]
        told += [(case, "pdfplumber", one) for case, one in plumbed(command, tabled)]
    for case, who, one in told:
        key = (case.reader, case.layout, who)
        found[key] = found[key] + one if key in found else one
    return found


def report(found: dict[tuple[str, str, str], Score], cost: tuple[int, dict[str, dict[str, float]]], note: str) -> str:
    """Return the section of RESULTS.md."""
    order = list(dict.fromkeys((reader, layout) for reader, layout, _ in found))
    whole: dict[tuple[str, str], Score] = {}
    for (reader, layout, who), one in found.items():
        compared = (reader, layout, "pdfplumber") in found
        for key in ((reader, who), (f"{reader}, PDFs with tables alone", who)) if compared else ((reader, who),):
            whole[key] = whole[key] + one if key in whole else one
    whole = {key: one for key, one in whole.items() if key[1] == "detainer-watch" or "alone" in key[0]}
    pages, costs = cost
    ours = costs["detainer-watch"]
    head = "documents | rows | recall | precision | exact cells | held back | why |"
    lines = [
        f"| {reader} | {layout} | {who} | {found[reader, layout, who].line()} |"
        for reader, layout in order
        for who in ("detainer-watch", "pdfplumber")
        if (reader, layout, who) in found
    ]
    return f"""{results.when()}

Documents with known rows: made by the generators of the tests, and the real ones of `../shared/corpus` read by csv and
openpyxl. A row is found if every cell of it is; a document that is held back has found none and told nothing wrong.
pdfplumber gives the cells of tables and no more: it is measured on PDFs with tables, with its default settings; a place
that stands in a line above its table ("above") is not in what it gives. Wrapped cells with nothing but equal distances
between them ("chromium-plain-repeated") cannot be told apart for certain: we hold them back on purpose.
{note}

| reader | program | {head}
|---|---|--:|--:|--:|--:|--:|--:|---|
{chr(10).join(f"| {reader} | {who} | {one.line()} |" for (reader, who), one in sorted(whole.items()))}

| {pages} pages, {ROWS} declined detainers | CPU s to read | MB more than idle |
|---|--:|--:|
{chr(10).join(f"| {who} | {one['cpu']:.2f} | {one['more_mb']:.0f} |" for who, one in costs.items())}

- A report of 35 pages under {CPU} CPU s: {is_met(ours["cpu"] < CPU)} ({ours["cpu"]:.2f} s).
- Under {MORE_MB} MB more than idle: {is_met(ours["more_mb"] < MORE_MB)} ({ours["more_mb"]:.0f} MB).

| reader | layout | program | {head}
|---|---|---|--:|--:|--:|--:|--:|--:|---|
{chr(10).join(lines)}

{results.machine("detainer-watch", "pypdfium2", "python-calamine")} pdfplumber is {PEER.partition("==")[2]}.
"""


def quality(rows: int, times: int, *, with_peer: bool) -> tuple[str, bool]:
    """Measure; return the section, and whether everything in it ran."""
    from benchmarks import reader_cases
    from tests import conftest, ddor_reports

    OUT.mkdir(exist_ok=True)
    command, note = peer() if with_peer else (None, "pdfplumber was left out.")
    missing = [note] if note else []
    if not ddor_reports.CHROMIUM.exists():
        missing.append(f"Chromium is not at {ddor_reports.CHROMIUM}: its layouts are not measured.")
    if not conftest.CORPUS.is_dir():
        missing.append("The real documents are not beside this checkout: they are not measured.")
    found = scored(list(reader_cases.cases(rows)), command)
    return report(found, long_cost(command, times), " ".join(missing)), not missing


def main(words: Sequence[str] | None = None) -> None:
    """Measure and print; where everything ran, write the sections of RESULTS.md."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.readers", description=__doc__)
    parser.add_argument("--child", metavar="FILE", help="for the program itself")
    parser.add_argument("--times", type=int, default=5, help="readings of the long report; the median is shown")
    parser.add_argument("--rows", type=int, default=ROWS, help="rows of a weekly report, for trying; writes nothing")
    parser.add_argument("--without-peer", action="store_true", help="leave pdfplumber out; writes nothing")
    parser.add_argument("--without-workbook", action="store_true", help="leave the large workbook out")
    asked = parser.parse_args(words)
    if asked.child:
        child(asked.child)
        return
    text, complete = quality(asked.rows, asked.times, with_peer=not asked.without_peer)
    print(text)
    if complete and asked.rows == ROWS:
        results.write(TITLE, text)
    if not asked.without_workbook:
        from benchmarks import workbook

        workbook.main([])


if __name__ == "__main__":
    main()
