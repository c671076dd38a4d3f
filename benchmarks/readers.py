"""`python -m benchmarks.readers`: how right the reader of weekly reports is, and what it costs, beside pdfplumber.

Reports with known rows are set in every layout of `tests/ddor_reports.py` by two generators. A row counts as found if
all of its cells are. pdfplumber gives the cells of tables and no more: to compare them, headers are matched by their
names, rows without a header follow the header of the page before, an empty jurisdiction is the one above, and
"(cid:127)" is a bullet.
"""

import argparse
import io
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from difflib import SequenceMatcher
from importlib.util import find_spec
from pathlib import Path

from benchmarks import measure

Rows = dict[str, list[tuple[str, ...]]]
HERE = "https://www.ice.gov/doclib/ddor/ddor2017_02-11to02-17.pdf"
PAGES = 35


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """Of one reading: exact rows over true rows, over rows found, and exact cells over true cells; `held`: why not."""

    recall: float
    precision: float | None
    """None: no row was found."""
    cells: float
    held: str = ""


def ours(data: bytes) -> tuple[Rows, str]:
    """What our reader says, and why it holds the report back ("" where it does not)."""
    from scraper.errors import DocumentError
    from scraper.model import Document, Options, ReleaseRef
    from scraper.readers import ice_ddor
    from tests import ddor_reports

    document = Document(
        url=HERE, data=data, media_type="application/pdf", charset=None, captured_at="2017-04-01T00:00:00Z", sha256=""
    )
    options = Options(source_id="ice-ddor", url=HERE, publisher="ICE", title="Weekly report")
    try:
        reading = ice_ddor.read(document, ReleaseRef(key=HERE, url=HERE, title="Week"), options)
    except DocumentError as error:
        return {}, str(error)
    return ddor_reports.told(reading.facts), next((one.text for one in reading.problems if one.holds_back), "")


def plumbed(data: bytes) -> tuple[Rows, str]:
    """What pdfplumber's `extract_tables` gives with its default settings."""
    import pdfplumber

    from tests import ddor_reports

    headers = {"I": ddor_reports.HEADERS_I, "II": ddor_reports.HEADERS_II, "III": ddor_reports.HEADERS_III}
    found: Rows = {"I": [], "II": [], "III": []}
    section, places, place = "", (), ""
    with pdfplumber.open(io.BytesIO(data)) as opened:
        for table in (table for page in opened.pages for table in page.extract_tables()):
            for cells in table:
                row = tuple(" ".join((cell or "").replace("(cid:127)", "•").split()) for cell in cells)
                named = next((one for one, names in headers.items() if set(names) <= set(row)), None)
                if named:
                    section = named
                    group = [row.index("Jurisdiction")] if named == "II" and "Jurisdiction" in row else []
                    places = (*group, *(row.index(name) for name in headers[named]))
                elif section and max(places) < len(row):
                    taken = tuple(row[at] for at in places)
                    if section == "II" and len(taken) == 4 and not any(taken[1:]):
                        place = taken[0]
                        continue
                    if section == "II":
                        place = taken[0] or place if len(taken) == 5 else place
                        taken = (place, *taken[-4:])
                        taken = (*taken[:2], *map(_iso, taken[2:4]), taken[4])
                    found[section].append(taken)
    return found, ""


def _iso(text: str) -> str:
    from tests import ddor_reports

    return ddor_reports.iso(text) if text.count("/") == 2 else text


def score(true: Rows, found: Rows, held: str) -> Score:
    """Compare the rows of all sections; a reading that is held back has found none and told nothing wrong."""
    wanted = [(section, *row) for section, rows in true.items() for row in rows]
    got = [] if held else [(section, *row) for section, rows in found.items() for row in rows]
    exact = sum((Counter(wanted) & Counter(got)).values())
    return Score(
        recall=exact / len(wanted),
        precision=exact / len(got) if got else None,
        cells=_equal_cells(wanted, got) / sum(len(row) - 1 for row in wanted),
        held=held,
    )


