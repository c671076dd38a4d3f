"""The shape of `config.yaml`: pydantic models, strict and closed, and the JSON schema for editors made from them.

Each attribute's docstring is the text an editor shows for its key.
"""

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from scraper.config import values
from scraper.settings import Digest
from scraper.terms import READER_EVENTS, EventKind, Measure, SeriesKind, Unit

_FILLED: Final = BeforeValidator(lambda value: {} if value is None else value)
"""For a key under which all lines are comments."""


def _named(value: Any) -> Any:
    return {"header": value} if isinstance(value, str) else value


class Block(BaseModel):
    """A block of keys: unknown keys and other types are errors."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False, use_attribute_docstrings=True)


class StorageBlock(Block):
    """Where everything is written; relative paths count from this file's folder."""

    database: values.Line = "db/detainers.db"
    """The published database."""
    deliveries: values.Line = "db/deliveries.db"
    """Recipients and attempts; never published."""
    archive: values.Line = "db/archive"
    """Every byte that was served."""
    outbox: values.Line | None = None
    """Folder for mails when smtp is null; by default `outbox` beside the database."""


class FetchBlock(Block):
    """How the product behaves towards publishers."""

    per_host_per_second: Annotated[float, Field(gt=0, le=1000)] | None = 1.0
    """Requests per second and host; null lifts the limit."""
    concurrency: Annotated[int, Field(ge=1, le=256)] = 8
    """Sources checked at the same time."""
    timeout_seconds: Annotated[float, Field(gt=0, le=3600)] = 60.0
    """Bounds a whole fetch, redirects and retries included."""
    max_body_mb: Annotated[float, Field(gt=0, le=4096)] = 200.0
    """Largest decoded body."""
    retries: Annotated[int, Field(ge=0, le=10)] = 2
    respect_robots: bool = True
    """Obey robots.txt."""
    allow_private: list[values.HostPort] = []
    """"host:port" pairs that may resolve to a private or loopback address."""


class WebBlock(Block):
    """Where the pages are served."""

    host: values.Host = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65535)] = 8001
    public_url: values.Url | None = None
    """The address readers use; stands in mails."""


class SmtpBlock(Block):
    """A mail server; null writes mails as files into the outbox."""

    host: values.Host
    port: Annotated[int, Field(ge=1, le=65535)] | None = None
    """587 by default, 465 with tls."""
    starttls: bool | None = None
    """True by default: no mail is sent unless the server offers STARTTLS."""
    tls: bool = False
    """TLS from the first byte (port 465)."""
    username: str = ""
    """Empty: no login."""
    password_env: values.Variable = "SMTP_PASSWORD"  # noqa: S105
    """NAME of the environment variable that holds the password."""
    sender: values.Sender = Field(alias="from")
    """Who the mails come from."""
    ca_file: values.Line | None = None
    """Certificates to trust besides the system's."""
    timeout_seconds: Annotated[float, Field(gt=0, le=600)] = 30.0


class RetryBlock(Block):
    """When a delivery is tried again."""

    first_seconds: Annotated[float, Field(ge=0, le=86400)] = 60.0
    """Wait before the second try, doubled each time; 0 tries again in the next round."""
    max_hours: Annotated[float, Field(gt=0, le=8760)] = 96.0


class AudienceBlock(Block):
    """Who gets what."""

    to: Annotated[list[values.Email], Field(min_length=1)]
    """E-mail addresses; each gets a mail of their own."""
    events: Annotated[list[EventKind], Field(min_length=1)] = list(READER_EVENTS)
    sources: list[str] = []
    """Ids of sources; empty: all."""
    places: list[values.Place] = []
    """FIPS codes in quotes ("06085") or names ("Cook County, IL"); empty: all."""
    digest: Digest = "immediate"
    apprise: Annotated[list[str], Field(max_length=0)] = []
    """Other channels; none is built in yet, so the list must be empty."""


class AlertsBlock(Block):
    """Who is told, and how."""

    smtp: SmtpBlock | None = None
    operator: list[values.Email] = []
    """Get source problems: one mail at the start, one at the end."""
    retry: Annotated[RetryBlock, _FILLED] = RetryBlock()
    audiences: Annotated[dict[values.Line, AudienceBlock], _FILLED] = {}


class HealthBlock(Block):
    """How silence of the product itself is noticed."""

    ping_url: values.Url | None = None
    """Asked after every round."""


class ArchiveBlock(Block):
    """The public web archive that is asked for the past."""

    base: values.Url = "https://web.archive.org/web/"
    """Lists of versions lie at `{base}timemap/link/{url}`, versions at `{base}{14 digits}id_/{url}` (RFC 7089)."""


