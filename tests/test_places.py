"""Quoted names to FIPS codes: certain or nothing."""

import csv
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from scraper.documents.values import fold
from scraper.model import Agreement, CaseAccount, Correction, DetainerRecord, Figure, ListedRow, Policy
from scraper.places import Gazetteer, resolver

REFERENCE = Path(__file__).parent.parent / "db" / "reference"


def rows(name: str) -> list[dict[str, str]]:
    with (REFERENCE / name).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


GAZETTEER = Gazetteer.of(rows("places.csv"), rows("aliases.csv"), rows("field_offices.csv"))


@pytest.mark.parametrize(
    ("quoted", "state", "place_id"),
    [
        ("Cook County, IL", "", "17031"),
        ("Cook County, Illinois", "", "17031"),
        ("cook county ,  illinois", "", "17031"),
        ("Cook County Illinois", "", "17031"),
        ("Cook County", "ILLINOIS", "17031"),
        ("Cook County, IL", "Illinois", "17031"),
        ("County of Santa Clara, CA", "", "06085"),
        ("Travis County, Texas (San Antonio)", "", "48453"),
        ("Iowa City, Johnson County, Iowa (Saint Paul)", "", "19103"),
        ("Franklin County, Washington 99301", "", "53021"),
        ("Miami-Dade, FL", "", "12086"),
        ("Miami–Dade County, Fla.", "", "12086"),
        ("Miami Dade", "FL", "12086"),
        ("Ventura County, CA", "", "06111"),
        ("Clark, NV", "", "32003"),
        ("Denver, CO", "", "08031"),
        ("Los Angeles", "CA", "06037"),
        ("Orleans Parish, Louisiana", "", "22071"),
        ("Dona Ana County, New Mexico", "", "35013"),
        ("Doña Ana County, NM", "", "35013"),
        ("Don\u0303a Ana County, NM", "", "35013"),
        ("Cook\u200b County, IL", "", "17031"),
        ("St Lawrence County, New York", "", "36089"),
        ("Saint Lawrence County", "NY", "36089"),
        ("De Kalb County", "GA", "13089"),
        ("Prince George’s County, MD", "", "24033"),
        ("James City County, Virginia", "", "51095"),
        ("Charles City, VA", "", "51036"),
        ("Carson City, NV", "", "32510"),
        ("Baltimore City, MD", "", "24510"),
        ("City of Baltimore", "Maryland", "24510"),
        ("Baltimore County, MD", "", "24005"),
        ("St. Louis city", "MO", "29510"),
        ("Saint Louis County", "MO", "29189"),
        ("Fairfax County", "VA", "51059"),
        ("Juneau, AK", "", "02110"),
        ("Capitol Planning Region", "CT", "09110"),
        ("Washington, DC", "", "11"),
        ("District of Columbia", "", "11"),
        ("California", "", "06"),
        ("ILLINOIS", "", "17"),
        ("NY", "", "36"),
        ("New York", "", "36"),
        ("", "Puerto Rico", "72"),
        ("Northern Marianas", "", "69"),
        ("New York City, New York", "", "city:nyc"),
        ("NYC", "", "city:nyc"),
        ("Berkley, California", "", "city:berkeley-ca"),
        ("Cook County Jail", "IL", "17031"),
        ("Santa Rita Jail (Alameda County)", "CA", "06001"),
        ("Fairfax County Adult Detention Center", "Virginia", "51059"),
        ("Fairfield County, CT", "", "09001"),
        ("Hartford County", "CONNECTICUT", "09003"),
        ("Windham County", "CT", "09015"),
        ("Western Connecticut Planning Region", "CT", "09190"),
        ("Valdez-Cordova Census Area", "AK", "02261"),
        ("Chugach Census Area", "AK", "02063"),
        ("Municipality of Anchorage", "Alaska", "02020"),
        ("City and Borough of Juneau, AK", "", "02110"),
        ("Kusilvak Census Area", "AK", "02158"),
        ("Parish of Orleans", "LA", "22071"),
        ("Guam", "", "66"),
        ("Saint Croix, U.S. Virgin Islands", "", "78010"),
        ("Saipan", "MP", "69110"),
        ("Eastern District, American Samoa", "", "60010"),
        ("Municipio de Mayagüez", "PR", "72097"),
        ("Mayaguez, Puerto Rico", "", "72097"),
        ("O’Brien County", "IA", "19141"),
        ("O'Brien County", "IA", "19141"),
        ("Dekalb County, Georgia", "", "13089"),
        ("LaSalle County", "TX", "48283"),
        ("La Salle County", "IL", "17099"),
        ("La Porte County, Indiana", "", "18091"),
        ("LAPORTE", "IN", "18091"),
        ("Mc Lean County", "IL", "17113"),
        ("LeSueur County", "MN", "27079"),
        ("St.Louis County", "MO", "29189"),
        ("St.  Louis City, Missouri", "", "29510"),
        ("Sainte Genevieve County", "MO", "29186"),
        ("Lewis & Clark County", "MT", "30049"),
        ("Washington, D.C.", "", "11"),
        ("Cook County, IL\u200b", "", "17031"),
        ("\ufeffCook County, \u200eIllinois\u200f", "", "17031"),
        ("Cook County (IL)", "", "17031"),
        ("El Paso County Jail (TX)", "TEXAS", "48141"),
        ("Colorado County Jails, Colorado", "", "08"),  # all of them: the state is the area meant
        ("Colorado County Jails", "TX", "48089"),
        ("Iowa County Jail", "IA", "19095"),
        ("Kern County Jail", "CA", "06029"),
        ("KERN COUNTY JAIL (LERDO)", "CALIFORNIA", "06029"),
        ("York County Jail, PA", "PENNSYLVANIA", "42133"),
        ("Miami Dade County Jail", "FL", "12086"),
        ("De Kalb County Sheriff’s Office, GA", "", "13089"),
        ("Saint Louis County Department of Corrections", "MO", "29189"),
        ("Orleans Parish Prison", "LA", "22071"),
        ("Prince George's County Police Department, Maryland", "", "24033"),
        ("Santa Clara County Jails", "CA", "06085"),
        ("FAIRFAX CO JAIL", "VIRGINIA", "51059"),
        ("SAN BERNARDINO CO.JAIL", "CALIFORNIA", "06071"),
        ("DAVIDSON CO. SHERIFF DEPT", "TENNESSEE", "47037"),
        ("LANCASTER CNTY JAIL, PA", "PENNSYLVANIA", "42071"),
        ("CLARK COUNTY DET.CENTER", "NEVADA", "32003"),
    ],
)
def test_an_exact_name_or_a_decided_alias_finds_its_place(quoted: str, state: str, place_id: str) -> None:
    assert GAZETTEER.find(quoted, state) == place_id


