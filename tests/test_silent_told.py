"""More of what must raise exactly one event, in the round in which it becomes visible."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from scraper import pipeline
from scraper.pipeline.reference import HISTORY
from tests.desk import Desk
from tests.publisher import Publisher
from tests.test_pipeline import NEWS, ROWS, TABLE, article, listing, table
from tests.test_replay import same_after_replay
from tests.test_silent_changes import COLUMNS, XLSX, as_csv, as_pdf, as_xlsx

FILES: dict[str, tuple[Callable[..., str | bytes], str]] = {
    "an html table": (table, "text/html"),
    "a csv": (as_csv, "text/csv"),
    "a workbook": (as_xlsx, XLSX),
    "a pdf": (as_pdf, "application/pdf"),
}
A, B = ROWS, [("Cook County", "IL", "1,805"), *ROWS[1:]]


def kinds_by_round(desk: Desk, rounds: int) -> list[list[str]]:
    """What each round told."""
    told = []
    for _ in range(rounds):
        before = len(desk.kinds())
        desk.check()
        told.append(desk.kinds()[before:])
    return told


@pytest.fixture
def news(tmp_path: Path, publisher: Publisher) -> Desk:
    """Two reports behind an index."""
    publisher.put("/list", listing("b", "a"))
    for name in "ab":
        publisher.put(f"/r/{name}", article(name))
    desk = Desk(tmp_path, publisher, NEWS)
    assert not desk.check().failed
    return desk


@pytest.mark.parametrize("name", FILES)
def test_one_cell_of_a_table_is_one_event_with_before_and_after(
    tmp_path: Path, publisher: Publisher, name: str
) -> None:
    make, media_type = FILES[name]
    publisher.put("/t", make(A), media_type)
    desk = Desk(tmp_path, publisher, TABLE | {"path": "/t"})
    desk.check()
    publisher.put("/t", make(B), media_type)
    assert kinds_by_round(desk, 3) == [["revised"], [], []]
    (change,) = desk.ask("SELECT * FROM changes")
    assert (change["label"], change["column_name"], change["before"], change["after"], change["caused_by"]) == (
        "Cook County, IL", "count", "1,804", "1,805", "publisher")  # fmt: skip
    assert change["before_sha256"] != change["after_sha256"]


@pytest.mark.parametrize("name", FILES)
def test_there_and_back_again_are_two_events_of_a_table(tmp_path: Path, publisher: Publisher, name: str) -> None:
    make, media_type = FILES[name]
    publisher.put("/t", make(A), media_type)
    desk = Desk(tmp_path, publisher, TABLE | {"path": "/t"})
    desk.check()
    publisher.put("/t", make(B), media_type)
    there = kinds_by_round(desk, 2)
    publisher.put("/t", make(A), media_type)
    assert there + kinds_by_round(desk, 5) == [["revised"], [], ["revised"], [], [], [], []]
    assert [tuple(row) for row in desk.ask("SELECT before, after FROM changes")] == [
        ("1,804", "1,805"), ("1,805", "1,804")
    ]  # fmt: skip
    assert desk.subjects()["Revised"] == 2


def test_there_and_back_again_are_two_events_of_a_page(news: Desk) -> None:
    news.publisher.put("/r/a", article("a", "Declined detainers in the week: 207."))
    there = kinds_by_round(news, 2)
    news.publisher.put("/r/a", article("a"))
    assert there + kinds_by_round(news, 5) == [["revised"], [], ["revised"], [], [], [], []]


def test_an_item_published_while_the_source_was_down_is_told_once_when_it_is_up(news: Desk) -> None:
    news.publisher.put("/list", "down", status=503)
    news.publisher.put("/r/c", article("c"))
    down = kinds_by_round(news, 2)
    news.publisher.put("/list", listing("c", "b", "a"))
    up = kinds_by_round(news, 3)
    assert (down, up) == ([[], []], [["new"], [], []])
    assert news.subjects()["New"] == 1


def test_a_document_changed_while_it_was_down_is_told_once_when_it_is_up(news: Desk) -> None:
    news.publisher.put("/r/a", "down", status=503)
    down = kinds_by_round(news, 2)
    news.publisher.put("/r/a", article("a", "Declined detainers in the week: 9."))
    up = kinds_by_round(news, 3)
    assert "revised" not in [kind for one in down for kind in one]
    assert [kind for one in up for kind in one if kind != "source_recovered"] == ["revised"]


def test_a_page_that_answers_404_from_now_on_is_told_once_in_ten_rounds(news: Desk) -> None:
    news.publisher.pages.pop("/r/a")
    assert kinds_by_round(news, 10) == [[], ["withdrawn"], *[[]] * 8]
    assert news.subjects()["Withdrawn"] == 1
    assert news.health()["news"][0] == "ok"


def test_a_404_that_comes_and_goes_is_no_withdrawal(news: Desk) -> None:
    page = news.publisher.pages["/r/a"]
    for _ in range(4):
        news.publisher.pages.pop("/r/a")
        news.check()
        news.publisher.pages["/r/a"] = page
        news.check()
    assert news.kinds() == ["baseline"]
    assert not news.ask("SELECT text FROM problem WHERE closed_at IS NULL")


@pytest.mark.parametrize("edited", [False, True])
def test_a_release_that_returns_is_restored_and_not_new(news: Desk, edited: bool) -> None:
    page = news.publisher.pages.pop("/r/a")
    gone = kinds_by_round(news, 3)
    news.publisher.pages["/r/a"] = page
    if edited:
        news.publisher.put("/r/a", article("a", "Declined detainers in the week: 9."))
    back = kinds_by_round(news, 3)
    assert gone == [[], ["withdrawn"], []]
    assert back == [["restored"], [], []]
    assert news.subjects()["New"] == 0
    if edited:
        assert news.ask("SELECT after FROM change")[0]["after"] == "Declined detainers in the week: 9."
    same_after_replay(news)


def test_a_release_that_leaves_the_list_and_its_address_and_returns_is_restored(news: Desk) -> None:
    news.publisher.put("/list", listing("b"))
    page = news.publisher.pages.pop("/r/a")
    gone = [kind for one in kinds_by_round(news, 4) for kind in one]
    news.publisher.put("/list", listing("b", "a"))
    news.publisher.pages["/r/a"] = page
    back = [kind for one in kinds_by_round(news, 3) for kind in one]
    assert (gone, back) == (["withdrawn"], ["restored"])


def test_a_document_replaced_at_its_address_behind_a_list_that_did_not_change(
    tmp_path: Path, publisher: Publisher
) -> None:
    index = '<html><body><main><a href="/doc.pdf">The list</a></main></body></html>'
    publisher.put("/list", index)
    publisher.put("/doc.pdf", as_pdf(A), "application/pdf")
    desk = Desk(tmp_path, publisher, TABLE | {"path": "/list", "follow": "main a"})
    desk.check()
    publisher.put("/doc.pdf", as_pdf(B), "application/pdf")
    assert kinds_by_round(desk, 3) == [["revised"], [], []]
    assert len(desk.ask("SELECT 1 FROM capture WHERE url LIKE '%/list'")) == 1


def test_two_corrections_announced_one_after_the_other_are_two_events(news: Desk) -> None:
    first = "Correction: two detainers were counted in error. Declined: 204."
    news.publisher.put("/r/a", article("a", first))
    told = kinds_by_round(news, 2)
    second = "Correction (March 9): one more detainer was counted in error. Declined: 203."
    news.publisher.put("/r/a", article("a", f"{first}</p><p>{second}"))
    assert told + kinds_by_round(news, 2) == [["corrected"], [], ["corrected"], []]
    announced = [
        row["announced"] for row in news.ask("SELECT announced FROM edition WHERE announced <> '' ORDER BY seq")
    ]
    assert announced == [first, second]


def test_a_whole_list_page_withdrawn_is_one_event_and_its_return_another(tmp_path: Path, publisher: Publisher) -> None:
    """As the list of sanctuary jurisdictions of 2025, gone after three days: a table watched in place."""
    publisher.put("/table", table(ROWS))
    desk = Desk(tmp_path, publisher, TABLE | {"confirm": {"withdrawn_rounds": 3}, "series_kind": "cumulative"})
    desk.check()
    page = publisher.pages.pop("/table")
    assert kinds_by_round(desk, 8) == [[], [], ["withdrawn"], *[[]] * 5]
    assert len(desk.ask("SELECT 1 FROM listed_rows WHERE last_edition IS NULL")) == len(ROWS), "its rows are kept"
    publisher.pages["/table"] = page
    assert kinds_by_round(desk, 3) == [["restored"], [], []]


@pytest.mark.parametrize("reader", ["page", "table"])
def test_a_whole_list_behind_an_index_withdrawn_is_one_event(tmp_path: Path, publisher: Publisher, reader: str) -> None:
    """The index stays and lists nothing else; or it goes with the document and is flagged, and the document is told."""
    publisher.put("/list", '<html><body><main><a href="/doc">The list</a></main></body></html>')
    publisher.put("/doc", table(ROWS))
    source = {"id": "x", "reader": reader, "path": "/list", "follow": "main a", "confirm": {"withdrawn_rounds": 2}}
    desk = Desk(tmp_path, publisher, source | ({"columns": COLUMNS} if reader == "table" else {}))
    desk.check()
    publisher.pages.pop("/doc")
    assert kinds_by_round(desk, 5) == [[], ["withdrawn"], [], [], []]


SEEN = {
    "a figure in a sentence": ("206", "207"),
    "a date in a sentence": ("February 3, 2017", "February 4, 2017"),
    "a date in digits": ("02/10/2017", "02/11/2017"),
    "a time that is stated": ("at 10:05", "at 10:06"),
    "a date of the data": ("updated March 3, 2017", "updated March 4, 2017"),
    "a date in a cell": ("<td>Updated March 3, 2017</td>", "<td>Updated March 4, 2017</td>"),
    "a date and time in a cell": ("<td>Last updated: 3/3/2017 10:05</td>", "<td>Last updated: 3/4/2017 10:05</td>"),
    "a count of comments in a cell": ("<td>12 comments</td>", "<td>13 comments</td>"),
    "a word of a list with letters": ("(c) 3 counties", "(c) 4 counties"),
    "what the data is of": ("As of March 1, 2017", "As of March 2, 2017"),
    "a sign": ("-5 %", "5 %"),
    "a letter's case": ("Cook county", "Cook County"),
    "an accent": ("Dona Ana", "Doña Ana"),
    "a dash that is a minus": ("10–12", "10-12"),
}
BODY = (
    "In the week to February 3, 2017, 206 detainers were declined in Cook county and Dona Ana. Published 02/10/2017, "
    "it says at 10:05, was updated March 3, 2017 by the office.</p><p>As of March 1, 2017</p>"
    "<p>(c) 3 counties: -5 %, 10–12.</p><table><tr><td>Cook</td><td>Updated March 3, 2017</td>"
    "<td>Last updated: 3/3/2017 10:05</td><td>12 comments</td></tr></table>"
    "<p>Posted 3 hours ago · 12 views</p><p>Last updated: March 3, 2017 10:05"
)


@pytest.mark.parametrize("name", SEEN)
def test_what_is_stated_is_seen_beside_clocks_and_counters_that_move(
    tmp_path: Path, publisher: Publisher, name: str
) -> None:
    before, after = SEEN[name]
    assert BODY.count(before) == 1, before
    publisher.put("/p", article("p", BODY))
    desk = Desk(tmp_path, publisher, {"id": "p", "reader": "page", "path": "/p"})
    desk.check()
    moving = BODY.replace("3 hours ago · 12 views", "4 hours ago · 13 views").replace(
        "<p>Last updated: March 3", "<p>Last updated: March 9"
    )
    publisher.put("/p", article("p", moving, "2"))
    assert kinds_by_round(desk, 1) == [[]]
    publisher.put("/p", article("p", moving.replace(before, after), "3"))
    assert kinds_by_round(desk, 2) == [["revised"], []]
    assert len(desk.ask("SELECT 1 FROM change")) == 1


def bundle(corrections: str = "", later: bool = False) -> str:
    """A history of record as a document: week 1 with two places, and a later week that may correct it."""
    weeks = ["ddor 2017-01-28..2017-02-03,ICE,ddor,Week 1,http://127.0.0.1/1,2017-03-20,2017-01-28,2017-02-03,"]
    weeks += (
        ["ddor 2017-02-11..2017-02-17,ICE,ddor,Week 3,http://127.0.0.1/3,2017-04-01,2017-02-11,2017-02-17,"]
        if later
        else []
    )
    row = "ddor 2017-01-28..2017-02-03,detainer_issued,detainers,exact,{0},{0},{1},{2},,,,,,"
    figures = [row.format(12, "Franklin County", "Iowa"), row.format(7, "Cook County", "Illinois")]
    files = {
        "releases.csv": ("key,publisher,series,title,url,published,period_start,period_end,citation", weeks),
        "figures.csv": (
            "key,measure,unit,bound,value,value_quoted,place_quoted,state_quoted,facility_quoted,label_quoted,period_start,"
            "period_end,note,citation",
            figures,
        ),
        "cases.csv": ("key,position,agency_quoted", []),
        "corrections.csv": (
            "key,corrects_key,place_quoted,state_quoted,measure,published,quote,citation",
            [corrections] if corrections else [],
        ),
    }
    return json.dumps({name: "\n".join([head, *rows]) + "\n" for name, (head, rows) in files.items()})


def test_a_correction_in_a_later_document_stands_in_the_row_it_corrects(tmp_path: Path, publisher: Publisher) -> None:
    """The row of the earlier document carries the publisher's words, its neighbour does not."""
    publisher.put("/bundle.json", bundle(), "application/json")
    desk = Desk(tmp_path, publisher)
    url = f"{publisher.base}/bundle.json"
    options = replace(HISTORY.options, source_id="ddor", url=url, publisher="ICE")
    source = replace(HISTORY, id="ddor", options=options, allow_hosts=(publisher.host_port,))
    watched = replace(desk.settings, sources=(source,))
    assert not pipeline.check(watched).failed
    words = "Franklin County, Iowa: the detainers went to a place of a similar name."
    weeks = "ddor 2017-02-11..2017-02-17,ddor 2017-01-28..2017-02-03"
    row = f'{weeks},Franklin County,Iowa,detainer_issued,2017-04-01,"{words}",'
    publisher.put("/bundle.json", bundle(row, later=True), "application/json")
    for _ in range(3):
        assert not pipeline.check(watched).failed
    assert desk.kinds() == ["baseline", "new"]
    figures = desk.ask("SELECT place, value, corrections FROM current_figures WHERE source_id = 'ddor' ORDER BY value")
    assert [tuple(one) for one in figures] == [("Cook County", 7, None), ("Franklin County", 12, words)]


@pytest.mark.parametrize("with_document", [False, True])
def test_a_title_edited_on_the_index_is_seen_though_the_document_is_rendered_anew_each_time(
    news: Desk, with_document: bool
) -> None:
    told = []
    for noise in "23456":
        for name in "ab":
            text = "Declined detainers in the week: 9." if with_document and name == "a" and noise > "2" else "206."
            news.publisher.put(f"/r/{name}", article(name, text, noise))
        if noise == "3":
            news.publisher.put("/list", listing("b", "a").replace("Report a<", "Report a, final<"))
        told += kinds_by_round(news, 1)
    assert told[1:] == [["revised"], [], [], []]
