"""An article, paper, workbook or list of a publisher on detainers: its text, the figures in it, and its tables.

The text is watched as it stands, without the rows of tables that are read as figures and without the author's name.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from selectolax.lexbor import LexborNode

from scraper.documents import html, kinds, values
from scraper.errors import LayoutChanged
from scraper.model import Document, Figure, Options, Problem, Reading, ReleaseRef, Table
from scraper.readers import counts, feed, lists, measured, noise, page, periods, prose, stated
from scraper.readers.people import TAKEN_OUT, unnamed
from scraper.readers.periods import Span

_DATE: Final = r"(?P<date>[A-Z][a-z]{2,8}\.?\s+(?:\d{1,2},?\s+)?\d{4})"
_WORD: Final = r"[A-Z][\w.'’-]*"
_WHO: Final = rf"{_WORD}(?:(?:\s+(?:(?:de|la|van|von|and|&)\s+)*|,\s+(?:and\s+)?){_WORD})+"
_BYLINE: Final = re.compile(
    rf"By\s+(?:(?P<names>{_WHO})(?:,?\s+on\s+|\s*[|·,–—]\s*|\s+){_DATE}(?:\s.{{0,80}})?|(?P<only>{_WHO}))"
)
_DATED: Final = re.compile(rf"(?:on\s+|published\s*:?\s+)?{_DATE}", re.IGNORECASE)
_NAMES: Final = re.compile(r",\s*|\s+and\s+|\s*&\s*")
_RAISED: Final = re.compile("[⁰¹²³⁴⁵⁶⁷⁸⁹]+")
_OPENING: Final = 40
"""Paragraphs among which the byline stands."""
_MOST_ABOUT: Final = 300
_LEVELS: Final = 3
_IN_PARTS: Final = re.compile(rf"{periods.MONTH}|months|quarter|\bQ[1-4]", re.IGNORECASE)
"""A period of days, months or quarters; that a sentence names a year says nothing of the whole release."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Content:
    """What a document of any type holds, before it is understood."""

    title: str
    text: tuple[str, ...]
    tables: Sequence[Table]
    about: Sequence[str]
    published: str | None = None
    modified: str | None = None
    author: str = ""
    problems: tuple[Problem, ...] = ()


def read(document: Document, ref: ReleaseRef, options: Options) -> Reading:
    """Return text, figures and doubts of an HTML page, PDF, workbook or CSV; of anything else the text alone."""
    if document.media_type in kinds.FEEDS:
        return feed.read(document, ref, options)
    found = _content(document, ref, options)
    if found is None:
        return page.read(document, ref, options)
    text, byline = _without_author(found.text, found.author)
    counted = counts.tables(found.tables, found.about)
    read_as = (line for row in counted.read for line in (" | ".join(row), _line(row), " | ".join(dict.fromkeys(row))))
    rows = set(read_as) | {" | ".join(filter(None, row)) for row in counted.read}
    prosaic = tuple("" if " | " in paragraph else _RAISED.sub("", paragraph) for paragraph in text)
    told, doubts = lists.adding_up(prosaic, prose.figures(prosaic, offences=True))
    period = _period(prosaic, told)
    facts = _once_each([_with_marks(figure, text) for figure in told], counted.figures)
    return Reading(
        title=found.title,
        published=byline or found.published or ref.published,
        modified=found.modified,
        period_start=period[0],
        period_end=period[1],
        paragraphs=tuple(paragraph for paragraph in text if paragraph not in rows),
        facts=facts,
        problems=(*found.problems, *doubts, *counted.problems, *stated.disagreements(prosaic, told, counted.figures)),
    )


def _period(paragraphs: Sequence[str], told: Sequence[Figure]) -> Span | tuple[None, None]:
    """Return start and end of the one period in the sentences that state counts, else in those on detainers."""
    stating: set[Span] = set()
    speaking: set[Span] = set()
    quotes = {(figure.locator.paragraph, figure.quote) for figure in told if figure.measure}
    for number, paragraph in enumerate(paragraphs, start=1):
        for sentence in prose.readable(paragraph) if measured.DETAINER.search(paragraph) else ():
            named = (one for one in periods.found(sentence)[0] if _IN_PARTS.search(sentence[slice(*one.at)]))
            spans = {(one.start, one.end) for one in named if one.start and one.end and one.start < one.end}
            speaking |= spans
            if (number, unnamed(sentence, paragraph).strip()) in quotes:
                stating |= spans
    chosen = stating or speaking
    return next(iter(chosen)) if len(chosen) == 1 else (None, None)


def _once_each(told: Sequence[Figure], tabled: Sequence[Figure]) -> tuple[Figure, ...]:
    """Return all figures; one that text and table state alike is the table's, with the words of the text."""
    in_text = {_stated(figure): figure for figure in told if figure.measure and figure.bound == "exact"}
    in_tables = {_stated(figure) for figure in tabled}
    kept = (figure for figure in told if figure.bound != "exact" or _stated(figure) not in in_tables)
    quoted = (replace(each, quote=in_text[key].quote) if (key := _stated(each)) in in_text else each for each in tabled)
    return (*kept, *quoted)


