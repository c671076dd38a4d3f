"""Records of detainers: every row with all its columns, and counts that an independent count confirms."""

import csv
import io
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scraper import readers
from scraper.errors import LayoutChanged
from scraper.known import Known, collected, fact_hash
from scraper.model import DetainerRecord, Document, Fact, Figure, Options, Reading, ReleaseRef
from scraper.readers import detainer_records
from tests.desk import Desk
from tests.publisher import Publisher
from tests.test_documents_delimited import Shelf

URL = "https://example.org/2026-ICLI-00005_Detainers_FY26_20260311_Redacted.xlsx"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
DECLINED, NOTICE = "Detainer Declined by LEA", "Insufficient Notice to ICE"
NEEDED = ["Detainer Prepare Date", "Facility State", "Detainer Facility", "Detainer Lift Reason"]
HEADER = [
    "Detainer Prepare Date", "Facility State", "Facility AOR", "Case Status", "Detainer Criminality",
    "Detainer Facility", "Detainer Facility Code", "Facility City", "Detainer Threat Level", "Gender",
    "Citizenship Country", "Birth Country", "Birth Date", "Birth Year", "Entry Status",
    "Most Serious Conviction (MSC) Charge", "MSC Charge Date", "Detainer Lift Reason", "Detainer Lift Reason Code",
    "Detainer Type", "Alien File Number", "EID Case ID", "Anonymized Identifier",
    *[f"Flag {number} Yes No" for number in range(42)],
]  # fmt: skip
REDACTED = ("(b)(6), (b)(7)(c)", "(b)(6);(b)(7)(C)", "(b) (6), (b) (7)(C)", "[REDACTED]")
PREAMBLE = ["U.S. Immigration and Customs Enforcement", "FOIA 2026-ICLI-00005", "Detainers", "FY 2026", "", "Redacted"]


def row(number: int, **cells: str) -> list[str]:
    """One record of 65 columns; `cells` by the header's words with _ for a blank."""
    made = dict.fromkeys(HEADER, "") | {
        "Detainer Prepare Date": f"2026-0{1 + number % 3}-{10 + number % 7}",
        "Facility State": ("ILLINOIS", "CALIFORNIA", "")[number % 3],
        "Facility AOR": "Chicago Area of Responsibility",
        "Detainer Facility": ("COOK COUNTY JAIL", "KERN CO JAIL", "")[number % 3],
        "Entry Status": "Not  Applicable",
        "Most Serious Conviction (MSC) Charge": ("Assault", "", "Larceny")[number % 3],
        "Detainer Lift Reason": (DECLINED, NOTICE, "", "Booked into Detention")[number % 4],
        "Birth Date": REDACTED[number % 4],
        "Alien File Number": REDACTED[(number + 1) % 4],
        "Anonymized Identifier": f"{number:040x}",
        "Flag 3 Yes No": "YES",
    }
    return list((made | {name.replace("_", " "): cell for name, cell in cells.items()}).values())


def workbook(**sheets: Sequence[Sequence[object]]) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for name, rows in sheets.items():
        page = book.create_sheet(name)
        for cells in rows:
            page.append(list(cells))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def sheet_of(rows: Iterable[Sequence[object]], header: Sequence[str] = HEADER) -> list[Sequence[object]]:
    """Six rows of preamble, the header on the seventh, as in the release of March 2026."""
    return [*[[words] for words in PREAMBLE], header, *rows]


def document(data: bytes, media_type: str = XLSX) -> Document:
    return Document(url=URL, data=data, media_type=media_type, charset=None, captured_at="", sha256="")


def as_csv(*rows: Sequence[str]) -> Document:
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return document(out.getvalue().encode(), "text/csv")


def large(page: Document) -> Document:
    return replace(page, data=b"", content=Shelf(data=page.data))


def options(**kw: object) -> Options:
    return Options(source_id="s", url=URL, publisher="p", title="t", **kw)  # type: ignore[arg-type]


def run_of(page: Document, known: Known | None = None) -> tuple[list[Fact], Reading]:
    return collected(
        detainer_records.stream(page, ReleaseRef(key=URL, url=URL, title="t"), options(), known or Known())
    )


def records(facts: Iterable[Fact]) -> list[dict[str, str]]:
    return [json.loads(fact.cells) for fact in facts if isinstance(fact, DetainerRecord)]


