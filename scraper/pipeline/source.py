"""One source, one round: read its index, ask every document, record what changed, and say how it went."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Literal

from scraper import checks, readers
from scraper.documents import html
from scraper.errors import DocumentError, LayoutChanged
from scraper.fetch import Fetched
from scraper.model import Discovery, Document, Problem, ReleaseRef
from scraper.pipeline import moved
from scraper.pipeline import releases as documents
from scraper.pipeline.outcome import Checked, Trouble, with_way_out
from scraper.pipeline.tools import Tools, reader_version
from scraper.pipeline.visit import Visit, document, visit
from scraper.settings import Source
from scraper.store import events, releases, seen
from scraper.store.database import Row
from scraper.terms import SourceState


def check_source(tools: Tools, source: Source, round_id: int | None) -> Checked:
    """Run one round of one source; raises nothing that a publisher can cause."""
    row = seen.source_row(tools.db, source.id)
    checked = Checked(
        source_id=source.id,
        baseline=row["baseline_at"] is None,
        at=tools.at(),
        open=events.open_problems(tools.db, source.id),
    )
    known = releases.of_source(tools.db, source.id)
    index = documents.ask(tools, source, source.options.url, round_id, checked)
    checked.at = index.at
    whole = next((release for release in known if release["url"] == source.options.url), None)
    if index.outcome == "gone" and whole is not None:
        documents.missing(tools, source, whole, checked)
    elif not index.good:
        state: SourceState = "blocked" if index.outcome == "blocked" else "failing"
        words = index.reason
        if state == "blocked" and source.archive_when_blocked:
            words += f"; {_read_instead(tools, source, round_id, whole, known, checked)}"
        _index_trouble(tools, source, Trouble(state=state, words=words), "fetch", checked)
    else:
        _check_listed(tools, source, round_id, index, whole, known, checked)
    return checked


def _read_instead(
    tools: Tools, source: Source, round_id: int | None, whole: Row | None, known: Sequence[Row], checked: Checked
) -> str:
    """Read the newest version in the web archive, if it is newer than what is held, and return what was done.

    Of the documents only those without any edition are asked for: what a known one stated before is never news.
    """
    newest, url, now = tools.newest_archived, source.options.url, checked.at
    if newest is None:
        return "no web archive is at hand"
    answer = newest(source, url)
    floor = seen.newest_edition(tools.db, source.id) if documents.is_cumulative(source) else ""
    if answer.outcome == "ok" and answer.started_at <= max(floor, seen.answered_at(tools.db, source.id, url)):
        reason = f"its newest version, of {answer.started_at}, is not newer than what is held"
        answer = replace(answer, outcome="failed", body=None, reason=reason, started_at=now)

    def get(
        url: str, *, allow_hosts: Sequence[str], etag: str | None = None, last_modified: str | None = None
    ) -> Fetched:
        found = answer if url == answer.url else newest(source, url)
        if found.outcome != "ok" or found.started_at > floor:
            return found
        return replace(found, outcome="failed", body=None, reason="its archived version is older than what is held")

    archived, calm = replace(tools, get=get, via="archive"), replace(source, recheck_documents=0)
    index = visit(archived, calm, url, round_id)
    if not index.good:
        return f"the web archive has nothing to read instead: {index.reason}"
    checked.at = index.at
    _check_listed(archived, calm, round_id, index, whole, known, checked)
    found, checked.trouble, checked.at = checked.trouble, None, now
    words = f"read instead from the web archive: {answer.final_url} of {answer.started_at}"
    return f"{words} ({found.words})" if found else words


def _check_listed(
    tools: Tools,
    source: Source,
    round_id: int | None,
    index: Visit,
    whole: Row | None,
    known: Sequence[Row],
    checked: Checked,
) -> None:
    version = reader_version(tools, source)
    try:
        discovery = _discover(tools, source, index, version, round_id, whole, checked)
    except DocumentError as error:
        state: SourceState = "layout_changed" if isinstance(error, LayoutChanged) else "failing"
        _index_trouble(tools, source, Trouble(state=state, words=str(error)), "index", checked)
    else:
        _walk(tools, source, round_id, version, index, discovery, known, checked)


def _index_trouble(
    tools: Tools, source: Source, trouble: Trouble, topic: Literal["fetch", "index"], checked: Checked
) -> None:
    checked.worry(trouble)
    about = events.About(source_id=source.id, url=source.options.url, topic=topic)
    events.problems(tools.db, about, [Problem(code=trouble.state, text=trouble.words, holds_back=True)], checked.at)


def _discover(
    tools: Tools, source: Source, index: Visit, version: str, round_id: int | None, whole: Row | None, checked: Checked
) -> Discovery | None:
    """Return what the index lists, or None when it is as it was read before."""
    if not tools.accept and not index.unread(version) and (whole is not None or source.options.max_pages == 1):
        return None
    if index.capture_id is None:
        raise LayoutChanged("the index page could not be found in the archive")
    page = document(tools, index.capture_id)
    if source.expect.text and source.expect.text not in html.decode(page.loaded().data, page.charset):
        raise LayoutChanged(f'the index page does not contain the words "{source.expect.text}"')
    discovery = _read_index(tools, source, page)
    refs, problems = list(discovery.refs), list(discovery.problems)
    asked, waiting = {source.options.url}, list(discovery.next_urls)
    while waiting and len(asked) < source.options.max_pages:
        url = waiting.pop(0)
        if url in asked:
            continue
        asked.add(url)
        further = documents.ask(tools, source, url, round_id, checked)
        if not further.good or further.capture_id is None:
            problems.append(Problem(code="index_page", text=f"{url}: {further.reason}", holds_back=True))
            break
        more = _read_index(tools, source, document(tools, further.capture_id))
        refs += more.refs
        waiting += more.next_urls
        problems += more.problems
    unique = {ref.key: ref for ref in reversed(refs)}  # the first mention of a release wins
    ordered = tuple(unique[key] for key in dict.fromkeys(ref.key for ref in refs))
    return Discovery(refs=ordered, problems=tuple(dict.fromkeys(problems)), itself=discovery.itself)


def _read_index(tools: Tools, source: Source, page: Document) -> Discovery:
    found: Discovery = tools.parser.run(
        readers.discover, source.reader, page, source.options, heavy=documents.is_heavy(page)
    )
    return found


def _walk(
    tools: Tools,
    source: Source,
    round_id: int | None,
    version: str,
    index: Visit,
    discovery: Discovery | None,
    known: Sequence[Row],
    checked: Checked,
) -> None:
    if discovery is None:  # nothing new on the index; its documents may have changed all the same
        checked.listed = sum(row["status"] == "listed" for row in known)
        checked.still_held(index.url, "index")
        checked.index_good = checked.trouble is None
        _watch_known(tools, source, round_id, version, [], known, checked, index)
        _count_unlisted(tools, source, known, None, checked)
        return
    checked.listed = len(discovery.refs)
    before = sum(row["status"] == "listed" and row["source_id"] == source.id for row in known)
    restated = checked.baseline or tools.accept or documents.is_cumulative(source)  # then fewer items are no loss
    problems = with_way_out(checks.judge_listing(discovery, 0 if restated else before, source.expect), source.id)
    held = [problem for problem in problems if problem.holds_back]
    about = events.About(source_id=source.id, url=index.url, topic="index")
    events.problems(tools.db, about, problems, checked.at)
    if held:
        checked.worry(Trouble(state="layout_changed", words=held[0].text))
    checked.index_good = not held
    if discovery.itself and index.capture_id is not None:
        refs = _oldest_first(discovery.refs)
        documents.read_in_place(tools, source, version, index, refs, checked)
        return
    refs = moved.known_again(_oldest_first(discovery.refs), known)
    keys = _watch_known(tools, source, round_id, version, refs, known, checked, index)
    if not held:
        _count_unlisted(tools, source, known, keys, checked)
    if index.capture_id is not None and not checked.pending:
        seen.was_read(tools.db, source.id, index.url, index.capture_id, version)


def _oldest_first(refs: Iterable[ReleaseRef]) -> list[ReleaseRef]:
    """Indexes list the newest first; what happened first is told first."""
    turned = list(refs)[::-1]
    return sorted(turned, key=lambda ref: ref.published or "") if all(ref.published for ref in turned) else turned


def _watch_known(
    tools: Tools,
    source: Source,
    round_id: int | None,
    version: str,
    refs: Sequence[ReleaseRef],
    known: Sequence[Row],
    checked: Checked,
    index: Visit,
) -> set[str]:
    """Ask the documents of new releases, then those known already, longest unasked first; return the keys listed.

    Known ones that the index leaves out while it names new ones are asked before those: they may have moved there.
    """
    by_key = {row["key"]: row for row in known}
    listed = {ref.key: ref for ref in refs}
    new = {ref.key: ref for ref in refs if ref.key not in by_key or not by_key[ref.key]["editions"]}
    old = [row for row in known if row["editions"] or row["key"] not in listed][: source.recheck_documents]
    checked.left_out = [row for row in old if new and row["key"] not in listed and row["url"] != index.url]
    asked = {row["key"] for row in checked.left_out}
    for row in list(checked.left_out):
        told = len(checked.told)
        found = documents.check(tools, source, round_id, version, ref_of(row), row, checked)
        ref = new.get(moved.led_to(tools, source, found))
        if ref and (len(checked.told) == told or moved.listed_alike(ref, row)):
            del new[ref.key]
            moved.take(tools, source, row, ref, checked)
    if documents.is_cumulative(source):
        checked.left_out.clear()  # there each list is compared with the one before, whatever it is called
    for ref in new.values():
        documents.check(tools, source, round_id, version, ref, by_key.get(ref.key), checked)
    for row in old:
        if row["key"] in asked:
            continue
        if row["url"] == index.url:
            documents.as_before(tools, row, checked)
            documents.settle_version(tools, source, row, index, checked)
            continue
        documents.check(tools, source, round_id, version, listed.get(row["key"]) or ref_of(row), row, checked)
    return {checked.moved.get(key, key) for key in listed}


def ref_of(row: Row) -> ReleaseRef:
    """Return a stored release as a reference."""
    return ReleaseRef(
        key=row["key"],
        url=row["url"],
        title=row["listed_title"] or row["title"],
        published=row["published"],
        series=row["series"],
        period_start=row["period_start"],
        period_end=row["period_end"],
    )


def _count_unlisted(
    tools: Tools, source: Source, known: Sequence[Row], keys: set[str] | None, checked: Checked
) -> None:
    """A release that good indexes leave out while its document still answers is delisted: recorded, low key."""
    if documents.is_cumulative(source):
        return  # each list takes the place of the one before
    for row in known:
        if row["status"] == "withdrawn":
            continue
        absent = row["unlisted"] > 0 if keys is None else row["key"] not in keys
        if not absent:
            if row["unlisted"]:
                releases.unlisted(tools.db, row["release_id"], 0)
            continue
        rounds = releases.unlisted(tools.db, row["release_id"], row["unlisted"] + 1)
        if rounds == source.confirm.withdrawn_rounds and not row["missing"] and not checked.baseline:
            events.record_release(tools.db, kind="delisted", release_id=row["release_id"], at=checked.at)
            checked.told.append("delisted")
