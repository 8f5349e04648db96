"""The simulated time of day: where it begins, how fast it runs, and what real time it is derived from."""

from __future__ import annotations

import math
import re
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


class SteppedClock:
    """A clock that stands still until it is moved on: whoever drives a simulation says what time it is.

    Any thread may ask; one moves it.
    """

    __slots__ = ("_at",)

    def __init__(self, at: int) -> None:
        self._at = at

    def now(self) -> int:
        """The simulated instant, in ms."""
        return self._at

    def move_to(self, at: int) -> None:
        """Moves it on; raises ValueError for an instant that is over."""
        require(at >= self._at, f"the clock shows {self._at} and can't go back to {at}")
        self._at = at


_PARTS = re.compile(r"(?=\d)(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?", re.ASCII)


def duration(text: str) -> int:
    """The milliseconds that a duration of a scenario names: ``90s``, ``15m``, ``2h30m``, ``14d``.

    Raises ValueError, in words, for anything else.
    """
    match = _PARTS.fullmatch(text)
    if match is None:
        mistake = f"{text!r} is no duration: write 90s, 15m, 2h30m or 14d"
        raise ValueError(mistake)
    units = (DAY, HOUR, MINUTE, SECOND)
    return sum(int(count) * unit for count, unit in zip(match.groups(), units, strict=True) if count)
