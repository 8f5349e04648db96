"""Forecasts: while a unit warms, when it will cross each coming limit, with an interval. Pure.

Left without cooling a unit follows T(t) = Tₐ − (Tₐ − T₀)·e^(−t/τ). In y = ln((Tₐ − T) ÷ (Tₐ − T_now)) that is a
straight line of slope −1/τ. What is measured begins otherwise: the air runs ahead of the load within minutes of a
failure, and a buffered probe lags behind it. Both are a second, quicker exponential, so what is fitted is

    y(t) = c − t/τ + b·e^(−(t − start)/quick)

by weighted least squares, once for every ambient, every ``quick`` and both signs of b, each with a prior for b; the
fits are mixed by how well each explains the readings. What can't be told yet (is it the air that runs ahead, or a
fast unit?) so widens the interval by itself.

Why the interval is wider than least squares would have it. Neighbouring readings err together (compressor, door,
what two exponentials leave out), so the median of all readings of a stretch counts as one reading; points near the
start, where the model is at its worst, count less; the scatter is never taken to be much below ``SCATTER``; the
ambient may be 4 °C from the one told; the rate may drift by 5 %. Where 90 % is meant, 95.5, 95.8 and 94.5 % were
measured at 30 min, 1 h and 3 h ahead against the simulators' physics
(``tests/unit/core/outlook/test_forecast_physics.py``, 400 units of seeds 2000 to 2399, 1,771 forecasts); in the first
two hours after a failure 92 %. Real units are less tidy.

What it can't know: that somebody will repair the unit, that a door stands open, that ice will melt. A warming that
is a swing of the compressor longer than the readings given, or the echo of a door in a product probe, may be taken
for a real one (about one glance in 40 at a unit opened four times in 12 h), so ask only for units in alarm.
Cooling is not forecast. Where it ends is the compressor's matter and not known, and a unit that recovers looks the
same as one that will freeze its stock.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import exp, log, sqrt
from statistics import fmean, median
from typing import NamedTuple

from monitor.core.time.instant import HOUR, MINUTE

HORIZON = 24 * HOUR
"""Nothing is said of what lies farther ahead."""
LOOK_BACK = 4 * HOUR
"""Older readings take no part."""

POINTS = 60
"""Readings are thinned to at most so many medians."""
POINTS_LEAST = 5
WITNESS = 45 * MINUTE
"""A calm time so long before the warming shows how the unit cycles; without it the warming must last so long."""
RISES_FOR = 6 * MINUTE
"""The least that a warming must have lasted."""
RISE_LEAST = 0.5
"""The least rise in °C that counts as one."""
BEYOND = 1.5
"""How many times as far and as long as each earlier rise of the compressor's saw-tooth it must go."""
ABOVE = 1.1
"""How far it must climb, in parts of the fall that it follows at once."""

QUICK = (0.1, 0.2, 0.35, 0.55, 0.85, 1.3)
"""Time constants, in hours, of the quicker exponential."""
BEGINNINGS = ((-0.7, 0.4), (3.0, 3.0))
"""Mean and spread of b ÷ (quick/τ): a buffered probe that lags (−1 at rest), air that runs ahead."""
AMBIENT_OFF = ((-4.0, 0.25), (0.0, 0.5), (4.0, 0.25))
"""How far the room may be from the ambient told, in °C, with weights."""
ROOM = 22.0
"""The likeliest ambient where none is told."""
RATE_SPREAD = 1.0
"""Spread, in 1/hour, of what is thought of 1/τ beforehand: next to nothing."""
SCATTER = 0.05
"""Scatter of the readings in °C that is supposed beforehand, as if ``SCATTER_SEEN`` readings had shown it."""
SCATTER_SEEN = 4.0
RATE_DRIFT = 0.05
SURE = 1.645
"""Standard deviations on either side: 90 %."""
SURE_SHARE = 0.25
"""No forecast unless the slow end of the interval still rises at this share of the likely rate."""

_PLAUSIBLE = 1_000.0
_AHEAD = tuple(HORIZON / HOUR * (i / 72) ** 2 for i in range(73))
"""The hours ahead for which temperatures are worked out: close together at first."""
_AN_HOUR = bisect_left(_AHEAD, 1.0)

Point = tuple[float, float]
"""(hours after the newest reading, so at most 0; °C)"""
Vector = tuple[float, float, float]
Matrix = tuple[Vector, Vector, Vector]


class Crossing(NamedTuple):
    """When a level will be crossed; nine times in ten between the ends. ``latest_at`` is None if it may never be,
    or not within ``HORIZON``."""

    level: float
    earliest_at: int
    likely_at: int
    latest_at: int | None


