"""Which column of a table names states, places, facilities or charges, and what each column of numbers counts.

Columns are told by the words of their headers and checked by what stands under them. What a number counts is said by
its header, else by the words above the table; where neither is certain the column has no measure.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from scraper.documents import values
from scraper.model import Table
from scraper.readers import measured, states
from scraper.terms import Measure, Unit

_WITHIN: Final = 30
_SAMPLE: Final = 200
"""Rows in which the header is looked for, and rows that show what stands under it."""
Role = Literal["state_quoted", "facility_quoted", "place_quoted", "label_quoted"]
_OR: Final = r"(?: ?(?:/|,|&|or|and) ?)"
_PLACES: Final = r"(?:jurisdictions?|count(?:y|ies)|cit(?:y|ies)|parish(?:es)?|localit(?:y|ies)|locations?|places?)"
_FACILITIES: Final = (
    r"(?:(?:detention |custodial |holding )?(?:facilit(?:y|ies)|centers?)|jails?|prisons?|institutions?|"
    r"(?:law enforcement )?agenc(?:y|ies)|lea)"
)
_CHARGES: Final = r"(?:charges?|offen[cs]es?|crimes?|convictions?|severity|category|level)"
_ROLES: Final[Mapping[Role, re.Pattern[str]]] = {
    "state_quoted": re.compile(rf"(?:u\.?s\.? )?states?(?: (?:name|code))?(?:{_OR}(?:territor(?:y|ies)|d\.?c\.?))*"),
    "facility_quoted": re.compile(rf"(?:name of )?(?:the )?{_FACILITIES}(?:{_OR}{_FACILITIES})*(?: names?)?"),
    "place_quoted": re.compile(rf"(?:top (?:\d+ )?)?{_PLACES}(?:{_OR}{_PLACES})*(?: names?)?"),
    "label_quoted": re.compile(
        rf"(?:most serious |criminal |type of |threat )*{_CHARGES}(?: (?:category|type|level))?(?:{_OR}{_CHARGES})*"
    ),
}
_DECLINED: Final = re.compile(r"declin|refus|reject|ignor|disregard|not hono|unhono|failed to hono", re.IGNORECASE)
_NOTICE: Final = re.compile(r"insufficient|(?:late|short|too little) notice", re.IGNORECASE)
_HONOURED: Final = re.compile(r"^(?!.*(?:not|un|failed to) ?hono).*hono")
_TURNED: Final = re.compile(rf"\bnot (?!hono)|\bno\b|{_HONOURED.pattern}")
"""Words that turn a header, or those above a table, into their opposite."""
_ISSUED: Final = re.compile(r"\bissued|\blodged|\bplaced", re.IGNORECASE)
_PEOPLE: Final = re.compile(
    r"\b(?:people|persons|individuals|(?:non-?citizen|alien|inmate|criminal)s)\b", re.IGNORECASE
)
_SHARE: Final = re.compile(r"%|\bper ?cent|\bshare\b|\bpct\b", re.IGNORECASE)
_WHOLE: Final = re.compile(r"\b(?:totals?|all|sum|combined|both)\b", re.IGNORECASE)
_COUNTED: Final = re.compile(
    r"\b(?:counts?|numbers?|detainers?|cases|releases?|released|convict\w*|charged|charges|pending)\b"
)
_KNOWN_TEXT: Final = """
    a all and both by case cases charge charged charges combined convicted conviction convictions count counts declined
    declines detainer detainers disregarded failed for grand honor honored honour honoured ice ignored insufficient
    issued late lea lodged not notice number of or overall pct pending percent percentage people persons individuals
    aliens criminals inmates noncitizens noncitizen placed refused rejected release released releases requests share
    short sum that the to too total totals unhonored unhonoured w were with % +
