"""Web archives by the Memento protocol (RFC 7089): which versions of an address they hold, and their raw bytes."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from email.message import Message
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Final, Protocol
from urllib.parse import urljoin, urlsplit

from scraper.errors import DetainerWatchError

_FORMAT: Final = "application/link-format"
_PAGES: Final = 100
"""Most pages of one TimeMap that are read."""
_LINK: Final = re.compile(r"\s*<([^<>]*)>((?:\s*;\s*[^\s=;,<>\"]+\s*(?:=\s*(?:\"[^\"]*\"|[^\s;,<>\"]+))?)*)\s*")
_PARAMETER: Final = re.compile(r";\s*([^\s=;,<>\"]+)\s*=\s*(?:\"([^\"]*)\"|([^\s;,<>\"]+))")
_MISSING: Final = (HTTPStatus.NOT_FOUND, HTTPStatus.GONE)


class Answer(Protocol):
    """What is needed of a fetch: `ok` with the whole body, or another outcome with the reason in words."""

    @property
    def outcome(self) -> str: ...  # noqa: D102
    @property
    def status(self) -> int | None: ...  # noqa: D102
    @property
    def headers(self) -> Mapping[str, str]: ...  # noqa: D102
    @property
    def body(self) -> bytes | None: ...  # noqa: D102
    @property
    def media_type(self) -> str | None: ...  # noqa: D102
    @property
    def charset(self) -> str | None: ...  # noqa: D102
    @property
    def reason(self) -> str: ...  # noqa: D102
    @property
    def final_url(self) -> str: ...  # noqa: D102


class Get(Protocol):
    """Fetches one address politely; whatever a server does is an answer."""

    def __call__(self, url: str, *, allow_hosts: Sequence[str]) -> Answer:
        """Fetch `url`."""
        ...


class Unavailable(DetainerWatchError):
    """The archive does not give what was asked for."""

    def __init__(self, words: str, *, passing: bool) -> None:
        super().__init__(words)
        self.passing = passing
        """Is it worth asking again later?"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Memento:
    """One stored version of an address."""

    url: str
    at: str
    """When the archive saw it: UTC, ISO-8601 with Z."""
    raw: str
    """Where the archive gives the bytes as the publisher served them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """What the publisher answered then."""

    at: str
    address: str
    """The archive's own, after redirects."""
    status: int
    """200, 404 or 410."""
    data: bytes
    """Empty unless the status is 200."""
    media_type: str
    charset: str | None


class WebArchive:
    """An archive whose TimeMaps lie at `{base}timemap/link/{url}` and raw versions at `{base}{14 digits}id_/{url}`."""

    def __init__(self, base: str, get: Get) -> None:
        self._base = base.rstrip("/") + "/"
        self._get = get
        self.hosts = (urlsplit(base).netloc,)
        """The only ones that are asked."""

    def versions(self, url: str) -> tuple[Memento, ...]:
        """Return every stored version of an address, oldest first; none when the archive has none.

        Raises Unavailable when the list cannot be had whole.
        """
        found: dict[str, Memento] = {}
        asked: set[str] = set()
        waiting = [f"{self._base}timemap/link/{url}"]
        while waiting:
            page = waiting.pop(0)
            if page in asked:
                continue
            if len(asked) == _PAGES:
                raise Unavailable(f"the archive's list of versions of {url} is endless", passing=False)
            for target, values in self._links(url, page, first=not asked):
                relations = values.get("rel", "").lower().split()
                if "memento" in relations and (at := _date(values.get("datetime", ""))):
                    found.setdefault(at, self.memento(url, at))
                elif "timemap" in relations and values.get("type", _FORMAT) == _FORMAT:
                    waiting.append(urljoin(page, target))
            asked.add(page)
        return tuple(found[at] for at in sorted(found))

    def memento(self, url: str, at: str) -> Memento:
        """Return the version of a time; asked for its bytes, the archive gives the nearest it has."""
        return Memento(url=url, at=at, raw=f"{self._base}{re.sub(r'[^0-9]', '', at)}id_/{url}")

    def _links(self, url: str, page: str, *, first: bool) -> Iterator[tuple[str, dict[str, str]]]:
        answer = self._get(page, allow_hosts=self.hosts)
        if first and (answer.status in _MISSING or (answer.status == HTTPStatus.OK and answer.reason == "empty body")):
            return
        if answer.body is None:
            raise Unavailable(f"the archive's list of versions of {url} cannot be had: {answer.reason}", passing=True)
        yield from parse_links(answer.body.decode("utf-8", "replace"), url)

    def raw(self, memento: Memento) -> Stored:
        """Return what the publisher answered then, under the archive's own date. Raises Unavailable."""
        return self.stored(memento, self._get(memento.raw, allow_hosts=self.hosts))

    def stored(self, memento: Memento, answer: Answer) -> Stored:
        """Return what the archive's answer to `memento.raw` holds. Raises Unavailable when it is no stored page."""
        at = _date(answer.headers.get("memento-datetime", ""))
        about = f"the version of {memento.url} of {memento.at}"
        if at is None:  # not the publisher's answer but the archive's own
            what = answer.reason or "its answer has no Memento-Datetime"
            raise Unavailable(f"{about} cannot be had: {what}", passing=answer.status not in (*_MISSING, 200, 403, 451))
        if answer.body is None and answer.status not in _MISSING:
            raise Unavailable(f"{about} is no page: {answer.reason}", passing=_is_passing(answer))
        media_type, charset = answer.media_type or "", answer.charset
        if original := answer.headers.get("x-archive-orig-content-type"):
            mime = Message()
            mime["Content-Type"] = original
            media_type, charset = mime.get_content_type(), mime.get_content_charset()
        return Stored(
            at=at,
            address=answer.final_url,
            status=answer.status or 200,
            data=answer.body or b"",
            media_type=media_type,
            charset=charset,
        )


def parse_links(text: str, url: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield target and parameters of each link of an `application/link-format` document about `url`.

    Raises Unavailable where the document is cut or is none.
    """
    at, end = 0, len(text.rstrip().rstrip(","))
    while at < end:
        link = _LINK.match(text, at)
        if link is None or (link.end() < end and text[link.end()] != ","):
            raise Unavailable(f"the archive's list of versions of {url} is cut or damaged", passing=True)
        yield link[1], {name.lower(): quoted or plain for name, quoted, plain in _PARAMETER.findall(link[2])}
        at = link.end() + 1


def _date(text: str) -> str | None:
    try:
        when = parsedate_to_datetime(text)
    except (ValueError, OverflowError, IndexError):
        return None
    return f"{when.replace(tzinfo=when.tzinfo or UTC).astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _is_passing(answer: Answer) -> bool:
    """A page that the publisher answered with may have been cut on its way to us; a refusal or error stays one."""
    return answer.outcome == "failed" and answer.status in (None, HTTPStatus.OK)
