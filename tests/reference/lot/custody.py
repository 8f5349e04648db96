"""What the events of all lots say of each: which count, who descends from whom, where each lot was."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from ..lines import EPOCH
from .inputs import Event, Events, Unit, UnitVersion

DISPOSITIONS = {
    "registered": "in_storage",
    "quarantined": "quarantined",
    "released": "released",
    "rejected": "rejected",
    "disposed": "disposed",
}


@dataclass(frozen=True)
class Stay:
    """A stay in a unit, or out of storage (``unit`` None): from ``from_at`` up to, not with, ``to_at``.

    ``lasts`` says that it goes on at the end of the timeline; that instant then belongs to it.
    """

    unit: str | None
    from_at: int
    to_at: int
    lasts: bool


@dataclass
class Life:
    """A lot: the events that count for it, its parent's up to the aliquoting first, in order."""

    parent: str | None
    events: list[Event]
    children: list[str] = field(default_factory=list)

    @property
    def registered(self) -> Event:
        return self.events[0]

    @property
    def disposed_at(self) -> int | None:
        return self.events[-1].occurred_at if self.events[-1].kind == "disposed" else None


def settle(events: Iterable[tuple[str, Event]]) -> tuple[dict[str, list[Event]], set[str]]:
    """Events as they came, with the lot of each → (events by lot without copies, the ids that conflict)."""
    by_id: dict[str, set[tuple[str, Event]]] = defaultdict(set)
    for lot, event in events:
        by_id[event.event_id].add((lot, event))
    contested = {event_id for event_id, said in by_id.items() if len(said) > 1}
    by_lot: dict[str, list[Event]] = defaultdict(list)
    for event_id, said in by_id.items():
        if event_id not in contested:
            for lot, event in said:
                by_lot[lot].append(event)
    return dict(by_lot), contested


def that_count(events: Iterable[Event], contested: Collection[str]) -> list[Event]:
    """The events of one lot that are neither set aside nor voided, whatever the order of their times.

    An event counts if no counting void names it. Voids that void each other in a circle count for nothing.
    """
    left = {event.event_id: event for event in events if event.event_id not in contested}
    voids = {event.event_id: event.voids for event in left.values() if event.kind == "voided"}
    status: dict[str, bool] = {}
    while True:
        undecided = [event_id for event_id in left if event_id not in status]
        before = len(status)
        for event_id in undecided:
            against = [status.get(by) for by, target in voids.items() if target == event_id]
            if True in against:
                status[event_id] = False
            elif all(counts is False for counts in against):
                status[event_id] = True
        if len(status) == before:
            break
    idle = {event_id for event_id in left if event_id not in status}
    return [
        event
        for event_id, event in left.items()
        if event.kind != "voided" and (status.get(event_id, False) or event_id in idle)
    ]


def lives(events_by_lot: Events, contested: Collection[str], as_of: int) -> dict[str, Life]:
    """Every lot that exists at ``as_of``: events of all lots applied in the order of (occurred_at, event_id)."""
    in_order = sorted(
        (event.occurred_at, event.event_id, lot, event)
        for lot, events in events_by_lot.items()
        for event in that_count(events, contested)
        if event.occurred_at <= as_of
    )
    found: dict[str, Life] = {}
    for _at, _id, lot, event in in_order:
        if lot not in found:
            if event.kind == "registered":
                found[lot] = Life(None, [event])
            continue
        life = found[lot]
        if event.kind == "registered" or life.disposed_at is not None:
            continue  # a second registration is refused, and a disposal ends the timeline
        for child in event.into if event.kind == "aliquoted" else ():
            if child not in found:
                found[child] = Life(lot, list(life.events))
                life.children.append(child)
        life.events.append(event)
    return found


def stays(events: Iterable[Event], as_of: int) -> list[Stay]:
    """The lot's stays from its first storage up to ``as_of``; a stay without any length never was."""
    moves = [event for event in events if event.kind in ("registered", "moved")]
    found: list[Stay] = []
    for position, event in enumerate(moves):
        lasts = position + 1 == len(moves)
        to_at = as_of if lasts else moves[position + 1].occurred_at
        if not lasts and to_at == event.occurred_at:
            continue
        if found and found[-1].unit == event.unit:
            found[-1] = Stay(event.unit, found[-1].from_at, to_at, lasts)
        elif found or event.unit is not None:
            found.append(Stay(event.unit, event.occurred_at, to_at, lasts))
    return found


def versions_during(stay: Stay, units: Mapping[str, Unit]) -> list[tuple[UnitVersion | None, Stay]]:
    """A stay in a unit, cut where its class or its product probe changes; a unit nobody knows has no version."""
    unit = units.get(stay.unit or "")
    if unit is None:
        return [(None, stay)]
    found: list[tuple[UnitVersion, Stay]] = []
    for position, version in enumerate(unit.versions):
        last = position + 1 == len(unit.versions)
        from_at = stay.from_at if position == 0 else max(stay.from_at, version.from_at)
        to_at = stay.to_at if last else min(stay.to_at, unit.versions[position + 1].from_at)
        lasts = stay.lasts and (last or unit.versions[position + 1].from_at > stay.to_at)
        if from_at > to_at or (from_at == to_at and not lasts):
            continue
        if found and _same(found[-1][0], version):
            found[-1] = (version, Stay(stay.unit, found[-1][1].from_at, to_at, lasts))
        else:
            found.append((version, Stay(stay.unit, from_at, to_at, lasts)))
    return list(found)


def _same(one: UnitVersion, other: UnitVersion) -> bool:
    return (one.storage_class, one.probe) == (other.storage_class, other.probe)


def label(events: Iterable[Event], zone: ZoneInfo) -> int:
    """The label's expiry in force: the registered one, or the last change to an earlier one."""
    found: int | None = None
    for event in events:
        if event.kind in ("registered", "expiry_changed"):
            expires_at = _expires_at(event, zone)
            if found is None or expires_at < found:
                found = expires_at
    assert found is not None
    return found


def _expires_at(event: Event, zone: ZoneInfo) -> int:
    """The instant from which it is expired: the beginning of the day after ``expires_on``."""
    if event.expires_at is not None:
        return event.expires_at
    assert event.expires_on is not None
    after = date.fromisoformat(event.expires_on) + timedelta(days=1)
    midnight = datetime(after.year, after.month, after.day, tzinfo=zone)
    return (midnight - EPOCH) // timedelta(milliseconds=1)


def disposition(events: Iterable[Event]) -> str:
    """The last word on the lot."""
    return [DISPOSITIONS[event.kind] for event in events if event.kind in DISPOSITIONS][-1]
