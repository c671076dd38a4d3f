"""deliveries.db: which event goes to whom, what was tried, and what the mail server answered. Private."""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parseaddr
from pathlib import Path
from typing import Final, Literal

from scraper.alerts.audience import InPlace, Recipient, addresses, due_at, operator, recipients
from scraper.errors import StoreError
from scraper.ids import content_id
from scraper.model import Notice
from scraper.settings import Alerts, Retry, Settings

VERSION: Final = 1
_SCHEMA: Final = Path(__file__).with_suffix(".sql").read_text("utf-8")
_LONGEST_WAIT: Final = timedelta(hours=4)
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


class Outbox(AbstractContextManager["Outbox"]):
    """The delivery database; a context manager. Raises StoreError where the file cannot be used as it is."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with self._told("cannot be opened"):
            _make_private(path)
            self._db = sqlite3.connect(path, timeout=30, isolation_level=None)
        try:
            with self._told("cannot be used (restore a backup of it)"):
                self._prepare()
        except BaseException:
            self._db.close()
            raise

    def __exit__(self, *error: object) -> None:
        """Close the file."""
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
                event_id, sql = notice.event.event_id, "INSERT INTO planned VALUES (?, ?) ON CONFLICT DO NOTHING"
                if self._db.execute(sql, (event_id, _stamp(now))).rowcount:
                    told = recipients(notice, settings.alerts, in_place)
                    added += len(told)
                    for recipient in told:
                        self._add(event_id, recipient, settings.alerts, now)
        return added

    def gather(self, alerts: Alerts, now: datetime) -> None:
        """Close every digest that is due: fix which events it holds and under which identity, before any attempt."""
        with self._transaction():
            due = self._db.execute(
                "SELECT json_group_array(event_id) AS event_ids, recipient AS address, audience, digest, why, min(n)"
                " FROM (SELECT rowid AS n, * FROM delivery WHERE mail_id IS NULL AND (due_at <= ? OR due_at > ?)"
                " ORDER BY rowid) GROUP BY recipient, digest ORDER BY min(n)",
                (_stamp(now), _stamp(now + timedelta(days=8))),  # further away than any digest: the clock went back
            ).fetchall()
            for row in due:
                to = Recipient(**{name: row[name] for name in ("address", "audience", "digest", "why")})
                self._seal(json.loads(row["event_ids"]), to, alerts, now)

    def due(self, now: datetime) -> tuple[Queued, ...]:
        """Return the mails to try now: never tried ones first, then in the order they were planned."""
        found = self._db.execute(
            "SELECT mail_id, message_id, recipient, audience, why, digest, subject, text, created_at,"
            " (SELECT json_group_array(event_id) FROM (SELECT event_id FROM delivery"
            " WHERE delivery.mail_id = open_mail.mail_id ORDER BY rowid)) AS event_ids"
            " FROM open_mail WHERE next_try_at <= ? OR next_try_at > ? ORDER BY attempts, seq",
            (_stamp(now), _stamp(now + _LONGEST_WAIT)),  # a wait longer than any we set: the clock went back
        ).fetchall()
        return tuple(Queued(**(dict(row) | {"event_ids": tuple(json.loads(row["event_ids"]))})) for row in found)

    def begin(self, mail_id: str, now: datetime) -> None:
        """Record an attempt before it is made, so that a crash in the midst of it is known."""
        self._write(
            "UPDATE mail SET state = 'sending', attempts = attempts + 1, last_try_at = ?1,"
            " first_try_at = COALESCE(first_try_at, ?1) WHERE mail_id = ?2",
            _stamp(now),
            mail_id,
        )

    def sent(self, mail_id: str, answer: str) -> None:
        """Record that the server took the mail: it is never sent again."""
        self._write("UPDATE mail SET state = 'sent', answer = ? WHERE mail_id = ?", answer, mail_id)

    def defer(self, mail_id: str, answer: str, retry: Retry, now: datetime) -> bool:
        """Try again later, twice as late each time up to 4 hours; return False once `max_hours` have passed."""
        sql = "SELECT attempts, COALESCE(first_try_at, ?) FROM mail WHERE mail_id = ?"
        attempts, first = self._db.execute(sql, (_stamp(now), mail_id)).fetchone()
        if now - datetime.fromisoformat(first) >= timedelta(hours=retry.max_hours):
            return False
        wait = min(timedelta(seconds=retry.first_seconds * 2 ** min(max(attempts - 1, 0), 20)), _LONGEST_WAIT)
        sql = "UPDATE mail SET state = 'deferred', answer = ?, next_try_at = ? WHERE mail_id = ?"
        self._write(sql, answer, _stamp(now + wait), mail_id)
        return True

    def bury(self, mail: Queued, answer: str, alerts: Alerts, now: datetime) -> None:
        """Give a mail up and, in the same transaction, queue a note to the other operators: one per address and day."""
        gone = mail.recipient
        note = (
            f"Mail to {gone} was given up. The last answer was: {answer}\n\n"
            "Other recipients are not affected. `detainer-watch deliveries` lists what was not delivered;\n"
            "check the address in config.yaml. This note is sent once a day for each address.\n"
        )
        with self._transaction():
            self._db.execute("UPDATE mail SET state = 'dead', answer = ? WHERE mail_id = ?", (answer, mail.mail_id))
            for one in map(operator, alerts.operator if mail.event_ids else ()):  # a note about a note would never end
                if one.address.casefold() != gone.casefold():
                    key = ("dead", gone, f"{now:%Y-%m-%d}")
                    self._queue(one, alerts, now, key, f"Mail not delivered: {gone}", note)

    def drop_strangers(self, alerts: Alerts) -> None:
        """Give up mail to addresses that config.yaml no longer names."""
        self._write(
            "UPDATE mail SET state = 'dead', answer = 'The address is no longer in config.yaml.' WHERE"
            " state NOT IN ('sent', 'dead') AND casefold(recipient) NOT IN (SELECT value FROM json_each(?))",
            json.dumps(sorted(addresses(alerts))),
        )

    def pending(self) -> int:
        """Return how many mails are still to be sent, events waiting for a digest included."""
        sql = "SELECT (SELECT count(*) FROM open_mail) + (SELECT count(*) FROM delivery WHERE mail_id IS NULL)"
        return int(self._db.execute(sql).fetchone()[0])

    def rows(self, limit: int = 200, state: State | None = None) -> tuple[Delivery, ...]:
        """Return deliveries, the newest first, optionally of one state only."""
        found = self._db.execute(
            "SELECT state, event_id, recipient, audience, attempts, next_try, answer FROM"
            " (SELECT COALESCE(m.state, 'collecting') AS state, d.event_id, d.recipient, d.audience,"
            " COALESCE(m.attempts, 0) AS attempts, COALESCE(m.next_try_at, d.due_at) AS next_try,"
            " COALESCE(m.answer, '') AS answer, d.planned_at AS at FROM delivery d LEFT JOIN mail m USING (mail_id)"
            " UNION ALL SELECT state, '', recipient, audience, attempts, next_try_at, answer, created_at FROM mail"
            " WHERE text <> '') WHERE ?1 IS NULL OR state = ?1 ORDER BY at DESC, event_id, recipient LIMIT ?2",
            (state, limit),
        ).fetchall()
        return tuple(Delivery(**row) for row in found)

    def _add(self, event_id: str, to: Recipient, alerts: Alerts, now: datetime) -> None:
        due = _stamp(due_at(to.digest, now))
        values = (event_id, to.address, to.audience, to.why, to.digest, _stamp(now), due)
        self._db.execute("INSERT INTO delivery VALUES (?, ?, ?, ?, ?, ?, ?, NULL)", values)
        if to.digest == "immediate":
            self._seal([event_id], to, alerts, now)

    def _seal(self, event_ids: Sequence[str], to: Recipient, alerts: Alerts, now: datetime) -> None:
        mail_id = self._queue(to, alerts, now, event_ids)
        sql = "UPDATE delivery SET mail_id = ? WHERE event_id = ? AND recipient = ?"
        self._db.executemany(sql, [(mail_id, event_id, to.address) for event_id in event_ids])

    def _queue(
        self, to: Recipient, alerts: Alerts, now: datetime, key: Sequence[str], subject: str = "", text: str = ""
    ) -> str:
        mail_id = content_id("mail", to.address.casefold(), *key)
        values = (mail_id, f"<{mail_id}@{domain(alerts)}>", to.address, to.audience, to.why, to.digest, subject, text)
        self._db.execute(
            "INSERT INTO mail (mail_id, message_id, recipient, audience, why, digest, subject, text, created_at,"
            " next_try_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            (*values, _stamp(now), _stamp(now)),
        )
        return mail_id

    def _write(self, sql: str, *values: object) -> None:
        with self._transaction():
            self._db.execute(sql, values)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._told("could not be written"):
            self._db.execute("BEGIN IMMEDIATE")
            with self._db:
                yield

    @contextmanager
    def _told(self, trouble: str) -> Iterator[None]:
        try:
            yield
        except (OSError, sqlite3.Error) as error:
            raise StoreError(f"The delivery database {self._path} {trouble}: {error}.") from error

    def _prepare(self) -> None:
        self._db.row_factory = sqlite3.Row
        self._db.create_function("casefold", 1, str.casefold, deterministic=True)
        (version,) = self._db.execute("PRAGMA user_version").fetchone()
        if version > VERSION:
            raise StoreError(
                f"The delivery database {self._path} has version {version}; this program knows {VERSION}."
                " Use the newer program, or restore a backup."
            )
        (verdict,) = self._db.execute("PRAGMA quick_check(1)").fetchone()
        if verdict != "ok":
            raise StoreError(f"The delivery database {self._path} is damaged: {verdict}. Restore a backup of it.")
        self._db.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON")
        if version == 0:
            self._db.executescript(_SCHEMA)


def domain(alerts: Alerts) -> str:
    """Return the domain under which our Message-IDs and List-Ids live: that of the sender's address."""
    return parseaddr(alerts.sender)[1].rpartition("@")[2] or "localhost"


def _make_private(path: Path) -> None:
    """Only the owner may read it. SQLite gives its side files the same mode."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        path.touch(0o600)
    elif path.stat().st_mode & 0o077:
        path.chmod(0o600)


def _stamp(moment: datetime) -> str:
    """Microseconds kept: with `first_seconds: 0` a next try must not lie before or after by rounding."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
