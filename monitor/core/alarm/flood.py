"""Many alarms at once are one page: of one cause, with those that it explains listed.

A flood begins with ten alarms within ten minutes at a site (EEMUA 191 and ISA-18.2 count so: docs/sources.md), or
sooner where the cause is known: several units lost their power, or one gateway took several units with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from monitor.core.alarm.alarm import Alarm
from monitor.core.alarm.condition import LEVELS, NATURE, AlarmCondition, Level
from monitor.core.alarm.grounds import FloodCause
from monitor.core.time.instant import HOUR, MINUTE, SECOND

FLOOD_LEAST = 10
WITHIN = 10 * MINUTE
GOES_ON_LEAST = 5
"""A flood goes on while so many alarms came within the last ten minutes (ISA-18.2 ends one below that)."""
UNITS_LEAST = 2
"""So many units that lost their power, or fell silent as their gateway went, have one cause."""
GATHER_FOR = 1 * MINUTE
GATHER_SHARE = 15
POWER_GATHER_FOR = 10 * SECOND
"""Units on one circuit tell of their power within seconds of one another."""
TOLD_ANEW_AFTER = 10 * MINUTE
"""A flood that goes on is told again at most so often."""
OUTLIVES_AFTER = 10 * MINUTE
RECOVERS_WITHIN = 2 * HOUR
"""A unit that cools again takes so long to show it."""
_SLOW = frozenset({AlarmCondition.RISING_FAST, AlarmCondition.COOLING_WEAK})


def gather_for(silent_after: int) -> int:
    """How long a silence waits to be told together with others: channels that fall silent at once are missed at
    different instants. A minute, and less where a channel is missed soon."""
    return min(GATHER_FOR, silent_after // GATHER_SHARE)


class OpenAlarm(NamedTuple):
    """An open alarm with the unit that it is about (``site/unit``; None: no unit), and whether nobody is to be told."""

    alarm: Alarm
    unit: str | None
    is_hushed: bool = False


def can_be_child(alarm: Alarm) -> bool:
    """Whether an alarm may be told as part of a flood: what is about ourselves never is."""
    return not NATURE[alarm.condition].of_ourselves and not alarm.past


def is_recent(alarm: Alarm, now: int) -> bool:
    """Whether an alarm came to be known lately enough to be part of what goes on."""
    return now - alarm.known_at < WITHIN


def goes_on(flood: Alarm, children: Iterable[Alarm], now: int) -> bool:
    """Whether what comes now still belongs to a flood; days later it is news of its own."""
    return is_recent(flood, now) or sum(is_recent(child, now) for child in children) >= GOES_ON_LEAST


def news_since(children: Iterable[Alarm], told_at: int) -> int:
    """How many alarms of a flood came, or got worse, since it was told."""
    return sum(max(child.known_at, child.run.from_at) > told_at for child in children)


def cause_of_flood(cases: Sequence[OpenAlarm], now: int) -> FloodCause | None:
    """Why the open alarms of a site are one flood; None if they aren't."""
    lately = [case for case in cases if can_be_child(case.alarm) and is_recent(case.alarm, now)]
    without_power = {case.unit for case in lately if case.alarm.condition is AlarmCondition.POWER_LOST}
    if len(without_power) >= UNITS_LEAST:
        return "power"
    cut_off = {case.unit for case in lately if case.alarm.grounds.is_offline}
    if len(cut_off) >= UNITS_LEAST:
        return "gateway"
    return "many" if len(lately) >= FLOOD_LEAST else None


def is_explained(case: OpenAlarm, cause: FloodCause) -> bool:
    """Whether an alarm is told as part of a flood of this cause."""
    if not can_be_child(case.alarm):
        return False
    match cause:
        case "power":
            return NATURE[case.alarm.condition].by_power or case.alarm.condition is AlarmCondition.POWER_LOST
        case "gateway":
            return case.alarm.condition is AlarmCondition.NO_DATA
        case "many":
            return True


def parent_by_power(case: OpenAlarm, cases: Iterable[OpenAlarm]) -> Alarm | None:
    """The open alarm about the lost power of a unit, if that explains an alarm of it."""
    if not NATURE[case.alarm.condition].by_power or case.unit is None:
        return None
    for other in cases:
        if other.alarm.condition is AlarmCondition.POWER_LOST and other.unit == case.unit:
            return other.alarm
    return None


def level_of(children: Iterable[Alarm]) -> Level:
    """The worst level of some alarms."""
    return max((alarm.level for alarm in children), key=LEVELS.index, default="warning")


def outlives_after(alarm: Alarm) -> int:
    """How long after its cause is gone an alarm must still be open to be told by itself, in ms."""
    return RECOVERS_WITHIN if alarm.condition in _SLOW else OUTLIVES_AFTER


def is_over(still_open: int, ended_at: Sequence[int], now: int) -> bool:
    """Whether a flood's cause is gone: all that it explained is over, or most of it, and nothing more has ended for ten
    minutes. What outlives it is told by itself."""
    if not still_open:
        return True
    return len(ended_at) >= still_open and now - max(ended_at) >= OUTLIVES_AFTER
