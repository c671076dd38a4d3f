"""Large workbooks row by row: the same cells as the library gives, in all the forms in which XML may say them."""

import datetime
import io
import tracemalloc
import zipfile
from pathlib import Path
from xml.sax.saxutils import escape

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scraper.documents import sheet
from scraper.documents.sheet_rows import Workbook
from scraper.errors import LayoutChanged, Unreadable

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
LINKS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
TYPES = (
    f'<Types xmlns="{PACKAGE}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-'
    'package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/></Types>'
)
Cells = dict[str, list[tuple[int, list[str]]]]


def packed(parts: dict[str, str | bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return out.getvalue()


def parts(
    rows: str, shared: str = "", formats: tuple[str, ...] = (), *, prefix: str = "", late: bool = False
) -> dict[str, str | bytes]:
    """The parts of a workbook of one sheet, "S"; style n + 1 of its cells is the number format `formats[n]`."""
    x = f"{prefix}:" if prefix else ""
    space = f'xmlns:{prefix}="{MAIN}"' if prefix else f'xmlns="{MAIN}"'
    custom = "".join(f'<numFmt numFmtId="{200 + n}" formatCode="{escape(code, {chr(34): "&quot;"})}"/>'
                     for n, code in enumerate(formats) if not code.isdecimal())  # fmt: skip
    styles = "".join(f'<xf numFmtId="{code if code.isdecimal() else 200 + n}"/>' for n, code in enumerate(formats))
    return {
        "[Content_Types].xml": TYPES,
        "_rels/.rels": f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="r1" Type="{LINKS}/office'
        'Document" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{LINKS}"><workbookPr date1904="{int(late)}"/>'
        '<sheets><sheet name="S" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}/relationships">'
        f'<Relationship Id="r1" Type="{LINKS}/worksheet" Target="worksheets/sheet1.xml"/>'
        f'<Relationship Id="r2" Type="{LINKS}/sharedStrings" Target="sharedStrings.xml"/>'
        f'<Relationship Id="r3" Type="{LINKS}/styles" Target="styles.xml"/></Relationships>',
        "xl/styles.xml": f'<styleSheet xmlns="{MAIN}"><numFmts>{custom}</numFmts>'
        f'<cellXfs><xf numFmtId="0"/>{styles}</cellXfs></styleSheet>',
        "xl/sharedStrings.xml": f'<sst xmlns="{MAIN}">{shared}</sst>',
        "xl/worksheets/sheet1.xml": f"<{x}worksheet {space}><{x}sheetData>{rows}</{x}sheetData></{x}worksheet>",
    }


def book(rows: str, shared: str = "", formats: tuple[str, ...] = (), *, prefix: str = "", late: bool = False) -> bytes:
    return packed(parts(rows, shared, formats, prefix=prefix, late=late))


def row_by_row(data: bytes, select: str | None = None) -> Cells:
    """All sheets, rows cut after their last filled cell; sheets without any left out."""
    found: Cells = {}
    workbook = Workbook(io.BytesIO(data))
    for name in workbook.names(select):
        rows = [(number, cells) for number, cells in workbook.rows(name)]
        for _, cells in rows:
            while cells and not cells[-1]:
                cells.pop()
        if rows:
            found[name] = rows
    return found


def by_library(data: bytes) -> Cells:
    return {
        table.locator.sheet or "": list(zip(table.row_numbers, map(list, table.rows), strict=True))
        for table in sheet.tables(data)
    }


def aligned(cells: Cells) -> Cells:
    """Without the columns that are empty at the edges: the library cuts those at the left."""
    found: Cells = {}
    for name, rows in cells.items():
        first = min(next(place for place, cell in enumerate(row) if cell) for _, row in rows)
        width = max(len(row) for _, row in rows)
        found[name] = [(number, [*row, *[""] * (width - len(row))][first:]) for number, row in rows]
    return found


def only(rows: str, shared: str = "", **kw: object) -> list[tuple[int, list[str]]]:
    """The rows of the one sheet, which must be those of the library too."""
    data = book(rows, shared, **kw)  # type: ignore[arg-type]
    found = row_by_row(data)
    assert aligned(found) == aligned(by_library(data))
    return found["S"]


@pytest.mark.parametrize("folder", ["ice-287g", "ice-detention-stats"])
def test_every_cell_of_the_real_workbooks_is_what_the_library_reads(corpus: Path, folder: str) -> None:
    files = sorted((corpus / folder).glob("*.xlsx"))
    assert files
    for file in files:
        data = file.read_bytes()
        assert aligned(row_by_row(data)) == aligned(by_library(data)), file.name


def test_the_usual_forms_are_read() -> None:
    shared = (
        '<si><t>first</t></si><si><t xml:space="preserve"> a  b </t></si>'
        '<si><r><rPr><b/></rPr><t xml:space="preserve">rich </t></r><r><t>text</t></r></si>'
    )
    rows = (
        '<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" s="0"><v>206.0</v></c><c r="C1" t="n"><v>1.5</v></c></row>'
        '<row r="2"><c r="A2" t="s"><v>1</v></c><c r="B2" t="s"><v>2</v></c><c r="C2"/></row>'
    )
    assert only(rows, shared) == [(1, ["first", "206", "1.5"]), (2, ["a b", "rich text"])]


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ('<c r="A1" t="inlineStr"><is><t>in place</t></is></c>', "in place"),
        ('<c r="A1" t="inlineStr"><is><r><t xml:space="preserve">two </t></r><r><t>runs </t></r></is></c>', "two runs"),
        ('<c r="A1" t="inlineStr"><is><t>base</t><rPh sb="0" eb="1"><t>sound</t></rPh></is></c>', "base"),
        ('<c r="A1" t="str"><v>text</v></c>', "text"),
        ('<c r="A1" t="str"><f>A2&amp;"x"</f><v>made</v></c>', "made"),
        ('<c r="A1"><f>SUM(B1:B9)</f><v>206</v></c>', "206"),
        ('<c r="A1" s="0"><f t="shared" ref="A1:A2" si="0">B1</f><v>1.25</v></c>', "1.25"),
        ('<c r="A1" t="b"><v>1</v></c>', "TRUE"),
        ('<c r="A1" t="b"><v>0</v></c>', "FALSE"),
        ('<c r="A1" t="e"><v>#N/A</v></c>', "#N/A"),
        ('<c r="A1" t="e"><f>1/0</f><v>#DIV/0!</v></c>', "#DIV/0!"),
        ('<c r="A1" t="str"><v>R&amp;D &lt;x&gt;&#233;</v></c>', "R&D <x>é"),
        ('<c r="A1" t="str"><f>B1</f><v>&amp;lt;b&amp;gt; AT&amp;amp;T &amp;copy</v></c>', "&lt;b&gt; AT&amp;T &copy"),
        ('<c r="A1" t="inlineStr"><is><t>&amp;lt; R&amp;D</t></is></c>', "&lt; R&D"),
        ('<c r="A1" t="str"><v xml:space="preserve"> a\n b </v></c>', "a b"),
        ("<c r='A1'><v>7</v></c>", "7"),
        ('<c t="n" r="A1"><v>7</v></c>', "7"),
        ('<c r="A1" cm="1"><v>7</v></c>', "7"),
        ('<c r="A1"\n s="0"><v>7</v></c>', "7"),
        ("<c><v>7</v></c>", "7"),
        ('<c s="0"><v>7</v></c>', "7"),
        ('<c r="A1"><v>1E3</v></c>', "1000"),
        ('<c r="A1"><v>-0.1</v></c>', "-0.1"),
        ('<c r="A1"><v>123456789012345678</v></c>', "1.2345678901234568e+17"),
    ],
)  # fmt: skip
def test_a_cell_reads_the_same_in_whatever_form_it_is_written(cell: str, text: str) -> None:
    assert only(f'<row r="1">{cell}</row>', "<si><t>first</t></si>") == [(1, [text])]


