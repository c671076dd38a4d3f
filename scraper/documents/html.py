"""HTML as decoded text, paragraphs, tables and links, without what a reader of the page does not see as content."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from selectolax.lexbor import LexborHTMLParser, LexborNode, SelectolaxError

from scraper.documents import urls
from scraper.documents.values import fold
from scraper.errors import DocumentError, Unreadable
from scraper.model import Document, Locator, Table

MOST_COLUMNS: Final = 512
MOST_CELLS: Final = 5_000_000
_MAIN: Final = ("main", "[role=main]")
_UNSEEN: Final = (
    "script, style, noscript, template, nav, aside, header, footer, form, button, select, textarea, input, option, "
    "iframe, object, svg, canvas, audio, video, title, [hidden], [style], [role=navigation], [role=search]"
)
_NEVER_SEEN: Final = frozenset(_UNSEEN.split(", ")) - {"header", "footer", "form"}
_BLOCK_TAGS: Final = (
    "address article blockquote body caption center dd details dialog dir div dl dt fieldset figcaption figure footer "
    "form h1 h2 h3 h4 h5 h6 header hgroup hr html legend li main menu ol p pre search section summary table tbody td "
    "tfoot th thead tr ul"
)
_BLOCKS: Final = frozenset(_BLOCK_TAGS.split())
_HIDING: Final = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_META_CHARSET: Final = re.compile(
    rb"(?:<meta[^>]{0,200}?charset|<\?xml[^>]{0,100}?encoding)\s*=\s*[\"']?\s*([\w.:-]+)", re.IGNORECASE
)
_BOMS: Final = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
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
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding, "replace")
    text = data.decode("utf-8", "replace")
    damaged = text.count("\ufffd")
    if not damaged and "\x00" not in text:
        return text
    meta = _META_CHARSET.search(data[:4096])
    for label in (charset, meta[1].decode("ascii") if meta else None):
        if label and (labelled := _labelled(data, label.strip().lower())) is not None:
            return labelled
    beyond_ascii = len(text) - sum(map(len, re.findall(r"[\x00-\x7f]+", text)))
    # One broken byte in a UTF-8 page must not turn all its other letters into pairs of strange ones.
    return text if beyond_ascii > 2 * damaged or not damaged else data.decode("cp1252", "replace")


def _labelled(data: bytes, label: str) -> str | None:
    try:
        return data.decode("cp1252", "replace") if label in _REALLY_CP1252 else data.decode(label)
    except (LookupError, UnicodeError, ValueError):
        return None


def parse(document: Document) -> LexborHTMLParser:
    """Return the tree of an HTML document; broken markup is repaired as browsers do."""
    return LexborHTMLParser(decode(document.data, document.charset))


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


def canonical_link(tree: LexborHTMLParser, base_url: str = "") -> str | None:
    """Return the page's own canonical address, or None."""
    node = tree.css_first("link[rel=canonical][href]")
    return urls.canonical(node.attributes["href"] or "", base_url) if node is not None else None