def _with_marks(figure: Figure, text: Sequence[str]) -> Figure:
    """Return the figure with the footnote marks that stand in its quoted words."""
    original = text[(figure.locator.paragraph or 1) - 1]
    if not figure.quote or not _RAISED.search(original):
        return figure
    found = re.search("[⁰¹²³⁴⁵⁶⁷⁸⁹]*".join(map(re.escape, figure.quote)), original)
    return replace(figure, quote=found[0]) if found else figure


def _stated(figure: Figure) -> tuple[object, ...]:
    """What is counted where, and how much; a period may be said by the text alone."""
    names = (name for name in Figure.IDENTITY if not name.startswith("period"))
    return (*(getattr(figure, name) for name in names), figure.value)


def _content(document: Document, ref: ReleaseRef, options: Options) -> _Content | None:
    if document.media_type in kinds.PAGES:
        return _of_page(document, options)
    if document.media_type == kinds.PDF:
        return _of_pdf(document)
    tables = page.grids(document, options.select)
    if tables is None:
        return None
    text = tuple(_line(row) for table in tables for row in table.rows)
    about = [" ".join((ref.title, table.locator.sheet or "")) for table in tables]
    return _Content(title=ref.title, text=text, tables=tables, about=about)


def _of_page(document: Document, options: Options) -> _Content:
    tree = html.parse(document)
    text = noise.quiet(html.paragraphs(tree, options.select, (*noise.PARTS, *options.ignore)))
    if not text:
        raise LayoutChanged(f"{document.url} holds no text of an article.")
    meta = html.meta(tree)
    tables = html.tables(tree, options.select)
    nodes = tree.css("table")
    title = re.sub(rf"\s+[|–—-]\s+{re.escape(options.publisher)}$", "", page.unarchived(html.title(tree)))
    return _Content(
        title=title,
        text=text,
        tables=tables,
        about=[_above(nodes[(table.locator.table or 1) - 1]) for table in tables],
        published=values.date(meta.get("article:published_time", "")),
        modified=values.date(meta.get("article:modified_time", "")),
        author=meta.get("author", ""),
    )


def _of_pdf(document: Document) -> _Content:
    from scraper.documents import pdf  # only the process that reads a PDF carries the library

    text = tuple(one.text for one in pdf.paragraphs(document.data, parted=True))
    problems: tuple[Problem, ...] = ()
    tables: tuple[Table, ...] = ()
    try:
        tables = pdf.tables(document.data)
    except LayoutChanged as error:
        problems = (Problem(code="unread_table", text=f"The tables of the PDF were left unread: {error}"),)
    before = {paragraph: above for above, paragraph in zip(["", *text], text, strict=False)}
    about = [before.get(" | ".join(filter(None, table.rows[0])), "") for table in tables]
    return _Content(title=pdf.title(document.data), text=text, tables=tables, about=about, problems=problems)


def _above(table: LexborNode) -> str:
    """Return the caption of a table and the words right above it, where they are few enough to be its heading."""
    caption = table.css_first("caption")
    words = html.text_of(caption) if caption is not None else ""
    node: LexborNode | None = table
    for _ in range(_LEVELS):
        above = node.prev if node is not None else None
        while above is not None and not _text(above):
            above = above.prev
        if above is not None:
            text = _text(above) if above.tag != "table" else ""
            return f"{words} {text}" if len(text) <= _MOST_ABOUT else words
        node = node.parent if node is not None else None
    return words


def _text(node: LexborNode) -> str:
    return values.fold(node.text_content or "") if node.is_text_node else html.text_of(node)


def _without_author(text: Sequence[str], author: str) -> tuple[tuple[str, ...], str | None]:
    """Return the text without the names in its byline, and the date that the byline states."""
    names = [author] if author.count(" ") in (1, 2, 3) else []
    date: str | None = None
    for at, paragraph in enumerate(text[:_OPENING]):
        match = _BYLINE.fullmatch(paragraph)
        if match is None:
            continue
        names += _NAMES.split(match["names"] or match["only"])
        after = _DATED.fullmatch(text[at + 1]) if match["only"] and at + 1 < len(text) else None
        date = values.date(match["date"] or (after["date"] if after else ""))
        break
    whole = sorted({name.strip() for name in names if " " in name.strip()}, key=len, reverse=True)
    if not whole:
        return tuple(text), date
    pattern = re.compile("|".join(map(re.escape, whole)))
    return tuple(pattern.sub(TAKEN_OUT, paragraph) for paragraph in text), date


def _line(row: Iterable[str]) -> str:
    return " | ".join(row).rstrip(" |")
