"""Cells and phrases as values: integers, dates with their precision, keys for comparing. Uncertain text gives None.

Decimal points and group commas are read as in the United States, where the publishers write.
"""

import re
import unicodedata
from datetime import date as calendar_date
from typing import Final

MARKS: Final = r"(?:\s*(?:\[(?:[0-9]{1,3}|[a-z]|note [0-9]{1,3})\]|[*†‡§¶#]+|[⁰¹²³⁴⁵⁶⁷⁸⁹]+))+"
"""Footnote marks behind a word or number."""
_TRAILING_MARKS: Final = re.compile(rf"(?<=\S){MARKS}\s*$", re.IGNORECASE)
_DIGITS: Final = r"(?:[1-9][0-9]{0,2}(?:,[0-9]{3})+|[0-9]+)"
_INTEGER: Final = re.compile(_DIGITS)
_NUMBER: Final = re.compile(rf"([-−–]?)({_DIGITS})(\.[0-9]+)?")
_PERCENT: Final = re.compile(r"(.*?)\s*(?:%|percent|per cent)", re.IGNORECASE)
_MONEY: Final = re.compile(r"([-−–]?)(?:US)?\$\s*(.*)")
_MOST_DIGITS: Final = 15

_MONTH_NAMES: Final = (
    "jan january,feb february,mar march,apr april,may,jun june,jul july,aug august,"
    "sep sept september,oct october,nov november,dec december"
)
_MONTHS: Final = {
    name: number for number, names in enumerate(_MONTH_NAMES.split(","), start=1) for name in names.split()
}
_MONTH: Final = r"(?P<month>[a-z]{3,9})\.?"
_DATES: Final = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"(?P<y>[0-9]{4})-(?P<m>[0-9]{2})(?:-(?P<d>[0-9]{2})(?:[T ][0-9]{2}:[0-9]{2}.*)?)?",
        r"(?P<m>[0-9]{1,2})/(?P<d>[0-9]{1,2})/(?P<y>[0-9]{4})",
        rf"(?:[a-z]{{3,9}}\.?,\s+)?{_MONTH}\s*(?P<d>[0-9]{{1,2}})(?:st|nd|rd|th)?,?\s+(?P<y>[0-9]{{4}})",
        rf"(?:[a-z]{{3,9}}\.?,\s+)?(?P<d>[0-9]{{1,2}})(?:st|nd|rd|th)?[\s-]+{_MONTH},?[\s-]+(?P<y>[0-9]{{4}})",
        rf"{_MONTH},?\s+(?P<y>[0-9]{{4}})",
    )
)
_MONTH_YEAR: Final = re.compile(rf"{_MONTH}[\s-]+'?(?P<y>[0-9]{{4}}|[0-9]{{2}})", re.IGNORECASE)


def fold(text: str) -> str:
    """Return `text` with every run of white space (no-break spaces, line breaks) as one space, stripped."""
    return " ".join(text.split())


def key(text: str) -> str:
    """Return the form under which header words and row keys are compared; never for display.

    Case and white space do not matter, invisible format characters (zero width, direction marks) are gone, accents
    are composed. Letters that only look alike (Cyrillic "а") stay distinct.
    """
    if text.isascii():
        return fold(text).lower()
    visible = "".join(char for char in text if unicodedata.category(char) != "Cf")
    return unicodedata.normalize("NFC", fold(unicodedata.normalize("NFC", visible)).casefold())


def unfootnoted(text: str) -> str:
    """Return a name or number without the footnote marks behind it: "Denver [1]" -> "Denver"."""
    return _TRAILING_MARKS.sub("", fold(text))


def integer(text: str) -> int | None:
    """Read a count: "13,025" -> 13025, "188 [1]" -> 188.

    None for anything uncertain: negatives, decimals, percent, words, groups that are not thousands, over 15 digits.
    """
    bare = unfootnoted(text)
    digits = bare.replace(",", "")
    return int(digits) if _INTEGER.fullmatch(bare) and len(digits) <= _MOST_DIGITS else None


def number(text: str) -> float | int | None:
    """Read an integer or decimal number, negative allowed: "-1,234.5" -> -1234.5."""
    match = _NUMBER.fullmatch(unfootnoted(text))
    if match is None or len(digits := match[2].replace(",", "")) > _MOST_DIGITS or len(match[0]) > _MOST_DIGITS + 6:
        return None
    value = float(digits + match[3]) if match[3] else int(digits)
    return -value if match[1] else value


def percent(text: str) -> float | int | None:
    """Read "52 %" or "9.5 percent" as 52 or 9.5; a bare number is None, since a sheet may hold 0.52 for it."""
    match = _PERCENT.fullmatch(unfootnoted(text))
    return number(match[1]) if match else None


def money(text: str) -> float | int | None:
    """Read dollars: "$1,234.50" -> 1234.5; without the sign None."""
    match = _MONEY.fullmatch(unfootnoted(text))
    value = number(match[2]) if match else None
    if match is None or value is None or value < 0:
        return None
    return -value if match[1] else value


def date(text: str) -> str | None:
    """Return a date as ISO text with the precision it was written with: "2017-01-28", "2017-02".

    Month first where both are digits. None for impossible dates, two-digit years and anything else.
    """
    return _read(text, _DATES)


def month_year(text: str) -> str | None:
    """Return the month of "Sep-14" or "September 2014" as "2014-09"; two digits are a year of this century."""
    return _read(text, (_MONTH_YEAR,))


def _read(text: str, patterns: tuple[re.Pattern[str], ...]) -> str | None:
    bare = unfootnoted(text)
    match = next((found for pattern in patterns if (found := pattern.fullmatch(bare))), None)
    if match is None:
        return None
    parts = match.groupdict()
    year = int(parts["y"]) + (2000 if len(parts["y"]) == 2 else 0)
    month = _MONTHS.get(parts["month"].lower(), 0) if "month" in parts else int(parts["m"])
    try:
        whole = calendar_date(year if 1900 <= year <= 2199 else 0, month, int(parts.get("d") or 1)).isoformat()
    except ValueError:
        return None
    return whole if parts.get("d") else whole[:7]
