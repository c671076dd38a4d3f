"""Which words state a count beyond doubt: one table of rules over a sentence, and the words that take a rule back."""

import re
from dataclasses import dataclass
from typing import Final

from scraper.terms import Bound, Measure, Unit

_ONES: Final = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_TEENS: Final = "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
_TENS: Final = "twenty thirty forty fifty sixty seventy eighty ninety"
_BELOW_TWENTY: Final = {word: number for number, word in enumerate((*_ONES, *_TEENS.split()), start=1)}
_ROUND: Final = {word: 10 * number for number, word in enumerate(_TENS.split(), start=2)}
_MIXED: Final = {f"{ten}-{one}": _ROUND[ten] + _BELOW_TWENTY[one] for ten in _ROUND for one in _ONES}
WORD_NUMBERS: Final[dict[str, int]] = _BELOW_TWENTY | _ROUND | _MIXED

_BEFORE: Final[dict[Bound, str]] = {
    "at_most": "no more than|not more than|up to|fewer than|less than|just under|under|at most|a maximum of|as many as",
    "at_least": "no fewer than|no less than|not less than|more than|just over|well over|over|at least|upwards of|"
    "in excess of|a minimum of|greater than",
    "about": "nearly|almost|about|approximately|around|roughly|some|an estimated|close to",
}
_BEHIND: Final[dict[Bound, str]] = {"at_most": "or fewer|or less", "at_least": "or more|plus|+", "about": "or so"}
BOUNDS: Final[dict[str, Bound]] = {
    words: bound for table in (_BEFORE, _BEHIND) for bound, several in table.items() for words in several.split("|")
}
"""Words before or behind a number -> what they say of it."""

_BOUND: Final = rf"(?:(?P<bound>{'|'.join(_BEFORE.values())})\s+)?".replace(" ", r"\s+")
_CLEAR: Final = r"(?<![\w.,:/$#–—-])"
_DIGITS: Final = r"\d{1,3}(?:,\d{3})+|\d{1,7}"
_WORDS: Final = "|".join(sorted(WORD_NUMBERS, key=len, reverse=True))
NUMBER: Final = (
    rf"{_BOUND}{_CLEAR}(?P<number>{_DIGITS}|{_WORDS})(?![\w]|[,.:/%–—-]?\d|\s*(?:%|percent|per\s+cent|million))"
    r"(?:(?P<behind>\+|-plus|\s+or\s+(?:more|fewer|less|so)))?"
)
"""A whole number in digits or words with what bounds it; no part of a date, law, sum of money or percentage."""
PERCENT: Final = rf"{_BOUND}{_CLEAR}(?P<number>\d{{1,3}}(?:\.\d+)?)\s*(?:%|percent|per\s+cent)"

DETAINER: Final = re.compile(r"\bdetainers?\b", re.IGNORECASE)
_HONOUR: Final = r"(?:(?:failed|refused|declined)\s+to\s+honou?r|did\s+not\s+honou?r)"
_PARTS: Final = {
    "n": NUMBER,
    "percent": PERCENT,
    "all": r"(?:(?:all|a\s+total\s+of|a\s+combined|the|its|another|an?\s+additional)\s+)?",
    "of": r"of\s+(?:(?:the|its|these|those|all)\s+)?(?:[\d,]+\s+)?",
    "m": r"(?:[\d,]+\s+)?",
    "detainers": r"(?:(?:active|immigration|ICE|civil|federal|lawful|such|of\s+its|of\s+ICE[’']s|outstanding)"
    r"\s+){0,3}detainers?(?:\s+requests?)?",
    "people": r"(?:(?:removable|unlawfully\s+present|released|foreign|criminal|illegal|different|"
    r"of\s+(?:the|these|those))\s+){0,2}(?:people|persons|individuals|inmates|offenders|criminals|noncitizens|non-citizens|nationals|aliens)",
    "who": r"(?:(?:who|that|which)\s+)?",
    "were": r"(?:were|was|have\s+been|had\s+been|went)",
    "have": r"(?:(?:have|has)\s+)?",
    "later": r"(?:(?:later|subsequently|since|then|already|also)\s+)?",
    "lodged": "(?:lodged|issued|placed|filed)",
    "issued_by": r"(?:(?:issued|lodged|sent)\s+by\s+ICE\s+)?",
    "refused": r"(?:recorded\s+as\s+)?"
    r"(?:not\s+(?:been\s+)?honou?red|declined|denied|ignored|refused|rejected|disregarded|unhonou?red)",
    "refusing": rf"(?:declined|denied|ignored|refused|rejected|disregarded|{_HONOUR})",
    "aside": r"(?:,?\s+\(?(?:or\s+)?(?:about\s+|nearly\s+|almost\s+)?[\d.]+\s*(?:percent|%)\)?,?)?",
    "unhonoured": r"(?:recorded\s+)?(?:declined|ignored|unhonou?red|refused)",
    "for_whom": r"(?:whose|for\s+whom|on\s+whom)",
    "again": r"(?:re-?arrested|arrested\s+again)",
    "total": r"(?:a\s+total\s+of\s+)?",
    "despite": r"(?:from\s+(?:[\w]+\s+){1,4})?(?:despite|notwithstanding|in\s+spite\s+of|(?:after|following)"
    r"(?=\s+(?:an?\s+)?declined))\s+(?:(?:an?|the|having|declined)\s+)*",
    "occurred": r"(?:occurred|were\s+recorded)",
    "prior": r"(?:had|have|with)\s+(?:a\s+)?(?:significant\s+)?prior\s+(?:criminal\s+)?"
    r"(?:records?|convictions?|histor(?:y|ies)|charges?)",
    "places": r"(?:different\s+)?(?:jurisdictions|counties)",
    "too_late": r"insufficient\s+notice",
    "homicide": r"(?:homicide|murder)(?:-related)?",
    "offences": r"(?:offen[cs]es|crimes)",
}
"""What <name> stands for in a rule."""

