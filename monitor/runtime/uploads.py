"""Uploads of what a gateway kept: one array after the other, of which only the last says what is true now.

An excursion that lies across two arrays is open at the end of the first, and over by the end of the second. So what an
array that ends in the past leaves open raises nothing at once: it waits for the next word of its channel, and if none
comes, for ``PATIENCE``. Whatever still holds is told then; what is over by then is an alarm of the past.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from monitor.core.fact import JSON, is_going_on
from monitor.core.instant import MINUTE
from monitor.ports import Arrived, Store, Tx
from monitor.runtime.alarms import Alarms
from monitor.runtime.conditions import THERMAL, Conditions
from monitor.runtime.judge import ExcursionChange, Judge

PATIENCE = 1 * MINUTE
"""How long (by our clock) the next array of an upload may take."""


class Uploads:
    """Holds back what parts of uploads leave open. At most an instant for each channel; a restart finds the open
    excursions that nobody has been told of, and waits for them in the same way."""

    def __init__(self, store: Store, judge: Judge, alarms: Alarms, conditions: Conditions) -> None:
        self._store = store
        self._judge = judge
        self._alarms = alarms
        self._conditions = conditions
        self._waiting: dict[str, int] = {}

    def resume(self, tx: Tx, now: int, watched: Iterable[str]) -> None:
        """Waits for what is open and was told to no one."""
        known = set(watched)
        self._waiting = {
            fact.subject: now + PATIENCE
            for fact in self._store.current_facts(tx, "excursion", open_only=True)
            if fact.subject in known and is_going_on(fact.body) and not self._is_told(fact.subject, fact.body)
        }

    def follow(self, tx: Tx, changes: Sequence[ExcursionChange], rows: Sequence[Arrived], now: int) -> None:
        """What changed excursions lead to; and what waited is told as soon as its channel says something of now."""
        spoken = {arrived.channel: arrived for arrived in rows} if self._waiting else {}
        for change in changes:
            if change.is_part and is_going_on(change.body) and not self._is_told(change.channel, change.body):
                self._waiting[change.channel] = now + PATIENCE
            else:
                self._conditions.on_excursion(tx, change, now)
        for channel, last in spoken.items():
            path = self._judge.path_of(channel)
            if path in self._waiting and not self._judge.is_part(last):
                self._tell(tx, path, now)

    def take_due(self, tx: Tx, now: int) -> None:
        """Tells what has waited long enough."""
        for channel in [channel for channel, until in self._waiting.items() if until <= now]:
            self._tell(tx, channel, now)

    @property
    def is_waiting(self) -> bool:
        """Whether anything waits."""
        return bool(self._waiting)

    def _tell(self, tx: Tx, channel: str, now: int) -> None:
        self._waiting.pop(channel, None)
        for fact in self._store.current_facts(tx, "excursion", subjects=[channel], open_only=True):
            if is_going_on(fact.body):
                self._conditions.on_held_back(tx, fact, now)

    def _is_told(self, channel: str, body: JSON) -> bool:
        return self._alarms.get(THERMAL[body["direction"]], channel) is not None
