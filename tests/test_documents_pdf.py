"""PDF tables with all rules, some rules and none, over pages; and PDFs that cannot be read (C2, C3)."""

import io
from collections.abc import Callable
from typing import Any

import pypdfium2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from reportlab.lib.pagesizes import letter
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Paragraph, SimpleDocTemplate, Spacer, Table

from scraper.documents import pdf
from scraper.errors import DocumentError, LayoutChanged, Unreadable
from scraper.parsing import Parser

BODY = getSampleStyleSheet()["BodyText"]
TOP = ("VALIGN", (0, 0), (-1, -1), "TOP")
STYLES: dict[str, list[Any]] = {
    "all rules": [TOP, ("GRID", (0, 0), (-1, -1), 0.5, "black")],
    "all rules, centred": [("VALIGN", (0, 0), (-1, -1), "MIDDLE"), ("GRID", (0, 0), (-1, -1), 1, "black")],
    "inner rules": [TOP, ("INNERGRID", (0, 0), (-1, -1), 0.5, "black")],
    "no padding": [TOP, ("GRID", (0, 0), (-1, -1), 0.5, "black"), ("TOPPADDING", (0, 0), (-1, -1), 0)],
    "horizontal rules": [
        TOP,
        ("LINEABOVE", (0, 0), (-1, 0), 1, "black"),
        ("LINEBELOW", (0, 0), (-1, -1), 0.5, "black"),
    ],
    "rules around header and table": [
        TOP,
        ("LINEABOVE", (0, 0), (-1, 0), 1, "black"),
        ("LINEBELOW", (0, 0), (-1, 0), 0.5, "black"),
        ("LINEBELOW", (0, -1), (-1, -1), 1, "black"),
    ],
    "no rules": [TOP],
    "shaded rows": [TOP, ("ROWBACKGROUNDS", (0, 0), (-1, -1), ["white", "lightgrey"])],
}
HEADER = ("Jurisdiction (AOR)", "Date Enacted", "Policy", "Count")
ROWS = (
    (
        "Montgomery County, Maryland (Baltimore)",
        "October 2014",
        "The Department of Corrections will not honour a detainer “without” probable cause, as its order says",
        "13,025",
    ),
    ("Iowa City, Johnson County, Iowa (Saint Paul)", "January 2017", "Resolution", "2"),
    ("Cook County", "", "Ordinance 11-O-73; it wraps over more than one line of its column", "188 [1]"),
    ("Ventura County*", "May 2011", "Short", "0"),
)
WIDTHS = [130, 80, 180, 60]


def document(*flow: Any, **options: Any) -> bytes:
    buffer = io.BytesIO()
    SimpleDocTemplate(buffer, pagesize=letter, **options).build(list(flow))
    return buffer.getvalue()


def table(rows: Any, style: str | list[Any] = "all rules", **options: Any) -> Table:
    cells = [[Paragraph(cell, BODY) for cell in row] for row in rows]
    chosen = STYLES[style] if isinstance(style, str) else style
    return Table(cells, **{"colWidths": WIDTHS, "style": chosen, **options})


def prose(
    text: str = "A sentence of prose that is long enough to run over the whole width of the page and on. ",
) -> Paragraph:
    return Paragraph(text * 3, BODY)


def drawn(*pages: Callable[[Canvas], None], **options: Any) -> bytes:
    buffer = io.BytesIO()
    canvas = Canvas(buffer, pagesize=letter, **options)
    for draw in pages:
        draw(canvas)
        canvas.showPage()
    canvas.save()
    return buffer.getvalue()


def write(canvas: Canvas, *lines: tuple[float, float, str]) -> None:
    canvas.setFont("Helvetica", 10)
    for x, y, text in lines:
        canvas.drawString(x, y, text)


