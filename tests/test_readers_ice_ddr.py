"""Reader `ice_ddr`: quarterly reports in the layouts they may have, and their mutated twins."""

import csv
import io
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reportlab.lib.pagesizes import letter
from reportlab.lib.styles import ParagraphStyle, getSampleStyleSheet
from reportlab.platypus import ListFlowable, PageBreak, Paragraph, SimpleDocTemplate, Spacer, Table

from scraper.errors import DocumentError, LayoutChanged, Unreadable
from scraper.model import CaseAccount, Document, Figure, Options, Reading, ReleaseRef
from scraper.readers import ice_ddr
from tests.desk import Desk
from tests.publisher import Publisher

INDEX = "https://www.ice.gov/declined-detainer-outcome-report"
OPTIONS = Options(source_id="ice-ddr", url=INDEX, publisher="ICE", title="Quarterly", allow_hosts=("www.ice.gov",))
KEY = "ice-ddr 2018-01-01..2018-03-31"
REF = ReleaseRef(
    key=KEY,
    url=INDEX + "/q2.pdf",
    title="Q2",
    published="2019-07-15",
    period_start="2018-01-01",
    period_end="2018-03-31",
)
TITLE = "Declined Detainer Report: Fiscal Year 2018, Second Quarter"
INTRO = "The following 3 cases are examples of declined detainers. ICE issued more than 40,000 detainers in FY 2018."

LAPD = (
    "In January 2018, the Los Angeles Police Department (LAPD) arrested a citizen of Mexico, 34, for the offense of "
    "assault with a deadly weapon. ICE lodged a detainer on January 14, 2018. LAPD did not honor the detainer and "
    "released him on January 16, 2018. In February 2018, LAPD re-arrested the individual for burglary; robbery."
)
SLO = (
    "In December 2017, the San Luis Obispo County Sheriff’s Office arrested an illegal alien from Guatemala for "
    "driving under the influence. ERO issued a detainer, but it was ignored. In January 2018, he was re-arrested by "
    "the San Luis Obispo County Sheriff’s Office for battery."
)
COOK = (
    "Cook County, Illinois: On Feb. 3, a 29-year-old Honduran national, identified as Juan Doe-Sample, was arrested "
    "by the Chicago Police Department for Robbery: Aided by Another, and Battery. He was charged with Robbery. A "
    "detainer was lodged on Feb. 4. Doe-Sample was released on Feb. 6 despite the detainer. On March 2, ERO "
    "officers arrested him."
)
CASES = (LAPD, SLO, COOK)


def of(data: bytes | str, media_type: str = "text/html", url: str = INDEX) -> Document:
    body = data.encode() if isinstance(data, str) else data
    return Document(
        url=url, data=body, media_type=media_type, charset="utf-8", captured_at="2026-11-23T04:00:00Z", sha256=""
    )


def read(data: bytes | str, ref: ReleaseRef = REF) -> Reading:
    kind = "application/pdf" if isinstance(data, bytes) else "text/html"
    return ice_ddr.read(of(data, kind, ref.url), ref, OPTIONS)


def page(*cases: str, mark: str = "<li>{}</li>", intro: str = INTRO) -> str:
    items = "".join(mark.format(case) for case in cases)
    body = f"<ol>{items}</ol>" if "<li>" in mark else items
    return f"<title>{TITLE}</title><main><h1>{TITLE}</h1><p>{intro}</p>{body}</main>"


BODY = getSampleStyleSheet()["BodyText"]
INDENTED = ParagraphStyle("indented", parent=BODY, firstLineIndent=18, spaceBefore=0, spaceAfter=0)


def pdf(*flow: Any) -> bytes:
    buffer = io.BytesIO()
    made = SimpleDocTemplate(buffer, pagesize=letter, title=TITLE, invariant=True)
    made.build([Paragraph(TITLE, getSampleStyleSheet()["Title"]), Paragraph(INTRO, BODY), *flow])
    return buffer.getvalue()