@pytest.mark.parametrize(
    ("shared", "text"),
    [
        ("<si><t>漢字</t><rPh sb=\"0\" eb=\"2\"><t>かんじ</t></rPh><phoneticPr fontId=\"1\"/></si>", "漢字"),
        ("<si><t/></si>", ""),
        ("<si/>", ""),
        ("<si />", ""),
        ("<si></si>", ""),
        ("<si><t>a&amp;lt;b &#8211; c</t></si>", "a&lt;b – c"),
        ("<si><t>line_x000D_\nnext</t></si>", "line next"),
        ("<si><t>_x005F_x000D_</t></si>", "_x000D_"),
        ("<si><t><![CDATA[a < b]]></t></si>", "a < b"),
        ("<si><t>a<!-- b -->c</t></si>", "ac"),
        ("<si><r><t xml:space=\"preserve\"/></r><r><t>x</t></r></si>", "x"),
        ("<si><r><t>link</t></r><r><t>\xa0| </t></r><r><t>more</t></r></si>", "link |more"),
    ],
)  # fmt: skip
def test_shared_texts_keep_their_number_and_their_words(shared: str, text: str) -> None:
    """A text that is passed over would shift every one behind it: wrong, and plausible."""
    cells = "".join(f'<c r="{letter}1" t="s"><v>{n}</v></c>' for n, letter in enumerate("ABC"))
    around = f"<si><t>before</t></si>{shared}<si><t>after</t></si>"
    found = row_by_row(book(f'<row r="1">{cells}</row>', around))
    assert found == {"S": [(1, ["before", text, "after"])]}
    last = row_by_row(book(f'<row r="1">{cells}</row>', f"<si><t>a</t></si><si><t>b</t></si>{shared}"))
    assert last == {"S": [(1, ["a", "b", text] if text else ["a", "b"])]}


