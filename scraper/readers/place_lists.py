"""Lists of states, counties and cities under headings, as two departments published them.

Nothing is dropped: an item whose heading is missing or unknown is a problem, and holds the list back where it may be a
place of a part whose heading was lost.
"""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Final

from scraper.documents import html, kinds, outline, values
from scraper.documents.outline import Block
from scraper.errors import LayoutChanged
from scraper.model import Document, ListedRow, Locator, Options, Problem, Reading, ReleaseRef
from scraper.readers import noise, page, states

_KINDS: Final[Mapping[str, re.Pattern[str]]] = {
    "state": re.compile(r"(?:sanctuary )?states?(?: and territories)?"),
    "county": re.compile(r"(?:sanctuary )?count(?:y|ies)(?: (?:and|/|&) (?:parishes|boroughs|equivalents))?"),
    "city": re.compile(r"(?:sanctuary )?(?:cit(?:y|ies)|municipalit(?:y|ies)|towns)(?: (?:and|/|&) \w+)?"),
}
_COUNTED: Final = re.compile(r"\s*(?:\((?P<count>\d+)\))?\s*:?\s*$")
_COLUMNS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("jurisdiction", "name", "name as published", "place", "county", "city"), "jurisdiction"),
    **dict.fromkeys(("type", "kind", "jurisdiction type"), "kind"),
    "state": "state",
}
"""Header of a table with one place in each row -> what stands under it."""
_COUNTY: Final = re.compile(r"\b(?:county|parish|borough|census area|municipio)\b", re.IGNORECASE)
_PLACE: Final = re.compile(r"\b(?:county|parish|borough|city|town|township|village)\b|,\s*[A-Z]{2}$", re.IGNORECASE)
_STATEWIDE: Final = re.compile(r"self[- ]identif\w+\b.*\bstate\b.*", re.IGNORECASE)
_LETTER: Final = re.compile(r"[^\W\d_]{2}")
_MOST_SHOWN: Final = 5
_LONGEST: Final = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """How a list is built. `by_state`: the headings are states; else kinds of places, and the `needed` must stand."""

    by_state: bool
    needed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Item:
    text: str
    kind: str
    state: str
    heading: str
    within: int


@dataclass(slots=True, kw_only=True)
class _Walk:
    """Where in the page we are, and what was found so far."""

    rules: Rules
    kind: str = ""
    state: str = ""
    heading: str = ""
    begun: bool = False
    """Did the part under the heading have an item yet?"""
    items: list[_Item] = field(default_factory=list)
    lost: dict[tuple[str, int], list[str]] = field(default_factory=lambda: defaultdict(list))
    """Items under no known heading, by the heading above them and the number of items before."""
    counts: list[tuple[str, int]] = field(default_factory=list)
    headed: set[str] = field(default_factory=set)
    columns: dict[int, dict[int, str]] = field(default_factory=dict)
    """Table -> column -> the kind of its items."""

    @property
    def open(self) -> bool:
        """Is it certain what an item here is?"""
        return bool(self.state if self.rules.by_state else self.kind)

    def step(self, block: Block) -> None:
        """Take one line of the page."""
        kind, state = _kind(block.text), _state_heading(block) if self.rules.by_state else ""
        inside = self.columns.get(block.within, {}).get(block.column)
        if state:
            self.state, self.kind, self.heading, self.begun = state, "", block.text, False
        elif kind and not (block.tag == "li" and not block.opens):
            self._head(kind, block.text)
        elif self.rules.by_state and self.state and _STATEWIDE.fullmatch(block.text):
            self._take(block, "state")
        elif block.tag in outline.HEADINGS:
            self.kind, self.heading, self.begun = "", block.text, False
            self.state = ""
        elif block.tag in outline.ITEMS or self._is_line(block):
            self._take(block, inside or self.kind)
        elif self.begun and not self.rules.by_state:
            self.kind, self.heading, self.begun = "", block.text, False
        elif self.rules.by_state and self.state:
            self.lost[f"text under {self.state}", len(self.items)].append(block.text)

    def _head(self, kind: str, text: str) -> None:
        self.kind, self.heading, self.begun = kind, text, False
        self.headed.add(kind)
        stated = _COUNTED.search(text)
        if stated and stated["count"]:
            self.counts.append((text, int(stated["count"])))

    def _is_line(self, block: Block) -> bool:
        """May a line of plain text be an item (a list whose lines end with <br>)?"""
        if not self.open or len(block.text) > _LONGEST:
            return False
        return bool(_PLACE.search(block.text)) and not re.search(r"[.!?:]\s|[.!?]$", block.text)

    def _take(self, block: Block, kind: str) -> None:
        if (self.state if self.rules.by_state else kind) and _LETTER.search(block.text):
            self.items.append(
                _Item(text=block.text, kind=kind, state=self.state, heading=self.heading, within=block.within)
            )
            self.begun = True
        else:
            self.lost[self.heading, len(self.items)].append(block.text)


