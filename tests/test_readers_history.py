"""The history of record: what a newcomer finds, and what a wrong row in it says."""

import csv
import io
import json
from pathlib import Path

import pytest

from scraper import readers
from scraper.errors import DocumentError
from scraper.model import CaseAccount, Correction, Document, Figure, Options, Reading
from scraper.places import Gazetteer, resolver
from scraper.readers import history
from scraper.terms import MEASURES, UNITS

REFERENCE = Path(__file__).parent.parent / "db" / "reference"
FILES = {path.name: path.read_text("utf-8") for path in sorted((REFERENCE / "history").glob("*.csv"))}
OPTIONS = Options(source_id="history", url="https://example.org/history", publisher="", title="")


def document(files: dict[str, str]) -> Document:
    return Document(
        url="https://example.org/history",
        data=history.bundle(files),
        media_type="application/json",
        charset="utf-8",
        captured_at="2026-11-23T00:00:00Z",
        sha256="0" * 64,
    )


WHOLE = document(FILES)
REFS = {ref.key: ref for ref in readers.discover("history", WHOLE, OPTIONS).refs}
WEEK_1 = "ice-ddor 2017-01-28..2017-02-03"
WEEK_3 = "ice-ddor 2017-02-11..2017-02-17"
CIS_2014 = "cis 2014-01-01..2014-08-31"
JUDICIAL_WATCH = "judicial-watch 2016-10-01..2016-12-31"
NEW_YORK = "ice-news 2018-01..2018-04"
QUARTERLY = "ice-ddr 2018-01-01..2018-03-31"
CIS_2025 = "cis 2022-10-01..2025-02-06"


def read(key: str) -> Reading:
    return readers.read("history", WHOLE, REFS[key], OPTIONS)


def figures(key: str) -> list[Figure]:
    return [fact for fact in read(key).facts if isinstance(fact, Figure)]


def stated(key: str) -> set[tuple[str | None, str | None, str, float | int | None]]:
    return {(one.measure, one.unit, one.bound, one.value) for one in figures(key)}


def test_the_releases_of_record_and_the_three_weekly_reports_are_listed_with_series_and_period() -> None:
    found = readers.discover("history", WHOLE, OPTIONS)
    assert found.itself
    assert len(REFS) == len(found.refs) == 8
    assert {ref.series for ref in found.refs} == {"ice-ddor", "ice-ddr", "judicial-watch", "cis", "ice-news"}
    assert all(ref.key == f"{ref.series} {ref.period_start}..{ref.period_end}" for ref in found.refs)
    assert REFS[CIS_2025].published == "2025-04-09"


@pytest.mark.parametrize(
    ("key", "measure", "unit", "bound", "value"),
    [
        (CIS_2014, "detainer_declined", "detainers", "exact", 8811),
        (CIS_2014, "people_declined", "people", "exact", 8145),
        (CIS_2014, "prior_record_or_concern", "percent", "exact", 63),
        (CIS_2014, "people_rearrested", "people", "exact", 1867),
        (CIS_2014, "people_rearrested", "people", "about", 1800),
        (CIS_2014, "rearrest", "arrests", "exact", 4298),
        (CIS_2014, "charge_after_release", "charges", "exact", 7491),
        (CIS_2014, "charge_after_release", "charges", "about", 7500),
        (CIS_2014, "jurisdictions_declining", "jurisdictions", "exact", 276),
        (CIS_2014, "detainer_declined", "detainers", "at_least", 17000),
        (JUDICIAL_WATCH, "detainer_declined", "detainers", "exact", 284),
        (JUDICIAL_WATCH, "detainer_declined", "detainers", "exact", 188),
        (WEEK_1, "detainer_issued", "detainers", "exact", 3083),
        (WEEK_1, "detainer_declined", "detainers", "exact", 206),
        ("ice-ddor 2017-02-04..2017-02-10", "detainer_issued", "detainers", "exact", 2825),
        ("ice-ddor 2017-02-04..2017-02-10", "detainer_declined", "detainers", "exact", 47),
        (NEW_YORK, "detainer_issued", "detainers", "exact", 440),
        (NEW_YORK, "people_rearrested", "people", "exact", 40),
        (NEW_YORK, "people_rearrested", "percent", "about", 9),
        (NEW_YORK, None, "cases", "exact", 7),
        (QUARTERLY, None, "cases", "exact", 16),
        (CIS_2025, "detainer_declined", "detainers", "exact", 25283),
        (CIS_2025, "detainer_declined", "detainers", "exact", 13025),
        (CIS_2025, "insufficient_notice", "detainers", "at_least", 1400),
        (CIS_2025, "declined_or_insufficient_notice", "detainers", "exact", 2981),
        (CIS_2025, "homicide_charge_or_conviction", "people", "exact", 72),
    ],
)
def test_each_number_of_record_is_stored_with_its_measure_unit_and_bound(
    key: str, measure: str | None, unit: str, bound: str, value: int
) -> None:
    assert (measure, unit, bound, value) in stated(key)


def test_figures_that_cannot_share_a_denominator_are_kept_and_flagged() -> None:
    declined = [one for one in figures(JUDICIAL_WATCH) if one.measure == "detainer_declined"]
    places = [one for one in declined if one.place_quoted]
    total = next(one for one in declined if not one.place_quoted)
    assert sum(one.value or 0 for one in places) == 480
    assert total.value == 284
    assert all("480" in one.note and "284" in one.note for one in declined)


