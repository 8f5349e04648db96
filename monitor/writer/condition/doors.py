"""Doors that stand open: reads what :mod:`monitor.core.alarm.cause.door` decides by, and keeps when to look again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from monitor.core.alarm.alarm import Alarm
from monitor.core.alarm.cause.door import DOOR, DoorState, of_door, stood_open
from monitor.core.profile.installation import Unit
from monitor.core.sign.base import ToldEvent
from monitor.core.sign.detection import Detection
from monitor.core.sign.trail import PARTS_FOR
from monitor.ports import Store, Tx
from monitor.writer.alarm.alarms import Alarms
from monitor.writer.condition.conditions import Conditions
from monitor.writer.turn import Turn, Waiting


class Doors:
    """The events of units of the last three days, and which door must be looked at when."""

    def __init__(
        self,
        store: Store,
        detection: Detection,
        units: Mapping[str, Unit],
        alarms: Alarms,
        conditions: Conditions,
        heard_at: Callable[[str], int | None],
    ) -> None:
        self._store = store
        self._last_heard_at = heard_at
        self._after = detection.door_open_after
        self._is_on = detection.door_open
        self._units = units
        self._alarms = alarms
        self._conditions = conditions
        self._events: dict[str, list[ToldEvent]] = {}
        self._stirred: set[str] = set()
        self._due: dict[str, int] = {}
        self._heard_at: dict[str, int] = {}

    def resume(self, tx: Tx, now: int) -> None:
        """Takes the events from the store again."""
        self._due.clear()
        self._events.clear()
        self._stirred.clear()
        for unit in self._store.log.event_subjects(tx, "unit"):
            self.stir(unit)

    @property
    def to_do(self) -> Sequence[Waiting]:
        """The units to look at."""
        return (self._due, self._stirred)

    def recall(self, turn: Turn) -> None:
        """Nothing: what waits is given back."""

    def stir(self, unit: str) -> None:
        """An event of a unit has come."""
        if unit in self._units:
            self._stirred.add(unit)

    def events_of(self, unit: str) -> list[ToldEvent]:
        """What a unit told in the last three days."""
        return self._events.get(unit, [])

    def due(self, now: int) -> list[str]:
        """The units of which an event has come, or whose deadline has passed."""
        return sorted({unit for unit, due_at in self._due.items() if due_at <= now} | self._stirred)

    def look(self, turn: Turn, unit: str) -> None:
        """Takes the deadline that has passed, and the events that have come."""
        if unit in self._stirred or unit not in self._events:
            self._read(turn.tx, unit, turn.now)
        self._due.pop(unit, None)
        self._stirred.discard(unit)
        if self._is_on:
            self._judge(turn.tx, unit, turn.now)

    def _read(self, tx: Tx, unit: str, now: int) -> None:
        rows = self._store.log.events(tx, "unit", subject=unit, start=now - PARTS_FOR)
        self._heard_at[unit] = max((row["received_at"] for row in rows), default=now)
        self._events[unit] = [
            ToldEvent(row["occurred_at"], str(row["kind"])) for row in rows if not row["conflict"]
        ]

    def _judge(self, tx: Tx, unit: str, now: int) -> None:
        events = self._events[unit]
        is_past = bool(stood_open(events, self._after, now))
        door = DoorState(
            unit,
            events,
            told_at=self._heard_at[unit],
            alarm=self._alarms.get(DOOR, unit),
            heard_at=self._probes_heard_at(unit),
            on_record=self._on_record(tx, unit) if is_past else (),
            place=self._conditions.place(unit),
        )
        decided = of_door(door, self._after, now)
        self._alarms.carry_out(tx, decided.outcomes, now)
        if decided.look_at is not None:
            self._due[unit] = decided.look_at

    def _probes_heard_at(self, unit: str) -> int | None:
        """When anything was last heard of a unit's probes; None: never."""
        heard = (self._last_heard_at(str(probe.channel)) for probe in self._units[unit].probes)
        return max((at for at in heard if at is not None), default=None)

    def _on_record(self, tx: Tx, unit: str) -> set[int | None]:
        """Since when the doors that alarms on record are about stood open."""
        facts = self._store.facts.current(tx, "alarm", subjects=[unit])
        alarms = (Alarm.from_json(fact.body) for fact in facts)
        return {alarm.grounds.started_at for alarm in alarms if alarm.condition is DOOR}