class ParseBlock(Block):
    """Limits of the child process that reads documents."""

    memory_mb: Annotated[int, Field(ge=128, le=65536)] = 1024
    timeout_seconds: Annotated[float, Field(gt=0, le=3600)] = 120.0


class ExpectBlock(Block):
    """Floors: fewer means the layout changed, not news."""

    releases_min: values.Count = 1
    figures_min: values.Count = 0
    rows_min: values.Count = 0
    text: values.Line | None = None
    """Words that stand on every good index page."""


class ConfirmBlock(Block):
    """How often something must be seen before it is believed."""

    withdrawn_rounds: values.Times = 3
    quiet_days: values.Times | None = None
    """Nothing new for this many days is told to the operator."""
    failed_rounds: values.Times = 3
    """Failed rounds in a row before the operator is told."""


class ColumnBlock(Block):
    """A column of a table: the header as published, or the header with what the cells are."""

    header: values.Line
    type: Literal["text", "integer", "date", "percent", "money", "number"] = "text"
    measure: Measure | None = None
    """What is counted; makes each cell a figure. Needs `unit`."""
    unit: Unit | None = None

    @model_validator(mode="after")
    def _measured(self) -> "ColumnBlock":
        if (self.measure is None) != (self.unit is None):
            raise ValueError("measure and unit belong together; write both or none")
        if self.measure and self.type in ("text", "date"):
            raise ValueError(f"a measure needs numbers; write type: integer instead of {self.type}")
        return self


class SourceBlock(Block):
    """A publication that is watched."""

    id: values.Name
    reader: Literal[
        "page", "feed", "table", "ice_news", "ice_287g", "ice_ddor", "ice_ddr", "cis_post", "cis_map", "judicial_watch",
        "doj_list", "dhs_list", "detainer_records"
    ]  # fmt: skip
    url: values.Url
    """The index page, feed, or the document itself."""
    publisher: values.Line | None = None
    title: values.Line | None = None
    every: values.Interval | None = None
    """Interval between checks; or write `cron`."""
    cron: values.Crontab | None = None
    """Five crontab fields in UTC; or write `every`."""
    jitter: values.Duration | None = None
    """Random wait added to each check; by default a twentieth of `every`, at most a minute."""
    allow_hosts: list[values.AllowedHost] = []
    """Hosts that may be asked; by default the host of `url`."""
    expect: Annotated[ExpectBlock, _FILLED] = ExpectBlock()
    confirm: Annotated[ConfirmBlock, _FILLED] = ConfirmBlock()
    series: values.Line | None = None
    """Name of the series the releases belong to; by default the id."""
    series_kind: SeriesKind | None = None
    """cumulative: each release restates the list; periodic: each covers its own period."""
    select: values.Line | None = None
    """CSS selector, sheet or page range that holds what is read."""
    follow: values.Links | None = None
    """Links on the index page whose documents are the releases: a CSS selector, or re: and a regular expression."""
    item: values.Selector | None = None
    """CSS selector of one item on the index page."""
    next_page: values.Selector | None = None
    """CSS selector of the link to the next index page."""
    max_pages: Annotated[int, Field(ge=1, le=100)] = 1
    ignore: list[values.Selector] = []
    """CSS selectors of parts that are no content."""
    columns: dict[
        Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,63}$")],
        Annotated[ColumnBlock, BeforeValidator(_named, json_schema_input_type=str | ColumnBlock)],
    ] = {}
    """For `reader: table`: our name of each column -> its header."""
    key: list[str] = []
    """Names of the columns that identify a row."""
    recheck_documents: values.Count = 200
    """Known documents asked again in one round, longest unchecked first."""
    unconditional_every: values.Times = 12
    """Every n-th round asks without If-None-Match."""
    archive_when_blocked: bool = False
    """A blocked round reads the newest version in the web archive instead, if that is newer than what is held."""


class File(Block):
    """The configuration of Detainer Watch."""

    contact: values.Contact
    """E-mail or web address of yours; goes into the User-Agent, so that publishers can reach you."""
    storage: Annotated[StorageBlock, _FILLED] = StorageBlock()
    fetch: Annotated[FetchBlock, _FILLED] = FetchBlock()
    web: Annotated[WebBlock, _FILLED] = WebBlock()
    alerts: Annotated[AlertsBlock, _FILLED] = AlertsBlock()
    health: Annotated[HealthBlock, _FILLED] = HealthBlock()
    parse: Annotated[ParseBlock, _FILLED] = ParseBlock()
    archive: Annotated[ArchiveBlock, _FILLED] = ArchiveBlock()
    sources: list[SourceBlock] = []


def schema() -> dict[str, Any]:
    """Return the JSON schema (draft 2020-12) of `config.yaml`."""
    made = File.model_json_schema(by_alias=True)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Detainer Watch config.yaml", **made}
