"""What can be wrong, how bad that is, and what is true now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

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


class Nature(NamedTuple):
    """What a condition is, whoever has it. Its words stand in a table of their own (:mod:`monitor.words.condition`).

    ``level``: where nothing more is known. Temperatures have a warning before it, and become critical with the
    excursion's own limit. ``of_channel``: it is over when its channel is watched no more. ``is_sign``: it foretells,
    and can be switched off. ``by_power``: a loss of the unit's power explains it; never that a unit is too warm, which
    needs somebody whatever its cause. ``of_ourselves``: about the program or its surroundings. ``unfit``: a unit that
    has it is no place to take lots to, the worst first; ``noted``: said of a place, and can wait until the morning.
    ``latched``: stays until a person resets it, also if it turns out otherwise. ``ends_acknowledged``: nothing else
    could tell that it is over. ``must_reach``: somebody must hear of it for a unit to count as watched.
    ``breaks_shelf``: a lot that has it newly ends the silence about its unit.
    """

    level: Level
    of_channel: bool = False
    is_sign: bool = False
    by_power: bool = False
    of_ourselves: bool = False
    unfit: int | None = None
    noted: int | None = None
    latched: bool = False
    ends_acknowledged: bool = False
    must_reach: bool = False
    breaks_shelf: bool = False


NATURE: Mapping[AlarmCondition, Nature] = MappingProxyType(
    {
        AlarmCondition.TEMPERATURE_HIGH: Nature("alarm", of_channel=True, must_reach=True, unfit=1),
        AlarmCondition.TEMPERATURE_LOW: Nature("alarm", of_channel=True, must_reach=True, unfit=2),
        AlarmCondition.RISING_FAST: Nature("alarm", is_sign=True, by_power=True, unfit=7),
        AlarmCondition.FLAT_LINE: Nature("alarm", is_sign=True, unfit=8),
        AlarmCondition.DOOR_OPEN: Nature("alarm", is_sign=True, unfit=9),
        AlarmCondition.SLOW_DRIFT: Nature("warning", is_sign=True, noted=3),
        AlarmCondition.COOLING_WEAK: Nature("warning", is_sign=True, by_power=True, unfit=10),
        AlarmCondition.NO_DATA: Nature("alarm", of_channel=True, by_power=True, must_reach=True, unfit=3),
        AlarmCondition.PROBE_FAULT: Nature("alarm", of_channel=True, by_power=True, must_reach=True, unfit=4),
        # A clock that leaves nothing of use counts as unfit: its alarm is no warning then.
        AlarmCondition.CLOCK_SKEW: Nature("warning", of_channel=True, noted=4),
        AlarmCondition.BATTERY_LOW: Nature("warning", of_channel=True, noted=1),
        AlarmCondition.POWER_LOST: Nature("alarm", unfit=6),
        AlarmCondition.CALIBRATION_DUE: Nature("warning", noted=2),
        AlarmCondition.LOT_EXPIRING: Nature("warning"),
        AlarmCondition.LOT_EXPIRED: Nature("alarm"),
        AlarmCondition.LOT_BUDGET: Nature("warning", breaks_shelf=True),
        AlarmCondition.LOT_THAWED: Nature("alarm", latched=True, breaks_shelf=True),
        AlarmCondition.LOT_BREACHED: Nature("critical", latched=True, breaks_shelf=True),
        AlarmCondition.BROKER_LOST: Nature("alarm", of_ourselves=True),
        AlarmCondition.INFLUX_LAGGING: Nature("warning", of_ourselves=True),
        AlarmCondition.STORE_FAILING: Nature("alarm", of_ourselves=True),
        AlarmCondition.NOTIFIER_FAILING: Nature("alarm", of_ourselves=True),
        # Its newest reading may look fine, but nobody judges any more whether it is.
        AlarmCondition.JUDGING_FAILED: Nature("alarm", unfit=5),
        AlarmCondition.EVENT_CONFLICT: Nature("warning", of_ourselves=True, ends_acknowledged=True),
        AlarmCondition.ALARM_FLOOD: Nature("alarm", of_ourselves=True),
        AlarmCondition.DRILL: Nature("alarm", of_ourselves=True, ends_acknowledged=True),
    }
)
"""One row for each condition: everything that the program decides by what kind of condition it is."""

LEVEL_OF: Mapping[AlarmCondition, Level] = MappingProxyType(
    {condition: NATURE[condition].level for condition in AlarmCondition}
)


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
