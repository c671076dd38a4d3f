"""Addresses in one form, so that the same page under many spellings is one release."""

import re
from string import ascii_letters, digits
from typing import Final
from urllib.parse import quote, unquote, urljoin, urlsplit, urlunsplit

LONGEST: Final = 2000
_TRACKING: Final = re.compile(
    r"(?:utm_\w+|fbclid|gclid|dclid|gbraid|wbraid|msclkid|twclid|yclid|igshid|mc_cid|mc_eid|_ga|_gl|_hsenc|_hsmi)(?:=.*)?",
    re.IGNORECASE,
)
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]|%(?:[01][0-9a-f]|7f)", re.IGNORECASE)
_ESCAPE: Final = re.compile(r"%[0-9a-fA-F]{2}")
_HOST: Final = re.compile(r"[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?|\[[0-9a-f:.]+\]")
_BARE: Final = {f"%{ord(char):02X}": char for char in f"{ascii_letters}{digits}-._~"}
"""Escape -> the character that needs none."""
_PORTS: Final = {"http": 80, "https": 443}
_SAFE: Final = "%/:@!$&'()*+,;=~"


def canonical(url: str, base: str = "") -> str | None:
    """Return the address under which a page is known, or None where it is none of ours.

    As `address`, and without a trailing slash. Not every server answers it: fetch the `address`, compare this.
    """
    whole = address(url, base)
    return None if whole is None else without_slash(whole)


def file_name(url: str) -> str:
    """Return the last part of an address as a person would write it."""
    return unquote(urlsplit(url).path.rpartition("/")[2])


def without_slash(address: str) -> str:
    """Return an `address` in the form that `canonical` gives."""
    path, mark, query = address.partition("?")
    bare = path.rstrip("/")
    return (bare if bare.count("/") > 2 else f"{bare}/") + mark + query


def address(url: str, base: str = "") -> str | None:
    """Return `url` absolute and safe to fetch: no fragment, no tracking parameters, lower-case host, no dot segments.

    None for other schemes than http(s), control characters, user names, no host, or more than 2,000 characters.
    """
    text = url.strip(" \t\r\n\f")
    if len(text) > LONGEST or _CONTROL.search(text):
        return None
    path, mark, rest = text.partition("?")
    text = path.replace("\\", "/") + mark + rest  # as browsers do
    try:
        parts = urlsplit(urljoin(base, text))
        netloc = _netloc(parts.scheme, parts.hostname, parts.port)
    except ValueError:
        return None
    if netloc is None or "@" in parts.netloc:
        return None
    query = "&".join(part for part in parts.query.split("&") if not _TRACKING.fullmatch(part))
    path = _without_dots(_escaped(parts.path, _SAFE))
    whole = urlunsplit((parts.scheme, netloc, path, _escaped(query, _SAFE + "?"), ""))
    return whole if len(whole) <= LONGEST else None


def host(url: str) -> str:
    """Return the lower-case host of `url` without port; "" where there is none."""
    try:
        return (urlsplit(url).hostname or "").rstrip(".")
    except ValueError:
        return ""


def _netloc(scheme: str, hostname: str | None, port: int | None) -> str | None:
    if scheme not in _PORTS or not hostname:
        return None
    name = hostname.rstrip(".")
    if ":" in name:
        name = f"[{name}]"
    elif not name.isascii():
        name = name.encode("idna").decode()
    if not _HOST.fullmatch(name):
        return None
    return name if port in (None, _PORTS[scheme]) else f"{name}:{port}"


def _escaped(text: str, safe: str) -> str:
    """Return `text` with one spelling per character: unreserved ones bare, the rest escaped in capitals."""
    return quote(_ESCAPE.sub(lambda found: _BARE.get(found[0].upper(), found[0].upper()), text), safe, errors="replace")


def _without_dots(path: str) -> str:
    kept: list[str] = []
    segments = path.split("/")[1:]
    for segment in segments:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    return "/" + "/".join([*kept, ""] if kept and segments[-1] in (".", "..") else kept)
