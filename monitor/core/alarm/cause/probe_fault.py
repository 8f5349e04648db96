"""What a probe's fault means for an alarm: open while its newest readings are no temperatures, over since all are
again. One that was over before anybody was told is an alarm of the past."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from monitor.core.alarm.cause.outcome import Hold, Outcome, Past, recovered
from monitor.core.alarm.condition import LEVEL_OF, AlarmCondition, Truth
from monitor.core.channel.liveness import ProbeFault
from monitor.core.time.instant import format_instant

FAULT = AlarmCondition.PROBE_FAULT


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
