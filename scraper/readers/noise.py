"""What changes each time a page is served and says nothing: clocks, counters, session ids.

A rule takes a whole paragraph, a whole segment between dots ("Staff · 3 hours ago · 12 views"), or a phrase that can
only speak of the moment of serving. A date or figure inside a sentence or a table row ("a | b") is never touched: of a
row only cells go that are an age ("3 hours ago") or the time at which the page was made.
"""

import re
from typing import Final

PARTS: Final = (
    ".ad, .ads, .advert, .advertisement, .ad-banner, .ad-slot, .ad-container, .sponsored, .adsbygoogle",
    '[id^="google_ads"], [id^="div-gpt-ad"]',
    ".timeago, .time-ago, .view-count, .views-count, .share-count, .share-counter, .social-share, [role=timer]",
    ".cookie-banner, .cookie-notice, .cookie-consent, .cookie-bar, .cookie-message, .cookiebanner, .cookie-popup",
    '.eu-cookie-compliance-banner, #sliding-popup, #CybotCookiebotDialog, .cc-window, .cc-banner, [id^="onetrust-"]',
)
"""CSS selectors of parts of a page that are no content."""

_MONTH = r"(?:jan|feb|mar|apr|may|june?|july?|aug|sept?|oct|nov|dec)[a-z]*\.?"
_DAY = r"(?:(?:mon|tues?|wed(?:nes)?|thur?s?|fri|sat(?:ur)?|sun)(?:day)?\.?,?\s+)?"
_DATE = (
    rf"{_DAY}(?:{_MONTH}\s*\d{{1,2}}(?:st|nd|rd|th)?,?\s+\d{{4}}|\d{{1,2}}[\s-]+{_MONTH},?[\s-]+\d{{4}}|"
    r"\d{4}-\d\d-\d\d|\d{1,2}/\d{1,2}/\d{2,4}|\d{1,2}\.\d{1,2}\.\d{4})"
)
_TIME = (
    r"\d{1,2}:\d\d(?::\d\d(?:\.\d+)?)?(?:\s*[ap]\.?m\.?)?"
    r"(?:\s*(?:z|utc|gmt|[a-z]{1,4}t|[+-]\d\d:?\d\d)(?![a-z]))?(?:\s*\([a-z ]+\))?"
)
_MOMENT = rf"(?:{_DATE}(?:(?:,?\s+(?:at\s+|-\s+)?|t|,\s*){_TIME})?|{_TIME}(?:,?\s+(?:on\s+)?{_DATE})?|\d{{10,13}})"
_TIMED = rf"(?:{_DATE}(?:,?\s+(?:at\s+|-\s+)?|t|,\s*){_TIME}|{_TIME}(?:,?\s+(?:on\s+)?{_DATE})?|\d{{10,13}})"
_SERVED = r"(?:updated?|generated|refreshed|rendered|retrieved|cached|loaded|built|accessed|printed|served|synced)"
_CLOCK = rf"(?:(?:this|the)\s+)?(?:page|site|content|data|time|list|report)?\s*(?:was\s+|is\s+)?(?:last\s+)?{_SERVED}"
_MADE = r"(?:page\s+)?(?:was\s+)?(?:last\s+)?(?:generated|refreshed|rendered|cached|loaded|served)"
"""Words that speak of the serving even in a table, where "updated" may speak of the row."""
_SPAN = r"(?:about\s+|over\s+|almost\s+)?(?:\d+|an?|a few)\s+"
_AGO = rf"{_SPAN}(?:sec(?:ond)?|min(?:ute)?|hr|hour|day|week|month|year)s?\s+ago\b"
_POSTED = r"(?:last\s+)?(?:posted|published|updated|refreshed|generated|checked|viewed|seen|modified|edited)"
_COUNTED = r"(?:page\s*)?(?:views?|reads?|hits|shares?|likes?|comments?|reactions?|downloads?|followers|retweets?)"
_NUMBER = r"\d[\d,.]*\s*[km]?"

