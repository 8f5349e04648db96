"""Why was nobody told? What a plan's reason says to the person who asks."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from monitor.core.alarm.alarm import Alarm
from monitor.core.alarm.suppression import Suppression
from monitor.core.telling.told import Plan, Why
from monitor.core.time.instant import format_local


def why_told(plan: Plan, alarm: Alarm, hushing: Suppression | None, zone: ZoneInfo) -> str:
    """Why people are told of an alarm now, or aren't, in words. ``hushing``: what holds its telling back, if anything
    does; ``zone``: the one of the alarm's site."""
    by = "somebody" if alarm.acknowledgement is None else alarm.acknowledgement.by
    until = "later" if plan.until is None else format_local(plan.until, zone)
    match plan.why:
        case Why.PAST:
            return "it was over before anybody could know of it: it stands in the next digest"
        case Why.OVER:
            return "it is over, and whoever was told that it began hears of that"
        case Why.OVER_UNTOLD:
            return "it was over before anybody had to be told"
        case Why.TAKEN:
            return f"{by} has taken it, and whoever was told hears of that"
        case Why.TAKEN_UNTOLD:
            return f"{by} took it before anybody had to be told"
        case Why.HELD_BACK:
            return _held_back(hushing, zone)
        case Why.PART_OF_ANOTHER:
            return f"it is told as part of alarm {alarm.parent}"
        case Why.NOT_YET:
            return f"it is told from {until} on, if it still holds then"
        case Why.NOBODY:
            return "there is nobody to tell: no one on its route has an address"
        case Why.QUIET_HOURS:
            return f"it is a warning, and waits for the end of quiet hours: {until}"
        case Why.NOW:
            return "it is being told now"
        case Why.UNDER_WAY:
            return "messages are on their way, and none has been delivered yet"
        case Why.TOLD:
            return "people were told, and nobody has taken it yet"
        case Why.WITHDRAWN:
            return "what was to be said was withdrawn: its addresses are configured no more"


def _held_back(hushing: Suppression | None, zone: ZoneInfo) -> str:
    if hushing is None:
        return "it is held back"
    kind, until = hushing.kind.replace("_", " "), format_local(hushing.until_at, zone)
    return f"{kind} by {hushing.owner} until {until}: {hushing.reason}"
