"""How far judging has come in the log, and what is written now and then: positions, newest readings, checkpoints."""

from __future__ import annotations

from collections.abc import Sequence

from monitor.core.channel.liveness import Watch
from monitor.core.time.instant import SECOND
from monitor.ports import Store
from monitor.writer.channel.judge import Judge
from monitor.writer.turn import Turn, Waiting

FLUSH_AFTER = 1 * SECOND
"""The newest readings reach the store, for pages and other processes, at most this much later."""
_MARKER = "judged_position"


class Progress:
    """Knows the judged position, which is committed together with what followed from it, and soon after in any case."""

    def __init__(self, store: Store, judge: Judge, watch: Watch) -> None:
        self._store = store
        self._judge = judge
        self._watch = watch
        self.position = 0
        """All of the log up to here is judged."""
        self._noted = 0
        self._flushed_at = 0

    @property
    def to_do(self) -> Sequence[Waiting]:
        """The newest words that are yet to be written."""
        return self._watch.to_do

    def recall(self, turn: Turn) -> None:
        """Nothing: it goes on from what was judged last, be it noted or not."""

    def resume(self, turn: Turn) -> None:
        """Takes from the store how far judging had come."""
        self.position = self._noted = int(self._store.due.marker(turn.tx, _MARKER) or 0)

    def reach(self, turn: Turn, position: int, *, has_news: bool) -> None:
        """All of the log up to here is judged; written down if anything followed from it, or it is time to."""
        before = self.position
        turn.undo(lambda: setattr(self, "position", before))
        self.position = max(before, position)
        if has_news or self.is_due(turn.now):
            self.flush(turn)

    def is_due(self, now: int) -> bool:
        """Whether it is time to write something down."""
        return not 0 <= now - self._flushed_at < FLUSH_AFTER

    def flush(self, turn: Turn) -> None:
        """Notes how far judging has come, together with everything that followed from it."""
        tx = turn.tx
        if self.position != self._noted:
            noted = self._noted
            turn.undo(lambda: setattr(self, "_noted", noted))
            self._store.due.put_markers(tx, {_MARKER: self.position})
            self._noted = self.position
        self._store.history.put_latest(tx, self._watch.take_changed())
        turn.undo(self._store.history.as_it_is())
        self._store.history.settle(tx, self.position)
        self._judge.checkpoint(tx)
        self._flushed_at = turn.now
