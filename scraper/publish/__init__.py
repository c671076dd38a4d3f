"""The Datasette site: read-only tables and our pages, in a process of its own."""

import sys

from scraper.publish.words import describe
from scraper.settings import Settings

__all__ = ["command", "describe", "environment"]


def command(settings: Settings) -> list[str]:
    """Return the argv of the site's process. It is given the published database and the archive, nothing else.

    The process ends with a sentence on stderr and code 1 when the database file does not exist yet, and within a few
    seconds of SIGTERM.
    """
    argv = [sys.executable, "-m", "scraper.publish.server"]
    argv += ["--database", str(settings.storage.database), "--archive", str(settings.storage.archive)]
    argv += ["--host", settings.web.host, "--port", str(settings.web.port), "--public-url", settings.web.public_url]
    return argv + ([] if settings.alerts.smtp else ["--mail-folder"])


def environment(settings: Settings) -> dict[str, str]:
    """Return what the process needs beyond the caller's PATH and locale; secrets are no part of it."""
    return {"PYTHONUNBUFFERED": "1", "TMPDIR": str(settings.storage.database.parent)}
