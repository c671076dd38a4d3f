"""Numbers in sentences: what is counted, how exactly, where and when; a doubtful one is a mention and nothing more."""

import re
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from scraper.model import Figure, Locator
from scraper.readers import periods, prose

Told = tuple[str | None, str | None, str, float | int | None]


def told(text: str, topical: bool = False) -> list[Told]:
    return [(one.measure, one.unit, one.bound, one.value) for one in prose.figures((text,), topical=topical)]


def only(text: str) -> Figure:
    (figure,) = prose.figures((text,))
    return figure


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        (
            "Of the 206 declined detainers, 40 people were re-arrested 55 times on 81 new charges.",
            [
                ("detainer_declined", "detainers", "exact", 206),
                ("people_rearrested", "people", "exact", 40),
                ("rearrest", "arrests", "exact", 55),
                ("charge_after_release", "charges", "exact", 81),
            ],
        ),
        (
            "After detainers were declined, 1,867 of the 8,145 individuals were subsequently re-arrested.",
            [("people_rearrested", "people", "exact", 1867), (None, "people", "exact", 8145)],
        ),
        (
            "Detainers were declined by 276 jurisdictions, and 63 percent of the individuals had prior records.",
            [
                ("jurisdictions_declining", "jurisdictions", "exact", 276),
                ("prior_record_or_concern", "percent", "exact", 63),
            ],
        ),
        (
            "More than 25,000 detainers were declined and more than 1,400 detainers had insufficient notice.",
            [
                ("detainer_declined", "detainers", "at_least", 25000),
                ("insufficient_notice", "detainers", "at_least", 1400),
            ],
        ),
        (
            "2,981 detainers were declined or had insufficient notice.",
            [("declined_or_insufficient_notice", "detainers", "exact", 2981)],
        ),
        (
            "ICE lodged 440 detainers; seventy-two individuals with homicide charges or convictions were named.",
            [
                ("detainer_issued", "detainers", "exact", 440),
                ("homicide_charge_or_conviction", "people", "exact", 72),
            ],
        ),
        (
            "No detainer is met except for those that fall within the 170 crimes considered egregious.",
            [("offence_listed", "offences", "exact", 170)],
        ),
        (
            "The county released 12 individuals despite active ICE detainers.",
            [("people_declined", "people", "exact", 12)],
        ),
        (
            "12 of the 206 detainers were declined.",
            [("detainer_declined", "detainers", "exact", 12), (None, "detainers", "exact", 206)],
        ),
        ("A total of 284 detainers were declined.", [("detainer_declined", "detainers", "exact", 284)]),
        ("No more than 188 detainers were declined.", [("detainer_declined", "detainers", "at_most", 188)]),
        ("188 or more detainers were declined.", [("detainer_declined", "detainers", "at_least", 188)]),
        ("Some 25,000-plus detainers were ignored.", [("detainer_declined", "detainers", "about", 25000)]),
    ],
)  # fmt: skip
def test_each_count_has_its_own_measure_unit_and_bound(sentence: str, expected: list[Told]) -> None:
    assert told(sentence) == expected


@pytest.mark.parametrize(
    "sentence",
    [
        "Of the 440 detainers issued to the NYPD most were ignored.",
        "Most of the 206 detainers were declined.",
        "None of the 206 detainers were declined.",
        "Not all 206 detainers were declined.",
        "Between 200 and 300 detainers were declined.",
        "As many as 200-300 detainers were declined.",
        "An average of 206 detainers were declined.",
        "The county said 206 detainers were declined per year.",
        "The press incorrectly reported that 206 detainers were declined.",
        "He asked whether 206 detainers were declined.",
        "If 206 detainers were declined, the report would say so.",
        "206 detainers were declined or withdrawn.",
        "The sheriff declined to say whether ICE issued 206 detainers.",
        "Kern County declined comment on 65 detainers.",
        "ICE arrested 20 people whose detainers were ignored.",
        "ICE arrests more than 20 released in New York after detainers ignored.",
        "40 people were re-arrested by ICE officers after detainers were ignored.",
        "About 9 percent of the detainers led to arrests.",
        "Only 9 percent of 440 detainers were declined.",
        "He was re-arrested three times after his detainer was declined and he was released.",
        "Some 170 offenses are listed beside the detainer.",
        "ICE did not issue 206 detainers.",
        "The detainer policy covers 276 jurisdictions.",
    ],
)
def test_a_doubtful_number_has_no_measure(sentence: str) -> None:
    """Section I of the weekly reports counts detainers issued; the press gave it as declined. Nothing like it here."""
    found = prose.figures((sentence,))
    assert [figure.measure for figure in found] == [None] * len(found)


