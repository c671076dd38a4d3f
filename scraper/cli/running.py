"""Commands that run the product: up, watch, serve, check, demo."""

import os
import signal
import threading
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from scraper import memory, pipeline, publish
from scraper.cli.app import (
    DEFAULT_CONFIG,
    ConfigPath,
    app,
    console,
    errors,
    log_as_json,
    plain,
    settings_of,
)
from scraper.errors import ConfigError
from scraper.pipeline import RoundReport, dry_run
from scraper.pipeline.outcome import Checked
from scraper.settings import Settings

PANEL = "Run it"
_LONG = 10_000
"""Rows above which a table's progress is shown."""


def _watch(config: Path, *, serve: bool) -> None:
    from scraper import daemon  # `check` need not carry it

    log_as_json()
    memory.one_pool()
    settings = settings_of(config)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    daemon.run(settings, stop, serve=serve, say=typer.echo)


@app.command(rich_help_panel=PANEL)
def up(config: ConfigPath = DEFAULT_CONFIG) -> None:
    """Watch and serve together: the daemon and the site, until stopped. The container runs this."""
    _watch(config, serve=True)


@app.command(rich_help_panel=PANEL)
def watch(config: ConfigPath = DEFAULT_CONFIG) -> None:
    """Check each source on its schedule and send alerts, without the site."""
    _watch(config, serve=False)


@app.command(rich_help_panel=PANEL)
def serve(config: ConfigPath = DEFAULT_CONFIG) -> None:
    """Serve the site alone (Datasette, read-only) over the database as it is."""
    settings = settings_of(config)
    command = publish.command(settings)
    typer.echo(f"The site: {settings.web.public_url}")
    os.execve(command[0], command, os.environ | publish.environment(settings))  # noqa: S606


@app.command(rich_help_panel=PANEL)
def check(
    config: ConfigPath = DEFAULT_CONFIG,
    source: Annotated[list[str] | None, typer.Option(help="Only this source; may be repeated.", metavar="ID")] = None,
    dry: Annotated[bool, typer.Option("--dry-run", help="Say what would be recorded; keep and send nothing.")] = False,
    accept: Annotated[
        bool, typer.Option("--accept", help="Let count what was held back for having shrunk; needs --source.")
    ] = False,
) -> None:
    """Run one round now over every source, due or not, and send what it brings.

    Exit code 0: all well. 1: some source failed (the others were checked all the same). 2: the configuration is wrong.
    """
    settings = settings_of(config)
    only = source or []
    if accept and not only:
        raise typer.BadParameter("--accept needs --source ID: look at the source first")
    unknown = sorted(set(only) - {one.id for one in settings.sources})
    if unknown:
        known = ", ".join(one.id for one in settings.sources)
        raise ConfigError(f'There is no source "{unknown[0]}" in {config}; the sources are: {known}.')
    report = _shown(settings, only, dry, accept) if console.is_terminal else _logged(settings, only, dry, accept)
    if report.mail_problem:
        errors.print(f"Mail: {plain(report.mail_problem)}", markup=False)
    raise typer.Exit(1 if report.failed else 0)


def _logged(settings: Settings, only: list[str], dry: bool, accept: bool) -> RoundReport:
    log_as_json()
    memory.one_pool()
    return (dry_run if dry else pipeline.check)(settings, only=only, accept=accept)


def _shown(settings: Settings, only: list[str], dry: bool, accept: bool) -> RoundReport:
    from rich.progress import Progress

    run = dry_run if dry else pipeline.check
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task("Checking", total=len(only) or len(settings.sources))

        def step(one: Checked) -> None:
            progress.update(task, advance=1, description="Checking")
            progress.console.print(words(one), markup=False, highlight=False)

        rows: Counter[tuple[str, str]] = Counter()

        def going(source_id: str, doing: str, more: int) -> None:
            rows[source_id, doing] += more
            if rows[source_id, doing] > _LONG:
                progress.update(task, description=f"{source_id}: {rows[source_id, doing]:,} rows {doing}")

        report = run(settings, only=only, progress=step, going=going, accept=accept)
    verb = "would be told" if dry else "told"
    told = sum(len(one.told) for one in report.checked)
    mails = "" if dry else f", {report.sent} mails sent, {report.waiting} waiting"
    console.print(f"{len(report.checked)} sources checked, {told} events {verb}{mails}.", highlight=False)
    return report


def words(one: Checked) -> str:
    """Return how a source's check went, in one line."""
    if one.trouble:
        return plain(f"{one.source_id}: {one.trouble.state.replace('_', ' ')}: {one.trouble.words}")
    if one.baseline:
        return plain(f"{one.source_id}: now watching; {one.listed} on record")
    told = ", ".join(f"{one.told.count(kind)} {kind}" for kind in dict.fromkeys(one.told))
    return plain(f"{one.source_id}: {told or 'nothing new'} ({one.listed} listed, {one.fetched} asked)")


@app.command("demo", rich_help_panel=PANEL)
def run_demo(
    folder: Annotated[Path, typer.Argument(help="Where the demo keeps its files.")] = Path("demo-out"),
    port: Annotated[int | None, typer.Option(help="Port of the site; a free one by default.")] = None,
    stay: Annotated[bool, typer.Option("--stay/--no-stay", help="Keep the site running at the end.")] = True,
) -> None:
    """Show the product without any network: a small invented publisher publishes, revises, corrects and withdraws."""
    from scraper import demo  # the daemon need not carry it

    demo.run(folder, port=port, keep_serving=stay, say=typer.echo)
