"""Bodies are complete, decoded and bounded, or they are not there at all (N3, N8, N13)."""

import gzip
import tracemalloc
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scraper.fetch.answer import Failed
from scraper.fetch.body import read_body

LIMIT = 1_000_000


def read(pieces: list[bytes], encoding: str, limit: int = LIMIT) -> bytes:
    return read_body(pieces, encoding, limit, lambda: None)


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


def cut_into(data: bytes, size: int) -> list[bytes]:
    return [data[start : start + size] for start in range(0, len(data), size)]


@settings(deadline=None)
@given(st.binary(max_size=3000), st.integers(min_value=1, max_value=200))
def test_every_packing_and_every_split_gives_the_same_bytes(data: bytes, size: int) -> None:
    assert read(cut_into(data, size), "") == data
    assert read(cut_into(gzip.compress(data), size), "gzip") == data
    assert read(cut_into(zlib.compress(data), size), "Deflate") == data
    assert read(cut_into(raw_deflate(data), size), "deflate") == data
    assert read(cut_into(gzip.compress(data) + gzip.compress(data), size), "x-gzip") == data + data


@settings(deadline=None)
@given(st.binary(min_size=1, max_size=500), st.data())
def test_gzip_cut_anywhere_is_a_failure(data: bytes, draw: st.DataObject) -> None:
    packed = gzip.compress(data)
    with pytest.raises(Failed):
        read([packed[: draw.draw(st.integers(min_value=1, max_value=len(packed) - 1))]], "gzip")


def test_damaged_gzip_is_a_failure_and_zero_padding_is_not() -> None:
    packed = bytearray(gzip.compress(b"a figure" * 100))
    assert read([bytes(packed) + bytes(512)], "gzip") == b"a figure" * 100
    packed[-5] ^= 1  # the checksum
    with pytest.raises(Failed, match="damaged"):
        read([bytes(packed)], "gzip")
    with pytest.raises(Failed, match="damaged"):
        read([b"not gzip at all"], "gzip")
    with pytest.raises(Failed, match="followed by other bytes"):
        read([gzip.compress(b"x") + b"garbage"], "gzip")


def test_an_encoding_nobody_asked_for_is_a_failure() -> None:
    with pytest.raises(Failed, match="'br'"):
        read([b"x"], "br")


def test_a_body_may_be_as_large_as_the_limit_and_no_larger() -> None:
    assert len(read([bytes(LIMIT)], "")) == LIMIT
    assert len(read([gzip.compress(bytes(LIMIT))], "gzip")) == LIMIT
    for body, encoding in ((bytes(LIMIT + 1), ""), (gzip.compress(bytes(LIMIT + 1)), "gzip")):
        with pytest.raises(Failed, match="larger than 1 MB"):
            read([body], encoding)


def test_a_gzip_bomb_never_inflates_past_the_limit() -> None:
    """N13: 300 MB of zeros from 300 kB."""
    bomb = gzip.compress(bytes(300_000_000), 9)
    tracemalloc.start()
    try:
        with pytest.raises(Failed, match="larger than"):
            read([bomb], "gzip", 4_000_000)
        assert tracemalloc.get_traced_memory()[1] < 16_000_000
    finally:
        tracemalloc.stop()


def test_the_clock_is_looked_at_while_inflating() -> None:
    ticks: list[None] = []
    read_body([gzip.compress(bytes(50_000_000))], "gzip", 100_000_000, lambda: ticks.append(None))
    assert len(ticks) > 40
