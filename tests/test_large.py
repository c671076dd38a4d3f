"""Files that are too large to be in memory, from the publisher to the tables, through a real child process."""

import gzip
import os
import random
import signal
import sqlite3
import time
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Any

import psutil
import pytest

from scraper.pipeline.visit import LIGHT
from scraper.store import ask
from scraper.store.database import Database
from tests.commands import run, running, until
from tests.desk import Desk
from tests.publisher import Publisher
from tests.test_documents_sheet_rows import book

FEW, MANY = 10_000, 52_000
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
COLUMNS: dict[str, Any] = {
    "facility": "Facility",
    "state": "State",
    "declined": {"header": "Declined", "type": "integer"},
    "remark": "Remark",
}
SOURCE: dict[str, Any] = {
    "id": "records", "reader": "table", "path": "/records.csv", "columns": COLUMNS, "key": ["facility"],
}  # fmt: skip


@cache
def lines(count: int = FEW) -> tuple[str, ...]:
    """The rows of a table of 4.2 MB."""
    letters = random.Random(1)
    return tuple(f"Jail {n},IL,{n % 90},{letters.randbytes(2_050_000 // count).hex()}" for n in range(count))


def as_csv(rows: tuple[str, ...]) -> bytes:
    return "\n".join(["Facility,State,Declined,Remark", *rows]).encode()


def edited(rows: tuple[str, ...], at: int) -> tuple[str, ...]:
    cells = rows[at].split(",")
    return *rows[:at], ",".join([*cells[:2], "91", *cells[3:]]), *rows[at + 1 :]


def of_records(desk: Desk, table: str) -> int:
    """How many rows of a table the source has."""
    return int(desk.ask(f"SELECT count(*) FROM {table} WHERE source_id = 'records'")[0][0])


def readings(desk: Desk) -> int:
    return int(desk.ask("SELECT count(*) FROM reading WHERE stream LIKE 'records/%'")[0][0])


def alive(desk: Desk) -> int:
    return int(desk.ask("SELECT count(*) FROM listed_row WHERE last_reading IS NULL")[0][0])


def publish(publisher: Publisher, rows: tuple[str, ...]) -> None:
    data = as_csv(rows)
    assert len(data) > LIGHT
    publisher.put("/records.csv", data, "text/csv")


MEASURED = COLUMNS | {"declined": COLUMNS["declined"] | {"measure": "detainer_declined", "unit": "detainers"}}


def test_a_large_csv_is_told_by_the_cell_and_our_own_change_of_mind_to_nobody(
    tmp_path: Path, publisher: Publisher
) -> None:
    publish(publisher, lines())
    desk = Desk(tmp_path, publisher, SOURCE)
    assert not desk.check().failed
    assert (desk.kinds(), alive(desk), readings(desk)) == (["baseline"], FEW, 1)

    publish(publisher, edited(lines(), 4_000))
    desk.check()
    desk.check()
    assert desk.kinds() == ["baseline", "revised"]
    (change,) = desk.ask("SELECT * FROM changes WHERE caused_by = 'publisher'")
    assert (change["label"], change["column_name"], change["before"], change["after"]) == (
        "Jail 4000", "declined", "40", "91")  # fmt: skip
    assert (alive(desk), of_records(desk, "listed_row"), readings(desk)) == (FEW, FEW + 1, 2)

    desk.watch(SOURCE | {"columns": MEASURED})
    desk.check()
    assert desk.kinds() == ["baseline", "revised"]
    total = "SELECT count(*), sum(value) FROM figure WHERE last_reading IS NULL AND source_id = 'records'"
    assert tuple(desk.ask(total)[0]) == (FEW, sum(n % 90 for n in range(FEW)) - 40 + 91)
    assert (alive(desk), of_records(desk, "listed_row")) == (FEW, FEW + 1), "the rows are those that they were"


def test_more_changes_than_anyone_reads_are_told_by_their_number_and_each_row_keeps_its_lifetime(
    tmp_path: Path, publisher: Publisher
) -> None:
    publish(publisher, lines(MANY))
    desk = Desk(tmp_path, publisher, SOURCE)
    desk.check()
    before = desk.ask("SELECT max(seen_at) FROM reading WHERE stream LIKE 'records/%'")[0][0]
    until(lambda: time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()) > before, "the next second")
    publish(publisher, tuple(line.replace("Jail", "Prison") for line in lines(MANY)))
    desk.check()
    words = f"{MANY:,} rows removed, {MANY:,} rows added"
    (event,) = desk.ask("SELECT * FROM event WHERE kind = 'revised'")
    assert event["summary"] == words
    assert len(desk.ask("SELECT 1 FROM change WHERE event_id = ?", event["event_id"])) == 2
    assert f"{MANY:,} rows" in str(desk.mails()[-1].get_body(("plain",)))
    ended = desk.ask("SELECT count(*), count(DISTINCT last_reading) FROM listed_row WHERE last_reading IS NOT NULL")
    assert (alive(desk), tuple(ended[0])) == (MANY, (MANY, 1))

    release = desk.ask("SELECT release_id FROM release WHERE source_id = 'records'")[0][0]
    now = desk.ask("SELECT max(seen_at) FROM reading")[0][0]
    done = run("diff", release, "--from", before, "--to", now, cwd=desk.folder)
    assert done.returncode == 0, done.stderr
    assert words in done.stderr
    assert f"Jail {MANY - 1}" in done.stdout
    with Database.reading(desk.settings.storage.database) as db:
        then, today = [
            next(one for one in ask.as_of(db, "records", when, limit=2) if one.table == "listed_row")
            for when in (before, now)
        ]
        assert db.integrity() == []
    assert (then.count, [row["facility"] for row in then.rows]) == (MANY, ["Jail 0", "Jail 1"])
    assert (today.count, [row["facility"] for row in today.rows]) == (MANY, ["Prison 0", "Prison 1"])


