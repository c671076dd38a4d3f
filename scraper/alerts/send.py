"""Sends what is due. Every attempt is on record before it is made, every answer after it is given."""

import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Literal, NamedTuple

from scraper import render
from scraper.alerts.audience import addresses, operator
from scraper.alerts.message import file_stem, mailable, message, rendered
from scraper.alerts.outbox import Outbox, Queued, domain
from scraper.alerts.transport import Transport, Verdict, transport
from scraper.ids import content_id
from scraper.model import Notice
from scraper.render import Mail
from scraper.settings import Alerts, Settings

NoticesFor = Callable[[Sequence[str]], Mapping[str, Notice]]
_BUDGET = 4
"""No mail is begun after this many timeouts' worth of time; what is left waits for the next run."""
_Fate = Literal["sent", "deferred", "dead"]
_FATES: dict[str, _Fate] = {"sent": "sent", "refused": "dead"}
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What one run of `deliver` came to."""

    sent: int
    deferred: int
    dead: tuple[str, ...]
    """Recipients whose mail was given up in this run."""
    problem: str
    """Why mail could not go out, in a sentence without addresses; empty when the mail server serves."""


class _Tried(NamedTuple):
    """One mail of this run; `problem` is the answer where the trouble is not the recipient's alone."""

    recipient: str
    fate: _Fate
    problem: str = ""


def deliver(outbox: Outbox, notices_for: NoticesFor, settings: Settings, now: datetime, head: str = "") -> Report:
    """Send all that is due, notes to the operator included; never raises for what a mail server does."""
    until = time.monotonic() + _BUDGET * (settings.alerts.smtp.timeout_seconds if settings.alerts.smtp else 60)
    outbox.gather(settings.alerts, now)
    outbox.drop_strangers(settings.alerts)

    @lru_cache(maxsize=1)  # the recipients of one event follow each other
    def notices(event_ids: tuple[str, ...]) -> tuple[Notice, ...]:
        found = notices_for(event_ids) if event_ids else {}
        return tuple(found[one] for one in event_ids if one in found)

    tried: dict[str, _Tried] = {}
    slow = ""
    with closing(transport(settings)) as way:
        while not slow and (batch := [mail for mail in outbox.due(now) if mail.mail_id not in tried]):
            for mail in batch:
                if time.monotonic() > until:
                    slow = "The mail server is slow; the rest of the mails waits for the next round."
                    break
                outbox.begin(mail.mail_id, now)
                verdict = _verdict(way, mail, notices(mail.event_ids), settings, head)
                tried[mail.mail_id] = _settled(outbox, mail, verdict, settings.alerts, now)
    return _report(list(tried.values()), slow)


def preview(notices: Iterable[Notice], settings: Settings) -> tuple[Mail, ...]:
    """Return each notice as the mail it would be."""
    why = "This is a preview: nothing was sent."
    url = settings.web.public_url
    return tuple(render.mail(one, audience="preview", why=why, public_url=url, head="") for one in notices)


def probe(settings: Settings, now: datetime) -> Report:
    """Send a short test mail to every configured address, outside the queue."""
    stamp = now.astimezone(UTC).isoformat().replace("+00:00", "Z")
    tried = []
    with closing(transport(settings)) as way:
        for address in sorted(addresses(settings.alerts)):
            verdict = _hand_over(way, _test_mail(address, stamp, settings), (), settings, "")
            fate = _FATES.get(verdict.state, "deferred")
            tried.append(_Tried(address, fate, verdict.answer if fate == "deferred" else ""))
    return _report(tried)


def _verdict(way: Transport, mail: Queued, notices: Sequence[Notice], settings: Settings, head: str) -> Verdict:
    if not mailable(mail.recipient):
        return Verdict("refused", "This is not an address that mail can be sent to.")
    if mail.event_ids and not notices:
        return Verdict("refused", "The events of this mail are not in the database.")
    try:
        return _hand_over(way, mail, notices, settings, head)
    except Exception as error:  # one mail that cannot be composed must not hold up all the others
        _log.exception("a mail could not be composed", extra={"mail_id": mail.mail_id})
        return Verdict("broken", f"The mail could not be composed ({type(error).__name__}); see the log.")


def _hand_over(way: Transport, mail: Queued, notices: Sequence[Notice], settings: Settings, head: str) -> Verdict:
    body = rendered(mail, notices, settings, head)
    out = message(mail, body, notices, settings.alerts)
    return way.send(out, mail.recipient, file_stem(mail, notices), body.html)


def _settled(outbox: Outbox, mail: Queued, verdict: Verdict, alerts: Alerts, now: datetime) -> _Tried:
    state, answer = verdict
    if state == "sent":
        outbox.sent(mail.mail_id, answer)
        return _Tried(mail.recipient, "sent")
    problem = answer if state in ("broken", "down") else ""
    if state != "refused" and outbox.defer(mail.mail_id, answer, alerts.retry, now):
        return _Tried(mail.recipient, "deferred", problem)
    outbox.bury(mail, answer, alerts, now)
    return _Tried(mail.recipient, "dead", problem)


def _report(tried: Sequence[_Tried], slow: str = "") -> Report:
    fates = [one.fate for one in tried]
    return Report(
        sent=fates.count("sent"),
        deferred=fates.count("deferred"),
        dead=tuple(one.recipient for one in tried if one.fate == "dead"),
        problem=next((one.problem for one in tried if one.problem), slow),
    )


def _test_mail(address: str, stamp: str, settings: Settings) -> Queued:
    mail_id = content_id("test", address, stamp)
    return Queued(
        mail_id=mail_id,
        message_id=f"<{mail_id}@{domain(settings.alerts)}>",
        recipient=operator(address).address,
        audience="test",
        why="",
        digest="immediate",
        subject="Test mail from Detainer Watch",
        text="This is a test: mail from Detainer Watch reaches this address.\n",
        created_at=stamp,
        event_ids=(),
    )
