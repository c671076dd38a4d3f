"""The Center for Immigration Studies: posts with tables, the paper as PDF, and the map's table of policies."""

import csv
import io
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reportlab.lib.pagesizes import letter
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Paragraph, SimpleDocTemplate, Table

from scraper import readers
from scraper.documents import pdf, pdf_text
from scraper.errors import LayoutChanged
from scraper.model import Document, Figure, Options, Policy, Problem, Reading, ReleaseRef

HTML, CSV, PDF, RSS = "text/html", "text/csv", "application/pdf", "application/rss+xml"
URL = "https://cis.org/Author/A-Post"
OPTIONS = Options(
    source_id="cis",
    url=URL,
    publisher="Center for Immigration Studies",
    title="CIS",
    allow_hosts=("cis.org", "www.cis.org"),
)
STATES = (
    ("California", 13025, 230),
    ("Illinois", 2946, 41),
    ("Virginia", 1601, 12),
    ("District of Columbia", 9, 0),
    ("Northern Marianas", 1, 1),
)
HEADERS = ("State", "Declined", "Insufficient Notice", "Total")
ABOUT = "<h3>Table 1. Detainers declined or with insufficient notice, by state</h3>"
BYLINE = "<p>By Jessica M. Vaughan on April 9, 2025</p>"


def document(data: str | bytes, media_type: str = HTML, url: str = URL) -> Document:
    raw = data.encode() if isinstance(data, str) else data
    return Document(url=url, data=raw, media_type=media_type, charset="utf-8", captured_at="", sha256="")


def read(body: str | bytes, media_type: str = HTML, name: str = "cis_post") -> Reading:
    ref = ReleaseRef(key="k", url=URL, title="Post")
    page = f"<html><head><title>A Post | {OPTIONS.publisher}</title></head><body><article>{body!s}</article>"
    return readers.read(name, document(page if media_type == HTML else body, media_type), ref, OPTIONS)


def table(rows: Sequence[Sequence[object]], headers: Sequence[str] = HEADERS) -> str:
    head = "".join(f"<th>{header}</th>" for header in headers)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def by_state(total: bool = True) -> list[list[str]]:
    rows = [[name, f"{declined:,}", str(notice), f"{declined + notice:,}"] for name, declined, notice in STATES]
    sums = [sum(row[at] for row in STATES) for at in (1, 2)]  # type: ignore[misc]
    return [*rows, ["Total", f"{sums[0]:,}", str(sums[1]), f"{sum(sums):,}"]] if total else rows


def figures(reading: Reading) -> list[Figure]:
    return [fact for fact in reading.facts if isinstance(fact, Figure) and fact.locator.column]


def stated(reading: Reading) -> dict[tuple[str, str | None], Any]:
    return {(figure.state_quoted or figure.label_quoted, figure.measure): figure.value for figure in figures(reading)}


def codes(reading: Reading) -> set[str]:
    return {problem.code for problem in reading.problems}


def held(reading: Reading) -> list[Problem]:
    return [problem for problem in reading.problems if problem.holds_back]


TRUTH = {
    (name, measure): value
    for name, declined, notice in (*STATES, ("Total", 17582, 284))
    for measure, value in (
        ("detainer_declined", declined),
        ("insufficient_notice", notice),
        ("declined_or_insufficient_notice", declined + notice),
    )
}


def test_a_table_by_state_is_read_cell_for_cell_and_its_total_is_no_place() -> None:
    reading = read(BYLINE + ABOUT + table(by_state()))
    assert stated(reading) == TRUTH
    assert not reading.problems
    assert [figure.state_quoted for figure in figures(reading) if figure.label_quoted == "Total"] == [""] * 3
    first = figures(reading)[0]
    assert (first.locator.table, first.locator.row, first.locator.column) == (1, 2, "Declined")
    assert first.value_quoted == "13,025"
    assert {figure.unit for figure in figures(reading)} == {"detainers"}


def test_columns_are_found_by_their_words_in_any_order_and_under_other_names() -> None:
    rows = by_state()
    for order in ((3, 1, 0, 2), (2, 0, 3, 1)):
        moved = [[row[at] for at in order] for row in rows]
        assert stated(read(ABOUT + table(moved, [HEADERS[at] for at in order]))) == TRUTH
    renamed = ("State or Territory", "Detainers Refused", "Insufficient Notice to ICE", "Grand Total")
    assert stated(read(ABOUT + table(rows, renamed))) == TRUTH


