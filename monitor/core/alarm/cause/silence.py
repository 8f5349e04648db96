"""What a silence means for an alarm.

Theory of operation. A channel that says nothing for as long as it may raises an alarm at its deadline; a moment later
it is told, together with others that fell silent at once. When it is heard again the alarm is over, at that instant.
But a battery that dies, or a line that flaps, falls silent and is heard again and again. Such a channel *chatters*: its
alarm stays open until it has been heard for so long without another silence (:mod:`monitor.core.alarm.chatter`), and
when it has, it is over. Which channels chatter, and until when each must be heard, outlives a restart.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from monitor.core.alarm.alarm import Alarm
from monitor.core.alarm.cause.outcome import Hold, Outcome, recovered
from monitor.core.alarm.chatter import LEAST, steady_for
from monitor.core.alarm.condition import LEVEL_OF, AlarmCondition, Truth
from monitor.core.alarm.flood import gather_for
from monitor.core.channel.liveness import Silence, Steady
from monitor.core.profile.installation import Probe
from monitor.core.time.instant import format_instant, format_local

NO_DATA = AlarmCondition.NO_DATA


class Chatter(NamedTuple):
    """A channel whose silences come and go: until when it must be heard without another one; None: it is silent."""

    until: int | None


class HearingState(NamedTuple):
    """What is known of a channel when it falls silent or is heard. ``alarm``: the open one. ``chatter`` None: it
    doesn't. ``raised``: when its alarms of before were raised, the open one included. ``place``: what evidence says."""

    probe: Probe
    alarm: Alarm | None
    chatter: Chatter | None
    raised: Sequence[int]
    zone: ZoneInfo
    place: Mapping[str, Any]


class SilenceOutcome(NamedTuple):
    """What is to be done, and whether the channel chatters from now on (None: it doesn't)."""

    outcomes: Sequence[Outcome]
    chatter: Chatter | None


def of_steady(steady: Steady) -> SilenceOutcome:
    """A channel that chattered has been heard for long enough."""
    return SilenceOutcome([recovered(NO_DATA, steady.channel, steady.at)], None)


def of_silence(silence: Silence, hearing: HearingState) -> SilenceOutcome:
    """A channel was silent from its deadline on, and may have been heard again."""
    alarm, chatter = hearing.alarm, hearing.chatter
    if alarm is None and not hearing.probe.alarms:
        return SilenceOutcome([], chatter)
    outcomes: list[Outcome] = []
    raised = hearing.raised
    if alarm is None:
        outcomes.append(Hold(_truth(silence, hearing)))
        raised = [silence.silent_at, *raised]
    elif chatter is not None:
        chatter = Chatter(None)
    heard_at = silence.heard_again_at
    if heard_at is None:
        return SilenceOutcome(outcomes, chatter)
    span = steady_for(raised, heard_at)
    if chatter is not None:
        span = max(span, LEAST)
    if span:
        return SilenceOutcome(outcomes, Chatter(heard_at + span))
    return SilenceOutcome([*outcomes, recovered(NO_DATA, silence.channel, heard_at)], chatter)


def _truth(silence: Silence, hearing: HearingState) -> Truth:
    at = silence.heard_at
    text = "never heard" if at is None else f"last heard {format_local(at, hearing.zone)}"
    evidence = {
        "text": f"its gateway is offline, {text}" if silence.is_offline else text,
        "last_received_at": None if at is None else format_instant(at),
        **({"offline": True} if silence.is_offline else {}),
        **hearing.place,
    }
    wait = gather_for(hearing.probe.silent_after)
    return Truth(NO_DATA, silence.channel, silence.silent_at, LEVEL_OF[NO_DATA], evidence, tell_after=wait)
