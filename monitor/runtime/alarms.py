"""Alarms as facts, and the messages owed about them: recorded together, sent later by whoever delivers.

Nothing is sent from here. Rows that say what is owed commit with the alarm itself, so a crash at any point after
that loses no message.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from monitor.core.alarm import Alarm, AlarmCondition, Truth, decide
from monitor.core.instant import parse_instant
from monitor.core.told import Recipient, plan
from monitor.ports import Fact, Store, Tx, Wording
from monitor.runtime.owing import owed_row

Key = tuple[AlarmCondition, str]


def alarm_from_json(body: Mapping[str, Any]) -> Alarm:
    """The alarm that a fact's body describes."""
    return Alarm(
        id=body["id"],
        condition=AlarmCondition(body["condition"]),
        subject=body["subject"],
        level=body["level"],
        raised_at=parse_instant(body["raised_at"]),
        cleared_at=None if body["cleared_at"] is None else parse_instant(body["cleared_at"]),
        past=body["past"],
        evidence=body["evidence"],
        act_by=None if body["act_by"] is None else parse_instant(body["act_by"]),
    )


class Alarms:
    """The open alarms, and what their coming and going owes to whom. Used by the one writer."""

    def __init__(
        self,
        store: Store,
        recipients: Sequence[Recipient],
        wording: Wording,
        on_change: Callable[[Alarm], None] = lambda alarm: None,
    ) -> None:
        self._store = store
        self._recipients = recipients
        self._wording = wording
        self._on_change = on_change
        self._open: dict[Key, Alarm] = {}

    def resume(self, tx: Tx) -> None:
        """Finds the alarms that are open."""
        facts = self._store.current_facts(tx, "alarm", open_only=True)
        found = [alarm_from_json(fact.body) for fact in facts]
        self._open = {(alarm.condition, alarm.subject): alarm for alarm in found}

    def get(self, condition: AlarmCondition, subject: str) -> Alarm | None:
        """The open alarm of a condition and subject."""
        return self._open.get((condition, subject))

    def open_subjects(self, condition: AlarmCondition) -> list[str]:
        """What a condition has an open alarm about."""
        return [subject for open_condition, subject in self._open if open_condition == condition]

    def hold(self, tx: Tx, truth: Truth, now: int) -> None:
        """A condition holds: raises its alarm, or raises the level of the open one."""
        alarm = self._open.get((truth.condition, truth.subject))
        decision = decide(alarm, truth)
        if decision == "raise":
            self._record(tx, self._new(truth), now, "raised")
        elif decision == "worsen" and alarm is not None:
            evidence = {**alarm.evidence, **truth.evidence}
            # Where the truth says what is coming, an earlier time to act by is out of date, also if none is left.
            says = "act_by_reason" in truth.evidence
            act_by = truth.act_by if says else truth.act_by or alarm.act_by
            worse = replace(alarm, level=truth.level, evidence=evidence, act_by=act_by)
            self._record(tx, worse, now, f"now {truth.level}")

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
            cleared = replace(
                alarm, cleared_at=max(at, alarm.raised_at), evidence={**alarm.evidence, **evidence}
            )
            self._record(tx, cleared, now, "cleared")

    def past(self, tx: Tx, truth: Truth, *, ended_at: int, now: int) -> None:
        """A condition that had ended before anything said that it began: recorded, told in the next digest."""
        alarm = replace(self._new(truth), cleared_at=max(ended_at, truth.since_at), past=True)
        self._record(tx, alarm, now, "past")

    def _new(self, truth: Truth) -> Alarm:
        return Alarm(
            id=f"a{self._store.next_fact_position()}",
            condition=truth.condition,
            subject=truth.subject,
            level=truth.level,
            raised_at=truth.since_at,
            evidence=dict(truth.evidence),
            act_by=truth.act_by,
        )

    def _record(self, tx: Tx, alarm: Alarm, now: int, reason: str) -> None:
        old = self._store.fact(tx, "alarm", alarm.id)
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
        self._store.record_fact(tx, fact, reason)
        if alarm.is_open:
            self._open[(alarm.condition, alarm.subject)] = alarm
        elif (known := self._open.get((alarm.condition, alarm.subject))) is not None and known.id == alarm.id:
            del self._open[(alarm.condition, alarm.subject)]
        self._owe(tx, alarm, now)
        self._on_change(alarm)

    def _owe(self, tx: Tx, alarm: Alarm, now: int) -> None:
        owed = plan(alarm, self._store.told(tx, alarm.id), self._recipients)
        if not owed:
            return
        words = {"opened": self._wording.opened, "closed": self._wording.closed}
        text = words[owed[0].kind](alarm.to_json())
        rows = [
            owed_row(
                message.id, message.recipient, text, about=alarm.id, now=now, waits_for=message.waits_for
            )
            for message in owed
        ]
        self._store.owe(tx, rows)
