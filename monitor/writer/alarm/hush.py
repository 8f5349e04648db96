"""What holds back the telling of alarms, and what follows when it ends: what is open is told, and whoever shelved it
hears that it is watched again."""

from __future__ import annotations

from collections.abc import Callable

from monitor.core.alarm.alarm import Alarm, told_anew
from monitor.core.alarm.cause.flood import of_cause_shelved
from monitor.core.alarm.machine import State
from monitor.core.alarm.suppression import Suppression, hushing
from monitor.ports import Tx
from monitor.writer.alarm.alarms import Alarms
from monitor.writer.alarm.suppressions import Suppressions
from monitor.writer.telling.telling import Telling

ActBy = Callable[[Tx, Alarm, int], int | None]
"""By when somebody must have acted about an alarm, as forecast now."""
OURSELVES = "exosome-monitor"


class Hush:
    """Used by the one writer, within its turns."""

    def __init__(self, alarms: Alarms, suppressions: Suppressions, telling: Telling, act_by: ActBy) -> None:
        self._alarms = alarms
        self._suppressions = suppressions
        self._telling = telling
        self._act_by = act_by

    def holds(self, alarm: Alarm, now: int) -> bool:
        """Whether the telling of an alarm is held back."""
        return hushing(alarm, self._suppressions.in_force(), now) is not None

    def let_go(self, tx: Tx, parent: Alarm, now: int) -> None:
        """An alarm has been shelved: what is told as part of it, and isn't shelved, is told by itself."""
        self._alarms.carry_out(tx, of_cause_shelved(parent, self._alarms.children(parent)), now)

    def look(self, tx: Tx, one: Suppression, now: int) -> None:
        """Ends what has had its time, as of then, and a shelf that something breaks through; forecasts count."""
        if one.until_at <= now:
            ended = self._suppressions.end(tx, one, at=one.until_at, by=OURSELVES, why="its time is up")
            self._after(tx, ended, now)
        elif one.kind == "shelved" and (alarm := self._of(one)) is not None:
            self._break_through(tx, one, alarm, now, self._act_by(tx, alarm, now))

    def break_through(self, tx: Tx, now: int) -> None:
        """Ends the shelves that what is open breaks through. Forecasts are asked by the clock alone."""
        for shelf in self._suppressions.shelves(now):
            if (alarm := self._of(shelf)) is not None:
                self._break_through(tx, shelf, alarm, now, None)

    def _break_through(self, tx: Tx, shelf: Suppression, alarm: Alarm, now: int, act_by: int | None) -> None:
        why = self._suppressions.why_broken(shelf, alarm, self._alarms.open(), act_by=act_by)
        if why is not None:
            self.end(tx, shelf, by=OURSELVES, why=why, now=now)

    def end(self, tx: Tx, one: Suppression, *, by: str, why: str, now: int) -> Suppression:
        """Ends what holds back telling, now; what is open is told."""
        ended = self._suppressions.end(tx, one, at=now, by=by, why=why)
        self._after(tx, ended, now)
        return ended

    def _after(self, tx: Tx, ended: Suppression, now: int) -> None:
        at = now if ended.ended_at is None else ended.ended_at
        if at <= ended.from_at:
            return  # it never held anything back
        is_told = False
        for alarm in self._alarms.open():
            if ended.covers(alarm) and alarm.state is State.UNACKNOWLEDGED:
                is_told = is_told or (alarm.parent is None and not self.holds(alarm, now))
                why = f"{ended.kind.replace('_', ' ')} until now by {ended.owner}: {ended.ended_why}"
                self._alarms.record(tx, told_anew(alarm, at=at, why=why), now, "told again")
        if ended.alarm is not None and not is_told:
            alarm_now = self._of(ended) or self._alarms.known(tx, ended.alarm)
            self._telling.shelf_ended(tx, ended, alarm_now, now)

    def _of(self, shelf: Suppression) -> Alarm | None:
        return None if shelf.condition is None else self._alarms.get(shelf.condition, shelf.subject)
