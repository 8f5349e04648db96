"""Events of wire format v1: what happened to units and to lots, as one JSON object per message (docs/wire.md)."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import msgspec

from monitor.core.lot.event import LotEvent, LotEventKind, UnitEvent, UnitEventKind
from monitor.core.time.instant import format_instant
from monitor.wire.format import MESSAGE_BYTES_MAX, NAME, LotEventTopic, RejectedError, UnitEventTopic
from monitor.wire.payload import UNDECODABLE, instant_of, why_undecodable


class _UnitEvent(msgspec.Struct):
    event_id: str
    occurred_at: str | int
    kind: UnitEventKind


class _LotEvent(msgspec.Struct):
    event_id: str
    occurred_at: str | int
    kind: LotEventKind
    by: str = ""
    product: str | None = None
    profile: str | None = None
    unit: str | msgspec.UnsetType | None = msgspec.UNSET
    expires_on: str | None = None
    expires_at: str | int | None = None
    quantity: float | str | None = None
    gtin: str | None = None
    lot_number: str | None = None
    serial: str | None = None
    into: list[str] | None = None
    voids: str | None = None
    reason: str | None = None
    note: str | None = None


_unit_event = msgspec.json.Decoder(_UnitEvent)
_lot_event = msgspec.json.Decoder(_LotEvent)


def _decode_event(decoder: msgspec.json.Decoder[Any], payload: bytes) -> Any:
    if len(payload) > MESSAGE_BYTES_MAX:
        raise RejectedError("too_large", f"{len(payload)} bytes; at most {MESSAGE_BYTES_MAX}")
    try:
        event = decoder.decode(payload)
    except UNDECODABLE as error:
        rejection = why_undecodable(payload, error)
        raise RejectedError(rejection.reason, rejection.detail) from None
    if not 1 <= len(event.event_id) <= 200:
        raise RejectedError("bad_event", "event_id must have 1 to 200 characters")
    for field, value in msgspec.structs.asdict(event).items():
        if isinstance(value, str) and "\0" in value:
            # Not every database can keep it: such an event could never be committed.
            raise RejectedError("bad_event", f"{field} has a NUL character in it")
    return event


def decode_unit_event(payload: bytes, topic: UnitEventTopic) -> UnitEvent:
    """The unit event of one message; raises :class:`RejectedError`."""
    event = _decode_event(_unit_event, payload)
    return UnitEvent(
        site=topic.site,
        unit=topic.unit,
        event_id=event.event_id,
        occurred_at=instant_of(event.occurred_at),
        kind=event.kind,
    )


def decode_lot_event(payload: bytes, topic: LotEventTopic) -> LotEvent:
    """The lot event of one message; raises :class:`RejectedError` naming the field that is missing or wrong.

    Fields that the event's kind doesn't have are ignored, like unknown ones.
    """
    return _lot_event_of(_decode_event(_lot_event, payload), topic)


def _lot_event_of(event: _LotEvent, topic: LotEventTopic) -> LotEvent:
    kind = event.kind
    common: dict[str, Any] = {
        "lot": topic.lot,
        "site": topic.site,
        "event_id": event.event_id,
        "occurred_at": instant_of(event.occurred_at),
        "kind": kind,
        "by": event.by,
        "note": event.note,
    }
    match kind:
        case LotEventKind.REGISTERED:
            return LotEvent(
                **common,
                product=_needed(event.product, "product", kind),
                profile=_name(_needed(event.profile, "profile", kind), "profile"),
                unit=_unit(event.unit, topic.site, kind),
                quantity=event.quantity,
                gtin=event.gtin,
                lot_number=event.lot_number,
                serial=event.serial,
                **_expiry(event),
            )
        case LotEventKind.MOVED:
            return LotEvent(**common, unit=_unit(event.unit, topic.site, kind))
        case LotEventKind.ALIQUOTED:
            into = event.into or []
            if not into or len(set(into)) != len(into) or topic.lot in into:
                raise RejectedError(
                    "bad_event", "'into' of an aliquoted event must list new lot ids, each once"
                )
            return LotEvent(**common, into=tuple(_name(lot, "into") for lot in into))
        case LotEventKind.VOIDED:
            voids = _needed(event.voids, "voids", kind)
            return LotEvent(**common, voids=voids, reason=_needed(event.reason, "reason", kind))
        case LotEventKind.EXPIRY_CHANGED:
            return LotEvent(**common, reason=_needed(event.reason, "reason", kind), **_expiry(event))
        case LotEventKind.QUARANTINED:
            return LotEvent(**common, reason=_needed(event.reason, "reason", kind))
        case LotEventKind.BOUND:
            raise RejectedError("bad_event", "a profile is bound by QA, by command or page, not by a message")
        case _:
            return LotEvent(**common)


def _needed(value: str | None, field: str, kind: LotEventKind) -> str:
    if not value:
        raise RejectedError("missing_field", f"a {kind.value} event needs {field!r}")
    return value


def _name(value: str, field: str) -> str:
    if not NAME.fullmatch(value):
        raise RejectedError(
            "bad_name", f"{field} {value!r} is not a name (A-Z a-z 0-9 . _ -, 1 to 64 characters)"
        )
    return value


def _unit(value: str | msgspec.UnsetType | None, site: str, kind: LotEventKind) -> str | None:
    """A unit as ``site/unit``; a bare name is one of the topic's site."""
    if isinstance(value, msgspec.UnsetType):
        raise RejectedError("missing_field", f"a {kind.value} event needs 'unit' (null: out of storage)")
    if value is None:
        return None
    parts = value.split("/") if "/" in value else [site, value]
    if len(parts) != 2:
        raise RejectedError("bad_name", f"unit {value!r} is neither a unit's name nor site/unit")
    return "/".join(_name(part, "unit") for part in parts)


def _expiry(event: _LotEvent) -> dict[str, Any]:
    if (event.expires_on is None) == (event.expires_at is None):
        raise RejectedError(
            "missing_field", f"a {event.kind.value} event needs either 'expires_on' or 'expires_at'"
        )
    if event.expires_at is not None:
        return {"expires_at": instant_of(event.expires_at)}
    day = str(event.expires_on)
    if not _is_date(day):
        raise RejectedError("bad_time", f"expires_on {day!r} is not a date (YYYY-MM-DD)")
    return {"expires_on": day}


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII) is not None


def encode_unit_event(event: UnitEvent) -> bytes:
    """A unit event as a v1 payload."""
    return msgspec.json.encode(
        {
            "event_id": event.event_id,
            "occurred_at": format_instant(event.occurred_at),
            "kind": event.kind.value,
        }
    )


def encode_lot_event(event: LotEvent) -> bytes:
    """A lot event as a v1 payload."""
    fields: dict[str, Any] = {
        "event_id": event.event_id,
        "occurred_at": format_instant(event.occurred_at),
        "kind": event.kind.value,
        "by": event.by,
    }
    if event.kind in (LotEventKind.REGISTERED, LotEventKind.MOVED):
        fields["unit"] = event.unit
    if event.expires_at is not None:
        fields["expires_at"] = format_instant(event.expires_at)
    if event.into:
        fields["into"] = list(event.into)
    optional = (
        "product",
        "profile",
        "expires_on",
        "quantity",
        "gtin",
        "lot_number",
        "serial",
        "voids",
        "reason",
    )
    for key in (*optional, "note"):
        if (value := getattr(event, key)) is not None:
            fields[key] = value
    return msgspec.json.encode(fields)
