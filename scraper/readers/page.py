"""Any page, or the documents that an index page links to: their text is watched, clocks and counters aside."""

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Final
from urllib.parse import urlsplit

from selectolax.lexbor import LexborHTMLParser, LexborNode

from scraper.documents import delimited, html, kinds, urls, values
from scraper.errors import DocumentError, LayoutChanged, Unreadable
from scraper.model import Discovery, Document, Options, Problem, Reading, ReleaseRef, Table
from scraper.readers import noise
from scraper.terms import SeriesKind

SERIES_KIND: SeriesKind = "periodic"

_PATTERN: Final = "re:"
_PUBLISHED: Final = ("article:published_time", "datepublished", "dcterms.created", "dcterms.issued", "dc.date", "date")
_MODIFIED: Final = ("article:modified_time", "datemodified", "dcterms.modified", "last-modified")
_ARCHIVED: Final = re.compile(r"archived:\s*", re.IGNORECASE)
_MOST_NAMED: Final = 5


def discover(document: Document, options: Options) -> Discovery:
    """Return the page itself as the one release, or, with `follow` or `item`, each link as a release.

    Raises `LayoutChanged` where an index page lists nothing, `DocumentError` for an unusable selector.
    """
    if not (options.follow or options.item):
        return Discovery(refs=(_itself(document, options),), itself=True)
    tree = index(document)
    listing = _items(tree, document.base, options) if options.item else _follow(tree, document.base, options.follow)
    refs = [named(link, published) for link, published in listing if not _leads_to(document, link)]
    if not refs:
        raise LayoutChanged(f'No item matches "{options.follow or options.item}" on {document.url}.')
    return replace(listed(refs, options), next_urls=_next(tree, document, options))


def read(document: Document, ref: ReleaseRef, options: Options) -> Reading:
    """Return title, dates and text of an HTML page, PDF, workbook, CSV or plain text.

    Raises `LayoutChanged` where `select`, or the page, holds no text.
    """
    if document.media_type not in kinds.PAGES:
        return Reading(paragraphs=_filled(_other(document), document))
    tree = html.parse(document)
    text = html.paragraphs(tree, options.select, (*noise.PARTS, *options.ignore))
    meta = html.meta(tree)
    return Reading(
        title=unarchived(html.title(tree)),
        published=_dated(meta, _PUBLISHED) or ref.published,
        modified=_dated(meta, _MODIFIED),
        paragraphs=_filled(text, document),
    )


def unarchived(title: str) -> str:
    """Return a title without the "Archived: " that a publisher puts before all of its old ones."""
    return _ARCHIVED.sub("", title, count=1) if _ARCHIVED.match(title) else title


def titled(document: Document) -> str:
    """Return the title of an HTML page, "" for any other document."""
    return unarchived(html.title(html.parse(document))) if document.media_type in kinds.PAGES else ""


def listed(refs: Iterable[ReleaseRef], options: Options) -> Discovery:
    """Return the releases on hosts that may be asked, each key once, and one problem that names the other hosts."""
    every: dict[str, ReleaseRef] = {}
    for ref in refs:
        every.setdefault(ref.key, ref)
    allowed = {name.lower() for name in options.allow_hosts} or {urls.host(options.url)}
    hosts = {ref.key: {urls.host(ref.url), urlsplit(ref.url).netloc} for ref in every.values()}
    kept = tuple(ref for ref in every.values() if hosts[ref.key] & allowed)
    outside = sorted({urls.host(ref.url) for ref in every.values()} - {urls.host(ref.url) for ref in kept})
    if not outside:
        return Discovery(refs=kept)
    shown = ", ".join(outside[:_MOST_NAMED]) + (", …" if len(outside) > _MOST_NAMED else "")
    text = f"{len(every) - len(kept)} links lead to hosts that are not in allow_hosts and were not followed: {shown}."
    return Discovery(refs=kept, problems=(Problem(code="link_outside", text=text),))


def index(document: Document) -> LexborHTMLParser:
    """Return the tree of a page that lists documents; `LayoutChanged` for anything else."""
    if document.media_type not in kinds.PAGES:
        raise LayoutChanged(f"The index {document.url} is no HTML page but {document.media_type}.")
    return html.parse(document)


