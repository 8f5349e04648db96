"""Configuration → adapters: each part of the program made from what the files say, before anything runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

import structlog

from monitor.config import Configuration, ConfigurationError
from monitor.config.file.problem import Problem
from monitor.core.profile.installation import Installation
from monitor.core.profile.profile import Profile
from monitor.core.profile.rules import ChannelRules
from monitor.core.telling.policy import Contact, Policy, Recipient
from monitor.core.time.recurring import Agenda
from monitor.influx.sink import FileSink, InfluxSink, open_sink
from monitor.ports import Clock, View
from monitor.store.engine import StoreUnreadableError
from monitor.store.rules.rulebook import EditedProfileError, Rulebook, load_rulebook, refuse_edits
from monitor.store.store import Store
from monitor.telling.dead_man import DeadMan
from monitor.telling.finish import Finisher
from monitor.web.charts.mail_chart import alarm_picture
from monitor.words.case import Context
from monitor.words.voice import Voice

log = structlog.get_logger(__name__)


def installation_of(configuration: Configuration) -> Installation:
    """What is watched."""
    units = {unit.path: unit for unit in configuration.units}
    return Installation(units, {name: site.zone for name, site in configuration.sites.items()})


def policy_of(configuration: Configuration) -> Policy:
    """Who is told of what. The console, if it is on, is told of everything."""
    contacts = {
        person.name: Contact(
            name=person.name,
            recipients=tuple(
                Recipient(person.name, address.medium, address.source) for address in person.addresses
            ),
            timezone=person.timezone,
            quiet_hours=person.quiet_hours,
        )
        for person in configuration.people
    }
    console = (Recipient("console", "console", "console"),) if configuration.alerting.console else ()
    return Policy(
        contacts=contacts,
        rotas={rota.name: rota for rota in configuration.rotas},
        ladders={ladder.name: ladder for ladder in configuration.ladders},
        routes=configuration.routes,
        always=console,
        zones={name: site.zone for name, site in configuration.sites.items()},
        rearm_after=configuration.alerting.rearm_after,
    )


def agenda_of(configuration: Configuration) -> Agenda:
    """What is told by the calendar, and to whom."""
    alerting = configuration.alerting
    site = next(iter(configuration.sites.values()), None)
    zones = {person: rota.timezone for rota in reversed(configuration.rotas) for person in rota.everyone()}
    if not zones:
        zones = {one.name: one.timezone or (site.timezone if site else "UTC") for one in configuration.people}
    return Agenda(
        digest=alerting.digest_at,
        summary=alerting.qa_summary,
        drill=alerting.drill,
        qa=tuple(person.name for person in configuration.people if person.qa),
        drilled=tuple((person, ZoneInfo(zone)) for person, zone in sorted(zones.items())),
    )


def dead_man_of(configuration: Configuration, clock: Clock) -> DeadMan | None:
    """What pings an outside URL while all is well; None where none is configured."""
    found = configuration.alerting.dead_man
    return None if found is None else DeadMan(found.url.reveal(), found.every, clock)


def is_anybody_told(configuration: Configuration) -> bool:
    """Whether an alarm reaches a person; a console is none."""
    return any(person.addresses for person in configuration.people)


def finisher_of(configuration: Configuration, view: View, clock: Clock, key: bytes) -> Finisher:
    """What adds to a message, as it is sent, what only its recipient may have, and the picture of the last hours."""
    return Finisher(
        clock,
        alarm_of=view.alarm,
        draw=partial(alarm_picture, view),
        key=key,
        external_url=configuration.web.external_url,
    )


def voice_of(configuration: Configuration, clock: Clock) -> Voice:
    """The voice in which people are told, in the time zones of the sites."""
    zones = {name: site.zone for name, site in configuration.sites.items()}
    return Voice(Context(zones, configuration.web.base_url, clock.now))


def sink_of(configuration: Configuration) -> InfluxSink | FileSink | None:
    """Where the projection goes: InfluxDB, a file, or nowhere."""
    influx = configuration.influx
    token = "" if influx.token is None else influx.token.reveal()
    return open_sink(influx.url, influx.org, influx.bucket, token)


def token_path(store: Store) -> Path:
    """Where the running program leaves the way into its API: beside the store."""
    return _beside(store, ".token", "writer.token")


def link_key_path(store: Store) -> Path:
    """Where the key lies that signs links in messages (:mod:`monitor.telling.link_key`): beside the store."""
    return _beside(store, ".link-key", "link.key")


def _beside(store: Store, ending: str, name: str) -> Path:
    path = store.database.path
    return Path("var") / name if path is None else path.with_name(path.name + ending)


class Books(NamedTuple):
    """The rules as the store holds them, for what is configured."""

    installation: Installation
    rulebook: Rulebook
    rules: dict[str, ChannelRules]
    channel_ids: dict[str, int]


@contextmanager
def _edits_in_words(configuration: Configuration) -> Iterator[None]:
    """A profile that was edited where it may not be is a mistake in its file."""
    try:
        yield
    except EditedProfileError as error:
        files = ((edit, _file_of(configuration.directory, edit.profile)) for edit in error.edits)
        problems = [Problem(file, "version", edit.found, edit.expected) for edit, file in files]
        raise ConfigurationError(configuration.directory, problems) from error


def _file_of(directory: Path, profile: Profile) -> str:
    """The file of a profile version, below the configuration's directory."""
    of_version = f"profiles/{profile.label}.toml"
    return of_version if (directory / of_version).exists() else f"profiles/{profile.name}.toml"


def refuse_edited_profiles(configuration: Configuration) -> None:
    """Raises ConfigurationError if the store's past forbids an edit of a profile. Changes nothing; a store that isn't
    there yet, or not with the tables of this version, has nothing against anything."""
    try:
        store = Store(configuration.store.url, read_only=True)
    except StoreUnreadableError:
        return
    try:
        with store.reading() as tx, _edits_in_words(configuration):
            refuse_edits(tx, configuration.profiles)
    finally:
        store.close()


def open_books(configuration: Configuration, store: Store, now: int) -> Books:
    """Brings the store's rules up to the configuration (the writer's lock must be held).

    Raises ConfigurationError where a profile was edited that has been judging.
    """
    installation = installation_of(configuration)
    with store.writing() as tx:
        ids = store.history.add_channels(tx, list(installation.probes()))
        with _edits_in_words(configuration):
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
        ids = store.history.channel_ids(tx)
        known = {
            path: replace(unit, probes=tuple(probe for probe in unit.probes if str(probe.channel) in ids))
            for path, unit in installation.units.items()
            if unit.product_channel in ids
        }
        return books_of(
            Installation(known, installation.zones), Rulebook.stored(tx, installation.zone_of), ids
        )
