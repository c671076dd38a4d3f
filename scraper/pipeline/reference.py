"""What ships with the product: places, aliases, the history of record, and the digest of the reading code."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Final

from scraper import resources
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


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def place_rows() -> tuple[Sequence[Mapping[str, str]], Sequence[Mapping[str, str]]]:
    """Return the rows of places.csv and aliases.csv."""
    folder = resources.reference_dir()
    return _rows(folder / "places.csv"), _rows(folder / "aliases.csv")


@cache
def gazetteer() -> Gazetteer:
    """Return the places by name."""
    return Gazetteer.of(*place_rows())


@cache
def code_digest() -> str:
    """Return a digest of the code and reference data that turn bytes into rows: when it changes, all is read anew."""
    package = Path(__file__).parent.parent
    modules = (package / name for name in ("places.py", "facts.py", "diff.py", "ids.py"))
    files = sorted([*package.glob("readers/*.py"), *package.glob("documents/*.py"), *modules])
    files += sorted(resources.reference_dir().glob("*.csv"))
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
