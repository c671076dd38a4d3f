"""HTML as decoded text, paragraphs, tables and links, without what a reader of the page does not see as content."""

import re
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import chain
from typing import Final

from selectolax.lexbor import LexborHTMLParser, LexborNode, SelectolaxError

from scraper.documents import urls
from scraper.documents.values import fold
from scraper.errors import DocumentError, Unreadable
from scraper.model import Document, Locator, Table

MOST_COLUMNS: Final = 512
MOST_CELLS: Final = 5_000_000
DEEPEST: Final = 10_000
"""Elements within each other; browsers stop at 512, and the time to read a page grows with the square of it."""
_UNSEEN: Final = (
    "script, style, noscript, template, nav, aside, button, select, textarea, input, option, iframe, object, svg, "
    "canvas, audio, video, title, [hidden], [role=navigation], [role=search], header:not(main *):not(article *), "
    "footer:not(main *):not(article *), form:not(:has(p, table, article, h1))"  # some sites are one form as a whole
)
_BLOCK_TAGS: Final = (
    "address article blockquote body caption center dd details dialog dir div dl dt fieldset figcaption figure footer "
    "form h1 h2 h3 h4 h5 h6 header hgroup hr html legend li main menu ol p pre search section summary table tbody td "
    "tfoot th thead tr ul"
)
BLOCKS: Final = frozenset(_BLOCK_TAGS.split())
_NESTING: Final = re.compile(
    r"<(/?)(?:div|table|span|blockquote|ul|ol|dl|section|article|b|i|u|em|strong|font|a|form|center|sub|sup|small|big|"
    r"main|aside|nav|header|footer|details|figure|fieldset|object|svg|g|math|template|label|button|code|s|tt)(?=[\s>/])",
    re.IGNORECASE,
)
"""Elements that stay open until they are closed; those that the next of their kind closes nest in tables and lists."""
_HIDING: Final = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_META_CHARSET: Final = re.compile(
    rb"(?:<meta[^>]{0,200}?charset|<\?xml[^>]{0,100}?encoding)\s*=\s*[\"']?\s*([\w.:-]+)", re.IGNORECASE
)
_BOMS: Final = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
_REALLY_CP1252: Final = frozenset({"iso-8859-1", "iso8859-1", "latin-1", "latin1", "us-ascii", "ascii"})
_RAISED: Final = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True, slots=True)
class Link:
    """A link of a page, text folded: compare the canonical `url`, fetch the absolute `href`."""

    url: str
    text: str
    href: str = ""


def decode(data: bytes, charset: str | None) -> str:
    """Return the text of `data`; a body that is UTF-8 is read as such, whatever its labels say. Never fails."""
    if mark := marked(data):
        return data.decode(mark, "replace")
    text = data.decode("utf-8", "replace")
    damaged = text.count("\ufffd")
    if not damaged and "\x00" not in text:
        return text
    meta = _META_CHARSET.search(data[:4096])
    for label in (charset, meta[1].decode("ascii") if meta else None):
        if (labelled := decoded(data, label, "replace")) is not None:
            return labelled
    beyond_ascii = len(text) - sum(map(len, re.findall(r"[\x00-\x7f]+", text)))
    # One broken byte in a UTF-8 page must not turn all its other letters into pairs of strange ones.
    return text if beyond_ascii > 2 * damaged or not damaged else data.decode("cp1252", "replace")


def marked(data: bytes) -> str | None:
    """Return the encoding that a byte-order mark names."""
    return next((encoding for mark, encoding in _BOMS.items() if data.startswith(mark)), None)


def encoding(label: str | None) -> str:
    """Return the name of the encoding that a label means; every label of Latin-1 means Windows-1252."""
    name = (label or "").strip().lower()
    return "cp1252" if name in _REALLY_CP1252 else name


def decoded(data: bytes, label: str | None, errors: str = "strict") -> str | None:
    """Return the text as `label` says, else None; `errors` is for Windows-1252."""
    name = encoding(label)
    try:
        return data.decode(name, errors if name == "cp1252" else "strict") if name else None
    except (LookupError, UnicodeError, ValueError):
        return None


def parse(document: Document) -> LexborHTMLParser:
    """Return the tree of an HTML document; broken markup is repaired as browsers do.

    `Unreadable` where its elements lie deeper in each other than in any page.
    """
    text = decode(document.data, document.charset)
    if text.count("<") > DEEPEST and _depth(text) > DEEPEST:
        raise Unreadable(f"The page is no honest one: its elements lie more than {DEEPEST:,} deep in each other.")
    try:
        return LexborHTMLParser(text)
    except SelectolaxError:  # raised for nothing but a lack of memory
        raise Unreadable("The page is too large for the memory that its reading may take.") from None


