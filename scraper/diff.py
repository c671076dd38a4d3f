"""What changed between two readings: pure, exact, without any guess by similarity.

Rows are matched in two steps. Equal content is matched as a multiset of hashes, so order and position never count.
What is left is paired by the identity columns its type declares, and only where one row on each side has that
identity; everything else is a row removed or a row added.
"""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Sequence
from difflib import SequenceMatcher

from scraper.ids import plain
from scraper.known import COMPARED
from scraper.model import Change, DetainerRecord, Fact, Figure, ListedRow

_ANNOUNCEMENT = re.compile(
    r"^\W*(correction|corrected|erratum|clarification|editor.?s note|update|updated)\b\s*(\([^)]*\))?\s*[:–—-]", re.I
)
_MOST_PARAGRAPHS = 4000
"""Above this many, paragraphs are compared as a multiset: the sequence matcher is quadratic at worst."""


def row_changes(gone: Sequence[tuple[int, Fact]], come: Sequence[tuple[int, Fact]]) -> tuple[Change, ...]:
    """Tell the rows that vanished and those that came, both (row id, fact) of one table, as changes."""
    pairs, removed, added = _paired(gone, come)
    told = [change for (_, old), (row_id, new) in pairs for change in _cells(row_id, old, new)]
    told += [_whole("removed", row_id, fact) for row_id, fact in removed]
    told += [_whole("added", row_id, fact) for row_id, fact in added]
    return tuple(told)


def text_changes(before: Sequence[str], after: Sequence[str]) -> tuple[Change, ...]:
    """Tell changed paragraphs; a mere change of order or typography is none."""
    stays = {plain(old): old for old in before}
    after = [stays.get(plain(new), new) for new in after]
    if Counter(before) == Counter(after):
        return ()
    if max(len(before), len(after)) > _MOST_PARAGRAPHS:
        gone, come = Counter(before) - Counter(after), Counter(after) - Counter(before)
        return tuple(_text(old, None) for old in gone.elements()) + tuple(_text(None, new) for new in come.elements())
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    told: list[Change] = []
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        if tag != "equal":
            told += _block(before[i1:i2], after[j1:j2])
    return tuple(told)


def title_change(before: str, after: str) -> tuple[Change, ...]:
    """Tell an edited title."""
    if plain(before) == plain(after):
        return ()
    return (
        Change(table="release", kind="changed", row_id=None, column="title", before=before, after=after, label="title"),
    )


def announcement(changes: Iterable[Change]) -> str:
    """Return the publisher's own sentence that announces a correction, if a new paragraph or correction is one."""
    for change in changes:
        if change.table == "correction" and change.kind == "added":
            return json.loads(change.after or "{}").get("quote") or "A correction was added."
        if change.table == "text" and change.after and _ANNOUNCEMENT.match(change.after):
            return change.after
    return ""


def label(fact: Fact) -> str:
    """Return the row in a person's words: its identity values."""
    if isinstance(fact, DetainerRecord):
        return ", ".join(filter(None, (fact.facility_quoted, fact.state_quoted, fact.prepared_on))) or "record"
    if isinstance(fact, ListedRow):
        return ", ".join(str(value) for value in json.loads(fact.row_key) if value)
    names = (
        ("place_quoted", "facility_quoted", "state_quoted", "label_quoted")
        if isinstance(fact, Figure)
        else fact.IDENTITY
    )
    words = [str(getattr(fact, name)) for name in names if getattr(fact, name)]
    return ", ".join(words) or fact.TABLE.replace("_", " ")


def fact_json(fact: Fact) -> str:
    """Return what a fact states as a JSON object, empty fields left out; a listed row gives its cells."""
    if isinstance(fact, ListedRow | DetainerRecord):
        return fact.cells
    values = {name: getattr(fact, name) for name in COMPARED[type(fact)] if getattr(fact, name) not in (None, "")}
    return json.dumps(values, ensure_ascii=False)


