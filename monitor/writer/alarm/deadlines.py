"""What is due of alarms by the clock: what is told again because it goes on, ends of shelves, causes that are gone, and
steps of ladders."""

from __future__ import annotations

from monitor.core.alarm.alarm import Alarm, rearmed
from monitor.core.alarm.condition import AlarmCondition
from monitor.core.alarm.machine import State
from monitor.core.time.instant import LATEST, MINUTE, format_instant
from monitor.ports import Tx
from monitor.writer.alarm.alarms import Alarms
from monitor.writer.alarm.floods import Floods
from monitor.writer.alarm.hush import Hush
from monitor.writer.alarm.suppressions import Suppressions
from monitor.writer.telling.settling import Settling
from monitor.writer.turn import Turn

SHELVES_EVERY = 1 * MINUTE


class AlarmDeadlines:
    """Used by the one writer, within its turns. ``rearm_after``: how long after it was acknowledged an alarm that goes
    on is told anew; None: never."""

    def __init__(
        self,
        alarms: Alarms,
        suppressions: Suppressions,
        hush: Hush,
        floods: Floods,
        settling: Settling,
        rearm_after: int | None,
    ) -> None:
        self._alarms = alarms
        self._suppressions = suppressions
        self._hush = hush
        self._floods = floods
        self._settling = settling
        self._rearm_after = rearm_after
        self._shelves_looked_at = 0

    def due(self, now: int) -> list[str]:
        """The alarms, suppressions and sites with a flood to look at now."""
        due = [alarm.id for alarm in self._alarms.open() if self._rearmed_at(alarm) <= now]
        due += [one.id for one in self._suppressions.in_force() if one.until_at <= now]
        if not 0 <= now - self._shelves_looked_at < SHELVES_EVERY:
            self._shelves_looked_at = now
            due += [shelf.id for shelf in self._suppressions.shelves(now)]
            due += self._alarms.open_subjects(AlarmCondition.ALARM_FLOOD)
        return list(dict.fromkeys([*due, *self._settling.climbing(now)]))

    def look(self, turn: Turn, subject: str) -> None:
        """Takes what is due of one of them, each at its own instant."""
        tx, now = turn.tx, turn.now
        if self._alarms.get(AlarmCondition.ALARM_FLOOD, subject) is not None:
            self._alarms.carry_out(tx, self._floods.look(tx, self._alarms.open(), now), now)
        elif self._suppressions.has(subject):
            self._hush.look(tx, self._suppressions.get(subject), now)
        else:
            alarm = next((alarm for alarm in self._alarms.open() if alarm.id == subject), None)
            if alarm is not None and self._rearmed_at(alarm) <= now:
                self._rearm(tx, alarm, now)
            elif alarm is not None:
                self._alarms.look_again(alarm)

    def _rearmed_at(self, alarm: Alarm) -> int:
        taken = alarm.acknowledgement
        if alarm.state is not State.ACKNOWLEDGED or taken is None or self._rearm_after is None:
            return LATEST
        return taken.at + self._rearm_after

    def _rearm(self, tx: Tx, alarm: Alarm, now: int) -> None:
        taken = alarm.acknowledgement
        assert taken is not None
        why = f"acknowledged by {taken.by} {format_instant(taken.at)}, and still not over"
        self._alarms.record(tx, rearmed(alarm, at=self._rearmed_at(alarm), why=why), now, "re-armed")
