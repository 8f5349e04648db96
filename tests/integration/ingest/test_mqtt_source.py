"""The MQTT subscription against a real mosquitto: everything comes, in order, until it is acknowledged."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from paho.mqtt.client import Client

from monitor.config.model import Tls
from monitor.ingest import bulk
from monitor.ingest.bulk import BulkClient
from monitor.ingest.decode import Decoder
from monitor.ingest.mqtt import BATCH_MAX, MqttSource
from monitor.program.clock import SystemClock
from tests.rigs.loopback import free_port
from tests.rigs.server.mosquitto import Mosquitto, publish, wait_until
from tests.rigs.server.subscription import (
    CLIENT,
    ROOT,
    TOPIC,
    numbered,
    numbers,
    settings,
    sever,
    source_of,
    subscribed,
    take,
    until_nothing_comes,
)

pytestmark = [pytest.mark.server("mosquitto")]

READING = b'{"measured_at": "2026-11-22T10:00:00.000Z", "celsius": -79.84}'


@pytest.fixture(autouse=True, params=[Client, BulkClient], ids=["plain", "bulk"])
def reader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything here holds for both ways of reading."""
    monkeypatch.setattr(bulk, "client_class", lambda: request.param)


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    broker = Mosquitto(tmp_path / "broker")
    broker.start()
    yield broker
    broker.stop()


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_everything_published_comes_once_and_in_order_and_not_again_when_acknowledged(
    broker: Mosquitto, protocol: str
) -> None:
    chosen = settings(broker.port, protocol=protocol)
    with subscribed(broker, chosen) as source:
        publish(broker.port, numbered(6_000))
        found = take(source, 6_000)
        assert numbers(found) == list(range(6_000))
        assert take(source, 1, seconds=0.3) == []
        status = source.status()
    assert {message.topic for message in found} == {TOPIC}
    assert all(type(message.payload) is bytes and message.retained is False for message in found)
    assert (status["ok"], status["protocol"], status["received"], status["waiting"]) == (
        True,
        protocol,
        6_000,
        0,
    )
    assert until_nothing_comes(broker, chosen) == []


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_what_was_not_acknowledged_comes_again_to_the_next_connection(
    broker: Mosquitto, protocol: str
) -> None:
    chosen = settings(broker.port, protocol=protocol)
    with subscribed(broker, chosen) as source:
        publish(broker.port, numbered(300))
        found = take(source, 300, acknowledge=False)
        source.acknowledge(found[:100])
        wait_until(lambda: broker.log().count("Received PUBACK") >= 100, "the acknowledgements")
    with source_of(chosen) as source:
        assert numbers(take(source, 200)) == list(range(100, 300))
    assert until_nothing_comes(broker, chosen) == []


def test_a_client_that_is_killed_gets_what_it_had_not_acknowledged_again(broker: Mosquitto) -> None:
    chosen = settings(broker.port)
    clients: list[Client] = []
    with subscribed(broker, chosen, clients=clients) as source:
        publish(broker.port, numbered(50))
        first = take(source, 50, acknowledge=False)
        sever(clients[-1])
        again = take(source, 50, acknowledge=False)
        assert numbers(again) == numbers(first) == list(range(50))
        # What the first connection brought can't be acknowledged on the second: only its own messages count.
        source.acknowledge(first)
        assert take(source, 1, seconds=0.3) == []
        before = broker.log().count("Received PUBACK")
        assert before == 0
        source.acknowledge(again)
        wait_until(lambda: broker.log().count("Received PUBACK") == 50, "the acknowledgements")


def full(source: MqttSource, inbox: int) -> bool:
    """Whether nothing more is read: the inbox is full, with one reading of the socket's more at most."""
    waiting = source.status()["waiting"]
    return inbox <= waiting <= inbox + 1 + bulk.RECEIVE_BYTES // len(long_ones(1)[0][1])


