"""Reader `ice_news` on ICE's real pages and on sentences of the kinds its releases use."""

import json
import random
import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from scraper.errors import LayoutChanged
from scraper.model import CaseAccount, Document, Figure, Options, Reading, ReleaseRef
from scraper.readers import ice_news, people

NEWSROOM = "https://www.ice.gov/newsroom"
OPTIONS = Options(source_id="ice", url=NEWSROOM, publisher="ICE", title="Newsroom", allow_hosts=("www.ice.gov",))


def of(body: str | bytes, url: str = NEWSROOM, media_type: str = "text/html") -> Document:
    data = body.encode() if isinstance(body, str) else body
    return Document(
        url=url, data=data, media_type=media_type, charset="utf-8", captured_at="2026-11-23T04:00:00Z", sha256="0" * 64
    )


def read(body: str | bytes, url: str = NEWSROOM + "/one") -> Reading:
    return ice_news.read(of(body, url), ReleaseRef(key=url, url=url, title="Listed"), OPTIONS)


def release(*blocks: str, date: str = "2019-03-05") -> str:
    return (
        f'<meta property="article:published_time" content="{date}"><main><article><div class="news-release-content">'
        '</div></article><div class="nr-head"><div class="nr-title"><h1>Title</h1></div></div>'
        f'<div class="nr-body">{"".join(blocks)}</div></main>'
    )


def listed(corpus: Path) -> list[dict[str, Any]]:
    index: list[dict[str, Any]] = json.loads((corpus / "ice-pages/index.json").read_text())
    return index


def page(corpus: Path, entry: dict[str, Any]) -> str:
    return (corpus / "ice-pages" / entry["file"]).read_text()


def test_every_real_release_gives_its_text_dates_and_plain_title(corpus: Path) -> None:
    releases = [entry for entry in listed(corpus) if entry["body_chars"]]
    assert len(releases) == 23
    for entry in releases:
        reading = read(page(corpus, entry), entry["url"])
        assert (reading.published, reading.modified) == (entry["published"], entry["modified"])
        assert f"Archived: {reading.title} | ICE" == entry["title"].replace("  ", " ")
        assert 0.9 < sum(map(len, reading.paragraphs)) / entry["body_chars"] <= 1
        assert not any("Archived Content" in text or "nr-" in text for text in reading.paragraphs)
        told_in_prose = "10-most-wanted-fugitives" in entry["url"]  # its arrest and citizenship stand paragraphs apart
        assert [problem.code for problem in reading.problems] == ["item_unread"] * told_in_prose


def test_a_real_release_without_a_text_is_read_by_its_title(corpus: Path) -> None:
    """The weekly summary in Spanish is a title and a banner; it is a release, so its title is watched."""
    (entry,) = [entry for entry in listed(corpus) if "/es/news/" in entry["url"]]
    reading = read(page(corpus, entry), entry["url"])
    assert reading.paragraphs == (reading.title,)
    assert reading.title.startswith("Las 5 noticias más destacadas")
    assert [problem.code for problem in reading.problems] == ["no_text"]


def test_real_pages_that_are_no_releases_are_refused(corpus: Path) -> None:
    """Field offices and FOIA entries live under /node/ beside the releases."""
    others = [entry for entry in listed(corpus) if "/node/" in entry["url"]]
    assert len(others) == 6
    for entry in others:
        with pytest.raises(LayoutChanged, match="is no news release"):
            read(page(corpus, entry), entry["url"])
    with pytest.raises(LayoutChanged):
        read((corpus / "ice-pages/ice-field-offices.html").read_bytes())