@pytest.mark.parametrize(
    ("quoted", "state"),
    [
        ("Cook County", ""),
        ("Franklin County", ""),
        ("Orleans Parish", ""),
        ("Los Angeles", ""),
        ("Cook County Jail", ""),
        ("Baltimore", "MD"),
        ("St. Louis", "MO"),
        ("Fairfax", "VA"),
        ("Richmond, Virginia", ""),
        ("Roanoke", "VA"),
        ("New York, NY", ""),
        ("New York", "NY"),
        ("Iowa", "IA"),
        ("Houston, TX", ""),
        ("Austin", "TX"),
        ("Franklin, PA", ""),
        ("Washington, Franklin, PA", ""),
        ("Cook County, IL", "WI"),
        ("Сook County, IL", ""),  # a Cyrillic С
        ("Cass County, lowa", ""),
        ("Cook Countyy", "IL"),
        ("Cooks County", "IL"),
        ("Kern County Jail", ""),
        ("Kern Jail", "CA"),
        ("Roanoke Cty Jail", "VA"),  # the county's or the city's
        ("Las Animas CO Jail", "CO"),
        ("Fairfax Co", ""),
        ("Baltimore Jail", "MD"),
        ("Colorado County Jails", ""),
        ("Colorado County", "CO"),
        ("Colorado County Jail", "CO"),
        ("Iowa County Jails, Iowa", ""),  # the county's, or all of the state's
        ("Iowa County Jail(s)", "IA"),
        ("Guadalupe County Correctional Facility", "NM"),  # the state's
        ("Dawson County State Jail", "TX"),
        ("Former Cook County Jail", "IL"),
        ("El Paso County Jail (CO)", "TEXAS"),
        ("Orange County", ""),
        ("Orange", ""),
        ("Miami Dade", ""),
        ("Mayaguez", ""),
        ("Buffalo Area of Responsibility", "NY"),
        ("Denver Field Office", "CO"),
        ("#N/A", "FLORIDA"),
        ("ca", ""),
        ("or", ""),
        ("", ""),
        ("Cook County", "Atlantis"),
    ],
)
def test_an_uncertain_name_resolves_to_nothing(quoted: str, state: str) -> None:
    """C10: a homoglyph is another name."""
    assert GAZETTEER.find(quoted, state) is None


