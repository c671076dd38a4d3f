"""Run a program and say what it cost. Imports stay few: a child's peak memory cannot be told below its parent's."""

import os
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
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
    main_mb: float = 0.0
    """Peak of the process itself, where it was asked apart from its children."""
    child_mb: float = 0.0
    """Peak of its largest child, where that was asked apart."""


def run(command: Sequence[str], log: Path, *, apart: bool = False) -> Cost:
    """Run `command` to its end; its output goes to `log`. `apart`: memory of itself and of its children as well."""
    started = time.monotonic()
    main_mb = child_mb = 0.0
    with log.open("w+") as file:
        child = subprocess.Popen(
            command, stdout=file, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, env=ENVIRONMENT
        )
        while apart and os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            main_mb = max(main_mb, peak_mb(child.pid))  # the kernel keeps the peak: only the last moments can be missed
            child_mb = max([child_mb, *map(peak_mb, _children(child.pid))])
            time.sleep(0.1)
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
        main_mb=main_mb,
        child_mb=child_mb,
    )


def _children(pid: int) -> Iterator[int]:
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it may have ended
            if int(stat.read_text().rpartition(")")[2].split()[1]) == pid:
                yield int(stat.parent.name)


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
    return _memory(pid, "VmRSS:")


def peak_mb(pid: int | str = "self") -> float:
    """The most memory that process `pid` has held so far; 0 where it has ended."""
    try:
        peak = _memory(pid, "VmHWM:")
    except OSError:
        return 0.0
    return peak if peak == peak else 0.0  # not a number: it has ended, but nobody has waited for it yet


def _memory(pid: int | str, name: str) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(name):
            return int(line.split()[1]) / 1024
    return float("nan")
