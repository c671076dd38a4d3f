"""What text counts as a number or a date, and what does not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scraper.documents import values


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("13,025", 13025),
        ("188 [1]", 188),
        ("188*", 188),
        ("188¹", 188),
        ("0", 0),
        (" 2,981 ", 2981),
        ("188 † [a]", 188),
    ],
)
def test_counts_are_read_without_their_footnote_marks(text: str, count: int) -> None:
    """C7."""
    assert values.integer(text) == count


@pytest.mark.parametrize(
    "text",
    [
        "-3",
        "12.5",
        "52%",
        "many",
        "",
        "1.234",
        "12,34",
        "1,2345",
        "0,123",
        "(188)",
        "9" * 16,
        "١٢",
        "1 234",
        "[1]",
        "*",
    ],
)
def test_an_uncertain_count_is_no_count(text: str) -> None:
    """C6."""
    assert values.integer(text) is None


@pytest.mark.parametrize(
    ("text", "value"), [("1,234.5", 1234.5), ("-3", -3), ("−3.25", -3.25), ("12", 12), ("12,34", None), ("1e5", None)]
)
def test_decimals_are_read_as_in_the_united_states(text: str, value: float | None) -> None:
    assert values.number(text) == value


def test_percent_and_money_need_their_sign() -> None:
    assert [values.percent(text) for text in ("52 %", "9.5 percent", "0.52")] == [52, 9.5, None]
    assert [values.money(text) for text in ("$1,234.50", "-$3", "12", "$-3")] == [1234.5, -3, None, None]


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("Jan. 28, 2017", "2017-01-28"),
        ("February 2017", "2017-02"),
        ("3/20/2017", "2017-03-20"),
        ("2017-03-20", "2017-03-20"),
        ("2025-01-24T15:42:31-05:00", "2025-01-24"),
        ("20 March 2017", "2017-03-20"),
        ("Sept. 6, 2017", "2017-09-06"),
        ("Monday, March 20th, 2017", "2017-03-20"),
        ("2017-03", "2017-03"),
        ("March\xa05,\n2019", "2019-03-05"),
        ("Dec. 31, 2099", "2099-12-31"),
    ],
)
def test_dates_keep_the_precision_they_were_written_with(text: str, iso: str) -> None:
    """C11 for the last."""
    assert values.date(text) == iso


@pytest.mark.parametrize(
    "text", ["7/72025", "Sep-14", "2/30/2017", "13/1/2017", "Feb. 29, 2017", "2017", "3/20/17", "May", "0001-01-01", ""]
)
def test_an_uncertain_date_is_no_date(text: str) -> None:
    assert values.date(text) is None


def test_a_month_with_two_digits_is_a_year_only_when_asked() -> None:
    assert [values.month_year(text) for text in ("Sep-14", "September 2014", "14-Sep")] == ["2014-09", "2014-09", None]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Ventura County*", "Ventura County"),
        ("Denver [1]", "Denver"),
        ("Clark¹", "Clark"),
        ("Iowa City (Saint Paul)", "Iowa City (Saint Paul)"),
        ("*", "*"),
    ],
)
def test_a_name_loses_its_footnote_marks_and_nothing_else(text: str, name: str) -> None:
    assert values.unfootnoted(text) == name


def test_keys_ignore_case_space_and_invisible_marks_but_not_look_alike_letters() -> None:
    """C10."""
    assert values.key("Cook\xa0 County\u200b\u200f") == values.key("cook county")
    assert values.key("Dona Ana".replace("n", "n\u0303", 1)) == values.key("Doña Ana")
    assert values.key("Сook County") != values.key("Cook County")


@given(st.text())
def test_no_text_at_all_breaks_a_reading_of_values(text: str) -> None:
    read = [values.integer(text), values.number(text), values.percent(text), values.money(text)]
    assert all(value is None or abs(value) < 10**15 for value in read)
    assert values.key(values.key(text)) == values.key(text)
    assert values.fold(values.unfootnoted(text)) == values.unfootnoted(text)
    assert values.date(text) is None or text.strip()


@given(st.integers(min_value=0, max_value=10**15 - 1))
def test_every_count_is_read_back_from_its_grouped_form(count: int) -> None:
    assert values.integer(f"{count:,}") == count == values.integer(str(count))
