"""Recoveries: how long a compressor runs after a leap of the air, until it pauses for the first time. Pure.

Whatever made the air leap (a door, warm goods, a defrost), a compressor that loses power takes longer to bring it back.
How fast the air falls at first says little of that: most of it is cold that the load gives. What grows is the time
until the thermostat is satisfied, from minutes to hours. A higher leap takes longer too, so each is compared with those
of the days before that were about as high.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from statistics import median
from typing import NamedTuple

from monitor.core.sign.base import Probed
from monitor.core.sign.course import USUAL, Habit, Point, points, rises
from monitor.core.sign.trail import PARTS_FOR
from monitor.core.time.instant import DAY, MINUTE

SLOWER = 1.5
"""So many times as long as after leaps about as high is slow, and at least ``SLOWER_BY`` longer."""
SLOWER_BY = 8 * MINUTE
SLOW_SHARE, FEW_SHARE = 0.6, 0.25
"""If so many recoveries of the last day are slow, and three at least, the compressor is weaker; if so few of three or
more, it is as strong as ever. After goods that are far more than usual one or two are slow."""
KNOWN_LEAST = 5
"""With fewer recoveries in the days before nothing is known of what is usual."""
RUNS_LEAST = 10


class Recovery(NamedTuple):
    """A leap to a ``peak`` (°C) at an instant, and the time in ms until the first pause, or so far if not ``done``."""

    at: int
    peak: float
    lasted: int
    done: bool


class Recovered(NamedTuple):
    """The recoveries of the last day: how many, how many of them were slow, the middle of how long they took, and of
    how long it took in the days before after leaps about as high, in ms."""

    number: int
    slow: int
    lasted: int
    usual: int

    @property
    def is_slower(self) -> bool:
        """Whether the unit clearly takes longer than before."""
        return self.slow >= max(USUAL, SLOW_SHARE * self.number)

    @property
    def is_as_ever(self) -> bool:
        """Whether it clearly doesn't."""
        return self.number >= USUAL and self.slow <= FEW_SHARE * self.number


def recoveries(course: Sequence[Point], level: float, pause: float, max_gap: int) -> list[Recovery]:
    """The recoveries from leaps above ``level``, in order; the last may go on.

    One that another leap breaks off says nothing, nor does one with a gap of more than ``max_gap`` in it.
    """
    found: list[Recovery] = []
    peak: Point | None = None
    low = before = course[0] if course else Point(0, 0.0)
    for point in course:
        if point.at - before.at > max_gap:
            peak = None
        before = point
        if peak is None or (low is peak and point.celsius >= peak.celsius):
            peak = low = point
        elif point.celsius < low.celsius:
            low = point
        elif point.celsius - low.celsius > pause:
            if low.celsius <= level:
                found.append(Recovery(peak.at, peak.celsius, low.at - peak.at, True))
            peak = low = point
        if peak.celsius <= level:
            peak = None
    if peak is not None:
        found.append(Recovery(peak.at, peak.celsius, before.at - peak.at, False))
    return found


def recovered(probed: Probed, usual: Habit, until: int) -> Recovered | None:
    """How the recoveries of the day before ``until`` compare with those of the two days before it; None if too few of
    these are known, or there were none."""
    course = points(probed.trail.parts.bins(until - PARTS_FOR, until))
    found = recoveries(course, usual.clearly, usual.pause, probed.max_gap)
    before = [one for one in found if one.done and one.at < until - DAY]
    if len(before) < KNOWN_LEAST:
        return None
    middle = median(one.lasted for one in before)
    lasted: list[int] = []
    expected: list[float] = []
    slow = 0
    for one in found:
        if one.at < until - DAY:
            continue
        known = max(middle, _after_peaks_like(one.peak, before))
        is_slow = one.lasted >= max(SLOWER * known, known + SLOWER_BY)
        if is_slow or one.done:  # one that goes on may still get slow
            slow += is_slow
            lasted.append(one.lasted)
            expected.append(known)
    return Recovered(len(lasted), slow, round(median(lasted)), round(median(expected))) if lasted else None


def _after_peaks_like(peak: float, before: Sequence[Recovery]) -> float:
    """How long it took after the few leaps that were nearest in height: the middle, in ms."""
    nearest = sorted((abs(one.peak - peak), one.at, one.lasted) for one in before)[:USUAL]
    return median(lasted for _, _, lasted in nearest)


def longest_run(probed: Probed, usual: Habit, until: int) -> int | None:
    """The third longest time in ms from the end of one pause to the next in the three days before ``until``; None if
    too few were seen."""
    course = points(probed.trail.parts.bins(until - PARTS_FOR, until))
    runs = sorted(
        (after.start_at - rise.end_at for rise, after in pairwise(rises(course, usual.pause))), reverse=True
    )
    return runs[USUAL - 1] if len(runs) >= RUNS_LEAST else None
