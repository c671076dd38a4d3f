"""Places as a sentence names them beside a count, where they are its subject beyond doubt; quoted words only."""

import re
from typing import Final

from scraper.readers import states

STATE_WORDS: Final = frozenset(
    word.strip(",").lower() for name in (*states.NAMES, *states.CODES) for word in name.split()
)
_ALSO_CITIES: Final = ("New York", "Washington")


def _one_of(*names: str) -> str:
    return "|".join(re.escape(name).replace(r"\ ", r"\s") for name in sorted(names, key=len, reverse=True))


NAMED: Final = _one_of(*states.NAMES)
"""A state by its full name."""
STATE: Final = rf"(?:{NAMED}|{_one_of(*states.CODES)})(?![\w])"
"""A state's name or code, in capitals as printed."""
_ALONE: Final = rf"(?:{_one_of(*(name for name in states.NAMES if name not in _ALSO_CITIES))})(?![\w])"
"""A state that stands alone and can be nothing else."""
_WORD: Final = r"[A-Z][\w.’'-]+"
COUNTY: Final = rf"{_WORD}(?:\s{_WORD}){{0,3}}\s(?:County|Parish|Borough)"
_TOWN: Final = rf"{_WORD}(?:\s(?:de\s|of\s|la\s)?{_WORD}){{0,3}}"
STATED: Final = rf"(?:(?P<place>{_TOWN}),\s+(?P<state>{STATE})|(?P<county>{COUNTY})|(?P<whole>{_ALONE}))"
"""A place with its state, a county, or a state; `quoted` reads it."""
PLACE: Final = re.compile(STATED)
_SUBJECT: Final = re.compile(
    rf"(?:^|[;:]\s+(?:and\s+)?|\bthat\s+|\d,\s+)(?:[Tt]he\s+)?{STATED}(?:,|\s(?:Sheriff[’']s\s(?:Office|Department)|Jail))?"
    r"(?:\s+(?:has|have|had|account(?:s|ed)\s+for))?\s+$"
)
_BESIDE: Final = re.compile(
    rf"\s+(?:by|in|with|to|throughout)\s+(?:the\s+)?{STATED}(?=[\s,.;]|$)(?!,?\s+(?:and|or)\b|\s[A-Z])"
)
_BEFORE: Final = re.compile(r"^(?:The|In|On|At|By|From)\s+")
"""Words in capitals only because the sentence starts with them."""
ITEM: Final = re.compile(rf"{STATED}\s+\([\d,]+\)")
"""One line of a list in a sentence: "Denver, CO (74)"."""


def quoted(match: re.Match[str] | None) -> dict[str, str]:
    """Return the place of a match under the names of a figure's fields."""
    if match is None:
        return {}
    named = {
        "place_quoted": match["place"] or match["county"] or "",
        "state_quoted": match["state"] or match["whole"] or "",
    }
    return {field: begun(text) for field, text in named.items() if text}


def begun(name: str) -> str:
    """Return a name without the word that only begins the sentence."""
    return _BEFORE.sub("", name)


def of_count(sentence: str, start: int, end: int) -> dict[str, str]:
    """Return the place that is the subject of the words from `start` to `end`, or stands right behind them."""
    before, behind = _SUBJECT.search(sentence[:start]), _BESIDE.match(sentence, end)
    return quoted(before or behind) if not (before and behind) else {}
