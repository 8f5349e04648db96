"""Messages that went bad: each kind against the decoders of the wire format, and how many of them a gateway makes."""

from __future__ import annotations

from random import Random

import pytest

from monitor.core.channel.quality import why_bad
from monitor.core.profile.unit import ProbeSettings
from monitor.wire.v1 import (
    Channel,
    Reading,
    ReadingTopic,
    RejectedError,
    decode_readings,
    parse_topic,
    reading_topic,
)
from simulators.clock import DAY
from simulators.network.garbling import GARBLINGS, KINDS, GarbleKind, garble
from simulators.network.gateway import Gateway, GatewayMessage, GatewayModel

START = 1_795_000_000_000
CHANNEL = Channel("lab1", "F01", "product")
READINGS = (
    Reading(START, START, -79.84, None, 1042, 93),
    Reading(START + 7, START, 0.0),
    Reading(START, START, 5.0, None, 1),
    Reading(START, START, None, "open_circuit", 7, 12),
    Reading(START, START, 85.0, None, 2**40),
)


def received(topic: str, payload: bytes) -> tuple[list[Reading], list[str]]:
    """What a receiver that knows CHANNEL alone takes of a message, and its reasons for what it doesn't."""
    try:
        address = parse_topic(topic)
    except RejectedError as error:
        return [], [error.rejection.reason]
    assert isinstance(address, ReadingTopic)
    if address.channel != CHANNEL:
        return [], ["unknown_channel"]
    readings, rejections = decode_readings(payload, START)
    return readings, [rejection.reason for rejection in rejections]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("reading", READINGS)
def test_a_bad_message_is_rejected_for_the_reason_in_the_table(kind: GarbleKind, reading: Reading) -> None:
    expected = GARBLINGS[kind].reason
    for seed in range(20):
        readings, reasons = received(*garble(kind, reading_topic(CHANNEL), reading, Random(seed)))
        assert reasons == ([] if expected is None else [expected])
        if kind == "bad_item":
            assert readings == [reading._replace(received_at=START)]
        elif expected is not None:
            assert readings == []
        else:
            assert len(readings) == 1


def test_the_table_has_every_kind_once_and_says_what_it_is() -> None:
    assert tuple(GARBLINGS) == KINDS
    assert len({garbling.what for garbling in GARBLINGS.values()}) == len(KINDS)


def test_what_the_wire_format_takes_of_bad_messages_is_worth_nothing_in_judging() -> None:
    for reading in READINGS:
        topic = reading_topic(CHANNEL)
        (null,), _ = received(*garble("null_without_fault", topic, reading, Random(1)))
        assert why_bad(null, ProbeSettings()) == "null"
        (old,), _ = received(*garble("seconds", topic, reading, Random(1)))
        assert old.measured_at == reading.measured_at // 1_000 < 21 * DAY
        assert (old.celsius, old.fault, old.seq) == (reading.celsius, reading.fault, reading.seq)


def test_the_longest_names_stay_names_where_the_channel_is_unknown() -> None:
    long = Channel("s" * 64, "u" * 64, "p" * 64)
    topic, _ = garble("unknown_channel", reading_topic(long), READINGS[0], Random(1))
    address = parse_topic(topic)
    assert isinstance(address, ReadingTopic)
    assert address.channel != long


def sent(how: str, share: float, count: int = 4_000) -> tuple[Gateway, list[GatewayMessage]]:
    it = Gateway("g1", GatewayModel(), [CHANNEL], "exosome/v1", Random(5))
    it.garbling, it.garble_how = share, how  # type: ignore[assignment]
    for number in range(count):
        it.read(START + number, CHANNEL, Reading(START + number, START, -80.0, None, number))
    return it, it.release(START + count)


@pytest.mark.parametrize("kind", ["truncated", "number_in_string", "nan", "unknown_channel"])
def test_a_gateway_garbles_the_share_and_kind_it_was_told_and_counts_them(kind: GarbleKind) -> None:
    it, messages = sent(kind, 0.1)
    assert len(messages) == 4_000
    taken = [received(message.topic, message.payload) for message in messages]
    good = [readings[0] for readings, reasons in taken if not reasons]
    assert it.garbled == {kind: 4_000 - len(good)}
    assert it.garbled[kind] / 4_000 == pytest.approx(0.1, abs=0.02)
    assert {reason for _, reasons in taken for reason in reasons} == {GARBLINGS[kind].reason}
    assert [reading.seq for reading in good] == sorted(
        {reading.seq for reading in good if reading.seq is not None}
    )


def test_mixed_garbling_has_every_kind_and_nothing_is_garbled_twice_or_lost() -> None:
    it, messages = sent("mixed", 0.2, 2_000)
    assert set(it.garbled) == set(KINDS)
    reasons = [reason for message in messages for reason in received(message.topic, message.payload)[1]]
    for reason in set(reasons):
        kinds = [kind for kind in KINDS if GARBLINGS[kind].reason == reason]
        assert reasons.count(reason) == sum(it.garbled[kind] for kind in kinds)
    assert len(reasons) == sum(n for kind, n in it.garbled.items() if GARBLINGS[kind].reason)


def test_garbling_leaves_events_states_and_uploads_whole() -> None:
    it = Gateway("g1", GatewayModel(), [CHANNEL], "exosome/v1", Random(5))
    it.garbling = 1.0
    it.tell(START, "exosome/v1/lab1/F01/event", b'{"an":"event"}')
    it.lose(START)
    it.read(START, CHANNEL, READINGS[0])
    it.restore(START)
    assert [message.payload for message in it.release(START)][:3] == [
        b'{"an":"event"}',
        b"offline",
        b"online",
    ]
    assert it.garbled == {}