def _depth(text: str) -> int:
    """Return how deep elements lie in each other at most, by their tags alone."""
    deepest = depth = 0
    for end in _NESTING.findall(text):
        depth = max(depth - 1, 0) if end else depth + 1
        deepest = max(deepest, depth)
    return deepest


def select_all(within: LexborHTMLParser | LexborNode, selector: str) -> list[LexborNode]:
    """Return the elements that match; `DocumentError` where `selector` is no CSS selector we can use."""
    try:
        return list(within.css(selector))
    except (SelectolaxError, ValueError, TypeError, RuntimeError) as error:
        raise DocumentError(f'"{selector}" is not a CSS selector that can be used here.') from error


def title(tree: LexborHTMLParser) -> str:
    """Return the folded text of <title>, else of the first <h1>, else ""."""
    for selector in ("head title", "h1"):
        node = tree.css_first(selector)
        if node is not None and (text := fold(node.text())):
            return text
    return ""


def meta(tree: LexborHTMLParser) -> dict[str, str]:
    """Return name or property (lower case) -> content of the <meta> elements; the first of a name counts."""
    found: dict[str, str] = {}
    for node in tree.css("meta[content]"):
        attributes = node.attributes
        name = attributes.get("property") or attributes.get("name") or attributes.get("itemprop")
        if name:
            found.setdefault(name.strip().lower(), fold(attributes.get("content") or ""))
    return found


