"""Tells a wall (bot check, refusal, login, maintenance) that was served as a page with status 200 from a real page.

Only the title and the text of small, bare pages are looked at: an article may mention all of these words (walls.toml).
"""

import re
import tomllib
from importlib import resources
from typing import Any, Final

from selectolax.lexbor import LexborHTMLParser

_HEAD: Final = 64 * 1024
"""Bytes of a page that are looked at; a page that is longer is judged by its title alone."""
_BARE: Final = 500
"""Characters of visible text up to which a page without a table or article is bare: a notice."""
_SMALL: Final = 3000
_WALLS: Final[dict[str, Any]] = tomllib.loads(
    resources.files("scraper.fetch").joinpath("walls.toml").read_text("utf-8")
)
_TITLES: Final = frozenset(_WALLS["titles"])
_SEPARATOR: Final = re.compile(r"\s+[|–—·»:-]{1,2}\s+|\s*\|\s*")


def wall(body: bytes, media_type: str | None) -> str | None:
    """Return what an HTML `body` is when it is no page, as words ("page says 'Access Denied'"); None for a page."""
    if media_type not in (None, "text/html", "application/xhtml+xml", "text/plain"):
        return None
    head = body[:_HEAD].decode("utf-8", "replace").replace("\0", "")
    page = LexborHTMLParser(head)
    heading = page.css_first("title")
    title = _tidy(heading.text() if heading else "")
    page.strip_tags(["script", "style", "title", "svg"])
    text = _tidy(page.text(separator=" ")).lower()
    size = len(text) if len(body) <= _HEAD else len(body)
    if _is_wall_title(title.lower(), bare=size <= _BARE):
        return f"page says '{title[:80]}'"
    if size > _SMALL:
        return None
    source = head.lower()
    if mark := next((words for mark, words in _WALLS["marks"].items() if mark in source), None):
        return str(mark)
    if size > _BARE or page.css_matches("table, article"):
        return None
    if page.css_matches("input[type=password]"):
        return "page asks for a password"
    return next((f"page says '{words}'" for words in _WALLS["words"] if words in text), None)


def _is_wall_title(title: str, *, bare: bool) -> bool:
    """Tell whether the title, or its first or last part, is a wall's; beside a text the rest must be a name."""
    parts = [part.strip(" .…!?") for part in _SEPARATOR.split(title)]
    if parts[0] not in _TITLES and parts[-1] not in _TITLES:
        return False
    return bare or sum(len(part.split()) for part in parts if part not in _TITLES) <= 6


def _tidy(text: str) -> str:
    return "".join(c for c in " ".join(text.split()).replace("’", "'") if c.isprintable())
