"""Bodies, decoded by ourselves piece by piece so that no answer, however packed, grows past its limit."""

import zlib
from collections.abc import Callable, Iterable
from io import BytesIO
from typing import Final

from scraper.fetch.answer import Failed

_STEP: Final = 1 << 20
"""Most bytes that one step inflates, so that limits and the clock are looked at in between."""


def read_body(pieces: Iterable[bytes], encoding: str, limit: int, tick: Callable[[], object]) -> bytes:
    """Return the decoded body, at most `limit` bytes; raise `Failed` when it is larger, damaged or cut.

    `encoding` is the Content-Encoding header; `tick` is called between steps and may raise.
    """
    coding = encoding.strip().lower()
    if coding in ("", "identity"):
        parts = pieces
    elif coding in ("gzip", "x-gzip", "deflate"):
        parts = _inflated(pieces, coding, tick)
    else:
        raise Failed(f"the body is encoded as '{coding[:50]}', which nobody asked for")
    out = BytesIO()
    for part in parts:
        if out.tell() + len(part) > limit:
            raise Failed(f"the body is larger than {limit / 1e6:,.3g} MB")
        out.write(part)
    return out.getvalue()


def _inflated(pieces: Iterable[bytes], coding: str, tick: Callable[[], object]) -> Iterable[bytes]:
    inflate, started = None, False
    try:
        for piece in pieces:
            full = False
            while piece or full:
                if inflate is None:
                    if started and not piece.strip(b"\0"):
                        break  # zero padding after the last member
                    if started and piece[0] != 0x1F:
                        raise Failed(f"the {coding} body is followed by other bytes")
                    inflate, started = zlib.decompressobj(_window(coding, piece)), True
                part = inflate.decompress(piece, _STEP)
                yield part
                tick()
                # a full step may leave output in the window even when all input is taken
                full = len(part) == _STEP and not inflate.eof
                piece = inflate.unused_data or inflate.unconsumed_tail
                inflate = None if inflate.eof else inflate
    except zlib.error:
        raise Failed(f"the {coding} body is damaged") from None
    if inflate:
        raise Failed(f"the {coding} body is cut")


def _window(coding: str, piece: bytes) -> int:
    """Return zlib's wbits: servers send "deflate" with and without the zlib header."""
    if coding != "deflate":
        return 31
    return 15 if piece[0] & 0x0F == 8 else -15
