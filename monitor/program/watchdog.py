"""The jobs that watch the program itself: broker, store, and the people who can't be reached."""

from __future__ import annotations

from monitor.ingest.mqtt import MqttSource
from monitor.program.schedule import Job
from monitor.telling.delivery import NOTHING_TRIED, Deliverer
from monitor.telling.emergency import Emergency
from monitor.writer.condition.ourselves import Ourselves
from monitor.writer.loop import Loop


class Watchdog:
    """Asks the parts how they are, and hands it on. What is told without the store has a job of its own, which waits
    for no lock and no transaction."""

    def __init__(
        self, ourselves: Ourselves, emergency: Emergency, source: MqttSource, loop: Loop, deliverer: Deliverer
    ) -> None:
        self._ourselves = ourselves
        self._emergency = emergency
        self._source = source
        self._loop = loop
        self._deliverer = deliverer

    def jobs(self) -> list[Job]:
        """Every job with its interval."""
        return [Job("emergency", 1.0, self.look_at_store), Job("ourselves", 5.0, self.look)]

    def look_at_store(self) -> None:
        """Whether the store commits; if not for long, people are told of it without it."""
        self._ourselves.note_store(self._loop.trouble or self._loop.failure)
        truth = self._ourselves.emergency()
        if truth is not None:
            self._emergency.tell(truth)
        elif self._ourselves.is_well:
            self._emergency.over()

    def look(self) -> None:
        """Puts on record what is wrong, and that it is over."""
        self._ourselves.watch_store()
        if not self._ourselves.is_well:
            return  # nothing can be put on record
        self._ourselves.watch_broker(self._source.connected_since(), str(self._source.status()["text"]))
        status = self._deliverer.status()
        if status["text"] != NOTHING_TRIED:
            self._ourselves.watch_notifiers(status["failing"])

    def close(self) -> None:
        """Tells nobody any more."""
        self._emergency.close()
