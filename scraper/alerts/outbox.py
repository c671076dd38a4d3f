"""deliveries.db: which event goes to whom, what was tried, and what the mail server answered. Private."""

import json
import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parseaddr
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from scraper.alerts.audience import InPlace, Recipient, addresses, due_at, operator, recipients
from scraper.errors import StoreError
from scraper.ids import content_id
from scraper.model import Notice
from scraper.settings import Alerts, Retry, Settings

VERSION = 1
_SCHEMA = """
CREATE TABLE planned (event_id TEXT PRIMARY KEY, planned_at TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE mail (
  seq INTEGER PRIMARY KEY, mail_id TEXT NOT NULL UNIQUE, message_id TEXT NOT NULL, recipient TEXT NOT NULL,
  audience TEXT NOT NULL, why TEXT NOT NULL, digest TEXT NOT NULL,
  subject TEXT NOT NULL DEFAULT '', text TEXT NOT NULL DEFAULT '',   -- set where the mail tells of no event
  created_at TEXT NOT NULL, state TEXT NOT NULL DEFAULT 'waiting',   -- waiting, sending, deferred, sent, dead
  attempts INTEGER NOT NULL DEFAULT 0, first_try_at TEXT, last_try_at TEXT, next_try_at TEXT NOT NULL,
  answer TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX mail_due ON mail (next_try_at) WHERE state NOT IN ('sent', 'dead');
CREATE TABLE delivery (
  event_id TEXT NOT NULL REFERENCES planned, recipient TEXT NOT NULL, audience TEXT NOT NULL, why TEXT NOT NULL,
  digest TEXT NOT NULL, planned_at TEXT NOT NULL, due_at TEXT NOT NULL, mail_id TEXT REFERENCES mail (mail_id),
  PRIMARY KEY (event_id, recipient)
) STRICT;
CREATE INDEX delivery_mail ON delivery (mail_id);
CREATE VIEW open_mail AS SELECT * FROM mail WHERE state NOT IN ('sent', 'dead');
"""
_LONGEST_WAIT = timedelta(hours=4)
State = Literal["collecting", "waiting", "sending", "deferred", "sent", "dead"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One event for one recipient, as shown by `detainer-watch deliveries`; times UTC."""

    state: State
    event_id: str
    """Empty for a mail to the operator that tells of no event."""
    recipient: str
    audience: str
    attempts: int
    next_try: str
    answer: str
    """What the mail server said last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Queued:
    """One mail with a fixed membership, identity and date."""

    mail_id: str
    message_id: str
    recipient: str
    audience: str
    why: str
    digest: str
    subject: str
    text: str
    created_at: str
    event_ids: tuple[str, ...]


class Outbox:
    """The delivery database; a context manager. Raises StoreError where the file cannot be used as it is."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            _make_private(path)
            self._db = sqlite3.connect(path, timeout=30, isolation_level=None)
        except (OSError, sqlite3.Error) as error:
            raise StoreError(f"The delivery database {path} cannot be opened: {error}.") from error
        try:
            self._prepare()
        except BaseException:
            self._db.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; closing twice is harmless."""
        self._db.close()

    def planned(self) -> frozenset[str]:
        """Return the ids of all events already turned into deliveries, or decided to need none."""
        return frozenset(event_id for (event_id,) in self._db.execute("SELECT event_id FROM planned"))

    def plan(self, notices: Iterable[Notice], settings: Settings, now: datetime, in_place: InPlace) -> int:
        """Turn events into deliveries in one transaction, each event once for ever; return how many were added."""
        added = 0
        with self._transaction():
            for notice in notices:
                fresh = self._db.execute(
                    "INSERT INTO planned VALUES (?, ?) ON CONFLICT DO NOTHING", (notice.event.event_id, _stamp(now))
                ).rowcount
                if fresh:
                    told = recipients(notice, settings.alerts, in_place)
                    added += len(told)
                    for recipient in told:
                        self._add(notice.event.event_id, recipient, settings.alerts, now)
        return added

    def gather(self, alerts: Alerts, now: datetime) -> None:
        """Close every digest that is due: fix which events it holds and under which identity, before any attempt."""
        with self._transaction():
            due = self._db.execute(
                "SELECT recipient, digest, audience, why, json_group_array(event_id), min(n) FROM"
                " (SELECT rowid AS n, * FROM delivery WHERE mail_id IS NULL AND (due_at <= ? OR due_at > ?)"
                " ORDER BY rowid) GROUP BY recipient, digest ORDER BY min(n)",
                (_stamp(now), _stamp(now + timedelta(days=8))),  # further away than any digest: the clock went back
            ).fetchall()
            for address, digest, audience, why, events, _ in due:
                recipient = Recipient(address=address, audience=audience, digest=digest, why=why)
                self._seal(json.loads(events), recipient, alerts, now)

    def due(self, now: datetime) -> tuple[Queued, ...]:
        """Return the mails to try now: never tried ones first, then in the order they were planned."""
        found = self._db.execute(
            "SELECT mail_id, message_id, recipient, audience, why, digest, subject, text, created_at FROM open_mail"
            " WHERE next_try_at <= ? OR next_try_at > ? ORDER BY attempts, seq",
            (_stamp(now), _stamp(now + _LONGEST_WAIT)),  # a wait longer than any we set: the clock went back
        ).fetchall()
        names = Queued.__slots__[:-1]
        return tuple(Queued(**dict(zip(names, row, strict=True)), event_ids=self._members(row[0])) for row in found)

    def begin(self, mail_id: str, now: datetime) -> None:
        """Record an attempt before it is made, so that a crash in the midst of it is known."""
        with self._transaction():
            self._db.execute(
                "UPDATE mail SET state = 'sending', attempts = attempts + 1, last_try_at = ?,"
                " first_try_at = COALESCE(first_try_at, ?) WHERE mail_id = ?",
                (_stamp(now), _stamp(now), mail_id),
            )

    def sent(self, mail_id: str, answer: str) -> None:
        """Record that the server took the mail: it is never sent again."""
        with self._transaction():
            self._db.execute("UPDATE mail SET state = 'sent', answer = ? WHERE mail_id = ?", (answer, mail_id))

    def defer(self, mail_id: str, answer: str, retry: Retry, now: datetime) -> bool:
        """Try again later, twice as late each time up to 4 hours; return False once `max_hours` have passed."""
        attempts, first = self._db.execute(
            "SELECT attempts, COALESCE(first_try_at, ?) FROM mail WHERE mail_id = ?", (_stamp(now), mail_id)
        ).fetchone()
        if now - _moment(first) >= timedelta(hours=retry.max_hours):
            return False
        wait = min(timedelta(seconds=retry.first_seconds * 2 ** min(max(attempts - 1, 0), 20)), _LONGEST_WAIT)
        with self._transaction():
            self._db.execute(
                "UPDATE mail SET state = 'deferred', answer = ?, next_try_at = ? WHERE mail_id = ?",
                (answer, _stamp(now + wait), mail_id),
            )
        return True

    def bury(self, mail: Queued, answer: str, alerts: Alerts, now: datetime) -> None:
        """Give a mail up and, in the same transaction, queue a note to the other operators: one per address and day."""
        with self._transaction():
            self._db.execute("UPDATE mail SET state = 'dead', answer = ? WHERE mail_id = ?", (answer, mail.mail_id))
            if not mail.event_ids:  # a note about a note would never end
                return
            gone = mail.recipient.casefold()
            for one in map(operator, alerts.operator):
                if one.address.casefold() != gone:
                    self._note(mail.recipient, answer, one, alerts, now)

    def drop_strangers(self, alerts: Alerts) -> None:
        """Give up mail to addresses that config.yaml no longer names."""
        known = addresses(alerts)
        waiting = self._db.execute("SELECT DISTINCT recipient FROM open_mail").fetchall()
        with self._transaction():
            for (address,) in waiting:
                if address.casefold() not in known:
                    self._db.execute(
                        "UPDATE mail SET state = 'dead', answer = ? WHERE recipient = ?"
                        " AND state NOT IN ('sent', 'dead')",
                        ("The address is no longer in config.yaml.", address),
                    )

    def pending(self) -> int:
        """Return how many mails are still to be sent, events waiting for a digest included."""
        (waiting,) = self._db.execute("SELECT count(*) FROM open_mail").fetchone()
        (collecting,) = self._db.execute("SELECT count(*) FROM delivery WHERE mail_id IS NULL").fetchone()
        return int(waiting) + int(collecting)

    def rows(self, limit: int = 200, state: State | None = None) -> tuple[Delivery, ...]:
        """Return deliveries, the newest first, optionally of one state only."""
        found = self._db.execute(
            "SELECT * FROM (SELECT COALESCE(m.state, 'collecting') AS state, d.event_id, d.recipient, d.audience,"
            " COALESCE(m.attempts, 0), COALESCE(m.next_try_at, d.due_at), COALESCE(m.answer, ''), d.planned_at AS at"
            " FROM delivery d LEFT JOIN mail m USING (mail_id) UNION ALL"
            " SELECT state, '', recipient, audience, attempts, next_try_at, answer, created_at FROM mail"
            " WHERE text <> '')"
            " WHERE ?1 IS NULL OR state = ?1 ORDER BY at DESC, event_id, recipient LIMIT ?2",
            (state, limit),
        ).fetchall()
        names = Delivery.__slots__
        return tuple(Delivery(**dict(zip(names, row[:-1], strict=True))) for row in found)

    def _add(self, event_id: str, recipient: Recipient, alerts: Alerts, now: datetime) -> None:
        due = due_at(recipient.digest, now)
        self._db.execute(
            "INSERT INTO delivery VALUES (?, ?, ?, ?, ?, ?, ?, NULL)",
            (
                event_id,
                recipient.address,
                recipient.audience,
                recipient.why,
                recipient.digest,
                _stamp(now),
                _stamp(due),
            ),
        )
        if recipient.digest == "immediate":
            self._seal([event_id], recipient, alerts, now)

    def _seal(self, event_ids: Sequence[str], recipient: Recipient, alerts: Alerts, now: datetime) -> None:
        mail_id = self._queue(recipient, alerts, now, key=tuple(event_ids))
        self._db.executemany(
            "UPDATE delivery SET mail_id = ? WHERE event_id = ? AND recipient = ?",
            [(mail_id, event_id, recipient.address) for event_id in event_ids],
        )

    def _note(self, gone: str, answer: str, to: Recipient, alerts: Alerts, now: datetime) -> None:
        text = (
            f"Mail to {gone} was given up. The last answer was: {answer}\n\n"
            "Other recipients are not affected. `detainer-watch deliveries` lists what was not delivered;\n"
            "check the address in config.yaml. This note is sent once a day for each address.\n"
        )
        self._queue(
            to, alerts, now, key=("dead", gone, f"{now:%Y-%m-%d}"), subject=f"Mail not delivered: {gone}", text=text
        )

    def _queue(
        self, to: Recipient, alerts: Alerts, now: datetime, *, key: tuple[str, ...], subject: str = "", text: str = ""
    ) -> str:
        mail_id = content_id("mail", to.address.casefold(), *key)
        values = (mail_id, f"<{mail_id}@{domain(alerts)}>", to.address, to.audience, to.why, to.digest, subject, text)
        self._db.execute(
            "INSERT INTO mail (mail_id, message_id, recipient, audience, why, digest, subject, text, created_at,"
            " next_try_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            (*values, _stamp(now), _stamp(now)),
        )
        return mail_id

    def _members(self, mail_id: str) -> tuple[str, ...]:
        found = self._db.execute("SELECT event_id FROM delivery WHERE mail_id = ? ORDER BY rowid", (mail_id,))
        return tuple(event_id for (event_id,) in found)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        try:
            self._db.execute("BEGIN IMMEDIATE")
            with self._db:
                yield
        except sqlite3.Error as error:
            raise StoreError(f"The delivery database {self._path} could not be written: {error}.") from error

    def _prepare(self) -> None:
        try:
            (version,) = self._db.execute("PRAGMA user_version").fetchone()
            if version > VERSION:
                raise StoreError(
                    f"The delivery database {self._path} has version {version}; this program knows {VERSION}."
                    " Use the newer program, or restore a backup."
                )
            (verdict,) = self._db.execute("PRAGMA quick_check(1)").fetchone()
            if verdict != "ok":
                raise StoreError(f"The delivery database {self._path} is damaged: {verdict}. Restore a backup of it.")
            for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
                self._db.execute(f"PRAGMA {pragma}").close()
            if version == 0:
                self._create()
        except sqlite3.DatabaseError as error:
            raise StoreError(
                f"The delivery database {self._path} cannot be used: {error}. Restore a backup."
            ) from error

    def _create(self) -> None:
        with closing(self._db.cursor()) as cursor:
            cursor.execute("BEGIN IMMEDIATE")
            with self._db:  # two processes may come here at once: the second finds the work done
                if cursor.execute("PRAGMA user_version").fetchone()[0] == 0:
                    for statement in filter(str.strip, _SCHEMA.split(";\n")):
                        cursor.execute(statement)
                    cursor.execute(f"PRAGMA user_version = {VERSION}")


def domain(alerts: Alerts) -> str:
    """Return the domain under which our Message-IDs and List-Ids live: that of the sender's address."""
    return parseaddr(alerts.sender)[1].rpartition("@")[2] or "localhost"


def _make_private(path: Path) -> None:
    """Only the owner may read it. SQLite gives its side files the same mode."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists():
        if path.stat().st_mode & 0o077:
            path.chmod(0o600)
        return
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))


def _stamp(moment: datetime) -> str:
    """Microseconds kept: with `first_seconds: 0` a next try must not lie before or after by rounding."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _moment(stamp: str) -> datetime:
    return datetime.fromisoformat(stamp)