def workbook(count: int, changed: int = -1) -> bytes:
    """A workbook whose texts hardly compress, with six rows of preamble."""
    letters = random.Random(2)
    head = "".join(f'<row r="{n}"><c r="A{n}" t="str"><v>Preamble {n}</v></c></row>' for n in range(1, 7))
    headers = zip("ABCD", ["Facility", "State", "Declined", "Remark"], strict=True)
    names = "".join(f'<c r="{at}7" t="str"><v>{name}</v></c>' for at, name in headers)
    rows = "".join(
        f'<row r="{n + 8}"><c r="A{n + 8}" t="str"><v>Jail {n}</v></c><c r="B{n + 8}" t="str"><v>IL</v></c>'
        f'<c r="C{n + 8}"><v>{91 if n == changed else n % 90}</v></c>'
        f'<c r="D{n + 8}" t="str"><v>{letters.randbytes(400).hex()}</v></c></row>'
        for n in range(count)
    )
    data = book(f'{head}<row r="7">{names}</row>{rows}')
    assert len(data) > LIGHT
    return data


def test_a_large_workbook_is_told_by_the_cell(tmp_path: Path, publisher: Publisher) -> None:
    publisher.put("/records.xlsx", workbook(10_000), XLSX)
    desk = Desk(tmp_path, publisher, SOURCE | {"path": "/records.xlsx"})
    assert not desk.check().failed
    assert (desk.kinds(), alive(desk)) == (["baseline"], 10_000)
    publisher.put("/records.xlsx", workbook(10_000, changed=7_000), XLSX)
    desk.check()
    desk.check()
    assert desk.kinds() == ["baseline", "revised"]
    (change,) = desk.ask("SELECT * FROM changes WHERE caused_by = 'publisher'")
    assert (change["label"], change["column_name"], change["before"], change["after"]) == (
        "Jail 7000", "declined", "70", "91")  # fmt: skip
    assert desk.ask("SELECT locator FROM listed_row ORDER BY row_no LIMIT 1")[0][0] == '{"row": 8, "sheet": "S"}'


@pytest.mark.parametrize("damage", ["altered", "missing"])
def test_an_archived_file_that_is_no_longer_what_it_was_is_a_problem_and_nothing_is_recorded(
    tmp_path: Path, publisher: Publisher, damage: str
) -> None:
    publish(publisher, lines())
    desk = Desk(tmp_path, publisher, SOURCE)
    desk.check()
    (capture,) = desk.ask("SELECT sha256 FROM capture WHERE source_id = 'records' AND bytes > 4000000")
    file = desk.settings.storage.archive / capture["sha256"][:2] / f"{capture['sha256']}.gz"
    good = file.read_bytes()
    file.chmod(0o600)
    if damage == "altered":
        file.write_bytes(gzip.compress(as_csv(edited(lines(), 9_000)), 1))
    else:
        file.unlink()
    desk.watch(SOURCE | {"columns": MEASURED})
    desk.check()
    state, problem = desk.health()["records"]
    assert state == "failing"
    assert f"{capture['sha256']}.gz" in problem
    assert (readings(desk), alive(desk), of_records(desk, "figure"), desk.kinds()) == (1, FEW, 0, ["baseline"])
    file.write_bytes(good)
    desk.check()
    assert (desk.health()["records"][0], of_records(desk, "figure"), desk.kinds()) == ("ok", FEW, ["baseline"])


def spooling(process: int, folder: Path) -> bool:
    """Has this process a file open in `folder`, which only it can see?"""
    try:
        links = [os.readlink(link) for link in Path(f"/proc/{process}/fd").iterdir()]
    except OSError:
        return False
    return any(link.startswith(str(folder)) for link in links)


def lives(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="open files are watched through /proc")
def test_killed_while_a_large_file_is_read_everything_is_recorded_once_and_nothing_stays(
    tmp_path: Path, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(publisher, lines(MANY))
    desk, scratch = Desk(tmp_path, publisher, SOURCE), tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setenv("TMPDIR", str(scratch))
    with running("check", cwd=desk.folder) as process:
        until(lambda: process.poll() is not None or spooling(process.pid, scratch), "a file being read")
        assert process.poll() is None
        children = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert children, "the file is read in a process of its own"
    until(lambda: not any(map(lives, children)), "the end of the reader")
    assert list(scratch.iterdir()) == []
    with closing(sqlite3.connect(desk.settings.storage.database)) as db:
        assert db.execute("SELECT count(*) FROM listed_row").fetchone() == (0,)
    for _ in range(2):
        assert run("check", cwd=desk.folder).returncode == 0
    assert run("verify", cwd=desk.folder).returncode == 0
    assert (desk.kinds(), alive(desk), of_records(desk, "listed_row"), readings(desk)) == (["baseline"], MANY, MANY, 1)
    assert list(scratch.iterdir()) == []
    assert not list(desk.settings.storage.archive.rglob("*.part"))
