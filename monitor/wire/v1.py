"""Wire format v1: UTF-8 JSON over MQTT, one reading or an array of readings per message (docs/wire.md).

Decoding is strict and never guesses: what isn't of the format comes back as a :class:`Rejection` with its reason.
Encoding is what simulators and gateways written in Python use.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from typing import Annotated, Any, Literal

import msgspec

from monitor.core.channel.reading import Fault, Reading
from monitor.core.lot.event import LotEvent, LotEventKind, UnitEvent, UnitEventKind
from monitor.core.profile.unit import Channel
from monitor.core.time.instant import EARLIEST, LATEST, format_instant, parse_instant
from monitor.wire.format import (
    DEFAULT_ROOT,
    ITEMS_MAX,
    MESSAGE_BYTES_MAX,
    NAME,
    Address,
    LotEventTopic,
    ReadingTopic,
    Reason,
    RejectedError,
    Rejection,
    StatusTopic,
    UnitEventTopic,
)

__all__ = [
    "DEFAULT_ROOT",
    "ITEMS_MAX",
    "MESSAGE_BYTES_MAX",
    "NAME",
    "Address",
    "Channel",
    "Fault",
    "FaultName",
    "LotEvent",
    "LotEventKind",
    "LotEventTopic",
    "Reading",
    "ReadingTopic",
    "Reason",
    "RejectedError",
    "Rejection",
    "StatusTopic",
    "UnitEvent",
    "UnitEventKind",
    "UnitEventTopic",
    "decode_lot_event",
    "decode_reading",
    "decode_readings",
    "decode_status",
    "decode_unit_event",
    "encode_lot_event",
    "encode_reading",
    "encode_readings",
    "encode_unit_event",
    "items_of",
    "lot_event_topic",
    "parse_topic",
    "reading_topic",
    "status_topic",
    "unit_event_topic",
]

# --- topics ---------------------------------------------------------------------------------------------------


def parse_topic(topic: str, root: str = DEFAULT_ROOT) -> Address:
    """What a topic below ``root`` is for; raises :class:`RejectedError` (``bad_topic``) for any other."""
    prefix = root + "/"
    parts = topic[len(prefix) :].split("/") if topic.startswith(prefix) else []
    if parts and all(NAME.fullmatch(part) for part in parts):
        match parts:
            case [site, "lot", lot, "event"]:
                return LotEventTopic(site, lot)
            case [site, unit, probe, "reading"] if unit != "lot":
                return ReadingTopic(Channel(site, unit, probe))
            case [site, unit, probe, "status"] if unit != "lot":
                return StatusTopic(Channel(site, unit, probe))
            case [site, unit, "event"] if unit != "lot":
                return UnitEventTopic(site, unit)
    raise RejectedError(
        "bad_topic", f"topic {topic!r} is none of the topics of wire format v1 below {root!r}"
    )


def reading_topic(channel: Channel, root: str = DEFAULT_ROOT) -> str:
    """The topic of a channel's readings."""
    return f"{root}/{channel}/reading"


def status_topic(channel: Channel, root: str = DEFAULT_ROOT) -> str:
    """The topic of a channel's ``online`` and ``offline``."""
    return f"{root}/{channel}/status"


def unit_event_topic(site: str, unit: str, root: str = DEFAULT_ROOT) -> str:
    """The topic of a unit's events."""
    return f"{root}/{site}/{unit}/event"


def lot_event_topic(site: str, lot: str, root: str = DEFAULT_ROOT) -> str:
    """The topic of a lot's events."""
    return f"{root}/{site}/lot/{lot}/event"


# --- readings -------------------------------------------------------------------------------------------------

FaultName = Literal["open_circuit", "short_circuit", "out_of_range", "power_on_default", "read_error"]


class _Reading(msgspec.Struct, gc=False):
    measured_at: str | int
    celsius: float | None
    seq: Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)] | None = None
    battery_percent: float | None = None
    fault: FaultName | None = None


_one = msgspec.json.Decoder(_Reading)
_items = msgspec.json.Decoder(list[msgspec.Raw])
_UNDECODABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def decode_readings(payload: bytes, received_at: int) -> tuple[list[Reading], list[Rejection]]:
    """The readings of one message, and what was wrong with the rest.

    A fault of the message as a whole gives no readings and one rejection without ``item``; a bad item of an array
    is rejected alone. Never raises.
    """
    if len(payload) > MESSAGE_BYTES_MAX:
        return [], [Rejection("too_large", f"{len(payload)} bytes; at most {MESSAGE_BYTES_MAX}")]
    if payload.lstrip()[:1] == b"[":
        return _decode_array(payload, received_at)
    try:
        return [decode_reading(payload, received_at)], []
    except RejectedError as error:
        return [], [error.rejection]
    except _UNDECODABLE as error:
        return [], [_explain(payload, error)]


