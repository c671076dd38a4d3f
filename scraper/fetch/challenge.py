"""Tells a wall (bot check, refusal, login, maintenance) that was served as a page with status 200 from a real page.

Only the title and the text of small, bare pages are looked at: an article may mention all of these words.
"""

import re
from html import unescape
from typing import Final

_HEAD: Final = 64 * 1024
"""Bytes of a page that are looked at; a page that is longer is judged by its title alone."""
_BARE: Final = 500
"""Characters of visible text up to which a page without a table or article is bare: a notice."""
_SMALL: Final = 3000

_TITLES: Final = frozenset(
    """
    access denied|access to this page has been denied|access forbidden|forbidden|403 forbidden|403|denied|
    request denied|attention required!|attention required|just a moment|one moment, please|one moment please|
    please wait|checking your browser|ddos-guard|ddos protection by cloudflare|pardon our interruption|security check|
    security checkpoint|vercel security checkpoint|human verification|bot verification|robot check|
    are you a robot|are you human|verify you are human|verifying you are human|captcha|client challenge|
    challenge validation|request rejected|request blocked|blocked|you have been blocked|you've been blocked|
    sorry, you have been blocked|error|the request could not be satisfied|error: the request could not be satisfied|
    log in|login|log on|logon|sign in|signin|please log in|please sign in|log in to your account|
    sign in to your account|login required|authentication required|user login|user log in|
    maintenance|site maintenance|website maintenance|scheduled maintenance|system maintenance|under maintenance|
    site under maintenance|website under maintenance|down for maintenance|site is under maintenance|maintenance mode|
    we are down for maintenance|we'll be right back|we'll be back soon|be right back|temporarily unavailable|
    site temporarily unavailable|page temporarily unavailable|service temporarily unavailable|
    503 service temporarily unavailable|service unavailable|503 service unavailable|503|site unavailable|site offline|
    site off-line|internal server error|500 internal server error|bad gateway|502 bad gateway|gateway timeout|
    504 gateway timeout|504 gateway time-out|too many requests|429 too many requests
    """.replace("\n", "")
    .replace("    ", "")
    .strip()
    .split("|")
)
_MARKS: Final = {
    "_incapsula_resource": "page is an Incapsula wall",
    "incapsula incident id": "page is an Incapsula wall",
    "errors.edgesuite.net": "page says 'Access Denied' (Akamai)",
    "/cdn-cgi/challenge-platform/h/": "page is a Cloudflare challenge",
    "cf-browser-verification": "page is a Cloudflare challenge",
    "_cf_chl_opt": "page is a Cloudflare challenge",
    "px-captcha": "page is a captcha",
    "captcha-delivery.com": "page is a captcha",
    "awswafintegration": "page is an AWS challenge",
}
"""Source text of walls, looked for in small pages."""
_WORDS: Final = tuple(
    """
    access denied|you don't have permission to access|access to this page has been denied|request blocked|
    request unsuccessful|the requested url was rejected|verify you are human|verify that you are human|
    verifying you are human|are you a robot|not a robot|checking your browser|just a moment|pardon our interruption|
    javascript and cookies to continue|unusual traffic|captcha|you have been blocked|please log in|please sign in|
    log in to continue|sign in to continue|log in to view|sign in to view|you must be logged in|
    scheduled maintenance|planned maintenance|routine maintenance|site maintenance|system maintenance|for maintenance|
    under maintenance|undergoing maintenance|performing maintenance|maintenance mode|
    temporarily unavailable|temporarily down|currently unavailable|be right back|be back soon|
    be back shortly|back online|service unavailable|try again later|too many requests
    """.replace("\n", "")
    .replace("    ", "")
    .strip()
    .split("|")
)
"""Visible words of walls, looked for in bare pages."""
_TITLE: Final = re.compile(r"<title[^<>]{0,200}>([^<]{0,500})", re.IGNORECASE)
_SEPARATOR: Final = re.compile(r"\s+[|–—·»:-]{1,2}\s+|\s*\|\s*")


def wall(body: bytes, media_type: str | None) -> str | None:
    """Return what an HTML `body` is when it is no page, as words ("page says 'Access Denied'"); None for a page."""
    if media_type not in (None, "text/html", "application/xhtml+xml", "text/plain"):
        return None
    head = body[:_HEAD].decode("utf-8", "replace").replace("’", "'")
    lowered = head.lower()
    title = _title(head)
    visible = "" if len(body) > _HEAD else " ".join(_visible(lowered).split())
    if _is_wall_title(title, visible if len(body) <= _HEAD else None):
        return f"page says '{title[:80]}'"
    if len(body) > _HEAD or len(visible) > _SMALL:
        return None
    if mark := next((mark for mark in _MARKS if mark in lowered), None):
        return _MARKS[mark]
    if len(visible) > _BARE or "<table" in lowered or "<article" in lowered:
        return None
    if 'type="password"' in lowered or "type=password" in lowered or "type='password'" in lowered:
        return "page asks for a password"
    return next((f"page says '{words}'" for words in _WORDS if words in visible), None)


def _is_wall_title(title: str, visible: str | None) -> bool:
    """Tell whether the title, or its first or last part, is a wall's; with a long text the rest must be a site's name.

    `visible` is None for pages too long to look at.
    """
    parts = [part.strip(" .…!?") for part in _SEPARATOR.split(title.lower())]
    if parts[0] not in _TITLES and parts[-1] not in _TITLES:
        return False
    rest = sum(len(part.split()) for part in parts if part not in _TITLES)
    return rest <= 6 or (visible is not None and len(visible) <= _BARE)


def _title(head: str) -> str:
    found = _TITLE.search(head)
    text = " ".join(unescape(found[1]).split()) if found else ""
    return "".join(c for c in text if c.isprintable())


def _visible(lowered: str) -> str:
    """Return the text outside tags, scripts and styles; linear in the length of hostile pages."""
    texts: list[str] = []
    hidden = ""
    for piece in lowered.split("<"):
        tag, closed, text = piece.partition(">")
        if hidden:
            hidden = "" if tag.startswith(hidden) else hidden
        else:
            hidden = next((f"/{name}" for name in ("script", "style", "title", "svg") if tag.startswith(name)), "")
        if not hidden:
            texts.append(unescape(text) if closed else piece)
    return " ".join(texts)
