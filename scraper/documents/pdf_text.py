"""The paragraphs of a PDF, told apart by the space between lines, by bullets and numbers, and by indentation."""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

from scraper.documents import pdf, pdf_words
from scraper.documents.pdf_words import Line

BULLET: Final = r"(?:[•·▪■◦●○–—*\uf0b7-]|\(?[0-9]{1,3}[.)]|[Cc]ase\s+(?:[Nn]o\.?\s*|#\s*)?[0-9]{1,3}[:.)]?)"
"""What may stand before an item of a list."""
_BULLETED: Final = re.compile(rf"{BULLET}\s+\S")
_SPACE: Final = 1.3
"""Times the usual step from line to line: more is a space between paragraphs."""
_SHORT: Final = 0.85
_ENDED: Final = (".", "!", "?", "”", '"', ":", ";", ")")


def paragraphs(data: bytes) -> tuple[tuple[int, str], ...]:
    """Return each paragraph with the page it starts on; one that runs over a page's end is one paragraph."""
    found: list[tuple[int, list[Line]]] = []
    every = pdf.lines(data)
    step, width = _step(every), max((line.right for _, line in every), default=0.0)
    before: tuple[int, Line] | None = None
    for number, line in every:
        if before is None or _starts(line, before[1], before[0] == number, step, width):
            found.append((number, []))
        found[-1][1].append(line)
        before = (number, line)
    return tuple((number, pdf_words.text(lines)) for number, lines in found)


def _step(every: Sequence[tuple[int, Line]]) -> float:
    """Return the usual step from line to line as a multiple of the letter size: the lower quarter of all steps."""
    steps = sorted(_steps(every))
    return steps[len(steps) // 4] if steps else 0.0


def _steps(every: Sequence[tuple[int, Line]]) -> Iterator[float]:
    for (page, above), (other, below) in pairwise(every):
        if page == other and above.base > below.base:
            yield (above.base - below.base) / below.words[-1].size


def _hung(line: Line) -> bool:
    """Tell whether the line starts with a number that hangs before its text."""
    first, *rest = line.words
    return first.text.isdecimal() and bool(rest) and rest[0].left - first.right > pdf_words.WIDE * first.size


def _starts(line: Line, before: Line, same_page: bool, step: float, width: float) -> bool:
    """Tell whether a paragraph starts with `line`."""
    text, above = pdf_words.text([line]), pdf_words.text([before])
    own, its = line.words[-1].size, before.words[-1].size
    if _BULLETED.match(text) or _hung(line) or abs(own - its) > 0.1 * own:
        return True
    ended = above.endswith(_ENDED)
    if same_page and (before.base - line.base) / own > _SPACE * step:
        return True
    short = before.right < _SHORT * width
    indented = line.left > before.left + own and not _BULLETED.match(above)
    return ended and (short or indented or not same_page)
