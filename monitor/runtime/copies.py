"""Copies: readings that the log has already. QoS 1 delivers at least once, gateways repeat themselves."""

from __future__ import annotations

from collections.abc import Sequence

from monitor.ports import Arrived, Store, Tx


class Copies:
    """Knows the latest instant of each channel, so that a reading in order costs one look-up."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._last: dict[int, int] = {}

    def resume(self, tx: Tx) -> None:
        """Finds out how far each channel has come."""
        self._last = self._store.last_measured(tx)

    def leave_out(self, tx: Tx, arrived: Sequence[Arrived]) -> list[Arrived]:
        """Leaves out readings that the log has already. One later than all of its channel can't be a copy."""
        last, fresh = self._last, list[Arrived]()
        late: list[Arrived] = []
        for one in arrived:
            at = one.reading.measured_at
            if at > last.get(one.channel, at - 1):
                last[one.channel] = at
                fresh.append(one)
            else:
                late.append(one)
        return fresh if not late else self._sift(tx, arrived, fresh, late)

    def _sift(
        self, tx: Tx, arrived: Sequence[Arrived], fresh: Sequence[Arrived], late: Sequence[Arrived]
    ) -> list[Arrived]:
        spans: dict[int, tuple[int, int]] = {}
        for one in late:
            at = one.reading.measured_at
            low, high = spans.get(one.channel, (at, at))
            spans[one.channel] = (min(low, at), max(high, at))
        known = self._store.known(tx, spans)
        chosen = {id(one) for one in fresh}
        kept = []
        for one in arrived:
            seen = known.setdefault(one.channel, {})
            identity, received_at = one.reading.identity, one.reading.received_at
            earlier = seen.get(identity)
            # A copy that arrived earlier than the one in the log (an import) counts: trust depends on arrival.
            if id(one) in chosen or earlier is None or received_at < earlier:
                kept.append(one)
                seen[identity] = received_at if earlier is None else min(earlier, received_at)
        return kept
