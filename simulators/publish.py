"""Publishes a fleet's messages to an MQTT broker (QoS 1), each when its time has come on the simulated clock.

A broker knows one last will per connection, and the wire format wants one per channel. So each channel has
a connection of its own, as real probes behind gateways of their own do; events of units and lots share one
more.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from paho.mqtt.client import MQTT_ERR_QUEUE_SIZE, Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.reasoncodes import ReasonCode

from monitor.wire.v1 import Channel, ReadingTopic, RejectedError, StatusTopic, parse_topic, status_topic
from simulators.clock import SimulatedClock
from simulators.course import messages_of
from simulators.fleet import Fleet
from simulators.network.gateway import GatewayMessage

WAITING_MAX = 10_000
"""How many messages a connection holds back while the broker is away. At the bound the fleet waits."""

LOOK_SECONDS = 0.02
"""How often a full queue is tried again, in real seconds."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Broker:
    """Where the broker is and who we are there. Client ids are ``client_id`` and the channel's names."""

    host: str
    port: int
    username: str | None = None
    password: str | None = None
    client_id: str = "simulator"


def run(
    fleet: Fleet,
    clock: SimulatedClock,
    broker: Broker,
    stop: threading.Event,
    *,
    until: int | None = None,
    drain_seconds: float = 5.0,
) -> int:
    """Publishes the fleet's messages through ``until`` (None: without end) or until ``stop`` is set.

    No message goes out before its ``at`` on ``clock``. Returns how many the broker has taken. A broker that
    isn't there, or goes away, is tried again every second or two; what was due meanwhile comes late and may
    come twice. At the end the broker gets as long as it needs to take what is on its way, unless it takes
    nothing for ``drain_seconds`` of real time; then each channel says ``offline`` itself. Blocks; never
    raises for the broker's sake.
    """
    published = 0
    flight = _Flight()
    with _connected(fleet, broker, stop, drain_seconds, flight) as lines:
        for message in messages_of(fleet, until):
            if not _wait_until(clock, message.at, stop):
                break
            line = lines.get(_channel(message, fleet.root)) or lines[None]
            if not line.send(message, stop):
                break
            published += 1
    return max(0, published - flight.left)


def _wait_until(clock: SimulatedClock, at: int, stop: threading.Event) -> bool:
    """Waits until the clock has reached ``at``; False if ``stop`` was set first."""
    while (seconds := clock.real_seconds_until(at)) > 0:
        if stop.wait(min(seconds, 3600.0)):
            return False
    return not stop.is_set()


def _channel(message: GatewayMessage, root: str) -> Channel | None:
    """The channel whose connection a message takes; None for that of the events, and of what goes astray."""
    try:
        address = parse_topic(message.topic, root)
    except RejectedError:
        return None
    return address.channel if isinstance(address, ReadingTopic | StatusTopic) else None


@contextmanager
def _connected(
    fleet: Fleet, broker: Broker, stop: threading.Event, drain_seconds: float, flight: _Flight
) -> Iterator[dict[Channel | None, _Line]]:
    """One started line per channel and one for events (key None); at the end all are emptied and closed."""
    lines = {channel: _Line(broker, fleet, channel, flight) for channel in (*fleet.channels(), None)}
    try:
        yield lines
    finally:
        # Told to stop while no broker is there, waiting for it would only keep the caller.
        if not stop.is_set() or any(line.is_connected() for line in lines.values()):
            flight.land(drain_seconds)
            for line in lines.values():
                line.say_offline()
            flight.land(drain_seconds)
        # All first, then each: a thread between two tries sleeps up to a second before it sees that it is
        # over, and one that has not been told yet would begin another try.
        for line in lines.values():
            line.disconnect()
        for line in lines.values():
            line.join()


class _Flight:
    """Counts the messages on their way: handed to any line, and not yet acknowledged by the broker."""

    def __init__(self) -> None:
        self._count = 0
        self._changed = threading.Condition()

    @property
    def left(self) -> int:
        """How many are on their way."""
        return self._count

    def change(self, by: int) -> None:
        """One more, or one less."""
        with self._changed:
            self._count += by
            self._changed.notify_all()

    def land(self, patience: float) -> None:
        """Waits until none is on its way, or none has landed for ``patience`` seconds."""
        with self._changed:
            while before := self._count:
                if not self._changed.wait_for(lambda: self._count < before, patience):
                    return


class _Line:
    """One connection to the broker, kept up by paho's own thread from the beginning on.

    Once its channel has said ``online`` it says so again after each reconnect, because the will has said
    otherwise.
    """

    def __init__(self, broker: Broker, fleet: Fleet, channel: Channel | None, flight: _Flight) -> None:
        name = "-".join((broker.client_id, *(channel or (fleet.site, "events"))))
        self._status_topic = None if channel is None else status_topic(channel, fleet.root)
        self._online = False
        self._was_connected = False
        self._flight = flight
        client = Client(CallbackAPIVersion.VERSION2, client_id=name, protocol=MQTTProtocolVersion.MQTTv311)
        if self._status_topic is not None:
            client.will_set(self._status_topic, b"offline", qos=1, retain=True)
        if broker.username is not None:
            client.username_pw_set(broker.username, broker.password)
        client.max_queued_messages_set(WAITING_MAX)
        client.reconnect_delay_set(min_delay=1, max_delay=2)
        client.on_connect = self._on_connect
        client.on_publish = self._on_publish
        client.connect_async(broker.host, broker.port)
        client.loop_start()
        self._client = client

    def is_connected(self) -> bool:
        """Whether the broker has let it in."""
        return self._client.is_connected()

    def send(self, message: GatewayMessage, stop: threading.Event) -> bool:
        """Hands a message over, waiting while the queue is full; False if ``stop`` was set meanwhile."""
        while not self._publish(message.topic, message.payload, retained=message.retained):
            if stop.wait(LOOK_SECONDS):
                return False
        if message.topic == self._status_topic:
            self._online = message.payload == b"online"
        return True

    def say_offline(self) -> None:
        """Says what the last will would: a connection that ends in order keeps its will to itself."""
        if self._online and self._status_topic is not None:
            self._online = False
            self._publish(self._status_topic, b"offline", retained=True)

    def disconnect(self) -> None:
        """Ends the connection in order, or the tries to get one; doesn't wait."""
        self._client.disconnect()

    def join(self) -> None:
        """Waits until paho's thread has ended."""
        self._client.loop_stop()

    def _publish(self, topic: str, payload: bytes, *, retained: bool) -> bool:
        """False if the queue is full. Without a connection paho keeps the message until there is one."""
        self._flight.change(+1)  # before, because the acknowledgement may be here first
        if self._client.publish(topic, payload, qos=1, retain=retained).rc != MQTT_ERR_QUEUE_SIZE:
            return True
        self._flight.change(-1)
        return False

    def _on_publish(self, *_: Any) -> None:
        self._flight.change(-1)

    def _on_connect(
        self, _client: Any, _userdata: Any, _flags: Any, reason: ReasonCode, _properties: Any
    ) -> None:
        if reason.is_failure:
            _log.warning("the broker refused a simulated probe: %s", reason)
            return
        if self._was_connected and self._online and self._status_topic is not None:
            self._publish(self._status_topic, b"online", retained=True)
        self._was_connected = True
