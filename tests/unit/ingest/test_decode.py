"""Messages to readings, events and rejections: nothing that isn't a temperature gets through as one."""

from __future__ import annotations

import json
import tracemalloc
from typing import Any

import pytest

from monitor.core.channel.quality import why_bad
from monitor.core.channel.reading import Fault
from monitor.core.lot.event import LotEventKind
from monitor.core.profile.unit import ProbeSettings
from monitor.core.time.instant import MINUTE, format_instant, parse_instant
from monitor.ingest.decode import Decoder
from monitor.ports import Decoded, Message

ROOT = "exosome/v1"
AT = "2026-11-22T10:00:00.000Z"
NOW = parse_instant(AT) + 1_000
READINGS = f"{ROOT}/lab1/F01/product/reading"
STATUS = f"{ROOT}/lab1/F01/product/status"
UNIT_EVENTS = f"{ROOT}/lab1/F01/event"
LOT_EVENTS = f"{ROOT}/lab1/lot/EXO-1/event"
GOOD = b'{"measured_at": "2026-11-22T10:00:00.000Z", "celsius": -79.84}'


def decoder() -> Decoder:
    channels = {"lab1/F01/product": 7, "lab1/F01/air": 8, "lab2/F01/product": 9}
    return Decoder(ROOT, channels, {"lab1/F01", "lab2/F01"}, {"lab1", "lab2"}, {"ult-80"})


def message(topic: str, payload: bytes | dict[str, Any], *, retained: bool = False) -> Message:
    raw = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return Message(topic, raw, NOW, retained, None)


def decode(*messages: Message) -> Decoded:
    return decoder()(messages)


def only_rejection(topic: str, payload: bytes | dict[str, Any]) -> dict[str, Any]:
    """The one rejection that a message ends in, nothing else taken of it."""
    decoded = decode(message(topic, payload))
    assert not decoded.readings
    assert not decoded.unit_events
    assert not decoded.lot_events
    assert not decoded.statuses
    [row] = decoded.rejected
    assert set(row) == {"received_at", "topic", "payload", "reason", "detail", "item"}
    assert (row["received_at"], row["topic"]) == (NOW, topic)
    assert row["detail"]
    assert row["detail"].isprintable()
    return row


# --- readings ---


def test_readings_come_with_their_channels_number_in_the_order_of_the_messages() -> None:
    batch = [message(f"{ROOT}/{path}/reading", GOOD) for path in ("lab2/F01/product", "lab1/F01/air")]
    decoded = decode(*batch)
    assert [(one.channel, one.reading.celsius, one.item, one.live) for one in decoded.readings] == [
        (9, -79.84, 0, True),
        (8, -79.84, 0, True),
    ]
    assert decoded.rejected == []


def test_a_bad_item_of_an_upload_is_rejected_alone_with_its_place_and_its_own_bytes() -> None:
    items = [b'{"measured_at": %d, "celsius": %s}' % item for item in ((1, b"1"), (2, b'"2"'), (3, b"3"))]
    decoded = decode(message(READINGS, b"[" + b", ".join(items) + b"]"))
    assert [(one.item, one.reading.measured_at) for one in decoded.readings] == [(0, 1), (1, 3)]
    [row] = decoded.rejected
    assert (row["item"], row["reason"], row["payload"]) == (
        1,
        "wrong_type",
        b'{"measured_at": 2, "celsius": "2"}',
    )


def test_retained_readings_are_taken_but_are_no_sign_of_life() -> None:
    array = b"[" + GOOD + b"," + GOOD + b"]"
    decoded = decode(message(READINGS, GOOD, retained=True), message(READINGS, array, retained=True))
    assert [one.live for one in decoded.readings] == [False] * 3


@pytest.mark.parametrize("topic", [READINGS, STATUS, UNIT_EVENTS, LOT_EVENTS, f"{ROOT}/nobody/knows"])
def test_the_deletion_of_a_retained_message_says_nothing(topic: str) -> None:
    assert decode(message(topic, b"", retained=True)) == Decoded()