WHOLE: Final = {
    "a clock": rf"{_CLOCK}\s*(?:on|at|:|-|–|—)?\s*{_MOMENT}",
    "a clock of other words": rf"(?:page\s+)?last\s+(?:modified|reviewed|changed|edited)\s*(?:on|at|:)?\s*{_MOMENT}|"
    rf"(?:report\s+)?(?:run\s+(?:time|date|on|at)|as\s+of)\s*:?\s*{_TIMED}",
    "a clock in two cells": rf"{_MADE}\s*:?\s*\|\s*{_TIMED}",
    "the time now": rf"(?:(?:current|server|local)\s+time|now|today(?: is)?)\s*:?\s*{_MOMENT}",
    "a notice over archived pages": r"archived content|in an effort to keep ice\.gov current, the archive contains .*",
    "a copyright line": r"(?:©|copyright)(?:\s*(?:©|\(c\)))?\s*(?:19|20)\d\d(?:\s*[-–]\s*(?:19|20)\d\d)?\D{0,120}",
    "a cookie notice": r"(?:we use|this (?:web)?site uses) (?:essential |necessary )?cookies\b[^|]*",
    "the word over an advertisement": r"advertisements?|sponsored(?: content)?|story continues below.{0,20}",
}
"""Rules for a whole paragraph."""
SEGMENT: Final = {
    "a clock with the time": rf"{_CLOCK}\s*(?:on|at|:|-|–|—)?\s*{_TIMED}",
    "an age": rf"(?:{_POSTED}\s*:?\s*)?\(?{_AGO}\)?|(?:{_POSTED}\s*:?\s*)?just now",
    "a counter": rf"(?:total )?{_COUNTED}\s*[:(]?\s*{_NUMBER}\)?|{_NUMBER}\s*(?:{_COUNTED})|viewed\s+{_NUMBER}\s+times",
    "visitors": rf"you are visitor\s.{{0,20}}|visitors?(?:\s+number)?\s*[:#]\s*{_NUMBER}|"
    rf"{_NUMBER}\s*(?:people|users|visitors|readers)\s+(?:are\s+)?(?:(?:reading|watching|viewing)\s+(?:this|now)|online)"
    r"(?:\s+(?:page|story|article|right|now)){0,3}",
    "an id of this request": r"(?:session|ray|trace|correlation|visitor|build|render|csrf|page)\s*"
    r"(?:id|token|nonce|key)\s*[:#=]?\s*(?=\S*\d)[\w.:#-]{4,}|request\s*id\s*[:#=]?\s*(?=\S*\d)[\da-f-]{4,}|(?:nonce|token)\s*[:#=]\s*\S{6,}|reference\s*#[\w.]{8,}",
    "how long serving took": rf"(?:page\s+)?(?:{_SERVED}|loaded)\s+in\s+[\d.,]+\s*(?:ms|s|sec|seconds?|milliseconds?)"
    r"(?:\s+by\s+\S+)?|served\s+by\s+\S+",
    "reading time": r"\d+[\s-]min(?:ute)?s?\s+read",
}
"""Rules for a whole paragraph or a whole segment between dots."""
CELL: Final = {"an age": SEGMENT["an age"], "the time of serving": rf"{_MADE}\s*(?:on|at|:|-|–|—)?\s*{_TIMED}"}
"""Rules for a cell of a table row."""
PHRASE: Final = {
    "an age with its verb": rf"[\s(,;–—-]*\b{_POSTED}\s+{_AGO}\)?",
    "an age at the end": rf"[\s(,;–—-]*(?<!\w){_SPAN}(?:sec(?:ond)?|min(?:ute)?|hr|hour)s?\s+ago\)?$",
}
"""Rules for a phrase inside a paragraph."""

_WHOLE: Final = re.compile(rf"(?:{'|'.join([*WHOLE.values(), *SEGMENT.values()])})[.!]?", re.IGNORECASE)
_SEGMENT: Final = re.compile(rf"(?:{'|'.join(SEGMENT.values())})[.!]?", re.IGNORECASE)
_CELL: Final = re.compile(rf"(?:{'|'.join(CELL.values())})[.!]?", re.IGNORECASE)
_PHRASE: Final = re.compile("|".join(PHRASE.values()), re.IGNORECASE)
_SEPARATOR: Final = re.compile(r"(\s+[|·•]\s+)")
_LONGEST: Final = 300
_LABEL: Final = 40
_CLOCK_ALONE: Final = re.compile(rf"{_CLOCK}\s*(?:on|at)?\s*:?", re.IGNORECASE)
_TIME_ALONE: Final = re.compile(rf"{_TIMED}\.?", re.IGNORECASE)
"""The label of a clock as a paragraph, and the time of day below it."""
_HINTS: Final = ("ago", "|", "·", "•")
"""What every segment or phrase needs, in lower case: looked for first, which is far quicker than the rules."""


def quiet(paragraphs: tuple[str, ...]) -> tuple[str, ...]:
    """Return `paragraphs` without what changes at each serving; a paragraph of nothing else is left out."""
    kept, label = [], False
    for paragraph in paragraphs:
        if not (label and _TIME_ALONE.fullmatch(paragraph)) and (text := _quiet(paragraph)):
            kept.append(text)
        label = len(paragraph) <= _LABEL and _CLOCK_ALONE.fullmatch(paragraph) is not None
    return tuple(kept)


def _quiet(paragraph: str) -> str:
    if len(paragraph) <= _LONGEST and _WHOLE.fullmatch(paragraph):
        return ""
    lower = paragraph.lower()
    if not any(hint in lower for hint in _HINTS):
        return paragraph
    pieces = _SEPARATOR.split(paragraph)
    noise = _CELL if "|" in paragraph else _SEGMENT
    pairs = zip(["", *pieces[1::2]], pieces[::2], strict=True)
    kept = [(mark, text) for mark, text in pairs if len(text) > _LONGEST or not noise.fullmatch(text.strip())]
    if not kept:
        return ""
    return _PHRASE.sub("", "".join(mark + text for mark, text in kept)[len(kept[0][0]) :]).strip()