def hashes(facts: Iterable[Fact]) -> bytes:
    return b"".join(map(fact_hash, facts))


def codes(reading: Reading) -> list[str]:
    return [problem.code for problem in reading.problems]


def counted(facts: Iterable[Fact], reading: Reading) -> Counter[tuple[str, str, str, str]]:
    """The counts that were made: (measure, by, state, value) -> rows."""
    found: Counter[tuple[str, str, str, str]] = Counter()
    for fact in facts:
        if not isinstance(fact, Figure):
            continue
        whole = (fact.period_start, fact.period_end) == (reading.period_start, reading.period_end)
        assert (fact.unit, fact.derived, str(fact.value)) == ("detainers", True, fact.value_quoted)
        assert "not a figure that the publisher states" in fact.note
        by, what = "all", ""
        if fact.label_quoted.startswith("no "):
            by = fact.label_quoted.split()[1]
        elif fact.label_quoted:
            by, what = "offence", fact.label_quoted.removeprefix("most serious conviction: ")
        elif fact.facility_quoted:
            by, what = "facility", fact.facility_quoted
        elif fact.state_quoted:
            by = "state"
        elif not whole:
            by, what = "month", (fact.period_start or "")[:7]
        found[str(fact.measure), by, fact.state_quoted, what] += int(fact.value or 0)
    return found


def count_again(rows: Iterable[tuple[str, str, str, str, str]]) -> Counter[tuple[str, str, str, str]]:
    """Count (reason, state, facility, month, offence) in our own way."""
    found: Counter[tuple[str, str, str, str]] = Counter()
    for reason, state, facility, month, offence in rows:
        measure = {DECLINED: "detainer_declined", NOTICE: "insufficient_notice"}.get(reason)
        if measure:
            found.update([
                (measure, "all", "", ""), (measure, "state", state, ""), (measure, "facility", state, facility),
                (measure, "month", "", month), (measure, "offence", "", offence),
            ])  # fmt: skip
    return found


def told(cells: dict[str, str]) -> tuple[str, str, str, str, str]:
    names = (
        "detainer_lift_reason", "facility_state", "detainer_facility", "detainer_prepare_date",
        "most_serious_conviction_msc_charge",
    )  # fmt: skip
    reason, state, facility, date, offence = (cells.get(name, "") for name in names)
    return reason, state, facility, date[:7], offence


def test_the_real_records_of_one_prison_are_read_whole(corpus: Path) -> None:
    data = (corpus / "ddp" / "detainers_st_cloud_sample.csv").read_bytes()
    lines = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    renamed = {
        "detainer_prepared_criminality": "detainer_criminality", "detention_facility": "detainer_facility",
        "detention_facility_code": "detainer_facility_code", "detainer_prep_threat_level": "detainer_threat_level",
        "most_serious_conviction_charge": "most_serious_conviction_msc_charge",
        "unique_identifier": "anonymized_identifier",
    }  # fmt: skip
    names = [renamed.get(name, name) for name in lines[0]]
    expected = [
        {name: " ".join(cell.split()) for name, cell in zip(names, line, strict=True) if name and cell.strip()}
        for line in lines[1:]
    ]
    for page in (document(data, "text/csv"), large(document(data, "text/csv"))):
        facts, reading = run_of(page)
        assert records(facts) == [dict(sorted(cells.items())) for cells in expected]
        assert len(expected) == 11
        assert {cells["entry_status"] for cells in expected} >= {"Not Applicable"}
        assert counted(facts, reading) == count_again(map(told, expected))
        assert (reading.period_start, reading.period_end) == ("2026-02-02", "2026-02-11")
        assert codes(reading) == ["unread_column"], "the column of row numbers has no header"
        first = facts[0]
        assert isinstance(first, DetainerRecord)
        assert (first.state_quoted, first.facility_quoted, first.lift_reason_quoted, first.prepared_on) == (
            "MINNESOTA", "MINN.C.F.,ST.CLOUD", DECLINED, "2026-02-11")  # fmt: skip
        assert first.record_key == json.dumps(
            [expected[0]["anonymized_identifier"], "2026-02-11", "MINN.C.F.,ST.CLOUD"]
        )


