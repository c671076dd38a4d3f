"""Real inputs behind a local publisher: the 15 workbooks one after the other, and the real pages behind a listing."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import openpyxl
import pytest

from scraper.store import ask
from scraper.store.database import Database
from tests.desk import Desk
from tests.publisher import Publisher
from tests.test_replay import same_after_replay

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
LISTS = {"id": "ice-287g", "reader": "ice_287g", "path": "/identify-and-arrest/287g"}
COLUMNS = {
    "STATE": "state_quoted",
    "LAW ENFORCEMENT AGENCY": "agency_quoted",
    "TYPE": "type_quoted",
    "COUNTY": "county_quoted",
    "SUPPORT TYPE": "support_type_quoted",
    "SIGNED": "signed_quoted",
    "MOA": "moa_quoted",
    "ADDENDUM": "addendum_quoted",
}
Rows = Counter[tuple[str, ...]]


def cell(value: object) -> str:
    """A cell as a person reads it: white space normalised, dates as dates, nothing else."""
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d")
    return re.sub(r"\s+", " ", "" if value is None else str(value)).strip()


def workbook_rows(path: Path) -> Rows:
    """The table of a workbook by an independent reader."""
    book = openpyxl.load_workbook(path, read_only=False, data_only=True)
    rows = [[cell(value) for value in row] for row in book.worksheets[0].iter_rows(values_only=True)]
    book.close()
    start = next(i for i, row in enumerate(rows) if "LAW ENFORCEMENT AGENCY" in row)
    at = {name: rows[start].index(name) for name in COLUMNS if name in rows[start]}
    found: Rows = Counter()
    for row in rows[start + 1 :]:
        values = tuple(row[at[name]] if name in at else "" for name in COLUMNS)
        if any(values):
            found[values] += 1
    return found


def stored_rows(rows: Iterator[dict[str, str]] | list[dict[str, str]]) -> Rows:
    return Counter(tuple(row[column] for column in COLUMNS.values()) for row in rows)


def current_rows(desk: Desk) -> Rows:
    rows = desk.ask("SELECT * FROM agreement_287g WHERE last_reading IS NULL")
    return stored_rows([dict(row) for row in rows])


def rows_told(desk: Desk) -> tuple[int, int]:
    """How many stored rows the newest event ended and began: removed + changed, added + changed."""
    changes = desk.ask(
        "SELECT kind, row_id FROM change WHERE event_id = (SELECT event_id FROM event ORDER BY rowid DESC LIMIT 1)"
    )
    whole = Counter(row["kind"] for row in changes)
    changed = len({row["row_id"] for row in changes if row["kind"] == "changed"})
    return whole["removed"] + changed, whole["added"] + changed


@pytest.fixture
def workbooks(corpus: Path) -> list[Path]:
    found = sorted((corpus / "ice-287g").glob("*.xlsx"))
    assert len(found) == 15
    return found


def put_workbook(publisher: Publisher, path: Path) -> None:
    name = path.name.split("__")[1]
    publisher.put(f"/doclib/about/offices/ero/287g/{name}", path.read_bytes(), XLSX)
    href = f'<a href="/doclib/about/offices/ero/287g/{name}">Participating Agencies</a>'
    publisher.put(LISTS["path"], f"<html><title>287(g)</title><body><main><p>{href}</p></main></body></html>")


def test_fifteen_real_lists_end_with_exact_tables_and_only_the_true_differences(
    tmp_path: Path, publisher: Publisher, workbooks: list[Path]
) -> None:
    desk = Desk(tmp_path, publisher, LISTS)
    before: Rows = Counter()
    expected: list[str] = []
    moments: list[tuple[str, Rows]] = []
    for path in workbooks:
        put_workbook(publisher, path)
        assert not desk.check().failed, desk.health()
        now = workbook_rows(path)
        assert current_rows(desk) == now, path.name
        if before:
            expected.append("new" if now != before else "republished")
            assert rows_told(desk) == ((before - now).total(), (now - before).total()), path.name
        moments.append((desk.ask("SELECT max(seen_at) AS at FROM reading WHERE stream = 'ice-287g'")[0]["at"], now))
        before = now
    assert desk.kinds() == ["baseline", *expected]
    assert desk.subjects()["New"] == expected.count("new")
    assert not desk.check().failed
    assert desk.kinds() == ["baseline", *expected]
    with Database.reading(desk.settings.storage.database) as db:
        (last,) = ask.as_of(db, "ice-287g", moments[-1][0])
    assert stored_rows(list(last.rows)) == moments[-1][1]


def test_fifteen_lists_brought_in_from_a_warc_answer_as_of_each_capture(
    tmp_path: Path, publisher: Publisher, workbooks: list[Path]
) -> None:
    from scraper import warc
    from scraper.archive import Archive
    from scraper.pipeline.past import bring_in

    archive = Archive(tmp_path / "elsewhere")
    captures = []
    for path in workbooks:
        stamp, name = path.name.split("__")
        captures.append(
            warc.WarcCapture(
                url=f"{publisher.base}/doclib/{name}",
                captured_at=datetime.strptime(stamp, "%Y%m%d_%H%M%S").strftime("%Y-%m-%dT%H:%M:%SZ"),
                sha256=archive.keep(path.read_bytes()),
                media_type=XLSX,
            )
        )
    warc.export(captures, archive, tmp_path / "past.warc.gz")
    desk = Desk(tmp_path, publisher, LISTS)
    done = bring_in(desk.settings, "ice-287g", tmp_path / "past.warc.gz")
    assert (done.captures, done.problems) == (15, ())
    with Database.reading(desk.settings.storage.database) as db:
        for capture, path in zip(captures, workbooks, strict=True):
            (table,) = ask.as_of(db, "ice-287g", capture.captured_at)
            assert stored_rows(list(table.rows)) == workbook_rows(path), path.name
            assert table.sha256 == capture.sha256
    assert set(desk.kinds()) <= {"baseline", "new", "republished"}
    assert len(desk.kinds()) == 15
    same_after_replay(desk)
    put_workbook(publisher, workbooks[-1])
    publisher.put(f"/doclib/{workbooks[-1].name.split('__')[1]}", workbooks[-1].read_bytes(), XLSX)
    desk.check()
    assert not [mail for mail in desk.mails() if "New" in str(mail["Subject"])]


def test_real_news_pages_behind_a_listing_are_read_and_a_new_render_is_quiet(
    tmp_path: Path, publisher: Publisher, corpus: Path
) -> None:
    pages = [p for p in json.loads((corpus / "ice-pages" / "index.json").read_text()) if p["body_chars"]]
    rows = []
    for page in pages:
        path = "/" + page["url"].split("/", 3)[3]
        publisher.put(path, (corpus / "ice-pages" / page["file"]).read_bytes())
        title = page["title"].removesuffix(" | ICE").removeprefix("Archived: ").replace("<", "&lt;")
        when = datetime.strptime(page["published"], "%Y-%m-%d").strftime("%B %d, %Y")
        rows.append(
            f'<div class="views-row"><div class="news-title"><a href="{path}">{title}</a></div>'
            f'<div class="news-date">{when}</div><div class="news-tag">Enforcement and Removal</div></div>'
        )

    def list_(count: int) -> None:
        publisher.put("/newsroom", f"<html><title>Newsroom | ICE</title><main>{''.join(rows[-count:])}</main></html>")

    list_(len(rows) - 1)
    desk = Desk(tmp_path, publisher, {"id": "ice-news", "reader": "ice_news", "path": "/newsroom"})
    assert not desk.check().failed, desk.health()
    assert len(desk.ask("SELECT * FROM edition WHERE source_id = 'ice-news'")) == len(pages) - 1
    for page in pages:
        path = "/" + page["url"].split("/", 3)[3]
        html = publisher.pages[path].body.decode()
        html = re.sub(r"js-view-dom-id-[0-9a-f]+", "js-view-dom-id-" + "0" * 64, html)
        publisher.put(
            path,
            html.replace("<title>", "<title>Archived: Archived: ").replace(
                "Archived: Archived: Archived: ", "Archived: "
            ),
        )
    list_(len(rows))
    assert not desk.check().failed, desk.health()
    assert desk.kinds() == ["baseline", "new"]
    assert desk.subjects()["New"] == 1
    stored = {row["title"] for row in desk.ask("SELECT title FROM release WHERE source_id = 'ice-news'")}
    assert not any(title.startswith("Archived") for title in stored)