def test_an_added_column_is_told_and_leaves_the_rest_exact() -> None:
    rows = [[row[0], "1,000,000", *row[1:]] for row in by_state()]
    reading = read(ABOUT + table(rows, ("State", "Population", *HEADERS[1:])))
    assert stated(reading) == TRUTH
    assert [problem.code for problem in reading.problems] == ["unread_column"]
    assert not held(reading)


@pytest.mark.parametrize("gone", [1, 2])
def test_with_a_part_gone_or_renamed_beyond_words_the_total_is_not_taken_for_it(gone: int) -> None:
    keep = [at for at in range(4) if at != gone]
    missing = read(ABOUT + table([[row[at] for at in keep] for row in by_state()], [HEADERS[at] for at in keep]))
    assert {figure.measure for figure in figures(missing) if figure.locator.column == "Total"} == {None}
    assert "measure_uncertain" in codes(missing)
    renamed = read(ABOUT + table(by_state(), [*HEADERS[:gone], "Outcome B", *HEADERS[gone + 1 :]]))
    assert held(renamed)


def test_without_headers_a_table_on_detainers_is_unread_and_one_on_other_things_only_listed() -> None:
    renamed = read(ABOUT + table(by_state(), ("State", "A", "B", "C")))
    assert [problem.code for problem in held(renamed)] == ["unread_table"]
    other = read(table([["2024", "1,000"], ["2025", "2,000"]], ("Year", "Budget")))
    assert codes(other) == {"unread_table"}
    assert not held(other)
    assert "2025 | 2,000" in other.paragraphs
    doubled = read(ABOUT + table([[*row[:2], *row[:2]] for row in by_state()], ("State", "Declined") * 2))
    assert [problem.code for problem in held(doubled)] == ["unread_table"]


@pytest.mark.parametrize("row", range(5))
def test_a_shifted_row_is_held_back(row: int) -> None:
    rows = by_state()
    for shifted in (["", *rows[row][:3]], [*rows[row][1:], ""], [rows[row][0], "", *rows[row][1:3]]):
        assert held(read(ABOUT + table([*rows[:row], shifted, *rows[row + 1 :]])))


@pytest.mark.parametrize(("one", "other"), [(1, 2), (2, 3), (1, 3)])
def test_numbers_that_changed_places_are_held_back(one: int, other: int) -> None:
    rows = by_state()
    rows[1][one], rows[1][other] = rows[1][other], rows[1][one]
    assert held(read(ABOUT + table(rows)))


def test_a_wrong_total_is_kept_as_published_and_flagged() -> None:
    rows = by_state()
    rows[-1][1] = "17,583"
    reading = read(ABOUT + table(rows))
    assert stated(reading)["Total", "detainer_declined"] == 17583
    assert codes(reading) == {"total_differs", "row_total_differs"}
    assert "17,583" in reading.problems[0].text
    assert not held(reading)


@pytest.mark.parametrize("cell", ["-5", "5.5", "many", "12 345 detainers", "9" * 30, "1,30"])
def test_a_cell_that_is_no_count_holds_back(cell: str) -> None:
    rows = by_state()
    rows[1][1] = cell
    assert "bad_cell" in {problem.code for problem in held(read(ABOUT + table(rows)))}


def test_footnote_marks_are_off_numbers_and_names() -> None:
    rows = by_state()
    rows[0][:2] = ["California*", "13,025<sup>1</sup>"]
    reading = read(ABOUT + table(rows))
    assert stated(reading) == TRUTH
    assert figures(reading)[0].value_quoted == "13,025¹"


def test_a_state_that_is_none_and_one_given_twice_are_kept_and_flagged() -> None:
    rows = by_state(total=False)
    rows[0][0], rows[1][0] = "Саlifornia", "Virginia"
    reading = read(ABOUT + table(rows))
    assert codes(reading) == {"unknown_state", "same_key"}
    assert len(figures(reading)) == 15


def test_facilities_take_the_measure_from_the_words_above_and_the_state_from_its_column_or_name() -> None:
    heading = "<h3>Table 2. Facilities with the most detainers declined or with insufficient notice</h3>"
    rows = [["Santa Clara Main Jail", "CA", "2,981"], ["Cook County Jail", "IL", "1,804"]]
    plain = read(heading + table(rows, ("Facility", "State", "Count")))
    named = read(heading + table([[f"{name} ({state})", count] for name, state, count in rows], ("Jail", "Number")))
    for reading in (plain, named):
        assert [(f.facility_quoted, f.state_quoted, f.value, f.measure, f.unit) for f in figures(reading)] == [
            ("Santa Clara Main Jail", "CA", 2981, "declined_or_insufficient_notice", "detainers"),
            ("Cook County Jail", "IL", 1804, "declined_or_insufficient_notice", "detainers"),
        ]
        assert not reading.problems