def read(document: Document, ref: ReleaseRef, options: Options, rules: Rules) -> Reading:
    """Return one row per place with its kind; `LayoutChanged` for a page without the headings or without places."""
    if document.media_type not in kinds.PAGES:
        raise LayoutChanged(f"{document.url} is no HTML page but {document.media_type}.")
    base = page.read(document, ref, options)
    tree = html.parse(document)
    found = _Walk(rules=rules)
    lines = outline.blocks(tree, options.select, (*noise.PARTS, *options.ignore))
    for block in _with_tables(lines, found):
        found.step(block)
    if not found.items:
        wanted = "states" if rules.by_state else "states, counties and cities"
        raise LayoutChanged(f"{document.url} has no list of {wanted} under headings.")
    facts = tuple(_row(item, number, rules) for number, item in enumerate(found.items, start=1))
    listed = {item.text for item in found.items}
    problems = (*_missing(found), *_lost(found), *_doubtful(found), *_miscounted(found), *_twice(facts))
    kept = tuple(paragraph for paragraph in base.paragraphs if paragraph not in listed)
    return replace(base, paragraphs=kept, facts=facts, problems=problems)


def _with_tables(lines: Sequence[Block], found: _Walk) -> Iterator[Block]:
    """Yield the lines; a table's header of kinds gives its columns their kind, one of names makes a row one item."""
    rows: dict[int, list[Block]] = defaultdict(list)
    for block in lines:
        rows[block.row].append(block)
    roles: dict[int, dict[int, str]] = {}
    state_columns: dict[int, int] = {}
    for block in lines:
        row = rows[block.row] if block.row else []
        plural = [one for one in row if one.text.rstrip(": ").endswith("s")]
        plurals = {one.column: kind for one in plural if (kind := _kind(one.text))}
        named = {one.column: role for one in row if (role := _COLUMNS.get(values.key(one.text)))}
        state_at = next((column for column, role in named.items() if role == "state"), None)
        beside = found.rules.by_state and plurals and state_at is not None and state_at < min(plurals)
        if len(plurals) > 1 or beside:
            found.columns[block.within] = plurals
            found.headed |= set(plurals.values())
            if beside and state_at is not None:
                state_columns[block.within] = state_at
        elif len(named) > 1 or (row and "jurisdiction" in named.values() and len(row) == 1):
            roles[block.within] = named
        elif block.row and block.column == state_columns.get(block.within):
            yield replace(block, tag="h3")
        elif block.row and block.within in roles:
            if block is row[0]:
                yield from _record(row, roles[block.within])
        else:
            yield block


def _record(row: Sequence[Block], roles: Mapping[int, str]) -> Iterator[Block]:
    """A row with a place in one cell and its state or kind in others, as the heading and the item that it means."""
    cells = {roles.get(block.column, ""): block for block in row}
    place = cells.get("jurisdiction")
    if place is None:
        yield from row
        return
    if kind := cells.get("kind"):
        yield replace(kind, tag="p", within=0)
    state = cells.get("state")
    named = state is not None and not states.split(place.text)[1] and states.code(place.text) is None
    yield replace(place, text=f"{place.text}, {state.text}" if state is not None and named else place.text)
    yield from (block for block in row if block.column not in roles)


def _kind(text: str) -> str:
    words = values.key(_COUNTED.sub("", values.unfootnoted(text)))
    return next((kind for kind, pattern in _KINDS.items() if pattern.fullmatch(words)), "")


