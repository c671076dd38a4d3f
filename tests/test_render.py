"""Mails are readable, complete, neutral, and inert whatever a publisher writes."""

import csv
import io
import json
import re
from email.message import EmailMessage
from html.parser import HTMLParser

import pytest

from scraper import render
from scraper.model import Archived, Notice
from scraper.render import Mail
from scraper.terms import EVENT_KINDS
from scraper.wording import clean, date_words, period_words
from tests.notices import OLD_SHA, SHA, change, notice, numbered, stated

HOSTILE = [
    "Weekly\r\nBcc: evil@evil.test\r\n\r\nbody",
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "{{7*7}} {% for x in y %} ${7*7}",
    "'); DROP TABLE release;--",
    "a\u202egnp.exe\u2066b\u200f\ufeff",
    "x" * 20_000,
    "line\u2028two\u2029three\x85four\x0bfive\x00six\ud800",
    '" onmouseover="alert(1)',
    '=HYPERLINK("http://evil.test")',
]


def show(one: Notice, **kw: str) -> Mail:
    words = {"audience": "newsroom", "why": "You asked for it.", "public_url": "https://watch.test/", "head": ""}
    return render.mail(one, **(words | kw))


class Tags(HTMLParser):
    """Collects tags and attributes as a browser would see them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.words: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def test_a_new_release_is_told_with_publisher_period_figures_bounds_and_counts() -> None:
    told = show(notice(figures=(stated(),), rows=206, case_accounts=16))
    assert told.subject == "New: “Declined detainers”, week to 3 Feb 2017"
    for words in (
        "Publisher: U.S. Immigration and Customs Enforcement",
        "Period: week to 3 Feb 2017",
        "Seen: 23 Nov 2026, 04:00 UTC",
        "at least 13,025 detainers recorded by ICE as declined, “California”",
        "Rows stated: 206",
        "Case accounts: 16",
        "https://www.ice.gov/doclib/ddor/week1.pdf",
        f"https://watch.test/archive/{SHA}",
        "https://watch.test/release/ice-ddor%20week%2F1",
        "You asked for it.",
    ):
        assert words in told.text
        assert words.split(": ")[-1] in " ".join(Tags(told.html).words)
    assert told.csv is None


def test_a_silent_revision_shows_old_and_new_value_and_both_copies() -> None:
    """C13."""
    before = Archived(sha256=OLD_SHA, captured_at="2026-11-20T04:00:00Z", url="https://www.ice.gov/x")
    changes = (change(), change(column="place_quoted", before="Cook County", after="Cook Co."), change(row_id=2))
    told = show(notice("revised", changes=changes, before=before))
    assert told.subject == "Revised: “Declined detainers”, week to 3 Feb 2017: 2 rows changed"
    assert "“Cook County, IL”, value: 188 -> 206" in told.text
    assert "“Cook County, IL”, place: “Cook County” -> “Cook Co.”" in told.text
    assert "The publisher did not announce this change." in told.text
    assert {SHA, OLD_SHA} <= set(re.findall(r"archive/(\w{64})", told.text))


def test_an_announced_correction_is_quoted() -> None:
    told = show(notice("corrected", announced="Correction: Franklin County was listed in error.", changes=(change(),)))
    assert "“Correction: Franklin County was listed in error.”" in told.text
    assert "did not announce" not in told.text


def test_a_withdrawal_names_the_last_archived_copy() -> None:
    """N10."""
    last = Archived(sha256=OLD_SHA, captured_at="2026-11-20T04:00:00Z", url="https://www.ice.gov/x")
    told = show(notice("withdrawn", before=last, after=None))
    assert f"Last archived copy: https://watch.test/archive/{OLD_SHA}" in told.text
    assert told.subject.startswith("Withdrawn: “Declined detainers”")


def test_rows_that_came_and_went_are_shown_whole() -> None:
    """C14."""
    row = json.dumps({"place_quoted": "Franklin County", "measure": "detainer_issued", "bound": "exact", "value": 1200})
    changes = (
        change("Franklin County", row, None, kind="removed", column=None),
        change("Ada County", None, row, kind="added", column=None, row_id=2),
    )
    told = show(notice("revised", changes=changes))
    assert "row removed: place: “Franklin County”; measure: detainers issued; value: 1,200 -> (none)" in told.text
    assert told.subject.endswith("1 row removed, 1 row added")


def test_a_changed_paragraph_shows_only_the_sentences_that_differ() -> None:
    old, new = "It was 206. The rest stays.", "It was 188. The rest stays."
    told = show(notice("revised", changes=(change("text", old, new, table="text", column="paragraph", row_id=None),)))
    assert "before: “It was 206.”" in told.text
    assert "after:  “It was 188.”" in told.text
    assert told.subject.endswith("1 paragraph changed")


def test_twenty_changes_are_shown_and_all_are_in_the_attached_file() -> None:
    changes = tuple(change(f"Row {n}", row_id=n) for n in range(1, 1001))
    told = show(notice("revised", changes=changes))
    assert told.text.count(" -> ") == 20
    assert "and 980 more: see the permanent page below and the attached file" in told.text
    assert told.csv is not None
    assert len(list(csv.reader(io.StringIO(told.csv[1].decode("utf-8-sig"))))) == 1001


def test_our_own_reparse_is_not_shown_as_the_publishers_change() -> None:
    told = show(notice("revised", changes=(change(), change("Ours", caused_by="reader", row_id=2))))
    assert "Ours" not in told.text
    assert told.subject.endswith("1 row changed")


@pytest.mark.parametrize("cell", ["=HYPERLINK(1)", "@SUM(1)", "+1", "-1", "\t=1", " =1", "\r=1"])
def test_a_formula_in_a_cell_is_neutralised_in_the_attachment(cell: str) -> None:
    """C18."""
    told = show(notice("revised", changes=(change(cell, cell, cell),)))
    assert told.csv is not None
    row = list(csv.reader(io.StringIO(told.csv[1].decode("utf-8-sig"))))[1]
    assert all(value.startswith("'") for value in (row[3], row[5], row[6]))


@pytest.mark.parametrize("words", HOSTILE)
@pytest.mark.parametrize("kind", ["new", "revised", "corrected", "source_failing", "baseline"])
def test_a_hostile_title_is_literal_text_everywhere(words: str, kind: str) -> None:
    """C16."""
    hostile = change(words, words, words, column=words)
    told = show(
        notice(
            kind, words, release_id=words, announced=words, publisher=words, source_title=words, summary=words,
            release_url=f"javascript:{words}", published=words, period_start=words, period_end=words,
            changes=(hostile,), figures=(stated(None, value_quoted=words, place=words, label=words),),
        ),
        why=words, audience=words, head=words,
    )  # fmt: skip
    assert len(told.subject) <= render.SUBJECT_MAX
    assert not re.search(
        r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]", told.subject
    )
    assert not re.search(r"^Bcc", told.text, re.M)
    assert "49" not in told.subject
    seen = Tags(told.html)
    assert not {"script", "img", "iframe", "object", "form", "link"} & set(seen.tags)
    assert not [name for name, _ in seen.attributes if name.startswith("on")]
    assert not [value for name, value in seen.attributes if name == "href" and not (value or "").startswith("https://")]
    assert len(told.text) < 60_000
    header = EmailMessage()
    header["Subject"] = told.subject
    assert header["Subject"] == told.subject


def test_no_mail_needs_anything_from_outside() -> None:
    seen = Tags(show(notice("revised", changes=(change(),))).html)
    assert not {"img", "link", "script", "style"} & set(seen.tags)
    assert not [value for name, value in seen.attributes if name in ("src", "background") or "url(" in (value or "")]
    assert any(name == "style" for name, _ in seen.attributes)


@pytest.mark.parametrize("kind", EVENT_KINDS)
def test_every_kind_of_event_has_a_subject_and_a_sentence(kind: str) -> None:
    release_id = None if kind.startswith("source") or kind in ("baseline", "layout_changed") else "r"
    told = show(notice(kind, release_id=release_id, summary="12 releases on record. And more."))
    assert told.subject.endswith(("12 releases on record", "week to 3 Feb 2017"))
    assert "http" in told.text


def test_subjects_of_sources_read_as_sentences() -> None:
    baseline = notice("baseline", release_id=None, summary="12 releases on record.")
    failing = notice("source_failing", release_id=None, summary="The server answered 503. It did so 3 times.")
    assert render.subject(baseline) == "Now watching ICE declined detainers: 12 releases on record"
    assert render.subject(failing) == "Source failing: ICE declined detainers: The server answered 503"


def test_a_long_title_leaves_room_for_what_happened() -> None:
    told = render.subject(notice("revised", "word " * 200, changes=(change(),)))
    assert len(told) <= 150
    assert told.endswith("1 row changed")


def test_a_digest_names_every_release_once_in_order() -> None:
    """M7."""
    told = render.digest(numbered(12), audience="desk", why="Daily.", public_url="https://watch.test", head="abc")
    assert told.subject == "Digest: 12 new"
    assert re.findall(r"^New: “Release number (\d\d)”", told.text, re.M) == [f"{n:02}" for n in range(1, 13)]
    assert "Head of the archive when this was written: abc" in told.text


@pytest.mark.parametrize(
    ("start", "end", "words"),
    [
        ("2017-01-28", "2017-02-03", "week to 3 Feb 2017"),
        ("2018-01-01", "2018-03-31", "Jan–Mar 2018"),
        ("2016-10-01", "2017-03-31", "Oct 2016 – Mar 2017"),
        ("2014-01-01", "2014-12-31", "2014"),
        ("2018-02-01", "2018-02-28", "Feb 2018"),
        ("2022-10-01", "2025-02-06", "1 Oct 2022 – 6 Feb 2025"),
        ("2018-01", "2018-04", "Jan 2018 – Apr 2018"),
        ("2018-01", "2018-01", "Jan 2018"),
        ("9999-01-01", "9999-12-31", "1 Jan 9999 – 31 Dec 9999"),
        (None, "2018-04", "until Apr 2018"),
        (None, None, ""),
    ],
)
def test_periods_read_as_people_write_them(start: str | None, end: str | None, words: str) -> None:
    assert period_words(start, end) == words


def test_figures_keep_bound_and_unit() -> None:
    assert render.figure_words(stated(63, unit="percent", bound="about", place="", measure="rearrest")) == (
        "about 63 percent: arrests after release from custody"
    )
    assert render.figure_words(stated(None, measure=None, unit="people", bound="exact")) == (
        "“more than 13,025” people, “California”"
    )


def test_words_are_cleaned_without_losing_letters() -> None:
    assert clean("  Doña\u00a0Ana \u202eCounty\r\n") == "Doña Ana County"
    assert date_words("Spring 2017") == "Spring 2017"
