"""One release: ask its document, read what is unread, judge it, and record it in one transaction."""

from collections.abc import Iterable, Iterator, Sequence

from scraper import checks, places, readers
from scraper.errors import ArchiveError, DocumentError, LayoutChanged
from scraper.ids import plain
from scraper.model import Compared, Document, Problem, ReleaseRef
from scraper.pipeline.moved import under_new_name
from scraper.pipeline.outcome import Checked, Trouble, with_way_out
from scraper.pipeline.tools import Tools
from scraper.pipeline.visit import Visit, document, visit
from scraper.settings import Source
from scraper.store import events, history, releases, rows, seen
from scraper.store.database import Row
from scraper.terms import CausedBy

_STAYED = 3
"""Answers in a row without new bytes after which one of two alternating versions is believed."""
_HEAVY = ("application/pdf", "application/zip", "application/vnd.", "application/octet-stream")


def is_heavy(page: Document) -> bool:
    """Must this document be read in a child process with limits? Small HTML, CSV and JSON need not."""
    return page.content is not None or page.media_type.startswith(_HEAVY)


def ask(tools: Tools, source: Source, url: str, round_id: int | None, checked: Checked) -> Visit:
    """Visit an address; a good answer closes what was wrong with fetching it."""
    found = visit(tools, source, url, round_id)
    checked.fetched += 1
    checked.at = max(checked.at, found.at)  # of the past an older answer may come after a newer one
    if found.good and (url, "fetch") in checked.open:
        events.problems(tools.db, events.About(source_id=source.id, url=url, topic="fetch"), [], checked.at)
    return found


def check(
    tools: Tools,
    source: Source,
    round_id: int | None,
    version: str,
    ref: ReleaseRef,
    row: Row | None,
    checked: Checked,
) -> Visit:
    """Ask the document of one release, record what it states, and return how it answered."""
    found = ask(tools, source, ref.url, round_id, checked)
    if found.outcome == "gone":
        missing(tools, source, row, checked, url=ref.url, title=ref.title)
    elif not found.good:
        _unfetched(tools, source, ref, row, found, checked)
    elif found.unread(version) or _asked_again(tools, found):
        _read_all(tools, source, version, ref, found, checked)
    elif row is not None:
        as_before(tools, row, checked)
        settle_version(tools, source, row, found, checked)
        _listed_title(tools, ref, row, checked)
    return found


def as_before(tools: Tools, row: Row, checked: Checked) -> None:
    """Note that a document answered with what it stated before; a withdrawn one is thereby restored."""
    if row["status"] == "withdrawn":
        events.record_release(tools.db, kind="restored", release_id=row["release_id"], at=checked.at)
        checked.told.append("restored")
    releases.seen_again(tools.db, row["release_id"], checked.at)
    checked.still_held(row["url"], "document")


def settle_version(tools: Tools, source: Source, row: Row, found: Visit, checked: Checked) -> None:
    """Bytes that alternated with others have stayed for some rounds: what was damped is told now."""
    if found.unchanged != _STAYED:
        return
    done = history.tell_settled(tools.db, source.id, row["release_id"], is_cumulative(source), checked.at)
    if done:
        checked.told.append("revised")
        checked.changes += len(done.changes)


def missing(tools: Tools, source: Source, row: Row | None, checked: Checked, url: str = "", title: str = "") -> None:
    """Count a 404 or 410; believed, and told once, after the configured number of rounds in a row."""
    if row is None or not row["editions"]:
        text = f'"{title}" is listed, but its document answers that it does not exist'
        _flag(
            tools, checked, events.About(source_id=source.id, url=url, topic="fetch"), Problem(code="gone", text=text)
        )
        checked.worry(Trouble(state="failing", words=text))
        checked.pending = True
        return
    checked.note = f'"{row["title"]}" answers that it does not exist'
    if row["status"] == "withdrawn":
        return
    rounds, needed = releases.missing(tools.db, row["release_id"]), source.confirm.withdrawn_rounds
    about = events.About(source_id=source.id, url=row["url"], topic="fetch", release_id=row["release_id"])
    if rounds < needed:
        text = f"the document answers that it does not exist (seen {rounds} of {needed} times needed to believe it)"
        _flag(tools, checked, about, Problem(code="gone", text=text))
        return
    events.record_release(tools.db, kind="withdrawn", release_id=row["release_id"], at=checked.at)
    events.problems(tools.db, about, [], checked.at)
    checked.told.append("withdrawn")


