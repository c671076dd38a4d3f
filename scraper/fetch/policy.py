"""Which addresses may be asked: pure rules on URLs, hosts and IP addresses. What is not plainly allowed is refused."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final
from urllib.parse import quote, urljoin, urlsplit

import idna

MAX_URL: Final = 2000
_PORTS: Final = {"http": 80, "https": 443}
_HOST_CHARACTERS: Final = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-_.")
_SAFE: Final = "/:@!$&'()*+,;=~%-._?"
"""Left as written in paths and queries; all else is percent-encoded as UTF-8."""

_GLOBAL_UNICAST: Final = IPv6Network("2000::/3")
_INNER: Final = tuple(
    map(ip_network, ("192.0.0.0/24", "192.88.99.0/24", "100.64.0.0/10", "2001::/23", "2001:db8::/32", "3fff::/20"))
)
"""Not public, whatever `is_global` of a Python version says."""
_WRAPPING: Final = ((IPv6Network("::ffff:0:0/96"), 0), (IPv6Network("64:ff9b::/96"), 0), (IPv6Network("2002::/16"), 80))
"""IPv6 networks (mapped, NAT64, 6to4) whose addresses hold an IPv4 address, and how many bits from the right."""


class Refused(ValueError):
    """A URL that must not be asked; the text names what it is and holds no control characters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """An allowed URL in the one form in which it is sent: ASCII, no fragment, no user, host in lower case."""

    url: str
    scheme: str
    host: str
    """A name in its ASCII form, or an IP address without brackets."""
    port: int
    path: str
    """With the query."""
    authority: str
    """`host`, or `host:port` when the port is not the scheme's own: the key of rate, robots.txt and Retry-After."""


def check(url: str, allow_hosts: Sequence[str], *, before: Target | None = None) -> Target:
    """Return the target of `url` (relative to `before`, the page that redirects to it), or raise `Refused`.

    An entry of `allow_hosts` without a port allows the host on every port.
    """
    target = parse(url, before.url if before else None)
    allowed = _allowed(tuple(allow_hosts))
    if (target.host, None) not in allowed and (target.host, target.port) not in allowed:
        raise Refused(f"a host that is not allowed: {shown(target.authority)}")
    if before is not None and before.scheme == "https" and target.scheme == "http":
        raise Refused(f"http, down from https: {shown(target.url)}")
    return target


def parse(url: str, base: str | None = None) -> Target:
    """Return `url` (relative to `base`) in the form in which it is sent; raise `Refused` for no plain web URL."""
    if len(url) > MAX_URL:
        raise Refused(f"a URL longer than {MAX_URL:,} characters")
    if any(c < " " or c in "\x7f\\" for c in url) or url != url.strip():
        raise Refused(f"a URL with control characters, backslashes or outer spaces: {shown(url)}")
    try:
        return _target(urljoin(base, url) if base else url)
    except Refused:
        raise
    except ValueError:
        raise Refused(f"what is not a URL: {shown(url)}") from None


def is_public(address: str) -> bool:
    """Tell whether `address` is an ordinary public unicast address, looking through every IPv6 form that wraps IPv4."""
    try:
        ip = ip_address(address)
    except ValueError:
        return False
    if isinstance(ip, IPv6Address):
        for network, shift in _WRAPPING:
            if ip in network and not ip.scope_id:
                return is_public(str(IPv4Address(int(ip) >> shift & 0xFFFFFFFF)))
        if ip.scope_id or ip not in _GLOBAL_UNICAST:
            return False
    return ip.is_global and not (ip.is_multicast or ip.is_reserved or any(ip in network for network in _INNER))


def host_and_port(entry: str) -> tuple[str, int | None]:
    """Split a configured "host" or "host:port" ("[::1]:80") into the canonical host and the port; raise `Refused`."""
    try:
        parts = urlsplit(f"//{entry}")
        if "@" in entry or parts.path or parts.query or parts.fragment:
            raise ValueError(entry)
        return _host(parts.hostname or ""), parts.port
    except ValueError as error:
        raise Refused(f"what is not a host name: {shown(entry)}") from error


def shown(text: str) -> str:
    """Return strangers' text fit for a message: printable, at most 200 characters."""
    printable = "".join(c if c.isprintable() else "?" for c in text[:201])
    return printable if len(printable) <= 200 else printable[:199] + "…"


def _target(url: str) -> Target:
    parts = urlsplit(url)
    if parts.scheme not in _PORTS:
        raise Refused(f"neither http nor https: {shown(url)}")
    if "@" in parts.netloc:
        raise Refused("a URL with a user name or password")
    host = _host(parts.hostname or "")
    usual = _PORTS[parts.scheme]
    port = usual if parts.port is None else parts.port
    if port == 0:
        raise Refused("port 0")
    name = f"[{host}]" if ":" in host else host
    authority = name if port == usual else f"{name}:{port}"
    path = quote(parts.path or "/", safe=_SAFE) + (f"?{quote(parts.query, safe=_SAFE)}" if parts.query else "")
    url = f"{parts.scheme}://{authority}{path}"
    return Target(url=url, scheme=parts.scheme, host=host, port=port, path=path, authority=authority)


@lru_cache(maxsize=1024)
def _host(host: str) -> str:
    """Return the canonical form of a host name or strict IP address, so that no second spelling slips through."""
    if ":" in host:
        if "%" in host:
            raise Refused("an IPv6 address with a zone")
        return str(IPv6Address(host))
    if not host.isascii():
        host = idna.encode(host).decode()  # strict: look-alike digits and full-width letters are errors
    host = host.lower().removesuffix(".")
    labels = host.split(".")
    if not host or len(host) > 253 or set(host) - _HOST_CHARACTERS or not all(0 < len(label) < 64 for label in labels):
        raise Refused(f"what is not a host name: {shown(host)}")
    if labels[-1].isdigit() or labels[-1].startswith("0x"):
        return str(IPv4Address(host))  # refuses decimal, octal, hexadecimal and short spellings
    return host


@lru_cache(maxsize=1024)
def _allowed(entries: tuple[str, ...]) -> frozenset[tuple[str, int | None]]:
    return frozenset(host_and_port(entry) for entry in entries)
