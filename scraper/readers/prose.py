"""Numbers and cases as a news release tells them in sentences; a number whose measure is not certain is a mention.

Rules are tables of patterns over one sentence. Quotes are the matched words and hold no person's name.
"""

import re
from collections.abc import Iterator
from typing import Any, Final, cast

from scraper.documents import values
from scraper.model import CaseAccount, Figure, Locator
from scraper.readers.people import unnamed
from scraper.terms import Bound, Measure, Unit

_WORDS: Final = "one two three four five six seven eight nine ten eleven twelve"
_WORD_NUMBERS: Final = {word: number for number, word in enumerate(_WORDS.split(), start=1)}
_BOUND_WORDS: Final[dict[Bound, str]] = {
    "at_least": "more than|over|at least|upwards of",
    "at_most": "up to|fewer than|less than|at most|as many as",
    "about": "nearly|almost|about|approximately|around|roughly|some|an estimated",
}
_BOUNDS: Final = {words: bound for bound, several in _BOUND_WORDS.items() for words in several.split("|")}
_BOUND: Final = rf"(?:(?P<bound>{'|'.join(_BOUNDS)})\s+)?"
_NUMBER: Final = (
    rf"{_BOUND}(?P<number>\d{{1,3}}(?:,\d{{3}})+|\d+|{'|'.join(_WORD_NUMBERS)})(?![\d,.%-]*\d|%|\s*percent)"
)
_KIND: Final = r"(?:(?:active|immigration|ICE|civil|federal|lawful|such|of its|of ICE[’']s)\s+){0,3}"
_DETAINERS: Final = rf"{_KIND}detainers?(?:\s+requests?)?"
_PEOPLE: Final = (
    r"(?:people|persons|individuals|inmates|offenders|noncitizens|non-citizens|(?:(?:criminal|illegal)\s+)?aliens)"
)
_NOT: Final = r"(?:not\s+(?:been\s+)?honou?red|declined|ignored|refused|rejected|disregarded|unhonou?red)"
_WERE: Final = r"(?:were|was|have\s+been|had\s+been|went)"

_LODGED: Final = r"(?:lodged|issued|placed|filed)"
_HONOUR: Final = r"(?:(?:failed|refused|declined)\s+to\s+honou?r|did\s+not\s+honou?r)"
_REJECTED: Final = rf"(?:declined|ignored|refused|rejected|disregarded|{_HONOUR})"
_FOR: Final = r"(?:whose|for\s+whom|on\s+whom)"

RULES: Final[tuple[tuple[Measure, Unit, str], ...]] = (
    ("detainer_issued", "detainers", rf"{_LODGED}\s+{_NUMBER}\s+{_DETAINERS}"),
    ("detainer_issued", "detainers", rf"{_NUMBER}\s+{_DETAINERS}\s+{_WERE}\s+{_LODGED}"),
    ("detainer_declined", "detainers", rf"{_NUMBER}\s+{_DETAINERS}\s+{_WERE}\s+{_NOT}"),
    ("detainer_declined", "detainers", rf"{_REJECTED}\s+{_NUMBER}\s+{_DETAINERS}"),
    ("detainer_declined", "detainers", rf"{_NUMBER}\s+(?:declined|ignored|unhonou?red|refused)\s+{_DETAINERS}"),
    ("people_declined", "people", rf"detainers?\s+{_WERE}\s+{_NOT}\s+(?:for|on)\s+{_NUMBER}\s+{_PEOPLE}"),
    ("people_declined", "people", rf"{_NUMBER}\s+{_PEOPLE}\s+{_FOR}\s+{_DETAINERS}\s+{_WERE}\s+{_NOT}"),
)
"""Measure, unit, and the whole words that state it beyond doubt."""

_RULES: Final = tuple((measure, unit, re.compile(rf"\b{pattern}\b", re.IGNORECASE)) for measure, unit, pattern in RULES)
_UNCERTAIN: Final = re.compile(
    r"\b(?:not|never|no|if|would|could|might|may|plans?|every|each|deny|denied)\s+(?:\w+\s+){0,2}$", re.IGNORECASE
)
_ANY_NUMBER: Final = re.compile(
    rf"(?<![\w.,:/$#-]){_BOUND}(?P<number>\d{{1,3}}(?:,\d{{3}})+|\d{{1,7}})(?P<percent>\s*(?:%|percent))?"
    r"(?![\w/:%-]|,\d|\.\d)(?P<after>(?:\s+[a-z][a-z’'-]*){0,3})",
    re.IGNORECASE,
)
_DATED_BEFORE: Final = re.compile(
    r"(?:\b(?:jan|feb|mar|apr|may|june?|july?|aug|sept?|oct|nov|dec)[a-z]*\.?|\b(?:since|in|of|year|order|section|title|age|aged|"
    r"form|no\.|phase)|\d,)\s*$",
    re.IGNORECASE,
)
_NOT_COUNTED: Final = re.compile(r"^\s+(?:hours?|days?|weeks?|months?|years?|minutes?|u\.s|usc|cfr)\b", re.IGNORECASE)
_YEAR: Final = re.compile(r"(?:19|20)\d\d")
_NEAR: Final = 90
_BEFORE: Final = 40
_LONGEST: Final = 1500
"""A longer run without an end is no sentence, and nothing in it is certain."""
_DETAINER: Final = re.compile(r"\bdetainers?\b", re.IGNORECASE)
_UNITS: Final = re.compile(
    rf"\b(?:(?P<detainers>detainers?)|(?P<people>{_PEOPLE})|(?P<cases>cases?)|(?P<jurisdictions>jurisdictions?|counties))\b",
    re.IGNORECASE,
)
_SENTENCE_END: Final = re.compile(
    r"(?<!\b[A-Z]\.)(?<!\b(?:Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sep|Oct|Nov|Dec)\.)(?<!\bSept\.)(?<!\b(?:Mr|Ms|Dr|St|No|Lt|Jr)\.)"
    r"(?<!\b(?:Mrs|Sgt|Gov)\.)(?<=[.!?”\"])\s+(?=[A-Z“\"0-9])"
)


