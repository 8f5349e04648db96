"""Custody: where a lot was and when, who decided what about it, and which of its events count, or would.

A fold over the lot's events in the order of (``occurred_at``, ``event_id``). An event that has no effect stays on
record and is shown with the reason. An aliquot is judged as if its parent's timeline up to the event that made it
were its own (docs/figures.md, "Events"); so its fold begins with its ancestors' events.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple
from zoneinfo import ZoneInfo

from monitor.core.lot.event import Disposition, LotEvent, LotEventKind
from monitor.core.time.instant import end_of_day, format_instant


class Stay(NamedTuple):
    """The time from ``from_at`` (to ``to_at``, None: until now) in one unit, or out of storage (``unit`` None)."""

    unit: str | None
    from_at: int
    to_at: int | None


@dataclass(slots=True)
class LotHistory:
    """What the events of a lot say as of an instant.

    ``zone`` is the time zone of the lot's site. ``registered`` is None while the lot's ``registered`` event has not
    come; an aliquot has that of its oldest ancestor, ``born_at`` is the instant of the aliquot itself. ``expires_at``
    is the label's: the first instant at which the lot is expired. ``thaw_events`` are ``thawed`` and ``refrozen``,
    ``bound`` is the last event by which QA bound another profile version, ``next_event_at`` the instant of the
    first event that is known already and lies after ``as_of``. ``without_effect`` names events that don't
    count, and why.
    """

    lot: str
    as_of: int
    zone: ZoneInfo
    registered: LotEvent | None = None
    born_at: int | None = None
    parent: str | None = None
    children: list[str] = field(default_factory=list)
    custody: list[Stay] = field(default_factory=list)
    expires_at: int | None = None
    disposition: Disposition = Disposition.IN_STORAGE
    disposed_at: int | None = None
    thaw_events: list[LotEvent] = field(default_factory=list)
    bound: LotEvent | None = None
    next_event_at: int | None = None
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


def births(events: Iterable[LotEvent]) -> dict[str, LotEvent]:
    """The event by which each lot came to be: its own ``registered``, or the ``aliquoted`` of a lot that existed.

    ``events``: those in force, of all lots that may be related, in any order. An id that is a lot already is refused.
    """
    found: dict[str, LotEvent] = {}
    disposed: set[str] = set()
    for event in sorted(events, key=_key):
        if event.kind is LotEventKind.REGISTERED:
            found.setdefault(event.lot, event)
        elif event.lot in found and event.lot not in disposed:
            if event.kind is LotEventKind.ALIQUOTED:
                for child in event.into:
                    found.setdefault(child, event)
            elif event.kind is LotEventKind.DISPOSED:
                disposed.add(event.lot)
    return found


def _key(event: LotEvent) -> tuple[int, str]:
    return event.key


def lot_history(
    lot: str,
    events: Collection[LotEvent],
    *,
    as_of: int,
    zone: ZoneInfo,
    contested: Collection[str] = (),
    relatives: Collection[LotEvent] = (),
) -> LotHistory:
    """Folds a lot's events as of an instant.

    ``zone`` is the time zone in which ``expires_on`` dates end; ``contested`` are event ids that came with different
    contents: those count at no instant. A voided event counts at no instant, whenever it was voided. ``relatives``
    are the events of its ancestors, of its children, and of other lots that claim one of them as an aliquot.
    """
    history = LotHistory(lot, as_of, zone)
    in_force = _in_force(history, events, relatives, contested)
    born = births(in_force)
    for of_lot, after, before in _lineage(lot, born):
        for event in in_force:
            if event.lot == of_lot and after < event.key < before and event.occurred_at <= as_of:
                why_not = _apply(history, event, zone)
                if why_not is not None and of_lot == lot:
                    history.without_effect[event.event_id] = why_not
    birth = born.get(lot)
    for event in in_force:
        if event.lot == lot and birth is not None and birth.lot != lot and event.key < birth.key:
            history.without_effect[event.event_id] = "before the lot was registered"
    if birth is not None and birth.occurred_at <= as_of:
        history.born_at = birth.occurred_at
        history.parent = None if birth.lot == lot else birth.lot
    elif birth is not None and birth.lot != lot:
        history = LotHistory(lot, as_of, zone, without_effect=history.without_effect)
    kin = {of_lot for of_lot, _, _ in _lineage(lot, born)}
    ahead = [event.occurred_at for event in in_force if event.lot in kin and event.occurred_at > as_of]
    history.next_event_at = min(ahead, default=None)
    _name_children(history, in_force, born)
    return history


_FIRST, _LAST = (-(1 << 62), ""), (1 << 62, "")
"""Keys before and after those of all events: instants of the years 1 to 9999 are far smaller."""


def _in_force(
    history: LotHistory,
    events: Collection[LotEvent],
    relatives: Collection[LotEvent],
    contested: Collection[str],
) -> list[LotEvent]:
    """All events that count, in order; notes the lot's own that don't."""
    own = [event for event in events if event.event_id not in contested]
    of_others: dict[str, list[LotEvent]] = {}
    for event in relatives:
        if event.event_id not in contested:
            of_others.setdefault(event.lot, []).append(event)
    found: list[LotEvent] = []
    for group in (own, *of_others.values()):
        voided = voided_by(group)
        found += [event for event in group if event.event_id not in voided]
        if group is own:
            history.without_effect = {
                event_id: f"voided by {void}" for event_id, void in sorted(voided.items())
            }
    for event in events:
        if event.event_id in contested:
            history.without_effect[event.event_id] = "its event_id came with other content too"
    return sorted(found, key=_key)


def _lineage(lot: str, born: Mapping[str, LotEvent]) -> list[tuple[str, tuple[int, str], tuple[int, str]]]:
    """Whose events make a lot's timeline, oldest ancestor first: (lot, after, before), keys of events."""
    found = []
    before = _LAST
    while True:
        birth = born.get(lot)
        is_aliquot = birth is not None and birth.lot != lot
        found.append((lot, birth.key if birth is not None and is_aliquot else _FIRST, before))
        if birth is None or not is_aliquot:
            return found[::-1]
        lot, before = birth.lot, birth.key