"""
_KNOWN: Final = frozenset(_KNOWN_TEXT.split())
"""Words of which the header of a count is made; any other ("population", "rank", "per 100,000") may change it."""
_FISCAL: Final = re.compile(r"\b(?:fy|fiscal year)\s*'?(?:20)?(\d\d)\b")
_ITS_SHARE: Final = re.compile(r"(?<=\d)\s*\(\s*\d{1,3}(?:\.\d+)?\s*%\s*\)\s*$")
BLANK: Final = frozenset({"", "-", "–", "—", "n/a", "na"})
"""What a cell without a number holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of counts; `whole`: its header says no more than that it is a total."""

    at: int
    header: str
    measure: Measure | None
    unit: Unit | None
    whole: bool
    own: bool
    """Is its measure said by its own header, not by the words above the table?"""
    period: tuple[str, str] | tuple[None, None] = (None, None)
    """The fiscal year in its header."""
    labelled: bool = False
    """Its header is part of the label: another column counts the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What each column is for, and the row that says so."""

    header: int
    names: Mapping[Role, int]
    counts: tuple[Column, ...]
    unread: tuple[tuple[str, bool], ...]
    """Columns without a meaning, and whether they hold numbers."""
    doubled: str = ""


def shape_of(table: Table, about: str) -> Shape:
    """Find the header: the row that names the most columns. `about` are the words above the table."""
    best = Shape(header=0, names={}, counts=(), unread=())
    for index in range(min(_WITHIN, len(table.rows) - 1)):
        if len(set(table.rows[index])) < 2:
            continue
        shape = _shape_at(table, index, about)
        score = (bool(shape.names and shape.counts), len(shape.names) + len(shape.counts))
        if score > (bool(best.names and best.counts), len(best.names) + len(best.counts)):
            best = shape
    return best


def _shape_at(table: Table, index: int, about: str) -> Shape:
    about = " ".join((about, *(cell for row in table.rows[:index] for cell in dict.fromkeys(row))))
    names: dict[Role, int] = {}
    counts: list[Column] = []
    unread: list[tuple[str, bool]] = []
    doubled = ""
    for at, header in enumerate(table.rows[index]):
        sample = table.rows[index + 1 : index + 1 + _SAMPLE]
        under = [row[at] for row in sample if row[at].lower() not in BLANK]
        if not under and not header:
            continue
        number = 2 * sum(_value(cell) is not None for cell in under) > len(under)
        role = None if number else _role(header, under)
        column = _counts(at, header, about) if number and header else None
        if role in names:
            doubled = doubled or header
        elif role:
            names[role] = at
        elif column:
            counts.append(column)
        elif under or header:
            unread.append((header or f"column {at + 1}", number))
    headers = Counter(values.key(column.header) for column in counts)
    doubled = doubled or next((column.header for column in counts if headers[values.key(column.header)] > 1), "")
    return Shape(header=index, names=names, counts=_certain(counts), unread=tuple(unread), doubled=doubled)


def speaks_of_detainers(words: str) -> bool:
    """Do words speak of detainers, or of declining or late notice?"""
    return any(pattern.search(words) for pattern in (_DECLINED, _NOTICE, measured.DETAINER))


def _role(header: str, under: Sequence[str]) -> Role | None:
    words = values.key(values.unfootnoted(header))
    known = sum(states.code(cell) is not None for cell in under)
    if not words:  # the corner of a table is often left empty; the names of states speak for themselves
        return "state_quoted" if under and 1.2 * known >= len(under) else None
    return next((role for role, pattern in _ROLES.items() if pattern.fullmatch(words)), None)


def _counts(at: int, header: str, about: str) -> Column | None:
    """Return what a column of numbers counts by its own header, or None where that is not certain."""
    words = values.key(values.unfootnoted(header))
    year = _FISCAL.search(words)
    words = _FISCAL.sub("", words).replace("no. of", "number of")
    own = _measure(words)
    counted = own or year or any(one.search(words) for one in (_WHOLE, _COUNTED, _SHARE, _PEOPLE))
    if not counted or _TURNED.search(words) or not set(re.findall(r"[^\W\d_]+|\d+|[%+]", words)) <= _KNOWN:
        return None
    measure = own or (None if _HONOURED.search(values.key(about)) else _measure(about))
    people = _PEOPLE.search(words) or (not own and _PEOPLE.search(about))
    unit: Unit | None = "people" if people else "detainers" if measure else None
    if people:
        measure = "people_declined" if measure == "detainer_declined" and own else None
    if _SHARE.search(words):
        unit = "percent"
    return Column(
        at=at,
        header=header,
        measure=measure,
        unit=unit,
        whole=own is None and _WHOLE.search(words) is not None,
        own=own is not None,
        period=(f"20{int(year[1]) - 1:02}-10-01", f"20{year[1]}-09-30") if year else (None, None),
    )


def _measure(words: str) -> Measure | None:
    declined, notice, issued = (pattern.search(words) for pattern in (_DECLINED, _NOTICE, _ISSUED))
    if issued:
        return None if declined or notice else "detainer_issued"
    if declined and notice:
        return "declined_or_insufficient_notice"
    return "detainer_declined" if declined else "insufficient_notice" if notice else None


def _certain(counts: Sequence[Column]) -> tuple[Column, ...]:
    """Give a total column the sum of the two it stands beside; with only one of them left it counts nothing certain."""
    there = {column.measure for column in counts if column.own and column.unit == "detainers"}
    parts = there & {"detainer_declined", "insufficient_notice"}
    made = []
    for column in counts:
        if column.whole and parts and column.unit != "percent":
            both = len(parts) == 2
            column = replace(
                column, measure="declined_or_insufficient_notice" if both else None, unit="detainers" if both else None
            )
        made.append(column)
    alike = Counter((column.measure, column.unit, column.period) for column in made)
    return tuple(replace(one, labelled=alike[one.measure, one.unit, one.period] > 1) for one in made)


def count(cell: str) -> int | None:
    """Read a count, also one with its share behind it: "13,025 (52%)"."""
    return values.integer(_ITS_SHARE.sub("", cell))


def _value(cell: str) -> int | float | None:
    whole = count(cell)
    return whole if whole is not None else values.percent(cell)