@pytest.mark.parametrize(
    "sentence",
    [
        "ICE said in 2018 detainers were declined.",
        "A fine of $188 follows a detainer.",
        "Executive Order 13768 speaks of detainers.",
        "Form I-247 and 8 CFR 287.7 are about the detainer, 31, of 6 years.",
        "A detainer for a 34-year-old man was lodged on the 12th.",
    ],
)
def test_years_money_forms_laws_and_ages_are_no_figures(sentence: str) -> None:
    assert told(sentence) == []


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        (
            "Meanwhile, 206 detainers issued by ICE were declined by jurisdictions throughout the country.",
            [("detainer_declined", "detainers", "exact", 206)],
        ),
        (
            "Of 3,083 detainers issued, local agencies declined 206.",
            [(None, "detainers", "exact", 3083), (None, None, "exact", 206)],
        ),
        (
            "The city ignored 1,526 of 2,916 detainers.",
            [("detainer_declined", "detainers", "exact", 1526), (None, "detainers", "exact", 2916)],
        ),
        (
            "ICE lodged 3 detainers per 1,000 people.",
            [(None, "detainers", "exact", 3), (None, "people", "exact", 1000)],
        ),
        (
            "After 440 detainers were declined, 40 individuals, about 9 percent, were re-arrested.",
            [
                ("detainer_declined", "detainers", "exact", 440),
                ("people_rearrested", "people", "exact", 40),
                (None, "percent", "about", 9),
            ],
        ),
        (
            "A total of 1,800 offenders were released following declined detainers.",
            [("people_declined", "people", "exact", 1800)],
        ),
        ("There were 142 detainers declined.", [("detainer_declined", "detainers", "exact", 142)]),
        (
            "In the first quarter, counties denied 284 detainer requests.",
            [("detainer_declined", "detainers", "exact", 284)],
        ),
        ("ICE denied that 284 detainers were declined.", [(None, "detainers", "exact", 284)]),
    ],
)
def test_sentences_of_the_press_and_of_reports(sentence: str, expected: list[Told]) -> None:
    assert told(sentence) == expected


def test_people_detainers_arrests_charges_and_percent_never_share_a_unit() -> None:
    text = (
        "Of 8,811 declined detainers for 8,145 individuals, 1,867 individuals were re-arrested 4,298 times on 7,491 "
        "new charges, and 63 percent of the individuals had prior records."
    )
    units = {figure.value: figure.unit for figure in prose.figures((text,))}
    assert units == {
        8811: "detainers", 8145: "people", 1867: "people", 4298: "arrests", 7491: "charges", 63: "percent"
    }  # fmt: skip