def test_names_may_have_a_prefix() -> None:
    rows = (
        '<x:row r="1"><x:c r="A1"><x:v>1</x:v></x:c><x:c r="B1" t="str"><x:f>A1</x:f><x:v>two</x:v></x:c></x:row>'
        '<x:row><x:c t="inlineStr"><x:is><x:t>three</x:t></x:is></x:c></x:row>'
    )
    assert only(rows, prefix="x") == [(1, ["1", "two"]), (2, ["three"])]


def test_a_text_may_hold_what_escapes_to_no_letter() -> None:
    """An escaped half of a letter pair alone is no text that can be stored."""
    cells = '<c r="A1" t="str"><v>a_xD83D__xDE00_b</v></c><c r="B1" t="str"><v>c_xD800_d</v></c>'
    ((_, (whole, half)),) = row_by_row(book(f'<row r="1">{cells}</row>'))["S"]
    assert whole == "a😀b"
    assert (half[0], half[-1]) == ("c", "d")
    assert half.encode()


def test_rows_and_cells_that_do_not_say_where_they_are_follow_the_one_before() -> None:
    rows = (
        '<row><c t="str"><v>a</v></c><c><v>1</v></c></row><row/><row r="4"/><row />'
        '<row><c r="C6"><v>2</v></c><c t="str"><v>d</v></c></row><row r="9" spans="1:2"><c><v>3</v></c></row>'
        "<row r='12'><c><v>4</v></c></row><row><c><v>5</v></c></row>"
    )
    data = book(rows)
    assert row_by_row(data) == {"S": [(1, ["a", "1"]), (6, ["", "", "2", "d"]), (9, ["3"]), (12, ["4"]), (13, ["5"])]}


def test_gaps_between_columns_and_rows_stay() -> None:
    rows = (
        '<row r="3"><c r="C3"><v>1</v></c><c r="AA3"><v>2</v></c></row><row r="5"/>'
        '<row r="8"><c r="D8"><v>3</v></c></row>'
    )
    assert only(rows) == [(3, ["", "", "1", *[""] * 23, "2"]), (8, ["", "", "", "3"])]


FORMATS = (
    "14", "22", "45", "46", "47", "18", "20", "21", "yyyy-mm-dd", "m/d/yy h:mm", "[h]:mm", "[h]:mm:ss", "[mm]:ss",
    "h:mm AM/PM", "[$-409]d-mmm-yy", '0.00"days"', "0.00E+00", "#,##0_);[Red]\\(#,##0\\)", "General", '"hours "0',
    "[Red]0", "@", "0%", "mmm-yy", "dddd", "[$€-2] #,##0.00", "yyyy\\-mm\\-dd;@", "[Magenta]0", "0\\d", "[<=9]0;0",
    "ss.000", "_d0", "*d0",
)  # fmt: skip
NUMBERS = ("45793", "45793.5", "45793.127835648", "0.5", "0.25694444", "1", "59", "61", "1.25", "45793.999999", "30.5")


