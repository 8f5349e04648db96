"""The simulated time of day: where it begins, how fast it runs, and what real time it is derived from."""

from __future__ import annotations

import math
from collections.abc import Callable

from simulators.require import require

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR


class SimulatedClock:
    """A clock that shows ``start_at`` when it is made and then runs ``speed`` times as fast as real time.

    ``real_clock`` gives real seconds from any origin and never goes back (``time.monotonic`` in earnest).
    One clock can be shared by the simulators and by what watches them; then nothing is ever measured in the
    watcher's future. A clock doesn't change once it is made, so any number of threads may ask it.

    Raises ValueError for a speed that isn't above 0.
    """

    __slots__ = ("_began", "_per_second", "_real_clock", "speed", "start_at")

    def __init__(self, start_at: int, speed: float, real_clock: Callable[[], float]) -> None:
        require(speed > 0 and math.isfinite(speed), f"speed {speed} is not a number above 0")
        self.start_at = start_at
        self.speed = speed
        self._per_second = speed * SECOND
        self._real_clock = real_clock
        self._began = real_clock()

    def now(self) -> int:
        """The simulated instant, in ms."""
        return self.start_at + math.floor(self._elapsed())

    __call__ = now

    def real_seconds_until(self, at: int) -> float:
        """How long it takes in real seconds until :meth:`now` reaches ``at``; 0.0 exactly if it has."""
        return max(0.0, (at - self.start_at - self._elapsed()) / self._per_second)

    def _elapsed(self) -> float:
        """Simulated ms since the clock was made."""
        return (self._real_clock() - self._began) * self._per_second
