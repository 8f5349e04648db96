"""Every service that Apprise speaks, by its URL: push, chat, text messages."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable

import apprise

from monitor.ports import DeliveryError, Notification
from monitor.telling.media.address import Reveal, revealed
from monitor.telling.media.attempt import DELIVERY_SECONDS, SOCKET_SECONDS, Attempts, NoAnswerError
from monitor.telling.media.shown import url_secrets, without

NOT_UNDERSTOOD = "Apprise does not understand this address"

# Apprise logs reasons at DEBUG only, some with what was sent, and whole addresses: for us, not for the process's log.
_logger = logging.getLogger("apprise")
_logger.setLevel(logging.DEBUG)
_logger.propagate = False


class AppriseMedium:
    """Delivers to the URL that an address is.

    ``deliver`` returns, or raises :class:`DeliveryError`, within ``seconds``; :class:`Attempts` says what comes later.
    """

    def __init__(self, *, reveal: Reveal = str, seconds: float = DELIVERY_SECONDS) -> None:
        self._reveal = reveal
        self._attempts = Attempts(seconds)

    def deliver(self, notification: Notification) -> None:
        """Hands the message to the service; raises :class:`DeliveryError` with the reason Apprise gave."""
        url = revealed(self._reveal, notification.address)
        try:
            self._attempts.run(url, notification.id, lambda: _notify(url, notification))
        except NoAnswerError as error:
            raise _error(url, str(error)) from error
        except _RefusedError as error:
            raise _error(url, str(error), permanent=is_permanent(str(error))) from error
        except Exception as error:  # whatever a plugin raises is this message's failure
            raise _error(url, f"{type(error).__name__}: {error}") from error


def understands(url: str) -> bool:
    """Whether Apprise knows the service of a URL, and finds in it what that service needs."""
    return apprise.Apprise.instantiate(url, suppress_exceptions=True) is not None


class _RefusedError(Exception):
    """Apprise could not deliver; the text is the reason that it logged."""


def _error(url: str, reason: str, *, permanent: bool = False) -> DeliveryError:
    """What, where, why and the remedy, with nothing secret: a URL may hold a token anywhere in it."""
    scheme, told = url.partition("://")[0], without(url_secrets(url), reason)
    text = f"message by {scheme}: {told}. Check this address, and that the service can be reached"
    return DeliveryError(text, permanent=permanent)


def _notify(url: str, notification: Notification) -> None:
    """Sends by Apprise; raises :class:`_RefusedError` if the service did not take it."""
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
        raise _RefusedError(NOT_UNDERSTOOD)
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
    if not result:
        raise _RefusedError(reason_from((entry.level, entry.message) for entry in result.logs()))


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