def bulleted(*cases: str, kind: str = "bullet") -> bytes:
    return pdf(ListFlowable([Paragraph(case, BODY) for case in cases], bulletType=kind))


def numbered(cases: tuple[str, ...], form: str) -> list[Paragraph]:
    return [Paragraph(form.format(number, case), BODY) for number, case in enumerate(cases, 1)]


PDFS: dict[str, Callable[..., bytes]] = {
    "bullets": lambda *cases: bulleted(*cases),
    "numbered list": lambda *cases: bulleted(*cases, kind="1"),
    "numbers with a stop": lambda *cases: pdf(*numbered(cases, "{}. {}")),
    "cases with numbers": lambda *cases: pdf(*numbered(cases, "Case {}: {}")),
    "space between": lambda *cases: pdf(*(Paragraph(case, BODY) for case in cases)),
    "indented": lambda *cases: pdf(*(Paragraph(case, INDENTED) for case in cases)),
    "one to a page": lambda *cases: pdf(*(part for case in cases for part in (PageBreak(), Paragraph(case, BODY)))),
    "over a page's end": lambda *cases: pdf(Spacer(1, 490), *numbered(cases, "{}. {}")),
}
PAGES: dict[str, Callable[..., str]] = {
    "list": lambda *cases: page(*cases),
    "paragraphs": lambda *cases: page(*cases, mark="<p>{}</p>"),
    "paragraphs with bullets": lambda *cases: page(*cases, mark="<p>• {}</p>"),
}


def told(reading: Reading) -> list[CaseAccount]:
    return [fact for fact in reading.facts if isinstance(fact, CaseAccount)]


def plain(case: CaseAccount) -> CaseAccount:
    return replace(case, locator=CaseAccount(position=1).locator)


def check_truth(reading: Reading) -> None:
    first, second, third = told(reading)
    assert (first.position, first.agency_quoted, first.place_quoted, first.citizenship_quoted, first.age) == (
        1, "Los Angeles Police Department (LAPD)", "Los Angeles", "Mexico", 34
    )  # fmt: skip
    assert (first.arrested_on, first.detainer_on, first.declined_on, first.released_on, first.rearrested_on) == (
        "2018-01", "2018-01-14", None, "2018-01-16", "2018-02"
    )  # fmt: skip
    assert first.charges_quoted == "assault with a deadly weapon"
    assert first.followed_quoted.endswith("LAPD re-arrested the individual for burglary; robbery.")
    assert (first.disposition, first.dates_inferred) == ("unstated", "")
    assert (second.agency_quoted, second.place_quoted) == (
        "San Luis Obispo County Sheriff’s Office", "San Luis Obispo County"
    )  # fmt: skip
    assert (second.arrested_on, second.detainer_on, second.rearrested_on) == ("2017-12", None, "2018-01")
    assert (second.citizenship_quoted, second.charges_quoted) == ("Guatemala", "driving under the influence")
    assert (third.place_quoted, third.state_quoted, third.citizenship_quoted, third.age) == (
        "Cook County", "Illinois", "Honduran", 29
    )  # fmt: skip
    assert (third.arrested_on, third.detainer_on, third.released_on, third.rearrested_on) == (
        "2018-02-03", "2018-02-04", "2018-02-06", None
    )  # fmt: skip
    assert third.dates_inferred == "arrested_on,detainer_on,released_on"
    assert (third.charges_quoted, third.disposition) == ("Robbery: Aided by Another, and Battery", "charged")
    assert "[name]" in third.quote
    assert not re.search(r"Juan|Doe|Sample", repr(reading))


@pytest.mark.parametrize("layout", PDFS)
def test_a_pdf_is_read_exactly_in_every_layout(layout: str) -> None:
    reading = read(PDFS[layout](*CASES))
    check_truth(reading)
    assert reading.problems == ()
    assert (reading.title, reading.period_start, reading.period_end) == (TITLE, "2018-01-01", "2018-03-31")
    assert all(case.locator.page and case.locator.paragraph for case in told(reading))


