"""Units that lost their power: reads what :mod:`monitor.core.alarm.cause.power` decides by, and keeps when to look
again."""

from __future__ import annotations

from collections.abc import Sequence

from monitor.core.alarm.cause.outcome import unwatched
from monitor.core.alarm.cause.power import LOST, PowerState, ReceivedEvent, of_power
from monitor.core.profile.installation import Installation
from monitor.core.sign.trail import PARTS_FOR
from monitor.ports import Store, Tx
from monitor.writer.alarm.alarms import Alarms
from monitor.writer.condition.conditions import Conditions
from monitor.writer.turn import Turn, Waiting


class Power:
    """Looks at the events of units of the last three days whenever one comes. Used by the one writer, within its
    transactions."""

    def __init__(
        self, store: Store, installation: Installation, alarms: Alarms, conditions: Conditions
    ) -> None:
        self._store = store
        self._installation = installation
        self._alarms = alarms
        self._conditions = conditions
        self._due: dict[str, int] = {}

    def resume(self, tx: Tx, now: int) -> None:
        """Looks at every unit again. Alarms of units that are no longer watched are over."""
        self._due.clear()
        for unit in self._store.log.event_subjects(tx, "unit"):
            self.stir(unit)
        for unit in self._alarms.open_subjects(LOST):
            if unit not in self._installation.units:
                self._alarms.carry_out(tx, [unwatched(LOST, unit, now)], now)

    @property
    def to_do(self) -> Sequence[Waiting]:
        """The units to look at."""
        return (self._due,)

    def recall(self, turn: Turn) -> None:
        """Nothing: what waits is given back."""

    def stir(self, unit: str) -> None:
        """An event of a unit has come."""
        if unit in self._installation.units:
            self._due[unit] = 0

    def due(self, now: int) -> list[str]:
        """The units of which something has come, or has waited long enough."""
        return sorted(unit for unit, due_at in self._due.items() if due_at <= now)

    def look(self, turn: Turn, unit: str) -> None:
        """Looks at a unit's outages."""
        del self._due[unit]
        self._judge(turn.tx, unit, turn.now)

    def _judge(self, tx: Tx, unit: str, now: int) -> None:
        rows = self._store.log.events(tx, "unit", subject=unit, start=now - PARTS_FOR)
        events = [
            ReceivedEvent(row["occurred_at"], str(row["kind"]), row["received_at"])
            for row in rows
            if not row["conflict"]
        ]
        is_told = any(event.kind == LOST.value for event in events)
        power = PowerState(
            unit,
            events,
            alarm=self._alarms.get(LOST, unit),
            on_record=self._on_record(tx, unit) if is_told else (),
            zone=self._installation.zone_of(unit.partition("/")[0]),
            place=self._conditions.place(unit),
        )
        decided = of_power(power, now)
        self._alarms.carry_out(tx, decided.outcomes, now)
        if decided.look_at is not None:
            self._due[unit] = decided.look_at

    def _on_record(self, tx: Tx, unit: str) -> list[tuple[int, int]]:
        """From when to when there were alarms about lost power that are over."""
        facts = self._store.facts.current(tx, "alarm", subjects=[unit])
        return [
            (fact.from_at, fact.to_at)
            for fact in facts
            if fact.body["condition"] == LOST.value and fact.to_at is not None
        ]
