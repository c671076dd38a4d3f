"""The running text of a PDF as passages: lines that stand together, spaced-out words closed up, cut words mended.

Passages are told apart by the space between lines, by bullets and numbers, by the size of the letters, and by where
lines begin and end.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from scraper.documents import pdf_words
from scraper.documents.pdf_words import HYPHEN, Line, Word

_BULLETS: Final = re.compile(r"[•·▪■◦●○‣\uf0b7\s]+")
_BULLETED: Final = re.compile(
    r"[•▪◦●‣\uf0b7]|(?:[·■○–—*-]|\(?[0-9]{1,3}[.)]|[Cc]ase\s+(?:[Nn]o\.?\s*|#\s*)?[0-9]{1,3}[:.)]?)\s+\S"
)
"""What may stand before an item of a list."""
_SPACE: Final = 1.3
"""Times the usual step from line to line: more is a space between paragraphs."""
_SAME_SIZE: Final = 1.1
_SHORT: Final = 0.85
_HALF: Final = 0.6
"""Fractions: of two letter sizes; of the width of the text up to which a line that ends a sentence ends a passage too,
and up to which one at the end of a page does that ends none."""
_ENDED: Final = re.compile(r"[.!?:;)][”\"’)⁰¹²³⁴⁵⁶⁷⁸⁹]*$")
_CAPITAL: Final = re.compile(r"[A-Z][,.:;]?|[,.:;]")
_SPACED: Final = 4
_LONGEST_WORD: Final = 14
"""Single capitals in a row that make a spaced-out word, and most letters of one whose end white space does not show."""
_CUT: Final = re.compile(rf"([A-Za-z]*[a-z]){HYPHEN}\s?([a-z]+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """Lines that stand together, as one folded text; `page` is where it begins."""

    text: str
    page: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Set:
    """How lines are set: the usual step down in letter sizes, and where the text ends at the right."""

    step: float
    width: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """One line with its page, in text; `parts`: how many stand apart as columns do."""

    page: int
    line: Line
    text: str
    parts: int


def passages(
    stretches: Sequence[Sequence[tuple[int, Line]]], *, heading: re.Pattern[str] | None = None, parted: bool = False
) -> list[list[Passage]]:
    """Return the passages of each stretch of lines, given with their pages; one may run over the end of a page.

    A line that `heading` matches begins one; `parted`: a line with columns is one. Bare bullets are left out.
    """
    rows = [[row for page, line in lines if (row := _row(page, line, parted))] for lines in stretches]
    every = [row for stretch in rows for row in stretch]
    how = _Set(step=_step(every), width=max((row.line.right for row in every), default=0.0))
    joined = [list(_joined(stretch, how, heading)) for stretch in rows]
    whole = set(re.findall(r"[a-z]{4,}", " ".join(one.text for stretch in joined for one in stretch)))
    return [[Passage(text=_whole(one.text, whole), page=one.page) for one in stretch] for stretch in joined]


def _row(page: int, line: Line, parted: bool) -> _Row | None:
    closed = Line(tuple(_closed_up(line.words)))
    parts = [pdf_words.marked(words) for words in _parts(closed)] if parted else [pdf_words.marked(closed.words)]
    text = " | ".join(parts)
    return None if _BULLETS.fullmatch(text) else _Row(page=page, line=line, text=text, parts=len(parts))


def _parts(line: Line) -> list[list[Word]]:
    """Return the words of a line by the parts that stand apart as columns do."""
    gaps = [after.left - before.right for before, after in pairwise(line.words)]
    wide = pdf_words.WIDE * line.size
    if len(gaps) > 1 and not any(char.isdecimal() for word in line.words for char in word.text):
        wide = max(wide, 1.6 * min(gaps))  # a heading in wide letters has no columns
    groups: list[list[Word]] = [[line.words[0]]]
    for gap, word in zip(gaps, line.words[1:], strict=True):
        if gap > wide:
            groups.append([])
        groups[-1].append(word)
    return groups


def _closed_up(words: Sequence[Word]) -> Iterator[Word]:
    """Yield the words of a line, each run of single capitals as the words that its wider gaps show."""
    run: list[Word] = []
    for word in (*words, None):
        if word is not None and _CAPITAL.fullmatch(word.text):
            run.append(word)
            continue
        yield from _spelled(run)
        run = []
        if word is not None:
            yield word


def _spelled(run: Sequence[Word]) -> Iterator[Word]:
    gaps = [after.left - before.right for before, after in pairwise(run)]
    ends = [gap > 1.6 * max(min(gaps), 0.1) for gap in gaps]
    if len(run) < _SPACED or (len(run) > _LONGEST_WORD and not any(ends)):
        yield from run
        return
    start = 0
    for place, end in enumerate([*ends, True], start=1):
        if end:
            part = run[start:place]
            yield Word("".join(w.text for w in part), part[0].left, part[-1].right, part[0].base, part[0].size, False)
            start = place


def _step(every: Sequence[_Row]) -> float:
    """Return the usual step from line to line as a multiple of the letter size: the lower quarter of all steps."""
    steps = sorted(
        _down(above, below)
        for above, below in pairwise(every)
        if above.page == below.page and above.line.base > below.line.base
    )
    return steps[len(steps) // 4] if steps else 0.0


def _size(row: _Row) -> float:
    return row.line.words[-1].size  # a bullet before the text may be larger


def _down(above: _Row, below: _Row) -> float:
    return (above.line.base - below.line.base) / _size(below)


def _joined(rows: Sequence[_Row], how: _Set, heading: re.Pattern[str] | None) -> Iterator[Passage]:
    together: list[_Row] = []
    for row in rows:
        if together and ((heading and heading.match(row.text)) or _starts(row, together[-1], how)):
            yield _passage(together)
            together = []
        together.append(row)
    if together:
        yield _passage(together)


def _passage(rows: Sequence[_Row]) -> Passage:
    return Passage(text=" ".join(row.text for row in rows), page=rows[0].page)


def _starts(row: _Row, before: _Row, how: _Set) -> bool:
    """Tell whether a passage starts with `row`."""
    own, its = _size(row), _size(before)
    if _BULLETED.match(row.text) or _hung(row.line) or row.parts > 1 or before.parts > 1:
        return True
    if max(own, its) > _SAME_SIZE * min(own, its):
        return True
    ended = _ENDED.search(before.text) is not None
    filled = before.line.right / how.width
    if row.page != before.page:
        return ended or (filled < _HALF and not row.text[:1].islower())
    if not 0 < _down(before, row) <= _SPACE * how.step:
        return True
    indented = row.line.left > before.line.left + own and not _BULLETED.match(before.text)
    return ended and (filled < _SHORT or indented)


def _hung(line: Line) -> bool:
    """Tell whether the line starts with a number that hangs before its text."""
    first, *rest = line.words
    return first.text.isdecimal() and bool(rest) and rest[0].left - first.right > pdf_words.WIDE * first.size


def _whole(text: str, known: set[str]) -> str:
    """Return text in which a word cut at the end of a line has lost its hyphen where the document has it whole."""
    return pdf_words.unhyphenated(_CUT.sub(lambda at: _mended(at[1], at[2], known), text))


def _mended(start: str, end: str, known: set[str]) -> str:
    return start + end if (start + end).lower() in known else f"{start}-{end}"
