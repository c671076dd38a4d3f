"""URL and address rules: what is not plainly allowed is refused (N5, N6)."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scraper.fetch.policy import Refused, check, host_and_port, is_public, parse

ALLOWED = ("www.ice.gov", "files.example.org:8443")
nasty = st.text(alphabet=st.sampled_from("htps:/\\@.#?%[]0x7f1 \t\r\n\0wice.gov-_é１。٠"), max_size=60)


@settings(deadline=None)
@given(st.text(max_size=80) | nasty | nasty.map("https://".__add__) | nasty.map("https://www.ice.gov".__add__))
def test_any_text_is_refused_or_leads_to_an_allowed_host_and_nothing_else_is_raised(url: str) -> None:
    try:
        target = check(url, ALLOWED)
    except Refused:
        return
    assert target.host in {"www.ice.gov", "files.example.org"}
    assert target.scheme in {"http", "https"}
    assert target.url.isascii()
    assert target.url.isprintable()
    assert target.url.startswith(f"{target.scheme}://{target.authority}/")


@settings(deadline=None)
@given(nasty.map("https://www.ice.gov/".__add__))
def test_the_form_that_is_sent_reads_back_as_itself(url: str) -> None:
    try:
        target = parse(url)
    except Refused:
        return
    assert parse(target.url) == target


@settings(deadline=None)
@given(st.integers(min_value=0, max_value=2**32 - 1))
def test_no_number_is_taken_for_a_host(number: int) -> None:
    for host in (str(number), hex(number), f"0{number:o}"):
        with pytest.raises(Refused):
            check(f"http://{host}/", (host, "127.0.0.1") if number > 255 else ("127.0.0.1",))


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://www.ice.gov/",
        "javascript:alert(1)",
        "//www.ice.gov/",
        "www.ice.gov/x",
        "",
        "https://",
        "https://user@www.ice.gov/",
        "https://user:password@www.ice.gov/",
        "https://@www.ice.gov/",
        "https://www.ice.gov@evil.test/",
        "https://evil.test\\@www.ice.gov/",
        "https:\\\\www.ice.gov/",
        "https://www.ice.gov\\.evil.test/",
        "https://www.ice.gov.evil.test/",
        "https://evil.test/www.ice.gov",
        "https://evil.test#www.ice.gov",
        "https://evil.test?www.ice.gov",
        "https://www.ice.gov\t.evil.test/",
        "https://www.ice.gov/\r\nHost: evil.test",
        "https://www.ice.gov/\0",
        " https://www.ice.gov/",
        "https://www.ice.gov:0/",
        "https://www.ice.gov:65536/",
        "https://www.ice.gov:x/",
        "https://files.example.org/",
        "https://www.ice.gov../",
        "https://.www.ice.gov/",
        "https://ice%2egov/",
        "https://www。ice。gov.evil.test/",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://0177.0.0.1/",
        "https://127.1/",
        "https://127.0.0.1/",
        "https://１２７.0.0.1/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[fe80::1%25eth0]/",
        "https://localhost/",
        "https://www.ice.gov/" + "a" * 2000,
        "https://" + "a" * 300 + ".gov/",
        "https://www.ice.gov/\ud800",
    ],
)
def test_an_address_outside_the_allowed_list_is_refused_in_every_spelling(url: str) -> None:
    with pytest.raises(Refused):
        check(url, ALLOWED)


@pytest.mark.parametrize(
    "host", ["2130706433", "0x7f000001", "0177.0.0.1", "127.1", "１２７.0.0.1", "fe80::1%eth0", "a b", "a/b"]
)
def test_a_second_spelling_of_an_ip_address_cannot_even_be_allowed(host: str) -> None:
    with pytest.raises(Refused):
        host_and_port(host)


@pytest.mark.parametrize(
    ("url", "sent"),
    [
        ("HTTPS://WWW.ICE.GOV", "https://www.ice.gov/"),
        ("https://www.ice.gov./a", "https://www.ice.gov/a"),
        ("https://www.ice.gov:443/a#part", "https://www.ice.gov/a"),
        ("http://www.ice.gov:80/?q=1", "http://www.ice.gov/?q=1"),
        ("https://www.ice.gov:8080/", "https://www.ice.gov:8080/"),
        ("https://files.example.org:8443/a%20b?x=%2F", "https://files.example.org:8443/a%20b?x=%2F"),
        ("https://www.ice.gov/Weekly Report é.pdf", "https://www.ice.gov/Weekly%20Report%20%C3%A9.pdf"),
    ],
)
def test_an_allowed_url_is_sent_in_one_form(url: str, sent: str) -> None:
    assert check(url, ALLOWED).url == sent


def test_an_international_host_is_compared_in_its_ascii_form() -> None:
    assert check("https://bücher.example/", ["xn--bcher-kva.example"]).host == "xn--bcher-kva.example"
    assert check("https://xn--bcher-kva.example/", ["bücher.example"]).host == "xn--bcher-kva.example"


def test_an_allowed_host_without_port_is_allowed_on_every_port_and_one_with_port_only_there() -> None:
    assert check("http://127.0.0.1:8123/", ["127.0.0.1"]).authority == "127.0.0.1:8123"
    assert check("http://[::1]:8123/", ["[::1]:8123"]).authority == "[::1]:8123"
    with pytest.raises(Refused, match="a host that is not allowed"):
        check("http://127.0.0.1:8124/", ["127.0.0.1:8123"])


def test_a_redirect_is_relative_to_its_page_and_never_leaves_https() -> None:
    page = check("https://www.ice.gov/news/a", ALLOWED)
    assert check("../b", ALLOWED, before=page).url == "https://www.ice.gov/b"
    assert check("//www.ice.gov/c", ALLOWED, before=page).url == "https://www.ice.gov/c"
    with pytest.raises(Refused, match="down from https"):
        check("http://www.ice.gov/b", ALLOWED, before=page)


@pytest.mark.parametrize("address", ["8.8.8.8", "23.45.67.89", "2600:1400::1", "64:ff9b::8.8.8.8", "2002:808:808::1"])
def test_ordinary_addresses_are_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.255.255.254", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254",
        "100.64.0.1", "192.0.0.8", "192.0.2.1", "192.88.99.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1",
        "240.0.0.1", "255.255.255.255", "::", "::1", "::7f00:1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", 
        "64:ff9b::127.0.0.1",
        "64:ff9b::a00:1", "64:ff9b:1::1", "2002:7f00:1::1", "2002:a00:1::1", "2001::1", "2001:db8::1", "3fff::1",
        "fe80::1", "fe80::1%eth0", "fec0::1", "fc00::1", "fd00:ec2::254", "ff02::1", "100::1", "not an address", "",
    ],
)  # fmt: skip
def test_no_inner_address_is_public_in_any_wrapping(address: str) -> None:
    assert not is_public(address)
