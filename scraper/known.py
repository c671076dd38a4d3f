"""What a stream of readings states already, as hashes: a row is the same row where its content is equal.

The one definition of "the same row", below readers (which skip what is known) and the store (which keeps it) alike.
"""

import json
import sys
from array import array
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from hashlib import blake2b
from typing import Final, TypeVar

from scraper.facts import FACT_TYPES, UNCOMPARED, DetainerRecord, Fact, Figure, ListedRow
from scraper.ids import plain, row_hash

Rest = TypeVar("Rest")
HASH_BYTES: Final = 16
BETWEEN: Final = "\0"
"""Stands between the cells of a row that is hashed; no text that can be read holds it."""
COMPARED: Final[Mapping[type[Fact], tuple[str, ...]]] = {
    kind: tuple(f.name for f in fields(kind) if f.name not in UNCOMPARED) for kind in FACT_TYPES
}
"""The fields of each kind of fact that are a publisher's content."""


def fact_hash(fact: Fact) -> bytes:
    """Return the 16-byte hash of what a fact states, leaving out where it stands and what we resolved."""
    kind = type(fact)
    if isinstance(fact, ListedRow):
        cells = json.loads(fact.cells)
        return line_hash(line_start(cells), BETWEEN.join(cells.values()))
    if isinstance(fact, DetainerRecord):
        return record_hash([f"{name}\x01{cell}" for name, cell in json.loads(fact.cells).items()])
    return row_hash(kind.TABLE, *[getattr(fact, name) for name in COMPARED[kind]])


def line_start(columns: Iterable[str]) -> bytes:
    """Return what is hashed before the cells of each row of a table: the names of its columns."""
    return plain(BETWEEN.join((ListedRow.TABLE, *columns, ""))).encode("utf-8", "surrogatepass")


def line_hash(start: bytes, line: str) -> bytes:
    """Return the `fact_hash` of the listed row whose folded cells are joined in `line`."""
    if line.isascii():  # most are, and half of the time of a large file is spent here
        return blake2b(start + line.encode(), digest_size=HASH_BYTES).digest()
    return blake2b(start + plain(line).encode("utf-8", "surrogatepass"), digest_size=HASH_BYTES).digest()


def record_hash(stated: Sequence[str]) -> bytes:
    """Return the `fact_hash` of the detainer record whose filled cells are `stated`: name, \\x01, cell, by name."""
    line = BETWEEN.join((DetainerRecord.TABLE, *stated))
    return blake2b(plain(line).encode("utf-8", "surrogatepass"), digest_size=HASH_BYTES).digest()


class Known:
    """The rows that a stream states, a multiset of hashes from which those of a new reading are ticked off.

    `remake`: known rows are wanted all the same, for our own part of them (places, keys, derived figures).
    """

    __slots__ = ("_count", "_left", "_met", "_more", "_sums", "derived", "figures", "remake", "take", "was_known")

    def __init__(self, hashes: bytes = b"", *, remake: bool = False) -> None:
        self._count, self._sums = len(hashes) // HASH_BYTES, _sums(hashes)
        self._left = set(each_hash(hashes))
        self._more: Counter[bytes] = Counter()
        if len(self._left) * HASH_BYTES < len(hashes):
            self._more = Counter(each_hash(hashes)) - Counter(self._left)
        self._met = bytearray()
        self.take: Callable[[bytes], bool] = self._take if self._more or remake else _ticker(self._left)
        """Ticks a row off, if it is known; returns whether it need not be made."""
        self.remake = remake
        self.derived = 0
        """How many of the facts met or taken are derived from others."""
        self.figures = 0
        """Figures among the facts, those of known rows left out."""
        self.was_known = False
        """Whether the row asked for last is known."""

    def _take(self, digest: bytes) -> bool:
        if digest not in self._left:
            self.was_known = False
            return False
        if self._more and self._more[digest]:
            self._more[digest] -= 1
        else:
            self._left.remove(digest)
        self.was_known = self.remake
        return not self.remake

    def meet(self, digest: bytes) -> None:
        """Count the row asked for last as a new one, unless it was known."""
        if not self.was_known:
            self._met += digest

    def untaken(self, facts: Iterable[Fact]) -> Iterator[Fact]:
        """Yield the facts that are wanted, each ticked off just before."""
        for fact in facts:
            digest = fact_hash(fact)
            self.derived += getattr(fact, "derived", False)
            self.figures += isinstance(fact, Figure)
            if not self.take(digest):
                self.meet(digest)
                yield fact

    def gone(self) -> bytes:
        """Return the hashes of the rows that were not stated."""
        return b"".join(sorted([*self._left, *self._more.elements()]))

    def rows(self) -> int:
        """Return how many facts were stated, those derived from others left out."""
        gone = len(self._left) + self._more.total()
        return self._count + len(self._met) // HASH_BYTES - gone - self.derived

    def content_hash(self, title: str, paragraphs: Iterable[str]) -> str:
        """Return a hex hash equal for readings that state the same, in whatever order or bytes."""
        sums = zip(self._sums, _sums(self._met), _sums(self.gone()), strict=True)
        stated = [(known + met - gone) % 2**64 for known, met, gone in sums]
        return row_hash(title, *stated, *sorted(map(plain, paragraphs))).hex()


def _ticker(left: set[bytes]) -> Callable[[bytes], bool]:
    """Return the quick way for what most tables are: no row twice, and none to be made anew."""
    remove = left.remove

    def take(digest: bytes) -> bool:
        try:
            remove(digest)
        except KeyError:
            return False
        return True

    return take


def _sums(hashes: bytes | bytearray) -> tuple[int, int]:
    """Both halves of all hashes added up, the same for the same rows in any order; and nothing of them copied."""
    view = memoryview(hashes if sys.byteorder == "little" else _swapped(hashes)).cast("Q")
    return sum(view[::2]), sum(view[1::2])


def _swapped(hashes: bytes | bytearray) -> "array[int]":
    halves = array("Q", hashes)
    halves.byteswap()
    return halves


def collected(facts: Generator[Fact, None, Rest]) -> tuple[list[Fact], Rest]:
    """Run a stream of facts to its end; return them and what it returned."""
    found: list[Fact] = []
    try:
        while True:
            found.append(next(facts))
    except StopIteration as end:
        rest: Rest = end.value
        return found, rest


def each_hash(hashes: bytes) -> Iterator[bytes]:
    """Yield the hashes of which `hashes` is made."""
    return (hashes[at : at + HASH_BYTES] for at in range(0, len(hashes), HASH_BYTES))
