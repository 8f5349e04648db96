"""A store's log and facts in memory, as a projection sees them."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

from monitor.ports import LoggedFact, LoggedReading, Refusal


class MemoryProjection:
    """A projection's source; ``add`` and ``add_fact`` put something into it."""

    def __init__(self) -> None:
        self.readings: list[LoggedReading] = []
        self.facts: list[LoggedFact] = []
        self.cursors: dict[str, int] = {}
        self.refusals: list[Refusal] = []
        self._lock = threading.Lock()

    def add(
        self,
        channel: str,
        at: int,
        celsius: float | None,
        quality: str = "good",
        battery: float | None = None,
    ) -> None:
        with self._lock:
            position = len(self.readings) + 1
            self.readings.append(LoggedReading(position, channel, at, celsius, quality, battery))

    def add_fact(self, kind: str, name: str, version: int, at: int, body: dict[str, Any]) -> None:
        with self._lock:
            position = len(self.facts) + 1
            self.facts.append(LoggedFact(position, kind, name, version, at, "because", body))

    def cursor(self, name: str) -> int:
        return self.cursors.get(name, 0)

    def advance_cursor(self, name: str, position: int, refusals: Sequence[Refusal] = ()) -> None:
        with self._lock:
            self.cursors[name] = position
            self.refusals += refusals

    def readings_after(self, position: int, limit: int) -> list[LoggedReading]:
        with self._lock:
            return self.readings[position : position + limit]

    def facts_after(self, position: int, limit: int) -> list[LoggedFact]:
        with self._lock:
            return self.facts[position : position + limit]

    def last_positions(self) -> tuple[int, int]:
        with self._lock:
            return len(self.readings), len(self.facts)

    def channels(self) -> list[str]:
        with self._lock:
            return sorted({reading.channel for reading in self.readings})

    def readings_between(self, channel: str, start: int, end: int) -> list[LoggedReading]:
        with self._lock:
            found = {r.measured_at: r for r in self.readings if r.channel == channel}
        return [found[at] for at in sorted(found) if start <= at < end]

    def span(self, channel: str) -> tuple[int, int] | None:
        with self._lock:
            instants = [reading.measured_at for reading in self.readings if reading.channel == channel]
        return (min(instants), max(instants)) if instants else None
