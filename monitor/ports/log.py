"""The log: what arrived, in arrival order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple, Protocol

Tx = Any
"""A transaction of the store; the writer only hands it on."""

Outcome = Literal["recorded", "duplicate", "conflict"]

LogTuple = tuple[int, int, int, int, float | None, str | None, int | None, float | None, int]
"""The fields of a :class:`LogRow`, without its name: the hot path makes tens of thousands a second."""


class LogRow(NamedTuple):
    """A reading of the log with all that it came with; ``item`` 0 begins a message."""

    position: int
    channel: int
    measured_at: int
    received_at: int
    celsius: float | None
    fault: str | None
    seq: int | None
    battery_percent: float | None
    item: int


class Log(Protocol):
    """What arrived, immutable, in the order in which it did. Only the writer appends."""

    def next_position(self) -> int:
        """The position that the next reading or event gets; only the writer asks."""

    def append_readings(self, tx: Tx, rows: Sequence[LogTuple], recorded_at: int) -> None:
        """Appends readings (the fields of a :class:`LogRow`) at positions from :meth:`next_position` on, in order."""

    def append_event(
        self, tx: Tx, scope: str, subject: str, received_at: int, body: Mapping[str, Any]
    ) -> Outcome:
        """Appends an event; the same event again changes nothing."""

    def append_rejected(self, tx: Tx, rows: Sequence[Mapping[str, Any]]) -> None:
        """Keeps rejected messages: received_at, topic, payload, reason, detail, item. Bounded; the counts stay."""

    def after(self, tx: Tx, position: int, limit: int | None) -> list[LogRow]:
        """The next readings of the log (``limit`` None: all)."""

    def events(
        self,
        tx: Tx,
        scope: str,
        *,
        subject: str | None = None,
        start: int | None = None,
        end: int | None = None,
    ) -> list[dict[str, Any]]:
        """Events in the order of their instants and ids, with ``position``, ``received_at`` and ``conflict``."""

    def event_subjects(self, tx: Tx, scope: str, event_id: str | None = None) -> list[str]:
        """The subjects that have events of a scope."""

    def relatives(self, tx: Tx, lot: str) -> set[str]:
        """The lots whose events may matter to a lot: ancestors, children, and who else claims one of these."""

    def descendants(self, tx: Tx, lot: str) -> set[str]:
        """The lots that are said to be aliquots of a lot, or of one of those."""

    def rejected(self, tx: Tx, limit: int) -> tuple[dict[str, int], list[dict[str, Any]]]:
        """Counts by reason, and the newest rejected messages."""
