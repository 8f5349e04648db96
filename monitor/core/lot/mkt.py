"""Mean kinetic temperature: the constant temperature that would have done as much as the real course did.

Time-weighted over known time: a joined segment weighs the mean of its two ends' rates e^(−ΔH/RT) by its length
(docs/figures.md, "Mean kinetic temperature"). Sums of rates are whole numbers of a very small unit, so that they come
out the same however a history is cut into pieces, and nothing can overflow.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import repeat
from math import exp, ldexp, log
from operator import sub
from typing import NamedTuple

from monitor.core.channel.line import NANO, Line, nano

_KELVIN = 273.15
_REFERENCE = 273.15
"""Rates are relative to that at 0 °C."""
_BITS = 300
_EXPONENT_MAX = 400.0
_LN2 = log(2.0)


class Worst(NamedTuple):
    """The worst stretch of a window's length: its mean kinetic temperature (°C) and its ends (ms)."""

    celsius: float
    from_at: int
    to_at: int


class Segment(NamedTuple):
    """A known piece of a lot's timeline. ``outside``: the times in it at which the lot was outside its window, from
    leaving it to coming back; of no length for a reading that is outside."""

    from_at: int
    to_at: int
    line: Line
    outside: Sequence[tuple[int, int]]


def heat_of(line: Line, start: int, end: int, delta_h_over_r: float) -> int:
    """The sum of the rate over a piece of a line that counts as a segment of its own, in units of 2^−300 ms."""
    mean = (_rate(line.value(start), delta_h_over_r) + _rate(line.value(end), delta_h_over_r)) / 2
    return int(ldexp(mean * (end - start), _BITS))


def heat_along(at: Sequence[int], celsius: Sequence[float], delta_h_over_r: float) -> int:
    """The sum of :func:`heat_of` over the lines from each point to the next: the same number, sooner."""
    rates = [_rate_at(value, delta_h_over_r) for value in celsius]
    spans = map(sub, at[1:], at)
    heats = [(one + other) / 2 * span for one, other, span in zip(rates, rates[1:], spans, strict=False)]
    return sum(map(int, map(ldexp, heats, repeat(_BITS))))


@lru_cache(maxsize=8_192)
def _rate_at(celsius: float, delta_h_over_r: float) -> float:
    """The rate at a reading, of which a probe sends few different ones."""
    return _rate(nano(celsius), delta_h_over_r)


def _rate(u: float, delta_h_over_r: float) -> float:
    """e^(−ΔH/RT), relative to 0 °C; ``u`` in nano-degrees Celsius. Bounded, for values that are no temperatures."""
    kelvin = max(u / NANO + _KELVIN, 1.0)
    exponent = delta_h_over_r * (1.0 / _REFERENCE - 1.0 / kelvin)
    return exp(max(-_EXPONENT_MAX, min(_EXPONENT_MAX, exponent)))


def celsius_of(heat: int, known_ms: int, delta_h_over_r: float) -> float | None:
    """The mean kinetic temperature of a sum over known time, °C to the sixth decimal; None without known time."""
    if heat <= 0 or known_ms <= 0:
        return None
    exponent = log(heat) - log(known_ms) - _BITS * _LN2
    return round(1.0 / (1.0 / _REFERENCE - exponent / delta_h_over_r) - _KELVIN, 6)


class _Course:
    """Known segments in order, with running sums: what a stretch between any two instants comes to."""

    def __init__(self, segments: Sequence[Segment], delta_h_over_r: float) -> None:
        self._segments = segments
        self._delta = delta_h_over_r
        self._starts = [segment.from_at for segment in segments]
        self._ends = [segment.to_at for segment in segments]
        self._heat, self._known = [0], [0]
        for one in segments:
            self._heat.append(self._heat[-1] + heat_of(one.line, one.from_at, one.to_at, delta_h_over_r))
            self._known.append(self._known[-1] + one.to_at - one.from_at)

    def between(self, start: int, end: int) -> tuple[int, int]:
        """Heat and known time in [start, end]; a segment that is cut counts as one that ends there."""
        first = bisect_right(self._ends, start)  # the first segment that ends after the start
        last = bisect_left(self._starts, end)  # one beyond the last that starts before the end
        if first >= last:
            return 0, 0
        heat = self._heat[last] - self._heat[first]
        known = self._known[last] - self._known[first]
        for index in {first, last - 1}:
            one = self._segments[index]
            low, high = max(start, one.from_at), min(end, one.to_at)
            if (low, high) != (one.from_at, one.to_at):
                heat += heat_of(one.line, low, high, self._delta)
                heat -= self._heat[index + 1] - self._heat[index]
                known += (high - low) - (one.to_at - one.from_at)
        return heat, known


def worst_window(
    segments: Sequence[Segment],
    edges: Iterable[int],
    *,
    start: int,
    end: int,
    window: int,
    delta_h_over_r: float,
) -> Worst | None:
    """The worst window of a timeline [start, end] that touches time outside the storage window.

    ``segments``: the known pieces, in order, at least those within a window's length of time outside; ``edges``: the
    instants at which windows may begin or end (readings and edges of the timeline). At least half of a window must be
    known. The earliest of equals; None if there is none.
    """
    outside = _Outside([span for one in segments for span in one.outside])
    if outside.is_empty or end <= start:
        return None
    length = min(window, end - start)
    course = _Course(segments, delta_h_over_r)
    starts = set(edges) | {edge - length for edge in edges} | {start, end - length}
    best: tuple[float, int] | None = None
    for begin in sorted(starts):
        if begin < start or begin + length > end or not outside.touches(begin, begin + length):
            continue
        heat, known = course.between(begin, begin + length)
        if 2 * known < length or heat <= 0:
            continue
        # Logarithms have the order of the temperatures. What differs by rounding alone is equal: the earlier one stays.
        mean = log(heat) - log(known)
        if best is None or mean > best[0] + 1e-13:
            best = (mean, begin)
    if best is None:
        return None
    heat, known = course.between(best[1], best[1] + length)
    celsius = celsius_of(heat, known, delta_h_over_r)
    return None if celsius is None else Worst(celsius, best[1], best[1] + length)


class _Outside:
    """Time outside the window, and the readings there."""

    def __init__(self, spans: Sequence[tuple[int, int]]) -> None:
        self._spans = sorted(span for span in spans if span[0] < span[1])
        self._starts = [start for start, _ in self._spans]
        self._readings = sorted(start for start, end in spans if start == end)

    @property
    def is_empty(self) -> bool:
        return not self._spans and not self._readings

    def touches(self, begin: int, end: int) -> bool:
        """Whether [begin, end] shares time with it, or holds a reading outside."""
        index = bisect_left(self._starts, end) - 1
        if index >= 0 and self._spans[index][1] > begin:
            return True
        index = bisect_left(self._readings, begin)
        return index < len(self._readings) and self._readings[index] <= end
