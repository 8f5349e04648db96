"""What is due by the clock, taken by the writer at each tick: each deadline at its own instant, however late it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

import structlog

from monitor.ports import Store
from monitor.writer.telling.departed import Departed

if TYPE_CHECKING:
    from monitor.writer.writer import Monitor

log = structlog.get_logger(__name__)
Argument = TypeVar("Argument")

DUE_MAX = 500
"""Deadlines of lots taken in one transaction."""


class Deadlines:
    """Takes what is due for the writer, whose lock and transactions it uses."""

    def __init__(self, writer: Monitor, store: Store) -> None:
        self._writer = writer
        self._store = store
        self._departed = Departed(store, writer._around.policy)
        self._failures: dict[str, str] = {}

    def failures(self) -> list[str]:
        """What failed when it was last tried, in words: judging may go well while people aren't told."""
        return list(self._failures.values())

    def take(self, now: int, connected_since: int | None) -> None:
        """Takes every deadline up to ``now``: silences, uploads, signs, lots' dates, ladders, digests. Each kind by
        itself, so that one that fails doesn't hold up the others; it is tried again with the next tick."""
        writer = self._writer
        self._try("listen", writer.listen, connected_since)
        for what in (
            writer._take_silences,
            self._uploads,
            self._signs,
            self._power,
            self._calendar,
            self._dates,
            self._queue,
            self._alarms,
            self._digests,
            self._drills,
            self._messages,
            writer._note_progress,
            writer.imports.end_idle,
        ):
            self._try(what.__name__.strip("_").replace("_", " "), what, now)

    def _try(self, name: str, what: Callable[[Argument], None], argument: Argument) -> None:
        try:
            what(argument)
        except Exception as error:
            log.exception("a deadline could not be taken; it is tried again", what=name)
            self._failures[name] = f"{name}: {error}"
        else:
            self._failures.pop(name, None)

    def _uploads(self, now: int) -> None:
        if self._writer._uploads.is_waiting:
            with self._writer._writing() as tx:
                self._writer._uploads.take_due(tx, now)

    def _signs(self, now: int) -> None:
        if self._writer._signs.is_waiting(now) and not self._writer.imports.is_on:
            with self._writer._writing() as tx:
                self._writer._signs.tick(tx, now)

    def _power(self, now: int) -> None:
        if self._writer._power.is_waiting(now) and not self._writer.imports.is_on:
            with self._writer._writing() as tx:
                self._writer._power.look(tx, now)

    def _calendar(self, now: int) -> None:
        if self._writer._upkeep.is_waiting(now):
            with self._writer._writing() as tx:
                self._writer._upkeep.look(tx, now)

    def _dates(self, now: int) -> None:
        """Takes lots' dates, each at its own instant, whenever the clock was asked: first what was true then."""
        writer = self._writer
        while True:
            with writer._writing() as tx:
                due = self._store.due.passed(tx, now, DUE_MAX)
                late = {lot: due_at for due_at, kind, lot in due if kind == "lot"}
                for lot, due_at in late.items():
                    writer._judge_lot(tx, lot, due_at, now, "date")
                    writer._lots.queue([lot], "date")
            if not late:
                return

    def _queue(self, now: int) -> None:
        """Judges lots whose channels fell silent, and what the last batches left over: a part of them at each tick,
        so that readings aren't held up."""
        self._writer._lots.queue_silent(now)
        self._writer._take_lots(now)

    def _alarms(self, now: int) -> None:
        writer = self._writer
        with writer._writing() as tx:
            writer._alarms.tick(tx, now, writer._conditions.act_by)

    def _digests(self, now: int) -> None:
        with self._writer._writing() as tx:
            self._writer._digests.run(tx, now)

    def _drills(self, now: int) -> None:
        with self._writer._writing() as tx:
            self._writer._drills.run(tx, now)

    def _messages(self, now: int) -> None:
        with self._writer._writing() as tx:
            self._departed.look(tx, now)
