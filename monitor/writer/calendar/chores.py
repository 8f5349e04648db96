"""Work that is owed once a day beside the judging, as markers of the store, for whoever carries it out."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from zoneinfo import ZoneInfo

from monitor.core.time.recurring import Recurring
from monitor.ports import Clock, Store, Tx
from monitor.writer.calendar.periods import Owed, Periods


class Chores:
    """Which daily work is owed, and when it was done last. Its methods may be called from any thread."""

    def __init__(self, writing: Callable[[], AbstractContextManager[Tx]], store: Store, clock: Clock) -> None:
        self._writing = writing
        self._store = store
        self._clock = clock
        self._periods = Periods(store)

    def owed(self, chore: str, when: Recurring, zone: ZoneInfo) -> Owed | None:
        """The time of a chore that is owed now. It stays owed until :meth:`put_done`, or the next time comes."""
        with self._writing() as tx:
            return self._periods.owed(tx, f"chore:{chore}", when, zone, self._clock.now())

    def put_done(self, chore: str, name: str) -> None:
        """Notes that a time of a chore is done."""
        with self._writing() as tx:
            self._periods.put_done(tx, f"chore:{chore}", name, self._clock.now())

    def prove(self) -> None:
        """Commits something: raises what the store raises if it can't."""
        with self._writing() as tx:
            self._store.due.put_markers(tx, {"proved_at": self._clock.now()})