RULES: Final[tuple[tuple[Measure, Unit, str], ...]] = (
    ("detainer_issued", "detainers", "<lodged> <all><n> <detainers>"),
    ("detainer_issued", "detainers", "<n> <detainers> <were> <lodged>"),
    ("detainer_declined", "detainers", "<n> <detainers> <issued_by><were> <refused>"),
    ("detainer_declined", "detainers", "<n> <of><detainers> <issued_by><were> <refused>"),
    ("detainer_declined", "detainers", "<refusing> <all><n> <detainers>"),
    ("detainer_declined", "detainers", "<refusing> <n> <of><detainers>"),
    ("detainer_declined", "detainers", "there <were> <n> <detainers> <refused>"),
    ("detainer_declined", "detainers", "<n> <unhonoured> <detainers>"),
    ("declined_or_insufficient_notice", "detainers", "<n> <detainers> <were> <refused> or (?:had|with) <too_late>"),
    ("insufficient_notice", "detainers", "<n> <detainers> (?:<were> )?(?:with|had|lifted for) <too_late>"),
    ("insufficient_notice", "detainers", "<too_late> (?:for|on) <n> <detainers>"),
    ("people_declined", "people", "detainers? <were> <refused> (?:for|on) <n> <people>"),
    ("people_declined", "people", "<n> <people> <for_whom> <detainers> <were> <refused>"),
    ("people_declined", "people", "<n> <people> <were> released <despite><detainers>"),
    ("people_declined", "people", "released <all><n> <people> <despite><detainers>"),
    ("people_rearrested", "people", "<n> <people><aside> <who>(?:<were> )?<later><again>"),
    ("people_rearrested", "people", "<n>(?: of them| <of><people>)?<aside> <were> <later><again>"),
    ("people_rearrested", "percent", "<percent> (?:of them|<of><people>) <were> <later><again>"),
    ("rearrest", "arrests", "<again> <total><n> (?:different )?times"),
    ("rearrest", "arrests", "(?:later|subsequently) arrested <total><n> times"),
    ("rearrest", "arrests", "<n> (?:re-?arrests|subsequent arrests)"),
    ("prior_record_or_concern", "percent", "<percent> <of><people> <prior>"),
    ("jurisdictions_declining", "jurisdictions", "<n> <places> <who><have><refusing> <m><detainers>"),
    ("jurisdictions_declining", "jurisdictions", "<detainers> <were> <refused> (?:by|in) <all><n> <places>"),
    ("jurisdictions_declining", "jurisdictions", "declined <detainers> <occurred> in <all><n> <places>"),
    ("homicide_charge_or_conviction", "people", "<n> <people> (?:with|who had) <homicide> charges? or convictions?"),
    ("homicide_charge_or_conviction", "people", "<n> <people> <who><were> charged with or convicted of <homicide>"),
    ("offence_listed", "offences", r"(?:list of|listed|any of the|within the) <n> (?:\w+ )?<offences>"),
    ("offence_listed", "offences", "<n> (?:listed|enumerated|qualifying|designated) <offences>"),
)  # fmt: skip
"""Measure, unit, and the whole words that state it beyond doubt; the parts in <> are those above."""
AFTER_RELEASE: Final[tuple[tuple[Measure, Unit, str], ...]] = (
    ("charge_after_release", "charges", "<n> (?:new|subsequent|different|additional) (?:criminal )?charges"),
    ("rearrest", "arrests", "(?<!re-)arrested <total><n> times"),
    ("prior_record_or_concern", "people", "<n> <people> <who><prior>"),
)
"""Rules for sentences that speak of people after a release from custody."""
_FREED: Final = (
    r"re-?arrest|\b(?:after|since|following)\b[^.;]{0,40}\brelease|"
    r"\brelease\w*\b[^.;]{0,80}\b(?:again|subsequent|prior)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One line of the tables, ready for use; `needs` must be found in the sentence too."""

    measure: Measure
    unit: Unit
    pattern: re.Pattern[str]
    needs: re.Pattern[str]


def _ready(rules: tuple[tuple[Measure, Unit, str], ...], needs: str) -> tuple[Rule, ...]:
    spaced = [(measure, unit, words.replace(" ", r"\s+")) for measure, unit, words in rules]
    whole = [(m, u, re.sub(r"<([a-z]\w*)>", lambda part: _PARTS[part[1]], words)) for m, u, words in spaced]
    return tuple(
        Rule(
            measure=measure,
            unit=unit,
            pattern=re.compile(rf"\b{words}(?!\w)", re.IGNORECASE),
            needs=re.compile(needs, re.IGNORECASE),
        )
        for measure, unit, words in whole
    )


_READY: Final = (*_ready(RULES, ""), *_ready(AFTER_RELEASE, _FREED))
_REACH: Final = 40
_YEAR: Final = re.compile(r"(?:19|20)\d\d")
_UNCERTAIN: Final = re.compile(
    r"\b(?:(?:not|never|no|none|if|whether|would|could|might|may|will|plans?|every|each|deny|denied|average\s+of)\s+"
    r"(?:\w+\s+){0,2})$",
    re.IGNORECASE,
)
"""What stands right before: a denial, a condition or a rate."""
_RANGE: Final = re.compile(r"(?:\d\s+(?:to|or|and|out\s+of)\s+(?:the\s+)?|\d\s*[–—-]\s*)$", re.IGNORECASE)
"""The other half of a range, right before a number."""
_PARTLY: Final = re.compile(r"(?<!\btotal )(?<!\bcombined )\bof\s+(?:(?:the|its|these|those|all)\s+)?$", re.IGNORECASE)
_NOUN: Final = re.compile(rf"{_PARTS['unhonoured']}\s+\S+$", re.IGNORECASE)
"""A noun phrase, true also behind "some of the"."""
_TAKEN_BACK: Final = re.compile(
    r"\s*(?:or\b|and/or\b|per\b|for\s+every\b|(?:a|each|every)\s+(?:day|week|month|year)\b|"
    r"by\s+(?:ICE|ERO|immigration|deportation|federal)\b)",
    re.IGNORECASE,
)
"""What stands right behind: another case, a rate, or ICE itself as the one who arrests."""
_DOUBTED: Final = re.compile(
    r"\b(?:if|whether|not\s+(?:so|true|correct|the\s+case)|untrue|incorrectly|wrongly|erroneously|falsely|mistakenly|inaccurate\w*|hypothetical\w*|would\s+have|"
    r"expect(?:s|ed)?\s+to|projected|goal|target)\b",
    re.IGNORECASE,
)
_ARRESTING: Final = re.compile(
    r"\b(?:re-?arrest|arrest|captur|apprehend|locat|remov|deport|identif)\w*\s+(?:\w+\s+){0,2}$", re.IGNORECASE
)
"""Who was arrested by ICE is a part of those whose detainers were declined, however many there were."""
_ONE_PERSON: Final = re.compile(r"\b(?:he|she|his|her|him|man|woman|suspect|defendant|national)\b", re.IGNORECASE)


def certain(sentence: str) -> dict[int, tuple[Rule, re.Match[str]]]:
    """Return, by the place of its number, each count whose words leave no doubt about what is counted."""
    found: dict[int, list[tuple[Rule, re.Match[str]]]] = {}
    for rule in _READY if not doubted(sentence) else ():
        if rule.needs.search(sentence):
            for match in rule.pattern.finditer(sentence):
                if not _taken_back(sentence, rule, match):
                    found.setdefault(match.start("number"), []).append((rule, match))
    return {at: several[0] for at, several in found.items() if len({(r.measure, r.unit) for r, _ in several}) == 1}


def doubted(words: str) -> bool:
    """Do words put under a condition, deny or expect what they tell?"""
    return _DOUBTED.search(words) is not None


def _taken_back(sentence: str, rule: Rule, match: re.Match[str]) -> bool:
    """Tell whether the words around a match say that it is not so, only partly so, or a rate."""
    before = sentence[max(0, match.start() - _REACH) : match.start()]
    if _TAKEN_BACK.match(sentence, match.end()) or _YEAR.fullmatch(match["number"]):
        return True
    if rule.measure in ("rearrest", "charge_after_release") and _ONE_PERSON.search(sentence[: match.start()]):
        return True
    if match.start() in (match.start("number"), match.start("bound")):
        if rule.unit == "people" and _ARRESTING.search(before):
            return True
        if _PARTLY.search(before):
            return not _NOUN.search(match[0])
        if _RANGE.search(before):
            return True
    return _UNCERTAIN.search(before) is not None
