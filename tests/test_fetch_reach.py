"""Where the fetcher goes and how long it stays: time limits, redirects, resolved addresses and TLS."""

import contextlib
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from scraper.fetch import Fetched
from tests.publisher import Publisher, Reply, serving
from tests.test_fetch_get import ask, fetching

HOST = "publisher.test"
HELLO = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"


@contextmanager
def listening(talk: Callable[[socket.socket], None]) -> Iterator[int]:
    """Accept on a free loopback port and let `talk` have each connection in turn; yields the port."""

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                sock = server.accept()[0]
                with sock, contextlib.suppress(OSError):
                    talk(sock)

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
    thread.join(60)


def get_from(port: int, *, scheme: str = "http", **options: object) -> Fetched:
    with fetching(f"127.0.0.1:{port}", **options) as fetcher:
        return fetcher.get(f"{scheme}://127.0.0.1:{port}/", allow_hosts=["127.0.0.1"])


def drip(text: bytes) -> Callable[[socket.socket], None]:
    """Send `text` at once, then one byte every 20 ms for as long as the other side listens."""

    def talk(sock: socket.socket) -> None:
        sock.sendall(text)
        pause = threading.Event()
        while not pause.wait(0.02):
            sock.sendall(b"x")

    return talk


def silence(sock: socket.socket) -> None:
    while sock.recv(1000):
        pass


@pytest.mark.parametrize(
    "talk",
    [
        silence,
        drip(b""),
        drip(b"HTTP/1.1 200 OK\r\nX-Slow: "),
        drip(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n"),
        drip(b"HTTP/1.1 200 OK\r\n\r\n"),
        drip(b"HTTP/1.1 403 Forbidden\r\n\r\n"),
    ],
)
def test_a_fetch_ends_with_its_time_however_slowly_the_answer_comes(talk: Callable[[socket.socket], None]) -> None:
    """N2"""
    with listening(talk) as port:
        got = get_from(port, timeout_seconds=0.3)
    assert (got.outcome, got.reason, got.body) == ("failed", "took longer than 0.3 s", None)
    assert got.ms < 60_000


def test_a_tls_handshake_that_never_comes_ends_with_the_fetch() -> None:
    """N2"""
    with listening(silence) as port:
        got = get_from(port, scheme="https", timeout_seconds=0.3)
    assert (got.outcome, got.reason) == ("failed", "took longer than 0.3 s")


def test_a_connection_that_is_never_accepted_ends_with_the_fetch_or_when_stopped() -> None:
    """N2, P3"""
    with socket.socket() as server, contextlib.ExitStack() as fillers:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        port = server.getsockname()[1]
        for _ in range(3):
            filler = fillers.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", port))
        got = get_from(port, timeout_seconds=0.3)
        assert (got.outcome, got.reason) == ("failed", "took longer than 0.3 s")
        with fetching(f"127.0.0.1:{port}") as fetcher, ThreadPoolExecutor(1) as threads:
            pending = threads.submit(fetcher.get, f"http://127.0.0.1:{port}/", allow_hosts=["127.0.0.1"])
            threading.Event().wait(0.1)  # so that it most likely is in connect()
            fetcher.stop()
            assert pending.result(timeout=8).reason == "stopped"


def test_retries_end_with_the_fetch(publisher: Publisher) -> None:
    publisher.put("/", "x", status=500)
    got = ask(publisher, "/", timeout_seconds=4, retries=1000)
    assert got.reason == "answered 500 Internal Server Error"
    assert 2 < got.requests < 50


def test_a_reset_in_the_middle_of_a_body_leaves_nothing() -> None:
    """N3"""

    def reset(sock: socket.socket) -> None:
        sock.recv(65536)
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + bytes(50_000))
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")

    with listening(reset) as port:
        got = get_from(port)
    assert (got.outcome, got.body, got.requests) == ("failed", None, 3)


def test_an_address_that_refuses_or_does_not_resolve_is_named() -> None:
    """N1"""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    refused = get_from(port)
    assert (refused.outcome, refused.requests) == ("failed", 3)
    assert refused.reason == f"cannot connect to 127.0.0.1:{port}: connection refused"

    def unknown(host: str, port: int) -> list[str]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    with fetching(resolve=unknown) as fetcher:
        got = fetcher.get(f"https://{HOST}/", allow_hosts=[HOST])
    assert (got.outcome, got.status, got.reason) == ("failed", None, f"cannot resolve {HOST}")


