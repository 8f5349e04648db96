"""The inside of the program over a store: what judges and writes, what can be asked, what can be done.

Put together here alone: for the service, and for a command that finds none running."""

from __future__ import annotations

from collections.abc import Callable

from monitor import __version__
from monitor.asking.view import View
from monitor.config import Configuration
from monitor.ingest.decode import Decoder
from monitor.ports import JSON, Clock
from monitor.program.assembly import Books, agenda_of, is_anybody_told, open_books, policy_of, voice_of
from monitor.program.commands import OwnCommands
from monitor.store.store import Store
from monitor.writer.installed import Installed
from monitor.writer.writer import Writer


class Inside:
    """Over a store that is held for writing, brought up to the configuration. ``health`` says how each part is;
    ``publish`` as in :class:`monitor.writer.installed.Installed`.

    Raises ConfigurationError where a profile was edited that has been judging.
    """

    def __init__(
        self,
        configuration: Configuration,
        store: Store,
        clock: Clock,
        health: Callable[[], JSON],
        publish: Callable[[str, JSON], None] = lambda kind, body: None,
    ) -> None:
        self.books = open_books(configuration, store, clock.now())
        installed = installed_of(configuration, clock, self.books, publish)
        self.view = View(store, installed, health)
        self.writer = Writer(store, installed, self.view)
        units, sites = set(installed.installation.units), set(installed.installation.zones)
        ids, names = installed.channel_ids, self.books.rulebook.names()
        self.decoder = Decoder(configuration.mqtt.root, ids, units, sites, names)
        self.commands = OwnCommands(self.writer, self.decoder, self.view)


def installed_of(
    configuration: Configuration,
    clock: Clock,
    books: Books,
    publish: Callable[[str, JSON], None] = lambda kind, body: None,
) -> Installed:
    """What is installed, by the configuration and the rules as the store holds them."""
    return Installed(
        clock=clock,
        installation=books.installation,
        rules=books.rules,
        profiles=books.rulebook,
        channel_ids=books.channel_ids,
        policy=policy_of(configuration),
        voice=voice_of(configuration, clock),
        agenda=agenda_of(configuration),
        detection=configuration.detection,
        limits=configuration.alerting.limits,
        shelve_max=configuration.alerting.shelve_max,
        is_anybody_told=is_anybody_told(configuration),
        version=__version__,
        publish=publish,
    )
