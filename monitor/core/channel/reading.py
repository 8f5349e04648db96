"""Readings: what a probe said, and how far it can be trusted."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Fault(StrEnum):
    """What a probe can say instead of a temperature (wire format v1)."""

    OPEN_CIRCUIT = "open_circuit"
    SHORT_CIRCUIT = "short_circuit"
    OUT_OF_RANGE = "out_of_range"
    POWER_ON_DEFAULT = "power_on_default"
    READ_ERROR = "read_error"


class Quality(StrEnum):
    """Trust in a reading. A suspect reading counts as a good one and is marked; a bad one takes no part."""

    GOOD = "good"
    SUSPECT = "suspect"
    BAD = "bad"


class Reading(NamedTuple):
    """One value of a channel as it arrived; nothing here is corrected or judged.

    ``celsius`` is finite or None, ``fault`` one of :class:`Fault` or None. Two readings of a channel are copies of
    one another when ``measured_at``, ``celsius`` and ``fault`` are equal; of copies the earliest ``received_at``
    counts.
    """

    measured_at: int
    received_at: int
    celsius: float | None
    fault: str | None = None
    seq: int | None = None
    battery_percent: float | None = None

    @property
    def identity(self) -> tuple[int, float | None, str | None]:
        """What makes two readings of one channel copies of each other."""
        return (self.measured_at, self.celsius, self.fault)


class Arrived(NamedTuple):
    """A reading as decoded: its channel's number, its place in its message, and whether it is a sign of life."""

    channel: int
    reading: Reading
    item: int
    live: bool
