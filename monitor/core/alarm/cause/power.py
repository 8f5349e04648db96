"""What a unit's lost power means for an alarm.

Theory of operation. A unit tells when its power is gone and back, and whether its backup cooling ran meanwhile. Events
count by the instant at which they occurred, in whatever order they come. An outage that is told at once is an alarm at
once (a few seconds later, with others of its circuit); one that is told of late waits a little, for that it is over may
be on its way (``PATIENCE``). Power that came back ends the alarm; an outage that was over before anybody could say so
is an alarm of the past. An outage that an alarm on record overlaps has been told. What is known of the backup cooling
is kept with the open alarm, and nobody is told of it anew.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from monitor.core.alarm.alarm import Alarm
from monitor.core.alarm.cause.outcome import Amend, Hold, Outcome, Past, recovered
from monitor.core.alarm.cause.upload import PATIENCE
from monitor.core.alarm.condition import LEVEL_OF, AlarmCondition, Truth
from monitor.core.alarm.flood import POWER_GATHER_FOR
from monitor.core.sign.base import ToldEvent
from monitor.core.time.instant import format_instant, format_local

LOST = AlarmCondition.POWER_LOST


class Outage(NamedTuple):
    """Power that was lost at ``lost_at`` and came back at ``restored_at`` (None: not yet, as far as is told).
    ``backup``: what its backup cooling did meanwhile, each as (instant, ``started`` or ``ended``)."""

    lost_at: int
    restored_at: int | None
    backup: tuple[tuple[int, str], ...] = ()


def outages(events: Sequence[ToldEvent], now: int) -> list[Outage]:
    """The outages that a unit's events tell of, up to ``now``, in order. Told lost twice, the first counts."""
    told: list[Outage] = []
    # Of one instant "lost" sorts before "restored": that is an outage without length, and not one without an end.
    for event in sorted(events):
        if event.at > now:
            break
        is_out = bool(told) and told[-1].restored_at is None
        if event.kind == "power_lost" and not is_out:
            told.append(Outage(event.at, None))
        elif event.kind == "power_restored" and is_out:
            told[-1] = told[-1]._replace(restored_at=event.at)
        elif event.kind in ("backup_cooling_started", "backup_cooling_ended") and is_out:
            backup = (*told[-1].backup, (event.at, event.kind.removeprefix("backup_cooling_")))
            told[-1] = told[-1]._replace(backup=backup)
    return told


def restored_after(events: Sequence[ToldEvent], lost_at: int, now: int) -> int | None:
    """When power that was lost at ``lost_at`` came back, also where that event is no longer among ``events``."""
    back = [event.at for event in events if event.kind == "power_restored" and lost_at <= event.at <= now]
    return min(back, default=None)


def overlaps(outage: Outage, start: int, end: int | None) -> bool:
    """Whether an outage and a span (``end`` None: open) have an instant in common."""
    return (end is None or outage.lost_at <= end) and (
        outage.restored_at is None or start <= outage.restored_at
    )


# --- what it means ---


class ReceivedEvent(NamedTuple):
    """An event of a unit with when it came."""

    occurred_at: int
    kind: str
    received_at: int


class PowerState(NamedTuple):
    """What is known of a unit's power. ``events``: what it told in the last days. ``alarm``: the open one.
    ``on_record``: from when to when there were alarms that are over. ``place``: what evidence says of where it is."""

    unit: str
    events: Sequence[ReceivedEvent]
    alarm: Alarm | None
    on_record: Sequence[tuple[int, int]]
    zone: ZoneInfo
    place: Mapping[str, Any]


class PowerOutcome(NamedTuple):
    """What is to be done, and when the unit must be looked at again (None: when it tells something)."""

    outcomes: Sequence[Outcome]
    look_at: int | None


def of_power(power: PowerState, now: int) -> PowerOutcome:
    """What a unit's events of its power come to now."""
    told = [ToldEvent(event.occurred_at, event.kind) for event in power.events]
    outcomes: list[Outcome] = []
    looks = [event.at for event in told if event.at > now]
    restored_at = _restored_at(power, told, now)
    if restored_at is not None:
        outcomes.append(recovered(LOST, power.unit, restored_at, says_when=True))
    every = outages(told, now)
    spans = _spans(power, restored_at)
    for outage in every:
        if any(overlaps(outage, start, end) for start, end in spans):
            continue
        if outage.restored_at is not None:
            outcomes.append(Past(_truth(power, outage), outage.restored_at))
        elif (sure_at := _sure_at(power.events, outage)) <= now:
            outcomes.append(Hold(_truth(power, outage)))
        else:
            looks.append(sure_at)
    if every and every[-1].restored_at is None and restored_at is None:
        outcomes += _with_backup(power, every[-1])
    return PowerOutcome(outcomes, min(looks, default=None))


def _restored_at(power: PowerState, told: Sequence[ToldEvent], now: int) -> int | None:
    lost_at = None if power.alarm is None else power.alarm.grounds.started_at
    return None if lost_at is None else restored_after(told, lost_at, now)


def _spans(power: PowerState, restored_at: int | None) -> list[tuple[int, int | None]]:
    """From when to when there were alarms about lost power, the open one included: what it covers has been told."""
    spans: list[tuple[int, int | None]] = list(power.on_record)
    if power.alarm is not None:
        raised_at = power.alarm.raised_at
        spans.append((raised_at, None if restored_at is None else max(restored_at, raised_at)))
    return spans


def _sure_at(events: Sequence[ReceivedEvent], outage: Outage) -> int:
    """From when on an outage is told: at once, or, if it came late, when what follows has had time to come."""
    first_heard = min(event.received_at for event in events if event.occurred_at == outage.lost_at)
    is_late = first_heard - outage.lost_at > PATIENCE
    return max(event.received_at for event in events) + PATIENCE if is_late else outage.lost_at


def _with_backup(power: PowerState, outage: Outage) -> list[Outcome]:
    alarm = power.alarm
    if alarm is None or alarm.grounds.started_at != outage.lost_at:
        return []
    told = replace(alarm, evidence={**alarm.evidence, "text": _words(power, outage)})
    return [] if told == alarm else [Amend(told, "backup cooling")]


def _truth(power: PowerState, outage: Outage) -> Truth:
    evidence = {
        "text": _words(power, outage),
        "started_at": format_instant(outage.lost_at),
        **power.place,
    }
    return Truth(LOST, power.unit, outage.lost_at, LEVEL_OF[LOST], evidence, tell_after=POWER_GATHER_FOR)


def _words(power: PowerState, outage: Outage) -> str:
    told = [f"backup cooling {what} {format_local(at, power.zone)}" for at, what in outage.backup]
    return ", ".join(["it told that its power is gone", *told])
