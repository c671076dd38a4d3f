"""Quoted place names to FIPS codes: exact names and decided aliases, never similarity (decisions 0003, 0009)."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import cast

from scraper.model import Agreement, CaseAccount, DetainerRecord, Fact, Figure, ListedRow, Policy

_COUNTY = "County|Parish|Borough|Census Area|Municipality|Municipio"
_SUFFIX = re.compile(rf" (City and Borough|{_COUNTY}|Planning Region|Island|District|city)$")
_COUNTY_WORD = re.compile(rf" ({_COUNTY.lower()})$")
_ZIP = re.compile(r"\s+\d{5}(-\d{4})?$")
_NOTE = re.compile(r"\s*\((?!s\))[^()]*\)\s*$")
_STATE_NOTE = re.compile(r",?\s*\(([A-Z]{2})\)$")
_FACILITY = re.compile(
    r"(.+ )(?:(county|parish|borough) |(?:co|cnty)(?:\. ?| ))"
    r"(?:(?:main |central )?(?:jail|(?P<several>jails|jail\(s\)))|prison"
    r"|(?:adult )?det(?:ention|\.)? ?(?:center|ctr|cntr)|dep(?:artmen)?t\.? of corrections?"
    r"|police dep(?:artmen)?t|sheriff(?:'?s)?(?: office| dep(?:artmen)?t)?)\.?"
)
"""A facility or agency that says whose it is: words that are the county's own, and no state's or company's."""
_OFFICE = re.compile(r"^ERO |,? (Area of Responsibility|AOR|Field Office)$", re.IGNORECASE)
_CALLED = {
    "county": ("county of {0}", "{0} co.", "{0} co"),
    "parish": ("parish of {0}",),
    "borough": ("borough of {0}",),
    "municipality": ("municipality of {0}",),
    "city_and_borough": ("city and borough of {0}",),
    "municipio": ("municipio de {0}", "municipality of {0}"),
}
"""Other names of a place by its kind; {0} is the name without its last word."""
_SAME = str.maketrans({"’": "'", "‘": "'", "–": "-", "‑": "-", "‐": "-"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A state, county-level area or city. `fips` has 2 or 5 digits, none for a city; `state` is the 2-letter code."""

    place_id: str
    fips: str
    kind: str
    name: str
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Gazetteer:
    """The reference tables, indexed by normalised name and state code ("" = the name stands without a state)."""

    places: Mapping[str, Place]
    names: Mapping[tuple[str, str], str | None]
    """(name, state) -> place_id; None where the name means more than one place."""
    aliases: Mapping[tuple[str, str], str]
    offices: Mapping[str, str]
    """Names, and codes in capitals, of ICE field offices -> the name of the office."""

    @classmethod
    def of(
        cls,
        places: Iterable[Mapping[str, str]],
        aliases: Iterable[Mapping[str, str]],
        offices: Iterable[Mapping[str, str]] = (),
    ) -> "Gazetteer":
        """Build from the rows of places.csv, aliases.csv and field_offices.csv."""
        table = {row["place_id"]: Place(**{name: row[name] for name in Place.__slots__}) for row in places}
        whole = {place.state: place.name for place in table.values() if len(place.fips) == 2}
        names: dict[tuple[str, str], str | None] = {}
        for place in table.values():
            alone = len(place.fips) == 5 and place.name == whole.get(place.state)
            for name in () if alone else names_of(place):
                names[name] = place.place_id if names.get(name, place.place_id) == place.place_id else None
        decided = {(key_of(row["quoted"]), row["state"]): row["place_id"] for row in aliases}
        known = {q if (q := row["quoted"]).isupper() else key_of(q): row["office"] for row in offices}
        return cls(places=table, names=names, aliases=decided, offices=known)

    def place(self, place_id: str) -> Place | None:
        """Return the place with this id, if the reference table has it."""
        return self.places.get(place_id)

    def find(self, quoted: str, state: str = "") -> str | None:
        """Return the place_id of a name as quoted, or None where it is unknown or may mean several places.

        `state` is a name or code that stands elsewhere in the row; one inside `quoted` must agree with it.
        """
        text = _STATE_NOTE.sub(r", \1", _plain(quoted))
        code = self._state(state)
        if code is None:
            return None
        bare = _bare(text)
        return self._find(text, code) or (self._find(bare, code) if bare != text else None)

    def asks(self, quoted: str, state: str = "") -> tuple[str, str | None]:
        """Return the name and state code that an alias for a quoted name must hold; no code: the states are at odds."""
        text = _bare(_STATE_NOTE.sub(r", \1", _plain(quoted)))
        code = self._state(state)
        name, inner = self._split(text)
        at_odds = code is None or (inner and code and inner != code)
        return (text, None) if at_odds else (name or text, code or inner)

    def field_office(self, quoted: str) -> str | None:
        """Return the name of the ICE field office whose area of responsibility is quoted, or None: never a place."""
        name = _OFFICE.sub("", _plain(quoted))
        return self.offices.get(name) or self.offices.get(key_of(name))

    def matches(self, place_id: str, wanted: str) -> bool:
        """Tell whether `place_id` is, or lies in, the place `wanted`: a FIPS code, place_id or name with its state."""
        here, target = self.places.get(place_id), self.places.get(wanted) or self.places.get(self.find(wanted) or "")
        if here is None or target is None:
            return False
        state = self.places.get(self.names.get((target.state, "")) or "")
        whole = state is not None and state.name == target.name  # a state, or the one area that it consists of
        return here.place_id == target.place_id or (whole and here.state == target.state)

    def _state(self, text: str) -> str | None:
        """Return the 2-letter code that `text` names, "" for an empty text, None for anything else."""
        if not (clean := _plain(text)):
            return ""
        found = self._stateless(clean)
        return self.places[found].state if found and len(found) == 2 else None

    def _stateless(self, text: str) -> str | None:
        """Names that need no state: states themselves (a code only in capitals) and aliases without a state."""
        key = (key_of(text), "")
        return self.names.get((text, "")) or self.aliases.get(key) or self.names.get(key)

    def _find(self, text: str, state: str) -> str | None:
        if not text:
            return self.names.get((state, "")) if state else None
        name, quoted_state = self._split(text)
        if quoted_state and state and quoted_state != state:
            return None
        code = state or quoted_state
        if not name:
            return self._named(text, state) if state else self._stateless(text)
        return self._named(name, code) if code else self._stateless(name)

    def _split(self, text: str) -> tuple[str, str]:
        """Split "Cook County, Illinois" into name and state code; ("", code) for a state alone."""
        if whole := self._state(text):
            return "", whole
        name, comma, last = text.rpartition(",")
        if comma and (code := self._state(last)):
            return name.strip(), code
        words = text.split()
        for count in (1, 2, 3):
            name = " ".join(words[:-count])
            if (code := self._state(" ".join(words[-count:]))) and _COUNTY_WORD.search(name.casefold()):
                return name, code
        return text, ""

    def _named(self, name: str, code: str) -> str | None:
        """Look up a name within a state; of "Iowa City, Johnson County" the county is what the words make certain."""
        key = (key_of(name), code)
        found = self.aliases.get(key) or self.names.get(key) or self._answering(*key)
        if found or "," not in name:
            return found
        last = key_of(name.rpartition(",")[2])
        return self._named(last, code) if _COUNTY_WORD.search(last) else None

    def _answering(self, name: str, code: str) -> str | None:
        """Return the county of "Cook County Jail"; the "Iowa County Jails" of Iowa may be those of all its counties."""
        told = _FACILITY.fullmatch(name)
        if not told or (told["several"] and self._state(told[1]) == code) or (not told[2] and code == "CO"):
            return None  # "Las Animas CO Jail" may be in the town, which lies in another county of Colorado
        key = (told[1] + (told[2] or "county"), code)
        return self.aliases.get(key) or self.names.get(key)


def resolver(gazetteer: Gazetteer) -> Callable[[Fact], Fact]:
    """Return a function that gives a fact, and what hangs on it, the place it names; quotes stay as they are."""
    find = lru_cache(maxsize=None)(gazetteer.find)

    def placed(fact: Fact) -> Fact:
        place_id = next(filter(None, (find(*asked) for asked in _asked(fact))), None)
        if isinstance(fact, ListedRow) and fact.figures:
            fact = replace(fact, figures=tuple(cast(Figure, placed(figure)) for figure in fact.figures))
        return fact if place_id == fact.place_id else replace(fact, place_id=place_id)

    return placed


def _asked(fact: Fact) -> Iterable[tuple[str, str]]:
    """What to look up for a fact, most telling first: (quoted, state). "?" is no place: the state alone is none."""
    match fact:
        case Agreement() if fact.type_quoted.casefold() == "state agency" and not fact.county_quoted.strip("#N/A "):
            names = [""]
        case Agreement():
            names = [fact.county_quoted or "?", f"{fact.county_quoted or '?'} County"]
        case Policy():
            names = [fact.jurisdiction_quoted]
        case DetainerRecord():
            names = [fact.facility_quoted or "?"]
        case Figure() if fact.facility_quoted:
            names = [fact.facility_quoted, fact.place_quoted or "?"]
        case CaseAccount():
            names = [fact.place_quoted or fact.agency_quoted]
        case _:
            names = [fact.place_quoted]
    return ((name, fact.state_quoted) for name in names)


def names_of(place: Place) -> Iterable[tuple[str, str]]:
    """Every exact name of a place with the state it needs."""
    if len(place.fips) == 2:
        return (key_of(place.name), ""), (place.state, ""), (key_of(place.name), place.state)
    full, base = key_of(place.name), key_of(_SUFFIX.sub("", place.name))
    names = {full, base} | {form.format(base) for form in _CALLED.get(place.kind, ())}
    if place.kind in ("city", "independent_city"):
        base = base.removesuffix(" city") if place.kind == "city" else base
        names |= {base, f"{base} city", f"city of {base}"}
    return tuple((name, place.state) for name in names)


def _plain(text: str) -> str:
    """NFC, no format characters, one kind of quote, dash and space."""
    if not text.isascii():
        shown = "".join(c for c in unicodedata.normalize("NFC", text) if unicodedata.category(c) != "Cf")
        text = shown.translate(_SAME)
    return " ".join(text.split())


def _bare(text: str) -> str:
    """Without a ZIP code or a remark in parentheses at the end."""
    return _ZIP.sub("", _NOTE.sub("", text))


@lru_cache(maxsize=65_536)
def key_of(text: str) -> str:
    """Return what two spellings of one name share: plain text in folded case; Saint and St read as "st."."""
    return re.sub(r"\b(?:saint|st)\b\.?\s*", "st. ", _plain(text).casefold()).strip()
