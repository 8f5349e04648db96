"""Cooling weak: the compressor runs longer and longer, or without a pause, and gets nowhere. Pure.

A probe that shows the compressor rises in its pauses and falls while it runs: the share of time without a rise is its
*duty*. A compressor that loses power makes up for it by running longer, days before the temperature says anything. What
doors and goods add is left out by taking the six calmest hours in a row of a day. Without any pause left, the
temperature stands above the usual top or creeps; warm goods do the same for some hours, but then it falls all the time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from statistics import median
from typing import Any

from monitor.core.alarm.condition import LEVEL_OF, AlarmCondition
from monitor.core.instant import DAY, HOUR, format_instant
from monitor.core.sign.base import Probed, Sign
from monitor.core.sign.course import Habit, Point, minutes, points, rises

NO_PAUSE_FOR = 4 * HOUR
CALMEST = 6
"""Hours in a row."""
LONGER = 0.15
"""By so much of all time it must run more than two days before."""
LONGER_OVER = 0.05
PAUSE_STEPS = 2.0
"""A pause shows as a rise by at least this many of the habit's steps: half of the usual swing."""
KNOWN_LEAST = DAY
NO_PAUSE_POINTS, DUTY_POINTS = 12, 60
SWING_LEAST = 0.5
"""°C; what moves less shows no compressor to be sure of."""


def cooling_weak(probes: Sequence[Probed], now: int, unit: str) -> Sign | None:
    """Whether a unit's compressor grows weak, as of the full hour before ``now``, by the probe that shows it best."""
    until = now // HOUR * HOUR
    found = [(usual, probed) for probed in probes if (usual := _usual(probed, now)) is not None]
    if not found:
        return None
    usual, probed = max(found, key=lambda one: one[0].swing)
    evidence = _no_pause(probed, usual, until) or _runs_longer(probed, usual, until)
    if evidence is None:
        return None
    condition = AlarmCondition.COOLING_WEAK
    known = {"probe": probed.name, "channel": probed.channel}
    return Sign(condition, unit, until, LEVEL_OF[condition], {**evidence, **known})


def cooling_over(probed: Probed, evidence: Mapping[str, Any], started_at: int, now: int) -> int | None:
    """Since when the compressor is as it was before a sign with this ``evidence``; None while it isn't."""
    until = now // HOUR * HOUR
    usual = probed.habit(started_at) or probed.habit(now)
    if usual is None:
        return None
    if "usual_duty" in evidence:
        duty = _duty(probed, usual, until)
        return until if duty is not None and duty <= evidence["usual_duty"] + LONGER_OVER else None
    course = points(probed.trail.parts.bins(started_at, now))
    found = [rise for rise in rises(course, PAUSE_STEPS * usual.step) if rise.low < usual.top]
    return found[1].end_at if len(found) > 1 else None


def _usual(probed: Probed, now: int) -> Habit | None:
    if not probed.is_fresh(now):
        return None
    usual = probed.habit(now - NO_PAUSE_FOR)
    if usual is None or not usual.cycles or usual.known_for < KNOWN_LEAST:
        return None
    return usual if usual.swing >= SWING_LEAST else None


# --- no pause left ---


def _no_pause(probed: Probed, usual: Habit, until: int) -> dict[str, Any] | None:
    course = points(probed.trail.parts.bins(until - NO_PAUSE_FOR, until))
    if len(course) < NO_PAUSE_POINTS or course[-1].at - course[0].at < NO_PAUSE_FOR * 3 // 4:
        return None
    if any(after.at - before.at > probed.max_gap for before, after in pairwise(course)):
        return None
    first, last = _ends(course)
    gets_nowhere = last > usual.top and last > first - usual.step
    if rises(course, PAUSE_STEPS * usual.step) or not gets_nowhere:
        return None
    text = (
        f"the compressor has not paused for {minutes(NO_PAUSE_FOR)}, and it is not getting colder: {first:.1f} °C in "
        f"the first of these hours, {last:.1f} °C in the last; usual is up to {usual.top:.1f} °C"
    )
    return {
        "text": text,
        "celsius": round(last, 2),
        "started_at": format_instant(course[0].at),
        "usual_celsius": round(usual.top, 2),
    }


def _ends(course: Sequence[Point]) -> tuple[float, float]:
    """The means of the first and of the last hour."""
    first = [point.celsius for point in course if point.at < course[0].at + HOUR]
    last = [point.celsius for point in course if point.at > course[-1].at - HOUR]
    return sum(first) / len(first), sum(last) / len(last)


# --- longer runs ---


def _runs_longer(probed: Probed, usual: Habit, until: int) -> dict[str, Any] | None:
    duty, yesterday, before = (_duty(probed, usual, until - back * DAY) for back in range(3))
    if duty is None or yesterday is None or before is None:
        return None
    if not _alike(probed, usual, until):
        return None
    # Day by day: after a day on which it failed, or one of rest, it runs longer too, but not longer and longer.
    if duty - before < LONGER or duty - yesterday < LONGER / 3:
        return None
    text = (
        f"the compressor runs {100 * duty:.0f} % of the time in the calmest {CALMEST} hours of the last day; two days "
        f"before it was {100 * before:.0f} %"
    )
    return {
        "text": text,
        "started_at": format_instant(until - DAY),
        "duty": round(duty, 3),
        "usual_duty": round(before, 3),
    }


def _alike(probed: Probed, usual: Habit, until: int) -> bool:
    """Whether the three days before ``until`` were days like any other: none of a failure, or of getting cold again."""
    middles = []
    for back in range(3):
        course = points(probed.trail.parts.bins(until - (back + 1) * DAY, until - back * DAY))
        middles.append(median(point.celsius for point in course))
    return max(middles) - min(middles) < usual.swing / 2


def _duty(probed: Probed, usual: Habit, until: int) -> float | None:
    """The share of time for which the compressor ran in the calmest hours in a row of the day before ``until``."""
    since = until - DAY
    course = points(probed.trail.parts.bins(since, until))
    if len(course) < DUTY_POINTS:
        return None
    pauses = [0] * (DAY // HOUR)
    for rise in rises(course, PAUSE_STEPS * usual.step):
        at = rise.start_at
        while at < rise.end_at:
            hour = (at - since) // HOUR
            end = min(rise.end_at, since + (hour + 1) * HOUR)
            pauses[hour] += end - at
            at = end
    calmest = max(sum(pauses[hour : hour + CALMEST]) for hour in range(len(pauses) - CALMEST + 1))
    return 1 - calmest / (CALMEST * HOUR)
