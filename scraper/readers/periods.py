"""Periods as sentences and titles name them, as ISO dates with the precision of the words.

"in 2014" and a fiscal quarter are whole days ("2014-01-01", "2014-12-31"); "from October 2022 to February 2025" is
months ("2022-10", "2025-02"). A phrase that leaves its year open is no period, and makes others beside it uncertain.
"""

import re
from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final

from scraper.documents import values

MONTH: Final = (
    r"(?:Jan(?:uary|\.)?|Feb(?:ruary|\.)?|Mar(?:ch|\.)?|Apr(?:il|\.)?|May|June?\.?|July?\.?|Aug(?:ust|\.)?|"
    r"Sep(?:t(?:ember|\.)?|\.)?|Oct(?:ober|\.)?|Nov(?:ember|\.)?|Dec(?:ember|\.)?)(?![^\W\d])"
)
_DAY: Final = r"(?:3[01]|[12]\d|0?[1-9])(?:st|nd|rd|th)?(?![\d])"
_YEAR: Final = r"(?:19|20)\d\d(?!\d|[/–—-]\d\d?(?!\d))"
_FISCAL: Final = r"(?:[Ff]iscal\s+[Yy]ears?(?:\s+\(FY\))?|FYs?|fy)"
_SHORT: Final = rf"(?:{_YEAR}|['’]?\d\d(?!\d))"
_CARDINAL: Final = ("one", "two", "three", "four")
_COUNTS: Final = ("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven")
_ORDER: Final = ("first 1st", "second 2nd", "third 3rd", "fourth 4th")
_NTH: Final = {word: number for number, words in enumerate(_ORDER, start=1) for word in words.split()}
_ORDINAL: Final = "|".join(_NTH)
_TO: Final = r"(?:,?\s+(?P<to>through|thru|to|until|and)\s+|,?\s*[–—-]\s*)"
_LONGEST_WEEK: Final = 10

