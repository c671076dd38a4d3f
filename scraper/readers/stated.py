"""Do the numbers told in the text agree with the tables of a release? Asked only where sentence and row are certain."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from scraper.model import Figure, Problem
from scraper.readers import counts, lists, periods, prose, sited, states

_STATE: Final = re.compile(rf"\b(?:{sited.NAMED})\b")
_LEAST: Final = "more than|over|at least|upwards of"
_OTHER_BOUND: Final = "nearly|almost|about|approximately|around|roughly|some|up to|fewer than|less than|at most"
_NUMBER: Final = re.compile(
    rf"(?:\b(?P<least>{_LEAST})\s+|\b(?P<other>{_OTHER_BOUND})\s+)?"
    r"(?<![\w.,$#/-])(?P<number>\d{1,3}(?:,\d{3})+|\d{1,6})(?P<percent>\s*(?:%|percent\b|per cent\b))?(?![\w,/-]*\d)",
    re.IGNORECASE,
)
_DAY: Final = re.compile(rf"\b{periods.MONTH}\s+\d{{1,2}}\b(?:,?\s+\d{{4}})?", re.IGNORECASE)
_SUBJECT: Final = re.compile(r"\bdetainers?\b|\bdeclin|\binsufficient notice\b", re.IGNORECASE)
_NATION: Final = re.compile(r"\b(?:nationwide|national(?:ly)?|nation|country|united states|u\.s\.)", re.IGNORECASE)
_NARROWER: Final = re.compile(r"\b(?:County|Parish|City|Jail|Prison|Facility|facilities|jails?|counties|each)\b")
_ROUNDED: Final = 0.51
_YEARS: Final = range(1900, 2100)

_ByState = Mapping[str, Mapping[str, set[float]]]


def disagreements(paragraphs: Sequence[str], told: Sequence[Figure], tabled: Sequence[Figure]) -> Iterator[Problem]:
    """Yield a problem for each number of the text that contradicts the tables; `told` are the figures of the text."""
    by_state = _by_state(tabled)
    totals = _totals(tabled)
    if not (by_state or totals):
        return
    listed = {figure.locator.paragraph for figure in told if lists.is_listed(figure)}
    for figure in told:
        known = by_state.get(states.code(figure.state_quoted) or "", {}).get(figure.measure or "", set())
        alone = not (figure.place_quoted or figure.facility_quoted)
        if alone and figure.bound == "exact" and known and figure.value not in known:
            yield _differs(figure.quote, figure.locator.paragraph or 0, known)
    for number, paragraph in enumerate(paragraphs, start=1):
        for sentence in prose.readable(paragraph) if number not in listed and _SUBJECT.search(paragraph) else ():
            yield from _of_sentence(sentence, number, by_state, totals)


def _of_sentence(sentence: str, number: int, by_state: _ByState, totals: Mapping[str, float]) -> Iterator[Problem]:
    named = {states.code(match[0]) or "" for match in _STATE.finditer(sentence)}
    found = list(_NUMBER.finditer(_DAY.sub("", sentence)))
    shares = [match for match in found if match["percent"]]
    whole = [match for match in found if not match["percent"] and int(_digits(match)) not in _YEARS]
    if not _SUBJECT.search(sentence) or _NARROWER.search(sentence) or any(match["other"] for match in found):
        return
    every = set(totals.values())
    if not named and _NATION.search(sentence) and len(whole) == 1 and every and not _agrees(whole[0], every):
        yield _differs(sentence, number, every)
    if len(named) != 1:
        return
    rows = by_state.get(next(iter(named)), {})
    known = set().union(*rows.values()) if rows else set()
    if known and len(whole) == 1 and not _agrees(whole[0], known):
        yield _differs(sentence, number, known)
    declined, total = rows.get("detainer_declined", set()), totals.get("detainer_declined")
    if len(shares) == 1 and len(declined) == 1 and total:
        share = 100 * next(iter(declined)) / total
        if abs(share - int(_digits(shares[0]))) > _ROUNDED:
            text = f'The text says "{_short(sentence)}", but by the table the share is {share:.1f} percent.'
            yield Problem(code="percent_differs", text=text, locator=f'{{"paragraph": {number}}}')


def _digits(match: re.Match[str]) -> str:
    return match["number"].replace(",", "")


def _agrees(match: re.Match[str], known: set[float]) -> bool:
    value = int(_digits(match))
    return any(value <= one for one in known) if match["least"] else value in known


def _differs(words: str, paragraph: int, known: set[float]) -> Problem:
    stated = " or ".join(f"{value:,}" for value in sorted(known))
    text = f'The text says "{_short(words)}", but the table states {stated}.'
    return Problem(code="text_differs", text=text, locator=f'{{"paragraph": {paragraph}}}')


def _short(words: str) -> str:
    return words if len(words) <= 160 else f"{words[:157]}…"


def _by_state(tabled: Sequence[Figure]) -> _ByState:
    found: dict[str, dict[str, set[float]]] = defaultdict(lambda: defaultdict(set))
    for figure in tabled:
        state = states.code(figure.state_quoted)
        alone = not (figure.place_quoted or figure.facility_quoted or figure.label_quoted)
        if state and alone and figure.measure and figure.unit == "detainers" and figure.value is not None:
            found[state][figure.measure].add(figure.value)
    return found


def _totals(tabled: Sequence[Figure]) -> Mapping[str, float]:
    """Return the one total that the tables give for each measure; where they give two it is not certain."""
    found: dict[str, set[float]] = defaultdict(set)
    for figure in tabled:
        nowhere = not (figure.place_quoted or figure.state_quoted or figure.facility_quoted)
        if nowhere and counts.is_total(figure.label_quoted) and figure.measure and figure.unit == "detainers":
            found[figure.measure].add(figure.value or 0)
    return {measure: next(iter(every)) for measure, every in found.items() if len(every) == 1}
