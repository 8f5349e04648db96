"""Alarms: conditions that need a person. Which are true, and what that changes.

What is true (a :class:`Truth` per condition and subject) is worked out from facts; :func:`decide` compares it with
the open alarm. A later issue deepens this to the life cycle of ISA-18.2; until then an alarm is open
(``unacknowledged``) or over (``normal``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Literal

from monitor.core.instant import format_instant


class AlarmCondition(StrEnum):
    """What can be wrong (those that this version raises)."""

    TEMPERATURE_HIGH = "temperature_high"
    TEMPERATURE_LOW = "temperature_low"
    RISING_FAST = "rising_fast"
    FLAT_LINE = "flat_line"
    DOOR_OPEN = "door_open"
    SLOW_DRIFT = "slow_drift"
    COOLING_WEAK = "cooling_weak"
    NO_DATA = "no_data"
    PROBE_FAULT = "probe_fault"
    LOT_EXPIRING = "lot_expiring"
    LOT_EXPIRED = "lot_expired"
    LOT_BUDGET = "lot_budget"
    LOT_THAWED = "lot_thawed"
    LOT_BREACHED = "lot_breached"
    INFLUX_LAGGING = "influx_lagging"
    EVENT_CONFLICT = "event_conflict"


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
        AlarmCondition.LOT_EXPIRING: "warning",
        AlarmCondition.LOT_EXPIRED: "alarm",
        AlarmCondition.LOT_BUDGET: "warning",
        AlarmCondition.LOT_THAWED: "alarm",
        AlarmCondition.LOT_BREACHED: "critical",
        AlarmCondition.INFLUX_LAGGING: "warning",
        AlarmCondition.EVENT_CONFLICT: "warning",
    }
)


@dataclass(frozen=True, slots=True)
class Truth:
    """A condition that holds for a subject since an instant; ``act_by``: by when somebody must have acted."""

    condition: AlarmCondition
    subject: str
    since_at: int
    level: Level
    evidence: Mapping[str, Any] = field(default_factory=dict)
    act_by: int | None = None


@dataclass(frozen=True, slots=True)
class Alarm:
    """One alarm. ``past``: its condition had ended before anything said that it began, so it wakes no one.
    ``act_by``: by when somebody must have acted, as far as could be told when it was raised or got worse.
    """

    id: str
    condition: AlarmCondition
    subject: str
    level: Level
    raised_at: int
    cleared_at: int | None = None
    past: bool = False
    evidence: Mapping[str, Any] = field(default_factory=dict)
    act_by: int | None = None

    @property
    def is_open(self) -> bool:
        """Whether the condition still holds, as far as is known."""
        return self.cleared_at is None

    def to_json(self) -> dict[str, Any]:
        """The alarm in the words of SPEC section 7."""
        return {
            "id": self.id,
            "condition": self.condition.value,
            "subject": self.subject,
            "level": self.level,
            "state": "unacknowledged" if self.is_open else "normal",
            "raised_at": format_instant(self.raised_at),
            "cleared_at": None if self.cleared_at is None else format_instant(self.cleared_at),
            "acknowledged_at": None,
            "acknowledged_by": None,
            "shelved_until": None,
            "act_by": None if self.act_by is None else format_instant(self.act_by),
            "past": self.past,
            "evidence": dict(self.evidence),
        }


Decision = Literal["raise", "worsen", "clear", "nothing"]


def decide(alarm: Alarm | None, truth: Truth | None) -> Decision:
    """What the truth changes about the open alarm of the same condition and subject.

    Silence is not an absent truth: a caller that has heard nothing passes the truth that it last knew.
    """
    if truth is None:
        return "nothing" if alarm is None else "clear"
    if alarm is None:
        return "raise"
    return "worsen" if LEVELS.index(truth.level) > LEVELS.index(alarm.level) else "nothing"