@dataclass(frozen=True, slots=True)
class Forecast:
    """Where a warming unit is going. Temperatures in °C.

    ``made_at`` is the instant of the newest reading used, ``celsius`` the temperature then, smoothed, and
    ``rate_per_hour`` how fast it rises. ``towards`` is where it will end, and ``tau_ms`` the time constant with which
    it gets there; None where it can't be told. ``coolest``, ``likely`` and ``warmest`` are the temperatures
    ``hours`` ahead, never falling: the interval's lower end, its middle and its upper end.
    """

    made_at: int
    celsius: float
    rate_per_hour: float
    towards: float
    tau_ms: float | None
    hours: tuple[float, ...]
    coolest: tuple[float, ...]
    likely: tuple[float, ...]
    warmest: tuple[float, ...]

    def crossing(self, level: float) -> Crossing | None:
        """When the temperature will rise to ``level``.

        None if it is there already, or if it isn't likely to get there within ``HORIZON``.
        """
        if not level > self.celsius:
            return None
        earliest, likely = self._reached(self.warmest, level), self._reached(self.likely, level)
        if earliest is None or likely is None:
            return None
        return Crossing(level, earliest, likely, self._reached(self.coolest, level))

    def _reached(self, curve: Sequence[float], level: float) -> int | None:
        after = bisect_left(curve, level)
        if after == len(curve):
            return None
        if after == 0:
            return self.made_at
        share = (level - curve[after - 1]) / (curve[after] - curve[after - 1])
        hours = self.hours[after - 1] + share * (self.hours[after] - self.hours[after - 1])
        return self.made_at + round(hours * HOUR)


def forecast(readings: Sequence[tuple[int, float]], *, ambient: float | None) -> Forecast | None:
    """The forecast that recent good readings (at in ms, °C) of one channel allow; None unless the unit clearly warms.

    Give it an hour or more, best with some calm time before the warming, at any cadence from seconds to a quarter of
    an hour. ``ambient`` is where the warming ends, if known. What is no temperature (beyond ±1,000 °C) takes no part.
    The order of the readings doesn't matter, and the same readings give the same forecast. Never raises.
    """
    usable = sorted((at, celsius) for at, celsius in readings if abs(celsius) <= _PLAUSIBLE)
    if len(usable) < POINTS_LEAST:
        return None
    points = _thinned(usable)
    start = _warming_since(points)
    if start is None:
        return None
    told = ambient if ambient is not None and abs(ambient) <= _PLAUSIBLE else None
    fits = _fits(points[start:], told)
    return _mixed(usable[-1][0], fits) if fits else None


# --- what the readings show ---


