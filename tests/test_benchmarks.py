"""The benchmark of a large table measures what it says: its own checks hold on a small one."""

import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from benchmarks import results, size_inputs


def test_a_small_table_is_measured_from_floor_to_asof_with_every_change_told() -> None:
    command = [sys.executable, "-m", "benchmarks.size", "--rows", "2000", "--times", "1", "--without-peer"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "exactly 1 event and 20 changes" in done.stdout
    table = [line for line in done.stdout.splitlines() if line.startswith("| ") and not line.startswith("| what")]
    assert [len(line.split(" | ")) for line in table] == [6] * 10
    for aim in ("CPU under twice the floor", "Memory under 250 MB", "Growth in proportion", "parses nothing", "`asof`"):
        assert aim in done.stdout


def test_successors_differ_in_one_cell_of_the_asked_rows_and_never_come_again(tmp_path: Path) -> None:
    tables = [tmp_path / f"{number}.csv" for number in range(4)]
    size_inputs.write(tables[0], 1000)
    for seed, (before, after) in enumerate(pairwise(tables)):
        size_inputs.succeed(before, after, 1000, 10, seed)
        pairs = zip(before.read_text().splitlines(), after.read_text().splitlines(), strict=True)
        unequal = [(one.split(","), other.split(",")) for one, other in pairs if one != other]
        assert [sum(a != b for a, b in zip(one, other, strict=True)) for one, other in unequal] == [1] * 10
    assert len({table.read_bytes() for table in tables}) == 4


def test_a_section_of_the_results_is_replaced_and_the_others_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(results, "RESULTS", tmp_path / "RESULTS.md")
    results.write("One", "first")
    results.write("Two", "second")
    results.write("One", "third")
    assert results.RESULTS.read_text() == "# Measured\n\n## One\n\nthird\n\n## Two\n\nsecond\n"
