"""What a warming unit's forecast means for a lot in it: when each budget would run out, and by when to act."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

from monitor.core.channel.line import Line, nano
from monitor.core.lot.budget import OUT_OF_STORAGE, Budget
from monitor.core.lot.integrity import Integrity
from monitor.core.lot.place import Level
from monitor.core.outlook.forecast import Forecast
from monitor.core.outlook.next_change import runs_out_at
from monitor.core.time.instant import HOUR


class Prospect(NamedTuple):
    """When a budget will run out, in ms; nine times in ten between the ends. ``latest_at`` None: perhaps never."""

    band: str
    earliest_at: int
    likely_at: int | None
    latest_at: int | None


class ActBy(NamedTuple):
    """The instant by which somebody must have acted for a lot, and what runs out then."""

    at: int
    band: str
    is_forecast: bool


Course = Sequence[tuple[int, float]]
"""A course of temperatures to come: (instant, °C), in order."""


def courses(forecast: Forecast) -> tuple[Course, Course, Course]:
    """A forecast as courses: the warmest, the likely, the coolest."""
    at = [forecast.made_at + round(hours * HOUR) for hours in forecast.hours]
    return (
        list(zip(at, forecast.warmest, strict=True)),
        list(zip(at, forecast.likely, strict=True)),
        list(zip(at, forecast.coolest, strict=True)),
    )


def prospects(found: Integrity, forecast: Forecast) -> list[Prospect]:
    """For each budget of a lot that the forecast uses up, when; of a lot that is in the forecast's unit."""
    if found.place is None:
        return []
    result = []
    for level in found.place.levels:
        budget = found.budgets[level.name]
        if budget.limit is None or budget.exhausted_at is not None:
            continue
        warm, likely, cool = (_runs_out(course, level, budget) for course in courses(forecast))
        known = [at for at in (warm, likely, cool) if at is not None]
        if known:
            latest = max(known) if len(known) == 3 else None
            result.append(Prospect(level.name, min(known), likely, latest))
    return sorted(result, key=lambda one: (one.earliest_at, one.band))


def _runs_out(course: Course, level: Level, budget: Budget) -> int | None:
    """When a budget runs out along a course; one of limit 0 when its band is entered."""
    left = budget.left or 0
    for (t0, celsius0), (t1, celsius1) in pairwise(course):
        if t1 <= t0:
            continue
        span = level.span(Line(t0, nano(celsius0), t1, nano(celsius1)), t0, t1)
        if span is None:
            continue
        if span[1] - span[0] >= left:
            return span[0] + left
        left -= span[1] - span[0]
    return None


def act_by(found: Integrity, expected: Iterable[Prospect]) -> ActBy | None:
    """By when somebody must have acted: the earliest end of a budget, by the forecast or at the present temperature.

    The forecast's earliest instant counts, not the likely one: who relies on it must not come too late.
    """
    candidates = [ActBy(one.earliest_at, one.band, True) for one in expected]
    foreseen = {one.band for one in candidates}
    for budget in found.budgets:
        at = runs_out_at(found, budget)
        if at is not None and budget.name not in foreseen:
            candidates.append(ActBy(at, budget.name, False))
    # Of equal instants by name: page, message and record must name the same one.
    return min(candidates, key=lambda one: (one.at, one.band), default=None)


def in_words(one: ActBy) -> str:
    """What runs out, in a few words."""
    what = "its time out of storage" if one.band == OUT_OF_STORAGE else f"its time in band {one.band!r}"
    return (
        f"{what} may be used up then"
        if one.is_forecast
        else f"{what} is used up then at the present temperature"
    )
