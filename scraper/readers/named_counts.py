"""Counts listed in a sentence in parentheses: "Ventura County, CA (188); Miami-Dade, FL (93); and Denver, CO (74)".

What is counted is what the words before the list say of detainers; where they leave it open, the list is left to
others. Each item is a figure of its own, its place and state as quoted.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Final

from scraper.documents import values
from scraper.model import Figure, Locator, Problem
from scraper.readers import prose, states
from scraper.readers.people import unnamed
from scraper.terms import Measure

_COUNT: Final = re.compile(r"\s*\((?P<count>\d{1,3}(?:,\d{3})+|\d{1,7})\)")
_BETWEEN: Final = re.compile(r"^\s*(?:[;,]\s*)?(?:and\s+)?")
_NAME: Final = re.compile(
    r"(?:(?:St\.|[A-Z][\w’'-]*)(?:\s+(?:(?:of|de|la|the)\s+)*(?:St\.|[A-Z][\w’'-]*|[A-Z]\.))*)"
    r"(?:,\s*(?:[A-Z]{2}|D\.C\.|[A-Z][a-z]+(?:\s[A-Z][a-z]+)*))?$"
)
_DECLINED: Final = re.compile(
    r"\b(?:declin|refus|reject|ignor|disregard|den(?:y|ied))\w*\b[^.;()]{0,60}\bdetainers?\b"
    r"|\bdetainers?\b[^.;()]{0,60}\b(?:(?:declined|refused|rejected|ignored|disregarded|denied)\b|not\s+honou?r)"
    r"|\b(?:fail\w*|refus\w+|declin\w+|not)\s+to\s+honou?r\b[^.;()]{0,40}\bdetainers?\b",
    re.IGNORECASE,
)
_OFFENCES: Final = re.compile(r"\b(?:involving|including|such as|for)\s*:?\s*[^:()]*$", re.IGNORECASE)
_OFFENCE: Final = re.compile(
    r"assault|drug|alcohol|weapon|charge|crime|offen[cs]e|homicide|murder|theft|burglary|driving|dui|sex", re.IGNORECASE
)
_PLACE: Final = re.compile(r"\b(?:County|Parish|Borough|City|Counties|Sheriff|Department|Police)\b|\b(?:Jail|Prison)\b")
_FACILITY: Final = re.compile(r"\b(?:Jail|Prison|Detention|Corrections?|Correctional|Facility|Penitentiary)\b")
_OPEN: Final = re.compile(
    r"\b(?:issued|lodged|placed|filed|honou?red(?<!not honored)(?<!not honoured))\b", re.IGNORECASE
)
_UNCERTAIN: Final = re.compile(r"\b(?:not|never|no|if|would|could|might|may)\s+(?:\w+\s+){0,2}$", re.IGNORECASE)
_FEWEST: Final = 2
_LONGEST: Final = 1500
"""Items that make a list, and characters beyond which a run without an end is no sentence."""
_TOTAL: Final = re.compile(r"\btotal\b|\bin all\b|\bnationwide\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Item:
    name: str
    count: str


def with_lists(paragraphs: Sequence[str], told: Sequence[Figure]) -> tuple[tuple[Figure, ...], tuple[Problem, ...]]:
    """Return the figures `told` in the paragraphs and those of lists in them, and the doubts about the lists.

    A number of a list takes the place of the same number told without a measure. A list that adds up to more than
    the total its paragraph states is kept, with a note and a problem.
    """
    by_paragraph: dict[int | None, list[Figure]] = defaultdict(list)
    for figure in told:
        by_paragraph[figure.locator.paragraph].append(figure)
    problems: list[Problem] = []
    for number, paragraph in enumerate(paragraphs, start=1):
        sentences = prose.sentences(paragraph) if _COUNT.search(paragraph) else ()
        listed = [figure for one in sentences if len(one) <= _LONGEST for figure in _of(one, number)]
        if listed:
            by_paragraph[number], doubt = _joined(paragraph, by_paragraph[number], listed)
            problems += doubt
    return tuple(figure for figures in by_paragraph.values() for figure in figures), tuple(problems)


def _joined(paragraph: str, here: Sequence[Figure], listed: Sequence[Figure]) -> tuple[list[Figure], Sequence[Problem]]:
    total = _stated_total(paragraph, here)
    listed = [next((one for one in here if _same(one, figure)), figure) for figure in listed]
    taken = {figure.value_quoted for figure in listed}
    kept = [one for one in here if one not in listed and not (one.measure is None and one.value_quoted in taken)]
    places = [figure for figure in listed if figure.measure == "detainer_declined"]
    added = sum(int(figure.value or 0) for figure in places)
    if total is None or added <= int(total.value or 0):
        return [*kept, *listed], ()
    note = (
        f"The {len(places)} places listed add up to {added:,}, more than the total of {total.value_quoted} "
        "stated beside them; both are kept as published."
    )
    noted = [replace(one, note=note) if one == total or one in places else one for one in (*kept, *listed)]
    return noted, (Problem(code="sum_exceeds_total", text=note, locator=total.locator.text()),)


def _same(one: Figure, other: Figure) -> bool:
    """Do two figures state the same count of the same place? Then the one of the text, with its period, stays."""
    words = [word for word in (one.place_quoted, one.state_quoted, one.facility_quoted) if word]
    alike = (one.measure, one.value) == (other.measure, other.value) and one.measure is not None
    return alike and bool(words) and all(word in other.quote for word in words)


def _stated_total(paragraph: str, here: Sequence[Figure]) -> Figure | None:
    """Return the one exact count of declined detainers that a paragraph calls a total."""
    declined = [one for one in here if one.measure == "detainer_declined" and one.bound == "exact"]
    declined = [one for one in declined if not (one.place_quoted or one.state_quoted or one.facility_quoted)]
    return declined[0] if len(declined) == 1 and _TOTAL.search(paragraph) else None


def _of(sentence: str, number: int) -> Iterator[Figure]:
    stem, items = _items(sentence)
    said = _DECLINED.search(stem)
    if len(items) < _FEWEST or said is None:
        return
    certain = not (_OPEN.search(stem) or _UNCERTAIN.search(stem[: said.start()]))
    offences = _OFFENCES.search(stem) is not None and all(_OFFENCE.search(item.name) for item in items)
    for item in items:
        where = {} if offences else _where(item.name)
        label = "" if where else unnamed(item.name, sentence)
        measure: Measure | None = "offence_listed" if offences else "detainer_declined" if where else None
        yield Figure(
            measure=measure if certain else None,
            unit="detainers" if where and certain else None,
            value=values.integer(item.count),
            value_quoted=item.count,
            label_quoted=label,
            quote=f"{label or item.name} ({item.count})",
            locator=Locator(paragraph=number),
            **where,
        )


def _where(name: str) -> dict[str, Any]:
    """Return the place that a name can only be, as fields of a figure; nothing for any other words."""
    if states.code(name):
        return {"state_quoted": name}
    place, state = states.split(name)
    if not _NAME.fullmatch(name) or not (state or _PLACE.search(name)):
        return {}
    return {"facility_quoted" if _FACILITY.search(place) else "place_quoted": place, "state_quoted": state}


def _items(sentence: str) -> tuple[str, list[_Item]]:
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
    items = [_Item(name=opening[start:].strip(), count=counts[0]["count"])]
    for before, match in pairwise(counts):
        between = sentence[before.end() : match.start()]
        if len(between) > 120 or re.search(r"[.:]\s", between.replace("St. ", "St ")):
            break
        items.append(_Item(name=_BETWEEN.sub("", between).strip(), count=match["count"]))
    return opening[:start], items
