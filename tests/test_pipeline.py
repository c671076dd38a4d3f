"""A round from page to mail to table, against a real publisher on loopback."""

from pathlib import Path

import pytest

from scraper import pipeline
from scraper.errors import StoreError
from scraper.pipeline import House
from tests.desk import Desk
from tests.publisher import Publisher, Reply

LIST = "<html><head><title>Reports</title></head><body><main><h1>Reports</h1><ul>{}</ul></main></body></html>"
NEWS = {"id": "news", "reader": "page", "path": "/list", "follow": "main li a", "confirm": {"withdrawn_rounds": 2}}
TABLE = {
    "id": "counts",
    "reader": "table",
    "path": "/table",
    "columns": {
        "jurisdiction": "Jurisdiction",
        "state": "State",
        "count": {"header": "Declined", "type": "integer", "measure": "detainer_declined", "unit": "detainers"},
    },
}
ROWS = [("Cook County", "IL", "1,804"), ("Santa Clara County", "CA", "2,981"), ("Fairfax County", "VA", "1,151")]


def listing(*names: str) -> str:
    return LIST.format("".join(f'<li><a href="/r/{name}">Report {name}</a></li>' for name in names))


def article(name: str, text: str = "Declined detainers in the week: 206.", noise: str = "1") -> str:
    return (
        f"<html><head><title>Report {name}</title></head><body><main id='x{noise}'><h1>Report {name}</h1>"
        f"<p>{text}</p><p>A second paragraph about how the counts were made, long enough to be content.</p>"
        f"<p>Page generated at 12:0{noise}:00</p></main><!-- {noise} --></body></html>"
    )


def table(rows: list[tuple[str, str, str]], noise: str = "") -> str:
    body = "".join(f"<tr><td>{a}</td><td>{b}</td><td>{c}</td></tr>" for a, b, c in rows)
    head = "<tr><th>Jurisdiction</th><th>State</th><th>Declined</th></tr>"
    return f"<html><body{noise}><h1>Counts</h1><table>{head}{body}</table></body></html>"


def publish(publisher: Publisher) -> None:
    """Two reports behind an index, and a table."""
    publisher.put("/list", listing("a", "b"))
    for name in ("a", "b"):
        publisher.put(f"/r/{name}", article(name))
    publisher.put("/table", table(ROWS))


@pytest.fixture
def desk(tmp_path: Path, publisher: Publisher) -> Desk:
    publish(publisher)
    return Desk(tmp_path, publisher, NEWS, TABLE)


def test_the_first_good_round_is_a_baseline_told_in_one_message(desk: Desk) -> None:
    assert not desk.check().failed
    assert sorted(desk.kinds()) == ["baseline", "baseline"]
    subjects = [str(mail["Subject"]) for mail in desk.mails()]
    assert len(subjects) == 2
    assert any("2 releases on record" in subject for subject in subjects)
    assert len(desk.ask("SELECT * FROM release WHERE source_id = 'news'")) == 2


def test_a_new_release_is_told_once(desk: Desk) -> None:
    desk.check()
    desk.publisher.put("/r/c", article("c"))
    desk.publisher.put("/list", listing("c", "a", "b"))
    for _ in range(3):
        desk.check()
    assert desk.kinds().count("new") == 1
    assert desk.subjects()["New"] == 1


def test_c13_a_silent_edit_of_a_cell_is_told_once_with_place_old_and_new(desk: Desk) -> None:
    desk.check()
    desk.publisher.put("/table", table([("Cook County", "IL", "1,805"), *ROWS[1:]]))
    desk.check()
    desk.check()
    assert desk.kinds()[2:] == ["revised"]
    (change,) = desk.ask("SELECT * FROM changes WHERE caused_by = 'publisher'")
    assert (change["label"], change["column_name"], change["before"], change["after"]) == (
        "Cook County, IL", "count", "1,804", "1,805")  # fmt: skip
    (mail,) = [mail for mail in desk.mails() if str(mail["Subject"]).startswith("Revised")]
    body = mail.get_body(("plain",))
    assert body is not None
    assert all(word in body.get_content() for word in ("Cook County, IL", "1,804", "1,805"))
    current = {
        r["place"]: r["value"] for r in desk.ask("SELECT place, value FROM current_figures WHERE source_id = 'counts'")
    }
    assert current == {"Cook County": 1805, "Santa Clara County": 2981, "Fairfax County": 1151}


def test_a_document_replaced_behind_an_unchanged_index_is_seen(desk: Desk) -> None:
    desk.check()
    desk.publisher.put("/r/a", article("a", "Declined detainers in the week: 207."))
    desk.check()
    assert desk.kinds()[2:] == ["revised"]


