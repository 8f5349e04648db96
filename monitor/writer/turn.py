"""A turn of the writer: one transaction, the instant at which it began, and how to take back what was remembered.

The writer's parts remember in memory what the store holds, because asking for it each time would cost too much. When
a transaction fails the store forgets, and so must they. There are two ways, and each part says which it takes for
what:

- What *waits to be done* (:attr:`Part.to_do`) is given back as it was when the turn began: it is to be done still.
- What *mirrors the store* is read anew as the next turn begins (:meth:`Part.recall`). So is what a part took back by
  an action of its own (:meth:`Turn.undo`).

What the world is to hear of a turn is said when it is committed (:meth:`Turn.then`).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

from monitor.ports import Clock, Store, Tx

Waiting = dict[Any, Any] | set[Any]
"""Changed in place only, and its values never. At most an entry for each channel, unit or lot."""
Action = Callable[[], None]


class Turn:
    """One transaction of the writer. ``is_alone``: nothing else is done in it, after doing all together has failed.

    ``undo(action)``: to be done if the turn fails, the last one first. ``then(action)``: to be done when it is
    committed, in order. (Both are the lists' own methods: every reading passes here.)
    """

    __slots__ = ("_on_commit", "_on_failure", "is_alone", "now", "then", "tx", "undo")

    def __init__(self, tx: Tx, now: int, *, is_alone: bool = False) -> None:
        self.tx = tx
        self.now = now
        self.is_alone = is_alone
        self._on_failure: list[Action] = []
        self._on_commit: list[Action] = []
        self.undo: Callable[[Action], None] = self._on_failure.append
        self.then: Callable[[Action], None] = self._on_commit.append

    def take_back(self) -> None:
        """The turn has failed."""
        while self._on_failure:
            self._on_failure.pop()()

    def end(self) -> None:
        """The turn is committed."""
        for action in self._on_commit:
            action()


class Part(Protocol):
    """What the writer is made of, as far as turns are concerned."""

    @property
    def to_do(self) -> Sequence[Waiting]:
        """What waits to be done, and is known here alone: given back when a turn fails. Always the same ones."""

    def recall(self, turn: Turn) -> None:
        """Reads anew what mirrors the store; at the start, and after a turn that failed."""


class Turns:
    """Gives turns, one at a time. May be used from any thread; within a turn the same turn is given."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self.one_at_a_time = threading.RLock()
        """Keeps turns of other threads out while it is held."""
        self._turn: Turn | None = None
        self._parts: Sequence[Part] = ()
        self._to_do: Sequence[Waiting] = ()
        self._before_commit: Callable[[Turn], None] = lambda turn: None
        self._is_stale = False

    def are_of(self, parts: Sequence[Part], before_commit: Callable[[Turn], None]) -> None:
        """The parts that take part in every turn; ``before_commit`` is the last thing done in each."""
        self._parts = parts
        self._to_do = [waiting for part in parts for waiting in part.to_do]
        self._before_commit = before_commit

    @contextmanager
    def turn(self, *, is_alone: bool = False) -> Iterator[Turn]:
        """A turn; if it raises, nothing of it has happened, here as in the store."""
        with self.one_at_a_time:
            if self._turn is not None:
                yield self._turn
                return
            turn = None
            waiting = [each.copy() for each in self._to_do]
            try:
                with self._store.writing() as tx:
                    turn = self._turn = Turn(tx, self._clock.now(), is_alone=is_alone)
                    if self._is_stale:
                        self.recall(turn)
                    yield turn
                    self._before_commit(turn)
                self._is_stale = False
            except BaseException:
                self._is_stale = True
                if turn is not None:
                    turn.take_back()
                self._give_back(waiting)
                raise
            finally:
                self._turn = None
            turn.end()

    def _give_back(self, as_it_was: Sequence[Waiting]) -> None:
        for waiting, before in zip(self._to_do, as_it_was, strict=True):
            waiting.clear()
            waiting.update(before)

    def recall(self, turn: Turn) -> None:
        """Has every part read anew what mirrors the store."""
        for part in self._parts:
            part.recall(turn)
