"""Numbers as a release tells them in sentences; a number whose measure is not certain is a mention.

A figure carries the sentence it stands in as its quote (without names of people), the bound that its words give, and
the period and place that belong to it beyond doubt: `measured`, `lists`, `periods` and `sited` hold the rules.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Final, cast

from scraper.documents import values
from scraper.model import Figure, Locator
from scraper.readers import lists, measured, periods, sited
from scraper.readers.people import unnamed
from scraper.readers.periods import Period
from scraper.terms import Measure, Unit

_PERCENT: Final = re.compile(measured.PERCENT, re.IGNORECASE)
_UNIT_WORDS: Final = (
    r"(?P<detainers>detainers?)|(?P<people>people|persons?|individuals?|inmates?|offenders?|noncitizens?|non-citizens?|aliens?)|"
    r"(?P<arrests>arrests|re-?arrests)|(?P<charges>charges)|(?P<offences>offen[cs]es|crimes)|(?P<cases>cases?)|"
    r"(?P<jurisdictions>jurisdictions?|counties)"
)
_SKIPPED: Final = (
    "of|in|for|with|after|before|to|by|at|from|on|and|or|were|was|are|is|had|have|has|who|that|whose|which|when|while|as|"
    "released|arrested|re-arrested|ignored|refused|issued|lodged"
)
_UNIT: Final = re.compile(
    rf"(?:\s+(?:of\s+(?:its|the|these|those)\s+)?(?!(?:{_SKIPPED})\b)[a-z’'-]+){{0,2}}?\s+(?:{_UNIT_WORDS})\b",
    re.IGNORECASE,
)
_NUMBER: Final = re.compile(measured.NUMBER, re.IGNORECASE)
_DATED_BEFORE: Final = re.compile(
    rf"(?:\b{periods.MONTH}|\b(?:[Yy]ear|[Ss]ection|[Tt]itle|[Aa]ged?|[Ff]orm|[Nn]o\.|[Pp]hase|[Oo]rder)|\d,)\s*$"
)
_NOT_COUNTED: Final = re.compile(
    r"^(?:[ -](?:hours?|days?|weeks?|months?|years?|minutes?|u\.s|usc|cfr|times)\b|[- ]year-old|st\b|nd\b|rd\b|th\b)",
    re.IGNORECASE,
)
_YEAR: Final = re.compile(r"(?:19|20)\d\d")
_NEAR: Final = 90
_BEFORE: Final = 40
_LONGEST: Final = 1500
_SENTENCE_END: Final = re.compile(
    r"(?<!\b[A-Z]\.)(?<!\b(?:Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sep|Oct|Nov|Dec)\.)(?<!\bSept\.)(?<!\b(?:Mr|Ms|Dr|St|No|Lt|Jr)\.)"
    r"(?<!\b(?:Mrs|Sgt|Gov)\.)(?<=[.!?”\"])\s+(?=[A-Z“\"0-9])"
)


def sentences(paragraph: str) -> list[str]:
    """Return the sentences of a paragraph; "Feb. 8" and "U.S. Immigration" end none."""
    return _SENTENCE_END.split(paragraph)


def readable(paragraph: str) -> list[str]:
    """Return its sentences without those that are too long to be one: nothing in them is certain."""
    return [sentence for sentence in sentences(paragraph) if len(sentence) <= _LONGEST]


def figures(
    paragraphs: Sequence[str], *, topical: bool = False, offences: bool = False, locators: Sequence[Locator] = ()
) -> tuple[Figure, ...]:
    """Return the counts that the text states where it speaks of detainers, and as mentions the numbers beside them.

    `topical`: the whole text is about declined detainers, so paragraphs without the word are read too. `offences`:
    lists of offences are counted as such. `locators`: where each paragraph stands; by default its number.
    """
    found: list[Figure] = []
    for number, paragraph in enumerate(paragraphs, start=1):
        if topical or measured.DETAINER.search(paragraph):
            where = locators[number - 1] if locators else Locator(paragraph=number)
            for sentence in readable(paragraph):
                found += _of_sentence(sentence, unnamed(sentence, paragraph).strip(), where, topical, offences)
    return tuple(dict.fromkeys(found))


def _of_sentence(sentence: str, quote: str, locator: Locator, topical: bool, offences: bool) -> list[Figure]:
    named, doubt = periods.found(sentence)
    spans: dict[int, tuple[int, int]] = {}
    found: dict[int, Figure] = {}
    for at, (rule, match) in measured.certain(sentence).items():
        spans[at] = match.span()
        placed = sited.of_count(sentence, *match.span()) if rule.unit in ("detainers",) else {}
        found[at] = _figure(match, rule.measure, rule.unit, quote, locator, **placed)
    for item in lists.of_sentence(sentence, offences=offences):
        at = item.count.start("number")
        spans[at] = (at, at)
        unit: Unit | None = "detainers" if item.where and item.measure else None
        said = item.where or {"label_quoted": unnamed(item.name, sentence)}
        found.setdefault(at, _figure(item.count, item.measure, unit, quote, locator, **said))
    for match, unit in _mentions(sentence, topical):
        if match.start("number") not in found:
            spans[match.start("number")] = match.span()
            found[match.start("number")] = _figure(match, None, unit, quote, locator)
    if not doubt:
        for at, figure in found.items():
            found[at] = _dated(figure, sentence, spans[at], named)
    return [figure for _, figure in sorted(found.items(), key=lambda pair: pair[0])]


def _figure(
    match: re.Match[str], measure: Measure | None, unit: Unit | None, quote: str, locator: Locator, **place: str
) -> Figure:
    digits = match["number"].lower()
    own = match.groupdict()
    words = values.fold((own.get("bound") or own.get("behind") or "").lower().lstrip("-"))
    return Figure(
        measure=measure,
        unit=unit,
        bound=measured.BOUNDS[words] if words else "exact",
        value=measured.WORD_NUMBERS.get(digits) or values.number(digits),
        value_quoted=match["number"],
        quote=quote,
        locator=locator,
        **cast(Any, place),
    )


def _mentions(sentence: str, topical: bool) -> Iterator[tuple[re.Match[str], Unit | None]]:
    """Yield each number that stands near the word, or in a text about it beside what is counted, and its unit."""
    words = [word.span() for word in measured.DETAINER.finditer(sentence)]
    for match in (*_PERCENT.finditer(sentence), *_NUMBER.finditer(sentence)):
        start, end = match.span("number")
        named = _UNIT.match(sentence, max(end, match.end()))
        if _is_no_count(sentence[max(0, start - _BEFORE) : start], match["number"], sentence[end : end + _BEFORE]):
            continue
        unit = "percent" if match.re is _PERCENT else cast(Unit, named.lastgroup) if named else None
        if not match["number"][0].isdigit() and (unit is None or match["number"].lower() == "one"):
            continue
        if any(word[0] - end <= _NEAR and start - word[1] <= _NEAR for word in words) or (topical and unit):
            yield match, unit


def _is_no_count(before: str, number: str, after: str) -> bool:
    """Is it a year, a day, an age, hours of custody or the number of a law?"""
    is_age = before.endswith(", ") and after[:1] in (",", ";", ".", "")
    return bool(is_age or _YEAR.fullmatch(number) or _DATED_BEFORE.search(before) or _NOT_COUNTED.search(after))


_LEAD: Final = re.compile(
    r"(?:.*[,;:—]\s*)?(?:.*\b(?:that|said|says|shows?|showed|found|reported|and)\s+)?(?:(?:in|for|from|between|during|of|the|"
    r"within|throughout|week|entire|period|beginning)\s*)*",
    re.IGNORECASE | re.DOTALL,
)
_CLAUSE: Final = re.compile(r"[;:—]|,\s+(?:and|but|while|though|although)\b", re.IGNORECASE)
_OTHER_CLAUSE: Final = re.compile(
    r"[;:—]|\b(?:who|which|whose|whom|where|that|when|after|before|because|although|though|despite|while|until|under|but|as|"
    r"following|than|compared|versus|if|law|laws|act|ordinance|policy|policies|order|lawsuit|memo\w*|report|release|since)\b",
    re.IGNORECASE,
)
_DONE: Final = re.compile(
    r"\b(?!issued|lodged|declined|recorded|ignored|honou?red|placed|released|united)\w+ed\s+(?:\w+\s+)?$", re.IGNORECASE
)
_INSIDE: Final = re.compile(r"\b(?:who|which|that|whose|where)\b(?!\s*$)", re.IGNORECASE)
_REACH: Final = 160


def _dated(figure: Figure, sentence: str, span: tuple[int, int], named: Sequence[Period]) -> Figure:
    """Return `figure` with the one period that belongs to the words of `span`; as it is where none or two may."""
    own = {(one.start, one.end) for one in named if _belongs(sentence, span, one.at)}
    if len(own) != 1 or any((one.start, one.end) not in own for one in named if _is_rival(sentence, span, one.at)):
        return figure
    start, end = own.pop()
    return replace(figure, period_start=start, period_end=end)


def _belongs(sentence: str, span: tuple[int, int], at: tuple[int, int]) -> bool:
    """Does a phrase of time open the sentence of a count, or follow it with nothing of its own in between?"""
    if at[0] >= span[0] and at[1] <= span[1]:
        return True
    if at[1] <= span[0]:
        head, gap = sentence[: at[0]], sentence[at[1] : span[0]]
        opens = _LEAD.fullmatch(head) is not None and not _INSIDE.search(head.rpartition(", ")[2])
        return len(gap) <= _REACH and opens and not _CLAUSE.search(gap)
    gap = sentence[span[1] : at[0]]
    return len(gap) <= _REACH and not _OTHER_CLAUSE.search(gap) and not _DONE.search(gap)


def _is_rival(sentence: str, span: tuple[int, int], at: tuple[int, int]) -> bool:
    """Does another period stand so near that it may be the one meant?"""
    between = sentence[at[1] : span[0]] if at[1] <= span[0] else sentence[span[1] : at[0]]
    return len(between) <= _REACH and not _CLAUSE.search(between)
