"""The Datasette plugin: routes, the headers that keep every page harmless, links inside Datasette's tables, errors."""

import logging
import sqlite3
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any, Final, TypeVar, cast

from datasette import hookimpl
from datasette.app import Datasette
from datasette.utils.asgi import Base400, Request, Response
from datasette.views.base import DatasetteError
from markupsafe import Markup, escape

from scraper.publish import load, show
from scraper.publish.pages import COMMON_CSP, Loader, Pages, Send, Site, View

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Any]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
_Hook = TypeVar("_Hook", bound=Callable[..., Any])

_log = logging.getLogger(__name__)

TABLE_CSP: Final = (
    COMMON_CSP.replace("img-src 'self'", "img-src 'self' data:")
    + "script-src 'self'; connect-src 'self'; style-src 'self'; style-src-elem 'self'; "
    + "style-src-attr 'unsafe-inline'"
)
"""Datasette's own pages: scripts and style sheets from our files only; its templates carry style attributes."""
_HEADERS: Final = {
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"no-referrer",
    b"x-frame-options": b"DENY",
    b"cross-origin-opener-policy": b"same-origin",
    b"permissions-policy": b"camera=(), geolocation=(), microphone=()",
}
_CLOSED: Final = (
    r"/(archive|-/static-plugins)(/.*)?$"
    r"|/-/(patterns|messages|allow-debug|permissions|auth-token|logout|actor|threads)(\.json)?$"
)
"""Datasette's debugging pages, and whatever is no archived copy: a plain 404 instead of Datasette's redirects."""
PAGES: Final[Mapping[str, Loader]] = {
    "release": load.release, "figure": load.figure, "place": load.place,
    "sources": load.sources, "data": load.data, "asof": load.asof,
}  # fmt: skip
RESERVED: Final = {*PAGES, "archive", "feed", "assets", "-", "robots", "favicon", "_memory", "_internal"}
"""First parts of paths that a database must not be called."""


def _hook(function: _Hook) -> _Hook:
    return cast(_Hook, hookimpl(function))


class Plugin:
    """The hooks that Datasette calls."""

    __name__ = "detainer_watch_site"

    def __init__(self, site: Site) -> None:
        self.site = site
        self.pages = Pages(site)

    @_hook
    def register_routes(self) -> list[tuple[str, View]]:
        """Our pages come before Datasette's."""
        pages = self.pages
        with_id = [
            (rf"/{name}/(?P<id>.+?)(?P<json>\.json)?$", pages.page(name, PAGES[name]))
            for name in ("release", "figure", "place")
        ]
        without = [
            (rf"/{name}(?P<json>\.json)?$", pages.page(name, PAGES[name])) for name in ("sources", "data", "asof")
        ]
        return [
            (r"/$", pages.page("home", load.home)),
            (r"/home(?P<json>\.json)$", pages.page("home", load.home)),
            (r"/-/search(?P<json>\.json)?$", pages.page("search", load.search)),
            (r"/feed\.atom$", pages.feed),
            (r"/-/health(\.json)?$", pages.health),
            (r"/archive/(?P<sha256>[0-9a-f]{64})$", pages.archived),
            (r"/-/databases(\.json)?$", pages.databases),
            (_CLOSED, pages.closed),
            *with_id,
            *without,
        ]

    @_hook
    def asgi_wrapper(self, datasette: Datasette) -> Callable[[App], App]:
        """Add the headers every answer carries, and turn away paths that a browser could take for another host."""
        return guard

    @_hook
    def prepare_connection(self, conn: sqlite3.Connection, database: str) -> None:
        """Bound what arbitrary SQL can do to this process: nothing attached, no huge values, no files on disk."""
        if database != self.site.database:
            return
        conn.execute("PRAGMA query_only = 1")
        conn.execute("PRAGMA temp_store = MEMORY")
        conn.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
        conn.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, 50_000_000)
        conn.setlimit(sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 500)

    @_hook
    def prepare_jinja2_environment(self, env: Any) -> None:
        """Give the templates our words for values."""
        env.filters.update(show.FILTERS)
        env.globals |= {"span": show.span, "path": show.path}

    @_hook
    def render_cell(self, value: Any, column: str) -> Markup | None:
        """Link identifiers in Datasette's tables to our pages."""
        kind = {
            "release_id": "release", "place_id": "place", "figure_id": "figure", "sha256": "archive",
            "capture_sha256": "archive",
        }.get(column)  # fmt: skip
        if not kind or value in (None, "") or isinstance(value, bytes):
            return None
        name, label = (value["value"], value["label"]) if isinstance(value, dict) else (value, value)
        return Markup('<a href="{}">{}</a>').format(show.path(kind, name), escape(label or name))

    @_hook
    def handle_exception(self, datasette: Datasette, request: Request, exception: Exception) -> Any:
        """Answer every error in our style; only the unexpected is logged, and never shown."""

        async def answer() -> Response:
            status, text = _explain(exception)
            if status == 500:
                _log.error("a page failed: %s", request.path, exc_info=exception)
            return await self.pages.error(datasette, request, status, text)

        return answer

    @_hook
    def forbidden(self, datasette: Datasette, request: Request, message: str) -> Any:
        """Answer a refusal in our style."""

        async def answer() -> Response:
            return await self.pages.error(datasette, request, 403, message)

        return answer


def _explain(exception: Exception) -> tuple[int, str]:
    text = str(exception.args[0]) if exception.args else ""
    if isinstance(exception, DatasetteError):
        if exception.title == "SQL Interrupted":
            return exception.status, "The query took longer than allowed and was stopped. Add a limit or a condition."
        return exception.status, str(exception.message)
    if isinstance(exception, Base400):
        return exception.status, text or "There is no such page."
    if isinstance(exception, sqlite3.OperationalError):
        if "interrupted" in text:
            return 503, "The page took longer than allowed to put together. Try again in a moment."
        if "no such table" in text:
            return 503, "The database has no tables yet. The watcher makes them when it starts for the first time."
    if isinstance(exception, sqlite3.Error):
        _log.error("the database could not be read: %s", text)
        return 503, "The database cannot be read right now. Try again in a moment."
    return 500, "The page failed. The reason is in the log of the server."


def guard(app: App) -> App:
    """Wrap an ASGI application."""

    async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return

        async def harmless(message: Any) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": _harmless(message.get("headers", []))}
            await send(message)

        if _ambiguous(scope["path"]) or _ambiguous(scope.get("raw_path", b"").decode("latin-1")):
            await Response.text("There is no such page.", status=404).asgi_send(harmless)
        else:
            await app(scope, receive, harmless)

    return guarded


def _ambiguous(path: str) -> bool:
    """Whether a redirect built from this path could leave the site."""
    return path[:2] in ("//", "/\\") or "\x00" in path


def _harmless(headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    present = {name.lower() for name, _ in headers}
    added = [(name, value) for name, value in _HEADERS.items() if name not in present]
    if b"content-security-policy" not in present:
        added.append((b"content-security-policy", TABLE_CSP.encode()))
    return [*headers, *added]
