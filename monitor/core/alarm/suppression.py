"""Shelved, suppressed by design, out of service: what postpones the telling of alarms, and never what is true.

Readings, excursions, budgets and the alarms themselves go on under all of them. ISA-18.2 calls these states G, H and I;
here they stand beside an alarm's state, so that nothing is forgotten when they end. Each has an owner, a reason and an
end.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from monitor.core.alarm.alarm import Alarm
from monitor.core.alarm.condition import AlarmCondition, Level, is_worse
from monitor.core.answer.alarm import SuppressionAnswer, SuppressionKind
from monitor.core.time.instant import format_instant, parse_instant


@dataclass(frozen=True, slots=True)
class Suppression:
    """``shelved``: one condition of one subject, for a person who works on it. ``suppressed``: a unit or a channel in
    which it is planned (maintenance, an empty unit). ``out_of_service``: one that isn't relied on.

    It holds from ``from_at`` until ``until_at``, or until it was ended before. ``alarm`` is the id of
    the alarm that was shelved, and ``level`` its level then: a worse one breaks through.
    """

    id: str
    kind: SuppressionKind
    subject: str
    owner: str
    reason: str
    from_at: int
    until_at: int
    condition: AlarmCondition | None = None
    level: Level | None = None
    alarm: str | None = None
    ended_at: int | None = None
    ended_by: str | None = None
    ended_why: str | None = None

    def holds(self, at: int) -> bool:
        """Whether it postpones anything at an instant."""
        end_at = self.until_at if self.ended_at is None else self.ended_at
        return self.from_at <= at < end_at

    def covers(self, alarm: Alarm) -> bool:
        """Whether it is about an alarm: its condition, and its subject or the unit that this is in."""
        if self.condition is not None:
            return (self.condition, self.subject) == (alarm.condition, alarm.subject)
        return alarm.subject == self.subject or alarm.subject.startswith(f"{self.subject}/")

    def to_json(self) -> SuppressionAnswer:
        """As pages and the API show it; instants are RFC 3339."""
        return {
            "id": self.id,
            "kind": self.kind,
            "subject": self.subject,
            "condition": None if self.condition is None else self.condition.value,
            "owner": self.owner,
            "reason": self.reason,
            "from": format_instant(self.from_at),
            "until": format_instant(self.until_at),
            "level": self.level,
            "alarm": self.alarm,
            "ended_at": None if self.ended_at is None else format_instant(self.ended_at),
            "ended_by": self.ended_by,
            "ended_why": self.ended_why,
        }

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Suppression:
        """What :meth:`to_json` gave."""
        ended_at = body["ended_at"]
        condition = body["condition"]
        return cls(
            id=body["id"],
            kind=body["kind"],
            subject=body["subject"],
            owner=body["owner"],
            reason=body["reason"],
            from_at=parse_instant(body["from"]),
            until_at=parse_instant(body["until"]),
            condition=None if condition is None else AlarmCondition(condition),
            level=body["level"],
            alarm=body["alarm"],
            ended_at=None if ended_at is None else parse_instant(ended_at),
            ended_by=body["ended_by"],
            ended_why=body["ended_why"],
        )


def hushing(alarm: Alarm, suppressions: Iterable[Suppression], at: int) -> Suppression | None:
    """What postpones the telling of an alarm at an instant; of several the one that lasts longest."""
    found = [one for one in suppressions if one.holds(at) and one.covers(alarm)]
    return max(found, key=lambda one: one.until_at, default=None)


def breaks_through(
    shelf: Suppression, alarm: Alarm, *, act_by: int | None, lots_worse: Iterable[str] = ()
) -> str | None:
    """Why a shelved alarm must be told all the same: it got worse, or waits no longer; None while the shelf stands.

    ``act_by``: by when somebody must have acted, as forecast now. ``lots_worse``: alarms about lots in the unit, in
    words, that were raised since it was shelved.
    """
    if shelf.kind != "shelved":
        return None
    if shelf.level is not None and is_worse(alarm.level, shelf.level):
        return f"it is {alarm.level} now, and was shelved as {shelf.level}"
    for text in lots_worse:
        return f"a lot in it got worse: {text}"
    if act_by is not None and act_by < shelf.until_at:
        return f"somebody must have acted by {format_instant(act_by)}, before the shelf ends"
    return None


def why_not_shelved(
    alarm: Alarm, *, now: int, until_at: int, act_by: int | None, most_for: int
) -> str | None:
    """What is wrong with a wish to shelve an alarm, in words with the remedy; None: nothing. ``act_by``: by when
    somebody must have acted, as forecast now."""
    if not alarm.is_open:
        return f"alarm {alarm.id} ({alarm.condition} of {alarm.subject}) is over already"
    if alarm.condition is AlarmCondition.ALARM_FLOOD:
        return "a flood can't be shelved: shelve the alarms that it lists, or take their units out of service"
    if until_at <= now:
        return f"its end {format_instant(until_at)} has passed: name a later one"
    if until_at - now > most_for:
        return f"it can be shelved until {format_instant(now + most_for)} at most: shelve it again then"
    if act_by is not None and act_by < until_at:
        return f"somebody must have acted by {format_instant(act_by)}: shelve it until then at most"
    return None


def shelf_for(alarm: Alarm, *, owner: str, reason: str, now: int, until_at: int) -> Suppression:
    """The shelf that an alarm is put on, without an id: a worse level than it has now will break through."""
    return Suppression(
        id="",
        kind="shelved",
        subject=alarm.subject,
        owner=owner,
        reason=reason,
        from_at=now,
        until_at=until_at,
        condition=alarm.condition,
        level=alarm.level,
        alarm=alarm.id,
    )