@pytest.mark.parametrize("late", [False, True], ids=["1900", "1904"])
@pytest.mark.parametrize("code", FORMATS)
def test_dates_and_spans_read_as_the_library_reads_them(code: str, late: bool) -> None:
    cells = "".join(f'<row r="{n}"><c r="A{n}" s="1"><v>{number}</v></c></row>' for n, number in enumerate(NUMBERS, 1))
    only(cells, formats=(code,), late=late)


def test_dates_are_those_that_a_person_sees() -> None:
    cells = [("45793", 1), ("45793.5", 1), ("0.25", 2), ("1.25", 3), ("1", 1), ("59", 1), ("61", 1), ("206", 0)]
    rows = "".join(
        f'<row r="{n}"><c r="A{n}" s="{style}"><v>{v}</v></c></row>' for n, (v, style) in enumerate(cells, 1)
    )
    assert [row for _, (row,) in only(rows, formats=("14", "20", "[h]:mm"))] == [
        "2025-05-16", "2025-05-16T12:00:00", "06:00:00", "30:00:00", "1900-01-01", "1900-02-28", "1900-03-01", "206",
    ]  # fmt: skip
    iso = (
        '<row r="1"><c r="A1" t="d"><v>2025-05-16T00:00:00Z</v></c><c r="B1" t="d"><v>2025-05-16T03:04:00</v></c></row>'
    )
    assert row_by_row(book(iso))["S"] == [(1, ["2025-05-16", "2025-05-16T03:04:00"])]


def test_hidden_sheets_are_left_out_unless_named() -> None:
    work = openpyxl.Workbook()
    work.worksheets[0].title = "Empty"
    for name, state in (("Seen ", "visible"), ("Hidden", "hidden"), ("Deep", "veryHidden")):
        page = work.create_sheet(name)
        page.append([name, 1])
        page.sheet_state = state
    work.create_chartsheet("Chart")
    out = io.BytesIO()
    work.save(out)
    data = out.getvalue()
    assert row_by_row(data) == {"Seen ": [(1, ["Seen", "1"])]}
    assert row_by_row(data, "hidden") == {"Hidden": [(1, ["Hidden", "1"])]}
    with pytest.raises(LayoutChanged, match=r'No sheet is named "FY26"; there are: Empty, Seen , Hidden, Deep'):
        row_by_row(data, "FY26")


GOOD = parts('<row r="1"><c r="A1" t="s"><v>0</v></c></row>' * 50, "<si><t>a</t></si>")
SHEET = "xl/worksheets/sheet1.xml"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "damaged or cut"),
        (b"PK\x03\x04nothing", "damaged or cut"),
        (packed(GOOD)[:-30], "damaged or cut"),
        (packed(GOOD)[:1200], "damaged or cut"),
        (packed({"a": "b"}), "damaged or cut"),
        (packed(GOOD | {"xl/workbook.xml": "<workbook"}), "damaged or cut"),
        (packed({name: part for name, part in GOOD.items() if name != SHEET}), '"S" is damaged'),
        (packed(GOOD | {SHEET: str(GOOD[SHEET])[:-30]}), '"S" is damaged or cut'),
        (packed(GOOD | {SHEET: str(GOOD[SHEET]).partition("</sheetData>")[0]}), '"S" is damaged or cut'),
        (packed(GOOD | {SHEET: str(GOOD[SHEET]).partition("<row")[0]}), '"S" is damaged or cut'),
        (packed(GOOD | {SHEET: b""}), '"S" is damaged or cut'),
        (packed(GOOD | {SHEET: str(GOOD[SHEET]).encode("utf-16")}), '"S" is damaged or cut'),
        (packed(GOOD | {"xl/sharedStrings.xml": f'<sst xmlns="{MAIN}"><si><t>a</t></si><si><t>'}), "damaged or cut"),
        (book('<row r="1"><c r="A1" t="s"><v>7</v></c></row>'), '"S" is damaged'),
        (book('<row r="1"><c r="A1" t="s"><v>-1</v></c></row>', "<si><t>a</t></si>"), '"S" is damaged'),
        (book('<row r="1"><c r="A1" t="s"><v>one</v></c></row>'), '"S" is damaged'),
        (book('<row r="1"><c r="A1"><v>1</c></row>'), '"S" is damaged'),
        (book('<row r="1"><c r="XFE1"><v>1</v></c></row>'), "beyond the last"),
        *[
            (packed(GOOD | {name: '<!DOCTYPE x [<!ENTITY a "b">]>' + str(GOOD[name])}), "document type")
            for name in GOOD
            if name.startswith("xl/")
        ],
    ],
)  # fmt: skip
def test_what_is_damaged_or_a_trap_is_unreadable_with_the_reason(data: bytes, reason: str) -> None:
    with pytest.raises(Unreadable, match=reason):
        row_by_row(data)


