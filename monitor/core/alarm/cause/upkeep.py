"""What a probe that somebody has to see to means for alarms: its battery, its calibration, its clock, its sensor.

Theory of operation. A battery that is low raises a warning as of the measurement that said so; charged or replaced ends
it when that was heard. A calibration is asked for some time before its date, in the time zone of its site, since its
own instant however late that is noticed; it is over when the configured date is far again. A wrong clock is a warning
while its readings can still be used, an alarm when nothing of use has come for as long as the probe may be silent; it
never gets less by itself: a run that ends, ends it. A fault is open while the newest readings are no temperatures, over
since all are again; one that was over before anybody was told is an alarm of the past.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from monitor.core.alarm.alarm import Alarm
from monitor.core.alarm.cause.outcome import Hold, Outcome, Past, recovered, unwatched
from monitor.core.alarm.condition import LEVEL_OF, AlarmCondition, Level, Truth, is_worse
from monitor.core.channel.ear import BatteryWord, ClockWord, ProbeFault
from monitor.core.channel.probe_clock import SkewedRun
from monitor.core.record import minutes
from monitor.core.time.instant import format_instant, format_local, start_of_day

BATTERY = AlarmCondition.BATTERY_LOW
CALIBRATION = AlarmCondition.CALIBRATION_DUE
CLOCK = AlarmCondition.CLOCK_SKEW
FAULT = AlarmCondition.PROBE_FAULT


def of_battery(word: BatteryWord, place: Mapping[str, Any], now: int) -> Outcome:
    """What a channel's word of its battery comes to. A clock that runs ahead makes no alarm of the future."""
    if word.ended_at is not None:
        return recovered(BATTERY, word.channel, word.ended_at)
    evidence = {
        "text": f"{word.percent:g} % left",
        "battery_percent": word.percent,
        "measured_at": format_instant(word.measured_at),
        **place,
    }
    return Hold(Truth(BATTERY, word.channel, min(word.measured_at, now), LEVEL_OF[BATTERY], evidence))


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


def of_clock(
    word: ClockWord, alarm: Alarm | None, zone: ZoneInfo, place: Mapping[str, Any]
) -> Sequence[Outcome]:
    """What a channel's word of its clock comes to; ``alarm``: the open one."""
    if word.ended_at is not None:
        return [recovered(CLOCK, word.channel, word.ended_at)]
    level: Level = "alarm" if word.is_blind else LEVEL_OF[CLOCK]
    if alarm is not None and not is_worse(level, alarm.level):
        return []
    run, text = word.run, _clock_text(word.run, zone)
    evidence = {
        "text": f"{text}, and nothing that it sends can be used" if word.is_blind else text,
        "kind": run.kind,
        "started_at": format_instant(run.first_received_at),
        "measured_at": format_instant(run.last_measured_at),
        "last_received_at": format_instant(run.last_received_at),
        **place,
    }
    return [Hold(Truth(CLOCK, word.channel, run.last_received_at, level, evidence))]


def _clock_text(run: SkewedRun, zone: ZoneInfo) -> str:
    if run.kind == "reset":
        return f"its clock was reset: it says {format_local(run.last_measured_at, zone)}"
    span = minutes(abs(run.last_received_at - run.last_measured_at))
    return f"its clock is {span} {run.kind}"


def of_fault(
    fault: ProbeFault, place: Mapping[str, Any], *, is_open: bool, alarms: bool
) -> Sequence[Outcome]:
    """What a probe that turned faulty or sound comes to. ``is_open``: its alarm is; ``alarms``: it has any."""
    if not alarms and not is_open:
        return []
    if fault.ended_at is not None and is_open:
        return [recovered(FAULT, fault.channel, fault.ended_at)]
    kind = fault.reason.removeprefix("fault:")
    evidence = {
        "text": kind.replace("_", " "),
        "fault": kind,
        "measured_at": format_instant(fault.since_at),
        **place,
    }
    truth = Truth(FAULT, fault.channel, fault.since_at, LEVEL_OF[FAULT], evidence)
    return [Hold(truth) if fault.ended_at is None else Past(truth, fault.ended_at)]
