"""The composition root: configuration → adapters → runtime. The only place that knows both sides.

:class:`Service` is the running program. The functions below it are what the command line calls.
"""

from __future__ import annotations

import gc
import os
import secrets
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import structlog

from monitor.alerting import message
from monitor.alerting.delivery import Deliverer
from monitor.alerting.media import AppriseMedium, ConsoleMedium, MailServer
from monitor.alerting.schedule import Job, Schedules, digest_due
from monitor.clock import SystemClock
from monitor.config import Configuration
from monitor.config import load as load_configuration
from monitor.core.alarm import LEVEL_OF, AlarmCondition, Truth
from monitor.core.installation import Installation, Probe, Unit
from monitor.core.instant import MINUTE, SECOND
from monitor.core.rules import ChannelRules
from monitor.core.told import Recipient
from monitor.core.unit import Channel
from monitor.influx.exporter import Exporter
from monitor.influx.reconcile import reconcile, status
from monitor.influx.sink import CountingSink, FileSink, InfluxSink, open_sink
from monitor.ingest.decode import Decoder
from monitor.ingest.mqtt import MqttSource
from monitor.measures import Measures
from monitor.ports import JSON, Clock, Commands, DeliveryError, Medium, Notification, View
from monitor.runtime.loop import Loop
from monitor.runtime.monitor import Monitor, Surroundings
from monitor.runtime.view import Picture
from monitor.runtime.view import View as StoreView
from monitor.store.engine import StoreLockedError
from monitor.store.projection import Projection
from monitor.store.rulebook import Rulebook, load_rulebook
from monitor.store.store import Store
from monitor.web.application import create_application
from monitor.web.client import ApiCommands, write_token_file
from monitor.web.events import EventHub
from monitor.web.server import WebServer

log = structlog.get_logger(__name__)

INFLUX_LAG_AFTER = 5 * MINUTE
"""How long InfluxDB may be unreachable or behind before somebody is told."""
NOBODY = "Nobody is told: no people are configured"
_PUBLISH_EVERY = 500


def load(directory: Path) -> Configuration:
    """The configuration of a directory, checked; raises ConfigurationError."""
    return load_configuration(directory, os.environ)


# --- configuration in the core's words ---


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


class _Wording:
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
    return _books(installation, rulebook, ids)


def _books(installation: Installation, rulebook: Rulebook, ids: dict[str, int]) -> Books:
    rules = {
        channel: rulebook.channel_rules(probe, installation)
        for channel, probe in installation.probes().items()
    }
    return Books(installation, rulebook, rules, ids)


# --- the running program ---


