"""The running program: every part started and stopped in order, and what each asks of the others."""

from __future__ import annotations

import gc
import secrets
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import structlog

from monitor.asking.picture import Picture
from monitor.asking.view import View
from monitor.config import Configuration
from monitor.core.time.instant import format_instant
from monitor.influx.exporter import Exporter
from monitor.ingest.decode import Decoder
from monitor.ingest.mqtt import MqttSource
from monitor.ports import JSON, Clock, Medium
from monitor.program.assembly import (
    Books,
    agenda_of,
    dead_man_of,
    finisher_of,
    is_anybody_told,
    link_key_path,
    open_books,
    policy_of,
    sink_of,
    token_path,
    voice_of,
)
from monitor.program.clock import SystemClock
from monitor.program.commands import OwnCommands
from monitor.program.housekeeping import Housekeeping
from monitor.program.jobs import Jobs
from monitor.program.measures import Measures
from monitor.program.schedule import Schedules
from monitor.program.watchdog import Watchdog
from monitor.store.projection import Projection
from monitor.store.store import Store
from monitor.telling.delivery import Deliverer
from monitor.telling.emergency import Emergency
from monitor.telling.link_key import link_key
from monitor.telling.media.registry import media_of
from monitor.web.application import create_application
from monitor.web.client import write_token_file
from monitor.web.events import EventHub
from monitor.web.server import WebServer
from monitor.writer.condition.ourselves import Ourselves
from monitor.writer.loop import Loop
from monitor.writer.surroundings import Surroundings
from monitor.writer.writer import Writer

log = structlog.get_logger(__name__)

NOBODY = "Nobody is told: no people are configured"
_PUBLISH_EVERY = 500


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
        self.monitor = Writer(
            self.store,
            Surroundings(
                clock=self.clock,
                installation=books.installation,
                rules=books.rules,
                profiles=books.rulebook,
                channel_ids=books.channel_ids,
                policy=policy_of(configuration),
                limits=configuration.alerting.limits,
                shelve_max=configuration.alerting.shelve_max,
                voice=voice_of(configuration, self.clock),
                agenda=agenda_of(configuration),
                detection=configuration.detection,
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
        sink = sink_of(configuration)
        projection = Projection(self.store.database, lambda: books.rules)
        self.exporter = None if sink is None else Exporter(projection, sink)
        told = is_anybody_told(configuration)
        self.view = self._view_of(books, told=told)
        self.link_key = link_key(link_key_path(configuration, self.store))
        self.deliverer = self._telling(media)
        self.commands = OwnCommands(self.monitor, self.decoder, self.view)
        self.banner = banner + (() if told else (NOBODY,))
        self.token = secrets.token_urlsafe(32)
        self.web = self._pages()
        self._threads: list[threading.Thread] = []
        self.jobs = Jobs(
            self.clock,
            self.monitor,
            self.deliverer,
            self.exporter,
            Housekeeping(configuration, self.clock, self.store, self.monitor, projection),
            dead_man_of(configuration, self.clock),
            tick=self.tick,
            health=self.health,
        )
        self.watchdog = self._watchdog()
        self._schedules = Schedules([*self.jobs.all(), *self.watchdog.jobs()], on_error=_log_failed)

    def _watchdog(self) -> Watchdog:
        configuration, policy = self.configuration, policy_of(self.configuration)
        people = {recipient.name for recipient in policy.recipients()}
        limits = configuration.alerting.limits
        voice = voice_of(configuration, self.clock)
        return Watchdog(
            Ourselves(self.monitor, self.store, self.clock, limits, people),
            Emergency(self._media, policy, voice, self.clock),
            self.source,
            self.loop,
            self.deliverer,
        )

    def _telling(self, media: dict[str, Medium] | None) -> Deliverer:
        configuration, clock, key = self.configuration, self.clock, self.link_key
        self._media = media or media_of(configuration, clock, key)
        return Deliverer(
            self.store.outbox,
            self._media,
            clock,
            configuration.alerting.retry_first,
            configuration.alerting.retry_max,
            finish=finisher_of(configuration, self.view, clock, key),
        )

    def _view_of(self, books: Books, *, told: bool) -> View:
        picture = Picture(
            clock=self.clock,
            installation=books.installation,
            rules=books.rules,
            profiles=books.rulebook,
            health=self.health,
            is_anybody_told=told,
            policy=policy_of(self.configuration),
        )
        return View(self.store, picture)

    def _pages(self) -> WebServer:
        application = create_application(
            self.view,
            self.commands,
            title="exosome-monitor",
            token=self.token,
            banner=self.banner,
            events=self.events,
            metrics=Measures(self.monitor.parts.counts, self.health).registry,
            root=self.configuration.mqtt.root,
            voice=voice_of(self.configuration, self.clock),
            page_actions=self.configuration.web.page_actions,
            host=self.configuration.web.host,
            external_url=self.configuration.web.external_url,
            link_key=self.link_key,
            shelve_max=self.configuration.alerting.shelve_max,
        )
        return WebServer(application, self.configuration.web.host, self.configuration.web.port)

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
        self.watchdog.close()
        self.web.stop()
        token_path(self.configuration, self.store).unlink(missing_ok=True)
        self.store.close()

    # --- jobs ---

    def tick(self) -> None:
        """Takes what is due by the clock; a job of every second."""
        self.monitor.tick(self.clock.now(), self.source.connected_since())

    def _publish(self, kind: str, body: JSON) -> None:
        """Tells open pages; readings at most twice a second, whatever comes in."""
        if self.exporter is not None:
            self.exporter.wake()
        if kind == "readings":
            now = SystemClock().now()
            if now - self._published_at < _PUBLISH_EVERY:
                return
            self._published_at = now
        self.events.publish(kind, {**body, "now": format_instant(self.clock.now())})

    # --- what others ask ---

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
            **self.jobs.status(),
        }


def _log_failed(job: str, error: Exception) -> None:
    log.error("job failed", job=job, error=str(error))
