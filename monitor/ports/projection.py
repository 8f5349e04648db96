"""What a projection (InfluxDB) reads of the store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol


@dataclass(frozen=True, slots=True)
class LoggedReading:
    """A reading at its place in the log, in arrival order."""

    position: int
    channel: str
    measured_at: int
    celsius: float | None
    quality: str
    battery_percent: float | None


@dataclass(frozen=True, slots=True)
class LoggedFact:
    """One version of a fact at its place among all versions, in the order in which they were recorded.

    ``kind`` is ``excursion``, ``alarm``, ``lot`` or ``health``; ``body`` its JSON as of that version.
    """

    position: int
    kind: str
    id: str
    version: int
    recorded_at: int
    reason: str
    body: Mapping[str, Any]


class Refusal(NamedTuple):
    """A line that the sink refused for good, and why."""

    line: str
    reason: str


class ProjectionSource(Protocol):
    """What a projection (InfluxDB) reads of the store, and where it keeps its place. All in recorded order."""

    def cursor(self, name: str) -> int:
        """The position up to which the projection ``name`` has everything; 0 at first."""

    def advance_cursor(self, name: str, position: int, refusals: Sequence[Refusal] = ()) -> None:
        """Records that everything up to ``position`` is there, or set aside as refused; both in one commit."""

    def readings_after(self, position: int, limit: int) -> list[LoggedReading]:
        """The next readings of the log. ``celsius`` has the probe's offset; where one instant has several good
        values it is the one that counts, and ``quality`` is ``suspect``."""

    def facts_after(self, position: int, limit: int) -> list[LoggedFact]:
        """The next versions of facts."""

    def last_positions(self) -> tuple[int, int]:
        """The last position of the log of readings, and of facts."""

    def channels(self) -> list[str]:
        """Every channel (``site/unit/probe``) with readings."""

    def readings_between(self, channel: str, start: int, end: int) -> list[LoggedReading]:
        """The readings of a channel with ``start`` ≤ measured_at < ``end``, in the order of their instants, one per
        instant, as :meth:`readings_after` gives them. Readings after the projection's cursor are included."""

    def span(self, channel: str) -> tuple[int, int] | None:
        """The first and last measured_at of a channel."""
