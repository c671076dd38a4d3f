"""What `config.yaml` says, checked and complete: plain frozen values that every room may read."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from scraper.model import Options

Digest = Literal["immediate", "hourly", "daily", "weekly"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Storage:
    """Absolute paths of everything that is written."""

    database: Path
    deliveries: Path
    archive: Path
    outbox: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetch:
    """How the product behaves towards publishers."""

    contact: str
    per_host_per_second: float | None = 1.0
    """None lifts the limit."""
    concurrency: int = 8
    timeout_seconds: float = 60.0
    """Bounds a whole fetch, redirects and retries included, by the wall clock."""
    max_body_mb: float = 200.0
    """Cap on decoded bytes."""
    retries: int = 2
    respect_robots: bool = True
    allow_private: tuple[str, ...] = ()
    """"host:port" pairs that may resolve to a private or loopback address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Web:
    """Where Datasette listens and under which address readers reach it."""

    host: str = "127.0.0.1"
    port: int = 8001
    public_url: str = "http://127.0.0.1:8001"


@dataclass(frozen=True, slots=True, kw_only=True)
class Smtp:
    """A mail server; `password` comes from the environment and is never shown."""

    host: str
    port: int
    starttls: bool
    tls: bool
    """Implicit TLS (port 465)."""
    username: str
    password: str = field(repr=False)
    sender: str
    ca_file: Path | None
    timeout_seconds: float = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Audience:
    """Who gets what."""

    name: str
    to: tuple[str, ...]
    events: tuple[str, ...]
    sources: tuple[str, ...] = ()
    """Empty: all."""
    places: tuple[str, ...] = ()
    """FIPS codes ("06085", "06") or names ("Cook County, IL", "Illinois") as written; empty: all."""
    digest: Digest = "immediate"
    apprise: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """When a delivery is tried again."""

    first_seconds: float = 60.0
    max_hours: float = 96.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Alerts:
    """Mail settings; `smtp` None writes each mail as a file into the outbox folder."""

    smtp: Smtp | None
    sender: str
    operator: tuple[str, ...] = ()
    retry: Retry = field(default_factory=Retry)
    audiences: tuple[Audience, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Expect:
    """Floors of one source: fewer means the layout changed, not news."""

    releases_min: int = 1
    figures_min: int = 0
    rows_min: int = 0
    text: str | None = None
    """Words that stand on every good index page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirm:
    """How often something must be seen before it is believed."""

    withdrawn_rounds: int = 3
    quiet_days: int | None = None
    """Nothing new for this many days raises `source_silent`."""
    failed_rounds: int = 3
    """Rounds in a row that must fail before the operator is told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One block under `sources:`."""

    id: str
    reader: str
    options: Options
    every_seconds: float | None
    """Interval; None when `cron` is set."""
    cron: str | None
    jitter_seconds: float
    allow_hosts: tuple[str, ...]
    expect: Expect
    confirm: Confirm
    recheck_documents: int = 200
    """At most this many known documents are asked again in one round, longest unchecked first."""
    unconditional_every: int = 12
    """Every n-th round asks without If-None-Match, so that a lying ETag hides nothing for long."""
    archive_when_blocked: bool = False
    """A blocked round reads the newest version in the web archive instead."""
    schedule_words: str = ""
    """The schedule as written, for people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The whole configuration."""

    path: Path
    sha256: str
    """Of the file's bytes; recorded with every round."""
    storage: Storage
    fetch: Fetch
    web: Web
    alerts: Alerts
    ping_url: str | None
    sources: tuple[Source, ...]
    parse_memory_mb: int = 1024
    parse_seconds: float = 120.0
    web_archive: str = "https://web.archive.org/web/"
    """Base address of the web archive that is asked for the past."""

    @property
    def own_aliases(self) -> Path:
        """Place names that a user decided (columns as in db/reference/aliases.csv); the file need not exist."""
        return self.path.with_name("aliases.csv")
