"""Case accounts: what a release tells of one person's arrest, detainer and release from custody, without the name.

Each part of a sentence may tell one event; a date counts for it only where the part holds no other event or date.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from scraper.documents import values
from scraper.model import CaseAccount, Locator
from scraper.readers import periods, sited
from scraper.readers.people import unnamed
from scraper.readers.prose import sentences

_YEAR: Final = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
_DATE: Final = re.compile(
    rf"\b(?P<month>{periods.MONTH})\s+(?P<day>\d{{1,2}})\b(?!\d)(?:,\s+(?P<year>\d{{4}}))?|"
    rf"\b(?P<only_month>{periods.MONTH}),?\s+(?P<its_year>(?:19|20)\d\d)\b|\b(?:[Ii]n|[Ee]arly|[Ll]ate|[Mm]id)[\s-]+(?P<bare>{periods.MONTH})(?!\w|,?\s+\d)"
)
_HEAD: Final = re.compile(
    rf"(?:(?P<place>[A-Z][\w.’' -]{{1,40}}?(?:County|Borough|Parish|City|Island|Bronx|Brooklyn|Queens|Manhattan))"
    rf"(?:,\s+(?P<state>{sited.STATE}))?|(?P<town>[A-Z][\w.’' -]{{1,40}}?),\s+(?P<its_state>{sited.STATE}))\s*[:–—]\s+"
)
_CITIZENSHIP: Final = re.compile(
    r"\b(?!The\b|Foreign\b|This\b|Each\b)(?P<adjective>[A-Z][a-zé-]+(?:\s[A-Z][a-z]+)?)\s+(?:national|citizen)\b"
    r"|\b(?:citizen|national|native|alien|noncitizen|individual|man|woman)(?:\s+and\s+(?:citizen|national))?\s+(?:of|from)\s+"
    r"(?P<country>(?:the\s+)?[A-Z][\w]+(?:\s(?:and\s)?[A-Z]\w+){0,3})"
)
_AGE: Final = re.compile(r",\s+(?:age\s+)?(?P<after>[1-9]\d)\s*,|\b(?P<old>[1-9]\d)[- ]year[- ]old\b")
_AGENCY: Final = (
    r"(?:(?:[A-Z][\w.’'-]*\s(?:of\s|the\s|and\s)?){0,6}?(?:Police(?:\sDepartment)?|Sheriff(?:[’']s)?(?:\s(?:Office|Department))?|"
    r"Department(?:\sof\s[A-Z]\w+)?|Corrections|Jail|Constable|Highway\sPatrol)|[A-Z]{2,6}(?:PD|SO|SD))(?:\s\([A-Z]{2,8}\))?"
)
_BY: Final = re.compile(
    r"\barrested\s+(?:again\s+)?by\s+(?:the\s+)?(?P<agency>[^,.;:]{3,80}?)(?=\s+(?:on|for|in|and|after)\b|[,.;]|$)"
)
_ACTIVE: Final = re.compile(
    rf"(?:^|\s)(?:[Tt]he\s+)?(?P<agency>{_AGENCY}|local\s+(?:authorities|police))\s+(?:officers\s+|deputies\s+)?(?:again\s+)?"
    r"(?:re-?)?arrested\b"
)
_CHARGES: Final = re.compile(
    r"\s(?:for(?!\s+(?:the|a)\s+(?:second|third|\w+th)\s+time)|on\s+(?:\w+\s+)?(?:charges|suspicion)\s+of)\s+(?:the\s+(?:\w+\s+)?offen[cs]es?\s+of\s+)?(?P<charges>.+)"
)
_CHARGES_END: Final = re.compile(
    rf",?\s+(?:and\s+(?:was|were|later|subsequently|released)\s|(?:on|in)\s+{periods.MONTH}\s\d|before\s+being\b|after\s+which\b).*"
    r"|;\s+(?:ICE|ERO|[Tt]he|[Oo]n|[Ii]n|[Hh]e|[Ss]he|[Aa]n?)\s.*|[.;]\s*$"
)
_FEDERAL: Final = re.compile(r"\b(?:ICE|ERO|HSI|deportation officers?|Immigration and Customs)\b")
_REFUSED: Final = re.compile(
    r"\bdetainers?\b[^.]{0,80}\b(?:not\s+honou?red|ignored|declined|refused|disregarded)\b"
    r"|\b(?:despite|ignor\w+|declin\w+|refus\w+|disregard\w+|(?:not|fail\w*\s+to)\s+honou?r\w*)\b[^.]{0,80}\bdetainers?\b",
    re.IGNORECASE,
)
_LONGEST: Final = 6000
"""A longer text is no account of one case."""
_NEAR: Final = 200
"""Characters between the agency and the word before the charges, at most."""
_PARTS: Final = re.compile(
    r";\s+|,\s+(?:and|but|then|after\s+which|who)\s+|\s+(?:and|but|then)\s+(?=(?:was|were|had|has|later|subsequently|released|"
    r"re-?arrested|declined|refused|[Ii]n\s+[A-Z]|on\s+[A-Z]|ICE|ERO|did\s+not)\b)|\s+(?=(?:before|after)\s+being\s)"
)
"""Where a sentence goes on to another event."""
_LODGED: Final = "(?:lodged|issued|placed|filed)"
_TELLS: Final = {
    "rearrested_on": re.compile(r"(?i)\bre-?arrest|\barrested\s+(?:him\s+|her\s+)?again\b|\bagain\s+arrested\b"),
    "detainer_on": re.compile(rf"(?i)\bdetainers?\b.*\b{_LODGED}|\b{_LODGED}\b.*\bdetainer"),
    "declined_on": re.compile(
        r"(?i)\b(?:not|failed\s+to|refused\s+to)\s+(?:been\s+)?honou?r|\bdeclined\b|\bignored\b|\bdisregarded\b"
    ),
    "released_on": re.compile(r"(?i)\breleased\b"),
}
_ARRESTED: Final = re.compile(r"(?i)\b(?:re-?)?arrest(?:ed|ing)\b")
CUSTODY: Final = re.compile(r"(?i)\b(?:re-?)?arrest|\breleased?\b|\bbooked\b")
"""Words of an arrest or a release from custody."""
_PERSON: Final = re.compile(
    r"\b(?:[Aa]n?|[Tt]he|[Tt]his)\s+(?:[\w-]+\s+){0,4}?(?:national|citizen|native|alien|noncitizen|individual|person|subject|"
    r"man|woman|male|female|offender|inmate|detainee)\b|\b(?:[Hh]e|[Ss]he|him|her|his)\b"
)
_EARLIER: Final = re.compile(r"(?i)\b(?:previous(?:ly)?|prior|criminal\s+history)\b")
_NOT_SO: Final = re.compile(r"(?i)\b(?:not|never|without\s+being)\s+(?:yet\s+|been\s+)*(?:charged|convicted)")
_AGENCYS_PLACE: Final = re.compile(r"(?P<place>[A-Z].+?)(?<!State)\s(?:Police|Sheriff|Department|Corrections|Jail)\b")
_IN_PLACE: Final = re.compile(rf"\bin\s+(?:the\s+city\s+of\s+)?{sited.STATED}")
_ORDER: Final = ("arrested_on", "detainer_on", "declined_on", "released_on", "rearrested_on")
_COURSE: Final = ("arrested_on", "released_on", "rearrested_on")
"""What can only come one after the other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Event:
    """One event a sentence tells. `kind` is a date field, "" for an arrest by ICE."""

    kind: str
    sentence: str
    agency: re.Match[str] | None = None
    date: re.Match[str] | None = None


