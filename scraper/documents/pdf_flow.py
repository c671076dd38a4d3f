"""The text of a PDF between its tables, as passages: lines that stand together, a list's items each for itself."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from scraper.documents import pdf_words
from scraper.documents.pdf_rules import Box
from scraper.documents.pdf_words import Line
from scraper.model import Table

_APART: Final = 1.2
"""How much farther passages stand apart than lines, as a fraction of the usual distance on the page."""
_USUAL: Final = 1.5
"""The distance of lines, in letter sizes, where a page has too few to tell."""
_BULLETS: Final = re.compile(r"[•◦▪●‣\uf0b7\s]+")
_BULLET: Final = re.compile(r"[•◦▪●‣\uf0b7]")
_GOES_ON: Final = re.compile(r"[a-z,;)]")
_ENDED: Final = re.compile(r".*[.:;!?”\"]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """Lines that stand together, as one folded text; `page` is where it begins."""

    text: str
    page: int


def outside(lines: Sequence[Line], boxes: Sequence[tuple[Box, bool]]) -> list[Line]:
    """Return the lines without the words that stand in one of the boxes (its whole height where it has no rules)."""

    def free(x: float, y: float) -> bool:
        return not any(box[1] <= y <= box[3] and (not ruled or box[0] <= x <= box[2]) for box, ruled in boxes)

    kept = ([word for word in line.words if free(word.middle, word.height)] for line in lines)
    return [Line(tuple(words)) for words in kept if words]


def flow(
    pages: Mapping[int, Sequence[Line]], tables: Mapping[tuple[int, float], Table], heading: re.Pattern[str]
) -> tuple[Table | Passage, ...]:
    """Put passages and tables (by page and top) into reading order; bare bullets are left out."""
    found: list[Table | Passage] = []
    for number, lines in pages.items():
        tops = sorted(
            ((top, table) for (page, top), table in tables.items() if page == number), key=lambda one: -one[0]
        )
        start = 0
        for top, table in (*tops, (float("-inf"), None)):
            end = next((place for place, line in enumerate(lines) if line.base < top), len(lines))
            for text in _passages(lines[start:end], heading):
                before = found[-1] if found else None
                if start == 0 and isinstance(before, Passage) and before.page < number and _one(before.text, text):
                    found[-1] = Passage(text=f"{before.text} {text}", page=before.page)
                else:
                    found.append(Passage(text=text, page=number))
            start = end
            if table is not None:
                found.append(table)
    return tuple(found)


def _one(before: str, after: str) -> bool:
    """Does a passage go on at the top of the next page?"""
    return bool(_GOES_ON.match(after)) and not _ENDED.fullmatch(before)


def _passages(lines: Sequence[Line], heading: re.Pattern[str]) -> Iterator[str]:
    gaps = [round((above.base - below.base) / below.size, 1) for above, below in pairwise(lines)]
    common = Counter(gaps).most_common(1)
    usual = common[0][0] if common and common[0][1] > 1 else _USUAL
    together: list[Line] = []
    for line, gap in zip(lines, [0.0, *gaps], strict=False):
        text = pdf_words.text([line])
        if _BULLETS.fullmatch(text):
            continue
        if together and (gap > usual * _APART or _BULLET.match(text) or heading.match(text)):
            yield pdf_words.text(together)
            together = []
        together.append(line)
    if together:
        yield pdf_words.text(together)