def test_the_real_records_of_older_years_are_read_whole(corpus: Path) -> None:
    data = (corpus / "npr" / "residents.csv").read_bytes()
    with (corpus / "npr" / "residents.csv").open(encoding="utf-8-sig", newline="") as lines:
        rows = list(csv.DictReader(lines))
    facts, reading = run_of(large(document(data, "text/csv")))
    found = [fact for fact in facts if isinstance(fact, DetainerRecord)]
    assert len(found) == len(rows) == 1846
    for fact, line in zip(found, rows, strict=True):
        assert (fact.facility_quoted, fact.state_quoted, fact.prepared_on) == (
            " ".join(line["det_facility"].split()), line["state"].strip(), line["date"][:10])  # fmt: skip
        assert len(json.loads(fact.cells)) == sum(bool(cell.strip()) for cell in line.values())
        assert fact.record_key == ""
    assert reading.problems == ()
    assert not [fact for fact in facts if isinstance(fact, Figure)], "none of them was declined"
    assert (reading.period_start, reading.period_end) == ("2007-10-02", "2015-07-16")


@pytest.mark.parametrize("is_large", [False, True], ids=["at once", "row by row"])
def test_a_workbook_with_a_sheet_for_each_year_is_read_whole(is_large: bool) -> None:
    """FY23 and FY24 have no column "Birth Date"."""
    short = [name for name in HEADER if name != "Birth Date"]
    at = HEADER.index("Birth Date")
    rows = [row(number) for number in range(40)]
    narrow = [[*cells[:at], *cells[at + 1 :]] for cells in rows[:20]]
    page = document(workbook(FY2024=sheet_of(narrow, short), FY2026=sheet_of(rows[20:])))
    facts, reading = run_of(large(page) if is_large else page)
    expected = [
        {
            name.lower().replace("(", "").replace(")", "").replace(" ", "_"): " ".join(cell.split())
            for name, cell in zip(HEADER, cells, strict=True)
            if cell and not (name == "Birth Date" and number < 20)
        }
        for number, cells in enumerate(rows)
    ]
    assert records(facts) == [dict(sorted(cells.items())) for cells in expected]
    assert counted(facts, reading) == count_again(map(told, expected))
    assert reading.problems == ()
    assert (len(short), len(HEADER)) == (64, 65)
    assert {cells["alien_file_number"] for cells in records(facts)} == set(REDACTED), "kept as published"
    found = [fact.locator for fact in facts if isinstance(fact, DetainerRecord)]
    assert (found[0].sheet, found[0].row, found[20].sheet, found[20].row) == ("FY2024", 8, "FY2026", 8)


VALUES = st.tuples(
    st.sampled_from([DECLINED, NOTICE, "", "Booked into Detention", "DETAINER DECLINED BY LEA"]),
    st.sampled_from(["ILLINOIS", "CALIFORNIA", ""]),
    st.sampled_from(["COOK COUNTY JAIL", "KERN CO JAIL", ""]),
    st.sampled_from(["2026-01-10", "2026-02-28", "", "soon", "1/5/2026"]),
    st.sampled_from(["Assault", "", "Larceny"]),
)


@settings(max_examples=100, deadline=None)
@given(st.lists(VALUES, min_size=1, max_size=30), st.booleans())
def test_the_counts_are_those_of_an_independent_count(rows: list[tuple[str, ...]], is_large: bool) -> None:
    header = ["Detainer Lift Reason", *NEEDED[1:3], NEEDED[0], "Most Serious Conviction (MSC) Charge"]
    rows = [line for line in rows if any(line)]
    page = as_csv(header, *rows, ["", "", "", "", ""], header)
    if not rows:
        with pytest.raises(LayoutChanged, match="no rows"):
            run_of(page)
        return
    facts, reading = run_of(large(page) if is_large else page)
    dates = {"1/5/2026": "2026-01-05", "soon": ""}
    days = [dates.get(day, day) for _, _, _, day, _ in rows]
    again = count_again(
        (DECLINED if reason.startswith("DETAINER") else reason, state, facility, day[:7], offence)
        for (reason, state, facility, _, offence), day in zip(rows, days, strict=True)
    )
    found = counted(facts, reading)
    if reading.period_start and reading.period_start[:7] != (reading.period_end or "")[:7]:
        assert found == again
    for measure in ("detainer_declined", "insufficient_notice"):
        for by in ("state", "facility", "offence"):
            assert sum(n for key, n in found.items() if key[:2] == (measure, by)) == again[measure, "all", "", ""]
    assert len(records(facts)) == len(rows)
    assert (reading.period_start, reading.period_end) == (
        min(filter(None, days), default=None), max(filter(None, days), default=None))  # fmt: skip
    undated = sum(not day for day in days)
    assert codes(reading) == ["bad_date"] * bool(undated)
    assert not undated or reading.problems[0].text.startswith(f"{undated} rows have no date")


