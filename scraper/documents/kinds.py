"""What a body is, decided by its bytes; a server's label comes last (N12)."""

import io
import re
import zipfile
from typing import Final

from scraper.documents import delimited

EMPTY: Final = "application/x-empty"
BINARY: Final = "application/octet-stream"
CSV: Final = "text/csv"
HTML: Final = "text/html"
PDF: Final = "application/pdf"
XLS: Final = "application/vnd.ms-excel"
ZIP: Final = "application/zip"
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PAGES: Final = (HTML, "application/xhtml+xml")
FEEDS: Final = ("application/rss+xml", "application/atom+xml", "application/xml", "text/xml")
WORKBOOKS: Final = (XLSX, XLS)
DELIMITED: Final = (CSV, "text/tab-separated-values")
"""The media types of one kind of document."""

_MAGIC: Final = (
    (b"%PDF-", PDF),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", XLS),
    (b"\x1f\x8b\x08", "application/gzip"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
)
_HEAD: Final = 8192
_BLANK: Final = b"\0 \t\r\n\f\xef\xbb\xbf"
_XML_TYPES: Final = {"rss": FEEDS[0], "rdf:rdf": FEEDS[0], "feed": FEEDS[1], "html": HTML}
_PROLOG: Final = re.compile(
    r"\s*(?:<\?.*?\?>\s*|<!--.*?(?:-->\s*|\Z)|<!doctype(?!\s+html)[^>\[]*(?:\[.*?\])?\s*>\s*)*",
    re.IGNORECASE | re.DOTALL,
)
_TAGS: Final = (
    "html head body title meta link script style table tr div p h[1-6] ul ol a br section article main nav span center "
    "form iframe noscript"
)
_HTML_TAG: Final = re.compile(rf"<(?:!doctype\s+html|(?:{_TAGS.replace(' ', '|')})[\s/>])", re.IGNORECASE)
_ROOT: Final = re.compile(r"<([a-z_][\w.-]*(?::[\w.-]+)?)", re.IGNORECASE)
_JSON: Final = re.compile(r"\s*(?:\{\s*[\"}]|\[\s*[\[{\"\]\d-])")
_CSV_CLAIMS: Final = frozenset({CSV, "application/csv", "text/comma-separated-values", "text/tab-separated-values"})
_MARKUP_CLAIMS: Final = re.compile(r"text/(?!csv|tab|comma)|.*(?:html|xml|json)$")


def media_type(data: bytes, claimed: str | None) -> str:
    """Return the media type of `data` in lower case without parameters; `claimed` is the Content-Type header."""
    claim = (claimed or "").partition(";")[0].strip().lower()
    if not data[:_HEAD].strip(_BLANK) and not data.strip(_BLANK):
        return EMPTY
    for magic, name in _MAGIC:
        if data.startswith(magic):
            return name
    if data.startswith(b"PK\x03\x04"):
        return _zipped(data)
    text = _text(data)
    if text is None:
        return PDF if b"%PDF-" in data[:1024] else _binary(claim)
    return _marked_up(text) or (PDF if "%PDF-" in text[:1024] else _plain(text, claim))


def _zipped(data: bytes) -> str:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = {name.lstrip("/").lower() for name in archive.namelist()}
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError):
        # A cut archive has lost its directory, which stands at its end; the names in front of the members remain.
        return XLSX if re.search(rb"xl/(?:workbook|worksheets|_rels)|\[Content_Types\]\.xml", data) else ZIP
    return XLSX if names & {"xl/workbook.xml", "xl/workbook.bin"} else ZIP


def _text(data: bytes) -> str | None:
    """Return the opening of `data` as text, or None where it is binary."""
    head = data[:_HEAD]
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return head[: len(head) // 2 * 2].decode("utf-16", "replace")
    if b"\0" in head or sum(byte < 32 and byte not in b"\t\n\r\f\x1a\x1b" for byte in head) * 50 > len(head):
        return None
    return head.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace")


def _marked_up(text: str) -> str | None:
    start = _PROLOG.match(text)
    body = text[start.end() if start else 0 :]
    if _HTML_TAG.match(body):
        return HTML
    if root := _ROOT.match(body):
        return _XML_TYPES.get(root[1].lower(), "application/xml")
    if text.lstrip().lower().startswith("<?xml"):
        return "application/xml"
    return "application/json" if _JSON.match(text) else None


def _plain(text: str, claim: str) -> str:
    if claim in _CSV_CLAIMS:
        return CSV
    complete = text if len(text) < _HEAD // 2 else text[: text.rfind("\n") + 1]
    if claim in {"", BINARY, "text/plain", XLS, XLSX, "application/download"} and delimited.is_tabular(complete):
        return CSV
    return claim if claim not in {"", BINARY, XLS, XLSX} else "text/plain"


def _binary(claim: str) -> str:
    return BINARY if not claim or _MARKUP_CLAIMS.fullmatch(claim) else claim