@pytest.mark.parametrize("style", STYLES)
def test_a_table_between_prose_comes_out_cell_by_cell(style: str) -> None:
    flow = [prose(), Spacer(1, 20), table((HEADER, *ROWS), style), Spacer(1, 20), prose()]
    (found,) = pdf.tables(document(*flow))
    assert found.rows == (HEADER, *ROWS)
    assert found.page_numbers == (1, 1, 1, 1, 1)
    assert found.row_numbers == (1, 2, 3, 4, 5)
    assert (found.locator.page, found.locator.table) == (1, 1)
    assert found.locator.box is not None
    assert 500 < found.locator.box[1] < found.locator.box[3] < 700


@pytest.mark.parametrize("repeated", [0, 1])
@pytest.mark.parametrize("style", STYLES)
def test_a_table_over_pages_is_one_table_with_its_header_once(style: str, repeated: int) -> None:
    rows = [(f"County {number}", "May 2011", ROWS[number % 4][2], str(number)) for number in range(60)]

    def footer(canvas: Canvas, _: Any) -> None:
        canvas.setFont("Helvetica", 10)
        canvas.drawString(72, 760, "Weekly Declined Detainer Outcome Report")
        canvas.drawCentredString(306, 36, str(canvas.getPageNumber()))

    buffer = io.BytesIO()
    flow = [prose(), table((HEADER, *rows), style, repeatRows=repeated, splitByRow=1), Spacer(1, 30), prose()]
    SimpleDocTemplate(buffer, pagesize=letter).build(flow, onFirstPage=footer, onLaterPages=footer)
    (found,) = pdf.tables(buffer.getvalue())
    assert found.rows == (HEADER, *rows)
    assert found.page_numbers[0] == 1
    assert found.page_numbers[-1] >= 3
    assert list(found.page_numbers) == sorted(found.page_numbers)
    assert (
        pdf.tables(buffer.getvalue(), pages=(2,))[0].rows
        == tuple(row for row, number in zip(found.rows, found.page_numbers, strict=True) if number == 2)
        or repeated
    )


@pytest.mark.parametrize("style", ["all rules", "no rules"])
def test_a_new_save_with_other_bytes_gives_the_same_tables(style: str) -> None:
    first = document(prose(), table((HEADER, *ROWS), style))
    second = document(prose(), table((HEADER, *ROWS), style), pageCompression=0, title="Saved again")
    third = io.BytesIO()
    with pypdfium2.PdfDocument(first) as opened:
        opened.save(third)
    assert len({first, second, third.getvalue()}) == 3
    assert pdf.tables(first) == pdf.tables(second) == pdf.tables(third.getvalue())


def test_cells_over_several_places_stand_in_each_of_them() -> None:
    rows = (
        ("", "Detainers", "", "Note"),
        ("Place", "issued", "declined", "x"),
        ("Cook", "12", "3", "y"),
        ("", "4", "5", "z"),
    )
    style = [*STYLES["all rules"], ("SPAN", (1, 0), (2, 0)), ("SPAN", (0, 2), (0, 3))]
    assert pdf.tables(document(table(rows, style)))[0].rows == (
        ("", "Detainers", "Detainers", "Note"),
        ("Place", "issued", "declined", "x"),
        ("Cook", "12", "3", "y"),
        ("Cook", "4", "5", "z"),
    )


def test_two_tables_side_by_side_and_one_below_are_three_in_reading_order() -> None:
    small = [table((("a", name), ("1", "2")), colWidths=[60, 60]) for name in ("left", "right", "below")]
    flow = [Table([small[:2]], colWidths=[200, 200]), Spacer(1, 30), small[2]]
    found = pdf.tables(document(*flow))
    assert [(each.locator.table, each.rows[0][1]) for each in found] == [(1, "left"), (2, "right"), (3, "below")]


def test_prose_lists_and_letterheads_are_no_tables() -> None:
    flow = [prose(), Paragraph("• first<br/>• second<br/>• third", BODY), prose(), Paragraph("Page 1 of 2", BODY)]
    assert pdf.tables(document(*flow)) == ()


def grid(canvas: Canvas, xs: list[float], ys: list[float], low: float | None = None, high: float | None = None) -> None:
    for y in ys:
        canvas.line(xs[0], y, xs[-1], y)
    for x in xs:
        canvas.line(x, low if low is not None else min(ys), x, high if high is not None else max(ys))