def sentences(paragraph: str) -> list[str]:
    """Return the sentences of a paragraph; "Feb. 8" and "U.S. Immigration" end none."""
    return _SENTENCE_END.split(paragraph)


def figures(paragraphs: tuple[str, ...]) -> tuple[Figure, ...]:
    """Return the counts of detainers that the text states, and as mentions the numbers near the word."""
    found: list[Figure] = []
    for number, paragraph in enumerate(paragraphs, start=1):
        if _DETAINER.search(paragraph):
            for sentence in sentences(paragraph):
                if len(sentence) <= _LONGEST:
                    found += _of_sentence(sentence, Locator(paragraph=number))
    return tuple(dict.fromkeys(found))


def _of_sentence(sentence: str, locator: Locator) -> list[Figure]:
    certain: dict[int, list[Figure]] = {}
    for measure, unit, pattern in _RULES:
        for match in pattern.finditer(sentence):
            before = sentence[max(0, match.start() - _BEFORE) : match.start()]
            dated = _YEAR.fullmatch(match["number"]) and _DATED_BEFORE.search(sentence[: match.start("number")])
            if not (_UNCERTAIN.search(before) or dated):
                stated = _figure(match, measure, unit, unnamed(match[0], sentence), locator)
                certain.setdefault(match.start("number"), []).append(stated)
    found = {start: figures[0] for start, figures in certain.items() if len({f.measure for f in figures}) == 1}
    for start, mention in _mentions(sentence, locator):
        found.setdefault(start, mention)
    return [figure for _, figure in sorted(found.items(), key=lambda pair: pair[0])]


def _mentions(sentence: str, locator: Locator) -> Iterator[tuple[int, Figure]]:
    """Yield place and figure of each number that stands near the word."""
    for match in _ANY_NUMBER.finditer(sentence):
        start, end = match.span("number")
        if _is_no_count(sentence[max(0, start - _BEFORE) : start], match["number"], sentence[end : end + _BEFORE]):
            continue
        left = max(0, start - _NEAR)
        words = [(left + word.start(), left + word.end()) for word in _DETAINER.finditer(sentence[left : end + _NEAR])]
        if words:
            nearest = min(words, key=lambda span: min(abs(span[0] - end), abs(start - span[1])))
            quote = sentence[min(match.start(), nearest[0]) : max(match.end(), nearest[1])]
            named = _UNITS.search(match["after"])
            unit = "percent" if match["percent"] else cast(Unit, named.lastgroup) if named else None
            yield start, _figure(match, None, unit, unnamed(quote, sentence), locator)


def _is_no_count(before: str, number: str, after: str) -> bool:
    """Is it a year, a day, an age, hours of custody or the number of a law?"""
    is_age = before.endswith(", ") and after[:1] in (",", ";", ".", "")
    return bool(is_age or _YEAR.fullmatch(number) or _DATED_BEFORE.search(before) or _NOT_COUNTED.search(after))


def _figure(match: re.Match[str], measure: Measure | None, unit: Unit | None, quote: str, locator: Locator) -> Figure:
    digits = match["number"].lower()
    return Figure(
        measure=measure,
        unit=unit,
        bound=_BOUNDS[match["bound"].lower()] if match["bound"] else "exact",
        value=_WORD_NUMBERS.get(digits) or values.integer(digits),
        value_quoted=match["number"],
        quote=quote.strip(),
        locator=locator,
    )


