"""Probes: what a temperature sensor makes of the temperature it sits in. Pure, and seeded.

A probe draws its noise for every reading that is due, also for one that is faulty or never sent, so that a
fault in one hour leaves the noise of the next as it was.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import expm1, isfinite
from random import Random
from typing import Literal

from monitor.wire.v1 import FaultName, Reading
from simulators.clock import DAY, MINUTE, SECOND
from simulators.require import require

Place = Literal["air", "load"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeModel:
    """What kind of probe it is, and where. Temperatures in °C, durations in ms.

    ``place``: in the unit's air, or among its load. ``lag_for``: the time constant with which it follows (a
    buffer of glycol or beads makes it long). ``noise``: standard deviation. ``resolution``: readings are
    multiples of it.
    ``battery_for``: how long a full battery lasts; None for one on mains, which sends no
    ``battery_percent``.
    ``battery_percent``: what is left of it at the start. Raises ValueError for values that make no sense.
    """

    place: Place
    lag_for: int
    noise: float = 0.03
    resolution: float = 0.01
    battery_for: int | None = None
    battery_percent: float = 100.0

    def __post_init__(self) -> None:
        require(self.lag_for > 0, f"lag_for {self.lag_for} is not above 0")
        require(self.noise >= 0 and isfinite(self.noise), f"noise {self.noise} is not a number from 0 on")
        require(self.resolution > 0, f"resolution {self.resolution} is not above 0")
        require(
            self.battery_for is None or self.battery_for > 0, f"battery_for {self.battery_for} is not above 0"
        )
        left = self.battery_percent
        require(0 <= left <= 100, f"battery_percent {left} is not between 0 and 100")


BUFFERED = ProbeModel(place="load", lag_for=10 * MINUTE, battery_for=730 * DAY, battery_percent=93.0)
"""A product probe: in a buffered bottle among the load, on a battery that lasts two years."""

BARE = ProbeModel(place="air", lag_for=30 * SECOND, noise=0.08)
"""An air probe on mains: quick, a little noisier."""


class Probe:
    """One probe's state. ``celsius`` is what its element has; ``fault`` and ``silent`` are set from outside.

    ``began_at`` is the instant from which its battery runs down.
    """

    __slots__ = ("_random", "_seq", "began_at", "celsius", "fault", "model", "silent")

    def __init__(self, model: ProbeModel, *, celsius: float, began_at: int, random: Random) -> None:
        self.model = model
        self.celsius = celsius
        self.began_at = began_at
        self.fault: FaultName | None = None
        self.silent = False
        self._random = random
        self._seq = 0

    def follow(self, celsius: float, dt: int) -> None:
        """Lets ``dt`` ms pass in surroundings of ``celsius``."""
        self.celsius -= (celsius - self.celsius) * expm1(-dt / self.model.lag_for)

    def read(self, at: int) -> Reading | None:
        """The reading due at ``at``; None if the probe is silent or its battery empty.

        ``seq`` counts the readings due, so those that are missing show as a gap in it.
        """
        self._seq += 1
        noisy = self.celsius + self._random.gauss(0.0, self.model.noise)
        battery = self._battery(at)
        if self.silent or battery == 0:
            return None
        steps = round(noisy / self.model.resolution)  # an int: there is no −0 among the values
        celsius = None if self.fault else round(steps * self.model.resolution, 6)
        return Reading(at, at, celsius, self.fault, self._seq, battery)

    def _battery(self, at: int) -> int | None:
        """What is left in whole per cent; None on mains."""
        model = self.model
        if model.battery_for is None:
            return None
        return max(0, round(model.battery_percent - 100 * (at - self.began_at) / model.battery_for))
