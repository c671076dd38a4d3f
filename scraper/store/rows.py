"""Fact rows and their lifetimes: what is known of a stream, which rows end with a reading and which begin."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Final, Literal

from scraper import diff
from scraper.ids import number_id
from scraper.known import each_hash, fact_hash
from scraper.model import FACT_TYPES, OURS, Change, Fact, Figure, ListedRow, Locator
from scraper.store.database import Database, Row

Facts = Callable[[], Iterable[tuple[bool, Fact]]]
"""Goes through the facts of a reading, each with whether the stream states it already."""
Placed = tuple[int, Fact]
"""Row id and fact."""

_STORED: Final = {
    kind: tuple(f.name for f in fields(kind) if f.name not in ("locator", "figures")) for kind in FACT_TYPES
}
_LIFE: Final = (
    "row_id", "release_id", "source_id", "stream", "row_hash", "first_reading", "last_reading", "locator",
)  # fmt: skip
_BLOCK: Final = 16
"""Bits of a row id that count within a block; rows that begin together lie together in the table."""
_AT_ONCE: Final = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Where the rows of a reading belong."""

    source_id: str
    release_id: str
    stream: str
    reading_id: int
    before: int | None
    """The reading before this one: the last that stated what ends now. None: there is nothing to compare with."""


@dataclass(slots=True)
class _Moved:
    """Rows that ended or began: how many of each table, and the rows themselves where each is told."""

    count: Counter[type[Fact]] = field(default_factory=Counter)
    rows: dict[type[Fact], list[Placed]] = field(default_factory=lambda: defaultdict(list))


def known(db: Database, stream: str) -> bytes:
    """Return the hashes of the rows that a stream states, those that hang on another row left out."""
    return b"".join(
        db.blobs(f"SELECT row_hash FROM {kind.TABLE} WHERE stream = ? AND last_reading IS NULL{_alone(kind)}", stream)
        for kind in FACT_TYPES
    )


def figures_read_off(db: Database, stream: str, gone: bytes) -> int:
    """Count the figures that hang on the rows of a stream, but for the rows that are gone."""
    alive = "SELECT row_id FROM listed_row WHERE stream = ? AND last_reading IS NULL"
    counted = "SELECT count(*) AS n FROM figure WHERE last_reading IS NULL AND of_row IN"
    every = db.one(f"{counted} ({alive})", stream)
    less = (
        db.one(f"{counted} ({alive} AND row_hash = ? ORDER BY row_id LIMIT ?)", stream, digest, times)
        for digest, times in Counter(each_hash(gone)).items()
    )
    return int(every["n"] if every else 0) - sum(int(row["n"]) for row in less if row)


def replace(db: Database, batch: Batch, gone: bytes, facts: Facts, *, tell: bool) -> tuple[Change, ...]:
    """End the rows that are gone, start those that have come, leave the rest untouched; tell the difference.

    `tell`: row by row; else how many of each table.
    """
    compare = batch.before is not None
    ended = _end(db, batch, gone, keep=compare and tell)
    started = _start(db, batch, facts, keep=compare and tell)
    if compare and not tell:
        return (*_by_number("removed", ended), *_by_number("added", started))
    told: list[Change] = []
    for kind in FACT_TYPES if compare else ():
        pair = ended.rows[kind], started.rows[kind]
        told += [change for change in diff.row_changes(*pair) if not is_derived(change, *pair)]
    return tuple(told)


def _by_number(how: Literal["removed", "added"], moved: _Moved) -> Iterator[Change]:
    for kind in FACT_TYPES:
        if moved.count[kind] and kind is not Figure:
            words = f"{moved.count[kind]:,} rows; too many to tell one by one"
            yield Change(
                table=kind.TABLE, kind=how, row_id=None, column=None, before=None, after=None, label=words,
                rows=moved.count[kind],
            )  # fmt: skip


