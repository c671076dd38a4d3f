"""Any RSS or Atom feed: each entry is a release, the page it links to is watched."""

from dataclasses import replace

from scraper.documents import feed, kinds
from scraper.errors import LayoutChanged
from scraper.model import Discovery, Document, Options, Problem, Reading, ReleaseRef
from scraper.readers import page
from scraper.terms import SeriesKind

SERIES_KIND: SeriesKind = "periodic"


def discover(document: Document, options: Options) -> Discovery:
    """Return the entries as releases; raises `LayoutChanged` for a feed without entries."""
    refs = [_ref(entry, document) for entry in feed.entries(document)]
    if not any(ref.key for ref in refs):
        raise LayoutChanged(f"The feed {document.url} lists no entry with a link or an id.")
    found = page.listed((ref for ref in refs if ref.key), options)
    nameless = sum(not ref.key for ref in refs)
    told = Problem(code="entry_without_link", text=f"{nameless} entries have neither a link nor an id.")
    return replace(found, problems=(*found.problems, told)) if nameless else found


def read(document: Document, ref: ReleaseRef, options: Options) -> Reading:
    """Return the text of the linked page, as reader `page` does; of the entry itself where it has no link."""
    if document.media_type not in kinds.FEEDS:
        return page.read(document, ref, options)
    for entry in feed.entries(document):
        if ref.key in (entry.url, entry.guid):
            text = tuple(part for part in (entry.title, entry.summary) if part)
            return Reading(title=entry.title, published=entry.published, modified=entry.updated, paragraphs=text)
    raise LayoutChanged(f'The feed {document.url} no longer holds the entry "{ref.key}".')


def _ref(entry: feed.Entry, document: Document) -> ReleaseRef:
    title = page.unarchived(entry.title) or entry.url or entry.guid
    return ReleaseRef(
        key=entry.url or entry.guid, url=entry.href or document.url, title=title, published=entry.published
    )
