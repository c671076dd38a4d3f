"""Serves a folder with ETags, run in a process of its own; another file put in the place of one has another ETag.

usage: python size_server.py FOLDER
"""

import http.server
import shutil
import sys
from pathlib import Path
from typing import ClassVar

TABLE = "table.csv"
_TYPES = {
    ".csv": "text/csv",
    ".html": "text/html",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


class _Publisher(http.server.BaseHTTPRequestHandler):
    """Answers for tables and pages in `folder`, and for nothing else."""

    protocol_version = "HTTP/1.1"
    folder: ClassVar = Path()

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        path = self.folder / self.path.rpartition("/")[2]
        if path.suffix not in _TYPES or not path.exists():
            self._head(404, {"Content-Length": "0"})
            return
        about = path.stat()
        etag = f'"{about.st_ino}-{about.st_mtime_ns}"'
        if self.headers.get("If-None-Match") == etag:
            self._head(304, {"ETag": etag})
            return
        self._head(200, {"ETag": etag, "Content-Type": _TYPES[path.suffix], "Content-Length": str(about.st_size)})
        with path.open("rb") as file:
            shutil.copyfileobj(file, self.wfile)

    def _head(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()


def serve(folder: str) -> None:
    """Serve until ended; the port is the first line of output."""
    _Publisher.folder = Path(folder)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Publisher) as server:
        print(server.server_address[1], flush=True)
        server.serve_forever()


if __name__ == "__main__":
    serve(sys.argv[1])