def paragraphs(tree: LexborHTMLParser, select: str | None = None, ignore: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Return the text block by block, a table row as "a | b | c", of `select` or the page's main content.

    Left out: scripts, navigation, asides, hidden parts, page headers and footers, form controls and `ignore`.
    """
    roots = _outermost(select_all(tree, select)) if select else _main(tree)
    ignored = {node.mem_id for selector in ignore for node in select_all(tree, selector)}
    if select and ignored:
        roots = [root for root in roots if not any(node.mem_id in ignored for node in (root, *_ancestors(root)))]
    unseen = _unseen(tree) | ignored
    return tuple(block for root in roots for block in _blocks(root, unseen))


def tables(tree: LexborHTMLParser, select: str | None = None) -> tuple[Table, ...]:
    """Return the tables that `select` names or that lie within what it names; default: all of the page.

    A spanning cell's text stands in each place it covers; nested tables are tables of their own; hidden rows are out.
    `Unreadable` for a table of more than 5 million cells.
    """
    all_tables = tree.css("table")
    order = {node.mem_id: number for number, node in enumerate(all_tables, start=1)}
    chosen = all_tables
    if select:
        named = select_all(tree, select)
        inner = [table for node in named if node.tag != "table" for table in node.css("table")]
        wanted = {node.mem_id for node in [*named, *inner]}
        chosen = [table for table in all_tables if table.mem_id in wanted]
    unseen = _unseen(tree)
    found = (_table(node, Locator(table=order[node.mem_id], selector=select), unseen) for node in chosen)
    return tuple(table for table in found if table.rows)


def links(
    tree: LexborHTMLParser, base_url: str, select: str | None = None, within: LexborNode | None = None
) -> tuple[Link, ...]:
    """Return the links of `select` (or of all) in the page or `within` a part, in order, each address once."""
    base, part = _base(tree, base_url), within if within is not None else tree
    nodes = part.css("a[href]") if select is None else [a for node in select_all(part, select) for a in _anchors(node)]
    found: dict[str, Link] = {}
    for node in nodes:
        href = node.attributes.get("href") or ""
        address = None if not href or href.startswith("#") else urls.address(href, base)
        if address is None:
            continue
        url = urls.without_slash(address)
        known = found.get(url)
        if known is None or not known.text:
            found[url] = Link(url, _label(node), address)
    return tuple(found.values())


def text_of(node: LexborNode) -> str:
    """Return the visible text of one element on one line."""
    return " ".join(_blocks(node, frozenset()))


def _anchors(node: LexborNode) -> list[LexborNode]:
    return [node] if node.tag == "a" and node.attributes.get("href") else list(node.css("a[href]"))


def _label(node: LexborNode) -> str:
    if text := text_of(node):
        return text
    image = node.css_first("img[alt]")
    own = node.attributes
    return fold(
        own.get("aria-label") or own.get("title") or (image.attributes["alt"] if image is not None else "") or ""
    )


def _base(tree: LexborHTMLParser, base_url: str) -> str:
    node = tree.css_first("base[href]")
    stated = urls.address(node.attributes["href"] or "", base_url) if node is not None else None
    return stated if stated and urls.host(stated) == urls.host(base_url) else base_url


def _main(tree: LexborHTMLParser) -> list[LexborNode]:
    for selector in _MAIN:
        if found := tree.css(selector):
            return _outermost(found)
    articles = _outermost(tree.css("article"))
    return articles if len(articles) == 1 else [tree.body] if tree.body is not None else []


def _outermost(nodes: list[LexborNode]) -> list[LexborNode]:
    chosen = {node.mem_id for node in nodes}
    return [node for node in nodes if not any(parent.mem_id in chosen for parent in _ancestors(node))]


def _ancestors(node: LexborNode) -> Iterator[LexborNode]:
    parent = node.parent
    while parent is not None:
        yield parent
        parent = parent.parent


def _unseen(tree: LexborHTMLParser) -> frozenset[int]:
    return frozenset(node.mem_id for node in tree.css(_UNSEEN) if _is_unseen(node))


def _is_unseen(node: LexborNode) -> bool:
    tag, attributes = node.tag, node.attributes
    if "hidden" in attributes or _HIDING.search(attributes.get("style") or ""):
        return True
    if tag in ("header", "footer"):
        return not any(parent.tag in ("main", "article") for parent in _ancestors(node))
    if tag == "form":  # some sites wrap the whole page in one form
        return node.css_first("p, table, article, h1") is None
    return tag in _NEVER_SEEN or attributes.get("role") in ("navigation", "search")


def _blocks(root: LexborNode, unseen: frozenset[int]) -> Iterator[str]:
    """Yield the folded text of each block under `root`, in order; a table row is one block."""
    layout_rows = {row.mem_id for inner in root.css("tr table") for row in _ancestors(inner) if row.tag == "tr"}
    pieces: list[str] = []
    waiting: list[LexborNode | None] = [None, *reversed(_children(root))] if root.tag != "tr" else [root]
    while waiting:
        node = waiting.pop()
        tag = node.tag if node is not None else ""
        if tag == "-text" and node is not None:
            pieces.append(node.text_content or "")
            continue
        if node is None or tag in _BLOCKS:
            if pieces and (text := fold("".join(pieces))):
                yield text
            pieces.clear()
        if node is None or (unseen and node.mem_id in unseen):
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
            if tag in _BLOCKS:
                waiting.append(None)
            waiting.extend(reversed(_children(node)))


def _raised(text: str) -> str:
    """Return a footnote digit in its raised form, so that it never joins the count before it."""
    return text.translate(_RAISED) if text.replace(",", "").strip().isdigit() else text


def _children(node: LexborNode) -> list[LexborNode]:
    return list(node.iter(include_text=True))


def _cells(row: LexborNode, unseen: frozenset[int]) -> list[LexborNode]:
    return [cell for cell in row.iter() if cell.tag in ("td", "th") and not (unseen and cell.mem_id in unseen)]


def _cell_text(cell: LexborNode, unseen: frozenset[int]) -> str:
    only = cell.first_child
    if only is None:
        return ""
    if only.next is None and only.is_text_node:  # most cells, and ten times faster
        return fold(only.text_content or "")
    inner = unseen | {table.mem_id for table in cell.css("table")} if cell.css_first("table") is not None else unseen
    return " ".join(_blocks(cell, inner))


def _rows(table: LexborNode) -> Iterator[LexborNode]:
    for child in table.iter():
        if child.tag == "tr":
            yield child
        elif child.tag in ("thead", "tbody", "tfoot"):
            yield from (row for row in child.iter() if row.tag == "tr")


def _table(table: LexborNode, locator: Locator, unseen: frozenset[int]) -> Table:
    grid: list[list[str]] = []
    numbers: list[int] = []
    from_above: dict[int, tuple[str, int]] = {}
    for number, row in enumerate(_rows(table), start=1):
        if unseen and (row.mem_id in unseen or (row.parent is not None and row.parent.mem_id in unseen)):
            continue
        if line := _line(row, from_above, unseen):
            grid.append(line)
            numbers.append(number)
    width = max(map(len, grid), default=0)
    if width * len(grid) > MOST_CELLS:
        raise Unreadable(f"Table {locator.table} has {len(grid):,} rows of {width:,} columns, more than is read.")
    rows = tuple(tuple(line) if len(line) == width else (*line, *[""] * (width - len(line))) for line in grid)
    return Table(rows=rows, row_numbers=tuple(numbers), locator=locator)


def _line(row: LexborNode, from_above: dict[int, tuple[str, int]], unseen: frozenset[int]) -> list[str]:
    """Return one row's cells, spans expanded; `from_above` holds column -> (text, rows still covered)."""
    line: list[str] = []
    for cell in _cells(row, unseen):
        _fill(line, from_above)
        text, attributes = _cell_text(cell, unseen), cell.attributes
        down = _span(attributes, "rowspan", default_zero=65_534) if "rowspan" in attributes else 1
        for _ in range(_span(attributes, "colspan", default_zero=1) if "colspan" in attributes else 1):
            if len(line) >= MOST_COLUMNS:
                return line
            if down > 1:
                from_above[len(line)] = (text, down - 1)
            line.append(text)
    _fill(line, from_above)
    return line


def _fill(line: list[str], from_above: dict[int, tuple[str, int]]) -> None:
    while from_above and len(line) in from_above:
        text, left = from_above.pop(len(line))
        if left > 1:
            from_above[len(line)] = (text, left - 1)
        line.append(text)


def _span(attributes: dict[str, str | None], name: str, default_zero: int) -> int:
    digits = (attributes.get(name) or "").strip()
    if not (digits.isascii() and digits.isdigit() and len(digits) < 7):
        return 1
    return int(digits) or default_zero