def _name_children(history: LotHistory, in_force: Iterable[LotEvent], born: Mapping[str, LotEvent]) -> None:
    for event in in_force:
        is_own = event.lot == history.lot and event.kind is LotEventKind.ALIQUOTED
        if not is_own or event.occurred_at > history.as_of or event.event_id in history.without_effect:
            continue
        refused = [child for child in event.into if born.get(child) is not event]
        history.children += [child for child in event.into if child not in refused]
        if refused:
            history.without_effect[event.event_id] = f"a lot already: {', '.join(refused)}"


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
        case LotEventKind.THAWED | LotEventKind.REFROZEN:
            history.thaw_events.append(event)
        case LotEventKind.BOUND:
            history.bound = event
        case LotEventKind.DISPOSED:
            # The last word on it, whatever was decided before; the stay ends, and no later event counts.
            history.disposition = Disposition.DISPOSED
            history.disposed_at = event.occurred_at
            if history.custody:
                history.custody[-1] = history.custody[-1]._replace(to_at=event.occurred_at)
        case _:
            pass  # a void acts before the fold, an aliquot on the new lots
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
    """The timeline begins at the first storage; a move to where the lot is already begins nothing, and a stay that
    ends as it begins never was."""
    custody = history.custody
    if custody and custody[-1].unit == unit:
        return
    if custody and custody[-1].from_at == at:
        custody.pop()
    elif custody:
        custody[-1] = custody[-1]._replace(to_at=at)
    if custody and custody[-1].unit == unit:
        custody[-1] = custody[-1]._replace(to_at=None)
    elif custody or unit is not None:
        custody.append(Stay(unit, at, None))


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


# --- what a person states ---


@dataclass(frozen=True, slots=True)
class LotStanding:
    """How it stands with a lot as an event about it is stated: its history as of the event, the kind of each of its
    events on record by id, which of the event's children are lots already, the profile version that judges it (None:
    it isn't registered), all ``profiles`` there are, the ``last_binding`` of all, and the site's zone."""

    history: LotHistory
    kinds: Mapping[str, str]
    children: Collection[str]
    profile: str | None
    profiles: Sequence[str]
    last_binding: LotEvent | None
    zone: ZoneInfo


def why_without_effect(event: LotEvent, standing: LotStanding) -> str | None:
    """Why an event that a person states would change nothing, in words; None: it would, or it is the log's to say (the
    same id again). What comes over the wire is never refused for this: judging passes it over."""
    decide = _DECIDED.get(event.kind)
    return None if decide is None or event.event_id in standing.kinds else decide(event, standing)


def _registration(event: LotEvent, standing: LotStanding) -> str | None:
    if standing.history.registered is None and LotEventKind.REGISTERED not in standing.kinds.values():
        return None
    return f"lot {event.lot} is registered already; use another id, or void its registration"


def _voiding(event: LotEvent, standing: LotStanding) -> str | None:
    return None if event.voids in standing.kinds else f"lot {event.lot} has no event {event.voids!r} to void"


def _aliquoting(event: LotEvent, standing: LotStanding) -> str | None:
    if not standing.children:
        return None
    return f"{', '.join(standing.children)}: a lot already; an aliquot needs an id of its own"


def _expiry_change(event: LotEvent, standing: LotStanding) -> str | None:
    expires_at = standing.history.expires_at
    if expires_at is None or (expiry_of(event, standing.zone) or 0) < expires_at:
        return None
    return (
        f"lot {event.lot} expires at {format_instant(expires_at)}; an expiry date can only be brought forward, a later"
        " one is a signed decision of QA"
    )


def _binding(event: LotEvent, standing: LotStanding) -> str | None:
    lot, last = event.lot, standing.last_binding
    if standing.profile is None:
        return f"there is no lot {lot!r}"
    if standing.history.disposed_at is not None:
        return f"lot {lot} was disposed of; it stays judged as it was then"
    if event.profile not in standing.profiles:
        return (
            f"there is no profile version {event.profile!r}; write one of {', '.join(standing.profiles)}"
            " (a new file is read when the program starts)"
        )
    if event.profile == standing.profile:
        return f"lot {lot} is judged by {standing.profile} already"
    if last is not None and last.key > event.key:
        return (
            f"lot {lot} was bound to {last.profile} at {format_instant(last.occurred_at)}, which is later than now;"
            " see whether this machine's clock is right"
        )
    return None


_DECIDED: Mapping[LotEventKind, Callable[[LotEvent, LotStanding], str | None]] = {
    LotEventKind.REGISTERED: _registration,
    LotEventKind.VOIDED: _voiding,
    LotEventKind.ALIQUOTED: _aliquoting,
    LotEventKind.EXPIRY_CHANGED: _expiry_change,
    LotEventKind.BOUND: _binding,
}
