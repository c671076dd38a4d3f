"""The demonstration needs no network, ends with mails and tables, and says what to look at."""

import io
import json
import signal
import sqlite3
import subprocess
import sys
import urllib.request
from email import message_from_bytes, policy
from pathlib import Path

import openpyxl
import pypdfium2
import pytest

from scraper import demo, demo_files
from scraper.documents import sheet
from scraper.errors import DetainerWatchError

ROWS = [("Jurisdiction", "Issued", "Declined"), ("Example & County", 564, 188), ("Sample County", 279, 93)]
CHILD = "import sys\nfrom pathlib import Path\nfrom scraper import demo\n"


def test_the_workbook_made_without_a_library_is_read_by_others() -> None:
    data = demo_files.xlsx_table("Facilities", ROWS)
    read = openpyxl.load_workbook(io.BytesIO(data))["Facilities"].iter_rows(values_only=True)
    assert list(read) == ROWS
    (table,) = sheet.tables(data, "Facilities")
    assert table.rows[1] == ("Example & County", "564", "188")
    assert demo_files.xlsx_table("Facilities", ROWS) == data


def test_the_pdf_made_without_a_library_is_read_by_others() -> None:
    document = pypdfium2.PdfDocument(demo_files.pdf_table("Annual report", ROWS))
    try:
        page = document[0]
        text = page.get_textpage()
        words = text.get_text_range().split("\r\n")
        text.close()
        page.close()
    finally:
        document.close()
    assert words[0] == "Annual report"
    assert "Example & County 564 188" in words


def test_every_publication_says_that_it_is_invented() -> None:
    office = demo.Office()
    office.open("http://127.0.0.1:1")
    for path, (media_type, body) in office.pages.items():
        if media_type.startswith(("text/html", "application/rss", "application/pdf")):
            assert demo_files.INVENTED.encode() in body, path


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """A demonstration that has run to its end, and what it said."""
    folder = tmp_path_factory.mktemp("demo") / "demo-out"
    said: list[str] = []
    demo.run(folder, None, False, said.append)
    return folder, said


def ask(folder: Path, sql: str) -> list[tuple[str, ...]]:
    database = sqlite3.connect(folder / "db" / "detainers.db")
    try:
        return database.execute(sql).fetchall()
    finally:
        database.close()


def test_the_demo_tells_what_the_publisher_did_and_nothing_else(played: tuple[Path, list[str]]) -> None:
    """C13, C14, N10: new, revised, corrected, withdrawn, restored, each once; a quiet round tells nothing."""
    folder, said = played
    told = ask(
        folder, "SELECT kind, source_id, count(*) FROM events WHERE source_id != 'history' GROUP BY 1, 2 ORDER BY 1, 2"
    )
    sources = ("annual", "bulletins", "counties", "facilities", "notices", "quarters")
    tables = ("annual", "counties", "facilities", "quarters")
    assert told == [
        *(("baseline", source, 1) for source in sources),
        ("corrected", "notices", 1),
        ("new", "bulletins", 1),
        ("new", "notices", 1),
        ("restored", "notices", 1),
        *(("revised", source, 2 if source == "counties" else 1) for source in tables),
        ("source_blocked", "quarters", 1),
        ("source_recovered", "quarters", 1),
        ("withdrawn", "notices", 1),
    ]  # fmt: skip
    assert "Nothing to tell; no mail." in said[said.index(next(one for one in said if "10 of 10" in one)) + 1]
    assert ask(folder, "SELECT state, problem FROM source_health") == [("ok", "")] * (len(sources) + 1)


def test_each_table_format_ends_with_the_same_exact_cell(played: tuple[Path, list[str]]) -> None:
    folder, _ = played
    rows = ask(folder, "SELECT source_id, cells FROM listed_rows WHERE last_edition IS NULL")
    counts = {
        (source, cells["jurisdiction"], cells.get("quarter")): cells["declined"]
        for source, cells in ((source, json.loads(text)) for source, text in rows)
    }
    for source in ("annual", "counties", "facilities"):
        assert counts[(source, "Placeholder County", None)] == "47"
        assert counts[(source, "Ipsum County", None)] == "5"
    assert counts[("quarters", "Placeholder County", "2025 Q1")] == str(47 // 2 + 1)
    silent = ask(folder, "SELECT label, column_name, before, after FROM changes WHERE before = '41'")
    assert ("Placeholder County", "declined", "41", "47") in silent


def test_the_demo_ends_with_mails_that_open(played: tuple[Path, list[str]]) -> None:
    folder, said = played
    mails = sorted((folder / "outbox").glob("*.eml"))
    messages = [message_from_bytes(path.read_bytes(), policy=policy.default) for path in mails]
    newsroom = [message for message in messages if message["To"] == "newsroom@example.org"]
    assert len(newsroom) >= 10
    assert all(path.with_suffix(".html").is_file() for path in mails)
    assert any("41" in str(one.get_body(("plain",))) and "47" in str(one.get_body(("plain",))) for one in newsroom)
    assert sum(str(path.relative_to(folder)) in "\n".join(said) for path in mails) >= 15
    bad_hour = [one["To"] for one in messages if "source_" in str(one) or "blocked" in one["Subject"].lower()]
    assert bad_hour
    assert set(bad_hour) == {"operator@example.org"}
    assert "What to look at" in "\n".join(said)


def test_a_second_run_starts_anew_and_a_strange_folder_is_left_alone(
    played: tuple[Path, list[str]], tmp_path: Path
) -> None:
    folder, _ = played
    (folder / "outbox" / "old.eml").write_text("of an earlier run")
    demo.run(folder, None, False, lambda _: None)
    assert not (folder / "outbox" / "old.eml").exists()
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(DetainerWatchError, match="is not empty"):
        demo.run(tmp_path, None, False, lambda _: None)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_the_demo_serves_its_tables_until_ctrl_c(tmp_path: Path) -> None:
    code = CHILD + "demo.run(Path(sys.argv[1]), None, True, lambda text: print(text, flush=True))"
    command = [sys.executable, "-c", code, str(tmp_path / "out")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as child:
        assert child.stdout is not None
        line = next(line for line in child.stdout if "until you press Ctrl-C" in line)
        address = line.split()[0].rstrip(":")
        with urllib.request.urlopen(address, timeout=20) as answer:
            html = answer.read().decode()
        child.send_signal(signal.SIGINT)
        rest = child.stdout.read()
    assert demo_files.PUBLISHER in html
    assert child.returncode == 0
    assert "Stopped." in rest
