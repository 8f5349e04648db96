"""Publishes a fleet's messages as fast as the broker takes them: for who moves the simulated clock in steps."""

from __future__ import annotations

import socket
import threading
from collections.abc import Sequence
from typing import Any

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from simulators.network.gateway import GatewayMessage
from simulators.publish import Broker

INFLIGHT = 10_000
PATIENCE_SECONDS = 60.0


class SteppedPublisher:
    """One connection for all gateways of a fleet; their wills are messages among the others. Use it in a ``with``."""

    def __init__(self, broker: Broker) -> None:
        client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=broker.client_id,
            protocol=MQTTProtocolVersion.MQTTv311,
            clean_session=False,
        )
        client.max_inflight_messages_set(INFLIGHT)
        client.reconnect_delay_set(min_delay=1, max_delay=1)
        client.on_publish = self._on_publish
        client.on_socket_open = _at_once
        self._client = client
        self._broker = broker
        self._acknowledged = 0
        self._changed = threading.Condition()
        self._sent = 0

    def __enter__(self) -> SteppedPublisher:
        self._client.connect(self._broker.host, self._broker.port)
        self._client.loop_start()
        return self

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def publish(self, messages: Sequence[GatewayMessage]) -> None:
        """Publishes messages in their order, and returns when the broker has acknowledged all of them.

        Raises TimeoutError if it hasn't within a minute of real time.
        """
        for message in messages:
            self._client.publish(message.topic, message.payload, qos=1, retain=message.retained)
        self._sent += len(messages)
        with self._changed:
            if not self._changed.wait_for(lambda: self._acknowledged >= self._sent, PATIENCE_SECONDS):
                silent = f"the broker has not acknowledged all within {PATIENCE_SECONDS:g} s"
                raise TimeoutError(silent)

    def _on_publish(self, *_: Any) -> None:
        with self._changed:
            self._acknowledged += 1
            if self._acknowledged >= self._sent:
                self._changed.notify_all()


def _at_once(_client: Any, _userdata: Any, opened: Any) -> None:
    """Small packets leave at once: nobody waits for a fuller one."""
    opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
