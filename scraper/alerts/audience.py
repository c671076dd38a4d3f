"""Who is told of which notice, and when a digest is due. Pure: no clock, no database."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from email.utils import parseaddr
from typing import get_args

from scraper.model import Notice
from scraper.settings import Alerts, Audience, Digest
from scraper.terms import OPERATOR_EVENTS

InPlace = Callable[[str, str], bool]
HISTORY = "history"
"""The bundled history of record is no news."""
_ORDER: tuple[Digest, ...] = get_args(Digest)
_DIGEST_HOUR = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """One address that is told of one event, once, however many audiences name it."""

    address: str
    audience: str
    digest: Digest
    why: str


def recipients(notice: Notice, alerts: Alerts, in_place: InPlace) -> tuple[Recipient, ...]:
    """Return who is told of `notice`, in the order of the configuration; the most prompt of two audiences wins."""
    if notice.event.source_id == HISTORY:
        return ()
    told = [
        Recipient(address=_bare(address), audience=audience.name, digest=audience.digest, why=_why(audience))
        for audience in alerts.audiences
        if _wants(audience, notice, in_place)
        for address in audience.to
    ]
    if notice.event.kind in (*OPERATOR_EVENTS, "baseline"):
        told += map(operator, alerts.operator)
    found: dict[str, Recipient] = {}
    for one in told:
        old = found.setdefault(one.address.casefold(), one)
        if _ORDER.index(one.digest) < _ORDER.index(old.digest):
            found[one.address.casefold()] = replace(one, address=old.address)
    return tuple(found.values())


def operator(address: str) -> Recipient:
    """Return the recipient for an address under `alerts.operator`."""
    why = "You get this mail because your address stands under alerts.operator in config.yaml."
    return Recipient(address=_bare(address), audience="operator", digest="immediate", why=why)


def addresses(alerts: Alerts) -> frozenset[str]:
    """Return every configured address, folded for comparison."""
    listed = (*alerts.operator, *(address for audience in alerts.audiences for address in audience.to))
    return frozenset(_bare(address).casefold() for address in listed)


def due_at(digest: Digest, now: datetime) -> datetime:
    """Return when mail of this rhythm goes out: now, the next full hour, 07:00 UTC, or Monday 07:00 UTC."""
    if digest == "immediate":
        return now
    if digest == "hourly":
        return now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    due = now.replace(hour=_DIGEST_HOUR, minute=0, second=0, microsecond=0)
    if due <= now:
        due += timedelta(days=1)
    return due + timedelta(days=-due.weekday() % 7) if digest == "weekly" else due


def _wants(audience: Audience, notice: Notice, in_place: InPlace) -> bool:
    event = notice.event
    if event.kind in OPERATOR_EVENTS or (audience.sources and event.source_id not in audience.sources):
        return False
    if event.kind == "baseline":
        return True
    if event.kind not in audience.events:
        return False
    if not audience.places or event.release_id is None:
        return True
    return any(in_place(place_id, wanted) for place_id in notice.place_ids for wanted in audience.places)


def _why(audience: Audience) -> str:
    filters = {"sources": audience.sources, "places": audience.places}
    told = "; ".join(f"for {name} {', '.join(values)}" for name, values in filters.items() if values)
    what = f"{audience.name} ({told})" if told else audience.name
    return f"You get this mail because your address stands in the audience {what} in config.yaml."


def _bare(address: str) -> str:
    return parseaddr(address)[1] or address.strip()