def tells_refusals(text: str) -> bool:
    """Does the text say that detainers were not honoured?"""
    return _REFUSED.search(text) is not None


def tells_case(text: str) -> bool:
    """Does a paragraph look like the account of one case: an arrest, booking or release of one person?"""
    one = _AGE.search(text) or (_PERSON.search(text) and (_DATE.search(text) or _CITIZENSHIP.search(text)))
    return bool(CUSTODY.search(text) and one)


def citizenships(text: str) -> set[str]:
    """Return the citizenships that a text names; more than one is more than one case."""
    return {found["adjective"] or found["country"] for found in _CITIZENSHIP.finditer(text)}


def account(
    item: str, position: int, published: str | None, locator: Locator, above: Mapping[str, str] | None = None
) -> CaseAccount | None:
    """Return one item as a case account, or None where it tells of no arrest of a noncitizen by a local agency.

    `above`: place and state of the heading it stands under, for what the item itself leaves open.
    """
    if len(item) > _LONGEST:
        return None
    head = _HEAD.match(item)
    body = item[head.end() :] if head else item
    events = list(_events(body))
    local = next((one for one in events if one.kind == "arrested_on"), None)
    citizenship = _CITIZENSHIP.search(item)
    if local is None or local.agency is None or citizenship is None:
        return None
    guessing = None if _YEAR.search(item) else published  # a stated year beside it says more than the release's date
    dates = _in_course({one.kind: _date(one.date, guessing) for one in reversed(events) if one.date and one.kind})
    followed = [one.sentence for one in events if one.kind in ("rearrested_on", "") and one.sentence != local.sentence]
    age = _AGE.search(item)
    stated: dict[str, Any] = {name: day for name, (day, _) in dates.items()}
    return CaseAccount(
        position=position,
        agency_quoted=unnamed(local.agency["agency"], item),
        citizenship_quoted=citizenship["adjective"] or citizenship["country"],
        age=int(age["after"] or age["old"]) if age else None,
        dates_inferred=",".join(name for name in _ORDER if dates.get(name, ("", False))[1]),
        charges_quoted=unnamed(_charges(local.sentence[local.agency.end() :]), item),
        disposition=disposition(part for part in sentences(body) if part not in followed),
        followed_quoted=unnamed(" ".join(dict.fromkeys(followed)), item),
        quote=unnamed(item),
        locator=locator,
        **_place(head, local, above or {}),
        **stated,
    )