def test_a_resolver_that_hangs_ends_with_the_fetch() -> None:
    """N1, N2"""
    over = threading.Event()

    def hang(host: str, port: int) -> list[str]:
        over.wait()
        return []

    with fetching(resolve=hang, timeout_seconds=0.3) as fetcher:
        got = fetcher.get(f"https://{HOST}/", allow_hosts=[HOST])
    over.set()
    assert (got.outcome, got.reason) == ("failed", "took longer than 0.3 s")


def test_five_redirects_are_followed_and_not_six(publisher: Publisher) -> None:
    """N4"""
    for hop in range(6):
        publisher.put(f"/{hop}", "", status=(301, 302, 303, 307, 308, 301)[hop], headers={"Location": str(hop + 1)})
    publisher.put("/6", "the end")
    got = ask(publisher, "/1")
    assert (got.outcome, got.body, got.requests) == ("ok", b"the end", 6)
    assert (got.url, got.final_url) == (f"{publisher.base}/1", f"{publisher.base}/6")
    too_far = ask(publisher, "/0")
    assert (too_far.outcome, too_far.reason, too_far.requests) == ("failed", "redirects more than 5 times", 6)


def test_a_redirect_to_itself_ends(publisher: Publisher) -> None:
    """N4"""
    publisher.put("/a", "", status=301, headers={"Location": "/a"})
    assert ask(publisher, "/a").requests == 6


@pytest.mark.parametrize(
    "location",
    [
        "http://127.0.0.1:{port}/", "//127.0.0.1:{port}/", "http://localhost:{port}/", "http://[::1]:{port}/",
        "http://2130706433:{port}/", "http://0x7f.1:{port}/", "http://127.1:{port}/", "http://allowed.test:{port}/",
        "http://user@127.0.0.1:{port}/", "http://169.254.169.254/latest/meta-data", "http://evil.test/", "file:///etc/passwd",
        "ftp://127.0.0.1:{port}/", "gopher://127.0.0.1:{port}/", "http://127.0.0.1:{port}\\@allowed.test/",
        "http://[", "http://127.0.0.1:{port}.", "a" * 3000,
    ],
)  # fmt: skip
def test_a_redirect_reaches_nothing_but_allowed_public_hosts(publisher: Publisher, location: str) -> None:
    """N5: `allowed.test` is on the list but resolves to loopback."""
    with serving(Publisher()) as canary:
        canary.put("/", "inner secret")
        raw = (
            f"HTTP/1.1 302 Found\r\nLocation: {location.format(port=canary.port)}\r\nContent-Length: 0\r\n\r\n".encode()
        )

        def speak(handler: BaseHTTPRequestHandler) -> None:
            handler.wfile.write(raw)

        publisher.pages["/a"] = Reply(raw=speak)
        allow_hosts = [publisher.host_port, "allowed.test"]
        with fetching(publisher.host_port, resolve=lambda host, port: ["127.0.0.1"]) as fetcher:
            got = fetcher.get(f"{publisher.base}/a", allow_hosts=allow_hosts)
            direct = fetcher.get(location.format(port=canary.port), allow_hosts=allow_hosts)
        assert (got.outcome, direct.outcome) == ("failed", "failed")
        assert (direct.requests, direct.status) in ((0, None), (1, None))
        assert got.reason.startswith(("redirects to ", "allowed.test leads to an address that is not public"))
        assert canary.requests == []


@pytest.mark.parametrize(
    "addresses", [["127.0.0.1"], ["8.8.8.8", "127.0.0.1"], ["::ffff:127.0.0.1"], ["::1"], ["junk"]]
)
def test_a_name_with_one_inner_address_is_not_connected_to_at_all(publisher: Publisher, addresses: list[str]) -> None:
    """N5, N6"""
    with fetching(publisher.host_port, resolve=lambda host, port: addresses) as fetcher:
        got = fetcher.get(f"http://{HOST}:{publisher.port}/", allow_hosts=[HOST])
    assert (got.outcome, got.requests) == ("failed", 1)
    assert got.reason == f"{HOST} leads to an address that is not public: {addresses[-1]}"
    assert publisher.requests == []


