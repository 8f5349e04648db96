"""Which times of the calendar are done: a marker in the store each, written with what is done, so that a crash or a
restart neither repeats nor forgets one."""

from __future__ import annotations

import json
from typing import NamedTuple
from zoneinfo import ZoneInfo

from monitor.core.time.instant import DAY
from monitor.core.time.recurring import Recurring, due_period
from monitor.ports import Store, Tx

KEPT = 16
"""Times of one schedule that are remembered as done: a clock that was set back so far repeats none of them."""
_SINCE_MAX = 7 * DAY


class OwedPeriod(NamedTuple):
    """A time that is owed. ``since_at``: when the last one was done, for what is told of the time between."""

    name: str
    at: int
    since_at: int


class Periods:
    """The times of schedules, each schedule by its own name. Used by the one writer, within its transactions."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known_done: dict[str, str] = {}

    def owed(self, tx: Tx, schedule: str, when: Recurring, zone: ZoneInfo, now: int) -> OwedPeriod | None:
        """The time of a schedule that is owed now, if any. What was before the schedule was first looked at is not: a
        new installation doesn't begin with last week's summary."""
        last = when.last(now, zone)
        if last is None or self._known_done.get(schedule) == last.name:
            return None
        done = self._done(tx, schedule)
        if not done:
            self._put(tx, schedule, {last.name: now})
            return None
        if due_period(now, zone, when, done) is None:
            # Read from the store in a transaction of its own: what is done there stays done.
            self._known_done[schedule] = last.name
            return None
        since_at = max((at for at in done.values() if at < now), default=now - _SINCE_MAX)
        return OwedPeriod(last.name, last.at, since_at)

    def put_done(self, tx: Tx, schedule: str, name: str, now: int) -> None:
        """Notes that a time is done, together with what was done in the same transaction."""
        self._put(tx, schedule, {**self._done(tx, schedule), name: now})

    def _done(self, tx: Tx, schedule: str) -> dict[str, int]:
        found: dict[str, int] = json.loads(self._store.due.marker(tx, _marker(schedule)) or "{}")
        return found

    def _put(self, tx: Tx, schedule: str, done: dict[str, int]) -> None:
        kept = dict(list(done.items())[-KEPT:])
        self._store.due.put_markers(tx, {_marker(schedule): json.dumps(kept)})


def _marker(schedule: str) -> str:
    return f"schedule:{schedule}"
