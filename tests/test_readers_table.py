"""Tables that a user describes: exact by header, or held back; never shifted, never merged in silence."""

import csv
import io
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reportlab import platypus

from scraper import readers
from scraper.errors import DocumentError, LayoutChanged, Unreadable
from scraper.known import Known, collected, fact_hash, line_hash, line_start
from scraper.model import Column, Document, Fact, Figure, ListedRow, Locator, Options, Reading, ReleaseRef, Table
from scraper.readers import table
from tests.test_documents_delimited import Shelf

URL = "https://example.org/declined"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
COLUMNS = (
    Column(name="jurisdiction", header="Jurisdiction"),
    Column(name="state", header="State"),
    Column(name="count", header="Declined", type="integer", measure="detainer_declined", unit="detainers"),
)
HEADER = ["Jurisdiction", "State", "Declined"]
COOK, KERN = ["Cook County", "IL", "2,946"], ["Kern County", "CA", "65"]


def options(columns: tuple[Column, ...] = COLUMNS, **kw: object) -> Options:
    return Options(source_id="s", url=URL, publisher="p", title="Declined detainers", columns=columns, **kw)  # type: ignore[arg-type]


def document(data: str | bytes, media_type: str = "text/csv") -> Document:
    body = data.encode() if isinstance(data, str) else data
    return Document(url=URL, data=body, media_type=media_type, charset="utf-8", captured_at="", sha256="")


def as_csv(*rows: list[str]) -> Document:
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return document(out.getvalue())


def as_html(*tables: list[list[str]], title: str = "Declined") -> Document:
    def table(rows: list[list[str]]) -> str:
        return (
            "<table>" + "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows) + "</table>"
        )

    body = "".join(map(table, tables))
    return document(f"<html><head><title>{title}</title></head><body>{body}</body></html>", "text/html")


def as_xlsx(**sheets: list[list[object]]) -> Document:
    book = openpyxl.Workbook()
    book.remove(book.active)  # type: ignore[arg-type]
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return document(out.getvalue(), XLSX)


def read(page: Document, chosen: Options | None = None) -> Reading:
    return readers.read("table", page, ReleaseRef(key=URL, url=URL, title="t"), chosen or options())


def listed(reading: Reading) -> list[dict[str, str]]:
    return [json.loads(fact.cells) for fact in reading.facts if isinstance(fact, ListedRow)]


def figures(reading: Reading) -> list[Figure]:
    return [fact for fact in reading.facts if isinstance(fact, Figure)]


def codes(reading: Reading) -> list[tuple[str, bool]]:
    return [(problem.code, problem.holds_back) for problem in reading.problems]


@pytest.mark.parametrize(
    "page",
    [
        as_csv(HEADER, COOK, KERN),
        as_html([HEADER, COOK, KERN]),
        as_xlsx(data=[[], ["Some preamble"], HEADER, ["Cook County", "IL", "2,946"], ["Kern County", "CA", 65]]),
    ],
    ids=["csv", "html", "xlsx"],
)
def test_a_table_is_read_alike_from_every_kind_of_document(page: Document) -> None:
    reading = read(page)
    assert [list(row.values()) for row in listed(reading)] == [COOK, KERN]
    assert [(one.value, one.value_quoted, one.place_quoted, one.state_quoted) for one in figures(reading)] == [
        (2946, "2,946", "Cook County", "IL"),
        (65, "65", "Kern County", "CA"),
    ]
    assert all(
        (one.measure, one.unit, one.derived) == ("detainer_declined", "detainers", True) for one in figures(reading)
    )
    assert reading.problems == ()
    assert reading.paragraphs == ()


def test_a_row_carries_its_place_its_key_and_where_it_stands() -> None:
    first, second = [fact for fact in read(as_csv(["Note"], HEADER, COOK, KERN)).facts if isinstance(fact, ListedRow)]
    assert (first.place_quoted, first.state_quoted, first.row_key) == ("Cook County", "IL", '["Cook County", "IL"]')
    assert (first.row_no, second.row_no) == (1, 2)
    assert (first.locator.row, second.locator.row) == (3, 4)


