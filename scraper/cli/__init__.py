"""The command line: `detainer-watch`."""
# ruff: noqa: I001  (imports stand in the order in which help lists the commands)

import sys
from typing import NoReturn

import click

from scraper.cli import running, asking, placing, keeping, past, setting
from scraper.cli.app import app
from scraper.errors import ConfigError, DetainerWatchError

__all__ = ["app", "asking", "keeping", "main", "past", "placing", "running", "setting"]


def main() -> NoReturn:
    """Run the command line; exit 0 all well, 1 something failed, 2 bad configuration or usage."""
    try:
        code = app(standalone_mode=False)
    except ConfigError as error:
        _say(str(error))
        sys.exit(2)
    except DetainerWatchError as error:
        _say(str(error))
        sys.exit(1)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(130)
    except BrokenPipeError:
        sys.exit(0)
    sys.exit(code if isinstance(code, int) else 0)


def _say(text: str) -> None:
    print(text, file=sys.stderr)  # noqa: T201