TECHNOLOGY = {"SmartLINK", "Ankle Monitor", "Wristworn", "Dual Tech", "No Tech"}
COUNTIES = [row for row in rows("places.csv") if len(row["fips"]) == 5]
STATES = {row["state"]: row["name"] for row in rows("places.csv") if len(row["fips"]) == 2}


@given(st.sampled_from(COUNTIES), st.sampled_from((str, str.upper, str.lower)), st.sampled_from((" ", "\u00a0", "  ")))
@settings(max_examples=1000)
def test_every_county_is_found_by_its_name_and_state_in_any_case_and_spacing(
    row: dict[str, str], case: Callable[[str], str], space: str
) -> None:
    name, code, state = case(row["name"]).replace(" ", space), row["state"], case(STATES[row["state"]])
    itself = {"11001": "11", "66010": "66"}.get(row["place_id"], row["place_id"])
    asked = [
        (f"{name}, {code}", ""),
        (f"{name},{space}{state}", ""),
        (name, code),
        (name, state),
        (name + "\u200b", code),
    ]
    assert {GAZETTEER.find(*one) for one in asked} == {itself}


def test_no_county_is_found_without_a_state() -> None:
    named = {name for row in COUNTIES for name in (row["name"], row["name"].rsplit(" ", 1)[0])} - set(STATES.values())
    assert {name: found for name in named if (found := GAZETTEER.find(name))} == {}


def test_a_county_and_a_facility_word_name_the_county_and_without_a_state_nothing() -> None:
    decided = {("Baltimore city", "Detention Center")}
    for row in COUNTIES:
        certain = row["name"].endswith((" County", " Parish", " Borough"))
        for words in ("Jail", "Detention Center", "Sheriff's Office"):
            found = GAZETTEER.find(f"{row['name']} {words}, {row['state']}")
            assert found == (row["place_id"] if certain or (row["name"], words) in decided else None)
            assert GAZETTEER.find(f"{row['name']} {words}") is None


def test_the_county_jails_of_a_state_are_not_those_of_a_county_with_its_name() -> None:
    both = [row for row in COUNTIES if row["name"] == f"{STATES[row['state']]} County"]
    assert len(both) == 7
    assert {GAZETTEER.find(f"{row['name']} Jails", row["state"]) for row in both} == {None}


@given(st.text(max_size=60) | st.from_regex(r"[A-Za-z ,.()]{0,40}", fullmatch=True), st.text(max_size=20))
def test_find_never_raises_and_names_only_known_places(quoted: str, state: str) -> None:
    found = GAZETTEER.find(quoted, state)
    assert found is None or GAZETTEER.place(found) is not None


def test_every_place_is_found_by_its_full_name_and_state_unless_a_county_of_the_state_shares_it() -> None:
    found = {row["place_id"]: GAZETTEER.find(f"{row['name']}, {row['state']}") for row in rows("places.csv")}
    wrong = {place_id: other for place_id, other in found.items() if other not in (None, place_id)}
    unfound = {place_id for place_id, other in found.items() if other is None and not place_id.startswith("city:")}
    assert wrong == {"11001": "11", "66010": "66"}
    assert unfound == {"05", "15", "16", "19", "36", "40", "49"}


def test_the_reference_tables_are_whole() -> None:
    places = rows("places.csv")
    assert len({row["place_id"] for row in places}) == len(places)
    assert sum(len(row["fips"]) == 2 for row in places) == 56
    assert sum(len(row["fips"]) == 5 for row in places) == 3231 + 11
    assert all(row["fips"] in ("", row["place_id"]) for row in places)
    assert {row["place_id"] for row in rows("aliases.csv")} <= {row["place_id"] for row in places}
    assert all(row["decided_by"] for row in rows("aliases.csv"))
    keys = [(row["quoted"], row["state"]) for row in rows("aliases.csv")]
    assert len(set(keys)) == len(keys)
    assert len({row["office"] for row in rows("field_offices.csv")}) == 25
    assert len({row["quoted"].casefold() for row in rows("field_offices.csv")}) == len(rows("field_offices.csv"))


