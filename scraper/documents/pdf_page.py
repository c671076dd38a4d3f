"""A page of a PDF as words and rules, read through PDFium."""

import ctypes
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import pypdfium2
import pypdfium2.raw as pdfium

from scraper.documents.pdf_rules import Box, Rule, Segment, rules
from scraper.documents.pdf_words import SMALLER, Word, raised, unhyphenated
from scraper.errors import Unreadable

MOST_PAGES: Final = 2000
_ONE_AT_A_TIME: Final = threading.Lock()
"""PDFium is not made for threads."""
_LOCKED: Final = (pdfium.FPDF_ERR_PASSWORD, pdfium.FPDF_ERR_SECURITY)
"""Also what PDFium says of a file without pages, if it is what it said of the file before."""
_END_WITHIN: Final = 2048
_THIN: Final = 3.0
_LETTER_OF_BOX: Final = 0.85
_GAP: Final = 0.15
_SPACE: Final = 0.12
_JUMP: Final = 0.4
_RISE: Final = 0.1
"""Points of a filled rectangle that is a rule; letter size per height of a letter's box; then in letter sizes the gap
between letters that parts words, the gap that a supposed space needs, the step off the baseline that parts words, and
the step up that does for smaller letters."""


@dataclass(frozen=True, slots=True)
class Page:
    """What stands on one page, turned upright; `text_in` asks PDFium for the text in a box of this page."""

    number: int
    box: Box
    rotation: int
    words: tuple[Word, ...]
    across: tuple[Rule, ...]
    along: tuple[Rule, ...]
    has_images: bool
    text_in: Callable[[Box], str]


@contextmanager
def opened(data: bytes) -> Iterator[Any]:
    """Open a PDF; `Unreadable`, with the reason in words, where it cannot be."""
    if not data:
        raise Unreadable("The PDF is empty.")
    if b"%PDF-" not in data[:1024]:
        raise Unreadable("The file is not a PDF.")
    if b"%%EOF" not in data.rstrip(b"\0 \r\n")[-_END_WITHIN:]:
        raise Unreadable("The PDF is cut: its end is missing.")
    with _ONE_AT_A_TIME:
        try:
            with closing(pypdfium2.PdfDocument(data)) as document:
                if len(document) > MOST_PAGES:
                    raise Unreadable(f"The PDF has {len(document):,} pages; at most {MOST_PAGES:,} are read.")
                if len(document) == 0:
                    raise Unreadable("The PDF has no pages.")
                yield document
        except pypdfium2.PdfiumError as error:
            encrypted = b"/Encrypt" in data and getattr(error, "err_code", None) in _LOCKED
            reason = "is encrypted and needs a password" if encrypted else f"is damaged ({error})"
            raise Unreadable(f"The PDF {reason}.") from None


@contextmanager
def page(document: Any, number: int) -> Iterator[Page]:
    """Read page `number`, from 1; its `text_in` works inside the block only."""
    with closing(document[number - 1]) as raw, closing(raw.get_textpage()) as text:
        rotation = raw.get_rotation()

        def text_in(box: Box) -> str:
            return unhyphenated(text.get_text_bounded(*_turned(box, -rotation)))

        across, along = rules(_turned(segment, rotation, keep=True) for segment in _segments(raw))
        images = next(raw.get_objects(filter=[pdfium.FPDF_PAGEOBJ_IMAGE]), None)
        yield Page(
            number=number,
            box=_turned(raw.get_bbox(), rotation),
            rotation=rotation,
            words=tuple(raised(tuple(_words(text, rotation)))),
            across=tuple(across),
            along=tuple(along),
            has_images=images is not None,
            text_in=text_in,
        )


def upright_to_page(box: Box, rotation: int) -> Box:
    """Return a box of the upright page in the coordinates of the PDF, rounded to tenths of a point."""
    left, bottom, right, top = _turned(box, -rotation)
    return (round(left, 1), round(bottom, 1), round(right, 1), round(top, 1))


def _turned(points: Box | Segment, rotation: int, *, keep: bool = False) -> Box:
    """Turn two points clockwise by `rotation` degrees; `keep` leaves them in their order, else a box results."""
    x0, y0, x1, y1 = points
    match rotation % 360:
        case 90:
            x0, y0, x1, y1 = y0, -x0, y1, -x1
        case 180:
            x0, y0, x1, y1 = -x0, -y0, -x1, -y1
        case 270:
            x0, y0, x1, y1 = -y0, x0, -y1, x1
    return (x0, y0, x1, y1) if keep else (min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1))


@dataclass(slots=True)
class _Letter:
    text: str
    left: float
    right: float
    base: float
    size: float


