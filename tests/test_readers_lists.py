"""The lists of two departments: every place with its kind and state, or the list is held back."""

import csv
import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scraper import readers
from scraper.errors import LayoutChanged
from scraper.model import Document, ListedRow, Options, Reading, ReleaseRef

URL = "https://www.justice.gov/ag/list"
OPTIONS = Options(source_id="doj-list", url=URL, publisher="DOJ", title="List")
CHALLENGE = "<html><head><title>Just a moment...</title></head><body><p>Checking your browser.</p></body></html>"
INTRO = """
<h1>List of jurisdictions</h1><p>Published on August 5, 2025.</p>
<ol><li>Public declarations: officials say so.</li><li>Laws, ordinances or executive directives.</li></ol>
"""
AFTER = '<p>This list is not exhaustive.</p><h2>Related content</h2><ul><li><a href="/x">Press release</a></li></ul>'


def document(body: str, media_type: str = "text/html") -> Document:
    page = body if body.startswith("<html") else f"<html><head><title>List</title></head><body><main>{body}</main>"
    return Document(url=URL, data=page.encode(), media_type=media_type, charset="utf-8", captured_at="", sha256="")


def read(name: str, body: str) -> Reading:
    return readers.read(name, document(body), ReleaseRef(key="k", url=URL, title="List"), OPTIONS)


def rows(reading: Reading) -> list[tuple[str, ...]]:
    assert all(isinstance(fact, ListedRow) for fact in reading.facts)
    return [tuple(json.loads(fact.cells).values()) for fact in reading.facts if isinstance(fact, ListedRow)]


def places(reading: Reading) -> list[tuple[str, str]]:
    return [(fact.place_quoted, fact.state_quoted) for fact in reading.facts if isinstance(fact, ListedRow)]


def held(reading: Reading) -> set[str]:
    return {problem.code for problem in reading.problems if problem.holds_back}


def listed(items: Sequence[str]) -> str:
    return "<ul>" + "".join(f"<li>{item}</li>" for item in items) + "</ul>"