def test_c12_renders_clocks_and_order_raise_nothing(desk: Desk) -> None:
    desk.check()
    for noise in "234":
        for name in ("a", "b"):
            desk.publisher.put(f"/r/{name}", article(name, noise=noise))
        desk.publisher.put("/list", listing("b", "a") + f"<!-- {noise} -->")
        desk.publisher.put("/table", table(ROWS[::-1], noise=f" data-render='{noise}'"))
        assert not desk.check().failed
    assert desk.kinds() == ["baseline", "baseline"]
    assert len(desk.ask("SELECT * FROM edition WHERE source_id <> 'history'")) == 3


def test_n10_a_withdrawn_document_is_told_once_and_its_return_is_restored(desk: Desk) -> None:
    desk.check()
    gone = desk.publisher.pages.pop("/r/a")
    kinds = []
    for _ in range(4):
        desk.check()
        kinds.append(desk.kinds()[2:])
    assert kinds == [[], ["withdrawn"], ["withdrawn"], ["withdrawn"]]
    desk.publisher.pages["/r/a"] = gone
    desk.check()
    assert desk.kinds()[2:] == ["withdrawn", "restored"]


def test_a_whole_list_page_withdrawn_is_told_once(desk: Desk) -> None:
    desk.check()
    desk.publisher.pages.pop("/table")
    for _ in range(5):
        desk.check("counts")
    assert desk.kinds()[2:] == ["withdrawn"]
    assert len(desk.ask("SELECT * FROM listed_rows")) == 3


@pytest.mark.parametrize(
    "reply",
    [
        Reply(b"no", 403),
        Reply(b"oops", 500),
        Reply(b"not here", 404),
        Reply(b"<html><head><title>Access Denied</title></head><body>Reference #18.2</body></html>"),
        Reply(b"<html><head><title>Just a moment...</title></head><body></body></html>"),
        Reply(b""),
        Reply(b"<html><body><div id='app'></div><script>1</script></body></html>"),
        Reply(b"\x00\x01\x02 rubbish \xff"),
    ],
    ids=["403", "500", "404", "denied", "challenge", "empty", "shell", "rubbish"],
)
def test_n8_n9_c1_a_bad_source_is_flagged_and_quiet_and_heals(desk: Desk, reply: Reply) -> None:
    desk.check()
    before = [tuple(row) for row in desk.ask("SELECT * FROM listed_row UNION ALL SELECT * FROM listed_row")]
    good = desk.publisher.pages["/list"]
    reply.headers.setdefault("Content-Type", "text/html")
    desk.publisher.pages["/list"] = reply
    for _ in range(4):
        report = desk.check()
        assert [one.source_id for one in report.failed] == ["news"]
    state, words = desk.health()["news"]
    assert state in ("blocked", "failing", "layout_changed")
    assert words
    assert desk.ask("SELECT * FROM problem WHERE source_id = 'news' AND closed_at IS NULL")
    assert desk.health()["counts"][0] == "ok"
    assert set(desk.kinds()[2:]) <= {"source_blocked", "source_failing", "layout_changed"}
    assert len(desk.kinds()) == 3
    assert [tuple(row) for row in desk.ask("SELECT * FROM listed_row UNION ALL SELECT * FROM listed_row")] == before
    assert set(desk.subjects()) == {"Now watching Reports"} or all("Now watching" in s for s in desk.subjects())
    desk.publisher.pages["/list"] = good
    assert not desk.check().failed
    assert desk.kinds()[3:] == ["source_recovered"]
    assert desk.health()["news"] == ("ok", "")
    assert not desk.ask("SELECT * FROM problem WHERE source_id = 'news' AND closed_at IS NULL")


def test_half_of_the_items_missing_is_a_problem_not_news(desk: Desk) -> None:
    names = [str(n) for n in range(8)]
    for name in names:
        desk.publisher.put(f"/r/{name}", article(name))
    desk.publisher.put("/list", listing(*names))
    desk.check("news")
    desk.publisher.put("/list", listing(*names[:3]))
    for _ in range(3):
        assert desk.check("news").failed
    desk.publisher.put("/list", listing(*names))
    assert not desk.check("news").failed
    assert [kind for kind in desk.kinds() if kind not in ("layout_changed", "source_recovered")] == ["baseline"]


def test_c2_a_broken_file_is_flagged_and_its_neighbours_go_on(desk: Desk) -> None:
    desk.check()
    desk.publisher.put("/r/bad.pdf", b"%PDF-1.7 cut", "application/pdf")
    desk.publisher.put("/r/c", article("c"))
    desk.publisher.put("/list", listing("bad.pdf", "c", "a", "b"))
    for _ in range(3):
        desk.check()
    assert desk.kinds()[2:4] == ["new", "new"]
    assert desk.kinds().count("new") == 2
    (problem,) = desk.ask("SELECT * FROM problem WHERE closed_at IS NULL")
    assert "bad.pdf" in problem["text"]
    assert len(desk.ask("SELECT * FROM capture WHERE url LIKE '%bad.pdf'")) == 1


