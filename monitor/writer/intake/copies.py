"""Copies: readings that the log has already. QoS 1 delivers at least once, gateways repeat themselves."""

from __future__ import annotations

from collections.abc import Sequence

from monitor.core.channel.quality import CLOCK_AHEAD_MAX
from monitor.ports import Arrived, Store, Tx

AHEAD_MAX = 100_000
"""Readings from the future that are remembered; beyond that they are forgotten, and a copy of one may be logged again
(it changes no fact: copies are merged whenever they are read)."""


class Copies:
    """Knows the latest instant of each channel, so that a reading in order costs one look-up."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._last: dict[int, int] = {}
        self._ahead: set[tuple[int, int]] = set()  # what came too early to be true: copies of it may follow

    def resume(self, tx: Tx, now: int) -> None:
        """Finds out how far each channel has come; what lies in the future says nothing about that."""
        horizon = now + CLOCK_AHEAD_MAX
        self._last = {
            channel: min(at, horizon) for channel, at in self._store.history.last_measured(tx).items()
        }

    def leave_out(self, tx: Tx, arrived: Sequence[Arrived]) -> list[Arrived]:
        """Leaves out readings that the log has already. One later than all of its channel can't be a copy."""
        last, fresh = self._last, list[Arrived]()
        late: list[Arrived] = []
        for one in arrived:
            reading = one.reading
            at = reading.measured_at
            if at <= last.get(one.channel, at - 1) or (self._ahead and (one.channel, at) in self._ahead):
                late.append(one)
            elif at > reading.received_at + CLOCK_AHEAD_MAX:
                # It must not make all that follow look late.
                late.append(one)
                self._note_ahead(one.channel, at)
            else:
                last[one.channel] = at
                fresh.append(one)
        return fresh if not late else self._sift(tx, arrived, fresh, late)

    def _note_ahead(self, channel: int, at: int) -> None:
        if len(self._ahead) >= AHEAD_MAX:
            self._ahead.clear()
        self._ahead.add((channel, at))

    def _sift(
        self, tx: Tx, arrived: Sequence[Arrived], fresh: Sequence[Arrived], late: Sequence[Arrived]
    ) -> list[Arrived]:
        known = self._store.history.known(tx, _spans(late))
        chosen = {id(one) for one in fresh}
        kept: list[Arrived] = []
        item = 0
        for one in arrived:
            if one.item == 0:
                item = 0
            seen = known.setdefault(one.channel, {})
            identity, received_at = one.reading.identity, one.reading.received_at
            earlier = seen.get(identity)
            # A copy that arrived earlier than the one in the log (an import) counts: trust depends on arrival.
            if id(one) in chosen or earlier is None or received_at < earlier:
                kept.append(one._replace(item=item))  # of those kept, so that 0 still begins a message
                item += 1
                seen[identity] = received_at if earlier is None else min(earlier, received_at)
        return kept


def _spans(late: Sequence[Arrived]) -> dict[int, tuple[int, int]]:
    """For each channel, from which to which instant the log must be searched."""
    spans: dict[int, tuple[int, int]] = {}
    for one in late:
        at = one.reading.measured_at
        low, high = spans.get(one.channel, (at, at))
        spans[one.channel] = (min(low, at), max(high, at))
    return spans
