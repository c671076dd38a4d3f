"""The benchmarks measure what they say: their own checks hold on small tables."""

import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from benchmarks import readers, results, size_inputs


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


def test_a_small_workbook_is_measured_from_the_publisher_into_the_store() -> None:
    command = [sys.executable, "-m", "benchmarks.workbook", "--rows", "400"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "exactly 1 `new` event and 4 changes" in done.stdout
    table = [line for line in done.stdout.splitlines() if line.startswith("| ") and not line.startswith("| what")]
    assert [len(line.split(" | ")) for line in table] == [6] * 4
    assert done.stdout.count("under 90 CPU s") == 2


def test_every_reader_is_measured_on_documents_whose_rows_are_known() -> None:
    command = [sys.executable, "-m", "benchmarks.readers", "--rows", "6", "--times", "1", "--without-peer"]
    done = subprocess.run([*command, "--without-workbook"], capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    lines = [line.strip("| ").split(" | ") for line in done.stdout.splitlines() if " | detainer-watch | " in line]
    measured = {line[0] for line in lines}
    assert {"ice_ddor", "ice_ddr", "cis_post", "judicial_watch", "detainer_records", "dhs_list"} <= measured
    told = [line[line.index("detainer-watch") :][4] for line in lines]
    assert set(told) <= {"100.0%", "none found"}, "precision: what is told is right, or nothing is told"
    assert "pdfplumber was left out" in done.stdout


def test_a_score_tells_rows_that_are_missing_wrong_and_held_back_apart() -> None:
    true = [("a", "1"), ("b", "2"), ("c", "3"), ("d", "4")]
    wrong = readers.score(true, [("a", "1"), ("b", "9"), ("d", "4")])
    assert (wrong.wanted, wrong.found, wrong.exact, wrong.cells, wrong.exact_cells) == (4, 3, 2, 8, 5)
    held = readers.score(true, true, "a reason")
    assert (held.found, held.exact, held.exact_cells, held.held) == (0, 0, 0, ("a reason",))
    both = wrong + held
    assert (both.documents, both.wanted, both.found, both.exact) == (2, 8, 3, 2)
    assert "none found" in held.line()
