"""The running program: every part started and stopped in order, and what each asks of the others."""

from __future__ import annotations

import gc
import secrets
import threading
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from typing import Any

import structlog

from monitor.config import Configuration
from monitor.core.alarm.aside import judging_part
from monitor.core.time.instant import format_instant
from monitor.influx.exporter import Exporter
from monitor.ingest.mqtt import MqttSource
from monitor.ports import JSON, Clock, Medium
from monitor.program.assembly import (
    dead_man_of,
    finisher_of,
    is_anybody_told,
    link_key_path,
    policy_of,
    sink_of,
    token_path,
    voice_of,
)
from monitor.program.clock import SystemClock
from monitor.program.housekeeping import Housekeeping
from monitor.program.inside import Inside
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
from monitor.web.wiring import Wiring
from monitor.writer.condition.ourselves import Ourselves
from monitor.writer.loop import Loop

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
        self.events = EventHub()
        self.token = secrets.token_urlsafe(32)
        self.banner = banner + (() if is_anybody_told(configuration) else (NOBODY,))
        self._published_at = 0
        self._threads: list[threading.Thread] = []
        with ExitStack() as ends:
            self.store = Store(configuration.store.url)
            ends.callback(self.store.close)  # whatever fails from here on, the lock is given back
            self.store.open_for_writing()
            self._put_together(media)
            for end in self._in_order_of_ending()[::-1]:
                ends.callback(end)
            self._ends = ends.pop_all()

    def _put_together(self, media: dict[str, Medium] | None) -> None:
        """Makes the parts; none runs yet."""
        configuration, clock, store = self.configuration, self.clock, self.store
        inside = Inside(configuration, store, clock, self.health, self._publish)
        self.writer, self.decoder, self.view = inside.writer, inside.decoder, inside.view
        self.commands = inside.commands
        self.source = MqttSource(configuration.mqtt, clock)
        self.loop = Loop(self.writer, self.source, self.decoder, self.stop_event)
        projection = Projection(store.database, lambda: inside.books.rules)
        sink = sink_of(configuration)
        self.exporter = None if sink is None else Exporter(projection, sink)
        self.link_key = link_key(link_key_path(store))
        media = media or media_of(configuration, clock, self.link_key)
        self.deliverer = self._deliverer(media)
        self.web = self._pages()
        self.watchdog = self._watchdog(media)
        self.jobs = Jobs(
            clock,
            self.writer,
            self.deliverer,
            self.exporter,
            Housekeeping(configuration, clock, store, self.writer, projection),
            dead_man_of(configuration, clock),
            tick=self.tick,
            health=self.health,
        )
        self._schedules = Schedules([*self.jobs.all(), *self.watchdog.jobs()], on_error=_log_failed)

    def _in_order_of_ending(self) -> list[Callable[[], object]]:
        """Those who bring work end first, then those who do it; the pages live until the last, and then the store."""
        return [
            self.stop_event.set,
            *([] if self.exporter is None else [self.exporter.wake]),
            self._schedules.stop,
            self.source.close,
            self._join,
            self.writer.close,
            partial(self.deliverer.close, 5.0),
            self.watchdog.close,
            self.web.stop,
            partial(token_path(self.store).unlink, missing_ok=True),
        ]

    def _watchdog(self, media: dict[str, Medium]) -> Watchdog:
        policy, clock = policy_of(self.configuration), self.clock
        people = {recipient.name for recipient in policy.recipients()}
        limits = self.configuration.alerting.limits
        return Watchdog(
            Ourselves(self.writer, self.store, clock, limits, people),
            Emergency(media, policy, voice_of(self.configuration, clock), clock),
            self.source,
            self.loop,
            self.deliverer,
        )

    def _deliverer(self, media: dict[str, Medium]) -> Deliverer:
        configuration, clock = self.configuration, self.clock
        return Deliverer(
            self.store.outbox,
            media,
            clock,
            configuration.alerting.retry_first,
            configuration.alerting.retry_max,
            finish=finisher_of(configuration, self.view, clock, self.link_key),
        )

    def _pages(self) -> WebServer:
        configuration = self.configuration
        wiring = Wiring(
            self.view,
            self.commands,
            token=self.token,
            banner=self.banner,
            events=self.events,
            metrics=Measures(self.writer.parts.counts, self.health).registry,
            root=configuration.mqtt.root,
            voice=voice_of(configuration, self.clock),
            page_actions=configuration.web.page_actions,
            host=configuration.web.host,
            external_url=configuration.web.external_url,
            link_key=self.link_key,
            shelve_max=configuration.alerting.shelve_max,
        )
        return WebServer(create_application(wiring), configuration.web.host, configuration.web.port)

    def start(self) -> None:
        """Starts all parts; raises OSError if the pages' port is taken."""
        # What was made until now lives as long as the program; readings die young and hold no circles. Without
        # this the collector looks through all of them, again and again, tens of thousands a second.
        gc.collect()
        gc.freeze()
        gc.set_threshold(100_000, 50, 50)
        self.writer.resume()
        self.web.start()
        write_token_file(token_path(self.store), self.web.url, self.token)
        self.source.start()
        self._spawn("ingest", self.loop.run)
        if self.exporter is not None:
            self._spawn("influx", partial(self.exporter.run, self.stop_event))
        self._schedules.start()

    def _spawn(self, name: str, target: Callable[[], Any]) -> None:
        thread = threading.Thread(target=target, name=name, daemon=True)
        thread.start()
        self._threads.append(thread)

    def _join(self) -> None:
        for thread in self._threads:
            thread.join(10.0)

    def stop(self) -> None:
        """Ends all parts: what was received and not committed stays with the broker, what is owed stays owed."""
        self._ends.close()

    # --- jobs ---

    def tick(self) -> None:
        """Takes what is due by the clock; a job of every second."""
        self.writer.tick(self.clock.now(), self.source.connected_since())

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
        trouble = self.loop.trouble or self.writer.failure
        influx = {"ok": True, "text": "off"} if self.exporter is None else self.exporter.status()
        return {
            "ready": bool(broker["ok"]) and trouble is None,
            "broker": broker,
            "store": {
                "ok": trouble is None,
                "text": trouble or f"{self.configuration.store.shown_url}: writing",
            },
            "influx": influx,
            "judging": judging_part(self.writer.set_aside()),
            "alerting": self.deliverer.status(),
            **self.jobs.status(),
        }


def _log_failed(job: str, error: Exception) -> None:
    log.error("job failed", job=job, error=str(error))