def long_ones(count: int) -> list[tuple[str, bytes]]:
    """Numbered messages of 2,000 bytes."""
    return [(TOPIC, b"%02000d" % number) for number in range(count)]


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_an_inbox_that_is_full_leaves_the_rest_with_the_broker_and_loses_nothing(
    broker: Mosquitto, protocol: str
) -> None:
    with subscribed(broker, settings(broker.port, protocol=protocol), inbox=100) as source:
        publish(broker.port, long_ones(3_000))
        wait_until(lambda: full(source, 100), "a full inbox")
        time.sleep(0.3)
        assert full(source, 100)
        assert numbers(take(source, 3_000)) == list(range(3_000))


def test_room_in_a_full_inbox_is_used_at_once(broker: Mosquitto) -> None:
    with subscribed(broker, settings(broker.port), inbox=50) as source:
        publish(broker.port, long_ones(3_000))
        # Without acknowledging: nothing but the room itself can wake the reader before its second is over.
        assert numbers(take(source, 3_000, acknowledge=False, seconds=6.0)) == list(range(3_000))


def test_what_is_acknowledged_just_before_closing_does_not_come_again(broker: Mosquitto) -> None:
    chosen = settings(broker.port)
    with subscribed(broker, chosen) as source:
        publish(broker.port, numbered(5_000))
        wait_until(lambda: source.status()["waiting"] == 5_000, "everything to wait")
        source.acknowledge(source.receive(0.0))
    wait_until(lambda: f"Received DISCONNECT from {CLIENT}" in broker.log(), "a goodbye")
    assert until_nothing_comes(broker, chosen) == []


def test_acknowledgements_are_not_lost_by_closing_with_messages_left_unread(broker: Mosquitto) -> None:
    chosen = settings(broker.port)
    with subscribed(broker, chosen, inbox=1) as source:
        publish(broker.port, long_ones(3_000))
        wait_until(lambda: full(source, 1), "a full inbox")
        safe = list(source.receive(0.0))
        source.acknowledge(safe)
    with subscribed(broker, chosen) as source:
        again = take(source, 3_000 - len(safe))
    assert sorted(numbers(safe) + numbers(again)) == list(range(3_000))


def test_a_full_inbox_does_not_cost_the_connection_however_long_it_is_full(broker: Mosquitto) -> None:
    with subscribed(broker, settings(broker.port, keepalive=1_000), inbox=10) as source:
        publish(broker.port, long_ones(1_000))
        wait_until(lambda: full(source, 10), "a full inbox")
        since = source.connected_since()
        time.sleep(
            3.5
        )  # the broker hangs up after 1.5 keep-alives without a word, paho after 1 without an answer
        assert numbers(take(source, 1_000)) == list(range(1_000))
        time.sleep(2.5)
        assert source.connected_since() == since


def test_tls_with_certificates_on_both_sides_carries_messages(tmp_path: Path) -> None:
    broker, plain = _with_tls(tmp_path)
    folder = broker.folder
    chosen = settings(broker.port, tls=Tls(folder / "ca.pem", folder / "client.pem", folder / "client.key"))
    broker.start()
    try:
        with subscribed(broker, chosen) as source:
            publish(plain, [*numbered(2_000), (TOPIC, b"7" * 200_000)])
            found = take(source, 2_001)
            assert numbers(found[:-1]) == list(range(2_000))
            assert found[-1].payload == b"7" * 200_000
        assert until_nothing_comes(broker, chosen) == []
    finally:
        broker.stop()


def _with_tls(folder: Path) -> tuple[Mosquitto, int]:
    """A broker with TLS, and a second listener without, for publishing."""
    broker, plain = Mosquitto(folder / "broker", tls=True), free_port()
    with (broker.folder / "mosquitto.conf").open("a") as file:
        file.write(f"listener {plain} 127.0.0.1\n")
    return broker, plain


