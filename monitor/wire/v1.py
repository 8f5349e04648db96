"""Wire format v1: UTF-8 JSON over MQTT, one reading or an array of readings per message (docs/wire.md).

Decoding is strict and never guesses: what isn't of the format comes back as a :class:`Rejection` with its reason.
Encoding is what simulators and gateways written in Python use. Topics, readings and status are here, events in
:mod:`monitor.wire.v1_event`; whoever uses the format finds all of it under this name.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Literal

import msgspec

from monitor.core.channel.reading import Fault, Reading
from monitor.core.lot.event import LotEvent, LotEventKind, UnitEvent, UnitEventKind
from monitor.core.profile.unit import Channel
from monitor.core.time.instant import format_instant, parse_instant
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
from monitor.wire.payload import UNDECODABLE, instant_of, why_undecodable
from monitor.wire.v1_event import (
    decode_lot_event,
    decode_unit_event,
    encode_lot_event,
    encode_unit_event,
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
    except UNDECODABLE as error:
        return [], [why_undecodable(payload, error)]


def decode_reading(payload: bytes | msgspec.Raw, received_at: int) -> Reading:
    """The reading of a message that holds a single one: the direct way for the common case.

    Raises :class:`RejectedError`, ``msgspec.DecodeError``, UnicodeDecodeError or RecursionError for anything else;
    :func:`decode_readings` then says what it is. The caller sees to ``MESSAGE_BYTES_MAX``.
    """
    item = _one.decode(payload)
    at = item.measured_at
    try:
        measured_at = parse_instant(at) if type(at) is str else instant_of(at)
    except ValueError as error:
        raise RejectedError("bad_time", str(error)) from None
    return Reading(measured_at, received_at, item.celsius, item.fault, item.seq, item.battery_percent)


def _decode_array(payload: bytes, received_at: int) -> tuple[list[Reading], list[Rejection]]:
    try:
        items = _items.decode(payload)
    except UNDECODABLE as error:
        return [], [why_undecodable(payload, error)]
    if len(items) > ITEMS_MAX:
        return [], [Rejection("too_many_items", f"{len(items)} readings in one message; at most {ITEMS_MAX}")]
    readings: list[Reading] = []
    rejections: list[Rejection] = []
    for index, raw in enumerate(items):
        try:
            readings.append(decode_reading(raw, received_at))
        except RejectedError as error:
            rejections.append(error.rejection._replace(item=index))
        except UNDECODABLE as error:
            rejections.append(why_undecodable(bytes(raw), error)._replace(item=index))
    return readings, rejections


def items_of(payload: bytes) -> list[bytes]:
    """The items of an array, each as it was sent; empty for a payload that is no array."""
    try:
        return [bytes(raw) for raw in _items.decode(payload)]
    except UNDECODABLE:
        return []


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