def test_columns_in_another_order_and_under_their_known_other_names_change_no_row() -> None:
    rows = [row(number) for number in range(12)]
    facts, first = run_of(document(workbook(FY2026=sheet_of(rows))))
    older = {
        "Detainer Facility": "Detention Facility", "Detainer Facility Code": "Detention Facility Code",
        "Detainer Criminality": "Detainer Prepared Criminality", "Anonymized Identifier": "Unique Identifier",
        "Detainer Threat Level": "Detainer Prep Threat Level",
    }  # fmt: skip
    order = sorted(range(65), key=lambda place: (place * 37) % 65)
    turned = [[cells[place] for place in order] for cells in rows]
    header = [older.get(HEADER[place], HEADER[place]) for place in order]
    for page in (
        document(workbook(FY2026=sheet_of(turned, header))),
        large(document(workbook(FY2026=sheet_of(turned, header)))),
        as_csv([*HEADER, "New Column"], *[[*cells, ""] for cells in rows]),
        as_csv([name.upper().replace(" ", "_") for name in HEADER], *rows),
    ):
        known = Known(hashes(facts))
        come, reading = run_of(page, known)
        assert (come, known.gone()) == ([], b"")
        assert reading == first


def test_a_new_column_that_is_filled_changes_each_row_that_fills_it() -> None:
    rows = [row(number) for number in range(12)]
    facts, _ = run_of(as_csv(HEADER, *rows))
    known = Known(hashes(facts))
    filled = [[*cells, "x" * (n == 5)] for n, cells in enumerate(rows)]
    come, _ = run_of(as_csv([*HEADER, "Tod Current Duty Site"], *filled), known)
    assert [cells["tod_current_duty_site"] for cells in records(come)] == ["x"]
    assert len(known.gone()) == 16


def test_what_makes_a_record_must_be_there_once() -> None:
    for name in NEEDED:
        at = HEADER.index(name)
        with pytest.raises(LayoutChanged, match="detainer_prepare_date, detainer_lift_reason"):
            run_of(as_csv([*HEADER[:at], *HEADER[at + 1 :]], row(1)))
    with pytest.raises(LayoutChanged, match='"facility_state" stands more than once'):
        run_of(as_csv([*HEADER, "State"], [*row(1), "OHIO"]))
    with pytest.raises(LayoutChanged, match='"birth_year" stands more than once'):
        run_of(as_csv([*HEADER, "Birth Year"], [*row(1), "1990"]))
    with pytest.raises(LayoutChanged, match="no rows"):
        run_of(as_csv(HEADER))


@pytest.mark.parametrize("is_large", [False, True], ids=["at once", "row by row"])
def test_a_header_that_is_repeated_is_no_record(is_large: bool) -> None:
    page = document(workbook(FY2026=sheet_of([row(0), HEADER, row(1), [None] * 65])))
    facts, reading = run_of(large(page) if is_large else page)
    assert len(records(facts)) == 2
    assert reading.problems == ()


def test_a_sheet_without_records_and_text_without_a_header_are_named() -> None:
    rows = sheet_of([[*row(0), "stray"], row(1)])
    facts, reading = run_of(document(workbook(FY2026=rows, Codes=[["A", "Declined"]])))
    assert len(records(facts)) == 2
    assert codes(reading) == ["unread_table", "unread_column"]
    assert reading.problems[1].text == "Column 66 holds text but has no header."


def test_a_lift_reason_that_is_not_known_is_flagged_and_not_counted() -> None:
    rows = [row(n, Detainer_Lift_Reason=reason) for n, reason in enumerate(["Refused", "Refused", DECLINED, ""])]
    facts, reading = run_of(as_csv(HEADER, *rows))
    assert codes(reading) == ["unknown_word"]
    assert reading.problems[0].text.startswith('2 rows have the lift reason "Refused"')
    assert counted(facts, reading)["detainer_declined", "all", "", ""] == 1


