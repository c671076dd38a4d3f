"""What a body is, whatever the server calls it (N12, C2)."""

import gzip
import io
import zipfile
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scraper.documents import kinds

OCTETS = "application/octet-stream"
LABELS = [None, "", OCTETS, "application/pdf", "text/html; charset=utf-8", "text/csv", "nonsense"]


def workbook() -> bytes:
    buffer = io.BytesIO()
    openpyxl.Workbook().save(buffer)
    return buffer.getvalue()


def zipped() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("word/document.xml", "<a/>")
    return buffer.getvalue()


@pytest.mark.parametrize("label", LABELS)
@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"%PDF-1.7\n%\xe2\xe3", kinds.PDF),
        (b"\0\0junk\0%PDF-1.4\n\xff", kinds.PDF),
        (b"junk before\n%PDF-1.4\n", kinds.PDF),
        (workbook(), kinds.XLSX),
        (workbook()[:-100], kinds.XLSX),
        (zipped(), kinds.ZIP),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 99, kinds.XLS),
        (gzip.compress(b"<html>", mtime=0), "application/gzip"),
        (b"\x89PNG\r\n\x1a\n\0\0", "image/png"),
        (b"\xff\xd8\xff\xe0\0", "image/jpeg"),
        (b"<!DOCTYPE html><html><p>Access Denied %PDF-1.4", kinds.HTML),
        (b"\n\n<!-- " + b"x" * 3000 + b" -->\n<HTML>", kinds.HTML),
        (b"<html><head>" + b"a,b\n" * 30, kinds.HTML),
        ("\ufeff<div class='views-row'>é</div>".encode(), kinds.HTML),
        ("<html><p>é".encode("utf-16"), kinds.HTML),
        (b'<?xml version="1.0"?><!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0//EN" "x"><html>', kinds.HTML),
        (b'<?xml version="1.0"?>\n<!-- feed --><rss version="2.0">', "application/rss+xml"),
        (b"<rdf:RDF xmlns:rdf='x'>", "application/rss+xml"),
        (b'<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom">', "application/atom+xml"),
        (b'<!DOCTYPE rss [<!ENTITY a "b">]><rss>', "application/rss+xml"),
        (b"<urlset><url>", "application/xml"),
        (b' {"a": 1}', "application/json"),
        (b'[{"a": 1}]', "application/json"),
        (b"", kinds.EMPTY),
        (b" \r\n\t ", kinds.EMPTY),
        (b"\xef\xbb\xbf", kinds.EMPTY),
        (b"\0" * 20_000, kinds.EMPTY),
    ],
)
def test_the_bytes_decide_not_the_label(data: bytes, expected: str, label: str | None) -> None:
    assert kinds.media_type(data, label) == expected


@pytest.mark.parametrize(
    ("data", "label", "expected"),
    [
        (b"a,b\n1,2\n", "text/csv; charset=utf-8", kinds.CSV),
        (b"a,b\n1,2\n", OCTETS, kinds.CSV),
        (b"a;b\n1;2\n", "text/plain", kinds.CSV),
        (b"a\tb\n1\t2\n", "application/vnd.ms-excel", kinds.CSV),
        ("a,b\n1,2\n".encode("utf-16"), None, kinds.CSV),
        (b"place,n\n" + b"Cook County,1\n" * 5000, None, kinds.CSV),
        (b"One line, with a comma", "text/plain", "text/plain"),
        (b"Some words, and more\nand, then, again\n", None, "text/plain"),
        (b"just words", OCTETS, "text/plain"),
        (b"Access denied", "text/html", kinds.HTML),
        (b"a,b\n1,2\n", "text/html", kinds.HTML),
        (b"no pdf at all", "application/pdf", kinds.PDF),
        (b"\0\1\2\3", "text/csv", kinds.CSV),
        (b"\0\1\2\3", "text/html", OCTETS),
        (b"\0\1\2\3", "application/rss+xml", OCTETS),
        (b"\0\1\2\3", None, OCTETS),
        (b"\0\1\2\3", "application/pdf", kinds.PDF),
    ],
)
def test_without_a_mark_of_its_own_label_and_shape_decide(data: bytes, label: str | None, expected: str) -> None:
    assert kinds.media_type(data, label) == expected


def test_the_real_files_are_what_their_names_say(corpus: Path) -> None:
    expected = {".xlsx": kinds.XLSX, ".html": kinds.HTML, ".csv": kinds.CSV, ".json": "application/json"}
    files = [file for file in sorted(corpus.glob("*/*")) if file.suffix in expected]
    assert len(files) > 40
    for file in files:
        assert kinds.media_type(file.read_bytes(), OCTETS) == expected[file.suffix], file.name


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=300), st.one_of(st.none(), st.text(max_size=30)))
def test_any_bytes_have_some_type(data: bytes, label: str | None) -> None:
    kind = kinds.media_type(data, label)
    assert kind == kind.lower()
    assert kind
