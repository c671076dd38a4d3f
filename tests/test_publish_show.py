"""Values read as a person reads them, and every column is explained."""

import sqlite3
from pathlib import Path

import pytest

from scraper.publish import command, describe, environment, show
from tests.site_data import create, settings


def figure(**values: object) -> dict[str, object]:
    return {"value": None, "value_quoted": "", "bound": "exact", "unit": "detainers"} | values


def test_every_table_view_and_column_is_explained_and_nothing_else(tmp_path: Path) -> None:
    connection = create(tmp_path / "detainers.db")
    names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')")]
    names = [name for name in names if "_fts" not in name and name != "sqlite_sequence"]
    columns = {
        name: {row[0] for row in connection.execute("SELECT name FROM pragma_table_info(?)", (name,))} for name in names
    }
    connection.close()
    explained = {name: {column for column in words if column} for name, words in describe().items()}
    assert explained == columns
    assert all(text for words in describe().values() for text in words.values())


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"value": 13025}, "13,025 detainers"),
        ({"value": 25000, "bound": "at_least"}, "at least 25,000 detainers"),
        ({"value": 9.0, "bound": "about", "unit": "percent"}, "about 9 %"),
        ({"value": 1, "unit": "people"}, "1 person"),
        ({"value": 0}, "0 detainers"),
        ({}, "not stated"),
        ({"value_quoted": "several"}, "“several”"),
        ({"value": 12.5, "unit": None}, "12.5"),
    ],
)
def test_a_figure_prints_with_bound_separators_and_unit(values: dict[str, object], words: str) -> None:
    assert show.amount(figure(**values)) == words


def test_days_months_and_periods_read_in_words() -> None:
    assert show.day("2018-01-31") == "31 Jan 2018"
    assert show.day("2018-01") == "Jan 2018"
    assert show.day("Sep-14") == "Sep-14"
    assert show.span("2017-01-28", "2017-02-03") == "28 Jan 2017 – 3 Feb 2017"
    assert show.span(None, None) == "period not stated"
    assert show.moment("2026-11-23T04:00:00Z") == "23 Nov 2026, 04:00 UTC"
    assert show.moment(None) == "never"


def test_a_locator_reads_in_words_and_a_damaged_one_does_no_harm() -> None:
    assert show.where('{"row": 4, "page": 2, "column": "Declined"}') == "page 2, row 4, column “Declined”"
    assert show.where('{"box": [1, 2, 3.5, 4]}') == "box 1 × 2 × 3.5 × 4"
    assert show.where("not json") == "not stated"


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "data:text/html,x", "//evil.test", "http://", "/x", "", None, "http://["]
)
def test_w5_only_web_addresses_become_links(url: str | None) -> None:
    assert show.outside(url) == ""
    assert show.outside("https://www.example.org/a?b") == "https://www.example.org/a?b"


def test_only_a_figure_s_value_gets_separators_in_a_change() -> None:
    assert show.changed("13207", "value") == "13,207"
    assert show.changed("13207", "cells") == "13207"
    assert show.changed("", "value") == "not stated"


def test_w3_the_child_process_is_given_neither_deliveries_nor_addresses(tmp_path: Path) -> None:
    asked = settings(tmp_path)
    handed = " ".join([*command(asked), *environment(asked), *environment(asked).values()])
    assert str(asked.storage.database) in handed
    assert "deliveries" not in handed
    assert "@" not in handed
    assert sqlite3.sqlite_version_info >= (3, 37), "STRICT tables need SQLite 3.37"