@pytest.mark.parametrize("layout", PAGES)
def test_a_page_is_read_exactly_in_every_layout(layout: str) -> None:
    reading = read(PAGES[layout](*CASES))
    check_truth(reading)
    assert reading.problems == ()


def test_every_layout_gives_the_same_accounts() -> None:
    readings = [read(make(*CASES)) for make in (*PDFS.values(), *PAGES.values())]
    assert len({tuple(map(plain, told(reading))) for reading in readings}) == 1


def test_figures_of_the_text_keep_bound_period_and_measure() -> None:
    found = [
        (f.measure, f.unit, f.bound, f.value, f.period_start) for f in read(page(*CASES)).facts if isinstance(f, Figure)
    ]
    assert found == [
        (None, "cases", "exact", 3, "2018-01-01"),
        ("detainer_issued", "detainers", "at_least", 40000, "2017-10-01"),
    ]


HEADER = ("Arresting Agency", "State", "Citizenship", "Arrest Date", "Detainer Issued", "Re-arrest", "Charges")
ROWS = (
    ("Los Angeles Police Department", "CA", "Mexico", "January 2018", "1/14/2018", "Feb-18", "Assault (Conviction)"),
    ("San Luis Obispo County Sheriff", "CA", "Guatemala", "December 2017", "", "January 2018", "Battery"),
    ("Chicago Police Department", "IL", "Honduras", "February 3, 2018", "Feb. 4, 2018", "", "Robbery, charged"),
)


def tabled(header: tuple[str, ...] = HEADER, rows: tuple[tuple[str, ...], ...] = ROWS) -> str:
    lines = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    head = "".join(f"<th>{cell}</th>" for cell in header)
    return f"<title>{TITLE}</title><main><p>{INTRO}</p><table><tr>{head}</tr>{lines}</table></main>"


def drawn(header: tuple[str, ...] = HEADER, rows: tuple[tuple[str, ...], ...] = ROWS) -> bytes:
    cells = [[Paragraph(cell, BODY) for cell in row] for row in (header, *rows)]
    table = Table(cells, colWidths=[80, 45, 65, 70, 70, 70, 75], style=[("GRID", (0, 0), (-1, -1), 0.5, "black")])
    return pdf(table)


def summary(reading: Reading) -> list[tuple[Any, ...]]:
    return [
        (
            c.agency_quoted,
            c.state_quoted,
            c.citizenship_quoted,
            c.arrested_on,
            c.detainer_on,
            c.rearrested_on,
            c.disposition,
        )
        for c in told(reading)
    ]


TRUTH = [
    ("Los Angeles Police Department", "CA", "Mexico", "2018-01", "2018-01-14", "2018-02", "convicted"),
    ("San Luis Obispo County Sheriff", "CA", "Guatemala", "2017-12", None, "2018-01", "unstated"),
    ("Chicago Police Department", "IL", "Honduras", "2018-02-03", "2018-02-04", None, "charged"),
]


@pytest.mark.parametrize("make", [tabled, drawn])
def test_a_table_is_read_by_its_header_words(make: Any) -> None:
    reading = read(make())
    assert summary(reading) == TRUTH
    assert reading.problems == ()
    turned = [row[::-1] for row in (HEADER, *ROWS)]
    if make is tabled:
        assert summary(read(make(turned[0], tuple(turned[1:])))) == TRUTH


def test_twins_of_a_table_are_read_exactly_or_say_what_was_not() -> None:
    """C4, C5."""
    renamed = tuple("Officer" if name == "Citizenship" else name for name in HEADER)
    reading = read(tabled(renamed))
    assert [case.citizenship_quoted for case in told(reading)] == ["", "", ""]
    assert [problem.code for problem in reading.problems] == ["unread_column"]
    with_names = read(tabled(("Name", *HEADER), tuple(("John Q. Sample", *row) for row in ROWS)))
    assert summary(with_names) == TRUTH
    assert "Sample" not in repr(with_names.facts)
    assert [problem.code for problem in with_names.problems] == ["unread_column"]
    shifted = read(tabled(HEADER, (ROWS[0], (*ROWS[1][1:], ROWS[1][0]), ROWS[2])))
    assert any(problem.code == "bad_cell" for problem in shifted.problems)
    doubled = tuple("Citizenship" if name == "State" else name for name in HEADER)
    with pytest.raises(LayoutChanged, match="more than one column"):
        read(tabled(doubled))
    assert [p.code for p in read(tabled(rows=ROWS[:2])).problems] == ["count_differs"]


