"""ICE's quarterly Declined Detainer Report: case accounts, numbered, with bullets, as paragraphs or as a table.

Each account is one `CaseAccount`; a paragraph or row that looks like one and cannot be read is a problem, and so is a
stated number of cases that differs from those read.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from selectolax.lexbor import LexborHTMLParser

from scraper.documents import html, kinds, urls, values
from scraper.errors import LayoutChanged, Unreadable
from scraper.model import CaseAccount, Discovery, Document, Figure, Locator, Options, Problem, Reading, ReleaseRef
from scraper.readers import accounts, ddr_table, measured, noise, page, periods, prose, sited
from scraper.readers.people import unnamed
from scraper.readers.periods import Period
from scraper.terms import SeriesKind

SERIES_KIND: SeriesKind = "periodic"
SERIES: Final = "ice-ddr"

_OURS: Final = re.compile(r"declined[\s_-]*detainer|\bddr\b|(?<![a-z])ddr(?![a-z])", re.IGNORECASE)
_WEEKLY: Final = re.compile(r"outcome|ddor", re.IGNORECASE)
_MARK: Final = re.compile(
    r"(?:[•·▪■◦●○*\uf0b7]|[–—-](?=\s)|\(?(?P<number>\d{1,3})[.)]|[Cc]ase\s+(?:[Nn]o\.?\s*|#\s*)?(?P<case>\d{1,3})[:.)]?)\s+"
)
_BARE: Final = re.compile(r"(?P<number>\d{1,2})(?P<case>)\s+(?=[A-Z])")
"""A number without a stop before the text of a case."""
_STATED: Final = re.compile(
    rf"{measured.NUMBER}\s+(?:case\s+accounts?|cases?|examples?|incidents?|accounts?)\b", re.IGNORECASE
)
_ABOUT_ALL: Final = re.compile(
    r"follow|below|list|describ|contain|includ|total|account|example|highlight", re.IGNORECASE
)
"""Words of a sentence whose number of cases is that of the whole report."""
_HEADING: Final = 80
"""Characters of a heading, at most."""
_STATE_HEAD: Final = re.compile(rf"(?:State\s+of\s+)?({sited.STATE}):?")
_QUARTER_MONTHS: Final = ("01-01 03-31", "04-01 06-30", "07-01 09-30", "10-01 12-31")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Block:
    """One paragraph of the report, without its bullet or number."""

    text: str
    locator: Locator
    marked: bool
    number: int | None


@dataclass(slots=True, kw_only=True)
class _Told:
    """What the paragraphs told so far."""

    cases: list[CaseAccount] = field(default_factory=list)
    unread: list[Problem] = field(default_factory=list)
    numbers: list[tuple[int, int]] = field(default_factory=list)
    """Place among all accounts, and the number printed before it."""
    other: list[_Block] = field(default_factory=list)
    above: Mapping[str, str] = field(default_factory=dict)
    """Place and state of the last heading."""


def discover(document: Document, options: Options) -> Discovery:
    """Return each quarterly report that the page links to, keyed by its period; or the report itself.

    A link to a report whose quarter is not certain is a problem; the weekly reports of 2017 are left to their reader.
    """
    if document.media_type == kinds.PDF:
        quarter = _quarter(_title(document), urls.file_name(document.url))
        return Discovery(refs=(_ref(document.url, quarter, options),), itself=True) if quarter else _none(document)
    tree = page.index(document)
    refs: dict[str, ReleaseRef] = {}
    problems: list[Problem] = []
    for link, quarter in _reports(tree, document.base, options.follow):
        if quarter is None:
            text = f'The quarter of "{link.text or link.url}" is not certain; it was not read.'
            problems.append(Problem(code="period_unknown", text=text))
            continue
        ref = _ref(link.href, quarter, options)
        if refs.setdefault(ref.key, ref).url != ref.url:
            text = f"{ref.url} is of the same quarter as {refs[ref.key].url}; it was not read."
            problems.append(Problem(code="same_period", text=text))
    found = page.listed(refs.values(), options) if refs else _none(document)
    return replace(found, problems=(*found.problems, *problems))


def _reports(tree: LexborHTMLParser, url: str, follow: str | None) -> Iterator[tuple[html.Link, Period | None]]:
    """Yield the links to reports with their quarters, by their own words, the file's name, or the line they are in."""
    around = _around(tree, url)
    on_topic = _OURS.search(html.title(tree)) is not None
    for link in html.links(tree, url, follow):
        own, beside = f"{link.text} {urls.file_name(link.url)}", around.get(link.url, "")
        quarter = _quarter(link.text, urls.file_name(link.url), beside)
        ours = follow or _OURS.search(f"{own} {beside}") or (on_topic and quarter)
        if ours and (_is_file(link.url) or (quarter and _OURS.search(own))) and (quarter or not _WEEKLY.search(own)):
            yield link, quarter


