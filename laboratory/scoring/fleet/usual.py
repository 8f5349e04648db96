"""The field's usual rule, to compare with: a probe beyond a limit for 15 minutes unbroken pages, once.

For ultra-low freezers the limit is −70 °C (docs/sources.md: the default alarm of the makers, with 5 to 30 min
delay); for other classes it is the profile's window. It knows nothing of doors, defrosts, silence or faults.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from typing import NamedTuple

from monitor.core.time.instant import MINUTE

DELAY = 15 * MINUTE


class UsualLimits(NamedTuple):
    """What is outside: °C, None for no limit on that side. ``reached``: the limit itself is outside too."""

    low: float | None
    high: float | None
    reached: bool = False

    def is_outside(self, celsius: float) -> bool:
        """Whether a reading is outside."""
        if self.high is not None and (celsius > self.high or (self.reached and celsius == self.high)):
            return True
        return self.low is not None and (celsius < self.low or (self.reached and celsius == self.low))


ULT = UsualLimits(low=None, high=-70.0, reached=True)
"""An ultra-low freezer's: at −70 °C or warmer."""


class UsualReading(NamedTuple):
    """A reading as the rule sees it: ``channel`` is site/unit/probe, ``at`` ms, ``celsius`` None for a bad one."""

    channel: str
    at: int
    celsius: float | None


class UsualPage(NamedTuple):
    """The rule would page for a unit (site/unit) at ``at``, and be sure at ``ended_at`` that it is over; ms."""

    unit: str
    at: int
    ended_at: int | None


@dataclass(slots=True)
class UsualUnit:
    """One unit, reading by reading in order of time. Memory: two instants for each probe; pages come out at once."""

    limits: UsualLimits
    delay: int = DELAY
    outside_since: dict[str, int] = field(default_factory=dict)
    inside_since: dict[str, int] = field(default_factory=dict)
    paged_at: int | None = None

    def take(self, at: int, heard: Mapping[str, float]) -> tuple[int, int | None] | None:
        """Takes the good readings of one instant, by probe, none of an instant before. ``(at, None)`` if the unit pages
        now, ``(paged at, at)`` if that page is over now.

        A stay is unbroken while no reading says otherwise: a bad reading says nothing, and neither does silence. It is
        sure at the first reading of its probe that finds it 15 min long.
        """
        for probe, celsius in heard.items():
            is_outside = self.limits.is_outside(celsius)
            here, there = (self.outside_since, self.inside_since)[:: 1 if is_outside else -1]
            there.pop(probe, None)
            here.setdefault(probe, at)
        if self.paged_at is None:
            if any(at - self.outside_since.get(probe, at) >= self.delay for probe in heard):
                self.paged_at = at
                return at, None
        elif not self.outside_since and at - max(self.inside_since.values()) >= self.delay:
            over = (self.paged_at, at)
            self.paged_at = None
            return over
        return None


def usual_pages(
    readings: Iterable[UsualReading | tuple[str, int, float | None]],
    limits: Mapping[str, UsualLimits],
    *,
    delay: int = DELAY,
) -> list[UsualPage]:
    """When the usual rule would page, in order of time, from readings in order of time (the caller sorts them).

    ``limits`` by unit (site/unit); readings of other units are left out. Readings of one instant may come in any order;
    of two different ones of a probe the warmer counts. Pages that are not over have ``ended_at`` None.
    """
    units = {unit: UsualUnit(each, delay) for unit, each in limits.items()}
    pages: list[UsualPage] = []
    open_at: dict[str, int] = {}  # where in found a unit's open page is
    for at, together in groupby(readings, key=lambda reading: reading[1]):
        for unit, heard in _by_unit(together).items():
            change = units[unit].take(at, heard) if unit in units else None
            if change is None:
                continue
            if change[1] is None:
                open_at[unit] = len(pages)
                pages.append(UsualPage(unit, at, None))
            else:
                pages[open_at.pop(unit)] = UsualPage(unit, *change)
    return sorted(pages, key=lambda page: (page.at, page.unit))


def _by_unit(readings: Iterable[UsualReading | tuple[str, int, float | None]]) -> dict[str, dict[str, float]]:
    """The good readings of one instant: by unit, by probe."""
    limits: dict[str, dict[str, float]] = {}
    for channel, _, celsius in readings:
        if celsius is not None:
            unit, _, probe = channel.rpartition("/")
            heard = limits.setdefault(unit, {})
            heard[probe] = max(celsius, heard.get(probe, celsius))
    return limits
