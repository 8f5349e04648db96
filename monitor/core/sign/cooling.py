"""Cooling weak: the compressor runs longer and longer, or without a pause, and gets nowhere. Pure.

A probe that shows the compressor rises in its pauses and falls while it runs: the share of time without a rise is its
*duty*. A compressor that loses power makes up for it by running longer, days before the temperature says anything. What
doors and goods add is left out by taking the six calmest hours in a row of a day. Where the duty has grown a little
only, it is believed if the unit also takes longer to recover from them. Without any pause left, the temperature stands
above the usual top or creeps; warm goods do the same for some hours, but then it falls all the time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from statistics import median
from typing import Any, NamedTuple

from monitor.core.alarm.condition import LEVEL_OF, AlarmCondition
from monitor.core.alarm.grounds import Grounds
from monitor.core.record import degrees, minutes
from monitor.core.sign.base import Probed, Sign
from monitor.core.sign.course import Habit, Point, points, rises
from monitor.core.sign.recovery import longest_run, recovered
from monitor.core.time.instant import DAY, HOUR, MINUTE, format_instant

NO_PAUSE_FOR = 4 * HOUR
NO_PAUSE_SOON, NO_PAUSE_RUNS = 90 * MINUTE, 3
"""Sooner than ``NO_PAUSE_FOR``: so long, and so many times as long as usual; but then it must not fall at all."""
CALMEST = 6
"""Hours in a row."""
LONGER = 0.13
"""By so much of all time it must run more than two days before."""
LONGER_OVER = 0.05
LONGER_A_LITTLE = 0.05
"""By so much where recoveries say so too. Where they say that it is as strong as ever, nothing is said."""
DAILY_SHARE = 1 / 3
"""Of what it must run longer than two days before, it must run so much longer than one day before."""
KNOWN_LEAST = DAY
NO_PAUSE_POINTS, DUTY_POINTS = 20 * MINUTE, 60
"""A stretch of time must have a point every so often, and a day so many, to say anything."""
SWING_LEAST = 0.5
"""°C; what moves less shows no compressor to be sure of."""


def cooling_weak(probes: Sequence[Probed], now: int, unit: str, *, days: bool = True) -> Sign | None:
    """Whether a unit's compressor grows weak, as of the full hour before ``now``, by the probe that shows it best.

    ``days``: whether to look at what takes days to show, too; that costs ten times as much.
    """
    until = now // HOUR * HOUR
    found = [(usual, probed) for probed in probes if (usual := _usual(probed, now)) is not None]
    if not found:
        return None
    usual, probed = max(found, key=lambda one: one[0].swing)
    evidence = _no_pause(probed, usual, until)
    if evidence is None and days:
        evidence = _runs_longer(probed, usual, until)
    if evidence is None:
        return None
    condition = AlarmCondition.COOLING_WEAK
    known = {
        "usual_celsius": round(usual.top, 2),
        "usual_swing": round(usual.swing, 2),
        "probe": probed.name,
        "channel": probed.channel,
    }
    return Sign(condition, unit, until, LEVEL_OF[condition], {**evidence, **known})


def cooling_over(probed: Probed, grounds: Grounds, started_at: int, now: int) -> int | None:
    """Since when the compressor is as it was before a sign on these ``grounds``; None while it isn't.

    A door makes the air of a unit that can't cool rise and fall too: a pause begins well below the usual top and ends
    about there, and a unit that runs as little as before is as cold as before.
    """
    until = now // HOUR * HOUR
    usual = probed.habit(started_at) or probed.habit(now)
    if usual is None:
        return None
    # What was usual then is on record: after days of failure, or a restart, the trail takes that for usual.
    if grounds.usual_celsius is not None:
        usual = replace(usual, top=grounds.usual_celsius)
    if grounds.usual_swing is not None:
        usual = usual.with_swing(grounds.usual_swing)
    if grounds.usual_duty is not None:
        duty = _duty(probed, usual, until, only_cycles=True)
        is_back = duty is not None and duty <= grounds.usual_duty + LONGER_OVER
        course = points(probed.trail.parts.bins(until - CALMEST * HOUR, until))
        return until if is_back and course and _middle(course) <= usual.top else None
    course = points(probed.trail.parts.bins(started_at, now))
    found = [
        rise
        for rise in rises(course, usual.pause)
        if rise.low < usual.top - usual.pause and rise.high <= usual.clearly
    ]
    return found[1].end_at if len(found) > 1 else None


def _usual(probed: Probed, now: int) -> Habit | None:
    if not probed.is_fresh(now):
        return None
    usual = probed.habit(now - NO_PAUSE_FOR)
    if usual is None or not usual.cycles or usual.known_for < KNOWN_LEAST:
        return None
    return usual if usual.swing >= SWING_LEAST else None


def _middle(course: Sequence[Point]) -> float:
    return median(point.celsius for point in course)


# --- no pause left ---


class _Run(NamedTuple):
    """The last stretch of a course: when it began (ms), and its means in °C at first and in the end."""

    start_at: int
    first: float
    last: float


def _no_pause(probed: Probed, usual: Habit, until: int) -> dict[str, Any] | None:
    end = NO_PAUSE_SOON // 3
    if _run(probed, usual, until, NO_PAUSE_SOON, end) is None:
        return None
    longest = longest_run(probed, usual, until - NO_PAUSE_SOON)
    if longest is not None and NO_PAUSE_RUNS * longest < NO_PAUSE_FOR:
        lasts = max(NO_PAUSE_SOON, NO_PAUSE_RUNS * longest)
        run = _run(probed, usual, until, lasts, end)
        if run is not None and run.last >= run.first:
            how_long = f"for {minutes(lasts)}, where it seldom runs for longer than {minutes(longest)}"
            return _stuck(run, usual, how_long, minutes(end))
    run = _run(probed, usual, until, NO_PAUSE_FOR, HOUR)
    if run is None or run.last <= run.first - usual.step:
        return None
    return _stuck(run, usual, f"for {minutes(NO_PAUSE_FOR)}", "hour")


def _run(probed: Probed, usual: Habit, until: int, lasts: int, end: int) -> _Run | None:
    """What the compressor did in ``lasts`` ms, if it never paused, and was above the usual top in the end: the last
    ``end`` ms."""
    course = points(probed.trail.parts.bins(until - lasts, until))
    if len(course) < lasts // NO_PAUSE_POINTS or course[-1].at - course[0].at < lasts * 3 // 4:
        return None
    if any(after.at - before.at > probed.max_gap for before, after in pairwise(course)):
        return None
    if rises(course, usual.pause):
        return None
    first = [point.celsius for point in course if point.at < course[0].at + end]
    last = [point.celsius for point in course if point.at > course[-1].at - end]
    found = _Run(course[0].at, sum(first) / len(first), sum(last) / len(last))
    return found if found.last > usual.top else None


def _stuck(run: _Run, usual: Habit, how_long: str, end: str) -> dict[str, Any]:
    text = (
        f"the compressor has not cycled {how_long}, and it is not getting colder: {degrees(run.first, '.1f')} in the "
        f"first {end} of that time, {degrees(run.last, '.1f')} in the last; usual is up to {degrees(usual.top, '.1f')}"
    )
    return {"text": text, "celsius": round(run.last, 2), "started_at": format_instant(run.start_at)}


# --- longer runs ---


def _runs_longer(probed: Probed, usual: Habit, until: int) -> dict[str, Any] | None:
    duty, yesterday, before = (_duty(probed, usual, until - back * DAY) for back in range(3))
    if duty is None or yesterday is None or before is None:
        return None

    def grew(by: float) -> bool:
        # Day by day: after a day on which it failed, or one of rest, it runs longer too, but not longer and longer.
        return duty - before >= by and duty - yesterday >= by * DAILY_SHARE

    if not grew(LONGER_A_LITTLE):
        return None
    runs = (
        f"the compressor runs {100 * duty:.0f} % of the time in the calmest {CALMEST} hours of the last day; two days "
        f"before it was {100 * before:.0f} %"
    )
    known = {
        "started_at": format_instant(until - DAY),
        "duty": round(duty, 3),
        "usual_duty": round(before, 3),
    }
    if not _alike(probed, usual, until):
        return None
    found = recovered(probed, usual, until)
    if found is not None and found.is_slower:
        text = (
            f"needs {minutes(found.lasted)} to recover from an opened door or warm goods (the middle of {found.number} "
            f"times in the last day, until the compressor pauses); it was {minutes(found.usual)} before; {runs}"
        )
        seconds = {"recovers_seconds": found.lasted // 1_000, "usual_seconds": found.usual // 1_000}
        return {"text": text, **known, **seconds}
    is_as_ever = found is not None and found.is_as_ever
    return {"text": runs, **known} if grew(LONGER) and not is_as_ever else None


def _alike(probed: Probed, usual: Habit, until: int) -> bool:
    """Whether the three days before ``until`` were days like any other: none of a failure, or of getting cold again."""
    middles = [
        _middle(points(probed.trail.parts.bins(until - (back + 1) * DAY, until - back * DAY)))
        for back in range(3)
    ]
    return max(middles) - min(middles) < usual.swing / 2


def _duty(probed: Probed, usual: Habit, until: int, *, only_cycles: bool = False) -> float | None:
    """The share of time for which the compressor ran in the calmest hours in a row of the day before ``until``.

    ``only_cycles``: what rises clearly above the usual top is no pause, but a door, or creeps until one is opened.
    """
    since = until - DAY
    course = points(probed.trail.parts.bins(since, until))
    if len(course) < DUTY_POINTS:
        return None
    pauses = [0] * (DAY // HOUR)
    for rise in rises(course, usual.pause):
        if only_cycles and rise.high > usual.clearly:
            continue
        at = rise.start_at
        while at < rise.end_at:
            hour = (at - since) // HOUR
            end = min(rise.end_at, since + (hour + 1) * HOUR)
            pauses[hour] += end - at
            at = end
    calmest = max(sum(pauses[hour : hour + CALMEST]) for hour in range(len(pauses) - CALMEST + 1))
    return 1 - calmest / (CALMEST * HOUR)
