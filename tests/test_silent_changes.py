"""What must raise exactly one event, in the round in which it becomes visible; and what must raise none."""

import io
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest
from reportlab.platypus import SimpleDocTemplate, Table, TableStyle

from tests.desk import Desk
from tests.publisher import Publisher, Reply
from tests.test_pipeline import ROWS, article, listing

HEAD = ("Jurisdiction", "State", "Declined")
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
COLUMNS = {"jurisdiction": "Jurisdiction", "state": "State", "count": {"header": "Declined", "type": "integer"}}
Rows = list[tuple[str, str, str]]
CHANGED: Rows = [("Cook County", "IL", "1,805"), *ROWS[1:]]
Act = Callable[["Stage"], object]


def as_csv(rows: Rows) -> bytes:
    return "\n".join(",".join(f'"{cell}"' for cell in row) for row in [HEAD, *rows]).encode()


def as_xlsx(rows: Rows, author: str = "a") -> bytes:
    book = openpyxl.Workbook()
    book.properties.creator = author
    for row in [HEAD, *rows]:
        book.active.append(list(row))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def as_pdf(rows: Rows, author: str = "a") -> bytes:
    out = io.BytesIO()
    table = Table([HEAD, *rows], style=TableStyle([("GRID", (0, 0), (-1, -1), 0.5, "black")]))
    SimpleDocTemplate(out, author=author).build([table])
    return out.getvalue()


