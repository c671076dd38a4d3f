"""The network under httpx: sockets that keep to a fetch's limits and connect only to checked addresses."""

import contextlib
import select
import socket
import ssl
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any, Final, TypeVar

import httpcore
import httpx

from scraper.fetch.answer import Broken, Failed
from scraper.fetch.policy import host_and_port, is_public, shown

Resolve = Callable[[str, int], list[str]]
"""Name and port to IP addresses; raises OSError."""
_Result = TypeVar("_Result")

_CONNECT_SECONDS: Final = 10.0
_STEP: Final = 0.2
"""Seconds after which a thread that waits for the network looks whether it is to stop."""
_FRAMING: Final = 1 << 20
"""Bytes on the wire beyond the body: headers and chunk sizes."""


def getaddrinfo(host: str, port: int) -> list[str]:
    """Return the addresses the system's resolver gives for `host`, in its order."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class Budget:
    """What one fetch may still use: seconds by the monotonic clock, and bytes (`limit`) of the answer under way."""

    def __init__(self, seconds: float, limit: int, stop: threading.Event) -> None:
        self.limit = limit
        self._seconds = seconds
        self._ends = time.monotonic() + seconds
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
        if self._taken > self.limit + _FRAMING:
            raise Failed(f"the answer is larger than {self.limit / 1e6:,.3g} MB")


class Current(threading.local):
    """The `budget` of the fetch that runs in this thread."""

    budget: Budget


class Wire(httpcore.NetworkBackend):
    """Resolves, checks and connects; `current.budget` bounds every call, httpcore's timeouts are unused."""

    def __init__(self, allow_private: Sequence[str], resolve: Resolve | None) -> None:
        self.current = Current()
        self._allow_private = frozenset(map(host_and_port, allow_private))
        self._resolve = resolve or getaddrinfo

    def connect_tcp(self, host: str, port: int, *_: object, **unused: object) -> httpcore.NetworkStream:
        """Connect to the first of the checked addresses that answers: no second look-up can lead elsewhere."""
        budget = self.current.budget
        found: Future[socket.socket] = Future()
        # Neither the system's resolver nor connect() can be interrupted: their thread may outlive the fetch.
        threading.Thread(target=self._connect, args=(found, host, port, budget), daemon=True, name=host).start()
        try:
            while True:
                with contextlib.suppress(TimeoutError):
                    return Stream(self.current, found.result(min(budget.left(), _STEP)), host)
        except Failed:
            found.add_done_callback(_hang_up)
            raise

    def _connect(self, found: Future[socket.socket], host: str, port: int, budget: Budget) -> None:
        try:
            addresses = self._checked(host, port)
            found.set_result(_first_to_answer(addresses, port, budget))
        except OSError as error:
            found.set_exception(Broken(f"cannot connect to {shown(host)}:{port}: {_words(error)}"))
        except BaseException as error:  # handed to the thread that waits
            found.set_exception(error)

    def _checked(self, host: str, port: int) -> list[str]:
        try:
            addresses = self._resolve(host, port)
        except (OSError, UnicodeError):
            addresses = []
        if not addresses:
            raise Broken(f"cannot resolve {shown(host)}")
        inner = [address for address in addresses if not is_public(address)]
        if inner and (host, port) not in self._allow_private:
            raise Failed(f"{shown(host)} leads to an address that is not public: {shown(inner[0])}")
        return addresses


def _first_to_answer(addresses: Sequence[str], port: int, budget: Budget) -> socket.socket:
    """Return a connection; raise the OSError of the last address where none answers."""
    problem = OSError("no address")
    for untried, address in zip(range(len(addresses), 0, -1), addresses, strict=True):
        try:
            sock = socket.create_connection((address, port), min(_CONNECT_SECONDS, budget.left() / untried))
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return sock
        except OSError as error:
            budget.left()
            problem = error
    raise problem


def _hang_up(found: Future[socket.socket]) -> None:
    """Close a connection that nobody waits for any more."""
    if not found.exception():
        found.result().close()


class Transport(httpx.HTTPTransport):
    """httpx's own transport on our wire: pooling, HTTP and its errors are httpx's, sockets and addresses are ours."""

    def __init__(self, wire: Wire, verify: ssl.SSLContext, keepalive: int) -> None:
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=keepalive, keepalive_expiry=15.0)
        super().__init__(verify=verify, trust_env=False, limits=limits)
        self._pool._network_backend = wire  # httpx has no door for it (seen in 0.28.1; a test holds it)


class Stream(httpcore.NetworkStream):
    """One connection; a read or write ends with the budget of the thread that asks."""

    def __init__(self, current: Current, sock: socket.socket, host: str) -> None:
        self._current = current
        self._sock = sock
        self._host = host

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Return the next bytes; b"" at the end."""
        try:
            data = self._patiently(lambda: self._sock.recv(max_bytes))
        except OSError as error:
            raise Broken(f"the connection broke: {_words(error)}") from None
        self._current.budget.took(len(data))
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send all of `buffer`."""
        try:
            self._sock.settimeout(self._current.budget.left())
            self._sock.sendall(buffer)
        except OSError as error:
            self._current.budget.left()
            raise httpcore.WriteError(str(error)) from None  # httpcore then reads: the answer may be there already

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        """Verify and encrypt; from then on a body cut below TLS is an error, not an end."""
        try:
            self._sock = tls = ssl_context.wrap_socket(
                self._sock, server_hostname=server_hostname, do_handshake_on_connect=False, suppress_ragged_eofs=False
            )
            self._patiently(tls.do_handshake)
        except BaseException as error:
            self.close()
            if isinstance(error, ssl.SSLCertVerificationError):
                raise Failed(f"the certificate of {shown(self._host)} is not valid: {error.verify_message}") from None
            if isinstance(error, OSError):
                raise Broken(f"no TLS connection to {shown(self._host)}: {_words(error)}") from None
            raise
        return self

    def get_extra_info(self, info: str) -> Any:
        """Tell httpcore whether an idle connection has something to say: then the other side has closed it."""
        if info != "is_readable":
            return None
        if self._sock.fileno() < 0:  # another thread was quicker
            return True
        poller = select.poll()
        poller.register(self._sock, select.POLLIN)
        return bool(poller.poll(0))

    def close(self) -> None:
        """Close the connection."""
        self._sock.close()

    def _patiently(self, ask: Callable[[], _Result]) -> _Result:
        """Return what `ask` gets from the socket, for as long as the budget lasts."""
        while True:
            self._sock.settimeout(min(self._current.budget.left(), _STEP))
            try:
                return ask()
            except TimeoutError as error:
                if error.errno:  # not our step: the system gave the connection up
                    raise


def _words(error: OSError) -> str:
    return (error.strerror or str(error) or type(error).__name__).lower()
