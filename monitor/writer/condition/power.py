"""Units that lost their power, as they tell it themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from monitor.core.alarm.condition import LEVEL_OF, AlarmCondition, Truth
from monitor.core.alarm.flood import POWER_GATHER_FOR
from monitor.core.alarm.power import Outage, outages, overlaps, restored_after
from monitor.core.profile.installation import Installation
from monitor.core.sign.base import Told
from monitor.core.sign.trail import PARTS_FOR
from monitor.core.time.instant import format_instant, format_local, parse_instant
from monitor.ports import JSON, Store, Tx
from monitor.writer.alarm.alarms import Alarms
from monitor.writer.condition.conditions import Conditions
from monitor.writer.condition.uploads import PATIENCE
from monitor.writer.turn import Turn, Waiting

_LOST = AlarmCondition.POWER_LOST


class Power:
    """Looks at the events of units of the last three days whenever one comes. An outage that is told at once is an
    alarm at once; one that is told of late waits a little, for that it is over may be on its way."""

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
        for unit in self._alarms.open_subjects(_LOST):
            if unit not in self._installation.units:
                evidence = {"clear_reason": "no_longer_watched"}
                self._alarms.end(tx, _LOST, unit, at=now, now=now, evidence=evidence)

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
        rows = [row for row in rows if not row["conflict"]]
        events = [Told(row["occurred_at"], str(row["kind"])) for row in rows]
        self._end(tx, unit, events, now)
        found = outages(events, now)
        known = self._known(tx, unit) if found else []
        for outage in found:
            if any(overlaps(outage, start, end) for start, end in known):
                continue
            if outage.restored_at is not None:
                self._alarms.past(tx, self._truth(unit, outage), ended_at=outage.restored_at, now=now)
            elif (sure_at := self._sure_at(rows, outage)) <= now:
                self._alarms.hold(tx, self._truth(unit, outage), now)
            else:
                self._due[unit] = sure_at
        ahead = [event.at for event in events if event.at > now]
        if ahead:
            self._due[unit] = min([*ahead, self._due.get(unit, ahead[0])])
        if found and found[-1].restored_at is None:
            self._note_backup(tx, unit, found[-1], now)

    def _end(self, tx: Tx, unit: str, events: Sequence[Told], now: int) -> None:
        alarm = self._alarms.get(_LOST, unit)
        if alarm is None:
            return
        restored_at = restored_after(events, parse_instant(alarm.evidence["started_at"]), now)
        if restored_at is not None:
            evidence = {"clear_reason": "recovered", "ended_at": format_instant(restored_at)}
            self._alarms.end(tx, _LOST, unit, at=restored_at, now=now, evidence=evidence)

    def _sure_at(self, rows: Sequence[Mapping[str, int]], outage: Outage) -> int:
        """From when on an outage is told: at once, or, if it came late, when what follows has had time to come."""
        heard = [row["received_at"] for row in rows if row["occurred_at"] == outage.lost_at]
        is_late = min(heard) - outage.lost_at > PATIENCE
        return max(row["received_at"] for row in rows) + PATIENCE if is_late else outage.lost_at

    def _known(self, tx: Tx, unit: str) -> list[tuple[int, int | None]]:
        """From when to when there was an alarm about lost power, open ones included."""
        facts = self._store.facts.current(tx, "alarm", subjects=[unit])
        return [(fact.from_at, fact.to_at) for fact in facts if fact.body["condition"] == _LOST.value]

    def _truth(self, unit: str, outage: Outage) -> Truth:
        evidence: JSON = {
            "text": self._words(unit, outage),
            "started_at": format_instant(outage.lost_at),
            **self._conditions.place(unit),
        }
        return Truth(_LOST, unit, outage.lost_at, LEVEL_OF[_LOST], evidence, tell_after=POWER_GATHER_FOR)

    def _words(self, unit: str, outage: Outage) -> str:
        zone = self._installation.zone_of(unit.partition("/")[0])
        told = [f"backup cooling {what} {format_local(at, zone)}" for at, what in outage.backup]
        return ", ".join(["it told that its power is gone", *told])

    def _note_backup(self, tx: Tx, unit: str, outage: Outage, now: int) -> None:
        """What is known of the backup cooling is kept with the alarm; nobody is told of it anew."""
        alarm, text = self._alarms.get(_LOST, unit), self._words(unit, outage)
        is_of_it = alarm is not None and alarm.evidence["started_at"] == format_instant(outage.lost_at)
        if alarm is not None and is_of_it and alarm.evidence["text"] != text:
            told = replace(alarm, evidence={**alarm.evidence, "text": text})
            self._alarms.record(tx, told, now, "backup cooling")
