"""Reader `page`: a page itself, or the documents an index links to."""

from dataclasses import replace
from datetime import date
from io import BytesIO

import pytest
from openpyxl import Workbook
from reportlab.pdfgen.canvas import Canvas

from scraper.documents import kinds
from scraper.errors import DocumentError, LayoutChanged, Unreadable
from scraper.model import Document, Options, ReleaseRef
from scraper.readers import page

INDEX = "https://www.example.org/reports/"
OPTIONS = Options(source_id="x", url=INDEX, publisher="P", title="Reports", allow_hosts=("www.example.org",))
REF = ReleaseRef(
    key="https://www.example.org/one", url="https://www.example.org/one", title="One", published="2017-03-20"
)


def of(body: str | bytes, media_type: str = "text/html", url: str = INDEX) -> Document:
    data = body.encode() if isinstance(body, str) else body
    return Document(
        url=url, data=data, media_type=media_type, charset=None, captured_at="2026-11-23T04:00:00Z", sha256="0" * 64
    )


def test_without_follow_the_page_is_its_own_release() -> None:
    found = page.discover(of("<title>Archived: Reports | P</title><p>a"), OPTIONS)
    assert found.itself
    (ref,) = found.refs
    assert (ref.key, ref.url, ref.title) == ("https://www.example.org/reports", INDEX, "Reports | P")


LISTING = """<ul class=list><li><time datetime="2017-03-20T10:00:00Z">March 20</time>
<a href="week1.pdf?utm_source=a">Week 1</a>
<a href="/share">share</a></li><li><a href="/reports/week2.pdf"><img src=x></a> Feb 10</li>
<li><a href="week1.pdf#p2">Week 1</a></li><li><a href="https://elsewhere.example/week3.pdf">3</a>
<a href="http://127.0.0.1/week4.pdf">4</a></li></ul><a rel=next href="?page=2">Next</a><a href="./">here</a>"""


@pytest.mark.parametrize("follow", ['a[href*=".pdf"]', r"re:/week\d\.pdf", ".list li a:first-of-type"])
def test_each_followed_link_is_one_release_and_strange_hosts_are_named_once(follow: str) -> None:
    """C15, N5."""
    found = page.discover(of(LISTING), replace(OPTIONS, follow=follow))
    assert [(ref.key, ref.title) for ref in found.refs] == [
        ("https://www.example.org/reports/week1.pdf", "Week 1"),
        ("https://www.example.org/reports/week2.pdf", "week2.pdf"),
    ]
    (problem,) = found.problems
    assert problem.code == "link_outside"
    assert "elsewhere.example" in problem.text
    assert not found.itself


def test_items_carry_their_date_and_first_link() -> None:
    found = page.discover(of(LISTING), replace(OPTIONS, item=".list li"))
    assert [(ref.title, ref.published) for ref in found.refs] == [("Week 1", "2017-03-20"), ("week2.pdf", None)]


def test_the_next_page_is_asked_for_only_where_more_pages_are_allowed() -> None:
    """N13."""
    options = replace(OPTIONS, follow="a[href*=week]", next_page="a[rel=next]")
    assert page.discover(of(LISTING), options).next_urls == ()
    assert page.discover(of(LISTING), replace(options, max_pages=3)).next_urls == (INDEX + "?page=2",)
    away = LISTING.replace("?page=2", "https://elsewhere.example/?page=2")
    assert page.discover(of(away), replace(options, max_pages=3)).next_urls == ()


def test_an_index_that_lists_nothing_is_a_changed_layout_not_news() -> None:
    """C1."""
    with pytest.raises(LayoutChanged, match=r'No item matches "a\.release"'):
        page.discover(of("<div id=app></div>"), replace(OPTIONS, follow="a.release"))
    with pytest.raises(LayoutChanged, match="no HTML page"):
        page.discover(of(b"%PDF-", "application/pdf"), replace(OPTIONS, follow="a"))


@pytest.mark.parametrize("follow", ["a[", "re:("])
def test_an_unusable_follow_is_named(follow: str) -> None:
    with pytest.raises(DocumentError) as error:
        page.discover(of(LISTING), replace(OPTIONS, follow=follow))
    assert f'"{follow}"' in str(error.value)


