"""RESULTS.md: one section for each thing measured, each with its day, version and machine."""

import os
import platform
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

RESULTS = Path(__file__).parent / "RESULTS.md"


def write(title: str, text: str) -> None:
    """Put a section into RESULTS.md, in the place of the one of the same title; others stay as they are."""
    before = RESULTS.read_text() if RESULTS.exists() else "# Measured\n"
    head, *sections = before.split("\n## ")
    kept = dict(section.split("\n", 1) for section in sections)
    kept[title] = f"\n{text.strip()}\n"
    RESULTS.write_text("\n## ".join([head, *(f"{name}\n{body}" for name, body in kept.items())]))


def when() -> str:
    """Say the day and the version measured; RESULTS.md itself does not make it another."""
    commit = _git("describe", "--always") or "no commit"
    altered = _git("status", "--porcelain", "--", ":/", f":!{RESULTS.name}")
    return f"Measured on {datetime.now(UTC):%Y-%m-%d}, at {commit}{'-dirty' if altered else ''}."


def _git(*words: str) -> str:
    command = ["git", "-C", str(RESULTS.parent), *words]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


def machine(*packages: str) -> str:
    """Say on what machine, with which versions."""
    software = ", ".join(f"{name} {version(name)}" for name in packages)
    return (
        f"Machine: {os.cpu_count()} processors ({_processor()}), {_memory_gb():.0f} GB, {platform.system()}"
        f" {platform.release()},\nPython {platform.python_version()}; {software}."
    )


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    return next((line.split(": ", 1)[1] for line in lines if line.startswith("model name")), platform.machine())


def _memory_gb() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3
