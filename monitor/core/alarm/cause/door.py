"""What an open door means for an alarm.

Theory of operation. A unit's contact tells when its door is opened and shut. A door that stands open for too long is an
alarm, at its deadline; that it was shut ends it, at that instant. Doors that had stood open for too long and were shut
before anybody could say so are alarms of the past. What is told late makes cautious: that the door was shut may be on
its way, so it is waited for (``PATIENCE``), and as long as nothing at all is heard of the unit; and a door that was
opened a day before anybody heard of it isn't said to be open now.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from monitor.core.alarm.alarm import Alarm
from monitor.core.alarm.cause.outcome import Hold, Outcome, Past, recovered
from monitor.core.alarm.cause.upload import PATIENCE
from monitor.core.alarm.condition import LEVEL_OF, AlarmCondition, Truth
from monitor.core.sign.base import Sign, ToldEvent
from monitor.core.sign.door import door_open, door_shut, openings
from monitor.core.time.instant import DAY, format_instant

DOOR = AlarmCondition.DOOR_OPEN
FORGOTTEN_AFTER = DAY
"""A door that was opened so long before anybody heard of it is not said to be open now."""


class DoorState(NamedTuple):
    """What is known of a unit's door. ``events``: what it told in the last days, and ``told_at`` when the last of it
    came. ``alarm``: the open one. ``heard_at``: when any of its probes was last heard (None: never). ``on_record``:
    since when the doors that its alarms on record are about stood open. ``place``: what evidence says of its place."""

    unit: str
    events: Sequence[ToldEvent]
    told_at: int
    alarm: Alarm | None
    heard_at: int | None
    on_record: Collection[int | None]
    place: Mapping[str, Any]


class DoorOutcome(NamedTuple):
    """What is to be done, and when the door must be looked at again (None: when it tells something)."""

    outcomes: Sequence[Outcome]
    look_at: int | None


def of_door(door: DoorState, open_after: int, now: int) -> DoorOutcome:
    """What a unit's door comes to now; ``open_after``: how long (ms) it may stand open."""
    outcomes = [*_shut(door, now), *_past(door, open_after, now)]
    sign = door_open(door.unit, door.events, now, open_after)
    if sign is not None:
        wait_until = _not_sure_until(sign, door, now)
        if wait_until is not None:
            return DoorOutcome(outcomes, wait_until)
        if now - sign.since_at < FORGOTTEN_AFTER:
            evidence = {**sign.evidence, **door.place}
            outcomes.append(Hold(Truth(DOOR, door.unit, sign.since_at, sign.level, evidence)))
    return DoorOutcome(outcomes, _next_look(door.events, open_after, now, is_open=sign is not None))


def stood_open(events: Sequence[ToldEvent], open_after: int, now: int) -> list[tuple[int, int]]:
    """From when to when a door stood open for longer than it may, of those times that are over."""
    return [
        (start, end)
        for start, end in openings(events)
        if end is not None and end <= now and end - start >= open_after
    ]


def _shut(door: DoorState, now: int) -> Iterator[Outcome]:
    started_at = None if door.alarm is None else door.alarm.grounds.started_at
    shut_at = None if started_at is None else door_shut(door.events, started_at, now)
    if shut_at is not None:
        yield recovered(DOOR, door.unit, shut_at, says_when=True)


def _past(door: DoorState, open_after: int, now: int) -> Iterator[Outcome]:
    for start, end in stood_open(door.events, open_after, now):
        if start not in door.on_record:
            text = "its door stood open for longer than it may"
            evidence = {"text": text, "started_at": format_instant(start), **door.place}
            truth = Truth(DOOR, door.unit, start + open_after, LEVEL_OF[DOOR], evidence)
            yield Past(truth, end)


def _not_sure_until(sign: Sign, door: DoorState, now: int) -> int | None:
    """Until when it is waited for that the door was shut; None: it is told. What was told before doesn't wait."""
    if door.alarm is not None:
        return None
    if sign.since_at <= door.told_at and now < door.told_at + PATIENCE:
        return door.told_at + PATIENCE
    if door.heard_at is not None and door.heard_at < sign.since_at:
        return now + PATIENCE
    return None


def _next_look(events: Sequence[ToldEvent], open_after: int, now: int, *, is_open: bool) -> int | None:
    coming = [event.at for event in events if event.at > now]
    if not is_open:
        coming += [start + open_after for start, end in openings(events) if end is None]
    return min((at for at in coming if at > now), default=None)