def test_a_state_alone_in_a_row_is_that_of_the_facilities_below_it() -> None:
    rows = """<tr><td colspan="2">California</td></tr><tr><td>Main Jail</td><td>5</td></tr>
    <tr><td colspan="2">Illinois</td></tr><tr><td>Main Jail</td><td>7</td></tr><tr><td>Total</td><td>12</td></tr>"""
    reading = read(f"<table><tr><th>Facility</th><th>Detainers Declined</th></tr>{rows}</table>")
    assert [(f.facility_quoted, f.state_quoted, f.label_quoted, f.value) for f in figures(reading)] == [
        ("Main Jail", "California", "", 5),
        ("Main Jail", "Illinois", "", 7),
        ("", "", "Total", 12),
    ]
    assert not reading.problems


def test_fiscal_years_over_columns_are_periods_and_a_share_behind_a_count_stays_in_its_words() -> None:
    heading = "<h3>Detainers declined, by state</h3>"
    reading = read(
        heading + table([["Ohio", "5 (50%)", "5 (50%)"], ["Utah", "1", "2"]], ("State", "FY2023", "FY 2024"))
    )
    assert [(f.value, f.value_quoted, f.period_start, f.period_end) for f in figures(reading)[:2]] == [
        (5, "5 (50%)", "2022-10-01", "2023-09-30"),
        (5, "5 (50%)", "2023-10-01", "2024-09-30"),
    ]
    assert {f.measure for f in figures(reading)} == {"detainer_declined"}


@pytest.mark.parametrize(
    "header", ["Total Population", "Declined per 100,000", "Rank by Declined", "Change in Declined"]
)
def test_a_word_that_may_change_the_sense_of_a_header_leaves_its_column_unread(header: str) -> None:
    reading = read(ABOUT + table([["Ohio", "5", "7"], ["Utah", "1", "2"]], ("State", "Declined", header)))
    assert [f.value for f in figures(reading)] == [5, 1]
    assert codes(reading) == {"unread_column"}


def test_words_above_a_table_that_speak_of_both_outcomes_give_no_measure() -> None:
    for words in ("Detainers honored and declined", "Detainers issued and declined"):
        reading = read(f"<h3>{words}, by state</h3>" + table([["Ohio", "5"], ["Utah", "1"]], ("State", "Count")))
        assert {f.measure for f in figures(reading)} == {None}


def test_problems_beyond_the_most_that_are_listed_are_counted_and_those_that_hold_back_come_first() -> None:
    rows = [[f"Nowhere {n}", str(n)] for n in range(40)] + [["Ohio", "many"]]
    reading = read(ABOUT + table(rows, ("State", "Declined")))
    assert reading.problems[0].holds_back
    assert reading.problems[-1].text.startswith("21 further problems")


def test_charges_are_labels_and_numbers_of_unknown_kind_are_kept_without_a_measure() -> None:
    rows = [["Homicide", "20", "52", "72"], ["Assault", "300", "700", "1,000"]]
    reading = read("<h3>Table 3. Severity</h3>" + table(rows, ("Most Serious Charge", "Convicted", "Charged", "Total")))
    assert [(f.label_quoted, f.value, f.measure) for f in figures(reading)[:3]] == [
        ("Homicide; Convicted", 20, None),
        ("Homicide; Charged", 52, None),
        ("Homicide; Total", 72, None),
    ]
    assert codes(reading) == {"measure_uncertain"}
    declined = read(
        "<h3>Declined detainers by offense</h3>" + table(rows, ("Offense", "Convicted", "Charged", "Total"))
    )
    assert {f.measure for f in figures(declined)} == {"detainer_declined"}


def test_the_byline_gives_the_date_and_its_name_is_not_stored() -> None:
    reading = read(BYLINE + "<p>Jessica M. Vaughan is the author. Detainers matter.</p>")
    assert reading.published == "2025-04-09"
    assert reading.paragraphs == ("By [name] on April 9, 2025", "[name] is the author. Detainers matter.")
    two = read("<p>By Ann B. Smith and Carl Jones</p><p>July 2015</p><p>Text by Carl Jones.</p>")
    assert two.published == "2015-07"
    assert not re.search("Smith|Jones", str(two))
    assert reading.title == "A Post"


