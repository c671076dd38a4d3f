"""A small newsroom for tests: a real config.yaml, a real publisher on loopback, mails in a folder."""

import email
import email.policy
import os
from collections import Counter
from collections.abc import Mapping
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import yaml

from scraper import config, pipeline
from scraper.pipeline import RoundReport
from scraper.settings import Settings
from scraper.store.database import Database, Row
from tests.publisher import Publisher


class Desk:
    """Runs rounds against `publisher` and answers what came of them."""

    def __init__(self, folder: Path, publisher: Publisher, *sources: Mapping[str, Any], **top: Any) -> None:
        self.folder = folder
        self.publisher = publisher
        self.path = folder / "config.yaml"
        self.top: dict[str, Any] = {
            "contact": "desk@example.org",
            "storage": {"database": "db/detainers.db", "deliveries": "db/deliveries.db", "archive": "db/archive"},
            "fetch": {
                "per_host_per_second": None,
                "timeout_seconds": 5,
                "retries": 0,
                "allow_private": [publisher.host_port],
            },
            "alerts": {
                "smtp": None,
                "operator": ["ops@example.org"],
                "retry": {"first_seconds": 0},
                "audiences": {"newsroom": {"to": ["desk@example.org"], "digest": "immediate"}},
            },
        }
        self.top |= top
        self.watch(*sources)

    def watch(self, *sources: Mapping[str, Any]) -> None:
        """Write config.yaml with these sources; `path` in a block is put behind the publisher's address."""
        blocks = [self._block(dict(source)) for source in sources]
        self.path.write_text(yaml.safe_dump(self.top | {"sources": blocks}, sort_keys=False), "utf-8")

    def _block(self, source: dict[str, Any]) -> dict[str, Any]:
        defaults = {
            "publisher": "Example Publisher",
            "url": self.publisher.base + str(source.pop("path", "/")),
            "every": "1h",
            "allow_hosts": [self.publisher.host_port],
        }
        return defaults | source

    @property
    def settings(self) -> Settings:
        """The configuration as the product reads it."""
        return config.load(self.path, os.environ)

    def check(self, *only: str) -> RoundReport:
        """Run one round."""
        return pipeline.check(self.settings, only=only)

    def ask(self, sql: str, *values: Any) -> list[Row]:
        """Ask the published database."""
        with Database.reading(self.settings.storage.database) as db:
            return db.rows(sql, *values)

    def kinds(self) -> list[str]:
        """Kinds of all events of watched sources, in order."""
        return [row["kind"] for row in self.ask("SELECT kind FROM event WHERE source_id <> 'history' ORDER BY rowid")]

    def health(self) -> dict[str, tuple[str, str]]:
        """State and problem of each source."""
        rows = self.ask("SELECT source_id, state, problem FROM source_health WHERE source_id <> 'history'")
        return {row["source_id"]: (row["state"], row["problem"]) for row in rows}

    def mails(self, to: str = "desk@example.org") -> list[EmailMessage]:
        """Mails written for a recipient, oldest first."""
        found = []
        for path in sorted((self.folder / "db" / "outbox").glob("*.eml")):
            message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
            assert isinstance(message, EmailMessage)
            if message["To"] == to:
                found.append(message)
        return found

    def subjects(self, to: str = "desk@example.org") -> Counter[str]:
        """First word of each subject, counted: the kind of the alert as a person reads it."""
        return Counter(str(message["Subject"]).split(":")[0] for message in self.mails(to))