def another_render(body: str, seed: int) -> str:
    """Serve the same content once more: other ids, nonces, asset versions, clocks and white space."""
    dice = random.Random(seed)

    def fresh(_: re.Match[str]) -> str:
        return f"{dice.getrandbits(256):064x}"

    body = re.sub(r"(?<=js-view-dom-id-)[0-9a-f]{64}", fresh, body)
    body = re.sub(r"(?<=colorbox-)[\w-]+", fresh, body)
    body = re.sub(r"(?<=[?&]v=)[\w.]+", fresh, body)
    body = body.replace("<script", f'<script nonce="{dice.random()}"').replace(
        "<p>", f"<!-- {dice.random()} -->\n  <p>"
    )
    token = f'<input type="hidden" name="form_token" value="{dice.random()}">'
    clock = f"<p>Last generated: 2026-11-23 04:{dice.randint(10, 59)}</p><p>{dice.randint(2, 9)} hours ago</p>"
    return body.replace("</article>", token + "</article>").replace(
        '<div class="nr-body">', '<div class="nr-body">' + clock
    )


def test_two_renders_of_a_real_page_are_equal_readings(corpus: Path) -> None:
    """C12."""
    for seed, entry in enumerate(entry for entry in listed(corpus) if "/node/" not in entry["url"]):
        body = page(corpus, entry)
        mutated = another_render(body, seed)
        assert mutated != body
        assert read(mutated, entry["url"]) == read(body, entry["url"])


def test_a_changed_figure_in_a_real_page_is_seen(corpus: Path) -> None:
    """C13."""
    for entry in listed(corpus):
        if entry["body_chars"]:
            body = page(corpus, entry)
            start = body.index('<div class="nr-body">')
            digit = re.search(
                r"(?<=\s)[1-9]\d*(?=\s\w)", re.sub(r"<[^>]*>", lambda tag: " " * len(tag[0]), body[start:])
            )
            if digit:
                at = start + digit.start()
                revised = body[:at] + str(int(digit[0]) + 1) + body[at + len(digit[0]) :]
                assert read(revised, entry["url"]).paragraphs != read(body, entry["url"]).paragraphs


def test_the_bulk_edit_of_titles_is_no_revision(corpus: Path) -> None:
    for entry in listed(corpus)[:5]:
        body = page(corpus, entry)
        before = body.replace("Archived: ", "").replace("Archived Content", "")
        assert read(before, entry["url"]) == read(body, entry["url"])


class Body(HTMLParser):
    """Another way to the text: title and `.nr-body` of a page by the standard library's own parser."""

    def __init__(self) -> None:
        super().__init__()
        self.depth, self.heading, self.text = 0, False, ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        inside = "nr-body" in (dict(attrs).get("class") or "").split()
        self.depth += tag == "div" and (inside or self.depth > 0)
        self.heading = self.heading or tag == "h1"

    def handle_endtag(self, tag: str) -> None:
        self.depth -= tag == "div" and self.depth > 0
        self.heading = self.heading and tag != "h1"

    def handle_data(self, data: str) -> None:
        self.text += data if self.depth or self.heading else ""


def speaks_of_detainers(body: str) -> bool:
    parser = Body()
    parser.feed(body)
    return "detainer" in parser.text.lower() or "I-247" in parser.text


def test_releases_on_detainers_are_all_found_and_no_others(corpus: Path) -> None:
    """Precision and recall are 1 on the real pages: 2 of 24."""
    releases = [entry for entry in listed(corpus) if "/node/" not in entry["url"]]
    found = {e["file"] for e in releases if ice_news.relevant(read(page(corpus, e), e["url"]))}
    truth = {e["file"] for e in releases if speaks_of_detainers(page(corpus, e))}
    assert truth == {entry["file"] for entry in releases if entry["detainer_mentions"]}
    precision, recall = len(found & truth) / len(found), len(found & truth) / len(truth)
    print(  # noqa: T201
        f"relevance: precision {precision:.2f}, recall {recall:.2f}, {len(found & truth)} of {len(releases)} releases"
    )
    assert (precision, recall, len(releases), len(truth)) == (1, 1, 24, 2)


REFUSED = "<p>In 2018, 188 detainers were declined.</p>"


