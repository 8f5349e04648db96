"""The program on a clock that is moved in steps: real seconds, and how messages trickle in, mean nothing to it."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Sequence

from monitor.config import Configuration
from monitor.ports import Message, Notification, Source
from monitor.program.service import Service
from monitor.writer.loop import Loop
from simulators.clock import SteppedClock

TOGETHER_MAX = 5_000
"""More aren't kept back: a broker sends no more than 10,000 without an acknowledgement."""


Sent = tuple[str, bytes]
"""Topic and payload of a message."""


class SteppedService(Service):
    """The program. ``together`` is told which messages belong to the step under way; who moves the clock takes what is
    due (``monitor.tick``)."""

    def __init__(
        self, configuration: Configuration, clock: SteppedClock, awaited: Sequence[Sent] = ()
    ) -> None:
        super().__init__(configuration, clock=clock, media={"console": _Silent()})
        self.together = Together(self.source, awaited)
        self.loop = Loop(self.writer, self.together, self.decoder, self.stop_event)

    def tick(self) -> None:
        """Nothing: within a step the clock is ahead of what has been heard."""


class Together:
    """Hands on the messages of a step as one batch: what is predicted when the first of them is judged would else hang
    on how many of the others happen to be there by then.

    Messages are known by what they say. A number of them would not do: after a lost connection some come twice.
    ``awaited`` may hold what was sent before there was anybody to take it.
    """

    def __init__(self, source: Source, awaited: Sequence[Sent] = ()) -> None:
        self._source = source
        self._kept: list[Message] = []
        self._awaited = Counter(awaited)
        self._lock = threading.Lock()
        self._handed_on = 0

    def expect(self, sent: Iterable[Sent]) -> None:
        """These come (at most ``TOGETHER_MAX``), beside those that have been handed on."""
        with self._lock:
            self._awaited.update(sent)

    def handed_on(self) -> int | None:
        """How many messages have been handed on in all; None while some are awaited."""
        with self._lock:
            return None if self._awaited else self._handed_on

    def receive(self, timeout: float) -> Sequence[Message]:
        """Implements :class:`monitor.ports.Source`."""
        batch = self._source.receive(timeout)
        with self._lock:
            self._kept += batch
            for message in batch:
                self._strike_off((message.topic, message.payload))
            if self._awaited:
                return ()
            whole, self._kept = self._kept, []
            self._handed_on += len(whole)
            return whole

    def _strike_off(self, sent: Sent) -> None:
        if self._awaited[sent] > 1:
            self._awaited[sent] -= 1
        else:
            del self._awaited[sent]

    def acknowledge(self, batch: Sequence[Message]) -> None:
        """Implements :class:`monitor.ports.Source`."""
        self._source.acknowledge(batch)

    def connected_since(self) -> int | None:
        """Implements :class:`monitor.ports.Source`."""
        return self._source.connected_since()

    def close(self) -> None:
        """Implements :class:`monitor.ports.Source`."""
        self._source.close()


class _Silent:
    """A medium that delivers at once, to nobody: whom to tell, and when, is read from the store."""

    def deliver(self, notification: Notification) -> None:
        """Takes it."""
