"""The running text of a PDF as paragraphs: spaced-out words closed up, page numbers and running titles left out.

A line in which white space stands as between columns is a paragraph of its own, its parts joined by " | ".
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from scraper.documents import pdf_words
from scraper.documents.pdf_page import opened, page
from scraper.documents.pdf_rules import Box
from scraper.documents.pdf_words import HYPHEN, Line, Word
from scraper.documents.values import fold
from scraper.errors import Unreadable

_MARGIN: Final = 60.0
_PAGE_NUMBER: Final = re.compile(r"[-–—|\s]*(?:page\s*)?\d{1,4}(?:\s*(?:of|/)\s*\d{1,4})?[-–—|\s]*", re.IGNORECASE)
_APART: Final = 0.8
_SAME_SIZE: Final = 1.1
_NEW_PARAGRAPH: Final = 1.35
"""Fractions: of the letter size between the parts of a line; of two letter sizes; of the usual step down."""
_SENTENCE_END: Final = re.compile(r"[.!?:][”\"’)⁰¹²³⁴⁵⁶⁷⁸⁹]*$")
_CAPITAL: Final = re.compile(r"[A-Z][,.:;]?|[,.:;]")
_SPACED: Final = 4
_LONGEST_WORD: Final = 14
"""Single capitals in a row that make a spaced-out word, and most letters of one whose end white space does not show."""


@dataclass(frozen=True, slots=True)
class _Row:
    """One line as text; `step` is the way down from the line above it on its page, None for the first."""

    text: str
    size: float
    step: float | None
    columns: int


def paragraphs(data: bytes) -> tuple[str, ...]:
    """Return the paragraphs of a PDF in order; `Unreadable` as for `pdf.pages`."""
    sheets, scanned = [], False
    with opened(data) as document:
        for number in range(1, len(document) + 1):
            with page(document, number) as one:
                scanned = scanned or one.has_images
                sheets.append((one.box, pdf_words.lines(one.words)))
    if not any(lines for _, lines in sheets):
        raise Unreadable("The PDF is a scan: images without text." if scanned else "The PDF has no text.")
    running = _running_titles(sheets)
    kept = [[line for line in lines if (number, line) not in running] for number, (_, lines) in enumerate(sheets)]
    joined = _joined([row for lines in kept for row in _rows(lines)])
    whole = set(re.findall(r"[a-z]{4,}", " ".join(joined)))
    cut = re.compile(rf"([A-Za-z]*[a-z]){HYPHEN}([a-z]+)")
    mended = (cut.sub(lambda at: _mended(at[1], at[2], whole), text).replace(HYPHEN, "-") for text in joined)
    return tuple(mended)


def _running_titles(sheets: Sequence[tuple[Box, list[Line]]]) -> set[tuple[int, Line]]:
    margins = [
        (number, line, pdf_words.text([line]))
        for number, (box, lines) in enumerate(sheets)
        for line in lines
        if box[3] - line.base < _MARGIN or line.base - box[1] < _MARGIN
    ]
    repeats = Counter(re.sub(r"\d+", "0", text) for _, _, text in margins)
    return {
        (number, line)
        for number, line, text in margins
        if _PAGE_NUMBER.fullmatch(text) or repeats[re.sub(r"\d+", "0", text)] > 1
    }


def _rows(lines: Sequence[Line]) -> Iterator[_Row]:
    for above, line in zip([None, *lines], lines, strict=False):
        closed = Line(tuple(_closed_up(line.words)))
        gaps = [after.left - before.right for before, after in pairwise(closed.words)]
        wide = _APART * closed.size
        if gaps and not any(char.isdecimal() for word in closed.words for char in word.text):
            wide = max(wide, 1.6 * min(gaps)) if len(gaps) > 1 else wide  # a heading in wide letters has no columns
        groups: list[list[Word]] = [[closed.words[0]]]
        for gap, word in zip(gaps, closed.words[1:], strict=True):
            if gap > wide:
                groups.append([])
            groups[-1].append(word)
        text = " | ".join(_text(group) for group in groups)
        yield _Row(text, line.size, above.base - line.base if above else None, len(groups))


def _text(words: Iterable[Word]) -> str:
    """Return words of one line as text; a hyphen at its end keeps its mark."""
    return fold("".join(word.text if word.glued else f" {word.text}" for word in words)).replace("\ufffe", HYPHEN)


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


def _joined(rows: Sequence[_Row]) -> list[str]:
    steps = sorted(row.step / row.size for row in rows if row.step)
    usual = steps[len(steps) // 4] if steps else 0.0
    found: list[str] = []
    for before, row in zip([None, *rows], rows, strict=False):
        if before is not None and _goes_on(before, row, usual):
            found[-1] += row.text if found[-1].endswith(HYPHEN) else f" {row.text}"
        else:
            found.append(row.text)
    return found


def _goes_on(before: _Row, row: _Row, usual: float) -> bool:
    if before.columns > 1 or row.columns > 1 or max(before.size, row.size) > _SAME_SIZE * min(before.size, row.size):
        return False
    if row.step is None:  # the top of a page
        return not _SENTENCE_END.search(before.text)
    return 0 < row.step <= _NEW_PARAGRAPH * usual * row.size


def _mended(start: str, end: str, whole: set[str]) -> str:
    """A word cut at the end of a line loses its hyphen where the document has it whole."""
    return start + end if (start + end).lower() in whole else f"{start}-{end}"
