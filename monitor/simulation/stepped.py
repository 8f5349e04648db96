"""The program on a clock that is moved in steps: real seconds, and how messages trickle in, mean nothing to it."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from monitor.config import Configuration
from monitor.ports import Message, Notification, Source
from monitor.runtime.loop import Loop
from monitor.service import Service
from simulators.clock import SteppedClock

TOGETHER_MAX = 5_000
"""More aren't kept back: a broker sends no more than 10,000 without an acknowledgement."""


class SteppedService(Service):
    """The program. ``together`` says how many messages belong to the step under way; who moves the clock takes what is
    due (``monitor.tick``)."""

    def __init__(self, configuration: Configuration, clock: SteppedClock) -> None:
        super().__init__(configuration, clock=clock, media={"console": _Silent()})
        self.together = Together(self.source)
        self.loop = Loop(self.monitor, self.together, self.decoder, self.stop_event)

    def tick(self) -> None:
        """Nothing: within a step the clock is ahead of what has been heard."""


class Together:
    """Hands on the messages of a step as one batch: what is predicted when the first of them is judged would else hang
    on how many of the others happen to be there by then."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._kept: list[Message] = []
        self._wanted = 0
        self._lock = threading.Lock()

    def expect(self, count: int) -> None:
        """So many messages come (at most ``TOGETHER_MAX``), beside those that have been handed on."""
        with self._lock:
            self._wanted += count

    def receive(self, timeout: float) -> Sequence[Message]:
        """Implements :class:`monitor.ports.Source`."""
        batch = self._source.receive(timeout)
        with self._lock:
            self._kept += batch
            if len(self._kept) < self._wanted:
                return ()
            whole, self._kept, self._wanted = self._kept, [], 0
            return whole

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
