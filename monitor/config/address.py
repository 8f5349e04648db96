"""Addresses of people: which medium each is for, where it is kept, and what may be wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from monitor.config.file.problem import Review
from monitor.config.media import ADDRESS_KINDS, kind_of
from monitor.config.model import REFERENCES, Address
from monitor.config.secret.places import referred
from monitor.config.secret.secret import Secret

FILE = "people.toml"
LEAST_KEY = 16
"""How many characters the key of a webhook has at least."""


class KeyPlace(NamedTuple):
    """Where a value stands: its key in people.toml, the configuration's directory, and the environment."""

    key: str
    directory: Path
    environ: Mapping[str, str]


def address_of(source: str, place: KeyPlace, review: Review) -> Address | None:
    """Where ``source`` leads; None, and a mistake, if it leads nowhere."""
    value = referred(source, FILE, place.key, place.directory, place.environ, review)
    if value is None:
        return None
    kind, expected = kind_of(value.reveal())
    if kind is not None and not expected:
        return Address(kind.medium, source, value, place.key)
    if source.startswith(REFERENCES):
        review.refuse_text(FILE, place.key, f"something else at {source}", f"{expected} there")
    elif kind is None:
        review.refuse(FILE, place.key, source, f"{expected}, env:NAME or file:PATH")
    elif kind.told:
        review.refuse_text(FILE, place.key, kind.told, expected)
    else:
        review.refuse(FILE, place.key, source, expected)
    return None


def webhook_key_of(
    source: str | None, addresses: list[Address], place: KeyPlace, review: Review
) -> Secret | None:
    """The key that signs a person's webhooks, from where it is kept; a mistake where there is one without the other."""
    has_webhook = any(ADDRESS_KINDS[address.medium].needs == "webhook_key" for address in addresses)
    if source is None:
        if has_webhook:
            review.refuse(
                FILE, place.key, None, "env:NAME or file:PATH: the key that signs what goes to its webhook"
            )
        return None
    if not source.startswith(REFERENCES):
        instead = "a text that begins with neither env: nor file:"  # it isn't shown, for it may be the key
        review.refuse_text(
            FILE, place.key, instead, "env:NAME or file:PATH, which says where the key is kept; never the key"
        )
        return None
    if not has_webhook:
        review.warn(FILE, f"{place.key} is set, but no address of this person is a webhook")
    value = referred(source, FILE, place.key, place.directory, place.environ, review)
    if value is not None and len(value.reveal()) < LEAST_KEY:
        expected = f"at least {LEAST_KEY} characters there, such as 'openssl rand -hex 32' gives"
        review.refuse_text(FILE, place.key, f"a short key at {source}", expected)
        return None
    return value


def refuse_unsent_mail(addresses: list[Address], mail_host: str, review: Review) -> None:
    """Refuses mail addresses where no mail is sent: alarms would wait for ever. Silent where [mail] has a mistake of
    its own, as nobody knows then what it says."""
    is_unknown = any(
        problem.file in ("monitor.toml", "environment") and (not problem.key or "mail" in problem.key.lower())
        for problem in review.problems
    )
    if mail_host or is_unknown:
        return
    for address in addresses:
        if ADDRESS_KINDS[address.medium].needs == "mail.host":
            review.refuse(
                FILE,
                address.key,
                address.source,
                "[mail] host in monitor.toml (it is empty: no mail is sent), or an address of another kind",
            )
