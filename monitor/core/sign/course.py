"""The course of a temperature: its rises and falls, and what of them is usual for a probe. Pure.

A *rise* goes on while nothing falls by more than ``step`` below what was reached: the compressor, where it works,
makes air fall again and again. What a probe usually does is learned from its own past, not configured.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median
from typing import NamedTuple

from monitor.core.sign.trail import Bin, Ring
from monitor.core.time.instant import HOUR

STEP_LEAST = 0.15
"""°C that any fall must have to count as one: more than what a resolution of 0.1 °C makes of a calm value."""
SWING_SHARE = 0.25
NEAR_SHARE = 0.8
"""So much of a step above the lowest it has hardly begun to rise."""
ABOVE_LEAST = 0.5
ABOVE_SHARE = 0.3
USUAL = 3
"""What happened so many times in the past is usual. Once or twice may have been a mishap."""
CYCLES_SHARE = 0.75
PAUSE_STEPS = 2.0
"""A pause shows as a rise by more than this many of the habit's steps: half of the usual swing."""
KNOWN_LEAST = 3 * HOUR
"""With less of a calm past nothing is known of what is usual."""


class Point(NamedTuple):
    """A mean over a short stretch of time that begins at ``at``."""

    at: int
    celsius: float


class Rise(NamedTuple):
    """A rise between two points: when it began and ended, and from where to where, in °C."""

    start_at: int
    end_at: int
    low: float
    high: float

    @property
    def lasted(self) -> int:
        """In ms."""
        return self.end_at - self.start_at

    @property
    def climbed(self) -> float:
        """In °C."""
        return self.high - self.low


@dataclass(frozen=True, slots=True)
class Habit:
    """What is usual for a probe, from up to three days of its past.

    ``known_for``: ms of time with readings. ``swing``: how far it moves in a calm hour, °C; in two of three more.
    ``step``: a smaller fall counts as none. ``cycles``: it falls again in most hours, by day and by night, so it shows
    the compressor; ``top`` is then the usual top of a cycle, else nine in ten means lie below it. ``climb``: the third
    highest rise. ``above``: the third longest time in ms for which one went on once it was clearly above the top: a
    defrost does so, that nobody tells of. ``apart``: the usual time in ms between readings, 0 below five minutes.
    """

    known_for: int
    swing: float
    step: float
    cycles: bool
    top: float
    climb: float
    above: int
    apart: int

    @property
    def clearly(self) -> float:
        """What is clearly above the usual top, °C."""
        return self.top + max(ABOVE_LEAST, ABOVE_SHARE * self.swing)

    def with_swing(self, swing: float) -> Habit:
        """The same with another swing, and the step that goes with it, in °C."""
        return replace(self, swing=swing, step=_step(swing))

    @property
    def pause(self) -> float:
        """A rise by more than this, in °C, is a pause of the compressor, where it is no door."""
        return PAUSE_STEPS * self.step


def points(bins: Sequence[Bin]) -> list[Point]:
    """The means of stretches of time."""
    return [Point(one.at, one.mean) for one in bins]


def noise(course: Sequence[Point]) -> float:
    """The standard deviation of the noise in °C, robustly, from second differences; 0 for fewer than three points."""
    bends = [
        abs(course[i - 1].celsius - 2 * course[i].celsius + course[i + 1].celsius)
        for i in range(1, len(course) - 1)
    ]
    return 1.4826 * median(bends) / 6**0.5 if bends else 0.0


def rises(course: Sequence[Point], step: float) -> list[Rise]:
    """The rises by more than ``step`` that a fall of more than ``step`` ended, in order."""
    found: list[Rise] = []
    if not course:
        return found
    low = high = course[0]
    rising = False
    for point in course:
        if rising:
            if point.celsius >= high.celsius:
                high = point
            elif high.celsius - point.celsius > step:
                found.append(Rise(low.at, high.at, low.celsius, high.celsius))
                rising, low = False, point
        elif point.celsius <= low.celsius:
            low = point
        elif point.celsius - low.celsius > step:
            rising, high = True, point
    return found


def rise_now(course: Sequence[Point], step: float, max_gap: int) -> list[Point]:
    """The points since the last fall of more than ``step``, from the lowest of them on; [] without any.

    Where it lay still before it rose it begins with the last point that was hardly above the lowest. A gap of more
    than ``max_gap`` hides what was in it, so nothing before it is taken.
    """
    if not course:
        return []
    first, lowest = len(course) - 1, course[-1].celsius
    for i in range(len(course) - 1, -1, -1):
        celsius = course[i].celsius
        is_apart = i + 1 < len(course) and course[i + 1].at - course[i].at > max_gap
        if celsius - lowest > step or is_apart:
            break
        lowest = min(lowest, celsius)
        first = i
    near = lowest + NEAR_SHARE * step
    start = max(i for i in range(first, len(course)) if course[i].celsius <= near)
    return list(course[start:])


def habit(parts: Ring, since: int, until: int) -> Habit | None:
    """What was usual in [since, until); None if too little of it is known."""
    bins = parts.bins(since, until)
    apart = sorted(after.at - before.at for before, after in pairwise(bins))
    # A probe read every 15 minutes fills one part in three: what counts is the time that it was watched.
    usual_apart = max(parts.width, apart[len(apart) // 2] if apart else 0)
    known_for = len(bins) * usual_apart
    if known_for < KNOWN_LEAST:
        return None
    course = points(bins)
    hours: dict[int, list[float]] = {}
    for point in course:
        hours.setdefault(point.at // HOUR, []).append(point.celsius)
    # Doors and goods widen some hours, not the third of them that are the calmest.
    spreads = sorted(max(some) - min(some) for some in hours.values())
    swing = spreads[len(spreads) // 3]
    step = _step(swing)
    found = rises(course, step)
    cycles = len({rise.end_at // HOUR for rise in found}) >= CYCLES_SHARE * len(hours)
    if cycles:
        top = median(rise.high for rise in found)
    else:
        top = sorted(point.celsius for point in course)[len(course) * 9 // 10]
    climb = _third([rise.climbed for rise in found])
    usual_apart = usual_apart if sum(one.readings for one in bins) < 2 * len(bins) else 0
    draft = Habit(known_for, swing, step, cycles, top, climb, 0, usual_apart)
    return replace(draft, above=round(_third(_above(course, found, draft.clearly))))


def _step(swing: float) -> float:
    return max(STEP_LEAST, SWING_SHARE * swing)


def _above(course: Sequence[Point], found: Sequence[Rise], level: float) -> list[float]:
    """For how long each rise went on once it was above a level."""
    starts = [point.at for point in course]
    lasted: list[float] = []
    for rise in found:
        if rise.high > level:
            i = bisect_left(starts, rise.start_at)
            while course[i].celsius <= level:
                i += 1
            lasted.append(rise.end_at - course[i].at)
    return lasted


def _third(values: Sequence[float]) -> float:
    """The third largest; of fewer than three the smallest."""
    ordered = sorted(values, reverse=True)
    return ordered[min(USUAL, len(ordered)) - 1] if ordered else 0.0
