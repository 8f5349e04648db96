"""The weekly drill: an alarm for each person on call that only they can end, so that a dead address is found in time.

A drill is an alarm like any other: told at each of the person's addresses, over when somebody acknowledges it, and told
to the next ones when nobody does. One that is still open when the next is due ends as unanswered.
"""

from __future__ import annotations

from collections.abc import Iterator
from zoneinfo import ZoneInfo

from monitor.core.alarm.condition import LEVEL_OF, AlarmCondition, Truth
from monitor.core.time.instant import HOUR
from monitor.core.time.recurring import Recurring
from monitor.ports import Store, Tx
from monitor.writer.alarm.alarms import Alarms
from monitor.writer.calendar.periods import Periods
from monitor.writer.surroundings import Surroundings

LATE_MAX = 6 * HOUR
"""A drill that was slept through is made up for within so long after its time of day, on whichever day: it wakes
nobody at night."""
_DRILL = AlarmCondition.DRILL


class Drills:
    """Raises and ends drills. Used by the one writer, within its transactions."""

    def __init__(self, store: Store, around: Surroundings, alarms: Alarms) -> None:
        self._agenda = around.agenda
        self._alarms = alarms
        self._periods = Periods(store)

    def run(self, tx: Tx, now: int) -> None:
        """Begins each person's drill whose time has come; ends those of people who are drilled no more."""
        people = dict(self._agenda.drilled)
        for person in self._alarms.open_subjects(_DRILL):
            if person not in people or not self._agenda.drill.times:
                self._end(tx, person, "not_drilled", now)
        for person in self._due(tx, people, now):
            self._end(tx, person, "unanswered", now)
            evidence = {"text": f"the weekly drill of {person}: acknowledge it", "drilled": person}
            self._alarms.hold(tx, Truth(_DRILL, person, now, LEVEL_OF[_DRILL], evidence), now)

    def _due(self, tx: Tx, people: dict[str, ZoneInfo], now: int) -> Iterator[str]:
        when = self._agenda.drill
        for person, zone in people.items():
            owed = self._periods.owed(tx, f"drill:{person}", when, zone, now)
            if owed is not None and is_civil(when, zone, now):
                self._periods.put_done(tx, f"drill:{person}", owed.name, now)
                yield person

    def _end(self, tx: Tx, person: str, why: str, now: int) -> None:
        self._alarms.end(tx, _DRILL, person, at=now, now=now, evidence={"clear_reason": why})


def is_civil(when: Recurring, zone: ZoneInfo, now: int) -> bool:
    """Whether it is the schedule's time of day, or not long after, on any day."""
    last = Recurring(when.times).last(now, zone)
    return last is not None and now - last.at < LATE_MAX
