"""Doors that stand open: what units tell of themselves, and the deadlines that follow from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from monitor.core.alarm.condition import LEVEL_OF, AlarmCondition, Truth
from monitor.core.profile.installation import Unit
from monitor.core.sign.base import Told
from monitor.core.sign.detection import Detection
from monitor.core.sign.door import door_open, door_shut, openings
from monitor.core.sign.trail import PARTS_FOR
from monitor.core.time.instant import DAY, format_instant, parse_instant
from monitor.ports import Store, Tx
from monitor.writer.alarm.alarms import Alarms
from monitor.writer.condition.conditions import Conditions
from monitor.writer.condition.uploads import PATIENCE
from monitor.writer.turn import Turn, Waiting

FORGOTTEN_AFTER = DAY
"""A door that was opened so long before anybody heard of it is not said to be open now."""
_NEVER = 1 << 62


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
        self._events: dict[str, list[Told]] = {}
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

    def events_of(self, unit: str) -> list[Told]:
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
            Told(row["occurred_at"], str(row["kind"])) for row in rows if not row["conflict"]
        ]

    def _judge(self, tx: Tx, unit: str, now: int) -> None:
        condition, events = AlarmCondition.DOOR_OPEN, self._events[unit]
        alarm = self._alarms.get(condition, unit)
        if alarm is not None:
            shut_at = door_shut(events, parse_instant(alarm.evidence["started_at"]), now)
            if shut_at is not None:
                evidence = {"clear_reason": "recovered", "ended_at": format_instant(shut_at)}
                self._alarms.end(tx, condition, unit, at=shut_at, now=now, evidence=evidence)
        self._note_past(tx, unit, now)
        sign = door_open(unit, events, now, self._after)
        # Told of late, as a part of an upload is: that the door was shut may be on its way.
        sure_at = self._heard_at[unit] + PATIENCE
        if sign is not None and alarm is None and sign.since_at <= self._heard_at[unit] and now < sure_at:
            self._due[unit] = sure_at
            return
        if sign is not None and alarm is None and self._is_silent_since(unit, sign.since_at):
            self._due[unit] = now + PATIENCE
            return
        if sign is not None and now - sign.since_at < FORGOTTEN_AFTER:
            evidence = {**sign.evidence, **self._conditions.place(unit)}
            self._alarms.hold(tx, Truth(condition, unit, sign.since_at, sign.level, evidence), now)
        coming = [event.at for event in events if event.at > now]
        if sign is None:
            coming += [start + self._after for start, end in openings(events) if end is None]
        due_at = min((at for at in coming if at > now), default=_NEVER)
        if due_at != _NEVER:
            self._due[unit] = due_at

    def _is_silent_since(self, unit: str, at: int) -> bool:
        """Whether nothing that was ever heard of a unit has come since: that its door was shut may be held up too."""
        heard = [self._last_heard_at(str(probe.channel)) for probe in self._units[unit].probes]
        known = [one for one in heard if one is not None]
        return bool(known) and max(known) < at

    def _note_past(self, tx: Tx, unit: str, now: int) -> None:
        """Doors that had stood open for too long, and were shut before anybody could say so, are on record."""
        condition = AlarmCondition.DOOR_OPEN
        over = [
            (start, end)
            for start, end in openings(self._events[unit])
            if end is not None and end <= now and end - start >= self._after
        ]
        if not over:
            return
        facts = self._store.facts.current(tx, "alarm", subjects=[unit])
        known = {
            fact.body["evidence"].get("started_at")
            for fact in facts
            if fact.body["condition"] == condition.value
        }
        for start, end in over:
            if format_instant(start) not in known:
                text = "its door stood open for longer than it may"
                evidence = {"text": text, "started_at": format_instant(start), **self._conditions.place(unit)}
                truth = Truth(condition, unit, start + self._after, LEVEL_OF[condition], evidence)
                self._alarms.past(tx, truth, ended_at=end, now=now)
