"""Which lots wait to be judged again, and what wakes the others: an event, a reading, a silence, late data."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

from monitor.core.lot.ledger import Ledger
from monitor.core.time.instant import LATEST, SECOND
from monitor.ports import ProfileBook, Store, Tx
from monitor.writer.lot.findings import Judged, LotEvents
from monitor.writer.lot.ledgers import Waking

LATE_EVERY = 30 * SECOND
"""A lot is judged after late readings at most so often; a restart judges all that waited."""
_LATE = "late data"


class LotQueue:
    """Each lot waits once, so that a unit with very many of them holds up no reading. Used by the one writer."""

    def __init__(self, store: Store, profiles: ProfileBook) -> None:
        self._store = store
        self._profiles = profiles
        self._waking = Waking()
        self._until: dict[str, dict[str, int]] = {}  # per channel: lots that were there, and until when
        self._reasons: dict[str, str] = {}
        self._told_silent: set[int] = set()
        self._late: set[str] = set()  # lots to be judged after late readings, when they may be
        self._late_until: dict[str, int] = {}  # until when a lot isn't judged again for late readings

    # --- what a lot waits for ---

    def wait(self, judged: Judged) -> None:
        """A lot was judged: from now on it waits for this."""
        lot = judged.history.lot
        self._waking.wait(lot, judged.waits)
        for channel in {abode.channel for abode in judged.abodes if abode.channel is not None}:
            until = max(abode.to_at for abode in judged.abodes if abode.channel == channel)
            is_there = judged.history.unit is not None and judged.abodes[-1].channel == channel
            self._until.setdefault(channel, {})[lot] = LATEST if is_there else until

    def forget(self, lot: str) -> None:
        """A lot waits for nothing any more."""
        self._waking.forget(lot)

    # --- what must be judged again ---

    def put(self, lots: Iterable[str], reason: str) -> None:
        """These lots must be judged again."""
        for lot in lots:
            self._reasons.setdefault(lot, reason)

    def put_all(self, tx: Tx, reason: str) -> LotEvents:
        """All lots must be judged again; returns their events, read at once."""
        events = LotEvents(self._store, tx)
        self.put(events.lots(), reason)
        return events

    def after_event(self, tx: Tx, lots: Iterable[str]) -> None:
        """Events came: their lots, all aliquots of them, and who else claims one of these as a child."""
        for lot in sorted(lots):
            family = self._store.log.descendants(tx, lot) | self._store.log.relatives(tx, lot)
            self.put([lot, *sorted(family)], "event")

    def after_readings(self, stirred: Iterable[Ledger]) -> None:
        """Readings came that matter to lots."""
        for ledger in stirred:
            self._told_silent.discard(id(ledger))
            self.put(self._waking.woken(ledger), "readings")

    def after_late(self, channel: str, at: int, now: int) -> None:
        """Readings of ``at`` or later came late: every lot that was there then, or whose last line there changes. Each
        at most once in :data:`LATE_EVERY`: what comes late, comes in numbers."""
        rules = self._profiles.rules_of(channel)
        gap = 0 if rules is None else max(settings.max_gap for _, settings in rules.settings)
        there = self._until.get(channel, {})
        for lot in sorted(lot for lot, until in there.items() if until >= at - gap):
            if self._late_until.get(lot, now) <= now:
                self._late_until[lot] = now + LATE_EVERY
                self.put([lot], _LATE)
            else:
                self._late.add(lot)

    def release_late(self, now: int) -> None:
        """Late readings that have waited long enough are looked at."""
        for lot in sorted(lot for lot in self._late if not now < self._late_until[lot] <= now + LATE_EVERY):
            self._late.discard(lot)
            self._late_until[lot] = now + LATE_EVERY
            self.put([lot], _LATE)
        over = [lot for lot, until in self._late_until.items() if until <= now and lot not in self._late]
        for lot in over:
            del self._late_until[lot]

    def put_silent(self, now: int) -> None:
        """The present time of these lots turned from pending to unknown."""
        for ledger in self._waking.inhabited():
            if id(ledger) not in self._told_silent and ledger.unknown_at <= now:
                self._told_silent.add(id(ledger))
                self.put(sorted(self._waking.residents(ledger)), "silence")

    # --- the queue ---

    def due(self, limit: int) -> list[str]:
        """The next lots; they stay until :meth:`done`."""
        return list(islice(self._reasons, limit))

    def why(self, lot: str) -> str:
        """Why a lot that waits is to be judged again."""
        return self._reasons[lot]

    def done(self, lots: Iterable[str]) -> None:
        """These were judged, and that is committed."""
        for lot in lots:
            self._reasons.pop(lot, None)
