"""What a cause comes to: values that say what is to be done about alarms, carried out elsewhere and in their order."""

from __future__ import annotations

from typing import Any, NamedTuple

from monitor.core.alarm.alarm import Alarm
from monitor.core.alarm.condition import AlarmCondition, Truth
from monitor.core.time.instant import format_instant


class Hold(NamedTuple):
    """A condition holds: its alarm is raised, or gets worse, or stays as it is."""

    truth: Truth


class Past(NamedTuple):
    """A condition held and is over, and nobody was told: it is on record, and wakes no one."""

    truth: Truth
    ended_at: int


class End(NamedTuple):
    """A condition is known to be over since ``at``; nothing happens where no alarm says that it holds."""

    condition: AlarmCondition
    subject: str
    at: int
    evidence: dict[str, Any]


class Amend(NamedTuple):
    """An alarm as it is to be on record from now on, and why; whom it wakes follows from what it says then."""

    alarm: Alarm
    why: str


class Adopt(NamedTuple):
    """An alarm is told as part of the one that is open about ``parent`` from now on; or (None) by itself again, from
    ``tell_from`` on (None: from now on). ``why`` None: as part of that one."""

    alarm: Alarm
    parent: tuple[AlarmCondition, str] | None
    why: str | None = None
    tell_from: int | None = None


Outcome = Hold | Past | End | Amend | Adopt


def recovered(condition: AlarmCondition, subject: str, at: int, *, says_when: bool = False) -> End:
    """It is over because what it was about is well again; ``says_when``: since when, also in its evidence."""
    evidence: dict[str, Any] = {"clear_reason": "recovered"}
    if says_when:
        evidence["ended_at"] = format_instant(at)
    return End(condition, subject, at, evidence)


def unwatched(condition: AlarmCondition, subject: str, now: int) -> End:
    """It is over because nobody looks after what it was about any more: nothing else could ever end it."""
    return End(condition, subject, now, {"clear_reason": "no_longer_watched"})
