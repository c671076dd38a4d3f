"""`config.yaml` in, `Settings` out; every mistake is named with line, column, key and fix, all of them at once."""

import hashlib
import inspect
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

from pydantic import ValidationError

from scraper import resources, settings
from scraper.config import problems, text
from scraper.config.cron import cron_trigger
from scraper.config.schema import AlertsBlock, Block, File, SmtpBlock, SourceBlock, WebBlock, schema
from scraper.errors import ConfigError
from scraper.model import Column, Options

__all__ = ["cron_trigger", "load", "schema", "starter"]

_T = TypeVar("_T")
_MAX_BYTES: Final = 16_000_000
_MOST_FLAWS: Final = 50


def load(path: Path, environ: Mapping[str, str]) -> settings.Settings:
    """Return what the file at `path` says; secrets are taken from `environ`, relative paths from its folder.

    Raises ConfigError whose text has one line for each mistake: `config.yaml:12:5: sources[0].every: … write 6h`.
    Reads nothing but this file.
    """
    data = _bytes(path)
    try:
        loaded = text.read(data)
        if not isinstance(loaded.data, dict):
            what = "is empty" if loaded.data is None else "is not a block of keys"
            raise text.Broken((1, 1), f"the file {what}; `detainer-watch init` writes one to start from")
    except text.Broken as broken:
        raise _error(path, [broken.flaw]) from None
    senseless = problems.of_sense(loaded.data, environ)
    flaws = loaded.flaws + [text.Flaw(*loaded.mark(loc), text.path_of(loc), words) for loc, words in senseless]
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


def _error(path: Path, flaws: list[text.Flaw]) -> ConfigError:
    told = sorted(set(flaws))
    lines = [f"{path}:{one.line}:{one.column}: {f'{one.path}: ' if one.path else ''}{one.text}" for one in told]
    more = len(lines) - _MOST_FLAWS
    return ConfigError("\n".join(lines[:_MOST_FLAWS] + ([f"… and {more} more"] if more > 0 else [])))


def _record(kind: Callable[..., _T], block: Block, **own: Any) -> _T:
    """Return a record of this kind: what `block` has under the same names, lists as tuples, and what is its `own`."""
    names = inspect.signature(kind).parameters
    same = {name: tuple(value) if isinstance(value, list) else value for name, value in block if name in names}
    return kind(**(same | own))


def _settings(path: Path, data: bytes, file: File, environ: Mapping[str, str]) -> settings.Settings:
    folder = path.parent
    paths = {name: folder / written for name, written in file.storage if written is not None}
    return settings.Settings(
        path=path,
        sha256=hashlib.sha256(data).hexdigest(),
        storage=settings.Storage(**{"outbox": paths["database"].parent / "outbox"} | paths),
        fetch=_record(settings.Fetch, file.fetch, contact=file.contact),
        web=_web(file.web),
        alerts=_alerts(file.alerts, file.contact, folder, environ),
        ping_url=file.health.ping_url,
        sources=tuple(map(_source, file.sources)),
        parse_memory_mb=file.parse.memory_mb,
        parse_seconds=file.parse.timeout_seconds,
        web_archive=file.archive.base,
    )


def _web(block: WebBlock) -> settings.Web:
    seen_as = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}.get(block.host, block.host)  # noqa: S104
    public_url = block.public_url or f"http://{seen_as}:{block.port}"
    return settings.Web(host=block.host.strip("[]"), port=block.port, public_url=public_url.rstrip("/"))


def _alerts(block: AlertsBlock, contact: str, folder: Path, environ: Mapping[str, str]) -> settings.Alerts:
    address = contact if "://" not in contact else "detainer-watch@localhost"
    return _record(
        settings.Alerts,
        block,
        smtp=_smtp(block.smtp, folder, environ) if block.smtp else None,
        sender=block.smtp.sender if block.smtp else f"Detainer Watch <{address}>",
        retry=_record(settings.Retry, block.retry),
        audiences=tuple(_record(settings.Audience, one, name=name) for name, one in block.audiences.items()),
    )


def _smtp(block: SmtpBlock, folder: Path, environ: Mapping[str, str]) -> settings.Smtp:
    return _record(
        settings.Smtp,
        block,
        host=block.host.strip("[]"),
        port=block.port or (465 if block.tls else 587),
        starttls=not block.tls if block.starttls is None else block.starttls,
        password=environ[block.password_env] if block.username else "",
        ca_file=folder / block.ca_file if block.ca_file else None,
    )


def _source(block: SourceBlock) -> settings.Source:
    host = urlsplit(block.url).hostname or ""
    hosts = tuple(block.allow_hosts) or (f"[{host}]" if ":" in host else host,)
    jitter = min(block.every / 20, 60.0) if block.every else 30.0
    options = _record(
        Options,
        block,
        source_id=block.id,
        publisher=block.publisher or host,
        title=block.title or block.id,
        columns=tuple(_record(Column, column, name=name) for name, column in block.columns.items()),
        allow_hosts=hosts,
    )
    return _record(
        settings.Source,
        block,
        options=options,
        every_seconds=block.every,
        jitter_seconds=jitter if block.jitter is None else block.jitter,
        allow_hosts=hosts,
        expect=_record(settings.Expect, block.expect),
        confirm=_record(settings.Confirm, block.confirm),
        schedule_words=f"cron {block.cron} (UTC)" if block.cron else f"every {_duration(block.every or 0)}",
    )


def _duration(seconds: float) -> str:
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds % size == 0:
            return f"{seconds / size:g}{unit}"
    return f"{seconds:g}s"
