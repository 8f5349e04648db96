"""Addresses of people: which medium each is for, where it is kept, and what may be wrong with it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, NamedTuple
from urllib.parse import urlsplit

from monitor.config.file.problem import Review
from monitor.config.model import REFERENCES, Address
from monitor.config.secret.places import secret_file
from monitor.config.secret.secret import Secret

FILE = "people.toml"
LEAST_KEY = 16
"""How many characters the key of a webhook has at least."""

_MAIL = re.compile(r"[^\s@:/]+@[^\s@:/]+\.[^\s@:/]+|[^\s@:/]+@localhost")
_URL = re.compile(r"[a-z][a-z0-9+.-]*://\S+", re.IGNORECASE)
_PAGERDUTY = re.compile(r"pagerduty:(?!//)(.*)", re.DOTALL)
_ROUTING_KEY = re.compile(r"[A-Za-z0-9]{32}")
_WEBHOOK = re.compile(r"webhook:(.*)", re.DOTALL)
_LOOPBACK = re.compile(r"localhost|127(?:\.\d{1,3}){3}|::1")
_KINDS = "a mail address, pagerduty:ROUTING_KEY, webhook:https://…, an Apprise URL"
_EXPECTED = f"{_KINDS}, env:NAME or file:PATH"
_EXPECTED_PAGERDUTY = (
    "pagerduty: and a routing key of 32 letters and digits (the integration key of a service)"
)
_EXPECTED_WEBHOOK = "webhook:https://HOST/PATH (http:// only for this machine itself)"
_EXPECTED_PORT = "a port from 1 to 65535 after the host, or none"

Kind = Literal["mail", "pagerduty", "webhook", "apprise"]


class Place(NamedTuple):
    """Where a value stands: its key in people.toml, the configuration's directory, and the environment."""

    key: str
    directory: Path
    environ: Mapping[str, str]


def address_of(source: str, place: Place, review: Review) -> Address | None:
    """Where ``source`` leads; None, and a mistake, if it leads nowhere."""
    value = kept_at(source, place, review) if source.startswith(REFERENCES) else Secret(source)
    if value is None:
        return None
    kind, expected = _kind(value.reveal())
    if kind is not None:
        return Address(kind, source, value, place.key)
    if source.startswith(REFERENCES):
        review.refuse_text(FILE, place.key, f"something else at {source}", f"{expected} there")
    elif expected == _EXPECTED_PAGERDUTY:
        review.refuse_text(
            FILE, place.key, "another text after pagerduty:", expected
        )  # it may be a key all the same
    else:
        review.refuse(FILE, place.key, source, _EXPECTED if expected == _KINDS else expected)
    return None


def _kind(value: str) -> tuple[Kind | None, str]:
    """The medium of an address, or None and what it should have been."""
    if (found := _PAGERDUTY.fullmatch(value)) is not None:
        return ("pagerduty", "") if _ROUTING_KEY.fullmatch(found[1]) else (None, _EXPECTED_PAGERDUTY)
    if (found := _WEBHOOK.fullmatch(value)) is not None:
        expected = _refused_webhook(found[1])
        return (None, expected) if expected else ("webhook", "")
    if _MAIL.fullmatch(value):
        return "mail", ""
    return ("apprise", "") if _URL.fullmatch(value) else (None, _KINDS)


def _refused_webhook(url: str) -> str:
    """What was expected where no webhook may be; empty where one may: encrypted, or on this machine."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return _EXPECTED_WEBHOOK
    if not host or _URL.fullmatch(url) is None or not url.isprintable():
        return _EXPECTED_WEBHOOK
    if parts.scheme != "https" and not (parts.scheme == "http" and _LOOPBACK.fullmatch(host)):
        return _EXPECTED_WEBHOOK
    try:
        return "" if parts.port != 0 else _EXPECTED_PORT
    except ValueError:  # no number, or too great
        return _EXPECTED_PORT


def webhook_key_of(
    source: str | None, addresses: list[Address], place: Place, review: Review
) -> Secret | None:
    """The key that signs a person's webhooks, from where it is kept; a mistake where there is one without the other."""
    has_webhook = any(address.medium == "webhook" for address in addresses)
    if source is None:
        if has_webhook:
            review.refuse(
                FILE, place.key, None, "env:NAME or file:PATH: the key that signs what goes to its webhook"
            )
        return None
    if not source.startswith(REFERENCES):
        found = "a text that begins with neither env: nor file:"  # it isn't shown, for it may be the key
        review.refuse_text(
            FILE, place.key, found, "env:NAME or file:PATH, which says where the key is kept; never the key"
        )
        return None
    if not has_webhook:
        review.warn(FILE, f"{place.key} is set, but no address of this person is a webhook")
    value = kept_at(source, place, review)
    if value is not None and len(value.reveal()) < LEAST_KEY:
        expected = f"at least {LEAST_KEY} characters there, such as 'openssl rand -hex 32' gives"
        review.refuse_text(FILE, place.key, f"a short key at {source}", expected)
        return None
    return value


def kept_at(source: str, place: Place, review: Review) -> Secret | None:
    """What a variable or a file holds; None, and a mistake, where that is nothing."""
    if source.startswith("file:"):
        return secret_file(place.directory.absolute() / source.removeprefix("file:"), FILE, place.key, review)
    text = place.environ.get(source.removeprefix("env:"), "").strip()
    if not text:
        review.refuse(FILE, place.key, source, "a variable that is set in the environment")
        return None
    return Secret(text)


def refuse_unsent_mail(addresses: list[Address], mail_host: str, review: Review) -> None:
    """Refuses mail addresses where no mail is sent: alarms would wait for ever. Silent where [mail] has a mistake of
    its own, as nobody knows then what it says."""
    is_unknown = any(
        one.file in ("monitor.toml", "environment") and (not one.key or "mail" in one.key.lower())
        for one in review.problems
    )
    if mail_host or is_unknown:
        return
    for address in addresses:
        if address.medium == "mail":
            review.refuse(
                FILE,
                address.key,
                address.source,
                "[mail] host in monitor.toml (it is empty: no mail is sent), or an address of another kind",
            )