@given(st.permutations(range(3)), st.booleans())
def test_reordered_and_added_columns_give_equal_rows(order: list[int], extra: bool) -> None:
    """C4."""
    rows = [[*row, "x"] for row in (HEADER, COOK, KERN)]
    turned = [[row[i] for i in [*([3] if extra else []), *order]] for row in rows]
    reading = read(as_csv(*turned))
    assert listed(reading) == listed(read(as_csv(HEADER, COOK, KERN)))
    assert codes(reading) == ([("unread_column", False)] if extra else [])


def test_an_extra_column_is_named() -> None:
    reading = read(as_csv([*HEADER, "Released by"], [*COOK, "jail"]))
    assert 'The column "Released by"' in reading.problems[0].text


def test_text_without_a_header_is_named() -> None:
    assert codes(read(as_csv([*HEADER, ""], [*COOK, "a"]))) == [("unread_column", False)]


def test_a_renamed_header_is_a_changed_layout_that_names_both() -> None:
    """C5."""
    with pytest.raises(LayoutChanged, match=r'no column headed "Declined".*"Jurisdiction", "State", "Refused"'):
        read(as_csv(["Jurisdiction", "State", "Refused"], COOK))


def test_a_table_whose_header_is_gone_is_a_changed_layout() -> None:
    """C5."""
    with pytest.raises(LayoutChanged, match='no column headed "Jurisdiction", "State", "Declined"'):
        read(as_csv(COOK, KERN))


def test_the_same_header_twice_is_a_changed_layout() -> None:
    with pytest.raises(LayoutChanged, match='"Declined" stands over more than one column'):
        read(as_csv([*HEADER, "Declined"], [*COOK, "7"]))


def test_header_words_count_without_case_white_space_marks_and_hidden_characters() -> None:
    """C10."""
    assert listed(read(as_csv(["JURIS\u200bDICTION*", " State ", "declined [1]"], COOK))) == listed(
        read(as_csv(HEADER, COOK))
    )


def test_a_header_may_have_alternatives() -> None:
    either = (*COLUMNS[:2], Column(name="count", header="Declined|Detainers declined", type="integer"))
    assert (
        listed(read(as_csv(["Jurisdiction", "State", "Detainers Declined"], COOK), options(either)))[0]["count"]
        == "2,946"
    )


def test_repeated_headers_and_empty_rows_are_no_rows() -> None:
    reading = read(as_html([HEADER, COOK, ["", "", ""], HEADER, KERN]))
    assert [list(row.values()) for row in listed(reading)] == [COOK, KERN]


def test_a_table_with_a_header_and_no_rows_is_a_changed_layout() -> None:
    """C1: zero rows are no news."""
    with pytest.raises(LayoutChanged, match="no rows"):
        read(as_html([HEADER]))


@pytest.mark.parametrize("cell", ["-5", "many", "52 %", "9.5", "9" * 30, "1,2", "0x10", "12 34"])
def test_a_cell_that_is_no_whole_number_holds_the_reading_back(cell: str) -> None:
    """C6: the raw cell is kept, no number is."""
    reading = read(as_csv(HEADER, COOK, ["Kern County", "CA", cell]))
    assert codes(reading) == [("bad_cell", True)]
    assert 'Column "Declined", row 3' in reading.problems[0].text
    assert listed(reading)[1]["count"] == cell
    assert [one.value for one in figures(reading)] == [2946]


@pytest.mark.parametrize(("cell", "value"), [("13,025", 13025), ("188 [1]", 188), ("0", 0), ("7*", 7)])
def test_group_commas_and_footnote_marks_are_read_and_the_cell_kept(cell: str, value: int) -> None:
    """C7."""
    reading = read(as_csv(HEADER, ["Ventura County*", "CA", cell]))
    assert [(one.value, one.value_quoted, one.place_quoted) for one in figures(reading)] == [
        (value, cell, "Ventura County")
    ]
    assert listed(reading)[0] == {"jurisdiction": "Ventura County*", "state": "CA", "count": cell}


