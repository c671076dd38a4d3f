"""Command about places: places suggest."""

import csv
import os
import sys
from typing import Annotated

import typer

from scraper.cli.app import DEFAULT_CONFIG, ConfigPath, app, settings_of, show
from scraper.cli.asking import PANEL
from scraper.export import neutral
from scraper.pipeline.reference import ALIAS_COLUMNS, gazetteer
from scraper.store import places
from scraper.store.database import Database
from scraper.suggest import Unplaced
from scraper.suggest import suggest as propose

places_app = typer.Typer(help="Names of places that are not known, for a person to decide.", no_args_is_help=True)
app.add_typer(places_app, name="places", rich_help_panel=PANEL)


@places_app.command("suggest")
def suggest(
    config: ConfigPath = DEFAULT_CONFIG,
    as_csv: Annotated[bool, typer.Option("--csv", help="Rows for aliases.csv, one a suggestion, undecided.")] = False,
) -> None:
    """List the quoted names, of places and of field offices, that resolve to nothing, with what they may mean.

    Nothing is decided here: write your name under `decided_by` in the rows that are right, and put them into
    aliases.csv beside the configuration. They count with the next start; rows without it never do.
    """
    settings = settings_of(config)
    known = gazetteer(settings.own_aliases)
    with Database.reading(settings.storage.database) as db:
        names = [
            Unplaced(quoted=r["quoted"], state=r["state"], source_id=r["source_id"], rows=r["n"])
            for r in places.unplaced(db)
        ]
        areas = [row for row in places.areas(db) if known.field_office(row["quoted"]) is None]
    found = propose(known, names)
    if as_csv:
        writer = csv.writer(sys.stdout, lineterminator=os.linesep)
        writer.writerow(ALIAS_COLUMNS)
        writer.writerows([neutral(cell) for cell in row] for one in found for row in one.alias_rows())
        return
    rows = [(one.quoted, one.state, one.rows, ", ".join(one.sources), one.words(), one.remark) for one in found]
    rows += [(row["quoted"], "", row["n"], row["source_id"], "", "no known field office") for row in areas]
    show("Names that resolve to nothing", ("name", "state", "rows", "sources", "may be", "remark"), rows)
    typer.echo(f"{len(found)} places and {len(areas)} areas of responsibility are not known.", err=True)
