"""Exchange with other archives: captures go out as a WARC 1.1 file and come in from WARC 1.0 or 1.1."""

import base64
import hashlib
import re
import zlib
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import datetime
from email.message import Message
from http.client import responses
from io import BytesIO
from pathlib import Path
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

from warcio.archiveiterator import WARCIterator
from warcio.bufferedreaders import ChunkedDataException, ChunkedDataReader
from warcio.exceptions import ArchiveLoadFailed
from warcio.statusandheaders import StatusAndHeaders, StatusAndHeadersParser, StatusAndHeadersParserException
from warcio.warcwriter import WARCWriter

from scraper.archive import Archive
from scraper.errors import ArchiveError, Unreadable

_HTTP_URL: Final = re.compile(r"https?://[^\s\x00-\x20]+", re.IGNORECASE)
_CHUNK_SIZE: Final = re.compile(rb"[0-9a-fA-F]+[ \t]*(;[^\r\n]*)?\r\n")
_ABOUT_THE_WIRE: Final = frozenset({"content-encoding", "content-length", "transfer-encoding", "connection"})
_DATE: Final = re.compile(r"(\.\d+)?Z$")
_Headers = Sequence[tuple[str, str]]
_Answer = tuple[int, tuple[tuple[str, str], ...], bytes]
"""Status, headers and decoded body."""
_DAMAGE: Final = (ArchiveLoadFailed, StatusAndHeadersParserException, OSError, EOFError, ValueError, zlib.error)


@dataclass(frozen=True, slots=True, kw_only=True)
class WarcCapture:
    """One capture to write: its row, and under `sha256` its bytes in the archive."""

    url: str
    captured_at: str
    sha256: str
    media_type: str
    charset: str | None = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    """As received; those about the wire (length, encoding) are replaced, for the archive holds decoded bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WarcPage:
    """One page found in a WARC file, its body as a browser would have it: not chunked, not compressed."""

    url: str
    captured_at: str
    """When it was served, to the second."""
    status: int
    media_type: str
    """From the headers, lower case; empty when they do not say."""
    charset: str | None
    headers: tuple[tuple[str, str], ...]
    data: bytes


class _Refused(Exception):
    """One record cannot be used; the others can."""


def export(captures: Iterable[WarcCapture], archive: Archive, target: Path) -> int:
    """Write `captures` in their order to `target` as compressed response records and return how many.

    The same captures give the same file, byte for byte. Raises ArchiveError when an archived file is missing or
    altered, or `target` cannot be written; then `target` is as it was.
    """
    part = target.with_name(f".{target.name}.part")
    try:
        with part.open("wb") as file:
            writer = WARCWriter(file, gzip=True, warc_version="1.1")
            count = 0
            for count, capture in enumerate(captures, 1):
                if count == 1:
                    writer.write_record(_warcinfo(writer, capture.captured_at))
                writer.write_record(_response(writer, capture, archive.read(capture.sha256)))
        part.replace(target)
    except OSError as error:
        raise ArchiveError(f"{target} could not be written: {error.strerror or error}.") from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
    return count


def _warcinfo(writer: WARCWriter, at: str) -> Any:
    words = b"software: detainer-watch\r\nformat: WARC File Format 1.1\r\n"
    headers = _record_headers("warcinfo", at)
    return writer.create_warc_record("", "warcinfo", BytesIO(words), len(words), warc_headers_dict=headers)


def _response(writer: WARCWriter, capture: WarcCapture, data: bytes) -> Any:
    kept = [(k, " ".join(v.split())) for k, v in capture.headers.items() if k.lower() not in _ABOUT_THE_WIRE]
    if not any(name.lower() == "content-type" for name, _ in kept):
        kept.append(("Content-Type", capture.media_type + (f"; charset={capture.charset}" if capture.charset else "")))
    status = f"{capture.status} {responses.get(capture.status, 'Unknown')}"
    http = StatusAndHeaders(status, [*kept, ("Content-Length", str(len(data)))], protocol="HTTP/1.1")
    headers = _record_headers(capture.url, capture.captured_at, capture.sha256)
    return writer.create_warc_record(
        capture.url, "response", BytesIO(data), len(data), warc_headers_dict=headers, http_headers=http
    )


def _record_headers(what: str, at: str, *more: str) -> dict[str, str]:
    return {"WARC-Date": at, "WARC-Record-ID": f"<urn:uuid:{uuid5(NAMESPACE_URL, ' '.join((what, at, *more)))}>"}


def read(path: Path, *, max_body_mb: float = 200.0, report: Callable[[str], object] = str) -> Iterator[WarcPage]:
    """Yield every http(s) page of a WARC file, plain or compressed, in file order and with any status.

    A record that cannot be used (too large, cut by the crawler, encoded in a way we do not know, a revisit whose
    original is not in the file) is skipped and told to `report` in a sentence. Raises DocumentError, naming file and
    reason, where the file itself is cut or damaged: by then what stood before was yielded.
    """
    originals: dict[str, int] = {}
    limit = int(max_body_mb * 1_000_000)
    for offset, record in _records(path):
        url, date = _header(record, "WARC-Target-URI"), _header(record, "WARC-Date")
        if record.rec_type not in ("response", "resource", "revisit") or not _HTTP_URL.fullmatch(url):
            continue
        try:
            if record.rec_type == "revisit":
                status, headers, data = _original(path, record, originals, limit)
            else:
                status, headers, data = _answer(record, limit)
                keys = (f"{url} {date}", _header(record, "WARC-Payload-Digest"))
                originals |= {key: offset for key in keys if key}
            mime = Message()
            mime["Content-Type"] = " ".join(_named(headers, "content-type").split())
            yield WarcPage(
                url=url,
                captured_at=_second(date),
                status=status,
                media_type=mime.get_content_type() if mime["Content-Type"] else "",
                charset=mime.get_content_charset(),
                headers=headers,
                data=data,
            )
        except _Refused as refusal:
            report(f"{path.name}: {url[:200]} of {date[:40]} was skipped: {refusal}.")


class _Records(WARCIterator):  # type: ignore[misc]
    cut = False

    def close(self) -> None:
        """Remember whether the last compressed member was whole: warcio itself ends in silence."""
        if self.reader is not None and self.reader.decompressor is not None:
            self.cut = not self.reader.decompressor.eof
        super().close()


def _records(path: Path, offset: int = 0) -> Generator[tuple[int, Any], None, None]:
    """Yield each record, its block unread, behind its offset; only warcio's own trouble becomes a DocumentError."""
    count = 0
    try:
        with path.open("rb") as file:
            file.seek(offset)
            records = _Records(file, no_record_parse=True)
            for record in records:
                count += 1
                if record.length is None:
                    raise ArchiveLoadFailed("a record does not say how long it is")
                yield records.offset, record
                records.read_to_end()
                if record.raw_stream.limit > 0:
                    raise ArchiveLoadFailed("the last record is cut")
            if records.cut or not count:
                raise ArchiveLoadFailed("its last record is cut" if count else "it holds no record")
    except _DAMAGE as error:
        reason = " ".join(str(error).split())[:500] or type(error).__name__
        raise Unreadable(f"{path} is damaged or no WARC file; records read before that: {count}. {reason}.") from error


