"""The newest version in the web archive, for a round in which the publisher itself turns us away."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from scraper.fetch import Fetched, Refused, policy
from scraper.memento import Unavailable, WebArchive
from scraper.pipeline.tools import Get
from scraper.settings import Source

_ORIGINAL: Final = re.compile(r"/\d{14}[a-z]*_?/(https?:/.+)", re.DOTALL)


def is_ours(source: Source, url: str) -> bool:
    """May this address be asked for on behalf of this source, be it of its publisher or of an archive?"""
    try:
        policy.check(url, source.allow_hosts)
    except Refused:
        return False
    return True


def original(address: str) -> str:
    """Return the publisher's address of a version in a web archive; any other address as it is."""
    found = _ORIGINAL.search(address)
    return found[1] if found else address


def leads_away(source: Source, address: str) -> bool:
    """Did the archive answer, after redirects, with a page of another site?"""
    return _ORIGINAL.search(address) is not None and not is_ours(source, original(address))


def newest(base: str, get: Get, at: Callable[[], str]) -> Callable[[Source, str], Fetched]:
    """Return what asks the archive at `base` for the newest version of an address: "ok" with its bytes, or "failed".

    `started_at` of the answer is when the archive saw the page.
    """
    archive = WebArchive(base, get)

    def ask(source: Source, url: str) -> Fetched:
        wanted = archive.memento(url, at())
        answer = get(wanted.raw, allow_hosts=archive.hosts)
        answer = replace(answer, url=url, etag=None, last_modified=None)
        try:
            if not is_ours(source, url) or leads_away(source, answer.final_url):
                raise Unavailable("it is a page of another site", passing=False)
            stored = archive.stored(wanted, answer)
            if stored.status != 200:
                raise Unavailable("the newest version says that the page does not exist", passing=False)
        except Unavailable as problem:
            return replace(answer, outcome="failed", body=None, reason=str(problem))
        return replace(answer, started_at=stored.at, media_type=stored.media_type, charset=stored.charset)

    return ask
