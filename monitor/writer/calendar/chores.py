"""Work that is owed once a day beside the judging, as markers of the store, for whoever carries it out."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from monitor.core.time.recurring import Recurring
from monitor.ports import Store
from monitor.writer.calendar.periods import OwedPeriod, Periods
from monitor.writer.turn import Turns


class Chores:
    """Which daily work is owed, and when it was done last. Its methods may be called from any thread."""

    def __init__(self, turns: Turns, store: Store) -> None:
        self._turns = turns
        self._store = store
        self._periods = Periods(store)

    def owed(self, chore: str, when: Recurring, zone: ZoneInfo) -> OwedPeriod | None:
        """The time of a chore that is owed now. It stays owed until :meth:`put_done`, or the next time comes."""
        with self._turns.turn() as turn:
            return self._periods.owed(turn.tx, f"chore:{chore}", when, zone, turn.now)

    def put_done(self, chore: str, name: str) -> None:
        """Notes that a time of a chore is done."""
        with self._turns.turn() as turn:
            self._periods.put_done(turn.tx, f"chore:{chore}", name, turn.now)

    def prove(self) -> None:
        """Commits something: raises what the store raises if it can't."""
        with self._turns.turn() as turn:
            self._store.due.put_markers(turn.tx, {"proved_at": turn.now})
