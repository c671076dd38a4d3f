"""Identifiers made from content, so that recording or replaying twice gives the same rows."""

from hashlib import blake2b


def content_id(*parts: object) -> str:
    """Return 20 hex digits for `parts`; equal parts give equal ids on every machine."""
    return blake2b(_joined(parts), digest_size=10).hexdigest()


def number_id(*parts: object) -> int:
    """Return a positive integer below 2**53 (exact in JSON and JavaScript) for `parts`."""
    return int.from_bytes(blake2b(_joined(parts), digest_size=8).digest(), "big") >> 11


def row_hash(*parts: object) -> bytes:
    """Return the 16-byte hash under which a row's content is compared."""
    return blake2b(_joined(parts), digest_size=16).digest()


def _joined(parts: tuple[object, ...]) -> bytes:
    return "\x1f".join("\x00" if part is None else str(part) for part in parts).encode("utf-8", "surrogatepass")
