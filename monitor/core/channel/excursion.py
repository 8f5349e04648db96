"""An excursion: a channel outside its window on one side, as far as its readings say.

:class:`monitor.core.channel.walk.Walk` finds it; docs/figures.md has the rules in words.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from monitor.core.channel.line import NANO
from monitor.core.profile.profile import Direction
from monitor.core.time.instant import MINUTE

ConfirmedBy = Literal["delay", "instant", "cumulative_delay"]


@dataclass(slots=True)
class Excursion:
    """A stay or stays outside the window on one side, as far as they are known.

    Instants in ms; ``area`` in nano-degree milliseconds beyond the limit; ``ms_by_band`` known time per band.
    ``ended_at`` and ``closed_at`` are None until it closes. ``decided_by`` names the readings (their
    ``measured_at``) by which it was opened, confirmed and closed, and the one with the extreme.
    """

    direction: Direction
    started_at: int
    profile: str
    profile_version: int
    limit_celsius: float
    extreme_celsius: float
    confirmed_at: int | None = None
    confirmed_by: ConfirmedBy | None = None
    limit_reached_at: int | None = None  # the instant limit
    ended_at: int | None = None
    closed_at: int | None = None
    area: float = 0.0
    ms_by_band: dict[str, int] = field(default_factory=dict)
    unknown_ms: int = 0
    uncertain_ms: int = 0
    suspect_readings: int = 0
    decided_by: dict[str, int] = field(default_factory=dict)

    @property
    def degree_minutes(self) -> float:
        """°C·min beyond the limit, to the sixth decimal."""
        return round(self.area / NANO / MINUTE, 6)

    @property
    def key(self) -> tuple[Direction, int]:
        """What tells excursions of one channel and one judging apart."""
        return (self.direction, self.started_at)
