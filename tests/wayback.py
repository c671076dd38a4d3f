"""A real web archive on loopback: pywb over WARC files, installed by the Makefile into an environment of its own."""

import os
import re
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from scraper import warc
from scraper.archive import Archive
from tests.commands import until

BIN = Path(sys.prefix) / "wayback" / "bin"
Page = tuple[str, str, bytes, str, int]
"""Address, time, body, media type, status."""


class Wayback:
    """Where the archive answers, and what it was asked for."""

    def __init__(self, port: int, log: Path) -> None:
        self.host_port = f"127.0.0.1:{port}"
        self.base = f"http://{self.host_port}/past/"
        self._log = log

    def versions_asked(self) -> list[str]:
        """The raw versions that were asked for, in order."""
        return re.findall(r'"GET /past/(\d{14}id_/\S+)', self._log.read_text("utf-8", "replace"))


def write_warc(folder: Path, pages: Sequence[Page]) -> Path:
    """Write captures as a WARC file."""
    archive = Archive(folder / "bytes")
    captures = [
        warc.WarcCapture(url=url, captured_at=at, sha256=archive.keep(body), media_type=kind, status=status)
        for url, at, body, kind, status in pages
    ]
    warc.export(captures, archive, folder / "past.warc.gz")
    return folder / "past.warc.gz"


@contextmanager
def archive_of(folder: Path, pages: Sequence[Page]) -> Iterator[Wayback]:
    """Serve these captures as a web archive."""
    if not BIN.is_dir() and not os.environ.get("CI"):
        pytest.skip("no web archive is installed for tests; `make test` installs one")
    folder.mkdir()
    write_warc(folder, pages)
    for words in (("init", "past"), ("add", "past", "past.warc.gz")):
        subprocess.run([BIN / "wb-manager", *words], cwd=folder, check=True, capture_output=True, timeout=60)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    wayback = Wayback(port, folder / "log")
    with wayback._log.open("w") as log:
        process = subprocess.Popen(
            [BIN / "wayback", "-b", "127.0.0.1", "-p", str(port)], cwd=folder, stdout=log, stderr=log
        )
    try:
        until(lambda: _answers(wayback.base), "the web archive answers")
        yield wayback
    finally:
        process.terminate()
        process.wait()


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5):
            return True
    except OSError:
        return False