@pytest.mark.parametrize(
    ("text", "facts"),
    [
        (REFUSED, 1),
        (REFUSED.replace("detainers", "requests"), 0),
        ("<p>Form I-247A is served; 12 people were re-arrested.</p>", 0),
        ("<p>ICE presentó una orden de detención migratoria contra 12 personas.</p>", 0),
    ],
)
def test_only_a_relevant_release_gives_figures_and_all_are_watched(text: str, facts: int) -> None:
    reading = read(release(text))
    assert len(reading.facts) == facts
    assert reading.paragraphs
    assert ice_news.relevant(reading) == ("requests" not in text)


def test_a_release_titled_for_detainers_is_read_throughout() -> None:
    text = release("<p>In 2018, forty individuals were re-arrested.</p>")
    assert read(text).facts == ()
    (figure,) = read(text.replace("<h1>Title", "<h1>Detainers declined")).facts
    assert isinstance(figure, Figure)
    assert (figure.measure, figure.value, figure.period_start) == ("people_rearrested", 40, "2018-01-01")


def test_no_number_is_read_where_a_real_release_only_mentions_a_detainer(corpus: Path) -> None:
    for entry in listed(corpus):
        if entry["detainer_mentions"]:
            assert read(page(corpus, entry), entry["url"]).facts == ()


LISTING = """<div class="view-content">
<div class="views-row"><div class="news-date">March 5, 2019</div><div class="news-tag">Enforcement and Removal</div>
<div class="news-title"><a href="/news/releases/one?utm_source=x">One</a></div></div>
<div class="views-row"><div class="news-date">Nov. 6, 2017</div>
<div class="news-title"><a href="https://www.ice.gov/news/statements/two/">Archived: Two</a></div></div>
<div class="views-row"><div class="news-title"><a href="/news/releases/one#again">One</a></div></div></div>
<div class="views-row"><span>Updated: 01/24/2025</span></div>"""


def test_the_newsroom_lists_releases_with_their_dates() -> None:
    """C15."""
    found = ice_news.discover(of(LISTING), OPTIONS)
    assert [(ref.key, ref.title, ref.published) for ref in found.refs] == [
        ("https://www.ice.gov/news/releases/one", "One", "2019-03-05"),
        ("https://www.ice.gov/news/statements/two", "Two", "2017-11-06"),
    ]
    assert found.next_urls == ()


def test_further_listing_pages_are_asked_up_to_the_configured_number() -> None:
    """N13."""
    options = replace(OPTIONS, max_pages=3)
    asked = [NEWSROOM]
    while following := ice_news.discover(of(LISTING, asked[-1]), options).next_urls:
        asked += following
    assert asked == [NEWSROOM, NEWSROOM + "?page=1", NEWSROOM + "?page=2"]
    assert ice_news.discover(of("<p>No results</p>", NEWSROOM + "?page=9"), options).refs == ()


def test_a_newsroom_without_rows_is_a_changed_layout() -> None:
    """C1."""
    with pytest.raises(LayoutChanged, match="no rows"):
        ice_news.discover(of("<div id=app></div>"), OPTIONS)


def test_the_newsrooms_feed_serves_as_its_listing() -> None:
    rss = (
        '<rss version="2.0"><channel><item><title>One</title><link>https://www.ice.gov/news/releases/one</link>'
        "<pubDate>Tue, 05 Mar 2019 12:00:00 EST</pubDate></item></channel></rss>"
    )
    (ref,) = ice_news.discover(of(rss, media_type="application/rss+xml"), OPTIONS).refs
    assert (ref.key, ref.published) == ("https://www.ice.gov/news/releases/one", "2019-03-05")


@pytest.mark.parametrize(
    "address", ["/news/statements/one", "/es/news/releases/uno", "/node/62116", "/news/releases/x"]
)
def test_releases_statements_and_node_addresses_are_listed_and_read_alike(address: str, corpus: Path) -> None:
    rows = f'<div class="views-row"><div class="news-title"><a href="{address}">One</a></div></div>'
    (ref,) = ice_news.discover(of(rows), OPTIONS).refs
    assert ref.key == f"https://www.ice.gov{address}"
    (real,) = [entry for entry in listed(corpus) if entry["file"] == "62116.html"]
    reading = ice_news.read(of(page(corpus, real), ref.url), ref, OPTIONS)
    assert (reading.published, reading.modified) == (real["published"], real["modified"])


