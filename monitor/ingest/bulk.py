"""A paho client that reads many messages at once.

paho reads a packet with three system calls and makes five objects of it; at tens of thousands of messages a second
that is most of what a program does. Here one ``recv`` takes what is there and PUBLISH packets are sliced out of it;
every other packet is left to paho, which is given its bytes as if it had read them itself.

The one private name of paho that is touched is ``_sock_recv``, which is how it reads. Where it is missing,
:func:`client_class` gives the plain client, behind the same interface.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from typing import Any, NamedTuple

from paho.mqtt.client import Client
from paho.mqtt.enums import MQTTErrorCode, MQTTProtocolVersion

RECEIVE_BYTES = 256 * 1024
_PUBLISH, _TYPE_AND_QOS_2 = 0x30, 0xF4
_QOS_1, _RETAIN = 0x02, 0x01
_WAIT = (BlockingIOError, ssl.SSLWantReadError)


class Published(NamedTuple):
    """A PUBLISH packet: its topic as it came, packet id (0 with QoS 0), whether it was retained, payload."""

    topic: bytes
    mid: int
    retain: bool
    payload: bytes


class BulkClient(Client):
    """Reads as much as there is with each :meth:`loop_read`, and hands PUBLISH packets of QoS 0 and 1 to
    ``on_published`` as a list. Nothing else differs; QoS 2 goes paho's own way."""

    on_published: Callable[[list[Published]], None] | None = None

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._chunks: list[bytes] = []  # of a packet that has not come whole
        self._have = 0
        self._need = 0
        self._fed = b""  # what paho is given to read
        self._hung_up = False

    def loop_read(self, max_packets: int = 1) -> MQTTErrorCode:
        """Takes what the socket holds, at most ``RECEIVE_BYTES``; returns at once if it holds nothing."""
        sock = self.socket()
        if sock is None:
            return MQTTErrorCode.MQTT_ERR_NO_CONN
        try:
            chunk = sock.recv(RECEIVE_BYTES)
        except _WAIT:
            return MQTTErrorCode.MQTT_ERR_SUCCESS
        except OSError:
            chunk = b""
        if not chunk:
            # Of the end paho has to hear by itself: it reads once more, and finds that nothing comes any more.
            self._hung_up = True
            return super().loop_read(max_packets)
        self._chunks.append(chunk)
        self._have += len(chunk)
        if self._have < self._need:
            return MQTTErrorCode.MQTT_ERR_SUCCESS
        return self._slice(b"".join(self._chunks))

    def _sock_recv(self, bufsize: int) -> bytes:
        """How paho reads: it gets what :meth:`_slice` left to it."""
        chunk, self._fed = self._fed[:bufsize], self._fed[bufsize:]
        if not chunk and not self._hung_up:
            raise BlockingIOError
        return chunk

    def _slice(self, data: bytes) -> MQTTErrorCode:
        publications: list[Published] = []
        is_v5 = self.protocol == MQTTProtocolVersion.MQTTv5
        position, code = 0, MQTTErrorCode.MQTT_ERR_SUCCESS
        self._need = 0
        while (packet := _packet_at(data, position)) is not None:
            start, end = packet
            if end > len(data):
                self._need = end - position
                break
            first = data[position]
            published = (
                _published(data, first, start, end, is_v5) if first & _TYPE_AND_QOS_2 == _PUBLISH else None
            )
            if published is not None:
                publications.append(published)
            else:
                code = self._leave_to_paho(data[position:end])
                if code != MQTTErrorCode.MQTT_ERR_SUCCESS or self.socket() is None:
                    break  # that packet ended the connection: what follows it belongs to none
            position = end
        rest = data[position:]
        self._chunks, self._have = ([rest] if rest else []), len(rest)
        if publications and self.on_published is not None:
            self.on_published(publications)
        return code

    def _leave_to_paho(self, packet: bytes) -> MQTTErrorCode:
        self._fed = packet
        return super().loop_read()


def _packet_at(data: bytes, position: int) -> tuple[int, int] | None:
    """Where the packet that begins at ``position`` has its content: (start, end); None if that isn't known yet.

    MQTT 5, 1.5.5: lengths are of 1 to 4 bytes, seven bits each. A fifth is left to paho to complain about.
    """
    length, shift, at, available = 0, 0, position + 1, len(data)
    while at < available and shift <= 21:
        byte = data[at]
        length |= (byte & 0x7F) << shift
        at += 1
        if byte < 0x80:
            return at, at + length
        shift += 7
    return (at, at) if shift > 21 else None


def _published(data: bytes, first: int, start: int, end: int, is_v5: bool) -> Published | None:
    """The PUBLISH packet at [start, end); None if it isn't well-formed, so that paho says what is wrong."""
    if start + 2 > end:
        return None
    topic_end = start + 2 + (data[start] << 8 | data[start + 1])
    body, mid = topic_end, 0
    if first & _QOS_1:
        if body + 2 > end:
            return None
        mid = data[body] << 8 | data[body + 1]
        body += 2
    if is_v5:
        if body >= end:
            return None
        if data[body] == 0:
            body += 1
        else:  # the properties' length has the form of a packet's, after one byte
            properties = _packet_at(data, body - 1)
            if properties is None:
                return None
            body = properties[1]
    if body > end:
        return None
    return Published(data[start + 2 : topic_end], mid, bool(first & _RETAIN), data[body:end])


def client_class() -> type[Client]:
    """The client to use with this version of paho."""
    return BulkClient if hasattr(Client, "_sock_recv") else Client
