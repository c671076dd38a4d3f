"""What a person may decide about names that resolve to nothing: the only room where similarity is asked."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import islice

from scraper.places import Gazetteer, Place, key_of, names_of

_MOST = 3
_LIKE = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class Unplaced:
    """A name as quoted beside a state as quoted, and how often a source has it."""

    quoted: str
    state: str
    source_id: str
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """A name as an alias would hold it; `candidates`, most likely first, are for a person to choose from."""

    quoted: str
    state: str
    rows: int
    sources: tuple[str, ...]
    candidates: tuple[Place, ...]
    remark: str

    def words(self) -> str:
        """Return the candidates in a line."""
        return "; ".join(f"{one.name}, {one.state} ({one.place_id})" for one in self.candidates)

    def alias_rows(self) -> list[tuple[str, str, str, str, str]]:
        """Return rows for an alias file (quoted, state, place_id, decided_by, note), one a candidate, undecided."""
        told = f"{self.rows} rows of {', '.join(self.sources)}"
        rows = [
            (self.quoted, self.state, one.place_id, "", f"{one.name}, {one.state}; {told}") for one in self.candidates
        ]
        return rows or [(self.quoted, self.state, "", "", f"{self.remark or 'nothing alike'}; {told}")]


def suggest(gazetteer: Gazetteer, names: Iterable[Unplaced]) -> list[Suggestion]:
    """Return what may be decided about names that still resolve to nothing, those of most rows first."""
    asked: dict[tuple[str, str, str], list[Unplaced]] = defaultdict(list)
    spelled: dict[tuple[str, str, str], str] = {}
    for one in names:
        said = one.quoted if one.quoted.strip("#N/A ") else ""
        if (said or one.state.strip()) and gazetteer.find(said, one.state) is None:
            name, code, remark = _alias(gazetteer, one)
            asked[key_of(name), code, remark].append(one)
            spelled.setdefault((key_of(name), code, remark), name)
    known = _known(gazetteer)
    found = []
    for key, several in asked.items():
        candidates, remark = _candidates(gazetteer, known, *key)
        sources = tuple(sorted({one.source_id for one in several}))
        count = sum(one.rows for one in several)
        found.append(
            Suggestion(
                quoted=spelled[key], state=key[1], rows=count, sources=sources, candidates=candidates, remark=remark
            )
        )
    return sorted(found, key=lambda one: (-one.rows, one.quoted, one.state))


def _alias(gazetteer: Gazetteer, one: Unplaced) -> tuple[str, str, str]:
    """Return name, state code and remark; a state that is not known is itself the name to decide about."""
    name, code = gazetteer.asks(one.quoted, one.state)
    if code is not None:
        return name, code, ""
    if gazetteer.find("", one.state) is None:
        return one.state, "", "no state that is known"
    return name, "", f'contradicts the state "{one.state}" beside it'


Known = dict[str, dict[str, set[str]]]
"""State code -> name -> the places it may mean; under "" the states."""


def _known(gazetteer: Gazetteer) -> Known:
    known: Known = defaultdict(lambda: defaultdict(set))
    for place in gazetteer.places.values():
        for name, code in names_of(place):
            known[code][key_of(name)].add(place.place_id)
    for (name, code), place_id in gazetteer.aliases.items():
        known[code][name].add(place_id)
    return known


def _candidates(gazetteer: Gazetteer, known: Known, name: str, code: str, remark: str) -> tuple[tuple[Place, ...], str]:
    if remark.startswith("contradicts"):
        return (), remark
    elsewhere = sorted(state for state in known if state and state != code and name in known[state])
    if not code and not remark:
        if misspelt := _of_misspelt_state(gazetteer, known, name):
            return misspelt, "no state that is known"
        return (), f"no state; the name is one in {', '.join(elsewhere)}" if elsewhere else "no state"
    there = known[code]
    words = f" {name} "
    within = sorted((one for one in there if len(one) > 2 and f" {one} " in words), key=len, reverse=True)
    like = get_close_matches(name, there, n=_MOST, cutoff=_LIKE)
    ids = dict.fromkeys(place_id for one in (name, *within, *like) for place_id in sorted(there.get(one, ())))
    remark = remark or (f"a name in {', '.join(elsewhere)}" if elsewhere else "")
    return tuple(gazetteer.places[place_id] for place_id in islice(ids, _MOST)), remark


def _of_misspelt_state(gazetteer: Gazetteer, known: Known, name: str) -> tuple[Place, ...]:
    """Return what "Cass County, lowa" may mean: the name before the comma in the state that the rest is like."""
    before, _, last = name.rpartition(",")
    states = {
        gazetteer.places[place_id].state
        for like in get_close_matches(last.strip(), known[""], n=1, cutoff=0.7)
        for place_id in known[""][like]
    }
    ids = (place_id for state in states for place_id in known[state].get(before.strip(), ()))
    return tuple(gazetteer.places[place_id] for place_id in sorted(ids))