def is_derived(change: Change, gone: Sequence[Placed], come: Sequence[Placed]) -> bool:
    """Is it of a figure derived from stored rows? Then the rows tell the change, once."""
    if change.table != "figure":
        return False
    return any(row_id == change.row_id and getattr(fact, "derived", False) for row_id, fact in (*gone, *come))


def load(db: Database, kind: type[Fact], row_id: int) -> Fact:
    """Return a stored row as the fact it was."""
    row = db.one(f"SELECT * FROM {kind.TABLE} WHERE row_id = ?", row_id)
    if row is None:
        raise LookupError(row_id)
    return _fact(kind, row)


def _fact(kind: type[Fact], row: Row) -> Fact:
    values = {name: row[name] for name in _STORED[kind]}
    if "derived" in values:
        values["derived"] = bool(values["derived"])
    return kind(**values, locator=Locator())


def refresh(db: Database, stream: str, facts: Facts) -> bool:
    """Bring our own part of rows that state the same up to date: places, keys. Nobody is told.

    Returns whether the figures read off them differ from those stored, so that the stream needs a new reading.
    """
    differ = False
    for is_known, fact in facts():
        if is_known:
            _update(db, stream, fact)
            for figure in getattr(fact, "figures", ()):
                _update(db, stream, figure)
            differ = differ or any(_other_figures(db, stream, fact))
    return differ


def _update(db: Database, stream: str, fact: Fact) -> None:
    ours = {name: getattr(fact, name) for name in (*OURS.get(type(fact), ()), "place_id")}
    setting = ", ".join(f"{name} = ?" for name in ours)
    stale = " OR ".join(f"{name} IS NOT ?" for name in ours)
    db.write(
        f"UPDATE {fact.TABLE} SET {setting} WHERE stream = ? AND row_hash = ? AND last_reading IS NULL AND ({stale})",
        *ours.values(),
        stream,
        fact_hash(fact),
        *ours.values(),
    )


def _alone(kind: type[Fact]) -> str:
    return " AND of_row IS NULL" if kind is Figure else ""


def _end(db: Database, batch: Batch, gone: bytes, *, keep: bool) -> _Moved:
    """End rows by their hashes with the reading before this one; of equal rows it does not matter which."""
    ended, left = _Moved(), Counter(each_hash(gone))
    for kind in FACT_TYPES if left else ():
        alive = f"FROM {kind.TABLE} WHERE stream = ? AND last_reading IS NULL{_alone(kind)}"
        if db.one(f"SELECT 1 {alive} LIMIT 1", batch.stream) is None:
            continue
        what = "*" if keep else "row_id"
        sql = f"SELECT {what} {alive} AND row_hash = ? ORDER BY row_id LIMIT ?"
        found = [row for digest, times in left.items() for row in db.rows(sql, batch.stream, digest, times)]
        ended.count[kind] = len(found)
        if keep:
            ended.rows[kind] = [(row["row_id"], _fact(kind, row)) for row in found]
        _close(db, kind, batch, [row["row_id"] for row in found])
    return ended


def _close(db: Database, kind: type[Fact], batch: Batch, row_ids: Sequence[int]) -> None:
    """End rows with the reading before this one, and with them the figures read off them."""
    ends = [(batch.before, row_id) for row_id in row_ids]
    db.write_all(f"UPDATE {kind.TABLE} SET last_reading = ? WHERE row_id = ?", ends)
    if kind is ListedRow:
        db.write_all("UPDATE figure SET last_reading = ? WHERE of_row = ? AND last_reading IS NULL", ends)


