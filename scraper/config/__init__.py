"""`config.yaml` in, `Settings` out; every mistake is named with line, column, key and fix, all of them at once."""

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from pydantic import ValidationError

from scraper import resources, settings
from scraper.config import problems, text
from scraper.config.cron import cron_trigger
from scraper.config.schema import AlertsBlock, File, SmtpBlock, SourceBlock, WebBlock, schema
from scraper.errors import ConfigError
from scraper.model import Column, Options

__all__ = ["cron_trigger", "load", "schema", "starter"]

_MAX_BYTES: Final = 16_000_000
_MOST_FLAWS: Final = 50


def load(path: Path, environ: Mapping[str, str]) -> settings.Settings:
    """Return what the file at `path` says; secrets are taken from `environ`, relative paths from its folder.

    Raises ConfigError whose text has one line for each mistake: `config.yaml:12:5: sources[0].every: … write 6h`.
    Reads nothing but this file.
    """
    data = _bytes(path)
    try:
        loaded = text.read(_decoded(data))
    except text.Broken as broken:
        raise _error(path, [broken.flaw]) from None
    flaws = list(loaded.flaws)
    if not isinstance(loaded.data, dict):
        what = "is empty" if loaded.data is None else "is not a block of keys"
        flaws.append(text.Flaw(1, 1, "", f"the file {what}; `detainer-watch init` writes one to start from"))
        raise _error(path, flaws)
    flaws += [
        text.Flaw(*loaded.mark(loc), text.path_of(loc), words) for loc, words in problems.of_sense(loaded.data, environ)
    ]
    try:
        file = File.model_validate(loaded.data)
    except ValidationError as error:
        raise _error(path, [*flaws, *problems.of_shape(loaded, error)]) from None
    if flaws:
        raise _error(path, flaws)
    return _settings(path.absolute(), data, file, environ)


def starter(*, contact: str | None = None, storage: str = "db", host: str = "127.0.0.1") -> str:
    """Return the shipped, commented `config.yaml` for a folder of its own.

    It names `config.schema.json` beside it for editors (write `schema()` there). `storage` is the folder for
    everything written; `host` where Datasette listens.
    """
    made = resources.starter_config().replace("$schema=docs/config.schema.json", "$schema=config.schema.json")
    made = re.sub(r"(?<=[ {])db/", f"{storage}/", made)
    made = re.sub(r"(?<=host: )127\.0\.0\.1(?=,)", host, made)
    return re.sub(r"(?m)^contact: \S+", f"contact: {contact}", made) if contact else made


def _bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_BYTES + 1)
    except FileNotFoundError:
        raise ConfigError(f"{path} does not exist; `detainer-watch init` writes one to start from.") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise ConfigError(f"{path} cannot be read: {reason}.") from None
    if len(data) > _MAX_BYTES:
        raise ConfigError(f"{path} is larger than {_MAX_BYTES // 1_000_000} MB; this is no configuration.")
    return data


def _decoded(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8")
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        raise text.Broken(text.Flaw(line, column, "", "this is not UTF-8 text; save the file as UTF-8")) from None


def _error(path: Path, flaws: list[text.Flaw]) -> ConfigError:
    lines = [
        f"{path}:{flaw.line}:{flaw.column}: {flaw.path}{': ' if flaw.path else ''}{flaw.text}"
        for flaw in sorted(set(flaws))
    ]
    more = len(lines) - _MOST_FLAWS
    return ConfigError("\n".join(lines[:_MOST_FLAWS] + ([f"… and {more} more"] if more > 0 else [])))


def _settings(path: Path, data: bytes, file: File, environ: Mapping[str, str]) -> settings.Settings:
    folder, fetch = path.parent, file.fetch.model_dump()
    database = folder / file.storage.database
    return settings.Settings(
        path=path,
        sha256=hashlib.sha256(data).hexdigest(),
        storage=settings.Storage(
            database=database,
            deliveries=folder / file.storage.deliveries,
            archive=folder / file.storage.archive,
            outbox=folder / file.storage.outbox if file.storage.outbox else database.parent / "outbox",
        ),
        fetch=settings.Fetch(contact=file.contact, **{**fetch, "allow_private": tuple(fetch["allow_private"])}),
        web=_web(file.web),
        alerts=_alerts(file.alerts, file.contact, folder, environ),
        ping_url=file.health.ping_url,
        sources=tuple(map(_source, file.sources)),
        parse_memory_mb=file.parse.memory_mb,
        parse_seconds=file.parse.timeout_seconds,
    )


def _web(block: WebBlock) -> settings.Web:
    seen_as = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}.get(block.host, block.host)  # noqa: S104
    public_url = block.public_url or f"http://{seen_as}:{block.port}"
    return settings.Web(host=block.host.strip("[]"), port=block.port, public_url=public_url.rstrip("/"))