def test_an_encrypted_workbook_is_unreadable() -> None:
    data = bytearray(packed(GOOD))
    data[data.index(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(Unreadable, match="encrypted"):
        row_by_row(bytes(data))


def test_a_bomb_and_a_row_without_end_are_refused_in_little_memory() -> None:
    out = io.BytesIO(packed(GOOD))
    with zipfile.ZipFile(out, "a", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("xl/media/x.bin", bytes(70 * 2**20))
    with pytest.raises(Unreadable, match="over 100 times its size"):
        row_by_row(out.getvalue())
    endless = io.BytesIO()
    with zipfile.ZipFile(endless, "w") as archive:
        for name, text in GOOD.items():
            archive.writestr(
                name, text if name != SHEET else f'<worksheet xmlns="{MAIN}"><row r="1">{"<c/>" * 9 * 2**20}'
            )
    with pytest.raises(Unreadable, match="too long"):
        row_by_row(endless.getvalue())


def test_a_large_sheet_is_never_in_memory_as_a_whole() -> None:
    row = '<row r="{0}">' + "".join(f'<c r="{letter}{{0}}"><v>{{0}}.5</v></c>' for letter in "ABCDEFGHIJ") + "</row>"
    data = book("".join(row.format(n) for n in range(1, 20_001)))
    workbook = Workbook(io.BytesIO(data))
    tracemalloc.start()
    try:
        assert sum(1 for _ in workbook.rows("S")) == 20_000
        assert tracemalloc.get_traced_memory()[1] < 12 * 2**20
    finally:
        tracemalloc.stop()


CELL = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**12), 10**12),
    st.floats(allow_nan=False, allow_infinity=False, width=32),
    st.datetimes(datetime.datetime(1901, 1, 1), datetime.datetime(2199, 1, 1)).map(
        lambda when: when.replace(microsecond=0)
    ),
    st.dates(datetime.date(1901, 1, 1), datetime.date(2199, 1, 1)),
    st.times().map(lambda when: when.replace(microsecond=0)),
    st.text(
        st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff"), max_size=12
    ),
    st.sampled_from(["a\nb", " x ", "a\tb", "&amp;", "<v>", "]]>", "_x000D_", "02473", "N/A", "x\xa0y"]),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.lists(CELL, max_size=5), min_size=1, max_size=6))
def test_what_openpyxl_writes_is_read_as_the_library_reads_it(rows: list[list[object]]) -> None:
    work = openpyxl.Workbook()
    page = work.worksheets[0]
    for place, row in enumerate(rows, start=1):
        for column, value in enumerate(row, start=1):
            if value is not None:
                cell = page.cell(place, column)
                cell.value = value  # type: ignore[assignment]
                if isinstance(value, str):
                    cell.data_type = "s"
    out = io.BytesIO()
    work.save(out)
    try:
        expected = by_library(out.getvalue())
    except Unreadable:
        assert row_by_row(out.getvalue()) == {}
    else:
        assert aligned(row_by_row(out.getvalue())) == aligned(expected)
