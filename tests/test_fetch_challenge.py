"""A wall served as a page is told from a page that mentions such words (N9)."""

from pathlib import Path

import pytest

from scraper.fetch.challenge import wall

AKAMAI = """<HTML><HEAD><TITLE>Access Denied</TITLE></HEAD><BODY><H1>Access Denied</H1>
You don't have permission to access "http&#58;&#47;&#47;www&#46;ice&#46;gov&#47;" on this server.<P>
Reference&#32;&#35;18&#46;5d2c1202 <P>https&#58;&#47;&#47;errors&#46;edgesuite&#46;net&#47;18</P></BODY></HTML>"""
CLOUDFLARE = """<!DOCTYPE html><html><head><title>Just a moment...</title></head><body><noscript>Enable JavaScript and
cookies to continue</noscript><script>window._cf_chl_opt={cvId:'3'};</script></body></html>"""
INCAPSULA = """<html><head><META NAME="robots" CONTENT="noindex,nofollow"></head><iframe id="main-iframe"
src="/_Incapsula_Resource?SWUDNSAI=31">Request unsuccessful. Incapsula incident ID: 1-2</iframe></html>"""
ARTICLE = "<p>The county jail did not honor the detainer, and the person was released from custody.</p>" * 40


@pytest.mark.parametrize(
    "page",
    [
        AKAMAI,
        CLOUDFLARE,
        INCAPSULA,
        "<title>Attention Required! | Cloudflare</title><p>Sorry, you have been blocked</p>",
        "<title>Pardon Our Interruption</title>" + "<script>" + "x" * 20_000 + "</script>",
        "<title>Access to this page has been denied.</title><div id=px-captcha></div>",
        "<p>Please verify you are human</p>",
        "<h1>Are you a robot?</h1><p>Complete the CAPTCHA below.</p>",
        "<title>Log in | ICE</title><form><input type=text></form>",
        "<title>Sign in</title>" + ARTICLE,
        '<form action=/login><input type="password" name=p></form>',
        "<html><head><title>Site Maintenance</title></head><body>Back soon.</body></html>",
        "<body><h1>We’ll be right back</h1><p>ice.gov is down for scheduled maintenance.</p></body>",
        "<h1>This page is temporarily unavailable</h1>",
        "<title>503 Service Unavailable</title>",
        "<TITLE\n>ERROR: The request could not be satisfied</TITLE>",
        "<title>Access denied | U.S. Immigration and Customs Enforcement</title>" + ARTICLE,
    ],
)
def test_walls_are_recognised(page: str) -> None:
    assert wall(page.encode(), "text/html") is not None


def test_the_reason_quotes_the_title_for_a_person() -> None:
    assert wall(AKAMAI.encode(), "text/html") == "page says 'Access Denied'"
    assert wall(b"<title>Just a\x00\n moment...</title>", None) == "page says 'Just a moment...'"


@pytest.mark.parametrize(
    "page",
    [
        "<title>Declined detainers</title><table><tr><td>Access Denied</td></tr></table>",
        f"<title>Access denied – how county jails answered requests from ICE last year | News</title>{ARTICLE}",
        f"<title>Maintenance worker arrested in Cook County | ICE</title>{ARTICLE}",
        f"<title>Releases</title>{ARTICLE}<p>The site was temporarily unavailable; a captcha said access denied.</p>",
        f"<title>Releases</title><form><input type=password></form>{ARTICLE}",
        "<title>Login procedures in jails reviewed</title><p>Two releases.</p>",
        "<html><body><ul><li><a href=/r/1>Weekly report 1</a></li></ul></body></html>",
        "<title>Just a moment in history</title>",
        "<title>" + "<" * 1000,
        "<" * 60_000,
        "",
    ],
)
def test_pages_that_mention_such_words_are_no_walls(page: str) -> None:
    assert wall(page.encode(), "text/html") is None


def test_only_pages_are_judged() -> None:
    assert wall(AKAMAI.encode(), "application/pdf") is None
    assert wall(b"Access Denied", "text/plain") is not None


def test_no_real_page_is_taken_for_a_wall(corpus: Path) -> None:
    pages = sorted((corpus / "ice-pages").glob("*.html"))
    assert len(pages) >= 30
    assert [page.name for page in pages if wall(page.read_bytes(), "text/html")] == []
