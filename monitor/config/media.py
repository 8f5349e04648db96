"""The media, as far as ``people.toml`` knows them: a row says of each how its addresses look, and what they need.

The medium itself is :data:`monitor.telling.media.registry.WAYS`, under the same name.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from monitor.config.secret.secret import SHOWN, redacted

_ROUTING_KEY = re.compile(r"[A-Za-z0-9]{32}")
_URL = re.compile(r"[a-z][a-z0-9+.-]*://\S+", re.IGNORECASE)
_LOOPBACK = re.compile(r"localhost|127(?:\.\d{1,3}){3}|::1")
_WEBHOOK = "webhook:https://HOST/PATH (http:// only for this machine itself)"
_PAGERDUTY = "pagerduty: and a routing key of 32 letters and digits (the integration key of a service)"


def _mistake_in_key(key: str) -> str:
    return "" if _ROUTING_KEY.fullmatch(key) else _PAGERDUTY


def _mistake_in_webhook(url: str) -> str:
    """A webhook may be where it is encrypted, or on this machine."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return _WEBHOOK
    if not host or _URL.fullmatch(url) is None or not url.isprintable():
        return _WEBHOOK
    if parts.scheme != "https" and not (parts.scheme == "http" and _LOOPBACK.fullmatch(host)):
        return _WEBHOOK
    expected_port = "a port from 1 to 65535 after the host, or none"
    try:
        return "" if parts.port != 0 else expected_port
    except ValueError:  # no number, or too great
        return expected_port


@dataclass(frozen=True, slots=True)
class AddressKind:
    """The addresses of one medium.

    ``pattern`` finds them, and ``address`` in it what ``mistake`` is asked of: what was expected instead, empty where
    it is right. ``shown`` says an address without what may be a token; ``told`` says in its place what stands there
    when it is refused, because even a wrong one may be a secret (empty: the address itself). ``needs`` is what has to
    be configured beside it, once.
    """

    medium: str
    looks_like: str
    pattern: re.Pattern[str]
    shown: Callable[[str], str]
    mistake: Callable[[str], str] = lambda _: ""
    told: str = ""
    needs: Literal["mail.host", "webhook_key"] | None = None
    ignores_case: bool = False


_ROWS = (
    AddressKind(
        "mail",
        "a mail address",
        re.compile(r"(?P<address>[^\s@:/]+@[^\s@:/]+\.[^\s@:/]+|[^\s@:/]+@localhost)"),
        shown=str,
        needs="mail.host",
        ignores_case=True,
    ),
    AddressKind(
        "pagerduty",
        "pagerduty:ROUTING_KEY",
        re.compile(r"pagerduty:(?!//)(?P<address>.*)", re.DOTALL),
        shown=lambda _: f"pagerduty:{SHOWN}",
        mistake=_mistake_in_key,
        told="another text after pagerduty:",
    ),
    AddressKind(
        "webhook",
        "webhook:https://…",
        re.compile(r"webhook:(?P<address>.*)", re.DOTALL),
        shown=redacted,  # signed: the URL itself proves nothing
        mistake=_mistake_in_webhook,
        needs="webhook_key",
    ),
    AddressKind(
        "apprise",
        "an Apprise URL",
        re.compile(rf"(?P<address>{_URL.pattern})", re.IGNORECASE),
        shown=lambda url: f"{url.partition('://')[0]}://{SHOWN}",
    ),
)
ADDRESS_KINDS = {kind.medium: kind for kind in _ROWS}
"""Every medium that an address may be of, by its name. An address belongs to the first whose pattern it has."""
EXPECTED = ", ".join(kind.looks_like for kind in _ROWS)


def kind_of(address: str) -> tuple[AddressKind | None, str]:
    """The kind of an address and what is wrong with it, in words that say what was expected; empty: nothing."""
    for kind in _ROWS:
        match = kind.pattern.fullmatch(address)
        if match is not None:
            return kind, kind.mistake(match["address"])
    return None, EXPECTED