@pytest.mark.parametrize(
    ("place_id", "wanted", "inside"),
    [
        ("06085", "06085", True),
        ("06085", "06", True),
        ("06085", "California", True),
        ("06085", "CA", True),
        ("06085", "Santa Clara County, CA", True),
        ("06085", "Santa Clara County", False),
        ("06085", "06001", False),
        ("06", "06085", False),
        ("06", "06", True),
        ("city:nyc", "NY", True),
        ("city:nyc", "36061", False),
        ("11", "11001", True),
        ("11001", "11", True),
        ("36061", "New York", True),
        ("99999", "06", False),
        ("06085", "nowhere", False),
    ],
)
def test_a_state_contains_its_counties(place_id: str, wanted: str, inside: bool) -> None:
    assert GAZETTEER.matches(place_id, wanted) is inside


@pytest.mark.parametrize(
    ("quoted", "office"),
    [
        ("St. Paul Area of Responsibility", "St. Paul"),
        ("Saint Paul", "St. Paul"),
        ("ST PAUL AREA OF RESPONSIBILITY", "St. Paul"),
        ("Buffalo", "Buffalo"),
        ("San Antonio", "San Antonio"),
        ("New York", "New York City"),
        ("New York City Area of Responsibility", "New York City"),
        ("ERO Washington, D.C.", "Washington"),
        ("Salt Lake City Field Office", "Salt Lake City"),
        ("SPM", "St. Paul"),
        ("spm", None),
        ("New", None),
        ("HQ Area of Responsibility", None),
        ("Albany Field Office", None),
        ("St. Pau", None),
        ("", None),
    ],
)
def test_an_area_of_responsibility_is_known_by_its_field_office(quoted: str, office: str | None) -> None:
    assert GAZETTEER.field_office(quoted) == office


def test_an_area_of_responsibility_is_never_a_place() -> None:
    for row in rows("field_offices.csv"):
        for name in (
            f"{row['quoted']} Area of Responsibility",
            f"{row['quoted']} Field Office",
            f"ERO {row['quoted']}",
        ):
            assert {GAZETTEER.find(name, state) for state in ("", *STATES)} == {None}
    fact = Policy(jurisdiction_quoted="Ithaca", state_quoted="New York", aor_quoted="Denver, Colorado")
    assert resolver(GAZETTEER)(fact) == fact


def test_the_facilities_of_real_detainer_records_are_found_or_open(corpus: Path) -> None:
    with (corpus / "ddp" / "detainers_st_cloud_sample.csv").open(encoding="utf-8", newline="") as lines:
        records = [(row["detention_facility"], row["facility_state"]) for row in csv.DictReader(lines)]
    assert {GAZETTEER.find(*record) for record in records} == {"27"}, "a prison of the state"
    with (corpus / "npr" / "residents.csv").open(encoding="utf-8", newline="") as lines:
        named = Counter((row["det_facility"], row["state"]) for row in csv.DictReader(lines))
    found = {name: GAZETTEER.find(*name) for name in named}
    assert sum(count for name, count in named.items() if found[name]) >= 1000
    open_ones = {
        name for name, _ in named if name.startswith(("FRANKLIN C.F.", "SOUTHERN UTE", "BUCKLEY CITY", "US M"))
    }
    assert len(open_ones) > 5
    assert {found[name] for name in named if name[0] in open_ones} == {None}


def below(sheet: Any, header: str) -> set[str]:
    lines = list(sheet.iter_rows(max_col=12, values_only=True))
    head = next(number for number, line in enumerate(lines) if header in line)
    return {str(line[lines[head].index(header)]) for line in lines[head + 1 :]} - {"None"}


def test_every_removal_office_of_the_real_listing_and_every_code_of_the_real_statistics_is_known(corpus: Path) -> None:
    page = (corpus / "ice-pages" / "ice-field-offices.html").read_text("utf-8")
    listed = [
        fold(row.css_first(".views-field-title").text())
        for row in LexborHTMLParser(page).css(":has(> .views-field-title)")
        if "- ERO" in row.text()
    ]
    assert [GAZETTEER.field_office(title) for title in listed] == ["Atlanta", "Baltimore", "Buffalo", "Boston"]
    book = openpyxl.load_workbook(next((corpus / "ice-detention-stats").glob("FY26*02122026.xlsx")), read_only=True)
    codes = below(book["Facilities FY26"], "AOR")
    named = below(book["ATD FY26 YTD"], "AOR/Technology")
    book.close()
    assert len(codes) == 24
    assert all(map(GAZETTEER.field_office, codes))
    unknown = {name for name in named if not GAZETTEER.field_office(name)}
    assert len(named - unknown) == 25
    assert {name for name in unknown if len(name) < 20} == {"Total", *TECHNOLOGY}


