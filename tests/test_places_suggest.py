"""Names that resolve to nothing: told with what they may mean, decided by a person, never by us."""

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scraper import suggest
from scraper.errors import ConfigError
from scraper.pipeline import reference
from scraper.places import Gazetteer
from scraper.store.database import Database
from scraper.suggest import Unplaced
from tests.commands import run
from tests.desk import Desk
from tests.publisher import Publisher
from tests.test_places import GAZETTEER, rows


def told(*names: tuple[str, str], gazetteer: Gazetteer = GAZETTEER) -> list[suggest.Suggestion]:
    return suggest.suggest(gazetteer, [Unplaced(quoted=q, state=s, source_id="list", rows=1) for q, s in names])


@pytest.mark.parametrize(
    ("quoted", "state", "name", "code", "first"),
    [
        ("Cook Countyy, Illinois", "", "Cook Countyy", "IL", "17031"),
        ("Berrien Conty", "MI", "Berrien Conty", "MI", "26021"),
        ("FAIRFAX CTY JAIL", "VIRGINIA", "FAIRFAX CTY JAIL", "VA", "51059"),
        ("SANTA CLARA CO NORTH JAIL/", "CALIFORNIA", "SANTA CLARA CO NORTH JAIL/", "CA", "06085"),
        ("Nassau County Correctional Center (East Meadow)", "NY", "Nassau County Correctional Center", "NY", "36059"),
        ("Houston, TX", "", "Houston", "TX", "48225"),
        ("Rio Arríba County", "NM", "Rio Arríba County", "NM", "35039"),
        ("Baltimore", "MD", "Baltimore", "MD", "24005"),
        ("Cook County", "Ilinois", "Ilinois", "", "17"),
        ("Cass County, lowa", "", "Cass County, lowa", "", "19029"),
    ],
)
def test_what_a_name_may_mean_is_told_within_its_state_and_a_decided_row_makes_it_known(
    quoted: str, state: str, name: str, code: str, first: str
) -> None:
    (one,) = told((quoted, state))
    assert (one.quoted, one.state, one.candidates[0].place_id) == (name, code, first)
    assert {place.state for place in one.candidates} <= {code or one.candidates[0].state}
    row = dict(zip(reference.ALIAS_COLUMNS, one.alias_rows()[0], strict=True))
    decided = Gazetteer.of(rows("places.csv"), [*rows("aliases.csv"), row | {"decided_by": "a person"}])
    assert decided.find(quoted, state) == (first if quoted != "Cook County" else "17031")
    assert told((quoted, state), gazetteer=decided) == []


def test_a_name_without_a_state_gets_no_suggestion_but_the_states_that_have_it() -> None:
    (one,) = told(("Franklin County", ""))
    assert one.candidates == ()
    assert one.remark.startswith("no state; the name is one in AL, AR, FL, GA, IA, ID, IL")
    assert one.alias_rows() == [("Franklin County", "", "", "", f"{one.remark}; 1 rows of list")]


def test_a_name_whose_two_states_are_at_odds_gets_none_either() -> None:
    (one,) = told(("Cook County, IL", "WI"))
    assert (one.candidates, one.remark) == ((), 'contradicts the state "WI" beside it')


def test_a_name_that_another_state_has_says_so() -> None:
    (one,) = told(("Albemarle County", "NORTH CAROLINA"))
    assert one.remark == "a name in VA"


def test_what_is_known_or_says_nothing_is_not_listed() -> None:
    assert told(("Cook County", "IL"), ("#N/A", "FLORIDA"), ("", ""), ("N/A", ""), ("", "IL")) == []


def test_spellings_of_one_name_are_one_decision_and_the_most_rows_come_first() -> None:
    found = told(("Gotham County", "NY"), ("Cook Countyy, IL", ""), ("COOK  COUNTYY", "Illinois"))
    assert [(one.quoted, one.rows) for one in found] == [("Cook Countyy", 2), ("Gotham County", 1)]


@given(st.lists(st.tuples(st.text(max_size=40), st.sampled_from(("", "IL", "Texas", "Atlantis"))), max_size=20))
@settings(max_examples=15, deadline=None)
def test_any_text_can_be_asked_about(names: list[tuple[str, str]]) -> None:
    for one in told(*names):
        assert len(one.alias_rows()) == max(1, len(one.candidates))


LISTED = "Jurisdiction,State,Declined\nCook County,IL,1\nCook Countyy,IL,2\nFranklin County,,3\n"
TABLE = {
    "id": "counts",
    "reader": "table",
    "path": "/counts.csv",
    "columns": {
        "jurisdiction": "Jurisdiction",
        "state": "State",
        "count": {"header": "Declined", "type": "integer", "measure": "detainer_declined", "unit": "detainers"},
    },
    "key": ["jurisdiction"],
}