PROSE = """<p>Records show that more than 17,000 detainers were declined nationwide between October 1, 2022, and
February 6, 2025.</p><p>California accounted for 13,025 declined detainers, or 74 percent of them.</p>
<p>Next in declining detainers were Illinois (2,946) and Virginia (1,601).</p>"""


def test_numbers_of_the_text_that_agree_with_the_tables_raise_no_doubt() -> None:
    reading = read(BYLINE + PROSE + ABOUT + table(by_state()))
    assert not reading.problems
    assert (reading.period_start, reading.period_end) == ("2022-10-01", "2025-02-06")
    illinois = [f for f in reading.facts if isinstance(f, Figure) and f.state_quoted == "Illinois" and f.value == 2946]
    assert len(illinois) == 1, "stated by text and table alike, it is one figure"
    assert "Illinois (2,946)" in illinois[0].quote


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("13,025", "13,052", "text_differs"),
        ("74 percent", "57 percent", "percent_differs"),
        ("(1,601)", "(1,610)", "text_differs"),
        ("more than 17,000", "more than 71,000", "text_differs"),
    ],
)
def test_a_number_of_the_text_that_contradicts_the_table_is_flagged(old: str, new: str, code: str) -> None:
    reading = read(BYLINE + PROSE.replace(old, new) + ABOUT + table(by_state()))
    assert code in codes(reading)
    assert not held(reading)


def test_rows_that_are_read_as_figures_are_not_watched_as_text_as_well() -> None:
    assert not [line for line in read(ABOUT + table(by_state())).paragraphs if "California" in line]


def test_the_quoted_totals_of_the_real_post_are_read_exactly(corpus: Path) -> None:
    with (corpus / "cis/cis_2025_by_state_quoted.csv").open(newline="") as file:
        rows = [(row["state"], row["declined"]) for row in csv.DictReader(file)]
    states = [[name, f"{int(count):,}"] for name, count in rows if ":" not in name]
    facilities = [[name.partition(": ")[2], f"{int(count):,}"] for name, count in rows if ":" in name]
    page = ABOUT + table(states, ("State", "Declined")) + "<h3>Declined, by facility</h3>"
    reading = read(page + table(facilities, ("Facility", "Count")))
    assert [(f.state_quoted or f.label_quoted, f.value) for f in figures(reading)[: len(states)]] == [
        (name, int(count)) for name, count in rows if ":" not in name
    ]
    assert [(f.facility_quoted, f.state_quoted, f.value) for f in figures(reading)[len(states) :]] == [
        ("Santa Clara Main Jail", "CA", 2981),
        ("Cook County Jail", "IL", 1804),
        ("Fairfax County Adult Detention Center", "VA", 1151),
    ]
    assert codes(reading) == {"total_differs"}, "the quoted rows are only part of the table"


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 10**6)), min_size=1, max_size=8),
    st.permutations(range(4)),
)
def test_any_table_by_state_comes_back_exactly(numbers: list[tuple[int, int]], order: list[int]) -> None:
    names = ["Ohio", "Texas", "Utah", "Maine", "New York", "Puerto Rico", "Guam", "D.C."]
    rows = [[name, f"{a:,}", f"{b:,}", f"{a + b:,}"] for name, (a, b) in zip(names, numbers, strict=False)]
    reading = read(ABOUT + table([[row[at] for at in order] for row in rows], [HEADERS[at] for at in order]))
    assert not reading.problems
    for row in rows:
        for at, measure in enumerate(
            ("detainer_declined", "insufficient_notice", "declined_or_insufficient_notice"), 1
        ):
            assert stated(reading)[row[0], measure] == int(row[at].replace(",", ""))


FEED = """<?xml version="1.0"?><rss version="2.0"><channel><title>CIS</title>
<item><title>One</title><link>https://www.cis.org/Author/One</link></item>
<item><title>One again</title><link>https://cis.org/Author/One/</link></item>
<item><title>Two</title><link>https://cis.org/Author/Two</link></item></channel></rss>"""


def test_an_address_with_and_without_www_is_one_release() -> None:
    found = readers.discover("cis_post", document(FEED, RSS, "https://cis.org/rss.xml"), OPTIONS)
    assert [(ref.key, ref.url) for ref in found.refs] == [
        ("https://cis.org/Author/One", "https://www.cis.org/Author/One"),
        ("https://cis.org/Author/Two", "https://cis.org/Author/Two"),
    ]
    itself = readers.discover("cis_post", document("<p>x</p>", url="https://www.cis.org/A/B"), OPTIONS)
    assert itself.itself
    assert [ref.key for ref in itself.refs] == [URL]