def _equal_cells(wanted: Sequence[tuple[str, ...]], got: Sequence[tuple[str, ...]]) -> int:
    """Count the equal cells of rows in their order; between rows that agree, row stands against row."""
    equal = 0
    for _, start, end, first, last in SequenceMatcher(None, wanted, got, autojunk=False).get_opcodes():
        for one, other in zip(wanted[start:end], got[first:last], strict=False):
            equal += sum(a == b for a, b in zip(one[1:], other[1:], strict=False))
    return equal


READERS: dict[str, Callable[[bytes], tuple[Rows, str]]] = {"detainer-watch": ours, "pdfplumber": plumbed}


def contenders() -> Iterator[str]:
    for name in READERS:
        if name == "detainer-watch" or find_spec(name):
            yield name
        else:
            print(f"{name} is not installed: it is not measured.")


def child(name: str, path: str) -> None:
    """Read one file in a process of its own and print what that cost above the loaded process."""
    if name == "detainer-watch":
        from scraper.readers import ice_ddor  # noqa: F401
    else:
        import pdfplumber  # noqa: F401
    from tests import ddor_reports  # noqa: F401

    data = Path(path).read_bytes()
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew: a child inherits that of its parent
    idle = _peak_mb()
    started = time.process_time()
    rows, held = READERS[name](data)
    cpu = time.process_time() - started
    print(json.dumps({"cpu": cpu, "more_mb": _peak_mb() - idle, "rows": sum(map(len, rows.values())), "held": held}))


def _peak_mb() -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:"))


def long_report() -> tuple[bytes, int]:
    """A report of at least 35 pages, as long as the first one of 2017 (206 rows)."""
    import pypdfium2

    from tests import ddor_reports

    layout = ddor_reports.LAYOUTS[0]
    for policies in range(100, 400, 4):
        data = ddor_reports.pdf(ddor_reports.made(rows=206, policies=policies), layout)
        if (pages := len(pypdfium2.PdfDocument(data))) >= PAGES:
            return data, pages
    raise AssertionError("no report became long enough")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.readers", description=__doc__)
    parser.add_argument("--child", nargs=2, metavar=("READER", "FILE"), help="for the program itself")
    parser.add_argument("--times", type=int, default=5, help="readings of the long report; the median is shown")
    asked = parser.parse_args()
    if asked.child:
        child(*asked.child)
        return
    from tests import ddor_reports

    names = list(contenders())
    browser = ddor_reports.CHROMIUM.exists()
    if not browser:
        print(f"Chromium is not at {ddor_reports.CHROMIUM}: its layouts are not measured.")
    print("\n| layout | reader | recall | precision | exact cells | |\n|---|---|--:|--:|--:|---|")
    report = ddor_reports.made(rows=206, policies=40, stated=206)
    with ddor_reports.chromium() if browser else nullcontext() as printed:
        for layout in ddor_reports.LAYOUTS:
            if layout.engine != "chromium" or printed is not None:
                data = ddor_reports.pdf(report, layout, printed)
                for name in names:
                    one = score(ddor_reports.truth(report), *READERS[name](data))
                    told = f"held back: {one.held}" if one.held else ""
                    precision = "none found" if one.precision is None else f"{one.precision:.1%}"
                    numbers = f"{one.recall:.1%} | {precision} | {one.cells:.1%}"
                    print(f"| {layout.name} | {name} | {numbers} | {told} |")
    data, pages = long_report()
    print(f"\n| {pages} pages | CPU s to read | MB more than idle | rows |\n|---|--:|--:|--:|")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "report.pdf"
        path.write_bytes(data)
        for name in names:
            command = [sys.executable, "-m", "benchmarks.readers", "--child", name, str(path)]
            runs = [json.loads(measure.run(command, Path(folder) / "log").output) for _ in range(asked.times)]
            cpu, more = (sorted(run[key] for run in runs)[len(runs) // 2] for key in ("cpu", "more_mb"))
            print(f"| {name} | {cpu:.2f} | {more:.0f} | {runs[0]['rows']} |")


if __name__ == "__main__":
    main()
