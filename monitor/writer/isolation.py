"""What fails keeps nothing else waiting.

Pieces of work that have nothing to do with one another are done in one turn, because a turn costs more than most of
them. If it fails, each is done in a turn of its own, and one that fails then is set aside
(:class:`monitor.writer.asides.Asides`). So what works costs nothing more, and what doesn't is found by itself. A store
that can't commit is no fault of the work: that is raised.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import structlog

from monitor.ports import Clock, Store
from monitor.writer.asides import Asides
from monitor.writer.turn import Turn, Turns

log = structlog.get_logger(__name__)

Do = Callable[[Turn, str], None]
"""What is done for one subject, within a turn."""


class Isolation:
    """Does pieces of work, each about one subject."""

    def __init__(self, store: Store, clock: Clock, turns: Turns, asides: Asides) -> None:
        self._store = store
        self._clock = clock
        self._turns = turns
        self._asides = asides

    def each(
        self, work: str, subjects: Sequence[str], do: Do, *, failed: Do = lambda turn, subject: None
    ) -> None:
        """Does something for each subject that isn't set aside; ``failed`` is told, within the turn, of one that is
        set aside now. Raises only what is the store's own trouble."""
        now = self._clock.now()
        ready = [subject for subject in subjects if not self._asides.holds(work, subject, now)]
        gone = [
            subject
            for subject in self._asides.subjects(work)
            if subject not in subjects and not self._asides.holds(work, subject, now)
        ]
        if not ready and not gone:
            return
        try:
            with self._turns.turn() as turn:
                for subject in ready:
                    do(turn, subject)
                for subject in (*ready, *gone):
                    self._asides.take_out(turn, work, subject)
        except Exception as error:
            if self._store.is_trouble(error):
                raise
            log.warning("work fails; each part of it is done by itself now", work=work, error=str(error))
            for subject in ready:
                self.alone(work, subject, do, failed=failed)

    def alone(self, work: str, subject: str, do: Do, *, failed: Do = lambda turn, subject: None) -> None:
        """Does something in a turn of its own, and sets it aside if it fails."""
        try:
            with self._turns.turn(is_alone=True) as turn:
                do(turn, subject)
                self._asides.take_out(turn, work, subject)
        except Exception as error:
            if self._store.is_trouble(error):
                raise
            with self._turns.turn(is_alone=True) as turn:
                self._asides.put(turn, work, subject, error)
                failed(turn, subject)
