"""What an answer means: pure rules on status, headers and body."""

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Final

from scraper.fetch.answer import Ended, Failed
from scraper.fetch.challenge import wall

REDIRECTS: Final = frozenset((301, 302, 303, 307, 308))
TRANSIENT: Final = frozenset((500, 502, 504))
_REFUSALS: Final = frozenset((401, 403, 429, 451))
_KEPT: Final = frozenset(
    ("etag", "last-modified", "content-type", "date", "retry-after", "server", "content-length", "content-encoding")
)
_MAX_VALUE: Final = 500


def judge(status: int, headers: Mapping[str, str], body: bytes, *, conditional: bool, resting: bool) -> bool:
    """Return True for a page and False for an honest 304; raise `Ended` for everything else.

    `conditional` tells whether validators were sent, `resting` whether the host asked to be left alone for a while.
    """
    if status == HTTPStatus.OK:
        if not body:
            raise Failed("empty body")
        if found := wall(body, content_type(headers)[0]):
            raise Ended("blocked", found)
        return True
    if status == HTTPStatus.NOT_MODIFIED:
        if not conditional:
            raise Failed("answered 304 Not Modified, though nothing was known to compare with")
        return False
    words = answered(status)
    if status in (404, 410):
        raise Ended("gone", words)
    if status in _REFUSALS or (status == HTTPStatus.SERVICE_UNAVAILABLE and resting):
        raise Ended("blocked", words)
    raise Failed(words)


def answered(status: int) -> str:
    """Return "answered 403 Forbidden": our phrase, not the server's."""
    try:
        return f"answered {status} {HTTPStatus(status).phrase}"
    except ValueError:
        return f"answered {status}"


def kept_headers(raw: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Return the headers that matter: the first of each name, printable, at most 500 characters."""
    kept: dict[str, str] = {}
    for name, value in raw:
        key = name.decode("ascii", "replace").lower()
        if key in _KEPT and key not in kept:
            text = value.decode("latin-1")
            kept[key] = (text if text.isprintable() else "".join(c for c in text if c.isprintable()))[:_MAX_VALUE]
    return kept


def content_type(headers: Mapping[str, str]) -> tuple[str | None, str | None]:
    """Return media type and charset of the Content-Type header, in lower case; None for what it does not say."""
    media_type, *parameters = headers.get("content-type", "").lower().split(";")
    values = (value.partition("=") for value in parameters)
    charset = next((value.strip(" \t\"'") for name, _, value in values if name.strip() == "charset"), "")
    return media_type.strip() or None, charset or None


def validator(text: str | None) -> str | None:
    """Return an ETag or date that can be sent back exactly as it came; None for any other."""
    return text if text and len(text) < _MAX_VALUE and text.isascii() and text.isprintable() else None