def test_an_entry_of_the_feed_without_a_page_is_read_from_the_feed() -> None:
    rss = (
        '<rss version="2.0"><channel><item><title>One</title><guid isPermaLink="false">n-1</guid>'
        "<description>Short.</description></item></channel></rss>"
    )
    document = of(rss, NEWSROOM + "/feed", "application/rss+xml")
    (ref,) = ice_news.discover(document, OPTIONS).refs
    assert ice_news.read(document, ref, OPTIONS).paragraphs == ("One", "Short.")


def figures(sentence: str) -> list[tuple[str | None, str | None, str, float | int | None]]:
    reading = read(release(f"<p>{sentence}</p>"))
    assert all(isinstance(fact, Figure) and fact.quote in sentence for fact in reading.facts)
    return [(f.measure, f.unit, f.bound, f.value) for f in reading.facts if isinstance(f, Figure)]


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("In 2018, ICE lodged 440 detainers with the NYPD.", ("detainer_issued", "detainers", "exact", 440)),
        ("ICE issued more than 3,083 immigration detainers.", ("detainer_issued", "detainers", "at_least", 3083)),
        ("Nearly 1,500 ICE detainers were placed in FY 2019.", ("detainer_issued", "detainers", "about", 1500)),
        ("The county declined at least 188 detainers.", ("detainer_declined", "detainers", "at_least", 188)),
        ("In all, 206 detainers were not honored.", ("detainer_declined", "detainers", "exact", 206)),
        ("About 47 detainer requests have been ignored.", ("detainer_declined", "detainers", "about", 47)),
        ("The jail failed to honor two detainers.", ("detainer_declined", "detainers", "exact", 2)),
        ("Detainers were not honored for 12 individuals.", ("people_declined", "people", "exact", 12)),
        ("There were 12 people whose detainers were declined.", ("people_declined", "people", "exact", 12)),
    ],
)
def test_counts_of_detainers_are_figures_with_bound_and_unit(
    sentence: str, expected: tuple[str | None, str | None, str, int]
) -> None:
    assert figures(sentence) == [expected]


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("ICE did not lodge 440 detainers.", (None, "detainers", "exact", 440)),
        ("ICE arrested more than 20 people after detainers were ignored.", (None, "people", "at_least", 20)),
        ("About 9 percent of the detainers led to transfers.", (None, "percent", "about", 9)),
        ("Of the 440 detainers issued to the NYPD most were ignored.", (None, "detainers", "exact", 440)),
    ],
)
def test_a_number_whose_measure_is_not_certain_is_a_mention(
    sentence: str, expected: tuple[str | None, str | None, str, int]
) -> None:
    assert figures(sentence) == [expected]


@pytest.mark.parametrize(
    "sentence",
    [
        "The detainer of Aug. 13, 2019, was lodged again.",
        "A detainer asks to hold a person, 31, for up to 48 hours.",
        "Form I-247A is a detainer since 2017 under section 287 of title 8.",
        "ICE lodged a detainer with the 12th precinct at 10:30.",
        "440 people were arrested. " + "Much else happened. " * 10 + "A detainer was lodged.",
    ],
)
def test_dates_ages_hours_and_laws_are_no_figures(sentence: str) -> None:
    assert figures(sentence) == []


def test_a_run_of_words_without_end_costs_little_and_states_nothing() -> None:
    """C19."""
    assert figures("lodged 1 detainer and 2 detainers were ignored, " * 20_000) == []


def test_an_item_without_end_costs_little_and_is_no_account() -> None:
    """C19."""
    item = GUYANESE + " detainers were declined by" * 20_000
    found, reading = accounts(item)
    assert (found, [problem.code for problem in reading.problems]) == ([], ["item_unread"])