def test_an_empty_count_is_no_figure_and_no_problem() -> None:
    reading = read(as_csv(HEADER, ["Kern County", "CA", ""], COOK))
    assert len(listed(reading)) == 2
    assert [one.place_quoted for one in figures(reading)] == ["Cook County"]
    assert reading.problems == ()


def test_every_type_is_checked() -> None:
    columns = (
        Column(name="place", header="Place"),
        Column(name="share", header="Share", type="percent", measure="detainer_declined"),
        Column(name="since", header="Since", type="date"),
        Column(name="rate", header="Rate", type="number"),
        Column(name="cost", header="Cost", type="money"),
    )
    header = [column.header for column in columns]
    good = read(
        as_csv(header, ["A", "52 %", "Sep-14", "-1.5", "$1,000"], ["B", "9.5%", "July 4, 2014", "2", "$2"]),
        options(columns),
    )
    assert good.problems == ()
    assert [(one.value, one.unit) for one in figures(good)] == [(52, "percent"), (9.5, "percent")]
    bad = read(as_csv(header, ["A", "0.52", "7/72025", "x", "1000"]), options(columns))
    assert codes(bad) == [("bad_cell", True)] * 4


def test_an_oversized_cell_holds_the_reading_back() -> None:
    """C19."""
    reading = read(as_csv(HEADER, ["A" * 200_000, "IL", "1"]))
    assert codes(reading) == [("bad_cell", True)]
    assert len(reading.problems[0].text) < 300


def test_identical_rows_are_both_kept() -> None:
    """C8."""
    reading = read(as_csv(HEADER, COOK, COOK))
    assert len(listed(reading)) == len(figures(reading)) == 2
    assert reading.problems == ()


def test_one_key_with_two_figures_is_kept_twice_and_flagged() -> None:
    """C8."""
    reading = read(as_csv(HEADER, COOK, ["Cook\u200b County", "IL", "7"]))
    assert [row["count"] for row in listed(reading)] == ["2,946", "7"]
    assert codes(reading) == [("same_key", False)]


@pytest.mark.parametrize(
    "words", ["Total", "TOTAL nationwide", "Grand total:", "Totals*", "California Total", "Sub-total"]
)
def test_a_total_that_adds_up_is_a_figure_and_no_jurisdiction(words: str) -> None:
    """C9."""
    reading = read(as_csv(HEADER, COOK, KERN, [words, "", "3,011"]))
    assert [row["jurisdiction"] for row in listed(reading)] == ["Cook County", "Kern County"]
    total = figures(reading)[-1]
    assert (total.value, total.label_quoted, total.place_quoted, total.derived) == (3011, words, "", False)
    assert (total.measure, total.unit) == ("detainer_declined", "detainers")
    assert reading.problems == ()


def test_a_total_that_does_not_add_up_is_flagged() -> None:
    """C9."""
    reading = read(as_csv(HEADER, COOK, KERN, ["Total", "", "3,012"]))
    assert codes(reading) == [("total_differs", False)]
    assert "states 3,012" in reading.problems[0].text
    assert "add up to 3,011" in reading.problems[0].text
    assert figures(reading)[-1].value == 3012


def test_subtotals_and_their_grand_total_all_add_up() -> None:
    """C9."""
    los_angeles = ["Los Angeles County", "CA", "5"]
    rows = [
        COOK,
        ["Illinois total", "IL", "2,946"],
        KERN,
        los_angeles,
        ["California total", "CA", "70"],
        ["Total", "", "3,016"],
    ]
    reading = read(as_csv(HEADER, *rows))
    assert len(listed(reading)) == 3
    assert reading.problems == ()


