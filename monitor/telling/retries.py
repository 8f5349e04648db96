"""What failed: when it is tried again, for how long its lane rests, and what the last attempt met."""

from __future__ import annotations

from collections.abc import Collection

from monitor.ports import Lane
from monitor.telling.courier import Outcome

_LONGEST_DOUBLING = 40  # beyond this, doubling passes any delay that can be configured


class Retries:
    """The lanes in which something failed. A message waits ``first_ms`` after its first failure, twice as long after
    each further one up to ``longest_ms``, and that long at once after a permanent one. Bounded by the lanes."""

    def __init__(self, first_ms: int, longest_ms: int) -> None:
        self._first_ms = first_ms
        self._longest_ms = longest_ms
        self._rests_until: dict[Lane, int] = {}
        self._failures: dict[Lane, Outcome] = {}

    def resting(self, now: int) -> Collection[Lane]:
        """The lanes that are to be left alone."""
        self._rests_until = {lane: at for lane, at in self._rests_until.items() if at > now}
        return self._rests_until.keys()

    def wait_after(self, failure: Outcome) -> int:
        """For how many ms a message that failed once more is not tried."""
        if failure.permanent:
            return self._longest_ms
        doublings = min(failure.notification.attempts, _LONGEST_DOUBLING)
        delay = min(self._longest_ms, self._first_ms << doublings)
        return max(self._asked(failure), delay)

    def note_failure(self, lane: Lane, failure: Outcome) -> None:
        """One message of a lane failed; if that may heal by itself, the lane rests."""
        self._failures[lane] = failure
        if not failure.permanent:
            self._rests_until[lane] = failure.at + max(self._asked(failure), self._first_ms)

    def note_sent(self, lane: Lane) -> None:
        """One message of a lane arrived: it fails no more."""
        self._failures.pop(lane, None)

    def keep(self, lanes: Collection[Lane]) -> None:
        """Forgets the failures of lanes in which nothing is owed."""
        self._failures = {lane: failure for lane, failure in self._failures.items() if lane in lanes}

    def last_failure(self, lane: Lane) -> Outcome | None:
        """What a lane's last attempt met, if it failed since the start."""
        return self._failures.get(lane)

    def _asked(self, failure: Outcome) -> int:
        return min(failure.retry_after, self._longest_ms)