def test_the_deletion_of_a_retained_status_says_nothing_to_those_who_listen_either() -> None:
    assert decode(message(STATUS, b"")) == Decoded()


BAD_READINGS: dict[str, tuple[bytes, str]] = {
    "no_offset": (b'{"measured_at": "2026-11-22T10:00:00", "celsius": 1}', "bad_time"),
    "no_such_day": (b'{"measured_at": "2026-02-30T10:00:00Z", "celsius": 1}', "bad_time"),
    "epoch_out_of_range": (b'{"measured_at": 999999999999999999, "celsius": 1}', "bad_time"),
    "epoch_as_text": (b'{"measured_at": "1795000000000", "celsius": 1}', "bad_time"),
    "epoch_with_a_fraction": (b'{"measured_at": 1795000000000.5, "celsius": 1}', "wrong_type"),
    "time_true": (b'{"measured_at": true, "celsius": 1}', "wrong_type"),
    "time_null": (b'{"measured_at": null, "celsius": 1}', "wrong_type"),
    "no_time": (b'{"celsius": 1}', "missing_field"),
    "no_celsius": (b'{"measured_at": 1, "battery_percent": 97}', "missing_field"),
    "number_in_a_string": (b'{"measured_at": 1, "celsius": "-78.4"}', "wrong_type"),
    "NULL_in_a_string": (b'{"measured_at": 1, "celsius": "NULL"}', "wrong_type"),
    "nan_in_a_string": (b'{"measured_at": 1, "celsius": "nan"}', "wrong_type"),
    "unavailable": (b'{"measured_at": 1, "celsius": "unavailable"}', "wrong_type"),
    "negative_in_a_string": (b'{"measured_at": 1, "celsius": "-78"}', "wrong_type"),
    "true": (b'{"measured_at": 1, "celsius": true}', "wrong_type"),
    "object": (b'{"measured_at": 1, "celsius": {"value": 1}}', "wrong_type"),
    "NaN": (b'{"measured_at": 1, "celsius": NaN}', "not_json"),
    "Infinity": (b'{"measured_at": 1, "celsius": Infinity}', "not_json"),
    "minus_Infinity": (b'{"measured_at": 1, "celsius": -Infinity}', "not_json"),
    "too_large_for_a_double": (b'{"measured_at": 1, "celsius": 1e999}', "bad_number"),
    "comma": (b'{"measured_at": 1, "celsius": -78,4}', "not_json"),
    "unknown_fault": (b'{"measured_at": 1, "celsius": null, "fault": "on_fire"}', "bad_fault"),
    "fault_true": (b'{"measured_at": 1, "celsius": 1, "fault": true}', "wrong_type"),
    "seq_in_a_string": (b'{"measured_at": 1, "celsius": 1, "seq": "1"}', "wrong_type"),
    "battery_in_a_string": (b'{"measured_at": 1, "celsius": 1, "battery_percent": "ok"}', "wrong_type"),
    "plain_number": (b"-78.4", "wrong_type"),
    "plain_nan": (b"nan", "not_json"),
    "plain_text": (b'"-78.4"', "wrong_type"),
    "null": (b"null", "wrong_type"),
    "empty": (b"", "not_json"),
    "cut_off": (GOOD[:-5], "not_json"),
    "two_objects": (GOOD + GOOD, "not_json"),
    "not_utf8": (b'{"measured_at": "\xff\xfe", "celsius": 1}', "not_utf8"),
    "utf16": (GOOD.decode().encode("utf-16"), "not_utf8"),
    "too_large": (GOOD + b" " * 256 * 1024, "too_large"),
    "too_many": (b"[" + b",".join([GOOD] * 1_001) + b"]", "too_many_items"),
    "deeply_nested": (b"[" * 200_000, "not_json"),
}