def test_words_that_merely_begin_like_total_are_a_place() -> None:
    assert listed(read(as_csv(HEADER, ["Totality County", "IL", "3"])))[0]["jurisdiction"] == "Totality County"


def test_a_line_of_text_across_the_table_is_named_and_no_row() -> None:
    table = "<tr><td>Jurisdiction<td>State<td>Declined<tr><td>Cook County<td>IL<td>7<tr><td colspan=3>Source: ICE"
    reading = read(document(f"<table>{table}</table>", "text/html"))
    assert len(listed(reading)) == 1
    assert codes(reading) == [("unread_row", False)]
    assert "Source: ICE" in reading.problems[0].text


def test_tables_under_the_same_header_are_joined_and_others_named() -> None:
    reading = read(
        as_html([HEADER, COOK], [["menu"]], [["State", "Jurisdiction", "Declined"], ["CA", "Kern County", "65"]])
    )
    assert [row["jurisdiction"] for row in listed(reading)] == ["Cook County", "Kern County"]
    assert reading.problems == ()
    partly = read(as_html([HEADER, COOK], [["Facility", "Declined"], ["Santa Rita Jail", "3"]]))
    assert codes(partly) == [("unread_table", False)]


def test_a_headless_part_of_a_pdf_table_holds_the_reading_back() -> None:
    """C1: its rows must not look as if they had vanished."""
    whole, part = ((tuple(HEADER), tuple(COOK)), (tuple(KERN),))
    parts = [Table(rows=rows, row_numbers=tuple(range(len(rows))), locator=Locator()) for rows in (whole, part)]
    rows, problems = table.joined(parts, COLUMNS, headless=True)
    assert len(rows) == 1
    assert [(one.code, one.holds_back) for one in problems] == [("unread_table", True)]


def test_select_chooses_a_table_or_a_sheet() -> None:
    page = document(
        "<table id=a><tr><td>Jurisdiction<td>State<td>Declined<tr><td>A<td>IL<td>1</table>"
        "<table id=b><tr><td>Jurisdiction<td>State<td>Declined<tr><td>B<td>IL<td>2</table>",
        "text/html",
    )
    assert [row["jurisdiction"] for row in listed(read(page, options(select="#b")))] == ["B"]
    book = as_xlsx(first=[HEADER, ["A", "IL", 1]], second=[HEADER, ["B", "IL", 2]])
    assert [row["jurisdiction"] for row in listed(read(book, options(select="second")))] == ["B"]


def test_no_table_is_a_changed_layout_and_another_kind_of_file_unreadable() -> None:
    """C1, C2."""
    with pytest.raises(LayoutChanged, match="No table was found"):
        read(document("<html><body>Access denied</body></html>", "text/html"))
    with pytest.raises(Unreadable, match="image/png"):
        read(document(b"\x89PNG", "image/png"))


def as_pdf(*pages: list[list[str]]) -> Document:
    out = io.BytesIO()
    story: list[object] = []
    for rows in pages:
        story += [platypus.Table(rows, style=[("GRID", (0, 0), (-1, -1), 0.5, "black")]), platypus.PageBreak()]
    platypus.SimpleDocTemplate(out, invariant=1).build(story)
    return document(out.getvalue(), "application/pdf")


def test_the_pages_of_a_pdf_are_chosen_by_a_range() -> None:
    pages = [[HEADER, [f"{name} County", "IL", str(number)]] for number, name in enumerate("ABCD", start=1)]
    page = as_pdf(*pages)
    assert [row["count"] for row in listed(read(page))] == ["1", "2", "3", "4"]
    chosen = read(page, options(select="2-3"))
    assert [row["count"] for row in listed(chosen)] == ["2", "3"]
    assert [one.locator.page for one in figures(chosen)] == [2, 3]
    assert [row["count"] for row in listed(read(page, options(select="4")))] == ["4"]


@pytest.mark.parametrize("select", ["first", "5-2", "1,3", "-2"])
def test_a_page_range_that_is_none_is_named(select: str) -> None:
    with pytest.raises(DocumentError, match="under select"):
        read(as_pdf([HEADER, COOK]), options(select=select))


