"""What changes at each serving is quiet, what a publisher states is not."""

import re
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scraper.readers.noise import quiet


@pytest.mark.parametrize(
    "paragraph",
    [
        "Last updated: March 3, 2025",
        "Last generated 10:05:33",
        "Page generated at 2026-11-23T04:00:00Z",
        "Last generated: Mon, 23 Nov 2026 04:00:00 GMT",
        "This page was last updated on January 3, 2026.",
        "Last updated November 23, 2026 at 4:05 PM ET",
        "Updated: 01/24/2025",
        "Generated 1763870400",
        "3 hours ago",
        "Posted 3 hours ago",
        "an hour ago",
        "Updated 5 minutes ago",
        "1,024 views",
        "Views: 33",
        "12 shares · 3 comments",
        "Session ID: 8f3a9c",
        "Request id 0f3e-88aa",
        "Page generated in 0.23 seconds",
        "Served by web03",
        "Advertisement",
        "© 2026 Example",
        "5 min read",
        "You are visitor 123,456",
        "Report run time: 03/03/2017 04:00:12",
        "As of 11/23/2026 4:00:12 PM",
        "Last modified: Mon, 23 Nov 2026 04:00:00 GMT",
        "Last Reviewed: 11/23/2026",
        "Copyright © 2015-2026 Example. All rights reserved.",
        "We use cookies to improve your experience.",
        "Shares 33",
        "17 people are reading this story right now",
        "Last generated | 11/23/2026 4:00 PM",
    ],
)
def test_clocks_counters_and_ids_are_quiet(paragraph: str) -> None:
    """C12."""
    assert quiet((paragraph, "Text.")) == ("Text.",)


@pytest.mark.parametrize(
    ("paragraph", "kept"),
    [
        ("Staff · 3 hours ago · 12 views", "Staff"),
        ("Declined report 3 hours ago", "Declined report"),
        ("The list posted 3 weeks ago names 440 places.", "The list names 440 places."),
        ("Report (updated 2 days ago)", "Report"),
        ("News | Last generated 10:05 | 2017", "News | 2017"),
        ("Cook County | 1,804 | 3 hours ago", "Cook County | 1,804"),
    ],
)
def test_only_the_counter_goes_from_a_line_that_says_more(paragraph: str, kept: str) -> None:
    """C12."""
    assert quiet((paragraph,)) == (kept,)


@pytest.mark.parametrize(
    "paragraph",
    [
        "Cook County | 206",
        "Cook County | Updated 3/20/2017",
        "Cook County | 3/20/2017 | 12",
        "The policy was last updated on March 3, 2017 by the board.",
        "ICE lodged 440 detainers 3 years ago.",
        "Arrested on Feb. 8, he was arrested again 3 days later",
        "He was released 3 hours ago.",
        "Updated data through February 6, 2025",
        "Data as of 2025-02-06",
        "Case ID: 12345678",
        "Total declined: 8,811",
        "13 people declined",
        "February 2017",
        "3/20/2017",
        "440",
        "Updated: 440",
        "Cook County | 1,804 comments | Views: 33",
        "Cook County | Last updated: March 3, 2017 10:05 AM | 206",
        "Rule | Request ID: 2019-12345",
        "Request ID: 2017-ICFO-12345",
        "(c) 440 detainers were declined in 2017.",
        "Copyright cases rose to 440.",
        "13 people watching the jail",
        "As of March 3, 2017",
        "Data as of 02/03/2017 10:05: 440 detainers",
        "Revised: March 3, 2017",
        "Report date: 03/03/2017",
        "1763870400",
        "Last updated | March 3, 2017 10:05",
        "11/23/2026 4:00 PM",
    ],
)
def test_a_figure_or_date_that_is_stated_is_never_swallowed(paragraph: str) -> None:
    """C13: "a figure that changed inside a sentence must be seen"."""
    assert quiet((paragraph,)) == (paragraph,)


@given(st.integers(min_value=0, max_value=99_999), st.sampled_from(["detainers", "people", "cases", "agreements"]))
def test_every_changed_count_in_a_sentence_is_seen(count: int, unit: str) -> None:
    """C13."""
    before, after = (f"The report lists {number:,} {unit} | 3 hours ago" for number in (count, count + 1))
    assert quiet((before,)) != quiet((after,)) != ()


