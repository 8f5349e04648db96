"""One alarm: a condition that needs a person, from its raising to its end.

What is true (a :class:`Truth` per condition and subject) is worked out from facts; :func:`decide` compares it with
the open alarm, and the functions below carry out what follows. Each gives the alarm as it then is; the states and what
leads from one to another are the table in :mod:`monitor.core.alarm.machine`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, NamedTuple

from monitor.core.alarm.condition import NATURE, AlarmCondition, Level, Truth, is_worse
from monitor.core.alarm.grounds import Grounds
from monitor.core.alarm.machine import ACTIVE, Event, State, after
from monitor.core.answer.alarm import AcknowledgementAnswer, AlarmBody, TellingAnswer
from monitor.core.time.instant import format_instant, parse_instant


class Acknowledgement(NamedTuple):
    """Who has taken an alarm, when, and what they said of it; ``how``: web, api, cli or link."""

    at: int
    by: str
    reason: str = ""
    action: str = ""
    how: str = "api"

    def to_json(self) -> AcknowledgementAnswer:
        """With the instant as RFC 3339."""
        at, by, reason, action, how = self
        return {"at": format_instant(at), "by": by, "reason": reason, "action": action, "how": how}


class Run(NamedTuple):
    """One climbing of the ladder: the telling that began at ``from_at``, and ``why``. They are counted from 1."""

    number: int
    from_at: int
    why: str

    def to_json(self) -> TellingAnswer:
        """With the instant as RFC 3339."""
        return {"number": self.number, "from_at": format_instant(self.from_at), "why": self.why}


class RefusedError(ValueError):
    """What somebody asked of an alarm can't be; the text says why."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """One alarm. ``past``: its condition had ended before anything said that it began, so it wakes no one.

    ``act_by``: by when somebody must have acted, as far as could be told when it was raised or got worse.
    ``known_at``: when it was put on record. ``run``: the telling under way. ``parent``: the id of the alarm about its
    cause, which is told in its stead.
    """

    id: str
    condition: AlarmCondition
    subject: str
    level: Level
    raised_at: int
    known_at: int
    run: Run
    state: State = State.UNACKNOWLEDGED
    cleared_at: int | None = None
    past: bool = False
    evidence: Mapping[str, Any] = field(default_factory=dict)
    act_by: int | None = None
    acknowledgement: Acknowledgement | None = None
    parent: str | None = None

    @property
    def grounds(self) -> Grounds:
        """What the program decides by of its evidence."""
        return Grounds.of(self.evidence)

    @property
    def is_open(self) -> bool:
        """Whether the condition still holds, as far as is known."""
        return self.state in ACTIVE

    @property
    def is_acknowledged(self) -> bool:
        """Whether a person has taken it, and it has not been told anew since."""
        return self.state in (State.ACKNOWLEDGED, State.LATCHED_ACKNOWLEDGED)

    def to_json(self) -> AlarmBody:
        """The alarm as docs/json.md has it."""
        taken = self.acknowledgement
        return {
            "id": self.id,
            "condition": self.condition.value,
            "subject": self.subject,
            "level": self.level,
            "state": self.state.value,
            "raised_at": format_instant(self.raised_at),
            "known_at": format_instant(self.known_at),
            "cleared_at": _text_or_none(self.cleared_at),
            "acknowledged_at": None if taken is None else format_instant(taken.at),
            "acknowledged_by": None if taken is None else taken.by,
            "acknowledgement": None if taken is None else taken.to_json(),
            "shelved_until": None,
            "act_by": _text_or_none(self.act_by),
            "past": self.past,
            "parent": self.parent,
            "telling": self.run.to_json(),
            "evidence": dict(self.evidence),
        }

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Alarm:
        """The alarm that :meth:`to_json` gave, also that of an earlier version of the program."""
        raised_at, cleared_at = parse_instant(body["raised_at"]), _instant_or_none(body["cleared_at"])
        taken, telling = body.get("acknowledgement"), body.get("telling")
        return cls(
            id=body["id"],
            condition=AlarmCondition(body["condition"]),
            subject=body["subject"],
            level=body["level"],
            state=State(body["state"]),
            raised_at=raised_at,
            known_at=_instant_or_none(body.get("known_at")) or raised_at,
            cleared_at=cleared_at,
            past=body["past"],
            evidence=body["evidence"],
            act_by=_instant_or_none(body["act_by"]),
            acknowledgement=None
            if taken is None
            else Acknowledgement(**{**taken, "at": parse_instant(taken["at"])}),
            parent=body.get("parent"),
            run=Run(1, raised_at, "raised")
            if telling is None
            else Run(**{**telling, "from_at": parse_instant(telling["from_at"])}),
        )


def _text_or_none(at: int | None) -> str | None:
    return None if at is None else format_instant(at)


def _instant_or_none(text: str | None) -> int | None:
    return None if text is None else parse_instant(text)


Decision = Literal["raise", "worsen", "clear", "nothing"]


def decide(alarm: Alarm | None, truth: Truth | None) -> Decision:
    """What the truth changes about the open alarm of the same condition and subject.

    Silence is not an absent truth: a caller that has heard nothing passes the truth that it last knew.
    """
    if truth is None:
        return "nothing" if alarm is None else "clear"
    if alarm is None:
        return "raise"
    return "worsen" if is_worse(truth.level, alarm.level) else "nothing"


def raised(alarm_id: str, truth: Truth, *, now: int) -> Alarm:
    """The alarm of a condition that came to hold."""
    return Alarm(
        id=alarm_id,
        condition=truth.condition,
        subject=truth.subject,
        level=truth.level,
        raised_at=truth.since_at,
        known_at=now,
        run=Run(1, now + truth.tell_after, "raised"),
        state=after(State.NORMAL, Event.RAISED).to,
        evidence=dict(truth.evidence),
        act_by=truth.act_by,
    )


def of_the_past(alarm_id: str, truth: Truth, *, ended_at: int, now: int) -> Alarm:
    """The alarm of a condition that had ended before anything said that it began."""
    alarm = raised(alarm_id, truth, now=now)
    return replace(alarm, state=State.NORMAL, cleared_at=max(ended_at, truth.since_at), past=True)


def worsened(alarm: Alarm, truth: Truth, *, now: int) -> Alarm:
    """The alarm at a higher level: told anew, also if somebody has acknowledged the lower one, and by itself, whatever
    its cause is."""
    # Where the truth says what is coming, an earlier time to act by is out of date, also if none is left.
    says = truth.grounds.is_foretold
    worse = replace(
        alarm,
        level=truth.level,
        evidence={**alarm.evidence, **truth.evidence},
        act_by=truth.act_by if says else truth.act_by or alarm.act_by,
        state=after(alarm.state, Event.WORSENED).to,
        acknowledgement=None,
        parent=None,
    )
    return told_anew(worse, at=now, why=f"now {truth.level}")


def told_anew(alarm: Alarm, *, at: int, why: str) -> Alarm:
    """The alarm with the ladder begun again: what was said before is not enough any more."""
    return replace(alarm, run=Run(alarm.run.number + 1, at, why))


def told_as_part_of(alarm: Alarm, parent: str) -> Alarm:
    """The alarm that is told as part of another from now on, whose id is given."""
    return replace(alarm, parent=parent)


def told_by_itself(alarm: Alarm, *, at: int, why: str) -> Alarm:
    """The alarm that was told as part of another, and is told by itself from ``at`` on, unless a person has it."""
    alone = replace(alarm, parent=None)
    return alone if alarm.is_acknowledged else told_anew(alone, at=at, why=why)


def cleared(alarm: Alarm, *, at: int, evidence: Mapping[str, Any]) -> Alarm:
    """The alarm of a condition that is known to be over since ``at``."""
    event = Event.LATCHED if NATURE[alarm.condition].latched else Event.CLEARED
    return replace(
        alarm,
        state=after(alarm.state, event).to,
        cleared_at=max(at, alarm.raised_at),
        evidence={**alarm.evidence, **evidence},
    )


def acknowledged(alarm: Alarm, taken: Acknowledgement) -> Alarm:
    """The alarm that a person has taken. Raises RefusedError where there is nothing to take."""
    move = _asked(alarm, Event.ACKNOWLEDGED)
    first = alarm.acknowledgement if alarm.is_acknowledged else None
    return replace(alarm, state=move, acknowledgement=first or taken)


def reset(alarm: Alarm) -> Alarm:
    """The latched alarm that a person holds to be dealt with. Raises RefusedError for one that isn't latched, holds
    still, or that nobody has acknowledged."""
    return replace(alarm, state=_asked(alarm, Event.RESET))


def rearmed(alarm: Alarm, *, at: int, why: str) -> Alarm:
    """The alarm that was acknowledged long ago and isn't over, told anew from ``at`` on."""
    again = replace(alarm, state=after(alarm.state, Event.REARMED).to, acknowledgement=None)
    return told_anew(again, at=at, why=why)


def replaced(alarm: Alarm) -> Alarm:
    """An alarm that was over and waited for a person, when its condition comes to hold again: a new one takes its
    place."""
    return replace(alarm, state=State.NORMAL)


def _asked(alarm: Alarm, event: Event) -> State:
    move = after(alarm.state, event)
    if move.refused:
        raise RefusedError(f"alarm {alarm.id} ({alarm.condition} of {alarm.subject}): {move.why}")
    return move.to
