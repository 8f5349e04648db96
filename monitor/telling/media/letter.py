"""A message as a mail: text, the same as HTML, and the chart inside it; headers that mail programs act on.

Pure: the same message at the same instant is the same mail, so that one delivered twice is recognised.
"""

from __future__ import annotations

import hashlib
import re
from datetime import UTC
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr

from monitor.core.telling.policy import Recipient
from monitor.core.telling.told import message_id
from monitor.core.time.instant import to_datetime
from monitor.ports import Notification
from monitor.telling.media.page import html_of
from monitor.telling.media.shown import one_line

_PICTURE = "chart@exosome-monitor"
_FOLLOW = ("again", "reminder", "taken", "closed")
_URGENT = ("opened", "again", "reminder", "test")
_ADDRESS = re.compile(r"[^\s@<>(),;:\\\"\[\]]+@[^\s@<>(),;:\\\"\[\]]+")
_DOMAIN = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,250}[A-Za-z0-9])?")


def letter(message: Notification, *, sender: str, to: str, installation: str, now: int) -> EmailMessage:
    """The mail from ``sender`` (an address, or ``Name <address>``) to the address ``to``, dated ``now`` (ms).

    ``multipart/alternative`` of text and HTML; with a picture the HTML is ``multipart/related`` to it, and shows it by
    its content id. Messages of one alarm to one address are one thread. Whatever stands in a subject, it stays on its
    line. Raises ValueError for an address that no mail can have.
    """
    mail = EmailMessage(policy=SMTP)
    mail["From"] = _address(*parseaddr(one_line(sender)))
    mail["To"] = _address("", to)
    mail["Subject"] = one_line(message.subject)
    mail["Date"] = format_datetime(to_datetime(now).astimezone(UTC))
    domain = _domain(sender)
    mail["Message-ID"] = _id(message.id, installation, domain)
    if message.about and message.kind in _FOLLOW:
        recipient = Recipient(message.recipient, message.medium, message.address)
        first = _id(message_id(message.about, "opened", recipient), installation, domain)
        mail["In-Reply-To"] = first
        mail["References"] = first
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"  # the same for Exchange: no "out of office" to each of these
    if message.kind in _URGENT and (message.alarm or {}).get("level") == "critical":
        mail["X-Priority"] = "1"
        mail["Importance"] = "high"
    _fill(mail, message)
    return mail


def _fill(mail: EmailMessage, message: Notification) -> None:
    mail.set_content(message.body, cte="quoted-printable")
    has_picture = message.picture is not None
    html = html_of(message.body, link=message.link, picture=f"cid:{_PICTURE}" if has_picture else "")
    mail.add_alternative(html, subtype="html", cte="quoted-printable")
    if message.picture is not None:
        part = list(mail.iter_parts())[-1]
        assert isinstance(part, EmailMessage)
        part.add_related(
            message.picture,
            maintype="image",
            subtype="png",
            cid=f"<{_PICTURE}>",
            filename="last-hours.png",
            disposition="inline",
        )


def _id(notification: str, installation: str, domain: str) -> str:
    """The Message-ID of a notification: for ever the same, and telling nothing of an address in it."""
    digest = hashlib.sha256(f"{installation}\0{notification}".encode()).hexdigest()[:32]
    return f"<{digest}@{domain}>"


def _address(name: str, spec: str) -> Address:
    """An address for a header, its domain in the letters of the DNS. Made of its parts, as the library's own reading
    stumbles over what is none."""
    if not _ADDRESS.fullmatch(spec) or not spec.isprintable():
        raise ValueError(f"{one_line(spec)!r} is no mail address")
    user, _, domain = spec.rpartition("@")
    ascii_domain = domain if domain.isascii() else domain.encode("idna").decode()
    return Address(display_name=name, username=user, domain=ascii_domain)


def _domain(sender: str) -> str:
    """What follows the sender's @, for ids; as in RFC 5322, 3.6.4."""
    domain = parseaddr(sender)[1].rpartition("@")[2]
    return domain if _DOMAIN.fullmatch(domain) else "localhost"
