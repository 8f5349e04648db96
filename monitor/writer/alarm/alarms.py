"""The open alarms, as facts: what causes come to is carried out here, and what changed in a turn is kept until it ends.

Nobody is told from here: :mod:`monitor.writer.telling.settling` owes the messages that follow, as the turn ends.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from monitor.core.alarm.alarm import (
    Alarm,
    cleared,
    decide,
    of_the_past,
    raised,
    replaced,
    told_as_part_of,
    told_by_itself,
    worsened,
)
from monitor.core.alarm.cause.outcome import Adopt, Amend, End, Hold, Outcome, Past
from monitor.core.alarm.condition import AlarmCondition, Truth
from monitor.core.alarm.machine import State
from monitor.ports import Fact, Store, Tx
from monitor.writer.turn import Turn, Waiting

Key = tuple[AlarmCondition, str]

_EARLIER_MAX = 50
_WAITING = (State.RETURNED_UNACKNOWLEDGED, State.LATCHED_UNACKNOWLEDGED, State.LATCHED_ACKNOWLEDGED)
"""Over, and still waiting for a person."""


class Changed(NamedTuple):
    """An alarm that changed in a turn, or is to be looked at; ``was_open``: how it was before it ended in the same
    turn, if that is news too."""

    alarm: Alarm
    was_open: Alarm | None


class Alarms:
    """The open alarms. Used by the one writer, within its turns."""

    def __init__(self, store: Store, on_change: Callable[[Alarm], None] = lambda alarm: None) -> None:
        self._store = store
        self._on_change = on_change
        self._open: dict[Key, Alarm] = {}
        self._changed: dict[str, Changed] = {}

    @property
    def to_do(self) -> Sequence[Waiting]:
        """Nothing: all of it is on record."""
        return ()

    def recall(self, turn: Turn) -> None:
        """Finds the alarms that are open."""
        facts = self._store.facts.current(turn.tx, "alarm", open_only=True)
        alarms = [Alarm.from_json(fact.body) for fact in facts]
        self._open = {(alarm.condition, alarm.subject): alarm for alarm in alarms}
        self._changed = {}

    # --- what is open ---

    def get(self, condition: AlarmCondition, subject: str) -> Alarm | None:
        """The open alarm of a condition and subject."""
        return self._open.get((condition, subject))

    def open_subjects(self, condition: AlarmCondition) -> list[str]:
        """What a condition has an open alarm about."""
        return [subject for open_condition, subject in self._open if open_condition == condition]

    def open(self) -> list[Alarm]:
        """Every open alarm."""
        return list(self._open.values())

    def children(self, parent: Alarm) -> list[Alarm]:
        """The open alarms that are told as part of another."""
        return [alarm for alarm in self._open.values() if alarm.parent == parent.id]

    def known(self, tx: Tx, alarm_id: str) -> Alarm:
        """An alarm, open or not. Raises LookupError for an unknown one."""
        fact = self._store.facts.one(tx, "alarm", alarm_id)
        if fact is None:
            raise LookupError(f"there is no alarm {alarm_id!r}")
        return Alarm.from_json(fact.body)

    # --- what is true ---

    def carry_out(self, tx: Tx, outcomes: Iterable[Outcome], now: int) -> None:
        """Does what a cause comes to, one after the other: each may be asked for as the one before it is done."""
        for outcome in outcomes:
            match outcome:
                case Hold():
                    self.hold(tx, outcome.truth, now)
                case Past():
                    self.past(tx, outcome.truth, ended_at=outcome.ended_at, now=now)
                case End(condition, subject, at, evidence):
                    self.end(tx, condition, subject, at=at, now=now, evidence=evidence)
                case Amend():
                    self.record(tx, outcome.alarm, now, outcome.why)
                case Adopt():
                    self._adopt(tx, outcome, now)

    def _adopt(self, tx: Tx, adoption: Adopt, now: int) -> None:
        alarm = adoption.alarm
        if adoption.parent is None:
            why, tell_from = adoption.why or "", now if adoption.tell_from is None else adoption.tell_from
            self.record(tx, told_by_itself(alarm, at=tell_from, why=why), now, why)
        elif (parent := self._open.get(adoption.parent)) is not None:
            why = adoption.why or f"told as part of {parent.id}"
            self.record(tx, told_as_part_of(alarm, parent.id), now, why)

    def hold(self, tx: Tx, truth: Truth, now: int) -> None:
        """A condition holds: raises its alarm, or raises the level of the open one."""
        alarm = self._open.get((truth.condition, truth.subject))
        decision = decide(alarm, truth)
        if decision == "raise":
            self._raise(tx, truth, now)
        elif decision == "worsen" and alarm is not None:
            self.record(tx, worsened(alarm, truth, now=now), now, f"now {truth.level}")

    def _raise(self, tx: Tx, truth: Truth, now: int) -> None:
        """A new alarm; one of before that is over and waits for a person gives way to it."""
        for fact in self._store.facts.current(tx, "alarm", subjects=[truth.subject], limit=_EARLIER_MAX):
            if fact.body["condition"] == truth.condition and fact.body["state"] in _WAITING:
                self.record(tx, replaced(Alarm.from_json(fact.body)), now, "came back: a new alarm")
        self.record(tx, raised(self._new_id(), truth, now=now), now, "raised")

    def end(
        self,
        tx: Tx,
        condition: AlarmCondition,
        subject: str,
        *,
        at: int,
        now: int,
        evidence: Mapping[str, Any],
    ) -> None:
        """A condition is known to be over since ``at``."""
        alarm = self._open.get((condition, subject))
        if decide(alarm, None) == "clear" and alarm is not None:
            self.record(tx, cleared(alarm, at=at, evidence=evidence), now, "cleared")

    def past(self, tx: Tx, truth: Truth, *, ended_at: int, now: int) -> None:
        """A condition that had ended before anything said that it began: recorded, told in the next digest."""
        self.record(tx, of_the_past(self._new_id(), truth, ended_at=ended_at, now=now), now, "past")

    def _new_id(self) -> str:
        return f"a{self._store.facts.next_position()}"

    def record(self, tx: Tx, alarm: Alarm, now: int, reason: str) -> None:
        """Puts an alarm on record as it is now; who is to be told of it follows as the transaction ends."""
        old = self._store.facts.one(tx, "alarm", alarm.id)
        fact = Fact(
            kind="alarm",
            id=alarm.id,
            version=1 if old is None else old.version + 1,
            recorded_at=now,
            subject=alarm.subject,
            from_at=alarm.raised_at,
            to_at=alarm.cleared_at,
            body=alarm.to_json(),
        )
        self._store.facts.record(tx, fact, reason)
        key = (alarm.condition, alarm.subject)
        if alarm.is_open:
            self._open[key] = alarm
        elif (known := self._open.get(key)) is not None and known.id == alarm.id:
            del self._open[key]
        self._note(alarm)
        self._on_change(alarm)

    # --- what changed in this turn ---

    def _note(self, alarm: Alarm) -> None:
        before = self._changed.get(alarm.id)
        was_open = None if before is None else before.was_open
        if before is not None and before.alarm.is_open and not alarm.is_open:
            was_open = before.alarm
        self._changed[alarm.id] = Changed(alarm, was_open)

    def look_again(self, alarm: Alarm) -> None:
        """Has it looked at as this turn ends who is told of an alarm, though it hasn't changed."""
        self._changed.setdefault(alarm.id, Changed(alarm, None))

    def changed(self) -> list[Changed]:
        """The alarms that changed in this turn: people are told of them as it ends."""
        return list(self._changed.values())

    def take_changed(self) -> list[Changed]:
        """The same, in the order in which they became known; none of them is left."""
        changed, self._changed = self._changed, {}
        return sorted(changed.values(), key=_as_known)


def _as_known(changed: Changed) -> tuple[int, int, str]:
    alarm = changed.alarm
    return (alarm.known_at, len(alarm.id), alarm.id)
