"""Straight lines between two readings, and where they cross a level: exact, then rounded to whole milliseconds.

Temperatures are taken as the decimal numbers that were sent, in whole nano-degrees; so a crossing half-way between
two milliseconds is seen as such, and rounded half up, on every machine.
"""

from __future__ import annotations

from typing import NamedTuple

NANO = 1_000_000_000


def nano(celsius: float) -> int:
    """A temperature in whole nano-degrees (exact for up to nine decimals)."""
    return round(celsius * NANO)


def _half_up(numerator: int, denominator: int) -> int:
    """numerator ÷ denominator to the nearest whole number, halves up; the denominator is positive."""
    return (2 * numerator + denominator) // (2 * denominator)


class Line(NamedTuple):
    """The line from (t0, u0) to (t1, u1); t in ms, u in nano-degrees. t0 = t1 is a single point, u0 = u1 then."""

    t0: int
    u0: int
    t1: int
    u1: int

    def above(self, at: int, level: int) -> bool:
        """Whether the line at an instant is strictly above a level."""
        span = self.t1 - self.t0
        if span == 0:
            return self.u1 > level
        return self.u0 * span + (self.u1 - self.u0) * (at - self.t0) > level * span

    def value(self, at: int) -> float:
        """The line's value at an instant, in nano-degrees."""
        span = self.t1 - self.t0
        if span == 0 or at == self.t1:
            return self.u1
        return (self.u0 * span + (self.u1 - self.u0) * (at - self.t0)) / span

    def crossing(self, level: int) -> int:
        """The instant at which the line passes a level that lies between its ends (u0 ≠ u1)."""
        rise, run = self.u1 - self.u0, self.t1 - self.t0
        way = level - self.u0
        return self.t0 + (_half_up(way * run, rise) if rise > 0 else _half_up(-way * run, -rise))

    def passed_at(self, level: int, start: int, end: int) -> int:
        """The instant in [start, end] at which a line that isn't flat passes a level, or would have or will."""
        if min(self.u0, self.u1) <= level <= max(self.u0, self.u1):
            return min(end, max(start, self.crossing(level)))
        return start if (level < self.u0) == (self.u1 > self.u0) else end

    def between(self, low: int | None, high: int | None, start: int, end: int) -> tuple[int, int]:
        """The part of [start, end] in which a line that isn't flat lies between two levels; None: no level there."""
        enters, leaves = (low, high) if self.u1 > self.u0 else (high, low)
        entered_at = start if enters is None else self.passed_at(enters, start, end)
        left_at = end if leaves is None else self.passed_at(leaves, start, end)
        return entered_at, left_at

    def first_at_or_above(self, level: int, start: int, end: int) -> int | None:
        """The first instant in [start, end] at which the line is at or above a level."""
        if self.at_or_above(start, level):
            return start
        if self.u1 >= level > self.u0:
            at = max(start, self.crossing(level))
            return at if at <= end else None
        return None

    def first_at_or_below(self, level: int, start: int, end: int) -> int | None:
        """The first instant in [start, end] at which the line is at or below a level."""
        if not self.above(start, level):
            return start
        if self.u1 <= level < self.u0:
            at = max(start, self.crossing(level))
            return at if at <= end else None
        return None

    def at_or_above(self, at: int, level: int) -> bool:
        """Whether the line at an instant is at or above a level."""
        span = self.t1 - self.t0
        if span == 0:
            return self.u1 >= level
        return self.u0 * span + (self.u1 - self.u0) * (at - self.t0) >= level * span

    def area_above(self, level: int, start: int, end: int) -> float:
        """The area between the line and a level over [start, end], in nano-degree milliseconds, never negative."""
        mean = (self.value(start) + self.value(end)) / 2 - level
        return max(0.0, mean) * (end - start)
