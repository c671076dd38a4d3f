"""The period that a release covers, where its text states exactly one."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from scraper.documents import values
from scraper.model import Figure
from scraper.readers import prose

_DAY: Final = r"[A-Z][a-z]{2,8}\.?\s+\d{1,2}(?:st|nd|rd|th)?"
_RANGE: Final = re.compile(
    rf"\b(?:between|from)\s+(?P<start>{_DAY}(?:,?\s+\d{{4}})?),?\s+(?:and|to|through|until|–|-)\s+(?P<end>{_DAY},?\s+\d{{4}})",
    re.IGNORECASE,
)
_MONTHS: Final = re.compile(
    r"\b(?:between|from)?\s*(?P<first>[A-Z][a-z]{2,8})(?:\s+(?P<year>\d{4}))?\s*(?:and|to|through|until|–|-)\s*"
    r"(?P<last>[A-Z][a-z]{2,8})\s+(?P<ends>\d{4})\b"
)
_ORDINALS: Final = {"first": 1, "second": 2, "third": 3, "fourth": 4, "1st": 1, "2nd": 2, "3rd": 3, "4th": 4}
_QUARTER: Final = re.compile(
    rf"\b(?P<which>{'|'.join(_ORDINALS)})\s+(?P<part>quarter|three months)\s+of\s+(?:the\s+)?"
    r"(?P<fiscal>fiscal\s+year|FY)?\s*(?P<year>20\d\d)\b",
    re.IGNORECASE,
)
_LAST_DAYS: Final = ("03-31", "06-30", "09-30", "12-31")
_LONGEST: Final = 1500
_DETAINER: Final = re.compile(r"\bdetainers?\b", re.IGNORECASE)

Span = tuple[str, str]


def of_release(paragraphs: Sequence[str], told: Sequence[Figure]) -> Span | tuple[None, None]:
    """Return start and end: the one period in the sentences that state counts, else in those on detainers."""
    quotes = {(figure.locator.paragraph, figure.quote) for figure in told if figure.measure}
    stating: set[Span] = set()
    speaking: set[Span] = set()
    for number, paragraph in enumerate(paragraphs, start=1):
        for sentence in prose.sentences(paragraph) if _DETAINER.search(paragraph) else ():
            found = set(_spans(sentence)) if len(sentence) <= _LONGEST else set()
            speaking |= found
            if any(at == number and quote and quote in sentence for at, quote in quotes):
                stating |= found
    chosen = stating or speaking
    return next(iter(chosen)) if len(chosen) == 1 else (None, None)


def _spans(sentence: str) -> Iterator[Span]:
    for match in _RANGE.finditer(sentence):
        end = values.date(match["end"])
        start = values.date(match["start"]) or values.date(f"{match['start']}, {(end or '')[:4]}")
        if start and end and start <= end:
            yield start, end
    for match in _MONTHS.finditer(sentence):
        last = values.date(f"{match['last']} {match['ends']}")
        first = values.date(f"{match['first']} {match['year'] or match['ends']}")
        if first and last and first < last:
            yield first, last
    for match in _QUARTER.finditer(sentence):
        which = _ORDINALS[match["which"].lower()]
        if match["part"].lower() == "quarter" or which == 1:
            yield _quarter(int(match["year"]), which, fiscal=bool(match["fiscal"]))


def _quarter(year: int, which: int, *, fiscal: bool) -> Span:
    """Return the days of a quarter; a federal fiscal year begins in October of the year before."""
    place = (which + 2) % 4 if fiscal else which - 1
    year -= fiscal and which == 1
    return f"{year}-{3 * place + 1:02}-01", f"{year}-{_LAST_DAYS[place]}"
