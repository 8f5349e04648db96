"""The load: pre-encoded QoS 1 messages over one raw socket, much cheaper than any subscriber.

``python -m benchmarks.load --port P --messages N …`` encodes everything first, prints ``ready``, waits for a
line on stdin, sends, and prints one JSON line with its counts and monotonic instants. It is a process of its
own, so that it shares no interpreter lock with what is measured.

MQTT 3.1.1 in a few lines: CONNECT, PUBLISH with QoS 1, and PUBACK, which is always 4 bytes and so is only
counted.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import select
import socket
import struct
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from monitor.core.channel.reading import Reading
from monitor.core.profile.unit import Channel
from monitor.core.time.instant import MINUTE
from monitor.wire.v1 import DEFAULT_ROOT, encode_reading, reading_topic

WINDOW = 1_000
PACKET_IDS = 65_535
READING_EVERY = MINUTE
SITE, PROBE = "lab1", "product"
_EXCURSION_LENGTHS = (1, 2, 4, 15)
_EXCURSION_CHANCE = 0.01 / (sum(_EXCURSION_LENGTHS) / len(_EXCURSION_LENGTHS))
_CONNACK_ACCEPTED = bytes((0x20, 2, 0, 0))
_PUBACK_BYTES = 4
_ACKNOWLEDGED_AT_ONCE = 64
_ANSWER_SECONDS = 60.0


class Sent(NamedTuple):
    """How many were sent, and the monotonic instants (s) of the first sent and the last acknowledged."""

    messages: int
    first_at: float
    last_at: float


def unit_name(number: int) -> str:
    """The name of the unit with this number, from 1."""
    return f"U{number:03d}"


# --- readings -----------------------------------------------------------------------------------------------


def readings(messages: int, channels: int, *, end_at: int, seed: int) -> Iterator[tuple[Channel, Reading]]:
    """``messages`` readings of ``channels`` freezers, a minute apart in each channel, the last just before
    ``end_at`` (ms). In the order of their instants; the same for the same arguments.

    Compressor cycles about −80 °C; about 1 % of the readings are outside the window of an ``ult-80`` profile
    (−90 to −60 °C), alone and in stretches of up to 15 minutes.
    """
    chance = random.Random(seed)
    names = [Channel(SITE, unit_name(number + 1), PROBE) for number in range(channels)]
    phases = [chance.uniform(0.0, 2.0 * math.pi) for _ in names]
    outside = [0] * channels
    first_at = end_at - math.ceil(messages / channels) * READING_EVERY
    for number in range(messages):
        turn, index = divmod(number, channels)
        if outside[index]:
            outside[index] -= 1
        elif chance.random() < _EXCURSION_CHANCE:
            outside[index] = chance.choice(_EXCURSION_LENGTHS)
        base = -56.0 if outside[index] else -80.0 + 1.5 * math.sin(phases[index] + turn * 0.35)
        celsius = round(base + chance.uniform(-0.15, 0.15), 2)
        measured_at = first_at + turn * READING_EVERY + index * READING_EVERY // channels
        yield names[index], Reading(measured_at, measured_at, celsius, seq=turn + 1, battery_percent=93.0)


# --- MQTT 3.1.1 ---------------------------------------------------------------------------------------------


def connect_packet(client_id: str) -> bytes:
    """A CONNECT with a clean session and no keep-alive."""
    return _packet(0x10, _text("MQTT") + bytes((4, 0x02)) + struct.pack("!H", 0) + _text(client_id))


def publish_packet(topic: str, payload: bytes, packet_id: int) -> bytes:
    """A PUBLISH with QoS 1, not retained."""
    return _packet(0x32, _text(topic) + struct.pack("!H", packet_id) + payload)


def _packet(first: int, body: bytes) -> bytes:
    length, left = bytearray(), len(body)
    while True:
        left, digit = divmod(left, 128)
        length.append(digit | (0x80 if left else 0))
        if not left:
            return bytes((first,)) + bytes(length) + body


def _text(text: str) -> bytes:
    encoded = text.encode()
    return struct.pack("!H", len(encoded)) + encoded


class Stream(NamedTuple):
    """Every packet one after the other; packet ``n`` is ``packets[offsets[n]:offsets[n + 1]]``."""

    packets: bytes
    offsets: list[int]

    @classmethod
    def of(cls, values: Iterable[tuple[Channel, Reading]], root: str) -> Stream:
        """The PUBLISH packets of these readings, one message each."""
        packets, offsets = bytearray(), [0]
        topics: dict[Channel, str] = {}
        for number, (channel, reading) in enumerate(values):
            topic = topics.setdefault(channel, reading_topic(channel, root))
            packets += publish_packet(topic, encode_reading(reading), number % PACKET_IDS + 1)
            offsets.append(len(packets))
        return cls(bytes(packets), offsets)


def connect(port: int, client_id: str = "bench-load") -> socket.socket:
    """An accepted MQTT connection to the broker on loopback; raises ConnectionError."""
    connection = socket.create_connection(("127.0.0.1", port), timeout=_ANSWER_SECONDS)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.sendall(connect_packet(client_id))
    if connection.recv(4, socket.MSG_WAITALL) != _CONNACK_ACCEPTED:
        raise ConnectionError("the broker did not accept the connection")
    return connection


def send(
    connection: socket.socket, stream: Stream, *, window: int = WINDOW, rate: float | None = None
) -> Sent:
    """Sends everything with at most ``window`` messages unacknowledged, as fast as the acknowledgements come
    or at ``rate`` messages a second, and returns once the last is acknowledged.

    Raises ConnectionError if the broker hangs up, TimeoutError if it is silent for a minute.
    """
    total, sent, received = len(stream.offsets) - 1, 0, 0
    view = memoryview(stream.packets)
    first_at = time.monotonic()
    while received < total * _PUBACK_BYTES:
        room = min(total, received // _PUBACK_BYTES + window)
        due = room if rate is None else min(room, int((time.monotonic() - first_at) * rate) + 1)
        if due > sent:
            connection.sendall(view[stream.offsets[sent] : stream.offsets[due]])
            sent = due
        if rate is not None and sent < room:
            due_in = first_at + sent / rate - time.monotonic()
            if not select.select([connection], [], [], max(0.0, due_in))[0]:
                continue
        # Asleep until a bunch is acknowledged: woken for each 4 bytes, the load would cost as much as a peer.
        # Not for many more: each lies in a buffer of its own, and they would fill the receive window.
        enough = min(_ACKNOWLEDGED_AT_ONCE * _PUBACK_BYTES, sent * _PUBACK_BYTES - received)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, enough)
        acknowledgements = connection.recv(65_536)
        if not acknowledgements:
            raise ConnectionError("the broker closed the connection")
        received += len(acknowledgements)
    return Sent(total, first_at, time.monotonic())


def main(argv: Sequence[str] | None = None) -> None:
    """Encodes, says ``ready``, waits for a line, sends, reports."""
    parser = argparse.ArgumentParser(prog="benchmarks.load", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--messages", type=int, required=True)
    parser.add_argument("--channels", type=int, default=200)
    parser.add_argument(
        "--end-at", type=int, required=True, help="instant of the last readings, ms since 1970"
    )
    parser.add_argument("--root", default=DEFAULT_ROOT)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--window", type=int, default=WINDOW, help="messages that may be unacknowledged")
    parser.add_argument(
        "--rate", type=float, default=None, help="messages a second (default: as fast as it goes)"
    )
    chosen = parser.parse_args(argv)
    values = readings(chosen.messages, chosen.channels, end_at=chosen.end_at, seed=chosen.seed)
    stream = Stream.of(values, chosen.root)
    with connect(chosen.port) as connection:
        print("ready", flush=True)
        sys.stdin.readline()
        cpu_before = time.process_time()
        sent = send(connection, stream, window=chosen.window, rate=chosen.rate)
    cpu_seconds = time.process_time() - cpu_before
    print(json.dumps(sent._asdict() | {"cpu_seconds": cpu_seconds}), flush=True)


if __name__ == "__main__":
    main()
