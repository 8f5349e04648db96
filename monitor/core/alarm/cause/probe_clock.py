"""What a probe's wrong clock means for an alarm: a warning while its readings can still be used, an alarm when nothing
of use has come for as long as the probe may be silent. It never gets less by itself: a run that ends, ends it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from monitor.core.alarm.alarm import Alarm
from monitor.core.alarm.cause.outcome import Hold, Outcome, recovered
from monitor.core.alarm.condition import LEVEL_OF, AlarmCondition, Level, Truth, is_worse
from monitor.core.channel.liveness import ClockWord
from monitor.core.channel.probe_clock import SkewedRun
from monitor.core.sign.course import minutes
from monitor.core.time.instant import format_instant, format_local

CLOCK = AlarmCondition.CLOCK_SKEW


def of_clock(
    word: ClockWord, alarm: Alarm | None, zone: ZoneInfo, place: Mapping[str, Any]
) -> Sequence[Outcome]:
    """What a channel's word of its clock comes to; ``alarm``: the open one."""
    if word.ended_at is not None:
        return [recovered(CLOCK, word.channel, word.ended_at)]
    level: Level = "alarm" if word.is_blind else LEVEL_OF[CLOCK]
    if alarm is not None and not is_worse(level, alarm.level):
        return []
    run, text = word.run, _text(word.run, zone)
    evidence = {
        "text": f"{text}, and nothing that it sends can be used" if word.is_blind else text,
        "kind": run.kind,
        "started_at": format_instant(run.first_received_at),
        "measured_at": format_instant(run.last_measured_at),
        "last_received_at": format_instant(run.last_received_at),
        **place,
    }
    return [Hold(Truth(CLOCK, word.channel, run.last_received_at, level, evidence))]


def _text(run: SkewedRun, zone: ZoneInfo) -> str:
    if run.kind == "reset":
        return f"its clock was reset: it says {format_local(run.last_measured_at, zone)}"
    span = minutes(abs(run.last_received_at - run.last_measured_at))
    return f"its clock is {span} {run.kind}"
