"""Webhooks: each message as signed JSON to an address of the laboratory's own (a LIMS, a chat bot, a siren).

The address is ``webhook:https://…`` (``http://`` for this machine alone), with the person's ``webhook_key``. The body
is ``{id, kind, alarm, recipient, subject, text, sent_at}``: ``alarm`` is the alarm as docs/json.md has it, as it is
when this is sent, or null; ``kind`` is ``opened``, ``again``, ``reminder``, ``taken``, ``closed``, ``notice``,
``digest`` or ``test``. Any 2xx means that it was taken. What isn't is sent again, with the same ``Idempotency-Key`` and
another signature. Messages to one address come one after another, in order, but one that fails lets the next ones by.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable
from urllib.parse import quote, urlsplit

from monitor.core.time.instant import SECOND, format_instant
from monitor.ports import Clock, DeliveryError, Notification
from monitor.telling.media.address import Reveal, revealed
from monitor.telling.media.attempt import DELIVERY_SECONDS, Attempts, NoAnswerError
from monitor.telling.media.post import NotReachedError, post
from monitor.telling.media.shown import url_secrets, without

PREFIX = "webhook:"
SIGNATURE, IDEMPOTENCY = "X-Exosome-Signature", "Idempotency-Key"
_NOT_FOR_OTHERS = ("told", "history", "children", "suppression")
"""What is beside the alarm itself in :meth:`monitor.ports.View.alarm`: other people's addresses among it."""


class WebhookMedium:
    """Posts messages, signed with the key that ``key_of`` gives for a recipient's name (None: none is configured)."""

    def __init__(
        self,
        clock: Clock,
        key_of: Callable[[str], str | None],
        *,
        reveal: Reveal = str,
        seconds: float = DELIVERY_SECONDS,
    ) -> None:
        self._clock = clock
        self._key_of = key_of
        self._reveal = reveal
        self._attempts = Attempts(seconds)

    def deliver(self, notification: Notification) -> None:
        """Posts the message; raises :class:`DeliveryError`."""
        address = revealed(self._reveal, notification.address)
        url = address.removeprefix(PREFIX)
        key = self._key_of(notification.recipient)
        if not key:
            text = f"webhook of {notification.recipient}: it has no webhook_key. Set one in people.toml"
            raise DeliveryError(text, permanent=True)

        def failure(reason: str, *, permanent: bool = False, retry_after: int | None = None) -> DeliveryError:
            told = without({*url_secrets(url), *url_secrets(notification.link), key}, reason)
            text = f"webhook to {urlsplit(url).hostname}: {told}. Check the address, and what receives there"
            return DeliveryError(text, permanent=permanent, retry_after=retry_after)

        def send() -> None:
            now = self._clock.now()
            body = body_of(notification, now)
            answer = post(url, body, headers_of(notification, body, key, now), now=now)
            if not 200 <= answer.status < 300:
                raise failure(answer.reason, permanent=answer.is_permanent, retry_after=answer.retry_after)

        try:
            self._attempts.run(address, notification.id, send)
        except (NoAnswerError, NotReachedError) as error:
            raise failure(str(error)) from error


def body_of(notification: Notification, now: int) -> bytes:
    """The JSON of a message that is sent at ``now`` (ms)."""
    alarm = notification.alarm
    kept = alarm and {name: value for name, value in alarm.items() if name not in _NOT_FOR_OTHERS}
    return json.dumps(
        {
            "id": notification.id,
            "kind": notification.kind,
            "alarm": kept,
            "recipient": notification.recipient,
            "subject": notification.subject,
            "text": notification.body,
            "sent_at": format_instant(now),
        },
        ensure_ascii=False,
        allow_nan=False,
    ).encode()


def headers_of(notification: Notification, body: bytes, key: str, now: int) -> dict[str, str]:
    """What names the message, and proves who sent it when."""
    at = now // SECOND
    return {
        IDEMPOTENCY: quote(notification.id, safe=" !\"#$&'()*+,/:;<=>?@[]^`{|}%"),
        SIGNATURE: f"t={at},v1={signature(key, at, body)}",
    }


def signature(key: str, at: int, body: bytes) -> str:
    """HMAC-SHA256 in hexadecimal of the seconds since 1970, a full stop, and the body."""
    return hmac.new(key.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
