"""Quotes without the names of people: what a release says of a case is kept, who it was is not.

A name is taken out where its place in the sentence shows it ("Juan Perez, 34, a Mexican national"), and so is every
run of capitalised words in which no word is known from places, agencies, offences or the calendar. Too much may go,
never too little is the aim; what goes is shown as "[name]".
"""

import re
from typing import Final

from scraper.readers import sited

TAKEN_OUT: Final = "[name]"

_WORD = r"(?:(?:[A-Z]\.)+|[A-ZÁÉÍÓÚÑÜ][\w’'-]*)"
_JOINT = r"(?:(?:de|del|la|las|los|y|van|von|bin|al|el|da|dos)\s+){0,2}"
_NAME = rf"{_WORD}(?:\s+{_JOINT}{_WORD}){{0,5}}"
_WHO: Final = r"(?:\d\d-year-old|[\w\s-]{0,60}(?:national|citizen|native))"
_HERE: Final = (
    r"(?:national|citizen|native|alien|noncitizen|man|woman|identified as|named|Mr\.|Ms\.|Mrs\.|suspect|defendant)"
)
_TITLE: Final = (
    r"\b(?:Director|Sheriff|Chief|Mayor|Governor|Gov\.|Secretary|General|Commissioner|Officer|Agent|President|Judge|Justice|"
    r"Sen\.|Senator|Rep\.|Representative|Lt\.|Lieutenant|Sgt\.|Sergeant|Capt\.|Captain|Deputy|Administrator|Spokes\w+|Dr\.)"
)
_INTRODUCED: Final = re.compile(
    rf"(?P<before>{_NAME})(?=,\s+(?:age\s+)?\d{{1,2}}\b|,?\s+an?\s+{_WHO})|(?:{_HERE},?|{_TITLE})\s+(?P<after>{_NAME})"
)
_SPEAKER: Final = re.compile(
    rf"(?P<name>{_NAME})(?:,[^,.;]{{3,80}},)?\s+(?:said|says|added|told|stated|wrote|explained)\b"
)
_RUN: Final = re.compile(rf"{_WORD}(?:\s+{_JOINT}{_WORD})+")
_KNOWN_TEXT: Final = """
    upon while despite under since
    january february march april may june july august september october november december jan feb mar apr jun jul aug
    sep sept oct nov dec monday tuesday wednesday thursday friday saturday sunday
    county city state states police department sheriff sheriff's sheriff’s office jail prison court district federal
    island islands borough parish town village national center facility correctional corrections detention customs
    immigration enforcement removal operations homeland security border patrol attorney bureau united u.s ice ero hsi
    dhs nypd new york los angeles san santa el north south west east fort saint st port puerto rico republic dominican
    salvador costa rica sri lanka saudi arabia hong kong sierra leone trinidad tobago bronx brooklyn queens manhattan
    staten nassau suffolk westchester rockland rikers dutchess orange ulster jersey hampshire mexico carolina dakota
    virginia district columbia angeles diego francisco jose antonio
    assault robbery burglary larceny theft rape murder manslaughter homicide kidnapping abuse sexual criminal
    possession weapon weapons endangerment endangering menacing reckless driving intoxicated influence while drug drugs
    controlled substance sale contempt degree degrees 1st 2nd 3rd 4th first second third fourth fifth attempted
    aggravated harassment stalking strangulation obstruction resisting arrest forgery fraud conspiracy trespass mischief
    injury physical child welfare act minor unlawful imprisonment grand petit auto vehicle stolen property dwi dui
    declined detainer detainers report reports fiscal year quarter outcome section weekly executive order summary
    judicial watch center studies highest volume jurisdictions policies weapon tip line
    fy lapd lasd nypd cbp fbi foia ina sanctuary department
    director sheriff chief mayor governor secretary general commissioner officer officers agent president judge senator
    deputy administrator acting assistant field operations they we it this that these those who i here there
    felony misdemeanor firearm battery domestic violence entry illegal reentry dangerous conduct disorderly aided
"""
_KNOWN: Final = frozenset(_KNOWN_TEXT.split()) | sited.STATE_WORDS
_STOP: Final = r"\.?"
"""An initial's own, which ends no sentence."""
_START_TEXT: Final = "a an the on in at by for of and or to his her he she they after before following when"
_STARTS: Final = frozenset(_START_TEXT.split())


def unnamed(text: str, told_in: str = "", *, runs: bool = True) -> str:
    """Return `text` with the names of people that it, or the passage it is `told_in`, holds replaced by "[name]".

    Without `runs` only names that their place in the sentence shows: for the cells of a column that holds no names.
    """
    words = _names(told_in or text, runs)
    if not words:
        return text
    each = "|".join(
        rf"{re.escape(word)}\b{_STOP if len(word) == 1 else ''}" for word in sorted(words, key=len, reverse=True)
    )
    return re.sub(rf"\b(?:{each})(?:[\s-]+{_JOINT}(?:{each}))*", TAKEN_OUT, text)


def _names(text: str, runs: bool) -> set[str]:
    """Return the single words, and the parts of double names, that are names of people in `text`."""
    text = sited.ITEM.sub(" ", text)  # "Palm Beach, FL (12)" is a place
    found: set[str] = set()
    for match in _INTRODUCED.finditer(text):
        found.update(word for word in re.findall(_WORD, match["before"] or match["after"]) if not _is_known(word))
    several = [match[0] for match in _RUN.finditer(text)] + [match["name"] for match in _SPEAKER.finditer(text)]
    for names in several if runs else ():
        run = [word for word in re.findall(_WORD, names) if word.lower() not in _STARTS]
        if not any(map(_is_known, run)):
            found.update(run)
    bare = {word.rstrip(".") for word in found}
    return bare | {part for word in bare for part in word.split("-") if len(part) > 2}


def _is_known(word: str) -> bool:
    bare = word.lower().rstrip(".,").removesuffix("’s").removesuffix("'s")
    return bare in _KNOWN or bare in _STARTS