def paragraphs(tree: LexborHTMLParser, select: str | None = None, ignore: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Return the text block by block, a table row as "a | b | c", of `select` or the page's main content.

    Left out: scripts, navigation, asides, hidden parts, page headers and footers, form controls and `ignore`.
    """
    ignored = {node.mem_id for selector in ignore for node in select_all(tree, selector)}
    roots = _outermost(select_all(tree, select), ignored) if select else main_parts(tree)
    unseen = hidden(tree) | ignored
    return tuple(block for root in roots for block in _blocks(root, unseen))


def tables(tree: LexborHTMLParser, select: str | None = None) -> tuple[Table, ...]:
    """Return the tables that `select` names or that lie within what it names; default: all of the page.

    A spanning cell's text stands in each place it covers; nested tables are tables of their own; hidden rows are out.
    `Unreadable` for a table of more than 5 million cells.
    """
    named = select_all(tree, select) if select else []
    wanted = {table.mem_id for node in named for table in ([node] if node.tag == "table" else node.css("table"))}
    unseen = hidden(tree)
    found = (
        _table(node, Locator(table=number, selector=select), unseen)
        for number, node in enumerate(tree.css("table"), start=1)
        if not select or node.mem_id in wanted
    )
    return tuple(table for table in found if table.rows)


def links(
    tree: LexborHTMLParser, base_url: str, select: str | None = None, within: LexborNode | None = None
) -> tuple[Link, ...]:
    """Return the links of `select` (or of all) in the page or `within` a part, in order, each address once."""
    base, part = _base(tree, base_url), within if within is not None else tree
    chosen = None if select is None else select_all(part, select)
    inner = (([node] if node.tag == "a" else node.css("a[href]")) for node in chosen or ())
    found: dict[str, Link] = {}
    for node in part.css("a[href]") if chosen is None else chain.from_iterable(inner):
        href = node.attributes.get("href") or "#"
        if not href.startswith("#") and (address := urls.address(href, base)):
            url = urls.without_slash(address)
            if url not in found or not found[url].text:
                found[url] = Link(url, _label(node), address)
    return tuple(found.values())


def text_of(node: LexborNode) -> str:
    """Return the visible text of one element on one line."""
    return " ".join(_blocks(node, frozenset()))


def _label(node: LexborNode) -> str:
    if text := text_of(node):
        return text
    own, image = node.attributes, node.css_first("img[alt]")
    alternative = image.attributes["alt"] if image is not None else ""
    return fold(own.get("aria-label") or own.get("title") or alternative or "")


def _base(tree: LexborHTMLParser, base_url: str) -> str:
    node = tree.css_first("base[href]")
    stated = urls.address(node.attributes["href"] or "", base_url) if node is not None else None
    return stated if stated and _site(stated) == _site(base_url) else base_url


def _site(url: str) -> str:
    return urls.host(url).removeprefix("www.")


def main_parts(tree: LexborHTMLParser) -> list[LexborNode]:
    """Return the elements that hold the page's main content."""
    if found := tree.css("main") or tree.css("[role=main]"):
        return _outermost(found)
    articles = _outermost(tree.css("article"))
    return articles if len(articles) == 1 else [tree.body] if tree.body is not None else []


def _outermost(nodes: list[LexborNode], ignored: AbstractSet[int] = frozenset()) -> list[LexborNode]:
    """Return the nodes that neither lie in another of them nor are or lie in an `ignored` one."""
    over = ignored | {node.mem_id for node in nodes}
    return [
        node for node in nodes if node.mem_id not in ignored and not any(up.mem_id in over for up in ancestors(node))
    ]


def ancestors(node: LexborNode) -> Iterator[LexborNode]:
    """Yield the elements around `node`, the nearest first."""
    parent = node.parent
    while parent is not None:
        yield parent
        parent = parent.parent


def hidden(tree: LexborHTMLParser) -> frozenset[int]:
    """Return the ids of the elements that a reader of the page does not see as content."""
    styled = (node for node in tree.css("[style]") if _HIDING.search(node.attributes["style"] or ""))
    return frozenset(node.mem_id for node in (*tree.css(_UNSEEN), *styled))


def _blocks(root: LexborNode, unseen: AbstractSet[int]) -> Iterator[str]:
    """Yield the folded text of each block under `root`, in order; a table row is one block."""
    layout_rows = {row.mem_id for row in root.css("tr:has(table)")}
    pieces: list[str] = []
    waiting: list[LexborNode | None] = [None, root]
    while waiting:
        node = waiting.pop()
        tag = node.tag if node is not None else ""
        if tag == "-text" and node is not None:
            pieces.append(node.text_content or "")
            continue
        if node is None or tag in BLOCKS:
            if pieces and (text := fold("".join(pieces))):
                yield text
            pieces.clear()
        if node is None or (unseen and node.mem_id in unseen and node.mem_id != root.mem_id):
            continue
        if tag == "br":
            pieces.append(" ")
        elif tag == "sup":
            pieces.append(_raised(node.text()))
        elif tag == "tr" and node.mem_id not in layout_rows:
            cells = [_cell_text(cell, unseen) for cell in _cells(node, unseen)]
            if any(cells):
                yield " | ".join(cells)
        else:
            if tag in BLOCKS:
                waiting.append(None)
            waiting.extend(reversed(list(node.iter(include_text=True))))


def _raised(text: str) -> str:
    """Return a footnote digit in its raised form, so that it never joins the count before it."""
    return text.translate(_RAISED) if text.replace(",", "").strip().isdigit() else text


def _cells(row: LexborNode, unseen: AbstractSet[int]) -> list[LexborNode]:
    return [cell for cell in row.iter() if cell.tag in ("td", "th") and not (unseen and cell.mem_id in unseen)]


def _cell_text(cell: LexborNode, unseen: AbstractSet[int]) -> str:
    only = cell.first_child
    if only is None:
        return ""
    if only.next is None and only.is_text_node:  # most cells, and ten times faster
        return fold(only.text_content or "")
    inner = unseen | {table.mem_id for table in cell.css("table")} if cell.css_first("table") is not None else unseen
    return " ".join(_blocks(cell, inner))


def _table(table: LexborNode, locator: Locator, unseen: AbstractSet[int]) -> Table:
    grid: list[list[str]] = []
    numbers: list[int] = []
    from_above: dict[int, tuple[str, int]] = {}
    parts = (part for part in table.iter() if part.tag in ("thead", "tbody", "tfoot"))  # a parser adds what is left out
    rows = ((part, row) for part in parts for row in part.iter() if row.tag == "tr")
    for number, (part, row) in enumerate(rows, start=1):
        hidden = unseen and (row.mem_id in unseen or part.mem_id in unseen)
        if not hidden and (line := _line(row, from_above, unseen)):
            grid.append(line)
            numbers.append(number)
    width = max(map(len, grid), default=0)
    if width * len(grid) > MOST_CELLS:
        raise Unreadable(f"Table {locator.table} has {len(grid):,} rows of {width:,} columns, more than is read.")
    padded = tuple(tuple(line) if len(line) == width else (*line, *[""] * (width - len(line))) for line in grid)
    return Table(rows=padded, row_numbers=tuple(numbers), locator=locator)


def _line(row: LexborNode, from_above: dict[int, tuple[str, int]], unseen: AbstractSet[int]) -> list[str]:
    """Return one row's cells, spans expanded; `from_above` holds column -> (text, rows still covered)."""
    line: list[str] = []
    for cell in (*_cells(row, unseen), None):
        while len(line) in from_above:
            text, left = from_above.pop(len(line))
            if left > 1:
                from_above[len(line)] = (text, left - 1)
            line.append(text)
        if cell is None:
            break
        text, attributes = _cell_text(cell, unseen), cell.attributes
        down = _span(attributes, "rowspan", default_zero=65_534) if "rowspan" in attributes else 1
        for _ in range(_span(attributes, "colspan", default_zero=1) if "colspan" in attributes else 1):
            if len(line) >= MOST_COLUMNS:
                return line
            if down > 1:
                from_above[len(line)] = (text, down - 1)
            line.append(text)
    return line


def _span(attributes: dict[str, str | None], name: str, default_zero: int) -> int:
    digits = (attributes.get(name) or "").strip()
    return (int(digits) or default_zero) if re.fullmatch("[0-9]{1,6}", digits) else 1
