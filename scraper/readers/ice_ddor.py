"""ICE's weekly Declined Detainer Outcome Report of 2017, and the notices on the page that lists the reports.

A report is read section by section, by Roman numeral: the titles change every week.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain, pairwise
from typing import Final

from selectolax.lexbor import LexborHTMLParser

from scraper.documents import html, kinds, urls, values
from scraper.documents.pdf_text import Passage
from scraper.errors import LayoutChanged, Unreadable
from scraper.model import CaseAccount, Discovery, Document, Fact, Figure, Options, Problem, Reading, ReleaseRef
from scraper.readers import ddor_rows, noise, notices, page, periods, prose
from scraper.readers.ddor_tables import Item
from scraper.readers.people import unnamed
from scraper.readers.periods import Span
from scraper.terms import SeriesKind

SERIES_KIND: SeriesKind = "periodic"
SERIES: Final = "ice-ddor"
NOTICES: Final = "#notices"
"""What the address of the page's own notices ends with: they are a release beside the reports that it lists."""

_NUMERALS: Final = {"I": 1, "II": 2, "III": 3, "IV": 4}
_NAMED: Final = re.compile(r"ddor[-_ ]?20\d\d|declined[-_ ]detainer[-_ ]outcome", re.IGNORECASE)
_HEADING: Final = re.compile(r"[•◦▪●\s]*section\s+(?P<numeral>[ivxl]+)\s*(?:[:.(–—-]|$)", re.IGNORECASE)
_BEGINS: Final = re.compile(rf"{_HEADING.pattern.replace('(?P<numeral>', '(?:')}|\W*corrections?\s*:", re.IGNORECASE)
_COVER_LINES: Final = 4
_SITE: Final = re.compile(r"\s*\|\s*ICE$")
_LETTER: Final = re.compile(r"[^\W\d_]")
_MOST_REST: Final = 12
_LONGEST_LINE: Final = 500
"""Letters beside the links of a line that only leads to reports, such as "(PDF)"; and of such a line."""


def discover(document: Document, options: Options) -> Discovery:
    """Return the weekly reports that the page links to, known by their week, and the page's own notices.

    `LayoutChanged` where no weekly report is linked.
    """
    tree = page.index(document)
    problems: list[Problem] = []
    found: dict[str, ReleaseRef] = {}
    for link in html.links(tree, document.base):
        ref = _ref(link, options, problems)
        known = found.setdefault(ref.key, ref) if ref else None
        if known and ref and known.url != ref.url:
            text = f"Two links lead to the report {ref.key}: {known.url} is read, {ref.url} is not."
            problems.append(Problem(code="same_period", text=text))
    if not found:
        raise LayoutChanged(f"No weekly report is linked on {document.url}.")
    refs = list(found.values())
    if _notices(tree, document, options):
        url = f"{urls.address(document.url) or document.url}{NOTICES}"
        refs.append(ReleaseRef(key=url, url=url, title=_page_title(document) or options.title))
    listing = page.listed(refs, options)
    return replace(listing, problems=(*listing.problems, *problems))


def read(document: Document, ref: ReleaseRef, options: Options) -> Reading:
    """Return what a weekly report states, or the notices and corrections of the page that lists the reports.

    `LayoutChanged` where a section, its table or a needed column is missing; `Unreadable` for other documents.
    """
    if document.media_type == kinds.PDF:
        return _report(document, ref, options)
    if document.media_type not in kinds.PAGES or not ref.url.endswith(NOTICES):
        raise Unreadable(f"{document.url} is no PDF but {document.media_type}.")
    tree = html.parse(document)
    text = _notices(tree, document, options)
    if not text:
        raise LayoutChanged(f"{document.url} no longer holds any notice.")
    corrections, problems = notices.corrections(text, options.series or SERIES)
    return Reading(title=_page_title(document), paragraphs=text, facts=tuple(corrections), problems=tuple(problems))


