"""Truths, alarms and outcomes for tests of what causes mean for alarms: no store, no clock."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from monitor.core.alarm.alarm import Alarm, raised
from monitor.core.alarm.cause.outcome import Outcome
from monitor.core.alarm.condition import LEVEL_OF, AlarmCondition, Truth
from monitor.core.time.instant import HOUR, MINUTE

NOW = 10 * HOUR
CHANNEL, UNIT = "lab1/F01/product", "lab1/F01"
PLACE: dict[str, Any] = {"unit": UNIT, "unit_title": "Freezer", "lots": ["L1"]}


def an_alarm(
    condition: AlarmCondition, subject: str = CHANNEL, at: int = NOW - HOUR, **changes: Any
) -> Alarm:
    """An open alarm since ``at``, without evidence unless that is given."""
    known = raised("a1", Truth(condition, subject, at, LEVEL_OF[condition]), now=at)
    return replace(known, **changes)


def kinds(outcomes: Iterable[Outcome]) -> list[str]:
    """What is to be done, by name."""
    return [type(outcome).__name__ for outcome in outcomes]


__all__ = ["CHANNEL", "HOUR", "MINUTE", "NOW", "PLACE", "UNIT", "an_alarm", "kinds"]