def split_row(canvas: Canvas) -> None:
    grid(canvas, [72, 200, 400], [140, 120, 100], low=70)
    write(
        canvas,
        (80, 126, "Place"),
        (210, 126, "Policy"),
        (80, 106, "Cook"),
        (210, 106, "one"),
        (80, 86, "Lake"),
        (210, 86, "begins"),
    )


def rest_of_row(canvas: Canvas) -> None:
    grid(canvas, [72, 200, 400], [700, 680], high=720)
    write(canvas, (210, 706, "and ends"), (80, 686, "Kane"), (210, 686, "three"))


def closed_rest(canvas: Canvas) -> None:
    grid(canvas, [72, 200, 400], [720, 700, 680])
    write(canvas, (210, 706, "and ends"), (80, 686, "Kane"), (210, 686, "three"))


def closed_row(canvas: Canvas) -> None:
    split_row(canvas)
    canvas.line(72, 70, 400, 70)


def test_a_row_cut_by_the_page_end_is_joined_only_where_the_rules_leave_it_open() -> None:
    (joined,) = pdf.tables(drawn(split_row, rest_of_row))
    assert joined.rows == (("Place", "Policy"), ("Cook", "one"), ("Lake", "begins and ends"), ("Kane", "three"))
    assert joined.page_numbers == (1, 1, 1, 2)
    (apart,) = pdf.tables(drawn(closed_row, closed_rest))
    assert apart.rows[2:] == (("Lake", "begins"), ("", "and ends"), ("Kane", "three"))


def test_tables_with_other_columns_on_the_next_page_stay_apart() -> None:
    def other(canvas: Canvas) -> None:
        grid(canvas, [72, 240, 400], [720, 700, 680])
        write(canvas, (80, 706, "Kane"), (250, 706, "three"))

    assert len(pdf.tables(drawn(closed_row, other))) == 2


def test_text_that_runs_over_a_rule_is_a_disagreement() -> None:
    def draw(canvas: Canvas) -> None:
        grid(canvas, [72, 140, 200], [720, 700, 680])
        write(canvas, (80, 706, "Place"), (150, 706, "Count"), (80, 686, "Prince George's County"), (176, 686, "12"))

    with pytest.raises(LayoutChanged, match="Page 1: two ways of reading the table disagree: "):
        pdf.tables(drawn(draw))


def test_a_missing_rule_between_columns_is_a_disagreement() -> None:
    def draw(canvas: Canvas) -> None:
        grid(canvas, [72, 200, 400], [720, 700, 680, 660, 640])
        for row, y in enumerate((706, 686, 666, 646)):
            write(canvas, (80, y, f"Place {row}"), (210, y, f"{row}1"), (310, y, f"{row}2"))

    with pytest.raises(LayoutChanged, match='"01 02" stands in two columns, the rules draw one'):
        pdf.tables(drawn(draw))


def test_missing_rules_between_rows_are_a_disagreement() -> None:
    def draw(canvas: Canvas) -> None:
        grid(canvas, [72, 200, 400], [720, 700, 600])
        for row, y in enumerate((706, 686, 666, 646)):
            write(canvas, (80, y, f"Place {row}"), (210, y, f"{row}1"))

    with pytest.raises(LayoutChanged, match="3 rows by the words, one by the rules"):
        pdf.tables(drawn(draw))


def columns_of_text(*rows: tuple[str, str, str], step: float = 14) -> bytes:
    def draw(canvas: Canvas) -> None:
        for number, row in enumerate(rows):
            y = 700 - step * number
            write(canvas, *((x, y, cell) for x, cell in zip((72, 250, 400), row, strict=True) if cell))

    return drawn(draw)


def test_without_rules_a_line_without_a_first_cell_continues_the_row_above() -> None:
    data = columns_of_text(
        ("Place", "Citizenship", "Activity"),
        ("Cook", "Mexico", "Driving"),
        ("", "", "and fleeing"),
        ("Lake", "Peru", "Theft"),
    )
    assert pdf.tables(data)[0].rows == (
        ("Place", "Citizenship", "Activity"),
        ("Cook", "Mexico", "Driving and fleeing"),
        ("Lake", "Peru", "Theft"),
    )


