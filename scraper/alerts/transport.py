"""Ways to hand over one mail: to a mail server over one connection, or as files in a folder."""

import os
import smtplib
import ssl
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import parseaddr
from pathlib import Path
from types import TracebackType
from typing import Literal, Protocol, Self

from scraper.settings import Settings, Smtp
from scraper.wording import clean

_SERVER_SIDE = frozenset({503, 530, 534, 535, 538})
"""5xx replies that speak of the session (sequence, authentication), not of the recipient."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What became of one mail: `sent` and `refused` are definite, for this recipient; `later` is a temporary no.

    `broken`: the server failed, or gave no definite answer. `down`: nobody is served in this run.
    """

    state: Literal["sent", "refused", "later", "broken", "down"]
    answer: str


class Transport(Protocol):
    """Hands over one mail at a time; `close` releases what it holds."""

    def send(self, message: EmailMessage, recipient: str, stem: str, html: str) -> Verdict:
        """Hand over one mail; trouble is a verdict, never an exception."""
        ...

    def close(self) -> None:
        """Let go of the connection."""
        ...


class Folder:
    """Writes each mail as `<stem>.eml`, with `<stem>.html` beside it; a resend overwrites the same names."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def send(self, message: EmailMessage, recipient: str, stem: str, html: str) -> Verdict:
        """Write both files atomically, the .eml last."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._write(f"{stem}.html", html.encode("utf-8"))
            self._write(f"{stem}.eml", message.as_bytes())
        except OSError as error:
            return Verdict(
                state="down", answer=f"The outbox folder {self._folder} could not be written: {error.strerror}."
            )
        return Verdict(state="sent", answer=f"written as {stem}.eml")

    def close(self) -> None:
        """Nothing is held."""

    def _write(self, name: str, data: bytes) -> None:
        handle, temporary = tempfile.mkstemp(dir=self._folder, prefix=".", suffix=".part")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).replace(self._folder / name)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise


class Server:
    """A mail server; connects at the first mail, again when dropped, and gives up after two troubles in a row.

    Every read and write is bounded by `timeout_seconds`. A password goes only over a verified TLS connection.
    """

    def __init__(self, smtp: Smtp, sender: str) -> None:
        self._smtp = smtp
        self._sender = parseaddr(sender)[1]
        self._session: smtplib.SMTP | None = None
        self._strikes = 0
        self._down: Verdict | None = None

    def send(self, message: EmailMessage, recipient: str, stem: str, html: str) -> Verdict:
        """Offer one mail to the server and tell what it said."""
        if self._down is not None:
            return self._down
        try:
            session = self._session or self._connect()
        except (OSError, smtplib.SMTPException, ValueError) as error:
            self._down = Verdict(state="down", answer=self._refusal(error))
            return self._down
        try:
            session.sendmail(self._sender, [recipient], message.as_bytes())
        except smtplib.SMTPRecipientsRefused as error:
            return self._judge(*next(iter(error.recipients.values())), personal=True)
        except smtplib.SMTPSenderRefused as error:
            return self._judge(error.smtp_code, error.smtp_error, personal=False)
        except smtplib.SMTPResponseException as error:
            return self._judge(error.smtp_code, error.smtp_error, personal=True)
        except (OSError, smtplib.SMTPException) as error:
            return self._broken(error)
        self._strikes = 0
        return Verdict(state="sent", answer="250")

    def close(self) -> None:
        """Say goodbye if the server still listens."""
        session, self._session = self._session, None
        if session is not None:
            with suppress(OSError, smtplib.SMTPException):
                session.quit()
            session.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _connect(self) -> smtplib.SMTP:
        smtp = self._smtp
        context = ssl.create_default_context(cafile=str(smtp.ca_file) if smtp.ca_file else None)
        if smtp.tls:
            session: smtplib.SMTP = smtplib.SMTP_SSL(
                smtp.host, smtp.port, timeout=smtp.timeout_seconds, context=context
            )
        else:
            session = smtplib.SMTP(smtp.host, smtp.port, timeout=smtp.timeout_seconds)
        try:
            if smtp.starttls and not smtp.tls:
                self._encrypt(session, context)
            if smtp.username:
                self._login(session)
            session.ehlo_or_helo_if_needed()
        except BaseException:
            session.close()
            raise
        self._session = session
        return session

    def _encrypt(self, session: smtplib.SMTP, context: ssl.SSLContext) -> None:
        try:
            session.starttls(context=context)
        except (smtplib.SMTPNotSupportedError, smtplib.SMTPResponseException) as error:
            raise smtplib.SMTPNotSupportedError("STARTTLS") from error

    def _login(self, session: smtplib.SMTP) -> None:
        if not (self._smtp.tls or self._smtp.starttls):
            raise ValueError("a password is set, but neither starttls nor tls; it is not sent in clear")
        session.login(self._smtp.username, self._smtp.password)

    def _judge(self, code: int, words: bytes | str, *, personal: bool) -> Verdict:
        if code == 421:
            self._lose()
        if personal and code >= 500 and code not in _SERVER_SIDE:
            return Verdict(state="refused", answer=self._said(code, words))
        return Verdict(state="later" if personal and code != 421 else "broken", answer=self._said(code, words))

    def _broken(self, error: Exception) -> Verdict:
        """No definite answer: the server may have the mail or not."""
        self._lose()
        return Verdict(state="broken", answer=f"The mail server {self._name()} broke off: {self._plain(str(error))}.")

    def _lose(self) -> None:
        self._strikes += 1
        if self._strikes > 1:
            self._down = Verdict(state="down", answer=f"The mail server {self._name()} broke off two mails in a row.")
        session, self._session = self._session, None
        if session is not None:
            session.close()

    def _refusal(self, error: Exception) -> str:
        name = self._name()
        if isinstance(error, smtplib.SMTPNotSupportedError) and "STARTTLS" in str(error):
            return f"The mail server {name} does not offer STARTTLS: nothing was sent, and no password was shown."
        if isinstance(error, ssl.SSLCertVerificationError):
            return f"The certificate of the mail server {name} is not valid: {self._plain(error.verify_message)}."
        if isinstance(error, smtplib.SMTPAuthenticationError):
            return f"The mail server {name} refused user name or password ({error.smtp_code})."
        if isinstance(error, smtplib.SMTPResponseException):
            return f"The mail server {name} refused us: {self._said(error.smtp_code, error.smtp_error)}."
        if isinstance(error, UnicodeError):
            return "User name or password of the mail server has characters that SMTP cannot carry."
        return f"The mail server {name} could not be used: {self._plain(str(error)) or type(error).__name__}."

    def _said(self, code: int, words: bytes | str) -> str:
        return f"{code} {self._plain(words.decode('utf-8', 'replace') if isinstance(words, bytes) else words)}"

    def _plain(self, words: str) -> str:
        """A server's words are a stranger's: one short line, and never our password back."""
        hidden = words.replace(self._smtp.password, "…") if self._smtp.password else words
        return clean(hidden, 200).rstrip(".")

    def _name(self) -> str:
        return f"{self._smtp.host}:{self._smtp.port}"


def transport(settings: Settings) -> Transport:
    """Return the way the configuration asks for."""
    alerts = settings.alerts
    return (
        Folder(settings.storage.outbox)
        if alerts.smtp is None
        else Server(alerts.smtp, alerts.smtp.sender or alerts.sender)
    )