def test_blank_is_neither_declined_nor_honoured() -> None:
    facts, reading = run_of(as_csv(HEADER, *[row(n, Detainer_Lift_Reason="") for n in range(5)]))
    assert [fact for fact in facts if isinstance(fact, Figure)] == []
    assert reading.problems == ()
    assert all("detainer_lift_reason" not in cells for cells in records(facts))


def test_equal_rows_are_both_kept_and_counted() -> None:
    facts, reading = run_of(as_csv(HEADER, row(0), row(0)))
    assert len(records(facts)) == 2
    assert counted(facts, reading)["detainer_declined", "state", "ILLINOIS", ""] == 2
    known = Known(hashes(facts))
    run_of(as_csv(HEADER, row(0)), known)
    assert known.gone().count(fact_hash(facts[0])) == 1


FILES = ("Detainers_FY2024.xlsx", "detainers-fy25.xlsx", "2026-ICLI-00005_Detainers_FY26_20260311_Redacted.xlsx")


def linked(*names: str) -> str:
    links = "".join(f'<li><a href="/files/{name}">{name}</a></li>' for name in names)
    return f'<html><body><main><ul>{links}<li><a href="/files/arrests_FY26.xlsx">arrests</a></ul></main></body></html>'


def test_each_file_is_a_series_by_its_fiscal_year() -> None:
    page = replace(document(linked(*FILES, "detainers_FY08-FY15.csv", "Detainers%20all.csv").encode(), "text/html"))
    found = readers.discover("detainer_records", page, options())
    assert [ref.series for ref in found.refs] == ["FY2024", "FY2025", "FY2026", "FY2008-FY2015", None]
    assert not found.itself
    itself = readers.discover("detainer_records", as_csv(HEADER, row(1)), options())
    assert (itself.itself, itself.refs[0].series) == (True, "FY2026")
    with pytest.raises(LayoutChanged, match="No file of detainer records"):
        readers.discover("detainer_records", document(linked().encode(), "text/html"), options())


def alive(desk: Desk) -> dict[str, int]:
    found = desk.ask("SELECT stream, count(*) AS n FROM detainer_record WHERE last_reading IS NULL GROUP BY stream")
    return {row["stream"]: row["n"] for row in found}


def test_years_stand_side_by_side_and_a_year_under_a_new_name_tells_its_changes(
    tmp_path: Path, publisher: Publisher
) -> None:
    first, second, third = *FILES[1:], "2026-ICLI-00005_Detainers_FY26_20260611_Redacted.xlsx"
    rows = [row(number) for number in range(40)]
    publisher.put("/ice.html", linked(first))
    publisher.put(f"/files/{first}", workbook(FY2025=sheet_of(rows[:15])), XLSX)
    desk = Desk(tmp_path, publisher, {"id": "ddp", "reader": "detainer_records", "path": "/ice.html"})
    assert not desk.check().failed
    publisher.put("/ice.html", linked(first, second))
    publisher.put(f"/files/{second}", workbook(FY2026=sheet_of(rows)), XLSX)
    desk.check()
    assert desk.kinds() == ["baseline", "new"]
    assert alive(desk) == {"ddp/FY2025": 15, "ddp/FY2026": 40}
    edited = [row(n, Detainer_Lift_Reason=DECLINED) if n in (2, 6, 10) else cells for n, cells in enumerate(rows)]
    publisher.put("/ice.html", linked(first, third))
    publisher.put(f"/files/{third}", workbook(FY2026=sheet_of(edited)), XLSX)
    for _ in range(2):
        desk.check()
    assert desk.kinds() == ["baseline", "new", "new"]
    assert alive(desk) == {"ddp/FY2025": 15, "ddp/FY2026": 40}
    changes = desk.ask("SELECT * FROM change WHERE kind = 'changed' AND caused_by = 'publisher'")
    assert [(one["column_name"], one["before"], one["after"]) for one in changes] == [
        ("detainer_lift_reason", None, DECLINED)
    ] * 3
    (count,) = desk.ask(
        "SELECT value FROM figure WHERE stream = 'ddp/FY2026' AND last_reading IS NULL AND derived "
        "AND measure = 'detainer_declined' AND label_quoted || state_quoted || facility_quoted = '' "
        "AND period_start < '2026-02' AND period_end > '2026-02-28'"
    )
    assert count["value"] == 13