def test_a_broker_with_a_certificate_of_somebody_else_is_not_trusted_and_that_is_said(tmp_path: Path) -> None:
    broker, _ = _with_tls(tmp_path)
    broker.start()
    try:
        with source_of(settings(broker.port, tls=Tls()), connected=False) as source:
            wait_until(lambda: "is not trusted" in source.status()["text"], "the refusal")
            assert "[mqtt.tls] ca_file" in source.status()["text"]
    finally:
        broker.stop()


def test_closing_a_source_that_was_never_started_is_harmless() -> None:
    source = MqttSource(settings(free_port()), SystemClock())
    source.close()
    assert source.receive(0.0) == []


def test_receive_waits_no_longer_than_the_first_message(broker: Mosquitto) -> None:
    with subscribed(broker, settings(broker.port)) as source:
        threading.Timer(0.2, publish, (broker.port, numbered(1))).start()
        began = time.monotonic()
        assert numbers(list(source.receive(10.0))) == [0]
        assert time.monotonic() - began < 2.0


def test_a_batch_is_bounded(broker: Mosquitto) -> None:
    with subscribed(broker, settings(broker.port)) as source:
        publish(broker.port, numbered(BATCH_MAX + 500))
        wait_until(lambda: source.status()["waiting"] == BATCH_MAX + 500, "everything to wait")
        assert len(source.receive(0.0)) == BATCH_MAX
        assert len(source.receive(0.0)) == 500


def test_a_retained_message_is_told_from_a_live_one(broker: Mosquitto) -> None:
    publish(broker.port, [(TOPIC, b"1")], retain=True)
    with subscribed(broker, settings(broker.port)) as source:
        publish(broker.port, [(TOPIC, b"2")])
        found = {message.payload: message.retained for message in take(source, 2)}
    assert found == {b"1": True, b"2": False}


def test_a_message_published_at_most_once_is_taken_and_needs_no_acknowledgement(broker: Mosquitto) -> None:
    with subscribed(broker, settings(broker.port)) as source:
        # At most once means that a busy machine may lose some; those of one round must come whole.
        rounds, found = 0, list[int]()
        while found != list(range(11)) and rounds < 3:
            rounds += 1
            publish(broker.port, numbered(10), qos=0)
            publish(broker.port, numbered(1, start=10))
            found = numbers(take(source, 11, seconds=6.0))
        assert found == list(range(11))
        wait_until(lambda: broker.log().count("Received PUBACK") >= rounds, "an acknowledgement each")
        assert broker.log().count("Received PUBACK") == rounds


def test_garbage_is_rejected_with_reasons_and_the_readings_between_it_are_taken(broker: Mosquitto) -> None:
    garbage = [
        (f"{ROOT}/lab1/F01/product/reading/deeper", READING),
        (f"{ROOT}/lab1", READING),
        (f"{ROOT}/lab1/F 01/product/reading", READING),
        (f"{ROOT}/lab1/lot/product/reading", READING),
        (f"{ROOT}/lab1/F99/product/reading", READING),
        (f"{ROOT}/lab1/F01/event", b"\xff\xfe"),
        (TOPIC, b"{" * 1_000),
        (TOPIC, b" " * 300_000),
    ]
    decoder = Decoder(ROOT, {"lab1/F01/product": 7}, {"lab1/F01"}, {"lab1"}, {"ult-80"})
    with subscribed(broker, settings(broker.port)) as source:
        publish(broker.port, [each for one in garbage for each in (one, (TOPIC, READING))])
        decoded = decoder(take(source, 2 * len(garbage)))
    assert [arrived.channel for arrived in decoded.readings] == [7] * len(garbage)
    assert Counter(row["reason"] for row in decoded.rejected) == {
        "bad_topic": 4,
        "unknown_channel": 1,
        "not_utf8": 1,
        "not_json": 1,
        "too_large": 1,
    }
    assert all(row["detail"] for row in decoded.rejected)
