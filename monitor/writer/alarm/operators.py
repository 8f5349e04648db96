"""What people do about alarms: take one, shelve it, hold back what is planned, reset what latched.

Each is on record with the person's name and the reason, as a version of the alarm or of what holds it back.
"""

from __future__ import annotations

from monitor.core.alarm.alarm import Acknowledgement, Alarm, acknowledged, reset
from monitor.core.alarm.condition import NATURE, AlarmCondition
from monitor.core.alarm.suppression import Suppression, shelf_for, why_not_shelved
from monitor.core.answer.alarm import AlarmBody, SuppressionAnswer
from monitor.core.time.instant import format_instant
from monitor.ports import Tx
from monitor.ports.commands import (
    Acknowledge,
    EndSuppression,
    OfAlarms,
    Reset,
    Shelve,
    Suppress,
    Unshelve,
    tidied,
)
from monitor.writer.alarm.alarms import Alarms
from monitor.writer.alarm.hush import Hush
from monitor.writer.alarm.suppressions import Suppressions
from monitor.writer.condition.conditions import Conditions
from monitor.writer.installed import Installed
from monitor.writer.turn import Turns


class Operators:
    """Each call is one transaction of the writer's; it raises LookupError for what isn't there and ValueError, in
    words for the person, for what can't be."""

    def __init__(
        self,
        turns: Turns,
        around: Installed,
        alarms: Alarms,
        suppressions: Suppressions,
        hush: Hush,
        conditions: Conditions,
    ) -> None:
        self._turns = turns
        self._around = around
        self._alarms = alarms
        self._suppressions = suppressions
        self._hush = hush
        self._conditions = conditions

    def carry_out(self, command: OfAlarms) -> AlarmBody | SuppressionAnswer:
        """See :meth:`monitor.ports.Commands.carry_out`."""
        match tidied(command):
            case Acknowledge() as wanted:
                return self._acknowledge(wanted)
            case Reset() as wanted:
                return self._reset(wanted)
            case Shelve() as wanted:
                return self._shelve(wanted)
            case Unshelve() as wanted:
                return self._unshelve(wanted)
            case Suppress() as wanted:
                return self._suppress(wanted)
            case EndSuppression() as wanted:
                return self._end_suppression(wanted)

    def _acknowledge(self, wanted: Acknowledge) -> AlarmBody:
        now = self._around.clock.now()
        who = Acknowledgement(now, wanted.by, wanted.reason, wanted.action, wanted.how)
        with self._turns.turn() as turn:
            return self._taken(turn.tx, self._alarms.known(turn.tx, wanted.alarm), who).to_json()

    def _taken(self, tx: Tx, alarm: Alarm, taken: Acknowledgement) -> Alarm:
        """A person takes an alarm; a drill is answered, and over, by that."""
        now_is = acknowledged(alarm, taken)
        if now_is != alarm:
            self._alarms.record(tx, now_is, taken.at, f"acknowledged by {taken.by}")
        if NATURE[alarm.condition].ends_acknowledged and alarm.is_open:
            reason = "dealt_with"
            if alarm.condition is AlarmCondition.DRILL:
                reason = "answered" if taken.by == alarm.subject else "answered_by_another"
            evidence = {"clear_reason": reason, "answered_by": taken.by}
            at = taken.at
            self._alarms.end(tx, alarm.condition, alarm.subject, at=at, now=at, evidence=evidence)
        return self._alarms.known(tx, alarm.id)

    def _reset(self, wanted: Reset) -> AlarmBody:
        why = f"reset by {wanted.by}" + (f": {wanted.reason}" if wanted.reason else "")
        with self._turns.turn() as turn:
            alarm = reset(self._alarms.known(turn.tx, wanted.alarm))
            self._alarms.record(turn.tx, alarm, self._around.clock.now(), why)
            return alarm.to_json()

    def _shelve(self, wish: Shelve) -> SuppressionAnswer:
        owner, why, until, now = wish.by, wish.reason, wish.until, self._around.clock.now()
        with self._turns.turn() as turn:
            tx = turn.tx
            known = self._alarms.known(tx, wish.alarm)
            why_not = why_not_shelved(
                known,
                now=now,
                until_at=until,
                act_by=self._conditions.act_by(tx, known, now) if known.is_open else None,
                most_for=self._around.shelve_max,
            )
            if why_not is not None:
                raise ValueError(why_not)
            if (earlier := self._suppressions.shelf_of(known, now)) is not None:
                self._suppressions.end(tx, earlier, at=now, by=owner, why="shelved anew")
            wanted = shelf_for(known, owner=owner, reason=why, now=now, until_at=until)
            shelf = self._suppressions.add(tx, wanted, now)
            self._hush.let_go(tx, known, now)
            return shelf.to_json()

    def _unshelve(self, wanted: Unshelve) -> SuppressionAnswer:
        now = self._around.clock.now()
        with self._turns.turn() as turn:
            tx = turn.tx
            alarm = self._alarms.known(tx, wanted.alarm)
            shelf = self._suppressions.shelf_of(alarm, now)
            if shelf is None:
                raise ValueError(f"alarm {alarm.id} ({alarm.condition} of {alarm.subject}) isn't shelved")
            why = wanted.reason or "unshelved"
            return self._hush.end(tx, shelf, by=wanted.by, why=why, now=now).to_json()

    def _suppress(self, wanted: Suppress) -> SuppressionAnswer:
        installation, now = self._around.installation, self._around.clock.now()
        subject, until = wanted.subject, wanted.until
        if subject not in installation.units and subject not in installation.probes():
            raise LookupError(f"there is no unit and no probe {subject!r}")
        from_at = now if wanted.start is None else wanted.start
        if until <= max(now, from_at):
            end, begin = format_instant(until), format_instant(max(now, from_at))
            raise ValueError(f"it would end at {end}, before {begin}: name a later end")
        suppression = Suppression(
            id="",
            kind=wanted.kind,
            subject=subject,
            owner=wanted.by,
            reason=wanted.reason,
            from_at=from_at,
            until_at=until,
        )
        with self._turns.turn() as turn:
            tx = turn.tx
            return self._suppressions.add(tx, suppression, now).to_json()

    def _end_suppression(self, wanted: EndSuppression) -> SuppressionAnswer:
        now = self._around.clock.now()
        with self._turns.turn() as turn:
            tx = turn.tx
            suppression = self._suppressions.get(wanted.suppression)
            why = wanted.reason or "ended"
            return self._hush.end(tx, suppression, by=wanted.by, why=why, now=now).to_json()
