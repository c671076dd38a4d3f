"""One page, one address; and no address that leads astray."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scraper.documents import urls

PAGE = "https://www.ice.gov/news/releases/one"


@pytest.mark.parametrize(
    "spelling",
    [
        PAGE,
        PAGE + "/",
        PAGE + "#top",
        PAGE + "?utm_source=x&utm_medium=y",
        PAGE + "/?fbclid=1&gclid=2#x",
        "HTTPS://WWW.ICE.GOV:443/news/releases/one",
        "https://www.ice.gov./news/./x/../releases/one",
        "https://www.ice.gov/news/%72eleases/one",
        " https://www.ice.gov/news/releases/one\n",
    ],
)
def test_all_spellings_of_a_page_are_one_address(spelling: str) -> None:
    """C15."""
    assert urls.canonical(spelling) == PAGE


def test_relative_links_are_resolved_and_other_parameters_kept() -> None:
    assert urls.canonical("../a.pdf?b=1&a=2", "https://x.org/one/two/three") == "https://x.org/one/a.pdf?b=1&a=2"
    assert urls.canonical("//y.org/é ü", "https://x.org/") == "https://y.org/%C3%A9%20%C3%BC"
    assert urls.canonical("?page=2", "https://x.org/news/") == "https://x.org/news?page=2"
    assert urls.canonical("https://x.org") == "https://x.org/"


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "mailto:a@b.org",
        "file:///etc/passwd",
        "ftp://x.org/a",
        "https://user:secret@x.org/",
        "https://x.org/a\x00b",
        "https://x.org/a%00b",
        "https://x.org/a\r\nb",
        "https://x.org/" + "a" * 3000,
        "https:///path",
        "https://x.org:99999/",
        "http://[bad",
        "https://a b.org/",
        "",
    ],
)
def test_what_is_no_safe_web_address_is_none(address: str) -> None:
    """C17."""
    assert urls.canonical(address) is None


def test_no_path_climbs_above_the_root() -> None:
    """C17."""
    assert urls.canonical("https://x.org/%2e%2e/%2E%2E/../etc") == "https://x.org/etc"


def test_the_address_to_fetch_keeps_its_slash() -> None:
    assert urls.address("https://x.org/a/?utm_id=1#f") == "https://x.org/a/"


def test_a_host_is_lower_case_and_never_fails() -> None:
    assert [urls.host(url) for url in ("https://WWW.Ice.gov:8443/a", "no address", "http://[bad")] == [
        "www.ice.gov",
        "",
        "",
    ]


@given(st.text(max_size=80), st.sampled_from(["", "https://x.org/a/b"]))
def test_an_address_is_its_own_canonical_form(text: str, base: str) -> None:
    once = urls.canonical(text, base)
    assert once is None or (
        urls.canonical(once) == once and once.isascii() and once.startswith(("http://", "https://"))
    )
