"""Reader `feed`: entries are releases, the pages they link to are watched."""

import pytest

from scraper.errors import LayoutChanged
from scraper.model import Document, Options
from scraper.readers import feed

URL = "https://www.example.org/rss.xml"
OPTIONS = Options(source_id="x", url=URL, publisher="P", title="News", allow_hosts=("www.example.org",))
RSS = """<rss version="2.0"><channel><title>t</title>
<item><title>Archived: One</title><link>https://www.example.org/one/?utm_source=rss</link>
<pubDate>Tue, 05 Mar 2019 23:30:00 -0500</pubDate></item>
<item><title>One again</title><link>https://www.example.org/one#top</link></item>
<item><title>Note</title><guid isPermaLink="false">note-7</guid>
<description>440 detainers &lt;b&gt;lodged&lt;/b&gt;</description></item>
<item><title>Far</title><link>https://elsewhere.example/far</link></item>
<item><title>Bad</title><link>javascript:alert(1)</link></item></channel></rss>"""


def of(body: str, media_type: str = "application/rss+xml", url: str = URL) -> Document:
    return Document(
        url=url,
        data=body.encode(),
        media_type=media_type,
        charset=None,
        captured_at="2026-11-23T04:00:00Z",
        sha256="0" * 64,
    )


def test_entries_become_releases_by_canonical_address() -> None:
    """C15, C17."""
    found = feed.discover(of(RSS), OPTIONS)
    assert [(ref.key, ref.url, ref.title, ref.published) for ref in found.refs] == [
        ("https://www.example.org/one", "https://www.example.org/one/", "One", "2019-03-05"),
        ("note-7", URL, "Note", None),
    ]
    assert sorted(problem.code for problem in found.problems) == ["entry_without_link", "link_outside"]


def test_the_linked_page_is_read_as_reader_page_does() -> None:
    ref = feed.discover(of(RSS), OPTIONS).refs[0]
    page = of("<title>One</title><main><p>ICE lodged 440 detainers.</p><p>2 hours ago</p></main>", "text/html", ref.url)
    reading = feed.read(page, ref, OPTIONS)
    assert (reading.title, reading.published) == ("One", "2019-03-05")
    assert reading.paragraphs == ("ICE lodged 440 detainers.",)


def test_an_entry_without_a_link_is_watched_in_the_feed_itself() -> None:
    ref = feed.discover(of(RSS), OPTIONS).refs[1]
    assert feed.read(of(RSS), ref, OPTIONS).paragraphs == ("Note", "440 detainers lodged")
    with pytest.raises(LayoutChanged, match="note-7"):
        feed.read(of(RSS.replace("note-7", "note-8")), ref, OPTIONS)


def test_a_feed_without_entries_is_no_withdrawal_of_all() -> None:
    """C1."""
    with pytest.raises(LayoutChanged):
        feed.discover(of('<rss version="2.0"><channel><title>t</title></channel></rss>'), OPTIONS)
