"""Notices and settings for the tests of mails; every value is made up unless it is public record."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from scraper.ids import content_id
from scraper.model import Archived, Change, Event, Notice, Stated
from scraper.settings import Alerts, Audience, Fetch, Retry, Settings, Smtp, Storage, Web
from scraper.terms import READER_EVENTS

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
SHA = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
OLD_SHA = "60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752"
SENDER = "Detainer Watch <watch@watch.test>"


def notice(kind: str = "new", title: str = "Declined detainers", source_id: str = "ice-ddor", **kw: Any) -> Notice:
    """One notice of `kind`; equal arguments give the same event id."""
    release_id = kw.pop("release_id", f"{source_id} week/1")
    event = Event(
        event_id=content_id(kind, title, source_id, release_id),
        seen_at="2026-11-23T04:00:00Z",
        kind=kind,  # type: ignore[arg-type]
        source_id=source_id,
        release_id=release_id,
        title=title,
        url="https://www.ice.gov/doclib/ddor/week1.pdf",
        summary=kw.pop("summary", ""),
    )
    values: dict[str, Any] = {
        "publisher": "U.S. Immigration and Customs Enforcement",
        "source_title": "ICE declined detainers",
        "release_title": title if release_id else "",
        "release_url": event.url,
        "published": "2017-03-20",
        "period_start": "2017-01-28",
        "period_end": "2017-02-03",
        "after": Archived(sha256=SHA, captured_at="2026-11-23T04:00:00Z", url=event.url),
        "place_ids": ("county:06085",),
    }
    return Notice(event=event, **(values | kw))


def change(label: str = "Cook County, IL", before: str | None = "188", after: str | None = "206", **kw: Any) -> Change:
    """One changed cell."""
    values: dict[str, Any] = {"table": "figure", "kind": "changed", "row_id": 1, "column": "value"}
    return Change(label=label, before=before, after=after, **(values | kw))


def stated(value: float | None = 13025, **kw: Any) -> Stated:
    """One figure."""
    values: dict[str, Any] = {
        "measure": "detainer_declined",
        "unit": "detainers",
        "bound": "at_least",
        "value_quoted": "more than 13,025",
        "place": "California",
        "label": "",
        "place_id": "state:06",
    }
    return Stated(value=value, **(values | kw))


def audience(*to: str, name: str = "newsroom", **kw: Any) -> Audience:
    """One audience with the default event kinds."""
    return Audience(name=name, to=to, **({"events": READER_EVENTS} | kw))


def smtp(port: int, **kw: Any) -> Smtp:
    """A mail server on loopback, in clear and without a password unless told otherwise."""
    values: dict[str, Any] = {
        "host": "localhost", "starttls": False, "tls": False, "username": "", "password": "",
        "sender": SENDER, "ca_file": None, "timeout_seconds": 10.0,
    }  # fmt: skip
    return Smtp(port=port, **(values | kw))


def settings(
    folder: Path,
    server: Smtp | None,
    *audiences: Audience,
    operator: tuple[str, ...] = ("ops@desk.test",),
    retry: Retry | None = None,
) -> Settings:
    """A whole configuration whose files lie in `folder`."""
    return Settings(
        path=folder / "config.yaml",
        sha256="0" * 64,
        storage=Storage(
            database=folder / "detainers.db",
            deliveries=folder / "deliveries.db",
            archive=folder / "archive",
            outbox=folder / "outbox",
        ),
        fetch=Fetch(contact="desk@desk.test"),
        web=Web(public_url="https://watch.test"),
        alerts=Alerts(
            smtp=server,
            sender=SENDER,
            operator=operator,
            retry=retry or Retry(first_seconds=0),
            audiences=audiences or (audience("a@desk.test", "b@desk.test", "c@desk.test"),),
        ),
        ping_url=None,
        sources=(),
    )


def anywhere(place_id: str, wanted: str) -> bool:
    """A stand-in for the gazetteer: a FIPS code matches itself and its state."""
    return place_id.partition(":")[2].startswith(wanted)


class Events:
    """The store's side: notices by event id."""

    def __init__(self, notices: Iterable[Notice]) -> None:
        self.notices = {one.event.event_id: one for one in notices}

    def __call__(self, event_ids: Iterable[str]) -> dict[str, Notice]:
        return {one: self.notices[one] for one in event_ids if one in self.notices}


def numbered(count: int) -> list[Notice]:
    """So many different releases."""
    return [replace(notice(title=f"Release number {n:02}", release_id=f"r{n}")) for n in range(1, count + 1)]
