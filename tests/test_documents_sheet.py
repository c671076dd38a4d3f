"""Workbooks as publishers save them, and as attackers would."""

import datetime
import io
import zipfile
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl.worksheet.worksheet import Worksheet

from scraper.documents import sheet
from scraper.errors import DocumentError, LayoutChanged, Unreadable
from scraper.parsing import Parser
from tests.publisher import Publisher


def saved(book: openpyxl.Workbook) -> bytes:
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def workbook(*rows: list[object]) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.worksheets[0].append(row)
    return saved(book)


def rewritten(data: bytes, **parts: bytes) -> bytes:
    """Return the workbook with the named parts replaced: `xl_workbook_xml=…`."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, parts.get(name.replace("/", "_").replace(".", "_"), old.read(name)))
    return buffer.getvalue()


def as_seen(value: object) -> str:
    """What the rules of `sheet.tables` make of a value that openpyxl read."""
    match value:
        case None:
            return ""
        case bool():
            return str(value).upper()
        case float() if value.is_integer():
            return str(int(value))
        case datetime.datetime():
            return value.date().isoformat() if value.time() == datetime.time() else value.isoformat(timespec="seconds")
        case datetime.date() | datetime.time():
            return value.isoformat()
    return " ".join(str(value).split())


def by_openpyxl(worksheet: Worksheet) -> dict[int, list[str]]:
    rows = {number: list(map(as_seen, row)) for number, row in enumerate(worksheet.iter_rows(values_only=True), 1)}
    rows = {number: row for number, row in rows.items() if any(row)}
    width = max(place for row in rows.values() for place, cell in enumerate(row, 1) if cell)
    return {number: row[:width] for number, row in rows.items()}


@pytest.mark.parametrize("folder", ["ice-287g", "ice-detention-stats"])
def test_every_cell_of_the_real_workbooks_is_what_openpyxl_reads(corpus: Path, folder: str) -> None:
    files = sorted((corpus / folder).glob("*.xlsx"))
    assert files
    for file in files:
        book = openpyxl.load_workbook(file, data_only=True)
        expected = {each.title: by_openpyxl(each) for each in book.worksheets if each.sheet_state == "visible"}
        found = sheet.tables(file.read_bytes())
        assert {
            table.locator.sheet: dict(zip(table.row_numbers, map(list, table.rows), strict=True)) for table in found
        } == expected
        book.close()


def test_values_read_as_a_person_sees_them() -> None:
    moment = datetime.datetime(2025, 5, 16, 3, 4, 5)
    data = workbook(
        [" a \xa0 b\n", 206.0, 1.5, 0.1, -3, 13025, "02473", "13,025"],
        [
            True,
            False,
            datetime.datetime(2025, 5, 16),
            moment,
            datetime.date(2020, 1, 1),
            datetime.time(3, 4),
            "#N/A",
            None,
        ],
        [datetime.timedelta(hours=30), 1e20, 123456789012, 2.5e-7, "=HYPERLINK(1)", None, None, "x"],
    )
    assert sheet.tables(data)[0].rows == (
        ("a b", "206", "1.5", "0.1", "-3", "13025", "02473", "13,025"),
        ("TRUE", "FALSE", "2025-05-16", "2025-05-16T03:04:05", "2020-01-01", "03:04:00", "#N/A", ""),
        ("30:00:00", "1e+20", "123456789012", "2.5e-07", "", "", "", "x"),
    )


def test_empty_edges_are_cut_and_rows_keep_their_sheet_numbers() -> None:
    book = openpyxl.Workbook()
    page = book.worksheets[0]
    page["A2"], page["C2"], page["B7"], page["F9"] = "x", "#REF!", 7, " "
    table = sheet.tables(saved(book))[0]
    assert table.rows == (("x", "", "#REF!"), ("", "7", ""))
    assert table.row_numbers == (2, 7)


def test_hidden_and_empty_sheets_are_left_out_unless_named() -> None:
    book = openpyxl.Workbook()
    book.worksheets[0].title = "Empty"
    for name, state in (("Seen ", "visible"), ("Hidden", "hidden"), ("Deep", "veryHidden")):
        page = book.create_sheet(name)
        page.append([name, 1])
        page.sheet_state = state
    data = saved(book)
    assert [table.locator.sheet for table in sheet.tables(data)] == ["Seen "]
    assert sheet.tables(data, "seen")[0].rows == (("Seen", "1"),)
    assert sheet.tables(data, "Hidden")[0].rows == (("Hidden", "1"),)
    with pytest.raises(LayoutChanged, match=r'No sheet is named "Facilities"; there are: Empty, Seen , Hidden, Deep\.'):
        sheet.tables(data, "Facilities")
    with pytest.raises(Unreadable, match="no visible sheet that holds anything"):
        sheet.tables(data, "Empty")


def test_a_sheet_that_claims_a_huge_range_is_read_as_what_it_holds() -> None:
    data = workbook(["a", "b"], [1, 2])
    part = zipfile.ZipFile(io.BytesIO(data)).read("xl/worksheets/sheet1.xml")
    claimed = part.replace(b'ref="A1:B2"', b'ref="A1:XFC1041"').replace(
        b"</sheetData>", b'<row r="1041"><c r="XFC1041" s="0"/></row></sheetData>'
    )
    assert claimed != part
    assert sheet.tables(rewritten(data, xl_worksheets_sheet1_xml=claimed))[0].rows == (("a", "b"), ("1", "2"))


def test_styled_cells_in_the_last_corner_do_not_count_as_spread() -> None:
    data = workbook(["a", "b"])
    part = zipfile.ZipFile(io.BytesIO(data)).read("xl/worksheets/sheet1.xml")
    styled = part.replace(b"</sheetData>", b'<row r="1048576"><c r="XFD1048576" s="0"/></row></sheetData>')
    assert sheet.tables(rewritten(data, xl_worksheets_sheet1_xml=styled))[0].rows == (("a", "b"),)


def test_error_cells_behind_the_first_megabyte_are_found() -> None:
    data = workbook(*[[number, "#N/A", "x" * 90] for number in range(20_000)])
    assert {row[1] for row in sheet.tables(data)[0].rows} == {"#N/A"}


def test_a_sheet_that_spreads_over_billions_of_cells_is_unreadable() -> None:
    book = openpyxl.Workbook()
    book.worksheets[0]["A1"] = book.worksheets[0]["XFD1048576"] = "x"
    with pytest.raises(Unreadable, match="spreads over 1,048,576 rows and 16,384 columns"):
        sheet.tables(saved(book))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "is empty"),
        (b"<html>", "not a workbook"),
        (b"PK\x03\x04nothing", "damaged or cut"),
        (workbook(["a"])[:-30], "damaged or cut"),
        (workbook(["a"])[:3000], "damaged or cut"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "damaged or cut"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), "encrypted"),
        (workbook(), "no visible sheet that holds anything"),
        (rewritten(workbook(["a"]), xl_workbook_xml=b"<workbook"), "list of sheets"),
        (rewritten(workbook(["a"]), xl_worksheets_sheet1_xml=b"<worksheet><sheetData><row"), "damaged|no visible"),
    ],
)
def test_what_is_no_workbook_is_unreadable_with_the_reason(data: bytes, reason: str) -> None:
    """C2."""
    with pytest.raises(Unreadable, match=reason):
        sheet.tables(data)


def test_a_member_marked_as_encrypted_is_unreadable() -> None:
    data = bytearray(workbook(["a"]))
    directory = data.index(b"PK\x01\x02")
    data[directory + 8] |= 1
    with pytest.raises(Unreadable, match="encrypted"):
        sheet.tables(bytes(data))


def bomb(declared: int | None = None) -> bytes:
    """A workbook with a part of 768 MiB; `declared` overwrites the sizes that the archive states."""
    buffer = io.BytesIO(workbook(["a"]))
    with zipfile.ZipFile(buffer, "a", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        with archive.open("xl/media/image1.bin", "w") as part:
            for _ in range(768):
                part.write(bytes(1024 * 1024))
        if declared is not None:
            archive.getinfo("xl/media/image1.bin").file_size = declared
    return buffer.getvalue()


def test_a_bomb_is_refused_by_its_declared_and_by_its_true_size() -> None:
    """C3."""
    with pytest.raises(Unreadable, match="unpacks to over 100 times its size"):
        sheet.tables(bomb())
    with pytest.raises(Unreadable, match="a part is larger than its archive says"):
        sheet.tables(bomb(declared=1000))


def test_entities_are_neither_expanded_nor_fetched(publisher: Publisher) -> None:
    """C3: billion laughs and an external entity that points at a canary."""
    publisher.put("/canary", "caught")
    data = workbook(["a"])
    original = zipfile.ZipFile(io.BytesIO(data)).read("xl/worksheets/sheet1.xml")
    laughs = "".join(f'<!ENTITY l{level} "{f"&l{level - 1};" * 10}">' for level in range(1, 10))
    for entities, name in (
        (f'<!ENTITY l0 "ha">{laughs}', "l9"),
        (f'<!ENTITY x SYSTEM "{publisher.base}/canary">', "x"),
    ):
        part = f"<!DOCTYPE worksheet [{entities}]>".encode() + original.replace(
            b"<sheetData>", f'<sheetData><row r="9"><c r="A9" t="str"><v>&{name};</v></c></row>'.encode()
        )
        with pytest.raises(Unreadable, match="document type"):
            sheet.tables(rewritten(data, xl_worksheets_sheet1_xml=part))
        hidden = (
            b" " * 100_000 + part
        )  # the type is declared behind what the check looks at: the library expands nothing
        try:
            cells = str(sheet.tables(rewritten(data, xl_worksheets_sheet1_xml=hidden)))
        except Unreadable:
            cells = ""
        assert "haha" not in cells
        assert "caught" not in cells
    assert publisher.paths() == []


def test_a_workbook_that_aborts_the_library_ends_only_its_child() -> None:
    """The spread cannot be seen where cells carry no address; the child process is the fence then."""
    wide = b"<row>" + b'<c t="n"><v>1</v></c>' * 16_000 + b"</row>" + b'<row><c t="n"><v>1</v></c></row>' * 200_000
    part = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>' + wide
    data = rewritten(workbook(["a"]), xl_worksheets_sheet1_xml=part + b"</sheetData></worksheet>")
    with Parser(256, 60) as parser:
        with pytest.raises(Unreadable):
            parser.run(sheet.tables, data, heavy=True)
        assert parser.run(sheet.tables, workbook(["a"]), heavy=True)[0].rows == (("a",),)


REAL = workbook(["STATE", "COUNTY"], ["ALABAMA", "#N/A"], [1.5, True])


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300), st.integers(0, len(REAL)), st.integers(0, 60))
def test_any_bytes_give_tables_or_a_documented_error(noise: bytes, at: int, cut: int) -> None:
    for data in (noise, b"PK\x03\x04" + noise, REAL[:at] + noise + REAL[at + cut :]):
        try:
            found = sheet.tables(data)
        except DocumentError:
            continue
        assert all(len({len(row) for row in table.rows}) == 1 for table in found)