def test_without_rules_a_line_that_may_be_a_row_or_continue_one_is_never_guessed() -> None:
    data = columns_of_text(
        ("Place", "Citizenship", "Activity"),
        ("Cook", "Mexico", "Driving"),
        ("", "Peru", "Theft"),
        ("Lake", "Peru", "Theft"),
    )
    assert pdf.tables(data) == ()


def test_without_rules_a_heading_across_the_columns_is_a_row_of_its_own() -> None:
    heading = "Cook County, Illinois, with a long name that goes on over the columns"
    data = columns_of_text(
        ("Name", "Citizenship", "Activity"), ("1", "Mexico", "Driving"), (heading, "", ""), ("2", "Peru", "Theft")
    )
    assert pdf.tables(data)[0].rows == (
        ("Name", "Citizenship", "Activity"),
        ("1", "Mexico", "Driving"),
        (heading, "", ""),
        ("2", "Peru", "Theft"),
    )


def test_without_rules_a_row_whose_cells_touch_makes_no_table() -> None:
    data = columns_of_text(
        ("Place", "Citizenship", "Activity"),
        ("Cook", "Mexico", "Driving"),
        ("A place whose long name ends at the next", "Peru", "Theft"),
        ("Lake", "Peru", "Theft"),
    )
    assert pdf.tables(data) == ()


def test_without_rules_a_first_cell_that_may_run_on_is_never_guessed() -> None:
    data = columns_of_text(
        ("Place", "Citizenship", "Activity"),
        ("Washington County,", "Mexico", "Driving"),
        ("Oregon", "", ""),
        ("Lake", "Peru", "x"),
    )
    assert pdf.tables(data) == ()


def test_a_blank_cell_in_an_evenly_spaced_table_is_no_continuation() -> None:
    rows = (
        ("Place", "Citizenship", "Activity"),
        ("Cook", "Mexico", "x"),
        ("Lake", "", "y"),
        ("Prince George", "Peru", "z"),
    )
    assert pdf.tables(columns_of_text(*rows))[0].rows == rows


def test_numbers_under_each_other_are_never_one_cell() -> None:
    def draw(canvas: Canvas) -> None:
        for y in (714, 696, 655):
            canvas.line(72, y, 440, y)
        write(canvas, (72, 700, "Place"), (250, 700, "Note"), (400, 700, "Count"))
        write(canvas, (72, 680, "Cook"), (250, 680, "x"), (400, 680, "9603"), (72, 666, "Lake"), (400, 666, "1308"))

    assert all("9603 1308" not in row for table in pdf.tables(drawn(draw)) for row in table.rows)


@pytest.mark.parametrize("cells", [("County 99", "May 2011", "Last", "7"), ("County 99", "", "Last", "7")])
def test_a_last_row_alone_on_the_next_page_belongs_to_the_table(cells: tuple[str, ...]) -> None:
    def draw(*rows: tuple[str, ...]) -> Callable[[Canvas], None]:
        def on(canvas: Canvas) -> None:
            for number, row in enumerate(rows):
                write(canvas, *((x, 700 - 24 * number, c) for x, c in zip((72, 200, 300, 450), row, strict=True) if c))

        return on

    rows = [(f"County {number}", "May 2011", "Policy", str(number)) for number in range(27)]
    (found,) = pdf.tables(drawn(draw(HEADER, *rows), draw(cells)))
    assert found.rows == (HEADER, *rows, cells)
    (alone,) = pdf.tables(drawn(draw(HEADER, *rows), lambda canvas: write(canvas, (72, 700, "Section IV"))))
    assert alone.rows == (HEADER, *rows)