def figure(**quoted: str) -> Figure:
    return Figure(measure=None, unit=None, value=1, value_quoted="1", **quoted)


@pytest.mark.parametrize(
    ("fact", "place_id"),
    [
        (figure(place_quoted="Ventura", state_quoted="CA"), "06111"),
        (figure(state_quoted="California"), "06"),
        (figure(facility_quoted="Santa Clara Main Jail", state_quoted="CA"), "06085"),
        (figure(facility_quoted="Unknown Jail", place_quoted="Cook County", state_quoted="IL"), "17031"),
        (figure(facility_quoted="Unknown Jail", state_quoted="IL"), None),
        (figure(), None),
        (CaseAccount(position=1, agency_quoted="NYPD", state_quoted="NY"), "city:nyc"),
        (Policy(jurisdiction_quoted="Travis County, Texas (San Antonio)"), "48453"),
        (ListedRow(cells="{}", row_key="[]", row_no=1, place_quoted="Lake County, IN"), "18089"),
        (Correction(corrects_key="x", place_quoted="Franklin County", state_quoted="Iowa"), "19069"),
        (
            DetainerRecord(record_key="1", cells="{}", facility_quoted="COOK COUNTY JAIL", state_quoted="ILLINOIS"),
            "17031",
        ),
        (DetainerRecord(record_key="1", cells="{}", state_quoted="ILLINOIS"), None),
        (Agreement(state_quoted="FLORIDA", agency_quoted="a", county_quoted="Alachua County"), "12001"),
        (Agreement(state_quoted="GEORGIA", agency_quoted="a", type_quoted="County", county_quoted="Decatur"), "13087"),
        (Agreement(state_quoted="FLORIDA", agency_quoted="a", type_quoted="State Agency", county_quoted="#N/A"), "12"),
        (Agreement(state_quoted="FLORIDA", agency_quoted="a", type_quoted="Municipality", county_quoted="#N/A"), None),
        (Agreement(state_quoted="FLORIDA", agency_quoted="a"), None),
    ],
)
def test_a_fact_gets_the_place_it_names_and_keeps_its_words(fact, place_id) -> None:  # type: ignore[no-untyped-def]
    resolved = resolver(GAZETTEER)(fact)
    assert resolved == replace(fact, place_id=place_id)


def test_every_named_county_of_a_real_287g_list_is_found(corpus: Path) -> None:
    book = openpyxl.load_workbook(sorted((corpus / "ice-287g").glob("*.xlsx"))[-1])
    agreements = [
        Agreement(state_quoted=row[0], agency_quoted=row[1], type_quoted=row[2], county_quoted=row[3])
        for row in book.active.iter_rows(min_row=2, max_col=4, values_only=True)
        if row[0] and row[3] not in ("#N/A", "N/A", None)
    ]
    book.close()
    facts = list(map(resolver(GAZETTEER), agreements))
    assert len(facts) > 500
    unknown = {(fact.county_quoted, fact.state_quoted) for fact in facts if fact.place_id is None}  # type: ignore[union-attr]
    assert unknown == {("Albemarle County", "NORTH CAROLINA")}, "a jail district named in the county column"


def test_every_county_of_the_real_policy_map_is_found(corpus: Path) -> None:
    with (corpus / "cis" / "cis_sanctuary_map_copy.csv").open(encoding="utf-8", newline="") as lines:
        named = {row["Location"] for row in csv.DictReader(lines) if " County, " in row["Location"]}
    assert {name for name in named if GAZETTEER.find(name) is None} == {"Cass County, lowa"}


def test_every_place_of_the_real_justice_department_list_is_right_or_open(corpus: Path) -> None:
    with (corpus / "doj" / "doj_list_2025-08-05.csv").open(encoding="utf-8", newline="") as lines:
        listed = list(csv.DictReader(lines))
    found = {row["name_as_published"]: GAZETTEER.find(row["name_as_published"]) for row in listed}
    assert [name for name, place_id in found.items() if place_id is None] == []
    assert {found[row["name_as_published"]][:5] for row in listed if row["type"] == "COUNTY"} == {  # type: ignore[index]
        "24005",
        "17031",
        "06073",
        "06075",
    }