def test_without_configured_columns_every_column_is_kept_under_its_own_header() -> None:
    reading = read(
        as_csv(["Old list", "", ""], ["Location", "Policy | Rule", "State"], ["Cook County", "none", "IL"]), options(())
    )
    assert listed(reading) == [{"Location": "Cook County", "Policy | Rule": "none", "State": "IL"}]
    (row,) = [fact for fact in reading.facts if isinstance(fact, ListedRow)]
    assert (row.place_quoted, row.state_quoted) == ("Cook County", "IL")


def test_without_configured_columns_a_total_is_still_no_row() -> None:
    """C9."""
    reading = read(as_csv(["State", "Declined"], ["Illinois", "2"], ["Ohio", "1"], ["Total", "4"]), options(()))
    assert len(listed(reading)) == 2
    assert codes(reading) == [("total_differs", False)]
    assert figures(reading)[0].label_quoted == "Total: Declined"


def test_a_key_that_names_no_column_is_said() -> None:
    with pytest.raises(LayoutChanged, match='"county"'):
        read(as_csv(HEADER, COOK), options(key=("county",)))


def test_a_chosen_key_identifies_the_row_and_the_rest_of_it_labels_the_figure() -> None:
    columns = (*COLUMNS, Column(name="offence", header="Offence"))
    reading = read(as_csv([*HEADER, "Offence"], [*COOK, "0001"]), options(columns, key=("jurisdiction", "offence")))
    (row,) = [fact for fact in reading.facts if isinstance(fact, ListedRow)]
    assert row.row_key == '["Cook County", "0001"]'
    assert figures(reading)[0].label_quoted == "0001"


def test_text_like_a_formula_or_markup_stays_as_published() -> None:
    """C18."""
    cell = '=HYPERLINK("http://evil.example")'
    assert listed(read(as_csv(HEADER, [cell, "IL", "1"])))[0]["jurisdiction"] == cell


def test_the_real_policy_map_is_read_whole(corpus: Path) -> None:
    data = (corpus / "cis" / "cis_sanctuary_map_copy.csv").read_bytes()
    columns = tuple(Column(name=name.casefold(), header=name) for name in ("Location", "Policy", "Designation"))
    reading = read(document(data), options(columns))
    with (corpus / "cis" / "cis_sanctuary_map_copy.csv").open(encoding="utf-8", newline="") as lines:
        expected = [" ".join(row["Location"].split()) for row in csv.DictReader(lines)]
    assert [row["location"] for row in listed(reading)] == expected
    assert {problem.code for problem in reading.problems} <= {"unread_column", "same_key"}


def test_the_real_state_totals_show_that_the_listed_states_are_not_all(corpus: Path) -> None:
    """C9: the national total exceeds the rows that the press quoted."""
    data = (corpus / "cis" / "cis_2025_by_state_quoted.csv").read_bytes()
    states = data[: data.index(b"facility:")]
    columns = (
        Column(name="state", header="state"),
        Column(name="declined", header="declined", type="integer", measure="detainer_declined", unit="detainers"),
    )
    reading = read(document(states), options(columns))
    assert len(listed(reading)) == 17
    assert [problem.code for problem in reading.problems] == ["unread_column", "total_differs"]
    assert figures(reading)[-1].value == 25283


def test_an_index_page_lists_the_documents_it_links_to_and_a_page_without_follow_is_the_release() -> None:
    """C15."""
    page = document(
        '<a href="/files/a.xlsx?utm_source=x">A</a><a href="/files/a.xlsx#x">A</a><a href="/about">x</a>', "text/html"
    )
    found = readers.discover("table", page, options(follow="re:/files/.*xlsx$", allow_hosts=("example.org",)))
    assert [ref.url for ref in found.refs] == ["https://example.org/files/a.xlsx"]
    itself = readers.discover("table", as_csv(HEADER, COOK), options())
    assert itself.itself
    assert [ref.title for ref in itself.refs] == ["Declined detainers"]


