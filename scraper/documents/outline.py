"""An HTML page as a sequence of headings, list items, cells and lines of text, each with the list it stands in."""

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final

from selectolax.lexbor import LexborHTMLParser, LexborNode

from scraper.documents import html
from scraper.documents.values import fold

HEADINGS: Final = frozenset(("h1", "h2", "h3", "h4", "h5", "h6", "caption", "summary", "dt", "legend"))
ITEMS: Final = frozenset(("li", "td", "th", "dd"))
_OWNERS: Final = HEADINGS | ITEMS
_FOLDED: Final = "h1 button, h2 button, h3 button, h4 button, h5 button, h6 button, [class*=accordion][hidden]"
"""What a page folds away until it is asked for: content all the same."""
_LISTS: Final = frozenset(("ul", "ol", "dl", "table"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One line of content. `tag` is that of the heading, item or cell it stands in, else of its own block."""

    tag: str
    text: str
    within: int
    """Id of the list or table that holds it; 0: none."""
    row: int
    """Id of the row of a table that holds it; 0: none."""
    column: int
    """Place of its cell in that row, from 0."""
    opens: bool
    """Does the item hold a list of its own?"""
    alone: bool
    """Is it all that its block says, not one of several lines?"""


def blocks(tree: LexborHTMLParser, select: str | None = None, ignore: tuple[str, ...] = ()) -> tuple[Block, ...]:
    """Return the lines of `select` or of the main content in order, what is hidden left out; <br> ends a line."""
    unseen = html.hidden(tree) | {node.mem_id for selector in ignore for node in html.select_all(tree, selector)}
    unseen -= {node.mem_id for node in html.select_all(tree, _FOLDED)}
    roots = html.select_all(tree, select) if select else html.main_parts(tree)
    return tuple(block for root in roots for block in _walk(root, unseen))


def _walk(root: LexborNode, unseen: AbstractSet[int]) -> Iterator[Block]:
    pieces: list[str] = []
    owner: LexborNode | None = None
    waiting: list[LexborNode | None] = [root]
    while waiting:
        node = waiting.pop()
        if node is not None and node.tag == "-text":
            if pieces or (node.text_content or "").strip():
                owner = owner or node.parent
                pieces.append(node.text_content or "")
            continue
        breaks = node is None or node.tag in html.BLOCKS or node.tag == "br"
        if breaks and pieces and owner is not None:
            yield _block(owner, fold("".join(pieces)))
        if breaks:
            pieces, owner = [], None
        if node is not None and (node.mem_id == root.mem_id or node.mem_id not in unseen):
            waiting += [None] if node.tag in html.BLOCKS else []
            waiting += reversed(list(node.iter(include_text=True)))


def _block(owner: LexborNode, text: str) -> Block:
    above = [owner, *html.ancestors(owner)]
    holder = next((node for node in above if node.tag in _OWNERS), None)
    own = next((node for node in above if node.tag in html.BLOCKS), owner)
    within = next((node for node in above if node.tag in _LISTS), None)
    cell = next((node for node in above if node.tag in ("td", "th")), None)
    row = cell.parent if cell is not None else None
    return Block(
        tag=(holder or own).tag or "",
        text=text,
        within=within.mem_id if within is not None else 0,
        row=row.mem_id if row is not None else 0,
        column=[each.mem_id for each in row.iter()].index(cell.mem_id) if row is not None and cell is not None else 0,
        alone=fold(own.text()) == text,
        opens=holder is not None and holder.css_first("ul, ol, table") is not None,
    )