def test_a_person_decides_in_a_file_beside_the_configuration_and_the_next_round_knows(
    tmp_path: Path, publisher: Publisher
) -> None:
    publisher.put("/counts.csv", LISTED, "text/csv")
    desk = Desk(tmp_path, publisher, TABLE)
    desk.check()
    shown = run("places", "suggest", cwd=tmp_path)
    assert shown.returncode == 0, shown.stderr
    assert "Cook Countyy\tIL\t1\tcounts\tCook County, IL (17031)" in shown.stdout
    assert "Franklin County\t\t1\tcounts\t\tno state; the name is one in AL" in shown.stdout
    proposed = list(csv.DictReader(io.StringIO(run("places", "suggest", "--csv", cwd=tmp_path).stdout)))
    (cook,) = (row for row in proposed if row["quoted"] == "Cook Countyy")
    assert (cook["state"], cook["place_id"], cook["decided_by"]) == ("IL", "17031", "")
    write(tmp_path / "aliases.csv", proposed)
    assert "Cook Countyy" in run("places", "suggest", cwd=tmp_path).stdout, "nobody has decided yet"
    write(tmp_path / "aliases.csv", [cook | {"decided_by": "the desk"}])
    assert "Cook Countyy" not in run("places", "suggest", cwd=tmp_path).stdout
    assert run("check", cwd=tmp_path).returncode == 0
    placed = desk.ask("SELECT place_id FROM figure WHERE source_id = 'counts' ORDER BY value")
    assert [row["place_id"] for row in placed] == ["17031", "17031", None]
    (alias,) = desk.ask("SELECT decided_by FROM place_alias WHERE quoted = 'Cook Countyy'")
    assert alias["decided_by"] == "the desk"
    assert desk.kinds() == ["baseline"], "no news: the publisher said nothing"


def test_an_area_of_responsibility_of_no_known_office_is_listed_and_never_as_a_place(
    tmp_path: Path, publisher: Publisher
) -> None:
    publisher.put("/counts.csv", LISTED, "text/csv")
    desk = Desk(tmp_path, publisher, TABLE)
    desk.check()
    with Database.open(tmp_path / "db" / "detainers.db") as db:
        for area in ("Saint Paul", "Gotham"):
            db.write(
                "INSERT INTO policy (release_id, source_id, stream, row_hash, first_reading, locator, place_id, "
                "jurisdiction_quoted, aor_quoted, state_quoted, enacted_quoted, policy_quoted, criteria_quoted, "
                "designation_quoted) SELECT release_id, source_id, stream, row_hash, first_reading, '{}', '17031', "
                "'Cook County', ?, 'IL', '', '', '', '' FROM figure WHERE source_id = 'counts' LIMIT 1",
                area,
            )
    shown = run("places", "suggest", cwd=tmp_path)
    assert "Gotham\t\t1\tcounts\t\tno known field office" in shown.stdout
    assert "Saint Paul" not in shown.stdout
    assert "1 areas of responsibility" in shown.stderr
    assert "Gotham" not in run("places", "suggest", "--csv", cwd=tmp_path).stdout


def write(path: Path, lines: list[dict[str, str]]) -> None:
    with path.open("w", encoding="utf-8-sig", newline="") as file:  # as a spreadsheet saves it
        writer = csv.DictWriter(file, reference.ALIAS_COLUMNS)
        writer.writeheader()
        writer.writerows(lines)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name;place\nCook;17031\n", "it needs the columns quoted,state,place_id,decided_by,note"),
        ("quoted,state,place_id,decided_by,note\nCook,IL,99999,me,\n", 'no place_id "99999"'),
        ("quoted,state,place_id,decided_by,note\nCook,IL,,me,\n", 'no place_id ""'),
        ("quoted,state,place_id,decided_by,note\nCook,Illinois,17031,me,\n", 'no state "Illinois"'),
        (b"quoted,state,place_id,decided_by,note\n\xff,IL,17031,me,\n", "in UTF-8"),
    ],
)
def test_a_mistake_in_the_file_of_aliases_stops_the_start_with_its_name(
    tmp_path: Path, text: str | bytes, words: str
) -> None:
    path = tmp_path / "aliases.csv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(ConfigError) as caught:
        reference.place_rows(path)
    assert words in str(caught.value)
    assert str(path) in str(caught.value)


def test_a_users_own_alias_wins_over_a_shipped_one(tmp_path: Path) -> None:
    path = tmp_path / "aliases.csv"
    path.write_text("quoted,state,place_id,decided_by,note\nLos Angeles,CA,06,the desk,\n", "utf-8")
    assert reference.gazetteer(path).find("Los Angeles, CA") == "06"
    assert reference.gazetteer(tmp_path / "none.csv").find("Los Angeles, CA") == "06037"
    assert reference.code_digest(path) != reference.code_digest(tmp_path / "none.csv")
