"""An excursion: a channel outside its window on one side, as far as its readings say; and which excursion is which,
when late data moved, merged or split some: what overlaps keeps its id.

:class:`monitor.core.channel.walk.Walk` finds them; docs/figures.md has the rules in words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

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


class KnownExcursion(NamedTuple):
    """An excursion that has an id already; ``to_at`` is its ``ended_at``, None while open."""

    id: str
    direction: Direction
    from_at: int
    to_at: int | None


class Match(NamedTuple):
    """What became of it: ``known`` is now ``excursion``; a new one has no ``known``; a known one without
    ``excursion`` is gone, ``merged_into`` another if it overlaps one."""

    known: KnownExcursion | None
    excursion: Excursion | None
    merged_into: Excursion | None = None


def reconcile(known: Sequence[KnownExcursion], judged: Sequence[Excursion]) -> list[Match]:
    """Matches known excursions of one channel (oldest first) with those judged anew.

    One that overlaps a known one keeps its id: the oldest's, if several merged; the first part's, if one was split.
    """
    taken: dict[int, KnownExcursion] = {}
    gone: list[tuple[KnownExcursion, Excursion | None]] = []
    for old in known:  # oldest first: it is the first to be asked which of them it is
        touching = [new for new in judged if _overlap(old, new)]
        free = [new for new in touching if id(new) not in taken]
        if free:
            # Of the parts that it was split into the first goes on being it; the others are new.
            taken[id(min(free, key=lambda new: new.started_at))] = old
        else:
            gone.append((old, touching[0] if touching else None))
    matches = [Match(taken.get(id(new)), new) for new in judged]
    return matches + [Match(old, None, into) for old, into in gone]


def _overlap(old: KnownExcursion, new: Excursion) -> bool:
    if old.direction != new.direction:
        return False
    starts_before_end = new.ended_at is None or old.from_at <= new.ended_at
    return starts_before_end and (old.to_at is None or new.started_at <= old.to_at)
