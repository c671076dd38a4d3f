"""A real HTTP server on loopback that publishes, changes, breaks and withdraws pages on demand."""

import hashlib
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Reply:
    """What one address answers. `raw` takes the handler and speaks the wire itself (cut bodies, slow headers)."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    conditional: bool = True
    """Send an ETag and answer a matching If-None-Match with 304."""
    raw: Callable[[BaseHTTPRequestHandler], None] | None = None


@dataclass
class Request:
    """What arrived: method, path with query, and the headers with lower-case names."""

    method: str
    path: str
    headers: dict[str, str]
    at: float


class Publisher:
    """Holds the pages; change them while the server runs. Unknown paths answer 404."""

    def __init__(self) -> None:
        self.pages: dict[str, Reply] = {}
        self.requests: list[Request] = []
        self.lock = threading.Lock()
        self.port = 0

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def host_port(self) -> str:
        return f"127.0.0.1:{self.port}"

    def put(self, path: str, body: str | bytes, media_type: str = "text/html; charset=utf-8", **kw: object) -> Reply:
        """Publish `body` at `path` (with query string, if any) and return the reply for further changes."""
        data = body.encode() if isinstance(body, str) else body
        headers = {"Content-Type": media_type, **kw.pop("headers", {})}  # type: ignore[dict-item]
        reply = Reply(body=data, headers=headers, **kw)  # type: ignore[arg-type]
        self.pages[path] = reply
        return reply

    def paths(self) -> list[str]:
        """Every path asked for so far, in order."""
        with self.lock:
            return [request.path for request in self.requests]

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        headers = {name.lower(): value for name, value in handler.headers.items()}
        with self.lock:
            self.requests.append(Request(handler.command, handler.path, headers, time.monotonic()))
            reply = self.pages.get(handler.path, Reply(b"not found", 404))
        if reply.raw is not None:
            reply.raw(handler)
            return
        etag = f'"{hashlib.sha256(reply.body).hexdigest()[:16]}"'
        matches = reply.conditional and reply.status == 200 and headers.get("if-none-match") == etag
        handler.send_response(304 if matches else reply.status)
        if reply.conditional:
            handler.send_header("ETag", etag)
        for name, value in reply.headers.items():
            handler.send_header(name, value)
        if not matches:
            handler.send_header("Content-Length", str(len(reply.body)))
        handler.end_headers()
        if not matches and handler.command != "HEAD":
            handler.wfile.write(reply.body)


@contextmanager
def serving(publisher: Publisher) -> Iterator[Publisher]:
    """Serve `publisher` on a free loopback port for the length of the block."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            publisher.answer(self)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    publisher.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield publisher
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
