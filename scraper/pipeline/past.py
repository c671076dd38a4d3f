"""The past: captures made elsewhere, brought in with their own dates and read as history."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path

from scraper import readers, warc
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
from scraper.pipeline.tools import answer, reader_version, stamp
from scraper.settings import Settings, Source
from scraper.store import releases, seen
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
    calm = replace(source, confirm=replace(source.confirm, quiet_days=None))
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
                checked = _absorb(house, shelf, calm, page)
                if checked.trouble and _ABSENT not in checked.trouble.words:
                    problems.append(f"{page.captured_at} {page.url}: {checked.trouble.words}")
                checked.trouble = None
                settle(house.tools, calm, checked)
                events += len(checked.told)
    return BroughtIn(captures=count, events=events, problems=tuple(problems))


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


def _absorb(house: House, shelf: Shelf, source: Source, page: WarcPage) -> Checked:
    """One capture is one small round: of the index if it is the index, else of the one document.

    An index that listed a document before its first capture is asked again, for it says what the document is.
    """
    if _key(page.url) == _key(source.options.url):
        return check_source(house.tools, source, None)
    known = [row for row in releases.of_source(house.db, source.id) if row["url"] == _key(page.url)]
    if shelf.holds(source.options.url) and not any(row["editions"] for row in known):
        checked = check_source(house.tools, replace(source, recheck_documents=0), None)
        if _key(page.url) in shelf.served:
            return checked
    row = seen.source_row(house.db, source.id)
    checked = Checked(
        source_id=source.id, baseline=row["baseline_at"] is None, at=page.captured_at, listed=1, index_good=True
    )
    ref = _ref(house, source, page)
    known = releases.of_source(house.db, source.id)
    release = next((one for one in known if one["key"] == ref.key), None)
    documents.check(house.tools, source, None, reader_version(house.tools, source), ref, release, checked)
    return checked


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


def _ref(house: House, source: Source, page: WarcPage) -> ReleaseRef:
    """The reference of a document met without its index: as known, as it describes itself, or by its address."""
    url = _key(page.url)
    known = [row for row in releases.of_source(house.db, source.id) if row["url"] == url]
    if known:
        return ref_of(known[0])
    found = as_document(replace(page, url=url))
    try:
        discovery = readers.discover(source.reader, found, replace(source.options, url=url))
    except DocumentError:
        discovery = None
    if discovery and discovery.itself and len(discovery.refs) == 1:
        return discovery.refs[0]
    return ReleaseRef(key=url, url=url, title=url.rsplit("/", 1)[-1])