def _none(document: Document) -> Discovery:
    raise LayoutChanged(f"{document.url} names no quarterly report with its fiscal year and quarter.")


def _around(tree: LexborHTMLParser, url: str) -> dict[str, str]:
    """Return, for each link that stands alone in a line, list item or table row, the text of that."""
    found: dict[str, str] = {}
    for node in tree.css("tr, li, p, dd, h2, h3, h4"):
        links = html.links(tree, url, within=node)
        if len(links) == 1:
            found.setdefault(links[0].url, html.text_of(node))
    return found


def _is_file(url: str) -> bool:
    return re.search(r"\.(?:pdf|html?|docx?|xlsx?)$", urls.file_name(url), re.IGNORECASE) is not None


def _quarter(*texts: str) -> Period | None:
    """Return the one calendar quarter that the first text with one names."""
    for text in texts:
        named = periods.named(text)
        start, end = (named.start or "", named.end or "") if named else ("", "")
        if start[:4] == end[:4] and f"{start[5:]} {end[5:]}" in _QUARTER_MONTHS:
            return named
    return None


def _ref(url: str, quarter: Period, options: Options) -> ReleaseRef:
    start = quarter.start or ""
    month = int(start[5:7])
    year, number = int(start[:4]) + (month > 9), (month + 2) // 3 % 4 + 1
    series = options.series or SERIES
    return ReleaseRef(
        key=f"{series} {quarter.start}..{quarter.end}",
        url=url,
        title=f"Declined Detainer Report, FY{year} Q{number}",
        series=series,
        period_start=quarter.start,
        period_end=quarter.end,
    )


def read(document: Document, ref: ReleaseRef, options: Options) -> Reading:
    """Return the case accounts and figures of one report; `LayoutChanged` where nothing in it looks like a case."""
    blocks = _blocks(document, options)
    start, end, wrong_period = _period(document, ref, blocks)
    tabled, problems, table_words = ddr_table.read(document, options)
    told = _read(blocks, end, len(tabled), table_words)
    cases = (*tabled, *told.cases)
    if not cases and not told.unread:
        raise LayoutChanged(f"{document.url} tells of no case in a way that is known.")
    figures = prose.figures(
        [one.text for one in told.other], topical=True, locators=[one.locator for one in told.other]
    )
    return Reading(
        title=_title(document) or ref.title,
        published=ref.published,
        period_start=start,
        period_end=end,
        paragraphs=tuple(unnamed(one.text) for one in blocks),
        facts=(*cases, *(_within(one, start, end) for one in figures)),
        problems=(*wrong_period, *problems, *told.unread, *_doubts(cases, told)),
    )


def _within(figure: Figure, start: str | None, end: str | None) -> Figure:
    """A number of cases without words of time is that of the report."""
    cases = figure.unit == "cases" and figure.period_start is None and figure.period_end is None
    return replace(figure, period_start=start, period_end=end) if cases else figure


def _title(document: Document) -> str:
    if document.media_type == kinds.PDF:
        from scraper.documents import pdf  # only the process that reads a PDF carries the library

        return pdf.title(document.data)
    return page.titled(document)


def _blocks(document: Document, options: Options) -> list[_Block]:
    found: Sequence[tuple[int | None, str]]
    if document.media_type == kinds.PDF:
        from scraper.documents import pdf  # only the process that reads a PDF carries the library

        found = [(one.page, one.text) for one in pdf.paragraphs(document.data)]
    elif document.media_type in kinds.PAGES:
        tree = html.parse(document)
        text = html.paragraphs(tree, options.select, (*noise.PARTS, *options.ignore))
        items = {html.text_of(node) for node in tree.css("li")}
        found = [(None, f"• {one}" if one in items and not _MARK.match(one) else one) for one in noise.quiet(text)]
    else:
        raise Unreadable(f"{document.url} is {document.media_type}, neither a PDF nor a page.")
    return [_block(text, on_page, number) for number, (on_page, text) in enumerate(found, start=1)]


