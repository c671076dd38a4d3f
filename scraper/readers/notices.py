"""Notices that correct a report: one record per place that they name."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from scraper.model import Correction, Locator, Problem
from scraper.readers import periods, prose
from scraper.readers.people import unnamed

_LONGEST: Final = 10_000
_SHOWN: Final = 100
"""Letters of a notice that is read (a longer text is none), and of one that is shown in a problem."""
_NOTICE: Final = re.compile(r"(?:^\W*|(?<=[.!?:] ))corrections?\s*[:–—-]", re.IGNORECASE)
_GOES_ON: Final = re.compile(r"\W*(?:additionally|in addition|also|further(?:more)?|finally|lastly)\b", re.IGNORECASE)
_KIND: Final = "County|Parish|Borough|City|Municipality"
_PLACE: Final = re.compile(
    rf"\b(?P<place>[A-Z][\w.'’-]*(?:\s+(?:of|de|la|del|[A-Z][\w.'’-]*)){{0,4}}?\s+(?:{_KIND}))\b"
    r"(?:,\s+(?P<state>[A-Z]{2}\b|[A-Z][a-z]+(?:\s+(?:of\s+)?[A-Z][a-z]+){0,2}))?"
)
_COUNTED: Final = re.compile(r"\b(?P<detainer_declined>declined)\b|\b(?P<detainer_issued>issued)\b", re.IGNORECASE)
_UNREAD_PLACE: Final = re.compile(r"\bcount(?:y|ies)\b", re.IGNORECASE)


def corrections(paragraphs: Sequence[str], series: str) -> tuple[list[Correction], list[Problem]]:
    """Return one correction per place that the notices among the paragraphs name, and what could not be read of them.

    A sentence without a place belongs to the sentence before it; a notice without any corrects the report as a whole.
    A notice that names no period is a problem: what it corrects is not certain.
    """
    found: list[Correction] = []
    problems: list[Problem] = []
    for number, text in _notices(paragraphs):
        corrected, _ = next(periods.weeks(text), (None, 0)) if len(text) <= _LONGEST else (None, 0)
        if corrected is None:
            told = f'A correction does not say which report it corrects: "{text[:_SHOWN]}…"'
            problems.append(Problem(code="correction_unread", text=told))
            continue
        key = f"{series} {corrected[0]}..{corrected[1]}"
        for sentence in _with_followers(prose.sentences(text)):
            found += _of_sentence(sentence, key, Locator(paragraph=number))
            if not found[-1].place_quoted and _UNREAD_PLACE.search(sentence):
                told = f'The places that a correction names could not be read: "{sentence[:_SHOWN]}…"'
                problems.append(Problem(code="correction_unread", text=told))
    return found, problems


def _notices(paragraphs: Sequence[str]) -> Iterator[tuple[int, str]]:
    """Yield each notice with the number of its paragraph; a list, or what begins with "Additionally", belongs to it."""
    at = 0
    while at < len(paragraphs):
        begun, number = _NOTICE.search(paragraphs[at]), at + 1
        text = paragraphs[at][begun.start() :].strip() if begun else ""
        at += 1
        while text and at < len(paragraphs) and not _NOTICE.search(paragraphs[at]):
            following = paragraphs[at]
            listed = text.endswith((":", ";")) and _PLACE.search(following)
            if not (listed or _GOES_ON.match(following)):
                break
            text, at = f"{text} {following}", at + 1
        if text:
            yield number, text


def _with_followers(sentences: Sequence[str]) -> list[str]:
    """Join each sentence that names no place to the one before it."""
    joined: list[str] = []
    for sentence in sentences:
        if joined and not _PLACE.search(sentence):
            joined[-1] += f" {sentence}"
        else:
            joined.append(sentence)
    return joined


def _of_sentence(sentence: str, key: str, locator: Locator) -> Iterator[Correction]:
    quote = unnamed(sentence, runs=False)
    for place in _PLACE.finditer(sentence):
        counted = list(_COUNTED.finditer(sentence, 0, place.start()))
        yield Correction(
            corrects_key=key,
            place_quoted=place["place"],
            state_quoted=place["state"] or "",
            measure=counted[-1].lastgroup if counted else None,
            quote=quote,
            locator=locator,
        )
    if not _PLACE.search(sentence):
        yield Correction(corrects_key=key, quote=quote, locator=locator)
