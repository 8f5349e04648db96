"""What is wrong with the program itself: no broker, a store that can't commit, people who can't be reached.

Each is an alarm like any other, but for one thing: that the store fails can't be put on record while it does. That
truth is kept in memory, told without the store (:meth:`Ourselves.emergency`), and put on record with its own instants
as soon as the store commits again.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

import structlog

from monitor.core.alarm.condition import LEVEL_OF, AlarmCondition, Truth
from monitor.core.alarm.limits import Limits
from monitor.core.time.instant import MINUTE, format_instant, parse_instant
from monitor.ports import JSON, Clock, Store
from monitor.writer.writer import Writer

log = structlog.get_logger(__name__)

STORE_FAILING_AFTER = 1 * MINUTE
ATTEMPTS_LEAST = 2
"""One failed attempt to reach somebody proves nothing."""
_BROKER, _STORE, _NOTIFIER = (
    AlarmCondition.BROKER_LOST,
    AlarmCondition.STORE_FAILING,
    AlarmCondition.NOTIFIER_FAILING,
)
_MARKER = "broker_lost_since"
DEAD_MAN = "dead-man ping"
"""The subject of the alarm about a ping that fails: no person, and :mod:`monitor.program.jobs` looks after it."""


class Trouble(NamedTuple):
    """The store has failed since ``since_at``; ``why`` in words."""

    since_at: int
    why: str


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
        """Tells that no reading can reach us, once that has lasted; ``why``: how the connection is, in words.

        A loss that the process before this one noted goes on, but is told only once this one, too, has had its time to
        connect: the broker may have come back long ago.
        """
        if self._started_at is None:
            with self._store.reading() as tx:
                kept = self._store.due.marker(tx, _MARKER)
            self._lost_since, self._started_at = (int(kept) if kept else None), self._clock.now()
        if connected_since is not None:
            if self._lost_since is not None:
                ended_at = max(connected_since, self._lost_since)
                self._writer.end(_BROKER, "broker", at=ended_at, markers={_MARKER: ""})
                self._lost_since = None
            return
        if self._lost_since is None:
            now = self._clock.now()
            self._writer.put_markers({_MARKER: str(now)})
            self._lost_since = now
        due_at = self._lost_since + self._limits.broker_lost_after
        sure_at = max(due_at, self._started_at + self._limits.broker_lost_after)
        if sure_at <= self._clock.now() and not self._writer.is_open(_BROKER, "broker"):
            evidence = {"text": why, "started_at": format_instant(self._lost_since)}
            self._writer.hold(Truth(_BROKER, "broker", due_at, LEVEL_OF[_BROKER], evidence))

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
        if trouble is None or self.is_well or self._clock.now() - trouble.since_at < STORE_FAILING_AFTER:
            return None
        return _truth_of(trouble)

    def watch_store(self) -> None:
        """Puts on record what :meth:`note_store` noted, as soon as the store commits; until then each call tries."""
        trouble = self._trouble
        if trouble is None:
            if self._writer.is_open(_STORE, "store"):  # of a process before this one
                self._writer.end(_STORE, "store", at=self._clock.now())
            return
        is_long = self._clock.now() - trouble.since_at >= STORE_FAILING_AFTER
        if is_long and not self._is_recorded:
            try:
                self._writer.hold(_truth_of(trouble))
            except Exception:
                if self.is_well:
                    raise
                return  # as was to be expected
            self._is_recorded = True
        if self.is_well:
            if self._is_recorded:
                self._writer.end(_STORE, "store", at=self._clock.now())
            self._trouble, self._is_recorded = None, False

    # --- people ---

    def watch_notifiers(self, failing: Sequence[JSON]) -> None:
        """Tells the others of those who can't be reached, by :meth:`monitor.telling.delivery.Deliverer.status`."""
        found: dict[str, list[JSON]] = {}
        for one in failing:
            if one["attempts"] >= ATTEMPTS_LEAST:
                found.setdefault(one["recipient"], []).append(one)
        trying = {one["recipient"] for one in failing}
        for name in self._writer.open_subjects(_NOTIFIER):
            if name not in self._people and name != DEAD_MAN:
                self._writer.end(_NOTIFIER, name, "no_longer_told", at=self._clock.now())
            elif name in self._people and name not in trying:
                self._writer.end(_NOTIFIER, name, at=self._clock.now())
        for name, addresses in found.items():
            if name in self._people and not self._writer.is_open(_NOTIFIER, name):
                since = min(parse_instant(one["since"]) for one in addresses)
                evidence = {
                    "text": "; ".join(f"{one['medium']}: {one['error']}" for one in addresses),
                    "started_at": format_instant(since),
                    "owed": sum(one["owed"] for one in addresses),
                }
                truth = Truth(_NOTIFIER, name, self._clock.now(), LEVEL_OF[_NOTIFIER], evidence)
                self._writer.hold(truth)


def _truth_of(trouble: Trouble) -> Truth:
    evidence = {"text": trouble.why, "started_at": format_instant(trouble.since_at)}
    return Truth(_STORE, "store", trouble.since_at + STORE_FAILING_AFTER, LEVEL_OF[_STORE], evidence)