def _identity(fact: Fact) -> Hashable:
    """What identifies a row; a record without an identifier is like no other."""
    if isinstance(fact, DetainerRecord) and not fact.record_key:
        return id(fact)
    values = (getattr(fact, name) for name in fact.IDENTITY)
    return tuple(plain(value) if isinstance(value, str) else value for value in values)


def _paired(
    gone: Sequence[tuple[int, Fact]], come: Sequence[tuple[int, Fact]]
) -> tuple[
    list[tuple[tuple[int, Fact], tuple[int, Fact]]],
    list[tuple[int, Fact]],
    list[tuple[int, Fact]],
]:
    left: dict[Hashable, list[tuple[int, Fact]]] = defaultdict(list)
    right: dict[Hashable, list[tuple[int, Fact]]] = defaultdict(list)
    for row in gone:
        left[_identity(row[1])].append(row)
    for row in come:
        right[_identity(row[1])].append(row)
    same = {key for key, rows in left.items() if len(rows) == 1 and len(right.get(key, ())) == 1}
    pairs = [(left[key][0], rows[0]) for key, rows in right.items() if key in same]
    removed = [row for row in gone if _identity(row[1]) not in same]
    added = [row for row in come if _identity(row[1]) not in same]
    return pairs, removed, added


def _cells(row_id: int, old: Fact, new: Fact) -> list[Change]:
    before, after = _columns(old), _columns(new)
    names = [name for name in dict.fromkeys((*before, *after)) if _differ(before.get(name), after.get(name))]
    if "value" in names:  # the words and the sentence a number stands in change with it: one change, told once
        names = [name for name in names if name not in ("value_quoted", "quote")]
    return [
        Change(
            table=new.TABLE,
            kind="changed",
            row_id=row_id,
            column=name,
            before=before.get(name),
            after=after.get(name),
            label=label(new),
            place_id=new.place_id,
        )
        for name in names
    ]


def _differ(before: str | None, after: str | None) -> bool:
    return before != after and (before is None or after is None or plain(before) != plain(after))


def _columns(fact: Fact) -> dict[str, str | None]:
    if isinstance(fact, ListedRow | DetainerRecord):
        return {name: None if cell is None else str(cell) for name, cell in json.loads(fact.cells).items()}
    values = {name: getattr(fact, name) for name in COMPARED[type(fact)]}
    return {name: None if value is None else str(value) for name, value in values.items()}


def _whole(kind: str, row_id: int, fact: Fact) -> Change:
    told = fact_json(fact)
    return Change(
        table=fact.TABLE,
        kind="added" if kind == "added" else "removed",
        row_id=row_id,
        column=None,
        before=None if kind == "added" else told,
        after=told if kind == "added" else None,
        label=label(fact),
        place_id=fact.place_id,
    )


def _block(before: Sequence[str], after: Sequence[str]) -> list[Change]:
    if len(before) == len(after):
        return [_text(old, new) for old, new in zip(before, after, strict=True)]
    return [_text(old, None) for old in before] + [_text(None, new) for new in after]


def _text(before: str | None, after: str | None) -> Change:
    kind = "changed" if before is not None and after is not None else "added" if before is None else "removed"
    return Change(
        table="text",
        kind=kind,  # type: ignore[arg-type]
        row_id=None,
        column="paragraph",
        before=before,
        after=after,
        label="text",
    )


def summary(changes: Sequence[Change]) -> str:
    """Count changes in a person's words: "3 rows changed, 1 row added"; empty for none."""
    rows: dict[str, set[Hashable]] = defaultdict(set)
    more: Counter[str] = Counter()
    for position, change in enumerate(changes):
        noun = {"text": "paragraph", "release": "title"}.get(change.table, "row")
        name = f"{noun} {change.kind}"
        rows[name].add(change.row_id if change.row_id is not None else position)
        more[name] += change.rows - 1
    return ", ".join(_counted(len(seen) + more[name], name) for name, seen in rows.items())


def _counted(count: int, name: str) -> str:
    noun, kind = name.split(" ")
    return f"{count:,} {noun}{'' if count == 1 else 's'} {kind}"
