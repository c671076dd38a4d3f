"""1,000 pages of 16 KB on loopback, each answered after 20 ms; run in a process of its own.

`POST /_change?pages=50&seed=1` alters one figure in that many pages and answers their paths; `POST /_count` answers
what was asked since the last time: all page requests, and how many of them were answered 304.
"""

import asyncio
import hashlib
import json
import random
import sys
from urllib.parse import parse_qs, urlsplit

PAGES = 1000
SIZE = 16 * 1024
LATENCY = 0.020
_WORDS = ("agency", "jurisdiction", "notice", "period", "report", "detainer", "custody", "county", "office", "record")


class Site:
    """The pages, how often each changed, and what was asked."""

    def __init__(self, pages: int) -> None:
        self.versions = [0] * pages
        self.pages = pages
        self.cache: dict[int, tuple[bytes, str]] = {}
        self.requests = self.not_modified = 0

    def page(self, number: int) -> tuple[bytes, str]:
        """Return body and ETag of one page."""
        if number not in self.cache:
            body = _body(number, self.versions[number])
            self.cache[number] = body, f'"{hashlib.sha1(body).hexdigest()[:16]}"'
        return self.cache[number]

    def change(self, pages: int, seed: int) -> list[str]:
        chosen = random.Random(seed).sample(range(self.pages), pages)
        for number in chosen:
            self.versions[number] += 1
            self.cache.pop(number, None)
        return [f"/page/{number}" for number in chosen]

    def answer(self, method: str, target: str, etag: str) -> tuple[str, bytes, str]:
        """Return status line, body and ETag."""
        url = urlsplit(target)
        query = {name: int(values[0]) for name, values in parse_qs(url.query).items()}
        if method == "POST" and url.path == "/_change":
            return "200 OK", json.dumps(self.change(query["pages"], query["seed"])).encode(), ""
        if method == "POST" and url.path == "/_count":
            counted = {"requests": self.requests, "not_modified": self.not_modified}
            self.requests = self.not_modified = 0
            return "200 OK", json.dumps(counted).encode(), ""
        number = url.path.removeprefix("/page/")
        if not number.isdecimal() or int(number) >= self.pages:
            return "404 Not Found", b"not found", ""
        self.requests += 1
        body, current = self.page(int(number))
        if etag == current:
            self.not_modified += 1
            return "304 Not Modified", b"", current
        return "200 OK", body, current


def _body(number: int, version: int) -> bytes:
    """A page of paragraphs; only the first figure depends on the version."""
    words = random.Random(number)
    parts = [
        "<!doctype html><html lang=en><head><meta charset=utf-8>"
        f"<title>Release {number}</title></head><body><nav><a href=/>Home</a></nav><main><h1>Release {number}</h1>"
        f"<p>Detainers recorded as declined: {1000 + number + 7 * version}.</p>"
    ]
    length = len(parts[0])
    while length < SIZE - 20:
        text = " ".join(words.choices(_WORDS, k=40))
        parts.append(f"<p>{words.randrange(10_000)} {text}.</p>\n"[: SIZE - 20 - length + 1])
        length += len(parts[-1])
    return "".join([*parts, "</main></body></html>"]).encode()


async def _serve(site: Site, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while head := await reader.readuntil(b"\r\n\r\n"):
            first, *lines = head.decode("latin-1").split("\r\n")
            method, target, _ = first.split(" ")
            headers = {name.strip().lower(): value.strip() for name, _, value in (one.partition(":") for one in lines)}
            await asyncio.sleep(LATENCY)
            status, body, etag = site.answer(method, target, headers.get("if-none-match", ""))
            extra = f"ETag: {etag}\r\n" if etag else ""
            about = f"Content-Type: text/html; charset=utf-8\r\nContent-Length: {len(body)}\r\n" if body else ""
            writer.write(f"HTTP/1.1 {status}\r\n{extra}{about}\r\n".encode() + body)
            await writer.drain()
            if headers.get("connection", "").lower() == "close":
                break
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


async def _main(pages: int) -> None:
    site = Site(pages)
    server = await asyncio.start_server(
        lambda reader, writer: _serve(site, reader, writer), "127.0.0.1", 0, backlog=512
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_main(int(sys.argv[1]) if len(sys.argv) > 1 else PAGES))
