"""Slow drift: from day to day a probe's calm temperature creeps towards its limit. Pure.

A leak of refrigerant or a dirty condenser lets −80 °C become −65 °C over days. What is compared is each day's calm
temperature: a quarter of its hours are colder. Doors, goods and defrosts are above it; and a day ends when it is looked
at, so the daily course of the room is in each of them alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from statistics import median

from monitor.core.alarm.condition import LEVEL_OF, AlarmCondition
from monitor.core.record import degrees
from monitor.core.sign.base import Probed, Sign
from monitor.core.sign.trail import HOURS_FOR, Bin
from monitor.core.time.instant import DAY, HOUR, format_instant

DAYS = 7
DAYS_LEAST = 4
DAYS_AT_REST = 3
HOURS_LEAST = 16
"""Hours with readings that a day must have to count."""
DRIFT_LEAST = 0.4
"""°C that it must have moved over the days looked at."""
BEYOND = 3.0
"""How many times as far as its days usually differ."""
ALONG = 0.75
"""The part of the steps from day to day that must go the same way."""
AHEAD = 14 * DAY


def drift(probed: Probed, now: int) -> Sign | None:
    """Whether a probe creeps towards the end of its good side, as of the last full hour before ``now``."""
    until = now // HOUR * HOUR
    days = _days(probed.trail.hours.bins(until - HOURS_FOR, until), until)
    recent = days[-DAYS:]
    if len(recent) < DAYS_LEAST or recent[-1][0] != until - DAY:
        return None
    slope = _slope(recent)
    moved = slope * (recent[-1][0] - recent[0][0]) / DAY
    limit = probed.highest if slope > 0 else probed.lowest
    if limit is None or abs(moved) < max(DRIFT_LEAST, BEYOND * _scatter(days, recent, slope)):
        return None
    steps = [(after[1] - before[1]) * slope > 0 for before, after in pairwise(recent)]
    calm = _level(recent, slope)
    if any((calm - before) * slope <= 0 for _, before in days[: -len(recent)]):
        return None  # it has been there before: it comes back from somewhere, or it varies
    left = (limit - calm) / slope
    if sum(steps) < ALONG * len(steps) or not 0 < left * DAY <= AHEAD:
        return None
    return _sign(probed, recent, slope, limit, until)


def drift_over(probed: Probed, celsius: float, per_day: float, now: int) -> int | None:
    """Since when a drift is over that had come to ``celsius``, so much a day: clearly back, or three days at rest."""
    until = now // HOUR * HOUR
    days = _days(probed.trail.hours.bins(until - HOURS_FOR, until), until)
    if not days or days[-1][0] != until - DAY:
        return None
    side = 1 if per_day > 0 else -1
    back = (celsius - days[-1][1]) * side
    at_rest = len(days) > DAYS_AT_REST and (days[-1][1] - days[-1 - DAYS_AT_REST][1]) * side <= 0
    return until if back >= max(DRIFT_LEAST, 2 * abs(per_day)) or at_rest else None


def _days(hours: Sequence[Bin], until: int) -> list[tuple[int, float]]:
    """For each day of 24 h that ends at ``until`` or whole days before: its begin, and its calm temperature."""
    found: dict[int, list[float]] = {}
    for one in hours:
        found.setdefault((until - one.at - 1) // DAY, []).append(one.mean)
    return [
        (until - (back + 1) * DAY, sorted(means)[len(means) // 4])
        for back, means in sorted(found.items(), reverse=True)
        if len(means) >= HOURS_LEAST
    ]


def _slope(days: Sequence[tuple[int, float]]) -> float:
    """°C per day, robustly: the median over all pairs (Theil and Sen)."""
    return median(
        (later[1] - earlier[1]) * DAY / (later[0] - earlier[0])
        for i, earlier in enumerate(days)
        for later in days[i + 1 :]
    )


def _level(days: Sequence[tuple[int, float]], slope: float) -> float:
    """Where the last of the days is on the line of this slope in °C a day, robustly."""
    last_at = days[-1][0]
    return median(celsius + slope * (last_at - at) / DAY for at, celsius in days)


def _scatter(days: Sequence[tuple[int, float]], recent: Sequence[tuple[int, float]], slope: float) -> float:
    """How far a day's calm temperature usually lies from that of the day before, the slope taken out of the last."""
    before = days[: -len(recent) + 1] if len(recent) > 1 else days
    usual = [abs(after[1] - earlier[1]) for earlier, after in pairwise(before)]
    now = [
        abs(after[1] - earlier[1] - slope * (after[0] - earlier[0]) / DAY)
        for earlier, after in pairwise(recent)
    ]
    return max(median(usual) if usual else 0.0, median(now))


def _sign(probed: Probed, days: Sequence[tuple[int, float]], slope: float, limit: float, until: int) -> Sign:
    condition, first_at, last = AlarmCondition.SLOW_DRIFT, days[0][0], _level(days, slope)
    crosses_at = until + round((limit - last) / slope * DAY)
    number = round((days[-1][0] - first_at) / DAY)
    # One line says it all: where it began, where it has come to, how fast, and when it crosses.
    first = last - slope * number
    text = (
        f"its calm temperature went from {first:.1f} to {degrees(last, '.1f')} in {number} days, by "
        f"{degrees(slope, '+.2f')} a day; "
        f"going on like that it reaches {degrees(limit)} on {format_instant(crosses_at)[:10]}"
    )
    evidence = {
        "text": text,
        "probe": probed.name,
        "channel": probed.channel,
        "celsius": round(last, 2),
        "started_at": format_instant(first_at),
        "drift_per_day": round(slope, 3),
        "limit_celsius": limit,
        "crosses_at": format_instant(crosses_at),
    }
    return Sign(condition, probed.channel, until, LEVEL_OF[condition], evidence)