def named(link: html.Link, published: str | None = None) -> ReleaseRef:
    """Return the release a link leads to; without words of its own it has its file's name."""
    title = link.text or urls.file_name(link.url) or link.url
    return ReleaseRef(key=link.url, url=link.href, title=unarchived(values.fold(title)), published=published)


def text_at(within: LexborHTMLParser | LexborNode, selector: str) -> str:
    """Return the text of the first element that matches, "" where there is none."""
    node = within.css_first(selector)
    return html.text_of(node) if node is not None else ""


def grids(document: Document, sheet_name: str | None = None) -> tuple[Table, ...] | None:
    """Return the tables of a workbook or delimited file, None for any other document."""
    if document.media_type in kinds.WORKBOOKS:
        from scraper.documents import sheet  # only the process that reads a workbook carries the library

        return sheet.tables(document.data, sheet_name)
    return delimited.tables(document.data, document.charset) if document.media_type in kinds.DELIMITED else None


def _itself(document: Document, options: Options) -> ReleaseRef:
    url = options.url or document.url
    return ReleaseRef(key=urls.canonical(url) or url, url=url, title=titled(document) or options.title)


def _follow(
    tree: LexborHTMLParser, base_url: str, follow: str | None, within: LexborNode | None = None
) -> list[tuple[html.Link, str | None]]:
    if follow is None or not follow.startswith(_PATTERN):
        return [(link, None) for link in html.links(tree, base_url, follow, within)]
    try:
        pattern = re.compile(follow.removeprefix(_PATTERN))
    except re.error as error:
        raise DocumentError(f'"{follow}" is not a regular expression: {error}.') from error
    links = html.links(tree, base_url, within=within)
    return [(link, None) for link in links if pattern.search(link.url) or pattern.search(link.href)]


def _items(tree: LexborHTMLParser, base_url: str, options: Options) -> list[tuple[html.Link, str | None]]:
    """Return the links of each item with the item's date; without `follow` only the first link of an item."""
    found = []
    for item in html.select_all(tree, options.item or ""):
        links = _follow(tree, base_url, options.follow, item)
        found += [(link, _item_date(item)) for link, _ in (links if options.follow else links[:1])]
    return found


def _item_date(item: LexborNode) -> str | None:
    node = item.css_first("time")
    stated = node.attributes.get("datetime") if node is not None else None
    return values.date(stated or "") or values.date(text_at(item, "time"))


def _next(tree: LexborHTMLParser, document: Document, options: Options) -> tuple[str, ...]:
    if options.next_page is None or options.max_pages <= 1:
        return ()
    links = html.links(tree, document.base, options.next_page)
    found = listed((named(link) for link in links if not _leads_to(document, link)), options)
    return tuple(ref.url for ref in found.refs[:1])


def _leads_to(document: Document, link: html.Link) -> bool:
    return link.url in (urls.canonical(document.url), urls.canonical(document.base))


def _dated(meta: dict[str, str], names: tuple[str, ...]) -> str | None:
    return next((date for name in names if (date := values.date(meta.get(name, "")))), None)


def _filled(paragraphs: tuple[str, ...], document: Document) -> tuple[str, ...]:
    kept = noise.quiet(paragraphs)
    if not kept:
        raise LayoutChanged(f"The part of {document.url} that is watched holds no text.")
    return kept


def _other(document: Document) -> tuple[str, ...]:
    kind = document.media_type
    if kind == kinds.PDF:
        from scraper.documents import pdf  # only the process that reads a PDF carries the library

        return _lines("\n".join(pdf.pages(document.data)))
    if (tables := grids(document)) is not None:
        return tuple(" | ".join(row) for table in tables for row in table.rows if any(row))
    if kind.startswith("text/") or kind.endswith(("json", "xml")):
        return _lines(html.decode(document.data, document.charset))
    raise Unreadable(f"{document.url} is {kind}, which has no text to watch.")


def _lines(text: str) -> tuple[str, ...]:
    return tuple(folded for line in text.splitlines() if (folded := values.fold(line)))