def decode_reading(payload: bytes | msgspec.Raw, received_at: int) -> Reading:
    """The reading of a message that holds a single one: the direct way for the common case.

    Raises :class:`RejectedError`, ``msgspec.DecodeError``, UnicodeDecodeError or RecursionError for anything else;
    :func:`decode_readings` then says what it is. The caller sees to ``MESSAGE_BYTES_MAX``.
    """
    item = _one.decode(payload)
    at = item.measured_at
    try:
        measured_at = parse_instant(at) if type(at) is str else _instant(at)
    except ValueError as error:
        raise RejectedError("bad_time", str(error)) from None
    return Reading(measured_at, received_at, item.celsius, item.fault, item.seq, item.battery_percent)


def _decode_array(payload: bytes, received_at: int) -> tuple[list[Reading], list[Rejection]]:
    try:
        items = _items.decode(payload)
    except _UNDECODABLE as error:
        return [], [_explain(payload, error)]
    if len(items) > ITEMS_MAX:
        return [], [Rejection("too_many_items", f"{len(items)} readings in one message; at most {ITEMS_MAX}")]
    readings: list[Reading] = []
    rejections: list[Rejection] = []
    for index, raw in enumerate(items):
        try:
            readings.append(decode_reading(raw, received_at))
        except RejectedError as error:
            rejections.append(error.rejection._replace(item=index))
        except _UNDECODABLE as error:
            rejections.append(_explain(bytes(raw), error)._replace(item=index))
    return readings, rejections


def items_of(payload: bytes) -> list[bytes]:
    """The items of an array, each as it was sent; empty for a payload that is no array."""
    try:
        return [bytes(raw) for raw in _items.decode(payload)]
    except _UNDECODABLE:
        return []


def _instant(value: str | int) -> int:
    if type(value) is int:
        if not EARLIEST <= value <= LATEST:
            raise RejectedError(
                "bad_time", f"time {value} is outside the years 1 to 9999 in epoch milliseconds"
            )
        return value
    try:
        return parse_instant(str(value))
    except ValueError as error:
        raise RejectedError("bad_time", str(error)) from None


def _explain(payload: bytes, error: Exception) -> Rejection:
    """Sorts a decoder's complaint under a reason."""
    text = str(error)
    try:
        payload.decode("utf-8")
    except UnicodeDecodeError:
        return Rejection("not_utf8", "the payload is not UTF-8")
    if not isinstance(error, msgspec.ValidationError):
        # msgspec calls a number beyond a double's range malformed; for the sender it is a bad number.
        return Rejection("bad_number" if "out of range" in text else "not_json", text)
    if "missing required field" in text:
        return Rejection("missing_field", text)
    if "out of range" in text:
        return Rejection("bad_number", text)
    if "Invalid enum value" in text:
        return Rejection("bad_fault" if "fault" in text else "bad_event", text)
    return Rejection("wrong_type", text)


def encode_reading(reading: Reading) -> bytes:
    """One reading as a v1 payload (``received_at`` is the receiver's and not sent)."""
    return msgspec.json.encode(_reading_object(reading))


def encode_readings(readings: Iterable[Reading]) -> bytes:
    """A buffered upload: an array of at most 1,000 readings (more raises ValueError)."""
    items = [_reading_object(reading) for reading in readings]
    if len(items) > ITEMS_MAX:
        raise ValueError(f"{len(items)} readings in one message; at most {ITEMS_MAX}")
    return msgspec.json.encode(items)


def _reading_object(reading: Reading) -> dict[str, Any]:
    fields: dict[str, Any] = {"measured_at": format_instant(reading.measured_at), "celsius": reading.celsius}
    for key in ("seq", "battery_percent", "fault"):
        if (value := getattr(reading, key)) is not None:
            fields[key] = value
    return fields


def decode_status(payload: bytes) -> bool:
    """Whether a status message says ``online``; raises :class:`RejectedError` unless it says that or ``offline``."""
    if payload not in (b"online", b"offline"):
        raise RejectedError("wrong_type", f"status {payload[:40]!r} is neither 'online' nor 'offline'")
    return payload == b"online"


# --- events ---------------------------------------------------------------------------------------------------


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
    except _UNDECODABLE as error:
        rejection = _explain(payload, error)
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
        occurred_at=_instant(event.occurred_at),
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
        "occurred_at": _instant(event.occurred_at),
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
        return {"expires_at": _instant(event.expires_at)}
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
