"""Mail, by SMTP (RFC 5321): each message to one address, through the one server that is configured."""

from __future__ import annotations

import base64
import re
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Literal
from urllib.parse import quote

from monitor.core.time.instant import SECOND
from monitor.ports import Clock, DeliveryError, Notification
from monitor.telling.media.address import Reveal, revealed
from monitor.telling.media.attempt import DELIVERY_SECONDS, SOCKET_SECONDS, Attempts, NoAnswerError
from monitor.telling.media.letter import letter
from monitor.telling.media.shown import one_line, without
from monitor.words.figures import exact_span

Security = Literal["none", "starttls", "tls"]
_MAIL = re.compile(r"[^@\s/:,;<>]+@[^@\s/:,;<>]+")


@dataclass(frozen=True, slots=True)
class MailServer:
    """[mail]: the server that takes our mail. ``sender`` is an address, or ``Name <address>``.

    ``security``: ``starttls`` (usual on port 587), ``tls`` from the first byte (465), or ``none`` (a relay on
    port 25 in one's own network). Without ``username`` and ``password`` nobody signs in.
    """

    host: str
    port: int
    sender: str
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    security: Security = "none"


class MailMedium:
    """Sends each message as one mail (:mod:`monitor.telling.media.letter`). ``server`` None: none is configured.

    ``deliver`` returns, or raises :class:`DeliveryError`, within ``seconds``; :class:`Attempts` says what comes later.
    A reply 5yz is permanent, 4yz and every trouble with the connection is not.
    """

    def __init__(
        self,
        server: MailServer | None,
        clock: Clock,
        *,
        installation: str = "",
        reveal: Reveal = str,
        seconds: float = DELIVERY_SECONDS,
    ) -> None:
        self._server = server
        self._clock = clock
        self._installation = installation
        self._reveal = reveal
        self._attempts = Attempts(seconds)

    def deliver(self, notification: Notification) -> None:
        """Hands the mail to the server; raises :class:`DeliveryError` with the server's words."""
        address, server = revealed(self._reveal, notification.address), self._server
        if not _MAIL.fullmatch(address):
            raise self._error(address, "this is not one mail address", permanent=True)
        if server is None:
            raise self._error(address, "no mail server is configured", permanent=True)
        try:
            mail = letter(
                notification,
                sender=server.sender,
                to=address,
                installation=self._installation,
                now=self._clock.now(),
            )
        except ValueError as error:
            raise self._error(address, f"no mail can be written: {error}", permanent=True) from error
        try:
            self._attempts.run(address, notification.id, lambda: _send(server, mail))
        except Exception as error:  # whatever goes wrong with the other side is this message's failure
            reason, is_permanent = _reason(error)
            raise self._error(address, reason, permanent=is_permanent) from error

    def _error(self, address: str, reason: str, *, permanent: bool = False) -> DeliveryError:
        """What, where, why and the remedy, with nothing secret."""
        through = f" through {self._server.host}:{self._server.port}" if self._server else ""
        told = one_line(without(_secrets(self._server), reason), 1_000)
        text = f"mail to {address}{through}: {told}. Check the address, [mail], and the mail server"
        return DeliveryError(text, permanent=permanent)


def _send(server: MailServer, mail: EmailMessage) -> None:
    sender, to = (mail[name].addresses[0].addr_spec for name in ("From", "To"))
    with _connected(server) as smtp:
        if server.security == "starttls":
            smtp.starttls(context=ssl.create_default_context())
        if server.username:
            _sign_in(smtp, server.username, server.password or "")
        smtp.send_message(mail, sender, [to])


@contextmanager
def _connected(server: MailServer) -> Iterator[smtplib.SMTP]:
    """A connection, ended politely if the other side still listens: what it took, it has taken, whatever comes then."""
    if server.security == "tls":
        context = ssl.create_default_context()
        smtp: smtplib.SMTP = smtplib.SMTP_SSL(
            server.host, server.port, timeout=SOCKET_SECONDS, context=context
        )
    else:
        smtp = smtplib.SMTP(server.host, server.port, timeout=SOCKET_SECONDS)
    try:
        yield smtp
        with suppress(smtplib.SMTPException, OSError):
            smtp.quit()
    finally:
        smtp.close()


def _sign_in(smtp: smtplib.SMTP, user: str, password: str) -> None:
    """As smtplib does; but it knows ASCII alone, where RFC 4616 has UTF-8."""
    if user.isascii() and password.isascii():
        smtp.login(user, password)
        return
    smtp.ehlo_or_helo_if_needed()
    if "PLAIN" not in smtp.esmtp_features.get("auth", "").upper().split():
        raise smtplib.SMTPNotSupportedError(
            "the server does not offer AUTH PLAIN, which a password beyond ASCII needs"
        )
    code, said = smtp.docmd("AUTH", f"PLAIN {_plain(user, password)}")
    if code not in (235, 503):
        raise smtplib.SMTPAuthenticationError(code, said)


def _plain(user: str, password: str) -> str:
    return base64.b64encode(f"\0{user}\0{password}".encode()).decode()


def _reason(error: Exception) -> tuple[str, bool]:
    """What went wrong, in the server's words, and whether it is so for good (RFC 5321, 4.2.1)."""
    match error:
        case smtplib.SMTPRecipientsRefused():
            code, said = next(iter(error.recipients.values()))
            return f"the server refuses the recipient: {code} {_words(said)}", 500 <= code < 600
        case smtplib.SMTPSenderRefused():
            reply = f"{error.smtp_code} {_words(error.smtp_error)}"
            return f"the server refuses the sender: {reply}", 500 <= error.smtp_code < 600
        case smtplib.SMTPResponseException():
            return f"{error.smtp_code} {_words(error.smtp_error)}", 500 <= error.smtp_code < 600
        case NoAnswerError() | smtplib.SMTPException():
            return str(error) or type(error).__name__, False
        case TimeoutError():
            return f"no answer within {exact_span(round(SOCKET_SECONDS * SECOND))}", False
        case _:
            return f"{type(error).__name__}: {error}", False


def _words(said: bytes | str) -> str:
    return one_line(said.decode("utf-8", "replace") if isinstance(said, bytes) else said)


def _secrets(server: MailServer | None) -> set[str]:
    """The password in each form in which it travels."""
    if server is None or not server.password:
        return set()
    user, password = server.username or "", server.password
    encoded = {base64.b64encode(text.encode()).decode() for text in (password, f"\0{user}\0{password}")}
    return {password, quote(password, safe=""), *encoded}
