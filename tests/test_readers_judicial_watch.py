"""Judicial Watch: the announcement's lists in parentheses, its spreadsheets and its documents."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reportlab.lib.pagesizes import letter
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.platypus import Paragraph, SimpleDocTemplate, Table

from scraper import readers
from scraper.model import Document, Figure, Options, Problem, Reading, ReleaseRef
from scraper.readers import prose

HTML, RSS, PDF = "text/html", "application/rss+xml", "application/pdf"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
SITE = "https://www.judicialwatch.org"
URL = f"{SITE}/press-room/press-releases/announcement/"
OPTIONS = Options(
    source_id="judicial-watch",
    url=f"{SITE}/feed/",
    publisher="Judicial Watch",
    title="Documents",
    allow_hosts=("www.judicialwatch.org",),
    max_pages=6,
)


def document(data: str | bytes, media_type: str = HTML, url: str = URL) -> Document:
    raw = data.encode() if isinstance(data, str) else data
    return Document(url=url, data=raw, media_type=media_type, charset="utf-8", captured_at="", sha256="")


def read(data: str | bytes, media_type: str = HTML, title: str = "Announcement") -> Reading:
    return readers.read(
        "judicial_watch", document(data, media_type), ReleaseRef(key="k", url=URL, title=title), OPTIONS
    )


def workbook(*rows: Sequence[object], sheet: str = "Sheet1") -> bytes:
    book = openpyxl.Workbook()
    assert book.active is not None
    book.active.title = sheet
    for row in rows:
        book.active.append(list(row))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def figures(reading: Reading) -> list[Figure]:
    return [fact for fact in reading.facts if isinstance(fact, Figure)]


def held(reading: Reading) -> list[Problem]:
    return [problem for problem in reading.problems if problem.holds_back]


@pytest.fixture
def announcement(corpus: Path) -> str:
    lines = (corpus / "judicial-watch/judicialwatch_2017-10-12.txt").read_text("utf-8").splitlines()
    return "".join(f"<p>{line}</p>" for line in lines if line and not line.startswith(("#", "(check")))


def test_the_five_places_and_the_total_of_the_real_announcement_are_kept_and_flagged(announcement: str) -> None:
    reading = read(f"<html><body><article>{announcement}</article></body></html>")
    declined = [f for f in figures(reading) if f.measure == "detainer_declined"]
    assert [(f.place_quoted, f.state_quoted, f.value) for f in declined] == [
        ("", "", 284),
        ("Ventura County", "CA", 188),
        ("Miami-Dade", "FL", 93),
        ("Denver", "CO", 74),
        ("Clark", "NV", 68),
        ("Los Angeles", "CA", 57),
    ]
    assert [p.code for p in reading.problems] == ["sum_exceeds_total"]
    assert "480" in reading.problems[0].text
    assert "284" in reading.problems[0].text
    assert all("480" in f.note for f in declined)
    assert (reading.period_start, reading.period_end) == ("2016-10-01", "2016-12-31")
    offences = [(f.label_quoted, f.value, f.unit) for f in figures(reading) if f.measure == "offence_listed"]
    assert offences == [("various forms of assault", 16, None), ("drug-and-alcohol-related charges", 39, None)]
    assert not [f for f in figures(reading) if f.measure is None and f.value in (188, 93, 74, 68, 57, 16, 39)]


def told(sentence: str) -> list[tuple[str, str, str, str | None, Any]]:
    found = prose.figures((sentence,), offences=True)
    return [(f.place_quoted or f.facility_quoted, f.state_quoted, f.label_quoted, f.measure, f.value) for f in found]


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        (
            "Top counties that declined detainers: Cook County, Illinois (1,804), and St. Louis County, MO (3).",
            [("Cook County", "Illinois", "", 1804), ("St. Louis County", "MO", "", 3)],
        ),
        (
            "The states ignoring most detainers were New York (873), Virginia (1,601) and Texas (9).",
            [("", "New York", "", 873), ("", "Virginia", "", 1601), ("", "Texas", "", 9)],
        ),
        (
            "Jails that refused to honor detainers include Cook County Jail (12) and Alameda Prison, CA (7).",
            [("Cook County Jail", "", "", 12), ("Alameda Prison", "CA", "", 7)],
        ),
    ],
)
def test_a_list_under_declined_detainers_names_each_place(sentence: str, expected: list[Any]) -> None:
    assert told(sentence) == [(*row[:3], "detainer_declined", row[3]) for row in expected]


@pytest.mark.parametrize(
    "sentence",
    [
        "ICE issued detainers to counties that ignored some: Ventura County, CA (188), and Denver, CO (74).",
        "If counties declined detainers they would be Ventura County, CA (188), and Denver, CO (74).",
        "No county refused detainers, not Ventura County, CA (188), and not Denver, CO (74).",
        "The largest counties are Ventura County, CA (188), and Denver, CO (74).",
    ],
)
def test_a_list_whose_subject_is_not_certain_has_no_measure(sentence: str) -> None:
    assert {measure for *_, measure, _ in told(sentence)} <= {None}


def test_ages_in_parentheses_make_no_place_of_a_person() -> None:
    text = "Detainers were ignored for Juan Perez (34), Mario Lopez Ruiz (28), and others."
    found = prose.figures((text,), offences=True)
    assert not [f for f in found if f.measure]
    assert "Perez" not in str(found)
    assert "Ruiz" not in str(found)


@settings(deadline=None)
@given(st.lists(st.integers(1, 9999), min_size=2, max_size=6), st.sampled_from(["; ", ", "]), st.booleans())
def test_every_item_of_a_list_comes_back_exactly(counts: list[int], mark: str, last: bool) -> None:
    names = ("Ventura County, CA", "Miami-Dade, FL", "Doña Ana County, NM", "Los Angeles, CA", "Clark, NV", "Ohio")
    items = [f"{name} ({count:,})" for name, count in zip(names, counts, strict=False)]
    text = mark.join(items[:-1]) + (f"{mark}and " if last else mark) + items[-1]
    assert [value for *_, value in told(f"The counties that denied detainers were {text}.")] == counts


JAILS = (
    ("Ventura County Jail", "CA", 188),
    ("Denver County Jail", "CO", 74),
    ("Clark County Detention Center", "NV", 68),
)
PREAMBLE = (("Declined detainers by facility",), ("FY 2017 Q1",), ())


def expected(rows: Sequence[tuple[str, str, int]] = JAILS) -> list[tuple[str, str, int, str]]:
    return [(name, state, count, "detainer_declined") for name, state, count in rows]


def stated(reading: Reading) -> list[tuple[str, str, Any, str | None]]:
    return [
        (f.facility_quoted or f.place_quoted, f.state_quoted, f.value, f.measure)
        for f in figures(reading)
        if f.locator.row and not f.label_quoted
    ]


@pytest.mark.parametrize("headers", [("Facility", "State", "Count"), ("Jail", "State", "Detainers Declined")])
def test_a_spreadsheet_is_read_row_for_row_below_its_opening_lines(headers: tuple[str, ...]) -> None:
    reading = read(workbook(*PREAMBLE, headers, *JAILS, ("Total", None, 330), sheet="Jails"), XLSX)
    assert stated(reading) == expected()
    assert [(f.label_quoted, f.value) for f in figures(reading) if f.label_quoted] == [("Total", 330)]
    assert figures(reading)[0].locator.sheet == "Jails"
    assert figures(reading)[0].locator.row == 5
    assert not reading.problems
    assert reading.paragraphs == ("Declined detainers by facility", "FY 2017 Q1")


def test_a_delimited_list_and_one_of_jurisdictions_read_alike() -> None:
    text = 'Count,County\n188,"Ventura County, CA"\n93,"Miami-Dade, FL"\n'
    reading = read(text, "text/csv", title="Top jurisdictions that declined detainers")
    assert stated(reading) == expected((("Ventura County", "CA", 188), ("Miami-Dade", "FL", 93)))
    assert not reading.problems


def test_a_count_whose_subject_no_word_tells_is_kept_without_a_measure() -> None:
    reading = read(workbook(("Facility", "State", "Count"), *JAILS), XLSX)
    assert {measure for *_, measure in stated(reading)} == {None}
    assert [p.code for p in reading.problems] == ["measure_uncertain"]


def test_mutated_spreadsheets_are_exact_or_held_back() -> None:
    headers = ("Facility", "State", "Declined")
    back = workbook(headers[::-1], *(row[::-1] for row in JAILS))
    assert stated(read(back, XLSX)) == expected()
    added = read(workbook((*headers, "Remarks"), *((*row, "x") for row in JAILS)), XLSX)
    assert stated(added) == expected()
    assert [p.code for p in added.problems] == ["unread_column"]
    wrong = read(workbook(headers, *JAILS, ("Total", "", 331)), XLSX)
    assert stated(wrong) == expected()
    assert [p.code for p in wrong.problems] == ["total_differs"]
    shifted = read(workbook(headers, *JAILS, ("", "Cook County Jail", "IL", 3)), XLSX)
    assert held(shifted)
    moved = read(workbook(headers, JAILS[0], ("CO", 74, ""), JAILS[2]), XLSX)
    assert held(moved)
    renamed = read(workbook(("Facility", "State", "Outcome"), *JAILS), XLSX, title="Declined detainers")
    assert held(renamed)
    assert not figures(renamed)


def test_a_list_of_records_without_counts_is_unread_and_watched_as_text() -> None:
    rows = [
        ("Ventura County Jail", "CA", "2016-10-03", "Declined"),
        ("Denver County Jail", "CO", "2016-11-02", "Declined"),
    ]
    reading = read(workbook(("Facility", "State", "Date", "Lift Reason"), *rows), XLSX, title="Detainers")
    assert [p.code for p in reading.problems] == ["unread_table"]
    assert not held(reading)
    assert len(reading.paragraphs) == 3


BODY = getSampleStyleSheet()["BodyText"]


@pytest.mark.parametrize("style", [[("GRID", (0, 0), (-1, -1), 0.5, "black")], []])
def test_lists_in_a_document_are_read_with_and_without_rules(style: list[Any]) -> None:
    rows = [("Facility", "State", "Detainers Declined"), *((name, state, str(count)) for name, state, count in JAILS)]
    buffer = io.BytesIO()
    opening = Paragraph("The facilities below declined detainers in the first quarter of fiscal year 2017.", BODY)
    SimpleDocTemplate(buffer, pagesize=letter, title="Documents").build([opening, Table(rows, style=style)])
    reading = read(buffer.getvalue(), PDF)
    assert stated(reading) == expected()
    assert not held(reading)
    assert reading.title == "Documents"
    assert (reading.period_start, reading.period_end) == ("2016-10-01", "2016-12-31")


def item(title: str, slug: str, text: str = "") -> str:
    return f"<item><title>{title}</title><link>{SITE}/{slug}/</link><description>{text}</description></item>"


def feed(*items: str) -> Document:
    text = f'<?xml version="1.0"?><rss version="2.0"><channel><title>JW</title>{"".join(items)}</channel></rss>'
    return document(text, RSS, OPTIONS.url)


def test_announcements_on_detainers_are_also_asked_for_the_documents_they_link_to() -> None:
    found = readers.discover(
        "judicial_watch",
        feed(item("Hundreds of counties denied ICE detainer requests", "a"), item("On e-mails", "b", "Other things")),
        OPTIONS,
    )
    assert [ref.url for ref in found.refs] == [f"{SITE}/a/", f"{SITE}/b/"]
    assert found.next_urls == (f"{SITE}/a/",)


LINKS = """<article><a href="/wp-content/uploads/2017/10/jails.xlsx">Nationwide list of jails</a>
<a href="/documents/DHS-production.pdf?x=1">45 pages</a><a href="/about/">About</a>
<a href="https://elsewhere.example/list.csv">Copy</a></article>"""


def test_spreadsheets_and_documents_behind_a_page_are_releases() -> None:
    found = readers.discover("judicial_watch", document(LINKS), OPTIONS)
    assert [(ref.title, ref.url) for ref in found.refs] == [
        ("Nationwide list of jails", f"{SITE}/wp-content/uploads/2017/10/jails.xlsx"),
        ("45 pages", f"{SITE}/documents/DHS-production.pdf?x=1"),
    ]
    assert [p.code for p in found.problems] == ["link_outside"]
    assert not found.itself


def test_an_announcement_without_documents_adds_nothing_to_the_feed_and_is_itself_the_release_where_named() -> None:
    plain = document("<article><p>Text.</p></article>")
    assert readers.discover("judicial_watch", plain, OPTIONS).refs == ()
    named = Options(source_id="jw", url=URL, publisher="Judicial Watch", title="t")
    assert readers.discover("judicial_watch", plain, named).itself