_WEEK: Final = re.compile(r"\bweeks?\s+(?:of|ending|ended|beginning|starting|from)\s+(?:on\s+)?$", re.IGNORECASE)
"""A day behind these is one end of a week, and which week is the publisher's to say."""
YEARLESS: Final = re.compile(
    rf"\b(?:{MONTH}\s+{_DAY}|(?:in|from|through|during|since|by|until|early|mid-|late|and|to)\s*{MONTH})"
)
"""A day or month without its year, once the whole dates are taken out."""
RELATIVE: Final = re.compile(
    r"\b(?:last|past|previous|prior|preceding|same|this|next|each|every|recent)\s+(?:\w+\s+)?"
    r"(?:weeks?|months?|quarters?|years?|fiscal|calendar|period)\b|\b(?:today|yesterday|to date|so far|since then|ago)"
    r"\b",
    re.IGNORECASE,
)
"""Words whose period only the day of writing tells."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """A period and where its words stand in the text; a missing end is open."""

    start: str | None
    end: str | None
    at: tuple[int, int]


_Ends = tuple[str | None, str | None]
Span = tuple[str, str]
"""First and last day."""


def found(text: str) -> tuple[list[Period], bool]:
    """Return the periods that `text` names, in order, and whether other words of time make them uncertain."""
    periods: list[Period] = []
    for pattern, ends in _PATTERNS:
        for match in pattern.finditer(text):
            start, end = ends(match)
            periods.append(Period(start=start, end=end, at=match.span()))
        text = pattern.sub(lambda match: "\0" * len(match[0]), text)
    doubt = bool(YEARLESS.search(text) or RELATIVE.search(text) or any(one.start is one.end is None for one in periods))
    return sorted((one for one in periods if one.start or one.end), key=lambda one: one.at), doubt


def named(text: str) -> Period | None:
    """Return the one closed period that a title or file name gives: "ddr_fy2018_q2.pdf" is 2018-01-01 to 2018-03-31."""
    periods, _ = found(re.sub(r"[_+]|%20|(?<=[a-z])-|-(?=[a-z])", " ", text, flags=re.IGNORECASE))
    ends = {(one.start, one.end) for one in periods if one.start and one.end}
    return periods[0] if len(ends) == len(periods) == 1 else None


def weeks(text: str) -> Iterator[tuple[Span, int]]:
    """Yield the first and last day of each week that `text` names, and where its words end."""
    for one in found(text)[0]:
        if len(one.start or "") == len(one.end or "") == len("2017-01-28"):
            first, last = date.fromisoformat(one.start or ""), date.fromisoformat(one.end or "")
            if 0 < (last - first).days < _LONGEST_WEEK:
                yield (first.isoformat(), last.isoformat()), one.at[1]


def whole_months(year: int, first: int, count: int) -> tuple[str, str]:
    """Return first and last day of `count` months from month `first`, which may lie outside 1 to 12."""
    start, end = year * 12 + first - 1, year * 12 + first + count - 2
    last = monthrange(end // 12, end % 12 + 1)[1]
    return f"{start // 12}-{start % 12 + 1:02}-01", f"{end // 12}-{end % 12 + 1:02}-{last:02}"


def _year(text: str) -> int:
    digits = text.strip("'’")
    return int(digits) + (2000 if len(digits) == 2 else 0)


def _joins(match: re.Match[str], apart: int = 2) -> bool:
    """Tell whether the words between two dates make a period: "and" does so after "between", or for years in a row."""
    before = match.string[max(0, match.start() - 24) : match.start() + 8].lower()
    return match["to"] != "and" or "between" in before or "week of" in before or apart <= 1


def _fiscal(match: re.Match[str]) -> _Ends:
    first, last = _year(match["year"]), _year(match["last"] or match["year"])
    whole = first <= last and _joins(match, last - first)
    return (whole_months(first, -2, 1)[0], whole_months(last, 9, 1)[1]) if whole else (None, None)


def _quarter(match: re.Match[str]) -> _Ends:
    words = (match["q"] or match["word"] or match["nth"]).lower()
    number = int(words) if words.isdigit() else _NTH.get(words) or _CARDINAL.index(words) + 1
    return whole_months(_year(match["year"]), 3 * number - 5, 3)


def _part(match: re.Match[str]) -> _Ends:
    """Read "the first three months of fiscal year 2017"; a quarter of a year that may be fiscal or not is open."""
    kind, nth = (match["kind"] or "").lower(), match["nth"].lower()
    if kind == "quarter" and not match["calendar"] and not match["fiscal"]:
        return None, None
    length = {"quarter": 3, "half": 6}.get(kind) or _COUNTS.index(match["count"].lower()) + 2
    parts = 1 if match["count"] else 12 // length
    if nth in _NTH and _NTH[nth] > parts:
        return None, None
    first = 1 + length * (_NTH[nth] - 1) if nth in _NTH else 13 - length
    return whole_months(_year(match["year"]), first - (3 if match["fiscal"] else 0), length)


def _range(match: re.Match[str]) -> _Ends:
    """Read a range of days or months; the year, or month, that one end leaves out is that of the other."""
    last_year = match["year_2"]
    end = _point(match["month_2"] or match["month"], match["day_2"] or match["day_3"], last_year)
    start = _point(match["month"], match["day"], match["year"] or last_year)
    if start and end and start > end and match["month_2"] and not match["year"]:
        start = _point(match["month"], match["day"], str(int(last_year) - 1))
    ordered = start and end and start[: len(end)] <= end[: len(start)]
    return (start, end) if ordered and _joins(match) else (None, None)


def _point(month: str, day: str | None, year: str) -> str | None:
    number = re.match(r"\d+", day or "")
    return values.date(f"{month} {number[0]}, {year}" if number else f"{month} {year}")


def _in_file_name(match: re.Match[str]) -> _Ends:
    start, end = (values.date(f"{match['year']}-{match[days]}") for days in ("first", "last"))
    return (start, end) if start and end and start <= end else (None, None)


def _moment(match: re.Match[str]) -> _Ends:
    if _WEEK.search(match.string, 0, match.start("month")):
        return None, None
    at = _point(match["month"], match["day"], match["year"])
    return _opened(match["open"], at, at)


def _years(match: re.Match[str]) -> _Ends:
    first, last = match["year"], match["last"] or match["year"]
    whole = first <= last and _joins(match, int(last) - int(first))
    return _opened(match["open"], f"{first}-01-01", f"{last}-12-31") if whole else (None, None)


def _opened(word: str | None, start: str | None, end: str | None) -> _Ends:
    """Return the ends that "since", "by" and the like leave; with "before" and "after" neither is certain."""
    match values.fold(word or "").lower():
        case "":
            return start, end
        case "since":
            return start, None
        case "before" | "after" | "prior to":
            return None, None
    return None, end


_OPEN: Final = r"(?P<open>[Ss]ince|[Bb]y|[Tt]hrough|[Uu]ntil|[Aa]s\s+of|[Bb]efore|[Aa]fter|[Pp]rior\s+to)"
_WITHIN: Final = r"[Ii]n|[Oo]n|[Dd]uring|[Tt]hroughout|[Ff]or|[Ff]rom"
_ROUGH: Final = r"(?:(?:early|mid|late)[-\s])?"
_DATE: Final = rf"{_ROUGH}(?P<month>{MONTH})(?:\s*(?P<day>{_DAY}))?"
_BEHIND: Final = r"(?:(?<=[–—-])|(?<=[–—-]\s)|(?<=\bto\s)|(?<=\band\s)|(?<=\bthrough\s))"
_LAST: Final = rf"{_ROUGH}(?P<month_2>{MONTH})(?:\s*(?P<day_2>{_DAY}))?|{_BEHIND}(?P<day_3>{_DAY})"
_QUARTER: Final = (
    rf"(?:(?:Q|quarter\s+)(?P<q>[1-4])|quarter\s+(?P<word>one|two|three|four)|(?P<nth>{_ORDINAL})\s+quarter)"
)
_ANY: Final = re.IGNORECASE
_PATTERNS: Final = (
    (
        re.compile(r"(?<!\d)(?P<year>20\d\d)[_-](?P<first>\d\d-\d\d)[_ ]*(?:to|-)[_ ]*(?P<last>\d\d-\d\d)(?!\d)"),
        _in_file_name,
    ),
    (re.compile(rf"\b{_FISCAL}\s*(?P<year>{_SHORT}),?\s*{_QUARTER}\b", _ANY), _quarter),
    (re.compile(rf"\b{_QUARTER},?\s*(?:of\s+(?:the\s+)?)?{_FISCAL}\s*(?P<year>{_SHORT})", _ANY), _quarter),
    (
        re.compile(
            rf"\b(?P<nth>{_ORDINAL}|last|final)\s+(?:(?P<count>{'|'.join(_COUNTS)})\s+months|(?P<kind>quarter|half))\s+of"
            rf"\s+(?:(?P<fiscal>{_FISCAL})|(?P<calendar>calendar\s+year)|the\s+year)?\s*(?P<year>{_YEAR})",
            _ANY,
        ),
        _part,
    ),
    (re.compile(rf"\b{_FISCAL}\s*(?P<year>{_SHORT})(?:{_TO}(?:{_FISCAL}\s*)?(?P<last>{_YEAR}))?"), _fiscal),
    (
        re.compile(
            rf"\b{_DATE}(?:,?\s+(?P<year>{_YEAR}))?(?:{_TO}|(?<=\d)\s+(?={MONTH}\s*\d))(?:{_LAST}),?\s+(?P<year_2>{_YEAR})",
            _ANY,
        ),
        _range,
    ),
    (re.compile(rf"\b(?:(?:{_OPEN}|{_WITHIN})\s+)?{_DATE},?\s+(?P<year>{_YEAR})"), _moment),
    (
        re.compile(
            rf"\b(?:{_OPEN}|{_WITHIN}|[Bb]etween|(?=[Cc]alendar))\s*(?:(?:the|calendar)\s+years?\s+)?(?P<year>{_YEAR})"
            rf"(?!\s+(?:detainers?|people))(?:{_TO}(?P<last>{_YEAR}))?",
        ),
        _years,
    ),
)
"""What names a period, most telling first, and how its ends are read; (None, None): a time without certain ends."""
