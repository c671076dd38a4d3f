"""Feeds as entries, with nothing fetched and nothing expanded."""

import pytest

from scraper.documents import feed
from scraper.errors import LayoutChanged, Unreadable
from scraper.model import Document
from tests.publisher import Publisher

RSS = """<?xml version="1.0" encoding="iso-8859-1"?><rss version="2.0"><channel><title>t</title><link>https://x.org/</link>
<item><title>A &amp; B &lt;b&gt;bold&lt;/b&gt; {{7*7}}</title><link>/a?utm_source=rss</link>
<guid isPermaLink="false">g1</guid>
<pubDate>Mon, 05 Jan 2026 22:00:00 EST</pubDate>
<description>&lt;p&gt;one &lt;b&gt;two&lt;/b&gt;&lt;/p&gt;</description></item>
<item><title>Été</title><guid>https://x.org/p/</guid><pubDate>Xday, 99 Foo 2026</pubDate></item>
<item><title>no link</title><guid isPermaLink="false">g3</guid></item></channel></rss>"""
ATOM = """<feed xmlns="http://www.w3.org/2005/Atom"><title>t</title><entry><title>x</title><link href="https://x.org/z#f"/>
<id>urn:1</id><published>2026-01-05T23:00:00-05:00</published><updated>2026-02-06T00:00:00Z</updated></entry></feed>"""


def of(body: str | bytes, charset: str | None = None) -> Document:
    data = body.encode() if isinstance(body, str) else body
    return Document(
        url="https://x.org/feed",
        data=data,
        media_type="application/rss+xml",
        charset=charset,
        captured_at="2026-11-23T04:00:00Z",
        sha256="0" * 64,
    )


def test_rss_entries_carry_canonical_links_and_the_publishers_own_days() -> None:
    first, second, third = feed.entries(of(RSS.encode("latin-1")))
    assert (first.url, first.title, first.published) == ("https://x.org/a", "A & B bold {{7*7}}", "2026-01-05")
    assert (first.guid, first.summary, first.updated) == ("g1", "one two", None)
    assert (second.url, second.href, second.title) == ("https://x.org/p", "https://x.org/p/", "Été")
    assert second.published is None
    assert (third.url, third.guid) == ("", "g3")


def test_atom_entries_keep_published_and_updated_apart() -> None:
    (entry,) = feed.entries(of(ATOM))
    assert (entry.url, entry.published, entry.updated, entry.guid) == (
        "https://x.org/z",
        "2026-01-05",
        "2026-02-06",
        "urn:1",
    )


LAUGHS = '<!DOCTYPE l [<!ENTITY a "ha">' + "".join(
    f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_entities_are_refused_not_expanded(encoding: str) -> None:
    """C3: billion laughs."""
    body = LAUGHS + "]><rss version='2.0'><channel><item><title>&i;</title></item></channel></rss>"
    with pytest.raises(Unreadable, match="entities"):
        feed.entries(of(body.encode(encoding)))


def test_an_external_entity_is_never_asked_for(publisher: Publisher) -> None:
    """C3: XXE."""
    publisher.put("/canary", "secret")
    target = publisher.base + "/canary"
    entity = (
        f'<!DOCTYPE r [<!ENTITY x SYSTEM "{target}">]><rss version="2.0"><channel><title>&x;</title></channel></rss>'
    )
    dtd = f'<!DOCTYPE rss SYSTEM "{target}"><rss version="2.0"><channel><item><title>t</title></item></channel></rss>'
    with pytest.raises(Unreadable):
        feed.entries(of(entity))
    assert feed.entries(of(dtd))[0].title == "t"
    assert publisher.paths() == []


def test_what_is_no_feed_and_what_is_cut_off_are_told_apart() -> None:
    """C2."""
    with pytest.raises(LayoutChanged):
        feed.entries(of("<html><body>Access denied</body></html>"))
    with pytest.raises(LayoutChanged):
        feed.entries(of(""))
    with pytest.raises(Unreadable, match="cut off"):
        feed.entries(of(RSS[:500]))
    with pytest.raises(Unreadable, match="NUL"):
        feed.entries(of(b"\x00\x01" * 20))


def test_a_feed_named_like_a_file_or_an_address_opens_neither() -> None:
    with pytest.raises(LayoutChanged):
        feed.entries(of(__file__))
    with pytest.raises(LayoutChanged):
        feed.entries(of("http://127.0.0.1:9/feed"))
