"""CSV files as publishers really save them."""

import csv
import io
import tracemalloc
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scraper.documents import delimited
from scraper.documents.delimited import Records
from scraper.errors import DocumentError, Unreadable
from scraper.model import Document


def rows(data: bytes, charset: str | None = None) -> tuple[tuple[str, ...], ...]:
    return delimited.tables(data, charset)[0].rows


def test_cells_stay_text_with_white_space_folded() -> None:
    assert rows(b"fips,county\r\n02473, Cook \xc2\xa0 County \r\n,=HYPERLINK(1)\r\n") == (
        ("fips", "county"),
        ("02473", "Cook County"),
        ("", "=HYPERLINK(1)"),
    )


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(mark: str) -> None:
    text = f'place{mark}declined\n"Cook, IL; Chicago | x\t"{mark}188\nDoña Ana{mark}2\n'
    assert rows(text.encode()) == (("place", "declined"), ("Cook, IL; Chicago | x", "188"), ("Doña Ana", "2"))


@pytest.mark.parametrize(
    ("encoding", "label"),
    [
        ("utf-8", None), ("utf-8-sig", None), ("utf-8", "windows-1252"), ("utf-8-sig", "utf-16"), ("utf-16", None),
        ("utf-16-le", "utf-16-le"), ("cp1252", None), ("cp1252", "utf-8"), ("cp1252", "iso-8859-1"),
        ("cp1252", "nonsense"),
    ],
)  # fmt: skip
def test_letters_come_out_right_whatever_the_label_says(encoding: str, label: str | None) -> None:
    """N12 and C19."""
    assert rows("place,n\nDoña Ana – “x”,1\n".encode(encoding), label) == (("place", "n"), ("Doña Ana – “x”", "1"))


def test_short_rows_are_padded_and_surplus_cells_stay() -> None:
    table = delimited.tables(b"a,b\n1\n\n2,3,,x,\n,,\n4,5,,,,\n", None)[0]
    assert table.rows == (("a", "b", "", ""), ("1", "", "", ""), ("2", "3", "", "x"), ("4", "5", "", ""))
    assert table.row_numbers == (1, 2, 4, 6)


def test_a_quoted_cell_may_run_over_lines_and_bare_carriage_returns_end_rows() -> None:
    assert rows(b'a,b\r"1\r\n2",3\r') == (("a", "b"), ("1 2", "3"))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b" \r\n\r\n", "empty"),
        (b"\xef\xbb\xbf", "empty"),
        (b",,\n,\n", "no cells"),
        (b"a,b\n1,\x002\n", "NUL"),
        (b"\x89PNG\r\n\x1a\n\x01\x02\x03\x04\x05,\x06", "binary|neither"),
        (b"a,b\n" + b"\x81\x8d\x8f\x90\x9d", "neither"),
        (b"a,b\n1," + b"x" * 10_000_000, "more than 1,000,000 characters"),
        (b'a,b\n1,"never closed\n2,3\n', "Line 3 is not properly delimited"),
        (b'a,b\n1,"closed "late" here"\n2,3\n', "Line 2 is not properly delimited"),
    ],
)
def test_what_is_no_proper_file_is_unreadable_with_the_reason(data: bytes, reason: str) -> None:
    """C19."""
    with pytest.raises(Unreadable, match=reason):
        delimited.tables(data, None)


def test_a_cell_just_below_the_cap_is_read() -> None:
    assert len(rows(b"a,b\n1," + b"x" * 900_000)[1][1]) == 900_000


def test_the_real_files_come_out_as_the_csv_module_reads_them(corpus: Path) -> None:
    files = sorted(corpus.glob("*/*.csv"))
    assert len(files) >= 5
    for file in files:
        with file.open(encoding="utf-8-sig", newline="") as opened:
            expected = [[" ".join(cell.split()) for cell in row] for row in csv.reader(opened)]
        width = max(map(len, expected))
        assert [list(row) for row in rows(file.read_bytes())] == [
            row + [""] * (width - len(row)) for row in expected if any(row)
        ], file.name


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(st.binary(max_size=400), st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")))
)
def test_any_bytes_give_a_table_or_a_documented_error(data: bytes) -> None:
    try:
        table = delimited.tables(data, None)[0]
    except DocumentError:
        return
    assert len({len(row) for row in table.rows}) == 1
    assert len(table.rows) == len(table.row_numbers)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.lists(st.text("ab ,;|\t\"'é\n", min_size=1), min_size=3, max_size=3), min_size=2))
