"""What a probe's calibration date means for an alarm: asked for some time before it, in the time zone of its site,
since its own instant however late that is noticed; over when the configured date is far again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from monitor.core.alarm.cause.outcome import Hold, Outcome, recovered, unwatched
from monitor.core.alarm.condition import LEVEL_OF, AlarmCondition, Truth
from monitor.core.time.instant import start_of_day

CALIBRATION = AlarmCondition.CALIBRATION_DUE


class CalibrationDue(NamedTuple):
    """A probe's date, and the instant from which on it is asked for."""

    on: date
    told_from: int


def calibration_due(due_on: date, zone: ZoneInfo, ahead: int) -> CalibrationDue:
    """A calibration that is due on a date, asked for ``ahead`` ms before it."""
    return CalibrationDue(due_on, start_of_day(due_on, zone) - ahead)


def of_date(
    channel: str, due: CalibrationDue | None, place: Mapping[str, Any], now: int, *, is_open: bool
) -> Outcome | None:
    """What a probe's date comes to; ``due`` None: it has none, or isn't watched. ``is_open``: it has been asked for."""
    if due is None:
        return unwatched(CALIBRATION, channel, now) if is_open else None
    if due.told_from > now:
        return recovered(CALIBRATION, channel, now) if is_open else None
    if is_open:
        return None
    text = f"calibration due on {due.on.isoformat()}"
    evidence = {"text": text, "due_on": due.on.isoformat(), **place}
    return Hold(Truth(CALIBRATION, channel, due.told_from, LEVEL_OF[CALIBRATION], evidence))