RELEASE = """<html><head><title>Report</title>
<meta property="article:published_time" content="2017-03-20T09:00:00-04:00">
<meta property="article:modified_time" content="2017-04-11"></head><body><nav>menu</nav><main><h1>Report</h1>
<p>ICE lodged {count} detainers.</p><p class="ad">Buy {nonce}</p><p class=box>Box</p><p>Last generated: {clock}</p>
<p>{ago} hours ago</p><div id="view-{nonce}" data-token="{nonce}"></div><!-- {nonce} -->
<script nonce="{nonce}">a</script>
<table><tr><td>Cook</td><td>{count}</td></tr></table></main><link href="/app.{nonce}.css"></body></html>"""


def render(count: int = 440, nonce: str = "a1", clock: str = "10:05:33", ago: int = 3) -> str:
    return RELEASE.format(count=count, nonce=nonce, clock=clock, ago=ago)


def test_two_renders_of_a_page_are_one_reading_and_a_changed_figure_is_not() -> None:
    """C12, C13."""
    first = page.read(of(render()), REF, OPTIONS)
    assert first.paragraphs == ("Report", "ICE lodged 440 detainers.", "Box", "Cook | 440")
    assert (first.title, first.published, first.modified) == ("Report", "2017-03-20", "2017-04-11")
    again = render(nonce="f00b4r", clock="23:59:59", ago=14).replace("<p>", "\n  <p >")
    assert page.read(of(again), REF, OPTIONS) == first
    assert page.read(of(render(count=441)), REF, OPTIONS) != first


def test_a_mark_put_before_all_old_titles_is_no_revision() -> None:
    archived = render().replace("<title>", "<title>Archived: ")
    assert page.read(of(archived), REF, OPTIONS) == page.read(of(render()), REF, OPTIONS)


def test_select_and_ignore_bound_what_is_watched() -> None:
    reading = page.read(of(render()), REF, replace(OPTIONS, select="main p", ignore=(".box",)))
    assert reading.paragraphs == ("ICE lodged 440 detainers.",)
    with pytest.raises(LayoutChanged, match="holds no text"):
        page.read(of(render()), REF, replace(OPTIONS, select="#gone"))


@pytest.mark.parametrize("body", ["", "<div id=root></div><script>boot()</script>", "<p>3 hours ago</p>"])
def test_a_page_without_content_is_never_an_empty_release(body: str) -> None:
    """C1, N9."""
    with pytest.raises(LayoutChanged):
        page.read(of(body), REF, OPTIONS)


def test_csv_workbook_and_plain_text_are_watched_row_by_row() -> None:
    book, out = Workbook(), BytesIO()
    assert book.active is not None
    book.active.append(["County", "Declined", "Since"])
    book.active.append(["Cook", 206, date(2017, 3, 20)])
    book.save(out)
    book.close()
    workbook = page.read(of(out.getvalue(), kinds.XLSX), REF, OPTIONS)
    assert workbook.paragraphs == ("County | Declined | Since", "Cook | 206 | 2017-03-20")
    table = page.read(of("County,Declined\nCook,206\n", "text/csv"), REF, OPTIONS)
    assert table.paragraphs == ("County | Declined", "Cook | 206")
    assert page.read(of("one\n\n two  three\n", "text/plain"), REF, OPTIONS).paragraphs == ("one", "two three")
    with pytest.raises(Unreadable, match="image/png"):
        page.read(of(b"\x89PNG", "image/png"), REF, OPTIONS)


def test_a_pdf_is_watched_line_by_line() -> None:
    out = BytesIO()
    canvas = Canvas(out, invariant=True)
    canvas.drawString(72, 700, "Declined detainers: 206")
    canvas.drawString(72, 680, "Cook County")
    canvas.showPage()
    canvas.drawString(72, 700, "Second page")
    canvas.save()
    reading = page.read(of(out.getvalue(), "application/pdf"), REF, OPTIONS)
    assert reading.paragraphs == ("Declined detainers: 206", "Cook County", "Second page")
