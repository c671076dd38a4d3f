"""Counts listed in a sentence in parentheses: "Ventura County, CA (188); Miami-Dade, FL (93); and Denver, CO (74)".

What is counted is what the words before the list say of detainers; where they leave it open it has no measure.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

from scraper.model import Figure, Problem
from scraper.readers import measured, sited, states
from scraper.terms import Measure

_COUNT: Final = re.compile(r"\s*\((?P<number>\d{1,3}(?:,\d{3})+|\d{1,7})\)")
_BETWEEN: Final = re.compile(r"^\s*(?:[;,]\s*)?(?:and\s+)?")
_NAME: Final = re.compile(
    r"(?:(?:St\.|[A-Z][\w’'-]*)(?:\s+(?:(?:of|de|la|the)\s+)*(?:St\.|[A-Z][\w’'-]*|[A-Z]\.))*)"
    r"(?:,\s*(?:[A-Z]{2}|D\.C\.|[A-Z][a-z]+(?:\s[A-Z][a-z]+)*))?$"
)
_REFUSED: Final = re.compile(r"\b(?:declin|refus|reject|ignor|disregard|den(?:y|ied))|\bhonou?r", re.IGNORECASE)
_DECLINED: Final = re.compile(
    r"\b(?:declin|refus|reject|ignor|disregard|den(?:y|ied))\w*\b[^.;()]{0,60}\bdetainers?\b"
    r"|\bdetainers?\b[^.;()]{0,60}\b(?:(?:declined|refused|rejected|ignored|disregarded|denied)\b|not\s+honou?r)"
    r"|\b(?:fail\w*|refus\w+|declin\w+|not)\s+to\s+honou?r\b[^.;()]{0,40}\bdetainers?\b",
    re.IGNORECASE,
)
_ISSUED: Final = re.compile(r"\b(?:issued|lodged|placed|filed)\b", re.IGNORECASE)
_HONOURED: Final = re.compile(r"\bhonou?red(?<!not honored)(?<!not honoured)\b", re.IGNORECASE)
_DOUBT: Final = re.compile(r"\b(?:not|never|without)\s+(?:\w+\s+)?(?:den|declin|refus|ignor)|percent|%", re.IGNORECASE)
_UNCERTAIN: Final = re.compile(r"\b(?:not|never|no|if|would|could|might|may)\s+(?:\w+\s+){0,2}$", re.IGNORECASE)
_OFFENCES: Final = re.compile(r"\b(?:involving|including|such as|for)\s*:?\s*[^:()]*$", re.IGNORECASE)
_OFFENCE: Final = re.compile(
    r"assault|drug|alcohol|weapon|charge|crime|offen[cs]e|homicide|murder|theft|burglary|driving|dui|sex", re.IGNORECASE
)
_PLACE: Final = re.compile(r"\b(?:County|Parish|Borough|City|Counties|Sheriff|Department|Police)\b|\b(?:Jail|Prison)\b")
_FACILITY: Final = re.compile(r"\b(?:Jail|Prison|Detention|Corrections?|Correctional|Facility|Penitentiary)\b")
_TOTAL: Final = re.compile(r"\btotal\b|\bin all\b|\bnationwide\b", re.IGNORECASE)
_FEWEST: Final = 2
_LONGEST: Final = 120
"""Items that make a list, and letters of the name of one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One name of a list with its `count`; `where`: the place it can only be, as fields of a figure."""

    name: str
    count: re.Match[str]
    where: Mapping[str, str]
    measure: Measure | None


def of_sentence(sentence: str, *, offences: bool = False) -> Iterator[Item]:
    """Yield the items of the list in a sentence; `offences`: those of a list of offences are counted as such."""
    stem, named = _items(sentence)
    declined = _DECLINED.search(stem)
    crimes = bool(declined and _OFFENCES.search(stem)) and all(_OFFENCE.search(name) for name, _ in named)
    measure = _measure(sentence, stem)
    for name, count in named if len(named) >= _FEWEST else ():
        where = {} if crimes else _where(name)
        counted: Measure | None = "offence_listed" if crimes and offences and measure == "detainer_declined" else None
        if where or declined or stem.endswith(":"):
            yield Item(name=name, count=count, where=where, measure=measure if where else counted)


def adding_up(paragraphs: Sequence[str], told: Sequence[Figure]) -> tuple[tuple[Figure, ...], tuple[Problem, ...]]:
    """Return the figures told in the paragraphs, and a problem for each list that is more than its paragraph's total.

    Both are kept as published, with a note; the places of a list stand behind what else its paragraph states.
    """
    by_paragraph: dict[int, list[Figure]] = defaultdict(list)
    for figure in told:
        if figure.measure == "detainer_declined":
            by_paragraph[figure.locator.paragraph or 1].append(figure)
    notes: dict[Figure, str] = {}
    problems: list[Problem] = []
    for number, here in by_paragraph.items():
        listed = [one for one in here if is_listed(one)]
        totals = [one for one in here if one.bound == "exact" and not _is_placed(one)]
        added = sum(int(one.value or 0) for one in listed)
        total = totals[0] if len(totals) == 1 and _TOTAL.search(paragraphs[number - 1]) else None
        if total is None or added <= int(total.value or 0):
            continue
        note = (
            f"The {len(listed)} places listed add up to {added:,}, more than the total of {total.value_quoted} "
            "stated beside them; both are kept as published."
        )
        notes |= dict.fromkeys((total, *listed), note)
        problems.append(Problem(code="sum_exceeds_total", text=note, locator=total.locator.text()))
    ordered = sorted(told, key=lambda one: (one.locator.paragraph or 1, is_listed(one)))
    return tuple(replace(one, note=notes.get(one, one.note)) for one in ordered), tuple(problems)


def is_listed(figure: Figure) -> bool:
    """Is it a place of a list, its count in parentheses?"""
    return _is_placed(figure) and f"({figure.value_quoted})" in figure.quote


def _is_placed(figure: Figure) -> bool:
    return bool(figure.place_quoted or figure.state_quoted or figure.facility_quoted)


def _measure(sentence: str, stem: str) -> Measure | None:
    """Return what the words before a list say beyond doubt that it counts."""
    declined, issued = _DECLINED.search(stem), _ISSUED.search(stem)
    if (
        measured.doubted(stem)
        or _DOUBT.search(sentence)
        or not measured.DETAINER.search(stem)
        or _HONOURED.search(stem)
    ):
        return None
    if declined and not issued and not _UNCERTAIN.search(stem[: declined.start()]):
        return "detainer_declined"
    return "detainer_issued" if issued and not _REFUSED.search(stem) else None


def _where(name: str) -> dict[str, str]:
    """Return the place that a name can only be, as fields of a figure; nothing for any other words."""
    if states.code(name):
        return {"state_quoted": name}
    place, state = states.split(name)
    if not _NAME.fullmatch(name) or not (state or _PLACE.search(name)):
        return {}
    return {"facility_quoted" if _FACILITY.search(place) else "place_quoted": place, "state_quoted": state}


def _items(sentence: str) -> tuple[str, list[tuple[str, re.Match[str]]]]:
    """Return the words before a list and its items; the first name is what stands right before its count."""
    counts = list(_COUNT.finditer(sentence))
    if len(counts) < _FEWEST:
        return "", []
    opening = sentence[: counts[0].start()]
    colon = opening.rfind(":")
    named = _NAME.search(opening)
    start = colon + 1 if colon >= 0 and (named is None or named.start() <= colon) else named.start() if named else -1
    if start < 0:
        start = max(opening.rfind(word) + len(word) for word in (" were ", " was ", " involving ", " including ", ", "))
    items = [(sited.begun(opening[start:].strip()), counts[0])]
    for before, match in pairwise(counts):
        between = sentence[before.end() : match.start()]
        if len(between) > _LONGEST or re.search(r"[.:]\s", between.replace("St. ", "St ")):
            break
        items.append((_BETWEEN.sub("", between).strip(), match))
    return opening[:start].strip(), items