def test_every_figure_says_how_we_know_it_and_speaks_in_the_words_of_the_product() -> None:
    every = [one for key in REFS for one in figures(key)]
    assert len(every) == len(list(csv.DictReader(io.StringIO(FILES["figures.csv"]))))
    assert all("read in" in one.note.lower() or "reported" in one.note or "Not checked" in one.note for one in every)
    assert {one.measure for one in every} - {None} <= MEASURES
    assert {one.unit for one in every} - {None} <= UNITS
    assert {one.measure for one in every if one.unit is None} == {"offence_listed"}
    assert all(one.value_quoted for one in every)


def test_the_third_weekly_report_corrects_the_first_place_by_place() -> None:
    corrections = [fact for fact in read(WEEK_3).facts if isinstance(fact, Correction)]
    assert {one.corrects_key for one in corrections} == {WEEK_1}
    assert {(one.place_quoted, one.state_quoted) for one in corrections} == {
        ("Franklin County", "Iowa"),
        ("Franklin County", "New York"),
        ("Franklin County", "Pennsylvania"),
        ("Montgomery County", "Iowa"),
        ("Williamson County", "Texas"),
        ("Bastrop County", "Texas"),
        ("Chester County", "Pennsylvania"),
        ("Richmond County", "North Carolina"),
    }


def test_only_known_details_of_case_accounts_are_told() -> None:
    cases = [fact for fact in read(QUARTERLY).facts if isinstance(fact, CaseAccount)]
    dates = [(case.position, case.arrested_on, case.rearrested_on) for case in cases]
    assert dates == [(1, "2018-01", "2018-02"), (2, "2017-12", "2018-01")]
    assert not any(isinstance(fact, CaseAccount) for fact in read(NEW_YORK).facts)


def test_every_place_of_the_history_is_found() -> None:
    tables = []
    for name in ("places.csv", "aliases.csv"):
        with (REFERENCE / name).open(encoding="utf-8", newline="") as lines:
            tables.append(list(csv.DictReader(lines)))
    gazetteer = Gazetteer.of(*tables)
    facts = [fact for key in REFS for fact in map(resolver(gazetteer), read(key).facts)]
    named = [fact for fact in facts if getattr(fact, "place_quoted", "") or getattr(fact, "state_quoted", "")]
    assert len(named) > 30
    assert [fact for fact in named if fact.place_id is None] == []


def test_equal_files_give_an_equal_bundle_whatever_their_order() -> None:
    turned = dict(reversed(list(FILES.items())))
    assert history.bundle(turned) == history.bundle(FILES)
    assert json.loads(history.bundle(FILES)) == FILES


FIGURE = "key,measure,unit,bound,value,value_quoted,period_start\n"


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        (
            "figures.csv",
            FIGURE + f"{WEEK_1},refused,detainers,exact,1,1,\n",
            'figures.csv, line 2: "refused" under measure',
        ),
        ("figures.csv", FIGURE + f"{WEEK_1},,aliens,exact,1,1,\n", '"aliens" under unit'),
        ("figures.csv", FIGURE + f"{WEEK_1},,people,circa,1,1,\n", '"circa" under bound'),
        ("figures.csv", FIGURE + f"{WEEK_1},,people,exact,many,many,\n", '"many" under value'),
        ("figures.csv", FIGURE + f"{WEEK_1},,people,exact,1,1,2017-02-30\n", '"2017-02-30" under period_start'),
        ("figures.csv", FIGURE + "nowhere,,people,exact,1,1,\n", '"nowhere" under key'),
        ("figures.csv", FIGURE + f"{WEEK_1},,people,exact,1,1,,2\n", "more cells than columns"),
        ("figures.csv", f"key,colour,bound,measure,unit\n{WEEK_1},red,exact,,people\n", '"colour" is not known'),
        ("cases.csv", f"key,position,age\n{WEEK_1},1,young\n", '"young" under age'),
        ("cases.csv", f"key,position\n{WEEK_1},\n", "under position"),
        ("corrections.csv", f"key,corrects_key\n{WEEK_1},\n", "under corrects_key"),
        ("corrections.csv", f"key,corrects_key,measure\n{WEEK_1},x,sum\n", '"sum" under measure'),
    ],
)
def test_a_wrong_row_is_named_by_file_and_line(name: str, text: str, words: str) -> None:
    with pytest.raises(DocumentError) as raised:
        readers.read("history", document({**FILES, name: text}), REFS[WEEK_1], OPTIONS)
    assert words in str(raised.value)
    assert name in str(raised.value)


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({}, "lacks releases.csv"),
        ({**FILES, "releases.csv": "key,title,url,publisher\n" + "x,t,u,p\n" * 2}, "twice"),
        ({**FILES, "releases.csv": "key,title,url,publisher\nx,,https://example.org,y\n"}, "under title"),
        ({**FILES, "releases.csv": "key,title,url,publisher,published\nx,t,u,p,soon\n"}, '"soon" under published'),
    ],
)
def test_a_broken_bundle_lists_nothing(files: dict[str, str], words: str) -> None:
    with pytest.raises(DocumentError, match=words):
        readers.discover("history", document(files), OPTIONS)
