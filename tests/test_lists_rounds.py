"""Posts, lists and announcements from publisher to inbox: a true change is told once, with its place and numbers."""

from pathlib import Path

from tests.desk import Desk
from tests.publisher import Publisher

POST = {"id": "cis", "reader": "cis_post", "path": "/post"}
DOJ = {"id": "doj", "reader": "doj_list", "path": "/list"}
DHS = {"id": "dhs", "reader": "dhs_list", "path": "/dhs"}
MAP = {"id": "map", "reader": "cis_map", "path": "/map"}
JW = {"id": "jw", "reader": "judicial_watch", "path": "/feed", "max_pages": 3}


def post(illinois: str = "300", total: str = "820", header: str = "Declined") -> str:
    return f"""<html><head><title>A post</title></head><body><article><p>By Pat Q. Author on April 9, 2025</p>
<h3>Detainers declined, by state</h3><table>
<tr><th>State</th><th>{header}</th></tr><tr><td>California</td><td>520</td></tr>
<tr><td>Illinois</td><td>{illinois}</td></tr><tr><td>Total</td><td>{total}</td></tr></table></article></body></html>"""


def places(*cities: str, heading: str = "Cities:") -> str:
    items = "".join(f"<li>{city}</li>" for city in cities)
    return f"""<html><head><title>List</title></head><body><main><h1>List</h1><p>States:</p><ul><li>California</li></ul>
<p>Counties:</p><ul><li>Cook County, IL</li></ul><p>{heading}</p><ul>{items}</ul></main></body></html>"""


def test_a_revised_count_of_a_post_is_told_once_with_its_state_and_both_values(
    tmp_path: Path, publisher: Publisher
) -> None:
    desk = Desk(tmp_path, publisher, POST)
    publisher.put("/post", post())
    desk.check()
    publisher.put("/post", post().replace("<body>", '<body class="x">'))
    desk.check()
    assert desk.kinds() == ["baseline"]
    publisher.put("/post", post("310", "830"))
    desk.check()
    assert desk.kinds() == ["baseline", "revised"]
    changes = desk.ask("SELECT column_name, before, after FROM change ORDER BY before")
    assert [tuple(row) for row in changes] == [
        ("value", "300", "310"),
        ("value", "820", "830"),
    ]
    rows = desk.ask(
        "SELECT place, fips, state, value FROM current_figures WHERE release_id LIKE '%' AND value IN (310, 520)"
    )
    assert {(row["fips"], row["value"]) for row in rows if row["fips"]} == {("17", 310), ("06", 520)}


def test_a_renamed_header_of_a_post_takes_no_figure_away(tmp_path: Path, publisher: Publisher) -> None:
    desk = Desk(tmp_path, publisher, POST)
    publisher.put("/post", post())
    desk.check()
    publisher.put("/post", post(header="Outcome B"))
    desk.check()
    assert desk.kinds() == ["baseline"]
    assert desk.health()["cis"][0] == "layout_changed"
    assert (
        len(
            desk.ask(
                "SELECT * FROM figure WHERE last_reading IS NULL AND measure = 'detainer_declined' AND value = 300"
            )
        )
        == 1
    )


def test_a_city_that_leaves_the_list_is_told_and_a_challenge_or_lost_heading_is_not_news(
    tmp_path: Path, publisher: Publisher
) -> None:
    desk = Desk(tmp_path, publisher, DOJ)
    publisher.put("/list", places("Boston, MA", "Newark, NJ", "Seattle, WA"))
    desk.check()
    publisher.put("/list", places("Boston, MA", "Seattle, WA"))
    desk.check()
    assert desk.kinds() == ["baseline", "revised"]
    told = desk.ask("SELECT kind, label FROM change")
    assert [(row["kind"], row["label"]) for row in told] == [("removed", "Newark, NJ, city")]
    publisher.put("/list", places("Boston, MA", "Seattle, WA", heading="Members:"))
    desk.check()
    challenge = "<html><head><title>Just a moment...</title></head><body><p>Checking your browser</p></body></html>"
    publisher.put("/list", challenge)
    desk.check()
    assert len(desk.ask("SELECT * FROM change")) == 1
    assert len(desk.ask("SELECT * FROM listed_row WHERE last_reading IS NULL")) == 4
    known = desk.ask("SELECT place_id FROM listed_row WHERE last_reading IS NULL ORDER BY row_no")
    assert [row["place_id"] for row in known][:2] == ["06", "17031"]


def test_a_list_by_state_that_is_gone_is_a_withdrawal(tmp_path: Path, publisher: Publisher) -> None:
    desk = Desk(tmp_path, publisher, DHS)
    items = "".join(f"<h2>{state}</h2><ul><li>Washington County</li></ul>" for state in ("Ohio", "Oregon", "Utah"))
    publisher.put("/dhs", f"<html><head><title>L</title></head><body><main>{items}</main></body></html>")
    desk.check()
    rows = desk.ask("SELECT place_id FROM listed_row ORDER BY row_no")
    assert [row["place_id"] for row in rows] == ["39167", "41067", "49053"]
    del publisher.pages["/dhs"]
    for _ in range(4):
        desk.check()
    assert desk.kinds() == ["baseline", "withdrawn"]


def test_the_real_map_is_stored_whole_with_its_duplicate(tmp_path: Path, publisher: Publisher, corpus: Path) -> None:
    desk = Desk(tmp_path, publisher, MAP)
    data = (corpus / "cis/cis_sanctuary_map_copy.csv").read_bytes()
    publisher.put("/map", data, "text/csv")
    desk.check()
    assert len(desk.ask("SELECT * FROM policy WHERE last_reading IS NULL")) == 166
    moved = b"\n".join([(lines := data.splitlines())[0], *lines[:0:-1]])
    publisher.put("/map", moved, "text/csv")
    desk.check()
    assert desk.kinds() == ["baseline"], "a new order is no edition"


def test_documents_behind_an_announcement_of_the_feed_are_releases_of_their_own(
    tmp_path: Path, publisher: Publisher
) -> None:
    desk = Desk(tmp_path, publisher, JW)

    def feed(*slugs: str) -> str:
        items = "".join(
            f"<item><title>Detainer requests {slug}</title><link>{publisher.base}/{slug}</link></item>"
            for slug in slugs
        )
        return f'<?xml version="1.0"?><rss version="2.0"><channel><title>JW</title>{items}</channel></rss>'

    publisher.put("/feed", feed("one"), "application/rss+xml")
    publisher.put("/one", "<article><p>Text on detainers, long enough to be read.</p></article>")
    desk.check()
    assert desk.kinds() == ["baseline"]
    publisher.put("/two", '<article><p>Two sheets on detainers.</p><p><a href="/jails.csv">Jails</a></p></article>')
    publisher.put("/jails.csv", "Facility,State,Detainers Declined\nVentura County Jail,CA,188\n", "text/csv")
    publisher.put("/feed", feed("two", "one"), "application/rss+xml")
    desk.check()
    assert sorted(desk.kinds()) == ["baseline", "new", "new"]
    figures = desk.ask("SELECT facility_quoted, value FROM figure WHERE facility_quoted LIKE 'Ventura%'")
    assert [row["value"] for row in figures] == [188]
    desk.check()
    assert len(desk.kinds()) == 3
