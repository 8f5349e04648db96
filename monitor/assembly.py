"""Configuration → adapters: each part of the program made from what the files say, before anything runs."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import structlog

from monitor.alerting import message
from monitor.alerting.media import AppriseMedium, ConsoleMedium, MailServer
from monitor.config import Configuration
from monitor.core.installation import Installation, Probe, Unit
from monitor.core.rules import ChannelRules
from monitor.core.told import Recipient
from monitor.core.unit import Channel
from monitor.influx.sink import FileSink, InfluxSink, open_sink
from monitor.ports import JSON, Medium
from monitor.store.rulebook import Rulebook, load_rulebook
from monitor.store.store import Store

log = structlog.get_logger(__name__)


def installation_of(configuration: Configuration) -> Installation:
    """What is watched."""
    units = {
        unit.path: Unit(
            site=unit.site,
            name=unit.name,
            title=unit.title,
            profile=unit.profile,
            storage_class=unit.storage_class,
            product_probe=unit.product_probe,
            probes=tuple(
                Probe(
                    channel=Channel(unit.site, unit.name, probe.name),
                    settings=probe.settings,
                    silent_after=probe.silent_after,
                    profile=probe.profile,
                    alarms=probe.alarms,
                    calibration_due=probe.calibration_due,
                )
                for probe in unit.probes
            ),
        )
        for unit in configuration.units
    }
    return Installation(units, {name: site.zone for name, site in configuration.sites.items()})


def recipients_of(configuration: Configuration) -> list[Recipient]:
    """Everyone who is told of every alarm, at each of their addresses, and the console if it is on."""
    found = [
        Recipient(person.name, address.medium, address.source)
        for person in configuration.people
        for address in person.addresses
    ]
    if configuration.alerting.console:
        found.append(Recipient("console", "console", "console"))
    return found


def is_anybody_told(configuration: Configuration) -> bool:
    """Whether an alarm reaches a person; a console is none."""
    return any(person.addresses for person in configuration.people)


def media_of(configuration: Configuration) -> dict[str, Medium]:
    """A medium of each kind. Addresses kept elsewhere are looked up when a message is sent."""
    mail = configuration.mail
    server = None
    if mail.host:
        security = "tls" if mail.tls else "starttls" if mail.starttls else "none"
        password = None if mail.password is None else mail.password.reveal()
        server = MailServer(mail.host, mail.port, mail.sender, mail.username, password, security)  # type: ignore[arg-type]
    kept = {a.source: a.value for person in configuration.people for a in person.addresses}

    def reveal(source: str) -> str:
        return kept[source].reveal() if source in kept else source

    person = AppriseMedium(server, reveal=reveal)
    return {"mail": person, "apprise": person, "console": ConsoleMedium(sys.stderr)}


class MessageWording:
    """Implements :class:`monitor.ports.Wording` with the alerting room's texts."""

    def __init__(self, configuration: Configuration) -> None:
        zones = {name: site.zone for name, site in configuration.sites.items()}
        self._context = message.Context(zones, configuration.web.base_url)

    def opened(self, alarm: JSON) -> tuple[str, str]:
        return message.opened(alarm, self._context)

    def closed(self, alarm: JSON) -> tuple[str, str]:
        return message.closed(alarm, self._context)

    def digest(
        self, site: str, day: str, lots: Sequence[JSON], past: Sequence[JSON], open_alarms: Sequence[JSON]
    ) -> tuple[str, str]:
        return message.digest(site, day, list(lots), list(past), list(open_alarms), self._context)


class _InfluxSettings(NamedTuple):
    url: str
    org: str
    bucket: str
    token: str


def sink_of(configuration: Configuration) -> InfluxSink | FileSink | None:
    """Where the projection goes: InfluxDB, a file, or nowhere."""
    influx = configuration.influx
    token = "" if influx.token is None else influx.token.reveal()
    return open_sink(_InfluxSettings(influx.url, influx.org, influx.bucket, token))


def token_path(configuration: Configuration, store: Store) -> Path:
    """Where the running program leaves the way into its API: beside the store."""
    beside = store.database.path
    return Path("var/writer.token") if beside is None else beside.with_name(beside.name + ".token")


class Books(NamedTuple):
    """The rules as the store holds them, for what is configured."""

    installation: Installation
    rulebook: Rulebook
    rules: dict[str, ChannelRules]
    channel_ids: dict[str, int]


def open_books(configuration: Configuration, store: Store, now: int) -> Books:
    """Brings the store's rules up to the configuration (the writer's lock must be held)."""
    installation = installation_of(configuration)
    with store.writing() as tx:
        ids = store.add_channels(tx, list(installation.probes()))
        rulebook, changed = load_rulebook(tx, installation, configuration.profiles, now)
    for what in changed:
        log.info("configuration changed: takes effect now", what=what)
    return books_of(installation, rulebook, ids)


def books_of(installation: Installation, rulebook: Rulebook, ids: dict[str, int]) -> Books:
    rules = {channel: rulebook.rules_of(channel) for channel in installation.probes()}
    known = {channel: found for channel, found in rules.items() if found is not None}
    return Books(installation, rulebook, known, ids)


def read_books(configuration: Configuration, store: Store) -> Books:
    """The rules as the running program has them; what it doesn't know yet waits for its restart."""
    installation = installation_of(configuration)
    with store.reading() as tx:
        ids = store.channel_ids(tx)
        known = {
            path: replace(unit, probes=tuple(probe for probe in unit.probes if str(probe.channel) in ids))
            for path, unit in installation.units.items()
            if unit.product_channel in ids
        }
        return books_of(Installation(known, installation.zones), Rulebook(tx, installation.zone_of), ids)
