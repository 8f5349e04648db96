"""What a batch says, put into the log. Nothing is judged here."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from monitor.core.alarm.cause.ourselves import of_conflict
from monitor.core.lot.event import LotEvent, UnitEvent
from monitor.ports import JSON, Arrived, Decoded, Outcome, Store
from monitor.writer.alarm.alarms import Alarms
from monitor.writer.health import Counts
from monitor.writer.intake.copies import Copies
from monitor.writer.lot.findings import event_to_json
from monitor.writer.turn import Turn


class Committed(NamedTuple):
    """What of a batch is in the log now: its readings but for copies, the lots that events were about, so many events
    that were new, and the position of the last of all."""

    rows: list[Arrived]
    lots: set[str]
    events: int
    position: int


class Intake:
    """Appends to the log. ``stir(unit)`` is told of each event of a unit."""

    def __init__(
        self, store: Store, copies: Copies, alarms: Alarms, counts: Counts, stir: Callable[[str], None]
    ) -> None:
        self._store = store
        self._copies = copies
        self._alarms = alarms
        self._counts = counts
        self._stir = stir

    def commit(self, turn: Turn, decoded: Decoded) -> Committed:
        """Appends what a batch says; it is durable when the turn is committed."""
        tx, log = turn.tx, self._store.log
        rows = self._copies.leave_out(tx, decoded.readings)
        turn.undo(self._store.history.as_it_is())
        position = log.next_position()
        log.append_readings(
            tx,
            [(position + n, channel, *reading, item) for n, (channel, reading, item, _) in enumerate(rows)],
            turn.now,
        )
        lots: set[str] = set()
        first_event = position + len(rows)
        for event, received_at in decoded.lot_events:
            self._append(turn, "lot", event.lot, received_at, event_to_json(event), lots)
        for unit_event, received_at in decoded.unit_events:
            body = {name: getattr(unit_event, name) for name in UnitEvent.__slots__}
            self._append(turn, "unit", unit_event.unit_path, received_at, body, lots)
        log.append_rejected(tx, decoded.rejected)
        turn.then(partial(self._count, decoded, len(rows)))
        end = log.next_position() if decoded.lot_events or decoded.unit_events else first_event
        return Committed(rows, lots, end - first_event, end - 1)

    def _count(self, decoded: Decoded, appended: int) -> None:
        counts = self._counts
        counts.received += len(decoded.readings)
        counts.duplicates += len(decoded.readings) - appended
        counts.appended += appended
        counts.rejected += len(decoded.rejected)
        counts.events += len(decoded.lot_events) + len(decoded.unit_events)
        counts.batches += 1

    def append_lot_event(self, turn: Turn, event: LotEvent, lots: set[str]) -> Outcome:
        """Appends an event that came just now; ``lots`` gains those to judge."""
        return self._append(turn, "lot", event.lot, turn.now, event_to_json(event), lots)

    def _append(
        self, turn: Turn, scope: str, subject: str, received_at: int, body: JSON, lots: set[str]
    ) -> Outcome:
        """Appends an event; ``lots`` gains those to judge: its own, and with a contested id all that had that id."""
        tx, event_id = turn.tx, body["event_id"]
        outcome = self._store.log.append_event(tx, scope, subject, received_at, body)
        if scope == "lot":
            lots.add(subject)
        else:
            self._stir(subject)
        if outcome == "conflict":
            lots.update(self._store.log.event_subjects(tx, "lot", event_id))
            self._alarms.carry_out(tx, [of_conflict(event_id, scope, subject, received_at)], turn.now)
        return outcome
