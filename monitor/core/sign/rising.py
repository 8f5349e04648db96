"""Rising fast: the temperature climbs as no opened door explains, and nothing makes it fall. Pure.

What tells a failure from a disturbance is how fast the air warms. With the compressor off it warms as it does in the
pause of every cycle; a dead compressor is a pause that doesn't end. An open door, warm goods and a defrost heater warm
it several times as fast. So there are three ways to be sure:

* *The pause doesn't end*: a probe that shows the compressor rose from within its usual swing, no faster than in any
  pause, and is clearly above the usual top. That takes minutes.
* *Nothing falls*: such a probe has been above its usual top, and rising, for an hour. Whatever warmed it first (a door,
  goods), a compressor that works would have made it fall.
* *Patience*: a probe in a buffer shows neither pauses nor doors. Goods put in warm let it climb for two hours, as a
  failure does; so it must climb for longer and farther than it usually does, without slowing down.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import NamedTuple

from monitor.core.alarm.condition import LEVEL_OF, AlarmCondition
from monitor.core.record import degrees, minutes
from monitor.core.sign.base import Probed, Sign, ToldEvent, opened_at
from monitor.core.sign.course import Habit, Point, rise_now
from monitor.core.sign.trail import MINUTES_FOR
from monitor.core.time.instant import DAY, HOUR, MINUTE, format_instant

ABOVE_FOR = 8 * MINUTE
"""So long above the usual top, as slowly as in a pause, is no pause any more."""
APART_TIMES = 6
"""Where readings are minutes apart a door is over before it shows as steep: so many of them must be above."""
DEFROST_LEAST, DEFROST_TIMES = 10 * MINUTE, 2.0
"""A unit that now and then goes on rising for so long above its top defrosts: then so many times that is needed."""
AS_IN_A_PAUSE = 1.8
"""How much faster than in the usual pause it may rise to be one."""
SWING_LEAST = 0.5
"""°C; what moves less shows no compressor to be sure of."""
SLOPE_OVER = 3 * MINUTE
POINTS_LEAST = 3
SLOPES_LEAST = 5
NOTHING_FALLS_FOR = 90 * MINUTE
STILL_RISES = 0.2
"""°C that it must have risen lately, or it has come to rest."""
PATIENCE = 330 * MINUTE
PATIENCE_SHUT = 45 * MINUTE
"""Where the door's contact says that it stayed shut, nothing warm was put in."""
DOORS_LEAST = 6
"""A contact that told of fewer doors in three days isn't relied on: it may be broken, or there for goods alone."""
CLIMB_LEAST = 1.5
CLIMB_TIMES = 2.0
SLOWING = 0.6
"""A rise whose second half climbs less than this part of its first, or whose last third less than this part of a third
of it all, is coming to an end."""
DOOR_EXPLAINS_FOR = 30 * MINUTE
DEFROST_EXPLAINS_FOR = HOUR
FELL_LEAST = 1.0
FELL_SHARE = 0.25


class _Seen(NamedTuple):
    """A probe's last hours: its course, what is usual, and the rise that goes on now (empty: none)."""

    probed: Probed
    course: list[Point]
    usual: Habit
    run: list[Point]

    @property
    def lasted(self) -> int:
        return self.run[-1].at - self.run[0].at

    @property
    def climbed(self) -> float:
        return self.run[-1].celsius - self.run[0].celsius


def rising(probes: Sequence[Probed], events: Sequence[ToldEvent], now: int, subject: str) -> Sign | None:
    """Whether a unit is warming with nothing to stop it, as of ``now``; ``subject`` is what the alarm is about."""
    if all(_is_quiet(probed, now) for probed in probes):
        return None
    seen = [one for probed in probes if (one := _look(probed, now)) is not None]
    if _explained(events, now):
        return None
    liveliest = max(seen, key=lambda one: one.usual.swing if one.usual.cycles else 0.0, default=None)
    for one in seen:
        if len(one.run) < POINTS_LEAST:
            continue
        if one is liveliest and one.usual.cycles and one.usual.swing >= SWING_LEAST:
            since_at = _pause_without_end(one) or _nothing_falls(one, seen)
        else:
            since_at = _patience(one, seen, events)
        if since_at is not None:
            return _sign(one, since_at, subject)
    return None


