"""Cooling weak: the compressor runs without a pause and gets nowhere. Pure.

A probe that shows the compressor goes down and up by the hour. A compressor that loses its power runs longer and
longer, until there is no pause left: the temperature then stands above the usual top, or creeps. Warm goods do the same
for some hours, but then it falls all the time.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from monitor.core.alarm import LEVEL_OF, AlarmCondition
from monitor.core.course import Habit, Point, minutes, points, rises
from monitor.core.instant import DAY, HOUR, format_instant
from monitor.core.sign import Probed, Sign
from monitor.core.trail import PARTS_FOR

NO_PAUSE_FOR = 4 * HOUR
HALF_STEP = 2.0
"""A pause shows as a rise by at least this many of the habit's steps, and at least half as far as is usual."""
KNOWN_LEAST = DAY
POINTS_LEAST = 12
SWING_LEAST = 0.6
"""°C; what moves less shows no compressor to be sure of."""


def cooling_weak(probes: Sequence[Probed], now: int, unit: str) -> Sign | None:
    """Whether a unit's compressor has not paused for hours without getting it cold, by the probe that shows it best."""
    found = [(usual, probed) for probed in probes if (usual := _usual(probed, now)) is not None]
    if not found:
        return None
    usual, probed = max(found, key=lambda one: one[0].swing)
    course = points(probed.trail.parts.bins(now - NO_PAUSE_FOR, now))
    if len(course) < POINTS_LEAST or course[-1].at - course[0].at < NO_PAUSE_FOR * 3 // 4:
        return None
    if any(after.at - before.at > probed.max_gap for before, after in pairwise(course)):
        return None
    if rises(course, HALF_STEP * usual.step) or not _gets_nowhere(course, usual):
        return None
    first, last = _ends(course)
    condition = AlarmCondition.COOLING_WEAK
    text = (
        f"the compressor has not paused for {minutes(NO_PAUSE_FOR)}, and it is not getting colder: {first:.1f} °C in "
        f"the first of these hours, {last:.1f} °C in the last; usual is up to {usual.top:.1f} °C"
    )
    evidence = {
        "text": text,
        "probe": probed.name,
        "channel": probed.channel,
        "celsius": round(last, 2),
        "started_at": format_instant(course[0].at),
        "usual_celsius": round(usual.top, 2),
    }
    return Sign(condition, unit, now // HOUR * HOUR, LEVEL_OF[condition], evidence)


def cooling_over(probed: Probed, started_at: int, now: int) -> int | None:
    """Since when the compressor pauses again: twice since ``started_at``, and back below the usual top."""
    usual = probed.habit(started_at)
    if usual is None:
        return None
    course = points(probed.trail.parts.bins(max(started_at, now - PARTS_FOR), now))
    found = [rise for rise in rises(course, HALF_STEP * usual.step) if rise.low < usual.top]
    return found[1].end_at if len(found) > 1 else None


def _usual(probed: Probed, now: int) -> Habit | None:
    if not probed.is_fresh(now):
        return None
    usual = probed.habit(now - NO_PAUSE_FOR)
    if usual is None or not usual.cycles or usual.known_for < KNOWN_LEAST:
        return None
    return usual if usual.swing >= SWING_LEAST else None


def _gets_nowhere(course: Sequence[Point], usual: Habit) -> bool:
    first, last = _ends(course)
    return last > usual.top and last > first - usual.step


def _ends(course: Sequence[Point]) -> tuple[float, float]:
    """The means of the first and of the last hour."""
    first = [p.celsius for p in course if p.at < course[0].at + HOUR]
    last = [p.celsius for p in course if p.at > course[-1].at - HOUR]
    return sum(first) / len(first), sum(last) / len(last)
