"""Command that asks a web archive: backfill."""

from contextlib import nullcontext
from datetime import date
from typing import Annotated

import typer
from rich.progress import Progress

from scraper.cli.app import DEFAULT_CONFIG, ConfigPath, app, console, plain, settings_of, show


@app.command()
def backfill(
    source: Annotated[str, typer.Argument(help="The source whose past is wanted.", metavar="SOURCE")],
    config: ConfigPath = DEFAULT_CONFIG,
    since: Annotated[str, typer.Option(help="Only versions from this day on.", metavar="DATE")] = "",
    dry: Annotated[bool, typer.Option("--dry-run", help="Say what would be fetched; keep nothing.")] = False,
) -> None:
    """Read what a public web archive has of a source, with the archive's dates, as its history; nobody is mailed.

    Run it before the first live check. It may be stopped at any time: the next run fetches only the rest.
    """
    from scraper.pipeline import backfill as run

    try:
        date.fromisoformat(since or "2000-01-01")
    except ValueError as error:
        raise typer.BadParameter(f'"{since}" is not a date; write 2025-06-05') from error
    settings = settings_of(config)
    with Progress(console=console, transient=True) if console.is_terminal else nullcontext() as progress:
        task = progress.add_task("Asking the web archive", total=None) if progress else None

        def step(words: str, done: int, known: int) -> None:
            if progress and task is not None:
                progress.update(task, description=plain(words), completed=done, total=known)

        if dry:
            planned = run.plan(settings, source, since, step)
        else:
            done = run.backfill(settings, source, since, step)
    if dry:
        rows = ((one.url, one.versions, one.first, one.last) for one in planned)
        show("In the web archive", ("address", "versions", "first", "last"), rows)
        typer.echo("Documents that only older versions of the index list come on top.", err=True)
        return
    typer.echo(f"{done.captures} versions read, {done.events} events found in the past; none is mailed.")
    for line in done.problems:
        typer.echo(plain(line), err=True)
    raise typer.Exit(1 if done.problems else 0)
