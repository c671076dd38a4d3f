"""Identifiers made from content, so that recording or replaying twice gives the same rows."""

import unicodedata
from collections.abc import Callable
from hashlib import blake2b
from typing import Final

_INVISIBLE: Final = (0xAD, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2065), 0xFEFF)
_PLAIN: Final = str.maketrans(
    dict.fromkeys(map(chr, _INVISIBLE)) | dict.fromkeys("‘’ʼ", "'") | dict.fromkeys("“”", '"')
)


def content_id(*parts: object) -> str:
    """Return 20 hex digits for `parts`; equal parts give equal ids on every machine."""
    return blake2b(_joined(parts), digest_size=10).hexdigest()


def number_id(*parts: object) -> int:
    """Return a positive integer below 2**53 (exact in JSON and JavaScript) for `parts`."""
    return int.from_bytes(blake2b(_joined(parts), digest_size=8).digest(), "big") >> 11


def row_hash(*parts: object) -> bytes:
    """Return the 16-byte hash under which a row's content is compared, in its `plain` form."""
    return blake2b(_joined(parts, plain), digest_size=16).digest()


def plain(text: str) -> str:
    """Return the form in which text is compared, never shown: another typography of the same words is no change.

    Accents are composed, quotation marks are straight, soft hyphens and other invisible characters are gone.
    """
    return text if text.isascii() else unicodedata.normalize("NFC", text.translate(_PLAIN))


def _joined(parts: tuple[object, ...], form: Callable[[str], str] = str) -> bytes:
    text = "\x1f".join("\x00" if part is None else str(part) for part in parts)
    return form(text).encode("utf-8", "surrogatepass")