PERIODS = [
    ("between January 28, 2017, and February 3, 2017", "2017-01-28", "2017-02-03"),
    ("during the week of February 4, 2017 and February 10, 2017", "2017-02-04", "2017-02-10"),
    ("from Jan. 28 – Feb. 3, 2017", "2017-01-28", "2017-02-03"),
    ("from Dec. 30 through Jan. 5, 2018", "2017-12-30", "2018-01-05"),
    ("from October 2022 to February 2025", "2022-10", "2025-02"),
    ("from October 2022 through February 6, 2025", "2022-10", "2025-02-06"),
    ("in the first quarter of fiscal year 2017", "2016-10-01", "2016-12-31"),
    ("during the first three months of fiscal year 2017", "2016-10-01", "2016-12-31"),
    ("during the first four months of 2017", "2017-01-01", "2017-04-30"),
    ("in the second quarter of Fiscal Year (FY) 2018", "2018-01-01", "2018-03-31"),
    ("in FY 2019", "2018-10-01", "2019-09-30"),
    ("in fiscal years 2016 and 2017", "2015-10-01", "2017-09-30"),
    ("in 2014", "2014-01-01", "2014-12-31"),
    ("between January 1 and August 31, 2014", "2014-01-01", "2014-08-31"),
    ("from January through mid-April 2018", "2018-01", "2018-04"),
    ("in July 2018", "2018-07", "2018-07"),
    ("by June 2015", None, "2015-06"),
    ("since 2014", "2014-01-01", None),
]


@pytest.mark.parametrize(("words", "start", "end"), PERIODS)
def test_a_period_is_read_with_the_precision_of_its_words(words: str, start: str | None, end: str | None) -> None:
    after = only(f"The county declined 188 detainers {words}.")
    assert (after.measure, after.period_start, after.period_end) == ("detainer_declined", start, end)
    before = only(f"{words[0].upper()}{words[1:]}, ICE issued 440 detainers to the county.")
    assert (before.measure, before.period_start, before.period_end) == ("detainer_issued", start, end)


@pytest.mark.parametrize(
    "sentence",
    [
        "The sheriff, who took office in 2014, declined 188 detainers.",
        "A jail that opened in 2014 declined 188 detainers.",
        "Ventura County adopted its policy in 2014 and declined 188 detainers.",
        "The county declined 188 detainers under a law enacted in 2014.",
        "The county declined 188 detainers after the policy of January 2014.",
        "In 2014, the law was passed, and the county declined 188 detainers.",
        "In 2013 and in 2014, the county declined 188 detainers.",
        "The county declined 188 detainers in 2014 and in 2016.",
        "In 2018, from January to April, the county declined 188 detainers.",
        "In 2014, the county declined 188 detainers last year.",
        "The county declined 188 detainers in the first quarter of 2018.",
        "The county declined 188 detainers in March.",
        "The county declined 188 detainers, compared with 200 in 2014.",
        "The county declined 188 detainers, the report of July 2018 said.",
        "During the week of January 28, 2017, the county declined 188 detainers.",
        "The county declined 188 detainers in 2017-18.",
        "The county declined 188 detainers before 2014.",
    ],
)
def test_a_time_that_may_belong_to_something_else_is_no_period(sentence: str) -> None:
    (figure, *_) = [one for one in prose.figures((sentence,)) if one.value == 188]
    assert (figure.measure, figure.period_start, figure.period_end) == ("detainer_declined", None, None)


@pytest.mark.parametrize(
    ("sentence", "place", "state"),
    [
        ("Kern County, California, declined 65 detainers.", "Kern County", "California"),
        ("Kern County declined 65 detainers.", "Kern County", ""),
        ("California declined 13,025 detainers.", "", "California"),
        ("In all, 65 detainers were declined by Kern County, CA.", "Kern County", "CA"),
        ("65 detainers were declined in Denver, Colorado.", "Denver", "Colorado"),
        ("California accounted for 520 declined detainers.", "", "California"),
        ("65 detainers were declined in New York.", "", ""),
        ("65 detainers were declined in Kern County and Cook County.", "", ""),
        ("The sheriff of Kern County said the state declined 65 detainers.", "", ""),
        ("Kern County said the state declined 65 detainers.", "", ""),
    ],
)
def test_the_place_is_the_subject_beyond_doubt_or_empty(sentence: str, place: str, state: str) -> None:
    figure = only(sentence)
    assert (figure.measure, figure.place_quoted, figure.state_quoted) == ("detainer_declined", place, state)


