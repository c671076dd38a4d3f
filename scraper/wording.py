"""Plain words for dates and periods, and strangers' text made fit for one line. Pure."""

import re
import unicodedata
from datetime import date, timedelta

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def clean(text: str, limit: int = 300) -> str:
    """Return `text` as one line of at most `limit` characters without control, direction or surrogate characters."""
    kept = (harmless(char) for char in text[: limit * 4])
    return fit(" ".join("".join(kept).split()), limit)


def date_words(text: str) -> str:
    """Return "3 Feb 2017" for 2017-02-03 and "Feb 2017" for 2017-02; anything else as it is, cleaned."""
    found = re.fullmatch(r"(\d{4})-(0[1-9]|1[0-2])(?:-(\d\d))?", text)
    if found is None:
        return clean(text, 40)
    year, month, day = found.groups()
    return f"{int(day)} {_MONTHS[int(month) - 1]} {year}" if day else f"{_MONTHS[int(month) - 1]} {year}"


def time_words(text: str) -> str:
    """Return "23 Nov 2026, 04:00 UTC" for 2026-11-23T04:00:00Z."""
    found = re.fullmatch(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d)(?::\d\d(?:\.\d+)?)?Z", text)
    return f"{date_words(found[1])}, {found[2]} UTC" if found else clean(text, 40)


def period_words(start: str | None, end: str | None) -> str:
    """Return a period as people write it: "week to 3 Feb 2017", "Jan–Mar 2018", "2014"; "" when there is none."""
    if not start or not end:
        return f"from {date_words(start)}" if start else f"until {date_words(end)}" if end else ""
    if start == end:
        return date_words(start)
    first, last = _date(start), _date(end)
    if first is None or last is None:
        return f"{date_words(start)} – {date_words(end)}"
    if (last - first).days == 6:
        return f"week to {date_words(end)}"
    if first.day != 1 or last.year > 9000 or (last + timedelta(days=1)).day != 1:
        return f"{date_words(start)} – {date_words(end)}"
    return _months(first, last)


def _months(first: date, last: date) -> str:
    start, end = _MONTHS[first.month - 1], _MONTHS[last.month - 1]
    if first.year != last.year:
        return f"{start} {first.year} – {end} {last.year}"
    if (first.month, last.month) == (1, 12):
        return str(first.year)
    return f"{end} {last.year}" if first.month == last.month else f"{start}–{end} {last.year}"


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def harmless(char: str) -> str:
    """Return a space for a control character, nothing for a direction, format or surrogate one, else the character."""
    category = unicodedata.category(char)
    return " " if category in ("Cc", "Zl", "Zp") else "" if category in ("Cf", "Cs") else char


def fit(text: str, limit: int) -> str:
    """Return `text`, cut to `limit` characters with an ellipsis."""
    return text if len(text) <= limit else f"{text[: limit - 1].rstrip()}…"
