"""Words with their places, lines of words, and the columns between which white space runs through the lines.

Coordinates are PDF points with the page turned upright: x grows to the right, y upwards.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

from scraper.documents.values import fold

Interval = tuple[float, float]

HYPHEN: Final = "\x02"
"""What PDFium gives for a hyphen at the end of a line."""
SPACE_BETWEEN_COLUMNS: Final = 0.5
_SAME_LINE: Final = 0.4
SMALLER: Final = 0.85
_RAISED: Final = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_PLAIN: Final = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
_MARK: Final = re.compile(r"[0-9]{1,3}(?:,[0-9]{1,3})*")
WIDE: Final = 0.8
"""Fractions of the letter size: white space between columns, baselines of one line, a gap between cells of a line."""


@dataclass(frozen=True, slots=True)
class Word:
    """Letters without white space between them; `glued`: no white space before it either, only a gap."""

    text: str
    left: float
    right: float
    base: float
    size: float
    glued: bool

    @property
    def middle(self) -> float:
        """Its horizontal centre."""
        return (self.left + self.right) / 2

    @property
    def height(self) -> float:
        """The vertical centre of its small letters."""
        return self.base + self.size * 0.25


@dataclass(frozen=True, slots=True)
class Line:
    """Words on one baseline from left to right."""

    words: tuple[Word, ...]

    @property
    def base(self) -> float:
        """The baseline of its largest letters."""
        return max(self.words, key=lambda word: word.size).base

    @property
    def size(self) -> float:
        """The size of its largest letters."""
        return max(word.size for word in self.words)

    @property
    def left(self) -> float:
        """Where it begins."""
        return self.words[0].left

    @property
    def right(self) -> float:
        """Where it ends."""
        return max(word.right for word in self.words)

    def segments(self) -> int:
        """Return how many parts stand apart by more than a space."""
        return 1 + sum(after.left - before.right > WIDE * self.size for before, after in pairwise(self.words))


def raised(words: Sequence[Word]) -> Iterator[Word]:
    """Yield the words, small raised digits right behind a larger word as footnote marks that no number can swallow."""
    for word in words:
        host = next((each for each in words if _is_mark_of(word, each)), None) if _MARK.fullmatch(word.text) else None
        if host is None:
            yield word
        else:
            yield replace(word, text=word.text.translate(_RAISED), base=host.base, size=host.size, glued=True)


def plain(text: str) -> str:
    """Return text with raised digits as common ones."""
    return text.translate(_PLAIN)


def _is_mark_of(word: Word, host: Word) -> bool:
    rise, gap = word.base - host.base, word.left - host.right
    return word.size <= SMALLER * host.size and 0.1 * host.size < rise < host.size and abs(gap) < 0.25 * host.size


def lines(words: Iterable[Word]) -> list[Line]:
    """Return the words as lines from top to bottom; raised footnote marks stay in their line."""
    found: list[list[Word]] = []
    for word in sorted(words, key=lambda each: (-each.base, each.left)):
        if found and found[-1][0].base - word.base <= _SAME_LINE * max(word.size, found[-1][0].size):
            found[-1].append(word)
        else:
            found.append([word])
    return [Line(tuple(sorted(each, key=lambda word: word.left))) for each in found]


def text(within: Iterable[Line]) -> str:
    """Return lines as one folded text; a word divided at the end of a line keeps its hyphen and is one word."""
    return unhyphenated(" ".join(marked(line.words) for line in within))


def marked(words: Sequence[Word]) -> str:
    """Return the words of a line as text, a hyphen at its end still marked as such."""
    parts = (word.text if word.glued and place else f" {word.text}" for place, word in enumerate(words))
    return fold("".join(parts)).replace("\ufffe", HYPHEN)


def unhyphenated(raw: str) -> str:
    """Return text with PDFium's mark for a hyphen at a line's end as the hyphen it is."""
    return fold(raw).replace("\ufffe", HYPHEN).replace(f"{HYPHEN} ", "-").replace(HYPHEN, "-")


def columns(within: Sequence[Line], known: Iterable[Interval] = (), least: float | None = None) -> tuple[Interval, ...]:
    """Return the x-intervals that hold letters where white space runs through all the lines between them.

    `known` are the columns of lines before, `least` the width of the white space (default: by the smallest letters).
    """
    least = least or SPACE_BETWEEN_COLUMNS * min(line.size for line in within)
    found: list[Interval] = []
    for left, right in sorted([*known, *((word.left, word.right) for line in within for word in line.words)]):
        if found and left - found[-1][1] < least:
            found[-1] = (found[-1][0], max(found[-1][1], right))
        else:
            found.append((left, right))
    return tuple(found)
