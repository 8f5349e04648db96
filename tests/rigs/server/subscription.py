"""A subscription under test, on a broker of the test's own."""

from __future__ import annotations

import dataclasses
import socket
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

from paho.mqtt.client import Client

from monitor.config.model import Mqtt
from monitor.ingest import bulk
from monitor.ingest.mqtt import MqttSource
from monitor.ports import Message
from monitor.program.clock import SystemClock
from tests.rigs.server.mosquitto import PATIENCE, Mosquitto, wait_until

ROOT = "exosome/v1"
CLIENT = "monitor-under-test"
TOPIC = f"{ROOT}/lab1/F01/product/reading"


def settings(port: int, **changed: Any) -> Mqtt:
    """The configuration's defaults, but for this broker."""
    plain = Mqtt(
        host="127.0.0.1",
        port=port,
        root=ROOT,
        username=None,
        password=None,
        password_file=None,
        tls=None,
        client_id=CLIENT,
        keepalive=60_000,
        receive_maximum=10_000,
        session_expiry=3_600_000,
        protocol="auto",
    )
    return dataclasses.replace(plain, **changed)


def keeping(kept: list[Client]) -> type[Client]:
    """The client that the program uses; each that is made is put into ``kept``."""
    plain: Any = bulk.client_class()

    class Kept(plain):  # type: ignore[misc]
        def __init__(self, *arguments: Any, **named: Any) -> None:
            super().__init__(*arguments, **named)
            kept.append(self)

    return Kept


def sever(client: Client) -> None:
    """Cuts the connection as a power cut would: no DISCONNECT."""
    sock = client.socket()
    assert isinstance(sock, socket.socket)
    sock.shutdown(socket.SHUT_RDWR)


@contextmanager
def source_of(
    chosen: Mqtt, *, connected: bool = True, inbox: int = 20_000, clients: list[Client] | None = None
) -> Iterator[MqttSource]:
    """A started source, connected unless told otherwise; closed at the end. ``clients``: where those that it makes are
    kept, the newest last, for :func:`sever`."""
    source = MqttSource(
        chosen, SystemClock(), inbox, client_class=keeping([] if clients is None else clients)
    )
    source.start()
    with closing(source):
        if connected:
            wait_until(
                lambda: source.connected_since() is not None, f"a connection: {source.status()['text']}"
            )
        yield source


@contextmanager
def subscribed(
    broker: Mosquitto, chosen: Mqtt, *, inbox: int = 20_000, clients: list[Client] | None = None
) -> Iterator[MqttSource]:
    """A source whose subscription the broker has confirmed."""
    before = broker.subscriptions(CLIENT)
    with source_of(chosen, inbox=inbox, clients=clients) as source:
        wait_until(lambda: broker.subscriptions(CLIENT) > before, "the subscription")
        yield source


def take(
    source: MqttSource, count: int, *, acknowledge: bool = True, seconds: float = PATIENCE
) -> list[Message]:
    """Receives until there are ``count`` messages or time is up."""
    found: list[Message] = []
    until = time.monotonic() + seconds
    while len(found) < count and time.monotonic() < until:
        batch = source.receive(0.1)
        if acknowledge:
            source.acknowledge(batch)
        found += batch
    return found


def numbered(count: int, *, start: int = 0) -> list[tuple[str, bytes]]:
    return [(TOPIC, b"%d" % number) for number in range(start, start + count)]


def numbers(messages: list[Message]) -> list[int]:
    return [int(message.payload) for message in messages]


def until_nothing_comes(broker: Mosquitto, chosen: Mqtt) -> list[Message]:
    """What the broker still holds for the client: what comes within a second of connecting again."""
    with subscribed(broker, chosen) as source:
        return take(source, 1, seconds=1.0)


def pings(broker: Mosquitto) -> int:
    """How many pings the broker had from the client."""
    return broker.log().count(f"Received PINGREQ from {CLIENT}")
