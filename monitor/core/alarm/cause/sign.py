"""What a sign of failure means for an alarm.

Theory of operation. The detectors (:mod:`monitor.core.sign`) say what the course of a unit's readings shows, and since
when it is over. What is shown is raised once; of what is open only the end is looked for. A rise and weak cooling
say what comes before it is too warm: nobody needs them once an alarm says that it is. A rise that was told
before anybody could say by when to act is amended as soon as that is known, and nobody is told anew for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from monitor.core.alarm.alarm import Alarm
from monitor.core.alarm.cause.outcome import Amend, End, Hold, recovered
from monitor.core.alarm.condition import AlarmCondition, Truth, is_worse
from monitor.core.outlook.forecast import LOOK_BACK, forecast
from monitor.core.profile.profile import Profile
from monitor.core.record import degrees
from monitor.core.sign.base import Sign
from monitor.core.sign.course import Point
from monitor.core.time.instant import format_instant


class Leaving(NamedTuple):
    """When a product may leave its window, at the earliest and likely (ms), and that window's upper end in °C."""

    earliest_at: int
    likely_at: int
    high: float

    def to_evidence(self) -> dict[str, Any]:
        """As an alarm's evidence says it."""
        return {
            "act_by_reason": f"it may leave its window ({degrees(self.high)}) then",
            "leaves_window_at": format_instant(self.likely_at),
        }


def leaving(course: Iterable[Point], profile: Profile, as_of: int) -> Leaving | None:
    """When a product whose temperature took a course may leave its window, if that can be told."""
    high = profile.window.high
    readings = [(point.at, point.celsius) for point in course if point.at > as_of - LOOK_BACK]
    coming = forecast(readings, ambient=profile.ambient) if readings else None
    crossing = None if coming is None or high is None else coming.crossing(high)
    if crossing is None or high is None:
        return None
    return Leaving(crossing.earliest_at, crossing.likely_at, high)


def of_sign(sign: Sign, place: Mapping[str, Any], now: int, coming: Leaving | None = None) -> Hold:
    """A sign that is shown for the first time; ``place``: what evidence says of where it is."""
    says = {} if coming is None else coming.to_evidence()
    evidence = {**sign.evidence, **says, **place}
    act_by = None if coming is None else coming.earliest_at
    return Hold(
        Truth(sign.condition, sign.subject, min(sign.since_at, now), sign.level, evidence, act_by=act_by)
    )


def of_end(condition: AlarmCondition, subject: str, over_at: int | None) -> Sequence[End]:
    """What a detector says of the end of an open sign comes to; None: it isn't over."""
    return [] if over_at is None else [recovered(condition, subject, over_at, says_when=True)]


def of_prospect(alarm: Alarm, coming: Leaving | None) -> Sequence[Amend]:
    """What a forecast comes to for a rise that was told before there was one."""
    if alarm.act_by is not None or coming is None:
        return []
    evidence = {**alarm.evidence, **coming.to_evidence()}
    return [Amend(replace(alarm, act_by=coming.earliest_at, evidence=evidence), "foretold")]


def is_told_warm(of_temperatures: Iterable[Alarm | None]) -> bool:
    """Whether somebody has been told already that it is too warm; a warning wakes nobody, and doesn't count.
    ``of_temperatures``: the open alarms about a unit's probes being too warm."""
    return any(alarm is not None and is_worse(alarm.level, "warning") for alarm in of_temperatures)