def _thinned(readings: Sequence[tuple[int, float]]) -> list[Point]:
    """Medians of equal stretches of time, oldest first, counted back from the newest reading."""
    newest = readings[-1][0]
    kept = [(at, celsius) for at, celsius in readings if at > newest - LOOK_BACK]
    stretch = (newest - kept[0][0]) // POINTS + 1
    found: dict[int, list[Point]] = {}
    for (at, _), celsius in zip(kept, _without_spikes([celsius for _, celsius in kept]), strict=True):
        found.setdefault((newest - at) // stretch, []).append(((at - newest) / HOUR, celsius))
    return [(fmean(t for t, _ in some), median(c for _, c in some)) for some in found.values()]


def _without_spikes(values: list[float]) -> list[float]:
    """Running medians of three, with Tukey's rule at both ends: a single wrong reading leaves no trace."""
    if len(values) < 3:
        return values
    inner = [median(values[i - 1 : i + 2]) for i in range(1, len(values) - 1)]
    if len(inner) < 2:
        return [values[0], *inner, values[-1]]
    first = median((values[0], inner[0], 3 * inner[0] - 2 * inner[1]))
    last = median((values[-1], inner[-1], 3 * inner[-1] - 2 * inner[-2]))
    return [first, *inner, last]


def _warming_since(points: Sequence[Point]) -> int | None:
    """The index at which a warming began that still goes on; None if there is none to be sure of.

    Not the saw-tooth of a compressor: it must go on for longer and farther than each earlier rise. Not a door that
    was opened: what recovers falls.
    """
    if len(points) < 3:
        return None
    step = max(RISE_LEAST, 6 * _noise(points))
    turns = _turns(points, step)
    if not turns or points[-1][1] - points[turns[-1]][1] < step:
        return None
    bottom, top = points[turns[-1]][1], points[-1][1]
    near = bottom + max(0.7 * step, 0.1 * (top - bottom))
    start = max(i for i in range(turns[-1], len(points)) if points[i][1] <= near)
    if len(points) - start < POINTS_LEAST:
        return None
    lasted, calm = _between(points, start, -1), _between(points, 0, start)
    rises = [(low, high) for low, high in pairwise(turns) if points[high][1] > points[low][1]]
    farthest = max((points[high][1] - points[low][1] for low, high in rises), default=0.0)
    longest = max((_between(points, low, high) for low, high in rises), default=0.0)
    needed = max(RISES_FOR, BEYOND * longest) if calm >= WITNESS else WITNESS
    fell = points[turns[-2]][1] - bottom if len(turns) > 1 else 0.0
    at_once = _between(points, turns[-1], start) < WITNESS
    if lasted < needed or top - bottom < max(BEYOND * farthest, ABOVE * fell if at_once else 0.0):
        return None
    return start


def _between(points: Sequence[Point], first: int, last: int) -> float:
    """The time from one point to another in ms."""
    return (points[last][0] - points[first][0]) * HOUR


def _noise(points: Sequence[Point]) -> float:
    """The standard deviation of the noise, robustly, from second differences."""
    bends = [abs(points[i - 1][1] - 2 * points[i][1] + points[i + 1][1]) for i in range(1, len(points) - 1)]
    return 1.4826 * median(bends) / sqrt(6)


def _turns(points: Sequence[Point], step: float) -> list[int]:
    """The indices of lows and highs in turn that lie more than ``step`` apart; [] unless it rises after the last."""
    turns: list[int] = []
    low = high = 0
    rising: bool | None = None
    for i, (_, celsius) in enumerate(points):
        if celsius <= points[low][1]:
            low = i
        if celsius >= points[high][1]:
            high = i
        if rising is not False and points[high][1] - celsius > step:
            turns.append(high)
            rising, low = False, i
        elif rising is not True and celsius - points[low][1] > step:
            turns.append(low)
            rising, high = True, i
    return turns if rising else []


# --- fits ---


class _Fit(NamedTuple):
    """One fit: (c, −1/τ, b) with their covariance, and the logarithm of its weight among the others."""

    ambient: float
    span: float
    start: float
    quick: float
    found: Vector
    covariance: Matrix
    weight: float

    def at(self, hours: float) -> tuple[float, float]:
        """The temperature some hours ahead, and its standard deviation."""
        terms = (1.0, hours, exp((self.start - hours) / self.quick))
        variance = _dot(terms, _times(self.covariance, terms)) + (RATE_DRIFT * self.found[1] * hours) ** 2
        left = self.span * exp(min(_dot(self.found, terms), 50.0))
        return self.ambient - left, left * sqrt(max(variance, 0.0))


class _Sums(NamedTuple):
    """Weighted sums over the points: terms by terms, terms by y, y by y, and the weights alone."""

    terms: Matrix
    cross: Vector
    square: float
    weight: float


def _fits(points: Sequence[Point], ambient: float | None) -> list[_Fit]:
    """A fit for each ambient, each ``QUICK`` and each way to begin."""
    now, coolest = points[-1][1], points[0][1]
    warmest = max(celsius for _, celsius in points)
    found: list[_Fit] = []
    for towards, weight in _ambients(now, now - coolest, ambient):
        if towards < warmest + 1.0:
            continue
        for quick in QUICK:
            sums = _summed(points, towards, quick)
            rate = log((towards - coolest) / (towards - now)) / (points[-1][0] - points[0][0])
            fits = (_fit(sums, quick, beginning, rate) for beginning in BEGINNINGS)
            found += (
                _Fit(towards, towards - now, points[0][0], quick, beta, covariance, log(weight) + evidence)
                for beta, covariance, evidence in fits
            )
    return found


def _ambients(now: float, rise: float, ambient: float | None) -> Iterator[tuple[float, float]]:
    """Where the warming may end, with weights; if nobody told: the room, half-way there, or a straight line."""
    if ambient is not None:
        yield from ((ambient + off, weight) for off, weight in AMBIENT_OFF)
        return
    yield ROOM, 0.5
    yield now + max(2 * rise, (ROOM - now) / 2), 0.25
    yield now + 1_000.0, 0.25


def _summed(points: Sequence[Point], ambient: float, quick: float) -> _Sums:
    start, now = points[0][0], points[-1][1]
    rows: list[tuple[Vector, float, float]] = []
    total = 0.0
    for t, celsius in points:
        trust = 0.05 + 0.95 * (t - start) / (points[-1][0] - start)
        left = ambient - celsius
        # An error of 1 °C is one of 1/left in y, and less far from the start than near it.
        terms = (1.0, t, exp((start - t) / quick))
        rows.append((terms, log(left / (ambient - now)), (left * trust) ** 2))
        total += trust**2
    aa, ab, ac = (sum(f[i] * w for f, _, w in rows) for i in range(3))
    bb, bc, cc = (sum(f[i] * f[j] * w for f, _, w in rows) for i, j in ((1, 1), (1, 2), (2, 2)))
    ay, by, cy = (sum(f[i] * y * w for f, y, w in rows) for i in range(3))
    square = sum(y * y * w for _, y, w in rows)
    return _Sums(((aa, ab, ac), (ab, bb, bc), (ac, bc, cc)), (ay, by, cy), square, total)


def _fit(
    sums: _Sums, quick: float, beginning: tuple[float, float], rate: float
) -> tuple[Vector, Matrix, float]:
    """(c, −1/τ, b), their covariance, and the logarithm of the evidence. ``rate`` is a first guess at 1/τ."""
    seen = sums.weight
    least = rate / 8
    scatter = SCATTER**2
    known_rate = 1 / RATE_SPREAD**2
    for _ in range(3):
        mean, spread = beginning[0] * quick * rate, beginning[1] * quick * rate
        known = 1 / spread**2
        share = 1 / scatter
        (aa, ab, ac), (_, bb, bc), (_, _, cc) = sums.terms
        covariance, determinant = _inverse(
            aa * share, ab * share, ac * share, bb * share + known_rate, bc * share, cc * share + known
        )
        ay, by, cy = sums.cross
        found = _times(covariance, (ay * share, by * share, cy * share + mean * known))
        misfit = _dot(found, _times(sums.terms, found)) - 2 * _dot(found, sums.cross) + sums.square
        scatter = (max(misfit, 0.0) + SCATTER_SEEN * SCATTER**2) / (seen + SCATTER_SEEN)
        rate = max(-found[1], least)
    penalty = found[1] ** 2 * known_rate + (found[2] - mean) ** 2 * known
    evidence = -(seen + SCATTER_SEEN) * log(scatter) - log(determinant) - penalty - 2 * log(spread)
    return found, covariance, evidence / 2


def _inverse(aa: float, ab: float, ac: float, bb: float, bc: float, cc: float) -> tuple[Matrix, float]:
    """The inverse of a symmetric matrix, and its determinant, which rounding doesn't let fall to 0."""
    a, b, c = bb * cc - bc * bc, ac * bc - ab * cc, ab * bc - bb * ac
    d, e, f = aa * cc - ac * ac, ab * ac - aa * bc, aa * bb - ab * ab
    determinant = max(aa * a + ab * b + ac * c, 1e-12 * aa * bb * cc)
    a, b, c, d, e, f = (x / determinant for x in (a, b, c, d, e, f))
    return ((a, b, c), (b, d, e), (c, e, f)), determinant


def _times(matrix: Matrix, vector: Vector) -> Vector:
    return _dot(matrix[0], vector), _dot(matrix[1], vector), _dot(matrix[2], vector)


def _dot(one: Vector, other: Vector) -> float:
    return one[0] * other[0] + one[1] * other[1] + one[2] * other[2]


# --- what the fits say together ---


def _mixed(made_at: int, fits: Sequence[_Fit]) -> Forecast | None:
    """The fits' forecast, each by its weight; None if it may well be that it hardly rises."""
    best = max(fit.weight for fit in fits)
    weighed = [(exp(fit.weight - best), fit) for fit in fits if fit.weight > best - 7.0]
    total = sum(weight for weight, _ in weighed)
    shares = [(weight / total, fit) for weight, fit in weighed]
    coolest, likely, warmest = [], [], []
    low = mid = high = float("-inf")
    for hours in _AHEAD:
        pairs = [(share, *fit.at(hours)) for share, fit in shares]
        mean = sum(share * celsius for share, celsius, _ in pairs)
        spread = sqrt(sum(share * (sd * sd + (celsius - mean) ** 2) for share, celsius, sd in pairs))
        low, mid, high = max(low, mean - SURE * spread), max(mid, mean), max(high, mean + SURE * spread)
        coolest.append(low)
        likely.append(mid)
        warmest.append(high)
    rise = likely[_AN_HOUR] - likely[0]
    if not (rise > 0 and coolest[_AN_HOUR] - likely[0] >= SURE_SHARE * rise):
        return None
    slope = sum(share * fit.found[1] for share, fit in shares)
    return Forecast(
        made_at=made_at,
        celsius=likely[0],
        rate_per_hour=(likely[2] - likely[0]) / (_AHEAD[2] - _AHEAD[0]),
        towards=sum(share * fit.ambient for share, fit in shares),
        tau_ms=-HOUR / slope if slope < 0 else None,
        hours=_AHEAD,
        coolest=tuple(coolest),
        likely=tuple(likely),
        warmest=tuple(warmest),
    )
