"""Lots as facts: judged again when an event of theirs comes, their unit's excursions change, or a date passes."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from monitor.core.alarm import LEVEL_OF, AlarmCondition, Truth
from monitor.core.custody import LotHistory, expiry_of, lot_history
from monitor.core.fact import JSON, is_alive, lot_body
from monitor.core.installation import Installation
from monitor.core.instant import format_instant, format_local, parse_instant
from monitor.core.lot import LotEvent, LotEventKind
from monitor.core.profile import Profile
from monitor.core.verdict import OpenExcursion, next_change_at, reasons
from monitor.ports import Fact, ProfileBook, Store, Tx

_TELLING = (
    "verdict",
    "reasons",
    "unit",
    "disposition",
    "expires_at",
    "profile",
    "profile_version",
    "product",
)
"""What makes a new version of a lot when it changes; the rest follows from these or from the clock."""


def event_to_json(event: LotEvent) -> JSON:
    """A lot event as the log keeps it: parsed, instants in ms."""
    return {name: getattr(event, name) for name in LotEvent.__slots__}


def event_from_json(body: Mapping[str, Any]) -> LotEvent:
    """The lot event again."""
    fields = {name: body[name] for name in LotEvent.__slots__ if name in body}
    fields["kind"] = LotEventKind(fields["kind"])
    fields["into"] = tuple(fields.get("into") or ())
    return LotEvent(**fields)


class LotChange(NamedTuple):
    """A lot judged anew: its history and the alarms that hold for it now."""

    history: LotHistory
    body: JSON | None
    truths: tuple[Truth, ...]


class Lots:
    """Judges lots from the store; keeps which lot is in which unit. Used by the one writer."""

    def __init__(self, store: Store, installation: Installation, profiles: ProfileBook) -> None:
        self._store = store
        self._installation = installation
        self._profiles = profiles
        self._unit_of: dict[str, str] = {}

    def resume(self, tx: Tx) -> None:
        """Finds out which lot is where."""
        self._unit_of = {
            fact.id: fact.body["unit"] for fact in self._store.current_facts(tx, "lot") if fact.body["unit"]
        }

    def in_unit(self, unit: str) -> list[str]:
        """The lots that are in a unit now."""
        return sorted(lot for lot, where in self._unit_of.items() if where == unit)

    def refuse_without_effect(self, tx: Tx, event: LotEvent) -> None:
        """Raises ValueError, in words, for an event that a person states and that would change nothing."""
        rows = self._store.events(tx, "lot", subject=event.lot)
        if any(row["event_id"] == event.event_id for row in rows):
            return  # the same again is a no-op, other content a conflict: both are the log's to say
        history = read_history(self._store, tx, self._installation, event.lot, max(event.occurred_at, 0))
        if event.kind is LotEventKind.REGISTERED:
            if any(row["kind"] == LotEventKind.REGISTERED for row in rows):
                raise ValueError(
                    f"lot {event.lot} is registered already; use another id, or void its registration"
                )
        elif event.kind is LotEventKind.VOIDED and not any(row["event_id"] == event.voids for row in rows):
            raise ValueError(f"lot {event.lot} has no event {event.voids!r} to void")
        elif event.kind is LotEventKind.EXPIRY_CHANGED and history.expires_at is not None:
            zone = self._installation.zone_of(event.site)
            if (expiry_of(event, zone) or 0) >= history.expires_at:
                raise ValueError(
                    f"lot {event.lot} expires at {format_instant(history.expires_at)}; an expiry date can only be"
                    " brought forward, a later one is a signed decision of QA"
                )

    def judge(self, tx: Tx, lot: str, as_of: int, recorded_at: int, reason: str) -> LotChange:
        """Judges a lot as of an instant; records a version if anything that matters changed."""
        history = read_history(self._store, tx, self._installation, lot, as_of)
        if history.registered is None or history.registered.profile is None:
            self._forget(tx, history, recorded_at)
            return LotChange(history, None, ())
        profile = self._profiles.in_force(history.registered.profile, history.registered.occurred_at)
        body = self._body(tx, history, profile)
        self._record(tx, history, body, recorded_at, reason)
        self._store.put_deadlines(tx, "lot", {lot: next_change_at(history, profile)})
        if history.unit is None:
            self._unit_of.pop(lot, None)
        else:
            self._unit_of[lot] = history.unit
        return LotChange(history, body, tuple(_truths(history, profile, body)))

    def _forget(self, tx: Tx, history: LotHistory, recorded_at: int) -> None:
        """Takes back what was said of a lot whose registration no longer counts."""
        self._unit_of.pop(history.lot, None)
        self._store.put_deadlines(tx, "lot", {history.lot: None})
        old = self._store.fact(tx, "lot", history.lot)
        if old is not None and not old.body.get("withdrawn"):
            body = {**old.body, "withdrawn": True, "unit": None, "custody": []}
            gone = old._replace(
                version=old.version + 1, recorded_at=recorded_at, to_at=recorded_at, body=body
            )
            self._store.record_fact(tx, gone, "its registration no longer counts")

    def _body(self, tx: Tx, history: LotHistory, profile: Profile) -> JSON:
        unit = None if history.unit is None else self._installation.units.get(history.unit)
        found: list[OpenExcursion] = []
        if unit is not None:
            facts = self._store.current_facts(
                tx, "excursion", subjects=[unit.product_channel], open_only=True
            )
            found = [
                OpenExcursion(
                    fact.id,
                    fact.subject,
                    parse_instant(fact.body["started_at"]),
                    fact.body["extreme_celsius"],
                    fact.body["limits"]["celsius"],
                )
                for fact in facts
                if is_alive(fact.body) and fact.body["confirmed_at"] is not None
            ]
        return lot_body(history, profile, reasons(history, profile, found), [e.id for e in found])

    def _record(self, tx: Tx, history: LotHistory, body: JSON, recorded_at: int, reason: str) -> None:
        old = self._store.fact(tx, "lot", history.lot)
        if old is not None and _telling(old.body) == _telling(body):
            return
        assert history.registered is not None
        fact = Fact(
            kind="lot",
            id=history.lot,
            version=1 if old is None else old.version + 1,
            recorded_at=recorded_at,
            subject=history.lot,
            from_at=history.registered.occurred_at,
            to_at=history.disposed_at,
            body=body,
        )
        self._store.record_fact(tx, fact, reason)


def _telling(body: JSON) -> list[Any]:
    telling = [body.get(name) for name in _TELLING]
    telling[1] = [(reason["code"], reason["evidence"]) for reason in body["reasons"]]
    return telling


def read_history(store: Store, tx: Tx, installation: Installation, lot: str, as_of: int) -> LotHistory:
    """A lot's history from its events in the log."""
    return history_of(store.events(tx, "lot", subject=lot), installation, lot, as_of)