def test_the_quote_is_the_whole_sentence_without_names_and_says_where_it_stands() -> None:
    sentence = "John Doe-Sample, 61, said 206 detainers were declined."
    (figure,) = prose.figures(("Intro.", f"First things first. {sentence} Then more."))
    assert figure.quote == "[name], 61, said 206 detainers were declined."
    assert figure.locator == Locator(paragraph=2)
    (paged,) = prose.figures((sentence,), locators=(Locator(page=3, paragraph=7),))
    assert paged.locator == Locator(page=3, paragraph=7)


def test_places_in_a_list_are_not_taken_for_people() -> None:
    sentence = "Counties that declined detainers were Palm Beach, FL (12); Baton Rouge, LA (9)."
    assert {figure.quote for figure in prose.figures((sentence,))} == {sentence}


def test_a_text_about_declined_detainers_is_read_where_the_word_is_not_repeated() -> None:
    assert told("Forty were re-arrested, and 9 offenses are listed.") == []
    assert told("Forty were re-arrested, and 9 offenses are listed.", topical=True) == [
        ("people_rearrested", "people", "exact", 40),
        (None, "offences", "exact", 9),
    ]


def test_a_list_of_places_gives_one_figure_each(corpus: Path) -> None:
    """Judicial Watch's own sentence: five places, then a total that they exceed; both are kept as stated."""
    text = (corpus / "judicial-watch/judicialwatch_2017-10-12.txt").read_text()
    paragraph = next(line for line in text.splitlines() if line.startswith("Leading the pack"))
    found = prose.figures((paragraph,))
    places = [(f.place_quoted, f.state_quoted, f.measure, f.unit, f.value) for f in found if f.state_quoted]
    assert places == [
        (place, state, "detainer_declined", "detainers", value)
        for place, state, value in (
            ("Ventura County", "CA", 188),
            ("Miami-Dade", "FL", 93),
            ("Denver", "CO", 74),
            ("Clark", "NV", 68),
            ("Los Angeles", "CA", 57),
        )
    ]
    (total,) = [f for f in found if f.value == 284]
    assert (total.measure, total.period_start, total.period_end) == ("detainer_declined", "2016-10-01", "2016-12-31")
    labelled = [(f.label_quoted, f.measure, f.value) for f in found if f.label_quoted]
    assert labelled == [("various forms of assault", None, 16), ("drug-and-alcohol-related charges", None, 39)]


@pytest.mark.parametrize(
    "sentence",
    [
        "Detainers were issued to, and declined by, Kern County, CA (65); Denver, CO (74).",
        "Not denying detainers were Kern County, CA (65); Denver, CO (74).",
        "Populous places with detainers are Kern County, CA (65); Denver, CO (74).",
    ],
)
def test_a_list_under_no_clear_measure_is_mentions_with_places(sentence: str) -> None:
    found = prose.figures((sentence,))
    assert [(f.measure, f.unit, f.place_quoted) for f in found] == [(None, None, "Kern County"), (None, None, "Denver")]


def test_the_real_openings_of_the_weekly_reports_state_what_ice_issued(corpus: Path) -> None:
    text = (corpus / "ddor/ddor_openings.txt").read_text()
    (first,) = [f for f in prose.figures(tuple(text.splitlines())) if f.value == 3083]
    assert (first.measure, first.unit, first.bound) == ("detainer_issued", "detainers", "exact")
    (second,) = [f for f in prose.figures(tuple(text.splitlines())) if f.value == 2825]
    assert (second.measure, second.period_start, second.period_end) == ("detainer_issued", "2017-02-04", "2017-02-10")
    assert not any(f.measure == "detainer_declined" for f in prose.figures(tuple(text.splitlines())))


def test_the_real_new_york_review_mixes_no_units(corpus: Path) -> None:
    text = (corpus / "ice-ny/ice_new_york_releases.txt").read_text().splitlines()
    found = {f.value: (f.measure, f.unit) for f in prose.figures((text[0],), topical=True)}
    assert found[170] == ("offence_listed", "offences")
    assert found[440][1] == "detainers"
    assert not {measure for measure, _ in found.values()} & {"detainer_declined", "people_declined"}


