"""Runs the real commands as a user starts them, and waits for what they promise."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

PATIENCE = 40.0
"""Seconds to wait for something that should happen at once; generous, for machines are busy."""


def command(*words: object) -> list[str]:
    """The command line of `detainer-watch WORDS`."""
    return [sys.executable, "-m", "scraper.cli", *map(str, words)]


def run(*words: object, cwd: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    env = os.environ | {"COLUMNS": "120", "NO_COLOR": "1"} | environ
    return subprocess.run(command(*words), cwd=cwd, env=env, capture_output=True, text=True, timeout=120)


@contextmanager
def running(*words: object, cwd: Path) -> Iterator[subprocess.Popen[str]]:
    """Run a command until the end of the block; killed then if it still runs."""
    with (cwd / "out.log").open("a") as log:
        process = subprocess.Popen(command(*words), cwd=cwd, stdout=log, stderr=log, text=True)
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()


def until(happened: Callable[[], object], what: str) -> None:
    """Wait until `happened` is true; fail with `what` after a long while."""
    end, pause = time.monotonic() + PATIENCE, threading.Event()
    while not happened():
        assert time.monotonic() < end, f"did not happen: {what}"
        pause.wait(0.05)
