"""Messages that went bad on their way: each kind in one table, with what a receiver should say of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from random import Random
from types import MappingProxyType
from typing import Any, Literal, NamedTuple, get_args

from monitor.wire.v1 import (
    ITEMS_MAX,
    MESSAGE_BYTES_MAX,
    Reading,
    Reason,
    encode_reading,
    encode_readings,
)

GarbleKind = Literal[
    "truncated",
    "not_json",
    "empty",
    "not_utf8",
    "plain_number",
    "decimal_comma",
    "number_in_string",
    "word_for_number",
    "nan",
    "infinite",
    "boolean",
    "null_without_fault",
    "missing_field",
    "unknown_fault",
    "no_offset_time",
    "seconds",
    "too_large",
    "too_many_items",
    "bad_item",
    "unknown_channel",
    "wrong_topic",
]
KINDS: tuple[GarbleKind, ...] = get_args(GarbleKind)
WORDS = ("NULL", "nan", "unavailable", "unknown")
"""What is seen in the place of a number where there is none."""


class Garbling(NamedTuple):
    """One kind of bad message. ``reason`` is why a receiver should reject it (``bad_item``: the bad item alone).

    None: the wire format takes it as a reading, and it is for judging to see that it is worth nothing.
    """

    reason: Reason | None
    what: str
    payload: Callable[[Reading, Random], bytes]


def _fields(reading: Reading) -> dict[str, Any]:
    fields: dict[str, Any] = json.loads(encode_reading(reading))
    return fields


def _with(reading: Reading, *without: str, **changes: object) -> bytes:
    """The reading's payload with some fields changed or added, and some left out."""
    fields = {key: value for key, value in (_fields(reading) | changes).items() if key not in without}
    return json.dumps(fields, separators=(",", ":")).encode()


def _number(reading: Reading) -> float:
    return 0.0 if reading.celsius is None else reading.celsius


def _with_raw_number(reading: Reading, text: str) -> bytes:
    """The reading's payload with ``text`` where the number was, quoted or not as it stands."""
    return _with(reading, celsius="@").replace(b'"@"', text.encode())


def _truncated(reading: Reading, random: Random) -> bytes:
    payload = encode_reading(reading)
    return payload[: random.randrange(1, len(payload))]


def _utf16(reading: Reading, _: Random) -> bytes:
    return b"\xff\xfe" + encode_reading(reading).decode().encode("utf-16-le")


def _null_without_fault(reading: Reading, _: Random) -> bytes:
    return _with(reading, "fault", celsius=None)


def _too_large(reading: Reading, _: Random) -> bytes:
    return _with(reading, trace="x" * MESSAGE_BYTES_MAX)


def _too_many_items(reading: Reading, _: Random) -> bytes:
    item = encode_reading(reading)
    return b"[" + b",".join([item] * (ITEMS_MAX + 1)) + b"]"


def _bad_item(reading: Reading, random: Random) -> bytes:
    bad = GARBLINGS["number_in_string"].payload(reading, random)
    return b"[" + bad + b"," + encode_readings([reading])[1:]


GARBLINGS: MappingProxyType[GarbleKind, Garbling] = MappingProxyType(
    {
        "truncated": Garbling("not_json", "the beginning of a message", _truncated),
        "not_json": Garbling(
            "not_json", "text of another format", lambda r, _: f"T={_number(r)};OK\r\n".encode()
        ),
        "empty": Garbling("not_json", "no payload at all", lambda *_: b""),
        "not_utf8": Garbling("not_utf8", "UTF-16 text", _utf16),
        "plain_number": Garbling("wrong_type", "a number alone", lambda r, _: str(_number(r)).encode()),
        "decimal_comma": Garbling(
            "not_json",
            "a comma in the number",
            lambda r, _: _with_raw_number(r, f"{_number(r):.2f}".replace(".", ",")),
        ),
        "number_in_string": Garbling(
            "wrong_type", "the number in a string", lambda r, _: _with(r, celsius=str(_number(r)))
        ),
        "word_for_number": Garbling(
            "wrong_type",
            "NULL, nan, unavailable or unknown in a string",
            lambda r, random: _with(r, celsius=random.choice(WORDS)),
        ),
        "nan": Garbling("not_json", "NaN, which JSON doesn't have", lambda r, _: _with_raw_number(r, "NaN")),
        "infinite": Garbling(
            "bad_number", "a number beyond all bounds (1e999)", lambda r, _: _with_raw_number(r, "1e999")
        ),
        "boolean": Garbling("wrong_type", "true for a number", lambda r, _: _with(r, celsius=True)),
        "null_without_fault": Garbling(None, "null, and no fault that says why", _null_without_fault),
        "missing_field": Garbling("missing_field", "no celsius", lambda r, _: _with(r, "celsius")),
        "unknown_fault": Garbling(
            "bad_fault", "a fault that the format doesn't know", lambda r, _: _with(r, fault="melted")
        ),
        "no_offset_time": Garbling(
            "bad_time",
            "a time without an offset from UTC",
            lambda r, _: _with(r, measured_at=_fields(r)["measured_at"].removesuffix("Z")),
        ),
        "seconds": Garbling(
            None,
            "seconds for milliseconds: a reading of January 1970",
            lambda r, _: _with(r, measured_at=r.measured_at // 1_000),
        ),
        "too_large": Garbling("too_large", "more than 256 KiB", _too_large),
        "too_many_items": Garbling("too_many_items", "an array of 1,001", _too_many_items),
        "bad_item": Garbling("wrong_type", "a bad item before the good one, in an array", _bad_item),
        "unknown_channel": Garbling(
            "unknown_channel", "of a probe that nobody knows", lambda r, _: encode_reading(r)
        ),
        "wrong_topic": Garbling(
            "bad_topic", "the probe missing in the topic", lambda r, _: encode_reading(r)
        ),
    }
)
"""Every kind, with the reason that a receiver should give. Of ``bad_item`` the reading survives; of ``seconds`` and
``null_without_fault`` nothing that can be judged; of all others nothing at all."""


def garble(kind: GarbleKind, topic: str, reading: Reading, random: Random) -> tuple[str, bytes]:
    """Topic and payload of the message into which one of ``reading`` on ``topic`` (of readings) turns."""
    payload = GARBLINGS[kind].payload(reading, random)
    unit, probe, last = topic.rsplit("/", 2)
    if kind == "unknown_channel":
        return f"{unit}/{probe[:56]}-unknown/{last}", payload  # a name has at most 64 characters
    if kind == "wrong_topic":
        return f"{unit}/{last}", payload
    return topic, payload
