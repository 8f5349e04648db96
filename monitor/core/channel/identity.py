"""Which excursion is which, when late data moved, merged or split some: what overlaps keeps its id."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from monitor.core.channel.excursion import Excursion
from monitor.core.profile.profile import Direction


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
