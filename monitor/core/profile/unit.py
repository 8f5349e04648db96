"""Units and probes: what stands where, and how its readings are to be taken."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from monitor.core.time.instant import MINUTE


class Channel(NamedTuple):
    """One series of readings: ``site/unit/probe``."""

    site: str
    unit: str
    probe: str

    def __str__(self) -> str:
        return f"{self.site}/{self.unit}/{self.probe}"

    @property
    def unit_path(self) -> str:
        """The unit as ``site/unit``."""
        return f"{self.site}/{self.unit}"

    @classmethod
    def parse(cls, text: str) -> Channel:
        """The channel that ``site/unit/probe`` names; raises ValueError if it isn't of that form."""
        parts = text.split("/")
        if len(parts) != 3 or not all(parts):
            raise ValueError(f"channel {text!r} is not of the form site/unit/probe")
        return cls(*parts)


@dataclass(frozen=True, slots=True)
class ProbeSettings:
    """How one probe's readings are taken. Durations in ms, temperatures in °C, ``max_rate`` in °C per minute.

    ``sensor`` names a kind whose fault codes are known (:mod:`monitor.core.channel.quality`); without one no value is a
    code. ``max_gap`` is the longest distance of two readings that a straight line may join.
    """

    max_gap: int = 15 * MINUTE
    offset: float = 0.0
    plausible_low: float = -210.0
    plausible_high: float = 60.0
    max_rate: float | None = None
    sensor: str | None = None
    uncertainty: float | None = None
