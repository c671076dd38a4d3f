"""The network under httpx: sockets that keep to a fetch's limits and connect only to checked addresses."""

import contextlib
import select
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from ipaddress import ip_address
from queue import Empty, SimpleQueue
from typing import Any, Final

import httpcore
import httpx

from scraper.fetch.answer import Broken, Failed
from scraper.fetch.policy import host_and_port, is_public, shown

Resolve = Callable[[str, int], list[str]]
"""Name and port to IP addresses; raises OSError."""

_CONNECT_SECONDS: Final = 10.0
_FRAMING: Final = 1 << 20
"""Bytes on the wire beyond the body: headers and chunk sizes."""
_UNHEARD: Final = frozenset((b"location", b"set-cookie"))
"""Headers that httpx acts on by itself, and fails on when they are odd."""


def getaddrinfo(host: str, port: int) -> list[str]:
    """Return the addresses the system's resolver gives for `host`, in its order."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class Budget:
    """What one fetch may still use: seconds by the monotonic clock, and bytes of the answer under way."""

    def __init__(self, seconds: float, limit: int, stop: threading.Event) -> None:
        self._seconds = seconds
        self._ends = time.monotonic() + seconds
        self._limit = limit
        self._taken = 0
        self._stop = stop

    def left(self) -> float:
        """Return the seconds left, always positive; raise `Failed` when there are none or all work is to stop."""
        if self._stop.is_set():
            raise Failed("stopped")
        left = self._ends - time.monotonic()
        if left <= 0:
            raise Failed(f"took longer than {self._seconds:g} s")
        return left

    def extend(self, seconds: float) -> None:
        """Give back time that does not count."""
        self._ends += seconds

    def next_request(self) -> None:
        """Start counting bytes anew."""
        self._taken = 0

    def took(self, count: int) -> None:
        """Count bytes read from the wire; raise `Failed` beyond the limit."""
        self._taken += count
        if self._taken > self._limit + _FRAMING:
            raise Failed(f"the answer is larger than {self._limit / 1e6:,.3g} MB")


class Wire(httpcore.NetworkBackend):
    """Resolves, checks and connects; the thread's current `budget` bounds every call, httpx's timeouts are unused."""

    def __init__(self, allow_private: Sequence[str], resolve: Resolve | None, stop: threading.Event) -> None:
        self._allow_private = frozenset(host_and_port(entry) for entry in allow_private)
        self._resolve = resolve or getaddrinfo
        self._stop = stop
        self._current = threading.local()
        self._lock = threading.Lock()
        self._sockets: set[socket.socket] = set()

    @property
    def budget(self) -> Budget:
        """The budget of the fetch that runs in this thread."""
        budget: Budget = self._current.budget
        return budget

    @budget.setter
    def budget(self, budget: Budget) -> None:
        self._current.budget = budget

    def cut(self) -> None:
        """Wake every thread that waits for a socket; `stop` has been set before."""
        with self._lock:
            for sock in self._sockets:
                with contextlib.suppress(OSError):
                    socket.socket.shutdown(sock, socket.SHUT_RDWR)  # not SSLSocket's: it would drop the TLS layer

    def watch(self, sock: socket.socket) -> None:
        """Let `cut` reach `sock`."""
        with self._lock:
            self._sockets.add(sock)
        if self._stop.is_set():
            raise Failed("stopped")

    def forget(self, sock: socket.socket) -> None:
        """Close `sock`."""
        with self._lock:
            self._sockets.discard(sock)
        sock.close()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the first of the checked addresses that answers: no second look-up can lead elsewhere."""
        addresses = self._checked(host, port)
        problem = "no address"
        for rank, address in enumerate(addresses):
            sock = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
            try:
                self.watch(sock)
                sock.settimeout(min(_CONNECT_SECONDS, self.budget.left() / (len(addresses) - rank)))
                sock.connect((address, port))
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                return Stream(self, sock, host)
            except OSError as error:
                self.forget(sock)
                self.budget.left()
                problem = "no answer in time" if isinstance(error, TimeoutError) else error.strerror or str(error)
            except BaseException:
                self.forget(sock)
                raise
        raise Broken(f"cannot connect to {shown(host)}:{port}: {problem.lower()}")

    def _checked(self, host: str, port: int) -> list[str]:
        addresses = self._addresses(host, port)
        if (host, port) not in self._allow_private:
            for address in addresses:
                if not is_public(address):
                    raise Failed(f"{shown(host)} leads to an address that is not public: {shown(address)}")
        return addresses

    def _addresses(self, host: str, port: int) -> list[str]:
        with contextlib.suppress(ValueError):
            return [str(ip_address(host))]
        found: SimpleQueue[list[str] | BaseException] = SimpleQueue()
        # The system's resolver cannot be interrupted: it gets a thread that may outlive the fetch.
        threading.Thread(target=self._look_up, args=(host, port, found), daemon=True, name=f"resolve {host}").start()
        while True:
            with contextlib.suppress(Empty):
                answer = found.get(timeout=min(self.budget.left(), 0.2))
                break
        if isinstance(answer, OSError | UnicodeError) or answer == []:
            raise Broken(f"cannot resolve {shown(host)}")
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def _look_up(self, host: str, port: int, found: "SimpleQueue[list[str] | BaseException]") -> None:
        try:
            found.put(self._resolve(host, port))
        except BaseException as error:  # handed to the thread that waits
            found.put(error)