@pytest.mark.parametrize(
    "told",
    [
        "Kern County Sheriff {} said 12 detainers were declined.",
        "Acting Field Office Director {} said 12 detainers were declined.",
        "12 detainers were declined, {} said.",
        "{} said 12 detainers were declined.",
        "{}, the director of ICE in Texas, said 12 detainers were declined.",
        "Gov. {} said 12 detainers were declined.",
    ],
)
@pytest.mark.parametrize("name", ["Ana Doe", "Doe-Sample", "José de la Peña", "Thomas R. Sample"])
def test_no_officials_name_is_in_a_quote(told: str, name: str) -> None:
    (figure,) = [fact for fact in read(release(f"<p>{told.format(name)}</p>")).facts if isinstance(fact, Figure)]
    assert (figure.measure, figure.value) == ("detainer_declined", 12)
    assert people.TAKEN_OUT in figure.quote
    assert not re.search(r"Ana|Doe|Sample|José|Peña|Thomas", figure.quote)


GUYANESE = (
    "Bronx County: An unlawfully present Guyanese national, was arrested by local authorities for Assault 2nd, "
    "Assault 3rd, Reckless Endangerment, Menacing, and Criminal Possession of a Weapon. A detainer was issued, but was "
    "not honored and he was released. On Feb. 8, ERO deportation officers arrested him in the Bronx."
)
MEXICAN = (
    "Bronx County: An unlawfully present Mexican national, was arrested by local authorities for Robbery 2nd: Aided by "
    "Another, and Robbery 2nd: Cause Physical Injury."
)


def accounts(*items: str, date: str = "2019-03-05") -> tuple[list[CaseAccount], Reading]:
    intro = "<p>ICE arrested 9 people after detainers were not honored.</p>"
    reading = read(release(intro, "<ul>", *(f"<li>{item}</li>" for item in items), "</ul>", date=date))
    return [fact for fact in reading.facts if isinstance(fact, CaseAccount)], reading


def test_case_accounts_keep_place_citizenship_and_charges_with_colons() -> None:
    (first, second), reading = accounts(GUYANESE, MEXICAN)
    assert (first.place_quoted, first.citizenship_quoted, first.agency_quoted) == (
        "Bronx County",
        "Guyanese",
        "local authorities",
    )
    assert first.charges_quoted.startswith("Assault 2nd, ")
    assert first.charges_quoted.endswith("Criminal Possession of a Weapon")
    assert second.charges_quoted == "Robbery 2nd: Aided by Another, and Robbery 2nd: Cause Physical Injury"
    assert first.followed_quoted == "On Feb. 8, ERO deportation officers arrested him in the Bronx."
    assert (first.rearrested_on, first.disposition, first.position, second.position) == (None, "unstated", 1, 2)
    assert (first.quote, second.quote) == (GUYANESE, MEXICAN)
    assert reading.paragraphs[(first.locator.paragraph or 0) - 1] == GUYANESE


def test_the_real_accounts_of_new_york_are_read_with_the_colons_in_their_charges(corpus: Path) -> None:
    lines = (corpus / "ice-ny/ice_new_york_releases.txt").read_text().splitlines()
    items = [re.sub(r" \[.*?\]", "", line.strip(" •")) for line in lines if line.startswith("  •")]
    found, reading = accounts(*items)
    assert [(one.place_quoted, one.citizenship_quoted) for one in found] == [
        ("Bronx County", "Guyanese"), ("Bronx County", "Mexican")
    ]  # fmt: skip
    assert found[1].charges_quoted == "Robbery 2nd: Aided by Another, and Robbery 2nd: Cause Physical Injury"
    assert found[0].charges_quoted.startswith("Assault 2nd, Assault 3rd, Reckless Endangerment")
    assert (found[0].arrested_on, found[0].rearrested_on, reading.problems) == (None, None, ())


def test_an_account_told_in_a_paragraph_is_read_as_one_in_a_list() -> None:
    (told,) = [fact for fact in read(release(f"<p>{JOHN}</p>"), "x").facts if isinstance(fact, CaseAccount)]
    (listed_one, *_), _ = accounts(JOHN, JANE)
    assert replace(told, locator=listed_one.locator) == listed_one


