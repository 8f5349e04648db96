"""What people do about alarms: take one, shelve it, hold back what is planned, reset what latched.

Each is on record with the person's name and the reason, as a version of the alarm or of what holds it back.
"""

from __future__ import annotations

from typing import Literal

from monitor.core.alarm.alarm import Acknowledgement
from monitor.core.alarm.suppression import Suppression, shelf_for, why_not_shelved
from monitor.core.answer.alarm import AlarmBody, SuppressionAnswer
from monitor.core.time.instant import format_instant
from monitor.writer.alarm.alarms import Alarms
from monitor.writer.condition.conditions import Conditions
from monitor.writer.surroundings import Surroundings
from monitor.writer.turn import Turns

_TEXT_MAX = 500


class Operators:
    """Each call is one transaction of the writer's; it raises LookupError for what isn't there and ValueError, in
    words for the person, for what can't be."""

    def __init__(
        self,
        turns: Turns,
        around: Surroundings,
        alarms: Alarms,
        conditions: Conditions,
    ) -> None:
        self._turns = turns
        self._around = around
        self._alarms = alarms
        self._conditions = conditions

    def acknowledge(self, alarm: str, *, by: str, reason: str, action: str, how: str) -> AlarmBody:
        """See :meth:`monitor.ports.Commands.acknowledge`."""
        name = _text("by", by, "an acknowledgement needs the name of whoever takes the alarm")
        taken = Acknowledgement(
            self._around.clock.now(), name, _text("reason", reason), _text("action", action), how
        )
        with self._turns.turn() as turn:
            tx = turn.tx
            return self._alarms.acknowledge(tx, alarm, taken).to_json()

    def reset(self, alarm: str, *, by: str, reason: str) -> AlarmBody:
        """See :meth:`monitor.ports.Commands.reset`."""
        name = _text("by", by, "a reset needs the name of whoever holds the alarm to be dealt with")
        with self._turns.turn() as turn:
            tx = turn.tx
            now = self._around.clock.now()
            return self._alarms.reset(tx, alarm, by=name, reason=_text("reason", reason), now=now).to_json()

    def shelve(self, alarm: str, *, by: str, reason: str, until: int) -> SuppressionAnswer:
        """See :meth:`monitor.ports.Commands.shelve`."""
        owner, why, now = _text("by", by), _text("reason", reason), self._around.clock.now()
        with self._turns.turn() as turn:
            tx = turn.tx
            known = self._alarms.known(tx, alarm)
            why_not = why_not_shelved(
                known,
                owner=owner,
                reason=why,
                now=now,
                until_at=until,
                act_by=self._conditions.act_by(tx, known, now) if known.is_open else None,
                most_for=self._around.shelve_max,
            )
            if why_not is not None:
                raise ValueError(why_not)
            if (earlier := self._alarms.suppressions.shelf_of(known, now)) is not None:
                self._alarms.suppressions.end(tx, earlier, at=now, by=owner, why="shelved anew")
            wanted = shelf_for(known, owner=owner, reason=why, now=now, until_at=until)
            shelf = self._alarms.suppressions.add(tx, wanted, now)
            self._alarms.let_go(tx, known, now)
            return shelf.to_json()

    def unshelve(self, alarm: str, *, by: str, reason: str) -> SuppressionAnswer:
        """See :meth:`monitor.ports.Commands.unshelve`."""
        name, now = _text("by", by, "unshelving needs a name"), self._around.clock.now()
        with self._turns.turn() as turn:
            tx = turn.tx
            found = self._alarms.known(tx, alarm)
            shelf = self._alarms.suppressions.shelf_of(found, now)
            if shelf is None:
                raise ValueError(f"alarm {alarm} ({found.condition} of {found.subject}) isn't shelved")
            why = _text("reason", reason) or "unshelved"
            return self._alarms.unshelve(tx, shelf, by=name, why=why, now=now).to_json()

    def suppress(
        self,
        subject: str,
        *,
        kind: Literal["suppressed", "out_of_service"],
        by: str,
        reason: str,
        start: int | None,
        until: int,
    ) -> SuppressionAnswer:
        """See :meth:`monitor.ports.Commands.suppress`."""
        installation, now = self._around.installation, self._around.clock.now()
        if subject not in installation.units and subject not in installation.probes():
            raise LookupError(f"there is no unit and no probe {subject!r}")
        what = kind.replace("_", " ")
        owner = _text("by", by, f"{what} needs an owner: whoever answers for it")
        why = _text("reason", reason, f"{what} needs a reason: whoever comes next must know why it is quiet")
        from_at = now if start is None else start
        if until <= max(now, from_at):
            end, begin = format_instant(until), format_instant(max(now, from_at))
            raise ValueError(f"it would end at {end}, before {begin}: name a later end")
        wanted = Suppression(
            id="", kind=kind, subject=subject, owner=owner, reason=why, from_at=from_at, until_at=until
        )
        with self._turns.turn() as turn:
            tx = turn.tx
            return self._alarms.suppressions.add(tx, wanted, now).to_json()

    def end_suppression(self, suppression: str, *, by: str, reason: str) -> SuppressionAnswer:
        """See :meth:`monitor.ports.Commands.end_suppression`."""
        name, now = _text("by", by, "ending it needs a name"), self._around.clock.now()
        with self._turns.turn() as turn:
            tx = turn.tx
            found = self._alarms.suppressions.get(suppression)
            why = _text("reason", reason) or "ended"
            return self._alarms.unshelve(tx, found, by=name, why=why, now=now).to_json()


def _text(what: str, text: str, needed: str | None = None) -> str:
    """The text as it is kept: one line, bounded. Raises ValueError where it is needed and isn't there."""
    found = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    if needed is not None and not found:
        raise ValueError(needed)
    if len(found) > _TEXT_MAX:
        raise ValueError(f"{what!r} has {len(found)} characters, of which {_TEXT_MAX} are kept: shorten it")
    return found