class Stream(httpcore.NetworkStream):
    """One connection; a read or write ends with the budget of the thread that asks."""

    def __init__(self, wire: Wire, sock: socket.socket, host: str) -> None:
        self._wire = wire
        self._sock = sock
        self._host = host

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Return the next bytes; b"" at the end."""
        budget = self._wire.budget
        self._sock.settimeout(budget.left())
        try:
            data = self._sock.recv(max_bytes)
        except OSError as error:
            budget.left()
            raise Broken(f"the connection broke: {_words(error)}") from None
        if not data:
            budget.left()
        budget.took(len(data))
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send all of `buffer`."""
        budget = self._wire.budget
        self._sock.settimeout(budget.left())
        try:
            self._sock.sendall(buffer)
        except OSError as error:
            budget.left()
            raise httpcore.WriteError(str(error)) from None  # httpcore then reads: the answer may be there already

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        """Return the verified TLS stream; a body cut below TLS is an error, not an end."""
        sock: socket.socket = self._sock
        try:
            sock = tls = ssl_context.wrap_socket(
                self._sock, server_hostname=server_hostname, do_handshake_on_connect=False, suppress_ragged_eofs=False
            )
            self._wire.forget(self._sock)  # an empty shell by now
            self._wire.watch(tls)
            tls.settimeout(self._wire.budget.left())
            tls.do_handshake()
        except OSError as error:
            self._wire.forget(sock)
            self._wire.budget.left()
            if isinstance(error, ssl.SSLCertVerificationError):
                raise Failed(f"the certificate of {shown(self._host)} is not valid: {error.verify_message}") from None
            raise Broken(f"no TLS connection to {shown(self._host)}: {_words(error)}") from None
        except BaseException:
            self._wire.forget(sock)
            raise
        return Stream(self._wire, tls, self._host)

    def get_extra_info(self, info: str) -> Any:
        """Return what httpcore asks for."""
        if info == "is_readable":
            return _is_readable(self._sock)
        return self._sock if info == "ssl_object" and isinstance(self._sock, ssl.SSLSocket) else None

    def close(self) -> None:
        """Close the connection."""
        self._wire.forget(self._sock)


class Transport(httpx.BaseTransport):
    """httpx's road onto `Wire`: one keep-alive pool, HTTP/1.1, no proxy, errors of httpcore unchanged.

    Location (bytes or None) is in the answer's `extensions` alone; cookies are nowhere.
    """

    def __init__(self, wire: Wire, ssl_context: ssl.SSLContext, keep: int) -> None:
        self._pool = httpcore.ConnectionPool(
            ssl_context=ssl_context,
            max_connections=None,
            max_keepalive_connections=keep,
            keepalive_expiry=15.0,
            network_backend=wire,
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request; the body of the answer is still on the wire."""
        url = request.url
        answer = self._pool.handle_request(
            httpcore.Request(
                method=request.method,
                url=httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
                headers=request.headers.raw,
                content=request.stream,
                extensions=request.extensions,
            )
        )
        headers = [(name, value) for name, value in answer.headers if name.lower() not in _UNHEARD]
        location = next((value for name, value in answer.headers if name.lower() == b"location"), None)
        return httpx.Response(answer.status, headers=headers, stream=_Body(answer), extensions={"location": location})

    def close(self) -> None:
        """Close idle connections."""
        self._pool.close()


class _Body(httpx.SyncByteStream):
    def __init__(self, answer: httpcore.Response) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        return self._answer.iter_stream()

    def close(self) -> None:
        self._answer.close()


def _is_readable(sock: socket.socket) -> bool:
    """Tell whether an idle connection has something to say: then the other side has closed it."""
    if sock.fileno() < 0:
        return True
    poller = select.poll()
    poller.register(sock, select.POLLIN)
    return bool(poller.poll(0))


def _words(error: OSError) -> str:
    return (error.strerror or str(error) or type(error).__name__).lower()