class Service:
    """Everything that runs. ``start`` returns once the pages can be looked at; ``stop`` ends it cleanly."""

    def __init__(
        self,
        configuration: Configuration,
        *,
        clock: Clock | None = None,
        banner: tuple[str, ...] = (),
        media: dict[str, Medium] | None = None,
    ) -> None:
        self.configuration = configuration
        self.clock = clock or SystemClock()
        self.stop_event = threading.Event()
        self.started_at = self.clock.now()
        self.store = Store(configuration.store.url)
        self.store.open_for_writing()
        books = open_books(configuration, self.store, self.started_at)
        self.events = EventHub()
        self._published_at = 0
        recipients = recipients_of(configuration)
        self.monitor = Monitor(
            self.store,
            Surroundings(
                clock=self.clock,
                installation=books.installation,
                rules=books.rules,
                profiles=books.rulebook,
                channel_ids=books.channel_ids,
                recipients=recipients,
                wording=_Wording(configuration),
                digest_due=partial(self._digest_due),
                publish=self._publish,
            ),
        )
        self.source = MqttSource(configuration.mqtt, self.clock)
        self.decoder = Decoder(
            configuration.mqtt.root,
            books.channel_ids,
            set(books.installation.units),
            set(books.installation.zones),
            books.rulebook.names(),
        )
        self.loop = Loop(self.monitor, self.source, self.decoder, self.stop_event)
        alerting = configuration.alerting
        self.deliverer = Deliverer(
            self.store.outbox,
            media or media_of(configuration),
            self.clock,
            alerting.retry_first,
            alerting.retry_max,
        )
        sink = sink_of(configuration)
        projection = Projection(self.store.database, lambda: books.rules)
        self.exporter = None if sink is None else Exporter(projection, sink)
        self._influx_bad_since: int | None = None
        picture = Picture(self.clock, books.installation, books.rules, books.rulebook, self.health)
        self.view = StoreView(self.store, picture)
        told = [r for r in recipients if r.medium != "console"]
        self.banner = banner + (() if told else (NOBODY,))
        self.token = secrets.token_urlsafe(32)
        application = create_application(
            self.view,
            self,
            title="exosome-monitor",
            token=self.token,
            banner=self.banner,
            events=self.events,
            metrics=Measures(self).registry,
        )
        self.web = WebServer(application, configuration.web.host, configuration.web.port)
        self._threads: list[threading.Thread] = []
        self._schedules = Schedules(
            [
                Job("tick", 1.0, self._tick),
                Job("deliver", 1.0, self._deliver),
                Job("influx watch", 5.0, self._watch_influx),
            ],
            on_error=lambda name, error: log.error("job failed", job=name, error=str(error)),
        )

    def start(self) -> None:
        """Starts all parts; raises OSError if the pages' port is taken."""
        # What was made until now lives as long as the program; readings die young and hold no circles. Without
        # this the collector looks through all of them, again and again, tens of thousands a second.
        gc.collect()
        gc.freeze()
        gc.set_threshold(100_000, 50, 50)
        self.monitor.resume()
        self.web.start()
        write_token_file(token_path(self.configuration, self.store), self.web.url, self.token)
        self.source.start()
        self._spawn("ingest", self.loop.run)
        if self.exporter is not None:
            self._spawn("influx", partial(self.exporter.run, self.stop_event))
        self._schedules.start()

    def _spawn(self, name: str, target: Callable[[], Any]) -> None:
        thread = threading.Thread(target=target, name=name, daemon=True)
        thread.start()
        self._threads.append(thread)

    def stop(self) -> None:
        """Ends all parts: what was received and not committed stays with the broker, what is owed stays owed."""
        self.stop_event.set()
        if self.exporter is not None:
            self.exporter.wake()
        self._schedules.stop()
        self.source.close()
        for thread in self._threads:
            thread.join(10.0)
        self.monitor.close()
        self.deliverer.close(5.0)
        self.web.stop()
        token_path(self.configuration, self.store).unlink(missing_ok=True)
        self.store.close()

    # --- jobs ---

    def _tick(self) -> None:
        self.monitor.tick(self.clock.now(), self.source.connected_since())

    def _deliver(self) -> None:
        self.deliverer.run_due()

    def _watch_influx(self) -> None:
        if self.exporter is None:
            return
        found = self.exporter.status()
        now = self.clock.now()
        if found["ok"] and not found["refused"]:
            self._influx_bad_since = None
            self.monitor.end(AlarmCondition.INFLUX_LAGGING, "influx")
            return
        self._influx_bad_since = self._influx_bad_since or now
        if found["refused"] or now - self._influx_bad_since >= INFLUX_LAG_AFTER:
            condition = AlarmCondition.INFLUX_LAGGING
            evidence = {"text": found["text"], "refused": found["refused"]}
            since = self._influx_bad_since
            self.monitor.hold(Truth(condition, "influx", since, LEVEL_OF[condition], evidence))

    def _digest_due(self, now: int, zone: Any, done: set[str]) -> str | None:
        return digest_due(now, zone, self.configuration.alerting.digest_at, done)

    def _publish(self, kind: str, body: JSON) -> None:
        """Tells open pages; readings at most twice a second, whatever comes in."""
        if self.exporter is not None:
            self.exporter.wake()
        if kind == "readings":
            now = SystemClock().now()
            if now - self._published_at < _PUBLISH_EVERY:
                return
            self._published_at = now
        self.events.publish(kind, body)

    # --- what others ask ---

    def lot_event(self, site: str, lot: str, event: JSON) -> JSON:
        """Implements :class:`monitor.ports.Commands`."""
        parsed = self.decoder.parse_lot_event(site, lot, event)
        return {"event_id": parsed.event_id, "outcome": self.monitor.lot_event(parsed)}

    def health(self) -> JSON:
        """How each part is, in words."""
        broker = self.source.status()
        trouble = self.loop.trouble or self.monitor.failure
        influx = {"ok": True, "text": "off"} if self.exporter is None else self.exporter.status()
        return {
            "ready": bool(broker["ok"]) and trouble is None,
            "broker": broker,
            "store": {
                "ok": trouble is None,
                "text": trouble or f"{self.configuration.store.shown_url}: writing",
            },
            "influx": influx,
            "alerting": self.deliverer.status(),
        }


def run(configuration: Configuration, *, stop: threading.Event | None = None) -> int:
    """Runs the service until SIGINT, SIGTERM or ``stop``; returns an exit code."""
    ended = stop or threading.Event()
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: ended.set())
    try:
        service = Service(configuration)
    except StoreLockedError as error:
        log.error(
            "can't start", error=str(error), remedy="stop the other program, or use another [store] url"
        )
        return 2
    for warning in configuration.warnings:
        log.warning(warning)
    if service.exporter is None:
        log.warning("InfluxDB is off: [influx] url is empty")
    try:
        service.start()
        log.info(
            "running", pages=service.web.url, broker=f"{configuration.mqtt.host}:{configuration.mqtt.port}"
        )
        ended.wait()
    except OSError as error:
        log.error("can't start", error=str(error), remedy="choose another [web] port")
        return 2
    finally:
        service.stop()
        log.info("stopped")
    return 0


# --- what the command line asks ---


def _health_of_store(store: Store) -> JSON:
    return {"ready": False, "store": {"ok": True, "text": str(store.database.url.render_as_string())}}


def _try_to_write(store: Store) -> bool:
    try:
        store.open_for_writing()
    except StoreLockedError:
        return False
    return True


