"""The commands as a person types them: exit codes, words, files; never a traceback."""

import csv
import json
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import typer.main

from scraper.cli import app
from tests.commands import command, run, until
from tests.desk import Desk
from tests.publisher import Publisher
from tests.test_pipeline import NEWS, ROWS, TABLE, article, listing, publish, table


@pytest.fixture
def desk(tmp_path: Path, publisher: Publisher) -> Desk:
    publish(publisher)
    return Desk(tmp_path, publisher, NEWS, TABLE)


def commands() -> list[list[str]]:
    group = typer.main.get_command(app)
    found: list[list[str]] = [[]]
    for name, one in group.commands.items():  # type: ignore[attr-defined]
        found.append([name])
        found += [[name, inner] for inner in getattr(one, "commands", {})]
    return found


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_every_command_explains_itself(words: list[str], tmp_path: Path) -> None:
    done = run(*words, "--help", cwd=tmp_path)
    assert done.returncode == 0
    assert "Usage:" in done.stdout
    assert len(done.stdout.split("\n", 3)[3].strip()) > 40, "a sentence of help"


def test_check_ends_with_0_when_all_is_well_and_1_when_a_source_fails(desk: Desk) -> None:
    done = run("check", cwd=desk.folder)
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert {line["source"]: line["outcome"] for line in lines} == {"news": "ok", "counts": "ok"}
    desk.publisher.put("/list", "no", status=500)
    done = run("check", cwd=desk.folder)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr


def test_check_of_one_source_leaves_the_other_alone(desk: Desk) -> None:
    assert run("check", "--source", "counts", cwd=desk.folder).returncode == 0
    assert "/list" not in desk.publisher.paths()
    done = run("check", "--source", "nope", cwd=desk.folder)
    assert (done.returncode, "news, counts" in done.stderr) == (2, True)


def test_a_dry_run_says_what_would_happen_and_keeps_nothing(desk: Desk) -> None:
    run("check", cwd=desk.folder)
    desk.publisher.put("/table", table([("Cook County", "IL", "1"), *ROWS[1:]]))
    before = sorted(path.name for path in (desk.folder / "db").rglob("*") if "db-" not in path.name)
    done = run("check", "--dry-run", cwd=desk.folder)
    told = [json.loads(line) for line in done.stderr.splitlines()]
    assert {line["source"]: line["events"] for line in told} == {"news": [], "counts": ["revised"]}
    assert desk.kinds() == ["baseline", "baseline"]
    assert sorted(path.name for path in (desk.folder / "db").rglob("*") if "db-" not in path.name) == before


def test_k1_bad_config_ends_with_2_names_the_place_and_touches_nothing(desk: Desk) -> None:
    text = desk.path.read_text().replace("every: 1h", "evry: 1h", 1)
    desk.path.write_text(text)
    for words in (("check",), ("up",), ("config", "check"), ("status",)):
        done = run(*words, cwd=desk.folder)
        assert done.returncode == 2, words
        assert "config.yaml:" in done.stderr
        assert "every" in done.stderr
        assert "Traceback" not in done.stderr
    assert not (desk.folder / "db").exists()
    assert desk.publisher.paths() == []


def test_status_and_health_speak_of_each_source(desk: Desk) -> None:
    run("check", cwd=desk.folder)
    assert run("health", cwd=desk.folder).returncode == 0
    desk.publisher.put("/list", "no", status=500)
    for _ in range(4):
        run("check", cwd=desk.folder)
    done = run("health", cwd=desk.folder)
    assert done.returncode == 1
    assert "news: failing" in done.stdout
    assert "500" in run("status", cwd=desk.folder).stdout


def test_a_number_is_explained_back_to_its_archived_document(desk: Desk) -> None:
    run("check", cwd=desk.folder)
    (row,) = desk.ask(
        "SELECT figure_id, capture_sha256 FROM current_figures WHERE value = 1804 AND source_id = 'counts'"
    )
    done = run("explain", row["figure_id"], cwd=desk.folder)
    assert done.returncode == 0
    assert row["capture_sha256"] in done.stdout
    assert "HTTP 200" in done.stdout
    assert run("explain", 12345, cwd=desk.folder).returncode == 1


def test_asof_prints_the_table_as_csv(desk: Desk) -> None:
    run("check", cwd=desk.folder)
    today = desk.ask("SELECT substr(max(seen_at), 1, 10) AS day FROM reading")[0]["day"]
    done = run("asof", today, "counts", "--json", cwd=desk.folder)
    tables = {one["table"]: one["rows"] for one in json.loads(done.stdout)}
    assert [tuple(row.values()) for row in tables["listed_row"]] == ROWS
    assert "Declined" in run("asof", today, cwd=desk.folder).stdout, "all sources, the history of record among them"
    assert run("asof", "2001-01-01", "counts", cwd=desk.folder).returncode == 1


