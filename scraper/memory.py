"""Keep an idle daemon small: what glibc does with freed memory. Does nothing where there is no glibc."""

import ctypes
from contextlib import suppress

_M_ARENA_MAX = -8


def one_pool() -> None:
    """Let all threads share one pool of free memory instead of one each: some 15 MB less when idle."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL("libc.so.6").mallopt(_M_ARENA_MAX, 1)