class Stage:
    """A publisher of everything at once, watched: a list of articles and three tables behind an index."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.site = desk.publisher
        self.list("b", "a")
        for name in ("a", "b"):
            self.site.put(f"/r/{name}", article(name))
        self.site.put("/t.csv", as_csv(ROWS), "text/csv")
        self.site.put("/t.xlsx", as_xlsx(ROWS), XLSX)
        self.site.put("/t.pdf", as_pdf(ROWS), "application/pdf")

    def list(self, *names: str) -> None:
        self.site.put("/list", listing(*names))

    def text(self, name: str, text: str = "Declined detainers in the week: 206.", noise: str = "1") -> None:
        self.site.put(f"/r/{name}", article(name, text, noise))


SOURCES = [
    {"id": "news", "reader": "page", "path": "/list", "follow": "main li a", "confirm": {"withdrawn_rounds": 2}},
    {"id": "csv", "reader": "table", "path": "/t.csv", "columns": COLUMNS},
    {"id": "xlsx", "reader": "table", "path": "/t.xlsx", "columns": COLUMNS},
    {"id": "pdf", "reader": "table", "path": "/t.pdf", "columns": COLUMNS},
]


@pytest.fixture
def stage(tmp_path: Path, publisher: Publisher) -> Stage:
    stage = Stage(Desk(tmp_path, publisher, *[source | {"unconditional_every": 3} for source in SOURCES]))
    assert not stage.desk.check().failed, stage.desk.health()
    return stage


def lying_etag(stage: Stage) -> None:
    """The same ETag for other bytes (N14): found by the unconditional refetch."""
    old, new = stage.site.pages["/r/a"], article("a", "Declined detainers in the week: 9.").encode()

    def answer(handler: object) -> None:
        asked = handler.headers.get("If-None-Match")  # type: ignore[attr-defined]
        stage.site.pages["/r/a"] = Reply(b"", 304, conditional=False) if asked else Reply(new, conditional=False)
        stage.site.pages["/r/a"].headers["Content-Type"] = "text/html"
        reply = stage.site.pages["/r/a"]
        handler.send_response(reply.status)  # type: ignore[attr-defined]
        handler.send_header("ETag", '"the-same"')  # type: ignore[attr-defined]
        handler.send_header("Content-Length", str(len(reply.body)))  # type: ignore[attr-defined]
        handler.end_headers()  # type: ignore[attr-defined]
        handler.wfile.write(reply.body)  # type: ignore[attr-defined]
        stage.site.pages["/r/a"] = Reply(raw=answer)

    del old
    stage.site.pages["/r/a"] = Reply(raw=answer)


ONE: dict[str, tuple[Act, list[str]]] = {
    "a new item": (lambda s: (s.text("c"), s.list("c", "b", "a")), ["new"]),
    "a cell of a csv": (lambda s: s.site.put("/t.csv", as_csv(CHANGED), "text/csv"), ["revised"]),
    "a cell of an xlsx": (lambda s: s.site.put("/t.xlsx", as_xlsx(CHANGED), XLSX), ["revised"]),
    "a cell of a pdf": (lambda s: s.site.put("/t.pdf", as_pdf(CHANGED), "application/pdf"), ["revised"]),
    "a row added": (lambda s: s.site.put("/t.csv", as_csv([*ROWS, ("A", "B", "1")]), "text/csv"), ["revised"]),
    "a row removed": (lambda s: s.site.put("/t.csv", as_csv(ROWS[1:]), "text/csv"), ["revised"]),
    "a figure in a sentence": (lambda s: s.text("a", "Declined detainers in the week: 207."), ["revised"]),
    "a date in the data": (lambda s: s.text("a", "Declined detainers in the week to 3 May: 206."), ["revised"]),
    "an announced correction": (lambda s: s.text("a", "Correction: declined detainers in the week: 7."), ["corrected"]),
    "a document replaced though its etag lies": (lying_etag, ["revised"]),
    "a title on the index": (
        lambda s: s.site.put("/list", listing("b", "a").replace("Report b</a>", "Report bb</a>")),
        ["revised"],
    ),
    "a document gone": (lambda s: s.site.pages.pop("/r/a"), ["withdrawn"]),
    "a whole list gone": (lambda s: s.site.pages.pop("/t.csv"), ["withdrawn"]),
}


@pytest.mark.parametrize("name", ONE)
def test_raises_exactly_one_event(stage: Stage, name: str) -> None:
    act, expected = ONE[name]
    before = len(stage.desk.kinds())
    act(stage)
    for _ in range(5):
        stage.desk.check()
    assert stage.desk.kinds()[before:] == expected


def both_renders(stage: Stage) -> None:
    for name in ("a", "b"):
        stage.text(name, noise="7")


def other_bytes(stage: Stage) -> None:
    stage.site.put("/t.xlsx", as_xlsx(ROWS[::-1], author="someone else"), XLSX)
    stage.site.put("/t.pdf", as_pdf(ROWS[::-1], author="someone else"), "application/pdf")
    stage.site.put("/t.csv", b"\xef\xbb\xbf" + as_csv(ROWS[::-1]).replace(b"\n", b"\r\n"), "text/csv")


def moved(stage: Stage) -> None:
    stage.site.pages["/new/a"] = stage.site.pages["/r/a"]
    stage.site.put("/r/a", "", status=301, headers={"Location": "/new/a"})


def bad_hours(stage: Stage) -> None:
    denied = b"<html><head><title>Access Denied</title></head><body>Reference #18</body></html>"
    for path in ("/t.csv", "/t.xlsx", "/t.pdf", "/r/a"):
        stage.site.put(path, denied)
    stage.desk.check()
    stage.site.put("/r/b", b"")
    stage.site.put("/list", "x", status=503)
    stage.desk.check()
    Stage(stage.desk)


def other_addresses(stage: Stage) -> None:
    """C15: other spellings of the same addresses, one of them listed twice."""
    links = listing("b", "a", "a").replace('/r/a"', '/r/a?utm_source=x"', 1).replace('/r/b"', '/r/b/#part"')
    stage.site.put("/list", links)
    stage.site.pages["/r/b/"] = stage.site.pages["/r/b"]
    stage.site.pages["/r/a?utm_source=x"] = stage.site.pages["/r/a"]


NONE: dict[str, Act] = {
    "other renders, clocks and nonces": both_renders,
    "saved again with other bytes and order": other_bytes,
    "a 301 to the same content": moved,
    "an utm tail, a fragment, a slash, listed twice": other_addresses,
    "other order of items": lambda s: s.list("a", "b"),
    "a bulk title prefix": lambda s: s.site.put("/r/a", article("a").replace("<title>", "<title>Archived: ")),
    "refusals, walls, empty and cut pages": bad_hours,
}


@pytest.mark.parametrize("name", NONE)
def test_raises_none(stage: Stage, name: str) -> None:
    before = len(stage.desk.kinds())
    NONE[name](stage)
    for _ in range(4):
        report = stage.desk.check()
        assert not report.failed, stage.desk.health()
    assert stage.desk.kinds()[before:] == []


def test_an_item_posted_and_pulled_a_round_later_is_told_both_times(stage: Stage) -> None:
    stage.text("c")
    stage.list("c", "b", "a")
    stage.desk.check()
    stage.site.pages.pop("/r/c")
    stage.list("b", "a")
    for _ in range(3):
        stage.desk.check()
    assert stage.desk.kinds()[4:] == ["new", "withdrawn"]


def test_a_listing_cut_back_is_recorded_low_key_and_mailed_to_nobody(tmp_path: Path, publisher: Publisher) -> None:
    names = list("abcde")
    for name in names:
        publisher.put(f"/r/{name}", article(name))
    publisher.put("/list", listing(*names))
    desk = Desk(tmp_path, publisher, SOURCES[0])
    desk.check()
    publisher.put("/list", listing("a", "b", "c"))
    for _ in range(4):
        desk.check()
    assert desk.kinds()[1:] == ["delisted", "delisted"]
    assert len(desk.mails()) == 1
    publisher.put("/list", listing(*names))
    desk.check()
    assert desk.kinds()[1:] == ["delisted", "delisted"]
    assert {row["status"] for row in desk.ask("SELECT status FROM release WHERE source_id = 'news'")} == {"listed"}


def test_the_same_content_under_a_new_name_is_told_as_what_it_is(tmp_path: Path, publisher: Publisher) -> None:
    def publish(name: str, rows: Rows) -> None:
        publisher.put(f"/{name}.csv", as_csv(rows), "text/csv")
        publisher.put("/list", f'<html><body><main><a href="/{name}.csv">The list</a></main></body></html>')

    source = {"id": "list", "reader": "table", "path": "/list", "follow": "main a", "columns": COLUMNS}
    publish("one", ROWS)
    desk = Desk(tmp_path, publisher, source | {"series_kind": "cumulative"})
    desk.check()
    publish("two", ROWS)
    desk.check()
    publish("three", CHANGED)
    desk.check()
    desk.check()
    assert desk.kinds() == ["baseline", "republished", "new"]
    assert len(desk.mails()) == 2
    (change,) = desk.ask("SELECT before, after FROM changes")
    assert tuple(change) == ("1,804", "1,805")


def test_real_statistics_workbooks_go_through_the_table_reader(
    tmp_path: Path, publisher: Publisher, corpus: Path
) -> None:
    folder = corpus / "ice-detention-stats"
    older, newer = folder / "FY26_detentionStats02022026.xlsx", folder / "FY26_detentionStats_02122026.xlsx"
    with_facilities = next(
        name for name in openpyxl.load_workbook(older, read_only=True).sheetnames if "Facilit" in name
    )
    source = {
        "id": "stats",
        "reader": "table",
        "path": "/stats.xlsx",
        "select": with_facilities,
        "columns": {"name": "Name", "city": "City", "state": "State", "los": "FY26 ALOS"},
        "key": ["name", "city", "state"],
    }
    publisher.put("/stats.xlsx", older.read_bytes(), XLSX)
    desk = Desk(tmp_path, publisher, source)
    assert not desk.check().failed, desk.health()
    first = len(desk.ask("SELECT 1 FROM listed_rows WHERE last_edition IS NULL"))
    assert first > 100
    publisher.put("/stats.xlsx", newer.read_bytes(), XLSX)
    assert not desk.check().failed, desk.health()
    assert desk.kinds() == ["baseline", "revised"]
    changed = {row["column_name"] for row in desk.ask("SELECT column_name FROM changes WHERE kind = 'changed'")}
    assert changed == {"los"}