@pytest.mark.parametrize("case", BAD_READINGS)
def test_what_is_not_a_reading_is_rejected_with_its_reason_and_kept_as_it_came(case: str) -> None:
    payload, reason = BAD_READINGS[case]
    row = only_rejection(READINGS, payload)
    assert (row["reason"], row["payload"], row["item"]) == (reason, payload, None)
    assert len(row["detail"]) <= 500


@pytest.mark.parametrize("case", [name for name, (payload, _) in BAD_READINGS.items() if payload[:1] == b"{"])
def test_what_is_not_a_reading_is_not_one_in_an_upload_either(case: str) -> None:
    payload, _ = BAD_READINGS[case]
    decoded = decode(message(READINGS, b"[" + GOOD + b"," + payload + b"]"))
    assert len(decoded.readings) + len(decoded.rejected) in (1, 2)
    assert all(one.reading.celsius == -79.84 for one in decoded.readings)
    assert decoded.rejected


def test_a_message_of_exactly_256_kib_is_taken() -> None:
    assert len(decode(message(READINGS, GOOD.ljust(256 * 1024))).readings) == 1


NOT_TEMPERATURES: list[tuple[str, str | None, str]] = [
    # celsius as sent, sensor of the probe, why it takes no part
    ("null", None, "null"),
    ("85.0", "ds18b20", "sensor_code"),
    ("-127", "ds18b20", "sensor_code"),
    ("-80.0", "ds18b20", "sensor_range"),
    ("988.79", "max31865", "sensor_code"),
    ("-242.02", "max31865", "sensor_code"),
    ("-246.9", "pt100", "sensor_code"),
    ("988.79", None, "implausible"),
    ("-242", None, "implausible"),
    ("327.67", "int16", "sensor_code"),
    ("-327.68", None, "implausible"),
    ("999", "sentinel", "sensor_code"),
    ("999", None, "implausible"),
    ("194.65", None, "implausible"),  # −78.5 °C in kelvin
    ("-112.0", None, ""),  # −80 °C in °F can't be told from a temperature: that is said here, not hidden
    ("85.0", None, "implausible"),
]


@pytest.mark.parametrize(("celsius", "sensor", "why"), NOT_TEMPERATURES)
def test_a_value_that_is_not_a_temperature_becomes_a_bad_reading_with_its_reason(
    celsius: str, sensor: str | None, why: str
) -> None:
    decoded = decode(message(READINGS, f'{{"measured_at": "{AT}", "celsius": {celsius}}}'.encode()))
    [arrived] = decoded.readings
    assert (why_bad(arrived.reading, ProbeSettings(sensor=sensor)) or "") == why


@pytest.mark.parametrize("fault", list(Fault))
@pytest.mark.parametrize("celsius", [None, -79.84])
def test_a_fault_makes_a_bad_reading_whatever_the_value_says(fault: Fault, celsius: float | None) -> None:
    decoded = decode(message(READINGS, {"measured_at": AT, "celsius": celsius, "fault": fault.value}))
    assert why_bad(decoded.readings[0].reading, ProbeSettings()) == f"fault:{fault.value}"


@pytest.mark.parametrize(("ahead", "why"), [(5 * MINUTE, None), (5 * MINUTE + 1, "clock_ahead")])
def test_a_time_more_than_five_minutes_ahead_is_bad(ahead: int, why: str | None) -> None:
    decoded = decode(message(READINGS, {"measured_at": format_instant(NOW + ahead), "celsius": -80}))
    assert why_bad(decoded.readings[0].reading, ProbeSettings()) == why


# --- topics ---


