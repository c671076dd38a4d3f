"""Documents whose rows are known, reader by reader: those that the tests make, and real ones that lie beside us.

The truth never comes from our readers: a generator knows what it printed, and real files are read by csv and openpyxl.
"""

import csv
import io
import json
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any, Final

import openpyxl
from reportlab.lib.pagesizes import letter
from reportlab.platypus import Paragraph, SimpleDocTemplate, Table

from benchmarks import workbook_inputs
from scraper.model import Fact, Figure, Options, ReleaseRef
from scraper.readers import detainer_records
from tests import ddor_reports
from tests import test_readers_cis as cis
from tests import test_readers_ice_287g as agreements
from tests import test_readers_ice_ddr as ddr
from tests import test_readers_judicial_watch as watch
from tests import test_readers_lists as lists
from tests.conftest import CORPUS

Row = tuple[str, ...]
Tables = list[list[list[str]]]
HTML: Final = "text/html"
PDF: Final = "application/pdf"
XLSX: Final = agreements.XLSX
_GRID: Final = [("GRID", (0, 0), (-1, -1), 0.5, "black")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One document, and all the rows that it states."""

    reader: str
    layout: str
    data: bytes
    media_type: str
    options: Options
    ref: ReleaseRef
    rows: Sequence[Row]
    told: Callable[[Sequence[Fact]], list[Row]]
    """The facts of a reading in the form of `rows`."""
    printed: Sequence[Row] = ()
    """The rows as printed, for a program that gives the cells of tables and no more."""
    tabled: Callable[[Tables], list[Row]] | None = None
    """The tables of such a program in the form of `printed`; None: the document has none."""


def cases(rows: int = 206) -> Iterator[Case]:
    """Yield every case; weekly reports have so many rows."""
    yield from weekly(rows)
    yield from quarterly()
    yield from posts()
    yield from counties()
    yield from records(10 * rows)
    yield from places()
    if CORPUS.is_dir():
        yield from the_map()
        yield from workbooks()


def weekly(rows: int) -> Iterator[Case]:
    """The weekly reports in every layout, where there is a browser also in its own."""
    report = ddor_reports.made(rows=rows, policies=max(2, rows // 5), stated=rows)
    browser = ddor_reports.CHROMIUM.exists()
    with ddor_reports.chromium() if browser else nullcontext() as printed:
        for layout in ddor_reports.LAYOUTS:
            if layout.engine != "chromium" or printed is not None:
                yield weekly_case(report, layout, printed)


def weekly_case(report: ddor_reports.Report, layout: ddor_reports.Layout, printed: Any = None) -> Case:
    url = "https://www.ice.gov/doclib/ddor/ddor2017_02-11to02-17.pdf"
    truth = _flat(ddor_reports.truth(report))
    return Case(
        reader="ice_ddor",
        layout=layout.name,
        data=ddor_reports.pdf(report, layout, printed),
        media_type=PDF,
        options=Options(source_id="ice-ddor", url=url, publisher="ICE", title="Weekly report"),
        ref=ReleaseRef(key=url, url=url, title="Week"),
        rows=truth,
        told=lambda facts: _flat(ddor_reports.told(facts)),
        printed=truth,
        tabled=_weekly_tables,
    )


def _flat(sections: dict[str, list[Row]]) -> list[Row]:
    return [(section, *row) for section, rows in sections.items() for row in rows]


def _weekly_tables(tables: Tables) -> list[Row]:
    """Match headers by their names; rows without one follow that of the page before, an empty group is that above.

    "(cid:127)" is a bullet.
    """
    headers = {"I": ddor_reports.HEADERS_I, "II": ddor_reports.HEADERS_II, "III": ddor_reports.HEADERS_III}
    found: list[Row] = []
    section, at, place = "", (), ""
    for cells in (row for table in tables for row in table):
        row = tuple(cell.replace("(cid:127)", "•") for cell in cells)
        named = next((one for one, names in headers.items() if set(names) <= set(row)), None)
        if named:
            section = named
            group = [row.index("Jurisdiction")] if named == "II" and "Jurisdiction" in row else []
            at = (*group, *(row.index(name) for name in headers[named]))
        elif section and max(at) < len(row):
            taken = tuple(row[each] for each in at)
            if section == "II" and len(taken) == 4 and not any(taken[1:]):
                place = taken[0]
                continue
            if section == "II":
                place = taken[0] or place if len(taken) == 5 else place
                taken = (place, *taken[-4:])
                taken = (*taken[:2], *map(_iso, taken[2:4]), taken[4])
            found.append((section, *taken))
    return found


def _iso(text: str) -> str:
    return ddor_reports.iso(text) if text.count("/") == 2 else text


def _under(headers: Sequence[str]) -> Callable[[Tables], list[Row]]:
    """Return what takes the rows below a header out of tables, its columns by their names."""

    def taken(tables: Tables) -> list[Row]:
        found: list[Row] = []
        at: list[int] = []
        for row in (row for table in tables for row in table):
            if set(headers) <= set(row):
                at = [row.index(name) for name in headers]
            elif at and max(at) < len(row):
                found.append(tuple(row[each] for each in at))
        return found

    return taken


_ACCOUNT: Final = (
    "place_quoted", "state_quoted", "citizenship_quoted", "age", "arrested_on", "detainer_on", "released_on",
    "rearrested_on", "charges_quoted", "disposition",
)  # fmt: skip
_ACCOUNTS: Final = (
    ("Los Angeles", "", "Mexico", "34", "2018-01", "2018-01-14", "2018-01-16", "2018-02",
     "assault with a deadly weapon", "unstated"),
    ("San Luis Obispo County", "", "Guatemala", "", "2017-12", "", "", "2018-01", "driving under the influence",
     "unstated"),
    ("Cook County", "Illinois", "Honduran", "29", "2018-02-03", "2018-02-04", "2018-02-06", "",
     "Robbery: Aided by Another, and Battery", "charged"),
)  # fmt: skip
"""What `tests.test_readers_ice_ddr.CASES` say."""


def quarterly() -> Iterator[Case]:
    """The quarterly report: accounts in sentences, and as a table."""

    def accounts(facts: Sequence[Fact]) -> list[Row]:
        found = [fact for fact in facts if fact.TABLE == "case_account"]
        return [tuple(_text(getattr(fact, name)) for name in _ACCOUNT) for fact in found]

    for name, make in (ddr.PDFS | ddr.PAGES).items():
        yield _quarterly(name, make(*ddr.CASES), _ACCOUNTS, accounts)
    truth = [tuple(map(_text, row)) for row in ddr.TRUTH]

    def rows(facts: Sequence[Fact]) -> list[Row]:
        return [tuple(map(_text, row)) for row in ddr.summary(_reading(facts))]

    yield _quarterly("table", ddr.tabled(), truth, rows)
    table = _quarterly("table", ddr.drawn(), truth, rows)
    yield replace(table, printed=ddr.ROWS, tabled=_under(ddr.HEADER))


def _quarterly(name: str, data: str | bytes, rows: Sequence[Row], told: Callable[[Sequence[Fact]], list[Row]]) -> Case:
    return Case(
        reader="ice_ddr",
        layout=f"{'PDF' if isinstance(data, bytes) else 'page'}, {name}",
        data=data if isinstance(data, bytes) else data.encode(),
        media_type=PDF if isinstance(data, bytes) else HTML,
        options=ddr.OPTIONS,
        ref=ddr.REF,
        rows=rows,
        told=told,
    )


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _reading(facts: Sequence[Fact]) -> Any:
    from scraper.model import Reading

    return Reading(facts=tuple(facts))


def _stated(facts: Sequence[Fact]) -> list[Row]:
    """Return each figure of a table, in whatever order: what it is of, its measure, its value."""
    found = [fact for fact in facts if isinstance(fact, Figure) and (fact.locator.column or fact.locator.row)]
    return sorted(
        (f.facility_quoted or f.place_quoted, f.state_quoted or f.label_quoted, _text(f.measure), _text(f.value))
        for f in found
    )


def posts() -> Iterator[Case]:
    """Posts of CIS: tables in any order of columns, with other words, with marks, and the paper as PDF."""
    rows = cis.by_state()
    truth = [("", name, str(measure), str(value)) for (name, measure), value in cis.TRUTH.items()]
    for order in ((0, 1, 2, 3), (3, 1, 0, 2), (2, 0, 3, 1)):
        moved = [[row[at] for at in order] for row in rows]
        yield _post(f"page, columns {order}", cis.ABOUT + cis.table(moved, [cis.HEADERS[at] for at in order]), truth)
    renamed = ("State or Territory", "Detainers Refused", "Insufficient Notice to ICE", "Grand Total")
    yield _post("page, other headers", cis.ABOUT + cis.table(rows, renamed), truth)
    added = [[row[0], "1,000,000", *row[1:]] for row in rows]
    yield _post("page, a column added", cis.ABOUT + cis.table(added, ("State", "Population", *cis.HEADERS[1:])), truth)
    marked = [["California*", "13,025<sup>1</sup>", *rows[0][2:]], *rows[1:]]
    yield _post("page, footnote marks", cis.ABOUT + cis.table(marked), truth)
    jails = [("Santa Clara Main Jail", "CA", "2,981"), ("Cook County Jail", "IL", "1,804")]
    told = [(name, state, "declined_or_insufficient_notice", count.replace(",", "")) for name, state, count in jails]
    heading = "<h3>Table 2. Facilities with the most detainers declined or with insufficient notice</h3>"
    yield _post("page, facilities", heading + cis.table(jails, ("Facility", "State", "Count")), told)
    printed = [tuple(row) for row in rows]
    about = "Detainers declined or with insufficient notice, by state"
    plain = cis.paper(about, Table([list(cis.HEADERS), *rows], style=_GRID))
    raised = [[Paragraph(cell, cis.BODY) for cell in row] for row in (cis.HEADERS, *rows)]
    raised[1][1] = Paragraph("13,025<super rise=3 size=6>1</super>", cis.BODY)
    noted = cis.paper(about, Table(raised, colWidths=[150, 80, 130, 80], style=_GRID))
    for name, data in (("PDF, table with rules", plain), ("PDF, raised footnote mark", noted)):
        yield replace(_post(name, data, truth), printed=printed, tabled=_under(cis.HEADERS))


def _post(name: str, body: str | bytes, rows: Sequence[Row]) -> Case:
    page = f"<html><head><title>A Post</title></head><body><article>{body!s}</article>"
    return Case(
        reader="cis_post",
        layout=name,
        data=body if isinstance(body, bytes) else page.encode(),
        media_type=PDF if isinstance(body, bytes) else HTML,
        options=cis.OPTIONS,
        ref=ReleaseRef(key="k", url=cis.URL, title="Post"),
        rows=sorted(rows),
        told=_stated,
    )


def counties() -> Iterator[Case]:
    """Judicial Watch: spreadsheets, documents with lists, and the list in its real announcement."""
    headers = ("Facility", "State", "Detainers Declined")
    truth = [(name, state, "detainer_declined", str(count)) for name, state, count in watch.JAILS]
    total = [("", "Total", "detainer_declined", str(sum(count for *_, count in watch.JAILS)))]
    book = watch.workbook(*watch.PREAMBLE, headers, *watch.JAILS, ("Total", None, int(total[0][3])))
    yield _watch("workbook, opening lines", book, XLSX, [*truth, *total])
    yield _watch(
        "workbook, columns turned", watch.workbook(headers[::-1], *(r[::-1] for r in watch.JAILS)), XLSX, truth
    )
    text = "".join(f'"{name}",{state},{count}\n' for name, state, count in watch.JAILS)
    yield _watch("delimited", f"{','.join(headers)}\n{text}".encode(), "text/csv", truth)
    cells = [headers, *((name, state, str(count)) for name, state, count in watch.JAILS)]
    for name, style in (("PDF, rules", _GRID), ("PDF, no rules", [])):
        buffer = io.BytesIO()
        opening = Paragraph(
            "The facilities below declined detainers in the first quarter of fiscal year 2017.", watch.BODY
        )
        SimpleDocTemplate(buffer, pagesize=letter).build([opening, Table(cells, style=style)])
        case = _watch(name, buffer.getvalue(), PDF, truth)
        yield replace(case, printed=cells[1:], tabled=_under(headers))
    if CORPUS.is_dir():
        yield _announcement()


def _watch(name: str, data: bytes, media_type: str, rows: Sequence[Row]) -> Case:
    return Case(
        reader="judicial_watch",
        layout=name,
        data=data,
        media_type=media_type,
        options=watch.OPTIONS,
        ref=ReleaseRef(key="k", url=watch.URL, title="Facilities that declined detainers"),
        rows=sorted(rows),
        told=_stated,
    )


def _announcement() -> Case:
    """The real one: a total and five places in a sentence; that they cannot be of one whole holds nothing back."""
    lines = (CORPUS / "judicial-watch/judicialwatch_2017-10-12.txt").read_text("utf-8").splitlines()
    text = "".join(f"<p>{line}</p>" for line in lines if line and not line.startswith(("#", "(check")))
    rows = (
        ("", "", "284"), ("Ventura County", "CA", "188"), ("Miami-Dade", "FL", "93"), ("Denver", "CO", "74"),
        ("Clark", "NV", "68"), ("Los Angeles", "CA", "57"),
    )  # fmt: skip

    def told(facts: Sequence[Fact]) -> list[Row]:
        found = [fact for fact in facts if isinstance(fact, Figure) and fact.measure == "detainer_declined"]
        return [(f.place_quoted, f.state_quoted, _text(f.value)) for f in found]

    page = f"<html><body><article>{text}</article></body></html>".encode()
    return replace(_watch("the real announcement", page, HTML, rows), rows=rows, told=told)


def the_map() -> Iterator[Case]:
    """The real copy of the map's table against csv, and as a page."""
    path = CORPUS / "cis/cis_sanctuary_map_copy.csv"
    rows = cis.independent(path)
    page = f"<html><head><title>Map</title></head><body><article>{cis.table(rows, cis.MAP)}</article>".encode()
    for name, data, media_type in (("the real copy", path.read_bytes(), "text/csv"), ("as a page", page, HTML)):
        yield Case(
            reader="cis_map",
            layout=name,
            data=data,
            media_type=media_type,
            options=cis.OPTIONS,
            ref=ReleaseRef(key="k", url=cis.URL, title="Map"),
            rows=rows,
            told=lambda facts: cis.policies(_reading(facts)),
        )


def workbooks() -> Iterator[Case]:
    """ICE's real lists of agreements against openpyxl."""
    for path in sorted((CORPUS / "ice-287g").glob("*.xlsx")):
        yield Case(
            reader="ice_287g",
            layout="the real workbooks",
            data=path.read_bytes(),
            media_type=XLSX,
            options=agreements.OPTIONS,
            ref=ReleaseRef(key="k", url=agreements.INDEX, title="t"),
            rows=sorted(agreements.independent(path).elements()),
            told=lambda facts: sorted(map(agreements.cells, facts)),
        )


_COUNTED: Final = {workbook_inputs.DECLINED: "detainer_declined", workbook_inputs.NOTICE: "insufficient_notice"}


def records(rows: int) -> Iterator[Case]:
    """Detainer records against csv and openpyxl: each row with all its columns, and what is counted by state."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "a.xlsx"
        workbook_inputs.write(path, Path(name) / "b.xlsx", rows)
        book = openpyxl.load_workbook(path, read_only=True)
        _, *read = book.active.iter_rows(min_row=7, values_only=True)  # type: ignore[union-attr]
        book.close()
        yield _records(
            "workbook", path.read_bytes(), XLSX, workbook_inputs.COLUMNS, [list(map(_cell, r)) for r in read]
        )
    path = CORPUS / "ddp/detainers_st_cloud_sample.csv"
    if path.is_file():
        header, *lines = csv.reader(io.StringIO(path.read_text("utf-8")))
        yield _records("the real sample", path.read_bytes(), "text/csv", header, [list(map(_cell, r)) for r in lines])


def _cell(value: Any) -> str:
    return " ".join((value.date().isoformat() if hasattr(value, "date") else _text(value)).split())


def _records(name: str, data: bytes, media_type: str, header: Sequence[str], lines: list[list[str]]) -> Case:
    """A column without a header is told as unread and is no part of the truth."""
    names = [detainer_records._name(one) for one in header]
    cells = [{name: cell for name, cell in zip(names, line, strict=True) if name and cell} for line in lines]
    counts = Counter(
        (_COUNTED[one["detainer_lift_reason"]], one.get("facility_state", ""))
        for one in cells
        if one.get("detainer_lift_reason") in _COUNTED
    )

    def told(facts: Sequence[Fact]) -> list[Row]:
        kept = [json.loads(fact.cells) for fact in facts if fact.TABLE == "detainer_record"]
        figures = [f for f in facts if isinstance(f, Figure) and f.state_quoted and not f.facility_quoted]
        return [
            *_pairs(kept),
            *((_text(f.measure), f.state_quoted, _text(f.value)) for f in figures if not f.label_quoted),
        ]

    url = "https://deportationdata.org/detainers_FY26.xlsx"
    return Case(
        reader="detainer_records",
        layout=name,
        data=data,
        media_type=media_type,
        options=Options(source_id="ddp", url=url, publisher="DDP", title="Records"),
        ref=ReleaseRef(key=url, url=url, title="Records"),
        rows=[*_pairs(cells), *((*key, str(count)) for key, count in sorted(counts.items()))],
        told=told,
    )


def _pairs(rows: Sequence[dict[str, str]]) -> list[Row]:
    return [tuple(f"{name}={cell}" for name, cell in sorted(row.items())) for row in rows]


def places() -> Iterator[Case]:
    """The lists of two departments in the forms that a page may give them."""
    forms = ("<h3>{}</h3>", "<p><strong>{}:</strong></p>", "<h2>{}:</h2>", "<div>{}</div>")
    if CORPUS.is_dir():
        with (CORPUS / "doj/doj_list_2025-08-05.csv").open(newline="") as file:
            named = [(row["type"], row["name_as_published"]) for row in csv.DictReader(file)]
        truth = {kind: [name for one, name in named if one == kind] for kind in ("STATE", "COUNTY", "CITY")}
        for form in forms:
            body = lists.INTRO + lists.as_lists(truth, form) + lists.AFTER
            yield _list("doj_list", f"the real list, {_tags(form)}", body, lists.expected(truth))
        lines = "".join(f"<tr><td>{name}</td><td>{kind}</td></tr>" for kind, names in truth.items() for name in names)
        table = f"<h2>List</h2><table><tr><th>Jurisdiction</th><th>Type</th></tr>{lines}</table>"
        yield _list("doj_list", "the real list, a table", table, lists.expected(truth))
    states, kinds = (
        ("<h2>{}</h2>", "<p><strong>{}</strong></p>", "<h4><button>{}</button></h4>"),
        ("<h3>{}</h3>", "<p>{}:</p>"),
    )
    for state, kind in product(states, kinds):
        body = lists.dhs(lists.DHS, state, kind)
        yield _list("dhs_list", f"{_tags(state)}, {_tags(kind)}", body, lists.dhs_rows(lists.DHS))


def _tags(form: str) -> str:
    return form.partition("{")[0].replace("<", "").replace(">", " ").strip()


def _list(reader: str, name: str, body: str, rows: Sequence[Row]) -> Case:
    return Case(
        reader=reader,
        layout=name,
        data=lists.document(body).data,
        media_type=HTML,
        options=lists.OPTIONS,
        ref=ReleaseRef(key="k", url=lists.URL, title="List"),
        rows=rows,
        told=lambda facts: lists.rows(_reading(facts)),
    )
