"""ICE's weekly reports: read exactly in each layout, or held back; and the corrections of the page that lists them."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scraper.errors import LayoutChanged, Unreadable
from scraper.model import CaseAccount, Correction, Discovery, Document, Figure, Options, Policy, Reading, ReleaseRef
from scraper.readers import ddor_tables, ice_ddor, notices, periods
from tests import ddor_reports as reports
from tests.ddor_reports import CHROMIUM, CORRECTION, LAYOUTS, Layout, Print, Report, made, told, truth
from tests.desk import Desk
from tests.publisher import Publisher

URL = "https://www.ice.gov/doclib/ddor/ddor2017_02-11to02-17.pdf"
INDEX = "https://www.ice.gov/declined-detainer-outcome-report"
OPTIONS = Options(
    source_id="ice-ddor", url=INDEX, publisher="ICE", title="Weekly Declined Detainer Outcome Report",
    allow_hosts=("www.ice.gov",),
)  # fmt: skip
REF = ReleaseRef(
    key="ice-ddor 2017-02-11..2017-02-17", url=URL, title="Week", series="ice-ddor", period_start="2017-02-11",
    period_end="2017-02-17",
)  # fmt: skip
BY_NAME = {layout.name: layout for layout in LAYOUTS}
GRID, MERGED, SPANNING = (BY_NAME[f"reportlab-{name}"] for name in ("grid-repeated", "grid-merged", "across-spanning"))
NO_RULES = "chromium-plain-repeated"
"""Rows of wrapped cells with nothing but equal distances between them: nobody could tell them apart for certain."""


@pytest.fixture(scope="module")
def printed() -> Iterator[Print]:
    if not CHROMIUM.exists():
        missing = f"Chromium is not installed at {CHROMIUM}: its layouts were not read"
        pytest.skip(missing)
    with reports.chromium() as one:
        yield one


def document(data: bytes | str, media_type: str = "application/pdf", url: str = URL) -> Document:
    body = data.encode() if isinstance(data, str) else data
    return Document(
        url=url, data=body, media_type=media_type, charset="utf-8", captured_at="2017-04-01T00:00:00Z", sha256=""
    )


def read(report: Report, layout: Layout = GRID, printed: Print | None = None, ref: ReleaseRef = REF) -> Reading:
    return ice_ddor.read(document(reports.pdf(report, layout, printed)), ref, OPTIONS)


def held(reading: Reading) -> set[str]:
    return {problem.code for problem in reading.problems if problem.holds_back}


def of(kind: type[Any], reading: Reading) -> list[Any]:
    return [fact for fact in reading.facts if isinstance(fact, kind)]


def listing(*links: str, more: str = "") -> Discovery:
    items = "".join(f"<li>{link}</li>" for link in links)
    page = f"<html><head><title>Reports | ICE</title></head><body><main><ul>{items}</ul>{more}</main></body></html>"
    return ice_ddor.discover(document(page, "text/html", INDEX), OPTIONS)


@pytest.mark.parametrize("layout", [one for one in LAYOUTS if one.name != NO_RULES], ids=lambda one: one.name)
def test_each_layout_is_read_cell_by_cell(layout: Layout, request: pytest.FixtureRequest) -> None:
    printed = request.getfixturevalue("printed") if layout.engine == "chromium" else None
    report = made(rows=60, policies=16, stated=60, notice=CORRECTION)
    reading = read(report, layout, printed)
    assert told(reading.facts) == truth(report)
    assert not held(reading)
    assert (reading.period_start, reading.period_end) == ("2017-02-11", "2017-02-17")
    assert len(of(Correction, reading)) == 8


def test_rows_that_only_equal_distances_part_are_held_back_whole(printed: Print) -> None:
    with pytest.raises(LayoutChanged):
        read(made(rows=60, policies=16), BY_NAME[NO_RULES], printed)


def test_a_page_on_which_each_letter_stands_alone_is_read_in_words(printed: Print) -> None:
    report = made(rows=86, policies=18, seed=11)
    reading = read(report, BY_NAME["chromium-grid-broken"], printed)
    assert not held(reading)
    assert told(reading.facts) == truth(report)


@pytest.mark.parametrize("layout", [MERGED, SPANNING, BY_NAME["reportlab-grid-broken"]], ids=lambda one: one.name)
@settings(max_examples=12, deadline=None)
@given(rows=st.integers(20, 90), seed=st.integers(2, 10_000))
def test_wherever_the_page_ends_no_row_changes_its_jurisdiction(layout: Layout, rows: int, seed: int) -> None:
    report = made(rows=rows, policies=9, seed=seed)
    reading = read(report, layout)
    assert held(reading) or told(reading.facts) == truth(report)


def test_an_account_has_its_words_dates_and_place_in_the_document() -> None:
    row = ("Guatemala", "10/16/2010", "2/12/2017", "Cruelty Toward Wife (Conviction)")
    also = ("Mexico", "2/1/2017", "2/12/2017", "Assault (Charged); Dangerous Drugs (Conviction)")
    report = replace(
        made(), groups=(("Sacramento County Jail, California", (row, also)), ("Travis County, Texas", (row,)))
    )
    one, other, third = of(CaseAccount, read(report))
    assert (one.agency_quoted, one.place_quoted, one.state_quoted) == ("Sacramento County Jail", "", "California")
    assert (one.citizenship_quoted, one.detainer_on, one.declined_on) == ("Guatemala", "2010-10-16", "2017-02-12")
    assert (one.charges_quoted, one.disposition) == ("Cruelty Toward Wife (Conviction)", "convicted")
    assert one.quote == f"Sacramento County Jail, California | {' | '.join(row)}"
    assert (one.locator.page, one.locator.row, one.position) == (3, 2, 1)
    assert (other.disposition, third.place_quoted, third.agency_quoted) == ("mixed", "Travis County", "")


def test_the_counts_of_declined_detainers_are_ours_and_say_so() -> None:
    report = made(rows=20)
    counted = [fact for fact in of(Figure, read(report)) if fact.derived]
    assert [fact.value for fact in counted[:-1]] == [len(rows) for _, rows in report.groups]
    assert (counted[-1].value, counted[-1].place_quoted) == (20, "")
    assert {fact.measure for fact in counted} == {"detainer_declined"}
    assert all("Counted by us" in fact.note and not fact.value_quoted for fact in counted)


def test_the_number_of_issued_detainers_is_quoted_with_its_sentence() -> None:
    (stated,) = (fact for fact in of(Figure, read(made())) if fact.value == 2825)
    assert (stated.measure, stated.unit, stated.locator.page) == ("detainer_issued", "detainers", 2)
    assert stated.quote.endswith("ICE issued 2,825 detainers throughout the United States.")


def test_a_policy_has_place_area_month_and_its_wrapped_words() -> None:
    report = made()
    one = of(Policy, read(report))[2]
    assert (one.jurisdiction_quoted, one.state_quoted, one.aor_quoted) == (
        "Iowa City, Johnson County",
        "Iowa",
        "Saint Paul",
    )
    assert (one.enacted_quoted, one.enacted_on) == ("December 2016", "2016-12")
    assert one.policy_quoted == "Resolution Reaffirming the Public Safety Function of Local Law Enforcement"
    assert one.criteria_quoted == "• Willing to only accept some requests for notifications, I-247N form."


def test_a_report_corrects_an_earlier_one() -> None:
    found = of(Correction, read(made(notice=CORRECTION)))
    assert {one.corrects_key for one in found} == {"ice-ddor 2017-01-28..2017-02-03"}
    assert [(one.place_quoted, one.state_quoted, one.measure) for one in found] == EIGHT


EIGHT = [
    ("Franklin County", "Iowa", "detainer_issued"),
    ("Franklin County", "New York", "detainer_issued"),
    ("Franklin County", "Pennsylvania", "detainer_issued"),
    ("Montgomery County", "Iowa", "detainer_issued"),
    ("Williamson County", "TX", "detainer_declined"),
    ("Bastrop County", "TX", "detainer_declined"),
    ("Chester County", "PA", "detainer_declined"),
    ("Richmond County", "NC", "detainer_declined"),
]


def test_other_titles_under_the_same_numerals_change_nothing() -> None:
    titles = ("Who Was Asked", "Who Declined: Section III follows", "Table", "How To Read This")
    report = made(titles=titles)
    assert told(read(report).facts) == truth(report)


def test_capitals_and_dashes_in_headings_are_the_same_headings() -> None:
    flow = ["SECTION I – A", "SECTION II – B", "SECTION III – C", "Section IV. D"]
    assert [bool(ice_ddor._HEADING.match(line)) for line in flow] == [True] * 4
    assert not ice_ddor._HEADING.match("Section II of this report shows each detainer")


HEADERS = {
    "another order": ("Country of Citizenship", "Detainer Issued Date", "Detainer Declined Date", "Criminal Activity"),
    "other words": ("Nationality", "Issue Date", "Declined On", "Notable Criminal History"),
    "footnoted": ("Citizenship*", "Date Issued [1]", "Date Declined", "Notable Criminal Activity†"),
}  # fmt: skip


@pytest.mark.parametrize("names", HEADERS.values(), ids=HEADERS)
@pytest.mark.parametrize("layout", [GRID, SPANNING], ids=lambda one: one.name)
def test_headers_with_the_same_meaning_are_read(layout: Layout, names: tuple[str, ...]) -> None:
    report = made().with_headers(2, *names)
    reading = read(report, layout)
    assert told(reading.facts) == truth(report)
    assert not held(reading)


@pytest.mark.parametrize("place", range(4))
@pytest.mark.parametrize("name", ["Origin", "Date of Birth", "Detainer Issued By", ""])
def test_a_header_with_unknown_words_holds_the_report_back(place: int, name: str) -> None:
    names = list(reports.HEADERS_II)
    names[place] = name
    with pytest.raises(LayoutChanged, match="no column for"):
        read(made().with_headers(2, *names))


def test_a_header_that_stands_twice_holds_the_report_back() -> None:
    with pytest.raises(LayoutChanged, match="more than one column"):
        read(_with_column(made(), "Issued Date", 3))


def _with_column(report: Report, name: str, at: int) -> Report:
    def more(cells: tuple[str, ...], cell: str) -> tuple[str, ...]:
        return (*cells[:at], cell, *cells[at:])

    groups = tuple((label, tuple(more(row, "A-17") for row in rows)) for label, rows in report.groups)
    return replace(report.with_headers(2, *more(report.headers[2], name)), groups=groups)


def _reordered(report: Report, *order: int) -> Report:
    groups = tuple((label, tuple(tuple(row[at] for at in order) for row in rows)) for label, rows in report.groups)
    return replace(report.with_headers(2, *(report.headers[2][at] for at in order)), groups=groups)


@pytest.mark.parametrize("at", [0, 2, 4])
def test_an_added_column_is_named_as_unread_and_the_rest_is_exact(at: int) -> None:
    report = made()
    reading = read(_with_column(report, "Facility Code", at))
    assert told(reading.facts) == truth(report)
    assert [problem.code for problem in reading.problems] == ["unread_column"]
    assert not any("A-17" in fact.quote for fact in of(CaseAccount, reading))


@pytest.mark.parametrize("order", [(3, 2, 1, 0), (0, 2, 1, 3), (1, 2, 3, 0)])
@pytest.mark.parametrize("layout", [GRID, MERGED], ids=lambda one: one.name)
def test_columns_in_another_order_are_read_exactly(layout: Layout, order: tuple[int, ...]) -> None:
    report = made()
    assert told(read(_reordered(report, *order), layout).facts) == truth(report)


@pytest.mark.parametrize("order", [(0, 1, 2), (0, 1, 3), (1, 2, 3)])
def test_a_missing_column_holds_the_report_back(order: tuple[int, ...]) -> None:
    report = _reordered(made(), *order)
    groups = tuple((label, tuple((*row, "x") for row in rows)) for label, rows in report.groups)
    with pytest.raises(LayoutChanged, match="no column for"):
        read(replace(report.with_headers(2, *report.headers[2], "Other"), groups=groups))


def _with_row(report: Report, *cells: str) -> Report:
    (label, rows), *rest = report.groups
    return replace(report, groups=((label, (*rows, cells)), *rest))


SHIFTED = {
    "to the left": ("1/5/2017", "2/12/2017", "Assault", ""),
    "to the right": ("", "Mexico", "1/5/2017", "2/12/2017"),
    "around": ("Assault", "Mexico", "1/5/2017", "2/12/2017"),
    "dates crossed": ("Mexico", "2/12/2017", "1/5/2017", "Assault"),
    "no date": ("Mexico", "unknown", "2/12/2017", "Assault"),
    "dates missing": ("Mexico", "", "", "Assault"),
    "number for citizenship": ("104", "1/5/2017", "2/12/2017", "Assault"),
}


@pytest.mark.parametrize("row", SHIFTED.values(), ids=SHIFTED)
@pytest.mark.parametrize("layout", [GRID, MERGED, SPANNING], ids=lambda one: one.name)
def test_a_shifted_row_holds_the_report_back(layout: Layout, row: tuple[str, ...]) -> None:
    assert held(read(_with_row(made(rows=8), *row), layout))


def test_a_day_that_no_calendar_has_is_flagged_and_kept_in_the_quote() -> None:
    reading = read(_with_row(made(rows=3), "Mexico", "2/30/2016", "2/12/2017", "Assault"))
    assert [problem.code for problem in reading.problems if not problem.holds_back] == ["bad_date"]
    assert any(fact.detainer_on is None and "2/30/2016" in fact.quote for fact in of(CaseAccount, reading))


def test_years_of_two_digits_are_read_where_the_century_is_certain() -> None:
    reading = read(_with_row(made(rows=3), "Mexico", "12/30/98", "2/12/17", "Assault"))
    assert [(one.detainer_on, one.declined_on) for one in of(CaseAccount, reading)].count(
        ("1998-12-30", "2017-02-12")
    ) == 1


def test_a_decline_outside_the_week_is_flagged() -> None:
    reading = read(_with_row(made(rows=3), "Mexico", "1/5/2017", "2/20/2017", "Assault"))
    assert [problem.code for problem in reading.problems] == ["outside_period"]


def test_equal_rows_are_all_kept() -> None:
    row = ("Mexico", "2/1/2017", "2/12/2017", "Assault")
    report = replace(made(), groups=(("Travis County, Texas", (row, row, row)),))
    reading = read(report)
    assert told(reading.facts) == truth(report)
    assert [fact.value for fact in of(Figure, reading) if fact.derived] == [3, 3]


@pytest.mark.parametrize(("stated", "expected"), [(24, set()), (23, {"total_differs"}), (25, {"total_differs"})])
def test_a_total_in_the_text_must_be_the_number_of_rows(stated: int, expected: set[str]) -> None:
    assert held(read(made(rows=24, stated=stated))) == expected


@pytest.mark.parametrize(("count", "expected"), [(2, set()), (3, {"total_differs"})])
def test_a_number_in_a_groups_heading_must_be_its_number_of_rows(count: int, expected: set[str]) -> None:
    rows = made(rows=9).groups
    _, two = next(group for group in rows if len(group[1]) >= 2)
    report = replace(made(), groups=((f"Travis County, Texas ({count})", two[:2]), ("Cook County, Illinois", two[:1])))
    ruled = Layout(name="", engine="reportlab", rules="all", groups="spanning")
    assert held(read(report, ruled)) == expected


@pytest.mark.parametrize(("total", "expected"), [("2", []), ("3", ["total_differs"])])
def test_a_total_row_is_no_case_and_must_add_up(total: str, expected: list[str]) -> None:
    row = ("Mexico", "2/1/2017", "2/12/2017", "Assault")
    report = replace(made(), groups=(("Travis County, Texas", (row, row)), ("Total", (("", "", total, ""),))))
    reading = read(report)
    assert len(of(CaseAccount, reading)) == 2
    assert [problem.code for problem in reading.problems] == expected


def test_the_top_ten_cannot_be_more_than_all() -> None:
    assert [problem.code for problem in read(made(issued="120")).problems] == ["total_differs"]


def test_the_total_of_section_1_is_no_jurisdiction() -> None:
    report = made(top=(("Cook County, Illinois*", "188 [1]"), ("King County, Washington", "12"), ("Total", "200")))
    issued = [fact for fact in of(Figure, read(report)) if fact.locator.row]
    top = [fact for fact in issued if fact.measure == "detainer_issued"]
    assert [(fact.place_quoted, fact.state_quoted, fact.value) for fact in top] == [
        ("Cook County", "Illinois", 188),
        ("King County", "Washington", 12),
    ]
    assert top[0].quote == "Cook County, Illinois* | 188 [1]"


@pytest.mark.parametrize("count", ["-3", "4.5", "12%", "many", ""])
def test_what_is_no_count_in_section_1_holds_the_report_back(count: str) -> None:
    assert held(read(made(top=(("Cook County, Illinois", "51"), ("King County, Washington", count))))) == {"bad_cell"}


def test_declined_counts_are_never_read_as_issued_ones() -> None:
    with pytest.raises(LayoutChanged, match="Section I has no column for count"):
        read(made().with_headers(1, "Jurisdiction", "Detainers Declined"))


@pytest.mark.parametrize("label", ["Travis County Jail,", "of Texas", "Travis County (San"])
def test_a_part_of_a_jurisdictions_name_holds_the_report_back(label: str) -> None:
    row = ("Mexico", "2/1/2017", "2/12/2017", "Assault")
    report = replace(made(), groups=((label, (row,)), ("Austin, Texas", (row,))))
    assert "broken_name" in held(read(report, BY_NAME["reportlab-across-first"]))


@pytest.mark.parametrize("label", ["Los Angeles", "A note that stands between a jurisdiction and its table."])
def test_a_table_under_no_jurisdiction_is_never_the_one_befores(label: str) -> None:
    rows = made(rows=30).groups[3][1]
    groups = (("Travis County, Texas", rows * 9), (label, rows), ("Cook County, Illinois", rows))
    assert "no_jurisdiction" in held(read(replace(made(), groups=groups), BY_NAME["reportlab-grid-above"]))


def test_a_footnote_digit_behind_the_area_is_no_part_of_the_place() -> None:
    told = ddor_tables.place("Ithaca, New York (Buffalo)1")
    assert (told.name, told.state, told.aor) == ("Ithaca", "New York", "Buffalo")


def test_a_heading_of_another_week_is_flagged() -> None:
    titles = ("Issued between January 28, 2017 and February 3, 2017", *made().titles[1:])
    assert [problem.code for problem in read(made(titles=titles)).problems] == ["heading_differs"]


def test_a_group_that_goes_on_is_one_jurisdiction() -> None:
    row = ("Mexico", "2/1/2017", "2/12/2017", "Assault")
    groups = (("Travis County, Texas", (row,)), ("Travis County, Texas (continued)", (row, row)))
    counted = [fact for fact in of(Figure, read(replace(made(), groups=groups), SPANNING)) if fact.derived]
    assert [(fact.place_quoted, fact.value) for fact in counted] == [("Travis County", 3), ("", 3)]


def test_a_name_beside_an_activity_is_stored_nowhere() -> None:
    reading = read(_with_row(made(rows=3), "Mexico", "1/5/2017", "2/12/2017", "Juan Perez, 34, Assault (Charged)"))
    assert not any("Perez" in f"{fact.quote} {fact.charges_quoted}" for fact in of(CaseAccount, reading))
    assert any(fact.charges_quoted == "[name], 34, Assault (Charged)" for fact in of(CaseAccount, reading))


def test_a_report_of_another_week_than_listed_is_held_back() -> None:
    other = replace(REF, period_start="2017-02-04", period_end="2017-02-10")
    assert held(read(made(rows=4), ref=other)) == {"period_differs"}


def test_a_report_without_its_sections_is_held_back() -> None:
    with pytest.raises(LayoutChanged, match="sections I, II and III"):
        read(made(titles=("One", "Two")))


def test_a_page_in_place_of_a_report_is_not_read() -> None:
    with pytest.raises(Unreadable):
        ice_ddor.read(document("<html><body><p>Moved.</p></body></html>", "text/html"), REF, OPTIONS)


def test_reports_are_known_by_their_week_wherever_they_lie() -> None:
    moved = listing('<a href="/archive/2017/ddor2017_02-04to02-10.pdf">Report</a>').refs[0]
    named = listing('<a href="/files/week2.pdf">Feb 4 – Feb 10, 2017</a>').refs[0]
    assert moved.key == named.key == "ice-ddor 2017-02-04..2017-02-10"
    assert (moved.series, moved.period_start, moved.period_end) == ("ice-ddor", "2017-02-04", "2017-02-10")


def test_quarterly_reports_and_other_documents_are_not_weekly_reports() -> None:
    week = '<a href="/doclib/ddor/ddor2017_02-04to02-10.pdf">Week</a>'
    quarter = '<a href="/doclib/ddr-2018-q2.pdf">January 1, 2018 – March 31, 2018</a>'
    found = listing(week, quarter, '<a href="/privacy.pdf">Privacy</a>', '<a href="/ddor2017">Page</a>').refs
    assert [ref.period_start for ref in found if ref.series] == ["2017-02-04"]
    with pytest.raises(LayoutChanged):
        listing(quarter)


def test_a_link_that_names_two_weeks_is_known_by_neither() -> None:
    found = listing('<a href="/doclib/ddor/ddor2017_02-04to02-10.pdf">Jan. 28 – Feb. 3, 2017</a>')
    assert found.refs[0].key == "https://www.ice.gov/doclib/ddor/ddor2017_02-04to02-10.pdf"
    assert (found.refs[0].period_start, found.problems[0].code) == (None, "no_period")


def test_a_second_file_for_the_same_week_is_not_dropped_in_silence() -> None:
    links = [f'<a href="/doclib/ddor/{name}">Feb 4 - Feb 10, 2017</a>' for name in ("a.pdf", "b.pdf")]
    assert [problem.code for problem in listing(*links).problems] == ["same_period"]


PERIODS = {
    "Jan. 28 – Feb. 3, 2017": ("2017-01-28", "2017-02-03"),
    "Feb 4 Feb 10, 2017": ("2017-02-04", "2017-02-10"),
    "between January 28, 2017, and February 3, 2017": ("2017-01-28", "2017-02-03"),
    "the Jan. 28 - Feb 03, 2017 Declined": ("2017-01-28", "2017-02-03"),
    "March 5-11, 2017": ("2017-03-05", "2017-03-11"),
    "March 5 to 11, 2017": ("2017-03-05", "2017-03-11"),
    "March 11-5, 2017": None,
    "FEB.4 – FEB. 10, 2017": ("2017-02-04", "2017-02-10"),
    "Dec. 30 – Jan. 5, 2018": ("2017-12-30", "2018-01-05"),
    "ddor2017_02-04to02-10.pdf": ("2017-02-04", "2017-02-10"),
    "March 20, 2017": None,
    "February 30 – March 3, 2017": None,
    "January 28, 2017": None,
}  # fmt: skip


@pytest.mark.parametrize("text", PERIODS)
def test_periods_are_read_as_publishers_write_them(text: str) -> None:
    found, _ = next(periods.weeks(text), (None, 0))
    assert found == PERIODS[text]


def test_the_real_correction_names_eight_places(corpus: Path) -> None:
    text = (corpus / "ddor" / "ddor_corrections_aila.txt").read_text("utf-8")
    found, problems = notices.corrections(text.splitlines(), "ice-ddor")
    assert [(one.place_quoted, one.state_quoted, one.measure) for one in found] == EIGHT
    assert {one.corrects_key for one in found} == {"ice-ddor 2017-01-28..2017-02-03"}
    assert found[-1].quote.endswith("The subjects of those detainers were in different locations.")
    assert not problems


def test_a_county_without_a_state_stays_without_one() -> None:
    text = "Correction: The Feb 4 - Feb 10, 2017 report listed a declined detainer in Franklin County by mistake."
    ((one,), _) = notices.corrections([text], "ice-ddor")
    assert (one.place_quoted, one.state_quoted) == ("Franklin County", "")


def test_a_correction_of_an_unnamed_report_is_shown_as_unread() -> None:
    found, problems = notices.corrections(["Correction: an earlier report named Franklin County, Iowa."], "ice-ddor")
    assert (found, [problem.code for problem in problems]) == ([], ["correction_unread"])


def test_weeks_corrections_and_the_history_of_record_meet(tmp_path: Path, publisher: Publisher) -> None:
    def index(notice: str) -> None:
        links = '<li><a href="/doclib/ddor2017_02-11to02-17.pdf">February 11 – February 17, 2017</a></li>'
        intro = "<p>ICE publishes declined detainers of the week on this page, as recorded by its officers.</p>"
        publisher.put(
            "/ddor", f"<html><body><main><h1>Reports</h1>{intro}<ul>{links}</ul>{notice}</main></body></html>"
        )

    index("")
    publisher.put("/doclib/ddor2017_02-11to02-17.pdf", reports.pdf(made(rows=12), GRID), "application/pdf")
    desk = Desk(tmp_path, publisher, {"id": "ice-ddor", "reader": "ice_ddor", "path": "/ddor"})
    desk.check()
    (week,) = desk.ask("SELECT * FROM release WHERE series = 'ice-ddor' AND period_start = '2017-02-11'")
    assert (week["source_id"], week["key"]) == ("ice-ddor", "ice-ddor 2017-02-11..2017-02-17")
    assert desk.ask("SELECT count(*) AS n FROM case_account WHERE release_id = ?", week["release_id"])[0]["n"] == 12
    desk.check()
    assert desk.kinds() == ["baseline"]
    index(f"<p>{CORRECTION}</p>")
    desk.check()
    assert desk.kinds() == ["baseline", "corrected"]
    told_of = desk.ask("SELECT * FROM correction WHERE source_id = 'ice-ddor' ORDER BY place_quoted, state_quoted")
    assert [(one["place_quoted"], one["state_quoted"]) for one in told_of] == sorted(one[:2] for one in EIGHT)
    desk.check()
    assert desk.kinds() == ["baseline", "corrected"]
