"""Case accounts: what a release tells of one person's arrest, detainer and release from custody, without the name."""

import re
from typing import Any, Final

from scraper.documents import values
from scraper.model import CaseAccount, Locator
from scraper.readers.people import unnamed
from scraper.readers.prose import sentences

_YEAR: Final = re.compile(r"(?:19|20)\d\d")
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