@pytest.mark.parametrize(
    ("topic", "reason"),
    [
        (f"{ROOT}/lab1/F01/product", "bad_topic"),
        (f"{ROOT}/lab1/F01/product/reading/", "bad_topic"),
        (f"{ROOT}/lab1/F01/product/Reading", "bad_topic"),
        (f"{ROOT}/lab1//product/reading", "bad_topic"),
        (f"{ROOT}/lab1/F 01/product/reading", "bad_topic"),
        (f"{ROOT}/lab1/{'x' * 65}/product/reading", "bad_topic"),
        (f"{ROOT}/lab1/lot/product/reading", "bad_topic"),
        (f"{ROOT}/lab1/lot/event", "bad_topic"),
        ("exosome/v2/lab1/F01/product/reading", "bad_topic"),
        ("", "bad_topic"),
        (f"{ROOT}/lab1/F01/door/reading", "unknown_channel"),
        (f"{ROOT}/lab1/F99/product/reading", "unknown_channel"),
        (f"{ROOT}/lab1/F99/product/status", "unknown_channel"),
    ],
)
def test_a_topic_that_names_nothing_known_is_rejected(topic: str, reason: str) -> None:
    assert only_rejection(topic, GOOD)["reason"] == reason


def test_a_flood_of_made_up_topics_keeps_no_memory() -> None:
    chosen = decoder()
    chosen([message(f"{ROOT}/lab1/F01/x0/reading", GOOD)])
    tracemalloc.start()
    try:
        for start in range(0, 20_000, 1_000):
            chosen([message(f"{ROOT}/lab1/F01/x{n}/reading", GOOD) for n in range(start, start + 1_000)])
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < 200_000


# --- status and events ---


def test_a_status_says_who_is_online_also_when_it_was_retained() -> None:
    decoded = decode(message(STATUS, b"online", retained=True), message(STATUS, b"offline"))
    assert decoded.statuses == [(7, True, NOW), (7, False, NOW)]


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        ({"occurred_at": AT, "kind": "door_opened"}, "missing_field"),
        ({"event_id": "", "occurred_at": AT, "kind": "door_opened"}, "bad_event"),
        ({"event_id": "e" * 201, "occurred_at": AT, "kind": "door_opened"}, "bad_event"),
        ({"event_id": "e\0", "occurred_at": AT, "kind": "door_opened"}, "bad_event"),
        ({"event_id": 7, "occurred_at": AT, "kind": "door_opened"}, "wrong_type"),
        ({"event_id": "e", "occurred_at": AT, "kind": "exploded\0"}, "bad_event"),
        ({"event_id": "e", "occurred_at": "2026-11-22T10:00:00", "kind": "door_opened"}, "bad_time"),
        (b"[]", "wrong_type"),
        (b"", "not_json"),
        (b"\xff", "not_utf8"),
        (b" " * 300_000, "too_large"),
    ],
)
def test_a_bad_unit_event_is_rejected(payload: bytes | dict[str, Any], reason: str) -> None:
    assert only_rejection(UNIT_EVENTS, payload)["reason"] == reason


def test_a_unit_event_of_a_known_unit_is_taken_and_of_an_unknown_one_rejected() -> None:
    payload = {"event_id": "e", "occurred_at": AT, "kind": "door_opened"}
    [(event, received_at)] = decode(message(UNIT_EVENTS, payload)).unit_events
    assert (event.unit_path, received_at) == ("lab1/F01", NOW)
    row = only_rejection(f"{ROOT}/lab1/F99/event", payload)
    assert row["reason"] == "unknown_unit"
    assert "'lab1/F99'" in row["detail"]


REGISTERED: dict[str, Any] = {
    "event_id": "e-1",
    "occurred_at": AT,
    "kind": "registered",
    "by": "LIMS",
    "product": "MSC exosomes",
    "profile": "ult-80",
    "unit": "F01",
    "expires_on": "2027-02-28",
}
MOVED: dict[str, Any] = {"event_id": "e-2", "occurred_at": AT, "kind": "moved", "unit": "lab2/F01"}


def without(event: dict[str, Any], *fields: str) -> dict[str, Any]:
    return {key: value for key, value in event.items() if key not in fields}


