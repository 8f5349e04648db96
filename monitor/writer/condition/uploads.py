"""Uploads of what a gateway kept: one array after the other, of which only the last says what is true now.

An excursion that lies across two arrays is open at the end of the first, and over by the end of the second. So what an
array that ends in the past leaves open raises nothing at once: it waits for the next word of its channel, and if none
comes, for ``PATIENCE``. Whatever still holds is told then; what is over by then is an alarm of the past.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from monitor.core.fact import is_going_on
from monitor.core.time.instant import MINUTE
from monitor.ports import Arrived, Store, Tx
from monitor.writer.alarm.alarms import Alarms
from monitor.writer.channel.desk import ExcursionChange, SpellChange
from monitor.writer.channel.judge import Judge
from monitor.writer.condition.temperatures import THERMAL, Temperatures
from monitor.writer.turn import Turn, Waiting

PATIENCE = 1 * MINUTE
"""How long (by our clock) the next array of an upload may take."""


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
        found = {
            fact.subject
            for fact in self._store.facts.current(tx, "excursion", open_only=True)
            if fact.subject in known
            and is_going_on(fact.body)
            and not self._is_told(fact.subject, fact.body["direction"], as_excursion=True)
        }
        found |= {
            channel
            for channel, spell in self._temperatures.open()
            if not self._is_told(channel, spell.direction)
        }
        # What waits already doesn't begin anew: starting again may fail again and again.
        waiting = {channel: self._waiting.get(channel, now + PATIENCE) for channel in found}
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
            direction = change.body["direction"]
            is_told = self._is_told(change.channel, direction, as_excursion=True)
            if change.is_part and is_going_on(change.body) and not is_told:
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
        is_held = change.is_part and any(
            not self._is_told(change.channel, spell.direction) for spell in change.open
        )
        if is_held:
            self._waiting[change.channel] = now + PATIENCE
        self._temperatures.on_spells(tx, change, now, hold=not is_held)

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

    def _is_told(self, channel: str, direction: str, *, as_excursion: bool = False) -> bool:
        """Whether there is an open alarm, and (``as_excursion``) one that is more than a warning."""
        alarm = self._alarms.get(THERMAL[direction], channel)
        return alarm is not None and (not as_excursion or "excursion" in alarm.evidence)
