"""Every source hands each message over once and in order, takes acknowledgements, and can be closed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from laboratory.stepped import Together
from monitor.ingest.mqtt import MqttSource
from monitor.ports import Message, Source
from monitor.testing import ListSource
from tests.rigs.server.mosquitto import Mosquitto, publish
from tests.rigs.server.subscription import TOPIC, numbered, settings, subscribed
from tests.unit.laboratory.test_stepped import Trickle

COUNT = 20
PATIENCE = 20.0


def parts() -> list[list[Message]]:
    messages = [
        Message(TOPIC, payload, 0, retained=False, token=number)
        for number, (_, payload) in enumerate(numbered(COUNT))
    ]
    return [messages[:1], messages[1:12], messages[12:]]


def over_mqtt(folder: Path) -> Iterator[MqttSource]:
    broker = Mosquitto(folder)
    broker.start()
    try:
        with subscribed(broker, settings(broker.port)) as source:
            publish(broker.port, numbered(COUNT))
            yield source
    finally:
        broker.stop()


@pytest.fixture(params=["MqttSource", "ListSource", "Trickle", "Together"])
def source(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Source]:
    match request.param:
        case "MqttSource":
            yield from over_mqtt(tmp_path)
        case "ListSource":
            yield ListSource(parts())
        case "Trickle":
            yield Trickle(parts())
        case "Together":
            yield Together(Trickle(parts()), [(TOPIC, payload) for _, payload in numbered(COUNT)])


def all_of(source: Source) -> list[Message]:
    messages: list[Message] = []
    until = time.monotonic() + PATIENCE
    while len(messages) < COUNT and time.monotonic() < until:
        messages += source.receive(0.1)
    return messages


def test_each_message_is_handed_over_once_and_in_the_order_in_which_it_was_sent(source: Source) -> None:
    messages = all_of(source)
    assert [message.payload for message in messages] == [payload for _, payload in numbered(COUNT)]
    assert {message.topic for message in messages} == {TOPIC}
    assert list(source.receive(0.05)) == []


def test_a_source_waits_no_longer_than_it_is_told(source: Source) -> None:
    source.acknowledge(all_of(source))
    began = time.monotonic()
    assert not source.receive(0.2)
    assert time.monotonic() - began < 5.0


def test_what_is_safe_with_us_is_acknowledged_in_batches_and_an_empty_one_does_no_harm(
    source: Source,
) -> None:
    messages = all_of(source)
    source.acknowledge(messages[:5])
    source.acknowledge([])
    source.acknowledge(messages[5:])


def test_a_source_says_since_when_its_peer_can_be_reached_and_can_be_closed(source: Source) -> None:
    assert isinstance(source.connected_since(), int)
    source.close()
