"""Run a program and say what it cost. Imports stay few: a child's peak memory cannot be told below its parent's."""

import os
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"} | {
    "PYTHONPATH": str(Path(__file__).parent.parent)
}
"""Programs keep their compiled modules, as where a user has installed them; ours is the one beside this folder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one run took, its children included; `rss_mb` is that of the largest process."""

    cpu: float
    wall: float
    rss_mb: float
    code: int
    output: str


def run(command: Sequence[str], log: Path) -> Cost:
    """Run `command` to its end; its output goes to `log`."""
    started = time.monotonic()
    with log.open("w+") as file:
        child = subprocess.Popen(
            command, stdout=file, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, env=ENVIRONMENT
        )
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.monotonic() - started
        child.returncode = os.waitstatus_to_exitcode(status)
        file.seek(0)
        output = file.read()
    return Cost(
        cpu=usage.ru_utime + usage.ru_stime,
        wall=wall,
        rss_mb=usage.ru_maxrss / 1024,
        code=child.returncode,
        output=output,
    )


@contextmanager
def running(command: Sequence[str], log: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """Run `command` for the length of the block, then ask it to stop (SIGTERM)."""
    with (
        log.open("wb") as file,
        subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT, env=ENVIRONMENT) as child,
    ):
        try:
            yield child
        finally:
            child.terminate()
            try:
                child.wait(20)
            except subprocess.TimeoutExpired:
                child.kill()


@contextmanager
def serving(command: Sequence[str]) -> Iterator[str]:
    """Run the page server for the length of the block and give its address."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(server.stdout.readline())}"
        finally:
            server.terminate()


def post(url: str) -> bytes:
    with urllib.request.urlopen(urllib.request.Request(url, method="POST"), timeout=30) as answer:
        body: bytes = answer.read()
        return body


def rss_mb(pid: int) -> float:
    """Memory that process `pid` holds now, and that of its peak so far is not asked."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return float("nan")
