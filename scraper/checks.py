"""May a reading become current? Pure judgements; each returns problems, those that hold it back say so."""

from collections.abc import Sequence
from dataclasses import dataclass

from scraper.model import Discovery, Problem
from scraper.settings import Expect

ACCEPTABLE = frozenset({"rows_missing", "text_missing", "listing_shrunk"})
"""Codes of problems that may be the publisher's true will: a person may accept them."""
_FEW_ROWS = 4
_MUCH_TEXT = 400
_SHRUNK_TEXT = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much a reading holds."""

    rows: int
    characters: int
    figures: int = 0


def judge(now: Size, previous: Size | None, problems: Sequence[Problem], expect: Expect) -> tuple[Problem, ...]:
    """Return the problems of a reading: its own, and those that comparing it with floors and the last one shows.

    `previous` is the size of the last good reading of the same stream.
    """
    found = list(problems)
    if now.rows == 0 and now.characters == 0:
        found.append(_held("empty", "nothing could be read from the document"))
    if now.rows < expect.rows_min:
        found.append(_held("too_few_rows", f"{now.rows} rows were read, at least {expect.rows_min} are expected"))
    if now.figures < expect.figures_min:
        text = f"{now.figures} figures were read, at least {expect.figures_min} are expected"
        found.append(_held("too_few_figures", text))
    if previous and previous.rows >= _FEW_ROWS and now.rows * 2 < previous.rows:
        found.append(
            _held("rows_missing", f"{now.rows} rows were read where the last good reading had {previous.rows}")
        )
    if previous and previous.characters >= _MUCH_TEXT and now.characters < previous.characters * _SHRUNK_TEXT:
        text = f"the text has {now.characters} characters where the last good reading had {previous.characters}"
        found.append(_held("text_missing", text))
    return tuple(found)


def judge_listing(discovery: Discovery, listed_before: int, expect: Expect) -> tuple[Problem, ...]:
    """Return the problems of an index page; one that holds back means its silence about a release says nothing."""
    count = len(discovery.refs)
    found = list(discovery.problems)
    if count < expect.releases_min:
        found.append(
            _held("too_few_releases", f"the index lists {count} releases, at least {expect.releases_min} are expected")
        )
    elif listed_before >= _FEW_ROWS and count * 2 < listed_before:
        found.append(
            _held("listing_shrunk", f"the index lists {count} releases where it listed {listed_before} before")
        )
    return tuple(found)


def _held(code: str, text: str) -> Problem:
    return Problem(code=code, text=text, holds_back=True)
