"""A channel's trail: what it measured lately, summed up so that the order in which readings came leaves no trace.

Per minute for six hours, per five minutes for three days, per hour for 30 days: how many good readings, their sum,
the lowest and the highest, all as whole milli-degrees. Sums, minima and maxima of whole numbers don't depend on the
order of what is added, so the same readings give the same trail in any order, any batches, and after a restart.
What is older than a ring is long when it is added changes nothing: it would be gone by now.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from typing import NamedTuple

from monitor.core.time.instant import DAY, HOUR, MINUTE

PART = 5 * MINUTE
MINUTES_FOR = 6 * HOUR
PARTS_FOR = 3 * DAY
HOURS_FOR = 30 * DAY

_NEVER = -(1 << 62)
"""The number of a slot's stretch of time before it has one; before every instant, too."""
_WILD = 1e6
"""What is so far from 0 °C is no temperature, whatever a probe's ``plausible`` says; it leaves no trail."""


class Bin(NamedTuple):
    """The good readings of one stretch of time from ``at`` on: their number, sum, lowest and highest in m°C."""

    at: int
    readings: int
    total: int
    low: int
    high: int

    @property
    def mean(self) -> float:
        """Their mean in °C."""
        return self.total / self.readings / 1_000


_Sums = dict[int, list[int]]
"""By number of the stretch: [count, total, low, high]."""


class Ring:
    """The newest stretches of ``width`` ms each, together ``span`` ms long. 28 bytes a stretch."""

    __slots__ = ("_count", "_high", "_low", "_number", "_size", "_total", "newest", "width")

    def __init__(self, width: int, span: int) -> None:
        self.width = width
        self._size = size = span // width
        self._number = array("q", [_NEVER]) * size
        self._count = array("i", [0]) * size
        self._total = array("q", [0]) * size
        self._low = array("i", [0]) * size
        self._high = array("i", [0]) * size
        self.newest = _NEVER

    @property
    def nbytes(self) -> int:
        """Bytes that its columns take."""
        columns = (self._number, self._count, self._total, self._low, self._high)
        return sum(len(column) * column.itemsize for column in columns)

    def add(self, sums: _Sums) -> None:
        """Adds the sums of some stretches. A slot that holds a later stretch has no room for an earlier one."""
        size, numbers = self._size, self._number
        for number, (count, total, low, high) in sums.items():
            slot = number % size
            held = numbers[slot]
            if held == number:
                self._count[slot] += count
                self._total[slot] += total
                self._low[slot] = min(low, self._low[slot])
                self._high[slot] = max(high, self._high[slot])
            elif held < number:
                numbers[slot], self._count[slot], self._total[slot] = number, count, total
                self._low[slot], self._high[slot] = low, high
                self.newest = max(self.newest, number)

    def bins(self, since: int, until: int) -> list[Bin]:
        """The stretches that begin in [since, until), in order; empty ones are left out."""
        width, size, numbers = self.width, self._size, self._number
        first = max(-(-since // width), self.newest - size + 1)
        last = min(-(-until // width), self.newest + 1)
        found = []
        for number in range(first, last):
            slot = number % size
            if numbers[slot] == number:
                sums = (self._count[slot], self._total[slot], self._low[slot], self._high[slot])
                found.append(Bin(number * width, *sums))
        return found


class Trail:
    """One channel's trail; 54 kB.

    ``newest_at`` is the instant of the newest reading, None before the first. ``late`` counts readings that came
    after a later one: who keeps what was worked out from the past asks whether it has changed.
    """

    __slots__ = ("hours", "late", "minutes", "newest_at", "parts")

    def __init__(self) -> None:
        self.minutes = Ring(MINUTE, MINUTES_FOR)
        self.parts = Ring(PART, PARTS_FOR)
        self.hours = Ring(HOUR, HOURS_FOR)
        self.newest_at: int | None = None
        self.late = 0

    def add(self, readings: Iterable[tuple[int, float]]) -> None:
        """Adds good, corrected readings as (instant, °C), in any order, each once."""
        minutes: _Sums = {}
        newest = _NEVER if self.newest_at is None else self.newest_at
        for at, celsius in readings:
            if not -_WILD < celsius < _WILD:
                continue
            milli = round(celsius * 1_000)
            if at < newest:
                self.late += 1
            else:
                newest = at
            sums = minutes.get(at // MINUTE)
            if sums is None:
                minutes[at // MINUTE] = [1, milli, milli, milli]
                continue
            sums[0] += 1
            sums[1] += milli
            if milli < sums[2]:
                sums[2] = milli
            elif milli > sums[3]:
                sums[3] = milli
        if minutes:
            self.newest_at = newest
            self.minutes.add(minutes)
            parts = _gathered(minutes, PART // MINUTE)
            self.parts.add(parts)
            self.hours.add(_gathered(parts, HOUR // PART))

    @property
    def nbytes(self) -> int:
        """Bytes that its columns take."""
        return self.minutes.nbytes + self.parts.nbytes + self.hours.nbytes


def _gathered(sums: _Sums, factor: int) -> _Sums:
    """The same sums over stretches ``factor`` times as long."""
    found: _Sums = {}
    for number, (count, total, low, high) in sums.items():
        into = found.get(number // factor)
        if into is None:
            found[number // factor] = [count, total, low, high]
            continue
        into[0] += count
        into[1] += total
        if low < into[2]:
            into[2] = low
        if high > into[3]:
            into[3] = high
    return found