def test_a_page_without_text_is_a_changed_layout() -> None:
    with pytest.raises(LayoutChanged):
        read("")


BODY = getSampleStyleSheet()["BodyText"]


def paper(*flow: Any, **options: Any) -> bytes:
    buffer = io.BytesIO()
    made = [Paragraph(each, BODY) if isinstance(each, str) else each for each in flow]
    SimpleDocTemplate(buffer, pagesize=letter, title="Ignoring Detainers", **options).build(made)
    return buffer.getvalue()


@pytest.mark.parametrize("rise", [2, 3.3, 5])
def test_footnote_digits_of_the_paper_join_neither_words_nor_numbers(rise: float) -> None:
    def mark(number: int) -> str:
        return f"<super rise={rise} size=6>{number}</super>"

    data = paper(
        "By Jessica M. Vaughan",
        "July 2015",
        f"From January 1 through August 31, 2014, a total of 8,811{mark(2)} detainers were declined by "
        f"276{mark(1)} jurisdictions{mark(12)} in the whole of the country, as the records show that were obtained.",
    )
    reading = read(data, PDF)
    assert reading.published == "2015-07"
    assert "Vaughan" not in str(reading.paragraphs)
    counts = [(f.measure, f.value) for f in reading.facts if isinstance(f, Figure) and f.value]
    assert ("detainer_declined", 8811) in counts
    assert any("8,811² detainers were declined" in f.quote for f in reading.facts if isinstance(f, Figure))
    assert not {value for _, value in counts} & {88112, 2761}
    assert "8,811² detainers" in reading.paragraphs[2]
    assert "276¹ jurisdictions¹² in" in reading.paragraphs[2]
    assert (reading.period_start, reading.period_end) == ("2014-01-01", "2014-08-31")
    assert "jurisdictions¹²" in pdf.pages(data)[0]


@pytest.mark.parametrize("letters", ["charspace", "spaces"])
def test_letter_spaced_capitals_are_words(letters: str) -> None:
    buffer = io.BytesIO()
    canvas = Canvas(buffer, pagesize=letter)
    lines = canvas.beginText(72, 700)
    lines.setFont("Helvetica", 10)
    words = ("IGNORING", "DETAINERS,", "ENDANGERING")
    if letters == "charspace":
        lines.setCharSpace(4)
        lines.textLine(" ".join(words))
    else:
        lines.textLine("   ".join(" ".join(word).replace(" ,", ",") for word in words))
    canvas.drawText(lines)
    canvas.save()
    assert [one.text for one in pdf.paragraphs(buffer.getvalue(), parted=True)] == ["IGNORING DETAINERS, ENDANGERING"]


def test_sentences_of_the_paper_run_over_lines_and_pages_and_cut_words_are_mended() -> None:
    filler = "Jurisdictions in many states adopted policies, and the detainers they received went unanswered. " * 30
    text = [
        one.text for one in pdf.paragraphs(paper(filler, filler, filler, topMargin=100, bottomMargin=100), parted=True)
    ]
    assert " ".join(text) == " ".join([filler.strip()] * 3)
    assert all(one.startswith("Jurisdictions in") and one.endswith("unanswered.") for one in text)
    assert pdf_text._mended("juris", "dictions", {"jurisdictions"}) == "jurisdictions"
    assert pdf_text._mended("drug", "related", {"jurisdictions"}) == "drug-related"


def test_a_table_of_the_paper_is_read_with_its_page() -> None:
    rows = by_state()
    flow = Table([list(HEADERS), *rows], style=[("GRID", (0, 0), (-1, -1), 0.5, "black")])
    reading = read(paper("Detainers declined or with insufficient notice, by state", flow), PDF)
    assert stated(reading) == TRUTH
    assert figures(reading)[0].locator.page == 1
    assert not reading.problems


def test_raised_marks_in_a_ruled_table_do_not_join_the_count() -> None:
    rows = [[Paragraph(cell, BODY) for cell in row] for row in (HEADERS, *by_state())]
    rows[1][1] = Paragraph("13,025<super rise=3 size=6>1</super>", BODY)
    flow = Table(rows, colWidths=[150, 80, 130, 80], style=[("GRID", (0, 0), (-1, -1), 0.5, "black")])
    assert stated(read(paper(flow), PDF)) == TRUTH


MAP = ("Location", "Date Enacted", "Policy", "Criteria for Honoring Detainer", "Designation")