BAD_LOT_EVENTS: list[tuple[dict[str, Any], str, str]] = [
    # event, reason, what its text names
    (REGISTERED | {"unit": "F99"}, "unknown_unit", "'lab1/F99'"),
    (MOVED | {"unit": "lab9/F01"}, "unknown_unit", "'lab9/F01'"),
    (REGISTERED | {"profile": "ult-81"}, "unknown_profile", "'ult-81'"),
    (REGISTERED | {"profile": "no name"}, "bad_name", "profile"),
    (MOVED | {"unit": "a/b/c"}, "bad_name", "'a/b/c'"),
    (MOVED | {"unit": ""}, "bad_name", "unit"),
    (without(MOVED, "unit"), "missing_field", "'unit'"),
    (without(REGISTERED, "product"), "missing_field", "'product'"),
    (without(REGISTERED, "expires_on"), "missing_field", "expires_on"),
    (REGISTERED | {"expires_at": AT}, "missing_field", "either"),
    (REGISTERED | {"expires_on": "2027-02-29"}, "bad_time", "2027-02-29"),
    (REGISTERED | {"expires_on": "20270228"}, "bad_time", "20270228"),
    (REGISTERED | {"product": "a\0b"}, "bad_event", "product"),
    (MOVED | {"kind": "released"}, "bad_event", "released"),
    (MOVED | {"kind": "voided"}, "missing_field", "'voids'"),
    (MOVED | {"kind": "quarantined"}, "missing_field", "'reason'"),
    (MOVED | {"kind": "aliquoted"}, "bad_event", "into"),
    (MOVED | {"kind": "aliquoted", "into": ["EXO-1"]}, "bad_event", "into"),
    (MOVED | {"kind": "aliquoted", "into": ["a", "a"]}, "bad_event", "into"),
    (MOVED | {"kind": "aliquoted", "into": ["a b"]}, "bad_name", "into"),
]


@pytest.mark.parametrize(("event", "reason", "names"), BAD_LOT_EVENTS)
def test_a_bad_lot_event_is_rejected_with_a_text_that_names_what_is_wrong(
    event: dict[str, Any], reason: str, names: str
) -> None:
    row = only_rejection(LOT_EVENTS, event)
    assert row["reason"] == reason
    assert names in row["detail"]
    with pytest.raises(ValueError, match=r".") as refused:
        decoder().parse_lot_event("lab1", "EXO-1", event)
    assert names in str(refused.value)


@pytest.mark.parametrize("event", [REGISTERED, MOVED, MOVED | {"unit": None}, MOVED | {"kind": "thawed"}])
def test_a_lot_event_is_the_same_by_whichever_way_it_came(event: dict[str, Any]) -> None:
    [(taken, received_at)] = decode(message(LOT_EVENTS, event)).lot_events
    assert decoder().parse_lot_event("lab1", "EXO-1", event) == taken
    assert (taken.lot, taken.site, taken.kind, received_at) == (
        "EXO-1",
        "lab1",
        LotEventKind(event["kind"]),
        NOW,
    )


def test_a_lot_event_of_an_unknown_site_is_rejected() -> None:
    row = only_rejection(f"{ROOT}/lab9/lot/EXO-1/event", MOVED)
    assert row["reason"] == "unknown_site"
    assert "'lab9'" in row["detail"]
    with pytest.raises(ValueError, match="'lab9'"):
        decoder().parse_lot_event("lab9", "EXO-1", MOVED)


@pytest.mark.parametrize(
    ("site", "lot", "event", "names"),
    [
        ("lab1", "EXO 1", MOVED, "lot 'EXO 1'"),
        ("lab 1", "EXO-1", MOVED, "site 'lab 1'"),
        ("lab1", "EXO-1", MOVED | {"note": object()}, "JSON"),
        ("lab1", "EXO-1", MOVED | {"note": "x" * 300_000}, "bytes"),
    ],
)
def test_a_lot_event_that_could_not_have_come_by_mqtt_is_refused(
    site: str, lot: str, event: dict[str, Any], names: str
) -> None:
    with pytest.raises(ValueError, match=names):
        decoder().parse_lot_event(site, lot, event)
