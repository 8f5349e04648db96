"""What is wrong with the program itself: no broker, a store that can't commit, people who can't be reached.

Each is an alarm like any other, but for one thing: that the store fails can't be put on record while it does. That
truth is kept in memory, told without the store (:meth:`Ourselves.emergency`), and put on record with its own instants
as soon as the store commits again. What each means is decided in :mod:`monitor.core.alarm.cause.ourselves`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import structlog

from monitor.core.alarm.cause.ourselves import (
    BROKER,
    NOTIFIER,
    STORE,
    BrokerState,
    Trouble,
    of_broker,
    of_notifiers,
    of_store,
    of_trouble,
)
from monitor.core.alarm.cause.outcome import recovered
from monitor.core.alarm.condition import Truth
from monitor.core.alarm.limits import Limits
from monitor.ports import Clock, Store
from monitor.writer.writer import Writer

log = structlog.get_logger(__name__)

_MARKER = "broker_lost_since"


class Ourselves:
    """Watches the program. Its methods are jobs, each called by one thread."""

    def __init__(
        self, writer: Writer, store: Store, clock: Clock, limits: Limits, people: Collection[str]
    ) -> None:
        """``people``: the names of all who are ever told."""
        self._writer = writer
        self._store = store
        self._clock = clock
        self._limits = limits
        self._people = frozenset(people)
        self._lost_since: int | None = None
        self._started_at: int | None = None
        self._trouble: Trouble | None = None
        self.is_well = True
        """Whether the store commits, as far as was noted."""
        self._is_recorded = False

    # --- the broker ---

    def watch_broker(self, connected_since: int | None, why: str) -> None:
        """Tells that no reading can reach us, once that has lasted; ``why``: how the connection is, in words."""
        now = self._clock.now()
        if self._started_at is None:
            with self._store.reading() as tx:
                kept = self._store.due.marker(tx, _MARKER)
            self._lost_since, self._started_at = (int(kept) if kept else None), now
        is_open = connected_since is None and self._writer.is_open(BROKER, "broker")
        broker = BrokerState(self._lost_since, self._started_at, self._limits.broker_lost_after, is_open)
        outcomes, lost_since = of_broker(broker, connected_since, why, now)
        if outcomes or lost_since != self._lost_since:
            marker = "" if lost_since is None else str(lost_since)
            self._writer.carry_out(outcomes, {_MARKER: marker})
        self._lost_since = lost_since

    # --- the store ---

    def note_store(self, trouble: str | None) -> None:
        """Notes in memory alone whether the store can commit; ``trouble`` says why not."""
        known = self._trouble
        if trouble is not None and (known is None or known.why != trouble):
            self._trouble = Trouble(self._clock.now() if known is None else known.since_at, trouble)
            log.error("the store fails", why=trouble)
        self.is_well = trouble is None

    def emergency(self) -> Truth | None:
        """What must be told without the store: it has failed for too long, and does still. From memory alone."""
        trouble = self._trouble
        is_urgent = trouble is not None and not self.is_well and trouble.is_to_be_told(self._clock.now())
        return of_trouble(trouble) if trouble is not None and is_urgent else None

    def watch_store(self) -> None:
        """Puts on record what :meth:`note_store` noted, as soon as the store commits; until then each call tries."""
        trouble, now, is_well = self._trouble, self._clock.now(), self.is_well
        if trouble is None:
            if self._writer.is_open(STORE, "store"):  # of a process before this one
                self._writer.carry_out([recovered(STORE, "store", now, says_when=True)])
            return
        outcomes = of_store(trouble, now, is_well=is_well, is_recorded=self._is_recorded)
        if outcomes:
            try:
                self._writer.carry_out(outcomes)
            except Exception:
                if self.is_well:
                    raise
                return  # as was to be expected
            self._is_recorded = True
        if is_well:
            self._trouble, self._is_recorded = None, False

    # --- people ---

    def watch_notifiers(self, failing: Sequence[Mapping[str, Any]]) -> None:
        """Tells the others of those who can't be reached, by :meth:`monitor.telling.delivery.Deliverer.status`."""
        open_about = self._writer.open_subjects(NOTIFIER)
        outcomes = of_notifiers(failing, open_about, self._people, self._clock.now())
        if outcomes:
            self._writer.carry_out(outcomes)
