"""ICE's 287(g) workbooks, against an independent reading of the real ones."""

import io
from collections import Counter
from pathlib import Path

import openpyxl
import pytest

from scraper import readers
from scraper.errors import LayoutChanged, Unreadable
from scraper.model import Agreement, Document, Options, Reading, ReleaseRef

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
INDEX = "https://www.ice.gov/identify-and-arrest/287g"
OPTIONS = Options(source_id="ice-287g", url=INDEX, publisher="ICE", title="287(g)", allow_hosts=("www.ice.gov",))
HEADER = ("STATE", "LAW ENFORCEMENT AGENCY", "TYPE", "COUNTY", "SUPPORT TYPE", "SIGNED", "MOA")
ROW = (
    "TEXAS",
    "Aransas County Sheriff's Office",
    "County",
    "Aransas County ",
    "Jail Enforcement Model",
    "2020-06-08",
    "link",
)


def document(data: bytes, media_type: str = XLSX, url: str = f"{INDEX}/list.xlsx") -> Document:
    return Document(url=url, data=data, media_type=media_type, charset=None, captured_at="", sha256="")


def workbook(*rows: tuple[object, ...]) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)  # type: ignore[union-attr]
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def read(data: bytes) -> Reading:
    return readers.read("ice_287g", document(data), ReleaseRef(key="k", url=INDEX, title="t"), OPTIONS)


def cells(fact: object) -> tuple[str, ...]:
    assert isinstance(fact, Agreement)
    names = "state agency type county support_type signed moa addendum"
    return tuple(getattr(fact, f"{name}_quoted") for name in names.split())


def independent(path: Path) -> Counter[tuple[str, ...]]:
    """The rows as openpyxl gives them, white space folded and dates as ISO, and nothing else done to them."""
    book = openpyxl.load_workbook(path)
    found: Counter[tuple[str, ...]] = Counter()
    for row in book.active.iter_rows(min_row=2, max_col=8, values_only=True):  # type: ignore[union-attr]
        texts = [value.date().isoformat() if hasattr(value, "date") else str(value or "") for value in row]
        if any(texts):
            found[tuple(" ".join(text.split()) for text in texts)] += 1
    book.close()
    return found


def test_all_fifteen_real_workbooks_are_read_row_for_row(corpus: Path) -> None:
    paths = sorted((corpus / "ice-287g").glob("*.xlsx"))
    assert len(paths) == 15
    for path in paths:
        reading = read(path.read_bytes())
        assert Counter(cells(fact) for fact in reading.facts) == independent(path), path.name
        assert {problem.code for problem in reading.problems} <= {"bad_date"}
        assert not any(problem.holds_back for problem in reading.problems)


def test_a_typed_date_that_is_none_is_kept_flagged_and_holds_nothing_back(corpus: Path) -> None:
    reading = read(sorted((corpus / "ice-287g").glob("*.xlsx"))[0].read_bytes())
    odd = [fact for fact in reading.facts if isinstance(fact, Agreement) and fact.signed_on is None]
    assert [fact.signed_quoted for fact in odd] == ["05/082025"]
    assert [problem.code for problem in reading.problems] == ["bad_date"]
    assert "05/082025" in reading.problems[0].text


def test_an_unknown_county_stays_as_published(corpus: Path) -> None:
    reading = read(sorted((corpus / "ice-287g").glob("*.xlsx"))[0].read_bytes())
    assert "#N/A" in {fact.county_quoted for fact in reading.facts if isinstance(fact, Agreement)}


def test_the_header_is_found_by_its_words_wherever_it_stands() -> None:
    """C4: rows above, columns in another order and a new column change nothing."""
    turned = tuple(reversed(ROW))
    reading = read(workbook(("Participating agencies",), (), tuple(reversed(HEADER)), turned, (), turned))
    assert [cells(fact) for fact in reading.facts] == [
        ("TEXAS", "Aransas County Sheriff's Office", "County", "Aransas County", *ROW[4:], "")
    ] * 2
    assert [fact.locator.row for fact in reading.facts] == [4, 6]
    assert reading.problems == ()


def test_an_addendum_column_is_read_and_another_new_column_is_named() -> None:
    reading = read(workbook((*HEADER, "ADDENDUM", "NOTES"), (*ROW, "addendum", "x")))
    assert cells(reading.facts[0])[-1] == "addendum"
    assert [(one.code, one.holds_back) for one in reading.problems] == [("unread_column", False)]
    assert "NOTES" in reading.problems[0].text


def test_a_renamed_column_is_a_changed_layout_and_never_shifted() -> None:
    """C5."""
    with pytest.raises(LayoutChanged, match=r'no column headed "COUNTY".*"PARISH"'):
        read(workbook(tuple("PARISH" if name == "COUNTY" else name for name in HEADER), ROW))


def test_a_list_without_rows_is_a_changed_layout() -> None:
    """C1: zero rows are no news."""
    with pytest.raises(LayoutChanged, match="no rows"):
        read(workbook(HEADER))


def test_a_web_page_in_place_of_the_workbook_is_unreadable() -> None:
    """C2."""
    with pytest.raises(Unreadable, match="no workbook"):
        readers.read(
            "ice_287g",
            document(b"<html>Access denied", "text/html"),
            ReleaseRef(key="k", url=INDEX, title="t"),
            OPTIONS,
        )


def test_the_page_lists_participating_agencies_and_not_the_pending_ones() -> None:
    page = b"""<html><body>
      <a href="/doclib/about/offices/ero/287g/participatingAgencies06042025am.xlsx?utm_source=x">list</a>
      <a href="/doclib/about/offices/ero/287g/pendingAgencies06042025am.xlsx">pending</a>
      <a href="/doclib/287g/PARTICIPATINGAGENCIES13452025.xlsx">an impossible date</a>
      <a href="https://elsewhere.example/participatingAgencies.xlsx">elsewhere</a>
      <a href="/doclib/287gMOA/x.pdf">MOA</a></body></html>"""
    found = readers.discover("ice_287g", document(page, "text/html", INDEX), OPTIONS)
    first, second = found.refs
    assert (
        first.key
        == first.url
        == ("https://www.ice.gov/doclib/about/offices/ero/287g/participatingAgencies06042025am.xlsx")
    )
    assert (first.title, first.published) == ("287(g) participating agencies, list of 2025-06-04", "2025-06-04")
    assert (second.title, second.published) == ("287(g) participating agencies", None)
    assert [problem.code for problem in found.problems] == ["link_outside"]
    assert not found.itself


def test_a_workbook_as_index_is_the_release_itself() -> None:
    url = "https://www.ice.gov/doclib/participatingAgencies05162025am.xlsx"
    found = readers.discover("ice_287g", document(workbook(HEADER, ROW), XLSX, url), OPTIONS)
    assert found.itself
    assert [ref.published for ref in found.refs] == ["2025-05-16"]


def test_a_page_without_the_list_is_a_changed_layout() -> None:
    """C1: nothing listed is a failure of ours, not a withdrawal."""
    with pytest.raises(LayoutChanged, match="No workbook"):
        readers.discover("ice_287g", document(b"<html><body>Maintenance</body></html>", "text/html"), OPTIONS)


def test_each_list_restates_the_whole() -> None:
    assert readers.READERS["ice_287g"].SERIES_KIND == "cumulative"