def _flag(tools: Tools, checked: Checked, about: events.About, *problems: Problem) -> None:
    events.problems(tools.db, about, problems, checked.at)


def read_in_place(
    tools: Tools, source: Source, version: str, index: Visit, refs: Sequence[ReleaseRef], checked: Checked
) -> None:
    """Read releases that are the index page itself (a page or table watched in place, or the bundled history)."""
    for capture_id, caused_by in _captures(index, version):
        good = [_read(tools, source, version, ref, capture_id, caused_by, checked) for ref in refs]
        if None not in good:
            seen.was_read(tools.db, source.id, index.url, capture_id, version, held=not all(good))


def _read_all(tools: Tools, source: Source, version: str, ref: ReleaseRef, found: Visit, checked: Checked) -> None:
    for capture_id, caused_by in _captures(found, version):
        good = _read(tools, source, version, ref, capture_id, caused_by, checked)
        if good is not None:
            seen.was_read(tools.db, source.id, found.url, capture_id, version, held=not good)


def _asked_again(tools: Tools, found: Visit) -> bool:
    """Does a person accept what was held back?"""
    return tools.accept and found.capture_id is not None and found.capture_id == found.held[0] != found.read_capture


def _captures(found: Visit, version: str) -> list[tuple[int, CausedBy]]:
    """What to read, in order: after a change of our own code first the bytes last read well, so that the publisher's
    change is measured against what the same code made of the old bytes."""
    todo: list[tuple[int, CausedBy]] = []
    if found.read_capture is not None and found.read_version != version:
        todo.append((found.read_capture, "reader"))
    if found.capture_id is not None and found.capture_id != found.read_capture:
        todo.append((found.capture_id, "publisher"))
    return todo


def _read(
    tools: Tools,
    source: Source,
    version: str,
    ref: ReleaseRef,
    capture_id: int,
    caused_by: CausedBy,
    checked: Checked,
) -> bool | None:
    """Read, judge and record one document; return whether it counts now, None where the archive could not give it."""
    target = history.target(tools.db, source.id, ref, is_cumulative(source))
    try:
        page = document(tools, capture_id)
        spool = tools.parser.stream(
            readers.compare,
            source.reader,
            page,
            ref,
            source.options,
            rows.known(tools.db, target.stream),
            caused_by == "reader",
            heavy=is_heavy(page),
            step=lambda: tools.going(source.id, "read", readers.BATCH),
        )
    except (DocumentError, ArchiveError) as error:
        _unreadable(tools, source, ref, error, checked)
        return None if isinstance(error, ArchiveError) else False  # a file that is brought back is read
    with spool:
        asked, ref = ref, under_new_name(tools, source, ref, spool.result.content_hash, checked)
        if ref is not asked:
            target = history.target(tools.db, source.id, ref, is_cumulative(source))
        row = releases.find(tools.db, source.id, ref)
        problems = _judged(tools, source, target, spool.result)
        held = [problem for problem in problems if problem.holds_back]
        if held:
            _held(tools, source, ref, problems, held[0], checked)
            return False
        recorded = history.record(
            tools.db,
            history.Entry(
                source_id=source.id,
                publisher=source.options.publisher,
                ref=ref,
                target=target,
                compared=spool.result,
                facts=lambda: _placed(tools, source, spool),
                capture_id=capture_id,
                seen_at=page.captured_at,
                reader=source.reader,
                reader_version=version,
                cumulative=is_cumulative(source),
                quiet=checked.baseline,
                caused_by=caused_by,
            ),
        )
    about = events.About(source_id=source.id, url=ref.url, topic="document", release_id=recorded.release_id)
    _flag(tools, checked, about, *problems)
    if recorded.kind:
        checked.told.append(recorded.kind)
        checked.changes += len(recorded.changes)
    if row and not recorded.kind and caused_by == "publisher":  # the bytes are new, what they state is not
        _listed_title(tools, ref, row, checked)
    else:
        releases.listed_as(tools.db, recorded.release_id, ref.title)
    return True