def _words(text: Any, rotation: int) -> Iterator[Word]:
    letters: list[_Letter] = []
    glued = False
    for letter in _letters(text, rotation):
        if letter is None or (letters and _parts(letters[-1], letter)):
            if letters:
                yield _word(letters, glued)
            near = letter is not None and bool(letters) and abs(letter.base - letters[-1].base) <= _JUMP * letter.size
            glued = near and letter is not None and letters[-1].left <= letter.left
            letters = []
        if letter is not None:
            letters.append(letter)
    if letters:
        yield _word(letters, glued)


def _parts(before: _Letter, after: _Letter) -> bool:
    room = max(before.size, after.size)
    gap = after.left - before.right
    if after.text.isdecimal() and after.size <= SMALLER * before.size and after.base - before.base > _RISE * room:
        return True
    return gap > _GAP * room or gap < -room or abs(after.base - before.base) > _JUMP * room


def _word(letters: list[_Letter], glued: bool) -> Word:
    return Word(
        text="".join(letter.text for letter in letters),
        left=min(letter.left for letter in letters),
        right=max(letter.right for letter in letters),
        base=letters[0].base,
        size=max(letter.size for letter in letters),
        glued=glued,
    )


def _letters(text: Any, rotation: int) -> Iterator[_Letter | None]:
    """Yield the letters in the order of the file, None for white space.

    A space that PDFium supposes stands there only where there is room: on some pages it supposes one in every word.
    """
    box, x, y = pdfium.FS_RECTF(), ctypes.c_double(), ctypes.c_double()
    before: _Letter | None = None
    supposed = False
    for place in range(text.count_chars()):
        code = pdfium.FPDFText_GetUnicode(text, place)
        char = chr(code) if code < 0x110000 and not 0xD800 <= code < 0xE000 else "\ufffd"
        if pdfium.FPDFText_IsGenerated(text, place) == 1:
            supposed = True
            continue
        if char.isspace():
            yield None
            continue
        if code == 0 or not pdfium.FPDFText_GetLooseCharBox(text, place, box):
            continue
        pdfium.FPDFText_GetCharOrigin(text, place, x, y)
        left, bottom, right, top = _turned((box.left, box.bottom, box.right, box.top), rotation)
        base = _turned((x.value, y.value, x.value, y.value), rotation)[1]
        letter = _Letter(char, left, right, base, max((top - bottom) * _LETTER_OF_BOX, 1.0))
        if supposed and before and not _adjoin(before, letter):
            yield None
        before, supposed = letter, False
        yield letter


def _adjoin(before: _Letter, after: _Letter) -> bool:
    room = max(before.size, after.size)
    level = abs(after.base - before.base) <= _JUMP * room
    return level and -room <= after.left - before.right <= _SPACE * room


def _segments(raw: Any) -> Iterator[Segment]:
    """Yield the straight strokes of the page's drawings, a thin filled rectangle as one stroke."""
    for drawing in raw.get_objects(filter=[pdfium.FPDF_PAGEOBJ_PATH]):
        fill, stroke = ctypes.c_int(), ctypes.c_int()
        pdfium.FPDFPath_GetDrawMode(drawing, fill, stroke)
        for outline in _outlines(drawing):
            xs, ys = [x for x, _ in outline], [y for _, y in outline]
            width, height = max(xs) - min(xs), max(ys) - min(ys)
            if fill.value and min(width, height) <= _THIN:
                x, y = (min(xs) + max(xs)) / 2, (min(ys) + max(ys)) / 2
                yield (min(xs), y, max(xs), y) if width > height else (x, min(ys), x, max(ys))
            elif stroke.value:
                yield from ((*a, *b) for a, b in pairwise(outline))


def _outlines(drawing: Any) -> Iterator[list[tuple[float, float]]]:
    """Yield each outline of a drawing as points on the page; curves are left out, closed outlines return home."""
    matrices = _matrices(drawing)
    x, y = ctypes.c_float(), ctypes.c_float()
    outline: list[tuple[float, float]] = []
    for place in range(max(pdfium.FPDFPath_CountSegments(drawing), 0)):
        step = pdfium.FPDFPath_GetPathSegment(drawing, place)
        kind = pdfium.FPDFPathSegment_GetType(step)
        pdfium.FPDFPathSegment_GetPoint(step, x, y)
        point = (x.value, y.value)
        for matrix in matrices:
            point = matrix.on_point(*point)
        if kind != pdfium.FPDF_SEGMENT_LINETO:
            if len(outline) > 1:
                yield outline
            outline = []
        outline.append(point)
        if pdfium.FPDFPathSegment_GetClose(step) and outline[0] != point:
            outline.append(outline[0])
    if len(outline) > 1:
        yield outline


def _matrices(drawing: Any) -> list[Any]:
    """Return the matrices that take a drawing to the page: its own, then those of the forms that it lies in."""
    found, holder = [], drawing
    while holder is not None:
        found.append(holder.get_matrix())
        holder = holder.container
    return found