@pytest.fixture
def truth(corpus: Path) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {"STATE": [], "COUNTY": [], "CITY": []}
    with (corpus / "doj/doj_list_2025-08-05.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            found[row["type"]].append(row["name_as_published"])
    return found


def as_lists(truth: dict[str, list[str]], heading: str = "<p><strong>{}:</strong></p>") -> str:
    words = {"STATE": "States", "COUNTY": "Counties", "CITY": "Cities"}
    return "".join(heading.format(words[kind]) + listed(items) for kind, items in truth.items())


def expected(truth: dict[str, list[str]]) -> list[tuple[str, ...]]:
    return [(name, kind.lower()) for kind, names in truth.items() for name in names]


@pytest.mark.parametrize("heading", ["<h3>{}</h3>", "<p><strong>{}:</strong></p>", "<h2>{}:</h2>", "<div>{}</div>"])
def test_the_35_places_of_the_doj_list_are_read_exactly(truth: dict[str, list[str]], heading: str) -> None:
    reading = read("doj_list", INTRO + as_lists(truth, heading) + AFTER)
    assert len(reading.facts) == 35
    assert rows(reading) == expected(truth)
    assert not held(reading)
    assert reading.paragraphs[:2] == ("List of jurisdictions", "Published on August 5, 2025.")
    assert "Hoboken, NJ" not in reading.paragraphs
    assert places(reading)[0] == ("", "California")
    assert ("Baltimore County", "MD") in places(reading)
    assert ("San Francisco City", "CA") in places(reading)


def test_lines_that_end_with_a_break_are_items_too(truth: dict[str, list[str]]) -> None:
    words = {"STATE": "States:", "COUNTY": "Counties:", "CITY": "Cities:"}
    body = "<ul>" + "".join(f"<li>{name}</li>" for name in truth["STATE"]) + "</ul>"
    body = "<p>States:</p>" + body
    for kind in ("COUNTY", "CITY"):
        body += f"<p><b>{words[kind]}</b><br>{'<br>'.join(truth[kind])}</p>"
    assert rows(read("doj_list", body)) == expected(truth)


def test_a_table_under_each_heading_and_one_with_a_column_for_each_kind_are_read_alike(
    truth: dict[str, list[str]],
) -> None:
    words = {"STATE": "States", "COUNTY": "Counties", "CITY": "Cities"}
    under = "".join(
        f"<h3>{words[kind]}</h3><table>{''.join(f'<tr><td>{name}</td></tr>' for name in names)}</table>"
        for kind, names in truth.items()
    )
    assert rows(read("doj_list", under)) == expected(truth)
    longest = max(map(len, truth.values()))
    columns = "".join(f"<th>{word}</th>" for word in words.values())
    body = "".join(
        "<tr>" + "".join(f"<td>{names[at] if at < len(names) else ''}</td>" for names in truth.values()) + "</tr>"
        for at in range(longest)
    )
    beside = read("doj_list", f"<table><tr>{columns}</tr>{body}</table>")
    assert sorted(rows(beside)) == sorted(expected(truth))
    assert not held(beside)


def test_a_table_with_one_place_in_each_row_is_read_by_its_headers_in_any_order(truth: dict[str, list[str]]) -> None:
    every = [(kind, name) for kind, names in truth.items() for name in names]
    forth = "<tr><th>Type</th><th>Jurisdiction</th></tr>" + "".join(
        f"<tr><td>{kind}</td><td>{name}</td></tr>" for kind, name in every
    )
    back = "<tr><th>Jurisdiction</th><th>Type</th></tr>" + "".join(
        f"<tr><td>{name}</td><td>{kind}</td></tr>" for kind, name in every
    )
    for table in (forth, back):
        reading = read("doj_list", f"<h2>List</h2><table>{table}</table>")
        assert rows(reading) == expected(truth)
        assert not held(reading)


def test_what_stands_under_no_heading_of_the_list_is_told_as_unread(truth: dict[str, list[str]]) -> None:
    reading = read("doj_list", INTRO + as_lists(truth) + AFTER)
    assert [problem.code for problem in reading.problems] == ["unread_item", "unread_item"]
    assert "before any heading" in reading.problems[0].text or "List of jurisdictions" in reading.problems[0].text
    assert "Press release" in reading.problems[1].text


@pytest.mark.parametrize("lost", ["States", "Counties", "Cities"])
def test_a_lost_heading_holds_the_list_back(truth: dict[str, list[str]], lost: str) -> None:
    body = as_lists(truth)
    for gone in (body.replace(f"<p><strong>{lost}:</strong></p>", ""), body.replace(f"{lost}:", "Members:")):
        assert held(read("doj_list", gone)), lost


def test_a_lost_heading_within_one_list_holds_back(truth: dict[str, list[str]]) -> None:
    names = listed([*truth["COUNTY"], *truth["CITY"]])
    assert held(read("doj_list", f"<h3>States</h3>{listed(truth['STATE'])}<h3>Counties</h3>{names}<h3>Cities</h3>"))


def test_a_count_in_a_heading_is_compared_with_its_items(truth: dict[str, list[str]]) -> None:
    body = as_lists(truth).replace("States:", "States (14):").replace("Counties:", "Counties (4):")
    reading = read("doj_list", body)
    assert len(reading.facts) == 35
    assert [p.code for p in reading.problems] == ["count_differs"]


def test_a_place_without_its_state_or_listed_twice_is_kept_and_flagged(truth: dict[str, list[str]]) -> None:
    truth["CITY"] += ["Springfield", "Boston, MA"]
    reading = read("doj_list", as_lists(truth))
    assert rows(reading) == expected(truth)
    assert {p.code for p in reading.problems} == {"no_state", "same_key"}


@pytest.mark.parametrize("name", ["doj_list", "dhs_list"])
@pytest.mark.parametrize(
    "body", [CHALLENGE, "<p>Page not found.</p>", "<h2>States</h2><p>None.</p>", "<ul><li>Home</li><li>News</li></ul>"]
)
def test_a_page_without_the_list_is_never_content(name: str, body: str) -> None:
    with pytest.raises(LayoutChanged):
        read(name, body)
    with pytest.raises(LayoutChanged):
        readers.discover(name, document(body), OPTIONS)


@pytest.mark.parametrize("name", ["doj_list", "dhs_list"])
def test_the_list_is_watched_in_place_and_each_version_restates_it(name: str, truth: dict[str, list[str]]) -> None:
    body = as_lists(truth) if name == "doj_list" else dhs(DHS)
    found = readers.discover(name, document(body), OPTIONS)
    assert found.itself
    assert [ref.url for ref in found.refs] == [URL]
    assert readers.READERS[name].SERIES_KIND == "cumulative"
    with pytest.raises(LayoutChanged):
        readers.read(name, document("a,b\n1,2\n", "text/csv"), found.refs[0], OPTIONS)


SELF = "Self-Identification as a State Sanctuary Jurisdiction"
DHS = {
    "Alaska": {"": ["Anchorage"]},
    "California": {"": [SELF], "Counties": ["Alameda County", "Yuba County"], "Cities": ["Alameda", "Yreka"]},
    "Idaho": {"": ["Blaine County", "Boise"]},
    "Oregon": {"": [SELF], "Counties": ["Baker County", "Washington County"], "Cities": ["Ashland", "Portland"]},
    "Washington": {"Counties": ["Adams County", "Washington County"], "Cities": ["Burien", "Seattle"]},
}
WORDS = {"Counties": "county", "Cities": "city"}


def dhs(truth: dict[str, dict[str, list[str]]], state: str = "<h2>{}</h2>", kind: str = "<h3>{}</h3>") -> str:
    return "<h1>Jurisdictions by state</h1>" + "".join(
        state.format(name) + "".join((kind.format(part) if part else "") + listed(items) for part, items in own.items())
        for name, own in truth.items()
    )


def dhs_rows(truth: dict[str, dict[str, list[str]]]) -> list[tuple[str, ...]]:
    def kind(part: str, item: str) -> str:
        return WORDS.get(part) or ("state" if item == SELF else "county" if "County" in item else "unstated")

    return [
        (item, kind(part, item), state) for state, own in truth.items() for part, items in own.items() for item in items
    ]


@pytest.mark.parametrize("state", ["<h2>{}</h2>", "<p><strong>{}</strong></p>", "<h4><button>{}</button></h4>"])
@pytest.mark.parametrize("kind", ["<h3>{}</h3>", "<p>{}:</p>"])
def test_the_dhs_list_takes_the_state_from_the_heading(state: str, kind: str) -> None:
    reading = read("dhs_list", dhs(DHS, state, kind))
    assert rows(reading) == dhs_rows(DHS)
    assert not reading.problems
    facts = [fact for fact in reading.facts if isinstance(fact, ListedRow)]
    assert ("Washington County", "Oregon") in places(reading)
    assert ("Washington County", "Washington") in places(reading)
    assert len({fact.row_key for fact in facts}) == len(facts)
    assert places(reading)[1] == ("", "California")


def test_states_as_items_with_lists_of_their_own_are_headings() -> None:
    body = "".join(
        f"<li>{name}{listed([item for items in own.values() for item in items])}</li>" for name, own in DHS.items()
    )
    reading = read("dhs_list", f"<h1>By state</h1><ul>{body}</ul>")
    assert [(name, state) for name, _, state in rows(reading)] == [(name, state) for name, _, state in dhs_rows(DHS)]


def test_nothing_of_the_dhs_list_is_dropped() -> None:
    reading = read("dhs_list", "<ul><li>Some link</li></ul>" + dhs(DHS) + "<h2>See also</h2><ul><li>News</li></ul>")
    assert rows(reading) == dhs_rows(DHS)
    assert not held(reading)
    assert [problem.code for problem in reading.problems] == ["unread_item", "unread_item"]
    text = dhs(DHS).replace("<h2>Idaho</h2>", "<h2>Idaho</h2><p>Added in May.</p>")
    assert "Added in May" in read("dhs_list", text).problems[0].text


@pytest.mark.parametrize("name", [*DHS][1:-1])
def test_an_unknown_state_heading_holds_the_dhs_list_back(name: str) -> None:
    assert held(read("dhs_list", dhs(DHS).replace(f"<h2>{name}</h2>", f"<h2>{name[1:]}</h2>")))


def test_a_lost_first_heading_holds_back_and_an_item_before_any_heading_is_unread() -> None:
    reading = read("dhs_list", listed(["Anchorage County"]) + dhs(DHS))
    assert held(reading) == {"unread_item"}
    assert "before any heading" in reading.problems[0].text or "Anchorage County" in reading.problems[0].text


def test_a_lost_state_heading_shows_in_a_list_that_begins_anew() -> None:
    body = (
        "<h2>California</h2>" + listed(["Alameda County", "Yuba County"]) + listed(["Adams County", "Boulder County"])
    )
    assert held(read("dhs_list", body)) == {"heading_missing"}


@settings(deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["Ohio", "Texas", "Utah", "Maine", "New York", "District of Columbia"]),
        st.lists(st.sampled_from([f"{letter}{tail} County" for letter in "ABCDE" for tail in ("a", "ob")]), min_size=1),
        min_size=1,
    )
)
def test_whatever_the_list_says_comes_back_in_its_order(truth: dict[str, list[str]]) -> None:
    reading = read("dhs_list", dhs({state: {"": items} for state, items in truth.items()}))
    assert [(name, state) for name, _, state in rows(reading)] == [
        (item, state) for state, items in truth.items() for item in items
    ]


def test_a_city_with_the_name_of_a_state_is_no_heading() -> None:
    body = (
        "<h2>Ohio</h2>"
        + listed(["Dayton", "Delaware"])
        + "<p><b>Cities:</b><br>Dayton City<br>Delaware<br>Xenia City</p>"
    )
    reading = read("dhs_list", body)
    assert {state for _, _, state in rows(reading)} == {"Ohio"}
    assert held(reading), "a line that may be a place is never dropped in silence"


@pytest.mark.parametrize("lines", ["<br>", "</p><p>"])
def test_a_table_with_a_row_for_each_state_reads_as_the_headings_do(lines: str) -> None:
    body = "".join(
        f"<tr><td>{state}</td>"
        + "".join(f"<td><p>{lines.join(own.get(part, []))}</p></td>" for part in WORDS)
        + "</tr>"
        for state, own in DHS.items()
    )
    reading = read("dhs_list", f"<table><tr><th>State</th><th>Counties</th><th>Cities</th></tr>{body}</table>")
    assert rows(reading) == [row for row in dhs_rows(DHS) if row[1] in WORDS.values() and row[2] != "Idaho"]
    assert not held(reading)
