"""Is a release at an address that is new to us one that we know? Only what the publisher itself says counts."""

from collections.abc import Iterable
from dataclasses import replace

from scraper.documents import urls
from scraper.model import ReleaseRef
from scraper.pipeline.outcome import Checked
from scraper.pipeline.tools import Tools
from scraper.pipeline.visit import Visit
from scraper.settings import Source
from scraper.store import events, history, releases, seen
from scraper.store.database import Row


def known_again(refs: Iterable[ReleaseRef], known: Iterable[Row]) -> list[ReleaseRef]:
    """Return references with the keys under which releases that moved are known."""
    rows = list(known)
    keys, at = {row["key"] for row in rows}, {urls.canonical(row["url"]): row["key"] for row in rows}
    return [ref if ref.key in keys else replace(ref, key=at.get(ref.key, ref.key)) for ref in refs]


def led_to(tools: Tools, source: Source, found: Visit) -> str:
    """Return the key of the address to which redirects led, if what stands there was read well; else ""."""
    read = found.good and found.capture_id == seen.page(tools.db, source.id, found.url).read_capture
    return urls.canonical(found.final_url) or "" if read and found.final_url != found.url else ""


def under_new_name(tools: Tools, source: Source, ref: ReleaseRef, digest: str, checked: Checked) -> ReleaseRef:
    """Return `ref` with the key of a release that the index has just left out, if both are listed and read alike.

    `digest` is the content hash of the reading.

    That is recorded as what it is, and told to nobody.
    """
    if not checked.left_out or releases.find(tools.db, source.id, ref):
        return ref
    for row in list(checked.left_out):
        head = history.current(tools.db, history.stream_of(source.id, row["release_id"], cumulative=False))
        if head and head["content_hash"] == digest and listed_alike(ref, row):
            take(tools, source, row, ref, checked)
            now = releases.find(tools.db, source.id, replace(ref, key=row["key"]))
            if now and now["status"] != "withdrawn":  # else it is restored
                events.record_release(tools.db, kind="republished", release_id=row["release_id"], at=checked.at)
                checked.told.append("republished")
            return replace(ref, key=row["key"])
    return ref


def take(tools: Tools, source: Source, row: Row, ref: ReleaseRef, checked: Checked) -> None:
    """Note that a known release is published at the address of `ref` now; what was wrong at the old one is past."""
    releases.moved(tools.db, row["release_id"], ref.url)
    events.problems(tools.db, events.About(source_id=source.id, url=row["url"], topic="fetch"), [], checked.at)
    checked.left_out.remove(row)
    checked.moved[ref.key] = row["key"]


def listed_alike(ref: ReleaseRef, row: Row) -> bool:
    """Does the index say of the one what it said of the other?"""
    stated = ((ref.published, row["published"]), (ref.period_start, row["period_start"]))
    return ref.title == row["listed_title"] and all(new in (None, old) for new, old in stated)
