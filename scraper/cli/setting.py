"""Commands that set up: init, config check, config schema, alerts preview, alerts test."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from scraper import alerts, config
from scraper.cli.app import DEFAULT_CONFIG, ConfigPath, app, plain, settings_of
from scraper.errors import DetainerWatchError
from scraper.store import ask
from scraper.store.database import Database

PANEL = "Set it up"

config_app = typer.Typer(help="Check the configuration file, or print its JSON schema.", no_args_is_help=True)
alerts_app = typer.Typer(help="See or try the mails.", no_args_is_help=True)
app.add_typer(config_app, name="config", rich_help_panel=PANEL)
app.add_typer(alerts_app, name="alerts", rich_help_panel=PANEL)


@app.command(rich_help_panel=PANEL)
def init(folder: Annotated[Path, typer.Argument(help="Where to set up.")] = Path()) -> None:
    """Write a commented config.yaml and the folders, ready for `detainer-watch up`."""
    target = folder / "config.yaml"
    if target.exists():
        raise DetainerWatchError(f"{target} exists; it was left as it is.")
    folder.mkdir(parents=True, exist_ok=True)
    target.write_text(config.starter(), "utf-8")
    (folder / "config.schema.json").write_text(json.dumps(config.schema(), indent=2) + "\n", "utf-8")
    (folder / "db").mkdir(exist_ok=True)
    typer.echo(f"Wrote {target}. Set `contact`, then run: detainer-watch up --config {target}")


@config_app.command("check")
def check(path: ConfigPath = DEFAULT_CONFIG) -> None:
    """Check the file; every mistake is named with line, column and the fix. Exit code 2 if there is one."""
    settings = settings_of(path)
    typer.echo(f"{path} is well: {len(settings.sources)} sources, {len(settings.alerts.audiences)} audiences.")


@config_app.command("schema")
def schema() -> None:
    """Print the JSON schema of config.yaml, for editors."""
    typer.echo(json.dumps(config.schema(), indent=2))


@alerts_app.command("preview")
def preview(
    path: ConfigPath = DEFAULT_CONFIG,
    last: Annotated[int, typer.Option(help="How many of the newest events.", min=1, max=100)] = 5,
) -> None:
    """Print the mails that the newest events would make, and to which audience; nothing is sent."""
    settings = settings_of(path)
    with Database.reading(settings.storage.database) as db:
        found = ask.notices(db, ask.event_ids(db)[-last:])
    mails = alerts.preview(tuple(found.values()), settings)
    for mail in mails:
        typer.echo(f"Subject: {plain(mail.subject)}\n\n{mail.text}\n{'-' * 72}")
    typer.echo(f"{len(mails)} mails from {len(found)} events.")


@alerts_app.command("test")
def try_mail(path: ConfigPath = DEFAULT_CONFIG) -> None:
    """Send one test mail to each recipient of each audience, and to the operator."""
    settings = settings_of(path)
    report = alerts.probe(settings, datetime.now(UTC))
    typer.echo(
        f"{report.sent} sent, {report.deferred} not yet, {report.dead} refused. {plain(report.problem)}".rstrip()
    )
    raise typer.Exit(0 if report.sent and not (report.deferred or report.dead or report.problem) else 1)
