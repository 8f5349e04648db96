"""Wire format v1: what is taken, what is rejected and why, and the times in it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from monitor.core.time import instant
from monitor.core.time.instant import EARLIEST, LATEST, format_instant, from_datetime, parse_instant
from monitor.wire import v1
from monitor.wire.v1 import (
    Channel,
    Fault,
    LotEvent,
    LotEventKind,
    LotEventTopic,
    Reading,
    ReadingTopic,
    RejectedError,
    StatusTopic,
    UnitEvent,
    UnitEventKind,
    UnitEventTopic,
)

NOW = 1_795_000_000_000
AT = "2026-11-22T10:00:00.000Z"

# --- times ---

instants = st.integers(EARLIEST, LATEST)
# Digits and marks in the places of a time, and sometimes something else: near misses rather than noise.
near_times = st.builds(
    "".join,
    st.tuples(
        *[
            st.sampled_from([c, c, c, c, c, c, c, c, "9", "3", "6", "-", ":", ".", "Z", "T", " ", "٣", ""])
            for c in AT
        ],
        st.sampled_from(["", "", "", "Z", "+01:00", "\n", " "]),
    ),
)


def by_pattern(text: str) -> int | str:
    """What the complete rule says: the instant, or its complaint. With a small t no time goes the short way."""
    written = f"{text[:10]}t{text[11:]}" if text[10:11] == "T" else text
    try:
        return parse_instant(written)
    except ValueError as error:
        return str(error).replace(repr(written), repr(text))


def by_parts(text: str) -> int | str:
    try:
        return parse_instant(text)
    except ValueError as error:
        return str(error)


@given(near_times)
@example("2026-11-22T10:00:00.000Z")
@example("2026-11-22T24:00:00.000Z")
@example("2026-11-22T10:00:60.000Z")
@example("2026-02-30T10:00:00.000Z")
@example("0000-01-01T00:00:00.000Z")
@example("2026-11-22T10:00:00.000z")
@example("2026-11-22T10:00:00.00Z")
@example("2026-11-22T10:00:00Z")
@example("2026-11-22T10:00:00.0000Z")
@example("2026-11-22T10:00:00.000Z\n")
@example("２０26-11-22T10:00:00.000Z")
def test_the_short_way_through_a_time_accepts_and_gives_exactly_what_the_pattern_does(text: str) -> None:
    parse_instant("2026-11-22T10:00:00.000Z")  # so that the day is one that has been seen
    assert by_parts(text) == by_pattern(text)
    assert by_parts(text) == by_pattern(text)  # and again, now that its own day may have been


@given(instants)
@example(EARLIEST)
@example(LATEST)
def test_an_instant_survives_being_written_and_read(at: int) -> None:
    text = format_instant(at)
    assert parse_instant(text) == parse_instant(text) == at
    assert from_datetime(datetime.fromisoformat(text)) == at


@given(st.datetimes(min_value=datetime(1, 1, 3), max_value=datetime(9999, 12, 29)), st.integers(-1439, 1439))
def test_a_time_with_any_offset_is_the_instant_that_python_reads(moment: datetime, minutes: int) -> None:
    sign, (hours, rest) = "-" if minutes < 0 else "+", divmod(abs(minutes), 60)
    text = f"{moment.isoformat()}{sign}{hours:02d}:{rest:02d}"
    expected = moment.replace(tzinfo=UTC) - timedelta(minutes=minutes)
    assert parse_instant(text) == from_datetime(expected) == from_datetime(datetime.fromisoformat(text))


def test_the_days_that_are_remembered_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(instant, "_DAYS_MAX", 10)
    days: dict[str, int] = {}
    monkeypatch.setattr(instant, "_days", days)
    for day in range(100):
        at = NOW + day * instant.DAY
        assert parse_instant(format_instant(at)) == at
        assert 0 < len(days) <= 10


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("2026-11-22T10:00:00", "has no offset from UTC: add Z or +hh:mm"),
        ("2026-11-22 10:00:00.000", "has no offset from UTC: add Z or +hh:mm"),
        ("22.11.2026 10:00", "is not RFC 3339"),
        ("1795000000", "is not RFC 3339"),
        ("", "is not RFC 3339"),
        ("2026-11-31T10:00:00Z", "names a day that does not exist"),
        ("2026-11-22T25:00:00Z", "out of range"),
        ("2026-11-22T10:00:00+24:00", "an offset out of range"),
        ("0001-01-01T00:00:00+01:00", "outside the years 1 to 9999"),
    ],
)
def test_a_time_that_is_not_one_is_refused_in_words(text: str, complaint: str) -> None:
    for _ in range(2):
        with pytest.raises(ValueError, match="time") as refused:
            parse_instant(text)
        assert complaint in str(refused.value)


# --- readings ---


def test_a_single_reading_is_taken_with_all_that_it_says() -> None:
    payload = b'{"measured_at": "%s", "celsius": -79.84, "seq": 1042, "battery_percent": 93, "fault": null, "x": [1]}'
    readings, rejections = v1.decode_readings(payload % AT.encode(), NOW)
    assert readings == [Reading(parse_instant(AT), NOW, -79.84, None, 1042, 93.0)]
    assert rejections == []


@pytest.mark.parametrize("space", [b"", b" \n\t"])
def test_an_array_gives_its_good_items_and_rejects_each_bad_one_alone(space: bytes) -> None:
    payload = (
        space + b'[{"measured_at": 1, "celsius": 1}, {"measured_at": 2}, {"measured_at": 3, "celsius": 3}, 4]'
    )
    readings, rejections = v1.decode_readings(payload, NOW)
    assert [reading.measured_at for reading in readings] == [1, 3]
    assert [(rejection.item, rejection.reason) for rejection in rejections] == [
        (1, "missing_field"),
        (3, "wrong_type"),
    ]
    assert v1.items_of(payload)[1] == b'{"measured_at": 2}'


def test_an_array_is_taken_up_to_a_thousand_readings() -> None:
    readings = [Reading(at, NOW, -80.0) for at in range(1_001)]
    assert v1.decode_readings(v1.encode_readings(readings[:1_000]), NOW) == (readings[:1_000], [])
    over = b"[" + b",".join(v1.encode_reading(reading) for reading in readings) + b"]"
    assert [found.reason for found in v1.decode_readings(over, NOW)[1]] == ["too_many_items"]
    with pytest.raises(ValueError, match="at most 1000"):
        v1.encode_readings(readings)


@given(
    st.builds(
        Reading,
        measured_at=instants,
        received_at=st.just(NOW),
        celsius=st.none() | st.floats(allow_nan=False, allow_infinity=False),
        fault=st.none() | st.sampled_from([fault.value for fault in Fault]),
        seq=st.none() | st.integers(-(2**63), 2**63 - 1),
        battery_percent=st.none() | st.floats(0, 100),
    )
)
def test_what_is_encoded_is_decoded_alone_and_in_an_array(reading: Reading) -> None:
    assert v1.decode_readings(v1.encode_reading(reading), NOW) == ([reading], [])
    assert v1.decode_readings(v1.encode_readings([reading, reading]), NOW) == ([reading, reading], [])
    assert v1.decode_reading(v1.encode_reading(reading), NOW) == reading


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just(AT),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["measured_at", "celsius", "seq", "fault", "x"]), inner, max_size=4)
    ),
    max_leaves=8,
)


@given(st.binary(max_size=40) | json_values.map(lambda value: _encoded(value)))
def test_decoding_never_raises_and_whatever_it_takes_is_finite_and_in_range(payload: bytes) -> None:
    readings, rejections = v1.decode_readings(payload, NOW)
    assert readings or rejections or payload.split() in ([b"[]"], [b"[", b"]"])
    for reading in readings:
        assert EARLIEST <= reading.measured_at <= LATEST
        assert reading.celsius is None or abs(reading.celsius) <= 1.8e308
    assert all(rejection.detail for rejection in rejections)


def _encoded(value: object) -> bytes:
    try:
        return msgspec.json.encode(value)
    except OverflowError:
        return b""


# --- topics, status, events ---

CHANNEL = Channel("lab1", "F01", "product")


@pytest.mark.parametrize("root", ["exosome/v1", "x"])
def test_each_topic_is_parsed_to_what_it_was_made_for(root: str) -> None:
    assert v1.parse_topic(v1.reading_topic(CHANNEL, root), root) == ReadingTopic(CHANNEL)
    assert v1.parse_topic(v1.status_topic(CHANNEL, root), root) == StatusTopic(CHANNEL)
    assert v1.parse_topic(v1.unit_event_topic("lab1", "F01", root), root) == UnitEventTopic("lab1", "F01")
    assert v1.parse_topic(v1.lot_event_topic("lab1", "EXO-1", root), root) == LotEventTopic("lab1", "EXO-1")


def test_a_status_is_online_or_offline_and_nothing_else() -> None:
    assert v1.decode_status(b"online") is True
    assert v1.decode_status(b"offline") is False
    for payload in (b"Online", b'"online"', b"1", b"", b"\xff"):
        with pytest.raises(RejectedError):
            v1.decode_status(payload)


def test_unit_events_of_every_kind_survive_being_written_and_read() -> None:
    for kind in UnitEventKind:
        event = UnitEvent(site="lab1", unit="F01", event_id="e-1", occurred_at=NOW, kind=kind)
        assert v1.decode_unit_event(v1.encode_unit_event(event), UnitEventTopic("lab1", "F01")) == event


def lot_event(kind: LotEventKind, **more: object) -> LotEvent:
    common = {
        "lot": "EXO-1",
        "site": "lab1",
        "event_id": "e-1",
        "occurred_at": NOW,
        "kind": kind,
        "by": "LIMS",
    }
    return LotEvent(**common, **more)  # type: ignore[arg-type]


LOT_EVENTS = [
    lot_event(
        LotEventKind.REGISTERED,
        product="MSC exosomes",
        profile="ult-80",
        unit="lab1/F01",
        expires_on="2027-02-28",
        quantity=12.5,
        gtin="08806388269617",
        lot_number="A1",
        serial="s",
    ),
    lot_event(LotEventKind.REGISTERED, product="p", profile="ult-80", unit=None, expires_at=NOW),
    lot_event(LotEventKind.MOVED, unit="lab2/F02"),
    lot_event(LotEventKind.MOVED, unit=None, note="to the bench"),
    lot_event(LotEventKind.THAWED, note="für Versuch 7"),
    lot_event(LotEventKind.REFROZEN),
    lot_event(LotEventKind.DISPOSED),
    lot_event(LotEventKind.ALIQUOTED, into=("EXO-1-1", "EXO-1-2")),
    lot_event(LotEventKind.VOIDED, voids="e-0", reason="typing error"),
    lot_event(LotEventKind.EXPIRY_CHANGED, expires_on="2027-01-01", reason="new data"),
    lot_event(LotEventKind.QUARANTINED, reason="broken seal"),
]


@pytest.mark.parametrize("event", LOT_EVENTS, ids=lambda event: event.kind.value)
def test_a_lot_event_survives_being_written_and_read(event: LotEvent) -> None:
    assert v1.decode_lot_event(v1.encode_lot_event(event), LotEventTopic("lab1", "EXO-1")) == event


def test_every_kind_of_lot_event_is_in_that_table() -> None:
    assert {event.kind for event in LOT_EVENTS} == set(LotEventKind) - {LotEventKind.BOUND}


def test_a_message_cannot_bind_a_profile() -> None:
    payload = msgspec.json.encode({"event_id": "e", "occurred_at": AT, "kind": "bound", "profile": "ult@2"})
    with pytest.raises(v1.RejectedError, match="bound by QA"):
        v1.decode_lot_event(payload, LotEventTopic("lab1", "EXO-1"))


def test_a_unit_without_its_site_is_one_of_the_topics_site() -> None:
    payload = msgspec.json.encode({"event_id": "e", "occurred_at": AT, "kind": "moved", "unit": "F01"})
    assert v1.decode_lot_event(payload, LotEventTopic("lab7", "EXO-1")).unit == "lab7/F01"
