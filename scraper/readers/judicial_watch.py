"""Announcements of Judicial Watch and the spreadsheets and documents they link to: counts by jail and jurisdiction."""

import re
from dataclasses import replace
from typing import Final
from urllib.parse import urlsplit

from scraper.documents import feed as entries
from scraper.documents import html, kinds, urls
from scraper.model import Discovery, Document, Options, Reading, ReleaseRef
from scraper.readers import article, feed, measured, page
from scraper.terms import SeriesKind

SERIES_KIND: SeriesKind = "periodic"
_FILE: Final = re.compile(r"\.(?:xlsx?|csv|pdf)$", re.IGNORECASE)


def discover(document: Document, options: Options) -> Discovery:
    """Return the entries of the feed, or the spreadsheets and PDFs that a page links to, each as a release.

    Of a feed, the announcements that speak of detainers are also read for the documents they link to, as far as
    `max_pages` allows. A page that links to none is the release itself, unless it was reached that way.
    """
    if document.media_type in kinds.FEEDS:
        told = [
            entry for entry in entries.entries(document) if measured.DETAINER.search(f"{entry.title} {entry.summary}")
        ]
        found = feed.discover(document, options)
        listed = {ref.url for ref in found.refs}
        follow = tuple(entry.href for entry in told if entry.href in listed) if options.max_pages > 1 else ()
        return replace(found, next_urls=follow)
    if options.follow or options.item or document.media_type not in kinds.PAGES:
        return page.discover(document, options)
    links = html.links(html.parse(document), document.base)
    files = [page.named(link) for link in links if _FILE.search(urlsplit(link.url).path)]
    if files:
        return page.listed(files, options)
    if urls.canonical(document.url) == urls.canonical(options.url):
        return page.discover(document, options)
    return Discovery(refs=())


def read(document: Document, ref: ReleaseRef, options: Options) -> Reading:
    """Return text, figures and tables of an announcement, spreadsheet or document."""
    return article.read(document, ref, options)
