"""Ways to reach a person: mail and every other service that Apprise speaks, and a console for demonstrations.

A medium may be called from several threads at once, for different addresses.
"""

from __future__ import annotations

import base64
import logging
import re
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Literal, TextIO
from urllib.parse import quote, unquote, urlencode

import apprise
from rich.console import Console
from rich.panel import Panel
from rich.text import Text

from monitor.ports import DeliveryError, Notification

SOCKET_SECONDS = 10.0
DELIVERY_SECONDS = 14.0
NOT_UNDERSTOOD = "Apprise does not understand this address"

Security = Literal["none", "starttls", "tls"]
_APPRISE_MODE = {"none": "insecure", "starttls": "starttls", "tls": "ssl"}
_MAIL = re.compile(r"[^@\s/:,;<>]+@[^@\s/:,;<>]+")
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://\S+")


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


def medium_for(address: str) -> str:
    """The kind of medium that reaches an address: ``mail``, ``apprise`` (any URL) or ``console``.

    Raises ValueError, in words for the person who configures, for anything else.
    """
    if address == "console":
        return "console"
    if _URL.fullmatch(address):
        return "apprise"
    if _MAIL.fullmatch(address):
        return "mail"
    raise ValueError("an address is one mail address (anna@lab.example), an Apprise URL, or console")


def mailto_url(server: MailServer, to: str) -> str:
    """The Apprise URL that sends one mail to ``to`` through ``server``. It holds the password: don't show it.

    ``smtp`` is given although it repeats the host: without it Apprise would take settings of its own for the
    well-known mail providers.
    """
    sign_in = ""
    if server.username:
        secret = f":{quote(server.password, safe='')}" if server.password else ""
        sign_in = f"{quote(server.username, safe='')}{secret}@"
    schema = "mailto" if server.security == "none" else "mailtos"
    settings = {
        "from": server.sender,
        "to": to,
        "smtp": server.host,
        "mode": _APPRISE_MODE[server.security],
        "format": "text",
    }
    host = f"[{server.host}]" if ":" in server.host else server.host
    return f"{schema}://{sign_in}{host}:{server.port}/?{urlencode(settings, quote_via=quote)}"


class AppriseMedium:
    """Delivers through Apprise: a mail address by way of ``mail``, any other address as the URL that it is.

    ``deliver`` returns, or raises :class:`DeliveryError`, within ``seconds``: every socket operation is
    bounded, and so is the wait for the whole attempt (a peer that sends a byte now and then, or a name server
    that never answers, outlasts every socket timeout). At most one attempt per address is left behind so;
    what it delivers after all is remembered, and counts when that message is tried again.

    ``reveal`` turns an address as it is stored (``env:NAME``, ``file:PATH``) into the one to use, so that no
    secret stands in the outbox; it raises ValueError, LookupError or OSError if it can't.
    """

    def __init__(
        self,
        mail: MailServer | None = None,
        *,
        reveal: Callable[[str], str] = str,
        seconds: float = DELIVERY_SECONDS,
    ) -> None:
        self._mail = mail
        self._reveal = reveal
        self._seconds = seconds
        self._left: dict[str, _Attempt] = {}
        self._lock = threading.Lock()
        # Apprise logs reasons at DEBUG only, some with what was sent: for us, not for the process's log.
        logger = logging.getLogger("apprise")
        logger.setLevel(logging.DEBUG)
        logger.propagate = False

    def deliver(self, notification: Notification) -> None:
        """Hands the message to the service; raises :class:`DeliveryError` with the reason Apprise gave."""
        address = self._revealed(notification.address)
        url = self._url(address)
        left = self._take_left(address)
        if left is not None and left.delivered(notification.id):
            return
        attempt = _Attempt(notification.id, lambda: _notify(url, notification))
        if not attempt.finish_within(self._seconds):
            with self._lock:
                self._left[address] = attempt
            raise self._error(address, f"no answer within {self._seconds:g} s")
        if attempt.reason is not None:
            raise self._error(address, attempt.reason, permanent=is_permanent(attempt.reason))

    def _take_left(self, address: str) -> _Attempt | None:
        """The attempt that was left behind for an address, now over; raises while it still runs."""
        with self._lock:
            left = self._left.get(address)
            if left is not None and left.running:
                raise self._error(address, "an earlier attempt still gets no answer")
            return self._left.pop(address, None)

    def _revealed(self, stored: str) -> str:
        try:
            return self._reveal(stored)
        except (ValueError, LookupError, OSError) as error:
            shown = stored if "://" not in stored else f"{stored.partition('://')[0]}://..."
            message = f"address {shown} cannot be read ({type(error).__name__}). Check people.toml"
            raise DeliveryError(message) from error

    def _url(self, address: str) -> str:
        if "://" in address:
            return address
        if not _MAIL.fullmatch(address):
            raise self._error(address, "this is not one mail address", permanent=True)
        if self._mail is None:
            raise self._error(address, "no mail server is configured", permanent=True)
        return mailto_url(self._mail, address)

    def _error(self, address: str, reason: str, *, permanent: bool = False) -> DeliveryError:
        """What, where, why and the remedy, with nothing secret: a URL may hold a token anywhere in it."""
        if "://" in address:
            scheme = address.partition("://")[0]
            told = _without(_url_secrets(address), reason)
            text = f"message by {scheme}: {told}. Check this address, and that the service can be reached"
        else:
            through = f" through {self._mail.host}:{self._mail.port}" if self._mail else ""
            told = _without(_mail_secrets(self._mail), reason)
            text = f"mail to {address}{through}: {told}. Check the address, [mail], and the mail server"
        return DeliveryError(text, permanent=permanent)


