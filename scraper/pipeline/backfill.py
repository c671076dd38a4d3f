"""Years of history on the first day: every version of a source that a web archive holds is kept, then read in order."""

import json
import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event
from typing import Any, Final, TypeVar

from scraper import readers
from scraper.archive import Archive
from scraper.errors import DetainerWatchError, DocumentError, StoreError
from scraper.memento import Memento, Unavailable, WebArchive
from scraper.model import Discovery, Document
from scraper.pipeline import archived, past
from scraper.pipeline.house import House
from scraper.pipeline.releases import is_heavy
from scraper.pipeline.tools import Tools
from scraper.settings import Settings, Source
from scraper.warc import WarcPage

Step = Callable[[str, int, int], None]
"""Told of each version: what it is, how many of the known ones are done, and how many are known so far."""

_T = TypeVar("_T")
_TRIES: Final = 3
"""Runs in which a version is asked for before it is given up; and failures in a row that end a run."""
_LONGEST_WAIT: Final = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """One version that is in our archive."""

    url: str
    at: str
    address: str
    status: int
    sha256: str
    media_type: str
    charset: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """What the archive has of one address."""

    url: str
    versions: int
    first: str
    last: str


class Journal:
    """What a backfill has so far, one JSON object a line: a run that was stopped, however, goes on where it was."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.listed: dict[str, list[str]] = {}
        self.kept: dict[str, Kept] = {}
        self.failed: Counter[str] = Counter()
        for line in path.read_text("utf-8").splitlines() if path.exists() else ():
            try:
                self._take(json.loads(line))
            except ValueError:
                continue  # the process ended within this line

    def _take(self, entry: dict[str, Any]) -> None:
        match entry:
            case {"listed": url, "versions": versions}:
                self.listed[url] = versions
            case {"raw": raw, "kept": kept}:
                self.kept[raw] = Kept(**kept)
            case {"raw": raw, "failed": times}:
                self.failed[raw] += times
            case {"whole": _}:
                self.listed.clear()  # the next run asks for what came since

    def add(self, **entry: Any) -> None:
        """Write one line, for good."""
        self._take(entry)
        with self._path.open("a", encoding="utf-8") as file:
            file.write(f"\n{json.dumps(entry)}\n")
            file.flush()
            os.fsync(file.fileno())


class Collector:
    """Asks the archive for versions and keeps them."""

    def __init__(self, house: House, source: Source, journal: Journal, since: str, step: Step) -> None:
        self._fetcher, self._tools, self._source = house.fetcher, house.tools, source
        self._base = house.settings.web_archive
        self._archive = WebArchive(self._base, house.fetcher.get)
        self._journal, self._since, self._step = journal, since, step
        self._in_a_row = self._done = 0
        self._late: list[str] = []
        """Versions that failed in a way that may pass."""
        self.found: dict[str, list[Memento]] = {}
        self.problems: list[str] = []
        self.unfinished = False

    def collect(self, *, plan: bool = False) -> None:
        """Keep every version of the index and of each document that any version of it lists.

        With `plan` only the newest version of each index page is asked for. Raises DetainerWatchError when the
        archive cannot go on; what was kept until then is in the journal.
        """
        pages, documents = [self._source.options.url], dict[str, None]()
        for url in pages:  # grows on the way
            versions = self._versions(url)
            if url == pages[0] and not (versions or self.unfinished):
                since = f" since {self._since}" if self._since else ""
                raise DetainerWatchError(f"The web archive has no version of {url}{since}.")
            for kept in list(self._bring(versions[-1:] if plan else versions)):
                found = self._discover(kept)
                if found is not None and not found.itself:
                    documents |= dict.fromkeys(ref.url for ref in found.refs)
                    pages += [one for one in found.next_urls if one not in pages]
                    del pages[self._source.options.max_pages :]
        for url in documents:
            versions = self._versions(url) if archived.is_ours(self._source, url) and url not in self.found else []
            for _ in self._bring([] if plan else versions):
                pass
        for raw in self._late:  # only now: an archive that is down says nothing about its versions
            self._journal.add(raw=raw, failed=1)
        if not (plan or self.unfinished):
            self._journal.add(whole=True)

    def kept(self) -> list[Kept]:
        """Return what is kept of the addresses met, oldest first, index before documents."""
        order = {url: number for number, url in enumerate(self.found)}
        mementos = [one for versions in self.found.values() for one in versions if one.raw in self._journal.kept]
        unique = {(kept.url, kept.at): kept for kept in (self._journal.kept[one.raw] for one in mementos)}
        return sorted(unique.values(), key=lambda kept: (kept.at, order[kept.url]))

    def planned(self) -> tuple[Planned, ...]:
        """Return what the archive has of each address met."""
        return tuple(
            Planned(
                url=url,
                versions=len(versions),
                first=versions[0].at if versions else "",
                last=versions[-1].at if versions else "",
            )
            for url, versions in self.found.items()
        )

    def _versions(self, url: str) -> list[Memento]:
        if url not in self._journal.listed:
            try:
                found = self._patiently(lambda: self._archive.versions(url))
            except Unavailable as problem:
                self._fail(problem)
                return []
            self._journal.add(listed=url, versions=[one.at for one in found])
        times = [at for at in self._journal.listed[url] if at >= self._since]
        self.found[url] = [self._archive.memento(url, at) for at in times]
        return self.found[url]

    def _bring(self, versions: Sequence[Memento]) -> Iterator[Kept]:
        for one in versions:
            if one.raw not in self._journal.kept and self._journal.failed[one.raw] < _TRIES:
                try:
                    self._keep(one)
                except Unavailable as problem:
                    if problem.passing:
                        self._late.append(one.raw)
                    else:
                        self._journal.add(raw=one.raw, failed=_TRIES)
                    self._fail(problem)
            self._done += 1
            self._step(f"{one.at} {one.url}", self._done, sum(map(len, self.found.values())))
            if one.raw in self._journal.kept:
                yield self._journal.kept[one.raw]

    def _keep(self, one: Memento) -> None:
        stored = self._patiently(lambda: self._archive.raw(one))
        if archived.leads_away(self._source, stored.address):
            raise Unavailable(f"the version of {one.url} of {one.at} leads to another site", passing=False)
        kept = Kept(
            url=one.url,
            at=stored.at,
            address=stored.address,
            status=stored.status,
            sha256=self._tools.archive.keep(stored.data),
            media_type=stored.media_type,
            charset=stored.charset,
        )
        self._journal.add(raw=one.raw, kept=asdict(kept))
        self._in_a_row = 0

    def _fail(self, problem: Unavailable) -> None:
        self.problems.append(str(problem))
        self.unfinished = self.unfinished or problem.passing
        self._in_a_row += problem.passing
        if self._in_a_row == _TRIES:
            raise DetainerWatchError(f"The archive does not answer as it should: {problem}. {AGAIN}") from problem

    def _patiently(self, ask: Callable[[], _T]) -> _T:
        """Ask; when the archive wants to be left alone for some minutes, wait and ask again."""
        for last in (False, False, True):
            self._rest()
            try:
                return ask()
            except Unavailable as problem:
                if last or not problem.passing or not self._fetcher.resting(self._base):
                    raise
        raise AssertionError

    def _rest(self) -> None:
        while until := self._fetcher.resting(self._base):
            seconds = (datetime.fromisoformat(until) - datetime.now(UTC)).total_seconds()
            if seconds > _LONGEST_WAIT:
                raise DetainerWatchError(f"The archive asks to be left alone until {until}. {AGAIN}")
            Event().wait(max(seconds, 0.1))

    def _discover(self, kept: Kept) -> Discovery | None:
        if kept.status != 200:
            return None
        page = past.as_document(_page(self._tools.archive, kept), kept.address)
        try:
            return _read(self._tools, self._source, page)
        except DocumentError as error:
            self.problems.append(f"{kept.at} {kept.url}: {error}")
            return None


AGAIN: Final = "What was kept stays; run the same command again for the rest."


def _read(tools: Tools, source: Source, page: Document) -> Discovery:
    found: Discovery = tools.parser.run(readers.discover, source.reader, page, source.options, heavy=is_heavy(page))
    return found


def _page(archive: Archive, kept: Kept) -> WarcPage:
    return WarcPage(
        url=kept.url,
        captured_at=kept.at,
        status=kept.status,
        media_type=kept.media_type,
        charset=kept.charset,
        headers=(),
        data=archive.read(kept.sha256),
    )


def _journal(settings: Settings, source: Source) -> Path:
    return settings.storage.database.with_name(f"backfill-{source.id}.jsonl")


def plan(settings: Settings, source_id: str, since: str, step: Step) -> tuple[Planned, ...]:
    """Return what a backfill would fetch, by what the newest index lists; keeps nothing."""
    source = past.source_of(settings, source_id)
    with TemporaryDirectory() as folder:
        scratch = Path(folder)
        storage = replace(
            settings.storage, database=scratch / "x.db", deliveries=scratch / "d.db", archive=scratch / "archive"
        )
        with House(replace(settings, storage=storage)) as house:
            collector = Collector(house, source, Journal(_journal(house.settings, source)), since, step)
            collector.collect(plan=True)
    return collector.planned()


def backfill(settings: Settings, source_id: str, since: str, step: Step) -> past.BroughtIn:
    """Keep every version that the web archive has of a source since a date ("" for all), then read them as history.

    Nobody is mailed about the past. Raises ConfigError for an unknown source, StoreError when the source has live
    history already, DetainerWatchError when the archive cannot go on: nothing is read before all of it is there.
    """
    source = past.source_of(settings, source_id)
    with House(settings) as house:
        _refuse_behind(house, source)
        collector = Collector(house, source, Journal(_journal(settings, source)), since, step)
        collector.collect()
        if collector.unfinished:
            words = ["The archive did not give everything yet.", AGAIN, *collector.problems]
            raise DetainerWatchError("\n".join(words))
        archive, known_until = house.tools.archive, _known_until(house, source)
    pages = ((_page(archive, kept), kept.address) for kept in collector.kept())
    done = past.read_in_order(settings, source, pages, via="archive", known_until=known_until)
    return replace(done, problems=(*collector.problems, *done.problems))


def _known_until(house: House, source: Source) -> str:
    """When the newest capture in the history was made: a run that was killed while it read goes on with that one."""
    sql = "SELECT max(started_at) AS at FROM fetch WHERE source_id = ? AND capture_id IS NOT NULL"
    row = house.db.one(sql, source.id)
    return (row["at"] if row else None) or ""


def _refuse_behind(house: House, source: Source) -> None:
    row = house.db.one("SELECT min(captured_at) AS at FROM capture WHERE source_id = ? AND via <> 'archive'", source.id)
    if row and row["at"]:
        raise StoreError(
            f"{source.id} has history of its own since {row['at']}, and the past cannot be slipped in before it. "
            f"Name a new file under storage: database: in {house.settings.path}, run `backfill` there, then `check`."
        )
