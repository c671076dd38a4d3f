"""`python -m scraper.publish.server`: Datasette over the published database in a process of its own.

It serves one file, read-only, and stops within seconds of SIGTERM.
"""

import argparse
import sqlite3
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import uvicorn
from datasette.app import Datasette
from datasette.database import Database
from datasette.plugins import pm

from scraper.publish.pages import Site
from scraper.publish.site import RESERVED, Plugin
from scraper.publish.words import metadata

SETTINGS: Final = {
    "sql_time_limit_ms": 3000,
    "facet_time_limit_ms": 500,
    "max_returned_rows": 1000,
    "num_sql_threads": 6,
    "suggest_facets": False,
    "allow_download": False,
    "default_cache_ttl": 5,
    "trace_debug": False,
    "template_debug": False,
}
ForeignKey = dict[str, Any]
_PACKAGE: Final = Path(__file__).parent.parent


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until SIGTERM or SIGINT; leave with a sentence where that is not possible."""
    asked = _parser().parse_args(arguments)
    _require(asked.database)
    app = build(asked.database, asked.archive, asked.public_url, asked.mail_folder).app()
    uvicorn.run(
        app,
        host=asked.host,
        port=asked.port,
        lifespan="on",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=3,
        h11_max_incomplete_event_size=64 * 1024,
    )


def build(database: Path, archive: Path, public_url: str, mail_folder: bool) -> Datasette:
    """Return Datasette with our plugin over `database`, opened read-only as a live file."""
    name = _name(database)
    words = metadata()
    words["databases"] = {name: words["databases"]["*"]}
    plugin = Plugin(Site(database=name, archive=archive, public_url=public_url.rstrip("/"), mail_folder=mail_folder))
    if pm.has_plugin("datasette.handle_exception"):  # it prints a traceback for every 404
        pm.unregister(name="datasette.handle_exception")
        pm.unregister(name="datasette.forbidden")
    pm.register(plugin, "detainer-watch")
    datasette = Datasette(
        [],
        cors=True,
        metadata=words,
        settings=SETTINGS,
        template_dir=str(_PACKAGE / "templates" / "site"),
        static_mounts=[("assets", str(_PACKAGE / "static"))],
    )
    datasette.remove_database("_memory")
    datasette.add_database(Published(datasette, str(database), is_mutable=True), name=name)
    return datasette


class Published(Database):  # type: ignore[misc]  # datasette is untyped
    """The published file. `REFERENCES source` means the key of that table; Datasette needs it spelled out."""

    async def foreign_keys_for_table(self, table: str) -> list[ForeignKey]:
        """Return the foreign keys of a table, each with the column it refers to."""
        return await self._complete(await super().foreign_keys_for_table(table))

    async def get_all_foreign_keys(self) -> dict[str, dict[str, list[ForeignKey]]]:
        """Return all foreign keys by table, outgoing and incoming."""
        found: dict[str, dict[str, list[ForeignKey]]] = await super().get_all_foreign_keys()
        for table, keys in found.items():
            keys["outgoing"] = await self._complete(keys["outgoing"])
            own = await self._key(table)
            keys["incoming"] = [{**key, "column": key["column"] or own} for key in keys["incoming"]]
        return found

    async def _complete(self, keys: list[ForeignKey]) -> list[ForeignKey]:
        return [{**key, "other_column": key["other_column"] or await self._key(key["other_table"])} for key in keys]

    async def _key(self, table: str) -> str | None:
        return next(iter(await self.primary_keys(table)), None)


def _name(database: Path) -> str:
    """The file's own name, as Datasette has it, unless one of our pages is called that."""
    return "detainers" if database.stem in RESERVED or "." in database.stem else database.stem


def _require(database: Path) -> None:
    if not database.is_file():
        sys.exit(
            f"The database {database} does not exist yet. Run `detainer-watch check` once, or `detainer-watch up`."
        )
    connection = None
    try:
        connection = sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True)
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.Error as error:
        sys.exit(f"The database {database} cannot be read: {error}.")
    finally:
        if connection:
            connection.close()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="detainer-watch-site", description=__doc__)
    parser.add_argument("--database", type=Path, required=True, help="the published database")
    parser.add_argument("--archive", type=Path, required=True, help="the folder of archived documents")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8001)
    parser.add_argument("--public-url", required=True, help="the address under which readers reach the site")
    parser.add_argument("--mail-folder", action="store_true", help="mails go to a folder: say so on the home page")
    return parser


if __name__ == "__main__":
    main()