class _Attempt:
    """One delivery in a thread of its own, which a process that ends doesn't wait for.

    ``reason`` is None if the service took the message, else why not; it holds once ``running`` is false.
    """

    def __init__(self, notification_id: str, send: Callable[[], str | None]) -> None:
        self.reason: str | None = "not finished"
        self._id = notification_id
        self._send = send
        self._thread = threading.Thread(target=self._run, name="deliver", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self.reason = self._send()
        except Exception as error:  # whatever a plugin raises is this message's failure
            self.reason = f"{type(error).__name__}: {error}"

    @property
    def running(self) -> bool:
        """Whether the service hasn't answered yet."""
        return self._thread.is_alive()

    def finish_within(self, seconds: float) -> bool:
        """Waits for the end, at most so long; whether it came."""
        self._thread.join(seconds)
        return not self.running

    def delivered(self, notification_id: str) -> bool:
        """Whether this attempt delivered that message."""
        return self._id == notification_id and self.reason is None


class ConsoleMedium:
    """Writes each message as one framed block to a stream: for demonstrations, and for trying routes out.

    It waits as long as the reader of a pipe makes it; no other address waits with it.
    """

    def __init__(self, stream: TextIO, *, width: int | None = None) -> None:
        self._console = Console(file=stream, width=width, highlight=False, emoji=False, markup=False)
        self._lock = threading.Lock()

    def deliver(self, notification: Notification) -> None:
        """Writes the message; raises :class:`DeliveryError` if the stream is closed or full."""
        text = Text(notification.body.rstrip())
        text.highlight_regex(r"\A.*", "bold")
        frame = Panel(text, title=Text(f"to {notification.recipient}"), title_align="left", padding=(0, 1))
        try:
            with self._lock:
                self._console.print(frame)
                self._console.file.flush()
        except (OSError, ValueError) as error:
            message = f"console: {error}. Run where the output is open, or use mail"
            raise DeliveryError(message) from error


def _notify(url: str, notification: Notification) -> str | None:
    """Sends by Apprise; None if the service took it, else the reason that Apprise logged."""
    # Apprise's own time limit is off: it leaves threads behind that a process waits for at its end.
    # No image addresses: else services would fetch Apprise's logo from the internet.
    asset = apprise.AppriseAsset(
        app_id="exosome-monitor",
        app_desc="Exosome product storage monitor",
        app_url="",
        image_url_mask="",
        image_url_logo="",
        service_timeout=0,
        async_mode=False,
    )
    service = apprise.Apprise.instantiate(url, asset=asset)
    if service is None:
        return NOT_UNDERSTOOD
    service.socket_connect_timeout = min(service.socket_connect_timeout, SOCKET_SECONDS)
    service.socket_read_timeout = min(service.socket_read_timeout, SOCKET_SECONDS)
    sender = apprise.Apprise(asset=asset)
    sender.add(service)
    result = sender.notify(
        title=notification.subject,
        body=notification.body,
        body_format=apprise.NotifyFormat.TEXT,
        log_level=logging.DEBUG,
    )
    return None if result else reason_from((entry.level, entry.message) for entry in result.logs())


def reason_from(log: Iterable[tuple[str, str]]) -> str:
    """What went wrong, from Apprise's log (level, message): warnings, and exceptions noted at DEBUG."""
    told: list[str] = []
    for level, message in log:
        exception = re.match(r"(?:Socket|Notification) Exception: (.*)", message, re.DOTALL)
        if exception is not None:
            told.append(exception[1])
        elif level not in ("TRACE", "DEBUG", "INFO"):
            told.append(message)
    return "; ".join(" ".join(text.split()).rstrip(".") for text in told)[:1000] or "no reason given"


def is_permanent(reason: str) -> bool:
    """Whether trying again soon is pointless: SMTP reply 5yz (RFC 5321, 4.2.1), HTTP 4xx that blames us."""
    if reason == NOT_UNDERSTOOD:
        return True
    smtp = re.search(r"\((\d{3}), b['\"]", reason)
    if smtp is not None:
        return smtp[1].startswith("5")
    http = re.search(r"error=(\d{3})\b", reason)
    return http is not None and http[1] in ("400", "401", "403", "404", "405", "410", "413", "422")


def _mail_secrets(server: MailServer | None) -> set[str]:
    """The password in each form in which it travels."""
    if server is None or not server.password:
        return set()
    sign_in = (server.password, f"\0{server.username or ''}\0{server.password}")
    encoded = {base64.b64encode(text.encode()).decode() for text in sign_in}
    return {server.password, quote(server.password, safe=""), *encoded}


def _url_secrets(url: str) -> set[str]:
    """Every part of an Apprise URL that may be a token: all but scheme, short words and a host with dots."""
    rest = url.partition("://")[2]
    host = rest.partition("/")[0].rpartition("@")[2].partition(":")[0]
    pieces = {piece for piece in re.split(r"[/:?&=#@,+]", rest) if len(piece) > 3}
    if "." in host or host == "localhost":
        pieces.discard(host)
    return pieces | {unquote(piece) for piece in pieces}


def _without(secrets: Iterable[str], text: str) -> str:
    """The text with each secret as ``***``; the longest first, as one may hold another."""
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, "***")
    return text