def test_what_python_writes_is_read_back(cells: list[list[str]]) -> None:
    written = "\n".join(",".join('"' + cell.replace('"', '""') + '"' for cell in row) for row in cells)
    folded = [tuple(" ".join(cell.split()) for cell in row) for row in cells]
    if all(any(row) for row in folded) and any(row[-1] for row in folded):
        assert delimited.delimiter(written) in ",;|\t"
        if delimited.delimiter(written) == ",":
            assert rows(written.encode()) == tuple(folded)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """Bytes that come in pieces of odd sizes, as a stream may give them."""

    data: bytes
    most: int = 1 << 30

    def read(self) -> bytes:
        return self.data

    def file(self) -> BinaryIO:
        return io.BytesIO(self.data)

    def open(self) -> BinaryIO:
        shelf = self

        class Short(io.BytesIO):
            def read(self, size: int | None = -1) -> bytes:
                return super().read(min(shelf.most, size or 0) if size and size > 0 else size)

        return Short(self.data)


def streamed(data: bytes, charset: str | None = None, *, block: int = 1 << 18, most: int = 1 << 30) -> Records:
    page = Document(
        url="", data=b"", media_type="text/csv", charset=charset, captured_at="", sha256="",
        content=Shelf(data=data, most=most),
    )  # fmt: skip
    return Records(page, block)


def as_table(records: Records) -> list[tuple[int, list[str]]]:
    """Folded records that hold something, without empty cells at the end; told odd, or each cell needs no folding."""
    found = []
    for number, cells in records:
        row = [" ".join(cell.split()) for cell in cells]
        line = "\0".join(cells)
        if not records.odd and delimited.is_folded(line, "\0"):
            assert cells == row
        assert delimited.folded(line, "\0").split("\0") == (row or [""])
        while row and not row[-1]:
            row.pop()
        if row:
            found.append((number, row))
    return found


def whole(data: bytes, charset: str | None = None) -> list[tuple[int, list[str]]]:
    table = delimited.tables(data, charset)[0]
    found = []
    for number, row in zip(table.row_numbers, table.rows, strict=True):
        cells = list(row)
        while not cells[-1]:
            cells.pop()
        found.append((number, cells))
    return found


PIECES = st.sampled_from(
    ["a", "Cook", ",", ",", "\n", "\r\n", "\r", '"', '""', '"a\nb"', '"x,y"', '"\r\n\r"', "\t", ";", "|", " ", "  ",
     "\xa0", "\u2003", "ñ", "–", "😀", "\ufeff", "\x85", "\x1c", "\u2028", "1", "\n\n", ",,\n"]
)  # fmt: skip
SIZES = st.sampled_from([1, 2, 3, 5, 7, 64, 1 << 18])


@settings(max_examples=400, deadline=None)
@given(
    st.lists(PIECES, min_size=1, max_size=60).map("".join),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1252"]),
    SIZES,
    SIZES,
)
def test_a_file_in_pieces_reads_as_the_file_at_once(text: str, encoding: str, block: int, most: int) -> None:
    data = text.encode(encoding, "ignore")
    try:
        expected: list[tuple[int, list[str]]] | str = whole(data)
    except Unreadable as error:
        expected = str(error)
    try:
        found: list[tuple[int, list[str]]] | str = as_table(streamed(data, block=max(block, 4), most=most))
    except Unreadable as error:
        found = str(error)
    if expected in ("The file is empty.", "The file has no cells."):
        assert not [cell for _, row in found for cell in row if cell.strip("\ufeff")]
    else:
        assert found == expected


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=80), SIZES)
def test_any_bytes_in_pieces_read_as_at_once_or_are_refused(data: bytes, block: int) -> None:
    try:
        found = as_table(streamed(data, block=max(block, 4)))
    except Unreadable:
        return
    if found and data.strip(b"\xef\xbb\xbf\r\n\t "):
        assert found == whole(data)


