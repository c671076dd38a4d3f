"""Sends what is due. Every attempt is on record before it is made, every answer after it is given."""

import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime

from scraper import render
from scraper.alerts.audience import addresses, operator
from scraper.alerts.message import file_stem, mailable, message, rendered
from scraper.alerts.outbox import Outbox, Queued, domain
from scraper.alerts.transport import Transport, Verdict, transport
from scraper.ids import content_id
from scraper.model import Notice
from scraper.render import Mail
from scraper.settings import Settings

NoticesFor = Callable[[Sequence[str]], Mapping[str, Notice]]
_BUDGET = 4
"""No mail is begun after this many timeouts' worth of time; what is left waits for the next run."""
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


@dataclass(slots=True)
class _Run:
    outbox: Outbox
    way: Transport
    notices_for: NoticesFor
    settings: Settings
    now: datetime
    head: str
    sent: int = 0
    deferred: int = 0
    dead: list[str] = field(default_factory=list)
    problem: str = ""
    held: tuple[tuple[str, ...], tuple[Notice, ...]] = ((), ())
    """The last notices asked for: the recipients of one event follow each other."""


def deliver(outbox: Outbox, notices_for: NoticesFor, settings: Settings, now: datetime, head: str = "") -> Report:
    """Send all that is due, notes to the operator included; never raises for what a mail server does."""
    until = time.monotonic() + _BUDGET * (settings.alerts.smtp.timeout_seconds if settings.alerts.smtp else 60)
    outbox.gather(settings.alerts, now)
    outbox.drop_strangers(settings.alerts)
    tried: set[str] = set()
    with closing(transport(settings)) as way:
        run = _Run(outbox, way, notices_for, settings, now, head)
        while batch := [mail for mail in outbox.due(now) if mail.mail_id not in tried]:
            for mail in batch:
                if time.monotonic() > until:
                    run.problem = (
                        run.problem or "The mail server is slow; the rest of the mails waits for the next round."
                    )
                    return _report(run)
                tried.add(mail.mail_id)
                _one(run, mail)
    return _report(run)


def preview(notices: Iterable[Notice], settings: Settings) -> tuple[Mail, ...]:
    """Return each notice as the mail it would be."""
    why = "This is a preview: nothing was sent."
    url = settings.web.public_url
    return tuple(render.mail(one, audience="preview", why=why, public_url=url, head="") for one in notices)


def probe(settings: Settings, now: datetime) -> Report:
    """Send a short test mail to every configured address, outside the queue."""
    stamp = now.astimezone(UTC).isoformat().replace("+00:00", "Z")
    verdicts: dict[str, Verdict] = {}
    with closing(transport(settings)) as way:
        for address in sorted(addresses(settings.alerts)):
            mail = _test_mail(address, stamp, settings)
            verdicts[address] = _hand_over(way, mail, (), settings, "")
    states = [verdict.state for verdict in verdicts.values()]
    problem = next(
        (verdict.answer for verdict in verdicts.values() if verdict.state in ("later", "broken", "down")), ""
    )
    refused = tuple(address for address, verdict in verdicts.items() if verdict.state == "refused")
    return Report(
        sent=states.count("sent"),
        deferred=len(states) - states.count("sent") - len(refused),
        dead=refused,
        problem=problem,
    )


def _one(run: _Run, mail: Queued) -> None:
    run.outbox.begin(mail.mail_id, run.now)
    notices = _notices(run, mail)
    if not mailable(mail.recipient):
        verdict = Verdict(state="refused", answer="This is not an address that mail can be sent to.")
    elif mail.event_ids and not notices:
        verdict = Verdict(state="refused", answer="The events of this mail are not in the database.")
    else:
        verdict = _composed(run, mail, notices)
    _settle(run, mail, verdict)


def _notices(run: _Run, mail: Queued) -> tuple[Notice, ...]:
    if run.held[0] != mail.event_ids:
        found = run.notices_for(mail.event_ids) if mail.event_ids else {}
        run.held = mail.event_ids, tuple(found[one] for one in mail.event_ids if one in found)
    return run.held[1]


def _composed(run: _Run, mail: Queued, notices: Sequence[Notice]) -> Verdict:
    try:
        return _hand_over(run.way, mail, notices, run.settings, run.head)
    except Exception as error:  # one mail that cannot be composed must not hold up all the others
        _log.exception("a mail could not be composed", extra={"mail_id": mail.mail_id})
        return Verdict(state="broken", answer=f"The mail could not be composed ({type(error).__name__}); see the log.")


def _hand_over(way: Transport, mail: Queued, notices: Sequence[Notice], settings: Settings, head: str) -> Verdict:
    body = rendered(mail, notices, settings, head)
    out = message(mail, body, notices, settings.alerts)
    return way.send(out, mail.recipient, file_stem(mail, notices), body.html)


def _settle(run: _Run, mail: Queued, verdict: Verdict) -> None:
    if verdict.state == "sent":
        run.outbox.sent(mail.mail_id, verdict.answer)
        run.sent += 1
        return
    if verdict.state in ("broken", "down"):
        run.problem = run.problem or verdict.answer
    retry = run.settings.alerts.retry
    if verdict.state != "refused" and run.outbox.defer(mail.mail_id, verdict.answer, retry, run.now):
        run.deferred += 1
        return
    run.outbox.bury(mail, verdict.answer, run.settings.alerts, run.now)
    run.dead.append(mail.recipient)


def _report(run: _Run) -> Report:
    return Report(sent=run.sent, deferred=run.deferred, dead=tuple(run.dead), problem=run.problem)


def _test_mail(address: str, stamp: str, settings: Settings) -> Queued:
    mail_id = content_id("test", address, stamp)
    to = operator(address)
    return Queued(
        mail_id=mail_id,
        message_id=f"<{mail_id}@{domain(settings.alerts)}>",
        recipient=to.address,
        audience="test",
        why="",
        digest="immediate",
        subject="Test mail from Detainer Watch",
        text="This is a test: mail from Detainer Watch reaches this address.\n",
        created_at=stamp,
        event_ids=(),
    )