def _start(db: Database, batch: Batch, facts: Facts, *, keep: bool) -> _Moved:
    """Store the facts that have come, and of known ones the figures that are read off them now."""
    started, writer, remade = _Moved(), _Writer(db, batch), set[int]()
    for is_known, fact in facts():
        if is_known:
            for row_id, ended, missing in list(_other_figures(db, batch.stream, fact)):
                if row_id not in remade:  # an equal fact finds the same rows, and what was put may still wait
                    remade.add(row_id)
                    _close(db, Figure, batch, ended)
                    writer.put_figures(row_id, missing)
            continue
        row_id = writer.put(fact)
        started.count[type(fact)] += 1
        if keep:
            started.rows[type(fact)].append((row_id, fact))
    writer.flush()
    return started


def _other_figures(db: Database, stream: str, fact: Fact) -> Iterator[tuple[int, list[int], list[Figure]]]:
    """For each stored row that states this fact: its id, the figures to end and those to start, where there are any."""
    if not isinstance(fact, ListedRow):
        return
    for row in db.rows(
        "SELECT row_id FROM listed_row WHERE stream = ? AND row_hash = ? AND last_reading IS NULL",
        stream,
        fact_hash(fact),
    ):
        stored = db.rows("SELECT row_id, row_hash FROM figure WHERE of_row = ? AND last_reading IS NULL", row["row_id"])
        wanted = Counter(map(fact_hash, fact.figures))
        ended = []
        for figure in stored:
            if wanted[figure["row_hash"]]:
                wanted[figure["row_hash"]] -= 1
            else:
                ended.append(figure["row_id"])
        missing = []
        for one in fact.figures:
            if wanted[fact_hash(one)]:
                wanted[fact_hash(one)] -= 1
                missing.append(one)
        if ended or missing:
            yield row["row_id"], ended, missing


class _Writer:
    """Inserts facts some thousand at a time, under ids that a replay gives them too."""

    def __init__(self, db: Database, batch: Batch) -> None:
        self._db, self._batch = db, batch
        self._waiting: dict[type[Fact], list[tuple[Any, ...]]] = {kind: [] for kind in FACT_TYPES}
        self._ids = {kind: _ids(db, batch, kind) for kind in FACT_TYPES}

    def put(self, fact: Fact) -> int:
        """Store a fact, with what hangs on it; return its id."""
        row_id = self._add(fact, None)
        if isinstance(fact, ListedRow):
            self.put_figures(row_id, fact.figures)
        return row_id

    def put_figures(self, row_id: int, figures: Iterable[Figure]) -> None:
        """Store figures that are read off a stored row."""
        for figure in figures:
            self._add(figure, row_id)

    def flush(self) -> None:
        """Store what waits."""
        for kind, rows in self._waiting.items():
            if rows:
                hung = ("of_row",) if kind is Figure else ()
                self._db.insert_all(kind.TABLE, (*_LIFE, *_STORED[kind], *hung), rows)
                rows.clear()

    def _add(self, fact: Fact, of_row: int | None) -> int:
        kind, batch = type(fact), self._batch
        row_id = next(self._ids[kind])
        life = (
            row_id, batch.release_id, batch.source_id, batch.stream, fact_hash(fact), batch.reading_id, None,
            fact.locator.text(),
        )  # fmt: skip
        stated = (_stored(getattr(fact, name)) for name in _STORED[kind])
        hung = (of_row,) if kind is Figure else ()
        self._waiting[kind].append((*life, *stated, *hung))
        if len(self._waiting[kind]) > _AT_ONCE:
            self.flush()
        return row_id


def _stored(value: Any) -> Any:
    return int(value) if isinstance(value, bool) else value


def _ids(db: Database, batch: Batch, kind: type[Fact]) -> Iterator[int]:
    """Yield ids made from stream and reading, block by block; a block that is taken is passed over."""
    number = 0
    while True:
        block = number_id(batch.stream, kind.TABLE, batch.reading_id, number) >> _BLOCK << _BLOCK
        number += 1
        last = block + (1 << _BLOCK) - 1
        if db.one(f"SELECT 1 FROM {kind.TABLE} WHERE row_id BETWEEN ? AND ? LIMIT 1", block, last) is None:
            yield from range(block, last + 1)