def _ref(link: html.Link, options: Options, problems: list[Problem]) -> ReleaseRef | None:
    """Return the weekly report that a link leads to, None for any other link."""
    name = urls.file_name(link.url)
    if not name.lower().endswith(".pdf"):
        return None
    stated = {week for text in (name, link.text) if (week := _week(text))}
    if not (stated or _NAMED.search(f"{name} {link.text}")):
        return None
    plain = replace(page.named(link), series=options.series or SERIES)
    if "detainer" not in plain.title.lower() and plain.title != name:
        plain = replace(plain, title=f"{options.title}, {plain.title}")
    if len(stated) != 1:
        why = "name different weeks" if stated else "name no week"
        problems.append(Problem(code="no_period", text=f'The link "{plain.title}" and its file {name} {why}.'))
        return replace(plain, series=None)
    start, end = stated.pop()
    return replace(plain, key=f"{plain.series} {start}..{end}", period_start=start, period_end=end)


def _page_title(document: Document) -> str:
    return _SITE.sub("", page.titled(document))


def _week(text: str) -> Span | None:
    """Return the first period that is a week; a quarter is a report of another series."""
    return next((week for week, _ in periods.weeks(text)), None)


def _notices(tree: LexborHTMLParser, document: Document, options: Options) -> tuple[str, ...]:
    """Return the text of the page without the lines that only lead to documents: those are releases themselves."""
    words = [link.text for link in html.links(tree, document.base) if ".pdf" in link.url.lower() and link.text]
    words.sort(key=len, reverse=True)

    def leads(text: str) -> bool:
        rest = text
        for one in words if len(text) < _LONGEST_LINE else ():
            rest = rest.replace(one, "")
        return rest != text and len(_LETTER.findall(rest)) <= _MOST_REST

    text = html.paragraphs(tree, options.select, (*noise.PARTS, *options.ignore))
    return tuple(one for one in noise.quiet(text) if not leads(one))


def _report(document: Document, ref: ReleaseRef, options: Options) -> Reading:
    from scraper.documents import pdf  # only the process that reads a PDF carries the library

    sections, problems = _sections(pdf.flow(document.data, _BEGINS), document.url)
    week = _stated_week(sections[0])
    problems += _period_problems(week, ref, [one[0] for one in (sections[1], sections[2])])
    found = (ddor_rows.issued(sections[1]), ddor_rows.declined(sections[2], week), ddor_rows.policies(sections[3]))
    labels = {id(label) for one in found for label in one.labels}
    passages = [
        one for items in sections.values() for one in items if isinstance(one, Passage) and id(one) not in labels
    ]
    paragraphs = tuple(one.text for one in passages)
    corrections, unread = notices.corrections(paragraphs, options.series or SERIES)
    noted = {one.locator.paragraph for one in corrections}  # its numbers are those of another report
    stated = [one for one in _stated(passages, paragraphs) if one.locator.paragraph not in noted]
    facts: list[Fact] = [*stated, *chain.from_iterable(one.facts for one in found), *corrections]
    problems += [*chain.from_iterable(one.problems for one in found), *unread, *_sums(stated, facts)]
    return Reading(
        title=_title(sections[0]) or ref.title,
        published=ref.published,
        period_start=week[0] if week else ref.period_start,
        period_end=week[1] if week else ref.period_end,
        paragraphs=paragraphs,
        facts=tuple(facts),
        problems=tuple(problems),
    )