def test_a_case_that_cannot_be_read_is_a_problem_and_never_dropped() -> None:
    nobody = "In March 2018, a Haitian national named Paul Sample was booked into a jail and released."
    reading = read(page(LAPD, nobody, COOK))
    assert [case.position for case in told(reading)] == [1, 2]
    codes = {problem.code: problem for problem in reading.problems}
    assert set(codes) == {"case_unread", "count_differs"}
    assert "Sample" not in repr(reading)
    assert "paragraph" in codes["case_unread"].locator
    assert not codes["count_differs"].holds_back


def test_a_stated_number_that_differs_holds_the_report_back() -> None:
    (problem,) = read(page(LAPD, SLO)).problems
    assert (problem.code, problem.holds_back) == ("count_differs", True)
    assert not read(page(LAPD, SLO, intro="At least 2 cases follow.")).problems


def test_a_gap_in_the_numbers_holds_the_report_back() -> None:
    text = page(f"1. {LAPD}", f"2. {SLO}", f"4. {COOK}", mark="<p>{}</p>")
    assert [(p.code, p.holds_back) for p in read(text).problems] == [("numbers_gap", True)]


DATES = {"January 2018": "arrested_on", "January 14, 2018": "detainer_on", "January 16, 2018": "released_on"}


@pytest.mark.parametrize("words", DATES)
def test_a_changed_date_changes_its_own_field_only(words: str) -> None:
    """C13."""
    later = words.replace("January 2018", "December 2017").replace(" 14,", " 15,").replace(" 16,", " 17,")
    before, after = (told(read(page(text, SLO, COOK)))[0] for text in (LAPD, LAPD.replace(words, later, 1)))
    names = ("arrested_on", "detainer_on", "declined_on", "released_on", "rearrested_on")
    assert [name for name in names if getattr(before, name) != getattr(after, name)] == [DATES[words]]


@given(st.sets(st.integers(0, 3)))
@settings(max_examples=16)
def test_an_account_without_some_of_its_sentences_is_never_shifted(kept: set[int]) -> None:
    sentences = re.split(r"(?<=\.) (?=[A-Z])", LAPD)
    whole = told(read(page(LAPD, SLO, COOK)))[0]
    text = " ".join(part for at, part in enumerate(sentences) if at in kept)
    reading = read(page(text, SLO, COOK))
    if 0 not in kept:
        assert len(told(reading)) == 2
        return
    part = told(reading)[0]
    for name in ("arrested_on", "detainer_on", "declined_on", "released_on", "rearrested_on"):
        assert getattr(part, name) in (getattr(whole, name), None)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("He was convicted of robbery.", "convicted"),
        ("He was charged with robbery.", "charged"),
        ("He was charged with robbery and convicted of theft.", "mixed"),
        ("He was not charged.", "unstated"),
        ("He has never been convicted.", "unstated"),
        ("His criminal history includes a prior conviction for theft.", "unstated"),
        ("In March 2018, he was re-arrested and charged with theft.", "unstated"),
    ],
)
def test_the_disposition_is_that_of_the_arrest_told(said: str, expected: str) -> None:
    case = "In January 2018, the Kern County Sheriff’s Office arrested a citizen of Peru for robbery and released him."
    (only,) = told(read(page(f"{case} {said}", intro="One report.")))
    assert (only.disposition, only.charges_quoted) == (expected, "robbery")


