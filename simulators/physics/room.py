"""The room around the units: a mean, a daily course, and what happens when its cooling is lost."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from math import cos, exp, isfinite, tau
from operator import itemgetter
from typing import NamedTuple

from simulators.clock import DAY, HOUR
from simulators.require import require


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomModel:
    """What kind of room it is. Temperatures in °C, durations in ms.

    ``mean``: over a day. ``swing``: between the coldest and the warmest of a day, along a cosine.
    ``warmest_at``: how long after midnight UTC it is warmest. The defaults are assumptions. Raises ValueError
    for values that make no sense.
    """

    mean: float = 22.0
    swing: float = 2.0
    warmest_at: int = 15 * HOUR

    def __post_init__(self) -> None:
        require(isfinite(self.mean), f"mean {self.mean} is not a number")
        require(self.swing >= 0 and isfinite(self.swing), f"swing {self.swing} is not a number from 0 on")
        require(0 <= self.warmest_at < DAY, f"warmest_at {self.warmest_at} is not within a day")


class _Change(NamedTuple):
    """From ``at`` on, what the room has above its daily course goes from ``above`` to ``to``."""

    at: int
    above: float
    to: float
    follows_for: int

    def above_at(self, at: int) -> float:
        return self.to + (self.above - self.to) * exp((self.at - at) / self.follows_for)


class Room:
    """One room. It can be asked about any instant, in any order, also before the latest change.

    Each loss and each return of its cooling is remembered for good; a scenario has a handful.
    """

    __slots__ = ("_changes", "model")

    def __init__(self, model: RoomModel) -> None:
        self.model = model
        self._changes: list[_Change] = []

    def celsius(self, at: int) -> float:
        """°C in the room at an instant."""
        model = self.model
        course = model.mean + model.swing / 2 * cos(tau * ((at - model.warmest_at) % DAY) / DAY)
        return course + self._above(at)

    def lose_cooling(self, at: int, to: float = 35.0, follows_for: int = 2 * HOUR) -> None:
        """From ``at`` on it approaches ``to`` (as the mean of a day) with the time constant ``follows_for``.

        Raises ValueError if a later change is known, or for a time constant that isn't above 0.
        """
        self._change(at, to - self.model.mean, follows_for)

    def restore_cooling(self, at: int) -> None:
        """From ``at`` on it goes back to its daily course, as quickly as it left it. Raises ValueError as above."""
        self._change(at, 0.0, self._changes[-1].follows_for if self._changes else HOUR)

    def _change(self, at: int, to: float, follows_for: int) -> None:
        require(follows_for > 0, f"follows_for {follows_for} is not above 0")
        in_order = not self._changes or self._changes[-1].at <= at
        require(in_order, f"{at} lies before the room's latest change")
        self._changes.append(_Change(at, self._above(at), to, follows_for))

    def _above(self, at: int) -> float:
        place = bisect_right(self._changes, at, key=itemgetter(0))
        return self._changes[place - 1].above_at(at) if place else 0.0