_ACCOUNT_PLACE: Final = re.compile(
    r"(?P<place>[A-Z][\w.’' -]{1,40}?(?:County|Borough|Parish|City|Island|Bronx|Brooklyn|Queens|Manhattan))\s*[:–—]\s+"
)
_CITIZENSHIP: Final = re.compile(
    r"(?:\b(?P<adjective>[A-Z][a-zé-]+(?:\s[A-Z][a-z]+)?)\s+(?:national|citizen)\b)"
    r"|\b(?:citizen|national|native)\s+of\s+(?P<country>(?:the\s+)?[A-Z][\w]+(?:\s(?:and\s)?[A-Z]\w+){0,3})"
)
_AGE: Final = re.compile(r",\s+(?:age\s+)?(?P<after>[1-9]\d)\s*,|\b(?P<old>[1-9]\d)[- ]year[- ]old\b")
_DAY: Final = r"(?P<date>(?:jan|feb|mar|apr|may|june?|july?|aug|sept?|oct|nov|dec)[a-z]*\.?\s+\d{1,2}(?:,\s+\d{4})?)"
_BY_DAY: Final = re.compile(rf"\b(?:on\s+)?{_DAY}", re.IGNORECASE)
_ARREST: Final = re.compile(
    r"\barrested\s+by\s+(?:the\s+)?(?P<agency>[^,.;:]{3,80}?)(?=\s+(?:on|for|in|and|after)\b|[,.;])"
    r"(?:.{0,60}?\s+for\s+(?P<charges>.+))?",
)
_CHARGES_END: Final = re.compile(
    r",?\s+(?:and\s+(?:was|were)\s|on\s+(?:[A-Z][a-z]{2,8}\.?\s\d)|before being\b).*|[.;]\s*$"
)
_FEDERAL: Final = re.compile(r"\b(?:ICE|ERO|HSI|deportation officers?|Immigration and Customs)\b")
_REFUSED: Final = re.compile(
    r"\bdetainers?\b[^.]{0,80}\b(?:not\s+honou?red|ignored|declined|refused|disregarded)\b"
    r"|\b(?:despite|ignor\w+|declin\w+|refus\w+|disregard\w+|(?:not|fail\w*\s+to)\s+honou?r\w*)\b[^.]{0,80}\bdetainers?\b",
    re.IGNORECASE,
)


def tells_refusals(text: str) -> bool:
    """Does the text say that detainers were not honoured?"""
    return _REFUSED.search(text) is not None


def account(item: str, position: int, published: str | None, locator: Locator) -> CaseAccount | None:
    """Return one list item as a case account, or None where it tells of no arrest of a noncitizen."""
    place = _ACCOUNT_PLACE.match(item)
    told = sentences(item[place.end() :] if place else item)
    arrests = filter(None, map(_ARREST.search, told))
    local = next((found for found in arrests if not _FEDERAL.search(found["agency"])), None)
    citizenship = _CITIZENSHIP.search(item)
    if local is None or citizenship is None:
        return None
    age = _AGE.search(item)
    charges = _CHARGES_END.sub("", local["charges"] or "").strip(" ,.")
    guessing = None if _YEAR.search(item) else published  # a stated year beside it says more than the release's date
    dates = {name: _on(told, words, guessing) for name, words in _DATED.items()}
    stated: dict[str, Any] = {name: day for name, (day, _) in dates.items()}
    followed = " ".join(part for part in told if _FEDERAL.search(part) and "arrested" in part)
    return CaseAccount(
        position=position,
        agency_quoted=unnamed(local["agency"], item),
        place_quoted=values.fold(place["place"]) if place else "",
        citizenship_quoted=citizenship["adjective"] or citizenship["country"],
        age=int(age["after"] or age["old"]) if age else None,
        **stated,
        dates_inferred=",".join(name for name, (_, guessed) in dates.items() if guessed),
        charges_quoted=unnamed(charges, item),
        disposition=_disposition(item),
        followed_quoted=unnamed(followed, item),
        quote=unnamed(item),
        locator=locator,
    )


_DATED: Final = {
    "arrested_on": re.compile(r"\barrested by (?!.*(?:ICE|ERO|deportation))"),
    "detainer_on": re.compile(
        r"(?i)\bdetainers?\b.*\b(?:lodged|issued|placed)|\b(?:lodged|issued|placed)\b.*\bdetainer"
    ),
    "released_on": re.compile(r"\breleased\b(?!.*\bdetainer was (?:issued|lodged))"),
}


def _on(told: list[str], words: re.Pattern[str], published: str | None) -> tuple[str | None, bool]:
    """Return the date of the first sentence that `words` finds, if it holds just one, and whether its year is ours."""
    sentence = next((part for part in told if words.search(part)), "")
    days = [match["date"] for match in _BY_DAY.finditer(sentence)]
    if len(days) != 1:
        return None, False
    if (stated := values.date(days[0])) or published is None:
        return stated, False
    this_year, last_year = (values.date(f"{days[0]}, {int(published[:4]) - ago}") for ago in (0, 1))
    return this_year if this_year is not None and this_year <= published else last_year, True


def _disposition(text: str) -> str:
    convicted, charged = (re.search(rf"\b{word}\b", text) for word in ("convicted|convictions?", "charged"))
    return "mixed" if convicted and charged else "convicted" if convicted else "charged" if charged else "unstated"
