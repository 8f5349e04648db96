"""What holds back the telling of alarms, as facts: who asked for it, why, until when, and how it ended."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from monitor.core.alarm.alarm import Alarm
from monitor.core.alarm.condition import NATURE
from monitor.core.alarm.suppression import Suppression, breaks_through
from monitor.ports import Fact, Store, Tx
from monitor.writer.turn import Turn, Waiting

KIND = "suppression"


class Suppressions:
    """Those that have not ended. Used by the one writer."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._in_force: dict[str, Suppression] = {}

    @property
    def to_do(self) -> Sequence[Waiting]:
        """Nothing: all of it is on record."""
        return ()

    def recall(self, turn: Turn) -> None:
        """Finds those that have not ended."""
        facts = self._store.facts.current(turn.tx, KIND, open_only=True)
        self._in_force = {fact.id: Suppression.from_json(fact.body) for fact in facts}

    def in_force(self) -> Sequence[Suppression]:
        """Those that have not ended, also such as are yet to begin."""
        return list(self._in_force.values())

    def shelves(self, now: int) -> list[Suppression]:
        """The shelves that stand."""
        return [one for one in self._in_force.values() if one.kind == "shelved" and one.holds(now)]

    def has(self, suppression_id: str) -> bool:
        """Whether there is one that has not ended."""
        return suppression_id in self._in_force

    def get(self, suppression_id: str) -> Suppression:
        """One that has not ended. Raises LookupError for an unknown one or one that has."""
        found = self._in_force.get(suppression_id)
        if found is None:
            raise LookupError(f"nothing is held back under {suppression_id!r} now")
        return found

    def shelf_of(self, alarm: Alarm, now: int) -> Suppression | None:
        """The shelf that an alarm is on."""
        return next((one for one in self.shelves(now) if one.covers(alarm)), None)

    def add(self, tx: Tx, wanted: Suppression, now: int) -> Suppression:
        """Puts one on record, with an id of its own."""
        added = replace(wanted, id=f"s{self._store.facts.next_position()}")
        self._record(tx, added, now, f"{added.kind} by {added.owner}: {added.reason}")
        return added

    def end(self, tx: Tx, one: Suppression, *, at: int, by: str, why: str) -> Suppression:
        """Ends one."""
        ended = replace(one, ended_at=at, ended_by=by, ended_why=why)
        self._record(tx, ended, at, f"ended by {by}: {why}")
        return ended

    def why_broken(
        self, shelf: Suppression, alarm: Alarm, alarms: Iterable[Alarm], *, act_by: int | None = None
    ) -> str | None:
        """Why a shelf can't stand any more: what got worse since, in words."""
        unit = alarm.grounds.unit
        worse = (
            str(one.evidence.get("text", f"{one.condition} of {one.subject}"))
            for one in alarms
            if NATURE[one.condition].breaks_shelf
            and one.known_at > shelf.from_at
            and unit is not None
            and one.grounds.unit == unit
        )
        return breaks_through(shelf, alarm, act_by=act_by, lots_worse=worse)

    def _record(self, tx: Tx, one: Suppression, now: int, reason: str) -> None:
        old = self._store.facts.one(tx, KIND, one.id)
        fact = Fact(
            kind=KIND,
            id=one.id,
            version=1 if old is None else old.version + 1,
            recorded_at=now,
            subject=one.subject,
            from_at=one.from_at,
            to_at=one.ended_at,
            body=one.to_json(),
        )
        self._store.facts.record(tx, fact, reason)
        if one.ended_at is None:
            self._in_force[one.id] = one
        else:
            self._in_force.pop(one.id, None)