@pytest.mark.parametrize(
    ("case", "place", "state"),
    [
        ("the Kern County Sheriff’s Office arrested a citizen of Peru for theft", "Kern County", ""),
        ("LAPD arrested a citizen of Peru in Los Angeles, California, for theft", "Los Angeles", "California"),
        ("the Chicago Police Department arrested a citizen of Peru living in Dallas, Texas, for theft", "Chicago", ""),
        ("LAPD arrested a native of Tbilisi, Georgia, for theft", "", ""),
        ("the New York State Police arrested a citizen of Peru for theft", "", ""),
    ],
)
def test_the_place_of_a_case_is_the_agencys(case: str, place: str, state: str) -> None:
    (only,) = told(read(page(f"In January 2018, {case}. A detainer was declined.", intro="One report.")))
    assert (only.place_quoted, only.state_quoted) == (place, state)


def test_what_reports_say_of_detainers_in_general_is_no_case() -> None:
    text = "A detainer asks a law enforcement agency to notify ICE before it releases a removable alien it arrested."
    reading = read(page(*CASES, intro=f"{INTRO}</p><p>{text}"))
    assert (len(told(reading)), reading.problems) == (3, ())


def test_two_cases_run_together_are_not_read_as_one() -> None:
    reading = read(page(f"{LAPD} {SLO}", COOK))
    assert len(told(reading)) == 1
    assert "case_unread" in {problem.code for problem in reading.problems}


def test_a_heading_gives_place_and_state_to_the_accounts_under_it() -> None:
    text = page(f"<h2>California</h2><p>{LAPD}</p><p>{SLO}</p><h2>Cook County, Illinois</h2><p>{COOK}</p>", mark="{}")
    assert [(case.place_quoted, case.state_quoted) for case in told(read(text))] == [
        ("Los Angeles", "California"),
        ("San Luis Obispo County", "California"),
        ("Cook County", "Illinois"),
    ]


def test_the_place_of_a_heading_ends_at_the_next_heading() -> None:
    text = page(f"<h2>California</h2><p>{LAPD}</p><h2>ERO New York</h2><p>{SLO}</p><p>{COOK}</p>", mark="{}")
    assert [case.state_quoted for case in told(read(text))] == ["California", "", "Illinois"]


def test_a_report_of_another_quarter_than_its_index_says_is_held_back() -> None:
    other = replace(REF, period_start="2018-04-01", period_end="2018-06-30")
    assert ("period_differs", True) in [(p.code, p.holds_back) for p in read(page(*CASES), other).problems]


def test_a_page_without_cases_and_a_file_of_another_type_are_refused() -> None:
    with pytest.raises(LayoutChanged, match="tells of no case"):
        read("<title>Access Denied</title><p>You do not have permission.</p>")
    with pytest.raises(Unreadable):
        ice_ddr.read(of(b"a,b", "text/csv"), REF, OPTIONS)


@pytest.mark.parametrize(
    ("link", "key"),
    [
        ('<a href="/doclib/ddr_fy2018_q2.pdf">PDF</a>', KEY),
        ('<a href="/doclib/a.pdf">Declined Detainer Report for FY2018, Second Quarter</a>', KEY),
        ('<a href="/doclib/a.pdf">Declined Detainer Report, Second Quarter of Fiscal Year (FY) 2018</a>', KEY),
        (
            '<ul><li>Declined Detainer Report, FY 2018 Quarter Two (<a href="/doclib/a.pdf">PDF</a>)</li></ul>',
            KEY,
        ),
        ('<h1>Declined Detainer Reports</h1><a href="/doclib/a.pdf">FY 2018 Q2</a>', KEY),
        ('<a href="/doclib/a.pdf">Declined Detainer Report FY 2018 Q4</a>', "ice-ddr 2018-07-01..2018-09-30"),
        ('<a href="/doclib/a.pdf">Declined Detainer Report FY 2019 Q1</a>', "ice-ddr 2018-10-01..2018-12-31"),
    ],
)
def test_the_index_gives_reports_by_their_period(link: str, key: str) -> None:
    weekly = '<a href="/doclib/ddor/ddor2017_02-04to02-10.pdf">Weekly Declined Detainer Outcome Report Feb 4</a>'
    found = ice_ddr.discover(
        of(f"<main><p>{link}</p><p>{weekly}</p><a href=/news>News of FY2018 Q3</a></main>"), OPTIONS
    )
    (ref,) = found.refs
    assert (ref.key, ref.series, f"{ref.series} {ref.period_start}..{ref.period_end}") == (key, "ice-ddr", key)
    assert found.problems == ()


