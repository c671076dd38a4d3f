"""Captures travel to other archives and back with their own dates, and damaged files say so."""

import gzip
import re
import zlib
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from warcio.archiveiterator import ArchiveIterator
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from scraper import warc
from scraper.archive import Archive
from scraper.errors import ArchiveError, DocumentError
from scraper.warc import WarcCapture, WarcPage

URL = "https://publisher.example/release"
AT = "2017-03-20T14:00:00Z"
HTML = "<p>206 recorded as declined – “week 1”</p>".encode() * 50


def write(
    target: Path, *records: tuple[str, str, bytes, list[tuple[str, str]]], version: str = "1.0", packed: bool = True
) -> Path:
    """Write (type, url, body, HTTP headers) records with warcio, an hour apart."""
    with target.open("wb") as file:
        writer = WARCWriter(file, gzip=packed, warc_version=version)
        writer.write_record(writer.create_warcinfo_record(target.name, {"software": "another"}))
        for hour, (kind, url, body, headers) in enumerate(records):
            http = StatusAndHeaders("200 OK", headers, protocol="HTTP/1.1") if kind == "response" else None
            about = {"WARC-Date": f"2017-03-20T{hour:02}:00:00Z"}
            if kind == "resource":
                about["Content-Type"] = dict(headers)["Content-Type"]
            writer.write_record(
                writer.create_warc_record(
                    url, kind, BytesIO(body), len(body), http_headers=http, warc_headers_dict=about,
                    warc_content_type=about.get("Content-Type", ""),
                )
            )  # fmt: skip
    return target


def response(body: bytes = HTML, url: str = URL, **headers: str) -> tuple[str, str, bytes, list[tuple[str, str]]]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return ("response", url, body, list(({"Content-Type": "text/html; charset=UTF-8"} | named).items()))


def chunked(body: bytes, size: int = 700) -> bytes:
    parts = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


def all_until_damage(path: Path, **options: object) -> tuple[list[WarcPage], str]:
    """Every page that can be read, and what was said at the end."""
    pages: list[WarcPage] = []
    try:
        for page in warc.read(path, **options):  # type: ignore[arg-type]
            pages.append(page)
    except DocumentError as error:
        return pages, str(error)
    return pages, ""


def test_fifteen_real_workbooks_come_back_with_their_own_capture_times(corpus: Path, tmp_path: Path) -> None:
    archive = Archive(tmp_path / "archive")
    captures, data = [], []
    for path in sorted((corpus / "ice-287g").glob("*.xlsx")):
        day, name = path.name.split("__")
        at = re.sub(r"(....)(..)(..)_(..)(..)(..)", r"\1-\2-\3T\4:\5:\6Z", day)
        data.append(path.read_bytes())
        captures.append(
            WarcCapture(
                url=f"https://publisher.example/doclib/{name}",
                captured_at=at,
                sha256=archive.keep(data[-1]),
                media_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            )
        )
    target = tmp_path / "out.warc.gz"
    assert warc.export(captures, archive, target) == 15
    pages = list(warc.read(target))
    assert [(page.url, page.captured_at) for page in pages] == [(one.url, one.captured_at) for one in captures]
    assert [page.data for page in pages] == data
    assert {page.media_type for page in pages} == {captures[0].media_type}


def test_an_export_is_a_warc_that_others_accept(tmp_path: Path) -> None:
    """Read with warcio alone: version, digests, HTTP headers, one gzip member for each record."""
    archive = Archive(tmp_path / "archive")
    headers = {
        "ETag": '"a\r\nX-Evil: 1"',
        "Content-Encoding": "gzip",
        "Content-Length": "7",
        "transfer-encoding": "chunked",
    }
    captures = [
        WarcCapture(
            url=f"{URL}?n={n}", captured_at=AT, sha256=archive.keep(HTML), media_type="text/html", charset="utf-8",
            status=status, headers=headers,
        )
        for n, status in enumerate((200, 404, 799))
    ]  # fmt: skip
    target = tmp_path / "out.warc.gz"
    warc.export(captures, archive, target)
    seen = []
    with target.open("rb") as file:
        for record in ArchiveIterator(file, check_digests="raise"):
            if record.rec_type == "response":
                seen.append((record.http_headers.get_statuscode(), record.content_stream().read()))
                assert record.rec_headers.protocol == "WARC/1.1"
                assert record.rec_headers.get_header("WARC-Block-Digest")
                assert record.http_headers.get_header("Content-Length") == str(len(HTML))
                assert record.http_headers.get_header("Content-Type") == "text/html; charset=utf-8"
                assert record.http_headers.get_header("X-Evil") is None
                assert record.http_headers.get_header("Content-Encoding") is None
    assert seen == [("200", HTML), ("404", HTML), ("799", HTML)]
    assert target.read_bytes().count(b"\x1f\x8b\x08") >= 4
    again = tmp_path / "again.warc.gz"
    warc.export(captures, archive, again)
    assert again.read_bytes() == target.read_bytes()


