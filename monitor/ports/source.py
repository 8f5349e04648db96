"""Where messages come from, and what they say once decoded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from monitor.core.channel.reading import Arrived
from monitor.core.lot.event import LotEvent, UnitEvent


class Clock(Protocol):
    """The time of day. Everything that waits or stamps asks this, so that tests and simulations can drive it."""

    def now(self) -> int:
        """The present instant in ms."""


class Message(NamedTuple):
    """One message as it came in. ``token`` is the source's own, for acknowledging."""

    topic: str
    payload: bytes
    received_at: int
    retained: bool
    token: Any


class Source(Protocol):
    """Where messages come from: an MQTT subscription, a file, a test's list.

    Messages are handed over in batches and acknowledged in batches, *after* what they say is durable. A message
    that isn't acknowledged comes again after a reconnect. What is waiting is bounded; at the bound the source stops
    reading from its peer rather than drop anything.
    """

    def receive(self, timeout: float) -> Sequence[Message]:
        """What has come in, at once if anything waits, else within ``timeout`` seconds; empty if nothing did."""

    def acknowledge(self, batch: Sequence[Message]) -> None:
        """Tells the peer that these messages are safe with us."""

    def connected_since(self) -> int | None:
        """Since when the peer has been reachable without a break; None while it isn't. Silence counts from then."""

    def close(self) -> None:
        """Ends the connection. What was received and not acknowledged comes again."""


@dataclass(slots=True)
class Decoded:
    """What a batch of messages says: readings in order, events, who is online, and what was not taken.

    ``rejected`` rows: received_at, topic, payload, reason, detail, item.
    """

    readings: list[Arrived] = field(default_factory=list)
    lot_events: list[tuple[LotEvent, int]] = field(default_factory=list)
    unit_events: list[tuple[UnitEvent, int]] = field(default_factory=list)
    statuses: list[tuple[int, bool, int]] = field(default_factory=list)
    rejected: list[dict[str, Any]] = field(default_factory=list)