def test_the_key_meets_the_history_of_record() -> None:
    releases = (Path(__file__).parent.parent / "db/reference/history/releases.csv").read_text("utf-8")
    (kept,) = [row for row in csv.DictReader(io.StringIO(releases)) if row["series"] == "ice-ddr"]
    (ref,) = ice_ddr.discover(of('<a href="/q.pdf">Declined Detainer Report FY2018 Q2</a>'), OPTIONS).refs
    assert (ref.key, ref.period_start, ref.period_end) == (kept["key"], kept["period_start"], kept["period_end"])


def test_a_report_without_a_certain_quarter_and_a_second_one_are_problems() -> None:
    first = '<a href="/a.pdf">Declined Detainer Report FY2018 Q2</a>'
    others = '<a href="/b.pdf">Declined Detainer Report</a> <a href="/c.pdf">FY2018 Q2 declined detainer</a>'
    found = ice_ddr.discover(of(f"<p>{first}</p><p>{others}</p>"), OPTIONS)
    assert [ref.url for ref in found.refs] == ["https://www.ice.gov/a.pdf"]
    assert sorted(problem.code for problem in found.problems) == ["period_unknown", "same_period"]
    with pytest.raises(LayoutChanged):
        ice_ddr.discover(of("<p>Nothing here</p>"), OPTIONS)


def test_a_report_watched_at_its_own_address_is_its_own_index() -> None:
    found = ice_ddr.discover(of(bulleted(*CASES), "application/pdf"), OPTIONS)
    assert ([ref.key for ref in found.refs], found.itself) == ([KEY], True)


WORDS = st.sampled_from(
    [*LAPD.split(), *COOK.split(), "1.", "•", "—", "<li>", "</li>", "<p>", "16 cases", "2018-13", "\u200b", "Case 3:"]
)


@given(st.lists(WORDS, max_size=80))
@settings(max_examples=60)
def test_no_text_breaks_the_reader(words: list[str]) -> None:
    try:
        reading = read(page(" ".join(words), intro=""))
    except DocumentError:
        return
    assert told(reading) or any(problem.code == "case_unread" for problem in reading.problems)


def test_a_report_goes_from_the_publisher_into_the_tables_without_a_name(tmp_path: Path, publisher: Publisher) -> None:
    publisher.put("/ddr", '<main><a href="/doclib/ddr_fy2018_q2.pdf">Declined Detainer Report FY2018 Q2</a></main>')
    publisher.put("/doclib/ddr_fy2018_q2.pdf", bulleted(*CASES), "application/pdf")
    desk = Desk(tmp_path, publisher, {"id": "ice-ddr", "reader": "ice_ddr", "path": "/ddr"})
    assert not desk.check().failed, desk.health()
    rows = desk.ask("SELECT * FROM case_account WHERE agency_quoted <> '' AND quote <> '' ORDER BY position")
    assert [(row["arrested_on"], row["rearrested_on"]) for row in rows] == [
        ("2018-01", "2018-02"), ("2017-12", "2018-01"), ("2018-02-03", None)
    ]  # fmt: skip
    place = desk.ask("SELECT place_id FROM case_account WHERE place_quoted = 'Cook County' AND position = 3")
    assert [row["place_id"] for row in place] == ["17031"]
    stored = b"".join(path.read_bytes() for path in tmp_path.glob("db/*.db*"))
    assert b"Doe-Sample" not in stored
    publisher.put(
        "/doclib/ddr_fy2018_q2.pdf", bulleted(*CASES[:2], COOK.replace("Feb. 6", "Feb. 7")), "application/pdf"
    )
    assert not desk.check().failed, desk.health()
    assert desk.kinds() == ["baseline", "revised"]