@contextmanager
def open_view(configuration: Configuration) -> Iterator[View]:
    """A view of the store, whether the program runs or not."""
    store, clock = Store(configuration.store.url), SystemClock()
    try:
        if _try_to_write(store):
            books = open_books(configuration, store, clock.now())
            store.close()
            store = Store(configuration.store.url)
        else:
            books = _read_books(configuration, store)
        yield StoreView(store, _picture(store, clock, books))
    finally:
        store.close()


def _picture(store: Store, clock: Clock, books: Books) -> Picture:
    return Picture(clock, books.installation, books.rules, books.rulebook, lambda: _health_of_store(store))


def _read_books(configuration: Configuration, store: Store) -> Books:
    """The rules as the running program has them; what it doesn't know yet waits for its restart."""
    installation = installation_of(configuration)
    with store.reading() as tx:
        ids = store.channel_ids(tx)
        known = {path: unit for path, unit in installation.units.items() if unit.product_channel in ids}
        return _books(Installation(known, installation.zones), Rulebook(tx), ids)


@contextmanager
def open_commands(configuration: Configuration) -> Iterator[Commands]:
    """What changes something: through the running program's API, or by ourselves if nobody holds the store."""
    store, clock = Store(configuration.store.url), SystemClock()
    try:
        if not _try_to_write(store):
            yield ApiCommands(token_path(configuration, store))
            return
        books = open_books(configuration, store, clock.now())
        around = Surroundings(
            clock=clock,
            installation=books.installation,
            rules=books.rules,
            profiles=books.rulebook,
            channel_ids=books.channel_ids,
            recipients=recipients_of(configuration),
            wording=_Wording(configuration),
            digest_due=lambda now, zone, done: None,
        )
        monitor = Monitor(store, around)
        monitor.resume()
        names = books.rulebook.names()
        units, sites = set(books.installation.units), set(books.installation.zones)
        decoder = Decoder(configuration.mqtt.root, books.channel_ids, units, sites, names)
        yield _OwnCommands(monitor, decoder)
        monitor.close()
    finally:
        store.close()


class _OwnCommands:
    """Commands of a process that holds the store itself. What is owed is sent when the program runs again."""

    def __init__(self, monitor: Monitor, decoder: Decoder) -> None:
        self._monitor = monitor
        self._decoder = decoder

    def lot_event(self, site: str, lot: str, event: JSON) -> JSON:
        parsed = self._decoder.parse_lot_event(site, lot, event)
        return {"event_id": parsed.event_id, "outcome": self._monitor.lot_event(parsed)}


def influx_status(configuration: Configuration) -> JSON:
    """How far InfluxDB is behind."""
    with _projection(configuration) as (projection, sink):
        return status(projection, sink)


def influx_reconcile(
    configuration: Configuration,
    start: int | None = None,
    end: int | None = None,
    progress: Callable[[int, int, str], None] | None = None,
) -> JSON:
    """Compares what InfluxDB has with the store, and re-sends what differs."""
    with _projection(configuration) as (projection, sink):
        if not isinstance(sink, InfluxSink):
            raise ValueError("[influx] url is a file: there is nothing to compare with")
        counting: CountingSink = sink
        return reconcile(projection, counting, start=start, end=end, progress=progress).as_json()


@contextmanager
def _projection(configuration: Configuration) -> Iterator[tuple[Projection, InfluxSink | FileSink]]:
    sink = sink_of(configuration)
    if sink is None:
        raise ValueError("InfluxDB is off: [influx] url is empty")
    store = Store(configuration.store.url)
    try:
        books = _read_books(configuration, store)
        yield Projection(store.database, lambda: books.rules), sink
    finally:
        sink.close()
        store.close()


def notify_test(configuration: Configuration, person: str | None = None) -> list[JSON]:
    """Sends a test message to everyone, or to one person, and says how that went."""
    media = media_of(configuration)
    found = []
    for recipient in recipients_of(configuration):
        if person is not None and recipient.name != person:
            continue
        test = Notification(
            id=f"test:{SystemClock().now() // SECOND}:{recipient.name}",
            recipient=recipient.name,
            medium=recipient.medium,
            address=recipient.address,
            subject="exosome-monitor: test message",
            body="This is a test. If you can read it, alarms reach you here.",
        )
        try:
            media[recipient.medium].deliver(test)
            found.append(
                {"recipient": recipient.name, "medium": recipient.medium, "ok": True, "text": "sent"}
            )
        except DeliveryError as error:
            found.append(
                {"recipient": recipient.name, "medium": recipient.medium, "ok": False, "text": str(error)}
            )
    return found


def demo(
    *,
    scenario: str | None = None,
    speed: float = 60.0,
    for_seconds: float | None = None,
    browser: bool = True,
    directory: Path | None = None,
) -> int:
    """A simulated lab on embedded parts, in this process."""
    from monitor.demo import run_demo

    return run_demo(
        speed=speed, for_seconds=for_seconds, browser=browser, directory=directory, scenario=scenario
    )
