"""The bytes of one mail: headers that say who, what and why, and that stay the same at every resend."""

import re
from collections.abc import Sequence
from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import parseaddr
from html import escape

from scraper import render
from scraper.alerts.outbox import Queued, domain
from scraper.ids import content_id
from scraper.model import Notice
from scraper.render import Mail
from scraper.settings import Alerts, Settings
from scraper.wording import clean

_POLICY = SMTP.clone(cte_type="7bit")
"""ASCII on the wire: no server needs to know 8BITMIME, and no line grows past 998 bytes."""


def rendered(mail: Queued, notices: Sequence[Notice], settings: Settings, head: str) -> Mail:
    """Return subject and bodies of a queued mail."""
    if not notices:
        html = (
            f'<!DOCTYPE html><html lang="en"><meta charset="utf-8"><body><pre>{escape(mail.text)}</pre></body></html>'
        )
        return Mail(subject=clean(mail.subject, 150), text=mail.text, html=html, csv=None)
    words = {"audience": mail.audience, "why": mail.why, "public_url": settings.web.public_url, "head": head}
    return render.mail(notices[0], **words) if mail.digest == "immediate" else render.digest(notices, **words)


def message(mail: Queued, body: Mail, notices: Sequence[Notice], alerts: Alerts) -> EmailMessage:
    """Return the complete message: Message-ID and Date come from the queue, never from the clock."""
    name, sender = parseaddr(alerts.sender)
    out = EmailMessage(policy=_POLICY)
    out["From"] = Address(clean(name, 80) or "Detainer Watch", addr_spec=sender)
    out["To"] = Address(addr_spec=mail.recipient)
    out["Subject"] = body.subject
    out["Date"] = datetime.fromisoformat(mail.created_at)
    out["Message-ID"] = mail.message_id
    out["List-Id"] = f"<{_slug(mail.audience, 40)}.detainer-watch.{domain(alerts)}>"
    out["Auto-Submitted"] = "auto-generated"
    out["Precedence"] = "bulk"
    if len(notices) == 1:
        about = notices[0].event.release_id or notices[0].event.source_id  # a release, or the health of a source
        out["In-Reply-To"] = out["References"] = f"<{content_id('thread', about)}@{domain(alerts)}>"
    out.set_content(body.text)
    out.add_alternative(body.html, subtype="html")
    if body.csv is not None:
        file_name, content = body.csv
        out.add_attachment(content, maintype="text", subtype="csv", filename=file_name)
    return out


def mailable(address: str) -> bool:
    """Tell whether any mail server can take `address`: all ASCII, with a domain."""
    try:
        return address.isascii() and bool(Address(addr_spec=address).domain)
    except (ValueError, IndexError, MessageError):
        return False


def file_stem(mail: Queued, notices: Sequence[Notice]) -> str:
    """Return `<stamp>-<slug>-<hash>`: the same at every resend, made only of letters, digits and hyphens."""
    stamp = re.sub(r"\.\d+|[-:]", "", mail.created_at)
    if len(notices) == 1 and mail.digest == "immediate":
        slug = f"{notices[0].event.kind} {notices[0].event.title[:200]}"
    else:
        slug = f"digest {mail.digest}" if notices else "operator note"
    return f"{stamp}-{_slug(slug, 60)}-{mail.mail_id[:10]}"


def _slug(text: str, limit: int) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower())[:limit].strip("-") or "mail"
