"""The past: captures made elsewhere, brought in with their own dates and read as history."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path

from scraper import __version__, readers, warc
from scraper.documents import kinds, urls
from scraper.errors import ConfigError, DocumentError, StoreError
from scraper.fetch import Fetched
from scraper.model import Document, ReleaseRef
from scraper.pipeline import releases as documents
from scraper.pipeline.archived import original
from scraper.pipeline.house import House
from scraper.pipeline.outcome import Checked
from scraper.pipeline.settle import settle
from scraper.pipeline.source import check_source, ref_of
from scraper.pipeline.tools import Tools, answer, reader_version, stamp
from scraper.settings import Settings, Source
from scraper.store import releases, seen
from scraper.store.database import Database, Row
from scraper.terms import FetchOutcome
from scraper.warc import WarcPage


@dataclass(frozen=True, slots=True, kw_only=True)
class BroughtIn:
    """What an import brought."""

    captures: int
    events: int
    problems: tuple[str, ...]


class Shelf:
    """Serves captures as a publisher did at some moment: for each address the newest until then."""

    def __init__(self) -> None:
        self._newest: dict[str, tuple[WarcPage, str]] = {}
        self._now = datetime.now(UTC)
        self.served: set[str] = set()
        """Addresses asked for since this was emptied."""

    def now(self) -> datetime:
        """Return the time of the capture put last."""
        return self._now

    def put(self, page: WarcPage, address: str = "") -> None:
        """Let an address serve a capture from its own time on; `address` is where an archive holds it."""
        self._now = datetime.fromisoformat(page.captured_at)
        self._newest[_key(page.url)] = page, address

    def holds(self, url: str) -> bool:
        """Has there been a capture of this address by now?"""
        return _key(url) in self._newest

    def get(
        self, url: str, *, allow_hosts: Sequence[str], etag: str | None = None, last_modified: str | None = None
    ) -> Fetched:
        """Answer like the fetcher; an address the file does not hold is "failed", which is never news."""
        self.served.add(_key(url))
        page, address = self._newest.get(_key(url), (None, ""))
        outcome: FetchOutcome = "failed"
        if page is not None and page.status in (200, 404, 410):
            outcome = "ok" if page.status == 200 else "gone"
        if page is None or outcome == "failed":
            status = page.status if page else None
            return answer(url, "failed", stamp(self._now), final_url=address or url, status=status, reason=_ABSENT)
        return answer(
            url,
            outcome,
            page.captured_at if outcome == "ok" else stamp(self._now),
            final_url=address or url,
            status=page.status,
            body=page.data if outcome == "ok" else None,
            media_type=page.media_type,
            charset=page.charset,
            reason="" if outcome == "ok" else _ABSENT,
        )


_ABSENT = "not among the captures"
PAST = f"{__version__}, of the past"
"""What stands as the version in the round of each capture brought in; 0 sources: it was a single document."""


def _key(url: str) -> str:
    return urls.canonical(url) or url


def bring_in(settings: Settings, source_id: str, path: Path) -> BroughtIn:
    """Read a WARC file as the history of one source, oldest capture first; nobody is mailed about the past.

    Raises ConfigError for an unknown source, StoreError when later history exists already (the past cannot be
    slipped in before it), DocumentError when nothing in the file can be read.
    """
    source, problems = source_of(settings, source_id), list[str]()
    pages = _sorted(path, problems)
    with House(settings) as house:
        _refuse_behind(house, source, pages)
    done = read_in_order(settings, source, ((page, "") for page in pages), via="warc", known_until="")
    return replace(done, problems=(*problems, *done.problems))


def source_of(settings: Settings, source_id: str) -> Source:
    """Return a source by its id; ConfigError when there is none."""
    source = next((one for one in settings.sources if one.id == source_id), None)
    if source is None:
        raise ConfigError(f'There is no source "{source_id}" in {settings.path}.')
    return source


def read_in_order(
    settings: Settings, source: Source, pages: Iterable[tuple[WarcPage, str]], *, via: str, known_until: str
) -> BroughtIn:
    """Read captures, oldest first, each with the address where an archive holds it, as the history of a source.

    Those before `known_until` are in the history already and only stand on the shelf. What was wrong with a source in
    the past is a line in the answer, not an event.
    """
    shelf, events, count, problems = Shelf(), 0, 0, list[str]()
    calm = calmly(source)
    with House(settings, now=shelf.now, get=shelf.get, via=via) as house, house.telling_nobody():
        for at, together in groupby(pages, key=lambda pair: pair[0].captured_at):
            moment = sorted(together, key=lambda pair: _key(pair[0].url) != _key(source.options.url))  # index first
            for page, address in moment:
                shelf.put(page, address)
            shelf.served.clear()
            for page, _ in moment if at >= known_until else ():
                count += 1
                if _key(page.url) in shelf.served:  # read with the index
                    continue
                whole = _key(page.url) == _key(source.options.url)
                round_id = seen.start_round(house.db, at, PAST, settings.sha256, int(whole))
                again = not whole and shelf.holds(source.options.url) and not _has_editions(house.db, source, page.url)
                taken = Taken(page=page, whole=whole, again=again, round_id=round_id)
                checked = absorb(house.tools, calm, taken, lambda url: _key(url) in shelf.served)
                if checked.trouble and _ABSENT not in checked.trouble.words:
                    problems.append(f"{page.captured_at} {page.url}: {checked.trouble.words}")
                checked.trouble = None
                settle(house.tools, calm, checked)
                seen.end_round(house.db, round_id, at, 0)
                events += len(checked.told)
    return BroughtIn(captures=count, events=events, problems=tuple(problems))


def calmly(source: Source) -> Source:
    """Return a source about which nobody worries: in the past it is silent for as long as nothing was captured."""
    return replace(source, confirm=replace(source.confirm, quiet_days=None))


def _sorted(path: Path, problems: list[str]) -> list[WarcPage]:
    pages: list[WarcPage] = []
    try:
        pages.extend(warc.read(path, report=problems.append))
    except DocumentError as error:
        problems.append(str(error))
    return sorted(pages, key=lambda page: page.captured_at)


def _refuse_behind(house: House, source: Source, pages: Sequence[WarcPage]) -> None:
    row = house.db.one("SELECT max(seen_at) AS last FROM edition WHERE source_id = ?", source.id)
    if row and row["last"] and pages and pages[0].captured_at < row["last"]:
        raise StoreError(
            f"{source.id} has history until {row['last']}, and the file begins {pages[0].captured_at}: "
            "bring the past in before the first live check (into a new database)."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """One capture that is taken into the history, a small round of its own."""

    page: WarcPage
    whole: bool
    """It is the index: the source is checked as a whole."""
    again: bool
    """A document without any edition: an index that listed it before its first capture says what it is."""
    round_id: int | None


def absorb(tools: Tools, source: Source, taken: Taken, was_asked: Callable[[str], bool]) -> Checked:
    """Take one capture in; `was_asked` tells whether the index that was asked again led to it."""
    if taken.whole:
        return check_source(tools, source, taken.round_id)
    page = taken.page
    if taken.again:
        checked = check_source(tools, replace(source, recheck_documents=0), taken.round_id)
        if was_asked(page.url):
            return checked
    row = seen.source_row(tools.db, source.id)
    checked = Checked(
        source_id=source.id, baseline=row["baseline_at"] is None, at=page.captured_at, listed=1, index_good=True
    )
    ref = _ref(tools, source, page)
    release = next((one for one in releases.of_source(tools.db, source.id) if one["key"] == ref.key), None)
    version = reader_version(tools, source)
    documents.check(tools, source, taken.round_id, version, ref, release, checked)
    return checked


def _known(db: Database, source: Source, url: str) -> list[Row]:
    return [row for row in releases.of_source(db, source.id) if _key(row["url"]) == _key(url)]


def _has_editions(db: Database, source: Source, url: str) -> bool:
    return any(row["editions"] for row in _known(db, source, url))


def as_document(page: WarcPage, address: str = "") -> Document:
    """Return a capture, which an archive holds at `address`, as readers take it."""
    return Document(
        url=page.url,
        data=page.data,
        media_type=kinds.media_type(page.data, page.media_type),
        charset=page.charset,
        captured_at=page.captured_at,
        sha256="",
        base_url=original(address),
    )


def _ref(tools: Tools, source: Source, page: WarcPage) -> ReleaseRef:
    """The reference of a document met without its index: as known, as it describes itself, or by its address."""
    url = _key(page.url)
    if known := _known(tools.db, source, url):
        return ref_of(known[0])
    found, discovery = as_document(replace(page, url=url)), None
    if page.status == 200:
        with suppress(DocumentError):
            discovery = readers.discover(source.reader, found, replace(source.options, url=url))
    if discovery and discovery.itself and len(discovery.refs) == 1:
        return discovery.refs[0]
    return ReleaseRef(key=url, url=url, title=url.rsplit("/", 1)[-1])
