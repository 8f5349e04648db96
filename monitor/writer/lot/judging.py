"""When a lot is judged, and what that means for its alarms."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from monitor.core.alarm.cause.lot import OF_LOTS, of_lot
from monitor.ports import Store
from monitor.writer.alarm.alarms import Alarms
from monitor.writer.asides import Asides
from monitor.writer.installed import Installed
from monitor.writer.isolation import Isolation
from monitor.writer.lot.findings import LotEvents
from monitor.writer.lot.lots import LotChange, Lots
from monitor.writer.lot.queue import LotQueue
from monitor.writer.turn import Turn

LOT = "lot"
"""The work of judging a lot."""
LOTS_MAX = 500
"""Lots judged in one turn; more wait for the next."""


class LotJudging:
    """Judges the lots of the queue, and those of which a date has come. Used within the writer's turns."""

    def __init__(
        self,
        store: Store,
        queue: LotQueue,
        lots: Lots,
        alarms: Alarms,
        asides: Asides,
        isolation: Isolation,
        installed: Installed,
    ) -> None:
        self._store = store
        self._asides = asides
        self._queue = queue
        self._lots = lots
        self._alarms = alarms
        self._isolation = isolation
        self._clock = installed.clock
        self._publish = installed.publish
        self._events: LotEvents | None = None

    # --- the queue ---

    def queue_after_event(self, turn: Turn, lots: Iterable[str]) -> None:
        """Events came that are about these lots."""
        self._queue.after_event(turn.tx, lots)

    def judge_some(self) -> bool:
        """Judges the next lots of the queue, each by itself where that fails; says whether there were any."""
        due = self.due(self._clock.now())
        self._isolation.each(LOT, due, self.look, failed=self.give_up)
        return bool(due)

    def judge_all(self) -> None:
        """Judges lots until none waits."""
        while self.judge_some():
            pass

    def due(self, now: int) -> list[str]:
        """The next lots of the queue; among them those whose channels fell silent, and such as were set aside."""
        self._queue.put_silent(now)
        self._queue.release_late(now)
        for lot in self._asides.subjects(LOT):
            if not self._asides.holds(LOT, lot, now):
                self._queue.put([lot], "tried again")
        return self._queue.due(LOTS_MAX)

    def give_up(self, turn: Turn, lot: str) -> None:
        """A lot is set aside: it leaves the queue until it is tried again."""
        turn.then(partial(self._queue.done, (lot,)))

    def look(self, turn: Turn, lot: str) -> None:
        """Judges a lot of the queue as of now."""
        self.judge(turn, lot, turn.now, self._queue.why(lot))
        turn.then(partial(self._queue.done, (lot,)))

    def judge_queued(self, turn: Turn) -> None:
        """Judges the next lots of the queue."""
        for lot in self._queue.due(LOTS_MAX):
            self.look(turn, lot)

    # --- dates ---

    def dates_due(self, now: int) -> list[str]:
        """The lots of which a date has passed, the earliest first."""
        with self._store.reading() as tx:
            return list(self._dates(self._store.due.passed(tx, now, LOTS_MAX)))

    def take_dates(self, turn: Turn, lot: str) -> None:
        """Takes a lot's date at its own instant, whenever the clock was asked: first what was true then."""
        due = self._dates(self._store.due.passed(turn.tx, turn.now, LOTS_MAX))
        if lot in due:
            self.judge(turn, lot, due[lot], "date")
            self._queue.put([lot], "date")

    @staticmethod
    def _dates(due: Iterable[tuple[int, str, str]]) -> dict[str, int]:
        return {lot: due_at for due_at, kind, lot in due if kind == "lot"}

    # --- one lot ---

    def judge(self, turn: Turn, lot: str, as_of: int, reason: str) -> LotChange:
        """Judges a lot as of an instant; its alarms follow what holds then."""
        tx, now = turn.tx, turn.now
        turn.undo(partial(self._lots.put, lot, self._lots.unit_of(lot)))
        change = self._lots.judge(tx, lot, as_of, now, reason, self._events)
        open_conditions = {condition for condition in OF_LOTS if self._alarms.get(condition, lot) is not None}
        self._alarms.carry_out(tx, of_lot(change.history, change.truths, open_conditions, as_of), now)
        turn.then(partial(self._publish, "lot", {"lot": lot}))
        return change

    def read_at_once(self, events: LotEvents | None) -> None:
        """All events, for who judges many lots now; None: no longer."""
        self._events = events