def test_an_export_with_a_missing_archive_file_leaves_the_target_as_it_was(tmp_path: Path) -> None:
    """S8."""
    archive = Archive(tmp_path / "archive")
    sha256 = archive.keep(HTML)
    archive.path(sha256).unlink()
    target = tmp_path / "out.warc.gz"
    target.write_bytes(b"the last good export")
    one = WarcCapture(url=URL, captured_at=AT, sha256=sha256, media_type="text/html")
    with pytest.raises(ArchiveError, match="is missing"):
        warc.export([one], archive, target)
    assert target.read_bytes() == b"the last good export"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["archive", "out.warc.gz"]
    with pytest.raises(ArchiveError, match="could not be written: No such file"):
        warc.export([one], archive, tmp_path / "nowhere" / "out.warc.gz")


@pytest.mark.parametrize("version", ["1.0", "1.1"])
@pytest.mark.parametrize("packed", [True, False])
def test_records_made_elsewhere_are_read_with_their_dates(tmp_path: Path, version: str, packed: bool) -> None:
    path = write(
        tmp_path / "in.warc",
        response(),
        ("resource", URL + "/data.csv", b"a,b\n1,2\n", [("Content-Type", "text/csv")]),
        ("resource", "dns:publisher.example", b"20170320 ...", [("Content-Type", "text/dns")]),
        ("metadata", URL, b"via: another page", []),
        ("request", URL, b"GET / HTTP/1.1\r\nHost: publisher.example\r\n\r\n", []),
        ("response", "whois://publisher.example", b"rubbish", []),
        version=version,
        packed=packed,
    )
    html, csv = warc.read(path)
    assert (html.url, html.captured_at, html.status, html.data) == (URL, "2017-03-20T00:00:00Z", 200, HTML)
    assert (html.media_type, html.charset) == ("text/html", "utf-8")
    assert (csv.captured_at, csv.media_type, csv.data) == ("2017-03-20T01:00:00Z", "text/csv", b"a,b\n1,2\n")


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (chunked(HTML), {"Transfer_Encoding": "chunked"}),
        (gzip.compress(HTML), {"Content_Encoding": "gzip"}),
        (chunked(gzip.compress(HTML)), {"Content_Encoding": "x-gzip", "Transfer_Encoding": "Chunked"}),
        (zlib.compress(HTML), {"Content_Encoding": "deflate"}),
        (zlib.compress(HTML)[2:-4], {"Content_Encoding": "deflate"}),
        (HTML, {"Content_Encoding": "identity"}),
        (HTML, {"Content_Encoding": "gzip", "Transfer_Encoding": "chunked", "Content_Length": "9999"}),
    ],
    ids=["chunked", "gzip", "chunked gzip", "zlib", "raw deflate", "identity", "decoded by the crawler already"],
)
def test_bodies_come_out_as_a_browser_would_have_them(tmp_path: Path, body: bytes, headers: dict[str, str]) -> None:
    (page,) = warc.read(write(tmp_path / "in.warc.gz", response(body, **headers)))
    assert page.data == HTML


@pytest.mark.parametrize(
    ("body", "headers", "words"),
    [
        (chunked(HTML)[:-600], {"Transfer_Encoding": "chunked"}, "its chunks are cut"),
        (gzip.compress(HTML)[:-12], {"Content_Encoding": "gzip"}, "its compressed body is cut"),
        (b"\x1f\x8b\x09" + gzip.compress(HTML)[3:], {"Content_Encoding": "gzip"}, "its compressed body is damaged"),
        (HTML, {"Content_Encoding": "br"}, "it is encoded as 'br'"),
        (HTML, {"Content_Length": "99999"}, "the answer is shorter than its Content-Length"),
        (gzip.compress(b"0" * 3_000_000), {"Content_Encoding": "gzip"}, "it is larger than 1 MB"),
        (b"0" * 3_000_000, {}, "it is larger than 1 MB"),
    ],
    ids=["chunks", "cut gzip", "damaged gzip", "brotli", "short", "bomb", "large"],
)
def test_a_record_that_cannot_be_used_is_told_and_its_neighbours_are_read(
    tmp_path: Path, body: bytes, headers: dict[str, str], words: str
) -> None:
    """N3, N13: a cut or unbounded body never passes for a page."""
    path = write(tmp_path / "in.warc.gz", response(url=URL + "/1"), response(body, **headers), response(url=URL + "/3"))
    told: list[str] = []
    pages = list(warc.read(path, max_body_mb=1, report=told.append))
    assert [page.url for page in pages] == [URL + "/1", URL + "/3"]
    (sentence,) = told
    assert sentence == f"in.warc.gz: {URL} of 2017-03-20T01:00:00Z was skipped: {words}."


def with_revisits(path: Path, first: bytes) -> Path:
    write(path, response(first, Content_Encoding="gzip"))
    with path.open("rb") as file:
        digest = [record.rec_headers.get_header("WARC-Payload-Digest") for record in ArchiveIterator(file)][1]
    with path.open("ab") as file:
        writer = WARCWriter(file, gzip=True, warc_version="1.1")
        for hour, (sha1, refers) in enumerate([(digest, "x"), ("sha1:" + "A" * 32, URL), ("sha1:" + "B" * 32, "x")], 5):
            writer.write_record(
                writer.create_revisit_record(
                    URL + "/again", sha1, refers, "2017-03-20T00:00:00Z",
                    warc_headers_dict={"WARC-Date": f"2017-03-20T{hour:02}:00:00.123456Z"},
                )
            )  # fmt: skip
    return path


