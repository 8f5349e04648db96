"""Owes the messages that follow from what changed: the last thing done in a turn.

Alarms that came together become one page, and rows that say what is owed commit with the alarms themselves, so that a
crash at any point after that loses no message. Nothing is sent from here.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from monitor.core.alarm.alarm import Alarm
from monitor.core.time.instant import SECOND
from monitor.ports import Store, Tx
from monitor.writer.alarm.alarms import Alarms
from monitor.writer.alarm.floods import Floods
from monitor.writer.alarm.hush import Hush
from monitor.writer.asides import TELLING, Asides
from monitor.writer.telling.telling import Telling
from monitor.writer.turn import Turn, Waiting

LADDERS_EVERY = 5 * SECOND


class Settling:
    """Used by the one writer. What can't be told of one alarm keeps nobody from hearing of another: it is set aside,
    and yet another alarm says so."""

    def __init__(
        self, store: Store, alarms: Alarms, telling: Telling, hush: Hush, floods: Floods, asides: Asides
    ) -> None:
        self._store = store
        self._alarms = alarms
        self._telling = telling
        self._hush = hush
        self._floods = floods
        self._asides = asides
        self._climbing: set[str] = set()  # alarms of which time alone may owe more
        self._climbed_at = 0

    @property
    def to_do(self) -> Sequence[Waiting]:
        """Nothing: all of it is on record."""
        return ()

    def recall(self, turn: Turn) -> None:
        """Of every open alarm time alone may owe more."""
        self._climbing = {alarm.id for alarm in self._alarms.open()}

    def climbing(self, now: int) -> list[str]:
        """The alarms whose ladders are to be looked at now, by id."""
        if 0 <= now - self._climbed_at < LADDERS_EVERY:
            return []
        self._climbed_at = now
        self._climbing &= {alarm.id for alarm in self._alarms.open()}
        return sorted(alarm for alarm in self._climbing if not self._asides.holds(TELLING, alarm, now))

    def settle(self, turn: Turn) -> None:
        """Owes what is to be told. In a turn that does a single thing, after doing all together has failed, every alarm
        is told by itself: rather too often than not at all."""
        if not self._alarms.changed():
            return
        told, untold = self._tell_all(turn)
        for alarm in told & self._asides.subjects(TELLING):
            self._asides.take_out(turn, TELLING, alarm)
        for alarm, error in untold.items():
            self._asides.put(turn, TELLING, alarm, error)
        if untold:
            self._tell_all(turn)

    def _tell_all(self, turn: Turn) -> tuple[set[str], dict[str, Exception]]:
        """The ids of the alarms of which was told what is owed, and of those of which it couldn't be, and why."""
        tx, now = turn.tx, turn.now
        if not turn.is_alone:
            self._gather(tx, [changed.alarm for changed in self._alarms.changed()], now)
            self._hush.break_through(tx, now)
        told, untold = set[str](), dict[str, Exception]()
        for alarm, was_open in self._alarms.take_changed():
            try:
                # What came and went in one turn: both are told, in this order.
                for version in (alarm,) if was_open is None else (was_open, alarm):
                    self._tell(tx, version, now)
            except Exception as error:
                if self._store.is_trouble(error):
                    raise
                self._climbing.add(alarm.id)
                untold[alarm.id] = error
            else:
                told.add(alarm.id)
        return told, untold

    def _gather(self, tx: Tx, changed: Collection[Alarm], now: int) -> None:
        """Alarms leave a cause that is over, and new ones join the page about theirs."""
        alarms, floods = self._alarms, self._floods
        alarms.carry_out(tx, floods.of_ended(changed, alarms.open(), now), now)
        for site, new in floods.sites_of(changed, now).items():
            alarms.carry_out(tx, floods.of_site(site, new, alarms.open(), now), now)

    def _tell(self, tx: Tx, alarm: Alarm, now: int) -> None:
        is_hushed, children = self._hush.holds(alarm, now), self._alarms.children(alarm)
        more = self._telling.tell(tx, alarm, now, is_hushed=is_hushed, children=children)
        (self._climbing.add if more else self._climbing.discard)(alarm.id)
