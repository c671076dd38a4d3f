"""What changes at each serving is quiet, what a publisher states is not."""

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