def _events(body: str) -> Iterator[_Event]:
    """Yield what the account tells, in its order: of a part with two events or two dates no date is certain."""
    free = False
    for sentence in sentences(body):
        at = 0
        for gap in (*_PARTS.finditer(sentence), None):
            part = sentence[at : gap.start() if gap else len(sentence)]
            kinds = [kind for kind, words in _TELLS.items() if words.search(part)]
            if _ARRESTED.search(part):
                yield _arrest(sentence, at, part, free, dated=kinds in ([], ["rearrested_on"]))
            elif kinds in (["declined_on", "released_on"], kinds[:1]) and kinds:
                yield _Event(kind=kinds[-1], sentence=sentence, date=_only_date(part))
            free = free or bool({"declined_on", "released_on"} & set(kinds))
            at = gap.end() if gap else at


def _arrest(sentence: str, at: int, part: str, free: bool, dated: bool) -> _Event:
    """Return an arrest; by a local agency after a release from custody it is an arrest again."""
    agency = next((found for words in (_BY, _ACTIVE) if (found := words.search(sentence, at, at + len(part)))), None)
    by_ice = _FEDERAL.search(agency["agency"] if agency else part) is not None
    again = _TELLS["rearrested_on"].search(part) or (free and not _EARLIER.search(part) and "had been" not in part)
    kind = "" if by_ice else "rearrested_on" if again else "arrested_on"
    return _Event(kind=kind, sentence=sentence, agency=agency, date=_only_date(part) if dated else None)


def _only_date(part: str) -> re.Match[str] | None:
    found = list(_DATE.finditer(part))
    return found[0] if len(found) == 1 else None


def _date(found: re.Match[str] | None, published: str | None) -> tuple[str | None, bool]:
    """Return a date with the precision of its words, and whether its year is that of the document."""
    if found is None:
        return None, False
    day = f"{found['month'] or found['only_month'] or found['bare']}" + (f" {found['day']}," if found["day"] else "")
    if year := found["year"] or found["its_year"]:
        return values.date(f"{day} {year}"), False
    if published is None:
        return None, False
    this_year, last_year = (values.date(f"{day} {int(published[:4]) - ago}") for ago in (0, 1))
    past = this_year is not None and this_year <= published[: len(this_year)]
    return this_year if past else last_year, True


def _in_course(dates: dict[str, tuple[str | None, bool]]) -> dict[str, tuple[str | None, bool]]:
    """Leave out the inferred dates where they would put a release before its arrest."""
    course = [day for name in _COURSE if (day := dates.get(name, (None, False))[0])]
    wrong = any(one[: len(next_one)] > next_one[: len(one)] for one, next_one in pairwise(course))
    return {name: (None, False) if wrong and guessed else (day, guessed) for name, (day, guessed) in dates.items()}


def _place(head: re.Match[str] | None, local: _Event, above: Mapping[str, str]) -> dict[str, str]:
    """Return place and state of an account: before its text, beside the arrest, over it, or in the agency's name."""
    if head:
        named = {"place_quoted": head["place"] or head["town"], "state_quoted": head["state"] or head["its_state"]}
        return {**above, **{field: values.fold(text) for field, text in named.items() if text}}
    agency = local.agency["agency"].removeprefix("the ") if local.agency else ""
    own = _AGENCYS_PLACE.match(agency)
    beside = _IN_PLACE.search(local.sentence)
    if beside and (own is None or own["place"] == beside["place"]):
        return sited.quoted(beside)
    return {"place_quoted": own["place"], **above} if own else dict(above)


def _charges(text: str) -> str:
    found = _CHARGES.search(text)
    return _CHARGES_END.sub("", found["charges"]).strip(" ,.") if found and found.start() <= _NEAR else ""


def disposition(told: Iterable[str]) -> str:
    """Return what the sentences say became of the charges, those on earlier ones aside."""
    return outcome(" ".join(part for part in told if not _EARLIER.search(part)))


def outcome(text: str, charged_as: str = "charged") -> str:
    """Return what a text says became of charges: charged (in such words), convicted, mixed (both) or unstated."""
    text = _NOT_SO.sub("", text)
    convicted, charged = (re.search(rf"(?i)\b(?:{word})\b", text) for word in ("convicted|convictions?", charged_as))
    return "mixed" if convicted and charged else "convicted" if convicted else "charged" if charged else "unstated"
