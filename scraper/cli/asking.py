"""Commands that ask: status, health, explain, asof, deliveries."""

import csv
import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from scraper import alerts, diff, health
from scraper.cli.app import DEFAULT_CONFIG, ConfigPath, app, plain, settings_of, show
from scraper.errors import DetainerWatchError
from scraper.export import neutral
from scraper.store import ask, compare
from scraper.store.database import Database

PANEL = "Ask it"


def reading(config: Path) -> Database:
    """Open the database of a configuration for questions."""
    return Database.reading(settings_of(config).storage.database)


@app.command(rich_help_panel=PANEL)
def status(config: ConfigPath = DEFAULT_CONFIG) -> None:
    """Show each source with its state, open problems, and deliveries that wait."""
    settings = settings_of(config)
    with Database.reading(settings.storage.database) as db:
        columns = ("source", "state", "releases", "last success", "next check", "what is wrong")
        names = ("source_id", "state", "releases", "last_ok_at", "next_due_at", "problem")
        show("Sources", columns, ([_short(row[name]) for name in names] for row in ask.health(db)))
        problems = ask.open_problems(db)
        if problems:
            show("Open problems", ("source", "since", "problem"),
                 ([row["source_id"], row["first_seen_at"], row["text"]] for row in problems))  # fmt: skip
    with alerts.Outbox(settings.storage.deliveries) as outbox:
        typer.echo(f"Deliveries waiting: {outbox.pending()}")


def _short(value: object) -> object:
    """A time of day is enough on a terminal; other values as they are."""
    text = str(value)
    return f"{text[5:10]} {text[11:16]}" if len(text) == 20 and text.endswith("Z") else value


@app.command("health", rich_help_panel=PANEL)
def judge(config: ConfigPath = DEFAULT_CONFIG) -> None:
    """Say whether all is well; exit code 0 if so, 1 if not. For probes and the container."""
    settings = settings_of(config)
    with Database.reading(settings.storage.database) as db:
        rows = {row["source_id"]: dict(row) for row in db.rows("SELECT * FROM source")}
    found = health.judge(settings.sources, rows, datetime.now(UTC))
    for complaint in found.complaints:
        typer.echo(plain(complaint))
    if found.ok:
        typer.echo("well")
    raise typer.Exit(0 if found.ok else 1)


@app.command(rich_help_panel=PANEL)
def explain(
    figure: Annotated[int, typer.Argument(help="The figure_id of a number (see current_figures).")],
    config: ConfigPath = DEFAULT_CONFIG,
) -> None:
    """Show the trail of one number: sentence or row, document, capture, fetch, edition, reading."""
    with reading(config) as db:
        trail = ask.trail(db, figure)
    if trail is None:
        raise DetainerWatchError(f"There is no figure {figure}; `current_figures` lists their ids.")
    stated, steps, fetch = trail["figure"], trail["steps"], trail["fetch"]
    lines = {
        "states": f"{stated['bound']} {stated['value_quoted']} {stated['unit'] or ''}",
        "measure": stated["measure"] or "not certain: a mention",
        "quote": stated["quote"],
        "where in it": stated["locator"],
        "release": f"{stated['release_title']} ({stated['publisher']})",
        "source address": stated["url"],
        "document": steps.get("document_url"),
        "archived copy": f"sha256 {steps.get('sha256')}, {steps.get('bytes')} bytes, {steps.get('media_type')}",
        "captured": f"{steps.get('captured_at')} ({steps.get('via')})",
        "fetched": f"{fetch['started_at']}, HTTP {fetch['status']}, {fetch['headers']}"
        if fetch
        else "not by a request",
        "edition": f"{steps.get('edition_no')}, seen {steps.get('seen_at')}",
        "reading": f"{steps.get('reading_no')} by {steps.get('reader')} {steps.get('reader_version')}",
        "note": stated["note"],
    }
    for name, value in lines.items():
        if value:
            typer.echo(f"{name + ':':<16}{plain(value)}")


@app.command(rich_help_panel=PANEL)
def asof(
    date: Annotated[str, typer.Argument(help="A date (2025-06-05) or time (2025-06-05T12:00:00Z).")],
    source: Annotated[str | None, typer.Argument(help="A source's id; all by default.", metavar="SOURCE")] = None,
    config: ConfigPath = DEFAULT_CONFIG,
    as_json: Annotated[bool, typer.Option("--json", help="JSON instead of CSV.")] = False,
    first: Annotated[int | None, typer.Option(min=1, help="Only so many rows of each table.", metavar="N")] = None,
) -> None:
    """Print what a source published as of a date, as CSV (or JSON) with the archived document's hash."""
    _is_date(date)
    with reading(config) as db:
        sources = [source] if source else [row["source_id"] for row in ask.health(db)]
        tables = [table for one in sources for table in ask.as_of(db, one, date, first)]
    if not tables:
        raise DetainerWatchError(f"Nothing{f' of source {source}' if source else ''} is on record as of {date}.")
    if as_json:
        typer.echo(json.dumps([{name: getattr(one, name) for name in one.__slots__} for one in tables], indent=1))
        return
    for one in tables:
        typer.echo(
            f"# {plain(one.title)}, seen {one.seen_at}, {one.url}, sha256 {one.sha256}, {one.count:,} rows", err=True
        )
        names = dict.fromkeys(name for row in one.rows for name in row)
        writer = csv.DictWriter(sys.stdout, list(names), restval="", lineterminator=os.linesep)
        writer.writeheader()
        writer.writerows({name: neutral(cell) for name, cell in row.items()} for row in one.rows)


@app.command("diff", rich_help_panel=PANEL)
def differences(
    release: Annotated[str, typer.Argument(help="A release's id (see the table `release`).", metavar="RELEASE")],
    start: Annotated[str, typer.Option("--from", help="A date or time.", metavar="DATE")],
    end: Annotated[str, typer.Option("--to", help="A later date or time.", metavar="DATE")],
    config: ConfigPath = DEFAULT_CONFIG,
) -> None:
    """Show how what a release states changed between two dates, row by row."""
    for date in (start, end):
        _is_date(date)
    with reading(config) as db:
        try:
            changes = compare.between(db, release, start, end)
        except LookupError as error:
            raise DetainerWatchError(f'Nothing of release "{release}" is on record as of {start}.') from error
    columns = ("row", "what", "column", "before", "after")
    show("Differences", columns, ((c.label, f"{c.table} {c.kind}", c.column, c.before, c.after) for c in changes))
    typer.echo(diff.summary(changes) or "no difference", err=True)


def _is_date(text: str) -> None:
    try:
        datetime.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f'"{text}" is not a date; write 2025-06-05') from error


@app.command(rich_help_panel=PANEL)
def deliveries(config: ConfigPath = DEFAULT_CONFIG) -> None:
    """Show deliveries: pending, sent, dead, with the mail server's last answer."""
    with alerts.Outbox(settings_of(config).storage.deliveries) as outbox:
        rows = [(d.state, d.event_id, d.recipient, d.attempts, d.next_try, d.answer) for d in outbox.rows()]
    show("Deliveries", ("state", "event", "recipient", "attempts", "next try", "last answer"), rows)