def test_a_table_of_which_one_page_cannot_be_told_is_refused_not_shortened() -> None:
    def first(canvas: Canvas) -> None:
        for number in range(40):
            write(
                canvas,
                (72, 700 - 16 * number, f"County {number}"),
                (250, 700 - 16 * number, "x"),
                (400, 700 - 16 * number, "1"),
            )

    def second(canvas: Canvas) -> None:
        write(canvas, (72, 700, "County 40"), (250, 700, "x"), (400, 700, "1"))
        write(canvas, (250, 684, "x"), (400, 684, "1"), (72, 668, "County 42"), (250, 668, "x"), (400, 668, "1"))

    with pytest.raises(LayoutChanged, match=r"Page 2: the rows of a table cannot be told apart for certain\."):
        pdf.tables(drawn(first, second))


def test_cells_centred_between_horizontal_rules_are_whole_at_the_top_of_a_page() -> None:
    rows = [(f"County {number}", "May 2011", ROWS[0][2], str(number)) for number in range(24)]
    style = [("VALIGN", (0, 0), (-1, -1), "MIDDLE"), ("LINEBELOW", (0, 0), (-1, -1), 0.5, "black")]
    (found,) = pdf.tables(document(table((HEADER, *rows), style)))
    assert found.rows == (HEADER, *rows)
    assert found.page_numbers[-1] == 2


def test_cells_of_a_ruled_row_may_all_run_over_three_lines() -> None:
    rows = (HEADER, ("", "Cook Cook Cook Cook Cook", "", "Cook Cook Cook"))
    assert pdf.tables(document(table(rows)))[0].rows == rows


def test_a_last_row_centred_between_rules_and_alone_on_the_next_page_is_not_lost() -> None:
    rows = [(f"County {number}", str(number)) for number in range(27)]

    def first(canvas: Canvas) -> None:
        for number, row in enumerate([("Place", "Count"), *rows]):
            y = 700 - 24 * number
            write(canvas, (72, y, row[0]), (300, y, row[1]))
            canvas.line(72, y - 8, 340, y - 8)

    def second(canvas: Canvas) -> None:
        write(canvas, (72, 700, "Washington"), (300, 694, "27"), (72, 688, "Courthouse"))
        canvas.line(72, 680, 340, 680)

    (found,) = pdf.tables(drawn(first, second))
    assert found.rows == (("Place", "Count"), *rows, ("Washington Courthouse", "27"))


@pytest.mark.parametrize("rotation", [90, 180, 270])
def test_a_page_stored_sideways_reads_like_an_upright_one(rotation: int) -> None:
    def turned(canvas: Canvas) -> None:
        canvas.setPageRotation(rotation)
        canvas.translate(*{90: (612, 0), 180: (612, 792), 270: (0, 792)}[rotation])
        canvas.rotate(rotation)
        grid(canvas, [72, 200, 400], [500, 480, 460])
        write(canvas, (80, 486, "Place"), (210, 486, "Count"), (80, 466, "Cook"), (210, 466, "12"))

    data = drawn(turned)
    assert pdf.tables(data)[0].rows == (("Place", "Count"), ("Cook", "12"))
    assert pdf.pages(data) == ("Place Count\nCook 12",)


def test_rules_and_text_in_a_form_and_rules_drawn_as_thin_boxes_count() -> None:
    def draw(canvas: Canvas) -> None:
        canvas.beginForm("sheet")
        for y in (100, 80, 60):
            canvas.rect(0, y, 200, 0.5, stroke=0, fill=1)
        for x in (0, 100, 200):
            canvas.rect(x, 60, 0.5, 40, stroke=0, fill=1)
        write(canvas, (10, 86, "Place"), (110, 86, "Count"), (10, 66, "Cook"), (110, 66, "12"))
        canvas.endForm()
        canvas.translate(100, 500)
        canvas.scale(1.5, 1.5)
        canvas.doForm("sheet")

    assert pdf.tables(drawn(draw))[0].rows == (("Place", "Count"), ("Cook", "12"))