def test_an_item_that_could_not_be_fetched_is_told_when_it_can(desk: Desk) -> None:
    desk.check()
    desk.publisher.put("/list", listing("c", "a", "b"))
    desk.publisher.put("/r/c", "x", status=503)
    desk.check()
    assert desk.kinds()[2:] == []
    desk.publisher.put("/r/c", article("c"))
    desk.check()
    desk.check()
    assert desk.kinds()[2:] == ["new"]


def test_a_title_edited_on_the_index_alone_is_told(desk: Desk) -> None:
    desk.check()
    desk.publisher.put("/list", listing("a", "b").replace("Report b</a>", "Report b, revised</a>"))
    desk.check()
    desk.check()
    assert desk.kinds()[2:] == ["revised"]


def test_an_announced_correction_is_told_as_such(desk: Desk) -> None:
    desk.check()
    desk.publisher.put("/r/a", article("a", "Correction: two detainers were counted in error. Declined: 204."))
    desk.check()
    assert desk.kinds()[2:] == ["corrected"]
    (row,) = desk.ask("SELECT announced FROM edition WHERE announced <> ''")
    assert row["announced"].startswith("Correction:")


def test_s6_a_second_writer_says_so_and_leaves(desk: Desk) -> None:
    with House(desk.settings), pytest.raises(StoreError, match="already at work"):
        House(desk.settings)


def test_an_event_is_mailed_once_even_when_rounds_repeat(desk: Desk) -> None:
    for _ in range(3):
        desk.check()
    ids = [str(mail["Message-ID"]) for mail in desk.mails()]
    assert len(ids) == len(set(ids)) == 2


def test_the_history_of_record_is_there_before_any_source_answers(desk: Desk) -> None:
    with House(desk.settings):
        pass
    rows = desk.ask("SELECT * FROM current_figures")
    assert (
        len(desk.ask("SELECT * FROM release")) == 8
    )  # five of record, three weekly reports (the third's counts are unknown)
    assert len({row["release_title"] for row in rows}) == 7
    assert all(row["bound"] and (row["unit"] or "does not say" in row["note"]) for row in rows)
    assert {13025, 8811, 440} <= {row["value"] for row in rows}
    assert not desk.mails()
    assert not desk.mails("ops@example.org")


def test_two_caches_that_alternate_are_told_and_then_damped_until_one_stays(desk: Desk) -> None:
    desk.check("counts")
    other = table([("Cook County", "IL", "9"), *ROWS[1:]])
    for n in range(8):
        desk.publisher.put("/table", other if n % 2 == 0 else table(ROWS))
        desk.check("counts")
    assert desk.kinds()[1:] == ["revised", "revised"], "there and back again; what follows is no news"
    desk.publisher.put("/table", other)
    for _ in range(6):
        desk.check("counts")
    assert desk.kinds()[1:] == ["revised"] * 3, "it has stayed"
    desk.publisher.put("/table", table([("Cook County", "IL", "10"), *ROWS[1:]]))
    desk.check("counts")
    assert desk.kinds()[1:] == ["revised"] * 4


def test_what_shrank_is_held_back_until_a_person_accepts_it(desk: Desk) -> None:
    rows = [(f"County {n}", "IL", str(n)) for n in range(9)]
    desk.publisher.put("/table", table(rows))
    desk.check("counts")
    desk.publisher.put("/table", table(rows[:2]))
    for _ in range(2):
        desk.check("counts")
        assert "--accept" in desk.health()["counts"][1]
    assert len(desk.ask("SELECT 1 FROM listed_rows WHERE last_edition IS NULL")) == 9
    pipeline.check(desk.settings, only=["counts"], accept=True)
    assert desk.kinds()[1:] == ["revised"]
    assert len(desk.ask("SELECT 1 FROM listed_rows WHERE last_edition IS NULL")) == 2
    assert desk.check("counts").failed == ()


def test_a_reading_held_back_is_no_edition_when_our_reader_changes(desk: Desk) -> None:
    desk.check("counts")
    desk.publisher.put("/table", table(ROWS).replace("Declined", "Refused"))
    desk.check("counts")
    assert desk.health()["counts"][0] == "layout_changed"
    columns = TABLE["columns"] | {"count": TABLE["columns"]["count"] | {"header": "Declined|Refused"}}
    desk.watch(NEWS, TABLE | {"columns": columns})
    desk.check("counts")
    assert desk.health()["counts"] == ("ok", "")
    assert desk.kinds()[1:] == []
    desk.publisher.put("/table", table([("Cook County", "IL", "7"), *ROWS[1:]]).replace("Declined", "Refused"))
    desk.check("counts")
    assert desk.kinds()[1:] == ["revised"]
    (change,) = desk.ask("SELECT * FROM changes WHERE caused_by = 'publisher'")
    captures = {row["sha256"] for row in desk.ask("SELECT sha256 FROM capture WHERE source_id = 'counts'")}
    assert {change["before_sha256"], change["after_sha256"]} <= captures
    assert change["before_sha256"] != change["after_sha256"]