def _alerts(block: AlertsBlock, contact: str, folder: Path, environ: Mapping[str, str]) -> settings.Alerts:
    address = contact if "://" not in contact else "detainer-watch@localhost"
    return settings.Alerts(
        smtp=_smtp(block.smtp, folder, environ) if block.smtp else None,
        sender=block.smtp.sender if block.smtp else f"Detainer Watch <{address}>",
        operator=tuple(block.operator),
        retry=settings.Retry(**block.retry.model_dump()),
        audiences=tuple(
            settings.Audience(
                name=name,
                to=tuple(one.to),
                events=tuple(one.events),
                sources=tuple(one.sources),
                places=tuple(one.places),
                digest=one.digest,
                apprise=tuple(one.apprise),
            )
            for name, one in block.audiences.items()
        ),
    )


def _smtp(block: SmtpBlock, folder: Path, environ: Mapping[str, str]) -> settings.Smtp:
    return settings.Smtp(
        host=block.host.strip("[]"),
        port=block.port or (465 if block.tls else 587),
        starttls=not block.tls if block.starttls is None else block.starttls,
        tls=block.tls,
        username=block.username,
        password=environ[block.password_env] if block.username else "",
        sender=block.sender,
        ca_file=folder / block.ca_file if block.ca_file else None,
        timeout_seconds=block.timeout_seconds,
    )


def _source(block: SourceBlock) -> settings.Source:
    host = urlsplit(block.url).hostname or ""
    hosts = tuple(block.allow_hosts) or (f"[{host}]" if ":" in host else host,)
    jitter = min(block.every / 20, 60.0) if block.every else 30.0
    return settings.Source(
        id=block.id,
        reader=block.reader,
        options=_options(block, hosts),
        every_seconds=block.every,
        cron=block.cron,
        jitter_seconds=jitter if block.jitter is None else block.jitter,
        allow_hosts=hosts,
        expect=settings.Expect(**block.expect.model_dump()),
        confirm=settings.Confirm(**block.confirm.model_dump()),
        recheck_documents=block.recheck_documents,
        unconditional_every=block.unconditional_every,
        schedule_words=f"cron {block.cron} (UTC)" if block.cron else f"every {_duration(block.every or 0)}",
    )


def _options(block: SourceBlock, hosts: tuple[str, ...]) -> Options:
    return Options(
        source_id=block.id,
        url=block.url,
        publisher=block.publisher or urlsplit(block.url).hostname or "",
        title=block.title or block.id,
        series=block.series,
        series_kind=block.series_kind,
        select=block.select,
        follow=block.follow,
        item=block.item,
        next_page=block.next_page,
        max_pages=block.max_pages,
        ignore=tuple(block.ignore),
        columns=tuple(Column(name=name, **column.model_dump()) for name, column in block.columns.items()),
        key=tuple(block.key),
        allow_hosts=hosts,
    )


def _duration(seconds: float) -> str:
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds % size == 0:
            return f"{seconds / size:g}{unit}"
    return f"{seconds:g}s"
