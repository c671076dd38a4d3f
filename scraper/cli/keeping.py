"""Commands that keep: backup, restore, verify, export, export-warc, import-warc."""

import shutil
from pathlib import Path
from typing import Annotated

import typer

from scraper import export as tables
from scraper import pipeline
from scraper.archive import Archive
from scraper.cli.app import DEFAULT_CONFIG, ConfigPath, app, plain, settings_of
from scraper.cli.asking import reading
from scraper.errors import DetainerWatchError
from scraper.store.database import Database

PANEL = "Keep and move"

PathArgument = Annotated[Path, typer.Argument(help="File or folder.")]


@app.command(rich_help_panel=PANEL)
def backup(destination: PathArgument, config: ConfigPath = DEFAULT_CONFIG) -> None:
    """Copy the database (consistent, also while the daemon writes) and the archive into a new folder."""
    settings = settings_of(config)
    if destination.exists() and any(destination.iterdir()):
        raise DetainerWatchError(f"{destination} is not empty; name a new folder.")
    destination.mkdir(parents=True, exist_ok=True)
    for name, path in (("detainers.db", settings.storage.database), ("deliveries.db", settings.storage.deliveries)):
        if path.is_file():
            pipeline.copy_database(path, destination / name)
    if settings.storage.archive.is_dir():
        shutil.copytree(settings.storage.archive, destination / "archive")
    typer.echo(f"Saved to {destination}.")


@app.command(rich_help_panel=PANEL)
def restore(origin: PathArgument, config: ConfigPath = DEFAULT_CONFIG) -> None:
    """Bring a backup back, where no database is; what is there is never overwritten."""
    storage = settings_of(config).storage
    if storage.database.exists():
        raise DetainerWatchError(f"{storage.database} exists; move it away first, nothing is overwritten.")
    if not (origin / "detainers.db").is_file():
        raise DetainerWatchError(f"{origin} holds no detainers.db; is it a backup?")
    storage.database.parent.mkdir(parents=True, exist_ok=True)
    for name, path in (("detainers.db", storage.database), ("deliveries.db", storage.deliveries)):
        if (origin / name).is_file():
            shutil.copyfile(origin / name, path)
    if (origin / "archive").is_dir():
        shutil.copytree(origin / "archive", storage.archive, dirs_exist_ok=True)
    typer.echo(f"Restored from {origin}; run `detainer-watch verify` to check it.")


@app.command(rich_help_panel=PANEL)
def verify(config: ConfigPath = DEFAULT_CONFIG) -> None:
    """Check the database's integrity and every archived file against its hash; exit code 1 if anything is amiss."""
    storage = settings_of(config).storage
    with Database.reading(storage.database) as db:
        found = db.integrity()
        hashes = [row["sha256"] for row in db.rows("SELECT DISTINCT sha256 FROM capture ORDER BY sha256")]
    found += Archive(storage.archive).verify(hashes)
    for line in found:
        typer.echo(plain(line))
    typer.echo(f"{len(hashes)} archived documents checked, {len(found)} complaints.")
    raise typer.Exit(1 if found else 0)


@app.command(rich_help_panel=PANEL)
def export(
    destination: PathArgument,
    config: ConfigPath = DEFAULT_CONFIG,
    kind: Annotated[str, typer.Option("--format", help="csv or json (one object a line).")] = "csv",
) -> None:
    """Write every table and view as a file into a folder; formulas are made harmless in CSV."""
    writers = {"csv": tables.as_csv, "json": tables.as_json}
    if kind not in writers:
        raise typer.BadParameter("the format is csv or json")
    destination.mkdir(parents=True, exist_ok=True)
    with reading(config) as db:
        for name in (*tables.VIEWS, *tables.TABLES):
            columns = [row["name"] for row in db.rows("SELECT name FROM pragma_table_info(?)", name)]
            rows = db.rows(f'SELECT * FROM "{name}"')  # noqa: S608
            count = writers[kind](destination / f"{name}.{kind}", columns, map(dict, rows))
            typer.echo(f"{name}: {count} rows")


@app.command("export-warc", rich_help_panel=PANEL)
def export_warc(destination: PathArgument, config: ConfigPath = DEFAULT_CONFIG) -> None:
    """Write every capture as a WARC file (gzip) that web-archive tools can read."""
    from scraper import warc

    storage = settings_of(config).storage
    with Database.reading(storage.database) as db:
        rows = db.rows("SELECT * FROM capture WHERE via <> 'reference' ORDER BY captured_at, capture_id")
    captures = (  # the archive yields each body only when its turn comes
        warc.WarcCapture(
            url=row["url"],
            captured_at=row["captured_at"],
            sha256=row["sha256"],
            media_type=row["media_type"],
            charset=row["charset"],
        )
        for row in rows
    )
    count = warc.export(captures, Archive(storage.archive), destination)
    typer.echo(f"{count} captures written to {destination}.")


@app.command("import-warc", rich_help_panel=PANEL)
def import_warc(
    path: PathArgument,
    source: Annotated[str, typer.Option(help="The source whose captures these are.", metavar="ID")],
    config: ConfigPath = DEFAULT_CONFIG,
) -> None:
    """Read captures made elsewhere, with their own dates, as the history of a source; no alert is sent for the past."""
    from scraper.pipeline.past import bring_in

    done = bring_in(settings_of(config), source, path)
    typer.echo(f"{done.captures} captures read, {done.events} events found in the past; none is mailed.")
    for line in done.problems:
        typer.echo(plain(line), err=True)
    raise typer.Exit(1 if done.problems else 0)


@app.command(rich_help_panel=PANEL)
def replay(
    target: Annotated[Path, typer.Argument(help="The new database file.")], config: ConfigPath = DEFAULT_CONFIG
) -> None:
    """Rebuild the database from the archive into a new file: same rows, same events; sends nothing."""
    from scraper.pipeline.replay import replay as run

    done = run(settings_of(config), target)
    typer.echo(f"{done.checks} checks read again, {done.events} events; the new database is {target}.")
