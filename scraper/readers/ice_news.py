"""ICE's newsroom: every listed release is watched, detainer counts and case accounts are read where certain."""

import re
from collections.abc import Set
from dataclasses import replace
from typing import Final
from urllib.parse import parse_qs, urlencode, urlsplit

from selectolax.lexbor import LexborHTMLParser

from scraper.documents import html, kinds, urls, values
from scraper.errors import LayoutChanged
from scraper.model import CaseAccount, Discovery, Document, Locator, Options, Problem, Reading, ReleaseRef
from scraper.readers import accounts, feed, noise, page, prose
from scraper.terms import SeriesKind

SERIES_KIND: SeriesKind = "periodic"

_BODY: Final = ".nr-body"
_RELEASE_TYPE: Final = ".news-release-content, .nr-head"
_SITE: Final = re.compile(r"\s*\|\s*ICE$")

RELEVANT: Final = (
    ("detainer", r"\bdetainers?\b"),
    ("form of a detainer", r"\bI-247[A-Z]?\b"),
    ("detainer, in Spanish", r"\b(?:[óo]rden(?:es)?|solicitud(?:es)?) de (?:de|re)tención (?:migratoria|de ICE)\b"),
)
"""Name and words: a release that uses any of them in title or text speaks of detainers."""
_RELEVANT: Final = re.compile("|".join(words for _, words in RELEVANT), re.IGNORECASE)


def discover(document: Document, options: Options) -> Discovery:
    """Return the releases of one listing page, or of the newsroom's RSS feed.

    `LayoutChanged` where the first listing page has no rows that link to a release.
    """
    if document.media_type in kinds.FEEDS:
        return feed.discover(document, options)
    tree = html.parse(document)
    found: list[ReleaseRef] = []
    for row in tree.css(".views-row"):
        published = values.date(page.text_at(row, ".news-date"))
        found += [page.named(link, published) for link in html.links(tree, document.base, ".news-title a", row)]
    number = _page_number(document.url)
    if not found and number:
        return Discovery(refs=())
    if not found:
        raise LayoutChanged(f"{document.url} has no rows that link to a news release.")
    next_urls = (_with_page(document.url, number + 1),) if number + 1 < options.max_pages else ()
    return replace(page.listed(found, options), next_urls=next_urls)


def read(document: Document, ref: ReleaseRef, options: Options) -> Reading:
    """Return a release's title, dates and text, and, where it is `relevant`, its figures and case accounts.

    A release without a text of its own (weekly summaries in Spanish are only a title and pictures) is read by its
    title, with a problem. `LayoutChanged` for pages that are no release: field offices, FOIA entries, changed layouts.
    """
    if document.media_type in kinds.FEEDS:
        return feed.read(document, ref, options)
    if document.media_type != kinds.HTML:
        return page.read(document, ref, options)
    tree = html.parse(document)
    title = _title(tree)
    text = noise.quiet(html.paragraphs(tree, _BODY, (*noise.PARTS, *options.ignore)))
    problems: tuple[Problem, ...] = ()
    if not text:
        if tree.css_first(_RELEASE_TYPE) is None or not title:
            raise LayoutChanged(f"{document.url} is no news release: it has no {_BODY}.")
        problems = (Problem(code="no_text", text="The release has a title but no text of its own."),)
    meta = html.meta(tree)
    reading = Reading(
        title=title,
        published=values.date(meta.get("article:published_time", "")) or _stated_date(tree) or ref.published,
        modified=values.date(meta.get("article:modified_time", "")),
        paragraphs=text or (title,),
        problems=problems,
    )
    items = {item for node in tree.css(f"{_BODY} li") if (item := html.text_of(node))}
    return _with_facts(reading, items) if relevant(reading) else reading


def _with_facts(reading: Reading, items: Set[str]) -> Reading:
    """Return the reading with its case accounts, and the figures of all else; `items` are the lines of its lists."""
    told, unread = _accounts(reading, items)
    cases = {account.locator.paragraph for account in told}
    rest = ["" if number in cases else text for number, text in enumerate(reading.paragraphs, start=1)]
    figures = prose.figures(rest, topical=_RELEVANT.search(reading.title) is not None)
    text = f"Not read as case accounts were the paragraphs {', '.join(map(str, unread))}."
    problems = (Problem(code="item_unread", text=text),) if unread else ()
    return replace(reading, facts=(*figures, *told), problems=(*reading.problems, *problems))


def relevant(reading: Reading) -> bool:
    """Does the release speak of detainers?"""
    return any(_RELEVANT.search(text) for text in (reading.title, *reading.paragraphs))


def _title(tree: LexborHTMLParser) -> str:
    return page.unarchived(page.text_at(tree, ".nr-title") or _SITE.sub("", html.title(tree)))


def _stated_date(tree: LexborHTMLParser) -> str | None:
    node = tree.css_first(".nr-meta")
    first = node.first_child if node is not None else None
    return values.date(first.text_content or "") if first is not None and first.is_text_node else None


def _accounts(reading: Reading, items: Set[str]) -> tuple[list[CaseAccount], list[int]]:
    """Return the case accounts of a release on refused detainers, and the paragraphs that may be others."""
    found: list[CaseAccount] = []
    unread: list[tuple[int, bool]] = []
    if not accounts.tells_refusals(" ".join((reading.title, *reading.paragraphs))):
        return [], []
    for number, text in enumerate(reading.paragraphs, start=1):
        tells = accounts.tells_case(text)
        if text in items or (tells and _RELEVANT.search(text)):
            told = accounts.account(text, len(found) + 1, reading.published, Locator(paragraph=number))
            found += [told] if told else []
            unread += [] if told else [(number, tells)]
    return found, [number for number, tells in unread if tells or found]


def _page_number(url: str) -> int:
    return values.integer(parse_qs(urlsplit(url).query).get("page", ["0"])[0]) or 0


def _with_page(url: str, number: int) -> str:
    parts = urlsplit(url)
    query = {name: found[-1] for name, found in parse_qs(parts.query).items()} | {"page": str(number)}
    return urls.address(parts._replace(query=urlencode(query)).geturl()) or url