# Row by row: what is known is neither made nor lost.


CELLS = st.sampled_from(["Cook", "Kern", " Cook ", "Doña\u00a0Ana", "a\nb", "", "Total"])
ROW = st.tuples(CELLS, st.sampled_from(["IL", "CA", ""]), st.sampled_from(["1", "2", "13,025", "7*", ""])).map(list)
TABLES = st.lists(ROW, min_size=1, max_size=12).filter(
    lambda rows: any(row[0].strip() != "Total" and any(row) for row in rows)
)


def in_pieces(page: Document) -> Document:
    """The same document as one that is too large to be in memory."""
    return replace(page, data=b"", content=Shelf(data=page.data, most=5))


def run_of(page: Document, known: Known, chosen: Options | None = None) -> tuple[list[Fact], Reading]:
    ref = ReleaseRef(key=URL, url=URL, title="t")
    return collected(table.stream(page, ref, chosen or options(), known))


def hashes(facts: Iterable[Fact]) -> bytes:
    return b"".join(map(fact_hash, facts))


def each(found: bytes) -> Counter[bytes]:
    return Counter(found[at : at + 16] for at in range(0, len(found), 16))


@settings(max_examples=150, deadline=None)
@given(TABLES, TABLES, st.booleans())
def test_what_is_new_what_is_known_and_what_is_gone_add_up(
    before: list[list[str]], after: list[list[str]], large: bool
) -> None:
    pages = [as_csv(HEADER, *rows) for rows in (before, after)]
    old, new = [in_pieces(page) if large else page for page in pages]
    stated, _ = run_of(old, Known())
    whole, reading = run_of(new, Known())
    known = Known(hashes(stated))
    come, told = run_of(new, known)
    gone = each(known.gone())
    assert each(hashes(stated)) - gone + each(hashes(come)) == each(hashes(whole))
    assert each(hashes(stated)) - each(hashes(whole)) == gone
    assert each(hashes(come)) == each(hashes(whole)) - each(hashes(stated))
    assert told == reading
    assert known.rows() == len(whole)
    again = Known(hashes(whole))
    assert run_of(new, again) == ([], reading)
    assert again.gone() == b""
    fresh = Known()
    run_of(new, fresh)
    assert again.content_hash("t", ()) == fresh.content_hash("t", ()) == known.content_hash("t", ())
    if each(hashes(stated)) != each(hashes(whole)):
        assert Known(hashes(stated)).content_hash("t", ()) != fresh.content_hash("t", ())
    assert [fact.row_no for fact in come if isinstance(fact, ListedRow)] == sorted(
        fact.row_no for fact in come if isinstance(fact, ListedRow)
    )
    assert set(come) <= set(whole), "numbers, places and figures are those of the whole table"


@settings(max_examples=60, deadline=None)
@given(TABLES, TABLES)
def test_known_rows_are_made_anew_where_they_are_wanted(before: list[list[str]], after: list[list[str]]) -> None:
    stated, _ = run_of(as_csv(HEADER, *before), Known())
    whole, _ = run_of(as_csv(HEADER, *after), Known())
    known = Known(hashes(stated), remake=True)
    stream, met = table.stream(as_csv(HEADER, *after), ReleaseRef(key=URL, url=URL, title="t"), options(), known), []
    for fact in stream:
        met.append((known.was_known, fact))
    assert [fact for _, fact in met] == whole
    assert each(hashes(fact for was_known, fact in met if was_known)) == each(hashes(stated)) & each(hashes(whole))
    assert known.rows() == len(whole)


def test_the_hash_of_a_row_in_a_stream_is_that_of_its_fact() -> None:
    facts, _ = run_of(in_pieces(as_csv(HEADER, [" Doña\u00a0Ana  County", "NM", "7"], ["a\nb", "IL", "1"])), Known())
    shape = line_start(["jurisdiction", "state", "count"])
    assert [fact_hash(fact) for fact in facts] == [
        line_hash(shape, "Doña Ana County\0NM\x007"), line_hash(shape, "a b\0IL\x001"),
    ]  # fmt: skip