def test_diff_shows_what_a_release_changed_between_two_moments(desk: Desk) -> None:
    run("check", cwd=desk.folder)
    (first,) = desk.ask("SELECT release_id, first_seen_at FROM release WHERE source_id = 'counts'")
    run("check", cwd=desk.folder)
    desk.publisher.put("/table", table([("Cook County", "IL", "1,805"), *ROWS[1:]]))
    then = datetime.fromisoformat(first["first_seen_at"]) + timedelta(seconds=1)
    until(lambda: datetime.now(UTC) >= then, "the next second")
    run("check", cwd=desk.folder)
    done = run("diff", first["release_id"], "--from", first["first_seen_at"], "--to", "2999-01-01", cwd=desk.folder)
    assert done.stdout.split("\t")[2:] == ["count", "1,804", "1,805\n"]
    assert "1 row changed" in done.stderr
    assert run("diff", "nope", "--from", "2999-01-01", "--to", "2999-01-01", cwd=desk.folder).returncode == 1
    done = run("diff", first["release_id"], "--from", "2001-01-01", "--to", "2999-01-01", cwd=desk.folder)
    assert done.returncode == 1


def test_backup_restore_and_verify(desk: Desk) -> None:
    run("check", cwd=desk.folder)
    assert run("backup", "saved", cwd=desk.folder).returncode == 0
    assert run("verify", cwd=desk.folder).returncode == 0
    sha = desk.ask("SELECT sha256 FROM capture WHERE url LIKE '%/table'")[0]["sha256"]
    (file,) = (desk.folder / "db" / "archive").rglob(f"{sha}*")
    file.write_bytes(b"altered")
    done = run("verify", cwd=desk.folder)
    assert (done.returncode, sha in done.stdout) == (1, True)
    (desk.folder / "db").rename(desk.folder / "lost")
    assert run("restore", "saved", cwd=desk.folder).returncode == 0
    assert run("verify", cwd=desk.folder).returncode == 0
    assert run("restore", "saved", cwd=desk.folder).returncode == 1
    assert run("check", cwd=desk.folder).returncode == 0
    assert desk.kinds() == ["baseline", "baseline"]


def test_c18_exported_cells_are_no_formulas(desk: Desk) -> None:
    desk.publisher.put("/table", table([("=HYPERLINK(1)", "IL", "1"), *ROWS]))
    run("check", cwd=desk.folder)
    assert run("export", "out", cwd=desk.folder).returncode == 0
    with (desk.folder / "out" / "current_figures.csv").open(newline="") as file:
        places = {row["place"] for row in csv.DictReader(file)}
    assert "'=HYPERLINK(1)" in places
    assert desk.ask("SELECT 1 FROM current_figures WHERE place = '=HYPERLINK(1)'")


def test_captures_travel_as_warc_and_come_back_as_the_same_history(desk: Desk, tmp_path: Path) -> None:
    run("check", "--source", "counts", cwd=desk.folder)
    assert run("export-warc", "all.warc.gz", cwd=desk.folder).returncode == 0
    first = [tuple(row) for row in desk.ask("SELECT cells FROM listed_rows ORDER BY row_no")]
    (desk.folder / "db").rename(desk.folder / "old")
    done = run("import-warc", "all.warc.gz", "--source", "counts", cwd=desk.folder)
    assert done.returncode == 0, done.stderr
    assert [tuple(row) for row in desk.ask("SELECT cells FROM listed_rows ORDER BY row_no")] == first
    assert not (desk.folder / "db" / "outbox").exists()


def test_init_writes_a_configuration_that_is_well(tmp_path: Path) -> None:
    assert run("init", "here", cwd=tmp_path).returncode == 0
    assert run("config", "check", "--config", "here/config.yaml", cwd=tmp_path).returncode == 0
    done = run("init", "here", cwd=tmp_path)
    assert (done.returncode, "left as it is" in done.stderr) == (1, True)


def test_alerts_can_be_seen_and_tried(desk: Desk) -> None:
    run("check", cwd=desk.folder)
    done = run("alerts", "preview", cwd=desk.folder)
    assert (done.returncode, "Subject: " in done.stdout) == (0, True)
    assert run("alerts", "test", cwd=desk.folder).returncode == 0
    assert len(desk.mails()) == 3


def test_s2_a_full_disk_is_said_in_words_keeps_the_database_and_heals(desk: Desk) -> None:
    run("check", cwd=desk.folder)
    for n in range(40):
        desk.publisher.put(f"/r/x{n}", article(f"x{n}", "word " * 4000))
    desk.publisher.put("/list", listing("a", "b", *[f"x{n}" for n in range(40)]))
    size = (desk.folder / "db" / "detainers.db").stat().st_size // 512 + 64
    words = " ".join(command("check"))
    done = subprocess.run(
        ["sh", "-c", f"ulimit -f {size}; exec {words}"], cwd=desk.folder, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    assert run("verify", cwd=desk.folder).returncode == 0
    assert run("check", cwd=desk.folder).returncode == 0
    assert desk.kinds().count("new") == 40
    assert desk.subjects()["New"] == 40