def test_the_address_that_was_checked_is_the_one_connected_to(publisher: Publisher) -> None:
    """N6: a second look-up would lead elsewhere; there is none."""
    answers = [["127.0.0.1"], ["127.0.0.2"]]
    publisher.put("/", "x")
    private = f"{HOST}:{publisher.port}"
    with fetching(private, resolve=lambda host, port: answers.pop(0)) as fetcher:
        got = fetcher.get(f"http://{HOST}:{publisher.port}/", allow_hosts=[HOST])
        again = fetcher.get(f"http://{HOST}:{publisher.port}/", allow_hosts=[HOST])
    assert (got.outcome, again.outcome) == ("ok", "ok")
    assert answers == [["127.0.0.2"]]
    assert publisher.requests[0].headers["host"] == private


def test_the_next_checked_address_is_tried_when_the_first_refuses(publisher: Publisher) -> None:
    publisher.put("/", "x")
    with fetching(f"{HOST}:{publisher.port}", resolve=lambda host, port: ["127.0.0.9", "127.0.0.1"]) as fetcher:
        assert fetcher.get(f"http://{HOST}:{publisher.port}/", allow_hosts=[HOST]).outcome == "ok"


def test_a_url_that_is_not_allowed_is_never_asked(publisher: Publisher) -> None:
    with fetching(publisher.host_port) as fetcher:
        got = fetcher.get(f"{publisher.base}/a", allow_hosts=["www.ice.gov"])
    assert (got.outcome, got.status, got.requests, got.final_url) == ("failed", None, 0, got.url)
    assert got.reason == f"not asked: a host that is not allowed: {publisher.host_port}"
    assert publisher.requests == []


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-made certificate for publisher.test, with its key in the same file."""
    folder = tmp_path_factory.mktemp("fetch-tls")
    chain, key = folder / "chain.pem", folder / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-keyout", str(key), "-out", str(chain), "-subj", f"/CN={HOST}", "-addext", f"subjectAltName=DNS:{HOST}"],
        check=True, capture_output=True, timeout=60,
    )  # fmt: skip
    chain.write_bytes(chain.read_bytes() + key.read_bytes())
    return chain


def over_tls(certificate: Path, answer: bytes, host: str, *, trusted: bool, clean: bool = True) -> Fetched:
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificate)

    def talk(sock: socket.socket) -> None:
        with server.wrap_socket(sock, server_side=True) as tls:
            tls.recv(65536)
            tls.sendall(answer)
            if clean:
                tls.unwrap()

    trust = ssl.create_default_context(cafile=str(certificate)) if trusted else None
    with (
        listening(talk) as port,
        fetching(f"{host}:{port}", resolve=lambda host, port: ["127.0.0.1"], ssl_context=trust) as fetcher,
    ):
        return fetcher.get(f"https://{host}:{port}/", allow_hosts=[host])


def test_only_a_trusted_certificate_for_the_very_name_is_accepted(certificate: Path) -> None:
    good = over_tls(certificate, HELLO, HOST, trusted=True)
    assert (good.outcome, good.body) == ("ok", b"hello")
    for host, trusted in ((HOST, False), ("other.test", True)):
        bad = over_tls(certificate, HELLO, host, trusted=trusted)
        assert (bad.outcome, bad.requests) == ("failed", 1)
        assert bad.reason.startswith(f"the certificate of {host} is not valid: ")


def test_a_body_cut_below_tls_is_a_failure(certificate: Path) -> None:
    """N3: without a length only TLS itself can tell the end from a cut."""
    answer = b"HTTP/1.0 200 OK\r\n\r\nhello"
    assert over_tls(certificate, answer, HOST, trusted=True).body == b"hello"
    assert over_tls(certificate, answer, HOST, trusted=True, clean=False).outcome == "failed"


def test_a_plain_server_on_a_tls_port_is_a_failure(publisher: Publisher) -> None:
    got = get_from(publisher.port, scheme="https")
    assert got.outcome == "failed"
    assert got.reason.startswith("no TLS connection to 127.0.0.1")