def policies(reading: Reading) -> list[tuple[str, ...]]:
    names = ("jurisdiction", "enacted", "policy", "criteria", "designation")
    return [tuple(getattr(fact, f"{name}_quoted") for name in names) for fact in reading.facts]


def independent(path: Path) -> list[tuple[str, ...]]:
    with path.open(newline="", encoding="utf-8-sig") as file:
        return [tuple(" ".join(row[name].split()) for name in MAP) for row in csv.DictReader(file)]


def test_the_real_copy_of_the_map_is_read_row_for_row(corpus: Path) -> None:
    path = corpus / "cis/cis_sanctuary_map_copy.csv"
    reading = read(path.read_bytes(), CSV, "cis_map")
    assert policies(reading) == independent(path)
    assert len(reading.facts) == 166
    assert not held(reading)
    assert readers.READERS["cis_map"].SERIES_KIND == "cumulative"


def test_the_traps_of_the_map_are_kept_and_told(corpus: Path) -> None:
    reading = read((corpus / "cis/cis_sanctuary_map_copy.csv").read_bytes(), CSV, "cis_map")
    facts = [fact for fact in reading.facts if isinstance(fact, Policy)]
    assert {fact.enacted_on for fact in facts if fact.enacted_quoted == "Sep-14"} == {"2014-09"}
    mangled = [(f.jurisdiction_quoted, f.enacted_quoted) for f in facts if f.enacted_on is None]
    assert mangled == [("Boston, Massachusetts", "2015-08-14"), ("Franklin County, Washington 99301", "2015-05-14")]
    assert [problem.code for problem in reading.problems] == ["bad_date", "bad_date", "repeated_row"]
    assert "Douglas County, Oregon" in reading.problems[2].text
    who = [fact.jurisdiction_quoted for fact in facts]
    assert [who.count(name) for name in ("Douglas County, Oregon", "Orange County, California")] == [2, 2]
    assert who.count("King County, Washington") == 2
    assert "Berkley, California" in who


def test_a_page_with_the_table_of_the_map_reads_as_the_copy_does(corpus: Path) -> None:
    rows = independent(corpus / "cis/cis_sanctuary_map_copy.csv")
    assert policies(read(table(rows, MAP), HTML, "cis_map")) == rows
    order = (2, 0, 4, 1, 3)
    moved = read(table([[row[at] for at in order] for row in rows], [MAP[at] for at in order]), HTML, "cis_map")
    assert policies(moved) == rows
    added = read(table([[*row, "x"] for row in rows], [*MAP, "Notes"]), HTML, "cis_map")
    assert policies(added) == rows
    assert "unread_column" in codes(added)


@pytest.mark.parametrize("at", range(5))
def test_a_renamed_or_missing_column_of_the_map_is_a_changed_layout(at: int) -> None:
    row = ("Cook County, Illinois", "Sep-11", "Ordinance", "Will not honor", "2")
    keep = [place for place in range(5) if place != at]
    with pytest.raises(LayoutChanged):
        read(table([row], [*MAP[:at], "Other", *MAP[at + 1 :]]), HTML, "cis_map")
    with pytest.raises(LayoutChanged):
        read(table([[row[place] for place in keep]], [MAP[place] for place in keep]), HTML, "cis_map")


@pytest.mark.parametrize("way", ["left", "right"])
def test_a_shifted_row_of_the_map_is_held_back(way: str) -> None:
    row = ("Cook County, Illinois", "Sep-11", "Ordinance 11-O-73 of the county board", "Will not honor", "2")
    moved = ("", *row[:4]) if way == "right" else (*row[1:], "")
    assert held(read(table([row, moved], MAP), HTML, "cis_map"))


def test_full_dates_count_where_the_column_is_made_of_them() -> None:
    rows = [(f"Place {n}, Ohio", f"2014-08-{n:02}", "Order", "None", "1") for n in range(1, 5)]
    facts = read(table(rows, MAP), HTML, "cis_map").facts
    assert [fact.enacted_on for fact in facts if isinstance(fact, Policy)] == [row[1] for row in rows]


@pytest.mark.parametrize(
    "text",
    [
        "By June 30, 2015, more detainers were declined than in all of 2014.",
        "By January 2014 the agency had stopped, and on August 31, 2014, it said so.",
        "By Law",
    ],
)
def test_a_sentence_that_begins_with_by_is_no_byline(text: str) -> None:
    reading = read(f"<p>{text}</p>")
    assert reading.published is None
    assert reading.paragraphs == (text,)
