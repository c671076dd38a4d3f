"""Articles and papers of the Center for Immigration Studies: figures in the text and tables by state and facility."""

import re
from dataclasses import replace
from typing import Final

from scraper.documents import kinds
from scraper.model import Discovery, Document, Options, Reading, ReleaseRef
from scraper.readers import article, feed, page
from scraper.terms import SeriesKind

SERIES_KIND: SeriesKind = "periodic"
_HOST: Final = re.compile(r"https?://(?:www\.)?cis\.org(?=[:/]|$)", re.IGNORECASE)


def discover(document: Document, options: Options) -> Discovery:
    """Return the entries of the feed, the links of an index page (`follow`, `item`), or the article or paper itself.

    An address with and without www is one release.
    """
    found = feed.discover(document, options) if document.media_type in kinds.FEEDS else page.discover(document, options)
    once: dict[str, ReleaseRef] = {}
    for ref in found.refs:
        key = _HOST.sub("https://cis.org", ref.key)
        once.setdefault(key, replace(ref, key=key))
    return replace(found, refs=tuple(once.values()))


def read(document: Document, ref: ReleaseRef, options: Options) -> Reading:
    """Return text, figures and tables of a post or paper; what does not add up or could not be read is a problem."""
    return article.read(document, ref, options)