def test_dates_out_of_course_are_not_inferred() -> None:
    item = GUYANESE.replace("by local authorities", "by NYPD on Jan. 5").replace(
        "and he was released", "and he was released on Nov. 2"
    )
    (told,), _ = accounts(item, date="2019-02-05")
    assert (told.arrested_on, told.released_on, told.dates_inferred) == (None, None, "")


JOHN = (
    "Juan Carlos Doe-Roe, 34, a citizen of El Salvador, was arrested by the New York City Police Department on Sept. 6 "
    "for Driving While Intoxicated. ICE lodged a detainer on Sept. 7. Doe-Roe was released on Dec. 20 despite the "
    "detainer. On Jan. 3, ERO officers arrested Roe in Queens."
)
JANE = (
    "On Oct. 26, a 29-year-old Jamaican national, identified as Damion Q. Example, was arrested by NYPD for assault of "
    "Maria Rosa Sample. Example was convicted of Assault."
)


def test_no_persons_name_is_in_any_fact() -> None:
    found, _ = accounts(JOHN, JANE)
    stored = repr(found)
    assert not re.search(r"Juan|Carlos|Doe|Roe|Damion|Example|Maria|Rosa|Sample", stored)
    assert found[0].quote.startswith("[name], 34, a citizen of El Salvador, was arrested by the New York City Police")
    assert (found[0].age, found[1].age, found[1].disposition) == (34, 29, "convicted")
    assert (found[0].agency_quoted, found[0].charges_quoted) == (
        "New York City Police Department",
        "Driving While Intoxicated",
    )


def test_a_year_taken_from_the_release_is_marked_as_inferred() -> None:
    (first, _), _ = accounts(JOHN, JANE, date="2018-01-10")
    assert (first.arrested_on, first.detainer_on, first.released_on) == ("2017-09-06", "2017-09-07", "2017-12-20")
    assert first.dates_inferred == "arrested_on,detainer_on,released_on"
    (stated, _), _ = accounts(JOHN.replace("Sept. 6", "Sept. 6, 2016"), JANE, date="2018-01-10")
    assert (stated.arrested_on, stated.detainer_on, stated.dates_inferred) == ("2016-09-06", None, "")


def test_items_that_are_no_accounts_are_counted_as_unread() -> None:
    found, reading = accounts(GUYANESE, "For more information, visit ice.gov.")
    assert len(found) == 1
    assert [problem.code for problem in reading.problems] == ["item_unread"]


def test_lists_of_releases_that_tell_of_no_refusal_are_left_alone() -> None:
    reading = read(release("<ul><li>", GUYANESE.replace("not honored", "honored"), "</li></ul>"))
    assert reading.facts == ()


@pytest.mark.parametrize(
    "text",
    [
        "ICE Enforcement and Removal Operations in New York lodged it with the Nassau County Police Department.",
        "Charged with Criminal Possession of a Weapon and Resisting Arrest in Staten Island on Feb. 8.",
    ],
)
def test_agencies_places_and_offences_are_not_taken_for_people(text: str) -> None:
    assert people.unnamed(text) == text


@pytest.mark.parametrize(
    "say",
    [
        lambda name: f"{name}, 34, a Mexican national, was arrested.",
        lambda name: f"A Mexican national, {name}, was arrested.",
        lambda name: f"The suspect {name} was arrested in Queens.",
        lambda name: f"Officials, among them Director {name}, spoke.",
    ],
)
@pytest.mark.parametrize("name", ["Ana Doe", "José Luis de la Peña-Roe", "J. R. Sample", "Ángel O’Sample"])
def test_names_are_taken_out_wherever_they_stand(say: Callable[[str], str], name: str) -> None:
    told = people.unnamed(say(name))
    assert people.TAKEN_OUT in told
    assert not any(part in told for part in re.findall(r"\w{3,}", name))
