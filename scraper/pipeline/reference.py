"""What ships with the product: places, aliases, the history of record, and the digest of the reading code."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Final

from scraper import resources
from scraper.errors import ConfigError
from scraper.fetch import Fetched
from scraper.model import Options
from scraper.pipeline.tools import Tools, answer, stamp, utc_now
from scraper.places import Gazetteer
from scraper.readers import history
from scraper.settings import Confirm, Expect, Source

_URL: Final = "https://history-of-record.invalid/bundle.json"
"""A name that can never resolve: the bundle comes from the package, not from a network."""

HISTORY: Final = Source(
    id="history",
    reader="history",
    options=Options(
        source_id="history",
        url=_URL,
        publisher="Detainer Watch (history of record)",
        title="History of record",
        series_kind="periodic",
    ),
    every_seconds=86400.0,
    cron=None,
    jitter_seconds=0.0,
    allow_hosts=(),
    expect=Expect(),
    confirm=Confirm(),
    schedule_words="with each start",
    recheck_documents=0,
)


Row = Mapping[str, str]
ALIAS_COLUMNS: Final = ("quoted", "state", "place_id", "decided_by", "note")


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def place_rows(own: Path) -> tuple[Sequence[Row], Sequence[Row]]:
    """Return the rows of places.csv and the aliases that a person decided; those in the file `own` win."""
    folder = resources.reference_dir()
    places = _rows(folder / "places.csv")
    decided = [row for row in _rows(folder / "aliases.csv") + _own(own, places) if row["decided_by"].strip()]
    return places, list({(row["quoted"], row["state"]): row for row in decided}.values())


def _own(path: Path, places: Sequence[Row]) -> list[dict[str, str]]:
    if not path.is_file():
        return []
    try:
        rows = [{name: (row[name] or "").strip() for name in ALIAS_COLUMNS} for row in _rows(path)]
    except (KeyError, ValueError, csv.Error) as error:
        raise ConfigError(
            f"{path}: cannot be read; it needs the columns {','.join(ALIAS_COLUMNS)}, in UTF-8."
        ) from error
    known = {name: {row[name] for row in places} | {""} for name in ("place_id", "state")}
    for row in rows:
        for name in known if row["decided_by"] else ():
            if row[name] not in known[name] or not row["place_id"]:
                raise ConfigError(f'{path}: "{row["quoted"]}": there is no {name} "{row[name]}" in places.csv.')
    return rows


@cache
def gazetteer(own: Path) -> Gazetteer:
    """Return the places by name; `own` is the file of a user's aliases, which need not exist."""
    return Gazetteer.of(*place_rows(own), _rows(resources.reference_dir() / "field_offices.csv"))


@cache
def code_digest(own: Path) -> str:
    """Return a digest of the code and reference data that turn bytes into rows: when it changes, all is read anew."""
    package = Path(__file__).parent.parent
    modules = (package / name for name in ("places.py", "facts.py", "diff.py", "ids.py"))
    files = sorted([*package.glob("readers/*.py"), *package.glob("documents/*.py"), *modules])
    files += sorted(resources.reference_dir().glob("*.csv")) + [own] * own.is_file()
    digest = sha256()
    for file in files:
        digest.update(file.name.encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()


def tools_for_history(tools: Tools) -> Tools:
    """Return tools whose `get` serves the bundled history instead of a publisher."""
    folder = resources.reference_dir() / "history"
    body = history.bundle({file.name: file.read_text("utf-8") for file in sorted(folder.glob("*.csv"))})

    def get(
        url: str, *, allow_hosts: Sequence[str], etag: str | None = None, last_modified: str | None = None
    ) -> Fetched:
        return answer(
            url, "ok", stamp(utc_now()), status=200, body=body, media_type="application/json", charset="utf-8"
        )

    return replace(tools, get=get, via="reference", now=utc_now)
