"""A real SMTP server on loopback that accepts, refuses, hangs, hangs up and asks for TLS and a password on demand."""

import asyncio
import contextlib
import email
import email.policy
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

USER, PASSWORD = "watch", "correct-horse-battery"


@dataclass
class Received:
    """One mail the server took."""

    sender: str
    recipients: list[str]
    data: bytes

    @property
    def message(self) -> EmailMessage:
        parsed = email.message_from_bytes(self.data, policy=email.policy.default)
        assert isinstance(parsed, EmailMessage)
        return parsed

    @property
    def message_id(self) -> str:
        return str(self.message["Message-ID"])


@dataclass
class MailServer:
    """Change the modes while it runs; `received` is what was stored, `commands` what was said, in order."""

    port: int = 0
    received: list[Received] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    connections: int = 0
    answers: dict[str, str] = field(default_factory=dict)
    """Phase ("MAIL", "RCPT", "DATA") -> answer instead of 250."""
    refuse: dict[str, str] = field(default_factory=dict)
    """Recipient -> answer to its RCPT."""
    greylist: bool = False
    """The first RCPT of each recipient gets 451."""
    hang: str = ""
    """"before" storing at DATA, or "after" it: the reply never comes."""
    drop: str = ""
    """"before" or "after" storing: the connection is cut instead of a reply."""
    stop_after: int | None = None
    """The server is gone after this many mails."""
    on: Callable[[str, str], None] = lambda phase, detail: None
    """Called in each phase: "RCPT", "stored" (before the reply), "DATA"."""
    seen: set[str] = field(default_factory=set)
    stopped: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def subjects(self) -> list[str]:
        return [str(one.message["Subject"]) for one in self.received]

    def to(self, address: str) -> list[Received]:
        return [one for one in self.received if address in one.recipients]

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self.commands.append(f"MAIL {address}")
        if "MAIL" in self.answers:
            return self.answers["MAIL"]
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self.commands.append(f"RCPT {address}")
        self.on("RCPT", address)
        answer = self.refuse.get(address, self.answers.get("RCPT", "250 OK"))
        if self.greylist and address not in self.seen:
            self.seen.add(address)
            answer = "451 4.7.1 greylisted, come back"
        if answer.startswith("2"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        self.commands.append("DATA")
        self.on("DATA", "")
        if "DATA" in self.answers:
            return self.answers["DATA"]
        if self.hang == "before":
            await self.stopped.wait()
        if self.drop == "before":
            return self._cut(server)
        assert isinstance(envelope.content, bytes)
        self.received.append(Received(str(envelope.mail_from), list(envelope.rcpt_tos), envelope.content))
        self.on("stored", envelope.rcpt_tos[0])
        if self.hang == "after":
            await self.stopped.wait()
        if self.drop == "after":
            return self._cut(server)
        if self.stop_after is not None and len(self.received) >= self.stop_after:
            self.answers["MAIL"] = "421 going down"
        return "250 OK"

    def _cut(self, server: SMTP) -> str:
        assert isinstance(server.transport, asyncio.Transport)
        server.transport.abort()
        return "250 never heard"


@contextmanager
def mail_server(
    *, certificate: tuple[Path, Path] | None = None, auth: bool = False, port: int = 0, implicit: bool = False
) -> Iterator[MailServer]:
    """Run a server in a thread; a certificate makes it ask for STARTTLS, or speak TLS at once."""
    loop = asyncio.new_event_loop()
    state = MailServer()
    options: dict[str, Any] = {"hostname": "mail.test"}
    context = None
    if certificate is not None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(*certificate)
        if not implicit:
            options |= {"tls_context": context, "require_starttls": True}
    if auth:
        options |= {"authenticator": _authenticate, "auth_required": True, "auth_require_tls": not implicit}

    def connection() -> SMTP:
        state.connections += 1
        return SMTP(state, loop=loop, **options)

    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    listening = loop.create_server(connection, "127.0.0.1", port, ssl=context if implicit else None)
    server = asyncio.run_coroutine_threadsafe(listening, loop).result(10)
    state.port = server.sockets[0].getsockname()[1]
    try:
        yield state
    finally:
        asyncio.run_coroutine_threadsafe(_shut(server, state), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


async def _shut(server: asyncio.Server, state: MailServer) -> None:
    server.close()
    state.stopped.set()
    others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    await asyncio.sleep(0)


def _authenticate(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
    good = (data.login, data.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=good, handled=False)


@contextmanager
def raw_server(greeting: bytes, replies: dict[bytes, bytes] | None = None) -> Iterator[tuple[int, list[list[bytes]]]]:
    """Run a server that says `greeting` (or nothing) and answers verbs from `replies`.

    Yields its port, and for each connection the lines it heard.
    """
    heard: list[list[bytes]] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=_converse, args=(listener, greeting, replies or {}, heard))
        thread.start()
        try:
            yield listener.getsockname()[1], heard
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(10)


def _converse(listener: socket.socket, greeting: bytes, replies: dict[bytes, bytes], heard: list[list[bytes]]) -> None:
    with contextlib.suppress(OSError):
        while True:
            connection, _ = listener.accept()
            heard.append([])
            with connection, connection.makefile("rb") as lines, contextlib.suppress(OSError):
                connection.sendall(greeting)
                for line in lines:
                    heard[-1].append(line)
                    connection.sendall(replies.get(line.split()[0].upper(), b"250 OK\r\n"))


@pytest.fixture
def mails() -> Iterator[MailServer]:
    """A mail server that takes everything until told otherwise."""
    with mail_server() as server:
        yield server


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A self-made certificate for localhost, with its key."""
    folder = tmp_path_factory.mktemp("tls")
    chain, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-keyout", str(key), "-out", str(chain), "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"],
        check=True, capture_output=True, timeout=60,
    )  # fmt: skip
    return chain, key
