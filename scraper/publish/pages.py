"""The views behind our pages: read a snapshot, render it as HTML, JSON, Atom or archived bytes."""

import asyncio
import logging
import re
import sqlite3
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

from datasette.app import Datasette
from datasette.utils import sqlite_timelimit
from datasette.utils.asgi import Request, Response

from scraper.archive import Archive
from scraper.errors import ArchiveError
from scraper.publish import load
from scraper.publish import queries as sql
from scraper.publish.load import Ask, Row

Send = Callable[[Any], Awaitable[None]]
View = Callable[..., Awaitable[Response]]
Loader = Callable[[sqlite3.Connection, Ask], Row | None]

_log = logging.getLogger(__name__)

COMMON_CSP: Final = "default-src 'none'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
PAGE_CSP: Final = COMMON_CSP + "style-src 'self'"
FILE_CSP: Final = "default-src 'none'; sandbox; frame-ancestors 'none'"
CORS: Final = {"Access-Control-Allow-Origin": "*"}
_SUFFIXES: Final = {
    "text/html": "html", "application/pdf": "pdf", "text/csv": "csv", "application/json": "json", "text/plain": "txt",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx", "application/zip": "zip",
    "application/rss+xml": "xml", "application/atom+xml": "xml", "application/xml": "xml", "text/xml": "xml",
}  # fmt: skip
_MEDIA_TYPE: Final = re.compile(r"[a-z0-9.+-]+/[a-z0-9.+-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What the pages need to know beyond the database."""

    database: str
    archive: Path
    public_url: str
    mail_folder: bool
    """True: mails are written to a folder because no mail server is set."""
    time_limit_ms: int = 3000


async def read(datasette: Datasette, site: Site, loader: Loader, ask: Ask) -> Row | None:
    """Run `loader` in one read transaction, so that a page never mixes two states of the database."""

    def inside(conn: sqlite3.Connection) -> Row | None:
        with sqlite_timelimit(conn, site.time_limit_ms):
            conn.execute("BEGIN")
            try:
                return loader(conn, ask)
            finally:
                conn.rollback()

    found: Row | None = await datasette.get_database(site.database).execute_fn(inside)
    return found


class Pages:
    """The views; one method per kind of answer."""

    def __init__(self, site: Site) -> None:
        self.site = site

    def page(self, name: str, loader: Loader) -> View:
        """Return a view that shows `page_<name>.html`, or the same as JSON when the path ends in .json."""

        async def view(datasette: Datasette, request: Request) -> Response:
            raw = unquote(request.url_vars.get("id") or "")
            as_json = bool(request.url_vars.get("json"))
            found = await self._load(datasette, request, loader, raw + ".json") if as_json and raw else None
            if found is not None:  # the identifier itself ends in .json
                return await self.html(datasette, request, f"page_{name}.html", found)
            found = await self._load(datasette, request, loader, raw)
            if found is None:
                text = f"There is no {name} with this identifier."
                if as_json:
                    return Response.json({"ok": False, "error": text}, status=404, headers=CORS)
                return await self.error(datasette, request, 404, text)
            if as_json:
                return Response.json(found, headers=CORS)
            return await self.html(datasette, request, f"page_{name}.html", found)

        return view

    async def _load(self, datasette: Datasette, request: Request, loader: Loader, name: str) -> Row | None:
        args = {key: request.args[key] for key in request.args}
        return await read(datasette, self.site, loader, Ask(id=name, args=args, now=datetime.now(UTC)))

    async def html(
        self, datasette: Datasette, request: Request | None, template: str, found: Row, status: int = 200
    ) -> Response:
        """Return one of our templates, rendered."""
        context = {
            **found,
            "site": self.site,
            "here": request.path if request else "",
            "tables_url": self.tables(datasette),
        }
        body = await datasette.render_template(template, context, request=request)
        headers = {"Content-Security-Policy": PAGE_CSP, "Cache-Control": "max-age=5" if status == 200 else "no-store"}
        return Response.html(body, status=status, headers=headers)

    def tables(self, datasette: Datasette) -> str:
        """Return the address of Datasette's own page about the database."""
        return str(datasette.urls.database(self.site.database))

    async def error(self, datasette: Datasette, request: Request | None, status: int, text: str) -> Response:
        """Return a sentence in our style, or as JSON where JSON was asked for."""
        if request and request.path.partition("?")[0].endswith(".json"):
            return Response.json({"ok": False, "error": text, "status": status}, status=status, headers=CORS)
        return await self.html(datasette, request, "page_error.html", {"text": text, "status": status}, status)

    async def feed(self, datasette: Datasette, request: Request) -> Response:
        """Return the newest events as an Atom feed."""
        found = await self._load(datasette, request, load.feed, "") or {}
        response = await self.html(datasette, request, "feed.atom", found)
        return Response(
            response.body,
            headers={**CORS, "Cache-Control": "max-age=60"},
            content_type="application/atom+xml; charset=utf-8",
        )

    async def health(self, datasette: Datasette, request: Request) -> Response:
        """Return 200 when every source is well or waiting, else 503 with the list."""
        headers = {**CORS, "Cache-Control": "no-store"}
        try:
            found = await self._load(datasette, request, load.health, "") or {}
        except sqlite3.Error:
            _log.exception("the health page could not read the database")
            text = "The database cannot be read or has no tables yet."
            return Response.json({"ok": False, "error": text}, status=503, headers=headers)
        return Response.json(found, status=200 if found["ok"] else 503, headers=headers)

    async def archived(self, datasette: Datasette, request: Request) -> Response:
        """Return archived bytes as a download that no browser will run."""
        sha256 = request.url_vars["sha256"]
        capture = await read(
            datasette,
            self.site,
            lambda conn, ask: load.one(conn, sql.CAPTURE, id=ask.id),
            Ask(id=sha256, args={}, now=datetime.now(UTC)),
        )
        try:
            data = await asyncio.to_thread(Archive(self.site.archive).read, sha256) if capture else None
        except ArchiveError:
            _log.exception("an archived copy could not be read")
            return await self.error(
                datasette, request, 404, "The archived copy is recorded, but its file cannot be read."
            )
        if capture is None or data is None:
            return await self.error(datasette, request, 404, "There is no archived copy with this sha256.")
        media_type = (
            capture["media_type"] if _MEDIA_TYPE.fullmatch(capture["media_type"]) else "application/octet-stream"
        )
        name = f"{sha256}.{_SUFFIXES.get(media_type, 'bin')}"
        headers = {
            "Content-Disposition": f'attachment; filename="{name}"',
            "Content-Security-Policy": FILE_CSP,
            "Cache-Control": "public, max-age=31536000, immutable",
            "Cross-Origin-Resource-Policy": "same-origin",
        }
        return _Bytes(data, headers=headers, content_type=media_type)

    async def databases(self, datasette: Datasette) -> Response:
        """Return Datasette's list of databases without their paths on this machine."""
        known = [{**about, "path": None} for about in datasette._connected_databases()]
        return Response.json(known, headers=CORS)

    async def closed(self, datasette: Datasette, request: Request) -> Response:
        """Return 404 for a page that Datasette has and we do not want."""
        return await self.error(datasette, request, 404, "There is no such page.")


class _Bytes(Response):  # type: ignore[misc]  # datasette is untyped
    """A response whose body is bytes as they are; Datasette's own encodes text."""

    async def asgi_send(self, send: Send) -> None:
        headers = {**self.headers, "content-type": self.content_type, "content-length": str(len(self.body))}
        pairs = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": self.status, "headers": pairs})
        await send({"type": "http.response.body", "body": self.body})