def history_of(rows: Sequence[JSON], installation: Installation, lot: str, as_of: int) -> LotHistory:
    """A lot's history from the rows of its events."""
    events = [event_from_json(row) for row in rows]
    contested: Collection[str] = {row["event_id"] for row in rows if row["conflict"]}
    named = [e for e in events if e.kind is LotEventKind.REGISTERED and e.event_id not in contested] or events
    zone = installation.zone_of(named[0].site if named else "")
    return lot_history(lot, events, as_of=as_of, zone=zone, contested=contested)


def _truths(history: LotHistory, profile: Profile, body: JSON) -> list[Truth]:
    """The alarms that hold for a lot; a lot that is disposed of needs no one."""
    if history.disposed_at is not None or history.registered is None or history.expires_at is None:
        return []
    registered_at = history.registered.occurred_at
    expiry = format_local(history.expires_at, history.zone)
    evidence = {
        "text": f"{body['product']}, {body['unit'] or 'out of storage'}, expiry {expiry}",
        "product": body["product"],
        "unit": body["unit"],
        "expires_at": format_instant(history.expires_at),
    }
    codes = {reason["code"] for reason in body["reasons"]}
    if "expired" in codes:
        condition, since = AlarmCondition.LOT_EXPIRED, history.expires_at
    elif "expiring" in codes and profile.look_ahead is not None:
        condition, since = AlarmCondition.LOT_EXPIRING, history.expires_at - profile.look_ahead
    else:
        return []
    return [Truth(condition, history.lot, max(since, registered_at), LEVEL_OF[condition], evidence)]