@given(st.text(alphabet="0123456789 ,:|·agoupdatedviews\n", max_size=200))
def test_no_line_is_read_twice_differently(line: str) -> None:
    once = quiet((" ".join(line.split()),))
    assert len(once) <= 1
    assert all(text == text.strip() and text for text in once)


def test_a_time_below_the_label_of_a_clock_is_quiet_and_a_date_or_figure_there_is_not() -> None:
    assert quiet(("Last updated:", "11/23/2026 4:00 PM", "Text.")) == ("Last updated:", "Text.")
    for stated in ("March 3, 2017", "440", "At 10:05 the count was 440."):
        assert quiet(("Last updated:", stated)) == ("Last updated:", stated)


NUMBERS = st.integers(0, 9_999_999).map("{:,}".format) | st.integers(0, 9_999_999_999).map(str)
DATES = st.dates(min_value=date(1990, 1, 1)).flatmap(
    lambda day: st.sampled_from(
        [
            f"{day:%m/%d/%Y}",
            f"{day:%B} {day.day}, {day.year}",
            f"{day:%b}. {day.day}",
            f"{day:%Y-%m-%d}",
            f"{day:%B %Y}",
        ]
    )
)
TIMES = st.times().map(lambda time: f"{time:%H:%M}")
FIGURES = NUMBERS | DATES | NUMBERS.map("{} %".format) | NUMBERS.map("${}".format)
CELLS = st.one_of(
    st.sampled_from(["Cook County", "IL", "Montgomery County Jail", "Assault", "Declined", "", "N/A"]),
    FIGURES,
    st.tuples(DATES, TIMES).map(" ".join),
    DATES.map("Updated {}".format),
    st.tuples(st.just("Last updated:"), DATES, TIMES).map(" ".join),
    NUMBERS.map("{} comments".format),
    NUMBERS.map("Views: {}".format),
    NUMBERS.map("Case ID: {}".format),
    NUMBERS.map("{} days".format),
)


@given(st.lists(CELLS, min_size=2, max_size=8))
def test_no_row_of_a_table_is_ever_changed(cells: list[str]) -> None:
    row = " | ".join(cells).strip()
    assert quiet((row,)) == (row,)


SENTENCES = st.builds(
    "{} {} {} {} {} {}{}".format,
    st.sampled_from(
        ["Updated data show that", "ICE", "Views differ:", "The page says", "As of now,", "In 2017, 5 jails"]
    ),
    st.sampled_from(["declined", "posted", "last updated", "generated", "recorded", "has seen"]),
    FIGURES,
    st.sampled_from(["detainers", "comments on detainers", "reads of the list", "people online in jail", "cases"]),
    st.sampled_from(["on", "at", "as of", "last updated on", "since"]),
    DATES | TIMES | NUMBERS,
    st.sampled_from(["", ".", " in Cook County.", " of 3 years"]),
)


@given(SENTENCES)
def test_no_sentence_with_a_figure_or_date_is_ever_changed(sentence: str) -> None:
    assert quiet((sentence,)) == (sentence,)
    assert quiet((f"{sentence} · 3 hours ago",)) == (sentence,)


CLOCK_TEXT = (
    "last updated generated page data as of at on served views viewed times comments shares now today posted report "
    "run time session id: build key: read min in seconds by • · | - : ago hours a the was"
)


@given(
    st.lists(st.sampled_from(CLOCK_TEXT.split()) | NUMBERS | DATES | TIMES, max_size=8),
    st.sampled_from(["detainers", "declined", "Cook", "jail"]),
    st.integers(0, 8),
    FIGURES,
)
def test_no_figure_beside_a_word_of_content_is_lost(words: list[str], word: str, where: int, figure: str) -> None:
    """However many words of clocks and counters stand around them."""
    line = " ".join([*words[:where], word, figure, *words[where:]])
    kept = " ".join(quiet((line,)))
    assert f"{word} {figure}" in kept or re.match(r"(?:a |the )?(?:hours|seconds|min) ago", " ".join(words[where:])), (
        kept
    )
