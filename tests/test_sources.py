"""Every reader against the examples kept for it: a document in the publisher's layout and what must be read from it.

An example is a folder `tests/sources/<reader>/<name>/`:
- `example.json`: `url`, `media_type`, `document` (a file beside it), `options` (fields of `model.Options`),
  `about` (where the layout is known from); with `"discover": true` it is an index page.
- `expected.json`: what the reader says. `DETAINER_WATCH_REGEN=1` writes it anew and then fails: a person must look.
"""

import json
import os
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Any

import pytest

from scraper import readers
from scraper.facts import Locator
from scraper.model import Column, Document, Options, ReleaseRef

FOLDER = Path(__file__).parent / "sources"
EXAMPLES = sorted(path.parent for path in FOLDER.glob("*/*/example.json"))
WITHOUT_EXAMPLE = {"page", "feed", "table", "history"}
"""Readers without a publication of their own: their tests make the documents."""


def plain(value: Any) -> Any:
    """A reading as JSON: empty fields left out, facts under the name of their table, locators as text."""
    if isinstance(value, Locator):
        return value.text()
    if is_dataclass(value) and not isinstance(value, type):
        kept = {name: plain(getattr(value, name)) for name in asdict(value) if getattr(value, name) not in ("", None)}
        table = {"table": value.TABLE} if hasattr(value, "TABLE") else {}
        return table | {name: one for name, one in kept.items() if one is not False and one not in ([], "{}")}
    return [plain(one) for one in value] if isinstance(value, tuple) else value


def said(folder: Path) -> Any:
    """What the reader of this folder says of its document."""
    example = json.loads((folder / "example.json").read_text("utf-8"))
    given = example.get("options", {})
    given |= {name: tuple(value) for name, value in given.items() if isinstance(value, list)}
    given |= {"columns": tuple(Column(**column) for column in given.get("columns", ()))}
    options = Options(
        **({"source_id": "example", "url": example["url"], "publisher": "Example", "title": "Example"} | given)
    )
    document = Document(
        url=example["url"],
        data=(folder / example["document"]).read_bytes(),
        media_type=example["media_type"],
        charset="utf-8",
        captured_at="2026-11-01T00:00:00Z",
        sha256="",
    )
    if example.get("discover"):
        return plain(readers.discover(folder.parent.name, document, options))
    ref = ReleaseRef(**({"key": example["url"], "url": example["url"], "title": ""} | example.get("ref", {})))
    return plain(readers.read(folder.parent.name, document, ref, options))


@pytest.mark.parametrize("folder", EXAMPLES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_an_example_is_read_as_expected(folder: Path) -> None:
    expected = folder / "expected.json"
    now = said(folder)
    if os.environ.get("DETAINER_WATCH_REGEN"):
        expected.write_text(json.dumps(now, ensure_ascii=False, indent=1) + "\n", "utf-8")
        pytest.fail(f"{expected} was written anew: look at it, then run without DETAINER_WATCH_REGEN")
    assert now == json.loads(expected.read_text("utf-8"))


@pytest.mark.parametrize("name", sorted(set(readers.READERS) - WITHOUT_EXAMPLE))
def test_every_publication_has_an_example(name: str) -> None:
    tested = {path.parent.name for path in EXAMPLES} | {
        path.stem.removeprefix("test_readers_") for path in FOLDER.parent.glob("test_readers_*.py")
    }
    assert name in tested