def test_a_revisit_brings_the_earlier_bytes_with_its_own_date(tmp_path: Path) -> None:
    """By payload digest, else by address and date; without the original it is told."""
    told: list[str] = []
    pages = list(warc.read(with_revisits(tmp_path / "in.warc.gz", gzip.compress(HTML)), report=told.append))
    assert [page.captured_at for page in pages] == [f"2017-03-20T{hour}:00:00Z" for hour in ("00", "05", "06")]
    assert {page.data for page in pages} == {HTML}
    assert [page.url for page in pages] == [URL, URL + "/again", URL + "/again"]
    assert [page.media_type for page in pages] == ["text/html"] * 3
    assert len(told) == 1
    assert "a record which is not in this file" in told[0]


@pytest.mark.parametrize("packed", [True, False])
def test_a_cut_file_gives_what_was_whole_and_then_says_so(tmp_path: Path, packed: bool) -> None:
    """Cut at every 41st byte: never a page that differs, never a silent end inside a record."""
    path = write(tmp_path / "whole.warc", *(response(url=f"{URL}/{n}") for n in range(3)), packed=packed)
    whole, said = all_until_damage(path)
    assert (len(whole), said) == (3, "")
    data = path.read_bytes()
    with path.open("rb") as file:
        iterator = ArchiveIterator(file)
        ends = {iterator.get_record_offset() + iterator.get_record_length() for _ in iterator}
    cut = tmp_path / "cut.warc"
    for length in range(1, len(data) - 4, 41):
        cut.write_bytes(data[:length])
        pages, said = all_until_damage(cut)
        assert pages == whole[: len(pages)]
        assert len(pages) >= sum(length >= end for end in ends) - 1
        if length not in ends and (packed or pages != whole):
            assert str(cut) in said, length


@pytest.mark.parametrize(
    "data", [b"", b"<html>no archive</html>", b"\x00" * 500, gzip.compress(b"hello", mtime=0), b"WARC/1.0\r\n\r\n\r\n"]
)
def test_a_file_that_is_no_warc_is_named(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "in.warc.gz"
    path.write_bytes(data)
    with pytest.raises(DocumentError, match=re.escape(str(path))):
        list(warc.read(path))


def test_a_missing_file_and_a_gzip_in_one_piece_are_told(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="No such file"):
        list(warc.read(tmp_path / "none.warc"))
    plain = write(tmp_path / "plain.warc", response(), response(), packed=False)
    piece = tmp_path / "piece.warc.gz"
    piece.write_bytes(gzip.compress(plain.read_bytes()))
    with pytest.raises(DocumentError, match="recompress"):
        list(warc.read(piece))


def test_altered_bytes_do_not_pass_for_the_page(tmp_path: Path) -> None:
    path = write(tmp_path / "in.warc", response(), response(url=URL + "/2"), packed=False)
    path.write_bytes(path.read_bytes().replace(b">206 ", b">207 ", 1))
    told: list[str] = []
    pages = list(warc.read(path, report=told.append))
    assert [page.url for page in pages] == [URL + "/2"]
    assert "do not have the digest" in told[0]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda data: data.replace(b"2017-03-20T00:00:00Z", b"yesterday, at noon!!"), "its date is not one"),
        (lambda data: data.replace(b"WARC-Type: response", b"WARC-Truncated: x\r\nWARC-Type: response"), "only a part"),
        (lambda data: data.replace(b"HTTP/1.1 200 OK", b"HTTP/1.1 abc OK"), "no HTTP answer"),
    ],
)  # fmt: skip
def test_odd_records_are_skipped_in_words(tmp_path: Path, change: Callable[[bytes], bytes], words: str) -> None:
    path = write(tmp_path / "in.warc", response(), packed=False)
    path.write_bytes(re.sub(rb"WARC-Block-Digest: \S+\r\n", b"", change(path.read_bytes())))
    told: list[str] = []
    assert list(warc.read(path, report=told.append)) == []
    assert words in told[0]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.integers(0, 10_000), byte=st.integers(0, 255), packed=st.booleans())
def test_a_flipped_byte_never_ends_in_a_traceback(tmp_path: Path, at: int, byte: int, packed: bool) -> None:
    path = tmp_path / f"whole-{packed}.warc"
    if not path.exists():
        write(path, *(response(url=f"{URL}/{n}") for n in range(2)), packed=packed)
    data = bytearray(path.read_bytes())
    data[at % len(data)] = byte
    flipped = tmp_path / "flipped.warc"
    flipped.write_bytes(data)
    pages, said = all_until_damage(flipped, max_body_mb=1)
    assert len(pages) <= 2
    assert said == "" or str(flipped) in said