def _placed(tools: Tools, source: Source, batches: Iterable[list[readers.Told]]) -> Iterator[readers.Told]:
    """Go through the facts of a reading with the places they name."""
    resolve = places.resolver(tools.gazetteer)
    for batch in batches:
        for is_known, fact in batch:
            yield is_known, resolve(fact)
        tools.going(source.id, "stored", len(batch))


def _judged(tools: Tools, source: Source, target: history.Target, compared: Compared) -> tuple[Problem, ...]:
    """May this reading become current? Its own problems, and those that its size shows."""
    head = None if tools.accept else target.head
    before = checks.Size(rows=head["rows"], characters=len(head["text"])) if head else None
    figures = compared.figures
    if source.expect.figures_min and target.head:
        figures += rows.figures_read_off(tools.db, target.stream, compared.gone)
    now = checks.Size(rows=compared.rows, characters=sum(map(len, compared.reading.paragraphs)), figures=figures)
    return with_way_out(checks.judge(now, before, compared.reading.problems, source.expect), source.id)


def is_cumulative(source: Source) -> bool:
    """Does each release of this source restate the whole list?"""
    kind = source.options.series_kind or readers.READERS[source.reader].SERIES_KIND
    return kind == "cumulative"


def _unfetched(tools: Tools, source: Source, ref: ReleaseRef, row: Row | None, found: Visit, checked: Checked) -> None:
    text = f'"{ref.title}" could not be fetched: {found.reason}'
    about = events.About(source_id=source.id, url=ref.url, topic="fetch", release_id=row["release_id"] if row else None)
    _flag(tools, checked, about, Problem(code="fetch", text=text))
    checked.pending = checked.pending or row is None or not row["editions"]
    checked.worry(Trouble(state="blocked" if found.outcome == "blocked" else "failing", words=text))
    if checked.baseline:
        releases.on_record(tools.db, source.id, source.options.publisher, ref, checked.at)


def _unreadable(
    tools: Tools, source: Source, ref: ReleaseRef, error: DocumentError | ArchiveError, checked: Checked
) -> None:
    """Flag a document we cannot read; a new file (not a web page) is news all the same, told once."""
    text = f'"{ref.title}" ({ref.url}) could not be read: {error}'
    row = releases.enter(tools.db, source.id, source.options.publisher, ref, checked.at)
    about = events.About(source_id=source.id, url=ref.url, topic="document", release_id=row["release_id"])
    _flag(tools, checked, about, Problem(code="unreadable", text=text, holds_back=True))
    checked.worry(Trouble(state="layout_changed" if isinstance(error, LayoutChanged) else "failing", words=text))
    if checked.baseline:
        releases.told(tools.db, row["release_id"])
    elif not row["told"] and not isinstance(error, LayoutChanged):
        events.record_release(
            tools.db,
            kind="new",
            release_id=row["release_id"],
            at=checked.at,
            summary=f"a new release; its document could not be read: {error}",
        )
        releases.told(tools.db, row["release_id"])
        checked.told.append("new")


def _held(
    tools: Tools, source: Source, ref: ReleaseRef, problems: Sequence[Problem], worst: Problem, checked: Checked
) -> None:
    row = releases.enter(tools.db, source.id, source.options.publisher, ref, checked.at)
    about = events.About(source_id=source.id, url=ref.url, topic="document", release_id=row["release_id"])
    _flag(tools, checked, about, *problems)
    checked.worry(
        Trouble(
            state="layout_changed",
            words=f'"{ref.title}" is held back: {worst.text}; accept it with `check --source {source.id} --accept`',
        )
    )
    if checked.baseline:
        releases.told(tools.db, row["release_id"])


def _listed_title(tools: Tools, ref: ReleaseRef, row: Row, checked: Checked) -> None:
    before = row["listed_title"]
    if checked.baseline or not before:
        releases.listed_as(tools.db, row["release_id"], ref.title)
        return
    if not ref.title or plain(ref.title) == plain(before):
        return
    if events.title_told(tools.db, row["release_id"], before, ref.title, checked.at):
        return
    events.record_title(tools.db, row["release_id"], before, ref.title, checked.at)
    checked.told.append("revised")