def test_totals_are_checked_where_all_rows_are_known() -> None:
    page = in_pieces(as_csv(HEADER, COOK, KERN, ["Total", "", "3,012"]))
    facts, first = run_of(page, Known())
    come, again = run_of(page, Known(hashes(facts)))
    assert come == []
    assert [problem.code for problem in again.problems] == ["total_differs"]
    assert again == first
    changed, reading = run_of(in_pieces(as_csv(HEADER, COOK, KERN, ["Total", "", "3,011"])), Known(hashes(facts)))
    assert [(type(fact), getattr(fact, "value", None)) for fact in changed] == [(Figure, 3011)]
    assert reading.problems == ()


def test_a_new_row_that_shares_the_key_of_a_known_one_is_flagged() -> None:
    facts, _ = run_of(as_csv(HEADER, COOK, KERN), Known())
    come, reading = run_of(in_pieces(as_csv(HEADER, COOK, KERN, ["Cook County*", "IL", "7"])), Known(hashes(facts)))
    assert [json.loads(fact.cells)["count"] for fact in come if isinstance(fact, ListedRow)] == ["7"]
    assert codes(reading) == [("same_key", False)]
    assert "2 different rows share the key" in reading.problems[0].text
    doubled, reading = run_of(in_pieces(as_csv(HEADER, COOK, KERN, COOK)), Known(hashes(facts)))
    assert len(doubled) == 1
    assert reading.problems == ()


def test_a_row_behind_known_ones_keeps_its_number_and_place() -> None:
    facts, _ = run_of(as_csv(HEADER, COOK, KERN), Known())
    ((row,), _) = run_of(
        in_pieces(as_csv(["Preamble"], HEADER, COOK, [], KERN, ["Erie", "NY", "1"])), Known(hashes(facts))
    )
    assert isinstance(row, ListedRow)
    assert (row.row_no, row.locator.row) == (3, 6)
    assert row.figures[0].value == 1


def test_a_bad_cell_in_a_new_row_holds_back_though_all_others_are_known() -> None:
    facts, _ = run_of(as_csv(HEADER, COOK, KERN), Known())
    _, reading = run_of(in_pieces(as_csv(HEADER, COOK, KERN, ["Erie", "NY", "many"])), Known(hashes(facts)))
    assert codes(reading) == [("bad_cell", True)]


def test_a_known_table_under_headers_of_its_own_is_known_and_a_renamed_column_is_not() -> None:
    page = in_pieces(as_csv(["Location", "Policy"], ["Cook", "none"], ["Kern", "full"]))
    facts, _ = run_of(page, Known(), options(()))
    assert run_of(page, Known(hashes(facts)), options(()))[0] == []
    renamed = in_pieces(as_csv(["Location", "Rule"], ["Cook", "none"], ["Kern", "full"]))
    assert len(run_of(renamed, Known(hashes(facts)), options(()))[0]) == 2


def test_a_workbook_row_by_row_reads_as_the_workbook_at_once() -> None:
    page = as_xlsx(
        data=[
            [],
            ["Some preamble"],
            HEADER,
            ["Cook County", "IL", "2,946"],
            [None, None, None],
            ["Kern County", "CA", 65],
        ],
        other=[["Unrelated"], ["words"]],
    )
    at_once, reading = run_of(page, Known())
    in_rows, told = run_of(in_pieces(page), Known())
    assert in_rows == at_once
    assert told == reading
    chosen = options(select="data")
    assert run_of(in_pieces(page), Known(), chosen) == run_of(page, Known(), chosen)
    with pytest.raises(LayoutChanged, match="No sheet is named"):
        run_of(in_pieces(page), Known(), options(select="FY26"))