def rising_over(probed: Probed, started_at: int, now: int) -> int | None:
    """Since when a rise that began at ``started_at`` is over: it has fallen clearly; None while it goes on."""
    course = probed.course(now) if now - started_at < MINUTES_FOR else _coarse(probed, started_at, now)
    course = [point for point in course if point.at >= started_at]
    if len(course) < POINTS_LEAST:
        return None
    usual = probed.habit(started_at)
    low = high = course[0].celsius
    for i, (at, celsius) in enumerate(course):
        high = max(high, celsius)
        needed = max(FELL_LEAST, FELL_SHARE * (high - low), 2 * (usual.step if usual else 0.0))
        lately = [point.celsius for point in course[max(0, i - 2) : i + 1]]
        if len(lately) == 3 and high - max(lately) >= needed:
            return at
    return None


def _coarse(probed: Probed, since: int, now: int) -> list[Point]:
    return [Point(one.at, one.mean) for one in probed.trail.parts.bins(since, now)]


def _is_quiet(probed: Probed, now: int) -> bool:
    """Whether its newest minute is within what is usual, or nothing can be said of it."""
    newest = probed.trail.newest_at
    usual = probed.habit(now - HOUR)
    if newest is None or usual is None:
        return True
    return probed.trail.minutes.bins(newest // MINUTE * MINUTE, newest + 1)[-1].mean <= usual.clearly


def _look(probed: Probed, now: int) -> _Seen | None:
    if not probed.is_fresh(now):
        return None
    course = probed.course(now)
    usual = probed.habit(now - HOUR)
    if usual is None or len(course) < POINTS_LEAST:
        return None
    if course[-1].celsius <= usual.top:
        return _Seen(probed, course, usual, [])
    run = rise_now(course, usual.step, probed.max_gap)
    if run[0].at < now - HOUR:
        # What was usual is what was usual before it began.
        before = probed.habit(run[0].at)
        if before is None:
            return None
        usual, run = before, rise_now(course, before.step, probed.max_gap)
    return _Seen(probed, course, usual, run)


def _explained(events: Sequence[ToldEvent], now: int) -> bool:
    """Whether the door stands open, or it defrosts: that explains a rise, but not for ever."""
    opened = opened_at(events, now)
    if opened is not None and now - opened < DOOR_EXPLAINS_FOR:
        return True
    defrosts = [event for event in events if event.kind.startswith("defrost_") and event.at <= now]
    return bool(defrosts) and now - max(defrosts).at < DEFROST_EXPLAINS_FOR


def _pause_without_end(one: _Seen) -> int | None:
    usual, run = one.usual, one.run
    if run[0].celsius > usual.top:
        return None
    above = [point for point in run if point.celsius > usual.clearly]
    needed = max(ABOVE_FOR, APART_TIMES * usual.apart)
    if usual.above >= DEFROST_LEAST:
        needed = max(needed, round(DEFROST_TIMES * usual.above))
    if len(above) < POINTS_LEAST or above[-1].at - above[0].at < needed:
        return None
    pause, now = _usual_pause(one), _slopes(run)
    if pause is None or not now or max(now) > AS_IN_A_PAUSE * pause:
        return None
    if _risen(one, ABOVE_FOR) < STILL_RISES:
        return None
    return above[0].at + needed


def _usual_pause(one: _Seen) -> float | None:
    """How fast it rises in the pauses of the compressor before this rise, °C per minute; None if that isn't known."""
    start = one.course.index(one.run[0])
    pauses = sorted(slope for slope in _slopes(one.course[: start + 1]) if slope > 0)
    return pauses[len(pauses) // 2] if len(pauses) >= SLOPES_LEAST else None


def _nothing_falls(one: _Seen, seen: Sequence[_Seen]) -> int | None:
    above = [point for point in one.run if point.celsius > one.usual.clearly]
    if len(above) < POINTS_LEAST or above[-1].at - above[0].at < NOTHING_FALLS_FOR:
        return None
    if any(_falls(other) for other in seen if other is not one):
        return None
    pause = _usual_pause(one)
    lately = _slopes([point for point in one.run if point.at > one.run[-1].at - NOTHING_FALLS_FOR // 3])
    if pause is None or not lately or max(lately) > AS_IN_A_PAUSE * pause:
        return None  # a door, just now
    rose = (
        _risen(one, NOTHING_FALLS_FOR) >= CLIMB_LEAST and _risen(one, NOTHING_FALLS_FOR // 3) >= STILL_RISES
    )
    return above[0].at + NOTHING_FALLS_FOR if rose else None


def _patience(one: _Seen, seen: Sequence[_Seen], events: Sequence[ToldEvent]) -> int | None:
    usual = one.usual
    if any(_falls(other) for other in seen if other is not one):
        return None
    start = one.run[0].at
    doors = [event.at for event in events if event.kind == "door_opened"]
    is_shut = len(doors) >= DOORS_LEAST and not any(start - HOUR < at for at in doors)
    needed = PATIENCE_SHUT if is_shut else PATIENCE
    if one.lasted < needed or one.climbed < max(CLIMB_LEAST, CLIMB_TIMES * usual.climb):
        return None
    if usual.known_for < DAY and not is_shut:
        return None
    return start + needed if _pace(one.run) >= SLOWING else None


def _slopes(course: Sequence[Point]) -> list[float]:
    """°C per minute over stretches of about ``SLOPE_OVER``, one for each point that has one before it."""
    found = []
    first = 0
    for last, point in enumerate(course):
        while first + 1 < last and point.at - course[first + 1].at >= SLOPE_OVER:
            first += 1
        span = point.at - course[first].at
        if span >= SLOPE_OVER:
            found.append((point.celsius - course[first].celsius) * MINUTE / span)
    return found


def _risen(one: _Seen, lately: int) -> float:
    """How far it has risen in the last ``lately`` ms."""
    at, celsius = one.course[-1]
    before = [point.celsius for point in one.course if point.at <= at - lately]
    return celsius - before[-1] if before else 0.0


def _falls(one: _Seen) -> bool:
    """Whether a probe has fallen by more than its step in the last 20 minutes."""
    at = one.course[-1].at
    lately = [point.celsius for point in one.course if point.at > at - max(20 * MINUTE, one.probed.max_gap)]
    return len(lately) >= POINTS_LEAST and max(lately) - median(lately[-2:]) > one.usual.step


def _pace(run: Sequence[Point]) -> float:
    """How far its second half climbed, in parts of what its first half did; or its last third, in thirds of it all."""
    first, last = (median(point.celsius for point in some) for some in (run[:3], run[-3:]))
    half, late = _on_the_way(run, 1 / 2), _on_the_way(run, 2 / 3)
    return min((last - half) / max(half - first, 0.01), 3 * (last - late) / max(last - first, 0.01))


def _on_the_way(run: Sequence[Point], share: float) -> float:
    """Where it was after a share of its time, smoothed."""
    at = run[0].at + share * (run[-1].at - run[0].at)
    nearest = min(range(len(run)), key=lambda i: abs(run[i].at - at))
    return median(point.celsius for point in run[max(0, nearest - 1) : nearest + 2])


def _sign(one: _Seen, since_at: int, subject: str) -> Sign:
    condition = AlarmCondition.RISING_FAST
    run, usual = one.run, one.usual
    rate = one.climbed * HOUR / max(one.lasted, MINUTE)
    text = (
        f"has risen without a fall for {minutes(one.lasted)}, by {degrees(one.climbed, '.1f')} at "
        f"{degrees(rate, '.1f')}/h, to {degrees(run[-1].celsius, '.1f')}; usual is up to {degrees(usual.top, '.1f')}"
    )
    evidence = {
        "text": text,
        "probe": one.probed.name,
        "channel": one.probed.channel,
        "celsius": round(run[-1].celsius, 2),
        "started_at": format_instant(run[0].at),
        "measured_at": format_instant(run[-1].at),
        "risen_celsius": round(one.climbed, 2),
        "rate_per_hour": round(rate, 2),
        "usual_celsius": round(usual.top, 2),
    }
    return Sign(condition, subject, since_at, LEVEL_OF[condition], evidence)