def test_a_file_is_gone_through_as_often_as_wanted() -> None:
    records = streamed(b"a,b\n1,2\n", block=4)
    assert list(records) == list(records) == [(1, ["a", "b"]), (2, ["1", "2"])]


@pytest.mark.parametrize("label", [None, "windows-1252", "iso-8859-1", "utf-8", "nonsense", "utf-16"])
def test_a_file_that_is_windows_1252_from_some_block_on_is_read_so(label: str | None) -> None:
    data = b"place,n\n" + b"Cook,1\n" * 40_000 + "Doña Ana – “x”,2\n".encode("cp1252") * 2
    records = as_table(streamed(data, label))
    assert len(records) == 40_003
    assert records[-1] == (40_003, ["Doña Ana – “x”", "2"])
    if label != "utf-16":
        assert records == whole(data, label)


def test_a_label_of_another_alphabet_is_believed_and_latin_9_is_not_latin_1() -> None:
    for label, letter in (("iso-8859-15", "€"), ("cp1251", "Ж"), ("iso-8859-1", "ñ"), ("shift_jis", "漢")):
        data = b"place,n\n" + b"Cook,1\n" * 40_000 + f"{letter},2\n".encode(label)
        assert as_table(streamed(data, label))[-1] == (40_002, [letter, "2"]), label


def test_letters_of_utf_8_and_then_of_another_alphabet_are_refused() -> None:
    data = "Doña Ana,1\n".encode() + b"Cook,1\n" * 40_000 + "Doña Ana,2\n".encode("cp1252")
    with pytest.raises(Unreadable, match="neither UTF-8 nor Windows-1252"):
        as_table(streamed(data))


@pytest.mark.parametrize("end", ["ñ".encode()[:1], "😀".encode()[:3]])
def test_a_file_that_ends_within_a_letter_loses_nothing(end: bytes) -> None:
    data = b"place,n\n" + b"Cook,1\n" * 40_000 + b"Kern," + end
    assert as_table(streamed(data)) == whole(data)
    mixed = "ñ,1\n".encode() + data
    with pytest.raises(Unreadable, match="neither"):
        as_table(streamed(mixed))


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_a_large_file_in_utf_16_is_read(encoding: str) -> None:
    data = ("place,n\n" + "Doña Ana 😀,1\n" * 30_000).encode(encoding)
    label = None if encoding == "utf-16" else encoding
    assert as_table(streamed(data, label)) == whole(data, label)
    with pytest.raises(Unreadable):
        as_table(streamed(data[:-1], label))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"a,b\n" * 100_000 + b"1,\x002\n", "NUL"),
        (b"a,b\n" + b"\x01\x02\x03\x04\x05,\x06\n" * 50_000, "binary"),
        (b"a,b\n" * 100_000 + b"1," + b"x" * 1_100_000 + b"\n", "Line 100001 has a cell of more than 1,000,000"),
        (b"a,b\n" * 100_000 + b'1,"never closed\n2,3\n', "Line 100002 is not properly delimited"),
        (b"a,b\r" * 100_000 + b'1,"closed "late" here"\r2,3\r', "Line 100001 is not properly delimited"),
        (b"a,b\n" * 100_000 + b"\x81\x8d\n", "neither"),
    ],
)
def test_what_turns_out_to_be_no_proper_file_is_unreadable_with_the_line(data: bytes, reason: str) -> None:
    with pytest.raises(Unreadable, match=reason):
        as_table(streamed(data))
    with pytest.raises(Unreadable, match=reason):
        delimited.tables(data, None)


def test_odd_white_space_far_before_the_end_of_a_long_record_is_noticed() -> None:
    data = 'a,b,c\n"x\xa0y","{0}","{0}"\nz,1,2\n'.format("w" * 300_000).encode()
    records = streamed(data)
    odd = [records.odd for _ in records]
    assert odd[1]
    assert as_table(records) == whole(data)


def test_a_large_file_with_bare_carriage_returns_is_read_in_pieces() -> None:
    data = b"place,n\r" + b"Cook,1\r" * 100_000
    records = streamed(data)
    tracemalloc.start()
    try:
        assert sum(1 for _ in records) == 100_001
        assert tracemalloc.get_traced_memory()[1] < 4 * 2**20
    finally:
        tracemalloc.stop()
