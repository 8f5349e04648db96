"""What can be wrong, how bad that is, and what is true now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Literal

from monitor.core.alarm.grounds import Grounds


class AlarmCondition(StrEnum):
    """What can be wrong; docs/alarms.md says of each what it means."""

    TEMPERATURE_HIGH = "temperature_high"
    TEMPERATURE_LOW = "temperature_low"
    RISING_FAST = "rising_fast"
    FLAT_LINE = "flat_line"
    DOOR_OPEN = "door_open"
    SLOW_DRIFT = "slow_drift"
    COOLING_WEAK = "cooling_weak"
    NO_DATA = "no_data"
    PROBE_FAULT = "probe_fault"
    CLOCK_SKEW = "clock_skew"
    BATTERY_LOW = "battery_low"
    POWER_LOST = "power_lost"
    CALIBRATION_DUE = "calibration_due"
    LOT_EXPIRING = "lot_expiring"
    LOT_EXPIRED = "lot_expired"
    LOT_BUDGET = "lot_budget"
    LOT_THAWED = "lot_thawed"
    LOT_BREACHED = "lot_breached"
    BROKER_LOST = "broker_lost"
    INFLUX_LAGGING = "influx_lagging"
    STORE_FAILING = "store_failing"
    NOTIFIER_FAILING = "notifier_failing"
    JUDGING_FAILED = "judging_failed"
    EVENT_CONFLICT = "event_conflict"
    ALARM_FLOOD = "alarm_flood"
    DRILL = "drill"


Level = Literal["warning", "alarm", "critical"]
LEVELS: tuple[Level, ...] = ("warning", "alarm", "critical")

LEVEL_OF: Mapping[AlarmCondition, Level] = MappingProxyType(
    {
        AlarmCondition.TEMPERATURE_HIGH: "alarm",
        AlarmCondition.TEMPERATURE_LOW: "alarm",
        AlarmCondition.RISING_FAST: "alarm",
        AlarmCondition.FLAT_LINE: "alarm",
        AlarmCondition.DOOR_OPEN: "alarm",
        AlarmCondition.SLOW_DRIFT: "warning",
        AlarmCondition.COOLING_WEAK: "warning",
        AlarmCondition.NO_DATA: "alarm",
        AlarmCondition.PROBE_FAULT: "alarm",
        AlarmCondition.CLOCK_SKEW: "warning",
        AlarmCondition.BATTERY_LOW: "warning",
        AlarmCondition.POWER_LOST: "alarm",
        AlarmCondition.CALIBRATION_DUE: "warning",
        AlarmCondition.LOT_EXPIRING: "warning",
        AlarmCondition.LOT_EXPIRED: "alarm",
        AlarmCondition.LOT_BUDGET: "warning",
        AlarmCondition.LOT_THAWED: "alarm",
        AlarmCondition.LOT_BREACHED: "critical",
        AlarmCondition.BROKER_LOST: "alarm",
        AlarmCondition.INFLUX_LAGGING: "warning",
        AlarmCondition.STORE_FAILING: "alarm",
        AlarmCondition.NOTIFIER_FAILING: "alarm",
        AlarmCondition.JUDGING_FAILED: "alarm",
        AlarmCondition.EVENT_CONFLICT: "warning",
        AlarmCondition.ALARM_FLOOD: "alarm",
        AlarmCondition.DRILL: "alarm",
    }
)
"""The level that a condition has where nothing more is known. Temperatures have a warning before it, and become
critical with the excursion's own limit."""

LATCHED = frozenset({AlarmCondition.LOT_THAWED, AlarmCondition.LOT_BREACHED})
"""What stays until a person resets it, also if it turns out otherwise."""

ENDED_BY_ACKNOWLEDGEMENT = frozenset({AlarmCondition.DRILL, AlarmCondition.EVENT_CONFLICT})
"""What is over when a person acknowledges it: nothing else could tell that a drill is answered, a conflict settled."""


def is_worse(level: Level, than: Level) -> bool:
    """Whether one level is above another."""
    return LEVELS.index(level) > LEVELS.index(than)


@dataclass(frozen=True, slots=True)
class Truth:
    """A condition that holds for a subject since an instant; ``act_by``: by when somebody must have acted.

    ``tell_after``: what seldom comes alone waits so many ms before it is told, so that it can be told together.
    """

    condition: AlarmCondition
    subject: str
    since_at: int
    level: Level
    evidence: Mapping[str, Any] = field(default_factory=dict)
    act_by: int | None = None
    tell_after: int = 0

    @property
    def grounds(self) -> Grounds:
        """What the program decides by of its evidence."""
        return Grounds.of(self.evidence)
