"""Custody: where a lot was and when, who decided what about it, and which of its events count.

A fold over the lot's events in the order of (``occurred_at``, ``event_id``). An event that has no effect stays on
record and is shown with the reason.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple
from zoneinfo import ZoneInfo

from monitor.core.instant import end_of_day
from monitor.core.lot import Disposition, LotEvent, LotEventKind


class Stay(NamedTuple):
    """The time from ``from_at`` (to ``to_at``, None: until now) in one unit, or out of storage (``unit`` None)."""

    unit: str | None
    from_at: int
    to_at: int | None


@dataclass(slots=True)
class LotHistory:
    """What the events of a lot say as of an instant.

    ``zone`` is the time zone of the lot's site. ``registered`` is None while the lot's ``registered`` event has not
    come. ``expires_at`` is the label's: the first instant at which the lot is expired. ``without_effect`` names
    events that don't count, and why.
    """

    lot: str
    as_of: int
    zone: ZoneInfo
    registered: LotEvent | None = None
    custody: list[Stay] = field(default_factory=list)
    expires_at: int | None = None
    disposition: Disposition = Disposition.IN_STORAGE
    disposed_at: int | None = None
    without_effect: dict[str, str] = field(default_factory=dict)

    @property
    def unit(self) -> str | None:
        """Where the lot is; None when out of storage, not yet stored or disposed of."""
        if self.disposed_at is not None or not self.custody:
            return None
        return self.custody[-1].unit

    @property
    def judged_at(self) -> int:
        """The instant as of which the lot is judged: a disposed one as of its disposal."""
        return self.as_of if self.disposed_at is None else min(self.as_of, self.disposed_at)


def voided_by(events: Iterable[LotEvent]) -> dict[str, str]:
    """The events that a void in force names: their ``event_id`` to that of the void.

    A void can be voided; one that names itself voids nothing. Of voids that name each other in a ring, which says
    nothing sensible, one counts, by its id.
    """
    by_id = {event.event_id: event for event in events}
    voids: dict[str, list[str]] = {}
    for event in by_id.values():
        if event.kind is LotEventKind.VOIDED and event.voids in by_id and event.voids != event.event_id:
            voids.setdefault(str(event.voids), []).append(event.event_id)
    in_force: dict[str, bool] = {}
    for event_id in sorted(by_id):
        _settle(event_id, voids, in_force)
    return {
        event_id: next(void for void in sorted(voids[event_id]) if in_force[void])
        for event_id in sorted(by_id)
        if not in_force[event_id]
    }


def _settle(first: str, voids: Mapping[str, list[str]], in_force: dict[str, bool]) -> None:
    """Works out whether an event is in force: whether no void of it is. Without recursion: chains may be long."""
    open_path, path = {first}, [first]
    while path:
        event_id = path[-1]
        unsettled = [v for v in voids.get(event_id, ()) if v not in in_force and v not in open_path]
        if event_id not in in_force and unsettled:
            open_path.add(unsettled[0])
            path.append(unsettled[0])
            continue
        if event_id not in in_force:
            # A void that is waiting for this one is part of a ring, and voids nothing here.
            in_force[event_id] = not any(in_force.get(void, False) for void in voids.get(event_id, ()))
        path.pop()
        open_path.discard(event_id)


def lot_history(
    lot: str, events: Collection[LotEvent], *, as_of: int, zone: ZoneInfo, contested: Collection[str] = ()
) -> LotHistory:
    """Folds a lot's events as of an instant.

    ``zone`` is the time zone in which ``expires_on`` dates end; ``contested`` are event ids that came with different
    contents: those count at no instant. A voided event counts at no instant, whenever it was voided.
    """
    history = LotHistory(lot, as_of, zone)
    voided = voided_by(event for event in events if event.event_id not in contested)
    for event in sorted(events, key=lambda e: (e.occurred_at, e.event_id)):
        if event.event_id in contested:
            history.without_effect[event.event_id] = "its event_id came with other content too"
        elif event.event_id in voided:
            history.without_effect[event.event_id] = f"voided by {voided[event.event_id]}"
        elif event.occurred_at <= as_of:
            why_not = _apply(history, event, zone)
            if why_not is not None:
                history.without_effect[event.event_id] = why_not
    return history


def _apply(history: LotHistory, event: LotEvent, zone: ZoneInfo) -> str | None:
    """Takes one event; says why if it has no effect."""
    if event.kind is LotEventKind.REGISTERED:
        return _register(history, event, zone)
    if history.registered is None:
        return "before the lot was registered"
    if history.disposed_at is not None:
        return "after the lot was disposed of"
    match event.kind:
        case LotEventKind.MOVED:
            _move(history, event.unit, event.occurred_at)
        case LotEventKind.EXPIRY_CHANGED:
            return _change_expiry(history, event, zone)
        case LotEventKind.QUARANTINED:
            history.disposition = Disposition.QUARANTINED
        case LotEventKind.DISPOSED:
            history.disposition = Disposition.DISPOSED
            history.disposed_at = event.occurred_at
            if history.custody:
                history.custody[-1] = history.custody[-1]._replace(to_at=event.occurred_at)
        case _:
            pass  # thaws and aliquots are judged elsewhere; a void acts before the fold
    return None


def _register(history: LotHistory, event: LotEvent, zone: ZoneInfo) -> str | None:
    if history.registered is not None:
        return f"the lot is registered already, by {history.registered.event_id}"
    history.registered = event
    history.expires_at = expiry_of(event, zone)
    if event.unit is not None:
        history.custody.append(Stay(event.unit, event.occurred_at, None))
    return None


def _move(history: LotHistory, unit: str | None, at: int) -> None:
    """The timeline begins at the first storage; a move to where the lot is already begins nothing."""
    if not history.custody:
        if unit is not None:
            history.custody.append(Stay(unit, at, None))
        return
    last = history.custody[-1]
    if last.unit != unit:
        history.custody[-1] = last._replace(to_at=at)
        history.custody.append(Stay(unit, at, None))


def _change_expiry(history: LotHistory, event: LotEvent, zone: ZoneInfo) -> str | None:
    changed = expiry_of(event, zone)
    if history.expires_at is not None and (changed is None or changed >= history.expires_at):
        return "an expiry date can only be brought forward; a later one is a signed decision of QA"
    history.expires_at = changed
    return None


def expiry_of(event: LotEvent, zone: ZoneInfo) -> int | None:
    """The first instant at which the label's date has passed: ``expires_on`` is good through the end of its day."""
    if event.expires_at is not None:
        return event.expires_at
    return None if event.expires_on is None else end_of_day(date.fromisoformat(event.expires_on), zone)