def _block(text: str, on_page: int | None, number: int) -> _Block:
    mark = _MARK.match(text) or (_BARE.match(text) if accounts.tells_case(text) else None)
    counted = mark["number"] or mark["case"] if mark else None
    return _Block(
        text=text[mark.end() :] if mark else text,
        locator=Locator(page=on_page, paragraph=number),
        marked=mark is not None,
        number=int(counted) if counted else None,
    )


def _period(
    document: Document, ref: ReleaseRef, blocks: Sequence[_Block]
) -> tuple[str | None, str | None, list[Problem]]:
    """Return the report's period and a problem where the report names another quarter than its index."""
    own = _quarter(_title(document), *(one.text for one in blocks[:6]))
    if own is None or ref.period_start is None or (own.start, own.end) == (ref.period_start, ref.period_end):
        start, end = (own.start, own.end) if own else (ref.period_start, ref.period_end)
        return start, end, []
    text = f"The report names {own.start} to {own.end} as its period, its index {ref.period_start} to {ref.period_end}."
    return own.start, own.end, [Problem(code="period_differs", text=text, holds_back=True)]


def _read(blocks: Sequence[_Block], end: str | None, before: int, table_words: frozenset[str]) -> _Told:
    told = _Told()
    for block in blocks:
        if table_words.issuperset(ddr_table.words(block.text)):
            continue  # a line of the table that was read
        head = _STATE_HEAD.fullmatch(block.text) or sited.PLACE.fullmatch(block.text.rstrip(":"))
        if head is not None:
            told.above = {"state_quoted": head[1]} if head.re is _STATE_HEAD else sited.quoted(head)
        elif case := _case(block, before + len(told.cases) + 1, end, told.above):
            told.cases.append(case)
        elif _looks_like_a_case(block):
            text = f'This may tell of a case and could not be read: "{unnamed(block.text)[:160]}"'
            told.unread.append(Problem(code="case_unread", text=text, locator=block.locator.text()))
        else:
            told.other.append(block)
            if len(block.text) < _HEADING and not block.text.endswith("."):
                told.above = {}  # another heading, under which the last place is none
            continue
        if block.number:
            told.numbers.append((before + len(told.cases) + len(told.unread), block.number))
    return told


def _looks_like_a_case(block: _Block) -> bool:
    item = block.marked and len(block.text) > _HEADING and accounts.CUSTODY.search(block.text)
    return bool(item) or accounts.tells_case(block.text)


def _case(block: _Block, position: int, end: str | None, above: Mapping[str, str]) -> CaseAccount | None:
    """Return the paragraph as one case; one that speaks of several people is none."""
    if len(accounts.citizenships(block.text)) > 1:
        return None
    return accounts.account(block.text, position, end, block.locator, above)


def _doubts(cases: Sequence[CaseAccount], told: _Told) -> Iterator[Problem]:
    """Yield what does not add up: numbers of paragraphs with a gap, and stated numbers of cases that differ."""
    numbers = [number for _, number in told.numbers]
    steps = zip(told.numbers, [0, *numbers], strict=False)
    if any(number not in (before + 1, place, 1) for (place, number), before in steps):
        text = f"The accounts are numbered {', '.join(map(str, numbers))}: one is missing or was read twice."
        yield Problem(code="numbers_gap", text=text, holds_back=True)
    for block in told.other:
        for match in _STATED.finditer(block.text):
            stated = measured.WORD_NUMBERS.get(match["number"].lower()) or values.integer(match["number"]) or 0
            if match["bound"] or stated == len(cases):
                continue
            hold = bool(_ABOUT_ALL.search(block.text)) and stated != len(cases) + len(told.unread)
            text = f'"{match[0]}" are stated, {len(cases)} were read and {len(told.unread)} could not be read.'
            yield Problem(code="count_differs", text=text, holds_back=hold, locator=block.locator.text())
