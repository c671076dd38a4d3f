"""What the site says about its own data: tables and columns, caveats, example queries."""

import tomllib
from importlib import resources
from typing import Any, Final

TITLE: Final = "Detainer Watch"
ABOUT: Final = (
    "What publishers state about declined ICE detainers, how it changed, and the archived document behind every number."
)
CAVEATS: Final = (
    "Publishers define and count differently. No figure here is a sum over publishers, and none should be made.",
    "A detainer is a request by ICE to a law-enforcement agency. “Declined” means recorded by ICE as declined; "
    "agencies mostly do not report to ICE, so it counts what ICE became aware of.",
    "Detainers, people, arrests, charges, cases and jurisdictions are different units and are never added together.",
    "A blank is “not stated”. Zero is the number 0.",
    "Words in quotation marks, and columns that end in _quoted, are the publisher's own.",
    "No table has a column for a person's name.",
)
LICENCE: Final = (
    "The watched documents remain their publishers'. Cite the publisher, the release and the archived copy; "
    "every release page has a line to copy."
)
EXAMPLES: Final = (
    (
        "Detainers recorded by ICE as declined, as each publisher states them",
        "select publisher, release_title, place, state, bound, value, unit, period_start, period_end\n"
        "from current_figures where measure = 'detainer_declined'\norder by period_end desc, value desc limit 100",
    ),
    (
        "Cells that publishers changed, newest first",
        "select seen_at, publisher, title, label, column_name, before, after\nfrom what_changed limit 100",
    ),
    (
        "How each source is doing",
        "select source_id, state, last_ok_at, next_due_at, problem\nfrom source_health order by source_id",
    ),
)
LISTED_ONLY: Final = ("host", "page", "round")
"""Housekeeping: open to everyone, but kept out of Datasette's list of tables."""


def describe() -> dict[str, dict[str, str]]:
    """Return, for each table and view, its columns in plain words; the key "" describes the table itself."""
    text = resources.files("scraper.publish").joinpath("tables.toml").read_text("utf-8")
    tables: dict[str, dict[str, str]] = tomllib.loads(text)
    everywhere = tables.pop("everywhere")
    return {name: _columns(words, everywhere) for name, words in tables.items()}


def _columns(words: dict[str, str], everywhere: dict[str, str]) -> dict[str, str]:
    own = {name: text for name, text in words.items() if name not in ("about", "shared")}
    return {"": words["about"]} | {name: everywhere[name] for name in words["shared"].split()} | own


def metadata() -> dict[str, Any]:
    """Return Datasette's metadata for the one database `*` (the launcher knows its name)."""
    tables = {
        name: {
            "description": words[""],
            "columns": {column: text for column, text in words.items() if column},
            **({"hidden": True} if name in LISTED_ONLY else {}),
        }
        for name, words in describe().items()
    }
    tables["release"]["label_column"] = tables["source"]["label_column"] = "title"
    tables["place"]["label_column"] = "name"
    tables["event"] |= {"label_column": "title", "sort_desc": "seen_at"}
    tables["events"]["sort_desc"] = "seen_at"
    tables["fetch"]["sort_desc"] = "fetch_id"
    queries = {f"example_{number}": {"title": title, "sql": sql} for number, (title, sql) in enumerate(EXAMPLES, 1)}
    return {"title": TITLE, "description": ABOUT, "databases": {"*": {"tables": tables, "queries": queries}}}