def test_a_word_divided_at_the_end_of_a_line_keeps_its_hyphen_and_is_one_word() -> None:
    def draw(canvas: Canvas) -> None:
        grid(canvas, [72, 200, 400], [720, 690, 670])
        write(
            canvas,
            (80, 708, "Self-"),
            (80, 696, "administration"),
            (210, 706, "Count"),
            (80, 676, "a"),
            (210, 676, "1"),
        )

    assert pdf.tables(drawn(draw))[0].rows[0] == ("Self-administration", "Count")


def test_pages_and_title() -> None:
    data = document(Paragraph("Weekly Report", BODY), prose("Short text. "), title="Declined Detainer  Outcome Report")
    assert pdf.pages(data) == ("Weekly Report\nShort text. Short text. Short text.",)
    assert pdf.title(data) == "Declined Detainer Outcome Report"
    assert pdf.title(document(Paragraph("Weekly Report", BODY), title="ddor2017.docx")) == "Weekly Report"
    assert pdf.title(drawn(lambda canvas: write(canvas, (72, 700, "First line"), (72, 680, "second")))) == "First line"


def scan(canvas: Canvas) -> None:
    canvas.drawImage(ImageReader(Image.new("L", (60, 80), 200)), 0, 0, 612, 792)


GOOD = document(prose(), table((HEADER, *ROWS)))


@pytest.mark.parametrize("read", [pdf.tables, pdf.pages, pdf.title])
@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "is empty"),
        (b"<html>Not found</html>", "not a PDF"),
        (GOOD[: len(GOOD) // 2], "is cut"),
        (GOOD[:-10], "is cut"),
        (b"%PDF-1.7\njunk\n%%EOF\n", "damaged"),
        (document(prose(), encrypt=StandardEncryption("secret")), "encrypted and needs a password"),
        (drawn(scan), "a scan"),
        (drawn(lambda canvas: canvas.rect(0, 0, 9, 9)), "no text"),
    ],
)
def test_what_cannot_be_read_is_unreadable_with_the_reason(
    data: bytes, reason: str, read: Callable[[bytes], object]
) -> None:
    """C2."""
    with pytest.raises(Unreadable, match=reason):
        read(data)


def test_a_pdf_that_only_forbids_changes_is_read() -> None:
    data = document(table((HEADER, *ROWS)), encrypt=StandardEncryption("", "owner", canModify=0))
    assert pdf.tables(data)[0].rows == (HEADER, *ROWS)


def test_more_than_two_thousand_pages_are_refused() -> None:
    """C3."""
    with pytest.raises(Unreadable, match="2,001 pages"):
        pdf.tables(drawn(*[lambda canvas: canvas.drawString(9, 9, "x")] * 2001))


def test_a_page_that_does_not_exist_is_named() -> None:
    with pytest.raises(LayoutChanged, match="has 1 pages; there is no page 2"):
        pdf.tables(GOOD, pages=(2,))


def test_tables_come_out_of_a_child_process_unchanged() -> None:
    with Parser(512, 60) as parser:
        assert parser.run(pdf.tables, GOOD, heavy=True) == pdf.tables(GOOD)


WORDS = st.lists(
    st.sampled_from(["Cook", "County,", "Iowa", "(Saint", "Paul)", "13,025", "[1]", "“x”", "é"]), max_size=8
)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(*[WORDS.map(" ".join)] * 4), min_size=2, max_size=8))
def test_any_ruled_table_comes_back_as_it_was_written(rows: list[tuple[str, ...]]) -> None:
    written = (HEADER, *rows)
    found = pdf.tables(document(table(written, "all rules")))
    assert found[0].rows == tuple(row for row in written if any(row))


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=100), st.integers(0, len(GOOD)), st.integers(0, 60))
def test_any_bytes_give_tables_or_a_documented_error(noise: bytes, at: int, cut: int) -> None:
    for data in (noise, b"%PDF-1.4\n" + noise + b"\n%%EOF", GOOD[:at] + noise + GOOD[at + cut :]):
        try:
            found = pdf.tables(data)
        except DocumentError:
            continue
        assert all(len({len(row) for row in each.rows}) == 1 for each in found)
        assert all(len(each.rows) == len(each.page_numbers) == len(each.row_numbers) for each in found)
