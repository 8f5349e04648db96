"""Uploads of what a gateway kept: holds back what :mod:`monitor.core.alarm.cause.upload` says must wait, and tells it
when its channel says something of now, or has said nothing for long enough."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from monitor.core.alarm.alarm import Alarm
from monitor.core.alarm.cause.excursion import THERMAL
from monitor.core.alarm.cause.upload import PATIENCE, excursion_waits, is_untold, spells_wait
from monitor.core.fact import is_going_on
from monitor.ports import Arrived, Store, Tx
from monitor.writer.alarm.alarms import Alarms
from monitor.writer.channel.desk import ExcursionChange, SpellChange
from monitor.writer.channel.judge import Judge
from monitor.writer.condition.temperatures import Temperatures
from monitor.writer.turn import Turn, Waiting


class Uploads:
    """Holds back what parts of uploads leave open. At most an instant for each channel; a restart finds the open
    excursions that nobody has been told of, and waits for them in the same way."""

    def __init__(self, store: Store, judge: Judge, alarms: Alarms, temperatures: Temperatures) -> None:
        self._store = store
        self._judge = judge
        self._alarms = alarms
        self._temperatures = temperatures
        self._waiting: dict[str, int] = {}

    def resume(self, tx: Tx, now: int, watched: Iterable[str]) -> None:
        """Waits for what is open and was told to no one."""
        known = set(watched)
        untold = {
            fact.subject
            for fact in self._store.facts.current(tx, "excursion", open_only=True)
            if fact.subject in known
            and is_untold(fact.body, self._alarm(fact.subject, fact.body["direction"]))
        }
        untold |= {
            channel
            for channel, spell in self._temperatures.open()
            if self._alarm(channel, spell.direction) is None
        }
        # What waits already doesn't begin anew: starting again may fail again and again.
        waiting = {channel: self._waiting.get(channel, now + PATIENCE) for channel in untold}
        self._waiting.clear()
        self._waiting.update(waiting)

    @property
    def to_do(self) -> Sequence[Waiting]:
        """What is held back."""
        return (self._waiting,)

    def recall(self, turn: Turn) -> None:
        """Nothing: what waits is given back."""

    def follow(
        self,
        tx: Tx,
        changes: Sequence[ExcursionChange],
        spells: Sequence[SpellChange],
        rows: Sequence[Arrived],
        now: int,
    ) -> None:
        """What changed excursions, and spells beyond a warning level, lead to, in the order of their messages; and what
        waited is told as soon as its channel says something of now."""
        coming = list(spells)
        for number, change in enumerate(changes):
            while coming and coming[0].after <= number:
                self._follow_spells(tx, coming.pop(0), now)
            alarm = self._alarm(change.channel, change.body["direction"])
            if excursion_waits(change.body, alarm, is_part=change.is_part):
                self._waiting[change.channel] = now + PATIENCE
            else:
                self._temperatures.on_excursion(tx, change, now)
        for spelled in coming:
            self._follow_spells(tx, spelled, now)
        if not self._waiting:
            return
        for channel, last in {arrived.channel: arrived for arrived in rows}.items():
            path = self._judge.path_of(channel)
            if path in self._waiting and not self._judge.is_part(last):
                self._tell(tx, path, now)

    def _follow_spells(self, tx: Tx, change: SpellChange, now: int) -> None:
        alarms = (self._alarm(change.channel, spell.direction) for spell in change.open)
        waits = spells_wait(alarms, is_part=change.is_part)
        if waits:
            self._waiting[change.channel] = now + PATIENCE
        self._temperatures.on_spells(tx, change, now, hold=not waits)

    def due(self, now: int) -> list[str]:
        """The channels of which something has waited long enough."""
        return [channel for channel, until in self._waiting.items() if until <= now]

    def look(self, turn: Turn, channel: str) -> None:
        """Tells what has waited."""
        self._tell(turn.tx, channel, turn.now)

    def _tell(self, tx: Tx, channel: str, now: int) -> None:
        self._waiting.pop(channel, None)
        for fact in self._store.facts.current(tx, "excursion", subjects=[channel], open_only=True):
            if is_going_on(fact.body):
                self._temperatures.on_held_back(tx, fact, now)
        self._temperatures.tell_open(tx, now, channel)

    def _alarm(self, channel: str, direction: str) -> Alarm | None:
        return self._alarms.get(THERMAL[direction], channel)
