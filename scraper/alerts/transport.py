"""Ways to hand over one mail: to a mail server over one connection, or as files in a folder."""

import os
import smtplib
import ssl
import tempfile
from contextlib import suppress
from email.message import EmailMessage
from email.utils import parseaddr
from functools import partial
from pathlib import Path
from typing import Literal, NamedTuple

from scraper.settings import Settings, Smtp
from scraper.wording import clean

_SERVER_SIDE = frozenset({503, 530, 534, 535, 538})
"""5xx replies that speak of the session (sequence, authentication), not of the recipient."""


class Verdict(NamedTuple):
    """What became of one mail: `sent` and `refused` are definite, for this recipient; `later` is a temporary no.

    `broken`: the server failed, or gave no definite answer. `down`: nobody is served in this run.
    """

    state: Literal["sent", "refused", "later", "broken", "down"]
    answer: str


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
            return Verdict("down", f"The outbox folder {self._folder} could not be written: {error.strerror}.")
        return Verdict("sent", f"written as {stem}.eml")

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
        self._name = f"mail server {smtp.host}:{smtp.port}"
        self._session: smtplib.SMTP | None = None
        self._strikes = 0
        self._down: Verdict | None = None

    def send(self, message: EmailMessage, recipient: str, stem: str, html: str) -> Verdict:
        """Offer one mail to the server and tell what it said; trouble is a verdict, never an exception."""
        if self._down is not None:
            return self._down
        try:
            session = self._session = self._session or self._connect()
        except (OSError, smtplib.SMTPException, ValueError) as error:
            self._down = Verdict("down", self._refusal(error))
            return self._down
        try:
            session.sendmail(self._sender, [recipient], message.as_bytes())
        except smtplib.SMTPRecipientsRefused as error:
            return self._judge(*next(iter(error.recipients.values())), personal=True)
        except smtplib.SMTPResponseException as error:
            personal = not isinstance(error, smtplib.SMTPSenderRefused)
            return self._judge(error.smtp_code, error.smtp_error, personal=personal)
        except (OSError, smtplib.SMTPException) as error:  # no definite answer: the server may have the mail or not
            self._lose()
            return Verdict("broken", f"The {self._name} broke off: {self._plain(str(error))}.")
        self._strikes = 0
        return Verdict("sent", "250")

    def close(self) -> None:
        """Say goodbye if the server still listens."""
        if self._session is not None:
            with suppress(OSError, smtplib.SMTPException):
                self._session.quit()
            self._session.close()

    def _connect(self) -> smtplib.SMTP:
        smtp = self._smtp
        context = ssl.create_default_context(cafile=str(smtp.ca_file) if smtp.ca_file else None)
        opened = partial(smtplib.SMTP_SSL, context=context) if smtp.tls else smtplib.SMTP
        session = opened(smtp.host, smtp.port, timeout=smtp.timeout_seconds)
        try:
            if smtp.starttls and not smtp.tls:
                self._encrypt(session, context)
            if smtp.username:
                if not (smtp.tls or smtp.starttls):
                    raise ValueError("a password is set, but neither starttls nor tls; it is not sent in clear")
                session.login(smtp.username, smtp.password)
            session.ehlo_or_helo_if_needed()
        except BaseException:
            session.close()
            raise
        return session

    def _encrypt(self, session: smtplib.SMTP, context: ssl.SSLContext) -> None:
        try:
            session.starttls(context=context)
        except (smtplib.SMTPNotSupportedError, smtplib.SMTPResponseException) as error:
            raise smtplib.SMTPNotSupportedError("STARTTLS") from error

    def _judge(self, code: int, words: bytes | str, *, personal: bool) -> Verdict:
        said = self._said(code, words)
        if code == 421:
            self._lose()
        if personal and code >= 500 and code not in _SERVER_SIDE:
            return Verdict("refused", said)
        return Verdict("later" if personal and code != 421 else "broken", said)

    def _lose(self) -> None:
        self._strikes += 1
        if self._strikes > 1:
            self._down = Verdict("down", f"The {self._name} broke off two mails in a row.")
        session, self._session = self._session, None
        if session is not None:
            session.close()

    def _refusal(self, error: Exception) -> str:
        match error:
            case smtplib.SMTPNotSupportedError() if "STARTTLS" in str(error):
                return f"The {self._name} does not offer STARTTLS: nothing was sent, and no password was shown."
            case ssl.SSLCertVerificationError():
                return f"The certificate of the {self._name} is not valid: {self._plain(error.verify_message)}."
            case smtplib.SMTPAuthenticationError():
                return f"The {self._name} refused user name or password ({error.smtp_code})."
            case smtplib.SMTPResponseException():
                return f"The {self._name} refused us: {self._said(error.smtp_code, error.smtp_error)}."
            case UnicodeError():
                return "User name or password of the mail server has characters that SMTP cannot carry."
        return f"The {self._name} could not be used: {self._plain(str(error)) or type(error).__name__}."

    def _said(self, code: int, words: bytes | str) -> str:
        return f"{code} {self._plain(words.decode('utf-8', 'replace') if isinstance(words, bytes) else words)}"

    def _plain(self, words: str) -> str:
        """A server's words are a stranger's: one short line, and never our password back."""
        hidden = words.replace(self._smtp.password, "…") if self._smtp.password else words
        return clean(hidden, 200).rstrip(".")


Transport = Folder | Server


def transport(settings: Settings) -> Transport:
    """Return the way the configuration asks for."""
    smtp = settings.alerts.smtp
    return Server(smtp, smtp.sender or settings.alerts.sender) if smtp else Folder(settings.storage.outbox)
