"""The weekly drill: an alarm for each person on call that only they can end, so that a dead address is found in time.

A drill is an alarm like any other: told at each of the person's addresses, over when somebody acknowledges it, and told
to the next ones when nobody does. One that is still open when the next is due ends as unanswered.
"""

from __future__ import annotations

from zoneinfo import ZoneInfo

from monitor.core.alarm.condition import LEVEL_OF, AlarmCondition, Truth
from monitor.core.time.instant import HOUR
from monitor.core.time.recurring import Recurring
from monitor.ports import Store, Tx
from monitor.writer.alarm.alarms import Alarms
from monitor.writer.calendar.periods import Periods
from monitor.writer.installed import Installed
from monitor.writer.turn import Turn

LATE_MAX = 6 * HOUR
"""A drill that was slept through is made up for within so long after its time of day, on whichever day: it wakes
nobody at night."""
_DRILL = AlarmCondition.DRILL


class Drills:
    """Raises and ends drills. Used by the one writer, within its transactions."""

    def __init__(self, store: Store, around: Installed, alarms: Alarms) -> None:
        self._agenda = around.agenda
        self._alarms = alarms
        self._periods = Periods(store)

    def due(self, now: int) -> list[str]:
        """The people who are drilled, and those with a drill that is open."""
        return list(dict.fromkeys([*self._alarms.open_subjects(_DRILL), *dict(self._agenda.drilled)]))

    def look(self, turn: Turn, person: str) -> None:
        """Begins a person's drill when its time has come; ends that of somebody who is drilled no more."""
        tx, now, when = turn.tx, turn.now, self._agenda.drill
        zone = dict(self._agenda.drilled).get(person)
        if zone is None or not when.times:
            self._end(tx, person, "not_drilled", now)
        if zone is None:
            return
        owed = self._periods.owed(tx, f"drill:{person}", when, zone, now)
        if owed is not None and is_civil(when, zone, now):
            self._periods.put_done(tx, f"drill:{person}", owed.name, now)
            self._end(tx, person, "unanswered", now)
            evidence = {"text": f"the weekly drill of {person}: acknowledge it", "drilled": person}
            self._alarms.hold(tx, Truth(_DRILL, person, now, LEVEL_OF[_DRILL], evidence), now)

    def _end(self, tx: Tx, person: str, why: str, now: int) -> None:
        self._alarms.end(tx, _DRILL, person, at=now, now=now, evidence={"clear_reason": why})


def is_civil(when: Recurring, zone: ZoneInfo, now: int) -> bool:
    """Whether it is the schedule's time of day, or not long after, on any day."""
    last = Recurring(when.times).last(now, zone)
    return last is not None and now - last.at < LATE_MAX
