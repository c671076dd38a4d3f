"""RSS and Atom feeds as entries."""

import re
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from io import BytesIO
from typing import Any, Final

from selectolax.lexbor import LexborHTMLParser

from scraper.documents import html, urls, values
from scraper.errors import LayoutChanged, Unreadable
from scraper.model import Document

_ENTITY: Final = re.compile(r"<!ENTITY", re.IGNORECASE)
_FIELDS: Final = ("link", "title", "id", "summary", "published", "updated")
_ENDS: Final = re.compile(r"</(?:\w+:)?(?:rss|feed|RDF)\s*>", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry; texts folded and without markup, dates "YYYY-MM-DD" as the publisher's own clock had them."""

    url: str
    """Canonical address, to compare; "" where the entry has no usable link."""
    href: str
    """The same as a server knows it, to fetch."""
    title: str
    published: str | None
    updated: str | None
    guid: str
    summary: str


def entries(document: Document) -> tuple[Entry, ...]:
    """Return the entries of an RSS or Atom feed in order; nothing is fetched and no entity is expanded.

    `Unreadable` for a feed that declares entities or is cut off, `LayoutChanged` for anything that is no feed.
    """
    text = html.decode(document.data, document.charset)
    if "\x00" in text:
        raise Unreadable("The feed contains NUL characters; it is not text.")
    if _ENTITY.search(text):
        raise Unreadable("The feed declares XML entities, which are never expanded.")
    headers = {"content-type": "application/xml; charset=utf-8", "content-location": document.base}
    import feedparser  # a daemon without feeds need not carry it

    parsed: Any = feedparser.parse(BytesIO(text.encode("utf-8", "replace")), response_headers=headers)
    if not parsed.get("version"):
        raise LayoutChanged("The document is no RSS or Atom feed.")
    if not _ENDS.search(text):
        raise Unreadable("The feed is cut off: its closing tag is missing.")
    return tuple(_entry(entry, document.base) for entry in parsed.entries)


def _entry(entry: dict[str, Any], base: str) -> Entry:
    # `dict.get`, since feedparser's own look-up passes "published" off as "updated".
    raw = {name: str(dict.get(entry, name) or "") for name in _FIELDS}
    href = urls.address(raw["link"], base) if raw["link"] else None
    return Entry(
        url=urls.without_slash(href) if href else "",
        href=href or "",
        title=_plain(raw["title"]),
        published=_date(raw["published"]),
        updated=_date(raw["updated"]),
        guid=values.fold(raw["id"]),
        summary=_plain(raw["summary"]),
    )


def _plain(text: str) -> str:
    if "<" not in text and "&" not in text:
        return values.fold(text)
    body = LexborHTMLParser(text).body
    return html.text_of(body) if body is not None else ""


def _date(text: str) -> str | None:
    """Return the day that the publisher wrote, whatever the time zone."""
    try:
        return parsedate_to_datetime(text).date().isoformat()
    except (ValueError, TypeError, IndexError):
        return values.date(text)