def _state_heading(block: Block) -> str:
    """Return the state that a heading names; a line among lines ("Delaware", a city in Ohio) is none, and an item is
    one only where a list of its own hangs on it."""
    text = _COUNTED.sub("", block.text)
    stands_out = block.opens if block.tag in outline.ITEMS - {"th"} else block.alone or block.tag in outline.HEADINGS
    return text if stands_out and len(text) > 2 and states.code(text) else ""


def _row(item: _Item, number: int, rules: Rules) -> ListedRow:
    bare = values.unfootnoted(item.text)
    if rules.by_state:
        kind = item.kind or ("county" if _COUNTY.search(bare) else "unstated")
        place, state = ("" if kind == "state" else bare), item.state
        cells = {"jurisdiction": item.text, "kind": kind, "state": item.state}
    else:
        kind = item.kind
        place, state = ("", bare) if kind == "state" else states.split(bare)
        cells = {"jurisdiction": item.text, "kind": kind}
    return ListedRow(
        cells=json.dumps(cells, ensure_ascii=False),
        row_key=json.dumps(
            [bare if name == "jurisdiction" else cell for name, cell in cells.items()], ensure_ascii=False
        ),
        row_no=number,
        place_quoted=place,
        state_quoted=state,
        locator=Locator(row=number, column=item.heading or None),
    )


def _missing(found: _Walk) -> Iterator[Problem]:
    for kind in found.rules.needed:
        if kind not in found.headed:
            yield _held("heading_missing", f"The list has no heading for its {kind} entries; none of it is certain.")


def _lost(found: _Walk) -> Iterator[Problem]:
    for (heading, before), texts in found.lost.items():
        amid = found.rules.by_state and 0 < before < len(found.items)
        shown = "; ".join(text[:_LONGEST] for text in texts[:_MOST_SHOWN]) + ("; …" if len(texts) > _MOST_SHOWN else "")
        above = f'under "{heading[:_LONGEST]}"' if heading else "before any heading"
        text = f"{len(texts)} item{'s' if len(texts) > 1 else ''} {above} left unread: {shown}"
        held = amid or any(len(one) <= _LONGEST and _PLACE.search(one) for one in texts)
        yield Problem(code="unread_item", text=text, holds_back=held)


def _doubtful(found: _Walk) -> Iterator[Problem]:
    """A heading that was lost shows in items that do not fit the one before it, or in a list that begins anew."""
    for item in found.items:
        under = f'"{item.text[:_LONGEST]}" under "{item.heading}"'
        if not _fits(item, found.rules) or len(item.text) > _LONGEST:
            yield _held("item_doubtful", f"{under} does not look like a {item.kind or 'place'}.")
        elif not found.rules.by_state and item.kind != "state" and not states.split(item.text)[1]:
            yield Problem(code="no_state", text=f"{under} names no state.")
    for before, item in pairwise(found.items):
        same = (before.kind, before.state, before.heading) == (item.kind, item.state, item.heading)
        if same and before.within != item.within and item.text.casefold() < before.text.casefold():
            text = f'A second list begins with "{item.text}" under "{item.heading}": a heading may be missing.'
            yield _held("heading_missing", text)


def _fits(item: _Item, rules: Rules) -> bool:
    match item.kind:
        case "state":
            return bool(states.code(item.text) or (rules.by_state and _STATEWIDE.fullmatch(item.text)))
        case "county":
            return rules.by_state or _COUNTY.search(item.text) is not None
        case "city":
            return not _COUNTY.search(item.text)
    return True


def _miscounted(found: _Walk) -> Iterator[Problem]:
    for heading, stated in found.counts:
        listed = sum(item.heading == heading for item in found.items)
        if listed != stated:
            yield Problem(code="count_differs", text=f'"{heading}" states {stated}, but {listed} items stand under it.')


def _twice(facts: Sequence[ListedRow]) -> Iterator[Problem]:
    for key, count in Counter(fact.row_key for fact in facts).items():
        if count > 1:
            yield Problem(code="same_key", text=f"{key} is listed {count} times; all are kept.")


def _held(code: str, text: str) -> Problem:
    return Problem(code=code, text=text, holds_back=True)