BOUNDS = {
    "": "exact", "more than ": "at_least", "at least ": "at_least", "no fewer than ": "at_least", "nearly ": "about",
    "about ": "about", "an estimated ": "about", "up to ": "at_most", "no more than ": "at_most",
    "a total of ": "exact",
}  # fmt: skip
STATED = {
    "ICE issued {} detainers": ("detainer_issued", "detainers"),
    "the county declined {} detainers": ("detainer_declined", "detainers"),
    "{} individuals whose detainers were declined spoke": ("people_declined", "people"),
    "after detainers were declined, {} people were later re-arrested": ("people_rearrested", "people"),
    "after the detainers, people were re-arrested {} times": ("rearrest", "arrests"),
    "detainers were declined by {} jurisdictions": ("jurisdictions_declining", "jurisdictions"),
}
TAKEN_BACK = (
    "it is not so that {}", "if {}, nothing follows", "the report wrongly said that {}", "{} would have been expected",
)  # fmt: skip


@given(
    st.sampled_from(sorted(BOUNDS)), st.integers(13, 999_999), st.sampled_from(sorted(STATED)), st.sampled_from(PERIODS)
)
def test_every_combination_of_bound_number_measure_and_period_is_exact(
    bound: str, number: int, words: str, period: tuple[str, str | None, str | None]
) -> None:
    assume(not 1900 <= number <= 2099)
    when, start, end = period
    figure = next(f for f in prose.figures((f"{words.format(f'{bound}{number:,}')} {when}.",)) if f.value == number)
    assert (figure.measure, figure.unit, figure.bound) == (*STATED[words], BOUNDS[bound])
    assert (figure.period_start, figure.period_end) == (start, end)


@given(st.integers(13, 1899), st.sampled_from(sorted(STATED)), st.sampled_from(TAKEN_BACK))
def test_a_statement_that_is_taken_back_states_nothing(number: int, words: str, back: str) -> None:
    found = prose.figures((back.format(words.format(number)) + ".",))
    assert {figure.measure for figure in found} <= {None}


@given(st.text(alphabet="0123456789, abcdetainrsw-–().;%$FYQ", max_size=200), st.booleans())
def test_no_text_breaks_the_rules_and_every_number_stands_in_its_quote(text: str, topical: bool) -> None:
    for figure in prose.figures((f"detainers {text}",), topical=topical):
        assert figure.value_quoted in figure.quote
        assert figure.value is not None


@given(st.integers(2000, 2099), st.integers(1, 4))
def test_a_fiscal_quarter_is_three_months_of_the_year_from_october(year: int, quarter: int) -> None:
    named = periods.named(f"report_FY{year}_Q{quarter}.pdf")
    assert named is not None
    months = [f"{year - 1}-10-01 {year - 1}-12-31", f"{year}-01-01 {year}-03-31"]
    months += [f"{year}-04-01 {year}-06-30", f"{year}-07-01 {year}-09-30"]
    assert f"{named.start} {named.end}" == months[quarter - 1]


def test_a_sentence_ends_at_no_abbreviation() -> None:
    text = "On Feb. 8, the U.S. Attorney spoke. Mr. Sample left. “Done.” He said so."
    assert prose.sentences(text) == [
        "On Feb. 8, the U.S. Attorney spoke.",
        "Mr. Sample left.",
        "“Done.”",
        "He said so.",
    ]


def test_a_number_changed_inside_a_sentence_changes_its_figure() -> None:
    before, after = (only(f"In 2014, {n} detainers were declined.") for n in ("1,200", "1,201"))
    assert (before.value, after.value) == (1200, 1201)
    assert re.sub(r"1,20\d", "", before.quote) == re.sub(r"1,20\d", "", after.quote)
