"""CSV files as publishers really save them."""

import csv
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scraper.documents import delimited
from scraper.errors import DocumentError, Unreadable


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
