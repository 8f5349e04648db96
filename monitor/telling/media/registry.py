"""Every medium by its name: how it is made from the configuration, and what it makes of an address.

Beside each stands its row in :mod:`monitor.config.media`, which says how its addresses look; the console has none.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import NamedTuple

from monitor.config import Configuration, ConfigurationError
from monitor.config.file.problem import Problem
from monitor.ports import Clock, Medium
from monitor.telling.link_key import installation_id
from monitor.telling.media.address import Reveal
from monitor.telling.media.apprise_medium import AppriseMedium, understands
from monitor.telling.media.console import ConsoleMedium
from monitor.telling.media.mail import MailMedium, MailServer, Security
from monitor.telling.media.pagerduty import PagerDutyMedium
from monitor.telling.media.webhook import WebhookMedium

NOT_UNDERSTOOD_EXPECTED = (
    "a URL that Apprise understands (a service that it knows, with all that this service needs); "
    "for a webhook of your own write webhook:https://…"
)


class Outfit(NamedTuple):
    """What media are made of. ``installation`` tells other services ours from another one; ``key_of`` gives the key
    that signs what goes to a person's webhooks."""

    configuration: Configuration
    clock: Clock
    installation: str
    reveal: Reveal
    key_of: Callable[[str], str | None]


class Way(NamedTuple):
    """A medium: ``make`` makes it; ``understands`` says of an address, before anybody relies on it, whether it leads
    anywhere, and ``expected`` what would."""

    make: Callable[[Outfit], Medium]
    understands: Callable[[str], bool] = lambda _: True
    expected: str = ""


def _mail(outfit: Outfit) -> Medium:
    server = _mail_server(outfit.configuration)
    return MailMedium(server, outfit.clock, installation=outfit.installation, reveal=outfit.reveal)


def _mail_server(configuration: Configuration) -> MailServer | None:
    mail = configuration.mail
    if not mail.host:
        return None
    security: Security = "tls" if mail.tls else "starttls" if mail.starttls else "none"
    password = None if mail.password is None else mail.password.reveal()
    return MailServer(mail.host, mail.port, mail.sender, mail.username, password, security)


def _pagerduty(outfit: Outfit) -> Medium:
    return PagerDutyMedium(
        outfit.clock,
        installation=outfit.installation,
        external_url=outfit.configuration.web.external_url,
        reveal=outfit.reveal,
    )


WAYS: Mapping[str, Way] = {
    "mail": Way(_mail),
    "pagerduty": Way(_pagerduty),
    "webhook": Way(lambda outfit: WebhookMedium(outfit.clock, outfit.key_of, reveal=outfit.reveal)),
    "apprise": Way(lambda outfit: AppriseMedium(reveal=outfit.reveal), understands, NOT_UNDERSTOOD_EXPECTED),
    "console": Way(lambda _: ConsoleMedium(sys.stderr)),
}


def media_of(configuration: Configuration, clock: Clock, key: bytes | None = None) -> dict[str, Medium]:
    """A medium of each kind. Addresses kept elsewhere are looked up when a message is sent. ``key``: the installation's
    (:mod:`monitor.telling.link_key`), by which other services tell it from another one; None: only for a test."""
    kept = {a.source: a.value for person in configuration.people for a in person.addresses}
    keys = {person.name: person.webhook_key for person in configuration.people}

    def reveal(source: str) -> str:
        return kept[source].reveal() if source in kept else source

    def key_of(person: str) -> str | None:
        secret = keys.get(person)
        return None if secret is None else secret.reveal()

    installation = "" if key is None else installation_id(key)
    outfit = Outfit(configuration, clock, installation, reveal, key_of)
    return {name: way.make(outfit) for name, way in WAYS.items()}


def refuse_unknown_services(configuration: Configuration) -> None:
    """Raises ConfigurationError for addresses that their medium doesn't understand: nobody would ever be told there."""
    problems = [
        Problem("people.toml", address.key, address.shown, WAYS[address.medium].expected)
        for person in configuration.people
        for address in person.addresses
        if not WAYS[address.medium].understands(address.value.reveal())
    ]
    if problems:
        raise ConfigurationError(configuration.directory, problems)