def _sections(flow: Sequence[Item], url: str) -> tuple[dict[int, list[Item]], list[Problem]]:
    """Part the report at its headings, 0 being the cover; the list of sections on the cover has the same words.

    The numerals run up twice, on the cover and in the report: the last run from I is the report.
    """
    headings = [(at, numeral) for at, item in enumerate(flow) if (numeral := _numeral(item))]
    falls = [place for place, ((_, one), (_, next_one)) in enumerate(pairwise(headings), start=1) if next_one < one]
    runs = [headings[start:end] for start, end in pairwise([0, *falls, len(headings)])]
    whole = [run for run in runs if {1, 2, 3} <= {numeral for _, numeral in run}]
    if not whole:
        there = ", ".join(
            sorted({str(item.text)[:20] for item in flow if isinstance(item, Passage) and _numeral(item)})
        )
        raise LayoutChanged(f"{url} does not have the sections I, II and III; found: {there or 'none'}.")
    starts: dict[int, int] = {}
    for at, numeral in whole[-1]:
        starts.setdefault(numeral, at)
    problems = []
    if 4 not in starts:
        problems.append(Problem(code="section_missing", text="The report has no Section IV."))
    for numeral in sorted(starts):
        if numeral > len(_NUMERALS):
            problems.append(
                Problem(code="section_unread", text="The report has a section that is not known; its text is kept.")
            )
    edges = [(0, 0), *((numeral, at) for numeral, at in starts.items()), (-1, len(flow))]
    return {one: list(flow[start:end]) for (one, start), (_, end) in pairwise(edges)}, problems


def _numeral(item: Item) -> int:
    """Return the number of the section that a passage heads, 0 for any other item; unknown numerals are beyond IV."""
    match = _HEADING.match(item.text) if isinstance(item, Passage) else None
    return _NUMERALS.get(match["numeral"].upper(), len(_NUMERALS) + 1) if match else 0


def _stated_week(cover: Sequence[Item]) -> Span | None:
    return next((week for item in cover if isinstance(item, Passage) and (week := _week(item.text))), None)


def _period_problems(week: Span | None, ref: ReleaseRef, headings: Sequence[Item]) -> Iterator[Problem]:
    listed = (ref.period_start, ref.period_end)
    if week is None:
        yield Problem(code="no_period", text="The cover of the report names no week.", holds_back=not all(listed))
    elif all(listed) and week != listed:
        text = f"The report is of {week[0]} to {week[1]}, but it is listed as of {listed[0]} to {listed[1]}."
        yield Problem(code="period_differs", text=text, holds_back=True)
    for named in (_week(item.text) for item in headings if isinstance(item, Passage)):
        if week and named and named != week:
            text = f"A heading names {named[0]} to {named[1]}, the cover {week[0]} to {week[1]}."
            yield Problem(code="heading_differs", text=text)


def _title(cover: Sequence[Item]) -> str:
    """Return the lines of the cover up to the one that names the week."""
    lines: list[str] = []
    for item in cover[:_COVER_LINES]:
        text = item.text if isinstance(item, Passage) else ""
        week = next(periods.weeks(text), None)
        lines.append(text[: week[1]] if week else text)
        if week:
            return values.fold(" ".join(lines))
    return ""


def _stated(passages: Sequence[Passage], paragraphs: tuple[str, ...]) -> Iterator[Figure]:
    """Yield the counts that the text states, each with its whole sentence and page."""
    for figure in prose.figures(paragraphs):
        at = (figure.locator.paragraph or 1) - 1
        sentence = next((one for one in prose.sentences(paragraphs[at]) if figure.quote in one), figure.quote)
        yield replace(
            figure,
            quote=unnamed(sentence, runs=False),
            locator=replace(figure.locator, page=passages[at].page),
        )


def _sums(stated: Sequence[Figure], facts: Sequence[Fact]) -> Iterator[Problem]:
    """Compare what the text states with the rows."""
    rows = sum(isinstance(fact, CaseAccount) for fact in facts)
    counted = {fact.value for fact in facts if isinstance(fact, Figure) and fact.derived}
    top = sum(fact.value or 0 for fact in facts if isinstance(fact, Figure) and fact.locator.row and not fact.derived)
    for figure in stated:
        if figure.measure == "detainer_declined" and figure.bound == "exact" and figure.value not in counted:
            text = f'Section II has {rows:,} rows, but the text states {figure.value_quoted}: "{figure.quote}"'
            yield Problem(code="total_differs", text=text, holds_back=True)
        if figure.measure == "detainer_issued" and figure.bound == "exact" and (figure.value or 0) < top:
            text = (
                f"The text states {figure.value_quoted} issued detainers, but the rows of Section I add up to {top:,}."
            )
            yield Problem(code="total_differs", text=text)