def _answer(record: Any, limit: int) -> _Answer:
    block = _block(record, limit)
    if record.rec_type == "resource":
        return 200, (("Content-Type", _header(record, "Content-Type")),), block
    stream = BytesIO(block)
    try:
        http = StatusAndHeadersParser([], verify=False).parse(stream)
        status = int(http.get_statuscode())
    except (StatusAndHeadersParserException, EOFError, ValueError) as error:
        raise _Refused("it holds no HTTP answer") from error
    return status, tuple(http.headers), _decoded(stream.read(), http.headers, limit)


def _block(record: Any, limit: int) -> bytes:
    if record.length > limit + 1_000_000:
        raise _Refused(f"it is larger than {limit // 1_000_000} MB")
    if _header(record, "WARC-Truncated") or _header(record, "WARC-Segment-Number"):
        raise _Refused("the crawler kept only a part of it")
    block: bytes = record.raw_stream.read()
    if len(block) < record.length:
        raise _Refused("it is cut")
    if not _digest_agrees(block, _header(record, "WARC-Block-Digest")):
        raise _Refused("its bytes do not have the digest written beside them")
    return block


def _digest_agrees(block: bytes, stated: str) -> bool:
    algorithm, _, value = stated.partition(":")
    if algorithm not in ("sha1", "sha256", "sha512", "md5"):
        return True
    digest = hashlib.new(algorithm, block, usedforsecurity=False).digest()
    return value.rstrip("=").lower() in (digest.hex(), base64.b32encode(digest).decode().rstrip("=").lower())


def _decoded(body: bytes, headers: _Headers, limit: int) -> bytes:
    """Undo chunks and compression; many crawlers undid them already and left the headers as they were."""
    length, transfer = _named(headers, "content-length"), _named(headers, "transfer-encoding").lower()
    encodings = _named(headers, "content-encoding").lower().replace(" ", "")
    if length.isdecimal() and len(body) < int(length) and not (encodings or transfer):
        raise _Refused("the answer is shorter than its Content-Length")
    if "chunked" in transfer and _CHUNK_SIZE.match(body):
        try:
            body = ChunkedDataReader(BytesIO(body), raise_exceptions=True).read()
        except ChunkedDataException as error:
            raise _Refused("its chunks are cut") from error
    for encoding in reversed(encodings.split(",")):
        if encoding in ("gzip", "x-gzip") and body.startswith(b"\x1f\x8b"):
            body = _inflated(body, 31, limit)
        elif encoding == "deflate":
            body = _inflated(body, 15 if body[:1] == b"x" else -15, limit)
        elif encoding not in ("", "identity", "gzip", "x-gzip"):
            raise _Refused(f"it is encoded as {encoding[:20]!r}")
    if len(body) > limit:
        raise _Refused(f"it is larger than {limit // 1_000_000} MB")
    return body


def _inflated(body: bytes, window: int, limit: int) -> bytes:
    unpacker = zlib.decompressobj(window)
    try:
        data = unpacker.decompress(body, limit + 1)
    except zlib.error as error:
        raise _Refused("its compressed body is damaged") from error
    if not unpacker.eof and len(data) <= limit:
        raise _Refused("its compressed body is cut")
    return data


def _original(path: Path, record: Any, originals: Mapping[str, int], limit: int) -> _Answer:
    refers_to = f"{_header(record, 'WARC-Refers-To-Target-URI')} {_header(record, 'WARC-Refers-To-Date')}"
    offset = originals.get(_header(record, "WARC-Payload-Digest"), originals.get(refers_to))
    if offset is None:
        raise _Refused("it only says that its content is that of a record which is not in this file")
    with closing(_records(path, offset)) as records:
        return _answer(next(records)[1], limit)


def _second(date: str) -> str:
    try:
        return f"{datetime.fromisoformat(_DATE.sub('', date)).isoformat(timespec='seconds')}Z"
    except ValueError as error:
        raise _Refused("its date is not one") from error


def _header(record: Any, name: str) -> str:
    return (record.rec_headers.get_header(name) or "").strip()


def _named(headers: _Headers, name: str) -> str:
    return next((value for key, value in headers if key.lower() == name), "")
