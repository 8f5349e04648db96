"""What a probe's battery means for an alarm: low raises a warning, as of the measurement that said so; charged again,
or replaced, ends it when that was heard."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from monitor.core.alarm.cause.outcome import Hold, Outcome, recovered
from monitor.core.alarm.condition import LEVEL_OF, AlarmCondition, Truth
from monitor.core.channel.liveness import BatteryWord
from monitor.core.time.instant import format_instant

BATTERY = AlarmCondition.BATTERY_LOW


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
